"""The walk as data: every step is whole, and its numbers are the trace's."""

import math

import numpy as np
import pytest

from epool_viz.core.pooling import ACTIVATIONS
from epool_viz.core.trace import e_step_trace
from epool_viz.panels.one_kernel import steps
from epool_viz.panels.shared.html import filled


@pytest.fixture
def kernel(rng):
    return rng.normal(size=(4, 3))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("local_window", [1, 2])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("both_strands", [False, True])
def test_every_formula_of_every_walk_can_be_filled_in_for_every_window(
    kernel, activation, local_window, padding, both_strands
):
    options = {"activation": activation, "local_window": local_window, "padding": padding}
    trace = e_step_trace("ACGTNACGTT", kernel, m=0.8, both_strands=both_strands, **options)
    for step in steps.active_steps(activation, local_window):
        for window in range(len(trace.starts)):
            text = filled(steps.formula_of(step, trace, window), steps.numbers(trace, window))
            assert ">–<" not in text, "a number that does not exist is shown"
        assert set(step.tracks) <= set(steps.SERIES)
        assert step.column in {"", *steps.SERIES}
        assert step.tracks or step.picture != "tracks"


def test_active_steps_leave_out_what_is_switched_off():
    assert [s.name for s in steps.STEPS if s not in steps.active_steps("identity", 1)] == ["activated", "cells"]
    assert [s.name for s in steps.STEPS if s not in steps.active_steps("relu", 1)] == ["cells"]
    assert [s.name for s in steps.STEPS if s not in steps.active_steps("identity", 2)] == ["activated"]
    assert steps.active_steps("paper", 2) == steps.STEPS


def test_names_and_titles_are_distinct_and_every_sentence_ends():
    assert len({s.name for s in steps.STEPS}) == len({s.title for s in steps.STEPS}) == len(steps.STEPS)
    assert all(s.sentence.endswith(".") for s in steps.STEPS)


def test_a_rectified_trace_is_not_told_what_holds_for_raw_scores_only(kernel):
    exact, bent = (e_step_trace("ACGTACG", kernel, activation=a) for a in ("identity", "relu"))
    assert all(steps.sentence_of(step, exact) == step.sentence for step in steps.STEPS)
    assert all(steps.formula_of(step, exact, 0) == step.formula for step in steps.STEPS)
    walk = {step.name: step for step in steps.STEPS}
    otherwise = [name for name, step in walk.items() if steps.sentence_of(step, bent) != step.sentence]
    assert otherwise == ["posterior", "pooled"]
    assert all("with a rectifier" in steps.sentence_of(walk[name], bent) for name in otherwise)
    assert steps.formula_of(walk["pooled"], bent, 0) == "ePool = Σ weight × score = {pooled}"
    expected = float(bent.expected_log_ratio + bent.expected_offset)
    assert expected != pytest.approx(float(bent.pooled), rel=1e-3)


def test_cell_of_finds_the_group_of_each_window_on_both_strands(kernel):
    trace = e_step_trace("ACGTTACGG", kernel, local_window=3, both_strands=True)
    # 7 windows a strand: groups 0-2 and 3-5, and the seventh is dropped
    assert [steps.cell_of(trace, i) for i in range(14)] == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3]


def test_window_letters_are_what_the_kernel_sees(kernel):
    trace = e_step_trace("ACGTN", kernel, padding="same", both_strands=True)
    assert [steps.window_letters(trace, i) for i in range(5)] == ["·AC", "ACG", "CGT", "GTN", "TN·"]
    assert [steps.window_letters(trace, i) for i in range(5, 10)] == ["GT·", "CGT", "ACG", "NAC", "·NA"]


@pytest.mark.parametrize("strands", [{}, {"both_strands": True}, {"both_strands": True, "strand_reading": "network"}])
@pytest.mark.parametrize("background", [None, [0.4, 0.1, 0.2, 0.3]])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_kernel_terms_add_up_to_the_score_of_every_window(kernel, strands, background, padding):
    trace = e_step_trace("ACGTNACGTT", kernel, bias=0.3, padding=padding, background=background, **strands)
    sums = [trace.bias + math.fsum(steps.kernel_terms(trace, i)) for i in range(len(trace.starts))]
    np.testing.assert_allclose(sums, trace.scores, rtol=1e-12, atol=1e-12)


