// HeatMap: numbers of rows and columns as colours on a canvas, with a cursor that says the cell it is on.
//
// options: {title, words, sort, sorts, cursor, height, names, twin}
//   title    what the picture shows
//   words    {row, rows, column, value, mark}: what they are called in sentences
//   sort     "given" (default), "position" (of each row's largest value) or "strength" (largest value first)
//   sorts    which of these can be chosen (default all)
//   cursor   key of the state that holds [row, column], counted from 0 in the order given; without it the cursor is its own
//   height   of the drawing at the most, in rem (default 26)
//   live     false: the sentence is never spoken on its own
//   guess    what the likeliest of each row is called: as wide as the kernel it is outlined, and moves with the values
// traits: labels {names, marks, first}, picture {rows, columns, max, caption, cells}
//   marks    [[row, start, stop]]: what is known to be there, outlined
//   first    the number of the first column (default 1)
//   cells    deflated bytes, a row after the other: 254 sqrt(value / max), 255 where there is no value
//
// Other values of as many cells come up from those that were there. More cells than pixels: a pixel shows the largest of its cells, and the pointer finds that one.

import { voice } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { onWidth, remOf, widthOf } from "../lib/drawing.js";
import { between, tween } from "../lib/motion.js";
import { format, number } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import { niceStep } from "../lib/ticks.js";
import CSS from "./style.css";

/** @typedef {{ names?: string[], marks?: [number, number, number][], first?: number }} Labels */
/** @typedef {{ rows: number, columns: number, max: number, caption?: string, cells?: DataView }} Picture */
/** @typedef {[row: number, column: number]} Cell */
/** @typedef {{ at: Int32Array, top: Int16Array }} Peaks */
/** @typedef {Record<string, number[]>} Colours */
/** @typedef {ReturnType<typeof begin>} Heat */

/** @type {Record<string, string>} */
const SORTS = { given: "as given", position: "best position", strength: "strength" };
const NONE = 255;
const TWIN = 40; // rows of the table

/**
 * The bytes of the cells, out of what Python has deflated.
 *
 * @param {DataView} view
 */
