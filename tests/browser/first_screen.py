"""What a newcomer meets first, measured: how much there is, and how large the one picture is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

HEAD = 52  # px
MOST_LETTERS, MOST_CONTROLS = 900, 7
PHONE, PHONE_TOP = {"width": 360, "height": 740}, 260

_MEASURED = """() => {
    const root = document.querySelector("#rendered_cells");
    const inView = box => box.width > 1 && box.height > 1 && box.top < innerHeight && box.bottom > 0;
    const isShown = element => element.checkVisibility({visibilityProperty: true, opacityProperty: true});
    const controls = [...root.querySelectorAll("button, input, select, textarea, a")]
        .filter(each => isShown(each) && inView(each.getBoundingClientRect()));
    let letters = 0;
    for (const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT); walk.nextNode();) {
        const {parentElement} = walk.currentNode, range = document.createRange();
        if (/STYLE|SCRIPT/.test(parentElement.tagName) || !isShown(parentElement)) continue;
        range.selectNode(walk.currentNode);
        if (inView(range.getBoundingClientRect())) letters += walk.currentNode.textContent.trim().length;
    }
    const box = root.querySelector(".ep-picture").getBoundingClientRect();
    const seen = Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
    const name = each => each.getAttribute("aria-label") || each.innerText || each.name || each.type || each.tagName;
    return {letters, controls: controls.map(name), top: box.top, seen, height: innerHeight,
        question: root.querySelector(".ep-question")?.innerText, wide: document.documentElement.scrollWidth};
}"""


def measured(page: Page) -> dict[str, Any]:
    """The first screen, in letters, controls and pixels."""
    found: dict[str, Any] = page.evaluate(_MEASURED)
    return found


def assert_one_question_one_picture(page: Page, question: str) -> None:
    """The laws of the first screen, at the size of a laptop and of a phone."""
    found = measured(page)
    assert found["question"] == question
    assert found["letters"] <= MOST_LETTERS
    assert len(found["controls"]) <= MOST_CONTROLS, found["controls"]
    assert found["seen"] >= (found["height"] - HEAD) / 2, "the picture has half of the height"
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function("() => document.querySelector('.ep-root').getBoundingClientRect().width <= 360")
    small = measured(page)
    assert small["top"] < PHONE_TOP
    assert small["wide"] <= PHONE["width"]
