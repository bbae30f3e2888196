from __future__ import annotations

import math
import re

import h5py
import mpmath
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from epool_viz.core.alphabet import PROTEIN, one_hot
from epool_viz.core.kernels import estimate_base, kernel_readings_at, kernel_to_pwm, kernel_to_pwm_at, pwm_to_kernel
from epool_viz.core.scan import scan
from epool_viz.errors import ArgumentError, NoFiniteBaseError, ShapeError

Q = np.array([0.1, 0.2, 0.3, 0.4])

kernels = st.tuples(st.integers(1, 50), st.floats(-4, 4), st.integers(0, 2**32 - 1)).map(
    lambda spec: np.random.default_rng(spec[2]).uniform(-1, 1, size=(4, spec[0])) * 10.0 ** spec[1]
)
backgrounds = st.lists(st.floats(1e-3, 1), min_size=4, max_size=4).map(lambda x: np.array(x) / sum(x))
bases = st.floats(math.log(1.001), math.log(1e6)).map(math.exp)


def in_extended_precision(kernel, base, background):
    """The same transform in 60 digits: PPM, log odds and offset (without bias)."""
    with mpmath.workdps(60):
        q = [mpmath.mpf(float(x)) for x in background]
        q = [x / sum(q) for x in q]
        b = mpmath.mpf(float(base))
        columns = [[mpmath.mpf(float(w)) for w in column] for column in kernel.T]
        zs = [sum(qa * b**w for qa, w in zip(q, column, strict=True)) for column in columns]
        ppm = [[qa * b**w / z for qa, w in zip(q, c, strict=True)] for c, z in zip(columns, zs, strict=True)]
        pwm = [[mpmath.log(p / qa, b) for qa, p in zip(q, column, strict=True)] for column in ppm]
        return tuple(np.array(x, dtype=float).T for x in (ppm, pwm, [mpmath.log(z, b) for z in zs]))


@settings(max_examples=60)
@given(kernels, bases, backgrounds)
def test_kernel_to_pwm_equals_sixty_digit_arithmetic(kernel, base, background):
    ppm, pwm, log_z = in_extended_precision(kernel, base, background)
    result = kernel_to_pwm(kernel, base=base, background=background)
    scale = np.abs(kernel).max()
    np.testing.assert_allclose(result.pwm, pwm, rtol=1e-12, atol=1e-12 * scale)
    np.testing.assert_allclose(result.offset, log_z.sum(), rtol=1e-12, atol=1e-12 * scale)
    # a probability is the exponential of up to 1e4 ln(1e6) = 1.4e5: its last digits go with the exponent's
    np.testing.assert_allclose(result.ppm, ppm, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(result.ppm.sum(axis=0), 1, rtol=1e-14)


@settings(max_examples=100)
@given(kernels, bases, backgrounds, st.floats(-100, 100), st.text("ACGT", min_size=50, max_size=70))
def test_score_is_offset_plus_log_ratio_for_every_window(kernel, base, background, bias, text):
    result = kernel_to_pwm(kernel, bias=bias, base=base, background=background)
    scores = scan(one_hot(text), kernel, bias=bias)
    by_pwm = result.offset + scan(one_hot(text), result.pwm)
    size = np.abs(kernel).max(axis=0).sum() + abs(bias)
    np.testing.assert_allclose(by_pwm, scores, rtol=1e-12, atol=1e-12 * size)


@settings(max_examples=100)
@given(kernels, bases, backgrounds, st.text("ACGT", min_size=50, max_size=70))
def test_score_is_offset_plus_log_of_the_probabilities_themselves(kernel, base, background, text):
    result = kernel_to_pwm(kernel, base=base, background=background)
    assume(result.ppm.min() > 1e-300)
    log_ratio = np.log(result.ppm / background[:, None]) / math.log(base)
    by_ppm = result.offset + scan(one_hot(text), log_ratio)
    size = np.abs(kernel).max(axis=0).sum()
    # a probability near 1 holds ln(1 + x) to 1e-16, which a small base magnifies
    atol = 1e-12 * size + 1e-15 * kernel.shape[1] / math.log(base)
    np.testing.assert_allclose(by_ppm, scan(one_hot(text), kernel), rtol=1e-12, atol=atol)


def test_a_rare_letter_that_the_kernel_prefers_keeps_its_digits():
    kernel, rare = np.array([[40.0], [0], [1], [2]]), np.array([1e-12, 0.3, 0.3, 0.4 - 1e-12])
    _, pwm, log_z = in_extended_precision(kernel, math.e, rare)
    result = kernel_to_pwm(kernel, background=rare)
    np.testing.assert_allclose(result.pwm, pwm, rtol=1e-13)
    np.testing.assert_allclose(result.offset, log_z.sum(), rtol=1e-13)


def test_kernel_to_pwm_keeps_library_and_precision_and_leading_axes(backend, rng):
    kernel, bias = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 3))
    result = kernel_to_pwm(backend(kernel), bias=bias, base=2.0, background=Q)
    assert all(backend.is_mine(part) for part in result)
    one = kernel_to_pwm(kernel[1, 2], bias=bias[1, 2], base=2.0, background=Q)
    for part, whole in zip(one, result, strict=True):
        np.testing.assert_allclose(
            whole[1, 2], part, rtol=backend.rtol, atol=1e-5 if backend.dtype == "float32" else 1e-13
        )


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e4, 1e37])
def test_kernel_to_pwm_never_overflows(backend, scale):
    kernel = backend(np.array([[1, -1], [0.5, 1], [-1, 0], [0, 0.25]]) * scale)
    for part in kernel_to_pwm(kernel, base=1e6):
        assert np.isfinite(np.asarray(part)).all()


