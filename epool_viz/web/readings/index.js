// Readings: what the score of the window under the cursor says, each reading by two routes: the network's sum of entries, and
// the logarithm of probabilities looked up letter by letter. Says in words which readings hold for this kernel now.
//
// options: {level} of the heading (default 3)
// state: codes, alphabet, kernel, m, bias, background, padding, cursor
//   kernel_by  the kernel, where it was set here: a change that the kernel editor can take back
//
// A reading without an offset holds where every column's share of it is 0; else the difference of the two routes is exactly
// the offset that is missing. Readings are of the given strand.

import { voice } from "../lib/a11y.js";
import { partial, windowAt, windows } from "../lib/cursor.js";
import { make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { kernelReadings } from "../lib/maths.js";
import { format, number } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import CSS from "./style.css";

const LIMIT = 1e-8; // of a share of the offset, beside the size of the kernel
const FAINTEST = 2.2250738585072014e-308; // below it a probability has lost digits

/** The readings of one window: [{name, parts, value, gap, holds, worst, isUpToBias}] and the score; null where it is partial. */
export function readingsOf(state, start) {
  const { kernel, m, bias, codes } = state;
  const q = state.background ?? kernel.map(() => 1 / kernel.length);
  const found = kernelReadings(kernel, { logBase: m, bias, background: q });
  const { ppm: [{ length: width }] } = found;
  const letters = codes.slice(start, start + width);
  if (start < 0 || letters.length < width || letters.some((code) => !(code >= 0))) return null;
  const score = bias + letters.reduce((total, code, j) => total + kernel[code][j], 0);
  // the other route: probabilities alone, looked up; where one is too small for a float, its logarithm
  const lookedUp = (ppm, shares, of) => letters.reduce((total, code, j) =>
    total + (ppm[code][j] > FAINTEST && m > 0 ? of(ppm[code][j], code) / m : kernel[code][j] - shares[j]), 0);
  const likelihood = m > 0 ? lookedUp(found.plainPpm, found.plainShares, Math.log) : NaN;
  const ratio = lookedUp(found.ppm, found.shares, (p, code) => Math.log(p) - Math.log(q[code]));
  const size = Math.max(1, ...kernel.flat().map(Math.abs));
  const about = (shares) => {
    const worst = shares.reduce((top, x, j) => (Math.abs(x) > Math.abs(shares[top]) ? j : top), 0);
    return { worst, z: Math.exp(m * shares[worst]), share: shares[worst], isNormal: Math.abs(shares[worst]) <= LIMIT * size };
  };
  const [plain, against] = [about(found.plainShares), about(found.shares)];
  const one = (name, value, offset, own) => ({ name, value, offset, gap: score - (offset ?? 0) - value, ...own });
  return {
    score, letters,
    likelihood: one("likelihood", likelihood, null, { ...plain, lacks: found.plainOffset }),
    bayes: one("bayes", ratio, null, { ...against, lacks: found.offset }),
    plain: one("plain", likelihood, found.plainOffset, {}),
    background: one("background", ratio, found.offset, {}),
    shares: found.shares, plainShares: found.plainShares,
  };
}

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { level = 3 } = model.get("options");
    const section = panel(el, "readings", "Readings of the score", CSS);
    const verdict = make("p", { class: "ec-readings-verdict", "data-name": "verdict" });
    const about = make("p");
    const list = make("div", { class: "ec-readings-list" });
    section.append(make(`h${level}`, {}, "What does the score say?"), verdict, about, list);
    const say = voice(section, { sentence: "hidden" });
    const refreshTable = numbers(section, "The readings as a table", readingsTable);
    let what = null;

    /** Take the share of the offset out of every column: the PPM stays. */
    function settle(shares) {
      const kernel = store.state.kernel.map((row) => row.map((w, j) => w - shares[j]));
      store.set({ kernel, kernel_by: kernel });
    }

    function draw(state) {
      const now = windowAt(state);
      what = readingsOf(state, now.start);
      if (!what) {
        verdict.textContent = `Window ${now.number} ${partial(state.codes, now.start, windows(state).width)}: its score is a partial sum and says nothing.`;
        about.textContent = "Choose another window.";
        list.replaceChildren();
        say(verdict.textContent);
        return;
      }
      const reads = what.letters.map((code) => state.alphabet[code]).join("");
      verdict.textContent = verdictOf(state);
      about.replaceChildren(`Window ${now.number} reads ${reads}; the network scores it `, number("score", what.score), `. Logarithms are to the base b = ${format(Math.exp(state.m))}.`);
      list.replaceChildren(
        one({
          key: "likelihood", title: "1. A log-likelihood", form: "score = log P(window | PPM)",
          rows: [["log P(window | PPM), from probabilities", what.likelihood.value]],
          button: "Make this reading hold", shares: what.plainShares, sums: "b\u1d42",
        }),
        one({
          key: "bayes", title: "2. A log Bayes factor", form: "score = log P(window | PPM) / P(window | background)",
          rows: [["log of the ratio, from probabilities", what.bayes.value]],
          button: "Make this reading hold", shares: what.shares, sums: "q b\u1d42",
        }),
        one({
          key: "plain", title: "3. Offset + log-likelihood", form: "score = offset + log P(window | PPM), for any kernel",
          rows: [["offset: bias + \u03a3 log \u03a3 b\u1d42", what.plain.offset, "plain_offset"], ["log P(window | PPM), from probabilities", what.plain.value]],
        }),
        one({
          key: "background", title: "3. The same against the background", form: "score = offset + log P(window | PPM) / P(window | background)",
          rows: [["offset: bias + \u03a3 log \u03a3 q b\u1d42", what.background.offset, "offset"], ["log of the ratio, from probabilities", what.background.value]],
        }),
      );
      say(verdict.textContent);
      refreshTable();
    }

    const holds = (key) => (key in { plain: 1, background: 1 } ? store.state.m > 0 || key === "background" : what[key].isNormal && (key === "bayes" || store.state.m > 0));

    function one({ key, title, form, rows, button, shares, sums }) {
      const reading = what[key];
      const isTrue = holds(key);
      const mark = key in { plain: 1, background: 1 } ? (isTrue ? "\u2713 always" : "\u2717 not at b = 1") : isTrue ? "\u2713 holds now" : "\u2717 not for this kernel";
      const rest = make("dd", { class: "is-sum" }, number(`${key}_gap`, reading.gap));
      return make("article", { class: "ec-readings-one", "data-holds": String(isTrue), "data-name": key },
        make("h4", {}, title, make("b", {}, mark)),
        make("p", { class: "ec-readings-form" }, form),
        make("dl", {},
          make("dt", {}, "score, from the network\u2019s entries"), make("dd", {}, number(`${key}_score`, what.score)),
          rows.flatMap(([words, x, name]) => [make("dt", {}, words), make("dd", {}, number(`${key}_${name ?? "value"}`, x))]),
          make("dt", { class: "is-sum" }, "difference"), rest),
        make("p", {}, reasonOf(key, reading, sums)),
        button && !reading.isNormal && store.state.m > 0 ? make("button", { type: "button", onclick: () => settle(shares), "data-settle": key }, button) : null);
    }

    // words -------------------------------------------------------------------------------------------------------

    function reasonOf(key, reading, sums) {
      const { m, bias } = store.state;
      if (m === 0 && key !== "bayes" && key !== "background") return "At b = 1 every power is 1 and there is no logarithm.";
      if (key === "plain" || key === "background") return "Nothing is asked of the kernel.";
      if (reading.isNormal) return `Every column\u2019s ${sums} sums to 1.${bias ? ` The difference is the bias, ${format(bias)}.` : ""}`;
      const column = `Column ${reading.worst + 1}\u2019s ${sums} sums to ${format(reading.z)}, not to 1`;
      const isLucky = Math.abs(reading.lacks) <= LIMIT * Math.max(1, Math.abs(what.score));
      if (isLucky) return `${column}; but the columns\u2019 logarithms cancel in the sum, so the score as a whole is right.`;
      return `${column}. The difference is the offset, ${format(reading.lacks)}: what reading 3 adds.`;
    }

    function verdictOf({ m, bias }) {
      if (m === 0) return "At b = 1 every kernel means the background itself; move b up.";
      const upTo = bias ? `, up to the bias ${format(bias)}` : "";
      const [first, second] = [what.likelihood.isNormal, what.bayes.isNormal];
      if (first) return `Right now readings 1 and 3 hold: the columns of b\u1d42 sum to one, so this kernel is the logarithm of a PPM${upTo}.`;
      if (second) return `Right now readings 2 and 3 hold: the columns of q b\u1d42 sum to one, so this kernel is log odds against the background${upTo}.`;
      return "Right now only reading 3 holds: the columns sum to something else than one, and the offset keeps the account. It holds for every kernel.";
    }

    function readingsTable() {
      if (!what) return make("p", {}, verdict.textContent);
      const rows = [["1. log-likelihood", "likelihood"], ["2. log Bayes factor", "bayes"], ["3. offset + log-likelihood", "plain"], ["3. offset + log Bayes factor", "background"]];
      return table("Each reading by two routes", ["reading", "score by the network", "offset", "from probabilities", "difference", "holds"],
        rows.map(([name, key]) => [name, number(`full_${key}_score`, what.score, 17), what[key].offset === null ? "\u2013" : number(`full_${key}_offset`, what[key].offset, 17), number(`full_${key}_value`, what[key].value, 17), number(`full_${key}_gap`, what[key].gap, 3), holds(key) ? "yes" : "no"]));
    }

    follow(store, draw, signal);
  },
};
