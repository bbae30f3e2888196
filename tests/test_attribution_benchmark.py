"""The comparison of the readings: small enough to run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import attribution
from epool_viz.core.attribution import METHODS
from epool_viz.data.model_files import read_arrays


def test_the_comparison_prints_its_table_and_writes_what_ships(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(attribution, "POOLINGS", ("max", "logsumexp"))
    monkeypatch.setattr(attribution, "CHECKED", 3)  # what captum is asked about
    attribution.main(["--networks", "2", "--epochs", "1", "--seeds", "5", "--out", str(tmp_path / "made")])
    told = capsys.readouterr().out
    assert "200 sequences; a site holds" in told
    assert all(f"  {method:20}" in told for method in METHODS)
    assert "without a rule for our layers by" in told
    result = json.loads((tmp_path / "made" / "attribution.json").read_text())
    assert [(row["pooling"], row["method"]) for row in result["rows"]] == [
        (pooling, method) for pooling in ("max", "logsumexp") for method in METHODS
    ]
    for row in result["rows"]:
        low, high = row["auprc_networks"]
        assert low < high  # a network after one epoch is another one
        assert low <= row["auprc"][0] <= high
    for row in result["completeness"]:
        assert row["error"]["deeplift"] < 1e-12
        assert max(row["difference"].values()) < 1e-6
    by_pooling = {row["pooling"]: row["plain_error"] for row in result["completeness"]}
    assert by_pooling["logsumexp"] > 1  # where captum knows no rule
    assert by_pooling["max"] == pytest.approx(0, abs=1e-9)  # against equal scores the maximum is linear
    arrays, _ = read_arrays(tmp_path / "made" / "attribution.safetensors", kind="attribution")
    assert {name: x.shape for name, x in arrays.items()} == dict.fromkeys(
        ("two_motifs_max", "two_motifs_logsumexp"), (4, 3, 200)
    )
