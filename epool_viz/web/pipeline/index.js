// Pipeline: from the kernel to its logo, matrix under matrix, a number in every cell; each step of the walk adds the next
// one. The column in hand is worked out in full: its powers, their sum Z, its share of the offset.
//
// options: {steps, level}
//   steps  [{name, title, sentence, plain, when}]; the names are those of BLOCKS and "offset"; `plain` is the sentence
//          where the form is plain
//   level  of the heading (default 3)
// state: kernel, m, bias, background, alphabet, step, column (in hand, from 0), form
//   form   "background": a letter's power counts q times; "plain": once, as in Fig. 2B of the paper

import { onArrows, voice } from "../lib/a11y.js";
import { columnOf } from "../lib/cursor.js";
import { attributes, make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { kernelStages } from "../lib/maths.js";
import { format, number } from "../lib/numbers.js";
import { walk } from "../lib/steps.js";
import { panel } from "../lib/style.js";
import CSS from "./style.css";

/** @typedef {{ name: string, title: string, sentence: string, plain?: string, when?: When | null }} Step */
/** @typedef {ReturnType<typeof kernelStages>} Stages */
/** @typedef {ReturnType<typeof gridOf>} Grid */
/** @typedef {ReturnType<typeof begin>} Pipeline */
/** @typedef {{ letters: string[], j: number, base: string, state: State, what: Stages }} InHand the column, and what it is worked out from */

/** @type {Record<string, { label: string, words: string, plain?: string }>} */
const BLOCKS = {
  kernel: { label: "W", words: "the kernel" },
  powers: { label: "b\u1d42", words: "b to the power of it" },
  weighted: { label: "q \u00d7 b\u1d42", words: "times the letter's share of the background" },
  sums: { label: "Z", words: "sum of each column, and its share of the offset" },
  ppm: { label: "PPM", words: "divided by the sum: probabilities" },
  pwm: { label: "PWM", words: "logarithms: log odds", plain: "logarithms of probabilities" },
  heights: { label: "logo", words: "height of each letter, in bits" },
};
const LIMIT = 1e-9;
const SUPERSCRIPT = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {{ steps: Step[], level?: number }} options
 */
function begin(el, store, { steps, level = 3 }) {
  const section = panel(el, "pipeline", "From kernel to logo", CSS);
  const count = make("span", { class: "ec-pipeline-count" });
  const title = make("span");
  const sentence = make("p");
  const by = (/** @type {number} */ step, /** @type {string} */ text, /** @type {string} */ label) =>
    make("button", { type: "button", "aria-label": label, title: label, tabindex: "-1", onclick: () => choose(store, columnOf(store.state) + step) }, text);
  const stepper = make("span", { class: "ec-pipeline-step", tabindex: "0", role: "spinbutton", "aria-label": "Column", "aria-valuemin": "1" });
  const tools = make("div", { class: "ec-pipeline-tools" }, by(-1, "\u2039", "The column before"), stepper, by(1, "\u203a", "The next column"));
  const box = make("div", { class: "ec-pipeline-box", tabindex: "0", role: "group", "aria-label": "The matrices; left and right take a column in hand" });
  const out = make("div", { class: "ec-pipeline-out", "data-name": "worked-out" });
  section.append(make("div", { class: "ec-pipeline-top" }, make("div", {}, make(`h${level}`, {}, count, title), sentence), tools), box, out);
  return {
    el, store, steps, count, title, sentence, stepper, box, out,
    say: voice(section, { sentence: "hidden" }),
    grid: gridOf("", 0),
    spoken: "", // name of the step that was last read out
  };
}

// the column in hand ----------------------------------------------------------------------------------------------

/** @type {(store: Store, column: number) => void} */
const choose = ({ state, set }, column) => set({ column: Math.min(Math.max(column, 0), state.kernel[0].length - 1) });

/**
 * Scroll so that the column in hand can be seen.
 *
 * @param {Pipeline} pipeline
 */
function reveal({ store, grid, box }) {
  const hand = columnOf(store.state);
  const cell = grid.heads[hand];
  if (!cell || box.scrollWidth <= box.clientWidth) return;
  const [left, right] = [cell.offsetLeft - grid.corner.offsetWidth, cell.offsetLeft + cell.offsetWidth];
  if (left < box.scrollLeft) box.scrollLeft = hand ? left : 0;
  else if (right > box.scrollLeft + box.clientWidth) box.scrollLeft = right - box.clientWidth + 4;
}

/** @param {Pipeline} pipeline */
function listen(pipeline) {
  const { store, stepper, box } = pipeline;
  const go = (/** @type {number} */ column) => {
    choose(store, column);
    reveal(pipeline);
  };
  for (const element of [stepper, box])
    onArrows(element, (step) => go(columnOf(store.state) + step), (end) => go(end === "first" ? 0 : Infinity));
  box.addEventListener("click", (event) => {
    const cell = /** @type {Element} */ (event.target).closest("[data-column]");
    if (cell) choose(store, Number(cell.getAttribute("data-column")));
  });
}

// drawing ---------------------------------------------------------------------------------------------------------

/** @type {(pipeline: Pipeline, state: State) => void} */
function draw(pipeline, state) {
  const { steps, el, count, title, sentence, stepper, out, say } = pipeline;
  const { places, shown = 0 } = walk(steps, state);
  const step = steps[shown];
  const { m: logBase, bias, background, form } = state;
  const what = kernelStages(state.kernel, { logBase, bias, background, isPlain: form === "plain" });
  const [width, place] = [what.kernel[0].length, columnOf(state) + 1];
  if (pipeline.grid.shape !== shapeOf(state.alphabet, width)) build(pipeline, state.alphabet, width);
  uncover(pipeline, places.filter((i) => i <= shown).map((i) => steps[i].name), step.name, what.isPlain);
  fill(pipeline, state, what);
  mark(pipeline, state);
  count.textContent = `${places.indexOf(shown) + 1}/${places.length}`;
  title.textContent = step.title;
  sentence.textContent = (what.isPlain && step.plain) || step.sentence;
  el.dataset.step = step.name;
  const inHand = { letters: [...state.alphabet], j: place - 1, base: format(Math.exp(state.m)), state, what };
  out.replaceChildren(...WORKED_OUT[step.name](inHand).map((parts) => make("p", {}, parts)));
  attributes(stepper, { "aria-valuemax": width, "aria-valuenow": place, "aria-valuetext": `column ${place}: ${out.textContent}` });
  stepper.textContent = `column ${place} of ${width}`;
  say(pipeline.spoken === step.name ? (out.textContent ?? "") : `${step.title}. ${sentence.textContent} ${out.textContent}`);
  pipeline.spoken = step.name;
}

/** @type {(alphabet: string, width: number) => string} */
const shapeOf = (alphabet, width) => `${alphabet} ${width}`;

/**
 * The cells of the matrices, by the name of the block.
 *
 * @param {string} alphabet
 * @param {number} width
 */
function gridOf(alphabet, width) {
  const places = Array.from({ length: width }, (_, j) => j);
  const cells = () => places.map((j) => make("td", { "data-column": j }));
  /** @type {Record<string, string[]>} */
  const headsOf = { sums: ["Z", "log\u2009Z"], heights: [...alphabet, "bits"] };
  const blocks = Object.fromEntries(Object.entries(BLOCKS).map(([name, { label }]) => {
    const words = make("span");
    const rows = (headsOf[name] ?? [...alphabet]).map((head) => ({ head, cells: cells() }));
    const body = make("tbody", { "data-name": name },
      make("tr", {}, make("th", { scope: "rowgroup", colspan: Math.min(width + 1, 6) }, make("div", { class: "ec-pipeline-name" }, make("b", {}, label), words))),
      rows.map(({ head, cells }) => make("tr", {}, make("th", { scope: "row" }, head), cells)));
    return [name, { body, rows, words }];
  }));
  const heads = places.map((j) => make("th", { scope: "col", "data-column": j }, String(j + 1)));
  return { shape: shapeOf(alphabet, width), corner: make("td"), heads, blocks };
}

/** @type {(pipeline: Pipeline, alphabet: string, width: number) => void} */
function build(pipeline, alphabet, width) {
  const { corner, heads, blocks } = (pipeline.grid = gridOf(alphabet, width));
  pipeline.box.replaceChildren(make("table", { class: "ec-pipeline-table", style: `--columns:${width}` },
    make("thead", {}, make("tr", {}, corner, heads)),
    Object.values(blocks).map(({ body }) => body)));
}

/**
 * Show the blocks that the walk has come to.
 *
 * @type {(pipeline: Pipeline, names: string[], now: string, isPlain: boolean) => void}
 */
function uncover({ grid }, names, now, isPlain) {
  for (const [name, { body, words }] of Object.entries(grid.blocks)) {
    words.textContent = (isPlain && BLOCKS[name].plain) || BLOCKS[name].words;
    body.hidden = !names.includes(name);
    body.classList.toggle("is-now", name === now || (name === "sums" && now === "offset"));
  }
}

/** @type {(cell: HTMLElement, name: string, x: number, text: string) => void} */
function put(cell, name, x, text) {
  const data = cell.querySelector("data") ?? number(name, x);
  if (!data.parentNode) cell.replaceChildren(data);
  if (data.dataset.value === String(x) && data.textContent === text) return;
  attributes(data, { value: x, "data-value": x });
  data.textContent = text;
}

/** @type {(cell: HTMLElement, share: number, isDown?: boolean) => void} */
function heat(cell, share, isDown = false) {
  const look = `is-heat ${isDown ? "is-down" : "is-up"}`;
  if (!cell.className.startsWith(look)) cell.className = look;
  const percent = `${Math.round(40 * Math.min(share, 1))}%`;
  if (cell.style.getPropertyValue("--share") !== percent) cell.style.setProperty("--share", percent);
}

/** @type {(pipeline: Pipeline, state: State, what: Stages) => void} */
function fill({ grid: { blocks } }, { alphabet }, { kernel, logPowers, logWeighted, logSums, shares, ppm, pwm, heights, bits }) {
  const sizeOf = (/** @type {Matrix} */ matrix) => Math.max(...matrix.flat().map(Math.abs));
  const [most, mostOdds, tallest] = [sizeOf(kernel) || 1, sizeOf(pwm), Math.max(...bits, 1e-9)];
  /** @type {(name: string, matrix: Matrix, text: (x: number) => string, warm: (x: number, a: number, j: number) => [number, boolean?]) => void} */
  const block = (name, matrix, text, warm) => {
    const { body, rows } = blocks[name];
    if (body.hidden) return;
    matrix.forEach((row, a) => row.forEach((x, j) => {
      put(rows[a].cells[j], `${name}_${alphabet[a]}_${j + 1}`, text === power ? Math.exp(x) : x, text(x));
      heat(rows[a].cells[j], ...warm(x, a, j));
    }));
  };
  block("kernel", kernel, small, (x) => [Math.abs(x) / most, x < 0]);
  block("powers", logPowers, power, (_, a, j) => [ppm[a][j]]);
  block("weighted", logWeighted, power, (_, a, j) => [ppm[a][j]]);
  block("ppm", ppm, chance, (x) => [x]);
  block("pwm", pwm, small, (x) => [Math.abs(x) / mostOdds, x < 0]);
  block("heights", heights, small, (x) => [x / tallest, x < 0]);
  /** @type {(name: string, i: number, label: string, values: number[], text: (x: number, j: number) => string) => void} */
  const row = (name, i, label, values, text) =>
    values.forEach((x, j) => put(blocks[name].rows[i].cells[j], `${label}_${j + 1}`, x, text(x, j)));
  row("sums", 0, "z", logSums.map(Math.exp), (_, j) => power(logSums[j]));
  row("sums", 1, "share", shares, small);
  row("heights", alphabet.length, "bits", bits, small);
}

/** @type {(pipeline: Pipeline, state: State) => void} */
function mark({ box }, state) {
  const hand = String(columnOf(state));
  for (const old of box.querySelectorAll(".is-hand")) if (old.getAttribute("data-column") !== hand) old.classList.remove("is-hand");
  for (const cell of box.querySelectorAll(`[data-column="${hand}"]`)) cell.classList.add("is-hand");
}

// words -----------------------------------------------------------------------------------------------------------

/** @param {number} x */
const orZero = (x) => (Math.abs(x) < 1e-15 ? 0 : x);
/** @param {number} x */
const small = (x) => format(orZero(x), 3);
/** @param {number} p */
const chance = (p) => (p >= 0.0005 ? p.toFixed(3) : format(p, 2));
/** @param {number} x */
const bracketed = (x) => (x < 0 ? `(${format(x)})` : format(x));

/**
 * The power e^x as text, also where it is too large for a number.
 *
 * @param {number} x
 */
function power(x) {
  if (x < 690 && x > -690) return format(Math.exp(x), 3);
  const exponent = x / Math.LN10;
  const whole = Math.floor(exponent);
  return `${format(10 ** (exponent - whole), 2)}\u00d710${[...String(whole)].map((d) => (d === "-" ? "\u207b" : SUPERSCRIPT[Number(d)])).join("")}`;
}

/** @type {(name: string, x: number, text: string) => HTMLElement} */
const shown = (name, x, text) => {
  const element = number(name, x);
  element.textContent = text;
  return element;
};

/** @type {<T>(items: T[], between: string, partsOf: (item: T, i: number) => Child[]) => Child[]} */
const joined = (items, between, partsOf) => items.flatMap((item, i) => [i ? between : "", make("span", {}, ...partsOf(item, i))]);

/**
 * The column in hand, worked out at each step of the walk: paragraphs.
 *
 * @type {Record<string, (inHand: InHand) => Child[][]>}
 */
const WORKED_OUT = {
  kernel: ({ letters, j, what: { kernel } }) => [
    [`W in column ${j + 1}: `, ...joined(letters, ", ", (letter, a) => [`${letter} `, number(`w_${letter}`, kernel[a][j])])]],
  powers: ({ letters, j, base, what: { kernel, logPowers } }) => [
    [`b = ${base}. `, ...joined(letters, ", ", (letter, a) =>
      [`${letter}: ${base} to the ${format(kernel[a][j])} = `, shown(`power_${letter}`, Math.exp(logPowers[a][j]), power(logPowers[a][j]))])]],
  weighted: ({ letters, j, what: { q, logPowers, logWeighted } }) => [
    joined(letters, ", ", (letter, a) =>
      [`${letter}: ${format(q[a], 3)} \u00d7 ${power(logPowers[a][j])} = `, shown(`weighted_${letter}`, Math.exp(logWeighted[a][j]), power(logWeighted[a][j]))])],
  sums: ({ letters, j, what: { logWeighted, logSums, shares, offset } }) => [
    [`Z of column ${j + 1} = `, ...joined(letters, " + ", (_, a) => [power(logWeighted[a][j])]), " = ", shown("column_z", Math.exp(logSums[j]), power(logSums[j])),
      Math.abs(logSums[j]) < LIMIT ? ": it sums to one already, and adds nothing to the offset." : "."],
    [`Its share of the offset: log to the base b of ${power(logSums[j])} = `, number("column_share", shares[j]), ` of ${format(offset)}.`],
  ],
  ppm: ({ letters, j, what: { ppm, logWeighted, logSums } }) => [
    joined(letters, ", ", (letter, a) => [`${letter}: ${power(logWeighted[a][j])} / ${power(logSums[j])} = `, shown(`p_${letter}`, ppm[a][j], chance(ppm[a][j]))]),
    ["A constant c added to this column multiplies all of its powers, and so Z, by b to the c: it cancels here."]],
  pwm: ({ letters, j, what: { kernel, shares, pwm, pwmByPpm, isPlain } }) => [
    ["W \u2212 share: ", ...joined(letters, ", ", (letter, a) => [`${letter}: ${format(kernel[a][j])} \u2212 ${bracketed(shares[j])} = `, number(`pwm_${letter}`, pwm[a][j])]), "."],
    [isPlain ? "The same by the other route, log p: " : "The same by the other route, log ( p / q ): ",
      ...joined(letters, ", ", (letter, a) => [`${letter} `, number(`pwm_by_ppm_${letter}`, pwmByPpm[a][j])]), "."]],
  heights: ({ letters, j, what: { bits, heights, isPlain } }) => [
    [`Column ${j + 1} tells `, number("column_bits", bits[j]), ` bits${isPlain ? "" : " against the background"}; a letter is as tall as its probability times that: `,
      ...joined(letters, ", ", (letter, a) => [`${letter} `, shown(`height_${letter}`, heights[a][j], small(heights[a][j]))]), "."]],
  offset: ({ j, state, what: { shares, offset, plainOffset, isPlain } }) => [
    [`offset = bias + shares = ${format(state.bias)} + `,
      ...(shares.length <= 12 ? joined(shares, " + ", (x) => [bracketed(orZero(x))]) : [`the ${shares.length} shares`]), " = ", number("offset", offset), "."],
    [`Column ${j + 1} brings `, number("column_share", shares[j]), ` of it. This is what the logo cannot show: score = offset + log\u2009`,
      isPlain ? "P(window | PPM)." : "P(window | PPM) / P(window | background)."],
    ...(isPlain ? [] : [["With 1 in the place of q, as in Fig. 2B, it would be ", number("plain_offset", plainOffset), "."]]),
  ],
};

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const pipeline = begin(el, exports.store, model.get("options"));
    listen(pipeline);
    follow(exports.store, (state) => draw(pipeline, state), signal);
  },
};
