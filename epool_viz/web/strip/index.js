// Sequence strip: the letters, the window under the cursor, and the letter in hand, which can be changed.
//
// options: {sentence, live, reveal}
//   sentence  "visible" (default) or "hidden"
//   live      false: the sentence is never spoken on its own
//   reveal    true: where the zoom begins elsewhere, the window under the cursor is brought into view
// state: codes, alphabet, complement, kernel (its width), padding, both_strands, cursor, zoom, and
//   mutations  what the user has changed, in order: [[letter, code before, code after], ...]; absent is none. Whoever sets
//              other codes without it ends it.
//
// The letter in hand lies always in the window under the cursor: the window follows it, and it follows the window.

import { onArrows, roving, voice } from "../lib/a11y.js";
import { CLOSEST, called, extent, inView, lane, partial, startNow, windowAt, windows, zoomBy } from "../lib/cursor.js";
import { attributes, hatch, make } from "../lib/dom.js";
import { follow, onWidth, widthOf } from "../lib/drawing.js";
import { capture, onRelease, onWheel, zoomKey } from "../lib/input.js";
import { onMotion } from "../lib/motion.js";
import { box, px } from "../lib/paths.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import { niceStep } from "../lib/ticks.js";
import { complemented, letterOf, reading, runsOf, TONES, toneOf } from "./letters.js";
import CSS from "./style.css";

/**
 * What is drawn.
 *
 * @typedef {ReturnType<typeof placeOf>} Place
 * @typedef {ReturnType<typeof windowAt>} Window
 * @typedef {import("./letters.js").Runs} Runs
 * @typedef {{
 *   model: Model, store: Store, svg: SVGSVGElement, plot: HTMLElement, hatching: string,
 *   letters: SVGGElement, changes: SVGGElement, pick: SVGGElement, ticks: SVGGElement,
 *   mapSvg: SVGSVGElement, mapLetters: SVGGElement, mapMarks: SVGGElement, brush: HTMLElement, map: HTMLElement,
 *   wider: HTMLElement, closer: HTMLElement, whole: HTMLElement, zoomTools: HTMLElement, shown: HTMLElement,
 *   inHand: HTMLElement, choices: HTMLElement, undo: HTMLElement, edit: HTMLElement,
 *   caret: number, place: Place, alphabet: string | null, drawn: string, mapDrawn: {codes: Codes, first: number, last: number} | null,
 *   held: {from: number, strand: number, letter: number} | null,
 *   grip: {from: number, to: number, at: number, part: "first" | "last" | "all"} | null,
 *   ask: () => void, say: (text: string) => void, refreshTable: () => void,
 * }} Scene `place` is null before the first drawing
 */

const SMALLEST = 8; // px: narrower letters are drawn as blocks
const MAP = 200; // width of the overview's box

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const scene = sceneOf(model, exports.store, el);
    onLetters(scene);
    onOverview(scene);
    scene.ask = follow(scene.store, (state, _, names) => draw(scene, state, names), signal);
    onMotion(scene.store, () => scene.place && drawWindow(scene, scene.store.state), signal);
    onWidth(scene.plot, scene.ask, signal);
  },
};

// elements --------------------------------------------------------------------------------------------------------------

/**
 * What is drawn: the elements, the store, and what holds from one drawing to the next.
 *
 * @param {Model} model
 * @param {Store} store
 * @param {HTMLElement} el
 */
