// Pointer, wheel and keys over a plot of letters.

/**
 * Send what the pointer does to an element until it is released.
 *
 * @param {Element} element
 * @param {PointerEvent} event
 */
export function capture(element, event) {
  try { element.setPointerCapture(event.pointerId); } catch { /* a pointer that is already gone */ }
}

/**
 * Call `end` when the pointer is released or lost.
 *
 * @param {HTMLElement} element
 * @param {() => void} end
 */
export function onRelease(element, end) {
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) element.addEventListener(name, end);
}

/**
 * The pointer takes the cursor along; where it leaves without a click, the cursor goes back.
 *
 * @param {HTMLElement} plot
 * @param {Store} store
 * @param {(event: PointerEvent) => number | null} cursorAt null leaves the cursor where it is
 */
export function onHover(plot, store, cursorAt) {
  /** @type {number | null} */
  let kept = null; // where the cursor goes back to
  /** @type {number | null} */
  let mine = null; // where the pointer has put it
  const take = (/** @type {PointerEvent} */ event) => {
    const cursor = cursorAt(event);
    if (cursor !== null) store.set({ cursor: (mine = cursor) });
  };
  plot.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    take(event);
    kept = mine;
    capture(plot, event);
  });
  plot.addEventListener("pointermove", (event) => {
    const isHeld = event.buttons & 1;
    if (!isHeld && event.pointerType === "touch") return;
    kept ??= store.state.cursor;
    take(event);
    if (isHeld) kept = mine;
  });
  plot.addEventListener("pointerleave", () => {
    if (kept !== null && mine !== null && store.state.cursor === mine) store.set({ cursor: kept });
    kept = mine = null;
  });
}

/**
 * "+", "-" and "0" zoom in, out and to all letters; whether the key is one of them.
 *
 * @param {KeyboardEvent} event
 * @param {Store} store
 * @param {(factor: number) => void} zoom
 */
export function zoomKey(event, store, zoom) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key === "+" || event.key === "=") zoom(0.5);
  else if (event.key === "-") zoom(2);
  else if (event.key === "0") store.set({ zoom: null });
  else return false;
  event.preventDefault();
  return true;
}

/**
 * The wheel zooms about the pointer with Ctrl; sideways or with Shift it moves the letters in view.
 *
 * @param {HTMLElement} plot
 * @param {Store} store
 * @param {{
 *   unit: () => number,
 *   letterAt: (event: MouseEvent) => number,
 *   zoom: (factor: number, about: number) => void,
 *   move: (letters: number) => void,
 * }} view `unit` is the width of a letter in pixels
 */
export function onWheel(plot, store, { unit, letterAt, zoom, move }) {
  const turn = (/** @type {WheelEvent} */ event) => {
    if (event.ctrlKey || event.metaKey) zoom(Math.min(Math.max(Math.exp(event.deltaY * 0.01), 0.5), 2), letterAt(event));
    else if (store.state.zoom && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))) {
      const by = (event.shiftKey ? event.deltaY || event.deltaX : event.deltaX) / unit();
      move(Math.sign(by) * Math.max(1, Math.abs(by)));
    } else return;
    event.preventDefault();
  };
  plot.addEventListener("wheel", turn, { passive: false });
}
