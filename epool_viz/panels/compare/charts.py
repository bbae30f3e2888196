"""A race of poolings as lines, and the lines as a plotly figure: what is drawn is a table first.

The numbers come from a `RaceRecord`; nothing is computed here but differences and places.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from epool_viz.core.poolings import POOLING_METHODS
from epool_viz.data.results.races import RaceRecord, RunRecord
from epool_viz.figures.palette import LIGHT

NAMES = {row.name: row.short for row in POOLING_METHODS.values()}
COLUMNS = 2
ROW_HEIGHT = 270  # pixels


class Line(NamedTuple):
    """What one trace of the figure shows.

    Attributes
    ----------
    panel : str
        A key of `PANELS`.
    method : str
    key : tuple
        Tells lines apart from one epoch to the next.
    x, y : shape (point,)
    dash : str
        Plotly's: "solid", "dot", ...
    marked : bool
        Points instead of a line.
    low, high : shape (point,), or None
        Ends of the error bars.
    """

    panel: str
    method: str
    key: tuple[Any, ...]
    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]
    dash: str = "solid"
    marked: bool = False
    low: np.ndarray[Any, Any] | None = None
    high: np.ndarray[Any, Any] | None = None


# title, label of x, label of y; in the order of the figure
PANELS: dict[str, tuple[str, str, str]] = {
    "loss": ("Loss: validation solid, training dotted", "epoch", "cross-entropy"),
    "val_auc": ("Validation AUC", "epoch", "AUC"),
    "roc": ("ROC on the test set", "false positive rate", "true positive rate"),
    "precision_recall": ("Precision and recall on the test set", "recall", "precision"),
    "test_auc": ("Test AUC, each seed, with its 95 % interval", "", "AUC"),
    "gap": ("Overfitting: training AUC − test AUC", "", "difference"),
    "gradient": ("Share of the gradient, largest window first", "rank of the window", "share"),
    "sites": ("Weight on the planted sites", "epoch", "share"),
    "m": ("m of the pooling", "epoch", "m"),
}


_AT_THE_END = ("roc", "precision_recall", "test_auc", "gap")


def method_name(method: str) -> str:
    """What a method is called on screen."""
    return NAMES.get(method, method)


def method_colour(method: str) -> str:
    """Its colour on a light ground."""
    row = POOLING_METHODS.get(method)
    return LIGHT.ink if row is None else LIGHT.methods[row.of or row.name]


def panels_of(record: RaceRecord) -> list[str]:
    """The panels that have something to show."""
    hidden = set() if record.knows_sites else {"sites"}
    learnt = {epoch["m"] for run in record.runs for epoch in run.epochs if epoch["m"] is not None}
    hidden |= set() if len(learnt) > 1 else {"m"}
    return [name for name in PANELS if name not in hidden]


def race_lines(record: RaceRecord, epoch: int | None = None) -> list[Line]:
    """Every line of the figure.

    Parameters
    ----------
    record : RaceRecord
    epoch : int, or None for all
        How far the race is shown; curves of the end are shown only where the end is.
    """
    upto = record.n_epochs if epoch is None else epoch
    lines: list[Line] = []
    for run in record.runs:
        lines += _epoch_lines(run, upto)
        lines += _end_lines(run, upto)
    for method in record.methods:
        lines += _summary_lines(record, method, upto)
    shown = panels_of(record)
    return [line for line in lines if line.panel in shown]


def _epoch_lines(run: RunRecord, upto: int) -> list[Line]:
    shown = run.epochs[:upto]
    at = np.array([each["epoch"] for each in shown])

    def line(panel: str, name: str, dash: str) -> Line:
        if name == "loss" and not len(at) and upto == len(run.epochs):  # before the first epoch ends: its batches
            x, y = np.array(run.first_losses).reshape(-1, 2).T
            return Line(panel, run.method, (panel, run.method, run.seed, name), x, y, dash)
        values = np.array([np.nan if each[name] is None else each[name] for each in shown], dtype=float)
        return Line(panel, run.method, (panel, run.method, run.seed, name), at, values, dash)

    solid = "dash" if run.method.endswith("_mode1") else "solid"
    lines = [line("loss", "loss", "dot"), line("loss", "val_loss", solid), line("val_auc", "val_auc", solid)]
    snapshots = run.snapshots[:upto]
    lines.append(line("m", "m", solid))
    values = np.array([np.nan if s.on_site is None else s.on_site for s in snapshots], dtype=float)
    lines.append(Line("sites", run.method, ("sites", run.method, run.seed), at[: len(values)], values, solid))
    shares = snapshots[-1].gradient_shares if snapshots else np.zeros(0)
    ranks = np.arange(1, len(shares) + 1)
    return [*lines, Line("gradient", run.method, ("gradient", run.method, run.seed), ranks, shares, solid)]


def _end_lines(run: RunRecord, upto: int) -> list[Line]:
    solid = "dash" if run.method.endswith("_mode1") else "solid"
    found = []
    for panel in ("roc", "precision_recall"):
        curve = getattr(run, panel) if upto >= len(run.epochs) else None
        x, y = (np.zeros(0), np.zeros(0)) if curve is None else (curve.x, curve.y)
        found.append(Line(panel, run.method, (panel, run.method, run.seed), x, y, solid))
    return found


def _summary_lines(record: RaceRecord, method: str, upto: int) -> list[Line]:
    """Points side by side, a place for each method, the seeds a little apart."""
    runs = [run for run in record.runs if run.method == method]
    ended = [run for run in runs if run.roc is not None and upto >= len(run.epochs)]
    place = record.methods.index(method)
    spread = np.linspace(-0.18, 0.18, len(ended)) if len(ended) > 1 else np.zeros(len(ended))
    x = place + spread
    curves = [run.roc for run in ended if run.roc is not None]
    areas, low, high = (np.array([getattr(c, name) for c in curves]) for name in ("area", "low", "high"))
    gaps = np.array([np.nan if run.gap is None else run.gap for run in ended])
    return [
        Line("test_auc", method, ("test_auc", method), x, areas, marked=True, low=low, high=high),
        Line("gap", method, ("gap", method), x, gaps, marked=True),
    ]


def race_chart(record: RaceRecord, epoch: int | None = None) -> dict[str, Any]:
    """The race as one figure, panels in two columns: plain values, as plotly's JSON has them.

    Parameters
    ----------
    record : RaceRecord
    epoch : int, or None for all

    Returns
    -------
    dict
        `data` and `layout`.
    """
    lines = race_lines(record, epoch)
    # a line without a point would leave its panel with axes that plotly draws at no place
    drawn = [line for line in lines if len(line.x)]
    return {"data": [race_trace(record, line) for line in drawn], "layout": race_layout(record, lines)}


def race_trace(record: RaceRecord, line: Line) -> dict[str, Any]:
    """A line as plotly takes it."""
    number = panels_of(record).index(line.panel) + 1
    name, colour = method_name(line.method), method_colour(line.method)
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers" if line.marked else "lines",
        "name": name,
        "legendgroup": line.method,
        "showlegend": line.key == _in_legend(record, line.method),
        "xaxis": f"x{number}",
        "yaxis": f"y{number}",
        "hovertemplate": Markup("{}<br>%{{x:.4g}}: %{{y:.4f}}<extra></extra>").format(name),
        "meta": "/".join(map(str, line.key)),
    }
    if line.marked:
        row = POOLING_METHODS.get(line.method)
        symbol = "circle" if row is None else row.symbol
        trace["marker"] = {"color": colour, "size": 10, "symbol": symbol}
    else:
        trace["line"] = {"color": colour, "width": 2.5 if line.dash != "dot" else 1.5, "dash": line.dash}
    return trace | line_values(line)


def line_values(line: Line) -> dict[str, Any]:
    """What of a trace changes from epoch to epoch."""
    values: dict[str, Any] = {"x": plain(line.x), "y": plain(line.y)}
    if line.low is not None and line.high is not None:
        values["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": plain(line.high - line.y),
            "arrayminus": plain(line.y - line.low),
            "thickness": 1.5,
        }
    return values


def plain(values: np.ndarray[Any, Any]) -> list[float | None]:
    """Numbers as JSON has them: what is not known is null."""
    return [value if np.isfinite(value) else None for value in values.tolist()]


def _in_legend(record: RaceRecord, method: str) -> tuple[Any, ...]:
    seed = next(run.seed for run in record.runs if run.method == method)
    return ("val_auc", method, seed, "val_auc")


def waiting_notes(record: RaceRecord, lines: list[Line]) -> dict[str, str]:
    """When a panel that is empty now will show something."""
    drawn = {line.panel for line in lines if np.isfinite(line.y).any()}
    empty = [panel for panel in panels_of(record) if panel not in drawn]
    return {name: "drawn at the last epoch" if name in _AT_THE_END else "drawn after an epoch" for name in empty}


def race_layout(record: RaceRecord, lines: list[Line]) -> dict[str, Any]:
    """Axes and titles; two columns, the legend above; a panel without a line says when it has one."""
    panels, notes = panels_of(record), waiting_notes(record, lines)
    rows = -(-len(panels) // COLUMNS)
    height = ROW_HEIGHT * rows + 60
    layout: dict[str, Any] = {
        "height": height,
        "margin": {"l": 60, "r": 15, "t": 60, "b": 45},
        "legend": {"orientation": "h", "x": 0, "y": 1 + 45 / height, "yanchor": "bottom"},
        "uirevision": "race",
        "hovermode": "closest",
        "font": {"size": 14, "color": LIGHT.ink},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "annotations": [],
    }
    gap = 0.36 / rows  # between the rows
    size = (1 - gap * (rows - 1)) / rows
    for i, name in enumerate(panels):
        row, column = divmod(i, COLUMNS)
        title, x_label, y_label = PANELS[name]
        across = [0.0, 0.455] if column == 0 else [0.545, 1.0]
        up = [1 - row * (size + gap) - size, 1 - row * (size + gap)]
        grid = {"gridcolor": LIGHT.line, "zerolinecolor": LIGHT.muted, "linecolor": LIGHT.muted}
        layout[f"xaxis{i + 1}"] = {
            "domain": across,
            "anchor": f"y{i + 1}",
            "title": {"text": x_label},
            **grid,
        }
        layout[f"yaxis{i + 1}"] = {
            "domain": up,
            "anchor": f"x{i + 1}",
            "title": {"text": y_label},
            **grid,
        }
        if name in ("test_auc", "gap"):
            methods = record.methods
            layout[f"xaxis{i + 1}"] |= {
                "tickvals": list(range(len(methods))),
                "ticktext": [method_name(method) for method in methods],
                "range": [-0.6, max(len(methods), 1) - 0.4],
                "zeroline": False,
            }
        if name in ("roc", "precision_recall"):
            layout[f"xaxis{i + 1}"]["range"] = layout[f"yaxis{i + 1}"]["range"] = [-0.01, 1.02]
        if name in ("loss", "val_auc", "sites", "m"):
            layout[f"xaxis{i + 1}"] |= {"range": [0.5, max(record.n_epochs, 5) + 0.5]}
        layout["annotations"].append(
            {
                "text": Markup("<b>{}</b>").format(title),
                "x": across[0],
                "y": up[1],
                "xref": "paper",
                "yref": "paper",
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 14},
            }
        )
        if name in notes:
            middle = {"x": sum(across) / 2, "y": sum(up) / 2, "xref": "paper", "yref": "paper", "showarrow": False}
            layout["annotations"].append({"text": notes[name], **middle, "font": {"size": 14}})
    return layout
