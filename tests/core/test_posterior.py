from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from epool_viz.core.alphabet import one_hot
from epool_viz.core.kernels import kernel_to_pwm
from epool_viz.core.pooling import expectation_pool, pool_weights
from epool_viz.core.posterior import free_energy, log_evidence, posterior_entropy, site_posterior
from epool_viz.core.scan import scan
from epool_viz.errors import ArgumentError

Q = np.array([0.1, 0.2, 0.3, 0.4])
rows = hnp.arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 12)), elements=st.floats(-20, 20))


def by_bayes(text, ppm, q, site_rate):
    """P(start = i | S) by multiplying letter probabilities over the whole sequence, site by site; last: no site."""
    codes = ["ACGT".index(letter) for letter in text]
    width = ppm.shape[1]
    n = len(codes) - width + 1
    joint = []
    for start in range(n):
        p = site_rate / n
        for place, code in enumerate(codes):
            p *= ppm[code, place - start] if start <= place < start + width else q[code]
        joint.append(p)
    joint.append((1 - site_rate) * math.prod(q[code] for code in codes))
    return np.array(joint) / sum(joint), joint


@pytest.mark.parametrize("site_rate", [0.2, 0.9])
@pytest.mark.parametrize("m", [0.3, 1.0, 2.5])
def test_posterior_equals_bayes_rule_over_whole_sequences(rng, m, site_rate):
    kernel, text = rng.normal(size=(4, 3)), "GATTACAGATCC"
    reading = kernel_to_pwm(kernel, bias=0.4, base=math.exp(m), background=Q)
    scores = scan(one_hot(text), kernel, bias=0.4)
    zoops, _ = by_bayes(text, reading.ppm, Q, site_rate)
    ours = site_posterior(scores, m=m, occurrence="zoops", site_rate=site_rate, offset=reading.offset)
    np.testing.assert_allclose(ours, zoops[:-1], rtol=1e-11)
    oops = site_posterior(scores, m=m)
    np.testing.assert_allclose(oops, zoops[:-1] / zoops[:-1].sum(), rtol=1e-11)


def test_epool_is_the_expected_log_likelihood_of_the_e_step(rng):
    """Both forms of the statement: less the offset, and with the complete data."""
    kernel, text, m, bias = rng.normal(size=(4, 3)), "GATTACAGATCC", 1.6, -0.7
    reading = kernel_to_pwm(kernel, bias=bias, base=math.exp(m), background=Q)
    scores = scan(one_hot(text), kernel, bias=bias)
    posterior, joint = by_bayes(text, reading.ppm, Q, site_rate=1.0)
    background = math.log(math.prod(Q["ACGT".index(letter)] for letter in text))
    log_ratio = np.log(joint[:-1]) + math.log(len(scores)) - background
    pooled = expectation_pool(scores, m=m)
    np.testing.assert_allclose(pooled - reading.offset, posterior[:-1] @ log_ratio / m, rtol=1e-11)
    complete = m * (pooled - reading.offset) + background - math.log(len(scores))
    np.testing.assert_allclose(complete, posterior[:-1] @ np.log(joint[:-1]), rtol=1e-11)


def test_log_evidence_is_the_likelihood_ratio_of_the_whole_sequence(rng):
    kernel, text, m = rng.normal(size=(4, 3)), "GATTACAGATCC", 0.8
    reading = kernel_to_pwm(kernel, base=math.exp(m), background=Q)
    _, joint = by_bayes(text, reading.ppm, Q, site_rate=0.5)
    ours = log_evidence(scan(one_hot(text), kernel), m=m, offset=reading.offset)
    np.testing.assert_allclose(ours, math.log(sum(joint[:-1]) / joint[-1]), rtol=1e-11)


@given(rows, st.floats(0, 20))
def test_oops_is_a_distribution_and_the_weights_of_epool(scores, m):
    posterior = site_posterior(scores, m=m)
    assert np.all((posterior >= 0) & (posterior <= 1))
    np.testing.assert_allclose(posterior.sum(axis=-1), 1, rtol=1e-13)
    np.testing.assert_array_equal(posterior, pool_weights(scores, m=m))


@given(rows, st.floats(0, 20), st.floats(0.01, 0.99), st.floats(-5, 5))
def test_zoops_is_oops_times_the_probability_of_a_site(scores, m, site_rate, offset):
    posterior = site_posterior(scores, m=m, occurrence="zoops", site_rate=site_rate, offset=offset)
    site = posterior.sum(axis=-1, keepdims=True)
    assert np.all((site >= 0) & (site <= 1 + 1e-12))
    np.testing.assert_allclose(posterior, site_posterior(scores, m=m) * site, rtol=1e-9, atol=1e-300)


