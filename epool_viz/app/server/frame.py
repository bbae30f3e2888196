"""Data of the page's template: dashboards, palette, the picture of the wait screen.

Voilà's template gets only the notebook that it renders, so these are in a file beside it, which
`python -m epool_viz.app.server.frame` writes and a test compares.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from epool_viz.app.server import settings
from epool_viz.app.server.start import find_dashboards, metadata_of
from epool_viz.figures.palette import DARK, LIGHT, component_variables

FILE = settings.JUPYTER_DATA / "voila" / "templates" / settings.TEMPLATE / "generated.html.j2"
DIGITS = 2  # of a score on the wait screen


def waiting_scores() -> dict[str, Any]:
    """What the wait screen draws: the scores that the first dashboard opens with, and what they are scores of."""
    from epool_viz.panels.one_kernel.model import EStepModel

    model = EStepModel()
    scores = np.asarray(model.trace.scores).round(DIGITS).tolist()
    return {"kernel": model.kernel.label, "sequence": model.sequence_name, "scores": scores}


def generated() -> str:
    """The text of the file."""
    folder = settings.notebooks_folder()
    dashboards = find_dashboards(folder)
    values = {
        "dashboards": dashboards,
        "descriptions": {name: metadata_of(folder / name).get("description", "") for name in dashboards},
        "light": component_variables(LIGHT),
        "dark": component_variables(DARK),
        "waiting": waiting_scores(),
    }
    lines = [f"{{%- set {name} = {json.dumps(value, ensure_ascii=False)} -%}}" for name, value in values.items()]
    return "\n".join(["{#- Written by `python -m epool_viz.app.server.frame`. -#}", *lines]) + "\n"


if __name__ == "__main__":
    FILE.write_text(generated(), encoding="utf-8")
