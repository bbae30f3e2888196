import { expect, test } from "vitest";
import { axisEnd, nearestStep, niceStep, ticksOf } from "./ticks.js";

const SIZES = Array.from({ length: 400 }, (_, i) => 10 ** (-9 + 18 * (i / 399)) * (1 + i / 1000));

test("a step is the smallest round number that is large enough", () => {
  expect([0.011, 0.2, 1, 1.2, 3, 7, 10, 60].map((x) => niceStep(x))).toEqual([0.02, 0.2, 1, 2, 5, 10, 10, 100]);
  expect(niceStep(2.2, [1, 2, 2.5, 5])).toBe(2.5);
  for (const size of SIZES) {
    const step = niceStep(size);
    expect(step).toBeGreaterThanOrEqual(size * (1 - 1e-9));
    expect(step).toBeLessThanOrEqual(2.5 * size * (1 + 1e-9));
    expect(step.toExponential(9)).toMatch(/^[125]\.0{9}e/);
  }
});

test("the nearest step is at most half a step of the scale away, as a ratio", () => {
  expect([0, 1, 1.4, 1.5, 3, 3.3, 7, 7.2].map(nearestStep)).toEqual([0, 1, 1, 2, 2, 5, 5, 10]);
  for (const size of SIZES) expect(Math.abs(Math.log(nearestStep(size) / size))).toBeLessThanOrEqual(Math.log(2.5) / 2 + 1e-9);
});

test("ticks are round, within the ends and no more than asked for", () => {
  expect(ticksOf(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticksOf(-3.2, 4.1, 4)).toEqual([-2, 0, 2, 4]);
  expect(ticksOf(2, 2, 3)).toEqual([2]);
  for (const size of SIZES) {
    const ticks = ticksOf(-size / 3, size, 6);
    expect(ticks).toContain(0);
    expect(ticks.length).toBeLessThanOrEqual(6 + 3);
    for (const tick of ticks) expect(tick >= -size / 3 - 1e-8 * size && tick <= size * (1 + 1e-8)).toBe(true);
  }
});

test("an axis ends at the next round number, with little room beyond it", () => {
  expect([-1, 0, Number.NaN, 1, 1.2, 2.1, 7, 9, 0.012].map(axisEnd)).toEqual([0, 0, 0, 1, 1.5, 3, 8, 10, 0.015]);
  for (const size of SIZES) {
    expect(axisEnd(size)).toBeGreaterThanOrEqual(size * (1 - 1e-9));
    expect(axisEnd(size)).toBeLessThanOrEqual(1.5 * size * (1 + 1e-9));
  }
});
