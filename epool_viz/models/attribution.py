"""DeepLIFT by tangermeme, integrated gradients and saliency by captum (extra `train`), a number a letter.

For a `MotifCNN` the same numbers follow in closed form from `epool_viz.core.attribution`, together with the exact
reading; tests compare the two. This module takes any network of one-hot letters.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from epool_viz.core._arrays import require_choice, require_whole
from epool_viz.core.attribution import (
    BASELINES,
    HEURISTICS,
    STEPS,
    LetterScores,
    activation_multipliers,
    baselines_like,
    pool_multipliers,
)
from epool_viz.core.pooling import activate
from epool_viz.core.types import Array
from epool_viz.data.sequences.simulate import shuffle_known_letters
from epool_viz.errors import MissingExtraError, ShapeError
from epool_viz.models.cnn import MotifCNN, as_tensor
from epool_viz.models.engine import as_one_hot
from epool_viz.models.pooling import Pooling
from epool_viz.models.threads import few_threads

try:
    from captum.attr import InputXGradient, IntegratedGradients, Saliency
    from tangermeme.deep_lift_shap import deep_lift_shap
except ModuleNotFoundError as error:
    missing = str(error.name).partition(".")[0]
    if missing not in {"captum", "tangermeme"}:
        raise
    raise MissingExtraError(missing, "train", "Attribution") from None

METHODS = ("deeplift", "integrated_gradients", "saliency")
# tangermeme finds its rules for layers of these by their very class, and fails on a class derived from one
_RULED = {f"torch.nn.modules.{name}" for name in ("activation", "normalization", "pooling")}


def attribute(
    model: nn.Module,
    sequences: Any,
    *,
    methods: tuple[str, ...] = METHODS,
    baseline: Any = "uniform",
    steps: int = STEPS,
    n_shuffles: int = 10,
    seed: Any = 0,
    target: int | None = None,
    batch_size: int = 64,
) -> LetterScores:
    """Compute by tangermeme and captum the share of each letter in a network's output.

    Parameters
    ----------
    model : nn.Module
        A `MotifCNN`, or any network that reads one-hot floats of shape (batch, letter, position) and gives (batch,),
        (batch, 1) or, with `target`, (batch, output). It is left as it was.
    sequences : SequenceSet, strings, codes of shape (batch, length), or one-hot floats of shape (batch, letter, length)
        Of one length.
    methods : some of "deeplift", "integrated_gradients", "gradient_x_input", "saliency"
        A letter's score: of the first two the sum over the four letters of its position, signed, so that a sequence's
        scores sum to `output - reference`; of the third the gradient at the letter itself, signed; of the last the
        largest size of the gradient among the letters of the position.
    baseline : "uniform", "zeros", "shuffles", or array of shape (batch, letter, length) or with a stack of them before
        What the first two compare with: a quarter of each letter; nothing; the mean over `n_shuffles` shuffles of the
        sequence that keep its pairs of neighbours (`seed`). An unknown letter stays unknown in all of these.
    steps : int
        Of integrated gradients.
    target : int or None
        Which output of several.
    batch_size : int

    Returns
    -------
    LetterScores
        NumPy arrays. `completeness_error(method)` is the difference of a sequence's scores from their sum.

    Raises
    ------
    MissingExtraError
        On import of this module, if captum or tangermeme is not installed.
    ArgumentError, ShapeError
        If a method or baseline is none of these, or the network does not read the sequences.

    Notes
    -----
    DeepLIFT has rules for torch's own layers, and the plain gradient for every other one; for expectation pooling
    that misses the sum (measured: `benchmarks/attribution.py`). Here the layers of `epool_viz.models.pooling` and the
    rectifiers of a `MotifCNN` have a rescale rule of their own, `pool_multipliers`, and the sum holds to rounding; in
    mode 1, whose gate jumps, it remains the gradient. So does a custom layer without a rule in tangermeme: look at
    `completeness_error`. For "deeplift" torch raises a RuntimeError where a network changes a layer's output in place
    (`x += 1`).

    Source: Shrikumar et al., ICML 2017; Sundararajan et al., ICML 2017; Simonyan et al., arXiv:1312.6034; Kokhlikyan et
    al., arXiv:2009.07896 (captum); Schreiber, tangermeme, https://github.com/jmschrei/tangermeme.
    """
    for method in methods:
        require_choice(method, "methods", HEURISTICS)
    onehot = _one_hot(model, sequences)
    references = _references(onehot, baseline, n_shuffles, seed)
    device = next(iter(model.parameters()), torch.zeros(())).device
    parts: list[tuple[dict[str, Tensor], Tensor, Tensor]] = []
    with _evaluating(model), few_threads():
        for first in range(0, len(onehot), batch_size):
            place = slice(first, first + batch_size)
            others = [reference[place].to(device) for reference in references]
            parts.append(_attribute_batch(model, onehot[place].to(device), others, methods, steps, target))
    scores = {method: _joined([part[0][method] for part in parts]) for method in methods}
    return LetterScores(scores, *(_joined([part[i] for part in parts]) for i in (1, 2)))  # type: ignore[misc]


class _Rectifier(nn.Module):
    """The rectifier of a MotifCNN as a layer, which hooks can find."""

    def __init__(self, activation: str) -> None:
        super().__init__()
        self.activation = activation

    def forward(self, scores: Tensor) -> Tensor:
        rectified: Tensor = activate(scores, self.activation)
        return rectified


class _Pool(nn.Module):
    """A pooling with its mask; `repeats` of the batch come one after the other."""

    def __init__(self, pooling: Pooling) -> None:
        super().__init__()
        self.held = (pooling,)  # in a tuple, so that it is no layer of its own
        self.mask: Tensor | None = None

    @property
    def pooling(self) -> Pooling:
        return self.held[0]

    def mask_for(self, scores: Tensor) -> Tensor | None:
        """The mask, as often as the batch has been repeated."""
        if self.mask is None:
            return None
        return self.mask.repeat(len(scores) // len(self.mask), 1, 1)

    def forward(self, scores: Tensor) -> Tensor:
        pooled: Tensor = self.pooling(scores, mask=self.mask_for(scores))
        return pooled


class _Unrolled(nn.Module):
    """A MotifCNN as layers, with the windows that take part fixed by the sequences, not by the baseline."""

    def __init__(self, model: MotifCNN, onehot: Tensor) -> None:
        super().__init__()
        self.model = (model,)
        self.rectifier = _Rectifier(model.activation)
        self.pool = _Pool(model.pooling)
        self.output = model.output
        self.pool.mask = model._mask(onehot)

    def forward(self, onehot: Tensor) -> Tensor:
        scores = self.model[0].scores(onehot)
        told: Tensor = self.output(self.pool(self.rectifier(scores)))[:, 0]
        return told


class _Answer(nn.Module):
    """A network with one number a sequence."""

    def __init__(self, model: nn.Module, target: int | None) -> None:
        super().__init__()
        self.model = model
        self.target = target

    def forward(self, onehot: Tensor) -> Tensor:
        found: Tensor = self.model(onehot)
        if found.ndim == 2 and self.target is not None and -found.shape[1] <= self.target < found.shape[1]:
            return found[:, self.target]
        if found.ndim == 2 and found.shape[1] == 1 and self.target is None:
            return found[:, 0]
        if found.shape != (len(onehot),) or self.target is not None:
            asked = "one number a sequence, or several and `target`, the place of one of them"
            raise ShapeError("model", f"one that gives shape {tuple(found.shape)}, target {self.target}", asked)
        return found


class _Column(nn.Module):
    """A network whose one number a sequence is a column, as tangermeme reads it."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, onehot: Tensor) -> Tensor:
        column: Tensor = self.net(onehot)[:, None]
        return column