function sceneOf(model, store, el) {
  const section = panel(el, "strip", "Sequence", CSS);
  const scene = /** @type {Scene} */ (/** @type {unknown} */ ({
    model, store, ...plotParts(), ...overviewParts(),
    shown: make("span", { class: "ec-soft" }),
    caret: 0, // the letter in hand
    place: null, // where letters lie
    alphabet: null,
    drawn: "", // what the quiet part of the picture is drawn for
    mapDrawn: null, // what the overview shows
    held: null, // how far from the window's start the pointer has it
    grip: null, // what the pointer has of the overview
    ask: () => {}, // draw again
  }));
  const { shown, zoomTools, plot, map, edit } = Object.assign(scene, zoomParts(scene), editParts(scene));
  section.append(make("div", { class: "ec-panel-head ep-from-explore" }, make("span", { class: "ec-panel-title" }, "Sequence"), shown, zoomTools), plot, map, edit);
  roving(zoomTools);
  const say = voice(section, model.get("options"));
  return Object.assign(scene, { say, refreshTable: numbers(section, "The letters as a table", () => lettersTable(scene)) });
}

/**
 * @param {string} text
 * @param {string} label
 * @param {() => void} act
 * @param {Record<string, unknown>} [extra]
 */
const button = (text, label, act, extra = {}) =>
  make("button", { type: "button", "aria-label": label, title: label, onclick: act, ...extra }, text);

/**
 * @param {string} className
 * @param {string} label
 * @param {Record<string, unknown>} [extra]
 */
const slider = (className, label, extra = {}) =>
  ({ class: className, tabindex: "0", role: "slider", "aria-label": label, "aria-orientation": "horizontal", ...extra });

/** @param {Scene} scene */
function zoomParts(scene) {
  const wider = button("\u2212", "Zoom out", () => zoom(scene, 2));
  const closer = button("+", "Zoom in", () => zoom(scene, 0.5));
  const whole = button("All", "Show all letters", () => scene.store.set({ zoom: null }));
  const zoomTools = make("div", { class: "ec-panel-tools ep-from-explore", role: "toolbar", "aria-label": "Zoom" }, wider, closer, whole);
  return { wider, closer, whole, zoomTools };
}

function plotParts() {
  const svg = make("svg:svg", { "aria-hidden": "true" });
  const plot = make("div", slider("ec-strip-plot", "Letter in hand", { "aria-valuemin": "1" }), svg);
  const hatching = hatch(svg);
  const [letters, changes, pick, ticks] = ["letters", "changes", "window", "ticks"].map((name) => make("svg:g", { "data-name": name }));
  svg.append(letters, pick, changes, ticks);
  return { svg, plot, hatching, letters, changes, pick, ticks };
}

function overviewParts() {
  const mapSvg = make("svg:svg", { "aria-hidden": "true", height: "100%", viewBox: `0 0 ${MAP} 10`, preserveAspectRatio: "none" });
  const [mapLetters, mapMarks] = [make("svg:g"), make("svg:g")];
  mapSvg.append(mapLetters, mapMarks);
  const brush = make("div", slider("ec-strip-brush", "Letters in view"));
  const map = make("div", { class: "ec-strip-map ep-from-explore", "data-name": "overview" }, mapSvg, brush);
  return { mapSvg, mapLetters, mapMarks, brush, map };
}

/** @param {Scene} scene */
function editParts(scene) {
  const hint = make("span", { class: "ec-strip-hint ec-soft" }, "Press the sequence to change a letter.");
  const inHand = make("span", { "data-name": "in-hand" });
  const choices = make("div", { class: "ec-panel-tools", role: "toolbar", "aria-label": "Change the letter in hand" });
  const undo = button("Undo", "Undo the last change", () => takeBack(scene), { class: "ec-strip-undo" });
  const edit = make("div", { class: "ec-strip-edit" }, hint, inHand, choices);
  return { inHand, choices, undo, edit };
}

// what is changed -------------------------------------------------------------------------------------------------------

/**
 * The letters that differ from what they first were: letter -> code it was.
 *
 * @param {Scene} scene
 */
function changed({ store }) {
  const first = new Map();
  for (const [i, before] of store.state.mutations ?? []) if (!first.has(i)) first.set(i, before);
  for (const [i, before] of first) if (store.state.codes[i] === before) first.delete(i);
  return first;
}

/**
 * @param {Scene} scene
 * @param {number} letter
 * @param {number} code
 */
