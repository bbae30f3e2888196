"""A motif: letter probabilities of shape (letter, position), with the counts where a file gives counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from epool_viz.core.alphabet import DNA, Alphabet
from epool_viz.core.motifs import check_ppm, pfm_to_ppm
from epool_viz.core.types import Array
from epool_viz.data.motifs.matrix import Kind as Kind
from epool_viz.data.motifs.matrix import ParsedMatrix as ParsedMatrix
from epool_viz.data.motifs.matrix import parse_matrix as parse_matrix
from epool_viz.errors import ShapeError


@dataclass(frozen=True, eq=False)
class Motif:
    """A motif as letter probabilities.

    Parameters
    ----------
    name : str
    accession : str
        The identifier in its database, or "".
    ppm : float array, shape (letter, position)
        Probabilities; every column sums to 1.
    counts : float array, shape (letter, position), or None
    n_sites : float or None
        How many sites it was made from.
    background : float array, shape (letter,), or None
        Letter probabilities the file gives for the sequences around the sites.
    alphabet : Alphabet
    assumptions : tuple of str
        What the reader took for granted, a sentence each.
    is_of_odds : bool
        Whether the file gives log odds, so that the probabilities are made of them and none is 0.

    Raises
    ------
    ArgumentError
        If the columns are no probabilities, or their number of letters is not the alphabet's.
    """

    name: str
    accession: str
    ppm: Array
    counts: Array | None = None
    n_sites: float | None = None
    background: Array | None = None
    alphabet: Alphabet = DNA
    assumptions: tuple[str, ...] = ()
    is_of_odds: bool = False

    def __post_init__(self) -> None:
        for field in ("ppm", "counts", "background"):
            if getattr(self, field) is not None:
                object.__setattr__(self, field, _frozen(getattr(self, field)))
        if self.ppm.ndim != 2 or self.ppm.shape[0] != len(self.alphabet):
            accepted = f"({len(self.alphabet)}, position) for {self.alphabet.name}"
            raise ShapeError("ppm", f"of shape {self.ppm.shape}", accepted)
        check_ppm(self.ppm)

    @classmethod
    def from_counts(
        cls,
        counts: Any,
        *,
        name: str,
        accession: str = "",
        alphabet: Alphabet = DNA,
        assumptions: tuple[str, ...] = (),
    ) -> Motif:
        """Make a motif of counts, shape (letter, position); whole numbers are not required."""
        counts = np.asarray(counts, dtype=np.float64)
        totals = counts.sum(axis=0)
        if np.ptp(totals) > 1e-6 * totals.max():
            held = f"The positions hold {totals.min():g} to {totals.max():g} counts"
            assumptions = (*assumptions, f"{held}; the number of sites is taken as {totals.max():g}.")
        return cls(name, accession, pfm_to_ppm(counts), counts, float(totals.max()), None, alphabet, assumptions)

    @property
    def width(self) -> int:
        """Number of positions."""
        return int(self.ppm.shape[1])

    @property
    def label(self) -> str:
        """Name and accession, as in "CTCF (MA0139.2)"."""
        return f"{self.name} ({self.accession})" if self.accession and self.name else self.name or self.accession

    def __repr__(self) -> str:
        return f"Motif({self.label!r}, {self.width} positions of {self.alphabet.name})"


def with_sentence(motifs: list[Motif], sentence: str) -> list[Motif]:
    """The motifs, each with one assumption more; the same where the sentence is empty."""
    if not sentence:
        return motifs
    return [replace(motif, assumptions=(*motif.assumptions, sentence)) for motif in motifs]


def _frozen(values: Any) -> Array:
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array