export async function inflate(view) {
  const stream = new Blob([/** @type {BlobPart} */ (view)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * The value of a byte: NaN where there is none.
 *
 * @param {number} byte
 * @param {number} max
 */
export const valueOfByte = (byte, max) => (byte === NONE ? NaN : max * (byte / 254) ** 2);

/**
 * Column of the largest value of each row, and that byte; -1 for a row without any.
 *
 * @param {Uint8Array} cells
 * @param {number} rows
 * @param {number} columns
 * @returns {Peaks}
 */
export function peaks(cells, rows, columns) {
  const at = new Int32Array(rows).fill(-1);
  const top = new Int16Array(rows).fill(-1);
  for (let r = 0, k = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, k++) {
      if (cells[k] !== NONE && cells[k] > top[r]) [top[r], at[r]] = [cells[k], c];
    }
  }
  return { at, top };
}

/**
 * The rows from top to bottom.
 *
 * @param {string} sort
 * @param {Peaks} peaks
 */
export function orderOf(sort, { at, top }) {
  const order = Array.from(at, (_, row) => row);
  if (sort === "position") order.sort((a, b) => at[a] - at[b] || top[b] - top[a] || a - b);
  if (sort === "strength") order.sort((a, b) => top[b] - top[a] || a - b);
  return order;
}

/**
 * A grid of at most `width` × `height` cells: each the largest of those it stands for, NONE where all are.
 *
 * @param {Uint8Array} cells
 * @param {number[]} order
 * @param {number} columns
 * @param {number} width
 * @param {number} height
 */
export function reduce(cells, order, columns, width, height) {
  const [w, h] = [Math.max(Math.min(columns, width), 1), Math.max(Math.min(order.length, height), 1)];
  const grid = new Uint8Array(w * h).fill(NONE);
  const place = Int32Array.from({ length: columns }, (_, c) => Math.floor((c * w) / columns));
  order.forEach((row, i) => {
    const to = Math.floor((i * h) / order.length) * w;
    const from = row * columns;
    for (let c = 0; c < columns; c++) {
      const value = cells[from + c];
      if (value === NONE) continue;
      const k = to + place[c];
      if (grid[k] === NONE || value > grid[k]) grid[k] = value;
    }
  });
  return { grid, w, h };
}

/** @type {(x: number, n: number) => number} */
const clip = (x, n) => Math.min(Math.max(Math.round(x) || 0, 0), Math.max(n - 1, 0));
/** @param {number[]} colour */
const css = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;

/**
 * Everything that is drawn, before Python has sent a picture.
 *
 * @param {Model} model
 * @param {HTMLElement} el
 * @param {Store} store
 */
function begin(model, el, store) {
  const options = { sort: "given", sorts: Object.keys(SORTS), height: 26, ...model.get("options") };
  const words = { row: "row", rows: "rows", column: "column", value: "value", mark: "known", ...options.words };
  const section = panel(el, "heatmap", options.title ?? "Heat map", CSS);
  const named = (/** @type {string} */ name) => make("option", { value: name, selected: name === options.sort }, SORTS[name]);
  const choose = make("select", {}, options.sorts.map(named));
  const strongest = make("button", { type: "button", title: "B" }, "Strongest of the row");
  const canvas = make("canvas", { "aria-hidden": "true" });
  const band = make("div", { class: "ec-heatmap-band", "aria-hidden": "true" });
  const here = make("div", { class: "ec-heatmap-here", "aria-hidden": "true" });
  const plot = make("div", { class: "ec-heatmap-plot", tabindex: 0, role: "application", "aria-roledescription": "heat map" }, canvas, band, here);
  const caption = make("p", { class: "ec-soft", "data-name": "caption" });
  const key = make("div", { class: "ec-heatmap-key" });
  section.append(
    make("div", { class: "ec-panel-head" },
      make("span", { class: "ec-panel-title" }, options.title ?? ""),
      make("span", { class: "ec-panel-tools ep-from-explore" }, make("label", { hidden: options.sorts.length < 2 }, "Sort by", choose), strongest)),
    plot,
  );
  const say = voice(section, { live: options.live !== false });
  section.append(caption, key);
  return {
    model, store, options, words, section, choose, strongest, canvas, band, here, plot, caption, key, say,
    retable: () => {},
    sort: /** @type {string} */ (options.sort),
    first: /** @type {string} */ (options.sort), // how it was sorted at the start
    labels: /** @type {Labels} */ ({}),
    picture: /** @type {Picture} */ ({ rows: 0, columns: 0, max: 1 }),
    cells: new Uint8Array(0),
    top: /** @type {Peaks} */ ({ at: new Int32Array(0), top: new Int16Array(0) }),
    order: /** @type {number[]} */ ([]),
    places: new Int32Array(0), // of the rows in the order
    marks: /** @type {Map<number, [number, number][]>} */ (new Map()),
    place: { left: 0, right: 1, unit: 1, high: 1, height: 1, rem: 16, top: 2, isNamed: false },
    seen: new Uint8Array(0), // the cells as they are drawn now
    guesses: /** @type {number[]} */ ([]), // where those of the rows are drawn now; NaN for none
    colours: /** @type {Colours} */ ({}),
    stop: () => {}, // what comes up
    own: /** @type {Cell | null} */ (null), // the cursor, where the state has none
    hovered: /** @type {Cell | null} */ (null), // the cell under a pointer that only looks
    messages: 0, // from Python
  };
}

/** @param {Heat} heat */
const first = ({ labels }) => labels.first ?? 1;
/** @type {(heat: Heat, row: number) => string} */
const nameOf = ({ labels, words }, row) => labels.names?.[row] ?? `${words.row} ${row + 1}`;

/**
 * @param {Heat} heat
 * @returns {Cell}
 */
function cursorOf({ options, store, own, order, top, picture }) {
  const [row, column] = (options.cursor ? store.state[options.cursor] : own) ?? [order[0] ?? 0, top.at[order[0]] ?? 0];
  return [clip(row, picture.rows), clip(column, picture.columns)];
}

/**
 * Put the cursor on a cell.
 *
 * @param {Heat} heat
 * @param {Cell} cell
 */
function put(heat, cell) {
  if (!heat.picture.rows) return;
  heat.own = cell;
  heat.hovered = null;
  if (heat.options.cursor) heat.store.set({ [heat.options.cursor]: cell });
  drawCursor(heat);
}

/** @param {Heat} heat */
function putOnStrongest(heat) {
  const [row] = cursorOf(heat);
  put(heat, [row, Math.max(heat.top.at[row], 0)]);
}

/**
 * Draw what Python has sent last.
 *
 * @param {Heat} heat
 * @param {AbortSignal} signal
 */
async function receive(heat, signal) {
  const mine = ++heat.messages;
  const next = heat.model.get("picture");
  const labels = heat.model.get("labels") ?? {};
  const cells = next?.cells?.byteLength ? await inflate(next.cells) : new Uint8Array(0);
  if (mine !== heat.messages || signal?.aborted) return; // something newer is on its way
  const picture = { max: 1, ...next };
  if (cells.length !== picture.rows * picture.columns) picture.rows = picture.columns = 0;
  /** @type {Heat["marks"]} */
  const marks = new Map();
  for (const [row, start, stop] of labels.marks ?? []) marks.set(row, [...(marks.get(row) ?? []), [start, stop]]);
  const [before, guessed] = [heat.seen, heat.guesses];
  const isAlike = heat.picture.columns === picture.columns && cells.length === before.length && cells.length <= MOST_MOVING
    && cells.some((byte, k) => byte !== before[k]);
  heat.stop();
  Object.assign(heat, { labels, picture, cells, marks, hovered: null, seen: isAlike && before.length ? before : cells });
  const guesses = guessesOf(heat);
  if (!isAlike) heat.guesses = guesses;
  renew(heat);
  heat.stop = tween(0, 1, before === heat.seen && heat.place.right > 1 ? COMES_UP : 0, (t, isLast) => {
    heat.seen = isLast ? cells : cellsBetween(before, cells, t);
    heat.guesses = guesses.map((at, row) => (Number.isNaN(guessed[row] ?? NaN) ? at : between(guessed[row], at, t)));
    recolour(heat);
  });
}

const COMES_UP = 700; // milliseconds
const MOST_MOVING = 60_000; // cells

/**
 * Cells a part `t` of the way from others.
 *
 * @param {Uint8Array} from
 * @param {Uint8Array} to
 * @param {number} t
 */
export const cellsBetween = (from, to, t) =>
  to.map((byte, k) => (byte === NONE || from[k] === NONE ? byte : Math.round(between(from[k], byte, t))));

/**
 * Where each row has its largest value; NaN for one whose values are all alike.
 *
 * @param {Heat} heat
 */
function guessesOf({ options, cells, picture: { rows, columns } }) {
  if (!options.guess) return [];
  const { at, top } = peaks(cells, rows, columns);
  return Array.from(at, (column, row) => (cells.subarray(row * columns, (row + 1) * columns).some((byte) => byte !== NONE && byte !== top[row]) ? column : NaN));
}

/**
 * Draw the cells again, and what lies on them.
 *
 * @param {Heat} heat
 */
function recolour(heat) {
  const pen = heat.canvas.getContext("2d");
  if (!pen || !heat.canvas.height || !heat.picture.rows) return;
  const { left, right, top, height } = heat.place;
  pen.clearRect(left - 1, top - 1, right - left + 2, height + 2);
  drawCells(heat, pen, heat.colours, window.devicePixelRatio || 1);
  drawMarks(heat, pen, heat.colours);
}

/** @param {Heat} heat */
function renew(heat) {
  const { options, words, picture, plot, caption } = heat;
  heat.top = peaks(heat.cells, picture.rows, picture.columns);
  heat.order = orderOf(heat.sort, heat.top);
  heat.places = new Int32Array(heat.order.length);
  for (const [i, row] of heat.order.entries()) heat.places[row] = i;
  const { title = "Heat map" } = options;
  plot.setAttribute("aria-label", `${title}: ${picture.rows} ${words.rows}, ${picture.columns} columns. Arrow keys move, B goes to the strongest of the ${words.row}.`);
  caption.textContent = picture.caption ?? "";
  caption.hidden = !picture.caption;
  draw(heat);
  drawKey(heat);
  heat.retable();
}

/**
 * Colours as the page has them now, by way of an element, since a variable may hold any way to write a colour.
 *
 * @param {HTMLElement} probe
 * @returns {Colours}
 */
function coloursAt(probe) {
  const found = Object.fromEntries(["paper", "accent", "ink-soft", "mark", "line"].map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, (getComputedStyle(probe).color.match(/[\d.]+/g) ?? [0, 0, 0]).slice(0, 3).map(Number)];
  }));
  probe.style.color = "";
  return found;
}

