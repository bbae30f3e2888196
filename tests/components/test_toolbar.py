"""The head of the page: Reset and back, size and colours, what a teacher hides, help."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.head import settings
from tests.components.conftest import state_of

KERNEL = np.random.default_rng(5).normal(size=(4, 3))
TEXT = "ACGTTGCANACGTT"
OPTIONS = {
    "first": {"m": 1.0, "cursor": 2, "codes": [0, 1, 2, 3, 3]},
    "parts": [{"name": "logo", "label": "the logo"}, {"name": "axis", "label": "pooled values"}],
    "help": {
        "goal": "A goal.",
        "order": ["Walk.", "Move m."],
        "keys": [["← →", "step"]],
        "terms": [["m", "how <b>sharp</b>"]],
    },
    "share": ["m", "without", "size", "theme", "depth", "present"],
}
HEAD = """() => {
  document.querySelectorAll("[data-ep-slot]").forEach((e) => e.remove());
  const slot = document.createElement("header");
  slot.dataset.epSlot = "tools";
  document.documentElement.prepend(slot);
}"""
DEFAULTS = {"without": None, "size": None, "theme": None, "depth": None, "present": None}


@pytest.fixture
def toolbar(show, bare_page):
    def render(*, in_head=True, stored=None, **changes):
        bare_page.evaluate("document.documentElement.removeAttribute('style')")
        if in_head:
            bare_page.evaluate(HEAD)
        return show(state_of(TEXT, KERNEL, **(DEFAULTS | changes)), "toolbar", options=OPTIONS)

    yield render
    bare_page.evaluate(
        "() => { document.querySelectorAll('[data-ep-slot]').forEach((e) => e.remove());"
        "document.documentElement.removeAttribute('style'); delete document.documentElement.dataset.jpThemeLight;"
        "delete document.documentElement.dataset.epWithout; }"
    )


def state_in(page):
    return page.evaluate("window.store.state")


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def test_reset_brings_the_first_state_and_undo_brings_back_what_was(toolbar):
    page = toolbar(m=3.5, cursor=4)
    before = state_in(page)
    settings(page)
    button(page, "Reset").click()
    assert {name: state_in(page)[name] for name in OPTIONS["first"]} == OPTIONS["first"]
    page.get_by_text("nothing is lost").wait_for(state="attached")
    button(page, "Undo reset").click()
    assert state_in(page) == before
    assert button(page, "Reset").count() == 1


def test_undo_ends_when_somebody_goes_on(toolbar):
    page = toolbar(m=3.5)
    settings(page)
    button(page, "Reset").click()
    page.evaluate("window.store.set({ m: 2 })")
    assert button(page, "Reset").count() == 1
    assert button(page, "Undo reset").count() == 0


def test_python_is_told_of_the_reset(toolbar):
    page = toolbar(m=3.5, cursor=2)
    settings(page)
    button(page, "Reset").click()
    page.wait_for_function("window.pushed.length")
    assert page.evaluate("window.pushed") == [{"m": 1, "codes": OPTIONS["first"]["codes"]}]


def test_size_and_colours_dress_the_page(toolbar):
    page = toolbar()
    root = page.locator("html")
    assert root.get_attribute("data-jp-theme-light") == "true"
    settings(page)
    page.get_by_label("Text size", exact=True).first.select_option("150 %")
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "24px"
    settings(page)
    page.get_by_label("Colours", exact=True).first.select_option("dark")
    assert root.get_attribute("data-jp-theme-light") == "false"
    settings(page)
    page.get_by_label("Colours", exact=True).first.select_option("as my device")
    assert root.get_attribute("data-jp-theme-light") == "true"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.jpThemeLight === 'false'")


def test_a_link_asks_for_size_and_colours_and_the_visitor_overrules_it(toolbar):
    page = toolbar(size=200, theme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
    assert page.locator("html").get_attribute("data-jp-theme-light") == "false"
    settings(page)
    page.get_by_label("Text size", exact=True).first.select_option("100 %")
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "16px"
    assert state_in(page)["size"] is None
    assert state_in(page)["theme"] == "dark"


def depth_of(page):
    return page.locator("html").get_attribute("data-ep-depth")


def test_a_depth_is_chosen_and_a_link_overrules_it_until_the_next_choice(toolbar):
    page = toolbar()
    assert depth_of(page) == "learn"
    settings(page)
    page.get_by_label("Depth", exact=True).first.select_option("explore")
    assert depth_of(page) == "explore"
    assert state_in(page)["depth"] is None, "a choice of the visitor's, which no link carries"
    page.evaluate("window.store.set({ depth: 'expert' })")
    assert depth_of(page) == "expert"
    page.get_by_label("Depth", exact=True).first.select_option("learn")
    assert depth_of(page) == "learn"


def test_the_settings_are_shut_by_escape_and_by_a_press_elsewhere(toolbar):
    page = toolbar()
    reset = button(page, "Reset")
    settings(page)
    assert reset.is_visible()
    reset.press("Escape")
    assert reset.is_hidden()
    assert page.evaluate("document.activeElement.textContent") == "Settings"
    settings(page)
    page.mouse.click(5, 500)
    assert reset.is_hidden()


@pytest.mark.parametrize(
    "strange",
    [{"depth": "bottomless"}, {"size": 5000}, {"theme": "blink"}, {"without": ["nothing", 7]}, {"without": "logo"}],
)
def test_what_no_link_of_ours_holds_changes_nothing(toolbar, strange):
    page = toolbar(**strange)
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "16px"
    assert page.locator("html").get_attribute("data-jp-theme-light") == "true"
    assert page.locator("html").get_attribute("data-ep-without") == ""
    assert depth_of(page) == "learn"


def test_a_teacher_hides_a_part_and_everybody_can_bring_it_back(toolbar):
    page = toolbar()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p class=\"ep-part-logo\">logo</p>')")
    assert page.locator("p.ep-part-logo").is_visible()
    settings(page)
    button(page, "Teach").click()
    page.get_by_label("the logo").uncheck()
    assert not page.locator("p.ep-part-logo").is_visible()
    assert state_in(page)["without"] == ["logo"]
    page.get_by_label("pooled values").uncheck()
    assert state_in(page)["without"] == ["logo", "axis"]
    page.keyboard.press("Escape")
    button(page, "Show all (2 hidden)").click()
    assert page.locator("p.ep-part-logo").is_visible()
    assert state_in(page)["without"] is None
    assert page.evaluate("document.activeElement.textContent") == "Teach"


def test_the_teachers_link_holds_what_is_chosen(toolbar):
    page = toolbar(m=2.5)
    settings(page)
    button(page, "Teach").click()
    page.get_by_label("the logo").uncheck()
    page.locator("dialog[open]").get_by_label("Depth").select_option("explore")
    page.locator("dialog[open]").get_by_label("Text size").select_option("150 %")
    page.locator("dialog[open]").get_by_label("Colours").select_option("light")
    link = page.get_by_label("link for your class").input_value()
    text = link.split("#state=")[1]
    held = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert held == {"m": 2.5, "without": ["logo"], "size": 150, "theme": "light", "depth": "explore", "present": None}


def test_the_link_for_a_class_opens_what_is_seen_when_the_dialog_is_opened(toolbar):
    page = toolbar()
    for m in (2.5, 3.5):
        page.evaluate("(m) => window.store.set({ m })", m)
        settings(page)
        button(page, "Teach").click()
        link = page.get_by_label("link for your class").input_value()
        text = link.partition("#state=")[2]
        assert json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))["m"] == m
        button(page, "Close").click()


def test_the_question_mark_opens_help_and_not_while_somebody_types(toolbar):
    page = toolbar()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<input id=\"typed\">')")
    page.locator("#typed").press("?")
    assert page.locator("dialog[open]").count() == 0
    page.locator("#typed").evaluate("e => e.blur()")
    page.keyboard.press("?")
    text = page.locator("dialog[open]").inner_text()
    assert "A goal." in text
    assert "how <b>sharp</b>" in text, "text is never read as HTML"
    assert page.locator("dialog[open] kbd").all_inner_texts() == ["←", "→"]
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


def test_without_a_head_the_page_around_is_left_alone(toolbar):
    page = toolbar(in_head=False, size=200, theme="dark")
    settings(page)
    assert page.locator("#toolbar").get_by_role("button", name="Reset").is_visible()
    assert page.get_by_label("Text size", exact=True).first.is_hidden()
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "16px"
    assert page.locator("html").get_attribute("data-jp-theme-light") is None


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("opened", [None, "Teach", "Help"])
def test_axe_finds_nothing_serious(toolbar, theme, opened):
    page = toolbar(theme=theme)
    page.evaluate("document.body.style.background = 'var(--paper)'")
    if opened != "Help":
        settings(page)
    if opened:
        button(page, opened).click()
    found = Axe().run(page, options={"rules": {"page-has-heading-one": {"enabled": False}}})
    bad = [v for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
    ignored = {"document-title", "html-has-lang"}  # of the bare page
    assert [v["id"] for v in bad if v["id"] not in ignored] == []
