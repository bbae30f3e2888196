"""The watch over the page can go red, for each thing it watches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.app.notebook_files import BUTTON, write_notebook
from tests.browser.server import Server, serving, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.watch import Watch


@pytest.fixture(scope="module")
def small_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("watch")
    write_notebook(folder / "notebooks" / "button.ipynb", BUTTON, title="The button")
    with serving(folder, "--notebooks", str(folder / "notebooks"), "--verbose") as server:
        yield server


@pytest.fixture
def watched(browser: Browser, watch: Watch, small_server: Server) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        watch.over(page)
        page.goto(f"{small_server.address}/nonsense")
        watch.complaints.clear()
        yield page


def test_small_dashboard_runs_and_gives_its_kernel_back(
    browser: Browser, watch: Watch, small_server: Server, tmp_path: Path
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        watch.over(page)
        page.goto(small_server.address)
        assert page.title() == "The button · epool_viz"
        page.get_by_role("button", name="Ask").click()
        page.get_by_text("answer 42 from").wait_for()
        assert "epool_viz_" in page.get_by_text("answer 42 from").inner_text()  # its working folder is ours
        assert page.get_by_role("main").is_visible()
        assert page.get_by_role("heading", level=1).inner_text() == "The button"
        assert page.locator("#loading").count() == 0
        for _ in range(3):
            page.reload()
            page.get_by_role("button", name="Ask").wait_for()
        page.close(run_before_unload=True)
        waiting = 1
        wait_for(lambda: len(small_server.kernels()) == waiting, seconds=20, what="the kernels of closed pages to end")
    watch.assert_calm(small_server.log)


@pytest.mark.parametrize(
    ("provoke", "complaint"),
    [
        ("console.error('broken')", "console error: broken"),
        ("setTimeout(() => { throw new Error('thrown') })", "page error: thrown"),
        ("fetch('/voila/static/missing.js')", "answered 403"),
        ("fetch('http://127.0.0.1:9/closed')", "127.0.0.1:9"),
        ("new Image().src = 'https://elsewhere.invalid/x.png'", "elsewhere.invalid"),
    ],
)
def test_each_misdeed_fails_the_test(watched: Page, watch: Watch, provoke: str, complaint: str) -> None:
    watched.evaluate(f"() => {{ {provoke} }}")
    _until(watched, lambda: any(complaint in line for line in watch.complaints))
    with pytest.raises(AssertionError, match=complaint.replace("(", r"\(")):
        watch.assert_calm()


def test_expected_complaints_are_forgiven_and_no_other(watch: Watch) -> None:
    watch.complaints += ["console error: one of two", "console error: two of two"]
    watch.expected.append("one of")
    with pytest.raises(AssertionError, match=r"^console error: two of two$"):
        watch.assert_calm()


def test_exception_in_the_log_fails_the_test(watch: Watch) -> None:
    with pytest.raises(AssertionError, match="the server logged an exception"):
        watch.assert_calm("Traceback (most recent call last):\n  ...")


def _until(page: Page, question: object) -> None:
    """Ask while the page's events are being read (they arrive only while Playwright runs)."""
    wait_for(lambda: page.evaluate("1") and question(), seconds=10, what="the complaint")  # type: ignore[operator]
