"""A race on a file is the race, and a file that is none is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from epool_viz import load_example_race
from epool_viz.data.networks.stored import write_arrays
from epool_viz.data.results.races import (
    KIND,
    RANKS,
    Curve,
    RaceRecord,
    RunRecord,
    SentSoFar,
    Snapshot,
    extend,
    race_arrays,
    race_of,
    read_race,
    write_race,
)
from epool_viz.errors import ArgumentError, FormatError


def snapshot(rng, *, kernels=3, width=5, sites=True):
    return Snapshot(
        rng.normal(size=(kernels, 4, width)),
        rng.normal(size=kernels),
        rng.normal(size=kernels),
        rng.random(RANKS),
        *((0.25, 0.5) if sites else (None, None)),
    )


def record(rng, *, epochs=(4, 2), sites=True):
    runs = []
    for i, count in enumerate(epochs):
        history = [
            {
                "epoch": e + 1,
                "loss": 1 / (e + 1),
                "auc": 0.6,
                "val_loss": 0.7,
                "val_auc": 0.6 + e / 50,
                "val_auprc": 0.5,
            }
            | {"seconds": 0.5, "m": None if i == 0 else 1.0 + e, "is_best": e == 1}
            for e in range(count)
        ]
        runs.append(
            RunRecord(
                ("max", "expectation")[i],
                i + 3,
                {"pooling": {"method": "max"}, "width": 5},
                history,
                [snapshot(rng, sites=sites) for _ in range(count)],
                "patience",
                2,
                0.9 - i / 10,
                Curve(np.array([0, 0.5, 1]), np.array([0, 0.7, 1]), 0.7 + i / 10, 0.6, 0.95),
                Curve(np.array([0, 0.25, 1.0, 1]), np.array([1, 0.7, 0.5, 0]), 0.65, 0.5, 0.75),
                b"\x00model" + bytes([i, 255]),
            )
        )
    return RaceRecord("A title", {"n_train": 7, "length": 11}, runs, "ACGTN")


def test_a_race_reads_back_as_it_was(rng, tmp_path):
    one = record(rng)
    write_race(tmp_path / "r.safetensors", one)
    other = read_race(tmp_path / "r.safetensors")
    assert (other.title, other.about, other.example) == (one.title, one.about, one.example)
    for a, b in zip(one.runs, other.runs, strict=True):
        for name in ("method", "seed", "settings", "epochs", "stopped", "best_epoch", "train_auc", "model_file"):
            assert getattr(a, name) == getattr(b, name), name
        for x, y in zip(a.snapshots, b.snapshots, strict=True):
            np.testing.assert_allclose(y.kernels, x.kernels, rtol=1e-3, atol=1e-4)  # half precision
            np.testing.assert_allclose(y.output_weights, x.output_weights, rtol=1e-3, atol=1e-4)
            assert (y.on_site, y.hits) == (x.on_site, x.hits)
        for curve in ("roc", "precision_recall"):
            np.testing.assert_allclose(getattr(b, curve).y, getattr(a, curve).y, rtol=1e-6)
            assert getattr(b, curve).low == getattr(a, curve).low
        assert b.gap == a.gap == pytest.approx(a.train_auc - a.roc.area)


def test_what_a_race_knows_of_itself(rng):
    known, unknown = record(rng), record(rng, sites=False)
    assert (known.n_epochs, known.methods) == (4, ["max", "expectation"])
    assert known.knows_sites
    assert not unknown.knows_sites
    run = known.runs[0]
    weights = np.abs(run.snapshots[run.best_epoch - 1].output_weights)
    assert run.strongest(count=2) == [int(k) for k in np.argsort(-weights)[:2]]
    assert RaceRecord().n_epochs == 0
    assert RunRecord("max", 0).strongest() == []


@pytest.mark.parametrize("cut", [0, 5, 100, -1])
def test_a_file_that_is_cut_off_is_refused(rng, tmp_path, cut):
    path = tmp_path / "r.safetensors"
    write_race(path, record(rng))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(FormatError):
        read_race(path)


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"title": "x", "about": {}, "example": "", "runs": [{"method": "max"}]},
        {"title": "x", "about": {}, "example": "", "runs": 7},
        {"title": "x", "about": [1], "example": "", "runs": []},
    ],
)
def test_a_file_that_does_not_hold_together_is_refused(tmp_path, header):
    path = tmp_path / "r.safetensors"
    write_arrays(path, {"x": np.zeros(2)}, header, kind=KIND)
    with pytest.raises(FormatError, match="does not hold together"):
        read_race(path)


@pytest.mark.parametrize("name", ["ctcf_peaks", "simulated"])
def test_the_races_that_ship_are_whole(name):
    found = load_example_race(name)
    assert found.n_epochs > 10
    assert {"max", "average", "logsumexp", "expectation"} == set(found.methods)
    assert all(run.roc is not None and run.model_file for run in found.runs)
    assert found.knows_sites == (name == "simulated")
    assert set(found.example) <= set("ACGTN")


def test_the_parts_of_a_race_that_goes_on_make_the_race(rng):
    whole = record(rng, epochs=(4, 3))
    whole.runs[0].first_losses = [(0.5, 0.7), (1.0, 0.6)]
    growing, heard, told = RaceRecord(whole.title, whole.about, [], whole.example), RaceRecord(), SentSoFar()
    for n_runs, n_epochs, n_losses in ((1, 0, 1), (1, 1, 2), (2, 1, 2), (2, 3, 2), (2, 3, 2), (2, 4, 2)):
        growing.runs = [RunRecord(**vars(run)) for run in whole.runs[:n_runs]]
        for run in growing.runs:
            run.epochs, run.snapshots = run.epochs[:n_epochs], run.snapshots[:n_epochs]
            run.first_losses = run.first_losses[:n_losses]
        arrays, header = race_arrays(told.news(growing))
        extend(heard, race_of(arrays, json.loads(json.dumps(header)), "a part"))
        assert [len(run.epochs) for run in heard.runs] == [len(run.epochs) for run in growing.runs]
    assert (heard.title, heard.about, heard.example) == (whole.title, whole.about, whole.example)
    for run, other in zip(heard.runs, whole.runs, strict=True):
        assert run.epochs == other.epochs
        assert run.first_losses == other.first_losses
        assert run.model_file == other.model_file
        for found, expected in zip(run.snapshots, other.snapshots, strict=True):
            np.testing.assert_array_equal(found.kernels, expected.kernels)
            assert (found.on_site, found.hits) == (expected.on_site, expected.hits)


def test_a_race_that_does_not_ship_is_named():
    with pytest.raises(ArgumentError, match="'nothing'"):
        load_example_race("nothing")
