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
import { called, cursorKeys, inView, lane, partial, windowAt, windows, zoomBy } from "../lib/cursor.js";
import { attributes, hatch, make } from "../lib/dom.js";
import { follow, onWidth, widthOf } from "../lib/drawing.js";
import { onHover, zoomKey } from "../lib/input.js";
import { between, momentOf, onMotion, sliding, within } from "../lib/motion.js";
import { format, number, percent } from "../lib/numbers.js";
import { box, px } from "../lib/paths.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import { axisBetween, barsBetween, barsDropped, barsGrown, timeOfValues } from "./motion.js";
import CSS from "./style.css";
import { extremesOf, QUANTITIES, read, scaleOf } from "./values.js";

/**
 * What is drawn.
 *
 * @typedef {ReturnType<typeof placeOf> & {y: (v: number, strand: number) => number}} Place
 * @typedef {{ place: Place, data: import("./values.js").Data, scale: import("./values.js").Scale }} View
 * @typedef {ReturnType<typeof pairOf>} Pair
 * @typedef {{
 *   model: Model, store: Store, section: HTMLElement, svg: SVGSVGElement, plot: HTMLElement, hatching: string,
 *   back: SVGGElement, here: SVGGElement, bars: SVGGElement, front: SVGGElement, moving: SVGGElement, total: HTMLElement,
 *   pair: Pair | null,
 *   title: HTMLElement, unit: HTMLElement, value: HTMLElement, logButton: HTMLElement, keyBox: HTMLElement, warning: HTMLElement,
 *   place: Place, data: import("./values.js").Data, scale: import("./values.js").Scale, drawn: string, picked: SVGPathElement | null,
 *   say: (text: string) => void, refreshTable: () => void,
 * }} Scene `place`, `data` and `scale` are null before the first drawing
 */

const NARROW = 30; // rem

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

/** @param {Scene} scene */
const options = ({ model }) => ({ quantity: "posterior", height: 6, ...model.get("options") });

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
  const { quantity, by_step: bySteps = null } = options(scene);
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
 * A quantity on its axis.
 *
 * @param {Scene} scene
 * @param {State} state
 * @param {import("./values.js").Data} data
 * @param {boolean} isLog
 * @returns {View}
 */
function viewOf(scene, state, data, isLog) {
  const place = placeOf(scene, state, data);
  const scale = scaleOf(data, isLog, Math.max(Math.floor(place.size / (1.7 * place.rem)), 1));
  return { data, scale, place: { ...place, y: (v, strand) => heightAt(place, scale.y(v), strand) } };
}

/**
 * Where a part of the axis lies on the page.
 *
 * @param {{ top: number, bottom: number, size: number }} place
 * @param {number} part
 * @param {number} strand
 */
const heightAt = ({ top, bottom, size }, part, strand) => (strand ? bottom - size : top + size) + (strand ? 1 : -1) * part * size;

/** @param {import("./values.js").Data} data */
const totalOf = ({ values }) => values.reduce((/** @type {number} */ sum, v) => sum + (v ?? 0), 0);

/**
 * How far a total fills its meter, in which 1 lies at 0.6.
 *
 * @param {number} total
 */
const filled = (total) => (total < 1 ? 0.6 * total : 1 - 0.4 / total);

/** @param {number} total */
const meter = (total) => make("svg:svg", { class: "ec-track-meter", viewBox: "0 0 100 14", "aria-hidden": "true" },
  make("svg:rect", { y: 3, width: String(100 * filled(total)), height: 8 }), make("svg:path", { d: "M60 0v14" }));

/**
 * Where letters lie: of a lane, with the top and the height of a strand, the middle and the bottom of both.
 *
 * @param {Scene} scene
 * @param {State} state
 * @param {import("./values.js").Data} data
 */
