"""The comparison of the readings: small enough to run."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import attribution
from epool_viz.core.attribution import METHODS
from epool_viz.data.networks.stored import read_arrays


def test_the_comparison_prints_its_table_and_writes_what_ships(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(attribution, "POOLINGS", ("logsumexp",))
    monkeypatch.setattr(attribution, "CHECKED", 3)  # what captum is asked about
    attribution.main(["--networks", "2", "--epochs", "1", "--seeds", "5", "--out", str(tmp_path / "made")])
    told = capsys.readouterr().out
    assert "200 sequences; a site holds" in told
    assert all(f"  {method:20}" in told for method in METHODS)
    assert "without a rule for our layers by" in told
    result = json.loads((tmp_path / "made" / "attribution.json").read_text())
    assert [(row["pooling"], row["method"]) for row in result["rows"]] == [("logsumexp", method) for method in METHODS]
    for row in result["rows"]:
        low, high = row["auprc_networks"]
        assert low < high  # a network after one epoch is another one
        assert low <= row["auprc"][0] <= high
    for row in result["completeness"]:
        assert row["error"]["deeplift"] < 1e-12
        assert max(row["difference"].values()) < 1e-6
    assert result["completeness"][0]["plain_error"] > 1  # captum knows no rule for it
    arrays, _ = read_arrays(tmp_path / "made" / "attribution.safetensors", kind="attribution")
    assert {name: x.shape for name, x in arrays.items()} == {"two_motifs_logsumexp": (4, 3, 200)}
