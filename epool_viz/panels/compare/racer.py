"""Runs a race beside the page: a worker computes, a thread hears it, the page's own loop takes over what is there."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from epool_viz.data.results.races import RaceRecord, RunRecord, extend, race_of
from epool_viz.data.sequences.set import sequence_arrays
from epool_viz.errors import EpoolError
from epool_viz.jobs.client import JobFailedError, WorkerLostError, do
from epool_viz.jobs.wire import Message
from epool_viz.panels.compare.model import CompareModel, prepare
from epool_viz.panels.shared.state import friendly

logger = logging.getLogger(__name__)


class Racer:
    """One race at a time, for one model.

    The thread never touches the model: `pump`, called by the page's loop, does, so that every change of the screen
    happens where the screen's messages are handled.

    Parameters
    ----------
    model : CompareModel
    clock : callable
        Seconds.
    """

    def __init__(self, model: CompareModel, clock: Callable[[], float] = time.monotonic) -> None:
        self.model = model
        self.clock = clock
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._record = RaceRecord()
        self._news: dict[str, Any] = {}
        self._begun = 0.0

    @property
    def is_running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin the race that the model's choices ask for."""
        if self.is_running:
            return
        model = self.model
        state, settings = model.inputs(), model.settings()
        self._cancel = threading.Event()
        self._news = {}
        self._begun = self.clock()
        model.message = ""
        model.stage, model.share, model.said = "preparing", 0.0, "Preparing the sequences."
        self._thread = threading.Thread(target=self._run, args=(state, settings, self._cancel), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the race to end; what was learnt stays."""
        if self.is_running and self.model.stage != "stopping":
            self._cancel.set()
            self.model.stage, self.model.said = "stopping", "Stopping after this batch."

    def pump(self) -> bool:
        """Take over what the thread has come to; False once there will be no more."""
        with self._lock:
            news, self._news = self._news, {}
        is_running = self.is_running
        model = self.model
        if "record" in news:
            was_at_end = model.follows or model.epoch >= model.record.n_epochs
            model.record = news["record"]
            if was_at_end:
                model.epoch = model.record.n_epochs
        for name in ("share", "said", "stage", "message"):
            if name in news and not (model.stage == "stopping" and name in ("stage", "said") and is_running):
                setattr(model, name, news[name])
        if not is_running and not news and model.is_busy:
            model.stage, model.said = "failed", "The race ended without a word; the server's log may say why."
        return is_running or bool(news)

    def _tell(self, **news: Any) -> None:
        with self._lock:
            self._news |= news

    def _run(self, state: dict[str, Any], settings: dict[str, Any], cancel: threading.Event) -> None:
        try:
            self._race(state, settings, cancel)
        except WorkerLostError as error:
            told = f"{error}, perhaps for want of memory. What was learnt stays; press Race to begin again."
            logger.warning("a race was lost: %s", error)
            self._tell(stage="failed", message=told, said="The race was cut off.")
        except EpoolError as error:
            self._tell(stage="failed", message=friendly(error), said="The race did not begin.")
        except Exception as error:
            if isinstance(error, JobFailedError):
                reference = error.reference
            else:
                reference = secrets.token_hex(4)
                logger.exception("a race failed; the page shows error %s", reference)
            told = f"The race came to an end that is not your doing (error {reference})."
            self._tell(stage="failed", message=told, said=told)

    def _race(self, state: dict[str, Any], settings: dict[str, Any], cancel: threading.Event) -> None:
        train, test, title = prepare(state)
        facts = {"n_train": len(train), "n_test": len(test), "length": int(train.lengths[0]), **_plain(settings)}
        asked = {"settings": _plain(settings), "title": title, "facts": facts, "seed": state["seed"]}
        record, begun = RaceRecord(), self.clock()

        def take(message: Message) -> None:
            nonlocal begun
            if message.kind == "waiting":
                begun = self.clock()
                self._tell(said=_waiting(message.about["before"]))
                return
            if message.kind == "loading":
                self._tell(said="Loading what trains. The very first time on a machine it is compiled: half a minute.")
                return
            extend(record, race_of(message.arrays, message.about, "what the worker told"))
            share = float(message.about["share"])
            said = told_of(share, self.clock() - begun, record.n_epochs, settings["epochs"])
            self._tell(share=share, stage="racing", said=said, record=snapshot_of(record))

        self._tell(said=f"Preparing the race on {len(train):,} sequences.")
        arrays = sequence_arrays(train, "train") | sequence_arrays(test, "test")
        do("race", asked, arrays, tell=take, cancel=cancel, purpose="A race")
        ended, word = ("stopped", "Stopped") if cancel.is_set() else ("finished", "Finished")
        self._tell(stage=ended, share=1.0, said=f"{word} after {self.clock() - begun:.0f} s.")


def snapshot_of(record: RaceRecord) -> RaceRecord:
    """A record that the thread no longer changes."""
    runs = []
    for run in record.runs:
        held = RunRecord(**vars(run))
        held.epochs, held.snapshots = list(run.epochs), list(run.snapshots)
        held.first_losses = list(run.first_losses)
        runs.append(held)
    return RaceRecord(record.title, record.about, runs, record.example)


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}


def _waiting(before: int) -> str:
    return "One race is before yours." if before == 1 else f"{before} races are before yours."


def told_of(share: float, seconds: float, n_epochs: int, most: int) -> str:
    """What a race does just now.

    Parameters
    ----------
    share : float
        Of the epochs that are allowed to all runs together, how many are over.
    seconds : float
        Since it began.
    n_epochs, most : int
        Whole epochs of the run that has most of them, and how many it may have.
    """
    if share >= 1:
        return "The epochs are over; what was learnt is held to the test sequences."
    epoch = f"Epoch {min(n_epochs + 1, most)}. "
    if share < 0.02 or seconds < 1:
        return f"{epoch}Racing."
    left = seconds * (1 - share) / share
    return f"{epoch}At most {_spoken(left)} left; patience may end it sooner."


def _spoken(seconds: float) -> str:
    return f"{max(seconds, 1):.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"
