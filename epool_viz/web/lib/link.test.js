import { expect, test } from "vitest";
import { fromFragment, MOST_LINK, MOST_TEXT, TooLarge, toFragment } from "./link.js";

const STATE = { alphabet: "ACGT", codes: [0, 1, 2, 3, -1], kernel: [[1.5]], m: 1, theme: "größe ∞", zoom: null, list: [] };

test("a state comes back from its own link", () => {
  expect(fromFragment(toFragment(STATE), STATE)).toEqual(STATE);
  expect(toFragment(STATE)).toMatch(/^#state=[\w-]+$/);
  expect(fromFragment(toFragment(STATE, ["m"]), STATE)).toEqual({ m: 1 });
  expect(fromFragment(toFragment(STATE), STATE, ["m", "codes"])).toEqual({ m: 1, codes: STATE.codes });
});

test("only what fits the present state is taken", () => {
  /** @type {any} */
  const foreign = { alphabet: "ACGT", m: "2", kernel: [["x"]], list: [1], strange: 1, codes: [3] };
  const link = toFragment(foreign);
  expect(fromFragment(link, STATE)).toEqual({ alphabet: "ACGT", list: [1], codes: [3] });
  expect(fromFragment("#elsewhere", STATE)).toBeNull();
});

test("a link that is too large, or one text of it, is refused with a sentence", () => {
  const sentence = /The state in the address of this page was not used: .* characters; accepted: at most /;
  expect(() => fromFragment(`#state=${"A".repeat(MOST_LINK + 1)}`, STATE)).toThrow(sentence);
  const text = toFragment({ theme: "x".repeat(MOST_TEXT + 1) });
  expect(() => fromFragment(text, STATE)).toThrow(TooLarge);
  expect(() => fromFragment("#state=AAAA", STATE)).toThrow(SyntaxError);
});
