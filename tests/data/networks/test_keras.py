"""Keras models held against Keras: what is read scores as the model does, and nothing is claimed across the unknown."""

from __future__ import annotations

import json
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from epool_viz import ImportedKernels, import_kernels, scan
from epool_viz.data.networks.keras_graph import activation_word
from epool_viz.data.networks.keras_runner import require_plain
from epool_viz.data.networks.network_layers import NotRunError
from epool_viz.errors import AmbiguousAxesError, FormatError

keras = pytest.importorskip("keras")
# of Keras' own variables, whenever it saves them
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Layer 'scan' .* was passed an input with a mask:UserWarning"),
]
L = keras.layers
LENGTH = 23


def kept(model: Any, tmp_path: Path, ending: str = ".keras") -> Path:
    path = tmp_path / f"m{ending}"
    model.save(path) if ending != ".h5" else _as_h5(model, path)
    return path


def _as_h5(model: Any, path: Path) -> None:
    import logging

    logging.disable(logging.WARNING)
    try:
        model.save(path)
    finally:
        logging.disable(logging.NOTSET)


def filled(model: Any) -> Any:
    """The model with weights that are all different, and running statistics that matter."""
    rng = np.random.default_rng(11)
    for weight in model.variables:
        if "seed" not in weight.name:
            weight.assign(
                rng.uniform(0.3, 1.7, weight.shape) if "varian" in weight.name else rng.normal(size=weight.shape)
            )
    return model


def onehot(length: int = LENGTH) -> np.ndarray:
    """(batch, position, letter)."""
    return np.eye(4, dtype="f4")[np.random.default_rng(5).integers(0, 4, (2, length))]


def claims(read: ImportedKernels) -> bool:
    return read.reads_letters is True or any(each.startswith("Each kernel is a PWM") for each in read.statements)


def assert_scores(
    read: ImportedKernels, x: np.ndarray, expected: np.ndarray, *, first: int = 0, stride: int = 1
) -> None:
    """`expected` (batch, window, kernel) on the windows that do not overlap the padding."""
    found = scan(x.transpose(0, 2, 1), read.kernels, bias=read.bias).transpose(0, 2, 1)
    starts = first + np.arange(expected.shape[1])
    whole = (starts >= 0) & (starts < found.shape[1])
    assert whole.sum() > 3
    np.testing.assert_allclose(found[:, starts[whole]], expected[:, whole], rtol=2e-4, atol=2e-5)
    assert claims(read)


def conv(filters: int = 3, width: int = 5, **options: Any) -> Any:
    return L.Conv1D(filters, width, name="scan", **options)


def two_dimensional(x: Any) -> Any:
    return L.Conv2D(3, (5, 4), name="scan")(L.Reshape((LENGTH, 4, 1))(x))


def normalisation(**options: Any) -> Any:
    return L.Normalization(mean=[0.1, 0.4, 0.2, 0.3], variance=[0.5, 0.25, 1.5, 2.0], **options)


