"""Which known motifs a matrix resembles: TOMTOM's p-values against JASPAR, by memelite, and a second test.

TOMTOM tests whether columns drawn from all known motifs would align as well. To a flat matrix the flat stretches of
long motifs are near, and such columns are rare among all: it calls noise a match (a kernel of 0.1 bits: E = 0.004). So
the letters have to agree too: permuted at random in each column, which leaves every column as flat as it is, they must
not fit as well.

memelite compiles itself on its first use, for about a minute, and holds half a gigabyte while it works:
`jobs.matching` lets a limited process do it. The matches of the bundled models are bundled too;
`example_matches` reads it.
"""

from __future__ import annotations

import importlib.resources
import importlib.util
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from epool_viz.core.motifs import check_ppm
from epool_viz.core.types import Array
from epool_viz.data.motifs.jaspar import jaspar_index, load_jaspar
from epool_viz.data.motifs.motif import Motif
from epool_viz.errors import ArgumentError, MissingExtraError, ShapeError

SIGNIFICANCE = 0.05  # the largest E-value that is reported
MOST_QUERIES = 256
LEAST_TARGETS = 25  # with fewer the background of the p-values is too thin; memelite warns
_FILE = "matches.tsv"
_HEAD = ("model", "reading", "kernel", "accession", "p_value", "letter_p", "e_value", "offset", "overlap", "strand")
_TRIED = 100  # of the nearest by TOMTOM, for each matrix
_BINS = 2000  # of the distances between columns, in the distribution of their sum
_DEALS = np.array(list(itertools.permutations(range(4))))  # every way to deal four letters


class Match(NamedTuple):
    """A known motif that a matrix resembles.

    Attributes
    ----------
    accession, name : str
    p_value : float
        TOMTOM's: that a motif of columns drawn from all known ones aligns as well at its best place.
    letter_p : float
        That the matrix with the letters of each column permuted aligns as well, at any place.
    e_value : float
        How many of all the known motifs would do so well by chance: their number times the larger of the two.
    offset : int
        Column `j` of the matrix stands at column `j + offset` of the known motif, as it is written or, where
        `is_reverse`, of its reverse complement.
    overlap : int
        Columns that stand above one another.
    is_reverse : bool
    """

    accession: str
    name: str
    p_value: float
    letter_p: float
    e_value: float
    offset: int
    overlap: int
    is_reverse: bool


def match_motifs(
    ppms: Iterable[Any], *, targets: Sequence[Motif] | None = None, significance: float = SIGNIFICANCE, most: int = 5
) -> list[tuple[Match, ...]]:
    """The known motifs that each matrix resembles, the nearest first.

    Parameters
    ----------
    ppms : iterable of arrays, shape (4, position)
        Probabilities of DNA letters.
    targets : sequence of Motif, or None
        None is JASPAR as it ships. The p-values are those of columns drawn from these, so they should be many.
    significance : float > 0
        The largest E-value that is reported.
    most : int
        How many for each matrix, at the most.

    Returns
    -------
    list of tuples of Match, one for each matrix; empty where nothing is significant.

    Raises
    ------
    ArgumentError, ShapeError
    MissingExtraError
        If memelite is not installed.

    Source: Gupta et al., Genome Biology 8:R24 (2007); the implementation is memelite's. Both strands are compared.
    """
    known = _known() if targets is None else tuple(targets)
    queries = [_query(ppm, place) for place, ppm in enumerate(ppms)]
    if len(known) < LEAST_TARGETS:
        raise ArgumentError("targets", f"{len(known)} motifs", f"at least {LEAST_TARGETS}")
    if not significance > 0:
        raise ArgumentError("significance", f"{significance:g}", "a number > 0")
    if not queries:
        return []
    if len(queries) > MOST_QUERIES:
        raise ArgumentError("ppms", f"{len(queries)} matrices", f"at most {MOST_QUERIES} at a time")
    tomtom = _tomtom()
    p_values, _, offsets, overlaps, strands = tomtom(queries, [np.array(motif.ppm) for motif in known], n_jobs=1)
    return [
        tuple(itertools.islice(_matches(queries[i], known, *found, significance), most))
        for i, found in enumerate(zip(p_values, offsets, overlaps, strands, strict=True))
    ]


