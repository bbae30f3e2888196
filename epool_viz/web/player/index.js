// StepPlayer: walks through the steps; `step` in the state is the place in options.steps, also where some do not apply.
//
// options: {steps, seconds}
//   steps    [{name, short, when}]; when: {key, is} or {key, not}, without it the step always applies
//   seconds  a step is shown for while playing (default 2.5)

import { make } from "../lib/dom.js";
import { oncePerFrame } from "../lib/drawing.js";
import { walk } from "../lib/steps.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

const BUSY = "input, select, textarea, [contenteditable], [role=slider], [role=grid], [tabindex]:not(body):not(button), summary, a, dialog";

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    /** @type {{ steps: { short: string, when?: When | null }[], seconds?: number }} */
    const { steps, seconds = 2.5 } = model.get("options");
    const watched = ["step", ...steps.map((step) => step.when?.key)];
    /** @type {number | undefined} */
    let timer;
    dress(el, "player", CSS);

    const here = () => walk(steps, store.state);
    const go = (/** @type {number} */ place) => store.set({ step: place });
    const move = (/** @type {number} */ by) => {
      const { places, shown } = here();
      go(places[Math.min(Math.max(places.indexOf(shown) + by, 0), places.length - 1)]);
    };
    const to = (/** @type {string} */ end) => {
      const { places } = here();
      go(places[end === "first" ? 0 : places.length - 1]);
    };
    const isAtEnd = () => here().shown === here().places.at(-1);
    const pause = () => {
      clearInterval(timer);
      timer = undefined;
      draw();
    };
    const play = () => {
      if (isAtEnd()) to("first");
      timer = setInterval(() => {
        move(1);
        if (isAtEnd()) pause();
      }, 1000 * seconds);
      draw();
    };
    // a hand on the controls ends the playing
    const byHand = (/** @type {() => void} */ act) => () => {
      if (timer) pause();
      act();
    };

    const back = make("button", { type: "button", "aria-label": "previous step", onclick: byHand(() => move(-1)) }, "\u2190");
    const next = make("button", { type: "button", "aria-label": "next step", onclick: byHand(() => move(1)) }, "\u2192");
    const toggle = make("button", { type: "button", class: "ec-player-play", onclick: () => (timer ? pause() : play()) });
    const count = make("output", { "aria-hidden": "true" });
    const range = make("input", { type: "range", min: 0, step: 1, "aria-label": "step", oninput: byHand(() => go(here().places[Number(range.value)])) });
    const names = steps.map((step, i) => make("button", { type: "button", onclick: byHand(() => go(i)) }, step.short));
    const items = names.map((button) => make("li", {}, button));
    el.append(
      make("div", { class: "ec-row", role: "group", "aria-label": "walk through the steps" },
        back, toggle, next, make("span", { class: "ec-player-where" }, range, count)),
      make("ol", { "aria-label": "all steps" }, items),
    );

    const draw = () => {
      const { places, shown } = here();
      const at = places.indexOf(shown);
      items.forEach((item, i) => (item.hidden = !places.includes(i)));
      names.forEach((button, i) => (i === shown ? button.setAttribute("aria-current", "step") : button.removeAttribute("aria-current")));
      range.max = String(places.length - 1);
      range.value = String(at);
      range.setAttribute("aria-valuetext", `${at + 1} of ${places.length}: ${steps[shown].short}`);
      count.textContent = `${at + 1} / ${places.length}`;
      // disabled, but never under the focus, which would be lost
      back.disabled = at === 0 && document.activeElement !== back;
      next.disabled = at === places.length - 1 && document.activeElement !== next;
      toggle.textContent = timer ? "\u275a\u275a Pause" : "\u25b6\ufe0e Play";
    };
    const keys = (/** @type {KeyboardEvent} */ event) => {
      const target = /** @type {Element} */ (event.target);
      const inside = el.contains(target);
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (target === range || (!inside && target.closest?.(BUSY))) return;
      const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
      const end = !inside ? "" : event.key === "Home" ? "first" : event.key === "End" ? "last" : "";
      if (!by && !end) return;
      event.preventDefault();
      byHand(() => (by ? move(by) : to(end)))();
    };
    document.addEventListener("keydown", keys, { signal });

    const later = oncePerFrame(draw);
    draw();
    const off = store.on((state, trace, changed) => {
      if (watched.some((key) => key && changed.includes(key))) later();
    });
    const stop = () => {
      clearInterval(timer);
      document.removeEventListener("keydown", keys);
      off();
    };
    signal.addEventListener("abort", stop);
    return stop;
  },
};
