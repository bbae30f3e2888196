import { expect, test } from "vitest";
import { furthest, ranksOf } from "./values.js";

test("of neighbours the value furthest from 0 stands", () => {
  expect(furthest([9, 1, -3, 2, 0, 0, -1, 4], 1, 8, 3)).toEqual([[1, -3], [4, -1], [7, 4]]);
});

test("equal values share the better rank", () => {
  expect([...ranksOf([2, 5, 2, -1])]).toEqual([2, 1, 2, 4]);
});
