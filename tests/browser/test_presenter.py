"""The presenter's view: the picture large, the head away, a clicker's keys, and notes in another window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from epool_viz import guides
from epool_viz.panels.registry import DASHBOARDS, row_of
from epool_viz.panels.shared.links import fragment
from tests.browser.head import settings
from tests.browser.server import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page

SECONDS = 30
PRESENTED = fragment({"present": True})
_SEEN = """() => {
    const { top, bottom } = document.querySelector(".ep-picture").getBoundingClientRect();
    const head = document.querySelector("header").getBoundingClientRect();
    return { share: (Math.min(bottom, innerHeight) - Math.max(top, 0)) / innerHeight, head: head.bottom,
        size: parseFloat(getComputedStyle(document.documentElement).fontSize),
        wide: document.documentElement.scrollWidth };
}"""


@pytest.fixture
def depth() -> str:
    """A lecturer opens what everybody opens."""
    return "learn"


def opened(page: Page, app_url: str, dashboard: str, state: str = "") -> None:
    page.goto(f"{app_url}/voila/render/{dashboard}.ipynb{state}")
    page.locator("#loading").wait_for(state="detached")


def seen(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(_SEEN)
    return found


@pytest.mark.parametrize("row", DASHBOARDS, ids=lambda row: row.name)
def test_the_picture_takes_most_of_a_projector(page: Page, app_url: str, row: Any) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    opened(page, app_url, row.name, PRESENTED)
    wait_for(lambda: seen(page)["share"] >= 0.6, seconds=SECONDS, what="the picture at its size")
    found = seen(page)
    assert found["head"] <= 0
    assert found["wide"] <= 1920
    assert found["size"] >= 16


def test_type_grows_in_the_picture_and_not_in_the_head(page: Page, app_url: str) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    opened(page, app_url, "e_step")
    before = seen(page)["size"]
    settings(page)
    page.get_by_role("button", name="Present", exact=True).click()
    wait_for(lambda: seen(page)["size"] > 1.2 * before, seconds=SECONDS, what="larger type")
    page.mouse.move(900, 2)
    wait_for(lambda: seen(page)["head"] > 0, seconds=SECONDS, what="the head, asked for")
    assert seen(page)["head"] <= 56
    page.mouse.move(900, 700)
    wait_for(lambda: seen(page)["head"] <= 0, seconds=SECONDS, what="the head, away")
    page.keyboard.press("Escape")
    wait_for(lambda: seen(page)["size"] == before, seconds=SECONDS, what="the page as it was")
    assert seen(page)["head"] > 0


def test_presenting_goes_along_to_the_next_dashboard(page: Page, app_url: str) -> None:
    opened(page, app_url, "em", PRESENTED)
    wait_for(lambda: seen(page)["head"] <= 0, seconds=SECONDS, what="presenting")
    opened(page, app_url, "pwm")
    wait_for(lambda: seen(page)["head"] <= 0, seconds=SECONDS, what="presenting still")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("e_step", ".ec-player .ec-walk-where output"),
        ("em", ".ec-stepper .ec-walk-where output"),
        ("compare", ".ec-rewind .ec-walk-where output"),
        ("logos", ".ep-picture select"),
        ("attribution", ".ep-number-of input"),
    ],
)
def test_a_clicker_goes_on_and_back(page: Page, app_url: str, name: str, place: str) -> None:
    opened(page, app_url, name, PRESENTED)
    wait_for(lambda: seen(page)["head"] <= 0, seconds=SECONDS, what="presenting")
    shown = page.locator(place).first

    def value() -> str:
        found: str = shown.evaluate("e => e.value || e.textContent")
        return found

    first = value()
    keys = ("PageUp", "PageDown") if name == "compare" else ("PageDown", "PageUp")  # its race is at the end
    page.keyboard.press(keys[0])
    wait_for(lambda: value() != first, seconds=SECONDS, what="on")
    page.keyboard.press(keys[1])
    wait_for(lambda: value() == first, seconds=SECONDS, what="back")


def test_a_clicker_leads_through_the_story_first(page: Page, app_url: str) -> None:
    opened(page, app_url, "e_step", "#scene=window")
    page.locator(".ec-guide-bar h2").wait_for()
    settings(page)
    page.get_by_role("button", name="Present", exact=True).click()
    page.keyboard.press("PageDown")
    page.get_by_role("heading", name=guides.story()[1].sentence).wait_for()
    page.keyboard.press("PageUp")
    page.get_by_role("heading", name=guides.story()[0].sentence).wait_for()


def test_a_black_screen_comes_and_goes(page: Page, app_url: str) -> None:
    opened(page, app_url, "e_step", PRESENTED)
    wait_for(lambda: seen(page)["head"] <= 0, seconds=SECONDS, what="presenting")
    black = page.locator(".ec-presenter-black")
    for key in ("b", "."):
        page.keyboard.press(key)
        assert black.is_visible()
        page.keyboard.press(key)
        assert black.is_hidden()


def test_notes_follow_the_page_in_a_window_of_their_own(page: Page, app_url: str) -> None:
    opened(page, app_url, "e_step", PRESENTED)
    wait_for(lambda: seen(page)["head"] <= 0, seconds=SECONDS, what="presenting")
    page.mouse.move(900, 2)
    with page.expect_popup() as opening:
        page.get_by_role("button", name="Notes for the speaker").click()
    notes = opening.value
    notes.get_by_role("heading", name=row_of("e_step").title).wait_for()
    for line in guides.notes("e_step")["say"]:
        assert notes.get_by_text(line).count() == 1
    opened(page, app_url, "pwm", "#scene=motif")
    notes.get_by_role("heading", name=row_of("pwm").title).wait_for(timeout=SECONDS * 1000)
    notes.get_by_text(guides.story()[5].sentence).wait_for(timeout=SECONDS * 1000)
    notes.close()
