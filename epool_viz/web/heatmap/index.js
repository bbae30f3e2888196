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
// traits: labels {names, marks, first}, picture {rows, columns, max, caption, cells}
//   marks    [[row, start, stop]]: what is known to be there, outlined
//   first    the number of the first column (default 1)
//   cells    deflated bytes, a row after the other: 254 sqrt(value / max), 255 where there is no value
//
// More cells than pixels: a pixel shows the largest of its cells, and the pointer finds that one.

import { voice } from "../lib/a11y.js";
import { make } from "../lib/dom.js";
import { onWidth, remOf, widthOf } from "../lib/drawing.js";
import { format, number } from "../lib/numbers.js";
import { panel } from "../lib/style.js";
import { numbers, table } from "../lib/tables.js";
import { niceStep } from "../lib/ticks.js";
import CSS from "./style.css";

const SORTS = { given: "as given", position: "best position", strength: "strength" };
const NONE = 255;
const TWIN = 40; // rows of the table

/** The bytes of the cells, out of what Python has deflated. */
export async function inflate(view) {
  const stream = new Blob([view]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The value of a byte: NaN where there is none. */
export const valueOf = (byte, max) => (byte === NONE ? NaN : max * (byte / 254) ** 2);

/** Column of the largest value of each row, and that byte; -1 for a row without any. */
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

/** The rows from top to bottom. */
export function orderOf(sort, { at, top }) {
  const order = Array.from(at, (_, row) => row);
  if (sort === "position") order.sort((a, b) => at[a] - at[b] || top[b] - top[a] || a - b);
  if (sort === "strength") order.sort((a, b) => top[b] - top[a] || a - b);
  return order;
}

/** A grid of at most `width` × `height` cells: each the largest of those it stands for, NONE where all are. */
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

export default {
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const options = { sort: "given", sorts: Object.keys(SORTS), height: 26, ...model.get("options") };
    const words = { row: "row", rows: "rows", column: "column", value: "value", mark: "known", ...options.words };
    const section = panel(el, "heatmap", options.title ?? "Heat map", CSS);

    const choose = make("select", { onchange: () => ((sort = choose.value), renew()) }, options.sorts.map((name) => make("option", { value: name, selected: name === options.sort }, SORTS[name])));
    const strongest = make("button", { type: "button", title: "B", onclick: () => toBest() }, "Strongest of the row");
    const canvas = make("canvas", { "aria-hidden": "true" });
    const band = make("div", { class: "ec-heatmap-band", "aria-hidden": "true" });
    const here = make("div", { class: "ec-heatmap-here", "aria-hidden": "true" });
    const plot = make("div", { class: "ec-heatmap-plot", tabindex: 0, role: "application", "aria-roledescription": "heat map" }, canvas, band, here);
    const caption = make("p", { class: "ec-soft", "data-name": "caption" });
    const key = make("div", { class: "ec-heatmap-key" });
    section.append(
      make("div", { class: "ec-panel-head" },
        make("span", { class: "ec-panel-title" }, options.title ?? ""),
        make("span", { class: "ec-panel-tools" }, make("label", { hidden: options.sorts.length < 2 }, "Sort by", choose), strongest)),
      plot,
    );
    const say = voice(section, { live: options.live !== false });
    section.append(caption, key);
    const retable = numbers(section, `The strongest ${words.value} of each ${words.row}, as a table`, twin);

    let sort = options.sort;
    let [labels, picture] = [{}, { rows: 0, columns: 0, max: 1 }];
    let cells = new Uint8Array(0);
    let top = { at: [], top: [] };
    let [order, places] = [[], []];
    let marks = new Map();
    let place = { left: 0, right: 1, unit: 1, high: 1, height: 1 };
    let own = null; // the cursor, where the state has none
    let hovered = null; // the cell under a pointer that only looks

    const first = () => labels.first ?? 1;
    const nameOf = (row) => labels.names?.[row] ?? `${words.row} ${row + 1}`;
    const cursor = () => {
      const [row, column] = (options.cursor ? store.state[options.cursor] : own) ?? [order[0] ?? 0, top.at[order[0]] ?? 0];
      const clip = (x, n) => Math.min(Math.max(Math.round(x) || 0, 0), Math.max(n - 1, 0));
      return [clip(row, picture.rows), clip(column, picture.columns)];
    };
    const put = (row, column) => {
      if (!picture.rows) return;
      own = [row, column];
      hovered = null;
      if (options.cursor) store.set({ [options.cursor]: own });
      drawCursor();
    };
    const toBest = () => {
      const [row] = cursor();
      put(row, Math.max(top.at[row], 0));
    };

    // what Python sends -------------------------------------------------------------------------------------------

    let asked = 0;
    async function receive() {
      const mine = ++asked;
      const next = model.get("picture");
      const told = model.get("labels") ?? {};
      const bytes = next?.cells?.byteLength ? await inflate(next.cells) : new Uint8Array(0);
      if (mine !== asked || signal?.aborted) return; // something newer is on its way
      [labels, picture, cells] = [told, { max: 1, ...next }, bytes];
      if (cells.length !== picture.rows * picture.columns) picture.rows = picture.columns = 0;
      marks = new Map();
      for (const [row, start, stop] of labels.marks ?? []) marks.set(row, [...(marks.get(row) ?? []), [start, stop]]);
      hovered = null;
      renew();
    }
    let isAsked = false; // both traits may come in one message
    const later = () => {
      if (isAsked) return;
      isAsked = true;
      queueMicrotask(() => ((isAsked = false), receive()));
    };
    for (const name of ["picture", "labels"]) model.on(`change:${name}`, later);
    signal?.addEventListener("abort", () => ["picture", "labels"].forEach((name) => model.off?.(`change:${name}`, later)));

    // drawing -----------------------------------------------------------------------------------------------------

    /** Colours as the page has them now, by way of an element, since a variable may hold any way to write a colour. */
    function colours() {
      const of = (name) => {
        here.style.color = `var(--${name})`;
        const found = getComputedStyle(here).color.match(/[\d.]+/g) ?? [0, 0, 0];
        return found.slice(0, 3).map(Number);
      };
      const found = Object.fromEntries(["paper", "accent", "ink-soft", "mark", "line", "panel"].map((name) => [name, of(name)]));
      here.style.color = "";
      return found;
    }
    const css = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;

    function palette({ paper, accent, line }) {
      const bytes = new Uint8ClampedArray(4 * 256);
      for (let v = 0; v < 256; v++) {
        for (let i = 0; i < 3; i++) bytes[4 * v + i] = v === NONE ? line[i] : paper[i] + ((accent[i] - paper[i]) * v) / 254;
        bytes[4 * v + 3] = v === NONE ? 110 : 255;
      }
      return new Uint32Array(bytes.buffer);
    }

    function renew() {
      top = peaks(cells, picture.rows, picture.columns);
      order = orderOf(sort, top);
      places = new Int32Array(order.length);
      order.forEach((row, i) => (places[row] = i));
      const { title = "Heat map" } = options;
      plot.setAttribute("aria-label", `${title}: ${picture.rows} ${words.rows}, ${picture.columns} columns. Arrow keys move, B goes to the strongest of the ${words.row}.`);
      caption.textContent = picture.caption ?? "";
      caption.hidden = !picture.caption;
      draw();
      drawKey();
      retable();
    }

    function draw() {
      const width = widthOf(plot);
      if (!width || !picture.rows) {
        canvas.height = 0;
        here.hidden = band.hidden = true;
        return;
      }
      const rem = remOf();
      const high = Math.min(1.15 * rem, (options.height * rem) / picture.rows);
      const isNamed = high >= 0.8 * rem;
      const left = (isNamed ? (width < 30 * rem ? 4.5 : 7.5) : 2.75) * rem;
      const height = Math.max(high * picture.rows, 2 * rem);
      place = { left, right: width - 0.5 * rem, high: height / picture.rows, height, rem, top: 2 };
      place.unit = (place.right - left) / picture.columns;
      const ratio = window.devicePixelRatio || 1;
      const whole = height + place.top + 1.5 * rem;
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(whole * ratio);
      canvas.style.height = `${whole}px`;
      const pen = canvas.getContext("2d");
      pen.scale(ratio, ratio);
      const found = colours();
      const { grid, w, h } = reduce(cells, order, picture.columns, Math.round((place.right - left) * ratio), Math.round(height * ratio));
      const image = new ImageData(w, h);
      const pixels = new Uint32Array(image.data.buffer);
      const table = palette(found);
      for (let k = 0; k < grid.length; k++) pixels[k] = table[grid[k]];
      const sheet = new OffscreenCanvas(w, h);
      sheet.getContext("2d").putImageData(image, 0, 0);
      pen.imageSmoothingEnabled = false;
      pen.drawImage(sheet, left, place.top, place.right - left, height);
      pen.strokeStyle = css(found["ink-soft"]);
      pen.lineWidth = 1;
      pen.strokeRect(left - 0.5, place.top - 0.5, place.right - left + 1, height + 1);
      drawMarks(pen, found);
      pen.fillStyle = css(found["ink-soft"]);
      pen.font = `${0.75 * rem}px ${getComputedStyle(section).fontFamily}`;
      drawNames(pen, isNamed);
      drawAxis(pen);
      drawCursor();
    }

    function drawMarks(pen, found) {
      pen.strokeStyle = css(found.mark);
      pen.fillStyle = css(found.mark);
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

    function drawNames(pen, isNamed) {
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      if (!isNamed) {
        pen.save();
        pen.translate(0.9 * place.rem, place.top + place.height / 2);
        pen.rotate(-Math.PI / 2);
        pen.textAlign = "center";
        pen.fillText(`${picture.rows.toLocaleString("en").replace(",", "\u202f")} ${words.rows}`, 0, 0);
        pen.restore();
        return;
      }
      const room = place.left - 8;
      order.forEach((row, i) => {
        let text = nameOf(row);
        if (pen.measureText(text).width > room) {
          while (text.length > 1 && pen.measureText(`${text}…`).width > room) text = text.slice(0, -1);
          text += "…";
        }
        pen.fillText(text, place.left - 5, place.top + (i + 0.5) * place.high);
      });
    }

    function drawAxis(pen) {
      pen.textAlign = "center";
      pen.textBaseline = "top";
      const room = Math.max(Math.floor((place.right - place.left) / (4 * place.rem)), 1);
      const step = niceStep(Math.max(picture.columns / room, 1));
      const last = first() + picture.columns - 1;
      for (let n = Math.ceil(first() / step) * step; n <= last; n += step) {
        const x = place.left + (n - first() + 0.5) * place.unit;
        pen.fillRect(x - 0.5, place.top + place.height + 1, 1, 3);
        const text = format(n);
        const half = pen.measureText(text).width / 2;
        pen.fillText(text, Math.min(x, widthOf(plot) - half - 1), place.top + place.height + 0.4 * place.rem);
      }
    }

    function drawKey() {
      const shares = [0, 0.1, 0.3, 0.6, 1];
      const scale = make("span", { class: "ec-heatmap-scale", role: "img", "aria-label": `colours from 0 to ${format(picture.max, 3)}` }, make("i"),
        shares.map((share) => {
          const tick = make("b", {}, format(share * picture.max, 2));
          tick.style.left = `${100 * Math.sqrt(share)}%`;
          return tick;
        }));
      const items = [make("span", {}, words.value, scale)];
      if (marks.size) items.push(make("span", {}, make("i", { class: "ec-heatmap-swatch ec-heatmap-mark" }), words.mark));
      if (cells.includes(NONE)) items.push(make("span", {}, make("i", { class: "ec-heatmap-swatch ec-heatmap-none" }), `no ${words.column}`));
      key.replaceChildren(...items);
    }

    function drawCursor() {
      here.hidden = band.hidden = !picture.rows;
      if (!picture.rows) return;
      const [row, column] = hovered ?? cursor();
      const [w, h] = [Math.max(place.unit, 6), Math.max(place.high, 6)];
      const x = place.left + (column + 0.5) * place.unit;
      const y = place.top + (places[row] + 0.5) * place.high;
      Object.assign(here.style, { left: `${x - w / 2 - 1}px`, top: `${y - h / 2 - 1}px`, width: `${w + 2}px`, height: `${h + 2}px` });
      const tall = Math.max(place.high, 3);
      Object.assign(band.style, { left: `${place.left}px`, width: `${place.right - place.left}px`, top: `${y - tall / 2}px`, height: `${tall}px` });
      say(sentence(row, column));
    }

    // words -------------------------------------------------------------------------------------------------------

    const isMarked = (row, column) => (marks.get(row) ?? []).some(([start, stop]) => column >= start && column < stop);
    const shown = (byte) => format(valueOf(byte, picture.max), 2);
    function sentence(row, column) {
      const best = top.at[row];
      const where = best < 0 || best === column ? "" : ` Its strongest is ${first() + best}, with ${shown(cells[row * picture.columns + best])}.`;
      const known = isMarked(row, column) ? ` In a ${words.mark}.` : "";
      const byte = cells[row * picture.columns + column];
      const what = byte === NONE ? `no ${words.column} here` : `${words.value} ${shown(byte)}`;
      return `${nameOf(row)}, ${words.column} ${first() + column}: ${what}.${best === column ? ` The strongest of this ${words.row}.` : where}${known}`;
    }

    function twin() {
      const rows = orderOf("strength", top).slice(0, TWIN).filter((row) => top.at[row] >= 0);
      const more = picture.rows > TWIN ? ` The ${TWIN} strongest of ${picture.rows} ${words.rows}.` : "";
      const known = (row) => (marks.get(row) ?? []).map(([start, stop]) => `${first() + start}–${first() + stop - 1}`).join(", ");
      const head = [words.row, words.column, words.value, ...(marks.size ? [words.mark] : [])];
      return table(`${picture.caption ?? options.title ?? ""}${more}`, head, rows.map((row) => [
        nameOf(row), number(`best-${row}`, first() + top.at[row], 8), number(`value-${row}`, valueOf(top.top[row], picture.max), 2),
        ...(marks.size ? [known(row) || "–"] : []),
      ]));
    }

    // the hand ----------------------------------------------------------------------------------------------------

    /** The strongest of the cells that the pixel under the pointer shows. */
    function cellAt(event) {
      const box = plot.getBoundingClientRect();
      const clip = (x, n) => Math.min(Math.max(x, 0), n - 1);
      const range = (x, size, n) => {
        const from = clip(Math.floor(x / size), n);
        return [from, clip(Math.max(Math.ceil((x + 1) / size) - 1, from), n)];
      };
      const [c1, c2] = range(event.clientX - box.left - place.left, place.unit, picture.columns);
      const [r1, r2] = range(event.clientY - box.top - place.top, place.high, picture.rows);
      let best = [order[r1], c1, -1];
      for (let i = r1; i <= r2; i++) {
        for (let c = c1; c <= c2; c++) {
          const byte = cells[order[i] * picture.columns + c];
          if (byte !== NONE && byte > best[2]) best = [order[i], c, byte];
        }
      }
      return best.slice(0, 2);
    }
    const hover = (cell) => {
      if (!picture.rows) return;
      hovered = cell;
      drawCursor();
    };
    plot.addEventListener("pointerdown", (event) => event.button || !picture.rows || put(...cellAt(event)));
    plot.addEventListener("pointermove", (event) => {
      if (!picture.rows || event.pointerType === "touch") return;
      if (event.buttons & 1) put(...cellAt(event));
      else hover(cellAt(event));
    });
    plot.addEventListener("pointerleave", () => hovered && hover(null));
    plot.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !picture.rows) return;
      const [row, column] = cursor();
      const clip = (x, n) => Math.min(Math.max(x, 0), n - 1);
      const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const down = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
      if (across) put(row, clip(column + across, picture.columns));
      else if (down) put(order[clip(places[row] + down, picture.rows)], column);
      else if (event.key === "Home") put(row, 0);
      else if (event.key === "End") put(row, picture.columns - 1);
      else if (event.key === "b" || event.key === "B") toBest();
      else return;
      event.preventDefault();
    });

    onWidth(plot, draw, signal);
    const themes = new MutationObserver(draw);
    for (const root of [document.documentElement, document.body]) themes.observe(root, { attributes: true, attributeFilter: ["data-jp-theme-light", "style", "class"] });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    const off = store.on((state, trace, changed) => options.cursor && changed.includes(options.cursor) && drawCursor());
    const stop = () => {
      themes.disconnect();
      dark.removeEventListener("change", draw);
      off();
    };
    signal?.addEventListener("abort", stop);
    await receive();
    return stop;
  },
};
