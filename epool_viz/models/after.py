"""What the scores of a convolution go through.

A name counts only where the numbers agree: a maximum is one over the windows if it is the maximum of every row of
windows that came out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import Step, tensor_of
from epool_viz.models.before import BATCH_NORMS, affine_of, batch_norm_of, floats, what_it_is
from epool_viz.models.pooling import Pooling
from epool_viz.models.runs import SEQUENCES, Run
from epool_viz.models.watching import Call, Pass, Value

_CLOSE = 1e-4  # of single precision, relative
_CLOSE_OF_HALVES = 3e-2
_ASIDE = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout, nn.FeatureAlphaDropout, nn.Identity)
_ACTIVATIONS: dict[type[nn.Module], str] = {
    nn.ReLU: "relu", nn.LeakyReLU: "leaky relu", nn.ELU: "elu", nn.SELU: "selu", nn.GELU: "gelu", nn.SiLU: "silu",
    nn.Sigmoid: "sigmoid", nn.Tanh: "tanh", nn.Softplus: "softplus", nn.PReLU: "prelu", nn.Softmax: "softmax",
    nn.Hardtanh: "clip", nn.ReLU6: "relu6", nn.CELU: "celu", nn.Mish: "mish", nn.Hardswish: "hardswish",
    nn.Hardsigmoid: "hardsigmoid", nn.Softsign: "softsign", nn.LogSigmoid: "logsigmoid",
}  # fmt: skip
_CALLED = {
    "relu": "relu", "relu_": "relu", "leaky_relu": "leaky relu", "sigmoid": "sigmoid", "sigmoid_": "sigmoid",
    "tanh": "tanh", "tanh_": "tanh", "exp": "exponential", "exp_": "exponential", "elu": "elu", "selu": "selu",
    "gelu": "gelu", "silu": "silu", "softplus": "softplus", "softmax": "softmax", "prelu": "prelu", "relu6": "relu6",
    "hardtanh": "clip", "celu": "celu", "mish": "mish", "logsigmoid": "logsigmoid",
}  # fmt: skip
_EXACT: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "exponential": torch.exp,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": nn.functional.softplus,
    "selu": nn.functional.selu,
    "silu": nn.functional.silu,
    "mish": nn.functional.mish,
}
_CLAMPS = ("clamp", "clamp_", "clip", "clip_", "clamp_min", "clamp_min_")
_MOVING = ("squeeze", "unsqueeze", "flatten", "view", "reshape", "transpose", "permute", "contiguous", "movedim",
           "swapaxes", "swapdims", "T", "mT", "unflatten", "rearrange", "view_as", "reshape_as", "expand",
           "squeeze_", "unsqueeze_", "transpose_", "__getitem__", "select", "flip", "Flatten", "Unflatten")  # fmt: skip
_COPYING = ("float", "double", "half", "to", "type", "type_as", "detach", "clone", "data", "cpu", "cuda", "dropout",
            "alpha_dropout", "feature_dropout", "requires_grad_", "identity", "contiguous")  # fmt: skip
_ARITHMETIC = ("add", "sub", "mul", "div", "true_divide", "neg", "negative", "rsub", "subtract", "multiply", "divide",
               "add_", "sub_", "mul_", "div_", "neg_", "__add__", "__radd__", "__sub__", "__rsub__", "__mul__",
               "__rmul__", "__truediv__", "__rtruediv__", "__iadd__", "__isub__", "__imul__", "__itruediv__",
               "__neg__", "__pos__")  # fmt: skip
_LOCAL = {
    "max_pool1d": "local max", "max_pool2d": "local max", "MaxPool1d": "local max", "MaxPool2d": "local max",
    "boolean_dispatch": "local max", "avg_pool1d": "local average", "avg_pool2d": "local average",
    "AvgPool1d": "local average", "AvgPool2d": "local average", "max_pool1d_with_indices": "local max",
}  # fmt: skip
_WHOLE = ("max", "amax", "mean", "logsumexp", "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_avg_pool1d",
          "adaptive_avg_pool2d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveAvgPool1d",
          "AdaptiveAvgPool2d", "max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d", "MaxPool1d", "MaxPool2d",
          "AvgPool1d", "AvgPool2d", "boolean_dispatch")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Stage:
    """A step behind a convolution, and the numbers behind it.

    Parameters
    ----------
    step : Step
    scores : shape (batch, kernel, position), or None
    """

    step: Step
    scores: Array | None


def read_after(call: Call, run: Run) -> list[Stage]:
    """What follows a call, as far as there is one way to go and it is known."""
    watched = run.passes[0]
    value = call.outputs[0]
    axes = _axes_of_scores(call)
    found: list[Stage] = []
    while True:
        users = value.users
        if value.is_output and not users:
            return found
        if len(users) != 1 or value.is_output or not watched.knows_outputs:
            return [*found, Stage(Step("other", "", _why_it_ends(value, watched)), None)]
        call = users[0]
        if _is_our_pooling(call) and axes == ("batch", "kernel", "position") and len(call.inputs) == 1:
            found += [Stage(step, None) for step in pooling_steps(call.name, cast(Pooling, call.layer))]
            scores, value = _arranged(value, axes), call.outputs[0]
            axes = None if scores is None else _axes_of_pooled(scores, value)
            continue
        step, value, axes = _classified(call, value, axes, run)
        found.append(Stage(step, None if axes is None else _arranged(value, axes)))
        if step.kind == "other":
            return found


def _is_our_pooling(call: Call) -> bool:
    """Whether a call is one of this package's layers, and gave what that computes."""
    layer, given = call.layer, call.inputs[0].data
    if not isinstance(layer, Pooling) or type(layer).__module__ != Pooling.__module__:
        return False
    if given is None or call.outputs[0].data is None:
        return False
    with torch.no_grad():
        own = layer.forward(given)
    out = call.outputs[0].data
    return own.shape == out.shape and torch.allclose(own, out, rtol=1e-3, atol=_atol(call))


