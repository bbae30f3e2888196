"""Reads the bytes of a file, an open descriptor or a pipe; refuses endless ones."""

from __future__ import annotations

import errno
import io
import os
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from epool_viz._writing import descriptor_of, shown
from epool_viz.data.limits import MOST_BYTES
from epool_viz.errors import ArgumentError, FormatError

PATIENCE = 5.0  # seconds that a pipe without a writer is waited for
_IN_MEMORY = 1 << 26  # of a pipe; beyond that in a temporary file
_CHUNK = 1 << 18
_ACCEPTED = "a file that can be read"


@dataclass(frozen=True, eq=False)
class OpenedFile:
    """The bytes of a file, read once.

    Attributes
    ----------
    raw : bytes
    name : str
        What messages call the file.
    path : Path or None
        Where the file lies; None for a pipe, standard input, or bytes that were passed in.
    """

    raw: bytes
    name: str
    path: Path | None = None

    @property
    def stem(self) -> str:
        """The name without folders and endings, for what has no name of its own."""
        path = Path(self.name)
        return path.with_suffix("").stem if path.suffix.lower() == ".gz" else path.stem

    @property
    def folder(self) -> Path | None:
        """Where other files of the same model may lie."""
        return None if self.path is None else self.path.resolve().parent


def open_file(path: str | os.PathLike[str], *, name: str = "path", accepted: str = _ACCEPTED) -> OpenedFile:
    """Read a file or a pipe, as `read_input` does.

    Parameters
    ----------
    path, name, accepted : as for `open_input`

    Returns
    -------
    OpenedFile

    Raises
    ------
    ArgumentError, FormatError
        As for `read_input`.
    """
    raw = read_input(path, name=name, accepted=accepted)
    is_file = stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    return OpenedFile(raw, shown(path), Path(path) if is_file else None)


def open_input(
    path: str | os.PathLike[str], *, name: str = "path", most: int = MOST_BYTES, accepted: str = _ACCEPTED
) -> IO[bytes]:
    """Open whatever a path stands for, so that it can be read from the start as often as need be.

    Parameters
    ----------
    path : str or path
        A file, a pipe (which is read to its end), or the name of an open descriptor such as /dev/stdin or /dev/fd/3.
    name : str
        What messages call the argument.
    most : int
        Bytes of a pipe.
    accepted : str
        For messages.

    Returns
    -------
    binary file, to be closed by the caller

    Raises
    ------
    ArgumentError
        If there is nothing, a folder or a device; if it may not be read; if the pipe has no writer within
        `PATIENCE` seconds.
    FormatError
        If more than `most` comes out of a pipe.
    """
    text = os.fspath(path)
    try:
        return _opened(text, most)
    except _RefusedError as error:
        found = f"{shown(text)!r}, {error}"
    except _EndlessError:
        raise FormatError(shown(text), None, f"more than {most:,} bytes", f"at most {most:,}") from None
    except OSError as error:
        found = f"{shown(text)!r} ({error.strerror or error})"
    except ValueError:  # a zero byte in it
        found = f"{shown(text)!r}, which is no path"
    raise ArgumentError(name, found, accepted)


def read_input(
    path: str | os.PathLike[str], *, name: str = "path", most: int = MOST_BYTES, accepted: str = _ACCEPTED
) -> bytes:
    """Every byte of what `open_input` opens; a file of more than `most` bytes is refused before it is read.

    Raises
    ------
    ArgumentError
        As for `open_input`.
    FormatError
        If there are more than `most` bytes.
    """
    with open_input(path, name=name, most=most, accepted=accepted) as file:
        size = size_of(file)
        if size > most:
            raise FormatError(shown(path), None, f"{size:,} bytes", f"at most {most:,}")
        try:
            return file.read()
        except OSError as error:
            raise ArgumentError(name, f"{shown(path)!r} ({error.strerror or error})", accepted) from None


def size_of(file: IO[bytes]) -> int:
    """Bytes in a file, which is wound back."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


class _RefusedError(Exception):
    """What is refused, in words that follow the path."""


class _EndlessError(Exception):
    """More came out of a pipe than is read."""


def _opened(path: str, most: int) -> IO[bytes]:
    held = descriptor_of(path)
    descriptor = None if held is None else os.dup(held)
    status = os.stat(path) if descriptor is None else os.fstat(descriptor)  # noqa: PTH116 - before anything is opened
    try:
        _require_readable(status, descriptor)
        if _is_nothing(status):
            return io.BytesIO()
        if descriptor is None:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            # between the two looks it may have become something else
            status = os.fstat(descriptor)
            _require_readable(status, None)
        if stat.S_ISREG(status.st_mode):
            file, descriptor = os.fdopen(descriptor, "rb"), None
            return file
        if held is None:
            return _whole_pipe(descriptor, most, until=time.monotonic() + PATIENCE)
        return _whole_pipe(descriptor, most, until=None)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _require_readable(status: os.stat_result, descriptor: int | None) -> None:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "Is a directory")
    if stat.S_ISBLK(mode) or (stat.S_ISSOCK(mode) and descriptor is None):
        raise _RefusedError("which is no file")
    if stat.S_ISCHR(mode) and not _is_nothing(status) and (descriptor is None or not os.isatty(descriptor)):
        raise _RefusedError("which is a device, and may never end")


def _is_nothing(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.stat(os.devnull).st_rdev  # noqa: PTH116


def _whole_pipe(descriptor: int, most: int, until: float | None) -> IO[bytes]:
    """All bytes of a pipe until it ends; the wait for its first writer or first byte is limited."""
    if until is not None:
        first = _first_bytes(descriptor, until)
        os.set_blocking(descriptor, True)
    else:
        first = os.read(descriptor, _CHUNK)
    kept: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller closes it
    try:
        total, chunk = 0, first
        while chunk:
            total += len(chunk)
            if total > most:
                raise _EndlessError
            kept.write(chunk)
            chunk = os.read(descriptor, _CHUNK)
    except BaseException:
        kept.close()
        raise
    kept.seek(0)
    return kept


def _first_bytes(descriptor: int, until: float) -> bytes:
    """What comes first; a pipe without a writer reads as empty, one whose writer is still silent would block."""
    while True:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            os.set_blocking(descriptor, True)
            return os.read(descriptor, _CHUNK)
        if chunk or _has_ended(descriptor):
            return chunk
        if time.monotonic() > until:
            raise _RefusedError("a pipe without a writer")
        time.sleep(0.01)


def _has_ended(descriptor: int) -> bool:
    """Whether the writer has closed; of a pipe that never had one the system reports nothing."""
    import select

    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return any(event & select.POLLHUP for _, event in poll.poll(0))
