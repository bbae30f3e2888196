// The page's twin of the few functions of `epool_viz.core` that must follow the hand. `core` is the authority: a file of
// golden values written from it is checked in the browser for every function here.
//
// A matrix (kernel, PPM, PWM) is an array of rows, one a letter, each a list of numbers, one a position. A sequence is a
// list of letter codes, -1 for an unknown letter. Logarithms are natural.

/** @typedef {{ logBase?: number, bias?: number, background?: number[] | null }} ReadingOptions */
/** @typedef {{ kernel: Matrix } & ReadingOptions} KernelRead */
/** @typedef {{ m?: number, mode?: number, mask?: boolean[] | null }} PoolingOptions */

export const UNKNOWN = -1;

const ROUNDING = 1e-9; // of what is the same: kernels beside their size, probabilities
const FAINTEST = 2.2250738585072014e-308; // below it a probability has lost digits

/** @param {number[]} values */
export const sum = (values) => values.reduce((total, x) => total + x, 0);
/**
 * Where the first of the largest is.
 *
 * @param {number[]} values
 */
export const largestAt = (values) => values.reduce((top, x, i) => (x > values[top] ? i : top), 0);
/**
 * Scaled to sum 1.
 *
 * @param {number[]} values
 */
export function shareOut(values) {
  const total = sum(values);
  return values.map((x) => x / total);
}
/** @param {number[]} values */
const largest = (values) => values.reduce((top, x) => (x > top ? x : top), -Infinity);
/** @type {(matrix: Matrix) => number[][]} */
const columns = (matrix) => matrix[0].map((_, j) => matrix.map((row) => row[j]));
/** @type {(cols: number[][]) => Matrix} */
const rows = (cols) => cols[0].map((_, a) => cols.map((column) => column[a]));
/** @type {(matrix: Matrix) => number[]} */
const uniform = (matrix) => matrix.map(() => 1 / matrix.length);

/**
 * The kernel, or any matrix, as the other strand reads it. `complement[a]` is the code of letter a's complement.
 *
 * @param {Matrix} matrix
 * @param {number[]} complement
 * @returns {Matrix}
 */
export function reverseComplement(matrix, complement) {
  return complement.map((code) => [...matrix[code]].reverse());
}

/**
 * ln(q[complement of a] / q[a]) for each letter; 0 for all where the background is its own complement.
 *
 * @param {number[]} q
 * @param {number[]} complement
 */
export function strandLogOdds(q, complement) {
  const isOwn = q.every((x, a) => Math.abs(x - q[complement[a]]) <= 4 * Number.EPSILON * x);
  return q.map((x, a) => (isOwn ? 0 : Math.log(q[complement[a]]) - Math.log(x)));
}

/**
 * The kernel that scores a window of the given strand for a site on the other: for a "motif" against the one background of
 * the sequence, for a "network" the reverse complement alone. Throws a sentence where m is too near 0 for a motif.
 *
 * @param {Matrix} kernel
 * @param {number[]} complement
 * @param {{ strandReading?: StrandReading, m?: number, background?: number[] | null }} options
 * @returns {Matrix}
 */
export function otherStrandKernel(kernel, complement, { strandReading = "motif", m = 1, background = null } = {}) {
  const reverse = reverseComplement(kernel, complement);
  const odds = strandReading === "motif" && background ? strandLogOdds(background, complement) : [];
  if (!odds.some((x) => x !== 0)) return reverse;
  if (!(largest(odds.map(Math.abs)) < (m * Number.MAX_VALUE) / (8 * reverse[0].length)))
    throw new Error(`m is ${m}. A motif on both strands of a background that is not its own complement needs an m above 0.`);
  return reverse.map((row, a) => row.map((w) => w + odds[a] / m));
}

/**
 * The letter at which each window starts, from 0; negative in the padding.
 *
 * @param {number} length
 * @param {number} width
 * @param {Padding} padding
 */
export function windowStarts(length, width, padding) {
  const first = padding === "same" ? -Math.floor((width - 1) / 2) : 0;
  const count = padding === "same" ? length : length - width + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, i) => first + i);
}

/**
 * `sum_j matrix[S[start+j]][j]`; unknown letters and padding add nothing.
 *
 * @param {Codes} codes
 * @param {Matrix} matrix
 * @param {number} start
 */