/**
 * The pixel of each byte.
 *
 * @param {Colours} colours
 */
function palette({ paper, accent, line }) {
  const bytes = new Uint8ClampedArray(4 * 256);
  for (let v = 0; v < 256; v++) {
    for (let i = 0; i < 3; i++) bytes[4 * v + i] = v === NONE ? line[i] : paper[i] + ((accent[i] - paper[i]) * v) / 254;
    bytes[4 * v + 3] = v === NONE ? 110 : 255;
  }
  return new Uint32Array(bytes.buffer);
}

/**
 * Where the cells lie in a plot so many pixels wide.
 *
 * @param {number} width
 * @param {Picture} picture
 * @param {number} tallest of the drawing, in rem
 */
function layout(width, { rows, columns }, tallest) {
  const rem = remOf();
  const wanted = Math.min(1.15 * rem, (tallest * rem) / rows);
  const isNamed = wanted >= 0.8 * rem;
  const left = (isNamed ? (width < 30 * rem ? 4.5 : 7.5) : 2.75) * rem;
  const right = width - 0.5 * rem;
  const height = Math.max(wanted * rows, 2 * rem);
  return { left, right, unit: (right - left) / columns, high: height / rows, height, rem, top: 2, isNamed };
}

/** @param {Heat} heat */
function draw(heat) {
  const { canvas, picture, section } = heat;
  const width = widthOf(heat.plot);
  if (!width || !picture.rows) {
    canvas.height = 0;
    heat.here.hidden = heat.band.hidden = true;
    return;
  }
  heat.place = layout(width, picture, heat.options.height);
  const { top, height, rem } = heat.place;
  const ratio = window.devicePixelRatio || 1;
  const whole = height + top + 1.5 * rem;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(whole * ratio);
  canvas.style.height = `${whole}px`;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(ratio, ratio);
  const colours = (heat.colours = coloursAt(heat.here));
  drawCells(heat, pen, colours, ratio);
  drawMarks(heat, pen, colours);
  pen.fillStyle = css(colours["ink-soft"]);
  pen.font = `${0.75 * rem}px ${getComputedStyle(section).fontFamily}`;
  drawNames(heat, pen);
  drawAxis(heat, pen);
  drawCursor(heat);
}

