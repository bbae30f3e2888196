"""ONNX graphs: the convolutions with what stands before and behind each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import MOST_CONVOLUTIONS, Network, NotRunError, Scores
from epool_viz.data.networks.onnx_constants import WHOLE, is_standard
from epool_viz.errors import FormatError, MissingExtraError

_MOST_NODES = 100_000
_DEEPEST = 30
_UNREAD = ("ConvTranspose", "ConvInteger", "QLinearConv", "DeformConv", "FusedConv", "NhwcConv", "FusedNhwcConv")


def looks_like_onnx(head: bytes) -> bool:
    """Whether a file begins as a serialised model does: with the field `ir_version`."""
    return len(head) > 2 and head[0] == 0x08 and 1 <= head[1] < 0x40 and head[2] in (0x12, 0x1A, 0x22, 0x2A, 0x3A, 0x42)


def read_onnx(raw: bytes, source: str, folder: Path | None = None) -> Network:
    """Read the convolutions of a graph, with what stands before and behind each.

    Parameters
    ----------
    raw : bytes
    source : str
    folder : Path or None
        Where the file lies, so that weights in a file beside it can be read; None reads no other file.

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
    from epool_viz.data.networks.onnx_graph import OnnxGraph
    from epool_viz.data.networks.onnx_runner import run_onnx

    try:
        model = onnx.ModelProto.FromString(raw)
    except (DecodeError, ValueError, RuntimeError) as error:
        raise FormatError(source, None, f"damaged ONNX data ({error})", WHOLE) from None
    if not model.graph.node:
        raise FormatError(source, None, "no graph", WHOLE)
    model = _without_functions(model, source)
    graph = OnnxGraph(model, source, folder)
    nodes = [node for node in model.graph.node if node.op_type == "Conv" and is_standard(node)]
    left_out = len(nodes) - MOST_CONVOLUTIONS
    nodes = nodes[:MOST_CONVOLUTIONS]
    found = [graph.convolution(node) for node in nodes]

    def run(layer: str, onehot_of: Callable[[int | None], Array], with_norms: bool) -> Scores:
        if layer not in graph.sections:
            raise NotRunError("what leads to it is not known")
        try:
            return run_onnx(model, graph.makers, graph.constants, graph.sections[layer], onehot_of, with_norms)
        except UnicodeDecodeError:
            raise NotRunError("a name in it is no text") from None

    remarks = tuple(_remarks(model.graph, model.functions, graph, nodes, found))
    remarks += (f"Of its convolutions the last {left_out:,} are not read.",) if left_out > 0 else ()
    convolutions = tuple(each for each in found if each is not None)
    if not convolutions and remarks:
        why = " ".join(remarks[:5])
        raise FormatError(
            source, None, f"no convolution that can be read ({why})", "a Conv whose weight is in the file"
        )
    return Network(source, "ONNX", convolutions, remarks, run=run)


def _remarks(graph: Any, functions: Any, walked: Any, nodes: list[Any], found: list[Any]) -> Iterator[str]:
    """What of the graph is not read, a sentence each."""
    if len(walked.inputs) > 1:
        yield f"The graph has {len(walked.inputs)} inputs: {', '.join(f'`{name}`' for name in sorted(walked.inputs))}."
    for node, each in zip(nodes, found, strict=True):
        if each is None:
            yield f"The weight of `{_name(node)}` is none that the file holds, so that convolution is not read."
    for node in graph.node:
        if node.op_type in _UNREAD:
            yield f"`{_name(node)}` is a {node.op_type}, which is not read."
    inside = sum(1 for node in _within(graph) if node.op_type == "Conv")
    inside += sum(1 for each in functions for node in each.node if node.op_type == "Conv")
    if inside:
        yield f"{inside} more stand in a branch, a loop or a function of the graph and are not read."


def _name(node: Any) -> str:
    return str(node.name or (node.output[0] if node.output else node.op_type))


def _within(graph: Any, depth: int = 0) -> Iterator[Any]:
    """The nodes of the graphs within a graph."""
    for node in graph.node if depth < _DEEPEST else ():
        for each in node.attribute:
            for inner in [each.g] if each.HasField("g") else each.graphs:
                yield from inner.node
                yield from _within(inner, depth + 1)


def _without_functions(model: Any, source: str) -> Any:
    """The model with its functions written out, where it has any."""
    if not model.functions:
        return model
    sizes = {(each.domain, each.name): each for each in model.functions}
    known: dict[tuple[str, str], int] = {}
    total = sum(_unfolded((node.domain, node.op_type), sizes, known, source, 0) for node in model.graph.node)
    if total > _MOST_NODES:
        raise FormatError(source, None, f"functions that unfold to {total:,} nodes", f"at most {_MOST_NODES:,}")
    from onnx import inliner

    try:
        return inliner.inline_local_functions(model)
    except Exception as error:  # noqa: BLE001 - any error of ONNX's own code
        raise FormatError(source, None, f"functions that cannot be written out ({error!s:.80})", WHOLE) from None


def _unfolded(
    key: tuple[str, str],
    functions: dict[tuple[str, str], Any],
    known: dict[tuple[str, str], int],
    source: str,
    depth: int,
) -> int:
    """How many nodes a node is, once its function is written out."""
    if key not in functions:
        return 1
    if depth > _DEEPEST:
        raise FormatError(source, None, "functions that call each other without end", WHOLE)
    if key not in known:
        inner = functions[key].node
        known[key] = sum(_unfolded((each.domain, each.op_type), functions, known, source, depth + 1) for each in inner)
    return known[key]
