// A state in the address of the page.

/**
 * A state as the fragment of a link; a sequence goes as letters. `keys` says what goes, null for all.
 *
 * @param {Patch} state
 * @param {string[] | null} keys
 */
export function toFragment(state, keys = null) {
  const kept = Object.fromEntries(Object.entries(state).filter(([key]) => !keys || keys.includes(key)));
  if (kept.codes) kept.codes = kept.codes.map((/** @type {number} */ code) => state.alphabet?.[code] ?? "-").join("");
  const bytes = new TextEncoder().encode(JSON.stringify(kept));
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return `#state=${text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

export const MOST_LINK = 100_000; // characters of a state in an address
export const MOST_TEXT = 50_000; // characters of one text in it

/** A link that carries more than it may; its message is for the visitor. */
export class TooLarge extends Error {}

/** @type {(n: number, most: number, what: string) => void} */
const require = (n, most, what) => {
  if (n > most) throw new TooLarge(`${what} ${n.toLocaleString("en")} characters; accepted: at most ${most.toLocaleString("en")}.`);
};

/**
 * What of a fragment fits the present state: the same keys, the same kinds of value. null without one, or an Error.
 *
 * @param {string} fragment
 * @param {Patch} state
 * @param {string[] | null} keys
 * @returns {Patch | null}
 */
export function fromFragment(fragment, state, keys = null) {
  const text = /[#&]state=([\w-]*)/.exec(fragment)?.[1];
  if (text === undefined) return null;
  require(text.length, MOST_LINK, "The state in the address of this page was not used: it has");
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const found = JSON.parse(new TextDecoder().decode(bytes), (key, value) => {
    if (typeof value === "string") require(value.length, MOST_TEXT, `The state in the address of this page was not used: its \u201c${key}\u201d has`);
    return value;
  });
  const alphabet = found.alphabet ?? state.alphabet;
  if (typeof found.codes === "string") found.codes = [...found.codes].map((letter) => alphabet.indexOf(letter));
  /** @type {(x: unknown) => string} */
  const kind = (x) => (Array.isArray(x) ? `${[...new Set(x.map(kind))]} list` : typeof x);
  const isEmpty = (/** @type {unknown} */ x) => Array.isArray(x) && !x.length; // a list that holds nothing is of every kind of list
  const alike = (/** @type {unknown} */ x, /** @type {unknown} */ y) => kind(x) === kind(y) || ((isEmpty(x) || isEmpty(y)) && Array.isArray(x) && Array.isArray(y));
  const fits = (/** @type {[string, unknown]} */ [key, x]) => Object.hasOwn(state, key) && (!keys || keys.includes(key)) && (state[key] === null || alike(x, state[key]));
  return Object.fromEntries(Object.entries(found).filter(fits));
}
