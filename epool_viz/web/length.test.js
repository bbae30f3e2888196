import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { parseAst } from "vite";

const MOST = 60; // lines of a function

/**
 * Every function of a module: [its name, its lines].
 *
 * @param {string} source
 * @returns {[string, number][]}
 */
function functionsOf(source) {
  /** @type {[string, number][]} */
  const found = [];
  const lines = (/** @type {{start: number, end: number}} */ { start, end }) => source.slice(start, end).split("\n").length;
  const visit = (/** @type {any} */ node, /** @type {string} */ name) => {
    if (!node || typeof node !== "object") return;
    if (Array.isArray(node)) return node.forEach((child) => visit(child, name));
    const called = node.id?.name ?? node.key?.name ?? name;
    if (/Function/.test(node.type)) found.push([called, lines(node)]);
    for (const child of Object.values(node)) visit(child, called);
  };
  visit(parseAst(source), "");
  return found;
}

const WEB = import.meta.dirname;
const modules = readdirSync(WEB, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll(path.sep, "/"))
  .filter((file) => /\.js$/.test(file) && !/^node_modules|\.test\.js$/.test(file))
  .sort();

test("the lines of a function are counted", () => {
  expect(functionsOf("function a() {\n}\nconst b = () => 1;\nconst c = { d() {\n\n} };")).toEqual([["a", 2], ["b", 1], ["d", 3]]);
});

test(`no function is longer than ${MOST} lines`, () => {
  expect(modules.length).toBeGreaterThan(40);
  const long = modules.flatMap((file) =>
    functionsOf(readFileSync(path.join(WEB, file), "utf8")).filter(([, lines]) => lines > MOST).map(([name]) => `${file}: ${name}`));
  expect(long).toEqual([]);
});
