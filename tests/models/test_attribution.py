"""Captum's heuristics beside the closed forms, for our networks and for others'."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
import torch
from torch import nn

from epool_viz.analysis.attribution_truth import network_of
from epool_viz.core.alphabet import one_hot
from epool_viz.core.attribution import COMPLETE, HEURISTICS, attribute_letters
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import shuffle_known_letters
from epool_viz.errors import ArgumentError, MissingExtraError, ShapeError
from epool_viz.models.attribution import METHODS, attribute
from epool_viz.models.cnn import MotifCNN
from epool_viz.models.pooling import LocalPooling, make_pooling
from epool_viz.models.published import deepbind

SEQUENCES = ["ACGTTGCANTTACGATCGATTACGGATTACA", "NNACGTACCATTACGATTTACGCAGATTAGC", "TTTTTTTTTTTTGATTACANAAAAAAAAACC"]
POOLINGS = (
    {"method": "expectation", "m": 0.7},
    {"method": "expectation_mode1"},
    {"method": "logsumexp", "m": 1.3},
    {"method": "max"},
    {"method": "average"},
)
SHAPES = (("exact", 1), ("exact", 4), ("paper", 5), ("demo", 3))


def network(pooling: dict, preset: str = "exact", local_window: int = 1) -> MotifCNN:
    settings = dict(pooling)
    layer = make_pooling(settings.pop("method"), local_window=local_window, **settings)
    made = MotifCNN(n_kernels=3, width=5, preset=preset, pooling=layer, seed=2).double()
    with torch.no_grad():
        made.conv.weight.mul_(3)
        made.conv.bias.copy_(torch.tensor([0.3, -1.0, 0.5]))
    return made


@pytest.mark.parametrize("pooling", POOLINGS, ids=lambda p: p["method"])
@pytest.mark.parametrize(("preset", "local_window"), SHAPES)
def test_captum_and_the_closed_forms_agree(pooling, preset, local_window) -> None:
    model = network(pooling, preset, local_window)
    onehot = one_hot(SEQUENCES)
    for baseline in ("uniform", "shuffles"):
        captum = attribute(model, SEQUENCES, methods=HEURISTICS, baseline=baseline, steps=9, n_shuffles=2, seed=3)
        other = baseline if baseline == "uniform" else shuffle_known_letters(onehot, 2, seed=3)
        closed = attribute_letters(network_of(model), onehot, methods=HEURISTICS, baseline=other, steps=9)
        np.testing.assert_allclose(captum.output, closed.output, rtol=1e-12)
        np.testing.assert_allclose(captum.reference, closed.reference, rtol=1e-9, atol=1e-12)
        for method in HEURISTICS:
            # captum keeps the places of its steps in single precision
            atol = 1e-6 if method == "integrated_gradients" else 1e-11
            np.testing.assert_allclose(captum.scores[method], closed.scores[method], rtol=0, atol=atol, err_msg=method)
        if pooling["method"] != "expectation_mode1":
            np.testing.assert_allclose(captum.completeness_error("deeplift"), 0, atol=1e-11)


def test_deeplift_without_a_rule_for_our_layers_misses_the_sum() -> None:
    """Why the rule is there: captum takes the plain gradient through layers that it does not know."""
    from captum.attr import DeepLift

    from epool_viz.models.attribution import _Unrolled

    onehot = torch.tensor(one_hot(SEQUENCES))
    baseline = torch.full_like(onehot, 0.25) * (onehot.sum(1, keepdim=True) > 0)
    net = _Unrolled(network(POOLINGS[0]), onehot).eval()
    with pytest.warns(UserWarning, match="hooks"):
        plain = DeepLift(net).attribute(onehot.clone().requires_grad_(), baselines=baseline)
    with torch.no_grad():
        missed = plain.sum((1, 2)) - (net(onehot) - net(baseline))
    assert float(missed.abs().min()) > 0.01


def test_a_published_network_is_complete_with_our_pooling_in_it() -> None:
    """Rectifier, pooling and rectifier in a row: layers of captum's and of ours, one after the other."""
    model = deepbind(n_kernels=3, width=5, n_hidden=6, pooling="expectation", m=2.0).double().train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    found = attribute(model, torch.tensor(one_hot(SEQUENCES)), methods=(*METHODS, "gradient_x_input"), baseline="zeros")
    np.testing.assert_allclose(found.completeness_error("deeplift"), 0, atol=1e-9)
    assert {m: s.shape for m, s in found.scores.items()} == dict.fromkeys((*METHODS, "gradient_x_input"), (3, 31))
    assert np.all(found.scores["saliency"] >= 0)
    # the network is left as it was
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_network_of_several_outputs_and_small_groups_is_asked_for_one() -> None:
    torch.manual_seed(0)
    pool = LocalPooling(make_pooling("logsumexp", m=2.0), 3)
    model = nn.Sequential(nn.Conv1d(4, 5, 5), nn.ReLU(), pool, nn.Flatten(), nn.Linear(45, 2)).double()
    onehot = torch.tensor(one_hot(SEQUENCES))
    each = [attribute(model, onehot, methods=COMPLETE, target=target, steps=400) for target in (0, 1)]
    for found in each:
        np.testing.assert_allclose(found.completeness_error("deeplift"), 0, atol=1e-9)
        np.testing.assert_allclose(found.completeness_error("integrated_gradients"), 0, atol=1e-2)
    assert abs(each[0].scores["deeplift"] - each[1].scores["deeplift"]).max() > 1e-3
    with pytest.raises(ShapeError, match=r"`model` is one that gives shape \(6, 2\), target None"):
        attribute(model, onehot, methods=("deeplift",))
    with pytest.raises(ShapeError, match="target 2"):
        attribute(model, onehot, methods=("deeplift",), target=2)