def _why_it_ends(value: Value, watched: Pass) -> str:
    if len(value.users) > 1 or value.is_output:
        return "a place from which the scores go several ways"
    if watched.error:
        return f"a place behind which the module could not be run ({watched.error})"
    return "a place from which the scores leave torch"


def _axes_of_scores(call: Call) -> tuple[str, ...] | None:
    """What each axis of a convolution's scores is; None where there are letters among them."""
    data = call.outputs[0].data
    if data is None or data.ndim not in (3, 4) or data.shape[0] != SEQUENCES:
        return None
    if data.ndim == 3:
        return ("batch", "kernel", "position")
    if 1 not in data.shape[2:]:
        return None
    return ("batch", "kernel", "1", "position") if data.shape[2] == 1 else ("batch", "kernel", "position", "1")


def scores_of(call: Call) -> Array | None:
    """A convolution's scores, (batch, kernel, position)."""
    axes = _axes_of_scores(call)
    return None if axes is None else _arranged(call.outputs[0], axes)


def _arranged(value: Value, axes: tuple[str, ...]) -> Array | None:
    """Numbers as (batch, kernel, position), or None without positions."""
    if value.data is None or "position" not in axes:
        return None
    data = floats(value.data)
    words = [each for each in ("batch", "kernel", "position") if each in axes]
    moved = data.transpose([*(axes.index(each) for each in words), *(i for i, each in enumerate(axes) if each == "1")])
    n_kernels = data.shape[axes.index("kernel")] if "kernel" in axes else 1
    return moved.reshape(data.shape[axes.index("batch")], n_kernels, -1)


_Classified = tuple[Step, Value, tuple[str, ...] | None]


def _classified(call: Call, value: Value, axes: tuple[str, ...] | None, run: Run) -> _Classified:
    """What a call is, where its numbers agree, with what comes out of it and the axes of that."""
    unknown = Step("other", call.name, what_it_is(call))
    out = call.outputs[0]
    if len(call.inputs) > 1 or any(each.users or each.is_output for each in call.outputs[1:]):
        return unknown, out, None
    if value.data is None or out.data is None:
        return unknown, out, None
    if axes is None:  # kernels and positions are mixed: what it may still be is a dense layer, or nothing
        step = _dense(call, value, out, None)
        step = step or (Step("aside", call.name, call.word) if _is_same(value, out, call) else None)
        return step or _activated(call, value.data.double(), out.data.double()) or unknown, out, None
    here = value.data.double()
    step = _elementwise(call, here, out.data.double(), axes)
    if step is not None:
        return step, out, axes
    if call.word in _MOVING:
        return _moved(call, value, out, axes)
    if "position" in axes:
        return _pooled(call, value, out, axes, run) or (unknown, out, None)
    reads_kernels = axes[-1] == "kernel" or "kernel" not in axes
    return (_dense(call, value, out, axes) if reads_kernels else None) or unknown, out, None


def _is_same(value: Value, out: Value, call: Call) -> bool:
    is_known = call.word in (*_COPYING, *_MOVING) or isinstance(call.layer, _ASIDE)
    if not is_known or value.data is None or out.data is None or value.data.numel() != out.data.numel():
        return False
    return bool(torch.equal(value.data.double().reshape(-1), out.data.double().reshape(-1)))


def _activation(call: Call) -> str | None:
    if call.layer is not None:
        return _ACTIVATIONS.get(type(call.layer))
    if call.word in _CLAMPS:
        given = dict(zip(("input", "min", "max"), call.args, strict=False)) | call.kwargs
        low, high = given.get("min"), given.get("max")
        return "relu" if high is None and isinstance(low, int | float) and low == 0 else "clip"
    return _CALLED.get(call.word)


