// The quantities of a track: what each is, its numbers at the windows, and the scale on which they are drawn.

import { format } from "../lib/numbers.js";
import { niceStep } from "../lib/ticks.js";

/**
 * What is known of one window, for a sentence about it.
 *
 * @typedef {{name: string, value: number | null, show: string, share: string, trace: Trace, format: typeof format, most?: string}} Found
 * @typedef {{title: string, unit: string, of: string, kind: string, say: (found: Found) => string}} Quantity
 * @typedef {ReturnType<typeof read>} Data
 * @typedef {{y: (v: number) => number, ticks: [number, string][], base: number, ends: [number, number] | null}} Scale
 *   `ends` of the axis, where it is linear
 */

const SCORE = "score, in logs to the base e\u1d50";
// title; unit; of: one number a window or a cell; kind: "score", "share" or "slope" (can be small, so that a log scale
// helps); say(what) is a sentence about one window
/** @type {Record<string, Quantity>} */
export const QUANTITIES = {
  scores: { title: "Scores", unit: SCORE, of: "window", kind: "score", say: ({ name, show }) => `${name} scores ${show}.` },
  activated: { title: "Scores after the rectifier", unit: SCORE, of: "window", kind: "score", say: ({ name, show }) => `${name} scores ${show} after the rectifier.` },
  cells: { title: "What is pooled", unit: SCORE, of: "cell", kind: "score", say: ({ name, show }) => `${name} is pooled with ${show}.` },
  shifted: { title: "Shifted scores", unit: "m (x \u2212 max x)", of: "cell", kind: "distance", say: ({ name, show, value }) => (value === 0 ? `${name} is the best: 0.` : `${name} lies at ${show} from the best.`) },
  exponentials: { title: "Exponentials", unit: "e to the power of m (x \u2212 max x)", of: "cell", kind: "share", say: ({ name, show }) => `${name} counts ${show}, where the best window counts 1.` },
  weights: { title: "Weights", unit: "share, all together 1", of: "cell", kind: "share", say: ({ name, share }) => `${name} holds ${share} of the weight.` },
  posterior: { title: "Posterior", unit: "probability that the site starts here", of: "window", kind: "share", say: ({ name, share }) => `${name} holds ${share} of the posterior.` },
  weighted: { title: "Weight \u00d7 score", unit: "score; the sum is ePool", of: "cell", kind: "slope", say: ({ name, show, trace, format }) => `${name} adds ${show} to ePool, which is ${format(trace.pooled)}.` },
  running: { title: "Running sum", unit: "weight \u00d7 score, added up from the left; it ends at ePool", of: "cell", kind: "slope", say: ({ name, show, trace, format }) => `Up to ${name.replace(/^W/, "w")} the sum is ${show}; it ends at ePool, ${format(trace.pooled)}.` },
  gradient: { title: "Gradient", unit: "rise of the pooled value for a rise of this score by 1", of: "cell", kind: "slope", say: ({ name, show, most }) => `${name} passes ${show} of the gradient under ePool and ${most} under max pooling.` },
};

/**
 * The quantity at the windows: values (null where there is none), why a window takes no part, bounds.
 *
 * @param {State} state
 * @param {Trace} trace
 * @param {string} name
 */
export function read(state, trace, name) {
  const quantity = QUANTITIES[name];
  const n = trace.scores.length;
  const cellAt = new Int32Array(n).fill(-1);
  trace.cellWindows.forEach((w, c) => (cellAt[w] = c));
  const atCell = (/** @type {ArrayLike<number>} */ list) => Array.from(cellAt, (c) => (c < 0 || !Number.isFinite(list[c]) ? null : list[c]));
  const isSum = name === "running";
  const numbers = /** @type {Record<string, any>} */ (trace)[isSum ? "weighted" : name];
  /** @type {(number | null)[]} */
  const own = quantity.of === "window" ? numbers : atCell(numbers);
  const sums = isSum ? runningSums(own) : null;
  const values = sums?.values ?? own;
  const isPart = Array.from(cellAt, (c) => c >= 0 && trace.takingPart[c] && trace.gate[c] > 0);
  const finite = values.filter((v) => v !== null);
  const isTop = name === "gradient" ? atCell(trace.maxGradient).map((v) => v === 1) : null;
  return {
    name, quantity, trace, values, cellAt, isPart, isTop,
    bases: sums?.bases ?? null, // where bars begin, if not all at one value
    count: n / (state.both_strands ? 2 : 1),
    low: finite.reduce((a, v) => Math.min(a, v), 0),
    high: finite.reduce((a, v) => Math.max(a, v), isTop ? 1 : 0),
    least: finite.reduce((a, v) => (v !== 0 ? Math.min(a, Math.abs(v)) : a), Infinity),
  };
}

/**
 * The sum of all values up to each one, and what it was before.
 *
 * @param {(number | null)[]} values
 */
export function runningSums(values) {
  let sum = 0;
  /** @type {number[]} */
  const bases = [];
  const sums = values.map((v) => {
    bases.push(sum);
    sum += v ?? 0;
    return v === null ? null : sum;
  });
  return { values: sums, bases };
}

