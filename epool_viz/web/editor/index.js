// KernelEditor: a bar a letter and column, dragged or typed; a constant for a column, a factor for all; undo and redo;
// the matrix as text. What a constant cannot change (the logo) and what it moves (the offset) are said with numbers.
//
// state: kernel. An unknown kernel that comes from elsewhere becomes the given one, to which "Reset" returns.
//   kernel_by  a kernel set by another component: where it is the kernel, that was a change like those made here
//   column     the column in hand, from 0, where the dashboard has one
// options: {label, widest}
//   label   the kernel's name (default: kernel_name of the state)
//   widest  columns, at most (default 50)

import { speaker } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { oncePerFrame } from "../lib/drawing.js";
import { kernelToPwm } from "../lib/maths.js";
import { format, letterColour, number } from "../lib/numbers.js";
import { dress } from "../lib/style.js";
import { matrixTable, tableTwin } from "../lib/tables.js";
import CSS from "./style.css";

const LARGEST = 1e6;

const round = (x) => Number(x.toFixed(9));
const widthOf = (kernel) => kernel[0].length;
const edit = (kernel, change) => kernel.map((row, a) => row.map((w, j) => round(change(w, a, j))));
const same = (a, b) => a.length === b.length && widthOf(a) === widthOf(b) && a.every((row, i) => row.every((w, j) => Math.abs(w - b[i][j]) < 1e-6));