export function letterSum(codes, matrix, start) {
  const width = matrix[0].length;
  let total = 0;
  for (let j = 0; j < width; j++) if (codes[start + j] >= 0) total += matrix[codes[start + j]][j];
  return total;
}

/**
 * `bias + sum_j kernel[S[i+j]][j]` for every window.
 *
 * @param {Codes} codes
 * @param {Matrix} kernel
 * @param {{ bias?: number, padding?: Padding }} options
 */
export function scan(codes, kernel, { bias = 0, padding = "valid" } = {}) {
  return windowStarts(codes.length, kernel[0].length, padding).map((start) => letterSum(codes, kernel, start) + bias);
}

/**
 * Which windows hold only known letters.
 *
 * @param {Codes} codes
 * @param {number} width
 * @param {Padding} padding
 */
export function wholeWindows(codes, width, padding = "valid") {
  return windowStarts(codes.length, width, padding).map((start) => {
    for (let j = 0; j < width; j++) if (!(codes[start + j] >= 0)) return false;
    return true;
  });
}

/**
 * A kernel read to the base e^logBase: `{ppm, pwm, offset}`; at 0 the limit. `background` holds one number a letter.
 *
 * @param {Matrix} kernel
 * @param {ReadingOptions} options
 * @returns {Reading}
 */
export function kernelToPwm(kernel, { logBase = 1, bias = 0, background = null } = {}) {
  const q = background ?? uniform(kernel);
  let offset = bias;
  const pwm = [];
  const ppm = [];
  for (const column of columns(kernel)) {
    const logZ = logMeanPower(column, q, logBase);
    offset += logZ;
    const odds = column.map((w) => w - logZ);
    const powers = odds.map((x, a) => q[a] * Math.exp(logBase * x));
    pwm.push(odds);
    ppm.push(shareOut(powers));
  }
  return { ppm: rows(ppm), pwm: rows(pwm), offset };
}

/**
 * The offset column by column: `{ppm, shares, offset}` against the background, `{plainPpm, plainShares, plainOffset}` with 1
 * in its place. A share is log_base Z_j; at base 1 the plain ones are infinite.
 *
 * @param {Matrix} kernel
 * @param {ReadingOptions} options
 */
export function kernelReadings(kernel, { logBase = 1, bias = 0, background = null } = {}) {
  const even = uniform(kernel);
  const lost = logBase > 0 ? Math.log(kernel.length) / logBase : Infinity;
  const shares = columns(kernel).map((column) => logMeanPower(column, background ?? even, logBase));
  const plainShares = columns(kernel).map((column) => logMeanPower(column, even, logBase) + lost);
  const { ppm, offset } = kernelToPwm(kernel, { logBase, bias, background });
  const plain = kernelToPwm(kernel, { logBase, bias });
  return { ppm, shares, offset, plainPpm: plain.ppm, plainShares, plainOffset: bias + sum(plainShares) };
}

// log_base sum_a q[a] base^w[a]; near base 1 through expm1 and log1p, far from it from the largest power
/**
 * @param {number[]} column
 * @param {number[]} q
 * @param {number} logBase
 */
function logMeanPower(column, q, logBase) {
  const top = largest(column);
  if (logBase === 0) return top + sum(column.map((w, a) => q[a] * (w - top)));
  const loss = sum(column.map((w, a) => q[a] * Math.expm1(logBase * (w - top))));
  if (loss > -0.5) return top + Math.log1p(loss) / logBase;
  return top + Math.log(sum(column.map((w, a) => q[a] * Math.exp(logBase * (w - top))))) / logBase;
}

/**
 * Every matrix between a kernel and its logo, against the background, or with 1 in its place where `isPlain`. Of powers the
 * logarithms, so that none is too large to be told.
 *
 * @param {Matrix} kernel
 * @param {ReadingOptions & { isPlain?: boolean }} options
 */
