"""HTML that escapes by itself: what is no `Markup` is text, and stays text wherever it is put.

A tag stands only in a literal that is given to `Markup`; `format` fills its places (a test reads the source).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape


def each(template: Markup, items: Iterable[Any]) -> Markup:
    """The template once for each item; a tuple fills several places."""
    return Markup("").join(template.format(*(item if isinstance(item, tuple) else (item,))) for item in items)


def around(template: Markup, content: Any) -> Markup:
    """The template with a content in its place; nothing where the content is empty."""
    return template.format(content) if content else Markup("")


def bullets(notes: Iterable[str]) -> Markup:
    """Sentences as a list."""
    return Markup("<ul>{}</ul>").format(each(Markup("<li>{}</li>"), notes))


def notes_list(notes: Sequence[str], *, seen: int = 2) -> Markup:
    """Sentences as a list; a long one shows the first, and the others behind a line with their number."""
    if len(notes) <= seen + 1:
        return bullets(notes)
    folded = Markup("{}<details><summary>How it was read: {} more lines</summary>{}</details>")
    return folded.format(bullets(notes[:seen]), len(notes) - seen, bullets(notes[seen:]))


def row(name: Any, cells: Iterable[Any], *, css_class: str = "") -> Markup:
    """A row of a table: its name, then its cells."""
    kind = around(Markup(' class="{}"'), css_class)
    return Markup('<tr><th scope="row"{}>{}</th>{}</tr>').format(kind, name, each(Markup("<td>{}</td>"), cells))


def table(head: Iterable[Any], rows: Iterable[Markup], *, caption: str = "", label: str = "") -> Markup:
    """A table of `row`s under the names of its columns; with a label it scrolls where it is wider than its place."""
    made = Markup('<table class="ep-table">{}<thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(
        around(Markup("<caption>{}</caption>"), caption),
        each(Markup('<th scope="col">{}</th>'), head),
        Markup("").join(rows),
    )
    wide = Markup('<div class="ep-scroll" role="region" tabindex="0" aria-label="{}">{}</div>')
    return wide.format(label, made) if label else made


def progress(label: str, percent: int | None, said: str) -> Markup:
    """A bar, and a sentence that a screen reader announces; `percent` is None while nobody knows how much is done."""
    now = around(Markup(' aria-valuenow="{}"'), "" if percent is None else str(percent))
    bar = Markup(
        '<div role="progressbar" aria-label="{}" aria-valuemin="0" aria-valuemax="100"{} class="ep-bar{}">'
        '<span style="width:{}%"></span></div>'
    )
    return bar.format(label, now, " is-open" if percent is None else "", percent or 0) + status(said)


def status(said: str) -> Markup:
    """A sentence that a screen reader announces."""
    return around(Markup('<p role="status">{}</p>'), said)


def number(name: str, value: float, *, digits: int = 3) -> Markup:
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
    shown = Markup('<data class="ep-number" data-name="{}" data-value="{}">{}</data>')
    return shown.format(name, exact, rounded(value, digits))


def rounded(value: float, digits: int = 3) -> Markup:
    """A number as print shows it: true minus, powers of ten where the point would stand far away."""
    if isinstance(value, int):
        return escape(f"{value:,}".replace("-", "−").replace(",", "\u202f"))
    value = float(value)
    if not math.isfinite(value):
        return escape("–" if math.isnan(value) else "−∞" if value < 0 else "∞")
    if value and not 10.0**-digits <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.1e}".split("e")
        return Markup("{}×10<sup>{}</sup>").format(mantissa, int(exponent)).replace("-", "−")
    return escape(f"{value:.{digits}f}".replace("-", "−"))


def filled(template: str, values: Mapping[str, Any]) -> Markup:
    """A formula with its numbers: `{name}` becomes `number(name, values[name])`, or the string that stands there."""
    return escape(template).format_map(
        {name: value if isinstance(value, str) else number(name, value) for name, value in values.items()}
    )