def test_zoops_as_the_formula_is_written(backend, rng):
    scores, m, rate, offset = rng.normal(size=(2, 3, 5)), 1.4, 0.3, 0.6
    ratio = np.exp(m * (scores - offset)) / 5
    expected = rate * ratio / ((1 - rate) + rate * ratio.sum(axis=-1, keepdims=True))
    ours = site_posterior(backend(scores), m=m, occurrence="zoops", site_rate=rate, offset=offset)
    assert backend.is_mine(ours)
    np.testing.assert_allclose(ours, expected, rtol=backend.rtol)


def test_oops_ignores_the_offset_and_zoops_does_not(rng):
    scores = rng.normal(size=6)
    np.testing.assert_allclose(site_posterior(scores + 3, offset=3.0), site_posterior(scores), rtol=1e-12)
    low, high = (site_posterior(scores, occurrence="zoops", offset=offset).sum() for offset in (3.0, -3.0))
    assert low < 0.1 < 0.9 < high


@pytest.mark.parametrize("extreme", [-1e5, 1e5])
def test_zoops_is_finite_in_both_tails(backend, extreme):
    site = np.asarray(site_posterior(backend([extreme, 0.5 * extreme]), occurrence="zoops", offset=0.0)).sum()
    np.testing.assert_allclose(site, float(extreme > 0), atol=1e-30)


def test_a_mask_leaves_the_start_uniform_over_what_is_left(rng):
    scores, mask = rng.normal(size=7), np.array([False, True, True, False, True, True, False])
    for options in ({}, {"occurrence": "zoops", "offset": 0.2, "site_rate": 0.4}):
        ours = site_posterior(scores, m=1.3, mask=mask, **options)
        np.testing.assert_array_equal(ours[~mask], 0)
        np.testing.assert_allclose(ours[mask], site_posterior(scores[mask], m=1.3, **options), rtol=1e-12)


def test_offset_may_differ_from_window_to_window(rng):
    scores, offset = rng.normal(size=6), np.repeat([0.5, -0.2], 3)
    ours = site_posterior(scores, occurrence="zoops", offset=offset)
    by_hand = site_posterior(scores - offset, occurrence="zoops", offset=0.0).sum()
    np.testing.assert_allclose(ours.sum(), by_hand, rtol=1e-12)


@given(rows, st.floats(0.01, 20))
def test_free_energy_closes(scores, m):
    result = free_energy(scores, m=m)
    np.testing.assert_allclose(result.log_sum_exp, result.expected + result.entropy / m, rtol=1e-10, atol=1e-10)
    assert np.all(result.entropy >= 0)
    assert np.all(result.entropy <= np.log(scores.shape[-1]) + 1e-12)


def test_free_energy_is_a_bound_that_only_the_posterior_reaches(rng):
    scores, m = rng.normal(size=6), 1.2
    bound = free_energy(scores, m=m).log_sum_exp
    for _ in range(20):
        other = rng.dirichlet(np.ones(6))
        assert other @ scores + posterior_entropy(other) / m < bound


def test_entropy_of_worked_distributions_and_its_gradient(tensor):
    np.testing.assert_allclose(posterior_entropy([[0.5, 0.5, 0, 0], [0.25] * 4]), np.log([2, 4]), rtol=1e-15)
    p = tensor([1.0, 0.0])
    posterior_entropy(p).backward()
    assert torch.isfinite(p.grad).all()


def test_posterior_differentiates(tensor, rng):
    scores, m = tensor(rng.normal(size=(2, 5))), tensor(0.9)
    for options in ({}, {"occurrence": "zoops", "offset": 0.3}):
        assert torch.autograd.gradcheck(lambda x, m, o=options: site_posterior(x, m=m, **o), (scores, m))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"occurrence": "anr"}, "`occurrence` is 'anr'; accepted: 'oops', 'zoops'"),
        (
            {"occurrence": "zoops"},
            "`offset` is None; accepted: kernel_to_pwm(...).offset, or 0 for scores that are log odds",
        ),
        ({"occurrence": "zoops", "offset": 0, "site_rate": 1}, "`site_rate` is 1; accepted: a number between 0 and 1"),
        ({"occurrence": "zoops", "offset": 0, "site_rate": 0}, "`site_rate` is 0; accepted: a finite number > 0"),
        ({"m": -0.1}, "`m` is -0.1; accepted: a finite number >= 0"),
        ({"mask": [False] * 4}, "`mask` is False everywhere in some row"),
    ],
)
def test_site_posterior_names_the_argument_at_fault(options, message):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        site_posterior(np.zeros((3, 4)), **options)
