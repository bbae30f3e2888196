"""One side of `benchmarks/engine.py`, alone in a process: reads a word a line, answers with a line of JSON.

`epoch` trains once over all sequences, `forward` predicts them. `memory`, asked first, is an epoch whose largest memory
is taken above what the process held before it: data, network and libraries. Run by any Python: the Keras side needs
neither torch nor epool_viz.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from epool_viz.core.types import Array

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script sees only its own folder


@dataclass(frozen=True)
class Size:
    """Sequences, their letters, kernels, letters of a kernel, sequences of a batch, and the published preset."""

    n: int
    length: int
    kernels: int
    width: int
    batch: int
    preset: str


SIZES = {
    "demo": Size(5400, 1000, 64, 24, 256, "demo"),
    "chip-16": Size(3000, 101, 16, 15, 32, "paper"),
    "chip-128": Size(3000, 101, 128, 15, 32, "paper"),
}
LOCAL_WINDOW = {"demo": 10, "paper": 5}
Side = tuple[Callable[[], object], Callable[[], object]]  # an epoch of training, a prediction of all


def made(size: Size) -> tuple[Array, Array, Array]:
    """Random letter codes, labels, and an order."""
    generator = np.random.default_rng(0)
    codes = generator.integers(4, size=(size.n, size.length)).astype(np.int8)
    return codes, generator.integers(2, size=size.n), generator.permutation(size.n)


def batches(order: Array, size: Size) -> list[Array]:
    """The order, cut."""
    return [order[i : i + size.batch] for i in range(0, size.n, size.batch)]


def ours(size: Size, pooling: str, threads: int, engine: str) -> Side:
    """MotifCNN as `train` moves it, by either engine."""
    import torch

    from epool_viz.models.cnn import MotifCNN, predict_log_odds
    from epool_viz.models.engine import prefer_fused, prepare
    from epool_viz.models.steps import ADAM_EPSILON, FusedSteps, TorchSteps
    from epool_viz.models.threads import set_threads

    prepare()
    set_threads(threads)
    torch.set_num_threads(threads)
    codes, labels, order = (torch.from_numpy(each) for each in made(size))
    model = MotifCNN(
        n_kernels=size.kernels, width=size.width, preset=size.preset, pooling=pooling, engine=engine, seed=0
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, eps=ADAM_EPSILON)
    steps = (FusedSteps if engine == "fused" else TorchSteps)([(model, optimizer, 1.0)], codes, labels)
    cut = batches(order.numpy(), size)

    def epoch() -> None:
        for places in cut:
            steps(places)

    def forward() -> None:
        with prefer_fused(engine == "fused"):
            predict_log_odds(model, codes, batch_size=size.batch)

    return epoch, forward


def plain(size: Size, pooling: str, threads: int) -> Side:
    """The same network as anybody would write it in PyTorch, fed one-hot floats made batch by batch."""
    import warnings

    import torch
    from torch import nn
    from torch.nn import functional

    warnings.filterwarnings("ignore", message=".*padding='same'.*")
    torch.set_num_threads(threads)
    codes, labels, order = (torch.from_numpy(each) for each in made(size))
    labels = labels.float()

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(4, size.kernels, size.width, padding="same")
            self.out = nn.Linear(size.kernels, 1)

        def forward(self, x: Any) -> Any:
            x = self.conv(x)
            x = functional.relu(x) if size.preset == "demo" else functional.leaky_relu(x, 0.5).clamp(max=10)
            if pooling == "max":
                return self.out(x.amax(-1))[:, 0]
            x = functional.max_pool1d(x, LOCAL_WINDOW[size.preset])
            return self.out((torch.softmax(x, -1) * x).sum(-1))[:, 0]

    model, letters = Network(), torch.eye(4)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    cut = batches(order.numpy(), size)

    def onehot(places: Any) -> Any:
        return letters[codes[places].long()].transpose(1, 2)

    def epoch() -> None:
        for places in cut:
            optimizer.zero_grad()
            functional.binary_cross_entropy_with_logits(model(onehot(places)), labels[places]).backward()
            optimizer.step()

    def forward() -> None:
        with torch.no_grad():
            for places in cut:
                model(onehot(places))

    return epoch, forward


def keras(size: Size, pooling: str, threads: int) -> Side:
    """The same network in Keras 3 on TensorFlow, fed one-hot floats made beforehand."""
    import os

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    codes, labels, _ = made(size)
    onehot = np.eye(4, dtype=np.float32)[codes]
    entry = keras.Input((size.length, 4))
    x = keras.layers.Conv1D(size.kernels, size.width, padding="same")(entry)
    cap, slope = (None, 0.0) if size.preset == "demo" else (10, 0.5)
    x = keras.layers.ReLU(max_value=cap, negative_slope=slope)(x)
    if pooling == "max":
        x = keras.layers.GlobalMaxPooling1D()(x)
    else:
        x = keras.layers.MaxPooling1D(LOCAL_WINDOW[size.preset])(x)
        x = keras.layers.Lambda(lambda x: keras.ops.sum(keras.ops.softmax(x, axis=1) * x, axis=1))(x)
    model = keras.Model(entry, keras.layers.Dense(1, activation="sigmoid")(x))
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy")

    def epoch() -> None:
        model.fit(onehot, labels, batch_size=size.batch, epochs=1, verbose=0)

    def forward() -> None:
        model.predict(onehot, batch_size=size.batch, verbose=0)

    return epoch, forward


SIDES: dict[str, Callable[..., Side]] = {
    "fused": partial(ours, engine="fused"),
    "ours, torch": partial(ours, engine="torch"),
    "PyTorch": plain,
    "Keras": keras,
}


def held(what: str) -> float:
    """Megabytes of this process: VmRSS now, VmHWM at the most since the last `forget`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1000
    raise RuntimeError(f"no {what} in /proc/self/status; memory is measured on Linux only")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("side", choices=SIDES)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("pooling", choices=("expectation", "max"))
    parser.add_argument("threads", type=int)
    given = parser.parse_args()
    epoch, forward = SIDES[given.side](SIZES[given.size], given.pooling, given.threads)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        word = line.strip()
        if word == "memory":
            gc.collect()
            Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
            before = held("VmRSS")
            epoch()
            print(json.dumps(held("VmHWM") - before), flush=True)
        else:
            began = time.perf_counter()
            {"epoch": epoch, "forward": forward}[word]()
            print(json.dumps(time.perf_counter() - began), flush=True)


if __name__ == "__main__":
    main()
