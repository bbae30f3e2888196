"""Records a race while it runs: `Recorder.on_epoch` is the race's hook, `Recorder.record` its data."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score, roc_curve
from sklearn.metrics import average_precision_score as area_of_precision
from torch import Tensor

from epool_viz.core.pooling import activate
from epool_viz.core.scan import PADDINGS
from epool_viz.core.types import Array
from epool_viz.data.results.races import RANKS, Curve, RaceRecord, RunRecord, Snapshot
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.models.checkpoint import save_model
from epool_viz.models.cnn import MotifCNN, as_tensor
from epool_viz.models.training import BatchRecord, EpochRecord, RaceResult, Run

PROBED = 64  # test sequences of label 1 that every epoch is looked at on
RESAMPLED = 100
MOST_POINTS = 300  # of a curve


class Recorder:
    """Keeps a race as data.

    Parameters
    ----------
    test : SequenceSet with labels
        Each epoch is probed on some of its sequences with label 1; on their `sites`, where known.
    title : str
    about : dict
        Plain values.
    """

    def __init__(self, test: SequenceSet, *, title: str = "", about: dict[str, Any] | None = None) -> None:
        positive = np.flatnonzero(test.labels == 1)
        self._test = test
        self._probe = test[positive[:PROBED]]
        example = str(self._probe[0]) if len(positive) else ""
        first = self._probe.sites[0] if example and self._probe.sites is not None else ()
        sites = [(int(site.start), int(site.stop)) for site in first]
        self.record = RaceRecord(title, dict(about or {}), [], example, sites)
        self._of: dict[int, RunRecord] = {}

    def on_epoch(self, run: Run, record: EpochRecord) -> None:
        """Record an epoch; the hook for `race`."""
        held = self._held(run)
        held.snapshots.append(self._snapshot(run.model))
        held.epochs.append({name: getattr(record, name) for name in EpochRecord.__dataclass_fields__})
        if record.is_best:
            held.best_epoch = record.epoch

    def on_batch(self, run: Run, record: BatchRecord) -> None:
        """Record the loss of a batch of the first epoch, for an early picture; the hook for `race`."""
        if record.epoch == 1:
            self._held(run).first_losses.append((record.batch / record.n_batches, record.loss))

    def finish(self, result: RaceResult, seed: int = 0) -> RaceRecord:
        """Record how the runs ended; the curves' intervals come from resampling the test set."""
        for run in result.runs:
            held = self._held(run)
            held.stopped, held.best_epoch = run.stopped, run.best_epoch
            held.train_auc = None if np.isnan(run.train_auc) else float(run.train_auc)
            if run.test_log_odds is not None and result.test_labels is not None:
                labels, told = result.test_labels, run.test_log_odds
                held.roc = roc(labels, told, seed)
                held.precision_recall = precision_recall(labels, told, seed)
            if run.result is not None:
                held.model_file = model_bytes(run)
        return self.record

    def _held(self, run: Run) -> RunRecord:
        if id(run) not in self._of:
            settings = run.model.settings() if isinstance(run.model, MotifCNN) else {}
            self._of[id(run)] = RunRecord(run.method, run.seed, settings)
            self.record.runs.append(self._of[id(run)])
        return self._of[id(run)]

    def _snapshot(self, model: Any) -> Snapshot:
        was_training = model.training
        model.eval()
        try:
            with torch.no_grad():
                codes = as_tensor(model, self._probe)
                scores = activate(model.scores(codes), model.activation)
                mask = model._mask(codes)
                gradient = model.pooling.gradient(scores, mask=mask).abs()
                shares = _ranked(gradient, np.abs(model.output_weights))
                on_site = hits = None
                if self._probe.sites is not None:
                    on_site, hits = self._found(model, scores, model.pooling.weights(scores, mask=mask))
        finally:
            model.train(was_training)
        return Snapshot(model.kernels, model.biases, model.output_weights, shares, on_site, hits)

    def _found(self, model: Any, scores: Tensor, weights: Tensor) -> tuple[float, float]:
        """How much of the weights lies on the sites, by the kernel that does it best."""
        shift = (model.width - 1) // 2 if model.padding == PADDINGS[1] else 0
        starts = np.arange(scores.shape[-1]) - shift
        on = np.stack([_overlaps(starts, model.width, sites) for sites in self._probe.sites or ()])
        held = weights.double().numpy()  # (sequence, kernel, window)
        share = (held * on[:, None, :]).sum(-1).mean(0)
        best = int(np.argmax(share))
        first = held[:, best].argmax(-1)
        return float(share[best]), float(on[np.arange(len(on)), first].mean())


def _overlaps(starts: Array, width: int, sites: Any) -> Array:
    """Which windows overlap one of the sites by half of it or more."""
    found = np.zeros(len(starts), dtype=bool)
    for site in sites:
        shared = np.minimum(starts + width, site.stop) - np.maximum(starts, site.start)
        found |= 2 * shared >= site.stop - site.start
    return found


def _ranked(gradient: Tensor, importance: Array) -> Array:
    """Mean share by rank, the kernels counted by their output weights; shape (RANKS,)."""
    count = min(RANKS, gradient.shape[-1])
    largest = gradient.topk(count, dim=-1).values.double().mean(0).numpy()  # (kernel, rank)
    total = importance.sum()
    weights = importance / total if total > 0 else np.full(len(importance), 1 / len(importance))
    return np.pad(weights @ largest, (0, RANKS - count))


def roc(labels: Array, scores: Array, seed: int = 0) -> Curve:
    """Receiver operating characteristic: false positive rate, true positive rate."""
    x, y, _ = roc_curve(labels, scores)
    return _curve(x, y, float(auc(x, y)), labels, scores, roc_auc_score, seed)


def precision_recall(labels: Array, scores: Array, seed: int = 0) -> Curve:
    """Recall and precision; the area is the average precision."""
    precision, recall, _ = precision_recall_curve(labels, scores)
    return _curve(recall, precision, float(area_of_precision(labels, scores)), labels, scores, area_of_precision, seed)


def _curve(x: Array, y: Array, area: float, labels: Array, scores: Array, measure: Any, seed: int) -> Curve:
    generator = np.random.default_rng(seed)
    by_label = [np.flatnonzero(labels == label) for label in (0, 1)]
    areas = []
    for _ in range(RESAMPLED):
        drawn = np.concatenate([generator.choice(places, len(places)) for places in by_label])
        areas.append(measure(labels[drawn], scores[drawn]))
    low, high = np.quantile(areas, [0.025, 0.975])
    kept = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).round().astype(int))
    return Curve(x[kept], y[kept], area, float(low), float(high))


def model_bytes(run: Run) -> bytes:
    """The network of a run as a file; b"" for a network that is no MotifCNN."""
    if not isinstance(run.model, MotifCNN):
        return b""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save_model(run.model, path, result=run.result)
        return path.read_bytes()
