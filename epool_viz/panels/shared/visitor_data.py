"""Sequences and kernels that the browser stores, from the page "Your data", for any dashboard.

A dashboard that can use them has a model with the trait `visitor_data` (a `VisitorData`) and lists in
`Dashboard.VISITOR_CHOICES` which choice of which trait means them. `sequences_of` and `kernels_of` return them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from epool_viz.core.alphabet import DNA, Alphabet
from epool_viz.data.limits import Limits
from epool_viz.data.networks.kernel_text import as_text, from_text
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.writing import write_sequences
from epool_viz.errors import ArgumentError, EpoolError
from epool_viz.panels.shared.opened_model import sequences_of_file

CHOICE = "yours"
LABEL = "yours, from the page Your data"
SEQUENCES, MODEL = "sequences", "model"  # as the browser keeps them
MOST_TEXT = 6_000_000  # characters of sequences that are kept
LIMITS = Limits(bytes=2 * MOST_TEXT, records=100_000, letters=2 * MOST_TEXT)  # of what is unpacked, to be looked at
OF_A_FIELD = Limits(bytes=4_000_000, records=50_000, letters=1_000_000)  # what a dashboard's own field may hold
_WHERE = "what you bring on the page “Your data”, or another choice"


class NotYetHere(Exception):  # noqa: N818 - no error: it is on its way
    """The page has yet to answer; what is on the screen stays until it does."""


@dataclass(frozen=True, eq=False)
class VisitorData:
    """The visitor's data in the browser, as far as this page has them.

    Parameters
    ----------
    kept : dict, or None
        What the browser stores, name to its metadata; None until the browser has sent it.
    sequences : SequenceSet or None
        None until they were requested and received.
    kernels : ImportedKernels or None
    opened : ImportedKernels or None
        Those of a file that was opened on this page; they hold until the browser has others or drops its own.
    refused : dict of str
        Why something that came cannot be used.
    """

    kept: Mapping[str, Any] | None = None
    sequences: SequenceSet | None = None
    kernels: ImportedKernels | None = None
    opened: ImportedKernels | None = None
    refused: Mapping[str, str] = field(default_factory=dict)

    def with_stored(self, kept: Mapping[str, Any]) -> VisitorData:
        """The same with a new list of what the browser stores; older data are dropped."""
        was = self.kept or {}
        same = {name for name in kept if was.get(name) == kept[name]}
        return VisitorData(
            dict(kept),
            self.sequences if SEQUENCES in same else None,
            self.kernels if MODEL in same else None,
            self.opened if self._holds_opened(kept) else None,
            {name: why for name, why in self.refused.items() if name in same},
        )

    def with_opened(self, kernels: ImportedKernels) -> VisitorData:
        """The same after a model file was opened on this page."""
        refused = {name: why for name, why in self.refused.items() if name != MODEL}
        return dataclasses.replace(self, kernels=None, opened=kernels, refused=refused)

    def _holds_opened(self, kept: Mapping[str, Any]) -> bool:
        """Whether the opened file still counts, given what the browser stores now."""
        if self.opened is None:
            return False
        was, now = ((each or {}).get(MODEL) for each in (self.kept, kept))
        if now is None:  # a browser that keeps nothing has had nothing before
            return was is None
        return now == was or now.get("says") == packed_kernels(self.opened)[0]["says"]

    @property
    def model(self) -> ImportedKernels | None:
        """The current kernels; None while there are none here."""
        return self.kernels if self.opened is None else self.opened

    def with_data(self, name: str, about: Mapping[str, Any], data: bytes | None) -> VisitorData:
        """The same with received data; the error of data that cannot be read is stored."""
        if data is None:
            kept = {each: known for each, known in (self.kept or {}).items() if each != name}
            return dataclasses.replace(self, kept=kept)
        source = str(about.get("name", "your data"))[:200]
        try:
            if name == SEQUENCES:
                read = sequences_of_file(source, _modest(data), LIMITS, about.get("alphabet"))
                return dataclasses.replace(self, sequences=read)
            return dataclasses.replace(self, kernels=from_text(data, source=source))
        except EpoolError as error:
            return dataclasses.replace(self, refused={**self.refused, name: str(error)})

    def has(self, name: str) -> bool:
        """Whether it is here, or was refused."""
        return name in self.refused or (self.sequences if name == SEQUENCES else self.model) is not None

    def keeps(self, name: str) -> bool:
        """Whether the browser stores it."""
        return self.kept is not None and name in self.kept


def sequences_of(visitor_data: VisitorData, alphabet: Alphabet | None = DNA) -> SequenceSet:
    """The visitor's sequences.

    Raises
    ------
    NotYetHere
        While the page has not answered.
    ArgumentError
        If there are none, or they are of another alphabet.
    """
    found = _there(visitor_data, SEQUENCES, visitor_data.sequences, "sequences")
    if alphabet is not None and found.alphabet != alphabet:
        raise ArgumentError("sequences", f"yours, of {found.alphabet.name}", f"{alphabet.name} in this dashboard")
    return found


def kernels_of(visitor_data: VisitorData, alphabet: Alphabet | None = DNA) -> ImportedKernels:
    """The kernels of the visitor's model; errors are those of `sequences_of`."""
    found = _there(visitor_data, MODEL, visitor_data.model, "kernel")
    if alphabet is not None and len(found.alphabet) != len(alphabet):
        raise ArgumentError("kernel", f"yours, of {found.alphabet.name}", f"{alphabet.name} in this dashboard")
    return found


