import { expect, test, vi } from "vitest";

vi.stubGlobal("ResizeObserver", class {});
const { parseFormula } = await import("./index.js");

test.each([
  ["a", ["a"]],
  ["log<sub>e<sup>m</sup></sub> x", ["log", { tag: "sub", parts: ["e", { tag: "sup", parts: ["m"] }] }, " x"]],
  ["x<sub>{window}</sub>", ["x", { tag: "sub", parts: [{ name: "window" }] }]],
  ["<b>a</b><img src=x>", ["<b>a</b><img src=x>"]],
  ["<sub onclick=1>a", ["<sub onclick=1>a"]],
  ["a</sup>b<sup>c", ["a", "</sup>", "b", { tag: "sup", parts: ["c"] }]],
  ["1 < 2 & {not a name}", ["1 < 2 & {not a name}"]],
])("a formula knows sub, sup and names, and nothing else: %s", (text, tree) => {
  expect(parseFormula(text)).toEqual(tree);
});
