// The class that is open in this tab, so that it goes along to another dashboard.

/** @typedef {{code: string, secret: string, link: string}} Opened `secret` is what only the lecturer's page has */

const KEPT = "epool-class";

/** Address of the classes, or nothing where there are none: only our own server's page names it. */
export const classes = () => document.body.dataset.epClass;

/** @returns {Opened | null} */
export function openedBefore() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  } catch {
    return null;
  }
}

/** @param {Opened | null} opened */
export function keep(opened) {
  try {
    if (opened) sessionStorage.setItem(KEPT, JSON.stringify(opened));
    else sessionStorage.removeItem(KEPT);
  } catch { /* then it is only in this page */ }
}
