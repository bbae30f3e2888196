// Window formula: the letters under the cursor pick one entry of each kernel column; the entries and the bias make the
// score. Below, the same score by the other route: the log-likelihood ratio of the PWM that the kernel means, letter by
// letter, and the offset. What lies between the two is shown.
//
// options: {sentence, live}
//   sentence  "visible" (default) or "hidden"
//   live      false: the sentence is never spoken on its own
// state: codes, alphabet, complement, kernel, bias, m, background, padding, both_strands, strand_reading,
// cursor
//
// On the other strand the table is what scores it, as it reads the letters of the given strand: the kernel's reverse complement,
// for a motif against the background of the given strand.

import { onArrows, voice } from "../lib/a11y.js";
import { called, cursorKeys, partial, windowAt, windows } from "../lib/cursor.js";
import { attributes, make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { kernelToPwm, letterSum, logRatios, otherStrandKernel, strandLogOdds } from "../lib/maths.js";
import { format, number, ROUNDED, remainder, residue } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import CSS from "./style.css";

/** @typedef {{ key: unknown[], [strand: number]: OfStrand }} Readings */
/** @typedef {{ kernel: Matrix, ratios: Matrix, offset: number }} OfStrand what scores a strand, and what that means */
/** @typedef {ReturnType<typeof measure>} Measures */
/** @typedef {ReturnType<typeof gridOf>} Grid */
/** @typedef {ReturnType<typeof begin>} Formula */

/** @type {(kernel: Matrix, state: State) => OfStrand} */
function read(kernel, { m, bias, background }) {
  const q = background ?? kernel.map(() => 1 / kernel.length);
  const reading = kernelToPwm(kernel, { logBase: m, bias, background: q });
  // looked up in the probabilities, so that the two routes share no number
  return { kernel, ratios: logRatios(reading, q, m), offset: reading.offset };
}

/** @type {(formula: Formula, state: State, strand: number) => OfStrand} */
function readingOf(formula, state, strand) {
  const { kernel, m, bias, background, complement, strand_reading: strandReading } = state;
  const key = [kernel, m, bias, background, complement, strandReading];
  if (formula.readings.key.some((x, i) => x !== key[i])) formula.readings = { key };
  formula.readings[strand] ??= read(strand && complement ? otherStrandKernel(kernel, complement, { strandReading, m, background }) : kernel, state);
  return formula.readings[strand];
}

/**
 * Everything about the window under the cursor; a letter code is null in the padding.
 *
 * @param {State} state
 * @param {Trace} trace
 * @param {(strand: number) => OfStrand} readingOf
 */
function measure(state, trace, readingOf) {
  const now = windowAt(state, Math.min(state.cursor, trace.scores.length - 1));
  const { width } = windows(state);
  const { kernel, ratios, offset } = readingOf(now.strand);
  const codes = Array.from({ length: width }, (_, j) => state.codes[now.start + j] ?? null);
  const pick = (/** @type {Matrix} */ matrix) => codes.map((code, j) => (code !== null && code >= 0 ? matrix[code][j] : null));
  const [picked, odds] = [pick(kernel), pick(ratios)];
  const [sum, logRatio] = [kernel, ratios].map((matrix) => letterSum(state.codes, matrix, now.start));
  const score = trace.scores[now.index];
  const gap = partial(state.codes, now.start, width);
  return { now, width, kernel, offset, codes, picked, logRatios: odds, gap, sum, logRatio, score, residual: Math.abs(score - (logRatio + offset)) };
}

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {object} options
 */
function begin(el, store, options) {
  const section = panel(el, "formula", "Window formula", CSS);
  const by = (/** @type {number} */ step, /** @type {string} */ text, /** @type {string} */ label) =>
    make("button", { type: "button", "aria-label": label, title: label, tabindex: "-1", onclick: () => move(store, step) }, text);
  const stepper = make("span", { class: "ec-formula-step", tabindex: "0", role: "spinbutton", "aria-label": "Window", "aria-valuemin": "1" });
  const tools = make("div", { class: "ec-formula-tools" }, by(-1, "\u2039", "The window before"), stepper, by(1, "\u203a", "The next window"));
  const box = make("div", { class: "ec-formula-box", tabindex: "0", role: "group", "aria-label": "Kernel columns; left and right take a column in hand" });
  const note = make("p", { class: "ec-soft" });
  const ledger = make("div", { class: "ec-formula-ledger" });
  const warning = make("p", { class: "ec-panel-warning" });
  section.append(
    make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, "The score of a window"), tools),
    box, note, ledger, warning,
  );
  return {
    store, section, stepper, box, note, ledger, warning,
    say: voice(section, options),
    ask: () => {},
    refreshTable: () => {},
    hand: /** @type {number | null} */ (null), // the column in hand
    readings: /** @type {Readings} */ ({ key: [null] }),
    grid: gridOf("", 0),
    shown: /** @type {Matrix | null} */ (null), // by the grid
    what: /** @type {Measures | null} */ (null),
    decimals: 2, // of the kernel's entries
    most: 1,
    longest: 5, // in characters
  };
}

