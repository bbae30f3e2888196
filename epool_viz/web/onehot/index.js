// One-hot: the letters in view as columns of a matrix, one row a letter, a filled cell for the one; as wide as the strip.
//
// On the way to the step that makes the columns each letter goes to its row, from the left to the right; on the way to the
// step that slides the kernel, and there, the kernel lies on the matrix.
//
// options: {when, kernel, narrow}
//   when     {key, is} or {key, not}: shown only where that holds
//   kernel   likewise: where the kernel lies on it
//   narrow   likewise: where it is shown when there is little room
// state: codes, alphabet, kernel, padding, zoom, cursor, both_strands

import { inView, lane, startNow, windows } from "../lib/cursor.js";
import { attributes, make } from "../lib/dom.js";
import { follow, onWidth, remOf, widthOf } from "../lib/drawing.js";
import { between, eased, momentOf, onMotion, within } from "../lib/motion.js";
import { letterColour } from "../lib/numbers.js";
import { box, px } from "../lib/paths.js";
import { holds } from "../lib/steps.js";
import { panel } from "../lib/style.js";
import CSS from "./style.css";

const ROW = 1.35; // rem
const FLAT = 0.85; // rem, where it lies under the kernel too
const NARROW = 30; // rem
const WAVE = 0.45; // of the motion: how long a letter takes

/** @typedef {{ when?: When | null, kernel?: When | null, narrow?: When | null }} Options */
/** @typedef {ReturnType<typeof begin>} Scene */

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {Options} options
 */
function begin(el, store, options) {
  const section = panel(el, "onehot", "One-hot matrix", CSS);
  const svg = make("svg:svg", { role: "img" });
  const head = make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, "One-hot"),
    make("span", { class: "ec-soft" }, "a row for each letter, a column for each place; a filled cell is 1, an empty one 0"));
  section.append(head, svg);
  const drawn = {
    cells: /** @type {SVGPathElement[]} */ ([]), // one a letter
    digits: /** @type {SVGTextElement[]} */ ([]),
    kernel: make("svg:g"),
    frame: make("svg:rect"),
  };
  return { el, store, options, section, head, svg, ...drawn, place: lane(1, [0, 1]), row: 1, t: 1 };
}

/**
 * Whether it is on the page, and whether the kernel lies on it, at this moment of the walk.
 *
 * @param {Scene} scene
 */
function partsOf({ store, options, section }) {
  const { from, to, motion } = momentOf(store);
  const isAt = (/** @type {When | null | undefined} */ when, /** @type {number} */ step) => holds(when, { ...store.state, step });
  const isNarrow = options.narrow && widthOf(section) < NARROW * remOf();
  const { when } = options;
  return {
    isShown: isNarrow ? holds(options.narrow, store.state) : isAt(when, Math.max(from, 0)) || (motion !== null && isAt(when, to)),
    isLeaving: !isNarrow && !isAt(when, to),
    hasKernel: Boolean(options.kernel) && (isAt(options.kernel, to) || isAt(options.kernel, from)) && from >= 0,
  };
}

/**
 * The cells of a letter, each a part of its way from the lowest row, next to the sequence, to its own.
 *
 * @param {Scene} scene
 * @param {number} code
 * @param {number} t
 */
function cellsOf({ store: { state }, place, row }, code, t) {
  const gap = place.unit >= 6 ? 1 : 0;
  const [first, last] = [Math.max(place.first, 0), Math.min(place.last, state.codes.length)];
  let [d, count] = ["", 0];
  for (let i = first; i < last; i++) {
    if (state.codes[i] !== code) continue;
    const late = ((i - first) / Math.max(last - first, 1)) * (1 - WAVE);
    const at = between(state.alphabet.length - 1, code, eased(within(t, late, late + WAVE)));
    d += `M${px(place.x(i) + gap / 2)} ${px(at * row + 1)}h${px(place.unit - gap)}v${px(row - 2)}h${px(gap - place.unit)}z`;
    count += 1;
  }
  return { d, count };
}

