// StepText: where the walk is: title, one sentence, and the formula with the numbers of the window under the cursor.
//
// options: {steps, level}
//   steps    [{name, title, sentence, formula, when, variants}]; a formula is text with {names} of `numbersOf`, and
//            <sub> and <sup>, which may nest; everything else is text
//            variants: [{when, sentence, formula, more}], one after the other: where `when` holds, another sentence or
//            formula, or more formula; besides the state it may ask for `window_is_whole` and `cell_takes_part`
//   level    of the heading (default 3)

import { speaker } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { oncePerFrame } from "../lib/drawing.js";
import { letterSum } from "../lib/maths.js";
import { number, renumber, residue } from "../lib/numbers.js";
import { holds, walk } from "../lib/steps.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

/** @typedef {string | { name: string } | { tag: string, parts: Part[] }} Part */
/** @typedef {{ when?: When, sentence?: string, formula?: string, more?: string }} Variant */
/** @typedef {{ name: string, title: string, sentence: string, formula: string, when?: When | null, variants?: Variant[] }} Step */
/** @typedef {{ data: HTMLElement, open: HTMLElement, close: HTMLElement, isAfterSign: boolean }} Slot a number of the formula */
/** @typedef {ReturnType<typeof begin>} StepText */

const TOKEN = /<(\/?)(sub|sup)>|\{(\w+)\}/g;

/**
 * A formula as a tree: text, {name}, {tag, parts}. What is no <sub>, <sup> or {name} is text; open tags end at the end.
 *
 * @param {string} text
 */
export function parseFormula(text) {
  /** @type {Part[]} */
  const root = [];
  const open = [{ tag: "", parts: root }];
  const add = (/** @type {Part} */ part) => part !== "" && open[open.length - 1].parts.push(part);
  let last = 0;
  for (const found of text.matchAll(TOKEN)) {
    const [whole, closing, tag, name] = found;
    add(text.slice(last, found.index));
    last = found.index + whole.length;
    if (name) add({ name });
    else if (!closing) {
      const element = { tag, parts: [] };
      add(element);
      open.push(element);
    } else if (open[open.length - 1].tag === tag) open.pop();
    else add(whole);
  }
  add(text.slice(last));
  return root;
}

/**
 * The cell that a window belongs to: itself, or its group of the local maximum (a dropped window: the last one).
 *
 * @param {State} state
 * @param {Trace} trace
 * @param {number} window
 */
export function cellOf(state, trace, window) {
  const strands = state.both_strands ? 2 : 1;
  const [windows, cells] = [trace.starts.length / strands, trace.cellWindows.length / strands];
  const strand = Math.floor(window / windows);
  return strand * cells + Math.min(Math.floor((window % windows) / state.local_window), cells - 1);
}

/**
 * Every number that a formula may show, at a window; the names are those of `numbers` in Python's steps.
 *
 * @param {State} state
 * @param {Trace} trace
 * @param {number} window
 * @returns {Record<string, number>}
 */
export function numbersOf(state, trace, window) {
  const { codes, kernel, alphabet, m, bias } = state;
  const cell = cellOf(state, trace, window);
  const winner = trace.cellWindows[cell];
  const picking = (trace.strands[window] === "-" && trace.otherKernel) || kernel;
  const [score, offset, logRatio] = [trace.scores[window], trace.offsets[window], trace.logRatios[window]];
  const prior = trace.prior[cell];
  return {
    pooled: trace.pooled,
    average: trace.average,
    maximum: trace.maximum,
    entropy: trace.entropy,
    effective_windows: trace.effectiveWindows,
    total: trace.total,
    log_evidence: trace.logEvidence,
    expected_log_ratio: trace.expectedLogRatio,
    expected_offset: trace.expectedOffset,
    site_probability: trace.siteProbability,
    score,
    offset,
    log_ratio: logRatio,
    activated: trace.activated[window],
    cell: trace.cells[cell],
    gate: trace.gate[cell],
    shifted: trace.shifted[cell],
    exponential: trace.exponentials[cell],
    weight: trace.weights[cell],
    weighted: trace.weighted[cell],
    gradient: trace.gradient[cell],
    bias,
    m,
    log_sum_exp: trace.logSumExp ?? Infinity,
    letter_sum: letterSum(codes, picking, trace.starts[window]),
    reading: offset + logRatio,
    residual: trace.whole[window] ? score - (offset + logRatio) : NaN,
    log_ratio_cell: trace.logRatios[winner],
    log_prior: prior > 0 ? Math.log(prior) : -Infinity,
    bayes_posterior: trace.bayesPosterior[winner],
    posterior: trace.posterior[winner],
    window: window + 1,
    winner: winner + 1,
    n_letters: alphabet.length,
    length: codes.length,
    n_known: codes.filter((code) => code >= 0).length,
    n_windows: trace.starts.length,
    n_cells: trace.cellWindows.length,
  };
}

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {{ steps: Step[], level?: number }} options
 */
