"""Pages in two parts, and templates that are compiled once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader
from voila.notebook_renderer import NotebookRenderer

from epool_viz.app.server import page_rendering, settings
from epool_viz.app.server.page_rendering import PRELUDE_END, CompiledTemplates, Preludes, after_prelude

TEMPLATE = settings.JUPYTER_DATA / "voila" / "templates" / settings.TEMPLATE / "index.html.j2"


def rest_of(snippets: list[str]) -> str:
    async def given_out() -> AsyncIterator[str]:
        for snippet in snippets:
            yield snippet

    async def collected() -> list[str]:
        return [snippet async for snippet in after_prelude(given_out())]

    return "".join(asyncio.run(collected()))


@given(before=st.text("<!- x", max_size=9), after=st.text("<!- y", max_size=9), data=st.data())
def test_what_follows_the_prelude_is_whole_wherever_it_is_cut(before: str, after: str, data: st.DataObject) -> None:
    page = before + PRELUDE_END + after
    cuts = sorted(data.draw(st.sets(st.integers(1, len(page) - 1), max_size=7)))
    snippets = [page[a:b] for a, b in zip([0, *cuts], [*cuts, len(page)], strict=True)]
    assert rest_of(snippets) == after


def test_template_has_one_end_of_the_prelude_and_no_kernel_before_it() -> None:
    before, *after = TEMPLATE.read_text(encoding="utf-8").split(PRELUDE_END)
    assert len(after) == 1
    assert "kernel_start" not in before
    assert "kernel_id" not in before


def test_prelude_is_drawn_again_only_when_the_notebook_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    async def draw(self: Preludes, name: str, handler: Any) -> str:
        drawn.append(name)
        return f"{name} {len(drawn)}"

    monkeypatch.setattr(Preludes, "_draw", draw)
    handler: Any = SimpleNamespace(contents_manager=SimpleNamespace(root_dir=str(tmp_path)))
    for name in ("a.ipynb", "b.ipynb"):
        nbformat.write(nbformat.v4.new_notebook(), tmp_path / name)
    preludes = Preludes()
    told = [asyncio.run(preludes.of(name, handler)) for name in ("a.ipynb", "b.ipynb", "a.ipynb")]
    assert told == ["a.ipynb 1", "b.ipynb 2", "a.ipynb 1"]
    (tmp_path / "a.ipynb").touch()
    assert asyncio.run(preludes.of("a.ipynb", handler)) == "a.ipynb 3"


def test_template_is_compiled_once_for_all_pages_and_again_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    compile_one = Environment.compile

    def counted(self: Environment, *args: Any, **kwargs: Any) -> Any:
        compiled.append(args[1])
        return compile_one(self, *args, **kwargs)

    monkeypatch.setattr(Environment, "compile", counted)
    cache = CompiledTemplates()

    def page(n: int) -> str:
        environment = Environment(loader=FileSystemLoader(tmp_path), bytecode_cache=cache, autoescape=True)
        return environment.get_template("page.html").render(n=n)

    (tmp_path / "page.html").write_text("page {{ n }}", encoding="utf-8")
    assert [page(3), page(5)] == ["page 3", "page 5"]
    assert compiled == ["page.html"]
    (tmp_path / "page.html").write_text("leaf {{ n }}", encoding="utf-8")
    assert page(7) == "leaf 7"
    assert compiled == ["page.html"] * 2


def test_pages_are_exported_with_the_templates_of_all() -> None:
    exporter = page_rendering.Exporter(template_name="lab")
    assert exporter.environment.bytecode_cache is page_rendering.COMPILED
    assert NotebookRenderer.initialize.__globals__["VoilaExporter"] is page_rendering.Exporter
