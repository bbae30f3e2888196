from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from epool_viz.core import pooling as core
from epool_viz.errors import ArgumentError, ShapeError
from epool_viz.models.pooling import (
    POOLINGS,
    AveragePooling,
    ExpectationPooling,
    LocalPooling,
    LogSumExpPooling,
    MaxPooling,
    make_pooling,
)

EVERY = pytest.mark.parametrize("name", POOLINGS)
DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
VARIANTS = {
    "max": [{}, {"local_window": 4}],
    "average": [{}, {"local_window": 4}],
    "logsumexp": [{"m": 0.7}, {"m": 1.3, "trainable": True}, {"m": 0.7, "local_window": 4}],
    "expectation": [{"m": 0.7}, {"m": 1.3, "trainable": True}, {"m": 0.7, "local_window": 4}],
    "expectation_mode1": [{"m": 0.7}, {"m": 1.3, "trainable": True}, {"m": 0.7, "local_window": 4}],
}
ALL = pytest.mark.parametrize(("name", "options"), [(name, options) for name in POOLINGS for options in VARIANTS[name]])


@pytest.fixture
def scores(rng) -> torch.Tensor:
    """Batch 2, channels 3, positions 11; the largest first, last, and in the middle."""
    values = rng.normal(size=(2, 3, 11))
    for row, place in zip(values.reshape(6, 11), (0, 10, 5, 0, 10, 6), strict=True):
        row[place] = 3.0
    return torch.tensor(values)


def pooled_by_core(name, options, scores):
    """The same by `core` on NumPy arrays, and by hand where there is a local maximum."""
    m = options.get("m", 1.0)
    values = scores.numpy()
    if window := options.get("local_window"):
        n_cells = values.shape[-1] // window
        values = np.stack([values[..., i * window : (i + 1) * window].max(-1) for i in range(n_cells)], axis=-1)
    return {
        "max": lambda: core.max_pool(values),
        "average": lambda: core.average_pool(values),
        "logsumexp": lambda: core.logsumexp_pool(values, m=m),
        "expectation": lambda: core.expectation_pool(values, m=m),
        "expectation_mode1": lambda: core.expectation_pool(values, m=m, mode=1),
    }[name]()


def test_every_pooling_is_tested_with_its_variants():
    assert set(VARIANTS) == set(POOLINGS)


@DTYPES
@ALL
def test_a_layer_gives_the_numbers_of_core(name, options, scores, dtype):
    layer = make_pooling(name, **options).to(dtype)
    pooled = layer(scores.to(dtype))
    assert pooled.shape == (2, 3)
    assert pooled.dtype == dtype
    rtol = 1e-6 if options.get("trainable") else {torch.float32: 2e-6, torch.float64: 1e-13}[dtype]
    expected = pooled_by_core(name, options, scores.to(dtype))
    np.testing.assert_allclose(pooled.detach().numpy(), expected, rtol=rtol, atol=rtol)


@ALL
def test_a_layer_ignores_the_order_of_positions(name, options, scores):
    if "local_window" in options:
        order = torch.tensor([2, 0, 3, 1, 7, 5, 6, 4, 10, 9, 8])  # within the groups of four, and in what is dropped
    else:
        order = torch.tensor([10, 3, 7, 0, 9, 1, 5, 8, 2, 6, 4])
    layer = make_pooling(name, **options)
    torch.testing.assert_close(layer(scores[..., order]), layer(scores), rtol=1e-12, atol=1e-12)


@ALL
def test_a_layer_moves_with_a_constant(name, options, scores):
    layer = make_pooling(name, **options)
    torch.testing.assert_close(layer(scores + 2.5), layer(scores) + 2.5, rtol=1e-12, atol=1e-12)


@ALL
def test_gradients_agree_by_autograd_by_finite_differences_and_in_closed_form(name, options, scores):
    layer = make_pooling(name, **options).double()
    leaf = scores.clone().requires_grad_()
    assert torch.autograd.gradcheck(layer, (leaf,), eps=1e-6, atol=1e-7)
    (by_autograd,) = torch.autograd.grad(layer(leaf).sum(), leaf)
    torch.testing.assert_close(layer.gradient(scores).detach(), by_autograd, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("mode", [0, 1])
def test_the_gradient_is_the_closed_form_of_the_paper(mode, scores):
    m = 0.7
    layer = ExpectationPooling(m=m, mode=mode)
    weights, pooled = layer.weights(scores), layer(scores)[..., None]
    expected = weights * (1 + m * (scores - pooled))
    torch.testing.assert_close(layer.gradient(scores), expected, rtol=1e-12, atol=1e-13)
    below = (scores < pooled - 1 / m) & (weights > 0)
    if mode == 0:
        assert below.any()
    assert (layer.gradient(scores)[below] < 0).all()


@ALL
def test_weights_are_shares_of_the_positions(name, options, scores):
    weights = make_pooling(name, **options).weights(scores)
    assert weights.shape == scores.shape
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, dtype=weights.dtype), rtol=1e-6, atol=0)


@EVERY
def test_a_local_maximum_gives_its_share_to_the_position_it_comes_from(name, scores):
    layer = make_pooling(name, local_window=4)
    weights = layer.weights(scores)
    assert (weights[..., 8:] == 0).all()  # the incomplete group
    assert ((weights > 0).sum(-1) <= 2).all()
    if name != "logsumexp":
        torch.testing.assert_close((weights * scores).sum(-1), layer(scores))
    winners = scores[..., :8].reshape(2, 3, 2, 4).argmax(-1) + torch.tensor([0, 4])
    assert (weights.scatter(-1, winners, 0.0) == 0).all()


