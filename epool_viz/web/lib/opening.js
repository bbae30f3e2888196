// What this tab knows of the state that its address brought: whether Python has answered since it was taken over. A state
// over which Python stopped is not taken over again by itself.

/** @typedef {{ isRefused: boolean, isAnswered: boolean, isLost: boolean, answered(): void, lost(): void, accept(): void }} Opening */

const KEY = "epool-opening"; // of this tab: {fragment, tries}
const MOST_TRIES = 3; // a page that is reloaded before Python could answer is no hanging one yet

/** @returns {{ fragment?: string, tries?: number }} */
const remembered = () => {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") ?? {};
  } catch {
    return {}; // forbidden, or damaged
  }
};
/** @param {{ fragment: string, tries: number } | null} entry */
const remember = (entry) => {
  try {
    if (entry) sessionStorage.setItem(KEY, JSON.stringify(entry));
    else sessionStorage.removeItem(KEY);
  } catch {
    // forbidden: then a state is taken over whenever it is asked for
  }
};
/** @param {string} fragment */
const stateOf = (fragment) => /[#&]state=([\w-]*)/.exec(fragment)?.[1];
/** @type {Map<string, Opening>} */
const openings = new Map(); // of this page

/**
 * What is to be done with the state of a fragment: `{isRefused}`, and what to call as it goes on.
 *
 * @param {string} fragment
 * @returns {Opening | null}
 */
export function openingOf(fragment) {
  const state = stateOf(fragment);
  if (!state) return null;
  if (!openings.has(state)) {
    const before = remembered();
    const tries = before.fragment === state ? (before.tries ?? 0) : 0;
    const opening = {
      isRefused: tries >= MOST_TRIES,
      isAnswered: false,
      isLost: false,
      /** Python has answered after it heard of the state. */
      answered() {
        if (opening.isAnswered) return;
        opening.isAnswered = true;
        if (remembered().fragment === state) remember(null);
      },
      /** Python has not answered since. */
      lost() {
        if (!opening.isAnswered && !opening.isLost) remember({ fragment: state, tries: MOST_TRIES });
        opening.isLost = true;
      },
      /** The visitor wants it all the same. */
      accept() {
        opening.isRefused = false;
        remember({ fragment: state, tries: 1 });
      },
    };
    if (!opening.isRefused) remember({ fragment: state, tries: tries + 1 });
    openings.set(state, opening);
  }
  return openings.get(state) ?? null;
}

/**
 * The state of another fragment stands for that of this one, as when an address is written anew.
 *
 * @param {string} from
 * @param {string} to
 */
export function handOver(from, to) {
  const before = openings.get(stateOf(from) ?? ""); // none of a state that this page wrote itself
  const after = stateOf(to);
  if (before && after && !before.isAnswered) remember({ fragment: after, tries: MOST_TRIES });
}

/** Let the page's address hold no state. */
export function withoutState() {
  remember(null);
  history.replaceState(history.state, "", location.pathname + location.search);
}
