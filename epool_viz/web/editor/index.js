// KernelEditor: a bar a letter and column, dragged or typed; a constant for a column, a factor for all; undo and redo;
// the matrix as text. What a constant cannot change (the logo) and what it moves (the offset) are said with numbers.
//
// state: kernel. An unknown kernel that comes from elsewhere becomes the given one, to which "Reset" returns.
//   kernel_by  a kernel set by another component: where it is the kernel, that was a change like those made here
//   column     the column in hand, from 0, where the dashboard has one
// options: {label, widest}
// Under the depth "explore" there are the bars, Undo and Reset alone.
//   label   the kernel's name (default: kernel_name of the state)
//   widest  columns, at most (default 50)

import { speaker } from "../lib/a11y.js";
import { attributes, make } from "../lib/dom.js";
import { oncePerFrame } from "../lib/drawing.js";
import { kernelToPwm } from "../lib/maths.js";
import { colourOf, format, number, remainder, residue } from "../lib/numbers.js";
import { dress } from "../lib/style.js";
import { matrixTable, tableTwin } from "../lib/tables.js";
import { axisEnd } from "../lib/ticks.js";
import CSS from "./style.css";

/** @typedef {[letter: number, column: number]} Place */
/** @typedef {{ cell: HTMLElement, bar: HTMLElement, value: number | null }} Bar */
/** @typedef {{ place: Place, y: number, from: number, unit: number, moved: boolean }} Drag */
/** @typedef {ReturnType<typeof begin>} Editor */

const LARGEST = 1e6;
const MOST_UNDONE = 200;
const A_NUMBER = "accepted: a number such as -0.5, at most a million in size.";

/** @param {number} x */
const round = (x) => Number(x.toFixed(9));
/** @type {(x: number, low: number, high: number) => number} */
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
/** @param {Matrix} kernel */
const widthOf = (kernel) => kernel[0].length;
/** @type {(kernel: Matrix, change: (w: number, a: number, j: number) => number) => Matrix} */
const edit = (kernel, change) => kernel.map((row, a) => row.map((w, j) => round(change(w, a, j))));
/** @type {(a: Matrix, b: Matrix) => boolean} */
const same = (a, b) => a.length === b.length && widthOf(a) === widthOf(b) && a.every((row, i) => row.every((w, j) => Math.abs(w - b[i][j]) < 1e-6));

/**
 * Rows of numbers, one a letter, as a kernel: {kernel, note}, or {problem}: a sentence with line, found and accepted.
 *
 * @param {string} text
 * @param {string} alphabet
 * @param {number} widest columns
 * @returns {{ kernel: Matrix, note: string, problem?: undefined } | { problem: string, kernel?: undefined, note?: undefined }}
 */
export function readMatrix(text, alphabet, widest = 50) {
  const letters = [...alphabet];
  const wanted = `${letters.length} rows of numbers, one each for ${letters.join(", ")}`;
  const rows = text.split("\n").map((line, i) => ({ at: i + 1, words: line.replaceAll("\u2212", "-").split(/[\s,;|:[\]()]+/).filter(Boolean) }))
    .filter(({ words }) => words.length && !words[0].startsWith("#"))
    .map(({ at, words }) => (/^[A-Za-z]$/.test(words[0]) ? { at, words: words.slice(1), letter: words[0].toUpperCase() } : { at, words, letter: null }));
  if (!rows.length) return { problem: `Found no numbers; accepted: ${wanted}.` };
  for (const row of rows) {
    const problem = problemOf(row, letters);
    if (problem) return { problem: `Line ${row.at}: ${problem}` };
  }
  const odd = rows.find((row) => row.words.length !== rows[0].words.length);
  if (odd) return { problem: `Line ${odd.at}: found ${odd.words.length} numbers; accepted: ${rows[0].words.length}, as in line ${rows[0].at}.` };
  const unnamed = rows.find((row) => !row.letter);
  if (unnamed && rows.some((row) => row.letter)) return { problem: `Line ${unnamed.at}: found a row without a letter; accepted: a letter before every row, or before none.` };
  let matrix = rows.map((row) => row.words.map(Number));
  let note = "";
  if (!unnamed) {
    const twice = rows.find((row, i) => rows.findIndex((other) => other.letter === row.letter) < i);
    if (twice) return { problem: `Line ${twice.at}: found the letter ${twice.letter} a second time; accepted: each letter once.` };
    const missing = letters.filter((letter) => !rows.some((row) => row.letter === letter));
    if (missing.length) return { problem: `Found no row for ${missing.join(", ")}; accepted: ${wanted}.` };
    matrix = letters.map((letter) => matrix[rows.findIndex((row) => row.letter === letter)]);
  } else if (rows.length !== letters.length && widthOf(matrix) === letters.length) {
    matrix = letters.map((_, a) => matrix.map((row) => row[a]));
    note = ` Each row was read as a column of the kernel, its numbers as ${letters.join(", ")}.`;
  } else if (rows.length !== letters.length) {
    return { problem: `Found ${rows.length} ${rows.length === 1 ? "row" : "rows"}; accepted: ${wanted}.` };
  }
  if (widthOf(matrix) > widest) return { problem: `Found ${widthOf(matrix)} columns; accepted: 1 to ${widest}.` };
  return { kernel: matrix, note };
}

