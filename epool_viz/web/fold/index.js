// Fold: a button that opens and shuts a part of the page; what opens takes the focus and comes into view.
//
// options: {label, opens, key}
//   label  what the button says
//   opens  a CSS selector: the part, within the same `.ep-root`
//   key    of the state: true while it is open

import { make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { reach } from "../lib/reach.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

const FIRST = "input:not([type=hidden]), select, textarea, button";

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    /** @type {{ label: string, opens: string, key: string }} */
    const { label, opens, key } = model.get("options");
    dress(el, "fold", CSS);
    const part = () => /** @type {HTMLElement | null} */ (document.querySelector(opens));
    const toggle = () => {
      store.set({ [key]: !store.state[key] });
      requestAnimationFrame(() => requestAnimationFrame(() => {
        if (!store.state[key]) return;
        const opened = part();
        if (opened) reach(opened, FIRST);
      }));
    };
    const button = make("button", { type: "button", onclick: toggle });
    el.append(button);
    return follow(store, (state) => {
      button.textContent = `${label} ${state[key] ? "\u25b4" : "\u25be"}`;
      button.setAttribute("aria-expanded", String(Boolean(state[key])));
      part()?.classList.toggle("is-open", Boolean(state[key]));
    }, signal);
  },
};