@ALL
def test_masked_positions_take_no_part(name, options, scores):
    layer = make_pooling(name, **options)
    mask = torch.ones(11, dtype=torch.bool)
    mask[[0, 5, 9]] = False
    worse = torch.where(mask, scores, torch.full_like(scores, 50.0))
    torch.testing.assert_close(layer(worse, mask), layer(torch.where(mask, scores, -1e6), mask))
    assert (layer.weights(worse, mask)[..., ~mask] == 0).all()
    if "local_window" not in options:
        torch.testing.assert_close(layer(scores, mask), layer(scores[..., mask]), rtol=1e-6, atol=1e-7)


def test_a_group_without_a_position_that_takes_part_is_left_out(scores):
    mask = torch.ones(11, dtype=torch.bool)
    mask[:4] = False
    layer = ExpectationPooling(local_window=4)
    torch.testing.assert_close(layer(scores, mask), scores[..., 4:8].amax(-1))


@pytest.mark.parametrize("kind", [ExpectationPooling, LogSumExpPooling])
def test_a_learnt_m_stays_positive_and_its_gradient_is_right(kind, scores):
    layer = kind(m=0.3, trainable=True).double()
    assert layer.m == pytest.approx(0.3, rel=1e-6)
    assert torch.autograd.gradcheck(
        lambda log_m: torch.func.functional_call(layer, {"log_m": log_m}, (scores,)),
        (torch.tensor(math.log(0.3), dtype=torch.float64, requires_grad=True),),
    )
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    for _ in range(50):  # downhill leads to the average, where m is 0
        optimizer.zero_grad()
        (layer(scores) if kind is ExpectationPooling else -layer(scores)).sum().backward()
        optimizer.step()
    assert layer.m > 0
    assert layer.m != pytest.approx(0.3)


def test_the_derivative_by_m_is_the_variance_under_the_posterior(scores):
    layer = ExpectationPooling(m=0.8, trainable=True).double()
    (by_log_m,) = torch.autograd.grad(layer(scores)[1, 2], layer.log_m)
    weights, row = layer.weights(scores)[1, 2].detach(), scores[1, 2]
    variance = (weights * row**2).sum() - (weights * row).sum() ** 2
    assert by_log_m.item() / layer.m == pytest.approx(variance.item(), rel=1e-9)


def test_a_fixed_m_is_no_parameter_and_0_is_the_average(scores):
    assert not list(ExpectationPooling(m=2.0).parameters())
    torch.testing.assert_close(ExpectationPooling(m=0.0)(scores), AveragePooling()(scores))
    torch.testing.assert_close(ExpectationPooling(m=1e4)(scores), MaxPooling()(scores))


@ALL
def test_settings_make_the_same_layer(name, options, scores):
    layer = make_pooling(name, **options)
    twin = make_pooling(**layer.settings())
    torch.testing.assert_close(twin(scores), layer(scores), rtol=1e-7, atol=0)
    assert {**twin.settings(), "m": None} == {**layer.settings(), "m": None}
    assert layer.method not in repr(layer).split("(", 1)[1]


@pytest.mark.parametrize("name", POOLINGS)
def test_local_pooling_pools_every_group(name, scores):
    layer = LocalPooling(make_pooling(name), 4)
    assert layer(scores).shape == (2, 3, 2)
    whole = make_pooling(name)
    torch.testing.assert_close(layer(scores)[..., 1], whole(scores[..., 4:8]))


def test_local_max_pooling_is_torchs(scores):
    layer = LocalPooling(MaxPooling(), 3)
    torch.testing.assert_close(layer(scores), torch.nn.functional.max_pool1d(scores, 3))


def test_a_layer_takes_the_place_of_a_global_max_pool(scores):
    convolution = torch.nn.Conv1d(3, 5, 4)
    theirs = torch.nn.Sequential(convolution, torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten())
    ours = torch.nn.Sequential(convolution, MaxPooling())
    torch.testing.assert_close(ours(scores.float()), theirs(scores.float()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ExpectationPooling(m=-1.0), "`m` is -1; accepted: a finite number >= 0"),
        (lambda: ExpectationPooling(m=0.0, trainable=True), "`m` is 0; accepted: a finite number > 0"),
        (lambda: LogSumExpPooling(m=0.0), "`m` is 0; accepted: a finite number > 0"),
        (lambda: ExpectationPooling(mode=2), "`mode` is 2; accepted: 0, 1"),
        (lambda: ExpectationPooling(trainable="yes"), "`trainable` is 'yes'; accepted: True or False"),
        (lambda: MaxPooling(local_window=0), "`local_window` is 0; accepted: a whole number >= 1"),
        (lambda: make_pooling("median"), "`pooling` is 'median'; accepted: 'max', 'average', 'logsumexp'"),
        (lambda: make_pooling("max", m=2.0), "`pooling` is 'max' with m; accepted: a method with the parameters"),
        (lambda: LocalPooling(MaxPooling(), 0), "`window` is 0; accepted: a whole number >= 1"),
    ],
)
def test_a_wrong_setting_is_named(make, message):
    with pytest.raises(ArgumentError) as error:
        make()
    assert message in str(error.value)


def test_wrong_scores_are_named(scores):
    with pytest.raises(ShapeError, match=r"`scores` is of shape \(11,\); accepted: a tensor of shape \(batch, channel"):
        MaxPooling()(scores[0, 0])
    with pytest.raises(ShapeError, match="`scores` is a ndarray"):
        MaxPooling().weights(scores.numpy())
    with pytest.raises(ShapeError, match="`scores` is of 11 positions; accepted: at least the window, 12"):
        LocalPooling(MaxPooling(), 12)(scores)
