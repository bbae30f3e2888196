"""The dashboards, a row each. Functions, notebooks, links, the page's head and what is preloaded follow from it.

A new dashboard is a folder beside this file, with `model.py`, `view.py` and `style.css`, and a row in `DASHBOARDS`.
`python -m epool_viz.panels.registry` then writes its notebook and its type in `epool_viz.dashboards`; a test compares.
"""

from __future__ import annotations

import json
import pkgutil
import textwrap
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parents[1]
_DOCUMENTATION = """{summary}

    Parameters
    ----------
    **state
{start}

    Returns
    -------
    {view}
        An ipywidgets widget; its `model` holds {holds}.

    Raises
    ------
    ArgumentError
        For a name that is no part of the state, or a value of the wrong kind.
    """


@dataclass(frozen=True)
class Idea:
    """The one idea of a dashboard, as `idea.toml` in its folder says it.

    Attributes
    ----------
    question : str
        That the first screen answers.
    picture, control : str
        What it shows, and what moves it.
    after : str
        What a visitor can say who has seen it.
    minutes : int
        That this takes.
    """

    question: str
    picture: str
    control: str
    after: str
    minutes: int


@dataclass(frozen=True)
class Row:
    """One dashboard.

    Attributes
    ----------
    name : str
        Of the function in `epool_viz.dashboards`, and of the notebook.
    order : int
        Among the dashboards in the page's head.
    title : str
        Of the notebook.
    line : str
        The line below the title in the list of dashboards.
    model, view : str
        Where the two classes are: "module:class".
    summary, such_as, holds : str
        For the documentation of the function: its first line, examples of a state, what the model holds.
    short : str
        The title where there is little room; "" where the title is short enough.
    visitor_choices : dict or None
        The state in which the dashboard shows what the visitor keeps in the browser; None if it cannot.
    preloads : tuple of str
        Modules that the view imports only while a page opens.
    is_first : bool
        Whether its view is loaded before any kernel is given out; the others are loaded while idle.
    """

    name: str
    order: int
    title: str
    line: str
    model: str
    view: str
    summary: str
    such_as: str
    holds: str = "the choices"
    short: str = ""
    visitor_choices: Mapping[str, Any] | None = None
    preloads: tuple[str, ...] = ()
    is_first: bool = False

    @property
    def notebook(self) -> str:
        """Name of the notebook's file."""
        return f"{self.name}.ipynb"

    @property
    def idea(self) -> Idea:
        """The one idea, read now."""
        return Idea(**tomllib.loads((Path(__file__).parent / self.name / "idea.toml").read_text(encoding="utf-8")))

    @property
    def view_module(self) -> str:
        """The module that draws the dashboard."""
        return self.view.partition(":")[0]

    def model_class(self) -> Any:
        """The class of the model, loaded now."""
        return pkgutil.resolve_name(self.model)

    def open(self, **state: Any) -> Any:
        """The dashboard in a state; loads its widgets."""
        view = pkgutil.resolve_name(self.view)
        return view(self.model_class().opened(**state))

    def function(self) -> Callable[..., Any]:
        """The public function that opens the dashboard."""

        def opened(**state: Any) -> Any:
            return self.open(**state)

        model, view = (path.rpartition(":")[2] for path in (self.model, self.view))
        opened.__name__ = opened.__qualname__ = self.name
        opened.__module__ = "epool_viz.dashboards"
        opened.__annotations__["return"] = view
        start = f"Where to start: any of the names of `{model}.state()`, such as {self.such_as}."
        opened.__doc__ = _DOCUMENTATION.format(
            summary=self.summary, start=textwrap.indent(textwrap.fill(start, 110), " " * 8), view=view, holds=self.holds
        )
        return opened


