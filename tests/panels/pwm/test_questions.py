"""The questions are whole, and what their texts say is true."""

import json
import re

import numpy as np
import pytest

from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.motifs import information_content
from epool_viz.panels.one_kernel.questions import MEASURES, SCENE, VEILS, page_questions
from epool_viz.panels.pwm.texts import AT_RICH, KERNEL, QUESTIONS
from tests.panels.e_step.test_questions import named

IDS = [question.id for question in QUESTIONS]
BY_ID = dict(zip(IDS, QUESTIONS, strict=True))
BEFORE = kernel_to_pwm_at(np.array(KERNEL), 1.0)


@pytest.mark.parametrize("question", QUESTIONS, ids=IDS)
def test_every_name_in_a_question_is_known(question):
    assert set(named(question.answer)) <= set(MEASURES)
    tokens = re.findall(r"\{(before|after)\.(\w+)\}", question.explanation)
    assert tokens
    assert {name for _, name in tokens} <= set(MEASURES)
    assert set(question.hidden) <= set(VEILS)
    assert bool(question.options) == (question.kind == "choice")


def test_each_has_its_own_id_and_the_page_gets_plain_data():
    assert len(set(IDS)) == len(IDS) >= 5
    plain = page_questions(QUESTIONS)
    assert json.loads(json.dumps(plain)) == plain
    assert {question.kind for question in QUESTIONS} == {"choice", "number"}


def information(reading, background=None):
    return float(information_content(reading.ppm, background).sum())


def test_what_the_texts_say_is_true():
    assert f"{float(BEFORE.offset):.2f}" in BY_ID["offset_constant"].text
    moved = kernel_to_pwm_at(np.array(BY_ID["offset_constant"].action["kernel"]), 1.0)
    assert float(moved.offset - BEFORE.offset) == pytest.approx(2 - 0.5)
    np.testing.assert_allclose(moved.ppm, BEFORE.ppm, rtol=1e-12)
    row = kernel_to_pwm_at(np.array(BY_ID["row_constant"].action["kernel"]), 1.0)
    assert np.abs(row.ppm - BEFORE.ppm).max() > 0.01
    moved = np.array(BY_ID["row_constant"].action["kernel"]) - np.array(KERNEL)
    np.testing.assert_allclose(moved, np.array([[1.0], [0], [0], [0]]) * np.ones(5))
    doubled = np.array(BY_ID["scaled"].action["kernel"])
    np.testing.assert_allclose(doubled, 2 * np.array(KERNEL))
    assert information(kernel_to_pwm_at(doubled, 1.0)) > information(BEFORE)
    assert information(kernel_to_pwm_at(doubled, 1.0)) == pytest.approx(
        information(kernel_to_pwm_at(np.array(KERNEL), 2.0))
    )
    rich = kernel_to_pwm_at(np.array(KERNEL), 1.0, background=AT_RICH)
    assert np.abs(rich.ppm - BEFORE.ppm).max() > 0.01
    assert sum(AT_RICH) == pytest.approx(1)
    for question in QUESTIONS:
        assert set(question.setup) >= set(question.action) | {"kernel"}
        assert question.setup["kernel"] == SCENE["kernel"]
