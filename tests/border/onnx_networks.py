"""Graphs written node by node, as the many exporters write them; ONNX Runtime says what they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from tests.border.networks import (
    BATCH,
    KERNELS,
    LENGTH,
    LETTERS,
    WIDTH,
    Array,
    Behind,
    Example,
    Stage,
    canonical,
    onehot,
    slid,
    window_starts,
)

WAY = "onnx, written by hand"
_RNG = np.random.default_rng(23)


@dataclass
class Graph:
    """A graph in the making."""

    nodes: list[Any] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)
    inputs: list[Any] = field(default_factory=list)
    functions: list[Any] = field(default_factory=list)
    opset: int = 17
    ir: int = 8
    domains: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    last: str = "x"

    def input(self, name: str, shape: Sequence[Any], kind: int = TensorProto.FLOAT) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def hold(self, name: str, values: Any, kind: Any = None) -> str:
        if kind is not None:
            self.weights.append(kind)
            return name
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def do(self, kind: str, *given: str, to: str = "", **attributes: Any) -> str:
        name = to or f"{kind.lower()}_{len(self.nodes)}"
        domain = attributes.pop("domain", "")
        self.nodes.append(helper.make_node(kind, list(given), [name], name=f"node/{name}", domain=domain, **attributes))
        self.last = name
        return name

    def model(self, *also: str) -> Any:
        names = self.outputs or (self.last,)
        outputs = [helper.ValueInfoProto(name=name) for name in (*names, *(each for each in also if each not in names))]
        graph = helper.make_graph(self.nodes, "main", self.inputs, outputs, self.weights)
        opsets = [helper.make_opsetid("", self.opset), *(helper.make_opsetid(each, 1) for each in self.domains)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=self.ir, functions=self.functions)


def run(graph: Graph, feeds: Mapping[str, Array], names: Sequence[str]) -> dict[str, Array]:
    """What ONNX Runtime computes at these places."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    raw = graph.model(*names).SerializeToString()
    session = onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    return dict(zip(names, session.run(list(names), dict(feeds)), strict=True))


def weights(kernels: int = KERNELS, letters: int = LETTERS, width: int = WIDTH) -> tuple[Array, Array]:
    return (
        _RNG.normal(size=(kernels, letters, width)).astype("f4"),
        _RNG.normal(size=kernels).astype("f4"),
    )


def examples() -> list[Example]:
    """All of them; the same every time."""
    global _RNG
    _RNG = np.random.default_rng(23)
    return [*_dialects(), *_stored_weights(), *_before(), *_acts(), *_pools(), *_several()]


def _write(graph: Graph, folder: Path) -> Path:
    path = folder / "m.onnx"
    path.write_bytes(graph.model().SerializeToString())
    return path


def example(
    name: str,
    about: str,
    graph: Graph,
    kernel: Array,
    bias: Array | None = None,
    *,
    scores: Sequence[str] = ("scores",),
    feed: Callable[[Array], Any] = lambda x: x,
    acted: str | None = "",
    pooled: str = "",
    local: str = "",
    local_kind: str = "",
    output: str = "",
    names: Sequence[str] = (),
    begins: Sequence[str] = (),
    pool_names: Sequence[str] = (),
    pools: bool | None = None,
    must: str = "",
    left: int = 0,
    stride: int = 1,
    dilation: int = 1,
    shift: int = 0,
    is_whole: bool = True,
    reads_input: bool = True,
    judged: bool = True,
    more: Sequence[Stage] = (),
    folds: Sequence[tuple[Array, Array]] = (),
    named: Sequence[str] = (),
    layer: str = "",
) -> Example:
    """`scores` are the names of the tensors that may be shown; `folds` a factor and a number for each but the first."""
    n_kernels, letters, _ = kernel.shape
    sequences = onehot(letters)
    given = feed(sequences)
    feeds = given if isinstance(given, dict) else {"x": given}
    acted = scores[-1] if acted == "" else acted
    places = [*scores, *(each for each in (acted, pooled, local, output) if each)]
    values = run(graph, feeds, list(dict.fromkeys(places)))
    spread = np.zeros((n_kernels, letters, (kernel.shape[2] - 1) * dilation + 1), "f4")
    spread[:, :, ::dilation] = kernel
    plain = slid(sequences, spread) + (0 if bias is None else bias[:, None])
    behind = None
    if judged:
        pool = values[pooled] if pooled else None
        out = values[output] if output else None
        behind = Behind(
            canonical(values[acted], n_kernels) if acted else None,
            tuple(names),
            tuple(begins),
            canonical(values[local], n_kernels) if local else None,
            local_kind,
            pool.reshape(BATCH, n_kernels).astype(float)
            if pool is not None and pool.size == BATCH * n_kernels
            else None,
            tuple(pool_names),
            bool(pooled or local) if pools is None else pools,
            out.reshape(BATCH).astype(float) if out is not None and out.size == BATCH else None,
        )
    stages = []
    for place, (factor, number) in zip(scores, [(np.ones(n_kernels), np.zeros(n_kernels)), *folds], strict=False):
        through = canonical(values[place], n_kernels) if is_whole else None
        inner = None if through is None else window_starts(through.shape[2], stride=stride, left=left + shift)
        alone = plain * factor[:, None] + number[:, None]
        own = window_starts(alone.shape[2])
        stages.append(Stage(layer, alone, own, through, inner, behind, reads_input=reads_input))
    return Example(
        f"{WAY}: {name}", WAY, about, partial(_write, graph), (*stages, *more), sequences, must, {}, tuple(named), True
    )


def begin(shape: Sequence[Any] = ("N", LETTERS, LENGTH), **options: Any) -> Graph:
    graph = Graph(**options)
    graph.input("x", shape)
    return graph


def tail(graph: Graph, kernels: int = KERNELS) -> None:
    """Relu, max, dense."""
    graph.do("Relu", graph.last, to="acted")
    graph.do("GlobalMaxPool", "acted", to="pooled")
    graph.do("Flatten", "pooled", to="flat")
    graph.hold("dense.w", _RNG.normal(size=(kernels, 1)).astype("f4"))
    graph.hold("dense.b", _RNG.normal(size=1).astype("f4"))
    graph.do("Gemm", "flat", "dense.w", "dense.b", to="out")


TAIL: dict[str, Any] = {"acted": "acted", "pooled": "pooled", "output": "out"}