def test_a_kernel_of_log_probabilities_is_its_own_log_likelihood(rng):
    ppm = rng.dirichlet(np.ones(4), size=6).T
    kernel = np.log(ppm)
    result = kernel_to_pwm(kernel)
    np.testing.assert_allclose(result.ppm, ppm, rtol=1e-12)
    # against a uniform background the offset turns ln P into ln P/q: w ln q
    np.testing.assert_allclose(result.offset, 6 * np.log(0.25), rtol=1e-12)
    window = "GATTAC"
    likelihood = np.prod([ppm["ACGT".index(letter), j] for j, letter in enumerate(window)])
    np.testing.assert_allclose(scan(one_hot(window), kernel), np.log(likelihood), rtol=1e-12)


def test_a_kernel_of_log_odds_is_the_log_bayes_factor_with_offset_zero(rng):
    ppm = rng.dirichlet(np.ones(4), size=6).T
    result = kernel_to_pwm(np.log(ppm / Q[:, None]), background=Q)
    np.testing.assert_allclose(result.ppm, ppm, rtol=1e-12)
    np.testing.assert_allclose(result.offset, 0, atol=1e-14)


def test_a_constant_on_a_column_moves_only_the_offset(rng):
    kernel, constants = rng.normal(size=(4, 5)), rng.normal(size=5) * 10
    before, after = kernel_to_pwm(kernel, background=Q), kernel_to_pwm(kernel + constants, background=Q)
    np.testing.assert_allclose(after.ppm, before.ppm, rtol=1e-12)
    np.testing.assert_allclose(after.offset - before.offset, constants.sum(), rtol=1e-12)


def test_kernels_mean_one_motif_only_if_their_columns_differ_by_constants(rng):
    kernel = rng.normal(size=(4, 5))
    other = kernel.copy()
    other[2, 4] += 1e-6
    assert np.abs(kernel_to_pwm(other).ppm - kernel_to_pwm(kernel).ppm).max() > 1e-8


@pytest.mark.parametrize("base", [1.001, 2.0, 1e6])
def test_pwm_to_kernel_is_the_inverse(backend, rng, base):
    ppm = rng.dirichlet(np.full(4, 5.0), size=6).T
    kernel = pwm_to_kernel(backend(ppm), base=base, background=Q)
    assert backend.is_mine(kernel)
    result = kernel_to_pwm(kernel, base=base, background=Q)
    np.testing.assert_allclose(result.ppm, ppm, rtol=1e-4 if backend.dtype == "float32" else 1e-12)
    np.testing.assert_allclose(result.offset, 0, atol=1e-3 if backend.dtype == "float32" else 1e-11)


