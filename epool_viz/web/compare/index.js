// Compare: pin a state, go on, and see what differs: two logos on one scale, two posteriors on one axis, choices, numbers.
//
// options: {sentence, live}
//   sentence  "visible" (default) or "hidden"
//   live      false: the sentence is never spoken on its own
// state: what the trace depends on, cursor, sequence_name, kernel_name, hidden (while a question is open nothing is shown), and
//   pinned  null, or the state that was pinned: what a trace depends on, alphabet, and, where the state has them,
//           sequence_name, kernel_name, background_choice, link and mutations. Set here; from a link it is checked first.
//
// Both sides are computed here, by the same function. The present's bars stand on the axis, the pinned ones hang from it.

import { voice } from "../lib/a11y.js";
import { called, cursorKeys, windowAt } from "../lib/cursor.js";
import { attributes, make } from "../lib/dom.js";
import { follow, onWidth } from "../lib/drawing.js";
import { eStepTrace, informationContent } from "../lib/maths.js";
import { format, letterColour, number, percent } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, scrolling, table } from "../lib/tables.js";
import CSS from "./style.css";

const TRACED = [
  "codes", "kernel", "bias", "m", "mode", "local_window", "activation", "padding", "both_strands", "strand_reading",
  "occurrence", "site_rate", "background", "complement",
];
const NAMED = ["alphabet", "sequence_name", "kernel_name", "background_choice", "link", "mutations"];
const [MOST_LETTERS, WIDEST] = [100_000, 200];

// The outlines of logo.js, of the letters of nucleic acids; a test keeps them the same. Any other letter is a box.
export const GLYPHS = {
  A: "M0,100L38,0H62L100,100H76L69,78H31L24,100ZM37.5,58H62.5L50,18Z",
  C: "M100,18.6A56.24,50 0 1 0 100,81.4L79.5,68.5A30,28 0 1 1 79.5,31.5Z",
  G: "M100,18.6A56.24,50 0 1 0 100,81.4V45H56V63H77.5V70.9A30,28 0 1 1 79.5,31.5Z",
  T: "M0,0H100V22H62V100H38V22H0Z",
  U: "M0,0H25V58A25,21 0 0 0 75,58V0H100V58A50,42 0 0 1 0,58Z",
};
const CHOICES = {
  m: "m", mode: "mode", bias: "bias", local_window: "local max over", activation: "rectifier", padding: "padding",
  both_strands: "both strands", occurrence: "occurrence", site_rate: "site rate",
};
const NUMBERS = {
  pooled: "ePool", average: "average", maximum: "max", logsumexp: "log-sum-exp", offset: "offset of the kernel",
  information: "information of the motif, bits", effective: "effective windows", posterior: "largest posterior",
  window: "in window", site: "site probability",
};

/** What of a state is pinned. */
export function snapshot(state) {
  const kept = [...TRACED, ...NAMED].filter((key) => state[key] !== undefined);
  return JSON.parse(JSON.stringify(Object.fromEntries(kept.map((key) => [key, state[key]]))));
}

/** Why a value is no pinned state, as a sentence; null if it is one. */
export function fault(pinned) {
  const damaged = "The pinned state is damaged and is not shown; pin another one.";
  const isNumber = (x) => typeof x === "number" && Number.isFinite(x);
  const { codes, kernel, background, complement, alphabet } = pinned ?? {};
  const numbers = ["bias", "m", "mode", "local_window", "site_rate"];
  if (!Array.isArray(codes) || codes.length > MOST_LETTERS || !codes.every(Number.isInteger)) return damaged;
  if (!Array.isArray(kernel) || !kernel.length || !Array.isArray(kernel[0])) return damaged;
  const width = kernel[0].length;
  if (!width || width > WIDEST || !kernel.every((row) => Array.isArray(row) && row.length === width && row.every(isNumber))) return damaged;
  if (typeof alphabet !== "string" || alphabet.length !== kernel.length || codes.some((code) => code >= kernel.length)) return damaged;
  if (!numbers.every((key) => isNumber(pinned[key])) || pinned.m < 0 || pinned.local_window < 1) return damaged;
  if (background && (background.length !== kernel.length || !background.every((q) => isNumber(q) && q > 0))) return damaged;
  if (pinned.both_strands && complement?.length !== kernel.length) return damaged;
  return null;
}