function mutate({ store }, letter, code) {
  const { codes, mutations = [] } = store.state;
  if (codes[letter] === code) return;
  store.set({ codes: codes.with(letter, code), mutations: [...mutations, [letter, codes[letter], code]] });
}

/** @param {Scene} scene */
function takeBack(scene) {
  const { store, plot, undo } = scene;
  const { codes, mutations = [] } = store.state;
  if (!mutations.length) return;
  const [letter, before] = mutations.at(-1);
  toLetter(scene, letter);
  store.set({ codes: codes.with(letter, before), mutations: mutations.slice(0, -1) });
  if (mutations.length === 1 && document.activeElement === undo) plot.focus();
}

// where -----------------------------------------------------------------------------------------------------------------

/**
 * Put the window that starts at a letter, or the nearest there is, under the cursor.
 *
 * @param {Scene} scene
 * @param {number} start
 * @param {number} strand
 */
function startAt({ store }, start, strand) {
  const { count, first } = windows(store.state);
  if (count) store.set({ cursor: Math.min(Math.max(start - first, 0), count - 1) + strand * count });
}

/**
 * Take a letter in hand; the window comes along if it must.
 *
 * @param {Scene} scene
 * @param {number} letter
 */
function toLetter(scene, letter) {
  const { store, ask } = scene;
  scene.caret = Math.min(Math.max(letter, 0), store.state.codes.length - 1);
  const { start, strand } = windowAt(store.state);
  const { width } = windows(store.state);
  if (scene.caret < start) startAt(scene, scene.caret, strand);
  else if (scene.caret >= start + width) startAt(scene, scene.caret - width + 1, strand);
  ask();
}

/**
 * @param {Scene} scene
 * @param {number} factor
 * @param {number | null} [about]
 */
function zoom({ store }, factor, about = null) {
  const { start } = windowAt(store.state);
  store.set({ zoom: zoomBy(store.state, factor, about ?? start + windows(store.state).width / 2) });
}

/**
 * @param {Scene} scene
 * @param {number} first
 */
function pan({ store }, first) {
  const [from, to] = inView(store.state);
  const [least, most] = extent(store.state);
  const kept = Math.min(Math.max(Math.round(first), least), most - (to - from));
  store.set({ zoom: [kept, kept + to - from] });
}

/**
 * Bring the cursor's window back into view.
 *
 * @param {Scene} scene
 * @param {State} state
 */
function keepInView(scene, state) {
  const [from, to] = inView(state);
  const { start } = windowAt(state);
  if (!state.zoom || (start >= from && start < to)) return;
  const { width } = windows(state);
  const margin = Math.max(Math.floor((to - from - width) / 2), 0);
  pan(scene, start < from ? start - Math.min(margin, 3) : Math.min(start + width + Math.min(margin, 3) - (to - from), start));
}

// the hand --------------------------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {MouseEvent} event
 */
const letterAt = ({ place, svg }, event) => place.at(event.clientX - svg.getBoundingClientRect().left);

/**
 * @param {Scene} scene
 * @param {PointerEvent} event
 */
function under(scene, event) {
  const { store, svg, place } = scene;
  const letter = Math.floor(letterAt(scene, event));
  const strand = store.state.both_strands && event.clientY - svg.getBoundingClientRect().top > place.rows[1] - 1 ? 1 : 0;
  return { letter: Math.min(Math.max(letter, place.first), place.last - 1), strand };
}