/** @type {(row: { words: string[], letter: string | null }, letters: string[]) => string | null} */
function problemOf({ words, letter }, letters) {
  if (letter && !letters.includes(letter)) return `found the letter ${letter}; accepted: ${letters.join(", ")}.`;
  const wrong = words.find((word) => !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(word) || Math.abs(Number(word)) > LARGEST);
  if (wrong !== undefined) return `found \u201c${wrong.slice(0, 20)}\u201d; ${A_NUMBER}`;
  return words.length ? null : `found the letter ${letter} without numbers; accepted: one number a column.`;
}

/** @param {State} state */
const readingOf = ({ kernel, m, bias, background }) => kernelToPwm(kernel, { logBase: m, bias, background });
/** @type {(state: State, place: Place) => string} */
const nameOf = ({ alphabet }, [a, j]) => `${alphabet[a]}, column ${j + 1}`;
/** @type {(state: State, label?: string) => string} */
const called = (state, label) => label ?? (state.kernel_name || "the kernel");
/** @type {(text: string, name?: string) => HTMLButtonElement} */
const button = (text, name) => make("button", { type: "button", "aria-label": name }, text);
/** @type {(name: string, value: string) => HTMLInputElement} */
const box = (name, value) => make("input", { type: "text", inputmode: "decimal", class: "ec-box", "aria-label": name, value, autocomplete: "off" });

/**
 * The elements that are written to, and what the hand has done so far.
 *
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {{ label?: string, widest?: number }} options
 */
function begin(el, store, { label, widest = 50 }) {
  const id = `ec-editor-${Math.random().toString(36).slice(2, 8)}`;
  const { kernel } = store.state;
  const tableOf = (/** @type {State} */ { kernel, alphabet }) =>
    matrixTable(`${called(store.state, label)}, in score units`, widthOf(kernel), [{ name: "kernel", rows: kernel.map((row, a) => [alphabet[a], row]) }]);
  return {
    el, store, label, widest, id,
    own: kernel, // what this editor knows; anything else came from elsewhere
    given: kernel,
    past: /** @type {Matrix[]} */ ([]),
    future: /** @type {Matrix[]} */ ([]),
    at: /** @type {Place} */ ([0, 0]),
    ends: [0, 0], // of a cell
    drag: /** @type {Drag | null} */ (null),
    isTyping: false, // a text that is typed is one change, however many keys it took
    shape: "",
    cells: /** @type {Bar[][]} */ ([]),
    say: speaker(el),
    grid: make("div", { class: "ec-editor-grid", role: "group", "aria-label": "the kernel as bars" }),
    name: make("b"),
    scale: make("span", { class: "ec-soft" }),
    undoing: button("Undo"),
    redoing: button("Redo"),
    resetting: button("Reset"),
    factor: box("factor for all entries", "2"),
    scaling: button("Scale", "scale all entries"),
    heading: make("h3"),
    valueName: make("span"),
    value: box("value of the chosen bar", ""),
    adding: button("Add a column after it"),
    removing: button("Remove it"),
    constant: box("constant to add to the column", "1"),
    moving: button("Add", "add the constant to the column"),
    chances: make("dd"),
    offset: make("dd"),
    limit: make("p", { class: "ec-soft" }),
    effect: make("p", { class: "ec-editor-effect", role: "status" }),
    text: make("textarea", { class: "ec-box", spellcheck: "false", wrap: "off", rows: 4, "aria-label": "the kernel as text", "aria-describedby": `${id}-said` }),
    said: make("p", { id: `${id}-said`, role: "status", class: "ec-soft" }),
    renewing: make("button", { type: "button", hidden: true }, "Take the kernel above instead"),
    table: tableTwin("The kernel as a table", () => tableOf(store.state)),
  };
}

