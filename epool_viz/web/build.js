// Bundles every widget into `epool_viz/components/built`: `node build.js [folder]`.
//
// `lib` is bundled once, with the store. Any other widget is a function of it, called when the widget is first drawn: the
// page gets each module as a text without neighbours, and the store hands on the copy that it holds.

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const WEB = path.dirname(fileURLToPath(import.meta.url));
const HEAD = `export const load = (require) => { const module = {};`;
const FOOT = `return module.exports; };
let loaded;
export default {
  async render(context) {
    const { exports } = await context.host.getWidget(context.model.get("store"));
    loaded ??= load((name) => exports.lib[name]).default;
    return loaded.render(context);
  },
};`;

const styleSheets = {
  name: "style sheets as texts",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path: file }) => {
      const { code } = await transform(await readFile(file, "utf8"), { loader: "css", minify: true });
      return { contents: code, loader: "text" };
    });
  },
};
const handedOn = {
  name: "lib is handed on by the store",
  setup({ onResolve }) {
    onResolve({ filter: /\/lib\/\w+\.js$/ }, ({ path: file }) => ({ path: path.basename(file, ".js"), external: true }));
  },
};

async function components() {
  const entries = await readdir(WEB, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && !["lib", "node_modules"].includes(entry.name));
  return folders.map(({ name }) => name);
}

const entry = (name) => ({ in: path.join(WEB, name, "index.js"), out: name });
const outdir = path.resolve(process.argv[2] ?? path.join(WEB, "..", "components", "built"));
const common = { outdir, bundle: true, minify: true, charset: "utf8", target: "es2022", logLevel: "warning" };
const pages = ["landing", "classroom_phone"]; // scripts that run by themselves
const modules = ["classroom_lecturer"]; // imported by an address of our server
const widgets = (await components()).filter((name) => name !== "store" && ![...pages, ...modules].includes(name));

await rm(outdir, { recursive: true, force: true });
await mkdir(outdir, { recursive: true });
await Promise.all([
  build({ ...common, entryPoints: [entry("store")], format: "esm", plugins: [styleSheets] }),
  build({ ...common, entryPoints: modules.map(entry), format: "esm", plugins: [styleSheets] }),
  build({ ...common, entryPoints: pages.map(entry), format: "iife", plugins: [styleSheets] }),
  build({
    ...common,
    entryPoints: widgets.map(entry),
    format: "cjs",
    banner: { js: HEAD },
    footer: { js: FOOT },
    plugins: [styleSheets, handedOn],
  }),
]);
