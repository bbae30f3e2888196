// Trio: one kernel read three ways, above one another, and the known motif that is nearest; the columns stand in line.
//
// The exact reading follows m here; the heuristic follows its threshold here, out of the counts that Python has made for
// every threshold; the posterior, and all that is measured, comes from Python.
//
// state: kernels, biases, names, alphabet, complement, place, m, m_pooling, m_likeliest, background, logo_kind, rule, threshold
//   grid     {place, rule, pfm: [threshold][letter][position], n: [threshold]}
//   detail   {place, m, posterior, residual, windows, largest, n_sites, known, at_sites, evidence, divergence, matches, likeness};
//            null without sequences
//   finding  a sentence while known motifs are looked up, else ""; `look_up` and `stop_looking` are counted up here
// options: {height}

import { voice } from "../lib/a11y.js";
import { attributes, make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { outlineOf } from "../lib/glyphs.js";
import { informationContent, kernelToPwm, klDivergence, letterHeights, likeliestLetters, mostBits, pfmToPpm, sum } from "../lib/maths.js";
import { format, letterColour, number } from "../lib/numbers.js";
import { stackOf } from "../lib/paths.js";
import { panel } from "../lib/style.js";
import { matrixTable, numbers } from "../lib/tables.js";
import CSS from "./style.css";

/**
 * What is drawn.
 *
 * @typedef {ReturnType<typeof row>} Part
 * @typedef {{ppm: Matrix, bits: number, consensus: string}} Shown
 * @typedef {{
 *   store: Store, height: number, title: HTMLElement, words: HTMLElement, bases: HTMLElement,
 *   note: HTMLElement, rows: Record<string, Part>, find: HTMLButtonElement, stop: HTMLButtonElement, looking: HTMLElement, tools: HTMLElement,
 *   shown: Record<string, Shown>, width: number, say: (text: string) => void, refreshTable: () => void,
 * }} Scene
 */

/** @type {Record<string, string>} */
const TITLES = { exact: "Exact", heuristic: "Heuristic", posterior: "Posterior", known: "Nearest known motif" };
/** @type {Record<string, string>} */
const RULES = { deepbind: "DeepBind's", basset: "Basset's" };

/** @param {number} n */
const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/**
 * Letter heights of a PPM, the bits of its columns, and the top of the axis.
 *
 * @param {string} kind
 * @param {Matrix} ppm
 * @param {number[] | null} background
 */
export function drawnAs(kind, ppm, background) {
  const bits = informationContent(ppm, background);
  const isShare = kind === "probability";
  return {
    bits,
    heights: isShare ? ppm : letterHeights(ppm, bits),
    top: isShare ? 1 : mostBits(ppm.length, background),
  };
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const scene = sceneOf(model, exports.store, el);
    follow(scene.store, (_, trace, changed) => draw(scene, changed), signal);
  },
};

/**
 * What is drawn: the elements, the store, and what each reading shows.
 *
 * @param {Model} model
 * @param {Store} store
 * @param {HTMLElement} el
 */
function sceneOf(model, store, el) {
  const { height = 4.6 } = model.get("options");
  const section = panel(el, "trio", "One kernel, read three ways", CSS);
  const title = make("h2", { class: "ec-panel-title", "data-name": "kernel" });
  const words = make("p", { class: "ec-trio-words", "data-name": "verdict" });
  const bases = make("div", { class: "ec-row ec-trio-bases" });
  const note = make("p", { class: "ec-soft", "data-name": "how" });
  const rows = Object.fromEntries(Object.keys(TITLES).map((name) => [name, row(name, height)]));
  const looking = lookingParts(store);
  rows.known.left.append(looking.tools);
  rows.exact.left.insertBefore(bases, rows.exact.plot);
  section.append(make("div", { class: "ec-panel-head" }, title), words, ...Object.values(rows).map(({ whole }) => whole), note);
  const scene = /** @type {Scene} */ (/** @type {unknown} */ ({
    store, height, title, words, bases, note, rows, ...looking,
    say: voice(section, { sentence: "hidden" }),
    shown: {}, // reading -> {ppm, bits, consensus}
    width: 0, // of the kernel
  }));
  return Object.assign(scene, { refreshTable: numbers(section, "The matrices behind these logos", () => matrices(scene)) });
}

