"""The state of the logos: bounds, what follows from what, and what is looked up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from traitlets import TraitError

from epool_viz.analysis.kernel_readings import READINGS, example_samples
from epool_viz.analysis.known_motifs import Match, example_matches
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.motifs import kl_divergence
from epool_viz.data.examples import example_kernels, example_log_base
from epool_viz.errors import ArgumentError
from epool_viz.panels.logos import model as module
from epool_viz.panels.logos.finder import Finder
from epool_viz.panels.logos.model import LogosModel

FINDER = "epool_viz.panels.logos.finder"


@pytest.fixture
def model():
    return LogosModel(trained="ctcf_max")


def test_it_opens_with_expectation_pooling_whose_weights_are_the_posterior():
    assert LogosModel().kernels.example == "ctcf_expectation"


def test_it_opens_with_the_kernel_that_weighs_most(model):
    weights = model.kernels.output_weights
    assert model.place == int(np.argmax(weights))
    model.trained = "p73_logsumexp"
    assert model.place == int(np.argmax(example_kernels("p73_logsumexp").output_weights))


def test_the_base_is_the_poolings_own_or_else_the_likeliest(model):
    assert model.kernels.m is None
    assert model.log_base == model.likeliest_m == example_log_base("ctcf_max")
    model.trained = "ctcf_expectation"
    assert model.log_base == 1.0 == model.opening_m
    assert model.likeliest_m == example_log_base("ctcf_expectation")
    model.m = 2.5
    assert model.log_base == 2.5
    model.trained = "ctcf_max"
    assert model.m is None


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("m", 99.0, 20.0),
        ("m", -1, 0.0),
        ("threshold", 3.0, 0.99),
        ("threshold", 0.307, 0.31),
        ("place", 400, 15),
        ("place", -3, 0),
        ("chosen", [15, 3, 3, 16, -1], [3, 15]),
    ],
)
def test_bounds_are_the_models(model, name, given, kept):
    setattr(model, name, given)
    assert getattr(model, name) == kept


@pytest.mark.parametrize("given", [float("nan"), "much", [1]])
def test_an_m_that_is_no_number_is_refused(model, given):
    with pytest.raises(TraitError, match="m is"):
        model.m = given


def test_a_state_comes_back_whole(model):
    state = {"trained": "p73_max", "m": 1.25, "background": "sequences", "rule": "basset", "threshold": 0.2}
    state |= {"place": 7, "chosen": [1, 9], "reading": "posterior"}
    model.restore(state)
    assert model.state() == state
    assert LogosModel(**model.state()).state() == state


def test_a_bad_state_changes_nothing(model):
    before = model.state()
    with pytest.raises(ArgumentError, match="not usable"):
        model.restore({"trained": "p73_max", "rule": "guess"})
    with pytest.raises(ArgumentError, match="colour"):
        model.restore({"colour": "red"})
    assert model.state() == before


def test_a_rule_brings_its_own_threshold(model):
    model.rule = "basset"
    assert model.threshold == 0.5
    model.threshold = 0.8
    model.rule = "deepbind"
    assert model.threshold == 0


def test_m_moves_exact_and_posterior_and_the_threshold_moves_the_heuristic_alone(model):
    first = {reading: model.motif(reading, model.place)[0] for reading in READINGS}
    model.m = 1.0
    after_m = {reading: model.motif(reading, model.place)[0] for reading in READINGS}
    model.threshold = 0.6
    after_threshold = {reading: model.motif(reading, model.place)[0] for reading in READINGS}
    for reading in ("exact", "posterior"):
        assert not np.allclose(first[reading], after_m[reading], atol=0.01)
        np.testing.assert_array_equal(after_m[reading], after_threshold[reading])
    np.testing.assert_array_equal(first["heuristic"], after_m["heuristic"])
    assert not np.allclose(after_m["heuristic"], after_threshold["heuristic"], atol=0.01)


def test_the_background_moves_the_exact_reading(model):
    uniform = model.motif("exact", model.place)[0]
    model.background = "sequences"
    assert model.letters.sum() == pytest.approx(1)
    np.testing.assert_allclose(model.letters, example_samples("ctcf").making.letter_frequencies())
    expected = kernel_to_pwm_at(model.kernels.kernels[model.place], model.log_base, background=model.letters).ppm
    np.testing.assert_allclose(model.motif("exact", model.place)[0], expected, rtol=1e-12)
    assert not np.allclose(uniform, expected, atol=1e-3)


def test_detail_holds_what_core_says(model):
    detail = model.detail()
    assert detail.residual < 1e-12
    for reading in ("heuristic", "posterior"):
        expected = kl_divergence(detail.motifs[reading][0], detail.motifs["exact"][0])
        np.testing.assert_allclose(detail.divergence[reading], expected, rtol=1e-12)
    assert set(detail.worth.at_sites) == set(READINGS)
    assert detail.n_windows == detail.motifs["heuristic"][1]
    assert model.detail(3) is not detail


def test_where_no_window_passes_there_is_no_heuristic():
    model = LogosModel(trained="two_motifs_logsumexp")
    never = [k for k in range(16) if model.motif("heuristic", k) is None]
    assert never
    detail = model.detail(never[0])
    assert set(detail.motifs) == {"exact", "posterior"}
    assert detail.n_windows == 0


def test_heat_has_a_row_a_sequence_and_marks_known_sites():
    model = LogosModel(trained="two_motifs_max")
    rows, names, marks = model.heat()
    judged = model.samples.judging
    assert rows.shape == (len(judged), 200 - 15 + 1)
    np.testing.assert_allclose(np.nansum(rows, axis=1), 1, rtol=1e-12)
    assert names == list(judged.names)
    assert (0, judged.sites[0][0].start, judged.sites[0][0].stop) in marks
    assert LogosModel().heat()[2] == []


# --- known motifs


def test_what_ships_is_shown_only_where_it_was_found(model):
    place = model.place
    assert model.matches("exact", place) == example_matches("ctcf_max")["exact"][place]
    assert model.matches("heuristic", place) == example_matches("ctcf_max")["deepbind"][place]
    model.m = 1.0
    assert model.matches("exact", place) is None
    assert model.matches("posterior", place) is None
    assert model.matches("heuristic", place) is not None
    model.m = model.opening_m
    model.background = "sequences"
    assert model.matches("exact", place) is None
    assert model.matches("posterior", place) is not None
    model.threshold = 0.3
    assert model.matches("heuristic", place) is None
    model.rule = "basset"
    assert model.matches("heuristic", place) == example_matches("ctcf_max")["basset"][place]


def test_likeness_is_measured_over_the_same_columns_for_all(model):
    found = model.likeness()
    assert found.match.name == "CTCF"
    assert set(found.correlation) == set(READINGS)
    assert all(0.85 < value <= 1 for value in found.correlation.values())
    # what was measured on real data: the exact one is not the nearest here
    assert max(found.correlation, key=found.correlation.get) != "exact"
    assert found.known.shape == (4, found.match.overlap)
    flat = LogosModel(trained="ctcf_average")
    assert flat.likeness() is None


def test_tally_counts_kernels_with_a_known_motif(model):
    wins = model.tally()
    with_motif = {k for found in ("exact", "deepbind", "posterior") for k in example_matches("ctcf_max")[found]}
    assert sum(wins.values()) == len(with_motif)


def test_what_is_looked_up_is_kept_for_its_settings(model):
    model.m = 1.5
    asked = model.asked()
    assert len(asked) == 3
    match = Match("MA0139.2", "CTCF", 1e-9, 1e-8, 1e-5, 0, 15, False)
    model.learn(dict.fromkeys(asked, (match,)))
    assert model.matches("exact", model.place) == (match,)
    assert model.found == 1
    model.m = 1.6
    assert model.matches("exact", model.place) is None
    model.m = 1.5
    assert model.matches("exact", model.place) == (match,)


def test_finder_tells_and_takes_over(model, monkeypatch):
    match = Match("MA0139.2", "CTCF", 1e-9, 1e-8, 1e-5, 0, 15, False)
    monkeypatch.setattr(f"{FINDER}.match_motifs_limited", lambda ppms, **_: [(match,) for _ in ppms])
    model.m = 1.5
    finder = Finder(model)
    finder.start()
    assert "Comparing with JASPAR" in model.said
    finder.join()
    assert finder.pump() is False
    assert model.said == ""
    assert model.matches("posterior", model.place) == (match,)


def test_finder_tells_what_failed_and_forgets_what_was_stopped(model, monkeypatch, swallowed_exceptions):
    def fail(*_, **__):
        raise ArgumentError("ppms", "odd", "even")

    monkeypatch.setattr(f"{FINDER}.match_motifs_limited", fail)
    finder = Finder(model)
    finder.start()
    finder.join()
    finder.pump()
    assert "odd" in model.message
    finder.start()
    finder.stop()
    finder.join()
    finder.pump()
    assert model.message == ""

    def break_down(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(f"{FINDER}.match_motifs_limited", break_down)
    finder.start()
    finder.join()
    finder.pump()
    assert "error " in model.message
    swallowed_exceptions.clear()


# --- models that do not ship


def test_kernels_of_another_model_are_taken_with_and_without_sequences(model):
    other, samples = example_kernels("p73_max"), example_samples("p73")
    model.take(other, samples)
    assert model.kernels is other
    assert model.matches("exact", model.place) is None
    assert model.detail().worth.n_sites == len(samples.judging)
    assert model.likeliest_m == pytest.approx(example_log_base("p73_max"), abs=1e-4)
    model.take(other, None)
    assert model.detail() is None
    assert model.thresholds() is None
    assert model.heat() is None
    assert model.use is None
    assert model.likeliest_m is None
    assert model.log_base == 1.0
    assert model.motif("heuristic", 0) is None
    assert model.motif("exact", 0) is not None
    np.testing.assert_array_equal(model.letters, [0.25] * 4)
    weak, strong = other.kernels[0] * 0.01, other.kernels[0] * 3.0
    model.take(replace(other, kernels=np.stack([weak, strong, weak]), output_weights=None), None)
    assert model.place == 1, "without output weights, the one that tells most"
    model.trained = "ctcf_expectation"
    assert model.kernels.example == "ctcf_expectation"


def test_too_many_kernels_are_refused(model, monkeypatch):
    monkeypatch.setattr(module.r, "MOST_KERNELS", 15)
    with pytest.raises(ArgumentError, match=r"16 kernels.*1 to 15"):
        model.take(example_kernels("p73_max"), None)
