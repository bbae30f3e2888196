"""The real app in a real browser; whatever goes wrong on the way fails the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.server import Server, serving
from tests.browser.watch import Watch, watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


TESTS = Path(__file__).resolve().parents[1]
FOLDERS = ("browser", "components")  # where the Makefile looks for them: to collect all others takes much longer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for a browser and put it last: Playwright keeps an event loop running, which others could not."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            if item.path.relative_to(TESTS).parts[0] not in FOLDERS:
                raise pytest.UsageError(f"{item.nodeid} asks for a browser, and `make test` would not find it here")
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`epool-viz app` with our dashboards, in a folder of its own."""
    with serving(tmp_path_factory.mktemp("app")) as server:
        yield server


@pytest.fixture(scope="session")
def app_url(app_server: Server) -> str:
    """Address of the app, without a final slash."""
    return app_server.address


@pytest.fixture
def watch() -> Watch:
    """What the page may complain about: a test that provokes something adds a part of it to `watch.expected`."""
    return Watch()


@pytest.fixture
def depth() -> str:
    """How deep the page shows what there is: every control, but where a test's module says otherwise."""
    return "expert"


@pytest.fixture
def page(browser: Browser, app_server: Server, watch: Watch, depth: str) -> Iterator[Page]:
    """A page that fails the test on a console error, an outside or failed request, or an exception in the log."""
    with watched(browser, app_server, watch, depth) as opened:
        yield opened
