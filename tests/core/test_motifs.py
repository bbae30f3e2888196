from __future__ import annotations

import re

import numpy as np
import pytest

from epool_viz.core.kernels import kernel_to_pwm, kernel_to_pwm_at
from epool_viz.core.motifs import (
    consensus,
    information_content,
    kl_divergence,
    pfm_to_ppm,
    ppm_to_pwm,
    pwm_to_ppm,
)
from epool_viz.errors import ArgumentError, ShapeError

Q = np.array([0.1, 0.2, 0.3, 0.4])


def random_ppm(rng, *shape):
    return rng.dirichlet(np.ones(4), size=shape).swapaxes(-1, -2)


def test_pfm_to_ppm_shares_the_pseudocount_as_the_background_says(backend):
    pfm = [[3, 0, 5], [1, 0, 2], [0, 0, 0], [4, 8, 1]]
    ppm = pfm_to_ppm(backend(pfm), pseudocount=2.0, background=Q)
    assert backend.is_mine(ppm)
    by_hand = (np.array(pfm) + 2 * Q[:, None]) / (8 + 2)
    np.testing.assert_allclose(ppm, by_hand, rtol=backend.rtol)


def test_pfm_to_ppm_without_pseudocount_keeps_zeros():
    np.testing.assert_array_equal(pfm_to_ppm([[3], [0], [1], [0]])[:, 0], [0.75, 0, 0.25, 0])


