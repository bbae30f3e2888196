// A track between two steps: over the still pictures of both lies one that moves.

import { startNow, windowAt } from "../lib/cursor.js";
import { attributes, make } from "../lib/dom.js";
import { widthOf } from "../lib/drawing.js";
import { between, momentOf, sliding, within } from "../lib/motion.js";
import { box, px } from "../lib/paths.js";
import { axisBetween, barsBetween, barsDropped, barsGrown, timeOfValues } from "./motion.js";
import { barPaths, before, behind, filled, heightAt, optionsOf, stair, strandsOf, totalOf, viewOf } from "./still.js";
import { read } from "./values.js";

/** @typedef {import("./still.js").Scene} Scene */
/** @typedef {import("./still.js").View} View */
/** @typedef {NonNullable<ReturnType<typeof pairOf>>} Pair */

/**
 * The pictures of two steps, and the elements between them; null where nothing moves.
 *
 * @param {Scene} scene
 * @param {import("../lib/motion.js").Moment} moment
 */
function pairOf(scene, { from, to, motion }) {
  const { store: { state, trace }, moving, hatching } = scene;
  const { by_step: bySteps } = optionsOf(scene);
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
  const { a, b, motion } = pair;
  if (a && b) return { bars: barsBetween(a, b, t), gone: within(t, 0, 0.35), come: within(t, 0.65, 1) };
  if (!a && b && motion === "slide") {
    const { left } = sliding(t, b.data.count, 0);
    return { bars: barsDropped(b, left, b.data.count), gone: 1, come: within(t, 0, 0.1), ends: within(t, 0.9, 1) };
  }
  return b ? { bars: barsGrown(b, t), gone: 1, come: t } : { bars: barsGrown(/** @type {View} */ (a), 1 - t), gone: t, come: 0 };
}

/**
 * Draw the bars between two steps, or show the still picture.
 *
 * @param {Scene} scene
 */
export function drawMoment(scene) {
  const { store: { state, trace }, back, bars, front, moving, plot, store } = scene;
  if (!widthOf(plot)) return; // not on the page
  const moment = momentOf(store);
  const isSame = scene.pair && scene.pair.from === moment.from && scene.pair.to === moment.to;
  const pair = (scene.pair = isSame && moment.from !== moment.to ? scene.pair : pairOf(scene, moment));
  for (const group of [back, bars, front]) group.setAttribute("display", pair ? "none" : "inline");
  if (!pair) {
    moving.replaceChildren();
    moveCursor(scene);
    fill(scene, totalOf(scene.data));
    return;
  }
  const { bars: barsAt, gone, come, ends = come } = stageOf(pair, moment.t);
  const [a, b] = pair.layers;
  const views = [pair.a ?? pair.view, pair.b ?? pair.view];
  const place = { ...pair.view.place, bottom: between(views[0].place.bottom, views[1].place.bottom, moment.t) };
  for (const [group, opacity] of /** @type {[SVGGElement, number][]} */ ([[a.back, 1 - gone], [a.front, 1 - gone], [b.back, come], [b.front, ends]])) attributes(group, { opacity });
  moveAxes(pair, moment.t, place);
  moveCursor(scene);
  pair.bars.style.fill = toneBetween(views[0], views[1], moment.t);
  strandsOf(state).forEach((strand) => drawMoving(pair, trace, strand, place, barsAt));
  drawMovingPick(scene, pair, place, barsAt);
  drawTotal(scene, pair, moment.t);
}

/**
 * The marks of both axes go where their values lie now.
 *
 * @param {Pair} pair
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
 */
function moveCursor({ store, here, place }) {
  here.setAttribute("transform", `translate(${px((startNow(store) - windowAt(store.state).start) * place.unit)} 0)`);
}

/** @type {(a: View, b: View, t: number) => string} */
function toneBetween(a, b, t) {
  const tone = (/** @type {View} */ { data }) => (["share", "slope"].includes(data.quantity.kind) ? "var(--method-expectation)" : "var(--ink-soft)");
  return `color-mix(in srgb, ${tone(b)} ${Math.round(100 * t)}%, ${tone(a)})`;
}

/**
 * @param {Pair} pair
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
 * @param {Pair} pair
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
 * @param {Pair} pair
 * @param {number} t
 */
function drawTotal(scene, { a, b }, t) {
  if (!a || !b || [a, b].some(({ data }) => data.quantity.kind !== "share")) return;
  fill(scene, between(totalOf(a.data), totalOf(b.data), timeOfValues(a, b, t)));
}

/** @type {(scene: Scene, total: number) => void} */
function fill({ total: box }, total) {
  const bar = box.querySelector("i");
  if (bar && !box.hidden) bar.style.width = `${100 * filled(total)}%`;
}
