"""Checks what a page sends to its kernel: whole messages of Jupyter's protocol, of the right shape.

Server and kernel can handle every message that passes. Two forms of frame are in use: `v1`, four parts of
JSON and their buffers behind a list of offsets, and the older one, JSON as text or before its buffers.
"""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from epool_viz.app.server.upstream import extract_dates

MOST_BYTES = 10_000_000  # of a message; the largest file is 8 MB
MOST_BUFFERS = 64
MOST_DEPTH = 40
LONGEST_WORD = 200  # characters of a value in a header
CHANNELS = ("shell", "control", "stdin", "iopub")
_PARTS = ("header", "parent_header", "metadata", "content")
_WORDS = ("msg_id", "msg_type", "session")
_METHODS = ("update", "custom", "request_state", "request_states")


class NoMessage(Exception):  # noqa: N818 - it describes a frame
    """A frame that holds no message, and why."""


class Sent(NamedTuple):
    """A message of a page.

    Attributes
    ----------
    channel, kind, number : str
        `kind` is Jupyter's `msg_type`, `number` its `msg_id`.
    size : int, bytes
    """

    channel: str
    kind: str
    number: str
    size: int


def read_message(frame: str | bytes, *, is_v1: bool) -> Sent:
    """Parse a whole frame.

    Raises
    ------
    NoMessage
        For anything but a message that a page would send.
    """
    if len(frame) > MOST_BYTES:
        raise NoMessage(f"{len(frame):,} bytes")
    try:
        channel, parts = (_parts_of_v1 if is_v1 else _parts_of_text)(frame)
        if channel not in CHANNELS:
            raise NoMessage(f"the channel {str(channel)[:20]!r}")
        header = _require_plain(parts)
        return Sent(channel, str(header["msg_type"]), str(header["msg_id"]), len(frame))
    except NoMessage:
        raise
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, OverflowError, struct.error) as error:
        raise NoMessage(type(error).__name__) from None


def _parts_of_v1(frame: str | bytes) -> tuple[str, dict[str, Any]]:
    if isinstance(frame, str):
        raise NoMessage("text")
    n = int.from_bytes(frame[:8], "little")
    if not 6 <= n <= 6 + MOST_BUFFERS or len(frame) < 8 * (n + 1):
        raise NoMessage(f"{n:,} offsets")
    offsets = struct.unpack(f"<{n}Q", frame[8 : 8 * (n + 1)])
    _require_rising([8 * (n + 1), *offsets, len(frame)])
    whole = [frame[start:stop] for start, stop in itertools.pairwise(offsets)]
    return whole[0].decode(), {name: _object(text) for name, text in zip(_PARTS, whole[1:5], strict=True)}


def _parts_of_text(frame: str | bytes) -> tuple[str, dict[str, Any]]:
    if isinstance(frame, str):
        message = _object(frame)
    else:
        (n,) = struct.unpack("!I", frame[:4])
        if not 1 <= n <= 1 + MOST_BUFFERS:
            raise NoMessage(f"{n:,} offsets")
        offsets = [*struct.unpack(f"!{n}I", frame[4 : 4 * (n + 1)]), len(frame)]
        _require_rising([4 * (n + 1), *offsets])
        message = _object(frame[offsets[0] : offsets[1]])
    channel = message.get("channel") or "shell"  # as Jupyter takes it
    return channel, {name: message[name] for name in _PARTS}


def _require_rising(offsets: list[int]) -> None:
    if any(before > after for before, after in itertools.pairwise(offsets)):
        raise NoMessage("offsets that fall")


def _object(text: str | bytes) -> dict[str, Any]:
    """A JSON object that can be written again, and is no deeper than a kernel can follow."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise NoMessage(f"JSON of the type {type(value).__name__}")
    _require_shallow(value)
    json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair ends here
    return value


def _require_shallow(value: Any) -> None:
    layer = [value]
    for _ in range(MOST_DEPTH):
        layer = [
            inner
            for each in layer
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not layer:
            return
    raise NoMessage("JSON that is nested too deep")


def _require_plain(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The header, once all four parts have the shape that a kernel requires."""
    if not all(isinstance(part, dict) for part in parts.values()):
        raise NoMessage("a part that is no object")
    header: dict[str, Any] = parts["header"]
    if not all(isinstance(header[word], str) and 0 < len(header[word]) <= LONGEST_WORD for word in _WORDS):
        raise NoMessage("a header without its words")
    if header.get("subshell_id") is not None:
        raise NoMessage("a header that names a subshell")
    extract_dates(header)
    extract_dates(parts["parent_header"])
    fits = _CONTENTS.get(header["msg_type"])
    if fits is not None and not fits(parts["content"]):
        raise NoMessage(f"a {header['msg_type']} of another shape")
    return header


def _has_comm(content: Mapping[str, Any]) -> bool:
    return isinstance(content.get("comm_id"), str) and isinstance(content.get("data", {}), dict)


def _is_for_a_widget(content: Mapping[str, Any]) -> bool:
    data = content.get("data")
    if not _has_comm(content) or not isinstance(data, dict) or data.get("method") not in _METHODS:
        return False
    return data["method"] != "update" or (
        isinstance(data.get("state"), dict) and isinstance(data.get("buffer_paths", []), list)
    )


_CONTENTS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "comm_open": lambda content: _has_comm(content) and isinstance(content.get("target_name"), str),
    "comm_close": _has_comm,
    "comm_msg": _is_for_a_widget,
    "comm_info_request": lambda content: isinstance(content.get("target_name", ""), str),
    "shutdown_request": lambda content: isinstance(content.get("restart"), bool),
}