/**
 * @param {Heat} heat
 * @param {CanvasRenderingContext2D} pen
 * @param {Colours} colours
 * @param {number} ratio
 */
function drawCells({ seen, order, picture, place }, pen, colours, ratio) {
  const [width, height] = [place.right - place.left, place.height];
  const { grid, w, h } = reduce(seen, order, picture.columns, Math.round(width * ratio), Math.round(height * ratio));
  const image = new ImageData(w, h);
  const pixels = new Uint32Array(image.data.buffer);
  const pixelOf = palette(colours);
  for (let k = 0; k < grid.length; k++) pixels[k] = pixelOf[grid[k]];
  const sheet = new OffscreenCanvas(w, h);
  sheet.getContext("2d")?.putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(sheet, place.left, place.top, width, height);
  pen.strokeStyle = css(colours["ink-soft"]);
  pen.lineWidth = 1;
  pen.strokeRect(place.left - 0.5, place.top - 0.5, width + 1, height + 1);
}

/**
 * @param {Heat} heat
 * @param {CanvasRenderingContext2D} pen
 * @param {Colours} colours
 */
function drawMarks(heat, pen, { mark, accent }) {
  const { marks, place, places, picture } = heat;
  pen.strokeStyle = css(accent);
  pen.lineWidth = 1;
  const width = heat.store.state.kernel?.[0].length ?? 1;
  heat.guesses.forEach((at, row) => {
    if (Number.isNaN(at) || place.high < 10) return;
    pen.strokeRect(place.left + at * place.unit + 0.5, place.top + places[row] * place.high + 4, Math.min(width, picture.columns - at) * place.unit, place.high - 8);
  });
  pen.strokeStyle = pen.fillStyle = css(mark);
  pen.lineWidth = 1.5;
  for (const [row, sites] of marks) {
    const y = place.top + places[row] * place.high;
    for (const [start, stop] of sites) {
      const [a, b] = [place.left + start * place.unit, place.left + Math.min(stop, picture.columns) * place.unit];
      if (place.high >= 6) pen.strokeRect(a, y + 1, Math.max(b - a, 3), place.high - 2);
      else pen.fillRect(a - 1, y, 1.5, Math.max(place.high, 1));
    }
  }
}

