import { expect, test } from "vitest";
import { finder } from "./finder.js";

const find = finder([
  { names: ["Site", "sites"], text: "where a motif stands" },
  { names: ["Gradient"], text: "a slope" },
  { names: ["Integrated gradients"], text: "an attribution" },
  { names: ["Log evidence", "evidence"], text: "how much better" },
  { names: ["PWM"], text: "a matrix" },
  { names: ["EM"], text: "steps in turns" },
]);
const marked = (/** @type {string} */ text, seen = /** @type {Set<string | null>} */ (new Set())) => find(text, seen).map(({ words, term }) => (term ? `[${words}|${term}]` : words)).join("");

test("a word is found once, whatever its case, and the text stays as it was", () => {
  expect(marked("Sites: a site, its sites.")).toBe("[Sites|Site]: a site, its sites.");
  const text = "The log evidence of EM, a gradient.";
  expect(find(text, new Set()).map(({ words }) => words).join("")).toBe(text);
});

test("the longest word wins, and parts of other words are left", () => {
  expect(marked("Integrated gradients of websites")).toBe("[Integrated gradients|Integrated gradients] of websites");
  expect(marked("the log evidence")).toBe("the [log evidence|Log evidence]");
});

test("a word in capitals is no other word", () => {
  expect(marked("let em go, EM and pwm, PWM")).toBe("let em go, [EM|EM] and pwm, [PWM|PWM]");
});

test("what has been marked before is not marked again", () => {
  expect(marked("A site.", new Set(["Site"]))).toBe("A site.");
  expect(find("", new Set())).toEqual([{ words: "" }]);
});