/** @param {Store} store */
function lookingParts(store) {
  const button = (/** @type {string} */ key, /** @type {string} */ text) => make("button", { type: "button", onclick: () => store.set({ [key]: (store.state[key] ?? 0) + 1 }) }, text);
  const find = button("look_up", "Compare with JASPAR as it is now");
  const stop = button("stop_looking", "Stop");
  const looking = make("span", { class: "ec-soft", role: "status" });
  return { find, stop, looking, tools: make("div", { class: "ec-row", "data-name": "looking" }, find, stop, looking) };
}

/**
 * @param {string} name
 * @param {number} height
 */
function row(name, height) {
  const note = make("span");
  const svg = make("svg:svg", { role: "img", preserveAspectRatio: "none", style: `height:${height}rem`, "data-reading": name });
  const axis = make("div", { class: "ec-trio-axis", "aria-hidden": "true" });
  const places = make("div", { class: "ec-trio-places", "aria-hidden": "true" });
  const gap = make("svg:svg", { class: "ec-trio-gap", preserveAspectRatio: "none", style: "height:1.1rem", "aria-hidden": "true" });
  const gapHead = make("span", { class: "ec-trio-gaphead", "aria-hidden": "true" });
  const none = make("p", { class: "ec-trio-none", hidden: true });
  const hasGap = name === "heuristic" || name === "posterior";
  const plot = make("div", { class: "ec-trio-plot" }, axis, svg, hasGap ? [gapHead, gap] : null, places);
  const left = make("div", {}, make("h3", {}, TITLES[name], " ", note), plot, none);
  const facts = make("div", { class: "ec-trio-facts" });
  const whole = make("div", { class: "ec-trio-row", "data-row": name }, left, facts);
  return { name, whole, left, note, plot, svg, axis, places, gap, gapHead, none, facts };
}

// drawing ---------------------------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {Set<string> | null} changed
 */
function draw(scene, changed) {
  const { store, rows, shown, title, words, note, say } = scene;
  const { state } = store;
  const kernel = state.kernels[state.place] ?? state.kernels[0];
  const name = state.names[state.place];
  scene.width = kernel[0].length;
  title.textContent = `${name}, read three ways`;
  if (!changed || ["m", "kernels", "m_pooling", "m_likeliest"].some((key) => changed.has(key))) baseButtons(scene);
  // what was counted for another model is no reading of this one
  if (changed?.has("kernels") || state.has_sequences === false) for (const reading of ["heuristic", "posterior"]) delete shown[reading];
  for (const reading of ["heuristic", "posterior"]) rows[reading].whole.hidden = state.has_sequences === false;
  drawExact(scene, kernel);
  drawHeuristic(scene);
  drawPosterior(scene);
  drawGaps(scene);
  for (const reading of ["exact", "heuristic", "posterior"]) drawFacts(scene, reading);
  drawKnown(scene);
  words.textContent = verdict(scene);
  note.textContent = how(scene);
  say(`${name}: exact ${format(shown.exact.bits, 3)} bits, consensus ${shown.exact.consensus}.`);
  scene.refreshTable();
}

/**
 * @param {Scene} scene
 * @param {Matrix} kernel
 */
function drawExact(scene, kernel) {
  const { state } = scene.store;
  const part = scene.rows.exact;
  show(scene, part, kernelToPwm(kernel, { logBase: state.m, background: state.background }).ppm);
  part.note.textContent = `the kernel alone, to the base e\u1d50 = ${format(Math.exp(state.m))}`;
}

/** @param {Scene} scene */
function drawHeuristic(scene) {
  const { state } = scene.store;
  const part = scene.rows.heuristic;
  const grid = state.grid && state.grid.place === state.place && state.grid.rule === state.rule ? state.grid : null;
  part.plot.setAttribute("aria-busy", String(!grid && state.has_sequences !== false));
  if (!grid) return;
  const step = Math.min(Math.round(state.threshold * grid.pfm.length), grid.pfm.length - 1);
  const counted = grid.pfm[step].some((/** @type {number[]} */ [n]) => n) ? pfmToPpm(grid.pfm[step]) : null;
  part.note.textContent = `${RULES[state.rule]} rule: ${grouped(grid.n[step])} windows with an activation above ${format(state.threshold * Math.max(grid.largest, 0), 3)}`;
  if (!counted) return blank(scene, part, "No window is active: the heuristic has no motif for this kernel. The exact reading always has one.");
  part.plot.hidden = false;
  part.none.hidden = true;
  show(scene, part, counted);
}

