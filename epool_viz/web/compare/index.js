// Compare: pin a state, go on, and see what differs: two logos on one scale, two posteriors on one axis, choices, numbers.
//
// options: {sentence, live}
//   sentence  "visible" (default) or "hidden"
//   live      false: the sentence is never spoken on its own
// state: what the trace depends on, cursor, sequence_name, kernel_name, hidden (while a question is open nothing is shown), and
//   pinned  null, or the state that was pinned: what a trace depends on, alphabet, and, where the state has them,
//           sequence_name, kernel_name, background_choice, link and mutations. Set here; from a link it is checked first.
//
// Both sides are computed here, by the same function. The present's bars stand on the axis, the pinned ones hang from it.

import { voice } from "../lib/a11y.js";
import { called, cursorKeys, windowAt } from "../lib/cursor.js";
import { attributes, make } from "../lib/dom.js";
import { follow, onWidth } from "../lib/drawing.js";
import { outlineOf } from "../lib/glyphs.js";
import { format, letterColour, number, percent } from "../lib/numbers.js";
import { px, stackOf } from "../lib/paths.js";
import { panel } from "../lib/style.js";
import { numbers, scrolling, table } from "../lib/tables.js";
import { differences, fault, sideOf, snapshot } from "./pinned.js";
import CSS from "./style.css";

/**
 * What is drawn.
 *
 * @typedef {import("./pinned.js").Side} Side
 * @typedef {ReturnType<typeof placeOf>} Place
 * @typedef {{
 *   store: Store, svg: SVGSVGElement, plot: HTMLElement, logos: HTMLElement, scaled: HTMLElement, aligned: HTMLElement,
 *   tables: HTMLElement, warning: HTMLElement, body: HTMLElement,
 *   pinButton: HTMLButtonElement, swapButton: HTMLButtonElement, unpinButton: HTMLButtonElement,
 *   pinned: any, now: any, key: string | null, refusal: string, place: Place,
 *   ask: () => void, say: (text: string) => void, refreshTable: () => void,
 * }} Scene `pinned` and `now` are sides, null while there is none
 */

const NUMBERS = {
  pooled: "ePool", average: "average", maximum: "max", logsumexp: "log-sum-exp", offset: "offset of the kernel",
  information: "information of the motif, bits", effective: "effective windows", posterior: "largest posterior",
  window: "in window", site: "site probability",
};

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const scene = sceneOf(model, exports.store, el);
    const { store, plot } = scene;
    cursorKeys(plot, store);
    plot.addEventListener("pointerdown", (event) => event.button || toPointer(scene, event));
    plot.addEventListener("pointermove", (event) => event.buttons & 1 && toPointer(scene, event));
    scene.ask = follow(store, (state, trace, names) => draw(scene, state, trace, names), signal);
    onWidth(plot, () => plot.clientWidth && scene.ask(), signal);
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
  const section = panel(el, "compare", "Compare", CSS);
  const scene = /** @type {Scene} */ (/** @type {unknown} */ ({
    store, ...plotParts(),
    logos: make("div", { class: "ec-compare-logos" }),
    scaled: make("p", { class: "ec-soft", "data-name": "scaled" }),
    aligned: make("p", { class: "ec-soft", "data-name": "aligned" }),
    tables: make("div", { class: "ec-compare-main" }),
    warning: make("p", { class: "ec-panel-warning", role: "alert" }),
    pinned: null, // the pinned side: see `sideOf`
    now: null,
    key: null, // of what `then` was computed from
    refusal: "",
    place: null, // where windows lie
    ask: () => {}, // draw again
  }));
  const button = (/** @type {(scene: Scene) => void} */ act, /** @type {string} */ text) => make("button", { type: "button", onclick: () => act(scene) }, text);
  const [pinButton, swapButton, unpinButton] = [button(pin, "Pin this state"), button(swap, "Swap"), button(unpin, "Unpin")];
  const tools = make("div", { class: "ec-panel-tools" }, pinButton, swapButton, unpinButton);
  section.append(make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, "Compare"), tools), scene.warning);
  const say = voice(section, model.get("options"));
  const twin = make("div");
  const body = make("div", {}, scene.logos, scene.scaled, scene.plot, scene.aligned, scene.tables, twin);
  section.append(body);
  const refreshTable = numbers(twin, "Both posteriors as a table", () => posteriorTable(scene));
  return Object.assign(scene, { pinButton, swapButton, unpinButton, body, say, refreshTable });
}

function plotParts() {
  const svg = make("svg:svg", { "aria-hidden": "true" });
  const plot = make("div", { class: "ec-compare-plot", tabindex: "0", role: "slider", "aria-valuemin": "1", "aria-label": "Posterior, pinned and present: window", "aria-orientation": "horizontal" }, svg);
  return { svg, plot };
}

