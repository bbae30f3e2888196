// TrustPanel: the same quantities by core, by torch where it is loaded, and by the page, to their last digit.
//
// traits: `core` and `torch`, {of, score, offset, posterior, pooled, log_evidence, errors} as `trust.py` makes them;
//         `torch` is null where torch is not loaded. `of` is the fingerprint of the state that they are about.
// options: {tolerance} relative to the number where that is above 1 (default 1e-9)

import { speaker } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { oncePerFrame } from "../lib/drawing.js";
import { largestAt } from "../lib/maths.js";
import { format, number, remainder } from "../lib/numbers.js";
import { dress } from "../lib/style.js";
import { scrolling, table } from "../lib/tables.js";
import CSS from "./style.css";

/** @typedef {"score" | "offset" | "posterior" | "pooled" | "log_evidence"} Quantity */
/** @typedef {Record<Quantity, number> & { errors: Record<string, number> }} Numbers */
/** @typedef {ReturnType<typeof sidesOf>} Sides */

/** @type {[Quantity, string][]} */
const QUANTITIES = [
  ["score", "score of the window under the cursor"],
  ["offset", "offset of the kernel"],
  ["posterior", "largest posterior"],
  ["pooled", "ePool"],
  ["log_evidence", "log evidence (nats)"],
];
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
    posterior: trace.posterior[largestAt(trace.posterior)],
    pooled: trace.pooled,
    log_evidence: trace.logEvidence,
    errors: trace.errors,
  };
}

/**
 * The numbers of core, of torch and of this page, of one state; null where Python's are of another.
 *
 * @param {Model} model
 * @param {State} state
 * @param {Trace} trace
 */
function sidesOf(model, state, trace) {
  const now = fingerprint(state);
  /** @type {(name: string) => Numbers | null} */
  const fresh = (name) => (model.get(name)?.of === now ? model.get(name) : null);
  return { core: fresh("core"), torch: fresh("torch"), page: pageNumbers(state, trace) };
}

/** @type {(values: (number | undefined)[]) => number | undefined} */
function spread(values) {
  const known = values.filter((x) => x !== undefined);
  const size = Math.max(1, ...known.map(Math.abs));
  return known.length < 2 ? undefined : (Math.max(...known) - Math.min(...known)) / size;
}

// words and tables ------------------------------------------------------------------------------------------------

/** @type {(sides: Sides, differences: (number | undefined)[], tolerance: number) => { agrees: boolean | null, text: string }} */
function verdictOf({ core, torch, page }, differences, tolerance) {
  const compared = [core && "core", torch && "torch"].filter((name) => name !== null);
  if (!compared.length) return { agrees: null, text: "Waiting for Python\u2019s numbers of this state." };
  const worst = Math.max(...differences.filter((x) => x !== undefined));
  const residual = Math.max(...[page, core, torch].flatMap((side) => Object.values(side?.errors ?? {})));
  const agrees = worst <= tolerance && residual <= tolerance;
  const sides = [...compared, "this page"].join(compared.length > 1 ? ", " : " and ").replace(/, this/, " and this");
  const verb = agrees ? "agree" : "disagree";
  const text = `They ${verb}: ${sides} differ by ${agrees && worst > 0 ? "at most " : ""}${remainder(worst, 1, 2)}, the two routes by ${remainder(residual, 1, 2)}; accepted: ${format(tolerance, 2)}.`;
  return { agrees, text };
}

/**
 * A number to its last digit; those from which on its text is another than that of the reference are marked.
 *
 * @type {(name: string, x: number | undefined, reference: number) => Child}
 */
function digits(name, x, reference) {
  if (x === undefined) return "\u2013";
  const [text, other] = [String(x), String(reference)];
  let same = 0;
  while (same < text.length && text[same] === other[same]) same++;
  const cell = make("data", { class: "ec-trust-digits", value: x, "data-name": name, "data-value": x }, text.slice(0, same).replace("-", "\u2212"));
  if (text !== other) cell.append(make("mark", {}, text.slice(same)));
  return cell;
}

/** @type {(sides: Sides, differences: (number | undefined)[], torchName: string) => HTMLElement} */
function quantitiesTable({ core, torch, page }, differences, torchName) {
  return table("The same numbers, computed apart; digits that differ are underlined", ["quantity", "core", torchName, "this page", "difference"],
    QUANTITIES.map(([key, name], i) => {
      const [reference, difference] = [core?.[key] ?? page[key], differences[i]];
      return [name, digits(`core_${key}`, core?.[key], reference), digits(`torch_${key}`, torch?.[key], reference), digits(`page_${key}`, page[key], reference),
        difference === undefined ? "\u2013" : number(`difference_${key}`, difference, 2)];
    }));
}

/** @type {(sides: Sides, torchName: string) => HTMLElement} */
function errorsTable({ core, torch, page }, torchName) {
  const cell = (/** @type {string} */ name, /** @type {Numbers | null} */ side, /** @type {string} */ key) =>
    side ? number(`${name}_error_${key}`, side.errors[key], 2) : "\u2013";
  return table("The network\u2019s route against the statistician\u2019s: the largest difference", ["statement", "core", torchName, "this page"],
    Object.entries(STATEMENTS).filter(([key]) => key in page.errors).map(([key, name]) =>
      [name, cell("core", core, key), cell("torch", torch, key), cell("page", page, key)]));
}

/** @type {(panel: { model: Model, store: Store, tolerance: number, verdict: HTMLElement, body: HTMLElement, say: (text: string) => void }) => void} */
function draw({ model, store, tolerance, verdict, body, say }) {
  const { state, trace, error } = store;
  if (error) return;
  const sides = sidesOf(model, state, trace);
  const differences = QUANTITIES.map(([key]) => spread([sides.core?.[key], sides.torch?.[key], sides.page[key]]));
  const { agrees, text } = verdictOf(sides, differences, tolerance);
  verdict.dataset.agrees = String(agrees ?? "wait");
  verdict.textContent = text;
  const torchName = model.get("torch") ? "torch" : "torch: not loaded";
  body.replaceChildren(
    scrolling("core, torch and page side by side", quantitiesTable(sides, differences, torchName)),
    scrolling("the two routes", errorsTable(sides, torchName)),
  );
  if (agrees !== null) say(text);
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { tolerance = 1e-9 } = model.get("options");
    dress(el, "trust", CSS);
    const verdict = make("p", { class: "ec-trust-verdict" });
    const body = make("div", { class: "ep-from-expert" });
    el.append(verdict, body);
    const say = speaker(el);
    const now = () => draw({ model, store, tolerance, verdict, body, say });
    const later = oncePerFrame(now);
    now();
    for (const name of ["change:core", "change:torch"]) model.on(name, later);
    const off = store.on(later);
    const stop = () => {
      off();
      for (const name of ["change:core", "change:torch"]) model.off(name, later);
    };
    signal.addEventListener("abort", stop);
    return stop;
  },
};
