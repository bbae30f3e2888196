"""What a visitor takes along from a race. Texts and files only."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.motifs.writing import write_meme
from epool_viz.data.results.races import RaceRecord, RunRecord, write_race
from epool_viz.data.tables import table_text
from epool_viz.errors import ArgumentError

RESULT_COLUMNS = (
    "method",
    "seed",
    "epochs",
    "best_epoch",
    "stopped",
    "test_auc",
    "test_auc_low",
    "test_auc_high",
    "test_auprc",
    "train_auc",
    "gap",
    "m",
    "seconds",
)


def results(record: RaceRecord) -> list[dict[str, object]]:
    """A row a run; None where there is no number yet."""
    return [_row(run) for run in record.runs]


def _row(run: RunRecord) -> dict[str, object]:
    roc, pr = run.roc, run.precision_recall
    values = (
        run.method,
        run.seed,
        len(run.epochs),
        run.best_epoch,
        run.stopped,
        roc and roc.area,
        roc and roc.low,
        roc and roc.high,
        pr and pr.area,
        run.train_auc,
        run.gap,
        run.epochs[-1]["m"] if run.epochs else None,
        sum(epoch["seconds"] for epoch in run.epochs),
    )
    return dict(zip(RESULT_COLUMNS, values, strict=True))


def results_csv(record: RaceRecord) -> str:
    """The results, a row a run."""
    return table_text(RESULT_COLUMNS, [[row[name] for name in RESULT_COLUMNS] for row in results(record)])


def history_csv(record: RaceRecord) -> str:
    """Every epoch of every run, a row each."""
    columns = ("epoch", "loss", "auc", "val_loss", "val_auc", "val_auprc", "seconds", "m", "is_best")
    rows = [[run.method, run.seed, *(epoch[name] for name in columns)] for run in record.runs for epoch in run.epochs]
    return table_text(("method", "seed", *columns), rows)


def kernels_meme(run: RunRecord) -> str:
    """The kernels of the best epoch, each read to the pooling's own base (e where it has none), the strongest first."""
    if not run.snapshots:
        raise ArgumentError("network", "not trained yet", "one that has finished an epoch")
    snapshot = run.snapshots[max(run.best_epoch, 1) - 1]
    m = float(run.settings["pooling"].get("m", 1.0)) or 1.0
    motifs = []
    for k in run.strongest(count=len(snapshot.kernels)):
        ppm = kernel_to_pwm_at(snapshot.kernels[k], log_base=m).ppm
        motifs.append(Motif(f"{run.method}_seed{run.seed}_kernel{k + 1}", "", np.asarray(ppm)))
    return write_meme(motifs)


def race_file(record: RaceRecord) -> bytes:
    """The whole race as one file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "race.safetensors"
        write_race(path, record)
        return path.read_bytes()
