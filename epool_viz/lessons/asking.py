"""Questions and exercises as widgets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import ipywidgets as w
from markupsafe import Markup

from epool_viz.components.base import Store
from epool_viz.components.lesson_question import LessonQuestion
from epool_viz.figures.palette import DARK, LIGHT, component_variables
from epool_viz.panels import registry
from epool_viz.panels.shared.style import Html, style_sheet

if TYPE_CHECKING:
    from epool_viz.lessons.lesson import Exercise, Question


def _rules() -> str:
    light, dark = component_variables(LIGHT), component_variables(DARK)
    return f'.ep-lesson{{{light}}}[data-jp-theme-light="false"] .ep-lesson{{{dark}}}'


@cache
def _store() -> Store:
    """One for all questions of a kernel: the page loads its module once."""
    return Store({}, lambda _: None)


def _framed(widget: Any) -> Any:
    return w.VBox([style_sheet(_rules()), widget]).add_class("ep-lesson")


def question_widget(question: Question, label: str) -> Any:
    """The question with its options."""
    options = [
        {"value": each.value, "label": each.label, "says": said.words, "isRight": said.is_right}
        for each in question.options
        for said in [question.says(each.value)]
    ]
    return _framed(
        LessonQuestion(_store(), {"kind": "choice", "label": label, "text": question.asked, "options": options})
    )


def exercise_widget(exercise: Exercise) -> Any:
    """A field for the answer, and what is said of it."""

    def said(answer: str) -> Mapping[str, str]:
        found = exercise.judge(answer)
        return {"tone": found.tone, "head": found.head, "words": found.words}

    options = {
        "kind": "field",
        "label": "Exercise",
        "text": "",
        "rows": exercise.form.rows,
        "hint": exercise.form.hint,
    }
    return _framed(LessonQuestion(_store(), options, said))


# what a dashboard has below its first screen, and what would answer a question of a lesson, by the names of its `PARTS`
BELOW = {
    "e_step": ("data", "text", "axis", "window", "gradient", "tools"),
    "pwm": ("data", "moves", "score", "pipeline", "readings", "tools"),
    "compare": ("figure", "table", "logos", "models"),
    "logos": ("choices", "gallery", "readings", "heat", "take"),
    "em": ("choices", "curve", "kernel", "sites", "predict", "download"),
    "attribution": ("choices", "scores", "methods", "captum", "tools"),
}


def panel_widget(name: str, keeps: tuple[str, ...], state: Mapping[str, Any]) -> Any:
    """The first screen of a dashboard at the depth "learn", and the parts that are kept."""
    view = registry.row_of(name).open(**state)
    view.store.tell({"depth": "learn"})
    hidden = ", ".join(f".ep-in-lesson .ep-part-{part}" for part in BELOW.get(name, ()) if part not in keeps)
    rules = Markup("<style>{} {{ display: none !important; }}</style>").format(hidden)
    return w.VBox([Html(rules), view]).add_class("ep-in-lesson")
