// Gallery: the kernels of a model as cards, each with the logo of what it means to the base e^m; drawn as they come into view.
//
// state: kernels [kernel][letter][position], alphabet, complement, m, background, names, weights, use, bits are computed here;
//        matches [kernel] {name, accession, e, reading} or null; compared [kernel] false where that is not known; place (the kernel shown) and chosen (a list) are set here,
//        as are sort, find, logo_kind and stretch
// options: {label, height}
//   height   of a logo, in rem (default 3.6)

import { make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { outlineOf } from "../lib/glyphs.js";
import { informationContent, kernelToPwm, letterHeights, likeliestLetters, mostBits, sum } from "../lib/maths.js";
import { colourOf, format, number, percent } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import CSS from "./style.css";

/** @typedef {{ name: string, accession: string, e: number, reading: string }} Match */
/** @typedef {{ label?: string, height?: number }} Options */
/** @typedef {ReturnType<typeof readingOf>} KernelReading */
/** @typedef {ReturnType<typeof cardOf> & { paths?: SVGPathElement[][] }} Card */
/** @typedef {ReturnType<typeof begin>} Gallery */

const SORTS = {
  model: "their order in the model",
  bits: "information content",
  weight: "output weight",
  match: "known motif",
  use: "how often each decides",
};

/**
 * What a kernel means, and how much it tells: {ppm, each, bits, consensus, heights, top}.
 *
 * @param {Matrix} kernel
 * @param {State} state
 */
export function readingOf(kernel, state) {
  const { ppm } = kernelToPwm(kernel, { logBase: state.m, background: state.background });
  const each = informationContent(ppm, state.background);
  const isShare = state.logo_kind === "probability";
  const heights = isShare ? ppm : letterHeights(ppm, each);
  const top = isShare ? 1 : mostBits(ppm.length, state.background);
  const consensus = likeliestLetters(ppm).map((a, j) => (each[j] < 0.25 ? "·" : state.alphabet[a])).join("");
  return { ppm, each, bits: sum(each), heights, top, consensus };
}

/**
 * Shapes of letters stacked by height, the tallest on top: [{letter, column, bottom, height}] in shares of the whole height.
 *
 * @param {Matrix} heights
 * @param {number} top
 */
export function stacked(heights, top) {
  const shapes = [];
  for (let j = 0; j < heights[0].length; j++) {
    let up = 0;
    const order = heights.map((_, a) => a).sort((a, b) => heights[a][j] - heights[b][j] || a - b);
    for (const a of order) {
      const height = Math.max(heights[a][j], 0) / top;
      if (height > 1e-4) shapes.push({ letter: a, column: j, bottom: up, height });
      up += height;
    }
  }
  return shapes;
}

/**
 * Places of the kernels in the order of a sort, those whose text holds `find`; what is not known goes last.
 *
 * @param {State} state
 * @param {number[]} bits
 * @returns {number[]}
 */
export function ordered(state, bits) {
  const { weights, use, matches, names } = state;
  /** @type {Record<string, (k: number) => number>} */
  const keys = {
    model: (k) => k,
    bits: (k) => -bits[k],
    weight: (k) => (weights ? -weights[k] : -bits[k]), // the strongest first
    match: (k) => (matches[k] ? Math.log(Math.max(matches[k].e, 1e-300)) : 1e9),
    use: (k) => (use ? -use[k] : k),
  };
  const key = keys[state.sort] ?? keys.model;
  const places = [...names.keys()].sort((a, b) => key(a) - key(b) || a - b);
  const words = (state.find ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const textOf = (/** @type {number} */ k) => `${names[k]} ${matches[k]?.name ?? ""} ${matches[k]?.accession ?? ""}`.toLowerCase();
  return places.filter((k) => words.every((/** @type {string} */ word) => textOf(k).includes(word)));
}

/**
 * The elements around the cards, which are not there yet.
 *
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {Options} options
 */
function begin(el, store, { label = "The kernels", height = 3.6 }) {
  const section = panel(el, "gallery", label, CSS);
  const sort = make("select", { onchange: () => store.set({ sort: sort.value }) });
  const find = make("input", { type: "search", class: "ec-box", placeholder: "5, CTCF …", oninput: () => store.set({ find: find.value }) });
  const stretch = make("input", { type: "checkbox", onchange: () => store.set({ stretch: stretch.checked }) });
  const all = make("button", { type: "button" }, "Take all along");
  const count = make("p", { class: "ec-soft", role: "status", "data-name": "count" });
  const drawn = make("p", { class: "ec-soft", "data-name": "drawn" });
  const list = make("ul", { class: "ec-gallery-cards", "aria-label": label });
  const none = make("p", { class: "ec-gallery-none", hidden: true }, "No kernel fits. Clear the search to see all.");
  const box = make("div", { class: "ec-gallery-box" }, list, none);
  section.append(
    make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, label), make("span", { class: "ec-panel-tools" }, all)),
    drawn,
    make("div", { class: "ec-gallery-tools" },
      make("label", {}, "Sort by", sort), make("label", {}, "Find", find), make("label", {}, stretch, "each to its own height")),
    count, box,
  );
  return {
    store, height, section, sort, find, stretch, all, count, drawn, list, none, box,
    retable: () => {},
    viewer: /** @type {IntersectionObserver | null} */ (null),
    kernels: /** @type {Matrix[] | null} */ (null), // that there are cards of
    cards: /** @type {Card[]} */ ([]), // by place in the model
    read: /** @type {Map<number, KernelReading>} */ (new Map()), // by place, at this m
    bits: /** @type {number[]} */ ([]),
    order: /** @type {number[]} */ ([]),
  };
}

