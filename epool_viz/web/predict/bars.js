// Bars over the windows: drawn by hand or by keys, and at the end shown with the truth. Needs no store.

import { attributes, make } from "../lib/dom.js";
import { onWidth } from "../lib/drawing.js";
import { capture } from "../lib/input.js";
import { px } from "../lib/paths.js";

/**
 * What is drawn. `heights` are changed in place, from 0 to 1.
 *
 * @typedef {{heights: number[], truth: number[] | null, letters: string[], at?: number, moved?: (at: number) => void, signal?: AbortSignal}} Given
 * @typedef {Given & {
 *   svg: SVGSVGElement, box: HTMLElement, element: HTMLElement, count: number, isOpen: boolean, at: number, last: [number, number] | null,
 *   draw: () => void, changed: () => void,
 * }} Bars
 */

/**
 * The letter with which each window starts.
 *
 * @param {State} state
 * @param {Trace} trace
 */
export const lettersOf = (state, trace) => trace.starts.map((start) => state.alphabet[state.codes[start]] ?? "\u00b7");

/**
 * The bars of a guess: open to be drawn without a truth, else with it.
 *
 * @param {Given} given
 * @returns {Bars}
 */
export function barsOf(given) {
  const { heights, truth, moved, signal } = given;
  const isOpen = truth === null;
  const count = heights.length;
  const svg = make("svg:svg", { "aria-hidden": "true" });
  const box = make("div", { class: `ec-predict-plot${isOpen ? "" : " is-shut"}` }, svg);
  const at = Math.min(Math.max(given.at ?? 0, 0), count - 1);
  const bars = /** @type {Bars} */ (/** @type {unknown} */ ({ ...given, svg, box, count, isOpen, at, last: null, element: make("div", {}, box, isOpen ? null : keyOf()) }));
  bars.draw = () => draw(bars);
  bars.changed = () => {
    moved?.(bars.at);
    bars.draw();
  };
  if (isOpen) listen(bars);
  onWidth(box, () => box.isConnected && bars.draw(), signal);
  return bars;
}

function keyOf() {
  const swatch = (/** @type {string} */ name) => make("svg:svg", { class: "ec-predict-swatch", viewBox: "0 0 16 16", "aria-hidden": "true" }, make("svg:path", { class: name, d: "M2 2h12v12h-12z" }));
  const key = (/** @type {string} */ name, /** @type {string} */ text) => make("span", {}, swatch(name), text);
  return make("div", { class: "ec-predict-key" }, key("ec-predict-truth", "posterior"), key("ec-predict-guess", "your drawing"));
}

/** @param {Bars} bars */
function placeOf({ box, count }) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  const width = Math.max(box.clientWidth, 60);
  return { rem, left: 0.5 * rem, unit: (width - rem) / count, size: 9 * rem, top: 0.5 * rem, width };
}

/**
 * @param {number[]} values
 * @param {{left: number, unit: number, size: number, top: number}} place
 * @param {number} most
 */
export const outline = (values, { left, unit, size, top }, most) =>
  values.map((v, i) => (v > 0 ? `M${px(left + i * unit)} ${px(top + size)}v${px((-v / most) * size)}h${px(unit)}v${px((v / most) * size)}` : "")).join("");

/** @param {Bars} bars */
function draw(bars) {
  const { svg, count, isOpen, at, heights, truth } = bars;
  const place = placeOf(bars);
  const { left, unit, size, top, width } = place;
  const most = truth ? Math.max(...heights, ...truth) : 1;
  svg.replaceChildren(
    make("svg:rect", { class: "ec-predict-ground", x: left, y: top, width: px(unit * count), height: size }),
    truth
      ? make("svg:path", { class: "ec-predict-truth", "data-name": "truth", d: outline(truth, place, most) })
      : make("svg:rect", { class: "ec-predict-at", x: px(left + at * unit), y: top, width: px(Math.max(unit, 2)), height: size }),
    make("svg:path", { class: "ec-predict-guess", "data-name": "guess", d: outline(heights, place, most) }),
    make("svg:path", { class: "ec-predict-zero", d: `M${left} ${px(top + size)}H${px(width - left)}` }),
  );
  const lines = labels(svg, bars.letters, place);
  attributes(svg, { height: size + (lines + 1) * place.rem });
  if (isOpen) attributes(bars.box, { "aria-valuenow": at + 1, "aria-valuetext": `window ${at + 1}: bar ${Math.round(100 * heights[at])} of 100` });
}

