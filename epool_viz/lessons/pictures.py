"""Pictures and small tables of a lesson: static, with a text that says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from epool_viz.core.alphabet import DNA
from epool_viz.core.motifs import consensus, information_content
from epool_viz.core.trace import EStepTrace
from epool_viz.figures.svg import bar_track_svg, logo_svg, sequence_band_svg
from epool_viz.lessons.checking import shown

_FIGURE = Markup(
    '<figure class="ep-lesson-picture" style="background:#fff;color:#16202a;margin:.5rem 0;padding:.5rem .75rem;'
    'max-width:{};border:1px solid #d5dce3;border-radius:8px">{}<figcaption style="color:#52606d;font-size:.9rem">'
    "{}</figcaption></figure>"
)
_TABLE = Markup(
    '<div role="region" tabindex="0" aria-label="{}" style="overflow-x:auto">'
    '<table style="border-collapse:collapse;font-variant-numeric:tabular-nums"><thead><tr>{}</tr></thead>'
    "<tbody>{}</tbody></table></div>"
)
_COLUMN_HEAD = Markup('<th scope="col" style="padding:.15rem .6rem;text-align:right">{}</th>')
_ROW = Markup('<tr><th scope="row" style="padding:.15rem .6rem;text-align:left">{}</th>{}</tr>')
_CELL = Markup('<td style="padding:.15rem .6rem;text-align:right">{}</td>')


@dataclass(frozen=True)
class Picture:
    """A picture that Jupyter shows; printed as text it says the same.

    Attributes
    ----------
    html : Markup
    words : str
    svg : str
        The picture alone; "" for a table.
    """

    html: Markup
    words: str
    svg: str = ""

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        return str(self.html)


def _picture(inner: Markup, caption: str, words: str, svg: str, width: str) -> Picture:
    return Picture(_FIGURE.format(width, inner, caption), words, svg)


def _sized(svg: Markup, height: int) -> Markup:
    """With a height that JupyterLab's rules leave alone: they set that of every SVG to "auto"."""
    return svg.replace("<svg ", Markup('<svg style="display:block;height:{}px" ').format(height), 1)


def show_logo(ppm: Any, title: str, *, background: Any = None) -> Picture:
    """Draw a motif as a logo.

    Parameters
    ----------
    ppm : shape (letter, position)
        Letter probabilities.
    title : str
        Which motif this is.
    background : shape (letter,), or None for uniform

    Returns
    -------
    Picture

    Raises
    ------
    ArgumentError
        If a column is no distribution.
    """
    bits = np.asarray(information_content(ppm, background))
    likeliest = consensus(ppm, DNA.letters, background)
    words = f"{title}: likeliest letters {likeliest}, {shown(float(bits.sum()))} bits in {len(bits)} columns."
    svg = Markup(logo_svg(ppm, title=title, description=words, background=background, height=110))
    caption = f"{title}. Height of a column: its information, {shown(float(bits.max()))} bits at the most."
    return _picture(_sized(svg, 110), caption, words, svg, f"{max(14.0, 2.2 * len(bits)):g}rem")


def show_posterior(trace: EStepTrace, title: str = "Posterior of every window") -> Picture:
    """Draw where the site is, by the posterior of an E-step.

    Parameters
    ----------
    trace : EStepTrace
    title : str

    Returns
    -------
    Picture
    """
    posterior = np.asarray(trace.posterior, dtype=float)
    best = int(posterior.argmax())
    start = trace.starts[best] + 1
    words = f"{title}: the largest, {shown(float(posterior[best]))}, is that of the window at letter {start}."
    return _track(trace, posterior, title, words, limits=(0.0, 1.0), span="Height: 0 to 1.")


