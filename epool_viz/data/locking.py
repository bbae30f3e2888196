"""Locks a file for one training at a time."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from epool_viz._writing import shown
from epool_viz.errors import ArgumentError

_TAKEN = (errno.EWOULDBLOCK, errno.EACCES, errno.EAGAIN)
_held: dict[str, list[int]] = {}  # place -> thread that holds it, and how many blocks of it do
_guard = threading.Lock()


@contextlib.contextmanager
def locked(path: str | os.PathLike[str], *, name: str = "checkpoint") -> Iterator[None]:
    """Lock a path within the block, against every other process and thread.

    The lock is a hidden file beside `path`, held by the system while the process runs: a file left after a crash locks
    nothing. Where the system has no such locks, nothing is locked.

    Parameters
    ----------
    path : str or path
        In a folder that is there.
    name : str
        What messages call the argument.

    Raises
    ------
    ArgumentError
        If it is locked; the message names the process.
    """
    real = Path(os.path.realpath(path))
    place = str(real.with_name(f".{real.name[:200]}.lock"))
    if _take_again(place):
        try:
            yield
        finally:
            _let_go(place)
        return
    try:
        descriptor = _acquire(place)
    except BlockingIOError as error:
        found = f"{shown(path)!r}, to which another training writes ({error.strerror})"
        raise ArgumentError(name, found, "another path, or wait until that one has ended") from None
    except OSError as error:
        found = f"{shown(path)!r}, beside which nothing can be written ({error.strerror or error})"
        raise ArgumentError(name, found, "a path in a folder that can be written to") from None
    with _guard:
        _held[place] = [threading.get_ident(), 1]
    try:
        yield
    finally:
        _let_go(place)
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.unlink(place)  # noqa: PTH108 - while it is held, so that no other lock is removed
            os.close(descriptor)


def _take_again(place: str) -> bool:
    with _guard:
        mine = place in _held and _held[place][0] == threading.get_ident()
        if mine:
            _held[place][1] += 1
        return mine


def _let_go(place: str) -> None:
    with _guard:
        _held[place][1] -= 1
        if not _held[place][1]:
            del _held[place]


def _acquire(place: str) -> int | None:
    """The open lock file; None where the system has no locks."""
    try:
        import fcntl
    except ImportError:
        return None
    while True:
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            who = os.read(descriptor, 40).decode("ascii", "replace").strip()
            os.close(descriptor)
            if error.errno in _TAKEN:
                raise BlockingIOError(error.errno, f"process {who}" if who else "just begun") from None
            if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                return None
            raise
        if _is_still(place, descriptor):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
            return descriptor
        os.close(descriptor)  # its holder has just removed it


def _is_still(place: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(place), os.fstat(descriptor))  # noqa: PTH116
    except FileNotFoundError:
        return False