/** @type {(gallery: Gallery, place: number) => KernelReading} */
function readingAt({ read, store: { state } }, place) {
  const found = read.get(place) ?? readingOf(state.kernels[place], state);
  read.set(place, found);
  return found;
}

// the cards -------------------------------------------------------------------------------------------------------

/**
 * @param {Store} store
 * @param {number} place
 * @param {number} height of the logo, in rem
 */
function cardOf(store, place, height) {
  const name = store.state.names[place];
  const width = store.state.kernels[place][0].length;
  const svg = make("svg:svg", { role: "img", viewBox: `0 0 ${width} 1`, preserveAspectRatio: "none", style: `height:${height}rem` });
  const facts = make("span", { class: "ec-gallery-facts" });
  const match = make("span", { class: "ec-gallery-match" });
  const title = make("span", { class: "ec-gallery-name" }, name);
  const open = make("button", { type: "button", class: "ec-gallery-open", tabindex: -1, onclick: () => show(store, place) }, title, svg, facts, match);
  const take = make("input", { type: "checkbox", tabindex: -1, "aria-label": `take ${name} along`, onchange: () => toggle(store, place, take.checked) });
  const item = make("li", { class: "ec-gallery-card", "data-place": place }, open, make("label", { class: "ec-gallery-take", title: "take along" }, take));
  return { place, item, open, take, svg, facts, match, isSeen: false, isStale: true };
}

/** @type {(store: Store, place: number) => void} */
function show(store, place) {
  store.set({ place });
  store.flush(); // a choice, not a move that goes on
}

/** @type {(a: number, b: number) => number} */
const ascending = (a, b) => a - b;

/** @type {(store: Store, place: number, isOn: boolean) => void} */
function toggle(store, place, isOn) {
  const rest = store.state.chosen.filter((/** @type {number} */ k) => k !== place);
  store.set({ chosen: (isOn ? [...rest, place] : rest).sort(ascending) });
}

/** @param {Gallery} gallery */
function build(gallery) {
  const { store, viewer, sort, height } = gallery;
  const { kernels, weights, use } = store.state;
  viewer?.disconnect();
  gallery.kernels = kernels;
  gallery.cards = kernels.map((/** @type {Matrix} */ _, /** @type {number} */ place) => cardOf(store, place, height));
  for (const { item } of gallery.cards) viewer?.observe(item);
  const isMissing = (/** @type {string} */ name) => (name === "weight" && weights === null) || (name === "use" && use === null);
  sort.replaceChildren(...Object.entries(SORTS).filter(([name]) => !isMissing(name)).map(([name, text]) => make("option", { value: name }, text)));
}

/** @type {(gallery: Gallery, card: Card) => void} */
function paint(gallery, card) {
  const { store: { state } } = gallery;
  const found = readingAt(gallery, card.place);
  const top = !state.stretch ? found.top : state.logo_kind === "probability" ? 1 : Math.max(...found.each, 1e-9);
  card.paths ??= [...state.alphabet].map((letter) => found.each.map(() =>
    make("svg:path", { d: outlineOf(letter), fill: colourOf(state, letter) })));
  const shown = new Set();
  for (const { letter, column, bottom, height } of stacked(found.heights, top)) {
    const path = card.paths[letter][column];
    path.setAttribute("transform", `translate(${column + 0.03},${1 - bottom - height}) scale(0.0094,${height / 100})`);
    shown.add(path);
    if (!path.parentNode) card.svg.append(path);
  }
  for (const path of [...card.svg.children]) if (!shown.has(path)) path.remove();
  card.isStale = false;
}

