// Before the tests of the page's twin of core: asks core, by the Python that PYTHON names, what the answers are.

import { execFileSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** @param {import("vitest/node").TestProject} project */
export default function ask(project) {
  const options = { cwd: ROOT, encoding: /** @type {const} */ ("utf8"), maxBuffer: 100_000_000 };
  const python = process.env.PYTHON ?? path.join(ROOT, ".venv/bin/python");
  project.provide("golden", execFileSync(python, ["-m", "tests.components.golden"], options));
}
