// Slider: one number of the state, with its name, its unit, a box to type it in, and named values beside it.
//
// options: {key, label, unit, min, max, scale, digits, step, first, buttons, marks, help, when}
//   key      the name in the state
//   max      a number, or "windows": the last window of the trace
//   scale    "linear" (default), or "cubic": dense near 0, which is reached exactly; made for m from 0 to 20
//   step     of the linear scale (default: a hundredth of the range; 1 where digits is 0)
//   digits   significant digits shown, 0 for whole numbers (default 4)
//   first    what the value 0 is called, 1 for places counted from 1 (default 0)
//   power    true: e to the power of the value is shown and typed in its place, as b is for m = ln b
//   also     text before the value itself, beside the box, where its power is shown
//   buttons  [{label, value}] or [{label, action: "ml"}], the m under which the kernel's best window is most probable
//   marks    [{value, label}] under the slider
//   help     a sentence under it
//   when     {key, is} or {key, not}: shown only where that holds

import { make } from "../lib/dom.js";
import { oncePerFrame } from "../lib/drawing.js";
import { estimateLogBase } from "../lib/maths.js";
import { format } from "../lib/numbers.js";
import { holds } from "../lib/steps.js";
import { dress } from "../lib/style.js";
import { nearestStep } from "../lib/ticks.js";
import CSS from "./style.css";

const STOPS = 130; // of the cubic scale, about


/** The round values of a scale on which `max * t^3` lies at the share t of the slider; 0 and `max` among them. */
export function cubicStops(max, count = STOPS) {
  const finest = nearestStep(max / 2000);
  const stops = [0];
  for (let value = 0; value < max; ) {
    const t = Math.cbrt(value / max);
    const step = Math.max(finest, nearestStep((3 * max * t * t) / count));
    value = Math.min(max, rounded((Math.floor(value / step + 1e-9) + 1) * step));
    stops.push(value);
  }
  return stops;
}

const rounded = (x) => Number(x.toPrecision(12));

/** How values lie along the slider, from 0 to `span`: {span, toPlace, nearest, move}. */
export function scaleOf({ scale, min, max, step }) {
  if (scale === "cubic") {
    const stops = cubicStops(max);
    const below = (value) => Math.max(stops.findLastIndex((s) => s <= value), 0);
    const toPlace = (value) => {
      const i = below(value);
      return i + (i + 1 < stops.length ? (value - stops[i]) / (stops[i + 1] - stops[i]) : 0);
    };
    const at = (i) => stops[Math.min(Math.max(i, 0), stops.length - 1)];
    const move = (value, by) => {
      const place = toPlace(value);
      return at(by > 0 ? Math.floor(place + 1e-9) + by : Math.ceil(place - 1e-9) + by);
    };
    return { span: stops.length - 1, toPlace, nearest: (place) => at(Math.round(place)), move };
  }
  const clamp = (value) => Math.min(Math.max(rounded(value), min), max);
  return {
    span: (max - min) / step,
    toPlace: (value) => (value - min) / step,
    nearest: (place) => clamp(min + Math.round(place) * step),
    move: (value, by) => clamp(value + by * step),
  };
}

