"""Frames of a page: what a page writes passes, anything else is named, and neither takes long."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import json
import random
import struct
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_server.services.kernels.connection.base import (
    deserialize_binary_message,
    deserialize_msg_from_ws_v1,
    serialize_binary_message,
    serialize_msg_to_ws_v1,
)
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.web import Application

from epool_viz.app.server import sockets
from epool_viz.app.server.messages import CHANNELS, MOST_BUFFERS, MOST_BYTES, NoMessage, Sent, read_message
from epool_viz.app.server.sockets import Backlog, backlog_of

GOOD: dict[str, Any] = {
    "header": {
        "msg_id": "number 1",
        "msg_type": "comm_msg",
        "session": "a page",
        "username": "",
        "date": "2026-01-01T00:00:00.000Z",
        "version": "5.2",
    },
    "parent_header": {},
    "metadata": {"ä": [1.5, None]},
    "content": {"comm_id": "c", "data": {"method": "update", "state": {"value": 3}, "buffer_paths": [["x"]]}},
}
PARTS = ("header", "parent_header", "metadata", "content")


def v1(message: dict[str, Any], channel: str = "shell", buffers: tuple[bytes, ...] = ()) -> bytes:
    """A frame of the newer form, by Jupyter's own hand."""
    parts = [json.dumps(message[name], ensure_ascii=False).encode() for name in PARTS]
    return bytes(serialize_msg_to_ws_v1([*parts, *buffers], channel))


def old(message: dict[str, Any], channel: str = "shell", buffers: tuple[bytes, ...] = ()) -> str | bytes:
    """A frame of the older form, by Jupyter's own hand where it has buffers."""
    whole = {**message, "channel": channel}
    return bytes(serialize_binary_message({**whole, "buffers": list(buffers)})) if buffers else json.dumps(whole)


FORMS = pytest.mark.parametrize(("write", "is_v1"), [(v1, True), (old, False)])
BUFFERS = pytest.mark.parametrize("buffers", [(), (b"",), (b"12345", b"", b"\xff" * 77)])


@FORMS
@BUFFERS
@pytest.mark.parametrize("channel", CHANNELS)
def test_what_jupyter_writes_is_read_as_jupyter_reads_it(
    write: Callable[..., Any], is_v1: bool, buffers: tuple[bytes, ...], channel: str
) -> None:
    frame = write(GOOD, channel, buffers)
    sent = read_message(frame, is_v1=is_v1)
    assert sent == (channel, "comm_msg", "number 1", len(frame))
    if is_v1:
        found, parts = deserialize_msg_from_ws_v1(frame)
        assert (found, json.loads(parts[0])["msg_id"]) == (sent.channel, sent.number)
    elif buffers:
        assert deserialize_binary_message(frame)["header"]["msg_id"] == sent.number


def changed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    message = copy.deepcopy(GOOD)
    inner = message
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return message


DEEP: list[Any] = []
for _ in range(100):
    DEEP = [DEEP]

SHAPES = [
    (("header",), [], "a part that is no object|JSON of the type list"),
    (("content",), None, "a part that is no object|JSON of the type NoneType"),
    (("header", "msg_id"), 5, "a header without its words"),
    (("header", "msg_id"), "", "a header without its words"),
    (("header", "session"), "x" * 201, "a header without its words"),
    (("header", "date"), "9999-99-99T99:99:99Z", "ValueError|ParserError"),
    (("header", "subshell_id"), "one", "a header that names a subshell"),
    (("parent_header",), {"date": "2026-13-01T00:00:00Z"}, "ValueError|ParserError"),
    (("content", "comm_id"), 5, "a comm_msg of another shape"),
    (("content", "data"), [], "a comm_msg of another shape"),
    (("content", "data", "method"), "run", "a comm_msg of another shape"),
    (("content", "data", "state"), [], "a comm_msg of another shape"),
    (("content", "data", "state"), {"value": DEEP}, "nested too deep"),
]


@FORMS
@pytest.mark.parametrize(("path", "value", "why"), SHAPES)
def test_json_of_another_shape_is_no_message(
    write: Callable[..., Any], is_v1: bool, path: tuple[str, ...], value: Any, why: str
) -> None:
    with pytest.raises(NoMessage, match=why):
        read_message(write(changed(path, value)), is_v1=is_v1)


@FORMS
@pytest.mark.parametrize("path", [("header", "msg_id"), ("content", "data", "state")])
def test_half_a_surrogate_pair_is_no_message(write: Callable[..., Any], is_v1: bool, path: tuple[str, ...]) -> None:
    value: Any = "halb" if path[-1] == "msg_id" else {"value": "halb"}
    frame = write(changed(path, value))
    halved = frame.replace(b"halb", b"\\ud800") if isinstance(frame, bytes) else frame.replace("halb", "\\ud800")
    if isinstance(frame, bytes):
        parts = [json.dumps(changed(path, value)[name]).encode().replace(b"halb", b"\\ud800") for name in PARTS]
        halved = bytes(serialize_msg_to_ws_v1(parts, "shell"))
    with pytest.raises(NoMessage, match="Unicode"):
        read_message(halved, is_v1=is_v1)


