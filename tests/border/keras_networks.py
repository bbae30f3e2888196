"""Networks of Keras 3, made and run in a process of its own: `python -m tests.border.keras_networks FOLDER`.

The process writes each model and, beside them, the examples with what Keras computes.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

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
    window_starts,
)

KERAS, H5, WEIGHTS, LISTED, NPZ, NAMED = (
    "keras .keras",
    "keras .h5",
    "keras .weights.h5",
    "keras get_weights",
    "keras get_weights as npz",
    "keras weights by name",
)
SHOWING = (KERAS, H5)
ALL = (KERAS, H5, WEIGHTS, LISTED, NPZ, NAMED)
_FILE = "examples.pickle"


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Begin to make the examples; `gather` waits for them."""
    command = [sys.executable, "-W", "ignore", "-m", __name__, str(folder)]
    environment = {**os.environ, "KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1", "KERAS_HOME": str(folder)}
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def gather(process: subprocess.Popen[bytes], folder: Path) -> list[Example]:
    """The examples of a process that was started."""
    _, told = process.communicate(timeout=600)  # on a machine that does much else
    if process.returncode:
        raise RuntimeError(told.decode(errors="replace")[-3000:])
    return pickle.loads((folder / _FILE).read_bytes())


def _at(path: str, _: Path) -> Path:
    return Path(path)


def _values(values: Any, _: Path) -> Any:
    return values


