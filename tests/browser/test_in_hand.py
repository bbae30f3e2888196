"""One working context: what is chosen on one dashboard is in hand on the next, after a reload, Back and Forward."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.head import settings
from tests.browser.server import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def go(page: Page, app_url: str):
    """Open a dashboard by the menu in the head; the first time by its address, which is that of One E-step."""

    def opened(title: str) -> Page:
        if page.url == "about:blank":
            assert title == "One E-step"
            page.goto(f"{app_url}/voila/render/e_step.ipynb")
        else:
            page.locator(".epool-menu summary").click()
            page.get_by_role("navigation", name="Dashboards").get_by_role("link", name=re.compile(f"^{title}")).click()
        page.get_by_role("heading", level=1, name=title).wait_for()
        page.locator(".ec-toolbar").wait_for()
        return page

    return opened


def address(page: Page) -> str:
    return str(page.evaluate("location.href"))


def in_hand(page: Page) -> str:
    return page.locator(".ec-in-hand-box span").text_content() or ""


def shows(page: Page, text: str) -> None:
    wait_for(lambda: text in page.get_by_role("main").inner_text(), seconds=20, what=text)


def test_what_is_chosen_goes_along_and_comes_back(go, page: Page) -> None:
    go("One E-step")
    assert page.locator(".ec-in-hand-box").is_hidden(), "nothing is chosen yet"
    motif = page.get_by_label("Motif name")
    motif.fill("GATA1")
    motif.press("Enter")
    wait_for(lambda: "GATA1" in in_hand(page), seconds=20, what="GATA1 in hand")
    wait_for(lambda: "#state=" in address(page), seconds=5, what="the address to follow")
    first = address(page)

    go("A kernel is a PWM")
    shows(page, "GATA1")
    assert "GATA1" in in_hand(page)
    page.go_back()
    page.get_by_role("heading", level=1, name="One E-step").wait_for()
    assert address(page) == first
    page.locator(".ec-toolbar").wait_for()
    shows(page, "GATA1")
    page.reload()
    page.locator(".ec-toolbar").wait_for()
    shows(page, "GATA1")
    assert "GATA1" in in_hand(page)

    page.get_by_role("button", name="Put down what is in hand").click()
    page.locator(".ec-in-hand-box").wait_for(state="hidden")
    wait_for(lambda: "#state=" not in address(page), seconds=5, what="an address without a state")
    go("A kernel is a PWM")
    wait_for(lambda: "CTCF" in page.get_by_role("main").inner_text(), seconds=20, what="the first kernel")
    assert page.locator(".ec-in-hand-box").is_hidden()


def test_reset_puts_down_what_is_in_hand_and_undo_takes_it_up_again(go, page: Page) -> None:
    go("One E-step")
    slider = page.get_by_role("slider", name="m", exact=True)
    slider.focus()
    slider.press("ArrowRight")
    wait_for(lambda: ", m " in in_hand(page) or in_hand(page).startswith("m "), seconds=20, what="m in hand")
    held = in_hand(page)
    settings(page)
    page.get_by_role("button", name="Reset", exact=True).click()
    page.locator(".ec-in-hand-box").wait_for(state="hidden")
    page.get_by_role("button", name="Undo reset").click()
    wait_for(lambda: in_hand(page) == held, seconds=20, what="m in hand again")


def test_looking_at_a_dashboard_that_cannot_use_it_changes_nothing_in_hand(go, page: Page) -> None:
    go("One E-step")
    page.evaluate(
        """sessionStorage.setItem("epool-hand", JSON.stringify({ kernel: { motif: "GATA1", label: "GATA1" } }))"""
    )
    go("Kernels as logos")
    wait_for(lambda: in_hand(page) == "GATA1", seconds=20, what="GATA1 in hand")
    shows(page, "kernel")
    go("A kernel is a PWM")
    shows(page, "GATA1")
    assert "GATA1" in in_hand(page)


def test_what_this_tab_keeps_damaged_opens_the_first_screen(go, page: Page) -> None:
    go("One E-step")
    for kept in ("{", "7", "[]", '{"kernel": {"label": {}}, "sequence": 3, "m": "x"}'):
        page.evaluate("(kept) => { sessionStorage.setItem('epool-hand', kept); window.isBefore = true; }", kept)
        go("A kernel is a PWM")
        assert page.evaluate("window.isBefore") is None, "another page, in the same tab"
        shows(page, "CTCF")
