// Elements of the page.

export const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. `spec` is a tag, "svg:tag" for SVG; children are elements or text, which is never read as HTML.
 *
 * @template {string} Spec
 * @param {Spec} spec
 * @param {Record<string, any>} attributes
 * @param {Child[]} children
 * @returns {Made<Spec>}
 */
export function make(spec, attributes = {}, ...children) {
  const [space, tag] = spec.includes(":") ? spec.split(":") : ["html", spec];
  const element = space === "svg" ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  const all = /** @type {(Node | string | null | undefined)[]} */ (/** @type {unknown[]} */ (children).flat(Infinity));
  element.append(...all.filter((child) => child !== null && child !== undefined));
  return /** @type {Made<Spec>} */ (element);
}

/**
 * Set several attributes.
 *
 * @param {Element} element
 * @param {Record<string, string | number>} values
 */
export function attributes(element, values) {
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, String(value));
}

/**
 * A diagonal hatching for a component's SVG; returns what to write in `fill`.
 *
 * @param {SVGElement} svg
 * @param {number} gap
 */
export function hatch(svg, gap = 5) {
  const id = `ec-${Math.random().toString(36).slice(2)}`;
  const line = make("svg:path", { d: `M0 0V${gap}`, stroke: "var(--ink-soft)", "stroke-width": 1.2 });
  const attributes = { id, width: gap, height: gap, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
  svg.append(make("svg:defs", {}, make("svg:pattern", attributes, line)));
  return `url(#${id})`;
}
