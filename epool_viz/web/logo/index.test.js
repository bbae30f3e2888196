import { expect, test, vi } from "vitest";

vi.stubGlobal("ResizeObserver", class {});
const { boxesBetween, boxesOf } = await import("./index.js");

const [was, is] = [[[0.1, 0.9, 0.4, 0], [1.2, 0.1, 0.1, 0.05]], [[0.3, 0.2, 1.1, 0.1], [1.5, 0, 0.05, 0.02]]]
  .map((columns) => columns.map((values) => boxesOf(values, [0, 2])));

test("the letters of a column stand on one another, the tallest on top", () => {
  const [[top, size]] = boxesOf([1.5, 0.5, 0, 0], [0, 2]);
  expect([top, size]).toEqual([0, 0.75]);
  expect(boxesOf([1.5, -0.5, 0, 0], [-1, 2]).slice(0, 2).map(([y, h]) => [y.toFixed(3), h.toFixed(3)])).toEqual([["0.167", "0.500"], ["0.667", "0.167"]]);
});

test("letters that grow are exactly the earlier ones at first and the later ones at last", () => {
  expect(boxesBetween(was, is, 0)).toEqual(was);
  expect(boxesBetween(was, is, 1)).toEqual(is);
  const sizes = [0, 0.2, 0.5, 0.8, 1].map((t) => boxesBetween(was, is, t)[0][2][1]);
  expect([...sizes].sort((a, b) => a - b)).toEqual(sizes);
});

test("what was interrupted goes on from what is drawn", () => {
  const drawn = boxesBetween(was, is, 0.4);
  expect(boxesBetween(drawn, was, 0)).toEqual(drawn);
});

test("a column that was not there grows from its lower edge", () => {
  expect(boxesBetween([[]], is, 0).flat().every(([, size]) => size === 0)).toBe(true);
  expect(boxesBetween([[]], is, 1)).toEqual(is);
});
