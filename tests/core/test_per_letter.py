"""From windows to letters and back: adjoint to the scan, and complete."""

from __future__ import annotations

import numpy as np
import pytest

from epool_viz.core.alphabet import one_hot
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.per_letter import letter_coverage, letter_log_odds, smooth_letters, spread
from epool_viz.core.pooling import expectation_pool
from epool_viz.core.posterior import site_posterior
from epool_viz.core.scan import scan, whole_windows, window_starts
from epool_viz.errors import ArgumentError, ShapeError

RNG = np.random.default_rng(8)
SEQUENCES = ["ACGTTGCAATT", "TTACGNACGTA"]  # 11 letters
KERNELS = RNG.normal(size=(3, 4, 5))


def arrays(backend, padding: str):
    onehot = backend(one_hot(SEQUENCES))
    kernels = backend(KERNELS)
    n_windows = 11 if padding == "same" else 7
    return onehot, kernels, backend(RNG.normal(size=(2, 3, n_windows)))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("width", [1, 4, 5])
def test_spread_is_adjoint_to_the_scan(backend, padding, width) -> None:
    onehot, kernels = backend(one_hot(SEQUENCES)), backend(KERNELS[:, :, :width])
    multipliers = backend(RNG.normal(size=(2, 3, 11 if padding == "same" else 12 - width)))
    back = spread(multipliers, kernels, padding=padding)
    assert backend.is_mine(back)
    assert tuple(back.shape) == (2, 4, 11)
    ahead = (scan(onehot, kernels, padding=padding) * multipliers).sum()
    assert float((onehot * back).sum()) == pytest.approx(float(ahead), rel=20 * backend.rtol)


def test_spread_is_the_gradient_of_the_scan(tensor) -> None:
    onehot = tensor(one_hot(SEQUENCES))
    _, kernels, multipliers = (np.asarray(x) for x in arrays(np.asarray, "same"))
    (scan(onehot, tensor(KERNELS).detach(), padding="same") * tensor(multipliers)).sum().backward()
    np.testing.assert_allclose(
        spread(multipliers, kernels, padding="same"), onehot.grad.numpy(), rtol=1e-12, atol=1e-14
    )


def test_spread_of_one_kernel_is_that_of_a_list_of_it() -> None:
    multipliers = RNG.normal(size=(2, 7))
    one, listed = spread(multipliers, KERNELS[0]), spread(multipliers[:, None], KERNELS[:1])
    np.testing.assert_array_equal(one, listed)


def test_spread_asks_for_a_row_a_kernel() -> None:
    with pytest.raises(ShapeError, match=r"`multipliers` is of shape \(2, 7\); accepted: \(\.\.\., 3, position\)"):
        spread(np.ones((2, 7)), KERNELS)


@pytest.mark.parametrize("start", [0, 3, 6])
def test_a_window_covers_its_own_letters(start) -> None:
    weights = np.zeros(7)
    weights[start] = 0.5
    expected = np.zeros(11)
    expected[start : start + 5] = 0.5
    np.testing.assert_array_equal(letter_coverage(weights, 5), expected)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_coverage_is_the_sum_over_the_windows_that_hold_the_letter(backend, padding) -> None:
    scores = backend(RNG.normal(size=(2, 3, 11 if padding == "same" else 7)))
    posterior = site_posterior(scores, m=1.3)
    found = letter_coverage(posterior, 5, padding=padding)
    starts = window_starts(scores.shape[-1], 5, padding)
    for letter in (0, 4, 10):
        holds = [i for i, start in enumerate(starts) if start <= letter < start + 5]
        expected = sum(posterior[..., i] for i in holds)
        np.testing.assert_allclose(found[..., letter], expected, rtol=10 * backend.rtol)
    if padding == "valid":
        np.testing.assert_allclose(found.sum(-1), np.full((2, 3), 5.0), rtol=20 * backend.rtol)


def test_coverage_of_an_oops_posterior_is_a_probability() -> None:
    found = letter_coverage(site_posterior(RNG.normal(size=(4, 60)), m=5.0), 7)
    assert np.all((found > 0) & (found <= 1 + 1e-12))


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_log_odds_of_letters_sum_to_the_expected_log_likelihood(backend, padding) -> None:
    onehot, kernels, _ = arrays(backend, padding)
    m, bias = 0.7, backend([0.3, -1.0, 2.0])
    reading = kernel_to_pwm_at(kernels, m, bias=bias)
    scores = scan(onehot, kernels, bias=bias, padding=padding)
    whole = whole_windows(onehot, 5, padding=padding)[:, None, :]
    posterior = site_posterior(scores, m=m, mask=whole)
    pooled = expectation_pool(scores, m=m, mask=whole)
    for k in range(3):
        letters = letter_log_odds(onehot, reading.pwm[k, ...], posterior[:, k, :], padding=padding)
        assert backend.is_mine(letters)
        expected = pooled[:, k] - reading.offset[k, ...]
        np.testing.assert_allclose(letters.sum(-1), expected, rtol=50 * backend.rtol, atol=5 * backend.rtol)
        # letter by letter, as it is defined
        sequence, pwm = 1, np.asarray(reading.pwm[k, ...])
        starts = window_starts(scores.shape[-1], 5, padding)
        for j in (0, 4, 5, 10):
            if j == 5:  # unknown
                assert letters[sequence, j] == 0
                continue
            code = "ACGT".index(SEQUENCES[sequence][j])
            terms = (
                float(posterior[sequence, k, i]) * pwm[code, j - s] for i, s in enumerate(starts) if s <= j < s + 5
            )
            assert float(letters[sequence, j]) == pytest.approx(sum(terms), rel=50 * backend.rtol, abs=backend.rtol)


def test_log_odds_of_letters_ignore_a_constant_in_a_column() -> None:
    onehot, moved = one_hot(SEQUENCES[:1]), KERNELS[0] + np.array([5.0, -2.0, 0.0, 1.0, 3.0])
    found = []
    for kernel in (KERNELS[0], moved):
        posterior = site_posterior(scan(onehot, kernel), m=0.7)
        found.append(letter_log_odds(onehot, kernel_to_pwm_at(kernel, 0.7).pwm, posterior))
    np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-12)


def test_log_odds_of_letters_ask_for_the_sequence_of_the_weights() -> None:
    with pytest.raises(ShapeError, match=r"`onehot` is of shape \(4, 9\); accepted: \(\.\.\., 4, 11\), as the weights"):
        letter_log_odds(np.zeros((4, 9)), KERNELS[0], np.ones(7))


@pytest.mark.parametrize("width", [1, 4, 5])
def test_smoothing_takes_the_mean_of_the_letters_there_are(backend, width) -> None:
    scores = backend(RNG.normal(size=(2, 9)))
    found = smooth_letters(scores, width)
    assert backend.is_mine(found)
    for j in (0, 3, 8):
        first = max(j - (width - 1) // 2, 0)
        expected = scores[:, first : j + width // 2 + 1].sum(-1) / len(range(9)[first : j + width // 2 + 1])
        np.testing.assert_allclose(found[:, j], expected, rtol=20 * backend.rtol, atol=backend.rtol)


@pytest.mark.parametrize("width", [0, True, 2.0])
def test_a_width_is_a_whole_number(width) -> None:
    for function in (letter_coverage, smooth_letters):
        with pytest.raises(ArgumentError, match=r"`width` is .*; accepted: a whole number >= 1"):
            function(np.ones(9), width)
