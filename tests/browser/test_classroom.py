"""A class from both sides: one lecturer's page, and phones that join, guess and see what the room guessed."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.server import Server, serving, wait_for
from tests.browser.watch import Watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
SENT = "Sent. You can change it until the answer is shown."
SECONDS = 60_000
NAME = """(({labels, ariaLabel, textContent}) => ariaLabel || labels?.[0]?.textContent || textContent)(
    document.activeElement)"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that listens to other machines."""
    with serving(tmp_path_factory.mktemp("class"), "--host", "0.0.0.0", "--pool-size", "1") as running:
        yield running


@pytest.fixture
def address(server: Server) -> str:
    return f"http://127.0.0.1:{urlsplit(server.address).port}"


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def lecturer(browser: Browser, address: str, watch: Watch) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    watch.over(page)
    page.goto(f"{address}/voila/render/e_step.ipynb")
    page.get_by_role("button", name="Predict, then see").click()
    yield page
    page.goto("about:blank")
    context.close()
    watch.assert_calm()


@contextlib.contextmanager
def phone(browser: Browser, address: str, watch: Watch | None = None, **options: Any) -> Iterator[Page]:
    context = browser.new_context(**(PHONE | options))
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    if watch is not None:
        watch.over(page)
    page.goto(address)
    yield page
    context.close()


def assert_axe_has_no_finding(page: Page, where: str) -> None:
    found = Axe().run(page).response["violations"]
    assert not found, (where, [(each["id"], each["impact"], each["nodes"][0]["html"]) for each in found])


def opened(lecturer: Page) -> tuple[Locator, str]:
    """The class over the page, and its code."""
    lecturer.get_by_role("button", name="Ask the room").click()
    dialog = lecturer.get_by_role("dialog")
    name = dialog.get_attribute("aria-label") or ""
    return dialog, name.removeprefix("Class ")


def stroke(page: Page, rise: float) -> None:
    """Draw over all windows."""
    box = page.get_by_role("slider").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 10, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * rise, box["y"] + 30, steps=5)
    page.mouse.move(box["x"] + box["width"] - 10, box["y"] + 130, steps=5)
    page.mouse.up()


def kind_of(page: Page) -> str:
    page.locator("[role=slider], #class_number, .is-option").first.wait_for()
    return (
        "draw"
        if page.get_by_role("slider").count()
        else "number"
        if page.locator("#class_number").count()
        else "choice"
    )


def answer(page: Page, number: int) -> str:
    """Answer what is asked; the kind of the question."""
    kind = kind_of(page)
    if kind == "choice":
        page.locator(".is-option").nth(1 - number).tap()
        page.get_by_text(SENT).wait_for()
        page.locator(".is-option").nth(number).tap()  # another one, which counts instead
        expect(page.locator(".is-option").nth(number)).to_have_attribute("aria-pressed", "true")
    elif kind == "number":
        page.get_by_label("Your number").fill(str(5 + 3 * number))
        page.get_by_role("button", name="Send").tap()
    else:
        stroke(page, 0.2 + 0.4 * number)
        page.get_by_role("button", name="Send").tap()
    page.get_by_text(SENT).wait_for()
    return kind


def test_a_class_from_the_code_to_the_last_answer(
    browser: Browser, lecturer: Page, server: Server, address: str, watch: Watch
) -> None:
    dialog, code = opened(lecturer)
    assert re.fullmatch("[A-Z]{5}", code)
    expect(dialog.locator(".ec-class-counts")).to_have_text("0 phones are here")
    assert_axe_has_no_finding(lecturer, "join")
    link = f"/class/{code}"
    kernels = len(server.kernels())
    dark = phone(browser, f"{address}/class", watch, color_scheme="dark")
    with phone(browser, f"{address}{link.lower()}", watch) as one, dark as two:
        assert_axe_has_no_finding(two, "code")
        two.get_by_label("Code on the screen").fill(code.lower())
        two.get_by_role("button", name="Join").tap()
        for each in (one, two):
            each.get_by_role("heading", name="You are in").wait_for()
            assert each.evaluate("document.cookie") == ""
            assert len(each.content().encode()) < 60_000
        expect(dialog.locator(".ec-class-counts")).to_have_text("2 phones are here")
        dialog.get_by_role("button", name="Ask the first question").click()
        kinds: list[str] = []
        while True:
            question = dialog.get_by_role("heading").inner_text()
            for each in (one, two):
                expect(each.get_by_role("heading")).to_have_text(question, timeout=SECONDS)
            kind = answer(one, 0)
            answer(two, 1)
            expect(dialog.locator(".ec-class-counts")).to_have_text("2 of 2 have answered")
            assert one.locator(".is-result").count() == 0
            if kind not in kinds:
                for page, name in ((lecturer, "asked"), (one, "light"), (two, "dark")):
                    assert_axe_has_no_finding(page, f"{kind} {name}")
            dialog.get_by_role("button", name="Reveal").click()
            said = dialog.locator(".ec-class-result")
            said.wait_for()
            for each in (one, two):
                expect(each.locator(".is-result")).to_have_text(said.inner_text(), timeout=SECONDS)
                assert each.evaluate("document.documentElement.scrollWidth") <= 360
            if kind not in kinds:
                for page, name in ((lecturer, "shown"), (one, "light shown"), (two, "dark shown")):
                    assert_axe_has_no_finding(page, f"{kind} {name}")
                {"choice": shows_choices, "number": shows_numbers, "draw": shows_drawings}[kind](dialog, one)
                kinds.append(kind)
            if len(kinds) == 3:
                break
            dialog.get_by_role("button", name="Next question").click()
            said.wait_for(state="detached")
        dialog.get_by_role("button", name="End the class").click()
        for each in (one, two):
            each.get_by_text("The class has ended.").wait_for()
    assert lecturer.get_by_role("dialog").count() == 0
    assert lecturer.evaluate("sessionStorage.getItem('epool-class')") is None
    assert len(server.kernels()) <= kernels + 7  # those that wait, and none for a phone
    assert "/class" not in server.log