/** @param {Scene} scene */
function onLetters(scene) {
  const { store, plot, edit } = scene;
  for (const event of ["focus", "pointerdown"]) plot.addEventListener(event, () => edit.classList.add("is-taken"));
  plot.addEventListener("pointerdown", (event) => event.button || hold(scene, event));
  plot.addEventListener("pointermove", (event) => event.buttons & 1 && drag(scene, event));
  onRelease(plot, () => {
    scene.held = null;
    plot.classList.remove("is-held");
  });
  onWheel(plot, store, {
    unit: () => scene.place.unit,
    letterAt: (event) => letterAt(scene, event),
    zoom: (factor, about) => zoom(scene, factor, about),
    move: (by) => pan(scene, inView(store.state)[0] + by),
  });
  plot.addEventListener("keydown", (event) => onKey(scene, event));
  onArrows(plot, (step) => toLetter(scene, scene.caret + step), (end) => toLetter(scene, end === "first" ? 0 : Infinity));
}

/**
 * @param {Scene} scene
 * @param {PointerEvent} event
 */
function hold(scene, event) {
  const { store, plot } = scene;
  const { letter, strand } = under(scene, event);
  const { width } = windows(store.state);
  const now = windowAt(store.state);
  const isInside = letter >= now.start && letter < now.start + width && strand === now.strand;
  scene.held = { from: isInside ? letter - now.start : 0, strand, letter };
  if (isInside) toLetter(scene, letter);
  else {
    scene.caret = letter;
    startAt(scene, letter, strand);
  }
  capture(plot, event);
}

/**
 * @param {Scene} scene
 * @param {PointerEvent} event
 */
function drag(scene, event) {
  const { held, plot } = scene;
  const { letter } = under(scene, event);
  if (!held || letter === held.letter) return;
  plot.classList.add("is-held");
  scene.caret = held.letter = letter;
  startAt(scene, letter - held.from, held.strand);
}

/**
 * Undo, zoom, a letter in place of the one in hand, the other strand.
 *
 * @param {Scene} scene
 * @param {KeyboardEvent} event
 */
function onKey(scene, event) {
  const { store } = scene;
  if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) takeBack(scene);
  else if (zoomKey(event, store, (factor) => zoom(scene, factor))) return;
  else if (store.state.both_strands && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    startAt(scene, windowAt(store.state).start, event.key === "ArrowDown" ? 1 : 0);
    event.stopImmediatePropagation();
  } else {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1) return;
    const letter = event.key.toUpperCase();
    const code = store.state.alphabet.indexOf(letter);
    if (code < 0 && letter !== "N") return;
    mutate(scene, scene.caret, code);
  }
  event.preventDefault();
}

// the part in view ------------------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {MouseEvent} event
 */
function mapLetter({ store, mapSvg }, event) {
  const box = mapSvg.getBoundingClientRect();
  const [first, last] = extent(store.state);
  return first + ((event.clientX - box.left) / box.width) * (last - first);
}

/** @param {Scene} scene */
function onOverview(scene) {
  const { store, map, brush } = scene;
  map.addEventListener("pointerdown", (event) => event.button || grasp(scene, event));
  map.addEventListener("pointermove", (event) => event.buttons & 1 && pull(scene, event));
  onRelease(map, () => (scene.grip = null));
  brush.addEventListener("keydown", (event) => zoomKey(event, store, (factor) => zoom(scene, factor)));
  const move = (/** @type {number} */ step) => {
    const [from, to] = inView(store.state);
    pan(scene, from + Math.sign(step) * Math.max(1, Math.round((to - from) * (Math.abs(step) > 1 ? 0.9 : 0.1))));
  };
  onArrows(brush, move, (end) => pan(scene, end === "first" ? -Infinity : Infinity));
}

/**
 * @param {Scene} scene
 * @param {PointerEvent} event
 */
function grasp(scene, event) {
  const { store, map, brush } = scene;
  const [from, to] = inView(store.state);
  const at = mapLetter(scene, event);
  const box = brush.getBoundingClientRect();
  const isNear = (/** @type {number} */ side) => Math.abs(event.clientX - side) <= Math.min(8, box.width / 4);
  const part = isNear(box.left) ? "first" : isNear(box.right) ? "last" : "all";
  if (part === "all" && (at < from || at >= to)) pan(scene, at - (to - from) / 2);
  const [first, last] = inView(store.state);
  scene.grip = { from: first, to: last, at, part };
  capture(map, event);
}

