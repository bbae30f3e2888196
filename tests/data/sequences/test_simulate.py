from __future__ import annotations

import collections
import itertools

import numpy as np
import pytest
from scipy import stats

from epool_viz.core.alphabet import DNA, RNA
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.sequences.set import PlantedSite, SequenceSet
from epool_viz.data.sequences.simulate import (
    _draw_instance,
    add_shuffled_negatives,
    shuffle_dinucleotides,
    simulate,
    split_sequences,
)
from epool_viz.errors import ArgumentError, ShapeError

GATTACA = np.eye(4)[[2, 0, 3, 3, 0, 1, 0]].T
CCG = np.eye(4)[[1, 1, 2]].T
SOFT = np.array([[0.7, 0.1, 0.0], [0.1, 0.2, 0.5], [0.1, 0.3, 0.5], [0.1, 0.4, 0.0]])
RARE = 1e-6  # how often a right program would fail a test of chance


def is_uniform(counts) -> bool:
    return stats.chisquare(list(counts)).pvalue > RARE


def test_the_defaults_are_the_papers():
    s = simulate(Motif("gattaca", "", GATTACA), seed=1)
    assert (len(s), set(s.lengths.tolist())) == (6000, {1000})
    assert s.labels.sum() == 3000
    assert s.source == "a simulation with gattaca"
    starts = np.array([site.start for sites in s.sites for site in sites])
    assert len(starts) == 3000
    assert (starts.min(), starts.max()) == (100, 899)  # the first and the last that are allowed
    assert is_uniform(np.histogram(starts, bins=8, range=(100, 900))[0])
    assert is_uniform(np.bincount(s[s.labels == 0].all_codes))
    assert 1300 < s.labels[:3000].sum() < 1700  # in random order


def test_the_truth_is_where_it_is_said():
    s = simulate([GATTACA, CCG], n=60, length=40, n_sites=(0, 3), both_strands=True, seed=2)
    written = {
        ("motif 1", "+"): "GATTACA",
        ("motif 1", "-"): "TGTAATC",
        ("motif 2", "+"): "CCG",
        ("motif 2", "-"): "CGG",
    }
    seen = collections.Counter()
    for sequence, label, sites in zip(s, s.labels, s.sites, strict=True):
        assert isinstance(sites, tuple)
        assert label == 1 or not sites
        for site in sites:
            assert isinstance(site, PlantedSite)
            assert sequence[site.start : site.stop] == written[site.motif, site.strand]
            seen[site.motif, site.strand] += 1
        assert all(one.stop <= other.start for one, other in itertools.pairwise(sites))
    assert set(seen) == set(written)
    assert {len(sites) for sites, label in zip(s.sites, s.labels, strict=True) if label} == {0, 1, 2, 3}


def test_smaller_sets_keep_their_truth():
    s = simulate(GATTACA, n=9, length=30, seed=3)
    some = s[s.labels == 1]
    assert all(letters[site.start : site.stop] == "GATTACA" for letters, (site,) in zip(some, some.sites, strict=True))


@pytest.mark.parametrize(
    ("width", "margin", "first", "last"), [(7, None, 1, 8), (7, 0, 0, 8), (7, 4, 4, 8), (3, 5, 5, 9)]
)
def test_a_site_starts_within_the_margins_and_ends_with_the_sequence(width, margin, first, last):
    motif = GATTACA[:, :width]
    s = simulate(motif, n=600, length=15, margin=margin, positive_fraction=1, seed=4)
    starts = [sites[0].start for sites in s.sites]
    assert (min(starts), max(starts)) == (first, last)
    assert is_uniform(np.bincount(starts)[first:])


def test_letters_are_drawn_from_the_motifs_columns():
    s = simulate(SOFT, n=4000, length=12, positive_fraction=1, seed=5)
    found = np.array([s.codes(i)[site.start : site.stop] for i, (site,) in enumerate(s.sites)])
    for j in range(3):
        counts, possible = np.bincount(found[:, j], minlength=4), SOFT[:, j] > 0
        assert not counts[~possible].any()
        assert stats.chisquare(counts[possible], 4000 * SOFT[possible, j]).pvalue > RARE


def test_rounding_draws_no_letter_of_probability_0():
    class Highest(np.random.Generator):
        def random(self, size=None):
            return np.full(size, np.nextafter(1.0, 0.0))

    rounded = np.array([[0.7, 0.0], [0.2, 0.7], [0.1, 0.2], [0.0, 0.1]])
    assert (np.cumsum(rounded, axis=0)[-1] < 1).all()  # what rounding leaves
    assert _draw_instance(Highest(np.random.PCG64(0)), rounded).tolist() == [2, 3]


