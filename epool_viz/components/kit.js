// What every component draws with: elements, numbers as text, colours, the keyboard. No state.

export const SVG = "http://www.w3.org/2000/svg";

/** Make an element. `spec` is a tag, "svg:tag" for SVG; children are elements or text, which is never read as HTML. */
export function make(spec, attributes = {}, ...children) {
  const [space, tag] = spec.includes(":") ? spec.split(":") : ["html", spec];
  const element = space === "svg" ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const MINUS = "\u2212";
const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A number as people read it: `digits` significant ones, a true minus, powers of ten where they are needed. */
export function format(x, digits = 4) {
  if (x === null || x === undefined || Number.isNaN(x)) return "–";
  if (x === Infinity) return "∞";
  if (x === -Infinity) return `${MINUS}∞`;
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e5 || size < 1e-3) {
    const [mantissa, exponent] = size.toExponential(Math.max(digits - 3, 1)).split("e");
    const power = [...String(Math.abs(Number(exponent)))].map((d) => SUPERSCRIPT[d]).join("");
    return `${x < 0 ? MINUS : ""}${mantissa}×10${Number(exponent) < 0 ? "⁻" : ""}${power}`;
  }
  return Number(x.toPrecision(digits)).toString().replace("-", MINUS);
}

/** A share as a percentage that never rounds to a false 0 or 100. */
export function percent(share) {
  const value = 100 * share;
  if (value > 0 && value < 0.1) return "less than 0.1 %";
  if (value < 100 && value > 99.9) return "more than 99.9 %";
  return `${Number(value.toPrecision(value >= 10 ? 2 : 1))} %`;
}

/** Text that carries its full value for whoever compares it: `<data value="...">`. */
export function number(name, x, digits = 4) {
  return make("data", { value: x, "data-name": name, "data-value": x }, format(x, digits));
}

/** The colour of a letter, from the page's palette. */
export const letterColour = (letter) => `var(--letter-${"ACGT".includes(letter) ? letter : letter === "U" ? "T" : "other"})`;

/** Arrow keys as steps: calls `move(±1)`, `move(±10)` with Page keys, `to("first" | "last")` with Home and End. */
export function onArrows(element, move, to) {
  element.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    if (event.key in steps) move(steps[event.key]);
    else if (event.key === "Home") to("first");
    else if (event.key === "End") to("last");
    else return;
    event.preventDefault();
  });
}

/** Run `draw` at most once a frame, however often it is asked for. */
export function oncePerFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/** Put another value into what `number` made. */
export function renumber(element, x, digits = 4) {
  if (element.getAttribute("data-value") === String(x)) return;
  element.setAttribute("value", x);
  element.setAttribute("data-value", x);
  element.textContent = format(x, digits);
}

// name, light, dark: what a page that brings no palette of its own gets
const PALETTE = `ink #16202a #e8edf2|ink-soft #52606d #a9b4c0|paper #fff #11151c|panel #f5f7f9 #1a2029|line #d5dce3 #36404c
accent #003a70 #8fdcff|mark #bb4f00 #ffc04d|warning #8a2a00 #ffb089|letter-A #027974 #7be8e0|letter-C #17115f #8670f5
letter-G #ca8627 #f7dc4a|letter-T #99020f #c4625c|letter-other #16202a #e8edf2|method-max #bb4f00 #ffc04d
method-average #6b7680 #87919b|method-expectation #003a70 #8fdcff|method-logsumexp #8b00e0 #bd5cfb`;
const COLOURS = PALETTE.split(/[|\n]/).map((line) => line.split(" "));
const COMMON = `
:where(:root) { ${COLOURS.map(([name, light]) => `--${name}: ${light};`).join(" ")} }
@supports (color: light-dark(red, red)) {
  :where(:root) { ${COLOURS.map(([name, light, dark]) => `--${name}: light-dark(${light}, ${dark});`).join(" ")} }
}
:where([data-jp-theme-light="false"]) .ec { color-scheme: dark; }
.ec, .ec * { box-sizing: border-box; }
.ec { color: var(--ink); font-size: 1rem; line-height: 1.45; min-width: 0; max-width: 100%; overflow-wrap: break-word; }
.ec :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.ec p { margin: 0; }
.ec[hidden], .ec [hidden] { display: none !important; }
.ec button, .ec .ec-box, .ec select { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--ink-soft); border-radius: .375rem; padding: .2rem .6rem; min-height: 2rem; }
.ec button { cursor: pointer; }
.ec button:hover:enabled { border-color: var(--accent); color: var(--accent); }
.ec button:disabled { border-color: var(--line); color: var(--ink-soft); cursor: default; }
.ec input[type=radio], .ec input[type=checkbox] { accent-color: var(--accent); width: 1.1rem; height: 1.1rem; margin: 0; }
.ec [aria-invalid=true] { border-color: var(--warning); box-shadow: 0 0 0 1px var(--warning); }
.ec-row { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem .6rem; }
.ec-soft { color: var(--ink-soft); font-size: .875rem; }
.ec-warning:not(:empty) { color: var(--warning); }
.ec-say { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.ec details > summary { cursor: pointer; padding: .2rem 0; width: fit-content; }
.ec-scroll { overflow-x: auto; max-width: 100%; }
.ec table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; margin: .25rem 0; }
.ec caption { text-align: left; color: var(--ink-soft); }
.ec th, .ec td { padding: .15rem .5rem; text-align: right; border-bottom: 1px solid var(--line); font-weight: normal; white-space: nowrap; }
.ec th[scope=row] { text-align: left; font-weight: 600; }
@media (forced-colors: active) { .ec :focus-visible { outline-color: Highlight; } }
@media (prefers-reduced-motion: reduce) { .ec * { transition: none !important; animation: none !important; } }
`;