def test_numbers_are_the_traces_own(kernel):
    trace = e_step_trace("ACGTTACGG", kernel, m=0.6, mode=1, bias=0.2, local_window=2, occurrence="zoops")
    numbers = steps.numbers(trace, 5)
    assert numbers["score"] == trace.scores[5]
    assert numbers["weight"] == trace.weights[2]
    assert numbers["winner"] == trace.cell_windows[2] + 1
    assert numbers["posterior"] == trace.posterior[trace.cell_windows[2]]
    assert numbers["pooled"] == trace.pooled
    assert numbers["log_prior"] == (math.log(trace.prior[2]) if trace.prior[2] else -math.inf)
    assert (numbers["window"], numbers["n_windows"], numbers["n_cells"]) == (6, 7, 3)
    assert numbers["residual"] == pytest.approx(0, abs=1e-12)


def test_the_formula_of_the_posterior_is_true_of_its_numbers(kernel):
    trace = e_step_trace("ACGTTACGG", kernel, m=0.6)
    for window in (0, 3, 6):
        n = steps.numbers(trace, window)
        by_formula = math.exp(n["log_prior"] + n["m"] * n["log_ratio_cell"] - n["log_evidence"])
        assert by_formula == pytest.approx(n["bayes_posterior"], rel=1e-12)
        assert n["gate"] * math.exp(n["shifted"]) == pytest.approx(n["exponential"], rel=1e-12)
        assert n["m"] * (n["cell"] - n["maximum"]) == pytest.approx(n["shifted"], rel=1e-12, abs=1e-15)
        assert n["exponential"] / n["total"] == pytest.approx(n["weight"], rel=1e-12)
        assert n["weight"] * n["cell"] == pytest.approx(n["weighted"], rel=1e-12)
    assert n["expected_log_ratio"] + n["expected_offset"] == pytest.approx(n["pooled"], rel=1e-12)


def test_the_formula_of_the_posterior_is_about_the_local_winner(kernel):
    trace = e_step_trace("ACGTTACGG", kernel, m=0.6, local_window=2)
    losers = [i for i in range(6) if i not in set(trace.cell_windows)]
    assert losers
    for window in losers:
        n = steps.numbers(trace, window)
        by_formula = math.exp(n["log_prior"] + n["m"] * n["log_ratio_cell"] - n["log_evidence"])
        assert by_formula == pytest.approx(n["bayes_posterior"], rel=1e-12) == n["weight"]


def test_a_partial_window_is_told_instead_of_a_false_equation(kernel):
    walk = {step.name: step for step in steps.STEPS}
    trace = e_step_trace("ACGTNACGTT", kernel)
    told = [name for name, step in walk.items() if steps.formula_of(step, trace, 2) == steps.PARTIAL]
    assert told == ["scores", "shifted", "exponentials", "weights", "posterior", "weighted"]
    assert all(steps.formula_of(step, trace, 1) == step.formula for step in steps.STEPS)
    assert math.isnan(steps.numbers(trace, 2)["residual"])
    assert steps.numbers(trace, 2)["weight"] == 0
    # with a rectifier partial windows take part, as published, but still mean no log odds
    bent = e_step_trace("ACGTNACGTT", kernel, activation="paper")
    assert [name for name, step in walk.items() if steps.formula_of(step, bent, 2) == steps.PARTIAL] == ["scores"]


def test_zoops_adds_the_probability_of_a_site(kernel):
    trace = e_step_trace("ACGTT", kernel, occurrence="zoops", site_rate=0.2)
    posterior = next(step for step in steps.STEPS if step.name == "posterior")
    assert steps.formula_of(posterior, trace, 0) == posterior.formula + steps.ZOOPS
    n = steps.numbers(trace, 0)
    assert n["site_probability"] * n["bayes_posterior"] == pytest.approx(n["posterior"], rel=1e-12)


def test_log_sum_exp_at_m_0_is_infinite(kernel):
    assert steps.numbers(e_step_trace("ACGTT", kernel, m=0.0), 0)["log_sum_exp"] == math.inf


def test_what_is_pooled_is_called_a_score_where_nothing_lies_between(kernel):
    plain, winners = (e_step_trace("ACGTTACGG", kernel, local_window=n) for n in (1, 2))
    assert steps.series_name(plain, "cells") == "score"
    assert steps.series_name(winners, "cells") == "pooled score"


def test_every_error_of_a_trace_is_explained(kernel):
    assert set(e_step_trace("ACGTT", kernel).errors) == set(steps.ERRORS)
