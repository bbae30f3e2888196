// Numbers as text.

import { make } from "./dom.js";

const MINUS = "\u2212";
const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/**
 * A number as people read it: `digits` significant ones, a true minus, powers of ten where they are needed.
 *
 * @param {number | null | undefined} x
 * @param {number} digits
 * @returns {string}
 */
export function format(x, digits = 4) {
  if (x === null || x === undefined || Number.isNaN(x)) return "–";
  if (x === Infinity) return "∞";
  if (x === -Infinity) return `${MINUS}∞`;
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e5 || size < 1e-3) {
    const [mantissa, exponent] = size.toExponential(Math.max(digits - 3, 1)).split("e");
    const power = [...String(Math.abs(Number(exponent)))].map((d) => SUPERSCRIPT[Number(d)]).join("");
    return `${x < 0 ? MINUS : ""}${mantissa}×10${Number(exponent) < 0 ? "⁻" : ""}${power}`;
  }
  return Number(x.toPrecision(digits)).toString().replace("-", MINUS);
}

/**
 * A share as a percentage that never rounds to a false 0 or 100.
 *
 * @param {number} share
 */
export function percent(share) {
  const value = 100 * share;
  if (value > 0 && value < 0.1) return "less than 0.1 %";
  if (value < 100 && value > 99.9) return "more than 99.9 %";
  return `${Number(value.toPrecision(value >= 10 ? 2 : 1))} %`;
}

/**
 * Text that carries its full value for whoever compares it: `<data value="...">`.
 *
 * @param {string} name
 * @param {number} x
 * @param {number} digits
 */
export function number(name, x, digits = 4) {
  return make("data", { value: x, "data-name": name, "data-value": x }, format(x, digits));
}

/**
 * Put another value into what `number` made.
 *
 * @param {Element} element
 * @param {number} x
 * @param {number} digits
 */
export function renumber(element, x, digits = 4) {
  if (element.getAttribute("data-value") === String(x)) return;
  element.setAttribute("value", String(x));
  element.setAttribute("data-value", String(x));
  element.textContent = format(x, digits);
}

const ROUNDING = 1e-12;
export const ROUNDED = "0 (to rounding)";

/**
 * What should be 0, as text: no digits of what only rounding makes of it, beside numbers of such a size.
 *
 * @param {number} x
 * @param {number} size
 */
export function remainder(x, size = 1, digits = 4) {
  const isRounding = x !== 0 && Math.abs(x) <= ROUNDING * Math.max(1, Math.abs(size));
  return isRounding ? ROUNDED : format(x, digits);
}

/**
 * `number` of what should be 0; its digits are in the hint.
 *
 * @param {string} name
 * @param {number} x
 * @param {number} size
 */
export function residue(name, x, size = 1) {
  const element = number(name, x);
  element.textContent = remainder(x, size);
  element.title = format(x);
  return element;
}

/**
 * The colour of a letter, from the page's palette.
 *
 * @param {string} letter
 */
export const letterColour = (letter) => `var(--letter-${"ACGT".includes(letter) ? letter : letter === "U" ? "T" : "other"})`;

/**
 * The colour of a letter of a state; amino acids have no colours of their own.
 *
 * @param {Pick<State, "complement">} state
 * @param {string} letter
 */
export const colourOf = ({ complement }, letter) => letterColour(complement ? letter : "other");
