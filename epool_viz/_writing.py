"""Writes files: beside their place, and moved there when they are whole.

After an error (a full disk, a limit, Ctrl-C) the old file is unchanged, and no partial file is left.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from epool_viz.errors import ArgumentError

PIPE_PATIENCE = 5.0  # seconds that a pipe without another end is waited for
_ACCEPTED = "the path of a file that can be written"
_DESCRIPTOR = re.compile(r"/dev/fd/(\d+)|/proc/(?:self|thread-self|\d+)/fd/(\d+)|/dev/std(in|out|err)")
_STANDARD = {"in": 0, "out": 1, "err": 2}


def write_file(path: str | os.PathLike[str], data: bytes | str, *, name: str = "path") -> None:
    """Write a whole file.

    Parameters
    ----------
    path : str or path
        Text is packed with gzip where it ends with ".gz". A link is followed; a device or a pipe is written to.
    data : bytes, or str for UTF-8 with line breaks as they are
    name : str
        What messages call the argument.

    Raises
    ------
    ArgumentError
        If it cannot be written; the message names the file, and what was there is unchanged.
    """
    if isinstance(data, str):
        data = data.encode("utf-8", "backslashreplace")
        if is_packed(path):
            data = gzip.compress(data, mtime=0)  # no date in it: the same text gives the same file
    with replacing(path, name=name) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], *, name: str = "path") -> Iterator[BinaryIO]:
    """A binary file to write to, which replaces `path` when the block ends without an error; errors as `write_file`."""
    text = os.fspath(path)
    try:
        with _opened(text) as file:
            yield file
    except OSError as error:
        found = f"{shown(text)!r}, which cannot be written ({error.strerror or error})"
        raise ArgumentError(name, found, _ACCEPTED) from None


@contextlib.contextmanager
def replacing_text(path: str | os.PathLike[str], *, name: str = "path") -> Iterator[TextWriter]:
    """`replacing` for text in UTF-8, packed with gzip where the path ends with ".gz"."""
    with replacing(path, name=name) as raw:
        if not is_packed(path):
            yield TextWriter(raw)
            return
        with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
            yield TextWriter(packed)


class TextWriter:
    """Takes text for a binary file, line breaks as they are."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def write(self, text: str) -> int:
        """Write it in UTF-8; what is no text stands there by its number."""
        self._raw.write(text.encode("utf-8", "backslashreplace"))
        return len(text)


def is_packed(path: str | os.PathLike[str]) -> bool:
    """Whether a name ends as a gzip file does."""
    return os.fspath(path).lower().endswith(".gz")


def descriptor_of(path: str) -> int | None:
    """The open file that a path such as /dev/stdout or /dev/fd/3 stands for, or None."""
    found = _DESCRIPTOR.fullmatch(path)
    if not found:
        return None
    return _STANDARD[found[3]] if found[3] else int(found[1] or found[2])


def shown(path: str | os.PathLike[str]) -> str:
    """A path as text; bytes of a name that are no text become question marks."""
    return os.fsencode(path).decode("utf-8", "replace")


def how_many(n: int, noun: str, plural: str | None = None) -> str:
    """A number and its noun: "1 site", "1,200 sites"."""
    return f"{n:,} {noun if n == 1 else plural or f'{noun}s'}"


def are(n: int) -> str:
    """The verb of so many."""
    return "is" if n == 1 else "are"


@contextlib.contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    descriptor = descriptor_of(path)
    if descriptor is not None:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            yield file
        return
    place = os.path.realpath(path)
    old = _status(place)
    if old is None or stat.S_ISREG(old.st_mode):
        with _beside(place, old) as file:
            yield file
        return
    with os.fdopen(_open_special(place, old), "wb") as file:
        yield file


@contextlib.contextmanager
def _beside(place: str, old: os.stat_result | None) -> Iterator[BinaryIO]:
    """A new file in the same folder, renamed at the end."""
    if old is not None and not os.access(place, os.W_OK):
        raise PermissionError(13, "Permission denied")
    folder = os.path.dirname(place)  # noqa: PTH120 - names may hold what no Path prints
    part = Path(folder) / f".{secrets.token_hex(8)}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _take_after(descriptor, old)
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(part, place)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    _settle(folder)


def _take_after(descriptor: int, old: os.stat_result | None) -> None:
    """Give a new file the owner and the rights of the one that it replaces, as far as may be."""
    if old is not None and hasattr(os, "fchmod"):
        with contextlib.suppress(OSError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _settle(folder: str) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(folder or ".", os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _open_special(place: str, status: os.stat_result) -> int:
    """Open what is no file for writing: a device at once, a pipe if it has a reader, a folder never."""
    if not stat.S_ISFIFO(status.st_mode):
        return os.open(place, os.O_WRONLY)
    until = time.monotonic() + PIPE_PATIENCE
    while True:
        try:
            descriptor = os.open(place, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if time.monotonic() > until:
                raise OSError(error.errno, "a pipe without a reader") from None
            time.sleep(0.02)
        else:
            os.set_blocking(descriptor, True)
            return descriptor


def _status(place: str) -> os.stat_result | None:
    try:
        return os.stat(place)  # noqa: PTH116
    except FileNotFoundError:
        return None
