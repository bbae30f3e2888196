// Logo: what the kernel means, as letters, under the base e^m; it moves with m and always says what it draws.
//
// state: logo_kind ("information", "probability", "log odds" or "kernel"), logo_reverse (boolean), cursor
// options: {kind, letters, label, height, quiet, motif}
//   kind     always this kind, without the choice
//   letters  the letters of the window under the cursor, below the logo (default true)
//   label    the kernel's name (default: kernel_name of the state)
//   height   of the picture, in rem (default 9)
//   quiet    true: nothing is spoken
//   motif    true: the kernel is the log odds of a motif, and the words speak of that alone

import { speaker } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { onWidth, oncePerFrame } from "../lib/drawing.js";
import { informationContent, kernelToPwm, reverseComplement, strandLogOdds } from "../lib/maths.js";
import { format, letterColour, percent } from "../lib/numbers.js";
import { dress } from "../lib/style.js";
import { matrixTable, tableTwin } from "../lib/tables.js";
import CSS from "./style.css";

// Outlines in a box of 100 x 100, y downwards; each touches all four sides, so that a letter is as tall as its number.
export const GLYPHS = {
  A: "M0,100L38,0H62L100,100H76L69,78H31L24,100ZM37.5,58H62.5L50,18Z",
  C: "M100,18.6A56.24,50 0 1 0 100,81.4L79.5,68.5A30,28 0 1 1 79.5,31.5Z",
  D: "M0,0H45A55,50 0 0 1 45,100H0ZM25,21V79H44A30,29 0 0 0 44,21Z",
  E: "M0,0H100V21H27V39H88V60H27V79H100V100H0Z",
  F: "M0,0H100V21H27V41H88V62H27V100H0Z",
  G: "M100,18.6A56.24,50 0 1 0 100,81.4V45H56V63H77.5V70.9A30,28 0 1 1 79.5,31.5Z",
  H: "M0,0H25V39H75V0H100V100H75V60H25V100H0Z",
  I: "M0,0H100V20H63V80H100V100H0V80H37V20H0Z",
  K: "M0,0H25V42L69,0H100L53,45L100,100H69L37,61L25,72V100H0Z",
  L: "M0,0H27V79H100V100H0Z",
  M: "M0,100V0H27L50,48L73,0H100V100H78V37L57,78H43L22,37V100Z",
  N: "M0,100V0H24L76,62V0H100V100H76L24,38V100Z",
  P: "M0,0H60A40,33 0 0 1 60,66H26V100H0ZM26,20V46H57A15,13 0 0 0 57,20Z",
  Q: "M50,0A50,48 0 0 1 84,83L100,94L88,100L70,92A50,48 0 1 1 50,0ZM50,20A26,28 0 1 0 50,76A26,28 0 1 0 50,20Z",
  R: "M0,0H60A40,31 0 0 1 75,58L100,100H72L50,62H26V100H0ZM26,20V43H57A14,11.5 0 0 0 57,20Z",
  S: "M94,29H69A19,11 0 0 0 50,19C36,19 28,23 28,29C28,36 37,38 56,41C84,45 100,52 100,70C100,90 80,100 52,100C20,100 0,90 0,69H26A24,12 0 0 0 52,81C66,81 74,77 74,71C74,63 64,61 46,58C18,54 2,47 2,29C2,10 20,0 49,0C78,0 94,10 94,29Z",
  T: "M0,0H100V22H62V100H38V22H0Z",
  U: "M0,0H25V58A25,21 0 0 0 75,58V0H100V58A50,42 0 0 1 0,58Z",
  V: "M0,0H26L50,70L74,0H100L62,100H38Z",
  W: "M0,0H21L31,64L42,14H58L69,64L79,0H100L83,100H61L50,52L39,100H17Z",
  Y: "M0,0H28L50,39L72,0H100L62,61V100H38V61Z",
};
export const KINDS = {
  information: { name: "information", unit: "bits", title: "Information" },
  probability: { name: "probability", unit: "", title: "Probability" },
  "log odds": { name: "log odds", unit: "bits", title: "Log odds" },
  kernel: { name: "raw kernel", unit: "score units", title: "Raw kernel" },
};

const TELLS_NOTHING = 1e-9; // bits of a column, as in core: it has no letter of its own

