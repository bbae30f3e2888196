"""Axes of arrays without a framework: by their names, and by the length of their bias."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from epool_viz.data.networks.network_layers import (
    KERAS_1D,
    KERAS_2D,
    Convolution,
    Network,
    Tensor,
    framework_readings,
    readings,
    tensor_of,
)
from epool_viz.data.networks.tensors import matrices, network_of_tensors
from epool_viz.errors import ArgumentError

_LETTERS = (4, 20, 5, 21)
# in which order a framework may have written the axes of an array that has no name
_FRAMEWORKS = (("kernel", "letter", "position"), ("position", "letter", "kernel"))
_NAMELESS = re.compile(r"(arr|weight|param)_\d+")
_KERNEL = re.compile(r"(^|[./])kernel$")  # Keras and flax alike: (position, in, kernel)
_WITH_BIAS = (1, 5)  # a bias alone, or one and the four of a batch-norm


def named_arrays(arrays: Any) -> dict[str, Any]:
    """Arrays by name, out of whatever the caller has.

    Parameters
    ----------
    arrays : array, arrays by name, or a list of them as `model.get_weights()` gives it

    Raises
    ------
    ArgumentError
        For what is no array.
    """
    if isinstance(arrays, Mapping):
        return {str(name): value for name, value in arrays.items()}
    if isinstance(arrays, list | tuple) and _are_weights(arrays):
        return {f"weight_{place}": each for place, each in enumerate(arrays)}
    try:
        return {"kernels": np.asarray(arrays)}
    except ValueError:
        found = "a list of arrays of different shapes that are no weights"
        raise ArgumentError("source", found, "an array, arrays by name, or the list of `model.get_weights()`") from None


def network_of_named(tensors: Sequence[Tensor], *, source: str, format: str) -> Network:  # noqa: A002
    """The convolutions among arrays by name, with what their names and their neighbours say of their axes."""
    tensors = [dataclasses.replace(each, name=each.name.removesuffix(":0")) for each in tensors]
    network = network_of_tensors(tensors, source=source, format=format)
    if not (network.convolutions or network.remarks):
        return matrices(tensors, source=source, format=format)
    told = tuple(_named(each, tensors) for each in network.convolutions)
    return dataclasses.replace(network, convolutions=told)


def network_of_values(arrays: Any, *, source: str, format: str) -> Network:  # noqa: A002
    """The same of arrays that are here already."""
    tensors = [tensor_of(name, values) for name, values in named_arrays(arrays).items()]
    return network_of_named(tensors, source=source, format=format)


def _are_weights(arrays: Sequence[Any]) -> bool:
    shapes = [getattr(each, "shape", None) for each in arrays]
    return len(set(shapes)) > 1 and None not in shapes and any(len(shape) in (3, 4) for shape in shapes if shape)


def _named(conv: Convolution, tensors: Sequence[Tensor]) -> Convolution:
    if conv.roles is not None:
        return conv
    name = conv.weight.name
    if _KERNEL.search(name):
        roles: tuple[str, ...] | None = {3: KERAS_1D, 4: KERAS_2D}.get(len(conv.weight.shape))
        bias = _by_name(tensors, name.removesuffix("kernel") + "bias")
        fits = bias is not None and bias.shape == conv.weight.shape[-1:]
        return dataclasses.replace(conv, roles=roles, bias=bias if fits else conv.bias)
    behind = _behind(conv.weight, tensors)
    is_nameless = len(tensors) > 1 and bool(_NAMELESS.fullmatch(name))
    if not is_nameless:
        behind = [each for each in behind[:1] if re.search(r"bias|(^|[._/])b\d*$", each.name)]
    return _by_bias(conv, behind, is_nameless=is_nameless)


def _by_bias(conv: Convolution, behind: Sequence[Tensor], *, is_nameless: bool) -> Convolution:
    """The reading that the length of what follows leaves, and the bias where that is what follows."""
    shape = conv.weight.shape
    found = [each for n in _LETTERS[:2] for each in readings(shape, None, n)]
    if is_nameless:
        usual = [each for n in _LETTERS[:2] for each in framework_readings(shape, n)]
        found = [each for each in found if each in (usual if len(shape) == 4 else _FRAMEWORKS)] or found
    if behind:
        length = behind[0].shape[0]
        found = [each for each in found if shape[each.index("kernel")] == length]
        same = next((place for place, each in enumerate(behind) if each.shape != (length,)), len(behind))
        has_bias = bool(found) and same in _WITH_BIAS
    else:
        has_bias = False
    if len(found) != 1:
        return dataclasses.replace(conv, is_open=is_nameless)
    return dataclasses.replace(conv, roles=found[0], bias=behind[0] if has_bias else None)


def _behind(weight: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
    """The arrays of one axis that stand between a weight and the next one."""
    place = next(i for i, each in enumerate(tensors) if each.name == weight.name)
    rest = tensors[place + 1 :]
    end = next((i for i, each in enumerate(rest) if len(each.shape) != 1), len(rest))
    return list(rest[:end])


def _by_name(tensors: Sequence[Tensor], name: str) -> Tensor | None:
    return next((each for each in tensors if each.name == name), None)
