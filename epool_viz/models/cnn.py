"""The motif CNN: a scan with kernels, a rectifier, a pooling, one dense unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from epool_viz.core._arrays import require_choice, require_whole
from epool_viz.core.alphabet import Alphabet, get_alphabet
from epool_viz.core.pooling import ACTIVATIONS, activate
from epool_viz.core.scan import PADDINGS, whole_windows
from epool_viz.core.trace import EStepTrace, e_step_trace
from epool_viz.core.types import Array
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.errors import ArgumentError, ShapeError
from epool_viz.models import engine as engines
from epool_viz.models.engine import as_one_hot, no_window
from epool_viz.models.pooling import ExpectationPooling, Pooling, make_pooling
from epool_viz.models.threads import few_threads

_FUSED_BATCH = 4096


@dataclass(frozen=True)
class Preset:
    """A published way to build and to train a network.

    Parameters
    ----------
    padding : "valid" or "same"
    activation : "identity", "relu" or "paper"
    local_window : int
        The local maximum before the pooling, in the expectation branch only.
    batch_size, patience : int
    learning_rate : float
        Of Adam.
    summary : str
        One sentence.
    """

    padding: str
    activation: str
    local_window: int
    batch_size: int
    patience: int
    learning_rate: float
    summary: str


PRESETS = {
    "paper": Preset("same", "paper", 5, 32, 10, 0.01, "As published: rectified scores, the best of every 5 windows."),
    "demo": Preset("same", "relu", 10, 256, 15, 0.01, "The published notebook: ReLU, the best of every 10 windows."),
    "exact": Preset("valid", "identity", 1, 32, 10, 0.01, "Raw scores of whole windows: every identity holds."),
}


class MotifCNN(nn.Module):
    """A one-layer motif CNN whose kernels are PWMs.

    Parameters
    ----------
    n_kernels, width : int
    preset : "paper", "demo" or "exact"
        Padding, rectifier, local maximum, and how `train` trains by default; see `PRESETS`. With "exact" every
        statement of the E-step holds for the trained network: windows with an unknown letter take no part.
    pooling : a key of `POOLINGS`, a dict of settings with "method", or a Pooling layer
        A name or a dict takes the local window from the preset, if it is an expectation; a layer is used as it is.
    m, mode, trainable, local_window :
        The expectation's (and of log-sum-exp `m` and `trainable`), if `pooling` is a name; None leaves the default.
    alphabet : Alphabet or its name
    engine : "auto", "fused" or "torch"
        What scans and pools. "fused" trains many times faster than "torch", to the same numbers within rounding; it
        needs numba and an alphabet of four letters, and leaves to "torch" what it does not take, such as one-hot input.
        "auto" is "fused" where numba is installed; for small predictions it does not load it.
    seed : int
        Of the first weights: the same ones for every pooling. Kernels and output are drawn as in Keras (Glorot's
        uniform), biases are 0, as published.

    Source: Luo et al., Bioinformatics 36(5), 2020, and the authors' `build_model.py`.
    """

    takes_codes = True  # `train` hands over letter codes, which are a sixteenth of one-hot floats

    def __init__(
        self,
        *,
        n_kernels: int,
        width: int,
        preset: str = "paper",
        pooling: str | dict[str, Any] | Pooling = "expectation",
        m: float | None = None,
        mode: int | None = None,
        trainable: bool | None = None,
        local_window: int | None = None,
        padding: str | None = None,
        activation: str | None = None,
        alphabet: str | Alphabet = "DNA",
        engine: str = "auto",
        seed: int = 0,
    ) -> None:
        super().__init__()
        require_choice(preset, "preset", tuple(PRESETS))
        for name, value in (("n_kernels", n_kernels), ("width", width)):
            require_whole(value, name, at_least=1)
        chosen = PRESETS[preset]
        self.preset = preset
        self.padding = chosen.padding if padding is None else padding
        self.activation = chosen.activation if activation is None else activation
        require_choice(self.padding, "padding", PADDINGS)
        require_choice(self.activation, "activation", ACTIVATIONS)
        self.alphabet = get_alphabet(alphabet)
        given = {"m": m, "mode": mode, "trainable": trainable, "local_window": local_window}
        with torch.random.fork_rng(devices=[]):  # torch draws first weights, which are drawn again below
            self.conv = nn.Conv1d(len(self.alphabet), n_kernels, width)
            self.output = nn.Linear(n_kernels, 1)
        self.pooling = _pooling(pooling, {k: v for k, v in given.items() if v is not None}, chosen)
        engines.require_engine(engine)
        self.engine = engine
        self._draw_weights(seed)

    def _draw_weights(self, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        for layer in (self.conv, self.output):
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    # arrays, for the rooms that look

    @property
    def kernels(self) -> Array:
        """A copy of the kernels; shape (kernel, letter, width)."""
        return _numpy(self.conv.weight)

    @property
    def biases(self) -> Array:
        """A copy of the kernels' biases; shape (kernel,)."""
        return _numpy(self.conv.bias)

    @property
    def output_weights(self) -> Array:
        """A copy of the dense unit's weights; shape (kernel,)."""
        return _numpy(self.output.weight[0])

    @property
    def output_bias(self) -> float:
        """The dense unit's bias."""
        return float(self.output.bias.detach()[0])

    @property
    def n_kernels(self) -> int:
        """The number of kernels."""
        return self.conv.out_channels

    @property
    def width(self) -> int:
        """The kernels' width, in letters."""
        return int(self.conv.kernel_size[0])

    @property
    def m(self) -> float | None:
        """The pooling's `m`, learnt or fixed; None where it has none."""
        return getattr(self.pooling, "m", None)

    def settings(self) -> dict[str, Any]:
        """What `MotifCNN(**settings)` makes a network of the same form of; plain values."""
        return {
            "n_kernels": self.n_kernels,
            "width": self.width,
            "preset": self.preset,
            "pooling": self.pooling.settings(),
            "padding": self.padding,
            "activation": self.activation,
            "alphabet": self.alphabet.name,
        }

    # the network

    def scores(self, sequences: Tensor) -> Tensor:
        """Window scores; shape (batch, kernel, position).

        Parameters
        ----------
        sequences : integer codes of shape (batch, length), or one-hot of shape (batch, letter, length)

        Raises
        ------
        ShapeError
            If the sequences are of another shape, or too short.
        """
        self._require_sequences(sequences)
        return engines.torch_scan(sequences, self.conv.weight, self.conv.bias, self.padding)  # type: ignore[arg-type]

    def pool(self, scores: Tensor, sequences: Tensor | None = None) -> Tensor:
        """Rectified and pooled scores; shape (batch, kernel)."""
        pooled: Tensor = self.pooling(activate(scores, self.activation), mask=self._mask(sequences))
        return pooled

    def pooled(self, sequences: Tensor) -> Tensor:
        """What `pool(scores(sequences), sequences)` gives, by the network's engine; shape (batch, kernel).

        Raises
        ------
        ShapeError
            If the sequences are of another shape, or too short.
        """
        if not self.uses_fused(sequences):
            return self.pool(self.scores(sequences), sequences)
        self._require_sequences(sequences)
        return engines.fused_pool(
            sequences,
            self.conv.weight,
            self.conv.bias,  # type: ignore[arg-type]
            pooling=self.pooling,
            padding=self.padding,
            activation=self.activation,
        )

    def uses_fused(self, sequences: Tensor) -> bool:
        """Whether these sequences go by the fused engine; loads it if so."""
        if self.engine == "torch" or not engines.can_fuse(sequences, self.conv.weight, self.pooling, self.padding):
            return False
        is_worth_it = self.engine == "fused" or torch.is_grad_enabled() or engines.is_preferred()
        return is_worth_it and engines.prepare()

    def forward(self, sequences: Tensor) -> Tensor:
        """The log odds that each sequence is bound; shape (batch,)."""
        told: Tensor = self.output(self.pooled(sequences))[:, 0]
        return told

    def predict(self, sequences: SequenceSet | Iterable[str], *, batch_size: int = 256) -> Array:
        """The probability that each sequence is bound.

        Parameters
        ----------
        sequences : SequenceSet of one length, or strings
        batch_size : int

        Returns
        -------
        array, shape (N,)
        """
        return 1 / (1 + np.exp(-predict_log_odds(self, sequences, batch_size=batch_size)))

    def trace(self, sequence: Any, kernel: int = 0, **options: Any) -> EStepTrace:
        """One E-step of one kernel on one sequence, every stage of it: `e_step_trace` with this network's options.

        Parameters
        ----------
        sequence : str, int8 codes, or one-hot array of shape (letter, length)
        kernel : int
        options : further arguments of `e_step_trace`, such as `background`
        """
        return e_step_trace(sequence, self.kernels[kernel], bias=self.biases[kernel], **self.trace_options(), **options)

    def trace_options(self) -> dict[str, Any]:
        """The arguments of `e_step_trace` that make it compute what this network computes.

        Raises
        ------
        ArgumentError
            If the pooling is no expectation.
        """
        if not isinstance(self.pooling, ExpectationPooling):
            raise ArgumentError("pooling", repr(self.pooling.method), "'expectation', whose weights are a posterior")
        return {
            "m": self.pooling.m,
            "mode": self.pooling.mode,
            "local_window": self.pooling.local_window,
            "activation": self.activation,
            "padding": self.padding,
            "alphabet": self.alphabet,
        }

    def _mask(self, sequences: Tensor | None) -> Tensor | None:
        """Raw scores of partial windows are no log odds: they take no part, as in the trace."""
        if self.activation != "identity" or sequences is None:
            return None
        known = sequences >= 0 if not sequences.dtype.is_floating_point else (sequences != 0).any(1)
        if self.padding == "valid" and bool(known.all()):
            return None
        whole: Tensor = whole_windows(as_one_hot(sequences, self.conv.weight), self.width, padding=self.padding)
        if not bool(whole.any(-1).all()):
            raise no_window(self.width)
        return whole[:, None, :]

    def _require_sequences(self, sequences: Tensor) -> None:
        letters = len(self.alphabet)
        codes = sequences.ndim == 2 and not sequences.dtype.is_floating_point
        onehot = sequences.ndim == 3 and sequences.dtype.is_floating_point and sequences.shape[1] == letters
        if not (codes or onehot) or 0 in sequences.shape:
            accepted = f"codes (batch, length), or one-hot floats (batch, {letters}, length)"
            raise ShapeError("sequences", f"of shape {tuple(sequences.shape)}, {sequences.dtype}", accepted)
        if self.padding == "valid" and sequences.shape[-1] < self.width:
            raise ShapeError(
                "sequences", f"{sequences.shape[-1]} letters long", f"at least the kernels' width, {self.width}"
            )


