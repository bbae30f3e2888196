"""Published numbers, met or not: the `paper` preset on sets of the ENCODE benchmark, beside Zeng et al. 2016.

    python benchmarks/published.py DATA [--sets NAME ...] [--seeds 0 1] [--kernels 16] [--width 15]

DATA is a folder with `encode_chipseq/NAME.train.data.gz` and `NAME.test.data.gz`, and, for the column beside ours,
`published_results/zeng2016_9_model_result.csv`. It takes minutes, so `make bench` leaves it alone.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from pathlib import Path

from epool_viz.data.sequences.reading import read_sequences
from epool_viz.models.training import race

SETS = ("wgEncodeAwgTfbsBroadDnd41Ezh239875UniPk", "wgEncodeAwgTfbsSydhHelas3Stat3IggrabUniPk")
METHODS = ("max", "average", "expectation", "expectation_mode1")
ZENG = {"1layer": "Zeng 16 kernels", "1layer_128motif": "Zeng 128 kernels"}


def published(data: Path, name: str) -> dict[str, float]:
    """Zeng's test AUC of a set, by the name of the network; empty where the table is not there."""
    path = data / "published_results" / "zeng2016_9_model_result.csv"
    if not path.is_file():
        return {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["data_set"] == name:
                return {said: float(row[column]) for column, said in ZENG.items()}
    return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1))
    parser.add_argument("--kernels", type=int, default=16)
    parser.add_argument("--width", type=int, default=15)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--preset", default="paper")
    parser.add_argument("--split", default="stratified")
    given = parser.parse_args()
    for name in given.sets:
        sets = [read_sequences(given.data / "encode_chipseq" / f"{name}.{part}.data.gz") for part in ("train", "test")]
        began = time.perf_counter()
        result = race(
            sets[0],
            test=sets[1],
            methods=METHODS,
            preset=given.preset,
            n_kernels=given.kernels,
            width=given.width,
            seeds=given.seeds,
            epochs=given.epochs,
            split=given.split,
        )
        print(f"\n{name}: {len(sets[0]):,} to train on, {len(sets[1]):,} to test")
        print(f"preset {given.preset}, {given.kernels} kernels of {given.width}, split {given.split}")
        each = "".join(f"{f'seed {seed}':>9}" for seed in given.seeds)
        print(f"{'':18}{each}{'mean':>9}{'gap':>9}{'AUPRC':>9}{'epochs':>8}{'s/epoch':>9}")
        for method, runs in result.by_method().items():
            aucs = [float(run.test_auc or 0) for run in runs]
            gap = statistics.mean(run.train_auc - auc for run, auc in zip(runs, aucs, strict=True))
            auprc = statistics.mean(float(run.test_auprc or 0) for run in runs)
            epochs = statistics.mean(len(run.history) for run in runs)
            seconds = statistics.median(record.seconds for run in runs for record in run.history)
            numbers = "".join(f"{auc:9.4f}" for auc in aucs)
            print(f"{method:18}{numbers}{statistics.mean(aucs):9.4f}{gap:9.4f}{auprc:9.4f}{epochs:8.1f}{seconds:9.3f}")
        for said, auc in published(given.data, name).items():
            print(f"{said:18}{'':{9 * len(given.seeds)}}{auc:9.4f}")
        print(f"{time.perf_counter() - began:.0f} s in all", flush=True)


if __name__ == "__main__":
    main()