function begin(el, store, { steps, level = 3 }) {
  const count = make("span", { class: "ec-steptext-count" });
  const title = make("span");
  const sentence = make("p", { class: "ec-steptext-sentence" });
  const formula = make("p", { class: "ec-steptext-formula ep-from-explore" });
  el.append(make(`h${level}`, {}, count, title), sentence, formula);
  return {
    el, store, steps, count, title, sentence, formula,
    say: speaker(el),
    slots: /** @type {Slot[]} */ ([]),
    drawn: /** @type {string | null} */ (null), // the formula
    spoken: "", // name of the step
  };
}

const SHOULD_BE_0 = new Set(["residual", "offset", "expected_offset"]); // or may: what rounding leaves is no number to read

/** @param {number} x */
const digitsOf = (x) => (Number.isInteger(x) ? 15 : 4);

/**
 * The elements of a formula; its numbers are added to `slots`.
 *
 * @param {Part[]} parts
 * @param {Record<string, number>} values
 * @param {Slot[]} slots
 * @returns {(Node | string)[]}
 */
function elementsOf(parts, values, slots) {
  return parts.map((part, i) => {
    if (typeof part === "string") return part;
    if ("tag" in part) return make(part.tag, {}, elementsOf(part.parts, values, slots));
    if (!(part.name in values)) return `{${part.name}}`;
    const before = parts[i - 1] ?? "";
    const slot = {
      data: SHOULD_BE_0.has(part.name) ? residue(part.name, values[part.name], values.score) : number(part.name, values[part.name], digitsOf(values[part.name])),
      open: make("span"),
      close: make("span"),
      isAfterSign: typeof before === "string" && /[+\u2212\u00d7]\s*$/.test(before),
    };
    slots.push(slot);
    bracket(slot, values[part.name]);
    return make("span", { class: "ec-steptext-number" }, slot.open, slot.data, slot.close);
  });
}

/**
 * A negative number after a sign stands in brackets.
 *
 * @type {(slot: Slot, x: number) => void}
 */
function bracket({ open, close, isAfterSign }, x) {
  const isNegative = isAfterSign && x < -1e-12;
  open.textContent = isNegative ? "(" : "";
  close.textContent = isNegative ? ")" : "";
}

/** @type {(step: Step, state: State, trace: Trace, window: number) => { sentence: string, formula: string }} */
function wordsOf(step, state, trace, window) {
  const words = { sentence: step.sentence, formula: step.formula };
  const about = { ...state, window_is_whole: trace.whole[window], cell_takes_part: trace.takingPart[cellOf(state, trace, window)] };
  for (const { when, more = "", ...other } of step.variants ?? []) {
    if (!holds(when, about)) continue;
    Object.assign(words, other);
    words.formula += more;
  }
  return words;
}

/** @type {(text: StepText, formula: string, values: Record<string, number>) => void} */
function drawFormula(text, formula, values) {
  if (text.drawn !== formula) {
    text.drawn = formula;
    text.slots = [];
    text.formula.replaceChildren(...elementsOf(parseFormula(formula), values, text.slots));
    return;
  }
  for (const slot of text.slots) {
    const x = values[slot.data.dataset.name ?? ""];
    const name = slot.data.dataset.name ?? "";
    if (SHOULD_BE_0.has(name)) slot.data.replaceWith((slot.data = residue(name, x, values.score)));
    else renumber(slot.data, x, digitsOf(x));
    bracket(slot, x);
  }
}

/** @param {StepText} text */
function draw(text) {
  const { store: { state, trace, error }, steps, el, count, title, sentence, formula } = text;
  if (error) {
    if (!trace) sentence.textContent = error;
    return; // the numbers of the last good state stay
  }
  const { places, shown = 0 } = walk(steps, state);
  const step = steps[shown];
  const window = Math.min(Math.max(state.cursor, 0), trace.starts.length - 1);
  const words = wordsOf(step, state, trace, window);
  drawFormula(text, words.formula, numbersOf(state, trace, window));
  count.textContent = `${places.indexOf(shown) + 1}/${places.length}`;
  title.textContent = step.title;
  sentence.textContent = words.sentence;
  el.dataset.step = step.name;
  if (text.spoken !== step.name) text.say(`${step.title}. ${words.sentence} ${formula.textContent}`); // later changes: the pictures' voice
  text.spoken = step.name;
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    dress(el, "steptext", CSS);
    const text = begin(el, exports.store, model.get("options"));
    draw(text);
    const off = exports.store.on(oncePerFrame(() => draw(text)));
    signal.addEventListener("abort", off);
    return off;
  },
};
