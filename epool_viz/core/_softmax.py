"""The arithmetic that posterior and pooling share: scores shifted by their maximum, safe at both ends of the floats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from epool_viz.core._arrays import as_float, check_mask, masked_max, namespace, require_number, require_shape
from epool_viz.core.types import AnyArray


def checked_scores(scores: Any, m: Any, mask: Any, *, negative_m: bool = False) -> tuple[AnyArray, AnyArray | None]:
    """Return scores and mask as arrays, or say which of the three arguments is wrong."""
    scores = as_float(scores, "scores")
    require_shape(scores, "scores", at_least=1, accepted="(..., position), at least one position")
    require_number(m, "m", at_least=None if negative_m else 0)
    return scores, check_mask(mask, scores)


def half_distances(scores: AnyArray, mask: AnyArray | None) -> tuple[AnyArray, AnyArray]:
    """Half of each score's distance below the row's largest (0 where masked), and half of that largest.

    Halves, since the distance between two finite floats need not be one.
    Shapes (..., position) and (..., 1).
    """
    xp = namespace(scores)
    halves = scores / 2
    top = masked_max(halves, mask)
    below = halves - top
    return (below if mask is None else xp.where(mask, below, xp.zeros_like(below))), top


def shifted_exponents(scores: AnyArray, m: Any, mask: AnyArray | None) -> tuple[AnyArray, AnyArray]:
    """`m (x - max x)`, minus infinity where masked, and the largest score: shapes (..., position) and (..., 1)."""
    xp = namespace(scores)
    below, top = half_distances(scores, mask)
    with np.errstate(over="ignore"):  # to minus infinity, a weight of 0
        exponents = below * (2 * m)
    if mask is not None:
        exponents = xp.where(mask, exponents, xp.full_like(exponents, -math.inf))
    return exponents, 2 * top


def mean_of_row(x: AnyArray, mask: AnyArray | None) -> AnyArray:
    """The mean over the last axis, kept as an axis of length 1; finite even where the sum is not."""
    xp = namespace(x)
    taking_part = xp.ones_like(x) if mask is None else xp.astype(mask, x.dtype)
    count = xp.sum(taking_part, axis=-1, keepdims=True)
    with np.errstate(over="ignore"):
        total = xp.sum(x * taking_part, axis=-1, keepdims=True)
    # dividing the sum keeps "equal to the mean" exact for round numbers; dividing first cannot overflow
    return xp.where(xp.isfinite(total), total / count, xp.sum(x * taking_part / count, axis=-1, keepdims=True))


def logistic(x: AnyArray) -> AnyArray:
    """`1 / (1 + e^-x)` without overflow."""
    xp = namespace(x)
    small = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, xp.ones_like(small), small) / (1 + small)
