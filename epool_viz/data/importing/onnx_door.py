"""A convolution of an ONNX graph run as it stands there, with all that leads to it.

Only the nodes that were followed are run, and those that compute from stored numbers alone: all of them are ONNX's own,
and of sizes that were looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from epool_viz.data.importing.network import Array, NotRunError, Scores, coarsest
from epool_viz.data.importing.onnx_constants import Constants, is_elsewhere

MOST_WORK = 1 << 28  # multiplications of one run
_MOST_NODES = 10_000
# what computes, the first that is there and can; a stranger's graph is left to the last, which is plain Python
ENGINES = ["onnxruntime", "onnx.reference"]


@dataclass(frozen=True)
class Door:
    """Where a convolution of a graph is reached and left.

    Parameters
    ----------
    start : str
        The graph's input.
    roles : tuple of str
        What the axes of that input are.
    sizes : sequence of int or None, or None
        How large they are, where it is said.
    shape : tuple of int
        Of the weight.
    begin : callable
        How many letters of padding stand before an input of a length.
    stride : int
    targets : tuple of (str, tuple of str, bool)
        The names of what comes out: of the convolution, and of each step behind it that is folded in; what the axes of
        each are, and whether it is a batch-norm.
    """

    start: str
    roles: tuple[str, ...]
    sizes: Sequence[int | None] | None
    shape: tuple[int, ...]
    begin: Callable[[int], int]
    stride: int
    targets: tuple[tuple[str, tuple[str, ...], bool], ...]


def run_door(
    model: Any,
    makers: Mapping[str, Any],
    constants: Constants,
    door: Door,
    onehot_of: Callable[[int | None], Array],
    with_norms: bool,
) -> Scores:
    """The scores that the graph itself computes; see `Network.run`.

    Raises
    ------
    NotRunError
        If it is too large, or nothing here computes it.
    """
    targets = list(door.targets)
    if not with_norms:
        first = next((place for place, each in enumerate(targets) if each[2]), len(targets))
        targets = targets[:first]
    name, out_roles, _ = targets[-1]
    has_length = "position" in door.roles
    length = door.sizes[door.roles.index("position")] if door.sizes is not None and has_length else None
    onehot = onehot_of(length)
    if math.prod(door.shape) * onehot.shape[0] * onehot.shape[2] > MOST_WORK:
        raise NotRunError(f"an input of {onehot.shape[2]:,} letters is too long to run here")
    found, engine, kind = _computed(_cut(model, makers, constants, door.start, name), door, onehot)
    return Scores(_in_order(found, out_roles, len(onehot)), -door.begin(onehot.shape[2]), door.stride, engine, kind)


def _cut(model: Any, makers: Mapping[str, Any], constants: Constants, start: str, target: str) -> Any:
    """The part of a model that leads from its input to a name."""
    import onnx

    wanted = [target]
    names: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in names or name == start:
            continue
        names.add(name)
        if len(names) > _MOST_NODES:
            raise NotRunError("more leads to the convolution than is run here")
        if name in makers:
            wanted += [each for each in makers[name].input if each]
    graph = onnx.GraphProto(name="first layer")
    graph.node.extend(node for node in model.graph.node if not names.isdisjoint(node.output))
    stored = [each for each in model.graph.initializer if each.name in names]
    graph.initializer.extend(constants.fetched(each, each.name) if is_elsewhere(each) else each for each in stored)
    graph.sparse_initializer.extend(each for each in model.graph.sparse_initializer if each.values.name in names)
    graph.input.extend(each for each in model.graph.input if each.name == start)
    graph.output.append(onnx.ValueInfoProto(name=target))
    return onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def _computed(part: Any, door: Door, onehot: Array) -> tuple[Array, str, str]:
    value = _as_given(onehot, door, part.graph.input[0].type.tensor_type.elem_type)
    why = "nothing that runs it is here"
    for engine in ENGINES:
        try:
            with np.errstate(all="ignore"):
                found = (_by_runtime if engine == "onnxruntime" else _by_reference)(part, door.start, value)
        except ImportError:
            continue
        except MemoryError:
            raise NotRunError("there is not enough memory") from None
        except Exception as error:  # noqa: BLE001 - whatever an engine says of a graph that it cannot run
            why = f"{engine} cannot run it ({str(error).splitlines()[0][:80] if str(error) else type(error).__name__})"
            continue
        kinds = [found.dtype.name, *_cast_to(part)]
        return np.asarray(found, np.float64), engine, coarsest(kinds)
    raise NotRunError(why)


def _cast_to(part: Any) -> Iterator[str]:
    """The types that numbers are made on the way, by name."""
    from onnx import TensorProto

    for node in part.graph.node:
        if node.op_type == "Cast":
            yield from (TensorProto.DataType.Name(each.i).lower() for each in node.attribute if each.name == "to")


def _by_runtime(part: Any, start: str, value: Array) -> Array:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        part.SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
        enable_fallback=0,  # which is announced on the standard output, where a command writes what it was asked for
    )
    return np.asarray(session.run(None, {start: value})[0])


def _by_reference(part: Any, start: str, value: Array) -> Array:
    from onnx.reference import ReferenceEvaluator

    return np.asarray(next(iter(ReferenceEvaluator(part).run(None, {start: value}))))


def _as_given(onehot: Array, door: Door, kind: int) -> Array:
    """One-hot letters as the graph takes them; places of letters where it makes them one-hot itself."""
    from onnx import helper

    roles = [role for role in door.roles if role != "1"]
    words = ["batch", "letter", "position"]
    value = onehot
    if "letter" not in roles:
        value, words = onehot.argmax(axis=1), ["batch", "position"]
    if "batch" not in roles:
        value, words = value[0], words[1:]
    if sorted(words) != sorted(roles):
        raise NotRunError("its input is laid out in another way")
    value = value.transpose([words.index(role) for role in roles])
    shape = iter(value.shape)
    value = value.reshape([1 if role == "1" else next(shape) for role in door.roles])
    return value.astype(helper.tensor_dtype_to_np_dtype(kind) if kind else np.float32)


def _in_order(found: Array, roles: Sequence[str], batch: int) -> Array:
    """What came out as (batch, kernel, window)."""
    if found.ndim != len(roles) or "position" not in roles or "kernel" not in roles:
        raise NotRunError("its scores are laid out in another way")
    places = [roles.index(word) for word in ("batch", "kernel", "position") if word in roles]
    rest = [place for place in range(found.ndim) if place not in places]
    if any(found.shape[place] != 1 for place in rest):
        raise NotRunError("its scores are laid out in another way")
    turned = found.transpose([*rest, *places])
    return turned.reshape(batch, *turned.shape[-2:])
