"""How window scores are computed: a seam, so that a faster scan can take the place of torch's convolution.

An engine is a function `(sequences, kernels, biases, padding) -> scores` with gradients for kernels and biases.
`sequences` are integer codes of shape (batch, length), -1 for an unknown letter, or one-hot (batch, letter, length).
The numbers are those of `epool_viz.core.scan`, which is the authority; a test holds every engine to it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from epool_viz.core._arrays import require_choice

Engine = Callable[[Tensor, Tensor, Tensor, str], Tensor]


def torch_scan(sequences: Tensor, kernels: Tensor, biases: Tensor, padding: str) -> Tensor:
    """Torch's convolution, which is a cross-correlation: nothing is flipped."""
    onehot = as_one_hot(sequences, kernels)
    if padding == "same":
        # padded here: of itself torch warns about an even width
        width = kernels.shape[-1]
        onehot = functional.pad(onehot, ((width - 1) // 2, width // 2))
    return functional.conv1d(onehot, kernels, biases)


ENGINES: dict[str, Engine] = {"torch": torch_scan}


def choose_engine(name: str) -> Engine:
    """The engine of this name; "auto" is the fastest that there is."""
    require_choice(name, "engine", ("auto", *ENGINES))
    return ENGINES["torch" if name == "auto" else name]


def as_one_hot(sequences: Tensor, like: Tensor) -> Tensor:
    """Codes (batch, length) as one-hot (batch, letter, length) of the type of `like`; one-hot stays."""
    if sequences.dtype.is_floating_point:
        return sequences.to(like.dtype)
    n_letters = like.shape[-2]
    # the last row, which the code -1 finds, is the unknown letter's column of zeros
    letters = torch.eye(n_letters + 1, n_letters, dtype=like.dtype, device=like.device)
    return letters[sequences.long()].transpose(1, 2)
