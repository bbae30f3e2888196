"""The sequences that attribution is judged by, and the results that ship: a part of them is computed again."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.attribution import POOLINGS, interval, known_sites
from epool_viz.analysis.attribution_truth import (
    SEEDS,
    example_network,
    largest_difference,
    load_attribution_results,
    load_captum_tracks,
    rank_methods,
    site_letters,
    site_precisions,
    site_sequences,
    track_precision,
    unexplained,
)
from epool_viz.core.alphabet import one_hot
from epool_viz.core.attribution import HEURISTICS, METHODS, attribute_letters
from epool_viz.data.examples import example_model_data, load_example, load_example_model
from epool_viz.data.sequences.simulate import shuffle_known_letters
from epool_viz.errors import ArgumentError


def test_site_sequences_hold_one_site_each_and_no_model_has_seen_them() -> None:
    found = site_sequences(7, 5)
    assert [len(sites) for sites in found.sites] == [1] * 5
    letters = site_letters(found)
    assert letters.shape == (5, 200)
    for row, (site,) in zip(letters, found.sites, strict=True):
        assert np.flatnonzero(row).tolist() == list(range(site.start, site.stop))
    seen = {text for part in example_model_data("two_motifs") for text in part}
    assert not seen & {text for seed in SEEDS for text in site_sequences(seed)}
    with pytest.raises(ArgumentError, match="`seed` is 0; accepted: a whole number >= 1"):
        site_sequences(0)


def test_site_letters_need_known_sites_and_take_several() -> None:
    with pytest.raises(ArgumentError, match="`sequences` is without known sites"):
        site_letters(load_example("ctcf_peaks"))
    crp0 = site_letters(load_example("crp0"))
    assert crp0.sum() <= 24 * 22
    assert crp0.sum(axis=1).max() > 22


@pytest.mark.parametrize("name", ["two_motifs_expectation", "ctcf_paper"])
def test_an_example_network_says_what_its_torch_twin_says(name) -> None:
    torch = pytest.importorskip("torch")
    from epool_viz.models.checkpoint import load_model

    info = load_example_model(name).info
    data = example_model_data(info.data)[1][:7]
    onehot = data.one_hot()
    with torch.no_grad():
        expected = load_model(info.path).double()(torch.tensor(onehot)).numpy()
    np.testing.assert_allclose(example_network(name).log_odds(onehot), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("pooling", ["expectation", "max"])
def test_the_results_that_ship_are_those_of_the_networks_that_ship(pooling) -> None:
    results = load_attribution_results()
    assert results["settings"]["seeds"] == list(SEEDS)
    onehot, is_site = known_sites(SEEDS[-1:])
    # integrated gradients take half of the time: once is enough
    methods = tuple(m for m in METHODS if pooling == "max" or m != "integrated_gradients")
    areas = site_precisions(example_network(f"two_motifs_{pooling}"), onehot, is_site, methods=methods)
    rows = {row["method"]: row for row in results["rows"] if row["pooling"] == pooling}
    assert list(rows) == list(METHODS)
    for method, row in rows.items():
        for name, found in zip(("auprc", "smoothed"), areas.get(method, ()), strict=False):
            assert row[f"{name}_sets"][-1] == pytest.approx(found.mean(), abs=1e-4), (method, name)
        for name in ("auprc", "smoothed"):
            mean, low, high = row[name]
            assert low < mean < high
            assert mean == pytest.approx(np.mean(row[f"{name}_sets"]), abs=1e-4)
            assert row[f"{name}_networks"][0] <= mean <= row[f"{name}_networks"][1]


def test_the_tracks_of_captum_that_ship_are_the_closed_forms() -> None:
    tracks = load_captum_tracks()
    assert set(tracks) == {f"two_motifs_{pooling}" for pooling in POOLINGS}
    for name, found in tracks.items():
        onehot = site_sequences().one_hot()[: found.shape[1]]
        closed = attribute_letters(example_network(name), onehot, methods=HEURISTICS)
        for method, scores in zip(HEURISTICS, found, strict=True):
            np.testing.assert_allclose(scores, closed.scores[method], rtol=1e-4, atol=1e-5, err_msg=f"{name} {method}")


def test_an_interval_holds_the_mean_and_narrows_with_more_sequences() -> None:
    values = np.random.default_rng(1).random(400)
    mean, low, high = interval(values)
    few = interval(values[:25])
    assert low < mean < high
    assert few[2] - few[1] > 2 * (high - low)
    # the standard error says the same
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_shuffles_keep_neighbours_and_leave_unknown_letters_where_they_are() -> None:
    texts = ["ACGTTGNNAATTACG", "CCGATTACAGATTAC"]
    found = shuffle_known_letters(one_hot(texts), 3, seed=5)
    assert found.shape == (3, 2, 4, 15)
    pairs = lambda onehot: onehot[:, :-1] @ onehot[:, 1:].T  # noqa: E731
    for each in found:
        np.testing.assert_array_equal(each.sum(axis=1), one_hot(texts).sum(axis=1))
        np.testing.assert_array_equal(each[1].sum(axis=1), one_hot(texts)[1].sum(axis=1))
        np.testing.assert_array_equal(pairs(each[1]), pairs(one_hot(texts)[1]))
    assert len({each.tobytes() for each in found}) > 1
    np.testing.assert_array_equal(found, shuffle_known_letters(one_hot(texts), 3, seed=5))
    assert abs(found - shuffle_known_letters(one_hot(texts), 3, seed=6)).max() == 1
    with pytest.raises(ArgumentError, match="`n` is 0"):
        shuffle_known_letters(one_hot(texts), 0)


def test_a_track_is_judged_as_its_sequence_is_among_others() -> None:
    network, sequences = example_network("two_motifs_expectation"), site_sequences(7, 5)
    onehot, is_site = sequences.one_hot(), site_letters(sequences)
    areas = site_precisions(network, onehot, is_site, methods=("posterior", "deeplift"))
    found = attribute_letters(network, onehot, methods=("posterior", "deeplift"))
    for method, area in areas.items():
        assert area.shape == (2, 5)
        for row in (0, 4):
            sites = [(site.start, site.stop) for site in sequences.sites[row]]
            assert track_precision(found.scores[method][row], sites) == pytest.approx(area[0, row], rel=1e-12)
    assert not np.allclose(
        site_precisions(network, onehot, is_site, methods=("deeplift",), baseline="zeros")["deeplift"],
        areas["deeplift"],
    )
    whole = np.zeros(9)
    whole[-1] = 1.0  # the last letter alone is a site, and ranks first
    assert track_precision(whole, [(8, 9)]) == 1.0
    with pytest.raises(ArgumentError, match="`sites` is empty"):
        track_precision(whole, [])


@pytest.mark.parametrize("pooling", ["expectation", "max"])
def test_what_letters_leave_unexplained_is_nothing_for_a_complete_method(pooling) -> None:
    network = example_network(f"two_motifs_{pooling}")
    onehot = site_sequences(7, 3).one_hot()
    found = attribute_letters(network, onehot)
    np.testing.assert_allclose(unexplained(network, found, "deeplift"), 0, rtol=0, atol=1e-9)
    exact = unexplained(network, found, "log_odds")
    np.testing.assert_allclose(exact, found.output - network.constant - found.scores["log_odds"].sum(axis=1), rtol=1e-9)
    left = unexplained(network, found, "saliency")
    np.testing.assert_allclose(found.scores["saliency"].sum(axis=1) + left, found.output - found.reference, rtol=1e-9)


def test_a_difference_is_measured_by_the_largest_letter() -> None:
    closed = np.array([0.0, -4.0, 1.0])
    assert largest_difference(closed, closed) == 0
    assert largest_difference(closed + np.eye(3)[2], closed) == 0.25
    assert largest_difference([0.5, 0, 0], np.zeros(3)) == 0.5


def test_methods_rank_by_their_mean_and_reach_where_intervals_do() -> None:
    rows = {row["method"]: row for row in load_attribution_results()["rows"] if row["pooling"] == "max"}
    for measure in ("auprc", "smoothed"):
        ranked, reaching = rank_methods("max", measure)
        means = [rows[method][measure][0] for method in ranked]
        assert means == sorted(means, reverse=True)
        assert set(ranked) == set(METHODS)
        assert reaching == tuple(m for m in ranked[1:] if rows[m][measure][2] >= rows[ranked[0]][measure][1])
    with pytest.raises(ArgumentError, match="`pooling` is 'median'"):
        rank_methods("median")
