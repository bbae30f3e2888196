// Paths of a picture, to a tenth of a pixel.

/** @param {number} x */
export const px = (x) => Math.round(x * 10) / 10;

/**
 * A rectangle as a path.
 *
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
export const box = (x, y, width, height) => `M${px(x)} ${px(y)}h${px(width)}v${px(height)}h${px(-width)}z`;

/**
 * The letters of a logo's column from the bottom up, the lowest first: [row of the letter, its lower edge, its height], as
 * shares of an axis that ends at `top`.
 *
 * @param {Matrix} heights
 * @param {number} column
 * @param {number} top
 * @returns {[number, number, number][]}
 */
export function stackOf(heights, column, top) {
  const order = heights.map((_, a) => a).sort((a, b) => heights[a][column] - heights[b][column] || a - b);
  let edge = 0;
  return order.map((a) => {
    const size = Math.max(heights[a][column], 0) / top;
    edge += size;
    return [a, edge - size, size];
  });
}
