"""The lessons as files: notebooks, handouts, notes for who teaches, and solutions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from epool_viz.lessons import all_lessons
from epool_viz.lessons.lesson import Exercise, Lesson, Question, Text

_PACKAGE = Path(__file__).parents[1]
NOTEBOOKS = _PACKAGE.parent / "notebooks" / "lessons"
PAGES = _PACKAGE.parent / "docs" / "lessons"
_WRITTEN = "% Written by `python -m epool_viz.lessons.printing`.\n\n"
_SPACE = "\n\n&nbsp;\n\n"  # to write in
IMPORT = "from epool_viz import lessons\n\n"


def rounded_minutes(lesson: Lesson) -> int:
    """How long a lesson takes, in whole minutes."""
    return round(lesson.minutes)


# --- notebooks


def cells(lesson: Lesson) -> Iterator[tuple[str, str]]:
    """Kind and source of each cell; text before each cell of code."""
    place = all_lessons().index(lesson) + 1
    goals = "\n".join(f"- {goal}" for goal in lesson.goals)
    yield (
        "markdown",
        f"# {lesson.title}\n\nLesson {place} of {len(all_lessons())}, {rounded_minutes(lesson)} minutes. "
        f"{lesson.line}\n\n**Afterwards you can**\n\n{goals}",
    )
    yield "markdown", f"## Try it\n\n{lesson.look}"
    yield "code", IMPORT + lesson.panel
    counted = 0
    for part in lesson.body:
        if isinstance(part, Exercise):
            if not counted:
                yield "markdown", f"## What is exactly true\n\n{_statements(lesson)}"
            counted += 1
            yield "markdown", f"## Exercise {counted} of {len(lesson.exercises)}\n\n{part.task}"
            blank = "\n" if part.given.rpartition("\n")[2].startswith("import ") else ""
            given = f"{part.given}\n{blank}" if part.given else ""
            yield "code", f'{given}answer = ...\nlessons.exercise("{part.id}").check(answer)'
        elif isinstance(part, Question):
            yield "code", f'lessons.question("{part.id}")'
        else:
            yield ("markdown", part.text) if isinstance(part, Text) else ("code", part.source)
    yield "markdown", f"## To think about\n\n{lesson.open_question}"


def _statements(lesson: Lesson) -> str:
    """What was seen, as equations: after the questions, so that it answers none."""
    told = enumerate(lesson.statements, start=1)
    return "\n\n".join(f"{place}. {each.sentence}\n\n   $${each.equation}$$" for place, each in told)


def notebook_text(lesson: Lesson) -> str:
    """The notebook of a lesson."""
    made: list[dict[str, Any]] = []
    for kind, source in _joined(cells(lesson)):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{len(made) + 1}", "metadata": {}}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        made.append(dict(sorted((cell | {"source": source.splitlines(keepends=True)}).items())))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "title": lesson.title,
        "description": lesson.line,
        "minutes": rounded_minutes(lesson),
        "order": all_lessons().index(lesson) + 1,
    }
    return (
        json.dumps(
            {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1, ensure_ascii=False
        )
        + "\n"
    )


def _joined(parts: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of Markdown as one cell."""
    joined: list[tuple[str, str]] = []
    for kind, source in parts:
        if joined and kind == joined[-1][0] == "markdown":
            joined[-1] = (kind, f"{joined[-1][1]}\n\n{source}")
        else:
            joined.append((kind, source))
    return joined


# --- pages


def handout(lesson: Lesson) -> str:
    """One page for the hand: goals, statements, picture, questions with space."""
    goals = "\n".join(f"- {goal}" for goal in lesson.goals)
    asked = "\n".join(_printed(place, question) for place, question in enumerate(lesson.questions, start=1))
    tasks = "\n\n".join(f"**Exercise {i}.** {each.task}{_SPACE}" for i, each in enumerate(lesson.exercises, start=1))
    words = lesson.picture().words
    return (
        f"{_WRITTEN}# {lesson.title}\n\n{lesson.line} {rounded_minutes(lesson)} minutes; the notebook is "
        f"`notebooks/lessons/{lesson.notebook}`.\n\n**Afterwards you can**\n\n{goals}\n\n## What is exactly "
        f"true\n\n{_statements(lesson)}\n\n![{words}](pictures/{lesson.name}.svg)\n\n*{words}*\n\n## Predict, then "
        f"see\n\n{asked}\n## Exercises\n\n{tasks}\n## To think about\n\n{lesson.open_question}{_SPACE}"
    ).rstrip() + "\n"


def _printed(place: int, question: Question) -> str:
    options = " &emsp; ".join(f"☐ {option.label}" for option in question.options)
    return f"**{place}.** {question.asked}\n\n{options}{_SPACE}"


def picture_file(lesson: Lesson) -> str:
    """The picture of a handout as a file of its own."""
    svg: str = lesson.picture().svg
    columns = int(re.findall(r'viewBox="0 0 (\d+) ', svg)[0])
    width = min(660, max(320, 36 * columns))  # pixels
    plain = re.sub(r"var\(--ep-\w+,([^)]+)\)", r"\1", svg)
    return (
        plain.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(
            'width="100%"', f'width="{width}"'
        )
        + "\n"
    )


