"""ONNX graphs as exporters write them, held against ONNX's own reference and onnxruntime."""

from __future__ import annotations

import io
import logging
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epool_viz import EpoolError, ImportedKernels, import_kernels, scan
from epool_viz.data.networks import onnx_constants, onnx_runner, sections
from epool_viz.data.networks.files import read_kernel_bytes
from epool_viz.errors import AmbiguousAxesError, FormatError
from epool_viz.jobs.parsing import parse_kernels_limited
from tests.torch_export import keep_operators

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

Node = helper.make_node
LENGTH = 31
RNG = np.random.default_rng(3)
W, B = RNG.normal(size=(3, 4, 5)).astype("f4"), RNG.normal(size=3).astype("f4")
FOUR = {name: RNG.uniform(0.4, 2, 4).astype("f4") for name in ("s4", "t4", "m4", "v4")}
THREE = {name: RNG.uniform(0.4, 2, 3).astype("f4") for name in ("s3", "t3", "m3", "v3")}
STORED = {"w": W, "b": B, **FOUR, **THREE}


def model_of(
    nodes: Sequence[Any],
    stored: dict[str, Any] | None = None,
    *,
    shape: Sequence[Any] = (1, 4, LENGTH),
    kind: int = TensorProto.FLOAT,
    opset: int = 21,
    more_inputs: Sequence[Any] = (),
    outputs: Sequence[str] = ("y",),
    functions: Sequence[Any] = (),
) -> bytes:
    """A graph from `x` to `y`."""
    held = {name: value for name, value in {**STORED, **(stored or {})}.items() if any(name in n.input for n in nodes)}
    tensors = [
        value if isinstance(value, TensorProto) else numpy_helper.from_array(value, name)
        for name, value in held.items()
    ]
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", kind, shape), *more_inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        tensors,
    )
    domains = {node.domain for node in nodes} - {""}
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(each, 1) for each in sorted(domains))]
    made = helper.make_model(graph, opset_imports=opsets, functions=list(functions))
    return bytes(made.SerializeToString())


def computed(raw: bytes, x: np.ndarray) -> np.ndarray:
    """What ONNX's own reference makes of a model."""
    from onnx.reference import ReferenceEvaluator

    return np.asarray(ReferenceEvaluator(onnx.load_model_from_string(raw)).run(None, {"x": x})[0])


def letters(batch: int = 1, length: int = LENGTH) -> np.ndarray:
    """(batch, letter, position)."""
    return np.eye(4, dtype="f4")[np.random.default_rng(8).integers(0, 4, (batch, length))].transpose(0, 2, 1)


def claims(read: ImportedKernels) -> bool:
    return read.reads_letters is True or any(each.startswith("Each kernel is a PWM") for each in read.statements)


def conv(data: str = "x", out: str = "y", *, bias: bool = True, weight: str = "w", **options: Any) -> Any:
    return Node("Conv", [data, weight, *(["b"] if bias else [])], [out], name="scan", **options)


def constant(name: str, values: Any) -> Any:
    return Node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(values)))


# what is read scores as the graph does; each gives nodes, what it stores, and the shape of its input by the layout

