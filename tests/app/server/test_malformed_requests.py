"""What no browser sends: the server refuses it, writes no traceback, and serves on; a busy kernel is not buried."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import itertools
import json
import random
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_server.services.kernels.connection.base import serialize_binary_message
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError

from epool_viz.app.server import sockets
from tests.app.notebook_files import BUTTON, write_notebook
from tests.app.server.test_messages import GOOD, SHAPES, changed, v1
from tests.app.visitor import connected, kernel_of, visiting
from tests.browser.server import Server, serving, stop, wait_for

PAGE = "/voila/render/button.ipynb"
BUSY = """\
import os, time, ipywidgets
button, count = ipywidgets.Button(), ipywidgets.IntText()
def work(_):
    while not os.path.exists({path!r}):
        time.sleep(0.05)
button.on_click(work)
button.on_msg(lambda *heard: setattr(count, "value", count.value + len(heard[2])))
print("IDS", button.model_id, count.model_id, os.getpid())
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("strangers")
    write_notebook(folder / "notebooks" / "button.ipynb", BUTTON)
    with serving(folder, "--notebooks", str(folder / "notebooks"), "--pool-size", "0") as running:
        yield running


def sent_raw(server: Server, data: bytes) -> int:
    """Send bytes, and no more where no answer comes; the status of the answer, or 0."""
    host, port = server.address.removeprefix("http://").split(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=2) as connection:
        try:
            connection.sendall(data)
            while b"\r\n\r\n" not in answer and (part := connection.recv(1 << 16)):
                answer += part
        except TimeoutError:  # it waits for the rest
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(20)
            assert not connection.recv(1)
        except ConnectionError:  # what is refused is not read to its end
            pass
    found = re.match(rb"HTTP/1\.1 (\d+)", answer)
    return int(found[1]) if found else 0


def asked(server: Server, method: str, target: str, *headers: str) -> int:
    host = server.address.removeprefix("http://")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    return sent_raw(server, "\r\n".join([*lines, "", ""]).encode("latin1"))


ROUTES = (
    "/",
    "/voila/render/",
    "/voila/render/button.ipynb/",
    "/voila/static/",
    "/voila/templates/",
    "/voila/templates/epool_viz/",
    "/voila/templates/epool_viz/static/",
    "/voila/api/themes/",
    "/voila/labextensions/",
    "/voila/api/shutdown/",
    "/api/kernels/",
    "/api/kernels/0-0-0-0-0",
    "/api/kernels/0-0-0-0-0/channels",
    "/nonsense/",
)
TAILS = (
    "%00",
    "a%00b.css",
    "static/%00",
    "%2500",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "../../../etc/passwd",
    "%ff",
    "%c3%28",
    "%zz",
    "%",
    "//",
    "./",
    "%5c..%5c",
    "%0d%0aX:%20y",
    "?a=%ff",
    "?%ff=%00",
    "?session_id=%00",
    "?token=%ff",
    "?theme=%00&template=%ff",
    "x" * 3000,
    "static/" + "y" * 300,
    "static/" + "z/" * 1500,
    "?" + "a=b&" * 3000,
)


@pytest.mark.parametrize("route", ROUTES)
def test_an_address_that_names_nothing_is_refused(server: Server, route: str) -> None:
    before = len(server.log)
    for tail in TAILS:
        for method in ("GET", "HEAD", "POST", "OPTIONS") if len(tail) < 20 else ("GET",):
            status = asked(server, method, route + tail)
            assert 200 <= status < 500, (method, route + tail)
    assert_calm(server, before)


def assert_calm(server: Server, before: int) -> None:
    """Nothing but short lines in the log, and the server serves on."""
    said = server.log[before:]
    assert "Traceback" not in said, said
    assert " ERROR " not in said, said
    assert server.ask("/").status in {200, 302}


