"""The first screen of the attribution, as a newcomer meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from epool_viz.panels.attribution.model import AttributionModel, claim
from epool_viz.panels.registry import DASHBOARDS
from tests.browser.first_screen import assert_one_question_one_picture
from tests.browser.test_attribution import ready

if TYPE_CHECKING:
    from playwright.sync_api import Page

_CONTRAST = """button => {
    const light = colour => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255);
        const [r, g, b] = parts.map(v => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const style = getComputedStyle(button);
    const [a, b] = [light(style.color), light(style.backgroundColor)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


@pytest.fixture
def depth() -> str:
    return "learn"


def test_the_site_and_who_finds_it_is_the_first_screen(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/voila/render/attribution.ipynb")
    ready(page)
    page.get_by_text(claim(AttributionModel())).wait_for()
    assert page.locator("[data-name=peak].is-found").count() == 7
    assert page.locator("[data-name=site]").count() == 1
    [row] = [row for row in DASHBOARDS if row.name == "attribution"]
    assert_one_question_one_picture(page, row.idea.question)


def test_the_letter_button_just_pressed_can_be_read(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/voila/render/attribution.ipynb")
    ready(page)
    letters = page.get_by_role("toolbar", name="Change the letter in hand")
    other = letters.locator("[data-letter][aria-pressed=false]").first
    letter = other.get_attribute("data-letter")
    other.click()
    pressed = letters.locator(f"[data-letter='{letter}'][aria-pressed=true]")
    pressed.wait_for()
    assert pressed.evaluate(_CONTRAST) >= 4.5, "the pointer is still on it"