TAKE = [2, 0, 3, 1]
PACKED = {"q": np.round(W * 20).clip(-127, 127).astype(np.int8), "scale": np.float32(0.05), "zero": np.int8(0)}
SCALES = {"scale": np.array([0.05, 0.02, 0.1], "f4"), "zero": np.array([0, 3, -5], np.int8)}
READ: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "plain": ([conv()], {}, "ncl"),
    "no bias": ([conv(bias=False)], {}, "ncl"),
    "bias behind": ([conv(out="c", bias=False), Node("Add", ["c", "b3"], ["y"])], {"b3": B.reshape(1, 3, 1)}, "ncl"),
    "bias first in its sum": ([conv(out="c", bias=False), Node("Add", ["b3", "c"], ["y"])], {"b3": B[:, None]}, "ncl"),
    "bias taken away": ([conv(out="c"), Node("Sub", ["c", "b3"], ["y"])], {"b3": B[:, None]}, "ncl"),
    "bias and batch-norm": (
        [
            conv(out="c", bias=False),
            Node("Add", ["c", "b3"], ["d"]),
            Node("BatchNormalization", ["d", "s3", "t3", "m3", "v3"], ["y"], epsilon=0.1),
        ],
        {"b3": B[:, None]},
        "ncl",
    ),
    "batch-norm as product and sum": (
        [conv(out="c"), Node("Mul", ["c", "f"], ["d"]), Node("Add", ["d", "g"], ["y"])],
        {"f": np.array([[2.0], [-1.0], [0.5]], "f4"), "g": B[:, None]},
        "ncl",
    ),
    "weight behind a cast": ([Node("Cast", ["h"], ["w2"], to=1), conv(weight="w2")], {"h": W.astype("f2")}, "ncl"),
    "weight turned": (
        [Node("Transpose", ["wt"], ["w2"], perm=[2, 1, 0]), conv(weight="w2")],
        {"wt": np.ascontiguousarray(W.transpose(2, 1, 0))},
        "ncl",
    ),
    "weight out of a shape": (
        [Node("Reshape", ["flat", "to"], ["w2"]), conv(weight="w2")],
        {"flat": W.ravel(), "to": np.array([3, 4, -1])},
        "ncl",
    ),
    "weight of eight bits": (
        [Node("DequantizeLinear", ["q", "scale", "zero"], ["w2"]), conv(weight="w2")],
        PACKED,
        "ncl",
    ),
    "weight of eight bits, a scale each": (
        [Node("DequantizeLinear", ["q", "scale", "zero"], ["w2"], axis=0), conv(weight="w2")],
        {**PACKED, **SCALES},
        "ncl",
    ),
    "weight in a node": ([constant("w2", W), Node("Identity", ["w2"], ["w3"]), conv(weight="w3")], {}, "ncl"),
    "weight as a product": (
        [Node("Mul", ["w", "mask"], ["w2"]), conv(weight="w2")],
        {"mask": (W > 0).astype("f4")},
        "ncl",
    ),
    "weight of a norm": (
        [
            Node("ReduceL2", ["w", "axes"], ["n"]),
            Node("Div", ["w", "n"], ["u"]),
            Node("Mul", ["u", "g"], ["w2"]),
            conv(weight="w2"),
        ],
        {"axes": np.array([1, 2]), "g": np.array([[[1.5]], [[2.0]], [[0.5]]], "f4")},
        "ncl",
    ),
    "weight of a spectral norm": (
        [
            Node("Reshape", ["w", "to"], ["flat"]),
            Node("MatMul", ["flat", "right"], ["a"]),
            Node("MatMul", ["left", "a"], ["sigma"]),
            Node("Div", ["w", "sigma"], ["w2"]),
            conv(weight="w2"),
        ],
        {"to": np.array([3, 20]), "right": RNG.normal(size=20).astype("f4"), "left": RNG.normal(size=3).astype("f4")},
        "ncl",
    ),
    "channels last": ([Node("Transpose", ["x"], ["t"], perm=[0, 2, 1]), conv("t")], {}, "nlc"),
    "through an image": (
        [
            Node("Unsqueeze", ["x", "two"], ["u"]),
            Node("Conv", ["u", "w4", "b"], ["c"], name="scan"),
            Node("Squeeze", ["c", "two"], ["y"]),
        ],
        {"two": np.array([2]), "w4": W[:, :, None]},
        "ncl",
    ),
    "letters down an image": (
        [
            Node("Unsqueeze", ["x", "one"], ["u"]),
            Node("Conv", ["u", "w4", "b"], ["c"], name="scan"),
            Node("Squeeze", ["c", "two"], ["y"]),
        ],
        {"one": np.array([1]), "two": np.array([2]), "w4": W[:, None]},
        "ncl",
    ),
    "an image by a shape": (
        [
            Node("Reshape", ["x", "to"], ["u"]),
            Node("Conv", ["u", "w4", "b"], ["c"], name="scan"),
            Node("Squeeze", ["c", "two"], ["y"]),
        ],
        {"to": np.array([0, 1, 4, -1]), "two": np.array([2]), "w4": W[:, None]},
        "ncl",
    ),
    "batch-norm before": (
        [Node("BatchNormalization", ["x", "s4", "t4", "m4", "v4"], ["n"], epsilon=0.2), conv("n")],
        {},
        "ncl",
    ),
    "centred and scaled": (
        [Node("Sub", ["x", "q"], ["d"]), Node("Div", ["d", "r"], ["e"]), conv("e")],
        {"q": FOUR["m4"][:, None], "r": np.float32(0.3)},
        "ncl",
    ),
    "one less": (
        [Node("Sub", ["one", "x"], ["d"]), Node("Neg", ["d"], ["e"]), conv("e")],
        {"one": np.float32(1)},
        "ncl",
    ),
    "letters gathered": ([Node("Gather", ["x", "order"], ["g"], axis=1), conv("g")], {"order": np.array(TAKE)}, "ncl"),
    "letters gathered behind a turn": (
        [
            Node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
            Node("GatherND", ["t", "order"], ["g"]),
            Node("Transpose", ["g"], ["h"], perm=[1, 0, 2]),
            conv("h"),
        ],
        {"order": np.array(TAKE)[:, None]},
        "ncl",
    ),
    "letters sliced backwards": (
        [Node("Slice", ["x", "from", "to", "axis", "step"], ["g"]), conv("g")],
        {"from": np.array([-1]), "to": np.array([-(2**63) + 1]), "axis": np.array([1]), "step": np.array([-1])},
        "ncl",
    ),
    "gathered, scaled, gathered": (
        [
            Node("Gather", ["x", "order"], ["g"], axis=1),
            Node("Mul", ["g", "f"], ["h"]),
            Node("Gather", ["h", "order"], ["i"], axis=1),
            conv("i"),
        ],
        {"order": np.array(TAKE), "f": FOUR["s4"][:, None]},
        "ncl",
    ),
    "dilated": ([conv(dilations=[3])], {}, "ncl"),
    "dropout": ([Node("Dropout", ["x"], ["d"]), conv("d")], {}, "ncl"),
}


def laid(x: np.ndarray, layout: str) -> np.ndarray:
    return x if layout == "ncl" else np.ascontiguousarray(x.transpose(0, 2, 1))


