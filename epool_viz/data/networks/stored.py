"""Files of trained models: one safetensors file, its metadata as JSON in the header.

One file, and not weights with a JSON beside them: the two stay together, and one rename replaces both. Nothing in
such a file is run; it is read without torch.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from epool_viz._writing import write_file
from epool_viz.core.alphabet import Alphabet, get_alphabet
from epool_viz.core.types import Array
from epool_viz.data.limits import MOST_BYTES
from epool_viz.data.opening import read_input
from epool_viz.errors import ArgumentError, FormatError

VERSION = 1
_KEY = "epool_viz"  # this package's entry of the header
_SUM = "epool_viz_sha256"  # the checksum of that entry and of all tensors; files of before have none
UNCHECKED = "The file has no checksum, as those of earlier versions have none: damage to it would not be noticed."
_LARGEST_HEADER = 1 << 24
_FLOATS = ("float32", "float64")
_HELD = (*_FLOATS, "float16", "uint8", "int64")  # by any file of this package
_ACCEPTED = "a safetensors file written by epool_viz"


@dataclass(frozen=True, eq=False)
class StoredModel:
    """A trained MotifCNN as arrays, to be looked at without torch.

    Attributes
    ----------
    kernels : shape (kernel, letter, width)
    biases, output_weights : shape (kernel,)
    output_bias : float
    alphabet : Alphabet
    settings : dict
        What the network is: preset, padding, activation and pooling.
    about : dict
        What is known of its training: seed, history, fingerprint of the data; empty if it was saved without.
    arrays : dict of arrays
        Everything that was learnt, by its name in the network.
    assumptions : tuple of str
        What the reader took for granted, a sentence each.
    """

    kernels: Array
    biases: Array
    output_weights: Array
    output_bias: float
    alphabet: Alphabet
    settings: dict[str, Any]
    about: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()


def read_model(path: str | os.PathLike[str]) -> StoredModel:
    """Read the file of a trained model, without torch.

    Parameters
    ----------
    path : str or path
        As written by `save_model`.

    Returns
    -------
    StoredModel

    Raises
    ------
    FormatError
        If the file is cut off or damaged, of another kind, or holds what no model can hold. Nothing in it is run.
    ArgumentError
        If there is no such file.
    """
    arrays, about, is_checked = read_checked_arrays(path, kind="model")
    source = str(path)
    settings, training = about.get("settings"), about.get("about", {})
    if not isinstance(settings, dict) or not isinstance(training, dict):
        _refuse(source, "a header without the settings of a model")
    try:
        alphabet = get_alphabet(settings.get("alphabet"))  # type: ignore[arg-type]
    except (ArgumentError, TypeError, AttributeError):
        _refuse(source, f"the alphabet {settings.get('alphabet')!r}", "DNA, RNA or protein")
    n_kernels, width = (_whole(settings, name, source) for name in ("n_kernels", "width"))
    expected = {
        "conv.weight": (n_kernels, len(alphabet), width),
        "conv.bias": (n_kernels,),
        "output.weight": (1, n_kernels),
        "output.bias": (1,),
    }
    pooling = settings.get("pooling")
    if isinstance(pooling, dict) and pooling.get("trainable") is True:
        expected["pooling.log_m"] = ()
    found = {name: array.shape for name, array in arrays.items()}
    if found != expected:
        _refuse(source, f"weights of the shapes {found}", f"those of its settings, {expected}")
    for name, array in arrays.items():
        if array.dtype.name not in (*_FLOATS, "int64"):
            _refuse(source, f"{name} of the type {array.dtype}", f"numbers of the type {' or '.join(_FLOATS)}")
    if len({str(array.dtype) for array in arrays.values()}) > 1 or arrays["conv.weight"].dtype.name not in _FLOATS:
        _refuse(source, "weights that are not of one floating type", " or ".join(_FLOATS))
    return StoredModel(
        arrays["conv.weight"],
        arrays["conv.bias"],
        arrays["output.weight"][0],
        float(arrays["output.bias"][0]),
        alphabet,
        settings,
        training,
        arrays,
        () if is_checked else (UNCHECKED,),
    )


def write_arrays(
    path: str | os.PathLike[str], arrays: Mapping[str, Array], about: Mapping[str, Any], *, kind: str
) -> None:
    """Write arrays and what they mean; the file is whole or the old one stays.

    Parameters
    ----------
    path : str or path
    arrays : arrays by name
    about : what JSON can hold
    kind : str
        The purpose of the file; `read_arrays` requires it.
    """
    from safetensors.numpy import save

    header = json.dumps({**about, "format_version": VERSION, "kind": kind}, allow_nan=False)
    # safetensors takes the memory as it lies
    tidy = {name: np.array(array, order="C", copy=True) for name, array in arrays.items()}
    write_file(path, _with_metadata(save(tidy, metadata={_KEY: header}), _SUM, _checksum(header, tidy)))


def read_arrays(path: str | os.PathLike[str], *, kind: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read what `write_arrays` wrote: the arrays, and what they mean.

    Raises
    ------
    FormatError
        If the file is cut off or damaged, of another kind, newer than this package, or holds NaN or infinity.
    ArgumentError
        If there is no such file.
    """
    arrays, about, _ = read_checked_arrays(path, kind=kind)
    return arrays, about