REQUESTS = {
    "no request": b"\r\n\r\n",
    "no version": b"GET\r\n\r\n",
    "a version of later": b"GET / HTTP/9.9\r\n\r\n",
    "what speaks TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    "chance": random.Random(3).randbytes(3000),
    "a method that is none": b"BREW / HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "a method for proxies": b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "an address for proxies": b"GET http://[/ HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "a star": b"GET * HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "a zero byte": b"GET /\x00 HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "a high byte": b"GET /\xff HTTP/1.1\r\nHost: HOST\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "a host of high bytes": b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
    "half a host": b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
    "a long host": b"GET / HTTP/1.1\r\nHost: " + b"a" * 70_000 + b"\r\n\r\n",
    "half an origin": b"GET / HTTP/1.1\r\nHost: HOST\r\nOrigin: http://[\r\n\r\n",
    "half an origin of a farewell": b"POST /voila/api/shutdown/x HTTP/1.1\r\nHost: HOST\r\nOrigin: http://[\r\n\r\n",
    "a port that is none": b"GET / HTTP/1.1\r\nHost: HOST\r\nOrigin: http://a:b\r\n\r\n",
    "a body of less than nothing": b"POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: -5\r\n\r\n",
    "a body without end": b"POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 99999999999\r\n\r\nxx",
    "chunks that are none": b"POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a form that is none": b"POST /voila/api/shutdown/x HTTP/1.1\r\nHost: HOST\r\nOrigin: ORIGIN\r\n"
    b"Content-Type: multipart/form-data; boundary=\r\nContent-Length: 4\r\n\r\nabcd",
    "a form of high bytes": b"POST /voila/api/shutdown/x HTTP/1.1\r\nHost: HOST\r\nOrigin: ORIGIN\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 4\r\n\r\n%ff=",
    "biscuits": b"GET / HTTP/1.1\r\nHost: HOST\r\nCookie: " + b"\xff;;==" * 100 + b"\r\n\r\n",
    "a word to nobody": b"GET / HTTP/1.1\r\nHost: HOST\r\nAuthorization: Basic \xff\xff\r\n\r\n",
    "a range that falls": b"GET /voila/static/voila.js HTTP/1.1\r\nHost: HOST\r\nRange: bytes=9-1\r\n"
    b"If-None-Match: \xff\r\nIf-Modified-Since: yesterday\r\n\r\n",
    "a socket without a key": b"GET /api/kernels/0-0-0-0-0/channels HTTP/1.1\r\nHost: HOST\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\n\r\n",
}


@pytest.mark.parametrize("what", REQUESTS)
def test_a_request_that_is_none_is_refused(server: Server, what: str) -> None:
    before = len(server.log)
    host = server.address.removeprefix("http://").encode()
    request = REQUESTS[what].replace(b"HOST", host).replace(b"ORIGIN", server.address.encode())
    assert sent_raw(server, request) < 500
    assert_calm(server, before)


def test_an_upload_by_http_is_refused_before_it_is_read(server: Server) -> None:
    before = psutil.Process(server.process.pid).memory_info().rss
    host = server.address.removeprefix("http://").encode()
    head = b"POST /voila/api/shutdown/x HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 90000000\r\n\r\n"
    for _ in range(3):
        assert sent_raw(server, head + bytes(1_000_000)) in {0, 400, 413}
    assert psutil.Process(server.process.pid).memory_info().rss - before < 20e6


# --- frames


def frames(is_v1: bool) -> Iterator[str | bytes]:
    """Frames that hold no message, some of them nearly one."""
    numbers = itertools.count()
    for path, value, _ in SHAPES:
        message = changed(path, value)
        yield v1(message) if is_v1 else json.dumps({**message, "channel": "shell"})
    for channel in ("", "pipe", "shell\0", "ä"):
        message = changed(("header", "msg_id"), f"channel {next(numbers)}")
        yield v1(message, channel or "none") if is_v1 else json.dumps({**message, "channel": channel or 5})
    chance = random.Random(is_v1)
    whole = v1(GOOD) if is_v1 else bytes(serialize_binary_message({**GOOD, "channel": "shell", "buffers": [b"a"]}))
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        yield bytes(damaged[: chance.choice([len(damaged), chance.randrange(len(damaged))])])
    for power in range(0, 64, 7):
        yield struct.pack("<Q", 2**power) + whole
        yield struct.pack("!I", 2 ** (power % 32)) + whole
    yield from ("", "null", "5", '"text"', "{}", "[[[[", "NaN", "\u0000")