@pytest.mark.parametrize("engine", ["onnxruntime", "onnx.reference"])
@pytest.mark.parametrize("name", READ)
def test_what_is_read_scores_as_the_graph_does(name: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if engine == "onnxruntime":
        pytest.importorskip("onnxruntime")
    monkeypatch.setattr(onnx_runner, "ENGINES", [engine])
    nodes, stored, layout = READ[name]
    raw = model_of(nodes, stored, shape=(1, 4, LENGTH) if layout == "ncl" else (1, LENGTH, 4))
    x = letters()
    read = import_kernels(raw)
    expected = computed(raw, laid(x, layout))
    np.testing.assert_allclose(scan(x, read.kernels, bias=read.bias), expected, rtol=1e-4, atol=1e-5)
    assert claims(read)
    assert read.bias_is_known
    assert read.difference is not None
    assert read.difference < 1e-5
    assert read.check == f"Checked against the model: {read.difference:.1g}."


@pytest.mark.parametrize("opset", [10, 13, 18, 19])
def test_weights_of_eight_bits_are_read_whatever_the_set_of_operators(opset: int) -> None:
    nodes, stored, _ = READ["weight of eight bits"]
    read = import_kernels(model_of(nodes, stored, opset=opset))
    np.testing.assert_allclose(read.kernels, PACKED["q"] * np.float32(0.05), rtol=1e-6)


# across what is not known nothing is claimed


def branch(kind: str, data: str) -> Any:
    """A graph within a node, of one node."""
    return helper.make_graph([Node(kind, [data], ["t"])], "t", [], [helper.make_tensor_value_info("t", 1, None)])


INSTANCE = Node("InstanceNormalization", ["x", "s4", "t4"], ["n"])
UNKNOWN: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "instance norm": ([INSTANCE, conv("n")], {}),
    "one by one": (
        [Node("Conv", ["x", "mix"], ["n"], name="mix", group=2), conv("n")],
        {"mix": RNG.normal(size=(4, 2, 1)).astype("f4")},
    ),
    "matrix product": (
        [
            Node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
            Node("MatMul", ["t", "m"], ["u"]),
            Node("Transpose", ["u"], ["n"], perm=[0, 2, 1]),
            conv("n"),
        ],
        {"m": RNG.normal(size=(4, 4)).astype("f4")},
    ),
    "rectified": ([Node("Relu", ["x"], ["n"]), conv("n")], {}),
    "softmax": ([Node("Softmax", ["x"], ["n"], axis=1), conv("n")], {}),
    "turned along the sequence": (
        [Node("Slice", ["x", "from", "to", "axis", "step"], ["n"]), conv("n")],
        {"from": np.array([-1]), "to": np.array([-(2**63) + 1]), "axis": np.array([2]), "step": np.array([-1])},
    ),
    "mixed by a shape": (
        [Node("Transpose", ["x"], ["t"], perm=[0, 2, 1]), Node("Reshape", ["t", "to"], ["n"]), conv("n")],
        {"to": np.array([1, 4, LENGTH])},
    ),
    "another number at each place": (
        [Node("Mul", ["x", "f"], ["n"]), conv("n")],
        {"f": RNG.normal(size=LENGTH).astype("f4")},
    ),
    "a letter twice": ([Node("Gather", ["x", "order"], ["n"], axis=1), conv("n")], {"order": np.array([0, 0, 1, 2])}),
    "added to itself": ([Node("Add", ["x", "x"], ["n"]), conv("n")], {}),
    "quantised": (
        [
            Node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
            Node("DequantizeLinear", ["q", "scale", "zero"], ["n"]),
            conv("n"),
        ],
        {"scale": np.float32(0.3), "zero": np.uint8(0)},
    ),
    "another set of operators": ([Node("Relu", ["x"], ["n"], domain="somebody"), conv("n")], {}),
    "an edge of letters": (
        [Node("Pad", ["x", "pads"], ["n"]), conv("n", weight="w6")],
        {"pads": np.array([0, 1, 0, 0, 1, 0]), "w6": RNG.normal(size=(3, 6, 5)).astype("f4")},
    ),
    "a branch": (
        [
            Node(
                "If",
                ["flag"],
                ["n"],
                then_branch=branch("Identity", "x"),
                else_branch=branch("Neg", "x"),
            ),
            conv("n"),
        ],
        {"flag": np.array(True)},
    ),
}


@pytest.mark.parametrize("name", [each for each in UNKNOWN if each != "an edge of letters"])
def test_across_what_is_not_known_nothing_is_claimed(name: str) -> None:
    nodes, stored = UNKNOWN[name]
    read = import_kernels(model_of(nodes, stored), layer="scan")
    assert not claims(read)
    assert read.reads_letters is False
    assert not any("E-step" in each or "posterior is exact" in each for each in read.statements)
    assert read.check == "Not checked against the model: it is not known that these kernels read letters."
    assert read.difference is None


def test_a_width_that_padding_adds_to_the_letters_is_no_alphabet() -> None:
    nodes, stored = UNKNOWN["an edge of letters"]
    with pytest.raises(FormatError, match=r"w6 \(3, 6, 5\); accepted: a convolution that reads 4 or 20 letters"):
        import_kernels(model_of(nodes, stored))


def test_rows_that_padding_makes_up_are_no_letters() -> None:
    nodes, stored = [Node("Pad", ["x", "pads"], ["n"]), conv("n")], {"pads": np.array([0, 1, 0, 0, 0, 0])}
    assert not claims(import_kernels(model_of(nodes, stored, shape=("n", "c", "l"))))


# what follows


def behind(*nodes: Any, stored: dict[str, Any] | None = None, **options: Any) -> ImportedKernels:
    return import_kernels(model_of([conv(out="c"), *nodes], stored, **options))


ZERO, SIX = np.float32(0), np.float32(6)


