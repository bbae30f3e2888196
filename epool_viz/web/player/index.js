// StepPlayer: walks through the steps; `step` in the state is the place in options.steps, also where some do not apply. From
// one to the next the pictures move, and under the pointer the slider draws them through all that lies between.
//
// options: {steps, seconds, opening}
//   steps    [{name, short, when, motion}]; when: {key, is} or {key, not}, without it the step always applies; motion:
//            "columns" or "slide", what pictures do on the way to it
//   seconds  a step is shown for while playing, the motion with it (default 3.2)
//   opening  the step that the page opens with: Play begins there with the first one, once
//
// The arrows and the names of all steps are shown from the depth "explore" on.

import { make } from "../lib/dom.js";
import { lead } from "../lib/motion.js";
import { walk } from "../lib/steps.js";
import { dress } from "../lib/style.js";
import { byHand, followWalk, onWalkKeys, walkerOf } from "../lib/walking.js";
import CSS from "./style.css";

/** @typedef {{ short: string, when?: When | null, motion?: string | null }} Step */

/** @type {(el: HTMLElement, store: Store, options: { steps: Step[], seconds?: number, opening?: number }, signal: AbortSignal) => import("../lib/walking.js").Walker} */
function walkerIn(el, store, { steps, seconds = 3.2, opening }, signal) {
  const there = () => walk(steps, store.state);
  const last = () => there().places.length - 1;
  const walker = walkerOf({
    label: "step", seconds, last, ...lead(store, steps, there, signal),
    here: () => there().places.indexOf(there().shown),
    isFresh: () => store.state.step === opening,
    go: (place) => store.set({ step: there().places[Math.min(Math.max(place, 0), last())] }),
    canGoOn: () => walker.here() < last(),
    look: (at, end) => {
      const { places, shown } = there();
      items.forEach((item, i) => (item.hidden = !places.includes(i)));
      names.forEach((name, i) => (i === shown ? name.setAttribute("aria-current", "step") : name.removeAttribute("aria-current")));
      const spoken = `${at + 1} of ${end + 1}: ${steps[shown].short}`;
      return { spoken, shown: `${at + 1} / ${end + 1}`, ends: [[back, at === 0], [next, at === end]] };
    },
  });
  const button = (/** @type {string} */ text, /** @type {() => void} */ act, /** @type {string | null} */ name = null) =>
    make("button", { type: "button", "aria-label": name, onclick: byHand(walker, act) }, text);
  const back = button("\u2190", () => walker.go(walker.here() - 1), "previous step");
  const next = button("\u2192", () => walker.go(walker.here() + 1), "next step");
  for (const arrow of [back, next]) arrow.classList.add("ep-from-explore");
  back.dataset.epBack = next.dataset.epNext = "";
  const names = steps.map((step, i) => button(step.short, () => store.set({ step: i })));
  const items = names.map((name) => make("li", {}, name));
  walker.toggle.className = "ec-player-play";
  el.append(
    make("div", { class: "ec-row", role: "group", "aria-label": "walk through the steps" }, back, walker.toggle, next, walker.where),
    make("ol", { class: "ep-from-explore", "aria-label": "all steps" }, items),
  );
  return walker;
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    /** @type {{ steps: Step[], seconds?: number, opening?: number }} */
    const options = model.get("options");
    const { steps } = options;
    dress(el, "player", CSS);
    const walker = walkerIn(el, exports.store, options, signal);
    onWalkKeys(walker, el, signal, true);
    return followWalk(walker, exports.store, ["step", ...steps.flatMap(({ when }) => when?.key ?? [])], signal);
  },
};