def test_pwm_to_kernel_asks_for_a_pseudocount_and_uses_it():
    ppm = np.array([[1.0], [0], [0], [0]])
    with pytest.raises(ArgumentError, match=r"accepted: probabilities > 0, or a pseudocount > 0"):
        pwm_to_kernel(ppm)
    kernel = pwm_to_kernel(ppm, pseudocount=0.5, background=Q, base=2.0)
    np.testing.assert_allclose(kernel[:, 0], np.log2([1.05 / 1.5 / 0.1, *[0.5 / 1.5] * 3]), rtol=1e-12)


def test_base_one_is_the_limit_of_small_bases(rng):
    kernel = rng.normal(size=(4, 5))
    limit, near = kernel_to_pwm_at(kernel, 0.0, background=Q), kernel_to_pwm_at(kernel, 1e-9, background=Q)
    np.testing.assert_allclose(limit.ppm, np.repeat(Q[:, None], 5, axis=1), rtol=1e-14)
    np.testing.assert_allclose(limit.pwm, near.pwm, atol=1e-8)
    np.testing.assert_allclose(limit.offset, near.offset, atol=1e-8)
    np.testing.assert_allclose(limit.offset, Q @ kernel.sum(axis=1), rtol=1e-12)


def test_a_base_beyond_the_floats_still_has_a_reading(rng):
    result = kernel_to_pwm_at(rng.normal(size=(4, 5)), 1e5)
    assert all(np.isfinite(part).all() for part in result)
    np.testing.assert_allclose(result.ppm.max(axis=0), 1)


def test_kernel_to_pwm_passes_gradients(tensor, rng):
    kernel, bias, log_base = tensor(rng.normal(size=(2, 4, 3))), tensor(rng.normal(size=2)), tensor(0.7)
    background = list(Q)

    def transform(kernel, bias, log_base):
        return tuple(kernel_to_pwm_at(kernel, log_base, bias=bias, background=background))

    assert torch.autograd.gradcheck(transform, (kernel, bias, log_base))


def test_kernel_to_pwm_reads_proteins(rng):
    kernel, text = rng.normal(size=(20, 4)), "MKWVTFISLL"
    result = kernel_to_pwm(kernel, base=3.0)
    onehot = one_hot(text, PROTEIN)
    np.testing.assert_allclose(result.offset + scan(onehot, result.pwm), scan(onehot, kernel), rtol=1e-12)


@pytest.mark.parametrize(
    ("kernel", "options", "error", "message"),
    [
        (np.zeros((4, 3)), {"base": 1.0}, ArgumentError, "`base` is 1; accepted: a finite number > 1"),
        (np.zeros((4, 3)), {"base": math.inf}, ArgumentError, "`base` is inf; accepted: a finite number > 1"),
        (np.zeros(4), {}, ShapeError, "`kernel` is of shape (4,); accepted: (..., letter, position), neither empty"),
        (
            np.full((4, 3), np.nan),
            {},
            ArgumentError,
            "`kernel` is an array with NaN or infinity in it; accepted: finite",
        ),
        ([["a"]], {}, ArgumentError, "`kernel` is a list that holds no numbers; accepted: an array of real numbers"),
        (
            np.zeros((4, 3)),
            {"background": [0.5, 0.5]},
            ArgumentError,
            "`background` is 0.5 0.5 (shape (2,)); accepted: 4",
        ),
    ],
)
def test_kernel_to_pwm_names_the_argument_at_fault(kernel, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        kernel_to_pwm(kernel, **options)


# ---- which way round: a trained Keras network, and the motif that had been put into its data


@pytest.fixture(scope="module")
def keras(shared_data):
    folder = shared_data / "keras_cnn_known_motif"
    motif = np.loadtxt(folder / "simu_01_true_motif.txt").T
    with h5py.File(next(folder.glob("*.hdf5"))) as file:
        weights = []
        file.visititems(lambda _, item: weights.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    kernels = next(w for w in weights if w.ndim == 3)  # Keras: (width, letter, kernel)
    return kernels.transpose(2, 1, 0), motif


def best_correlation(kernels, motif):
    """The largest correlation of a kernel's PPM with the motif, over shifts that overlap by all but two columns."""
    ppms = kernel_to_pwm(kernels, base=math.e).ppm
    width, best = motif.shape[1], -1.0
    for ppm in ppms:
        for shift in range(-2, ppm.shape[1] - width + 3):
            columns = [j for j in range(width) if 0 <= j + shift < ppm.shape[1]]
            ours, theirs = ppm[:, [j + shift for j in columns]], motif[:, columns]
            best = max(best, float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]))
    return best