@pytest.mark.parametrize(
    ("nodes", "word"),
    [
        ([Node("Relu", ["c"], ["r"])], "relu"),
        ([Node("Max", ["c", "zero"], ["r"])], "relu"),
        ([Node("Max", ["zero", "c"], ["r"])], "relu"),
        ([Node("Clip", ["c", "zero"], ["r"])], "relu"),
        ([Node("Clip", ["c", "zero", "six"], ["r"])], "relu6"),
        ([Node("Clip", ["c", "", "six"], ["r"])], "clip"),
        ([Node("PRelu", ["c", "zero"], ["r"])], "relu"),
        ([Node("PRelu", ["c", "six"], ["r"])], "prelu"),
        ([Node("LeakyRelu", ["c"], ["r"], alpha=0.0)], "relu"),
        ([Node("LeakyRelu", ["c"], ["r"])], "leaky relu"),
        ([Node("ThresholdedRelu", ["c"], ["r"], alpha=0.0)], "relu"),
        ([Node("Greater", ["c", "zero"], ["m"]), Node("Where", ["m", "c", "zero"], ["r"])], "relu"),
        ([Node("Less", ["zero", "c"], ["m"]), Node("Where", ["m", "c", "zero"], ["r"])], "relu"),
        ([Node("Less", ["c", "zero"], ["m"]), Node("Where", ["m", "zero", "c"], ["r"])], "relu"),
        ([Node("Sigmoid", ["c"], ["m"]), Node("Mul", ["m", "c"], ["r"])], "silu"),
        ([Node("Exp", ["c"], ["r"])], "exponential"),
        ([Node("Identity", ["c"], ["r"])], "identity"),
        ([Node("Clip", ["c"], ["r"])], "identity"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(node.op_type for node in value),
)
def test_an_activation_is_known_however_it_is_written(nodes: list[Any], word: str) -> None:
    read = behind(
        *nodes, Node("ReduceMax", ["r"], ["y"], axes=[-1], keepdims=0), stored={"zero": ZERO, "six": SIX}, opset=17
    )
    assert (read.activation, read.pooling) == (word, "max")
    assert claims(read)


@pytest.mark.parametrize(
    "nodes",
    [
        [Node("Less", ["c", "zero"], ["m"]), Node("Where", ["m", "c", "zero"], ["r"])],
        [Node("Greater", ["c", "six"], ["m"]), Node("Where", ["m", "c", "zero"], ["r"])],
        [Node("Greater", ["c", "zero"], ["m"]), Node("Where", ["m", "c", "six"], ["r"])],
        [Node("Max", ["c", "x3"], ["r"])],
        [Node("Mul", ["c", "c"], ["r"])],
        [Node("TopK", ["c", "two"], ["r", "places"])],
        [Node("Relu", ["c"], ["r"], domain="somebody")],
        [Node("LRN", ["c"], ["r"], size=3)],
        [Node("Transpose", ["c"], ["r"], perm=[0, 2, 1])],
    ],
    ids=lambda value: "-".join(node.op_type for node in value),
)
def test_what_is_no_known_activation_is_not_called_one(nodes: list[Any]) -> None:
    stored = {"zero": ZERO, "six": SIX, "two": np.array([2]), "x3": RNG.normal(size=(3, 1)).astype("f4")}
    read = behind(*nodes, Node("ReduceMax", ["r"], ["y"], axes=[-1], keepdims=0), stored=stored, opset=17)
    assert (read.activation, read.pooling) == (None, None)
    assert any("which is not followed" in each for each in read.statements)


@pytest.mark.parametrize(
    ("node", "word"),
    [
        (Node("GlobalMaxPool", ["c"], ["y"]), "max"),
        (Node("GlobalAveragePool", ["c"], ["y"]), "average"),
        (Node("MaxPool", ["c"], ["y"], kernel_shape=[LENGTH - 4]), "max"),
        (Node("MaxPool", ["c"], ["y"], kernel_shape=[7]), "local max"),
        (Node("MaxPool", ["c"], ["y"], kernel_shape=[LENGTH - 4], pads=[1, 1]), "local max"),
        (Node("AveragePool", ["c"], ["y"], kernel_shape=[3]), "local average"),
        (Node("ReduceLogSumExp", ["c"], ["y"], axes=[2]), "logsumexp"),
        (Node("ReduceMean", ["c"], ["y"], axes=[2]), "average"),
        (Node("ReduceMax", ["c"], ["y"], axes=[1]), None),
        (Node("ReduceMax", ["c"], ["y"], axes=[1, 2]), None),
        (Node("ReduceMax", ["c"], ["y"]), None),
    ],
    ids=lambda value: str(value) if isinstance(value, str | None) else value.op_type,
)
def test_a_pooling_is_one_over_the_sequence_or_not_called_one(node: Any, word: str | None) -> None:
    assert behind(node, opset=13).pooling == word


def test_scores_that_are_an_output_too_or_go_two_ways_are_followed_no_further() -> None:
    relu, pool = Node("Relu", ["c"], ["r"]), Node("GlobalMaxPool", ["r"], ["y"])
    for read in (
        behind(relu, pool, outputs=["y", "c"]),
        behind(relu, Node("GlobalMaxPool", ["c"], ["p"]), Node("Add", ["p", "r"], ["y"])),
    ):
        assert read.pooling is None
        assert any("branches" in each for each in read.statements)
        assert claims(read)


def test_a_graph_within_a_node_that_uses_the_scores_is_one_way_more() -> None:
    both = Node("If", ["flag"], ["n"], then_branch=branch("Neg", "c"), else_branch=branch("Exp", "c"))
    read = behind(both, Node("GlobalMaxPool", ["c"], ["y"]), stored={"flag": np.array(True)})
    assert read.pooling is None


# padding


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"pads": [2, 2]}, "same"),
        ({"pads": [4, 0]}, "causal"),
        ({"pads": [1, 2]}, "padded"),
        ({"auto_pad": "SAME_UPPER"}, "same"),
        ({"auto_pad": "SAME_LOWER"}, "same"),
        ({"auto_pad": "SAME_UPPER", "strides": [3]}, "padded"),
        ({"auto_pad": "VALID"}, "valid"),
        ({"strides": [2], "pads": [3, 0]}, "padded"),
    ],
    ids=str,
)
def test_padding_is_named_and_the_whole_windows_agree(options: dict[str, Any], word: str) -> None:
    read = import_kernels(model_of([conv(**options)]))
    assert read.padding == word
    assert read.difference is not None
    assert read.difference < 1e-5


