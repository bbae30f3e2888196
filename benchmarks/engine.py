"""The fused engine beside dense convolutions, all sides in one run: `python benchmarks/engine.py`.

Every side is the same network in a process of its own; they take turns, and the least of each is taken. Then how time
grows with kernels, width, length and batch, and what the caches of this machine allow.

    python benchmarks/engine.py [--rounds 3] [--keras PYTHON]

PYTHON is an interpreter that has keras and tensorflow; without it their rows are dashes. It takes minutes, so
`make bench` leaves it alone.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script sees only its own folder

from benchmarks._engine_sides import SIZES

CASES = (("demo", "expectation"), ("demo", "max"), ("chip-16", "expectation"), ("chip-128", "expectation"))
THREADS = (1, 2)
GOALS = {"demo": 15.0, "chip-16": 5.0, "chip-128": 5.0}
MEMORY_GOAL = 5.0


class Found(NamedTuple):
    """Least seconds of an epoch and of a prediction, and megabytes of an epoch."""

    epoch: float
    forward: float
    memory: float


@contextmanager
def side(name: str, size: str, pooling: str, threads: int, python: str) -> Iterator[Callable[[str], float]]:
    """A process that does one side; ask it for an `epoch`, a `forward` or the `memory`."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(
        [python, str(Path(__file__).with_name("_engine_sides.py")), name, size, pooling, str(threads)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def answer() -> Any:
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"the side {name!r} ended")
        return json.loads(line)

    def ask(word: str) -> float:
        stdin.write(word + "\n")
        stdin.flush()
        return float(answer())

    try:
        answer()
        yield ask
    finally:
        stdin.close()
        process.wait(30)
        stdout.close()


def compare(size: str, pooling: str, rounds: int, keras: str | None) -> dict[tuple[str, int], Found]:
    """All sides of a case, with every number of threads."""
    names = ["fused", "ours, torch", "PyTorch", *(["Keras"] if keras else [])]
    with ExitStack() as stack:
        asks = {
            (name, threads): stack.enter_context(
                side(name, size, pooling, threads, keras if name == "Keras" and keras else sys.executable)
            )
            for name in names
            for threads in THREADS
        }
        memory = {key: ask("memory") for key, ask in asks.items()}
        for ask in asks.values():
            ask("forward")  # what a first time costs
        times: dict[tuple[str, int], list[list[float]]] = {key: [[], []] for key in asks}
        for _ in range(rounds):
            for key, ask in asks.items():
                for _ in range(5 if key[0] == "fused" else 1):
                    times[key][0].append(ask("epoch"))
                times[key][1].append(ask("forward"))
    return {key: Found(min(epochs), min(forwards), memory[key]) for key, (epochs, forwards) in times.items()}


def said_of(size: str, pooling: str, found: dict[tuple[str, int], Found]) -> list[str]:
    """A case as lines, with the ratios to the fused engine at its best."""
    best = {name: min(row.epoch for (n, _), row in found.items() if n == name) for name, _ in found}
    least = {name: min(row.memory for (n, _), row in found.items() if n == name) for name, _ in found}
    each = SIZES[size]
    lines = [
        f"{size}, {pooling}: {each.n:,} sequences x {each.length:,} letters, {each.kernels} kernels x {each.width}, "
        f"batch {each.batch}",
        f"{'side':14}{'threads':>8}{'epoch s':>10}{'forward s':>11}{'peak MB':>9}{'x fused':>9}",
    ]
    for (name, threads), row in found.items():
        ratio = row.epoch / best["fused"]
        lines.append(f"{name:14}{threads:8}{row.epoch:10.4f}{row.forward:11.4f}{row.memory:9.1f}{ratio:9.1f}")
    if "Keras" not in best:
        lines.append(f"{'Keras':14}{'-':>8}{'-':>10}{'-':>11}{'-':>9}{'-':>9}  not asked for, see --keras")
    for name in ("PyTorch", "Keras"):
        if name in best:
            ratio, of_memory = best[name] / best["fused"], least[name] / max(least["fused"], 0.1)
            reached = "reached" if ratio >= GOALS[size] else "MISSED"
            also = "reached" if of_memory >= MEMORY_GOAL else "MISSED"
            lines.append(
                f"{name} at its best: {ratio:.1f} times the fused epoch (goal {GOALS[size]:g}: {reached}), "
                f"{of_memory:.1f} times its memory (goal {MEMORY_GOAL:g}: {also})"
            )
    return lines


# how time grows