/**
 * To another window of the same strand.
 *
 * @param {Store} store
 * @param {number} step
 */
function move({ state, set }, step) {
  const { number, strand } = windowAt(state);
  const { count } = windows(state);
  if (count) set({ cursor: Math.min(Math.max(number - 1 + step, 0), count - 1) + strand * count });
}

/**
 * Take a column in hand, or none.
 *
 * @param {Formula} formula
 * @param {number | null} column
 */
function take(formula, column) {
  const { box, grid: { width, heads, corner } } = formula;
  if (!formula.what) return;
  formula.hand = column === null ? null : Math.min(Math.max(column, 0), width - 1);
  if (formula.hand !== null) {
    const { offsetLeft, offsetWidth } = heads[formula.hand];
    const left = offsetLeft - corner.offsetWidth;
    if (left < box.scrollLeft) box.scrollLeft = left - 4;
    else if (offsetLeft + offsetWidth > box.scrollLeft + box.clientWidth) box.scrollLeft = offsetLeft + offsetWidth - box.clientWidth + 4;
  }
  formula.ask();
}

// drawing ---------------------------------------------------------------------------------------------------------

/** @type {(formula: Formula, state: State, trace: Trace) => void} */
function draw(formula, state, trace) {
  const { store, warning, grid } = formula;
  warning.textContent = store.error ? `${formula.what ? "Shown is the last score that could be computed. " : ""}${store.error}` : "";
  if (!trace || store.error) return;
  const what = measure(state, trace, (strand) => readingOf(formula, state, strand));
  formula.what = what;
  if (grid.width !== what.width || grid.alphabet !== state.alphabet) build(formula, state, what);
  if (formula.shown !== what.kernel) fill(formula, what);
  mark(formula, state, what);
  balance(formula, state, what);
  tell(formula, state, what);
  formula.refreshTable();
}

/** @type {(state: State, code: number | null) => string} */
const letterOf = ({ alphabet }, code) => (code === null ? "\u00b7" : (alphabet[code] ?? "N"));
/** @type {(state: State, letter: string) => string} */
const toneOf = ({ alphabet }, letter) =>
  letter === "\u00b7" ? "none" : letter === "U" ? "T" : "ACGT".includes(letter) && alphabet.length <= 4 ? letter : "other";

/**
 * The cells of the table that are written to.
 *
 * @param {string} alphabet
 * @param {number} width
 */
function gridOf(alphabet, width) {
  const places = Array.from({ length: width }, (_, j) => j);
  const cells = () => places.map(() => make("td"));
  return {
    width, alphabet,
    corner: make("td"),
    heads: places.map((j) => make("th", { scope: "col" }, String(j + 1))),
    letters: cells(),
    entries: [...alphabet].map(cells),
    picked: cells(),
    ratios: cells(),
  };
}

/** @type {(formula: Formula, state: State, what: Measures) => void} */
function build(formula, { alphabet }, { width }) {
  const grid = gridOf(alphabet, width);
  const row = (/** @type {string} */ label, /** @type {Child} */ cells, /** @type {string | undefined} */ look = undefined) =>
    make("tr", { class: look }, make("th", { scope: "row" }, label), cells);
  formula.box.replaceChildren(make("table", { class: "ec-formula-table", style: `--columns:${width}` },
    make("thead", {}, make("tr", {}, grid.corner, grid.heads)),
    make("tbody", {},
      row("letter", grid.letters, "ec-formula-read"), [...alphabet].map((letter, a) => row(letter, grid.entries[a])),
      row("picked", grid.picked, "ec-formula-sum"), row("log ratio", grid.ratios, "ec-formula-sum"))));
  formula.grid = grid;
  formula.shown = null;
}

