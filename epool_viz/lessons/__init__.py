"""Lessons: their questions, exercises and pictures, for the notebooks in `notebooks/lessons`.

A notebook calls `panel`, `question`, `exercise` and the pictures; texts and answers are here, and every right answer is
computed by `core`. `python -m epool_viz.lessons.printing` writes the notebooks and the pages of the documentation.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from epool_viz.errors import ArgumentError
from epool_viz.lessons.lesson import Exercise, Lesson, Question
from epool_viz.lessons.pictures import show_bars, show_logo, show_posterior, show_scores, show_table

__all__ = [
    "exercise",
    "panel",
    "question",
    "show_bars",
    "show_logo",
    "show_posterior",
    "show_scores",
    "show_table",
    "titles",
]


@cache
def all_lessons() -> tuple[Lesson, ...]:
    """The lessons in their order."""
    from epool_viz.lessons.content import LESSONS

    return LESSONS


def titles() -> dict[str, str]:
    """The lessons in their order.

    Returns
    -------
    dict of str
        Name of the notebook's file, without its ending -> title.
    """
    return {each.name: each.title for each in all_lessons()}


def question(id: str) -> Any:  # noqa: A002 - what a notebook calls it
    """A question of a lesson, to be answered before it is explained.

    Parameters
    ----------
    id : str

    Returns
    -------
    An ipywidgets widget.

    Raises
    ------
    ArgumentError
        If there is no such question.
    """
    from epool_viz.lessons.asking import question_widget

    for each in all_lessons():
        for place, found in enumerate(each.questions, start=1):
            if found.id == id:
                return question_widget(found, f"Question {place} of {len(each.questions)}.")
    raise ArgumentError("id", repr(id), _names(Question))


def exercise(id: str) -> Exercise:  # noqa: A002 - what a notebook calls it
    """An exercise of a lesson; its `check` says what is wrong with an answer.

    Parameters
    ----------
    id : str

    Returns
    -------
    Exercise

    Raises
    ------
    ArgumentError
        If there is no such exercise.
    """
    found = [each for lesson in all_lessons() for each in lesson.exercises if each.id == id]
    if not found:
        raise ArgumentError("id", repr(id), _names(Exercise))
    return found[0]


def panel(name: str, *, keeps: tuple[str, ...] = (), **state: Any) -> Any:
    """A dashboard inside a lesson: its first screen, at the depth *learn*.

    Parameters
    ----------
    name : str
        Of the function in `epool_viz.dashboards`.
    keeps : tuple of str
        Further parts that are shown, by the names that its link of *Teach* has for them.
    **state
        As for that function.

    Returns
    -------
    An ipywidgets widget.

    Raises
    ------
    ArgumentError
        For another name, or another state.
    """
    from epool_viz.lessons.asking import panel_widget
    from epool_viz.panels.registry import DASHBOARDS

    names = [row.name for row in DASHBOARDS]
    if name not in names:
        raise ArgumentError("name", repr(name), f"one of {', '.join(names)}")
    return panel_widget(name, keeps, state)


def _names(kind: type) -> str:
    parts = [part for each in all_lessons() for part in each.body if isinstance(part, Question | Exercise)]
    return "one of " + ", ".join(part.id for part in parts if isinstance(part, kind))
