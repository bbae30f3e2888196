"""Notebooks and pages are what the lessons say; solutions lie apart."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from epool_viz.lessons import all_lessons
from epool_viz.lessons.printing import NOTEBOOKS, PAGES, files, rounded_minutes

FILES = files()
LESSONS = all_lessons()


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_a_file_is_what_the_lessons_say(path: Path):
    """After a change: `python -m epool_viz.lessons.printing`."""
    assert path.read_text(encoding="utf-8") == FILES[path]


def test_nothing_else_lies_beside_them():
    assert {path for folder in (NOTEBOOKS, PAGES) for path in folder.rglob("*.*")} == set(FILES)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda each: each.name)
def test_a_notebook_holds_no_answer(lesson):
    text = json.loads(FILES[NOTEBOOKS / lesson.notebook])
    source = "\n".join("".join(cell["source"]) for cell in text["cells"])
    assert lesson.open_answer not in source
    for question in lesson.questions:
        assert f'lessons.question("{question.id}")' in source
        assert not any(told in source for told in question.explained.values())
    for exercise in lesson.exercises:
        assert f'answer = ...\nlessons.exercise("{exercise.id}").check(answer)' in source
        assert exercise.solution not in source
        assert exercise.task in source


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda each: each.name)
def test_a_handout_has_goals_statements_picture_and_space(lesson):
    page = FILES[PAGES / f"{lesson.name}.md"]
    told = [*lesson.goals, *(each.equation for each in lesson.statements), *(each.asked for each in lesson.questions)]
    assert all(each in page for each in told)
    assert f"](pictures/{lesson.name}.svg)" in page
    assert page.count("&nbsp;") >= len(lesson.questions) + len(lesson.exercises)
    assert not any(told in page for question in lesson.questions for told in question.explained.values())
    assert f"{rounded_minutes(lesson)} minutes" in page
    ET.fromstring(FILES[PAGES / "pictures" / f"{lesson.name}.svg"])


def test_solutions_explain_every_option_and_every_slip():
    page = FILES[PAGES / "solutions.md"]
    for lesson in LESSONS:
        assert all(told in page for question in lesson.questions for told in question.explained.values())
        assert all(slip.words in page for exercise in lesson.exercises for slip in exercise.slips)
        assert lesson.open_answer in page