/** @param {Scene} scene */
function drawPosterior(scene) {
  const part = scene.rows.posterior;
  const detail = detailNow(scene);
  part.plot.setAttribute("aria-busy", String(!detail || Math.abs(detail.m - scene.store.state.m) > 1e-9));
  if (!detail) return;
  show(scene, part, detail.posterior);
  part.note.textContent = `one M-step: letters counted under the posterior, m = ${format(detail.m, 3)}`;
}

/**
 * @param {Scene} scene
 * @param {Part} part
 * @param {Matrix} ppm
 */
function show(scene, part, ppm) {
  scene.shown[part.name] = logo(scene, part, ppm);
  ruler(scene, part);
}

/**
 * Draw a PPM whose first column stands at `from` of the kernel's columns.
 *
 * @param {Scene} scene
 * @param {Part} part
 * @param {Matrix} ppm
 * @param {number} [from]
 */
function logo({ store, height, width }, part, ppm, from = 0) {
  const { logo_kind: kind, background, alphabet, complement } = store.state;
  const { bits, heights, top } = drawnAs(kind, ppm, background);
  const letterAt = (/** @type {number} */ x) => (/** @type {[number, number, number]} */ [a, edge, size]) => make("svg:path", {
    d: outlineOf(alphabet[a]), fill: letterColour(complement ? alphabet[a] : "other"), "data-letter": alphabet[a],
    transform: `translate(${x + 0.03},${1 - edge - size}) scale(0.0094,${size / 100})`,
  });
  const columns = bits.map((_, j) => j).filter((j) => from + j >= 0 && from + j < width);
  const letters = columns.flatMap((j) => stackOf(heights, j, top).filter(([, , size]) => size > 1e-4).map(letterAt(from + j)));
  const total = sum(bits);
  const consensus = likeliestLetters(ppm).map((a, j) => (bits[j] < 0.25 ? "·" : alphabet[a])).join("");
  attributes(part.svg, {
    viewBox: `0 0 ${width} 1`,
    "aria-label": `${TITLES[part.name]} logo, ${kind === "probability" ? "probability" : "information in bits"}: ${format(total, 3)} bits, consensus ${consensus}. `,
  });
  part.svg.replaceChildren(...letters, make("svg:line", { class: "ec-trio-base", x1: 0, x2: width, y1: 1, y2: 1 }));
  const mark = (/** @type {string} */ y, /** @type {string} */ text) => make("span", { style: `top: ${y}` }, text);
  part.axis.replaceChildren(mark("0%", format(top, 3)), mark("50%", format(top / 2, 2)), mark("calc(100% - .3rem)", "0"));
  part.axis.style.height = `${height}rem`;
  return { ppm, bits: total, consensus };
}

/**
 * @param {Scene} scene
 * @param {Part} part
 * @param {(column: number) => string | number} [label]
 */
function ruler({ width }, part, label = (j) => j + 1) {
  part.places.style.gridTemplateColumns = `repeat(${width}, minmax(0, 1fr))`;
  const step = width <= 25 ? 1 : 5;
  part.places.replaceChildren(...Array.from({ length: width }, (_, j) => make("span", {}, (j + 1) % step && j ? "" : String(label(j) ?? ""))));
}

/**
 * The bars under the logos, all on one scale.
 *
 * @param {Scene} scene
 */
function drawGaps(scene) {
  const { rows, shown } = scene;
  const exact = shown.exact.ppm.map((row) => row.map((p) => Math.max(p, 1e-300))); // a bar has an end
  const apart = ["heuristic", "posterior"].filter((name) => shown[name]).map((name) => /** @type {[string, number[]]} */ ([name, klDivergence(shown[name].ppm, exact)]));
  const most = Math.max(...apart.flatMap(([, each]) => each), 0.01);
  const top = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((x) => x >= most) ?? most;
  for (const [name, each] of apart) gaps(scene, rows[name], each, top);
}

/**
 * @param {Scene} scene
 * @param {Part} part
 * @param {number[]} each
 * @param {number} top
 */