export function kernelStages(kernel, { logBase: m = 1, bias = 0, background = null, isPlain = false } = {}) {
  const q = background ?? uniform(kernel);
  const found = kernelReadings(kernel, { logBase: m, bias, background: q });
  const [ppm, shares] = isPlain ? [found.plainPpm, found.plainShares] : [found.ppm, found.shares];
  const logQ = q.map((x) => (isPlain ? 0 : Math.log(x)));
  const logPowers = kernel.map((row) => row.map((w) => m * w));
  const bits = informationContent(ppm, isPlain ? null : q);
  return {
    kernel, q, isPlain, ppm, shares, bits, logPowers,
    logWeighted: logPowers.map((row, a) => row.map((x) => x + logQ[a])),
    // at base 1 every power is 1, and Z is what the letters count together
    logSums: shares.map((x) => (m > 0 ? m * x : isPlain ? Math.log(kernel.length) : 0)),
    // not the logarithm of a probability, which may be too small for a float
    pwm: kernel.map((row) => row.map((w, j) => w - shares[j])),
    pwmByPpm: ppm.map((row, a) => row.map((p) => (m > 0 ? (Math.log(p) - logQ[a]) / m : NaN))),
    heights: letterHeights(ppm, bits),
    offset: isPlain ? found.plainOffset : found.offset,
    plainOffset: found.plainOffset,
  };
}

/**
 * What the score of a whole window says: the score by the kernel's entries, and by probabilities alone, looked up letter by
 * letter, the logarithm of the window's own and of its ratio to the background's. The former has no value at base 1.
 *
 * @param {Codes} codes
 * @param {Matrix} kernel
 * @param {number} start
 * @param {ReadingOptions} options
 */
export function windowReadings(codes, kernel, start, { logBase: m = 1, bias = 0, background = null } = {}) {
  const q = background ?? uniform(kernel);
  const found = kernelReadings(kernel, { logBase: m, bias, background: q });
  const less = (/** @type {number[]} */ shares) => kernel.map((row) => row.map((w, j) => w - shares[j]));
  const plain = logRatios({ ppm: found.plainPpm, pwm: less(found.plainShares) }, q.map(() => 1), m);
  const against = logRatios({ ppm: found.ppm, pwm: less(found.shares) }, q, m);
  return {
    ...found,
    score: bias + letterSum(codes, kernel, start),
    logLikelihood: m > 0 ? letterSum(codes, plain, start) : NaN,
    logRatio: letterSum(codes, against, start),
  };
}

/**
 * Bits that each column of a PPM tells against the background.
 *
 * @param {Matrix} ppm
 * @param {number[] | null} background
 */
export function informationContent(ppm, background = null) {
  const q = background ?? uniform(ppm);
  return klDivergence(ppm, ppm.map((row, a) => row.map(() => q[a])));
}

/**
 * Bits by which each column of `p` differs from the same column of `q` (Kullback and Leibler).
 *
 * @param {Matrix} p
 * @param {Matrix} q
 */
export function klDivergence(p, q) {
  return p[0].map((_, j) => sum(p.map((row, a) => (row[j] > 0 ? row[j] * Math.log(row[j] / q[a][j]) : 0))) / Math.LN2);
}

/**
 * How much two distributions share, the sum of the smaller ones, and the divergence of `guess` from `truth` in bits.
 *
 * @param {number[]} truth
 * @param {number[]} guess
 */
export function compareShares(truth, guess) {
  const [bits] = klDivergence(truth.map((p) => [p]), guess.map((p) => [p]));
  return { overlap: sum(truth.map((p, i) => Math.min(p, guess[i]))), bits: Math.max(bits, 0) };
}

/**
 * The most bits that a column can tell: those of the letter that is rarest in the background.
 *
 * @param {number} nLetters
 * @param {number[] | null} background
 */
export const mostBits = (nLetters, background = null) => -Math.log2(background ? Math.min(...background) : 1 / nLetters);

/**
 * Letter heights of an information logo.
 *
 * @param {Matrix} ppm
 * @param {number[]} bits
 * @returns {Matrix}
 */
export const letterHeights = (ppm, bits) => ppm.map((row) => row.map((p, j) => p * bits[j]));

/**
 * The likeliest letter of each column, the first of several.
 *
 * @param {Matrix} ppm
 */
export const likeliestLetters = (ppm) => columns(ppm).map(largestAt);

/**
 * Counts as probabilities, each column by itself.
 *
 * @param {Matrix} pfm
 */
export const pfmToPpm = (pfm) => rows(columns(pfm).map(shareOut));

/**
 * Two kernels, each {kernel, logBase, bias, background}: what both mean, and how they differ. `constants`: by which their
 * columns differ, null where some column differs by no constant; `factor`: between them, null without one; `isOnePpm`:
 * whether they mean the same one; `moved`: the largest change of a probability.
 *
 * @param {KernelRead} before
 * @param {KernelRead} after
 */
