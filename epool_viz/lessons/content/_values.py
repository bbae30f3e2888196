"""How a computed number becomes one of a question's options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from epool_viz.core.types import Array

SAME = 1e-9


def nearest(values: Mapping[str, float], x: Any) -> str:
    """The name of the value that lies next to a number."""
    return min(values, key=lambda name: abs(values[name] - float(x)))


def direction(before: Any, after: Any, names: tuple[str, str, str] = ("down", "same", "up")) -> str:
    """Whether a number falls, stays or rises."""
    step = float(after) - float(before)
    return names[1] if abs(step) < SAME else names[2] if step > 0 else names[0]


def is_same(a: Any, b: Any) -> str:
    """Whether two arrays are "same" or "changed"."""
    return "same" if np.allclose(a, b, rtol=0, atol=SAME) else "changed"


def softmax(x: Any) -> Array:
    """By hand, for a second route."""
    weights = np.exp(np.asarray(x, dtype=float) - np.max(x))
    return np.asarray(weights / weights.sum())


def bits_by_hand(column: Any, q: Any = 0.25) -> float:
    """Information of a column, letter by letter, for a second route."""
    p = np.asarray(column, dtype=float)
    background = np.broadcast_to(q, p.shape)
    return float(sum(x * np.log2(x / y) for x, y in zip(p.tolist(), background.tolist(), strict=True) if x > 0))
