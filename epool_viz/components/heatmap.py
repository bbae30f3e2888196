"""Numbers of many rows at once, as colours."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import traitlets

from epool_viz.components.base import Component
from epool_viz.core.types import Array
from epool_viz.errors import ArgumentError, ShapeError

NO_VALUE = 255
_LEVELS = 254


class HeatMap(Component):
    """Rows × columns as colours on a canvas, sorted, with a cursor that reads out its cell.

    Parameters
    ----------
    store : Store
    options : dict
        `title`; `words` for sentences ({row, rows, column, value, mark}); `sort` ("given", "position" of each row's
        largest value, or "strength", the largest first); `cursor`, the key of the state that holds [row, column] from
        0 in the order given; `height` in rem at the most. See `web/heatmap/index.js`.
    labels : dict
        What stays while values change: see `name_rows`.
    picture : dict
        The values: see `show`.
    """

    module = "heatmap"
    labels = traitlets.Dict().tag(sync=True)
    picture = traitlets.Dict().tag(sync=True)

    def name_rows(
        self, names: Sequence[str], *, marks: Iterable[tuple[int, int, int]] = (), first_column: int = 1
    ) -> None:
        """Set the names of the rows, and their known sites.

        Parameters
        ----------
        names : sequence of str, one a row
        marks : (row, start, stop) each, counted from 0
            Outlined, such as the known sites of a sequence.
        first_column : int
            Number of the first column on the axis.
        """
        told = [[int(row), int(start), int(stop)] for row, start, stop in marks]
        self.labels = {"names": [str(name) for name in names], "marks": told, "first": int(first_column)}

    def show(self, values: Any, *, largest: float | None = None, caption: str = "") -> None:
        """Draw other values; the page gets one byte a cell, packed.

        Parameters
        ----------
        values : shape (row, column), >= 0; NaN where there is none
        largest : float, or None
            The value of the full colour; larger ones get the same. None is the largest there is.
        caption : str

        Raises
        ------
        ShapeError, ArgumentError
            If `values` is no matrix, or holds a negative number.
        """
        found = np.asarray(values, dtype=float)
        top = _largest(found) if largest is None else float(largest)
        packed = zlib.compress(quantised(found, top).tobytes(), 1)
        rows, columns = found.shape
        self.picture = {"rows": rows, "columns": columns, "max": top, "caption": caption, "cells": packed}


def quantised(values: Array, largest: float) -> Array:
    """One byte a value: `254 sqrt(value / largest)`, 255 for NaN.

    The square root spends the steps where the eye needs them: the error is at most 0.4 % of `largest`, and a
    hundred times smaller among small values.
    """
    if values.ndim != 2 or 0 in values.shape:
        raise ShapeError("values", f"of shape {values.shape}", "(row, column), neither empty")
    if not largest > 0:
        raise ArgumentError("largest", f"{largest:g}", "a number > 0")
    known = ~np.isnan(values)
    if np.any(values[known] < 0):
        raise ArgumentError("values", "with a negative number", "numbers >= 0, NaN where there is none")
    shares = np.sqrt(np.clip(np.where(known, values, 0.0) / largest, 0.0, 1.0))
    return np.where(known, np.rint(_LEVELS * shares), NO_VALUE).astype(np.uint8)


def padded_rows(rows: Sequence[Array]) -> Array:
    """Rows of different lengths as one matrix, NaN where a row has ended."""
    longest = max((len(row) for row in rows), default=0)
    out = np.full((len(rows), longest), np.nan)
    for place, row in enumerate(rows):
        out[place, : len(row)] = row
    return out


def _largest(values: Array) -> float:
    known = values[~np.isnan(values)]
    return float(known.max()) if known.size and known.max() > 0 else 1.0