def read_checked_arrays(path: str | os.PathLike[str], *, kind: str) -> tuple[dict[str, Array], dict[str, Any], bool]:
    """As `read_arrays`, and whether a checksum in the file confirms that no bit has changed.

    Raises
    ------
    FormatError
        If the file is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    source = str(path)
    raw = read_input(path, most=MOST_BYTES, accepted="the path of a file")
    about = _about(raw, source, kind)
    try:
        arrays = load(raw)
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        _refuse(source, f"tensors that cannot be read ({error})")
    for name, array in arrays.items():
        if array.dtype.name not in _HELD:
            _refuse(source, f"{name} of the type {array.dtype}", f"numbers of the type {', '.join(_HELD)}")
    is_checked = _check_sum(raw, arrays, source)
    for name, array in arrays.items():
        if not np.all(np.isfinite(array)):
            _refuse(source, f"NaN or infinity in {name}", "finite numbers")
    return arrays, about, is_checked


def _with_metadata(raw: bytes, key: str, value: str) -> bytes:
    """A safetensors file with one more entry; safetensors itself writes several in an order that changes."""
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    header["__metadata__"][key] = value
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + raw[8 + length :]


def _checksum(header: str, arrays: Mapping[str, Array]) -> str:
    digest = hashlib.sha256(header.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def require_unchanged(raw: bytes, source: str) -> None:
    """Raise a FormatError for a safetensors file that has a checksum and differs from it.

    Raises
    ------
    FormatError
        If the checksum differs.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    metadata = whole_header(raw, source)[0].get("__metadata__")
    if not isinstance(metadata, dict) or _SUM not in metadata or not isinstance(metadata.get(_KEY), str):
        return
    try:
        arrays = load(raw)
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        _refuse(source, f"tensors that cannot be read ({error})")
    _check_sum(raw, arrays, source)


def _check_sum(raw: bytes, arrays: Mapping[str, Array], source: str) -> bool:
    """Whether there is a checksum, which is right then."""
    metadata = whole_header(raw, source)[0]["__metadata__"]
    if set(metadata) <= {_KEY, "format"}:  # "format" is what other tools add when they copy a file
        return False
    if metadata.get(_SUM) != _checksum(metadata[_KEY], arrays):
        _refuse(source, "a file that has changed since it was written (its checksum is another)", "the file as written")
    return True


def read_about(path: str | os.PathLike[str], *, kind: str) -> dict[str, Any]:
    """What the arrays of a file mean, without the arrays; errors are those of `read_arrays`."""
    return _about(read_input(path, most=MOST_BYTES, accepted="the path of a file"), str(path), kind)


def _about(raw: bytes, source: str, kind: str) -> dict[str, Any]:
    about = _read_header(raw, source)
    if about.get("kind") != kind:
        _refuse(source, f"a file of the kind {about.get('kind')!r}", f"one of the kind {kind!r}")
    return about


def whole_header(raw: bytes, source: str) -> tuple[dict[str, Any], int]:
    """The header of a safetensors file, and where its tensors begin; its length is held against the file's.

    Raises
    ------
    FormatError
        If there is none, or it claims more than the file has.
    """
    if len(raw) < 8:
        _refuse(source, f"{len(raw)} bytes")
    (length,) = struct.unpack("<Q", raw[:8])
    if length > min(_LARGEST_HEADER, len(raw) - 8):
        # only now: the length of a sound header may begin with the same bytes
        if raw[:2] == b"PK" or raw[:1] == b"\x80":
            _refuse(source, "a pickle, as torch.save writes it, which could run code when it is read")
        _refuse(source, f"a header that claims {length:,} bytes in a file of {len(raw):,}")
    return _parse_json(raw[8 : 8 + length], source), 8 + length


def _read_header(raw: bytes, source: str) -> dict[str, Any]:
    """The entry of this package in the header, checked before the tensors."""
    header, _ = whole_header(raw, source)
    metadata = header.get("__metadata__")
    ours = metadata.get(_KEY) if isinstance(metadata, dict) else None
    if not isinstance(ours, str):
        _refuse(source, "a safetensors file without the entry of epool_viz")
    about = _parse_json(ours.encode(), source)
    version = about.get("format_version")
    if version != VERSION or isinstance(version, bool):
        _refuse(source, f"format version {version!r}", f"{VERSION}; a newer file needs a newer epool_viz")
    return about


def _parse_json(text: bytes, source: str) -> dict[str, Any]:
    def refuse_constant(word: str) -> NoReturn:
        _refuse(source, f"{word} in the header", "finite numbers")

    try:
        value = json.loads(text, parse_constant=refuse_constant)
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        _refuse(source, f"a header that is no JSON ({error})")
    if not isinstance(value, dict):
        _refuse(source, "a header that is no JSON object")
    return value


def _whole(settings: dict[str, Any], name: str, source: str) -> int:
    value = settings.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        _refuse(source, f"{name} = {value!r}", "a whole number >= 1")
    return value


def _refuse(source: str, found: str, accepted: str = _ACCEPTED) -> NoReturn:
    raise FormatError(source, None, found, accepted) from None
