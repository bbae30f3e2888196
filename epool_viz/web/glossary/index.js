// Glossary: marks the words of the field in the page's texts, and explains each by hover, focus or tap.
//
// Texts are what Python writes as HTML, and what has the class `ec-prose`; a word is marked once a text. What a control, a
// picture or a link says is left as it is.
//
// options: {terms: [{names, text}]}

import { make } from "../lib/dom.js";
import { dress } from "../lib/style.js";
import { finder } from "./finder.js";
import CSS from "./style.css";

const TEXTS = ".ep-root .widget-html-content, .ec-prose";
const NOT_IN = "button, a, summary, label, select, textarea, svg, style, script, code, pre, dfn, h1, h2, h3, th, .ec-say, [aria-hidden=true]";

/** @typedef {ReturnType<typeof begin>} Glossary */

/** @type {(el: HTMLElement, terms: { names: string[], text: string }[]) => { el: HTMLElement, find: ReturnType<typeof finder>, bubble: HTMLElement, of: HTMLElement | null }} */
function begin(el, terms) {
  dress(el, "glossary", CSS);
  const bubble = make("div", { class: "ec-glossary-bubble", role: "tooltip", id: "ec-glossary-bubble", hidden: true });
  document.body.append(bubble);
  dress(bubble, "glossary", CSS);
  return { el, find: finder(terms), bubble, of: null };
}

// marking -------------------------------------------------------------------------------------------------------------

/** @type {(glossary: Glossary, text: Element) => void} */
function mark({ find }, text) {
  const seen = new Set([...text.querySelectorAll("dfn[data-term]")].map((dfn) => dfn.getAttribute("data-term")));
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  const nodes = /** @type {Text[]} */ ([]);
  while (walker.nextNode()) nodes.push(/** @type {Text} */ (walker.currentNode));
  for (const node of nodes) {
    if (node.parentElement?.closest(NOT_IN)) continue;
    const pieces = find(node.data, seen);
    if (pieces.length === 1 && !pieces[0].term) continue;
    node.replaceWith(...pieces.map(({ words, term, about }) => (term ? make("dfn", { tabindex: 0, "data-term": term, "data-about": about, "aria-describedby": "ec-glossary-bubble" }, words) : words)));
  }
}

// explaining ----------------------------------------------------------------------------------------------------------

/** @type {(glossary: Glossary, dfn: HTMLElement) => void} */
function explain(glossary, dfn) {
  const { bubble } = glossary;
  glossary.of = dfn;
  bubble.replaceChildren(make("b", {}, dfn.dataset.term), `: ${dfn.dataset.about}`);
  bubble.hidden = false;
  const [word, size] = [dfn.getBoundingClientRect(), bubble.getBoundingClientRect()];
  const left = Math.min(Math.max(word.left, 8), innerWidth - size.width - 8);
  const isBelow = word.top < size.height + 12;
  bubble.style.left = `${left}px`;
  bubble.style.top = `${isBelow ? word.bottom + 6 : word.top - size.height - 6}px`;
}

/** @param {Glossary} glossary */
function hush(glossary) {
  glossary.of = null;
  glossary.bubble.hidden = true;
}

/** @type {(event: Event) => HTMLElement | null} */
const dfnOf = ({ target }) => /** @type {Element} */ (target).closest?.("dfn[data-term]") ?? null;

/** @type {(glossary: Glossary, signal: AbortSignal) => void} */
function listen(glossary, signal) {
  const { bubble } = glossary;
  const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ handler) => document.addEventListener(name, handler, { signal });
  const open = (/** @type {Event} */ event) => {
    const dfn = dfnOf(event);
    if (dfn) explain(glossary, dfn);
    else if (glossary.of && !bubble.contains(/** @type {Node} */ (event.target))) hush(glossary);
  };
  on("pointerover", open); // the bubble itself may be hovered
  on("pointerdown", open);
  on("focusin", open);
  on("keydown", (event) => {
    if (event.key === "Escape" && glossary.of) hush(glossary);
  });
  document.addEventListener("scroll", () => glossary.of && hush(glossary), { signal, passive: true, capture: true }); // of any part
}

/** @type {(glossary: Glossary, signal: AbortSignal) => void} */
function follow(glossary, signal) {
  /** @type {Set<Element>} */
  const changed = new Set();
  const idle = window.requestIdleCallback ?? ((/** @type {() => void} */ act) => setTimeout(act, 50));
  const markAll = () => {
    for (const text of changed) mark(glossary, text);
    changed.clear();
  };
  const add = (/** @type {Iterable<Element>} */ texts) => {
    const isFirst = !changed.size;
    for (const text of texts) changed.add(text);
    if (isFirst && changed.size) idle(markAll);
  };
  const observer = new MutationObserver((records) => {
    for (const node of new Set(records.map(({ target }) => target))) {
      const target = /** @type {Element} */ (node);
      if (target instanceof SVGElement || target.matches("dfn")) continue;
      const around = target.closest(TEXTS);
      add(around ? [around] : target.querySelectorAll(TEXTS));
    }
  });
  const root = document.querySelector("#rendered_cells") ?? document.querySelector(".ep-root") ?? document.body;
  observer.observe(root, { childList: true, subtree: true });
  add(document.querySelectorAll(TEXTS));
  signal.addEventListener("abort", () => observer.disconnect());
}

export default {
  /** @param {Context} context */
  async render({ model, el, signal }) {
    const glossary = begin(el, model.get("options").terms);
    el.hidden = true;
    listen(glossary, signal);
    follow(glossary, signal);
    signal.addEventListener("abort", () => glossary.bubble.remove());
    return undefined;
  },
};
