"""Sequences with known sites: motifs planted in random letters, and negatives shuffled from real positives."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from epool_viz.core._arrays import background_like, require_number
from epool_viz.core.alphabet import DNA, Alphabet
from epool_viz.core.types import Array
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.sequences.set import PlantedSite, SequenceSet
from epool_viz.errors import ArgumentError, EpoolError, ShapeError

_TRIES = 1000  # layouts drawn for one sequence before an error that its sites do not fit


def simulate(
    motifs: Any,
    *,
    n: int = 6000,
    length: int = 1000,
    positive_fraction: float = 0.5,
    n_sites: int | tuple[int, int] = 1,
    margin: int | None = None,
    background: Any = None,
    both_strands: bool = False,
    seed: Any = 0,
) -> SequenceSet:
    """Plant motifs in random letters, as the ePooling paper does, and record their sites.

    The defaults are the paper's: 6,000 sequences of 1,000 letters, half of them with one instance of a motif that
    starts anywhere in [100, 900). Each site takes one of the motifs at random, and each of its letters is drawn from
    that motif's column.

    Parameters
    ----------
    motifs : Motif, matrix of shape (letter, position), or a list of these
        Letter probabilities.
    n : int
        Sequences, in random order.
    length : int
        Letters of each.
    positive_fraction : float from 0 to 1
        The share with label 1. The others have label 0 and no site.
    n_sites : int, or (fewest, most)
        Sites of a positive sequence; of a range every number is equally likely, zero included. They do not overlap,
        and every such layout is equally likely.
    margin : int, or None for a tenth of the length
        A site starts in [margin, length - margin), and ends with the sequence at the latest.
    background : shape (letter,), a SequenceSet whose letters are counted, or None for uniform
    both_strands : bool
        Let a site lie on either strand, with equal chances.
    seed : int, or NumPy generator

    Returns
    -------
    SequenceSet
        With `labels`, and in `sites` a tuple of `PlantedSite` for each sequence, by start.

    Raises
    ------
    ArgumentError
        If the sites do not fit; or for a number out of its range.

    Source: Luo et al., Bioinformatics 36(5), 2020, and the authors' `data/data_generator.py`, whose letters are drawn
    from probabilities cut to four digits; these are not.
    """
    chosen = _as_motifs(motifs)
    alphabet = chosen[0].alphabet
    _require_whole(n, "n", 1)
    _require_whole(length, "length", 1)
    require_number(positive_fraction, "positive_fraction", at_least=0)
    if not positive_fraction <= 1:
        raise ArgumentError("positive_fraction", f"{positive_fraction:g}", "a number from 0 to 1")
    fewest, most = _site_range(n_sites)
    generator = np.random.default_rng(seed)
    last_starts = _last_starts(chosen, length, margin)
    if both_strands:
        alphabet.complement_codes  # noqa: B018 - raises for alphabets without a complement
    codes = _random_codes(generator, (n, length), background, alphabet)
    labels = np.zeros(n, np.int64)
    labels[: round(n * positive_fraction)] = 1
    generator.shuffle(labels)
    sites: list[tuple[PlantedSite, ...]] = [()] * n
    for i in np.flatnonzero(labels):
        kinds = generator.integers(len(chosen), size=generator.integers(fewest, most + 1))
        starts = _draw_starts(generator, [last_starts[k] for k in kinds], [chosen[k].ppm.shape[1] for k in kinds])
        strands = generator.integers(2, size=len(kinds)) if both_strands else np.zeros(len(kinds), int)
        planted = []
        for kind, start, strand in zip(kinds, starts, strands, strict=True):
            instance = _draw_instance(generator, chosen[kind].ppm)
            if strand:
                instance = np.asarray(alphabet.complement_codes, np.int8)[instance][::-1]
            codes[i, start : start + len(instance)] = instance
            planted.append(PlantedSite(int(start), int(start) + len(instance), "+-"[strand], chosen[kind].name))
        sites[i] = tuple(sorted(planted))
    return SequenceSet(
        codes.reshape(-1),
        np.arange(n + 1, dtype=np.int64) * length,
        tuple(f"simulated {i + 1}" for i in range(n)),
        labels,
        alphabet,
        source=f"a simulation with {' and '.join(motif.name for motif in chosen)}",
        sites=tuple(sites),
    )


def shuffle_dinucleotides(sequences: SequenceSet, *, seed: Any = 0) -> SequenceSet:
    """Shuffle each sequence so that every pair of neighbours occurs as often as before.

    Parameters
    ----------
    sequences : SequenceSet
    seed : int, or NumPy generator

    Returns
    -------
    SequenceSet
        First and last letters stay in place, and each sequence with the same pairs is equally likely; an unknown
        letter counts as a letter of its own. `_shuf` is added to the names; labels and sites are gone.

    Source: Altschul & Erickson, Mol Biol Evol 2:526 (1985); the random tree is Wilson's (STOC 1996), as in uShuffle,
    Jiang et al., BMC Bioinformatics 9:192 (2008).
    """
    generator = np.random.default_rng(seed)
    shuffled = np.array(sequences.all_codes)
    for i in range(len(sequences)):
        place = slice(sequences.offsets[i], sequences.offsets[i + 1])
        shuffled[place] = _euler_shuffle(generator, shuffled[place])
    return SequenceSet(
        shuffled,
        sequences.offsets,
        tuple(f"{name}_shuf" for name in sequences.names),
        None,
        sequences.alphabet,
        source=f"{sequences.source}, shuffled",
        assumptions=("Letters are shuffled with their pairs of neighbours kept.",),
    )


def shuffle_known_letters(onehot: Array, n: int = 10, *, seed: Any = 0) -> Array:
    """Shuffle sequences of one length several times, pairs of neighbours kept, unknown letters where they are.

    Parameters
    ----------
    onehot : shape (batch, letter, length)
    n : int
        Shuffles of each.
    seed : int, or NumPy generator

    Returns
    -------
    array, shape (n, batch, letter, length)

    Raises
    ------
    ArgumentError
        If `n` is no whole number above 0.

    Source: as for `shuffle_dinucleotides`; the letters on both sides of unknown ones count as neighbours.
    """
    _require_whole(n, "n", 1)
    generator = np.random.default_rng(seed)
    known: Array = np.any(onehot, axis=1)
    codes = onehot.argmax(axis=1).astype(np.int8)
    shuffled = np.zeros((n, *onehot.shape), onehot.dtype)
    for i, row in enumerate(codes):
        places = np.flatnonzero(known[i])
        for each in shuffled:
            each[i, _euler_shuffle(generator, row[places]) if len(places) else [], places] = 1
    return shuffled


def add_shuffled_negatives(positives: SequenceSet, *, per_positive: int = 1, seed: Any = 0) -> SequenceSet:
    """Give positives their shuffled twins, so that a classifier can be trained.

    Parameters
    ----------
    positives : SequenceSet
        All of it counts as bound; labels, if it has any, must all be 1.
    per_positive : int
        Shuffled sequences of each.
    seed : int, or NumPy generator

    Returns
    -------
    SequenceSet
        Label 1 and its negatives, label 0, by turns, so that any stretch of it holds both.

    Raises
    ------
    ArgumentError
        If a label is not 1.
    """
    _require_whole(per_positive, "per_positive", 1)
    if positives.labels is not None and not np.all(positives.labels == 1):
        raise ArgumentError(
            "positives", "with labels that are not 1", "positives alone: sequences[sequences.labels == 1]"
        )
    generator = np.random.default_rng(seed)
    copies = [positives, *(shuffle_dinucleotides(positives, seed=generator) for _ in range(per_positive))]
    strings = [copy[i] for i in range(len(positives)) for copy in copies]
    names = [copy.names[i] for i in range(len(positives)) for copy in copies]
    labels = [int(copy is positives) for _ in range(len(positives)) for copy in copies]
    made = SequenceSet.from_strings(strings, names=names, labels=labels, alphabet=positives.alphabet)
    said = "Negatives are the positives with their letters shuffled, pairs of neighbours kept."
    return dataclasses.replace(
        made,
        source=f"{positives.source} and shuffled negatives",
        assumptions=(*positives.assumptions, said),
    )


def split_sequences(sequences: SequenceSet, fraction: float = 0.1, *, seed: Any = 0) -> tuple[SequenceSet, SequenceSet]:
    """Set a share of the sequences aside, the same share of every label.

    Parameters
    ----------
    sequences : SequenceSet
        Without labels it is split as a whole.
    fraction : float between 0 and 1
        The share of the second part.
    seed : int, or NumPy generator

    Returns
    -------
    (SequenceSet, SequenceSet)
        The rest and the share set aside, both in the order of `sequences`.

    Raises
    ------
    ArgumentError
        If a label has a single sequence, which cannot be on both sides.
    """
    labels = np.zeros(len(sequences), int) if sequences.labels is None else sequences.labels
    kept, aside = stratified_places(labels, fraction, seed)
    return sequences[kept], sequences[aside]


def stratified_places(labels: Any, fraction: float, seed: Any, name: str = "fraction") -> tuple[Array, Array]:
    """The places that are kept, and those set aside: the same share of each label, and one of it at least.

    Raises
    ------
    ArgumentError
        If the share is not between 0 and 1, or a label has a single sequence.
    """
    labels = np.asarray(labels)
    require_number(fraction, name, above=0)
    if not fraction < 1:
        raise ArgumentError(name, f"{fraction:g}", "a number between 0 and 1")
    generator = np.random.default_rng(seed)
    aside = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        if len(places) < 2:
            raise ArgumentError(
                "labels", f"{label} for a single sequence", "two or more of each label, to have one on each side"
            )
        n_aside = min(max(round(fraction * len(places)), 1), len(places) - 1)
        aside[generator.permutation(places)[:n_aside]] = True
    return np.flatnonzero(~aside), np.flatnonzero(aside)


def _as_motifs(motifs: Any) -> list[Motif]:
    single = isinstance(motifs, Motif) or (isinstance(motifs, np.ndarray) and motifs.ndim == 2)
    if not single and not isinstance(motifs, list | tuple):
        raise ArgumentError("motifs", f"a {type(motifs).__name__}", "a Motif, a (letter, position) matrix, or a list")
    each = [motifs] if single else list(motifs)
    if not each:
        raise ArgumentError("motifs", "empty", "at least one motif")
    made = [
        motif if isinstance(motif, Motif) else _matrix_motif(motif, f"motif {i + 1}") for i, motif in enumerate(each)
    ]
    if len({motif.alphabet for motif in made}) > 1:
        raise ArgumentError("motifs", "of different alphabets", "motifs of one alphabet")
    return made


def _matrix_motif(matrix: Any, name: str) -> Motif:
    try:
        ppm = np.asarray(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(name, f"a {type(matrix).__name__}", "a Motif, or a (letter, position) matrix") from None
    if ppm.ndim != 2 or ppm.shape[0] != len(DNA):
        raise ShapeError(name, f"of shape {ppm.shape}", f"({len(DNA)}, position): letter probabilities")
    return Motif(name, "", ppm)


def _require_whole(value: Any, name: str, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ArgumentError(name, repr(value), f"a whole number >= {least}")


def _site_range(n_sites: Any) -> tuple[int, int]:
    fewest, most = n_sites if isinstance(n_sites, tuple) and len(n_sites) == 2 else (n_sites, n_sites)
    _require_whole(fewest, "n_sites", 0)
    _require_whole(most, "n_sites", int(fewest))
    return int(fewest), int(most)


def _last_starts(motifs: list[Motif], length: int, margin: int | None) -> list[tuple[int, int]]:
    """For each motif the first start, and the one after the last."""
    edge = length // 10 if margin is None else margin
    _require_whole(edge, "margin", 0)
    ranges = [(int(edge), min(length - int(edge), length - motif.ppm.shape[1] + 1)) for motif in motifs]
    for motif, (first, stop) in zip(motifs, ranges, strict=True):
        if stop <= first:
            raise ArgumentError(
                "length",
                f"{length} with a margin of {edge}: no place for {motif.name!r}, {motif.ppm.shape[1]} wide",
                "longer sequences, or a smaller margin",
            )
    return ranges


def _random_codes(generator: np.random.Generator, shape: tuple[int, int], background: Any, alphabet: Alphabet) -> Array:
    if background is None:
        return generator.integers(len(alphabet), size=shape, dtype=np.int8)
    if isinstance(background, SequenceSet):
        background = background.letter_frequencies()
    probabilities = background_like(background, np.zeros(0), len(alphabet))
    return _draw(generator.random(shape), np.cumsum(probabilities))


def _draw(uniform: Array, cumulative: Array) -> Array:
    """Codes out of uniform numbers; the last letter takes what rounding leaves."""
    return np.minimum(np.searchsorted(cumulative, uniform, side="right"), len(cumulative) - 1).astype(np.int8)


def _draw_instance(generator: np.random.Generator, ppm: Array) -> Array:
    uniform = generator.random(ppm.shape[1])
    # the first letter whose cumulative probability exceeds the number; never one of probability 0
    letters = (np.cumsum(ppm, axis=0) <= uniform).sum(axis=0)
    possible = len(ppm) - 1 - (ppm[::-1] > 0).argmax(axis=0)
    return np.asarray(np.minimum(letters, possible), dtype=np.int8)


def _draw_starts(generator: np.random.Generator, ranges: list[tuple[int, int]], widths: list[int]) -> Array:
    """Starts of sites that do not overlap; every layout is equally likely, as the others are drawn again."""
    first = np.array([low for low, _ in ranges], int)
    stop = np.array([high for _, high in ranges], int)
    for _ in range(_TRIES):
        starts = generator.integers(first, stop)
        order = np.argsort(starts)
        ends = starts + widths
        if np.all(starts[order][1:] >= ends[order][:-1]):
            return starts
    raise ArgumentError(
        "n_sites", f"{len(widths)} in one sequence, for which no room was found", "fewer sites, or longer sequences"
    )


def _euler_shuffle(generator: np.random.Generator, codes: Array) -> Array:
    """A random walk that takes each step of `codes` once: the pairs are the edges of a graph of letters."""
    if len(codes) < 4:  # nothing between fixed ends can change place
        return codes
    letters = (codes - codes.min()).astype(np.intp)
    leave, arrive = letters[:-1], letters[1:]
    n_letters = int(letters.max()) + 1
    followers = [arrive[leave == letter].tolist() for letter in range(n_letters)]
    last = int(letters[-1])
    exits = _random_tree(generator, followers, last)
    queues = []
    for letter, steps in enumerate(followers):
        way_out = [exits[letter]] if letter in exits else []  # kept for the last visit
        for step in way_out:
            steps.remove(step)
        # shuffled only now: to take the first of equal steps out of a shuffled list would favour what follows it
        queues.append(iter([*generator.permutation(steps).tolist(), *way_out]))
    here, walk = int(letters[0]), [int(letters[0])]
    for _ in range(len(leave)):
        here = next(queues[here])
        walk.append(here)
    if here != last:
        raise EpoolError("a shuffled sequence has lost its last letter; please report this")
    return np.asarray(np.array(walk) + codes.min(), dtype=np.int8)


def _random_tree(generator: np.random.Generator, followers: list[list[int]], root: int) -> dict[int, int]:
    """Wilson's algorithm: a way out of each letter that leads to the root, every tree by the number of its edges."""
    exits: dict[int, int] = {}
    inside = {root}
    for start, steps in enumerate(followers):
        here = start
        while steps and here not in inside:
            exits[here] = followers[here][generator.integers(len(followers[here]))]
            here = exits[here]
        here = start
        while steps and here not in inside:
            inside.add(here)
            here = exits[here]
    return exits
