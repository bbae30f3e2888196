"""The step player: forwards, backwards, playing, by hand and by keys, over the steps that apply."""

from __future__ import annotations

import numpy as np
import pytest

from tests.components.conftest import state_of

STEPS = [
    {"name": "onehot", "short": "one-hot"},
    {"name": "scores", "short": "scores"},
    {"name": "activated", "short": "rectify", "when": {"key": "activation", "not": "identity"}},
    {"name": "cells", "short": "local max", "when": {"key": "local_window", "not": 1}},
    {"name": "weights", "short": "normalise"},
]


def settle(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def step_of(page):
    settle(page)
    return page.evaluate("window.store.state.step")


@pytest.fixture
def player(show):
    def render(seconds=2.5, **changes):
        options = {"steps": STEPS, "seconds": seconds}
        return show(state_of("ACGTACGTT", np.eye(4), **changes), "player", options=options)

    return render


def shown_names(page):
    settle(page)
    return page.locator("#player li:visible button").all_inner_texts()


def test_steps_that_do_not_apply_are_left_out(player):
    page = player()
    assert shown_names(page) == ["one-hot", "scores", "normalise"]
    page.evaluate("window.store.set({ activation: 'paper' })")
    assert shown_names(page) == ["one-hot", "scores", "rectify", "normalise"]
    page.evaluate("window.store.set({ local_window: 3 })")
    assert shown_names(page) == [step["short"] for step in STEPS]


def test_forwards_and_backwards_skip_them(player):
    page = player()
    for expected in (1, 4, 4):
        page.get_by_role("button", name="next step").click()
        assert step_of(page) == expected
    for expected in (1, 0, 0):
        page.get_by_role("button", name="previous step").click()
        assert step_of(page) == expected


def test_a_button_under_the_focus_is_never_disabled_away(player):
    page = player(step=1)
    page.get_by_role("button", name="next step").focus()
    page.keyboard.press("Enter")
    assert step_of(page) == 4
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "next step"


def test_the_current_step_is_marked_and_each_is_a_button(player):
    page = player()
    page.get_by_role("button", name="normalise").click()
    assert step_of(page) == 4
    assert page.locator("#player [aria-current=step]").all_inner_texts() == ["normalise"]


def test_the_slider_says_where_it_is(player):
    page = player()
    slider = page.get_by_role("slider", name="step")
    assert slider.get_attribute("aria-valuetext") == "1 of 3: one-hot"
    slider.focus()
    page.keyboard.press("End")
    assert step_of(page) == 4
    assert slider.get_attribute("aria-valuetext") == "3 of 3: normalise"
    page.keyboard.press("ArrowLeft")
    assert step_of(page) == 1


def test_arrow_keys_work_wherever_nothing_else_needs_them(player):
    page = player()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    assert step_of(page) == 1
    page.keyboard.press("ArrowLeft")
    assert step_of(page) == 0
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<input id=other value=abc><p id=pic tabindex=0></p>')"
    )
    for other in ("#other", "#pic"):
        page.focus(other)
        page.keyboard.press("ArrowRight")
        assert step_of(page) == 0, other
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert step_of(page) == 0


def test_home_and_end_are_the_players_only_inside_it(player):
    page = player()
    page.keyboard.press("End")
    assert step_of(page) == 0
    page.get_by_role("button", name="scores").focus()
    page.keyboard.press("End")
    assert step_of(page) == 4
    page.keyboard.press("Home")
    assert step_of(page) == 0


def test_playing_goes_to_the_end_and_stops(player):
    page = player(seconds=0.03)
    button = page.locator(".ec-player-play")
    assert "Play" in button.inner_text()
    button.click()
    page.wait_for_function("window.store.state.step === 4")
    page.wait_for_function("document.querySelector('.ec-player-play').textContent.includes('Play')")
    # from the end it begins again; asked at once, for it plays on
    assert page.evaluate("document.querySelector('.ec-player-play').click(), window.store.state.step") < 4


def test_a_hand_on_the_player_ends_the_playing(player):
    page = player(seconds=60)
    button = page.locator(".ec-player-play")
    button.click()
    assert "Pause" in button.inner_text()
    page.get_by_role("button", name="scores").click()
    assert "Play" in button.inner_text()
    assert step_of(page) == 1


def test_a_step_that_stops_applying_makes_room_for_the_next(player):
    page = player(activation="paper", step=2)
    assert page.locator("#player [aria-current=step]").all_inner_texts() == ["rectify"]
    page.evaluate("window.store.set({ activation: 'identity' })")
    settle(page)
    assert page.locator("#player [aria-current=step]").all_inner_texts() == ["normalise"]
    page.evaluate("window.store.set({ activation: 'paper' })")
    settle(page)
    assert page.locator("#player [aria-current=step]").all_inner_texts() == ["rectify"]
