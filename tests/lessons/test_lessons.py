"""Every question has one right answer, computed twice; every wrong one is explained; no answer breaks a check."""

from __future__ import annotations

import html
import math
import re

import numpy as np
import pytest

from epool_viz import lessons
from epool_viz.errors import ArgumentError
from epool_viz.lessons import all_lessons
from epool_viz.lessons.checking import OPEN, Column, Letters, Matrix, Number, Place
from epool_viz.lessons.content import reading_a_network
from epool_viz.lessons.lesson import Exercise

LESSONS = all_lessons()
QUESTIONS = [question for lesson in LESSONS for question in lesson.questions]
EXERCISES = [exercise for lesson in LESSONS for exercise in lesson.exercises]

every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda each: each.name)
every_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.id)
every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.id)


class Raising:
    """An answer whose every method fails."""

    def __array__(self, *args, **kwargs):
        raise KeyError("no")

    def __len__(self):
        return 1

    def __repr__(self):
        raise ZeroDivisionError


HOSTILE = [
    None,
    True,
    float("nan"),
    [1.0, math.inf],
    "",
    "<script>alert(1)</script>",
    "<b>A</b>" * 10_000,
    "1 2\n3",
    b"ACGT",
    {},
    {"A": 1},
    [],
    [[]],
    [[1, 2], [3]],
    [[[1.0]]],
    1 + 2j,
    10**400,
    np.zeros((3000, 3000)),
    list(range(200_000)),
    np.array(["a"]),
    Raising(),
    object(),
    print,
]


@every_lesson
def test_a_lesson_has_the_form_of_all(lesson):
    assert (len(lesson.questions), len(lesson.exercises), len(lesson.statements)) == (4, 2, 3)
    assert len(lesson.goals) == 3
    assert lesson.open_question
    assert lesson.open_answer


@every_lesson
def test_a_lesson_takes_15_to_20_minutes_to_read_and_to_teach(lesson):
    assert 15 <= lesson.minutes <= 20
    assert 15 <= sum(minutes for minutes, _ in lesson.notes.timing) <= 20


@every_lesson
def test_every_question_uncovers_a_misconception_of_the_notes(lesson):
    assert {id_ for _, id_ in lesson.notes.misconceptions} == {question.id for question in lesson.questions}
    assert len(lesson.notes.aloud) >= 3


def test_names_are_used_once():
    ids = [part.id for part in (*QUESTIONS, *EXERCISES)]
    assert len(ids) == len(set(ids)) == 36
    assert list(lessons.titles()) == [lesson.name for lesson in LESSONS]


@every_question
def test_a_question_has_one_right_option_by_two_routes(question):
    assert question.right == question.other_route()
    assert [question.says(each.value).is_right for each in question.options].count(True) == 1
    assert len(question.options) >= 3


@every_question
def test_every_option_is_explained_in_its_own_words(question):
    told = list(question.explained.values())
    assert len(set(told)) == len(told)
    assert all(len(each.split()) >= 6 for each in told)
    assert not re.search(r"[{}]|nan|np\.|\d\.\d{4,}", " ".join([question.asked, *told]).replace("0.0020", ""))


@every_exercise
def test_the_right_answer_is_right_by_two_routes(exercise):
    for answer in (exercise.answer(), exercise.other_route()):
        assert exercise.check(answer).is_right
    assert exercise.check(_as_text(exercise.answer())).is_right


def _as_text(answer):
    return answer if isinstance(answer, str) else " ".join(f"{x:.4f}" for x in np.atleast_1d(answer))


@every_exercise
def test_each_typical_slip_gets_its_own_words(exercise):
    assert len(exercise.slips) >= 4
    assert [exercise.check(slip.make()).words for slip in exercise.slips] == [slip.words for slip in exercise.slips]
    assert not any(exercise.check(slip.make()).is_right for slip in exercise.slips)


@every_exercise
def test_no_answer_breaks_a_check(exercise):
    for answer in HOSTILE:
        said = exercise.check(answer)
        assert not said.is_right
        assert len(repr(said)) < 400
        assert "<b>A" not in said._repr_html_()
        assert "<script" not in said._repr_html_()


@every_exercise
def test_an_exercise_without_an_answer_says_where_to_write_it(exercise):
    said = exercise.check(...)
    assert (said.tone, repr(said)) == ("open", OPEN)


@every_exercise
def test_the_solution_is_what_the_check_accepts(exercise):
    names: dict[str, object] = {}
    lines = exercise.solution.splitlines()
    code = "\n".join(["import numpy as np", exercise.given, *lines[:-1], f"_answer = {lines[-1]}"])
    exec(compile(code, exercise.id, "exec"), names)  # ours
    assert exercise.check(names["_answer"]).is_right


