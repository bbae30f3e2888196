// Posterior track: one quantity of the trace over the windows, each at the letter where its window starts, so that it lies
// letter by letter above or under the strip. The other strand hangs below, mirrored.
//
// options: {quantity, by_step, height, sentence, live}
//   by_step   a quantity, or null for no track, for each value of `step`; instead of `quantity`. While the walk is between
//             two steps, so are the bars and the axis
//   quantity  "scores", "activated", "cells", "shifted", "exponentials", "weights", "posterior" (default), "weighted",
//             "running" or "gradient"; may be set again later
//   height    of the drawing of one strand, in rem (default 6); `narrow` where the plot is narrower than 30 rem
//   sentence  "visible" (default) or "hidden"
//   live      false: the sentence is never spoken on its own
// state: what the trace depends on, cursor, zoom, and scale ("linear" or "log", of shares and slopes)
//
// The pointer takes the cursor along; where it leaves without a click, the cursor goes back.

import { voice } from "../lib/a11y.js";
import { called, cursorKeys, inView, partial, windowAt, windows, zoomBy } from "../lib/cursor.js";
import { attributes, hatch, make } from "../lib/dom.js";
import { follow, onWidth, widthOf } from "../lib/drawing.js";
import { onHover, zoomKey } from "../lib/input.js";
import { momentOf, onMotion } from "../lib/motion.js";
import { format, number, percent } from "../lib/numbers.js";
import { box, px } from "../lib/paths.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import { drawMoment } from "./moving.js";
import { barPaths, before, behind, meter, optionsOf, pathsOf, stair, strandsOf, totalOf, viewOf, zeroLine } from "./still.js";
import CSS from "./style.css";
import { QUANTITIES, read } from "./values.js";

/** @typedef {import("./still.js").Scene} Scene */

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const scene = sceneOf(model, exports.store, el);
    onPlot(scene);
    const ask = follow(scene.store, (state, trace, names) => draw(scene, state, trace, names), signal);
    onMotion(scene.store, () => move(scene), signal);
    onWidth(scene.plot, ask, signal);
    model.on("change:options", ask);
    signal?.addEventListener("abort", () => model.off("change:options", ask));
  },
};

/**
 * What is drawn: the elements, the store, and what holds from one drawing to the next.
 *
 * @param {Model} model
 * @param {Store} store
 * @param {HTMLElement} el
 */
function sceneOf(model, store, el) {
  const section = panel(el, "track", "", CSS);
  const scene = /** @type {Scene} */ (/** @type {unknown} */ ({
    model, store, section, ...plotParts(),
    title: make("span", { class: "ec-panel-title" }),
    unit: make("span", { class: "ec-soft" }),
    value: make("span", { class: "ec-track-value ep-from-explore" }),
    logButton: make("button", { type: "button", onclick: () => store.set({ scale: store.state.scale === "log" ? "linear" : "log" }) }, "Log scale"),
    keyBox: make("div", { class: "ec-track-key" }),
    warning: make("p", { class: "ec-panel-warning" }),
    place: null, // where letters lie, and the strands
    data: null, // of the quantity: see `read`
    scale: null, // of its values
    drawn: "", // what the quiet part of the picture is drawn for
    picked: null, // the bar under the cursor
    pair: null, // the pictures between which it is
    total: make("span", { class: "ec-track-total ec-soft" }),
  }));
  const { title, unit, value, total, logButton, plot, keyBox, warning } = scene;
  const best = make("button", { type: "button", "aria-label": "Go to the largest", onclick: () => toLargest(scene) }, "Largest");
  section.append(make("div", { class: "ec-panel-head" }, title, unit, total, value, make("div", { class: "ec-panel-tools ep-from-explore" }, best, logButton)), plot, keyBox, warning);
  const say = voice(section, model.get("options"));
  return Object.assign(scene, { say, refreshTable: numbers(section, "The numbers as a table", () => valuesTable(scene)) });
}

