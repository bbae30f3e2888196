"""A lesson as a page: read, predict by keyboard, type an answer, print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from epool_viz.lessons import all_lessons
from tests.browser.server import Server

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

LESSON = all_lessons()[0]
QUESTION, EXERCISE = LESSON.questions[0], LESSON.exercises[0]


@pytest.fixture
def depth() -> str:
    """As a newcomer finds it."""
    return "learn"


def open_lesson(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/voila/render/lessons/{LESSON.notebook}", wait_until="commit")
    page.locator(".ec-lesson-question").first.wait_for(timeout=90_000)  # no kernel waits for it
    page.locator("#loading").wait_for(state="detached")
    page.locator("mjx-container").nth(2).wait_for()


def wait_for_words(place: Locator, words: str) -> None:
    place.get_by_text(words).wait_for()


def assert_axe_is_content(page: Page) -> None:
    bad = Axe().run(page).response["violations"]
    assert [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in bad] == []


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if target.evaluate("e => e === document.activeElement"):
            return
    raise AssertionError("Tab never came there")


@pytest.mark.parametrize("width", [1280, 360])
def test_a_lesson_is_read_and_answered_by_keyboard(page: Page, app_server: Server, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    open_lesson(page, app_server)
    assert page.title() == f"{LESSON.title} · epool_viz"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    asked = page.locator(".ec-lesson-question").first
    group = asked.get_by_role("group")
    assert QUESTION.asked in group.evaluate("e => e.querySelector('legend').textContent")
    tab_to(page, group.get_by_role("radio").first)
    wrong = [option.value for option in QUESTION.options].index("2")
    for _ in range(wrong):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    said = asked.get_by_role("status")
    wait_for_words(said, QUESTION.explained["2"])
    assert said.inner_text().startswith("Not this time.")
    assert QUESTION.label_of(QUESTION.right) in said.inner_text()
    page.keyboard.press("Shift+Tab")
    for _ in range(wrong):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_for_words(said, "Right.")
    box = page.get_by_label(EXERCISE.form.hint).first
    tab_to(page, box)
    page.keyboard.type("0.625 0 0.125 0.25")
    page.keyboard.press("Enter")
    checked = page.locator(".ec-lesson-question", has=box).get_by_role("status")
    wait_for_words(checked, EXERCISE.slips[0].words)
    box.fill(" ".join(f"{x:.3f}" for x in EXERCISE.answer()))
    page.keyboard.press("Enter")
    wait_for_words(checked, EXERCISE.praise)
    assert_axe_is_content(page)


def test_nothing_chosen_is_said(page: Page, app_server: Server) -> None:
    open_lesson(page, app_server)
    asked = page.locator(".ec-lesson-question").first
    asked.get_by_role("button", name="Show me").click()
    wait_for_words(asked.get_by_role("status"), "Nothing is chosen yet.")
    box = page.get_by_label(EXERCISE.form.hint).first
    box.fill("<img src=x onerror=alert(1)>")
    box.press("Enter")
    wait_for_words(page.locator(".ec-lesson-question", has=box).get_by_role("status"), "Found words")
    assert page.locator("img[src=x]").count() == 0


def test_the_menu_leads_from_lesson_to_lesson_and_back_to_the_dashboards(page: Page, app_server: Server) -> None:
    page.goto(f"{app_server.address}/")
    page.locator("#lessons + p + ol").get_by_role("link", name=LESSON.title, exact=True).click()
    page.wait_for_url(f"**/voila/render/lessons/{LESSON.notebook}*", wait_until="commit")
    page.get_by_role("banner").locator("summary").press("Enter")
    menu = page.get_by_role("navigation", name="Dashboards")
    assert menu.locator("[aria-current]").inner_text().startswith(f"1. {LESSON.title}")
    for place, lesson in enumerate(all_lessons(), start=1):
        assert menu.get_by_role("link", name=f"{place}. {lesson.title}").get_attribute("href") == lesson.notebook
    menu.get_by_role("link", name="One E-step").click()
    page.wait_for_url("**/voila/render/e_step.ipynb*")


def test_it_prints_in_black_on_white_without_head_and_buttons(page: Page, app_server: Server) -> None:
    open_lesson(page, app_server)
    page.evaluate("document.documentElement.dataset.jpThemeLight = 'false'")
    page.emulate_media(media="print")
    shown = "e => [...document.querySelectorAll('header, button')].filter(x => x.checkVisibility()).length"
    assert page.locator("body").evaluate(shown) == 0
    look = "e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor]; }"
    for place in (".jp-MarkdownOutput", ".ec-lesson-question", "#rendered_cells"):
        colour, ground = page.locator(place).first.evaluate(look)
        assert (colour, ground) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)"), place
    assert page.locator(".ec-lesson-question").first.is_visible()
    page.emulate_media(media="screen")


def test_what_is_in_hand_does_not_enter_a_lesson(page: Page, app_server: Server) -> None:
    page.goto(f"{app_server.address}/")
    page.evaluate("sessionStorage.setItem('epool-hand', JSON.stringify({m: 3, kernel: {label: 'x', jaspar: 'STAT3'}}))")
    open_lesson(page, app_server)
    assert page.locator("[data-ep-slot=hand]").count() == 0
    page.locator(".ep-in-lesson .ec-logo").get_by_text("GATA1").first.wait_for()
    assert page.locator(".ep-in-lesson").get_by_text("STAT3").count() == 0
