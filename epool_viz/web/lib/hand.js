// What a visitor has in hand from one dashboard to the next, kept for this tab.

import { format } from "./numbers.js";

/** @typedef {{ label?: string, [name: string]: unknown }} Part */
/** @typedef {{ sequence?: Part, kernel?: Part, m?: number }} Hand */

const KEY = "epool-hand"; // of this tab
export const RESET = "epool-reset"; // event of the document, before the first state comes back, or before this is undone (`detail.isUndone`)

/** @returns {Hand} */
export function kept() {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch {
    return {}; // forbidden, or damaged
  }
}

/** @param {Hand} hand */
export function keep(hand) {
  try {
    if (Object.keys(hand).length) sessionStorage.setItem(KEY, JSON.stringify(hand));
    else sessionStorage.removeItem(KEY);
  } catch {
    // forbidden: then each dashboard begins with its own
  }
}

/**
 * What is kept after a dashboard that showed one thing shows another: only what changed there replaces what was kept.
 *
 * @param {Hand} held
 * @param {Hand} before
 * @param {Hand} now
 * @returns {Hand}
 */
export function afterChange(held, before, now) {
  /** @type {(name: keyof Hand) => boolean} */
  const isNew = (name) => now[name] !== undefined && JSON.stringify(now[name]) !== JSON.stringify(before[name]);
  return { ...held, ...Object.fromEntries(/** @type {(keyof Hand)[]} */ (["sequence", "kernel", "m"]).filter(isNew).map((name) => [name, now[name]])) };
}

/**
 * What is in hand, in words.
 *
 * @param {Hand} hand
 */
export function wordsOf({ sequence, kernel, m }) {
  const names = [kernel?.label, sequence?.label].filter((label) => label && typeof label === "string").join(" on ");
  return [names, typeof m !== "number" ? "" : `m ${format(m, 3)}`].filter(Boolean).join(", ");
}
