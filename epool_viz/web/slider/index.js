// Slider: one number of the state, with its name, its unit, a box to type it in, and named values beside it.
//
// options: {key, label, unit, min, max, scale, digits, step, first, buttons, marks, help, more, when}
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
//   more     the depth, "explore" or "expert", from which on buttons and help are shown (default: always)
//   when     {key, is} or {key, not}: shown only where that holds

import { attributes, make } from "../lib/dom.js";
import { oncePerFrame } from "../lib/drawing.js";
import { estimateLogBase } from "../lib/maths.js";
import { format } from "../lib/numbers.js";
import { holds } from "../lib/steps.js";
import { dress } from "../lib/style.js";
import { nearestStep } from "../lib/ticks.js";
import CSS from "./style.css";

/** @typedef {{ label: string, value: number, action?: undefined } | { label: string, action: "ml", value?: undefined }} Named */
/**
 * @typedef {object} Options
 * @property {string} key
 * @property {string} label
 * @property {string} unit
 * @property {number} min
 * @property {number | "windows"} max
 * @property {"linear" | "cubic"} [scale]
 * @property {number} [step]
 * @property {number} digits
 * @property {number} first
 * @property {boolean} power
 * @property {string} [also]
 * @property {Named[]} buttons
 * @property {{ value: number, label: string }[]} marks
 * @property {string} [help]
 * @property {"explore" | "expert"} [more]
 * @property {When} [when]
 */
/** @typedef {ReturnType<typeof begin>} Slider */

const STOPS = 130; // of the cubic scale, about

/**
 * The round values of a scale on which `max * t^3` lies at the share t of the slider; 0 and `max` among them.
 *
 * @param {number} max
 * @param {number} count
 */
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

/** @param {number} x */
const rounded = (x) => Number(x.toPrecision(12));
/** @type {(x: number, low: number, high: number) => number} */
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

/**
 * How values lie along a slider of a range of numbers, from 0 to `span`.
 *
 * @typedef {object} Scale
 * @property {number} span
 * @property {(value: number) => number} toPlace
 * @property {(place: number) => number} nearest
 * @property {(value: number, by: number) => number} move
 */

/**
 * @param {{ scale?: string, min: number, max: number, step: number }} options
 * @returns {Scale}
 */
export function scaleOf({ scale, min, max, step }) {
  if (scale === "cubic") return cubicScale(max);
  const within = (/** @type {number} */ value) => clamp(rounded(value), min, max);
  return {
    span: (max - min) / step,
    toPlace: (value) => (value - min) / step,
    nearest: (place) => within(min + Math.round(place) * step),
    move: (value, by) => within(value + by * step),
  };
}

/** @type {(max: number) => Scale} */
function cubicScale(max) {
  const stops = cubicStops(max);
  const at = (/** @type {number} */ i) => stops[clamp(i, 0, stops.length - 1)];
  const toPlace = (/** @type {number} */ value) => {
    const i = Math.max(stops.findLastIndex((stop) => stop <= value), 0);
    return i + (i + 1 < stops.length ? (value - stops[i]) / (stops[i + 1] - stops[i]) : 0);
  };
  return {
    span: stops.length - 1,
    toPlace,
    nearest: (place) => at(Math.round(place)),
    move: (value, by) => at(by > 0 ? Math.floor(toPlace(value) + 1e-9) + by : Math.ceil(toPlace(value) - 1e-9) + by),
  };
}

/**
 * A number as people type it: comma or point, any minus; NaN for anything else.
 *
 * @param {string} text
 */