/**
 * @param {Scene} scene
 * @param {PointerEvent} event
 */
function pull(scene, event) {
  const { store, grip } = scene;
  if (!grip) return;
  const by = mapLetter(scene, event) - grip.at;
  if (grip.part === "all") return pan(scene, grip.from + by);
  const [first, last] = extent(store.state);
  const least = Math.min(CLOSEST, last - first);
  const from = grip.part === "first" ? Math.min(Math.max(Math.round(grip.from + by), first), grip.to - least) : grip.from;
  const to = grip.part === "last" ? Math.max(Math.min(Math.round(grip.to + by), last), grip.from + least) : grip.to;
  store.set({ zoom: to - from >= last - first ? null : [from, to] });
}

// drawing ---------------------------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {State} before
 * @param {Set<string> | null} names
 */
function draw(scene, before, names) {
  const { model, store, plot, refreshTable } = scene;
  if (names?.has("codes") && !names.has("mutations") && before.mutations?.length) store.set({ mutations: [] });
  if ((scene.place === null && model.get("options").reveal) || names?.has("cursor") || names?.has("kernel")) keepInView(scene, before);
  const { state } = store;
  const { width } = windows(state);
  const now = windowAt(state);
  scene.caret = Math.min(Math.max(scene.caret, now.start, 0), now.start + width - 1, state.codes.length - 1);
  if (state.alphabet !== scene.alphabet) offerLetters(scene, state);
  scene.place = placeOf(widthOf(plot), inView(state));
  const key = JSON.stringify([inView(state), widthOf(plot), scene.place.rem, state.both_strands, state.padding]);
  if (!names || names.has("codes") || names.has("alphabet") || names.has("mutations") || key !== scene.drawn) {
    scene.drawn = key;
    drawLetters(scene, state);
    drawMap(scene, state);
    refreshTable();
  }
  drawWindow(scene, state);
  markMap(scene, state, now, width);
  tell(scene, state, now, width);
}

/**
 * Where letters lie: of a lane, with the top of both strands' rows, their height, and the size of a letter.
 *
 * @param {number} width
 * @param {[number, number]} view
 */
function placeOf(width, view) {
  const place = lane(width, view);
  const { rem, unit } = place;
  const row = 1.75 * rem;
  return { ...place, row, rows: [0.6 * rem, 0.6 * rem + row + 2], isLettered: unit >= SMALLEST, size: Math.min(1.25 * rem, unit * 1.2) };
}

/** @type {(scene: Scene, state: State) => void} */
function drawLetters(scene, state) {
  const { svg, hatching, letters, place } = scene;
  const { rows, row, first, last, isLettered } = place;
  const bottom = rows[state.both_strands ? 1 : 0] + row;
  attributes(svg, { height: bottom + 1.35 * place.rem });
  const [from, to] = [Math.max(first, 0), Math.min(last, state.codes.length)];
  const look = isLettered ? "is-tint" : "";
  letters.replaceChildren(...rowOf(scene, state.codes, from, to, rows[0], look));
  if (state.both_strands) {
    const name = (/** @type {string} */ text, /** @type {number} */ y) => make("svg:text", { x: place.left - 6, y: y + row * 0.65, "text-anchor": "end" }, text);
    letters.append(...rowOf(scene, complemented(state), from, to, rows[1], look), name("given", rows[0]), name("other", rows[1]));
  }
  if (from > first || to < last) {
    const side = (/** @type {number} */ a, /** @type {number} */ b) => (b > a ? box(place.x(a), rows[0], (b - a) * place.unit, bottom - rows[0]) : "");
    letters.append(make("svg:path", { d: side(first, from) + side(to, last), fill: hatching, "data-name": "padding" }));
  }
  drawChanges(scene, from, to);
  drawTicks(scene, bottom, from, to);
}

