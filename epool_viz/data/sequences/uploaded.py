"""Uploaded or pasted sequences: the set, or all errors of the text."""

from __future__ import annotations

from typing import NamedTuple

from epool_viz.data.limits import Limits
from epool_viz.data.sequences.problems import Problem, sequence_problems
from epool_viz.data.sequences.reading import parse_sequences
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.errors import FormatError


class SequencesRead(NamedTuple):
    """A parsed text of sequences.

    Attributes
    ----------
    sequences : SequenceSet or None
        None where there are problems.
    problems : tuple of Problem
        In the order of the lines.
    are_all : bool
        Whether there are no more problems than these.
    """

    sequences: SequenceSet | None
    problems: tuple[Problem, ...] = ()
    are_all: bool = True


def read_uploaded_sequences(raw: bytes, *, name: str, alphabet: str | None, limits: Limits) -> SequencesRead:
    """`parse_sequences`, with all errors of the text in place of the first one.

    Parameters
    ----------
    raw : bytes
        Any format of `read_sequences`, packed or not.
    name : str
        What the messages call it.
    alphabet : name of an Alphabet, or None
    limits : Limits
    """
    try:
        return SequencesRead(parse_sequences(raw, source=name, alphabet=alphabet, limits=limits))
    except FormatError as error:
        first = Problem(error.line, "", error.found, error.accepted)
    if first.line is None or len(raw) > limits.bytes:
        return SequencesRead(None, (first,))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return SequencesRead(None, (first,), are_all=False)
    found, are_all = sequence_problems(text, source=name, alphabet=alphabet, limits=limits)
    return SequencesRead(None, tuple(found) or (first,), are_all)