/** A number as people type it: comma or point, any minus; NaN for anything else. */
export function readNumber(text) {
  const plain = text.trim().replace(",", ".").replace("\u2212", "-");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { key, label, unit = "", min = 0, scale, digits = 4, first = 0, power = false, also, buttons = [], marks = [], help, when } = model.get("options");
    const options = model.get("options");
    const highest = () => (options.max === "windows" ? (store.trace?.starts.length ?? 1) - 1 : options.max);
    let max = highest();
    let lie = layout();
    dress(el, "slider", CSS);

    function layout() {
      return scaleOf({ scale, min, max, step: options.step ?? (digits === 0 ? 1 : (max - min) / 100) });
    }
    const shown = (value) => format(power ? Math.exp(value) : value + first, digits || 15);
    const typed = (text) => (power ? Number(Math.log(readNumber(text)).toFixed(9)) : readNumber(text) - first);
    const spoken = (value) => `${label} ${shown(value)}${unit ? ` ${unit}` : ""}${also ? `, ${also} ${format(value)}` : ""}`;
    const id = `ec-slider-${key}-${Math.random().toString(36).slice(2, 8)}`;
    const range = make("input", { type: "range", id, min: 0, step: "any", "aria-describedby": help ? `${id}-help` : null });
    const box = make("input", { type: "text", inputmode: "decimal", class: "ec-box", "aria-label": `${label}, typed`, "aria-describedby": `${id}-said`, autocomplete: "off" });
    const said = make("p", { class: "ec-soft ec-warning", id: `${id}-said`, role: "status" });
    const own = make("span", { class: "ec-slider-also ec-soft" });
    const places = make("div", { class: "ec-slider-marks ec-soft", "aria-hidden": "true" }, marks.map((mark) => make("span", {}, mark.label)));

    const say = (text, isWrong = false) => {
      said.textContent = text;
      said.classList.toggle("ec-warning", isWrong);
      box.setAttribute("aria-invalid", isWrong);
    };
    const set = (value) => {
      say("");
      box.value = shown(value);
      store.set({ [key]: value });
    };
    const type = () => {
      if (box.value === shown(store.state[key])) return say("");
      const value = typed(box.value);
      const accepted = `accepted: ${shown(min)} to ${shown(max)}${digits === 0 ? ", whole" : ""}.`;
      if (Number.isNaN(readNumber(box.value))) say(`${label}: found \u201c${box.value}\u201d, no number; ${accepted}`, true);
      else if (!(value >= min) || value > max || (digits === 0 && !Number.isInteger(value))) say(`${label}: found ${box.value.trim()}; ${accepted}`, true);
      else set(value);
    };
    const mostLikely = () => {
      const { m, reason } = estimateLogBase(store.state.kernel, [store.state.codes]);
      if (reason) return say(`There is no maximum-likelihood ${label}: ${reason}.`, true);
      if (m > max) return say(`The maximum-likelihood ${label} is ${shown(m)}; this slider ends at ${shown(max)}.`, true);
      set(m);
      say(`Maximum likelihood: ${label} = ${shown(m)} makes the kernel\u2019s best window in this sequence most probable.`);
    };
    const jump = (event) => {
      const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[event.key];
      const ends = { Home: min, End: max }[event.key];
      const typing = event.target === box;
      if (typing && !["ArrowUp", "ArrowDown", "PageUp", "PageDown"].includes(event.key)) return;
      if (by === undefined && ends === undefined) return;
      event.preventDefault();
      set(ends ?? lie.move(store.state[key], by));
    };
    range.addEventListener("input", () => set(lie.nearest(Number(range.value))));
    range.addEventListener("keydown", jump);
    box.addEventListener("keydown", (event) => (event.key === "Enter" ? type() : jump(event)));
    box.addEventListener("change", type);

    const named = buttons.map((button) => {
      const press = button.action === "ml" ? mostLikely : () => set(button.value);
      return make("button", { type: "button", onclick: press }, button.label);
    });
    el.append(
      make("div", { class: "ec-slider-line" },
        make("label", { for: id }, label),
        range,
        make("span", { class: "ec-slider-box" }, box, also ? own : null, unit ? make("span", { class: "ec-soft" }, ` ${unit}`) : null),
        marks.length ? places : null,
        named.length ? make("div", { class: "ec-row" }, named) : null,
        help ? make("p", { class: "ec-soft", id: `${id}-help` }, help) : null,
        said),
    );

    const share = (value) => (lie.span ? Math.min(Math.max(lie.toPlace(value) / lie.span, 0), 1) : 0);
    const measure = () => {
      max = highest();
      lie = layout();
      range.max = lie.span;
      marks.forEach((mark, i) => (places.children[i].style.left = `calc(var(--thumb) / 2 + ${share(mark.value)} * (100% - var(--thumb)))`));
    };
    const draw = () => {
      const value = store.state[key];
      el.hidden = !holds(when, store.state);
      range.value = lie.toPlace(value);
      range.setAttribute("aria-valuetext", spoken(value));
      range.style.setProperty("--filled", `${(100 * share(value)).toFixed(2)}%`);
      if (document.activeElement !== box) {
        box.value = shown(value);
        box.setAttribute("aria-invalid", "false");
      }
      own.textContent = `${also} ${format(value)}`;
      box.setAttribute("data-value", value);
      box.setAttribute("data-name", key);
    };
    const later = oncePerFrame(draw);
    measure();
    draw();
    const off = store.on((state, trace, changed) => {
      if (highest() !== max) measure();
      else if (!changed.includes(key) && !changed.includes(when?.key)) return;
      if (changed.includes(key)) say("");
      later();
    });
    signal.addEventListener("abort", off);
    return off;
  },
};