def test_padding_by_a_node_of_its_own_counts() -> None:
    read = import_kernels(
        model_of([Node("Pad", ["x", "pads"], ["p"]), conv("p")], {"pads": np.array([0, 0, 3, 0, 0, 1])})
    )
    assert read.padding == "padded"
    assert claims(read)
    assert read.difference is not None
    assert read.difference < 1e-5


# the axes of an image


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((1, 1, 4, LENGTH), "kernel, 1, letter, position"),
        ((1, 1, LENGTH, 4), "kernel, 1, position, letter"),
        (("n", 1, 4, "l"), "kernel, 1, letter, position"),
    ],
)
def test_the_shape_of_the_input_says_which_axis_of_four_by_four_has_the_letters(shape: tuple, axes: str) -> None:
    weight = RNG.normal(size=(3, 1, 4, 4)).astype("f4")
    read = import_kernels(model_of([Node("Conv", ["x", "w4"], ["y"], name="scan")], {"w4": weight}, shape=shape))
    assert read.axes == axes
    turned = weight[:, 0] if axes.endswith("letter, position") else weight[:, 0].transpose(0, 2, 1)
    np.testing.assert_array_equal(read.kernels, turned)
    assert read.difference is not None


def test_without_the_shape_of_the_input_four_by_four_is_asked_about() -> None:
    nodes, stored = [Node("Conv", ["x", "w4"], ["y"], name="scan")], {"w4": RNG.normal(size=(3, 1, 4, 4)).astype("f4")}
    raw = model_of(nodes, stored, shape=("n", 1, "h", "l"))
    with pytest.raises(AmbiguousAxesError, match=r'"kernel, 1, letter, position" or "kernel, 1, position, letter"'):
        import_kernels(raw)
    assert import_kernels(raw, axes="kernel, 1, position, letter").reads_letters is None


@pytest.mark.parametrize("shape", [(1, 1, 20, LENGTH), (1, 1, 9, LENGTH)])
def test_a_kernel_that_slides_over_both_axes_reads_no_letters(shape: tuple) -> None:
    nodes, stored = [Node("Conv", ["x", "w4"], ["y"])], {"w4": RNG.normal(size=(3, 1, 4, 7)).astype("f4")}
    assert not claims(import_kernels(model_of(nodes, stored, shape=shape)))
    padded = [Node("Conv", ["x", "w4"], ["y"], pads=[1, 0, 1, 0])]
    assert not claims(import_kernels(model_of(padded, stored, shape=(1, 1, 4, LENGTH))))


# types, sparse weights, functions, several of everything


@pytest.mark.parametrize(
    "kind", [TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.FLOAT8E4M3FN, TensorProto.INT4]
)
@pytest.mark.parametrize("is_raw", [False, True])
def test_weights_of_few_bits_are_read_right(kind: int, is_raw: bool) -> None:
    values = np.array([[[1, -2, 0.5], [3, -1.5, 2], [-4, 0.25, 1], [6, -7, 2]]])
    values = np.round(values) if kind == TensorProto.INT4 else values
    packed = helper.make_tensor("h", kind, values.shape, values.ravel())
    if is_raw:
        packed = numpy_helper.from_array(numpy_helper.to_array(packed), "h")
    if kind == TensorProto.INT4:
        turn = [Node("DequantizeLinear", ["h", "scale"], ["w2"])]
    else:
        turn = [Node("Cast", ["h"], ["w2"], to=1)]
    raw = model_of([*turn, conv(weight="w2", bias=False)], {"h": packed, "scale": np.float32(1)}, opset=21)
    np.testing.assert_allclose(import_kernels(raw).kernels, values, rtol=0.07, atol=0)


def test_a_sparse_weight_is_read() -> None:
    places = np.array([1, 7, 33, 59])
    made = onnx.load_model_from_string(model_of([conv(bias=False)]))
    del made.graph.initializer[:]
    values = numpy_helper.from_array(np.array([1, 2, -3, 4], "f4"), "w")
    made.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, numpy_helper.from_array(places, "i"), [3, 4, 5])
    )
    expected = np.zeros(60, "f4")
    expected[places] = [1, 2, -3, 4]
    np.testing.assert_array_equal(import_kernels(made.SerializeToString()).kernels, expected.reshape(3, 4, 5))
    made.graph.sparse_initializer[0].dims[:] = [2**20, 4, 5000]
    with pytest.raises(EpoolError, match="`w`, which claims 20,971,520,000 numbers"):
        import_kernels(made.SerializeToString())


def test_a_function_is_written_out_before_it_is_read() -> None:
    inner = [Node("Sub", ["a", "q"], ["d"]), Node("Conv", ["d", "k"], ["z"], name="scan")]
    body = helper.make_function("own", "block", ["a", "k", "q"], ["z"], inner, [helper.make_opsetid("", 21)])
    raw = model_of(
        [Node("block", ["x", "w", "half"], ["y"], domain="own")], {"half": np.float32(0.5)}, functions=[body]
    )
    read = import_kernels(raw)
    np.testing.assert_allclose(
        scan(letters(), read.kernels, bias=read.bias), computed(raw, letters()), rtol=1e-4, atol=1e-5
    )


def test_convolutions_in_a_branch_or_an_older_function_are_counted() -> None:
    body = helper.make_function(
        "own", "block", ["a", "k"], ["z"], [Node("Conv", ["a", "k"], ["z"])], [helper.make_opsetid("", 13)]
    )
    inner = helper.make_graph([conv(out="t")], "t", [], [helper.make_tensor_value_info("t", 1, None)])
    nodes = [
        Node("If", ["flag"], ["n"], then_branch=inner, else_branch=branch("Neg", "x")),
        Node("block", ["x", "w"], ["m"], domain="own"),
        conv(),
    ]
    read = import_kernels(model_of(nodes, {"flag": np.array(True)}, functions=[body]))
    assert "2 more stand in a branch, a loop or a function of the graph and are not read." in read.assumptions