/** @param {Editor} editor */
function assemble(editor) {
  const row = (/** @type {Child[]} */ ...children) => make("div", { class: "ec-row" }, ...children);
  const factor = make("label", { class: "ep-from-explore" }, "all entries \u00d7", editor.factor);
  for (const button of [editor.redoing, editor.scaling]) button.classList.add("ep-from-explore");
  editor.el.append(
    make("p", {}, editor.name, " ", editor.scale),
    make("div", { class: "ec-editor-scroll" }, editor.grid),
    make("p", { class: "ec-soft ep-from-explore", id: editor.id }, "Drag a bar, or use the keys: up and down 0.1 (with Shift 1), left and right another column, a letter its row, digits to type."),
    row(editor.undoing, editor.redoing, editor.resetting, factor, editor.scaling),
    make("section", { class: "ep-from-explore" }, editor.heading,
      row(make("label", {}, editor.valueName, editor.value), editor.adding, editor.removing),
      row(make("label", {}, "add a constant", editor.constant), editor.moving),
      make("dl", {}, make("dt", {}, "PPM column"), editor.chances, make("dt", {}, "offset"), editor.offset), editor.limit),
    editor.effect,
    make("details", { class: "ep-from-explore" }, make("summary", {}, "Type or paste the matrix"), editor.text, editor.said, editor.renewing),
    editor.table.element);
}

// ---- changes

/**
 * @param {Editor} editor
 * @param {Matrix} kernel
 */
function put(editor, kernel) {
  const { state } = editor.store;
  /** @type {Patch} */
  const patch = { kernel };
  const windows = state.codes.length - widthOf(kernel) + 1;
  if (state.padding !== "same" && widthOf(kernel) !== widthOf(state.kernel) && windows > 0)
    patch.cursor = Math.min(state.cursor, windows * (state.both_strands ? 2 : 1) - 1);
  editor.own = kernel;
  editor.store.set(patch);
}

/**
 * Set a kernel; `isOne` with the change before it, which is then taken back together with it.
 *
 * @param {Editor} editor
 * @param {Matrix} kernel
 * @param {boolean} isOne
 */
function change(editor, kernel, isOne = false) {
  const before = editor.store.state.kernel;
  if (JSON.stringify(kernel) === JSON.stringify(before)) return;
  if (!isOne) editor.past.push(before);
  if (editor.past.length > MOST_UNDONE) editor.past.shift();
  editor.future = [];
  put(editor, kernel);
}

/** @type {(editor: Editor, from: Matrix[], to: Matrix[], words: string) => void} */
function stepBack(editor, from, to, words) {
  const kernel = from.pop();
  if (!kernel) return;
  to.push(editor.store.state.kernel);
  put(editor, kernel);
  editor.effect.textContent = words;
}
/** @param {Editor} editor */
const undo = (editor) => stepBack(editor, editor.past, editor.future, "Undone.");
/** @param {Editor} editor */
const redo = (editor) => stepBack(editor, editor.future, editor.past, "Done again.");

/** @param {Editor} editor */
function reset(editor) {
  change(editor, editor.given);
  goTo(editor, [0, 0]);
  editor.effect.textContent = "This is the given kernel again.";
}

/** @type {(editor: Editor, place: Place, value: number, isOne?: boolean) => void} */
function setCell(editor, [a, j], value, isOne) {
  change(editor, edit(editor.store.state.kernel, (w, b, k) => (a === b && j === k ? clamp(value, -LARGEST, LARGEST) : w)), isOne);
}

