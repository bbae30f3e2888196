// The still picture of a quantity: where things lie, and the parts that it is drawn with.

import { inView, lane } from "../lib/cursor.js";
import { make } from "../lib/dom.js";
import { widthOf } from "../lib/drawing.js";
import { format } from "../lib/numbers.js";
import { box, px } from "../lib/paths.js";
import { extremesOf, scaleOf } from "./values.js";

/**
 * What is drawn.
 *
 * @typedef {ReturnType<typeof placeOf> & {y: (v: number, strand: number) => number}} Place
 * @typedef {{ place: Place, data: import("./values.js").Data, scale: import("./values.js").Scale }} View
 * @typedef {import("./moving.js").Pair} Pair
 * @typedef {{
 *   model: Model, store: Store, section: HTMLElement, svg: SVGSVGElement, plot: HTMLElement, hatching: string,
 *   back: SVGGElement, here: SVGGElement, bars: SVGGElement, front: SVGGElement, moving: SVGGElement, total: HTMLElement,
 *   pair: Pair | null,
 *   title: HTMLElement, unit: HTMLElement, value: HTMLElement, logButton: HTMLElement, keyBox: HTMLElement, warning: HTMLElement,
 *   place: Place, data: import("./values.js").Data, scale: import("./values.js").Scale, drawn: string, picked: SVGPathElement | null,
 *   say: (text: string) => void, refreshTable: () => void,
 * }} Scene `place`, `data` and `scale` are null before the first drawing
 */

const NARROW = 30; // rem

/** @param {Scene} scene */
export const optionsOf = ({ model }) => ({ quantity: "posterior", height: 6, ...model.get("options") });

/**
 * A quantity on its axis.
 *
 * @param {Scene} scene
 * @param {State} state
 * @param {import("./values.js").Data} data
 * @param {boolean} isLog
 * @returns {View}
 */
export function viewOf(scene, state, data, isLog) {
  const place = placeOf(scene, state, data);
  const scale = scaleOf(data, isLog, Math.max(Math.floor(place.size / (1.7 * place.rem)), 1));
  return { data, scale, place: { ...place, y: (v, strand) => heightAt(place, scale.y(v), strand) } };
}

/**
 * Where letters lie: of a lane, with the top and the height of a strand, the middle and the bottom of both.
 *
 * @param {Scene} scene
 * @param {State} state
 * @param {import("./values.js").Data} data
 */
function placeOf(scene, state, data) {
  const { plot } = scene;
  const { height, narrow = height } = optionsOf(scene);
  const place = lane(widthOf(plot), inView(state));
  const rems = widthOf(plot) < NARROW * place.rem ? narrow : height;
  const both = state.both_strands;
  const top = 0.5 * place.rem;
  const size = rems * place.rem * (both ? 0.75 : 1);
  const gap = both && data.low < 0 ? 0.75 * place.rem : 0;
  return { ...place, top, size, middle: top + size + gap / 2, bottom: top + size + (both ? gap + size : 0) };
}

/** @param {State} state */
export const strandsOf = (state) => (state.both_strands ? [0, 1] : [0]);
/** @type {(place: Place, y: number) => SVGPathElement} */
export const zeroLine = ({ left, right }, y) => make("svg:path", { class: "ec-track-zero", d: `M${px(left)} ${px(y)}H${px(right)}` });
/** @type {(part: string, rest: string) => SVGPathElement[]} */
export const barPaths = (part, rest) => [make("svg:path", { class: "ec-track-bars", d: part }), make("svg:path", { class: "ec-track-bars ec-track-partial", d: rest })];

/**
 * The line on which the bars of a running sum stand, from the left to the right; "" for other quantities.
 *
 * @param {View} view
 * @param {number} strand
 * @param {(i: number) => number} level where the bar of a window begins, on the page
 */
export function stair({ place, data }, strand, level) {
  if (!data.bases) return "";
  const from = strand * data.count;
  const first = data.trace.starts[from];
  const [a, b] = [Math.max(place.first - first, 0) + from, Math.min(place.last - first, data.count) + from];
  let [d, last] = [`M${px(place.left)} ${px(level(a))}`, level(a)];
  for (let i = a + 1; i < b; i++) {
    const y = level(i);
    if (Math.abs(y - last) < 0.05) continue;
    d += `H${px(place.x(first + i - from))}V${px(y)}`;
    last = y;
  }
  return `${d}H${px(place.x(first + b - from))}V${px(level(b))}H${px(place.right)}`;
}

/**
 * What lies behind the bars: the axis, and the columns of windows that take no part.
 *
 * @param {View} view
 * @param {Trace} trace
 * @param {number} strand
 * @param {string} hatching
 */
export function behind(view, trace, strand, hatching) {
  const { place, data, scale } = view;
  /** @type {[number, string][]} */
  const ys = scale.ticks.map(([v, text]) => [place.y(v, strand), text]);
  const skip = strand && data.low >= 0 ? 1e-6 : -1; // the shared zero is written once
  const written = ys.filter(([y]) => !strand || y >= place.y(scale.base, strand) + skip);
  const [, , holes, absent] = pathsOf(view, trace, strand);
  const marks = ys.map(([y, text], i) => make("svg:g", { "data-value": scale.ticks[i][0], "data-strand": strand },
    make("svg:path", { class: "ec-track-axis", d: `M${px(place.left)} ${px(y)}H${px(place.right)}` }),
    written.includes(ys[i]) ? make("svg:text", { x: place.left - 6, y: px(y + 0.26 * place.rem), "text-anchor": "end" }, text) : null));
  return [
    ...marks,
    make("svg:path", { class: "ec-track-out", "data-name": "absent", d: absent }),
    make("svg:path", { class: "ec-track-hatch", "data-name": "partial", fill: hatching, d: holes }),
  ];
}

