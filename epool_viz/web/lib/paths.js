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
