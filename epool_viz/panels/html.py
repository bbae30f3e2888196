"""Pieces of HTML that every panel needs: numbers that carry their full value, text of the user made harmless."""

from __future__ import annotations

import html
import math
import string
from collections.abc import Iterable, Mapping
from typing import Any

escape = html.escape


def number(name: str, value: float, *, digits: int = 3) -> str:
    """A number rounded for the eye, with the value itself in `data-value` under its `data-name`.

    Parameters
    ----------
    name : str
        What the number is: a name of `EStepTrace` where there is one.
    value : float or int
    digits : int
        After the point.
    """
    exact = repr(value if isinstance(value, int) else float(value))
    return f'<data class="ep-number" data-name="{escape(name)}" data-value="{exact}">{rounded(value, digits)}</data>'


def rounded(value: float, digits: int = 3) -> str:
    """A number as print shows it: true minus, powers of ten where the point would stand far away."""
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−").replace(",", "\u202f")
    value = float(value)
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "−∞" if value < 0 else "∞"
    if value and not 10.0**-digits <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}×10<sup>{int(exponent)}</sup>".replace("-", "−")
    return f"{value:.{digits}f}".replace("-", "−")


def percent(name: str, share: float) -> str:
    """A share as a percentage, the share itself in `data-value`."""
    shown = f"{100 * share:.0f}" if share < 0.995 or share == 1 else f"{100 * share:.1f}"
    shown = "<1" if 0 < share < 0.005 else ">99.9" if shown == "100.0" else shown
    return f'<data class="ep-number" data-name="{escape(name)}" data-value="{float(share)!r}">{shown}\u00a0%</data>'


def filled(template: str, values: Mapping[str, Any]) -> str:
    """A formula with its numbers: `{name}` becomes `number(name, values[name])`, a string becomes itself, escaped."""
    pieces = []
    for text, name, _, _ in string.Formatter().parse(template):
        pieces.append(text)
        if name is not None:
            value = values[name]
            pieces.append(escape(value) if isinstance(value, str) else number(name, value))
    return "".join(pieces)


def table(header: Iterable[str], rows: Iterable[Iterable[str]], *, caption: str, css_class: str = "") -> str:
    """A table under its caption, in a box that scrolls sideways and can be reached by the keyboard; cells are HTML."""
    head = "".join(f'<th scope="col">{cell}</th>' for cell in header)
    body = "".join(f"<tr>{''.join(_cells(row))}</tr>" for row in rows)
    return (
        f'<p class="ep-caption">{escape(caption)}</p>'
        f'<div class="ep-scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="ep-table {css_class}" aria-label="{escape(caption)}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(row: Iterable[str]) -> Iterable[str]:
    first, *others = row
    return [f'<th scope="row">{first}</th>', *(f"<td>{cell}</td>" for cell in others)]
