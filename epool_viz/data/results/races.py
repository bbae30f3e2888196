"""A race of poolings as data: the result of each epoch, its end, and the kernels of several epochs.

A finished race is one file without pickle, and reading it needs no torch.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.networks.stored import read_arrays, write_arrays
from epool_viz.errors import FormatError

KIND = "race"
RANKS = 12  # windows of which the share of the gradient is kept, the largest first


@dataclass
class Snapshot:
    """A network after an epoch, as far as it is shown.

    Attributes
    ----------
    kernels : shape (kernel, letter, width)
    biases, output_weights : shape (kernel,)
    gradient_shares : shape (RANKS,)
        Mean share of the gradient that the windows of a sequence get, the largest first, as absolute values.
    on_site, hits : float or None
        Mean share of the weights on windows that overlap a planted site by half or more; share of sequences whose
        best window does. None where no site is known.
    """

    kernels: Array
    biases: Array
    output_weights: Array
    gradient_shares: Array
    on_site: float | None = None
    hits: float | None = None


@dataclass
class Curve:
    """A curve with the area under it and the interval that resampling the test set gives.

    Attributes
    ----------
    x, y : shape (point,)
    area, low, high : float
        `low` and `high` bound 95 % of the areas of resampled test sets.
    """

    x: Array
    y: Array
    area: float
    low: float
    high: float


@dataclass
class RunRecord:
    """One network of a race.

    Attributes
    ----------
    method : str
    seed : int
    settings : dict
        Of the network, as `MotifCNN.settings()` gives them.
    epochs : list of dict
        One an epoch: epoch, loss, auc, val_loss, val_auc, val_auprc, seconds, m, is_best.
    snapshots : list of Snapshot
        One an epoch.
    stopped : str
        "patience", "epochs", "cancelled", "diverged"; "" while it runs.
    best_epoch : int
    train_auc : float or None
        Of the best weights on the whole training set.
    roc, precision_recall : Curve or None
        Of the best weights on the test set.
    model_file : bytes
        The network as `save_model` writes it; b"" before the end.
    first_losses : list of (epoch, loss)
        Of the batches of the first epoch, while it runs; not kept in a file.
    """

    method: str
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)
    epochs: list[dict[str, Any]] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    stopped: str = ""
    best_epoch: int = 0
    train_auc: float | None = None
    roc: Curve | None = None
    precision_recall: Curve | None = None
    model_file: bytes = b""
    first_losses: list[tuple[float, float]] = field(default_factory=list)

    @property
    def gap(self) -> float | None:
        """Training AUC minus test AUC: what was learnt and does not hold elsewhere."""
        return None if self.roc is None or self.train_auc is None else self.train_auc - self.roc.area

    def strongest(self, epoch: int | None = None, count: int = 3) -> list[int]:
        """The kernels with the largest output weights by size, after an epoch (counted from 1; None for the best)."""
        if not self.snapshots:
            return []
        place = (self.best_epoch if epoch is None else epoch) - 1
        weights = np.abs(self.snapshots[min(max(place, 0), len(self.snapshots) - 1)].output_weights)
        return [int(k) for k in np.argsort(-weights, kind="stable")[:count]]


@dataclass
class RaceRecord:
    """A race as it stands.

    Attributes
    ----------
    title : str
        What it was raced on, in a few words.
    about : dict
        n_train, n_test, length, fingerprint and further facts; plain values.
    runs : list of RunRecord
    example : str
        A test sequence with label 1, to look at.
    example_sites : list of (start, stop)
        Its planted sites, where they are known.
    """

    title: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    runs: list[RunRecord] = field(default_factory=list)
    example: str = ""
    example_sites: list[tuple[int, int]] = field(default_factory=list)

    @property
    def n_epochs(self) -> int:
        """The largest number of epochs that a run has."""
        return max((len(run.epochs) for run in self.runs), default=0)

    @property
    def methods(self) -> list[str]:
        """The methods, in the order in which they appear."""
        return list(dict.fromkeys(run.method for run in self.runs))

    @property
    def knows_sites(self) -> bool:
        """Whether the places of the sites are known."""
        return any(s.on_site is not None for run in self.runs for s in run.snapshots)


_CURVES = ("roc", "precision_recall")
_SNAPSHOT_ARRAYS = ("kernels", "biases", "output_weights", "gradient_shares")


def write_race(path: str | os.PathLike[str], record: RaceRecord) -> None:
    """Write a race to one safetensors file.

    Kernels of the way are kept in half precision: they are looked at; each network itself is kept whole.
    """
    arrays, header = race_arrays(record, kernels_as=np.float16, curves_as=np.float32)
    for run in header["runs"]:
        del run["first_losses"]
    write_arrays(path, arrays, header, kind=KIND)


def read_race(path: str | os.PathLike[str]) -> RaceRecord:
    """Read what `write_race` wrote.

    Raises
    ------
    FormatError
        If the file is cut off, of another kind, or does not hold together.
    ArgumentError
        If there is no such file.
    """
    arrays, header = read_arrays(path, kind=KIND)
    return race_of(arrays, header, str(path))


def race_arrays(
    record: RaceRecord, *, kernels_as: Any = np.float64, curves_as: Any = np.float64
) -> tuple[dict[str, Array], dict[str, Any]]:
    """A race as arrays by name and what JSON can hold; `race_of` is the way back.

    Parameters
    ----------
    record : RaceRecord
    kernels_as, curves_as : floating types
        Of the snapshots' arrays and of the curves' points.
    """
    arrays: dict[str, Array] = {}
    runs = []
    for i, run in enumerate(record.runs):
        for name in _SNAPSHOT_ARRAYS:
            if run.snapshots:
                arrays[f"{i}.{name}"] = np.stack([getattr(s, name) for s in run.snapshots]).astype(kernels_as)
        if run.model_file:
            arrays[f"{i}.model"] = np.frombuffer(run.model_file, dtype=np.uint8)
        about: dict[str, Any] = {}
        for name in _CURVES:
            curve = getattr(run, name)
            if curve is not None:
                arrays[f"{i}.{name}"] = np.stack([curve.x, curve.y]).astype(curves_as)
                about[name] = [curve.area, curve.low, curve.high]
        about |= {key: getattr(run, key) for key in ("method", "seed", "settings", "epochs", "stopped", "best_epoch")}
        about |= {"train_auc": run.train_auc, "sites": [[s.on_site, s.hits] for s in run.snapshots]}
        runs.append(about | {"first_losses": run.first_losses})
    header = {"title": record.title, "about": record.about, "example": record.example, "runs": runs}
    return arrays, header | {"example_sites": [list(site) for site in record.example_sites]}


def race_of(arrays: Mapping[str, Array], header: Mapping[str, Any], source: str) -> RaceRecord:
    """The race that `race_arrays` took apart; FormatError, which names `source`, if it does not hold together.

    Raises
    ------
    FormatError
        If the parts do not hold together; the message names `source`.
    """
    try:
        runs = [_run(arrays, i, about) for i, about in enumerate(header["runs"])]
        sites = [(int(start), int(stop)) for start, stop in header.get("example_sites", [])]
        return RaceRecord(str(header["title"]), dict(header["about"]), runs, str(header["example"]), sites)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise FormatError(source, None, f"a race that does not hold together ({error!r})", "a whole one") from None


class SentSoFar:
    """How much of a running race has been sent."""

    def __init__(self) -> None:
        self._epochs: list[int] = []
        self._losses: list[int] = []

    def news(self, record: RaceRecord) -> RaceRecord:
        """The part of a race that has come since the last call; `extend` adds it to the parts before."""
        new = len(record.runs) - len(self._epochs)
        self._epochs += [0] * new
        self._losses += [0] * new
        runs = []
        for i, run in enumerate(record.runs):
            part = RunRecord(**vars(run))
            part.epochs, part.snapshots = run.epochs[self._epochs[i] :], run.snapshots[self._epochs[i] :]
            part.first_losses = run.first_losses[self._losses[i] :]
            self._epochs[i], self._losses[i] = len(run.epochs), len(run.first_losses)
            runs.append(part)
        return dataclasses.replace(record, runs=runs)


def extend(record: RaceRecord, part: RaceRecord) -> None:
    """Add to a race the part that `SentSoFar.news` returned."""
    record.title, record.about = part.title, part.about
    record.example, record.example_sites = part.example, part.example_sites
    for held, news in zip(record.runs, part.runs, strict=False):
        epochs, snapshots, losses = held.epochs, held.snapshots, held.first_losses
        vars(held).update(vars(news))
        held.epochs = epochs + news.epochs
        held.snapshots = snapshots + news.snapshots
        held.first_losses = losses + news.first_losses
    record.runs += part.runs[len(record.runs) :]


def _run(arrays: Mapping[str, Array], i: int, about: Mapping[str, Any]) -> RunRecord:
    epochs, sites = list(about["epochs"]), list(about["sites"])
    stacks = [arrays[f"{i}.{name}"].astype(np.float64) for name in _SNAPSHOT_ARRAYS] if sites else []
    if any(len(stack) != len(sites) for stack in stacks) or len(sites) > len(epochs):
        raise ValueError("epochs and snapshots differ in number")
    snapshots = [Snapshot(*parts, *site) for *parts, site in zip(*stacks, sites, strict=True)] if stacks else []
    curves = {name: _curve(arrays[f"{i}.{name}"], about[name]) for name in _CURVES if name in about}
    model = arrays.get(f"{i}.model")
    return RunRecord(
        str(about["method"]),
        int(about["seed"]),
        dict(about["settings"]),
        epochs,
        snapshots,
        str(about["stopped"]),
        int(about["best_epoch"]),
        about["train_auc"],
        curves.get("roc"),
        curves.get("precision_recall"),
        b"" if model is None else model.tobytes(),
        [(float(epoch), float(loss)) for epoch, loss in about.get("first_losses", [])],
    )


def _curve(points: Array, areas: Any) -> Curve:
    x, y = points.astype(np.float64)
    return Curve(x, y, *(float(area) for area in areas))