def predict_log_odds(model: nn.Module, sequences: Any, *, batch_size: int = 256) -> Array:
    """The output of a network for each sequence, as log odds; the network is left unchanged.

    Parameters
    ----------
    model : nn.Module
        `model(batch)` gives (batch,) or (batch, 1).
    sequences : SequenceSet, strings, or a tensor that the network takes
    batch_size : int

    Returns
    -------
    array, shape (N,)
    """
    tensor = sequences if isinstance(sequences, Tensor) else as_tensor(model, sequences)
    device = next(model.parameters()).device
    was_training = model.training
    is_large = isinstance(model, MotifCNN) and engines.is_worth_loading(tensor.numel(), model.conv.weight)
    model.eval()
    try:
        with torch.no_grad(), few_threads(), engines.prefer_fused(is_large or engines.is_preferred()):
            if isinstance(model, MotifCNN) and model.uses_fused(tensor):
                batch_size = max(batch_size, _FUSED_BATCH)  # it holds a number a kernel of each
            parts = [log_odds(model, batch.to(device)).cpu() for batch in tensor.split(batch_size)]
    finally:
        model.train(was_training)
    return torch.cat(parts).double().numpy()


def log_odds(model: nn.Module, batch: Tensor) -> Tensor:
    """The network's log odds, shape (batch,); codes are made one-hot for a network that does not take them.

    Raises
    ------
    ShapeError
        If the module gives more than one number a sequence.
    """
    if not getattr(model, "takes_codes", False) and not batch.dtype.is_floating_point:
        batch = as_one_hot(batch, _first_kernels(model))
    found: Tensor = model(batch)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.shape != (len(batch),):
        raise ShapeError(
            "model", f"one that gives shape {tuple(found.shape)}", f"one number a sequence, ({len(batch)},)"
        )
    return found


