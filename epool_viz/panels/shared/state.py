"""Limits of a state, and messages for invalid values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from epool_viz.errors import ArgumentError, EpoolError

MOST = 200_000  # characters and numbers of a state
LONGEST_TEXT = 50_000  # characters of one text in it; as in web/lib/link.js
DEEPEST = 12
_CALLED = {"sequence": "The sequence", "kernel": "The kernel", "query": "The JASPAR name", "name": "The bundled set"}


def require_modest(state: Any) -> None:
    """Raise an `ArgumentError` for a state that carries more than any link may; what hangs on it takes no second.

    Parameters
    ----------
    state : plain values
        Bounded are all characters and numbers together, the characters of one text, and how deep lists lie in lists.
    """
    layer, n = [state], 0
    for _ in range(DEEPEST):
        n += sum(len(each) if isinstance(each, str) else 1 for each in layer)
        longest = max((len(each) for each in layer if isinstance(each, str)), default=0)
        if longest > LONGEST_TEXT:
            raise ArgumentError("state", f"with a text of {longest:,} characters", f"at most {LONGEST_TEXT:,}")
        if n > MOST:
            raise ArgumentError("state", f"of more than {MOST:,} characters and numbers", f"at most {MOST:,}")
        layer = [inner for each in layer for inner in _within(each)]
        if not layer:
            return
    raise ArgumentError("state", f"nested deeper than {DEEPEST} times", "what a link of ours holds")


def require_size(name: str, content: bytes, most: int) -> None:
    """Raise an `ArgumentError` for a file that is too large."""
    if len(content) > most:
        raise ArgumentError(f"the file {name}", f"{len(content):,} bytes large", f"at most {most:,} bytes")


def counted(n: int, noun: str) -> str:
    """So many of something, whose plural ends in s: "1 epoch", "2 epochs"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def letters(n: int) -> str:
    """So many letters, in words."""
    return counted(n, "letter")


def friendly(error: EpoolError) -> str:
    """An error as a sentence without Python terms."""
    if not isinstance(error, ArgumentError):
        return str(error).replace("the typed", "The typed").replace("the pasted", "The pasted")
    called = _CALLED.get(error.name, error.name.replace("_", " "))
    called = called if len(called) == 1 else f"{called[:1].upper()}{called[1:]}"  # m is no word
    return sentence_of(called, error)


def sentence_of(name: str, error: ArgumentError) -> str:
    """An error as a sentence about something called `name`: what is counted follows a colon, sequences are none."""
    are = ":" if re.search(r"\d", error.found) else " are"
    is_many = name.endswith("s") and not name.endswith("ias") and not name.startswith("The ")  # a file is one
    verb = are if is_many else " is"
    return f"{name}{verb} {error.found}; accepted: {error.accepted}."


def _within(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return (*value.keys(), *value.values())
    return value if isinstance(value, list | tuple) else ()