function placeOf(scene, state, data) {
  const { plot } = scene;
  const { height, narrow = height } = options(scene);
  const place = lane(widthOf(plot), inView(state));
  const rems = widthOf(plot) < NARROW * place.rem ? narrow : height;
  const both = state.both_strands;
  const top = 0.5 * place.rem;
  const size = rems * place.rem * (both ? 0.75 : 1);
  const gap = both && data.low < 0 ? 0.75 * place.rem : 0;
  return { ...place, top, size, middle: top + size + gap / 2, bottom: top + size + (both ? gap + size : 0) };
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

/** @param {State} state */
const strandsOf = (state) => (state.both_strands ? [0, 1] : [0]);
/** @type {(place: Place, y: number) => SVGPathElement} */
const zeroLine = ({ left, right }, y) => make("svg:path", { class: "ec-track-zero", d: `M${px(left)} ${px(y)}H${px(right)}` });
/** @type {(part: string, rest: string) => SVGPathElement[]} */
const barPaths = (part, rest) => [make("svg:path", { class: "ec-track-bars", d: part }), make("svg:path", { class: "ec-track-bars ec-track-partial", d: rest })];

/**
 * The line on which the bars of a running sum stand, from the left to the right; "" for other quantities.
 *
 * @param {View} view
 * @param {number} strand
 * @param {(i: number) => number} level where the bar of a window begins, on the page
 */
function stair({ place, data }, strand, level) {
  if (!data.bases) return "";
  const from = strand * data.count;
  const first = data.trace.starts[from];
  const [a, b] = [Math.max(place.first - first, 0) + from, Math.min(place.last - first, data.count) + from];
  let [d, last] = [`M${px(place.left)} ${px(level(a))}`, level(a)];
  for (let i = a + 1; i < b; i++) {
    const y = level(i);
    if (Math.abs(y - last) < 0.05) continue;
    d += `H${px(place.x(first + i - from))}V${px(y)}`;
    last = y;
  }
  return `${d}H${px(place.x(first + b - from))}V${px(level(b))}H${px(place.right)}`;
}

/**
 * What lies behind the bars: the axis, and the columns of windows that take no part.
 *
 * @param {View} view
 * @param {Trace} trace
 * @param {number} strand
 * @param {string} hatching
 */
function behind(view, trace, strand, hatching) {
  const { place, data, scale } = view;
  /** @type {[number, string][]} */
  const ys = scale.ticks.map(([v, text]) => [place.y(v, strand), text]);
  const skip = strand && data.low >= 0 ? 1e-6 : -1; // the shared zero is written once
  const written = ys.filter(([y]) => !strand || y >= place.y(scale.base, strand) + skip);
  const [, , holes, absent] = pathsOf(view, trace, strand);
  const marks = ys.map(([y, text], i) => make("svg:g", { "data-value": scale.ticks[i][0], "data-strand": strand },
    make("svg:path", { class: "ec-track-axis", d: `M${px(place.left)} ${px(y)}H${px(place.right)}` }),
    written.includes(ys[i]) ? make("svg:text", { x: place.left - 6, y: px(y + 0.26 * place.rem), "text-anchor": "end" }, text) : null));
  return [
    ...marks,
    make("svg:path", { class: "ec-track-out", "data-name": "absent", d: absent }),
    make("svg:path", { class: "ec-track-hatch", "data-name": "partial", fill: hatching, d: holes }),
  ];
}

/**
 * What lies before the bars: the names of the strands, max pooling's gradient, the pooled value.
 *
 * @param {View} view
 * @param {State} state
 * @param {Trace} trace
 */
function before(view, state, trace) {
  const { place, data } = view;
  const name = (/** @type {string} */ text, /** @type {number} */ y) => make("svg:text", { class: "ec-track-strand", x: place.right, y, "text-anchor": "end" }, text);
  const names = state.both_strands ? [name("given strand", place.top + 0.45 * place.rem), name("other strand", place.bottom + 0.3 * place.rem)] : [];
  const isPooled = data.name === "running"
    || (data.quantity.kind === "score" && (["cells", "activated"].includes(data.name) || state.activation === "identity"));
  return [...names, ...(data.isTop ? topOf(view) : []), ...(isPooled ? strandsOf(state).flatMap((strand) => pooledOf(view, trace, strand)) : [])];
}

/**
 * @param {View} view
 * @param {Trace} trace
 * @param {number} strand
 */
function pooledOf({ place }, { pooled }, strand) {
  const y = place.y(pooled, strand);
  const line = make("svg:path", { class: "ec-track-pooled", d: `M${px(place.left)} ${px(y)}H${px(place.right)}` });
  const isHigh = y - place.top < 1.2 * place.rem;
  const at = { x: place.left + 6, y: px(isHigh ? y + 0.95 * place.rem : y - 0.3 * place.rem) };
  return strand ? [line] : [line, make("svg:text", { class: "ec-track-name", ...at }, `\u25c6 ePool ${format(pooled)}`)];
}

/**
 * Paths of a strand: bars, bars of windows that take no part, columns of partial windows, columns of absent ones.
 *
 * @param {View} view
 * @param {Trace} trace
 * @param {number} strand
 */
function pathsOf({ place, data, scale }, trace, strand) {
  /** @type {string[][]} */
  const out = [[], [], [], []];
  const from = strand * data.count;
  const first = trace.starts[from];
  const [a, b] = [Math.max(place.first, first) - first + from, Math.min(place.last - first, data.count) + from];
  const gap = place.unit >= 6 ? 1 : place.unit >= 3 ? 0.5 : 0;
  const perColumn = Math.max(1, Math.floor(1 / place.unit)); // narrower than a pixel: the highest and the lowest of a column
  for (let i = a; i < b; i += perColumn) {
    const end = Math.min(i + perColumn, b);
    const { high, low, isIn, isWhole, isAbsent } = extremesOf(data, trace.whole, i, end, scale.base);
    const x = place.x(first + i - from);
    const width = (end - i) * place.unit;
    if (!isWhole || isAbsent) out[isWhole ? 3 : 2].push(box(x, strand ? place.bottom - place.size : place.top, width, place.size));
    if (high === low) continue;
    const [y1, y2] = [place.y(high, strand), place.y(low, strand)];
    out[isIn ? 0 : 1].push(box(x + gap / 2, Math.min(y1, y2), Math.max(width - gap, 0.5), Math.abs(y2 - y1)));
  }
  return out.map((parts) => parts.join(""));
}

/**
 * Max pooling's gradient: all of it at one window.
 *
 * @param {View} view
 */
function topOf({ place, data }) {
  const i = (data.isTop ?? []).indexOf(true);
  const strand = i >= data.count ? 1 : 0;
  const start = data.trace.starts[i];
  if (start < place.first || start >= place.last) return [];
  const x = place.x(start + 0.5);
  const [zero, one] = [place.y(0, strand), place.y(1, strand)];
  const tip = strand ? -1 : 1;
  return [make("svg:path", { class: "ec-track-max", "data-name": "max", d: `M${px(x)} ${px(zero)}V${px(one)}m-5 ${tip * 4}h10l-5 ${-tip * 8}z` })];
}

// between two steps -----------------------------------------------------------------------------------------------------

/**
 * The pictures of two steps, and the elements between them; null where nothing moves.
 *
 * @param {Scene} scene
 * @param {import("../lib/motion.js").Moment} moment
 */
function pairOf(scene, { from, to, motion }) {
  const { store: { state, trace }, moving, hatching } = scene;
  const { by_step: bySteps } = options(scene);
  const names = [bySteps?.[from] ?? null, bySteps?.[to] ?? null];
  const isAtRest = from === to && from === state.step;
  if (!bySteps || isAtRest || !names.some(Boolean) || names.every((name) => name === bySteps[state.step])) return null;
  const [a, b] = names.map((name) => {
    if (!name) return null;
    const data = read(state, trace, name);
    return viewOf(scene, state, data, state.scale === "log" && ["share", "slope"].includes(data.quantity.kind));
  });
  const layer = (/** @type {View | null} */ view) => ({
    back: make("svg:g", {}, view && strandsOf(state).flatMap((strand) => behind(view, trace, strand, hatching))),
    front: make("svg:g", {}, view && before(view, state, trace)),
  });
  const layers = [layer(a), layer(b)];
  const strands = strandsOf(state).map(() => ({ bars: barPaths("", ""), zero: make("svg:path", { class: "ec-track-zero" }), line: make("svg:path", { class: "ec-track-stair" }) }));
  const picked = make("svg:path", { class: "ec-track-bar" });
  const bars = make("svg:g", {}, strands.map(({ bars: paths, zero, line }) => [...paths, zero, line]), picked);
  moving.replaceChildren(...layers.map(({ back }) => back), bars, ...layers.map(({ front }) => front));
  return { from, to, motion, a, b, layers, strands, picked, bars, view: /** @type {View} */ (b ?? a) };
}

/**
 * The bars at a moment, and how far the earlier picture has gone and the later one come.
 *
 * @param {Pair} pair
 * @param {number} t
 */
function stageOf(pair, t) {
  const { a, b, motion } = /** @type {NonNullable<Pair>} */ (pair);
  if (a && b) return { bars: barsBetween(a, b, t), gone: within(t, 0, 0.35), come: within(t, 0.65, 1) };
  if (!a && b && motion === "slide") {
    const { left } = sliding(t, b.data.count, 0);
    return { bars: barsDropped(b, left, b.data.count), gone: 1, come: within(t, 0, 0.1), ends: within(t, 0.9, 1) };
  }
  return b ? { bars: barsGrown(b, t), gone: 1, come: t } : { bars: barsGrown(/** @type {View} */ (a), 1 - t), gone: t, come: 0 };
}

/**
 * In a frame of a motion: draw the bars alone; with the last one the still picture again.
 *
 * @param {Scene} scene
 */
function move(scene) {
  const { store, section } = scene;
  if (!options(scene).by_step || !store.trace || store.error) return;
  const { from, to } = momentOf(store);
  if (section.hidden || !scene.data || (from === to && from === store.state.step)) draw(scene, store.state, store.trace, new Set());
  else drawMoment(scene);
}

/**
 * Draw the bars between two steps, or show the still picture.
 *
 * @param {Scene} scene
 */
function drawMoment(scene) {
  const { store: { state, trace }, back, bars, front, moving, plot, store } = scene;
  if (!widthOf(plot)) return; // not on the page
  const moment = momentOf(store);
  const isSame = scene.pair && scene.pair.from === moment.from && scene.pair.to === moment.to;
  const pair = (scene.pair = isSame && moment.from !== moment.to ? scene.pair : pairOf(scene, moment));
  for (const group of [back, bars, front]) group.setAttribute("display", pair ? "none" : "inline");
  if (!pair) {
    moving.replaceChildren();
    moveCursor(scene, moment);
    fill(scene, totalOf(scene.data));
    return;
  }
  const { bars: barsAt, gone, come, ends = come } = stageOf(pair, moment.t);
  const [a, b] = pair.layers;
  const views = [pair.a ?? pair.view, pair.b ?? pair.view];
  const place = { ...pair.view.place, bottom: between(views[0].place.bottom, views[1].place.bottom, moment.t) };
  for (const [group, opacity] of /** @type {[SVGGElement, number][]} */ ([[a.back, 1 - gone], [a.front, 1 - gone], [b.back, come], [b.front, ends]])) attributes(group, { opacity });
  moveAxes(pair, moment.t, place);
  moveCursor(scene, moment);
  pair.bars.style.fill = toneBetween(views[0], views[1], moment.t);
  strandsOf(state).forEach((strand) => drawMoving(pair, trace, strand, place, barsAt));
  drawMovingPick(scene, pair, place, barsAt);
  drawTotal(scene, pair, moment.t);
}

/**
 * The marks of both axes go where their values lie now.
 *
 * @param {NonNullable<Pair>} pair
 * @param {number} t
 * @param {{ top: number, bottom: number, size: number }} place
 */
function moveAxes({ a, b, layers }, t, place) {
  const y = a && b && axisBetween(a, b, t);
  if (!y) return;
  [a, b].forEach((view, k) => {
    for (const mark of /** @type {NodeListOf<SVGGElement>} */ (layers[k].back.querySelectorAll("[data-value]"))) {
      const [value, strand] = [Number(mark.dataset.value), Number(mark.dataset.strand)];
      const part = y(value);
      mark.setAttribute("transform", `translate(0 ${px(heightAt(place, part, strand) - view.place.y(value, strand))})`);
      mark.setAttribute("opacity", part < -0.02 || part > 1.02 ? "0" : "1");
    }
  });
}

/**
 * The window in hand goes along with the kernel.
 *
 * @param {Scene} scene
 * @param {import("../lib/motion.js").Moment} moment
 */
function moveCursor({ store: { state }, here, place }, { motion, t }) {
  const { count, first } = windows(state);
  const hand = windowAt(state).start - first;
  const by = motion === "slide" ? sliding(t, count, hand).at - hand : 0;
  here.setAttribute("transform", `translate(${px(by * place.unit)} 0)`);
}

/** @type {(a: View, b: View, t: number) => string} */
function toneBetween(a, b, t) {
  const tone = (/** @type {View} */ { data }) => (["share", "slope"].includes(data.quantity.kind) ? "var(--method-expectation)" : "var(--ink-soft)");
  return `color-mix(in srgb, ${tone(b)} ${Math.round(100 * t)}%, ${tone(a)})`;
}

/**
 * @param {NonNullable<Pair>} pair
 * @param {Trace} trace
 * @param {number} strand
 * @param {{ top: number, bottom: number, size: number }} ends
 * @param {import("./motion.js").Bars} barsAt
 */
function drawMoving({ view, strands }, trace, strand, ends, barsAt) {
  const { place, data } = view;
  const from = strand * data.count;
  const first = trace.starts[from];
  const [a, b] = [Math.max(place.first, first) - first + from, Math.min(place.last - first, data.count) + from];
  const gap = place.unit >= 6 ? 1 : place.unit >= 3 ? 0.5 : 0;
  const perColumn = Math.max(1, Math.floor(1 / place.unit));
  const out = ["", ""];
  for (let i = a; i < b; i += perColumn) {
    let [low, high, isIn] = [Infinity, -Infinity, false];
    const end = Math.min(i + perColumn, b);
    for (let k = i; k < end; k++) {
      const [base, tip] = barsAt(k);
      [low, high, isIn] = [Math.min(low, base, tip), Math.max(high, base, tip), isIn || data.isPart[k]];
    }
    if (high === low) continue;
    const [y1, y2] = [heightAt(ends, high, strand), heightAt(ends, low, strand)];
    out[isIn ? 0 : 1] += box(place.x(first + i - from) + gap / 2, Math.min(y1, y2), Math.max((end - i) * place.unit - gap, 0.5), Math.abs(y2 - y1));
  }
  strands[strand].bars.forEach((path, k) => path.setAttribute("d", out[k]));
  const zero = heightAt(ends, barsAt(-1)[0], strand);
  strands[strand].zero.setAttribute("d", `M${px(place.left)} ${px(zero)}H${px(place.right)}`);
  if (data.bases) strands[strand].line.setAttribute("d", stair(view, strand, (i) => heightAt(ends, i in data.values ? barsAt(i)[0] : barsAt(i - 1)[1], strand)));
}

/**
 * The bar of the window in hand.
 *
 * @param {Scene} scene
 * @param {NonNullable<Pair>} pair
 * @param {{ top: number, bottom: number, size: number }} ends
 * @param {import("./motion.js").Bars} barsAt
 */
function drawMovingPick({ store: { state, trace } }, { view: { place, data }, picked }, ends, barsAt) {
  const { index: i, strand } = windowAt(state, Math.min(state.cursor, trace.scores.length - 1));
  const start = trace.starts[i];
  const isShown = data.values[i] !== null && start >= place.first && start < place.last;
  const [base, tip] = barsAt(i).map((part) => heightAt(ends, part, strand));
  const width = Math.max(place.unit - (place.unit >= 6 ? 1 : 0), 3);
  picked.setAttribute("d", isShown ? box(place.x(start + 0.5) - width / 2, Math.min(base, tip), width, Math.abs(tip - base)) : "");
}

/**
 * The meter of the total runs along; its number is that of the step.
 *
 * @param {Scene} scene
 * @param {NonNullable<Pair>} pair
 * @param {number} t
 */
function drawTotal(scene, { a, b }, t) {
  if (!a || !b || [a, b].some(({ data }) => data.quantity.kind !== "share")) return;
  fill(scene, between(totalOf(a.data), totalOf(b.data), timeOfValues(a, b, t)));
}

/** @type {(scene: Scene, total: number) => void} */
const fill = (scene, total) => scene.total.hidden || scene.total.querySelector("rect")?.setAttribute("width", String(100 * filled(total)));

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
