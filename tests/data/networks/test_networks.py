"""Kernels of other people's files, read without torch: what comes out scores as the file's own framework does."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file

from epool_viz import ImportedKernels, import_kernels, kernel_to_pwm, load_example_model, parse_motifs, scan
from epool_viz.data import examples as gallery
from epool_viz.errors import ArgumentError, FormatError

KERAS = Path(__file__).parent / "keras_files"
MODELS = Path(gallery.__file__).parent / "bundled" / "models"


@pytest.fixture(scope="module")
def by_keras() -> dict[str, np.ndarray]:
    """What Keras itself computed for the files here."""
    with np.load(KERAS / "expected.npz") as arrays:
        return dict(arrays)


def scores(read: ImportedKernels, codes: np.ndarray) -> np.ndarray:
    """(batch, position, kernel), as Keras has it."""
    onehot = np.eye(len(read.alphabet))[codes].transpose(0, 2, 1)
    return scan(onehot, read.kernels, bias=read.bias).transpose(0, 2, 1)


# Keras


@pytest.mark.parametrize("name", ["sequential.keras", "sequential.h5"])
def test_keras_scores_are_those_of_keras_with_the_batch_norm_folded_in(name: str, by_keras: dict) -> None:
    read = import_kernels(KERAS / name)
    assert read.kernels.shape == (3, 4, 5)
    np.testing.assert_allclose(scores(read, by_keras["dna"]), by_keras["normed"], rtol=1e-5, atol=1e-6)
    assert (read.layer, read.activation, read.pooling, read.padding) == ("motifs", "relu", "max", "valid")
    assert read.output_weights.shape == (3,)
    assert "The batch-norm `batch_normalization` comes straight after and is folded in exactly" in read.assumptions[3]
    assert "epsilon 0.01" in read.assumptions[3]
    assert any("limit of the E-step for m → ∞" in each for each in read.statements)


def test_a_batch_norm_is_left_out_where_the_caller_says_so() -> None:
    read = import_kernels(KERAS / "sequential.keras", fold_batch_norm=False)
    with zipfile.ZipFile(KERAS / "sequential.keras") as archive, archive.open("model.weights.h5") as stream:
        stored = h5py.File(stream)["layers/conv1d/vars/0"][:]
    np.testing.assert_array_equal(read.kernels, stored.transpose(2, 1, 0))
    assert "The batch-norm `batch_normalization` is left out, as you say." in read.assumptions


def test_keras_two_dimensional_convolution_reads_letters_down_the_image(by_keras: dict) -> None:
    read = import_kernels(KERAS / "functional2d.h5")
    assert read.axes == "letter, position, 1, kernel"
    relu = np.maximum(scores(read, by_keras["dna"]), 0)
    np.testing.assert_allclose(relu, by_keras["scanned"][:, 0], rtol=1e-5, atol=1e-6)
    assert (read.activation, read.pooling) == ("relu", None)
    assert any("behind the rectifier" in each for each in read.statements)


def test_keras_protein_dilated_within_another_model(by_keras: dict) -> None:
    read = import_kernels(KERAS / "nested.keras")
    assert (read.alphabet.name, read.layer, read.kernels.shape) == ("protein", "encoder/conv1d", (3, 20, 7))
    np.testing.assert_allclose(np.exp(scores(read, by_keras["protein"])), by_keras["encoded"], rtol=1e-5)
    assert not read.bias.any()
    assert "The kernel reads every 2nd letter; columns of zeros stand between them." in read.assumptions
    assert (read.activation, read.pooling) == ("exponential", "average")


def test_keras_finds_the_motif_that_was_planted(shared_data: Path) -> None:
    folder = shared_data / "keras_cnn_known_motif"
    read = import_kernels(folder / "simu_01_KernelLen-10_seed-1234.keras.hdf5")
    motif = np.loadtxt(folder / "simu_01_true_motif.txt").T
    ppm = kernel_to_pwm(read.kernels).ppm
    windows = np.lib.stride_tricks.sliding_window_view(ppm, motif.shape[1], axis=2)
    found = [np.corrcoef(each.ravel(), motif.ravel())[0, 1] for kernel in windows for each in kernel.swapaxes(0, 1)]
    assert max(found) >= 0.98
    turned = [
        np.corrcoef(each.ravel(), motif[:, ::-1].ravel())[0, 1] for kernel in windows for each in kernel.swapaxes(0, 1)
    ]
    assert max(turned) < 0.9  # so no flip is right
    assert read.statements[1].startswith("It pads the ends")
    assert (read.activation, read.pooling, read.output_weights.shape) == ("identity", "max", (32,))


def old_keras(path: Path, backend: str, kernel: np.ndarray, *, filters: int, kind: str = "Convolution1D") -> None:
    """A file as Keras 1 wrote it: a Sequential is a list, layers have other names, weights a suffix."""
    layers = [
        {
            "class_name": kind,
            "config": {"name": "c", "nb_filter": filters, "border_mode": "valid", "activation": "relu"},
        },
        {"class_name": "Flatten", "config": {"name": "f"}},
    ]
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": layers}).encode()
        weights = file.create_group("model_weights")
        weights.attrs["backend"], weights.attrs["keras_version"] = backend.encode(), b"1.2.2"
        weights.attrs["layer_names"] = [b"c", b"f"]
        group = weights.create_group("c")
        group.attrs["weight_names"] = [b"c_W", b"c_b"]
        group["c_W"], group["c_b"] = kernel, np.arange(filters, dtype="f4")
        weights.create_group("f").attrs["weight_names"] = []


def test_kernels_of_theano_are_turned_round(tmp_path: Path, rng: np.random.Generator) -> None:
    wanted = rng.normal(size=(3, 4, 5)).astype("f4")
    old_keras(tmp_path / "th.h5", "theano", wanted[:, :, ::-1, None], filters=3)
    read = import_kernels(tmp_path / "th.h5")
    np.testing.assert_array_equal(read.kernels, wanted)
    np.testing.assert_array_equal(read.bias, [0, 1, 2])
    assert read.flip
    assert any("its framework computes true convolutions" in each for each in read.assumptions)
    np.testing.assert_array_equal(import_kernels(tmp_path / "th.h5", flip=False).kernels, wanted[:, :, ::-1])


def test_a_true_convolution_over_an_image_turns_the_letters_too(tmp_path: Path, rng: np.random.Generator) -> None:
    wanted = rng.normal(size=(3, 4, 5)).astype("f4")
    old_keras(tmp_path / "th.h5", "theano", wanted[:, None, ::-1, ::-1], filters=3, kind="Convolution2D")
    np.testing.assert_array_equal(import_kernels(tmp_path / "th.h5").kernels, wanted)


def test_keras_1_on_tensorflow_is_taken_as_it_lies(tmp_path: Path, rng: np.random.Generator) -> None:
    wanted = rng.normal(size=(3, 4, 5)).astype("f4")
    old_keras(tmp_path / "tf.h5", "tensorflow", wanted.transpose(2, 1, 0)[:, None], filters=3)
    read = import_kernels(tmp_path / "tf.h5")
    np.testing.assert_array_equal(read.kernels, wanted)
    assert (read.format, read.activation, read.flip) == ("Keras 1.2.2 HDF5", "relu", False)


def test_a_lambda_layer_is_named_and_not_run(tmp_path: Path) -> None:
    with zipfile.ZipFile(KERAS / "sequential.keras") as archive, zipfile.ZipFile(tmp_path / "l.keras", "w") as copy:
        config = json.loads(archive.read("config.json"))
        code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA", "defaults": None, "closure": None}}
        evil = {"class_name": "Lambda", "config": {"name": "evil", "function": code}}
        config["config"]["layers"].insert(2, evil)
        copy.writestr("config.json", json.dumps(config))
        copy.writestr("model.weights.h5", archive.read("model.weights.h5"))
    read = import_kernels(tmp_path / "l.keras")
    assert "`evil` is a Lambda layer: its code is not run." in read.assumptions
    assert "The batch-norm `batch_normalization` does not follow directly, so it is not folded in." in read.assumptions


def test_weights_alone_of_keras_say_nothing_of_what_follows(tmp_path: Path, rng: np.random.Generator) -> None:
    wanted = rng.normal(size=(3, 4, 5)).astype("f4")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["layer_names"] = [b"z_first", b"a_second"]
        for name, values in (("z_first", wanted.transpose(2, 1, 0)), ("a_second", np.ones((7, 4, 2), "f4"))):
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()]
            group[f"{name}/kernel:0"], group[f"{name}/bias:0"] = values, np.ones(values.shape[-1], "f4")
    read = import_kernels(tmp_path / "w.h5")
    np.testing.assert_array_equal(read.kernels, wanted)
    assert read.layer == "z_first/z_first"
    assert read.statements[-1].startswith("What follows the convolution is not in the file")


# arrays, safetensors, our own


@pytest.mark.parametrize("length", [0x0280, 0x0480, 0x4B50], ids=["pickle", "another pickle", "archive"])
def test_a_safetensors_header_as_long_as_the_mark_of_another_kind_is_still_one(length: int) -> None:
    kernels = np.arange(24, dtype="f4").reshape(1, 4, 6)
    entry = {"c.weight": {"dtype": "F32", "shape": [1, 4, 6], "data_offsets": [0, 96]}}
    raw = length.to_bytes(8, "little") + json.dumps(entry).encode().ljust(length) + kernels.tobytes()
    assert raw[:2] in (b"\x80\x02", b"\x80\x04", b"PK")
    np.testing.assert_array_equal(import_kernels(raw).kernels, kernels)


def test_safetensors_tell_the_key_and_list_the_others(tmp_path: Path, rng: np.random.Generator) -> None:
    wanted = rng.normal(size=(3, 4, 5)).astype("f4")
    arrays = {
        "a.dense.weight": np.ones((4, 7), "f4"),
        "b.conv.weight": wanted,
        "b.conv.bias": np.arange(3, dtype="f4"),
        "c.conv.weight": rng.normal(size=(6, 4, 9)).astype("f4"),
        "d.conv.weight": rng.normal(size=(2, 3, 9)).astype("f4"),
    }
    save_file(arrays, tmp_path / "m.safetensors")
    read = import_kernels(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(read.kernels, wanted)
    np.testing.assert_array_equal(read.bias, [0, 1, 2])
    assert read.candidates == ("b.conv.weight (3, 4, 5)", "c.conv.weight (6, 4, 9)")
    assert read.assumptions[0] == (
        "`b.conv` is taken, the first of 2 that could read the letters; others: 'b.conv', 'c.conv'."
    ).replace("'b.conv', ", "")
    assert import_kernels(tmp_path / "m.safetensors", layer="c.conv").kernels.shape == (6, 4, 9)
    assert import_kernels(tmp_path / "m.safetensors", layer="c.conv.weight").layer == "c.conv"
    with pytest.raises(ArgumentError, match=r"`layer` is 'd.conv', of shape \(2, 3, 9\)"):
        import_kernels(tmp_path / "m.safetensors", layer="d.conv")
    with pytest.raises(ArgumentError, match=r"which is not in .*; accepted: 'c.conv'"):
        import_kernels(tmp_path / "m.safetensors", layer="c.con")


def test_half_precision_is_read_as_single(tmp_path: Path) -> None:
    import ml_dtypes

    wanted = np.arange(60).reshape(3, 4, 5) / 8
    for name in ("float16", "bfloat16"):
        kind = np.dtype(name) if name == "float16" else np.dtype(ml_dtypes.bfloat16)
        raw = wanted.astype(kind).tobytes()
        header = {
            "c.weight": {
                "dtype": {"float16": "F16", "bfloat16": "BF16"}[name],
                "shape": [3, 4, 5],
                "data_offsets": [0, 120],
            }
        }
        text = json.dumps(header).encode()
        read = import_kernels(len(text).to_bytes(8, "little") + text + raw)
        np.testing.assert_array_equal(read.kernels, wanted)
        assert read.kernels.dtype == np.float32


@pytest.mark.parametrize("fold", [None, True])
def test_a_batch_norm_beside_the_weights_is_folded_only_when_asked(
    tmp_path: Path, rng: np.random.Generator, fold: bool | None
) -> None:
    arrays = {
        "0.weight": rng.normal(size=(3, 4, 5)),
        "0.bias": rng.normal(size=3),
        "1.weight": rng.uniform(0.5, 2, 3),
        "1.bias": rng.normal(size=3),
        "1.running_mean": rng.normal(size=3),
        "1.running_var": rng.uniform(0.5, 2, 3),
    }
    read = import_kernels(arrays, fold_batch_norm=fold)
    raw = scan(np.eye(4)[[[0, 2, 1, 3, 3, 0, 1]]].transpose(0, 2, 1), arrays["0.weight"], bias=arrays["0.bias"])
    if fold:
        shape = (3, 1)
        spread = np.sqrt(arrays["1.running_var"] + 1e-5).reshape(shape)
        raw = (raw - arrays["1.running_mean"].reshape(shape)) / spread * arrays["1.weight"].reshape(shape)
        raw = raw + arrays["1.bias"].reshape(shape)
    found = scan(np.eye(4)[[[0, 2, 1, 3, 3, 0, 1]]].transpose(0, 2, 1), read.kernels, bias=read.bias)
    np.testing.assert_allclose(found, raw, rtol=1e-12)
    assert any("fold_batch_norm=True folds it in" in each for each in read.assumptions) == (fold is None)
    with pytest.raises(ArgumentError, match="no batch-norm of this size comes next"):
        import_kernels({"0.weight": arrays["0.weight"]}, fold_batch_norm=True)


def test_a_normalised_weight_is_put_together(rng: np.random.Generator) -> None:
    v, g = rng.normal(size=(3, 4, 5)), rng.uniform(1, 2, (3, 1, 1))
    read = import_kernels({"c.weight_g": g, "c.weight_v": v, "c.bias": np.ones(3)})
    np.testing.assert_allclose(np.linalg.norm(read.kernels.reshape(3, -1), axis=1), g.ravel(), rtol=1e-12)
    np.testing.assert_array_equal(read.bias, 1)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("how", ["npy", "npz", "npz packed", "array"])
def test_arrays_are_read_as_they_lie(tmp_path: Path, rng: np.random.Generator, how: str, order: Any) -> None:
    wanted = np.array(rng.normal(size=(3, 4, 5)), dtype=">f4" if how == "npy" else "f8", order=order)
    path = tmp_path / f"k.{how[:3]}"
    write = {"npy": np.save, "npz": np.savez, "npz packed": np.savez_compressed}.get(how)
    if write is not None:
        write(path, wanted) if how == "npy" else write(path, other=np.ones(7), conv=wanted)
    read = import_kernels(wanted if write is None else path)
    np.testing.assert_array_equal(read.kernels, wanted)
    assert read.kernels.dtype.isnative


def test_one_matrix_is_one_kernel(tmp_path: Path, rng: np.random.Generator) -> None:
    wanted = rng.normal(size=(4, 7))
    np.save(tmp_path / "k.npy", wanted)
    np.testing.assert_array_equal(import_kernels(tmp_path / "k.npy").kernels, wanted[None])
    np.testing.assert_array_equal(import_kernels(wanted.T).kernels, wanted[None])


@pytest.mark.parametrize(
    ("axes", "turn"),
    [
        ("kernel, letter, position", (0, 1, 2)),
        ("position, letter, kernel", (2, 1, 0)),
        ("letter position kernel", (1, 2, 0)),
        (("kernel", "position", "letter"), (0, 2, 1)),
    ],
)
def test_the_caller_may_say_the_axes(rng: np.random.Generator, axes: Any, turn: tuple[int, ...]) -> None:
    wanted = rng.normal(size=(3, 4, 5))
    stored = wanted.transpose(turn)
    read = import_kernels(stored, axes=axes)
    np.testing.assert_array_equal(read.kernels, wanted)
    assert read.axes in read.possible_axes
    assert "as you say" in read.assumptions[1]


def test_four_letters_four_kernels_four_positions_can_be_any_axis(rng: np.random.Generator) -> None:
    stored = rng.normal(size=(4, 4, 4))
    read = import_kernels(stored)
    assert len(read.possible_axes) == 6
    np.testing.assert_array_equal(read.kernels, stored)


@pytest.mark.parametrize("letters", ["TGCA", "acgu", "ACGTN"])
def test_the_caller_may_say_the_order_of_the_letters(rng: np.random.Generator, letters: str) -> None:
    stored = rng.normal(size=(3, len(letters), 7))
    read = import_kernels(stored, letters=letters)
    rows = {letter: stored[:, place] for place, letter in enumerate(letters.upper())}
    np.testing.assert_array_equal(read.kernels, np.stack([rows[each] for each in read.alphabet.letters], axis=1))
    assert read.alphabet.name == ("RNA" if "u" in letters else "DNA")
    assert f"in the order {', '.join(letters.upper())}, as you say." in " ".join(read.assumptions)


def test_flip_turns_the_kernels_along_the_sequence(rng: np.random.Generator) -> None:
    stored = rng.normal(size=(3, 4, 5))
    np.testing.assert_array_equal(import_kernels(stored, flip=True).kernels, stored[:, :, ::-1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"axes": "kernel, letter"}, '"kernel", "letter" and "position" in the order of the stored weight'),
        ({"axes": "kernel, kernel, letter, position"}, "`axes` is 'kernel, kernel, letter, position'"),
        ({"letters": "ACGX"}, "`letters` is 'ACGX'"),
        ({"letters": "ACG"}, "`letters` is 'ACG'; accepted: an order of ACGT, ACGU or ACDEFGHIKLMNPQRSTVWY"),
        ({"axes": "letter, kernel, position"}, "with the axes letter, kernel, position"),
    ],
)
def test_a_reading_that_does_not_fit_is_named(options: dict, message: str) -> None:
    with pytest.raises((ArgumentError, FormatError)) as caught:
        import_kernels(np.ones((3, 4, 5)), **options)
    assert message in str(caught.value)


def test_a_model_of_ours_brings_what_follows() -> None:
    model, _ = load_example_model("p73_expectation")
    read = import_kernels(MODELS / "p73_expectation.safetensors")
    np.testing.assert_array_equal(read.kernels, model.kernels)
    np.testing.assert_array_equal(read.bias, model.biases)
    np.testing.assert_array_equal(read.output_weights, model.output_weights)
    assert (read.format, read.activation, read.pooling) == ("model of epool_viz", "identity", "expectation")
    assert "its weights are the posterior of the E-step" in read.statements[-1]
    assert import_kernels(MODELS / "ctcf_paper.safetensors").pooling == "local max, expectation"


# motifs


MEME = """MEME version 4
ALPHABET= ACGT
Background letter frequencies
A 0.3 C 0.2 G 0.2 T 0.3
MOTIF one
letter-probability matrix: alength= 4 w= 2 nsites= 20
0.5 0.25 0.125 0.125
0.1 0.2 0.3 0.4
MOTIF two
letter-probability matrix: alength= 4 w= 3 nsites= 20
0.25 0.25 0.25 0.25
1 0 0 0
0 0 0 1
"""


def test_motifs_become_their_log_odds(tmp_path: Path) -> None:
    (tmp_path / "m.meme").write_text(MEME)
    read = import_kernels(tmp_path / "m.meme")
    q = np.array([0.3, 0.2, 0.2, 0.3])
    assert (read.kernels.shape, read.names, read.format) == ((2, 4, 3), ("one", "two"), "motifs")
    np.testing.assert_array_equal(read.kernels[0, :, 2], 0)
    ppm = kernel_to_pwm(read.kernels[1], background=q).ppm
    expected = (parse_motifs(MEME)[1].ppm + q[:, None] / 20) / (1 + 1 / 20)
    np.testing.assert_allclose(ppm, expected, rtol=1e-12)
    assert "Motifs shorter than 3 have columns of zeros at their end, which add nothing to a score." in read.assumptions
    with pytest.raises(ArgumentError, match=r"`flip` is True, while .* is text"):
        import_kernels(tmp_path / "m.meme", flip=True)


def test_a_matrix_of_scores_is_a_kernel_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "k.txt").write_text("A -1 2 3\nC 0 0 1\nG 1 1 1\nT 0.5 0 -2\n")
    read = import_kernels(tmp_path / "k.txt")
    np.testing.assert_array_equal(read.kernels, [[[-1, 2, 3], [0, 0, 1], [1, 1, 1], [0.5, 0, -2]]])


# what costs nothing


def test_files_are_read_where_torch_is_not_installed(tmp_path: Path) -> None:
    save_file({"c.weight": np.ones((3, 4, 5), "f4")}, tmp_path / "m.safetensors")
    code = f"""
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in ("torch", "sklearn") else find(name, *rest)
from epool_viz import import_kernels
for name in {[str(KERAS / "nested.keras"), str(KERAS / "sequential.h5"), str(tmp_path / "m.safetensors")]!r}:
    import_kernels(name)
