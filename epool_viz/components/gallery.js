// Gallery: the kernels of a model as cards, each with the logo of what it means to the base e^m; drawn as they come into view.
//
// state: kernels [kernel][letter][position], alphabet, complement, m, background, names, weights, use, bits are computed here;
//        matches [kernel] {name, accession, e, reading} or null; compared [kernel] false where that is not known; place (the kernel shown) and chosen (a list) are set here,
//        as are sort, find, logo_kind and stretch
// options: {glyphs, label, height}
//   glyphs   outlines of the letters in a box of 100 x 100
//   height   of a logo, in rem (default 3.6)

const CSS = `
.ec-gallery { container-type: inline-size; }
.ec-gallery-tools { display: flex; flex-wrap: wrap; gap: .4rem .9rem; align-items: center; margin: .4rem 0; }
.ec-gallery-tools label { display: inline-flex; gap: .35rem; align-items: center; font-size: .875rem; color: var(--ink-soft); }
.ec-gallery-tools input[type=search] { width: 9rem; color: var(--ink); }
.ec-gallery-tools input::placeholder { color: var(--ink-soft); opacity: 1; }
.ec-gallery-box { overflow-y: auto; max-height: var(--tall, 40rem); padding: .3rem; margin: 0 -.3rem; overscroll-behavior: contain; }
.ec-gallery-cards { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 12.5rem), 1fr)); gap: .55rem; }
.ec-gallery-card { position: relative; border: 1px solid var(--line); border-radius: .5rem; background: var(--paper); content-visibility: auto; contain-intrinsic-size: auto 8.4rem; }
.ec-gallery-card.is-here { border-color: var(--accent); box-shadow: 0 0 0 2px var(--accent); }
.ec .ec-gallery-open { display: block; width: 100%; text-align: left; border: 0; background: none; padding: .4rem .55rem .45rem; border-radius: .5rem; min-height: 0; color: var(--ink); }
.ec .ec-gallery-open:hover:enabled { color: var(--ink); background: var(--panel); }
.ec-gallery-name { font-weight: 650; display: block; padding-right: 2.2rem; }
.ec-gallery-open svg { display: block; width: 100%; border-bottom: 1px solid var(--ink-soft); margin: .2rem 0 .25rem; }
.ec-gallery-facts { display: block; font-size: .8125rem; color: var(--ink-soft); line-height: 1.35; font-variant-numeric: tabular-nums; }
.ec-gallery-match { display: block; font-size: .8125rem; line-height: 1.35; min-height: 1.35em; }
.ec-gallery-match b { font-weight: 650; }
.ec-gallery-take { position: absolute; top: .1rem; right: .15rem; width: 2rem; height: 2rem; display: grid; place-items: center; cursor: pointer; }
.ec-gallery-none { color: var(--ink-soft); padding: .75rem .25rem; }
@media (forced-colors: active) { .ec-gallery path { forced-color-adjust: none; stroke: CanvasText; stroke-width: 1px; vector-effect: non-scaling-stroke; } .ec-gallery-card.is-here { outline: 3px solid Highlight; } }
`;
const SORTS = {
  model: "their order in the model",
  bits: "information content",
  weight: "output weight",
  match: "known motif",
  use: "how often each decides",
};

/** What a kernel means, and how much it tells: {ppm, bits, consensus, heights}. */
export function readingOf(kernel, state, maths) {
  const { ppm } = maths.kernelToPwm(kernel, { logBase: state.m, background: state.background });
  const each = maths.informationContent(ppm, state.background);
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
    const { kit, maths } = store;
    const { make, format, percent } = kit;
    const { glyphs, label = "The kernels", height = 3.6 } = model.get("options");
    const section = kit.panel(el, "gallery", label, CSS);

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
    const twin = kit.numbers(section, "The kernels as a table", () => table());

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
      if (!read.has(place)) read.set(place, readingOf(store.state.kernels[place], store.state, maths));
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
        make("svg:path", { d: glyphs[letter] ?? "M0,0H100V100H0Z", fill: kit.letterColour(state.complement ? letter : "other") })));
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

    function table() {
      const { names, weights, use, matches } = store.state;
      const head = ["kernel", "bits", "consensus", ...(weights ? ["output weight"] : []), ...(use ? ["decides"] : []), "known motif"];
      return kit.table("As sorted; the consensus has a dot where a column tells less than a quarter bit.", head, order.map((k) => [
        names[k], kit.number(`bits_${k}`, bits[k], 3), readingAt(k).consensus,
        ...(weights ? [kit.number(`weight_${k}`, weights[k], 3)] : []), ...(use ? [percent(use[k])] : []),
        matches[k] ? `${matches[k].name} (${matches[k].accession}), E ${format(matches[k].e, 2)}, ${matches[k].reading}` : "none",
      ]));
    }

    kit.follow(store, (state, _, changed) => {
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
