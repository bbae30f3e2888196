from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from epool_viz.core.pooling import (
    FUNCTIONS,
    activate,
    average_pool,
    expectation_pool,
    expectation_stages,
    local_max,
    logsumexp_pool,
    max_pool,
    pool,
    pool_gradient,
    pool_weights,
)
from epool_viz.core.poolings import METHODS, POOLING_METHODS, WITH_M
from epool_viz.errors import ArgumentError, ShapeError

BOTH_MODES = pytest.mark.parametrize("mode", [0, 1])
rows = hnp.arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 12)), elements=st.floats(-50, 50))
any_rows = hnp.arrays(
    np.float64, st.integers(1, 8), elements=st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=True)
)


def test_expectation_pool_meets_the_reference_vectors(backend, shared_data):
    cases = json.loads((shared_data / "epooling_reference_vectors.json").read_text())
    assert len(cases) == 36
    for case in cases:
        scores, m = backend(case["x"]), case["m"]
        # single precision holds an exponent m x to 6e-8 of its size, and a weight follows its exponent
        exponent = abs(m) * np.ptp(case["x"])
        rtol = 1e-12 if backend.dtype == "float64" else 2e-7 * max(10.0, exponent)
        for mode in (0, 1):
            pooled = expectation_pool(scores, m=m, mode=mode)
            assert backend.is_mine(pooled)
            np.testing.assert_allclose(pooled, case[f"mode{mode}"], rtol=rtol, atol=1e-6 * rtol)
            weights = pool_weights(scores, m=m, mode=mode)
            np.testing.assert_allclose(
                weights, case[f"mode{mode}_p"], rtol=rtol, atol=1e-7 * (backend.dtype == "float32")
            )


@pytest.mark.parametrize("method", METHODS)
def test_a_pooling_by_its_name_is_the_scores_under_its_own_weights(method, rng):
    scores = rng.normal(size=(2, 3, 7))
    mask = np.array([False, True, True, True, False, True, True])
    found = {}
    for m, mode in ((0.7, 0), (0.7, 1), (1.9, 0)):
        options = {"method": method, "m": m, "mode": mode, "mask": mask}
        found[m, mode] = pool(scores, **options)
        expected = (pool_weights(scores, **options) * scores).sum(axis=-1)
        if method == "logsumexp":  # between expectation and max, and no mean of the scores
            expected = logsumexp_pool(scores, m=m, mask=mask)
        np.testing.assert_allclose(found[m, mode], expected, rtol=1e-12, atol=1e-14)
    assert (not np.allclose(found[0.7, 0], found[1.9, 0])) == (method in WITH_M)
    assert (not np.allclose(found[0.7, 0], found[0.7, 1])) == (method == "expectation")


def test_a_pooling_that_there_is_not_is_refused():
    with pytest.raises(ArgumentError, match=r"`method` is 'median'; accepted: 'max', 'average'"):
        pool([[1.0, 2.0]], method="median")


@BOTH_MODES
@given(scores=any_rows, m=st.floats(-1e300, 1e300))
def test_expectation_pool_is_finite_and_within_the_scores_for_every_finite_input(mode, scores, m):
    for kind in (np.asarray, torch.asarray):
        pooled = float(expectation_pool(kind(scores), m=m, mode=mode))
        assert math.isfinite(pooled)
        low, high = float(scores.min()), float(scores.max())
        slack = 1e-12 * max(abs(low), abs(high)) + float(np.finfo(np.float64).smallest_normal)
        assert low - slack <= pooled <= high + slack


@BOTH_MODES
def test_expectation_pool_passes_where_the_published_layer_overflows(backend, mode):
    scores = backend([0.0, 1.0, 400.0])
    np.testing.assert_allclose(expectation_pool(scores, m=2.0, mode=mode), 400, rtol=1e-6)


@BOTH_MODES
@given(scores=rows, m=st.floats(0, 20))
def test_weights_are_a_distribution_and_the_pool_is_their_mean(mode, scores, m):
    weights = pool_weights(scores, m=m, mode=mode)
    assert np.all(weights >= 0)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-13)
    np.testing.assert_allclose(
        expectation_pool(scores, m=m, mode=mode), (weights * scores).sum(axis=-1), rtol=1e-10, atol=1e-12
    )


