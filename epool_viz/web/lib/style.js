// The look of the components: what all share, and the rules of each.

import COMMON from "./common.css";
import { make } from "./dom.js";
import PANEL from "./panel.css";

// name, light, dark: what a page that brings no palette of its own gets
const PALETTE = `ink #16202a #e8edf2|ink-soft #52606d #a9b4c0|paper #fff #11151c|panel #f5f7f9 #1a2029|line #d5dce3 #36404c
accent #003a70 #8fdcff|mark #bb4f00 #ffc04d|warning #8a2a00 #ffb089|letter-A #027974 #7be8e0|letter-C #17115f #8670f5
letter-G #ca8627 #f7dc4a|letter-T #99020f #c4625c|letter-other #16202a #e8edf2|method-max #bb4f00 #ffc04d
method-average #6b7680 #87919b|method-expectation #003a70 #8fdcff|method-logsumexp #8b00e0 #bd5cfb`;
const COLOURS = PALETTE.split(/[|\n]/).map((line) => line.split(" "));
const PAGE = `
:where(:root) { ${COLOURS.map(([name, light]) => `--${name}: ${light};`).join(" ")} }
@supports (color: light-dark(red, red)) {
  :where(:root) { ${COLOURS.map(([name, light, dark]) => `--${name}: light-dark(${light}, ${dark});`).join(" ")} }
}
:where([data-jp-theme-light="false"]) .ec { color-scheme: dark; }
`;

/**
 * @param {string} name
 * @param {string} css
 */
function style(name, css) {
  if (document.head.querySelector(`style[data-ec="${name}"]`)) return;
  document.head.append(make("style", { "data-ec": name }, css));
}

/**
 * Make `el` a component: the look that all share and its own, each once a page; its rules begin with `.ec-<name>`.
 *
 * @param {Element} el
 * @param {string} name
 * @param {string} css
 */
export function dress(el, name, css) {
  style("common", PAGE + COMMON);
  style(name, css);
  el.classList.add("ec", `ec-${name}`);
}

/**
 * The root of a picture with its own rules, which begin with `.ec-<name>`.
 *
 * @param {Element} el
 * @param {string} name
 * @param {string} label
 * @param {string} css
 */
export function panel(el, name, label, css) {
  const section = make("section", { class: "ec-panel", "aria-label": label });
  style("panel", PANEL);
  dress(section, name, css);
  el.append(section);
  return section;
}

/**
 * Where a component draws: in the place of the page's head with that name (`data-ep-slot`), or in `el` where there is none.
 *
 * @param {HTMLElement} el
 * @param {string | undefined} name
 * @param {AbortSignal} signal
 * @returns {HTMLElement}
 */
export function placed(el, name, signal) {
  const place = name && document.querySelector(`[data-ep-slot="${name}"]`);
  if (!place) return el;
  const root = make("div", { class: "ec-placed" });
  place.append(root);
  el.hidden = true;
  signal.addEventListener("abort", () => root.remove());
  return root;
}
