"""Print-quality logos, drawn by logomaker.

The only place where a matrix is turned to logomaker's (position, letter). matplotlib, pandas and logomaker, a second
and 250 MB, are imported when a logo is drawn, and pyplot's list of open figures is unchanged.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epool_viz._writing import write_file
from epool_viz.core.alphabet import DNA, Alphabet, get_alphabet
from epool_viz.errors import ArgumentError
from epool_viz.figures.heights import AXIS_LABELS, height_limits, letter_heights
from epool_viz.figures.palette import letter_colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("svg", "png", "pdf")


def logo_figure(
    matrix: Any,
    *,
    kind: str = "information",
    background: Any = None,
    alphabet: str | Alphabet = DNA,
    title: str = "",
) -> Figure:
    """Draw a logo for print.

    Parameters
    ----------
    matrix, kind, background, alphabet : as for `letter_heights`
    title : str
        Which matrix this is; without one the kind is written.

    Returns
    -------
    matplotlib Figure with one Axes; it belongs to no window and needs no closing.
    """
    alphabet = get_alphabet(alphabet)
    heights = letter_heights(matrix, kind=kind, background=background, alphabet=alphabet)
    # imported here: looking at a dashboard must not cost matplotlib and pandas
    import logomaker
    import pandas as pd
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    n_positions = heights.shape[1]
    figure = Figure(figsize=(max(3.0, 0.36 * n_positions + 1.0), 2.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    # (letter, position) -> (position, letter), positions counted from 1 as biologists do
    frame = pd.DataFrame(heights.T, columns=list(alphabet.letters), index=range(1, n_positions + 1))
    logomaker.Logo(frame, ax=axes, color_scheme=letter_colours(alphabet), show_spines=False)
    axes.spines[["left", "bottom"]].set_visible(True)
    low, high = height_limits(heights, kind=kind, background=background)
    axes.set(ylim=(low, high), xlabel="position", ylabel=AXIS_LABELS[kind], title=title or f"{kind} logo")
    axes.set_xticks(range(1, n_positions + 1) if n_positions <= 30 else range(5, n_positions + 1, 5))
    return figure


def save_logo(figure: Figure, path: str | Path) -> Path:
    """Write a logo as SVG, PNG (300 dpi) or PDF, by the ending of `path`.

    Raises
    ------
    ArgumentError
        For another ending.
    """
    path = Path(path)
    ending = path.suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise ArgumentError("path", f"{path.name!r}", "a name that ends in .svg, .png or .pdf")
    drawn = io.BytesIO()
    figure.savefig(drawn, format=ending, dpi=300)
    write_file(path, drawn.getvalue())
    return path
