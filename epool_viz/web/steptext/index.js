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
import { number, renumber } from "../lib/numbers.js";
import { holds, walk } from "../lib/steps.js";
import { dress } from "../lib/style.js";
import CSS from "./style.css";

/** @typedef {string | { name: string } | { tag: string, parts: Part[] }} Part */
/** @typedef {{ data: HTMLElement, open: HTMLElement, close: HTMLElement, afterSign: boolean }} Slot */
/** @typedef {{ when?: When, sentence?: string, formula?: string, more?: string }} Variant */
/** @typedef {{ name: string, title: string, sentence: string, formula: string, when?: When | null, variants?: Variant[] }} Step */

const TOKEN = /<(\/?)(sub|sup)>|\{(\w+)\}/g;

/**
 * A formula as a tree: text, {name}, {tag, parts}. What is no <sub>, <sup> or {name} is text; open tags end at the end.
 *
 * @param {string} text
 * @returns {Part[]}
 */
export function parseFormula(text) {
  /** @type {{ tag: string | null, parts: Part[] }} */
  const root = { tag: null, parts: [] };
  const open = [root];
  const innermost = () => open[open.length - 1];
  const add = (/** @type {Part} */ part) => part !== "" && innermost().parts.push(part);
  let last = 0;
  for (const found of text.matchAll(TOKEN)) {
    const [whole, closing, tag, name] = found;
    add(text.slice(last, found.index));
    last = found.index + whole.length;
    if (name) add({ name });
    else if (!closing) {
      const element = { tag, parts: /** @type {Part[]} */ ([]) };
      add(element);
      open.push(element);
    } else if (innermost().tag === tag) open.pop();
    else add(whole);
  }
  add(text.slice(last));
  return root.parts;
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
  const [start, width] = [trace.starts[window], trace.width];
  const picking = (trace.strands[window] === "-" && trace.otherKernel) || kernel;
  let letterSum = 0;
  for (let j = 0; j < width; j++) if (codes[start + j] >= 0) letterSum += picking[codes[start + j]][j];
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
    letter_sum: letterSum,
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

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    /** @type {{ steps: Step[], level?: number }} */
    const { steps, level = 3 } = model.get("options");
    dress(el, "steptext", CSS);

    const count = make("span", { class: "ec-steptext-count" });
    const title = make("span");
    const sentence = make("p", { class: "ec-steptext-sentence" });
    const formula = make("p", { class: "ec-steptext-formula" });
    el.append(make(`h${level}`, {}, count, title), sentence, formula);
    const say = speaker(el);
    /** @type {Slot[]} */
    let slots = [];
    /** @type {string | null} */
    let drawn = null;
    /** @type {string | null} */
    let spoken = null;

    const digits = (/** @type {number} */ x) => (Number.isInteger(x) ? 15 : 4);
    /** @type {(part: Part, i: number, parts: Part[], values: Record<string, number>) => Node | string} */
    const element = (part, i, parts, values) => {
      if (typeof part === "string") return part;
      if ("tag" in part) return make(part.tag, {}, elements(part.parts, values));
      if (!(part.name in values)) return `{${part.name}}`;
      const data = number(part.name, values[part.name], digits(values[part.name]));
      const [open, close] = [make("span"), make("span")];
      const slot = { data, open, close, afterSign: /[+\u2212\u00d7]\s*$/.test(String(parts[i - 1] ?? "")) };
      slots.push(slot);
      bracket(slot, values);
      return make("span", { class: "ec-steptext-number" }, open, data, close);
    };
    /** @type {(parts: Part[], values: Record<string, number>) => (Node | string)[]} */
    const elements = (parts, values) => parts.map((part, i) => element(part, i, parts, values));
    /**
     * A negative number after a sign stands in brackets.
     *
     * @param {Slot} slot
     * @param {Record<string, number>} values
     */
    function bracket({ data, open, close, afterSign }, values) {
      const isNegative = afterSign && values[data.dataset.name ?? ""] < 0;
      open.textContent = isNegative ? "(" : "";
      close.textContent = isNegative ? ")" : "";
    }
    const wordsOf = (/** @type {Step} */ step, /** @type {State} */ state, /** @type {Trace} */ trace, /** @type {number} */ window) => {
      const words = { sentence: step.sentence, formula: step.formula };
      const about = { ...state, window_is_whole: trace.whole[window], cell_takes_part: trace.takingPart[cellOf(state, trace, window)] };
      for (const { when, more = "", ...other } of step.variants ?? []) {
        if (!holds(when, about)) continue;
        Object.assign(words, other);
        words.formula += more;
      }
      return words;
    };
    const draw = () => {
      const { state, trace, error } = store;
      if (error) {
        if (!trace) sentence.textContent = error;
        return; // the numbers of the last good state stay
      }
      const { places, shown } = walk(steps, state);
      const step = steps[shown];
      const window = Math.min(Math.max(state.cursor, 0), trace.starts.length - 1);
      const words = wordsOf(step, state, trace, window);
      const values = numbersOf(state, trace, window);
      if (drawn === words.formula) {
        for (const slot of slots) {
          const x = values[slot.data.dataset.name ?? ""];
          renumber(slot.data, x, digits(x));
          bracket(slot, values);
        }
      } else {
        slots = [];
        drawn = words.formula;
        formula.replaceChildren(...elements(parseFormula(drawn), values));
      }
      count.textContent = `${places.indexOf(shown) + 1}/${places.length}`;
      title.textContent = step.title;
      sentence.textContent = words.sentence;
      el.dataset.step = step.name;
      if (spoken !== step.name) say(`${step.title}. ${words.sentence} ${formula.textContent}`); // later changes: the pictures' voice
      spoken = step.name;
    };
    const later = oncePerFrame(draw);
    draw();
    const off = store.on(later);
    signal.addEventListener("abort", off);
    return off;
  },
};
