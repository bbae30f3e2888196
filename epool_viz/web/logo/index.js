// Logo: what the kernel means, as letters, under the base e^m; it moves with m and always says what it draws. For another
// kernel, one with another name, its letters grow from what they were.
//
// state: logo_kind ("information", "probability", "log odds" or "kernel"), logo_reverse (boolean), cursor
// options: {kind, letters, label, height, quiet, motif, brief}
//   kind     always this kind, without the choice
//   letters  the letters of the window under the cursor, below the logo (default true)
//   label    the kernel's name (default: kernel_name of the state)
//   height   of the picture, in rem (default 9)
//   quiet    true: nothing is spoken
//   brief    true: few words under the depth "explore"
//   motif    true: the kernel is the log odds of a motif, and the words speak of that alone

import { speaker } from "../lib/a11y.js";
import { attributes, make } from "../lib/dom.js";
import { onWidth, oncePerFrame } from "../lib/drawing.js";
import { outlineOf } from "../lib/glyphs.js";
import { informationContent, kernelToPwm, largestAt, letterHeights, likeliestLetters, mostBits, reverseComplement, strandLogOdds, sum } from "../lib/maths.js";
import { between, tween } from "../lib/motion.js";
import { colourOf, format, percent } from "../lib/numbers.js";
import { dress } from "../lib/style.js";
import { matrixTable, tableTwin } from "../lib/tables.js";
import { axisEnd } from "../lib/ticks.js";
import CSS from "./style.css";

/** @typedef {"information" | "probability" | "log odds" | "kernel"} Kind */
/** @typedef {{ kind?: Kind, letters?: boolean, label?: string, height?: number, quiet?: boolean, motif?: boolean, brief?: boolean }} Options */
/** @typedef {ReturnType<typeof heightsOf>} Heights */
/** @typedef {ReturnType<typeof begin>} Logo */
/** @typedef {[top: number, size: number]} Box of a letter, as shares of the axis */
/** @typedef {Box[][]} Boxes of each column, one a letter */

/** @type {Record<Kind, { name: string, unit: string, title: string }>} */
export const KINDS = {
  information: { name: "information", unit: "bits", title: "Information" },
  probability: { name: "probability", unit: "", title: "Probability" },
  "log odds": { name: "log odds", unit: "bits", title: "Log odds" },
  kernel: { name: "raw kernel", unit: "score units", title: "Raw kernel" },
};

const TELLS_NOTHING = 1e-9; // bits of a column, as in core: it has no letter of its own

/**
 * The matrix behind a logo: {heights, reading, bits, kernel}; heights have one row a letter, in the unit of the kind.
 *
 * @param {State} state
 * @param {Kind} kind
 */
export function heightsOf(state, kind) {
  const { m, bias, background } = state;
  const complement = state.logo_reverse ? state.complement : null;
  const kernel = complement ? reverseComplement(state.kernel, complement) : state.kernel;
  const isMotif = state.strand_reading !== "network"; // on the other strand its PPM is the same one, reversed
  const reading = kernelToPwm(isMotif ? state.kernel : kernel, { logBase: m, bias, background });
  let logOdds = reading.pwm.map((row) => row.map((w) => m * w));
  if (complement && isMotif) {
    reading.ppm = reverseComplement(reading.ppm, complement);
    const odds = background ? strandLogOdds(background, complement) : kernel.map(() => 0);
    logOdds = reverseComplement(logOdds, complement).map((row, a) => row.map((x) => x + odds[a]));
  }
  const bits = informationContent(reading.ppm, background);
  const heights = {
    information: () => letterHeights(reading.ppm, bits),
    probability: () => reading.ppm,
    "log odds": () => logOdds.map((row) => row.map((x) => x / Math.LN2)),
    kernel: () => kernel,
  }[kind]();
  return { heights, reading, bits, kernel };
}

/**
 * The ends of the axis: fixed for probability and information, else the next round numbers beyond the tallest stacks.
 *
 * @param {Matrix} heights
 * @param {Kind} kind
 * @param {number[] | null} background
 */