_CHOICES_OF_ONE = {"sequence_source": "yours", "kernel_source": "yours"}
# in the order in which kernels load them: what draws with plotly comes last
DASHBOARDS: tuple[Row, ...] = (
    Row(
        "e_step",
        order=1,
        title="One E-step",
        line="Walk through one E-step of one kernel on one sequence: scores, posterior, and the number they are pooled "
        "into.",
        model="epool_viz.panels.one_kernel.model:EStepModel",
        view="epool_viz.panels.e_step.view:EStepView",
        summary="One E-step of one kernel on one sequence, stage by stage.",
        such_as='`jaspar="STAT3"`, `example="p73_peaks"`, `index=2`, `m=0.5`, `step=3`',
        holds="the state and the trace",
        visitor_choices={"link": _CHOICES_OF_ONE},
        is_first=True,
    ),
    Row(
        "pwm",
        order=2,
        title="A kernel is a PWM",
        line="Take any kernel apart: its motif, its logo, and the one number that no logo can show.",
        model="epool_viz.panels.pwm.model:PwmModel",
        view="epool_viz.panels.pwm.view:PwmView",
        summary="Any kernel read as a motif: its PPM, its logo, the offset, and what a score says.",
        such_as='`kernel_source="random"`, `width=7`, `jaspar="STAT3"`, `example="p73_peaks"`, `m=0.5`',
        holds="the state, the trace and the readings",
        visitor_choices={"link": {**_CHOICES_OF_ONE, "index": 0}},
    ),
    Row(
        "logos",
        order=4,
        title="Kernels as logos",
        line="Every kernel of a network as a motif, read exactly, by the usual heuristics and by one step of EM, with "
        "the known motifs that it resembles.",
        model="epool_viz.panels.logos.model:LogosModel",
        view="epool_viz.panels.logos.view:LogosView",
        summary="All kernels of a model as logos: exact, heuristic, posterior, and the known motifs that they "
        "resemble.",
        such_as='`trained="p73_max"`, `m=1.5`, `place=3`, `rule="basset"`, `threshold=0.4`',
        holds="the choices and the readings",
        visitor_choices={"trained": "yours"},
    ),
    Row(
        "em",
        order=5,
        title="EM, step by step",
        line="Watch motif discovery guess, find sites, count letters and guess again, from chance or from a trained "
        "kernel.",
        model="epool_viz.panels.em.model:EMModel",
        view="epool_viz.panels.em.view:EMView",
        summary="EM from guess to motif, one E-step and one M-step at a time.",
        such_as='`data="simulated"`, `motif="STAT3"`, `start="trained"`, `occurrence="zoops"`, `width=12`, `at=3`',
        holds="the choices and the walk",
        visitor_choices={"choices": {"data": "yours"}},
    ),
    Row(
        "attribution",
        order=6,
        title="Attribution beside the exact reading",
        line="Which letters made the network say so? The exact reading, DeepLIFT, integrated gradients and saliency "
        "on one axis, with the true sites.",
        model="epool_viz.panels.attribution.model:AttributionModel",
        view="epool_viz.panels.attribution.view:AttributionView",
        summary="Which letters made a network say so: the exact reading beside DeepLIFT, integrated gradients and "
        "saliency.",
        such_as='`network="two_motifs_max"`, `index=3`, `baseline="zeros"`, `smooth=True`, or '
        '`source="pasted"` with `pasted="ACGT..."`',
        holds="the choices and the tracks",
        short="Attribution",
        visitor_choices={"choices": {"network": "yours", "source": "yours"}},
    ),
    Row(
        "your_data",
        order=7,
        title="Your data",
        line="Bring your own sequences and your own network or motifs; every dashboard then works on them.",
        model="epool_viz.panels.your_data.model:YourDataModel",
        view="epool_viz.panels.your_data.view:YourDataView",
        summary="Sequences and a model of your own, checked, explained, and kept in the browser for every dashboard.",
        such_as='`letters="TGCA"`, `flip=True`',
        holds="what was read",
    ),
    Row(
        "compare",
        order=3,
        title="Compare poolings",
        line="Race max, average, log-sum-exp and expectation pooling on the same batches, and watch which one learns "
        "what.",
        model="epool_viz.panels.compare.model:CompareModel",
        view="epool_viz.panels.compare.view:CompareView",
        summary="A race of pooling methods on the same network and the same batches.",
        such_as='`data="simulated"`, `motif="STAT3"`, `methods=["max", "expectation"]`, `n_kernels=8`',
        holds="the choices and the race",
        visitor_choices={"choices": {"data": "yours"}},
        preloads=("plotly.offline",),
    ),
)


def row_of(name: str) -> Row:
    """The row of a dashboard, by the name of its function."""
    return next(row for row in DASHBOARDS if row.name == name)


def preloaded(*, first: bool) -> tuple[str, ...]:
    """The modules that a kernel of every dashboard begins with: of the first ones, or of the others."""
    return tuple(module for row in DASHBOARDS if row.is_first is first for module in (row.view_module, *row.preloads))


def notebook_text(row: Row) -> str:
    """The notebook that shows a dashboard."""
    source = ["from epool_viz import dashboards\n", "\n", f"dashboards.{row.name}()"]
    cell: dict[str, Any] = {"cell_type": "code", "execution_count": None, "id": "cell-1", "metadata": {}, "outputs": []}
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "title": row.title,
        "description": row.line,
        "order": row.order,
    }
    notebook = {"cells": [cell | {"source": source}], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def types_text() -> str:
    """The types of the functions, as type checkers read them."""
    rows = sorted(DASHBOARDS, key=lambda row: row.name)
    views = [row.view.split(":") for row in rows]
    imports = "".join(f"from {module} import {name}\n" for module, name in sorted(views))
    functions = "".join(
        f"def {row.name}(**state: Any) -> {name}: ...\n" for row, (_, name) in zip(rows, views, strict=True)
    )
    return f"# Written by `python -m epool_viz.panels.registry`.\nfrom typing import Any\n\n{imports}\n{functions}"


def files() -> dict[Path, str]:
    """Every file of a checkout that follows from the rows, and its text."""
    notebooks = {_PACKAGE.parent / "notebooks" / row.notebook: notebook_text(row) for row in DASHBOARDS}
    return notebooks | {_PACKAGE / "dashboards.pyi": types_text()}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