// the hand --------------------------------------------------------------------------------------------------------------

/** @param {Scene} scene */
function pin(scene) {
  const { store, ask } = scene;
  scene.refusal = store.error ? `This state cannot be pinned. ${store.error}` : "";
  if (store.error) return ask();
  store.set({ pinned: snapshot(store.state) });
}

/** @param {Scene} scene */
function swap({ store }) {
  const { pinned } = store.state;
  store.set({ mutations: [], ...pinned, pinned: snapshot(store.state) });
}

/** @param {Scene} scene */
function unpin(scene) {
  const { store, pinButton } = scene;
  scene.refusal = "";
  pinButton.focus();
  store.set({ pinned: null });
}

/**
 * @param {Scene} scene
 * @param {MouseEvent} event
 */
function toPointer(scene, event) {
  const { store, svg, now, place } = scene;
  const at = (event.clientX - svg.getBoundingClientRect().left - place.left) / place.unit;
  store.set({ cursor: Math.min(Math.max(Math.floor(at), 0), now.trace.posterior.length - 1) });
}

// drawing ---------------------------------------------------------------------------------------------------------------

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {Trace} trace
 * @param {Set<string> | null} names
 */
function draw(scene, state, trace, names) {
  const { store, say, body, refreshTable } = scene;
  const isVeiled = Boolean(state.hidden?.length);
  showTools(scene, state, isVeiled, pinnedSide(scene, state));
  body.hidden = !scene.pinned || isVeiled;
  if (body.hidden) {
    scene.now = null;
    return say(isVeiled ? "Hidden until the question is answered." : state.pinned ? scene.warning.textContent : "Pin this state, change something, and see here what it does.");
  }
  const { now } = scene;
  if (!store.error && (!now || now.trace !== trace || !names || names.has("kernel_name") || names.has("sequence_name"))) scene.now = { ...sideOf(state), trace };
  if (!scene.now) return;
  const onlyMoved = names?.size && [...names].every((name) => name === "cursor");
  if (!onlyMoved) {
    drawLogos(scene);
    drawTables(scene);
    layOut(scene);
    refreshTable();
    say(sentence(scene));
  }
  drawCursor(scene, state);
}

/**
 * Compute the pinned side where it is another than before; returns what is wrong with it, as a sentence.
 *
 * @param {Scene} scene
 * @param {State} state
 */
function pinnedSide(scene, state) {
  const { store } = scene;
  const damage = state.pinned ? fault(state.pinned) : null;
  const pinned = damage ? null : state.pinned;
  const text = pinned && JSON.stringify(pinned);
  let problem = damage ?? "";
  if (text !== scene.key) {
    try {
      scene.pinned = pinned ? sideOf(pinned) : null;
    } catch (error) {
      scene.pinned = null;
      problem = `The pinned state cannot be computed. ${/** @type {Error} */ (error).message}`;
    }
    scene.key = problem ? null : text;
  }
  return problem || (pinned && store.error ? `Shown is the last state that could be computed. ${store.error}` : "");
}

/**
 * @param {Scene} scene
 * @param {State} state
 * @param {boolean} isVeiled
 * @param {string} problem
 */
function showTools(scene, state, isVeiled, problem) {
  const { store, pinButton, swapButton, unpinButton, warning, pinned: then } = scene;
  if (!store.error) scene.refusal = "";
  warning.textContent = scene.refusal || problem;
  pinButton.textContent = state.pinned ? "Pin this state instead" : "Pin this state";
  pinButton.disabled = swapButton.disabled = isVeiled;
  unpinButton.hidden = !state.pinned;
  swapButton.hidden = !then;
}

/** @param {Scene} scene */
function drawLogos(scene) {
  const { logos, scaled, pinned: then, now } = scene;
  const width = Math.max(then.heights[0].length, now.heights[0].length);
  const most = Math.max(then.most, now.most);
  scaled.textContent = `Information logos to the base e\u1d50 of each; both axes end at ${format(most, 3)} bits.`;
  logos.replaceChildren(logoOf(then, "Pinned", width, most), logoOf(now, "Present", width, most));
}

/**
 * @param {Side} side
 * @param {string} name
 * @param {number} width
 * @param {number} most
 */
