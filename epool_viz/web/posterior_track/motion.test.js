import { expect, test } from "vitest";
import { barsBetween, barsDropped, barsGrown, partsOf } from "./motion.js";
import { QUANTITIES, runningSums, scaleOf } from "./values.js";

/** @typedef {import("./motion.js").Still} Still */

/** @type {(name: string, values: (number | null)[], isLog?: boolean) => Still} */
function still(name, values, isLog = false) {
  const sums = name === "running" ? runningSums(values) : null;
  const all = (sums?.values ?? values).filter((v) => v !== null);
  const data = /** @type {import("./values.js").Data} */ (/** @type {unknown} */ ({
    name, quantity: QUANTITIES[name], values: sums?.values ?? values, bases: sums?.bases ?? null, isTop: null,
    low: Math.min(0, ...all), high: Math.max(0, ...all), least: Math.min(...all.map(Math.abs).filter(Boolean)),
  }));
  return { data, scale: scaleOf(data, isLog, 6) };
}

const scores = [-12.5, 3.25, -7, 4.811, null, -30];
const shifted = scores.map((x) => (x === null ? null : 1.3 * (x - 4.811)));
const exponentials = shifted.map((x) => (x === null ? null : Math.exp(x)));
const total = exponentials.reduce((/** @type {number} */ sum, x) => sum + (x ?? 0), 0);
const weights = exponentials.map((x) => (x === null ? null : x / total));
const weighted = weights.map((w, i) => (w === null ? null : w * (scores[i] ?? 0)));
/** @type {[string, Still, Still][]} */
const PAIRS = [
  ["shift", still("scores", scores), still("shifted", shifted)],
  ["exponentiate", still("shifted", shifted), still("exponentials", exponentials)],
  ["normalise", still("exponentials", exponentials), still("weights", weights)],
  ["normalise, logs", still("exponentials", exponentials, true), still("weights", weights, true)],
  ["multiply", still("posterior", weights), still("weighted", weighted)],
  ["sum", still("weighted", weighted), still("running", weighted)],
];
/** @type {(still: Still) => [number, number][]} */
const ends = ({ data, scale }) => data.values.map((v, i) => {
  const base = data.bases?.[i] ?? scale.base;
  return [scale.y(base), scale.y(v ?? base)];
});
const TIMES = Array.from({ length: 51 }, (_, i) => i / 50);

test.each(PAIRS)("%s: at the ends a motion is bit for bit the still picture", (_, a, b) => {
  const at = (/** @type {number} */ t) => a.data.values.map((_, i) => barsBetween(a, b, t)(i));
  expect(at(0)).toEqual(ends(a));
  expect(at(1)).toEqual(ends(b));
});

test.each(PAIRS)("%s: every frame is near the one before", (_, a, b) => {
  const frames = TIMES.map((t) => a.data.values.flatMap((_, i) => barsBetween(a, b, t)(i)));
  frames.slice(1).forEach((now, k) => now.forEach((y, i) => expect(Math.abs(y - frames[k][i])).toBeLessThan(0.2)));
});

test("what changes in the values alone never turns back", () => {
  const [a, b] = [still("exponentials", [1, 0.5, 0.2]), still("weights", [0.97, 0.48, 0.19])];
  a.scale.ends = b.scale.ends = [0, 1];
  const tips = TIMES.map((t) => barsBetween(a, b, t)(0)[1]);
  expect([...tips].sort((x, y) => y - x)).toEqual(tips);
  expect(tips[0] - (tips.at(-1) ?? 0)).toBeCloseTo(0.03);
});

test("an axis that holds both pictures lasts no time", () => {
  expect(partsOf([0, 1], [0, 1])).toEqual({ both: [0, 1], wide: 0, moved: 1 });
  expect(partsOf([-40, 5], [-45, 0])).toEqual({ both: [-45, 5], wide: 0.3, moved: 0.7 });
  expect(partsOf([0, 1], [0, 0.6])).toEqual({ both: [0, 1], wide: 0, moved: 0.7 });
});

test("a kernel drops bar after bar, each once", () => {
  const picture = still("scores", scores);
  const none = scores.map((_, i) => barsDropped(picture, 0, scores.length)(i));
  expect(none.every(([base, tip]) => base === tip)).toBe(true);
  const half = scores.map((_, i) => barsDropped(picture, 3, scores.length)(i));
  expect(half[1]).toEqual(ends(picture)[1]);
  expect(half[5][0]).toBe(half[5][1]);
  expect(scores.map((_, i) => barsDropped(picture, scores.length, scores.length)(i))).toEqual(ends(picture));
  expect(scores.map((_, i) => barsGrown(picture, 1)(i))).toEqual(ends(picture));
});

test("each bar of a running sum stands where the one before ends, and the last ends at the sum", () => {
  const { values, bases } = runningSums(weighted);
  expect(values.filter((v) => v !== null).at(-1)).toBeCloseTo(weighted.reduce((/** @type {number} */ sum, v) => sum + (v ?? 0), 0), 12);
  for (let i = 1; i < values.length; i++) expect(bases[i]).toBe(values[i - 1] ?? bases[i - 1]);
});
