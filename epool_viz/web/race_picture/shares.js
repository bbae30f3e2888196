// Which windows of a sequence the gradient of one kernel goes to.

import { eStepTrace, sum } from "../lib/maths.js";

/**
 * A network of a race: how it pools, and the epoch at which it ended (null while it runs).
 *
 * @typedef {{ method: string, of: string, name: string, mode: number, localWindow: number, activation: Activation, padding: Padding, ended: number | null }} Network
 * @typedef {{ kernel: Matrix, bias: number, m: number }} Learnt
 * @typedef {{ middle: number, share: number, isOnSite: boolean }} Share
 */

/**
 * The share of the gradient, as absolute values that sum to 1, of each window that can get some; and how many there are.
 *
 * @param {number[]} codes
 * @param {Network} network
 * @param {Learnt} learnt
 * @param {[number, number][]} sites
 * @returns {{ shares: Share[], windows: number }}
 */
export function gradientShares(codes, { of, mode, localWindow, activation, padding }, { kernel, bias, m }, sites) {
  const trace = eStepTrace({ codes, kernel, bias, m, mode, localWindow, activation, padding });
  const { cellWindows, starts, width } = trace;
  const part = trace.takingPart.map(Number);
  /** @type {Record<string, () => number[]>} */
  const gradients = {
    max: () => trace.maxGradient,
    average: () => part.map((x) => x / sum(part)),
    logsumexp: () => trace.weights,
  };
  const sizes = (gradients[of] ?? (() => trace.gradient))().map(Math.abs);
  const total = sum(sizes);
  const shares = sizes.map((size, i) => {
    const start = starts[cellWindows[i]];
    return { middle: start + width / 2, share: total > 0 ? size / total : 0, isOnSite: sites.some((site) => overlaps(start, width, site)) };
  });
  return { shares, windows: starts.length };
}

/**
 * Whether a window overlaps half of a site or more.
 *
 * @param {number} start
 * @param {number} width
 * @param {[number, number]} site
 */
const overlaps = (start, width, [first, stop]) => 2 * (Math.min(start + width, stop) - Math.max(start, first)) >= stop - first;

/**
 * The least number of windows that get half of the gradient together, of how many, and the share on the sites.
 *
 * @param {Share[]} shares
 * @param {number} windows
 */
export function facts(shares, windows) {
  const sorted = shares.map(({ share }) => share).sort((a, b) => b - a);
  let [half, held] = [0, 0];
  while (half < sorted.length && held < 0.5 - 1e-9) held += sorted[half++];
  return { half, windows, onSite: sum(shares.map(({ share, isOnSite }) => (isOnSite ? share : 0))) };
}