def test_sequences_come_in_four_forms_and_any_batches() -> None:
    model = network(POOLINGS[0]).float()
    codes = torch.tensor([["ACGTN".index(letter) for letter in text] for text in SEQUENCES])
    codes[codes == 4] = -1
    forms = (SequenceSet.from_strings(SEQUENCES, alphabet="DNA"), codes.to(torch.int8), one_hot(SEQUENCES), SEQUENCES)
    first, *others = (attribute(model, form, steps=7, batch_size=2) for form in forms)
    for other in others:
        for method in METHODS:
            np.testing.assert_allclose(first.scores[method], other.scores[method], rtol=1e-5, atol=1e-6)
    assert set(first.scores) == set(METHODS)
    assert first.output.dtype == np.float64


def test_bad_arguments_are_named() -> None:
    model = network(POOLINGS[0])
    with pytest.raises(ArgumentError, match="`methods` is 'posterior'; accepted: 'deeplift'"):
        attribute(model, SEQUENCES, methods=("posterior",))
    with pytest.raises(ArgumentError, match="`baseline` is 'noise'; accepted: 'uniform', 'zeros', 'shuffles'"):
        attribute(model, SEQUENCES, baseline="noise")
    with pytest.raises(ArgumentError, match="`n_shuffles` is 0; accepted: a whole number >= 1"):
        attribute(model, SEQUENCES, baseline="shuffles", n_shuffles=0)
    with pytest.raises(ShapeError, match=r"`sequences` is of shape \(4, 31\)"):
        attribute(model, one_hot(SEQUENCES[0]))


def test_without_captum_the_import_says_what_to_install(monkeypatch) -> None:
    from epool_viz.models import attribution

    monkeypatch.setitem(sys.modules, "captum.attr", None)
    spec = importlib.util.spec_from_file_location("a_copy", attribution.__file__)
    with pytest.raises(MissingExtraError, match=r'Attribution needs captum; install it with: pip install "epool-viz'):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


class Reusing(nn.Module):
    """One rectifier and one maximum of stretches in several places, under two names; or a layer for each place."""

    def __init__(self, *, shares: bool) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.a, self.b, self.out = nn.Conv1d(4, 6, 5), nn.Conv1d(6, 3, 3), nn.Linear(6, 1)
        self.act, self.pool = nn.ReLU(), nn.MaxPool1d(2)
        self.again = self.act if shares else nn.ReLU()
        self.beside, self.pool2 = (self.act, self.pool) if shares else (nn.ReLU(), nn.MaxPool1d(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.pool(self.act(self.a(x)))
        inner = self.pool2(self.again(self.b(hidden)))
        other = self.beside(-self.b(hidden))  # a second way, which meets the first
        assert self.pool.kernel_size == 2
        return self.out(torch.cat([inner.sum(-1), other.sum(-1)], 1))


@pytest.mark.parametrize("training", [True, False])
def test_deeplift_of_a_layer_that_is_used_several_times_is_that_of_a_layer_for_each_time(training: bool) -> None:
    onehot = one_hot([each.replace("N", "A") for each in SEQUENCES])
    shared, apart = (Reusing(shares=shares).double().train(training) for shares in (True, False))
    before = {name: dict(layer._modules) for name, layer in shared.named_modules()}
    found, expected = (attribute(model, onehot, methods=("deeplift", "saliency")) for model in (shared, apart))
    for method in ("deeplift", "saliency"):
        np.testing.assert_allclose(found.scores[method], expected.scores[method], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.completeness_error("deeplift"), 0, rtol=0, atol=1e-9)
    assert {name: dict(layer._modules) for name, layer in shared.named_modules()} == before
    assert shared.act is shared.again is shared.beside
    assert shared.training is training
    assert not shared._forward_pre_hooks
    assert not shared.act._forward_hooks


class _DerivedReLU(nn.ReLU):
    """A layer of somebody's own, derived from one that has a rule."""


class _PlainReLU(nn.Module):
    """One that has none."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x)


def _through(*layers: nn.Module) -> nn.Module:
    torch.manual_seed(6)
    body = nn.Sequential(nn.Conv1d(4, 3, 5), *layers, nn.Flatten(), nn.LazyLinear(1)).double()
    body(torch.zeros(1, 4, len(SEQUENCES[0])).double())
    return body


@pytest.mark.parametrize(
    ("layers", "twins"),
    [
        ((nn.ReLU(inplace=True),), (nn.ReLU(),)),
        ((nn.MaxPool1d(2), nn.ELU(inplace=True)), (nn.MaxPool1d(2), nn.ELU())),
        ((_DerivedReLU(),), (_PlainReLU(),)),
    ],
    ids=["in place", "in place behind a maximum", "derived"],
)
def test_deeplift_of_a_layer_is_that_of_its_twin(layers, twins) -> None:
    found, expected = (
        attribute(_through(*each), SEQUENCES, methods=("deeplift",)).scores["deeplift"] for each in (layers, twins)
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)
    assert np.ptp(expected) > 0
    assert layers[-1].__dict__.get("inplace", False) is not twins[-1].__dict__.get("inplace", True)
