"""Data of the page's template: dashboards, palette, the picture of the wait screen.

Voilà's template gets only the notebook that it renders, so these are in a file beside it, which
`python -m epool_viz.app.server.frame` writes and a test compares.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from epool_viz.app.server import settings
from epool_viz.app.server.start import find_dashboards, metadata_of
from epool_viz.data.examples import load_example_race
from epool_viz.figures.palette import DARK, LIGHT, component_variables
from epool_viz.guides import story
from epool_viz.lessons import all_lessons
from epool_viz.lessons.printing import rounded_minutes
from epool_viz.panels.registry import DASHBOARDS, row_of

FILE = settings.JUPYTER_DATA / "voila" / "templates" / settings.TEMPLATE / "generated.html.j2"
DIGITS = 2  # of a score on the wait screen


def waiting_scores() -> dict[str, Any]:
    """What the wait screen draws: the scores that the first dashboard opens with, and what they are scores of."""
    from epool_viz.panels.one_kernel.model import EStepModel

    model = EStepModel()
    scores = np.asarray(model.trace.scores).round(DIGITS).tolist()
    return {"kernel": model.kernel.label, "sequence": model.sequence_name, "scores": scores}


LANDING_LETTERS = slice(80, 120)  # of the first dashboard's sequence: two places compete there


def landing_state() -> dict[str, Any]:
    """What the landing page computes with: a short stretch of what the first dashboard opens with."""
    from epool_viz.panels.one_kernel.model import EStepModel
    from epool_viz.panels.one_kernel.page_state import page_state

    model = EStepModel()
    state = page_state(model)
    state["codes"] = state["codes"][LANDING_LETTERS]
    state["kernel"] = [[round(x, 4) for x in row] for row in state["kernel"]]
    posterior = np.asarray(model.trace.posterior)[LANDING_LETTERS][: len(state["codes"]) - len(state["kernel"][0]) + 1]
    state["cursor"] = int(posterior.argmax())
    gaps = {run.method: f"{run.gap:.3f}" for run in load_example_race("simulated").runs if run.gap is not None}
    return {"kernel": model.kernel.label, "sequence": model.sequence_name, "state": state, "gaps": gaps}


def path_of_dashboards() -> list[dict[str, Any]]:
    """The stations, in order: file, title, and the one idea of each."""
    rows = sorted(DASHBOARDS, key=lambda row: row.order)
    return [{"file": row.notebook, "title": row.title} | asdict(row.idea) for row in rows]


def lessons_by_file() -> dict[str, dict[str, Any]]:
    """The lessons, in order: title, minutes, and what each is about."""
    return {
        each.notebook: {"title": each.title, "minutes": rounded_minutes(each), "line": each.line}
        for each in all_lessons()
    }


def generated() -> str:
    """The text of the file."""
    folder = settings.notebooks_folder()
    dashboards = find_dashboards(folder)
    values = {
        "dashboards": dashboards,
        "descriptions": {name: metadata_of(folder / name).get("description", "") for name in dashboards},
        "questions": {row.notebook: row.idea.question for row in DASHBOARDS},
        "light": component_variables(LIGHT),
        "dark": component_variables(DARK),
        "waiting": waiting_scores(),
        "landing": landing_state(),
        "path": path_of_dashboards(),
        "lessons": lessons_by_file(),
        "story": [{"id": scene.id, "file": row_of(scene.dashboard).notebook} for scene in story()],
    }
    lines = [f"{{%- set {name} = {json.dumps(value, ensure_ascii=False)} -%}}" for name, value in values.items()]
    return "\n".join(["{#- Written by `python -m epool_viz.app.server.frame`. -#}", *lines]) + "\n"


if __name__ == "__main__":
    FILE.write_text(generated(), encoding="utf-8")
