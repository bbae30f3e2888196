"""A job: work that runs beside its caller, which starts it, cancels it, and takes its events and its error.

There are three ways to do the work, and one function may use several of them:

- in this process: the function itself;
- in a limited process: the function calls `limited.call`;
- by the torch worker: the function calls `client.do`.

All three block, check `cancel`, and raise errors.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from typing import Any, Protocol

from epool_viz.errors import EpoolError

logger = logging.getLogger(__name__)


class Cancel(Protocol):
    """A request to end work: a `threading.Event`, for instance."""

    def is_set(self) -> bool:
        """Whether to end soon."""


class WorkerLostError(EpoolError):
    """The process that did the work has ended: killed, crashed, or out of memory."""


class JobFailedError(RuntimeError):
    """The job failed by an internal error; the log holds the exception under `reference`."""

    def __init__(self, reference: str) -> None:
        self.reference = reference
        super().__init__(f"a job failed; the log holds the exception under {reference}")


Tell = Callable[..., None]
Work = Callable[[Tell, threading.Event], None]


class Job:
    """Work in a thread of its own, once.

    The thread is a daemon: one of an executor would hold up the end of this process until the work is over.

    Parameters
    ----------
    work : callable (tell, cancel)
        `tell(name=value, ...)` sends events; `cancel.is_set()` is true when the job should end.
    failed : str
        The text in the log for an internal error.

    Attributes
    ----------
    error : EpoolError, JobFailedError or None
        What ended the work.
    """

    def __init__(self, work: Work, failed: str = "a job failed") -> None:
        self.error: EpoolError | JobFailedError | None = None
        self._failed = failed
        self._cancel = threading.Event()
        self._lock = threading.Lock()
        self._events: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def cancel(self) -> None:
        """Request the end of the work; returns at once."""
        self._cancel.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether the end of the work was requested."""
        return self._cancel.is_set()

    @property
    def is_running(self) -> bool:
        """Whether the work runs; once it does not, all its events are there."""
        return self._thread.is_alive()

    def join(self, seconds: float | None = None) -> None:
        """Wait for the end, at most so many seconds."""
        self._thread.join(seconds)

    def events(self) -> dict[str, Any]:
        """The latest event of each name since the last call."""
        with self._lock:
            events, self._events = self._events, {}
        return events

    def _tell(self, **events: Any) -> None:
        with self._lock:
            self._events |= events

    def _run(self, work: Work) -> None:
        try:
            work(self._tell, self._cancel)
        except WorkerLostError as error:
            logger.warning("%s: %s", self._failed, error)
            self.error = error
        except (EpoolError, JobFailedError) as error:  # the log of the worker holds what it calls a defect
            self.error = error
        except Exception:
            reference = secrets.token_hex(4)
            logger.exception("%s; the page shows error %s", self._failed, reference)
            self.error = JobFailedError(reference)