export function limitsOf(heights, kind, background) {
  if (kind === "probability") return [0, 1];
  if (kind === "information") return [0, mostBits(heights.length, background)];
  let [low, high] = [0, 0];
  for (let j = 0; j < heights[0].length; j++) {
    let [down, up] = [0, 0];
    for (const row of heights) row[j] > 0 ? (up += row[j]) : (down += row[j]);
    [low, high] = [Math.min(low, down), Math.max(high, up)];
  }
  return low === high ? [0, 1] : [-axisEnd(-low), axisEnd(high)];
}

/**
 * The elements of the logo, which has no letters yet.
 *
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {Options} options
 */
function begin(el, store, options) {
  const { kind: fixed, letters: hasLetters = true, height = 9, quiet, motif } = options;
  const id = `ec-logo-${Math.random().toString(36).slice(2, 8)}`;
  const radios = Object.entries(KINDS).filter(([kind]) => !motif || kind !== "kernel").map(([value, { title }]) => ({
    title, radio: make("input", { type: "radio", name: id, value, onchange: () => store.set({ logo_kind: value }) }),
  }));
  const chooser = make("fieldset", { class: "ep-from-explore" }, make("legend", {}, "Logo"),
    make("div", { class: "ec-row" }, radios.map(({ title, radio }) => make("label", {}, radio, title))));
  const flip = make("input", { type: "checkbox", onchange: () => store.set({ logo_reverse: flip.checked }) });
  const flipper = make("label", { class: "ep-from-explore" }, flip, "reverse complement");
  const caption = make("p", { class: "ec-logo-label" });
  const axis = make("div", { class: "ec-logo-axis ec-soft", "aria-hidden": "true" });
  const picture = make("svg:svg", { role: "img", preserveAspectRatio: "none" });
  const places = make("div", { class: "ec-logo-cells ec-logo-places ec-soft", "aria-hidden": "true" });
  const window_ = make("div", { class: "ec-logo-cells ec-logo-window", "aria-hidden": "true" });
  const inner = make("div", { class: "ec-logo-inner" }, picture, places, hasLetters ? window_ : null);
  const box = make("div", { class: "ec-logo-box" }, inner);
  const note = make("p", { class: `ec-logo-note ec-soft${options.brief ? " ep-from-explore" : ""}` });
  const table = tableTwin("The matrix behind this logo", () => matrixOf(store.state, options));
  picture.style.height = axis.style.height = `${height}rem`;
  axis.style.marginTop = ".6rem";
  el.append(
    make("div", { class: "ec-row ec-logo-tools" }, fixed ? null : chooser, flipper),
    make("figure", {}, make("figcaption", {}, caption), make("div", { class: "ec-logo-plot" }, axis, box), note), table.element);
  return {
    store, options, hasLetters, table, chooser, flip, flipper, caption, axis, picture, places, window_, inner, box, note,
    radios: radios.map(({ radio }) => radio),
    say: quiet ? () => {} : speaker(el),
    glyphs: /** @type {SVGPathElement[][]} */ ([]), // [column][letter]
    boxes: /** @type {Boxes} */ ([]), // of the letters as they are drawn now
    target: /** @type {Boxes} */ ([]), // where they go
    changed: /** @type {Set<string>} */ (new Set()), // of the state, since the last drawing
    stop: () => {}, // what grows
    shape: "",
  };
}

/** @type {(state: State, options: Options) => Kind} */
const kindOf = ({ logo_kind: kind }, { kind: fixed }) => fixed ?? (kind in KINDS ? kind : "information");

// drawing ---------------------------------------------------------------------------------------------------------

