"""The picture of a race as data: one kernel of each network, epoch by epoch, and the sequence it is held to.

The page computes from it which windows get the gradient, and the logo.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from epool_viz.core.alphabet import DNA
from epool_viz.core.poolings import POOLING_METHODS
from epool_viz.core.scan import PADDINGS
from epool_viz.data.results.races import RaceRecord, RunRecord, Snapshot
from epool_viz.panels.compare.charts import method_name

_DIGITS = 5  # after the point, of what a page draws


def first_runs(record: RaceRecord) -> list[RunRecord]:
    """The first run of each method."""
    found: dict[str, RunRecord] = {}
    for run in record.runs:
        found.setdefault(run.method, run)
    return list(found.values())


def picked_kernel(record: RaceRecord) -> int:
    """The kernel that the networks use most, by the sum of its output weights' sizes: the same place in all of them."""
    runs = [run for run in first_runs(record) if run.snapshots]
    if not runs:
        return 0
    weights = [np.abs(_best(run).output_weights) for run in runs]
    return int(np.argmax(np.sum(weights, axis=0)))


def _best(run: RunRecord) -> Snapshot:
    return run.snapshots[max(run.best_epoch, 1) - 1]


def race_state(record: RaceRecord) -> dict[str, Any]:
    """What the page's picture shows of a race at every epoch, by the names of `web/race_picture`."""
    return {
        "codes": DNA.encode(record.example).tolist(),
        "alphabet": DNA.letters,
        "complement": list(DNA.complement_codes or ()),
        "sites": [list(site) for site in record.example_sites],
        "networks": [_network(run) for run in first_runs(record)],
        "epochs": record.n_epochs,
        "kernel": picked_kernel(record),
    }


def _network(run: RunRecord) -> dict[str, Any]:
    pooling = run.settings.get("pooling", {})
    row = POOLING_METHODS.get(run.method)
    padding = run.settings.get("padding")
    return {
        "method": run.method,
        "of": run.method if row is None else row.of or row.name,
        "name": method_name(run.method),
        "mode": int(pooling.get("mode", 0)),
        "localWindow": int(pooling.get("local_window", 1)),
        "activation": run.settings.get("activation", "identity"),
        "padding": padding if padding in PADDINGS else PADDINGS[0],
        "ended": len(run.epochs) if run.stopped else None,
    }


class Frames:
    """The frames of a race, one an epoch; what has not changed is not made again."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[int, list[Snapshot | None], list[dict[str, Any] | None]]] = {}

    def of(self, record: RaceRecord, kernel: int) -> dict[str, Any]:
        """A list an epoch, by the name of the page's state: kernel, bias and m of each network, or None."""
        runs = first_runs(record)
        return {f"frame_{epoch}": self._frame(runs, epoch, kernel) for epoch in range(1, record.n_epochs + 1)}

    def _frame(self, runs: list[RunRecord], epoch: int, kernel: int) -> list[dict[str, Any] | None]:
        shown = [run.snapshots[min(epoch, len(run.snapshots)) - 1] if run.snapshots else None for run in runs]
        held = self._made.get(epoch)
        if held is None or held[0] != kernel or not _same(held[1], shown):
            made = [_learnt(run, epoch, snapshot, kernel) for run, snapshot in zip(runs, shown, strict=True)]
            held = self._made[epoch] = (kernel, shown, made)
        return held[2]


def _same(some: list[Snapshot | None], others: list[Snapshot | None]) -> bool:
    return len(some) == len(others) and all(a is b for a, b in zip(some, others, strict=True))


def _learnt(run: RunRecord, epoch: int, snapshot: Snapshot | None, kernel: int) -> dict[str, Any] | None:
    if snapshot is None:
        return None
    return {
        "kernel": np.round(snapshot.kernels[kernel], _DIGITS).tolist(),
        "bias": round(float(snapshot.biases[kernel]), _DIGITS),
        "m": m_at(run, epoch),
    }


def m_at(run: RunRecord, epoch: int) -> float:
    """The base's exponent after an epoch, counted from 1; 1 where the pooling has none."""
    learnt = run.epochs[min(epoch, len(run.epochs)) - 1]["m"] if run.epochs else None
    return round(float(run.settings.get("pooling", {}).get("m", 1.0) if learnt is None else learnt), _DIGITS)
