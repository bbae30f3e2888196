"""What travels between a worker and its clients: messages of JSON and arrays. Nothing in one is ever run.

A message is a head (a mark, the bytes of the JSON, the bytes of the arrays), a JSON object with its `kind`, and, where
there are arrays, a safetensors block.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from epool_viz.core.types import Array
from epool_viz.errors import FormatError

MOST_JSON = 1 << 24  # bytes
MOST_ARRAYS = 1 << 27
_HEAD = struct.Struct("!4sIQ")
_MARK = b"ep01"


@dataclass(frozen=True, eq=False)
class Message:
    """Something said.

    Attributes
    ----------
    kind : str
    about : dict
        Plain values; a float may be NaN.
    arrays : dict of arrays
    """

    kind: str
    about: dict[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)


def send(connection: socket.socket, message: Message) -> None:
    """Send a message, whole; OSError where nobody listens any more."""
    text = json.dumps({**message.about, "kind": message.kind}).encode()
    block = _packed(message.arrays)
    connection.sendall(_HEAD.pack(_MARK, len(text), len(block)))
    connection.sendall(text)
    if block:
        connection.sendall(block)


def receive(connection: socket.socket, *, most_json: int = MOST_JSON, most_arrays: int = MOST_ARRAYS) -> Message | None:
    """The next message; None where the other side has ended after a whole one.

    Raises
    ------
    FormatError
        If what comes is no message of ours, larger than asked for, or cut off.
    OSError
        As sockets raise it; TimeoutError after the connection's own timeout.
    """
    head = _exactly(connection, _HEAD.size, may_end=True)
    if not head:
        return None
    mark, n_json, n_arrays = _HEAD.unpack(head)
    if mark != _MARK:
        _refuse(f"a message that begins with {mark!r}", f"one that begins with {_MARK!r}")
    if n_json > most_json or n_arrays > most_arrays:
        _refuse(f"{n_json:,} bytes of JSON and {n_arrays:,} of arrays", f"at most {most_json:,} and {most_arrays:,}")
    about = _parsed(_exactly(connection, n_json))
    kind = about.pop("kind", None)
    if not isinstance(kind, str):
        _refuse("no kind", "a message with its kind")
    return Message(kind, about, _unpacked(_exactly(connection, n_arrays)))


def _packed(arrays: Mapping[str, Array]) -> bytes:
    if not arrays:
        return b""
    from safetensors.numpy import save

    # safetensors takes the memory as it lies
    packed: bytes = save({name: np.array(array, order="C", copy=True) for name, array in arrays.items()})
    return packed


def _unpacked(block: bytes) -> dict[str, Array]:
    if not block:
        return {}
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(block))
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        _refuse(f"arrays that cannot be read ({error})", "a safetensors block")


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        _refuse(f"what is no JSON ({error})", "a JSON object")
    if not isinstance(value, dict):
        _refuse(f"JSON of the type {type(value).__name__}", "a JSON object")
    return value


def _exactly(connection: socket.socket, n: int, *, may_end: bool = False) -> bytes:
    parts = bytearray()
    while len(parts) < n:
        part = connection.recv(min(n - len(parts), 1 << 20))
        if not part:
            if may_end and not parts:
                return b""
            _refuse(f"{len(parts):,} bytes and then the end", f"{n:,} bytes")
        parts += part
    return bytes(parts)


def _refuse(found: str, accepted: str) -> NoReturn:
    raise FormatError("a message", None, found, accepted) from None
