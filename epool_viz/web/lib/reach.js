// Bringing a part of the page into view, with the focus.

const WITHIN = 'h2[tabindex="-1"], h3[tabindex="-1"], select, input:not([type=hidden]), textarea, button, [tabindex="0"]';

/** @param {Element | null | undefined} element */
export const isShown = (element) => Boolean(element?.checkVisibility({ visibilityProperty: true }));

/**
 * Scroll an element into view, and give the focus to its first part that takes it, of those that `within` selects.
 *
 * @param {Element} element
 * @param {string} within
 */
export function reach(element, within = WITHIN) {
  const fits = element.getBoundingClientRect().height < innerHeight;
  element.scrollIntoView({ block: fits ? "nearest" : "start" });
  const parts = [element, .../** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll(within))];
  const first = parts.find((part) => part.matches(within) && !part.matches(":disabled") && isShown(part));
  /** @type {HTMLElement | undefined} */ (first)?.focus({ preventScroll: true });
}