def _numbered(lesson: Lesson, id_: str) -> str:
    return f"question {[each.id for each in lesson.questions].index(id_) + 1}"


def notes() -> str:
    """The notes of who teaches: all lessons."""
    parts = [
        f"{_WRITTEN}# For who teaches\n\nEach lesson is a notebook, a page under Voilà and a handout. Times are for "
        f"a room that answers first and is told then; reading alone takes about as long.\n\n**With 100 people.** "
        f"Start `epool-viz app --host 0.0.0.0 --max-kernels 120`; a lesson has a kernel of its own a visitor, of "
        f"some 90 MB (lesson 4: 150 MB), so on a small machine let groups of three share a screen. Or show one page "
        f"at the front, let hands go up for each option, and press *Show me* last. Ask for reasons before answers. "
        f"*Settings*, *Teach* makes a link that opens your state.\n\n**If the network is down.** After `make app` "
        f"nothing is loaded from elsewhere: run it on the projector's machine. Without any computer the handouts "
        f"carry picture, statements and questions; the explanations are in "
        f"[Solutions](solutions.md).\n\n**Before.** Print the handouts (their equations come from the network), "
        "or the page of a lesson, which needs none; both are legible in black and white."
    ]
    for lesson in all_lessons():
        timing = "\n".join(f"| {minutes} | {what} |" for minutes, what in lesson.notes.timing)
        total = sum(minutes for minutes, _ in lesson.notes.timing)
        believed = "\n".join(f"- {what} ({_numbered(lesson, id_)})" for what, id_ in lesson.notes.misconceptions)
        aloud = "\n".join(f"- {each}" for each in lesson.notes.aloud)
        parts.append(
            f"## {lesson.title}\n\n[Handout]({lesson.name}.md)\n\n| minutes | what |\n|---|---|\n{timing}\n"
            f"| **{total}** | |\n\n**What is often believed**\n\n{believed}\n\n**Ask aloud**\n\n{aloud}"
        )
    return "\n\n".join(parts) + "\n"


def solutions() -> str:
    """All answers: of questions, with each wrong one explained, of exercises, and of the open questions."""
    parts = [f"{_WRITTEN}# Solutions\n\nEvery answer is computed when this page is written."]
    for lesson in all_lessons():
        parts.append(f"## {lesson.title}")
        for place, question in enumerate(lesson.questions, start=1):
            told = "\n".join(
                f"- {'**' + each.label + '**' if each.value == question.right else each.label} "
                f"{question.explained[each.value]}"
                for each in question.options
            )
            parts.append(f"**Question {place}.** {question.asked}\n\n{told}")
        for place, exercise in enumerate(lesson.exercises, start=1):
            slips = "\n".join(f"- {_value(exercise, slip.make())}: {slip.words}" for slip in exercise.slips)
            given = f"{exercise.given}\n" if exercise.given else ""
            parts.append(
                f"**Exercise {place}.** {exercise.task}\n\n```python\n{given}{exercise.solution}\n```\n\n"
                f"The answer is {_value(exercise, exercise.answer())}. {exercise.praise} Often given:\n\n{slips}"
            )
        parts.append(f"**To think about.** {lesson.open_question}\n\n{lesson.open_answer}")
    return "\n\n".join(parts) + "\n"


def _value(exercise: Exercise, value: Any) -> str:
    found = exercise.form.read(value)
    if isinstance(found, str | int):
        return str(found)
    numbers = [found] if isinstance(found, float) else found.reshape(-1).tolist()
    unit = getattr(exercise.form, "unit", "")
    return ", ".join(f"{x:.2f}".replace("-", "−") for x in numbers) + (f" {unit}" if unit else "")


def index() -> str:
    """The list of lessons."""
    rows = "\n".join(
        f"| {place} | [{each.title}]({each.name}.md) | {rounded_minutes(each)} | {each.line} |"
        for place, each in enumerate(all_lessons(), start=1)
    )
    names = "\n".join(each.name for each in all_lessons())
    return (
        f"{_WRITTEN}# Lessons\n\nSix lessons of 15 to 20 minutes, as notebooks in `notebooks/lessons`, as pages of "
        f"`epool-viz app` (menu *Lessons*), and as the handouts below, which print on one page or two. A question "
        f"comes before its answer, every wrong answer is explained, and an exercise says what is wrong with an "
        f"answer.\n\n| | lesson | minutes | about |\n|---|---|---|---|\n{rows}\n\n[For who teaches](notes.md) has "
        f"timing, misconceptions and what to ask; [Solutions](solutions.md) has every "
        f"answer.\n\n```{{toctree}}\n:hidden:\n{names}\nnotes\nsolutions\n```\n"
    )


def files() -> dict[Path, str]:
    """Every file of a checkout that follows from the lessons, and its text."""
    pages = {"index.md": index(), "notes.md": notes(), "solutions.md": solutions()}
    made = {PAGES / name: text for name, text in pages.items()}
    for lesson in all_lessons():
        made[NOTEBOOKS / lesson.notebook] = notebook_text(lesson)
        made[PAGES / f"{lesson.name}.md"] = handout(lesson)
        made[PAGES / "pictures" / f"{lesson.name}.svg"] = picture_file(lesson)
    return made


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
