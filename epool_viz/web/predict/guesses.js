// What a room guessed, as a picture: for the lecturer's page and for every phone.

import { make } from "../lib/dom.js";
import { onWidth } from "../lib/drawing.js";
import { shareOut } from "../lib/maths.js";
import { format } from "../lib/numbers.js";
import { px } from "../lib/paths.js";
import { labels, outline } from "./bars.js";
import { BINS, binsOf, sentenceOf } from "./counts.js";

/** @typedef {import("./counts.js").Shown} Shown */

/**
 * The picture, and its sentence as its name.
 *
 * @param {Shown} shown
 * @returns {HTMLElement}
 */
export function pictureOf(shown) {
  const { question } = shown;
  if (question.kind === "choice") return choices(shown);
  return drawn(shown, question.kind === "number" ? drawNumbers : drawDrawings, question.kind === "number" ? keyOfNumbers(shown) : keyOfDrawings(shown));
}

/** @param {Shown} shown */
function choices({ question, room, truth, mine }) {
  const counts = room.counts ?? {};
  const most = Math.max(1, ...Object.values(counts));
  const rows = question.options.map(({ value, label }) => {
    const marks = [value === truth ? "\u2713 true" : "", value === mine ? "yours" : ""].filter(Boolean).join(", ");
    const bar = make("span", { class: "ec-room-bar", "aria-hidden": "true", style: `width: ${px((100 * counts[value]) / most)}%` });
    return make("li", { class: value === truth ? "is-true" : null, "data-value": value },
      make("span", { class: "ec-room-label" }, label, marks ? make("b", {}, ` ${marks}`) : null),
      make("span", { class: "ec-room-track" }, bar), make("span", { class: "ec-room-count" }, String(counts[value] ?? 0)));
  });
  return make("ul", { class: "ec-room-choices", "aria-label": "What the room guessed" }, rows);
}

/**
 * A picture that is drawn as wide as there is room.
 *
 * @param {Shown} shown
 * @param {(svg: SVGSVGElement, shown: Shown, width: number, rem: number) => void} draw
 * @param {HTMLElement} key
 */
function drawn(shown, draw, key) {
  const svg = make("svg:svg", { role: "img", "aria-label": sentenceOf(shown) });
  const box = make("div", { class: "ec-predict-plot is-shut" }, svg);
  const again = () => {
    svg.replaceChildren();
    draw(svg, shown, Math.max(box.clientWidth, 60), parseFloat(getComputedStyle(box).fontSize) || 16);
  };
  onWidth(box, again, shown.signal);
  return make("div", { class: "ec-room" }, box, key);
}

/** @type {(name: string, text: string) => HTMLElement} */
const key = (name, text) =>
  make("span", {}, make("svg:svg", { class: "ec-predict-swatch", viewBox: "0 0 16 16", "aria-hidden": "true" }, make("svg:path", { class: name, d: "M2 2h12v12h-12z" })), text);

/** @param {Shown} shown */
function keyOfNumbers({ room, truth, mine }) {
  const { beyond, end } = binsOf(room.numbers ?? [], truth);
  return make("div", { class: "ec-predict-key" }, key("ec-room-bin", "guesses"), key("ec-predict-truth", `true: ${format(truth, 3)}`),
    mine ? key("ec-predict-guess", `yours: ${format(mine, 3)}`) : null, beyond ? `${beyond} beyond ${format(end)}` : null);
}

/** @param {Shown} shown */
function keyOfDrawings({ room, mine }) {
  return make("div", { class: "ec-predict-key" }, key("ec-predict-truth", "posterior"), key("ec-room-mean", "mean of the room"),
    room.drawings ? key("ec-room-line", "each drawing") : null, mine ? key("ec-predict-guess", "your drawing") : null);
}

/**
 * @param {SVGSVGElement} svg
 * @param {Shown} shown
 * @param {number} width
 * @param {number} rem
 */