function logoOf({ state, heights, numbers: { information } }, name, width, most) {
  const label = `${state.kernel_name || "kernel"}, m = ${format(state.m)}: ${format(information, 3)} bits`;
  const letterOf = (/** @type {number} */ j) => (/** @type {[number, number, number]} */ [a, bottom, size]) => {
    const letter = state.alphabet[a];
    return make("svg:path", {
      d: outlineOf(letter), fill: letterColour(state.complement ? letter : "other"), "data-letter": letter, "data-column": j,
      transform: `translate(${j + 0.03},${1 - bottom - size}) scale(0.0094,${size / 100})`,
    });
  };
  const letters = heights[0].map((_, j) => stackOf(heights, j, most).filter(([, , size]) => size >= 1e-6).map(letterOf(j)));
  const look = { role: "img", viewBox: `0 0 ${width} 1`, preserveAspectRatio: "none", "aria-label": `${name}: logo of ${label}; the axis of both ends at ${format(most, 3)} bits` };
  return make("figure", {}, make("figcaption", {}, make("b", {}, name), ` ${label}`), make("svg:svg", look, letters.flat()));
}

/** @param {Side} side */
const strandsOf = ({ state, trace }) => [trace.starts[0], trace.starts.length, Boolean(state.both_strands)];

/** @param {Scene} scene */
const isComparable = ({ pinned: then, now }) => JSON.stringify(strandsOf(then)) === JSON.stringify(strandsOf(now));

/**
 * Where windows lie; `top` is the posterior at the end of both axes.
 *
 * @param {Pick<Scene, "plot" | "pinned" | "now">} scene
 */
function placeOf({ plot, pinned: then, now }) {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  const left = 3.25 * rem;
  const right = Math.max(plot.clientWidth - 0.5 * rem, left + 1);
  const count = Math.max(now.trace.posterior.length, then.trace.posterior.length);
  const top = Math.max(now.numbers.posterior, then.numbers.posterior) || 1;
  return { rem, left, right, count, top, unit: (right - left) / count, zero: 5 * rem, size: 4.5 * rem };
}

/** @param {Scene} scene */
function layOut(scene) {
  const { svg, aligned, pinned: then, now } = scene;
  const place = (scene.place = placeOf(scene));
  const { rem, left, right, zero, size, unit } = place;
  const [upper, lower, ends] = [zero - size, zero + size, format(place.top, 2)];
  const line = (/** @type {string} */ name, /** @type {number} */ y) => make("svg:path", { class: name, d: `M${left} ${px(y)}H${px(right)}` });
  const mark = (/** @type {number} */ y, /** @type {string} */ text) => make("svg:text", { x: left - 6, y: px(y + 0.26 * rem), "text-anchor": "end" }, text);
  const side = (/** @type {number} */ y, /** @type {string} */ text) => make("svg:text", { class: "ec-compare-side", x: right, y, "text-anchor": "end" }, text);
  attributes(svg, { height: lower + 0.5 * rem });
  svg.replaceChildren(
    make("svg:rect", { class: "ec-compare-at", y: upper, height: 2 * size }),
    line("ec-compare-axis", upper), line("ec-compare-axis", lower), mark(upper, ends), mark(zero, "0"), mark(lower, ends),
    make("svg:path", { class: "ec-compare-now", "data-name": "now", d: barsOf(place, now, 1) }),
    make("svg:path", { class: `ec-compare-then${unit < 4 ? " is-narrow" : ""}`, "data-name": "then", d: barsOf(place, then, -1) }),
    line("ec-compare-zero", zero),
    side(px(upper + 0.8 * rem), "\u25b2 present"), side(px(lower - 0.35 * rem), "\u25bd pinned"),
  );
  if (isComparable(scene) && now.state.both_strands) {
    const x = px(left + (place.count / 2) * unit);
    svg.append(make("svg:path", { class: "ec-compare-strand", d: `M${x} ${upper}V${lower}` }), make("svg:text", { x: x + 4, y: upper + 0.8 * rem }, "other strand"));
  }
  aligned.textContent = isComparable(scene)
    ? "Posterior: where the site starts. Above the line the present state, below it the pinned one, window by window."
    : `The windows are not the same: ${then.trace.posterior.length} pinned, ${now.trace.posterior.length} now. Both are drawn from the left, so that bars above one another need not be the same place.`;
}

/**
 * The bars of a side, up (`sign` 1) or down (-1).
 *
 * @param {Place} place
 * @param {Side} side
 * @param {number} sign
 */
function barsOf({ left, unit, zero, size, top }, { trace: { posterior } }, sign) {
  const gap = unit >= 6 ? 1 : unit >= 3 ? 0.5 : 0;
  const every = Math.max(1, Math.floor(1 / unit)); // narrower than a pixel: the highest of a column
  const parts = [];
  for (let i = 0; i < posterior.length; i += every) {
    const tall = (Math.max(...posterior.slice(i, i + every), 0) / top) * size;
    if (tall < 0.05) continue;
    parts.push(`M${px(left + i * unit + gap / 2)} ${px(zero)}v${px(-sign * tall)}h${px(Math.max(every * unit - gap, 0.75))}v${px(sign * tall)}`);
  }
  return parts.join("");
}