export function compareKernels(before, after) {
  const [old, now] = [before, after].map(({ kernel, ...options }) => {
    const reading = kernelToPwm(kernel, options);
    return { ...reading, bits: sum(informationContent(reading.ppm, options.background)) };
  });
  const isSameSize = before.kernel[0].length === after.kernel[0].length;
  if (!isSameSize) return { old, now, isSameSize, isOnePpm: false, constants: null, factor: null, moved: NaN, isSameKernel: false };
  const differences = after.kernel.map((row, a) => row.map((w, j) => w - before.kernel[a][j]));
  const [entries, others] = [before.kernel.flat(), after.kernel.flat()];
  const within = ROUNDING * Math.max(1, largest([...entries, ...others].map(Math.abs)));
  const isConstant = differences.every((row) => row.every((x, j) => Math.abs(x - differences[0][j]) <= within));
  const moved = largest(now.ppm.flat().map((p, i) => Math.abs(p - old.ppm.flat()[i])));
  const top = largestAt(entries.map(Math.abs));
  const ratio = others[top] / entries[top];
  const isScaled = Number.isFinite(ratio) && entries.every((w, i) => Math.abs(others[i] - ratio * w) <= within);
  return {
    old, now, isSameSize, moved, isOnePpm: moved <= ROUNDING,
    constants: isConstant ? columns(differences).map((column) => sum(column) / column.length) : null,
    factor: isScaled ? ratio : null,
    isSameKernel: isConstant && differences[0].every((x) => Math.abs(x) <= within),
  };
}

/**
 * What the network does to a score: "identity", "relu" or "paper" (capped at 10, slope 1/2 below 0).
 *
 * @param {number[]} scores
 * @param {Activation} activation
 */
export function activate(scores, activation) {
  if (activation === "identity") return [...scores];
  if (activation === "relu") return scores.map((x) => Math.max(x, 0));
  return scores.map((x) => Math.min(Math.max(x, 0), 10) - 0.5 * Math.max(-x, 0));
}

/**
 * The best of every `window` neighbours among `candidates`; a last, incomplete group is dropped.
 *
 * @param {number[]} scores
 * @param {number} window
 * @param {boolean[] | null} candidates
 */
export function localMax(scores, window, candidates = null) {
  const values = [];
  const positions = [];
  for (let first = 0; first + window <= scores.length; first += window) {
    let best = first;
    let bestKey = -Infinity;
    for (let i = first; i < first + window; i++) {
      const key = candidates && !candidates[i] ? -Infinity : scores[i];
      if (key > bestKey) [best, bestKey] = [i, key];
    }
    values.push(scores[best]);
    positions.push(best);
  }
  return { values, positions };
}

/**
 * Every stage of ePooling's weights: `{gate, shifted, exponentials, total, weights}`.
 *
 * @param {number[]} scores
 * @param {PoolingOptions} options
 * @returns {PoolingStages}
 */
export function expectationStages(scores, { m = 1, mode = 0, mask = null } = {}) {
  const takes = mask ?? scores.map(() => true);
  const top = largest(scores.filter((_, i) => takes[i]));
  let gate = takes.map(Number);
  if (mode === 1 && m !== 0) {
    const count = sum(gate);
    // distances from the top, as core takes them, so that "equal to the mean" means the same on both sides
    const below = scores.map((x) => x / 2 - top / 2);
    const mean = sum(below.map((d, i) => (takes[i] ? d : 0))) / count;
    gate = gate.map((g, i) => (g && below[i] > mean ? 1 : g && below[i] === mean ? 0.5 : 0));
  }
  const shifted = scores.map((x, i) => (takes[i] ? 2 * m * (x / 2 - top / 2) : -Infinity));
  const exponentials = shifted.map((e, i) => gate[i] * Math.exp(e));
  const total = sum(exponentials);
  return { gate, shifted, exponentials, total, weights: exponentials.map((e) => e / total) };
}

/**
 * ePooling: the mean of the scores under their own weights.
 *
 * @param {number[]} scores
 * @param {PoolingOptions} options
 */
