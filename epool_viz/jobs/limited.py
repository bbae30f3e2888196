"""Calls a function of this package in a subprocess with limits of time, of memory, and of the size of its answer.

The libraries that parse HDF5 and protocol buffers are large and written in C and C++: a malicious file can crash
that process, and nothing else. The same holds for work that needs more memory than a page may have, or an unknown
time.

The request is a frame of `wire` with the name of the function and what it is given; the answer is another.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from epool_viz.errors import EpoolError, FormatError
from epool_viz.jobs.job import Cancel
from epool_viz.jobs.wire import frame, unframe

Answer = tuple[dict[str, Any], bytes]
Limit = Literal["cancelled", "time", "memory", "lost"]

MOST_ASKED = 1 << 32  # bytes; the caller has them in hand
LOOK_EVERY = 0.1  # seconds between two looks at `cancel`
_COMMAND = [sys.executable, "-P", "-c", "from epool_viz.jobs.limited import answer; answer()"]
_SPARING = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Bounds:
    """The limits of a subprocess.

    Attributes
    ----------
    seconds : float
        Until its answer is there; where there is a bound of memory, of the processor too, and two more.
    memory : int or None, bytes
        None is no bound.
    answer : int, bytes
    """

    seconds: float = 8.0
    memory: int | None = 2 << 30
    answer: int = 1 << 26


class LimitError(EpoolError):
    """A subprocess sent no answer.

    Parameters
    ----------
    limit : str
        "cancelled", "time", "memory", or "lost" where it ended, or answered what is no answer.
    said : str
        The exception that ended it, where it was sent.
    """

    def __init__(self, limit: Limit, said: str = "") -> None:
        self.limit = limit
        self.said = said
        super().__init__(f"a limited process gave no answer ({limit}{said and ': '}{said})")


def call(
    function: Callable[[dict[str, Any], bytes], Answer],
    about: Mapping[str, Any],
    block: bytes = b"",
    *,
    bounds: Bounds,
    cancel: Cancel | None = None,
) -> Answer:
    """Call a function in a subprocess.

    Parameters
    ----------
    function : callable (about, block)
        Of a module; it gives what is answered, plain values and bytes.
    about, block : plain values by name, and bytes
        What it is given.
    bounds : Bounds
    cancel : object with `is_set()`, or None
        Ends the subprocess.

    Raises
    ------
    EpoolError
        What the function raised: a FormatError as it was, others as their text. LimitError where there is no answer.
    """
    named = f"{function.__module__}:{function.__qualname__}"
    asked = {"function": named, "about": about, "memory": bounds.memory, "seconds": bounds.seconds}
    try:
        read = io.BytesIO(_exchange(frame(asked, block), bounds, cancel)).read
        said, found = unframe(read, most_json=bounds.answer, most_block=bounds.answer) or ({}, b"")
    except FormatError:
        raise LimitError("lost") from None
    value = said.get("value")
    if isinstance(value, dict):
        return value, found
    error = said.get("error")
    if isinstance(error, list):
        raise FormatError(*error)
    if isinstance(error, str):
        raise EpoolError(error)
    raise LimitError("memory" if said.get("memory") else "lost", str(said.get("defect", "no word"))[:200])


def _exchange(asked: tuple[bytes, ...], bounds: Bounds, cancel: Cancel | None) -> bytes:
    """Send to a new process and read all that it answers, up to a bound."""
    heard = bytearray()
    with subprocess.Popen(  # noqa: S603 - our own command
        [*_COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_SPARING},
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:  # for the type checker
            raise AssertionError

        def send() -> None:
            with contextlib.suppress(OSError), stdin:  # it may have ended
                stdin.writelines(asked)

        def hear() -> None:
            while len(heard) <= bounds.answer and (part := os.read(stdout.fileno(), 1 << 16)):
                heard.extend(part)

        sending, hearing = (threading.Thread(target=each, daemon=True) for each in (send, hear))
        sending.start()
        hearing.start()
        try:
            _wait(hearing, bounds.seconds, cancel)
        finally:
            process.kill()
            sending.join()
            hearing.join()
    return bytes(heard)


def _wait(hearing: threading.Thread, seconds: float, cancel: Cancel | None) -> None:
    end = time.monotonic() + seconds
    while hearing.is_alive():
        if cancel is not None and cancel.is_set():
            raise LimitError("cancelled")
        left = end - time.monotonic()
        if left <= 0:
            raise LimitError("time")
        hearing.join(min(left, LOOK_EVERY))


# --- the subprocess


def answer() -> None:
    """Read a request from standard input, run it, and write the answer to standard output."""
    found = unframe(sys.stdin.buffer.read, most_json=MOST_ASKED, most_block=MOST_ASKED)
    if found is None:
        return
    asked, block = found
    _limit(asked["memory"], asked["seconds"])
    given = b""
    try:
        module, _, name = asked["function"].partition(":")
        value, given = getattr(importlib.import_module(module), name)(asked["about"], block)
        said: dict[str, Any] = {"value": value}
    except FormatError as error:
        said = {"error": [error.source, error.line, error.found, error.accepted]}
    except EpoolError as error:
        said = {"error": str(error)}
    except MemoryError:
        said = {"memory": True}
    except Exception as error:  # noqa: BLE001 - the caller reports it
        said = {"defect": traceback.format_exception_only(error)[-1].strip()}
    sys.stdout.buffer.writelines(frame(said, given))


def _limit(memory: int | None, seconds: float) -> None:
    """Limit memory and time of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 2, int(seconds) + 2))
