import { expect, test } from "vitest";
import { box, px } from "./paths.js";

test("paths are written to a tenth of a pixel", () => {
  expect([1.24, 1.25, -0.04, 7].map(px)).toEqual([1.2, 1.3, -0, 7]);
  expect(box(1.23, 2, 10.06, 3)).toBe("M1.2 2h10.1v3h-10.1z");
});