/** @type {(logo: Logo, state: State) => void} */
function build(logo, state) {
  const { inner, picture, places, window_ } = logo;
  const width = state.kernel[0].length;
  logo.glyphs = Array.from({ length: width }, () => [...state.alphabet].map((letter) =>
    make("svg:path", { d: outlineOf(letter), fill: colourOf(state, letter), "data-letter": letter })));
  inner.style.setProperty("--columns", String(width));
  picture.setAttribute("viewBox", `0 0 ${width} 1`);
  const line = (/** @type {string} */ name) => make("svg:line", { class: name, x1: 0, x2: width });
  picture.replaceChildren(line("ec-logo-line"), line("ec-logo-line"), ...logo.glyphs.flat(), line("ec-logo-zero"));
  const step = width <= 25 ? 1 : 5;
  places.replaceChildren(...logo.glyphs.map((_, j) => make("span", {}, (j + 1) % step && j ? "" : String(j + 1))));
  window_.replaceChildren(...logo.glyphs.map(() => make("span")));
  reach(logo.box);
}

/**
 * A picture wider than its box is a stop for the keyboard, which scrolls it.
 *
 * @param {HTMLElement} box
 */
function reach(box) {
  const look = { tabindex: 0, role: "region", "aria-label": "the logo, to scroll" };
  if (box.scrollWidth > box.clientWidth) attributes(box, look);
  else for (const name of Object.keys(look)) box.removeAttribute(name);
}

/**
 * Where the letters of a column lie: positive ones stack upwards with the tallest on top, negative ones downwards likewise.
 *
 * @type {(values: number[], limits: number[]) => Box[]}
 */
export function boxesOf(values, [low, high]) {
  const scale = 1 / (high - low);
  let [up, down] = [0, 0];
  const order = values.map((_, a) => a).sort((a, b) => Math.abs(values[a]) - Math.abs(values[b]) || a - b);
  const boxes = values.map(() => /** @type {Box} */ ([0, 0]));
  for (const a of order) {
    const size = Math.abs(values[a]);
    const top = values[a] > 0 ? (up += size) : down;
    if (values[a] < 0) down -= size;
    boxes[a] = [(high - top) * scale, size * scale];
  }
  return boxes;
}

/** @type {(glyphs: SVGPathElement[], column: number, values: number[], limits: number[]) => void} */
export const stack = (glyphs, column, values, limits) => put(glyphs, column, boxesOf(values, limits));

/** @type {(glyphs: SVGPathElement[], column: number, boxes: Box[]) => void} */
const put = (glyphs, column, boxes) =>
  glyphs.forEach((glyph, a) => glyph.setAttribute("transform", `translate(${column + 0.03},${boxes[a][0]}) scale(0.0094,${boxes[a][1] / 100})`));

/**
 * Letters a part `t` of the way from where they were; a column that was not there grows from its lower edge.
 *
 * @type {(from: Boxes, to: Boxes, t: number) => Boxes}
 */
export const boxesBetween = (from, to, t) => to.map((column, j) => column.map(([top, size], a) => {
  const [wasAt, was] = from[j]?.[a] ?? [top + size, 0];
  return [between(wasAt, top, t), between(was, size, t)];
}));

const GROWS = 700; // milliseconds

/** @type {(logo: Logo, boxes: Boxes) => void} */
function drawLetters(logo, boxes) {
  const show = (/** @type {Boxes} */ now) => {
    logo.boxes = now;
    logo.glyphs.forEach((glyphs, j) => put(glyphs, j, now[j]));
  };
  const isAnother = logo.changed.has("kernel") && logo.changed.has("kernel_name");
  logo.changed.clear();
  if (logo.boxes !== logo.target && logo.shape && JSON.stringify(boxes) === JSON.stringify(logo.target)) return; // on the way
  const from = logo.boxes;
  logo.stop();
  logo.target = boxes;
  if (isAnother) show(boxesBetween(from, boxes, 0)); // other letters may be new on the page
  logo.stop = tween(0, 1, isAnother && from.length ? GROWS : 0, (t) => show(t < 1 ? boxesBetween(from, boxes, t) : boxes));
}