function style(name, css) {
  if (document.head.querySelector(`style[data-ec="${name}"]`)) return;
  document.head.append(make("style", { "data-ec": name }, css));
}

/** Make `el` a component: the look that all share and its own, each once a page; its rules begin with `.ec-<name>`. */
export function dress(el, name, css) {
  style("common", COMMON);
  style(name, css);
  el.classList.add("ec", `ec-${name}`);
}

/** Where a component draws: in the place of the page's head with that name (`data-ep-slot`), or in `el` where there is none. */
export function placed(el, name, signal) {
  const place = name && document.querySelector(`[data-ep-slot="${name}"]`);
  if (!place) return el;
  const root = make("div", { class: "ec-placed" });
  place.append(root);
  el.hidden = true;
  signal.addEventListener("abort", () => root.remove());
  return root;
}

/** A live region that does not chatter: `say(text)` is spoken once the text has stood still for `pause` ms. */
export function speaker(el, pause = 500) {
  const region = make("p", { class: "ec-say", role: "status" });
  let timer = null;
  el.append(region);
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (region.textContent !== text) region.textContent = text;
    }, pause);
  };
}

/** A box that scrolls sideways and can be reached by the keyboard. */
export const scrolling = (label, ...children) =>
  make("div", { class: "ec-scroll", role: "region", tabindex: 0, "aria-label": label }, ...children);

/** The table behind a picture: `build()` gives it, once it is asked for; `draw()` again after a change, while open. */
export function tableTwin(summary, build) {
  const body = make("div");
  const element = make("details", {}, make("summary", {}, summary), body);
  const draw = () => element.open && body.replaceChildren(build());
  element.addEventListener("toggle", draw);
  return { element, draw };
}

/** A matrix as a table; `blocks` are {name, rows: [[label, numbers]]}, each number called `name_label_column`. */
export function matrixTable(caption, width, blocks) {
  const places = Array.from({ length: width }, (_, j) => j + 1);
  const row = (name, [label, values]) =>
    make("tr", {}, make("th", { scope: "row" }, label), values.map((x, j) => make("td", {}, number([name, label, j + 1].join("_"), x))));
  return scrolling(caption, make("table", {}, make("caption", {}, caption),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "column"), places.map((j) => make("th", { scope: "col" }, String(j))))),
    make("tbody", {}, blocks.flatMap(({ name, rows }) => rows.map((r) => row(name, r))))));
}

/** Whether `when` holds: nothing, `{key, is}` or `{key, not}`; `is` and `not` are a value or a list of values. */
export function holds(when, state) {
  if (!when) return true;
  const among = (values) => (Array.isArray(values) ? values : [values]).includes(state[when.key]);
  return "not" in when ? !among(when.not) : among(when.is);
}

/** Places of the steps that apply, and which of them is shown: `state.step`, or where it does not apply the next one. */
export function walk(steps, state) {
  const places = steps.map((_, i) => i).filter((i) => holds(steps[i].when, state));
  return { places, shown: places.find((i) => i >= state.step) ?? places.at(-1) };
}

