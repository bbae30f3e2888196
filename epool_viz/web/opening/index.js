// Opening: what a button of Python's opens is scrolled into view and takes the focus. It has no picture of its own.
//
// options: {opens}: [{button, shows}], CSS selectors

import { isShown, reach } from "../lib/reach.js";

const LONGEST = 3000; // ms that Python may take to open it

/** @type {(shows: string, signal: AbortSignal) => void} */
function reachWhenShown(shows, signal) {
  const end = performance.now() + LONGEST;
  const look = () => {
    const element = document.querySelector(shows);
    if (element && isShown(element)) return reach(element);
    if (!signal.aborted && performance.now() < end) requestAnimationFrame(look);
  };
  look();
}

export default {
  /** @param {Context} context */
  async render({ model, el, signal }) {
    /** @type {{ opens: { button: string, shows: string }[] }} */
    const { opens } = model.get("options");
    el.hidden = true;
    const onClick = (/** @type {Event} */ { target }) => {
      const pressed = opens.find(({ button }) => /** @type {Element} */ (target).closest?.(button));
      if (pressed && !isShown(document.querySelector(pressed.shows))) reachWhenShown(pressed.shows, signal);
    };
    document.addEventListener("click", onClick, { signal, capture: true });
  },
};
