// LetterTracks: a sequence, and under it several scores of its letters as aligned tracks, one cursor over all of them.
//
// options: {title, height, kinds, edits, sentence, live}
//   title   what the picture shows
//   height  of a track's drawing, in rem (default 2.75)
//   kinds   {kind: what it is}, the key; the first kind is drawn in the accent colour, others lighter and with another edge
//   edits   key of the state that holds the letters put in place of others, [[letter, text]], in order; without it none can be
//   live    false: the sentence is never spoken on its own
// On a narrow page the notes are left out, but for whether the peak lies in a site.
// traits: letters {text, name, sites: [[first, stop, name]], changed: [[letter, what it was]]}, tracks [{name, title, kind, values, note,
// peak, finds}]: the letter of the highest value, and whether it lies in a known site (null where none is known)
// state: cursor (a letter, from 0), zoom ([first, stop], or null for all)
//
// Every track has its own scale, from its lowest value or 0 to its highest or 0. Where a letter is wide enough it is drawn as
// tall as its score, upside down below 0; else a bar stands for it, and where bars are narrower than a pixel the
// furthest from 0 of each pixel.

import { onArrows, roving, voice } from "../lib/a11y.js";
import { CLOSEST, inView, lane, zoomBy } from "../lib/cursor.js";
import { attributes, make } from "../lib/dom.js";
import { follow, onWidth, oncePerFrame, widthOf } from "../lib/drawing.js";
import { GLYPHS } from "../lib/glyphs.js";
import { onHover, onWheel, zoomKey } from "../lib/input.js";
import { format, number } from "../lib/numbers.js";
import { box, px } from "../lib/paths.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import { niceStep } from "../lib/ticks.js";
import CSS from "./style.css";
import { furthest, ranksOf } from "./values.js";

/**
 * What is drawn.
 *
 * @typedef {{name: string, title: string, kind: string, values: number[], note?: string, peak?: number, finds?: boolean | null}} Track
 * @typedef {ReturnType<typeof rowOf> & {after?: number}} Row `after` is where the name ends
 * @typedef {ReturnType<typeof lane> & {strip: number, row: number, bottom: number}} Place
 * @typedef {{title: string, height: number, kinds: Record<string, string>, edits?: string, sentence?: string, live?: boolean}} Options
 * @typedef {{
 *   model: Model, store: Store, options: Options, svg: SVGSVGElement, plot: HTMLElement,
 *   back: SVGGElement, drawing: SVGGElement, here: SVGGElement, shown: HTMLElement, key: HTMLElement,
 *   wider: HTMLElement, closer: HTMLElement, whole: HTMLElement, toSite: HTMLElement, tools: HTMLElement,
 *   inHand: HTMLElement, undo: HTMLElement, choices: HTMLElement, editor: HTMLElement,
 *   place: Place, rows: Row[], drawn: string, say: (text: string) => void, refreshTable: () => void,
 * }} Scene `place` is null before the first drawing
 */

const DRAWN = "ACGT"; // any other letter is a box
const WIDE = 6; // px from which on a letter is drawn

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const scene = sceneOf(model, exports.store, el);
    onPlot(scene);
    const ask = follow(scene.store, (state, _, names) => draw(scene, state, names), signal);
    onWidth(scene.plot, ask, signal);
    const again = oncePerFrame(ask);
    for (const name of ["change:letters", "change:tracks"]) {
      model.on(name, again);
      signal?.addEventListener("abort", () => model.off(name, again));
    }
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
  const options = { title: "Scores of letters", height: 2.75, kinds: {}, ...model.get("options") };
  const section = panel(el, "tracks", options.title, CSS);
  const scene = /** @type {Scene} */ (/** @type {unknown} */ ({
    model, store, options, ...plotParts(),
    shown: make("span", { class: "ec-soft" }),
    key: make("div", { class: "ec-tracks-key" }),
    place: null, // where letters lie
    rows: [], // of the tracks: see `rowsOf`
    drawn: "", // what the quiet part of the picture is drawn for
  }));
  const { shown, tools, plot, key, choices, editor } = Object.assign(scene, zoomParts(scene), editParts(scene));
  const title = make("span", { class: "ec-panel-title" }, options.title);
  section.append(make("div", { class: "ec-panel-head" }, title, shown, tools), plot, key, editor);
  const say = voice(section, options);
  const refreshTable = numbers(section, "The numbers as a table", () => lettersTable(scene));
  for (const bar of [tools, choices]) roving(bar);
  return Object.assign(scene, { say, refreshTable });
}

