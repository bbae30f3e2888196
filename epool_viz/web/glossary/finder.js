// Finding the words of the field in a text.

/** @typedef {{ words: string, term?: string, about?: string }} Piece */

/** @param {string} text */
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
/** @param {string} name */
const isCapitals = (name) => name === name.toUpperCase() || /[a-z][A-Z]/.test(name);

/**
 * How to cut a text into pieces, of which those with a `term` are explained by `about`. A term whose name is in `seen` is
 * left as text; one that is found is added to it. Longer words come first, capitals count only in words written with them.
 *
 * @param {{ names: string[], text: string }[]} terms
 * @returns {(text: string, seen: Set<string | null>) => Piece[]}
 */
export function finder(terms) {
  const meant = new Map(terms.flatMap(({ names, text }) => names.map((name) => [name.toLowerCase(), { name, term: names[0], about: text }])));
  const longest = [...meant.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}_-])(?:${longest.map(escaped).join("|")})(?![\\p{L}\\p{N}_-])`, "giu");
  return (text, seen) => {
    /** @type {Piece[]} */
    const pieces = [];
    let from = 0;
    for (const { 0: words, index } of text.matchAll(pattern)) {
      const found = /** @type {{ name: string, term: string, about: string }} */ (meant.get(words.toLowerCase()));
      if (seen.has(found.term) || (isCapitals(found.name) && words !== found.name)) continue;
      seen.add(found.term);
      if (index > from) pieces.push({ words: text.slice(from, index) });
      pieces.push({ words, term: found.term, about: found.about });
      from = index + words.length;
    }
    if (from < text.length || !pieces.length) pieces.push({ words: text.slice(from) });
    return pieces;
  };
}