@pytest.mark.parametrize(
    ("frame", "is_v1", "why"),
    [
        ("", False, "JSONDecodeError"),
        ("[1]", False, "JSON of the type list"),
        (b"", False, "error"),
        (b"\xff\xff\xff\xff" + bytes(40), False, "4,294,967,295 offsets"),
        (b"\0\0\0\1\0\0\0\5", False, "offsets that fall"),
        ("text", True, "text"),
        (b"", True, "0 offsets"),
        (b"\xff" * 64, True, "18,446,744,073,709,551,615 offsets"),
        ((6).to_bytes(8, "little"), True, "6 offsets"),
        (struct.pack("<7Q", 6, 56, 57, 57, 57, 57, 2**60), True, "offsets that fall"),
        (v1(GOOD, "pipe"), True, "the channel 'pipe'"),
        (v1(GOOD, buffers=(b"",) * (MOST_BUFFERS + 1)), True, f"{6 + MOST_BUFFERS + 1} offsets"),
        (bytes(MOST_BYTES + 1), True, "10,000,001 bytes"),
    ],
)
def test_what_is_no_frame_is_named(frame: str | bytes, is_v1: bool, why: str) -> None:
    with pytest.raises(NoMessage, match=why):
        read_message(frame, is_v1=is_v1)


@FORMS
@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_frame_is_read_or_refused_and_nothing_else(write: Callable[..., Any], is_v1: bool, seed: int) -> None:
    chance = random.Random(seed)
    frame = write(GOOD, "shell", (b"abc",))
    damaged = bytearray(frame)
    for _ in range(chance.randint(1, 5)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    cut = bytes(damaged[: chance.choice([len(damaged), chance.randrange(len(damaged))])])
    with contextlib.suppress(NoMessage):
        assert read_message(cut, is_v1=is_v1).size == len(cut)


LONG = {
    "brackets": "[" * 9_000_000,
    "names": '{"a":' * 1_800_000,
    "digits": "9" * 9_000_000,
    "backslashes": '"' + "\\" * 8_999_999,
    "pairs": "{" + '"a":1,' * 1_000_000,
}


@pytest.mark.parametrize("what", LONG)
def test_no_frame_takes_long(what: str) -> None:
    text = LONG[what]
    begun = time.process_time()
    with pytest.raises(NoMessage):
        read_message(text, is_v1=False)
    assert time.process_time() - begun < 2


def test_the_largest_file_passes() -> None:
    frame = v1(GOOD, buffers=(bytes(8_000_000),))
    assert read_message(frame, is_v1=True).size == len(frame) <= MOST_BYTES


# --- what waits for a kernel


def message(number: int, size: int = 10, channel: str = "shell") -> Sent:
    return Sent(channel, "comm_msg", f"number {number}", size)


def test_a_kernel_with_nothing_to_do_takes_any_message() -> None:
    backlog = Backlog([0])
    assert backlog.has_room(10**9)
    backlog.add(message(1, 5))
    assert not backlog.has_room(10**9)


@pytest.mark.parametrize(("most", "size", "n"), [("MOST_WAITING", 1, 7), ("MOST_WAITING_BYTES", 3, 2)])
def test_so_much_waits_and_no_more(monkeypatch: pytest.MonkeyPatch, most: str, size: int, n: int) -> None:
    monkeypatch.setattr(sockets, most, 7)
    backlog = Backlog([0])
    for number in range(n):
        assert backlog.has_room(size)
        backlog.add(message(number, size))
    assert not backlog.has_room(size)
    backlog.done("number 0")
    assert backlog.has_room(size)
    assert backlog.bytes == (n - 1) * size


def test_what_waits_for_all_kernels_has_a_bound_that_stops_no_idle_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MOST_OF_ALL", 100)
    of_all = [0]
    hung, busy, idle = (Backlog(of_all) for _ in range(3))
    hung.add(message(1, 95))
    busy.add(message(1, 4))
    assert not busy.has_room(2)
    assert idle.has_room(2)
    hung.clear()
    assert busy.has_room(2)
    del busy
    gc.collect()
    assert of_all == [0], "a kernel that is gone keeps nothing"


def test_an_answer_stands_for_all_that_was_sent_before_over_its_channel() -> None:
    backlog = Backlog([0])
    for number in (1, 2, 3):
        backlog.add(message(number))
        backlog.add(message(10 + number, channel="control"))
    backlog.done("number 2")
    backlog.done("number of somebody else")
    assert len(backlog) == 4
    backlog.done("number 13")
    assert len(backlog) == 1


def test_who_waits_for_room_gets_it_when_a_message_is_done_or_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MOST_WAITING", 1)

    async def story() -> None:
        backlog = Backlog([0])
        backlog.add(message(1))
        waiting = asyncio.create_task(backlog.room(1, patience=30))
        await asyncio.sleep(0)
        assert not waiting.done()
        backlog.done("number 1")
        assert await waiting
        backlog.add(message(2))
        assert not await backlog.room(1, patience=0.01)

    asyncio.run(story())


def test_a_number_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "REMEMBERED", 3)
    backlog = Backlog([0])
    assert [backlog.is_new(number) for number in "abcab"] == [True, True, True, False, False]
    assert backlog.is_new("d")
    assert backlog.is_new("a"), "what is long past is forgotten, as in the kernel"


def test_kernels_have_a_backlog_each() -> None:
    class Kernel:
        pass

    one, other = Kernel(), Kernel()
    assert backlog_of(one) is backlog_of(one)
    assert backlog_of(one) is not backlog_of(other)


def test_a_page_that_answers_is_kept_however_late_the_second_ping_is_looked_at() -> None:
    request = HTTPServerRequest(
        start_line=RequestStartLine("GET", "/", "HTTP/1.1"),
        headers=HTTPHeaders({"Host": "here", "Sec-WebSocket-Version": "13"}),
        connection=SimpleNamespace(set_close_callback=lambda _: None, context=None),  # type: ignore[arg-type]
    )
    handler = sockets.PageSocketHandler(Application(), request)
    # a ping is looked at when the next one is due, so that one interval is no patience at all
    assert handler.ping_timeout >= 2 * handler.ping_interval > 0
    protocol = handler.get_websocket_protocol()
    assert protocol.ping_interval == 0  # Tornado would take these milliseconds for seconds
