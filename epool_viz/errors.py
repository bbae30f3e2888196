"""Every exception that epool_viz raises on purpose.

All of them are `EpoolError`s, so one `except` catches what a user can put right; each message names the argument
or the file and line, what was found, and what is accepted.
"""

from __future__ import annotations

_LONGEST_FOUND = 400  # a message is read by a person, whatever stands in the file


class EpoolError(Exception):
    """An error that the caller can correct; the message says how."""


class ArgumentError(EpoolError, ValueError):
    """An argument has a value that cannot be used.

    Parameters
    ----------
    name : str
        The argument as the caller wrote it.
    found : str
        What it holds.
    accepted : str
        What it may hold.
    """

    def __init__(self, name: str, found: str, accepted: str) -> None:
        self.name = name
        self.found = found
        self.accepted = accepted
        super().__init__(f"`{name}` is {found}; accepted: {accepted}")


class AmbiguousAxesError(ArgumentError):
    """A weight that can be read in more than one way; `axes` chooses.

    Parameters
    ----------
    weight : str
        Its name and shape.
    readings : tuple of str
        The ways, as `axes` takes them.
    """

    def __init__(self, weight: str, readings: tuple[str, ...]) -> None:
        self.readings = readings
        listed = " or ".join(f'"{each}"' for each in readings)
        super().__init__("axes", f"not given, and {weight} can be read in {len(readings)} ways", listed)


class ShapeError(ArgumentError):
    """An array has the wrong shape."""


class NoFiniteBaseError(EpoolError, ValueError):
    """Maximum likelihood gives no logarithm base between 1 and infinity."""


class FormatError(EpoolError, ValueError):
    """A file or a typed text cannot be read.

    Parameters
    ----------
    source : str
        File name, or a word for typed text ("the typed matrix").
    line : int or None
        Line counted from 1; None when the text as a whole is at fault.
    found : str
        What stands there.
    accepted : str
        What may stand there.
    """

    def __init__(self, source: str, line: int | None, found: str, accepted: str) -> None:
        found = found if len(found) <= _LONGEST_FOUND else f"{found[:_LONGEST_FOUND]}…"
        self.source = source
        self.line = line
        self.found = found
        self.accepted = accepted
        where = source if line is None else f"{source}, line {line}"
        super().__init__(f"{where}: found {found}; accepted: {accepted}")


class DownloadError(EpoolError):
    """A download failed.

    Parameters
    ----------
    what : str
        What was to be downloaded.
    url : str
        Its address.
    found : str
        What came of it, as a verb.
    remedy : str
        What to do.
    """

    def __init__(self, what: str, url: str, found: str, remedy: str) -> None:
        self.what = what
        self.url = url
        self.found = found
        self.remedy = remedy
        super().__init__(f"{what} {found}, at {url}; {remedy}")


class MissingExtraError(EpoolError, ImportError):
    """An optional package is needed and not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f'{purpose} needs {package}; install it with: pip install "epool-viz[{extra}]"')
