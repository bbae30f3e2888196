import { expect, test, vi } from "vitest";

vi.stubGlobal("ResizeObserver", class {});
const { readMatrix } = await import("./index.js");

test("a matrix is read for any alphabet", () => {
  expect(readMatrix("A 1\nC 2\nG 3\nU 4", "ACGU")).toEqual({ kernel: [[1], [2], [3], [4]], note: "" });
});

test("rows that are columns are turned, and this is said", () => {
  const { kernel, note } = readMatrix("1 2 3 4\n5 6 7 8\n0 0 0 1", "ACGT");
  expect(kernel).toEqual([[1, 5, 0], [2, 6, 0], [3, 7, 0], [4, 8, 1]]);
  expect(note).toBe(" Each row was read as a column of the kernel, its numbers as A, C, G, T.");
});

test("signs, separators, comments and the order of the letters do not matter", () => {
  const texts = ["1,2\n3;4\n5\t6\n−7 8.0", "# mine\n\nT: [-7 8]\nG: [5 6]\nC: [3 4]\nA: [1 2]\n", "a 1 2\nc 3 4\ng 5 6e0\nt -7 8"];
  for (const text of texts) expect(readMatrix(text, "ACGT").kernel).toEqual([[1, 2], [3, 4], [5, 6], [-7, 8]]);
});

test.each([
  ["", "Found no numbers; accepted: 4 rows of numbers, one each for A, C, G, T."],
  ["A 1 2\nC 3 x\nG 5 6\nT 7 8", "Line 2: found “x”; accepted: a number such as -0.5, at most a million in size."],
  ["A 1 2\nC 3 4 5\nG 5 6\nT 7 8", "Line 2: found 3 numbers; accepted: 2, as in line 1."],
  ["A 1 2\nN 3 4\nG 5 6\nT 7 8", "Line 2: found the letter N; accepted: A, C, G, T."],
  ["A 1 2\n\nC\nG 5 6\nT 7 8", "Line 3: found the letter C without numbers; accepted: one number a column."],
  ["A 1 2\nA 3 4\nG 5 6\nT 7 8", "Line 2: found the letter A a second time; accepted: each letter once."],
  ["A 1 2\n3 4\nG 5 6", "Line 2: found a row without a letter; accepted: a letter before every row, or before none."],
  ["A 1 2\nC 3 4", "Found no row for G, T; accepted: 4 rows of numbers, one each for A, C, G, T."],
  ["1 2\n3 4\n5 6", "Found 3 rows; accepted: 4 rows of numbers, one each for A, C, G, T."],
  [Array(4).fill(" 1".repeat(51)).join("\n"), "Found 51 columns; accepted: 1 to 50."],
])("what is no matrix is told: %j", (text, problem) => {
  expect(readMatrix(text, "ACGT")).toEqual({ problem });
});
