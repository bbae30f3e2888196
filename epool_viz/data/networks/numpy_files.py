"""NumPy's .npy and .npz, without pickle: the header is compared with the file before memory is allocated."""

from __future__ import annotations

import io
import math
import warnings
from typing import IO, Any

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.networks.archives import Archive
from epool_viz.data.networks.arrays import network_of_named
from epool_viz.data.networks.network_layers import Network, Tensor
from epool_viz.errors import FormatError

_LONGEST_HEADER = 10_000
_ACCEPTED = "an .npy or .npz of plain numbers"


def read_npy(raw: bytes, source: str, name: str) -> Network:
    """One array, (kernel, letter, position) or a single (letter, position)."""
    tensor = _tensor(raw, source, name)
    return _network([tensor], source, "NumPy array")


def read_npz(archive: Archive, source: str) -> Network:
    """The arrays of an archive, in its order.

    Raises
    ------
    FormatError
        If the archive holds something else, or a damaged member.
    """
    names = [name for name in archive.names if name.endswith(".npy")]
    for name in names:
        archive.require_sound(name)
    tensors = [_member(archive, name, source) for name in names]
    if not tensors:
        raise FormatError(source, None, f"an archive of {archive.listed}", _ACCEPTED)
    return _network(tensors, source, "NumPy archive")


def _network(tensors: list[Tensor], source: str, format: str) -> Network:  # noqa: A002
    network = network_of_named(tensors, source=source, format=format)
    if not (network.convolutions or network.remarks):
        found = "; ".join(f"an array of shape {tensor.shape}, {tensor.name!r}" for tensor in tensors[:5])
        raise FormatError(source, None, found, "(letter, position) or (kernel, letter, position)")
    return network


def _member(archive: Archive, name: str, source: str) -> Tensor:
    with archive.open(name) as stream:
        shape, dtype, is_fortran, begin = _header(stream, source, name)
    _require_size(shape, dtype, archive.size(name) - begin, source, name)

    def read() -> Array:
        return _values(archive.read(name), shape, dtype, is_fortran, begin)

    return Tensor(name.removesuffix(".npy"), shape, read)


def _tensor(raw: bytes, source: str, name: str) -> Tensor:
    shape, dtype, is_fortran, begin = _header(io.BytesIO(raw), source, name)
    _require_size(shape, dtype, len(raw) - begin, source, name)
    return Tensor(name, shape, lambda: _values(raw, shape, dtype, is_fortran, begin))


def _header(stream: IO[bytes], source: str, name: str) -> tuple[tuple[int, ...], np.dtype[Any], bool, int]:
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        version = np.lib.format.read_magic(stream)
        if version not in readers:
            raise FormatError(source, None, f"version {version} of the format in {name!r}", "version 1 or 2")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a text that is parsed as Python
            shape, is_fortran, dtype = readers[version](stream, max_header_size=_LONGEST_HEADER)
    except FormatError:
        raise
    except Exception as error:  # noqa: BLE001 - NumPy parses the header as Python, and raises any error
        found = f"no plain array in {name!r} ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
        raise FormatError(source, None, found, _ACCEPTED) from None
    if dtype.hasobject:
        raise FormatError(source, None, f"Python objects in {name!r}, which could run code when read", _ACCEPTED)
    if dtype.kind not in "fiub":
        raise FormatError(source, None, f"an array of shape {shape} and type {dtype} in {name!r}", _ACCEPTED)
    return shape, dtype, is_fortran, stream.tell()


def _require_size(shape: tuple[int, ...], dtype: np.dtype[Any], held: int, source: str, name: str) -> None:
    claimed = math.prod(shape) * dtype.itemsize
    if any(size < 0 for size in shape) or claimed != held:
        found = f"{name!r}, which claims {claimed:,} bytes and has {held:,}"
        raise FormatError(source, None, found, _ACCEPTED)


def _values(raw: bytes, shape: tuple[int, ...], dtype: np.dtype[Any], is_fortran: bool, begin: int) -> Array:
    flat = np.frombuffer(raw, dtype, count=math.prod(shape), offset=begin)
    return flat.reshape(shape[::-1]).T if is_fortran else flat.reshape(shape)
