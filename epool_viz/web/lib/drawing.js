// When a component draws, and how large the page is.

import { make } from "./dom.js";

/**
 * Run `draw` at most once a frame, however often it is asked for.
 *
 * @param {() => void} draw
 */
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

/**
 * Draw what a store holds: `draw(state, trace, changed)` at once, and then at most once a frame with the set of all names
 * that have changed since; `null` means everything. Returns how to ask for another drawing. Ends with `signal`.
 *
 * @param {Store} store
 * @param {(state: State, trace: Trace, changed: Set<string> | null) => void} draw
 * @param {AbortSignal} [signal]
 */
export function follow(store, draw, signal) {
  /** @type {Set<string> | null} */
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

/** @type {WeakMap<Element, number>} */
const widths = new WeakMap();
const measuring = new ResizeObserver((entries) => {
  for (const { target } of entries) widths.set(target, target.clientWidth);
});

/**
 * Width of an element, in pixels: asked of the layout when it changes, not at each drawing, which would wait for it.
 *
 * @param {Element} element
 * @returns {number}
 */
export function widthOf(element) {
  if (!widths.has(element)) {
    measuring.observe(element);
    widths.set(element, element.clientWidth);
  }
  return /** @type {number} */ (widths.get(element));
}

/** @type {HTMLDivElement | null} */
let ruler = null;

/** Size of the page's text, in pixels. */
export function remOf() {
  if (!ruler?.isConnected) {
    ruler = make("div", { "aria-hidden": "true", style: "position: fixed; left: -100rem; width: 100rem; height: 0" });
    document.body.append(ruler);
  }
  return widthOf(ruler) / 100 || 16;
}

/**
 * Call `react(width)` whenever the width of `element` changes, until `signal`.
 *
 * @param {Element} element
 * @param {(width: number) => void} react
 * @param {AbortSignal} [signal]
 */
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
