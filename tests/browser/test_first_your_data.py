"""The first screen of your data, as a newcomer meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from epool_viz.panels.registry import DASHBOARDS
from tests.browser.first_screen import assert_one_question_one_picture
from tests.browser.test_your_data import bring

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def depth() -> str:
    return "learn"


def test_two_zones_and_a_sample_are_the_first_screen_and_an_error_comes_into_view(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/voila/render/your_data.ipynb")
    page.get_by_text("Nothing of yours is kept in this browser yet.").wait_for()
    page.locator("#loading").wait_for(state="detached")
    [row] = [row for row in DASHBOARDS if row.name == "your_data"]
    assert_one_question_one_picture(page, row.idea.question)

    # on a phone, scrolled to the end: what is wrong comes to the eye, with the focus
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    bring(page, 0, "bad.fa", b">one\nAC<b>GT\n")
    wrong = page.locator(".ep-wrong")
    wrong.wait_for()
    page.wait_for_function("() => document.activeElement.matches('.ep-wrong')")
    box = wrong.bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 740

    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="Try with a sample: CRP0").click()
    page.get_by_text("Read: crp0.fa (sample)").wait_for()
    page.get_by_role("button", name="Try with a sample: a CTCF network").click()
    page.locator(".ep-logos figure").first.wait_for()
