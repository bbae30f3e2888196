// The landing page's small E-step: one real stretch of DNA, one motif, one slider. It needs neither Python nor a kernel.
//
// The page holds `<div data-ep-landing>` and, within it, a JSON of the state that a store takes.

import { make } from "../lib/dom.js";
import { oncePerFrame } from "../lib/drawing.js";
import { progress } from "../lib/guide.js";
import { outlineOf } from "../lib/glyphs.js";
import { colourOf, format, percent } from "../lib/numbers.js";
import { box, px } from "../lib/paths.js";
import { createStore } from "../lib/store.js";
import { heightsOf, limitsOf, stack } from "../logo/index.js";
import { placesOf, sweep } from "./places.js";

/** @typedef {ReturnType<typeof begin>} Scene */

const SWEEP = 6000; // milliseconds from m = 0 to the largest and back to where it was
const MOST = 3; // the slider's end
const SAID = 9; // letters that the words beside the logo take

/**
 * The elements of the picture.
 *
 * @param {HTMLElement} root
 * @param {Store} store
 */
function begin(root, store) {
  const { codes, alphabet, kernel } = store.state;
  const place = placesOf(codes.length, kernel[0].length);
  const svg = make("svg:svg", { viewBox: `0 0 ${place.width} ${place.height}`, role: "img" });
  const group = (/** @type {string} */ name) => make("svg:g", { "data-name": name });
  const [here, bars, letters, logo, said, line] = ["here", "bars", "letters", "logo", "said", "line"].map(group);
  svg.append(here, bars, letters, logo, said, line);
  letters.append(...codes.map((code, i) => make("svg:text", { x: px(place.x(i + 0.5)), y: place.letters, "text-anchor": "middle", fill: colourOf(store.state, alphabet[code]) }, alphabet[code])));
  const glyphs = kernel[0].map(() => [...alphabet].map((letter) => make("svg:path", { d: outlineOf(letter), fill: colourOf(store.state, letter) })));
  logo.append(...glyphs.flat());
  const range = make("input", { type: "range", min: 0, max: MOST, step: 0.01, id: "landing_m" });
  const number = make("output", { for: "landing_m", "aria-hidden": "true" });
  const play = make("button", { type: "button" }, "▶︎ Play");
  const told = make("p", { class: "epool-told", "aria-live": "polite" });
  const best = store.state.cursor;
  root.append(svg, make("div", { class: "epool-hand" }, play, make("label", { for: "landing_m" }, "m"), range, number), told);
  return { root, store, place, svg, here, bars, logo, said, line, glyphs, range, number, play, told, best, frame: 0 };
}

// drawing ---------------------------------------------------------------------------------------------------------------

/** @param {Scene} scene */
function drawBars({ store: { trace, state }, place, here, bars }) {
  const at = state.cursor;
  here.replaceChildren(make("svg:path", { d: box(place.x(at), place.letters - 17, trace.width * place.unit, 23), fill: "var(--accent)", "fill-opacity": 0.16 }));
  bars.replaceChildren(
    make("svg:path", { d: `M${px(place.x(0))} ${place.base}H${px(place.x(place.length))}`, stroke: "var(--ink-soft)" }),
    make("svg:text", { x: px(place.width), y: 20, "text-anchor": "end", class: "quiet" }, "probability of each place"),
    ...trace.posterior.map((p, i) => make("svg:path", {
      d: box(place.x(i) + 1, place.base - p * place.tall, place.unit - 2, p * place.tall),
      fill: "var(--method-expectation)", "fill-opacity": i === at ? 1 : 0.75,
    })),
  );
}

/** @param {Scene} scene */
function drawLogo({ store: { state }, place, logo, said, glyphs }) {
  const { heights } = heightsOf(state, "information");
  const limits = limitsOf(heights, "information", state.background);
  glyphs.forEach((column, j) => stack(column, j, heights.map((row) => row[j]), limits));
  logo.setAttribute("transform", `translate(${px(place.x(state.cursor))},${place.logo}) scale(${px(place.unit)},${place.logoTall})`);
  const isRight = state.cursor + glyphs.length + SAID <= place.length;
  const x = px(isRight ? place.x(state.cursor + glyphs.length) + 10 : place.x(state.cursor) - 10);
  const lines = ["its motif", `at m = ${format(state.m, 3)}`];
  said.replaceChildren(...lines.map((text, i) => make("svg:text", { x, y: place.logo + 20 + 24 * i, "text-anchor": isRight ? "start" : "end", class: "quiet" }, text)));
}

