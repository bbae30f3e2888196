"""The first screen of EM, as a newcomer meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from epool_viz.panels.registry import DASHBOARDS
from tests.browser.first_screen import assert_one_question_one_picture
from tests.browser.test_em import go_on, is_at, opened

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def depth() -> str:
    return "learn"


def test_the_verb_over_the_picture_is_the_first_screen_and_so_is_how_it_ends(page: Page, app_url: str) -> None:
    opened(page, app_url)
    assert not page.get_by_label("Sites in a sequence").is_visible(), "of a deeper view"
    [row] = [row for row in DASHBOARDS if row.name == "em"]
    assert_one_question_one_picture(page, row.idea.question)
    page.set_viewport_size({"width": 1280, "height": 800})
    go_on(page)
    is_at(page, "E-step 1")
    page.get_by_role("button", name="Run to convergence").click()
    page.get_by_text("EM has converged").wait_for()
    said = page.locator(".ep-standing")
    assert "17 of 18" in said.inner_text()
    box = said.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 800, "beside the picture"
