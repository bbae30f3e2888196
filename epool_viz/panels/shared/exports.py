"""What every file that a visitor takes along has: a name, a kind, and numbers to their last digit."""

from __future__ import annotations

from typing import Any

File = tuple[str, str, bytes]  # name, kind, what it holds
_MIME = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "py": "text/x-python",
}


def kind_of(name: str) -> str:
    """The kind of a file, by the ending of its name."""
    return _MIME.get(name.rpartition(".")[2], "text/plain")


def exact(number: Any) -> str:
    """A number to its last digit."""
    return repr(float(number))
