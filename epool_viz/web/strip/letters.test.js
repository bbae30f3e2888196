import { expect, test } from "vitest";
import { reading, runsOf } from "./letters.js";

const state = /** @type {State} */ (/** @type {unknown} */ ({ alphabet: "ACGT", complement: [3, 2, 1, 0], codes: [0, 0, 1, -1, 3] }));

test("neighbours of one tone are one run", () => {
  expect(runsOf(state.codes, 0, 5, state)).toEqual({ A: [[0, 2]], C: [[2, 3]], other: [[3, 4]], T: [[4, 5]] });
  expect(runsOf(state.codes, 1, 2, state)).toEqual({ A: [[1, 2]] });
});

test("a window is read as its strand is read, padding as dots", () => {
  expect(reading(state, { start: 1, strand: 0 }, 4)).toBe("ACNT");
  expect(reading(state, { start: 1, strand: 1 }, 4)).toBe("ANGT");
  expect(reading(state, { start: -1, strand: 0 }, 3)).toBe("\u00b7AA");
  expect(reading(state, { start: 3, strand: 0 }, 4)).toBe("NT\u00b7\u00b7");
});

test("on the other strand the padding beyond the last letter is read first, that before the first one last", () => {
  expect(reading(state, { start: 3, strand: 1 }, 4)).toBe("\u00b7\u00b7AN");
  expect(reading(state, { start: -2, strand: 1 }, 4)).toBe("TT\u00b7\u00b7");
  expect(reading(state, { start: -1, strand: 1 }, 7)).toBe("\u00b7ANGTT\u00b7");
});
