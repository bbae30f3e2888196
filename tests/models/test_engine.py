from __future__ import annotations

import numpy as np
import pytest
import torch

from epool_viz.core.alphabet import one_hot
from epool_viz.core.scan import scan
from epool_viz.errors import ArgumentError
from epool_viz.models.engine import ENGINES, as_one_hot, choose_engine

EVERY = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
WIDTHS = pytest.mark.parametrize("width", [1, 4, 5, 11])
PADDINGS = pytest.mark.parametrize("padding", ["valid", "same"])


@pytest.fixture
def codes(rng) -> np.ndarray:
    """2 sequences of 11 letters, unknown ones at the first, a middle and the last place."""
    codes = rng.integers(4, size=(2, 11)).astype(np.int8)
    codes[0, [0, 6]] = -1
    codes[1, 10] = -1
    return codes


@EVERY
@WIDTHS
@PADDINGS
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_engine_gives_the_scores_of_core(engine, width, padding, dtype, codes, rng):
    kernels, biases = torch.tensor(rng.normal(size=(3, 4, width))), torch.tensor(rng.normal(size=3))
    expected = scan(one_hot(codes), kernels.numpy(), bias=biases.numpy(), padding=padding)
    rtol = {torch.float32: 2e-6, torch.float64: 1e-13}[dtype]
    for sequences in (torch.tensor(codes), torch.tensor(one_hot(codes))):
        scores = engine(sequences, kernels.to(dtype), biases.to(dtype), padding)
        assert scores.dtype == dtype
        np.testing.assert_allclose(scores.numpy(), expected, rtol=rtol, atol=10 * rtol)


@EVERY
@WIDTHS
@PADDINGS
def test_an_engine_has_the_right_gradients(engine, width, padding, codes, rng):
    kernels = torch.tensor(rng.normal(size=(3, 4, width)), requires_grad=True)
    biases = torch.tensor(rng.normal(size=3), requires_grad=True)
    assert torch.autograd.gradcheck(lambda k, b: engine(torch.tensor(codes), k, b, padding), (kernels, biases))


def test_an_unknown_letter_is_a_column_of_zeros(codes):
    made = as_one_hot(torch.tensor(codes), torch.zeros(3, 4, 5, dtype=torch.float64))
    np.testing.assert_array_equal(made, one_hot(codes))


def test_an_engine_is_chosen_by_name():
    assert choose_engine("auto") in ENGINES.values()
    assert choose_engine("torch") is ENGINES["torch"]
    with pytest.raises(ArgumentError, match="`engine` is 'abacus'; accepted: 'auto', 'torch'"):
        choose_engine("abacus")
