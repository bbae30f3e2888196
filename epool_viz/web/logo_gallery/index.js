// Gallery: the kernels of a model as cards, each with the logo of what it means to the base e^m; drawn as they come into view.
//
// state: kernels [kernel][letter][position], alphabet, complement, m, background, names, weights, use, bits are computed here;
//        matches [kernel] {name, accession, e, reading} or null; compared [kernel] false where that is not known; place (the kernel shown) and chosen (a list) are set here,
//        as are sort, find, logo_kind and stretch
// options: {glyphs, label, height}
//   glyphs   outlines of the letters in a box of 100 x 100
//   height   of a logo, in rem (default 3.6)

import { make } from "../lib/dom.js";
import { follow } from "../lib/drawing.js";
import { informationContent, kernelToPwm } from "../lib/maths.js";
import { format, letterColour, number, percent } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import CSS from "./style.css";

const SORTS = {
  model: "their order in the model",
  bits: "information content",
  weight: "output weight",
  match: "known motif",
  use: "how often each decides",
};

/** What a kernel means, and how much it tells: {ppm, bits, consensus, heights}. */
export function readingOf(kernel, state) {
  const { ppm } = kernelToPwm(kernel, { logBase: state.m, background: state.background });
  const each = informationContent(ppm, state.background);
  const heights = state.logo_kind === "probability" ? ppm : ppm.map((row) => row.map((p, j) => p * each[j]));
  const top = state.logo_kind === "probability" ? 1 : -Math.log2(state.background ? Math.min(...state.background) : 1 / ppm.length);
  const consensus = each.map((bits, j) => {
    const best = ppm.reduce((at, row, a) => (row[j] > ppm[at][j] ? a : at), 0);
    return bits < 0.25 ? "·" : state.alphabet[best];
  }).join("");
  return { ppm, each, bits: each.reduce((sum, x) => sum + x, 0), heights, top, consensus };
}

/** Shapes of letters stacked by height, the tallest on top: [{letter, column, bottom, height}] in shares of the whole height. */
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