def stepped(kernels: int, width: int, length: int, batch: int, threads: int = 1) -> tuple[float, float, float]:
    """Least seconds of a pass forward and of a whole step of the fused engine; rows of the table that it reads."""
    from epool_viz.models.engine import FusedScan
    from epool_viz.models.pooling import ExpectationPooling
    from epool_viz.models.threads import use_threads

    generator = np.random.default_rng(0)
    codes = generator.integers(4, size=(batch, length)).astype(np.int8)
    labels, rows = generator.integers(2, size=batch).astype(np.float32), np.arange(batch)
    scan = FusedScan([ExpectationPooling(local_window=10)], [kernels], width, "same", "relu", length)
    weights = (generator.normal(size=(kernels, 4, width)) / 10).astype(np.float32)
    zeros, dense = np.zeros(kernels, np.float32), np.ones(kernels, np.float32)
    forwards: list[float] = []
    steps: list[float] = []
    with use_threads(threads):
        until = time.perf_counter() + 0.4
        while time.perf_counter() < until or len(steps) < 3:
            began = time.perf_counter()
            scan.set_kernels([weights], [zeros], [1.0])
            scan.pool(codes, rows)
            forwards.append(time.perf_counter() - began)
            began = time.perf_counter()
            scan.set_kernels([weights], [zeros], [1.0])
            scan.train(codes, rows, labels, 1.0, [dense], [0.0])
            scan.kernel_gradients(0)
            steps.append(time.perf_counter() - began)
    return min(forwards), min(steps), batch * scan.n_windows * scan.n_groups * -(-kernels // 16)


def growth() -> list[str]:
    """One quantity varied at a time, the exponent of each, and one line through all."""
    base = {"kernels": 64, "width": 24, "length": 1000, "batch": 64}
    varied = {
        "kernels": (16, 32, 64, 128, 256),
        "width": (6, 12, 24, 36),
        "length": (125, 250, 500, 1000, 2000),
        "batch": (8, 16, 32, 64, 128),
    }
    lines = ["How a step grows, one thread, from 64 kernels x 24, 1,000 letters, batch 64; milliseconds"]
    points = []
    for name, values in varied.items():
        times = []
        for value in values:
            _, step, rows = stepped(**{**base, name: value})
            times.append(step)
            points.append((rows, step))
        slope = np.polyfit(np.log(values), np.log(times), 1)[0]
        told = ", ".join(f"{value}: {1e3 * t:.2f}" for value, t in zip(values, times, strict=True))
        lines.append(f"  {name:8} {told}   ~ {name}^{slope:.2f}")
    rows, seconds = np.array(points).T
    # relative errors count alike: otherwise the largest would decide alone
    design = np.stack([np.ones_like(rows), rows], axis=1) / seconds[:, None]
    (fixed, each), *_ = np.linalg.lstsq(design, np.ones_like(seconds), rcond=None)
    off = np.abs((fixed + each * rows) / seconds - 1).max()
    lines.append(
        f"  fit of all: {1e6 * fixed:.0f} µs + {1e9 * each:.2f} ns a row (a window, three letters, 16 kernels); "
        f"off by {100 * off:.0f} % at the most"
    )
    return lines


# what the machine allows


def bandwidth(n_bytes: int, is_added: bool) -> float:
    """Bytes a second of one core reading 64-byte rows in random order; `is_added` writes them back as well."""
    from epool_viz.models._fused import LANES

    rows = n_bytes // (4 * LANES)
    places = (np.random.default_rng(0).integers(rows, size=200_000) * LANES).astype(np.int64)
    table, out = np.zeros(rows * LANES, np.float32), np.zeros(LANES, np.float32)
    work = loops()[is_added]
    work(table, places, out)  # compiles
    times = []
    for _ in range(40):
        began = time.perf_counter()
        work(table, places, out)
        times.append(time.perf_counter() - began)
    return len(places) * 4 * LANES / min(times)


@functools.cache
def loops() -> tuple[Callable[..., None], Callable[..., None]]:
    """Nothing but reading rows, and nothing but adding to them."""
    from numba import njit

    from epool_viz.models._fused import lanes, load, place_at, store

    @njit(nogil=True)
    def read(table, places, out):  # type: ignore[no-untyped-def]
        one = two = three = four = lanes(np.float32(0.0))
        for i in range(0, len(places), 4):
            one = one + load(table, place_at(places, i))
            two = two + load(table, place_at(places, i + 1))
            three = three + load(table, place_at(places, i + 2))
            four = four + load(table, place_at(places, i + 3))
        store(out, 0, one + two + three + four)

    @njit(nogil=True)
    def add(table, places, out):  # type: ignore[no-untyped-def]
        given = load(out, 0)
        for i in range(len(places)):
            store(table, place_at(places, i), load(table, place_at(places, i)) + given)

    return read, add


def account() -> list[str]:
    """Rows read, against what one core does with rows that lie in a cache.

    Forwards, rows of the table; backwards, as many rows of gradients that were laid out, 64 KB of them. That they are
    collected and not added to the table's rows one by one is what the second column is about.
    """
    kb = 1024
    caches = {"32 KB": 32 * kb, "64 KB": 64 * kb, "256 KB": 256 * kb, "1 MB": kb * kb, "16 MB": 16 * kb * kb}
    reads = {name: bandwidth(n, False) for name, n in caches.items()}
    adds = {name: bandwidth(n, True) for name, n in caches.items()}
    lines = ["What one core does with rows of 64 bytes in random order, GB/s"]
    lines += [f"  in {name:7} reads {reads[name] / 1e9:6.1f}   adds to {adds[name] / 1e9:6.1f}" for name in caches]
    lines.append("Against it, one thread: seconds an epoch, bytes of rows, share of the limit, of rows in 32 and 64 KB")
    for name, size in SIZES.items():
        forward, step, rows = stepped(size.kernels, size.width, size.length, size.batch)
        n_steps = -(-size.n // size.batch)
        limit = n_steps * rows * 64 / reads["32 KB"]
        both = limit + n_steps * rows * 64 / reads["64 KB"]
        lines.append(
            f"  {name:9} forward {n_steps * forward:.4f} s, {n_steps * rows * 64 / 1e9:.2f} GB, "
            f"{limit / (n_steps * forward):.0%}; step {n_steps * step:.4f} s, {both / (n_steps * step):.0%}"
        )
    return lines


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keras", help="an interpreter that has keras and tensorflow")
    parser.add_argument("--only", nargs="+", help="cases by their size; growth; account")
    given = parser.parse_args(words)
    asked = given.only or [*SIZES, "growth", "account"]
    from epool_viz.models.engine import prepare

    prepare()
    for size, pooling in CASES:
        if size in asked:
            print(
                "\n".join(said_of(size, pooling, compare(size, pooling, given.rounds, given.keras))), "\n", flush=True
            )
    for name, made in (("growth", growth), ("account", account)):
        if name in asked:
            print("\n".join(made()), "\n", flush=True)


if __name__ == "__main__":
    main()
