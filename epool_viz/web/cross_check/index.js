// TrustPanel: the same quantities by core, by torch where it is loaded, and by the page, to their last digit.
//
// traits: `core` and `torch`, {of, score, offset, posterior, pooled, log_evidence, errors} as `trust.py` makes them;
//         `torch` is null where torch is not loaded. `of` is the fingerprint of the state that they are about.
// options: {tolerance} relative to the number where that is above 1 (default 1e-9)

import { speaker } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { oncePerFrame } from "../lib/drawing.js";
import { format, number } from "../lib/numbers.js";
import { dress } from "../lib/style.js";
import { scrolling } from "../lib/tables.js";
import CSS from "./style.css";

/** @typedef {"score" | "offset" | "posterior" | "pooled" | "log_evidence"} Quantity */
/** @typedef {Record<Quantity, number> & { errors: Record<string, number> }} Numbers */

const QUANTITIES = {
  score: "score of the window under the cursor",
  offset: "offset of the kernel",
  posterior: "largest posterior",
  pooled: "ePool",
  log_evidence: "log evidence (nats)",
};
const STATEMENTS = {
  score: "score = offset + log odds",
  posterior: "weights = Bayes\u2019 posterior",
  pooled: "ePool = expected log odds + expected offset",
};
const NUMBERS = ["m", "bias", "mode", "local_window", "both_strands", "site_rate", "cursor"];
const WORDS = ["activation", "padding", "occurrence", "strand_reading"];
const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/**
 * A number that tells states apart: the CRC-32 of all that a trace depends on, and of the cursor.
 *
 * @param {State} state
 */
export function fingerprint(state) {
  const numbers = [...NUMBERS.map((key) => Number(state[key])), ...(state.background ?? []), ...state.codes, ...state.kernel.flat()];
  const bytes = [new Uint8Array(Float64Array.from(numbers).buffer), new TextEncoder().encode(WORDS.map((key) => state[key]).join("|"))];
  let crc = ~0;
  for (const part of bytes) for (const byte of part) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/**
 * The page's own numbers.
 *
 * @param {State} state
 * @param {Trace} trace
 * @returns {Numbers}
 */
export function pageNumbers(state, trace) {
  const at = Math.min(Math.max(state.cursor, 0), trace.starts.length - 1);
  return {
    score: trace.scores[at],
    offset: trace.pwm.offset,
    posterior: trace.posterior.reduce((top, p) => Math.max(top, p), 0),
    pooled: trace.pooled,
    log_evidence: trace.logEvidence,
    errors: trace.errors,
  };
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { tolerance = 1e-9 } = model.get("options");
    dress(el, "trust", CSS);
    const verdict = make("p", { class: "ec-trust-verdict" });
    const body = make("div");
    el.append(verdict, body);
    const say = speaker(el);

    // the digits from which on a text is another than the first
    const digits = (/** @type {string} */ name, /** @type {number | undefined} */ x, /** @type {number} */ reference) => {
      if (x === undefined) return "\u2013";
      const [text, other] = [String(x), String(reference)];
      let same = 0;
      while (same < text.length && text[same] === other[same]) same++;
      const cell = make("data", { class: "ec-trust-digits", value: x, "data-name": name, "data-value": x }, text.slice(0, same).replace("-", "\u2212"));
      if (text !== other) cell.append(make("mark", {}, text.slice(same)));
      return cell;
    };
    const spread = (/** @type {(number | undefined)[]} */ values) => {
      const known = values.filter((x) => x !== undefined);
      const size = Math.max(1, ...known.map(Math.abs));
      return known.length < 2 ? undefined : (Math.max(...known) - Math.min(...known)) / size;
    };
    const head = (/** @type {string[]} */ names) => make("thead", {}, make("tr", {}, names.map((name) => make("th", { scope: "col" }, name))));
    const row = (/** @type {string} */ name, /** @type {Child[]} */ cells) => make("tr", {}, make("th", { scope: "row" }, name), cells.map((cell) => make("td", {}, cell)));

    const draw = () => {
      const { state, trace, error } = store;
      if (error) return;
      const now = fingerprint(state);
      /** @type {(name: string) => Numbers | null} */
      const fresh = (name) => (model.get(name)?.of === now ? model.get(name) : null);
      const page = pageNumbers(state, trace);
      const [core, torch] = [fresh("core"), fresh("torch")];
      const others = { core, torch };
      const quantitiesOf = /** @type {[Quantity, string][]} */ (Object.entries(QUANTITIES));
      const differences = quantitiesOf.map(([key]) => spread([core?.[key], torch?.[key], page[key]]));
      const compared = /** @type {("core" | "torch")[]} */ (["core", "torch"]).filter((name) => others[name]);
      const worst = Math.max(...differences.filter((x) => x !== undefined));
      const residual = Math.max(...[page, core, torch].filter((side) => side !== null).flatMap((side) => Object.values(side.errors)));
      const agrees = compared.length ? worst <= tolerance && residual <= tolerance : null;
      const sides = `${[...compared, "this page"].join(compared.length > 1 ? ", " : " and ").replace(/, this/, " and this")}`;
      verdict.dataset.agrees = String(agrees ?? "wait");
      verdict.textContent =
        agrees === null
          ? "Waiting for Python\u2019s numbers of this state."
          : agrees
            ? `They agree: ${sides} differ by at most ${format(worst, 2)}, the two routes by ${format(residual, 2)}; accepted: ${format(tolerance, 2)}.`
            : `They disagree: ${sides} differ by ${format(worst, 2)}, the two routes by ${format(residual, 2)}; accepted: ${format(tolerance, 2)}.`;
      const torchName = model.get("torch") ? "torch" : "torch: not loaded";
      const quantities = make("table", {},
        make("caption", {}, "The same numbers, computed apart; digits that differ are underlined"),
        head(["quantity", "core", torchName, "this page", "difference"]),
        make("tbody", {}, quantitiesOf.map(([key, name], i) => row(name, [
          digits(`core_${key}`, core?.[key], core?.[key] ?? page[key]),
          digits(`torch_${key}`, torch?.[key], core?.[key] ?? page[key]),
          digits(`page_${key}`, page[key], core?.[key] ?? page[key]),
          differences[i] === undefined ? "\u2013" : number(`difference_${key}`, differences[i], 2),
        ]))));
      const errors = make("table", {},
        make("caption", {}, "The network\u2019s route against the statistician\u2019s: the largest difference"),
        head(["statement", "core", torchName, "this page"]),
        make("tbody", {}, Object.entries(STATEMENTS).filter(([key]) => key in page.errors).map(([key, name]) => row(name, [
          core ? number(`core_error_${key}`, core.errors[key], 2) : "\u2013",
          torch ? number(`torch_error_${key}`, torch.errors[key], 2) : "\u2013",
          number(`page_error_${key}`, page.errors[key], 2),
        ]))));
      body.replaceChildren(scrolling("core, torch and page side by side", quantities), scrolling("the two routes", errors));
      if (agrees !== null) say(verdict.textContent);
    };
    const later = oncePerFrame(draw);
    draw();
    model.on("change:core", later);
    model.on("change:torch", later);
    const off = store.on(later);
    const stop = () => {
      off();
      model.off("change:core", later);
      model.off("change:torch", later);
    };
    signal.addEventListener("abort", stop);
    return stop;
  },
};
