"""How well numbers rank what they ought to find."""

from __future__ import annotations

from typing import Any

import numpy as np

from epool_viz.core.types import Array
from epool_viz.errors import ArgumentError, ShapeError


def average_precision(scores: Any, labels: Any) -> Array:
    """The area under the precision-recall curve, a row at a time.

    Going down from the largest score, the mean of the precision over the places where a true one is found. Equal scores
    are taken together, so that a constant gets the share of true ones, which is also what chance gets.

    Parameters
    ----------
    scores : shape (..., item)
    labels : booleans, shape (..., item)
        True for what ought to be found.

    Returns
    -------
    array, shape (...), from 0 to 1; NaN for a row without a true one.

    Raises
    ------
    ShapeError
        If the shapes differ.
    ArgumentError
        If a score is not finite.
    """
    scores, labels = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=bool)
    if scores.shape != labels.shape or not scores.ndim or not scores.shape[-1]:
        raise ShapeError("labels", f"of shape {labels.shape}", f"the shape of the scores, {scores.shape}")
    if not np.all(np.isfinite(scores)):
        raise ArgumentError("scores", "with NaN or infinity in them", "finite numbers")
    order = np.argsort(-scores, axis=-1, kind="stable")
    ranked = np.take_along_axis(scores, order, axis=-1)
    found = np.cumsum(np.take_along_axis(labels, order, axis=-1), axis=-1)
    # precision and recall are read where a run of equal scores ends
    ends = np.ones(scores.shape, dtype=bool)
    ends[..., :-1] = ranked[..., :-1] != ranked[..., 1:]
    seen = np.where(ends, found, 0)
    before = np.zeros_like(seen)
    before[..., 1:] = np.maximum.accumulate(seen, axis=-1)[..., :-1]
    precision = found / np.arange(1, scores.shape[-1] + 1)
    total = found[..., -1]
    with np.errstate(invalid="ignore"):
        return np.asarray(
            np.sum(np.where(ends, (found - before) * precision, 0.0), axis=-1) / np.where(total, total, np.nan)
        )
