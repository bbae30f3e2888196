// Walking through places, from 0 or `first`: one at a time, or by itself until it can go no further.

import { make } from "./dom.js";
import { oncePerFrame } from "./drawing.js";

const BUSY = "input, select, textarea, [contenteditable], [role=slider], [role=grid], [tabindex]:not(body):not(button), summary, a, dialog";

/**
 * What is walked through. `look` draws what is the component's own and gives what the slider says, what stands beside it,
 * and for each button that leads to an end whether it leads nowhere now. Where `isFresh` holds and nobody has walked yet,
 * playing begins at the first place. With `hold` and `settle` the pointer draws the slider through all that lies between
 * two places, and lets it go to the nearer one.
 *
 * @typedef {{
 *   label: string, seconds: number, isWaiting?: () => boolean, isFresh?: () => boolean, canGoOn: () => boolean,
 *   here: () => number, last: () => number, go: (place: number) => void, first?: number,
 *   hold?: (place: number) => void, settle?: () => void,
 *   look: (at: number, last: number) => { spoken: string, shown: string, ends: [HTMLButtonElement, boolean][] },
 * }} Places
 * @typedef {ReturnType<typeof walkerOf>} Walker
 */

/** @param {Places} places */
export function walkerOf(places) {
  const range = make("input", { type: "range", min: places.first ?? 0, step: 1, "aria-label": places.label });
  const count = make("output", { "aria-hidden": "true" });
  const toggle = make("button", { type: "button" });
  const where = make("span", { class: "ec-walk-where" }, range, count);
  const walker = { ...places, range, count, toggle, where, timer: /** @type {number | undefined} */ (undefined), hasWalked: false, isHeld: false };
  range.addEventListener("input", byHand(walker, () => {
    const place = Number(range.value);
    if (walker.isHeld) walker.hold?.(place);
    walker.go(Math.round(place));
  }));
  if (walker.hold) onDrag(walker);
  toggle.addEventListener("click", () => (walker.timer ? pause(walker) : play(walker)));
  return walker;
}

const FINE = 1 / 20; // of a step, under the pointer; keys go whole steps

/** @param {Walker} walker */
function onDrag(walker) {
  const { range } = walker;
  range.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    walker.isHeld = true;
    range.step = String(FINE);
  });
  const release = () => {
    if (!walker.isHeld) return;
    walker.isHeld = false;
    range.step = "1";
    walker.settle?.();
    draw(walker);
  };
  for (const name of ["pointerup", "pointercancel", "change", "blur"]) range.addEventListener(name, release);
}

/**
 * What a hand on the controls does: it ends the playing too.
 *
 * @type {(walker: Walker, act: () => void) => () => void}
 */
export const byHand = (walker, act) => () => {
  walker.hasWalked = true;
  if (walker.timer) pause(walker);
  if (!walker.isWaiting?.()) act();
};

/**
 * End the playing.
 *
 * @param {Walker} walker
 */
export function pause(walker) {
  clearInterval(walker.timer);
  walker.timer = undefined;
  draw(walker);
}

/** @param {Walker} walker */
function play(walker) {
  if (!walker.canGoOn() || (!walker.hasWalked && walker.isFresh?.())) walker.go(walker.first ?? 0);
  walker.hasWalked = true;
  walker.timer = setInterval(() => {
    if (walker.canGoOn()) walker.go(walker.here() + 1);
    if (!walker.canGoOn()) pause(walker);
  }, 1000 * walker.seconds);
  draw(walker);
}

/** @param {Walker} walker */
function draw(walker) {
  const { range, count, toggle, timer, first = 0 } = walker;
  const last = walker.last();
  const at = Math.min(walker.here(), last);
  const { spoken, shown, ends } = walker.look(at, last);
  range.max = String(Math.max(last, first + 1));
  if (!walker.isHeld) range.value = String(at);
  range.disabled = last <= first;
  range.setAttribute("aria-valuetext", spoken);
  count.textContent = shown;
  for (const [button, isOff] of ends) button.disabled = isOff && document.activeElement !== button; // the focus would be lost
  if (timer && !walker.canGoOn()) return pause(walker);
  toggle.textContent = timer ? "\u275a\u275a Pause" : "\u25b6\ufe0e Play";
}

/**
 * Go by the arrow keys wherever nothing else needs them; with `hasEnds` to the ends by Home and End within `el`.
 *
 * @type {(walker: Walker, el: HTMLElement, signal: AbortSignal, hasEnds?: boolean) => void}
 */
export function onWalkKeys(walker, el, signal, hasEnds = false) {
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    const target = /** @type {Element} */ (event.target);
    const isInside = el.contains(target);
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (target === walker.range || (!isInside && target.closest?.(BUSY))) return;
    /** @type {Record<string, () => number>} */
    const places = { ArrowLeft: () => walker.here() - 1, ArrowRight: () => walker.here() + 1 };
    if (hasEnds && isInside) Object.assign(places, { Home: () => 0, End: walker.last });
    const place = places[event.key];
    if (!place) return;
    event.preventDefault();
    byHand(walker, () => walker.go(place()))();
  };
  document.addEventListener("keydown", onKey, { signal });
}

/**
 * Draw now, and once a frame after one of the keys of the state changes; returns how to stop.
 *
 * @type {(walker: Walker, store: Store, keys: string[], signal: AbortSignal) => () => void}
 */
export function followWalk(walker, store, keys, signal) {
  const later = oncePerFrame(() => draw(walker));
  draw(walker);
  const off = store.on((_state, _trace, changed) => keys.some((key) => changed.includes(key)) && later());
  const stop = () => {
    clearInterval(walker.timer);
    off();
  };
  signal.addEventListener("abort", stop);
  return stop;
}
