import { expect, test } from "vitest";
import { colourOf, format, percent, remainder } from "./numbers.js";

test("a number is written as people read it", () => {
  expect([0, 1.23456, -2, 123456, -0.00012, 1e-300].map((x) => format(x))).toEqual([
    "0", "1.235", "\u22122", "1.2×10⁵", "\u22121.2×10⁻⁴", "1.0×10⁻³⁰⁰",
  ]);
  expect([null, undefined, Number.NaN, Infinity, -Infinity].map((x) => format(x))).toEqual(["–", "–", "–", "∞", "\u2212∞"]);
  expect(format(1234.5678, 6)).toBe("1234.57");
});

test("a share never rounds to a false 0 or 100", () => {
  expect([0, 1e-9, 0.004, 0.123, 0.99, 0.9995, 1].map(percent)).toEqual([
    "0 %", "less than 0.1 %", "0.4 %", "12 %", "99 %", "more than 99.9 %", "100 %",
  ]);
});

test("the letters of nucleic acids have colours of their own, U that of T; amino acids have none", () => {
  const colours = (/** @type {number[] | null} */ complement) => [..."ACGTUN"].map((letter) => colourOf({ complement }, letter));
  const named = (/** @type {string[]} */ names) => names.map((name) => `var(--letter-${name})`);
  expect(colours([3, 2, 1, 0])).toEqual(named(["A", "C", "G", "T", "T", "other"]));
  expect(colours(null)).toEqual(named(Array(6).fill("other")));
});

test("what only rounding leaves is 0, and no other small number is", () => {
  expect(remainder(3.3e-16)).toBe("0 (to rounding)");
  expect(remainder(-4e-11, 100)).toBe("0 (to rounding)");
  expect([0, 2e-11, -0.5].map((x) => remainder(x))).toEqual(["0", "2.0×10⁻¹¹", "−0.5"]);
});
