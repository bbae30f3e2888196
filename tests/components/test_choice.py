"""The choice: native, named, and in step with the state both ways."""

from __future__ import annotations

import numpy as np
import pytest

from tests.components.conftest import state_of

CHOICES = [
    {"value": "identity", "label": "none", "note": "Exact."},
    {"value": "relu", "label": "rectifier"},
    {"value": "paper", "label": "as published", "note": "No longer Bayes' rule."},
]
OPTIONS = {"key": "activation", "label": "Rectifier", "choices": CHOICES}


def settle(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


@pytest.fixture
def choice(show):
    def render(**options):
        return show(state_of("ACGTACGTT", np.eye(4)), "choice", options=OPTIONS | options)

    return render


def test_radio_buttons_are_a_named_group_for_the_keyboard(choice):
    page = choice()
    group = page.get_by_role("group", name="Rectifier")
    assert group.get_by_role("radio").count() == 3
    assert group.get_by_role("radio", name="none").is_checked()
    group.get_by_role("radio", name="none").focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("window.store.state.activation") == "relu"
    page.evaluate("window.store.set({ activation: 'paper' })")
    settle(page)
    assert group.get_by_role("radio", name="as published").is_checked()


def test_the_note_of_the_chosen_value_is_told(choice):
    page = choice(help="What bends the scores.")
    group = page.get_by_role("group", name="Rectifier")
    note = page.locator(f"#{group.get_attribute('aria-describedby')}")
    assert note.inner_text() == "What bends the scores. Exact."
    page.evaluate("window.store.set({ activation: 'paper' })")
    settle(page)
    assert note.inner_text() == "What bends the scores. No longer Bayes' rule."


def test_a_menu_is_named_and_sets_the_state(choice):
    page = choice(kind="select")
    menu = page.get_by_role("combobox", name="Rectifier")
    menu.select_option("rectifier")
    assert page.evaluate("window.store.state.activation") == "relu"
    page.evaluate("window.store.set({ activation: 'paper' })")
    settle(page)
    assert menu.evaluate("(m) => m.selectedOptions[0].textContent") == "as published"


def test_a_checkbox_is_on_and_off(choice):
    page = choice(kind="checkbox", key="both_strands", label="Both strands", choices=None)
    box = page.get_by_role("checkbox", name="Both strands")
    box.focus()
    page.keyboard.press("Space")
    assert page.evaluate("window.store.state.both_strands") is True
    page.evaluate("window.store.set({ both_strands: false })")
    settle(page)
    assert not box.is_checked()


def test_a_checkbox_may_stand_for_any_two_values(choice):
    page = choice(kind="checkbox", key="background", label="Skewed", choices=[
        {"value": [0.25, 0.25, 0.25, 0.25]}, {"value": [0.1, 0.2, 0.3, 0.4]}])  # fmt: skip
    page.check("#choice input")
    assert page.evaluate("window.store.state.background") == [0.1, 0.2, 0.3, 0.4]


def test_a_value_that_is_not_offered_leaves_all_open(choice):
    page = choice()
    page.evaluate("window.store.set({ activation: 'other' })")
    settle(page)
    assert page.locator("#choice input:checked").count() == 0


def test_labels_are_text_and_never_html(choice):
    page = choice(choices=[{"value": "identity", "label": "<img src=x onerror=alert(1)>"}])
    assert page.locator("#choice img").count() == 0
    assert "<img" in page.inner_text("#choice label")


def test_it_shows_only_where_it_applies(choice):
    page = choice(when={"key": "mode", "not": [0, 2]})
    assert not page.is_visible("#choice")
    page.evaluate("window.store.set({ mode: 1 })")
    settle(page)
    assert page.is_visible("#choice")