def has_matching() -> bool:
    """Whether memelite is installed; nothing is imported to find out."""
    return importlib.util.find_spec("memelite") is not None


def require_matching() -> None:
    """Check that memelite is installed.

    Raises
    ------
    MissingExtraError
        If it is not.
    """
    if not has_matching():
        raise _missing()


@cache
def example_matches(name: str) -> dict[str, dict[int, tuple[Match, ...]]]:
    """The matches of the kernels of a bundled model, by the reading.

    Parameters
    ----------
    name : str
        As `list_models` has it.

    Returns
    -------
    dict of str to dict of int to tuple of Match
        For the readings "exact", "deepbind", "basset" and "posterior", the matches of each kernel that has any, by its
        number from 0; found by `scripts/build_matches.py` at the base that the model opens with and each rule's own
        threshold.
    """
    names = {record.accession: record.name for record in jaspar_index()}
    found: dict[str, dict[int, list[Match]]] = {}
    for model, reading, kernel, accession, *numbers, offset, overlap, strand in _table()[1:]:
        if model == name:
            p_value, letter_p, e_value = map(float, numbers)
            place = (int(offset), int(overlap), strand == "-")
            match = Match(accession, names[accession], p_value, letter_p, e_value, *place)
            found.setdefault(reading, {}).setdefault(int(kernel), []).append(match)
    return {
        reading: {kernel: tuple(matches) for kernel, matches in of_kernel.items()}
        for reading, of_kernel in found.items()
    }


def table_of(rows: Iterable[tuple[str, str, int, Match]]) -> str:
    """The text of the bundled file: model, reading, kernel and match of each row."""
    lines = ["\t".join(_HEAD)]
    for model, reading, kernel, match in rows:
        numbers = (f"{match.p_value:.3e}", f"{match.letter_p:.3e}", f"{match.e_value:.3e}")
        place = (str(match.offset), str(match.overlap), "-" if match.is_reverse else "+")
        lines.append("\t".join((model, reading, str(kernel), match.accession, *numbers, *place)))
    return "\n".join(lines) + "\n"


def aligned(match: Match, ppm: Any) -> tuple[Array, Array]:
    """The columns of a matrix and of its match that stand above one another.

    Returns
    -------
    (array, array), both of shape (4, overlap); the known motif reversed where the match is.
    """
    return _overlapping(_query(ppm, 0), load_jaspar(match.accession).ppm, match.offset, match.is_reverse)


class Likeness(NamedTuple):
    """How near the readings of a kernel come to one known motif, over the same columns.

    Attributes
    ----------
    match : Match
        The most significant one of all readings.
    reading : str
        Whose it is.
    correlation : dict of str to float
        Pearson's, of the aligned probabilities, by reading; 0 where either is flat.
    known : shape (letter, overlap)
        The columns of the known motif, turned as they align.
    """

    match: Match
    reading: str
    correlation: dict[str, float]
    known: Array


Matches = Mapping[str, Sequence[Match] | None]  # by reading; None where it was not looked up


def best_match(matches: Matches) -> tuple[str, Match] | None:
    """The match with the smallest E-value of all readings of a kernel, and whose it is; None where there is none."""
    found = [(reading, of_reading[0]) for reading, of_reading in matches.items() if of_reading]
    return min(found, key=lambda pair: pair[1].e_value, default=None)


def nearest_reading(matches: Matches) -> str | None:
    """The reading of a kernel with the smallest p-value of TOMTOM; None where none resembles a known motif."""
    found = {reading: of_reading[0].p_value for reading, of_reading in matches.items() if of_reading}
    return min(found, key=lambda reading: found[reading], default=None)


