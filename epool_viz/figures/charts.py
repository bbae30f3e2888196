"""Charts for notebooks, drawn by plotly: each is a table first, then a drawing.

Dashboards that redraw in the page do not import this module: plotly costs a kernel 75 MB and a page 5 MB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epool_viz.core.trace import EStepTrace
from epool_viz.core.types import Array
from epool_viz.figures.palette import LIGHT

if TYPE_CHECKING:
    import plotly.graph_objects as go

_TITLES = {
    "scores": "score of each window",
    "activated": "after the rectifier",
    "cells": "local winners",
    "shifted": "m (score − largest)",
    "exponentials": "e to that power",
    "weights": "weight = posterior of each window",
    "weighted": "weight × score",
}


class StageRow(NamedTuple):
    """One panel of the figure: a stage as points over the sequence.

    Attributes
    ----------
    name : str
        An entry of `epool_viz.core.trace.STAGES`.
    title : str
    starts : shape (point,)
        First letter of each window, from 1.
    values : shape (point,)
        NaN for a window that takes no part.
    labels : list of str
        The text of a point under the pointer.
    """

    name: str
    title: str
    starts: Array
    values: Array
    labels: list[str]


def stage_rows(trace: EStepTrace) -> list[StageRow]:
    """The stages that have one number a window or a cell, in order; those that change nothing are left out."""
    names = ["scores"]
    names += ["activated"] if trace.activation != "identity" else []
    names += ["cells"] if trace.local_window > 1 else []
    names += ["shifted", "exponentials", "weights", "weighted"]
    return [_stage_row(trace, name) for name in names]


def _stage_row(trace: EStepTrace, name: str) -> StageRow:
    values = np.asarray(trace.stages[name], dtype=float)
    by_window = name in {"scores", "activated"}
    windows = np.arange(len(trace.starts)) if by_window else np.asarray(trace.cell_windows)
    starts = np.asarray(trace.starts)[windows] + 1
    labels = [
        f"letters {s} to {s + trace.width - 1}, strand {trace.strands[w]}" for s, w in zip(starts, windows, strict=True)
    ]
    return StageRow(name, _TITLES[name], starts, np.where(np.isfinite(values), values, np.nan), labels)


def e_step_figure(trace: EStepTrace) -> go.Figure:
    """Draw every stage of an E-step, one below the other over the same letters.

    Parameters
    ----------
    trace : EStepTrace

    Returns
    -------
    plotly Figure
        A bar trace a stage, named after it; the last panel's title gives ePool between the average and the maximum.
    """
    from epool_viz._slow_imports import defer_iri_parsers

    defer_iri_parsers()
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    rows = stage_rows(trace)
    figure = make_subplots(
        rows=len(rows),
        shared_xaxes=True,
        vertical_spacing=0.05,
        subplot_titles=[_panel_title(row, trace) for row in rows],
    )
    for place, row in enumerate(rows, start=1):
        bars = go.Bar(
            x=row.starts,
            y=row.values,
            name=row.name,
            customdata=row.labels,
            hovertemplate="%{customdata}: %{y:.4g}<extra></extra>",
            marker_color=LIGHT.methods["expectation"],
        )
        figure.add_trace(bars, row=place, col=1)
    figure.update_xaxes(title_text="first letter of the window", row=len(rows), col=1)
    figure.update_layout(
        template="simple_white",
        showlegend=False,
        height=60 + 130 * len(rows),
        bargap=0,
        title=f"One E-step, m = {trace.m:g}",
        uirevision="e_step",
        margin={"l": 60, "r": 20, "t": 80, "b": 50},
    )
    return figure


def _panel_title(row: StageRow, trace: EStepTrace) -> str:
    if row.name != "weighted":
        return row.title
    low, pooled, high = (float(x) for x in (trace.average, trace.pooled, trace.maximum))
    return f"{row.title}; sum = ePool = {pooled:.4g} (average {low:.4g}, maximum {high:.4g})"
