"""Networks of files that hold named tensors and no architecture: state dicts, safetensors, .npz."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from epool_viz.data.networks.network_layers import (
    KERAS_1D,
    KERAS_2D,
    TORCH_1D,
    TORCH_2D,
    Convolution,
    Network,
    Step,
    Tensor,
    tensor_of,
)
from epool_viz.data.networks.parts import adapter_factors, joined

USUAL_EPSILON = 1e-5  # torch's
KERAS_EPSILON = 1e-3
_TORCH_NORM = {"gamma": "weight", "beta": "bias", "mean": "running_mean", "variance": "running_var"}
_KERAS_NORM = {"gamma": "gamma", "beta": "beta", "mean": "moving_mean", "variance": "moving_variance"}
_WEIGHTS = (".weight", "/kernel", "_W", ".kernel", "/vars/0", "/W")
_BIASES = {
    ".weight": ".bias", "/kernel": "/bias", "_W": "_b", ".kernel": ".bias", "/vars/0": "/vars/1", "/W": "/b"
}  # fmt: skip
_MOST_NUMBERS = 32  # that count in the order of a name
_BARE = {"weight": "bias"}
_OF_KERAS = ("/kernel", "/vars/0", "_W", "/W")
# in the names that Keras gives: of layers whose weight is no one kernel over the letters
_NOT_PLAIN = ("depthwise", "pointwise", "separable", "transpose", "locally", "recurrent")
NOT_READ = "{} is of a depthwise, separable or transposed convolution, or of none, and is not read."
_FACTORS = (
    "{} belong to an adapter, whose product is added to the weights of a layer, and are no kernels: merge it into them "
    "first, as `merge_and_unload()` of PEFT does."
)
# 2-D weights with names as these are a layer's that reads no letters position by position
_LAYERS = re.compile(r"w?([a-z]*emb(ed(ding)?s?)?|fc|linear|dense|head|classifier|proj[a-z]*)\d*")  # a word of a name
_BETWEEN = re.compile(r"[._/]")
_MOTIFS = re.compile(r"(?i)conv|motif|pwm|pfm|kernel\d*[._/]|filter")
_NO_WEIGHTS = ("exp_avg", "exp_avg_sq", "momentum", "optimizer", "moving_", "running_")


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
        Whose order of axes it is; None takes it from the names.
    """
    whole, doubts = joined(_in_order(tensors), source)
    factors = adapter_factors(whole)
    by_name = {tensor.name: tensor for tensor in whole}
    norms = tuple(step for each in whole if (step := _batch_norm(each, by_name)) is not None)
    convolutions = [
        dataclasses.replace(_convolution(tensor, by_name, whole, roles), doubt=doubts.get(tensor.name, ""), norms=norms)
        for tensor in whole
        if len(tensor.shape) in (3, 4)
        and tensor.name not in factors
        and not any(word in tensor.name for word in _NO_WEIGHTS)
    ]
    # what is called as the weights of layers are comes before anything else of that shape
    convolutions.sort(key=lambda conv: not conv.weight.name.endswith((*_WEIGHTS, *_BARE)))
    plain = tuple(each for each in convolutions if not _is_other(each.weight.name, roles))
    left_out = tuple(NOT_READ.format(each.weight.said) for each in convolutions if each not in plain)
    named = [each.said for each in whole if each.name in factors and len(each.shape) > 1]
    if named:
        more = f" and {len(named) - 4} more" if len(named) > 4 else ""
        left_out += (_FACTORS.format(", ".join(f"`{each}`" for each in named[:4]) + more),)
    return Network(source, format, plain, left_out)


def _is_other(name: str, roles: str | None) -> bool:
    """Whether Keras names a weight as one of a layer that is no plain convolution."""
    is_of_keras = roles == "keras" or name.removesuffix(":0").endswith((*_OF_KERAS, "wise_kernel"))
    return is_of_keras and any(word in name.lower() for word in _NOT_PLAIN)


def network_of_arrays(arrays: Mapping[str, Any], *, source: str, format: str) -> Network:  # noqa: A002
    """The same of arrays that are here already; a matrix is one kernel where nothing has three axes."""
    tensors = [tensor_of(str(name), values) for name, values in arrays.items()]
    network = network_of_tensors(tensors, source=source, format=format)
    is_known = network.convolutions or network.remarks
    return network if is_known else matrices(tensors, source=source, format=format)