def _dialects() -> Iterator[Example]:
    W, b = weights()
    graph = begin()
    graph.hold("conv.weight", W), graph.hold("conv.bias", b)
    graph.do("Conv", "x", "conv.weight", "conv.bias", to="scores", kernel_shape=[WIDTH])
    tail(graph)
    yield example("plain", "plain", graph, W, b, must="claimed", **TAIL)
    for said, shape in {"batch of one": (BATCH, 4, 17), "no shape": None, "all free": ("N", "C", "L")}.items():
        graph = Graph()
        graph.inputs.append(
            helper.make_tensor_value_info("x", TensorProto.FLOAT, None if shape is None else list(shape))
        )
        graph.hold("conv.weight", W), graph.hold("conv.bias", b)
        graph.do("Conv", "x", "conv.weight", "conv.bias", to="scores", kernel_shape=[WIDTH])
        tail(graph)
        yield example(f"plain, {said}", "plain", graph, W, b, must="read", **TAIL)
    # tf2onnx: channels last outside, an axis of one within, the bias added afterwards
    for said, where in {"Reshape": "reshape", "Unsqueeze": "unsqueeze"}.items():
        for added in ("in the convolution", "as Add", "as Add of (K,)"):
            graph = begin(("N", LENGTH, LETTERS))
            graph.hold("model/conv1d/Conv1D/ExpandDims_1:0", W[:, :, None])
            graph.hold("b2", b[None, :, None, None]), graph.hold("b1", b), graph.hold("b0", b)
            graph.hold("axes", np.array([1])), graph.hold("axes2", np.array([2]))
            if where == "unsqueeze":
                graph.do("Unsqueeze", "x", "axes", to="image")
                graph.do("Transpose", "image", to="first", perm=[0, 3, 1, 2])
            else:
                graph.hold("shape", np.array([-1, 1, LENGTH, LETTERS]))
                graph.do("Reshape", "x", "shape", to="image")
                graph.do("Transpose", "image", to="first", perm=[0, 3, 1, 2])
            inputs = ["first", "model/conv1d/Conv1D/ExpandDims_1:0"]
            if added == "in the convolution":
                graph.do("Conv", *inputs, "b1", to="raw", kernel_shape=[1, WIDTH])
                graph.do("Squeeze", "raw", "axes2", to="squeezed")
                graph.do("Transpose", "squeezed", to="scores", perm=[0, 2, 1])
            elif added == "as Add":
                graph.do("Conv", *inputs, to="raw", kernel_shape=[1, WIDTH])
                graph.do("Add", "raw", "b2", to="summed")
                graph.do("Squeeze", "summed", "axes2", to="squeezed")
                graph.do("Transpose", "squeezed", to="scores", perm=[0, 2, 1])
            else:
                graph.do("Conv", *inputs, to="raw", kernel_shape=[1, WIDTH])
                graph.do("Squeeze", "raw", "axes2", to="squeezed")
                graph.do("Transpose", "squeezed", to="turned", perm=[0, 2, 1])
                graph.do("Add", "turned", "b0", to="scores")
            graph.do("Relu", "scores", to="acted")
            graph.do("ReduceMax", "acted", to="pooled", axes=[1], keepdims=0)
            yield example(
                f"tf2onnx by {said}, bias {added}",
                "plain",
                graph,
                W,
                b,
                feed=lambda x: x.transpose(0, 2, 1),
                must="claimed",
                acted="acted",
                pooled="pooled",
            )
    graph = begin(("N", LENGTH, LETTERS))
    graph.hold("w", W), graph.hold("b", b)
    graph.do("Transpose", "x", to="first", perm=[0, 2, 1])
    graph.do("Conv", "first", "w", "b", to="scores")
    tail(graph)
    yield example(
        "channels last, no attribute", "plain", graph, W, b, feed=lambda x: x.transpose(0, 2, 1), must="claimed", **TAIL
    )
    for kernels, width in ((4, 4), (4, 5), (3, 4)):
        V, c = weights(kernels, 4, width)
        graph = begin(("N", LENGTH, LETTERS))
        graph.hold("w", V), graph.hold("b", c)
        graph.do("Transpose", "x", to="first", perm=[0, 2, 1])
        graph.do("Conv", "first", "w", "b", to="scores")
        tail(graph, kernels)
        yield example(
            f"{kernels} of {width}", "plain", graph, V, c, feed=lambda x: x.transpose(0, 2, 1), must="claimed", **TAIL
        )
    # two axes
    images: dict[str, tuple[Any, Any, Callable[[Array], Array]]] = {
        "(N, 1, 4, L)": (("N", 1, 4, LENGTH), lambda w: w[:, None], lambda x: x[:, None]),
        "(N, 4, 1, L)": (("N", 4, 1, LENGTH), lambda w: w[:, :, None], lambda x: x[:, :, None]),
        "(N, 4, L, 1)": (("N", 4, LENGTH, 1), lambda w: w[..., None], lambda x: x[..., None]),
        "(N, 1, L, 4)": (
            ("N", 1, LENGTH, 4),
            lambda w: w.transpose(0, 2, 1)[:, None],
            lambda x: x.transpose(0, 2, 1)[:, None],
        ),
    }
    for said, (shape, turn, feed) in images.items():
        for kernels, width in ((3, 5), (3, 4), (4, 4)):
            V, c = weights(kernels, 4, width)
            graph = begin(shape)
            graph.hold("w", np.ascontiguousarray(turn(V))), graph.hold("b", c)
            graph.do("Conv", "x", "w", "b", to="scores")
            tail(graph, kernels)
            yield example(
                f"input {said}, {kernels} of {width}",
                "layout",
                graph,
                V,
                c,
                feed=feed,
                must="read" if width == 5 else "",
                **TAIL,
            )
    # input in two axes, padded along the letters
    graph = begin(("N", 1, 4, LENGTH))
    graph.hold("w", W[:, None]), graph.hold("b", b)
    graph.do("Conv", "x", "w", "b", to="scores", pads=[1, 2, 2, 2])
    tail(graph)
    yield example(
        "letters padded too",
        "layout",
        graph,
        W,
        b,
        feed=lambda x: x[:, None],
        is_whole=False,
        names=("relu",),
        pool_names=("max",),
        **TAIL,
    )
    ends: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "SAME_UPPER": ({"auto_pad": "SAME_UPPER"}, {"left": 2}),
        "SAME_LOWER": ({"auto_pad": "SAME_LOWER"}, {"left": 2}),
        "VALID": ({"auto_pad": "VALID"}, {}),
        "causal": ({"pads": [4, 0]}, {"left": 4}),
        "right alone": ({"pads": [0, 4]}, {}),
        "one at each end": ({"pads": [1, 1]}, {"left": 1}),
        "stride 3": ({"strides": [3]}, {"stride": 3}),
        "dilation 2": ({"dilations": [2]}, {"dilation": 2}),
        "dilation 2, stride 2, padded": (
            {"dilations": [2], "strides": [2], "pads": [4, 4]},
            {"dilation": 2, "stride": 2, "left": 4},
        ),
    }
    for said, (options, truth) in ends.items():
        graph = begin()
        graph.hold("w", W), graph.hold("b", b)
        graph.do("Conv", "x", "w", "b", to="scores", **options)
        tail(graph)
        yield example(said, "layout", graph, W, b, must="read", **truth, **TAIL)
    for mode, value in (("constant", 0.0), ("constant", 0.25), ("reflect", 0.0), ("edge", 0.0)):
        graph = begin()
        graph.hold("w", W), graph.hold("b", b)
        graph.hold("pads", np.array([0, 0, 2, 0, 0, 2])), graph.hold("value", np.float32(value))
        graph.do("Pad", "x", "pads", "value", to="first", mode=mode)
        graph.do("Conv", "first", "w", "b", to="scores")
        tail(graph)
        yield example(f"padded by a node, {mode} {value}", "layout", graph, W, b, shift=2, **TAIL)
    for groups in (2, 4):
        V = _RNG.normal(size=(8, 4 // groups, 5)).astype("f4")
        graph = begin()
        graph.hold("w", V)
        graph.do("Conv", "x", "w", to="scores", group=groups)
        tail(graph, 8)
        full = np.zeros((8, 4, 5), "f4")
        for k in range(8):
            at = k // (8 // groups) * (4 // groups)
            full[k, at : at + 4 // groups] = V[k]
        yield example(f"{groups} groups", "layout", graph, full, **TAIL)
    for square in (False, True):
        V = _RNG.normal(size=(4, 4 if square else 3, 4)).astype("f4")
        graph = begin()
        graph.hold("w", V)
        graph.do("ConvTranspose", "x", "w", to="scores")
        tail(graph, V.shape[1])
        kernel = V.transpose(1, 0, 2)[:, :, ::-1]
        yield example(f"ConvTranspose{', square' if square else ''}", "layout", graph, kernel, left=3, **TAIL)


def _stored_weights() -> Iterator[Example]:
    def made(name: str, W: Array, make: Callable[[Graph], str], bias: Array | None = None, **options: Any) -> Example:
        own = {each: options.pop(each) for each in ("opset", "ir", "domains") if each in options}
        graph = begin(**own)
        weight = make(graph)
        inputs = ["x", weight]
        if bias is not None:
            graph.hold("b", bias)
            inputs.append("b")
        graph.do("Conv", *inputs, to="scores", kernel_shape=[WIDTH])
        tail(graph)
        return example(name, "parts", graph, W, bias, **{**TAIL, "must": "read", **options})

    W, b = weights()
    half = W.astype("f2")
    brain = W.astype(ml_dtypes.bfloat16)

    def cast(graph: Graph, values: Any) -> str:
        return _cast(graph, graph.hold("w0", values))

    yield made("half weights behind Cast", half.astype("f4"), lambda g: cast(g, half), b)
    yield made("double weights behind Cast", W, lambda g: cast(g, W.astype("f8")), b)
    yield made("bfloat16 weights behind Cast", brain.astype("f4"), lambda g: cast(g, brain), b)
    for kind in ("float8_e4m3fn", "float8_e5m2"):
        small = W.astype(getattr(ml_dtypes, kind))
        yield made(
            f"{kind} weights behind Cast",
            small.astype("f4"),
            lambda g, small=small: cast(g, small),
            b,
            opset=19,
            ir=9,
            must="",
        )
    scale = (np.abs(W).max((1, 2)) / 127).astype("f4")
    whole = np.round(W / scale[:, None, None]).astype("i1")
    whole_scale = np.float32(scale.max())
    flat = np.round(W / whole_scale).astype("i1")

    def by_kernel(graph: Graph) -> str:
        graph.hold("q", whole), graph.hold("s", scale), graph.hold("z", np.zeros(KERNELS, "i1"))
        return graph.do("DequantizeLinear", "q", "s", "z", to="w", axis=0)

    def by_tensor(graph: Graph) -> str:
        (
            graph.hold("q", (flat.astype("i2") + 128).astype("u1")),
            graph.hold("s", whole_scale),
            graph.hold("z", np.uint8(128)),
        )
        return graph.do("DequantizeLinear", "q", "s", "z", to="w")

    def there_and_back(graph: Graph) -> str:
        graph.hold("w0", W), graph.hold("s", whole_scale), graph.hold("z", np.int8(0))
        graph.do("QuantizeLinear", "w0", "s", "z", to="q")
        return graph.do("DequantizeLinear", "q", "s", "z", to="w")

    yield made("eight bits, a scale a kernel", whole.astype("f4") * scale[:, None, None], by_kernel, b)
    yield made("eight bits, one scale", flat.astype("f4") * whole_scale, by_tensor, b)
    yield made(
        "quantised and back",
        np.clip(np.round(W / whole_scale), -128, 127).astype("f4") * whole_scale,
        there_and_back,
        b,
    )

    def constant(graph: Graph) -> str:
        return graph.do("Constant", to="w", value=numpy_helper.from_array(W, "w"))

    def transposed(graph: Graph) -> str:
        graph.hold("w0", np.ascontiguousarray(W.transpose(2, 1, 0)))
        return graph.do("Transpose", "w0", to="w", perm=[2, 1, 0])

    def reshaped(graph: Graph) -> str:
        graph.hold("w0", W.reshape(KERNELS, -1)), graph.hold("shape", np.array(W.shape))
        return graph.do("Reshape", "w0", "shape", to="w")

    def named_again(graph: Graph) -> str:
        graph.hold("w0", W)
        return graph.do("Identity", "w0", to="w")

    def masked(graph: Graph) -> str:
        graph.hold("w0", W), graph.hold("mask", mask)
        return graph.do("Mul", "w0", "mask", to="w")

    def of_length(graph: Graph) -> str:
        graph.hold("v", W), graph.hold("g", lengths)
        graph.do("ReduceL2", "v", to="norm", axes=[1, 2], keepdims=1)
        graph.do("Div", "v", "norm", to="unit")
        return graph.do("Mul", "unit", "g", to="w")

    def turned(graph: Graph) -> str:
        graph.hold("w0", np.ascontiguousarray(W[:, :, ::-1]))
        for name, value in {"from": [-1], "to": [-100], "axis": [2], "step": [-1]}.items():
            graph.hold(name, np.array(value))
        return graph.do("Slice", "w0", "from", "to", "axis", "step", to="w")

    def gathered(graph: Graph) -> str:
        graph.hold("w0", W), graph.hold("order", np.array([2, 0, 3, 1]))
        return graph.do("Gather", "w0", "order", to="w", axis=1)

    def joined(graph: Graph) -> str:
        graph.hold("w0", W[:1]), graph.hold("w1", W[1:])
        return graph.do("Concat", "w0", "w1", to="w", axis=0)

    def raised(graph: Graph) -> str:
        graph.hold("w0", W)
        return graph.do("Exp", "w0", to="w")

    mask = (_RNG.random(W.shape) > 0.4).astype("f4")
    lengths = _RNG.uniform(0.5, 2, (KERNELS, 1, 1)).astype("f4")
    unit = W / np.sqrt((W.astype("f8") ** 2).sum((1, 2), keepdims=True)) * lengths
    yield made("weight as Constant", W, constant, b)
    yield made("weight transposed", W, transposed, b)
    yield made("weight reshaped", W, reshaped, b)
    yield made("weight by another name", W, named_again, b)
    yield made("weight masked", W * mask, masked, b)
    yield made("weight of its length and direction", unit.astype("f4"), of_length, b)
    yield made("weight turned round", W, turned, b)
    yield made("weight of letters in another order", W[:, [2, 0, 3, 1]], gathered, b)
    yield made("weight of two parts", W, joined, b)
    yield made("weight raised", np.exp(W), raised, b)
    yield made("no bias", W, lambda g: g.hold("w", W))
    # old style: weights are inputs too
    graph = begin(ir=3, opset=9)
    graph.input("w", W.shape), graph.input("b", b.shape)
    graph.hold("w", W), graph.hold("b", b)
    graph.do("Conv", "x", "w", "b", to="scores")
    graph.do("Relu", "scores", to="acted")
    graph.do("GlobalMaxPool", "acted", to="pooled")
    yield example("weights that are inputs too", "parts", graph, W, b, must="read", acted="acted", pooled="pooled")
    # the weight is given at run time
    graph = begin()
    graph.input("w", W.shape)
    graph.do("Conv", "x", "w", to="scores")
    yield example("weight that is an input", "parts", graph, W, feed=lambda x: {"x": x, "w": W})
    # integers all through
    graph = begin(opset=17)
    graph.hold("s", np.float32(0.01)), graph.hold("z", np.uint8(0)), graph.hold("zw", np.int8(0))
    (
        graph.hold("q", flat),
        graph.hold("sw", whole_scale),
        graph.hold("so", np.float32(0.05)),
        graph.hold("zo", np.uint8(128)),
    )
    graph.do("QuantizeLinear", "x", "s", "z", to="xq")
    graph.do("QLinearConv", "xq", "s", "z", "q", "sw", "zw", "so", "zo", to="yq")
    graph.do("DequantizeLinear", "yq", "so", "zo", to="scores")
    graph.do("GlobalMaxPool", "scores", to="pooled")
    yield example("QLinearConv", "parts", graph, flat.astype("f4") * whole_scale, pooled="pooled")
    graph = begin()
    graph.hold("s", np.float32(1 / 255)), graph.hold("z", np.uint8(0)), graph.hold("w", W), graph.hold("b", b)
    graph.do("QuantizeLinear", "x", "s", "z", to="xq")
    graph.do("DequantizeLinear", "xq", "s", "z", to="xf")
    graph.do("Conv", "xf", "w", "b", to="scores")
    tail(graph)
    yield example("input quantised and back", "before", graph, W, b, **TAIL)
    graph = begin()
    graph.hold("s", np.float32(0.003)), graph.hold("z", np.uint8(0)), graph.hold("w", W), graph.hold("b", b)
    graph.do("QuantizeLinear", "x", "s", "z", to="xq")
    graph.do("DequantizeLinear", "xq", "s", "z", to="xf")
    graph.do("Conv", "xf", "w", "b", to="scores")
    tail(graph)
    yield example("input quantised and cut off", "before", graph, W, b, **TAIL)


def _cast(graph: Graph, name: str, kind: int = TensorProto.FLOAT) -> str:
    made = f"{name}_as_{kind}"
    graph.nodes.append(helper.make_node("Cast", [name], [made], name=f"node/{made}", to=kind))
    return made


def _before() -> Iterator[Example]:
    W, b = weights()

    def behind(
        name: str,
        make: Callable[[Graph], str],
        *,
        shape: Sequence[Any] = ("N", 4, LENGTH),
        must: str = "",
        **options: Any,
    ) -> Example:
        own = {each: options.pop(each) for each in ("opset", "ir", "domains") if each in options}
        kind = options.pop("kind", TensorProto.FLOAT)
        graph = Graph(**own)
        graph.input("x", shape, kind)
        first = make(graph)
        graph.hold("w", W), graph.hold("b", b)
        graph.do("Conv", first, "w", "b", to="scores")
        tail(graph)
        return example(name, "before", graph, W, b, must=must, **{**TAIL, **options})

    gamma, beta, mean = (_RNG.normal(size=4).astype("f4") for _ in range(3))
    variance = _RNG.uniform(0.5, 2, 4).astype("f4")

    def normed(graph: Graph, **options: Any) -> str:
        for name, value in {"g": gamma, "be": beta, "m": mean, "v": variance}.items():
            graph.hold(name, value)
        return graph.do("BatchNormalization", "x", "g", "be", "m", "v", to="first", **options)

    def with_one(kind: str, value: Any, *, is_first: bool = False) -> Callable[[Graph], str]:
        def make(graph: Graph) -> str:
            graph.hold("value", np.asarray(value, "f4"))
            return graph.do(kind, *(("value", "x") if is_first else ("x", "value")), to="first")

        return make

    def done(kind: str, *more: Any, **options: Any) -> Callable[[Graph], str]:
        def make(graph: Graph) -> str:
            names = [graph.hold(f"more{i}", np.asarray(value)) for i, value in enumerate(more)]
            return graph.do(kind, "x", *names, to="first", **options)

        return make

    yield behind("batch norm", normed)
    yield behind("batch norm, epsilon 0.1", lambda g: normed(g, epsilon=0.1))
    yield behind("a factor", with_one("Mul", 2.5))
    yield behind("a factor, first", with_one("Mul", 2.5, is_first=True))
    yield behind("a factor a letter", with_one("Mul", gamma[:, None]))
    yield behind("a factor a letter in three axes", with_one("Mul", gamma[None, :, None]))
    yield behind("a factor a position", with_one("Mul", _RNG.normal(size=LENGTH)))
    yield behind("a quarter taken off", with_one("Sub", 0.25))
    yield behind("taken from one", with_one("Sub", 1.0, is_first=True))
    yield behind("divided", with_one("Div", 0.3))
    yield behind(
        "divides",
        lambda g: g.do(
            "Div", g.hold("value", np.float32(2)), g.do("Add", "x", g.hold("one", np.float32(1))), to="first"
        ),
    )
    yield behind("a number a letter", with_one("Add", beta[:, None]))
    yield behind("a power of one", with_one("Pow", 1.0))
    yield behind("a power of two", with_one("Pow", 2.0))
    yield behind("negated", done("Neg"))
    yield behind("order by Gather", done("Gather", np.array([3, 1, 0, 2]), axis=1))
    yield behind("two of one letter by Gather", done("Gather", np.array([3, 1, 1, 2]), axis=1))
    yield behind("positions by Gather", done("Gather", np.arange(LENGTH)[::-1].copy(), axis=2))
    yield behind(
        "letters turned round by Slice", done("Slice", np.array([-1]), np.array([-100]), np.array([1]), np.array([-1]))
    )
    yield behind(
        "sequence turned round by Slice", done("Slice", np.array([-1]), np.array([-100]), np.array([2]), np.array([-1]))
    )
    yield behind(
        "both turned round by Slice",
        done("Slice", np.array([-1, -1]), np.array([-100, -100]), np.array([1, 2]), np.array([-1, -1])),
    )
    yield behind("ends cut off by Slice", done("Slice", np.array([2]), np.array([16]), np.array([2])), shift=-2)
    yield behind("every other by Slice", done("Slice", np.array([0]), np.array([100]), np.array([2]), np.array([2])))
    yield behind("identity", done("Identity"), must="claimed")
    yield behind("dropout", done("Dropout"), must="claimed")
    yield behind("cast to what it is", lambda g: _cast(g, "x"))
    yield behind("cast through half", lambda g: _cast_twice(g, TensorProto.FLOAT16))
    yield behind("cast through whole numbers", lambda g: _cast_twice(g, TensorProto.INT32))
    yield behind("clipped, none cut", done("Clip", np.float32(0), np.float32(1)))
    yield behind("clipped", done("Clip", np.float32(0.2), np.float32(0.6)))
    yield behind("sigmoid", done("Sigmoid"))
    yield behind("softmax over letters", done("Softmax", axis=1))
    yield behind("instance norm", done("InstanceNormalization", gamma, beta))
    yield behind("layer norm", done("LayerNormalization", _RNG.normal(size=LENGTH).astype("f4")))
    yield behind("average of three", done("AveragePool", kernel_shape=[3], strides=[1]))
    yield behind(
        "less its own mean", lambda g: g.do("Sub", "x", g.do("ReduceMean", "x", axes=[2], keepdims=1), to="first")
    )
    yield behind("summed up", lambda g: g.do("CumSum", "x", g.hold("axis", np.int64(2)), to="first"))
    yield behind("twice itself", lambda g: g.do("Add", "x", "x", to="first"))
    yield behind("squared by Mul", lambda g: g.do("Mul", "x", "x", to="first"))
    yield behind(
        "where",
        lambda g: g.do(
            "Where",
            g.do("Greater", "x", g.hold("half", np.float32(0.5))),
            g.hold("a", np.float32(0.9)),
            g.hold("c", np.float32(0.1)),
            to="first",
        ),
    )
    mixing = _RNG.normal(size=(4, 4)).astype("f4")
    yield behind("dense over letters", lambda g: g.do("MatMul", g.hold("mix", mixing), "x", to="first"))
    yield behind(
        "dense over letters, channels last",
        lambda g: g.do("Transpose", g.do("MatMul", "x", g.hold("mix", mixing)), to="first", perm=[0, 2, 1]),
        shape=("N", LENGTH, 4),
        feed=lambda x: x.transpose(0, 2, 1),
    )
    yield behind(
        "dense over positions",
        lambda g: g.do("MatMul", "x", g.hold("mix", _RNG.normal(size=(LENGTH, LENGTH)).astype("f4")), to="first"),
    )
    yield behind("einsum", lambda g: g.do("Einsum", "x", g.hold("mix", mixing), to="first", equation="nal,ab->nbl"))
    yield behind(
        "reshaped, which mixes",
        done("Reshape", np.array([-1, 4, LENGTH])),
        shape=("N", LENGTH, 4),
        feed=lambda x: x.transpose(0, 2, 1).copy(),
    )
    yield behind(
        "flattened and shaped again",
        lambda g: g.do("Reshape", g.do("Flatten", "x"), g.hold("shape", np.array([-1, 4, LENGTH])), to="first"),
    )
    yield behind(
        "transposed twice",
        lambda g: g.do("Transpose", g.do("Transpose", "x", perm=[0, 2, 1]), to="first", perm=[0, 2, 1]),
    )
    yield behind(
        "table of indices",
        lambda g: g.do("Transpose", g.do("Gather", g.hold("table", mixing), "x", axis=0), to="first", perm=[0, 2, 1]),
        shape=("N", LENGTH),
        kind=TensorProto.INT64,
        feed=lambda x: x.argmax(1),
    )
    yield behind(
        "table of indices, one-hot",
        lambda g: g.do(
            "Transpose", g.do("Gather", g.hold("table", np.eye(4, dtype="f4")), "x", axis=0), to="first", perm=[0, 2, 1]
        ),
        shape=("N", LENGTH),
        kind=TensorProto.INT64,
        feed=lambda x: x.argmax(1),
    )
    yield behind(
        "table of indices, one-hot in another order",
        lambda g: g.do(
            "Transpose",
            g.do("Gather", g.hold("table", np.eye(4, dtype="f4")[[1, 0, 3, 2]]), "x", axis=0),
            to="first",
            perm=[0, 2, 1],
        ),
        shape=("N", LENGTH),
        kind=TensorProto.INT64,
        feed=lambda x: x.argmax(1),
    )
    yield behind(
        "OneHot of indices",
        lambda g: g.do(
            "OneHot", "x", g.hold("depth", np.int64(4)), g.hold("values", np.array([0, 1], "f4")), to="first", axis=1
        ),
        shape=("N", LENGTH),
        kind=TensorProto.INT64,
        feed=lambda x: x.argmax(1),
    )
    yield behind(
        "OneHot of off and on 0.1, 0.9",
        lambda g: g.do(
            "OneHot",
            "x",
            g.hold("depth", np.int64(4)),
            g.hold("values", np.array([0.1, 0.9], "f4")),
            to="first",
            axis=1,
        ),
        shape=("N", LENGTH),
        kind=TensorProto.INT64,
        feed=lambda x: x.argmax(1),
    )
    yield behind("bytes cast to floats", lambda g: _cast(g, "x"), kind=TensorProto.UINT8, feed=lambda x: x.astype("u1"))
    point, pb = weights(4, 4, 1)

    def one_by_one(graph: Graph) -> str:
        graph.hold("pw", point), graph.hold("pb", pb)
        return graph.do("Conv", "x", "pw", "pb", to="pointed")

    own = slid(onehot(), point) + pb[:, None]
    yield behind("1×1", one_by_one, reads_input=False, more=[Stage("", own, window_starts(LENGTH), own)])
    recurrent = [_RNG.normal(size=size).astype("f4") for size in ((1, 16, 4), (1, 16, 4))]

    def lstm(graph: Graph) -> str:
        graph.do("Transpose", "x", to="time", perm=[2, 0, 1])
        graph.do(
            "LSTM", "time", graph.hold("lw", recurrent[0]), graph.hold("lr", recurrent[1]), to="told", hidden_size=4
        )
        graph.do("Squeeze", "told", graph.hold("one", np.array([1])), to="flat1")
        return graph.do("Transpose", "flat1", to="first", perm=[1, 2, 0])

    yield behind("LSTM", lstm)
    track = np.random.default_rng(2).random((BATCH, 1, LENGTH)).astype("f4")

    def second(function: Callable[[Graph], str]) -> Callable[[Graph], str]:
        def make(graph: Graph) -> str:
            graph.input("y", ("N", 1, LENGTH))
            return function(graph)

        return make

    pair = {"feed": lambda x: {"x": x, "y": track}}
    yield behind("weighted by a track", second(lambda g: g.do("Mul", "x", "y", to="first")), **pair)
    yield behind("a track added", second(lambda g: g.do("Add", "x", "y", to="first")), **pair)
    yield behind(
        "three letters and a track",
        second(
            lambda g: g.do(
                "Concat",
                g.do(
                    "Slice", "x", g.hold("a0", np.array([0])), g.hold("a3", np.array([3])), g.hold("a1", np.array([1]))
                ),
                "y",
                to="first",
                axis=1,
            )
        ),
        **pair,
    )


def _cast_twice(graph: Graph, kind: int) -> str:
    return _cast(graph, _cast(graph, "x", kind))


def _acts() -> Iterator[Example]:
    W, b = weights()
    zero, six, half = np.float32(0), np.float32(6), np.float32(0.5)
    added = _RNG.normal(size=KERNELS).astype("f4")
    factor = _RNG.uniform(-2, 2, KERNELS).astype("f4")

    def then(
        name: str,
        make: Callable[[Graph], Any],
        *,
        names: Sequence[str] = (),
        bias: Array | None = b,
        scores: Sequence[str] = ("scores",),
        acted: str | None = "acted",
        **options: Any,
    ) -> Example:
        own = {each: options.pop(each) for each in ("opset", "ir", "domains") if each in options}
        graph = begin(**own)
        graph.hold("w", W)
        inputs = ["x", "w"]
        if bias is not None:
            inputs.append(graph.hold("b", bias))
        graph.do("Conv", *inputs, to="scores")
        make(graph)
        graph.do("GlobalMaxPool", graph.last, to="pooled")
        graph.do("Flatten", "pooled", to="flat")
        graph.hold("dense", _RNG.normal(size=(KERNELS, 1)).astype("f4"))
        graph.do("MatMul", "flat", "dense", to="out")
        return example(
            f"then {name}",
            "behind",
            graph,
            W,
            bias,
            scores=scores,
            acted=acted,
            pooled="pooled",
            output="out",
            names=names,
            must="read",
            **options,
        )

    def one(kind: str, *more: Any, **options: Any) -> Callable[[Graph], Any]:
        def make(graph: Graph) -> Any:
            return graph.do(
                kind, "scores", *(graph.hold(f"v{i}", np.asarray(v)) for i, v in enumerate(more)), to="acted", **options
            )

        return make

    yield then("relu as Max", one("Max", zero))
    yield then("relu as Max of (1, 1, 1)", one("Max", np.zeros((1, 1, 1), "f4")))
    yield then("relu as Max, first", lambda g: g.do("Max", g.hold("z", zero), "scores", to="acted"))
    yield then("relu as Clip", one("Clip", zero))
    yield then("relu as Clip to infinity", one("Clip", zero, np.float32(np.inf)), names=())
    yield then("relu as Clip to the largest", one("Clip", zero, np.float32(3.4028235e38)))
    yield then("relu as Clip of old", lambda g: g.do("Clip", "scores", to="acted", min=0.0), opset=6, ir=3)
    yield then(
        "relu as Where",
        lambda g: g.do("Where", g.do("Greater", "scores", g.hold("z", zero)), "scores", "z", to="acted"),
    )
    yield then(
        "relu by its mask",
        lambda g: g.do("Mul", "scores", _cast(g, g.do("Greater", "scores", g.hold("z", zero))), to="acted"),
    )
    yield then(
        "relu as half of sum and size",
        lambda g: g.do("Mul", g.do("Add", "scores", g.do("Abs", "scores")), g.hold("h", half), to="acted"),
    )
    yield then("Max with half", one("Max", half))
    yield then("Max with a number a kernel", one("Max", added[:, None]))
    yield then("Min with half", one("Min", half))
    yield then("Clip 0 to 6", one("Clip", zero, six), names=())
    yield then("Clip from half", one("Clip", half))
    yield then("leaky", one("LeakyRelu", alpha=0.2))
    yield then(
        "leaky as Max", lambda g: g.do("Max", "scores", g.do("Mul", "scores", g.hold("s", np.float32(0.1))), to="acted")
    )
    yield then("PRelu", one("PRelu", np.full((KERNELS, 1), 0.3, "f4")), names=("prelu", "leaky relu"))
    yield then("PRelu of zero", one("PRelu", np.zeros((1, 1), "f4")), names=("prelu",))
    yield then("sigmoid", one("Sigmoid"))
    yield then("hard sigmoid", one("HardSigmoid"), names=("hardsigmoid", "hard sigmoid"))
    yield then("swish", lambda g: g.do("Mul", "scores", g.do("Sigmoid", "scores"), to="acted"), names=("silu", "swish"))
    yield then("softplus", one("Softplus"))
    yield then("exp", one("Exp"))
    yield then(
        "exp of twice",
        lambda g: g.do("Exp", g.do("Mul", "scores", g.hold("two", np.float32(2)), to="scaled"), to="acted"),
        scores=("scores", "scaled"),
        folds=[(np.full(KERNELS, 2.0), np.zeros(KERNELS))],
    )
    yield then("power of two", lambda g: g.do("Pow", g.hold("two", np.float32(2)), "scores", to="acted"))
    yield then("elu of half", one("Elu", alpha=0.5))
    yield then("thresholded", one("ThresholdedRelu", alpha=0.5), names=("thresholded relu",))
    yield then("softmax over windows", one("Softmax", axis=2), names=("softmax",))
    yield then("softmax over kernels", one("Softmax", axis=1), names=("softmax",))
    yield then("square", lambda g: g.do("Mul", "scores", "scores", to="acted"))
    yield then("absolute", one("Abs"), names=("abs", "absolute", "absolute value"))
    yield then("sine", one("Sin"), names=("sin",))
    yield then("sign turned", one("Neg"), scores=("scores", "acted"), folds=[(-np.ones(KERNELS), np.zeros(KERNELS))])
    yield then("batch norm behind relu", lambda g: _norm(g, g.do("Relu", "scores")), begins=("relu",))
    yield then("instance norm", one("InstanceNormalization", added, factor))
    yield then(
        "relu, then Clip to 6",
        lambda g: g.do("Clip", g.do("Relu", "scores"), g.hold("z", zero), g.hold("s", six), to="acted"),
        names=(),
    )
    yield then(
        "relu, then a factor",
        lambda g: g.do("Mul", g.do("Relu", "scores"), g.hold("s", np.float32(2)), to="acted"),
        begins=("relu",),
    )
    yield then(
        "gelu by erf",
        lambda g: g.do(
            "Mul",
            g.do("Mul", "scores", g.hold("h", half)),
            g.do(
                "Add", g.do("Erf", g.do("Div", "scores", g.hold("r", np.float32(2**0.5)))), g.hold("o", np.float32(1))
            ),
            to="acted",
        ),
        names=("gelu",),
    )
    yield then("Gelu", one("Gelu"), opset=20, ir=9)
    yield then("Gelu by tanh", one("Gelu", approximate="tanh"), names=("gelu",), opset=20, ir=9)
    # the bias as Add, the batch norm behind it, a factor behind
    unit = np.ones(KERNELS)
    for said, shape in {"(K, 1)": (KERNELS, 1), "(1, K, 1)": (1, KERNELS, 1)}.items():
        for first in (False, True):
            order = ("sum0", "scores") if first else ("scores", "sum0")
            yield then(
                f"bias as Add of {said}{', first' if first else ''}",
                lambda g, shape=shape, order=order: g.do(
                    "Relu",
                    g.do(
                        "Add",
                        *(
                            (g.hold("sum0", added.reshape(shape)), "scores")
                            if order[0] == "sum0"
                            else ("scores", g.hold("sum0", added.reshape(shape)))
                        ),
                        to="summed",
                    ),
                    to="acted",
                ),
                bias=None,
                scores=("scores", "summed"),
                folds=[(unit, added)],
            )
    yield then(
        "bias as Sub",
        lambda g: g.do("Relu", g.do("Sub", "scores", g.hold("s0", added[:, None]), to="summed"), to="acted"),
        bias=None,
        scores=("scores", "summed"),
        folds=[(unit, -added)],
    )
    yield then(
        "a number a window as Add",
        lambda g: g.do("Relu", g.do("Add", "scores", g.hold("s0", _RNG.normal(size=13).astype("f4"))), to="acted"),
        bias=None,
    )
    yield then(
        "bias and another as Add",
        lambda g: g.do("Relu", g.do("Add", "scores", g.hold("s0", added[:, None]), to="summed"), to="acted"),
        scores=("scores", "summed"),
        folds=[(unit, added)],
    )
    yield then(
        "a factor a kernel",
        lambda g: g.do("Relu", g.do("Mul", "scores", g.hold("f0", factor[:, None]), to="scaled"), to="acted"),
        scores=("scores", "scaled"),
        folds=[(factor, np.zeros(KERNELS))],
    )
    for place in ("with a bias", "behind Add"):
        gamma, beta, mean = (_RNG.normal(size=KERNELS).astype("f4") for _ in range(3))
        variance = _RNG.uniform(0.5, 2, KERNELS).astype("f4")
        slope = gamma / np.sqrt(variance.astype("f8") + 1e-3)

        def normed(graph: Graph, place: str = place, values: Any = (gamma, beta, mean, variance)) -> Any:
            start = (
                "scores"
                if place == "with a bias"
                else graph.do("Add", "scores", graph.hold("s0", added[:, None]), to="summed")
            )
            held = [graph.hold(f"n{i}", value) for i, value in enumerate(values)]
            graph.do("BatchNormalization", start, *held, to="normed", epsilon=1e-3)
            return graph.do("Relu", "normed", to="acted")

        if place == "with a bias":
            yield then("batch norm", normed, scores=("scores", "normed"), folds=[(slope, beta - mean * slope)])
        else:
            yield then(
                "batch norm behind Add",
                normed,
                bias=None,
                scores=("scores", "summed", "normed"),
                folds=[(unit, added), (slope, beta + (added - mean) * slope)],
            )


def _norm(graph: Graph, start: str) -> str:
    values = [_RNG.normal(size=KERNELS).astype("f4") for _ in range(3)] + [_RNG.uniform(0.5, 2, KERNELS).astype("f4")]
    held = [graph.hold(f"n{i}", value) for i, value in enumerate(values)]
    return graph.do("BatchNormalization", start, *held, to="acted")


def _pools() -> Iterator[Example]:
    W, b = weights()

    def then(name: str, make: Callable[[Graph], Any], *, length: Any = LENGTH, **options: Any) -> Example:
        own = {each: options.pop(each) for each in ("opset", "ir") if each in options}
        graph = begin(("N", 4, length), **own)
        graph.hold("w", W), graph.hold("b", b)
        graph.do("Conv", "x", "w", "b", to="scores")
        graph.do("Relu", "scores", to="acted")
        make(graph)
        return example(
            f"pooled by {name}", "behind", graph, W, b, must="read", **{"acted": "acted", "pooled": "pooled", **options}
        )

    def one(kind: str, *more: Any, to: str = "pooled", **options: Any) -> Callable[[Graph], Any]:
        def make(graph: Graph) -> Any:
            return graph.do(
                kind, "acted", *(graph.hold(f"p{i}", np.asarray(v)) for i, v in enumerate(more)), to=to, **options
            )

        return make

    yield then("ReduceMax of the last", one("ReduceMax", axes=[-1], keepdims=0))
    yield then("ReduceMax, axes as input", one("ReduceMax", np.array([2]), keepdims=0), opset=18)
    yield then("ReduceMax of the kernels", one("ReduceMax", axes=[1], keepdims=0), pooled="", pools=False)
    yield then(
        "ReduceMax of the kernels, axes as input",
        one("ReduceMax", np.array([1]), keepdims=0),
        opset=18,
        pooled="",
        pools=False,
    )
    yield then("ReduceMax of all", one("ReduceMax", keepdims=0), pooled="", pools=True)
    yield then("ReduceMax of kernels and windows", one("ReduceMax", axes=[1, 2], keepdims=0), pooled="", pools=True)
    yield then("ReduceMean of the batch", one("ReduceMean", axes=[0], keepdims=0), pooled="", pools=False)
    yield then("ReduceMean", one("ReduceMean", axes=[2], keepdims=1))
    yield then("ReduceSum", one("ReduceSum", np.array([2]), keepdims=0), pool_names=("sum",))
    yield then("ReduceLogSumExp", one("ReduceLogSumExp", axes=[2], keepdims=0))
    yield then("ReduceMin", one("ReduceMin", axes=[2], keepdims=0), pool_names=("min",))
    yield then("ReduceL2", one("ReduceL2", axes=[2], keepdims=0), pool_names=("l2",))
    yield then("GlobalAveragePool", one("GlobalAveragePool"))
    yield then("GlobalLpPool", one("GlobalLpPool", p=2), pool_names=("lp",))
    yield then("MaxPool of all", one("MaxPool", kernel_shape=[13]))
    yield then(
        "MaxPool of all, length unknown", one("MaxPool", kernel_shape=[13]), length="L", pool_names=("local max",)
    )
    yield then("MaxPool of twelve", one("MaxPool", kernel_shape=[12]), pool_names=("local max",))
    yield then("AveragePool of all", one("AveragePool", kernel_shape=[13]))
    yield then(
        "AveragePool of all and the padding",
        one("AveragePool", kernel_shape=[15], pads=[1, 1], count_include_pad=1),
        pool_names=("local average",),
    )
    yield then("best three", lambda g: g.do("ReduceMean", _top(g), to="pooled", axes=[2], keepdims=0))
    yield then("the last window", one("Gather", np.int64(12), axis=2), pools=False, pooled="")
    yield then(
        "transpose, ReduceMax of windows",
        lambda g: g.do("ReduceMax", g.do("Transpose", "acted", perm=[0, 2, 1]), to="pooled", axes=[1], keepdims=0),
    )
    yield then(
        "transpose, ReduceMax of kernels",
        lambda g: g.do("ReduceMax", g.do("Transpose", "acted", perm=[0, 2, 1]), to="pooled", axes=[2], keepdims=0),
        pooled="",
        pools=False,
    )
    yield then(
        "flatten, ReduceMax",
        lambda g: g.do("ReduceMax", g.do("Flatten", "acted"), to="pooled", axes=[1], keepdims=1),
        pooled="",
        pools=True,
    )
    yield then(
        "expectation",
        lambda g: g.do(
            "ReduceSum",
            g.do("Mul", "acted", g.do("Softmax", "acted", axis=2)),
            g.hold("ax", np.array([2])),
            to="pooled",
            keepdims=0,
        ),
        pool_names=("expectation",),
    )
    yield then("max, then relu less one", lambda g: _twice(g), pool_names=("max",), output="")
    for kind, local in {"MaxPool": "max", "AveragePool": "average"}.items():
        yield then(
            f"{kind} of three, then max",
            lambda g, kind=kind: g.do(
                "GlobalMaxPool", g.do(kind, "acted", to="local", kernel_shape=[3], strides=[3]), to="pooled"
            ),
            local="local",
            local_kind=local,
        )
    yield then(
        "MaxPool of three, batch norm, then max",
        lambda g: g.do(
            "GlobalMaxPool",
            _normed_again(g, g.do("MaxPool", "acted", to="local", kernel_shape=[3], strides=[3])),
            to="pooled",
        ),
        local="local",
        local_kind="max",
        pool_names=("local max",),
    )
    yield then(
        "max and mean",
        lambda g: g.do(
            "Concat", g.do("GlobalMaxPool", "acted"), g.do("GlobalAveragePool", "acted"), to="pooled", axis=1
        ),
        pooled="",
        pools=True,
    )
    yield then(
        "max over half",
        lambda g: g.do(
            "ReduceMax",
            g.do("Slice", "acted", g.hold("s", np.array([0])), g.hold("e", np.array([6])), g.hold("ax", np.array([2]))),
            to="pooled",
            axes=[2],
            keepdims=0,
        ),
    )


def _top(graph: Graph) -> str:
    graph.hold("three", np.array([3]))
    graph.nodes.append(helper.make_node("TopK", ["acted", "three"], ["top", "where"], name="node/top"))
    return "top"


def _twice(graph: Graph) -> str:
    graph.do("GlobalMaxPool", "acted", to="pooled")
    return graph.do("Relu", graph.do("Sub", "pooled", graph.hold("one1", np.float32(1))), to="end")


def _normed_again(graph: Graph, start: str) -> str:
    values = [-np.ones(KERNELS, "f4"), np.zeros(KERNELS, "f4"), np.zeros(KERNELS, "f4"), np.ones(KERNELS, "f4")]
    return graph.do("BatchNormalization", start, *(graph.hold(f"m{i}", v) for i, v in enumerate(values)))


def _several() -> Iterator[Example]:
    W, b = weights()
    V, c = weights(7, 4, 9)
    sequences = onehot()
    wide = slid(sequences, V) + c[:, None]
    other = Stage("", wide, window_starts(wide.shape[2]), wide)
    for first in (False, True):
        graph = begin()
        for name, value in {"w": W, "b": b, "v": V, "c": c}.items():
            graph.hold(name, value)
        pair = [("x", "w", "b"), ("x", "v", "c")]
        names = ["scores", "wide"]
        for place in (1, 0) if first else (0, 1):
            graph.do("Conv", *pair[place], to=names[place])
        graph.do("Concat", graph.do("GlobalMaxPool", "scores"), graph.do("GlobalMaxPool", "wide"), to="out", axis=1)
        yield example(
            f"two widths{', the wide one first' if first else ''}",
            "several",
            graph,
            W,
            b,
            more=[other],
            judged=False,
            must="read",
            named=("w", "v"),
        )
    # both strands by one weight
    graph = begin()
    graph.hold("w", W), graph.hold("b", b)
    for name, value in {"from": [-1, -1], "to": [-100, -100], "axes": [1, 2], "step": [-1, -1]}.items():
        graph.hold(name, np.array(value))
    graph.do("Slice", "x", "from", "to", "axes", "step", to="back")
    graph.do("Conv", "back", "w", "b", to="minus")
    graph.do("Conv", "x", "w", "b", to="scores")
    graph.do("Max", graph.do("GlobalMaxPool", "scores"), graph.do("GlobalMaxPool", "minus"), to="out")
    yield example(
        "both strands by one weight, the other first",
        "several",
        graph,
        W,
        b,
        must="read",
        acted="scores",
        pools=True,
        pool_names=("max",),
    )
    graph = begin()
    graph.hold("w", W), graph.hold("b", b)
    graph.do("Conv", "x", "w", "b", to="scores")
    graph.do("Relu", "scores", to="acted")
    graph.do("Add", graph.do("GlobalMaxPool", "acted"), graph.do("GlobalAveragePool", "scores"), to="out")
    yield example("scores used twice", "several", graph, W, b, must="read", acted=None, pools=True)
    graph = begin()
    graph.hold("w", W), graph.hold("b", b)
    graph.do("Conv", "x", "w", "b", to="scores")
    graph.do("GlobalMaxPool", "scores", to="pooled")
    graph.outputs = ("pooled", "scores")
    yield example("scores given out too", "several", graph, W, b, must="read", acted="scores", pooled="pooled")
    # a second input that has four rows too
    signal = np.random.default_rng(4).random((BATCH, 4, LENGTH)).astype("f4")
    for first in (False, True):
        graph = Graph()
        for name in ("y", "x") if first else ("x", "y"):
            graph.input(name, ("N", 4, LENGTH))
        for name, value in {"w": W, "b": b, "v": V, "c": c}.items():
            graph.hold(name, value)
        todo = [("x", "w", "b", "scores"), ("y", "v", "c", "wide")]
        for *inputs, to in reversed(todo) if first else todo:
            graph.do("Conv", *inputs, to=to)
        graph.do("Concat", graph.do("GlobalMaxPool", "scores"), graph.do("GlobalMaxPool", "wide"), to="out", axis=1)
        own = Stage("", wide, window_starts(wide.shape[2]), wide)
        yield example(
            f"a signal of four rows{' first' if first else ''}",
            "several",
            graph,
            W,
            b,
            judged=False,
            feed=lambda x: {"x": x, "y": signal},
            more=[own],
            named=("w", "v"),
        )
    # within a branch and within a function
    yield _within_if(W, b)
    yield _within_function(W, b)


def _within_if(W: Array, b: Array) -> Example:
    graph = begin()
    graph.hold("w", W), graph.hold("b", b), graph.hold("yes", np.array(True))
    inner = [helper.make_node("Conv", ["x", "w", "b"], ["inner"], name="inner")]
    out = helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)
    other = [helper.make_node("Conv", ["x", "w"], ["inner2"], name="inner2")]
    out2 = helper.make_tensor_value_info("inner2", TensorProto.FLOAT, None)
    graph.do(
        "If",
        "yes",
        to="scores",
        then_branch=helper.make_graph(inner, "then", [], [out]),
        else_branch=helper.make_graph(other, "else", [], [out2]),
    )
    graph.do("GlobalMaxPool", "scores", to="pooled")
    return example("within a branch", "several", graph, W, b, pooled="pooled")


def _within_function(W: Array, b: Array) -> Example:
    graph = begin(domains=("own",))
    graph.hold("w", W), graph.hold("b", b)
    body = [
        helper.make_node("Constant", [], ["two"], value_float=2.0),
        helper.make_node("Mul", ["X", "two"], ["Y"]),
        helper.make_node("Conv", ["Y", "W", "B"], ["Z"]),
    ]
    opsets = [helper.make_opsetid("", 17)]
    graph.functions = [helper.make_function("own", "Layer", ["X", "W", "B"], ["Z"], body, opsets)]
    graph.do("Layer", "x", "w", "b", to="scores", domain="own")
    graph.do("GlobalMaxPool", "scores", to="pooled")
    return example("within a function", "several", graph, W, b, pooled="pooled")