def test_functions_that_unfold_without_bound_are_refused() -> None:
    bodies = []
    for level in range(25):
        name = f"f{level}"
        call = [Node(f"f{level + 1}", ["a"], ["m"], domain="own"), Node(f"f{level + 1}", ["m"], ["z"], domain="own")]
        inner = call if level < 24 else [Node("Neg", ["a"], ["z"])]
        bodies.append(
            helper.make_function(
                "own", name, ["a"], ["z"], inner, [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
            )
        )
    raw = model_of([Node("f0", ["x"], ["d"], domain="own"), conv("d")], functions=bodies)
    with pytest.raises(FormatError, match="functions that unfold to 16,777,21"):
        import_kernels(raw)


def test_all_convolutions_inputs_and_what_is_not_read_are_named() -> None:
    nodes = [
        Node("Conv", ["x", "w"], ["c"], name="near"),
        Node("Conv", ["z", "far"], ["d"], name="far"),
        Node("Conv", ["x", "computed"], ["e"], name="moving"),
        Node("ConvTranspose", ["c", "turned"], ["f"], name="back"),
        Node("GlobalMaxPool", ["c"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, 1, (1, 4, LENGTH)) for name in ("z", "computed")]
    stored = {"far": RNG.normal(size=(2, 4, 9)).astype("f4"), "turned": RNG.normal(size=(3, 2, 4)).astype("f4")}
    raw = model_of(nodes, stored, more_inputs=ends)
    read = import_kernels(raw)
    assert read.candidates == ("w (3, 4, 5)", "far (2, 4, 9)")
    assert "The graph has 3 inputs: `computed`, `x`, `z`." in read.assumptions
    assert "The weight of `moving` is none that the file holds, so that convolution is not read." in read.assumptions
    assert "`back` is a ConvTranspose, which is not read." in read.assumptions
    far = import_kernels(raw, layer="far")
    assert claims(far)
    assert far.difference is not None


def test_an_initializer_that_is_an_input_too_is_a_weight() -> None:
    more = [helper.make_tensor_value_info("w", 1, W.shape), helper.make_tensor_value_info("b", 1, B.shape)]
    read = import_kernels(model_of([conv()], more_inputs=more))
    np.testing.assert_array_equal(read.kernels, W)
    assert claims(read)
    assert not any("inputs:" in each for each in read.assumptions)


def test_letters_made_one_hot_by_the_graph_are_read() -> None:
    nodes = [
        Node("OneHot", ["x", "depth", "values"], ["o"]),
        Node("Transpose", ["o"], ["t"], perm=[0, 2, 1]),
        conv("t"),
    ]
    stored = {"depth": np.array(4), "values": np.array([0, 1], "f4")}
    read = import_kernels(model_of(nodes, stored, shape=(1, LENGTH), kind=TensorProto.INT64))
    np.testing.assert_array_equal(read.kernels, W)
    assert claims(read)
    assert read.difference is not None
    stored = {"depth": np.array(4), "values": np.array([1, 0], "f4")}
    assert not claims(import_kernels(model_of(nodes, stored, shape=(1, LENGTH), kind=TensorProto.INT64)))


# weights in a file beside the graph's, as torch's exporter writes them


def apart(tmp_path: Path, **where: str) -> Path:
    """A graph whose weight lies in another file, or is said to."""
    made = onnx.load_model_from_string(model_of([conv()]))
    weight = next(each for each in made.graph.initializer if each.name == "w")
    (tmp_path / "m.onnx.data").write_bytes(b"before" + weight.raw_data + b"behind")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in {"location": "m.onnx.data", "offset": "6", "length": str(W.nbytes), **where}.items():
        weight.external_data.add(key=key, value=value)
    path = tmp_path / "m.onnx"
    path.write_bytes(made.SerializeToString())
    return path


def test_weights_in_a_file_beside_the_graph_are_read_by_its_path(tmp_path: Path) -> None:
    read = import_kernels(apart(tmp_path))
    np.testing.assert_array_equal(read.kernels, W)
    assert read.difference is not None
    with pytest.raises(FormatError, match=r"`w`, whose numbers lie in another file; accepted: .* beside it"):
        import_kernels((tmp_path / "m.onnx").read_bytes())


@pytest.mark.parametrize(
    "where",
    [
        {"location": "/etc/passwd"},
        {"location": "../m.onnx.data"},
        {"location": ".."},
        {"location": "sub/../m.onnx.data"},
        {"location": "link"},
        {"location": "missing"},
        {"location": "n" * 400},
        {"offset": "13"},
        {"offset": "-6"},
        {"offset": "9" * 30},
        {"length": "8"},
    ],
    ids=lambda where: next(iter(where.values()))[:40],
)
def test_weights_in_any_other_file_or_place_are_not_read(where: dict[str, str], tmp_path: Path) -> None:
    path = apart(tmp_path, **where)
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "m.onnx.data")
    with pytest.raises(FormatError, match=r"`w`, (whose numbers lie in another file|which claims 240 bytes at)"):
        import_kernels(path)


def test_what_torch_exports_to_a_path_is_read(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    keep_operators()
    model = torch.nn.Sequential(torch.nn.Conv1d(4, 32, 24), torch.nn.ReLU()).eval()
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(model, (torch.zeros(1, 4, 61),), tmp_path / "m.onnx", dynamo=True, verbose=False)
    finally:
        logging.disable(logging.NOTSET)
    assert (tmp_path / "m.onnx.data").stat().st_size > 1000
    read = import_kernels(tmp_path / "m.onnx")
    np.testing.assert_array_equal(read.kernels, model[0].weight.detach().numpy())
    assert read.difference is not None


# running a section


def test_kernels_that_are_not_what_the_graph_computes_lose_every_claim() -> None:
    raw = model_of([conv(out="c"), Node("GlobalMaxPool", ["c"], ["y"])])
    read = import_kernels(raw, letters="CAGT")
    assert read.difference is not None
    assert read.difference < 1e-5, "another order of the letters is how the user codes them"
    read = import_kernels(raw, flip=True)
    assert read.difference is not None
    assert read.difference > 0.1
    assert read.reads_letters is False
    assert len(read.statements) == 1
    assert "These kernels are not what `scan` computes" in read.statements[0]
    assert not claims(read)


def test_a_batch_norm_that_is_left_out_is_left_out_of_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = model_of([conv(out="c"), Node("BatchNormalization", ["c", "s3", "t3", "m3", "v3"], ["y"])])
    for fold in (None, False):
        read = import_kernels(raw, fold_batch_norm=fold)
        assert read.difference is not None
        assert read.difference < 1e-5


def test_where_nothing_computes_the_report_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = model_of([conv()])
    monkeypatch.setattr(onnx_runner, "ENGINES", [])
    assert import_kernels(raw).check == "Not checked against the model: nothing that runs it is here."
    monkeypatch.undo()
    monkeypatch.setattr(sections, "MOST_WORK", 10)
    read = import_kernels(raw)
    assert read.check == f"Not checked against the model: an input of {LENGTH} letters is too long to run here."
    assert claims(read)


def test_a_strangers_graph_is_held_against_the_reference_in_its_own_process() -> None:
    nodes, stored, _ = READ["gathered, scaled, gathered"]
    read = parse_kernels_limited(model_of(nodes, stored), name="m.onnx")
    assert read.difference is not None
    assert read.difference < 1e-5
    assert claims(read)


# hostile


@pytest.mark.parametrize("kind", ["Expand", "ConstantOfShape", "Add", "Concat", "Gather", "MatMul"])
def test_constants_that_would_fill_the_memory_are_not_computed(kind: str) -> None:
    many = np.zeros(60_000, "f4")
    nodes = {
        "Expand": [Node("Expand", ["one", "huge"], ["k"])],
        "ConstantOfShape": [Node("ConstantOfShape", ["huge"], ["k"])],
        "Add": [Node("Add", ["row", "column"], ["k"])],
        "Concat": [Node("Concat", ["row"] * 400, ["k"], axis=1)],
        "Gather": [Node("Gather", ["row", "places"], ["k"])],
        "MatMul": [Node("MatMul", ["column", "row"], ["k"])],
    }[kind]
    stored = {"one": np.float32(1), "huge": np.array([3, 4, 2**28]), "row": many[None], "column": many[:, None]}
    stored["places"] = np.zeros(400, np.int64)
    with pytest.raises(FormatError, match="found no convolution"):
        import_kernels(model_of([*nodes, conv(weight="k")], stored))


def test_a_chain_without_end_is_followed_no_further_than_it_may() -> None:
    length = onnx_constants.MOST_STEPS + 5
    nodes = [Node("Identity", [f"v{i}"], [f"v{i + 1}"]) for i in range(length)]
    nodes[0].input[0] = "x"
    assert not claims(import_kernels(model_of([*nodes, conv(f"v{length}")])))
    nodes[0].input[0] = "w"
    with pytest.raises(FormatError, match="no convolution"):
        import_kernels(model_of([*nodes, conv(weight=f"v{length}")]))


def test_many_convolutions_behind_a_long_way_take_no_longer_than_few() -> None:
    way = [Node("Neg", [f"v{i}"], [f"v{i + 1}"]) for i in range(900)]
    way[0].input[0] = "x"
    many = [Node("Conv", ["v900", "w"], [f"y{i}"], name=f"c{i}") for i in range(700)]
    began = time.process_time()
    read = import_kernels(model_of([*way, *many], outputs=["y0"]), layer="c499")
    assert time.process_time() - began < 5
    assert read.reads_letters is False, "what is not followed to its end is not known"
    assert "Of its convolutions the last 200 are not read." in read.assumptions


def test_nodes_that_feed_each_other_end() -> None:
    nodes = [Node("Neg", ["d"], ["a"]), Node("Neg", ["a"], ["d"]), conv("d")]
    assert not claims(import_kernels(model_of(nodes)))


# torch's own exporters


D = RNG.normal(size=(3, 1)).astype("f4")


def unit(*nodes: Any, last: str = "u", **gemm: Any) -> ImportedKernels:
    """The maximum of 3 kernels, a unit that gives `u`, and what follows it."""
    head = [conv("x", "s"), Node("GlobalMaxPool", ["s"], ["p"]), Node("Flatten", ["p"], ["f"])]
    more = {"d": D, "e": D[:1], "minus": np.array(-1, "f4"), "one": np.ones(1, "f4")}
    dense = Node("Gemm", ["f", "d", "one"], ["u"], **gemm) if last != "m" else Node("MatMul", ["f", "d"], ["u"])
    return import_kernels(model_of([*head, dense, *nodes], more, outputs=[nodes[-1].output[0] if nodes else "u"]))


@pytest.mark.parametrize(
    ("nodes", "last"),
    [
        ([], "u"),
        ([Node("Sigmoid", ["u"], ["y"])], "u"),
        ([Node("Squeeze", ["u"], ["q"]), Node("Sigmoid", ["q"], ["y"])], "u"),
        ([Node("Add", ["u", "one"], ["v"]), Node("Sigmoid", ["v"], ["y"])], "m"),
        ([Node("Add", ["one", "u"], ["y"])], "m"),
    ],
)
def test_the_weights_of_a_unit_that_is_the_output_are_told(nodes: list[Any], last: str) -> None:
    read = unit(*nodes, last=last)
    assert read.output_weights is not None
    np.testing.assert_allclose(read.output_weights, D[:, 0], rtol=1e-6)


@pytest.mark.parametrize(
    "nodes",
    [
        [Node("Neg", ["u"], ["y"])],
        [Node("Sub", ["one", "u"], ["y"])],
        [Node("Mul", ["u", "minus"], ["y"])],
        [Node("Sigmoid", ["u"], ["v"]), Node("Sub", ["one", "v"], ["y"])],
        [Node("Sigmoid", ["u"], ["v"]), Node("Sigmoid", ["v"], ["y"])],
        [Node("Softmax", ["u"], ["y"])],
        [Node("Exp", ["u"], ["y"])],
        [Node("Gemm", ["u", "e", "one"], ["y"])],
    ],
    ids=lambda nodes: " ".join(node.op_type for node in nodes),
)
def test_the_weights_of_a_unit_are_not_known_where_more_follows(nodes: list[Any]) -> None:
    read = unit(*nodes)
    assert (read.output_weights, read.pooling) == (None, "max")


def exported(model: Any, shape: tuple[int, ...], *, dynamo: bool, opset: int | None) -> bytes:
    import torch

    if dynamo:
        keep_operators()
    out = io.BytesIO()
    options: dict[str, Any] = (
        {"verbose": False} if dynamo else {"input_names": ["x"], "dynamic_axes": {"x": {0: "n", 2: "l"}}}
    )
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(model.eval(), (torch.zeros(shape),), out, dynamo=dynamo, opset_version=opset, **options)
    finally:
        logging.disable(logging.NOTSET)
    return out.getvalue()


def torch_forward(name: str) -> Callable[[Any, Any], Any]:
    import torch
    from torch.nn import functional

    return {
        "plain": lambda m, x: torch.relu(m.conv(x)).amax(-1),
        "norms on both sides": lambda m, x: torch.clamp(m.after(m.conv(m.before(x))), min=0).amax(-1),
        "centred": lambda m, x: torch.relu(m.conv((x - 0.25) * 2)).amax(-1),
        "letters in another order": lambda m, x: torch.relu(m.conv(x[:, [3, 1, 0, 2]])).amax(-1),
        "letters flipped": lambda m, x: torch.relu(m.conv(x.flip(1))).amax(-1),
        "padded": lambda m, x: torch.relu(m.conv(functional.pad(x, (4, 2)))).amax(-1),
        "image": lambda m, x: torch.relu(m.image(x.unsqueeze(1)).squeeze(2)).amax(-1),
        "a rectifier by where": lambda m, x: torch.where((c := m.conv(x)) > 0, c, torch.zeros(())).amax(-1),
    }[name]


TORCH = ["plain", "norms on both sides", "centred", "letters in another order", "letters flipped", "padded", "image",
         "a rectifier by where"]  # fmt: skip


@pytest.mark.parametrize(("dynamo", "opset"), [(True, None), (False, 11), (False, 13), (False, 17), (False, 20)])
@pytest.mark.parametrize("name", TORCH)
def test_what_torch_exports_is_read_and_checked(name: str, dynamo: bool, opset: int | None) -> None:
    torch = pytest.importorskip("torch")
    if dynamo:
        pytest.importorskip("onnxscript")
    forward = torch_forward(name)

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.image = torch.nn.Conv1d(4, 3, 5), torch.nn.Conv2d(1, 3, (4, 6))
            self.before, self.after = torch.nn.BatchNorm1d(4), torch.nn.BatchNorm1d(3)
            for norm in (self.before, self.after):
                norm.running_mean.uniform_(-1, 1)
                norm.running_var.uniform_(0.3, 2)

        def forward(self, x: Any) -> Any:
            return forward(self, x)

    torch.manual_seed(0)
    model = Net()
    read = import_kernels(exported(model, (1, 4, LENGTH), dynamo=dynamo, opset=opset))
    assert claims(read)
    assert (read.activation, read.pooling) == ("relu", "max")
    assert read.difference is not None
    assert read.difference < 1e-5
    x = letters()
    relu = np.maximum(scan(x, read.kernels, bias=read.bias), 0).max(axis=-1)
    if name != "padded":
        expected = model.eval()(torch.as_tensor(x)).detach().numpy()
        np.testing.assert_allclose(relu, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["FLOAT16", "BFLOAT16"])
@pytest.mark.parametrize("is_cast", [False, True])
def test_a_graph_in_half_precision_keeps_its_claims(kind: str, is_cast: bool, rng: np.random.Generator) -> None:
    code = getattr(TensorProto, kind)
    values = rng.normal(size=(6, 4, 11)).astype(np.float16)
    stored = [helper.make_tensor("w", code, values.shape, values.astype(np.float32).ravel())]
    nodes = [helper.make_node("Conv", ["h" if is_cast else "x", "w"], ["y"])]
    if is_cast:
        nodes.insert(0, helper.make_node("Cast", ["x"], ["h"], to=code))
    given = TensorProto.FLOAT if is_cast else code
    begin = helper.make_tensor_value_info("x", given, (1, 4, "n"))
    end = helper.make_tensor_value_info("y", code, (1, 6, "m"))
    graph = helper.make_graph(nodes, "g", [begin], [end], stored)
    raw = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10).SerializeToString()
    read = read_kernel_bytes(raw)
    assert read.reads_letters is True
    assert f"the rounding of half precision ({kind.lower()})" in read.check
