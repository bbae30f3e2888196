"""DeepLIFT, integrated gradients and saliency by captum (extra `train`), a number a letter.

For a `MotifCNN` the same numbers follow in closed form from `epool_viz.core.attribution`, together with the exact
reading that they stand beside; tests hold the two together. Here any network can be asked that reads one-hot letters.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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
    from captum.attr import DeepLift, InputXGradient, IntegratedGradients, Saliency
    from captum.attr._core.deep_lift import SUPPORTED_NON_LINEAR
except ModuleNotFoundError as error:
    if str(error.name).partition(".")[0] != "captum":
        raise
    raise MissingExtraError("captum", "train", "Attribution") from None

METHODS = ("deeplift", "integrated_gradients", "saliency")


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
    """Ask captum what each letter has to do with a network's answer.

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
        NumPy arrays. `completeness_error(method)` tells by how much a sequence's scores miss their sum.

    Raises
    ------
    MissingExtraError
        On import of this module, if captum is not installed.
    ArgumentError, ShapeError
        If a method or baseline is none of these, or the network does not read the sequences.

    Notes
    -----
    Captum's DeepLIFT knows torch's own layers, and takes the plain gradient through every other one; for expectation
    pooling that misses the sum (measured: `benchmarks/attribution.py`). Here the layers of `epool_viz.models.pooling`
    and the rectifiers of a `MotifCNN` have a rescale rule of their own, `pool_multipliers`, and the sum holds to
    rounding; in mode 1, whose gate jumps, it remains the gradient. A layer of yours that captum does not know does too:
    look at `completeness_error`.

    Source: Shrikumar et al., ICML 2017; Sundararajan et al., ICML 2017; Simonyan et al., arXiv:1312.6034; Kokhlikyan et
    al., arXiv:2009.07896 (captum).
    """
    for method in methods:
        require_choice(method, "methods", HEURISTICS)
    onehot = _one_hot(model, sequences)
    references = _references(onehot, baseline, n_shuffles, seed)
    device = next(iter(model.parameters()), torch.zeros(())).device
    parts: list[tuple[dict[str, Tensor], Tensor, Tensor]] = []
    with _evaluating(model), few_threads(), warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore", UserWarning)  # captum's, that it sets hooks
        if "deeplift" in methods and not isinstance(model, MotifCNN):
            stack.enter_context(_calls_apart(model, onehot[:1].to(device)))
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


class _DeepLift(DeepLift):  # type: ignore[misc] # captum has no types
    """Captum's DeepLIFT with the rescale rule for our layers."""

    def _is_non_linear(self, module: nn.Module) -> bool:
        return isinstance(module, _Rectifier | _Pool | Pooling) or super()._is_non_linear(module)

    def _register_hooks(self, module: nn.Module, attribute_to_layer_input: bool = True) -> None:
        before = len(self.forward_handles)
        super()._register_hooks(module, attribute_to_layer_input)
        if len(self.forward_handles) > before:
            # a copy between layers: where two share a tensor, captum up to 0.9 hands the first one the gradient from
            # before the second has put its multipliers in (its issue 1104)
            self.forward_handles.append(module.register_forward_hook(lambda _, __, output: output.clone()))

    def _backward_hook(self, module: nn.Module, grad_input: Tensor, grad_output: Tensor) -> Tensor:
        if not isinstance(module, _Rectifier | _Pool | Pooling):
            passed: Tensor = super()._backward_hook(module, grad_input, grad_output)
            return passed
        scores: Tensor = module.input  # type: ignore[assignment]
        here, there = scores.chunk(2)
        del module.input, module.output
        if isinstance(module, _Rectifier):
            multipliers = activation_multipliers(here, there, module.activation)
        else:
            pooling = module.pooling if isinstance(module, _Pool) else module
            mask = module.mask_for(here) if isinstance(module, _Pool) else None
            multipliers = _pooling_multipliers(pooling, here, there, mask)
            grad_output = grad_output[..., None]
        return grad_output * torch.cat([multipliers, multipliers])


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
        found: Tensor = _DeepLift(net).attribute(x, baselines=reference.clone())
    else:
        found = IntegratedGradients(net).attribute(x, baselines=reference, n_steps=steps)
    return found.sum(-2)


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


class _InTurn(nn.Module):
    """A layer that is used several times in a pass, as a layer for each time: captum keeps on a layer what it saw."""

    def __init__(self, layer: nn.Module, n_uses: int) -> None:
        super().__init__()
        self.each = nn.ModuleList(_twin(layer) for _ in range(n_uses))
        self.turn = 0

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        layer = self.each[self.turn]
        self.turn += 1
        return layer(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """What is asked of the layer, such as its window, it answers itself."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            first = next(iter(self._modules["each"].children()))  # type: ignore[union-attr]
            return getattr(first, name)


def _twin(layer: nn.Module) -> nn.Module:
    """The same layer with the same weights, which keeps its own hooks and attributes."""
    twin = copy.copy(layer)
    for name, value in vars(layer).items():
        if isinstance(value, dict):
            vars(twin)[name] = copy.copy(value)
    return twin


@contextmanager
def _calls_apart(model: nn.Module, onehot: Tensor) -> Iterator[None]:
    """Put a layer of its own in the place of every further use of one that is not linear; afterwards all is as it was.

    Captum refuses a layer that is used twice, as one `nn.ReLU` in several places is.
    """
    several = {layer: n for layer, n in _uses(model, onehot).items() if n > 1}
    places = [(parent, name, layer) for parent in model.modules() for name, layer in parent._modules.items()]
    held = {layer: _InTurn(layer, n) for layer, n in several.items()}

    def begin(_: nn.Module, __: Any) -> None:
        for each in held.values():
            each.turn = 0

    handle = model.register_forward_pre_hook(begin)
    try:
        for parent, name, layer in places:
            if layer in held:
                parent._modules[name] = held[layer]
        yield
    finally:
        handle.remove()
        for parent, name, layer in places:
            parent._modules[name] = layer


def _uses(model: nn.Module, onehot: Tensor) -> dict[nn.Module, int]:
    """How often a pass calls each layer that has a rule of its own."""
    found: dict[nn.Module, int] = {}

    def count(layer: nn.Module, _: Any, __: Any) -> None:
        found[layer] = found.get(layer, 0) + 1

    kinds = (_Rectifier, _Pool, Pooling, *SUPPORTED_NON_LINEAR)
    handles = [layer.register_forward_hook(count) for layer in model.modules() if isinstance(layer, kinds)]
    try:
        with torch.no_grad():
            model(onehot)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _joined(parts: list[Tensor]) -> Array:
    return torch.cat(parts).cpu().double().numpy()
