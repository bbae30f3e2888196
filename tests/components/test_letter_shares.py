"""Letter shares typed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.components.conftest import state_of

KERNEL = np.random.default_rng(6).normal(size=(4, 3))
OPTIONS = {"key": "letter_shares", "label": "Share of each letter", "when": {"key": "background_choice", "is": "typed"}}


@pytest.fixture
def shares(show):
    def render(**changes):
        given = {"letter_shares": [0.4, 0.1, 0.2, 0.3], "background_choice": "typed"} | changes
        return show(state_of("ACGTACG", KERNEL, **given), "letter_shares", options=OPTIONS)

    return render


def box(page, letter):
    return page.get_by_label(f"share of {letter}")


def held(page):
    return page.evaluate("window.store.state.letter_shares")


def test_the_state_is_shown_and_what_is_typed_is_scaled(shares):
    page = shares()
    assert [box(page, letter).input_value() for letter in "ACGT"] == ["0.4", "0.1", "0.2", "0.3"]
    box(page, "T").fill("0,8")
    np.testing.assert_allclose(held(page), np.array([0.4, 0.1, 0.2, 0.8]) / 1.5, rtol=1e-12)
    assert page.get_by_role("status").inner_text() == "They sum to 1.5; scaled to 1."
    assert [box(page, letter).input_value() for letter in "ACGT"] == ["0.4", "0.1", "0.2", "0,8"], "left as typed"
    box(page, "T").blur()
    page.wait_for_function("document.querySelector('#letter_shares input').value === '0.2667'")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "The share of C is empty; accepted: a number above 0."),
        ("x<i>", "The share of C is x<i>; accepted: a number above 0."),
        ("-1", "The share of C is -1; accepted: a number above 0."),
        ("0", "The share of C is 0; accepted: a number above 0."),
        ("1e-9", "One share is below 0.0001 of the sum; accepted: at least that."),
    ],
)
def test_what_is_no_share_is_explained_and_changes_nothing(shares, typed, said):
    page = shares()
    box(page, "C").fill(typed)
    assert page.get_by_role("status").inner_text() == said
    assert held(page) == [0.4, 0.1, 0.2, 0.3]


def test_it_is_there_only_while_it_does_something(shares):
    page = shares(background_choice="uniform")
    assert page.locator("#letter_shares").is_hidden()
    page.evaluate("window.store.set({ background_choice: 'typed' })")
    page.locator("#letter_shares").wait_for()
