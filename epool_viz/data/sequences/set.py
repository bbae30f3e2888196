"""Sets of sequences: codes, names, labels and known sites."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload

import numpy as np

from epool_viz.core.alphabet import Alphabet, get_alphabet, one_hot
from epool_viz.core.types import Array, Codes
from epool_viz.data.source import near
from epool_viz.errors import ArgumentError, ShapeError


class Site(NamedTuple):
    """Where a known site lies in its sequence: `sequence[start:stop]`."""

    start: int
    stop: int


class PlantedSite(NamedTuple):
    """Where a site was put, by which motif, and how: `sequence[start:stop]`, read backwards on the strand "-"."""

    start: int
    stop: int
    strand: str
    motif: str


@dataclass(frozen=True, eq=False, repr=False)
class SequenceSet:
    """Sequences in the order they were read; nothing in it can be changed.

    Make one with `SequenceSet.from_strings`, `read_sequences` or `load_example`. `len(s)` counts the sequences, `s[3]`
    is one as a string, `s[2:5]`, `s[[0, 7]]` and `s[s.labels == 1]` are smaller sets, and iteration gives strings.

    Parameters
    ----------
    all_codes : int8 array
        The codes of all sequences, end to end.
    offsets : int array, shape (N + 1,)
        Sequence `i` is `all_codes[offsets[i]:offsets[i + 1]]`.
    names : tuple of N str
    labels : int array, shape (N,), or None
        1 for bound and 0 for not, as the benchmarks have it.
    alphabet : Alphabet
    source : str
        Where they come from, in words.
    assumptions : tuple of str
        What the reader took for granted, a sentence each.
    sites : tuple of N tuples of Site, or None
        Known sites of each sequence, where the origin has them; PlantedSite where `simulate` put them.
    """

    all_codes: Codes
    offsets: Array
    names: tuple[str, ...]
    labels: Array | None
    alphabet: Alphabet
    source: str = "strings"
    assumptions: tuple[str, ...] = ()
    sites: tuple[tuple[Site, ...] | tuple[PlantedSite, ...], ...] | None = None

    def __post_init__(self) -> None:
        for field in ("names", "labels", "sites"):
            value = getattr(self, field)
            if value is not None and len(value) != len(self):
                raise ArgumentError(field, f"of length {len(value)}", f"one for each of {len(self)} sequences")
        for field in ("all_codes", "offsets", "labels"):
            value = getattr(self, field)
            if value is not None:
                object.__setattr__(self, field, _frozen(value))

    @classmethod
    def from_strings(
        cls,
        strings: Iterable[str],
        *,
        names: Iterable[str] | None = None,
        labels: Any = None,
        alphabet: str | Alphabet = "DNA",
    ) -> SequenceSet:
        """Make a set of strings.

        Parameters
        ----------
        strings : iterable of str
            Letters of either case; lengths may differ.
        names : iterable of str, or None for "sequence 1", "sequence 2", ...
        labels : whole numbers, one a sequence, or None
        alphabet : Alphabet or its name

        Raises
        ------
        ArgumentError
            For an empty string, a character that is no letter, or names or labels of another number; the message
            names the string, counted from 0.
        """
        if isinstance(strings, str):
            raise ArgumentError("strings", "one string", "a list of strings, as in ['ACGT']")
        alphabet = get_alphabet(alphabet)
        pieces = [alphabet.encode(string, name=f"strings[{i}]") for i, string in enumerate(strings)]
        empty = next((i for i, piece in enumerate(pieces) if not len(piece)), None)
        if empty is not None:
            raise ArgumentError(f"strings[{empty}]", "an empty string", "at least one letter")
        offsets = offsets_of([len(piece) for piece in pieces])
        all_codes = np.concatenate(pieces) if pieces else np.empty(0, np.int8)
        chosen = default_names(len(pieces)) if names is None else tuple(str(name) for name in names)
        return cls(all_codes, offsets, chosen, _whole_labels(labels), alphabet)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[str]:
        letters = self.alphabet.decode(self.all_codes)
        for start, stop in zip(self.offsets[:-1].tolist(), self.offsets[1:].tolist(), strict=True):
            yield letters[start:stop]

    @overload
    def __getitem__(self, key: int) -> str: ...
    @overload
    def __getitem__(self, key: slice | Sequence[int] | Array) -> SequenceSet: ...
    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int | np.integer):
            return self.alphabet.decode(self.codes(int(key)))
        return self._take(self._places(key))

    def __repr__(self) -> str:
        if not len(self):
            return f"SequenceSet(no {self.alphabet.name} sequences, from {self.source})"
        low, high = int(self.lengths.min()), int(self.lengths.max())
        letters = f"{low}" if low == high else f"{low} to {high}"
        return f"SequenceSet({len(self)} {self.alphabet.name} sequences of {letters} letters, from {self.source})"

    @property
    def lengths(self) -> Array:
        """Letters in each sequence; int array, shape (N,)."""
        return np.diff(self.offsets)

    def codes(self, i: int) -> Codes:
        """The codes of sequence `i`; a read-only int8 array, -1 for an unknown letter.

        Raises
        ------
        IndexError
            If there is no sequence `i`.
        """
        if not -len(self) <= i < len(self):
            raise IndexError(f"sequence {i} of {len(self)}")
        i %= len(self)
        return self.all_codes[self.offsets[i] : self.offsets[i + 1]]

    def one_hot(self, dtype: Any = np.float64) -> Array:
        """Every sequence as a one-hot matrix.

        Parameters
        ----------
        dtype : NumPy floating type

        Returns
        -------
        array, shape (N, letter, L); a column of zeros for an unknown letter.

        Raises
        ------
        ShapeError
            If the lengths differ, or there is no sequence; the message names the shortest and the longest.
        """
        if not len(self):
            raise ShapeError("sequences", "an empty set", "at least one sequence")
        shortest, longest = int(self.lengths.argmin()), int(self.lengths.argmax())
        low, high = int(self.lengths[shortest]), int(self.lengths[longest])
        if low != high:
            found = f"from {low} letters ({self.names[shortest]!r}) to {high} ({self.names[longest]!r}) long"
            raise ShapeError("sequences", found, "sequences of one length")
        return one_hot(self.all_codes.reshape(len(self), low), self.alphabet, dtype=dtype)

    def find(self, name: str) -> int:
        """The place of the first sequence of this name, or whose name begins with this word.

        Raises
        ------
        ArgumentError
            If there is none; the message offers the nearest names.
        """
        if name in self.names:
            return self.names.index(name)
        for i, full in enumerate(self.names):
            if full.split(maxsplit=1)[:1] == [name]:
                return i
        raise ArgumentError("name", repr(name), f"the name of a sequence, such as {near(name, self.names)}")

    def letter_frequencies(self) -> Array:
        """The share of each letter among the known ones; float array, shape (letter,), sums to 1.

        Raises
        ------
        ArgumentError
            If no letter is known.
        """
        counts = np.array([np.count_nonzero(self.all_codes == code) for code in range(len(self.alphabet))])
        if not counts.sum():
            raise ArgumentError("sequences", "without a single known letter", f"letters {self.alphabet.letters}")
        return np.asarray(counts / counts.sum())

    def _places(self, key: Any) -> Array:
        """The selected places, counted from 0."""
        every = np.arange(len(self))
        if isinstance(key, slice):
            return every[key]
        chosen = np.asarray(key)
        if chosen.dtype == bool and chosen.shape != every.shape:
            raise ShapeError("mask", f"of shape {chosen.shape}", f"one truth value a sequence, shape {every.shape}")
        if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "biu"):
            raise ArgumentError("key", repr(key), "a place, a slice, a list of places or a mask")
        return every[chosen if chosen.size else []]

    def _take(self, places: Array) -> SequenceSet:
        """The set of these sequences, in this order."""
        offsets = offsets_of(self.lengths[places])
        # where each letter of the new set stands in the old one
        letters = np.repeat(self.offsets[places] - offsets[:-1], np.diff(offsets)) + np.arange(offsets[-1])
        return dataclasses.replace(
            self,
            all_codes=self.all_codes[letters],
            offsets=offsets,
            names=tuple(self.names[i] for i in places),
            labels=None if self.labels is None else self.labels[places],
            sites=None if self.sites is None else tuple(self.sites[i] for i in places),
        )


def zero_or_one(labels: Array) -> tuple[Array, tuple[str, ...]]:
    """Labels -1 and 1 as 0 and 1, with a sentence on it; others as they are."""
    if labels.size and labels.min() == -1 and np.isin(labels, (-1, 1)).all():
        return (labels + 1) // 2, ("The labels -1 and 1 are read as 0 and 1.",)
    return labels, ()


def sequence_arrays(sequences: SequenceSet, name: str) -> dict[str, Array]:
    """A labelled set as arrays whose names begin with `name`; `sequences_of` is the way back.

    Names of sequences, and how a site was planted, stay behind.
    """
    parts = {"codes": sequences.all_codes, "offsets": sequences.offsets, "labels": sequences.labels}
    if sequences.sites is not None:
        places = [(site.start, site.stop) for sites in sequences.sites for site in sites]
        parts["sites"] = np.array(places, dtype=np.int64).reshape(-1, 2)
        parts["n_sites"] = np.array([len(sites) for sites in sequences.sites], dtype=np.int64)
    return {f"{name}.{part}": array for part, array in parts.items() if array is not None}


def sequences_of(arrays: Mapping[str, Array], name: str, alphabet: str | Alphabet = "DNA") -> SequenceSet:
    """The set that `sequence_arrays` took apart.

    Raises
    ------
    ArgumentError
        If the arrays do not fit each other.
    """
    try:
        codes, offsets = arrays[f"{name}.codes"], arrays[f"{name}.offsets"]
        sites = None
        if f"{name}.sites" in arrays:
            places = [Site(start, stop) for start, stop in arrays[f"{name}.sites"].tolist()]
            ends = np.concatenate([[0], np.cumsum(arrays[f"{name}.n_sites"])]).tolist()
            sites = tuple(tuple(places[a:b]) for a, b in itertools.pairwise(ends))
        if codes.dtype != np.int8 or offsets[0] != 0 or offsets[-1] != len(codes) or np.any(np.diff(offsets) < 1):
            raise ValueError("codes and offsets differ")
        names = default_names(len(offsets) - 1)
        found = get_alphabet(alphabet)
        if len(codes) and not -1 <= codes.min() <= codes.max() < len(found):
            raise ValueError("a code is no letter")
        return SequenceSet(codes, offsets, names, arrays.get(f"{name}.labels"), found, sites=sites)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        if isinstance(error, ArgumentError):
            raise
        raise ArgumentError(name, f"no set of sequences ({error})", "what sequence_arrays gives") from None


def default_names(n: int) -> tuple[str, ...]:
    """Names for sequences that have none: sequence 1, sequence 2, ..."""
    return tuple(f"sequence {i + 1}" for i in range(n))


def offsets_of(lengths: Any) -> Array:
    """Where each sequence begins among all letters, and where the last one ends; shape (N + 1,)."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


def _whole_labels(labels: Any) -> Array | None:
    if labels is None:
        return None
    values = np.asarray(labels)
    if values.ndim != 1 or values.dtype.kind not in "biuf" or not np.all(np.mod(values, 1) == 0):
        raise ArgumentError(
            "labels", f"of type {values.dtype} and shape {values.shape}", "whole numbers, one a sequence"
        )
    return values.astype(np.int64)


def _frozen(values: Array) -> Array:
    view = values.view()
    view.setflags(write=False)
    return view
