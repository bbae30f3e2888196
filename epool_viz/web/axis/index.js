// Pooled axis: average <= ePool <= max, and log-sum-exp, on one axis. Log-sum-exp lies entropy / m above ePool: what the
// posterior does not know is what the free energy has on top of the expectation.
//
// options: {sentence, live}
//   sentence  "visible" (default) or "hidden"
//   live      false: the sentence is never spoken on its own
// state: only what the trace depends on
//
// Above the axis ePool and log-sum-exp, below it average and max: on each side the order never changes, so two labels
// need only keep their distance. Log-sum-exp far beyond max is drawn at the end, behind a break.

import { onArrows, voice } from "../lib/a11y.js";
import { attributes, make } from "../lib/dom.js";
import { follow, onWidth, remOf, widthOf } from "../lib/drawing.js";
import { format, number, residue } from "../lib/numbers.js";
import { px } from "../lib/paths.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import { ticksOf } from "../lib/ticks.js";
import CSS from "./style.css";

/**
 * What is drawn.
 *
 * @typedef {"average" | "expectation" | "max" | "logsumexp"} Method
 * @typedef {ReturnType<typeof measure> & {trace: Trace}} Measured
 * @typedef {ReturnType<typeof scaleOf>} Scale
 * @typedef {{
 *   store: Store, svg: SVGSVGElement, list: HTMLElement, plot: HTMLElement, facts: HTMLElement, warning: HTMLElement,
 *   amounts: Record<Method, HTMLElement>, labels: Record<Method, HTMLElement>, at: Method, what: Measured, rem: number,
 *   ask: () => void, say: (text: string) => void, refreshTable: () => void,
 * }} Scene `what` is null before the first drawing
 */

// name, short name, how it is read, shape around (0, 0), which side of the axis
const METHODS = {
  average: { name: "average", shape: "M-6 0a6 6 0 1 1 12 0a6 6 0 1 1-12 0z", says: "every window alike; ePool at m = 0" },
  expectation: { name: "ePool", shape: "M0-8L8 0L0 8L-8 0z", says: "every window by its posterior" },
  max: { name: "max", shape: "M0-7L7 6H-7z", says: "the best window alone; ePool as m grows without bound" },
  logsumexp: { name: "log-sum-exp", shape: "M-6-6H6V6H-6z", says: "the log evidence of the sequence, to a constant" },
};

/** @type {Method[]} */
const ORDER = ["average", "expectation", "max", "logsumexp"];

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const scene = sceneOf(model, exports.store, el);
    onLabels(scene);
    scene.ask = follow(scene.store, (state, trace, names) => draw(scene, state, trace, names), signal);
    onWidth(scene.plot, scene.ask, signal);
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
  const section = panel(el, "axis", "Pooled values", CSS);
  const svg = make("svg:svg", { "aria-hidden": "true" });
  const amounts = Object.fromEntries(ORDER.map((key) => [key, make("span")]));
  const labels = Object.fromEntries(ORDER.map((key) => [key, labelOf(key, amounts[key])]));
  const list = make("ul", { "aria-label": "Pooled values; left and right go from one to the next" }, Object.values(labels));
  const plot = make("div", { class: "ec-axis-plot" }, svg, list);
  const facts = make("div", { class: "ec-axis-facts" });
  const warning = make("p", { class: "ec-panel-warning" });
  labels.expectation.tabIndex = 0;
  section.append(make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, "One number for the sequence")), plot, facts, warning);
  const scene = /** @type {Scene} */ (/** @type {unknown} */ ({
    store, svg, amounts, labels, list, plot, facts, warning,
    say: voice(section, model.get("options")),
    at: "expectation", // the label that the Tab key reaches
    what: null, // is drawn: see `measure`
    rem: 16,
    ask: () => {}, // draw again
  }));
  return Object.assign(scene, { refreshTable: numbers(section, "The numbers as a table", () => valuesTable(scene)) });
}

/**
 * @param {Method} key
 * @param {HTMLElement} amount
 */
function labelOf(key, amount) {
  const { name, shape, says } = METHODS[key];
  const mark = make("svg:svg", { class: "ec-axis-shape", viewBox: "-9 -9 18 18", "aria-hidden": "true" }, make("svg:path", { class: "ec-axis-mark", d: shape }));
  return make("li", { class: `ec-axis-label is-${key}`, tabindex: "-1", title: says, "data-method": key }, make("b", {}, mark, name), make("small", {}, amount));
}

