"""Make the finished races that ship with the package: `python benchmarks/make_races.py [NAME ...]`.

The same seed gives the same files on one machine. Each is what the dashboard's Race button gives for the choices below.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import epool_viz.data
from epool_viz.data.results.races import write_race
from epool_viz.models.recording import Recorder
from epool_viz.models.training import run_race
from epool_viz.panels.compare.model import CompareModel, prepare, race_settings, verdict

CHOICES: dict[str, dict[str, object]] = {
    "ctcf_peaks": {"data": "ctcf_peaks", "n_kernels": 8, "epochs": 30, "n_seeds": 2},
    "simulated": {"data": "simulated", "motif": "STAT3", "n": 1500, "length": 300, "n_kernels": 8, "epochs": 30},
}


def main(names: list[str]) -> None:
    """Make the races of these names, all without names."""
    folder = Path(epool_viz.data.__file__).parent / "bundled" / "races"
    folder.mkdir(exist_ok=True)
    for name in names or list(CHOICES):
        model = CompareModel(**CHOICES[name])
        train, test, title = prepare(model.state())
        about = {"n_train": len(train), "n_test": len(test), "length": int(train.lengths[0])}
        recorder = Recorder(test, title=title, about=about)
        begun = time.perf_counter()
        result = run_race(train, race_settings(model.state()), test=test, on_epoch=recorder.on_epoch)
        record = recorder.finish(result, model.seed)
        path = folder / f"{name}.safetensors"
        write_race(path, record)
        seconds = time.perf_counter() - begun
        print(f"{name}: {verdict(record)} ({record.n_epochs} epochs, {seconds:.0f} s, {path.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main(sys.argv[1:])
