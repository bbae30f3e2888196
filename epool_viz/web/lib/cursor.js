// The letters in view, and the window under the cursor.

import { onArrows } from "./a11y.js";
import { remOf } from "./drawing.js";
import { momentOf, sliding } from "./motion.js";

/** @typedef {Pick<State, "codes" | "kernel" | "padding">} Lettered */

/**
 * All letters that can be looked at, [first, last), the padding with them.
 *
 * @param {Lettered} state
 * @returns {[number, number]}
 */
export function extent({ codes, kernel, padding }) {
  const width = kernel[0].length;
  return padding === "same" ? [-Math.floor((width - 1) / 2), codes.length + Math.floor(width / 2)] : [0, codes.length];
}

/**
 * The letters in view, [first, last): the zoom as far as it exists, or all.
 *
 * @param {Lettered & Pick<State, "zoom">} state
 * @returns {[number, number]}
 */
export function inView(state) {
  const [first, last] = extent(state);
  if (!state.zoom) return [first, last];
  const span = Math.min(Math.max(state.zoom[1] - state.zoom[0], 1), last - first);
  const from = Math.min(Math.max(state.zoom[0], first), last - span);
  return [from, from + span];
}

export const CLOSEST = 30;

/**
 * The zoom that shows `factor` times as many letters and keeps letter `about` in place; null where that is all.
 *
 * @param {Lettered & Pick<State, "zoom">} state
 * @param {number} factor
 * @param {number} about
 * @returns {[number, number] | null}
 */
export function zoomBy(state, factor, about) {
  const [first, last] = extent(state);
  const [from, to] = inView(state);
  const span = Math.max(Math.round((to - from) * factor), Math.min(CLOSEST, last - first));
  if (span >= last - first) return null;
  const start = Math.round(about - ((about - from) / (to - from)) * span);
  const kept = Math.min(Math.max(start, first), last - span);
  return [kept, kept + span];
}

/**
 * Where the letters [first, last) lie in a box so many pixels wide; the same in all that is drawn above one another.
 *
 * @param {number} width
 * @param {[number, number]} letters
 */
export function lane(width, [first, last]) {
  const rem = remOf();
  const left = 3.25 * rem;
  const right = Math.max(width - 0.5 * rem, left + 1);
  const unit = (right - left) / (last - first);
  return { rem, left, right, unit, first, last, x: (/** @type {number} */ letter) => left + (letter - first) * unit, at: (/** @type {number} */ x) => first + (x - left) / unit };
}

/**
 * The windows of a state: how wide, how many a strand, where the first starts, how many strands.
 *
 * @param {State} state
 */
export function windows(state) {
  const width = state.kernel[0].length;
  const [first, last] = extent(state);
  return { width, count: Math.max(last - first - width + 1, 0), first, strands: state.both_strands ? 2 : 1 };
}

/**
 * The window under the cursor, {index, number (from 1), strand (0 or 1), start}; or another.
 *
 * @param {State} state
 * @param {number} cursor
 */
export function windowAt(state, cursor = state.cursor) {
  const { count, first, strands } = windows(state);
  const index = Math.min(Math.max(Math.round(cursor) || 0, 0), Math.max(count * strands - 1, 0));
  const strand = count && index >= count ? 1 : 0;
  return { index, number: index - strand * count + 1, strand, start: first + index - strand * count };
}

/**
 * The letter where the window in hand starts; while the kernel slides, the one that it is on, which may be a fraction.
 *
 * @param {Store} store
 */
export function startNow(store) {
  const { motion, t } = momentOf(store);
  const { start } = windowAt(store.state);
  const { count, first } = windows(store.state);
  return motion === "slide" ? first + sliding(t, count, start - first).at : start;
}

/**
 * What a window is called in a sentence.
 *
 * @param {{ number: number, strand: number }} window
 */
export const called = ({ number, strand }) => `Window ${number}${strand ? " on the other strand" : ""}`;

/**
 * Why a window is not whole, as the rest of a sentence; null if it is.
 *
 * @param {Codes} codes
 * @param {number} start
 * @param {number} width
 */
export function partial(codes, start, width) {
  if (start < 0 || start + width > codes.length) return "reaches over the padding";
  for (let j = start; j < start + width; j++) if (!(codes[j] >= 0)) return "holds an unknown letter";
  return null;
}

/**
 * The arrow keys for the shared cursor: along the letters, Page for ten, Home and End; with both strands, up and down
 * change the strand.
 *
 * @param {HTMLElement | SVGElement} element
 * @param {Store} store
 */
export function cursorKeys(element, store) {
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (!store.state.both_strands || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    const { number } = windowAt(store.state);
    const { count } = windows(store.state);
    if (count) store.set({ cursor: number - 1 + (event.key === "ArrowDown" ? count : 0) });
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  element.addEventListener("keydown", /** @type {EventListener} */ (onKey));
  const go = (/** @type {number} */ number, /** @type {number} */ strand) => {
    const { count } = windows(store.state);
    if (count) store.set({ cursor: Math.min(Math.max(number, 1), count) - 1 + strand * count });
  };
  onArrows(
    element,
    (step) => go(windowAt(store.state).number + step, windowAt(store.state).strand),
    (end) => go(end === "first" ? 1 : Infinity, windowAt(store.state).strand),
  );
}

/**
 * The column of the kernel in hand, from 0.
 *
 * @param {Pick<State, "kernel"> & { column?: number }} state
 */
export const columnOf = ({ kernel, column = 0 }) => Math.min(Math.max(Math.round(column) || 0, 0), kernel[0].length - 1);
