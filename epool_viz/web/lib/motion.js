// What moves: numbers between two pictures, one tween, and where a walk is between two of its steps.
//
// A motion computes nothing: it lies between the arrays of two still pictures, and at its ends it is one of them.

/**
 * Between two numbers: exactly `a` at 0, exactly `b` at 1.
 *
 * @param {number} a
 * @param {number} b
 * @param {number} t
 */
export const between = (a, b, t) => (t <= 0 ? a : t >= 1 ? b : a + (b - a) * t);

/**
 * Slow at both ends, and the same backwards.
 *
 * @param {number} t
 */
export const eased = (t) => (t <= 0 ? 0 : t >= 1 ? 1 : t < 0.5 ? 2 * t ** 2 : 1 - 2 * (1 - t) ** 2);

/**
 * How far a part of a motion is that lasts from `a` to `b` of the whole.
 *
 * @param {number} t
 * @param {number} a
 * @param {number} b
 */
export const within = (t, a, b) => (t >= b ? 1 : t <= a ? 0 : (t - a) / (b - a));

/** Whether pictures change at once: the visitor prefers so, or does not look. */
export const isStill = () => document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Draw what lies between two numbers, a frame at a time, and at last exactly `to`; at once where motion is not wanted.
 * Returns how to stop.
 *
 * @param {number} from
 * @param {number} to
 * @param {number} ms
 * @param {(value: number, isLast: boolean) => void} draw
 */
export function tween(from, to, ms, draw) {
  if (from === to || !(ms > 0) || isStill()) {
    draw(to, true);
    return () => {};
  }
  let begun = 0; // with the second frame: in the first one the page draws what else has changed
  let frame = 0;
  const end = () => {
    cancelAnimationFrame(frame);
    document.removeEventListener("visibilitychange", finish);
  };
  const finish = () => {
    end();
    draw(to, true);
  };
  const go = () => {
    const t = (performance.now() - begun) / ms;
    if (t >= 1) return finish();
    frame = requestAnimationFrame(go);
    draw(between(from, to, eased(t)), false);
  };
  document.addEventListener("visibilitychange", finish);
  frame = requestAnimationFrame(() => {
    frame = requestAnimationFrame(() => {
      begun = performance.now();
      go();
    });
  });
  return end;
}

const LASTS = [250, 900]; // milliseconds of a motion, at least and at most
const STEP = 850; // from one step to the next

/** @param {number} distance */
const lasts = (distance) => Math.min(Math.max(STEP * Math.abs(distance), LASTS[0]), LASTS[1]);

/**
 * Where a walk is: at a step (`from` is `to`), or a part `t` of the way between two; `motion` is what the second one names.
 * Before the first step `from` is -1.
 *
 * @typedef {{ from: number, to: number, t: number, motion: string | null }} Moment
 * @typedef {{ when?: When | null, motion?: string | null }} Step
 * @typedef {ReturnType<typeof route>} Route
 */

/**
 * The moment at a place of a walk, which may be a fraction; `places` are those of the steps that apply.
 *
 * @param {number} at
 * @param {number[]} places
 * @param {Step[]} steps
 * @returns {Moment}
 */
export function momentAt(at, places, steps) {
  const before = Math.min(Math.max(Math.floor(at), -1), places.length - 1);
  const from = before < 0 ? -1 : places[before];
  const to = before + 1 < places.length ? places[before + 1] : from;
  const t = Math.max(at - before, 0);
  return to === from ? { from, to, t: 0, motion: null } : { from, to, t, motion: steps[to].motion ?? null };
}

/**
 * Where a walk came from, is and goes: to the neighbour from what is drawn now, to any other step by the motion into it.
 *
 * @param {number} at
 * @param {number} target
 * @param {number} next
 */
export const startOf = (at, target, next) => (Math.abs(next - target) === 1 ? at : next - 1);

/** @type {WeakMap<Store, Route>} */
const routes = new WeakMap();