/** @type {(gallery: Gallery, card: Card) => void} */
function writeFacts(gallery, { svg, facts, place }) {
  const { weights, use } = gallery.store.state;
  svg.setAttribute("aria-label", `logo, consensus ${readingAt(gallery, place).consensus}`);
  const words = [`${format(gallery.bits[place], 3)} bits`];
  if (weights) words.push(`weight ${weights[place] > 0 ? "+" : ""}${format(weights[place], 2)}`);
  if (use) words.push(use[place] ? `decides ${percent(use[place])}` : "decides none");
  facts.textContent = words.join(" · ");
}

/** @type {(state: State, card: Card) => void} */
function writeMatch({ matches, compared }, { match, place }) {
  /** @type {Match | null} */
  const found = matches[place];
  if (found) match.replaceChildren(make("b", {}, found.name), ` E ${format(found.e, 2)}, ${found.reading}`);
  else match.replaceChildren(compared?.[place] === false ? "not compared with JASPAR" : "no known motif");
  match.classList.toggle("ec-soft", !found);
}

// the hand --------------------------------------------------------------------------------------------------------

/**
 * Scroll the box alone, not the page.
 *
 * @type {(box: HTMLElement, item: HTMLElement | undefined) => void}
 */
function bring(box, item) {
  if (!item?.isConnected) return;
  const [outer, inner] = [box.getBoundingClientRect(), item.getBoundingClientRect()];
  if (inner.top < outer.top) box.scrollTop += inner.top - outer.top - 8;
  else if (inner.bottom > outer.bottom) box.scrollTop += inner.bottom - outer.bottom + 8;
}

/**
 * Make a card the one stop of the Tab key, with its box; the arrow keys go on from it.
 *
 * @type {(gallery: Gallery, place: number, hasFocus?: boolean) => void}
 */
function reach({ cards, order }, place, hasFocus = false) {
  for (const { open, take } of cards) open.tabIndex = take.tabIndex = -1;
  const card = cards[order.includes(place) ? place : order[0]];
  if (!card) return;
  card.open.tabIndex = card.take.tabIndex = 0;
  if (hasFocus) {
    card.open.focus({ preventScroll: true });
    card.item.scrollIntoView({ block: "nearest" });
  }
}

/** @type {(event: Event) => number | null} */
function placeOf(event) {
  const item = /** @type {Element} */ (event.target).closest("li");
  return item && Number(item.dataset.place);
}

/** @type {(gallery: Gallery, event: KeyboardEvent) => void} */
function onKey(gallery, event) {
  const { list, order, store } = gallery;
  const { key } = event;
  const place = placeOf(event);
  if (place === null || event.altKey || event.ctrlKey || event.metaKey) return;
  const at = order.indexOf(place);
  const wide = Math.max(getComputedStyle(list).gridTemplateColumns.split(" ").length, 1);
  const to = {
    ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + wide, ArrowUp: at - wide,
    Home: 0, End: order.length - 1, PageDown: at + 4 * wide, PageUp: at - 4 * wide,
  }[key];
  if (to !== undefined) {
    const next = order[Math.min(Math.max(to, 0), order.length - 1)];
    if (key.startsWith("Page") || (to >= 0 && to < order.length)) reach(gallery, next, true);
  } else if (key === "x" || key === "X") toggle(store, place, !store.state.chosen.includes(place));
  else return;
  event.preventDefault();
}

/** @param {Gallery} gallery */
function listen(gallery) {
  const { list, all, store } = gallery;
  all.addEventListener("click", () => store.set({ chosen: store.state.chosen.length ? [] : [...gallery.order].sort(ascending) }));
  list.addEventListener("focusin", (event) => {
    const place = placeOf(event);
    if (place !== null) reach(gallery, place);
  });
  list.addEventListener("keydown", (event) => onKey(gallery, event));
}

/**
 * Draw each card as it comes into view.
 *
 * @param {Gallery} gallery
 */
function viewerOf(gallery) {
  return new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const card = gallery.cards[Number(/** @type {HTMLElement} */ (target).dataset.place)];
      if (!card) continue;
      card.isSeen = isIntersecting;
      if (card.isSeen && card.isStale) paint(gallery, card);
    }
  }, { root: gallery.box, rootMargin: "200px 0px" });
}

// drawing ---------------------------------------------------------------------------------------------------------