def _deeplift(net: nn.Module, x: Tensor, reference: Tensor) -> Tensor:
    """DeepLIFT with the rescale rule for our layers."""
    rules: dict[type, Any] = {type(layer): _gradient for layer in net.modules() if _is_derived(layer)}
    rules |= {type(layer): _rescale for layer in net.modules() if isinstance(layer, _Rectifier | _Pool | Pooling)}
    with warnings.catch_warnings(), _out_of_place(net):
        warnings.simplefilter("ignore")  # unknown letters and baselines that are no letter are meant
        multipliers = deep_lift_shap(
            _Column(net).eval(),
            x.detach(),
            references=reference[:, None],
            batch_size=len(x),
            additional_nonlinear_ops=rules,
            raw_outputs=True,
            only_warn=True,
            warning_threshold=math.inf,
            dtype=x.dtype,
            device=x.device,
        )[:, 0]
    found: Tensor = (x - reference) * multipliers.to(x)
    return found


def _is_derived(layer: nn.Module) -> bool:
    kind = type(layer)
    is_ruled = any(base.__module__ in _RULED and base is not nn.MultiheadAttention for base in kind.__mro__)
    return is_ruled and kind.__module__ not in _RULED


def _gradient(_layer: Any, grad_input: tuple[Tensor, ...], _: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """No rule: the plain gradient, as of every other layer that tangermeme does not know."""
    return grad_input


@contextmanager
def _out_of_place(net: nn.Module) -> Iterator[None]:
    """No layer writes over its input meanwhile, which torch refuses where hooks watch the gradient."""
    layers: list[Any] = [layer for layer in net.modules() if layer.__dict__.get("inplace") is True]
    try:
        for layer in layers:
            layer.inplace = False
        yield
    finally:
        for layer in layers:
            layer.inplace = True


def _rescale(layer: Any, _: tuple[Tensor, ...], grad_output: tuple[Tensor, ...]) -> tuple[Tensor]:
    """A rule as tangermeme takes it: the gradient times a multiplier, for sequences and then for their references."""
    here, there = layer.input.chunk(2)
    if isinstance(layer, _Rectifier):
        gradient, multipliers = grad_output[0], activation_multipliers(here, there, layer.activation)
    else:
        pooling, mask = (layer.pooling, layer.mask_for(here)) if isinstance(layer, _Pool) else (layer, None)
        gradient, multipliers = grad_output[0][..., None], _pooling_multipliers(pooling, here, there, mask)
    return (gradient * torch.cat([multipliers, multipliers]),)


def _pooling_multipliers(pooling: Pooling, scores: Tensor, reference: Tensor, mask: Tensor | None) -> Tensor:
    """DeepLIFT's multipliers of a pooling layer, its local maximum included."""
    settings = pooling.settings()
    options = {"method": settings["method"], "m": settings.get("m", 1.0), "mode": settings.get("mode", 0)}
    cells, taking_part, _ = pooling._cells(scores, mask)
    cells0, _, _ = pooling._cells(reference, mask)
    multipliers: Tensor = pool_multipliers(cells, cells0, **options, mask=taking_part)
    if pooling.local_window == 1:
        return multipliers
    window = pooling.local_window
    inside = [_grouped(x, window) for x in (scores, reference)]
    used = None if mask is None else _grouped(torch.broadcast_to(mask, scores.shape), window)
    if used is not None:  # a group in which nothing takes part has no part in the sum
        used = used | ~used.any(-1, keepdim=True)
    shares = pool_multipliers(*inside, method="max", mask=used) * multipliers[..., None]
    flat = shares.flatten(-2)
    return nn.functional.pad(flat, (0, scores.shape[-1] - flat.shape[-1]))


def _grouped(x: Tensor, window: int) -> Tensor:
    n_cells = x.shape[-1] // window
    grouped: Tensor = x[..., : n_cells * window].unflatten(-1, (n_cells, window))
    return grouped


def _attribute_batch(
    model: nn.Module,
    onehot: Tensor,
    references: list[Tensor],
    methods: tuple[str, ...],
    steps: int,
    target: int | None,
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    net = _Unrolled(model, onehot) if isinstance(model, MotifCNN) else _Answer(model, target)
    net.eval()
    found: dict[str, Tensor] = {}
    for method in methods:
        x = onehot.detach().clone().requires_grad_()
        if method == "saliency":
            found[method] = Saliency(net).attribute(x, abs=True).amax(-2)
        elif method == "gradient_x_input":
            found[method] = InputXGradient(net).attribute(x).sum(-2)
        else:
            each = [_against(net, x, reference, method, steps) for reference in references]
            found[method] = torch.stack(each).mean(0)
    with torch.no_grad():
        output = net(onehot)
        reference = torch.stack([net(other) for other in references]).mean(0)
    return {name: value.detach() for name, value in found.items()}, output, reference


def _against(net: nn.Module, x: Tensor, reference: Tensor, method: str, steps: int) -> Tensor:
    if method == "deeplift":
        return _deeplift(net, x, reference).sum(-2)
    found: Tensor = IntegratedGradients(net).attribute(x, baselines=reference, n_steps=steps).sum(-2)
    return found


def _one_hot(model: nn.Module, sequences: Any) -> Tensor:
    if not isinstance(sequences, Tensor):
        sequences = as_tensor(model, sequences) if not isinstance(sequences, np.ndarray) else torch.tensor(sequences)
    like = next((p for p in model.parameters() if p.dtype.is_floating_point), torch.zeros(()))
    if sequences.ndim == 2 and not sequences.dtype.is_floating_point:
        letters = len(getattr(model, "alphabet", "ACGT"))
        return as_one_hot(sequences, torch.zeros((letters, 1), dtype=like.dtype))
    if sequences.ndim != 3 or not sequences.dtype.is_floating_point or 0 in sequences.shape:
        found = f"of shape {tuple(sequences.shape)}, {sequences.dtype}"
        raise ShapeError("sequences", found, "codes (batch, length), or one-hot floats (batch, letter, length)")
    moved: Tensor = sequences.detach().to(like.dtype)
    return moved


def _references(onehot: Tensor, baseline: Any, n_shuffles: int, seed: Any) -> list[Tensor]:
    if isinstance(baseline, str) and baseline == "shuffles":
        require_whole(n_shuffles, "n_shuffles", at_least=1)
        return [
            torch.as_tensor(x).to(onehot.dtype) for x in shuffle_known_letters(onehot.numpy(), n_shuffles, seed=seed)
        ]
    if isinstance(baseline, str):
        require_choice(baseline, "baseline", (*BASELINES, "shuffles"))
    return [reference.to(onehot.dtype) for reference in baselines_like(onehot, baseline)]


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    was_training = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in was_training.items():
            module.training = training


def _joined(parts: list[Tensor]) -> Array:
    return torch.cat(parts).cpu().double().numpy()
