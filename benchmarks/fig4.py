"""The paper's simulations (its Figure 4), with what a perfect reader of each motif would reach beside them.

    python benchmarks/fig4.py --out results.jsonl [--motifs CTCF SP1 CTCF@12] [--seeds 0 1 2 3 4] [--device cuda]

6,000 sequences of 1,000 random letters, half of them with one instance of the motif that starts anywhere in [100, 900);
a share is set aside as test. A motif is a name of JASPAR. `CTCF@12` is CTCF with a part of every column made uniform,
until 12 bits are left; `CTCF+SP1` plants one of the two in each positive.

In the table, `known` is the AUC of whoever knows the motif, `gap` that on what was trained on less that of the test,
`better` how many runs were above max on the same sequences with the same first weights.

A line of JSON is added as each run finishes; started again with the same file, only what is missing is run. Needs
torch, NumPy and scikit-learn, and the checkout on PYTHONPATH. It takes long, so `make bench` leaves it alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from epool_viz.core.kernels import pwm_to_kernel
from epool_viz.core.motifs import information_content
from epool_viz.core.pooling import logsumexp_pool
from epool_viz.core.scan import scan
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import simulate, split_sequences

Task = dict[str, Any]  # what a run follows from; plain values
METHODS = ("max", "average", "expectation", "expectation_mode1")
MOTIFS = ("CTCF", "SP1", "STAT3", "CTCF@12", "GATA1")
SETTING = ("n", "length", "test_share", "epochs", "kernels", "width", "preset")
_NEARLY_0 = 1e-9  # a letter that no instance has still needs a finite score


def motifs_of(said: str) -> list[Motif]:
    """The motifs of a name such as "CTCF", "CTCF@12" or "CTCF+SP1@9"."""
    made = []
    for each in said.split("+"):
        name, _, bits = each.partition("@")
        motif = load_jaspar(name)
        made.append(Motif(each, "", flattened(motif.ppm, float(bits) if bits else None)))
    return made


def bits_of(ppm: Any) -> float:
    """The information of a motif over uniform letters."""
    return float(np.sum(information_content(np.asarray(ppm))))


def flattened(ppm: Any, bits: float | None) -> np.ndarray[Any, Any]:
    """The motif with as much of every column made uniform as leaves so many bits; as it is where it has fewer."""
    ppm = np.asarray(ppm)
    low, high = 0.0, 1.0
    if bits is None or bits_of(ppm) <= bits:
        return ppm
    for _ in range(60):
        share = (low + high) / 2
        low, high = (share, high) if bits_of((1 - share) * ppm + share / len(ppm)) > bits else (low, share)
    return (1 - high) * ppm + high / len(ppm)


@lru_cache(maxsize=2)
def data_of(motif: str, n: int, length: int, test_share: float, seed: int) -> tuple[SequenceSet, SequenceSet]:
    """The sequences to train on, and those to test with."""
    made = simulate(motifs_of(motif), n=n, length=length, seed=seed)
    return split_sequences(made, test_share, seed=seed)


def ceiling(motif: str, test: SequenceSet) -> float:
    """The AUC of whoever knows the motifs and where sites may start: no network can be expected to pass it."""
    from sklearn.metrics import roc_auc_score

    length = int(test.lengths[0])
    onehot = test.one_hot()
    evidence = []
    for each in motifs_of(motif):
        scores = scan(onehot, pwm_to_kernel(each.ppm, pseudocount=_NEARLY_0)[None])[:, 0]
        starts = scores[:, length // 10 : length - length // 10]
        evidence.append(logsumexp_pool(starts) - np.log(starts.shape[-1]))
    return float(roc_auc_score(test.labels, np.logaddexp.reduce(evidence)))


def run_one(task: Task) -> dict[str, Any]:
    """Train one network and say how it went."""
    from epool_viz.models.training import race

    train, test = data_of(task["motif"], task["n"], task["length"], task["test_share"], task["data_seed"])
    began = time.perf_counter()
    (run,) = race(
        train,
        test=test,
        methods=(task["method"],),
        preset=task["preset"],
        n_kernels=task["kernels"],
        width=task["width"],
        seeds=(task["seed"],),
        epochs=task["epochs"],
        device=task["device"],
    ).runs
    return {
        **task,
        "bits": [bits_of(motif.ppm) for motif in motifs_of(task["motif"])],
        "test_auc": run.test_auc,
        "test_auprc": run.test_auprc,
        "train_auc": run.train_auc,
        "ceiling": ceiling(task["motif"], test),
        "epochs_run": len(run.history),
        "best_epoch": run.best_epoch,
        "stopped": run.stopped,
        "seconds": time.perf_counter() - began,
        "history": [[record.loss, record.val_loss, record.val_auc] for record in run.history],
    }


def tasks_of(given: argparse.Namespace) -> list[Task]:
    """Every run that is asked for, those of one set of sequences after one another."""
    common = {name: getattr(given, name) for name in (*SETTING, "device")}
    return [
        {
            "motif": motif,
            "seed": seed,
            "method": method,
            "data_seed": seed if given.data_seed is None else given.data_seed,
            **common,
        }
        for motif in given.motifs
        for seed in given.seeds
        for method in given.methods
    ]


def identity(row: Task) -> str:
    """What tells runs apart; where a network was trained does not."""
    return json.dumps([row.get(name) for name in ("motif", "seed", "method", "data_seed", *SETTING)])


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The runs in a file; a line that was cut off is left out."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and "test_auc" in row:
            rows.append(row)
    return rows


def add_row(path: Path, row: dict[str, Any]) -> None:
    """One line more, on the disk before this returns; after a line that was cut off it begins a new one."""
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read() != b"\n":
                file.write(b"\n")
        file.write(json.dumps(row).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def finished(tasks: Sequence[Task], workers: int) -> Iterator[dict[str, Any]]:
    """The runs, each as soon as it is finished."""
    if workers == 1:
        yield from map(run_one, tasks)
        return
    spawn = multiprocessing.get_context("spawn")  # a forked process cannot use a GPU
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        try:
            for done in as_completed([pool.submit(run_one, task) for task in tasks]):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)  # where one has failed the others are not begun


def summary(rows: Iterable[dict[str, Any]]) -> str:
    """A table for every setting: AUC and how far above max (Fig. 4A), spread over seeds and gap (Fig. 4B)."""
    settings: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        settings.setdefault(", ".join(f"{name} {row[name]}" for name in SETTING), []).append(row)
    return "\n\n".join(f"{said}\n{_table(held)}" for said, held in settings.items())


def _table(rows: list[dict[str, Any]]) -> str:
    head = f"{'motif':14}{'bits':>6}{'known':>7}  {'method':18}{'seeds':>6}{'AUC':>8}{'sd':>7}{'least':>8}{'gap':>8}"
    lines = [f"{head}{'over max':>10}{'better':>8}{'epochs':>8}{'s':>7}"]
    for motif in dict.fromkeys(row["motif"] for row in rows):
        mine = [row for row in rows if row["motif"] == motif]
        bits = "/".join(f"{bits:.0f}" for bits in mine[0]["bits"])
        known = statistics.mean({row["data_seed"]: row["ceiling"] for row in mine}.values())
        of_max = {(row["seed"], row["data_seed"]): row["test_auc"] for row in mine if row["method"] == "max"}
        for method in dict.fromkeys(row["method"] for row in mine):
            runs = [row for row in mine if row["method"] == method]
            aucs = [row["test_auc"] for row in runs]
            gap = statistics.mean(row["train_auc"] - row["test_auc"] for row in runs)
            over = [row["test_auc"] - of_max[key] for row in runs if (key := (row["seed"], row["data_seed"])) in of_max]
            than = f"{statistics.mean(over):+10.4f}{sum(d > 0 for d in over):>5}/{len(over)}" if over else f"{'':18}"
            spread = statistics.stdev(aucs) if len(aucs) > 1 else float("nan")
            epochs = statistics.mean(row["epochs_run"] for row in runs)
            seconds = statistics.median(row["seconds"] for row in runs)
            lines.append(
                f"{motif:14}{bits:>6}{known:7.3f}  {method:18}{len(runs):6}{statistics.mean(aucs):8.4f}{spread:7.4f}"
                f"{min(aucs):8.4f}{gap:8.4f}{than:>18}{epochs:8.1f}{seconds:7.1f}"
            )
    return "\n".join(lines)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="JSON lines; is read first, then added to")
    parser.add_argument("--motifs", nargs="+", default=MOTIFS)
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1, 2, 3, 4))
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--n", type=int, default=6000, help="sequences, those of the test included")
    parser.add_argument("--length", type=int, default=1000)
    parser.add_argument("--test-share", type=float, default=0.2)
    parser.add_argument("--epochs", type=int, default=100, help="at the most")
    parser.add_argument("--kernels", type=int, default=64, help="64 of 24 letters, as the published notebook")
    parser.add_argument("--width", type=int, default=24)
    parser.add_argument("--preset", default="paper")
    parser.add_argument("--data-seed", type=int, help="of the sequences; without it each seed has its own")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--workers", type=int, default=1, help="processes, which may share a GPU")
    parser.add_argument("--summary", action="store_true", help="run nothing, print the table")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    given = arguments(words)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    rows = read_rows(given.out)
    have = {identity(row) for row in rows}
    asked = tasks_of(given)
    missing = [] if given.summary else [task for task in asked if identity(task) not in have]
    print(f"{len(asked)} runs, {len(missing)} to do", file=sys.stderr)
    for done, row in enumerate(finished(missing, given.workers), start=1):
        add_row(given.out, row)
        rows.append(row)
        said = f"{row['motif']} {row['method']} seed {row['seed']}: AUC {row['test_auc']:.4f}, {row['seconds']:.0f} s"
        print(f"{done}/{len(missing)} {said}", file=sys.stderr, flush=True)
    print(summary(rows))


if __name__ == "__main__":
    main()