/**
 * @param {Heat} heat
 * @param {CanvasRenderingContext2D} pen
 */
function drawNames(heat, pen) {
  const { place, picture } = heat;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  if (place.isNamed) {
    heat.order.forEach((row, i) => {
      pen.fillText(shortened(nameOf(heat, row), pen, place.left - 8), place.left - 5, place.top + (i + 0.5) * place.high);
    });
    return;
  }
  pen.save();
  pen.translate(0.9 * place.rem, place.top + place.height / 2);
  pen.rotate(-Math.PI / 2);
  pen.textAlign = "center";
  pen.fillText(`${picture.rows.toLocaleString("en").replace(",", "\u202f")} ${heat.words.rows}`, 0, 0);
  pen.restore();
}

/** @type {(text: string, pen: CanvasRenderingContext2D, room: number) => string} */
function shortened(text, pen, room) {
  if (pen.measureText(text).width <= room) return text;
  let kept = text;
  while (kept.length > 1 && pen.measureText(`${kept}…`).width > room) kept = kept.slice(0, -1);
  return `${kept}…`;
}

/**
 * @param {Heat} heat
 * @param {CanvasRenderingContext2D} pen
 */
function drawAxis(heat, pen) {
  const { place, picture } = heat;
  pen.textAlign = "center";
  pen.textBaseline = "top";
  const room = Math.max(Math.floor((place.right - place.left) / (4 * place.rem)), 1);
  const step = niceStep(Math.max(picture.columns / room, 1));
  const last = first(heat) + picture.columns - 1;
  for (let n = Math.ceil(first(heat) / step) * step; n <= last; n += step) {
    const x = place.left + (n - first(heat) + 0.5) * place.unit;
    pen.fillRect(x - 0.5, place.top + place.height + 1, 1, 3);
    const text = format(n);
    const half = pen.measureText(text).width / 2;
    pen.fillText(text, Math.min(x, widthOf(heat.plot) - half - 1), place.top + place.height + 0.4 * place.rem);
  }
}

