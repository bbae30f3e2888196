"""The story, the tours and the words of the field, by keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from epool_viz import guides
from epool_viz.panels.registry import DASHBOARDS
from tests.browser.server import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

STORY = guides.story()
SECONDS = 30
# what does each task, by keys: the control that gets the focus, and what is pressed until it is done
KEYS = {
    "window": (".ec-strip-plot", ["Home"]),
    "scores": (".ec-strip-plot", ["c", "a"]),
    "posterior": (".ec-player-play", ["Enter"]),
    "flat": (".ep-part-m input[type=range]", ["Home"]),
    "sharp": (".ep-part-m input[type=range]", ["End"]),
    "motif": ("[data-move=constant]", ["Enter"]),
    "base": (".ep-part-base input[type=range]", ["End"]),
    "gradient": (".ep-drive button:has-text('Play')", ["Enter"]),
    "average": (".ep-drive input[type=range]", ["Home"]),
    "network": (".ep-picture [data-ep-next]", ["Enter"]),
    "em": (".ec-stepper-next", ["Enter"]),
    "letters": (".ep-number-of input", ["ArrowUp", "Tab"]),
}


@pytest.fixture
def depth() -> str:
    """The story is for whoever opens a page for the first time."""
    return "learn"


def opened(page: Page, app_url: str, dashboard: str, fragment: str = "") -> None:
    page.goto("about:blank")  # a page of its own: another fragment alone would not load it anew
    page.goto(f"{app_url}/voila/render/{dashboard}.ipynb{fragment}")
    page.locator("#loading").wait_for(state="detached")


def bar(page: Page) -> Locator:
    return page.locator(".ec-guide-bar")


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus."""
    for _ in range(80):
        if target.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {target} by Tab")


def is_covered(page: Page, selector: str) -> bool:
    """Whether the middle of an element lies outside the window, or below the bar."""
    found: bool = page.evaluate(
        """selector => {
            const element = [...document.querySelectorAll(selector)].find(e => e.checkVisibility());
            const { top, bottom } = element.getBoundingClientRect();
            const foot = document.querySelector(".ec-guide-bar").getBoundingClientRect().top;
            return Math.min(bottom, foot) - Math.max(top, 0) < Math.min(bottom - top, foot) / 2;
        }""",
        selector,
    )
    return found


@pytest.mark.parametrize("scene", STORY, ids=lambda scene: scene.id)
def test_a_scene_is_guessed_done_and_explained_by_keyboard_alone(page: Page, app_url: str, scene: guides.Scene) -> None:
    opened(page, app_url, scene.dashboard, f"#scene={scene.id}")
    heading = bar(page).get_by_role("heading")
    heading.wait_for()
    assert heading.inner_text() == scene.sentence
    wait_for(lambda: not is_covered(page, scene.at), seconds=SECONDS, what="the picture of the scene")
    assert bar(page).locator(".ec-guide-said").count() == 0, "no answer stands beside its question"

    assert heading.evaluate("e => e === document.activeElement")
    wrong = next(option for option in scene.options if option.value != scene.right)
    tab_to(page, bar(page).locator(f"[data-value={wrong.value}]"))
    page.keyboard.press("Enter")
    bar(page).get_by_text("Now see:").wait_for()
    page.keyboard.press("F2")
    there = page.locator(scene.control or scene.at).locator("visible=true").first
    assert there.evaluate("e => e.contains(document.activeElement)")

    control, keys = KEYS[scene.id]
    tab_to(page, page.locator(control).locator("visible=true").first)
    said = bar(page).locator(".ec-guide-said")
    for key in keys:
        page.keyboard.press(key)

    def is_said() -> bool:
        if scene.id == "em" and not said.is_visible():  # a step that Python has not answered yet takes no other
            page.keyboard.press("Enter")
        return said.is_visible()

    wait_for(is_said, seconds=SECONDS, what="what is so")
    assert wrong.said in said.inner_text()
    assert bar(page).locator(".is-right").get_attribute("data-value") == scene.right
    page.keyboard.press("F2")
    place = STORY.index(scene)
    tab_to(page, bar(page).get_by_role("button", name="Next →"))
    page.keyboard.press("Enter")
    title = STORY[place + 1].sentence if place + 1 < len(STORY) else "That was the path"
    bar(page).get_by_role("heading").get_by_text(title, exact=False).wait_for(timeout=SECONDS * 1000)


