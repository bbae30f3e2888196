"""The link: it opens the state it was made of, and a damaged or strange one does no harm."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest

from tests.components.conftest import state_of

KERNEL = np.random.default_rng(4).normal(size=(4, 5))
TEXT = "ACGTTGCANACGTTAGCATTAGACC"


@pytest.fixture
def share(show, bare_page):
    def render(fragment="", **options):
        bare_page.evaluate("(hash) => { location.hash = hash; }", fragment)
        return show(state_of(TEXT, KERNEL, logo_kind="information"), "share_link", options=options)

    return render


def link_of(page):
    page.get_by_role("button", name="Copy link to this state").click()
    page.wait_for_function("document.querySelector('#share_link [role=status]').textContent !== ''")
    return page.input_value("#share_link input")


def fragment(state):
    return "#state=" + base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")


def state_in(page):
    return page.evaluate("window.store.state")


def test_a_link_opens_the_state_it_was_made_of(share):
    page = share()
    changes = {"m": 2.75, "cursor": 7, "codes": [3, 3, -1, 0, 1, 2, 0, 1, 2], "kernel": np.eye(4).tolist()}
    page.evaluate("(patch) => window.store.set(patch)", changes)
    expected = state_in(page)
    link = link_of(page)
    page = share(link[link.index("#") :])
    assert state_in(page) == expected


def test_python_is_told_of_the_state_in_the_link(share):
    page = share(fragment({"m": 4.5}))
    page.wait_for_function("window.pushed.length > 0")
    assert page.evaluate("window.pushed[0].m") == 4.5


def test_a_link_that_is_opened_on_the_same_page_is_followed(share):
    page = share()
    page.evaluate("(hash) => { location.hash = hash; }", fragment({"m": 4.5}))
    page.wait_for_function("window.store.state.m === 4.5")


def test_only_the_keys_that_are_shared_go_out_and_come_in(share):
    page = share(fragment({"m": 4.5, "cursor": 3}), share=["m"])
    assert state_in(page)["m"] == 4.5
    assert state_in(page)["cursor"] == 0
    link = link_of(page)
    text = link[link.index("=") + 1 :]
    assert json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) == {"m": 4.5}


@pytest.mark.parametrize(
    "strange",
    [
        {"m": "4.5", "kernel": "x", "codes": 3, "both_strands": 1},
        {"kernel": [["a"]], "codes": [0, "b"], "background": [None]},
        {"kernel": [[1], 2]},
        {"unheard_of": 1, "__proto__": {"polluted": 1}, "constructor": 2},
    ],
)
def test_what_does_not_fit_the_state_is_left_out(share, strange):
    page = share()
    before = state_in(page)
    page = share(fragment(strange))
    assert state_in(page) == before
    assert page.evaluate("({}).polluted") is None


@pytest.mark.parametrize("damaged", ["#state=A", "#state=%%%", "#state=eyJtIjo", "#state=" + "A" * 50])
def test_a_damaged_link_is_told_and_changes_nothing(share, damaged):
    page = share()
    before = state_in(page)
    page = share(damaged)
    assert state_in(page) == before
    assert "damaged and was not used" in page.inner_text("#share_link [role=status]")


def test_another_fragment_is_none_of_ours(share):
    page = share("#main")
    assert page.inner_text("#share_link [role=status]") == ""


def test_without_a_clipboard_the_link_is_shown_and_marked(share):
    page = share()
    link = link_of(page)
    assert page.is_visible("#share_link input")
    assert "here is the link" in page.inner_text("#share_link [role=status]")
    assert page.evaluate("window.getSelection().toString() || document.activeElement.value") == link


def test_the_clipboard_gets_the_link(share):
    page = share()
    page.evaluate(
        """const writeText = async (text) => (window.copied = text);
        Object.defineProperty(navigator, 'clipboard', { value: { writeText } });"""
    )
    link = link_of(page)
    assert page.evaluate("window.copied") == link
    assert "The link is copied" in page.inner_text("#share_link [role=status]")
    assert not page.is_visible("#share_link input")


def test_the_address_follows_only_where_it_is_asked_to(share):
    page = share()
    page.evaluate("window.store.set({ m: 3 })")
    page = share(live=True)
    assert page.evaluate("location.hash") == ""
    page.evaluate("window.store.set({ m: 3.5 })")
    page.wait_for_function("location.hash.startsWith('#state=')")


def test_a_link_that_carries_too_much_is_told_and_not_used(share):
    page = share(fragment({"m": 2.5, "kernel": [[0.25] * 9000] * 4}))
    before = state_in(page)
    assert before["m"] != 2.5
    told = page.locator("#share_link [role=status]").inner_text()
    assert re.fullmatch(
        r"The state in the address of this page was not used: it has [\d,]+ characters; accepted: at most 100,000\.",
        told,
    )


def test_a_text_in_a_link_that_is_too_long_is_named(share):
    page = share(fragment({"m": 2.5, "typed": "1 " * 25_001}))
    assert state_in(page)["m"] != 2.5
    assert (
        "its “typed” has 50,002 characters; accepted: at most 50,000."
        in page.locator("#share_link [role=status]").inner_text()
    )


def test_a_state_that_is_too_large_for_a_link_is_not_copied(share):
    page = share()
    page.evaluate("() => window.store.set({ logo_kind: 'x'.repeat(90_000) })")
    page.get_by_role("button", name="Copy link to this state").click()
    page.wait_for_function(
        "document.querySelector('#share_link [role=status]').textContent.includes('too large for a link')"
    )


@pytest.mark.parametrize("text", ["A" * 90_000, "W" * 99_999, "_-" * 49_000])
def test_a_damaged_link_of_any_length_takes_no_time(share, text):
    page = share("#state=" + text)
    assert "damaged" in page.locator("#share_link [role=status]").inner_text()
