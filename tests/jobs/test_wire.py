"""Messages arrive as they were sent, and what is none is refused by name."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from epool_viz.errors import FormatError
from epool_viz.jobs.wire import Message, receive, send

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    here, there = socket.socketpair()
    for end in (here, there):
        end.settimeout(10)
    with here, there:
        yield here, there


def test_a_message_round_trips(pair: Pair) -> None:
    arrays = {
        "codes": np.array([-1, 0, 3], np.int8),
        "empty": np.empty((0, 2), np.int64),
        "turned": np.arange(6.0).reshape(2, 3).T,
        "nothing": np.array([np.nan, np.inf]),
    }
    about = {"text": "ü", "deep": {"list": [1, None, True]}, "nan": float("nan")}
    send(pair[0], Message("part", about, arrays))
    send(pair[0], Message("stop"))
    found = receive(pair[1])
    assert found is not None
    assert found.kind == "part"
    assert found.about == about | {"nan": pytest.approx(float("nan"), nan_ok=True)}
    assert found.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)
        assert found.arrays[name].dtype == array.dtype
    second = receive(pair[1])
    assert second is not None
    assert (second.kind, second.about, second.arrays) == ("stop", {}, {})


def test_a_message_larger_than_a_sockets_buffer_arrives_whole(pair: Pair) -> None:
    array = np.random.default_rng(5).integers(0, 4, 3_000_001).astype(np.int8)
    sender = threading.Thread(target=send, args=(pair[0], Message("job", {}, {"codes": array})))
    sender.start()
    found = receive(pair[1])
    sender.join()
    assert found is not None
    np.testing.assert_array_equal(found.arrays["codes"], array)


def test_the_end_between_two_messages_is_no_message(pair: Pair) -> None:
    pair[0].close()
    assert receive(pair[1]) is None


def framed(text: bytes, block: bytes = b"", mark: bytes = b"ep01") -> bytes:
    return struct.pack("!4sIQ", mark, len(text), len(block)) + text + block


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "begins with b'GET '"),
        (b"ep01", "4 bytes and then the end"),
        (framed(b'{"kind": "job"}')[:-3], "12 bytes and then the end"),
        (framed(b"no json"), "no JSON"),
        (framed(b"\xff\xfe"), "no JSON"),
        (framed(b"[" * 100_000), "no JSON"),
        (framed(b"[1]"), "JSON of the type list"),
        (framed(b"{}"), "no kind"),
        (framed(b'{"kind": 3}'), "no kind"),
        (framed(b'{"kind": "job"}', b"\x80\x04pickle"), "arrays that cannot be read"),
        (struct.pack("!4sIQ", b"ep01", 1 << 31, 0), "2,147,483,648 bytes of JSON"),
        (struct.pack("!4sIQ", b"ep01", 2, 1 << 62), "4,611,686,018,427,387,904 of arrays"),
    ],
)
def test_what_is_no_message_is_refused(pair: Pair, raw: bytes, said: str) -> None:
    threading.Thread(target=lambda: (pair[0].sendall(raw), pair[0].close()), daemon=True).start()
    with pytest.raises(FormatError) as caught:
        receive(pair[1])
    assert said in str(caught.value)


def test_a_message_may_be_held_to_less(pair: Pair) -> None:
    send(pair[0], Message("hello", {"secret": "x" * 2000}))
    with pytest.raises(FormatError, match="at most 1,024 and 0"):
        receive(pair[1], most_json=1024, most_arrays=0)
