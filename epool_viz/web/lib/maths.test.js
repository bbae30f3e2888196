// The page's twin, function by function, against `core`; whatever the module exports has a case here.

import { expect, inject, test } from "vitest";
import * as maths from "./maths.js";

const TOLERANCE = 1e-11; // relative, and absolute below 1
/** @type {{ functions: Record<string, { args: any[], expected: any }[]>, traces: { input: any, expected: any }[] }} */
const golden = JSON.parse(inject("golden"));
const twin = /** @type {Record<string, Function>} */ (/** @type {unknown} */ (maths));

/** @type {Record<string, number>} */
const INFINITE = { inf: Infinity, "-inf": -Infinity }; // JSON has neither

/**
 * Where two answers differ by more than rounding, as a path with both values; null where they agree.
 *
 * @type {(ours: any, theirs: any) => string | null}
 */
function difference(ours, theirs) {
  if (theirs !== null && typeof theirs === "object") {
    if (Array.isArray(theirs) && ours?.length !== theirs.length) return `: length ${ours?.length}, core has ${theirs.length}`;
    for (const key of Object.keys(theirs)) {
      const found = difference(ours[key], theirs[key]);
      if (found) return `.${key}${found}`;
    }
    return null;
  }
  const wanted = INFINITE[theirs] ?? theirs;
  const isSame = typeof wanted === "number" && Number.isFinite(wanted)
    ? Math.abs(Number(ours) - wanted) <= TOLERANCE * (1 + Math.abs(wanted))
    : ours === wanted;
  return isSame ? null : `: ${ours}, core says ${theirs}`;
}

test("a difference is found, however deep", () => {
  expect(difference({ a: [1, [2, 3]] }, { a: [1, [2, 3 + 1e-9]] })).toMatch(/^\.a\.1\.1: 3, core says 3\.0/);
  expect(difference([1, 2], [1])).toBe(": length 2, core has 1");
  expect([difference(1, "inf"), difference(null, 0.5), difference(Number.NaN, 1), difference(undefined, null)]).not.toContain(null);
  expect([difference(-Infinity, "-inf"), difference(true, 1), difference(null, null), difference("-", "-")]).toEqual([null, null, null, null]);
});

test("every function of the twin has examples", () => {
  const functions = Object.keys(twin).filter((name) => typeof twin[name] === "function");
  expect(new Set(functions)).toEqual(new Set([...Object.keys(golden.functions), "eStepTrace"]));
});

test.each(Object.keys(golden.functions))("the twin answers as core does: %s", (name) => {
  const cases = golden.functions[name];
  expect(cases.length).toBeGreaterThan(0);
  for (const { args, expected } of cases) expect(difference(twin[name](...args), expected), JSON.stringify(args)).toBeNull();
});

test("the twin of a trace is the trace of core whatever the options", () => {
  expect(golden.traces.length).toBeGreaterThan(500);
  for (const { input, expected } of golden.traces) {
    const ours = maths.eStepTrace(input);
    const { codes, kernel, ...options } = input;
    expect(difference(ours, expected), JSON.stringify(options)).toBeNull();
    expect(ours.identityError).toBeLessThan(TOLERANCE);
  }
});

test("the bounds of an estimate are told in words", () => {
  const kernel = [[-1, -1], [0, 0], [1, 1], [2, 2]];
  expect(maths.estimateLogBase(kernel, [[0, 0]])).toEqual({
    reason: "the best windows score no better than the mean of each column",
  });
  expect(maths.estimateLogBase(kernel, [[3, 3]])).toEqual({
    reason: "every best window has the best letter in every column",
  });
});
