"""The slider: exact ends, sensible values between them, the keyboard, and messages that say what is accepted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from epool_viz.core.alphabet import DNA
from epool_viz.core.kernels import estimate_base
from tests.components.conftest import importable, state_of

KERNEL = np.random.default_rng(4).normal(size=(4, 5))
TEXT = "ACGTTGCATCACGTTAGCATTAGACC"
M = {
    "key": "m",
    "label": "m",
    "min": 0,
    "max": 20,
    "scale": "cubic",
    "marks": [{"value": 0, "label": "average"}, {"value": 1, "label": "1"}, {"value": 20, "label": "nearly max"}],
    "buttons": [{"label": "one", "value": 1}, {"label": "maximum likelihood", "action": "ml"}],
    "help": "The base is e to the m.",
}
STATE = "window.store.state"


@pytest.fixture
def m_slider(show):
    return show(state_of(TEXT, KERNEL), "slider", options=M)


def m_of(page):
    return page.evaluate(f"{STATE}.m")


def settle(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    settle(page)


@pytest.fixture
def stops(bare_page):
    return bare_page.evaluate(
        """async (source) => {
        const { cubicStops } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
        return cubicStops(20);
    }""",
        importable("slider"),
    )


def test_the_slider_has_a_name_a_value_in_words_and_a_sentence(m_slider):
    slider = m_slider.get_by_role("slider", name="m", exact=True)
    assert slider.count() == 1
    assert slider.get_attribute("aria-valuetext") == "m 1"
    assert m_slider.locator(f"#{slider.get_attribute('aria-describedby')}").inner_text() == M["help"]
    m_slider.evaluate("window.store.set({ m: 0.35 })")
    settle(m_slider)
    assert slider.get_attribute("aria-valuetext") == "m 0.35"
    assert m_slider.input_value("#slider .ec-box") == "0.35"


def test_the_keys_walk_over_the_stops_and_reach_both_ends(m_slider, stops):
    at = stops.index(1)
    m_slider.focus("#slider input[type=range]")
    press(m_slider, "ArrowRight")
    assert m_of(m_slider) == stops[at + 1]
    press(m_slider, "ArrowDown", "ArrowLeft")
    assert m_of(m_slider) == stops[at - 1]
    press(m_slider, "PageUp")
    assert m_of(m_slider) == stops[at + 9]
    press(m_slider, "PageDown", "PageDown")
    assert m_of(m_slider) == stops[at - 11]
    press(m_slider, "Home")
    assert m_of(m_slider) == 0
    press(m_slider, "ArrowLeft")
    assert m_of(m_slider) == 0
    press(m_slider, "End", "ArrowRight")
    assert m_of(m_slider) == 20


def test_a_value_between_two_stops_is_kept_and_left_by_one_key(m_slider):
    m_slider.evaluate("window.store.set({ m: 1.037 })")
    settle(m_slider)
    assert m_of(m_slider) == 1.037
    m_slider.focus("#slider input[type=range]")
    press(m_slider, "ArrowRight")
    assert m_of(m_slider) == 1.05
    press(m_slider, "ArrowLeft")
    assert m_of(m_slider) == 1


def test_dragging_gives_round_values(m_slider, stops):
    box = m_slider.locator("#slider input[type=range]").bounding_box()
    middle = box["y"] + box["height"] / 2
    m_slider.mouse.move(box["x"] + box["width"] * 0.3, middle)
    m_slider.mouse.down()
    for share in (0.4, 0.55, 0.71):
        m_slider.mouse.move(box["x"] + box["width"] * share, middle)
        assert m_of(m_slider) in stops
    m_slider.mouse.move(box["x"] - 50, middle)
    m_slider.mouse.up()
    assert m_of(m_slider) == 0


@pytest.mark.parametrize(
    ("typed", "value"), [("2,5", 2.5), ("0.123456", 0.123456), (" 20 ", 20), ("0", 0), ("1e-3", 0.001)]
)
def test_a_typed_number_is_taken_as_it_is(m_slider, typed, value):
    m_slider.fill("#slider .ec-box", typed)
    press(m_slider, "Enter")
    assert m_of(m_slider) == value
    assert float(m_slider.get_attribute("#slider .ec-box", "data-value")) == value


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("25", "m: found 25; accepted: 0 to 20."),
        ("-1", "m: found -1; accepted: 0 to 20."),
        ("warm", "m: found “warm”, no number; accepted: 0 to 20."),
        ("", "m: found “”, no number; accepted: 0 to 20."),
    ],
)
def test_what_cannot_be_used_is_told_and_stays_to_be_mended(m_slider, typed, message):
    m_slider.fill("#slider .ec-box", typed)
    press(m_slider, "Enter")
    assert m_slider.inner_text("#slider [role=status]") == message
    assert m_slider.input_value("#slider .ec-box") == typed
    assert m_slider.get_attribute("#slider .ec-box", "aria-invalid") == "true"
    assert m_of(m_slider) == 1
    m_slider.fill("#slider .ec-box", "3")
    press(m_slider, "Enter")
    assert m_slider.inner_text("#slider [role=status]") == ""
    assert m_of(m_slider) == 3


def test_the_button_of_maximum_likelihood_gives_what_core_estimates(show):
    page = show(state_of(TEXT, KERNEL), "slider", options=M)
    page.click("text=maximum likelihood")
    settle(page)
    expected = math.log(estimate_base(KERNEL, [TEXT], alphabet=DNA))
    assert m_of(page) == pytest.approx(expected, rel=1e-9)
    assert "Maximum likelihood: m = " in page.inner_text("#slider [role=status]")


@pytest.mark.parametrize(
    ("text", "kernel", "message"),
    [
        ("TTTT", np.array([[-1, -1], [0, 0], [1, 1], [2, 2]]), "every best window has the best letter in every column"),
        ("AA", np.array([[-1, -1], [0, 0], [1, 1], [2, 2]]), "the best windows score no better than the mean"),
    ],
)
def test_where_no_maximum_exists_the_reason_is_told(show, text, kernel, message):
    page = show(state_of(text, kernel), "slider", options=M)
    page.click("text=maximum likelihood")
    said = page.inner_text("#slider [role=status]")
    assert said.startswith("There is no maximum-likelihood m: ")
    assert message in said
    assert m_of(page) == 1


def test_a_maximum_beyond_the_end_is_told_and_not_clipped(show):
    page = show(state_of(TEXT, KERNEL / 100), "slider", options=M)
    page.click("text=maximum likelihood")
    expected = math.log(estimate_base(KERNEL / 100, [TEXT], alphabet=DNA))
    assert expected > 20
    assert f"is {expected:.4g}; this slider ends at 20." in page.inner_text("#slider [role=status]")
    assert m_of(page) == 1


def test_a_whole_number_counts_its_windows_from_1_and_knows_how_many_there_are(show):
    options = {"key": "cursor", "label": "Window", "max": "windows", "digits": 0, "first": 1}
    page = show(state_of(TEXT, KERNEL), "slider", options=options)
    slider = page.get_by_role("slider", name="Window")
    assert slider.get_attribute("aria-valuetext") == "Window 1"
    slider.focus()
    press(page, "End")
    assert page.evaluate(f"{STATE}.cursor") == 21
    assert slider.get_attribute("aria-valuetext") == "Window 22"
    page.evaluate("window.store.set({ both_strands: true })")
    settle(page)
    press(page, "End")
    assert page.evaluate(f"{STATE}.cursor") == 43
    page.fill("#slider .ec-box", "2.5")
    press(page, "Enter")
    assert page.inner_text("#slider [role=status]") == "Window: found 2.5; accepted: 1 to 44, whole."


def test_it_shows_only_where_it_applies(show):
    options = {"key": "site_rate", "label": "site rate", "min": 0.001, "max": 0.999, "step": 0.001}
    options["when"] = {"key": "occurrence", "is": "zoops"}
    page = show(state_of(TEXT, KERNEL), "slider", options=options)
    assert not page.is_visible("#slider")
    page.evaluate("window.store.set({ occurrence: 'zoops' })")
    settle(page)
    assert page.is_visible("#slider")
    page.focus("#slider input[type=range]")
    press(page, "ArrowRight")
    assert page.evaluate(f"{STATE}.site_rate") == 0.501


def test_a_number_in_the_making_is_not_written_over(m_slider):
    m_slider.fill("#slider .ec-box", "1.")
    m_slider.evaluate("window.store.set({ m: 4 })")
    settle(m_slider)
    assert m_slider.input_value("#slider .ec-box") == "1."


def test_the_power_of_a_number_is_shown_and_typed_in_its_place(show):
    options = {
        "key": "m",
        "label": "base b",
        "power": True,
        "also": "m = ln b =",
        "min": 0,
        "max": 20,
        "scale": "cubic",
    }
    page = show(state_of(TEXT, KERNEL), "slider", options=options | {"buttons": [{"label": "2", "value": 0.693147181}]})
    slider, box = page.get_by_role("slider", name="base b"), page.locator("#slider .ec-box")
    assert box.input_value() == "2.718"
    assert slider.get_attribute("aria-valuetext") == "base b 2.718, m = ln b = 1"
    assert page.inner_text("#slider .ec-slider-also") == "m = ln b = 1"
    box.fill("10")
    press(page, "Enter")
    assert m_of(page) == pytest.approx(math.log(10), abs=1e-9)
    assert page.inner_text("#slider .ec-slider-also") == "m = ln b = 2.303"
    page.get_by_role("button", name="2", exact=True).click()
    settle(page)
    assert (box.input_value(), m_of(page)) == ("2", 0.693147181)
    for text, found in (
        ("much", "found “much”, no number"),
        ("0", "found 0"),
        ("-3", "found -3"),
        ("0.9", "found 0.9"),
    ):
        box.fill(text)
        press(page, "Enter")
        assert page.inner_text("#slider [role=status]") == f"base b: {found}; accepted: 1 to 4.9×10⁸."
    assert m_of(page) == 0.693147181
