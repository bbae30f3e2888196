"""How the server draws pages: the part that needs no kernel at once, and no template compiled twice.

Stock Voilà sends nothing before a kernel has started, then the page in some sixty pieces between which it turns to
other work; and each page compiles its seventeen templates anew, a fifth of a second in which nobody else is served.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import voila.notebook_renderer
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from voila.exporter import VoilaExporter
from voila.handler import VoilaHandler
from voila.notebook_renderer import NotebookRenderer
from voila.utils import get_page_config

PRELUDE_END = "<!-- from here on with a kernel -->"  # stands in the template


class CompiledTemplates(BytecodeCache):
    """Templates compiled by this process; Jinja asks for the source as well, and compiles again when that changed."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket with what is known of it."""
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._code[bucket.key] = bucket.bytecode_to_string()


COMPILED = CompiledTemplates()


class Exporter(VoilaExporter):
    """Voilà's, which is made for each page, with the templates that others have compiled."""

    def _create_environment(self) -> Environment:
        environment: Environment = super()._create_environment()
        environment.bytecode_cache = COMPILED
        return environment


voila.notebook_renderer.VoilaExporter = Exporter  # it can be chosen in no other way


class Preludes:
    """Head and wait screen of the dashboards, which need no kernel: drawn once, and again when a file changed."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[str, float], str] = {}

    async def of(self, name: str, handler: VoilaHandler) -> str:
        """The page of a dashboard as far as `PRELUDE_END`, from the same template as the whole."""
        key = (name, (Path(handler.contents_manager.root_dir) / name).stat().st_mtime)
        if key not in self._drawn:
            self._drawn[key] = await self._draw(name, handler)
        return self._drawn[key]

    async def _draw(self, name: str, handler: VoilaHandler) -> str:
        given = {"base_url": handler.base_url, "voila_configuration": handler.voila_configuration}
        renderer = NotebookRenderer(
            request_handler=handler,
            traitlet_config=handler.traitlet_config,
            notebook_path=name,
            template_paths=handler.template_paths,
            contents_manager=handler.contents_manager,
            kernel_spec_manager=handler.kernel_spec_manager,
            page_config=get_page_config(**given, settings=handler.settings, log=handler.log),
            **given,
        )
        await renderer.initialize()
        drawn = ""
        async with contextlib.aclosing(renderer.generate_content_generator()) as snippets:
            async for snippet, _ in snippets:
                drawn += snippet
                if PRELUDE_END in drawn:
                    break
        return drawn.partition(PRELUDE_END)[0]


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