/** @type {(logo: Logo, limits: number[], unit: string) => void} */
function drawAxis({ axis, picture }, [low, high], unit) {
  const marks = low < 0 ? [high, 0, low] : [high, high / 2, 0];
  axis.replaceChildren(...[...new Set(marks)].map((x) => {
    const mark = make("span", {}, format(x, 3));
    mark.style.top = `${(100 * (high - x)) / (high - low)}%`;
    return mark;
  }));
  axis.dataset.unit = unit;
  const lines = [picture.children[0], picture.children[1], picture.children[picture.children.length - 1]];
  [high, marks[1], 0].forEach((x, i) => {
    const y = (high - x) / (high - low);
    attributes(lines[i], { y1: y, y2: y });
  });
}

/** @param {Logo} logo */
function drawWindow({ store: { state, trace, error }, hasLetters, window_ }) {
  if (!hasLetters || error) return;
  const at = Math.min(state.cursor, trace.starts.length - 1);
  const isMinus = trace.strands[at] === "-";
  const { complement } = state;
  let codes = Array.from({ length: trace.width }, (_, j) => state.codes[trace.starts[at] + j]);
  if (complement && isMinus !== Boolean(state.logo_reverse)) codes = codes.reverse().map((code) => complement[code] ?? code);
  const cells = /** @type {HTMLCollectionOf<HTMLElement>} */ (window_.children);
  for (const [j, cell] of [...cells].entries()) {
    const letter = state.alphabet[codes[j]] ?? (codes[j] === undefined ? "\u00b7" : "N");
    if (cell.textContent === letter) continue;
    cell.textContent = letter;
    cell.style.color = state.alphabet.includes(letter) ? colourOf(state, letter) : "";
  }
}

/** @param {Logo} logo */
function draw(logo) {
  const { store: { state }, options, caption, note, picture } = logo;
  const kind = kindOf(state, options);
  const shape = `${state.alphabet} ${state.kernel[0].length}`;
  if (logo.shape !== shape) build(logo, state);
  if (logo.shape && logo.shape !== shape) Object.assign(logo, { boxes: [[]], target: [] }); // another size grows from nothing
  logo.shape = shape;
  const found = heightsOf(state, kind);
  const limits = limitsOf(found.heights, kind, state.background);
  drawLetters(logo, logo.glyphs.map((_, j) => boxesOf(found.heights.map((row) => row[j]), limits)));
  drawAxis(logo, limits, KINDS[kind].unit);
  const [what, rest] = labelWords(state, options);
  const long = make("span", { class: options.brief ? "ep-from-explore" : null }, make("b", {}, what), rest);
  const brief = make("span", { class: "ep-only-learn" }, make("b", {}, calledIn(state, options)), kind === "kernel" ? ": its numbers" : `, ${KINDS[kind].unit || KINDS[kind].name} at m = ${format(state.m, 2)}`);
  caption.replaceChildren(...(options.brief ? [brief, long] : [long]));
  const { total, consensus, sentence } = wordsOf(found, state, options.motif);
  note.textContent = kind === "kernel" ? `Offset ${format(found.reading.offset)}.` : `${format(total, 3)} bits in all; consensus ${consensus}.`;
  picture.setAttribute("aria-label", `${KINDS[kind].title} logo. ${sentence}`);
  for (const radio of logo.radios) radio.checked = radio.value === kind;
  logo.flip.checked = Boolean(state.logo_reverse);
  logo.flipper.hidden = !state.complement;
  logo.chooser.classList.toggle("ep-in-use", kind !== "information");
  logo.flipper.classList.toggle("ep-in-use", Boolean(state.logo_reverse));
  drawWindow(logo);
  logo.table.draw();
  logo.say(sentence);
}

// words -----------------------------------------------------------------------------------------------------------

/** @param {State} state */
const backgroundWords = ({ background: q, alphabet }) =>
  !q || q.every((x) => Math.abs(x - q[0]) < 1e-9)
    ? `a uniform background (${alphabet.length} letters alike)`
    : `the background ${[...alphabet].map((a, i) => `${a} ${format(q[i], 3)}`).join(", ")}`;