def test_layouts_of_two_sites_are_equally_likely():
    s = simulate(CCG, n=3000, length=9, margin=0, n_sites=2, positive_fraction=1, seed=6)
    layouts = collections.Counter(tuple(site.start for site in sites) for sites in s.sites)
    assert set(layouts) == {(a, b) for a in range(7) for b in range(a + 3, 7)}
    assert is_uniform(layouts.values())


def test_a_background_is_kept():
    q = np.array([0.4, 0.1, 0.2, 0.3])
    s = simulate(CCG, n=200, length=100, n_sites=0, background=q, seed=7)
    assert stats.chisquare(np.bincount(s.all_codes), q * 20_000).pvalue > RARE
    assert s.labels.sum() == 100
    assert not any(s.sites)
    like = simulate(CCG, n=200, length=100, n_sites=0, background=SequenceSet.from_strings(["AAAAACCGGT"]), seed=7)
    assert stats.chisquare(np.bincount(like.all_codes), np.array([0.5, 0.2, 0.2, 0.1]) * 20_000).pvalue > RARE


@pytest.mark.parametrize(("fraction", "n_positive"), [(0, 0), (0.25, 5), (1, 21)])
def test_a_share_is_positive(fraction, n_positive):
    assert simulate(CCG, n=21, length=20, positive_fraction=fraction).labels.sum() == n_positive


def test_the_seed_decides():
    sets = [simulate(SOFT, n=8, length=30, seed=seed) for seed in (1, 1, 2, np.random.default_rng(1))]
    assert list(sets[0]) == list(sets[1]) == list(sets[3])
    assert sets[0].sites == sets[1].sites
    assert list(sets[0]) != list(sets[2])


def test_other_alphabets_are_simulated():
    ppm = np.eye(4)[[0, 1, 2]].T
    s = simulate(Motif("acg", "", ppm, alphabet=RNA), n=6, length=30, both_strands=True, seed=8)
    assert s.alphabet == RNA
    assert {"ACG", "CGU"} >= {s[i][site.start : site.stop] for i, sites in enumerate(s.sites) for site in sites}


@pytest.mark.parametrize(
    ("motifs", "options", "message"),
    [
        ("CTCF", {}, "`motifs` is a str; accepted: a Motif, a (letter, position) matrix, or a list"),
        ([], {}, "`motifs` is empty; accepted: at least one motif"),
        ([np.ones((3, 4))], {}, "`motif 1` is of shape (3, 4); accepted: (4, position)"),
        (["CTCF"], {}, "`motif 1` is a str; accepted: a Motif, or a (letter, position) matrix"),
        ([CCG, Motif("x", "", CCG, alphabet=RNA)], {}, "`motifs` is of different alphabets"),
        (CCG, {"n": 0}, "`n` is 0; accepted: a whole number >= 1"),
        (CCG, {"length": 2.5}, "`length` is 2.5"),
        (CCG, {"length": 6, "margin": 3}, "`length` is 6 with a margin of 3: no place for 'motif 1', 3 wide"),
        (CCG, {"margin": -1}, "`margin` is -1"),
        (CCG, {"positive_fraction": 1.5}, "`positive_fraction` is 1.5; accepted: a number from 0 to 1"),
        (CCG, {"n_sites": -1}, "`n_sites` is -1; accepted: a whole number >= 0"),
        (CCG, {"n_sites": (2, 1)}, "`n_sites` is 1; accepted: a whole number >= 2"),
        (CCG, {"length": 10, "n_sites": 4}, "`n_sites` is 4 in one sequence, for which no room was found"),
        (CCG, {"background": [1, 0, 0, 0]}, "`background` is 1 0 0 0"),
    ],
)
def test_what_cannot_be_simulated_is_named(motifs, options, message):
    with pytest.raises(ArgumentError) as error:
        simulate(motifs, **{"n": 4, **options})
    assert message in str(error.value)


def test_a_protein_has_no_other_strand():
    from epool_viz.core.alphabet import PROTEIN

    motif = Motif("x", "", np.full((20, 3), 0.05), alphabet=PROTEIN)
    assert simulate(motif, n=4, length=20).alphabet == PROTEIN
    with pytest.raises(ArgumentError, match="protein, which has no complement"):
        simulate(motif, n=4, length=20, both_strands=True)


# shuffling


def pairs(letters):
    return collections.Counter(itertools.pairwise(letters))


def every_shuffle(letters):
    """All orders with the same pairs, by trying every one: the first letter stays, so does the last."""
    middle = letters[1:-1]
    orders = {letters[0] + "".join(order) + letters[-1] for order in itertools.permutations(middle)}
    return {order for order in orders if pairs(order) == pairs(letters)}


