"""The numbers of an ONNX graph that do not depend on its input, computed where the graph computes them."""

from __future__ import annotations

import math
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import Tensor
from epool_viz.errors import FormatError

WHOLE = "a whole ONNX model with its weights in it"
MOST_STEPS = 1000
_MOST_FOLDED = 1 << 24  # entries of anything that is computed
_DEEPEST = 100
_EXTERNAL = 1
_FLOATS = {1: ("<f4", "float_data"), 11: ("<f8", "double_data"), 10: ("<f2", "int32_data"), 16: ("<u2", "int32_data")}
_OTHERS = {2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 12: 32, 13: 64, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4,
           23: 4}  # bits of an entry  # fmt: skip
_BITS = {1: 32, 11: 64, 10: 16, 16: 16, **_OTHERS}
_BESIDE = f"{WHOLE}, or its path with the file of its weights beside it"
# what gives as many numbers as it is given, or fewer
_NO_LARGER = ("Cast", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Neg", "Sqrt", "Reciprocal", "Abs",
              "Exp", "Log", "Sign", "Relu", "Tanh", "Sigmoid", "QuantizeLinear", "DequantizeLinear", "ReduceSum",
              "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "Slice",
              "Identity", "Not", "Round", "Floor", "Ceil", "Clip", "Shape", "Size",
              "CastLike", "Split", "Softmax", "LogSoftmax", "Erf")  # fmt: skip
_QUANTISED = ("QuantizeLinear", "DequantizeLinear")
_BROADCAST = ("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Where", "Equal", "Greater", "Less", "And", "Or", "Mod",
              "GreaterOrEqual", "LessOrEqual")  # fmt: skip


def is_elsewhere(proto: Any) -> bool:
    """Whether the numbers of a tensor lie in another file."""
    return bool(proto.data_location == _EXTERNAL or len(proto.external_data))


def attributes(node: Any) -> Mapping[str, Any]:
    """The plain attributes of a node by name."""
    by_type = {1: "f", 2: "i", 3: "s", 6: "floats", 7: "ints"}
    return {each.name: getattr(each, by_type[each.type]) for each in node.attribute if each.type in by_type}


def is_standard(node: Any) -> bool:
    """Whether a node is of ONNX's own set, so that its name defines it."""
    return node.domain in ("", "ai.onnx")


