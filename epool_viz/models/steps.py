"""One step of training on a batch: by torch, for any network, or by the fused engine, for several at once.

Either way it is the same step: the mean cross entropy, its gradient, Adam. The fused one avoids torch, whose
dozens of small calls would take longer than the numbers themselves; it updates the network's own weights and Adam's
moments in the optimizer's memory, so that either can continue after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from epool_viz.core.types import Array
from epool_viz.models import engine as engines
from epool_viz.models.cnn import MotifCNN, log_odds
from epool_viz.models.pooling import LARGEST_LOG_M

Trained = tuple[nn.Module, torch.optim.Adam, float]  # network, optimizer, weight of label 1 in the loss

ADAM_EPSILON = 1e-7  # Keras's, as published; torch's is 1e-8


def cross_entropy(told: Tensor, labels: Tensor, positive_weight: float) -> Tensor:
    """The mean binary cross entropy of log odds, label 1 weighted."""
    weight = torch.tensor(positive_weight, dtype=told.dtype, device=told.device)
    return functional.binary_cross_entropy_with_logits(told, labels.to(told.dtype), pos_weight=weight)


class TorchSteps:
    """Steps by torch's autograd, of one network after the other."""

    def __init__(self, trained: Sequence[Trained], codes: Tensor, labels: Tensor) -> None:
        self._trained, self._codes, self._labels = trained, codes, labels

    def __call__(self, places: Array) -> list[tuple[Any, Tensor]]:
        """Of each network its loss on the sequences at these places, and its log odds of them before the step."""
        chosen = torch.from_numpy(places).to(self._codes.device)
        found = []
        for model, optimizer, positive_weight in self._trained:
            optimizer.zero_grad(set_to_none=True)
            told = log_odds(model, self._codes[chosen])
            loss = cross_entropy(told, self._labels[chosen], positive_weight)
            loss.backward()
            optimizer.step()
            found.append((loss.detach(), told.detach()))
        return found


def can_step(model: nn.Module, codes: Tensor) -> bool:
    """Whether `FusedSteps` would do with this network what torch would do; loads the fused engine if so.

    Not with one that was changed in any way: frozen weights, hooks, a foreign layer, an overridden method.
    """
    if type(model) is not MotifCNN or model.engine == "torch":
        return False
    is_plain = type(model.conv) is nn.Conv1d and type(model.output) is nn.Linear
    names = {"conv.weight", "conv.bias", "output.weight", "output.bias", "pooling.log_m"}
    return (
        is_plain
        and {name for name, _ in model.named_parameters()} <= names
        and all(weight.requires_grad and weight.dtype == torch.float32 for weight in model.parameters())
        and all(weight.is_contiguous() for weight in model.parameters())
        and not any(_has_hooks(module) for module in model.modules())
        and not any(weight._backward_hooks for weight in model.parameters())
        and engines.can_fuse(codes, model.conv.weight, model.pooling, model.padding)
        and engines.prepare()
    )


def _has_hooks(module: nn.Module) -> bool:
    kinds = ("forward", "forward_pre", "backward", "backward_pre")
    is_patched = "forward" in vars(module)
    return is_patched or any(getattr(module, f"_{kind}_hooks", None) for kind in kinds)


class _Weight(NamedTuple):
    """A weight and Adam's moments of it, flat, in the memory that torch reads."""

    value: Array
    mean: Array
    square: Array
    step: Array


class FusedSteps:
    """Steps by the fused engine, of networks that share width, padding and rectifier: a batch is read once for all."""

    def __init__(self, trained: Sequence[Trained], codes: Tensor, labels: Tensor) -> None:
        self._codes = codes.to(torch.int8).numpy()
        self._labels = labels.numpy().astype(np.float32)
        self._models: list[MotifCNN] = [model for model, _, _ in trained]  # type: ignore[misc]
        self._positive_weight = trained[0][2]
        self._groups = [optimizer.param_groups[0] for _, optimizer, _ in trained]
        self._weights = [
            {name: _weight(optimizer, weight) for name, weight in model.named_parameters()}
            for model, optimizer, _ in trained
        ]
        first = self._models[0]
        poolings, n_kernels = [model.pooling for model in self._models], [model.n_kernels for model in self._models]
        length = self._codes.shape[1]
        self._scan = engines.FusedScan(poolings, n_kernels, first.width, first.padding, first.activation, length)
        self._kernels = [model.conv.weight.detach().numpy() for model in self._models]

    def __call__(self, places: Array) -> list[tuple[Any, Tensor]]:
        """Of each network its loss on the sequences at these places, and its log odds of them before the step."""
        ms = [model.m or 0.0 for model in self._models]
        scan, weights = self._scan, self._weights
        scan.set_kernels(self._kernels, [held["conv.bias"].value for held in weights], ms)
        found = scan.train(
            self._codes,
            places,
            self._labels,
            self._positive_weight,
            [held["output.weight"].value for held in weights],
            [held["output.bias"].value[0] for held in weights],
        )
        for net, held in enumerate(weights):
            by_kernel, by_bias = scan.kernel_gradients(net)
            gradients = {
                "conv.weight": by_kernel.reshape(-1),
                "conv.bias": by_bias,
                "output.weight": found.by_weight[net],
                "output.bias": found.by_offset[net : net + 1],
            }
            if "pooling.log_m" in held:
                is_within = abs(held["pooling.log_m"].value[0]) <= LARGEST_LOG_M
                gradients["pooling.log_m"] = found.by_m[net : net + 1] * np.float32(ms[net] * is_within)
            self._move(net, gradients)
        told = torch.from_numpy(found.log_odds)
        return [(float(loss), told[net]) for net, loss in enumerate(found.losses)]

    def _move(self, net: int, gradients: dict[str, Array]) -> None:
        group = self._groups[net]
        first, second = group["betas"]
        for name, held in self._weights[net].items():
            held.step[...] += 1
            engines.adam(
                held.value, gradients[name], held.mean, held.square, int(held.step), group["lr"], first, second,
                group["eps"],
            )  # fmt: skip


def _weight(optimizer: torch.optim.Adam, weight: nn.Parameter) -> _Weight:
    state = optimizer.state[weight]
    if not state:  # as torch begins
        state["step"] = torch.tensor(0.0)
        state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(weight), torch.zeros_like(weight)
    value, mean, square = (
        tensor.detach().numpy().reshape(-1) for tensor in (weight, state["exp_avg"], state["exp_avg_sq"])
    )
    return _Weight(value, mean, square, state["step"].numpy())