def show_scores(trace: EStepTrace, title: str = "Score of every window") -> Picture:
    """Draw the scores of all windows.

    Parameters
    ----------
    trace : EStepTrace
    title : str

    Returns
    -------
    Picture
    """
    scores = np.asarray(trace.scores, dtype=float)
    best = int(scores.argmax())
    low, high = float(scores.min()), float(scores.max())
    words = f"{title}: from {shown(low)} to {shown(high)}, which is that of the window at {trace.starts[best] + 1}."
    span = f"Height: {shown(low)} to {shown(high)}."
    return _track(trace, scores, title, words, limits=(low, high), span=span, foot=low)


def _track(
    trace: EStepTrace, values: Any, title: str, words: str, *, limits: tuple[float, float], span: str, foot: float = 0.0
) -> Picture:
    extent = (0, len(trace.sequence))
    bars = Markup(
        bar_track_svg(
            values,
            title=title,
            description=words,
            starts=trace.starts,
            extent=extent,
            limits=limits,
            foot=foot,
            colour="expectation",
            height=110,
        )
    )
    band = Markup(sequence_band_svg(trace.sequence, title="The letters, as colours", extent=extent))
    caption = f"{words} {span} Below it the letters, as colours."
    return _picture(_sized(bars, 110) + _sized(band, 18), caption, words, bars, "46rem")


def show_bars(values: Any, names: Sequence[str], title: str, unit: str = "") -> Picture:
    """Draw a few numbers as bars, each with its name and its value.

    Parameters
    ----------
    values : shape (bar,)
    names : sequence of str
    title, unit : str

    Returns
    -------
    Picture
    """
    numbers = np.asarray(values, dtype=float)
    told = [f"{name} {shown(float(x))}" for name, x in zip(names, numbers, strict=True)]
    words = f"{title}{f' ({unit})' if unit else ''}: {', '.join(told)}."
    svg = Markup(bar_track_svg(numbers, title=title, description=words, colour="expectation", height=90))
    cells = Markup('<div style="display:flex;text-align:center;font-size:.85rem">{}</div>')
    each = Markup('<span style="flex:1 1 0;min-width:0">{}<br>{}</span>')
    labels = Markup("").join(each.format(n, shown(float(x))) for n, x in zip(names, numbers, strict=True))
    inner = _sized(svg, 90) + cells.format(labels)
    return _picture(
        inner, title + (f", {unit}" if unit else "") + ".", words, svg, f"{max(16.0, 4.5 * len(names)):g}rem"
    )


def show_table(rows: Mapping[str, Any], columns: Sequence[str] = (), *, caption: str, digits: int = 2) -> Picture:
    """Show a few numbers as a table.

    Parameters
    ----------
    rows : mapping
        Name of a row -> its number or numbers.
    columns : sequence of str
        Names of the columns; none where a row has one number.
    caption : str
        What the numbers are, with their unit.
    digits : int
        Of each number, after the point.

    Returns
    -------
    Picture
    """
    cells = {name: [_rounded(x, digits) for x in _listed(values)] for name, values in rows.items()}
    names = Markup("").join(_COLUMN_HEAD.format(name) for name in columns)
    head = Markup("<td></td>{}").format(names) if columns else names
    body = Markup("").join(
        _ROW.format(name, Markup("").join(_CELL.format(x) for x in numbers)) for name, numbers in cells.items()
    )
    words = f"{caption}: " + "; ".join(f"{name} {' '.join(numbers)}" for name, numbers in cells.items()) + "."
    return _picture(_TABLE.format(caption, head, body), caption + ".", words, "", "fit-content")


def _listed(values: Any) -> list[Any]:
    """As a list; counts in it stay whole numbers."""
    return list(values) if isinstance(values, list | tuple) else np.atleast_1d(values).tolist()


def _rounded(value: Any, digits: int) -> str:
    if isinstance(value, str | int):
        return str(value)
    value = float(value)
    if value and abs(value) < 0.5 * 10.0**-digits:
        return "0 (to rounding)" if abs(value) < 1e-12 else f"{value:.1e}".replace("-", "−")
    return f"{value:.{digits}f}".replace("-", "−")
