// Moves: changes of the kernel to try, and what they leave as it was. The kernel before the move is kept, and compared with
// the one on the screen, however that came about: by a button here, by the editor, or by b.
//
// options: {most, level}
//   most   the largest m that may be set (default 20)
//   level  of the heading (default 3)
// state: kernel, m, bias, background, alphabet, column (in hand), codes, cursor
//   kernel_by  the kernel, where it was set here: a change that the kernel editor can take back

import { voice } from "../lib/a11y.js";
import { columnOf, windowAt } from "../lib/cursor.js";
import { make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { compareKernels, kernelReadings, letterSum, sum } from "../lib/maths.js";
import { format, number } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { scrolling, table } from "../lib/tables.js";
import CSS from "./style.css";

/** @typedef {{ kernel: Matrix, m: number, bias: number, background: number[] | null }} Subject what is compared */
/** @typedef {ReturnType<typeof compareKernels>} Comparison */
/** @typedef {ReturnType<typeof begin>} Experiments */

const LIMIT = 1e-9;
/** @type {(a: number, b: number) => boolean} */
const near = (a, b) => a === b || Math.abs(a - b) <= LIMIT * Math.max(1, Math.abs(a), Math.abs(b));
/** @type {(state: State) => Subject} */
const subjectOf = ({ kernel, m, bias, background }) => ({ kernel, m, bias, background });
/** @type {(before: Subject, after: Subject) => ReturnType<typeof compareKernels>} */
const compared = (before, after) => compareKernels({ ...before, logBase: before.m }, { ...after, logBase: after.m });

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {{ most?: number, level?: number }} options
 */
function begin(el, store, { most = 20, level = 3 }) {
  const section = panel(el, "moves", "What changes the logo", CSS);
  const button = (/** @type {string} */ text) => make("button", { type: "button" }, text);
  const constant = make("input", { type: "text", inputmode: "decimal", class: "ec-box", value: "1", "aria-label": "constant", autocomplete: "off" });
  const adding = make("button", { type: "button", "data-move": "constant" }, "Add");
  const where = make("span");
  const tools = TOOLS.map(([name, title, small]) => make("button", { type: "button", "data-move": name }, title, make("small", {}, small)));
  const [back, keep] = [button("Back to the kernel before"), button("Compare from here on")];
  const said = make("p", { class: "ec-moves-said", "data-name": "said" });
  const numbersOf = make("div");
  section.append(
    make(`h${level}`, {}, "What changes the logo, and what cannot"),
    make("p", {}, "Guess first: does the logo move, or only the offset?"),
    make("div", { class: "ec-moves-list" }, make("div", { class: "ec-row" }, adding, constant, where), tools),
    said, numbersOf,
    make("div", { class: "ec-row" }, back, keep),
  );
  const say = voice(section, { sentence: "hidden" });
  return { store, most, constant, adding, where, tools, back, keep, said, numbersOf, say, kept: subjectOf(store.state) };
}

// the experiments -------------------------------------------------------------------------------------------------

/** @param {number} x */
const round = (x) => Number(x.toPrecision(15)); // 0.3, not 0.30000000000000004

const TOOLS = [
  ["constants", "A constant for every column", "drawn at random"],
  ["log-odds", "Every column\u2019s q b\u1d42 to sum 1", "the log odds: reading 2"],
  ["log-ppm", "Every column\u2019s b\u1d42 to sum 1", "the log PPM: reading 1"],
  ["scale", "All entries \u00d7 2", "a scaled kernel"],
  ["base", "b squared", "the same kernel, another base"],
  ["entry", "One entry + 1", "the first letter of the column in hand"],
];

/** @type {Record<string, (experiments: Experiments) => void>} */
const ACTS = {
  constants: (experiments) => {
    const constants = experiments.store.state.kernel[0].map(() => Math.round(40 * Math.random() - 20) / 10);
    move(experiments, (w, _, j) => w + constants[j]);
  },
  "log-odds": (experiments) => settle(experiments, "shares"),
  "log-ppm": (experiments) => settle(experiments, "plainShares"),
  scale: (experiments) => move(experiments, (w) => 2 * w),
  base: (experiments) => {
    const { store, most } = experiments;
    remember(experiments);
    store.set({ m: Math.min(2 * store.state.m, most) });
  },
  entry: (experiments) => {
    const hand = columnOf(experiments.store.state);
    move(experiments, (w, a, j) => (a === 0 && j === hand ? w + 1 : w));
  },
};

/** @param {Experiments} experiments */
const remember = (experiments) => (experiments.kept = subjectOf(experiments.store.state));

/** @type {(store: Store, kernel: Matrix, more?: Patch) => void} */
const put = (store, kernel, more = {}) => store.set({ kernel, kernel_by: kernel, ...more });

/** @type {(experiments: Experiments, change: (w: number, a: number, j: number) => number) => void} */
function move(experiments, change) {
  remember(experiments);
  put(experiments.store, experiments.kept.kernel.map((row, a) => row.map((w, j) => round(change(w, a, j)))));
}

/** @type {(experiments: Experiments, which: "shares" | "plainShares") => void} */
function settle(experiments, which) {
  const { kernel, m, bias, background } = experiments.store.state;
  if (!(m > 0)) return tell(experiments, "At b = 1 every power is 1; move b up first.");
  const shares = kernelReadings(kernel, { logBase: m, bias, background })[which];
  if (shares.every((x) => Math.abs(x) <= LIMIT)) return tell(experiments, "Every column sums to one already: there is nothing to move.");
  remember(experiments);
  put(experiments.store, kernel.map((row) => row.map((w, j) => w - shares[j])));
}

/** @param {Experiments} experiments */
function addConstant(experiments) {
  const { constant, store } = experiments;
  const text = constant.value.trim();
  const x = /\d/.test(text) ? Number(text.replace(",", ".").replace("\u2212", "-")) : NaN;
  const isWrong = !(Math.abs(x) <= 1e6);
  constant.setAttribute("aria-invalid", String(isWrong));
  if (isWrong) return tell(experiments, `The constant: found \u201c${text.slice(0, 20)}\u201d; accepted: a number such as \u22120.5, at most a million in size.`);
  const hand = columnOf(store.state);
  move(experiments, (w, _, j) => (j === hand ? w + x : w));
}

/** @type {(experiments: Experiments, text: string) => void} */
function tell({ said, say }, text) {
  said.replaceChildren(text);
  delete said.dataset.logo;
  say(text);
}

/** @param {Experiments} experiments */
function listen(experiments) {
  const { store, constant, adding, tools, back, keep } = experiments;
  adding.addEventListener("click", () => addConstant(experiments));
  constant.addEventListener("keydown", (event) => event.key === "Enter" && addConstant(experiments));
  TOOLS.forEach(([name], i) => tools[i].addEventListener("click", () => ACTS[name](experiments)));
  back.addEventListener("click", () => put(store, experiments.kept.kernel, { m: experiments.kept.m, bias: experiments.kept.bias }));
  keep.addEventListener("click", () => {
    remember(experiments);
    draw(experiments, store.state);
  });
}

// drawing ---------------------------------------------------------------------------------------------------------

/** @type {(experiments: Experiments, state: State) => void} */
function draw(experiments, state) {
  const { where, back, keep, said, numbersOf, kept, say } = experiments;
  where.textContent = `to column ${columnOf(state) + 1}`;
  const isOther = String(kept.background) !== String(state.background);
  const isSame = JSON.stringify(kept.kernel) === JSON.stringify(state.kernel) && near(kept.m, state.m) && near(kept.bias, state.bias);
  if (isOther && !isSame) experiments.kept = { ...kept, background: state.background }; // one thing at a time
  const isStill = isSame && !isOther;
  back.hidden = keep.hidden = numbersOf.hidden = isStill;
  if (isStill) {
    said.replaceChildren("Nothing has moved yet. Press one of the buttons, or drag a bar of the kernel.");
    delete said.dataset.logo;
    return;
  }
  const found = compared(experiments.kept, subjectOf(state));
  said.replaceChildren(...wordsOf(found, experiments.kept, state));
  said.dataset.logo = found.isOnePpm ? "same" : "changed";
  say(said.textContent ?? "");
  numbersOf.replaceChildren(tableOf(found, experiments.kept, state));
}

/** @type {(found: Comparison, kept: Subject, state: State) => (Node | string)[]} */
function wordsOf(found, kept, state) {
  const { old, now, constants, factor } = found;
  const strong = (/** @type {string} */ text) => make("b", {}, text);
  const offsets = (/** @type {string} */ the) => [`${the} offset goes from `, number("offset_before", old.offset), " to ", number("offset_after", now.offset)];
  const isSameBase = near(kept.m, state.m);
  if (found.isOnePpm) {
    if (constants && !found.isSameKernel && isSameBase) return [strong("The logo stays: two kernels, one PPM. "), ...offsets("The"), ...constantsWords(found, constants, state.bias - kept.bias)];
    if (found.isSameKernel && !near(kept.bias, state.bias)) return [strong("The logo stays. "), ...offsets("The"), ": the bias is part of it, and of nothing else."];
    return [strong("The logo stays. "), ...offsets("The"), "."];
  }
  const bits = ["It told ", number("bits_before", old.bits, 3), " bits and tells ", number("bits_after", now.bits, 3), "."];
  if (!found.isSameSize) return [strong("Another width, another logo. "), ...bits];
  if (found.isSameKernel && isSameBase) return [strong("The logo changes: "), "the same kernel against another background, whose share each letter of the PPM takes along. No score moves; ", ...offsets("the"), ". ", ...bits];
  if (found.isSameKernel) return [strong("The logo changes: "), `the same kernel read to the base ${format(Math.exp(state.m))} in place of ${format(Math.exp(kept.m))}. `, ...bits];
  if (factor !== null && factor > 0 && isSameBase) {
    const twin = compared({ ...kept, m: factor * kept.m }, subjectOf(state)).moved;
    return [strong("The logo changes. "), `Every entry \u00d7 ${format(factor)} does to the logo what the base ${format(Math.exp(factor * kept.m))}, b to the power of ${format(factor)}, would do: the two PPMs differ by `, number("twin", twin, 2), ". ", ...bits];
  }
  return [strong("The logo changes: "), "differences within a column have changed; one probability moved by ", number("moved", found.moved, 3), ". ", ...bits];
}

/** @type {(found: Comparison, constants: number[], biasMoved: number) => (Node | string)[]} */
function constantsWords({ old, now }, constants, biasMoved) {
  const [moved, total] = [now.offset - old.offset, sum(constants)];
  const isOne = constants.filter((c) => Math.abs(c) > LIMIT).length === 1;
  return [", by ", number("offset_moved", moved), `; the ${isOne ? "constant is" : "constants sum to"} `, number("constants", total),
    ", and the difference is ", number("residual", moved - total - biasMoved, 2), ". Every score moves by as much, and no logo can show it."];
}

/** @param {number} x */
const orZero = (x) => (Math.abs(x) < 1e-12 ? 0 : x);

/** @type {(found: Comparison, kept: Subject, state: State) => HTMLElement} */
function tableOf({ old, now, isSameSize, moved, constants }, kept, state) {
  /** @type {(name: string, key: string, a: number, b: number) => Child[]} */
  const row = (name, key, a, b) => [name, number(`${key}_old`, a), number(`${key}_new`, b), number(`${key}_change`, orZero(b - a), 3)];
  const rows = [row("information, bits", "bits", old.bits, now.bits), row("offset", "offset", old.offset, now.offset)];
  if (!near(kept.m, state.m)) rows.push(row("b", "base", Math.exp(kept.m), Math.exp(state.m)));
  if (isSameSize) {
    const { start, number: place } = windowAt(state);
    const within = state.codes.slice(Math.max(start, 0), Math.max(start + state.kernel[0].length, 0));
    if (within.every((code) => code >= 0)) {
      const picked = (/** @type {Matrix} */ matrix) => letterSum(state.codes, matrix, start);
      rows.push(row(`score of window ${place}`, "score", kept.bias + picked(kept.kernel), state.bias + picked(state.kernel)));
      rows.push(row("its log odds", "odds", picked(old.pwm), picked(now.pwm)));
    }
    rows.push(["largest change of a probability", "", "", number("ppm_change", moved, 2)]);
    if (constants) rows.push(["the columns differ by", "", "", constants.map((c) => format(orZero(c), 3)).slice(0, 12).join(", ") + (constants.length > 12 ? ", \u2026" : "")]);
  }
  return scrolling("Before and after", table("The kernel before the move, and the one on the screen", ["", "before", "now", "change"], rows));
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const experiments = begin(el, store, model.get("options"));
    listen(experiments);
    const off = store.on((_state, _trace, changed) => {
      if (changed.includes("kernel") && changed.includes("kernel_name")) remember(experiments); // another one
    });
    signal.addEventListener("abort", off);
    follow(store, (state) => draw(experiments, state), signal);
  },
};