class Maker:
    """Writes models of Keras and what they compute."""

    def __init__(self, folder: Path) -> None:
        import keras

        self.keras, self.layers, self.folder = keras, keras.layers, folder
        self.examples: list[Example] = []
        self.rng = np.random.default_rng(17)

    def settle(self, layers: Sequence[Any]) -> None:
        """Numbers as if learnt."""
        for layer in layers:
            for weight in layer.weights:
                values = self.rng.normal(size=weight.shape).astype("f4") * 0.6
                if "variance" in weight.path:
                    values = np.abs(values) + 0.3
                if "seed" not in weight.path and "lora" not in weight.path:
                    weight.assign(values)

    def add(
        self,
        name: str,
        about: str,
        parts: Sequence[tuple[str, Any]],
        ways: Sequence[str] = (KERAS,),
        *,
        shape: Sequence[Any] = (LENGTH, LETTERS),
        lay: Callable[[Array], Any] = lambda x: x.transpose(0, 2, 1),
        letters: int = LETTERS,
        kernels: int = KERNELS,
        length: int = LENGTH,
        acted: str | None = "",
        local_kind: str = "",
        names: Sequence[str] = (),
        begins: Sequence[str] = (),
        pool_names: Sequence[str] = (),
        pools: bool | None = None,
        must: str = "",
        left: int = 0,
        stride: int = 1,
        shift: int = 0,
        is_whole: bool = True,
        reads_input: bool = True,
        judged: bool = True,
        dtype: str = "float32",
        extra: Sequence[str] = (),
        nested: bool = False,
        settle: bool = True,
        options: dict[str, Any] | None = None,
        prepare: Callable[[Any], None] | None = None,
    ) -> None:
        """A chain of layers, each with its part: "lay", "before", "conv", "norm", "act", "local", "pool", "head"."""
        keras = self.keras
        given = keras.Input(tuple(shape), dtype=dtype)
        tensor, placed = given, {}
        for part, layer in parts:
            tensor = placed[part] = layer(tensor)
        model = keras.Model(given, tensor)
        if settle:
            self.settle([model])
        if prepare:
            prepare(model)
        self.last = model
        sequences = onehot(letters, length)
        x = lay(sequences)
        roles = list(placed)
        told = keras.Model(given, list(placed.values()))(x, training=False)
        values = dict(zip(roles, told if isinstance(told, list | tuple) else [told], strict=True))
        if kernels == length - 4:  # as many windows as kernels
            values = {role: value.transpose(1, 2) if value.ndim == 3 else value for role, value in values.items()}
        values = {role: np.asarray(value.detach().double()) for role, value in values.items()}
        layer_of = dict(parts)
        lone: Any = x
        found = []
        try:
            for part, layer in parts:
                if part.startswith("lay") or part == "conv" or (part == "norm" and found):
                    lone = layer(lone, training=False) if part == "norm" else layer(lone)
                    if part in ("conv", "norm"):
                        turned = lone.transpose(1, 2) if kernels == length - 4 else lone
                        found.append((part, np.asarray(turned.detach().double())))
        except (ValueError, RuntimeError):
            if not found:
                return
        if acted == "":
            acted = next(role for role in ("act", "norm", "conv") if role in values)
        pooled = values.get("pool")
        local = values.get("local")
        head = values.get("head")
        behind = (
            Behind(
                canonical(values[acted], kernels) if acted else None,
                tuple(names),
                tuple(begins),
                None if local is None else canonical(local, kernels),
                local_kind,
                pooled.reshape(BATCH, kernels) if pooled is not None and pooled.size == BATCH * kernels else None,
                tuple(pool_names),
                ("pool" in values or "local" in values) if pools is None else pools,
                head.reshape(BATCH) if head is not None and head.size == BATCH else None,
            )
            if judged
            else None
        )
        stages = []
        for part, alone in found:
            plain = canonical(alone, kernels)
            inside = canonical(values[part], kernels) if is_whole else None
            if plain is None:  # its scores are of more than windows
                stages.append(Stage("", np.zeros((1, 0, 0)), np.zeros(0, int), None, None, behind))
                continue
            starts = window_starts(plain.shape[2], stride=stride, left=left)
            inner = None if inside is None else window_starts(inside.shape[2], stride=stride, left=left + shift)
            stages.append(Stage("", plain, starts, inside, inner, behind, True, reads_input))
        self._keep(name, about, model, layer_of, ways, stages, sequences, must, options)

    def _keep(
        self,
        name: str,
        about: str,
        model: Any,
        layer_of: Any,
        ways: Sequence[str],
        stages: Any,
        sequences: Array,
        must: str,
        options: Any,
    ) -> None:
        for way in ways:
            place = self.folder / str(len(self.examples))
            place.mkdir()
            needed = must
            if must == "plain":
                needed = (
                    "claimed" if way in SHOWING else "bias" if way == WEIGHTS and "without bias" not in name else "read"
                )
            if way == LISTED and [each.ndim for each in model.get_weights()] in ([3], [4]):
                needed = ""  # without a bias beside it its axes can be read in two ways, and are asked about
            make: Any
            if way in (KERAS, H5, WEIGHTS):
                path = place / {KERAS: "m.keras", H5: "m.h5", WEIGHTS: "m.weights.h5"}[way]
                (model.save_weights if way == WEIGHTS else model.save)(path)
                make = partial(_at, str(path))
            elif way == LISTED:
                make = partial(_values, model.get_weights())
            elif way == NPZ:
                np.savez(place / "m.npz", *model.get_weights())
                make = partial(_at, str(place / "m.npz"))
            else:
                named = {f"{each.path}:0": np.asarray(each.numpy()) for each in model.weights}
                make = partial(_values, named)
            self.examples.append(
                Example(
                    f"{way}: {name}",
                    way,
                    about,
                    make,
                    tuple(stages),
                    sequences,
                    needed,
                    options or {},
                    (),
                    way in (KERAS, H5, WEIGHTS, NPZ),
                    "dense" not in name or about != "layout",
                )
            )

    def tail(self, kernels: int = KERNELS) -> list[tuple[str, Any]]:
        layers = self.layers
        return [("act", layers.ReLU()), ("pool", layers.GlobalMaxPooling1D()), ("head", layers.Dense(1))]

    def tail2(self) -> list[tuple[str, Any]]:
        layers = self.layers
        return [("act", layers.ReLU()), ("pool", layers.GlobalMaxPooling2D()), ("head", layers.Dense(1))]

    def conv(self, kernels: int = KERNELS, width: int = WIDTH, **options: Any) -> tuple[str, Any]:
        return "conv", self.layers.Conv1D(kernels, width, **options)

    def make(self) -> None:
        self.plain()
        self.layouts()
        self.before()
        self.parts()
        self.behind()
        self.poolings()

    def plain(self) -> None:
        layers = self.layers
        self.add("conv, relu, max, dense", "plain", [self.conv(), *self.tail()], ALL, must="plain")
        self.add(
            "conv without bias, exponential, average",
            "plain",
            [
                self.conv(use_bias=False),
                ("act", layers.Activation("exponential")),
                ("pool", layers.GlobalAveragePooling1D()),
            ],
            (KERAS, H5, WEIGHTS, LISTED),
            must="plain",
        )
        self.add(
            "conv, batch norm, relu, max",
            "plain",
            [self.conv(), ("norm", layers.BatchNormalization()), *self.tail()],
            (KERAS, H5, WEIGHTS, LISTED, NAMED),
            must="plain",
        )
        self.add(
            "protein",
            "plain",
            [self.conv(), *self.tail()],
            (KERAS, H5, NAMED),
            shape=(LENGTH, 20),
            letters=20,
            must="plain",
        )
        for kernels, width in ((4, 5), (3, 4), (4, 4), (5, 3)):
            ways = (KERAS, H5, WEIGHTS, LISTED, NPZ, NAMED)
            for way in ways:
                self.add(
                    f"{kernels} kernels of {width}",
                    "plain",
                    [self.conv(kernels, width), *self.tail(kernels)],
                    (way,),
                    kernels=kernels,
                    must="plain" if way in SHOWING else "read" if way in (WEIGHTS, NAMED) else "",
                )
                if way == WEIGHTS or way in (LISTED, NAMED):
                    self.add(
                        f"{kernels} kernels of {width} without bias",
                        "plain",
                        [self.conv(kernels, width, use_bias=False), *self.tail(kernels)],
                        (way,),
                        kernels=kernels,
                    )
        self.add(
            "length unknown", "plain", [self.conv(), *self.tail()], (KERAS, H5), shape=(None, LETTERS), must="plain"
        )
        self.add("one kernel", "plain", [self.conv(1), *self.tail(1)], (KERAS, WEIGHTS), kernels=1, must="plain")
        self.add(
            "sequential, one within another",
            "plain",
            [("conv", self.keras.Sequential([self.keras.Input((LENGTH, LETTERS)), self.conv()[1]])), *self.tail()],
            (KERAS, H5),
            must="plain",
        )

    def layouts(self) -> None:
        layers = self.layers
        orders: dict[str, tuple[Any, Any, Callable[[Array], Array]]] = {
            "(L, 4, 1)": ((17, 4, 1), (5, 4), lambda x: x.transpose(0, 2, 1)[..., None]),
            "(4, L, 1)": ((4, 17, 1), (4, 5), lambda x: x[..., None]),
            "(1, L, 4)": ((1, 17, 4), (1, 5), lambda x: x.transpose(0, 2, 1)[:, None]),
            "(L, 1, 4)": ((17, 1, 4), (5, 1), lambda x: x.transpose(0, 2, 1)[:, :, None]),
            "(L, 4, 1), width 4": ((17, 4, 1), (4, 4), lambda x: x.transpose(0, 2, 1)[..., None]),
            "(4, L, 1), width 4": ((4, 17, 1), (4, 4), lambda x: x[..., None]),
        }
        for said, (shape, size, lay) in orders.items():
            for kernels in (3, 4):
                ways = (KERAS, H5, WEIGHTS)
                self.add(
                    f"Conv2D on {said}, {kernels} kernels",
                    "layout",
                    [("conv", layers.Conv2D(kernels, size)), *self.tail2()],
                    ways,
                    shape=shape,
                    lay=lay,
                    kernels=kernels,
                    must="read" if kernels == 3 and 5 in size and 1 not in size else "",
                )
        within = {
            "reshaped from (L, 4)": (
                [("lay", layers.Reshape((17, 4, 1)))],
                (4, 4),
                (17, 4),
                lambda x: x.transpose(0, 2, 1),
            ),
            "reshaped from (4, L)": ([("lay", layers.Reshape((4, 17, 1)))], (4, 4), (4, 17), lambda x: x),
            "permuted and reshaped from (L, 4)": (
                [("lay", layers.Permute((2, 1))), ("lay2", layers.Reshape((4, 17, 1)))],
                (4, 4),
                (17, 4),
                lambda x: x.transpose(0, 2, 1),
            ),
            "reshaped from (L, 4) to an axis of one": (
                [("lay", layers.Reshape((1, 17, 4)))],
                (1, 4),
                (17, 4),
                lambda x: x.transpose(0, 2, 1),
            ),
            "reshaped to (4, L), which mixes": (
                [("before", layers.Reshape((4, 17, 1)))],
                (4, 4),
                (17, 4),
                lambda x: x.transpose(0, 2, 1),
            ),
        }
        for said, (first, size, shape, lay) in within.items():
            if "mixes" in said:
                lone = onehot()[..., None]
                layer = layers.Conv2D(3, size)
                self.add(
                    f"square, {said}",
                    "layout",
                    [*first, ("conv", layer), *self.tail2()],
                    (KERAS, H5),
                    shape=shape,
                    lay=lay,
                )
                values = np.asarray(layer(lone).detach(), dtype=np.float64)
                stage = Stage("", canonical(values, 3), window_starts(14))
                for place in (-1, -2):
                    self.examples[place] = _with_stage(self.examples[place], stage)
                continue
            self.add(
                f"square, {said}",
                "layout",
                [*first, ("conv", layers.Conv2D(3, size)), *self.tail2()],
                (KERAS, H5, WEIGHTS),
                shape=shape,
                lay=lay,
            )
        self.add(
            "channels first",
            "layout",
            [
                ("conv", layers.Conv1D(3, 5, data_format="channels_first")),
                ("act", layers.ReLU()),
                ("pool", layers.GlobalMaxPooling1D(data_format="channels_first")),
                ("head", layers.Dense(1)),
            ],
            (KERAS, H5, WEIGHTS),
            shape=(4, 17),
            lay=lambda x: x,
            must="read",
        )
        self.add(
            "channels first, pooled over kernels",
            "layout",
            [
                ("conv", layers.Conv1D(3, 5, data_format="channels_first")),
                ("act", layers.ReLU()),
                ("last", layers.GlobalMaxPooling1D()),
            ],
            (KERAS, H5),
            shape=(4, 17),
            lay=lambda x: x,
            pools=False,
        )
        self.add(
            "Conv2D, channels first",
            "layout",
            [("conv", layers.Conv2D(3, (4, 5), data_format="channels_first")), ("act", layers.ReLU())],
            (KERAS, H5),
            shape=(1, 4, 17),
            lay=lambda x: x[:, None],
        )
        self.add(
            "permuted to channels last",
            "layout",
            [("lay", layers.Permute((2, 1))), self.conv(), *self.tail()],
            (KERAS, H5),
            shape=(4, 17),
            lay=lambda x: x,
            must="plain",
        )
        ends: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
            "same": ({"padding": "same"}, {"left": 2}),
            "same, even width": ({"kernel_size": 6, "padding": "same"}, {"left": 2}),
            "same, stride 2": ({"padding": "same", "strides": 2}, {"left": 2, "stride": 2}),
            "causal": ({"padding": "causal"}, {"left": 4}),
            "causal, dilation 2": ({"padding": "causal", "dilation_rate": 2}, {"left": 8}),
            "stride 3": ({"strides": 3}, {"stride": 3}),
            "dilation 3": ({"dilation_rate": 3}, {}),
            "width 1": ({"kernel_size": 1}, {}),
            "as wide as the sequence": ({"kernel_size": 17}, {}),
        }
        for said, (options, truth) in ends.items():
            layer = ("conv", layers.Conv1D(**{"filters": KERNELS, "kernel_size": WIDTH, **options}))
            self.add(said, "layout", [layer, *self.tail()], (KERAS, H5), must="read", **truth)
        self.add(
            "letters padded too",
            "layout",
            [("conv", layers.Conv2D(3, (4, 5), padding="same")), *self.tail2()],
            (KERAS, H5),
            shape=(4, 17, 1),
            lay=lambda x: x[..., None],
            is_whole=False,
            names=("relu",),
            pool_names=("max",),
        )
        plain = layers.Conv2D(3, (4, 5))
        padded = next(each for each in self.last.layers if isinstance(each, layers.Conv2D))
        plain.build((None, 4, 21, 1))
        plain.set_weights(padded.get_weights())
        wide = np.pad(onehot(), ((0, 0), (0, 0), (2, 2)))[..., None]
        alone = canonical(np.asarray(plain(wide).detach().double()), KERNELS)
        for place in (-1, -2):
            old = self.examples[place].stages[0].behind
            stage = Stage("", alone, window_starts(LENGTH, left=2), None, None, old)
            self.examples[place] = _with_stage(self.examples[place], stage)
        self.add(
            "two groups", "layout", [("conv", layers.Conv1D(8, 5, groups=2)), *self.tail(8)], (KERAS, H5), kernels=8
        )
        for said, layer, kernels in (
            ("depthwise", layers.DepthwiseConv1D(5), 4),
            ("depthwise, two each", layers.DepthwiseConv1D(5, depth_multiplier=2), 8),
            ("separable", layers.SeparableConv1D(3, 5), 3),
            ("transposed", layers.Conv1DTranspose(3, 5), 3),
            ("transposed, square", layers.Conv1DTranspose(4, 4), 4),
        ):
            left = layer.kernel_size[0] - 1 if "transposed" in said else 0
            # a file of weights does not tell a square one from an ordinary one
            ways = (KERAS, H5) if "square" in said else (KERAS, H5, WEIGHTS, NAMED)
            self.add(said, "layout", [("conv", layer), *self.tail(kernels)], ways, kernels=kernels, left=left)
        self.add(
            "depthwise in two axes",
            "layout",
            [("conv", layers.DepthwiseConv2D((5, 4))), *self.tail2()],
            (KERAS, H5),
            shape=(17, 4, 1),
            lay=lambda x: x.transpose(0, 2, 1)[..., None],
            kernels=1,
        )
        self.add("dense over the letters alone", "layout", [("conv", layers.Dense(3)), *self.tail()], (KERAS, H5))
        self.add(
            "einsum dense",
            "layout",
            [("conv", layers.EinsumDense("nla,ak->nlk", (None, 3))), *self.tail()],
            (KERAS, H5),
        )

    def before(self) -> None:
        layers, keras = self.layers, self.keras
        ops = keras.ops
        befores: dict[str, Callable[[], Any]] = {
            "dropout": lambda: layers.Dropout(0.3),
            "spatial dropout": lambda: layers.SpatialDropout1D(0.3),
            "noise": lambda: layers.GaussianNoise(0.2),
            "identity": lambda: layers.Identity(),
            "linear activation": lambda: layers.Activation("linear"),
            "batch norm": lambda: layers.BatchNormalization(),
            "batch norm without scale": lambda: layers.BatchNormalization(scale=False, epsilon=0.05),
            "batch norm without centre": lambda: layers.BatchNormalization(center=False),
            "batch norm over positions": lambda: layers.BatchNormalization(axis=1),
            "rescaling": lambda: layers.Rescaling(2.0, -0.5),
            "rescaling a letter": lambda: layers.Rescaling([2.0, 1.0, 0.5, 3.0], [0.1, 0.2, 0.3, 0.4]),
            "normalization": lambda: layers.Normalization(mean=[0.3, 0.2, 0.2, 0.3], variance=[0.2, 0.1, 0.3, 0.2]),
            "dense": lambda: layers.Dense(4),
            "dense, time distributed": lambda: layers.TimeDistributed(layers.Dense(4)),
            "LSTM": lambda: layers.LSTM(4, return_sequences=True),
            "GRU, both ways": lambda: layers.Bidirectional(layers.GRU(2, return_sequences=True)),
            "layer norm": lambda: layers.LayerNormalization(),
            "group norm": lambda: layers.GroupNormalization(2),
            "unit norm": lambda: layers.UnitNormalization(),
            "softmax": lambda: layers.Softmax(),
            "sigmoid": lambda: layers.Activation("sigmoid"),
            "relu": lambda: layers.ReLU(),
            "relu, capped at a half": lambda: layers.ReLU(max_value=0.5),
            "a mask": lambda: layers.Masking(),
            "averaged": lambda: layers.AveragePooling1D(3, strides=1),
            "upsampled": lambda: layers.UpSampling1D(2),
            "reshaped, which mixes": lambda: keras.Sequential([layers.Reshape((4, 17)), layers.Permute((2, 1))]),
            "permuted twice": lambda: keras.Sequential([layers.Permute((2, 1)), layers.Permute((2, 1))]),
            "reshaped twice": lambda: keras.Sequential([layers.Flatten(), layers.Reshape((17, 4))]),
            "dense of all": lambda: keras.Sequential([layers.Flatten(), layers.Dense(68), layers.Reshape((17, 4))]),
            "a model of a batch norm": lambda: keras.Sequential([layers.BatchNormalization()]),
            "two batch norms": lambda: keras.Sequential([layers.BatchNormalization(), layers.BatchNormalization()]),
            "dropout and rescaling": lambda: keras.Sequential([layers.Dropout(0.1), layers.Rescaling(1 / 3)]),
            "a lambda": lambda: layers.Lambda(_doubled),
            "a factor as operation": lambda: lambda x: x * 2.5,
            "a quarter taken off as operation": lambda: lambda x: x - 0.25,
            "taken from one as operation": lambda: lambda x: 1 - x,
            "letters turned round as operation": lambda: lambda x: ops.flip(x, axis=-1),
            "sequence turned round as operation": lambda: lambda x: ops.flip(x, axis=1),
            "letters in another order as operation": lambda: lambda x: ops.take(x, [3, 1, 0, 2], axis=-1),
            "two letters exchanged as operation": lambda: (
                lambda x: ops.concatenate([x[..., 1:2], x[..., :1], x[..., 2:]], -1)
            ),
            "every other letter": lambda: lambda x: x[:, ::2],
            "added to itself": lambda: lambda x: layers.Add()([x, x]),
            "multiplied by itself": lambda: lambda x: layers.Multiply()([x, x]),
            "less its mean": lambda: lambda x: x - ops.mean(x, axis=1, keepdims=True),
            "attention": lambda: lambda x: layers.MultiHeadAttention(1, 4)(x, x),
            "residual of a dense": lambda: lambda x: layers.Add()([x, layers.Dense(4)(x)]),
            "1×1": lambda: layers.Conv1D(4, 1),
            "a depthwise layer": lambda: layers.DepthwiseConv1D(3, padding="same"),
            "spectral dense": lambda: layers.Dense(4, use_bias=False, kernel_constraint="unit_norm"),
        }
        for said, make in befores.items():
            must = "plain" if said in ("dropout", "spatial dropout", "noise", "identity", "linear activation") else ""
            ways: tuple[str, ...] = (KERAS, H5)
            if said in ("batch norm", "dense", "LSTM", "layer norm"):
                ways = (KERAS, H5, WEIGHTS, LISTED, NAMED)
            layer = make()
            parts = [("before", layer), self.conv(), *self.tail()]
            self.add(said, "before", parts, ways, must=must, reads_input=said != "1×1")
            if said == "1×1":
                own = np.asarray(layer(onehot().transpose(0, 2, 1)).detach(), dtype=np.float64).transpose(0, 2, 1)
                stage = Stage("", own, window_starts(LENGTH), own)
                for place in range(-len(ways), 0):
                    self.examples[place] = _with_stage(self.examples[place], stage)
        self.add(
            "zeros added at both ends",
            "before",
            [("pad", layers.ZeroPadding1D(2)), self.conv(), *self.tail()],
            (KERAS, H5),
            shift=2,
        )
        self.add(
            "zeros added at one end",
            "before",
            [("pad", layers.ZeroPadding1D((4, 0))), self.conv(), *self.tail()],
            (KERAS, H5),
            shift=4,
        )
        self.add(
            "letters cut off",
            "before",
            [("cut", layers.Cropping1D((2, 1))), self.conv(), *self.tail()],
            (KERAS, H5),
            shift=-2,
        )
        self.add(
            "batch norm before padded ends",
            "before",
            [("before", layers.BatchNormalization()), self.conv(padding="same"), *self.tail()],
            (KERAS, H5),
            left=2,
        )
        self.add(
            "batch norm before and after",
            "before",
            [("before", layers.BatchNormalization()), self.conv(), ("norm", layers.BatchNormalization()), *self.tail()],
            (KERAS, H5),
        )
        self.add(
            "rescaling before dilation",
            "before",
            [("before", layers.Rescaling(2.0, -1.0)), self.conv(dilation_rate=2), *self.tail()],
            (KERAS, H5),
        )
        self.add(
            "embedding of indices",
            "before",
            [("before", layers.Embedding(4, 4)), self.conv(), *self.tail()],
            (KERAS, H5, WEIGHTS),
            shape=(17,),
            lay=lambda x: x.argmax(1),
            dtype="int32",
        )
        self.add(
            "categories of indices",
            "before",
            [("before", lambda x: ops.one_hot(x, 4)), self.conv(), *self.tail()],
            (KERAS, H5),
            shape=(17,),
            lay=lambda x: x.argmax(1),
            dtype="int32",
        )
        image = [("before", layers.BatchNormalization()), ("conv", layers.Conv2D(3, (5, 4))), *self.tail2()]
        self.add(
            "batch norm of an image",
            "before",
            image,
            (KERAS, H5),
            shape=(17, 4, 1),
            lay=lambda x: x.transpose(0, 2, 1)[..., None],
        )
        rows = [("before", layers.BatchNormalization(axis=2)), ("conv", layers.Conv2D(3, (5, 4))), *self.tail2()]
        self.add(
            "batch norm of the letters of an image",
            "before",
            rows,
            (KERAS, H5),
            shape=(17, 4, 1),
            lay=lambda x: x.transpose(0, 2, 1)[..., None],
        )
        self.two_inputs()

    def two_inputs(self) -> None:
        layers, keras = self.layers, self.keras
        sequences = onehot()
        x = sequences.transpose(0, 2, 1)
        for first in (False, True):
            a, b = keras.Input((LENGTH, 4), name="dna"), keras.Input((LENGTH, 4), name="signal")
            scan, other = layers.Conv1D(3, 5, name="of_letters"), layers.Conv1D(7, 3, name="of_signal")
            both = [layers.GlobalMaxPooling1D()(scan(a)), layers.GlobalMaxPooling1D()(other(b))]
            out = layers.Concatenate()(both[::-1] if first else both)
            model = keras.Model([b, a] if first else [a, b], out)
            self.settle([model])
            stages = [_own(scan, x, 3), _own(other, x, 7)]
            self._keep(
                f"a signal of four rows{' first' if first else ''}",
                "several",
                model,
                {},
                (KERAS, H5),
                stages,
                sequences,
                "",
                None,
            )
            for place in (-1, -2):
                self.examples[place] = _with_named(self.examples[place], ("of_letters", "of_signal"))
        a = keras.Input((LENGTH, 4))
        scan, other = layers.Conv1D(3, 5, name="narrow"), layers.Conv1D(7, 9, name="wide")
        out = layers.Concatenate()([layers.GlobalMaxPooling1D()(scan(a)), layers.GlobalMaxPooling1D()(other(a))])
        model = keras.Model(a, out)
        self.settle([model])
        self._keep(
            "two widths",
            "several",
            model,
            {},
            (KERAS, H5, WEIGHTS),
            [_own(scan, x, 3), _own(other, x, 7)],
            sequences,
            "read",
            None,
        )
        for place in (-2, -3):  # a file of weights does not name them
            self.examples[place] = _with_named(self.examples[place], ("narrow", "wide"))
        # both strands by one layer
        ops = keras.ops
        for first in (False, True):
            a = keras.Input((LENGTH, 4))
            scan = layers.Conv1D(3, 5)
            back = ops.flip(ops.flip(a, axis=1), axis=2)
            plus, minus = (scan(back), scan(a)) if first else (scan(a), scan(back))
            out = layers.GlobalMaxPooling1D()(layers.Maximum()([plus, minus]))
            model = keras.Model(a, out)
            self.settle([model])
            own = _own(scan, x, 3, Behind(pools=True))
            self._keep(
                f"both strands by one layer{', the other first' if first else ''}",
                "several",
                model,
                {},
                (KERAS, H5),
                [own],
                sequences,
                "read",
                None,
            )
        a = keras.Input((LENGTH, 4))
        scan = layers.Conv1D(3, 5)
        model = keras.Model(a, layers.GlobalMaxPooling1D()(scan(ops.flip(ops.flip(a, axis=1), axis=2))))
        self.settle([model])
        alone = _own(scan, x, 3)
        turned = np.asarray(scan(x[:, ::-1, ::-1].copy()).detach(), dtype=np.float64).transpose(0, 2, 1)
        stage = Stage("", alone.alone, alone.starts, turned, None, None)
        part = np.asarray(scan(x[:, :, ::-1].copy()).detach(), dtype=np.float64).transpose(0, 2, 1)
        partly = Stage("", part, alone.starts, turned, None, None)  # the letters put back, the positions not
        self._keep("the other strand alone", "several", model, {}, (KERAS, H5), [stage, partly], sequences, "", None)
        # eleven layers, named by numbers
        a = keras.Input((LENGTH, 4))
        tensor, chain = a, []
        for _ in range(11):
            chain.append(layers.Conv1D(4, 2, padding="same", name=f"conv1d_{len(chain)}" if chain else "conv1d"))
            tensor = chain[-1](tensor)
        model = keras.Model(a, tensor)
        self.settle([model])
        first_stage = _own(chain[0], x, 4, Behind(None), left=0)
        others = [_own(each, x, 4, None, may_be_first=False, reads_input=False, left=0) for each in chain[1:]]
        self._keep(
            "eleven layers in a row",
            "several",
            model,
            {},
            (KERAS, H5, WEIGHTS),
            [first_stage, *others],
            sequences,
            "read",
            None,
        )

    def parts(self) -> None:
        layers = self.layers
        self.add(
            "spectral norm",
            "parts",
            [("conv", layers.SpectralNormalization(layers.Conv1D(3, 5))), *self.tail()],
            (KERAS, H5, WEIGHTS, LISTED),
        )

        def adapt(model: Any) -> None:
            layer = next(each for each in model.layers if type(each).__name__ == "Conv1D")
            layer.enable_lora(2)
            for weight in layer.weights:
                if "lora" in weight.path:
                    weight.assign(self.rng.normal(size=weight.shape).astype("f4"))

        self.add("low rank added", "parts", [self.conv(), *self.tail()], (KERAS, H5, WEIGHTS), prepare=adapt)
        for policy in ("float16", "bfloat16", "mixed_bfloat16", "float64"):
            layer = layers.Conv1D(3, 5, dtype=policy)
            self.add(f"precision {policy}", "parts", [("conv", layer)], (KERAS, H5, WEIGHTS), judged=False, acted=None)
            count = 3
            values = np.asarray(layer.kernel.value.detach().double(), dtype=np.float64).transpose(2, 1, 0)
            bias = np.asarray(layer.bias.value.detach().double(), dtype=np.float64)
            from tests.border.networks import slid

            exact = slid(onehot(), values) + bias[:, None]
            stage = Stage("", exact, window_starts(exact.shape[2]), exact)
            for place in range(-count, 0):
                self.examples[place] = _with_stage(self.examples[place], stage)
        self.add(
            "a constraint", "parts", [self.conv(kernel_constraint="max_norm"), *self.tail()], (KERAS, H5), must="plain"
        )
        self.add(
            "a regulariser", "parts", [self.conv(kernel_regularizer="l2"), *self.tail()], (KERAS, H5), must="plain"
        )

    def behind(self) -> None:
        layers, keras = self.layers, self.keras
        ops = keras.ops
        pooled = [("pool", layers.GlobalMaxPooling1D()), ("head", layers.Dense(1))]
        built_in = {
            "relu": (),
            "relu6": ("relu6",),
            "sigmoid": (),
            "tanh": (),
            "softplus": (),
            "elu": ("elu",),
            "selu": ("selu",),
            "gelu": (),
            "silu": (),
            "swish": ("silu", "swish"),
            "mish": ("mish",),
            "hard_sigmoid": ("hard_sigmoid", "hard sigmoid", "hardsigmoid"),
            "leaky_relu": ("leaky_relu",),
            "softmax": ("softmax",),
            "softsign": ("softsign",),
            "exponential": (),
            "linear": (),
            "log_softmax": ("log_softmax",),
        }
        for word, names in built_in.items():
            layer = ("conv", layers.Conv1D(3, 5, activation=word))
            self._built_in(f"activation {word} of the layer", word, names, layer, pooled)
            if word in ("gelu", "softmax", "relu6", "leaky_relu", "linear", "swish"):
                self.add(
                    f"activation {word} of its own",
                    "behind",
                    [self.conv(), ("act", layers.Activation(word)), *_fresh(self, pooled)],
                    (KERAS, H5),
                    names=names,
                    must="read",
                )
        acts: dict[str, tuple[Any, tuple[str, ...]]] = {
            "ReLU to 6": (layers.ReLU(max_value=6), ()),
            "ReLU to a half": (layers.ReLU(max_value=0.5), ()),
            "ReLU of slope 0.2": (layers.ReLU(negative_slope=0.2), ()),
            "ReLU above a half": (layers.ReLU(threshold=0.5), ("thresholded relu",)),
            "LeakyReLU": (layers.LeakyReLU(negative_slope=0.2), ()),
            "PReLU": (layers.PReLU(shared_axes=[1]), ("prelu",)),
            "ELU": (layers.ELU(0.6), ()),
            "Softmax": (layers.Softmax(), ("softmax",)),
            "Softmax over windows": (layers.Softmax(axis=1), ("softmax",)),
            "a factor": (lambda x: ops.relu(x) * 2, ()),
            "maximum with 0": (lambda x: ops.maximum(x, 0), ()),
            "maximum with a half": (lambda x: ops.maximum(x, 0.5), ()),
            "clipped": (lambda x: ops.clip(x, 0, 1), ()),
            "squared": (lambda x: ops.square(x), ("square",)),
            "exp of twice": (lambda x: ops.exp(2 * x), ()),
            "gated by itself": (lambda x: layers.Multiply()([x, ops.sigmoid(x)]), ("silu",)),
            "absolute": (lambda x: ops.absolute(x), ("abs", "absolute", "absolute value")),
            "a lambda": (layers.Lambda(_doubled), ()),
            "batch norm behind relu": (keras.Sequential([layers.ReLU(), layers.BatchNormalization()]), ()),
            "layer norm": (layers.LayerNormalization(), ()),
            "dense over kernels": (layers.Dense(3), ()),
            "LSTM": (layers.LSTM(3, return_sequences=True), ()),
            "residual": (lambda x: layers.Add()([x, ops.tanh(x)]), ()),
            "dropout": (layers.Dropout(0.3), ("identity",)),
            "time distributed dense": (layers.TimeDistributed(layers.Dense(3)), ()),
            "relu, then relu to 1": (keras.Sequential([layers.ReLU(), layers.ReLU(max_value=1)]), ()),
            "tanh, then relu": (keras.Sequential([layers.Activation("tanh"), layers.ReLU()]), ()),
        }
        for said, (layer, names) in acts.items():
            self.add(
                f"then {said}",
                "behind",
                [self.conv(), ("act", layer), *_fresh(self, pooled)],
                (KERAS, H5),
                names=names,
                must="read",
                begins=("relu",) if said.startswith(("a factor", "batch norm behind", "relu, then")) else (),
            )
        self.add(
            "relu of the layer, then another to 1",
            "behind",
            [
                ("conv", layers.Conv1D(3, 5)),
                ("act", keras.Sequential([layers.Activation("sigmoid"), layers.ReLU(max_value=0.6)])),
                *_fresh(self, pooled),
            ],
            (KERAS, H5),
            must="read",
            begins=("sigmoid",),
        )
        norms: dict[str, Any] = {
            "batch norm": layers.BatchNormalization(),
            "batch norm without scale and centre": layers.BatchNormalization(scale=False, center=False),
            "dropout, batch norm": keras.Sequential([layers.Dropout(0.2), layers.BatchNormalization()]),
            "two batch norms": keras.Sequential([layers.BatchNormalization(), layers.BatchNormalization()]),
            "rescaling": layers.Rescaling(2.0, -0.3),
            "a number added": lambda x: x + 0.7,
            "a factor taken": lambda x: x * -1.5,
        }
        for said, layer in norms.items():
            fold = [("norm", layer)] if not callable(layer) or hasattr(layer, "weights") else [("act", layer)]
            more = [("act", layers.ReLU())] if fold[0][0] == "norm" else []
            self.add(
                f"then {said}", "behind", [self.conv(), *fold, *more, *_fresh(self, pooled)], (KERAS, H5), must="read"
            )
        over = [self.conv(), ("act", layers.BatchNormalization(axis=1)), *_fresh(self, pooled)]
        self.add("then batch norm over windows", "behind", over, (KERAS, H5), must="read")
        square = [("conv", layers.Conv1D(13, 5)), ("act", layers.BatchNormalization(axis=1)), ("act2", layers.ReLU())]
        self.add(
            "then batch norm over as many windows as kernels",
            "behind",
            square,
            (KERAS, H5),
            kernels=13,
            acted="act2",
            must="read",
        )

    def _built_in(self, name: str, word: str, names: Any, layer: Any, pooled: Any) -> None:
        """The activation within the layer: the scores are those of the layer without it."""
        keras, layers = self.keras, self.layers
        given = keras.Input((LENGTH, LETTERS))
        acted = layer[1](given)
        last, head = layers.GlobalMaxPooling1D(), layers.Dense(1)
        pool = last(acted)
        model = keras.Model(given, head(pool))
        self.settle([model])
        sequences = onehot()
        x = sequences.transpose(0, 2, 1)
        values = [
            np.asarray(each.detach(), dtype=np.float64) for each in keras.Model(given, [acted, pool, model.output])(x)
        ]
        raw = layers.Conv1D(3, 5)
        raw.build((None, LENGTH, LETTERS))
        raw.set_weights(layer[1].get_weights())
        scores = _own(raw, x, 3).alone
        behind = Behind(
            values[0].transpose(0, 2, 1),
            tuple(names),
            (),
            pooled=values[1],
            pools=True,
            output=values[2].reshape(BATCH),
        )
        stage = Stage("", scores, window_starts(13), scores, None, behind)
        self._keep(name, "behind", model, {}, (KERAS, H5), [stage], sequences, "read", None)

    def poolings(self) -> None:
        layers, keras = self.layers, self.keras
        ops = keras.ops
        pools: dict[str, tuple[Any, tuple[str, ...]]] = {
            "global average": (layers.GlobalAveragePooling1D(), ()),
            "max pooling of all": (layers.MaxPooling1D(13), ()),
            "max pooling of twelve": (layers.MaxPooling1D(12), ("local max",)),
            "average pooling of all": (layers.AveragePooling1D(13), ()),
            "max as operation": (lambda x: ops.max(x, axis=1), ()),
            "mean as operation": (lambda x: ops.mean(x, axis=1), ()),
            "sum as operation": (lambda x: ops.sum(x, axis=1), ("sum",)),
            "logsumexp as operation": (lambda x: ops.logsumexp(x, axis=1), ()),
            "softmax weights": (lambda x: ops.sum(ops.softmax(x, axis=1) * x, axis=1), ("expectation",)),
            "attention": (lambda x: ops.sum(layers.Softmax(axis=1)(layers.Dense(1)(x)) * x, axis=1), ()),
            "max and mean": (
                lambda x: layers.Add()([layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(x)]),
                (),
            ),
            "max less mean": (
                lambda x: layers.Subtract()([layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(x)]),
                (),
            ),
            "LSTM to the last": (layers.LSTM(3), ()),
            "max, batch norm": (keras.Sequential([layers.GlobalMaxPooling1D(), layers.BatchNormalization()]), ("max",)),
            "max, dense": (keras.Sequential([layers.GlobalMaxPooling1D(), layers.Dense(3)]), ("max",)),
            "the other way round first": (lambda x: ops.max(ops.flip(x, axis=1), axis=1), ()),
            "half of it": (lambda x: ops.max(x[:, :6], axis=1), ()),
        }
        for said, (layer, names) in pools.items():
            head = [] if said in ("max, batch norm", "max, dense") else [("head", layers.Dense(1))]
            flat = [("flat", layers.Flatten())] if "pooling of" in said else []
            self.add(
                f"pooled by {said}",
                "behind",
                [self.conv(), ("pool", layer), *flat, *head],
                (KERAS, H5),
                pool_names=names,
                must="read",
            )
        wrong: dict[str, tuple[Any, bool]] = {
            "max over kernels": (lambda x: ops.max(x, axis=2), False),
            "max over everything": (lambda x: ops.max(x, axis=(1, 2)), True),
            "permuted, then global max": (
                keras.Sequential([layers.Permute((2, 1)), layers.GlobalMaxPooling1D()]),
                False,
            ),
            "reshaped, then global max": (
                keras.Sequential([layers.Reshape((3, 13)), layers.GlobalMaxPooling1D()]),
                True,
            ),
            "flattened, dense": (keras.Sequential([layers.Flatten(), layers.Dense(1)]), True),
            "flattened, max": (keras.Sequential([layers.Reshape((39, 1)), layers.GlobalMaxPooling1D()]), True),
        }
        for said, (layer, does) in wrong.items():
            self.add(
                f"then {said}",
                "behind",
                [self.conv(), ("last", layer)],
                (KERAS, H5),
                pools=does if said != "flattened, dense" else False,
                must="read",
            )
        for kind, first in {"max": layers.MaxPooling1D, "average": layers.AveragePooling1D}.items():
            for said, second in {
                "max": [layers.GlobalMaxPooling1D()],
                "average": [layers.GlobalAveragePooling1D()],
                "batch norm, max": [layers.BatchNormalization(), layers.GlobalMaxPooling1D()],
                "convolution, max": [layers.Conv1D(3, 2), layers.GlobalMaxPooling1D()],
                "LSTM": [layers.LSTM(3)],
            }.items():
                rest = keras.Sequential(second) if len(second) > 1 else second[0]
                self.add(
                    f"then local {kind}, {said}",
                    "behind",
                    [self.conv(), ("act", layers.ReLU()), ("local", first(3)), ("pool", rest)],
                    (KERAS, H5),
                    local_kind=kind,
                    pool_names=(f"local {kind}",),
                    must="read",
                )


