"""What the axes of data are on their way to a convolution and on, whatever the framework."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import Step, tensor_of
from epool_viz.data.networks.numbers import norm_affine

BATCH, LETTER, POSITION, SINGLE, KERNEL = "batch", "letter", "position", "1", "kernel"
OPEN = "axes that can be read in two ways"
ALPHABETS = (4, 5, 20, 21)
Sizes = list[int | None]
Roles = list[str]
_T = TypeVar("_T")


class UnknownError(Exception):
    """An unknown step on the way."""


def known(value: _T | None) -> _T:
    """The value, where there is one.

    Raises
    ------
    UnknownError
    """
    if value is None:
        raise UnknownError
    return value


def unreshaped(roles: Roles, before: Sizes, after: Sizes) -> Roles:
    """What the axes were before axes of one were put in or taken out.

    Raises
    ------
    UnknownError
        If anything else was done, or it is not known.
    """
    kept = [(role, size) for role, size in zip(roles, after, strict=True) if size != 1]
    lost = [role for role, size in zip(roles, after, strict=True) if size == 1]
    if [size for size in before if size != 1] != [size for _, size in kept] or before.count(None) > 1:
        raise UnknownError
    if any(role not in (SINGLE, BATCH) for role in lost):
        raise UnknownError
    names = iter(role for role, _ in kept)
    found = [SINGLE if size == 1 else next(names) for size in before]
    if BATCH not in found and found[:1] == [SINGLE]:
        found[0] = BATCH
    return found


def spread(values: Sequence[Any], axes: Sequence[int], what: Any) -> list[Any]:
    """The values with more among them; the axes are places of the outcome."""
    rank = len(values) + len(axes)
    places = {each % rank for each in axes}
    rest = iter(values)
    return [what if place in places else next(rest) for place in range(rank)]


def along_axis(number: Array, roles: Sequence[str], axis: str, n: int) -> Array:
    """A constant, which is broadcast to data of these axes, as one number for each entry of one of them.

    Raises
    ------
    UnknownError
        If it differs along another axis, or is no number.
    """
    rank = len(roles)
    if number.dtype.kind not in "fiu" or number.ndim > rank or axis not in roles:
        raise UnknownError
    shape = (1,) * (rank - number.ndim) + number.shape
    place = roles.index(axis)
    if shape[place] not in (1, n) or any(size != 1 for i, size in enumerate(shape) if i != place):
        raise UnknownError
    values = np.broadcast_to(number.astype(np.float64).reshape(-1), (n,))
    if not np.isfinite(values).all():
        raise UnknownError
    return values


def affine(kind: str, number: Array, *, is_first: bool) -> tuple[Array, Array]:
    """Factor and shift of "add", "sub", "mul" or "div" with a number; `is_first` where the number comes first.

    Raises
    ------
    UnknownError
        If it is no such thing, as one divided by the data.
    """
    ones, zeros = np.ones(len(number)), np.zeros(len(number))
    if kind == "add":
        return ones, number
    if kind == "mul":
        return number, zeros
    if kind == "sub":
        return (-ones, number) if is_first else (ones, -number)
    if kind == "div" and not is_first and number.all():
        return 1 / number, zeros
    raise UnknownError


def scaling(name: str, what: str, factor: Array, shift: Array) -> Step:
    """A step that multiplies each row and adds to it."""
    tensors = {"factor": tensor_of(f"{name}.factor", factor), "shift": tensor_of(f"{name}.shift", shift)}
    return Step("scale", name, what, tensors)


def of_norm(step: Step, n: int) -> tuple[Array, Array]:
    """The factor and the shift of a batch-norm.

    Raises
    ------
    UnknownError
        If a variance is not positive.
    """
    values = {name: each.read().astype(np.float64).reshape(n) for name, each in step.tensors.items()}
    if not (values["variance"] + step.epsilon > 0).all():
        raise UnknownError
    return norm_affine(values, step.epsilon)


def reordering(name: str, what: str, order: Sequence[int], n: int) -> Step:
    """A step that puts `n` letters in another order.

    Raises
    ------
    UnknownError
        If a letter is missing or comes twice.
    """
    if any(not -n <= each < n for each in order) or sorted(each % n for each in order) != list(range(n)):
        raise UnknownError
    return Step("letters", name, what, order=tuple(each % n for each in order))


def letter_axis(kernel: Sequence[int], data: Sequence[int | None]) -> int | None:
    """Which of two spatial axes, 0 or 1, a one-channel kernel covers whole, so that the letters lie there.

    Returns
    -------
    int or None
        None where both could be.

    Raises
    ------
    UnknownError
        If neither is: the kernel slides over both.
    """
    found = [axis for axis in (0, 1) if kernel[axis] in ALPHABETS and data[axis] in (None, kernel[axis])]
    if len(found) == 2:
        found = [axis for axis in found if data[axis] == kernel[axis]] or found
    if not found:
        raise UnknownError
    return found[0] if len(found) == 1 else None
