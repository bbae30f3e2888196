// What of a track's values is drawn and said.

/**
 * Place of each value from the largest, 1 for the best; equal values share the better place.
 *
 * @param {number[]} values
 */
export function ranksOf(values) {
  const order = [...values.keys()].sort((a, b) => values[b] - values[a]);
  const ranks = new Int32Array(values.length);
  order.forEach((i, k) => (ranks[i] = k && values[i] === values[order[k - 1]] ? ranks[order[k - 1]] : k + 1));
  return ranks;
}

/**
 * The value furthest from 0 of every `per` neighbours from `first` to `stop`: [[place, value]].
 *
 * @param {number[]} values
 * @param {number} first
 * @param {number} stop
 * @param {number} per
 */
export function furthest(values, first, stop, per) {
  const out = [];
  for (let i = first; i < stop; i += per) {
    let best = i;
    for (let k = i; k < Math.min(i + per, stop); k++) if (Math.abs(values[k]) > Math.abs(values[best])) best = k;
    out.push([i, values[best]]);
  }
  return out;
}
