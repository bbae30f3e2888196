// One-hot: the letters in view as columns of a matrix, one row a letter, a filled cell for the one; as wide as the strip.
//
// options: {when}: {key, is} or {key, not}: shown only where that holds
// state: codes, alphabet, kernel, padding, zoom, cursor

import { inView, lane, windowAt, windows } from "../lib/cursor.js";
import { attributes, make } from "../lib/dom.js";
import { follow, onWidth, widthOf } from "../lib/drawing.js";
import { letterColour } from "../lib/numbers.js";
import { holds } from "../lib/steps.js";
import { panel } from "../lib/style.js";
import CSS from "./style.css";

const ROW = 1.35; // rem

export default {
  /** @param {Context} context */
  async render({ model, el, host, signal }) {
    const { exports } = await host.getWidget(model.get("store"));
    const { store } = exports;
    const { when } = model.get("options");
    const section = panel(el, "onehot", "One-hot matrix", CSS);
    const svg = make("svg:svg", { role: "img" });
    section.append(
      make("div", { class: "ec-panel-head" }, make("span", { class: "ec-panel-title" }, "One-hot"),
        make("span", { class: "ec-soft" }, "a row for each letter, a column for each place; a filled cell is 1, an empty one 0")),
      svg,
    );

    function draw(/** @type {State} */ state) {
      el.hidden = !holds(when, state);
      if (el.hidden) return;
      const width = widthOf(svg) || widthOf(section);
      if (!width) return;
      const place = lane(width, inView(state));
      const row = ROW * place.rem;
      const letters = [...state.alphabet];
      const isWide = place.unit >= 1.1 * place.rem; // room for the digit
      const gap = place.unit >= 6 ? 1 : 0;
      const cells = letters.map(() => /** @type {string[]} */ ([]));
      /** @type {[number, number, boolean][]} */
      const digits = [];
      for (let i = Math.max(place.first, 0); i < Math.min(place.last, state.codes.length); i++) {
        const code = state.codes[i];
        if (code >= 0) cells[code].push(`M${at(place.x(i) + gap / 2)} ${at(code * row + 1)}h${at(place.unit - gap)}v${at(row - 2)}h${at(gap - place.unit)}z`);
        if (isWide) letters.forEach((_, k) => digits.push([i, k, k === code]));
      }
      const now = windowAt(state);
      const from = Math.max(now.start, place.first);
      const to = Math.min(now.start + windows(state).width, place.last);
      attributes(svg, { height: letters.length * row, viewBox: `0 0 ${width} ${letters.length * row}` });
      svg.setAttribute("aria-label", `One-hot matrix of letters ${Math.max(place.first, 0) + 1} to ${Math.min(place.last, state.codes.length)}: ${letters.length} rows, ${letters.join(", ")}; each column has a single 1 in the row of its letter.`);
      svg.replaceChildren(
        ...letters.map((_, k) => make("svg:rect", { class: "ec-onehot-row", x: place.left, y: k * row + 1, width: place.right - place.left, height: row - 2 })),
        ...letters.map((letter, k) => make("svg:path", { d: cells[k].join(""), style: `fill:${letterColour(letter)}`, "data-letter": letter, "data-count": cells[k].length })),
        ...digits.map(([i, k, isOne]) => make("svg:text", { class: "ec-onehot-zero", x: at(place.x(i + 0.5)), y: at((k + 0.72) * row), style: isOne ? "fill:var(--paper);font-weight:700!important" : "opacity:.75" }, isOne ? "1" : "0")),
        ...letters.map((letter, k) => make("svg:text", { x: place.left - 0.4 * place.rem, y: at((k + 0.75) * row) }, letter)),
        ...(to > from ? [make("svg:rect", { class: "ec-onehot-frame", x: at(place.x(from)), y: 1.25, width: at(Math.max((to - from) * place.unit, 3)), height: at(letters.length * row - 2.5), rx: 3 })] : []),
      );
    }
    const ask = follow(store, draw, signal);
    onWidth(section, ask, signal);
  },
};

const at = (/** @type {number} */ x) => Math.round(x * 10) / 10;
