"""What a call goes through: `python scripts/ways.py` prints the table of docs/architecture.md.

A *stay* is a function of the package that is entered at least once during the call, a *climb* one of them that is
called from a lower room (the rooms in the order of `ROOMS`). Comprehensions and lambdas belong to the function around
them.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import epool_viz

ROOMS = (
    *("errors", "_writing", "_slow_imports", "core", "data", "analysis", "models", "figures", "components"),
    *("importing", "jobs", "panels", "dashboards", "app"),
)
PACKAGE = Path(epool_viz.__file__).parent


def room_of(frame: FrameType | None) -> str | None:
    """The room that a frame's file lies in; None for other packages."""
    if frame is None:
        return None
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(PACKAGE) or (path.name == "__init__.py" and path.parent == PACKAGE):
        return None
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def walk(call: Callable[[], Any]) -> tuple[int, int, int]:
    """Stays, files and climbs of a call."""
    stays: set[tuple[str, str, int]] = set()
    climbs: set[tuple[str, str, int]] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        room = room_of(frame) if event == "call" else None
        if room is None or frame.f_code.co_name.startswith("<"):
            return
        here = (frame.f_code.co_filename, frame.f_code.co_name, frame.f_code.co_firstlineno)
        stays.add(here)
        caller = frame.f_back
        while caller is not None and (room_of(caller) is None or caller.f_code.co_name.startswith("<")):
            caller = caller.f_back
        came_from = room_of(caller)
        if came_from is not None and ROOMS.index(came_from) < ROOMS.index(room):
            climbs.add(here)

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return len(stays), len({file for file, _, _ in stays}), len(climbs)


def ways(folder: Path) -> dict[str, Callable[[], Any]]:
    """A call for each row of the table."""
    from typer.testing import CliRunner

    from epool_viz.analysis.attribution_truth import example_network
    from epool_viz.app.cli import app
    from epool_viz.data.networks.files import read_kernel_bytes
    from epool_viz.panels.em.model import EMModel
    from epool_viz.panels.one_kernel.model import EStepModel

    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(4, 5))
    sequence = "ACGTTGCATTACGGATCCAG"
    motif = epool_viz.load_jaspar("TBP")
    epool_viz.write_meme(motif, folder / "m.meme")
    fasta, table = folder / "s.fa", folder / "s.txt"
    fasta.write_text(f">a\n{sequence}\n>b\n{sequence[::-1]}\n")
    sets = epool_viz.simulate(motif, n=60, length=30, seed=1)
    epool_viz.write_sequences(sets, table)
    np.savez(folder / "k.npz", kernel=rng.normal(size=(3, 4, 5)))
    raw = (folder / "k.npz").read_bytes()
    bundled = PACKAGE / "data" / "bundled" / "models" / "ctcf_expectation.safetensors"
    network = example_network("ctcf_expectation")
    e_step, em = EStepModel(), EMModel()
    em_state = {**em.state(), "seed": 3, "width": 9}
    small = {"methods": ["max"], "n_kernels": 3, "width": 5, "epochs": 1, "batch_size": 16}

    def command(*arguments: Any) -> None:
        done = CliRunner().invoke(app, [str(each) for each in arguments])
        if done.exit_code:
            raise RuntimeError(done.output) from done.exception

    return {
        "`e_step_trace(sequence, kernel)`": lambda: epool_viz.e_step_trace(sequence, kernel, m=0.7),
        "`read_model(path)`": lambda: epool_viz.read_model(bundled),
        "restore One E-step from a link": lambda: e_step.restore({"m": 0.5, "jaspar": "STAT3"}),
        "restore EM from a link": lambda: em.restore(em_state),
        "`race(train)`": lambda: epool_viz.race(sets, **small),
        "`read_kernel_bytes(raw)`": lambda: read_kernel_bytes(raw, name="k.npz"),
        "`epool-viz scan`": lambda: command("scan", fasta, folder / "m.meme", "--out", folder / "t.tsv"),
        "`epool-viz pwm`": lambda: command("pwm", folder / "k.npz", "--out", folder / "k.meme"),
        "`epool-viz race`": lambda: command(
            "race", table, "--out", folder / "race", "--methods", "max", "--kernels", 3, "--width", 5, "--epochs", 1
        ),
        "`attribute_letters(network)`": lambda: epool_viz.attribute_letters(
            network, epool_viz.one_hot([sequence * 10]), methods=("posterior", "deeplift")
        ),
    }


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    print("| call | stays | files | climbs |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, call in ways(Path(folder)).items():
            print(f"| {name} | {' | '.join(map(str, walk(call)))} |")


if __name__ == "__main__":
    main()
