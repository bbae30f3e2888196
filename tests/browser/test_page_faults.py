"""What every page has to be free of: words in the console, cut selects, tables that are cut without a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAMES = ("logos", "em", "attribution", "your_data")

_CUT = """() => [...document.querySelectorAll("#rendered_cells select")].map(each => {
    if (!each.checkVisibility()) return "";
    const style = getComputedStyle(each), pen = document.createElement("canvas").getContext("2d");
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const text = each.selectedOptions[0]?.text ?? "";
    const room = each.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - 16; // its arrow
    return pen.measureText(text).width > room ? text : "";
}).filter(Boolean)"""


@pytest.mark.parametrize("name", NAMES)
def test_console_is_clean_and_no_select_is_cut(name: str, page: Page, app_url: str) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("warning", "error") else None)
    page.goto(f"{app_url}/voila/render/{name}.ipynb")
    page.locator("#rendered_cells .ep-root").wait_for()
    page.locator("#loading").wait_for(state="detached")
    assert said == []
    assert page.evaluate(_CUT) == []


def test_a_table_that_goes_on_has_a_shade_at_its_edge(page: Page, app_url: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{app_url}/voila/render/attribution.ipynb")
    table = page.locator(".ep-scroll").first
    table.wait_for(state="attached")
    page.locator("#loading").wait_for(state="detached")
    assert table.evaluate("e => e.scrollWidth > e.clientWidth"), "it goes on"
    assert table.evaluate("e => getComputedStyle(e).backgroundImage").count("linear-gradient") == 4
    assert "scroll" in table.evaluate("e => getComputedStyle(e).backgroundAttachment")
    assert table.locator("table").evaluate("e => getComputedStyle(e).backgroundColor") == "rgba(0, 0, 0, 0)"