@pytest.mark.parametrize("is_v1", [True, False])
def test_a_frame_that_is_no_message_ends_its_connection_and_nothing_else(server: Server, is_v1: bool) -> None:
    before = len(server.log)
    page = server.ask(PAGE).text

    async def story() -> None:
        n_ended = 0
        for frame in frames(is_v1):
            async with connected(server, kernel_of(page), is_v1=is_v1) as connection:
                await connection.write_message(frame, binary=isinstance(frame, bytes))
                async with asyncio.timeout(20):
                    while await connection.read_message() is not None:
                        if connection.close_code is None and len(frame) > 200 and isinstance(frame, bytes):
                            break  # what was damaged may have been nothing that matters
                n_ended += connection.close_code == sockets.NOT_UNDERSTOOD
        assert n_ended > 50
        async with visiting(server, page) as visitor:
            assert await visitor.is_answered(), "the kernel serves on"

    asyncio.run(story())
    assert_calm(server, before)
    lines = re.findall(r"a page sent what is no message \(.+\)", server.log[before:])
    assert len(lines) > 50, "each is told in a line"


RAW_FRAMES = {
    "bytes that are no text": b"\x81\x83\0\0\0\0\xff\xfe\xfd",
    "a kind that is none": b"\x83\x81\0\0\0\0a",
    "reserved bits": b"\xf1\x81\0\0\0\0a",
    "a ping in parts": b"\x09\x81\0\0\0\0a",
    "a long ping": b"\x89\xfe\x01\x00\0\0\0\0" + bytes(256),
    "a second part without a first": b"\x80\x81\0\0\0\0a",
    "a farewell that is none": b"\x88\x84\0\0\0\0\xff\xff\xff\xff",
    "a frame that claims an exabyte": b"\x82\xff\x10\0\0\0\0\0\0\0\0\0\0\0" + bytes(100),
    "half a frame": b"\x82\xfe\xff\xff\0\0\0\0" + bytes(100),
    "a frame without a mask": b"\x81\x01a",
    "no frame": random.Random(5).randbytes(2000),
}


UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)


@pytest.mark.parametrize("what", RAW_FRAMES)
def test_bytes_that_are_no_frame_end_their_connection(server: Server, what: str) -> None:
    before = len(server.log)
    kernel_id = kernel_of(server.ask(PAGE).text)
    host = server.address.removeprefix("http://")
    head = (f"GET /api/kernels/{kernel_id}/channels?session_id=raw HTTP/1.1", f"Host: {host}", *UPGRADE)
    assert sent_raw(server, "\r\n".join([*head, "", ""]).encode() + RAW_FRAMES[what]) == 101
    assert_calm(server, before)


@pytest.mark.parametrize("session", ["%ff", "x" * 300, "a%0Ab", "%F0%9F%98%80"])
def test_a_session_with_a_strange_name_is_refused(server: Server, session: str) -> None:
    before = len(server.log)
    kernel_id = kernel_of(server.ask(PAGE).text)
    assert asked(server, "GET", f"/api/kernels/{kernel_id}/channels?session_id={session}", *UPGRADE[2:]) == 400
    assert_calm(server, before)


def test_a_kernel_has_so_many_connections_and_no_more(server: Server) -> None:
    before = len(server.log)
    kernel_id = kernel_of(server.ask(PAGE).text)

    def one_more() -> int:
        host = server.address.removeprefix("http://")
        head = (f"GET /api/kernels/{kernel_id}/channels?session_id=one HTTP/1.1", f"Host: {host}", *UPGRADE)
        return sent_raw(server, "\r\n".join([*head, "", ""]).encode())

    async def story() -> None:
        async with contextlib.AsyncExitStack() as pages:
            for _ in range(sockets.MOST_CONNECTIONS - 1):
                await pages.enter_async_context(connected(server, kernel_id, is_v1=True))
            async with connected(server, kernel_id, is_v1=True):
                assert await asyncio.to_thread(one_more) == 429
            has_room = lambda: one_more() == 101  # noqa: E731
            await asyncio.to_thread(lambda: wait_for(has_room, seconds=20, what="room for another page"))

    asyncio.run(story())
    assert_calm(server, before)


