// Curve: one number an iteration, as a line with points; the present one is marked, and a point can be gone to.
//
// options: {title, series, at, label, unit, go, height}
//   series  key of the state: the numbers, in their order
//   at      key of the state: the place in the series that is shown, from 0; what lies after it is drawn pale; -1 for none
//   label   what a place is called (default "iteration")
//   unit    of the numbers
//   go      key of the state that a click sets to the place of a point (default: the points are not to be clicked)
//   height  of the drawing, in rem (default 9)

import { onArrows, voice } from "../lib/a11y.js";
import { attributes, make } from "../lib/dom.js";
import { onWidth, oncePerFrame } from "../lib/drawing.js";
import { format, number } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import { ticksOf } from "../lib/ticks.js";
import CSS from "./style.css";

const MOST_POINTS = 60;

/**
 * What is drawn.
 *
 * @typedef {{
 *   store: Store, section: HTMLElement, svg: SVGSVGElement, empty: HTMLElement, say: (text: string) => void, refreshTable: () => void,
 *   title: string, series: string, at: string, label: string, unit: string, go: string | null, height: number,
 *   place: Pick<ReturnType<typeof placeOf>, "x" | "n">,
 * }} Scene
 */

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const scene = sceneOf(model, exports.store, el);
    const { store, section, series, at } = scene;
    if (scene.go) onCurve(scene);
    const later = oncePerFrame(() => draw(scene));
    onWidth(section, later, signal);
    draw(scene);
    const off = store.on((state, trace, changed) => {
      if (changed.includes(series) || changed.includes(at)) later();
    });
    signal.addEventListener("abort", off);
    return off;
  },
};

/**
 * What is drawn: the elements, the store, and where the points lie.
 *
 * @param {Model} model
 * @param {Store} store
 * @param {HTMLElement} el
 */
function sceneOf(model, store, el) {
  const options = { title: "", label: "iteration", unit: "", go: null, height: 9, ...model.get("options") };
  const { title, label, unit, go } = options;
  const section = panel(el, "curve", title, CSS);
  const svg = make("svg:svg", go ? { tabindex: 0, role: "slider", "aria-label": `${title}: ${label}` } : { role: "img" });
  const empty = make("p", { class: "ec-soft" }, `After the first ${label} it is drawn here.`);
  section.append(make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, title)), make("div", { class: "ec-curve-plot" }, svg), empty);
  const scene = /** @type {Scene} */ (/** @type {unknown} */ ({ ...options, store, section, svg, empty, say: voice(section, { live: false }), place: { x: () => 0, n: 0 } }));
  const rows = () => valuesOf(scene).map((y, i) => [String(i + 1), number(`value-${i}`, y, 8)]);
  return Object.assign(scene, { refreshTable: numbers(section, "The numbers as a table", () => table(title, [label, unit || "value"], rows())) });
}

/**
 * A click goes to the nearest point, the arrow keys from one to the next.
 *
 * @param {Scene} scene
 */
function onCurve(scene) {
  const { svg } = scene;
  svg.addEventListener("click", (event) => {
    const { place } = scene;
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) * (svg.viewBox.baseVal.width || box.width)) / box.width;
    let best = 0;
    for (let i = 1; i < place.n; i++) if (Math.abs(place.x(i) - x) < Math.abs(place.x(best) - x)) best = i;
    choose(scene, best);
  });
  onArrows(svg, (by) => choose(scene, here(scene) + by), (end) => choose(scene, end === "first" ? 0 : scene.place.n - 1));
}

/** @param {Scene} scene */
const valuesOf = ({ store, series }) => (Array.isArray(store.state[series]) ? store.state[series] : []);
/** @param {Scene} scene */
const here = (scene) => Math.min(Number(scene.store.state[scene.at] ?? -1), valuesOf(scene).length - 1);
/** @param {number} x */
const written = (x) => x.toFixed(1);

/** @param {Scene} scene */
function draw(scene) {
  const { svg, empty, refreshTable } = scene;
  const [ys, now] = [valuesOf(scene), here(scene)];
  svg.style.display = ys.length ? "" : "none";
  empty.hidden = ys.length > 0;
  refreshTable();
  svg.replaceChildren();
  if (!ys.length) return;
  const place = (scene.place = placeOf(scene, ys));
  attributes(svg, { viewBox: `0 0 ${place.width} ${place.height}`, height: place.height });
  svg.append(...scaleParts(place), ...lineParts(place, ys, now));
  tell(scene, ys, now);
}