def test_a_keras_kernel_is_read_without_a_flip(keras):
    kernels, motif = keras
    assert kernels.shape == (32, 4, 10)
    assert best_correlation(kernels, motif) >= 0.98
    assert best_correlation(kernels[:, :, ::-1], motif) < 0.8


# ---- the maximum-likelihood base


def log_likelihood(log_base, kernels, sequences):
    """The objective as [Ding et al.] write it."""
    best = sum(scan(one_hot(s), kernels).max(axis=-1).sum() for s in sequences)
    return log_base * best - len(sequences) * np.log(np.exp(log_base * kernels).sum(axis=1)).sum()


def random_sequences(rng, n, length):
    return ["".join(rng.choice(list("ACGT"), size=length)) for _ in range(n)]


@pytest.mark.parametrize("scale", [0.3, 1.0, 20.0])
def test_estimate_base_is_where_the_likelihood_is_largest(rng, scale):
    kernels, sequences = rng.normal(size=(3, 4, 5)) * scale, random_sequences(rng, 7, 30)
    base = estimate_base(kernels, sequences)
    assert base > 1
    # a grid search knows no derivative
    grid = np.log(base) * np.linspace(0.5, 1.5, 2001)
    best = grid[np.argmax([log_likelihood(beta, kernels, sequences) for beta in grid])]
    np.testing.assert_allclose(best, np.log(base), rtol=1e-3)


def test_estimate_base_scales_inversely_with_the_kernels_and_ignores_column_constants(rng):
    kernels, sequences = rng.normal(size=(3, 4, 5)), random_sequences(rng, 7, 30)
    log_base = np.log(estimate_base(kernels, sequences))
    np.testing.assert_allclose(np.log(estimate_base(3 * kernels, sequences)), log_base / 3, rtol=1e-10)
    moved = kernels + rng.normal(size=(3, 1, 5)) * 50
    np.testing.assert_allclose(np.log(estimate_base(moved, sequences)), log_base, rtol=1e-9)


def test_estimate_base_recovers_the_base_of_log_odds_on_their_own_sites(rng):
    ppm = rng.dirichlet(np.full(4, 0.5), size=8).T
    sites = ["".join("ACGT"[rng.choice(4, p=ppm[:, j])] for j in range(8)) for _ in range(4000)]
    base = estimate_base(np.log(ppm) / np.log(3), sites)
    np.testing.assert_allclose(base, 3, rtol=0.1)


def test_estimate_base_takes_strings_arrays_tensors_and_one_kernel(rng):
    kernels, sequences = rng.normal(size=(1, 4, 5)), random_sequences(rng, 6, 17)
    expected = estimate_base(kernels, sequences)
    for same in (one_hot(sequences), torch.asarray(one_hot(sequences))):
        np.testing.assert_allclose(estimate_base(torch.asarray(kernels[0]), same), expected, rtol=1e-12)


def test_estimate_base_leaves_out_windows_with_unknown_letters(rng):
    kernel, sequences = rng.normal(size=(4, 3)), random_sequences(rng, 6, 17)
    with_gap = [s[:8] + "N" + s[9:] for s in sequences]
    # with one kernel, the piece that holds the best window decides
    better_pieces = [max(s.split("N"), key=lambda piece: scan(one_hot(piece), kernel).max()) for s in with_gap]
    np.testing.assert_allclose(estimate_base(kernel, with_gap), estimate_base(kernel, better_pieces), rtol=1e-12)


def test_estimate_base_says_when_no_base_above_one_exists():
    kernel = np.array([[-1.0, -1], [0, 0], [1, 1], [2, 2]])
    with pytest.raises(
        NoFiniteBaseError, match="no base above 1 exists: the kernels' best windows score no better than"
    ):
        estimate_base(kernel, ["AA", "AAA"])