def _elementwise(call: Call, here: Tensor, there: Tensor, axes: tuple[str, ...]) -> Step | None:
    """A step after which every number stands where it stood."""
    if here.shape != there.shape:
        return None
    if isinstance(call.layer, _ASIDE) or call.word in _COPYING:
        return Step("aside", call.name, call.word) if torch.allclose(here, there, rtol=1e-5, atol=1e-6) else None
    if _activation(call) is not None:
        return _activated(call, here, there)
    if isinstance(call.layer, BATCH_NORMS) or call.word in ("batch_norm", *_ARITHMETIC):
        return _scaling(call, here, there, axes)
    return None


def _activated(call: Call, here: Tensor, there: Tensor) -> Step | None:
    """An activation, where the numbers are those of its name."""
    word = _activation(call)
    if word is None or here.shape != there.shape:
        return None
    exact = _EXACT.get(word)
    beta = getattr(call.layer, "beta", 1) if word == "softplus" else 1
    if beta != 1:
        word, exact = f"softplus of beta {beta:g}", partial(nn.functional.softplus, beta=beta)
    if exact is not None and not torch.allclose(exact(here), there, rtol=1e-3, atol=_atol(call)):
        return None
    return Step("activation", call.name, word)


def _atol(call: Call) -> float:
    data = call.outputs[0].data
    return _CLOSE_OF_HALVES if data is not None and data.dtype.itemsize < 4 else _CLOSE


def _scaling(call: Call, here: Tensor, there: Tensor, axes: tuple[str, ...]) -> Step | None:
    """A factor and a shift a kernel, if that is all that it is."""
    place = axes.index("kernel") if "kernel" in axes else None
    if place is None or "position" not in axes:
        return None
    flat = [each.movedim(place, 0).flatten(1) for each in (here, there)]
    low, high = flat[0].argmin(1, keepdim=True), flat[0].argmax(1, keepdim=True)
    ends = [(each.gather(1, low), each.gather(1, high)) for each in flat]
    width = ends[0][1] - ends[0][0]
    if not (width.abs() > 1e-9).all():
        return None
    factor = (ends[1][1] - ends[1][0]) / width
    shift = ends[1][0] - factor * ends[0][0]
    if not torch.allclose(factor * flat[0] + shift, flat[1], rtol=1e-3, atol=_atol(call)):
        return None
    if isinstance(call.layer, BATCH_NORMS) or call.word == "batch_norm":
        normed = batch_norm_of(call)
        known = None if normed is None else [torch.from_numpy(np.asarray(each)) for each in affine_of(normed)]
        agrees = known is not None and torch.allclose(known[0], factor[:, 0], rtol=1e-2, atol=_atol(call))
        return normed if agrees else None  # without running statistics it is what this batch makes of it
    tensors = {name: tensor_of(name, values[:, 0].numpy()) for name, values in (("factor", factor), ("shift", shift))}
    return Step("scale", call.name, call.word, tensors)


def _moved(call: Call, value: Value, out: Value, axes: tuple[str, ...]) -> _Classified:
    """A step that moves numbers, found by where it puts their places."""
    data = value.data
    unknown = Step("other", call.name, call.word)
    if data is None or out.data is None:
        return unknown, out, None
    places = torch.arange(data.numel(), device=data.device).reshape(data.shape)
    try:
        moved = call.again(places)
    except Exception:  # noqa: BLE001 - a function that does not take whole numbers
        return unknown, out, None
    is_whole = isinstance(moved, Tensor) and moved.numel() == data.numel() and moved.shape == out.data.shape
    if not is_whole or not torch.equal(moved.flatten().sort().values, places.flatten()):
        return unknown, out, None
    index = np.unravel_index(moved.cpu().numpy(), tuple(data.shape))
    new = _axes_after(index, axes, tuple(moved.shape))
    if new is None:
        return Step("reshape", call.name, "flatten"), out, None
    return Step("aside", call.name, call.word), out, new


def _axes_after(index: tuple[Array, ...], axes: tuple[str, ...], shape: tuple[int, ...]) -> tuple[str, ...] | None:
    """What each axis is now; None where one axis is of two kinds, or one kind lies along two."""
    new = []
    for axis, size in enumerate(shape):
        if size == 1:
            new.append("1")
            continue
        changes = {word for word, places in zip(axes, index, strict=True) if np.diff(places, axis=axis).any()}
        changes -= {"1"}
        if len(changes) != 1:
            return None
        new.append(changes.pop())
    plain = [each for each in new if each != "1"]
    if len(set(plain)) != len(plain):
        return None
    kernels = dict(zip(axes, index, strict=True)).get("kernel")
    if kernels is not None and "kernel" in new and (np.diff(kernels, axis=new.index("kernel")) != 1).any():
        return None  # in another order
    return tuple(new)