/** @type {(formula: Formula, what: Measures) => void} */
function fill(formula, { kernel }) {
  const { shown: before, decimals: wasDecimals, most: wasMost, box, grid } = formula;
  const most = Math.max(...kernel.flat().map(Math.abs)) || 1;
  const decimals = Math.min(Math.max((most < 1 ? 1 : 2) - Math.floor(Math.log10(most)), 0), 6);
  const longest = plain(-most, decimals).length;
  Object.assign(formula, { shown: kernel, most, decimals, longest });
  const bold = 1.03 + 0.61 * (longest - (decimals ? 2 : 1)) + (decimals ? 0.35 : 0); // a sign, digits, a point
  /** @type {HTMLElement} */ (box.firstElementChild).style.setProperty("--cell", `${bold}rem`);
  kernel.forEach((row, a) => row.forEach((x, j) => {
    const isNew = !before || wasDecimals !== decimals || before[a][j] !== x;
    if (!isNew && wasMost === most) return; // what is written again is laid out again
    const cell = grid.entries[a][j];
    if (isNew) cell.replaceChildren(entry(formula, `kernel-${a}-${j}`, x));
    cell.style.setProperty("--share", `${Math.round((40 * Math.abs(x)) / most)}%`);
    cell.className = `is-heat ${x < 0 ? "is-down" : "is-up"}`;
  }));
}

/** @type {(formula: Formula, state: State, what: Measures) => void} */
function mark(formula, state, { width, codes, picked, logRatios }) {
  const { grid, hand } = formula;
  for (let j = 0; j < width; j++) {
    const letter = letterOf(state, codes[j]);
    if (grid.letters[j].textContent !== letter) {
      grid.letters[j].textContent = letter;
      grid.letters[j].className = `is-${toneOf(state, letter)}`;
    }
    grid.entries.forEach((row, a) => row[j].classList.toggle("is-picked", codes[j] === a));
    put(formula, grid.picked[j], `picked-${j}`, picked[j]);
    put(formula, grid.ratios[j], `log-ratio-${j}`, logRatios[j]);
    for (const cell of [grid.heads[j], grid.picked[j], grid.ratios[j]]) cell.classList.toggle("is-hand", j === hand);
  }
}

/**
 * A number of the table: as many decimals everywhere, but for a log ratio that is longer than the kernel's entries.
 *
 * @type {(formula: Formula, name: string, x: number) => HTMLElement}
 */
function entry(formula, name, x) {
  const element = number(name, x, 3);
  element.textContent = fitting(formula, x);
  return element;
}

/** @type {(x: number, digits: number) => string} */
const plain = (x, digits) => (Math.abs(x) < 1e5 ? x.toFixed(digits).replace("-", "\u2212") : format(x, 3));

/** @type {(formula: Formula, x: number) => string} */
function fitting({ decimals, longest }, x) {
  let digits = decimals;
  while (digits > 0 && plain(x, digits).length > longest) digits -= 1;
  return plain(x, digits);
}

/** @type {(formula: Formula, cell: HTMLElement, name: string, x: number | null) => void} */
function put(formula, cell, name, x) {
  const shown = cell.querySelector("data");
  if (x === null) cell.replaceChildren("\u2013");
  else if (!shown) cell.replaceChildren(entry(formula, name, x));
  else if (shown.dataset.value !== String(x)) {
    attributes(shown, { value: x, "data-value": x });
    /** @type {Text} */ (shown.firstChild).data = fitting(formula, x);
  }
}

/** @type {(title: string, small: string, a: Node, sign: string, b: Node, total: Node) => HTMLElement} */
const line = (title, small, a, sign, b, total) =>
  make("div", { class: "ec-formula-line" },
    make("span", {}, title, make("small", {}, small)),
    make("span", {}, a), make("span", {}, sign), make("span", {}, b), make("span", {}, "="),
    make("span", { class: "ec-formula-total" }, total));

/** @type {(formula: Formula, state: State, what: Measures) => void} */
function balance({ note, ledger }, state, { now, gap, sum, logRatio, offset, score, residual }) {
  const strand = now.strand ? `The table is the kernel's reverse complement, as the other strand reads it${against(state)}. ` : "";
  note.textContent = strand + (gap ? `Where the window ${gap}, nothing is picked: the score is a partial sum. ` : "");
  note.hidden = !note.textContent;
  const base = state.m > 0 ? `to the base e\u1d50 = ${format(Math.exp(state.m))}` : "in the limit m = 0, base 1";
  const rest = (/** @type {Child[]} */ ...children) => make("p", { class: "ec-formula-rest" }, ...children);
  const secondRoute = gap ? [rest("A partial sum is no likelihood ratio, so there is no second route for this window.")] : [
    line("The statistician: log-likelihood ratio + offset", `motif against background, ${base}`,
      number("log-ratio", logRatio), signOf(offset), signless("offset", offset), number("score-by-pwm", logRatio + offset)),
    rest("Difference ", residue("residual", residual, score), agreement(residual, score)),
  ];
  ledger.replaceChildren(
    line("The network: picked entries + bias", "one entry a column", number("sum", sum), signOf(state.bias), signless("bias", state.bias), number("score", score)),
    ...secondRoute,
  );
}

