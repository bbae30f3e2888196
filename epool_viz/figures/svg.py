"""Light inline SVG for the dashboards: strings of a few kilobytes, no dependency, readable aloud.

Every picture is `role="img"` with a title and a description. Colours are CSS custom properties with the light palette
as fallback, so a page may switch theme without drawing anything again. Pictures that stretch (`logo_svg`,
`bar_track_svg`, `sequence_band_svg`) hold shapes only; their labels belong to the page, where text keeps its size.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from epool_viz.core.alphabet import DNA, Alphabet, get_alphabet
from epool_viz.core.types import Array
from epool_viz.errors import ArgumentError, ShapeError
from epool_viz.figures.heights import height_limits, letter_heights
from epool_viz.figures.palette import LIGHT

# Outlines in a box of 100 x 100, y downwards, each touching top and bottom so that a letter is as tall as its number.
GLYPHS = {
    "A": "M0,100L38,0H62L100,100H76L69,78H31L24,100ZM37.5,58H62.5L50,18Z",
    "C": "M100,18.6A56.24,50 0 1 0 100,81.4L79.5,68.5A30,28 0 1 1 79.5,31.5Z",
    "G": "M100,18.6A56.24,50 0 1 0 100,81.4V45H56V63H77.5V70.9A30,28 0 1 1 79.5,31.5Z",
    "T": "M0,0H100V22H62V100H38V22H0Z",
    "U": "M0,0H25V58A25,21 0 0 0 75,58V0H100V58A50,42 0 0 1 0,58Z",
    "N": "M0,100V0H24L76,62V0H100V100H76L24,38V100Z",
}
MOST_BARS = 1200
TRACK_HEIGHT = 100.0


class Glyph(NamedTuple):
    """A letter of a logo: its column, and its box in the height axis."""

    letter: str
    position: int
    bottom: float
    top: float


class Bars(NamedTuple):
    """Bars ready to draw.

    Attributes
    ----------
    left, width : shape (bar,)
        In letters.
    top, height : shape (bar,)
        In hundredths of the track, downwards.
    """

    left: Array
    width: Array
    top: Array
    height: Array


def logo_svg(
    matrix: Any,
    *,
    title: str,
    description: str = "",
    kind: str = "information",
    background: Any = None,
    alphabet: str | Alphabet = DNA,
    height: int = 120,
) -> str:
    """Draw a live logo.

    Parameters
    ----------
    matrix, kind, background, alphabet : as for `letter_heights`; DNA or RNA
    title, description : str
        Which matrix this is, and the picture in words. Escaped here.
    height : int, pixels

    Returns
    -------
    str
    """
    alphabet = get_alphabet(alphabet)
    if any(letter not in GLYPHS for letter in alphabet.letters):
        raise ArgumentError("alphabet", alphabet.name, "DNA or RNA; logo_figure draws the others")
    heights = letter_heights(matrix, kind=kind, background=background, alphabet=alphabet)
    low, high = height_limits(heights, kind=kind, background=background)
    scale = TRACK_HEIGHT / (high - low)
    shapes: dict[str, list[str]] = {letter: [] for letter in alphabet.letters}
    for glyph in stack_letters(heights, alphabet):
        x, y = glyph.position + 0.03, (high - glyph.top) * scale
        size = f"{_number(0.0094)},{_number((glyph.top - glyph.bottom) * scale / 100, 6)}"
        shapes[glyph.letter].append(
            f'<path d="{GLYPHS[glyph.letter]}" transform="translate({_number(x)},{_number(y, 4)}) scale({size})"/>'
        )
    groups = [f'<g fill="{_nucleotide(letter)}">{"".join(paths)}</g>' for letter, paths in shapes.items() if paths]
    groups.append(_baseline(heights.shape[1], high * scale))
    return _stretched("".join(groups), (0, heights.shape[1]), height, title, description, "ep-logo")


def stack_letters(heights: Array, alphabet: str | Alphabet = DNA) -> list[Glyph]:
    """Place each letter: positive heights stack upwards with the largest on top, negative ones downwards likewise.

    Parameters
    ----------
    heights : shape (letter, position)
    alphabet : Alphabet or its name

    Returns
    -------
    list of Glyph; letters without height are left out.
    """
    letters = get_alphabet(alphabet).letters
    glyphs = []
    for position, column in enumerate(heights.T):
        up = down = 0.0
        for code in np.argsort(np.abs(column), kind="stable"):
            value = float(column[code])
            if value > 0:
                glyphs.append(Glyph(letters[code], position, up, up + value))
                up += value
            elif value < 0:
                glyphs.append(Glyph(letters[code], position, down + value, down))
                down += value
    return glyphs


def bar_track_svg(
    values: Any,
    *,
    title: str,
    description: str = "",
    starts: Sequence[int] | None = None,
    extent: tuple[int, int] | None = None,
    limits: tuple[float, float] | None = None,
    foot: float = 0.0,
    cursor: tuple[int, int] | None = None,
    marked: Iterable[int] = (),
    colour: str = "accent",
    height: int = 72,
) -> str:
    """Draw one number a window as a track of bars over the letters.

    Parameters
    ----------
    values : shape (window,)
        What is not finite is not drawn.
    title, description : str
    starts : sequence of int, a window, or None for 0, 1, 2 ...
        The letter over which a bar stands.
    extent : (int, int) or None
        First letter drawn and the one after the last; None for where the bars stand.
    limits : (float, float) or None
        Ends of the value axis; bars beyond are cut off. None takes 0 and the extremes.
    foot : float
        The value from which bars rise or hang. A hairline marks it, and 0 where that lies between the limits.
    cursor : (int, int) or None
        First letter and width of the window in hand.
    marked : iterable of int
        Letters with a grey ground: partial windows.
    colour : str
        A name of the palette: a method's, or "accent".
    height : int, pixels

    Returns
    -------
    str
    """
    values = np.asarray(values, dtype=float)
    starts = list(range(len(values))) if starts is None else list(starts)
    if values.ndim != 1 or len(starts) != len(values) or not len(values):
        raise ShapeError("values", f"of shape {values.shape} with {len(starts)} starts", "one number a start")
    extent = (min(starts), max(starts) + 1) if extent is None else extent
    limits = value_limits(values) if limits is None else limits
    parts = [_marks(marked)]
    if cursor is not None:
        parts.append(_rectangle(cursor[0], 0, cursor[1], TRACK_HEIGHT, 'class="ep-cursor" fill-opacity=".13"'))
    bars = bar_geometry(values, starts, limits, foot)
    parts.append(f'<path d="{_bar_path(bars)}" fill="{_colour(colour)}" {_hairline(colour)}/>')
    if cursor is not None and cursor[0] in starts:
        here = starts.index(cursor[0])
        in_hand = bar_geometry(values[here : here + 1], cursor[:1], limits, foot)
        style = f'fill="{_colour("warning")}" {_hairline("warning")}'
        parts.append(f'<path class="ep-cursor-bar" d="{_bar_path(in_hand)}" {style}/>')
    lines = {float(np.clip(foot, *limits)), *([0.0] if limits[0] < 0 < limits[1] else [])}
    parts.extend(_baseline(extent[1], _downwards(line, limits), extent[0]) for line in sorted(lines))
    return _stretched("".join(parts), extent, height, title, description, "ep-track")


def value_limits(values: Array) -> tuple[float, float]:
    """Ends of a value axis that holds 0 and every finite value."""
    finite = values[np.isfinite(values)]
    low, high = float(min(0.0, finite.min(initial=0.0))), float(max(0.0, finite.max(initial=0.0)))
    return (low, high) if high > low else (0.0, 1.0)


def bar_geometry(values: Array, starts: Sequence[int], limits: tuple[float, float], foot: float = 0.0) -> Bars:
    """Place bars that rise or hang from their foot.

    Parameters
    ----------
    values : shape (window,)
    starts : sequence of int, a window
    limits : (float, float), not equal
    foot : float

    Returns
    -------
    Bars
        Beyond `MOST_BARS` neighbours share a bar as tall as the one farthest from the foot.
    """
    group = math.ceil(len(values) / MOST_BARS)
    left, tallest = np.asarray(starts, dtype=float), values
    if group > 1:
        padded = np.full(math.ceil(len(values) / group) * group, np.nan)
        padded[: len(values)] = np.where(np.isfinite(values), values, np.nan)
        rows = padded.reshape(-1, group)
        pick = np.argmax(np.nan_to_num(np.abs(rows - foot), nan=-1.0), axis=1)
        left, tallest = left[::group], rows[np.arange(len(rows)), pick]
    drawn = np.isfinite(tallest)
    left, ends = left[drawn], np.clip(tallest[drawn], *limits)
    tips, feet = _downwards(ends, limits), _downwards(float(np.clip(foot, *limits)), limits)
    return Bars(left, np.full(len(left), float(group)), np.minimum(tips, feet), np.abs(tips - feet))


def sequence_band_svg(
    sequence: str,
    *,
    title: str,
    description: str = "",
    extent: tuple[int, int] | None = None,
    cursor: tuple[int, int] | None = None,
    height: int = 18,
) -> str:
    """Draw a whole sequence as a band of colours, paler outside the current window; letters need `sequence_svg`.

    Parameters
    ----------
    sequence : str
    title, description : str
    extent, cursor : (int, int) or None
        As for `bar_track_svg`.
    height : int, pixels
    """
    runs: dict[str, list[str]] = {}
    for place, length, letter in _runs(sequence.upper()):
        runs.setdefault(letter, []).append(f"M{place} 0h{length}v100h-{length}z")
    paths = [f'<path fill="{_nucleotide(letter)}" d="{"".join(parts)}"/>' for letter, parts in sorted(runs.items())]
    if cursor is not None:
        veil = f'class="ep-veil" fill="{_colour("ground")}" fill-opacity=".6"'
        stop = cursor[0] + cursor[1]
        paths.append(_rectangle(0, 0, max(cursor[0], 0), TRACK_HEIGHT, veil))
        paths.append(_rectangle(stop, 0, max(len(sequence) - stop, 0), TRACK_HEIGHT, veil))
    return _stretched("".join(paths), extent or (0, len(sequence)), height, title, description, "ep-band")


def sequence_svg(
    sequence: str,
    *,
    title: str,
    description: str = "",
    first: int = 0,
    window: tuple[int, int] | None = None,
    onehot: bool = False,
    alphabet: str | Alphabet = DNA,
    cell: int = 22,
) -> str:
    """Draw a stretch of letters, and below it, as an option, its one-hot matrix.

    Parameters
    ----------
    sequence : str
        The stretch.
    title, description : str
    first : int
        Place of its first letter in the whole sequence, from 0; numbers on screen count from 1.
    window : (int, int) or None
        First letter, in the whole sequence, and width of the window to frame.
    onehot : bool
    alphabet : Alphabet or its name
        The rows of the matrix; DNA or RNA.
    cell : int, pixels a letter
        The picture keeps this size; give it a box that scrolls.
    """
    rows = get_alphabet(alphabet).letters if onehot else ""
    indent = cell if onehot else 0
    parts = [_ruler(first, len(sequence), cell, indent)]
    for column, letter in enumerate(sequence.upper()):
        x = indent + column * cell
        parts.append(_glyph(letter, x + cell * 0.16, 18 + cell * 0.1, cell * 0.68, cell * 0.8))
        parts.extend(_one_hot_column(letter, rows, x, cell))
    for row, letter in enumerate(rows):
        parts.append(_glyph(letter, cell * 0.2, 18 + cell * (1.45 + row), cell * 0.45, cell * 0.5))
    bottom = 18 + cell * (1 + (len(rows) + 0.2 if rows else 0))
    if window is not None:
        left, width = indent + (window[0] - first) * cell, window[1] * cell
        frame = f'fill="none" stroke="{_colour("warning")}" stroke-width="2" rx="3"'
        parts.append(_rectangle(left, 17, width, bottom - 16, frame))
    wide, tall = indent + len(sequence) * cell + 2, bottom + 4
    opening = f'<svg class="ep-letters" width="{wide}" height="{tall:g}" viewBox="0 0 {wide} {tall:g}" role="img">'
    return f"{opening}{_named(title, description)}{''.join(parts)}</svg>"


def _one_hot_column(letter: str, rows: str, x: float, cell: int) -> list[str]:
    """The squares of one letter: filled where the row is the letter."""
    squares = []
    for row, name in enumerate(rows):
        style = f'fill="{_nucleotide(name)}"' if name == letter else f'fill="none" stroke="{_colour("line")}"'
        squares.append(_rectangle(x + 2, 18 + cell * (1.2 + row) + 2, cell - 4, cell - 4, style + ' rx="2"'))
    return squares


def _ruler(first: int, length: int, cell: int, indent: int) -> str:
    """A number over every tenth letter, and over the first."""
    marks = []
    for column in range(length):
        number = first + column + 1
        if number > 0 and (number % 10 == 0 or (column == 0 and number % 10 < 8)):
            x = indent + (column + 0.5) * cell
            marks.append(
                f'<text x="{x:g}" y="12" font-size="12" text-anchor="middle" fill="{_colour("muted")}">{number}</text>'
            )
    return "".join(marks)


def _glyph(letter: str, x: float, y: float, width: float, height: float) -> str:
    outline = GLYPHS.get(letter, GLYPHS["N"])
    place = f"translate({_number(x)},{_number(y)}) scale({_number(width / 100, 4)},{_number(height / 100, 4)})"
    return f'<path fill="{_nucleotide(letter)}" transform="{place}" d="{outline}"/>'


def _runs(sequence: str) -> list[tuple[int, int, str]]:
    """Equal neighbours as (place, length, letter)."""
    letters = np.array(list(sequence or " "))
    places = np.flatnonzero(np.r_[True, letters[1:] != letters[:-1]])
    lengths = np.diff(np.r_[places, len(letters)])
    return [(int(p), int(n), str(letters[p])) for p, n in zip(places, lengths, strict=True)]


def _marks(marked: Iterable[int]) -> str:
    """Grey ground under the marked letters, neighbours joined."""
    places = np.array(sorted(set(marked)), dtype=int)
    if not len(places):
        return ""
    breaks = np.flatnonzero(np.diff(places) > 1)
    lefts, rights = places[np.r_[0, breaks + 1]], places[np.r_[breaks, len(places) - 1]]
    style = f'class="ep-partial" fill="{_colour("line")}"'
    return "".join(
        _rectangle(int(a), 0, int(b - a + 1), TRACK_HEIGHT, style) for a, b in zip(lefts, rights, strict=True)
    )


def _bar_path(bars: Bars) -> str:
    """One path for all bars; those too low to be seen are left out."""
    pieces = []
    for left, width, top, height in zip(*(column.tolist() for column in bars), strict=True):
        if height >= 0.05:
            pieces.append(f"M{left:g} {_number(top)}h{width:g}v{_number(height)}h-{width:g}z")
    return "".join(pieces)


def _downwards(value: Any, limits: tuple[float, float]) -> Any:
    return (limits[1] - value) / (limits[1] - limits[0]) * TRACK_HEIGHT


def _stretched(shapes: str, extent: tuple[int, int], height: int, title: str, description: str, css_class: str) -> str:
    """An SVG as wide as its box; shapes stretch, so it holds no text."""
    box = f"{extent[0]} 0 {max(extent[1] - extent[0], 1)} {TRACK_HEIGHT:g}"
    size = f'width="100%" height="{height}" viewBox="{box}" preserveAspectRatio="none"'
    return f'<svg class="{css_class}" {size} role="img">{_named(title, description)}{shapes}</svg>'


def _named(title: str, description: str) -> str:
    described = f"<desc>{html.escape(description)}</desc>" if description else ""
    return f"<title>{html.escape(title)}</title>{described}"


def _rectangle(x: float, y: float, width: float, height: float, style: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" {style}/>'


def _baseline(end: int, y: float, start: int = 0) -> str:
    return f'<path d="M{start} {_number(y)}H{end}" fill="none" {_hairline("muted")}/>'


def _hairline(colour: str) -> str:
    """A stroke that stays one pixel thick however the picture stretches, so that no bar is too thin to see."""
    return f'stroke="{_colour(colour)}" vector-effect="non-scaling-stroke"'


def _colour(name: str) -> str:
    colours = {**LIGHT._asdict(), **LIGHT.methods}
    return f"var(--ep-{name},{colours[name]})"


def _nucleotide(letter: str) -> str:
    known = letter if letter in LIGHT.nucleotides else "N"
    return f"var(--ep-{known},{LIGHT.nucleotides[known]})"


def _number(value: float, digits: int = 2) -> str:
    """As few characters as the eye needs."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return text if text not in {"-0", ""} else "0"
