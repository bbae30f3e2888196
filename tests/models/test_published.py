from __future__ import annotations

import numpy as np
import pytest
import torch

from epool_viz.core.kernels import kernel_to_pwm
from epool_viz.core.scan import scan
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.errors import ArgumentError, ShapeError
from epool_viz.models.pooling import POOLINGS, LocalPooling, Pooling
from epool_viz.models.published import basset, deepbind, deepsea, first_scores
from epool_viz.models.training import train

BUILDERS = {"deepbind": deepbind, "deepsea": deepsea, "basset": basset}


def small(name, **options):
    """The network of a paper, small: 200 letters in, 2 outputs; DeepBind has one."""
    sizes = {"n_kernels": 3, "n_hidden": 5} if name == "deepbind" else {"length": 200, "n_outputs": 2, "scale": 0.02}
    return BUILDERS[name](**sizes, **options)


def shapes(network, length):
    """The shape after each layer that has weights or pools, without the memory for it."""
    found, x = [], torch.zeros(1, 4, length, device="meta")
    for layer in network.eval():
        x = layer(x) if not isinstance(layer, LocalPooling) else x[..., : x.shape[-1] // layer.window]
        if isinstance(layer, torch.nn.Conv1d | torch.nn.Linear | LocalPooling):
            found.append(tuple(x.shape[1:]))
    return found


def test_deepsea_has_the_layers_of_its_paper():
    with torch.device("meta"):
        network = deepsea()
    assert shapes(network, 1000) == [(320, 993), (320, 248), (480, 241), (480, 60), (960, 53), (925,), (919,)]
    assert sum(p.numel() for p in network.parameters()) == 52_843_119


def test_basset_has_the_layers_of_its_paper():
    with torch.device("meta"):
        network = basset()
    assert shapes(network, 600) == [
        (300, 582), (300, 194), (200, 184), (200, 46), (200, 40), (200, 10), (1000,), (1000,), (164,),
    ]  # fmt: skip


def test_deepbind_has_the_layers_of_its_paper():
    network = deepbind()
    assert shapes(network[:2], 101) == [(16, 124)]  # every window that touches the sequence
    assert network[0].value == 0.25
    assert [tuple(layer.weight.shape) for layer in network if isinstance(layer, torch.nn.Linear)] == [(32, 16), (1, 32)]
    assert [tuple(layer.weight.shape) for layer in deepbind(n_hidden=0) if isinstance(layer, torch.nn.Linear)] == [
        (1, 16)
    ]
    assert {layer.p for layer in deepbind(dropout=0.1) if isinstance(layer, torch.nn.Dropout)} == {0.1}


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_every_pooling_takes_the_place_of_the_maximum(name, pooling, rng):
    torch.manual_seed(1)
    network = small(name, pooling=pooling).eval()
    onehot = torch.tensor(np.eye(4)[rng.integers(4, size=(3, 200))].transpose(0, 2, 1), dtype=torch.float32)
    found = network(onehot)
    assert found.shape == (3, 1 if name == "deepbind" else 2)
    found.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    layers = [layer for layer in network.modules() if isinstance(layer, Pooling)]
    assert {type(layer) for layer in layers} == {type(POOLINGS[pooling]())}
    assert len({id(layer) for layer in layers}) == {"deepbind": 1, "deepsea": 2, "basset": 3}[name]


@pytest.mark.parametrize("name", BUILDERS)
def test_settings_reach_the_pooling(name):
    network = small(name, pooling="expectation", m=2.5)
    assert {layer.m for layer in network.modules() if isinstance(layer, Pooling)} == {2.5}


@pytest.mark.parametrize("name", BUILDERS)
def test_the_first_kernels_are_pwms(name, rng):
    """What remains exact: score = offset + log odds, at every whole window."""
    network = small(name).double()
    sequence = "".join(rng.choice(list("ACGT"), size=200))
    onehot = SequenceSet.from_strings([sequence]).one_hot()
    scores = first_scores(network, torch.tensor(onehot)).detach().numpy()
    background = [0.3, 0.2, 0.2, 0.3]
    pwm = kernel_to_pwm(network.kernels, bias=network.biases, background=background)
    log_odds = scan(onehot, pwm.pwm) + pwm.offset[..., None]
    pad = network.first.kernel_size[0] - 1 if name == "deepbind" else 0
    np.testing.assert_allclose(scores[..., pad : scores.shape[-1] - pad], log_odds, rtol=1e-10, atol=1e-12)


def test_a_published_network_is_trained(easy):
    torch.manual_seed(1)
    network = deepbind(n_kernels=3, width=6, n_hidden=0, dropout=0.0, pooling="expectation")
    result = train(network, easy, epochs=3)
    assert len(result.history) == 3


def test_too_few_letters_and_no_channels_are_named():
    with pytest.raises(ShapeError, match="`length` is 150; accepted: enough letters for three convolutions"):
        deepsea(length=150)
    with pytest.raises(ShapeError, match="`length` is 150; accepted: enough letters for convolutions of 19"):
        basset(length=150)
    with pytest.raises(ArgumentError, match="`scale` is 0; accepted: a number > 0"):
        deepsea(scale=0)
    least = {"deepsea": 162, "basset": 167}  # what the messages say suffices, less one
    for name, length in least.items():
        with pytest.raises(ShapeError):
            BUILDERS[name](length=length, scale=0.02)
        BUILDERS[name](length=length + 1, scale=0.02)
