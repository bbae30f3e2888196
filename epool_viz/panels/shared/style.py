"""What the panels look like in common: their style sheet, cards, headings, and the parts that a teacher can hide."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import ipywidgets as w
from markupsafe import Markup, escape
from traitlets import validate

from epool_viz.figures.palette import DARK, LIGHT, component_variables, css_variables


class Html(w.HTML):
    """A widget of HTML; a value that is no `Markup` is shown as text."""

    value: Markup  # for mypy

    @validate("value")
    def _escaped(self, proposal: dict[str, Any]) -> Markup:
        return escape(proposal["value"])


def panel_style(package: str) -> str:
    """The rules of every panel, and those of the panel in `package`, under both palettes."""
    light, dark = (component_variables(palette) + css_variables(palette) for palette in (LIGHT, DARK))
    common = files("epool_viz.panels").joinpath("panel.css").read_text(encoding="utf-8")
    own = files(package).joinpath("style.css").read_text(encoding="utf-8")
    return f'.ep-root{{{light}}}[data-jp-theme-light="false"] .ep-root{{{dark}}}{common}{own}'


def style_sheet(rules: str) -> Any:
    """A widget that brings rules to the page."""
    return Html(Markup("<style>{}</style>").format(Markup(rules)))  # noqa: S704 - rules of this package


def card(widget: Any) -> Any:
    """A widget in a frame."""
    return w.Box([widget]).add_class("ep-card")


def part(name: str, widget: Any) -> Any:
    """What a teacher can hide, by its name in the panel's `PARTS`."""
    return widget.add_class(f"ep-part-{name}")


def at_depth(depth: str, *widgets: Any) -> tuple[Any, ...]:
    """Widgets that are on the page from a depth on, "explore" or "expert"; at the default, "learn", they are not.

    One whose choice is not the first one is shown at every depth, once it has the class `ep-in-use`.
    """
    return tuple(widget.add_class(f"ep-from-{depth}") for widget in widgets)


def heading(text: str) -> Any:
    """A heading of the second level."""
    return Html(Markup("<h2>{}</h2>").format(text)).add_class("ep-heading")
