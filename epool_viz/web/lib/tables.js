// The tables behind the pictures.

import { make } from "./dom.js";
import { number } from "./numbers.js";

/**
 * A box that scrolls sideways and can be reached by the keyboard.
 *
 * @param {string} label
 * @param {Child[]} children
 */
export const scrolling = (label, ...children) =>
  make("div", { class: "ec-scroll", role: "region", tabindex: 0, "aria-label": label }, ...children);

/**
 * The table behind a picture: `build()` gives it, once it is asked for; `draw()` again after a change, while open.
 *
 * @param {string} summary
 * @param {() => Node} build
 */
export function tableTwin(summary, build) {
  const body = make("div");
  const element = make("details", {}, make("summary", {}, summary), body);
  const draw = () => element.open && body.replaceChildren(build());
  element.addEventListener("toggle", draw);
  return { element, draw };
}

/**
 * A matrix as a table; `blocks` are {name, rows: [[label, numbers]]}, each number called `name_label_column`.
 *
 * @param {string} caption
 * @param {number} width
 * @param {{ name: string, rows: [string, number[]][] }[]} blocks
 */
export function matrixTable(caption, width, blocks) {
  const places = Array.from({ length: width }, (_, j) => j + 1);
  /** @type {(name: string, row: [string, number[]]) => HTMLElement} */
  const row = (name, [label, values]) =>
    make("tr", {}, make("th", { scope: "row" }, label), values.map((x, j) => make("td", {}, number([name, label, j + 1].join("_"), x))));
  return scrolling(caption, make("table", {}, make("caption", {}, caption),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "column"), places.map((j) => make("th", { scope: "col" }, String(j))))),
    make("tbody", {}, blocks.flatMap(({ name, rows }) => rows.map((r) => row(name, r))))));
}

/**
 * A table; a cell is an element or a text, the first of each row names it. A column without a name has no heading.
 *
 * @param {string} caption
 * @param {string[]} head
 * @param {Child[][]} rows
 */
export function table(caption, head, rows) {
  return make(
    "table", {},
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, head.map((text) => (text ? make("th", { scope: "col" }, text) : make("td"))))),
    make("tbody", {}, rows.map(([first, ...rest]) =>
      make("tr", {}, make("th", { scope: "row" }, first), rest.map((cell) => make("td", {}, cell))))),
  );
}

/**
 * The table behind a picture, `<details>` at the end of `section`; while it is open it follows at rest.
 *
 * @param {Element} section
 * @param {string} summary
 * @param {() => Node} build
 */
export function numbers(section, summary, build) {
  const label = () => [section.getAttribute("aria-label"), summary].filter(Boolean).join(": "); // pictures of a page share summaries
  const { element, draw } = tableTwin(summary, () => scrolling(label(), build()));
  /** @type {number | undefined} */
  let timer;
  section.append(element);
  return () => {
    clearTimeout(timer);
    timer = setTimeout(draw, 150);
  };
}