/** Places of the kernels in the order of a sort, those whose text holds `find`; what is not known goes last. */
export function ordered(state, bits) {
  const { weights, use, matches, names } = state;
  const places = names.map((_, k) => k);
  const keys = {
    model: (k) => k,
    bits: (k) => -bits[k],
    weight: (k) => (weights ? -weights[k] : k),
    match: (k) => (matches[k] ? Math.log(Math.max(matches[k].e, 1e-300)) : 1e9),
    use: (k) => (use ? -use[k] : k),
  };
  const key = keys[state.sort] ?? keys.model;
  places.sort((a, b) => key(a) - key(b) || a - b);
  const words = (state.find ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const text = (k) => `${names[k]} ${matches[k]?.name ?? ""} ${matches[k]?.accession ?? ""}`.toLowerCase();
  return places.filter((k) => words.every((word) => text(k).includes(word)));
}

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { glyphs, label = "The kernels", height = 3.6 } = model.get("options");
    const section = panel(el, "gallery", label, CSS);

    const sort = make("select", { onchange: () => store.set({ sort: sort.value }) });
    const find = make("input", { type: "search", class: "ec-box", placeholder: "5, CTCF …", oninput: () => store.set({ find: find.value }) });
    const stretch = make("input", { type: "checkbox", onchange: () => store.set({ stretch: stretch.checked }) });
    const all = make("button", { type: "button", onclick: () => takeAll() }, "Take all along");
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
    const twin = numbers(section, "The kernels as a table", () => kernelsTable());

    let cards = []; // by place in the model: {item, open, take, svg, facts, match, seen, stale}
    let bits = [];
    let order = [];
    let read = new Map(); // place -> reading, of this m
    let kernels = null;
    const viewer = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const card = cards[Number(entry.target.dataset.place)];
        if (!card) continue;
        card.seen = entry.isIntersecting;
        if (card.seen && card.stale) paint(card);
      }
    }, { root: box, rootMargin: "200px 0px" });
    signal.addEventListener("abort", () => viewer.disconnect());

    const readingAt = (place) => {
      if (!read.has(place)) read.set(place, readingOf(store.state.kernels[place], store.state));
      return read.get(place);
    };

    function build() {
      kernels = store.state.kernels;
      viewer.disconnect();
      cards = kernels.map((kernel, place) => {
        const width = kernel[0].length;
        const svg = make("svg:svg", { role: "img", viewBox: `0 0 ${width} 1`, preserveAspectRatio: "none", style: `height:${height}rem` });
        const facts = make("span", { class: "ec-gallery-facts" });
        const match = make("span", { class: "ec-gallery-match" });
        const title = make("span", { class: "ec-gallery-name" }, store.state.names[place]);
        const open = make("button", { type: "button", class: "ec-gallery-open", tabindex: -1, onclick: () => show(place) }, title, svg, facts, match);
        const take = make("input", { type: "checkbox", tabindex: -1, "aria-label": `take ${store.state.names[place]} along`, onchange: () => toggle(place, take.checked) });
        const item = make("li", { class: "ec-gallery-card", "data-place": place }, open, make("label", { class: "ec-gallery-take", title: "take along" }, take));
        viewer.observe(item);
        return { place, item, open, take, svg, facts, match, seen: false, stale: true };
      });
      sort.replaceChildren(...Object.entries(SORTS)
        .filter(([name]) => ({ weight: store.state.weights, use: store.state.use })[name] !== null)
        .map(([name, text]) => make("option", { value: name }, text)));
    }

    function paint(card) {
      const { state } = store;
      const found = readingAt(card.place);
      const tallest = Math.max(...found.each, 1e-9);
      const top = state.stretch ? (state.logo_kind === "probability" ? 1 : tallest) : found.top;
      const letters = [...state.alphabet];
      card.paths ??= letters.map((letter) => found.each.map(() =>
        make("svg:path", { d: glyphs[letter] ?? "M0,0H100V100H0Z", fill: letterColour(state.complement ? letter : "other") })));
      const shown = new Set();
      for (const { letter, column, bottom, height: size } of stacked(found.heights, top)) {
        const path = card.paths[letter][column];
        path.setAttribute("transform", `translate(${column + 0.03},${1 - bottom - size}) scale(0.0094,${size / 100})`);
        shown.add(path);
        if (!path.parentNode) card.svg.append(path);
      }
      for (const path of [...card.svg.children]) if (!shown.has(path)) path.remove();
      card.stale = false;
    }

    function write(card) {
      const { weights, use } = store.state;
      const k = card.place;
      card.svg.setAttribute("aria-label", `logo, consensus ${readingAt(k).consensus}`);
      const facts = [`${format(bits[k], 3)} bits`];
      if (weights) facts.push(`weight ${weights[k] > 0 ? "+" : ""}${format(weights[k], 2)}`);
      if (use) facts.push(use[k] ? `decides ${percent(use[k])}` : "decides none");
      card.facts.textContent = facts.join(" · ");
    }

    function name(card) {
      const k = card.place;
      const match = store.state.matches[k];
      card.match.replaceChildren(...(match ? [make("b", {}, match.name), ` E ${format(match.e, 2)}, ${match.reading}`] : [store.state.compared?.[k] === false ? "not compared with JASPAR" : "no known motif"]));
      card.match.classList.toggle("ec-soft", !match);
    }

    const show = (place) => {
      store.set({ place });
      store.flush(); // a choice, not a move that goes on
    };
    function toggle(place, isOn) {
      const rest = store.state.chosen.filter((k) => k !== place);
      store.set({ chosen: (isOn ? [...rest, place] : rest).sort((a, b) => a - b) });
    }
    function takeAll() {
      store.set({ chosen: store.state.chosen.length ? [] : [...order].sort((a, b) => a - b) });
    }

    // scrolls the box alone, not the page
    function bring(item) {
      if (!item?.isConnected) return;
      const [outer, inner] = [box.getBoundingClientRect(), item.getBoundingClientRect()];
      if (inner.top < outer.top) box.scrollTop += inner.top - outer.top - 8;
      else if (inner.bottom > outer.bottom) box.scrollTop += inner.bottom - outer.bottom + 8;
    }

    // one stop of the Tab key: the card shown, and its box; the arrow keys go on from it
    function reach(place, focus = false) {
      for (const card of cards) card.open.tabIndex = card.take.tabIndex = -1;
      const card = cards[order.includes(place) ? place : order[0]];
      if (!card) return;
      card.open.tabIndex = card.take.tabIndex = 0;
      if (focus) {
        card.open.focus({ preventScroll: true });
        card.item.scrollIntoView({ block: "nearest" });
      }
    }
    list.addEventListener("focusin", (event) => {
      const item = event.target.closest("li");
      if (item) reach(Number(item.dataset.place));
    });
    list.addEventListener("keydown", (event) => {
      const item = event.target.closest("li");
      if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
      const at = order.indexOf(Number(item.dataset.place));
      const wide = Math.max(getComputedStyle(list).gridTemplateColumns.split(" ").length, 1);
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + wide, ArrowUp: at - wide, Home: 0, End: order.length - 1, PageDown: at + 4 * wide, PageUp: at - 4 * wide }[event.key];
      if (to !== undefined) {
        const next = order[Math.min(Math.max(to, 0), order.length - 1)];
        if (event.key.startsWith("Page") || (to >= 0 && to < order.length)) reach(next, true);
        event.preventDefault();
      } else if (event.key === "x" || event.key === "X") {
        const place = Number(item.dataset.place);
        toggle(place, !store.state.chosen.includes(place));
        event.preventDefault();
      }
    });

    function kernelsTable() {
      const { names, weights, use, matches } = store.state;
      const head = ["kernel", "bits", "consensus", ...(weights ? ["output weight"] : []), ...(use ? ["decides"] : []), "known motif"];
      return table("As sorted; the consensus has a dot where a column tells less than a quarter bit.", head, order.map((k) => [
        names[k], number(`bits_${k}`, bits[k], 3), readingAt(k).consensus,
        ...(weights ? [number(`weight_${k}`, weights[k], 3)] : []), ...(use ? [percent(use[k])] : []),
        matches[k] ? `${matches[k].name} (${matches[k].accession}), E ${format(matches[k].e, 2)}, ${matches[k].reading}` : "none",
      ]));
    }

    follow(store, (state, _, changed) => {
      const has = (...names) => !changed || names.some((name) => changed.has(name));
      const isNew = state.kernels !== kernels;
      if (isNew) build();
      if (isNew || has("m", "background", "logo_kind")) {
        read = new Map();
        bits = state.kernels.map((_, k) => readingAt(k).bits);
      }
      if (isNew || has("m", "background", "logo_kind", "stretch")) {
        for (const card of cards) {
          card.stale = true;
          if (card.seen) paint(card);
        }
        const kind = state.logo_kind === "probability" ? "the probability of each letter" : "information, in bits,";
        const scale = state.stretch ? "each logo to its own height" : state.logo_kind === "probability" ? "from 0 to 1" : `from 0 to ${format(readingAt(0).top, 3)} bits`;
        drawn.textContent = `Drawn: ${kind} of the PPM that each kernel means to the base e\u1d50 = ${format(Math.exp(state.m))}; ${scale}.`;
      }
      if (isNew || has("m", "background", "weights", "use")) cards.forEach(write);
      if (isNew || has("matches", "compared")) cards.forEach(name);
      if (isNew || has("sort", "find", "m", "background", "weights", "use", "matches")) {
        const next = ordered(state, bits);
        if (isNew || next.join() !== order.join()) {
          const focused = list.contains(document.activeElement) ? document.activeElement : null;
          order = next;
          list.replaceChildren(...order.map((k) => cards[k].item));
          if (focused?.isConnected) focused.focus({ preventScroll: true });
        }
        none.hidden = order.length > 0;
        reach(state.place);
      }
      if (isNew || has("place")) {
        for (const card of cards) {
          card.item.classList.toggle("is-here", card.place === state.place);
          card.place === state.place ? card.open.setAttribute("aria-current", "true") : card.open.removeAttribute("aria-current");
        }
        if (!list.contains(document.activeElement)) reach(state.place);
        if (isNew) bring(cards[state.place]?.item);
      }
      for (const card of cards) card.take.checked = state.chosen.includes(card.place);
      all.textContent = state.chosen.length ? "Take none along" : "Take all along";
      const taken = state.chosen.length ? ` ${state.chosen.length} taken along.` : "";
      count.textContent = `${order.length === cards.length ? `${cards.length} kernels` : `${order.length} of ${cards.length} kernels`}.${taken}`;
      const known = [...sort.options].some((option) => option.value === state.sort);
      sort.value = known ? state.sort : "model"; // not every model knows what another was sorted by
      if (document.activeElement !== find) find.value = state.find ?? "";
      stretch.checked = Boolean(state.stretch);
      twin();
    }, signal);
  },
};
