// Which parts apply to a state.

/**
 * Whether `when` holds: nothing, `{key, is}` or `{key, not}`; `is` and `not` are a value or a list of values.
 *
 * @param {When | null | undefined} when
 * @param {Patch} state
 */
export function holds(when, state) {
  if (!when) return true;
  const among = (/** @type {unknown} */ values) => (Array.isArray(values) ? values : [values]).includes(state[when.key]);
  return "not" in when ? !among(when.not) : among(when.is);
}

/**
 * Places of the steps that apply, and which of them is shown: `state.step`, or where it does not apply the next one.
 *
 * @param {{ when?: When | null }[]} steps
 * @param {State} state
 */
export function walk(steps, state) {
  const places = steps.map((_, i) => i).filter((i) => holds(steps[i].when, state));
  return { places, shown: /** @type {number} */ (places.find((i) => i >= state.step) ?? places.at(-1)) };
}
