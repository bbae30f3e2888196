"""Every window of every sequence: what a motif finder looks at, and the sites that it finds there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from epool_viz.core._arrays import require_whole
from epool_viz.core.alphabet import Alphabet, get_alphabet
from epool_viz.core.types import Array
from epool_viz.errors import ArgumentError

_TABLE = 1024  # entries of the table in which the columns of a group are looked up together


class Group(NamedTuple):
    """Neighbouring columns whose letters are looked up together.

    Attributes
    ----------
    first, width : int
        Columns `first` to `first + width - 1`.
    codes : shape (window,)
        The letters of a window in these columns as one number, to the base of the number of letters.
    """

    first: int
    width: int
    codes: Array


class Windows(NamedTuple):
    """Every whole window of known letters, sequence after sequence.

    Attributes
    ----------
    letters : shape (window, width), codes as the motif reads them
    sequence : shape (window,), place of the sequence
    start : shape (window,), first letter on the given strand, from 0
    is_reverse : shape (window,)
    first : shape (n_sequences,), place of each sequence's first window
    n_windows : shape (n_sequences,), how many each has; 0 for a sequence that takes no part
    n_letters : int
        Of the alphabet.
    groups : tuple of Group
        `letters` again, several columns at once.
    complement : tuple of int, or None
        The code of each letter's complement where both strands are listed; None for one strand.
    """

    letters: Array
    sequence: Array
    start: Array
    is_reverse: Array
    first: Array
    n_windows: Array
    n_letters: int
    groups: tuple[Group, ...]
    complement: tuple[int, ...] | None = None


class FoundSite(NamedTuple):
    """A window that the motif takes for its site: `sequence[start:stop]`, read backwards on the strand "-".

    Attributes
    ----------
    sequence : int, from 0
    start, stop : int
    strand : "+" or "-"
    posterior : float
    """

    sequence: int
    start: int
    stop: int
    strand: str
    posterior: float


def windows_of(
    sequences: Any,
    width: int,
    *,
    both_strands: bool = False,
    alphabet: str | Alphabet = "DNA",
    erased: Any = None,
    skip: bool = False,
) -> Windows:
    """List the windows of known letters.

    Parameters
    ----------
    sequences : SequenceSet, or strings, or int8 codes (-1 for an unknown letter)
    width : int
    both_strands : bool
        List each window as its reverse complement too.
    alphabet : for strings
    erased : sequence of boolean arrays, one a sequence, or None
        Letters that no window may touch: those of sites found before. A sequence that has no other window takes no
        part.
    skip : bool
        Whether a sequence without such a window takes no part, too, instead of being an error.

    Raises
    ------
    ArgumentError
        If a sequence, or with `erased` or `skip` every sequence, has no such window.
    """
    require_whole(width, "width", at_least=1)
    codes, letters = codes_of(sequences, alphabet)
    if both_strands and letters.complement is None:
        raise ArgumentError("both_strands", f"True for {letters.name}", "DNA or RNA")
    parts, starts, reverse, owner, count = [], [], [], [], []
    for place, each in enumerate(codes):
        if len(each) < width:
            if skip:
                count.append(0)
                continue
            long = f"{len(each)} letter{'s' * (len(each) != 1)}"
            raise ArgumentError("sequences", f"number {place + 1} of {long}", f"at least {width} letters")
        usable = each >= 0
        if erased is not None:
            usable = usable & ~np.asarray(erased[place], dtype=bool)
        seen = np.lib.stride_tricks.sliding_window_view(each, width)
        begin = np.flatnonzero(np.lib.stride_tricks.sliding_window_view(usable, width).all(axis=1))
        if not len(begin) and not skip and erased is None:
            accepted = f"{width} known letters in a row"
            raise ArgumentError("sequences", f"number {place + 1} without a window", accepted)
        found = seen[begin]
        parts.append(found)
        if both_strands:
            complement = np.array(letters.complement_codes, dtype=np.int8)
            parts.append(complement[found[:, ::-1]])
        strands = 2 if both_strands else 1
        starts.append(np.tile(begin, strands))
        reverse.append(np.repeat(np.arange(strands) == 1, len(begin)))
        owner.append(np.full(len(begin) * strands, place))
        count.append(len(begin) * strands)
    if not any(count):
        left = " that are not erased" if erased is not None else ""
        raise ArgumentError("sequences", "without a window", f"{width} known letters in a row{left}")
    counts = np.array(count)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    found = np.concatenate(parts)
    return Windows(
        found,
        np.concatenate(owner),
        np.concatenate(starts),
        np.concatenate(reverse),
        first,
        counts,
        len(letters),
        _grouped(found, len(letters)),
        letters.complement_codes if both_strands else None,
    )


def sites_of(windows: Windows, posterior: Array, least: float = 0.0) -> list[FoundSite]:
    """The most probable window of each sequence, where its posterior is at least `least`."""
    width = windows.letters.shape[1]
    found = []
    for place, (first, n) in enumerate(zip(windows.first, windows.n_windows, strict=True)):
        best = first + int(np.argmax(posterior[first : first + n])) if n else -1
        if best >= 0 and posterior[best] >= least:
            start, strand = int(windows.start[best]), "-" if windows.is_reverse[best] else "+"
            found.append(FoundSite(place, start, start + width, strand, float(posterior[best])))
    return found


def is_at_known_site(site: FoundSite, known: Sequence[Any]) -> bool:
    """Whether a site overlaps one of `known`, in the same sequence, by half of the shorter of the two.

    Parameters
    ----------
    site : FoundSite
    known : sequence of Site or PlantedSite
        Those of `SequenceSet.sites` for the site's sequence; strands are not compared.
    """
    for each in known:
        shared = min(site.stop, each.stop) - max(site.start, each.start)
        if 2 * shared >= min(site.stop - site.start, each.stop - each.start):
            return True
    return False


def background_of(codes: list[Array], alphabet: Alphabet, both_strands: bool) -> Array:
    """The share of each letter, a thousandth of it spread over all; of both strands alike where both are read."""
    counts = np.zeros(len(alphabet))
    for each in codes:
        counts += np.bincount(each[each >= 0], minlength=len(alphabet))
    if both_strands and alphabet.complement_codes is not None:
        counts = counts + counts[list(alphabet.complement_codes)]
    counts += 1e-3 * max(counts.sum(), 1)  # a letter that never occurs has no finite log
    return np.asarray(counts / counts.sum())


def codes_of(sequences: Any, alphabet: str | Alphabet) -> tuple[list[Array], Alphabet]:
    """Letter codes of each sequence, and their alphabet.

    Raises
    ------
    ArgumentError
        If there are no sequences.
    """
    if hasattr(sequences, "all_codes") and hasattr(sequences, "offsets"):
        codes, offsets = np.asarray(sequences.all_codes), sequences.offsets
        return [codes[a:b] for a, b in pairwise(offsets)], sequences.alphabet
    letters = get_alphabet(alphabet)
    found = [letters.encode(each) if isinstance(each, str) else np.asarray(each, dtype=np.int8) for each in sequences]
    if not found:
        raise ArgumentError("sequences", "empty", "at least one sequence")
    return found, letters


def _grouped(letters: Array, n_letters: int) -> tuple[Group, ...]:
    """Columns in groups as wide as a table of all their letters allows."""
    widest = max(int(math.log(_TABLE) / math.log(n_letters) + 1e-9), 1)
    groups = []
    for first in range(0, letters.shape[1], widest):
        columns = letters[:, first : first + widest].astype(np.intp)
        codes = columns[:, 0]
        for j in range(1, columns.shape[1]):
            codes = codes * n_letters + columns[:, j]
        groups.append(Group(first, columns.shape[1], np.ascontiguousarray(codes)))
    return tuple(groups)
