// Kernel summary: one kernel as a large logo of what it means to the base e^m, with three numbers, and the way to the others.
//
// state: kernels, names, alphabet, complement, m, background, logo_kind, weights, use, matches, compared; place is set here
// options: {}

import { make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { outlineOf } from "../lib/glyphs.js";
import { informationContent, kernelToPwm, letterHeights, likeliestLetters, mostBits, sum } from "../lib/maths.js";
import { colourOf, format, number, percent } from "../lib/numbers.js";
import { stackOf } from "../lib/paths.js";
import { panel } from "../lib/style.js";
import CSS from "./style.css";

/** @typedef {ReturnType<typeof sceneOf>} Scene */

/**
 * The kernels from the strongest to the weakest: by output weight, or by information content where there is none.
 *
 * @param {number[] | null} weights
 * @param {() => number[]} bits
 * @returns {number[]}
 */
export function strongestFirst(weights, bits) {
  const strength = weights ?? bits();
  return strength.map((_, k) => k).sort((a, b) => strength[b] - strength[a] || a - b);
}

/**
 * @param {State} state
 * @param {number} place
 */
const ppmOf = ({ kernels, m, background }, place) => kernelToPwm(kernels[place], { logBase: m, background }).ppm;

/** @param {State} state */
const bitsOf = (state) => state.kernels.map((/** @type {Matrix} */ _, /** @type {number} */ k) => sum(informationContent(ppmOf(state, k), state.background)));

/**
 * How much a kernel does in the network, as a large word and what it is.
 *
 * @param {State} state
 * @param {number} place
 * @returns {[Child, string]}
 */
function does({ use, weights, kernels }, place) {
  if (use) return [use[place] ? percent(use[place]) : "0 %", "of the bound sequences are decided by this kernel"];
  if (weights) return [`${weights[place] > 0 ? "+" : ""}${format(weights[place], 2)}`, "its weight in the output"];
  return [String(kernels[place][0].length), "letters wide; how often it decides needs sequences"];
}

/**
 * The known motif that a kernel comes nearest to.
 *
 * @param {State} state
 * @param {number} place
 * @returns {[Child, string]}
 */
function resembles({ matches, compared }, place) {
  const found = matches[place];
  if (found) return [found.name, `is the nearest known motif (by chance ${format(found.e, 2)} times)`];
  return ["–", compared?.[place] === false ? "known motifs: not compared yet; see below" : "no known motif is near"];
}

/**
 * @param {Store} store
 * @param {HTMLElement} el
 */
function sceneOf(store, el) {
  const section = panel(el, "summary", "One kernel as a logo", CSS);
  const menu = make("select", { "aria-label": "Kernel", onchange: () => choose(Number(menu.value)) });
  const step = (/** @type {number} */ by) => () => {
    const at = menu.selectedIndex + by;
    if (at >= 0 && at < menu.options.length) choose(Number(menu.options[at].value));
  };
  const before = make("button", { type: "button", "aria-label": "stronger kernel", "data-ep-back": "", onclick: step(-1) }, "←");
  const after = make("button", { type: "button", "aria-label": "weaker kernel", "data-ep-next": "", onclick: step(1) }, "→");
  const rank = make("span", { class: "ec-soft", role: "status" });
  const svg = make("svg:svg", { role: "img", preserveAspectRatio: "none", "data-name": "summary" });
  const top = make("span", { class: "ec-summary-top" });
  const facts = make("div", { class: "ec-summary-facts" });
  const axis = make("div", { class: "ec-summary-axis", "aria-hidden": "true" }, top, make("span", {}, "0"));
  section.append(make("div", { class: "ec-row" }, before, menu, after, rank), make("div", { class: "ec-summary-plot" }, axis, svg), facts);
  function choose(/** @type {number} */ place) {
    store.set({ place });
    store.flush(); // a choice, not a move that goes on
  }
  return { store, menu, before, after, rank, svg, top, facts };
}

/**
 * @param {Scene} scene
 * @param {State} state
 */
function drawMenu({ menu }, state) {
  const order = strongestFirst(state.weights, () => bitsOf(state));
  menu.replaceChildren(...order.map((k) => make("option", { value: k }, state.names[k])));
}

/**
 * Where the axis of a logo ends: at a tenth of a bit over its tallest column, so that a faint one is read as well.
 *
 * @param {number[]} each
 * @param {number} most
 */
export const topOf = (each, most) => Math.min(Math.max(Math.ceil(Math.max(...each) * 10 + 1e-9) / 10, 0.1), most);

/**
 * @param {Scene} scene
 * @param {State} state
 * @returns {number} bits
 */
function drawLogo({ svg, top }, state) {
  const ppm = ppmOf(state, state.place);
  const each = informationContent(ppm, state.background);
  const isShare = state.logo_kind === "probability";
  const most = isShare ? 1 : topOf(each, mostBits(ppm.length, state.background));
  const heights = isShare ? ppm : letterHeights(ppm, each);
  const letters = each.flatMap((_, j) => stackOf(heights, j, most).filter(([, , size]) => size > 1e-4).map(([a, edge, size]) => make("svg:path", {
    d: outlineOf(state.alphabet[a]), fill: colourOf(state, state.alphabet[a]),
    transform: `translate(${j + 0.03},${1 - edge - size}) scale(0.0094,${size / 100})`,
  })));
  const consensus = likeliestLetters(ppm).map((a, j) => (each[j] < 0.25 ? "·" : state.alphabet[a])).join("");
  svg.setAttribute("viewBox", `0 0 ${each.length} 1`);
  svg.setAttribute("aria-label", `logo of ${state.names[state.place]}: consensus ${consensus}`);
  svg.replaceChildren(...letters);
  top.textContent = isShare ? "1" : `${format(most, 2)} bits`;
  return sum(each);
}

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {Set<string> | null} changed
 */
function draw(scene, state, changed) {
  const { menu, before, after, rank, facts } = scene;
  const isReordered = !changed || ["kernels", "weights", "names"].some((key) => changed.has(key)) || (!state.weights && changed.has("m"));
  if (isReordered) drawMenu(scene, state);
  menu.value = String(state.place);
  const at = menu.selectedIndex;
  before.disabled = at <= 0;
  after.disabled = at >= menu.options.length - 1;
  rank.textContent = at === 0 ? `the strongest of ${menu.options.length}` : `number ${at + 1} of ${menu.options.length} by strength`;
  const bits = drawLogo(scene, state);
  /** @type {[Child, string][]} */
  const told = [
    [make("span", {}, number("summary_bits", bits, 3), " bits"), "of information: how particular the motif is"],
    does(state, state.place),
    resembles(state, state.place),
  ];
  facts.replaceChildren(...told.map(([value, what]) => make("p", {}, make("b", {}, value), make("span", {}, what))));
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const scene = sceneOf(exports.store, el);
    follow(exports.store, (state, _, changed) => draw(scene, state, changed), signal);
  },
};