// the hand --------------------------------------------------------------------------------------------------------------

/** @param {HTMLElement} label */
const methodOf = (label) => /** @type {Method} */ (label.dataset.method);

/** @param {Scene} scene */
function onLabels(scene) {
  const { list, labels } = scene;
  const there = () => ORDER.filter((key) => !labels[key].hidden);
  const toPlace = (/** @type {number} */ i) => focus(scene, there()[Math.min(Math.max(i, 0), there().length - 1)]);
  onArrows(list, (by) => toPlace(there().indexOf(scene.at) + Math.sign(by)), (end) => toPlace(end === "first" ? 0 : Infinity));
  list.addEventListener("focusin", (event) => {
    scene.at = methodOf(/** @type {HTMLElement} */ (event.target));
    scene.ask();
  });
  list.addEventListener("focusout", () => scene.ask());
}

/**
 * @param {Scene} scene
 * @param {Method} key
 */
function focus(scene, key) {
  const { labels } = scene;
  scene.at = key;
  for (const other of ORDER) labels[other].tabIndex = other === key ? 0 : -1;
  labels[key].focus();
}

// numbers ---------------------------------------------------------------------------------------------------------------

/**
 * @param {State} state
 * @param {Trace} trace
 */
function measure(state, trace) {
  const isAboveZero = state.m > 0;
  const share = isAboveZero ? trace.entropy / state.m : Infinity;
  const end = isAboveZero ? trace.pooled + share : Infinity;
  return {
    values: { average: trace.average, expectation: trace.pooled, max: trace.maximum, logsumexp: trace.logSumExp ?? Infinity },
    entropy: trace.entropy, share, end, effective: trace.effectiveWindows,
    cells: trace.takingPart.filter(Boolean).length,
    residual: isAboveZero ? Math.abs((trace.logSumExp ?? Infinity) - end) : null,
    isAboveZero, isAll: state.mode === 0, unit: state.local_window > 1 ? "local winners" : "windows",
  };
}

// drawing ---------------------------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {Trace} trace
 * @param {Set<string> | null} names
 */
function draw(scene, state, trace, names) {
  const { store, warning, refreshTable } = scene;
  warning.textContent = store.error ? `${scene.what ? "Shown are the last values that could be computed. " : ""}${store.error}` : "";
  if (!trace || store.error || (names && scene.what?.trace === trace && names.size && !names.has("m") && !names.has("mode"))) return;
  scene.what = { ...measure(state, trace), trace };
  scene.rem = remOf();
  drawAxis(scene);
  drawFacts(scene, state);
  tell(scene);
  refreshTable();
}

/**
 * Where values lie; what is above `high` lies at the end, behind the break.
 *
 * @param {Scene} scene
 * @param {number} width
 */
function scaleOf({ what, rem }, width) {
  const { values, isAboveZero } = what;
  const span = values.max - values.average;
  const room = Math.max(span, 1e-9 * Math.max(1, Math.abs(values.max)));
  const isBroken = isAboveZero && values.logsumexp > values.max + 1.25 * room;
  const top = isAboveZero && !isBroken ? Math.max(values.logsumexp, values.max) : values.max;
  const pad = 0.08 * Math.max(top - values.average, room);
  const [low, high] = [values.average - pad, top + pad];
  const [left, right] = [1 * rem, width - 1 * rem];
  const stop = isBroken ? left + 0.62 * (right - left) : right;
  const inside = (/** @type {number} */ v) => left + ((v - low) / (high - low)) * (stop - left);
  const x = (/** @type {number} */ v) => (v > high + 1e-12 * Math.abs(high) ? right - 1.5 * rem : inside(v));
  return { low, high, left, right, stop, isBroken, x };
}

/** @param {Scene} scene */
function drawAxis(scene) {
  const { svg, plot, what, rem } = scene;
  const width = widthOf(plot);
  const scale = scaleOf(scene, width);
  const rise = (what.isAboveZero ? 6.1 : 4) * rem; // of the axis below the top
  const height = rise + 4.9 * rem;
  attributes(svg, { height });
  plot.style.height = `${height}px`;
  svg.replaceChildren(
    ...lineParts(scale, rise, height, rem), ...placeLabels(scene, scale, rise, width),
    ...markParts(what, scale, rise, rem), ...(what.isAboveZero ? bracketParts(what, scale, rise, rem, width) : []),
  );
}