def _doubled(x: Any) -> Any:
    return 2 * x


def _fresh(maker: Maker, pooled: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """New layers of the same kinds: a layer is part of one model."""
    layers = maker.layers
    return [("pool", layers.GlobalMaxPooling1D()), ("head", layers.Dense(1))]


def _own(
    layer: Any,
    x: Array,
    kernels: int,
    behind: Behind | None = None,
    *,
    may_be_first: bool = True,
    reads_input: bool = True,
    left: int = 0,
) -> Stage:
    values = np.asarray(layer(x).detach(), dtype=np.float64).transpose(0, 2, 1)
    starts = window_starts(values.shape[2], left=left)
    return Stage("", values, starts, values if reads_input else None, None, behind, may_be_first, reads_input)


def _with_stage(example: Example, stage: Stage) -> Example:
    import dataclasses

    return dataclasses.replace(example, stages=(*example.stages, stage))


def _with_named(example: Example, names: tuple[str, ...]) -> Example:
    import dataclasses

    return dataclasses.replace(example, named=names)


def main(folder: Path) -> None:
    """Make all examples."""
    import logging

    logging.disable(logging.WARNING)
    maker = Maker(folder)
    maker.make()
    (folder / _FILE).write_bytes(pickle.dumps(maker.examples))


def examples() -> list[Example]:
    """All of them, made and waited for in a folder that is left."""
    import tempfile

    folder = Path(tempfile.mkdtemp())
    return gather(start(folder), folder)


if __name__ == "__main__":
    from tests.border import keras_networks

    keras_networks.main(Path(sys.argv[1]))
