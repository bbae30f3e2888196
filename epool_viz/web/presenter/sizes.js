// How large a page's text is in the presenter's view: as large as its picture and what moves it leave room for.

export const SIZES = [200, 175, 150, 135, 125, 110, 100]; // per cent of the text, in the order in which they are tried
export const LEAST = 0.6; // of the height, that the picture takes
const LOWEST = 0.9; // of the height, where it ends at the latest: below it stands what moves it

/** @typedef {{ size: number, top: number, height: number }} Tried a size, and the picture at it in shares of the window's height */

/** @param {Tried} tried */
export const suits = ({ top, height }) => height >= LEAST && top + height <= LOWEST;

/**
 * The first size that suits; where none does, the one at which most of the picture is in view.
 *
 * @param {Tried[]} tried
 */
export function bestOf(tried) {
  const inView = (/** @type {Tried} */ { top, height }) => Math.min(top + height, 1) - Math.min(Math.max(top, 0), 1);
  const most = tried.reduce((best, each) => (inView(each) > inView(best) ? each : best));
  return (tried.find(suits) ?? most).size;
}
