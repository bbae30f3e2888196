"""Pieces of HTML that every panel needs: numbers that carry their full value, text of the user made harmless."""

from __future__ import annotations

import html
import math
import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

escape = html.escape


def bullets(notes: Iterable[str]) -> str:
    """Sentences as a list."""
    return f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>"


def notes_list(notes: Sequence[str], *, seen: int = 2) -> str:
    """Sentences as a list; of a long one the first are seen, the others behind a line that tells how many they are."""
    if len(notes) <= seen + 1:
        return bullets(notes)
    told = f"How it was read: {len(notes) - seen} more lines"
    return f"{bullets(notes[:seen])}<details><summary>{told}</summary>{bullets(notes[seen:])}</details>"


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


def filled(template: str, values: Mapping[str, Any]) -> str:
    """A formula with its numbers: `{name}` becomes `number(name, values[name])`, a string becomes itself, escaped."""
    pieces = []
    for text, name, _, _ in string.Formatter().parse(template):
        pieces.append(text)
        if name is not None:
            value = values[name]
            pieces.append(escape(value) if isinstance(value, str) else number(name, value))
    return "".join(pieces)