export function expectationPool(scores, options = {}) {
  const { weights } = expectationStages(scores, options);
  const takes = options.mask ?? scores.map(() => true);
  const top = largest(scores.filter((_, i) => takes[i]));
  return top + 2 * sum(weights.map((p, i) => (takes[i] ? p * (scores[i] / 2 - top / 2) : 0)));
}

/**
 * The largest, the mean, and (1/m) ln sum e^(m x) of the scores that take part.
 *
 * @param {number[]} scores
 * @param {Omit<PoolingOptions, "mode">} options
 */
export function otherPools(scores, { m = 1, mask = null } = {}) {
  const kept = mask ? scores.filter((_, i) => mask[i]) : scores;
  const top = largest(kept);
  const average = top + sum(kept.map((x) => x - top)) / kept.length;
  const logSumExp = m > 0 ? top + Math.log(sum(kept.map((x) => Math.exp(m * (x - top))))) / m : null;
  return { maximum: top, average, logSumExp };
}

/**
 * d ePool / d x_i = weight_i (1 + m (x_i - ePool)).
 *
 * @param {number[]} scores
 * @param {number[]} weights
 * @param {number} pooled
 * @param {number} m
 */
export function poolGradient(scores, weights, pooled, m) {
  return weights.map((p, i) => (p > 0 ? p * (1 + m * (scores[i] - pooled)) : 0));
}

/**
 * - sum p ln p.
 *
 * @param {number[]} weights
 */
export function entropy(weights) {
  return -sum(weights.map((p) => (p > 0 ? p * Math.log(p) : 0)));
}

