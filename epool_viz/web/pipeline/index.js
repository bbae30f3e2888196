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
import { attributes, make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { informationContent, kernelReadings } from "../lib/maths.js";
import { format, number } from "../lib/numbers.js";
import { walk } from "../lib/steps.js";
import { panel } from "../lib/style.js";
import CSS from "./style.css";

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

/** Every matrix of the pipeline: what `build` draws and the tests read. */
export function stagesOf(state) {
  const { kernel, m, bias } = state;
  const q = state.background ?? kernel.map(() => 1 / kernel.length);
  const isPlain = state.form === "plain";
  const found = kernelReadings(kernel, { logBase: m, bias, background: q });
  const ppm = isPlain ? found.plainPpm : found.ppm;
  const logShares = isPlain ? kernel.map(() => 0) : q.map(Math.log);
  // logarithms, so that no power is too large to be told
  const logPowers = kernel.map((row) => row.map((w) => m * w));
  const logWeighted = logPowers.map((row, a) => row.map((x) => x + logShares[a]));
  const shares = isPlain ? found.plainShares : found.shares;
  // at base 1 every power is 1, and Z is what the letters count together
  const logSums = shares.map((x) => (m > 0 ? m * x : isPlain ? Math.log(kernel.length) : 0));
  const bits = informationContent(ppm, isPlain ? null : q);
  return {
    kernel, q, isPlain, ppm, shares, bits, logPowers, logWeighted, logSums,
    // not the logarithm of a probability, which may be too small for a float
    pwm: kernel.map((row) => row.map((w, j) => w - shares[j])),
    heights: ppm.map((row) => row.map((p, j) => p * bits[j])),
    offset: isPlain ? found.plainOffset : found.offset,
    plainOffset: found.plainOffset,
  };
}

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { steps, level = 3 } = model.get("options");
    const section = panel(el, "pipeline", "From kernel to logo", CSS);

    const count = make("span", { class: "ec-pipeline-count" });
    const title = make("span");
    const sentence = make("p");
    const stepper = make("span", { class: "ec-pipeline-step", tabindex: "0", role: "spinbutton", "aria-label": "Column", "aria-valuemin": "1" });
    const by = (step, text, label) => make("button", { type: "button", "aria-label": label, title: label, tabindex: "-1", onclick: () => choose(hand() + step) }, text);
    const tools = make("div", { class: "ec-pipeline-tools" }, by(-1, "\u2039", "The column before"), stepper, by(1, "\u203a", "The next column"));
    const box = make("div", { class: "ec-pipeline-box", tabindex: "0", role: "group", "aria-label": "The matrices; left and right take a column in hand" });
    const out = make("div", { class: "ec-pipeline-out", "data-name": "worked-out" });
    section.append(make("div", { class: "ec-pipeline-top" }, make("div", {}, make(`h${level}`, {}, count, title), sentence), tools), box, out);
    const say = voice(section, { sentence: "hidden" });

    // the column in hand ------------------------------------------------------------------------------------------

    const hand = () => Math.min(Math.max(Math.round(store.state.column) || 0, 0), store.state.kernel[0].length - 1);
    const choose = (column) => store.set({ column: Math.min(Math.max(column, 0), store.state.kernel[0].length - 1) });
    for (const element of [stepper, box]) {
      onArrows(element, (step) => {
        choose(hand() + step);
        reveal();
      }, (end) => {
        choose(end === "first" ? 0 : Infinity);
        reveal();
      });
    }
    box.addEventListener("click", (event) => {
      const column = event.target.closest("[data-column]")?.dataset.column;
      if (column !== undefined) choose(Number(column));
    });
    /** Scroll so that the column in hand can be seen. */
    function reveal() {
      const cell = grid.heads?.[hand()];
      if (!cell || box.scrollWidth <= box.clientWidth) return;
      const [left, right] = [cell.offsetLeft - grid.corner.offsetWidth, cell.offsetLeft + cell.offsetWidth];
      if (left < box.scrollLeft) box.scrollLeft = hand() ? left : 0;
      else if (right > box.scrollLeft + box.clientWidth) box.scrollLeft = right - box.clientWidth + 4;
    }

    // drawing -----------------------------------------------------------------------------------------------------

    let grid = { shape: "" };
    let what = null;
    let spoken = null;

    function draw(state) {
      const { places, shown } = walk(steps, state);
      const step = steps[shown];
      what = stagesOf(state);
      const names = places.filter((i) => i <= shown).map((i) => steps[i].name);
      if (grid.shape !== `${state.alphabet} ${what.kernel[0].length}`) build(state);
      for (const [name, { body, words }] of Object.entries(grid.blocks)) {
        words.textContent = (what.isPlain && BLOCKS[name].plain) || BLOCKS[name].words;
        body.hidden = !names.includes(name);
        body.classList.toggle("is-now", name === step.name || (name === "sums" && step.name === "offset"));
      }
      fill();
      mark();
      count.textContent = `${places.indexOf(shown) + 1}/${places.length}`;
      title.textContent = step.title;
      sentence.textContent = (what.isPlain && step.plain) || step.sentence;
      el.dataset.step = step.name;
      workOut(state, step.name);
      attributes(stepper, { "aria-valuemax": what.kernel[0].length, "aria-valuenow": hand() + 1, "aria-valuetext": `column ${hand() + 1}: ${out.textContent}` });
      stepper.textContent = `column ${hand() + 1} of ${what.kernel[0].length}`;
      if (spoken !== step.name) say(`${step.title}. ${sentence.textContent} ${out.textContent}`);
      else say(out.textContent);
      spoken = step.name;
    }

    function build(state) {
      const width = what.kernel[0].length;
      const places = Array.from({ length: width }, (_, j) => j);
      const cells = () => places.map((j) => make("td", { "data-column": j }));
      const rowsOf = { sums: ["Z", "log\u2009Z"], heights: [...state.alphabet, "bits"] };
      grid = { shape: `${state.alphabet} ${width}`, blocks: {}, corner: make("td") };
      grid.heads = places.map((j) => make("th", { scope: "col", "data-column": j }, String(j + 1)));
      for (const [name, { label }] of Object.entries(BLOCKS)) {
        const words = make("span");
        const rows = (rowsOf[name] ?? [...state.alphabet]).map((head) => ({ head, cells: cells() }));
        const body = make("tbody", { "data-name": name },
          make("tr", {}, make("th", { scope: "rowgroup", colspan: Math.min(width + 1, 6) }, make("div", { class: "ec-pipeline-name" }, make("b", {}, label), words))),
          rows.map(({ head, cells: all }) => make("tr", {}, make("th", { scope: "row" }, head), all)));
        grid.blocks[name] = { body, rows, words };
      }
      box.replaceChildren(make("table", { class: "ec-pipeline-table", style: `--columns:${width}` },
        make("thead", {}, make("tr", {}, grid.corner, grid.heads)),
        Object.values(grid.blocks).map(({ body }) => body)));
    }

    const put = (cell, name, x, text) => {
      if (!cell.firstElementChild) cell.replaceChildren(number(name, x));
      const data = cell.firstElementChild;
      if (data.dataset.value === String(x) && data.textContent === text) return;
      attributes(data, { value: x, "data-value": x });
      data.textContent = text;
    };
    const heat = (cell, share, isDown = false) => {
      const look = `is-heat ${isDown ? "is-down" : "is-up"}`;
      if (!cell.className.startsWith(look)) cell.className = look;
      const percent = `${Math.round(40 * Math.min(share, 1))}%`;
      if (cell.style.getPropertyValue("--share") !== percent) cell.style.setProperty("--share", percent);
    };

    function fill() {
      const { kernel, logPowers, logWeighted, logSums, shares, ppm, heights, bits } = what;
      const most = Math.max(...kernel.flat().map(Math.abs)) || 1;
      const tallest = Math.max(...bits, 1e-9);
      const block = (name, matrix, text, warm) => {
        if (grid.blocks[name].body.hidden) return;
        matrix.forEach((row, a) => row.forEach((x, j) => {
          const cell = grid.blocks[name].rows[a].cells[j];
          put(cell, `${name}_${store.state.alphabet[a]}_${j + 1}`, text === power ? Math.exp(x) : x, text(x));
          heat(cell, ...warm(x, a, j));
        }));
      };
      block("kernel", kernel, small, (x) => [Math.abs(x) / most, x < 0]);
      block("powers", logPowers, power, (x, a, j) => [ppm[a][j]]);
      block("weighted", logWeighted, power, (x, a, j) => [ppm[a][j]]);
      block("ppm", ppm, chance, (x) => [x]);
      block("pwm", what.pwm, small, (x) => [Math.abs(x) / Math.max(...what.pwm.flat().map(Math.abs)), x < 0]);
      block("heights", heights, small, (x) => [x / tallest, x < 0]);
      const row = (name, i, label, values, text) => values.forEach((x, j) => put(grid.blocks[name].rows[i].cells[j], `${label}_${j + 1}`, x, text(x, j)));
      row("sums", 0, "z", logSums.map(Math.exp), (_, j) => power(logSums[j]));
      row("sums", 1, "share", shares, small);
      row("heights", store.state.alphabet.length, "bits", bits, small);
    }

    function mark() {
      const j = hand();
      for (const old of box.querySelectorAll(".is-hand")) if (old.dataset.column !== String(j)) old.classList.remove("is-hand");
      for (const cell of box.querySelectorAll(`[data-column="${j}"]`)) cell.classList.add("is-hand");
    }

    // words -------------------------------------------------------------------------------------------------------

    const small = (x) => format(Math.abs(x) < 1e-15 ? 0 : x, 3);
    const chance = (p) => (p >= 0.0005 ? p.toFixed(3) : format(p, 2));
    /** The power e^x as text, also where it is too large for a number. */
    function power(x) {
      if (x < 690 && x > -690) return format(Math.exp(x), 3);
      const exponent = x / Math.LN10;
      const whole = Math.floor(exponent);
      return `${format(10 ** (exponent - whole), 2)}\u00d710${[...String(whole)].map((d) => (d === "-" ? "\u207b" : SUPERSCRIPT[d])).join("")}`;
    }
    const shown = (name, x, text) => {
      const element = number(name, x);
      element.textContent = text;
      return element;
    };
    const base = () => format(Math.exp(store.state.m));

    /** The column in hand, worked out as far as the walk has come. */
    function workOut(state, step) {
      const j = hand();
      const { kernel, q, isPlain, ppm, shares, bits, heights, logPowers, logWeighted, logSums, offset } = what;
      const letters = [...state.alphabet];
      const n = j + 1;
      const list = (make_) => letters.flatMap((letter, a) => [a ? ", " : "", make("span", {}, ...make_(letter, a))]);
      const plus = (make_) => letters.flatMap((letter, a) => [a ? " + " : "", make("span", {}, ...[make_(letter, a)].flat())]);
      const z = shown("column_z", Math.exp(logSums[j]), power(logSums[j]));
      const lines = {
        kernel: () => [[`W in column ${n}: `, ...list((letter, a) => [`${letter} `, number(`w_${letter}`, kernel[a][j])])]],
        powers: () => [[`b = ${base()}. `, ...list((letter, a) => [`${letter}: ${base()} to the ${format(kernel[a][j])} = `, shown(`power_${letter}`, Math.exp(logPowers[a][j]), power(logPowers[a][j]))])]],
        weighted: () => [list((letter, a) => [`${letter}: ${format(q[a], 3)} \u00d7 ${power(logPowers[a][j])} = `, shown(`weighted_${letter}`, Math.exp(logWeighted[a][j]), power(logWeighted[a][j]))])],
        sums: () => [
          [`Z of column ${n} = `, ...plus((_, a) => power(logWeighted[a][j])), " = ", z, Math.abs(logSums[j]) < LIMIT ? ": it sums to one already, and adds nothing to the offset." : "."],
          [`Its share of the offset: log to the base b of ${power(logSums[j])} = `, number("column_share", shares[j]), ` of ${format(offset)}.`],
        ],
        ppm: () => [list((letter, a) => [`${letter}: ${power(logWeighted[a][j])} / ${power(logSums[j])} = `, shown(`p_${letter}`, ppm[a][j], chance(ppm[a][j]))]),
          ["A constant c added to this column multiplies all of its powers, and so Z, by b to the c: it cancels here."]],
        pwm: () => [
          [`W \u2212 share: `, ...list((letter, a) => [`${letter}: ${format(kernel[a][j])} \u2212 ${bracketed(shares[j])} = `, number(`pwm_${letter}`, what.pwm[a][j])]), "."],
          [isPlain ? "The same by the other route, log p: " : "The same by the other route, log ( p / q ): ",
            ...list((letter, a) => [`${letter} `, number(`pwm_by_ppm_${letter}`, state.m > 0 ? (Math.log(ppm[a][j]) - (isPlain ? 0 : Math.log(q[a]))) / state.m : NaN)]), "."]],
        heights: () => [
          [`Column ${n} tells `, number("column_bits", bits[j]), ` bits${isPlain ? "" : " against the background"}; a letter is as tall as its probability times that: `,
            ...list((letter, a) => [`${letter} `, shown(`height_${letter}`, heights[a][j], small(heights[a][j]))]), "."]],
        offset: () => [
          [`offset = bias + shares = ${format(state.bias)} + `, ...(shares.length <= 12 ? shares.flatMap((x, k) => [k ? " + " : "", make("span", {}, bracketed(Math.abs(x) < 1e-15 ? 0 : x))]) : [`the ${shares.length} shares`]), " = ", number("offset", offset), "."],
          [`Column ${n} brings `, number("column_share", shares[j]), ` of it. This is what the logo cannot show: score = offset + log\u2009`, isPlain ? "P(window | PPM)." : "P(window | PPM) / P(window | background)."],
          ...(isPlain ? [] : [["With 1 in the place of q, as in Fig. 2B, it would be ", number("plain_offset", what.plainOffset), "."]]),
        ],
      }[step]();
      out.replaceChildren(...lines.map((parts) => make("p", {}, parts)));
    }

    const bracketed = (x) => (x < 0 ? `(${format(x)})` : format(x));

    follow(store, draw, signal);
  },
};
