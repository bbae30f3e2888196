"""Class mode over HTTP: thirty phones at once, who is refused, and that nobody is named anywhere."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPRequest, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from benchmarks._phones import Phone, Room
from epool_viz.app.server import classroom_handlers
from epool_viz.app.server.classroom import Classrooms
from epool_viz.app.server.voila import strict
from tests.app.notebook_files import BUTTON, write_notebook
from tests.app.server.test_classroom import CHOICE, DRAWING, NUMBER, phone
from tests.browser.server import Server, serving, stop

log = logging.getLogger("tests.class")


def at_a_server(test: Callable[[Room, Classrooms], Awaitable[None]], *, is_remote: bool = False) -> None:
    """Run a test against the routes, served on a socket."""

    async def run() -> None:
        classes = Classrooms()
        routes = [(pattern, strict(handler), *rest) for pattern, handler, *rest in classroom_handlers.routes(classes)]
        served = Application(
            routes,
            allow_remote_access=is_remote,
            base_url="/",
            xsrf_cookies=True,
            compress_response=True,
            class_log=log,
        )
        opened, port = bind_unused_port()
        server = HTTPServer(served, max_body_size=10_000)
        server.add_socket(opened)
        room = Room(f"http://127.0.0.1:{port}")
        try:
            async with asyncio.timeout(120):
                await test(room, classes)
        finally:
            room.client.close()
            server.stop()
            await server.close_all_connections()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

    asyncio.run(run())


async def soon(question: Callable[[], bool]) -> None:
    """Ask until it is so."""
    async with asyncio.timeout(30):
        while not question():
            await asyncio.sleep(0.01)


def sentence(answer: HTTPResponse) -> str:
    return str(json.loads(answer.body)["message"])


async def fetched(room: Room, path: str, **headers: str) -> HTTPResponse:
    request = HTTPRequest(room.address + path, headers=headers, follow_redirects=False)
    return await room.client.fetch(request, raise_error=False)


def test_thirty_phones_are_each_counted_once_and_all_see_the_answer() -> None:
    async def test(room: Room, classes: Classrooms) -> None:
        await room.open()
        phones = [Phone(room) for _ in range(30)]
        for each in phones:
            each.connect()
        await asyncio.gather(*(each.until(lambda seen: seen["turn"] == 0) for each in phones))
        assert (await room.lecturer("watch"))["joined"] == 30
        await room.lecturer("ask", question=CHOICE)
        await asyncio.gather(*(each.until(lambda seen: seen["turn"] == 1) for each in phones))
        chance = random.Random(5)
        guesses = [chance.choice(["up", "down"]) for _ in phones]
        changed = [chance.choice(["up", "down"]) if i % 3 == 0 else guess for i, guess in enumerate(guesses)]
        assert await asyncio.gather(*map(Phone.guess, phones, guesses)) == [200] * 30
        assert await asyncio.gather(*map(Phone.guess, phones, changed)) == [200] * 30
        watched = await room.lecturer("watch")
        assert (watched["answered"], "room" in watched) == (30, False)
        shown = await room.lecturer("show", turn=1, truth="up", explanation="Because.")
        counts = Counter({"up": 0, "down": 0}) | Counter(changed)
        assert shown["room"]["counts"] == counts
        for each, guess in zip(phones, changed, strict=True):
            seen = await each.until(lambda seen: seen["shown"])
            assert seen["shown"]["room"]["counts"] == counts
            assert seen["guess"] == guess
        assert await phones[0].guess("down") == 409
        await room.lecturer("end")
        for each in phones:
            assert (await each.until_refused()) == {"message": "The class has ended.", "again": False}
        assert len(classes) == 0

    at_a_server(test)


def test_a_phone_that_comes_back_sees_the_present_and_its_own_guess() -> None:
    async def test(room: Room, classes: Classrooms) -> None:
        await room.open()
        here = Phone(room)
        here.connect()
        await here.until(lambda seen: seen["turn"] == 0)
        await room.lecturer("ask", question=NUMBER)
        await here.until(lambda seen: seen["turn"] == 1)
        assert await here.guess(7) == 200
        again = Phone(room, here.name)
        again.connect()
        assert (await again.until(lambda seen: True))["guess"] == 7
        assert (await here.until_refused())["message"] == classroom_handlers.ELSEWHERE
        assert (await room.lecturer("watch"))["joined"] == 1

    at_a_server(test)


def test_a_phone_that_goes_is_no_longer_counted() -> None:
    async def test(room: Room, classes: Classrooms) -> None:
        await room.open()
        other = Room(room.address)
        other.code = room.code
        gone = Phone(other)
        gone.connect()
        await gone.until(lambda seen: True)
        found = classes.find(room.code)
        assert len(found.phones) == 1
        _, writer = await asyncio.open_connection("127.0.0.1", int(room.address.rpartition(":")[2]))
        writer.write(f"GET /class/{room.code}/events?phone={phone(3)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        await soon(lambda: len(found.phones) == 2)
        writer.close()
        await soon(lambda: len(found.phones) == 1)
        assert len(found.listeners) == 1
        other.client.close()

    at_a_server(test)


def test_a_silent_connection_is_tried_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classroom_handlers, "BEAT", 0.05)

    async def test(room: Room, classes: Classrooms) -> None:
        await room.open()
        reader, writer = await asyncio.open_connection("127.0.0.1", int(room.address.rpartition(":")[2]))
        writer.write(f"GET /class/{room.code}/events?phone={phone(3)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        for _ in range(2):
            await reader.readuntil(b": here\n\n")
        writer.close()

    at_a_server(test)


def test_who_is_refused_reads_why() -> None:
    async def test(room: Room, classes: Classrooms) -> None:
        await room.open()
        code, secret = room.code, room.secret
        others = (
            ("/class", {}, {"Origin": "http://elsewhere.example"}, 403, "Only a page of this server"),
            ("/class", {}, {"Origin": ""}, 403, "Only a page of this server"),
            ("/class", {}, {"Origin": "null"}, 403, "Only a page of this server"),
            ("/class", {}, {"Sec-Fetch-Site": "cross-site"}, 403, "Only a page of this server"),
            ("/class", {}, {"Host": "elsewhere.example", "Origin": "http://elsewhere.example"}, 403, "own address"),
            (f"/class/{code}/ask", {"secret": "x", "question": NUMBER}, {}, 403, "that opened the class"),
            (f"/class/{code}/show", {"turn": 0}, {}, 403, "that opened the class"),
            (f"/class/{code}/watch", {}, {}, 403, "that opened the class"),
            (f"/class/{code}/end", {}, {}, 403, "that opened the class"),
            (f"/class/{code}/ask", {"secret": secret, "question": {"kind": "x"}}, {}, 400, "has a kind"),
            (f"/class/{code}/show", {"secret": secret, "turn": 5}, {}, 409, "Another question"),
            (f"/class/{code}/guess", {"phone": phone(1), "turn": 0, "guess": "up"}, {}, 409, "has not joined"),
            (f"/class/{code}/guess", b"[1]", {}, 400, "one JSON object"),
            (f"/class/{code}/guess", b"{", {}, 400, "one JSON object"),
            (f"/class/{code}/guess", b"[" * 9000, {}, 400, "one JSON object"),
            (f"/class/{code}/guess", b"\xff", {}, 400, "one JSON object"),
            ("/class/QQQQQ/guess", {"phone": phone(1)}, {}, 404, "has ended, or the code is mistyped"),
            ("/class/QQQQQ/end", {"secret": secret}, {}, 404, "has ended, or the code is mistyped"),
        )
        for path, sent, headers, status, said in others:
            answer = await room.post(path, sent, **headers)
            assert (answer.code, said in sentence(answer)) == (status, True), (path, headers, answer.body)
            assert "Access-Control-Allow-Origin" not in answer.headers
        lost = Phone(room)
        room.code = "QQQQQ"
        lost.connect()
        refusal = await lost.until_refused()
        assert "has ended, or the code is mistyped" in refusal["message"]
        assert refusal["again"] is False
        assert not classes.find(code).is_over

    at_a_server(test)


def test_a_page_of_another_site_opens_no_connection() -> None:
    async def test(room: Room, classes: Classrooms) -> None:
        await room.open()
        path = f"/class/{room.code}/events?phone={phone(1)}"
        assert (await fetched(room, path, **{"Sec-Fetch-Site": "cross-site"})).code == 403
        assert not classes.find(room.code).phones

    at_a_server(test)


def test_a_request_that_is_too_large_is_refused() -> None:
    async def test(room: Room, classes: Classrooms) -> None:
        await room.open()
        answer = await room.post(f"/class/{room.code}/guess", {"phone": phone(1), "guess": "x" * 11_000})
        assert answer.code in {400, 413, 599}

    at_a_server(test)


def test_the_join_page_is_small_loads_nothing_and_sets_no_cookie() -> None:
    async def test(room: Room, classes: Classrooms) -> None:
        for path in ("/class", "/class/", "/class/bcdfg", "/class/BCDFG/"):
            answer = await fetched(room, path)
            page = answer.body.decode()
            assert answer.code == 200
            assert len(answer.body) < 60_000
            assert "Set-Cookie" not in answer.headers
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert 'src="' not in page
            assert '<link rel="icon" href="data:,">' in page
        assert (await fetched(room, "/class?code=%20bcdfg%20")).headers["Location"] == "/class/BCDFG"
        assert (await fetched(room, "/class?code=//x.example")).headers["Location"] == "/class/%2F%2FX.EXAMPLE"
        assert (await fetched(room, "/class?code=<b>")).headers["Location"] == "/class/%3CB%3E"

    at_a_server(test)


def test_link_and_picture_are_those_that_phones_can_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classroom_handlers, "own_address", lambda: "192.0.2.7")

    async def test(room: Room, classes: Classrooms) -> None:
        await room.open()
        port = room.address.rpartition(":")[2]
        assert room.opened["link"] == f"http://192.0.2.7:{port}/class/{room.code}"
        picture = await fetched(room, f"/class/{room.code}/qr.svg")
        assert picture.headers["Content-Type"] == "image/svg+xml"
        assert picture.body.startswith(b"<?xml")
        assert b"<script" not in picture.body

    async def alone(room: Room, classes: Classrooms) -> None:
        await room.open()
        assert room.opened["link"] == ""
        assert (await fetched(room, f"/class/{room.code}/qr.svg")).code == 404

    at_a_server(test, is_remote=True)
    at_a_server(alone)


@pytest.mark.parametrize(
    ("origin", "is_remote", "own", "address"),
    [
        ("http://127.0.0.1:8866", False, "192.0.2.7", ""),
        ("http://127.0.0.1:8866", True, "192.0.2.7", "http://192.0.2.7:8866"),
        ("http://localhost:8866", True, "192.0.2.7", "http://192.0.2.7:8866"),
        ("http://[::1]:8866", True, "192.0.2.7", "http://192.0.2.7:8866"),
        ("http://localhost:8866", True, "", ""),
        ("http://lectern:8866", True, "192.0.2.7", "http://192.0.2.7:8866"),
        ("http://lectern:8866", True, "", "http://lectern:8866"),
        ("https://class.example.org", True, "192.0.2.7", "https://class.example.org"),
        ("http://192.0.2.9:80", True, "192.0.2.7", "http://192.0.2.9:80"),
    ],
)
def test_phones_get_an_address_that_they_can_reach(
    monkeypatch: pytest.MonkeyPatch, origin: str, is_remote: bool, own: str, address: str
) -> None:
    monkeypatch.setattr(classroom_handlers, "own_address", lambda: own)
    monkeypatch.setattr(classroom_handlers.socket, "gethostname", lambda: "Lectern")
    assert classroom_handlers.address_for_phones(origin, is_remote=is_remote) == address


def test_a_defect_is_logged_without_who_asked(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    swallowed_exceptions: list[logging.LogRecord],
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(classroom_handlers.Classrooms, "open", broken)

    async def test(room: Room, classes: Classrooms) -> None:
        answer = await room.post("/class", {})
        assert (answer.code, sentence(answer)) == (500, "The server made a mistake.")

    with caplog.at_level("DEBUG"):
        at_a_server(test)
    assert "RuntimeError: a defect" in caplog.text
    assert "127.0.0.1" not in caplog.text
    swallowed_exceptions.clear()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("class")
    write_notebook(folder / "notebooks" / "button.ipynb", BUTTON)
    arguments = ("--notebooks", str(folder / "notebooks"), "--pool-size", "0", "--verbose")
    with serving(folder, *arguments) as running:
        yield running


def test_a_whole_class_needs_no_kernel_and_leaves_no_line_in_the_log(app: Server, tmp_path: Path) -> None:
    async def run() -> str:
        room = Room(app.address)
        await room.open()
        here = Phone(room)
        here.connect()
        await here.until(lambda seen: True)
        await room.lecturer("ask", question=DRAWING)
        await here.until(lambda seen: seen["turn"] == 1)
        assert await here.guess([0, 1, 0]) == 200
        assert await here.guess("nonsense") == 400
        page = await fetched(room, f"/class/{room.code}")
        assert "Set-Cookie" not in page.headers
        await room.lecturer("end")
        await here.until_refused()
        room.client.close()
        return here.name

    before = app.log
    name = asyncio.run(run())
    after = app.log[len(before) :]
    assert app.kernels() == []
    assert name not in after
    assert "/class" not in after
    assert "127.0.0.1" not in after


def test_a_server_ends_cleanly_while_a_class_is_on(tmp_path: Path) -> None:
    write_notebook(tmp_path / "notebooks" / "button.ipynb", BUTTON)

    async def run(server: Server) -> None:
        room = Room(server.address)
        await room.open()
        here = Phone(room)
        here.connect()
        await here.until(lambda seen: True)
        await asyncio.to_thread(stop, server)
        assert here.reading is not None
        await here.reading
        room.client.close()

    with serving(tmp_path, "--notebooks", str(tmp_path / "notebooks"), "--pool-size", "0") as server:
        asyncio.run(run(server))
