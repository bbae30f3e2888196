"""The words and the formula of a step: the page's numbers are Python's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from epool_viz.core.trace import e_step_trace
from epool_viz.panels.e_step.page import page_steps
from epool_viz.panels.one_kernel import steps
from tests.components.conftest import importable, state_of

KERNEL = np.random.default_rng(4).normal(size=(4, 5)) * 1.5
TEXT = "ACGTTGCANACGTTAGCATTAGACCATGN"
OPTIONS = ("m", "mode", "local_window", "padding", "both_strands", "occurrence", "activation", "background", "bias")


STEPS = page_steps()
NAMES = [step["name"] for step in STEPS]


def settle(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def trace_of(state):
    return e_step_trace(TEXT, KERNEL, site_rate=state["site_rate"], **{name: state[name] for name in OPTIONS})


NUMBERS = """async ([source, cursors]) => {
  const { numbersOf } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const plain = (x) => (Number.isFinite(x) ? x : String(x));
  return cursors.map((i) => Object.fromEntries(
    Object.entries(numbersOf(window.store.state, window.store.trace, i)).map(([k, v]) => [k, plain(v)])));
}"""


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"m": 0.0, "padding": "same"},
        {"m": 2.5, "mode": 1, "bias": 0.7, "both_strands": True, "background": [0.1, 0.2, 0.3, 0.4]},
        {"activation": "paper", "local_window": 3, "both_strands": True, "padding": "same"},
        {"occurrence": "zoops", "site_rate": 0.2, "local_window": 4},
    ],
)
def test_every_number_is_pythons(show, changes):
    state = state_of(TEXT, KERNEL, **changes)
    page = show(state, "steptext", options={"steps": STEPS})
    trace = trace_of(state)
    cursors = list(range(len(trace.starts)))
    for window, found in enumerate(page.evaluate(NUMBERS, [importable("steptext"), cursors])):
        expected = steps.numbers(trace, window)
        assert set(found) == set(expected)
        for name, value in expected.items():
            page_value = float(found[name])
            assert page_value == pytest.approx(value, rel=1e-11, abs=1e-11, nan_ok=True), (window, name)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("activated", "cells")])
def test_each_step_shows_its_words_and_the_numbers_of_the_window_in_hand(show, name):
    state = state_of(TEXT, KERNEL, cursor=12, step=NAMES.index(name), m=1.3)
    page = show(state, "steptext", options={"steps": STEPS})
    step = steps.STEPS[NAMES.index(name)]
    text = page.inner_text("#steptext")
    assert step.title in text
    assert step.sentence in text
    assert "{" not in text
    trace = trace_of(state)
    expected = steps.numbers(trace, 12)
    shown = page.eval_on_selector_all("#steptext data", "(all) => all.map((d) => [d.dataset.name, d.dataset.value])")
    assert shown
    for key, value in shown:
        assert float(value) == pytest.approx(float(expected[key]), rel=1e-11, abs=1e-11), key


def test_the_numbers_follow_without_a_new_formula(show):
    page = show(state_of(TEXT, KERNEL, cursor=12, step=1), "steptext", options={"steps": STEPS})
    page.evaluate("document.querySelector('#steptext data').kept = true")
    page.evaluate("window.store.set({ cursor: 15, bias: 0.5 })")
    settle(page)
    assert page.evaluate("document.querySelector('#steptext data').kept") is True
    trace = e_step_trace(TEXT, KERNEL, bias=0.5)
    score = float(page.get_attribute("#steptext [data-name=score]", "data-value"))
    assert score == pytest.approx(float(trace.scores[15]))
    assert page.inner_text("#steptext sub data") == "16"


def test_a_negative_number_after_a_sign_stands_in_brackets(show):
    step = {"name": "x", "title": "t", "sentence": "s", "formula": "{m} + {bias} = 1 × {bias}"}
    page = show(state_of(TEXT, KERNEL, bias=-0.5), "steptext", options={"steps": [step]})
    assert page.inner_text(".ec-steptext-formula") == "1 + (−0.5) = 1 × (−0.5)"
    page.evaluate("window.store.set({ bias: 0.5, m: 2 })")
    settle(page)
    assert page.inner_text(".ec-steptext-formula") == "2 + 0.5 = 1 × 0.5"


def test_variants_tell_what_is_true(show):
    page = show(state_of(TEXT, KERNEL, cursor=12, step=NAMES.index("posterior")), "steptext", options={"steps": STEPS})
    assert "A bar is the probability" in page.inner_text("#steptext")
    page.evaluate("window.store.set({ activation: 'paper' })")
    settle(page)
    assert steps.STEPS[NAMES.index("posterior")].rectified_sentence in page.inner_text("#steptext")
    page.evaluate("window.store.set({ activation: 'identity', occurrence: 'zoops' })")
    settle(page)
    assert page.locator("#steptext [data-name=site_probability]").count() == 1
    page.evaluate("window.store.set({ cursor: 6 })")  # over an unknown letter
    settle(page)
    assert "is a partial sum" in page.inner_text("#steptext")
    assert page.locator("#steptext [data-name=site_probability]").count() == 0


def test_the_step_is_counted_among_those_that_apply(show):
    page = show(state_of(TEXT, KERNEL, step=NAMES.index("shifted")), "steptext", options={"steps": STEPS})
    assert page.inner_text(".ec-steptext-count") == "4/9"
    page.evaluate("window.store.set({ activation: 'paper' })")
    settle(page)
    assert page.inner_text(".ec-steptext-count") == "5/10"


def test_words_are_never_read_as_html(show):
    step = {"name": "x", "title": "<img src=x>", "sentence": "<b>bold</b>", "formula": "<i>{score}</i>{unknown}"}
    page = show(state_of(TEXT, KERNEL), "steptext", options={"steps": [step]})
    assert page.locator("#steptext img, #steptext b, #steptext i").count() == 0
    assert "{unknown}" in page.inner_text(".ec-steptext-formula")


def test_what_is_shown_is_spoken_at_rest(show):
    page = show(state_of(TEXT, KERNEL, step=0), "steptext", options={"steps": STEPS})
    page.evaluate("for (const step of [1, 2]) window.store.set({ step })")
    page.wait_for_function("document.querySelector('#steptext [role=status]').textContent.startsWith('Scores of all')")


def test_a_state_that_cannot_be_traced_leaves_the_last_good_numbers(show):
    page = show(state_of(TEXT, KERNEL, cursor=12, step=1), "steptext", options={"steps": STEPS})
    before = page.inner_text(".ec-steptext-formula")
    page.evaluate("window.store.set({ codes: [0, 1] })")
    settle(page)
    assert page.inner_text(".ec-steptext-formula") == before
    assert not math.isnan(float(page.get_attribute("#steptext [data-name=score]", "data-value")))