class Constants:
    """What stands in a graph, and what it makes of that alone.

    Parameters
    ----------
    graph : GraphProto
    makers : dict of node
        By the name of what each gives.
    opsets : sequence of OperatorSetIdProto
    source : str
    folder : Path or None
        Where the graph's file lies, so that numbers in a file beside it can be read; None reads no other file.
    """

    def __init__(
        self, graph: Any, makers: Mapping[str, Any], opsets: Iterable[Any], source: str, folder: Path | None = None
    ) -> None:
        self.source = source
        self._folder = folder
        self._opsets = list(opsets)
        self._makers = makers
        self.stored = {each.name: each for each in graph.initializer}
        self._sparse = {each.values.name: each for each in graph.sparse_initializer}
        self._known: dict[str, Array | None] = {}
        self._left = _MOST_FOLDED

    def holds(self, name: str) -> bool:
        """Whether a name is a number of the file itself."""
        return name in self.stored or name in self._sparse

    def tensor(self, name: str) -> Tensor | None:
        """The numbers behind a name, if they do not depend on the input; stored ones are read on request."""
        for _ in range(MOST_STEPS):
            if name in self.stored:
                return self._stored(self.stored[name], name)
            node = self._makers.get(name)
            if node is None or node.op_type != "Identity" or not is_standard(node) or not node.input:
                break
            name = node.input[0]
        value = self.array(name)
        return None if value is None else Tensor(name, value.shape, lambda: value)

    def array(self, name: str, depth: int = 0) -> Array | None:
        """The numbers themselves, or None where they depend on the input or are more than can be computed here."""
        if name not in self._known:
            self._known[name] = None  # while it is looked at: a loop ends here
            self._known[name] = self._array(name, depth)
        return self._known[name]

    def _array(self, name: str, depth: int) -> Array | None:
        if name in self.stored:
            return self._stored(self.stored[name], name).read()
        if name in self._sparse:
            return self._of_sparse(self._sparse[name], name)
        node = self._makers.get(name)
        if node is None or not is_standard(node) or depth > _DEEPEST:
            return None
        if node.op_type == "Constant":
            return self._of_constant(node, name)
        inputs = [self.array(each, depth + 1) if each else None for each in node.input]
        if not inputs or any(value is None and each for value, each in zip(inputs, node.input, strict=True)):
            return None
        return self._computed(node, name, inputs)

    def _of_constant(self, node: Any, name: str) -> Array | None:
        for each in node.attribute:
            if each.name == "value":
                return self._stored(each.t, name).read()
            if each.name in ("value_float", "value_floats"):
                return np.array(each.f if each.name == "value_float" else each.floats, np.float32)
            if each.name in ("value_int", "value_ints"):
                return np.array(each.i if each.name == "value_int" else each.ints, np.int64)
            if each.name == "sparse_value":
                return self._of_sparse(each.sparse_tensor, name)
        return None

    def _of_sparse(self, proto: Any, name: str) -> Array:
        values = self._stored(proto.values, name).read()
        places = self._stored(proto.indices, name).read()
        shape = tuple(proto.dims)
        count = math.prod(shape)
        self._spend(name, shape)
        if places.ndim == 2 and places.shape == (len(values), len(shape)):
            places = np.ravel_multi_index(tuple(places.T), shape, mode="clip")
        if places.shape != values.shape or values.ndim != 1 or not ((places >= 0) & (places < count)).all():
            raise FormatError(self.source, None, f"`{name}`, whose indices do not fit its size", WHOLE)
        whole = np.zeros(count, values.dtype)
        whole[places] = values
        return whole.reshape(shape)

    def _computed(self, node: Any, name: str, inputs: Sequence[Array | None]) -> Array | None:
        given = [each for each in inputs if each is not None]
        claimed = _size_of_result(node, given)
        if claimed is None or claimed > self._left:
            return None
        self._left -= claimed
        from onnx import TensorProto, helper
        from onnx.reference import ReferenceEvaluator

        names = [each for each in dict.fromkeys(node.input) if each]
        ends = [helper.make_tensor_value_info(each, TensorProto.UNDEFINED, None) for each in names]
        out = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None)]
        opsets = self._opsets
        if node.op_type in _QUANTISED:  # of the same meaning since they came; the reference has the later ones
            opsets = [helper.make_opsetid("", max(21, *(each.version for each in opsets)))]
        model = helper.make_model(helper.make_graph([node], "g", ends, out), opset_imports=opsets)
        try:
            with np.errstate(all="ignore"):
                value: Any = next(iter(ReferenceEvaluator(model).run(None, dict(zip(node.input, inputs, strict=True)))))
        except Exception:  # noqa: BLE001 - a node that cannot be computed is one that is not known
            return None
        return np.asarray(value) if isinstance(value, np.ndarray | np.generic) else None

    def _spend(self, name: str, shape: tuple[int, ...]) -> None:
        count = math.prod(shape)
        if min(shape, default=1) < 0 or count > self._left:
            raise FormatError(self.source, None, f"`{name}`, which claims {count:,} numbers", WHOLE)
        self._left -= count

    def _stored(self, proto: Any, name: str) -> Tensor:
        shape = tuple(proto.dims)

        def read() -> Array:
            if is_elsewhere(proto):
                return self._stored(self.fetched(proto, name), name).read()
            if proto.data_type in _FLOATS:
                return self._of_floats(proto, name)
            if proto.data_type not in _OTHERS:
                raise FormatError(self.source, None, f"`{name}` of ONNX type {proto.data_type}", "numbers")
            return self._of_others(proto, name)

        return Tensor(name, shape, read)

    def fetched(self, proto: Any, name: str) -> Any:
        """A tensor whose numbers lie in a file beside the graph's, with its numbers in it.

        Raises
        ------
        FormatError
            If there is no such file, or it is not beside the graph's, or the numbers are not all in it.
        """
        where = {each.key: each.value for each in proto.external_data}
        place, begin, length = where.get("location", ""), where.get("offset", "0"), where.get("length", "")
        path = None if self._folder is None else self._folder / place
        is_beside = place not in ("", ".", "..") and not {"/", "\\", "\0"} & set(place)
        if path is None or not is_beside or not _is_plain(path):
            raise FormatError(self.source, None, f"`{name}`, whose numbers lie in another file", _BESIDE)
        held = path.stat().st_size
        bits = _BITS.get(proto.data_type, 8)
        claimed = -(-math.prod(proto.dims) * bits // 8)
        numbers = [int(each) for each in (begin, length or str(claimed)) if each.isdecimal() and len(each) < 19]
        if len(numbers) != 2 or numbers[1] != claimed or sum(numbers) > held or min(proto.dims, default=1) < 0:
            found = f"`{name}`, which claims {claimed:,} bytes at {begin:.20} of {place[:80]!r}, which has {held:,}"
            raise FormatError(self.source, None, found, _BESIDE)
        with path.open("rb") as stream:
            stream.seek(numbers[0])
            whole = type(proto)(dims=proto.dims, data_type=proto.data_type, name=proto.name)
            whole.raw_data = stream.read(claimed)
        return whole

    def _of_floats(self, proto: Any, name: str) -> Array:
        code, field = _FLOATS[proto.data_type]
        shape = tuple(proto.dims)
        plain = None if proto.raw_data else getattr(proto, field)
        held = len(proto.raw_data) // np.dtype(code).itemsize if plain is None else len(plain)
        self._require(name, shape, held)
        if plain is None:
            values = np.frombuffer(proto.raw_data, code, count=held).reshape(shape)
        elif field == "int32_data":
            bits = np.array(plain, np.int64).astype(np.uint16)
            values = bits.view(np.float16 if code == "<f2" else np.uint16).reshape(shape)
        else:
            return np.array(plain, code).reshape(shape)
        return (values.astype(np.uint32) << 16).view(np.float32) if code == "<u2" else values

    def _of_others(self, proto: Any, name: str) -> Array:
        """Whole numbers and floats of eight bits and fewer, as ONNX's own reader has them."""
        from onnx import numpy_helper

        bits = _OTHERS[proto.data_type]
        words = max(len(proto.int32_data), len(proto.int64_data), len(proto.uint64_data))
        held = len(proto.raw_data) * 8 // bits if proto.raw_data else words * (8 // bits if bits < 8 else 1)
        self._require(name, tuple(proto.dims), held, spare=8 // bits - 1 if bits < 8 else 0)
        try:
            return np.asarray(numpy_helper.to_array(proto))
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise FormatError(self.source, None, f"`{name}`, which cannot be read ({error!s:.80})", WHOLE) from None

    def _require(self, name: str, shape: tuple[int, ...], held: int, *, spare: int = 0) -> None:
        count = math.prod(shape)
        if min(shape, default=1) < 0 or not held - spare <= count <= held:
            found = f"`{name}`, which claims {count:,} numbers and has {held:,}"
            raise FormatError(self.source, None, found, WHOLE)


def _is_plain(path: Path) -> bool:
    """Whether there is a file, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):  # no name of a file
        return False


def _size_of_result(node: Any, given: Sequence[Array]) -> int | None:
    """How many numbers a node gives at most, or None for one that is not computed here."""
    kind = node.op_type
    try:
        if kind in _NO_LARGER:
            return max(each.size for each in given)
        if kind in _BROADCAST:
            return math.prod(np.broadcast_shapes(*(each.shape for each in given)))
        if kind == "Concat":
            return sum(each.size for each in given)
        if kind == "Gather":
            axis = int(attributes(node).get("axis", 0))
            return int(given[0].size // max(1, given[0].shape[axis]) * given[1].size)
        if kind == "Expand":
            return math.prod(np.broadcast_shapes(given[0].shape, tuple(int(each) for each in given[1])))
        if kind == "ConstantOfShape":
            return math.prod(int(each) for each in given[0])
        if kind in ("MatMul", "Gemm") and all(each.ndim in (1, 2) for each in given[:2]):
            return given[0].size * max(each.shape[-1] if each.ndim == 2 else 1 for each in given[1:2]) + given[1].size
        if kind == "Tile":
            return given[0].size * math.prod(max(1, int(each)) for each in given[1])
    except (ValueError, IndexError, TypeError):
        return None
    return None