/**
 * @param {Scene} scene
 * @param {number} from
 * @param {number} to
 */
function drawChanges(scene, from, to) {
  const { changes, place } = scene;
  const marks = [...changed(scene).keys()].filter((i) => i >= from && i < to);
  const size = Math.min(Math.max(place.unit / 2, 3), 0.35 * place.rem);
  const triangles = marks.map((i) => `M${px(place.x(i + 0.5) - size)} 1h${px(2 * size)}l${px(-size)} ${px(0.5 * place.rem)}z`);
  changes.replaceChildren(make("svg:path", { d: triangles.join(""), class: "ec-strip-changed", "data-name": "changed", "data-letters": marks.map((i) => i + 1).join(" ") }));
}

/**
 * A row of letters: a block each, and the letter on it where there is room.
 *
 * @param {Scene} scene
 * @param {Codes} codes
 * @param {number} from
 * @param {number} to
 * @param {number} y
 * @param {string} look
 */
function rowOf(scene, codes, from, to, y, look) {
  const { place } = scene;
  const blocks = blocksOf(scene, codes, from, to, y, look);
  return place.isLettered ? [...blocks, ...textsOf(scene, codes, from, to, y)] : blocks;
}

/**
 * @param {Scene} scene
 * @param {Codes} codes
 * @param {number} from
 * @param {number} to
 * @param {number} y
 * @param {string} look
 */
const blocksOf = ({ place, store }, codes, from, to, y, look) =>
  pathsOf(runsOf(codes, from, to, store.state), (a, b) => box(place.x(a), y, (b - a) * place.unit, place.row), { class: look });

/**
 * One path a tone.
 *
 * @param {Runs} runs
 * @param {(a: number, b: number) => string} shape
 * @param {Record<string, string | number>} attributes
 */
const pathsOf = (runs, shape, { class: look, ...rest }) => TONES.filter((tone) => runs[tone]).map((tone) =>
  make("svg:path", { ...rest, d: runs[tone].map(([a, b]) => shape(a, b)).join(""), class: `${look} is-${tone}` }));

/**
 * @param {Scene} scene
 * @param {Codes} codes
 * @param {number} from
 * @param {number} to
 * @param {number} y
 * @param {string} [look]
 */
function textsOf({ place, store }, codes, from, to, y, look = "") {
  const { state } = store;
  /** @type {Record<string, number[]>} */
  const columns = Object.fromEntries(TONES.map((tone) => [tone, []]));
  for (let i = from; i < to; i++) columns[toneOf(state, codes[i])].push(i);
  return TONES.filter((tone) => columns[tone].length).map((tone) => make("svg:text", {
    x: columns[tone].map((i) => px(place.x(i + 0.5))).join(" "),
    y: y + place.row / 2 + place.size * 0.36,
    class: `is-letters is-${tone} ${look}`,
    style: `font-size:${px(place.size)}px`,
  }, columns[tone].map((i) => letterOf(state, codes[i])).join("")));
}

/**
 * @param {Scene} scene
 * @param {number} y
 * @param {number} from
 * @param {number} to
 */
function drawTicks({ ticks, place }, y, from, to) {
  const step = niceStep(Math.max((3 * place.rem) / place.unit, 1));
  const marks = [];
  for (let position = from === 0 ? 1 : Math.ceil((from + 1) / step) * step; position <= to; position = position === 1 && step > 1 ? step : position + step) {
    if (position === 1 && step > 1 && place.x(step) - place.x(1) < 1.6 * place.rem) continue;
    marks.push(position);
  }
  ticks.replaceChildren(
    make("svg:path", { class: "ec-strip-tick", d: marks.map((p) => `M${px(place.x(p - 0.5))} ${y + 1}v4`).join("") }),
    ...marks.map((p) => {
      const isLast = place.x(p - 0.5) + 0.23 * place.rem * String(p).length > place.right + 0.5 * place.rem;
      return make("svg:text", { x: px(isLast ? place.right + 0.5 * place.rem : place.x(p - 0.5)), y: y + 1.1 * place.rem, "text-anchor": isLast ? "end" : "middle" }, String(p));
    }),
  );
}

