"""The trained models that ship: made again, with the same bytes on the same machine.

    python benchmarks/make_gallery.py [--out FOLDER] [--only ctcf p73 two_motifs]

Four poolings on each of three sets, all with the preset `exact`: raw scores of whole windows, so that for the
expectation every statement of the E-step holds on what the network computes. One more, `ctcf_paper`, has the published
rectifier and local maximum.

All wait 40 epochs for a lower validation loss, not the published 10. Log-sum-exp needs them: its gradient is at first
spread over all windows, and its loss stays at chance for 10 to 40 epochs. Of three seeds the one with the lowest
validation loss ships; the test has no say. It takes minutes, so `make bench` leaves it alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from epool_viz.data import examples as gallery
from epool_viz.data.networks.stored import write_arrays
from epool_viz.models.training import Run, data_fingerprint, race

FOLDER = Path(gallery.__file__).parent / "bundled" / "models"
SETTINGS: dict[str, Any] = {"n_kernels": 16, "width": 15, "seeds": (0, 1, 2), "epochs": 150, "patience": 40}
DIGITS = 5  # of the numbers of a history


def trained(name: str, **settings: Any) -> tuple[Run, dict[str, Any]]:
    """Train the model of this name, and say what is to be known of it."""
    data, pooling, preset = gallery._MODELS[name]
    train, test = gallery.example_model_data(data)
    runs = race(train, test=test, methods=(pooling,), preset=preset, **{**SETTINGS, **settings}).runs
    run = min(runs, key=lambda run: min((record.val_loss for record in run.history), default=math.inf))
    assert run.result is not None
    about = {
        "training": dataclasses.asdict(run.result.settings),
        "history": [_rounded(dataclasses.asdict(record)) for record in run.history],
        "best_epoch": run.best_epoch,
        "stopped": run.stopped,
        "data": data,
        "data_fingerprint": run.result.fingerprint,
        "test_fingerprint": data_fingerprint(test),
        "n_train": run.result.n_train,
        "n_validation": run.result.n_validation,
        "n_test": len(test),
        "train_auc": run.train_auc,
        "test_auc": run.test_auc,
        "test_auprc": run.test_auprc,
        "test_aucs": {str(other.seed): other.test_auc for other in runs},
    }
    return run, about


def _rounded(record: dict[str, Any]) -> dict[str, Any]:
    """Without the seconds, which no second run has again."""
    del record["seconds"]
    return {name: round(value, DIGITS) if isinstance(value, float) else value for name, value in record.items()}


def write(run: Run, about: dict[str, Any], path: Path) -> None:
    """The file that `read_model` and `load_model` read."""
    arrays = {name: value.detach().cpu().numpy() for name, value in run.model.state_dict().items()}
    write_arrays(path, arrays, {"settings": run.model.settings(), "about": about}, kind="model")  # type: ignore[operator]


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--only", nargs="+", default=[""], help="how the names of the models begin")
    parser.add_argument("--epochs", type=int, default=SETTINGS["epochs"])
    given = parser.parse_args(words)
    given.out.mkdir(parents=True, exist_ok=True)
    numbers = f"{'train':>8}{'test':>8}{'AUPRC':>8}{'epochs':>8}{'best':>6}{'bytes':>8}{'s':>6}"
    print(f"{'model':26}{numbers}  test AUC of each seed")
    for name in gallery._MODELS:
        if not name.startswith(tuple(given.only)):
            continue
        began = time.perf_counter()
        run, about = trained(name, epochs=given.epochs)
        path = given.out / f"{name}.safetensors"
        write(run, about, path)
        numbers = f"{run.train_auc:8.4f}{run.test_auc:8.4f}{run.test_auprc:8.4f}{len(run.history):8}{run.best_epoch:6}"
        each = " ".join(f"{auc:.4f}" for auc in about["test_aucs"].values())
        seconds = time.perf_counter() - began
        print(f"{name:26}{numbers}{path.stat().st_size:8}{seconds:6.0f}  {each} (seed {run.seed})", flush=True)


if __name__ == "__main__":
    main()
