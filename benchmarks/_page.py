"""A dashboard in Chromium: when it is usable, what came over the wire, how long a move takes to its pixels."""

from __future__ import annotations

import base64
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE = 120.0  # seconds; a page that takes longer is broken
CROWD_PATIENCE = 90.0  # for all pages of a crowd together
AXIS = ".ec-axis:not([hidden])"

# From the event's own time stamp to the end of the first frame by which each watched element has changed. The callback
# of an animation frame posts a message, which is read only once style, layout and paint of that frame are done.
ARM = """
({ type, watched }) => {
  window.toPixels = new Promise((resolve) => {
    const begin = (event) => {
      const waiting = new Set(watched);
      const observers = watched.map((selector) => {
        const observer = new MutationObserver(() => waiting.delete(selector));
        const all = { subtree: true, childList: true, attributes: true, characterData: true };
        for (const element of document.querySelectorAll(selector)) observer.observe(element, all);
        return observer;
      });
      const channel = new MessageChannel();
      const frame = () => requestAnimationFrame(() => channel.port1.postMessage(null));
      channel.port2.onmessage = () => {
        if (waiting.size && performance.now() - event.timeStamp < 5000) return frame();
        observers.forEach((observer) => observer.disconnect());
        channel.port1.close();
        resolve({ ms: performance.now() - event.timeStamp, unchanged: [...waiting] });
      };
      frame();
    };
    window.addEventListener(type, begin, { capture: true, once: true });
  });
}
"""


class Traffic:
    """Listens to all that a page receives and sends, by the DevTools protocol.

    Attributes
    ----------
    http : int
        Bytes of the bodies of all answers.
    received, sent : int
        Bytes of the payloads of WebSocket frames.
    paths : list of str
        What was asked for over HTTP, in order.
    answered : float or None
        When Python's first answer to the page's heartbeat came, on the clock of `time.perf_counter`.
    """

    def __init__(self, page: Page) -> None:
        self.http = self.received = self.sent = 0
        self.paths: list[str] = []
        self.answered: float | None = None
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", lambda event: self._asked(event["request"]))
        session.on("Network.dataReceived", self._data)
        session.on("Network.webSocketFrameReceived", lambda event: self._frame_in(payload(event["response"])))
        session.on("Network.webSocketFrameSent", lambda event: self._frame_out(payload(event["response"])))
        session.send("Network.enable")

    @property
    def socket(self) -> int:
        """Bytes over the WebSocket, both ways."""
        return self.received + self.sent

    def _asked(self, request: dict[str, Any]) -> None:
        if request["method"] == "GET" and request["url"].startswith("http"):
            self.paths.append(urlsplit(request["url"]).path)

    def _data(self, event: dict[str, Any]) -> None:
        self.http += event["dataLength"]

    def _frame_in(self, content: bytes) -> None:
        self.received += len(content)
        if self.answered is None and b'"pong"' in content:
            self.answered = time.perf_counter()

    def _frame_out(self, content: bytes) -> None:
        self.sent += len(content)


def payload(frame: dict[str, Any]) -> bytes:
    """What a WebSocket frame carries; the protocol writes a binary one in base64."""
    text: str = frame["payloadData"]
    return base64.b64decode(text) if frame["opcode"] == 2 else text.encode()


@contextmanager
def visitor(browser: Browser, depth: str = "expert") -> Iterator[Page]:
    """A page with an empty cache that shows every control; it leaves as a visitor does: its kernel is given back."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(f"try {{ localStorage.setItem('epool-depth', '{depth}') }} catch {{}}")
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    yield page
    page.goto("about:blank")
    context.close()


def seconds_to_usable(page: Page, address: str) -> tuple[float, Traffic]:
    """Open a dashboard and wait until it is usable."""
    traffic = Traffic(page)
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    return wait_until_usable(page, traffic) - start, traffic


def wait_until_usable(page: Page, traffic: Traffic) -> float:
    """When the last component was seen and Python had answered the page's heartbeat, whichever came later."""
    page.locator(AXIS).first.wait_for()
    page.locator(".ec-heartbeat[data-state=well]").wait_for(state="attached")
    seen = time.perf_counter()
    while traffic.answered is None:
        page.wait_for_timeout(5)  # frames are counted only while Playwright runs
        if time.perf_counter() - seen > PATIENCE:
            raise TimeoutError("Python did not answer the page's heartbeat")
    return max(seen, traffic.answered)


def seconds_together(browser: Browser, address: str, visitors: int, at_the_end: Callable[[], None]) -> list[float]:
    """Open a dashboard in many pages at the same moment; how long each took, infinity if it never was usable.

    `at_the_end` is called when the last one is usable, or nobody waits any longer.
    """
    contexts = [browser.new_context() for _ in range(visitors)]
    pages = [context.new_page() for context in contexts]
    traffics = [Traffic(page) for page in pages]
    times = [math.inf] * visitors
    start = time.perf_counter()
    for page in pages:
        page.evaluate("address => { setTimeout(() => location.assign(address)) }", address)
    while math.inf in times and time.perf_counter() - start < CROWD_PATIENCE:
        for number, (page, traffic) in enumerate(zip(pages, traffics, strict=True)):
            if times[number] == math.inf and traffic.answered and page.locator(AXIS).first.is_visible():
                times[number] = time.perf_counter() - start
        pages[0].wait_for_timeout(100)
    at_the_end()
    for context in contexts:
        context.close()
    return times


def milliseconds_to_pixels(page: Page, keys: Sequence[str], watched: Sequence[str]) -> list[float]:
    """Press keys where the focus is, one after the other, each once the one before it is drawn.

    Parameters
    ----------
    page : Page
    keys : sequence of str
    watched : sequence of str
        Selectors; a move is drawn when something below each of them has changed.

    Returns
    -------
    list of float, one a key.

    Raises
    ------
    AssertionError
        If something watched does not change within five seconds.
    """
    times = []
    for key in keys:
        page.evaluate(ARM, {"type": "keydown", "watched": list(watched)})
        page.keyboard.press(key)
        done = page.evaluate("window.toPixels")
        if done["unchanged"]:
            raise AssertionError(f"{key} left unchanged: {', '.join(done['unchanged'])}")
        times.append(float(done["ms"]))
    return times