def test_a_busy_kernel_is_not_buried_and_hears_everything_in_the_end(tmp_path: Path) -> None:
    """60 messages of 5 MB: neither kernel nor server grows by more than a few of them, and none is lost."""
    path = tmp_path / "go on"
    write_notebook(tmp_path / "notebooks" / "button.ipynb", BUSY.format(path=str(path)))
    n, size = 60, 5_000_000
    with serving(tmp_path, "--notebooks", str(tmp_path / "notebooks"), "--pool-size", "0") as server:
        page = server.ask(PAGE).text
        button, count, pid = re.search(r"IDS (\w+) (\w+) (\d+)", page).groups()  # type: ignore[union-attr]
        processes = [psutil.Process(int(pid)), psutil.Process(server.process.pid)]

        def grown() -> float:
            return sum(process.memory_info().rss for process in processes) - at_first

        def frame(number: int, content: dict[str, Any], buffers: tuple[bytes, ...] = ()) -> bytes:
            message = copy.deepcopy(GOOD)
            message["header"]["msg_id"] = f"number {number}"
            message["content"] = {"comm_id": button, "data": {"method": "custom", "content": content}}
            return v1(message, buffers=buffers)

        async def story() -> None:
            async with connected(server, kernel_of(page), is_v1=True) as connection:
                await connection.write_message(frame(0, {"event": "click"}), binary=True)
                sending = asyncio.create_task(send(connection))
                done, _ = await asyncio.wait([sending], timeout=4)
                assert not done, "the network makes the page wait"
                assert grown() < 120e6
                path.touch()
                await asyncio.wait_for(sending, 60)
                said = b""
                async with asyncio.timeout(60):
                    while f'"value": {n}'.encode() not in said or count.encode() not in said:
                        said = await connection.read_message()  # type: ignore[assignment]

        async def send(connection: WebSocketClientConnection) -> None:
            for number in range(1, n + 1):
                await connection.write_message(frame(number, {}, (bytes(size),)), binary=True)

        at_first = 0.0
        at_first = grown()
        asyncio.run(story())


def test_a_server_ends_cleanly_while_messages_wait_for_room(tmp_path: Path) -> None:
    write_notebook(tmp_path / "notebooks" / "button.ipynb", BUSY.format(path=str(tmp_path / "never")))
    with serving(tmp_path, "--notebooks", str(tmp_path / "notebooks"), "--pool-size", "0") as server:
        page = server.ask(PAGE).text
        button = re.findall(r"IDS (\w+)", page)[0]

        async def story() -> None:
            async with connected(server, kernel_of(page), is_v1=True) as connection:
                sending = asyncio.create_task(send(connection))
                done, _ = await asyncio.wait([sending], timeout=3)
                assert not done, "the network makes the page wait"
                await asyncio.to_thread(stop, server)
                with contextlib.suppress(WebSocketClosedError):
                    await sending

        async def send(connection: WebSocketClientConnection) -> None:
            for number in range(60):
                message = copy.deepcopy(GOOD)
                message["header"]["msg_id"] = f"number {number}"
                message["content"] = {
                    "comm_id": button,
                    "data": {"method": "custom", "content": {"event": "click"} if not number else {}},
                }
                await connection.write_message(v1(message, buffers=(bytes(5_000_000),)), binary=True)

        asyncio.run(story())
        assert "Uncaught" not in server.log, server.log


def test_a_page_that_reads_nothing_is_let_go(tmp_path: Path) -> None:
    talks = """\
import ipywidgets
button, said = ipywidgets.Button(), ipywidgets.Text()
button.on_click(lambda _: button.send({"much": "x" * 5_000_000}))
print("IDS", button.model_id, said.model_id)
"""
    write_notebook(tmp_path / "notebooks" / "button.ipynb", talks)
    with serving(tmp_path, "--notebooks", str(tmp_path / "notebooks"), "--pool-size", "0") as server:
        page = server.ask(PAGE).text
        process = psutil.Process(server.process.pid)
        before = process.memory_info().rss

        def has_forgotten() -> bool:
            """Once those on their way have come it keeps less than half of the 1.2 GB, with the allocator's reserve."""
            return process.memory_info().rss - before < 600e6

        async def story() -> None:
            async with visiting(server, page) as visitor:
                (button,) = re.findall(r"IDS (\w+)", page)
                try:
                    for _ in range(240):  # 1.2 GB
                        await visitor.press(button)
                except WebSocketClosedError:
                    pass
                await asyncio.to_thread(
                    lambda: wait_for(lambda: "reads too little" in server.log, seconds=60, what="the end")
                )
                await asyncio.to_thread(lambda: wait_for(has_forgotten, seconds=60, what="memory given back"))

        asyncio.run(story())
