// Opening: what a button of Python's opens is scrolled into view and takes the focus. It has no picture of its own.
//
// options: {opens}: [{button, shows}], CSS selectors

const LONGEST = 3000; // ms that Python may take to open it
const WITHIN = 'h2[tabindex="-1"], h3[tabindex="-1"], select, input, textarea, button, [tabindex="0"]';

/** @param {Element | null} element */
const isShown = (element) => Boolean(element?.checkVisibility());

/** @param {Element} element */
function reach(element) {
  const fits = element.getBoundingClientRect().height < innerHeight;
  element.scrollIntoView({ block: fits ? "nearest" : "start" });
  const first = [.../** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll(WITHIN))].find(isShown);
  first?.focus({ preventScroll: true });
}

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
