// Posterior track: one quantity of the trace over the windows, each at the letter where its window starts, so that it lies
// letter by letter above or under the strip. The other strand hangs below, mirrored.
//
// options: {quantity, by_step, height, sentence, live}
//   by_step   a quantity, or null for no track, for each value of `step`; instead of `quantity`
//   quantity  "scores", "activated", "cells", "shifted", "exponentials", "weights", "posterior" (default), "weighted" or
//             "gradient"; may be set again later
//   height    of the drawing of one strand, in rem (default 6)
//   sentence  "visible" (default) or "hidden"
//   live      false: the sentence is never spoken on its own
// state: what the trace depends on, cursor, zoom, and scale ("linear" or "log", of shares and slopes)
//
// The pointer takes the cursor along; where it leaves without a click, the cursor goes back.

import { voice } from "../lib/a11y.js";
import { called, cursorKeys, inView, lane, partial, windowAt, windows, zoomBy } from "../lib/cursor.js";
import { attributes, hatch, make } from "../lib/dom.js";
import { follow, onWidth, widthOf } from "../lib/drawing.js";
import { format, number, percent } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import { niceStep } from "../lib/ticks.js";
import CSS from "./style.css";

const SCORE = "score, in logs to the base e\u1d50";
// title; unit; of: one number a window or a cell; kind: "score", "share" or "slope" (can be small, so that a log scale
// helps); say(what) is a sentence about one window
const QUANTITIES = {
  scores: { title: "Scores", unit: SCORE, of: "window", kind: "score", say: ({ name, show }) => `${name} scores ${show}.` },
  activated: { title: "Scores after the rectifier", unit: SCORE, of: "window", kind: "score", say: ({ name, show }) => `${name} scores ${show} after the rectifier.` },
  cells: { title: "What is pooled", unit: SCORE, of: "cell", kind: "score", say: ({ name, show }) => `${name} is pooled with ${show}.` },
  shifted: { title: "Shifted scores", unit: "m (x \u2212 max x)", of: "cell", kind: "distance", say: ({ name, show, value }) => (value === 0 ? `${name} is the best: 0.` : `${name} lies at ${show} from the best.`) },
  exponentials: { title: "Exponentials", unit: "e to the power of m (x \u2212 max x)", of: "cell", kind: "share", say: ({ name, show }) => `${name} counts ${show}, where the best window counts 1.` },
  weights: { title: "Weights", unit: "share, all together 1", of: "cell", kind: "share", say: ({ name, share }) => `${name} holds ${share} of the weight.` },
  posterior: { title: "Posterior", unit: "probability that the site starts here", of: "window", kind: "share", say: ({ name, share }) => `${name} holds ${share} of the posterior.` },
  weighted: { title: "Weight \u00d7 score", unit: "score; the sum is ePool", of: "cell", kind: "slope", say: ({ name, show, trace, format }) => `${name} adds ${show} to ePool, which is ${format(trace.pooled)}.` },
  gradient: { title: "Gradient", unit: "rise of the pooled value for a rise of this score by 1", of: "cell", kind: "slope", say: ({ name, show, most }) => `${name} passes ${show} of the gradient under ePool and ${most} under max pooling.` },
};

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const options = () => ({ quantity: "posterior", height: 6, ...model.get("options") });
    const section = panel(el, "track", "", CSS);

    const title = make("span", { class: "ec-panel-title" });
    const unit = make("span", { class: "ec-soft" });
    const value = make("span", { class: "ec-track-value" });
    const logButton = make("button", { type: "button", onclick: () => store.set({ scale: store.state.scale === "log" ? "linear" : "log" }) }, "Log scale");
    const bestButton = make("button", { type: "button", "aria-label": "Go to the largest", onclick: () => toLargest() }, "Largest");
    const svg = make("svg:svg", { "aria-hidden": "true" });
    const plot = make("div", { class: "ec-track-plot", tabindex: "0", role: "slider", "aria-valuemin": "1", "aria-orientation": "horizontal" }, svg);
    const hatching = hatch(svg);
    const [back, here, bars, front] = ["back", "cursor", "bars", "front"].map((name) => make("svg:g", { "data-name": name }));
    svg.append(back, here, bars, front);
    const keyBox = make("div", { class: "ec-track-key" });
    const warning = make("p", { class: "ec-panel-warning" });
    section.append(
      make("div", { class: "ec-panel-head" }, title, unit, value, make("div", { class: "ec-panel-tools" }, bestButton, logButton)),
      plot, keyBox, warning,
    );
    const say = voice(section, model.get("options"));
    const refreshTable = numbers(section, "The numbers as a table", valuesTable);

    let place = null; // of letters
    let data = null; // of the quantity: see `read`
    let scale = null; // of its values
    let drawn = "";

    // numbers -----------------------------------------------------------------------------------------------------

    /** The quantity at the windows: values (null where there is none), why a window takes no part, bounds. */
    function read(state, trace, name) {
      const quantity = QUANTITIES[name];
      const n = trace.scores.length;
      const cellAt = new Int32Array(n).fill(-1);
      trace.cellWindows.forEach((w, c) => (cellAt[w] = c));
      const atCell = (list) => Array.from(cellAt, (c) => (c < 0 || !Number.isFinite(list[c]) ? null : list[c]));
      const values = quantity.of === "window" ? trace[name] : atCell(trace[name]);
      const isPart = Array.from(cellAt, (c) => c >= 0 && trace.takingPart[c] && trace.gate[c] > 0);
      const finite = values.filter((v) => v !== null);
      const isTop = name === "gradient" ? atCell(trace.maxGradient).map((v) => v === 1) : null;
      return {
        name, quantity, trace, values, cellAt, isPart, isTop,
        count: n / (state.both_strands ? 2 : 1),
        low: finite.reduce((a, v) => Math.min(a, v), 0),
        high: finite.reduce((a, v) => Math.max(a, v), isTop ? 1 : 0),
        least: finite.reduce((a, v) => (v !== 0 ? Math.min(a, Math.abs(v)) : a), Infinity),
      };
    }

    /** Why a window takes no part, as the rest of a sentence; null if it does. */
    function absence(i) {
      const { state, trace } = store;
      const gap = trace.whole[i] ? null : partial(state.codes, trace.starts[i], trace.width);
      if (data.isPart[i]) return gap && `${gap}, so that its score is a partial sum; behind a rectifier it takes part all the same`;
      if (gap && state.activation === "identity") return `${gap} and takes no part`;
      if (data.cellAt[i] < 0) return `is not the best of its ${state.local_window} neighbours and takes no part`;
      return "scores below the mean and takes no part in mode 1";
    }

    /** The axis of values: `y(value)` from 0 at its lower end to 1, its ticks, the value where bars begin. */
    function scaleOf({ low, high, least, quantity }, isLog, room) {
      if (isLog && quantity.kind === "share") {
        const top = Math.ceil(Math.log10(high || 1) - 1e-9);
        const bottom = Math.max(Math.min(Math.floor(Math.log10(Number.isFinite(least) ? least : 1)), top - 1), top - 12);
        const y = (v) => (v > 0 ? Math.max((Math.log10(v) - bottom) / (top - bottom), 0) : 0);
        const every = Math.max(Math.ceil((top - bottom) / Math.max(room, 1)), 1);
        const ticks = [];
        for (let p = top; p >= bottom; p -= every) ticks.push([10 ** p, power(p)]);
        return { y, ticks, base: 10 ** bottom };
      }
      if (isLog && quantity.kind === "slope") {
        const top = Math.ceil(Math.log10(Math.max(high, -low) || 1) - 1e-9);
        const fold = (v) => Math.sign(v) * Math.log10(1 + Math.abs(v) / 10 ** (top - 4));
        const [a, b] = [fold(low), fold(high)];
        const y = (v) => (fold(v) - a) / (b - a || 1);
        const powers = [top, top - 2];
        const all = [[0, "0"], ...powers.flatMap((p) => [[10 ** p, power(p)], [-(10 ** p), `\u2212${power(p)}`]])];
        return { y, ticks: apart(all.filter(([v]) => v >= low && v <= Math.max(high, 0)), y, room), base: 0 };
      }
      // shares move with m: round ends keep the axis still; scores and slopes use all the room there is
      const isRound = quantity.kind === "share" || quantity.kind === "distance";
      const step = niceStep((high - low || 1) / (Math.max(room, 1) + (isRound ? 0 : 1.5)), [1, 2, 2.5, 5]);
      const pad = isRound ? 0 : 0.04 * (high - low || 1);
      const a = isRound ? Math.floor(low / step + 1e-9) * step : low < 0 ? low - pad : 0;
      const b = (isRound ? Math.ceil(high / step - 1e-9) * step : high + pad) || (low < 0 ? 0 : step);
      const ticks = [];
      for (let k = Math.ceil(a / step - 1e-9); k <= Math.floor(b / step + 1e-9); k++) ticks.push([k * step, format(Number((k * step).toPrecision(6)), 3)]);
      return { y: (v) => (v - a) / (b - a), ticks, base: 0 };
    }

    function toLargest() {
      if (!data || store.error) return;
      let best = -1;
      data.values.forEach((v, i) => {
        if (v !== null && (data.isPart[i] || data.quantity.of === "window") && (best < 0 || v > data.values[best])) best = i;
      });
      if (best >= 0) store.set({ cursor: best });
    }

    // the hand ----------------------------------------------------------------------------------------------------

    let kept = null; // where the cursor goes back to when the pointer leaves
    let mine = null; // where the pointer has put it
    const toPointer = (event) => {
      if (!data || store.error) return;
      const box = svg.getBoundingClientRect();
      const { count, first } = windows(store.state);
      const strand = store.state.both_strands && event.clientY - box.top > place.middle ? 1 : 0;
      const start = Math.floor(place.at(event.clientX - box.left));
      mine = Math.min(Math.max(start - first, 0), count - 1) + strand * count;
      store.set({ cursor: mine });
    };
    plot.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      toPointer(event);
      kept = mine;
      try { plot.setPointerCapture(event.pointerId); } catch { /* a pointer that is already gone */ }
    });
    plot.addEventListener("pointermove", (event) => {
      const isHeld = event.buttons & 1;
      if (!isHeld && event.pointerType === "touch") return;
      kept ??= store.state.cursor;
      toPointer(event);
      if (isHeld) kept = mine;
    });
    plot.addEventListener("pointerleave", () => {
      if (kept !== null && mine !== null && store.state.cursor === mine) store.set({ cursor: kept });
      kept = mine = null;
    });
    plot.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const middle = windowAt(store.state).start + windows(store.state).width / 2;
      if (event.key === "+" || event.key === "=") store.set({ zoom: zoomBy(store.state, 0.5, middle) });
      else if (event.key === "-") store.set({ zoom: zoomBy(store.state, 2, middle) });
      else if (event.key === "0") store.set({ zoom: null });
      else return;
      event.preventDefault();
    });
    cursorKeys(plot, store);

    // drawing -----------------------------------------------------------------------------------------------------

    function draw(state, trace, names) {
      warning.textContent = store.error ? `${data ? "Shown is the last state that could be computed. " : ""}${store.error}` : "";
      if (!trace || store.error) return;
      const { quantity, by_step: bySteps = null, height } = options();
      const name = bySteps ? bySteps[state.step] : quantity;
      section.hidden = !name;
      if (!name) return;
      const isNew = data?.trace !== trace || data?.name !== name || !names;
      if (isNew) data = read(state, trace, QUANTITIES[name] ? name : "posterior");
      const isLog = state.scale === "log" && ["share", "slope"].includes(data.quantity.kind);
      const key = JSON.stringify([inView(state), widthOf(plot), isLog, height]);
      if (isNew || key !== drawn) {
        drawn = key;
        layOut(state, height, isLog);
        drawBars(state, trace);
        refreshTable();
      }
      drawCursor(state, trace);
    }

    function layOut(state, height, isLog) {
      const { quantity } = data;
      section.setAttribute("aria-label", quantity.title);
      section.classList.toggle("is-share", quantity.kind === "share");
      section.classList.toggle("is-slope", quantity.kind === "slope");
      title.textContent = quantity.title;
      unit.textContent = quantity.unit;
      logButton.hidden = quantity.kind !== "share" && quantity.kind !== "slope";
      logButton.setAttribute("aria-pressed", String(isLog));
      plot.setAttribute("aria-label", `${quantity.title}: window`);

      place = lane(widthOf(plot), inView(state));
      const top = 0.5 * place.rem;
      const size = height * place.rem * (state.both_strands ? 0.75 : 1);
      const gap = state.both_strands ? (data.low < 0 ? 0.75 * place.rem : 0) : 0;
      place.top = top;
      place.size = size;
      place.middle = top + size + gap / 2;
      place.bottom = top + size + (state.both_strands ? gap + size : 0);
      scale = scaleOf(data, isLog, Math.max(Math.floor(size / (1.7 * place.rem)), 1));
      // the y of a value, on a strand
      place.y = (v, strand) => (strand ? place.bottom - size + scale.y(v) * size : top + size - scale.y(v) * size);
      svg.setAttribute("height", place.bottom + 0.5 * place.rem);
    }

    function drawBars(state, trace) {
      const strands = state.both_strands ? [0, 1] : [0];
      back.replaceChildren();
      bars.replaceChildren();
      front.replaceChildren();
      for (const strand of strands) {
        const ys = scale.ticks.map(([v, text]) => [place.y(v, strand), text]);
        const skip = strand && data.low >= 0 ? 1e-6 : -1; // the shared zero is written once
        back.append(make("svg:path", { class: "ec-track-axis", d: ys.map(([y]) => `M${at(place.left)} ${at(y)}H${at(place.right)}`).join("") }));
        for (const [y, text] of ys) {
          if (y < place.y(scale.base, strand) + skip && strand) continue;
          back.append(make("svg:text", { x: place.left - 6, y: at(y + 0.26 * place.rem), "text-anchor": "end" }, text));
        }
        const [part, rest, holes, absent] = barsOf(trace, strand);
        back.append(
          make("svg:path", { class: "ec-track-out", "data-name": "absent", d: absent }),
          make("svg:path", { class: "ec-track-hatch", "data-name": "partial", fill: hatching, d: holes }),
        );
        bars.append(make("svg:path", { class: "ec-track-bars", d: part }), make("svg:path", { class: "ec-track-bars ec-track-partial", d: rest }));
        const zero = at(place.y(scale.base, strand));
        bars.append(make("svg:path", { class: "ec-track-zero", d: `M${at(place.left)} ${zero}H${at(place.right)}` }));
      }
      if (state.both_strands) {
        ["given", "other"].forEach((text, s) => front.append(make("svg:text", { class: "ec-track-strand", x: place.right, y: s ? place.bottom + 0.3 * place.rem : place.top + 0.45 * place.rem, "text-anchor": "end" }, `${text} strand`)));
      }
      if (data.isTop) drawTop(trace);
      const isPooled = data.quantity.kind === "score" && (data.name === "cells" || (data.name === "activated") || state.activation === "identity");
      if (isPooled) {
        for (const strand of strands) {
          const y = place.y(trace.pooled, strand);
          front.append(make("svg:path", { class: "ec-track-pooled", d: `M${at(place.left)} ${at(y)}H${at(place.right)}` }));
          if (strand) continue;
          const isHigh = y - place.top < 1.2 * place.rem;
          front.append(make("svg:text", { class: "ec-track-name", x: place.left + 6, y: at(isHigh ? y + 0.95 * place.rem : y - 0.3 * place.rem) }, `\u25c6 ePool ${format(trace.pooled)}`));
        }
      }
      drawKey(state, trace);
    }

    /** Paths of a strand: bars, bars of windows that take no part, columns of partial windows, columns of absent ones. */
    function barsOf(trace, strand) {
      const out = [[], [], [], []];
      const from = strand * data.count;
      const first = trace.starts[from];
      const [a, b] = [Math.max(place.first, first) - first + from, Math.min(place.last - first, data.count) + from];
      const gap = place.unit >= 6 ? 1 : place.unit >= 3 ? 0.5 : 0;
      const zero = scale.base;
      // in a column narrower than a pixel, the highest and the lowest
      const perColumn = Math.max(1, Math.floor(1 / place.unit));
      for (let i = a; i < b; i += perColumn) {
        const end = Math.min(i + perColumn, b);
        let [high, low, isIn, isWhole] = [zero, zero, false, true];
        let isAbsent = true;
        for (let k = i; k < end; k++) {
          isWhole &&= trace.whole[k];
          isAbsent &&= !data.isPart[k];
          const v = data.values[k];
          if (v === null) continue;
          isIn ||= data.isPart[k];
          if (v > high) high = v;
          if (v < low) low = v;
        }
        const x = place.x(first + i - from);
        const width = (end - i) * place.unit;
        if (!isWhole) out[2].push(column(x, width, strand));
        else if (isAbsent) out[3].push(column(x, width, strand));
        if (high === low) continue;
        const [y1, y2] = [place.y(high, strand), place.y(low, strand)];
        out[isIn ? 0 : 1].push(box(x + gap / 2, Math.min(y1, y2), Math.max(width - gap, 0.5), Math.abs(y2 - y1)));
      }
      return out.map((parts) => parts.join(""));
    }

    const column = (x, width, strand) => box(x, strand ? place.bottom - place.size : place.top, width, place.size);

    /** Max pooling's gradient: all of it at one window. */
    function drawTop() {
      const i = data.isTop.indexOf(true);
      const strand = i >= data.count ? 1 : 0;
      const start = data.trace.starts[i];
      if (start < place.first || start >= place.last) return;
      const x = place.x(start + 0.5);
      const [zero, one] = [place.y(0, strand), place.y(1, strand)];
      const tip = strand ? -1 : 1;
      front.append(make("svg:path", { class: "ec-track-max", "data-name": "max", d: `M${at(x)} ${at(zero)}V${at(one)}m-5 ${tip * 4}h10l-5 ${-tip * 8}z` }));
    }

    function drawKey(state, trace) {
      const items = [];
      const swatch = (attributes) => make("svg:svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, make("svg:path", attributes));
      if (data.isTop) {
        const negative = data.values.filter((v) => v < 0).length;
        items.push(make("span", {}, swatch({ class: "ec-track-bars", d: "M8 1l7 7-7 7-7-7z" }), "ePool spreads it"));
        items.push(make("span", {}, swatch({ class: "ec-track-max", d: "M8 3l6 10H2z" }), "max gives all to one window"));
        if (state.m > 0) {
          const below = trace.pooled - 1 / state.m;
          items.push(make("span", {}, make("span", {}, "below 0 where the score is under ePool \u2212 1/m = ", number("threshold", below), `: ${negative} of ${data.isPart.filter(Boolean).length} windows`)));
        }
      }
      const broken = trace.whole.filter((isWhole) => !isWhole).length;
      const absent = trace.whole.filter((isWhole, i) => isWhole && !data.isPart[i]).length;
      const plural = (n) => `${n} ${n === 1 ? "window" : "windows"}`;
      if (broken) {
        items.push(make("span", { "data-name": "partial" }, swatch({ fill: hatching, stroke: "var(--ink-soft)", d: "M1 1h14v14H1z" }),
          `${plural(broken)} over padding or unknown letters: a partial sum${state.activation === "identity" ? ", takes no part" : ""}`));
      }
      if (absent) {
        const reason = [state.local_window > 1 && "no local winner", state.mode === 1 && "below the mean"].filter(Boolean).join(" or ");
        items.push(make("span", { "data-name": "absent" }, swatch({ class: "ec-track-out", stroke: "var(--ink-soft)", d: "M1 1h14v14H1z" }),
          `${plural(absent)} ${absent > 1 ? "take" : "takes"} no part: ${reason}`));
      }
      keyBox.replaceChildren(...items);
    }

    function drawCursor(state, trace) {
      const now = windowAt(state, Math.min(state.cursor, trace.scores.length - 1));
      const i = now.index;
      const start = trace.starts[i];
      const [a, b] = [Math.max(start, place.first), Math.min(start + trace.width, place.last)];
      here.replaceChildren();
      if (b > a) {
        here.append(make("svg:path", { class: "ec-track-window", "data-name": "window", d: box(place.x(a), place.top, (b - a) * place.unit, place.bottom - place.top) }));
      }
      if (start >= place.first && start < place.last) {
        const x = place.x(start + 0.5);
        const end = now.strand ? place.bottom + 5 : place.top - 5;
        here.append(make("svg:path", { class: "ec-track-at", d: `M${at(x)} ${at(end)}V${at(place.y(scale.base, now.strand))}` }));
      }
      drawPicked(i, start, now.strand);
      tell(state, trace, now);
    }

    let picked = null;
    function drawPicked(i, start, strand) {
      picked?.remove();
      picked = null;
      const v = data.values[i];
      if (v === null || v === undefined || start < place.first || start >= place.last) return;
      const [y1, y2] = [place.y(v, strand), place.y(scale.base, strand)];
      const width = Math.max(place.unit - (place.unit >= 6 ? 1 : 0), 3);
      picked = make("svg:path", { class: "ec-track-bar", d: box(place.x(start + 0.5) - width / 2, Math.min(y1, y2), width, Math.max(Math.abs(y2 - y1), 1)) });
      bars.append(picked);
    }

    // words -------------------------------------------------------------------------------------------------------

    function tell(state, trace, now) {
      const v = data.values[now.index] ?? null;
      const name = called(now);
      const missing = absence(now.index);
      const what = { name, value: v, show: format(v), share: v === null ? "" : percent(v), trace, format };
      if (data.isTop) what.most = data.isTop[now.index] ? "all" : "none";
      const sentence = v === null || (missing && !data.isPart[now.index] && data.quantity.of === "cell") ? `${name} ${missing}.`
        : `${data.quantity.say(what)}${missing ? ` It ${missing}.` : ""}`;
      say(sentence);
      value.replaceChildren(`window ${now.number}: `, v === null ? "\u2013" : number(data.name, v));
      attributes(plot, { "aria-valuemax": trace.scores.length, "aria-valuenow": now.index + 1, "aria-valuetext": sentence });
    }

    function valuesTable() {
      if (!data || store.error) return make("p", {}, store.error);
      const { state, trace } = store;
      const [first, last] = inView(state);
      const head = ["window", ...(state.both_strands ? ["strand"] : []), "first letter", data.quantity.title];
      if (data.isTop) head.push("Gradient of max");
      head.push("note");
      const rows = [];
      data.values.forEach((v, i) => {
        if (trace.starts[i] < first || trace.starts[i] >= last) return;
        const row = [String((i % data.count) + 1)];
        if (state.both_strands) row.push(i < data.count ? "given" : "other");
        row.push(String(trace.starts[i] + 1).replace("-", "\u2212"), v === null ? "\u2013" : number(`${data.name}-${i}`, v));
        if (data.isTop) row.push(number(`max-gradient-${i}`, Number(data.isTop[i])));
        rows.push([...row, absence(i) ?? ""]);
      });
      return table(`${data.quantity.title}: ${data.quantity.unit}; windows that start in view`, head, rows);
    }

    const ask = follow(store, draw, signal);
    onWidth(plot, ask, signal);
    model.on("change:options", ask);
    signal?.addEventListener("abort", () => model.off("change:options", ask));
  },
};

const at = (x) => Math.round(x * 10) / 10;
const box = (x, y, width, height) => `M${at(x)} ${at(y)}h${at(width)}v${at(height)}h${at(-width)}z`;
const power = (n) => (n === 0 ? "1" : `10${superscript(n)}`);
const superscript = (n) => String(n).replace("-", "\u207b").replace(/\d/g, (d) => "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[d]);

/** The ticks that stand apart by at least a part of the axis, the first ones first. */
function apart(ticks, y, room) {
  const kept = [];
  for (const tick of ticks) if (kept.every(([v]) => Math.abs(y(v) - y(tick[0])) > 0.6 / Math.max(room, 1))) kept.push(tick);
  return kept;
}
