"""The outputs of commands: checked against the inputs before any work, and never over a file without a confirmation."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from epool_viz._writing import descriptor_of, replacing_text, shown
from epool_viz.errors import ArgumentError

STANDARD = "-"  # standard input, or output
_OTHER = "another path"


class Place(NamedTuple):
    """A path, and the argument that it was given as."""

    argument: str
    path: str


def require_places(
    reads: Iterable[tuple[str, str | os.PathLike[str] | None]],
    writes: Iterable[tuple[str, str | os.PathLike[str] | None]],
    *,
    force: bool = False,
) -> None:
    """Before any work: every output has a place of its own, and no file is lost.

    Parameters
    ----------
    reads, writes : pairs of an argument as it is typed, and its path; None is left out, "-" a standard stream
    force : bool
        Replace existing files. Else a question is shown on a terminal, and the command fails elsewhere.

    Raises
    ------
    ArgumentError
        If an output is a folder or in none, is what another argument names as well (by whatever way), or is there.
    """
    inputs = [Place(argument, os.fspath(path)) for argument, path in reads if path is not None]
    outputs = [Place(argument, os.fspath(path)) for argument, path in writes if path is not None]
    for place in outputs:
        _require_place(place)
    for i, place in enumerate(outputs):
        for other in (*inputs, *outputs[:i]):
            if _same(place.path, other.path, are_outputs=other not in inputs):
                found = f"{shown(place.path)!r}, which {other.argument} is as well"
                raise ArgumentError(place.argument, found, _OTHER)
    _require_each_pipe_once(inputs)
    _require_no_echo(inputs)
    _ask([place for place in outputs if _is_there(place.path)], force)


@contextlib.contextmanager
def table_to(out: str | os.PathLike[str] | None, argument: str = "--out") -> Iterator[Any]:
    """A stream for `print`: a file that is moved to its place when the block ends, or standard output."""
    if is_standard(out):
        with standard_output() as stream:
            yield stream
        return
    with replacing_text(out, name=argument) as stream:  # type: ignore[arg-type] # None is standard
        yield stream


@contextlib.contextmanager
def standard_output() -> Iterator[Any]:
    """Standard output; a closed reader (`| head`) is no error, a full disk is one."""
    if sys.stdout is None:
        raise ArgumentError("standard output", "closed", "an open one, or a file to write to: --out")
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
    except OSError as error:
        _silence()
        accepted = "a place with room, or --out, which leaves nothing half"
        raise ArgumentError("standard output", f"one that takes no more ({error.strerror})", accepted) from None


def say(text: str) -> None:
    """Write to standard output."""
    with standard_output() as stream:
        stream.write(text)


def is_standard(path: str | os.PathLike[str] | None) -> bool:
    """Whether a path is left out, or "-"."""
    return path is None or os.fspath(path) == STANDARD


def file_or_none(path: Path | None) -> Path | None:
    """The path of a file; None for standard output."""
    return None if is_standard(path) else path


def _silence() -> None:
    """Stop Python from flushing again at its exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _require_place(place: Place) -> None:
    if place.path == STANDARD or descriptor_of(place.path) is not None:
        return
    real = os.path.realpath(place.path)
    folder = Path(real).parent
    try:
        if not folder.is_dir():
            found = f"in {shown(Path(place.path).parent)!r}, which is no folder ({shown(place.path)})"
            raise ArgumentError(place.argument, found, "a path in a folder that is there")
        status = _status(place.path)
        if status is None:
            _require_possible(real)
        if (status is not None and stat.S_ISDIR(status.st_mode)) or place.path.endswith(os.sep):
            raise ArgumentError(place.argument, f"{shown(place.path)!r}, which is a folder", "the path of a file")
        if status is None or stat.S_ISREG(status.st_mode):
            _require_writable(place, folder, status)
    except (OSError, ValueError) as error:
        found = f"{shown(place.path)!r} ({getattr(error, 'strerror', None) or error})"
        if isinstance(error, ArgumentError):
            raise
        raise ArgumentError(place.argument, found, "the path of a file") from None