/** One side: its trace, its logo, its numbers. Throws what the trace throws. */
export function sideOf(state) {
  const trace = eStepTrace({
    codes: state.codes, kernel: state.kernel, bias: state.bias, m: state.m, mode: state.mode, localWindow: state.local_window,
    activation: state.activation, padding: state.padding, bothStrands: state.both_strands, strandReading: state.strand_reading,
    occurrence: state.occurrence, siteRate: state.site_rate, background: state.background, complement: state.complement,
  });
  const { ppm } = trace.pwm;
  const bits = informationContent(ppm, state.background);
  const best = trace.posterior.reduce((top, p, i) => (p > trace.posterior[top] ? i : top), 0);
  return {
    state, trace, best, heights: ppm.map((row) => row.map((p, j) => p * bits[j])),
    most: -Math.log2(state.background ? Math.min(...state.background) : 1 / ppm.length),
    numbers: {
      pooled: trace.pooled, average: trace.average, maximum: trace.maximum, logsumexp: state.m > 0 ? trace.logSumExp : Infinity,
      offset: trace.pwm.offset, information: bits.reduce((sum, x) => sum + x, 0), effective: trace.effectiveWindows,
      posterior: trace.posterior[best], window: best + 1, site: trace.siteProbability,
    },
  };
}

