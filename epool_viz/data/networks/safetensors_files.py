"""safetensors of any writer: the header is compared with the file, and tensors are read on request."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, NoReturn

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.networks.arrays import network_of_named
from epool_viz.data.networks.epool_header import with_settings
from epool_viz.data.networks.network_layers import Network, Tensor, in_order
from epool_viz.data.networks.stored import require_unchanged, whole_header
from epool_viz.errors import FormatError

_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_SIZES = {
    "BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "U16": 2, "I32": 4, "U32": 4, "I64": 8, "U64": 8, "C64": 8,
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1,
}  # fmt: skip
_ACCEPTED = "a whole safetensors file"


def looks_like_safetensors(head: bytes) -> bool:
    """Whether a file that begins so has a header of this kind."""
    return len(head) > 8 and head[8:9] == b"{" and head[6:8] == b"\0\0"


def read_safetensors(raw: bytes, source: str) -> Network:
    """Read the names and shapes of a file; its numbers on request.

    Raises
    ------
    FormatError
        If the header does not fit the file.
    """
    header, start = whole_header(raw, source)
    about = header.pop("__metadata__", None)
    require_unchanged(raw, source)
    _require_covered(header, len(raw) - start, source)
    # in the order of the numbers, as writers sort the header by type; where that is the alphabet's it has no meaning
    entries = sorted(header.items(), key=lambda item: _begin(item[1]))
    if [name for name, _ in entries] == sorted(header):
        entries.sort(key=lambda item: in_order(item[0]))
    tensors = [tensor for name, entry in entries if (tensor := _tensor(raw, start, name, entry)) is not None]
    network = network_of_named(tensors, source=source, format="safetensors")
    unread = [_said(name, entry) for name, entry in entries if _could_be_kernels(entry)]
    if unread and not any(len(each.shape) in (3, 4) for each in tensors):
        found = f"no convolution of a type that is read here, but {'; '.join(unread[:4])}"
        raise FormatError(source, None, found, f"weights as {', '.join(_DTYPES)}")
    remarks = (
        *network.remarks,
        *(f"{each} is not read: packed numbers need what unpacks them." for each in unread[:8]),
    )
    network = dataclasses.replace(network, remarks=remarks)
    return with_settings(network, tensors, about.get("epool_viz") if isinstance(about, dict) else None)


def _require_covered(header: dict[str, Any], held: int, source: str) -> None:
    """Require that the tensors lie one behind the other and fill the file, as the format does."""
    for name, entry in header.items():
        if not isinstance(entry, dict):
            _refuse(source, f"an entry {name!r} that describes no tensor")
        shape, offsets, kind = entry.get("shape"), entry.get("data_offsets"), entry.get("dtype")
        if not (_are_whole(shape) and _are_whole(offsets) and len(offsets) == 2):  # type: ignore[arg-type]
            _refuse(source, f"an entry {name!r} without shape and place")
        (begin, end), size = offsets, _SIZES.get(str(kind))  # type: ignore[misc]
        claimed = end - begin if size is None else math.prod(shape) * size  # type: ignore[arg-type]
        if not begin <= end <= held or end - begin != claimed:
            _refuse(source, f"`{name}`, which claims {claimed:,} bytes at {begin:,} to {end:,} of {held:,}")
    reached = 0
    for begin, end, name in sorted((*entry["data_offsets"], name) for name, entry in header.items()):
        if begin != reached:
            what = "overlaps what stands before it" if begin < reached else f"leaves {begin - reached:,} bytes unused"
            _refuse(source, f"`{name}`, which begins at {begin:,} and {what}")
        reached = end
    if reached != held:
        _refuse(source, f"{held - reached:,} bytes behind the last tensor that are none's")


def _begin(entry: Any) -> float:
    return float(entry["data_offsets"][0])


def _tensor(raw: bytes, start: int, name: str, entry: Any) -> Tensor | None:
    shape, (begin, _), kind = entry["shape"], entry["data_offsets"], entry.get("dtype")
    if not isinstance(kind, str) or kind not in _DTYPES:
        return None  # floats of eight bits and whole numbers: packed weights, whose scale stands elsewhere
    dtype = np.dtype(_DTYPES[kind])

    def read() -> Array:
        values = np.frombuffer(raw, dtype, count=math.prod(shape), offset=start + begin).reshape(shape)
        return (values.astype(np.uint32) << 16).view(np.float32) if kind == "BF16" else values

    return Tensor(name, tuple(shape), read)


def _could_be_kernels(entry: Any) -> bool:
    """Whether it is a weight of three axes or four whose numbers are packed."""
    return entry.get("dtype") not in _DTYPES and len(entry["shape"]) in (3, 4)


def _said(name: str, entry: Any) -> str:
    return f"`{name[:80]}` ({', '.join(map(str, entry['shape']))}) of type {str(entry.get('dtype'))[:20]}"


def _are_whole(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 2**62 for value in values)


def _refuse(source: str, found: str) -> NoReturn:
    raise FormatError(source, None, found, _ACCEPTED) from None
