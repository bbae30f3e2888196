// Where things lie in the landing page's picture, and how m moves while it plays.

/**
 * @param {number} length of the sequence
 * @param {number} columns of the kernel
 */
export function placesOf(length, columns) {
  const unit = 16;
  const width = unit * length;
  const x = (/** @type {number} */ letter) => unit * letter;
  return {
    unit, length, width, x, height: 310,
    base: 132, tall: 124, // bars
    letters: 154,
    logo: 166, logoTall: 70,
    line: 275, // average to maximum
    /** The window that starts at a place, or the nearest. */
    window: (/** @type {number} */ at) => Math.min(Math.max(Math.floor(at / unit), 0), length - columns),
  };
}

/**
 * m at a share of the time: from where it was to 0, to the largest, and back.
 *
 * @param {number} share
 * @param {number} from
 * @param {number} most
 */
export function sweep(share, from, most) {
  const stations = [from, 0, most, from];
  const at = Math.min(Math.max(share, 0), 1) * (stations.length - 1);
  const i = Math.min(Math.floor(at), stations.length - 2);
  const t = at - i;
  const eased = t * t * (3 - 2 * t);
  return Number((stations[i] + (stations[i + 1] - stations[i]) * eased).toFixed(3));
}
