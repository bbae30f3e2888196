"""The one gate at the border of `core`: which array library, which floating type, which shape."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from epool_viz.core.types import AnyArray
from epool_viz.errors import ArgumentError, ShapeError


def is_torch(x: Any) -> bool:
    """Whether `x` is a torch tensor, without importing torch to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def namespace(*arrays: Any) -> Any:
    """The array API namespace that the arrays share.

    NumPy since 2.1 is one by itself; the compatible layer, which takes 0.1 s to import, is left to the others.
    """
    if all(isinstance(x, np.ndarray | np.generic) for x in arrays):
        return np
    from array_api_compat import array_namespace

    return array_namespace(*arrays)


def as_float(x: Any, name: str, *, like: AnyArray | None = None) -> AnyArray:
    """Return `x` as an array of floating type; numbers and lists become NumPy arrays, or what `like` is.

    Raises
    ------
    ArgumentError
        If `x` does not hold real numbers.
    """
    if is_torch(x):
        xp = namespace(x)
        if like is not None:
            return xp.astype(x, like.dtype)
        return x if xp.isdtype(x.dtype, "real floating") else xp.astype(x, xp.float64)
    try:
        array = np.asarray(x)
        if array.dtype not in (np.float32, np.float64):
            array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(name, f"a {type(x).__name__} that holds no numbers", "an array of real numbers") from None
    if like is None:
        return array
    if is_torch(like):
        return namespace(like).asarray(np.array(array), dtype=like.dtype, device=like.device)
    return array.astype(like.dtype, copy=False)


def require_shape(x: AnyArray, name: str, *, at_least: int, accepted: str) -> None:
    """Raise a `ShapeError` unless `x` has that many axes and none of the last `at_least` is empty."""
    if x.ndim < at_least or 0 in tuple(x.shape)[x.ndim - at_least :]:
        raise ShapeError(name, f"of shape {tuple(x.shape)}", accepted)


def require_finite(x: AnyArray, name: str) -> None:
    """Raise an `ArgumentError` if `x` holds NaN or an infinity."""
    xp = namespace(x)
    if not bool(xp.all(xp.isfinite(x))):
        raise ArgumentError(name, "an array with NaN or infinity in it", "finite numbers")


def require_number(value: Any, name: str, *, above: float | None = None, at_least: float | None = None) -> None:
    """Raise an `ArgumentError` unless `value` (a number, or an array of them) is finite and within the bound."""
    bound = f" > {above:g}" if above is not None else f" >= {at_least:g}" if at_least is not None else ""
    accepted = f"a finite number{bound}"
    if is_torch(value) or isinstance(value, np.ndarray):
        value = value.detach() if is_torch(value) else value
        low, high = float(value.min()), float(value.max())
    else:
        try:
            low = high = float(value)
        except (TypeError, ValueError):
            raise ArgumentError(name, repr(value), accepted) from None
    inside = (above is None or low > above) and (at_least is None or low >= at_least)
    if not (math.isfinite(low) and math.isfinite(high) and inside):
        raise ArgumentError(name, f"{low:g}", accepted)


def require_whole(value: Any, name: str, *, at_least: int) -> None:
    """Raise an `ArgumentError` unless `value` is an int and not below the bound."""
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise ArgumentError(name, repr(value), f"a whole number >= {at_least}")


def require_choice(value: Any, name: str, choices: tuple[Any, ...]) -> None:
    """Raise an `ArgumentError` that lists every choice unless `value` is one of them."""
    if not any(value == choice and type(value) is type(choice) for choice in choices):
        raise ArgumentError(name, repr(value), ", ".join(repr(choice) for choice in choices))


def background_like(background: Any, like: AnyArray, n_letters: int, name: str = "background") -> AnyArray:
    """Return letter probabilities as an array like `like`, summing to 1; None is uniform.

    Raises
    ------
    ArgumentError
        If there is not one positive number a letter, or they do not sum to 1 within 1e-3 (printed tables round).
    """
    if background is None:
        values = np.full(n_letters, 1.0 / n_letters)
    else:
        values = np.asarray(background.detach().cpu() if is_torch(background) else background, dtype=np.float64)
        total = float(values.sum()) if values.ndim == 1 else math.nan
        if values.shape != (n_letters,) or not bool(np.all(values > 0)) or not abs(total - 1) <= 1e-3:
            found = " ".join(f"{v:g}" for v in values.ravel()[:8]) or "empty"
            raise ArgumentError(name, f"{found} (shape {values.shape})", f"{n_letters} positive numbers that sum to 1")
        values = values / total
    return as_float(values, name, like=like)


def masked_max(x: AnyArray, mask: AnyArray | None) -> AnyArray:
    """The largest of the last axis, kept as an axis of length 1, over the places where `mask` holds."""
    xp = namespace(x)
    if mask is not None:
        x = xp.where(mask, x, xp.full_like(x, -math.inf))
    return xp.max(x, axis=-1, keepdims=True)


def check_mask(mask: Any, scores: AnyArray, *, allow_empty: bool = False) -> AnyArray | None:
    """Return `mask` as a boolean array that broadcasts over `scores`, with something left in every row."""
    if mask is None:
        return None
    xp = namespace(scores)
    if not is_torch(mask):
        mask = np.array(mask)
        mask = xp.asarray(mask, device=scores.device) if is_torch(scores) else mask
    if not xp.isdtype(mask.dtype, "bool"):
        raise ArgumentError("mask", f"of type {mask.dtype}", "booleans, True where a window takes part")
    try:
        mask = xp.broadcast_to(mask, scores.shape)
    except (ValueError, RuntimeError):
        raise ShapeError(
            "mask", f"of shape {tuple(mask.shape)}", f"what broadcasts to the scores, {tuple(scores.shape)}"
        ) from None
    if not allow_empty and not bool(xp.all(xp.any(mask, axis=-1))):
        raise ArgumentError("mask", "False everywhere in some row", "at least one window that takes part in each row")
    return mask


def only_first_max(x: AnyArray) -> AnyArray:
    """True at the first largest place of the last axis, False elsewhere."""
    xp = namespace(x)
    places = xp.arange(x.shape[-1], device=x.device if is_torch(x) else None)
    return places == xp.argmax(x, axis=-1, keepdims=True)
