"""Networks of files that hold named tensors and no architecture: state dicts, safetensors, .npz."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from epool_viz.data.importing.network import (
    KERAS_1D,
    KERAS_2D,
    TORCH_1D,
    TORCH_2D,
    Array,
    Convolution,
    Network,
    Step,
    Tensor,
    tensor_of,
)

USUAL_EPSILON = 1e-5  # torch's
_WEIGHTS = (".weight", "/kernel", "_W", ".kernel", "/vars/0", "/W")
_BIASES = {
    ".weight": ".bias", "/kernel": "/bias", "_W": "_b", ".kernel": ".bias", "/vars/0": "/vars/1", "/W": "/b"
}  # fmt: skip
_OF_KERAS = ("/kernel", "/vars/0", "_W", "/W")
_NO_WEIGHTS = ("exp_avg", "exp_avg_sq", "momentum", "optimizer", "moving_", "running_")
# how torch stores a weight of unit length and its length apart
_PARTED = (("weight_v", "weight_g"), ("parametrizations.weight.original1", "parametrizations.weight.original0"))


def network_of_tensors(
    tensors: Sequence[Tensor],
    *,
    source: str,
    format: str,  # noqa: A002 - the word of readers
    roles: str | None = None,
) -> Network:
    """Every tensor that could be a convolution's weight, in the order of the file.

    Parameters
    ----------
    tensors : sequence of Tensor
    source, format : str
    roles : "torch", "keras" or None
        Whose order of axes it is; None tells by the names.
    """
    whole = list(_joined(tensors))
    by_name = {tensor.name: tensor for tensor in whole}
    convolutions = [
        _convolution(tensor, by_name, whole, roles)
        for tensor in whole
        if len(tensor.shape) in (3, 4) and not any(word in tensor.name for word in _NO_WEIGHTS)
    ]
    return Network(source, format, tuple(convolutions))


def network_of_arrays(arrays: Mapping[str, Any], *, source: str, format: str) -> Network:  # noqa: A002
    """The same of arrays that are here already; a matrix is one kernel where nothing has three axes."""
    tensors = [tensor_of(str(name), values) for name, values in arrays.items()]
    network = network_of_tensors(tensors, source=source, format=format)
    return network if network.convolutions else matrices(tensors, source=source, format=format)


def matrices(tensors: Sequence[Tensor], *, source: str, format: str) -> Network:  # noqa: A002
    """Each matrix as one kernel, (letter, position) where it fits."""
    found = []
    for tensor in tensors:
        if len(tensor.shape) == 2:
            added = Tensor(tensor.name, (1, *tensor.shape), lambda tensor=tensor: tensor.read()[None])  # type: ignore[misc]
            found.append(Convolution(tensor.name, added))
    return Network(source, format, tuple(found))


def _convolution(
    tensor: Tensor, by_name: Mapping[str, Tensor], whole: Sequence[Tensor], said: str | None
) -> Convolution:
    ending = next((each for each in _WEIGHTS if tensor.name.endswith(each)), "")
    stem = tensor.name.removesuffix(ending)
    bias = by_name.get(stem + _BIASES[ending]) if ending else None
    framework = said or ("torch" if ending == ".weight" else "keras" if ending in _OF_KERAS else None)
    axes = {"torch": {3: TORCH_1D, 4: TORCH_2D}, "keras": {3: KERAS_1D, 4: KERAS_2D}}.get(str(framework), {})
    roles = axes.get(len(tensor.shape))
    n = None if roles is None else tensor.shape[roles.index("kernel")]
    if bias is not None and n is not None and bias.shape != (n,):
        bias = None
    batch_norm = _next_batch_norm(tensor, whole, by_name, n)
    return Convolution(stem or tensor.name, tensor, bias, roles, batch_norm=batch_norm)


def _next_batch_norm(
    tensor: Tensor, whole: Sequence[Tensor], by_name: Mapping[str, Tensor], n: int | None
) -> Step | None:
    """The batch-norm whose statistics stand before the next weight of three axes or two."""
    place = next(i for i, each in enumerate(whole) if each is tensor)
    for each in whole[place + 1 :]:
        if len(each.shape) > 1:
            return None
        if each.name.endswith(".running_mean") and each.shape == (n,):
            stem = each.name.removesuffix(".running_mean")
            names = {"gamma": "weight", "beta": "bias", "mean": "running_mean", "variance": "running_var"}
            held = {key: by_name[f"{stem}.{name}"] for key, name in names.items() if f"{stem}.{name}" in by_name}
            return Step("batch_norm", stem, tensors=held, epsilon=USUAL_EPSILON) if "variance" in held else None
    return None


def _joined(tensors: Sequence[Tensor]) -> Iterator[Tensor]:
    """The tensors, those of a weight normalisation put together again."""
    by_name = {tensor.name: tensor for tensor in tensors}
    for tensor in tensors:
        for direction, length in _PARTED:
            stem = tensor.name.removesuffix(direction)
            if stem != tensor.name and stem + length in by_name:
                yield _unparted(tensor, by_name[stem + length], stem + "weight")
                break
            stem = tensor.name.removesuffix(length)
            if stem != tensor.name and stem + direction in by_name:
                break
        else:
            yield tensor


def _unparted(direction: Tensor, length: Tensor, name: str) -> Tensor:
    def read() -> Array:
        v = np.asarray(direction.read(), dtype=np.float64)
        g = np.asarray(length.read(), dtype=np.float64).reshape(-1, *(1,) * (v.ndim - 1))
        norm = np.sqrt((v**2).sum(axis=tuple(range(1, v.ndim)), keepdims=True))
        with np.errstate(divide="ignore", invalid="ignore"):
            return g * v / norm

    return dataclasses.replace(direction, name=name, read=read)
