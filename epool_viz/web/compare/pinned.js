// A pinned state: what of a state is pinned, whether it is one, what follows from it, and what differs from the present.

import { eStepTrace, informationContent, largestAt, letterHeights, mostBits, sum } from "../lib/maths.js";
import { format } from "../lib/numbers.js";
import { inputsOf, TRACED } from "../lib/store.js";

/** @typedef {ReturnType<typeof sideOf>} Side */

const NAMED = ["alphabet", "sequence_name", "kernel_name", "background_choice", "link", "mutations"];
const [MOST_LETTERS, WIDEST] = [100_000, 200];
const CHOICES = {
  m: "m", mode: "mode", bias: "bias", local_window: "local max over", activation: "rectifier", padding: "padding",
  both_strands: "both strands", occurrence: "occurrence", site_rate: "site rate",
};

/**
 * What of a state is pinned.
 *
 * @param {State} state
 */
export function snapshot(state) {
  const kept = [...TRACED, ...NAMED].filter((key) => state[key] !== undefined);
  return JSON.parse(JSON.stringify(Object.fromEntries(kept.map((key) => [key, state[key]]))));
}

/**
 * Why a value is no pinned state, as a sentence; null if it is one.
 *
 * @param {any} pinned
 */
export function fault(pinned) {
  const damaged = "The pinned state is damaged and is not shown; pin another one.";
  const isNumber = (/** @type {unknown} */ x) => typeof x === "number" && Number.isFinite(x);
  const { codes, kernel, background, complement, alphabet } = pinned ?? {};
  const numbers = ["bias", "m", "mode", "local_window", "site_rate"];
  if (!Array.isArray(codes) || codes.length > MOST_LETTERS || !codes.every(Number.isInteger)) return damaged;
  if (!Array.isArray(kernel) || !kernel.length || !Array.isArray(kernel[0])) return damaged;
  const width = kernel[0].length;
  if (!width || width > WIDEST || !kernel.every((row) => Array.isArray(row) && row.length === width && row.every(isNumber))) return damaged;
  if (typeof alphabet !== "string" || alphabet.length !== kernel.length || codes.some((code) => code >= kernel.length)) return damaged;
  if (!numbers.every((key) => isNumber(pinned[key])) || pinned.m < 0 || pinned.local_window < 1) return damaged;
  if (background && (background.length !== kernel.length || !background.every((/** @type {any} */ q) => isNumber(q) && q > 0))) return damaged;
  if (pinned.both_strands && complement?.length !== kernel.length) return damaged;
  return null;
}

/**
 * One side: its trace, its logo, its numbers. Throws what the trace throws.
 *
 * @param {State} state
 */
export function sideOf(state) {
  const trace = eStepTrace(inputsOf(state));
  const { ppm } = trace.pwm;
  const bits = informationContent(ppm, state.background);
  const best = largestAt(trace.posterior);
  return {
    state, trace, best, heights: letterHeights(ppm, bits),
    most: mostBits(ppm.length, state.background),
    numbers: {
      pooled: trace.pooled, average: trace.average, maximum: trace.maximum, logsumexp: state.m > 0 ? trace.logSumExp : Infinity,
      offset: trace.pwm.offset, information: sum(bits), effective: trace.effectiveWindows,
      posterior: trace.posterior[best], window: best + 1, site: trace.siteProbability,
    },
  };
}

/**
 * @param {unknown} a
 * @param {unknown} b
 */
const isSame = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
/** @param {unknown} x */
const word = (x) => (typeof x === "number" ? format(x) : typeof x === "boolean" ? (x ? "yes" : "no") : String(x ?? "\u2013"));

/**
 * What differs in the choices: [[what, pinned, present]], in words.
 *
 * @param {State} then
 * @param {State} now
 * @returns {string[][]}
 */
export function differences(then, now) {
  const both = (/** @type {string} */ what, /** @type {(state: State) => string} */ of) => (of(then) === of(now) ? [] : [[what, of(then), of(now)]]);
  const chosen = Object.entries(CHOICES).filter(([key]) => !isSame(then[key], now[key]));
  return [
    ...chosen.map(([key, name]) => [name, word(then[key]), word(now[key])]),
    ...(then.both_strands || now.both_strands ? both("both strands read by", ({ strand_reading: reading = "motif" }) => `a ${reading}`) : []),
    ...both("background", sharesOf),
    ...(isSame(then.kernel, now.kernel) ? [] : kernelDifferences(then, now)),
    ...(isSame(then.codes, now.codes) ? [] : both("sequence", (state) => word(state.sequence_name))),
    ...(then.codes.length === now.codes.length ? letterDifferences(then, now) : both("letters", ({ codes }) => String(codes.length))),
  ];
}

/** @param {State} state */
function sharesOf({ background: q, alphabet }) {
  const isUniform = !q || q.every((x) => Math.abs(x - q[0]) < 1e-9);
  return isUniform ? "uniform" : [...alphabet].map((a, i) => `${a} ${format(q[i], 3)}`).join(", ");
}

/**
 * @param {State} then
 * @param {State} now
 * @returns {string[][]}
 */
function kernelDifferences(then, now) {
  const rows = [["kernel", ...[then, now].map(({ kernel, kernel_name: name }) => `${name || "kernel"}, ${kernel[0].length} columns`)]];
  if (then.kernel[0].length !== now.kernel[0].length || then.kernel.length !== now.kernel.length) return rows;
  const gaps = now.kernel.flatMap((row, i) => row.map((x, j) => [Math.abs(x - then.kernel[i][j]), i, j])).filter(([gap]) => gap > 0);
  const [, i, j] = gaps.reduce((top, gap) => (gap[0] > top[0] ? gap : top));
  const what = `kernel: ${gaps.length} of ${now.kernel.flat().length} numbers differ, most ${now.alphabet[i]} in column ${j + 1}`;
  return [...rows, [what, word(then.kernel[i][j]), word(now.kernel[i][j])]];
}

/**
 * @param {State} then
 * @param {State} now
 * @returns {string[][]}
 */
function letterDifferences(then, now) {
  const letter = (/** @type {State} */ state, /** @type {number} */ i) => state.alphabet[state.codes[i]] ?? "N";
  const changed = now.codes.map((_, i) => i).filter((i) => letter(then, i) !== letter(now, i));
  const rows = changed.slice(0, 8).map((i) => [`letter ${i + 1}`, letter(then, i), letter(now, i)]);
  return changed.length > 8 ? [...rows, ["more letters that differ", "", String(changed.length - 8)]] : rows;
}