@given(scores=rows, m=st.floats(0, 20), constant=st.floats(-30, 30))
def test_a_constant_on_all_scores_moves_every_pool_by_it_and_no_weight(scores, m, constant):
    np.testing.assert_allclose(pool_weights(scores + constant, m=m), pool_weights(scores, m=m), rtol=1e-9, atol=1e-12)
    for each in (max_pool, average_pool, logsumexp_pool, expectation_pool):
        np.testing.assert_allclose(each(scores + constant), each(scores) + constant, rtol=1e-9, atol=1e-9)


@given(scores=rows, m=st.floats(0.05, 20))
def test_the_pools_stand_in_their_order(scores, m):
    n = scores.shape[-1]
    slack = 1e-9
    average, pooled, largest = average_pool(scores), expectation_pool(scores, m=m), max_pool(scores)
    log_sum = logsumexp_pool(scores, m=m)
    assert np.all(average <= pooled + slack)
    assert np.all(pooled <= largest + slack)
    assert np.all(largest <= log_sum + slack)
    assert np.all(log_sum <= largest + np.log(n) / m + slack)


@BOTH_MODES
def test_large_m_is_max_pooling_and_zero_is_average(backend, rng, mode):
    scores = backend(rng.normal(size=(2, 3, 7)))
    np.testing.assert_allclose(expectation_pool(scores, m=1e6, mode=mode), max_pool(scores), rtol=1e-6)
    np.testing.assert_allclose(average_pool(scores), np.asarray(scores).mean(axis=-1), rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(expectation_pool(scores, m=0.0, mode=mode), average_pool(scores))
    np.testing.assert_array_equal(max_pool(scores), np.asarray(scores).max(axis=-1))


def test_mode_one_drops_what_lies_below_the_mean_and_halves_what_lies_at_it(backend):
    scores = backend([0.0, 1.0, 2.0, 1.0])  # mean 1
    powers = np.array([0, 0.5 * math.e**0.5, math.e, 0.5 * math.e**0.5])
    np.testing.assert_allclose(pool_weights(scores, m=0.5, mode=1), powers / powers.sum(), rtol=backend.rtol)


def test_mode_one_takes_the_mean_over_the_windows_that_take_part():
    scores, mask = np.array([0.0, 2.0, 3.0, -50.0]), np.array([True, True, True, False])
    expected = pool_weights(np.array([2.0, 3.0]), m=1.0, mode=0)
    np.testing.assert_allclose(pool_weights(scores, m=1.0, mode=1, mask=mask), [0, *expected, 0], rtol=1e-12)


def test_mode_one_finds_the_mean_where_the_sum_overflows():
    np.testing.assert_array_equal(pool_weights([1.7e308, *[-1.7e308] * 3], m=1e-320, mode=1), [1, 0, 0, 0])


@pytest.mark.parametrize("value", [0.1, 0.7, -3.3, 1e300])
@pytest.mark.parametrize("n", [1, 3, 7, 11])
def test_mode_one_of_a_constant_row_is_the_plain_mean(value, n):
    scores = np.full(n, value)
    np.testing.assert_allclose(pool_weights(scores, m=3.0, mode=1), 1 / n, rtol=1e-12)
    np.testing.assert_allclose(expectation_pool(scores, m=3.0, mode=1), value, rtol=1e-15)


def test_a_steeper_m_raises_the_pool_by_the_variance(tensor, rng):
    scores, m = rng.normal(size=9), tensor(0.8)
    pooled = expectation_pool(torch.asarray(scores), m=m)
    (slope,) = torch.autograd.grad(pooled, m)
    weights = pool_weights(scores, m=0.8)
    variance = np.sum(weights * scores**2) - np.sum(weights * scores) ** 2
    np.testing.assert_allclose(slope, variance, rtol=1e-10)


@pytest.mark.parametrize("method", ["max", "average", "logsumexp", "expectation"])
@BOTH_MODES
def test_pool_gradient_in_closed_form_is_what_torch_differentiates(tensor, rng, method, mode):
    scores, m = tensor(rng.normal(size=(2, 7))), 1.7
    mask = np.array([[True] * 6 + [False], [False] + [True] * 6])
    value = {
        "max": lambda: max_pool(scores, mask=mask),
        "average": lambda: average_pool(scores, mask=mask),
        "logsumexp": lambda: logsumexp_pool(scores, m=m, mask=mask),
        "expectation": lambda: expectation_pool(scores, m=m, mode=mode, mask=mask),
    }[method]()
    (by_torch,) = torch.autograd.grad(value.sum(), scores)
    closed = pool_gradient(scores.detach(), method=method, m=m, mode=mode, mask=mask)
    np.testing.assert_allclose(closed, by_torch, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(closed.sum(axis=-1), 1, rtol=1e-12)


@BOTH_MODES
def test_expectation_pool_differentiates_in_scores_and_m(tensor, rng, mode):
    scores, m = tensor(rng.normal(size=(2, 3, 5))), tensor(1.3)
    assert torch.autograd.gradcheck(lambda x, m: expectation_pool(x, m=m, mode=mode), (scores, m))


def test_gradient_is_negative_exactly_below_the_pool_less_one_over_m(rng):
    scores, m = rng.normal(size=40) * 3, 0.9
    gradient = pool_gradient(scores, m=m)
    np.testing.assert_array_equal(gradient < 0, scores < expectation_pool(scores, m=m) - 1 / m)
    assert 0 < np.sum(gradient < 0) < 40


def test_max_takes_the_first_of_equals_as_torch_does(tensor):
    scores = tensor([[1.0, 3, 3, 2], [5, 5, 5, 5]])
    (by_us,) = torch.autograd.grad(max_pool(scores).sum(), scores)
    (by_torch,) = torch.autograd.grad(torch.nn.functional.adaptive_max_pool1d(scores, 1).sum(), scores)
    np.testing.assert_array_equal(by_us, by_torch)
    np.testing.assert_array_equal(pool_weights(scores.detach(), method="max"), by_torch)


@pytest.mark.parametrize("pool", [max_pool, average_pool, logsumexp_pool, expectation_pool])
def test_a_masked_window_might_as_well_not_exist(backend, rng, pool):
    scores = rng.normal(size=(2, 6))
    mask = np.array([[True, False, True, True, False, True]] * 2)
    scores[:, 1] = 1e6  # would win, were it asked
    expected = pool(backend(scores[mask].reshape(2, 4)))
    result = pool(backend(scores), mask=mask)
    assert backend.is_mine(result)
    np.testing.assert_allclose(result, expected, rtol=backend.rtol, atol=1e-6)


@BOTH_MODES
def test_masked_windows_have_no_weight_and_no_gradient(rng, mode):
    scores, mask = rng.normal(size=5) * 100, np.array([True, True, False, True, False])
    for values in (pool_weights(scores, mode=mode, mask=mask), pool_gradient(scores, mode=mode, mask=mask)):
        np.testing.assert_array_equal(values[~mask], 0)
        np.testing.assert_allclose(values.sum(), 1, rtol=1e-12)


@BOTH_MODES
def test_the_stages_lead_to_the_weights(rng, mode):
    scores, mask = rng.normal(size=(2, 5)), np.array([True, True, True, False, True])
    stages = expectation_stages(scores, m=2.0, mode=mode, mask=mask)
    top = scores[:, mask].max(axis=-1, keepdims=True)
    np.testing.assert_allclose(stages.shifted[:, mask], 2.0 * (scores[:, mask] - top), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(stages.exponentials, stages.gate * np.exp(stages.shifted), rtol=1e-12)
    np.testing.assert_allclose(stages.total[:, 0], stages.exponentials.sum(axis=-1), rtol=1e-12)
    np.testing.assert_array_equal(stages.weights, pool_weights(scores, m=2.0, mode=mode, mask=mask))


@BOTH_MODES
def test_a_negative_m_mirrors_the_scores(backend, rng, mode):
    scores = rng.normal(size=(2, 7)) * 3
    mirrored = -np.asarray(expectation_pool(backend(-scores), m=1.4, mode=mode))
    np.testing.assert_allclose(expectation_pool(backend(scores), m=-1.4, mode=mode), mirrored, rtol=1e-6)
    np.testing.assert_allclose(expectation_pool(scores, m=-1e6, mode=mode), scores.min(axis=-1), rtol=1e-12)


def test_one_m_a_kernel_broadcasts(rng):
    scores, m = rng.normal(size=(2, 3, 7)), np.array([[0.1], [-1.0], [10.0]])
    pooled = expectation_pool(scores, m=m)
    for k in range(3):
        np.testing.assert_allclose(pooled[:, k], expectation_pool(scores[:, k], m=float(m[k, 0])), rtol=1e-12)


def test_activate_follows_the_published_rectifier(backend):
    scores = backend([-4.0, -0.5, 0.0, 3.0, 10.0, 25.0])
    np.testing.assert_allclose(activate(scores, "paper"), [-2, -0.25, 0, 3, 10, 10])
    np.testing.assert_allclose(activate(scores, "relu"), [0, 0, 0, 3, 10, 25])
    np.testing.assert_array_equal(activate(scores, "identity"), scores)
    assert backend.is_mine(activate(scores, "paper"))
    with pytest.raises(ArgumentError, match="`activation` is 'tanh'; accepted: 'identity', 'relu', 'paper'"):
        activate(scores, "tanh")


def test_local_max_drops_the_last_partial_group_and_keeps_positions(backend):
    scores = backend([[1, 5, 2, 7, 7, 0, 9], [3, 3, 3, 0, -1, -2, 8]])
    result = local_max(scores, 3)
    np.testing.assert_array_equal(result.values, [[5, 7], [3, 0]])
    np.testing.assert_array_equal(result.positions, [[1, 3], [0, 3]])
    assert backend.is_mine(result.values)
    by_torch, places = torch.nn.functional.max_pool1d(torch.asarray(np.asarray(scores)), 3, return_indices=True)
    np.testing.assert_array_equal(result.values, by_torch)
    np.testing.assert_array_equal(result.positions, places)


def test_local_max_of_one_is_the_identity_and_masks_losers(rng):
    scores = rng.normal(size=(2, 5))
    np.testing.assert_array_equal(local_max(scores, 1).values, scores)
    np.testing.assert_array_equal(local_max(scores, 1).positions, [range(5)] * 2)
    masked = local_max(np.array([9.0, 1, 9, 9]), 2, mask=np.array([False, True, False, False]))
    np.testing.assert_array_equal(masked.positions, [1, 2])


@pytest.mark.parametrize(
    ("window", "message"),
    [
        (0, "`local_window` is 0; accepted: a whole number >= 1"),
        (2.5, "`local_window` is 2.5; accepted: a whole number >= 1"),
        (6, "`local_window` is 6 for 5 windows; accepted: at most the number of windows"),
    ],
)
def test_local_max_says_which_windows_it_takes(window, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        local_max(np.zeros(5), window)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: expectation_pool(x, m=math.nan), ArgumentError, "`m` is nan; accepted: a finite number"),
        (lambda x: pool_weights(x, m="big"), ArgumentError, "`m` is 'big'; accepted: a finite number"),
        (lambda x: expectation_pool(x, mode=2), ArgumentError, "`mode` is 2; accepted: 0, 1"),
        (lambda x: expectation_pool(x, mode=True), ArgumentError, "`mode` is True; accepted: 0, 1"),
        (lambda x: logsumexp_pool(x, m=0), ArgumentError, "`m` is 0; accepted: a finite number > 0"),
        (lambda x: pool_weights(x, method="mean"), ArgumentError, "`method` is 'mean'; accepted: 'max', 'average', "),
        (
            lambda x: max_pool(x, mask=[False] * 5),
            ArgumentError,
            "`mask` is False everywhere in some row; accepted: at",
        ),
        (lambda x: max_pool(x, mask=[1.0] * 5), ArgumentError, "`mask` is of type float64; accepted: booleans, True"),
        (
            lambda x: max_pool(x, mask=[True] * 3),
            ShapeError,
            "`mask` is of shape (3,); accepted: what broadcasts to the s",
        ),
        (
            lambda x: max_pool(x[..., :0]),
            ShapeError,
            "`scores` is of shape (2, 0); accepted: (..., position), at least",
        ),
    ],
)
@pytest.mark.parametrize("kind", [np.asarray, torch.asarray])
def test_every_pool_names_the_argument_at_fault(call, error, message, kind):
    with pytest.raises(error, match=re.escape(message).replace("float64", r"(torch\.)?float(32|64)")):
        call(kind(np.zeros((2, 5))))


def test_every_row_of_the_table_is_computed_or_a_variant_of_one_that_is() -> None:
    assert set(FUNCTIONS) == set(METHODS)
    assert {row.of for row in POOLING_METHODS.values() if row.of} <= set(METHODS)
    assert set(WITH_M) == {"logsumexp", "expectation"}


@pytest.mark.parametrize("method", METHODS)
def test_weights_of_a_row_with_a_posterior_are_that_posterior(method: str) -> None:
    scores = np.array([0.3, -1.2, 2.0, 0.9])
    posterior = np.exp(0.7 * scores) / np.exp(0.7 * scores).sum()
    is_so = np.allclose(pool_weights(scores, method=method, m=0.7), posterior, rtol=1e-12, atol=0)
    assert is_so == POOLING_METHODS[method].has_posterior