/** @param {Store} store */
function route(store) {
  return {
    store,
    steps: /** @type {Step[]} */ ([]),
    places: /** @type {number[]} */ ([]),
    at: 0,
    target: 0,
    isHeld: false, // by a hand on the slider
    isMoving: false,
    stop: () => {},
    listeners: /** @type {Set<() => void>} */ (new Set()),
  };
}

/** @param {Store} store */
function routeOf(store) {
  const found = routes.get(store) ?? route(store);
  routes.set(store, found);
  return found;
}

/**
 * Where the walk of a dashboard is now.
 *
 * @param {Store} store
 * @returns {Moment}
 */
export function momentOf(store) {
  const { isMoving, at, places, steps } = routeOf(store);
  const { step } = store.state;
  return isMoving ? momentAt(at, places, steps) : { from: step, to: step, t: 0, motion: null };
}

/**
 * Call `draw` in every frame in which the walk moves, and once when it has come to rest.
 *
 * @param {Store} store
 * @param {() => void} draw
 * @param {AbortSignal} [signal]
 */
export function onMotion(store, draw, signal) {
  const { listeners } = routeOf(store);
  listeners.add(draw);
  signal?.addEventListener("abort", () => listeners.delete(draw));
}

/** @type {(path: Route, at: number, isMoving: boolean) => void} */
function show(path, at, isMoving) {
  Object.assign(path, { at, isMoving });
  for (const draw of [...path.listeners]) draw();
}

/** @type {(path: Route, from: number, target: number) => void} */
function go(path, from, target) {
  path.stop();
  path.target = target;
  if (!isStill()) Object.assign(path, { at: from, isMoving: true });
  path.stop = tween(from, target, lasts(target - from), (at, isLast) => show(path, at, !isLast));
}

/**
 * Move along the steps of a walk whenever the state goes to another one. Returns what a hand on the slider does: `hold` the
 * walk at a place, a fraction too, and let it `settle`.
 *
 * @param {Store} store
 * @param {Step[]} steps
 * @param {() => { places: number[], shown: number }} walk
 * @param {AbortSignal} signal
 */
export function lead(store, steps, walk, signal) {
  const path = routeOf(store);
  const here = () => {
    const { places, shown } = walk();
    const isSame = places.length === path.places.length && places.every((place, i) => place === path.places[i]);
    path.places = places;
    return { isSame, place: places.indexOf(shown) };
  };
  const rest = (/** @type {number} */ place) => {
    path.stop();
    Object.assign(path, { at: place, target: place, isMoving: false, isHeld: false });
  };
  path.steps = steps;
  rest(here().place);
  const off = store.on(() => {
    const { isSame, place } = here();
    if (!isSame) rest(place);
    else if (!path.isHeld && place !== path.target) go(path, startOf(path.at, path.target, place), place);
  });
  signal.addEventListener("abort", () => {
    off();
    rest(here().place);
  });
  return {
    hold(/** @type {number} */ at) {
      path.stop();
      path.isHeld = true;
      path.target = Math.round(at);
      const place = isStill() ? path.target : at;
      show(path, place, place !== path.target);
    },
    settle() {
      if (!path.isHeld) return;
      path.isHeld = false;
      go(path, path.at, path.target);
    },
  };
}

/** @type {[number, number]} */
const TRAVELS = [0.1, 0.88]; // the parts of the way from the window in hand to the first one, along all, and back

/**
 * The kernel on its way over `count` windows, from the one in hand and back to it: the window it lies on, which may be a
 * fraction, and how many it has left behind.
 *
 * @param {number} t
 * @param {number} count
 * @param {number} hand
 */
export function sliding(t, count, hand) {
  const last = Math.max(count - 1, 0);
  const along = within(t, ...TRAVELS);
  const at = t < TRAVELS[0] ? between(hand, 0, eased(within(t, 0, TRAVELS[0])))
    : t < TRAVELS[1] ? between(0, last, along) : between(last, hand, eased(within(t, TRAVELS[1], 1)));
  return { at, left: along * count };
}
