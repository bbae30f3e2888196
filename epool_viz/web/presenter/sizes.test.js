import { expect, test } from "vitest";
import { LARGEST, SHARE, SMALLEST, bestOf, nextSize } from "./sizes.js";

test("a picture that grows with the text reaches its share, and stays there", () => {
  const shareAt = (/** @type {number} */ size) => 0.0041 * size;
  let size = 100;
  for (let i = 0; i < 5; i++) size = nextSize(size, shareAt(size));
  expect(Math.abs(shareAt(size) - SHARE)).toBeLessThan(0.04);
  expect(nextSize(size, shareAt(size))).toBe(size);
});

test("sizes stay within their bounds, and a picture that is not there changes none", () => {
  expect(nextSize(100, 5)).toBe(SMALLEST);
  expect(nextSize(200, 0.1)).toBe(LARGEST);
  expect(nextSize(130, 0)).toBe(130);
  expect(nextSize(130, NaN)).toBe(130);
});

test("the best of what was tried is large enough before it is near", () => {
  expect(bestOf([{ size: 100, share: 0.41 }, { size: 165, share: 0.82 }, { size: 150, share: 0.62 }])).toBe(150);
  expect(bestOf([{ size: 100, share: 0.59 }, { size: 110, share: 0.9 }])).toBe(110);
  expect(bestOf([{ size: 100, share: 0.3 }, { size: 260, share: 0.5 }])).toBe(260);
});