/** The matrix behind a logo: {heights, reading, bits, kernel}; heights have one row a letter, in the unit of the kind. */
export function heightsOf(state, kind) {
  const { m, background, complement } = state;
  const isReversed = state.logo_reverse && complement;
  const kernel = isReversed ? reverseComplement(state.kernel, complement) : state.kernel;
  const isMotif = state.strand_reading !== "network"; // on the other strand its PPM is the same one, reversed
  const reading = kernelToPwm(isMotif ? state.kernel : kernel, { logBase: m, bias: state.bias, background });
  let logOdds = reading.pwm.map((row) => row.map((w) => m * w));
  if (isReversed && isMotif) {
    reading.ppm = reverseComplement(reading.ppm, complement);
    const odds = background ? strandLogOdds(background, complement) : kernel.map(() => 0);
    logOdds = reverseComplement(logOdds, complement).map((row, a) => row.map((x) => x + odds[a]));
  }
  const bits = informationContent(reading.ppm, background);
  const heights = {
    information: () => reading.ppm.map((row) => row.map((p, j) => p * bits[j])),
    probability: () => reading.ppm,
    "log odds": () => logOdds.map((row) => row.map((x) => x / Math.LN2)),
    kernel: () => kernel,
  }[kind]();
  return { heights, reading, bits, kernel };
}

/** The ends of the axis: fixed for probability and information, else the next round numbers beyond the tallest stacks. */
export function limitsOf(heights, kind, background) {
  if (kind === "probability") return [0, 1];
  if (kind === "information") return [0, -Math.log2(background ? Math.min(...background) : 1 / heights.length)];
  let [low, high] = [0, 0];
  for (let j = 0; j < heights[0].length; j++) {
    let [down, up] = [0, 0];
    for (const row of heights) row[j] > 0 ? (up += row[j]) : (down += row[j]);
    [low, high] = [Math.min(low, down), Math.max(high, up)];
  }
  return low === high ? [0, 1] : [-roundUp(-low), roundUp(high)];
}