/**
 * @param {string} text
 * @param {string} label
 * @param {() => void} act
 */
const button = (text, label, act) => make("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);

/** @param {Scene} scene */
function zoomParts(scene) {
  const wider = button("\u2212", "Zoom out", () => zoom(scene, 2));
  const closer = button("+", "Zoom in", () => zoom(scene, 0.5));
  const whole = button("All", "Show all letters", () => scene.store.set({ zoom: null }));
  const toSite = button("Site", "Go to the site", () => goToSite(scene));
  const tools = make("div", { class: "ec-panel-tools", role: "toolbar", "aria-label": "Zoom" }, toSite, wider, closer, whole);
  return { wider, closer, whole, toSite, tools };
}

function plotParts() {
  const svg = make("svg:svg", { "aria-hidden": "true" });
  const plot = make("div", { class: "ec-tracks-plot", tabindex: "0", role: "slider", "aria-label": "Letter in hand", "aria-valuemin": "1", "aria-orientation": "horizontal" }, svg);
  const [back, drawing, here] = ["sites", "tracks", "cursor"].map((name) => make("svg:g", { "data-name": name }));
  svg.append(back, drawing, here);
  return { svg, plot, back, drawing, here };
}

/** @param {Scene} scene */
function editParts(scene) {
  const inHand = make("span", { "data-name": "in-hand" });
  const undo = button("Undo", "Undo the last change", () => takeBack(scene));
  const choice = (/** @type {string} */ letter) => make("button", { type: "button", "aria-label": letter === "N" ? "N, unknown" : letter, "data-letter": letter, onclick: () => put(scene, letter) }, letter);
  const choices = make("div", { class: "ec-panel-tools", role: "toolbar", "aria-label": "Change the letter in hand" }, [..."ACGTN"].map(choice), undo);
  const editor = make("div", { class: "ec-tracks-edit", hidden: !scene.options.edits }, inHand, choices);
  return { inHand, undo, choices, editor };
}

// what is there ---------------------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @returns {string}
 */
const text = ({ model }) => model.get("letters").text ?? "";
/**
 * @param {Scene} scene
 * @returns {[number, number, string][]}
 */
const sites = ({ model }) => model.get("letters").sites ?? [];

// as the kit wants it: letters without windows
/**
 * @param {Scene} scene
 * @param {State} state
 */
const lettersOf = (scene, state) => /** @type {State} */ (/** @type {unknown} */ ({ codes: { length: text(scene).length }, kernel: [[0]], padding: "valid", zoom: state.zoom }));

/**
 * @param {Scene} scene
 * @param {State} state
 */
const cursorOf = (scene, state) => Math.min(Math.max(Math.round(state.cursor) || 0, 0), Math.max(text(scene).length - 1, 0));

/** @param {string} letter */
const tone = (letter) => (DRAWN.includes(letter) ? letter : "other");

/**
 * @param {Scene} scene
 * @param {string} kind
 */
const look = ({ options }, kind) => ["is-first", "is-second"][Object.keys(options.kinds).indexOf(kind)] ?? "is-other-kind";

/**
 * @param {Scene} scene
 * @param {number} i
 */
const siteAt = (scene, i) => sites(scene).find(([first, stop]) => i >= first && i < stop);

// where, and what is changed --------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {number} factor
 */
function zoom(scene, factor) {
  const { store } = scene;
  store.set({ zoom: zoomBy(lettersOf(scene, store.state), factor, cursorOf(scene, store.state) + 0.5) });
}

/** @param {Scene} scene */
function goToSite(scene) {
  const { store } = scene;
  if (!sites(scene).length) return;
  const [first, stop] = sites(scene).find(([start]) => start > cursorOf(scene, store.state)) ?? sites(scene)[0];
  const span = Math.min(Math.max(60, stop - first), text(scene).length);
  const from = Math.min(Math.max(Math.round((first + stop - span) / 2), 0), text(scene).length - span);
  store.set({ cursor: first, zoom: span < text(scene).length ? [from, from + span] : null });
}

/**
 * @param {Scene} scene
 * @param {number} letter
 */
function go(scene, letter) {
  const { store } = scene;
  const to = Math.min(Math.max(letter, 0), text(scene).length - 1);
  const [first, last] = inView(lettersOf(scene, store.state));
  /** @type {Patch} */
  const patch = { cursor: to };
  if (to < first) patch.zoom = [to, to + last - first];
  else if (to >= last) patch.zoom = [to + 1 - (last - first), to + 1];
  store.set(patch);
}

// Python puts the letter in its place and reads the sequence anew
/**
 * @param {Scene} scene
 * @returns {[number, string][]}
 */
const edits = ({ store, options }) => (options.edits ? store.state[options.edits] : null) ?? [];

/**
 * @param {Scene} scene
 * @param {number} i
 * @returns {string | undefined}
 */
const was = ({ model }, i) => (model.get("letters").changed ?? []).find((/** @type {[number, string]} */ [place]) => place === i)?.[1];

/**
 * @param {Scene} scene
 * @param {string} letter
 */
function put(scene, letter) {
  const { store, options } = scene;
  if (!options.edits || !text(scene)) return;
  const i = cursorOf(scene, store.state);
  const now = edits(scene).find(([k]) => k === i)?.[1] ?? text(scene)[i];
  if (now !== letter) store.set({ [options.edits]: [...edits(scene).filter(([k]) => k !== i), [i, letter]] });
}

/** @param {Scene} scene */
function takeBack(scene) {
  const { store, options, plot, undo } = scene;
  if (!edits(scene).length) return;
  go(scene, edits(scene)[edits(scene).length - 1][0]);
  store.set({ [String(options.edits)]: edits(scene).slice(0, -1) });
  if (document.activeElement === undo && edits(scene).length === 0) plot.focus();
}

// the hand --------------------------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {MouseEvent} event
 */
const letterAt = ({ place, svg }, event) => place.at(event.clientX - svg.getBoundingClientRect().left);

/** @param {Scene} scene */
function onPlot(scene) {
  const { store, plot } = scene;
  onHover(plot, store, (event) => {
    const { place } = scene;
    return place && Math.min(Math.max(Math.floor(letterAt(scene, event)), place.first), place.last - 1);
  });
  onWheel(plot, store, {
    unit: () => scene.place.unit,
    letterAt: (event) => letterAt(scene, event),
    zoom: (factor, about) => store.set({ zoom: zoomBy(lettersOf(scene, store.state), factor, about) }),
    move: (by) => pan(scene, Math.round(by)),
  });
  plot.addEventListener("keydown", (event) => onKey(scene, event));
  onArrows(plot, (step) => go(scene, cursorOf(scene, store.state) + step), (end) => go(scene, end === "first" ? 0 : Infinity));
}

/**
 * @param {Scene} scene
 * @param {number} by
 */
function pan(scene, by) {
  const { store } = scene;
  const [first, last] = inView(lettersOf(scene, store.state));
  const from = Math.min(Math.max(first + by, 0), text(scene).length - (last - first));
  store.set({ zoom: [from, from + last - first] });
}

/**
 * Undo, zoom, the next site, a letter in place of the one in hand.
 *
 * @param {Scene} scene
 * @param {KeyboardEvent} event
 */
function onKey(scene, event) {
  const { store, options } = scene;
  const key = event.key.toUpperCase();
  if (key === "Z" && (event.ctrlKey || event.metaKey)) takeBack(scene);
  else if (event.ctrlKey || event.metaKey || event.altKey || zoomKey(event, store, (factor) => zoom(scene, factor))) return;
  else if (key === "S") goToSite(scene);
  else if (options.edits && key.length === 1 && "ACGTN".includes(key)) put(scene, key);
  else return;
  event.preventDefault();
}

// drawing ---------------------------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {Set<string> | null} names
 */
function draw(scene, state, names) {
  const { plot, refreshTable } = scene;
  if (!text(scene)) return;
  const view = inView(lettersOf(scene, state));
  const now = JSON.stringify([view, widthOf(plot)]);
  if (!names || now !== scene.drawn) {
    scene.drawn = now;
    layOut(scene, view);
    drawSites(scene);
    drawTracks(scene);
    drawKey(scene);
    refreshTable();
    tellView(scene, view);
  }
  drawCursor(scene, cursorOf(scene, state));
}

/**
 * @param {Scene} scene
 * @param {[number, number]} view
 */
function layOut(scene, view) {
  const { model, options, svg, plot } = scene;
  const place = lane(widthOf(plot), view);
  const { rem } = place;
  const strip = (sites(scene).length ? 1.3 : 0.6) * rem; // top of the letters
  const row = 1.5 * rem;
  const [head, size] = [1.35 * rem, options.height * rem];
  const pitch = head + size + 0.55 * rem;
  const top = strip + row + 1.2 * rem;
  scene.rows = model.get("tracks").map((/** @type {Track} */ track, /** @type {number} */ k) => rowOf(track, top + k * pitch, head, size));
  scene.place = { ...place, strip, row, bottom: top + scene.rows.length * pitch };
  attributes(svg, { height: scene.place.bottom });
}

/**
 * A track from `top` on: its ends, where its drawing starts, the rank of each value, and the y of a value.
 *
 * @param {Track} track
 * @param {number} top
 * @param {number} head
 * @param {number} size
 */
function rowOf(track, top, head, size) {
  const low = track.values.reduce((a, v) => Math.min(a, v), 0);
  const high = track.values.reduce((a, v) => Math.max(a, v), 0);
  const [from, span] = [top + head, high - low || 1];
  return { track, low, high, top, size, from, ranks: ranksOf(track.values), y: (/** @type {number} */ v) => from + size * (1 - (v - low) / span) };
}

/** @param {Scene} scene */
function drawSites(scene) {
  const { model, back, place } = scene;
  const parts = [];
  for (const [first, stop, name] of sites(scene)) {
    const [a, b] = [Math.max(first, place.first), Math.min(stop, place.last)];
    if (b <= a) continue;
    const [x, width] = [place.x(a), (b - a) * place.unit];
    parts.push(make("svg:path", { class: "ec-tracks-site", "data-name": "site", d: box(x, place.strip, width, place.bottom - place.strip) }));
    parts.push(make("svg:path", { class: "ec-tracks-bracket", d: `M${px(x)} ${px(place.strip - 2)}h${px(width)}` }));
    const middle = Math.min(Math.max(x + width / 2, place.left + 2 * place.rem), place.right - 2 * place.rem);
    if (name) parts.push(make("svg:text", { class: "ec-tracks-sitename", x: px(middle), y: px(place.strip - 0.4 * place.rem), "text-anchor": "middle" }, name));
  }
  const size = Math.min(Math.max(place.unit / 2, 3), 0.3 * place.rem);
  const marks = (model.get("letters").changed ?? []).filter((/** @type {[number, string]} */ [i]) => i >= place.first && i < place.last)
    .map((/** @type {[number, string]} */ [i]) => `M${px(place.x(i + 0.5) - size)} ${px(place.strip - 1 - size)}h${px(2 * size)}l${px(-size)} ${px(1.5 * size)}z`);
  back.replaceChildren(...parts, make("svg:path", { class: "ec-tracks-changed", "data-name": "changed", d: marks.join("") }));
}

/** @param {Scene} scene */
function drawTracks(scene) {
  const { drawing, place, rows } = scene;
  const isWide = place.unit >= WIDE;
  const names = rows.map(({ track, top }) => make("svg:text", { class: "ec-tracks-name", x: px(0.6 * place.rem), y: px(top + 0.95 * place.rem) }, track.title));
  drawing.replaceChildren(
    ...stripParts(scene, isWide), ...ticks(scene, place.strip + place.row),
    ...rows.flatMap((row, k) => trackParts(scene, row, names[k], isWide)),
  );
  rows.forEach((row, k) => (row.after = 1.1 * place.rem + names[k].getComputedTextLength()));
}

/**
 * @param {Scene} scene
 * @param {Row} row
 * @param {SVGTextElement} name
 * @param {boolean} isWide
 */
function trackParts(scene, row, name, isWide) {
  const { rem, left, right } = scene.place;
  const { track, top, size, from, y } = row;
  const across = (/** @type {string} */ look, /** @type {number} */ at) => make("svg:path", { class: look, d: `M${px(left)} ${px(at)}H${px(right)}` });
  const isRoomy = right > 26 * rem;
  const mark = track.finds === true ? "\u2713" : track.finds === false ? "\u2717" : "";
  const note = [mark, isRoomy ? (track.note ?? "") : ""].filter(Boolean).join(" ");
  return [
    make("svg:path", { class: `ec-tracks-rail ${look(scene, track.kind)}`, d: box(0, top + 0.2 * rem, 0.3 * rem, size + 1.15 * rem) }),
    name,
    across("ec-tracks-edge", from),
    ...axis(scene, row),
    ...(isWide ? glyphs(scene, row) : [bars(scene, row)]),
    across("ec-tracks-zero", y(0)),
    ...(note ? [make("svg:text", { class: "ec-tracks-note", x: px(right), y: px(top + 0.95 * rem), "text-anchor": "end" }, note)] : []),
    ...peakParts(scene, row),
  ];
}

/**
 * A mark over the highest letter of a track: filled where it lies in a known site, hollow where it does not.
 *
 * @param {Scene} scene
 * @param {Row} row
 */
function peakParts({ place }, { track, from }) {
  const { peak, finds } = track;
  if (peak === undefined || finds === null || finds === undefined || peak < place.first || peak >= place.last) return [];
  const size = 0.3 * place.rem;
  const d = `M${px(place.x(peak + 0.5) - size)} ${px(from - 1.6 * size)}h${px(2 * size)}l${px(-size)} ${px(1.5 * size)}z`;
  return [make("svg:path", { class: `ec-tracks-peak ${finds ? "is-found" : "is-missed"}`, "data-name": "peak", d })];
}

/**
 * The numbers at the ends of a track's scale, and 0 where there is room between.
 *
 * @param {Scene} scene
 * @param {Row} row
 */
function axis({ place }, { low, high, from, size, y }) {
  const { rem } = place;
  const label = (/** @type {number} */ v, /** @type {number} */ y_) => make("svg:text", { x: px(place.left - 5), y: px(y_), "text-anchor": "end" }, format(v, Math.abs(v) < 0.01 ? 1 : 2));
  const [upper, zero, lower] = [from + 0.55 * rem, Math.min(y(0) + 0.26 * rem, from + size), from + size];
  const marks = [];
  if (high > 0 && y(0) - from > 0.5 * rem) marks.push(label(high, upper));
  if (low < 0 && lower - y(0) > 0.5 * rem) marks.push(label(low, lower));
  if (!marks.length || ((!(high > 0) || zero - upper > 0.8 * rem) && (marks.length < 2 || lower - zero > 0.8 * rem))) marks.push(label(0, zero));
  return marks;
}

/**
 * One path a tone.
 *
 * @param {Record<string, string[]>} tones
 * @param {Record<string, string | number>} [extra]
 */
const tonePaths = (tones, extra = {}) => Object.entries(tones).filter(([, parts]) => parts.length)
  .map(([name, parts]) => make("svg:path", { class: `is-${name}`, ...extra, d: parts.join("") }));

/**
 * @param {Scene} scene
 * @param {boolean} isWide
 */
function stripParts(scene, isWide) {
  const { place } = scene;
  const letters = text(scene);
  /** @type {Record<string, string[]>} */
  const tones = { A: [], C: [], G: [], T: [], other: [] };
  for (let i = place.first; i < place.last; i++) {
    const letter = letters[i];
    tones[tone(letter)].push(isWide && DRAWN.includes(letter)
      ? scaled(letter, place.x(i) + 0.06 * place.unit, place.strip + 2, 0.88 * place.unit, place.row - 4)
      : box(place.x(i), place.strip + (DRAWN.includes(letter) ? 2 : place.row / 2), place.unit, DRAWN.includes(letter) ? place.row - 4 : 2));
  }
  return tonePaths(tones, { "fill-opacity": isWide ? 1 : 0.6 });
}

/**
 * @param {Scene} scene
 * @param {Row} row
 */
function glyphs(scene, { track, y }) {
  const { place } = scene;
  const letters = text(scene);
  /** @type {Record<string, string[]>} */
  const tones = { A: [], C: [], G: [], T: [], other: [] };
  for (let i = place.first; i < place.last; i++) {
    const v = track.values[i];
    const [top, bottom] = [y(Math.max(v, 0)), y(Math.min(v, 0))];
    const letter = letters[i];
    if (bottom - top < 0.4) continue;
    const [x, width] = [place.x(i) + 0.06 * place.unit, 0.88 * place.unit];
    tones[tone(letter)].push(DRAWN.includes(letter) ? scaled(letter, x, v < 0 ? bottom : top, width, (v < 0 ? -1 : 1) * (bottom - top)) : box(x, top, width, bottom - top));
  }
  return tonePaths(tones);
}

/**
 * @param {Scene} scene
 * @param {Row} row
 */
function bars(scene, { track, y }) {
  const { place } = scene;
  const per = Math.max(1, Math.floor(1 / place.unit));
  const gap = place.unit >= 3 ? 0.5 : 0;
  const zero = y(0);
  const d = furthest(track.values, place.first, place.last, per)
    .map(([i, v]) => (v ? box(place.x(i) + gap / 2, Math.min(y(v), zero), Math.max(per * place.unit - gap, 0.5), Math.abs(y(v) - zero)) : ""));
  return make("svg:path", { class: `ec-tracks-bars ${look(scene, track.kind)}`, d: d.join("") });
}

/**
 * @param {Scene} scene
 * @param {number} y
 */
function ticks({ place }, y) {
  const { rem } = place;
  const step = niceStep(Math.max((3 * rem) / place.unit, 1));
  const marks = [];
  for (let p = Math.max(Math.ceil((place.first + 1) / step) * step, step); p <= place.last; p += step) marks.push(p);
  return [
    make("svg:path", { class: "ec-tracks-zero", d: marks.map((p) => `M${px(place.x(p - 0.5))} ${px(y)}v3`).join("") }),
    ...marks.map((p) => make("svg:text", { x: px(Math.min(place.x(p - 0.5), place.right - 0.5 * rem)), y: px(y + 0.95 * rem), "text-anchor": "middle" }, String(p))),
  ];
}

/** @param {Scene} scene */
function drawKey(scene) {
  const { model, options, key } = scene;
  const used = new Set(model.get("tracks").map((/** @type {Track} */ track) => track.kind));
  key.replaceChildren(...Object.entries(options.kinds).filter(([kind]) => used.has(kind)).map(([kind, words]) =>
    make("span", {}, make("svg:svg", { viewBox: "0 0 6 16", "aria-hidden": "true" }, make("svg:path", { class: `ec-tracks-rail ${look(scene, kind)}`, d: "M0 0h6v16h-6z" })), words)));
}

/**
 * @param {Scene} scene
 * @param {number} i
 */
function drawCursor(scene, i) {
  const { here, place, rows } = scene;
  const { rem } = place;
  const isIn = i >= place.first && i < place.last;
  const size = Math.max(place.unit, 3);
  const x = place.x(i + 0.5);
  /** @type {SVGElement[]} */
  const parts = isIn ? [make("svg:rect", { class: "ec-tracks-cursor", x: px(x - size / 2), y: px(place.strip - 1), width: px(size), height: px(place.bottom - place.strip - 0.3 * rem) })] : [];
  for (const row of rows) {
    parts.push(make("svg:text", { class: "ec-tracks-here", "data-name": row.track.name, x: px(row.after ?? 0), y: px(row.top + 0.95 * rem) }, format(row.track.values[i], 3)));
  }
  here.replaceChildren(...parts);
  tell(scene, i);
}

// words -----------------------------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {[number, number]} pair
 */
function tellView(scene, [first, last]) {
  const { shown, wider, closer, whole, toSite } = scene;
  const count = text(scene).length;
  shown.textContent = `letters ${first + 1} to ${last} of ${count}`;
  toSite.hidden = !sites(scene).length;
  closer.setAttribute("aria-disabled", String(last - first <= Math.min(CLOSEST, count)));
  for (const other of [wider, whole]) other.setAttribute("aria-disabled", String(last - first >= count));
}

/**
 * @param {Scene} scene
 * @param {number} i
 */
function tell(scene, i) {
  const { plot, inHand, choices, undo, say, rows } = scene;
  const site = siteAt(scene, i);
  const where = sites(scene).length ? (site ? `, in the site${site[2] ? ` ${site[2]}` : ""}` : ", outside the sites") : "";
  const ranks = rows.map(({ track, ranks: all }) => `${track.title} ${all[i]}`).join(", ");
  const before = was(scene, i) ? `, it was ${was(scene, i)}` : "";
  inHand.textContent = `Letter ${i + 1} is ${text(scene)[i]}${before}. Make it`;
  for (const choice of /** @type {NodeListOf<HTMLElement>} */ (choices.querySelectorAll("[data-letter]"))) choice.setAttribute("aria-pressed", String(choice.dataset.letter === text(scene)[i]));
  undo.hidden = !edits(scene).length;
  const sentence = `Letter ${i + 1} is ${text(scene)[i]}${before}${where}. Its rank among ${text(scene).length}: ${ranks}.`;
  say(sentence);
  attributes(plot, { "aria-valuemax": text(scene).length, "aria-valuenow": i + 1, "aria-valuetext": sentence });
}

/** @param {Scene} scene */
function lettersTable(scene) {
  const { store, options, rows } = scene;
  const [first, last] = inView(lettersOf(scene, store.state));
  const head = ["position", "letter", ...(sites(scene).length ? ["site"] : []), ...rows.map(({ track }) => track.title)];
  const lines = [];
  for (let i = first; i < last; i++) {
    const site = siteAt(scene, i);
    lines.push([String(i + 1), text(scene)[i], ...(sites(scene).length ? [site ? site[2] || "yes" : ""] : []), ...rows.map(({ track }) => number(`${track.name}-${i + 1}`, track.values[i]))]);
  }
  return table(`${options.title}: letters in view`, head, lines);
}

/**
 * A letter's outline in a box; a negative height turns it upside down.
 *
 * @param {string} letter
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
function scaled(letter, x, y, width, height) {
  const sx = width / 100;
  const sy = height / 100;
  return GLYPHS[letter].replace(/([MLHVAZ])([^MLHVAZ]*)/g, (_, command, /** @type {string} */ rest) => {
    const n = rest.split(/[ ,]+/).filter(Boolean).map(Number);
    const [right, down] = [(/** @type {number} */ v) => px(x + v * sx), (/** @type {number} */ v) => px(y + v * sy)];
    if (command === "H") return `H${right(n[0])}`;
    if (command === "V") return `V${down(n[0])}`;
    if (command === "A") return `A${(n[0] * sx).toFixed(2)} ${(Math.abs(n[1] * sy)).toFixed(2)} 0 ${n[3]} ${height < 0 ? 1 - n[4] : n[4]} ${right(n[5])} ${down(n[6])}`;
    if (command === "Z") return "Z";
    const points = [];
    for (let k = 0; k < n.length; k += 2) points.push(`${right(n[k])} ${down(n[k + 1])}`);
    return command + points.join(" ");
  });
}
