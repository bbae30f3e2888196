from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest
import torch

from epool_viz.core.alphabet import PROTEIN, one_hot, reverse_complement
from epool_viz.core.kernels import kernel_to_pwm
from epool_viz.core.pooling import expectation_pool, logsumexp_pool, max_pool, pool_gradient
from epool_viz.core.posterior import site_posterior
from epool_viz.core.scan import scan, scan_both_strands
from epool_viz.core.trace import STAGES, e_step_trace
from epool_viz.errors import ArgumentError, EpoolError, ShapeError

Q = [0.1, 0.2, 0.3, 0.4]
TEXT = "ACGTTGCANACGTTAGCATTAGACCATGN"


@pytest.fixture
def kernel(rng):
    return rng.normal(size=(4, 5)) * 2


STRANDS = ({}, {"both_strands": True}, {"both_strands": True, "strand_reading": "network"})
OPTIONS = [
    dict(zip(("m", "mode", "local_window", "padding", "occurrence", "background"), values, strict=True)) | strands
    for *values, strands in itertools.product(
        (0.0, 1e-3, 1.3, 20.0), (0, 1), (1, 3), ("valid", "same"), ("oops", "zoops"), (None, Q), STRANDS
    )
    if (values[0], values[-1], strands) != (0.0, Q, STRANDS[1])  # has no score
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(str(v) for v in o.values()))
def test_the_two_routes_agree_whatever_the_options(kernel, options):
    trace = e_step_trace(TEXT, kernel, bias=0.7, site_rate=0.3, **options)
    assert set(trace.errors) == {"score", "posterior", "pooled"}
    # a probability holds 16 digits, of which a base near 1 leaves fewer
    assert trace.identity_error < 1e-12 / min(1, options["m"] or 1)


def test_identity_error_is_the_largest_and_goes_up_when_a_route_is_wrong(kernel, monkeypatch):
    good = e_step_trace(TEXT, kernel)
    assert good.identity_error == max(good.errors.values()) < 1e-13
    from epool_viz.core import trace as trace_module

    wrong = lambda kernel, log_base, **options: kernel_to_pwm(kernel, base=math.exp(1.01 * log_base), **options)  # noqa: E731
    monkeypatch.setattr(trace_module, "kernel_to_pwm_at", wrong)
    assert e_step_trace(TEXT, kernel).identity_error > 1e-4


def test_the_stages_follow_from_one_another(kernel):
    trace = e_step_trace(TEXT, kernel, bias=0.7, m=1.3)
    assert tuple(trace.stages) == STAGES
    np.testing.assert_allclose(trace.scores, scan(one_hot(TEXT), kernel, bias=0.7), rtol=1e-12)
    np.testing.assert_array_equal(trace.cells, trace.scores)
    taking = trace.taking_part
    np.testing.assert_allclose(
        trace.shifted[taking], 1.3 * (trace.cells[taking] - trace.cells[taking].max()), rtol=1e-9
    )
    np.testing.assert_allclose(trace.exponentials, np.exp(trace.shifted), rtol=1e-12)
    np.testing.assert_allclose(trace.total, trace.exponentials.sum(), rtol=1e-12)
    np.testing.assert_allclose(trace.weights, trace.exponentials / trace.total, rtol=1e-12)
    np.testing.assert_allclose(trace.weighted, trace.weights * trace.cells, rtol=1e-12)
    np.testing.assert_allclose(trace.pooled, trace.weighted.sum(), rtol=1e-12)


def test_what_stands_beside_the_stages_is_what_core_says(kernel):
    trace = e_step_trace(TEXT, kernel, m=1.3, mode=1, background=Q)
    cells, mask = trace.cells, trace.taking_part
    np.testing.assert_array_equal(trace.pooled, expectation_pool(cells, m=1.3, mode=1, mask=mask))
    np.testing.assert_array_equal(trace.maximum, max_pool(cells, mask=mask))
    np.testing.assert_array_equal(trace.log_sum_exp, logsumexp_pool(cells, m=1.3, mask=mask))
    np.testing.assert_allclose(trace.average, cells[mask].mean(), rtol=1e-12)
    np.testing.assert_array_equal(trace.gradient, pool_gradient(cells, m=1.3, mode=1, mask=mask))
    np.testing.assert_array_equal(trace.max_gradient, pool_gradient(cells, method="max", mask=mask))
    np.testing.assert_allclose(trace.effective_windows, np.exp(trace.entropy), rtol=1e-12)
    reading = kernel_to_pwm(kernel, base=math.exp(1.3), background=Q)
    np.testing.assert_allclose(trace.pwm.ppm, reading.ppm, rtol=1e-12)


def test_windows_with_unknown_letters_are_marked_and_take_no_part(kernel):
    trace = e_step_trace(TEXT, kernel)
    expected = ["N" not in TEXT[i : i + 5] for i in trace.starts]
    assert (trace.starts[0], trace.starts[-1], expected[-1]) == (0, len(TEXT) - 5, False)
    np.testing.assert_array_equal(trace.whole, expected)
    np.testing.assert_array_equal(trace.posterior[~trace.whole], 0)
    np.testing.assert_allclose(trace.posterior.sum(), 1, rtol=1e-12)


