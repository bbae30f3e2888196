"""Renders pages: the part that needs no kernel first, and each template compiled once.

Stock Voilà sends nothing before a kernel has started, then the page in some sixty pieces with other work between
them; and each page compiles its seventeen templates again, which blocks the server for a fifth of a second.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from epool_viz.app.server.upstream import NotebookRenderer, Voila, get_page_config, use_compiled_templates

PRELUDE_END = "<!-- from here on with a kernel -->"  # stands in the template
ALIVE = "<script>window.voila_heartbeat()</script>\n"  # what keeps a proxy from giving up a page that takes long


class CompiledTemplates(BytecodeCache):
    """Templates compiled by this process; Jinja compares the source and compiles again after a change."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load the compiled template into a bucket."""
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Store a compiled template."""
        self._code[bucket.key] = bucket.bytecode_to_string()


COMPILED = CompiledTemplates()


class Renderer(NotebookRenderer):
    """Voilà's renderer, made for each page, with the templates that are compiled already.

    Parameters
    ----------
    name : str
        File name of the dashboard.
    server : Voila
    """

    def __init__(self, name: str, server: Voila) -> None:
        shared = {"base_url": server.base_url, "voila_configuration": server.voila_configuration}
        super().__init__(
            traitlet_config=server.config,
            notebook_path=name,
            template_paths=server.template_paths,
            config_manager=server.config_manager,
            contents_manager=server.contents_manager,
            kernel_spec_manager=server.kernel_spec_manager,
            page_config=get_page_config(**shared, settings=server.app.settings, log=server.log),
            **shared,
        )

    async def initialize(self, **kwargs: Any) -> None:
        """Read the notebook and set up the templates."""
        await super().initialize(**kwargs)
        use_compiled_templates(self, COMPILED)

    @property
    def kernel_name(self) -> str:
        """The kernel that the notebook names."""
        return str(self.notebook.metadata.kernelspec.name)


class Page:
    """A dashboard that is being rendered with a kernel of its own, with or without a visitor.

    Parameters
    ----------
    renderer : Renderer
        Initialized.
    kernel_id : str
    manager : SeatedKernelManager
        Whose kernel it is.
    """

    def __init__(self, renderer: Renderer, kernel_id: str, manager: Any) -> None:
        self.kernel_id = kernel_id
        self.manager = manager
        self.process_id = manager.process_of(kernel_id)
        self._snippets: asyncio.Queue[str | None] = asyncio.Queue()
        self._patience = renderer.voila_configuration.http_keep_alive_timeout
        self._rendering = asyncio.create_task(self._render(renderer))
        self._rendering.add_done_callback(lambda done: done.cancelled() or done.exception())  # `snippets` raises it
        self._has_died = False

    @property
    def has_died(self) -> bool:
        """Whether its kernel has ended without a request, even if it was restarted."""
        self._has_died = self._has_died or self.manager.has_died(self.kernel_id, self.process_id)
        return self._has_died

    @property
    def is_over(self) -> bool:
        """Whether its kernel has ended or is about to, for whatever reason."""
        return self.kernel_id not in self.manager or self.manager.is_ending(self.kernel_id) or self.has_died

    async def _render(self, renderer: Renderer) -> None:
        BEING_RENDERED.set(self)
        try:
            kernel = self.manager.get_kernel(self.kernel_id)
            async with contextlib.aclosing(renderer.generate_content_generator(self.kernel_id, kernel)) as snippets:
                async for snippet, _ in snippets:
                    self._snippets.put_nowait(snippet)
        finally:
            self._snippets.put_nowait(None)

    async def snippets(self) -> AsyncIterator[str]:
        """The page in pieces as they are rendered; those already rendered in one piece. To be read once.

        Raises
        ------
        Exception
            What ended the rendering.
        """
        is_whole = False
        while not is_whole:
            try:
                pieces = [await asyncio.wait_for(self._snippets.get(), self._patience)]
            except TimeoutError:
                yield ALIVE
                continue
            while not self._snippets.empty():
                pieces.append(self._snippets.get_nowait())
            is_whole = pieces[-1] is None
            yield "".join(piece for piece in pieces if piece is not None)
        await self._rendering

    def abandon(self, *, is_restarting: bool = False) -> None:
        """Stop rendering and end the kernel, after Jupyter has restarted it: the visitor has left."""
        self._rendering.cancel()
        if is_restarting:
            self.manager.end_once_restarted(self.kernel_id)
        else:
            self.manager.end_soon(self.kernel_id)


BEING_RENDERED: ContextVar[Page | None] = ContextVar("BEING_RENDERED", default=None)


class Preludes:
    """Head and wait screen of the dashboards, which need no kernel: rendered once, and again when a file changed.

    Parameters
    ----------
    server : Voila
    """

    def __init__(self, server: Voila) -> None:
        self.server = server
        self._rendered: dict[tuple[str, float], str] = {}

    async def of(self, name: str) -> str:
        """The page of a dashboard as far as `PRELUDE_END`, from the same template as the whole."""
        key = (name, (Path(self.server.root_dir) / name).stat().st_mtime)
        if key not in self._rendered:
            self._rendered[key] = await self._render(name)
        return self._rendered[key]

    async def _render(self, name: str) -> str:
        renderer = Renderer(name, self.server)
        await renderer.initialize()
        rendered = ""
        async with contextlib.aclosing(renderer.generate_content_generator()) as snippets:
            async for snippet, _ in snippets:
                rendered += snippet
                if PRELUDE_END in rendered:
                    break
        return rendered.partition(PRELUDE_END)[0]


async def after_prelude(snippets: AsyncIterator[str]) -> AsyncIterator[str]:
    """What a page has after `PRELUDE_END`, wherever its snippets are cut."""
    before: str | None = ""
    async for snippet in snippets:
        if before is None:
            yield snippet
            continue
        before += snippet
        _, end, rest = before.partition(PRELUDE_END)
        if end:
            before = None
            yield rest
