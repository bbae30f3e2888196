"""Compares kernels with what the network itself computes, where it can be run."""

from __future__ import annotations

import dataclasses

import numpy as np

from epool_viz.core.scan import scan
from epool_viz.core.types import Array
from epool_viz.data.networks.kernels import ImportedKernels, ImportOptions
from epool_viz.data.networks.network_layers import Network, NotRunError, Scores
from epool_viz.data.networks.statements import disagreement

MOST = 1e-4  # of a difference between single-precision sums, relative to how far the scores lie apart
_LEAST_SHARE = 1e-2
_UNITS = {"float16": 2.0**-11, "bfloat16": 2.0**-8}  # what one rounding changes a number by, relative to it
_ROUNDINGS = 4  # of the kernel, of what is summed, of the bias and of the score

_SEED = 7
_BATCH = 2


def held_against(network: Network, found: ImportedKernels, reading: ImportOptions) -> ImportedKernels:
    """The kernels, compared with what `network` computes of random one-hot letters, where it can be run.

    Parameters
    ----------
    network : Network
    found : ImportedKernels
        As `assemble` gives them for this network and reading.
    reading : ImportOptions
    """
    if network.run is None:
        return found
    conv = next((each for each in network.convolutions if each.name == found.layer), None)
    if found.reads_letters is False or conv is None or conv.before is None:
        return not_checked(found, "it is not known that these kernels read letters")
    codes = np.zeros((0, 0), np.int64)

    def onehot_of(length: int | None) -> Array:
        nonlocal codes
        n = 3 * found.width + 31 if length is None else length
        codes = np.random.default_rng(_SEED).integers(0, len(found.alphabet), (_BATCH if length is None else 1, n))
        letters = np.array([[found.alphabet.letters.find(each)] for each in found.letters])
        return np.asarray(codes[:, None] == letters, dtype=np.float32)

    try:
        scores = network.run(found.layer, onehot_of, reading.fold_batch_norm is not False)
    except NotRunError as error:
        return not_checked(found, str(error))
    difference = largest_difference(found, codes, scores.values, first=scores.first, stride=scores.stride)
    if difference is None:
        return not_checked(found, "its input is shorter than a kernel")
    is_rounding = scores.kind and _is_rounding(found, codes, scores)
    return checked(found, difference, most=max(MOST, difference) if is_rounding else MOST, kind=scores.kind)


def largest_difference(
    found: ImportedKernels, codes: Array, scores: Array, *, first: int = 0, stride: int = 1
) -> float | None:
    """The largest difference between the network's scores and those of the kernels that were read, on whole windows.

    Parameters
    ----------
    found : ImportedKernels
    codes : shape (batch, length)
        Places of the letters in the order of `found.alphabet`; below 0 for an unknown one, whose windows take no part.
    scores : shape (batch, kernel, window)
        What the network computed.
    first : int
        The letter at which its first window starts; negative where that stands in the padding.
    stride : int

    Returns
    -------
    float or None
        Relative to how far the scores of each kernel lie apart; infinite where the numbers of kernels or windows
        differ; None where no window is a whole one.
    """
    if scores.shape[:2] != (len(codes), len(found)):
        return float("inf")
    laid = _laid(found.kernels, found.bias, codes, scores, first, stride)
    if laid is None:
        return None
    computed, expected = laid
    apart = np.abs(computed - expected).max(axis=0)
    # a bias that dwarfs its kernel leaves no more digits for it than this
    size = np.maximum(np.ptp(expected, axis=0), _LEAST_SHARE * np.abs(expected).max(axis=0))
    relative = np.divide(apart, size, out=apart.copy(), where=size > 0)
    return float(relative.max()) if np.isfinite(relative).all() else float("inf")


def _is_rounding(found: ImportedKernels, codes: Array, scores: Scores) -> bool:
    """Whether every difference is one that half precision makes: some roundings of the magnitudes in its window."""
    if scores.values.shape[:2] != (len(codes), len(found)):
        return False
    first, stride = scores.first, scores.stride
    laid = _laid(found.kernels, found.bias, codes, scores.values, first, stride)
    magnitudes = _laid(np.abs(found.kernels), np.abs(found.bias), codes, scores.values, first, stride)
    if laid is None or magnitudes is None:
        return False
    most = _ROUNDINGS * _UNITS[scores.kind] * magnitudes[1]
    return bool((np.abs(laid[0] - laid[1]) <= most).all())


def _laid(
    kernels: Array, bias: Array, codes: Array, scores: Array, first: int, stride: int
) -> tuple[Array, Array] | None:
    """The scores that were computed, and those of the kernels, (window, kernel), on whole windows; None for none."""
    width = kernels.shape[2]
    starts = first + stride * np.arange(scores.shape[-1])
    is_within = (starts >= 0) & (starts <= codes.shape[1] - width)
    onehot = np.eye(kernels.shape[1])[codes].transpose(0, 2, 1)
    expected = np.asarray(scan(onehot, kernels.astype(np.float64), bias=bias.astype(np.float64)))
    known = np.asarray(codes >= 0)
    is_known = np.asarray(np.lib.stride_tricks.sliding_window_view(known, width, axis=1).all(axis=-1))
    taken = is_known[:, starts[is_within]]
    if not taken.any():
        return None
    return scores[:, :, is_within].swapaxes(1, 2)[taken], expected[:, :, starts[is_within]].swapaxes(1, 2)[taken]


def checked(found: ImportedKernels, difference: float, *, most: float = MOST, kind: str = "") -> ImportedKernels:
    """The same with the result of the check; kernels that do not agree lose every claim.

    Parameters
    ----------
    found : ImportedKernels
    difference : float
        As `largest_difference` gives it.
    most : float
        That rounding explains.
    kind : str
        "float16" or "bfloat16" where the model computes in half precision.
    """
    if difference <= most:
        why = f", which is the rounding of half precision ({kind}), in which it computes"
        check = f"Checked against the model: {difference:.1g}{why if kind and difference > MOST else ''}."
        return dataclasses.replace(found, difference=difference, check=check)
    return dataclasses.replace(
        found,
        difference=difference,
        check=f"Checked against the model: it does not agree, the difference is {difference:.2g}.",
        reads_letters=False,
        statements=(disagreement(found.layer, difference),),
    )


def not_checked(found: ImportedKernels, why: str) -> ImportedKernels:
    """The same with the reason why it was not compared with the model, as in "onnxruntime is not installed"."""
    return dataclasses.replace(found, difference=None, check=f"Not checked against the model: {why}.")
