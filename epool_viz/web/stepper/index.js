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
import { oncePerFrame } from "../lib/drawing.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

const BUSY = "input, select, textarea, [contenteditable], [role=slider], [role=grid], [role=application], [tabindex]:not(body):not(button), summary, a, dialog";

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { key, end, more, here: hereKey, next: nextKey, label = "step", seconds = 0.8 } = model.get("options");
    dress(el, "stepper", CSS);
    let timer = null;

    const last = () => Math.max(Number(store.state[end]) || 0, 0);
    const here = () => Math.min(Math.max(Number(store.state[key]) || 0, 0), last() + 1);
    const isWaiting = () => here() > last(); // for Python
    const canGoOn = () => here() < last() || Boolean(store.state[more]);
    const go = (place) => {
      store.set({ [key]: Math.min(Math.max(place, 0), last() + (store.state[more] ? 1 : 0)) });
      store.flush();
    };
    const pause = () => {
      clearInterval(timer);
      timer = null;
      draw();
    };
    const play = () => {
      if (!canGoOn()) go(0);
      timer = setInterval(() => {
        if (canGoOn()) go(here() + 1);
        else pause();
      }, 1000 * seconds);
      draw();
    };
    const byHand = (act) => () => {
      if (timer) pause();
      if (!isWaiting()) act();
    };
    const button = (text, name, act) => make("button", { type: "button", "aria-label": name, title: name, onclick: byHand(act) }, text);
    const first = button("\u21e4", `first ${label}`, () => go(0));
    const back = button("\u2190", `previous ${label}`, () => go(here() - 1));
    const next = make("button", { type: "button", class: "ec-stepper-next", onclick: byHand(() => go(here() + 1)) });
    const latest = button("\u21e5", `last ${label} so far`, () => go(last()));
    const toggle = make("button", { type: "button", class: "ec-stepper-play", onclick: () => (timer ? pause() : play()) });
    const range = make("input", { type: "range", min: 0, step: 1, "aria-label": label, oninput: byHand(() => go(Number(range.value))) });
    const count = make("output", { "aria-hidden": "true" });
    el.append(make("div", { class: "ec-row", role: "group", "aria-label": `walk through the ${label}s` },
      first, back, next, toggle, latest, make("span", { class: "ec-stepper-where" }, range, count)));

    const draw = () => {
      const [at, most] = [Math.min(here(), last()), last()];
      range.max = Math.max(most, 1);
      range.value = at;
      range.disabled = most === 0;
      const called = store.state[hereKey] ?? String(at);
      range.setAttribute("aria-valuetext", called);
      count.textContent = called;
      next.textContent = `${store.state[nextKey] ?? "next"} \u2192`;
      // disabled, but never under the focus, which would be lost
      for (const [element, isOff] of [[first, at === 0], [back, at === 0], [next, !canGoOn()], [latest, at === most]]) {
        element.disabled = isOff && document.activeElement !== element;
        element.setAttribute("aria-disabled", String(isOff));
      }
      if (timer && !canGoOn()) return pause();
      toggle.textContent = timer ? "\u275a\u275a Pause" : "\u25b6\ufe0e Play";
    };
    const keys = (event) => {
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (event.target === range || (!el.contains(event.target) && event.target.closest?.(BUSY))) return;
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      byHand(() => go(here() + by))();
    };
    document.addEventListener("keydown", keys, { signal });
    const later = oncePerFrame(draw);
    draw();
    const off = store.on((state, trace, changed) => {
      if ([key, end, more, hereKey, nextKey].some((name) => changed.includes(name))) later();
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
