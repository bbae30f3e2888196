import { expect, test } from "vitest";
import { binsOf, sentenceOf } from "./counts.js";

test("every number is in a bin or beyond the end, whatever they are", () => {
  for (const numbers of [[], [7], [1, 2, 3], [1e-9, 1e9], Array.from({ length: 400 }, (_, i) => 1.05 ** i)]) {
    for (const truth of [0.001, 5, 1e6]) {
      const { end, counts, beyond } = binsOf(numbers, truth);
      expect(counts.reduce((a, b) => a + b, beyond)).toBe(numbers.length);
      expect(end).toBeGreaterThan(truth);
    }
  }
});

test("one wild guess does not squeeze the others into one bin", () => {
  const { end, beyond } = binsOf([...Array.from({ length: 30 }, (_, i) => 1 + i / 3), 1e9], 6);
  expect([beyond, end < 20]).toEqual([1, true]);
});

test("the sentence counts in words that agree", () => {
  const question = { text: "?", kind: "choice", options: [], letters: "" };
  expect(sentenceOf({ question, room: { answered: 1, counts: { a: 1 } }, truth: "a" })).toBe("1 of 1 guess is right: 100 %.");
  expect(sentenceOf({ question, room: { answered: 4, counts: { a: 3, b: 1 } }, truth: "a" })).toBe("3 of 4 guesses are right: 75 %.");
  expect(sentenceOf({ question, room: { answered: 0, counts: {} }, truth: "a" })).toBe("Nobody has guessed.");
  expect(sentenceOf({ question: { ...question, kind: "number" }, room: { answered: 4, numbers: [1, 2, 4, 9] }, truth: 5 })).toBe("4 guesses, the middle one 3; true is 5.");
  expect(sentenceOf({ question: { ...question, kind: "draw" }, room: { answered: 2, mean: [0.5, 0.5] }, truth: [1, 0] })).toBe("The mean of 2 drawings and the posterior share 50 %.");
});
