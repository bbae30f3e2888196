import { expect, test } from "vitest";
import { afterChange, wordsOf } from "./hand.js";

const GATA1 = { motif: "GATA1", label: "GATA1" };
const PEAK = { set: "ctcf_peaks", index: 2, label: "chr11" };

test("only what changed replaces what is kept", () => {
  const shown = { sequence: { set: "crp0", index: 0 }, kernel: { motif: "CTCF" }, m: 1 };
  const held = { sequence: PEAK, kernel: GATA1 };
  expect(afterChange(held, shown, shown)).toEqual(held);
  expect(afterChange(held, shown, { ...shown, m: 0.8 })).toEqual({ ...held, m: 0.8 });
  expect(afterChange(held, shown, { ...shown, kernel: { motif: "TBP" } })).toEqual({ ...held, kernel: { motif: "TBP" } });
  expect(afterChange(held, shown, {})).toEqual(held);
  expect(afterChange({}, shown, { sequence: PEAK, kernel: { motif: "CTCF" }, m: 1 })).toEqual({ sequence: PEAK });
});

test("what is in hand in words", () => {
  expect(wordsOf({ kernel: GATA1, sequence: PEAK, m: 0.8 })).toBe("GATA1 on chr11, m 0.8");
  expect(wordsOf({ sequence: PEAK })).toBe("chr11");
  expect(wordsOf({ m: 2 })).toBe("m 2");
  expect(wordsOf({})).toBe("");
  expect(wordsOf(JSON.parse('{"kernel": {"label": {}}, "sequence": 3, "m": "x"}'))).toBe("");
});