def kernel_names(visitor_data: VisitorData) -> tuple[str, ...]:
    """What the kernels are called; empty while they are not here."""
    return () if visitor_data.model is None else visitor_data.model.names


def _there(visitor_data: VisitorData, name: str, found: Any, called: str) -> Any:
    if found is not None:
        return found
    if name in visitor_data.refused:
        raise ArgumentError(called, f"yours, which cannot be used: {visitor_data.refused[name]}", _WHERE)
    if visitor_data.kept is None or name in visitor_data.kept:
        raise NotYetHere(name)
    raise ArgumentError(called, "yours, and nothing of the kind is kept in this browser", _WHERE)


# what the page "Your data" has kept


def packed_sequences(sequences: SequenceSet) -> tuple[dict[str, Any], bytes]:
    """Sequences as the browser keeps them: what is known of them, and their text.

    Raises
    ------
    ArgumentError
        If they are too many letters.
    """
    text = write_sequences(sequences, format="fasta" if sequences.labels is None else "encode").encode()
    if len(text) > MOST_TEXT:
        accepted = f"at most {MOST_TEXT:,}, names included"
        raise ArgumentError("sequences", f"{len(text):,} characters", accepted)
    n, letters = len(sequences), int(np.sum(sequences.lengths))
    counted = f"{n:,} {'sequence' if n == 1 else 'sequences'} of {sequences.alphabet.name}"
    says = f"{sequences.source}, {counted}, {letters:,} letters"
    return {"name": sequences.source, "alphabet": sequences.alphabet.name, "n": n, "says": says}, text


def packed_kernels(kernels: ImportedKernels) -> tuple[dict[str, Any], bytes]:
    """Kernels as the browser keeps them; of a network of this package, what follows them goes along."""
    n = len(kernels)
    of = f" of {kernels.layer}" if kernels.layer else ""
    says = f"{kernels.source}, {n:,} {'kernel' if n == 1 else 'kernels'}{of}, {kernels.width} letters wide"
    says += "" if kernels.whole is None else ", a whole network"
    about = {"name": kernels.source, "alphabet": kernels.alphabet.name, "n": n, "says": says}
    return about, as_text(kernels).encode()


def _modest(data: bytes) -> bytes:
    if len(data) > MOST_TEXT or data[:2] == b"\x1f\x8b":
        raise ArgumentError("sequences", f"{len(data):,} bytes", f"at most {MOST_TEXT:,} of plain text")
    return data
