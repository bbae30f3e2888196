"""Pages in two parts, and templates that are compiled once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader
from traitlets.config import Config

from epool_viz.app.server import page_rendering, settings
from epool_viz.app.server.kernels import ThisPython
from epool_viz.app.server.page_rendering import (
    PRELUDE_END,
    CompiledTemplates,
    Page,
    Preludes,
    Renderer,
    after_prelude,
)
from epool_viz.app.server.voila import in_one_line

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

    async def draw(self: Preludes, name: str) -> str:
        drawn.append(name)
        return f"{name} {len(drawn)}"

    monkeypatch.setattr(Preludes, "_render", draw)
    server: Any = SimpleNamespace(root_dir=str(tmp_path))
    for name in ("a.ipynb", "b.ipynb"):
        nbformat.write(nbformat.v4.new_notebook(), tmp_path / name)
    preludes = Preludes(server)
    told = [asyncio.run(preludes.of(name)) for name in ("a.ipynb", "b.ipynb", "a.ipynb")]
    assert told == ["a.ipynb 1", "b.ipynb 2", "a.ipynb 1"]
    (tmp_path / "a.ipynb").touch()
    assert asyncio.run(preludes.of("a.ipynb")) == "a.ipynb 3"


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


def server_of(folder: Path) -> Any:
    """As much of a server as renders a page of a folder."""
    from jupyter_server.services.contents.largefilemanager import LargeFileManager
    from voila.configuration import VoilaConfiguration
    from voila.paths import collect_template_paths

    log = logging.getLogger("a server")
    return SimpleNamespace(
        base_url="/",
        config=Config(settings.VOILA),
        voila_configuration=VoilaConfiguration(config=Config(settings.VOILA)),
        template_paths=collect_template_paths(["voila", "nbconvert"], "lab", prune=True),
        config_manager=None,
        contents_manager=LargeFileManager(root_dir=str(folder)),
        kernel_spec_manager=ThisPython(),
        app=SimpleNamespace(settings={"page_config_data": {}, "server_root_dir": "/"}),
        log=log,
    )


def test_pages_are_rendered_with_the_templates_of_all(tmp_path: Path) -> None:
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "a.ipynb")
    renderer = Renderer("a.ipynb", server_of(tmp_path))
    asyncio.run(renderer.initialize())
    assert renderer.exporter.environment.bytecode_cache is page_rendering.COMPILED
    assert renderer.kernel_name == "python3"


class FakeRenderer:
    """Renders two pieces, with a pause between them, and ends as it is told."""

    voila_configuration = SimpleNamespace(http_keep_alive_timeout=0.05)

    def __init__(self, ends_with: BaseException | None = None) -> None:
        self.may_go_on = asyncio.Event()
        self.ends_with = ends_with
        self.is_closed = False

    async def generate_content_generator(self, kernel_id: str, kernel: Any) -> AsyncIterator[tuple[str, Any]]:
        try:
            yield kernel_id, {}
            yield " and ", {}
            await self.may_go_on.wait()
            if self.ends_with is not None:
                raise self.ends_with
            yield "the rest", {}
        finally:
            self.is_closed = True


class Kernel:
    """A manager of one kernel, which has a process."""

    def __init__(self) -> None:
        self.is_known, self.is_ending_now, self.process, self.died = True, False, 100, False

    def __contains__(self, kernel_id: str) -> bool:
        return self.is_known

    def get_kernel(self, kernel_id: str) -> None:
        """Nothing is asked of it here."""

    def process_of(self, kernel_id: str) -> int:
        return self.process

    def has_died(self, kernel_id: str, process_id: int) -> bool:
        return self.died or self.process != process_id

    def is_ending(self, kernel_id: str) -> bool:
        return self.is_ending_now

    def end_soon(self, kernel_id: str) -> None:
        self.is_ending_now = True


def test_a_page_is_rendered_before_it_is_read_and_what_is_there_comes_in_one_piece() -> None:
    async def story() -> None:
        renderer = FakeRenderer()
        page = Page(renderer, "k", Kernel())  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        pieces = page.snippets()
        assert await anext(pieces) == "k and "
        assert await anext(pieces) == page_rendering.ALIVE, "a sign of life while it takes long"
        renderer.may_go_on.set()
        rest = [piece async for piece in pieces if piece != page_rendering.ALIVE]
        assert "".join(rest) == "the rest"
        assert renderer.is_closed

    asyncio.run(story())


def test_whoever_reads_a_page_learns_what_ended_its_rendering() -> None:
    async def story() -> None:
        renderer = FakeRenderer(RuntimeError("no more"))
        renderer.may_go_on.set()
        page = Page(renderer, "k", Kernel())  # type: ignore[arg-type]
        with pytest.raises(RuntimeError, match="no more"):
            [piece async for piece in page.snippets()]
        left = Page(FakeRenderer(), "k", Kernel())  # type: ignore[arg-type]
        await asyncio.sleep(0)
        left.abandon()
        with pytest.raises(asyncio.CancelledError):
            [piece async for piece in left.snippets()]
        assert left.is_over

    asyncio.run(story())


@pytest.mark.parametrize("is_restarted", [False, True])
def test_kernel_of_a_page_has_died_also_when_it_was_started_again(is_restarted: bool) -> None:
    async def story() -> None:
        kernel = Kernel()
        page = Page(FakeRenderer(), "k", kernel)  # type: ignore[arg-type]
        assert not page.has_died
        assert not page.is_over
        kernel.process += is_restarted
        kernel.died = not is_restarted
        assert page.has_died
        assert page.is_over
        kernel.process, kernel.died = 100, False
        assert page.has_died, "what has been seen stays true"

    asyncio.run(story())


def said_while_a_page_is_rendered(kernel: Kernel, error: Exception, level: int = logging.ERROR) -> tuple[bool, Any]:
    """Whether a record with this exception passes the log's filter, and the record."""

    async def story() -> tuple[bool, Any]:
        page_rendering.BEING_RENDERED.set(Page(FakeRenderer(), "k", kernel))  # type: ignore[arg-type]
        record = logging.LogRecord("server", level, "here.py", 1, "failed", (), (type(error), error, None))
        return in_one_line(record), record

    return asyncio.run(story())


@pytest.mark.parametrize("ends", ["is_known", "is_ending_now", "died", None])
def test_only_a_dead_kernel_is_logged_without_traceback(ends: str | None) -> None:
    kernel = Kernel()
    if ends is not None:
        setattr(kernel, ends, ends != "is_known")
    passes, record = said_while_a_page_is_rendered(kernel, RuntimeError("Kernel died before replying"))
    assert passes is (ends is None)
    assert (record.exc_info is None) is (ends is not None)
    assert (record.levelno == logging.ERROR) is (ends is None)


def test_end_of_a_kernel_is_no_error_of_the_server_and_what_is_none_passes() -> None:
    ended = Kernel()
    ended.is_known = False
    assert said_while_a_page_is_rendered(ended, RuntimeError("x"), logging.WARNING)[0]
    record = logging.LogRecord("server", logging.ERROR, "here.py", 1, "Kernel died", (), None)
    assert in_one_line(record), "nobody renders a page here"
    assert record.levelno == logging.ERROR