/** @type {(gallery: Gallery, state: State, changed: Set<string> | null) => void} */
function draw(gallery, state, changed) {
  const isNew = state.kernels !== gallery.kernels;
  const has = (/** @type {string[]} */ ...names) => isNew || !changed || names.some((name) => changed.has(name));
  if (isNew) build(gallery);
  const { cards, list } = gallery;
  if (has("m", "background", "logo_kind")) {
    gallery.read = new Map();
    gallery.bits = state.kernels.map((/** @type {Matrix} */ _, /** @type {number} */ k) => readingAt(gallery, k).bits);
  }
  if (has("m", "background", "logo_kind", "stretch")) repaint(gallery, state);
  if (has("m", "background", "weights", "use")) for (const card of cards) writeFacts(gallery, card);
  if (has("matches", "compared")) for (const card of cards) writeMatch(state, card);
  if (has("sort", "find", "m", "background", "weights", "use", "matches")) arrange(gallery, state, isNew);
  if (has("place")) {
    for (const card of cards) {
      card.item.classList.toggle("is-here", card.place === state.place);
      card.place === state.place ? card.open.setAttribute("aria-current", "true") : card.open.removeAttribute("aria-current");
    }
    if (!list.contains(document.activeElement)) reach(gallery, state.place);
    if (isNew) bring(gallery.box, cards[state.place]?.item);
  }
  drawTools(gallery, state);
  gallery.retable();
}

/** @type {(gallery: Gallery, state: State) => void} */
function repaint(gallery, state) {
  for (const card of gallery.cards) {
    card.isStale = true;
    if (card.isSeen) paint(gallery, card);
  }
  const isProbability = state.logo_kind === "probability";
  const kind = isProbability ? "the probability of each letter" : "information, in bits,";
  const scale = state.stretch ? "each logo to its own height" : isProbability ? "from 0 to 1" : `from 0 to ${format(readingAt(gallery, 0).top, 3)} bits`;
  gallery.drawn.textContent = `Drawn: ${kind} of the PPM that each kernel means to the base e\u1d50 = ${format(Math.exp(state.m))}; ${scale}.`;
}

/**
 * Put the cards in order.
 *
 * @type {(gallery: Gallery, state: State, isNew: boolean) => void}
 */
function arrange(gallery, state, isNew) {
  const { list, none, cards } = gallery;
  const next = ordered(state, gallery.bits);
  if (isNew || next.join() !== gallery.order.join()) {
    const focused = /** @type {HTMLElement | null} */ (list.contains(document.activeElement) ? document.activeElement : null);
    gallery.order = next;
    list.replaceChildren(...next.map((k) => cards[k].item));
    if (focused?.isConnected) focused.focus({ preventScroll: true });
  }
  none.hidden = next.length > 0;
  reach(gallery, state.place);
}

/** @type {(gallery: Gallery, state: State) => void} */
function drawTools({ cards, order, all, count, sort, find, stretch }, state) {
  const taken = state.chosen.length;
  for (const { take, place } of cards) take.checked = state.chosen.includes(place);
  all.textContent = taken ? "Take none along" : "Take all along";
  count.textContent = `${order.length === cards.length ? "" : `${order.length} of `}${cards.length} kernels.${taken ? ` ${taken} taken along.` : ""}`;
  const isKnown = [...sort.options].some((option) => option.value === state.sort);
  sort.value = isKnown ? state.sort : state.sort === "weight" ? "bits" : "model"; // not every model knows what another was sorted by
  if (document.activeElement !== find) find.value = state.find ?? "";
  stretch.checked = Boolean(state.stretch);
}

/** @param {Gallery} gallery */
function kernelsTable(gallery) {
  const { store: { state: { names, weights, use, matches } }, order, bits } = gallery;
  const head = ["kernel", "bits", "consensus", ...(weights ? ["output weight"] : []), ...(use ? ["decides"] : []), "known motif"];
  return table("As sorted; the consensus has a dot where a column tells less than a quarter bit.", head, order.map((k) => [
    names[k], number(`bits_${k}`, bits[k], 3), readingAt(gallery, k).consensus,
    ...(weights ? [number(`weight_${k}`, weights[k], 3)] : []), ...(use ? [percent(use[k])] : []),
    matches[k] ? `${matches[k].name} (${matches[k].accession}), E ${format(matches[k].e, 2)}, ${matches[k].reading}` : "none",
  ]));
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const gallery = begin(el, exports.store, model.get("options"));
    const viewer = viewerOf(gallery);
    gallery.viewer = viewer;
    gallery.retable = numbers(gallery.section, "The kernels as a table", () => kernelsTable(gallery));
    signal.addEventListener("abort", () => viewer.disconnect());
    listen(gallery);
    follow(exports.store, (state, _, changed) => draw(gallery, state, changed), signal);
  },
};
