"""The questions are whole, and what they name exists in the page."""

import json
import re

import numpy as np
import pytest

from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.trace import e_step_trace
from epool_viz.panels.e_step.texts import QUESTIONS
from epool_viz.panels.one_kernel.questions import MEASURES, SCENE, SEQUENCE, VEILS, Question, page_questions
from tests.components.conftest import source_of

IDS = [question.id for question in QUESTIONS]


def named(answer):
    [(kind, value)] = [(key, value) for key, value in answer.items() if key != "of"]
    return {
        "series": [],
        "changed": [],
        "number": [value],
        "fate": [value],
        "most": value,
        "compare": value[:1],
    }[kind]


def test_there_are_enough_of_every_kind_and_each_has_its_own_id():
    assert len(QUESTIONS) >= 6
    assert len(set(IDS)) == len(IDS)
    assert {question.kind for question in QUESTIONS} == {"draw", "choice", "number"}


@pytest.mark.parametrize("question", QUESTIONS, ids=IDS)
def test_every_name_in_a_question_is_known(question):
    assert set(named(question.answer)) <= set(MEASURES)
    tokens = re.findall(r"\{([^}]*)\}", question.explanation)
    assert tokens, "an explanation shows numbers"
    for token in tokens:
        side, _, name = token.partition(".")
        assert side in ("before", "after")
        assert name in MEASURES
    assert set(question.hidden) <= set(VEILS)
    assert question.hidden
    assert bool(question.options) == (question.kind == "choice")
    values = [value for value, _ in question.options]
    assert len(set(values)) == len(values)


def test_the_page_knows_the_same_measures_and_veils():
    source, answers = source_of("predict"), source_of("predict/answers")
    body = answers[answers.index("function measuresOf") :]
    body = body[: body.index("\n}\n")]
    assert re.findall(r"^    (\w+):", body, re.MULTILINE) == list(MEASURES)
    assert json.loads(re.search(r"const VEILS = (\[.*\]);", source)[1]) == list(VEILS)


def test_the_page_gets_plain_data():
    questions = page_questions(QUESTIONS)
    assert json.loads(json.dumps(questions)) == questions
    assert [question["id"] for question in questions] == IDS
    assert questions[1]["options"][0] == {"value": "up", "label": "It rises.", "because": ""}
    own = (Question("mine", "How many?", "number", {"number": "windows"}, "{after.windows}"),)
    assert [question["id"] for question in page_questions(own)] == ["mine"]


def test_what_the_texts_say_of_the_scene_is_true():
    trace = e_step_trace(SEQUENCE, np.array(SCENE["kernel"]))
    assert len(trace.scores) == 26
    best = int(trace.posterior.argmax())
    assert SEQUENCE[best : best + 5] == "TATAA"
    assert SEQUENCE[6] == "A"
    assert best <= 6 < best + 5
    mutated = next(question for question in QUESTIONS if question.id == "mutated_letter").action["codes"]
    assert [i for i, (a, b) in enumerate(zip(SCENE["codes"], mutated, strict=True)) if a != b] == [6]
    moved = np.array(SCENE["kernel"]) + np.array([0, 0, 2.0, 0, 0])
    before, after = (kernel_to_pwm_at(kernel, 1.0).ppm for kernel in (np.array(SCENE["kernel"]), moved))
    np.testing.assert_allclose(before, after, rtol=1e-12)
