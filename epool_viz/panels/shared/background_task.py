"""Long work beside the page: a job does it, and the page's own loop takes over what it comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

from epool_viz.errors import EpoolError
from epool_viz.jobs.job import Job, JobFailedError, Work, WorkerLostError
from epool_viz.panels.shared.handlers import Guard

LOOK_EVERY = 0.1  # seconds between two looks at a job


class BackgroundJob:
    """One job at a time that changes one model.

    The job never touches the model: it is given a copy of what it needs, and `pump`, which the page's loop calls, takes
    over its events. A subclass starts jobs with `run`, and handles events (`take`) and the end
    (`end`). A job that was dropped changes nothing any more.

    Parameters
    ----------
    model : HasTraits
    guard : Guard or None
        Reports an internal error in `take` or `end`.
    every : float, seconds
        Between two looks.
    """

    FAILED: ClassVar[str] = "a job failed"  # in the log
    DEFECT: ClassVar[str] = "The work came to an end that is not your doing"
    LOST: ClassVar[str] = "Try again."
    STOPPING: ClassVar[str] = ""  # shown from `stop` to the end

    def __init__(self, model: Any, guard: Guard | None = None, every: float = LOOK_EVERY) -> None:
        self.model = model
        self.job: Job | None = None
        self._held: dict[str, Any] = {}  # events that are taken over at the end
        self._guard = guard or _unguarded
        self._every = every
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the work runs."""
        return self.job is not None and self.job.is_running

    def run(self, work: Work) -> bool:
        """Start a job; False, without a start, until the last one has ended or is dropped."""
        if self.job is not None:
            return False
        self.job, self._held = Job(work, self.FAILED), {}
        self.job.start()
        self.follow()
        return True

    def stop(self) -> None:
        """Request the end of the job; its results so far are still taken."""
        if self.job is not None and self.is_running and not self.job.is_cancelled:
            self.job.cancel()
            if self.STOPPING:
                self.model.stage, self.model.said = "stopping", self.STOPPING

    def drop(self) -> None:
        """Request the end of the job, and drop its results."""
        if self.job is not None:
            self.job.cancel()
            self.job = None

    def close(self) -> None:
        """Drop the job, and look no more."""
        self.drop()
        if self._task is not None:
            self._task.cancel()

    def join(self) -> None:
        """Wait for the job and take all its results; for callers without a loop."""
        while self.job is not None:
            self.job.join()
            self.pump()

    def follow(self) -> bool:
        """Poll the job; False without a loop: then the owner calls `pump`."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._follow())
        return True

    def pump(self) -> bool:
        """Take over what is there; False once there will be no more."""
        is_on = False

        def look() -> None:
            nonlocal is_on
            is_on = self._look()

        self._guard(look)()
        return is_on

    def take(self, events: dict[str, Any]) -> None:
        """Take over the latest event of each name: here, traits of the model."""
        for name, value in events.items():
            setattr(self.model, name, value)

    def end(self, failure: str, error: EpoolError | JobFailedError | None) -> None:
        """The job has ended: a sentence for the visitor, "" if all went well, and what ended it."""

    def sentence_of(self, error: EpoolError | JobFailedError) -> str:
        """The message for an error."""
        if isinstance(error, JobFailedError):
            return f"{self.DEFECT} (error {error.reference})."
        if isinstance(error, WorkerLostError):
            return f"{error}, perhaps for want of memory. {self.LOST}"
        return self.friendly(error)

    def friendly(self, error: EpoolError) -> str:
        """A mistake as a sentence."""
        return str(error)

    def _look(self) -> bool:
        job = self.job
        if job is None:
            return False
        is_running = job.is_running  # first: then the events of its end are there
        events = job.events()
        events = self._held | events
        # progress is over once it is cancelled; its last word, which may be this one, is kept for the end
        held = ("said", "stage") if is_running and job.is_cancelled else ()
        self._held = {name: events.pop(name) for name in held if name in events}
        try:
            self.take(events)
            if not is_running and self.job in (job, None):  # what is taken over may begin another one, or drop this
                self.job = None
                self.end("" if job.error is None else self.sentence_of(job.error), job.error)
        except Exception:
            self.drop()
            raise
        return self.job is not None

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            if not self.pump():
                return


def _unguarded(handler: Callable[..., Any]) -> Callable[..., Any]:
    return handler
