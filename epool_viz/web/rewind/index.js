// Rewind: walks through the epochs of a race, forwards and backwards; goes along while the race runs and stands at its end.
//
// options: {key, end, first, until, label, seconds}
//   key      of the state: the place
//   end      key of the state: the last place there is
//   first    the first place there is (default 0)
//   until    key of the state: where it changes, what was played is over, and the playing ends
//   label    what a place is called (default "epoch")
//   seconds  a place is shown for while playing (default 0.4)

import { make } from "../lib/dom.js";
import { dress } from "../lib/style.js";
import { byHand, followWalk, pause, walkerOf } from "../lib/walking.js";
import CSS from "./style.css";

/** @typedef {{ key: string, end: string, first?: number, until?: string, label?: string, seconds?: number }} Options */

/** @type {(el: HTMLElement, store: Store, options: Options) => import("../lib/walking.js").Walker} */
function walkerIn(el, store, { key, end, first = 0, label = "epoch", seconds = 0.4 }) {
  const last = () => Math.max(Number(store.state[end]) || 0, 0);
  const within = (/** @type {number} */ place) => Math.min(Math.max(place, first), last());
  const walker = walkerOf({
    label, seconds, last, first,
    here: () => within(Number(store.state[key]) || 0),
    go: (place) => store.set({ [key]: within(place) }),
    canGoOn: () => walker.here() < last(),
    look: (at, most) => {
      el.hidden = most === 0;
      const ends = [...buttons.entries()].map(([i, button]) => /** @type {[HTMLButtonElement, boolean]} */ ([button, at === (i < 2 ? first : most)]));
      return { spoken: `${label} ${at} of ${most}`, shown: `${label} ${at} / ${most}`, ends };
    },
  });
  const button = (/** @type {string} */ text, /** @type {string} */ name, /** @type {() => number} */ place) =>
    make("button", {
      type: "button", class: name === "first" || name === "last" ? "ep-from-explore" : null,
      "aria-label": `${name} ${label}`, onclick: byHand(walker, () => walker.go(place())),
    }, text);
  const buttons = [
    button("\u21e4", "first", () => first), button("\u2190", "previous", () => walker.here() - 1),
    button("\u2192", "next", () => walker.here() + 1), button("\u21e5", "last", last),
  ];
  buttons[1].dataset.epBack = buttons[2].dataset.epNext = "";
  walker.toggle.className = "ec-rewind-play";
  el.append(make("div", { class: "ec-row", role: "group", "aria-label": `walk through the ${label}s` },
    buttons.slice(0, 2), walker.toggle, buttons.slice(2), walker.where));
  return walker;
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    /** @type {Options} */
    const options = model.get("options");
    dress(el, "rewind", CSS);
    const walker = walkerIn(el, exports.store, options);
    const { until } = options;
    if (until) {
      const off = exports.store.on((_state, _trace, changed) => changed.includes(until) && pause(walker));
      signal.addEventListener("abort", off);
    }
    return followWalk(walker, exports.store, [options.key, options.end], signal);
  },
};
