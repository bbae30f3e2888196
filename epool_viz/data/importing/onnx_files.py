"""ONNX graphs, read and never run; tensors that lie in other files are not followed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from epool_viz.data.importing.network import TORCH_1D, TORCH_2D, Array, Convolution, Network, Step, Tensor, n_windows
from epool_viz.errors import FormatError, MissingExtraError

_WHOLE = "a whole ONNX model with its weights in it"
_MOST_STEPS = 1000
_ASIDE = ("Identity", "Dropout", "Cast")
# what may stand between the input and a convolution, or reorder what comes out of one
_RESHAPING = ("Transpose", "Unsqueeze", "Squeeze", "Reshape", "Pad", "Flatten")
_ACTIVATIONS = {"Relu": "relu", "LeakyRelu": "leaky relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Exp": "exponential",
                "Elu": "elu", "Selu": "selu", "Softplus": "softplus", "Gelu": "gelu", "PRelu": "prelu", "Clip": "clip",
                "Softmax": "softmax"}  # fmt: skip
_POOLINGS = {"GlobalMaxPool": "max", "GlobalAveragePool": "average", "ReduceMax": "max", "ReduceMean": "average",
             "ReduceLogSumExp": "logsumexp", "MaxPool": "local max", "AveragePool": "local average"}  # fmt: skip
_FLOATS = {1: ("<f4", "float_data"), 11: ("<f8", "double_data"), 10: ("<f2", ""), 16: ("<u2", "")}
_EXTERNAL = 1


def looks_like_onnx(head: bytes) -> bool:
    """Whether a file begins as a serialised model does: with the field `ir_version`."""
    return len(head) > 2 and head[0] == 0x08 and 1 <= head[1] < 0x40 and head[2] in (0x12, 0x1A, 0x22, 0x2A, 0x3A, 0x42)


def read_onnx(raw: bytes, source: str) -> Network:
    """Read the convolutions of a graph, with what follows each.

    Raises
    ------
    MissingExtraError
        Without the package `onnx`.
    FormatError
        If the file is damaged, or a weight is not the size it claims or lies in another file.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError:
        raise MissingExtraError("onnx", "onnx", "reading an ONNX model") from None
    try:
        model = onnx.ModelProto.FromString(raw)
    except (DecodeError, ValueError, RuntimeError) as error:
        raise FormatError(source, None, f"damaged ONNX data ({error})", _WHOLE) from None
    graph = _Graph(model.graph, source)
    convolutions = tuple(graph.convolution(node) for node in model.graph.node if node.op_type == "Conv")
    if not model.graph.node:
        raise FormatError(source, None, "no graph", _WHOLE)
    return Network(source, "ONNX", tuple(each for each in convolutions if each is not None))


