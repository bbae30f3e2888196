"""The page around the dashboards: what every one of them has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import pytest

from epool_viz import e_step_trace
from epool_viz.app.server import frame
from epool_viz.app.server.settings import notebooks_folder
from epool_viz.panels.one_kernel.model import EStepModel
from epool_viz.panels.registry import DASHBOARDS
from tests.app.notebook_files import write_notebook
from tests.browser.server import Server, serving, wait_for
from tests.browser.watch import Watch, watched

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page, WebSocket

MEGABYTE = 1e6


def open_dashboard(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/voila/render/e_step.ipynb")
    page.locator("#rendered_cells .jupyter-widgets").first.wait_for()


class Opened(NamedTuple):
    """A dashboard that is open, and the bytes that it was sent."""

    page: Page
    answered: list[int]
    framed: list[int]


@pytest.fixture(scope="module")
def opened(browser: Browser, app_server: Server) -> Iterator[Opened]:
    """One page for all tests that only look at it."""

    def count(socket: WebSocket) -> None:
        found.framed.clear()  # of this opening: a page that lacks a part opens itself once more
        for direction in ("framereceived", "framesent"):
            socket.on(direction, lambda payload: found.framed.append(len(payload)))  # type: ignore[call-overload]

    with watched(browser, app_server, Watch(), "expert") as page:
        found = Opened(page, [], [])
        page.on("requestfinished", lambda request: found.answered.append(request.sizes()["responseBodySize"]))
        page.on("websocket", count)
        open_dashboard(page, app_server)
        page.locator("#loading").wait_for(state="detached")
        yield found


def test_page_has_a_language_a_title_and_landmarks(opened: Opened) -> None:
    page = opened.page
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title() == "One E-step · epool_viz"
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("banner").get_by_role("heading", level=1).inner_text() == "One E-step"
    assert page.get_by_role("main").evaluate("e => e.inert") is False


def test_the_name_leads_to_the_first_page_and_the_menu_to_every_dashboard(page: Page, app_server: Server) -> None:
    open_dashboard(page, app_server)
    banner = page.get_by_role("banner")
    menu = page.get_by_role("navigation", name="Dashboards")
    assert menu.is_hidden()
    banner.locator("summary").press("Enter")
    assert menu.get_by_role("link").count() == len(DASHBOARDS)
    for row in DASHBOARDS:
        link = menu.get_by_role("link", name=row.title)
        assert link.get_attribute("href") == row.notebook
        assert row.idea.question in link.inner_text()
    assert menu.locator("[aria-current]").inner_text().startswith("One E-step")
    banner.get_by_role("link", name="epool_viz").click()
    page.locator("[data-ep-landing] svg").wait_for()
    assert page.url == f"{app_server.address}/"


@pytest.mark.parametrize(("width", "size"), [(1280, 100), (1280, 150), (1280, 200), (360, 100), (360, 200)])
def test_the_head_is_one_row(page: Page, app_server: Server, width: int, size: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.add_init_script(f"try {{ localStorage.setItem('epool-size', '{size}') }} catch {{}}")
    open_dashboard(page, app_server)
    page.locator(".ec-toolbar-settings").wait_for()
    box = page.get_by_role("banner").bounding_box()
    assert box is not None
    assert box["height"] <= 56
    within = (
        page.get_by_role("banner")
        .locator("button:visible, a:visible, summary")
        .evaluate_all(
            """all => all.map((e) => e.getBoundingClientRect())
                .filter((r) => r.bottom > 56 || r.right > innerWidth).length"""
        )
    )
    assert within == 0


def test_a_notebook_of_somebody_else_gets_no_links_to_ours(browser: Browser, tmp_path: Path) -> None:
    write_notebook(tmp_path / "notebooks" / "mine.ipynb", "1 + 1")
    with (
        serving(tmp_path, "--notebooks", str(tmp_path / "notebooks"), "--pool-size", "0") as server,
        browser.new_context() as context,
    ):
        page = context.new_page()
        page.goto(f"{server.address}/voila/render/mine.ipynb")
        page.locator("#loading").wait_for(state="detached")
        assert page.get_by_role("navigation").count() == 0


def test_page_flows_below_its_header(opened: Opened) -> None:
    page = opened.page
    header, main = page.get_by_role("banner").bounding_box(), page.get_by_role("main").bounding_box()
    assert header is not None
    assert main is not None
    assert main["y"] >= header["y"] + header["height"] - 1


def test_wait_screen_says_what_happens(page: Page, app_server: Server, watch: Watch) -> None:
    watch.expected.append("voila.js")
    watch.expected.append("console error: Failed to load resource: net::ERR_FAILED")
    page.route("**/voila/static/voila.js", lambda route: route.abort())
    page.goto(f"{app_server.address}/voila/render/e_step.ipynb", wait_until="commit")
    page.get_by_text("The view is computed; loading the controls.").wait_for()
    assert page.get_by_role("status").count() == 1


def test_wait_screen_draws_the_first_peak_truly(page: Page, app_server: Server, watch: Watch) -> None:
    watch.expected.append("voila.js")
    watch.expected.append("console error: Failed to load resource: net::ERR_FAILED")
    page.route("**/voila/static/voila.js", lambda route: route.abort())
    page.goto(f"{app_server.address}/voila/render/e_step.ipynb", wait_until="commit")
    trace = EStepModel().trace
    told = page.locator("#wait_told")
    slider = page.get_by_role("slider", name="m")
    for m in (1.0, 0.0, 5.0):  # still, for whoever asked for less motion
        slider.fill(str(m))
        value = float(told.text_content().removeprefix("ePool ").replace("\u2212", "-"))  # type: ignore[union-attr]
        expected = float(e_step_trace(trace.sequence, trace.kernel, m=m).pooled)
        assert value == pytest.approx(expected, abs=0.02), "scores are sent with two decimals"
    assert page.locator("#wait_bars").get_attribute("d").count("M") == len(trace.scores)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", sorted(path.stem for path in notebooks_folder().glob("*.ipynb")))
def test_wait_screen_stays_until_all_is_drawn(page: Page, app_server: Server, name: str) -> None:
    page.add_init_script("""
        new MutationObserver((_, watching) => {
            const cells = document.getElementById("rendered_cells");
            if (!cells || document.getElementById("loading")) return;
            watching.disconnect();
            window.seenFirst = `seen: ${cells.innerText}`;
        }).observe(document, { childList: true, subtree: true });
    """)
    page.goto(f"{app_server.address}/voila/render/{name}.ipynb", wait_until="commit")
    seen = page.wait_for_function("() => window.seenFirst").json_value()
    assert "Loading widget" not in seen
    later = wait_for(lambda: page.locator("#rendered_cells").inner_text(), seconds=5, what="the page")
    assert len(seen) > 0.7 * len(later), "what comes later is small"


def test_page_without_its_view_is_not_shown_as_an_empty_one(page: Page, app_server: Server) -> None:
    page.add_init_script("""
        if (location.protocol === "http:" && !sessionStorage.getItem("second")) {
            sessionStorage.setItem("second", "yes");
            const outputs = 'script[type="application/vnd.voila.cell-output+json"]';
            new MutationObserver(() => document.querySelectorAll(outputs).forEach((output) => output.remove()))
                .observe(document, { childList: true, subtree: true });
        }
    """)
    page.goto(f"{app_server.address}/voila/render/e_step.ipynb", wait_until="commit")
    page.get_by_text("Python came to its end without a view").wait_for()
    page.get_by_role("button", name="Try again").click()
    page.locator("#loading").wait_for(state="detached")
    page.get_by_role("button", name="maximum likelihood").wait_for()


def test_kernel_that_dies_while_its_page_is_drawn_leaves_a_way_on(
    browser: Browser, watch: Watch, tmp_path: Path
) -> None:
    write_notebook(tmp_path / "notebooks" / "dies.ipynb", "import os, time\ntime.sleep(1)\nos._exit(1)")
    with (
        serving(tmp_path, "--notebooks", str(tmp_path / "notebooks"), "--pool-size", "0", calm=False) as server,
        browser.new_context() as context,
    ):
        page = context.new_page()
        page.goto(f"{server.address}/voila/render/dies.ipynb", wait_until="commit")
        # Voilà and the frame both notice; whoever comes first tells how to go on
        page.get_by_text(re.compile("Python stopped before the view was computed|Reload the page")).wait_for()
    assert "Traceback" not in server.log, server.log


@pytest.mark.parametrize(("fragment", "n"), [("", 1), ("#state=eyJtIjoyfQ", 2)])
def test_wait_screen_offers_to_start_afresh_where_the_address_holds_a_state(
    browser: Browser, tmp_path: Path, fragment: str, n: int
) -> None:
    write_notebook(tmp_path / "notebooks" / "slow.ipynb", "import time\ntime.sleep(60)")
    with (
        serving(tmp_path, "--notebooks", str(tmp_path / "notebooks"), "--pool-size", "0", calm=False) as server,
        browser.new_context() as context,
    ):
        page = context.new_page()
        page.clock.install()
        page.goto(f"{server.address}/voila/render/slow.ipynb{fragment}", wait_until="commit")
        page.locator("#loading_text").wait_for()
        page.clock.fast_forward(60_000)
        page.get_by_role("button", name="Try again").wait_for()
        assert page.locator("#loading").get_by_role("button").all_inner_texts() == ["Try again", "Start afresh"][:n]


def test_part_that_does_not_load_is_tried_again_and_then_told(page: Page, app_server: Server, watch: Watch) -> None:
    watch.expected.append("[anywidget]")
    open_dashboard(page, app_server)
    page.locator("#loading").wait_for(state="detached")
    lose = "Promise.reject(new Error('[anywidget] Failed to initialize model.')) && undefined"
    page.evaluate(f"window.isFirst = true; {lose}")
    page.wait_for_function("() => !window.isFirst && document.querySelector('.ep-root')")  # once more, by itself
    page.locator("#loading").wait_for(state="detached")
    assert page.locator(".epool-lost").count() == 0
    page.evaluate(lose)
    page.get_by_text("A part of this page did not load").wait_for()
    assert page.get_by_role("alert").get_by_role("button", name="Reload").is_visible()


def test_part_that_does_not_load_reloads_no_page_that_is_in_use(page: Page, app_server: Server, watch: Watch) -> None:
    watch.expected.append("[anywidget]")
    open_dashboard(page, app_server)
    page.locator("#loading").wait_for(state="detached")
    page.keyboard.press("Tab")
    lose = "Promise.reject(new Error('[anywidget] Failed to initialize model.')) && undefined"
    page.evaluate(f"window.isFirst = true; {lose}")
    page.get_by_text("A part of this page did not load").wait_for()
    assert page.evaluate("window.isFirst")


def test_theme_and_size_hold_before_anything_is_drawn(page: Page, app_server: Server) -> None:
    page.goto(f"{app_server.address}/voila/render/e_step.ipynb", wait_until="commit")
    page.evaluate("() => { localStorage.setItem('epool-theme', 'dark'); localStorage.setItem('epool-size', '150'); }")
    page.goto(f"{app_server.address}/voila/render/e_step.ipynb", wait_until="commit")
    page.locator("#loading_text").wait_for()
    assert page.locator("html").get_attribute("data-jp-theme-light") == "false"
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "24px"
    ground = page.locator("#loading").evaluate("e => getComputedStyle(e).backgroundColor")
    assert ground == "rgb(17, 21, 28)"


def test_text_of_the_template_is_what_the_package_says() -> None:
    assert frame.FILE.read_text(encoding="utf-8") == frame.generated(), "run: python -m epool_viz.app.server.frame"


def test_page_stays_within_its_bytes(opened: Opened) -> None:
    complete = "document.readyState === 'complete'"
    wait_for(lambda: opened.page.evaluate(complete), seconds=60, what="the page to be complete")
    assert 0.5 * MEGABYTE < sum(opened.answered) < 6 * MEGABYTE


def test_page_stays_within_its_websocket(opened: Opened) -> None:
    opened.page.get_by_role("button", name="next step").click()
    assert 0.05 * MEGABYTE < sum(opened.framed) < 1 * MEGABYTE


def test_reloads_give_their_kernels_back(page: Page, app_server: Server) -> None:
    before = len(app_server.kernels())
    for _ in range(3):
        open_dashboard(page, app_server)
    page.goto(f"{app_server.address}/")
    page.get_by_role("link", name="Where is the site").click()
    page.locator("#rendered_cells .jupyter-widgets").first.wait_for()
    wait_for(
        lambda: page.evaluate("1") and len(app_server.kernels()) <= before + 1,
        seconds=20,
        what="the kernels of closed pages to end",
    )
