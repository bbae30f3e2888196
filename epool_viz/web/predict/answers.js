// The questions' answers: what is true, by the traces before and after.

import { informationContent, largestAt, sum } from "../lib/maths.js";

/** @typedef {{trace: Trace, measures: Record<string, number>}} Side */

const LIMIT = 1e-9; // below it two numbers are the same

/**
 * A patch with its {add: x} resolved against a state.
 *
 * @param {Patch | undefined} patch
 * @param {State} state
 * @returns {Patch}
 */
export function resolve(patch, state) {
  const value = (/** @type {string} */ key, /** @type {any} */ x) => {
    if (!x || typeof x !== "object" || !("add" in x)) return x;
    if (key !== "kernel") return state[key] + x.add;
    const column = x.column < 0 ? state.kernel[0].length + x.column : x.column;
    return state.kernel.map((row) => row.map((w, j) => (column === undefined || column === j ? w + x.add : w)));
  };
  return Object.fromEntries(Object.entries(patch ?? {}).map(([key, x]) => [key, value(key, x)]));
}

/**
 * What answers and explanations may name, of one trace.
 *
 * @param {State} state
 * @param {Trace} trace
 * @returns {Record<string, number>}
 */
export function measuresOf(state, trace) {
  const best = largestAt(trace.posterior);
  const slopes = (/** @type {number[]} */ list) => list.filter((g) => Math.abs(g) > 0.01).length;
  return {
    m: state.m,
    pooled: trace.pooled,
    average: trace.average,
    maximum: trace.maximum,
    log_sum_exp: trace.logSumExp ?? Infinity,
    entropy: trace.entropy,
    effective_windows: trace.effectiveWindows,
    windows: trace.cells.length,
    offset: trace.pwm.offset,
    information: sum(informationContent(trace.pwm.ppm, state.background)),
    largest_posterior: trace.posterior[best],
    best_window: best + 1,
    site_probability: trace.siteProbability,
    below_average_weight: sum(trace.weights.filter((_, i) => trace.takingPart[i] && trace.cells[i] < trace.average)),
    average_gradient_windows: slopes(trace.takingPart.map((takes) => (takes ? 1 : 0) / trace.takingPart.filter(Boolean).length)),
    gradient_windows: slopes(trace.gradient),
    max_gradient_windows: slopes(trace.maxGradient),
    negative_gradient_windows: trace.gradient.filter((g) => g < 0).length,
  };
}

/**
 * @param {number} a
 * @param {number} b
 */
const near = (a, b) => a === b || Math.abs(a - b) <= LIMIT * Math.max(1, Math.abs(a), Math.abs(b));

/**
 * The numbers of a trace by their name; "ppm" is that of its reading.
 *
 * @param {Side} side
 * @param {string} name
 * @returns {number[]}
 */
const numbersOf = ({ trace }, name) => (name === "ppm" ? trace.pwm.ppm.flat() : /** @type {Record<string, any>} */ (trace)[name]);

/**
 * Each kind of answer.
 *
 * @type {Record<string, (asked: {
 *   answer: Message, before: Side, after: Side,
 *   measure: (name: string, of: string) => number, compare: (name: string, a: string, b: string) => string,
 * }) => unknown>}
 */
const KINDS = {
  series: ({ answer, after }) => numbersOf(after, answer.series),
  number: ({ answer, measure }) => measure(answer.number, answer.of ?? "after"),
  compare: ({ answer, compare }) => compare(...(/** @type {[string, string, string]} */ (answer.compare))),
  fate: ({ answer, measure, compare }) => (measure(answer.fate, "after") <= LIMIT ? "nothing" : compare(answer.fate, "after", "before")),
  changed({ answer, before, after }) {
    const [a, b] = [before, after].map((side) => numbersOf(side, answer.changed));
    return a.length === b.length && a.every((x, i) => near(x, b[i])) ? "same" : "changed";
  },
  most({ answer, measure }) {
    const values = answer.most.map((/** @type {string} */ name) => measure(name, answer.of ?? "after"));
    const top = Math.max(...values);
    return values.filter((/** @type {number} */ x) => near(x, top)).length > 1 ? "same" : answer.most[values.indexOf(top)];
  },
};

/**
 * The truth: a value of `options`, a number, or a series. `before` and `after` are {trace, measures}.
 *
 * @param {Message} answer
 * @param {Side} before
 * @param {Side} after
 * @returns {any}
 */
export function answerOf(answer, before, after) {
  const [kind] = Object.keys(answer);
  if (!Object.hasOwn(KINDS, kind)) throw new Error(`There is no answer of the kind ${kind}.`);
  /** @type {Record<string, Side>} */
  const sides = { before, after };
  const measure = (/** @type {string} */ name, /** @type {string} */ of) => {
    const x = sides[of]?.measures[name];
    if (typeof x !== "number" || Number.isNaN(x)) throw new Error(`There is no number ${of}.${name}.`);
    return x;
  };
  const compare = (/** @type {string} */ name, /** @type {string} */ a, /** @type {string} */ b) => {
    const [x, y] = [measure(name, a), measure(name, b)];
    return near(x, y) ? "same" : x > y ? "up" : "down";
  };
  return KINDS[kind]({ answer, measure, compare, before, after });
}