/**
 * @param {Scene} scene
 * @param {State} state
 */
function drawCursor(scene, state) {
  const { svg, plot, pinned: then, now, place } = scene;
  const count = now.trace.posterior.length;
  const at = Math.min(Math.max(Math.round(state.cursor) || 0, 0), count - 1);
  attributes(/** @type {Element} */ (svg.firstChild), { x: px(place.left + at * place.unit), width: px(Math.max(place.unit, 2)) });
  const share = (/** @type {Side} */ side) => (at < side.trace.posterior.length ? percent(side.trace.posterior[at]) : "no such window");
  const words = `${called(windowAt(now.state, at))}: ${share(now)} of the present posterior, pinned ${share(then)}.`;
  attributes(plot, { "aria-valuemax": count, "aria-valuenow": at + 1, "aria-valuetext": words, title: words });
}

// words and numbers -----------------------------------------------------------------------------------------------------

/** @param {Scene} scene */
function drawTables({ tables, pinned: then, now }) {
  const rows = differences(then.state, now.state);
  const what = rows.length
    ? table("What differs in the choices", ["choice", "pinned", "present"], rows)
    : make("p", { class: "ec-soft" }, "No choice differs: the present state is the pinned one.");
  const cells = Object.entries(NUMBERS).map(([name, label]) => [label, ...cellsOf(name, then.numbers[name], now.numbers[name])]);
  const how = table("What differs in the numbers", ["number", "pinned", "present", "difference"], cells);
  const scrolled = tables.querySelectorAll(".ec-scroll");
  const parts = [scrolling("Choices, pinned and present", what), scrolling("Numbers, pinned and present", how)];
  if (scrolled.length) scrolled.forEach((box, i) => box.replaceChildren(...parts[i].childNodes)); // the focus stays
  else tables.append(...parts);
}

/**
 * @param {string} name
 * @param {number} a
 * @param {number} b
 */
function cellsOf(name, a, b) {
  const gap = a === b ? 0 : b - a;
  const difference = number(`difference_${name}`, gap);
  if (gap > 0) difference.textContent = `+${difference.textContent}`;
  if (Math.abs(gap) > 1e-9) difference.className = "is-big";
  else if (name !== "window") difference.textContent = gap ? "0 (rounding)" : "0";
  const digits = name === "window" ? 15 : 4;
  return [number(`pinned_${name}`, a, digits), number(`present_${name}`, b, digits), difference];
}

/** @param {Scene} scene */
function sentence(scene) {
  const { pinned: then, now } = scene;
  const rows = differences(then.state, now.state);
  if (!rows.length) return "This state is pinned. Change m, a letter or the kernel, and see here what it does.";
  const named = rows.slice(0, 2).map(([what, a, b]) => `${what}: ${a} \u2192 ${b}`).join("; ");
  const more = rows.length > 2 ? ` and ${rows.length - 2} more` : "";
  const [a, b] = [then.numbers, now.numbers];
  const gap = b.pooled - a.pooled;
  const pooled = Math.abs(gap) < 1e-9 ? `ePool stays ${format(b.pooled)}` : `ePool ${gap > 0 ? "rises" : "falls"} by ${format(Math.abs(gap))} to ${format(b.pooled)}`;
  const best = (/** @type {Side} */ side) => called(windowAt(side.state, side.best)).toLowerCase();
  const top = (/** @type {Side} */ side) => `${best(side)} with ${percent(side.numbers.posterior)}`;
  const moved = then.best === now.best && isComparable(scene) ? `${best(now)} stays the largest, ${percent(a.posterior)} \u2192 ${percent(b.posterior)}` : `the largest posterior was ${top(then)} and is ${top(now)}`;
  return `${named}${more}. ${pooled}; ${moved}.`;
}

/** @param {Scene} scene */
function posteriorTable({ pinned: then, now }) {
  if (!now || !then) return make("p");
  const [a, b] = [then.trace.posterior, now.trace.posterior];
  const rows = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
    const cell = (/** @type {string} */ name, /** @type {number[]} */ list) => (i < list.length ? number(`${name}_posterior_${i + 1}`, list[i]) : "\u2013");
    return [String(i + 1), cell("pinned", a), cell("present", b)];
  });
  return table("Posterior of every window", ["window", "pinned", "present"], rows);
}