def test_windows_over_the_padding_are_marked_and_only_the_published_network_keeps_them(kernel):
    exact = e_step_trace("ACGTTGCATT", kernel, padding="same")
    np.testing.assert_array_equal(exact.whole, [False] * 2 + [True] * 6 + [False] * 2)
    valid = e_step_trace("ACGTTGCATT", kernel)
    np.testing.assert_allclose(exact.posterior[2:-2], valid.posterior, rtol=1e-12)
    np.testing.assert_allclose(exact.pooled, valid.pooled, rtol=1e-12)
    published = e_step_trace("ACGTTGCATT", kernel, padding="same", activation="paper")
    assert published.taking_part.all()
    assert np.all(published.posterior > 0)


def test_zoops_in_the_trace_is_the_posterior_of_core(kernel):
    trace = e_step_trace(TEXT, kernel, bias=0.3, m=1.2, occurrence="zoops", site_rate=0.3, background=Q)
    expected = site_posterior(
        trace.scores, m=1.2, occurrence="zoops", site_rate=0.3, offset=trace.pwm.offset, mask=trace.whole
    )
    np.testing.assert_allclose(trace.posterior, expected, rtol=1e-11)
    np.testing.assert_allclose(trace.site_probability, expected.sum(), rtol=1e-11)


def test_both_strands_share_one_softmax(kernel):
    trace = e_step_trace("ACGTTGCATT", kernel, both_strands=True, m=0.9)
    assert trace.strands == ("+",) * 6 + ("-",) * 6
    assert trace.starts == tuple(range(6)) * 2
    expected = site_posterior(scan_both_strands(one_hot("ACGTTGCATT"), kernel), m=0.9)
    np.testing.assert_allclose(trace.posterior, expected, rtol=1e-12)
    np.testing.assert_allclose(trace.strand_prior, [0.5, 0.5], rtol=1e-12)


def test_reading_the_other_strand_exchanges_the_strands(kernel):
    text = "ACGTTGCATTG"
    one = e_step_trace(text, kernel, both_strands=True)
    other = e_step_trace(reverse_complement(text), kernel, both_strands=True)
    forward, reverse = np.split(one.posterior, 2)
    np.testing.assert_allclose(np.concatenate([reverse[::-1], forward[::-1]]), other.posterior, rtol=1e-9)


def test_a_background_that_tells_strands_apart_gives_those_of_a_network_unequal_chances(kernel):
    options = {"both_strands": True, "strand_reading": "network"}
    trace = e_step_trace("ACGTTGCATT", kernel, background=Q, m=0.9, **options)
    offsets = trace.offsets[[0, -1]]
    expected = np.exp(0.9 * offsets) / np.exp(0.9 * offsets).sum()
    np.testing.assert_allclose(trace.strand_prior, expected, rtol=1e-12)
    assert abs(trace.strand_prior[0] - 0.5) > 0.01
    # Bayes' rule by hand under that prior
    ratios = np.exp(0.9 * trace.log_ratios) * np.repeat(expected, 6)
    np.testing.assert_allclose(trace.posterior, ratios / ratios.sum(), rtol=1e-11)


def test_local_winners_carry_the_weight_at_their_own_position(kernel):
    trace = e_step_trace("ACGTTGCATTGACCAT", kernel, local_window=5, m=0.4)
    assert trace.cells.shape == (2,)
    for cell, window in enumerate(trace.cell_windows):
        assert 5 * cell <= window < 5 * cell + 5
        assert trace.cells[cell] == trace.scores[5 * cell : 5 * cell + 5].max() == trace.scores[window]
        assert trace.posterior[window] == trace.weights[cell]
    assert np.count_nonzero(trace.posterior) == 2


def test_a_rectifier_ends_the_exactness_and_the_trace_says_so(kernel):
    options = {"activation": "paper", "local_window": 3, "padding": "same"}
    trace = e_step_trace("ACGTTGCATTGACCAT", kernel, bias=7, **options)  # so that some scores pass the cap
    assert not trace.exact
    assert set(trace.errors) == {"score"}
    assert trace.identity_error < 1e-12
    assert np.abs(trace.posterior - trace.bayes_posterior).max() > 1e-3
    assert trace.statement.startswith(
        "As published: the weights are a posterior over local winners of 3 rectified scores"
    )


