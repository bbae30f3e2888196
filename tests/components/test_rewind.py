"""Forwards and backwards through a recording; and the notice that somebody comes near."""

from __future__ import annotations

import numpy as np
import pytest

from tests.components.conftest import state_of

KERNEL = np.random.default_rng(8).normal(size=(4, 3))
OPTIONS = {"key": "epoch", "end": "epochs_done", "label": "epoch", "seconds": 0.05}


@pytest.fixture
def rewind(show):
    def render(epoch=3, end=5):
        return show(state_of("ACGTACG", KERNEL, epoch=epoch, epochs_done=end), "rewind", options=OPTIONS)

    return render


def at(page):
    return page.evaluate("window.store.state.epoch")


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def test_every_button_goes_where_it_says(rewind):
    page = rewind()
    press(page, "next epoch")
    assert at(page) == 4
    press(page, "last epoch")
    assert at(page) == 5
    press(page, "previous epoch")
    assert at(page) == 4
    press(page, "first epoch")
    assert at(page) == 0
    page.wait_for_function("document.querySelector('#rewind input').getAttribute('aria-valuetext') === 'epoch 0 of 5'")
    assert page.get_by_role("button", name="previous epoch").is_disabled()


def test_the_slider_goes_by_keys_and_stays_within(rewind):
    page = rewind(epoch=4)
    slider = page.get_by_role("slider", name="epoch")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    assert at(page) == 5
    slider.press("Home")
    assert at(page) == 0


def test_play_goes_to_the_end_and_stands_there(rewind):
    page = rewind(epoch=5)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("window.store.state.epoch > 0 && window.store.state.epoch < 5")
    page.wait_for_function("window.store.state.epoch === 5")
    page.get_by_role("button", name="Play").wait_for()


def test_a_hand_on_it_pauses(rewind):
    page = rewind(epoch=0, end=500)
    page.get_by_role("button", name="Play").click()
    press(page, "next epoch")
    page.get_by_role("button", name="Play").wait_for()


def test_it_is_there_only_where_there_is_something_to_walk(rewind):
    page = rewind(epoch=0, end=0)
    assert page.locator("#rewind").is_hidden()
    page.evaluate("window.store.set({ epochs_done: 2 })")
    page.locator("#rewind").wait_for()


def test_coming_near_is_told_once(show):
    state = state_of("ACGTACG", KERNEL, intends=False)
    page = show(state, "preload_on_approach", options={"key": "intends", "within": ".near"})
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p id=far>far</p><p class=near><button>in</button></p>')"
    )
    page.locator("#far").hover()
    assert page.evaluate("window.store.state.intends") is False
    page.locator(".near button").focus()
    page.wait_for_function("window.pushed.length === 1")
    page.locator(".near").hover()
    page.wait_for_timeout(100)
    assert page.evaluate("window.pushed") == [{"intends": True}]


def test_places_can_begin_at_one(show):
    state = state_of("ACGTACG", KERNEL, epoch=3, epochs_done=5)
    page = show(state, "rewind", options=OPTIONS | {"first": 1})
    press(page, "first epoch")
    assert at(page) == 1
    assert page.locator("#rewind input").get_attribute("min") == "1"
    press(page, "last epoch")
    page.evaluate("() => { window.seen = []; window.store.on((state) => window.seen.push(state.epoch)); }")
    page.click("text=Play")  # from the end: from the beginning again
    page.wait_for_function("window.seen.length > 2")
    assert page.evaluate("window.seen.slice(0, 2)") == [1, 2]


def test_playing_ends_where_something_else_begins(show):
    state = state_of("ACGTACG", KERNEL, epoch=1, epochs_done=500, begun=0)
    page = show(state, "rewind", options=OPTIONS | {"until": "begun"})
    page.click("text=Play")
    page.wait_for_function("window.store.state.epoch > 2")
    page.evaluate("window.store.receive({ begun: 1, epochs_done: 0 })")
    page.wait_for_selector("text=Play", state="attached")
    page.evaluate("window.store.receive({ epochs_done: 7, epoch: 7 })")
    assert page.locator("text=Pause").count() == 0