function plotParts() {
  const svg = make("svg:svg", { "aria-hidden": "true" });
  const plot = make("div", { class: "ec-track-plot", tabindex: "0", role: "slider", "aria-valuemin": "1", "aria-orientation": "horizontal" }, svg);
  const hatching = hatch(svg);
  const [back, here, bars, front, moving] = ["back", "cursor", "bars", "front", "moving"].map((name) => make("svg:g", { "data-name": name }));
  svg.append(back, here, bars, front, moving);
  return { svg, plot, hatching, back, here, bars, front, moving };
}

// numbers ---------------------------------------------------------------------------------------------------------------

/**
 * Why a window takes no part, as the rest of a sentence; null if it does.
 *
 * @param {Scene} scene
 * @param {number} i
 */
function absence({ store, data }, i) {
  const { state, trace } = store;
  const gap = trace.whole[i] ? null : partial(state.codes, trace.starts[i], trace.width);
  if (data.isPart[i]) return gap && `${gap}, so that its score is a partial sum; behind a rectifier it takes part all the same`;
  if (gap && state.activation === "identity") return `${gap} and takes no part`;
  if (data.cellAt[i] < 0) return `is not the best of its ${state.local_window} neighbours and takes no part`;
  return "scores below the mean and takes no part in mode 1";
}

/** @param {Scene} scene */
function toLargest({ store, data }) {
  if (!data || store.error) return;
  let best = -1;
  data.values.forEach((v, i) => {
    if (v !== null && (data.isPart[i] || data.quantity.of === "window") && (best < 0 || v > (data.values[best] ?? -Infinity))) best = i;
  });
  if (best >= 0) store.set({ cursor: best });
}

/**
 * @param {Scene} scene
 * @param {MouseEvent} event
 */
function cursorAt({ store, svg, place, data }, event) {
  if (!data || store.error) return null;
  const box = svg.getBoundingClientRect();
  const { count, first } = windows(store.state);
  const strand = store.state.both_strands && event.clientY - box.top > place.middle ? 1 : 0;
  const start = Math.floor(place.at(event.clientX - box.left));
  return Math.min(Math.max(start - first, 0), count - 1) + strand * count;
}

/** @param {Scene} scene */
function onPlot(scene) {
  const { plot, store } = scene;
  onHover(plot, store, (event) => cursorAt(scene, event));
  plot.addEventListener("keydown", (event) => zoomKey(event, store, (factor) => {
    const middle = windowAt(store.state).start + windows(store.state).width / 2;
    store.set({ zoom: zoomBy(store.state, factor, middle) });
  }));
  cursorKeys(plot, store);
}

// drawing ---------------------------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {Trace} trace
 * @param {Set<string> | null} names
 */
function draw(scene, state, trace, names) {
  const { store, section, plot, warning, refreshTable } = scene;
  warning.textContent = store.error ? `${scene.data ? "Shown is the last state that could be computed. " : ""}${store.error}` : "";
  if (!trace || store.error) return;
  const { quantity, by_step: bySteps = null } = optionsOf(scene);
  const { from, to } = momentOf(store);
  const name = bySteps ? (bySteps[state.step] ?? bySteps[to] ?? bySteps[from]) : quantity;
  section.hidden = !name;
  if (!name) return;
  const isNew = scene.data?.trace !== trace || scene.data?.name !== name || !names;
  if (isNew) scene.data = read(state, trace, QUANTITIES[name] ? name : "posterior");
  const isLog = state.scale === "log" && ["share", "slope"].includes(scene.data.quantity.kind);
  const key = JSON.stringify([inView(state), widthOf(plot), isLog]);
  if (isNew || key !== scene.drawn) {
    scene.drawn = key;
    layOut(scene, state, isLog);
    drawBars(scene, state, trace);
    scene.pair = null;
    refreshTable();
  }
  drawCursor(scene, state, trace);
  drawMoment(scene);
}

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {boolean} isLog
 */