function drawNumbers(svg, { room, truth, mine, tall = 8 }, width, rem) {
  const { end, counts } = binsOf(room.numbers ?? [], truth);
  const [left, size, top] = [0.5 * rem, tall * rem, 1.5 * rem];
  const unit = (width - rem) / BINS;
  const most = Math.max(1, ...counts);
  const at = (/** @type {number} */ x) => px(left + (Math.min(x, end) / end) * (width - rem));
  const text = (/** @type {number} */ x, /** @type {string} */ words, anchor = "middle") => make("svg:text", { x: px(x), y: px(top + size + rem), "text-anchor": anchor }, words);
  svg.setAttribute("height", String(px(top + size + 1.5 * rem)));
  svg.append(
    make("svg:rect", { class: "ec-predict-ground", x: left, y: top, width: px(width - rem), height: size }),
    ...counts.map((n, i) => make("svg:rect", { class: "ec-room-bin", "data-count": n, x: px(left + i * unit + 1), y: px(top + size * (1 - n / most)), width: px(unit - 2), height: px((size * n) / most) })),
    ...counts.map((n, i) => (n ? make("svg:text", { x: px(left + (i + 0.5) * unit), y: px(top + size * (1 - n / most) - 3), "text-anchor": "middle" }, String(n)) : null)).filter((each) => each !== null),
    make("svg:path", { class: "ec-room-true", "data-name": "truth", d: `M${at(truth)} ${px(top - 0.3 * rem)}V${px(top + size)}` }),
    mine ? make("svg:path", { class: "ec-room-mine", "data-name": "guess", d: `M${at(mine)} ${px(top - 0.3 * rem)}V${px(top + size)}` }) : "",
    text(left, "0", "start"), text(left + (width - rem) / 2, format(end / 2)), text(width - left, format(end), "end"),
  );
}

/**
 * The top of each bar as one line.
 *
 * @param {number[]} values
 * @param {{left: number, unit: number, size: number, top: number}} place
 * @param {number} most
 */
const skyline = (values, { left, unit, size, top }, most) =>
  `M${px(left)} ${px(top + size)}${values.map((v, i) => `V${px(top + size * (1 - v / most))}H${px(left + (i + 1) * unit)}`).join("")}V${px(top + size)}`;

/**
 * @param {SVGSVGElement} svg
 * @param {Shown} shown
 * @param {number} width
 * @param {number} rem
 */
function drawDrawings(svg, { question, room, truth, mine, tall = 9 }, width, rem) {
  const place = { rem, left: 0.5 * rem, unit: (width - rem) / truth.length, size: tall * rem, top: 0.5 * rem };
  const drawings = (room.drawings ?? []).map(shareOut);
  const share = mine ? shareOut(mine) : [];
  const mean = room.mean ?? [];
  const most = Math.max(...truth, ...mean, ...share) * 1.05;
  const clipped = drawings.map((drawing) => drawing.map((p) => Math.min(p, most)));
  svg.append(
    make("svg:rect", { class: "ec-predict-ground", x: place.left, y: place.top, width: px(width - rem), height: place.size }),
    make("svg:path", { class: "ec-predict-truth", "data-name": "truth", d: outline(truth, place, most) }),
    ...clipped.map((drawing) => make("svg:path", { class: "ec-room-line", "data-name": "drawing", d: skyline(drawing, place, most) })),
    share.length ? make("svg:path", { class: "ec-predict-guess", "data-name": "guess", d: outline(share, place, most) }) : "",
    make("svg:path", { class: "ec-room-mean", "data-name": "mean", d: skyline(mean, place, most) }),
    make("svg:path", { class: "ec-predict-zero", d: `M${place.left} ${px(place.top + place.size)}H${px(width - place.left)}` }),
  );
  const lines = labels(svg, [...question.letters], place);
  svg.setAttribute("height", String(px(place.top + place.size + (lines + 0.6) * rem)));
}
