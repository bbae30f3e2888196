"""Known motifs that a matrix resembles: one finds itself, reversed, trimmed, first and last; noise finds nothing."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from epool_viz.analysis import known_motifs as matching
from epool_viz.analysis.known_motifs import (
    aligned,
    example_matches,
    letter_p_value,
    match_motifs,
    table_of,
)
from epool_viz.core.motifs import information_content
from epool_viz.data.examples import example_kernels, example_log_base
from epool_viz.data.motifs.jaspar import jaspar_index, load_jaspar
from epool_viz.data.motifs.motif import Motif
from epool_viz.errors import ArgumentError, MissingExtraError, ShapeError

pytest.importorskip("memelite")
ROOT = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(11)
FIRST, MIDDLE, LAST = "MA0002.3", "MA0138.3", "MA0139.2"  # none of them a palindrome


def reverse(ppm):
    return np.ascontiguousarray(ppm[::-1, ::-1])


def random_ppm(width, rng=RNG, sharpness=0.3):
    return rng.dirichlet(np.full(4, sharpness), size=width).T


@pytest.fixture(scope="module")
def own():
    """Each of three motifs in five dresses; they stand first, in the middle, and last among the targets."""
    others = [load_jaspar(record.accession) for record in jaspar_index() if record.accession not in (FIRST, LAST)]
    targets = [load_jaspar(FIRST), *others, load_jaspar(LAST)]
    motifs = {accession: load_jaspar(accession).ppm for accession in (FIRST, MIDDLE, LAST)}
    flat = np.full((4, 3), 0.25)
    dresses = {
        "as it is": lambda ppm: ppm,
        "reversed": reverse,
        "trimmed": lambda ppm: ppm[:, 2:],
        "reversed and trimmed": lambda ppm: reverse(ppm)[:, 2:],
        "between flat columns": lambda ppm: np.hstack([flat, ppm, flat[:, :1]]),
    }
    asked = [(accession, name) for accession in motifs for name in dresses]
    found = match_motifs([dresses[name](motifs[accession]) for accession, name in asked], targets=targets, most=50)
    return dict(zip(asked, found, strict=True))


@pytest.mark.parametrize("accession", [FIRST, MIDDLE, LAST])
@pytest.mark.parametrize(
    ("dress", "offset", "missing", "is_reverse"),
    [
        ("as it is", 0, 0, False),
        ("reversed", 0, 0, True),
        ("trimmed", 2, 2, False),
        ("reversed and trimmed", 2, 2, True),
        ("between flat columns", -3, 0, False),
    ],
)
def test_a_motif_finds_itself_in_any_dress(own, accession, dress, offset, missing, is_reverse):
    matches = {match.accession: match for match in own[accession, dress]}
    match = matches[accession]
    assert (match.offset, match.is_reverse) == (offset, is_reverse)
    assert match.overlap == load_jaspar(accession).width - missing
    if dress in ("as it is", "reversed"):
        assert match == min(matches.values(), key=lambda each: each.p_value)


def test_both_strands_get_the_same_p_value(own):
    for accession in (FIRST, MIDDLE, LAST):
        named = [{m.accession: m for m in own[accession, dress]} for dress in ("as it is", "reversed")]
        one, two = (matches[accession] for matches in named)
        # the bins of the scores fall a little differently on the other strand
        assert abs(np.log10(one.p_value / two.p_value)) < 3
        assert abs(np.log10(one.letter_p / two.letter_p)) < 1


def test_what_is_told_is_significant_and_the_nearest_comes_first(own):
    for matches in own.values():
        assert [m.p_value for m in matches] == sorted(m.p_value for m in matches)
        for match in matches:
            assert match.e_value == pytest.approx(1019 * max(match.p_value, match.letter_p), rel=1e-12)
            assert match.e_value <= 0.05
            assert match.name == load_jaspar(match.accession).name
        assert len(matches) <= 50


def test_aligned_columns_of_a_motif_and_itself_are_equal(own):
    ppm = load_jaspar(LAST).ppm
    match = next(m for m in own[LAST, "reversed and trimmed"] if m.accession == LAST)
    query, known = aligned(match, reverse(ppm)[:, 2:])
    assert query.shape == (4, match.overlap)
    np.testing.assert_allclose(query, known, rtol=0, atol=1e-12)
    match = next(m for m in own[LAST, "between flat columns"] if m.accession == LAST)
    query, known = aligned(match, np.hstack([np.full((4, 3), 0.25), ppm, np.full((4, 1), 0.25)]))
    np.testing.assert_allclose(query, known, rtol=0, atol=1e-12)


def test_tomtoms_p_values_of_random_motifs_are_uniform_or_larger():
    """The null of TOMTOM itself: motifs whose columns are drawn from all columns of the targets."""
    pool = np.hstack([load_jaspar(record.accession).ppm for record in jaspar_index()[::5]])
    drawn = [pool[:, RNG.integers(pool.shape[1], size=RNG.integers(6, 13))] for _ in range(600)]
    query = load_jaspar("MA0105.4").ppm
    p_values = matching._tomtom()([query, drawn[-1]], drawn, n_jobs=1)[0]
    assert p_values[1, -1] < 1e-6  # itself, the last of the list
    for level in (0.05, 0.2, 0.5):
        share = np.mean(p_values[0] <= level)
        assert level / 3 < share < level + 3 * np.sqrt(level * (1 - level) / 600), level


def test_tomtoms_order_is_that_of_plain_distances():
    """Of motifs as wide as the query, laid over it without a shift, the nearer one has the smaller p-value."""
    query = load_jaspar("MA0105.4").ppm
    mixed = [share * query + (1 - share) * random_ppm(query.shape[1]) for share in np.linspace(1, 0.55, 10)]
    others = [random_ppm(9) for _ in range(60)]
    p_values = matching._tomtom()([query], [*others, *mixed], n_jobs=1)[0][0, 60:]
    distances = [np.linalg.norm(query - each, axis=0).sum() for each in mixed]
    assert np.corrcoef(np.argsort(np.argsort(p_values)), np.argsort(np.argsort(distances)))[0, 1] > 0.9


# --- letters


def test_letter_p_value_is_the_share_of_all_deals_that_fit_as_well():
    query, known = random_ppm(3, sharpness=1.0), random_ppm(3, sharpness=1.0)
    deals = list(itertools.permutations(range(4)))
    cost = [[np.linalg.norm(query[list(d), j] - known[:, j]) for d in deals] for j in range(3)]
    sums = np.add.outer(np.add.outer(cost[0], cost[1]), cost[2])
    exact = np.mean(sums <= cost[0][0] + cost[1][0] + cost[2][0] + 1e-12)
    assert exact <= letter_p_value(query, known) + 1e-12
    assert letter_p_value(query, known) == pytest.approx(exact, abs=0.01)


def test_letter_p_value_of_a_sharp_motif_with_itself_is_that_of_guessing_every_letter():
    sharp = np.eye(4)[:, [0, 2, 1, 3, 3, 0]]
    assert letter_p_value(sharp, sharp) == pytest.approx(0.25**6, rel=1e-9)
    assert letter_p_value(np.full((4, 6), 0.25), sharp) == pytest.approx(1)


def test_a_flat_matrix_resembles_nothing_though_tomtom_alone_says_so():
    flat = 0.25 + 0.02 * RNG.standard_normal((4, 15))
    flat /= flat.sum(axis=0)
    assert information_content(flat).sum() < 0.3
    known = [load_jaspar(record.accession).ppm for record in jaspar_index()]
    assert matching._tomtom()([flat], known, n_jobs=1)[0].min() * len(known) < 0.01  # the trap is there
    assert match_motifs([flat]) == [()]


def test_random_sharp_matrices_resemble_nothing_but_by_chance():
    found = match_motifs([random_ppm(12, sharpness=0.2) for _ in range(40)])
    # an E-value of 0.05 is one chance find in twenty matrices; the two tests together are stricter
    assert sum(map(bool, found)) <= 4


def test_other_targets_and_other_limits_are_honoured():
    known = [Motif(f"m{i}", f"X{i}", random_ppm(6 + i % 5)) for i in range(30)]
    (matches,) = match_motifs([known[-1].ppm], targets=known, significance=30.0, most=2)
    assert matches[0].accession == "X29"
    assert len(matches) <= 2
    assert match_motifs([known[-1].ppm], targets=known, significance=1e-300) == [()]
    assert match_motifs([]) == []


# --- what ships


@pytest.mark.parametrize("reading", ["exact", "deepbind", "basset", "posterior"])
def test_the_table_that_ships_is_what_the_script_makes(reading):
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from build_matches import rows_of
    finally:
        sys.path.pop(0)
    rows = [row for row in made(rows_of) if row[1] == reading]
    shipped = example_matches("p73_max")[reading]
    assert rows
    assert [row[2] for row in rows] == [k for k, matches in shipped.items() for _ in matches]
    for (_, _, k, match), kept in zip(rows, itertools.chain.from_iterable(shipped.values()), strict=True):
        assert (match.accession, match.offset, match.is_reverse) == (kept.accession, kept.offset, kept.is_reverse), k
        assert match.p_value == pytest.approx(kept.p_value, rel=0.05)
        assert match.e_value == pytest.approx(kept.e_value, rel=0.05)


def test_the_bases_that_ship_are_the_likeliest():
    from epool_viz.analysis.kernel_readings import example_samples, likeliest_m

    for name in ("two_motifs_max", "two_motifs_expectation"):
        found = likeliest_m(example_kernels(name), example_samples("two_motifs"))
        assert example_log_base(name) == pytest.approx(found, abs=1e-5)


_MADE: list = []


def made(rows_of):
    if not _MADE:
        _MADE.extend(rows_of("p73_max"))
    return _MADE


def test_the_table_is_read_as_it_is_written(monkeypatch):
    match = matching.Match(LAST, load_jaspar(LAST).name, 1.25e-9, 2e-8, 3.5e-5, -4, 7, True)
    lines = table_of([("ctcf_max", "exact", 11, match), ("p73_max", "exact", 2, match)]).splitlines()
    monkeypatch.setattr(matching, "_table", lambda: [line.split("\t") for line in lines])
    assert example_matches.__wrapped__("ctcf_max") == {"exact": {11: (match,)}}


def test_the_models_that_ship_found_what_they_were_trained_on():
    index = {record.accession: record.name for record in jaspar_index()}
    for model, expected in (("ctcf_max", {"CTCF"}), ("p73_max", {"TP73", "TP53", "TP63"}), ("two_motifs_max", {"SP1"})):
        nearest = {index[matches[0].accession] for matches in example_matches(model)["deepbind"].values()}
        assert nearest & expected
    assert example_matches("ctcf_average") == {}  # it learnt nothing


# --- what is refused, and what is not loaded


def test_a_matrix_that_is_no_motif_of_dna_is_refused():
    with pytest.raises(ArgumentError, match=r"ppms\[1\].*sum"):
        match_motifs([np.full((4, 3), 0.25), np.full((4, 3), 0.5)])
    with pytest.raises(ShapeError, match=r"ppms\[0\].*\(20, 3\).*DNA"):
        match_motifs([np.full((20, 3), 0.05)])
    with pytest.raises(ArgumentError, match=r"targets.*2 motifs.*25"):
        match_motifs([np.full((4, 3), 0.25)], targets=[load_jaspar(FIRST), load_jaspar(LAST)])
    with pytest.raises(ArgumentError, match="significance"):
        match_motifs([np.full((4, 3), 0.25)], significance=0)
    with pytest.raises(ArgumentError, match=r"257 matrices.*at most 256"):
        match_motifs([np.full((4, 3), 0.25)] * 257)


def test_without_memelite_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "memelite", None)
    with pytest.raises(MissingExtraError, match=r"memelite.*epool-viz\[motifs\]"):
        match_motifs([np.full((4, 3), 0.25)])


def test_reading_what_ships_loads_neither_memelite_nor_numba_nor_pandas():
    script = (
        "import sys; from epool_viz.analysis.known_motifs import example_matches, has_matching; "
        "assert example_matches('ctcf_max'); assert has_matching(); "
        "loaded = {'memelite', 'numba', 'pandas', 'torch'} & set(sys.modules); assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
