"""All errors of a text of sequences, line by line; the reader stops at the first."""

from __future__ import annotations

import re
import time
from typing import Any, NamedTuple

from epool_viz.core.alphabet import Alphabet
from epool_viz.data.limits import Limits
from epool_viz.data.sequences.reading import parse_sequences
from epool_viz.errors import EpoolError, FormatError

_LONGEST_SHOWN = 60
_LINE_END = re.compile(r"\r\n|\r|\n")  # those of the reader, so that its line numbers are places here


class Problem(NamedTuple):
    """One thing that is wrong.

    Attributes
    ----------
    line : int or None
        Counted from 1; None where the text as a whole is at fault.
    text : str
        How the line begins.
    found, accepted : str
        As in `FormatError`.
    """

    line: int | None
    text: str
    found: str
    accepted: str


def sequence_problems(
    text: str,
    *,
    source: str = "the text",
    alphabet: str | Alphabet | None = None,
    most: int = 8,
    seconds: float = 2.0,
    limits: Limits | None = None,
) -> tuple[list[Problem], bool]:
    """Every line that keeps a text from being read, up to so many.

    A line that is at fault is set aside and the rest is read again, so that one mistake hides no other.

    Parameters
    ----------
    text : str
    source, alphabet, limits
        As in `parse_sequences`.
    most : int
    seconds : float
        After which the search ends.

    Returns
    -------
    (list of Problem, bool)
        In the order of the lines; empty if the text can be read. The second is True if these are all.
    """
    found, are_all = _search(_LINE_END.split(text), most, seconds, source=source, alphabet=alphabet, limits=limits)
    return sorted(found, key=lambda problem: problem.line or 0), are_all


def _search(lines: list[str], most: int, seconds: float, **about: Any) -> tuple[list[Problem], bool]:
    """The problems in the order in which the reader comes upon them."""
    found: list[Problem] = []
    ends = time.monotonic() + seconds
    while len(found) < most and time.monotonic() < ends:
        try:
            parse_sequences("\n".join(lines), **about)
        except FormatError as error:
            # a message without a line comes last: lines set aside may be the reason for it
            if error.line is None:
                if not found:
                    found.append(Problem(None, "", error.found, error.accepted))
                return found, True
            place = error.line - 1
            if any(problem.line == error.line for problem in found):
                return found, False
            found.append(Problem(error.line, lines[place][:_LONGEST_SHOWN], error.found, error.accepted))
            lines[place] = _set_aside(lines, place)
        except EpoolError as error:
            found.append(Problem(None, "", str(error), "a text of sequences"))
            return found, True
        else:
            return found, True
    return found, False


def _set_aside(lines: list[str], place: int) -> str:
    """What to put in the place of a line so that its neighbours still mean what they did."""
    line = lines[place]
    if len(line.split()) == 1 and not line.startswith(">"):
        return "N"  # letters: the record continues
    return ""
