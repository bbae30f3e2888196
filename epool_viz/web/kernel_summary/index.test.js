import { expect, test, vi } from "vitest";

vi.stubGlobal("ResizeObserver", class {});
const { strongestFirst, topOf } = await import("./index.js");

test("the strongest kernel comes first, by its weight or else by its bits", () => {
  expect(strongestFirst([0.5, -2, 1.5], () => [])).toEqual([2, 0, 1]);
  expect(strongestFirst(null, () => [3, 9, 9, 1])).toEqual([1, 2, 0, 3]);
});

test("an axis ends just over the tallest column and never over what there can be", () => {
  expect(topOf([0.1, 0.38], 2)).toBeCloseTo(0.4);
  expect(topOf([2, 1], 2)).toBe(2);
  expect(topOf([0, 0], 2)).toBeCloseTo(0.1);
});