def test_estimate_base_says_when_it_runs_to_infinity():
    kernel = np.array([[-1.0, -1], [0, 0], [1, 1], [2, 2]])
    with pytest.raises(NoFiniteBaseError, match="the base runs to infinity: every best window has the best letter in"):
        estimate_base(kernel, ["ATTA", "TT"])
    with pytest.raises(NoFiniteBaseError, match="no base above 1"):
        estimate_base(np.zeros((4, 3)), ["ACGT"])


def test_estimate_base_says_when_a_float_cannot_hold_it(rng):
    kernels, sequences = rng.normal(size=(3, 4, 5)) * 1e-5, random_sequences(rng, 7, 30)
    with pytest.raises(NoFiniteBaseError, match=r"the base is e\^\d+\.?\d*(e\+\d+)?, beyond what a float holds"):
        estimate_base(kernels, sequences)


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], "`sequences` is empty; accepted: at least one sequence"),
        (["ACGTA", "AC"], "`sequences[1]` is 2 letters long; accepted: at least the width, 3"),
        (
            ["ANGNA"],
            "`sequences[0]` is a sequence without a window of known letters; accepted: one such window at least",
        ),
        (np.zeros((4, 9)), "`sequences` is of shape (4, 9); accepted: (N, letter, length), or strings"),
    ],
)
def test_estimate_base_names_the_sequence_at_fault(sequences, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        estimate_base(np.eye(4)[:, :3], sequences)


@settings(max_examples=60)
@given(kernels, bases, backgrounds)
def test_shares_of_the_offset_equal_sixty_digit_arithmetic(kernel, base, background):
    scale = np.abs(kernel).max()
    result = kernel_readings_at(kernel, math.log(base), bias=0.5, background=background)
    ones = np.full(4, 0.25)
    for q, shares, offset, lost in (
        (background, result.shares, result.offset, 0.0),
        (ones, result.plain_shares, result.plain_offset, math.log(4) / math.log(base)),
    ):
        _, _, log_z = in_extended_precision(kernel, base, q)
        np.testing.assert_allclose(shares, log_z + lost, rtol=1e-12, atol=1e-12 * scale)
        np.testing.assert_allclose(offset, 0.5 + shares.sum(), rtol=1e-12, atol=1e-12 * scale)
    np.testing.assert_array_equal(result.ppm, kernel_to_pwm(kernel, base=base, background=background).ppm)
    np.testing.assert_array_equal(result.plain_ppm, kernel_to_pwm(kernel, base=base).ppm)


@settings(max_examples=60)
@given(kernels, backgrounds, st.floats(0.1, 3), st.text("ACGT", min_size=50, max_size=70))
def test_score_is_a_log_likelihood_and_a_log_bayes_factor_but_for_a_constant(kernel, background, m, text):
    kernel = kernel / max(np.abs(kernel).max() / 20, 1)  # a probability must not vanish to be looked up
    result = kernel_readings_at(kernel, m, bias=-0.3, background=background)
    scores = scan(one_hot(text), kernel, bias=-0.3)
    odds = scan(one_hot(text), np.log(result.ppm / background[:, None])) / m
    likelihoods = scan(one_hot(text), np.log(result.plain_ppm)) / m
    np.testing.assert_allclose(result.offset + odds, scores, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(result.plain_offset + likelihoods, scores, rtol=1e-9, atol=1e-9)


@settings(max_examples=40)
@given(kernels, backgrounds, st.floats(0.1, 3))
def test_a_column_without_its_share_has_none_and_means_the_same(kernel, background, m):
    scale = max(np.abs(kernel).max(), 1)
    before = kernel_readings_at(kernel, m, background=background)
    for shares, which in ((before.shares, "shares"), (before.plain_shares, "plain_shares")):
        after = kernel_readings_at(kernel - shares, m, background=background)
        np.testing.assert_allclose(getattr(after, which), 0, atol=1e-13 * scale)
        np.testing.assert_allclose(after.ppm, before.ppm, rtol=1e-6, atol=1e-12)


def test_at_base_one_there_is_no_plain_reading():
    result = kernel_readings_at([[1.0, 2], [0, 2], [0, 2], [3, 2]], 0.0)
    np.testing.assert_allclose(result.shares, [1, 2])
    assert np.isinf(result.plain_shares).all()
    assert np.isinf(result.plain_offset)