/** A state as the fragment of a link; a sequence goes as letters. `keys` says what goes, null for all. */
export function toFragment(state, keys = null) {
  const kept = Object.fromEntries(Object.entries(state).filter(([key]) => !keys || keys.includes(key)));
  if (kept.codes) kept.codes = kept.codes.map((code) => state.alphabet[code] ?? "-").join("");
  const bytes = new TextEncoder().encode(JSON.stringify(kept));
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return `#state=${text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

export const MOST_LINK = 100_000; // characters of a state in an address
export const MOST_TEXT = 50_000; // characters of one text in it

/** A link that carries more than it may; its message is for the visitor. */
export class TooLarge extends Error {}

const require = (n, most, what) => {
  if (n > most) throw new TooLarge(`${what} ${n.toLocaleString("en")} characters; accepted: at most ${most.toLocaleString("en")}.`);
};

/** What of a fragment fits the present state: the same keys, the same kinds of value. null without one, or an Error. */
export function fromFragment(fragment, state, keys = null) {
  const text = /[#&]state=([\w-]*)/.exec(fragment)?.[1];
  if (text === undefined) return null;
  require(text.length, MOST_LINK, "The state in the address of this page was not used: it has");
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const found = JSON.parse(new TextDecoder().decode(bytes), (key, value) => {
    if (typeof value === "string") require(value.length, MOST_TEXT, `The state in the address of this page was not used: its \u201c${key}\u201d has`);
    return value;
  });
  const alphabet = found.alphabet ?? state.alphabet;
  if (typeof found.codes === "string") found.codes = [...found.codes].map((letter) => alphabet.indexOf(letter));
  const kind = (x) => (Array.isArray(x) ? `${[...new Set(x.map(kind))]} list` : typeof x);
  const isEmpty = (x) => Array.isArray(x) && !x.length; // a list that holds nothing is of every kind of list
  const alike = (x, y) => kind(x) === kind(y) || ((isEmpty(x) || isEmpty(y)) && Array.isArray(x) && Array.isArray(y));
  const fits = ([key, x]) => Object.hasOwn(state, key) && (!keys || keys.includes(key)) && (state[key] === null || alike(x, state[key]));
  return Object.fromEntries(Object.entries(found).filter(fits));
}

// What the strip, the tracks, the formula and the axis have in common -------------------------------------------------

const PANEL = `
.ec-panel svg { display: block; width: 100%; overflow: hidden; }
.ec-panel svg text { font-family: inherit; font-size: .75rem; fill: var(--ink-soft); }
.ec-panel [hidden] { display: none; }
.ec-panel-head { display: flex; flex-wrap: wrap; gap: .15rem .75rem; align-items: center; min-height: 2rem; }
.ec-panel-title { font-weight: 650; }
.ec-panel-tools { display: flex; flex-wrap: wrap; gap: .25rem; align-items: center; margin-left: auto; }
.ec-panel-tools button { font-size: .875rem; line-height: 1; min-width: 2rem; }
.ec-panel button[aria-pressed=true] { background: var(--accent); border-color: var(--accent); color: var(--paper); }
.ec-panel button[aria-disabled=true] { border-color: var(--line); color: var(--ink-soft); cursor: default; }
.ec-panel .ec-panel-said { margin: .2rem 0; min-height: 1.45em; }
.ec-panel .ec-panel-warning { margin: .2rem 0; border-left: 3px solid var(--warning); padding-left: .5rem; font-size: .875rem; }
.ec-panel .ec-panel-warning:empty { display: none; }
.ec-panel details { font-size: .875rem; color: var(--ink-soft); }
.ec-panel details .ec-scroll { max-height: 20rem; overflow: auto; border: 1px solid var(--line); border-radius: .375rem; color: var(--ink); }
@media (forced-colors: active) {
  .ec-panel { --ink: CanvasText; --ink-soft: CanvasText; --paper: Canvas; --line: GrayText; --accent: Highlight; --mark: Highlight;
    --method-max: CanvasText; --method-average: CanvasText; --method-expectation: CanvasText; --method-logsumexp: CanvasText; }
  .ec-panel button[aria-pressed=true] { outline: 2px solid Highlight; outline-offset: -4px; background: Canvas; color: CanvasText; }
}
`;

/** The root of a picture with its own rules, which begin with `.ec-<name>`. */
export function panel(el, name, label, css) {
  const section = make("section", { class: "ec-panel", "aria-label": label });
  style("panel", PANEL);
  dress(section, name, css);
  el.append(section);
  return section;
}

/**
 * Draw what a store holds: `draw(state, trace, changed)` at once, and then at most once a frame with the set of all names
 * that have changed since; `null` means everything. Returns how to ask for another drawing. Ends with `signal`.
 */
export function follow(store, draw, signal) {
  let changed = new Set();
  const ask = oncePerFrame(() => {
    if (signal?.aborted) return;
    const names = changed;
    changed = new Set();
    draw(store.state, store.trace, names);
  });
  const off = store.on((state, trace, keys) => {
    if (changed) for (const key of keys) changed.add(key);
    ask();
  });
  signal?.addEventListener("abort", off);
  draw(store.state, store.trace, null);
  return () => {
    changed = null;
    ask();
  };
}

const widths = new WeakMap();
const measuring = new ResizeObserver((entries) => {
  for (const { target } of entries) widths.set(target, target.clientWidth);
});

/** Width of an element, in pixels: asked of the layout when it changes, not at each drawing, which would wait for it. */
export function widthOf(element) {
  if (!widths.has(element)) {
    measuring.observe(element);
    widths.set(element, element.clientWidth);
  }
  return widths.get(element);
}

let ruler = null;

/** Size of the page's text, in pixels. */
export function remOf() {
  if (!ruler?.isConnected) {
    ruler = make("div", { "aria-hidden": "true", style: "position: fixed; left: -100rem; width: 100rem; height: 0" });
    document.body.append(ruler);
  }
  return widthOf(ruler) / 100 || 16;
}

/** Call `react(width)` whenever the width of `element` changes, until `signal`. */
export function onWidth(element, react, signal) {
  let last = element.clientWidth;
  const observer = new ResizeObserver(() => {
    if (element.clientWidth === last) return;
    last = element.clientWidth;
    react(last);
  });
  observer.observe(element);
  signal?.addEventListener("abort", () => observer.disconnect());
}

/**
 * The sentence of a component: seen at once, spoken when it has stood for half a second. Silent while another component
 * has the focus, or an element that speaks its own value. Returns `say(sentence)`.
 */
export function voice(section, { sentence = "visible", live = true } = {}) {
  const shown = make("p", { class: "ec-panel-said", "aria-hidden": "true", hidden: sentence === "hidden" });
  const heard = make("p", { class: "ec-say", "aria-live": "polite", "data-name": "sentence" });
  section.append(shown, heard);
  let timer = null;
  let text = null;
  const speak = () => {
    const at = document.activeElement?.closest(".ec-panel");
    const speaksItself = at === section && document.activeElement.hasAttribute("aria-valuetext");
    heard.setAttribute("aria-live", live && (!at || (at === section && !speaksItself)) ? "polite" : "off");
    heard.textContent = text;
  };
  return (next) => {
    if (next === text) return;
    const isFirst = text === null;
    text = shown.textContent = next;
    clearTimeout(timer);
    if (isFirst) speak();
    else timer = setTimeout(speak, 500);
  };
}

/** A table; a cell is an element or a text, the first of each row names it. */
export function table(caption, head, rows) {
  return make(
    "table", {},
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, head.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, rows.map(([first, ...rest]) =>
      make("tr", {}, make("th", { scope: "row" }, first), rest.map((cell) => make("td", {}, cell))))),
  );
}

/** The table behind a picture, `<details>` at the end of `section`; while it is open it follows at rest. */
export function numbers(section, summary, build) {
  const { element, draw } = tableTwin(summary, () => scrolling(summary, build()));
  let timer = null;
  section.append(element);
  return () => {
    clearTimeout(timer);
    timer = setTimeout(draw, 150);
  };
}

/** Buttons that are one stop of the Tab key: the arrow keys go from one to the next. */
export function roving(bar) {
  const buttons = () => [...bar.querySelectorAll("button:not([hidden])")];
  const choose = (button) => {
    for (const other of bar.querySelectorAll("button")) other.tabIndex = other === button ? 0 : -1;
  };
  choose(buttons()[0]);
  bar.addEventListener("focusin", (event) => choose(event.target));
  const focus = (i) => buttons()[Math.min(Math.max(i, 0), buttons().length - 1)].focus();
  onArrows(
    bar,
    (step) => focus(buttons().indexOf(document.activeElement) + step),
    (end) => focus(end === "first" ? 0 : Infinity),
  );
}

/** All letters that can be looked at, [first, last), the padding with them. */
export function extent({ codes, kernel, padding }) {
  const width = kernel[0].length;
  return padding === "same" ? [-Math.floor((width - 1) / 2), codes.length + Math.floor(width / 2)] : [0, codes.length];
}

/** The letters in view, [first, last): the zoom as far as it exists, or all. */
export function inView(state) {
  const [first, last] = extent(state);
  if (!state.zoom) return [first, last];
  const span = Math.min(Math.max(state.zoom[1] - state.zoom[0], 1), last - first);
  const from = Math.min(Math.max(state.zoom[0], first), last - span);
  return [from, from + span];
}

export const CLOSEST = 30;

/** The zoom that shows `factor` times as many letters and keeps letter `about` in place; null where that is all. */
export function zoomBy(state, factor, about) {
  const [first, last] = extent(state);
  const [from, to] = inView(state);
  const span = Math.max(Math.round((to - from) * factor), Math.min(CLOSEST, last - first));
  if (span >= last - first) return null;
  const start = Math.round(about - ((about - from) / (to - from)) * span);
  const kept = Math.min(Math.max(start, first), last - span);
  return [kept, kept + span];
}

/** Where the letters [first, last) lie in a box so many pixels wide; the same in all that is drawn above one another. */
export function lane(width, [first, last]) {
  const rem = remOf();
  const left = 3.25 * rem;
  const right = Math.max(width - 0.5 * rem, left + 1);
  const unit = (right - left) / (last - first);
  return { rem, left, right, unit, first, last, x: (letter) => left + (letter - first) * unit, at: (x) => first + (x - left) / unit };
}

/** The windows of a state: how wide, how many a strand, where the first starts, how many strands. */
export function windows(state) {
  const width = state.kernel[0].length;
  const [first, last] = extent(state);
  return { width, count: Math.max(last - first - width + 1, 0), first, strands: state.both_strands ? 2 : 1 };
}

/** The window under the cursor, {index, number (from 1), strand (0 or 1), start}; or another. */
export function windowAt(state, cursor = state.cursor) {
  const { count, first, strands } = windows(state);
  const index = Math.min(Math.max(Math.round(cursor) || 0, 0), Math.max(count * strands - 1, 0));
  const strand = count && index >= count ? 1 : 0;
  return { index, number: index - strand * count + 1, strand, start: first + index - strand * count };
}

/** What a window is called in a sentence. */
export const called = ({ number, strand }) => `Window ${number}${strand ? " on the other strand" : ""}`;

/** Why a window is not whole, as the rest of a sentence; null if it is. */
export function partial(codes, start, width) {
  if (start < 0 || start + width > codes.length) return "reaches over the padding";
  for (let j = start; j < start + width; j++) if (!(codes[j] >= 0)) return "holds an unknown letter";
  return null;
}

/**
 * The arrow keys for the shared cursor: along the letters, Page for ten, Home and End; with both strands, up and down
 * change the strand.
 */
export function cursorKeys(element, store) {
  element.addEventListener("keydown", (event) => {
    if (!store.state.both_strands || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    const { number } = windowAt(store.state);
    const { count } = windows(store.state);
    if (count) store.set({ cursor: number - 1 + (event.key === "ArrowDown" ? count : 0) });
    event.preventDefault();
    event.stopImmediatePropagation();
  });
  const go = (number, strand) => {
    const { count } = windows(store.state);
    if (count) store.set({ cursor: Math.min(Math.max(number, 1), count) - 1 + strand * count });
  };
  onArrows(
    element,
    (step) => go(windowAt(store.state).number + step, windowAt(store.state).strand),
    (end) => go(end === "first" ? 1 : Infinity, windowAt(store.state).strand),
  );
}

/** A diagonal hatching for a component's SVG; returns what to write in `fill`. */
export function hatch(svg, gap = 5) {
  const id = `ec-${Math.random().toString(36).slice(2)}`;
  const line = make("svg:path", { d: `M0 0V${gap}`, stroke: "var(--ink-soft)", "stroke-width": 1.2 });
  const attributes = { id, width: gap, height: gap, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
  svg.append(make("svg:defs", {}, make("svg:pattern", attributes, line)));
  return `url(#${id})`;
}

/** Set several attributes. */
export function attributes(element, values) {
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, value);
}