/**
 * Where the points of a series lie, and the ends of its scale.
 *
 * @param {Pick<Scene, "section" | "height">} scene
 * @param {number[]} ys
 */
function placeOf({ section, height }, ys) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  const width = Math.max(section.clientWidth, 8 * rem);
  const [left, right, top, bottom] = [3.4 * rem, width - 0.7 * rem, 0.6 * rem, (height - 1.6) * rem];
  const [min, max] = [Math.min(...ys), Math.max(...ys)];
  const pad = 0.06 * (max - min || Math.abs(max) || 1);
  const [low, high] = [min - pad, max + pad];
  const x = (/** @type {number} */ i) => left + (ys.length > 1 ? (i / (ys.length - 1)) * (right - left) : (right - left) / 2);
  const y = (/** @type {number} */ v) => bottom - ((v - low) / (high - low)) * (bottom - top);
  return { rem, width, height: height * rem, left, right, bottom, low, high, x, y, n: ys.length };
}

/** @param {ReturnType<typeof placeOf>} place */
function scaleParts({ rem, left, right, bottom, low, high, x, y, n }) {
  const room = Math.max(Math.floor((right - left) / (4 * rem)), 1);
  const places = ticksOf(1, Math.max(n, 2), room).filter((k) => Number.isInteger(k) && k <= n);
  return [
    ...ticksOf(low, high, 4).flatMap((tick) => [
      make("svg:path", { class: "ec-curve-grid", d: `M${written(left)} ${written(y(tick))}H${written(right)}` }),
      make("svg:text", { x: left - 6, y: written(y(tick) + 0.26 * rem), "text-anchor": "end" }, format(tick)),
    ]),
    ...places.map((k) => make("svg:text", { x: written(x(k - 1)), y: written(bottom + 1.1 * rem), "text-anchor": "middle" }, String(k))),
  ];
}

/**
 * The line up to the present place and, pale, after it; its points while there are few, and the present one.
 *
 * @param {ReturnType<typeof placeOf>} place
 * @param {number[]} ys
 * @param {number} now
 */
function lineParts({ x, y, n }, ys, now) {
  const line = (/** @type {string} */ look, /** @type {number} */ from, /** @type {number} */ to) => make("svg:path", {
    class: look, d: ys.slice(from, to + 1).map((v, i) => `${i ? "L" : "M"}${written(x(from + i))} ${written(y(v))}`).join(""),
  });
  const point = (/** @type {string} */ look, /** @type {number} */ i, /** @type {number} */ r) => make("svg:circle", { class: look, cx: written(x(i)), cy: written(y(ys[i])), r });
  const parts = [
    now > 0 && line("ec-curve-line", 0, now),
    now < n - 1 && line("ec-curve-line is-later", Math.max(now, 0), n - 1),
    ...(n <= MOST_POINTS ? ys.map((_, i) => point(`ec-curve-point${i > now ? " is-later" : ""}`, i, 3)) : []),
    now >= 0 && point("ec-curve-here", now, 6),
  ];
  return parts.filter((part) => part !== false);
}

/**
 * @param {Scene} scene
 * @param {number[]} ys
 * @param {number} now
 */
function tell(scene, ys, now) {
  const { title, label, unit, go, svg, say } = scene;
  const rise = now > 0 ? `, ${format(ys[now] - ys[now - 1], 3)} more than before` : "";
  const sentence = now >= 0 ? `${label[0].toUpperCase()}${label.slice(1)} ${now + 1} of ${ys.length}: ${format(ys[now], 6)} ${unit}${rise}.` : `${ys.length} ${label}s.`;
  say(sentence);
  if (go) attributes(svg, { "aria-valuemin": 1, "aria-valuemax": ys.length, "aria-valuenow": Math.max(now, 0) + 1, "aria-valuetext": sentence });
  else svg.setAttribute("aria-label", `${title}. ${sentence}`);
}

/**
 * @param {Scene} scene
 * @param {number} i
 */
function choose({ store, go, place }, i) {
  if (!go || !place.n) return;
  store.set({ [go]: Math.min(Math.max(i, 0), place.n - 1) });
  store.flush();
}
