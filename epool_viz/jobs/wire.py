"""Frames between processes, and messages of JSON and arrays in them. No content is executed.

A frame is a head (a mark, the bytes of the JSON, the bytes of the block), a JSON object, and a block of bytes. A
message is a frame whose JSON has its `kind` and whose block, where there are arrays, is in the safetensors format.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Mapping
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
    """A message.

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


def frame(about: Mapping[str, Any], block: bytes = b"") -> tuple[bytes, bytes, bytes]:
    """The parts of a frame, in the order in which they are sent."""
    text = json.dumps(about).encode()
    return _HEAD.pack(_MARK, len(text), len(block)), text, block


def unframe(
    read: Callable[[int], bytes], *, most_json: int = MOST_JSON, most_block: int = MOST_ARRAYS
) -> tuple[dict[str, Any], bytes] | None:
    """The next frame; None where the other side has ended after a whole one.

    Parameters
    ----------
    read : callable (n)
        Gives at most `n` bytes, and none at the end.
    most_json, most_block : int, bytes

    Raises
    ------
    FormatError
        If the data is no valid frame, larger than the limit, or cut off.
    """
    head = _exactly(read, _HEAD.size, may_end=True)
    if not head:
        return None
    mark, n_json, n_block = _HEAD.unpack(head)
    if mark != _MARK:
        _refuse(f"a message that begins with {mark!r}", f"one that begins with {_MARK!r}")
    if n_json > most_json or n_block > most_block:
        _refuse(f"{n_json:,} bytes of JSON and {n_block:,} of arrays", f"at most {most_json:,} and {most_block:,}")
    return _parsed(_exactly(read, n_json)), _exactly(read, n_block)


def send(connection: socket.socket, message: Message) -> None:
    """Send a whole message; OSError where the other side has closed."""
    for part in filter(None, frame({**message.about, "kind": message.kind}, packed(message.arrays))):
        connection.sendall(part)


def receive(connection: socket.socket, *, most_json: int = MOST_JSON, most_arrays: int = MOST_ARRAYS) -> Message | None:
    """The next message; None where the other side has ended after a whole one.

    Raises
    ------
    FormatError
        If the data is no valid message, larger than the limit, or cut off.
    OSError
        As sockets raise it; TimeoutError after the connection's own timeout.
    """
    found = unframe(connection.recv, most_json=most_json, most_block=most_arrays)
    if found is None:
        return None
    about, block = found
    kind = about.pop("kind", None)
    if not isinstance(kind, str):
        _refuse("no kind", "a message with its kind")
    return Message(kind, about, unpacked(block))


def packed(arrays: Mapping[str, Array]) -> bytes:
    """Arrays as a block."""
    if not arrays:
        return b""
    from safetensors.numpy import save

    # safetensors takes the memory as it lies
    block: bytes = save({name: np.array(array, order="C", copy=True) for name, array in arrays.items()})
    return block


def unpacked(block: bytes) -> dict[str, Array]:
    """The arrays of a block.

    Raises
    ------
    FormatError
        If it is none.
    """
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


def _exactly(read: Callable[[int], bytes], n: int, *, may_end: bool = False) -> bytes:
    parts = bytearray()
    while len(parts) < n:
        part = read(min(n - len(parts), 1 << 20))
        if not part:
            if may_end and not parts:
                return b""
            _refuse(f"{len(parts):,} bytes and then the end", f"{n:,} bytes")
        parts += part
    return bytes(parts)


def _refuse(found: str, accepted: str) -> NoReturn:
    raise FormatError("a message", None, found, accepted) from None