assert not {{"torch", "tensorflow", "keras", "onnx"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_comes_out_cannot_be_changed() -> None:
    read = import_kernels(np.ones((3, 4, 5)))
    with pytest.raises(ValueError, match="read-only"):
        read.kernels[0, 0, 0] = 2
    assert repr(read) == "ImportedKernels(3 kernels of 5 positions of DNA of 'kernels')"


# ONNX


def onnx_model(nodes: list, weights: dict[str, np.ndarray], *, shape: tuple = (1, 4, 11)) -> bytes:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("a", "b"))],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.fixture
def run() -> Callable[[bytes, np.ndarray], np.ndarray]:
    """What ONNX's own reference makes of a model."""

    def call(raw: bytes, x: np.ndarray) -> np.ndarray:
        import onnx
        from onnx.reference import ReferenceEvaluator

        return ReferenceEvaluator(onnx.load_model_from_string(raw)).run(None, {"x": x})[0]

    return call


def test_onnx_scores_are_those_of_its_reference(rng: np.random.Generator, run: Callable) -> None:
    pytest.importorskip("onnx")
    from onnx import helper

    weights = {"w": rng.normal(size=(3, 4, 5)), "b": rng.normal(size=3), "s": rng.uniform(1, 2, 3)}
    weights |= {"t": rng.normal(size=3), "mean": rng.normal(size=3), "var": rng.uniform(1, 2, 3)}
    weights = {name: values.astype("f4") for name, values in weights.items()}
    convolved = helper.make_node("Conv", ["x", "w", "b"], ["c"], name="scan")
    normed = helper.make_node("BatchNormalization", ["c", "s", "t", "mean", "var"], ["y"], name="norm", epsilon=0.1)
    raw = onnx_model([convolved, normed], weights)
    codes = rng.integers(0, 4, 11)
    onehot = np.eye(4, dtype="f4")[codes].T[None]
    read = import_kernels(raw)
    found = scan(onehot, read.kernels, bias=read.bias)
    np.testing.assert_allclose(found, run(raw, onehot), rtol=1e-4, atol=1e-5)
    assert (read.layer, read.padding) == ("scan", "valid")
    assert "epsilon 0.1" in " ".join(read.assumptions)


def test_onnx_tells_padding_activation_pooling_and_output(rng: np.random.Generator) -> None:
    pytest.importorskip("onnx")
    from onnx import helper

    nodes = [
        helper.make_node("Unsqueeze", ["x", "axis"], ["u"]),
        helper.make_node("Conv", ["u", "w"], ["c"], name="scan", pads=[0, 2, 0, 2]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalMaxPool", ["r"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "d"], ["y"]),
    ]
    weights = {"w": rng.normal(size=(3, 1, 4, 5)), "d": rng.normal(size=(3, 1))}
    weights = {name: values.astype("f4") for name, values in weights.items()} | {"axis": np.array([1])}
    read = import_kernels(onnx_model(nodes, weights))
    np.testing.assert_array_equal(read.kernels, weights["w"][:, 0])
    np.testing.assert_array_equal(read.output_weights, weights["d"][:, 0])
    assert (read.axes, read.padding) == ("kernel, 1, letter, position", "same")
    assert (read.activation, read.pooling) == ("relu", "max")
    assert read.assumptions[0] == "`scan` is the convolution that reads the input."