/** @type {(editor: Editor, constant: number) => void} */
function addConstant(editor, constant) {
  const column = editor.at[1];
  const before = readingOf(editor.store.state);
  change(editor, edit(editor.store.state.kernel, (w, _, j) => (j === column ? w + constant : w)));
  const after = readingOf(editor.store.state);
  const moved = Math.max(...after.ppm.flatMap((row, a) => row.map((p, j) => Math.abs(p - before.ppm[a][j]))));
  editor.effect.replaceChildren(
    `${format(constant)} on column ${column + 1}: the logo stays (no probability moved by more than `, number("ppm_change", moved, 2),
    "), the offset goes from ", number("offset_before", before.offset), " to ", number("offset_after", after.offset), ".");
}

/** @type {(editor: Editor, factor: number) => void} */
function scaleAll(editor, factor) {
  change(editor, edit(editor.store.state.kernel, (w) => clamp(w * factor, -LARGEST, LARGEST)));
  editor.effect.textContent = `All entries times ${format(factor)}: to the logo that is the same as ${format(factor)} times m.`;
}

/**
 * Take a bar in hand, here and in the dashboard.
 *
 * @param {Editor} editor
 * @param {Place} place
 */
function goTo(editor, place) {
  editor.at = place;
  if ("column" in editor.store.state) editor.store.set({ column: place[1] });
}

/** @param {Editor} editor */
function addColumn(editor) {
  const { kernel } = editor.store.state;
  const j = editor.at[1] + 1;
  change(editor, kernel.map((row) => row.toSpliced(j, 0, 0)));
  goTo(editor, [editor.at[0], j]);
  editor.effect.textContent = `Column ${j + 1} is new: ${kernel.length} zeros favour no letter and add nothing to a score.`;
}

/** @param {Editor} editor */
function removeColumn(editor) {
  const { kernel } = editor.store.state;
  const j = editor.at[1];
  goTo(editor, [editor.at[0], Math.min(j, widthOf(kernel) - 2)]);
  change(editor, kernel.map((row) => row.toSpliced(j, 1)));
  editor.effect.textContent = `Column ${j + 1} is gone.`;
}

// ---- the grid

/** @param {Editor} editor */
function build(editor) {
  const { grid, store: { state } } = editor;
  const [letters, width] = [[...state.alphabet], widthOf(state.kernel)];
  const bar = (/** @type {number} */ a, /** @type {number} */ j) => {
    const bar = make("i");
    const cell = make("div", { class: "ec-editor-cell", role: "slider", tabindex: -1, "aria-label": nameOf(state, [a, j]), "aria-orientation": "vertical", "aria-describedby": editor.id, "data-at": `${a} ${j}` }, bar);
    cell.style.color = colourOf(state, letters[a]);
    return { cell, bar, value: null };
  };
  editor.shape = shapeOf(state);
  editor.cells = letters.map((_, a) => Array.from({ length: width }, (_, j) => bar(a, j)));
  grid.style.setProperty("--columns", String(width));
  grid.replaceChildren(make("b"), ...Array.from({ length: width }, (_, j) => make("span", { "aria-hidden": "true" }, String(j + 1))),
    ...editor.cells.flatMap((row, a) => {
      const name = make("b", { "aria-hidden": "true" }, letters[a]);
      name.style.color = colourOf(state, letters[a]);
      return [name, ...row.map(({ cell }) => cell)];
    }));
}

/** @param {State} state */
const shapeOf = ({ alphabet, kernel }) => `${alphabet} ${widthOf(kernel)}`;

/** @type {(target: EventTarget | null) => Place | undefined} */
function placeOf(target) {
  const at = /** @type {HTMLElement | null} */ (/** @type {Element} */ (target).closest?.("[data-at]"))?.dataset.at;
  return /** @type {Place | undefined} */ (at?.split(" ").map(Number));
}

/** @type {(editor: Editor, place: Place) => Place} */
const within = ({ cells }, [a, j]) => [clamp(a, 0, cells.length - 1), clamp(j, 0, cells[0].length - 1)];
/** @param {Editor} editor */
const chosenOf = ({ cells, at: [a, j] }) => cells[a][j].cell;

/** @type {(editor: Editor, place: Place, hasFocus?: boolean) => void} */
function choose(editor, place, hasFocus = true) {
  const [a, j] = editor.at;
  editor.cells[a]?.[j]?.cell.setAttribute("tabindex", "-1");
  goTo(editor, within(editor, place));
  if (hasFocus) chosenOf(editor).focus({ preventScroll: editor.drag !== null });
  draw(editor);
}

