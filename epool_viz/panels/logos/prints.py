"""Files that take long: made in a thread, so that the page answers meanwhile."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Any

from epool_viz.components.base import Store
from epool_viz.components.download import Download
from epool_viz.errors import EpoolError
from epool_viz.panels.logos.exports import File, Progress

logger = logging.getLogger(__name__)


class Prints(Download):
    """Downloads of which some are made in a thread.

    Parameters
    ----------
    store, make, options : as for `Download`
    begin : callable
        `begin(name)` gives the function that makes a slow file, or None for what `make` answers at once.
    progress : callable (done, total)
        Called in the page's own loop.
    """

    def __init__(
        self,
        store: Store,
        make: Callable[[str], File],
        options: dict[str, Any],
        *,
        begin: Callable[[str], Callable[[Progress], File] | None],
        progress: Progress,
    ) -> None:
        self.begin = begin
        self.progress = progress
        self._tasks: set[asyncio.Task[None]] = set()
        super().__init__(store, make, options)

    def close(self) -> None:
        """Wait for nothing any more."""
        for task in self._tasks:
            task.cancel()
        super().close()

    def _answer(self, widget: Any, content: Any, buffers: Any) -> None:
        name = content.get("get") if isinstance(content, dict) else None
        try:
            work = self.begin(name) if isinstance(name, str) else None
        except EpoolError as error:
            self.send({"name": name, "error": str(error)})
            return
        if work is None:
            super()._answer(widget, content, buffers)
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # nobody who could wait
            self._tell(str(name), work(self.progress))
            return
        task = loop.create_task(self._attend(str(name), work, loop))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, name: str, work: Callable[[Progress], File], loop: Any) -> None:
        def progress(done: int, total: int) -> None:
            loop.call_soon_threadsafe(self.progress, done, total)

        try:
            self._tell(name, await asyncio.to_thread(work, progress))
        except Exception:
            reference = secrets.token_hex(4)
            logger.exception("a download failed; the page shows error %s", reference)
            sentence = f"This file could not be made, and it is not your doing (error {reference})."
            self.send({"name": name, "error": sentence})
        finally:
            self.progress(0, 0)

    def _tell(self, name: str, made: File) -> None:
        file_name, mime, data = made
        self.send({"name": name, "file_name": file_name, "mime": mime}, buffers=[data])