def _pooled(call: Call, value: Value, out: Value, axes: tuple[str, ...], run: Run) -> _Classified | None:
    """A pooling of the windows, over all of them or over stretches."""
    scores, data = _arranged(value, axes), out.data
    if scores is None or data is None:
        return None
    here = floats(data)
    n, k, length = scores.shape
    if call.word in _WHOLE and here.size == n * k:
        word = _pooling_word(scores, here.reshape(n, k), _atol(call))
        if word and (call.word not in _LOCAL or (run.is_fixed and _window(call) >= length)):
            return Step("pooling", call.name, word), out, _axes_of_pooled(scores, out)
    last = len(axes) - 1 - axes[::-1].index("position")
    kept = [size for axis, size in enumerate(here.shape) if axis != last]
    is_along = here.ndim == len(axes) and kept == [s for axis, s in enumerate(value.data.shape) if axis != last]  # type: ignore[union-attr]
    if call.word in _LOCAL and is_along and here.shape[last] < length and axes.index("batch") == 0:
        return Step("pooling", call.name, _LOCAL[call.word]), out, axes
    return None


def _window(call: Call) -> int:
    """Of a pooling over stretches: how long they are."""
    size = getattr(call.layer, "kernel_size", None)
    if size is None:
        size = call.kwargs.get("kernel_size", call.args[1] if len(call.args) > 1 else 0)
    return max(size) if isinstance(size, tuple | list) else int(size)


def _pooling_word(scores: Array, pooled: Array, atol: float) -> str:
    largest = scores.max(-1)
    sums = largest + np.log(np.exp(scores - largest[..., None]).sum(-1))
    for word, expected in (("max", largest), ("average", scores.mean(-1)), ("logsumexp", sums)):
        if np.allclose(pooled, expected, rtol=1e-3, atol=atol):
            return word
    return ""


def _axes_of_pooled(scores: Array, out: Value) -> tuple[str, ...] | None:
    shape = tuple(out.data.shape)  # type: ignore[union-attr]
    axes = ["1"] * len(shape)
    wanted = [("batch", scores.shape[0]), ("kernel", scores.shape[1])]
    for axis, size in enumerate(shape):
        if wanted and size == wanted[0][1]:
            axes[axis] = wanted.pop(0)[0]
    return None if wanted else tuple(axes)


def pooling_steps(name: str, layer: Pooling) -> list[Step]:
    """The steps of one of this package's layers."""
    settings = layer.settings()
    local = [Step("pooling", name, "local max")] if settings.get("local_window", 1) > 1 else []
    mode = {"mode": tensor_of("mode", settings.get("mode", 0))}
    return [*local, Step("pooling", name, str(settings["method"]), mode)]


def _dense(call: Call, value: Value, out: Value, axes: tuple[str, ...] | None) -> Step | None:
    """A layer that reads all values at once, with its weight where that is laid beside the kernels in their order."""
    weight: object
    bias: object
    if isinstance(call.layer, nn.Linear):
        weight, bias = call.layer.weight, call.layer.bias
    elif call.word == "linear":
        given = dict(zip(("input", "weight", "bias"), call.args, strict=False)) | call.kwargs
        weight, bias = given.get("weight"), given.get("bias")
    else:
        return None
    if not isinstance(weight, Tensor):
        return None
    is_so = axes is not None and _is_weighted(value, out, axes, weight, bias, _atol(call))
    tensors = {"weight": tensor_of(f"{call.name}.weight", floats(weight))} if is_so else {}
    return Step("dense", call.name, "Linear", tensors)


def _is_weighted(value: Value, out: Value, axes: tuple[str, ...], weight: Tensor, bias: object, atol: float) -> bool:
    """Whether what comes out is the weight times the values, one a kernel, and the bias."""
    sizes = dict(zip(axes, value.data.shape, strict=True)) if value.data is not None else {}
    if value.data is None or out.data is None or set(axes) - {"batch", "kernel", "1"} or "batch" not in sizes:
        return False
    if "kernel" in axes and axes.index("kernel") < axes.index("batch"):
        return False
    held = floats(value.data).reshape(sizes["batch"], -1)
    if weight.ndim != 2 or weight.shape[1] != held.shape[1]:
        return False
    added = floats(bias) if isinstance(bias, Tensor) else np.zeros(len(weight))
    expected, size = held @ floats(weight).T + added, np.abs(held) @ np.abs(floats(weight)).T + np.abs(added)
    if out.data.numel() != expected.size:
        return False
    return bool((np.abs(floats(out.data).reshape(expected.shape) - expected) <= atol * size).all())