/** @type {(editor: Editor, event: PointerEvent) => void} */
function grasp(editor, event) {
  const place = placeOf(event.target);
  if (!place || event.button) return;
  event.preventDefault();
  const [a, j] = place;
  const [low, high] = editor.ends;
  const unit = (high - low) / editor.cells[a][j].cell.getBoundingClientRect().height;
  editor.drag = { place, y: event.clientY, from: editor.store.state.kernel[a][j], unit, moved: false };
  editor.grid.setPointerCapture(event.pointerId);
  choose(editor, place);
}

/** @type {(editor: Editor, event: PointerEvent) => void} */
function pull(editor, event) {
  const { drag } = editor;
  if (!drag) return;
  const value = Number((drag.from + (drag.y - event.clientY) * drag.unit).toFixed(2));
  if (value === editor.store.state.kernel[drag.place[0]][drag.place[1]]) return;
  setCell(editor, drag.place, value, drag.moved);
  drag.moved = true;
}

/** @type {(editor: Editor, event: KeyboardEvent) => void} */
function onGridKey(editor, event) {
  const { key, shiftKey } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || !placeOf(event.target)) return;
  const [a, j] = editor.at;
  const { kernel, alphabet } = editor.store.state;
  const letter = alphabet.indexOf(key.toUpperCase());
  const by = { ArrowUp: 1, ArrowDown: -1 }[key];
  /** @type {Record<string, Place>} */
  const places = { ArrowLeft: [a, j - 1], ArrowRight: [a, j + 1], Home: [a, 0], End: [a, Infinity], PageUp: [a - 1, j], PageDown: [a + 1, j] };
  if (by) setCell(editor, editor.at, kernel[a][j] + by * (shiftKey ? 1 : 0.1), event.repeat);
  else if (key in places) choose(editor, places[key]);
  else if (key.length === 1 && letter >= 0) choose(editor, [letter, j]);
  else if (key === "Enter" || /^[-\d.]$/.test(key)) {
    if (key !== "Enter") editor.value.value = key;
    editor.value.focus();
    if (key === "Enter") editor.value.select();
  } else return;
  event.preventDefault();
}

/** @type {(editor: Editor, event: KeyboardEvent) => void} */
function onUndoKey(editor, event) {
  if (!(event.ctrlKey || event.metaKey) || /** @type {Element} */ (event.target).matches("textarea, input")) return;
  const key = event.key.toLowerCase();
  if (key === "y" || (key === "z" && event.shiftKey)) redo(editor);
  else if (key === "z") undo(editor);
  else return;
  event.preventDefault();
}

// ---- the boxes

/**
 * Do with the number in a box what it is for, or say that it is none.
 *
 * @param {Editor} editor
 * @param {HTMLInputElement} input
 * @param {(editor: Editor, x: number) => void} act
 */
function commit(editor, input, act) {
  if (input.value === input.dataset.drawn) return;
  const x = /\d/.test(input.value) ? Number(input.value.replace(",", ".").replace("\u2212", "-")) : NaN;
  const isWrong = !(Math.abs(x) <= LARGEST);
  input.setAttribute("aria-invalid", String(isWrong));
  if (isWrong) editor.effect.textContent = `${input.getAttribute("aria-label")}: found \u201c${input.value.slice(0, 20)}\u201d; ${A_NUMBER}`;
  else act(editor, x);
}

/** @type {(editor: Editor, x: number) => void} */
function setChosen(editor, x) {
  setCell(editor, editor.at, x);
  editor.effect.textContent = "";
}

/** @param {Editor} editor */
function writeText(editor) {
  const { alphabet, kernel } = editor.store.state;
  const width = Math.max(...kernel.flat().map((w) => String(w).length));
  editor.text.value = kernel.map((row, a) => `${alphabet[a]}  ${row.map((w) => String(w).padStart(width)).join("  ")}`).join("\n");
  tell(editor, null, "");
}

/** @type {(editor: Editor, problem: string | null, note?: string) => void} */
function tell({ said, text, renewing }, problem, note = "") {
  said.textContent = problem ?? note;
  said.classList.toggle("ec-warning", problem !== null);
  text.setAttribute("aria-invalid", String(problem !== null));
  renewing.hidden = problem === null;
}

