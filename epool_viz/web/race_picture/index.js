// RacePicture: which windows of one sequence get the gradient under each pooling, after an epoch, beside the logo of the
// kernel that is learnt there.
//
// state: race   {codes, alphabet, complement, sites [[first, stop]], networks, epochs}; a network is described in shares.js
//        epoch  which is shown, from 1
//        frame_<epoch>  one {kernel, bias, m} a network, the last one of a network that ended before

import { voice } from "../lib/a11y.js";
import { attributes, make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { outlineOf } from "../lib/glyphs.js";
import { informationContent, kernelToPwm, largestAt, letterHeights } from "../lib/maths.js";
import { colourOf, percent } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import CSS from "./style.css";
import { facts, gradientShares } from "./shares.js";

/** @typedef {import("./shares.js").Network} Network */
/** @typedef {import("./shares.js").Learnt} Learnt */
/** @typedef {import("./shares.js").Share} Share */
/** @typedef {{ codes: number[], alphabet: string, complement: number[] | null, sites: [number, number][], networks: Network[], epochs: number, kernel: number }} Race */
/** @typedef {{ network: Network, shares: Share[], told: ReturnType<typeof facts>, heights: Matrix, letters: string }} Shown */
/** @typedef {{ middles: number[], bars: number[], letters: number[] }} Drawn */
/** @typedef {ReturnType<typeof rowOf>} Row */

const HEIGHT = 100; // of a track and of a logo, in units of its drawing
const THIN = 0.004; // least width of a bar, as a share of the sequence
const MOVES = 300; // milliseconds from one epoch to the next
const LEAST_BITS = 1; // that a logo's height stands for

/** @type {(network: Network) => string} */
const colourOfMethod = ({ of }) => `var(--method-${of})`;

/** @param {Network} network */
function rowOf(network) {
  const track = make("svg:svg", { viewBox: `0 0 1 ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  const bars = make("svg:path", { class: "ec-race_picture-bars", fill: colourOfMethod(network) });
  const sites = make("svg:g", { class: "ec-race_picture-sites" });
  track.append(sites, make("svg:path", { class: "ec-race_picture-ground", d: `M0 ${HEIGHT}H1e5` }), bars);
  const logo = make("svg:svg", { preserveAspectRatio: "none", role: "img" });
  const [half, onSite, ended] = [make("span"), make("span"), make("span", { class: "ec-soft" })];
  const name = make("b", { style: `border-color: ${colourOfMethod(network)}` }, network.name);
  const root = make("li", {}, make("div", { class: "ec-race_picture-told" }, name, half, onSite, ended), track, logo);
  const held = { drawn: /** @type {Drawn | null} */ (null), letters: /** @type {SVGPathElement[][]} */ ([]) };
  return { root, track, bars, sites, logo, half, onSite, ended, ...held };
}

/**
 * The words above the bands of the sites.
 *
 * @param {Race} race
 */
const siteNames = ({ sites, codes }) => sites.map(([first, stop]) =>
  make("span", { style: `left: clamp(2rem, ${((50 * (first + stop)) / codes.length).toFixed(2)}%, 100% - 2rem)` }, "true site"));

/**
 * What a race shows after an epoch, a network at a time; null before its first one is over.
 *
 * @param {State} state
 * @returns {(Shown | null)[]}
 */
function shownIn({ race, epoch, ...state }) {
  /** @type {(Learnt | null)[]} */
  const frame = state[`frame_${Math.min(Math.max(epoch, 1), race.epochs)}`] ?? [];
  return race.networks.map((/** @type {Network} */ network, /** @type {number} */ i) => {
    const learnt = frame[i];
    if (!learnt || !race.epochs) return null;
    const { shares, windows } = gradientShares(race.codes, network, learnt, race.sites);
    const { ppm } = kernelToPwm(learnt.kernel, { logBase: learnt.m });
    const bits = informationContent(ppm);
    const letters = ppm[0].map((_, j) => race.alphabet[largestAt(ppm.map((row) => row[j]))]).join("");
    return { network, shares, told: facts(shares, windows), heights: letterHeights(ppm, bits), letters };
  });
}

/**
 * The numbers that a row draws; heights of bars are square roots, so that a three-hundredth is seen beside a whole.
 *
 * @param {Shown} shown
 * @returns {Drawn}
 */
const drawnOf = ({ shares, heights }) => ({
  middles: shares.map(({ middle }) => middle), bars: shares.map(({ share }) => Math.sqrt(share)), letters: heights.flat(),
});

/**
 * What lies a part of the way from one picture to another; all of it where the two cannot be compared.
 *
 * @type {(from: Drawn | null, to: Drawn, part: number) => Drawn}
 */
function between(from, to, part) {
  if (!from || part >= 1 || from.bars.length !== to.bars.length || from.letters.length !== to.letters.length) return to;
  const mix = (/** @type {number[]} */ a, /** @type {number[]} */ b) => b.map((x, i) => a[i] + part * (x - a[i]));
  return { middles: to.middles, bars: mix(from.bars, to.bars), letters: mix(from.letters, to.letters) };
}

/**
 * Bars as one outline.
 *
 * @param {Drawn} drawn
 * @param {number} length
 */
function outline({ middles, bars }, length) {
  const wide = Math.max(1, THIN * length) / 2;
  const bar = (/** @type {number} */ x, /** @type {number} */ height) =>
    `M${(x - wide).toFixed(2)} ${HEIGHT}V${(HEIGHT * (1 - height)).toFixed(2)}H${(x + wide).toFixed(2)}V${HEIGHT}Z`;
  return middles.map((x, i) => bar(x, bars[i])).join("");
}

/**
 * The words of a row, and what stands still in it.
 *
 * @param {Row} row
 * @param {Shown | null} shown
 * @param {State} state
 */
function tellRow(row, shown, { race, epoch }) {
  const length = race.codes.length;
  attributes(row.track, { viewBox: `0 0 ${length} ${HEIGHT}` });
  row.sites.replaceChildren(...race.sites.map((/** @type {[number, number]} */ [first, stop]) => make("svg:rect", { x: first, y: 0, width: stop - first, height: HEIGHT })));
  row.half.textContent = shown ? halfOf(shown) : "after its first epoch";
  row.onSite.textContent = shown && race.sites.length ? `${percent(shown.told.onSite)} on the site` : "";
  const ended = shown?.network.ended;
  row.ended.textContent = ended && ended < epoch ? "stopped early" : "";
  const name = shown?.network.name ?? "";
  row.track.setAttribute("aria-label", shown ? `${name}: ${row.half.textContent}, ${row.onSite.textContent}` : "nothing yet");
  row.logo.setAttribute("aria-label", shown ? `Logo of the kernel under ${name}: ${shown.letters}` : "no logo yet");
}

/**
 * Draw bars and letters.
 *
 * @param {Row} row
 * @param {Drawn | null} drawn
 * @param {Race} race
 * @param {number} bits
 */
function drawRow(row, drawn, race, bits) {
  row.drawn = drawn;
  row.bars.setAttribute("d", drawn ? outline(drawn, race.codes.length) : "");
  const n = race.alphabet.length;
  const width = drawn ? drawn.letters.length / n : 0;
  if (row.letters.length !== width) {
    row.letters = Array.from({ length: width }, () => [...race.alphabet].map((letter) => make("svg:path", { d: outlineOf(letter), fill: colourOf(race, letter) })));
    row.logo.replaceChildren(...row.letters.flat());
    attributes(row.logo, { viewBox: `0 0 ${Math.max(width, 1)} ${HEIGHT}` });
  }
  row.letters.forEach((column, j) => {
    const heights = column.map((_, a) => (HEIGHT * /** @type {Drawn} */ (drawn).letters[a * width + j]) / bits);
    const order = column.map((_, a) => a).sort((a, b) => heights[a] - heights[b] || a - b);
    let up = 0;
    for (const a of order) {
      up += heights[a];
      column[a].setAttribute("transform", `translate(${j + 0.03} ${(HEIGHT - up).toFixed(2)}) scale(0.0094 ${(heights[a] / 100).toFixed(4)})`);
    }
  });
}

/** @param {Shown} shown */
function halfOf({ told: { half } }) {
  return `half on ${half} ${half === 1 ? "window" : "windows"}`;
}

/**
 * What a logo's height stands for: the most that any network reaches in the race as it is so far, so that logos can be compared.
 *
 * @param {State} state
 */
function mostBits(state) {
  /** @type {(Learnt | null)[]} */
  const last = state[`frame_${state.race.epochs}`] ?? [];
  const reached = last.flatMap((learnt) => (learnt ? informationContent(kernelToPwm(learnt.kernel, { logBase: learnt.m }).ppm) : []));
  return Math.max(LEAST_BITS, ...reached) * 1.02;
}

/** @param {(Shown | null)[]} shown */
function tableOf(shown, /** @type {boolean} */ knowsSites) {
  const rows = shown.filter((each) => each !== null).map(({ network, told, shares, letters }) => [
    network.name, `${told.half} of ${told.windows}`, percent(Math.max(...shares.map(({ share }) => share))), knowsSites ? percent(told.onSite) : "–", letters,
  ]);
  return table("Gradient by window", ["pooling", "windows that get half", "largest share", "on the site", "likeliest letters"], rows);
}

/**
 * Call `draw(part)` with what is over of a movement, until it is 1; a further movement takes its place.
 *
 * @param {(part: number) => void} draw
 * @param {AbortSignal} signal
 */
function mover(draw, signal) {
  let begun = 0;
  let frame = 0;
  signal.addEventListener("abort", () => cancelAnimationFrame(frame));
  const go = () => {
    const part = Math.min((performance.now() - begun) / MOVES, 1);
    draw(part * (2 - part));
    if (part < 1) frame = requestAnimationFrame(go);
  };
  return (/** @type {boolean} */ isAtOnce) => {
    cancelAnimationFrame(frame);
    begun = isAtOnce || matchMedia("(prefers-reduced-motion: reduce)").matches ? -Infinity : performance.now();
    go();
  };
}

/** @param {HTMLElement} el */
function sceneIn(el) {
  const section = panel(el, "race_picture", "Which windows get the gradient", CSS);
  const [title, logos] = [make("span", { class: "ec-panel-title" }), make("span", { class: "ec-soft" })];
  const [list, sites] = [make("ul"), make("div", { class: "ec-race_picture-where", "aria-hidden": "true" })];
  const note = make("p", { class: "ec-soft ec-race_picture-note" });
  section.append(make("div", { class: "ec-panel-head" }, title, logos), sites, list, note);
  const rows = /** @type {Row[]} */ ([]);
  return { section, title, logos, list, sites, note, rows, names: "", shown: /** @type {(Shown | null)[]} */ ([]), bits: 1, before: /** @type {(Drawn | null)[]} */ ([]) };
}

/** @typedef {ReturnType<typeof sceneIn>} Scene */

/**
 * The words around the rows, and as many rows as there are networks.
 *
 * @param {Scene} scene
 * @param {State} state
 */
function lookAt(scene, state) {
  /** @type {Race} */
  const race = state.race;
  const names = JSON.stringify(race.networks.map(({ method, name }) => [method, name]));
  if (names !== scene.names) {
    scene.names = names;
    scene.rows = race.networks.map(rowOf);
    scene.list.replaceChildren(...scene.rows.map(({ root }) => root));
  }
  Object.assign(scene, { shown: shownIn(state), bits: mostBits(state), before: scene.rows.map(({ drawn }) => drawn) });
  scene.rows.forEach((row, i) => tellRow(row, scene.shown[i], state));
  scene.sites.replaceChildren(make("div", {}, siteNames(race)));
  scene.sites.hidden = !race.sites.length;
  scene.title.textContent = `Gradient of each window${race.epochs ? `, epoch ${Math.min(Math.max(state.epoch, 1), race.epochs)}` : ""}`;
  scene.logos.textContent = race.epochs ? "Logo that forms" : "";
  scene.note.textContent = noteOf(race);
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const scene = sceneIn(el);
    const say = voice(scene.section, { sentence: "hidden" });
    const refresh = numbers(scene.section, "The numbers as a table", () => tableOf(scene.shown, store.state.race.sites.length > 0));
    const move = mover((part) => scene.rows.forEach((row, i) => {
      const to = scene.shown[i];
      drawRow(row, to && between(scene.before[i], drawnOf(to), part), store.state.race, scene.bits);
    }), signal);
    return follow(store, (state, _trace, changed) => {
      if (changed && ![...changed].some((name) => name === "epoch" || name === "race" || name.startsWith("frame_"))) return;
      lookAt(scene, state);
      move(changed === null);
      say(scene.shown.filter((each) => each !== null).map((each) => `${each.network.name}: ${halfOf(each)}`).join(". "));
      refresh();
    }, signal);
  },
};

/** @param {Race} race */
function noteOf({ epochs, codes, kernel }) {
  if (!epochs) return "The first epoch is running; its gradient is drawn here.";
  return `One test sequence, ${codes.length} letters; kernel ${kernel + 1} of each network. Heights are square roots.`;
}