@pytest.mark.parametrize("letters", ["ACAGACCT", "AACAGATA", "ACGTACGTA", "AAAAAA", "GNANGANG", "ATCTACT", "GATCATCAT"])
def test_every_shuffle_with_the_same_pairs_is_equally_likely(letters):
    every = every_shuffle(letters)
    s = shuffle_dinucleotides(SequenceSet.from_strings([letters] * 400 * len(every)), seed=1)
    seen = collections.Counter(s)
    assert set(seen) == every
    assert len(every) == 1 or is_uniform(seen.values())


def test_pairs_and_ends_are_kept_and_the_rest_is_shuffled(rng):
    strings = ["".join(rng.choice(list("ACGTN"), size=n)) for n in (1, 2, 3, 4, 57, 200)]
    s = SequenceSet.from_strings(strings, labels=[1] * 6)
    shuffled = shuffle_dinucleotides(s, seed=rng)
    for one, other in zip(s, shuffled, strict=True):
        assert pairs(one) == pairs(other)
        assert (one[0], one[-1]) == (other[0], other[-1])
    assert s[5] != shuffled[5]
    assert shuffled.names[0] == "sequence 1_shuf"
    assert shuffled.labels is None
    assert list(shuffle_dinucleotides(s, seed=3)) == list(shuffle_dinucleotides(s, seed=3))


def test_protein_is_shuffled(rng):
    s = SequenceSet.from_strings(["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), size=300))], alphabet="protein")
    shuffled = shuffle_dinucleotides(s)
    assert pairs(s[0]) == pairs(shuffled[0])
    assert s[0] != shuffled[0]


def test_positives_get_their_shuffled_twins():
    positives = SequenceSet.from_strings(["ACAGACCT", "AACAGATAC", "GGCA"], labels=[1, 1, 1])
    s = add_shuffled_negatives(positives, per_positive=2, seed=4)
    assert s.labels.tolist() == [1, 0, 0] * 3
    assert list(s[s.labels == 1]) == list(positives)
    for i in range(3):
        assert pairs(s[3 * i]) == pairs(s[3 * i + 1]) == pairs(s[3 * i + 2])
    assert s.names[3:5] == ("sequence 2", "sequence 2_shuf")
    assert "shuffled" in s.assumptions[-1]
    with pytest.raises(ArgumentError, match="`positives` is with labels that are not 1; accepted: positives alone"):
        add_shuffled_negatives(s)
    with pytest.raises(ArgumentError, match="`per_positive` is 0"):
        add_shuffled_negatives(positives, per_positive=0)


# splitting


def test_a_split_keeps_the_share_of_every_label():
    labels = np.array([1] * 7 + [0] * 23)
    s = SequenceSet.from_strings([f"{'A' * (i + 1)}" for i in range(30)], labels=labels)
    rest, aside = split_sequences(s, 0.3, seed=5)
    assert (aside.labels.sum(), len(aside)) == (2, 9)
    together = np.concatenate([rest.lengths, aside.lengths])
    assert sorted(together) == list(range(1, 31))
    assert (np.diff(rest.lengths) > 0).all()
    assert (np.diff(aside.lengths) > 0).all()
    assert list(split_sequences(s, 0.3, seed=6)[1]) != list(aside)
    assert list(split_sequences(s, 0.3, seed=5)[1]) == list(aside)


def test_a_split_has_each_label_on_both_sides():
    s = SequenceSet.from_strings(["A"] * 12, labels=[1] * 2 + [0] * 10)
    for fraction in (0.01, 0.99):
        for part in split_sequences(s, fraction):
            assert set(part.labels) == {0, 1}


def test_a_set_without_labels_is_split_as_a_whole():
    rest, aside = split_sequences(SequenceSet.from_strings(["A"] * 11, alphabet=DNA), 0.3)
    assert (len(rest), len(aside)) == (8, 3)


def test_a_split_that_cannot_be_is_named():
    s = SequenceSet.from_strings(["A"] * 3, labels=[1, 0, 0])
    with pytest.raises(ArgumentError, match="`labels` is 1 for a single sequence; accepted: two or more of each"):
        split_sequences(s, 0.5)
    with pytest.raises(ArgumentError, match="`fraction` is 1; accepted: a number between 0 and 1"):
        split_sequences(s, 1.0)


def test_a_matrix_of_letters_that_are_none_is_refused():
    with pytest.raises(ShapeError, match=r"\(4, position\)"):
        simulate(np.ones((5, 3)) / 5)
