// One state a dashboard, in the page: what the components share. What follows the hand is computed here; Python is kept in
// step, and corrects what it does not accept.

import { eStepTrace } from "./maths.js";

// the names of the state that a trace depends on
export const TRACED = new Set([
  "codes", "kernel", "bias", "m", "mode", "local_window", "activation", "padding", "both_strands", "strand_reading",
  "occurrence", "site_rate", "background", "complement",
]);

const LOST_AFTER = 60_000; // milliseconds after which what Python never answered is no longer waited for

/**
 * The arguments of the twin, out of the state that Python knows by the same names.
 *
 * @param {State} state
 * @returns {TraceInputs}
 */
export function inputsOf(state) {
  return {
    codes: state.codes,
    kernel: state.kernel,
    bias: state.bias,
    m: state.m,
    mode: state.mode,
    localWindow: state.local_window,
    activation: state.activation,
    padding: state.padding,
    bothStrands: state.both_strands,
    strandReading: state.strand_reading,
    occurrence: state.occurrence,
    siteRate: state.site_rate,
    background: state.background,
    complement: state.complement,
  };
}

/**
 * Trace a state; `{trace}` or `{error}`, a sentence that can be shown.
 *
 * @param {State} state
 * @returns {{ trace: Trace, error: null } | { trace: null, error: string }}
 */
export function traceOf(state) {
  try {
    return { trace: eStepTrace(inputsOf(state)), error: null };
  } catch (error) {
    return { trace: null, error: /** @type {Error} */ (error).message };
  }
}

/**
 * The state with its trace, and who hears of a change: `merge(patch)` gives the names that it changed.
 *
 * @param {State} state
 */
function traced(state) {
  const held = { state: { ...state }, .../** @type {{ trace: Trace | null, error: string | null }} */ (traceOf(state)), listeners: /** @type {Set<Listener>} */ (new Set()) };
  const merge = (/** @type {Patch} */ patch) => {
    const changed = Object.keys(patch).filter((key) => !same(patch[key], held.state[key]));
    if (!changed.length) return [];
    held.state = { ...held.state, ...patch };
    if (changed.some((key) => TRACED.has(key))) {
      const { trace, error } = traceOf(held.state);
      Object.assign(held, { trace: trace ?? held.trace, error });
    }
    for (const listener of [...held.listeners]) listener(held.state, /** @type {Trace} */ (held.trace), changed);
    return changed;
  };
  return { held, merge };
}

/**
 * Make a store.
 *
 * `initial`: the state; `push(patch, n)`: called, at most every `pause` ms, with what the page has changed since, the n-th
 * time. Where it throws, Python is gone, which the heartbeat tells: the patch is kept for the next push.
 *
 * @param {State} initial
 * @param {(patch: Patch, n: number) => void} push
 * @param {number} pause
 * @returns {Store}
 */
export function createStore(initial, push = () => {}, pause = 200) {
  const { held, merge } = traced(initial);
  /** @type {number | null} */
  let timer = null;
  /** @type {Patch} */
  let waiting = {};
  let pushes = 0;
  /** @type {Map<string, { n: number, until: number }>} */
  const underWay = new Map(); // what Python has been told and may not have heard yet

  const isUnderWay = (/** @type {string} */ key, /** @type {number} */ seen) => {
    const sent = underWay.get(key);
    if (sent && sent.n > seen && performance.now() < sent.until) return true;
    underWay.delete(key);
    return false;
  };
  const tellPython = () => {
    const patch = waiting;
    [timer, waiting] = [null, {}];
    try {
      push(patch, ++pushes);
      for (const key of Object.keys(patch)) underWay.set(key, { n: pushes, until: performance.now() + LOST_AFTER });
    } catch {
      waiting = patch;
    }
  };
  const plan = () => {
    if (Object.keys(waiting).length) timer ??= setTimeout(tellPython, pause);
  };
  return {
    get state() { return held.state; },
    get trace() { return /** @type {Trace} */ (held.trace); },
    get error() { return held.error; },
    /** Change the state from the page. */
    set(patch) {
      for (const key of merge(patch)) waiting[key] = held.state[key];
      plan();
    },
    /** Tell Python at once what waits to be told: what it makes next is of the state on the screen. */
    flush() {
      if (!Object.keys(waiting).length) return;
      clearTimeout(timer ?? undefined);
      tellPython();
    },
    /**
     * Take over what Python says, without answering it; what the hand has moved stays as it is until Python has heard of
     * it: `seen` is the last push that it had heard when it spoke.
     */
    receive(patch, seen = pushes) {
      merge(Object.fromEntries(Object.entries(patch).filter(([key]) => !(key in waiting || isUnderWay(key, seen)))));
      plan(); // it is there: what it could not be told before, it is told now
    },
    /** Call `listener(state, trace, changedKeys)` after every change; returns how to stop. */
    on(listener) {
      held.listeners.add(listener);
      return () => held.listeners.delete(listener);
    },
  };
}

/** @type {(a: unknown, b: unknown) => boolean} */
function same(a, b) {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
