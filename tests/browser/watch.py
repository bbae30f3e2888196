"""What a page does that it should not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.patience import allowed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

    from tests.browser.server import Server

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
LOCAL_SCHEMES = {"data", "blob", "about"}


class Watch:
    """Listens to a page and keeps every complaint.

    `expected` holds parts of complaints that a test provokes on purpose; it adds them before it does.
    """

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.expected: list[str] = []

    def over(self, page: Page) -> None:
        """Listen to everything that `page` says and asks for."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)
        page.on("websocket", lambda socket: self._outside(socket.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console error: {message.text}")

    def _request(self, request: Request) -> None:
        self._outside(request.url)

    def _outside(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in LOCAL_SCHEMES and parts.hostname not in LOOPBACK:
            self.complaints.append(f"asked another host: {url}")

    def _failed(self, request: Request) -> None:
        if request.failure == "net::ERR_ABORTED":  # the page went on before an answer came, as its farewell always does
            return
        self.complaints.append(f"request failed ({request.failure}): {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"answered {response.status}: {response.url}")

    def assert_calm(self, log: str = "") -> None:
        """Fail with every complaint, and with an exception in the server's log."""
        found = [line for line in self.complaints if not any(part in line for part in self.expected)]
        if "Traceback (most recent call last)" in log:
            found.append(f"the server logged an exception:\n{log}")
        assert not found, "\n".join(found)


@contextlib.contextmanager
def watched(browser: Browser, server: Server, watch: Watch, depth: str) -> Iterator[Page]:
    """A page in a context of its own; at the end it fails on what `page` fails on."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    if depth != "learn":
        context.add_init_script(f"try {{ localStorage.setItem('epool-depth', '{depth}') }} catch {{}}")
    context.set_default_timeout(1000 * allowed(30))
    opened = context.new_page()
    watch.over(opened)
    logged = len(server.log)
    yield opened
    opened.goto("about:blank")  # leave as a visitor does, so that the kernel is given back
    context.close()
    watch.assert_calm(server.log[logged:])