# what stands before, folded in exactly; each gives the scores of the convolution
BEFORE: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda x: conv()(x),
    "batch-norm": lambda x: conv()(L.BatchNormalization()(x)),
    "batch-norm without its scale": lambda x: conv()(L.BatchNormalization(scale=False, epsilon=0.1)(x)),
    "two batch-norms": lambda x: conv(use_bias=False)(L.BatchNormalization()(L.BatchNormalization(center=False)(x))),
    "rescaling": lambda x: conv()(L.Rescaling(2.0, offset=-1.0)(x)),
    "rescaling of each letter": lambda x: conv()(L.Rescaling([2.0, -1.0, 0.5, 3.0], offset=[0.1, 0.2, 0.3, 0.4])(x)),
    "normalisation": lambda x: conv()(normalisation()(x)),
    "normalisation turned round": lambda x: conv()(normalisation(invert=True)(x)),
    "dropout and noise": lambda x: conv()(L.SpatialDropout1D(0.2)(L.GaussianNoise(0.1)(L.Dropout(0.3)(x)))),
    "masking": lambda x: conv()(L.Masking()(x)),
    "linear activation": lambda x: conv()(L.Activation("linear")(x)),
    "padding of its own": lambda x: conv()(L.ZeroPadding1D((3, 1))(x)),
    "dilated": lambda x: conv(dilation_rate=3)(x),
    "flip of the letters": lambda x: conv()(keras.ops.flip(x, axis=2)),
    "letters by index": lambda x: conv()(x[:, :, 0:4]),
    "letters taken": lambda x: conv()(keras.ops.take(x, [2, 0, 3, 1], axis=-1)),
    "arithmetic": lambda x: conv()((1.0 - x * 2.0) / 4.0 + 0.5),
    "out and back": lambda x: conv()(keras.ops.transpose(L.Permute((2, 1))(x), (0, 2, 1))),
    "an axis put in and out": lambda x: conv()(keras.ops.squeeze(keras.ops.expand_dims(x, -1), -1)),
    "an image": two_dimensional,
    "an image of four by four": lambda x: L.Conv2D(3, (4, 4), name="scan")(L.Reshape((LENGTH, 4, 1))(x)),
    "an image of one row": lambda x: L.Conv2D(3, (1, 5), name="scan")(L.Reshape((1, LENGTH, 4))(x)),
    "batch-norm over an image": lambda x: L.Conv2D(3, (5, 4), name="scan")(
        L.BatchNormalization()(L.Reshape((LENGTH, 4, 1))(x))
    ),
    "batch-norm along the letters": lambda x: conv()(
        L.Permute((2, 1))(L.BatchNormalization(axis=1)(L.Permute((2, 1))(x)))
    ),
}
PADDED = {"padding of its own": 3}


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", BEFORE)
def test_what_stands_before_is_folded_in(name: str, ending: str, tmp_path: Path) -> None:
    start = keras.Input((LENGTH, 4))
    scores = BEFORE[name](start)
    rest = L.GlobalMaxPooling1D()(L.Reshape((-1, 3))(scores))
    model = filled(keras.Model(start, L.Dense(1)(rest)))
    read = import_kernels(kept(model, tmp_path, ending))
    expected = np.asarray(keras.Model(start, scores).predict(onehot(), verbose=0))
    expected = expected.reshape(2, -1, 3)
    assert_scores(read, onehot(), expected, first=-PADDED.get(name, 0))
    assert read.padding == ("padded" if name in PADDED else "valid")
    assert read.layer == "scan"
    if ending == ".h5" and "Unknown layer" in read.check:  # Keras does not read back all that it writes as HDF5
        return
    assert read.check.startswith("Checked against the model: "), read.check
    assert read.difference is not None
    assert read.difference < 1e-5