def _first_kernels(model: nn.Module) -> Tensor:
    """The weights of the first convolution, whose type and letters a one-hot batch takes."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv1d):
            return layer.weight
    raise ArgumentError("model", "without an nn.Conv1d", "a network that begins with one, or a MotifCNN")


def as_tensor(model: nn.Module, sequences: Any) -> Tensor:
    """Letter codes of sequences of one length; shape (N, length).

    Raises
    ------
    ShapeError
        If the lengths differ, or there is no sequence.
    """
    alphabet = getattr(model, "alphabet", None)
    if not isinstance(sequences, SequenceSet):
        sequences = SequenceSet.from_strings(sequences, alphabet=alphabet or "DNA")
    if alphabet is not None and sequences.alphabet != alphabet:
        raise ArgumentError("sequences", f"of {sequences.alphabet.name}", f"{alphabet.name}, the network's alphabet")
    lengths = sequences.lengths
    if not len(sequences) or lengths.min() != lengths.max():
        sequences.one_hot()  # raises, and names the first
    return torch.from_numpy(np.array(sequences.all_codes).reshape(len(sequences), -1))


def _pooling(pooling: str | dict[str, Any] | Pooling, given: dict[str, Any], preset: Preset) -> Pooling:
    if isinstance(pooling, Pooling):
        if given:
            raise ArgumentError("pooling", f"a layer, with {', '.join(given)} beside it", "one or the other")
        return pooling
    settings: dict[str, Any] = {"method": pooling} if isinstance(pooling, str) else dict(pooling)
    settings |= given
    method = settings.pop("method", "expectation")
    if str(method).startswith("expectation"):
        settings.setdefault("local_window", preset.local_window)
    return make_pooling(method, **settings)


def _numpy(tensor: Tensor | None) -> Array:
    assert tensor is not None  # noqa: S101 - for the type checker: every convolution here has a bias
    return tensor.detach().cpu().numpy().copy()