function roundUp(x) {
  if (!(x > 0)) return 0;
  const power = 10 ** Math.floor(Math.log10(x));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((n) => n * power >= x * (1 - 1e-9)) * power;
}

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    // amino acids have no colours of their own
    const colourOf = (letter) => letterColour(store.state.complement ? letter : "other");
    const { kind: fixed, letters: hasLetters = true, label, height = 9, quiet, motif } = model.get("options");
    const watched = ["kernel", "m", "bias", "background", "alphabet", "complement", "logo_kind", "logo_reverse", "strand_reading", "kernel_name"];
    const moving = ["cursor", "codes", "padding", "both_strands", "kernel", "logo_reverse"];
    const kindOf = () => fixed ?? (store.state.logo_kind in KINDS ? store.state.logo_kind : "information");
    dress(el, "logo", CSS);

    const id = `ec-logo-${Math.random().toString(36).slice(2, 8)}`;
    const radios = Object.entries(KINDS).filter(([kind]) => !motif || kind !== "kernel").map(([kind, { title }]) =>
      make("label", {}, make("input", { type: "radio", name: id, value: kind, onchange: () => store.set({ logo_kind: kind }) }), title));
    const chooser = make("fieldset", {}, make("legend", {}, "Logo"), make("div", { class: "ec-row" }, radios));
    const flip = make("input", { type: "checkbox", onchange: () => store.set({ logo_reverse: flip.checked }) });
    const flipper = make("label", {}, flip, "reverse complement");
    const caption = make("p", { class: "ec-logo-label" });
    const axis = make("div", { class: "ec-logo-axis ec-soft", "aria-hidden": "true" });
    const picture = make("svg:svg", { role: "img", preserveAspectRatio: "none" });
    const places = make("div", { class: "ec-logo-cells ec-logo-places ec-soft", "aria-hidden": "true" });
    const window_ = make("div", { class: "ec-logo-cells ec-logo-window", "aria-hidden": "true" });
    const inner = make("div", { class: "ec-logo-inner" }, picture, places, hasLetters ? window_ : null);
    const box = make("div", { class: "ec-logo-box" }, inner);
    const note = make("p", { class: "ec-logo-note ec-soft" });
    const table = tableTwin("The matrix behind this logo", () => matrix());
    picture.style.height = axis.style.height = `${height}rem`;
    axis.style.marginTop = ".6rem";
    el.append(make("div", { class: "ec-row ec-logo-tools" }, fixed ? null : chooser, flipper), make("figure", {}, make("figcaption", {}, caption), make("div", { class: "ec-logo-plot" }, axis, box), note), table.element);
    const say = quiet ? () => {} : speaker(el);

    let glyphs = []; // [column][letter]
    let shape = "";
    let last = null;

    function build(width, letters) {
      shape = `${letters} ${width}`;
      inner.style.setProperty("--columns", width);
      picture.setAttribute("viewBox", `0 0 ${width} 1`);
      glyphs = Array.from({ length: width }, () =>
        [...letters].map((letter) => make("svg:path", { d: GLYPHS[letter] ?? GLYPHS.N, fill: colourOf(letter), "data-letter": letter })));
      const line = (name) => make("svg:line", { class: name, x1: 0, x2: width });
      picture.replaceChildren(line("ec-logo-line"), line("ec-logo-line"), ...glyphs.flat(), line("ec-logo-zero"));
      const step = width <= 25 ? 1 : 5;
      places.replaceChildren(...glyphs.map((_, j) => make("span", {}, (j + 1) % step && j ? "" : String(j + 1))));
      window_.replaceChildren(...glyphs.map(() => make("span")));
      reach();
    }

    // a picture wider than its box is a stop for the keyboard, which scrolls it
    function reach() {
      const isWide = box.scrollWidth > box.clientWidth;
      for (const [name, value] of [["tabindex", 0], ["role", "region"], ["aria-label", "the logo, to scroll"]])
        isWide ? box.setAttribute(name, value) : box.removeAttribute(name);
    }

    // positive letters stack upwards with the tallest on top, negative ones downwards likewise
    function stack(column, values, [low, high]) {
      const scale = 1 / (high - low);
      let [up, down] = [0, 0];
      const order = values.map((_, a) => a).sort((a, b) => Math.abs(values[a]) - Math.abs(values[b]) || a - b);
      for (const a of order) {
        const size = Math.abs(values[a]);
        const top = values[a] > 0 ? (up += size) : down;
        if (values[a] < 0) down -= size;
        const transform = `translate(${column + 0.03},${(high - top) * scale}) scale(0.0094,${(size * scale) / 100})`;
        glyphs[column][a].setAttribute("transform", transform);
      }
    }

    function drawAxis([low, high], unit) {
      const marks = low < 0 ? [high, 0, low] : [high, high / 2, 0];
      axis.replaceChildren(...[...new Set(marks)].map((x) => {
        const mark = make("span", {}, format(x, 3));
        mark.style.top = `${(100 * (high - x)) / (high - low)}%`;
        return mark;
      }));
      axis.dataset.unit = unit;
      const [top, middle, zero] = [picture.children[0], picture.children[1], picture.lastChild];
      [[top, high], [middle, marks[1]], [zero, 0]].forEach(([line, x]) => {
        const y = (high - x) / (high - low);
        line.setAttribute("y1", y);
        line.setAttribute("y2", y);
      });
    }

    const isUniform = (q) => !q || q.every((x) => Math.abs(x - q[0]) < 1e-9);
    const backgroundWords = ({ background: q, alphabet }) =>
      isUniform(q) ? `a uniform background (${alphabet.length} letters alike)` : `the background ${[...alphabet].map((a, i) => `${a} ${format(q[i], 3)}`).join(", ")}`;

    function labelWords(kind) {
      const { state } = store;
      const isReversed = state.logo_reverse && state.complement;
      const whose = `${isReversed ? "the reverse complement of " : ""}${label ?? (state.kernel_name || "the kernel")}`;
      const base = `to the base e\u1d50 = ${format(Math.exp(state.m))} (m = ${format(state.m)})`;
      const against = `against ${backgroundWords(state)}`;
      const what = motif ? whose : `the PPM that ${whose} means ${base}`;
      return {
        information: ["Information, in bits,", ` of ${what}, ${against}.`],
        probability: ["Probability", ` in ${what}${motif ? "" : `, ${against}`}.`],
        "log odds": ["Log odds, in bits,", ` of ${what}, ${against}.`],
        kernel: ["Raw kernel, in score units:", ` the numbers of ${whose} as they are; no base, no background.`],
      }[kind];
    }

    function words() {
      const { ppm } = last.reading;
      const best = (j) => ppm.reduce((top, row, a) => (row[j] > ppm[top][j] ? a : top), 0);
      const strongest = last.bits.reduce((top, x, j) => (x > last.bits[top] ? j : top), 0);
      const total = last.bits.reduce((sum, x) => sum + x, 0);
      const consensus = last.bits.map((x, j) => (x > TELLS_NOTHING ? store.state.alphabet[best(j)] : "N")).join("");
      const letter = best(strongest);
      return {
        total,
        consensus,
        sentence:
          `${motif ? "The" : `At m = ${format(store.state.m)} the`} motif tells ${format(total, 3)} bits in ${last.bits.length} columns; ` +
          (last.bits[strongest] > TELLS_NOTHING ? `the most telling column is ${strongest + 1}, where ${store.state.alphabet[letter]} has ${percent(ppm[letter][strongest])}.` : "no column tells anything."),
      };
    }

    function matrix() {
      const { alphabet } = store.state;
      const kind = kindOf();
      const lettered = (rows) => rows.map((row, a) => [alphabet[a], row]);
      const blocks = {
        information: [{ name: "ppm", rows: lettered(last.reading.ppm) }, { name: "information", rows: [["bits", last.bits]] }],
        probability: [{ name: "ppm", rows: lettered(last.reading.ppm) }],
        "log odds": [{ name: "log_odds", rows: lettered(last.heights) }],
        kernel: [{ name: "kernel", rows: lettered(last.kernel) }],
      }[kind];
      const more = kind === "information" ? " A letter is as tall as its probability times the bits of its column." : "";
      return matrixTable(labelWords(kind).join("") + more, last.bits.length, blocks);
    }

    function drawWindow() {
      const { state, trace, error } = store;
      if (!hasLetters || error) return;
      const at = Math.min(state.cursor, trace.starts.length - 1);
      const isMinus = trace.strands[at] === "-";
      let codes = Array.from({ length: trace.width }, (_, j) => state.codes[trace.starts[at] + j]);
      if (isMinus !== Boolean(state.logo_reverse && state.complement)) codes = codes.reverse().map((code) => state.complement[code] ?? code);
      [...window_.children].forEach((cell, j) => {
        const letter = state.alphabet[codes[j]] ?? (codes[j] === undefined ? "\u00b7" : "N");
        if (cell.textContent === letter) return;
        cell.textContent = letter;
        cell.style.color = state.alphabet.includes(letter) ? colourOf(letter) : "";
      });
    }

    const draw = () => {
      const { state } = store;
      const kind = kindOf();
      if (shape !== `${state.alphabet} ${state.kernel[0].length}`) build(state.kernel[0].length, state.alphabet);
      last = heightsOf(state, kind);
      const limits = limitsOf(last.heights, kind, state.background);
      glyphs.forEach((_, j) => stack(j, last.heights.map((row) => row[j]), limits));
      drawAxis(limits, KINDS[kind].unit);
      const [what, rest] = labelWords(kind);
      caption.replaceChildren(make("b", {}, what), rest);
      const { total, consensus, sentence } = words();
      note.textContent = kind === "kernel" ? `Offset ${format(last.reading.offset)}.` : `${format(total, 3)} bits in all; consensus ${consensus}.`;
      picture.setAttribute("aria-label", `${KINDS[kind].title} logo. ${sentence}`);
      radios.forEach(({ firstChild: radio }) => (radio.checked = radio.value === kind));
      flip.checked = Boolean(state.logo_reverse);
      flipper.hidden = !state.complement;
      drawWindow();
      table.draw();
      say(sentence);
    };
    onWidth(box, reach, signal);
    const later = oncePerFrame(draw);
    const laterWindow = oncePerFrame(drawWindow);
    draw();
    const off = store.on((state, trace, changed) => {
      if (changed.some((key) => watched.includes(key))) later();
      else if (changed.some((key) => moving.includes(key))) laterWindow();
    });
    signal.addEventListener("abort", off);
    return off;
  },
};
