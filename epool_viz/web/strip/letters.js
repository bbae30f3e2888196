// Letters as the strip shows them: their names, their tones, and the other strand.

import { UNKNOWN } from "../lib/maths.js";

/** @typedef {Record<string, [number, number][]>} Runs */

export const TONES = ["A", "C", "G", "T", "other"];

/**
 * @param {State} state
 * @param {number} code
 */
export const letterOf = ({ alphabet }, code) => alphabet[code] ?? "N";

/**
 * @param {State} state
 * @param {number} code
 */
export function toneOf(state, code) {
  if (state.alphabet.length > 4) return "other";
  const letter = letterOf(state, code);
  return letter === "U" ? "T" : TONES.includes(letter) ? letter : "other";
}

/**
 * The letters of the other strand, each where its partner stands.
 *
 * @param {State} state
 */
export const complemented = ({ codes, complement }) => codes.map((code) => complement?.[code] ?? UNKNOWN);

/**
 * Neighbours of one tone: {tone: [[first, last], ...]}.
 *
 * @param {Codes} codes
 * @param {number} from
 * @param {number} to
 * @param {State} state
 */
export function runsOf(codes, from, to, state) {
  /** @type {Runs} */
  const runs = {};
  for (let i = from; i < to; ) {
    const tone = toneOf(state, codes[i]);
    let end = i + 1;
    while (end < to && toneOf(state, codes[end]) === tone) end++;
    (runs[tone] ??= []).push([i, end]);
    i = end;
  }
  return runs;
}

/**
 * The letters of a window as its strand is read; a dot for padding.
 *
 * @param {State} state
 * @param {{start: number, strand: number}} window
 * @param {number} width
 */
export function reading(state, { start, strand }, width) {
  const codes = strand ? complemented(state) : state.codes;
  let text = "";
  for (let i = start; i < start + width; i++) {
    const letter = i in codes ? letterOf(state, codes[i]) : "\u00b7";
    text = strand ? letter + text : text + letter;
  }
  return text;
}
