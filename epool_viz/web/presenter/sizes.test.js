import { expect, test } from "vitest";
import { bestOf, SIZES, suits } from "./sizes.js";

test("sizes are tried from the largest to that of a page as it is", () => {
  expect([...SIZES].sort((a, b) => b - a)).toEqual(SIZES);
  expect(SIZES.at(-1)).toBe(100);
});

test("a picture suits that takes most of the height and leaves room below", () => {
  expect(suits({ size: 150, top: 0.18, height: 0.62 })).toBe(true);
  expect(suits({ size: 150, top: 0.18, height: 0.59 })).toBe(false);
  expect(suits({ size: 150, top: 0.31, height: 0.6 })).toBe(false);
});

test("the largest that suits is taken, else where most of the picture is seen", () => {
  const tried = [{ size: 200, top: 0.37, height: 0.83 }, { size: 150, top: 0.18, height: 0.62 }, { size: 100, top: 0.12, height: 0.61 }];
  expect(bestOf(tried)).toBe(150);
  expect(bestOf([{ size: 200, top: 0.5, height: 2 }, { size: 125, top: 0.14, height: 0.81 }, { size: 100, top: 0.1, height: 0.3 }])).toBe(125);
});