/**
 * The axis, its break, and its ticks.
 *
 * @param {Scale} scale
 * @param {number} rise
 * @param {number} height
 * @param {number} rem
 */
function lineParts({ low, high, left, right, stop, isBroken, x }, rise, height, rem) {
  const ticks = ticksOf(low, high, Math.max(Math.floor((stop - left) / (4.5 * rem)), 2));
  const gap = { class: "ec-axis-line", d: `M${stop + 1} ${rise + 7}l6-14m4 14l6-14M${stop + 14} ${rise}H${right}`, fill: "none" };
  return [
    make("svg:path", { class: "ec-axis-line", d: `M${left} ${rise}H${isBroken ? stop + 4 : right}` }),
    ...(isBroken ? [make("svg:path", gap)] : []),
    make("svg:path", { class: "ec-axis-tick", d: ticks.map((t) => `M${px(x(t))} ${rise}v${px(0.4 * rem)}`).join("") }),
    ...ticks.map((t) => make("svg:text", { x: px(x(t)), y: height - 0.25 * rem, "text-anchor": "middle" }, format(Number(t.toPrecision(8)), 4))),
  ];
}

/**
 * Put two labels on each side of the axis; returns the lines that lead to them.
 *
 * @param {Scene} scene
 * @param {Scale} scale
 * @param {number} rise
 * @param {number} width
 */
function placeLabels(scene, scale, rise, width) {
  const { labels, amounts, what: { values, isAboveZero } } = scene;
  labels.logsumexp.hidden = !isAboveZero;
  if (labels[scene.at].hidden) [scene.at, labels.expectation.tabIndex] = ["expectation", 0];
  for (const key of ORDER) if (Number.isFinite(values[key])) amounts[key].replaceChildren(number(key, values[key]));
  /** @type {Method[][]} */
  const [above, below] = [isAboveZero ? ["expectation", "logsumexp"] : ["expectation"], ["average", "max"]];
  return [...placeSide(scene, above, scale, rise, -1, width), ...placeSide(scene, below, scale, rise, 1, width)];
}

/**
 * @param {Scene} scene
 * @param {Method[]} side
 * @param {Scale} scale
 * @param {number} rise
 * @param {number} down
 * @param {number} width
 */
function placeSide({ labels, rem, what: { values } }, side, scale, rise, down, width) {
  const sizes = side.map((key) => labels[key].offsetWidth || 5 * rem);
  const places = spread(side.map((key) => scale.x(values[key])), sizes, width, 0.25 * rem);
  const [y, y2] = [rise + down * 0.62 * rem, rise + down * 1.35 * rem];
  return side.map((key, i) => {
    labels[key].style.left = `${px(places[i] - sizes[i] / 2)}px`;
    labels[key].style.top = `${px(down > 0 ? y2 : y2 - 2.45 * rem)}px`;
    return make("svg:path", { class: `ec-axis-lead is-${key}`, d: `M${px(scale.x(values[key]))} ${rise}V${px(y)}L${px(places[i])} ${px(y2)}` });
  });
}

/**
 * @param {Measured} what
 * @param {Scale} scale
 * @param {number} rise
 * @param {number} rem
 */
function markParts({ values }, scale, rise, rem) {
  /** @type {Method[]} */
  const drawn = ["logsumexp", "average", "max", "expectation"];
  const there = drawn.filter((key) => Number.isFinite(values[key]));
  return there.map((key) => {
    const y = rise + (key === "average" || key === "max" ? 0.45 : -0.45) * rem;
    return make("svg:path", { class: `ec-axis-mark is-${key}`, "data-method": key, transform: `translate(${px(scale.x(values[key]))} ${px(y)})`, d: METHODS[key].shape });
  });
}

/**
 * What log-sum-exp has on top of ePool: entropy / m.
 *
 * @param {Measured} what
 * @param {Scale} scale
 * @param {number} rise
 * @param {number} rem
 * @param {number} width
 */
function bracketParts({ values, end, share, isAll }, scale, rise, rem, width) {
  const [a, b] = [scale.x(values.expectation), scale.x(end)];
  const y = rise - 4.35 * rem;
  const text = `entropy / m = ${format(share)}`;
  const half = 0.27 * text.length * 0.875 * rem;
  const middle = Math.min(Math.max((a + b) / 2, half), width - half);
  const isBound = !isAll && values.logsumexp - end > 1e-9;
  return [
    make("svg:path", { class: "ec-axis-bracket", "data-name": "bracket", d: `M${px(a)} ${y + 6}V${y}H${px(b)}v6` }),
    make("svg:text", { class: "ec-axis-name", x: px(middle), y: y - 0.4 * rem, "text-anchor": "middle" }, text),
    ...(isBound ? [make("svg:path", { class: "ec-axis-bracket", "data-name": "bound", d: `M${px(b)} ${rise - 6}v12` })] : []),
  ];
}

