import { expect, test } from "vitest";
import { linesOf } from "./notes.js";

const speaking = { title: "One E-step", line: "Where?", notes: { say: ["a <b>bar</b>"], ask: ["why?"], beware: "logs" } };

test("the notes of a page stand in their order, as texts", () => {
  const lines = linesOf({ ...speaking, scene: null });
  expect(lines.slice(0, 4)).toEqual([["h1", "One E-step"], ["p", "Where?"], ["h2", "Say"], ["p", "a <b>bar</b>"]]);
  expect(lines.some(([, text]) => text === "This scene")).toBe(false);
});

test("a scene of the story comes first, with its answer", () => {
  const scene = { sentence: "s", question: "q?", options: [{ value: "x", label: "X", said: "no" }, { value: "y", label: "Y", said: "yes" }], right: "y", task: "t" };
  const lines = linesOf({ ...speaking, scene });
  expect(lines[2]).toEqual(["h2", "This scene"]);
  expect(lines[5]).toEqual(["p", "Right: Y. yes"]);
});

test("a dashboard without notes has its title, its line and the keys", () => {
  const bare = linesOf({ title: "Tiny", line: "The smallest one.", notes: { say: [], ask: [], beware: "" }, scene: null });
  expect(bare.map(([tag]) => tag)).toEqual(["h1", "p", "h2", "p"]);
});