def shows_choices(dialog: Locator, phone: Page) -> None:
    assert dialog.locator(".ec-room-count").all_inner_texts() == ["1", "1", "0"]
    assert phone.locator(".ec-room-count").all_inner_texts() == ["1", "1", "0"]
    assert "✓ true, yours" in phone.locator(".ec-room-choices li").first.inner_text()


def shows_numbers(dialog: Locator, phone: Page) -> None:
    for place in (dialog, phone):
        counts = place.locator(".ec-room-bin[data-count]").evaluate_all("all => all.map(bin => +bin.dataset.count)")
        assert sum(counts) == 2
    assert phone.locator("[data-name=guess]").count() == 1
    assert dialog.locator("[data-name=guess]").count() == 0


def shows_drawings(dialog: Locator, phone: Page) -> None:
    assert dialog.locator("[data-name=drawing]").count() == 2
    assert dialog.locator("[data-name=mean], [data-name=truth]").count() == 2
    assert phone.locator("[data-name=drawing]").count() == 0
    assert phone.locator("[data-name=mean], [data-name=truth], [data-name=guess]").count() == 3


def test_a_phone_can_be_used_by_keys_alone(browser: Browser, lecturer: Page, address: str, watch: Watch) -> None:
    dialog, code = opened(lecturer)
    with phone(browser, f"{address}/class", watch, has_touch=False, is_mobile=False) as page:

        def tab_to(name: str) -> None:
            for _ in range(8):
                page.keyboard.press("Tab")
                if name in page.evaluate(
                    "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
                ):
                    return
                if page.evaluate("document.activeElement.labels?.[0]?.textContent") == name:
                    return
            raise AssertionError(f"{name} is not reached")

        tab_to("Code on the screen")
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="You are in").wait_for()
        dialog.get_by_role("button", name="Ask the first question").click()
        page.get_by_role("slider").wait_for()
        tab_to("Your posterior")
        for key in ("ArrowRight", "PageUp", "ArrowUp"):
            page.keyboard.press(key)
        tab_to("Send")
        page.keyboard.press("Enter")
        page.get_by_text(SENT).wait_for()
        dialog.get_by_role("button", name="Next question").click()
        page.get_by_role("button", name="It rises.").wait_for()
        tab_to("It rises.")
        page.keyboard.press("Space")
        page.get_by_text(SENT).wait_for()
        expect(dialog.locator(".ec-class-counts")).to_have_text("1 of 1 have answered")
    dialog.get_by_role("button", name="End the class").click()


class Wire:
    """A connection to the server that can be cut and joined again, on the same port."""

    def __init__(self, to: int) -> None:
        self.to = to
        self.pairs: list[socket.socket] = []
        self.is_cut = False
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listening.accept()
                if self.is_cut:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.to))
                self.pairs += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(1 << 16):
                sink.sendall(part)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def cut(self) -> None:
        self.is_cut = True
        for each in self.pairs:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cut()
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