/** @param {Heat} heat */
function drawKey(heat) {
  const { key, picture, words, marks, cells, options } = heat;
  const shares = [0, 0.1, 0.3, 0.6, 1];
  const scale = make("span", { class: "ec-heatmap-scale", role: "img", "aria-label": `colours from 0 to ${format(picture.max, 3)}` }, make("i"),
    shares.map((share) => make("b", { style: `left: ${100 * Math.sqrt(share)}%` }, format(share * picture.max, 2))));
  const items = [make("span", {}, words.value, scale)];
  if (guessesOf(heat).some((at) => !Number.isNaN(at))) items.push(make("span", {}, make("i", { class: "ec-heatmap-swatch ec-heatmap-guess" }), options.guess));
  if (marks.size) items.push(make("span", {}, make("i", { class: "ec-heatmap-swatch ec-heatmap-mark" }), words.mark));
  if (cells.includes(NONE)) items.push(make("span", {}, make("i", { class: "ec-heatmap-swatch ec-heatmap-none" }), `no ${words.column}`));
  key.replaceChildren(...items);
}

/** @param {Heat} heat */
function drawCursor(heat) {
  const { here, band, place } = heat;
  here.hidden = band.hidden = !heat.picture.rows;
  if (!heat.picture.rows) return;
  const [row, column] = heat.hovered ?? cursorOf(heat);
  const [w, h] = [Math.max(place.unit, 6), Math.max(place.high, 6)];
  const x = place.left + (column + 0.5) * place.unit;
  const y = place.top + (heat.places[row] + 0.5) * place.high;
  Object.assign(here.style, { left: `${x - w / 2 - 1}px`, top: `${y - h / 2 - 1}px`, width: `${w + 2}px`, height: `${h + 2}px` });
  const tall = Math.max(place.high, 3);
  Object.assign(band.style, { left: `${place.left}px`, width: `${place.right - place.left}px`, top: `${y - tall / 2}px`, height: `${tall}px` });
  heat.say(sentenceOf(heat, row, column));
}

/**
 * @param {Heat} heat
 * @param {number} row
 * @param {number} column
 */
function sentenceOf(heat, row, column) {
  const { words, cells, picture, top, marks } = heat;
  const byteAt = (/** @type {number} */ c) => cells[row * picture.columns + c];
  const valueAt = (/** @type {number} */ c) => format(valueOfByte(byteAt(c), picture.max), 2);
  const best = top.at[row];
  const isMarked = marks.get(row)?.some(([start, stop]) => column >= start && column < stop);
  const what = byteAt(column) === NONE ? `no ${words.column} here` : `${words.value} ${valueAt(column)}`;
  const strongest = best === column ? ` The strongest of this ${words.row}.`
    : best < 0 ? "" : ` Its strongest is ${first(heat) + best}, with ${valueAt(best)}.`;
  return `${nameOf(heat, row)}, ${words.column} ${first(heat) + column}: ${what}.${strongest}${isMarked ? ` In a ${words.mark}.` : ""}`;
}

/** @param {Heat} heat */
function strongestTable(heat) {
  const { words, picture, top, marks, options } = heat;
  const rows = orderOf("strength", top).slice(0, TWIN).filter((row) => top.at[row] >= 0);
  const more = picture.rows > TWIN ? ` The ${TWIN} strongest of ${picture.rows} ${words.rows}.` : "";
  const known = (/** @type {number} */ row) =>
    (marks.get(row) ?? []).map(([start, stop]) => `${first(heat) + start}–${first(heat) + stop - 1}`).join(", ");
  const head = [words.row, words.column, words.value, ...(marks.size ? [words.mark] : [])];
  return table(`${picture.caption ?? options.title ?? ""}${more}`, head, rows.map((row) => [
    nameOf(heat, row), number(`best-${row}`, first(heat) + top.at[row], 8), number(`value-${row}`, valueOfByte(top.top[row], picture.max), 2),
    ...(marks.size ? [known(row) || "–"] : []),
  ]));
}

/**
 * The strongest of the cells that the pixel under the pointer shows.
 *
 * @param {Heat} heat
 * @param {MouseEvent} event
 * @returns {Cell}
 */
