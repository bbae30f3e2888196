import { expect, test } from "vitest";
import { isDone } from "./guide.js";

const state = (/** @type {Patch} */ patch) => /** @type {State} */ (/** @type {unknown} */ ({ m: 1, step: 2, epoch: 3, epochs_done: 26, codes: [0, 1], ...patch }));

test("each kind of condition holds on its side of the border only", () => {
  const before = state({});
  /** @type {[import("./guide.js").Condition, Patch, Patch][]} */
  const cases = [
    [{ key: "step", is: 8 }, { step: 8 }, { step: 7 }],
    [{ key: "m", below: 0.01 }, { m: 0 }, { m: 0.01 }],
    [{ key: "m", above: 4 }, { m: 4.1 }, { m: 4 }],
    [{ key: "epoch", reaches: "epochs_done" }, { epoch: 26 }, { epoch: 25 }],
    [{ key: "codes", changed: true }, { codes: [0, 2] }, { codes: [0, 1] }],
  ];
  for (const [condition, done, open] of cases) {
    expect(isDone([condition], state(done), before)).toBe(true);
    expect(isDone([condition], state(open), before)).toBe(false);
  }
});

test("all conditions have to hold", () => {
  /** @type {import("./guide.js").Condition[]} */
  const both = [{ key: "m", above: 2 }, { key: "step", is: 8 }];
  expect(isDone(both, state({ m: 3, step: 8 }), state({}))).toBe(true);
  expect(isDone(both, state({ m: 3 }), state({}))).toBe(false);
});
