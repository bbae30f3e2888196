"""Every focus ring is seen whole: nothing around a control cuts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from epool_viz.panels.registry import DASHBOARDS

if TYPE_CHECKING:
    from playwright.sync_api import Page

# of each control in sight: which ancestor cuts the ring, 3 px wide and 2 px away, when the control has the focus
_CUT = """() => {
    const controls = "#rendered_cells :is(button, input, select, textarea, a, summary, [tabindex='0'])";
    const shown = [...document.querySelectorAll(controls)]
        .filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.disabled);
    return shown.flatMap(element => {
        element.focus({ focusVisible: true, preventScroll: true });
        const { outlineWidth, outlineOffset, outlineStyle } = getComputedStyle(element);
        if (document.activeElement !== element || outlineStyle === "none") return [];
        const ring = parseFloat(outlineWidth) + Math.max(parseFloat(outlineOffset), 0) - 0.5;
        if (ring <= 0) return [];
        const { top, bottom, left, right, width } = element.getBoundingClientRect();
        if (width < 2) return [];
        for (let around = element.parentElement; around && around !== document.body; around = around.parentElement) {
            const { overflowX, overflowY } = getComputedStyle(around);
            const box = around.getBoundingClientRect();
            const isCutting = overflow => overflow === "hidden" || overflow === "clip";
            const isCutX = isCutting(overflowX) && (left - ring < box.left || right + ring > box.right);
            const isCutY = isCutting(overflowY) && (top - ring < box.top || bottom + ring > box.bottom);
            const name = ({ tagName, className }) => `${tagName}.${className}`;
            if (isCutX || isCutY) return [`${name(element)} in ${name(around)}`];
        }
        return [];
    });
}"""


@pytest.mark.parametrize("row", DASHBOARDS, ids=lambda row: row.name)
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_cuts_a_focus_ring(page: Page, app_url: str, row: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{app_url}/voila/render/{row.name}.ipynb")
    page.locator("#loading").wait_for(state="detached")
    page.locator("#rendered_cells button:visible").first.wait_for()
    assert page.evaluate(_CUT) == []