/**
 * Write the letters where windows start, while there is room, and the windows' numbers; the number of lines.
 *
 * @param {SVGSVGElement} svg
 * @param {string[]} letters
 * @param {{rem: number, left: number, unit: number, size: number, top: number}} place
 */
export function labels(svg, letters, { rem, left, unit, size, top }) {
  const count = letters.length;
  const shown = unit < 0.7 * rem ? [] : letters;
  const step = Math.max(1, Math.ceil((2.5 * rem) / unit / 5) * 5);
  const label = (/** @type {string} */ text, /** @type {number} */ i, /** @type {number} */ line, look = {}) => make("svg:text", { ...look, x: px(left + (i + 0.5) * unit), y: px(top + size + line * rem), "text-anchor": "middle" }, text);
  const marked = Array.from({ length: count }, (_, i) => i).filter((i) => i === 0 || (i + 1) % step === 0);
  svg.append(
    ...marked.map((i) => label(String(i + 1), i, shown.length ? 2 : 1)),
    ...shown.map((letter, i) => label(letter, i, 1, { class: "ec-predict-letter" })),
  );
  return shown.length ? 2 : 1;
}

/**
 * @param {Bars} bars
 * @param {number} i
 * @param {number} height
 */
function put(bars, i, height) {
  bars.heights[i] = Math.min(Math.max(Math.round(100 * height) / 100, 0), 1);
  bars.at = i;
}

/** @param {Bars} bars */
function listen(bars) {
  const { box, count } = bars;
  attributes(box, { tabindex: "0", role: "slider", "aria-orientation": "horizontal", "aria-label": "Your posterior: left and right choose the window, up and down the height of its bar", "aria-valuemin": 1, "aria-valuemax": count });
  box.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    bars.last = null;
    stroke(bars, event);
    capture(box, event);
  });
  box.addEventListener("pointermove", (event) => event.buttons & 1 && stroke(bars, event));
  box.addEventListener("keydown", (event) => onKey(bars, event));
}

/**
 * Draw to the pointer, from where it was: fast strokes leave no gaps.
 *
 * @param {Bars} bars
 * @param {PointerEvent} event
 */
function stroke(bars, event) {
  const { left, unit, size, top } = placeOf(bars);
  const rect = bars.svg.getBoundingClientRect();
  const i = Math.min(Math.max(Math.floor((event.clientX - rect.left - left) / unit), 0), bars.count - 1);
  const height = 1 - (event.clientY - rect.top - top) / size;
  const [from, low] = bars.last ?? [i, height];
  for (let k = Math.min(i, from); k <= Math.max(i, from); k++) put(bars, k, from === i ? height : low + ((height - low) * (k - from)) / (i - from));
  bars.at = i;
  bars.last = [i, height];
  bars.changed();
}

/**
 * @param {Bars} bars
 * @param {KeyboardEvent} event
 */
function onKey(bars, event) {
  const { at, count } = bars;
  const along = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: count - 1 }[event.key];
  const up = { ArrowUp: 0.1, ArrowDown: -0.1, PageUp: 0.5, PageDown: -0.5, Delete: -1, Backspace: -1 }[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey || (along === undefined && up === undefined)) return;
  if (along !== undefined) bars.at = Math.min(Math.max(along, 0), count - 1);
  else put(bars, at, bars.heights[at] + (up ?? 0));
  event.preventDefault();
  bars.changed();
}
