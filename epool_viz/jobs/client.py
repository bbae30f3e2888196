"""Runs a job: by the server's worker, by a worker of this process, or, where there can be none, in this process."""

from __future__ import annotations

import atexit
import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from epool_viz.core.types import Array
from epool_viz.errors import ArgumentError, EpoolError, MissingExtraError
from epool_viz.jobs import address, process
from epool_viz.jobs.job import Cancel, JobFailedError, WorkerLostError
from epool_viz.jobs.wire import Message, receive, send

ANSWERED_WITHIN = 3.0  # seconds that a worker which is being started has to listen
QUIET_FOR = 2.0  # seconds after which a silent worker is taken to be loading
_own = process.WorkerProcess()
_starting = threading.Lock()


def prepare(purpose: str) -> None:
    """Begin to load what a job needs, once; returns at once.

    Raises
    ------
    MissingExtraError
        Without the extra `train`.
    """
    _require_extra(purpose)
    if not address.IS_POSSIBLE:
        threading.Thread(target=_warm, daemon=True).start()
    elif address.known() is None:
        _keep_own()


def do(
    job: str,
    about: Mapping[str, Any],
    arrays: Mapping[str, Array],
    *,
    tell: Callable[[Message], None],
    cancel: Cancel,
    purpose: str = "This",
) -> None:
    """Run a job and return when it ends.

    Parameters
    ----------
    job : key of `epool_viz.models.jobs.JOBS`
    about, arrays : plain values and arrays by name
        What the job is given.
    tell : callable (message)
        Called with every message of the job, in this thread; also with the kind "waiting" and the number of jobs
        `before` this one, and the kind "loading" while the worker is not ready.
    cancel : object with `is_set()`
        Cancels the job; one that waits is removed from the line.
    purpose : str
        What it is for, in a message.

    Raises
    ------
    EpoolError
        What the job raised; MissingExtraError without the extra `train`; WorkerLostError where its process ended.
    JobFailedError
        For a defect.
    """
    _require_extra(purpose)
    asked = Message("job", {**about, "job": job}, arrays)
    if not address.IS_POSSIBLE:
        _do_here(asked, tell, cancel)
        return
    where, connection = _connected()
    with connection:
        try:
            send(connection, Message("hello", {"secret": where.secret}))
            send(connection, asked)
            _follow(connection, tell, cancel)
        except (BrokenPipeError, ConnectionResetError):
            raise WorkerLostError("The process that does the work has ended") from None


def _follow(connection: socket.socket, tell: Callable[[Message], None], cancel: Cancel) -> None:
    has_begun = has_stopped = has_told = False
    begun = time.monotonic()
    while True:
        if cancel.is_set() and not has_stopped:
            if not has_begun:
                return
            has_stopped = True
            send(connection, Message("stop"))
        if not select.select([connection], [], [], 0.1)[0]:
            if not (has_begun or has_told) and time.monotonic() - begun > QUIET_FOR:
                has_told = True
                tell(Message("loading"))
            continue
        has_told = True
        message = receive(connection)
        if message is None:
            raise WorkerLostError("The process that does the work has ended")
        if message.kind == "done":
            return
        _raise_sent(message)
        has_begun = has_begun or message.kind != "waiting"
        tell(message)


def _raise_sent(message: Message) -> None:
    if message.kind == "defect":
        raise JobFailedError(str(message.about["reference"]))
    if message.kind == "error" and "argument" in message.about:
        raise ArgumentError(*map(str, message.about["argument"]))
    if message.kind == "error":
        raise EpoolError(str(message.about["said"]))


def _connected() -> tuple[address.Address, socket.socket]:
    """A connection to the server's worker; where there is none, or it does not answer, to a worker of this process."""
    given = address.known()
    if given is not None and (connection := _try(given)) is not None:
        return given, connection
    _keep_own()
    if (connection := _try(_own.address)) is not None:
        return _own.address, connection
    raise WorkerLostError("No process could be started that does the work")


def _try(where: address.Address) -> socket.socket | None:
    end = time.monotonic() + ANSWERED_WITHIN
    while True:
        with contextlib.suppress(OSError):
            return where.connect()
        if time.monotonic() > end:
            return None
        time.sleep(0.02)


def _keep_own() -> None:
    with _starting:
        atexit.unregister(_own.end)
        atexit.register(_own.end)
        _own.keep()


def _require_extra(purpose: str) -> None:
    package = process.missing_package()
    if package is not None:
        raise MissingExtraError(package, "train", purpose)


def _do_here(asked: Message, tell: Callable[[Message], None], cancel: Cancel) -> None:
    from epool_viz.models.jobs import JOBS

    JOBS[asked.about["job"]](asked, lambda *said: tell(Message(*said)), cancel)


def _warm() -> None:
    from epool_viz.models.jobs import warm

    warm()
