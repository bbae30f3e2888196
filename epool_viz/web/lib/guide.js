// The story as far as this visitor has come, which this browser remembers, and whether it is open in this tab.

/** @typedef {{ key: string, is?: unknown, below?: number, above?: number, reaches?: string, changed?: boolean }} Condition */
/** @typedef {{ at: string | null, answers: Record<string, string>, done: string[] }} Progress */

const KEY = "epool-story";
export const GUIDE = "epool-guide"; // event of the document: its `detail` is "story" or "tour", which then opens
export const SCENE = "epool-scene"; // event of the document: its `detail` is the scene of the story that is shown, or null

/** @type {() => Progress} */
const unread = () => ({ at: null, answers: {}, done: [] });

/** @returns {Progress} */
export function progress() {
  try {
    const { at, answers, done } = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return {
      at: typeof at === "string" ? at : null,
      answers: answers && typeof answers === "object" ? answers : {},
      done: Array.isArray(done) ? done : [],
    };
  } catch {
    return unread(); // forbidden, or damaged
  }
}

/** @param {Progress} now */
export function keepProgress(now) {
  try {
    localStorage.setItem(KEY, JSON.stringify(now));
  } catch {
    // forbidden: the story then begins anew on each page
  }
}

/**
 * The scene that is open in this tab; "" while it begins, null while the story is shut.
 *
 * @returns {string | null}
 */
export function openScene() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** @param {string | null} scene */
export function keepOpen(scene) {
  try {
    if (scene === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, scene);
  } catch {
    // forbidden
  }
}

/**
 * Whether a task is done: all its conditions hold for the state; `before` is the state when the task began.
 *
 * @param {Condition[]} conditions
 * @param {State} state
 * @param {State} before
 */
export function isDone(conditions, state, before) {
  return conditions.every(({ key, is, below, above, reaches, changed }) => {
    const value = state[key];
    if (changed) return JSON.stringify(value) !== JSON.stringify(before[key]);
    if (reaches) return value >= state[reaches];
    if (below !== undefined) return value < below;
    if (above !== undefined) return value > above;
    return value === is;
  });
}
