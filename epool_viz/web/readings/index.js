// Readings: what the score of the window under the cursor says, each reading by two routes: the network's sum of entries, and
// the logarithm of probabilities looked up letter by letter. Says in words which readings hold for this kernel now.
//
// options: {level} of the heading (default 3); the three below it are of the next one
// state: codes, alphabet, kernel, m, bias, background, padding, cursor
//   kernel_by  the kernel, where it was set here: a change that the kernel editor can take back
//
// A reading without an offset holds where every column's share of it is 0; else the difference of the two routes is exactly
// the offset that is missing. Readings are of the given strand.

import { voice } from "../lib/a11y.js";
import { partial, windowAt, windows } from "../lib/cursor.js";
import { make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { largestAt, windowReadings } from "../lib/maths.js";
import { format, number, residue } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import CSS from "./style.css";

/**
 * One reading by its route through probabilities; `own`: of a reading without an offset, the shares of it that have to be 0.
 *
 * @typedef {{ value: number, offset: number | null, gap: number, holds: boolean, own: Own | null }} Reading
 * @typedef {{ shares: number[], worst: number, z: number, lacks: number, isNormal: boolean }} Own
 * @typedef {NonNullable<ReturnType<typeof readingsOf>>} Readings
 * @typedef {ReturnType<typeof begin>} Scene
 */

const LIMIT = 1e-8; // of a share of the offset, beside the size of the kernel
const RATIO = "log of the ratio, from probabilities";
const LIKELIHOOD = "log P(window | PPM), from probabilities";
/** @typedef {keyof typeof WORDS} Key */
const WORDS = {
  likelihood: { title: "1. A log-likelihood", short: "1. log-likelihood", form: "score = log P(window | PPM)", value: LIKELIHOOD, sums: "b\u1d42" },
  bayes: {
    title: "2. A log Bayes factor", short: "2. log Bayes factor", form: "score = log P(window | PPM) / P(window | background)",
    value: RATIO, sums: "q b\u1d42",
  },
  plain: {
    title: "3. Offset + log-likelihood", short: "3. offset + log-likelihood", form: "score = offset + log P(window | PPM), for any kernel",
    value: LIKELIHOOD, sums: "b\u1d42", name: "plain_offset",
  },
  background: {
    title: "3. The same against the background", short: "3. offset + log Bayes factor",
    form: "score = offset + log P(window | PPM) / P(window | background)", value: RATIO, sums: "q b\u1d42", name: "offset",
  },
};
const KEYS = /** @type {Key[]} */ (Object.keys(WORDS));

/**
 * The readings of one window, and the score; null where it is partial.
 *
 * @param {State} state
 * @param {number} start
 */
function readingsOf({ kernel, m, bias, codes, background }, start) {
  const width = kernel[0].length;
  if (partial(codes, start, width)) return null;
  const { score, logLikelihood, logRatio, ...found } = windowReadings(codes, kernel, start, { logBase: m, bias, background });
  const size = Math.max(1, ...kernel.flat().map(Math.abs));
  /** @type {(value: number, lacks: number, shares: number[], canHold: boolean) => Reading} */
  const alone = (value, lacks, shares, canHold) => {
    const worst = largestAt(shares.map(Math.abs));
    const isNormal = Math.abs(shares[worst]) <= LIMIT * size;
    return { value, offset: null, gap: score - value, holds: isNormal && canHold, own: { shares, worst, z: Math.exp(m * shares[worst]), lacks, isNormal } };
  };
  /** @type {(value: number, offset: number, holds: boolean) => Reading} */
  const withOffset = (value, offset, holds) => ({ value, offset, gap: score - offset - value, holds, own: null });
  return {
    score, letters: codes.slice(start, start + width),
    likelihood: alone(logLikelihood, found.plainOffset, found.plainShares, m > 0),
    bayes: alone(logRatio, found.offset, found.shares, true),
    plain: withOffset(logLikelihood, found.plainOffset, m > 0),
    background: withOffset(logRatio, found.offset, true),
  };
}

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {number} level
 */
function begin(el, store, level) {
  const section = panel(el, "readings", "Readings of the score", CSS);
  const verdict = make("p", { class: "ec-readings-verdict", "data-name": "verdict" });
  const about = make("p");
  const list = make("div", { class: "ec-readings-list" });
  section.append(make(`h${level}`, {}, "What does the score say?"), verdict, about, list);
  const say = voice(section, { sentence: "hidden" });
  return { store, level, verdict, about, list, say, refreshTable: numbers(section, "The readings as a table", () => tableOf(store.state, verdict)) };
}

/** @type {(scene: Scene, state: State) => void} */
function draw({ store, level, verdict, about, list, say, refreshTable }, state) {
  const now = windowAt(state);
  const what = readingsOf(state, now.start);
  if (what) {
    const letters = what.letters.map((code) => state.alphabet[code]).join("");
    verdict.textContent = verdictOf(state, what);
    about.replaceChildren(`Window ${now.number} reads ${letters}; the network scores it `, number("score", what.score), `. Logarithms are to the base b = ${format(Math.exp(state.m))}.`);
    list.replaceChildren(...KEYS.map((key) => card(store, level, key, what)));
  } else {
    verdict.textContent = `Window ${now.number} ${partial(state.codes, now.start, windows(state).width)}: its score is a partial sum and says nothing.`;
    about.textContent = "Choose another window.";
    list.replaceChildren();
  }
  say(verdict.textContent);
  refreshTable();
}

/** @type {(store: Store, level: number, key: Key, what: Readings) => HTMLElement} */
function card(store, level, key, what) {
  const { title, form, value, sums, ...words } = WORDS[key];
  const reading = what[key];
  const { own, offset, holds } = reading;
  const mark = own ? (holds ? "\u2713 holds now" : "\u2717 not for this kernel") : holds ? "\u2713 always" : "\u2717 not at b = 1";
  const row = (/** @type {string} */ text, /** @type {string} */ name, /** @type {number} */ x, look = "") =>
    [make("dt", { class: look || null }, text), make("dd", { class: look || null }, residue(`${key}_${name}`, x, what.score))];
  return make("article", { class: "ec-readings-one", "data-holds": String(holds), "data-name": key },
    make(`h${level + 1}`, {}, title, make("b", {}, mark)),
    make("p", { class: "ec-readings-form" }, form),
    make("dl", {},
      row("score, from the network\u2019s entries", "score", what.score),
      offset !== null && "name" in words ? row(`offset: bias + \u03a3 log \u03a3 ${sums}`, words.name, offset) : null,
      row(value, "value", reading.value),
      row("difference", "gap", reading.gap, "is-sum")),
    make("p", {}, reasonOf(store.state, key, what)),
    own && !own.isNormal && store.state.m > 0
      ? make("button", { type: "button", onclick: () => settle(store, own.shares), "data-settle": key }, "Make this reading hold") : null);
}

/**
 * Take the share of the offset out of every column: the PPM stays.
 *
 * @type {(store: Store, shares: number[]) => void}
 */
function settle(store, shares) {
  const kernel = store.state.kernel.map((row) => row.map((w, j) => w - shares[j]));
  store.set({ kernel, kernel_by: kernel });
}

// words -----------------------------------------------------------------------------------------------------------

/** @type {(state: State, key: Key, what: Readings) => string} */
function reasonOf({ m, bias }, key, { score, [key]: { own } }) {
  const { sums } = WORDS[key];
  if (m === 0 && (key === "likelihood" || key === "plain")) return "At b = 1 every power is 1 and there is no logarithm.";
  if (!own) return "Nothing is asked of the kernel.";
  if (own.isNormal) return `Every column\u2019s ${sums} sums to 1.${bias ? ` The difference is the bias, ${format(bias)}.` : ""}`;
  const column = `Column ${own.worst + 1}\u2019s ${sums} sums to ${format(own.z)}, not to 1`;
  const isLucky = Math.abs(own.lacks) <= LIMIT * Math.max(1, Math.abs(score));
  if (isLucky) return `${column}; but the columns\u2019 logarithms cancel in the sum, so the score as a whole is right.`;
  return `${column}. The difference is the offset, ${format(own.lacks)}: what reading 3 adds.`;
}

/** @type {(state: State, what: Readings) => string} */
function verdictOf({ m, bias }, { likelihood, bayes }) {
  if (m === 0) return "At b = 1 every kernel means the background itself; move b up.";
  const upTo = bias ? `, up to the bias ${format(bias)}` : "";
  if (likelihood.holds) return `Right now readings 1 and 3 hold: the columns of b\u1d42 sum to one, so this kernel is the logarithm of a PPM${upTo}.`;
  if (bayes.holds) return `Right now readings 2 and 3 hold: the columns of q b\u1d42 sum to one, so this kernel is log odds against the background${upTo}.`;
  return "Right now only reading 3 holds: the columns sum to something else than one, and the offset keeps the account. It holds for every kernel.";
}

/** @type {(state: State, verdict: HTMLElement) => HTMLElement} */
function tableOf(state, verdict) {
  const what = readingsOf(state, windowAt(state).start);
  if (!what) return make("p", {}, verdict.textContent);
  const full = (/** @type {Key} */ key, /** @type {string} */ name, /** @type {number} */ x, digits = 17) => number(`full_${key}_${name}`, x, digits);
  return table("Each reading by two routes", ["reading", "score by the network", "offset", "from probabilities", "difference", "holds"], KEYS.map((key) => {
    const { offset, value, gap, holds } = what[key];
    return [WORDS[key].short, full(key, "score", what.score), offset === null ? "\u2013" : full(key, "offset", offset), full(key, "value", value), full(key, "gap", gap, 3), holds ? "yes" : "no"];
  }));
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const scene = begin(el, exports.store, model.get("options").level ?? 3);
    follow(scene.store, (state) => draw(scene, state), signal);
  },
};