/**
 * What tells the two readings of two strands apart, where the background does.
 *
 * @param {State} state
 */
function against({ background, complement, strand_reading: reading = "motif" }) {
  if (!background || !complement || !strandLogOdds(background, complement).some((x) => x !== 0)) return "";
  return reading === "motif"
    ? "; log (share of a letter's complement / its own share) is added, so that both strands are held against one background"
    : ": one kernel of a network for both, with an offset of its own on either";
}

// words -----------------------------------------------------------------------------------------------------------

/** @type {(formula: Formula, state: State, what: Measures) => void} */
function tell({ stepper, hand, say }, state, { now, codes, gap, sum, logRatio, offset, score, residual, picked, logRatios, width }) {
  const reads = codes.map((code) => letterOf(state, code)).join("");
  const { count } = windows(state);
  const summing = `${called(now)}, ${reads}: ${format(sum)} + bias ${format(state.bias)} = ${format(score)}`;
  const whole = gap ? `${summing}; it ${gap}, so this is a partial sum.`
    : `${summing}; log-likelihood ratio ${format(logRatio)} + offset ${remainder(offset, score)} ${residual ? `differs by ${remainder(residual, score)}` : "is exactly the same"}.`;
  stepper.textContent = `window ${now.number} of ${count}`;
  attributes(stepper, { "aria-valuemax": count, "aria-valuenow": now.number, "aria-valuetext": whole });
  if (hand === null || hand >= width) say(whole);
  else if (picked[hand] === null) say(`Column ${hand + 1} has no known letter and picks nothing.`);
  else say(`Column ${hand + 1}: ${reads[hand]} picks ${format(picked[hand], 3)}; its log-likelihood ratio is ${format(logRatios[hand], 3)}.`);
}

/** @param {number} x */
const signOf = (x) => (x < 0 && remainder(x) !== ROUNDED ? "\u2212" : "+");

/**
 * A number behind its own sign.
 *
 * @type {(name: string, x: number) => HTMLElement}
 */
function signless(name, x) {
  const element = residue(name, x);
  element.textContent = element.textContent === ROUNDED ? "0" : format(Math.abs(x));
  return element;
}

/** @type {(residual: number, score: number) => string} */
function agreement(residual, score) {
  if (residual === 0) return ": to the last digit the same number.";
  return residual < 1e-9 * Math.max(1, Math.abs(score)) ? ": the same number." : ".";
}

/** @param {Formula} formula */
function ledgerTable({ what, store }) {
  if (!what) return make("p", {}, store.error);
  const { codes, picked, logRatios, sum, logRatio, offset, gap, score, residual } = what;
  const cell = (/** @type {string} */ name, /** @type {number | null} */ x) => (x === null ? "\u2013" : number(name, x, 17));
  const rows = codes.map((code, j) => [String(j + 1), letterOf(store.state, code), cell(`full-picked-${j}`, picked[j]), cell(`full-log-ratio-${j}`, logRatios[j])]);
  rows.push(["sum", "", cell("full-sum", sum), cell("full-log-ratio", gap ? null : logRatio)]);
  rows.push(["bias, offset", "", cell("full-bias", store.state.bias), cell("full-offset", gap ? null : offset)]);
  rows.push(["score", "", cell("full-score", score), cell("full-score-by-pwm", gap ? null : logRatio + offset)]);
  rows.push(["difference", "", "", cell("full-residual", gap ? null : residual)]);
  return table("Both routes to the score, in full", ["column", "letter", "picked entry", "log-likelihood ratio"], rows);
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const formula = begin(el, exports.store, model.get("options"));
    formula.refreshTable = numbers(formula.section, "The numbers as a table", () => ledgerTable(formula));
    cursorKeys(formula.stepper, exports.store);
    onArrows(
      formula.box,
      (by) => take(formula, (formula.hand ?? (by > 0 ? -1 : 1)) + by),
      (end) => take(formula, end === "first" ? 0 : Infinity),
    );
    formula.box.addEventListener("blur", () => take(formula, null));
    formula.ask = follow(exports.store, (state, trace) => draw(formula, state, trace), signal);
  },
};
