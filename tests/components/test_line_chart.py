"""The curve: its points lie where the numbers are, and can be gone to."""

from __future__ import annotations

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.widgets import LineChart
from tests.components.conftest import source_of, state_of
from tests.components.test_strip import assert_axe_is_content, assert_fits_a_phone

SERIES = [-50.0, 12.5, 30.0, 38.25, 41.0]
OPTIONS = {
    "title": "Log evidence",
    "series": "evidence",
    "at": "now",
    "go": "now",
    "label": "iteration",
    "unit": "nats",
}


@pytest.fixture
def curve(show):
    def render(series=SERIES, now=2, **options):
        state = state_of("ACGTACGT", [[0.0] * 3] * 4, evidence=list(series), now=now)
        return show(state, "line_chart", options=OPTIONS | options)

    return render


def points(page):
    script = "(all) => all.map((c) => [+c.getAttribute('cx'), +c.getAttribute('cy')])"
    return np.array(page.eval_on_selector_all("#line_chart .ec-curve-point", script))


def test_the_module_is_small_and_carried():
    assert len(source_of("line_chart").encode()) < 30_000
    assert LineChart(store=Store(state={}, on_patch=print), options=OPTIONS)._esm == module_text("line_chart")


def test_points_are_as_high_as_their_numbers(curve):
    page = curve()
    found = points(page)
    assert len(found) == 5
    slope, start = np.polyfit(SERIES, found[:, 1], 1)
    assert slope < 0, "larger is higher"
    np.testing.assert_allclose(found[:, 1], start + slope * np.array(SERIES), atol=0.2)
    np.testing.assert_allclose(np.diff(found[:, 0]), np.diff(found[:, 0])[0], atol=0.2)
    here = page.locator("#line_chart .ec-curve-here")
    assert float(here.get_attribute("cx")) == pytest.approx(found[2, 0])
    assert page.locator("#line_chart .ec-curve-point.is-later").count() == 2
    assert page.text_content("#line_chart .ec-panel-said") == "Iteration 3 of 5: 30 nats, 17.5 more than before."


def test_a_click_and_the_keys_go_to_a_point(curve):
    page = curve()
    box = page.locator("#line_chart .ec-curve-here").bounding_box()
    first = page.locator("#line_chart .ec-curve-point").first.bounding_box()
    page.mouse.click(first["x"] + 1, box["y"])
    assert page.evaluate("window.store.state.now") == 0
    page.locator("#line_chart [role=slider]").focus()
    page.keyboard.press("End")
    assert page.evaluate("window.store.state.now") == 4
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.store.state.now") == 4
    page.wait_for_function("document.querySelector('#line_chart [role=slider]').getAttribute('aria-valuenow') === '5'")


def test_without_numbers_it_says_so_and_one_is_enough(curve):
    page = curve([], -1)
    assert page.locator("#line_chart svg").first.is_hidden()
    assert page.get_by_text("After the first iteration it is drawn here.").is_visible()
    page.evaluate("window.store.set({ evidence: [3.5], now: 0 })")
    page.wait_for_function("document.querySelectorAll('#line_chart .ec-curve-point').length === 1")
    assert page.text_content("#line_chart .ec-panel-said") == "Iteration 1 of 1: 3.5 nats."
    assert np.isfinite(points(page)).all()


def test_the_table_tells_the_same(curve):
    page = curve()
    page.click("#line_chart summary")
    page.locator("#line_chart tbody data").first.wait_for()  # filled once it is open
    found = page.eval_on_selector_all("#line_chart tbody data", "(all) => all.map((d) => +d.value)")
    assert found == SERIES


def test_only_looked_at_it_is_a_picture_and_for_everybody(curve):
    page = curve(go=None)
    assert (
        page.locator("#line_chart svg[role=img]")
        .get_attribute("aria-label")
        .startswith("Log evidence. Iteration 3 of 5")
    )
    curve()
    for theme in ("light", "dark"):
        assert_axe_is_content(page, "line_chart", theme)
    assert_fits_a_phone(page, "line_chart")
    page.evaluate("document.documentElement.removeAttribute('style')")
