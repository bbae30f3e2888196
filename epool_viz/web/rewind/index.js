// Rewind: walks through the epochs of a race, forwards and backwards; goes along while the race runs and stands at its end.
//
// options: {key, end, label, seconds}
//   key      of the state: the place, from 0
//   end      key of the state: the last place there is
//   label    what a place is called (default "epoch")
//   seconds  a place is shown for while playing (default 0.4)

import { make } from "../lib/dom.js";
import { oncePerFrame } from "../lib/drawing.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { key, end, label = "epoch", seconds = 0.4 } = model.get("options");
    dress(el, "rewind", CSS);
    /** @type {number | undefined} */
    let timer;

    const last = () => Math.max(Number(store.state[end]) || 0, 0);
    const here = () => Math.min(Math.max(Number(store.state[key]) || 0, 0), last());
    const go = (/** @type {number} */ place) => store.set({ [key]: Math.min(Math.max(place, 0), last()) });
    const pause = () => {
      clearInterval(timer);
      timer = undefined;
      draw();
    };
    const play = () => {
      if (here() === last()) go(0);
      timer = setInterval(() => {
        go(here() + 1);
        if (here() === last()) pause();
      }, 1000 * seconds);
      draw();
    };
    const byHand = (/** @type {() => void} */ act) => () => {
      if (timer) pause();
      act();
    };
    const button = (/** @type {string} */ text, /** @type {string} */ name, /** @type {() => void} */ act) => make("button", { type: "button", "aria-label": name, onclick: byHand(act) }, text);
    const first = button("\u21e4", `first ${label}`, () => go(0));
    const back = button("\u2190", `previous ${label}`, () => go(here() - 1));
    const next = button("\u2192", `next ${label}`, () => go(here() + 1));
    const latest = button("\u21e5", `last ${label}`, () => go(last()));
    const toggle = make("button", { type: "button", class: "ec-rewind-play", onclick: () => (timer ? pause() : play()) });
    const range = make("input", { type: "range", min: 0, step: 1, "aria-label": label, oninput: byHand(() => go(Number(range.value))) });
    const count = make("output", { "aria-hidden": "true" });
    el.append(make("div", { class: "ec-row", role: "group", "aria-label": `walk through the ${label}s` },
      first, back, toggle, next, latest, make("span", { class: "ec-rewind-where" }, range, count)));

    const draw = () => {
      const [at, most] = [here(), last()];
      el.hidden = most === 0;
      range.max = String(most);
      range.value = String(at);
      range.setAttribute("aria-valuetext", `${label} ${at} of ${most}`);
      count.textContent = `${label} ${at} / ${most}`;
      // disabled, but never under the focus, which would be lost
      /** @type {[HTMLButtonElement, boolean][]} */
      const ends = [[first, at === 0], [back, at === 0], [next, at === most], [latest, at === most]];
      for (const [element, isOff] of ends) {
        element.disabled = isOff && document.activeElement !== element;
      }
      toggle.textContent = timer ? "\u275a\u275a Pause" : "\u25b6\ufe0e Play";
    };
    const later = oncePerFrame(draw);
    draw();
    const off = store.on((state, trace, changed) => {
      if (changed.includes(key) || changed.includes(end)) later();
    });
    const stop = () => {
      clearInterval(timer);
      off();
    };
    signal.addEventListener("abort", stop);
    return stop;
  },
};
