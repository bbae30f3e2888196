// How large a page's text is in the presenter's view, so that its picture takes most of the height.

export const SHARE = 0.68; // of the height, that the picture aims at: its control has to fit as well
export const [SMALLEST, LARGEST] = [100, 260]; // per cent of the text

/**
 * The next size to try after a picture took `share` of the height at `size`; the same size where it is near enough.
 *
 * @param {number} size per cent
 * @param {number} share
 */
export function nextSize(size, share) {
  if (!(share > 0) || Math.abs(share - SHARE) < 0.04) return size;
  const next = Math.round((size * SHARE) / share / 5) * 5;
  return Math.min(Math.max(next, SMALLEST), LARGEST);
}

/**
 * Of the sizes that were tried, the one whose picture is nearest to what is aimed at, but no smaller than `least`.
 *
 * @param {{ size: number, share: number }[]} tried
 * @param {number} least share
 */
export function bestOf(tried, least = 0.6) {
  const good = tried.filter(({ share }) => share >= least);
  const off = (/** @type {{ share: number }} */ { share }) => Math.abs(share - SHARE);
  const [first, ...rest] = good.length ? good : tried;
  return rest.reduce((best, each) => (off(each) < off(best) ? each : best), first).size;
}