/** @type {(scene: Scene, state: State) => void} */
function drawWindow(scene, state) {
  const { pick, place, caret } = scene;
  const [{ width }, now, start] = [windows(state), windowAt(state), startNow(scene.store)];
  const y = place.rows[now.strand];
  const [a, b] = [Math.max(Math.round(start), place.first), Math.min(Math.round(start) + width, place.last)];
  const [from, to] = [Math.max(a, 0), Math.min(b, state.codes.length)];
  pick.replaceChildren();
  if (b <= a) return;
  if (place.isLettered) {
    const codes = now.strand ? complemented(state) : state.codes;
    pick.append(...blocksOf(scene, codes, from, to, y, "is-solid"), ...textsOf(scene, codes, from, to, y, "is-on"));
  }
  const size = Math.max((b - a) * place.unit, 4);
  pick.append(make("svg:rect", { class: "ec-strip-frame", "data-name": "frame", x: px(place.x(Math.max(start, place.first))), y: y - 1.5, width: px(size), height: place.row + 3, rx: 3 }));
  if (start === now.start && caret >= a && caret < b && place.isLettered && place.unit >= 12) {
    const cell = { x: px(place.x(caret) + 2.5), y: y + 2.5, width: px(place.unit - 5), height: place.row - 5, rx: 2 };
    pick.append(make("svg:rect", { ...cell, class: "ec-strip-caret", "data-name": "caret", stroke: "var(--paper)", style: "stroke:var(--paper)" }));
  }
  if (state.both_strands) pick.append(arrow(place, now.strand, place.x(a) + size / 2));
}

/** @type {(place: Place, strand: number, middle: number) => SVGPathElement} the way in which a strand is read */
function arrow(place, strand, middle) {
  const y = place.rows[strand];
  const [reads, edge] = strand ? [-1, y + place.row + 6] : [1, y - 5.5];
  const [tip, back] = [middle + reads * 5, middle - reads * 4];
  return make("svg:path", { class: "ec-strip-arrow", d: `M${px(tip)} ${edge}l${px(back - tip)} -3.5v7z` });
}

/** @type {(scene: Scene, state: State) => void} */
function drawMap(scene, state) {
  const { zoomTools, mapLetters, map } = scene;
  const [first, last] = extent(state);
  const isNeeded = last - first > CLOSEST;
  map.hidden = zoomTools.hidden = !isNeeded;
  for (const part of [map, zoomTools, /** @type {HTMLElement} */ (zoomTools.parentElement)]) part.classList.toggle("ep-in-use", Boolean(state.zoom));
  if (!isNeeded) return;
  placeBrush(scene, state, first, last);
  if (scene.mapDrawn?.codes === state.codes && scene.mapDrawn.first === first && scene.mapDrawn.last === last) return;
  scene.mapDrawn = { codes: state.codes, first, last };
  const x = (/** @type {number} */ letter) => (((letter - first) * MAP) / (last - first)).toFixed(2);
  const runs = runsOf(state.codes, 0, state.codes.length, state);
  mapLetters.replaceChildren(...pathsOf(runs, (a, b) => `M${x(a)} 0H${x(b)}V10H${x(a)}z`, { class: "", "fill-opacity": 0.55 }));
}

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {Window} now
 * @param {number} width
 */
function markMap(scene, state, now, width) {
  const { mapMarks } = scene;
  const [first, last] = extent(state);
  const size = MAP / (last - first);
  const mark = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ y, /** @type {string} */ look) => make("svg:rect", { x: ((a - first) * size).toFixed(2), y, width: Math.max((b - a) * size, 0.8).toFixed(2), height: 3, class: look });
  mapMarks.replaceChildren(mark(now.start, now.start + width, 7, "ec-strip-cursor"), ...[...changed(scene).keys()].map((i) => mark(i, i + 1, 0, "ec-strip-cursor")));
}

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {number} first
 * @param {number} last
 */
