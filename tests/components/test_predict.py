"""Predict, then see: the truth is the traces', the score is what it says, and leaving leaves nothing behind."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.widgets import Predict
from epool_viz.core.trace import e_step_trace
from epool_viz.panels.e_step.texts import QUESTIONS
from epool_viz.panels.one_kernel.questions import SCENE, SEQUENCE, page_questions
from tests.components.conftest import importable, source_of, state_of
from tests.components.test_strip import (
    assert_axe_is_content,
    assert_fits_a_phone,
    numbers,
    press,
    set_state,
    settle,
    state,
)

TEXT = "ACGTTGCATCANGTTAGCATTAGACCATGACTTAGGC"
KERNEL = np.random.default_rng(4).normal(size=(4, 5))
LIKED = np.array(SCENE["kernel"])
MUTATED = SEQUENCE[:6] + "T" + SEQUENCE[7:]
BY_ID = {question["id"]: question for question in page_questions(QUESTIONS)}
PLOT = "#predict [role=slider]"


@pytest.fixture
def predict(show):
    def render(*ids, begin=True, **changes):
        questions = [BY_ID[id_] if isinstance(id_, str) else id_ for id_ in ids] or page_questions(QUESTIONS)
        page = show(state_of(TEXT, KERNEL, **changes), "predict", options={"questions": questions})
        if begin:
            click(page, "Start")
        return page

    return render


def click(page, label):
    page.click(f"#predict button:text-is('{label}')")
    settle(page)


def alert(page):
    return page.inner_text("#predict [role=alert]")


def veil(page):
    return page.evaluate("document.documentElement.dataset.epHidden ?? null")


def scene(m=1.0, kernel=LIKED, text=SEQUENCE, **options):
    return e_step_trace(text, kernel, m=m, **options)


def test_the_widget_carries_its_module():
    widget = Predict(store=Store(state={}, on_patch=lambda _: None), options={"questions": []})
    assert widget._esm == module_text("predict")


def test_the_module_is_small():
    source = source_of("predict")
    assert len(source.encode()) < 30_000
    assert "innerHTML" not in source


def test_the_room_is_asked_only_on_a_page_that_names_where_classes_are(predict):
    page = predict("m_rises", begin=False)
    assert page.get_by_role("button", name="Ask the room").count() == 0
    page.evaluate("document.body.dataset.epClass = '/class'")
    click(page, "Start")
    click(page, "Leave")
    assert page.get_by_role("button", name="Ask the room").count() == 1


TRUTHS = {
    "m_rises": "up" if scene(3.0).pooled > scene().pooled else "down",
    "column_constant": "same",
    "score_constant": "same" if np.allclose(scene(bias=2.0).posterior, scene().posterior, atol=1e-12) else "changed",
    "who_learns": "gradient_windows" if np.sum(np.abs(scene(0.5).gradient) > 0.01) > 1 else "same",
    "below_average": "nothing" if scene(0.5, mode=1).weights[scene().scores < scene().average].sum() == 0 else "down",
    "mutated_letter": "down" if scene(text=MUTATED).posterior.max() < scene().posterior.max() else "up",
}  # fmt: skip


def test_every_choice_is_answered_as_core_says(predict):
    page = predict(*TRUTHS)
    for id_, truth in TRUTHS.items():
        labels = {option["value"]: option["label"] for option in BY_ID[id_]["options"]}
        page.check(f"#predict label:has-text('{labels[truth]}') input")
        click(page, "Show me")
        assert state(page, "predict")["scores"][id_] == 1, id_
        assert page.inner_text("#predict .ec-predict-result").startswith("Right.")
        assert not BY_ID[id_].get("because", {}).get(truth), "what is right has no reason to be wrong"
        assert "✓ yours, and true" in page.inner_text("#predict label.is-true")
        assert "{" not in page.inner_text("#predict .ec-predict-result")
        click(page, "See the total" if id_ == list(TRUTHS)[-1] else "Next question")
    assert page.inner_text("#predict [data-name=final]").startswith("6 of 6 points, 100 %.")


def test_a_wrong_choice_gets_nothing_and_shows_both(predict):
    page = predict("m_rises")
    page.check("#predict label:has-text('It falls.') input")
    click(page, "Show me")
    assert state(page, "predict") == {"phase": "seen", "open": "m_rises", "scores": {"m_rises": 0}}
    assert "Not this time. True is: It rises." in page.inner_text("#predict .ec-predict-result")
    (why,) = [option["because"] for option in BY_ID["m_rises"]["options"] if option["label"] == "It falls."]
    assert why in page.inner_text("#predict .ec-predict-result")
    assert "✗ yours" in page.inner_text("#predict label.is-false")
    shown = numbers(page, "predict")
    assert shown["before.pooled"] == pytest.approx(float(scene().pooled), rel=1e-12)
    assert shown["after.pooled"] == pytest.approx(float(scene(3.0).pooled), rel=1e-12)
    assert (state(page, "m"), page.evaluate("window.store.trace.pooled")) == (
        3,
        pytest.approx(float(scene(3.0).pooled)),
    )


def test_the_answer_follows_the_trace_and_not_the_text(predict):
    falls = BY_ID["m_rises"] | {"action": {"m": {"add": -0.5}}}
    page = predict(falls)
    page.check("#predict label:has-text('It falls.') input")
    click(page, "Show me")
    assert state(page, "predict")["scores"] == {"m_rises": 1}
    assert state(page, "m") == 0.5


def test_a_drawing_is_scored_by_its_overlap_by_the_keyboard_alone(predict):
    page = predict("draw_posterior", begin=False)
    page.keyboard.press("Tab")
    press(page, "Enter")
    assert page.evaluate("document.activeElement.tagName") == "H3"
    press(
        page, "Tab", "Home", *["ArrowRight"] * 3, "PageUp", "ArrowUp", "ArrowUp", "ArrowUp", "End", "ArrowUp", "ArrowUp"
    )
    assert page.get_attribute(PLOT, "aria-valuetext") == "window 26: bar 20 of 100"
    assert state(page, "cursor") == 25
    click(page, "Show me")
    truth = np.asarray(scene().posterior)
    guess = np.zeros(26)
    guess[[3, 25]] = 0.8, 0.2
    assert state(page, "predict")["scores"]["draw_posterior"] == pytest.approx(
        np.minimum(truth, guess).sum(), rel=1e-10
    )
    page.evaluate(
        "document.querySelector('#predict .ec-predict-result').parentElement.querySelector('details').open = true"
    )
    shown = numbers(page, "predict")
    np.testing.assert_allclose([shown[f"guess_{i + 1}"] for i in range(26)], guess, atol=1e-12)
    np.testing.assert_allclose([shown[f"truth_{i + 1}"] for i in range(26)], truth, rtol=1e-9)
    assert shown["bits"] == np.inf
    assert "you gave nothing to window 13, which holds 13 %" in page.inner_text("#predict .ec-predict-result")
    assert page.locator("#predict [data-name=truth]").count() == page.locator("#predict [data-name=guess]").count() == 1


def test_an_even_drawing_has_a_finite_divergence(predict):
    page = predict("draw_posterior")
    click(page, "Show me")
    assert alert(page) == "Nothing is drawn yet: give at least one window a bar."
    click(page, "All alike")
    assert alert(page) == ""
    click(page, "Show me")
    truth = np.asarray(scene().posterior)
    shown = numbers(page, "predict")
    assert shown["bits"] == pytest.approx((truth * np.log2(truth * 26)).sum(), rel=1e-10)
    assert shown["score"] == pytest.approx(np.minimum(truth, 1 / 26).sum(), rel=1e-10)


def test_the_pointer_draws_without_gaps(predict):
    page = predict("draw_posterior")
    box = page.locator(f"{PLOT} svg").bounding_box()
    x = lambda i: box["x"] + 8 + (i + 0.5) * (box["width"] - 16) / 26  # noqa: E731
    page.mouse.move(x(2), box["y"] + 8 + 72)
    page.mouse.down()
    page.mouse.move(x(12), box["y"] + 8 + 72)
    page.mouse.up()
    click(page, "Show me")
    expected = np.zeros(26)
    expected[2:13] = 1 / 11
    truth = np.asarray(scene().posterior)
    assert state(page, "predict")["scores"]["draw_posterior"] == pytest.approx(
        np.minimum(truth, expected).sum(), rel=1e-9
    )


def test_a_number_is_scored_by_its_ratio_and_a_bad_one_is_told(predict):
    page = predict("effective_windows")
    for text, found in (
        ("", "nothing"),
        ("<b>x</b>", "“<b>x</b>”"),
        ("-3", "“-3”"),
        ("0", "“0”"),
        ("Infinity", "“Infinity”"),
    ):
        page.fill("#predict input", text)
        page.keyboard.press("Enter")
        assert alert(page) == f"Found {found}; accepted: a number above 0."
        assert page.get_attribute("#predict input", "aria-invalid") == "true"
    assert state(page, "predict")["phase"] == "asking"
    page.fill("#predict input", "12,5")
    page.keyboard.press("Enter")
    settle(page)
    truth = float(scene(0.6).effective_windows)
    assert numbers(page, "predict")["truth"] == pytest.approx(truth, rel=1e-10)
    assert state(page, "predict")["scores"]["effective_windows"] == pytest.approx(truth / 12.5, rel=1e-10)


def test_what_is_asked_is_veiled_until_it_is_answered(predict):
    page = predict("m_rises", "column_constant", begin=False)
    page.evaluate(
        """document.body.insertAdjacentHTML('beforeend',
        '<p id=t data-ep-shows="pooled">7</p><p id=u data-ep-shows="logo">L</p>')"""
    )
    assert veil(page) is None
    click(page, "Start")
    assert state(page, "hidden") == ["pooled", "posterior"]
    assert veil(page) == "pooled posterior"
    assert (page.is_visible("#t"), page.is_visible("#u")) == (False, True)
    page.check("#predict label:has-text('It rises.') input")
    click(page, "Show me")
    assert (state(page, "hidden"), veil(page), page.is_visible("#t")) == ([], None, True)
    click(page, "Next question")
    assert (veil(page), page.is_visible("#u")) == ("logo pooled", False)
    click(page, "Leave")
    assert (state(page, "hidden"), veil(page)) == ([], None)


def test_leaving_and_finishing_set_everything_back(predict):
    page = predict("m_rises", "mutated_letter", begin=False, m=0.7, cursor=9, sequence_name="mine", message="")
    before = page.evaluate("window.store.state")
    click(page, "Start")
    assert state(page, "codes") == SCENE["codes"]
    set_state(page, m=5, cursor=2)
    page.check("#predict label:has-text('It rises.') input")
    click(page, "Show me")
    assert state(page, "m") == 3
    for leave in (["Leave"], ["Go on", "Skip"]):
        for label in leave:
            click(page, label)
        after = page.evaluate("window.store.state")
        assert {key: after.get(key) for key in before} == before
        assert all(after[key] is None for key in set(after) - set(before) - {"predict", "hidden"})
    assert state(page, "predict") == {"phase": "done", "open": None, "scores": {"m_rises": 1}}
    assert page.inner_text("#predict [data-name=total]") == "1 of 1 points so far"


def test_the_state_that_was_asked_about_is_the_one_that_is_shown(predict):
    page = predict("m_rises")
    set_state(page, bias=4.0)  # a hand on another control
    page.check("#predict label:has-text('It rises.') input")
    click(page, "Show me")
    assert page.evaluate("window.store.trace.pooled") == pytest.approx(float(scene(3.0).pooled))


@pytest.mark.parametrize("reading", ["motif", "network"])
def test_a_question_about_two_strands_is_answered_as_they_are_read(show, reading):
    q = [0.1, 0.2, 0.3, 0.4]
    options = {"both_strands": True, "strand_reading": reading, "background": q, "m": 1.4}
    page = show(state_of(TEXT, KERNEL, **options), "predict", options={"questions": page_questions(QUESTIONS)})
    pooled = page.evaluate(
        """async (source) => {
          const predict = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
          return predict.traceOf(window.store.state).pooled;
        }""",
        importable("predict"),
    )
    assert pooled == pytest.approx(float(e_step_trace(TEXT, KERNEL, **options).pooled), rel=1e-10)


def test_nothing_chosen_is_told(predict):
    page = predict("m_rises")
    click(page, "Show me")
    assert alert(page) == "Nothing is chosen yet: choose one, a guess is welcome."
    assert state(page, "predict")["phase"] == "asking"


BAD = [
    ({"answer": {"compare": ["nonsense", "after", "before"]}}, "There is no number after.nonsense."),
    ({"answer": {"guess": 1}}, "There is no answer of the kind guess."),
    ({"setup": {"codes": [0, 1]}}, "The sequence has 2 letters and the kernel 5 columns."),
    ({"options": [{"value": "down", "label": "It falls."}]}, "None of its answers is true here."),
]


@pytest.mark.parametrize(("change", "words"), BAD, ids=lambda x: "")
def test_a_question_that_cannot_be_asked_says_why_and_goes_on(predict, change, words):
    page = predict(BY_ID["m_rises"] | change, "column_constant")
    assert words in page.inner_text("#predict")
    assert veil(page) is None
    click(page, "Next question")
    assert "column 3" in page.inner_text("#predict h3")


def test_texts_are_text_and_never_html(predict):
    question = dataclasses.replace(
        QUESTIONS[1],
        text="<img src=x>",
        explanation="<i>{after.pooled}</i> {after.none}",
        options=(("up", "<b>up</b>"),),
    )
    page = predict(*page_questions((question,)))
    page.check("#predict input")
    click(page, "Show me")
    assert page.locator("#predict :is(img, i, label span b)").count() == 0
    assert "{after.none}" in page.inner_text("#predict .ec-predict-result")


def test_a_veil_left_by_a_page_that_is_gone_is_taken_away(predict):
    page = predict(
        "m_rises",
        begin=False,
        hidden=["logo"],
        predict={"phase": "asking", "open": "m_rises", "scores": {"m_rises": 0.5}},
    )
    assert (state(page, "hidden"), state(page, "predict")["phase"]) == ([], "closed")
    assert page.inner_text("#predict [data-name=total]") == "0.5 of 1 points so far"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(predict, theme):
    page = predict("draw_posterior", "below_average")
    assert_axe_is_content(page, "predict", theme)
    click(page, "All alike")
    click(page, "Show me")
    assert_axe_is_content(page, "predict", theme)
    click(page, "Next question")
    page.check("#predict label >> nth=0")
    click(page, "Show me")
    assert_axe_is_content(page, "predict", theme)


def test_a_phone_scrolls_no_page_sideways(predict):
    page = predict("draw_posterior")
    assert_fits_a_phone(page, "predict")
    click(page, "All alike")
    click(page, "Show me")
    assert_fits_a_phone(page, "predict")