/** @param {Scene} scene */
function drawLine({ store: { trace }, place, line }) {
  const share = (trace.pooled - trace.average) / (trace.maximum - trace.average);
  const [left, right, y] = [place.x(3), place.x(place.length - 3), place.line];
  const x = left + share * (right - left);
  const name = (/** @type {number} */ at, /** @type {string} */ anchor, /** @type {string} */ text) => make("svg:text", { x: px(at), y: y + 24, "text-anchor": anchor, class: "quiet" }, text);
  line.replaceChildren(
    make("svg:path", { d: `M${px(left)} ${y}H${px(right)}`, stroke: "var(--line)", "stroke-width": 2 }),
    make("svg:circle", { cx: px(left), cy: y, r: 5, fill: "var(--method-average)" }),
    make("svg:path", { d: `M${px(right)} ${y - 7}l7 12h-14z`, fill: "var(--method-max)" }),
    name(0, "start", "average pooling"), name(place.width, "end", "max pooling"),
    make("svg:path", { d: `M${px(x)} ${y - 9}l8 9-8 9-8-9z`, fill: "var(--method-expectation)" }),
    make("svg:text", { x: px(x), y: y - 14, "text-anchor": share > 0.7 ? "end" : share < 0.3 ? "start" : "middle", "font-weight": 650 }, `expectation pooling ${format(trace.pooled, 3)}`),
  );
}

/** @param {Scene} scene */
function words({ store: { state, trace }, best }) {
  const at = state.cursor;
  const shown = (/** @type {number} */ j) => format(state.kernel[state.codes[at + j]][j], 2);
  const sum = `${shown(0)} + ${shown(1)} + … + ${shown(trace.width - 1)} = ${format(trace.scores[at], 3)}`.replaceAll("+ −", "− ");
  const place = `Letter ${at + 1}: score ${sum}, probability ${percent(trace.posterior[at])}.`;
  return at === best ? `${place} Point at another letter, or tap it, to see its own.` : place;
}

/** @param {Scene} scene */
function draw(scene) {
  const { store: { state }, svg, range, number, told } = scene;
  drawBars(scene);
  drawLogo(scene);
  drawLine(scene);
  range.value = String(state.m);
  range.setAttribute("aria-valuetext", `m ${format(state.m, 3)}`);
  number.textContent = state.m.toFixed(2);
  const text = words(scene);
  svg.setAttribute("aria-label", text);
  told.setAttribute("aria-live", scene.frame ? "off" : "polite");
  told.textContent = text;
}

// the hand --------------------------------------------------------------------------------------------------------------

/** @param {Scene} scene */
function stop(scene) {
  cancelAnimationFrame(scene.frame);
  scene.frame = 0;
  scene.play.textContent = "▶︎ Play";
}

/** @param {Scene} scene */
function play(scene) {
  const from = scene.store.state.m;
  const begun = performance.now();
  const step = (/** @type {number} */ now) => {
    const share = Math.min((now - begun) / SWEEP, 1);
    if (share === 1) stop(scene);
    else scene.frame = requestAnimationFrame(step);
    scene.store.set({ m: sweep(share, from, MOST) });
  };
  scene.play.textContent = "❚❚ Stop";
  scene.frame = requestAnimationFrame(step);
}

/** @param {Scene} scene */
function listen(scene) {
  const { store, svg, range, place } = scene;
  range.addEventListener("input", () => {
    stop(scene);
    store.set({ m: Number(range.value) });
  });
  scene.play.addEventListener("click", () => {
    if (scene.frame) {
      stop(scene);
      draw(scene);
    } else play(scene);
  });
  svg.addEventListener("pointerleave", ({ pointerType }) => {
    if (pointerType !== "touch") store.set({ cursor: scene.best });
  });
  svg.addEventListener("pointermove", (event) => {
    const { left, top, width } = svg.getBoundingClientRect();
    const scale = place.width / width;
    if ((event.clientY - top) * scale > place.logo) return; // the logo can be looked at
    store.set({ cursor: place.window((event.clientX - left) * scale) });
  });
}

/** @param {HTMLElement} root */
export function mount(root) {
  const store = createStore(JSON.parse(/** @type {string} */ (root.querySelector("script")?.textContent)));
  const scene = begin(root, store);
  listen(scene);
  draw(scene);
  store.on(oncePerFrame(() => draw(scene)));
}

/**
 * The way to the story: to where this visitor has come.
 *
 * @param {HTMLAnchorElement} door
 */
export function openAtScene(door) {
  /** @type {{ id: string, file: string }[]} */
  const story = JSON.parse(door.dataset.epStory ?? "[]");
  const at = story.findIndex(({ id }) => id === progress().at);
  if (at < 1) return;
  door.href = `${door.dataset.epFolder}${story[at].file}#scene=${story[at].id}`;
  /** @type {Element} */ (door.querySelector("span")).textContent = `go on at scene ${at + 1} of ${story.length}.`;
}

for (const door of document.querySelectorAll("[data-ep-story]")) openAtScene(/** @type {HTMLAnchorElement} */ (door));
for (const root of document.querySelectorAll("[data-ep-landing]")) mount(/** @type {HTMLElement} */ (root));
