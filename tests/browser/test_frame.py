"""The page around the dashboards: what every one of them has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.server import Server, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.watch import Watch

MEGABYTE = 1e6


def open_dashboard(page: Page, server: Server) -> None:
    page.goto(f"{server.address}/voila/render/e_step.ipynb")
    page.locator("#rendered_cells .jupyter-widgets").first.wait_for()


def test_page_has_a_language_a_title_and_landmarks(page: Page, app_server: Server) -> None:
    open_dashboard(page, app_server)
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title() == "One E-step · epool_viz"
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("banner").get_by_role("heading", level=1).inner_text() == "One E-step"
    assert page.locator("#loading").count() == 0


def test_page_flows_below_its_header(page: Page, app_server: Server) -> None:
    open_dashboard(page, app_server)
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


def test_page_stays_within_its_bytes(page: Page, app_server: Server) -> None:
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    open_dashboard(page, app_server)
    wait_for(lambda: page.evaluate("document.readyState") == "complete", seconds=10, what="the page to be complete")
    assert 0.5 * MEGABYTE < sum(sizes) < 6 * MEGABYTE


def test_reloads_give_their_kernels_back(page: Page, app_server: Server) -> None:
    before = len(app_server.kernels())
    for _ in range(3):
        open_dashboard(page, app_server)
    page.goto(f"{app_server.address}/")  # one dashboard: straight to it
    page.locator("#rendered_cells .jupyter-widgets").first.wait_for()
    wait_for(
        lambda: page.evaluate("1") and len(app_server.kernels()) <= before + 1,
        seconds=20,
        what="the kernels of closed pages to end",
    )