function gaps({ width }, part, each, top) {
  part.gap.setAttribute("viewBox", `0 0 ${width} 1`);
  part.gap.replaceChildren(...each.map((x, j) => make("svg:rect", { x: j + 0.2, width: 0.6, y: 0, height: Math.min(x / top, 1) })));
  part.gapHead.textContent = `≠ ${format(top, 2)}`;
  part.gapHead.title = `bits by which a column differs from the exact one; the row is ${format(top, 2)} bits high`;
}

/**
 * @param {Scene} scene
 * @param {Part} part
 * @param {string} sentence
 */
function blank({ shown }, part, sentence) {
  part.plot.hidden = true;
  part.none.hidden = false;
  part.none.textContent = sentence;
  delete shown[part.name];
}

// facts -----------------------------------------------------------------------------------------------------------------

/**
 * @param {string} term
 * @param {Child} value
 * @param {{best?: boolean, name?: string}} [options]
 */
const fact = (term, value, { best = false, name } = {}) =>
  make("p", { class: best ? "is-best" : null, "data-name": name }, make("span", {}, term), make("span", {}, value));
/**
 * @param {string} text
 * @param {string} name
 */
const remark = (text, name) => make("p", { class: "ec-trio-wide", "data-name": name }, text);

/**
 * @param {Record<string, number>} values
 * @param {string} name
 */
const isBest = (values, name) => Object.keys(values).length > 1 && values[name] >= Math.max(...Object.values(values)) - 1e-12;

/**
 * @param {Scene} scene
 * @returns {Message}
 */
const detailNow = ({ store: { state } }) => (state.detail?.place === state.place ? state.detail : null);

/**
 * @param {Scene} scene
 * @param {string} name
 */
function drawFacts(scene, name) {
  const { rows, shown } = scene;
  const detail = detailNow(scene);
  const found = shown[name];
  const information = found ? [fact("information", [number(`bits_${name}`, found.bits, 3), " bits"])] : [];
  rows[name].facts.replaceChildren(...information, ...(detail && found ? measured(detail, name) : []));
}

/**
 * What was measured of a reading on sequences and known motifs.
 *
 * @param {Message} detail
 * @param {string} name
 */
function measured(detail, name) {
  const among = (/** @type {Record<string, number> | undefined} */ values, /** @type {string} */ id, /** @type {string} */ term, /** @type {string} */ unit) => (values && name in values ? [fact(term, [number(`${id}_${name}`, values[name], 3), unit], { best: isBest(values, name) })] : []);
  const { likeness, divergence: { [name]: bits } } = detail;
  const r = likeness?.correlation;
  return [
    ...among(detail.at_sites, "at_sites", detail.known ? "at known sites" : "at best windows", " nats"),
    ...among(detail.evidence, "evidence", "evidence", " nats"),
    ...(r && name in r ? [fact(`likeness to ${likeness.name}`, ["r ", number(`r_${name}`, r[name], 3)], { best: isBest(r, name) })] : []),
    ...(name !== "exact" && bits !== undefined ? [fact("from the exact one", [number(`divergence_${name}`, bits, 3), " bits"])] : []),
    remark(matchesOf(detail.matches[name]), `matches_${name}`),
  ];
}

/**
 * The known motifs that a reading matches, each once; null is not compared.
 *
 * @param {{name: string, e: number}[] | null | undefined} matches
 */
function matchesOf(matches) {
  if (matches === null) return "Known motifs: not compared as it is set now.";
  const firsts = (matches ?? []).filter((m, i, all) => all.findIndex((other) => other.name === m.name) === i);
  return firsts.length ? firsts.map((m) => `${m.name}, E ${format(m.e, 2)}`).join("; ") : "No significant known motif.";
}

/** @param {Scene} scene */
function drawKnown(scene) {
  const { rows, tools, find, stop, looking, store: { state } } = scene;
  const detail = detailNow(scene);
  const part = rows.known;
  const isStale = detail && Object.values(detail.matches).some((m) => m === null);
  part.whole.hidden = !detail;
  tools.hidden = !detail || !(isStale || state.finding);
  find.disabled = Boolean(state.finding) || Boolean(state.cannot_find);
  stop.hidden = !state.finding;
  looking.textContent = state.finding || (state.cannot_find ?? "");
  if (detail?.likeness) return drawLikeness(scene, part, detail.likeness);
  blank(scene, part, isStale ? "Not looked up for these settings." : "None of the three readings resembles a motif of JASPAR significantly.");
  part.note.textContent = "";
  part.facts.replaceChildren();
}

