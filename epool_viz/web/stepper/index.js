// Stepper: walks along places of which more are made as one goes on: a step at a time, back, or by itself.
//
// options: {key, end, more, here, next, label, seconds, hurry}
//   key      of the state: the place, from 0
//   end      key of the state: the last place there is
//   more     key of the state: whether another can be made by going on from the last one
//   here     key of the state: what the place is called
//   next     key of the state: what going on from it does, on the button
//   label    what is walked through (default "step")
//   seconds  a place is shown for while playing (default 0.8)
// A step beyond the end is a wish: Python makes the place and moves the end.

import { make } from "../lib/dom.js";
import { dress } from "../lib/style.js";
import { byHand, followWalk, onWalkKeys, walkerOf } from "../lib/walking.js";
import CSS from "./style.css";

/** @typedef {{ key: string, end: string, more: string, here: string, next: string, label?: string, seconds?: number }} Options */

/** @type {(el: HTMLElement, store: Store, options: Options) => import("../lib/walking.js").Walker} */
function walkerIn(el, store, { key, end, more, here, next: onward, label = "step", seconds = 0.8 }) {
  const last = () => Math.max(Number(store.state[end]) || 0, 0);
  const walker = walkerOf({
    label, seconds, last,
    here: () => Math.min(Math.max(Number(store.state[key]) || 0, 0), last() + 1),
    isWaiting: () => walker.here() > last(), // for Python
    canGoOn: () => walker.here() < last() || Boolean(store.state[more]),
    go: (place) => {
      store.set({ [key]: Math.min(Math.max(place, 0), last() + (store.state[more] ? 1 : 0)) });
      store.flush();
    },
    look: (at, most) => {
      const called = store.state[here] ?? String(at);
      next.textContent = `${store.state[onward] ?? "next"} \u2192`;
      /** @type {[HTMLButtonElement, boolean][]} */
      const ends = [[first, at === 0], [back, at === 0], [next, !walker.canGoOn()], [latest, at === most]];
      for (const [button, isOff] of ends) button.setAttribute("aria-disabled", String(isOff));
      return { spoken: called, shown: called, ends };
    },
  });
  const button = (/** @type {string} */ text, /** @type {string} */ name, /** @type {() => number} */ place) =>
    make("button", { type: "button", "aria-label": name, title: name, onclick: byHand(walker, () => walker.go(place())) }, text);
  const first = button("\u21e4", `first ${label}`, () => 0);
  const back = button("\u2190", `previous ${label}`, () => walker.here() - 1);
  const next = make("button", { type: "button", class: "ec-stepper-next", onclick: byHand(walker, () => walker.go(walker.here() + 1)) });
  const latest = button("\u21e5", `last ${label} so far`, last);
  for (const end of [first, latest]) end.classList.add("ep-from-explore"); // the slider goes there too
  back.dataset.epBack = next.dataset.epNext = "";
  walker.toggle.className = "ec-stepper-play";
  el.append(make("div", { class: "ec-row", role: "group", "aria-label": `walk through the ${label}s` },
    first, back, next, walker.toggle, latest, walker.where));
  return walker;
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const options = /** @type {Options} */ (model.get("options"));
    dress(el, "stepper", CSS);
    const walker = walkerIn(el, exports.store, options);
    onWalkKeys(walker, el, signal);
    return followWalk(walker, exports.store, [options.key, options.end, options.more, options.here, options.next], signal);
  },
};
