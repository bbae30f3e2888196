"""Untrusted HDF5: each dataset is checked before a byte of it is read.

A file of this kind can claim anything: a dataset must lie in the file itself, hold plain numbers or fixed strings, and
be no larger than a file of this size can hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from epool_viz.errors import EpoolError, FormatError

MOST_UNPACKED = 2000  # deflate reaches about 1030 to 1
ITSELF = "datasets in the file itself"
_HEAP = b"GCOL"
_TEXTS = 9  # the class of types of any length


@contextmanager
def damage_as_format_error(source: str, accepted: str) -> Iterator[None]:
    """Within the block an error of h5py on damaged data is a FormatError.

    Raises
    ------
    FormatError
        In place of what h5py raises.
    """
    try:
        yield
    except EpoolError:
        raise
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, OverflowError) as error:
        raise FormatError(source, None, f"damaged HDF5 data ({error})", accepted) from None


def require_sound_heaps(raw: bytes, source: str, accepted: str) -> None:
    """Refuse a global heap, where texts of any length lie, that is not filled as the format requires.

    libhdf5 2.0 walks a heap by the sizes that stand in it, and for ever where a free piece has the size 0.

    Raises
    ------
    FormatError
        If a heap does not add up.
    """
    place = raw.find(_HEAP)
    while place >= 0:
        end = place + int.from_bytes(raw[place + 8 : place + 16], "little")
        here = place + 16
        while here + 16 <= end <= len(raw):
            size = int.from_bytes(raw[here + 8 : here + 16], "little")
            is_free = raw[here : here + 2] == b"\0\0"
            step = size if is_free else 16 + (size + 7) // 8 * 8
            if step < 16 or here + step > end:
                end = len(raw) + 1
            here += step
        if end > len(raw):
            raise FormatError(source, None, "damaged HDF5 data (a heap of texts that does not add up)", accepted)
        place = raw.find(_HEAP, place + 4)


def require_modest_texts(raw: bytes, name: str, source: str, accepted: str) -> None:
    """Refuse attributes of this name with a text that claims more letters than the file has.

    libhdf5 sets aside what each text claims, up to 4 GB, before it looks for the text. The claims stand in the
    attribute's message: a head, the name, the type, the shape, then length and place of each text.

    Raises
    ------
    FormatError
        If a text claims more letters than the file has.
    """
    key = name.encode() + b"\0"
    claims = []
    place = raw.find(key)
    while place >= 0:
        claims += [claimed for head in (8, 9) if (claimed := _claims(raw, place, len(key), head)) is not None]
        place = raw.find(key, place + 1)
    largest = max((max(each, default=0) for each in claims), default=None)
    if largest is None or largest > len(raw):
        found = f"the attribute `{name}`, " + (
            "whose texts are not found" if largest is None else f"a text of which claims {largest:,} letters"
        )
        raise FormatError(source, None, found, accepted)


def _claims(raw: bytes, place: int, key: int, head: int) -> list[int] | None:
    """The lengths of the texts of an attribute whose name stands at `place`, or None if there is no such one."""
    start = place - head
    if start < 0 or raw[start] not in ((1, 2) if head == 8 else (3,)):
        return None
    sizes = [int.from_bytes(raw[start + at : start + at + 2], "little") for at in (2, 4, 6)]
    pad = 7 if raw[start] == 1 else 0  # the oldest version pads each part to eight bytes
    padded = [(size + pad) & ~pad for size in sizes]
    kind = place + padded[0]
    shape = kind + padded[1]
    data = shape + padded[2]
    if sizes[0] != key or data > len(raw) or raw[kind] & 0x0F != _TEXTS:
        return None
    first = shape + (8 if raw[shape] == 1 else 4)
    ends = range(first, first + 8 * raw[shape + 1], 8)
    n = math.prod(int.from_bytes(raw[at : at + 8], "little") for at in ends)
    if data + 16 * n > len(raw):
        return None
    return [int.from_bytes(raw[at : at + 4], "little") for at in range(data, data + 16 * n, 16)]


def own_child(source: str, group: Any, name: str) -> Any:
    """A group or dataset that stands in the file itself; None where the group has none of that name.

    Raises
    ------
    FormatError
        If the name is a link, or a type without data.
    """
    import h5py

    link = group.get(name, getlink=True)
    if link is None:
        return None
    if not isinstance(link, h5py.HardLink):
        raise FormatError(source, None, f"`{name}`, a link to elsewhere", ITSELF)
    if group.get(name, getclass=True) not in (h5py.Dataset, h5py.Group):
        raise FormatError(source, None, f"`{name}`, a type and no data", ITSELF)
    return group[name]


def require_plain(source: str, dataset: Any, name: str, kinds: str) -> None:
    """Refuse values that lie elsewhere, and objects.

    Raises
    ------
    FormatError
        If the values lie elsewhere, or are objects.
    """
    if dataset.is_virtual or dataset.external:
        raise FormatError(source, None, f"`{name}`, whose values lie elsewhere", ITSELF)
    if dataset.dtype.kind not in kinds:
        raise FormatError(source, None, f"`{name}` of type {dataset.dtype}", "numbers, and strings of fixed length")


def claimed_bytes(dataset: Any) -> int:
    """The memory that reading the dataset takes, the larger of all of it and one chunk."""
    return int(dataset.dtype.itemsize * max(math.prod(dataset.shape or ()), math.prod(dataset.chunks or ())))
