"""A network read on sequences: the dashboard's numbers, each by a second route, and what moves which of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from epool_viz.analysis import network_readings as module
from epool_viz.analysis.kernel_readings import READINGS, example_samples, samples_of
from epool_viz.analysis.known_motifs import Match, example_matches
from epool_viz.analysis.network_readings import COLUMNS, read_network, shipped_matches
from epool_viz.core.em import posterior_ppm
from epool_viz.core.heuristics import heuristic_pfm
from epool_viz.core.kernels import estimate_base, kernel_to_pwm_at
from epool_viz.core.motifs import information_content, kl_divergence
from epool_viz.core.scan import scan
from epool_viz.data.examples import example_kernels, example_log_base, load_example, load_example_model
from epool_viz.data.motifs.reading import parse_motifs
from epool_viz.data.motifs.writing import write_meme
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.errors import ArgumentError
from epool_viz.importing import import_kernels
from epool_viz.panels.logos.model import LogosModel

BACKGROUND = np.array([0.3, 0.2, 0.15, 0.35])
LAST = 15


@pytest.fixture(scope="module")
def found():
    return read_network(example_kernels("two_motifs_max"), example_samples("two_motifs"))


@pytest.fixture(scope="module")
def peaks():
    return load_example("ctcf_peaks")[:40]


@pytest.fixture(scope="module")
def imported():
    return import_kernels(load_example_model("ctcf_paper").info.path)


def test_every_kernel_has_the_numbers_of_the_dashboard(found):
    model = LogosModel(trained="two_motifs_max")
    assert found.m == model.log_base
    assert found.likeliest_m == model.likeliest_m
    np.testing.assert_array_equal(found.decides, model.use)
    assert [each.kernel for each in found.readings] == list(range(len(model.kernels)))
    for each in found.readings:
        shown = model.detail(each.kernel)
        assert each.worth == shown.worth
        assert (each.residual, each.largest, each.cut, each.n_windows) == shown[-4:]
        assert each.bits == shown.bits
        assert set(each.motifs) == set(shown.motifs)
        for name, (ppm, n_sites) in each.motifs.items():
            np.testing.assert_array_equal(ppm, shown.motifs[name][0])
            assert n_sites == shown.motifs[name][1]
            assert found.matches[each.kernel][name] == model.matches(name, each.kernel)
        model.place = each.kernel
        mine, theirs = found.likeness(each), model.likeness()
        assert (mine is None) == (theirs is None)
        if mine is not None:
            assert (mine.match, mine.reading, mine.correlation) == (theirs.match, theirs.reading, theirs.correlation)


@pytest.mark.parametrize("k", [0, 12, LAST])
def test_each_number_of_a_kernel_is_that_of_core(found, k):
    each, kernels, samples = found.readings[k], found.kernels, found.samples
    kernel, bias = kernels.kernels[k], float(kernels.bias[k])
    exact = kernel_to_pwm_at(kernel, found.m, bias=bias)
    np.testing.assert_allclose(each.pwm, exact.pwm, rtol=1e-12, atol=1e-12)
    assert each.offset == pytest.approx(float(exact.offset), rel=1e-12)
    np.testing.assert_allclose(each.motifs["exact"][0], exact.ppm, rtol=1e-12)
    after = posterior_ppm(samples.making, kernel, m=found.m)
    np.testing.assert_allclose(each.motifs["posterior"][0], after, rtol=1e-9, atol=1e-12)
    counted = heuristic_pfm(samples.making, kernel, bias=bias, activation=kernels.computed.activation)
    np.testing.assert_array_equal(each.pfm, counted.pfm)
    assert (each.n_windows, each.largest) == (len(counted.places), pytest.approx(counted.largest, rel=1e-12))
    for name, (ppm, _) in each.motifs.items():
        assert each.bits[name] == pytest.approx(float(information_content(ppm).sum()), rel=1e-12)
        if name != "exact":
            np.testing.assert_allclose(each.divergence[name], kl_divergence(ppm, exact.ppm), rtol=1e-9, atol=1e-12)
    # the last window of the last held-out sequence among them
    last = samples.judging.one_hot()[-1][None]
    score = np.asarray(scan(last, kernels.kernels[k : k + 1], bias=kernels.bias[k : k + 1]))[0, 0, -1]
    odds = each.pwm[samples.judging.codes(len(samples.judging) - 1)[-kernels.width :], np.arange(kernels.width)]
    assert score == pytest.approx(each.offset + odds.sum(), abs=1e-12)
    assert each.residual < 1e-12


def test_the_base_is_the_poolings_else_the_likeliest(imported, peaks):
    assert read_network(example_kernels("ctcf_expectation"), example_samples("ctcf"), kernels=[0]).m == 1.0
    shipped = read_network(example_kernels("ctcf_max"), example_samples("ctcf"), kernels=[0])
    assert shipped.m == shipped.likeliest_m == example_log_base("ctcf_max")
    of_max = dataclasses.replace(example_kernels("ctcf_max"), example="")
    uploaded = read_network(of_max, peaks, kernels=[0])
    assert uploaded.m == pytest.approx(np.log(estimate_base(of_max.kernels, uploaded.samples.making)), rel=1e-12)
    assert read_network(imported, peaks, kernels=[0]).m == imported.whole.m
    flat = dataclasses.replace(of_max, kernels=np.zeros_like(of_max.kernels))
    assert (read_network(flat, peaks, kernels=[0]).likeliest_m, read_network(flat, peaks, kernels=[0]).m) == (None, 1.0)


def test_sequences_without_a_window_take_no_part_in_the_base(peaks):
    short = SequenceSet.from_strings([*peaks, "ACGT", "N" * 200])
    of_max = dataclasses.replace(example_kernels("ctcf_max"), example="")
    with_short, without = (samples_of(each, peaks) for each in (short, peaks))
    assert (
        read_network(of_max, with_short, kernels=[3]).m
        == read_network(of_max, without, kernels=[3]).m
        == pytest.approx(np.log(estimate_base(of_max.kernels, peaks)), rel=1e-12)
    )


@pytest.mark.parametrize(
    ("option", "moved"),
    [
        ({"m": 2.5}, {"exact", "posterior"}),
        ({"background": BACKGROUND}, {"exact"}),
        ({"background": "sequences"}, {"exact"}),
        ({"rule": "basset"}, {"heuristic"}),
        ({"threshold": 0.6}, {"heuristic"}),
    ],
    ids=lambda x: str(sorted(x) if isinstance(x, set) else x),
)
def test_each_option_moves_the_readings_that_depend_on_it_alone(found, option, moved):
    other = read_network(found.kernels, found.samples, kernels=[13], **option).readings[0]
    was = found.readings[13]
    for name in READINGS:
        assert np.allclose(was.motifs[name][0], other.motifs[name][0], atol=1e-3) == (name not in moved), name


def test_only_the_kernels_that_are_asked_for_are_read_and_progress_is_told(found):
    told = []
    some = read_network(found.kernels, found.samples, kernels=[LAST, 3], on_kernel=lambda *at: told.append(at))
    assert [each.kernel for each in some.readings] == [3, LAST]
    assert told == [(1, 2), (2, 2)]
    assert some.rows() == [found.rows()[3], found.rows()[LAST]]


def test_a_set_of_its_own_judges_in_place_of_a_fifth(imported, peaks):
    apart = read_network(imported, peaks, kernels=[2])
    assert len(apart.samples.judging) == 8
    assert not set(apart.samples.judging) & set(apart.samples.making)
    other = load_example("ctcf_peaks")[100:130]
    judged = read_network(imported, peaks, test=other, kernels=[2])
    assert list(judged.samples.judging) == list(other)
    assert len(judged.samples.making) == 40
    assert judged.readings[0].worth != apart.readings[0].worth


# --- known motifs


@pytest.mark.parametrize(
    ("option", "shipped"),
    [
        ({}, {"exact", "heuristic", "posterior"}),
        ({"m": 2.0}, {"heuristic"}),
        ({"background": "sequences"}, {"heuristic", "posterior"}),
        ({"threshold": 0.25}, {"exact", "posterior"}),
        ({"rule": "basset"}, {"exact", "heuristic", "posterior"}),
        ({"known": False}, set()),
    ],
    ids=lambda x: str(sorted(x) if isinstance(x, set) else x),
)
def test_what_ships_is_taken_only_where_it_was_found_so(found, option, shipped):
    other = read_network(found.kernels, found.samples, kernels=[13], **option)
    assert {name for name, matches in other.matches[13].items() if matches is not None} == shipped
    if "exact" in shipped:
        assert other.matches[13]["exact"] == example_matches("two_motifs_max")["exact"][13]


def test_on_other_sequences_only_the_exact_reading_is_the_one_that_ships(peaks):
    other = read_network(example_kernels("ctcf_expectation"), peaks, kernels=[3])
    assert {name for name, matches in other.matches[3].items() if matches is not None} == {"exact"}
    nameless = dataclasses.replace(other.kernels, example="")
    assert shipped_matches(nameless, None, 3, "exact", 1.0, background=other.background, rule="", threshold=0) is None


def test_known_motifs_are_looked_up_where_they_do_not_ship(found, monkeypatch):
    match = Match("MA0139.2", "CTCF", 1e-9, 1e-8, 1e-30, 0, 15, False)
    asked = []

    def look_up(ppms, *, most):
        asked.append(len(ppms))
        return [(match,) for _ in ppms]

    monkeypatch.setattr(module, "match_motifs", look_up)
    monkeypatch.setattr(module, "MOST_QUERIES", 3)
    other = read_network(found.kernels, found.samples, kernels=[13, LAST], m=2.0, known=True)
    assert asked == [3, 1]  # exact and posterior of both; the heuristic ones ship
    assert other.matches[LAST]["posterior"] == (match,)
    assert other.rows()[-1]["known_accession"] == "MA0139.2"
    protein = dataclasses.replace(import_kernels(np.zeros((1, 20, 3))), source="p")
    with pytest.raises(ArgumentError, match=r"known.*protein.*DNA"):
        read_network(protein, SequenceSet.from_strings(["ACDEFGH"] * 6, alphabet="protein"), known=True)


# --- rows and motifs


def test_rows_have_the_columns_that_are_told_and_the_numbers_of_the_readings(found):
    rows = found.rows()
    assert len(rows) == 16
    for row, each in zip(rows, found.readings, strict=True):
        assert list(row) == list(COLUMNS)
        assert row["kernel"] == each.kernel + 1
        assert row["evidence_posterior"] == each.worth.evidence["posterior"]
        assert row["divergence_posterior"] == pytest.approx(each.divergence["posterior"].sum())
    assert sum(row["decides"] for row in rows) == pytest.approx(1)
    assert any(row["known_motif"] == "NFKB1" for row in rows)


def test_a_kernel_that_is_never_active_has_no_heuristic(found):
    dead = dataclasses.replace(found.kernels, bias=found.kernels.bias - 100)
    read = read_network(dead, found.samples, kernels=[LAST])
    assert read.readings[0].pfm is None
    assert read.motifs("heuristic") == []
    (row,) = read.rows()
    assert row["bits_heuristic"] is row["divergence_heuristic"] is None
    assert row["aligned_windows"] == 0


@pytest.mark.parametrize("reading", READINGS)
def test_motifs_of_a_reading_are_written_and_read_back(found, reading):
    back = parse_motifs(write_meme(found.motifs(reading)).encode(), format="meme")
    assert back[-1].name == f"two_motifs_max_kernel_16_{reading}"
    np.testing.assert_allclose(back[-1].ppm, found.readings[LAST].motifs[reading][0], rtol=0, atol=1e-9)


# --- mistakes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernels": [16]}, "`kernels` is 16; accepted: places from 0 to 15"),
        ({"kernels": [-1, 2]}, "`kernels` is -1; accepted: places from 0 to 15"),
        ({"kernels": []}, "`kernels` is none"),
        ({"m": -1}, "`m` is -1"),
        ({"m": float("nan")}, "`m` is nan"),
        ({"rule": "guess"}, "`rule` is 'guess'"),
        ({"threshold": 1.0}, "`threshold` is 1"),
        ({"background": "motif"}, "`background` is 'motif'"),
        ({"background": [1, 2, 3]}, "`background`"),
    ],
)
def test_a_mistake_names_the_argument(found, options, message):
    with pytest.raises(ArgumentError) as raised:
        read_network(found.kernels, found.samples, **options)
    assert message in str(raised.value)


def test_too_few_sequences_another_alphabet_and_an_unknown_reading_are_refused(found):
    with pytest.raises(ArgumentError, match=r"2 sequences.*at least 5"):
        read_network(found.kernels, SequenceSet.from_strings(["ACGT" * 9] * 2))
    with pytest.raises(ArgumentError, match=r"`sequences` is of protein; accepted: DNA, which the kernels read"):
        read_network(found.kernels, SequenceSet.from_strings(["ACDEFGHIKLMNPQRSTVWY"] * 6, alphabet="protein"))
    with pytest.raises(ArgumentError, match=r"without a window"):
        read_network(found.kernels, SequenceSet.from_strings(["ACGT"] * 6))
    with pytest.raises(ArgumentError, match=r"`reading` is 'guess'"):
        found.motifs("guess")