/** @param {Scene} scene */
function build(scene) {
  const { store: { state }, svg, section, el } = scene;
  const width = widthOf(svg) || widthOf(section);
  el.hidden = !partsOf(scene).isShown;
  if (el.hidden || !width) return;
  const place = (scene.place = lane(width, inView(state)));
  const row = (scene.row = (scene.options.kernel ? FLAT : ROW) * place.rem);
  const letters = [...state.alphabet];
  const height = letters.length * row;
  attributes(svg, { height, viewBox: `0 0 ${width} ${height}` });
  svg.setAttribute("aria-label", `One-hot matrix of letters ${Math.max(place.first, 0) + 1} to ${Math.min(place.last, state.codes.length)}: ${letters.length} rows, ${letters.join(", ")}; each column has a single 1 in the row of its letter.`);
  const cells = letters.map((letter, k) => ({ letter, ...cellsOf(scene, k, 1) }));
  scene.t = 1;
  scene.cells = cells.map(({ letter, d, count }) => make("svg:path", { d, style: `fill:${letterColour(letter)}`, "data-letter": letter, "data-count": count }));
  scene.digits = digitsOf(scene, letters);
  scene.kernel = make("svg:g", { "data-name": "kernel" }, kernelOf(scene));
  scene.frame = make("svg:rect", { class: "ec-onehot-frame", y: 1.25, height: px(height - 2.5), rx: 3 });
  svg.replaceChildren(
    ...letters.map((_, k) => make("svg:rect", { class: "ec-onehot-row", x: place.left, y: k * row + 1, width: place.right - place.left, height: row - 2 })),
    ...scene.cells, ...scene.digits,
    ...letters.map((letter, k) => make("svg:text", { x: place.left - 0.4 * place.rem, y: px((k + 0.75) * row) }, letter)),
    scene.kernel, scene.frame,
  );
}

/** @type {(scene: Scene, letters: string[]) => SVGTextElement[]} */
function digitsOf({ store: { state }, place, row }, letters) {
  if (place.unit < 1.1 * place.rem) return [];
  const found = [];
  for (let i = Math.max(place.first, 0); i < Math.min(place.last, state.codes.length); i++) {
    const at = (/** @type {number} */ k) => ({ class: "ec-onehot-zero", x: px(place.x(i + 0.5)), y: px((k + 0.72) * row) });
    found.push(...letters.map((_, k) => (k === state.codes[i]
      ? make("svg:text", { ...at(k), style: "fill:var(--paper);font-weight:700!important" }, "1") : make("svg:text", { ...at(k), style: "opacity:.75" }, "0"))));
  }
  return found;
}

/**
 * The numbers of the kernel as tones, on the first letters in view.
 *
 * @param {Scene} scene
 */
function kernelOf({ store: { state: { kernel } }, place, row }) {
  const most = Math.max(...kernel.flat().map(Math.abs)) || 1;
  return kernel.flatMap((numbers, a) => numbers.map((x, j) => make("svg:path", {
    class: x < 0 ? "ec-onehot-down" : "ec-onehot-up", "fill-opacity": (0.85 * Math.abs(x)) / most, d: box(place.left + j * place.unit, a * row + 1, place.unit, row - 2),
  })));
}

/**
 * What moves.
 *
 * @param {Scene} scene
 */
function move(scene) {
  const { store: { state }, el, place, frame, kernel } = scene;
  const moment = momentOf(scene.store);
  const { isShown, isLeaving, hasKernel } = partsOf(scene);
  if (el.hidden === isShown) build(scene);
  if (el.hidden) return;
  scene.head.hidden = hasKernel; // the room is the scores'
  const t = moment.motion === "columns" ? moment.t : 1;
  scene.section.style.opacity = isLeaving ? String(1 - moment.t) : "";
  if (t !== scene.t) {
    scene.t = t;
    scene.cells.forEach((path, k) => path.setAttribute("d", cellsOf(scene, k, t).d));
    for (const digit of scene.digits) digit.setAttribute("opacity", String(within(t, 0.8, 1)));
  }
  const { width } = windows(state);
  const start = startNow(scene.store);
  const [from, to] = [Math.max(start, place.first), Math.min(start + width, place.last)];
  frame.setAttribute("display", to > from ? "inline" : "none");
  kernel.setAttribute("display", hasKernel && start >= place.first && start + width <= place.last ? "inline" : "none");
  kernel.setAttribute("opacity", String(moment.motion === "slide" ? within(moment.t, 0, 0.08) : 1));
  kernel.setAttribute("transform", `translate(${px((start - place.first) * place.unit)} 0)`);
  if (to > from) attributes(frame, { x: px(place.x(from)), width: px(Math.max((to - from) * place.unit, 3)) });
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const scene = begin(el, exports.store, model.get("options"));
    const ask = follow(exports.store, () => {
      build(scene);
      move(scene);
    }, signal);
    onMotion(exports.store, () => move(scene), signal);
    onWidth(scene.section, ask, signal);
  },
};
