"""The stepper: places that are there, and one more that is asked for."""

from __future__ import annotations

import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.widgets import Stepper
from tests.components.conftest import source_of, state_of

OPTIONS = {"key": "at", "end": "end", "more": "more", "here": "here", "next": "next", "label": "step", "seconds": 0.05}
STATE = {"at": 2, "end": 5, "more": True, "here": "E-step 2", "next": "M-step"}


@pytest.fixture
def stepper(show):
    return lambda **changes: show(state_of("ACGTACGT", [[0.0] * 3] * 4, **STATE | changes), "stepper", options=OPTIONS)


def at(page):
    return page.evaluate("window.store.state.at")


def test_the_module_is_small_and_carried():
    assert len(source_of("stepper").encode()) < 30_000
    assert Stepper(store=Store(state={}, on_patch=print), options=OPTIONS)._esm == module_text("stepper")


def test_each_button_goes_where_it_says(stepper):
    page = stepper()
    for name, place in (("previous step", 1), ("first step", 0), ("last step so far", 5)):
        page.get_by_role("button", name=name).click()
        assert at(page) == place
    page.evaluate("window.store.set({ at: 2 })")
    page.get_by_role("button", name="M-step").click()
    assert at(page) == 3
    page.get_by_role("slider").fill("4")
    assert at(page) == 4
    page.keyboard.press("Escape")


def test_one_beyond_the_end_is_asked_for_and_no_more_until_it_is_there(stepper):
    page = stepper(at=5)
    go_on = page.locator(".ec-stepper-next")
    for _ in range(3):
        go_on.click()
    assert at(page) == 6
    assert {"at": 6} in page.evaluate("window.pushed")
    page.evaluate("window.store.receive({ end: 6, here: 'M-step 3', next: 'E-step' })")
    page.wait_for_function("document.querySelector('.ec-stepper output').textContent === 'M-step 3'")
    assert go_on.inner_text().startswith("E-step")
    go_on.click()
    assert at(page) == 7


def test_at_the_end_of_all_nothing_goes_on(stepper):
    page = stepper(at=5, more=False)
    page.locator(".ec-stepper-next").focus()
    page.keyboard.press("ArrowRight")
    assert at(page) == 5
    page.keyboard.press("ArrowLeft")
    assert at(page) == 4


def test_playing_waits_for_python_and_ends_where_there_is_no_more(stepper):
    page = stepper(at=4)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("window.store.state.at === 6")
    page.wait_for_timeout(150)
    assert at(page) == 6, "it does not run ahead"
    page.evaluate("window.store.receive({ end: 6, more: false })")
    page.get_by_role("button", name="Play").wait_for()
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("window.store.state.at === 2")
    page.get_by_role("button", name="Pause").click()
    assert at(page) < 6, "played again from the start"