/**
 * What lies before the bars: the names of the strands, max pooling's gradient, the pooled value.
 *
 * @param {View} view
 * @param {State} state
 * @param {Trace} trace
 */
export function before(view, state, trace) {
  const { place, data } = view;
  const name = (/** @type {string} */ text, /** @type {number} */ y) => make("svg:text", { class: "ec-track-strand", x: place.right, y, "text-anchor": "end" }, text);
  const names = state.both_strands ? [name("given strand", place.top + 0.45 * place.rem), name("other strand", place.bottom + 0.3 * place.rem)] : [];
  const isPooled = data.name === "running"
    || (data.quantity.kind === "score" && (["cells", "activated"].includes(data.name) || state.activation === "identity"));
  return [...names, ...(data.isTop ? topOf(view) : []), ...(isPooled ? strandsOf(state).flatMap((strand) => pooledOf(view, trace, strand)) : [])];
}

/**
 * @param {View} view
 * @param {Trace} trace
 * @param {number} strand
 */
function pooledOf({ place }, { pooled }, strand) {
  const y = place.y(pooled, strand);
  const line = make("svg:path", { class: "ec-track-pooled", d: `M${px(place.left)} ${px(y)}H${px(place.right)}` });
  const isHigh = y - place.top < 1.2 * place.rem;
  const at = { x: place.left + 6, y: px(isHigh ? y + 0.95 * place.rem : y - 0.3 * place.rem) };
  return strand ? [line] : [line, make("svg:text", { class: "ec-track-name", ...at }, `\u25c6 ePool ${format(pooled)}`)];
}

/**
 * Paths of a strand: bars, bars of windows that take no part, columns of partial windows, columns of absent ones.
 *
 * @param {View} view
 * @param {Trace} trace
 * @param {number} strand
 */
export function pathsOf({ place, data, scale }, trace, strand) {
  /** @type {string[][]} */
  const out = [[], [], [], []];
  const from = strand * data.count;
  const first = trace.starts[from];
  const [a, b] = [Math.max(place.first, first) - first + from, Math.min(place.last - first, data.count) + from];
  const gap = place.unit >= 6 ? 1 : place.unit >= 3 ? 0.5 : 0;
  const perColumn = Math.max(1, Math.floor(1 / place.unit)); // narrower than a pixel: the highest and the lowest of a column
  for (let i = a; i < b; i += perColumn) {
    const end = Math.min(i + perColumn, b);
    const { high, low, isIn, isWhole, isAbsent } = extremesOf(data, trace.whole, i, end, scale.base);
    const x = place.x(first + i - from);
    const width = (end - i) * place.unit;
    if (!isWhole || isAbsent) out[isWhole ? 3 : 2].push(box(x, strand ? place.bottom - place.size : place.top, width, place.size));
    if (high === low) continue;
    const [y1, y2] = [place.y(high, strand), place.y(low, strand)];
    out[isIn ? 0 : 1].push(box(x + gap / 2, Math.min(y1, y2), Math.max(width - gap, 0.5), Math.abs(y2 - y1)));
  }
  return out.map((parts) => parts.join(""));
}

/**
 * Max pooling's gradient: all of it at one window.
 *
 * @param {View} view
 */
function topOf({ place, data }) {
  const i = (data.isTop ?? []).indexOf(true);
  const strand = i >= data.count ? 1 : 0;
  const start = data.trace.starts[i];
  if (start < place.first || start >= place.last) return [];
  const x = place.x(start + 0.5);
  const [zero, one] = [place.y(0, strand), place.y(1, strand)];
  const tip = strand ? -1 : 1;
  return [make("svg:path", { class: "ec-track-max", "data-name": "max", d: `M${px(x)} ${px(zero)}V${px(one)}m-5 ${tip * 4}h10l-5 ${-tip * 8}z` })];
}

/**
 * Where a part of the axis lies on the page.
 *
 * @param {{ top: number, bottom: number, size: number }} place
 * @param {number} part
 * @param {number} strand
 */
export const heightAt = ({ top, bottom, size }, part, strand) => (strand ? bottom - size : top + size) + (strand ? 1 : -1) * part * size;

/** @param {import("./values.js").Data} data */
export const totalOf = ({ values }) => values.reduce((/** @type {number} */ sum, v) => sum + (v ?? 0), 0);

/**
 * How far a total fills its meter, in which 1 lies at 0.6.
 *
 * @param {number} total
 */
export const filled = (total) => (total < 1 ? 0.6 * total : 1 - 0.4 / total);

/** @param {number} total */
export const meter = (total) => make("span", { class: "ec-track-meter", "aria-hidden": "true" }, make("i", { style: `width:${100 * filled(total)}%` }));
