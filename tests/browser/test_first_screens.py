"""What the first screen of a dashboard holds at the depth that every page opens with."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from epool_viz.panels.one_kernel.steps import STEPS
from epool_viz.panels.registry import row_of
from epool_viz.panels.shared.links import fragment
from tests.browser.head import settings
from tests.browser.server import Server, wait_for
from tests.browser.watch import Watch, watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

# dashboard, and the CSS selector of the picture that answers its question
PICTURES = {
    "e_step": ".ep-picture",
    "pwm": ".ep-picture",
}
DASHBOARDS = list(PICTURES)
MOST_CHARACTERS = 900
MOST_CONTROLS = 7
HIGHEST_HEAD = 56
LOWEST_PICTURE_ON_A_PHONE = 260
TITLES = {step.name: step.title for step in STEPS}

# what the eye can meet without scrolling; what is only spoken is no part of it
_SEEN = """() => {
  const inView = ({ width, top, bottom }) => width > 1 && top < innerHeight && bottom > 0;
  const isShown = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest(".ec-say, style, script");
  const found = document.querySelectorAll("#rendered_cells :is(button, input, select, textarea, a)");
  const controls = [...found].filter((e) => isShown(e) && inView(e.getBoundingClientRect()));
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let characters = 0;
  while (walker.nextNode()) {
    const range = document.createRange();
    range.selectNode(walker.currentNode);
    const isSeen = isShown(walker.currentNode.parentElement) && inView(range.getBoundingClientRect());
    if (isSeen) characters += walker.currentNode.data.trim().length;
  }
  return { characters, controls: controls.map((e) => e.getAttribute("aria-label") || e.textContent || e.type) };
}"""


@pytest.fixture
def depth() -> str:
    """The depth that a page opens with."""
    return "learn"


def open_dashboard(page: Page, app_url: str, name: str, state: dict[str, object] | None = None) -> Locator:
    """A dashboard whose picture is drawn, and that picture."""
    page.goto(f"{app_url}/voila/render/{name}.ipynb{fragment(state) if state else ''}")
    page.locator("#loading").wait_for(state="detached")
    picture = page.locator(PICTURES[name])
    picture.locator("svg:visible").first.wait_for()
    page.locator(".ec-logo svg path").first.wait_for()
    return picture


@pytest.fixture(scope="module")
def pages(browser: Browser, app_server: Server) -> Iterator[dict[str, Page]]:
    """A page of each dashboard, for the laws that only look at it; the law that leaves it otherwise comes last."""
    with contextlib.ExitStack() as stack:
        opened = {}
        for name in DASHBOARDS:
            opened[name] = stack.enter_context(watched(browser, app_server, Watch(), "learn"))
            open_dashboard(opened[name], app_server.address, name)
        yield opened


def box_of(element: Locator) -> dict[str, float]:
    box = element.bounding_box()
    assert box is not None
    return {**box, "bottom": box["y"] + box["height"]}


def is_in_view(element: Locator) -> bool:
    height = element.page.viewport_size
    assert height is not None
    box = box_of(element)
    return box["y"] >= 0 and box["bottom"] <= height["height"]


# --- laws of every first screen


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_first_screen_has_few_words_few_controls_and_a_large_picture(pages: dict[str, Page], name: str) -> None:
    page = pages[name]
    picture = box_of(page.locator(PICTURES[name]))
    seen = page.evaluate(_SEEN)
    assert seen["characters"] <= MOST_CHARACTERS
    assert len(seen["controls"]) <= MOST_CONTROLS, seen["controls"]
    head = box_of(page.locator("header"))["bottom"]
    shown = min(picture["bottom"], 800) - max(picture["y"], head)
    assert shown >= (800 - head) / 2


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_first_screen_asks_the_question_of_its_dashboard(pages: dict[str, Page], name: str) -> None:
    asked = pages[name].locator("#rendered_cells").get_by_role("heading", name=row_of(name).idea.question)
    assert is_in_view(asked)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_phone_shows_the_picture_at_once_and_never_scrolls_sideways(page: Page, app_url: str, name: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    picture = box_of(open_dashboard(page, app_url, name))
    assert picture["y"] < LOWEST_PICTURE_ON_A_PHONE
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_head_is_one_row_at_every_size_of_text(pages: dict[str, Page], name: str) -> None:
    page = pages[name]
    settings(page)
    for size in (100, 150, 200):
        page.get_by_label("Text size", exact=True).first.select_option(f"{size} %")
        assert box_of(page.locator("header"))["height"] <= HIGHEST_HEAD, size


# --- One E-step


def ends_of(picture: Locator) -> tuple[str, str]:
    """The bars and the logo, as they are drawn."""
    bars, logo = picture.locator(".ec-track:visible .ec-track-bars").first, picture.locator(".ec-logo svg").first
    return bars.get_attribute("d") or "", logo.inner_html()


@pytest.mark.parametrize("size", [(1280, 800), (360, 740)])
def test_m_moves_the_posterior_and_the_logo_and_all_three_are_in_view(
    page: Page, app_url: str, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    picture = open_dashboard(page, app_url, "e_step")
    assert picture.locator(".ec-panel-title:visible").first.inner_text() == "Posterior"
    before = ends_of(picture)
    slider = page.get_by_role("slider", name="m", exact=True)
    for part in (slider, picture.locator(".ec-track:visible svg").first, picture.locator(".ec-logo svg").first):
        assert is_in_view(part)
    slider.press("PageDown")
    wait_for(lambda: all(a != b for a, b in zip(ends_of(picture), before, strict=True)), seconds=5, what="both to move")


@pytest.mark.parametrize("size", [(1280, 800), (360, 740)])
def test_play_begins_the_walk_with_its_first_step_and_what_it_changes_is_in_view(
    page: Page, app_url: str, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    picture = open_dashboard(page, app_url, "e_step")
    title = page.locator(".ec-steptext").get_by_role("heading")
    assert TITLES["posterior"] in title.inner_text()
    page.get_by_role("button", name="Play").click()
    page.get_by_role("heading", name=TITLES["onehot"]).wait_for()
    page.get_by_role("button", name="Pause").click()
    assert is_in_view(title)
    assert is_in_view(picture.locator(".ec-onehot svg"))
    at = box_of(page.get_by_role("button", name="Play"))["y"]
    page.get_by_role("button", name="Play").click()
    page.get_by_role("heading", name=TITLES["window"]).wait_for()  # it goes on from where it was
    page.get_by_role("button", name="Pause").click()
    if size[0] > 1000:
        assert box_of(page.get_by_role("button", name="Play"))["y"] == at, "the button moved from under the pointer"


@pytest.mark.parametrize("name", DASHBOARDS)
def test_other_data_is_behind_one_button_that_opens_in_view_and_takes_the_focus(
    page: Page, app_url: str, name: str
) -> None:
    open_dashboard(page, app_url, name)
    source = page.get_by_label("Take the sequence from")
    assert source.is_hidden()
    page.get_by_role("button", name="Choose sequence and kernel").click()
    wait_for(
        lambda: source.is_visible() and source.evaluate("e => e === document.activeElement"),
        seconds=10,
        what="the focus in what was opened",
    )
    shown = page.locator(".ep-chosen :is(select, input, textarea, button):visible")
    assert shown.count() == 5, shown.evaluate_all("es => es.map(e => e.outerHTML)")
    assert all(is_in_view(each) for each in shown.all())


def test_a_setting_in_use_is_shown_at_every_depth(page: Page, app_url: str) -> None:
    open_dashboard(page, app_url, "e_step", {"both_strands": True, "padding": "same"})
    both = page.get_by_role("checkbox", name="Both strands")
    both.wait_for()
    assert page.get_by_role("radio", name="zeros at both ends").is_visible()
    assert page.get_by_role("radio", name="ReLU").is_hidden()
    both.uncheck()
    both.wait_for(state="hidden")
    assert page.get_by_role("radio", name="zeros at both ends").is_visible()


def test_sixteen_digits_are_for_experts_and_rounding_is_no_number(page: Page, app_url: str) -> None:
    open_dashboard(page, app_url, "e_step")
    text = page.locator("#rendered_cells").inner_text()
    assert "0 (to rounding)" in text
    assert not re.search(r"×10⁻¹\d", text)
    assert not re.search(r"\d\.\d{12}", text)
    assert page.get_by_role("button", name="Check the numbers").is_hidden()


def test_a_question_opens_in_view_alone_and_without_its_answer(page: Page, app_url: str) -> None:
    open_dashboard(page, app_url, "e_step")
    page.get_by_role("button", name="Predict, then see").click()
    invitation = page.locator(".ec-predict").get_by_role("heading")
    wait_for(lambda: invitation.evaluate("e => e === document.activeElement"), seconds=10, what="the focus")
    assert is_in_view(invitation)
    page.locator(".ec-predict").get_by_role("button", name="Start").click()
    page.locator(".ec-predict-plot").wait_for()
    assert is_in_view(page.locator(".ec-predict").get_by_role("heading"))
    boxes = page.locator(".ep-card:visible")
    assert "ep-fold-predict" in (boxes.first.get_attribute("class") or ""), "nothing stands before the question"
    wait_for(
        lambda: page.locator(".ep-in-hand").inner_text().startswith("CTCF (MA0139.2) (edited)"),
        seconds=10,
        what="Python",
    )
    assert page.locator(".ep-fold-editor").is_hidden()
    veiled = page.locator(".ep-shows-posterior").evaluate_all("es => es.map(e => getComputedStyle(e).visibility)")
    assert set(veiled) == {"hidden"}
