"""Runs a race beside the page: the torch worker trains, and the page shows what it has learnt so far."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from epool_viz.data.results.races import RaceRecord, RunRecord, extend, race_of
from epool_viz.data.sequences.set import sequence_arrays
from epool_viz.errors import EpoolError
from epool_viz.jobs.client import do
from epool_viz.jobs.job import Cancel, JobFailedError, Tell, WorkerLostError
from epool_viz.jobs.wire import Message
from epool_viz.panels.compare.model import CompareModel, prepare, race_settings
from epool_viz.panels.shared.background_task import BackgroundJob
from epool_viz.panels.shared.state import friendly


class Racer(BackgroundJob):
    """One race at a time."""

    model: CompareModel

    FAILED = "a race failed"
    DEFECT = "The race came to an end that is not your doing"
    LOST = "What was learnt stays; press Race to begin again."
    STOPPING = "Stopping after this batch."

    def start(self) -> None:
        """Start the race of the model's choices."""
        model = self.model
        state = model.inputs()
        if self.run(lambda tell, cancel: _race(state, tell, cancel)):
            model.begin()

    def take(self, events: dict[str, Any]) -> None:
        """Show what was learnt; a view of the last epoch follows the last one."""
        if "record" in events:
            self.model.advance(events.pop("record"))
        super().take(events)

    def end(self, failure: str, error: EpoolError | JobFailedError | None) -> None:
        """Show what failed."""
        model = self.model
        if failure:
            model.stage, model.message = "failed", failure
            said = {WorkerLostError: "The race was cut off.", JobFailedError: failure}
            model.said = said.get(type(error), "The race did not begin.")
        elif model.is_busy:
            model.stage, model.said = "failed", "The race ended without a word; the server's log may say why."

    def friendly(self, error: EpoolError) -> str:
        """A mistake as a sentence."""
        return friendly(error)


def _race(state: dict[str, Any], tell: Tell, cancel: Cancel) -> None:
    train, test, title = prepare(state)
    settings = race_settings(state)
    facts = {"n_train": len(train), "n_test": len(test), "length": int(train.lengths[0]), **settings.plain}
    asked = {"settings": settings.plain, "title": title, "facts": facts, "seed": state["seed"]}
    record, begun = RaceRecord(), time.monotonic()

    def take(message: Message) -> None:
        nonlocal begun
        if message.kind == "waiting":
            begun = time.monotonic()
            tell(said=_waiting(message.about["before"]))
        elif message.kind == "loading":
            tell(said="Loading what trains. The very first time on a machine it is compiled: half a minute.")
        else:
            extend(record, race_of(message.arrays, message.about, "what the worker told"))
            share = float(message.about["share"])
            said = progress_text(share, time.monotonic() - begun)
            tell(share=share, stage="racing", said=said, record=snapshot_of(record))

    tell(said=f"Preparing the race on {len(train):,} sequences.")
    arrays = sequence_arrays(train, "train") | sequence_arrays(test, "test")
    do("race", asked, arrays, tell=take, cancel=cancel, purpose="A race")
    ended, word = ("stopped", "Stopped") if cancel.is_set() else ("finished", "Finished")
    said = f"{word} after {time.monotonic() - begun:.0f} s, {training_seconds(record):.1f} s of them training."
    tell(stage=ended, share=1.0, said=said)


def training_seconds(record: RaceRecord) -> float:
    """Seconds that all networks of a race were trained, without loading, validation and test."""
    return float(sum(epoch["seconds"] for run in record.runs for epoch in run.epochs))


def snapshot_of(record: RaceRecord) -> RaceRecord:
    """A record that the thread no longer changes."""
    runs = []
    for run in record.runs:
        held = RunRecord(**vars(run))
        held.epochs, held.snapshots = list(run.epochs), list(run.snapshots)
        held.first_losses = list(run.first_losses)
        runs.append(held)
    return dataclasses.replace(record, runs=runs)


def _waiting(before: int) -> str:
    return "One race is before yours." if before == 1 else f"{before} races are before yours."


def progress_text(share: float, seconds: float) -> str:
    """What a race does just now; which epoch is shown is said once a page, beside the slider.

    Parameters
    ----------
    share : float
        Of the epochs that are allowed to all runs together, how many are over.
    seconds : float
        Since it began.
    """
    if share >= 1:
        return "The epochs are over; what was learnt is held to the test sequences."
    if share < 0.02 or seconds < 1:
        return "Racing."
    left = seconds * (1 - share) / share
    return f"Racing. At most {_spoken(left)} left; patience may end it sooner."


def _spoken(seconds: float) -> str:
    return f"{max(seconds, 1):.0f} s" if seconds < 90 else f"{seconds / 60:.0f} minutes"
