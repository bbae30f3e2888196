"""Looks known motifs up while the page answers: a thread waits for the process that compares."""

from __future__ import annotations

import logging
import secrets
import threading

from epool_viz.analysis.known_motifs import Match, match_elsewhere
from epool_viz.errors import EpoolError
from epool_viz.panels.logos.model import LogosModel

logger = logging.getLogger(__name__)
MOST = 3  # matches of each reading


class Finder:
    """One look-up at a time, put into the model by `pump`.

    Parameters
    ----------
    model : LogosModel
    """

    def __init__(self, model: LogosModel) -> None:
        self.model = model
        self._thread: threading.Thread | None = None
        self._cancelled = threading.Event()
        self._answer: dict[tuple[object, ...], tuple[Match, ...]] = {}
        self._failure = ""

    @property
    def is_running(self) -> bool:
        """Whether a look-up has begun and was not put into the model yet."""
        return self._thread is not None

    def start(self) -> None:
        """Ask for what the shown kernel resembles as it is read now."""
        if self.is_running:
            return
        asked = self.model.asked()
        self._cancelled, self._answer, self._failure = threading.Event(), {}, ""
        self.model.message = ""
        self.model.said = "Comparing with JASPAR. The first time on a machine this takes a minute or two."
        self._thread = threading.Thread(target=self._work, args=(asked, self._cancelled), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Give up; the process ends."""
        self._cancelled.set()

    def wait(self, seconds: float = 300.0) -> None:
        """Wait until the answer is there; for whoever has no loop that calls `pump`."""
        if self._thread is not None:
            self._thread.join(seconds)

    def pump(self) -> bool:
        """Put an answer into the model; False once there is nothing to wait for."""
        if self._thread is None:
            return False
        if self._thread.is_alive():
            return True
        self._thread = None
        self.model.said = ""
        if self._cancelled.is_set():
            return False
        if self._failure:
            self.model.message = self._failure
        else:
            self.model.learn(self._answer)
        return False

    def _work(self, asked: dict[tuple[object, ...], object], cancelled: threading.Event) -> None:
        try:
            found = match_elsewhere(asked.values(), most=MOST, cancelled=cancelled)
            self._answer = dict(zip(asked, found, strict=True))
        except EpoolError as error:
            self._failure = str(error)
        except Exception:  # a thread has nobody above it; the reference leads to the log
            reference = secrets.token_hex(4)
            logger.exception("a look-up failed; the page shows error %s", reference)
            self._failure = f"The comparison with JASPAR failed, and it is not your doing (error {reference})."
