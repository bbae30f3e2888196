import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { between, eased, lead, momentAt, momentOf, onMotion, sliding, startOf, tween, within } from "./motion.js";
import { walk } from "./steps.js";
import { createStore } from "./store.js";

const STEPS = [{ motion: "columns" }, { motion: "slide" }, { when: { key: "mode", is: 1 } }, {}, {}];
const PLACES = [0, 1, 3, 4];

const page = { now: 0, frames: /** @type {Map<number, () => void>} */ (new Map()), isReduced: false, asked: 0 };

beforeEach(() => {
  Object.assign(page, { now: 1000, isReduced: false });
  page.frames.clear();
  vi.stubGlobal("document", { hidden: false, addEventListener() {}, removeEventListener() {} });
  vi.stubGlobal("matchMedia", () => ({ matches: page.isReduced }));
  vi.stubGlobal("performance", { now: () => page.now });
  vi.stubGlobal("requestAnimationFrame", (/** @type {() => void} */ draw) => page.frames.set(++page.asked, draw) && page.asked);
  vi.stubGlobal("cancelAnimationFrame", (/** @type {number} */ id) => page.frames.delete(id));
});
afterEach(() => vi.unstubAllGlobals());

function frame(ms = 16) {
  page.now += ms;
  const due = [...page.frames.values()];
  page.frames.clear();
  for (const draw of due) draw();
}

/** @param {number} step */
function walked(step) {
  const state = /** @type {State} */ (/** @type {unknown} */ ({ codes: [0, 1, 2, 3], kernel: [[1], [0], [0], [0]], alphabet: "ACGT", m: 1, bias: 0, mode: 0, step }));
  const store = createStore(state);
  const hand = lead(store, STEPS, () => walk(STEPS, store.state), new AbortController().signal);
  /** @type {number[]} */
  const seen = [];
  onMotion(store, () => {
    const { from, to, t } = momentOf(store);
    seen.push(t ? PLACES.indexOf(from) + t * (PLACES.indexOf(to) - PLACES.indexOf(from)) : PLACES.indexOf(from));
  });
  return { store, hand, seen };
}

test("a number between two is exactly one of them at the ends", () => {
  for (const [a, b] of [[0.1, 0.3], [-1 / 3, 1e-17], [1e300, -1e300]]) {
    expect(between(a, b, 0)).toBe(a);
    expect(between(a, b, 1)).toBe(b);
    expect(between(a, b, 1.2)).toBe(b);
  }
  expect(between(1, 3, 0.5)).toBe(2);
});

test("easing begins at 0, ends at 1, never turns back, and is the same backwards", () => {
  const ts = Array.from({ length: 101 }, (_, i) => i / 100);
  expect([eased(0), eased(1)]).toEqual([0, 1]);
  ts.forEach((t, i) => i && expect(eased(t)).toBeGreaterThan(eased(ts[i - 1])));
  for (const t of ts) expect(eased(1 - t)).toBeCloseTo(1 - eased(t), 12);
});

test("a part of a motion that lasts no time is at its end", () => {
  expect([within(0, 0.3, 0.7), within(0.5, 0.3, 0.7), within(0.7, 0.3, 0.7)].map((x) => Number(x.toFixed(9)))).toEqual([0, 0.5, 1]);
  expect(within(0, 0, 0)).toBe(1);
});

test("the kernel goes over all windows, and begins and ends at the one in hand", () => {
  expect(sliding(0, 187, 154)).toEqual({ at: 154, left: 0 });
  expect(sliding(1, 187, 154)).toEqual({ at: 154, left: 187 });
  const left = Array.from({ length: 50 }, (_, i) => sliding(i / 49, 187, 154));
  left.forEach(({ left: n, at }, i) => {
    if (i) expect(n).toBeGreaterThanOrEqual(left[i - 1].left);
    expect(at).toBeGreaterThanOrEqual(0);
    expect(at).toBeLessThanOrEqual(186);
  });
  expect(Math.min(...left.map(({ at }) => at))).toBeLessThan(5);
  expect(Math.max(...left.map(({ at }) => at))).toBeGreaterThan(181);
});

test("a place that is no whole number lies between the two steps that apply", () => {
  expect(momentAt(1.25, PLACES, STEPS)).toEqual({ from: 1, to: 3, t: 0.25, motion: null });
  expect(momentAt(-0.5, PLACES, STEPS)).toEqual({ from: -1, to: 0, t: 0.5, motion: "columns" });
  expect(momentAt(3, PLACES, STEPS)).toEqual({ from: 4, to: 4, t: 0, motion: null });
});

test("to a neighbour a walk goes from what is drawn now, to any other step by the motion into it", () => {
  expect(startOf(1.4, 2, 3)).toBe(1.4);
  expect(startOf(1.4, 2, 1)).toBe(1.4);
  expect(startOf(3, 3, 0)).toBe(-1);
});

test("a tween draws in-between numbers that never turn back, and the end at last", () => {
  /** @type {number[]} */
  const drawn = [];
  tween(2, 5, 500, (x) => drawn.push(x));
  for (let i = 0; i < 60; i++) frame();
  expect(drawn.length).toBeGreaterThan(20);
  expect(drawn.at(-1)).toBe(5);
  expect([...drawn].sort((a, b) => a - b)).toEqual(drawn);
  expect(drawn[0]).toBe(2);
});

test("where motion is not wanted the end is drawn at once, and nothing else", () => {
  page.isReduced = true;
  const draw = vi.fn();
  tween(2, 5, 500, draw);
  expect(draw.mock.calls).toEqual([[5, true]]);
  expect(page.frames.size).toBe(0);
});

test("a walk that is interrupted goes on, and back, from where it is", () => {
  const { store, seen } = walked(0);
  store.set({ step: 1 });
  for (let i = 0; i < 25; i++) frame();
  const at = seen.at(-1) ?? 0;
  expect(at).toBeGreaterThan(0);
  expect(at).toBeLessThan(1);
  store.set({ step: 3 });
  for (let i = 0; i < 3; i++) frame();
  expect(Math.abs((seen.at(-1) ?? 0) - at)).toBeLessThan(0.05);
  for (let i = 0; i < 100; i++) frame();
  expect(seen.at(-1)).toBe(2);
  expect([...seen].sort((a, b) => a - b)).toEqual(seen);
  const there = seen.length;
  store.set({ step: 1 });
  for (let i = 0; i < 100; i++) frame();
  const back = seen.slice(there);
  expect([...back].sort((a, b) => b - a)).toEqual(back);
  expect(back.at(-1)).toBe(1);
});

test("a hand holds a walk between two steps, and it settles at the nearer one", () => {
  const { store, hand, seen } = walked(0);
  hand.hold(1.6);
  store.set({ step: 3 });
  expect(seen).toEqual([1.6]);
  for (let i = 0; i < 10; i++) frame();
  expect(seen).toEqual([1.6]);
  hand.settle();
  for (let i = 0; i < 60; i++) frame();
  expect(seen.at(-1)).toBe(2);
  expect(momentOf(store)).toEqual({ from: 3, to: 3, t: 0, motion: null });
});

test("without motion a hand holds whole steps alone", () => {
  page.isReduced = true;
  const { store, hand } = walked(0);
  hand.hold(1.6);
  store.set({ step: 3 });
  expect(momentOf(store)).toEqual({ from: 3, to: 3, t: 0, motion: null });
});