function placeBrush(scene, state, first, last) {
  const { shown, closer, wider, whole, brush } = scene;
  const [from, to] = inView(state);
  brush.style.left = `${(100 * (from - first)) / (last - first)}%`;
  brush.style.width = `max(${(100 * (to - from)) / (last - first)}%, .9rem)`;
  const said = `letters ${Math.max(from, 0) + 1} to ${Math.min(to, state.codes.length)} of ${state.codes.length}`;
  attributes(brush, { "aria-valuemin": first + 1, "aria-valuemax": Math.max(last - (to - from), first) + 1, "aria-valuenow": from + 1, "aria-valuetext": said });
  shown.textContent = said;
  const span = to - from;
  closer.setAttribute("aria-disabled", String(span <= CLOSEST));
  for (const other of [wider, whole]) other.setAttribute("aria-disabled", String(span >= last - first));
}

/** @type {(scene: Scene, state: State) => void} */
function offerLetters(scene, state) {
  const { choices, undo } = scene;
  scene.alphabet = state.alphabet;
  const codes = [...scene.alphabet].map((_, code) => code).concat(-1);
  choices.replaceChildren(...codes.map((code) =>
    button(letterOf(state, code), code < 0 ? "N, unknown" : letterOf(state, code), () => mutate(scene, scene.caret, code), { "data-code": code })), undo);
  roving(choices);
}

// words -----------------------------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {Window} now
 * @param {number} width
 */
function tell(scene, state, now, width) {
  const { edit, plot, inHand, choices, undo, say, caret } = scene;
  const first = changed(scene);
  const gap = partial(state.codes, now.start, width);
  const ends = [Math.max(now.start, 0) + 1, Math.min(now.start + width, state.codes.length)];
  const span = (now.strand ? ends.reverse() : ends).join(" to ");
  const sentence = `${called(now)}, letters ${span}, reads ${reading(state, now, width)}${gap ? ` and ${gap}` : ""}.`;
  say(`${sentence}${first.size ? ` ${first.size} ${first.size === 1 ? "letter is" : "letters are"} changed.` : ""}`);
  const was = first.has(caret) ? `, it was ${letterOf(state, first.get(caret))}` : "";
  const said = `Letter ${caret + 1} is ${letterOf(state, state.codes[caret])}${was}`;
  inHand.textContent = `${said}. Make it`;
  attributes(plot, { "aria-valuemax": state.codes.length, "aria-valuenow": caret + 1, "aria-valuetext": `${said}. ${sentence}` });
  for (const choice of /** @type {NodeListOf<HTMLElement>} */ (choices.querySelectorAll("[data-code]"))) choice.setAttribute("aria-pressed", String(Number(choice.dataset.code) === state.codes[caret]));
  undo.hidden = !(state.mutations ?? []).length;
  if (!undo.hidden) edit.classList.add("is-taken");
}

/** @param {Scene} scene */
function lettersTable(scene) {
  const { state } = scene.store;
  const [from, to] = inView(state);
  const was = changed(scene);
  const others = complemented(state);
  const head = ["position", "letter", ...(state.both_strands ? ["other strand"] : []), "changed from"];
  const rows = [];
  for (let i = Math.max(from, 0); i < Math.min(to, state.codes.length); i++) {
    const value = state.codes[i];
    const letter = make("data", { value, "data-name": `letter-${i + 1}`, "data-value": value }, letterOf(state, value));
    const other = state.both_strands ? [letterOf(state, others[i])] : [];
    rows.push([String(i + 1), letter, ...other, was.has(i) ? letterOf(state, was.get(i)) : ""]);
  }
  return table("Letters in view", head, rows);
}
