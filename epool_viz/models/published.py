"""DeepBind-, DeepSEA- and Basset-like networks, from the layer tables of their papers, with the pooling exchanged.

What remains exact in them: each first-layer kernel is a PWM plus a constant, by `kernel_to_pwm`, whatever comes after.
Its pooling weights are a posterior over windows only where the pooling follows the scan straight away; here a rectifier
stands between, so they are a posterior over rectified scores, and in DeepSEA and Basset one within each small group of
windows. Deeper kernels read no letters, and are no PWMs.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from epool_viz.core.types import Array
from epool_viz.errors import ArgumentError, ShapeError
from epool_viz.models.pooling import LocalPooling, make_pooling


class PublishedCNN(nn.Sequential):
    """A network of one of the papers: one-hot (batch, 4, length) in, log odds (batch, output) out."""

    @property
    def first(self) -> nn.Conv1d:
        """The first convolution."""
        return next(layer for layer in self if isinstance(layer, nn.Conv1d))

    @property
    def kernels(self) -> Array:
        """A copy of the first layer's kernels; shape (kernel, letter, width)."""
        return self.first.weight.detach().cpu().numpy().copy()

    @property
    def biases(self) -> Array:
        """A copy of the first layer's biases; shape (kernel,)."""
        assert self.first.bias is not None  # noqa: S101 - for the type checker
        return self.first.bias.detach().cpu().numpy().copy()


def deepbind(
    *,
    n_kernels: int = 16,
    width: int = 24,
    n_hidden: int = 32,
    dropout: float = 0.5,
    pooling: str = "max",
    **settings: Any,
) -> PublishedCNN:
    """A DeepBind-like network: scan, rectify, pool over the whole sequence, one hidden layer or none.

    Parameters
    ----------
    n_kernels, width, n_hidden : int
        The paper's 16 detectors of 24 letters and 32 hidden units; `n_hidden=0` leaves the hidden layer out, as the
        paper does for many proteins.
    dropout : float
        In the paper drawn by the search for the best network.
    pooling, settings : as for `make_pooling`
        The paper has the maximum.

    Source: Alipanahi et al., Nat Biotechnol 33:831 (2015), and its supplement; sequences are padded by a quarter of
    each letter, as there. No second strand is scored.
    """
    pad = nn.ConstantPad1d(width - 1, 0.25)
    layers: list[nn.Module] = [pad, nn.Conv1d(4, n_kernels, width), nn.ReLU(), make_pooling(pooling, **settings)]
    layers.append(nn.Dropout(dropout))
    if n_hidden:
        layers += [nn.Linear(n_kernels, n_hidden), nn.ReLU(), nn.Dropout(dropout)]
    return PublishedCNN(*layers, nn.Linear(n_hidden or n_kernels, 1))


def deepsea(
    *, length: int = 1000, n_outputs: int = 919, scale: float = 1.0, pooling: str = "max", **settings: Any
) -> PublishedCNN:
    """A DeepSEA-like network: three convolutions of width 8, pooled by four, two dense layers.

    Parameters
    ----------
    length, n_outputs : int
        The paper's 1,000 letters and 919 chromatin features.
    scale : float
        Of the number of channels and of hidden units; 1 is the paper's 320, 480, 960 and 925.
    pooling, settings : as for `make_pooling`
        The paper has the maximum of every four windows.

    Raises
    ------
    ShapeError
        If `length` is below 163.

    Source: Zhou & Troyanskaya, Nat Methods 12:931 (2015), and its supplement. At scale 1 it has the 52,843,119
    parameters that the layer table adds up to.
    """
    first, second, third, hidden = (_scaled(n, scale) for n in (320, 480, 960, 925))
    n_positions = _after(_after(length, 8, 4), 8, 4) - 7
    if n_positions < 1:
        raise ShapeError("length", str(length), "enough letters for three convolutions of width 8: 163 or more")
    return PublishedCNN(
        nn.Conv1d(4, first, 8), nn.ReLU(), LocalPooling(make_pooling(pooling, **settings), 4), nn.Dropout(0.2),
        nn.Conv1d(first, second, 8), nn.ReLU(), LocalPooling(make_pooling(pooling, **settings), 4), nn.Dropout(0.2),
        nn.Conv1d(second, third, 8), nn.ReLU(), nn.Dropout(0.5),
        nn.Flatten(), nn.Linear(third * n_positions, hidden), nn.ReLU(), nn.Linear(hidden, n_outputs),
    )  # fmt: skip


def basset(
    *, length: int = 600, n_outputs: int = 164, scale: float = 1.0, pooling: str = "max", **settings: Any
) -> PublishedCNN:
    """A Basset-like network: three convolutions, 19, 11 and 7 wide, with batch normalisation, two dense layers.

    Parameters
    ----------
    length, n_outputs : int
        The paper's 600 letters and 164 cell types.
    scale : float
        Of the number of channels and of hidden units; 1 is the paper's 300, 200, 200 and 1,000.
    pooling, settings : as for `make_pooling`
        The paper has the maximum of every 3, 4 and 4 windows.

    Raises
    ------
    ShapeError
        If `length` is below 168.

    Source: Kelley et al., Genome Res 26:990 (2016), and its supplement.
    """
    first, second, hidden = (_scaled(n, scale) for n in (300, 200, 1000))
    n_positions = _after(_after(_after(length, 19, 3), 11, 4), 7, 4)
    if n_positions < 1:
        raise ShapeError("length", str(length), "enough letters for convolutions of 19, 11 and 7: 168 or more")
    layers: list[nn.Module] = []
    for n_in, n_out, width, window in ((4, first, 19, 3), (first, second, 11, 4), (second, second, 7, 4)):
        layers += [nn.Conv1d(n_in, n_out, width), nn.BatchNorm1d(n_out), nn.ReLU()]
        layers.append(LocalPooling(make_pooling(pooling, **settings), window))
    layers.append(nn.Flatten())
    for n_in in (second * n_positions, hidden):
        layers += [nn.Linear(n_in, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(0.3)]
    return PublishedCNN(*layers, nn.Linear(hidden, n_outputs))


def _after(length: int, width: int, window: int) -> int:
    """Positions after a convolution and a pooling."""
    return max(length - width + 1, 0) // window


def _scaled(n: int, scale: float) -> int:
    if not scale > 0:
        raise ArgumentError("scale", repr(scale), "a number > 0")
    return max(round(n * scale), 1)


def first_scores(network: PublishedCNN, onehot: Tensor) -> Tensor:
    """The window scores of the first layer, before its rectifier; shape (batch, kernel, position)."""
    for layer in network:
        onehot = layer(onehot)
        if isinstance(layer, nn.Conv1d):
            break
    return onehot
