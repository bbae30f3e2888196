import { expect, test, vi } from "vitest";
import { eStepTrace } from "./maths.js";
import { createStore, inputsOf } from "./store.js";

const Q = [0.1, 0.2, 0.3, 0.4];
const EYE = [0, 1, 2, 3].map((a) => [0, 1, 2, 3].map((j) => Number(a === j)));
/** @type {State} */
const STATE = {
  codes: [0, 1, 2, 3, 0, 1, 2, 3], kernel: EYE, alphabet: "ACGT", complement: [3, 2, 1, 0], bias: 0, m: 1, mode: 0,
  local_window: 1, activation: "identity", padding: "valid", both_strands: false, strand_reading: "motif",
  occurrence: "oops", site_rate: 0.5, background: [0.25, 0.25, 0.25, 0.25], cursor: 0, step: 0, zoom: null,
};

test.each([
  [{ codes: [0, 1] }, "The sequence has 2 letters and the kernel 4 columns."],
  [{ codes: [0, 1, -1, 2, 3, 0] }, "The sequence has no 4 known letters in a row."],
  [{ local_window: 9 }, "A local maximum over 9 needs at least as many windows; there are 5."],
  [
    { both_strands: true, background: Q, m: 0 },
    "m is 0. A motif on both strands of a background that is not its own complement needs an m above 0.",
  ],
])("a state that cannot be traced is an error that can be shown: %o", (changes, message) => {
  const store = createStore(STATE);
  const before = store.trace.pooled;
  store.set(changes);
  expect(store.error).toBe(message);
  expect(store.trace.pooled, "what the user had is lost").toBe(before);
});

test("whoever follows a store hears of every change once, with the trace of the new state", () => {
  const store = createStore(STATE);
  /** @type {[string[], number][]} */
  const heard = [];
  const stop = store.on((state, trace, changed) => heard.push([changed, trace.pooled]));
  store.set({ m: 2.5, cursor: 0 });
  store.set({ m: 2.5 });
  expect(heard).toEqual([[["m"], eStepTrace(inputsOf({ ...STATE, m: 2.5 })).pooled]]);
  stop();
  store.set({ m: 1 });
  expect(heard.length).toBe(1);
});

test("what the page has changed is told once and not overwritten by what Python says meanwhile", () => {
  /** @type {Patch[]} */
  const pushed = [];
  const store = createStore(STATE, (patch) => pushed.push(patch), 1e6);
  store.set({ m: 2.5 });
  store.receive({ m: 9, cursor: 3 });
  expect([store.state.m, store.state.cursor]).toEqual([2.5, 3]);
  store.flush();
  store.flush();
  expect(pushed).toEqual([{ m: 2.5 }]);
  store.receive({ m: 9 });
  expect(store.state.m).toBe(9);
});

test("what Python says before it has heard of a change does not undo the change", () => {
  /** @type {[Patch, number][]} */
  const pushed = [];
  const store = createStore(STATE, (patch, n) => pushed.push([patch, n]), 1e6);
  store.set({ m: 2.5 });
  store.flush();
  store.set({ cursor: 2 });
  store.flush();
  expect(pushed).toEqual([[{ m: 2.5 }, 1], [{ cursor: 2 }, 2]]);
  store.receive({ m: 9, cursor: 3, step: 4 }, 0);
  expect([store.state.m, store.state.cursor, store.state.step]).toEqual([2.5, 2, 4]);
  store.receive({ m: 8, cursor: 3 }, 1);
  expect([store.state.m, store.state.cursor]).toEqual([8, 2]);
  store.receive({ m: 7, cursor: 1 }, 2);
  expect([store.state.m, store.state.cursor]).toEqual([7, 1]);
  store.receive({ cursor: 0 }, 1); // from before a push that was answered
  expect(store.state.cursor).toBe(0);
});

test("a change that Python never hears of is given up after a minute", () => {
  const now = vi.spyOn(performance, "now").mockReturnValue(1000);
  const store = createStore(STATE, () => {}, 1e6);
  store.set({ m: 2.5 });
  store.flush();
  now.mockReturnValue(60_999);
  store.receive({ m: 9 }, 0);
  expect(store.state.m).toBe(2.5);
  now.mockReturnValue(61_000);
  store.receive({ m: 9 }, 0);
  expect(store.state.m).toBe(9);
  now.mockRestore();
});

test("what Python could not be told is told when it is heard again", () => {
  /** @type {Patch[]} */
  const pushed = [];
  let isGone = true;
  const push = (/** @type {Patch} */ patch) => {
    if (isGone) throw new Error("the websocket is closed");
    pushed.push(patch);
  };
  const store = createStore(STATE, push, 1e6);
  store.set({ m: 2.5 });
  store.flush();
  isGone = false;
  store.set({ cursor: 2 });
  store.flush();
  expect(pushed).toEqual([{ m: 2.5, cursor: 2 }]);
});
