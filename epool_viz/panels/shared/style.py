"""What the panels look like in common: their style sheet, cards, headings, and the parts that a teacher can hide."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import ipywidgets as w

from epool_viz.figures.palette import DARK, LIGHT, component_variables, css_variables
from epool_viz.panels.shared.html import escape


def panel_style(package: str) -> str:
    """The rules of every panel, and those of the panel in `package`, under both palettes."""
    light, dark = (component_variables(palette) + css_variables(palette) for palette in (LIGHT, DARK))
    common = files("epool_viz.panels").joinpath("panel.css").read_text(encoding="utf-8")
    own = files(package).joinpath("style.css").read_text(encoding="utf-8")
    return f'.ep-root{{{light}}}[data-jp-theme-light="false"] .ep-root{{{dark}}}{common}{own}'


def style_sheet(rules: str) -> Any:
    """A widget that brings rules to the page."""
    return w.HTML(f"<style>{rules}</style>")


def card(widget: Any) -> Any:
    """A widget in a frame."""
    return w.Box([widget]).add_class("ep-card")


def part(name: str, widget: Any) -> Any:
    """What a teacher can hide, by its name in the panel's `PARTS`."""
    return widget.add_class(f"ep-part-{name}")


def heading(text: str) -> Any:
    """A heading of the second level."""
    return w.HTML(f"<h2>{escape(text)}</h2>").add_class("ep-heading")
