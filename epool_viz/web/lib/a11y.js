// The keyboard, and what is spoken.

import { make } from "./dom.js";

/** Arrow keys as steps: calls `move(±1)`, `move(±10)` with Page keys, `to("first" | "last")` with Home and End. */
export function onArrows(element, move, to) {
  element.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    if (event.key in steps) move(steps[event.key]);
    else if (event.key === "Home") to("first");
    else if (event.key === "End") to("last");
    else return;
    event.preventDefault();
  });
}

/** Buttons that are one stop of the Tab key: the arrow keys go from one to the next. */
export function roving(bar) {
  const buttons = () => [...bar.querySelectorAll("button:not([hidden])")];
  const choose = (button) => {
    for (const other of bar.querySelectorAll("button")) other.tabIndex = other === button ? 0 : -1;
  };
  choose(buttons()[0]);
  bar.addEventListener("focusin", (event) => choose(event.target));
  const focus = (i) => buttons()[Math.min(Math.max(i, 0), buttons().length - 1)].focus();
  onArrows(
    bar,
    (step) => focus(buttons().indexOf(document.activeElement) + step),
    (end) => focus(end === "first" ? 0 : Infinity),
  );
}

/** A live region that does not chatter: `say(text)` is spoken once the text has stood still for `pause` ms. */
export function speaker(el, pause = 500) {
  const region = make("p", { class: "ec-say", role: "status" });
  let timer = null;
  el.append(region);
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (region.textContent !== text) region.textContent = text;
    }, pause);
  };
}

/**
 * The sentence of a component: seen at once, spoken when it has stood for half a second. Silent while another component
 * has the focus, or an element that speaks its own value. Returns `say(sentence)`.
 */
export function voice(section, { sentence = "visible", live = true } = {}) {
  const shown = make("p", { class: "ec-panel-said", "aria-hidden": "true", hidden: sentence === "hidden" });
  const heard = make("p", { class: "ec-say", "aria-live": "polite", "data-name": "sentence" });
  section.append(shown, heard);
  let timer = null;
  let text = null;
  const speak = () => {
    const at = document.activeElement?.closest(".ec-panel");
    const speaksItself = at === section && document.activeElement.hasAttribute("aria-valuetext");
    heard.setAttribute("aria-live", live && (!at || (at === section && !speaksItself)) ? "polite" : "off");
    heard.textContent = text;
  };
  return (next) => {
    if (next === text) return;
    const isFirst = text === null;
    text = shown.textContent = next;
    clearTimeout(timer);
    if (isFirst) speak();
    else timer = setTimeout(speak, 500);
  };
}