@pytest.mark.parametrize(
    ("pfm", "message"),
    [
        (
            [[1, 0], [0, 0], [0, 0], [0, 0]],
            "`pfm` is a matrix with an empty column; accepted: counts in every column, or a pseudocount > 0",
        ),
        ([[-1], [0], [3], [0]], "`pfm` is a matrix with negative entries; accepted: counts >= 0"),
        ([[float("nan")], [0], [3], [0]], "`pfm` is an array with NaN or infinity in it; accepted: finite numbers"),
    ],
)
def test_pfm_to_ppm_says_what_is_wrong(pfm, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        pfm_to_ppm(pfm)


@pytest.mark.parametrize("base", [2.0, np.e, 10.0])
def test_ppm_to_pwm_and_back_round_trips(backend, rng, base):
    ppm = random_ppm(rng, 3, 5)
    pwm = ppm_to_pwm(backend(ppm), background=Q, base=base)
    assert backend.is_mine(pwm)
    np.testing.assert_allclose(np.asarray(pwm), np.log(ppm / Q[:, None]) / np.log(base), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(pwm_to_ppm(pwm, background=Q, base=base), ppm, rtol=backend.rtol, atol=1e-7)


def test_ppm_to_pwm_asks_for_a_pseudocount_rather_than_invent_a_number():
    ppm = np.array([[1.0, 0.25], [0, 0.25], [0, 0.25], [0, 0.25]])
    with pytest.raises(
        ArgumentError, match="a zero, whose logarithm is not finite; accepted: probabilities > 0, or a ps"
    ):
        ppm_to_pwm(ppm)
    pwm = ppm_to_pwm(ppm, pseudocount=0.1, background=Q)
    np.testing.assert_allclose(pwm[:, 0], np.log2([(1 + 0.01) / 1.1 / 0.1, *[0.1 / 1.1] * 3]), rtol=1e-12)


def test_pwm_to_ppm_refuses_a_kernel_that_is_not_log_odds():
    with pytest.raises(ArgumentError, match=r"`pwm` is not log odds .* read a kernel with kernel_to_pwm"):
        pwm_to_ppm(np.ones((4, 3)))


def test_information_content_of_worked_columns(backend):
    ppm = backend([[1, 0.25, 0.5], [0, 0.25, 0.5], [0, 0.25, 0], [0, 0.25, 0]])
    bits = information_content(ppm)
    assert backend.is_mine(bits)
    np.testing.assert_allclose(bits, [2, 0, 1], rtol=backend.rtol, atol=1e-6)
    # against a background, a certain letter tells -log2 of its own probability
    np.testing.assert_allclose(information_content(ppm, Q)[0], -np.log2(0.1), rtol=backend.rtol)


def test_information_content_with_uniform_background_is_two_less_entropy(rng):
    ppm = random_ppm(rng, 7)
    np.testing.assert_allclose(information_content(ppm), 2 + np.sum(ppm * np.log2(ppm), axis=0), rtol=1e-12)


def test_information_content_is_the_expected_log_odds(rng):
    ppm = random_ppm(rng, 6)
    expected = np.sum(ppm * ppm_to_pwm(ppm, background=Q), axis=0)
    np.testing.assert_allclose(information_content(ppm, background=Q), expected, rtol=1e-12)


def test_kl_divergence_is_zero_only_at_equality_and_infinite_where_forbidden(rng):
    p, q = random_ppm(rng, 5), random_ppm(rng, 5)
    np.testing.assert_allclose(kl_divergence(p, p), 0, atol=1e-15)
    assert np.all(kl_divergence(p, q) > 0)
    assert not np.allclose(kl_divergence(p, q), kl_divergence(q, p), rtol=1e-3)
    certain = np.array([[1.0], [0], [0], [0]])
    with np.errstate(divide="ignore"):
        assert kl_divergence(np.full((4, 1), 0.25), certain) == np.inf
    np.testing.assert_allclose(kl_divergence(certain, np.full((4, 1), 0.25)), 2)


@pytest.mark.parametrize("background", [[0.5, 0.5], [0.5, 0.5, 0, 0], [1, 1, 1, 1], [[0.25] * 4]])
def test_every_background_is_checked(background):
    with pytest.raises(ArgumentError, match=r"`background` is .* accepted: 4 positive numbers that sum to 1"):
        information_content(np.full((4, 2), 0.25), background)


def test_a_background_with_rounded_digits_is_scaled_to_sum_one(rng):
    printed, ppm = np.array([0.303, 0.183, 0.209, 0.306]), random_ppm(rng, 5)  # they sum to 1.001
    exact = information_content(ppm, printed / printed.sum())
    np.testing.assert_allclose(information_content(ppm, printed), exact, rtol=1e-12)


def test_a_matrix_of_the_wrong_shape_is_named():
    with pytest.raises(
        ShapeError, match=r"`ppm` is of shape \(4,\); accepted: \(..., letter, position\), neither empty"
    ):
        information_content(np.full(4, 0.25))
    with pytest.raises(
        ArgumentError, match=r"columns sum to 0.5 \.\.\. 0.5; accepted: probabilities: every column >= 0, sum 1"
    ):
        information_content(np.full((2, 3), 0.25))


def read_meme_blocks(path, heading):
    """Every matrix under a heading of MEME's text output; an oracle goes through no parser of ours."""
    lines = path.read_text().splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith(heading)]
    blocks = []
    for start in starts:
        stop = next(i for i in range(start, len(lines)) if lines[i].startswith("----"))
        blocks.append(np.array([line.split() for line in lines[start + 1 : stop]], dtype=float).T)
    return blocks


@pytest.fixture(scope="module")
def meme(shared_data):
    return shared_data / "crp0" / "crp0.meme-4.10.1.zoops.txt"


MEME_BACKGROUND = [0.303, 0.183, 0.209, 0.306]  # as printed, three digits


def test_information_content_and_ratio_agree_with_meme_on_crp0(meme):
    text = meme.read_text()
    summaries = re.findall(r"width = +(\d+) +sites = +(\d+) +llr = (\d+)", text)
    bits_printed = [float(b) for b in re.findall(r"\(([\d.]+) bits\)", text)]
    ppms = read_meme_blocks(meme, "letter-probability matrix")
    assert len(ppms) == len(summaries) == len(bits_printed) == 5
    for ppm, (width, n_sites, llr), bits in zip(ppms, summaries, bits_printed, strict=True):
        assert ppm.shape == (4, int(width))
        total = information_content(ppm, MEME_BACKGROUND).sum()
        # MEME prints one decimal, and the background with three digits
        assert abs(total - bits) <= 0.05 + 0.005 * int(width)
        assert abs(int(n_sites) * total * np.log(2) - int(llr)) <= 0.5 + 0.005 * int(width) * int(n_sites)


def test_log_odds_agree_with_meme_on_crp0(meme):
    sites = [int(n) for n in re.findall(r"sites = +(\d+) ", meme.read_text())]
    ppms = read_meme_blocks(meme, "letter-probability matrix")
    log_odds = read_meme_blocks(meme, "log-odds matrix")
    assert len(ppms) == len(log_odds) == 5
    for ppm, printed, n_sites in zip(ppms, log_odds, sites, strict=True):
        smoothed = pfm_to_ppm(ppm * n_sites, pseudocount=0.01, background=MEME_BACKGROUND)
        ours = 100 * ppm_to_pwm(smoothed, background=MEME_BACKGROUND)
        # printed as whole hundredths of a bit from an unrounded background: q +- 0.0005 is up to 0.4 more
        np.testing.assert_allclose(ours, printed, rtol=0, atol=0.5 + 100 * 0.0005 / 0.183 / np.log(2))


def test_a_column_that_tells_nothing_has_no_letter_in_the_consensus():
    q = np.array([0.4, 0.1, 0.2, 0.3])
    kernel = np.zeros((4, 5))
    kernel[[1, 3, 2], [0, 2, 4]] = 2.0
    for background in (None, q):
        ppm = kernel_to_pwm(kernel, background=background).ppm
        assert consensus(ppm, "ACGT", background) == "CNTNG"
        assert consensus(kernel_to_pwm_at(kernel, 0.0, background=background).ppm, "ACGU", background) == "NNNNN"
