"""The torch path on a GPU: does it give the numbers of `core`, and how fast does it train and read there?

    python -m benchmarks.gpu [--device cuda] [--letters 1e9] [--out result.json]

Three parts, each printed as it ends: equality of every pooling, activation and padding with `core` in float64 on the
CPU, under torch's own precision of convolutions and under full float32; one training epoch of the demo network (64
kernels of 24 letters, 6 000 sequences of 1 000), by `train` and by a plain PyTorch loop; reading, that is the pooled
values of 16 kernels over so many letters, by the torch path, by plain PyTorch and by a Triton kernel that stores no
score. `--device cpu --letters 2e5 --sequences 64` runs all but Triton's part, small, where there is no GPU.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from epool_viz.core import pooling as core
from epool_viz.core.alphabet import DNA, one_hot
from epool_viz.core.scan import scan
from epool_viz.models.engine import as_one_hot, torch_pool
from epool_viz.models.pooling import make_pooling

METHODS: tuple[dict[str, Any], ...] = (
    {"method": "max"},
    {"method": "average"},
    {"method": "logsumexp", "m": 0.7},
    {"method": "expectation", "m": 0.7},
    {"method": "expectation", "m": 1.3, "mode": 1},
    {"method": "expectation", "m": 0.7, "local_window": 5},
)
WIDTH = 24


def main(arguments: list[str] | None = None) -> int:
    """Run all parts; 1 if a number is not `core`'s."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--letters", type=float, default=1e9, help="to read")
    parser.add_argument("--sequences", type=int, default=6000, help="to train on")
    parser.add_argument("--out", type=Path, help="a file for all numbers, as JSON")
    asked = parser.parse_args(arguments)
    device = torch.device(asked.device)
    found: dict[str, Any] = {"device": name_of(device), "torch": torch.__version__}
    print(found["device"], "torch", torch.__version__, flush=True)
    for part, work in (
        ("equality", lambda: equality(device)),
        ("training", lambda: training(device, asked.sequences)),
        ("reading", lambda: reading(device, int(asked.letters))),
    ):
        found[part] = work()
        print(part, json.dumps(found[part], indent=1), flush=True)
        if asked.out:
            asked.out.write_text(json.dumps(found, indent=1))
    return int(not found["equality"]["float64"] < 1e-9)


def name_of(device: torch.device) -> str:
    """What the device calls itself."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


# equality


def equality(device: torch.device) -> dict[str, float]:
    """The largest relative difference from `core`, by type of number and torch's precision of convolutions."""
    found = {"float64": _difference(device, torch.float64)}
    before = torch.backends.cudnn.allow_tf32
    for is_allowed in (True, False):
        torch.backends.cudnn.allow_tf32 = is_allowed
        found[f"float32, tf32 {'allowed' if is_allowed else 'off'}"] = _difference(device, torch.float32)
    torch.backends.cudnn.allow_tf32 = before
    return found


def _difference(device: torch.device, dtype: torch.dtype) -> float:
    generator = np.random.default_rng(7)
    codes = generator.integers(-1, 4, (37, 113)).astype(np.int8)
    codes[codes < 0] = np.where(generator.random((codes < 0).sum()) < 0.1, -1, 2)
    kernels, biases = generator.normal(size=(19, 4, WIDTH)), generator.normal(size=19)
    held = torch.from_numpy(codes).to(device)
    largest = 0.0
    for settings, padding, activation in itertools.product(METHODS, ("valid", "same"), ("identity", "relu", "paper")):
        layer = make_pooling(**settings).to(device)
        moved = [torch.from_numpy(each).to(device, dtype) for each in (kernels, biases)]
        given = torch_pool(held, *moved, pooling=layer, padding=padding, activation=activation).double().cpu().numpy()
        onehot = np.stack([one_hot(row, DNA) for row in codes]).astype(float)
        scores = core.activate(scan(onehot, kernels, bias=biases, padding=padding), activation)
        wanted = _pooled(scores, settings)
        largest = max(largest, float(np.max(np.abs(given - wanted) / np.maximum(1, np.abs(wanted)))))
    return largest


def _pooled(scores: Any, settings: dict[str, Any]) -> Any:
    cells = core.local_max(scores, settings["local_window"]).values if "local_window" in settings else scores
    rest = {name: settings[name] for name in ("m", "mode") if name in settings}
    by_name: dict[str, Callable[..., Any]] = {
        "max": core.max_pool,
        "average": core.average_pool,
        "logsumexp": core.logsumexp_pool,
        "expectation": core.expectation_pool,
    }
    return by_name[settings["method"]](cells, **rest)


# training


