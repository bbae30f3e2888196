"""Window scores: a kernel slid along a one-hot sequence.

Torch's and Keras's convolutions are cross-correlations, and so is this: nothing is flipped.
"""

from __future__ import annotations

from typing import Any

from epool_viz.core._arrays import as_float, is_torch, namespace, require_choice, require_shape
from epool_viz.core.alphabet import DNA, Alphabet
from epool_viz.core.strands import other_strand_kernel
from epool_viz.core.types import AnyArray
from epool_viz.errors import ShapeError

PADDINGS = ("valid", "same")


def scan(onehot: AnyArray, kernel: AnyArray, *, bias: Any = 0.0, padding: str = "valid") -> AnyArray:
    """Score every window: `x_i = bias + sum_j kernel[S[i+j], j]`.

    Parameters
    ----------
    onehot : shape (batch, letter, length) or (letter, length)
        A column of zeros is an unknown letter and adds nothing.
    kernel : shape (kernel, letter, width) or (letter, width)
    bias : float, or shape (kernel,)
    padding : "valid" or "same"
        "same" adds (width - 1) // 2 columns of zeros on the left and width // 2 on the right, as Keras and torch do,
        so there are as many windows as letters.

    Returns
    -------
    Array, shape (batch, kernel, position); without the axes that the input did not have. Window `i` starts at letter
    `i` ("valid"), or at letter `i - (width - 1) // 2` ("same").

    Raises
    ------
    ShapeError
        If letters do not agree, or "valid" leaves no window.

    Source: Luo et al., Bioinformatics 36(5), 2020, eq. 1.
    """
    kernel = as_float(kernel, "kernel")
    onehot = as_float(onehot, "onehot", like=kernel)
    _require_scannable(onehot, kernel, padding)
    xp = namespace(onehot, kernel)
    width = kernel.shape[-1]
    onehot = _pad(onehot, width, padding)
    n_windows = onehot.shape[-1] - width + 1
    columns = kernel if kernel.ndim == 3 else kernel[None, ...]
    scores = 0.0
    for j in range(width):
        # (kernel, letter) @ (..., letter, position) -> (..., kernel, position)
        scores = scores + columns[:, :, j] @ onehot[..., :, j : j + n_windows]
    bias = as_float(bias, "bias", like=kernel)
    if bias.ndim and tuple(bias.shape) != (columns.shape[0],):
        raise ShapeError("bias", f"of shape {tuple(bias.shape)}", f"a number, or shape ({columns.shape[0]},)")
    scores = scores + xp.reshape(bias, (-1, 1))
    return scores if kernel.ndim == 3 else scores[..., 0, :]


def scan_both_strands(
    onehot: AnyArray,
    kernel: AnyArray,
    *,
    bias: Any = 0.0,
    padding: str = "valid",
    strand_reading: str = "motif",
    m: float = 1.0,
    background: Any = None,
    alphabet: str | Alphabet = DNA,
) -> AnyArray:
    """Score every window as it stands and as its other strand reads, side by side.

    Parameters
    ----------
    onehot, kernel, bias, padding : as for `scan`
    strand_reading : "motif" or "network"
        "motif": on either strand the log ratio of the motif, to the base `e^m`, against the one background of the
        sequence, and the kernel's offset. "network": on the other strand the kernel on the reverse complement. They
        agree where the background is its own complement.
    m, background : as for `other_strand_kernel`; read only for "motif"
    alphabet : Alphabet or its name; DNA or RNA

    Returns
    -------
    Array, shape (..., 2 * position): the scores of the kernel, then those of the other strand's, both by the window's
    start on the given strand. A site is then a (position, strand) pair, and every pooling of the last axis works on
    pairs.
    """
    forward = scan(onehot, kernel, bias=bias, padding=padding)
    kernel = other_strand_kernel(kernel, strand_reading=strand_reading, m=m, background=background, alphabet=alphabet)
    other = scan(onehot, kernel, bias=bias, padding=padding)
    return namespace(forward).concat([forward, other], axis=-1)


def whole_windows(onehot: AnyArray, width: int, *, padding: str = "valid") -> AnyArray:
    """Which windows hold `width` known letters, so that their score is a whole one.

    Parameters
    ----------
    onehot : shape (..., letter, length)
    width : int
    padding : "valid" or "same"

    Returns
    -------
    Boolean array, shape (..., position). False where a window overlaps the padding or contains an unknown letter.

    Raises
    ------
    ArgumentError
        If there is no such padding.
    ShapeError
        If the sequence is shorter than the kernel, or has no letters.
    """
    onehot = as_float(onehot, "onehot")
    require_shape(onehot, "onehot", at_least=2, accepted="(..., letter, length), neither empty")
    require_choice(padding, "padding", PADDINGS)
    xp = namespace(onehot)
    known = xp.any(_pad(onehot, width, padding) != 0, axis=-2)
    n_windows = known.shape[-1] - width + 1
    if n_windows < 1:
        raise ShapeError("onehot", f"{onehot.shape[-1]} letters long", f"at least the width, {width}")
    whole = known[..., :n_windows]
    for j in range(1, width):
        whole = xp.logical_and(whole, known[..., j : j + n_windows])
    return whole


def window_starts(n_windows: int, width: int, padding: str) -> range:
    """The letter at which each window starts; negative where it starts in the padding."""
    first = -((width - 1) // 2) if padding == "same" else 0
    return range(first, first + n_windows)


def _pad(onehot: AnyArray, width: int, padding: str) -> AnyArray:
    if padding == "valid" or width == 1:
        return onehot
    xp = namespace(onehot)
    device = onehot.device if is_torch(onehot) else None
    sides = [
        xp.zeros((*onehot.shape[:-1], n), dtype=onehot.dtype, device=device) for n in ((width - 1) // 2, width // 2)
    ]
    return xp.concat([sides[0], onehot, sides[1]], axis=-1)


def _require_scannable(onehot: AnyArray, kernel: AnyArray, padding: str) -> None:
    require_choice(padding, "padding", PADDINGS)
    require_shape(onehot, "onehot", at_least=2, accepted="(batch, letter, length) or (letter, length)")
    require_shape(kernel, "kernel", at_least=2, accepted="(kernel, letter, width) or (letter, width)")
    if kernel.ndim > 3:
        raise ShapeError("kernel", f"of shape {tuple(kernel.shape)}", "(kernel, letter, width) or (letter, width)")
    if onehot.shape[-2] != kernel.shape[-2]:
        raise ShapeError(
            "kernel",
            f"of {kernel.shape[-2]} letters against {onehot.shape[-2]} of the sequence",
            "the same letters in both, axis order (..., letter, position)",
        )
    if padding == "valid" and onehot.shape[-1] < kernel.shape[-1]:
        raise ShapeError(
            "onehot", f"{onehot.shape[-1]} letters long", f"at least the kernel's width, {kernel.shape[-1]}"
        )
