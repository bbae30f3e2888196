"""Imported kernels as plain text, to store them or to send them to another process."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import numpy as np

from epool_viz.core.alphabet import get_alphabet
from epool_viz.core.types import Array
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.data.networks.network_settings import WholeNetwork
from epool_viz.errors import ArgumentError, FormatError

MOST_NUMBERS = 1 << 20
_ARRAYS = ("kernels", "bias", "output_weights", "background")
_WORDS = ("source", "format", "layer", "axes", "letters", "activation", "pooling", "padding", "check")
_ALWAYS = ("source", "format", "layer", "axes", "letters", "check")
_FACTS = ("flip", "reads_letters", "bias_is_known", "difference")
_LISTS = ("names", "candidates", "possible_axes", "assumptions", "statements")
_LONGEST = 2000  # characters of any word
_ACCEPTED = "kernels as this package keeps them"


def as_text(imported: ImportedKernels) -> str:
    """Imported kernels as JSON; the numbers to the last bit."""
    arrays = {name: _packed(value) for name in _ARRAYS if (value := getattr(imported, name)) is not None}
    plain = {name: getattr(imported, name) for name in (*_WORDS, *_LISTS, *_FACTS)}
    if imported.difference is not None and not math.isfinite(imported.difference):
        plain["difference"] = None  # JSON has no infinity; `check` has it
    whole = None if imported.whole is None else imported.whole.plain
    return json.dumps({"alphabet": imported.alphabet.name, "whole": whole, **plain, **arrays})


def from_text(text: str | bytes, *, source: str = "the kept kernels") -> ImportedKernels:
    """Read what `as_text` wrote; the text is not trusted.

    Raises
    ------
    FormatError
        If it is not what `as_text` writes.
    """
    try:
        plain = json.loads(text)
        alphabet = get_alphabet(str(plain["alphabet"]))
        arrays: dict[str, Any] = {name: _unpacked(plain[name]) for name in _ARRAYS if plain.get(name) is not None}
        words = {name: None if plain.get(name) is None else str(plain[name])[:_LONGEST] for name in _WORDS}
        lists: dict[str, Any] = {name: tuple(str(each)[:_LONGEST] for each in plain[name]) for name in _LISTS}
        kernels, bias = arrays["kernels"], arrays["bias"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ArgumentError) as error:
        raise FormatError(source, None, f"a text that is not whole ({type(error).__name__})", _ACCEPTED) from None
    n = len(kernels) if kernels.ndim == 3 else 0
    output = arrays.get("output_weights", bias)
    shares = arrays.get("background", np.ones(len(alphabet)) / len(alphabet))
    fits = (
        n
        and shares.shape == (len(alphabet),)
        and shares.min() > 0
        and abs(shares.sum() - 1) < 1e-3
        and kernels.shape[1] == len(alphabet)
        and bias.shape == output.shape == (n,)
        and len(lists["names"]) == n
    )
    if not fits or not all(np.isfinite(array).all() for array in arrays.values()):
        raise FormatError(source, None, f"kernels of shape {kernels.shape}", _ACCEPTED)
    whole = None if plain.get("whole") is None else WholeNetwork.of_plain(plain["whole"])
    if whole is None and plain.get("whole") is not None:
        raise FormatError(source, None, "settings of no network", _ACCEPTED)
    told: dict[str, Any] = {
        name: words[name] or "" for name in ("source", "format", "layer", "axes", "letters", "check")
    }
    told |= {name: words[name] for name in ("activation", "pooling", "padding")} | {"whole": whole}
    told |= _facts(plain)
    return ImportedKernels(alphabet=alphabet, **arrays, **told, **lists)


def _facts(plain: dict[str, Any]) -> dict[str, Any]:
    """What is known of kernels; anything but a plain yes or no is taken as not known."""
    reads, difference = plain.get("reads_letters"), plain.get("difference")
    is_number = isinstance(difference, int | float) and math.isfinite(difference) and not isinstance(difference, bool)
    return {
        "flip": bool(plain.get("flip")),
        "reads_letters": reads if isinstance(reads, bool) else None,
        "bias_is_known": plain.get("bias_is_known") is True,
        "difference": float(difference or 0) if is_number else None,
    }


def _packed(array: Array) -> dict[str, Any]:
    little = array.astype(array.dtype.newbyteorder("<"))
    return {"shape": list(array.shape), "type": array.dtype.name, "data": base64.b64encode(little.tobytes()).decode()}


def _unpacked(entry: Any) -> Array:
    dtype = {"float32": "<f4", "float64": "<f8"}[entry["type"]]
    shape = [int(size) for size in entry["shape"]]
    if len(shape) > 3 or min(shape, default=1) < 1 or math.prod(shape) > MOST_NUMBERS:
        raise ValueError("a shape that no kernels have")
    return np.frombuffer(base64.b64decode(entry["data"], validate=True), dtype).reshape(shape).astype(entry["type"])