class Plain(nn.Module):
    """The demo network as one writes it in PyTorch without this package."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(4, 64, WIDTH)
        self.output = nn.Linear(64, 1)

    def forward(self, onehot: Tensor) -> Tensor:
        """Log odds, shape (batch,)."""
        padded = functional.pad(onehot, ((WIDTH - 1) // 2, WIDTH // 2))
        cells = functional.max_pool1d(torch.relu(self.conv(padded)), 10)
        return self.output((cells.softmax(-1) * cells).sum(-1))[:, 0]


def training(device: torch.device, n: int) -> dict[str, float]:
    """Seconds of an epoch, the median of three after one that warms up."""
    from epool_viz.data.sequences.set import SequenceSet
    from epool_viz.models.cnn import MotifCNN
    from epool_viz.models.training import train

    generator = np.random.default_rng(3)
    codes = generator.integers(0, 4, (n, 1000)).astype(np.int8)
    labels = (np.arange(n) % 2).astype(np.int8)
    strings = ["".join(DNA.letters[code] for code in row) for row in codes]
    data = SequenceSet.from_strings(strings, labels=labels)
    found = {}
    for engine in ("torch", "fused") if device.type == "cpu" else ("torch",):
        model = MotifCNN(n_kernels=64, width=WIDTH, preset="demo", engine=engine)
        told = train(model, data, epochs=4, validation_fraction=0.1, patience=None, seed=0, device=device)
        found[f"train, engine {engine}"] = statistics.median(each.seconds for each in told.history[1:])
    part = int(0.9 * n)
    onehot = as_one_hot(torch.from_numpy(codes[:part]).to(device), torch.zeros(4, 1, device=device))
    wanted = torch.from_numpy(labels[:part]).to(device, torch.float32)
    for compiled in (False, True) if device.type == "cuda" else (False,):
        found[f"plain PyTorch{', compiled' if compiled else ''}"] = _plain_epoch(device, onehot, wanted, compiled)
    return found


def _plain_epoch(device: torch.device, onehot: Tensor, labels: Tensor, compiled: bool) -> float:
    model = Plain().to(device)
    run: Any = torch.compile(model) if compiled else model
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    seconds = []
    for _ in range(4):
        order = torch.randperm(len(onehot), device=device)
        _wait(device)
        begin = time.perf_counter()
        for chosen in order.split(256):
            optimizer.zero_grad(set_to_none=True)
            functional.binary_cross_entropy_with_logits(run(onehot[chosen]), labels[chosen]).backward()
            optimizer.step()
        _wait(device)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[1:])


# reading


def reading(device: torch.device, n_letters: int) -> dict[str, Any]:
    """Seconds to read so many letters with 16 kernels, all poolings of each sequence; the sides take turns."""
    length = 1000
    batch = min(2048, max(8, n_letters // length))
    generator = torch.Generator(device=device).manual_seed(5)
    codes = torch.randint(0, 4, (batch, length), generator=generator, device=device, dtype=torch.int8)
    codes[::7, 500] = -1
    kernels = torch.randn(16, 4, WIDTH, generator=generator, device=device) * 0.5
    biases = torch.randn(16, generator=generator, device=device)
    sides: dict[str, Callable[[Tensor], Tensor]] = {
        "torch path": lambda part: _by_layers(part, kernels, biases),
        "plain PyTorch": lambda part: _by_hand(part, kernels, biases),
    }
    if device.type == "cuda":
        from benchmarks import _triton_scan

        sides["plain PyTorch, compiled"] = torch.compile(sides["plain PyTorch"])
        for windows, warps in ((64, 4), (128, 4), (256, 8)):
            held: dict[str, Any] = {"kernels": kernels, "biases": biases, "m": 1.0}
            sides[f"Triton, {windows} windows, {warps} warps"] = partial(
                _triton_scan.pool, **held, windows=windows, warps=warps
            )
    rounds = max(1, n_letters // (batch * length))
    reference = _by_hand(codes.cpu(), kernels.cpu().double(), biases.cpu().double())
    found: dict[str, Any] = {"letters": rounds * batch * length}
    with torch.no_grad():
        for name, work in sides.items():
            given = work(codes).double().cpu()
            error = float(((given - reference).abs() / reference.abs().clamp(min=1)).max())
            work(codes)
            _wait(device)
            begin = time.perf_counter()
            for _ in range(rounds):
                work(codes)
            _wait(device)
            found[name] = {"seconds": time.perf_counter() - begin, "largest relative error": error}
    return found


def _by_layers(codes: Tensor, kernels: Tensor, biases: Tensor) -> Tensor:
    """By the layers of this package, one after the other; whole windows alone."""
    from epool_viz.models.engine import torch_scan

    scores = torch_scan(codes, kernels, biases, "valid")
    whole = _whole(codes)[:, None]
    settings = ({"method": "max"}, {"method": "average"}, {"method": "logsumexp"}, {"method": "expectation"})
    return torch.stack([make_pooling(**each)(scores, mask=whole) for each in settings], -1)


def _by_hand(codes: Tensor, kernels: Tensor, biases: Tensor) -> Tensor:
    """As one writes it in PyTorch without this package."""
    scores = functional.conv1d(as_one_hot(codes, kernels), kernels, biases)
    whole = _whole(codes)[:, None]
    known = torch.where(whole, scores, -torch.inf)
    weights = known.softmax(-1)
    zeroed = torch.where(whole, scores, 0.0)
    mean = zeroed.sum(-1) / whole.sum(-1)
    return torch.stack([known.amax(-1), mean, known.logsumexp(-1), (weights * zeroed).sum(-1)], -1)


def _whole(codes: Tensor) -> Tensor:
    unknown = functional.pad((codes < 0).int().cumsum(1), (1, 0))
    return unknown[:, WIDTH:] == unknown[:, :-WIDTH]


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    sys.exit(main())