export function readNumber(text) {
  const plain = text.trim().replace(",", ".").replace("\u2212", "-");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

/**
 * The elements, and the scale of the slider.
 *
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {Partial<Options>} given
 */
function begin(el, store, given) {
  /** @type {Options} */
  const options = { key: "", label: "", unit: "", min: 0, max: 0, digits: 4, first: 0, power: false, buttons: [], marks: [], ...given };
  const { key, label, unit, also, marks, help, more } = options;
  const depth = more ? ` ep-from-${more}` : "";
  const id = `ec-slider-${key}-${Math.random().toString(36).slice(2, 8)}`;
  const range = make("input", { type: "range", id, min: 0, step: "any", "aria-describedby": help ? `${id}-help` : null });
  const box = make("input", { type: "text", inputmode: "decimal", class: "ec-box", "aria-label": `${label}, typed`, "aria-describedby": `${id}-said`, autocomplete: "off" });
  const said = make("p", { class: "ec-soft ec-warning", id: `${id}-said`, role: "status" });
  const own = make("span", { class: "ec-slider-also ec-soft" });
  const places = marks.map((mark) => make("span", {}, mark.label));
  const named = options.buttons.map((button) => make("button", { type: "button" }, button.label));
  el.append(
    make("div", { class: "ec-slider-line" },
      make("label", { for: id, class: label.length === 1 ? "is-short" : null }, label),
      range,
      make("span", { class: "ec-slider-box" }, box, also ? own : null, unit ? make("span", { class: "ec-soft" }, ` ${unit}`) : null),
      marks.length ? make("div", { class: "ec-slider-marks ec-soft", "aria-hidden": "true" }, places) : null,
      named.length ? make("div", { class: `ec-row${depth}` }, named) : null,
      help ? make("p", { class: `ec-soft${depth}`, id: `${id}-help` }, help) : null,
      said),
  );
  const max = highest(store, options);
  return { el, store, options, range, box, said, own, places, named, max, scale: layout(options, max) };
}

/** @type {(store: Store, options: Options) => number} */
const highest = ({ trace }, { max }) => (max === "windows" ? (trace?.starts.length ?? 1) - 1 : max);
/** @type {(options: Options, max: number) => Scale} */
const layout = ({ scale, min, step, digits }, max) => scaleOf({ scale, min, max, step: step ?? (digits === 0 ? 1 : (max - min) / 100) });
/** @type {(options: Options, value: number) => string} */
const shown = ({ power, first, digits }, value) => format(power ? Math.exp(value) : value + first, digits || 15);
/** @type {(options: Options, text: string) => number} */
const typed = ({ power, first }, text) => (power ? Number(Math.log(readNumber(text)).toFixed(9)) : readNumber(text) - first);

/** @type {(slider: Slider, text: string, isWrong?: boolean) => void} */
function say({ said, box }, text, isWrong = false) {
  said.textContent = text;
  said.classList.toggle("ec-warning", isWrong);
  box.setAttribute("aria-invalid", String(isWrong));
}

/** @type {(slider: Slider, value: number) => void} */
function set(slider, value) {
  const { options, box, store } = slider;
  say(slider, "");
  box.value = shown(options, value);
  store.set({ [options.key]: value });
}

/**
 * Take over what is typed, or say what is accepted.
 *
 * @param {Slider} slider
 */
function type(slider) {
  const { options, box, store, max } = slider;
  const { key, label, min, digits } = options;
  if (box.value === shown(options, store.state[key])) return say(slider, "");
  const value = typed(options, box.value);
  const accepted = `accepted: ${shown(options, min)} to ${shown(options, max)}${digits === 0 ? ", whole" : ""}.`;
  if (Number.isNaN(readNumber(box.value))) say(slider, `${label}: found \u201c${box.value}\u201d, no number; ${accepted}`, true);
  else if (!(value >= min) || value > max || (digits === 0 && !Number.isInteger(value))) say(slider, `${label}: found ${box.value.trim()}; ${accepted}`, true);
  else set(slider, value);
}

/** @param {Slider} slider */
function setMostLikely(slider) {
  const { options, store, max } = slider;
  const { m, reason } = estimateLogBase(store.state.kernel, [store.state.codes]);
  if (m === undefined) return say(slider, `There is no maximum-likelihood ${options.label}: ${reason}.`, true);
  if (m > max) return say(slider, `The maximum-likelihood ${options.label} is ${shown(options, m)}; this slider ends at ${shown(options, max)}.`, true);
  set(slider, m);
  say(slider, `Maximum likelihood: ${options.label} = ${shown(options, m)} makes the kernel\u2019s best window in this sequence most probable.`);
}

/** @type {(slider: Slider, event: KeyboardEvent) => void} */
function jump(slider, event) {
  const { options, box, max, scale, store } = slider;
  const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[event.key];
  const end = { Home: options.min, End: max }[event.key];
  if (event.target === box && !["ArrowUp", "ArrowDown", "PageUp", "PageDown"].includes(event.key)) return;
  if (by !== undefined) set(slider, scale.move(store.state[options.key], by));
  else if (end !== undefined) set(slider, end);
  else return;
  event.preventDefault();
}

/** @param {Slider} slider */
function listen(slider) {
  const { range, box, named, options } = slider;
  range.addEventListener("input", () => set(slider, slider.scale.nearest(Number(range.value))));
  range.addEventListener("keydown", (event) => jump(slider, event));
  box.addEventListener("keydown", (event) => (event.key === "Enter" ? type(slider) : jump(slider, event)));
  box.addEventListener("change", () => type(slider));
  options.buttons.forEach(({ action, value }, i) => {
    named[i].addEventListener("click", () => (action === "ml" ? setMostLikely(slider) : set(slider, value)));
  });
}

/** @type {(scale: Scale, value: number) => number} */
const shareOf = ({ span, toPlace }, value) => (span ? clamp(toPlace(value) / span, 0, 1) : 0);

/** @param {Slider} slider */
function measure(slider) {
  const { store, options, range, places } = slider;
  slider.max = highest(store, options);
  slider.scale = layout(options, slider.max);
  range.max = String(slider.scale.span);
  options.marks.forEach(({ value }, i) => {
    places[i].style.left = `calc(var(--thumb) / 2 + ${shareOf(slider.scale, value)} * (100% - var(--thumb)))`;
  });
}

/** @param {Slider} slider */
function draw({ el, store: { state }, options, range, box, own, scale }) {
  const { key, label, unit, also, when } = options;
  /** @type {number} */
  const value = state[key];
  el.hidden = !holds(when, state);
  range.value = String(scale.toPlace(value));
  range.setAttribute("aria-valuetext", `${label} ${shown(options, value)}${unit ? ` ${unit}` : ""}${also ? `, ${also} ${format(value)}` : ""}`);
  range.style.setProperty("--filled", `${(100 * shareOf(scale, value)).toFixed(2)}%`);
  if (document.activeElement !== box) {
    box.value = shown(options, value);
    box.setAttribute("aria-invalid", "false");
  }
  own.textContent = `${also} ${format(value)}`;
  attributes(box, { "data-value": value, "data-name": key });
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    dress(el, "slider", CSS);
    const slider = begin(el, store, model.get("options"));
    const { key, when } = slider.options;
    listen(slider);
    measure(slider);
    draw(slider);
    const later = oncePerFrame(() => draw(slider));
    const off = store.on((_state, _trace, changed) => {
      if (highest(store, slider.options) !== slider.max) measure(slider);
      else if (!changed.includes(key) && !(when && changed.includes(when.key))) return;
      if (changed.includes(key)) say(slider, "");
      later();
    });
    signal.addEventListener("abort", off);
    return off;
  },
};