/** @type {(state: State, options: Options) => string} */
const calledIn = (state, { label }) => label ?? (state.kernel_name || "the kernel");

/** @type {(state: State, options: Options) => [string, string]} */
function labelWords(state, options) {
  const { motif } = options;
  const whose = `${state.logo_reverse && state.complement ? "the reverse complement of " : ""}${calledIn(state, options)}`;
  const base = `to the base e\u1d50 = ${format(Math.exp(state.m))} (m = ${format(state.m)})`;
  const against = `against ${backgroundWords(state)}`;
  const what = motif ? whose : `the PPM that ${whose} means ${base}`;
  /** @type {Record<Kind, [string, string]>} */
  const words = {
    information: ["Information, in bits,", ` of ${what}, ${against}.`],
    probability: ["Probability", ` in ${what}${motif ? "" : `, ${against}`}.`],
    "log odds": ["Log odds, in bits,", ` of ${what}, ${against}.`],
    kernel: ["Raw kernel, in score units:", ` the numbers of ${whose} as they are; no base, no background.`],
  };
  return words[kindOf(state, options)];
}

/** @type {(found: Heights, state: State, isMotif?: boolean) => { total: number, consensus: string, sentence: string }} */
function wordsOf({ reading: { ppm }, bits }, state, isMotif) {
  const [best, strongest, total] = [likeliestLetters(ppm), largestAt(bits), sum(bits)];
  const consensus = bits.map((x, j) => (x > TELLS_NOTHING ? state.alphabet[best[j]] : "N")).join("");
  const letter = best[strongest];
  const telling = bits[strongest] > TELLS_NOTHING
    ? `the most telling column is ${strongest + 1}, where ${state.alphabet[letter]} has ${percent(ppm[letter][strongest])}.`
    : "no column tells anything.";
  const sentence = `${isMotif ? "The" : `At m = ${format(state.m)} the`} motif tells ${format(total, 3)} bits in ${bits.length} columns; ${telling}`;
  return { total, consensus, sentence };
}

/** @type {(state: State, options: Options) => HTMLElement} */
function matrixOf(state, options) {
  const kind = kindOf(state, options);
  const { reading, bits, heights, kernel } = heightsOf(state, kind);
  const lettered = (/** @type {Matrix} */ matrix) => matrix.map((row, a) => /** @type {[string, number[]]} */ ([state.alphabet[a], row]));
  const ppm = { name: "ppm", rows: lettered(reading.ppm) };
  /** @type {Record<Kind, { name: string, rows: [string, number[]][] }[]>} */
  const blocks = {
    information: [ppm, { name: "information", rows: [["bits", bits]] }],
    probability: [ppm],
    "log odds": [{ name: "log_odds", rows: lettered(heights) }],
    kernel: [{ name: "kernel", rows: lettered(kernel) }],
  };
  const more = kind === "information" ? " A letter is as tall as its probability times the bits of its column." : "";
  return matrixTable(labelWords(state, options).join("") + more, bits.length, blocks[kind]);
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const watched = ["kernel", "m", "bias", "background", "alphabet", "complement", "logo_kind", "logo_reverse", "strand_reading", "kernel_name"];
    const moving = ["cursor", "codes", "padding", "both_strands", "kernel", "logo_reverse"];
    dress(el, "logo", CSS);
    const logo = begin(el, exports.store, model.get("options"));
    onWidth(logo.box, () => reach(logo.box), signal);
    const later = oncePerFrame(() => draw(logo));
    const laterWindow = oncePerFrame(() => drawWindow(logo));
    draw(logo);
    const off = exports.store.on((_state, _trace, changed) => {
      for (const key of changed) logo.changed.add(key);
      if (changed.some((key) => watched.includes(key))) later();
      else if (changed.some((key) => moving.includes(key))) laterWindow();
    });
    signal.addEventListener("abort", () => {
      logo.stop();
      off();
    });
    return off;
  },
};
