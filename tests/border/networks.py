"""What an example of the border is: somebody's network, how it was kept, and what its own framework computes.

Nothing here knows how the package reads: an example carries arrays that torch, Keras or ONNX Runtime gave.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from epool_viz.core.types import Array

BATCH, LETTERS, LENGTH = 6, 4, 17  # no other axis of an example has these sizes
KERNELS, WIDTH = 3, 5


def onehot(letters: int = LETTERS, length: int = LENGTH) -> Array:
    """Random sequences, shape (batch, letter, position)."""
    codes = np.random.default_rng(letters * 100 + length).integers(0, letters, (BATCH, length))
    return np.eye(letters, dtype=np.float32)[codes].transpose(0, 2, 1)


@dataclass(frozen=True)
class Behind:
    """What a network makes of the scores of a layer.

    Parameters
    ----------
    activated : shape (batch, kernel, window), or None
        What the next layer is given; None where that is no function of each score.
    names : tuple of str
        What the function may be called besides what the judge knows.
    begins : tuple of str
        What it may be called where the report follows no further: the first of several functions.
    local, local_kind : shape (batch, kernel, stretch) and "max" or "average", or None
        Stretches of windows, where the network pools these first.
    pooled : shape (batch, kernel), or None
        One number a kernel out of all its windows.
    pools : bool
        Whether the network puts windows together at all.
    output : shape (batch,), or None
        What a single unit makes of the pooled values.
    """

    activated: Array | None = None
    names: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    local: Array | None = None
    local_kind: str = ""
    pooled: Array | None = None
    pool_names: tuple[str, ...] = ()
    pools: bool = False
    output: Array | None = None


@dataclass(frozen=True)
class Stage:
    """Scores that a report may show: of a layer, or of a layer with what can be folded into it.

    Parameters
    ----------
    layer : str
        The layer's name where it was kept; empty where it has none.
    alone : shape (batch, kernel, window)
        The layer laid straight on the letters.
    starts : shape (window,)
        The first letter of each window; outside the sequence where the ends are padded.
    through : shape (batch, kernel, window), or None
        The layer within its network; None where its windows are none of the letters.
    behind : Behind, or None where nothing is judged
    may_be_first : bool
        Whether a reader that has only the file may take it for the first.
    reads_input : bool
        Whether nothing but what is folded or moves no number stands between it and the input.
    """

    layer: str
    alone: Array
    starts: Array
    through: Array | None = None
    through_starts: Array | None = None
    behind: Behind | None = None
    may_be_first: bool = True
    reads_input: bool = True


@dataclass(frozen=True)
class Example:
    """One network as it was kept.

    Parameters
    ----------
    id : str
    way : str
        Framework and how it was kept, as in "torch module".
    about : str
        "plain", "layout", "before", "parts", "behind" or "axes".
    make : callable
        Writes it into a folder and gives what `import_kernels` takes.
    stages : tuple of Stage
    onehot : shape (batch, letter, position)
    must : "claimed", "read" or ""
        What a reader that refuses all may not do: "claimed" has to be claimed, "read" has to be read, "bias" has to be
        read with its bias.
    options : dict
        Of `import_kernels`.
    named : tuple of str
        Words that the report has to name.
    can_be_uploaded : bool
    has_convolution : bool
        Whether a refusal may say that there is none.
    axes : str
        How an array lies whose shape allows more than one reading: another may be taken where this one is named.
    rounding : float
        The largest difference from the model that its precision explains.
    """

    id: str
    way: str
    about: str
    make: Callable[[Path], Any]
    stages: tuple[Stage, ...]
    onehot: Array = field(default_factory=onehot)
    must: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    named: tuple[str, ...] = ()
    can_be_uploaded: bool = False
    has_convolution: bool = True
    axes: str = ""
    rounding: float = 1e-4


def canonical(values: Any, kernels: int, batch: int = BATCH) -> Array | None:
    """Any layout of (batch, kernel, window), axes of one among them; None where it is none."""
    array = np.asarray(values, dtype=np.float64)
    kept = [size for size in array.shape if size != 1]
    if kept == [batch, kernels]:  # a single window
        return array.reshape(batch, kernels, 1)
    if kernels == 1 and len(kept) == 2 and kept[0] == batch:
        return array.reshape(batch, 1, kept[1])
    squeezed = array.reshape(kept)
    if squeezed.ndim != 3:
        return None
    for order in permutations(range(3)):
        if tuple(squeezed.shape[axis] for axis in order)[:2] == (batch, kernels):
            return squeezed.transpose(order)
    return None


def window_starts(windows: int, *, stride: int = 1, left: int = 0) -> Array:
    """The first letter of each window of a convolution that adds `left` columns."""
    return np.arange(windows) * stride - left


def slid(sequences: Array, kernels: Array) -> Array:
    """Scores of all whole windows by the definition: shape (batch, kernel, window)."""
    windows = np.lib.stride_tricks.sliding_window_view(sequences, kernels.shape[-1], axis=2)
    return np.einsum("nawj,kaj->nkw", windows.astype(np.float64), kernels.astype(np.float64))
