"""Pooling the scores of all windows into one number: max, average, log-sum-exp, expectation.

Also what the published network puts between the scan and the pooling: the rectifier and the local maximum.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from epool_viz.core._arrays import (
    as_float,
    check_mask,
    is_torch,
    namespace,
    only_first_max,
    require_choice,
    require_number,
)
from epool_viz.core._softmax import checked_scores, half_distances, mean_of_row, shifted_exponents
from epool_viz.core.poolings import METHODS
from epool_viz.core.types import AnyArray
from epool_viz.errors import ArgumentError, ShapeError

MODES = (0, 1)
ACTIVATIONS = ("identity", "relu", "paper")


def expectation_pool(scores: AnyArray, *, m: Any = 1.0, mode: int = 0, mask: Any = None) -> AnyArray:
    """ePooling: the mean of the scores under their own posterior, `sum_i softmax(m x)_i x_i`.

    Parameters
    ----------
    scores : shape (..., position)
    m : float, or an array that broadcasts to (..., 1)
        0 gives the average, infinity the maximum. The kernel reads as a PWM for `m > 0` only; a negative `m` pools
        towards the minimum, `-expectation_pool(-scores, -m)`.
    mode : 0 or 1
        1: only windows above the mean take part, those equal to it by half; at `m = 0` all do, as published.
    mask : booleans that broadcast to `scores`, or None
        True where a window takes part.

    Returns
    -------
    Array, shape (...), between the average and the maximum; finite for every finite input.

    Raises
    ------
    ArgumentError
        If `m` is not finite, `mode` is neither, or `mask` leaves no window in a row.

    Source: Luo et al., Bioinformatics 36(5), 2020, eq. 4-6. The published mode 1 overflows once m (max - mean) passes
    88; this one is shifted by the maximum, which changes nothing else.
    """
    scores, mask = checked_scores(scores, m, mask, negative_m=True)
    weights = expectation_stages(scores, m=m, mode=mode, mask=mask).weights
    xp = namespace(scores)
    sign = _sign(m)
    below, top = half_distances(sign * scores, mask)
    return (sign * 2 * (top + xp.sum(weights * below, axis=-1, keepdims=True)))[..., 0]


def max_pool(scores: AnyArray, *, mask: Any = None) -> AnyArray:
    """The largest score of the last axis; its gradient goes to the first largest window alone.

    Raises
    ------
    ArgumentError
        If `mask` leaves no window in a row.
    ShapeError
        If there is no position.
    """
    scores, mask = checked_scores(scores, 1.0, mask)
    return _select(scores, _max_weights(scores, mask))


def average_pool(scores: AnyArray, *, mask: Any = None) -> AnyArray:
    """The mean score of the last axis, over the windows that take part."""
    return expectation_pool(scores, m=0.0, mask=mask)


def logsumexp_pool(scores: AnyArray, *, m: Any = 1.0, mask: Any = None) -> AnyArray:
    """`(1/m) ln sum_i exp(m x_i)`: a sequence's log evidence to the base `e^m`, up to the kernel's offset and `n`.

    Parameters
    ----------
    scores : shape (..., position)
    m : float > 0, or an array that broadcasts to (..., 1)
    mask : booleans that broadcast to `scores`, or None

    Returns
    -------
    Array, shape (...); between the maximum and the maximum + ln(n)/m.

    Raises
    ------
    ArgumentError
        If `m` is not finite and above 0, or `mask` leaves no window in a row.
    ShapeError
        If there is no position.
    """
    scores, mask = checked_scores(scores, m, mask)
    require_number(m, "m", above=0)
    xp = namespace(scores)
    exponents, top = shifted_exponents(scores, m, mask)
    return (top + xp.log(xp.sum(xp.exp(exponents), axis=-1, keepdims=True)) / m)[..., 0]


def pool(scores: AnyArray, *, method: str = "expectation", m: Any = 1.0, mode: int = 0, mask: Any = None) -> AnyArray:
    """The pooled value by the name of the pooling; shape (...).

    Parameters
    ----------
    scores : shape (..., position)
    method : one of `METHODS`
        max and average pass over `m`, all but expectation over `mode`.
    m, mode, mask : as for `expectation_pool`

    Raises
    ------
    ArgumentError
        If there is no such pooling, or an argument is not what it takes.
    """
    require_choice(method, "method", METHODS)
    return FUNCTIONS[method].value(scores, m, mode, mask)


def pool_weights(
    scores: AnyArray, *, method: str = "expectation", m: Any = 1.0, mode: int = 0, mask: Any = None
) -> AnyArray:
    """The share of each window in the pooled value.

    Parameters
    ----------
    scores : shape (..., position)
    method : one of `METHODS`
        max gives 1 to the first largest window; log-sum-exp has the weights of expectation, mode 0.
    m, mode, mask : as for `expectation_pool`

    Returns
    -------
    Array, shape as `scores`; sums to 1.

    Raises
    ------
    ArgumentError
        If there is no such pooling, `m` is not finite, or `mask` leaves no window in a row.
    ShapeError
        If there is no position.
    """
    require_choice(method, "method", METHODS)
    scores, mask = checked_scores(scores, m, mask, negative_m=True)
    return FUNCTIONS[method].weights(scores, m, mode, mask)


def pool_gradient(
    scores: AnyArray, *, method: str = "expectation", m: Any = 1.0, mode: int = 0, mask: Any = None
) -> AnyArray:
    """The derivative of the pooled value with respect to each score, in closed form.

    For expectation it is `weight_i (1 + m (x_i - ePool))`, negative where `x_i < ePool - 1/m`; for the others it is the
    weight itself.

    Parameters
    ----------
    scores, method, m, mode, mask : as for `pool_weights`

    Returns
    -------
    Array, shape as `scores`; sums to 1.

    Raises
    ------
    ArgumentError
        If there is no such pooling, `m` is not finite, or `mask` leaves no window in a row.
    ShapeError
        If there is no position.

    Source: Luo et al., Bioinformatics 36(5), 2020, section 2 (the derivative of the softmax-weighted mean).
    """
    require_choice(method, "method", METHODS)
    scores, mask = checked_scores(scores, m, mask, negative_m=True)
    functions = FUNCTIONS[method]
    return (functions.gradient or functions.weights)(scores, m, mode, mask)


def activate(scores: AnyArray, activation: str) -> AnyArray:
    """What the network does to a score before pooling.

    Parameters
    ----------
    scores : any shape
    activation : "identity", "relu" or "paper"
        "paper" is `min(max(x, 0), 10) - 0.5 max(-x, 0)`, as published with ePooling.

    Raises
    ------
    ArgumentError
        If there is no such activation.
    """
    require_choice(activation, "activation", ACTIVATIONS)
    scores = as_float(scores, "scores")
    xp = namespace(scores)
    if activation == "identity":
        return scores
    zeros = xp.zeros_like(scores)
    positive = xp.where(scores > 0, scores, zeros)
    if activation == "relu":
        return positive
    capped = xp.where(positive > 10, xp.full_like(scores, 10.0), positive)
    return capped + 0.5 * xp.where(scores < 0, scores, zeros)


class ExpectationStages(NamedTuple):
    """The softmax of ePooling, stage by stage.

    Attributes
    ----------
    gate : shape (..., position)
        The prior weight of each window: 1, or in mode 1 one half at the mean and 0 below it; 0 where masked.
    shifted : shape (..., position)
        `m (x - max x)`, from the minimum for a negative `m`; minus infinity where masked.
    exponentials : shape (..., position)
        `gate * e^shifted`.
    total : shape (..., 1)
        Their sum, 1/2 at the least.
    weights : shape (..., position)
        `exponentials / total`.
    """

    gate: AnyArray
    shifted: AnyArray
    exponentials: AnyArray
    total: AnyArray
    weights: AnyArray


class LocalMax(NamedTuple):
    """The winners of a local maximum.

    Attributes
    ----------
    values : shape (..., cell)
    positions : shape (..., cell), integers
        The place that each cell's value comes from.
    """

    values: AnyArray
    positions: AnyArray


def local_max(scores: AnyArray, window: int, *, mask: Any = None) -> LocalMax:
    """The largest of every `window` neighbours; a last, incomplete group is dropped, as in the published code.

    Parameters
    ----------
    scores : shape (..., position)
    window : int >= 1
        Both the size and the stride.
    mask : booleans that broadcast to `scores`, or None
        True where a window may win. A group with none takes its first.

    Returns
    -------
    LocalMax
        Of equals, the first one wins.

    Raises
    ------
    ArgumentError, ShapeError
        If `window` is not a whole number from 1 to the number of positions.
    """
    scores, _ = checked_scores(scores, 1.0, None)
    mask = check_mask(mask, scores, allow_empty=True)
    if isinstance(window, bool) or int(window) != window or window < 1:
        raise ArgumentError("local_window", repr(window), "a whole number >= 1")
    n_cells = scores.shape[-1] // window
    if n_cells == 0:
        raise ShapeError("local_window", f"{window} for {scores.shape[-1]} windows", "at most the number of windows")
    xp = namespace(scores)
    # (..., position) -> (..., cell, place in cell)
    shape = (*scores.shape[:-1], n_cells, window)
    cells = xp.reshape(scores[..., : n_cells * window], shape)
    keys = cells
    if mask is not None:
        keys = xp.where(xp.reshape(mask[..., : n_cells * window], shape), cells, xp.full_like(cells, -math.inf))
    firsts = xp.arange(n_cells, device=scores.device if is_torch(scores) else None) * window
    return LocalMax(_select(cells, only_first_max(keys)), xp.argmax(keys, axis=-1) + firsts)


def expectation_stages(scores: AnyArray, *, m: Any = 1.0, mode: int = 0, mask: Any = None) -> ExpectationStages:
    """Every stage of ePooling's weights; arguments as for `expectation_pool`.

    Raises
    ------
    ArgumentError
        If `m` is not finite, `mode` is neither, or `mask` leaves no window in a row.
    """
    scores, mask = checked_scores(scores, m, mask, negative_m=True)
    require_choice(mode, "mode", MODES)
    xp = namespace(scores)
    scores, m = _sign(m) * scores, _sign(m) * m
    gate = xp.ones_like(scores) if mask is None else xp.astype(mask, scores.dtype)
    if mode == 1:
        # at m = 0 no window differs from the mean, as published: the plain average
        gate = xp.where(xp.zeros_like(scores) + m == 0, gate, gate * _above_mean(scores, mask))
    shifted, _ = shifted_exponents(scores, m, mask)
    exponentials = gate * xp.exp(shifted)
    total = xp.sum(exponentials, axis=-1, keepdims=True)
    return ExpectationStages(gate, shifted, exponentials, total, exponentials / total)


def _sign(m: Any) -> Any:
    """-1 for a negative `m`, else 1."""
    return 1 - 2 * (m < 0)


def _above_mean(scores: AnyArray, mask: AnyArray | None) -> AnyArray:
    """1 above the mean of the row, one half at it, 0 below; the largest score is never below."""
    xp = namespace(scores)
    below, _ = half_distances(scores, mask)
    mean = mean_of_row(below, mask)
    return xp.astype(below > mean, scores.dtype) + 0.5 * xp.astype(below == mean, scores.dtype)


def _max_weights(scores: AnyArray, mask: AnyArray | None) -> AnyArray:
    xp = namespace(scores)
    if mask is not None:
        scores = xp.where(mask, scores, xp.full_like(scores, -math.inf))
    return xp.astype(only_first_max(scores), scores.dtype)


def _select(x: AnyArray, chosen: AnyArray) -> AnyArray:
    """The chosen entry of the last axis; gradients reach it alone."""
    xp = namespace(x)
    return xp.sum(xp.where(xp.astype(chosen, xp.bool), x, xp.zeros_like(x)), axis=-1)


def _expectation_weights(scores: AnyArray, m: Any, mode: int, mask: Any) -> AnyArray:
    return expectation_stages(scores, m=m, mode=mode, mask=mask).weights


def _expectation_gradient(scores: AnyArray, m: Any, mode: int, mask: Any) -> AnyArray:
    weights = _expectation_weights(scores, m, mode, mask)
    xp = namespace(scores)
    pooled = expectation_pool(scores, m=m, mode=mode, mask=mask)[..., None]
    distance = xp.where(weights > 0, scores - pooled, xp.zeros_like(scores))
    return weights * (1 + m * distance)


class PoolingFunctions(NamedTuple):
    """What a pooling computes, as functions of (scores, m, mode, mask).

    Attributes
    ----------
    value : function to shape (...)
    weights : function to the shape of the scores
        The share of each window.
    gradient : function to the shape of the scores, or None
        The derivative of the value; None where it is the weights.
    """

    value: Callable[[AnyArray, Any, int, Any], AnyArray]
    weights: Callable[[AnyArray, Any, int, Any], AnyArray]
    gradient: Callable[[AnyArray, Any, int, Any], AnyArray] | None = None


FUNCTIONS = {  # of each row of `epool_viz.core.poolings` that is no variant
    "max": PoolingFunctions(
        lambda scores, _m, _mode, mask: max_pool(scores, mask=mask),
        lambda scores, _m, _mode, mask: _max_weights(scores, mask),
    ),
    "average": PoolingFunctions(
        lambda scores, _m, _mode, mask: average_pool(scores, mask=mask),
        lambda scores, _m, _mode, mask: _expectation_weights(scores, 0.0, 0, mask),
    ),
    "logsumexp": PoolingFunctions(
        lambda scores, m, _mode, mask: logsumexp_pool(scores, m=m, mask=mask),
        lambda scores, m, _mode, mask: _expectation_weights(scores, m, 0, mask),
    ),
    "expectation": PoolingFunctions(
        lambda scores, m, mode, mask: expectation_pool(scores, m=m, mode=mode, mask=mask),
        _expectation_weights,
        _expectation_gradient,
    ),
}