function cellAt({ plot, place, picture, order, cells }, event) {
  const box = plot.getBoundingClientRect();
  const range = (/** @type {number} */ x, /** @type {number} */ size, /** @type {number} */ n) => {
    const from = clip(Math.floor(x / size), n);
    return [from, clip(Math.max(Math.ceil((x + 1) / size) - 1, from), n)];
  };
  const [c1, c2] = range(event.clientX - box.left - place.left, place.unit, picture.columns);
  const [r1, r2] = range(event.clientY - box.top - place.top, place.high, picture.rows);
  let [row, column, most] = [order[r1], c1, -1];
  for (let i = r1; i <= r2; i++) {
    for (let c = c1; c <= c2; c++) {
      const byte = cells[order[i] * picture.columns + c];
      if (byte !== NONE && byte > most) [row, column, most] = [order[i], c, byte];
    }
  }
  return [row, column];
}

/**
 * @param {Heat} heat
 * @param {Cell | null} cell
 */
function hover(heat, cell) {
  heat.hovered = cell;
  drawCursor(heat);
}

/**
 * @param {Heat} heat
 * @param {KeyboardEvent} event
 */
function onKey(heat, event) {
  const { picture, order, places } = heat;
  if (event.ctrlKey || event.metaKey || event.altKey || !picture.rows) return;
  const [row, column] = cursorOf(heat);
  const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const down = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
  if (across) put(heat, [row, clip(column + across, picture.columns)]);
  else if (down) put(heat, [order[clip(places[row] + down, picture.rows)], column]);
  else if (event.key === "Home") put(heat, [row, 0]);
  else if (event.key === "End") put(heat, [row, picture.columns - 1]);
  else if (event.key === "b" || event.key === "B") putOnStrongest(heat);
  else return;
  event.preventDefault();
}

/** @param {Heat} heat */
function listen(heat) {
  const { plot, choose, strongest } = heat;
  choose.addEventListener("change", () => {
    heat.sort = choose.value;
    choose.closest(".ep-from-explore")?.classList.toggle("ep-in-use", heat.sort !== heat.first);
    renew(heat);
  });
  strongest.addEventListener("click", () => putOnStrongest(heat));
  plot.addEventListener("pointerdown", (event) => event.button || !heat.picture.rows || put(heat, cellAt(heat, event)));
  plot.addEventListener("pointermove", (event) => {
    if (!heat.picture.rows || event.pointerType === "touch") return;
    if (event.buttons & 1) put(heat, cellAt(heat, event));
    else hover(heat, cellAt(heat, event));
  });
  plot.addEventListener("pointerleave", () => heat.hovered && hover(heat, null));
  plot.addEventListener("keydown", (event) => onKey(heat, event));
}

/**
 * Draw again when Python sends something, or the page changes its size or colours.
 *
 * @param {Heat} heat
 * @param {AbortSignal} signal
 */
function watch(heat, signal) {
  let isAsked = false; // both traits may come in one message
  const later = () => {
    if (isAsked) return;
    isAsked = true;
    queueMicrotask(() => {
      isAsked = false;
      receive(heat, signal);
    });
  };
  const events = ["change:picture", "change:labels"];
  for (const event of events) heat.model.on(event, later);
  const redraw = () => draw(heat);
  onWidth(heat.plot, redraw, signal);
  const themes = new MutationObserver(redraw);
  for (const root of [document.documentElement, document.body]) themes.observe(root, { attributes: true, attributeFilter: ["data-jp-theme-light", "style", "class"] });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", redraw);
  const { cursor } = heat.options;
  const off = heat.store.on((_state, _trace, changed) => cursor && changed.includes(cursor) && drawCursor(heat));
  const stop = () => {
    for (const event of events) heat.model.off(event, later);
    themes.disconnect();
    dark.removeEventListener("change", redraw);
    off();
  };
  signal?.addEventListener("abort", stop);
  return stop;
}

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const heat = begin(model, el, exports.store);
    const { words } = heat;
    heat.retable = numbers(heat.section, `The strongest ${words.value} of each ${words.row}, as a table`, () => strongestTable(heat));
    listen(heat);
    const stop = watch(heat, signal);
    signal?.addEventListener("abort", () => heat.stop());
    await receive(heat, signal);
    return stop;
  },
};