# what no kernel can take into itself
UNKNOWN: dict[str, Callable[[Any], Any]] = {
    "dense": lambda x: conv()(L.Dense(4)(x)),
    "one by one": lambda x: L.Conv1D(3, 5, name="scan")(L.Conv1D(4, 1, name="mix", groups=2)(x)),
    "lstm": lambda x: conv()(L.LSTM(4, return_sequences=True)(x)),
    "gru both ways": lambda x: conv()(L.Bidirectional(L.GRU(2, return_sequences=True))(x)),
    "letters and positions exchanged": lambda x: conv()(L.Reshape((LENGTH, 4))(L.Permute((2, 1))(x))),
    "layer-norm": lambda x: conv()(L.LayerNormalization()(x)),
    "unit norm": lambda x: conv()(L.UnitNormalization()(x)),
    "group norm": lambda x: conv()(L.GroupNormalization(2)(x)),
    "rectifier": lambda x: conv()(L.ReLU()(x)),
    "attention": lambda x: conv()(L.Attention()([x, x])),
    "sum of two ways": lambda x: conv()(L.Add()([x, L.Dense(4)(x)])),
    "pooled": lambda x: conv()(L.MaxPooling1D(2)(x)),
    "cropped": lambda x: conv()(L.Cropping1D(2)(x)),
    "repeated": lambda x: conv()(L.UpSampling1D(2)(x)),
    "dropout that stays": lambda x: conv()(L.Dropout(0.5)(x, training=True)),
    "batch-norm along the sequence": lambda x: conv()(L.BatchNormalization(axis=1)(x)),
    "turned along the sequence": lambda x: conv()(keras.ops.flip(x, axis=1)),
    "a letter twice": lambda x: conv()(keras.ops.take(x, [0, 0, 1, 2], axis=-1)),
    "one over": lambda x: conv()(1.0 / (x + 1.0)),
    "each step by itself": lambda x: conv()(L.TimeDistributed(L.Dense(4))(x)),
    "padding along the letters": lambda x: L.Conv2D(3, (5, 4), padding="same", name="scan")(
        L.Reshape((LENGTH, 4, 1))(x)
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_across_what_is_not_known_nothing_is_claimed(name: str, tmp_path: Path) -> None:
    start = keras.Input((LENGTH, 4))
    model = filled(keras.Model(start, L.Dense(1)(L.Flatten()(UNKNOWN[name](start)))))
    read = import_kernels(kept(model, tmp_path), layer="scan")
    assert not claims(read)
    assert not any("E-step" in each or "posterior is exact" in each for each in read.statements)
    assert any("is not folded in" in each for each in read.statements)


def test_a_batch_norm_along_a_sequence_as_long_as_the_alphabet_is_none_of_the_letters(tmp_path: Path) -> None:
    start = keras.Input((4, 4))
    model = filled(keras.Model(start, L.Flatten()(conv(3, 2)(L.BatchNormalization(axis=1)(start)))))
    read = import_kernels(kept(model, tmp_path))
    assert not claims(read)
    assert "`batch_normalization" in read.statements[0]
    assert "is not folded in" in read.statements[0]


def test_a_channels_first_convolution_reads_rows_of_letters(tmp_path: Path) -> None:
    start = keras.Input((4, LENGTH))
    scores = conv(data_format="channels_first")(L.BatchNormalization(axis=1)(start))
    model = filled(keras.Model(start, L.GlobalMaxPooling1D(data_format="channels_first")(scores)))
    read = import_kernels(kept(model, tmp_path))
    expected = keras.Model(start, scores).predict(onehot().transpose(0, 2, 1), verbose=0)
    assert_scores(read, onehot(), np.asarray(expected).transpose(0, 2, 1))
    assert read.pooling == "max"


def test_a_pooling_over_the_kernels_is_none_over_the_sequence(tmp_path: Path) -> None:
    start = keras.Input((LENGTH, 4))
    model = filled(keras.Model(start, L.GlobalMaxPooling1D()(L.Permute((2, 1))(conv()(start)))))
    read = import_kernels(kept(model, tmp_path))
    assert (read.activation, read.pooling) == (None, None)
    assert any("Then comes `global_max_pooling1d" in each for each in read.statements)


@pytest.mark.parametrize(
    ("padding", "first"), [("valid", 0), ("same", -2), ("causal", -5)], ids=["valid", "same", "causal"]
)
def test_padding_moves_the_windows(padding: str, first: int, tmp_path: Path) -> None:
    start = keras.Input((LENGTH, 4))
    scores = conv(3, 6, padding=padding)(start)
    model = filled(keras.Model(start, L.GlobalMaxPooling1D()(scores)))
    read = import_kernels(kept(model, tmp_path))
    assert_scores(read, onehot(), np.asarray(keras.Model(start, scores).predict(onehot(), verbose=0)), first=first)
    assert read.padding == padding


# what follows


@pytest.mark.parametrize(
    ("layer", "word"),
    [
        (lambda: L.ReLU(), "relu"),
        (lambda: L.ReLU(max_value=6.0), "relu6"),
        (lambda: L.ReLU(max_value=3.0), "clip"),
        (lambda: L.ReLU(threshold=0.5), "thresholded relu"),
        (lambda: L.ReLU(negative_slope=0.2), "leaky relu"),
        (lambda: L.LeakyReLU(negative_slope=0.0), "relu"),
        (lambda: L.LeakyReLU(negative_slope=0.1), "leaky relu"),
        (lambda: L.PReLU(), "prelu"),
        (lambda: L.ELU(), "elu"),
        (lambda: L.Activation("exponential"), "exponential"),
        (lambda: L.Activation("gelu"), "gelu"),
        (lambda: L.Activation("linear"), "identity"),
        (lambda: L.Dropout(0.1), "identity"),
    ],
)
def test_what_follows_is_named(layer: Callable[[], Any], word: str, tmp_path: Path) -> None:
    start = keras.Input((LENGTH, 4))
    model = filled(keras.Model(start, L.Dense(1)(L.GlobalAveragePooling1D()(layer()(conv()(start))))))
    read = import_kernels(kept(model, tmp_path))
    assert (read.activation, read.pooling) == (word, "average")
    assert read.output_weights is not None


def test_an_activation_of_somebodys_own_is_not_known(tmp_path: Path) -> None:
    def square(x: Any) -> Any:
        return x * x

    @keras.saving.register_keras_serializable("mine")
    def relu(x: Any) -> Any:
        return x * x

    start = keras.Input((LENGTH, 4))
    ways = (
        lambda x: conv(activation=square)(x),
        lambda x: L.Activation(square)(conv()(x)),
        lambda x: L.Activation(relu)(conv()(x)),
    )
    for made in ways:
        model = filled(keras.Model(start, L.GlobalMaxPooling1D()(made(start))))
        read = import_kernels(kept(model, tmp_path))
        assert (read.activation, read.pooling) == (None, None)
        assert "which is not followed" in read.statements[-1]


def test_a_function_of_another_module_is_no_activation_of_keras_whatever_its_name() -> None:
    about = {"class_name": "function", "config": "relu", "registered_name": "relu"}
    assert activation_word({**about, "module": "keras.activations"}) == "relu"
    for module in ("builtins", "somebody", "kerasish"):
        assert activation_word({**about, "module": module}) is None


def test_a_layer_of_somebodys_own_is_not_taken_for_one_of_keras(tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable("mine")
    class Dropout(L.Layer):
        def call(self, x: Any) -> Any:
            return x * 3.0

    start = keras.Input((LENGTH, 4))
    model = filled(keras.Model(start, L.GlobalMaxPooling1D()(conv()(Dropout()(start)))))
    assert not claims(import_kernels(kept(model, tmp_path)))
    model = filled(keras.Model(start, L.GlobalMaxPooling1D()(Dropout()(conv()(start)))))
    read = import_kernels(kept(model, tmp_path))
    assert (read.activation, read.pooling) == (None, None)


def test_scores_that_are_an_output_too_or_go_two_ways_are_followed_no_further(tmp_path: Path) -> None:
    start = keras.Input((LENGTH, 4))
    scores = conv()(start)
    pooled = L.GlobalMaxPooling1D()(scores)
    both = L.Concatenate()([pooled, L.GlobalAveragePooling1D()(scores)])
    for model in (keras.Model(start, [scores, pooled]), keras.Model(start, both)):
        read = import_kernels(kept(filled(model), tmp_path))
        assert claims(read)
        assert read.pooling is None
        assert any("branches" in each for each in read.statements)


# running a section


@pytest.fixture
def simple(tmp_path: Path) -> Path:
    start = keras.Input((LENGTH, 4))
    return kept(filled(keras.Model(start, L.GlobalMaxPooling1D()(L.BatchNormalization()(conv()(start))))), tmp_path)


def test_kernels_that_are_not_what_keras_computes_lose_every_claim(simple: Path) -> None:
    read = import_kernels(simple, flip=True)
    assert read.difference is not None
    assert read.difference > 0.1
    assert read.reads_letters is False
    assert "These kernels are not what `scan` computes" in read.statements[0]
    assert not claims(read)


@pytest.mark.parametrize("fold", [None, False])
def test_a_batch_norm_behind_is_in_both_or_in_neither(simple: Path, fold: bool | None) -> None:
    read = import_kernels(simple, fold_batch_norm=fold)
    assert read.difference is not None
    assert read.difference < 1e-5


@pytest.mark.parametrize("fold", [None, False])
def test_a_scale_before_a_batch_norm_is_in_both_whatever_becomes_of_the_norm(fold: bool | None, tmp_path: Path) -> None:
    parts = [keras.Input((LENGTH, 4)), conv(), L.Rescaling(0.5, 1.0), L.BatchNormalization(), L.GlobalMaxPooling1D()]
    read = import_kernels(kept(filled(keras.Sequential(parts)), tmp_path), fold_batch_norm=fold)
    assert read.check.startswith("Checked against the model: ")
    assert claims(read)


@pytest.mark.parametrize("padding", ["same", "causal", "valid"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_check_knows_where_the_windows_start(padding: str, stride: int, tmp_path: Path) -> None:
    start = keras.Input((LENGTH, 4))
    scores = conv(3, 6, padding=padding, strides=stride, activation="relu")(L.ZeroPadding1D((2, 0))(start))
    read = import_kernels(kept(filled(keras.Model(start, L.Flatten()(scores))), tmp_path))
    assert read.difference is not None
    assert read.difference < 1e-5


def test_keras_is_not_imported_for_the_check(simple: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "keras")
    read = import_kernels(simple)
    assert read.check == "Not checked against the model: keras is not imported here."
    assert claims(read)
    assert "keras" not in sys.modules


def test_a_model_with_code_in_it_is_not_run(tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable("mine")
    class Tail(L.Layer):
        def call(self, x: Any) -> Any:
            raise AssertionError("run")

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    start = keras.Input((LENGTH, 4))
    for tail, name in ((L.Lambda(lambda x: x, name="tail"), "Lambda"), (Tail(), "Tail")):
        model = filled(keras.Model(start, tail(conv()(start))))
        read = import_kernels(kept(model, tmp_path))
        assert read.check == f"Not checked against the model: it holds {name}, which is not run."


@pytest.mark.parametrize(
    "entry",
    [
        {"class_name": "Lambda", "module": "keras.layers"},
        {"class_name": "Conv1D", "module": "os"},
        {"class_name": "Conv1D", "registered_name": "mine>Conv1D"},
        {"class_name": "get_file", "module": "keras.utils"},
        {"class_name": "TorchModuleWrapper", "module": "keras.layers"},
        {"class_name": "StringLookup", "module": "keras.layers"},
        {"class_name": "__lambda__", "config": {}},
    ],
    ids=lambda entry: entry["class_name"],
)
def test_what_is_not_plain_keras_is_never_loaded(entry: dict[str, Any]) -> None:
    inside = {
        "class_name": "Sequential",
        "config": {"layers": [{"class_name": "Dense", "config": {"deep": [[entry]]}}]},
    }
    with pytest.raises(NotRunError, match=f"it holds {entry['class_name']}, which is not run"):
        require_plain(inside)


def test_models_that_call_each_other_twice_at_every_level_end(tmp_path: Path) -> None:
    inner: dict[str, Any] = {"class_name": "Conv1D", "config": {"name": "c"}, "name": "c"}
    for level in range(20):
        start = {"class_name": "InputLayer", "config": {"name": "i"}, "name": "i", "inbound_nodes": []}
        twice = {**inner, "inbound_nodes": [[["i", 0, 0, {}]], [[inner["name"], 0, 0, {}]]]}
        config = {"layers": [start, twice], "input_layers": [["i", 0, 0]], "output_layers": [[inner["name"], 1, 0]]}
        inner = {"class_name": "Functional", "name": f"m{level}", "config": {"name": f"m{level}", **config}}
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(inner)
    began = time.process_time()
    with pytest.raises(FormatError, match="an architecture that cannot be followed"):
        import_kernels(tmp_path / "m.h5")
    assert time.process_time() - began < 5


# several convolutions, inputs, uses


def test_all_convolutions_and_inputs_are_named(tmp_path: Path) -> None:
    first, second = keras.Input((LENGTH, 4), name="near"), keras.Input((LENGTH, 4), name="far")
    parts = [L.GlobalMaxPooling1D()(L.Conv1D(2, 3 + i, name=f"scan_{i}")(x)) for i, x in enumerate((first, second))]
    model = filled(keras.Model([first, second], L.Dense(1)(L.Concatenate()(parts))))
    path = kept(model, tmp_path)
    read = import_kernels(path)
    assert "The model has 2 inputs: `near`, `far`." in read.assumptions
    assert [each.partition("/")[0] for each in read.candidates] == ["scan_0", "scan_1"]
    assert claims(read)
    assert claims(import_kernels(path, layer="scan_1"))


def test_a_convolution_of_two_inputs_that_were_joined_is_not_known(tmp_path: Path) -> None:
    first, second = keras.Input((LENGTH, 2)), keras.Input((LENGTH, 2))
    scores = conv()(L.Concatenate()([first, second]))
    model = filled(keras.Model([first, second], L.GlobalMaxPooling1D()(scores)))
    assert not claims(import_kernels(kept(model, tmp_path)))


def test_a_convolution_that_is_used_on_both_strands_says_so(tmp_path: Path) -> None:
    start = keras.Input((LENGTH, 4))
    shared = conv()
    pooled = [L.GlobalMaxPooling1D()(shared(x)) for x in (start, L.Dense(4)(start))]
    model = filled(keras.Model(start, L.Add()(pooled)))
    assert not claims(import_kernels(kept(model, tmp_path)))
    other = keras.Input((LENGTH, 4))
    shared = conv()
    pooled = [L.GlobalMaxPooling1D()(shared(x)) for x in (start, other)]
    model = filled(keras.Model([start, other], L.Add()(pooled)))
    read = import_kernels(kept(model, tmp_path))
    assert claims(read)
    assert read.pooling is None
    assert any("used several times" in each for each in read.statements)


def test_models_within_models_are_followed_both_ways(tmp_path: Path) -> None:
    inner_start = keras.Input((LENGTH, 4))
    inner = keras.Model(inner_start, conv(use_bias=False)(L.Rescaling(3.0)(inner_start)), name="encoder")
    start = keras.Input((LENGTH, 4))
    scores = inner(L.BatchNormalization()(start))
    model = filled(keras.Model(start, L.GlobalMaxPooling1D()(L.ReLU()(scores))))
    read = import_kernels(kept(model, tmp_path))
    assert_scores(read, onehot(), np.asarray(keras.Model(start, scores).predict(onehot(), verbose=0)))
    assert (read.layer, read.activation, read.pooling) == ("encoder/scan", "relu", "max")


@pytest.mark.parametrize(
    "layer",
    [lambda: L.DepthwiseConv1D(5, name="d"), lambda: L.SeparableConv1D(3, 5, name="d")],
    ids=["depth", "separable"],
)
def test_depthwise_and_separable_convolutions_are_not_read_as_kernels(layer: Callable[[], Any], tmp_path: Path) -> None:
    start = keras.Input((LENGTH, 4))
    model = filled(keras.Model(start, L.GlobalMaxPooling1D()(layer()(start))))
    with pytest.raises(FormatError, match=r"found `d`, a (Depthwise|Separable)Conv1D, but no plain convolution"):
        import_kernels(kept(model, tmp_path))
    both = [L.GlobalMaxPooling1D()(each(start)) for each in (L.Conv1D(4, 3), L.DepthwiseConv1D(5, name="d"))]
    model = filled(keras.Model(start, L.Add()(both)))
    read = import_kernels(kept(model, tmp_path))
    assert any("`d` is a DepthwiseConv1D, which is no one kernel" in each for each in read.assumptions)


# where the file says less


def test_an_image_of_four_by_four_without_the_size_of_its_input_is_asked_about(tmp_path: Path) -> None:
    start = keras.Input((None, 4, 1))
    model = filled(keras.Model(start, L.Conv2D(3, (4, 4), name="scan")(start)))
    known = import_kernels(kept(model, tmp_path))
    assert known.axes == "position, letter, 1, kernel"
    start = keras.Input((None, None, 1))
    model = filled(keras.Model(start, L.Conv2D(3, (4, 4), name="scan")(start)))
    with pytest.raises(AmbiguousAxesError, match=r'"letter, position, 1, kernel" or "position, letter, 1, kernel"'):
        import_kernels(kept(model, tmp_path))
    read = import_kernels(kept(model, tmp_path), axes="letter, position, 1, kernel")
    assert read.reads_letters is None


def test_a_model_that_is_a_class_of_somebodys_gives_its_weights_and_no_claim(tmp_path: Path) -> None:
    class Mine(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.deep = L.SeparableConv1D(3, 5)
            self.first = L.Conv1D(3, 6)

        def build(self, shape: Any) -> None:
            self.first.build(shape)
            self.deep.build(shape)
            self.built = True

        def call(self, x: Any) -> Any:
            return self.first(x[:, :, ::-1])

    model = Mine()
    model.build((None, LENGTH, 4))
    filled(model)
    read = import_kernels(kept(model, tmp_path))
    np.testing.assert_array_equal(read.kernels, model.first.get_weights()[0].transpose(2, 1, 0))
    np.testing.assert_array_equal(read.bias, model.first.get_weights()[1])
    assert read.reads_letters is None
    assert any("`Mine` is a class of its own" in each for each in read.assumptions)
    assert not any("separable" in each or "deep" in each for each in read.candidates)


def test_layers_of_weights_alone_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    layers = [L.Conv1D(4, 2 + i, padding="same") for i in range(12)]
    model = filled(keras.Sequential([keras.Input((LENGTH, 4)), *layers]))
    path = tmp_path / "only.weights.h5"
    model.save_weights(path)
    with zipfile.ZipFile(kept(model, tmp_path)) as archive:
        assert json.loads(archive.read("config.json"))["class_name"] == "Sequential"
    read = import_kernels(path)
    assert read.width == 2
    widths = [int(each.split("(")[1].split(",")[0]) for each in read.candidates]
    assert widths == [2 + i for i in range(12)]


def test_weights_of_get_weights_score_as_the_model_does() -> None:
    start = keras.Input((LENGTH, 4))
    model = filled(keras.Model(start, L.Dense(1)(L.Flatten()(conv(3, 6)(start)))))
    read = import_kernels(model.get_weights())
    expected = np.asarray(keras.Model(start, model.layers[1].output).predict(onehot(), verbose=0))
    found = scan(onehot().transpose(0, 2, 1), read.kernels, bias=read.bias).transpose(0, 2, 1)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)


def unit(*behind: Any, **options: Any) -> Any:
    """A model of 3 kernels, the maximum, one unit, and what follows it."""
    return keras.Sequential(
        [keras.Input((LENGTH, 4)), conv(), L.GlobalMaxPooling1D(), L.Dense(1, name="unit", **options), *behind]
    )


def taken_from_one(tmp_path: Path) -> Any:
    x = keras.Input((LENGTH, 4))
    y = L.Dense(1, activation="sigmoid", name="unit")(L.GlobalMaxPooling1D()(conv()(x)))
    return keras.Model(x, 1 - y)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize(
    ("activation", "behind"),
    [(None, ()), ("sigmoid", ()), (None, (L.Activation("sigmoid"),)), (None, (L.Reshape((1, 1)), L.Dropout(0.5)))],
)
def test_the_weights_of_a_unit_that_is_the_output_are_told(
    activation: str | None, behind: tuple[Any, ...], ending: str, tmp_path: Path
) -> None:
    model = filled(unit(*(each.__class__.from_config(each.get_config()) for each in behind), activation=activation))
    read = import_kernels(kept(model, tmp_path, ending))
    assert read.output_weights is not None
    np.testing.assert_allclose(read.output_weights, np.asarray(model.get_layer("unit").kernel)[:, 0], rtol=1e-6)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize(
    "make",
    [
        lambda path: unit(L.Rescaling(-1.0)),
        lambda path: unit(L.Dense(1)),
        lambda path: unit(activation="tanh"),
        lambda path: unit(L.Activation("sigmoid"), L.Activation("sigmoid")),
        lambda path: unit(L.BatchNormalization()),
        taken_from_one,
    ],
    ids=["rescaled", "a second unit", "tanh", "two sigmoids", "a batch-norm", "the other class"],
)
def test_the_weights_of_a_unit_are_not_known_where_more_follows(
    make: Callable[[Path], Any], ending: str, tmp_path: Path
) -> None:
    read = import_kernels(kept(filled(make(tmp_path)), tmp_path, ending))
    assert (read.output_weights, read.pooling) == (None, "max")


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_the_codes_of_a_quantised_unit_are_no_weights(ending: str, tmp_path: Path) -> None:
    model = filled(unit())
    model.get_layer("unit").quantize("int8")
    read = import_kernels(kept(model, tmp_path, ending))
    assert read.output_weights is None
    np.testing.assert_allclose(read.kernels[0, :, 0], np.asarray(model.get_layer("scan").kernel)[0, :, 0], rtol=1e-6)


def test_the_codes_of_a_quantised_convolution_are_no_kernels(tmp_path: Path) -> None:
    path = kept(filled(unit()), tmp_path)
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(held["config.json"])
    layer = next(each for each in about["config"]["layers"] if each["class_name"] == "Conv1D")
    layer["config"]["dtype"] = {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}}
    held["config.json"] = json.dumps(about).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, raw in held.items():
            archive.writestr(name, raw)
    with pytest.raises(FormatError, match=r"codes of few bits as the weights of `scan`.*before it is quantised"):
        import_kernels(path)


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("policy", ["mixed_float16", "float16", "mixed_bfloat16"])
def test_a_layer_that_computes_in_half_precision_keeps_its_claims(policy: str, ending: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(5)
    letters = keras.Input((None, 4), dtype="float32")
    scan = keras.layers.Conv1D(6, 11, dtype=policy, bias_initializer="normal")
    read = import_kernels(kept(keras.Model(letters, scan(letters)), tmp_path, f".{ending}"))
    assert read.reads_letters is True
    assert f"the rounding of half precision ({policy.removeprefix('mixed_')})" in read.check
    np.testing.assert_array_equal(read.kernels, np.float32(keras.ops.convert_to_numpy(scan.kernel)).transpose(2, 1, 0))