/** Rows of numbers, one a letter, as a kernel: {kernel, note}, or {problem}: a sentence with line, found and accepted. */
export function readMatrix(text, alphabet, widest = 50) {
  const lines = text.split("\n").map((line, i) => ({ at: i + 1, words: line.replaceAll("\u2212", "-").split(/[\s,;|:[\]()]+/).filter(Boolean) }));
  const rows = lines.filter(({ words }) => words.length && !words[0].startsWith("#"));
  const wanted = `${alphabet.length} rows of numbers, one each for ${[...alphabet].join(", ")}`;
  if (!rows.length) return { problem: `Found no numbers; accepted: ${wanted}.` };
  for (const row of rows) {
    row.letter = /^[A-Za-z]$/.test(row.words[0]) ? row.words.shift().toUpperCase() : null;
    if (row.letter && !alphabet.includes(row.letter)) return { problem: `Line ${row.at}: found the letter ${row.letter}; accepted: ${[...alphabet].join(", ")}.` };
    const wrong = row.words.find((word) => !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(word) || Math.abs(Number(word)) > LARGEST);
    if (wrong !== undefined) return { problem: `Line ${row.at}: found \u201c${wrong.slice(0, 20)}\u201d; accepted: a number such as -0.5, at most a million in size.` };
    if (!row.words.length) return { problem: `Line ${row.at}: found the letter ${row.letter} without numbers; accepted: one number a column.` };
    row.numbers = row.words.map(Number);
  }
  const odd = rows.find((row) => row.numbers.length !== rows[0].numbers.length);
  if (odd) return { problem: `Line ${odd.at}: found ${odd.numbers.length} numbers; accepted: ${rows[0].numbers.length}, as in line ${rows[0].at}.` };
  const named = rows.filter((row) => row.letter);
  if (named.length && named.length < rows.length) return { problem: `Line ${rows.find((row) => !row.letter).at}: found a row without a letter; accepted: a letter before every row, or before none.` };
  let matrix = rows.map((row) => row.numbers);
  let note = "";
  if (named.length) {
    const twice = rows.find((row, i) => rows.findIndex((other) => other.letter === row.letter) < i);
    if (twice) return { problem: `Line ${twice.at}: found the letter ${twice.letter} a second time; accepted: each letter once.` };
    const missing = [...alphabet].filter((letter) => !rows.some((row) => row.letter === letter));
    if (missing.length) return { problem: `Found no row for ${missing.join(", ")}; accepted: ${wanted}.` };
    matrix = [...alphabet].map((letter) => rows.find((row) => row.letter === letter).numbers);
  } else if (rows.length !== alphabet.length && rows[0].numbers.length === alphabet.length) {
    matrix = matrix[0].map((_, a) => matrix.map((row) => row[a]));
    note = ` Each row was read as a column of the kernel, its numbers as ${[...alphabet].join(", ")}.`;
  } else if (rows.length !== alphabet.length) {
    return { problem: `Found ${rows.length} ${rows.length === 1 ? "row" : "rows"}; accepted: ${wanted}.` };
  }
  if (widthOf(matrix) > widest) return { problem: `Found ${widthOf(matrix)} columns; accepted: 1 to ${widest}.` };
  return { kernel: matrix, note };
}

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    // amino acids have no colours of their own
    const colourOf = (letter) => letterColour(store.state.complement ? letter : "other");
    const { label, widest = 50 } = model.get("options");
    dress(el, "editor", CSS);

    let own = store.state.kernel; // what this editor knows; anything else came from elsewhere
    let given = own;
    let [past, future] = [[], []];
    let at = [0, 0]; // letter, column
    let [low, high] = [0, 0]; // the ends of a cell
    let drag = null;
    let isTyping = false; // a text that is typed is one change, however many keys it took
    let shape = "";
    let cells = [];

    const kernel = () => store.state.kernel;
    const offsetOf = (k) => kernelToPwm(k, { logBase: store.state.m, bias: store.state.bias, background: store.state.background });
    const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
    const called = () => label ?? (store.state.kernel_name || "the kernel");
    const nameOf = ([a, j]) => `${store.state.alphabet[a]}, column ${j + 1}`;
    const say = speaker(el);

    // ---- changes
    function put(next) {
      own = next;
      const patch = { kernel: next };
      const windows = store.state.codes.length - widthOf(next) + 1;
      if (store.state.padding !== "same" && widthOf(next) !== widthOf(kernel()) && windows > 0)
        patch.cursor = Math.min(store.state.cursor, windows * (store.state.both_strands ? 2 : 1) - 1);
      store.set(patch);
    }
    function change(next, isOne = false) {
      if (JSON.stringify(next) === JSON.stringify(kernel())) return;
      if (!isOne) past.push(kernel());
      if (past.length > 200) past.shift();
      future = [];
      put(next);
    }
    function undo() {
      if (!past.length) return;
      future.push(kernel());
      put(past.pop());
      effect.textContent = "Undone.";
    }
    function redo() {
      if (!future.length) return;
      past.push(kernel());
      put(future.pop());
      effect.textContent = "Done again.";
    }
    const setCell = ([a, j], value, isOne) => change(edit(kernel(), (w, b, k) => (a === b && j === k ? clamp(value, -LARGEST, LARGEST) : w)), isOne);

    function addConstant(c) {
      const before = offsetOf(kernel());
      const column = at[1];
      change(edit(kernel(), (w, a, j) => (j === column ? w + c : w)));
      const after = offsetOf(kernel());
      const moved = Math.max(...after.ppm.flatMap((row, a) => row.map((p, j) => Math.abs(p - before.ppm[a][j]))));
      effect.replaceChildren(
        `${format(c)} on column ${column + 1}: the logo stays (no probability moved by more than `, number("ppm_change", moved, 2),
        "), the offset goes from ", number("offset_before", before.offset), " to ", number("offset_after", after.offset), ".");
    }
    function scaleAll(factor) {
      change(edit(kernel(), (w) => clamp(w * factor, -LARGEST, LARGEST)));
      effect.textContent = `All entries times ${format(factor)}: to the logo that is the same as ${format(factor)} times m.`;
    }
    /** Take a bar in hand, here and in the dashboard. */
    function goTo(place) {
      at = place;
      if ("column" in store.state) store.set({ column: place[1] });
    }
    function addColumn() {
      const j = at[1] + 1;
      change(kernel().map((row) => [...row.slice(0, j), 0, ...row.slice(j)]));
      goTo([at[0], j]);
      effect.textContent = `Column ${j + 1} is new: four zeros favour no letter and add nothing to a score.`.replace("four", String(kernel().length));
    }
    function removeColumn() {
      const j = at[1];
      goTo([at[0], Math.min(j, widthOf(kernel()) - 2)]);
      change(kernel().map((row) => row.filter((_, k) => k !== j)));
      effect.textContent = `Column ${j + 1} is gone.`;
    }

    // ---- the grid
    const grid = make("div", { class: "ec-editor-grid", role: "group", "aria-label": "the kernel as bars" });
    const keysHelp = `ec-editor-${Math.random().toString(36).slice(2, 8)}`;
    function build(alphabet, width) {
      shape = `${alphabet} ${width}`;
      grid.style.setProperty("--columns", width);
      cells = [...alphabet].map((letter, a) =>
        Array.from({ length: width }, (_, j) => {
          const bar = make("i");
          const cell = make("div", { class: "ec-editor-cell", role: "slider", tabindex: -1, "aria-label": nameOf([a, j]), "aria-orientation": "vertical", "aria-describedby": keysHelp, "data-at": `${a} ${j}` }, bar);
          cell.style.color = colourOf(letter);
          return { cell, bar, value: null };
        }));
      grid.replaceChildren(make("b"), ...Array.from({ length: width }, (_, j) => make("span", { "aria-hidden": "true" }, String(j + 1))),
        ...cells.flatMap((row, a) => {
          const name = make("b", { "aria-hidden": "true" }, alphabet[a]);
          name.style.color = colourOf(alphabet[a]);
          return [name, ...row.map(({ cell }) => cell)];
        }));
    }
    const placeOf = (element) => element.closest?.("[data-at]")?.dataset.at.split(" ").map(Number);
    function choose(place, hasFocus = true) {
      const [a, j] = at;
      cells[a]?.[j]?.cell.setAttribute("tabindex", -1);
      goTo([clamp(place[0], 0, cells.length - 1), clamp(place[1], 0, cells[0].length - 1)]);
      if (hasFocus) cells[at[0]][at[1]].cell.focus({ preventScroll: drag !== null });
      draw();
    }
    grid.addEventListener("pointerdown", (event) => {
      const place = placeOf(event.target);
      if (!place || event.button) return;
      event.preventDefault();
      const { cell } = cells[place[0]][place[1]];
      drag = { place, y: event.clientY, from: kernel()[place[0]][place[1]], unit: (high - low) / cell.getBoundingClientRect().height, moved: false };
      grid.setPointerCapture(event.pointerId);
      choose(place);
    });
    grid.addEventListener("pointermove", (event) => {
      if (!drag) return;
      const value = Number((drag.from + (drag.y - event.clientY) * drag.unit).toFixed(2));
      if (value === kernel()[drag.place[0]][drag.place[1]]) return;
      setCell(drag.place, value, drag.moved);
      drag.moved = true;
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) grid.addEventListener(end, () => {
      drag = null;
      later();
    });
    grid.addEventListener("focusin", (event) => {
      const place = placeOf(event.target);
      if (place && String(place) !== String(at)) choose(place, false);
    });
    grid.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !placeOf(event.target)) return;
      const [a, j] = at;
      const letter = store.state.alphabet.indexOf(event.key.toUpperCase());
      const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      const places = { ArrowLeft: [a, j - 1], ArrowRight: [a, j + 1], Home: [a, 0], End: [a, Infinity], PageUp: [a - 1, j], PageDown: [a + 1, j] };
      if (by) setCell(at, kernel()[a][j] + by * (event.shiftKey ? 1 : 0.1), event.repeat);
      else if (event.key in places) choose(places[event.key]);
      else if (event.key.length === 1 && letter >= 0) choose([letter, j]);
      else if (event.key === "Enter" || /^[-\d.]$/.test(event.key)) {
        value.value = event.key === "Enter" ? value.value : event.key;
        value.focus();
        if (event.key === "Enter") value.select();
      } else return;
      event.preventDefault();
    });
    el.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.target.matches("textarea, input")) return;
      const key = event.key.toLowerCase();
      if (key === "z") event.shiftKey ? redo() : undo();
      else if (key === "y") redo();
      else return;
      event.preventDefault();
    });

    // ---- the controls
    const button = (text, act, name) => make("button", { type: "button", onclick: act, "aria-label": name }, text);
    const box = (name, act, value = "") => {
      const input = make("input", { type: "text", inputmode: "decimal", class: "ec-box", "aria-label": name, value, autocomplete: "off" });
      const commit = () => {
        if (input.value === input.dataset.drawn) return;
        const x = /\d/.test(input.value) ? Number(input.value.replace(",", ".").replace("\u2212", "-")) : NaN;
        const isWrong = !(Math.abs(x) <= LARGEST);
        input.setAttribute("aria-invalid", isWrong);
        if (isWrong) effect.textContent = `${name}: found \u201c${input.value.slice(0, 20)}\u201d; accepted: a number such as -0.5, at most a million in size.`;
        else act(x);
      };
      input.addEventListener("keydown", (event) => event.key === "Enter" && commit());
      return { input, commit };
    };
    const typed = box("value of the chosen bar", (x) => {
      setCell(at, x);
      effect.textContent = "";
    });
    const value = typed.input;
    value.addEventListener("change", typed.commit);
    value.addEventListener("keydown", (event) => {
      if (event.key === "Escape") drawValue();
      if (event.key === "Enter" || event.key === "Escape") cells[at[0]][at[1]].cell.focus();
    });
    const constant = box("constant to add to the column", addConstant, "1");
    const factor = box("factor for all entries", scaleAll, "2");
    const [undoing, redoing] = [button("Undo", undo), button("Redo", redo)];
    const reset = button("Reset", () => {
      change(given);
      goTo([0, 0]);
      effect.textContent = "This is the given kernel again.";
    });
    const adding = button("Add a column after it", addColumn);
    const removing = button("Remove it", removeColumn);
    const heading = make("h4");
    const valueName = make("span");
    const chances = make("dd");
    const offset = make("dd");
    const limit = make("p", { class: "ec-soft" });
    const effect = make("p", { class: "ec-editor-effect", role: "status" });
    const text = make("textarea", { class: "ec-box", spellcheck: "false", wrap: "off", rows: 4, "aria-label": "the kernel as text", "aria-describedby": `${keysHelp}-said` });
    const said = make("p", { id: `${keysHelp}-said`, role: "status", class: "ec-soft" });
    const renew = button("Take the kernel above instead", () => {
      writeText();
      text.focus();
    });
    renew.hidden = true;
    const table = tableTwin("The kernel as a table", () => matrixTable(`${called()}, in score units`, widthOf(kernel()), [{ name: "kernel", rows: kernel().map((row, a) => [store.state.alphabet[a], row]) }]));

    function writeText() {
      const { alphabet } = store.state;
      const width = Math.max(...kernel().flat().map((w) => String(w).length));
      text.value = kernel().map((row, a) => `${alphabet[a]}  ${row.map((w) => String(w).padStart(width)).join("  ")}`).join("\n");
      tell(null, "");
    }
    function tell(problem, note) {
      said.textContent = problem ?? note;
      said.classList.toggle("ec-warning", problem !== null);
      text.setAttribute("aria-invalid", problem !== null);
      renew.hidden = problem === null;
    }
    text.addEventListener("input", () => {
      const read = readMatrix(text.value, store.state.alphabet, widest);
      if (read.problem) return tell(`${read.problem} The kernel stays as it is.`);
      const isOne = isTyping;
      isTyping = true;
      change(read.kernel, isOne);
      tell(null, `Taken over: ${widthOf(read.kernel)} ${widthOf(read.kernel) === 1 ? "column" : "columns"}.${read.note}`);
    });
    text.addEventListener("blur", () => (isTyping = false));

    const [name, scale] = [make("b"), make("span", { class: "ec-soft" })];
    el.append(
      make("p", {}, name, " ", scale),
      make("div", { class: "ec-editor-scroll" }, grid),
      make("p", { class: "ec-soft", id: keysHelp }, "Drag a bar, or use the keys: up and down 0.1 (with Shift 1), left and right another column, a letter its row, digits to type."),
      make("div", { class: "ec-row" }, undoing, redoing, reset,
        make("label", {}, "all entries \u00d7", factor.input), button("Scale", factor.commit, "scale all entries")),
      make("section", {}, heading,
        make("div", { class: "ec-row" }, make("label", {}, valueName, value), adding, removing),
        make("div", { class: "ec-row" }, make("label", {}, "add a constant", constant.input), button("Add", constant.commit, "add the constant to the column")),
        make("dl", {}, make("dt", {}, "PPM column"), chances, make("dt", {}, "offset"), offset), limit),
      effect,
      make("details", {}, make("summary", {}, "Type or paste the matrix"), text, said, renew),
      table.element);

    // ---- drawing
    const nice = (x) => {
      const power = 10 ** Math.floor(Math.log10(x));
      return Number(([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((n) => n * power >= x * (1 - 1e-9)) * power).toPrecision(3));
    };
    // the largest and the smallest entry, with room for what is small beside them
    function ends(numbers) {
      const [top, bottom] = [Math.max(...numbers, 0), Math.max(...numbers.map((w) => -w), 0)];
      const least = Math.max(top, bottom) / 4 || 1;
      return [-nice(Math.max(bottom, least)), nice(Math.max(top, least))];
    }
    function drawBars(state) {
      const wanted = ends(state.kernel.flat());
      const isRescaled = !drag && String(wanted) !== String([low, high]);
      if (isRescaled) {
        [low, high] = wanted;
        grid.style.setProperty("--zero", `${(100 * high) / (high - low)}%`);
        scale.textContent = `bars from ${format(low)} to ${format(high)} score units`;
      }
      cells.forEach((row, a) => row.forEach((entry, j) => {
        const w = state.kernel[a][j];
        if (entry.value === w && !isRescaled) return;
        entry.value = w;
        const [from, to] = [Math.max(w, 0), Math.min(w, 0)].map((x) => (high - clamp(x, low, high)) / (high - low));
        entry.bar.style.transform = `translateY(${100 * from}%) scaleY(${to - from})`;
        entry.cell.setAttribute("aria-valuenow", w);
        entry.cell.setAttribute("aria-valuetext", format(w));
        entry.cell.setAttribute("aria-valuemin", -LARGEST);
        entry.cell.setAttribute("aria-valuemax", LARGEST);
        entry.cell.title = `${nameOf([a, j])}: ${format(w)}`;
      }));
    }
    function drawValue() {
      value.value = value.dataset.drawn = format(kernel()[at[0]][at[1]], 6);
      value.setAttribute("aria-invalid", "false");
    }
    function drawChosen(state) {
      name.textContent = called();
      const [a, j] = at;
      const chosen = cells[a][j].cell;
      for (const old of grid.querySelectorAll("[aria-current], .ec-editor-here, [tabindex='0']")) {
        if (old === chosen) continue; // to take it away and give it back would have the browser lay out the page
        old.removeAttribute("aria-current");
        old.classList.remove("ec-editor-here");
        if (old.getAttribute("tabindex") === "0") old.tabIndex = -1;
      }
      chosen.setAttribute("aria-current", "true");
      if (chosen.getAttribute("tabindex") !== "0") chosen.tabIndex = 0;
      grid.children[j + 1].classList.add("ec-editor-here");
      const reading = offsetOf(state.kernel);
      heading.textContent = `Column ${j + 1} of ${widthOf(state.kernel)}`;
      valueName.textContent = `${state.alphabet[a]} is`;
      if (!value.matches(":focus")) drawValue();
      value.setAttribute("data-value", state.kernel[a][j]);
      chances.replaceChildren(...[...state.alphabet].flatMap((letter, b) => [b ? ", " : "", `${letter} `, number(`column_ppm_${letter}`, reading.ppm[b][j], 3)]));
      offset.replaceChildren(number("kernel_offset", reading.offset));
      const width = widthOf(state.kernel);
      const isLong = width >= widest || (state.padding !== "same" && width >= state.codes.length);
      adding.disabled = isLong;
      removing.disabled = width === 1;
      limit.textContent = !isLong ? "" : width >= widest ? `${widest} columns are the most.` : "The kernel is as wide as the sequence is long.";
      limit.hidden = !isLong;
    }
    const draw = () => {
      const { state } = store;
      if (state.kernel !== own && state.kernel === state.kernel_by) {
        past.push(own);
        [own, future] = [state.kernel, []];
        effect.textContent = "";
      } else if (!same(state.kernel, own)) {
        [own, given, past, future, at] = [state.kernel, state.kernel, [], [], [0, 0]];
        effect.textContent = "";
      }
      if (Number.isInteger(state.column)) at = [at[0], clamp(state.column, 0, widthOf(state.kernel) - 1)];
      if (shape !== `${state.alphabet} ${widthOf(state.kernel)}`) {
        const hadFocus = grid.contains(document.activeElement);
        build(state.alphabet, widthOf(state.kernel));
        at = [clamp(at[0], 0, cells.length - 1), clamp(at[1], 0, cells[0].length - 1)];
        [low, high] = [0, 0];
        if (hadFocus) requestAnimationFrame(() => cells[at[0]][at[1]].cell.focus());
      }
      drawBars(state);
      drawChosen(state);
      undoing.disabled = !past.length && document.activeElement !== undoing;
      redoing.disabled = !future.length && document.activeElement !== redoing;
      reset.disabled = same(state.kernel, given) && document.activeElement !== reset;
      const isPending = text.getAttribute("aria-invalid") === "true";
      if (document.activeElement !== text && !isPending) writeText();
      table.draw();
    };
    const later = oncePerFrame(draw);
    draw();
    const off = store.on((state, trace, changed) => {
      if (!["kernel", "m", "bias", "background", "alphabet", "codes", "padding", "kernel_name", "column"].some((key) => changed.includes(key))) return;
      if (changed.includes("kernel")) say(`${nameOf(at)}: ${format(state.kernel[at[0]]?.[at[1]])}. Offset ${format(offsetOf(state.kernel).offset)}.`);
      later();
    });
    signal.addEventListener("abort", off);
    return off;
  },
};
