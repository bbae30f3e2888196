// Round numbers for axes and scales.

/** @type {(power: number, leads: number[]) => number[]} */
const scaled = (power, leads) => leads.map((lead) => lead * power);
/** @param {number} x */
const powerBelow = (x) => 10 ** Math.floor(Math.log10(x));

/**
 * The smallest round number that is at least `least` (> 0): one of `leads` times a power of ten.
 *
 * @param {number} least
 * @param {number[]} leads
 */
export function niceStep(least, leads = [1, 2, 5]) {
  const power = powerBelow(least);
  return scaled(power, leads).find((step) => step >= least * (1 - 1e-9)) ?? 10 * power;
}

/**
 * The round number (1, 2 or 5 times a power of ten) whose ratio to `x` is nearest to 1; 0 for 0.
 *
 * @param {number} x
 */
export function nearestStep(x) {
  if (!(x > 0)) return 0;
  const away = (/** @type {number} */ step) => Math.abs(Math.log(step / x));
  return scaled(powerBelow(x), [1, 2, 5, 10]).reduce((best, step) => (away(step) < away(best) ? step : best));
}

/**
 * Round numbers between two ends, at most about `count` of them.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function ticksOf(low, high, count) {
  const step = niceStep((high - low || 1) / Math.max(count, 1));
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, k) => Number(((first + k) * step).toPrecision(8)));
}

/**
 * The round end of an axis on which `x` has room; 0 where that is not above 0.
 *
 * @param {number} x
 */
export const axisEnd = (x) => (x > 0 ? niceStep(x, [1, 1.5, 2, 3, 4, 5, 6, 8]) : 0);
