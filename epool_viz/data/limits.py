"""Limits of a file or a text; readers check them while they read."""

from __future__ import annotations

from dataclasses import dataclass

from epool_viz.errors import ArgumentError, FormatError

MOST_BYTES = 1 << 30  # of a file, of a pipe, and of text once it is unpacked


@dataclass(frozen=True)
class Limits:
    """How much a reader accepts; checked while it reads.

    Parameters
    ----------
    bytes : int
        Of text, once unpacked.
    records : int
        Sequences, or motifs.
    letters : int
        Of all sequences together; for motifs, the numbers of all matrices together.

    Raises
    ------
    ArgumentError
        If one of them is below 1.
    """

    bytes: int = MOST_BYTES
    records: int = 5_000_000
    letters: int = 2**30

    def __post_init__(self) -> None:
        for name in ("bytes", "records", "letters"):
            if getattr(self, name) < 1:
                raise ArgumentError(name, f"{getattr(self, name)}", "a limit of 1 or more")

    def require(self, name: str, found: int, source: str, line: int | None, what: str) -> None:
        """Raise a FormatError where `found` is above the limit of this name.

        Raises
        ------
        FormatError
            If `found` is above the limit.
        """
        most = getattr(self, name)
        if found > most:
            raise FormatError(source, line, f"more than {most:,} {what}", f"at most {most:,} {what}")
