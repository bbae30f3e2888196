"""Each wrong option of a dashboard's questions has an explanation of its own; the right one has the question's."""

from __future__ import annotations

import pytest

from epool_viz.panels.e_step.texts import QUESTIONS as OF_E_STEP
from epool_viz.panels.one_kernel.questions import page_questions
from epool_viz.panels.pwm.texts import QUESTIONS as OF_PWM

CHOICES = {question.id: question for question in (*OF_E_STEP, *OF_PWM) if question.kind == "choice"}


@pytest.mark.parametrize("question", CHOICES.values(), ids=CHOICES)
def test_all_options_but_the_right_one_say_why_they_are_wrong(question):
    values = {value for value, _ in question.options}
    assert set(question.because) < values
    assert len(question.because) == len(values) - 1
    (plain,) = page_questions((question,))
    assert {option["value"]: option["because"] for option in plain["options"] if option["because"]} == question.because
