"""Files that take long: made beside the page, which answers meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from epool_viz.components.base import Store
from epool_viz.components.download import Download
from epool_viz.errors import EpoolError
from epool_viz.panels.logos.exports import File, Progress
from epool_viz.panels.shared.background_task import BackgroundJob


class Prints(Download):
    """Downloads of which some are made beside the page.

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
        self.jobs: set[_Print] = set()
        super().__init__(store, make, options)

    def close(self) -> None:
        """Wait for nothing any more."""
        for job in self.jobs:
            job.close()
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
        else:
            _Print(self, str(name)).start(work)


class _Print(BackgroundJob):
    """One file."""

    model: Prints

    FAILED = "a download failed"
    DEFECT = "This file could not be made, and it is not your doing"

    def __init__(self, prints: Prints, name: str) -> None:
        super().__init__(prints)
        self.name = name

    def start(self, make: Callable[[Progress], File]) -> None:
        """Make it."""
        self.model.jobs.add(self)
        self.run(lambda tell, _: tell(file=make(lambda done, total: tell(progress=(done, total)))))
        if not self.follow():
            self.join()

    def take(self, events: dict[str, Any]) -> None:
        """Send the page the progress, and the file."""
        if "progress" in events:
            self.model.progress(*events["progress"])
        if "file" in events:
            file_name, mime, data = events["file"]
            self.model.send({"name": self.name, "file_name": file_name, "mime": mime}, buffers=[data])

    def end(self, failure: str, _: Any) -> None:
        """Show what failed."""
        if failure:
            self.model.send({"name": self.name, "error": failure})
        self.model.progress(0, 0)
        self.model.jobs.discard(self)
