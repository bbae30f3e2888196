"""The readings of a score: two routes that share no number, and which of them hold for a kernel."""

from __future__ import annotations

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.widgets import Readings
from epool_viz.core.alphabet import one_hot
from epool_viz.core.kernels import kernel_readings_at
from epool_viz.core.scan import scan
from tests.components.conftest import source_of, state_of
from tests.components.test_strip import (
    assert_axe_is_content,
    assert_fits_a_phone,
    numbers,
    open_table,
    set_state,
    state,
)

TEXT = "ACGTTGCATCACGTTAGCANTAGACC"
KERNEL = np.random.default_rng(4).normal(size=(4, 5)) * 2
Q = np.array([0.1, 0.2, 0.3, 0.4])
BIAS, M = 0.4, 0.7
FOUND = kernel_readings_at(KERNEL, M, bias=BIAS, background=Q)
LOG_ODDS, LOG_PPM = KERNEL - FOUND.shares, KERNEL - FOUND.plain_shares
LAST = len(TEXT) - 5


@pytest.fixture
def readings(show):
    def draw(kernel=KERNEL, text=TEXT, **changes):
        changes = {"m": M, "bias": BIAS, "background": Q.tolist()} | changes
        return show(state_of(text, kernel, **changes), "readings")

    return draw


def holding(page):
    return {
        e.get_attribute("data-name")
        for e in page.locator("#readings article").all()
        if e.get_attribute("data-holds") == "true"
    }


def verdict(page):
    return page.inner_text("#readings [data-name=verdict]")


def test_the_widget_carries_its_module_and_is_small():
    assert Readings(store=Store(state=state_of(TEXT, KERNEL), on_patch=print))._esm == module_text("readings")
    assert len(source_of("readings").encode()) < 30_000


@pytest.mark.parametrize("cursor", [0, 7, LAST])
def test_each_reading_is_reached_by_both_routes(readings, cursor):
    page = readings(cursor=cursor)
    shown = numbers(page, "readings")
    onehot = one_hot(TEXT)
    score = float(scan(onehot, KERNEL, bias=BIAS)[cursor])
    likelihood = float(scan(onehot, np.log(FOUND.plain_ppm))[cursor]) / M
    ratio = float(scan(onehot, np.log(FOUND.ppm / Q[:, None]))[cursor]) / M
    assert shown["likelihood_value"] == shown["plain_value"] == pytest.approx(likelihood, rel=1e-11)
    assert shown["bayes_value"] == shown["background_value"] == pytest.approx(ratio, rel=1e-11, abs=1e-12)
    assert shown["plain_plain_offset"] == pytest.approx(float(FOUND.plain_offset), rel=1e-11)
    assert shown["background_offset"] == pytest.approx(float(FOUND.offset), rel=1e-11)
    for key in ("likelihood", "bayes", "plain", "background"):
        assert shown[f"{key}_score"] == pytest.approx(score, rel=1e-12)
    assert abs(shown["plain_gap"]) < 1e-12
    assert abs(shown["background_gap"]) < 1e-12
    assert shown["likelihood_gap"] == pytest.approx(float(FOUND.plain_offset)), "what is missing is the offset"
    assert shown["bayes_gap"] == pytest.approx(float(FOUND.offset))


@pytest.mark.parametrize(
    ("kernel", "holds", "words"),
    [
        (KERNEL, set(), "Right now only reading 3 holds"),
        (LOG_PPM, {"likelihood"}, "Right now readings 1 and 3 hold"),
        (LOG_ODDS, {"bayes"}, "Right now readings 2 and 3 hold"),
    ],
    ids=["any kernel", "log PPM", "log odds"],
)
def test_which_readings_hold_is_said(readings, kernel, holds, words):
    page = readings(kernel, bias=0.0)
    assert holding(page) == holds | {"plain", "background"}
    assert verdict(page).startswith(words)
    shown = numbers(page, "readings")
    for key in ("likelihood", "bayes"):
        assert (abs(shown[f"{key}_gap"]) < 1e-12) is (key in holds)
    assert page.locator("#readings [data-settle]").count() == 2 - len(holds)


def test_the_worst_column_is_named(readings):
    kernel = LOG_ODDS + np.array([0, 0, -1.5, 0.5, 0])
    text = readings(kernel).inner_text("#readings article[data-name=bayes]").replace("−", "-")
    total = (Q[:, None] * np.exp(M * kernel)).sum(axis=0)[2]
    assert f"Column 3’s q bᵂ sums to {total:.4g}, not to 1" in text


def test_constants_that_cancel_are_no_reading_of_the_columns(readings):
    page = readings(LOG_ODDS + np.array([1.5, 0, -1.5, 0, 0]), bias=0.0)
    assert "bayes" not in holding(page)
    assert "cancel in the sum" in page.inner_text("#readings article[data-name=bayes]")
    assert abs(numbers(page, "readings")["bayes_gap"]) < 1e-12


def test_a_bias_is_all_that_is_between_a_log_odds_kernel_and_its_reading(readings):
    page = readings(LOG_ODDS)
    assert "up to the bias 0.4" in verdict(page)
    assert numbers(page, "readings")["bayes_gap"] == pytest.approx(BIAS)


@pytest.mark.parametrize("key", ["likelihood", "bayes"])
def test_a_reading_can_be_made_to_hold_and_the_motif_stays(readings, key):
    page = readings()
    before = page.evaluate("window.store.trace.pwm.ppm")
    page.click(f"#readings [data-settle={key}]")
    page.wait_for_function(f"document.querySelector('#readings [data-name={key}]').dataset.holds === 'true'")
    expected = LOG_PPM if key == "likelihood" else LOG_ODDS
    np.testing.assert_allclose(state(page, "kernel"), expected, rtol=1e-12)
    np.testing.assert_allclose(page.evaluate("window.store.trace.pwm.ppm"), before, rtol=1e-12)
    assert page.evaluate("window.store.state.kernel_by === window.store.state.kernel")


def test_a_window_with_an_unknown_letter_says_nothing(readings):
    page = readings(cursor=17)
    assert verdict(page) == "Window 18 holds an unknown letter: its score is a partial sum and says nothing."
    assert page.locator("#readings article").count() == 0
    set_state(page, cursor=3)
    assert page.locator("#readings article").count() == 4


def test_at_base_one_there_is_no_likelihood(readings):
    page = readings(m=0.0)
    assert verdict(page).startswith("At b = 1 every kernel means the background itself")
    assert holding(page) == {"background"}
    assert abs(numbers(page, "readings")["background_gap"]) < 1e-12
    assert page.locator("#readings [data-settle]").count() == 0


def test_a_probability_too_small_for_a_float_has_a_logarithm(readings):
    page = readings(KERNEL * 1000, bias=0.0)
    shown = numbers(page, "readings")
    assert abs(shown["background_gap"]) < 1e-8
    assert abs(shown["plain_gap"]) < 1e-8


def test_the_table_holds_every_number_in_full(readings):
    page = readings()
    open_table(page, "readings")
    shown = numbers(page, "readings")
    assert shown["full_plain_value"] == shown["plain_value"]
    assert shown["full_background_offset"] == shown["background_offset"]
    assert page.locator("#readings details tbody tr").count() == 4


def test_it_fits_a_phone(readings):
    assert_fits_a_phone(readings(), "readings")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(readings, theme):
    assert_axe_is_content(readings(LOG_ODDS), "readings", theme)