/** @param {Quantity} quantity */
const isRound = ({ kind }) => kind === "share" || kind === "distance";

/**
 * The axis of values: `y(value)` from 0 at its lower end to 1, its ticks, the value where bars begin.
 *
 * @param {Data} data
 * @param {boolean} isLog
 * @param {number} room
 * @returns {Scale}
 */
export function scaleOf(data, isLog, room) {
  const { kind } = data.quantity;
  if (isLog && kind === "share") return logScale(data, room);
  if (isLog && kind === "slope") return foldedScale(data, room);
  return linearScale(data, room);
}

/**
 * @param {Data} data
 * @param {number} room
 * @returns {Scale}
 */
function logScale({ high, least }, room) {
  const top = Math.ceil(Math.log10(high || 1) - 1e-9);
  const bottom = Math.max(Math.min(Math.floor(Math.log10(Number.isFinite(least) ? least : 1)), top - 1), top - 12);
  const y = (/** @type {number} */ v) => (v > 0 ? Math.max((Math.log10(v) - bottom) / (top - bottom), 0) : 0);
  const every = Math.max(Math.ceil((top - bottom) / Math.max(room, 1)), 1);
  /** @type {[number, string][]} */
  const ticks = [];
  for (let p = top; p >= bottom; p -= every) ticks.push([10 ** p, power(p)]);
  return { y, ticks, base: 10 ** bottom, ends: null };
}

/**
 * Logarithmic on both sides of 0, linear about it.
 *
 * @param {Data} data
 * @param {number} room
 * @returns {Scale}
 */
function foldedScale({ low, high }, room) {
  const top = Math.ceil(Math.log10(Math.max(high, -low) || 1) - 1e-9);
  const fold = (/** @type {number} */ v) => Math.sign(v) * Math.log10(1 + Math.abs(v) / 10 ** (top - 4));
  const [a, b] = [fold(low), fold(high)];
  const y = (/** @type {number} */ v) => (fold(v) - a) / (b - a || 1);
  /** @type {[number, string][]} */
  const all = [[0, "0"], ...[top, top - 2].flatMap((p) => /** @type {[number, string][]} */ ([[10 ** p, power(p)], [-(10 ** p), `\u2212${power(p)}`]]))];
  return { y, ticks: apart(all.filter(([v]) => v >= low && v <= Math.max(high, 0)), y, room), base: 0, ends: null };
}

/**
 * Shares move with m: round ends keep the axis still; scores and slopes use all the room there is.
 *
 * @param {Data} data
 * @param {number} room
 * @returns {Scale}
 */
function linearScale({ low, high, quantity }, room) {
  const span = high - low || 1;
  const step = niceStep(span / (Math.max(room, 1) + (isRound(quantity) ? 0 : 1.5)), [1, 2, 2.5, 5]);
  const pad = isRound(quantity) ? 0 : 0.04 * span;
  const a = isRound(quantity) ? Math.floor(low / step + 1e-9) * step : low < 0 ? low - pad : 0;
  const b = (isRound(quantity) ? Math.ceil(high / step - 1e-9) * step : high + pad) || (low < 0 ? 0 : step);
  /** @type {[number, string][]} */
  const ticks = [];
  for (let k = Math.ceil(a / step - 1e-9); k <= Math.floor(b / step + 1e-9); k++) ticks.push([k * step, format(Number((k * step).toPrecision(6)), 3)]);
  return { y: (v) => (v - a) / (b - a), ticks, base: 0, ends: [a, b] };
}

/**
 * The extremes of windows [from, to) together, with where their bars begin among them, and how they take part.
 *
 * @param {Data} data
 * @param {boolean[]} whole
 * @param {number} from
 * @param {number} to
 * @param {number} zero
 */
export function extremesOf({ values, bases, isPart }, whole, from, to, zero) {
  const base = bases?.[from] ?? zero;
  const found = { high: base, low: base, isIn: false, isWhole: true, isAbsent: true };
  for (let i = from; i < to; i++) {
    found.isWhole &&= whole[i];
    found.isAbsent &&= !isPart[i];
    const v = values[i];
    if (v === null) continue;
    found.isIn ||= isPart[i];
    if (v > found.high) found.high = v;
    if (v < found.low) found.low = v;
  }
  return found;
}

/** @param {number} n */
const power = (n) => (n === 0 ? "1" : `10${superscript(n)}`);
/** @param {number} n */
const superscript = (n) => String(n).replace("-", "\u207b").replace(/\d/g, (d) => "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[Number(d)]);

/**
 * The ticks that stand apart by at least a part of the axis, the first ones first.
 *
 * @param {[number, string][]} ticks
 * @param {(v: number) => number} y
 * @param {number} room
 */
function apart(ticks, y, room) {
  /** @type {[number, string][]} */
  const kept = [];
  for (const tick of ticks) if (kept.every(([v]) => Math.abs(y(v) - y(tick[0])) > 0.6 / Math.max(room, 1))) kept.push(tick);
  return kept;
}