def matrices(tensors: Sequence[Tensor], *, source: str, format: str) -> Network:  # noqa: A002
    """Each matrix as one kernel, (letter, position) where it fits; one that is named as another layer's is none."""
    found = []
    left_out = []
    for tensor in tensors:
        if len(tensor.shape) == 2 and _is_layers(tensor.name):
            left_out.append(f"`{tensor.said}` is a matrix of an embedding or a dense layer by its name, and no kernel.")
        elif len(tensor.shape) == 2:
            added = Tensor(tensor.name, (1, *tensor.shape), lambda tensor=tensor: tensor.read()[None])  # type: ignore[misc]
            found.append(Convolution(tensor.name, added))
    return Network(source, format, tuple(found), tuple(left_out[:4]))


def _is_layers(name: str) -> bool:
    """Whether a matrix is named as the weight of a layer that is no convolution."""
    is_weight = name.removesuffix(":0").endswith((".weight", "/kernel", ".kernel", "/vars/0"))
    words = _BETWEEN.split(name.lower())
    return (is_weight and not _MOTIFS.search(name)) or any(_LAYERS.fullmatch(word) for word in words)


def _convolution(
    tensor: Tensor, by_name: Mapping[str, Tensor], whole: Sequence[Tensor], said: str | None
) -> Convolution:
    bare = next((each for each in _BARE if tensor.name == each), "")  # of a layer that is all there is
    ending = bare or next((each for each in _WEIGHTS if tensor.name.endswith(each)), "")
    stem = tensor.name.removesuffix(ending)
    bias = by_name.get(_BARE[bare] if bare else stem + _BIASES[ending]) if ending else None
    framework = said or ("torch" if ending in (".weight", "weight") else "keras" if ending in _OF_KERAS else None)
    axes = {"torch": {3: TORCH_1D, 4: TORCH_2D}, "keras": {3: KERAS_1D, 4: KERAS_2D}}.get(str(framework), {})
    roles = axes.get(len(tensor.shape))
    n = None if roles is None else tensor.shape[roles.index("kernel")]
    if bias is not None and n is not None and bias.shape != (n,):
        bias = None
    batch_norm = _next_batch_norm(tensor, whole, by_name, n)
    return Convolution(stem or ("the convolution" if bare else tensor.name), tensor, bias, roles, batch_norm=batch_norm)


def _next_batch_norm(
    tensor: Tensor, whole: Sequence[Tensor], by_name: Mapping[str, Tensor], n: int | None
) -> Step | None:
    """The batch-norm whose statistics stand before the next weight of three axes or two."""
    place = next(i for i, each in enumerate(whole) if each is tensor)
    for each in whole[place + 1 :]:
        if len(each.shape) > 1:
            return None
        if each.name.endswith(".running_mean") and each.shape == (n,):
            step = _batch_norm(each, by_name)
            return step if step is not None and "variance" in step.tensors else None
    return None


def _batch_norm(mean: Tensor, by_name: Mapping[str, Tensor]) -> Step | None:
    """The batch-norm whose running mean this is, in the words of torch or Keras; None where it is none."""
    for words, epsilon in ((_TORCH_NORM, USUAL_EPSILON), (_KERAS_NORM, KERAS_EPSILON)):
        found = re.fullmatch(rf"(?:(.*)([./]))?{words['mean']}", mean.name)
        if found is not None and len(mean.shape) == 1:
            begin = (found[1] or "") + (found[2] or "")
            held = {key: by_name[begin + name] for key, name in words.items() if begin + name in by_name}
            return Step("batch_norm", found[1] or mean.name, tensors=held, epsilon=epsilon)
    return None


def _in_order(tensors: Sequence[Tensor]) -> list[Tensor]:
    """The tensors as they come, but layers that differ by a number only by that number: 2 before 10."""
    ranks: dict[tuple[str, ...], int] = {}

    def key(name: str) -> list[tuple[int, int]]:
        parts = re.split(r"(\d{1,9})", name, maxsplit=_MOST_NUMBERS)
        found = []
        for place, part in enumerate(parts):
            if place % 2:
                found.append((0, int(part)))
            else:
                # what has no number keeps the place at which it first came
                plain = tuple(parts[: place + 1])
                found.append((ranks.setdefault(plain, len(ranks)), 0))
        return found

    keys = {tensor.name: key(tensor.name) for tensor in tensors}
    return sorted(tensors, key=lambda tensor: keys[tensor.name])
