"""Notebooks small enough to know by heart."""

from __future__ import annotations

import json
from pathlib import Path

BUTTON = """\
import os
import ipywidgets
button, said = ipywidgets.Button(description="Ask"), ipywidgets.Label("nothing yet")
button.on_click(lambda _: setattr(said, "value", f"answer {6 * 7} from {os.getcwd()}"))
ipywidgets.VBox([button, said])
"""
BROKEN_HANDLER = """\
import ipywidgets
from epool_viz.panels.shared.handlers import Guard
button, said = ipywidgets.Button(), ipywidgets.Label()
button.on_click(Guard(lambda sentence: setattr(said, "value", sentence))(lambda _: 1 / 0))
print("IDS", button.model_id, said.model_id)
"""
BROKEN = "secret_of_the_author = 1 / 0"


def write_notebook(path: Path, *cells: str, title: str | None = None) -> Path:
    """Write a notebook of code cells."""
    metadata: dict[str, object] = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    if title:
        metadata["title"] = title
    code = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
        for i, source in enumerate(cells)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": code, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path
