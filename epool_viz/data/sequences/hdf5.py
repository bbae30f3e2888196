"""The HDF5 layout of the reference implementation: `sequences` one-hot (N, L, letter), `labs`, `seq_idx`.

A file of this kind can claim anything, so each dataset is checked before a byte of it is read (`hdf5_guard`).
"""

from __future__ import annotations

import io
import math
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from epool_viz.core.alphabet import DNA, PROTEIN, UNKNOWN, Alphabet
from epool_viz.core.types import Array
from epool_viz.data.hdf5_guard import MOST_UNPACKED, claimed_bytes, damage_as_format_error, own_child, require_plain
from epool_viz.data.sequences.set import SequenceSet, default_names, offsets_of, zero_or_one
from epool_viz.data.source import Source
from epool_viz.errors import FormatError

_BLOCK = 1 << 24
_WIDEST = 8 * len(DNA)  # bytes of a one-hot letter, where each number is a double
_LAYOUT = "`sequences` (N, L, letter) of 0 and 1, with `labs` (N,) and `seq_idx` (N,) if there are any"


def read_hdf5(source: Source, alphabet: Alphabet | None) -> SequenceSet:
    """Read the file; `source` stands at its beginning."""
    import h5py

    packed = source.stream is not source.raw
    data = io.BytesIO(source.read_all()) if packed else source.raw
    size = data.seek(0, io.SEEK_END)
    data.seek(0)
    with _damage_as_format_error(source):
        file = h5py.File(data, "r")
    with file:
        return _read_layout(source, file, size, alphabet)


def _damage_as_format_error(source: Source) -> AbstractContextManager[None]:
    """Within the block an error of h5py on damaged data is a FormatError; `progress` is called outside it."""
    return damage_as_format_error(source.name, "an HDF5 file with " + _LAYOUT)


def _read_layout(source: Source, file: Any, size: int, alphabet: Alphabet | None) -> SequenceSet:
    with _damage_as_format_error(source):
        sequences = _dataset(source, file, size, "sequences", "fiub", 3)
        if sequences is None:
            raise FormatError(source.name, None, f"the datasets {sorted(file)[:5]}", _LAYOUT)
        n, length, n_letters = sequences.shape
        known, assumptions = _letters(source, n_letters, alphabet)
        labs = _dataset(source, file, size, "labs", "fiub", 1, n)
        seq_idx = _dataset(source, file, size, "seq_idx", "S", 1, n)
        labels, said = (None, ()) if labs is None else zero_or_one(_labels(source, labs[:]))
        names = default_names(n) if seq_idx is None else tuple(raw.decode("utf-8", "replace") for raw in seq_idx[:])
    codes = _all_codes(source, sequences).reshape(-1)
    return SequenceSet(codes, offsets_of([length] * n), names, labels, known, source.name, (*assumptions, *said))


def _dataset(source: Source, file: Any, size: int, name: str, kinds: str, ndim: int, n: int | None = None) -> Any:
    """A dataset that is safe to read, or None where the file has none of that name."""
    import h5py

    dataset = own_child(source.name, file, name)
    if dataset is None:
        return None
    if not isinstance(dataset, h5py.Dataset):
        raise FormatError(source.name, None, f"`{name}`, which is no dataset", _LAYOUT)
    require_plain(source.name, dataset, name, kinds)
    shape: tuple[int, ...] = dataset.shape or ()
    if len(shape) != ndim or 0 in shape or (n is not None and shape[0] != n):
        raise FormatError(source.name, None, f"`{name}` of shape {shape}", _LAYOUT)
    claimed, most = claimed_bytes(dataset), source.limits
    if claimed > MOST_UNPACKED * size or math.prod(shape[:2]) > most.letters:
        found = f"`{name}`, which claims {claimed:,} bytes in a file of {size:,}"
        accepted = f"at most {MOST_UNPACKED:,} times the file, and {most.letters:,} letters"
        raise FormatError(source.name, None, found, accepted)
    most.require("records", shape[0], source.name, None, "sequences")
    if claimed > (largest := max(most.bytes, _WIDEST * most.letters)):
        accepted = f"at most {largest:,} bytes unpacked"
        raise FormatError(source.name, None, f"`{name}`, which claims {claimed:,} bytes", accepted)
    return dataset


def _letters(source: Source, n_letters: int, alphabet: Alphabet | None) -> tuple[Alphabet, tuple[str, ...]]:
    known = alphabet or {len(DNA): DNA, len(PROTEIN): PROTEIN}.get(n_letters)
    if known is None or len(known) != n_letters:
        wanted = "4 (DNA, RNA) or 20 (protein)" if known is None else f"{len(known)}, for {known.name}"
        raise FormatError(source.name, None, f"{n_letters} letters a position", wanted)
    sentence = f"The {n_letters} columns of `sequences` are {known.name} in the order {known.letters}."
    return known, (sentence,)


def _labels(source: Source, labs: Array) -> Array:
    if not np.all(np.isfinite(labs) & (np.mod(labs, 1) == 0) & (np.abs(labs) < 2**31)):
        raise FormatError(source.name, None, "`labs` that are not whole", "whole numbers, such as 0 and 1")
    return labs.astype(np.int64)


def _all_codes(source: Source, sequences: Any) -> Array:
    """Read block by block; (N, L, letter) -> (N, L)."""
    n, length, n_letters = sequences.shape
    row = length * n_letters * sequences.dtype.itemsize
    whole = sequences.chunks[0] if sequences.chunks else 1  # a packed piece is unpacked once
    step = max(1, _BLOCK // row // whole) * whole
    codes = np.empty((n, length), dtype=np.int8)
    for start in range(0, n, step):
        with _damage_as_format_error(source):
            block = sequences[start : start + step]
        codes[start : start + step] = _codes(source, block, start)
        if source.progress:
            source.progress(min(start + step, n) * row, n * row)
    return codes


def _codes(source: Source, block: Array, first: int) -> Array:
    """(n, L, letter) -> (n, L); letter by letter, which is ten times as fast as along the last axis."""
    codes = np.full(block.shape[:2], UNKNOWN, dtype=np.int8)
    n_ones = np.zeros(block.shape[:2], dtype=np.uint8)
    good = np.ones(block.shape[:2], dtype=bool)
    for letter in range(block.shape[2]):
        is_one = block[..., letter] == 1
        good &= is_one | (block[..., letter] == 0)
        n_ones += is_one
        codes[is_one] = letter
    good &= n_ones <= 1
    if not good.all():
        record, position = (int(place) for place in np.argwhere(~good)[0])
        found = f"{block[record, position].tolist()} at letter {position + 1} of record {first + record + 1}"
        raise FormatError(source.name, None, found, "one-hot rows: a single 1, or zeros for an unknown letter")
    return codes