/**
 * Centres as near as can be to where they are wanted, in the same order, `gap` apart and inside [0, width].
 *
 * @param {number[]} wanted
 * @param {number[]} sizes
 * @param {number} width
 * @param {number} gap
 */
function spread(wanted, sizes, width, gap) {
  const centres = wanted.map((x, i) => Math.min(Math.max(x, sizes[i] / 2), width - sizes[i] / 2));
  if (centres.length === 2) {
    const least = (sizes[0] + sizes[1]) / 2 + gap;
    const lack = least - (centres[1] - centres[0]);
    if (lack > 0) {
      const left = Math.max(centres[0] - lack / 2, sizes[0] / 2);
      centres[1] = Math.min(left + least, width - sizes[1] / 2);
      centres[0] = centres[1] - least;
    }
  }
  return centres;
}

/**
 * @param {Scene} scene
 * @param {State} state
 */
function drawFacts({ facts, what }, state) {
  const { effective, cells, unit, isAboveZero, isAll, end, entropy, residual } = what;
  const meter = make("i");
  meter.style.width = `${Math.min(100, (100 * effective) / cells)}%`;
  const lines = [
    make("span", {}, "Effective number of windows ", number("effective", effective, 3), ` of ${cells} (e to the entropy, `, number("entropy", entropy, 3), ")"),
    make("div", { class: "ec-axis-meter", "aria-hidden": "true" }, meter),
  ];
  if (!isAboveZero) lines.push(make("p", { class: "ec-soft" }, `At m = 0 log-sum-exp is infinite: (ln ${cells}) / 0. ePool is the average.`));
  else if (isAll) lines.push(make("p", { class: "ec-soft" }, "ePool + entropy / m = log-sum-exp, but for ", residue("residual", residual ?? Infinity, end), ": the free energy."));
  else lines.push(make("p", { class: "ec-soft" }, "In mode 1 ePool + entropy / m = ", number("bound", end), ` stays below log-sum-exp, which counts all ${unit}.`));
  facts.replaceChildren(...lines);
}

// words -----------------------------------------------------------------------------------------------------------------

/** @param {Scene} scene */
function tell(scene) {
  const { list, labels, say, what } = scene;
  const { values, isAboveZero, share, effective, cells, unit } = what;
  for (const key of ORDER) labels[key].setAttribute("aria-label", `${METHODS[key].name} ${format(values[key])}: ${METHODS[key].says}`);
  const above = isAboveZero ? `log-sum-exp is ${format(values.logsumexp)}, ${format(share)} above ePool` : "log-sum-exp is infinite";
  const general = `ePool is ${format(values.expectation)}, between the average ${format(values.average)} and the maximum ${format(values.max)}; ${above}. About ${format(effective, 3)} of ${cells} ${unit} count.`;
  const { activeElement } = document;
  const held = list.contains(activeElement) ? methodOf(/** @type {HTMLElement} */ (activeElement)) : null;
  say(held ? `${METHODS[held].name} ${format(values[held])}: ${METHODS[held].says}.` : general);
}

/** @param {Scene} scene */
function valuesTable({ store, what }) {
  if (!what) return make("p", {}, store.error);
  const { values, share, entropy, effective, end, residual, isAboveZero } = what;
  const cell = (/** @type {string} */ name, /** @type {number | null} */ x) => (x === null ? "\u2013" : number(name, x, 17));
  const rows = ORDER.map((key) => [METHODS[key].name, cell(`full-${key}`, values[key]), METHODS[key].says]);
  rows.push(["entropy", cell("full-entropy", entropy), "of the weights, nats"]);
  rows.push(["entropy / m", cell("full-share", share), "what ePool lacks"]);
  rows.push(["ePool + entropy / m", cell("full-bound", end), what.isAll ? "is log-sum-exp" : "at most log-sum-exp"]);
  rows.push(["difference", cell("full-residual", isAboveZero ? residual : null), "to log-sum-exp"]);
  rows.push(["effective windows", cell("full-effective", effective), "e to the entropy"]);
  return table("Pooled values", ["what", "value", "how it is read"], rows);
}
