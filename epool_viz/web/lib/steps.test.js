import { expect, test } from "vitest";
import { holds, walk } from "./steps.js";

test("a condition names one value or several, or what must not be", () => {
  expect(holds(null, {})).toBe(true);
  expect(holds({ key: "mode", is: 1 }, { mode: 1 })).toBe(true);
  expect(holds({ key: "mode", is: [0, 2] }, { mode: 1 })).toBe(false);
  expect(holds({ key: "mode", not: [0, 2] }, { mode: 1 })).toBe(true);
  expect(holds({ key: "mode", not: 1 }, { mode: 1 })).toBe(false);
});

test("where the step in hand does not apply, the next one is shown, or the last", () => {
  const steps = [{}, { when: { key: "mode", is: 1 } }, {}, { when: { key: "mode", is: 1 } }];
  const at = (/** @type {number} */ step, mode = 0) => walk(steps, /** @type {State} */ ({ step, mode }));
  expect(at(1)).toEqual({ places: [0, 2], shown: 2 });
  expect(at(1, 1)).toEqual({ places: [0, 1, 2, 3], shown: 1 });
  expect(at(3)).toEqual({ places: [0, 2], shown: 2 });
});
