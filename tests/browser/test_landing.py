"""The first page: what this is, a small E-step that moves, and the path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from epool_viz import e_step_trace, load_example_race
from epool_viz.app.server.frame import landing_state
from epool_viz.panels.registry import DASHBOARDS
from tests.browser.server import Server, serving

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page


def open_landing(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/")
    page.locator("[data-ep-landing] svg").wait_for()


def trace_of(m: float):
    state = landing_state()["state"]
    return e_step_trace("".join(state["alphabet"][code] for code in state["codes"]), np.array(state["kernel"]), m=m)


def bars(page: Page) -> list[float]:
    """The heights that are drawn, as shares of the largest that there can be."""
    paths = page.locator('[data-name="bars"] path').evaluate_all(
        "all => all.slice(1).map(path => path.getBBox().height)"
    )
    return [height / 124 for height in paths]


@pytest.mark.parametrize("m", [0.0, 0.25, 1.0, 3.0])
def test_bars_and_number_are_those_of_core(page: Page, app_server: Server, m: float) -> None:
    open_landing(page, app_server)
    page.get_by_role("slider", name="m").fill(str(m))
    trace = trace_of(m)
    page.wait_for_function("m => document.querySelector('.epool-hand output').textContent === m", arg=f"{m:.2f}")
    np.testing.assert_allclose(bars(page), trace.posterior, rtol=0, atol=0.002)  # drawn to a tenth of a pixel
    pooled = f"{float(trace.pooled):.3g}".replace("-", "\N{MINUS SIGN}")
    assert f"expectation pooling {pooled}" in page.locator('[data-name="line"] text').all_text_contents()


def test_the_picture_is_in_the_first_screen_of_a_phone(page: Page, app_server: Server) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    open_landing(page, app_server)
    box = page.locator("[data-ep-landing] svg").bounding_box()
    assert box is not None
    assert box["y"] < 260
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


WATCH = """() => {
    const [number, told] = ["output", "+ .epool-told"].map((each) => document.querySelector(`.epool-hand ${each}`));
    window.seen = [];
    new MutationObserver(() => window.seen.push([Number(number.textContent), told.textContent]))
        .observe(told, { childList: true, characterData: true, subtree: true });
}"""


def test_it_plays_and_comes_back_to_where_it_was(page: Page, app_server: Server) -> None:
    open_landing(page, app_server)
    number = page.locator(".epool-hand output")
    page.evaluate(WATCH)
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Stop").wait_for()
    page.get_by_role("button", name="Play").wait_for()
    seen = page.evaluate("seen")
    # a busy machine draws fewer pictures
    assert min(m for m, _ in seen) < 0.3
    assert max(m for m, _ in seen) > 2.7
    assert len({told for _, told in seen}) > 3, "the words go along"
    assert number.inner_text() == "1.00"
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Stop").click()
    stopped = number.inner_text()
    page.wait_for_timeout(200)
    assert number.inner_text() == stopped


def test_logo_follows_the_hand(page: Page, app_server: Server) -> None:
    open_landing(page, app_server)
    svg = page.locator("[data-ep-landing] svg")
    box = svg.bounding_box()
    assert box is not None
    for share, first in ((0.001, 0), (0.5, 20), (0.999, 25)):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 20)
        page.wait_for_function(
            "x => document.querySelector('[data-name=logo]').getAttribute('transform').startsWith(`translate(${x},`)",
            arg=16 * first,
        )
        score = trace_of(1.0).scores[first]
        told = page.locator(".epool-told").inner_text()
        assert told.startswith(f"Letter {first + 1}: score ")
        assert f" = {score:.3g}, probability ".replace("-", "\N{MINUS SIGN}") in told
        kernel, codes = (landing_state()["state"][name] for name in ("kernel", "codes"))
        column = [kernel[codes[first + j]][j] for j in range(len(kernel[0]))]
        assert sum(column) == pytest.approx(float(score))
        assert f"{column[0]:.2g}".lstrip("-") in told
    page.mouse.move(5, 5)
    page.get_by_text("Letter 14: score").wait_for()  # the best place again
    logo = page.locator('[data-name="logo"]').bounding_box()
    assert logo is not None
    page.mouse.move(logo["x"] + 9, logo["y"] + logo["height"] - 9)
    page.mouse.move(logo["x"] + 90, logo["y"] + logo["height"] - 9)
    assert page.locator(".epool-told").inner_text().startswith("Letter 14: score"), "the logo can be looked at"


def test_it_moves_and_starts_no_kernel(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path, "--pool-size", "0") as server, browser.new_context() as context:
        page = context.new_page()
        before = len(server.kernels())
        open_landing(page, server)
        page.get_by_role("slider", name="m").press("ArrowRight")
        page.wait_for_function("document.querySelector('.epool-hand output').textContent === '1.01'")
        assert len(server.kernels()) == before


def test_every_station_is_linked_in_order_with_its_one_idea(page: Page, app_server: Server) -> None:
    open_landing(page, app_server)
    stations = page.locator("#path + .epool-path li")
    rows = sorted(DASHBOARDS, key=lambda row: row.order)
    assert stations.get_by_role("link").all_inner_texts() == [row.idea.question for row in rows]
    for row, text in zip(rows, stations.all_inner_texts(), strict=True):
        assert row.idea.after in text
        assert re.search(rf"{re.escape(row.title)} · {row.idea.minutes} min", text)
    stations.get_by_role("link").nth(1).click()
    page.wait_for_url(f"**/{rows[1].notebook}*")


@pytest.mark.parametrize("row", DASHBOARDS, ids=lambda row: row.name)
def test_an_idea_is_one_sentence_each(row) -> None:
    idea = row.idea
    assert idea.question.endswith("?")
    assert idea.after.endswith(".")
    assert all(text.count(".") + text.count("?") <= 1 for text in (idea.question, idea.picture, idea.after))
    assert 1 <= idea.minutes <= 10


def test_the_first_page_answers_what_max_pooling_does_wrong_with_the_numbers_of_the_race(
    page: Page, app_server: Server
) -> None:
    open_landing(page, app_server)
    said = page.get_by_text("Why not take the best place alone?").locator("..").inner_text()
    gaps = {run.method: run.gap for run in load_example_race("simulated").runs}
    assert f"max pooling loses {gaps['max']:.3f} of its AUC" in said
    assert f"expectation pooling {gaps['expectation']:.3f}." in said
    assert gaps["max"] > gaps["expectation"]
