"""The study of the paper's simulations: small enough to run, and killed to see it go on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import fig4
from epool_viz.core.motifs import information_content
from epool_viz.data.motifs.jaspar import load_jaspar

ROOT = Path(__file__).resolve().parents[1]
SMALL = ["--n", "80", "--length", "60", "--epochs", "2", "--kernels", "3", "--width", "9", "--test-share", "0.3"]


def study(out: Path, *words: str) -> list[dict]:
    fig4.main(["--out", str(out), *SMALL, *words])
    return fig4.read_rows(out)


def test_a_study_has_a_line_a_run_and_goes_on_where_it_was_cut_off(tmp_path: Path, capsys) -> None:
    out = tmp_path / "deeper" / "rows.jsonl"
    asked = ["--motifs", "SP1", "CTCF@9", "--methods", "max", "expectation_mode1"]
    rows = study(out, *asked, "--seeds", "3")
    assert [(row["motif"], row["method"]) for row in rows] == [
        (motif, method) for motif in ("SP1", "CTCF@9") for method in ("max", "expectation_mode1")
    ]
    capsys.readouterr()
    whole = out.read_bytes()
    out.write_bytes(whole[:-40])  # killed while it wrote
    again = study(out, *asked, "--seeds", "3", "5")
    told = capsys.readouterr()
    assert "8 runs, 5 to do" in told.err
    assert len(again) == 8
    assert again[:3] == rows[:3]
    (redone,) = [row for row in again if fig4.identity(row) == fig4.identity(rows[3])]
    assert {**redone, "seconds": 0} == {**rows[3], "seconds": 0}  # the run that was lost is the same again
    assert len({row["ceiling"] for row in again if row["motif"] == "CTCF@9"}) == 2  # each seed has its own sequences
    assert "80, length 60, test_share 0.3, epochs 2, kernels 3, width 9, preset paper" in told.out
    study(out, *asked, "--seeds", "3", "5")
    assert "8 runs, 0 to do" in capsys.readouterr().err


def test_a_setting_more_is_a_run_more_and_the_device_is_none(tmp_path: Path) -> None:
    given = fig4.arguments(["--out", str(tmp_path / "x")])
    (one, *_) = tasks = fig4.tasks_of(given)
    assert len(tasks) == len(fig4.MOTIFS) * 5 * len(fig4.METHODS) == len({fig4.identity(task) for task in tasks})
    for name, value in one.items():
        changed = fig4.identity({**one, name: f"not {value}"})
        assert (changed == fig4.identity(one)) is (name == "device")
    assert fig4.tasks_of(fig4.arguments(["--out", "x", "--data-seed", "7"]))[-1]["data_seed"] == 7


def test_a_file_of_strangers_is_no_run(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert fig4.read_rows(path) == []
    path.write_text('[1]\n{"motif": "x"}\n\nnothing\n{"test_auc": 0.5}')
    assert fig4.read_rows(path) == [{"test_auc": 0.5}]
    fig4.add_row(path, {"test_auc": 1})
    assert fig4.read_rows(path) == [{"test_auc": 0.5}, {"test_auc": 1}]


@pytest.mark.parametrize("bits", [1.5, 9.0, 16.0])
def test_a_flattened_motif_has_the_bits_that_were_asked_for_and_its_consensus(bits: float) -> None:
    ppm = load_jaspar("CTCF").ppm
    found = fig4.flattened(ppm, bits)
    assert information_content(found).sum() == pytest.approx(bits, rel=1e-9)
    np.testing.assert_array_equal(found.argmax(axis=0), ppm.argmax(axis=0))
    np.testing.assert_allclose(found.sum(axis=0), 1, rtol=1e-12)
    assert fig4.flattened(ppm, 40.0) is ppm


def test_whoever_knows_the_motif_is_told_apart_from_chance() -> None:
    aucs = []
    for motif in ("CTCF", "CTCF@8", "CTCF@0.01", "CTCF+SP1"):
        _, test = fig4.data_of(motif, 900, 200, 0.9, 2)
        aucs.append(fig4.ceiling(motif, test))
    assert aucs[0] > 0.98
    assert 0.75 < aucs[1] < 0.95
    assert 0.4 < aucs[2] < 0.6
    assert aucs[3] > 0.95  # each of the two is looked for
    assert [motif.name for motif in fig4.motifs_of("CTCF@8+SP1")] == ["CTCF@8", "SP1"]


def test_the_table_compares_with_max_of_the_same_seed_and_sequences() -> None:
    common = dict.fromkeys(fig4.SETTING, 1) | {"motif": "M", "bits": [12.0, 9.6], "ceiling": 0.9, "epochs_run": 4}
    common |= {"seconds": 2.0}
    rows = [
        {**common, "method": method, "seed": seed, "data_seed": data_seed, "test_auc": auc, "train_auc": auc + 0.1}
        for method, seed, data_seed, auc in [
            ("max", 0, 0, 0.6), ("max", 1, 0, 0.8), ("average", 0, 0, 0.5), ("average", 1, 0, 0.9),
            ("average", 1, 1, 0.1),
        ]
    ]  # fmt: skip
    lines = fig4.summary(rows).splitlines()
    assert lines[0] == "n 1, length 1, test_share 1, epochs 1, kernels 1, width 1, preset 1"
    assert [" ".join(line.split()) for line in lines[1:]] == [
        "motif bits known method seeds AUC sd least gap over max better epochs s",
        "M 12/10 0.900 max 2 0.7000 0.1414 0.6000 0.1000 +0.0000 0/2 4.0 2.0",
        "M 12/10 0.900 average 3 0.5000 0.4000 0.1000 0.1000 +0.0000 1/2 4.0 2.0",
    ]
    assert len(fig4.summary([*rows, {**rows[0], "n": 2}]).split("\n\n")) == 2


def test_a_study_on_two_processes_has_the_numbers_of_one(tmp_path: Path) -> None:
    asked = ["--motifs", "SP1", "--methods", "max", "average", "--seeds", "0"]
    one = study(tmp_path / "one", *asked)
    # spawned processes import the script anew, so it has to be one
    script = [sys.executable, str(ROOT / "benchmarks" / "fig4.py"), "--out", str(tmp_path / "two"), *SMALL, *asked]
    done = subprocess.run(
        [*script, "--workers", "2"], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    two = sorted(fig4.read_rows(tmp_path / "two"), key=lambda row: row["method"] != "max")
    assert [json.dumps({**row, "seconds": 0}) for row in one] == [json.dumps({**row, "seconds": 0}) for row in two]


def test_a_study_needs_nothing_that_draws() -> None:
    code = "import sys, benchmarks.fig4, epool_viz.models.training; print(*{m.split('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"torch", "sklearn"} <= loaded
    assert not loaded & {"ipywidgets", "traitlets", "anywidget", "plotly", "logomaker", "h5py", "voila", "IPython"}
