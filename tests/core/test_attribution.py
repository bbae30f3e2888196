"""Readings and heuristics letter by letter: complete where they claim to be, and the gradient where nothing differs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from epool_viz.core.alphabet import one_hot
from epool_viz.core.attribution import (
    COMPLETE,
    METHODS,
    LetterScores,
    MotifNetwork,
    activation_multipliers,
    attribute_letters,
    pool_multipliers,
)
from epool_viz.core.pooling import (
    activate,
    average_pool,
    expectation_pool,
    logsumexp_pool,
    max_pool,
    pool_gradient,
)
from epool_viz.core.posterior import posterior_entropy
from epool_viz.errors import ArgumentError, ShapeError

RNG = np.random.default_rng(5)
SEQUENCES = ["ACGTTGCANTTACGATCGATTACGGATTACA", "TTTTTTTTTTTTGATTACAACGTACAACGCA"]  # 31 letters
KERNELS, BIASES, VOTES = RNG.normal(size=(3, 4, 5)) * 2, RNG.normal(size=3), np.array([1.5, -0.7, 0.4])
POOLS = {
    "max": {"method": "max"},
    "average": {"method": "average"},
    "logsumexp": {"method": "logsumexp", "m": 1.3},
    "expectation": {"method": "expectation", "m": 0.7},
    "sharp": {"method": "expectation", "m": 40.0},
    "nearly average": {"method": "expectation", "m": 1e-6},
}
SHAPES = (
    {},
    {"local_window": 4},
    {"activation": "paper", "padding": "same", "local_window": 5},
    {"activation": "relu"},
)


def network(pool: str = "expectation", **options) -> MotifNetwork:
    settings = POOLS[pool]
    return MotifNetwork(KERNELS, BIASES, VOTES, -0.2, settings["method"], settings.get("m"), **options)


def pooled(scores, *, method, m=1.0, mask=None):
    if method in ("expectation", "logsumexp"):
        return {"expectation": expectation_pool, "logsumexp": logsumexp_pool}[method](scores, m=m, mask=mask)
    return {"max": max_pool, "average": average_pool}[method](scores, mask=mask)


# DeepLIFT through the pooling


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("masked", [False, True])
def test_multipliers_of_a_pooling_sum_to_what_it_differs_by(backend, pool, masked) -> None:
    scores, reference = backend(RNG.normal(size=(2, 3, 11)) * 3), backend(RNG.normal(size=(2, 3, 11)))
    mask = np.arange(11) != 10 if masked else None  # not the last window
    found = pool_multipliers(scores, reference, **POOLS[pool], mask=mask)
    assert backend.is_mine(found)
    difference = pooled(scores, **POOLS[pool], mask=mask) - pooled(reference, **POOLS[pool], mask=mask)
    np.testing.assert_allclose((found * (scores - reference)).sum(-1), difference, rtol=0, atol=300 * backend.rtol)
    if masked:
        assert float(abs(found[..., 10]).max()) == 0


@pytest.mark.parametrize("pool", POOLS)
def test_multipliers_of_a_pooling_are_its_gradient_where_nothing_differs(backend, pool) -> None:
    scores = backend(RNG.normal(size=(2, 3, 11)))
    found = pool_multipliers(scores, scores, **POOLS[pool])
    expected = pool_gradient(scores, **POOLS[pool])
    np.testing.assert_allclose(found, expected, rtol=0, atol=100 * backend.rtol)


@pytest.mark.parametrize("pool", POOLS)
def test_multipliers_of_a_pooling_ignore_a_constant(pool) -> None:
    scores, reference = RNG.normal(size=(3, 11)) * 4, RNG.normal(size=(3, 11))
    plain, moved = (pool_multipliers(scores + c, reference + c, **POOLS[pool]) for c in (0, 500))
    np.testing.assert_allclose(plain, moved, rtol=0, atol=1e-9)


def test_multipliers_stay_finite_for_scores_far_apart(backend) -> None:
    scores, reference = backend([3e4, -3e4, 0.0, 7.0]), backend([-2e4, 1.0, 0.0, 3e4])
    for pool in POOLS.values():
        found = pool_multipliers(scores, reference, **pool, mask=np.array([True, True, False, True]))
        assert np.isfinite(np.asarray(found)).all()


def test_mode_1_keeps_the_gradient() -> None:
    scores, reference = RNG.normal(size=(2, 7)), RNG.normal(size=(2, 7))
    found = pool_multipliers(scores, reference, m=0.7, mode=1)
    np.testing.assert_array_equal(found, pool_gradient(scores, m=0.7, mode=1))


@pytest.mark.parametrize("activation", ["identity", "relu", "paper"])
def test_multipliers_of_a_rectifier_sum_and_fall_back_on_its_slope(backend, activation) -> None:
    scores, reference = backend([-3.0, -1.0, 0.5, 12.0, 2.0]), backend([4.0, -2.0, 0.5, 20.0, -2.0])
    found = activation_multipliers(scores, reference, activation)
    difference = activate(scores, activation) - activate(reference, activation)
    np.testing.assert_allclose(found * (scores - reference), difference, rtol=0, atol=20 * backend.rtol)
    assert float(found[2]) == 1  # where they agree, above zero


def test_a_reference_has_the_shape_of_the_scores() -> None:
    with pytest.raises(ShapeError, match=r"`reference` is of shape \(2,\); accepted: that of the scores, \(3,\)"):
        pool_multipliers(np.ones(3), np.ones(2))


# whole networks


@pytest.mark.parametrize("backend", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_the_probability_of_an_output_is_its_logistic_at_both_ends_too(backend) -> None:
    output = np.array([-800.0, -3.0, 0.0, 0.25, 40.0, 800.0])
    found = np.asarray(LetterScores({}, backend(output), backend(output)).probability)
    np.testing.assert_allclose(found, np.exp(output / 2 - np.logaddexp(output / 2, -output / 2)), rtol=1e-13)
    np.testing.assert_allclose(found + np.asarray(LetterScores({}, backend(-output), backend(output)).probability), 1)
    assert found[0] == 0
    assert found[-1] == 1


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("baseline", ["uniform", "zeros"])
def test_deeplift_sums_to_output_less_reference(pool, shape, baseline) -> None:
    found = attribute_letters(network(pool, **shape), one_hot(SEQUENCES), methods=("deeplift",), baseline=baseline)
    np.testing.assert_allclose(found.completeness_error("deeplift"), 0, atol=1e-10)
    assert abs(found.output - found.reference).min() > 1e-3  # there is something to explain


@pytest.mark.parametrize("pool", ["average", "logsumexp", "expectation", "max"])
def test_integrated_gradients_sum_to_output_less_reference(pool) -> None:
    found = attribute_letters(network(pool), one_hot(SEQUENCES), methods=("integrated_gradients",), steps=60)
    np.testing.assert_allclose(found.completeness_error("integrated_gradients"), 0, atol=1e-8)


def test_more_steps_bring_integrated_gradients_nearer_to_their_sum() -> None:
    errors = []
    for steps in (2, 5, 20):
        found = attribute_letters(network(), one_hot(SEQUENCES), methods=("integrated_gradients",), steps=steps)
        errors.append(float(abs(found.completeness_error("integrated_gradients")).max()))
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


@pytest.mark.parametrize("pool", ["expectation", "max", "average", "logsumexp"])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_log_odds_sum_to_the_output_less_a_constant(backend, pool, padding) -> None:
    net = dataclasses.replace(network(pool, padding=padding), kernels=backend(KERNELS), biases=backend(BIASES))
    onehot = backend(one_hot(SEQUENCES))
    letters = attribute_letters(net, onehot, methods=("log_odds",))
    missing = letters.output - letters.scores["log_odds"].sum(-1) - net.constant
    assert net.is_exact == (pool != "logsumexp")
    if pool == "logsumexp":  # the entropy of the posterior, and no more
        entropy = posterior_entropy(net.weights(onehot)) / net.base
        missing = missing - (entropy * backend(VOTES)).sum(-1)
    np.testing.assert_allclose(missing, 0, atol=300 * backend.rtol)


def test_the_posterior_of_every_kernel_is_counted_with_its_vote() -> None:
    net = network("max")
    letters = attribute_letters(net, one_hot(SEQUENCES), methods=("posterior", "best_window"))
    for scores in letters.scores.values():
        np.testing.assert_allclose(scores.sum(-1), 5 * VOTES.sum(), rtol=1e-12)
    # with one kernel that has one vote, the best window covers its own five letters
    one = MotifNetwork(KERNELS[:1], BIASES[:1], np.ones(1), 0.0, "expectation", 0.7)
    onehot = one_hot(SEQUENCES[1:])
    best = int(one.scores(onehot)[0, 0].argmax())
    expected = np.zeros(31)
    expected[best : best + 5] = 1
    np.testing.assert_allclose(
        attribute_letters(one, onehot, methods=("best_window",)).scores["best_window"][0], expected
    )


def test_the_reading_of_a_network_without_m_is_at_base_e() -> None:
    assert network("max").base == 1
    assert network("expectation").base == 0.7


@pytest.mark.parametrize("pool", ["expectation", "logsumexp", "max"])
@pytest.mark.parametrize("start", [0, 20])
def test_a_shifted_site_shifts_every_track(pool, start) -> None:
    """A site among letters that score low: moved from the middle to the first and to the last window."""
    kernel = np.where(one_hot("ACGCA") > 0, 3.0, -3.0)[None]
    net = MotifNetwork(kernel, np.zeros(1), np.ones(1), 0.0, pool, None if pool == "max" else 1.5)
    found = attribute_letters(net, one_hot(["T" * at + "ACGCA" + "T" * (20 - at) for at in (9, start)]))
    assert set(found.scores) == set(METHODS)
    for method, scores in found.scores.items():
        middle, moved = scores[0, 9:14], scores[1, start : start + 5]
        assert middle.min() > 0.5, method
        np.testing.assert_allclose(moved, middle, rtol=0.02, err_msg=method)
        assert np.flatnonzero(scores[1] > 0.5).tolist() == list(range(start, start + 5)), method


def test_a_constant_in_a_column_moves_the_gradient_and_not_the_reading() -> None:
    """Such a constant changes no posterior: what changes with it says nothing of the motif."""
    moved = KERNELS + np.array([3.0, -2.0, 0.0, 1.0, 4.0])
    offset = BIASES - np.array([3.0, -2.0, 0.0, 1.0, 4.0]).sum()  # the same scores for every whole window
    sequence = SEQUENCES[1:]
    found = []
    for kernels, biases in ((KERNELS, BIASES), (moved, offset)):
        net = dataclasses.replace(network(), kernels=kernels, biases=biases)
        by_zeros = attribute_letters(net, one_hot(sequence), methods=COMPLETE, baseline="zeros").scores
        found.append((attribute_letters(net, one_hot(sequence)), by_zeros))
    (a, a0), (b, b0) = found
    np.testing.assert_allclose(a.output, b.output, rtol=1e-12)
    for method in ("posterior", "log_odds", "best_window", *COMPLETE):
        np.testing.assert_allclose(a.scores[method], b.scores[method], rtol=1e-9, atol=1e-10, err_msg=method)
    for method in ("gradient_x_input", "saliency"):
        assert abs(a.scores[method] - b.scores[method]).max() > 0.1, method
    for method in COMPLETE:
        assert abs(a0[method] - b0[method]).max() > 0.1, method


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_saliency_and_gradient_are_those_of_autograd(shape) -> None:
    net = dataclasses.replace(network(**shape), kernels=torch.tensor(KERNELS), biases=torch.tensor(BIASES))
    onehot = torch.tensor(one_hot(SEQUENCES), requires_grad=True)
    net.log_odds(onehot, mask=net.mask(onehot.detach())).sum().backward()
    found = attribute_letters(network(**shape), one_hot(SEQUENCES), methods=("saliency", "gradient_x_input"))
    gradient = onehot.grad.numpy()
    np.testing.assert_allclose(found.scores["saliency"], abs(gradient).max(-2), rtol=1e-10, atol=1e-12)
    by_input = (gradient * one_hot(SEQUENCES)).sum(-2)
    np.testing.assert_allclose(found.scores["gradient_x_input"], by_input, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("activation", ["identity", "relu"])  # behind a rectifier its windows take part
def test_an_unknown_letter_has_no_part_in_it(activation) -> None:
    found = attribute_letters(network(activation=activation), one_hot(SEQUENCES))
    for method in set(METHODS) - {"saliency"} - ({"posterior", "best_window"} if activation == "relu" else set()):
        assert found.scores[method][0, 8] == 0, method


def test_several_references_are_averaged() -> None:
    onehot, others = one_hot(SEQUENCES), one_hot(SEQUENCES)[::-1].copy()
    quarter = np.full(onehot.shape, 0.25)
    both = attribute_letters(network(), onehot, methods=("deeplift",), baseline=np.stack([others, quarter]))
    each = [attribute_letters(network(), onehot, methods=("deeplift",), baseline=b) for b in (others, quarter)]
    np.testing.assert_allclose(both.scores["deeplift"], sum(e.scores["deeplift"] for e in each) / 2, rtol=1e-12)
    np.testing.assert_allclose(both.completeness_error("deeplift"), 0, atol=1e-12)


def test_bad_arguments_are_named() -> None:
    onehot = one_hot(SEQUENCES)
    with pytest.raises(ArgumentError, match="`methods` is 'shap'; accepted: 'posterior', 'log_odds'"):
        attribute_letters(network(), onehot, methods=("shap",))
    with pytest.raises(ArgumentError, match="`steps` is 0; accepted: a whole number >= 1"):
        attribute_letters(network(), onehot, steps=0)
    with pytest.raises(ArgumentError, match="`baseline` is 'random'; accepted: 'uniform', 'zeros'"):
        attribute_letters(network(), onehot, baseline="random")
    with pytest.raises(ShapeError, match=r"`baseline` is of shape \(4, 31\); accepted: 'uniform', 'zeros', or shape"):
        attribute_letters(network(), onehot, baseline=np.zeros((4, 31)))
    with pytest.raises(ShapeError, match=r"`onehot` is of shape \(4, 31\); accepted: \(batch, letter, length\)"):
        attribute_letters(network(), onehot[0])
    with pytest.raises(ArgumentError, match="`pooling` is 'median'; accepted: 'max', 'average'"):
        MotifNetwork(KERNELS, BIASES, VOTES, 0.0, "median")