/** What differs in the choices: [[what, pinned, present]], in words. */
export function differences(then, now, format) {
  const rows = [];
  const add = (what, a, b) => rows.push([what, a, b]);
  const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
  const word = (x) => (typeof x === "number" ? format(x) : typeof x === "boolean" ? (x ? "yes" : "no") : String(x ?? "\u2013"));
  for (const [key, name] of Object.entries(CHOICES)) if (!same(then[key], now[key])) add(name, word(then[key]), word(now[key]));
  const readAs = ({ strand_reading: reading = "motif" }) => reading;
  if ((then.both_strands || now.both_strands) && readAs(then) !== readAs(now)) add("both strands read by", ...[then, now].map((state) => `a ${readAs(state)}`));
  const isUniform = (q) => !q || q.every((x) => Math.abs(x - q[0]) < 1e-9);
  const shares = ({ background: q, alphabet }) => (isUniform(q) ? "uniform" : [...alphabet].map((a, i) => `${a} ${format(q[i], 3)}`).join(", "));
  if (shares(then) !== shares(now)) add("background", shares(then), shares(now));
  if (!same(then.kernel, now.kernel)) {
    const [a, b] = [then, now].map(({ kernel, kernel_name: name }) => `${name || "kernel"}, ${kernel[0].length} columns`);
    add("kernel", a, b);
    if (then.kernel[0].length === now.kernel[0].length && then.kernel.length === now.kernel.length) {
      const gaps = now.kernel.flatMap((row, i) => row.map((x, j) => [Math.abs(x - then.kernel[i][j]), i, j])).filter(([gap]) => gap > 0);
      const [, i, j] = gaps.reduce((top, gap) => (gap[0] > top[0] ? gap : top));
      add(`kernel: ${gaps.length} of ${now.kernel.flat().length} numbers differ, most ${now.alphabet[i]} in column ${j + 1}`, word(then.kernel[i][j]), word(now.kernel[i][j]));
    }
  }
  if (then.sequence_name !== now.sequence_name && !same(then.codes, now.codes)) add("sequence", word(then.sequence_name), word(now.sequence_name));
  if (then.codes.length !== now.codes.length) add("letters", String(then.codes.length), String(now.codes.length));
  else {
    const letter = (state, i) => state.alphabet[state.codes[i]] ?? "N";
    const changed = now.codes.map((_, i) => i).filter((i) => letter(then, i) !== letter(now, i));
    for (const i of changed.slice(0, 8)) add(`letter ${i + 1}`, letter(then, i), letter(now, i));
    if (changed.length > 8) add("more letters that differ", "", String(changed.length - 8));
  }
  return rows;
}

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const section = panel(el, "compare", "Compare", CSS);

    const pinButton = make("button", { type: "button", onclick: () => pin() }, "Pin this state");
    const swapButton = make("button", { type: "button", onclick: () => swap() }, "Swap");
    const unpinButton = make("button", { type: "button", onclick: () => unpin() }, "Unpin");
    const logos = make("div", { class: "ec-compare-logos" });
    const svg = make("svg:svg", { "aria-hidden": "true" });
    const plot = make("div", { class: "ec-compare-plot", tabindex: "0", role: "slider", "aria-valuemin": "1", "aria-label": "Posterior, pinned and present: window", "aria-orientation": "horizontal" }, svg);
    const aligned = make("p", { class: "ec-soft", "data-name": "aligned" });
    const tables = make("div", { class: "ec-compare-main" });
    const warning = make("p", { class: "ec-panel-warning", role: "alert" });
    section.append(
      make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, "Compare"), make("div", { class: "ec-panel-tools" }, pinButton, swapButton, unpinButton)),
      warning,
    );
    const say = voice(section, model.get("options"));
    const scaled = make("p", { class: "ec-soft", "data-name": "scaled" });
    const body = make("div", {}, logos, scaled, plot, aligned, tables);
    section.append(body);
    const twin = make("div");
    body.append(twin);
    const refreshTable = numbers(twin, "Both posteriors as a table", posteriorTable);

    let then = null; // the pinned side, or null
    let now = null;
    let key = null; // of what `then` was computed from
    let refusal = "";

    // the hand ----------------------------------------------------------------------------------------------------

    function pin() {
      refusal = store.error ? `This state cannot be pinned. ${store.error}` : "";
      if (store.error) return ask();
      store.set({ pinned: snapshot(store.state) });
    }
    function swap() {
      const { pinned } = store.state;
      store.set({ mutations: [], ...pinned, pinned: snapshot(store.state) });
    }
    function unpin() {
      refusal = "";
      pinButton.focus();
      store.set({ pinned: null });
    }
    cursorKeys(plot, store);
    const toPointer = (event) => {
      const at = (event.clientX - svg.getBoundingClientRect().left - place.left) / place.unit;
      store.set({ cursor: Math.min(Math.max(Math.floor(at), 0), now.trace.posterior.length - 1) });
    };
    plot.addEventListener("pointerdown", (event) => event.button || toPointer(event));
    plot.addEventListener("pointermove", (event) => event.buttons & 1 && toPointer(event));

    // drawing -----------------------------------------------------------------------------------------------------

    let place = null;
    function draw(state, trace, names) {
      if (refusal && !store.error) refusal = "";
      const isVeiled = Boolean(state.hidden?.length);
      const isDamaged = state.pinned ? fault(state.pinned) : null;
      const pinned = isDamaged ? null : state.pinned;
      const text = pinned && JSON.stringify(pinned);
      let problem = isDamaged ?? "";
      if (text !== key) {
        try {
          then = pinned ? sideOf(pinned) : null;
        } catch (error) {
          then = null;
          problem = `The pinned state cannot be computed. ${error.message}`;
        }
        key = problem ? null : text;
      }
      if (pinned && store.error) problem ||= `Shown is the last state that could be computed. ${store.error}`;
      warning.textContent = refusal || problem;
      pinButton.textContent = state.pinned ? "Pin this state instead" : "Pin this state";
      pinButton.disabled = isVeiled;
      unpinButton.hidden = !state.pinned;
      swapButton.hidden = !then;
      swapButton.disabled = isVeiled;
      body.hidden = !then || isVeiled;
      if (isVeiled || !then) {
        now = null;
        return say(isVeiled ? "Hidden until the question is answered." : state.pinned ? warning.textContent : "Pin this state, change something, and see here what it does.");
      }
      if (!store.error && (!now || now.trace !== trace || !names || names.has("kernel_name") || names.has("sequence_name"))) now = { ...sideOf(state), trace };
      if (!now) return;
      const onlyMoved = names?.size && [...names].every((name) => name === "cursor");
      if (!onlyMoved) {
        drawLogos();
        drawTables();
        layOut();
        refreshTable();
        say(sentence());
      }
      drawCursor(state);
    }

    function drawLogos() {
      const width = Math.max(then.heights[0].length, now.heights[0].length);
      const most = Math.max(then.most, now.most);
      scaled.textContent = `Information logos to the base e\u1d50 of each; both axes end at ${format(most, 3)} bits.`;
      logos.replaceChildren(...[[then, "Pinned"], [now, "Present"]].map(([side, name]) => {
        const label = `${side.state.kernel_name || "kernel"}, m = ${format(side.state.m)}: ${format(side.numbers.information, 3)} bits`;
        const picture = make("svg:svg", { role: "img", viewBox: `0 0 ${width} 1`, preserveAspectRatio: "none", "aria-label": `${name}: logo of ${label}; the axis of both ends at ${format(most, 3)} bits` });
        for (let j = 0; j < side.heights[0].length; j++) {
          let bottom = 1;
          const order = side.heights.map((row, a) => a).sort((a, b) => side.heights[a][j] - side.heights[b][j] || a - b);
          for (const a of order) {
            const size = Math.max(side.heights[a][j], 0) / most;
            bottom -= size;
            if (size < 1e-6) continue;
            const letter = side.state.alphabet[a];
            picture.append(make("svg:path", { d: GLYPHS[letter] ?? "M0,0H100V100H0Z", fill: letterColour(side.state.complement ? letter : "other"), "data-letter": letter, "data-column": j, transform: `translate(${j + 0.03},${bottom}) scale(0.0094,${size / 100})` }));
          }
        }
        return make("figure", {}, make("figcaption", {}, make("b", {}, name), ` ${label}`), picture);
      }));
    }

    const strandsOf = ({ state, trace }) => [trace.starts[0], trace.starts.length, Boolean(state.both_strands)];
    const isComparable = () => JSON.stringify(strandsOf(then)) === JSON.stringify(strandsOf(now));

    function layOut() {
      const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
      const width = plot.clientWidth;
      const [left, right] = [3.25 * rem, Math.max(width - 0.5 * rem, 3.25 * rem + 1)];
      const count = Math.max(now.trace.posterior.length, then.trace.posterior.length);
      const top = Math.max(now.numbers.posterior, then.numbers.posterior) || 1;
      const [size, zero] = [4.5 * rem, 5 * rem];
      place = { rem, left, unit: (right - left) / count, zero, size };
      svg.setAttribute("height", zero + size + 0.5 * rem);
      const bars = (side, sign) => {
        const { unit } = place;
        const gap = unit >= 6 ? 1 : unit >= 3 ? 0.5 : 0;
        const every = Math.max(1, Math.floor(1 / unit)); // narrower than a pixel: the highest of a column
        const parts = [];
        for (let i = 0; i < side.trace.posterior.length; i += every) {
          const p = side.trace.posterior.slice(i, i + every).reduce((most, x) => Math.max(most, x), 0);
          const tall = (p / top) * size;
          if (tall < 0.05) continue;
          parts.push(`M${px(left + i * unit + gap / 2)} ${px(zero)}v${px(-sign * tall)}h${px(Math.max(every * unit - gap, 0.75))}v${px(sign * tall)}`);
        }
        return parts.join("");
      };
      const isNarrow = place.unit < 4;
      const line = (name, y) => make("svg:path", { class: name, d: `M${left} ${px(y)}H${px(right)}` });
      const mark = (y, text) => make("svg:text", { x: left - 6, y: px(y + 0.26 * rem), "text-anchor": "end" }, text);
      const side = (y, text) => make("svg:text", { class: "ec-compare-side", x: right, y, "text-anchor": "end" }, text);
      const ends = format(top, 2);
      svg.replaceChildren(
        make("svg:rect", { class: "ec-compare-at", y: zero - size, height: 2 * size }),
        line("ec-compare-axis", zero - size), line("ec-compare-axis", zero + size), mark(zero - size, ends), mark(zero, "0"), mark(zero + size, ends),
        make("svg:path", { class: "ec-compare-now", "data-name": "now", d: bars(now, 1) }),
        make("svg:path", { class: `ec-compare-then${isNarrow ? " is-narrow" : ""}`, "data-name": "then", d: bars(then, -1) }),
        line("ec-compare-zero", zero),
        side(px(zero - size + 0.8 * rem), "\u25b2 present"), side(px(zero + size - 0.35 * rem), "\u25bd pinned"),
      );
      if (isComparable() && now.state.both_strands) {
        const x = px(left + (count / 2) * place.unit);
        svg.append(make("svg:path", { class: "ec-compare-strand", d: `M${x} ${zero - size}V${zero + size}` }), make("svg:text", { x: x + 4, y: zero - size + 0.8 * rem }, "other strand"));
      }
      aligned.textContent = isComparable()
        ? "Posterior: where the site starts. Above the line the present state, below it the pinned one, window by window."
        : `The windows are not the same: ${then.trace.posterior.length} pinned, ${now.trace.posterior.length} now. Both are drawn from the left, so that bars above one another need not be the same place.`;
    }

    function drawCursor(state) {
      const count = now.trace.posterior.length;
      const at = Math.min(Math.max(Math.round(state.cursor) || 0, 0), count - 1);
      attributes(svg.firstChild, { x: px(place.left + at * place.unit), width: px(Math.max(place.unit, 2)) });
      const share = (side) => (at < side.trace.posterior.length ? percent(side.trace.posterior[at]) : "no such window");
      const words = `${called(windowAt(now.state, at))}: ${share(now)} of the present posterior, pinned ${share(then)}.`;
      attributes(plot, { "aria-valuemax": count, "aria-valuenow": at + 1, "aria-valuetext": words, title: words });
    }

    // words and numbers ---------------------------------------------------------------------------------------------

    function drawTables() {
      const rows = differences(then.state, now.state, format);
      const what = rows.length
        ? table("What differs in the choices", ["choice", "pinned", "present"], rows)
        : make("p", { class: "ec-soft" }, "No choice differs: the present state is the pinned one.");
      const cells = Object.entries(NUMBERS).map(([name, label]) => {
        const [a, b] = [then.numbers[name], now.numbers[name]];
        const gap = a === b ? 0 : b - a;
        const difference = number(`difference_${name}`, gap);
        if (gap > 0) difference.textContent = `+${difference.textContent}`;
        if (Math.abs(gap) > 1e-9) difference.className = "is-big";
        else if (name !== "window") difference.textContent = gap ? "0 (rounding)" : "0";
        const digits = name === "window" ? 15 : 4;
        return [label, number(`pinned_${name}`, a, digits), number(`present_${name}`, b, digits), difference];
      });
      const how = table("What differs in the numbers", ["number", "pinned", "present", "difference"], cells);
      const scrolled = tables.querySelectorAll(".ec-scroll");
      const parts = [scrolling("Choices, pinned and present", what), scrolling("Numbers, pinned and present", how)];
      if (scrolled.length) scrolled.forEach((box, i) => box.replaceChildren(...parts[i].childNodes)); // the focus stays
      else tables.append(...parts);
    }

    function sentence() {
      const rows = differences(then.state, now.state, format);
      if (!rows.length) return "This state is pinned. Change m, a letter or the kernel, and see here what it does.";
      const named = rows.slice(0, 2).map(([what, a, b]) => `${what}: ${a} \u2192 ${b}`).join("; ");
      const more = rows.length > 2 ? ` and ${rows.length - 2} more` : "";
      const [a, b] = [then.numbers, now.numbers];
      const gap = b.pooled - a.pooled;
      const pooled = Math.abs(gap) < 1e-9 ? `ePool stays ${format(b.pooled)}` : `ePool ${gap > 0 ? "rises" : "falls"} by ${format(Math.abs(gap))} to ${format(b.pooled)}`;
      const top = (side) => `${called(windowAt(side.state, side.best)).toLowerCase()} with ${percent(side.numbers.posterior)}`;
      const moved = then.best === now.best && isComparable() ? `${called(windowAt(now.state, now.best)).toLowerCase()} stays the largest, ${percent(a.posterior)} \u2192 ${percent(b.posterior)}` : `the largest posterior was ${top(then)} and is ${top(now)}`;
      return `${named}${more}. ${pooled}; ${moved}.`;
    }

    function posteriorTable() {
      if (!now || !then) return make("p");
      const [a, b] = [then.trace.posterior, now.trace.posterior];
      const rows = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
        const cell = (name, list) => (i < list.length ? number(`${name}_posterior_${i + 1}`, list[i]) : "\u2013");
        return [String(i + 1), cell("pinned", a), cell("present", b)];
      });
      return table("Posterior of every window", ["window", "pinned", "present"], rows);
    }

    const ask = follow(store, draw, signal);
    onWidth(plot, () => plot.clientWidth && ask(), signal);
  },
};

const px = (x) => Math.round(x * 10) / 10;
