"""Files as Keras 1 and 2 wrote them, made by hand: these are no longer to be had, and what they compute is plain."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.border.networks import (
    KERNELS,
    LENGTH,
    LETTERS,
    WIDTH,
    Array,
    Behind,
    Example,
    Stage,
    onehot,
    slid,
    window_starts,
)

WAY = "keras 2 .h5, written by hand"
_Weights = Sequence[tuple[str, Array]]
_Layer = tuple[str, dict[str, Any], _Weights]


def _write(layers: Sequence[_Layer], about: dict[str, Any], folder: Path) -> Path:
    """A Sequential with its weights: `(kind, config, weights)` of each layer, a weight named without its layer."""
    path = folder / "m.h5"
    configs = [{"class_name": kind, "config": config} for kind, config, _ in layers]
    is_old = about["keras_version"].startswith("1")
    model = {"class_name": "Sequential", "config": configs if is_old else {"name": "s", "layers": configs}}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(model).encode()
        weights = file.create_group("model_weights")
        for name, value in about.items():
            file.attrs[name] = weights.attrs[name] = value.encode()
        weights.attrs["layer_names"] = [config["name"].encode() for _, config, _ in layers]
        for _, config, held in layers:
            group = weights.create_group(config["name"])
            names = [f"{config['name']}/{name}:0" for name, _ in held]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, (_, values) in zip(names, held, strict=True):
                group[name] = values
    return path


def examples() -> list[Example]:
    """All of them; the same every time."""
    return list(_made(np.random.default_rng(31)))


def _made(rng: np.random.Generator) -> Iterator[Example]:
    W = rng.normal(size=(KERNELS, LETTERS, WIDTH)).astype("f4")
    b = rng.normal(size=KERNELS).astype("f4")
    square, c = rng.normal(size=(4, 4, 4)).astype("f4"), rng.normal(size=4).astype("f4")
    modern = {"keras_version": "2.4.0", "backend": "tensorflow"}
    x = onehot()
    shape = [None, LENGTH, LETTERS]

    def conv(kernel: Array = W, bias: Array = b, **options: Any) -> _Layer:
        config = {
            "name": "conv1d", "filters": len(kernel), "kernel_size": [kernel.shape[2]], "strides": [1],
            "padding": "valid", "data_format": "channels_last", "dilation_rate": [1], "activation": "relu",
            "use_bias": True, "batch_input_shape": shape, **options,
        }  # fmt: skip
        return "Conv1D", config, [("kernel", np.ascontiguousarray(kernel.transpose(2, 1, 0))), ("bias", bias)]

    pool: _Layer = ("GlobalMaxPooling1D", {"name": "pool"}, [])

    def example(
        name: str,
        layers: Sequence[_Layer],
        through: Array,
        alone: Array,
        *,
        act: Any = lambda s: np.maximum(s, 0),
        must: str = "",
        about: dict[str, Any] = modern,
        names: tuple[str, ...] = (),
    ) -> Example:
        acted = act(through)
        behind = Behind(acted, names, pooled=acted.max(2), pools=True)
        stage = Stage("", alone, window_starts(alone.shape[2]), through, None, behind)
        return Example(
            f"{WAY}: {name}", WAY, "before", partial(_write, layers, about), (stage,), x, must, can_be_uploaded=True
        )

    plain = slid(x, W) + b[:, None]
    yield example("plain", [conv(), pool], plain, plain, must="claimed")
    four = slid(x, square) + c[:, None]
    yield example("four of four", [conv(square, c), pool], four, four, must="claimed")
    linear = conv(activation="linear")
    yield example("linear", [linear, pool], plain, plain, act=lambda s: s, must="claimed")
    yield example("a function of its own", [conv(activation="snake"), pool], plain, plain, act=np.sin, names=("snake",))
    for kind, config, factor, shift in (
        ("Lambda", {"function": ["4wEAAAA", None, None], "function_type": "lambda"}, 2.0, 0.0),
        ("Rescaling", {"scale": 2.0, "offset": -0.5}, 2.0, -0.5),
        ("Dropout", {"rate": 0.3}, 1.0, 0.0),
        ("OwnScale", {"by": 3.0}, 3.0, 0.0),
        ("GaussianNoise", {"stddev": 0.3}, 1.0, 0.0),
    ):
        own = {"name": "first", "batch_input_shape": shape, **config}
        inner = slid(x * factor + shift, W) + b[:, None]
        is_plain = kind in ("Dropout", "GaussianNoise")
        yield example(
            f"{kind} before", [(kind, own, []), conv(), pool], inner, plain, must="claimed" if is_plain else ""
        )
    gamma, beta, mean = (rng.normal(size=LETTERS).astype("f4") for _ in range(3))
    variance = rng.uniform(0.5, 2, LETTERS).astype("f4")
    norm: _Layer = (
        "BatchNormalization",
        {"name": "norm", "axis": [2], "epsilon": 0.01, "center": True, "scale": True, "batch_input_shape": shape},
        [("gamma", gamma), ("beta", beta), ("moving_mean", mean), ("moving_variance", variance)],
    )
    slope = gamma.astype("f8") / np.sqrt(variance + 0.01)
    inner = slid(x * slope[:, None] + (beta - mean * slope)[:, None], W) + b[:, None]
    yield example("batch norm before", [norm, conv(), pool], inner, plain)
    mixing = rng.normal(size=(LETTERS, LETTERS)).astype("f4")
    dense: _Layer = (
        "Dense",
        {"name": "dense", "units": LETTERS, "activation": "linear", "use_bias": False, "batch_input_shape": shape},
        [("kernel", mixing)],
    )
    mixed = slid(np.einsum("nal,ab->nbl", x, mixing), W) + b[:, None]
    yield example("dense before", [dense, conv(), pool], mixed, plain)
    # Keras 1, its names and Theano's turned kernels
    for backend in ("tensorflow", "theano"):
        turned = backend == "theano"
        stored = W[:, :, ::-1, None] if turned else W.transpose(2, 1, 0)[:, None]
        config = {
            "name": "convolution1d_1", "nb_filter": KERNELS, "filter_length": WIDTH, "border_mode": "valid",
            "subsample_length": 1, "activation": "relu", "bias": True, "batch_input_shape": shape,
        }  # fmt: skip
        layer: _Layer = (
            "Convolution1D",
            config,
            [("convolution1d_1_W", np.ascontiguousarray(stored)), ("convolution1d_1_b", b)],
        )
        end: _Layer = ("GlobalMaxPooling1D", {"name": "globalmaxpooling1d_1"}, [])
        about = {"keras_version": "1.2.2", "backend": backend}
        yield example(f"Keras 1 on {backend}", [layer, end], plain, plain, must="read", about=about)
