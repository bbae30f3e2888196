"""What the first screen of a dashboard begins with: its one question, over its one picture."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from epool_viz.panels.registry import row_of
from epool_viz.panels.shared.style import Html


def question(package: str) -> Any:
    """The one question of the dashboard in `package`, as its `idea.toml` says it."""
    idea = row_of(package.rpartition(".")[2]).idea
    return Html(Markup("<h2>{}</h2>").format(idea.question)).add_class("ep-question")


def picture(widget: Any) -> Any:
    """The one picture of a dashboard, as its `idea.toml` names it."""
    return widget.add_class("ep-picture")