@pytest.mark.parametrize(
    ("options", "statement"),
    [
        ({}, "Exact: the weights are the posterior of exactly one site, its start uniform over all whole windows."),
        (
            {"occurrence": "zoops", "mode": 1},
            "Exact: times the chance of a site, the weights are the posterior of at most one site, "
            "its start uniform over the whole windows that score above the mean.",
        ),
        (
            {"local_window": 4},
            "Local winners: the weights are Bayes' rule over the best window of every 4, "
            "with no chance given to the others; each score is still offset + log odds.",
        ),
        (
            {"activation": "relu"},
            "As published: the weights are a posterior over rectified scores. "
            "Score = offset + log odds still holds for each whole window; the posterior is no longer Bayes' rule.",
        ),
    ],
)
def test_the_statement_says_what_holds(kernel, options, statement):
    assert e_step_trace(TEXT, kernel, **options).statement == statement


@pytest.mark.parametrize("options", [{}, {"both_strands": True, "local_window": 2, "mode": 1, "occurrence": "zoops"}])
def test_the_trace_keeps_library_and_precision(backend, kernel, options):
    trace = e_step_trace(TEXT, backend(kernel), background=Q, **options)
    reference = e_step_trace(TEXT, kernel, background=Q, **options)
    for name in (*STAGES, "posterior", "bayes_posterior", "log_ratios", "gradient", "prior", "log_evidence"):
        ours = getattr(trace, name)
        assert backend.is_mine(ours), name
        loose = backend.dtype == "float32"
        np.testing.assert_allclose(
            ours, getattr(reference, name), rtol=1e-3 if loose else 1e-9, atol=1e-4 if loose else 1e-12, err_msg=name
        )
    assert trace.identity_error < (1e-5 if backend.dtype == "float32" else 1e-12)


def test_a_kernel_in_training_can_be_traced(tensor, kernel):
    trace = e_step_trace(TEXT, tensor(kernel))
    assert isinstance(trace.pooled, torch.Tensor)
    assert trace.pooled.requires_grad
    assert trace.identity_error < 1e-12


def test_every_form_of_a_sequence_gives_one_trace(kernel):
    by_text = e_step_trace(TEXT, kernel)
    for same in (one_hot(TEXT), torch.asarray(one_hot(TEXT)), by_text.alphabet.encode(TEXT)):
        trace = e_step_trace(same, kernel)
        assert trace.sequence == TEXT
        np.testing.assert_array_equal(trace.posterior, by_text.posterior)


def test_a_protein_is_traced(rng):
    trace = e_step_trace("MKWVTFISLLFLFSSAYS", rng.normal(size=(20, 4)), alphabet="protein", m=1.1)
    assert trace.alphabet is PROTEIN
    assert trace.identity_error < 1e-13


@pytest.mark.parametrize("m", [1e-3, 1.0, 1e3, 1e6])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
def test_the_trace_is_finite_for_every_size_of_kernel(kernel, m, scale):
    trace = e_step_trace(TEXT, kernel * scale, m=m)
    for name in ("posterior", "pooled", "log_ratios", "bayes_posterior", "log_evidence", "gradient"):
        assert np.isfinite(getattr(trace, name)).all(), name


@pytest.mark.parametrize(
    ("sequence", "options", "error", "message"),
    [
        ("ACG", {}, ShapeError, "`onehot` is 3 letters long; accepted: at least the width, 5"),
        ("", {}, ArgumentError, "`sequence` is empty; accepted: at least 5 letters"),
        (
            "ACNGTNAC",
            {},
            ArgumentError,
            "`sequence` is without a window of known letters; accepted: 5 known letters in a",
        ),
        ("ACGTZ", {}, ArgumentError, "`sequence` is 'Z' at letter 5; accepted: DNA letters ACGT in either case"),
        (np.zeros((3, 9)), {}, ShapeError, "`sequence` is of shape (3, 9); accepted: a string, or one-hot (4, length)"),
        (
            np.full((4, 9), 0.25),
            {},
            ArgumentError,
            "`sequence` is not one-hot; accepted: columns with a single 1, or all",
        ),
        (TEXT, {"m": -1}, ArgumentError, "`m` is -1; accepted: a finite number >= 0"),
        (TEXT, {"mode": 3}, ArgumentError, "`mode` is 3; accepted: 0, 1"),
        (TEXT, {"occurrence": "two"}, ArgumentError, "`occurrence` is 'two'; accepted: 'oops', 'zoops'"),
        (TEXT, {"site_rate": 1.0}, ArgumentError, "`site_rate` is 1; accepted: a number between 0 and 1"),
        (TEXT, {"activation": "gelu"}, ArgumentError, "`activation` is 'gelu'; accepted: 'identity', 'relu', 'paper'"),
        (TEXT, {"alphabet": "protein"}, EpoolError, "`kernel` is of 4 letters against 20 of the sequence"),
    ],
)
def test_the_trace_names_the_argument_at_fault(kernel, sequence, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        e_step_trace(sequence, kernel, **options)


def test_a_stack_of_kernels_is_refused(rng):
    with pytest.raises(ShapeError, match=re.escape("`kernel` is of shape (2, 4, 3); accepted: (4, width): one kernel")):
        e_step_trace(TEXT, rng.normal(size=(2, 4, 3)))
