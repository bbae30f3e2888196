import { expect, test, vi } from "vitest";

vi.stubGlobal("ResizeObserver", class {});
const { cubicStops, readNumber, scaleOf } = await import("./index.js");

test("the stops of m are round, dense near 0, and hold both ends and 1", () => {
  const stops = cubicStops(20);
  const widths = stops.slice(1).map((stop, i) => stop - stops[i]);
  expect([stops[0], stops[stops.length - 1]]).toEqual([0, 20]);
  for (const stop of stops) expect(100 * stop, "more than two decimals").toBeCloseTo(Math.round(100 * stop), 9);
  for (const width of widths) expect(width).toBeGreaterThan(0);
  expect(widths[0]).toBeLessThanOrEqual(0.02);
  expect(widths[widths.length - 1]).toBeGreaterThanOrEqual(0.2);
  expect(stops.length).toBeGreaterThanOrEqual(100);
  expect(stops.length).toBeLessThanOrEqual(200);
  const share = stops.indexOf(1) / stops.length;
  expect(share, "1 does not lie in a good place").toBeGreaterThan(0.25);
  expect(share).toBeLessThan(0.45);
});

test("every stop lies where it is found again, on either scale", () => {
  for (const scale of [scaleOf({ scale: "cubic", min: 0, max: 20, step: 1 }), scaleOf({ min: -3, max: 2, step: 0.05 })])
    for (let place = 0; place <= scale.span; place++) expect(scale.toPlace(scale.nearest(place))).toBeCloseTo(place, 9);
});

test("a number is read as people type it, and nothing else is one", () => {
  expect(["1", " 1,5 ", "\u22122", ".5", "1e-3"].map(readNumber)).toEqual([1, 1.5, -2, 0.5, 0.001]);
  for (const text of ["", "one", "1 2", "0x10", "Infinity", "1.2.3"]) expect(readNumber(text)).toBeNaN();
});