function layOut(scene, state, isLog) {
  const { section, title, unit, logButton, svg, plot, data, total } = scene;
  const { quantity } = data;
  section.setAttribute("aria-label", quantity.title);
  section.classList.toggle("is-share", quantity.kind === "share");
  section.classList.toggle("is-slope", quantity.kind === "slope");
  title.textContent = quantity.title;
  unit.textContent = quantity.unit;
  logButton.hidden = quantity.kind !== "share" && quantity.kind !== "slope";
  logButton.setAttribute("aria-pressed", String(isLog));
  plot.setAttribute("aria-label", `${quantity.title}: window`);

  total.hidden = quantity.kind !== "share";
  if (!total.hidden) total.replaceChildren(`\u03a3 = ${format(totalOf(data))}`, meter(totalOf(data)));
  Object.assign(scene, viewOf(scene, state, data, isLog));
  attributes(svg, { height: scene.place.bottom + 0.5 * scene.place.rem });
}

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {Trace} trace
 */
function drawBars(scene, state, trace) {
  const { back, bars, front, place, scale, hatching } = scene;
  back.replaceChildren(...strandsOf(state).flatMap((strand) => behind(scene, trace, strand, hatching)));
  bars.replaceChildren(...strandsOf(state).flatMap((strand) => {
    const [part, rest] = pathsOf(scene, trace, strand);
    const level = (/** @type {number} */ i) => place.y(scene.data.bases?.[i] ?? trace.pooled, strand);
    return [...barPaths(part, rest), zeroLine(place, place.y(scale.base, strand)), make("svg:path", { class: "ec-track-stair", d: stair(scene, strand, level) })];
  }));
  front.replaceChildren(...before(scene, state, trace));
  drawKey(scene, state, trace);
}

/**
 * In a frame of a motion: draw the bars alone; with the last one the still picture again.
 *
 * @param {Scene} scene
 */
function move(scene) {
  const { store, section } = scene;
  if (!optionsOf(scene).by_step || !store.trace || store.error) return;
  const { from, to } = momentOf(store);
  if (section.hidden || !scene.data || (from === to && from === store.state.step)) draw(scene, store.state, store.trace, new Set());
  else drawMoment(scene);
}

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {Trace} trace
 */
function drawKey(scene, state, trace) {
  const { keyBox, data, hatching } = scene;
  const items = data.isTop ? gradientKey(data, state, trace) : [];
  const broken = trace.whole.filter((isWhole) => !isWhole).length;
  const absent = trace.whole.filter((isWhole, i) => isWhole && !data.isPart[i]).length;
  const square = { stroke: "var(--ink-soft)", d: "M1 1h14v14H1z" };
  const add = (/** @type {string} */ name, /** @type {Record<string, string>} */ look, /** @type {string} */ words) => items.push(make("span", { "data-name": name }, swatch({ ...look, ...square }), words));
  if (broken) add("partial", { fill: hatching }, `${counted(broken)} over padding or unknown letters: a partial sum${state.activation === "identity" ? ", takes no part" : ""}`);
  if (absent) {
    const reason = [state.local_window > 1 && "no local winner", state.mode === 1 && "below the mean"].filter(Boolean).join(" or ");
    add("absent", { class: "ec-track-out" }, `${counted(absent)} ${absent > 1 ? "take" : "takes"} no part: ${reason}`);
  }
  keyBox.replaceChildren(...items);
}

