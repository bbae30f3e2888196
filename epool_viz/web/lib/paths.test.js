import { expect, test } from "vitest";
import { box, px, stackOf } from "./paths.js";

test("paths are written to a tenth of a pixel", () => {
  expect([1.24, 1.25, -0.04, 7].map(px)).toEqual([1.2, 1.3, -0, 7]);
  expect(box(1.23, 2, 10.06, 3)).toBe("M1.2 2h10.1v3h-10.1z");
});

test("letters are stacked from the lowest, negative ones without height", () => {
  const heights = [[1, 0], [0.5, 0], [-1, 0], [0.5, 2]];
  expect(stackOf(heights, 0, 2)).toEqual([[2, 0, 0], [1, 0, 0.25], [3, 0.25, 0.25], [0, 0.5, 0.5]]);
  expect(stackOf(heights, 1, 2).at(-1)).toEqual([3, 0, 1]);
});