/** @param {number} x */
function logistic(x) {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

/**
 * log_base(p / q) of each entry, by the probabilities; where one is too small for a float, the log odds that it was made of.
 *
 * @param {{ ppm: Matrix, pwm: Matrix }} reading
 * @param {number[]} q
 * @param {number} m
 * @returns {Matrix}
 */
export function logRatios({ ppm, pwm }, q, m) {
  return ppm.map((row, a) => row.map((p, j) => (m > 0 && p > FAINTEST ? (Math.log(p) - Math.log(q[a])) / m : pwm[a][j])));
}

// log_base(P(window | ppm) / P(window | background)), each letter looked up in the probabilities
/** @type {(codes: Codes, reading: Reading, q: number[], m: number, starts: number[]) => number[]} */
function windowLogRatios(codes, reading, q, m, starts) {
  const table = logRatios(reading, q, m);
  return starts.map((start) => letterSum(codes, table, start));
}

// what the kernel means on the other strand: for a motif its own PPM, reversed
/**
 * @param {Reading} reading
 * @param {TraceInputs} inputs
 * @param {number[]} q
 * @returns {Reading}
 */
function otherReading(reading, { kernel, bias = 0, m = 1, strandReading = "motif", ...inputs }, q) {
  const complement = /** @type {number[]} */ (inputs.complement);
  if (strandReading !== "motif") return kernelToPwm(reverseComplement(kernel, complement), { logBase: m, bias, background: q });
  const odds = strandLogOdds(q, complement);
  const pwm = reverseComplement(reading.pwm, complement).map((row, a) => row.map((x) => x + odds[a] / (m || 1)));
  return { ppm: reverseComplement(reading.ppm, complement), pwm, offset: reading.offset };
}

/**
 * @param {number[]} a
 * @param {number[]} b
 */
function relativeDifference(a, b) {
  const size = Math.max(1, largest(a.map(Math.abs)));
  return largest(a.map((x, i) => Math.abs(x - b[i]))) / size;
}

/**
 * One E-step by both routes; field for field the `EStepTrace` of core, names in camel case.
 * `input`: {codes, kernel, bias, m, mode, localWindow, activation, padding, bothStrands, strandReading, occurrence, siteRate,
 * background, complement}. Throws an Error whose message can be shown.
 *
 * @param {TraceInputs} input
 * @returns {Trace}
 */
export function eStepTrace(input) {
  const { activation = "identity", localWindow = 1 } = input;
  const windows = scoredWindows(input);
  const pooled = pooledWindows(input, windows);
  const meant = bayesWindows(input, windows, pooled);
  const { whole, scores, width, starts, strands, otherKernel } = windows;
  const { bayesPosterior, expectedLogRatio, expectedOffset, siteProbability, logRatios, offsets } = meant;
  const weightsAtWindows = atWindows(pooled.weights, windows, pooled);
  /** @type {Trace["errors"]} */
  const errors = {
    score: relativeDifference(
      scores.map((x, i) => (whole[i] ? x : 0)),
      logRatios.map((x, i) => (whole[i] ? x + offsets[i] : 0)),
    ),
  };
  if (activation === "identity") {
    errors.posterior = relativeDifference(weightsAtWindows, bayesPosterior);
    errors.pooled = relativeDifference([pooled.pooled], [expectedLogRatio + expectedOffset]);
  }
  return {
    width, starts, strands, whole, otherKernel, scores, ...pooled, ...meant, errors,
    posterior: weightsAtWindows.map((p) => p * siteProbability),
    identityError: largest(Object.values(errors)),
    exact: activation === "identity" && localWindow === 1,
  };
}

/** @typedef {ReturnType<typeof scoredWindows>} Windows */
/** @typedef {ReturnType<typeof pooledWindows>} Pooled */

// the windows of each strand and their scores; `count` is of one strand
/** @param {TraceInputs} input */
function scoredWindows({ codes, kernel, bias = 0, m = 1, padding = "valid", bothStrands = false, ...input }) {
  const { strandReading = "motif" } = input;
  const width = kernel[0].length;
  const q = input.background ?? uniform(kernel);
  const complement = /** @type {number[]} */ (input.complement);
  const otherKernel = bothStrands ? otherStrandKernel(kernel, complement, { strandReading, m, background: q }) : null;
  const kernels = otherKernel ? [kernel, otherKernel] : [kernel];
  const oneStrand = windowStarts(codes.length, width, padding);
  if (!oneStrand.length) throw new Error(`The sequence has ${codes.length} letters and the kernel ${width} columns.`);
  const wholeOne = wholeWindows(codes, width, padding);
  if (!wholeOne.includes(true)) throw new Error(`The sequence has no ${width} known letters in a row.`);
  return {
    q, width, otherKernel,
    count: oneStrand.length,
    starts: kernels.flatMap(() => oneStrand),
    strands: kernels.flatMap((_, s) => oneStrand.map(() => /** @type {"+" | "-"} */ (s ? "-" : "+"))),
    whole: kernels.flatMap(() => wholeOne),
    scores: kernels.flatMap((k) => scan(codes, k, { bias, padding })),
  };
}

// the network's route
/** @type {(input: TraceInputs, windows: Windows) => Pick<Trace, keyof PoolingStages | "activated" | "cells" | "cellWindows" | "takingPart" | "weighted" | "pooled" | "maximum" | "average" | "logSumExp" | "entropy" | "effectiveWindows" | "gradient" | "maxGradient">} */
function pooledWindows({ m = 1, mode = 0, localWindow = 1, activation = "identity" }, { scores, whole, count }) {
  const activated = activate(scores, activation);
  const candidates = activation === "identity" ? whole : whole.map(() => true);
  /** @type {number[]} */
  const cells = [];
  /** @type {number[]} */
  const cellWindows = [];
  for (let first = 0; first < scores.length; first += count) {
    const won = localMax(activated.slice(first, first + count), localWindow, candidates.slice(first, first + count));
    cells.push(...won.values);
    cellWindows.push(...won.positions.map((i) => i + first));
  }
  if (!cells.length) throw new Error(`A local maximum over ${localWindow} needs at least as many windows; there are ${count}.`);
  const takingPart = cellWindows.map((w) => candidates[w]);
  const stages = expectationStages(cells, { m, mode, mask: takingPart });
  const pooled = expectationPool(cells, { m, mode, mask: takingPart });
  const disorder = entropy(stages.weights);
  const winner = firstBest(cells, takingPart);
  return {
    activated, cells, cellWindows, takingPart, ...stages,
    weighted: stages.weights.map((p, i) => p * cells[i]),
    pooled, ...otherPools(cells, { m, mask: takingPart }), entropy: disorder, effectiveWindows: Math.exp(disorder),
    gradient: poolGradient(cells, stages.weights, pooled, m),
    maxGradient: cells.map((_, i) => Number(i === winner)),
  };
}

// the statistician's route
/** @type {(input: TraceInputs, windows: Windows, pooled: Pooled) => Pick<Trace, "pwm" | "logRatios" | "offsets" | "strandPrior" | "prior" | "logEvidence" | "bayesPosterior" | "expectedLogRatio" | "expectedOffset" | "siteProbability">} */
function bayesWindows(input, windows, pooled) {
  const { codes, kernel, bias = 0, m = 1, occurrence = "oops", siteRate = 0.5 } = input;
  const { q, count, starts, whole, otherKernel } = windows;
  const { gate, cellWindows } = pooled;
  const oneStrand = starts.slice(0, count);
  const reading = kernelToPwm(kernel, { logBase: m, bias, background: q });
  const readings = otherKernel ? [reading, otherReading(reading, input, q)] : [reading];
  const ratios = readings.flatMap((reading) => windowLogRatios(codes, reading, q, m, oneStrand)).map((x, i) => (whole[i] ? x : 0));
  const offsets = readings.flatMap((reading) => oneStrand.map(() => reading.offset));
  const highest = largest(readings.map((r) => r.offset));
  const strandPrior = shareOut(readings.map((r) => Math.exp(m * (r.offset - highest))));
  const prior = shareOut(gate.map((g, i) => g * strandPrior[Math.floor(cellWindows[i] / count)]));
  const logJoint = prior.map((p, i) => (p > 0 ? m * ratios[cellWindows[i]] + Math.log(p) : -Infinity));
  const top = largest(logJoint);
  const joint = logJoint.map((x) => Math.exp(x - top));
  const logEvidence = Math.log(sum(joint)) + top;
  const bayesPosterior = atWindows(shareOut(joint), windows, pooled);
  return {
    pwm: reading, logRatios: ratios, offsets, strandPrior, prior, logEvidence, bayesPosterior,
    expectedLogRatio: sum(bayesPosterior.map((p, i) => p * ratios[i])),
    expectedOffset: sum(bayesPosterior.map((p, i) => p * offsets[i])),
    siteProbability: occurrence === "zoops" ? logistic(logEvidence + Math.log(siteRate / (1 - siteRate))) : 1,
  };
}

// one number a cell, at its window; 0 elsewhere
/** @type {(values: number[], windows: Windows, pooled: Pooled) => number[]} */
function atWindows(values, { scores }, { cellWindows }) {
  const out = scores.map(() => 0);
  values.forEach((v, i) => (out[cellWindows[i]] = v));
  return out;
}

/**
 * @param {number[]} values
 * @param {boolean[]} mask
 */
function firstBest(values, mask) {
  let best = -1;
  values.forEach((x, i) => {
    if (mask[i] && (best < 0 || x > values[best])) best = i;
  });
  return best;
}

/**
 * The maximum-likelihood m: the kernel's own best whole windows over the given sequences made most probable.
 * Returns {m} or {reason} where none exists.
 *
 * @param {Matrix} kernel
 * @param {Codes[]} sequences
 * @returns {{ m: number, reason?: undefined } | { reason: string, m?: undefined }}
 */
export function estimateLogBase(kernel, sequences) {
  const cols = columns(kernel);
  const scale = largest(cols.map((c) => largest(c) - Math.min(...c))) || 1;
  const centred = cols.map((c) => c.map((w) => (w - sum(c) / c.length) / scale));
  const best = sequences.map((codes) => {
    const whole = wholeWindows(codes, cols.length);
    return largest(scan(codes, rows(centred)).filter((_, i) => whole[i]));
  });
  const gain = sum(best) / best.length;
  const ceiling = sum(centred.map(largest));
  const rounding = 1e-12 * Math.max(ceiling, 1);
  if (!(gain > rounding)) return { reason: "the best windows score no better than the mean of each column" };
  if (ceiling - gain <= rounding) return { reason: "every best window has the best letter in every column" };
  const slope = (/** @type {number} */ beta) =>
    gain -
    sum(
      centred.map((c) => {
        const powers = c.map((w) => Math.exp(beta * (w - largest(c))));
        return sum(powers.map((p, a) => p * c[a])) / sum(powers);
      }),
    );
  let [low, high] = [0, 1];
  while (slope(high) > 0) [low, high] = [high, 2 * high];
  for (let i = 0; i < 200 && high - low > 1e-15 * high; i++) {
    const middle = (low + high) / 2;
    if (slope(middle) > 0) low = middle;
    else high = middle;
  }
  return { m: (low + high) / 2 / scale };
}