/**
 * A known motif, its columns under those of the kernel that it was laid on.
 *
 * @param {Scene} scene
 * @param {Part} part
 * @param {Message} like
 */
function drawLikeness(scene, part, like) {
  const { shown, width } = scene;
  const { offset, reverse } = like;
  const from = -offset;
  part.plot.hidden = false;
  part.none.hidden = true;
  shown.known = logo(scene, part, like.ppm, from);
  const isOn = (/** @type {number} */ j) => j + offset >= 0 && j + offset < like.width;
  ruler(scene, part, (j) => (isOn(j) ? (reverse ? like.width - (j + offset) : j + offset + 1) : ""));
  part.note.textContent = `${like.name} (${like.accession}, JASPAR)${reverse ? ", reverse complement" : ""}`;
  const [a, b] = [Math.max(0, from), Math.min(width, from + like.width)];
  const laid = `Columns ${a + 1}–${b} of the kernel on ${like.overlap} of the motif's ${like.width}, ${reverse ? "reversed" : "as written"}; found by the ${like.reading} reading.`;
  part.facts.replaceChildren(
    fact("TOMTOM p", number("p_value", like.p, 2)),
    fact("letters p", number("letter_p", like.letter_p, 2)),
    fact(`E, of ${format(like.n_known, 4)} motifs`, number("e_value", like.e, 2)),
    remark(laid, "alignment"),
  );
}

// words -----------------------------------------------------------------------------------------------------------------

/** @param {Scene} scene */
function verdict(scene) {
  const { store } = scene;
  const { state } = store;
  const detail = detailNow(scene);
  if (!state.detail && state.has_sequences === false) return "Without sequences there is the exact reading only.";
  if (!detail) return "";
  const parts = [`The exact PWM gives the network's scores back: on all ${grouped(detail.windows)} held-out windows they differ by ${format(detail.residual, 2)} at the most.`];
  const r = detail.likeness?.correlation;
  if (r) {
    const ranked = Object.keys(r).sort((a, b) => r[b] - r[a]);
    parts.push(`Nearest to ${detail.likeness.name} comes the ${ranked[0]} reading: ${ranked.map((n) => `${n} r = ${format(r[n], 2)}`).join(", ")}.`);
  }
  return parts.join(" ");
}

/** @param {Scene} scene */
function how(scene) {
  const detail = detailNow(scene);
  if (!detail) return "";
  const what = detail.known ? "known sites in held-out sequences" : "best windows of held-out sequences, one each";
  return `Nats: mean log-likelihood ratio to the background at ${grouped(detail.n_sites)} ${what}; evidence: mean log evidence of a whole held-out sequence with one site. ▲ marks the largest. The bars under a logo: bits by which each column differs from the exact one.`;
}

/** @param {Scene} scene */
function matrices({ store, shown }) {
  const rowsOf = (/** @type {Matrix} */ ppm) => ppm.map((row, a) => /** @type {[string, number[]]} */ ([store.state.alphabet[a], row]));
  const names = Object.keys(TITLES).filter((name) => shown[name] && name !== "known");
  return make("div", {}, names.map((name) => matrixTable(`${TITLES[name]}: letter probabilities`, shown[name].ppm[0].length, [{ name: `ppm_${name}`, rows: rowsOf(shown[name].ppm) }])));
}

/** @param {Scene} scene */
function baseButtons({ store, bases }) {
  const { state } = store;
  const about = (/** @type {number} */ a, /** @type {number} */ b) => b !== null && b !== undefined && Math.abs(a - b) < 1e-6;
  const button = (/** @type {string} */ text, /** @type {number} */ m) => make("button", { type: "button", "aria-pressed": String(about(state.m, m)), onclick: () => store.set({ m }) }, text);
  bases.replaceChildren(...[
    state.m_pooling !== null ? button(`of the pooling: m = ${format(state.m_pooling, 3)}`, state.m_pooling) : null,
    state.m_likeliest !== null ? button(`likeliest: m = ${format(state.m_likeliest, 3)}`, state.m_likeliest) : null,
  ].filter((part) => part !== null));
}