class _Graph:
    def __init__(self, graph: Any, source: str) -> None:
        self.source = source
        self.weights = {each.name: each for each in graph.initializer}
        self.inputs = {each.name for each in graph.input} - set(self.weights)
        sizes = [each.dim_value for info in graph.input for each in info.type.tensor_type.shape.dim[1:]]
        self.length = max(sizes) if sizes and min(sizes) > 0 else None
        self.outputs = {each.name for each in graph.output}
        self.makers: dict[str, Any] = {}
        self.users: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.output:
                self.makers[name] = node
            for name in set(node.input):
                self.users.setdefault(name, []).append(node)

    def convolution(self, node: Any) -> Convolution | None:
        """A Conv whose weight stands in the file, or None."""
        weight = self.tensor(node.input[1]) if len(node.input) > 1 and node.output else None
        if weight is None:
            return None
        bias = self.tensor(node.input[2]) if len(node.input) > 2 and node.input[2] else None
        numbers = _attributes(node)
        pads = _whole(numbers.get("pads"), 0)
        same = any(pads) or numbers.get("auto_pad", b"") in (b"SAME_UPPER", b"SAME_LOWER")
        at_input = self._at_input(node)
        along: dict[str, Any] = {
            "stride": max(_whole(numbers.get("strides"), 1)),
            "dilation": max(_whole(numbers.get("dilations"), 1)),
            "padding": "same" if same else "valid",
        }
        length = self.length if at_input else None
        return Convolution(
            node.name or weight.name,
            weight,
            bias,
            {3: TORCH_1D, 4: TORCH_2D}.get(len(weight.shape)),
            tuple(self._after(node, n_windows(length, max(weight.shape[2:], default=1), **along))),
            groups=max(_whole(numbers.get("group"), 1)),
            at_input=at_input,
            **along,
        )

    def tensor(self, name: str) -> Tensor | None:
        """The numbers behind a name, if they stand in the file."""
        for _ in range(_MOST_STEPS):
            if name in self.weights:
                return self._tensor(self.weights[name], name)
            node = self.makers.get(name)
            if node is not None and node.op_type == "Constant":
                values = [each.t for each in node.attribute if each.name == "value"]
                return self._tensor(values[0], name) if values else None
            if node is None or node.op_type != "Identity" or not node.input:
                return None
            name = node.input[0]
        return None

    def _tensor(self, proto: Any, name: str) -> Tensor:
        shape = tuple(proto.dims)

        def read() -> Array:
            if proto.data_location == _EXTERNAL or len(proto.external_data):
                raise FormatError(self.source, None, f"`{name}`, whose numbers lie in another file", _WHOLE)
            if proto.data_type not in _FLOATS:
                raise FormatError(self.source, None, f"`{name}` of ONNX type {proto.data_type}", "floats")
            code, field = _FLOATS[proto.data_type]
            count = math.prod(shape)
            plain = getattr(proto, field) if field and not proto.raw_data else None
            held = len(proto.raw_data) // np.dtype(code).itemsize if plain is None else len(plain)
            if min(shape, default=1) < 0 or count != held:
                found = f"`{name}`, which claims {count:,} numbers and has {held:,}"
                raise FormatError(self.source, None, found, _WHOLE)
            if plain is not None:
                return np.array(plain, code).reshape(shape)
            values = np.frombuffer(proto.raw_data, code, count=count).reshape(shape)
            return (values.astype(np.uint32) << 16).view(np.float32) if code == "<u2" else values

        return Tensor(name, shape, read)

    def _at_input(self, node: Any) -> bool:
        for _ in range(_MOST_STEPS):
            name = node.input[0]
            if name in self.inputs:
                return True
            node = self.makers.get(name)
            if node is None or not node.input or node.op_type not in (*_ASIDE, *_RESHAPING):
                return False
        return False

    def _after(self, node: Any, windows: int | None) -> Iterator[Step]:
        """What follows, as far as there is one way to go."""
        for _ in range(_MOST_STEPS):
            name = node.output[0]
            following = self.users.get(name, [])
            if name in self.outputs or not following:
                return
            if len(following) > 1:
                yield Step("other", node.name, "branches")
                return
            node = following[0]
            if not node.output:
                return
            step = self._step(node)
            # a maximum over as many windows as there are is one over all of them
            is_whole = (
                step.what.startswith("local") and max(_whole(_attributes(node).get("kernel_shape"), 0)) == windows
            )
            yield dataclasses.replace(step, what=step.what.removeprefix("local ")) if is_whole else step

    def _step(self, node: Any) -> Step:
        kind, numbers = node.op_type, _attributes(node)
        name = node.name or node.output[0]
        if kind == "BatchNormalization" and len(node.input) >= 5:
            names = ("gamma", "beta", "mean", "variance")
            held = {each: self.tensor(place) for each, place in zip(names, node.input[1:5], strict=True)}
            tensors = {each: tensor for each, tensor in held.items() if tensor is not None}
            is_usable = len(tensors) == len(names) and not numbers.get("training_mode", 0)
            return Step(
                "batch_norm" if is_usable else "other", name, kind, tensors, float(numbers.get("epsilon", 1e-5))
            )
        if kind in _ACTIVATIONS:
            return Step("activation", name, _ACTIVATIONS[kind])
        if kind in _POOLINGS:
            return Step("pooling", name, _POOLINGS[kind])
        if kind in ("Gemm", "MatMul"):
            weight = self.tensor(node.input[1]) if len(node.input) > 1 else None
            return Step("dense", name, kind, {} if weight is None else {"weight": weight})
        is_moving = kind in ("Flatten", "Squeeze", "Unsqueeze", "Reshape", "Transpose")
        return Step("aside" if kind in _ASIDE else "reshape" if is_moving else "other", name, kind.lower())


def _attributes(node: Any) -> Mapping[str, Any]:
    by_type = {1: "f", 2: "i", 3: "s", 7: "ints"}
    return {each.name: getattr(each, by_type[each.type]) for each in node.attribute if each.type in by_type}


def _whole(value: Any, otherwise: int) -> list[int]:
    numbers = [] if value is None else list(value) if hasattr(value, "__len__") else [value]
    return [int(each) for each in numbers if each >= 0] or [otherwise]
