// What lies between two still pictures of a track: bars between the bars of both, on an axis between their axes.

import { between, within } from "../lib/motion.js";

/** @typedef {import("./values.js").Data} Data */
/** @typedef {import("./values.js").Scale} Scale */
/** @typedef {{ data: Data, scale: Scale }} Still what is drawn of a quantity, and its axis */
/** @typedef {(i: number) => [base: number, tip: number]} Bars the ends of the bar of a window, from 0 at the lower end of the axis to 1 */

/** @type {(still: Still, i: number) => number} */
const baseOf = ({ data, scale }, i) => data.bases?.[i] ?? scale.base;
/** @type {(still: Still, i: number) => number} */
const tipOf = (still, i) => still.data.values[i] ?? baseOf(still, i);

/**
 * The parts of a motion: first the axis takes in the values of both pictures, then the values move on it, then it fits the
 * later ones. A part in which nothing changes takes no time.
 *
 * @param {[number, number]} a the ends of the axis before
 * @param {[number, number]} b and after
 */
export function partsOf(a, b) {
  /** @type {[number, number]} */
  const both = [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
  const differ = (/** @type {number[]} */ x, /** @type {number[]} */ y) => x[0] !== y[0] || x[1] !== y[1];
  const [wide, moved] = [differ(a, both) ? 0.3 : 0, differ(b, both) ? 0.7 : 1];
  return { both, wide, moved };
}

/**
 * How far the values are on their way.
 *
 * @param {Still} a
 * @param {Still} b
 * @param {number} t
 */
export function timeOfValues(a, b, t) {
  if (!a.scale.ends || !b.scale.ends) return t;
  const { wide, moved } = partsOf(a.scale.ends, b.scale.ends);
  return within(t, wide, moved);
}

/**
 * Where both axes are linear, the axis between them; not from exponents to exponentials, which no axis shows together.
 *
 * @param {Still} a
 * @param {Still} b
 * @param {number} t
 */
export function axisBetween(a, b, t) {
  const [from, to] = [a.scale.ends, b.scale.ends];
  if (!from || !to || (a.data.quantity.kind === "distance" && b.data.quantity.kind === "share")) return null;
  const { both, wide, moved } = partsOf(from, to);
  const [out, back] = [wide ? within(t, 0, wide) : 1, moved < 1 ? within(t, moved, 1) : 0];
  const end = (/** @type {0 | 1} */ k) => (back > 0 ? between(both[k], to[k], back) : between(from[k], both[k], out));
  const [low, high] = [end(0), end(1)];
  return (/** @type {number} */ v) => (v - low) / (high - low);
}

/**
 * The bars a part `t` of the way from one picture to another: their values are between those of both where there is an axis
 * for them; else the ends of the bars are, as they lie on the page.
 *
 * @param {Still} a
 * @param {Still} b
 * @param {number} t
 * @returns {Bars}
 */
export function barsBetween(a, b, t) {
  const y = axisBetween(a, b, t);
  if (!y) {
    return (i) => [
      between(a.scale.y(baseOf(a, i)), b.scale.y(baseOf(b, i)), t),
      between(a.scale.y(tipOf(a, i)), b.scale.y(tipOf(b, i)), t),
    ];
  }
  const u = timeOfValues(a, b, t);
  return (i) => [y(between(baseOf(a, i), baseOf(b, i), u)), y(between(tipOf(a, i), tipOf(b, i), u))];
}

const DROPS = 0.04; // of all windows: how far behind the kernel a bar has its whole length

/**
 * The bars that a kernel has dropped which has left `left` of `count` windows behind.
 *
 * @param {Still} still
 * @param {number} left
 * @param {number} count of a strand
 * @returns {Bars}
 */
export function barsDropped(still, left, count) {
  const soft = Math.max(DROPS * count, 1);
  const reach = (left / count) * (count + soft);
  return (i) => {
    const [base, tip] = [still.scale.y(baseOf(still, i)), still.scale.y(tipOf(still, i))];
    return [base, between(base, tip, (reach - (i % count)) / soft)];
  };
}

/**
 * The bars a part `t` of the way from none.
 *
 * @param {Still} still
 * @param {number} t
 * @returns {Bars}
 */
export const barsGrown = (still, t) => (i) => {
  const [base, tip] = [still.scale.y(baseOf(still, i)), still.scale.y(tipOf(still, i))];
  return [base, between(base, tip, t)];
};
