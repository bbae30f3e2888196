"""What the first screen of a dashboard begins with: its one question, over its one picture."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from epool_viz.panels.shared.style import Html


def question(package: str) -> Any:
    """The one question of the dashboard in `package`, as its `idea.toml` says it."""
    idea = tomllib.loads(files(package).joinpath("idea.toml").read_text(encoding="utf-8"))
    return Html(Markup("<h2>{}</h2>").format(idea["question"])).add_class("ep-question")


def picture(widget: Any) -> Any:
    """The one picture of a dashboard, as its `idea.toml` names it."""
    return widget.add_class("ep-picture")