def require_folder(out: str | os.PathLike[str], argument: str = "--out") -> None:
    """Before any work: the folder is writable, or can be made."""
    text = os.fspath(out)
    if text == STANDARD:
        raise ArgumentError(argument, "'-', standard output", "a folder, or the path of a new one")
    try:
        parent = Path(os.path.realpath(text)).parent
        if not parent.is_dir():
            found = f"in {shown(Path(text).parent)!r}, which is no folder"
            raise ArgumentError(argument, found, "a path in a folder that is there")
        if os.path.lexists(text) and not Path(text).is_dir():
            raise ArgumentError(argument, f"{shown(text)!r}, which is no folder", "a folder, or the path of a new one")
        if not os.access(text if Path(text).is_dir() else parent, os.W_OK | os.X_OK):
            raise ArgumentError(argument, f"{shown(text)!r}, where nothing can be written", "a folder to write to")
        _require_possible(text)
    except OSError as error:
        raise ArgumentError(argument, f"{shown(text)!r} ({error.strerror})", "the path of a folder") from None


def _require_possible(path: str) -> None:
    """A name that the file system does not take raises its OSError."""
    with contextlib.suppress(FileNotFoundError):
        os.lstat(path)


def _require_writable(place: Place, folder: Path, status: os.stat_result | None) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        found = f"in {shown(folder)!r}, where nothing can be written"
        raise ArgumentError(place.argument, found, "a path in a folder that can be written to")
    if status is not None and not os.access(place.path, os.W_OK):
        raise ArgumentError(place.argument, f"{shown(place.path)!r}, which may not be written", _OTHER)


def _same(one: str, other: str, *, are_outputs: bool) -> bool:
    """Whether two paths lead to the same file, or two outputs would where case does not count."""
    if one == STANDARD or other == STANDARD:
        return one == other and are_outputs
    first, second = _status(one), _status(other)
    if first is not None and second is not None:
        return os.path.samestat(first, second) and not stat.S_ISCHR(first.st_mode)
    names = (unicodedata.normalize("NFC", shown(os.path.realpath(path))) for path in (one, other))
    if are_outputs:
        names = (name.casefold() for name in names)
    return len(set(names)) == 1


def _require_each_pipe_once(inputs: list[Place]) -> None:
    """A pipe is given once only."""
    seen: dict[tuple[int, int], Place] = {}
    for place in inputs:
        status = _status("/dev/stdin" if place.path == STANDARD else place.path)
        if status is None or not stat.S_ISFIFO(status.st_mode):
            if place.path != STANDARD:
                continue
            key = (-1, 0)
        else:
            key = (status.st_dev, status.st_ino)
        if key in seen:
            found = f"{shown(place.path)!r}, which {seen[key].argument} is as well and which can be read once only"
            raise ArgumentError(place.argument, found, "a file, or another pipe")
        seen[key] = place


def _require_no_echo(inputs: list[Place]) -> None:
    """Standard output is none of the files that are read, as in `scan X ... >> X`."""
    try:
        status = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return
    if not stat.S_ISREG(status.st_mode):
        return
    for place in inputs:
        held = None if place.path == STANDARD else _status(place.path)
        if held is not None and os.path.samestat(held, status):
            found = f"{shown(place.path)!r}, to which standard output goes"
            raise ArgumentError(place.argument, found, "another file there, or --out")


def _is_there(path: str) -> bool:
    if path == STANDARD or descriptor_of(path) is not None:
        return False
    status = _status(path)
    return status is not None and stat.S_ISREG(status.st_mode)


def _ask(there: list[Place], force: bool) -> None:
    if not there or force:
        return
    if sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty():
        import typer

        listed = ", ".join(shown(place.path) for place in there[:5]) + (", ..." if there[5:] else "")
        if typer.confirm(f"Replace {listed}?", err=True):
            return
    first = there[0]
    more = "" if len(there) == 1 else f" (and {len(there) - 1} more files)"
    found = f"{shown(first.path)!r}, which is there already{more}"
    raise ArgumentError(first.argument, found, f"--force to replace it, or {_OTHER}")


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - "" is no path here
    except (OSError, ValueError):
        return None