def test_a_phone_that_loses_the_connection_comes_back_by_itself_and_sends_what_was_not_sent(
    browser: Browser, lecturer: Page, server: Server
) -> None:
    dialog, code = opened(lecturer)
    wire = Wire(urlsplit(server.address).port or 0)
    try:
        with phone(browser, f"http://127.0.0.1:{wire.port}/class/{code}") as page:
            page.get_by_role("heading", name="You are in").wait_for()
            dialog.get_by_role("button", name="Ask the first question").click()
            page.get_by_role("slider").wait_for()
            stroke(page, 0.3)
            wire.cut()
            page.get_by_text("Connection lost. It comes back by itself.").wait_for()
            expect(dialog.locator(".ec-class-counts")).to_have_text("0 of 0 have answered", timeout=SECONDS)
            page.get_by_role("button", name="Send").tap()
            page.get_by_text("Not sent yet: no connection.").wait_for()
            wire.is_cut = False
            page.get_by_text(SENT).wait_for()
            expect(dialog.locator(".ec-class-counts")).to_have_text("1 of 1 have answered", timeout=SECONDS)
            assert page.get_by_text("Connection lost").count() == 0
            page.reload()
            page.get_by_text(SENT).wait_for()
            assert page.locator("[data-name=guess]").get_attribute("d")
        dialog.get_by_role("button", name="End the class").click()
    finally:
        wire.close()


def test_a_class_goes_along_to_another_dashboard_and_is_said_to_be_over(
    lecturer: Page, address: str, watch: Watch
) -> None:
    dialog, code = opened(lecturer)
    dialog.get_by_role("button", name="To the dashboard").click()
    lecturer.goto(f"{address}/voila/render/pwm.ipynb")
    lecturer.get_by_role("button", name="Predict, then see").click()
    lecturer.get_by_role("button", name="Back to the class").click()
    dialog = lecturer.get_by_role("dialog", name=f"Class {code}")
    dialog.get_by_role("button", name="Ask the first question").click()
    dialog.get_by_role("button", name="Reveal").click()
    expect(dialog.locator(".ec-class-result")).to_have_text("Nobody has guessed.", timeout=SECONDS)
    watch.expected += ["404", "403"]
    secret = lecturer.evaluate("JSON.parse(sessionStorage.getItem('epool-class')).secret")
    ended = """([code, secret]) => fetch(`/class/${code}/end`, {method: "POST", body: JSON.stringify({secret})})
        .then(answer => answer.status)"""
    assert lecturer.evaluate(ended, [code, "wrong"]) == 403
    assert lecturer.evaluate(ended, [code, secret]) == 200
    dialog.get_by_text("There is no class with this code").wait_for()


def test_text_of_a_question_is_shown_as_text(browser: Browser, server: Server, address: str, lecturer: Page) -> None:
    dialog, code = opened(lecturer)
    asked = {
        "text": "<img src=x onerror=document.title='gone'> & <b>m</b>?",
        "kind": "choice",
        "options": [
            {"value": "<i>", "label": "<script>document.title='gone'</script>"},
            {"value": "b", "label": "\"'"},
        ],
    }
    lecturer.evaluate(
        """([code, question]) => fetch(`/class/${code}/ask`, {method: "POST", body: JSON.stringify({
            question, secret: JSON.parse(sessionStorage.getItem("epool-class")).secret})})""",
        [code, asked],
    )
    with phone(browser, f"{address}/class/{code}") as page:
        expect(page.get_by_role("heading")).to_have_text(str(asked["text"]), timeout=SECONDS)
        assert page.locator(".is-option").all_inner_texts() == [each["label"] for each in asked["options"]]  # type: ignore[index]
        assert page.locator("#class img, b, i").count() == 0
        assert page.title() == "Class · epool_viz"
    dialog.get_by_role("button", name="End the class").click()


@pytest.mark.parametrize("size", ["16px", "32px"])
def test_the_phone_page_fits_at_every_text_size(browser: Browser, address: str, lecturer: Page, size: str) -> None:
    dialog, code = opened(lecturer)
    dialog.get_by_role("button", name="Ask the first question").click()
    with phone(browser, f"{address}/class/{code}") as page:
        page.add_style_tag(content=f"html {{ font-size: {size} !important; }}")
        page.get_by_role("slider").wait_for()
        wait_for(lambda: page.evaluate("document.documentElement.scrollWidth") <= 360, seconds=10, what="no scroll")
        for name in ("Send", "All alike", "Clear"):
            box = page.get_by_role("button", name=name).bounding_box()
            assert box is not None
            assert (box["height"] >= 44, box["x"] >= 0, box["x"] + box["width"] <= 360) == (True, True, True)
        box = page.locator("[data-name=guess]").locator("xpath=..").bounding_box()
        assert box is not None
        assert box["width"] > 300
    dialog.get_by_role("button", name="End the class").click()


def test_on_loopback_the_lecturer_reads_how_phones_can_reach_the_server(page: Page, app_server: Server) -> None:
    page.goto(f"{app_server.address}/voila/render/pwm.ipynb")
    page.get_by_role("button", name="Predict, then see").click()
    dialog, _ = opened(page)
    dialog.get_by_role("heading", name="Phones cannot reach this server").wait_for()
    dialog.get_by_text("epool-viz app --host 0.0.0.0").wait_for()
    assert dialog.locator("img").count() == 0
    assert_axe_has_no_finding(page, "loopback")
    dialog.get_by_role("button", name="End the class").click()
    dialog.wait_for(state="detached")
