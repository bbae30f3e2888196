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
import { kernelToPwm, otherStrandKernel, strandLogOdds } from "../lib/maths.js";
import { format, number } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import CSS from "./style.css";

const FAINTEST = 2.2250738585072014e-308; // below it a probability has lost digits

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const section = panel(el, "formula", "Window formula", CSS);

    const stepper = make("span", { class: "ec-formula-step", tabindex: "0", role: "spinbutton", "aria-label": "Window", "aria-valuemin": "1" });
    const step = (by, text, label) => make("button", { type: "button", "aria-label": label, title: label, tabindex: "-1", onclick: () => go(by) }, text);
    const tools = make("div", { class: "ec-formula-tools" }, step(-1, "\u2039", "The window before"), stepper, step(1, "\u203a", "The next window"));
    const box = make("div", { class: "ec-formula-box", tabindex: "0", role: "group", "aria-label": "Kernel columns; left and right take a column in hand" });
    const note = make("p", { class: "ec-soft" });
    const ledger = make("div", { class: "ec-formula-ledger" });
    const warning = make("p", { class: "ec-panel-warning" });
    section.append(
      make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, "The score of a window"), tools),
      box, note, ledger, warning,
    );
    const say = voice(section, model.get("options"));
    const refreshTable = numbers(section, "The numbers as a table", ledgerTable);

    cursorKeys(stepper, store);
    function go(by) {
      const { number, strand } = windowAt(store.state);
      const { count } = windows(store.state);
      if (count) store.set({ cursor: Math.min(Math.max(number - 1 + by, 0), count - 1) + strand * count });
    }

    let hand = null; // the column in hand
    onArrows(
      box,
      (by) => take((hand ?? (by > 0 ? -1 : 1)) + by),
      (end) => take(end === "first" ? 0 : Infinity),
    );
    box.addEventListener("blur", () => take(null));
    function take(column) {
      if (!what) return;
      hand = column === null ? null : Math.min(Math.max(column, 0), grid.width - 1);
      if (hand !== null) {
        const cell = grid.heads[hand];
        const left = cell.offsetLeft - grid.corner.offsetWidth;
        if (left < box.scrollLeft) box.scrollLeft = left - 4;
        else if (cell.offsetLeft + cell.offsetWidth > box.scrollLeft + box.clientWidth) box.scrollLeft = cell.offsetLeft + cell.offsetWidth - box.clientWidth + 4;
      }
      ask();
    }

    // numbers -----------------------------------------------------------------------------------------------------

    let readings = null; // per strand: kernel, what it means, the log ratio of each entry
    function readingOf(state, strand) {
      const { kernel, m, bias, background, complement, strand_reading: strandReading } = state;
      const key = [kernel, m, bias, background, complement, strandReading];
      if (!readings || readings.key.some((x, i) => x !== key[i])) readings = { key };
      return (readings[strand] ??= read(strand ? otherStrandKernel(kernel, complement, { strandReading, m, background }) : kernel, state));
    }

    function read(kernel, { m, bias, background }) {
      const q = background ?? kernel.map(() => 1 / kernel.length);
      const pwm = kernelToPwm(kernel, { logBase: m, bias, background: q });
      // looked up in the probabilities, so that the two routes share no number
      const ratios = pwm.ppm.map((row, a) => row.map((p, j) => (m > 0 && p > FAINTEST ? (Math.log(p) - Math.log(q[a])) / m : pwm.pwm[a][j])));
      return { kernel, ratios, offset: pwm.offset };
    }

    /** Everything about the window under the cursor. */
    function measure(state, trace) {
      const now = windowAt(state, Math.min(state.cursor, trace.scores.length - 1));
      const { width } = windows(state);
      const { kernel, ratios, offset } = readingOf(state, now.strand);
      const codes = Array.from({ length: width }, (_, j) => (now.start + j < 0 || now.start + j >= state.codes.length ? null : state.codes[now.start + j]));
      const pick = (matrix) => codes.map((code, j) => (code !== null && code >= 0 ? matrix[code][j] : null));
      const total = (values) => values.reduce((sum, x) => sum + (x ?? 0), 0);
      const [picked, logRatios] = [pick(kernel), pick(ratios)];
      const gap = partial(state.codes, now.start, width);
      const sum = total(picked);
      const logRatio = total(logRatios);
      const score = trace.scores[now.index];
      return { now, width, kernel, ratios, offset, codes, picked, logRatios, gap, sum, logRatio, score, residual: Math.abs(score - (logRatio + offset)) };
    }

    // drawing -----------------------------------------------------------------------------------------------------

    let grid = { width: 0 };
    let [decimals, most, longest] = [2, 1, 5]; // of the kernel's entries; the longest in characters
    let shown = null; // what the grid shows
    let what = null; // what is measured
    function draw(state, trace) {
      warning.textContent = store.error ? `${what ? "Shown is the last score that could be computed. " : ""}${store.error}` : "";
      if (!trace || store.error) return;
      what = measure(state, trace);
      if (grid.width !== what.width || grid.alphabet !== state.alphabet) build(state, what);
      if (shown !== what.kernel) fill(what);
      mark(state, what);
      balance(state, what);
      tell(state, what);
      refreshTable();
    }

    const letterOf = (state, code) => (code === null ? "\u00b7" : (state.alphabet[code] ?? "N"));
    const toneOf = (letter) => (letter === "\u00b7" ? "none" : letter === "U" ? "T" : "ACGT".includes(letter) && store.state.alphabet.length <= 4 ? letter : "other");

    function build(state, { width }) {
      const places = Array.from({ length: width }, (_, j) => j);
      const row = (label, cells, look) => make("tr", { class: look }, make("th", { scope: "row" }, label), cells);
      const cells = () => places.map(() => make("td"));
      grid = {
        width, alphabet: state.alphabet,
        corner: make("td"),
        heads: places.map((j) => make("th", { scope: "col" }, String(j + 1))),
        letters: cells(),
        entries: [...state.alphabet].map(cells),
        picked: cells(),
        ratios: cells(),
        label: make("span", {}, "kernel"),
      };
      grid.rows = [...state.alphabet].map((letter, a) => row(letter, grid.entries[a]));
      box.replaceChildren(make("table", { class: "ec-formula-table", style: `--columns:${width}` },
        make("thead", {}, make("tr", {}, grid.corner, grid.heads)),
        make("tbody", {},
          row("letter", grid.letters, "ec-formula-read"), grid.rows,
          row("picked", grid.picked, "ec-formula-sum"), row("log ratio", grid.ratios, "ec-formula-sum"))));
      shown = null;
    }

    function fill({ kernel }) {
      const [before, wasDecimals, wasMost] = [shown, decimals, most];
      const entries = kernel.flat();
      shown = kernel;
      most = Math.max(...entries.map(Math.abs)) || 1;
      decimals = Math.min(Math.max((most < 1 ? 1 : 2) - Math.floor(Math.log10(most)), 0), 6);
      longest = plain(-most).length;
      const bold = 1.03 + 0.61 * (longest - (decimals ? 2 : 1)) + (decimals ? 0.35 : 0); // a sign, digits, a point
      box.firstElementChild.style.setProperty("--cell", `${bold}rem`);
      kernel.forEach((row, a) => row.forEach((x, j) => {
        const isNew = !before || wasDecimals !== decimals || before[a][j] !== x;
        if (!isNew && wasMost === most) return; // what is written again is laid out again
        const cell = grid.entries[a][j];
        if (isNew) cell.replaceChildren(entry(`kernel-${a}-${j}`, x));
        cell.style.setProperty("--share", `${Math.round((40 * Math.abs(x)) / most)}%`);
        cell.className = `is-heat ${x < 0 ? "is-down" : "is-up"}`;
      }));
    }

    function mark(state, { width, codes, picked, logRatios }) {
      for (let j = 0; j < width; j++) {
        const letter = letterOf(state, codes[j]);
        if (grid.letters[j].textContent !== letter) {
          grid.letters[j].textContent = letter;
          grid.letters[j].className = `is-${toneOf(letter)}`;
        }
        grid.entries.forEach((row, a) => row[j].classList.toggle("is-picked", codes[j] === a));
        put(grid.picked[j], `picked-${j}`, picked[j]);
        put(grid.ratios[j], `log-ratio-${j}`, logRatios[j]);
        for (const cell of [grid.heads[j], grid.picked[j], grid.ratios[j]]) cell.classList.toggle("is-hand", j === hand);
      }
    }

    /** A number of the table: as many decimals everywhere, but for a log ratio that is longer than the kernel's entries. */
    function entry(name, x) {
      const element = number(name, x, 3);
      element.textContent = fitting(x);
      return element;
    }

    const plain = (x, digits = decimals) => (Math.abs(x) < 1e5 ? x.toFixed(digits).replace("-", "\u2212") : format(x, 3));
    function fitting(x) {
      let digits = decimals;
      while (digits > 0 && plain(x, digits).length > longest) digits -= 1;
      return plain(x, digits);
    }

    function put(cell, name, x) {
      if (x === null) cell.replaceChildren("\u2013");
      else if (!cell.firstElementChild) cell.replaceChildren(entry(name, x));
      else if (cell.firstElementChild.dataset.value !== String(x)) {
        attributes(cell.firstElementChild, { value: x, "data-value": x });
        cell.firstElementChild.firstChild.data = fitting(x);
      }
    }

    function balance(state, { now, gap, sum, logRatio, offset, score, residual }) {
      const strand = now.strand ? `The table is the kernel's reverse complement, as the other strand reads it${against(state)}. ` : "";
      const unknown = gap ? `Where the window ${gap}, nothing is picked: the score is a partial sum. ` : "";
      note.textContent = strand + unknown;
      note.hidden = !note.textContent;
      const line = (title, small, a, aName, b, bName, total, totalName) => make("div", { class: "ec-formula-line" },
        make("span", {}, title, make("small", {}, small)),
        make("span", {}, number(aName, a)), make("span", {}, b < 0 ? "\u2212" : "+"),
        make("span", {}, signless(number(bName, b), b)), make("span", {}, "="),
        make("span", { class: "ec-formula-total" }, number(totalName, total)));
      const base = state.m > 0 ? `to the base e\u1d50 = ${format(Math.exp(state.m))}` : "in the limit m = 0, base 1";
      ledger.replaceChildren(
        line("The network: picked entries + bias", "one entry a column", sum, "sum", state.bias, "bias", score, "score"),
      );
      if (gap) {
        ledger.append(make("p", { class: "ec-formula-rest" }, "A partial sum is no likelihood ratio, so there is no second route for this window."));
        return;
      }
      ledger.append(
        line("The statistician: log-likelihood ratio + offset", `motif against background, ${base}`, logRatio, "log-ratio", offset, "offset", logRatio + offset, "score-by-pwm"),
        make("p", { class: "ec-formula-rest" }, "Difference ", number("residual", residual), agreement(residual, score)),
      );
    }

    /** What tells the two readings of two strands apart, where the background does. */
    function against({ background, complement, strand_reading: reading = "motif" }) {
      if (!background || !strandLogOdds(background, complement).some((x) => x !== 0)) return "";
      return reading === "motif"
        ? "; log (share of a letter's complement / its own share) is added, so that both strands are held against one background"
        : ": one kernel of a network for both, with an offset of its own on either";
    }

    // words -------------------------------------------------------------------------------------------------------

    function tell(state, { now, codes, gap, sum, logRatio, offset, score, residual, picked, logRatios, width }) {
      const reads = codes.map((code) => letterOf(state, code)).join("");
      const name = called(now);
      stepper.textContent = `window ${now.number} of ${windows(state).count}`;
      const summing = `${name}, ${reads}: ${format(sum)} + bias ${format(state.bias)} = ${format(score)}`;
      const whole = gap ? `${summing}; it ${gap}, so this is a partial sum.`
        : `${summing}; log-likelihood ratio ${format(logRatio)} + offset ${format(offset)} is ${residual ? `the same, to ${format(residual)}` : "exactly the same"}.`;
      attributes(stepper, { "aria-valuemax": windows(state).count, "aria-valuenow": now.number, "aria-valuetext": whole });
      if (hand === null || hand >= width) say(whole);
      else if (picked[hand] === null) say(`Column ${hand + 1} has no known letter and picks nothing.`);
      else say(`Column ${hand + 1}: ${reads[hand]} picks ${format(picked[hand], 3)}; its log-likelihood ratio is ${format(logRatios[hand], 3)}.`);
    }

    /** A number behind its own sign. */
    function signless(element, x) {
      element.textContent = format(Math.abs(x));
      return element;
    }

    function agreement(residual, score) {
      if (residual === 0) return ": to the last digit the same number.";
      return residual < 1e-9 * Math.max(1, Math.abs(score)) ? ": the same number, to rounding." : ".";
    }

    function ledgerTable() {
      if (!what) return make("p", {}, store.error);
      const { codes, picked, logRatios, sum, logRatio, offset, gap, score, residual } = what;
      const cell = (name, x) => (x === null ? "\u2013" : number(name, x, 17));
      const rows = codes.map((code, j) => [String(j + 1), letterOf(store.state, code), cell(`full-picked-${j}`, picked[j]), cell(`full-log-ratio-${j}`, logRatios[j])]);
      rows.push(["sum", "", cell("full-sum", sum), cell("full-log-ratio", gap ? null : logRatio)]);
      rows.push(["bias, offset", "", cell("full-bias", store.state.bias), cell("full-offset", gap ? null : offset)]);
      rows.push(["score", "", cell("full-score", score), cell("full-score-by-pwm", gap ? null : logRatio + offset)]);
      rows.push(["difference", "", "", cell("full-residual", gap ? null : residual)]);
      return table("Both routes to the score, in full", ["column", "letter", "picked entry", "log-likelihood ratio"], rows);
    }

    const ask = follow(store, draw, signal);
  },
};
