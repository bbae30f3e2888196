"""`epool-viz read`: the table holds the dashboard's numbers, and every option is heard."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from epool_viz import load_example, load_example_model, read_motifs, write_sequences
from epool_viz.analysis import network_readings
from epool_viz.analysis.known_motifs import Match
from epool_viz.analysis.network_readings import COLUMNS
from epool_viz.panels.logos.model import LogosModel
from tests.app.here import Here, Said

MODEL = load_example_model("ctcf_paper").info.path
KERNELS = np.random.default_rng(4).normal(size=(3, 4, 6))


@pytest.fixture
def peaks(tmp_path: Path) -> Path:
    path = tmp_path / "peaks.fa"
    write_sequences(load_example("ctcf_peaks")[:40], path)
    return path


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "network.safetensors"
    save_file({"conv.weight": KERNELS}, path)
    return path


def rows(said: Said) -> list[dict[str, str]]:
    assert said.code == 0, said.err
    return list(csv.DictReader(io.StringIO(said.out), delimiter="\t"))


def numbers_of(model: LogosModel, k: int) -> dict[str, Any]:
    """What the dashboard shows of a kernel, by the columns of the table."""
    detail = model.detail(k)
    model.place = k
    near = model.likeness()
    shown: dict[str, Any] = {
        "m": model.log_base,
        "residual": detail.residual,
        "largest_activation": detail.largest,
        "cut": detail.cut,
        "aligned_windows": detail.n_windows,
        "sites": detail.worth.n_sites,
        "decides": model.use[k],
    }
    for name in detail.motifs:
        shown[f"nats_a_site_{name}"] = detail.worth.at_sites[name]
        shown[f"evidence_{name}"] = detail.worth.evidence[name]
        if name in detail.divergence:
            shown[f"divergence_{name}"] = detail.divergence[name].sum()
        if near is not None:
            shown[f"correlation_{name}"] = near.correlation[name]
    if near is not None:
        shown["known_e_value"] = near.match.e_value
        assert near.match.name
    return shown


def assert_same(row: dict[str, str], shown: dict[str, Any]) -> None:
    for column, value in shown.items():
        assert float(row[column]) == pytest.approx(value, rel=1e-9, nan_ok=True), column


@pytest.mark.parametrize("name", ["ctcf_max", "two_motifs_logsumexp"])
def test_all_kernels_of_a_bundled_model_have_the_numbers_of_the_dashboard(call: Here, name: str) -> None:
    found, model = rows(call("read", f"example:{name}")), LogosModel(trained=name)
    assert len(found) == len(model.kernels) == 16
    assert list(found[0]) == list(COLUMNS)
    for k, row in enumerate(found):
        assert_same(row, numbers_of(model, k))
        assert float(row["output_weight"]) == pytest.approx(model.kernels.output_weights[k], rel=1e-9)
        best = model.best_match(k)
        assert row["known_motif"] == ("" if best is None else best[1].name)
        assert (row["bits_heuristic"] == "") == ("heuristic" not in model.detail(k).motifs)


def test_files_of_a_network_and_of_sequences_have_the_numbers_of_the_dashboard(call: Here, peaks: Path) -> None:
    found, model = rows(call("read", MODEL, peaks)), LogosModel()
    model.open_model(MODEL.name, MODEL.read_bytes())
    model.open_sequences(peaks.name, peaks.read_bytes())
    assert len(found) == len(model.kernels)
    for k, row in enumerate(found):
        assert_same(row, numbers_of(model, k))


# --- what is written


def test_the_folder_holds_table_motifs_and_report(call: Here, network: Path, peaks: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = call("read", network, peaks, "--out", out)
    assert sorted(path.name for path in out.iterdir()) == [
        "exact.meme",
        "heuristic.meme",
        "kernels.tsv",
        "posterior.meme",
        "report.json",
    ]
    assert (out / "kernels.tsv").read_text() == said.out
    assert "kernels.tsv, exact.meme, heuristic.meme, posterior.meme and report.json" in said.err
    report = json.loads((out / "report.json").read_text())
    assert report["columns"] == COLUMNS
    assert (report["sequences"]["making"], report["sequences"]["judging"]) == (32, 8)
    for row, each in zip(rows(said), report["kernels"], strict=True):
        for column in COLUMNS:
            told = "" if each[column] is None else each[column]
            assert row[column] == told or float(row[column]) == pytest.approx(told, rel=1e-9)
    last = report["kernels"][-1]
    for reading in ("exact", "heuristic", "posterior"):
        motif = read_motifs(out / f"{reading}.meme")[-1]
        assert motif.name == f"model_kernel_3_{reading}"
        np.testing.assert_allclose(motif.ppm, last["ppm"][reading], rtol=0, atol=1e-9)
    assert np.sum(last["pfm"], axis=0).tolist() == [last["aligned_windows"]] * 6
    # the PWM and the offset give the kernel back, but for a constant of each column
    np.testing.assert_allclose(np.ptp(np.array(last["pwm"]) - KERNELS[-1], axis=0), 0, rtol=0, atol=1e-12)


def test_what_is_there_is_replaced_only_by_force(call: Here, network: Path, peaks: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").write_text("mine")
    said = call("read", network, peaks, "--out", out)
    assert said.code == 1
    assert "--force to replace it" in said.err
    assert [path.name for path in out.iterdir()] == ["report.json"]
    assert call("read", network, peaks, "--out", out, "--force").code == 0
    assert json.loads((out / "report.json").read_text())["model"]["n_kernels"] == 3


def test_a_reading_without_a_motif_leaves_no_file_of_an_earlier_call(
    call: Here, network: Path, peaks: Path, tmp_path: Path
) -> None:
    out, flat = tmp_path / "out", tmp_path / "flat.npy"
    np.save(flat, np.zeros((2, 4, 5)))  # no window is active, so the heuristic has nothing to count
    assert "heuristic.meme" in call("read", network, peaks, "--out", out).err
    assert (out / "heuristic.meme").exists()
    said = call("read", flat, peaks, "--out", out, "--force")
    assert said.code == 0, said.err
    assert said.err.endswith(": kernels.tsv, exact.meme, posterior.meme and report.json\n")
    assert sorted(path.name for path in out.iterdir()) == ["exact.meme", "kernels.tsv", "posterior.meme", "report.json"]


def test_no_output_is_an_input(call: Here, network: Path, peaks: Path, tmp_path: Path) -> None:
    peaks.rename(tmp_path / "kernels.tsv")
    said = call("read", network, tmp_path / "kernels.tsv", "--out", tmp_path, "--force")
    assert said.code == 1
    assert "which SEQUENCES is as well" in said.err


def test_a_terminal_gets_a_table_for_the_eye(
    call: Here, network: Path, peaks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    said = call("read", network, peaks)
    assert "\t" not in said.out
    assert "consensus" in said.out
    assert "weight" not in said.out  # of this network none are known


# --- each option is heard


def differing(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {column for column in one if one[column] != other[column]}


def columns_of(*readings: str) -> set[str]:
    """Columns of these readings that a change of theirs moves."""
    return {f"{what}_{name}" for name in readings for what in ("bits", "nats_a_site", "evidence")}


@pytest.mark.parametrize(
    ("option", "moved", "kept"),
    [
        (["--m", 0.5], columns_of("exact", "posterior") | {"m", "offset"}, columns_of("heuristic")),
        (["--background", "4,1,2,3"], columns_of("exact") | {"offset"}, {"m", "aligned_windows"}),
        (["--rule", "basset"], columns_of("heuristic") | {"cut"}, columns_of("exact", "posterior")),
        (["--threshold", 0.95], columns_of("heuristic") | {"cut"}, columns_of("exact", "posterior")),
        (["--hold-out", 0.5], {"sites", "aligned_windows"}, {"name"}),
        (["--most", 3], {"sites", "aligned_windows"}, {"name"}),
        (["--test", "example:crp0"], {"sites", "evidence_exact"}, {"name"}),
        (["--letters", "TGCA"], {"consensus"}, {"kernel"}),
        (["--flip"], {"consensus"}, {"kernel"}),
    ],
    ids=lambda x: str(sorted(x) if isinstance(x, set) else x),
)
def test_each_option_moves_its_columns(
    call: Here, network: Path, peaks: Path, option: list[object], moved: set[str], kept: set[str]
) -> None:
    plain = rows(call("read", network, peaks))[-1]
    other = rows(call("read", network, peaks, *option))[-1]
    assert moved <= differing(plain, other)
    assert not kept & differing(plain, other)


def test_background_of_the_sequences_is_that_of_those_that_motifs_are_made_of(
    call: Here, network: Path, peaks: Path, tmp_path: Path
) -> None:
    call("read", network, peaks, "--background", "sequences", "--out", tmp_path / "out")
    told = json.loads((tmp_path / "out" / "report.json").read_text())["settings"]["background"]
    model = LogosModel(background="sequences")
    model.open_model(network.name, network.read_bytes())
    model.open_sequences(peaks.name, peaks.read_bytes())
    np.testing.assert_allclose(told, model.letters, rtol=1e-12)


def test_kernels_are_counted_from_1_with_both_ends_of_a_range(call: Here, network: Path, peaks: Path) -> None:
    whole = rows(call("read", network, peaks))
    assert rows(call("read", network, peaks, "--kernel", "3,1")) == [whole[0], whole[2]]
    assert rows(call("read", network, peaks, "--kernel", "2-3")) == whole[1:]


def test_layer_and_axes_choose_the_weight(call: Here, peaks: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.safetensors"
    save_file({"a.weight": KERNELS, "b.weight": np.ascontiguousarray(KERNELS[:, :, ::-1].transpose(0, 2, 1))}, path)
    first = rows(call("read", path, peaks, "--layer", "a"))
    second = rows(call("read", path, peaks, "--layer", "b", "--axes", "kernel, position, letter"))
    assert [row["name"] for row in first] == ["a-0", "a-1", "a-2"]
    assert [row["consensus"] for row in second] == [row["consensus"][::-1] for row in first]


def test_known_motifs_are_looked_up_or_left_out(
    call: Here, network: Path, peaks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    match = Match("MA0139.2", "CTCF", 1e-9, 1e-8, 1e-5, 0, 6, False)
    monkeypatch.setattr(network_readings, "match_motifs", lambda ppms, **_: [(match,) for _ in ppms])
    assert {row["known_motif"] for row in rows(call("read", network, peaks))} == {""}
    assert {row["known_motif"] for row in rows(call("read", network, peaks, "--known"))} == {"CTCF"}
    strongest = LogosModel(trained="ctcf_max").place + 1
    shipped = rows(call("read", "example:ctcf_max", "--kernel", strongest))
    without = rows(call("read", "example:ctcf_max", "--kernel", strongest, "--no-known"))
    assert (shipped[0]["known_motif"], without[0]["known_motif"]) == ("CTCF", "")


# --- what is said


def test_what_was_taken_for_granted_is_said(call: Here, network: Path, peaks: Path) -> None:
    said = call("read", network, peaks)
    assert "What the scores go through is not known; here they are taken as they are." in said.err
    assert "3 kernels of 6 letters, read to the base e^m" in said.err
    assert "Judged by 8 of your 40 sequences" in said.err
    part = call("read", network, peaks, "--hold-out", 0.5, "--most", 7).err
    assert "Judged by 7 of your 40 sequences, the 50 % set aside to judge by, the first 7 of them" in part
    assert "(as given; likeliest: " in call("read", network, peaks, "--m", 2).err
    assert "m = 1 (the pooling's; likeliest: " in call("read", MODEL, peaks, "--kernel", 1).err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.h5", "{peaks}"], "`MODEL` is 'nowhere.h5', which is no file; accepted: a file of a network"),
        (["example:nothing"], "`MODEL` is 'nothing'; accepted: one of 'ctcf_expectation'"),
        (["{network}"], "`SEQUENCES` is left out; accepted: sequences"),
        (["{network}", "nowhere.fa"], "`SEQUENCES` is 'nowhere.fa'"),
        (["{network}", "{few}"], "`SEQUENCES` is few.fa, 2 sequences; accepted: at least 5"),
        (["{network}", "{short}"], "`SEQUENCES` is short.fa, without a window; accepted: 6 known letters in a row"),
        (["{network}", "{unbound}"], "`SEQUENCES` is unbound.txt, without a bound one"),
        (
            ["{network}", "{peaks}", "--test", "{short}"],
            "`--test` is short.fa, without a window; accepted: 6 known letters in a row",
        ),
        (["{network}", "{peaks}", "--kernel", "4"], "`--kernel` is '4'; accepted: kernels from 1 to 3"),
        (["{network}", "{peaks}", "--kernel", "2-"], "`--kernel` is '2-'; accepted: numbers between commas"),
        (["{network}", "{peaks}", "--m=-1"], "`--m` is -1; accepted: a finite number >= 0"),
        (["{network}", "{peaks}", "--threshold", "1"], "`--threshold` is 1"),
        (["{network}", "{peaks}", "--hold-out", "0"], "`--hold-out` is 0; accepted: a share, between 0 and 1"),
        (["{network}", "{peaks}", "--background", "x"], "`--background` is 'x'"),
        (["{network}", "{peaks}", "--layer", "x"], "`--layer` is 'x'"),
        (["{network}", "{peaks}", "--out", "no/such"], "`--out` is in 'no', which is no folder"),
        (["example:ctcf_max", "--flip"], "`--flip` is given for example:ctcf_max"),
        (["example:ctcf_max", "--test", "{peaks}"], "`--test` is given without SEQUENCES"),
        (["-", "-"], "which MODEL is as well"),
    ],
)
def test_a_mistake_ends_with_1_and_names_argument_and_file(
    call: Here, network: Path, peaks: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(network.parent)
    Path("few.fa").write_text("ACGTACGT\nACGTTTTT\n")
    Path("short.fa").write_text("ACGT\n" * 6)
    Path("unbound.txt").write_text("".join(f"s{i} ACGTACGTA 0\n" for i in range(9)))
    names = {each: f"{each}.fa" for each in ("few", "short", "peaks")} | {
        "network": network.name,
        "unbound": "unbound.txt",
    }
    said = call("read", *(each.format(**names) for each in arguments))
    assert said.code == 1
    assert message in said.err
    assert "Traceback" not in said.err


def test_too_many_kernels_are_refused_with_their_file(call: Here, peaks: Path, tmp_path: Path) -> None:
    save_file({"w": np.zeros((600, 4, 3))}, tmp_path / "many.safetensors")
    said = call("read", tmp_path / "many.safetensors", peaks)
    assert said.code == 1
    assert "`MODEL` is " in said.err
    assert "many.safetensors, 600 kernels; accepted: at most 512" in said.err