@pytest.mark.parametrize(
    ("form", "truth", "answer", "words"),
    [
        (Number("bits"), 2.0, 2 * math.log(2), "These are nats"),
        (Number("nats"), 2.0, 2 / math.log(2), "These are bits"),
        (Number(), 2.0, -2.0, "the sign is not"),
        (Number(), 2.0, 200.0, "a percentage"),
        (Number(), 2.0, math.exp(2.0), "the logarithm is missing"),
        (Number(), 2.0, 2.5, "too large"),
        (Number(), 2.0, 1.5, "too small"),
        (Number(), 2.0, [1, 2], "Found 2 numbers"),
        (Column(), [0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1], "the order is not"),
        (Column(), [0.1, 0.2, 0.3, 0.4], [10, 20, 30, 40], "percentages"),
        (Column(), [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3], "count both ends"),
        (Column(), [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.9], "they sum to 1"),
        (Column(), [0.1, 0.2, 0.3, 0.4], [0.5, 0.2, -0.3, 0.6], "never negative"),
        (Column(), [0.1, 0.2, 0.3, 0.4], [0.1, 0.3, 0.2, 0.4], "Off: C, G."),
        (Column(), [0.1, 0.2, 0.3, 0.4], np.eye(4), "a matrix of 4 × 4"),
        (Letters(4), "AACG", "CGTT", "the other strand"),
        (Letters(4), "AACG", "GCAA", "backwards"),
        (Letters(4), "AACG", "TTGC", "in the wrong direction"),
        (Letters(4), "AACG", "AAC", "Found 3 letters"),
        (Letters(4), "AACG", "AATG", "Off: letter 3."),
        (Letters(4), "AACG", "AAXG", "other characters"),
        (Place("window"), 5, 4, "counts from 0"),
        (Place("window"), 5, 6, "one place too far"),
        (Place("window"), 5, 9, "not the place"),
        (Place("window"), 5, 4.5, "Found 4.5"),
    ],
)
def test_what_any_such_answer_may_get_wrong_is_said(form, truth, answer, words):
    exercise = Exercise("x", "", form, lambda: truth, lambda: truth, (), "", "")
    assert words in exercise.check(answer).words
    assert exercise.check(truth).is_right


MATRIX = np.array([[0.7, 0.1, 0.3], [0.1, 0.2, 0.3], [0.15, 0.3, 0.2], [0.05, 0.4, 0.2]])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (MATRIX.T, "Transposed"),
        (MATRIX[::-1, ::-1], "other strand"),
        (MATRIX[:, ::-1], "columns run backwards"),
        (MATRIX[::-1], "rows run backwards"),
        (100 * MATRIX, "percentages"),
        (MATRIX[:, :2], "Found 4 × 2"),
        (MATRIX / MATRIX.sum(1, keepdims=True), "The rows sum to 1"),
        (MATRIX * 1.5, "Each column"),
        (MATRIX[:, [1, 0, 2]], "Off: column 1, 2."),
        (MATRIX[0], "in no rows"),
    ],
)
def test_what_a_matrix_may_get_wrong_is_said(answer, words):
    exercise = Exercise("x", "", Matrix(3), lambda: MATRIX, lambda: MATRIX, (), "", "")
    assert words in exercise.check(answer).words
    pasted = "\n".join(f"{letter}: " + ", ".join(map(str, row)) for letter, row in zip("ACGT", MATRIX, strict=True))
    assert exercise.check(pasted).is_right


def test_on_a_page_without_code_an_exercise_is_a_field(monkeypatch):
    monkeypatch.setenv("VOILA_APP_PORT", "1")
    exercise = EXERCISES[0]
    (field,) = [each for each in exercise.check(...).children if hasattr(each, "options")]
    assert field.options["kind"] == "field"
    sent: list[dict] = []
    monkeypatch.setattr(field, "send", sent.append)
    field._receive(field, {"answer": "0.58 0.03 0.14 0.25"}, [])
    field._receive(field, {"answer": 3}, [])
    field._receive(field, "no", [])
    assert [each["feedback"]["tone"] for each in sent] == ["right"]


@every_question
def test_a_question_is_shown_with_what_is_said_of_each_option(question):
    (shown,) = [each for each in lessons.question(question.id).children if hasattr(each, "options")]
    assert [each["isRight"] for each in shown.options["options"]].count(True) == 1
    assert all(each["says"] for each in shown.options["options"])


@pytest.mark.parametrize("ask", [lessons.question, lessons.exercise, lessons.panel])
def test_an_unknown_name_is_answered_with_the_known_ones(ask):
    with pytest.raises(ArgumentError, match="one of"):
        ask("<b>")


@every_lesson
def test_pictures_say_what_they_show_and_need_no_colour_of_the_page(lesson):
    picture = lesson.picture()
    assert html.escape(picture.words) in picture.svg
    assert 'role="img"' in picture._repr_html_()
    assert repr(picture) == picture.words
    assert not re.search(r"\d\.\d{4,}", picture.words)


def test_a_hostile_title_stays_text():
    shown = lessons.show_bars([1.0, 2.0], ["<i>a</i>", "b"], "<script>x</script>", "<u>")
    table = lessons.show_table({"<i>": [1, 2.5]}, ["<b>", "c"], caption="<script>")
    for picture in (shown, table):
        assert "<script" not in picture._repr_html_()
        assert "<i>" not in picture._repr_html_()


def test_the_base_of_the_network_is_the_likeliest_one():
    assert reading_a_network.likeliest_base() == reading_a_network.BASE
