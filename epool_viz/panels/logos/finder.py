"""Looks known motifs up while the page answers."""

from __future__ import annotations

from typing import Any

from epool_viz.jobs.matching import match_motifs_limited
from epool_viz.panels.logos.model import LogosModel
from epool_viz.panels.shared.background_task import BackgroundJob

MOST = 3  # matches of each reading


class Finder(BackgroundJob):
    """One look-up at a time."""

    model: LogosModel

    FAILED = "a look-up failed"
    DEFECT = "The comparison with JASPAR failed, and it is not your doing"

    def start(self) -> None:
        """Request the matches of the shown kernel with its present reading."""
        asked = self.model.asked()

        def work(tell: Any, cancel: Any) -> None:
            found = match_motifs_limited(asked.values(), most=MOST, cancel=cancel)
            tell(matches=dict(zip(asked, found, strict=True)))

        if self.run(work):
            self.model.message = ""
            self.model.said = "Comparing with JASPAR. The first time on a machine this takes a minute or two."

    def stop(self) -> None:
        """Cancel; the process ends."""
        self.drop()
        self.model.said = ""

    def take(self, events: dict[str, Any]) -> None:
        """Show what was found."""
        if events:
            self.model.said = ""
            self.model.learn(events["matches"])

    def end(self, failure: str, _: Any) -> None:
        """Show what failed."""
        self.model.said = ""
        self.model.message = failure or self.model.message