def likeness(matches: Matches, ppms: Mapping[str, Any]) -> Likeness | None:
    """How near the readings of a kernel come to the known motif that one of them resembles most.

    Parameters
    ----------
    matches : dict of str to tuple of Match, or None
        By reading, the nearest first.
    ppms : dict of str to array, shape (4, width)
        By reading; each is aligned as the best match is.

    Returns
    -------
    Likeness, or None where no reading resembles a known motif.
    """
    best = best_match(matches)
    if best is None:
        return None
    reading, match = best
    correlation, known = {}, np.zeros((4, 0))
    for name, ppm in ppms.items():
        own, known = aligned(match, ppm)
        correlation[name] = _correlation(own, known)
    return Likeness(match, reading, correlation, known)


def _correlation(one: Array, two: Array) -> float:
    if np.ptp(one) == 0 or np.ptp(two) == 0:
        return 0.0
    return float(np.corrcoef(one.ravel(), two.ravel())[0, 1])


def letter_p_value(query: Array, known: Array) -> float:
    """That letters permuted in each column of `query` come as near to `known`, both of shape (4, overlap).

    Near is a small sum of the columns' Euclidean distances, as in TOMTOM. Exact but for 2,000 steps of the distance,
    which are taken in favour of chance.
    """
    distances = np.linalg.norm(query[_DEALS] - known[None], axis=1)  # (deal, overlap); deal 0 is as it stands
    step = max(float(distances.max(axis=0).sum()) / _BINS, 1e-12)
    whole = np.floor(distances / step).astype(int)
    law = np.ones(1)
    for column in whole.T:
        law = np.convolve(law, np.bincount(column) / len(_DEALS))
    reached = int(np.ceil(distances[0].sum() / step))
    return float(min(law[: reached + 1].sum(), 1.0))


def _overlapping(query: Array, known: Array, offset: int, is_reverse: bool) -> tuple[Array, Array]:
    known = np.asarray(known)
    if is_reverse:
        known = known[::-1, ::-1]
    first, last = max(0, -offset), min(query.shape[1], known.shape[1] - offset)
    return query[:, first:last], known[:, first + offset : last + offset]


@cache
def _known() -> tuple[Motif, ...]:
    return tuple(load_jaspar(record.accession) for record in jaspar_index())


def _query(ppm: Any, place: int) -> Array:
    matrix = np.asarray(check_ppm(ppm, f"ppms[{place}]"), dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != 4:
        raise ShapeError(f"ppms[{place}]", f"of shape {matrix.shape}", "(4, position): DNA")
    return matrix


def _tomtom() -> Any:
    try:
        from memelite import tomtom
    except ImportError:
        raise _missing() from None
    return tomtom


def _missing() -> MissingExtraError:
    return MissingExtraError("memelite", "motifs", "the comparison with known motifs")


def _matches(
    query: Array,
    known: Sequence[Motif],
    p_values: Array,
    offsets: Array,
    overlaps: Array,
    strands: Array,
    significance: float,
) -> Iterator[Match]:
    """The significant ones, the nearest by TOMTOM first."""
    for t in np.argsort(p_values, kind="stable")[:_TRIED]:
        p_value, offset, is_reverse = float(min(p_values[t], 1.0)), int(offsets[t]), bool(strands[t])
        if p_value * len(known) > significance:
            return
        n_places = 2 * (query.shape[1] + known[t].width - 1)
        letter_p = min(n_places * letter_p_value(*_overlapping(query, known[t].ppm, offset, is_reverse)), 1.0)
        e_value = len(known) * max(p_value, letter_p)
        if e_value <= significance:
            place = (offset, int(overlaps[t]), is_reverse)
            yield Match(known[t].accession, known[t].name, p_value, letter_p, e_value, *place)


@cache
def _table() -> list[list[str]]:
    path = importlib.resources.files("epool_viz.data") / "bundled" / _FILE
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
