"""Any convolution kernel is a PWM, exactly, up to a constant: the transform, its inverse, its base."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from epool_viz.core._arrays import (
    as_float,
    background_like,
    is_torch,
    namespace,
    require_finite,
    require_number,
    require_shape,
)
from epool_viz.core.alphabet import DNA, Alphabet, get_alphabet, one_hot
from epool_viz.core.motifs import ppm_to_pwm
from epool_viz.core.scan import scan, whole_windows
from epool_viz.core.types import AnyArray
from epool_viz.errors import ArgumentError, NoFiniteBaseError, ShapeError

_KERNEL = "(..., letter, position), neither empty"


class KernelPWM(NamedTuple):
    """What a kernel means.

    Attributes
    ----------
    ppm : shape (..., letter, position)
        Letter probabilities, `q base^kernel`, normalised in each column.
    pwm : shape (..., letter, position)
        Log odds to the kernel's base, `log_base(ppm / q)`; finite even where `ppm` is too small for a float.
    offset : shape (...)
        The constant between the network's score and the log odds of a window: `score = offset + sum_j pwm[S[i+j], j]`.
    """

    ppm: AnyArray
    pwm: AnyArray
    offset: AnyArray


class KernelReadings(NamedTuple):
    """Where a kernel's offset comes from, against a background and against none.

    Attributes
    ----------
    ppm : shape (..., letter, position)
        As in `KernelPWM`: `q base^kernel / Z`.
    shares : shape (..., position)
        `log_base Z_j`, what each column adds to the offset; all 0 where the kernel is log odds against the background.
    offset : shape (...)
        The bias and the sum of the shares.
    plain_ppm : shape (..., letter, position)
        The same with 1 in the place of `q`: `base^kernel / Z`, the PPM against a uniform background.
    plain_shares : shape (..., position)
        `log_base` of that `Z_j`; all 0 where the kernel is the logarithm of a PPM. Infinite at base 1.
    plain_offset : shape (...)
        The bias and the sum of the plain shares.
    """

    ppm: AnyArray
    shares: AnyArray
    offset: AnyArray
    plain_ppm: AnyArray
    plain_shares: AnyArray
    plain_offset: AnyArray


def kernel_to_pwm(kernel: AnyArray, *, bias: Any = 0.0, base: float = math.e, background: Any = None) -> KernelPWM:
    """Read a convolution kernel as a motif.

    With `Z_j = sum_a q[a] base^kernel[a, j]`, `ppm = q base^kernel / Z` and `offset = bias + sum_j log_base Z_j`, every
    window's score is `offset + log_base(P(window | ppm) / P(window | background))`, exactly.

    Parameters
    ----------
    kernel : shape (..., letter, position)
    bias : float, or the shape of the leading axes
    base : float > 1
        The base of the logarithm that the score is taken to be. ePooling with parameter `m` means `base = e^m`.
    background : shape (letter,), or None for uniform

    Returns
    -------
    KernelPWM

    Raises
    ------
    ArgumentError
        If the kernel is not finite, `base` is not above 1, or the background is not one.
    ShapeError
        If the kernel has fewer than two axes.

    Source: Ding et al., bioRxiv 163220, theorem 1, carried over to any background. Adding a constant to a column leaves
    `ppm` as it is and moves `offset` by that constant.
    """
    require_number(base, "base", above=1)
    return kernel_to_pwm_at(kernel, math.log(base), bias=bias, background=background)


def kernel_to_pwm_at(kernel: AnyArray, log_base: Any, *, bias: Any = 0.0, background: Any = None) -> KernelPWM:
    """`kernel_to_pwm` for the base `e^log_base`, which may be too large for a float.

    Parameters
    ----------
    log_base : float >= 0
        The `m` of ePooling. At 0 the limit is taken: `ppm` is the background, and `pwm` the kernel less its mean over
        the background, so that the score's identity still holds.

    Raises
    ------
    ArgumentError
        If `log_base` is negative, or a number is not finite.
    ShapeError
        If the kernel is not of shape (..., letter, position).
    """
    kernel = as_float(kernel, "kernel")
    require_shape(kernel, "kernel", at_least=2, accepted=_KERNEL)
    require_finite(kernel, "kernel")
    require_number(log_base, "log_base", at_least=0)
    xp = namespace(kernel)
    q = background_like(background, kernel, kernel.shape[-2])[:, None]
    log_z = _log_mean_power(kernel, q, log_base)
    pwm = kernel - log_z[..., None, :]
    # from the log odds, so that a column constant cannot touch it; the sum takes out what rounding left
    ppm = q * xp.exp(log_base * pwm)
    ppm = ppm / xp.sum(ppm, axis=-2, keepdims=True)
    offset = as_float(bias, "bias", like=kernel) + xp.sum(log_z, axis=-1)
    return KernelPWM(ppm, pwm, offset)


def kernel_readings_at(kernel: AnyArray, log_base: Any, *, bias: Any = 0.0, background: Any = None) -> KernelReadings:
    """The offset of a kernel column by column, to the base `e^log_base`.

    Every window's score is `offset + log_base(P(window | ppm) / P(window | background))`, and it is
    `plain_offset + log_base P(window | plain_ppm)`. So a kernel whose shares are 0 gives log Bayes factors, one whose
    plain shares are 0 gives log likelihoods, and any kernel gives both but for a constant.

    Parameters
    ----------
    kernel, log_base, bias, background : as for `kernel_to_pwm_at`

    Returns
    -------
    KernelReadings

    Source: Ding et al., bioRxiv 163220, theorem 1, which has 1 in the place of the background.
    """
    reading = kernel_to_pwm_at(kernel, log_base, bias=bias, background=background)
    kernel = as_float(kernel, "kernel")
    xp = namespace(kernel)
    n_letters = kernel.shape[-2]
    plain = kernel_to_pwm_at(kernel, log_base, bias=bias)
    shares, plain_shares = (
        _log_mean_power(kernel, background_like(q, kernel, n_letters)[:, None], log_base) for q in (background, None)
    )
    # a mean over the letters is a sum divided by their number
    lost = math.log(n_letters) / log_base if log_base > 0 else math.inf
    plain_shares = plain_shares + lost
    plain_offset = as_float(bias, "bias", like=kernel) + xp.sum(plain_shares, axis=-1)
    return KernelReadings(reading.ppm, shares, reading.offset, plain.ppm, plain_shares, plain_offset)


def _log_mean_power(kernel: AnyArray, q: AnyArray, log_base: Any) -> AnyArray:
    """`log_base sum_a q[a] base^kernel[a]`, for each column: (..., letter, position) -> (..., position).

    Near base 1 all powers are near 1 and the plain logarithm of their mean would lose the kernel's own digits, so small
    exponents go through expm1 and log1p; large ones are taken from the column's largest.
    """
    xp = namespace(kernel)
    top = xp.max(kernel, axis=-2, keepdims=True)
    exponents = log_base * (kernel - top)
    loss = xp.sum(q * xp.expm1(exponents), axis=-2)
    near = loss > -0.5
    small = xp.log1p(xp.where(near, loss, xp.zeros_like(loss)))
    large = xp.log(xp.sum(q * xp.exp(exponents), axis=-2))
    mean = xp.sum(q * (kernel - top), axis=-2)  # the limit at base 1
    safe_log_base = log_base + (log_base == 0)
    scaled = xp.where(near, small, large) / safe_log_base
    return top[..., 0, :] + xp.where(xp.zeros_like(scaled) + log_base == 0, mean, scaled)


def pwm_to_kernel(ppm: AnyArray, *, base: float = math.e, background: Any = None, pseudocount: float = 0.0) -> AnyArray:
    """The kernel whose scores are a motif's log odds, `log_base(ppm / background)`: the inverse of `kernel_to_pwm`.

    Parameters
    ----------
    ppm : shape (..., letter, position)
        Letter probabilities.
    base : float > 1
    background : shape (letter,), or None for uniform
    pseudocount : float >= 0
        Parts of background mixed into one part of `ppm`.

    Returns
    -------
    Array, shape as `ppm`; its offset is 0 for the same base and background.

    Raises
    ------
    ArgumentError
        For a zero probability while `pseudocount` is 0: no finite kernel means it.
    """
    return ppm_to_pwm(ppm, background=background, base=base, pseudocount=pseudocount)


def estimate_base(kernels: AnyArray, sequences: Any, *, alphabet: str | Alphabet = DNA) -> float:
    """The logarithm base under which the kernels' best windows are most probable.

    Maximises `beta sum x_max - N sum_k sum_j ln sum_a exp(beta W_k[a, j])`, concave in `beta = ln base`, over the best
    window (`x_max`, without bias) of each of `N` sequences for each kernel.

    Parameters
    ----------
    kernels : shape (kernel, letter, width) or (letter, width)
    sequences : SequenceSet, iterable of strings, or one-hot array of shape (N, letter, length)
    alphabet : Alphabet or its name
        Read for strings only.

    Returns
    -------
    float > 1

    Raises
    ------
    NoFiniteBaseError
        If the likelihood is largest at a base of 1 or less (the best windows score no better than the columns' means),
        at infinity (every best window has the best letter in every column), or beyond what a float holds.
    ArgumentError, ShapeError
        If a sequence has no whole window of known letters.

    Source: Ding et al., bioRxiv 163220, the maximum-likelihood base.
    """
    kernels = np.asarray(kernels.detach().cpu() if is_torch(kernels) else kernels, dtype=np.float64)
    require_shape(kernels, "kernels", at_least=2, accepted="(kernel, letter, width) or (letter, width)")
    require_finite(kernels, "kernels")
    kernels = kernels.reshape(-1, *kernels.shape[-2:])
    per_sequence = [_best_scores(x, kernels, f"sequences[{i}]") for i, x in enumerate(_one_hots(sequences, alphabet))]
    if not per_sequence:
        raise ArgumentError("sequences", "empty", "at least one sequence")
    gain = float(np.mean(np.sum(per_sequence, axis=1)))  # sum over kernels of the best score, a sequence
    scale = float(np.max(np.ptp(kernels, axis=-2)))
    centred = (kernels - kernels.mean(axis=-2, keepdims=True)) / (scale or 1.0)
    gain = (gain - float(kernels.mean(axis=-2).sum())) / (scale or 1.0)

    def slope(beta: float) -> float:
        weights = np.exp(beta * (centred - centred.max(axis=-2, keepdims=True)))
        return gain - float(np.sum(np.sum(weights * centred, axis=-2) / weights.sum(axis=-2)))

    return _base_from_slope(slope, gain, float(centred.max(axis=-2).sum()), scale)


def _base_from_slope(slope: Any, at_zero: float, ceiling: float, scale: float) -> float:
    """Find where the slope of the log likelihood, which falls as beta grows, is 0."""
    from scipy.optimize import brentq

    rounding = 1e-12 * max(ceiling, 1.0)
    if at_zero <= rounding:
        raise NoFiniteBaseError(
            "no base above 1 exists: the kernels' best windows score no better than the mean of each column "
            f"({at_zero:.3g} of a possible {ceiling:.3g}), so the likelihood is largest at base <= 1"
        )
    if ceiling - at_zero <= rounding:
        raise NoFiniteBaseError(
            "the base runs to infinity: every best window has the best letter in every column, so the likelihood grows "
            "with the base without end; use more sequences, or ones that differ from the consensus"
        )
    high = 1.0
    while slope(high) > 0:
        high *= 2
    log_base = float(brentq(slope, 0.0, high, xtol=1e-14 * high, rtol=1e-14)) / scale
    if log_base > math.log(np.finfo(np.float64).max):
        raise NoFiniteBaseError(
            f"the base is e^{log_base:.6g}, beyond what a float holds: the kernels' entries differ by at most "
            f"{scale:.3g}; scale the kernels up"
        )
    return math.exp(log_base)


def _one_hots(sequences: Any, alphabet: str | Alphabet) -> Iterable[Any]:
    if is_torch(sequences) or isinstance(sequences, np.ndarray):
        onehots = np.asarray(sequences.detach().cpu() if is_torch(sequences) else sequences)
        if onehots.ndim != 3:
            raise ShapeError("sequences", f"of shape {onehots.shape}", "(N, letter, length), or strings")
        return onehots
    if isinstance(sequences, str):
        sequences = [sequences]
    alphabet = get_alphabet(getattr(sequences, "alphabet", alphabet))
    return (one_hot(sequence, alphabet) for sequence in sequences)


def _best_scores(onehot: Any, kernels: Any, name: str) -> Any:
    """The best whole window of one sequence for each kernel: shape (kernel,)."""
    if onehot.shape[-1] < kernels.shape[-1]:
        raise ShapeError(name, f"{onehot.shape[-1]} letters long", f"at least the width, {kernels.shape[-1]}")
    whole = whole_windows(onehot, kernels.shape[-1])
    if not whole.any():
        raise ArgumentError(name, "a sequence without a window of known letters", "one such window at least")
    return scan(onehot, kernels)[:, whole].max(axis=-1)