/** @param {Editor} editor */
function takeText(editor) {
  const read = readMatrix(editor.text.value, editor.store.state.alphabet, editor.widest);
  if (read.problem !== undefined) return tell(editor, `${read.problem} The kernel stays as it is.`);
  const isOne = editor.isTyping;
  editor.isTyping = true;
  change(editor, read.kernel, isOne);
  tell(editor, null, `Taken over: ${widthOf(read.kernel)} ${widthOf(read.kernel) === 1 ? "column" : "columns"}.${read.note}`);
}

/** @type {(editor: Editor, later: () => void) => void} */
function listen(editor, later) {
  const { el, grid, value, constant, factor, text } = editor;
  grid.addEventListener("pointerdown", (event) => grasp(editor, event));
  grid.addEventListener("pointermove", (event) => pull(editor, event));
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) grid.addEventListener(end, () => {
    editor.drag = null;
    later();
  });
  grid.addEventListener("focusin", (event) => {
    const place = placeOf(event.target);
    if (place && String(place) !== String(editor.at)) choose(editor, place, false);
  });
  grid.addEventListener("keydown", (event) => onGridKey(editor, event));
  el.addEventListener("keydown", (event) => onUndoKey(editor, event));
  const boxes = /** @type {const} */ ([[value, setChosen], [constant, addConstant], [factor, scaleAll]]);
  for (const [input, act] of boxes) input.addEventListener("keydown", (event) => event.key === "Enter" && commit(editor, input, act));
  value.addEventListener("change", () => commit(editor, value, setChosen));
  value.addEventListener("keydown", (event) => {
    if (event.key === "Escape") drawValue(editor);
    if (event.key === "Enter" || event.key === "Escape") chosenOf(editor).focus();
  });
  text.addEventListener("input", () => takeText(editor));
  text.addEventListener("blur", () => (editor.isTyping = false));
  /** @type {[HTMLElement, () => void][]} */
  const acts = [
    [editor.undoing, () => undo(editor)], [editor.redoing, () => redo(editor)], [editor.resetting, () => reset(editor)],
    [editor.adding, () => addColumn(editor)], [editor.removing, () => removeColumn(editor)],
    [editor.scaling, () => commit(editor, factor, scaleAll)], [editor.moving, () => commit(editor, constant, addConstant)],
    [editor.renewing, () => {
      writeText(editor);
      text.focus();
    }],
  ];
  for (const [element, act] of acts) element.addEventListener("click", act);
}

// ---- drawing

/**
 * The ends of a bar: beyond the smallest and the largest entry, with room for what is small beside them.
 *
 * @param {number[]} entries
 */
function endsOf(entries) {
  const [top, bottom] = [Math.max(...entries, 0), -Math.min(...entries, 0)];
  const least = Math.max(top, bottom) / 4 || 1;
  return [-axisEnd(Math.max(bottom, least)), axisEnd(Math.max(top, least))];
}

/** @param {Editor} editor */
function drawBars(editor) {
  const { grid, cells, scale, store: { state } } = editor;
  const wanted = endsOf(state.kernel.flat());
  const isRescaled = !editor.drag && String(wanted) !== String(editor.ends);
  if (isRescaled) editor.ends = wanted;
  const [low, high] = editor.ends;
  if (isRescaled) {
    grid.style.setProperty("--zero", `${(100 * high) / (high - low)}%`);
    scale.textContent = `bars from ${format(low)} to ${format(high)} score units`;
  }
  cells.forEach((row, a) => row.forEach((entry, j) => {
    const w = state.kernel[a][j];
    if (entry.value === w && !isRescaled) return;
    entry.value = w;
    const [from, to] = [Math.max(w, 0), Math.min(w, 0)].map((x) => (high - clamp(x, low, high)) / (high - low));
    entry.bar.style.transform = `translateY(${100 * from}%) scaleY(${to - from})`;
    attributes(entry.cell, { "aria-valuenow": w, "aria-valuetext": format(w), "aria-valuemin": -LARGEST, "aria-valuemax": LARGEST });
    entry.cell.title = `${nameOf(state, [a, j])}: ${format(w)}`;
  }));
}

/** @param {Editor} editor */
function drawValue({ value, store: { state }, at: [a, j] }) {
  value.value = value.dataset.drawn = format(state.kernel[a][j], 6);
  value.setAttribute("aria-invalid", "false");
}

