"""Runs a convolution of an ONNX graph as it stands there, with all that leads to it.

Only the nodes that were followed are run, and those that compute from stored numbers alone: all of them are ONNX's own,
and of checked sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import NotRunError, Scores, coarsest
from epool_viz.data.networks.onnx_constants import Constants, is_elsewhere
from epool_viz.data.networks.sections import GraphSection

_MOST_NODES = 10_000
# what computes, the first that is there and can; an untrusted graph is left to the last, which is plain Python
ENGINES = ["onnxruntime", "onnx.reference"]


def run_onnx(
    model: Any,
    makers: Mapping[str, Any],
    constants: Constants,
    section: GraphSection,
    onehot_of: Callable[[int | None], Array],
    with_norms: bool,
) -> Scores:
    """The scores that the graph itself computes; see `Network.run`.

    Raises
    ------
    NotRunError
        If it is too large, or nothing here computes it.
    """
    target, roles = section.target(with_norms)
    onehot = section.letters(onehot_of)
    found, engine, kind = _computed(_cut(model, makers, constants, section.start, target), section, onehot)
    return section.scores(found, roles, onehot, engine, kind)


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


def _computed(part: Any, section: GraphSection, onehot: Array) -> tuple[Array, str, str]:
    from onnx import helper

    kind = part.graph.input[0].type.tensor_type.elem_type
    value = section.laid_out(onehot).astype(helper.tensor_dtype_to_np_dtype(kind) if kind else np.float32)
    why = "nothing that runs it is here"
    for engine in ENGINES:
        try:
            with np.errstate(all="ignore"):
                found = (_by_runtime if engine == "onnxruntime" else _by_reference)(part, section.start, value)
        except ImportError:
            continue
        except MemoryError:
            raise NotRunError("there is not enough memory") from None
        except Exception as error:  # noqa: BLE001 - any error of an engine
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
        enable_fallback=0,  # which prints to the standard output, where a command writes its result
    )
    return np.asarray(session.run(None, {start: value})[0])


def _by_reference(part: Any, start: str, value: Array) -> Array:
    from onnx.reference import ReferenceEvaluator

    return np.asarray(next(iter(ReferenceEvaluator(part).run(None, {start: value}))))
