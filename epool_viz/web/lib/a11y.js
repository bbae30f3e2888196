// The keyboard, and what is spoken.

import { make } from "./dom.js";

/**
 * Arrow keys as steps: calls `move(±1)`, `move(±10)` with Page keys, `to("first" | "last")` with Home and End.
 *
 * @param {HTMLElement | SVGElement} element
 * @param {(steps: number) => void} move
 * @param {(end: "first" | "last") => void} to
 */
export function onArrows(element, move, to) {
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    if (event.key in steps) move(steps[event.key]);
    else if (event.key === "Home") to("first");
    else if (event.key === "End") to("last");
    else return;
    event.preventDefault();
  };
  element.addEventListener("keydown", /** @type {EventListener} */ (onKey));
}

/**
 * Buttons that are one stop of the Tab key: the arrow keys go from one to the next.
 *
 * @param {HTMLElement} bar
 */
export function roving(bar) {
  const buttons = () => [.../** @type {NodeListOf<HTMLButtonElement>} */ (bar.querySelectorAll("button:not([hidden])"))];
  const choose = (/** @type {EventTarget | null} */ button) => {
    for (const other of bar.querySelectorAll("button")) other.tabIndex = other === button ? 0 : -1;
  };
  choose(buttons()[0]);
  bar.addEventListener("focusin", (event) => choose(event.target));
  const focus = (/** @type {number} */ i) => buttons()[Math.min(Math.max(i, 0), buttons().length - 1)].focus();
  onArrows(
    bar,
    (step) => focus(buttons().indexOf(/** @type {HTMLButtonElement} */ (document.activeElement)) + step),
    (end) => focus(end === "first" ? 0 : Infinity),
  );
}

/**
 * A live region that does not chatter: `say(text)` is spoken once the text has stood still for `pause` ms.
 *
 * @param {Element} el
 * @param {number} pause
 */
export function speaker(el, pause = 500) {
  const region = make("p", { class: "ec-say", role: "status" });
  /** @type {number | undefined} */
  let timer;
  el.append(region);
  return (/** @type {string} */ text) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (region.textContent !== text) region.textContent = text;
    }, pause);
  };
}

/**
 * The sentence of a component: seen at once, spoken when it has stood for half a second. Silent while another component
 * has the focus, or an element that speaks its own value. Returns `say(sentence)`.
 *
 * @param {Element} section
 * @param {{ sentence?: string, live?: boolean }} options
 */
export function voice(section, { sentence = "visible", live = true } = {}) {
  const shown = make("p", { class: "ec-panel-said", "aria-hidden": "true", hidden: sentence === "hidden" });
  const heard = make("p", { class: "ec-say", "aria-live": "polite", "data-name": "sentence" });
  section.append(shown, heard);
  /** @type {number | undefined} */
  let timer;
  /** @type {string | null} */
  let text = null;
  const speak = () => {
    const at = document.activeElement?.closest(".ec-panel");
    const speaksItself = at === section && document.activeElement?.hasAttribute("aria-valuetext");
    heard.setAttribute("aria-live", live && (!at || (at === section && !speaksItself)) ? "polite" : "off");
    heard.textContent = text;
  };
  return (/** @type {string} */ next) => {
    if (next === text) return;
    const isFirst = text === null;
    text = shown.textContent = next;
    clearTimeout(timer);
    if (isFirst) speak();
    else timer = setTimeout(speak, 500);
  };
}