/** @param {Editor} editor */
function drawPlace(editor) {
  const { grid, at: [, j] } = editor;
  const chosen = chosenOf(editor);
  for (const old of grid.querySelectorAll("[aria-current], .ec-editor-here, [tabindex='0']")) {
    if (old === chosen) continue; // to take it away and give it back would have the browser lay out the page
    old.removeAttribute("aria-current");
    old.classList.remove("ec-editor-here");
    if (old.getAttribute("tabindex") === "0") old.setAttribute("tabindex", "-1");
  }
  chosen.setAttribute("aria-current", "true");
  if (chosen.getAttribute("tabindex") !== "0") chosen.tabIndex = 0;
  grid.children[j + 1].classList.add("ec-editor-here");
}

/** @param {Editor} editor */
function drawColumn(editor) {
  const { value, adding, removing, limit, widest, at: [a, j], store: { state } } = editor;
  const { ppm, offset } = readingOf(state);
  const width = widthOf(state.kernel);
  editor.name.textContent = called(state, editor.label);
  editor.heading.textContent = `Column ${j + 1} of ${width}`;
  editor.valueName.textContent = `${state.alphabet[a]} is`;
  if (!value.matches(":focus")) drawValue(editor);
  value.setAttribute("data-value", String(state.kernel[a][j]));
  editor.chances.replaceChildren(...[...state.alphabet].flatMap((letter, b) => [b ? ", " : "", `${letter} `, number(`column_ppm_${letter}`, ppm[b][j], 3)]));
  editor.offset.replaceChildren(residue("kernel_offset", offset));
  const isLong = width >= widest || (state.padding !== "same" && width >= state.codes.length);
  adding.disabled = isLong;
  removing.disabled = width === 1;
  limit.textContent = !isLong ? "" : width >= widest ? `${widest} columns are the most.` : "The kernel is as wide as the sequence is long.";
  limit.hidden = !isLong;
}

/**
 * Take note of a kernel that was not made here.
 *
 * @param {Editor} editor
 */
function compare(editor) {
  const { own, past, store: { state } } = editor;
  const isByOther = state.kernel !== own && state.kernel === state.kernel_by; // a change like those made here
  if (!isByOther && same(state.kernel, own)) return;
  Object.assign(editor, { own: state.kernel, future: [] });
  if (isByOther) past.push(own);
  else Object.assign(editor, { given: state.kernel, past: [], at: [0, 0] });
  editor.effect.textContent = "";
}

/** @param {Editor} editor */
function rebuild(editor) {
  const hadFocus = editor.grid.contains(document.activeElement);
  build(editor);
  editor.at = within(editor, editor.at);
  editor.ends = [0, 0];
  if (hadFocus) requestAnimationFrame(() => chosenOf(editor).focus());
}

/** @param {Editor} editor */
function draw(editor) {
  const { undoing, redoing, resetting, text, store: { state } } = editor;
  compare(editor);
  if (Number.isInteger(state.column)) editor.at = [editor.at[0], clamp(state.column, 0, widthOf(state.kernel) - 1)];
  if (editor.shape !== shapeOf(state)) rebuild(editor);
  drawBars(editor);
  drawPlace(editor);
  drawColumn(editor);
  const { activeElement } = document; // a button that has the focus keeps it
  undoing.disabled = !editor.past.length && activeElement !== undoing;
  redoing.disabled = !editor.future.length && activeElement !== redoing;
  resetting.disabled = same(state.kernel, editor.given) && activeElement !== resetting;
  const isPending = text.getAttribute("aria-invalid") === "true";
  if (activeElement !== text && !isPending) writeText(editor);
  editor.table.draw();
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    dress(el, "editor", CSS);
    const editor = begin(el, exports.store, model.get("options"));
    const later = oncePerFrame(() => draw(editor));
    listen(editor, later);
    assemble(editor);
    draw(editor);
    const watched = ["kernel", "m", "bias", "background", "alphabet", "codes", "padding", "kernel_name", "column"];
    const off = exports.store.on((state, _, changed) => {
      if (!watched.some((key) => changed.includes(key))) return;
      const [a, j] = editor.at;
      if (changed.includes("kernel")) editor.say(`${nameOf(state, [a, j])}: ${format(state.kernel[a]?.[j])}. Offset ${remainder(readingOf(state).offset)}.`);
      later();
    });
    signal.addEventListener("abort", off);
    return off;
  },
};