/** @param {number} n */
const counted = (n) => `${n} ${n === 1 ? "window" : "windows"}`;
/** @param {Record<string, string>} look */
const swatch = (look) => make("svg:svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, make("svg:path", look));

/**
 * @param {import("./values.js").Data} data
 * @param {State} state
 * @param {Trace} trace
 */
function gradientKey({ values, isPart }, { m }, { pooled }) {
  const items = [
    make("span", {}, swatch({ class: "ec-track-bars", d: "M8 1l7 7-7 7-7-7z" }), "ePool spreads it"),
    make("span", {}, swatch({ class: "ec-track-max", d: "M8 3l6 10H2z" }), "max gives all to one window"),
  ];
  if (!(m > 0)) return items;
  const negative = values.filter((v) => (v ?? 0) < 0).length;
  const where = `: ${negative} of ${isPart.filter(Boolean).length} windows`;
  return [...items, make("span", {}, make("span", {}, "below 0 where the score is under ePool \u2212 1/m = ", number("threshold", pooled - 1 / m), where))];
}

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {Trace} trace
 */
function drawCursor(scene, state, trace) {
  const { here, place, scale } = scene;
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
    here.append(make("svg:path", { class: "ec-track-at", d: `M${px(x)} ${px(end)}V${px(place.y(scale.base, now.strand))}` }));
  }
  drawPicked(scene, i, start, now.strand);
  tell(scene, state, trace, now);
}

/**
 * @param {Scene} scene
 * @param {number} i
 * @param {number} start
 * @param {number} strand
 */
function drawPicked(scene, i, start, strand) {
  const { bars, place, data, scale } = scene;
  scene.picked?.remove();
  scene.picked = null;
  const v = data.values[i];
  if (v === null || v === undefined || start < place.first || start >= place.last) return;
  const [y1, y2] = [place.y(v, strand), place.y(data.bases?.[i] ?? scale.base, strand)];
  const width = Math.max(place.unit - (place.unit >= 6 ? 1 : 0), 3);
  scene.picked = make("svg:path", { class: "ec-track-bar", d: box(place.x(start + 0.5) - width / 2, Math.min(y1, y2), width, Math.max(Math.abs(y2 - y1), 1)) });
  bars.append(scene.picked);
}

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {Trace} trace
 * @param {ReturnType<typeof windowAt>} now
 */
function tell(scene, state, trace, now) {
  const { value, plot, say, data } = scene;
  const v = data.values[now.index] ?? null;
  const name = called(now);
  const missing = absence(scene, now.index);
  /** @type {import("./values.js").Found} */
  const what = { name, value: v, show: format(v), share: v === null ? "" : percent(v), trace, format };
  if (data.isTop) what.most = data.isTop[now.index] ? "all" : "none";
  const sentence = v === null || (missing && !data.isPart[now.index] && data.quantity.of === "cell") ? `${name} ${missing}.`
    : `${data.quantity.say(what)}${missing ? ` It ${missing}.` : ""}`;
  say(sentence);
  value.replaceChildren(`window ${now.number}: `, v === null ? "\u2013" : number(data.name, v));
  attributes(plot, { "aria-valuemax": trace.scores.length, "aria-valuenow": now.index + 1, "aria-valuetext": sentence });
}

/** @param {Scene} scene */
function valuesTable(scene) {
  const { store, data } = scene;
  if (!data || store.error) return make("p", {}, store.error);
  const { state, trace } = store;
  const [first, last] = inView(state);
  const head = ["window", ...(state.both_strands ? ["strand"] : []), "first letter", data.quantity.title];
  if (data.isTop) head.push("Gradient of max");
  head.push("note");
  /** @type {Child[][]} */
  const rows = [];
  data.values.forEach((v, i) => {
    if (trace.starts[i] < first || trace.starts[i] >= last) return;
    /** @type {Child[]} */
    const row = [String((i % data.count) + 1)];
    if (state.both_strands) row.push(i < data.count ? "given" : "other");
    row.push(String(trace.starts[i] + 1).replace("-", "\u2212"), v === null ? "\u2013" : number(`${data.name}-${i}`, v));
    if (data.isTop) row.push(number(`max-gradient-${i}`, Number(data.isTop[i])));
    rows.push([...row, absence(scene, i) ?? ""]);
  });
  return table(`${data.quantity.title}: ${data.quantity.unit}; windows that start in view`, head, rows);
}