def test_the_story_is_left_and_taken_up_again(page: Page, app_url: str) -> None:
    opened(page, app_url, "e_step", "#scene=flat")
    bar(page).get_by_role("button", name="anywhere, all alike").click()
    page.reload()
    page.locator("#loading").wait_for(state="detached")
    bar(page).get_by_text("Now see:").wait_for()  # the guess is kept
    opened(page, app_url, "logos")
    bar(page).get_by_role("link", name="Go on with the story").wait_for()
    bar(page).get_by_role("button", name="Leave the story").click()
    assert bar(page).is_hidden()
    page.goto(app_url)
    door = page.locator("[data-ep-story]")
    assert "go on at scene 4 of 12" in door.inner_text()
    door.click()
    bar(page).get_by_role("heading").get_by_text(STORY[3].sentence).wait_for(timeout=SECONDS * 1000)


def test_what_is_shown_goes_along_with_the_story(page: Page, app_url: str) -> None:
    opened(page, app_url, "e_step", "#scene=sharp")
    bar(page).get_by_role("button", name="Skip →").click()
    bar(page).get_by_role("heading").get_by_text(STORY[5].sentence).wait_for(timeout=SECONDS * 1000)
    page.locator("#loading").wait_for(state="detached")
    wait_for(
        lambda: "CTCF" in page.locator(".ep-logo").inner_text(), seconds=SECONDS, what="the kernel of the last scene"
    )


@pytest.mark.parametrize("row", DASHBOARDS, ids=lambda row: row.name)
def test_a_tour_shows_each_of_its_stops_by_keyboard_alone(page: Page, app_url: str, row: object) -> None:
    name = row.name  # type: ignore[attr-defined]
    opened(page, app_url, name, "#tour")
    for place, stop in enumerate(guides.tour(name)):
        bar(page).get_by_role("heading", name=stop.text, exact=True).wait_for()
        assert bar(page).get_by_role("heading").evaluate("e => e === document.activeElement")
        ring = page.locator(".ec-guide-ring")
        wait_for(lambda at=ring: at.count() == 1, seconds=SECONDS, what=stop.at)
        wait_for(lambda at=stop.at: not is_covered(page, at), seconds=SECONDS, what=f"stop {place + 1}: {stop.at}")
        tab_to(page, bar(page).locator(".ec-guide-next"))
        page.keyboard.press("Enter")
    assert bar(page).is_hidden()
    assert page.locator(".ec-guide-ring").count() == 0


def test_help_opens_the_tour_and_the_story(page: Page, app_url: str) -> None:
    opened(page, app_url, "pwm")
    for name, heading in (("Show me this page", guides.tour("pwm")[0].text), ("The story, scene by scene", "")):
        page.keyboard.press("?")
        page.get_by_role("dialog").get_by_role("button", name=name).click()
        if heading:
            bar(page).get_by_role("heading", name=heading).wait_for()
            page.keyboard.press("Escape")
            assert bar(page).is_hidden()
    bar(page).get_by_role("heading", name=STORY[0].sentence).wait_for(timeout=SECONDS * 1000)


def test_a_word_is_explained_by_hover_focus_and_tap(page: Page, app_url: str) -> None:
    opened(page, app_url, "compare")
    word = page.locator(".ep-sentence dfn[data-term=AUC]")
    word.wait_for()
    bubble = page.get_by_role("tooltip")
    text = guides.glossary()["AUC"].text
    for act in (word.hover, word.focus, word.click):
        act()
        assert text in bubble.inner_text()
        page.keyboard.press("Escape")
        assert bubble.is_hidden()
        page.mouse.move(5, 5)
        page.evaluate("document.activeElement.blur()")


@pytest.mark.parametrize("row", DASHBOARDS, ids=lambda row: row.name)
def test_a_word_is_marked_once_a_text_and_in_no_control(page: Page, app_url: str, row: object) -> None:
    opened(page, app_url, row.name)  # type: ignore[attr-defined]
    page.wait_for_function("document.querySelector('dfn[data-term]')")
    nested = page.evaluate("document.querySelectorAll('dfn dfn, button dfn, a dfn, svg dfn, h2 dfn').length")
    assert nested == 0
    twice = page.evaluate(
        """[...document.querySelectorAll('.widget-html-content')].some(text => {
            const terms = [...text.querySelectorAll('dfn')].map(dfn => dfn.dataset.term);
            return new Set(terms).size !== terms.length;
        })"""
    )
    assert not twice
