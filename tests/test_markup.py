"""Every tag stands in a literal that is given to `Markup`, whose `format` escapes what fills it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import epool_viz

PACKAGE = Path(epool_viz.__file__).parent
FILES = sorted(path for room in ("panels", "app") for path in (PACKAGE / room).rglob("*.py"))
TAG = re.compile(r"<[A-Za-z!/]")
WHOLE = {"<!-- from here on with a kernel -->", "<script>window.voila_heartbeat()</script>\n"}  # sent as they stand


def loose_tags(source: str) -> set[int]:
    """The lines of the literals that hold a tag and are neither docstrings nor given to `Markup` as they stand."""
    safe, lines = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr):
            safe.add(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Markup":
            safe |= set(node.args)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and TAG.search(node.value):
            lines |= set() if node in safe or node.value in WHOLE else {node.lineno}
    return lines


def other_widgets(source: str) -> list[int]:
    """The lines that make a widget of HTML that escapes nothing."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [call.lineno for call in calls if ast.unparse(call.func).rpartition(".")[2] in ("HTML", "HTMLMath")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_tag_stands_only_in_a_literal_of_markup(path):
    assert loose_tags(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_html_is_shown_only_by_the_widget_that_escapes(path):
    assert other_widgets(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        'f"<b>{name}</b>"',
        'Markup(f"<b>{name}</b>")',
        '"<b>{}</b>".format(name)',
        'Markup("<b>{}</b>".format(name))',
        '"<b>%s</b>" % name',
        '"<b>" + name',
        'Markup("<b>" + name)',
        '"".join(["<b>", name])',
        'text += "</b>"',
        'said = "<!-- {} -->"',
    ],
)
def test_the_check_of_tags_can_go_red(source):
    assert loose_tags(source if " = " in source or "+=" in source else f"shown = {source}") == {1}


@pytest.mark.parametrize("source", ["w.HTML(text)", "HTML(value=text)", "ipywidgets.HTMLMath()"])
def test_the_check_of_widgets_can_go_red(source):
    assert other_widgets(source) == [1]


def test_a_literal_of_markup_and_a_docstring_are_let_through():
    assert loose_tags('"""A <b>."""\ntext = Markup("<b>{}</b>").format(name)\na = b < c or f"{a}<{b}"\n') == set()
