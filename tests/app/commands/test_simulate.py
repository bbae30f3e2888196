"""`epool-viz simulate`: the files hold the library's set, and its truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from epool_viz import load_jaspar, parse_sequences, read_sequences, simulate, write_meme
from epool_viz.data.sequences.writing import write_sequences, write_sites
from tests.app.here import Here

SMALL = ("-n", 30, "--length", 50)


def test_file_holds_what_the_library_simulates(call: Here, tmp_path: Path) -> None:
    out = tmp_path / "set.txt"
    options = ("--sites", "0-2", "--background", "4,1,2,3", "--both-strands", "--positive-fraction", 0.3)
    said = call("simulate", "CTCF", "MA0106.3", *SMALL, *options, "--margin", 3, "--seed", 5, "--out", out)
    assert (said.code, said.out) == (0, "")
    made = simulate(
        [load_jaspar("CTCF"), load_jaspar("MA0106.3")], n=30, length=50, n_sites=(0, 2), margin=3,
        background=[0.4, 0.1, 0.2, 0.3], both_strands=True, positive_fraction=0.3, seed=5,
    )  # fmt: skip
    assert out.read_text() == write_sequences(made)
    assert (tmp_path / "set.sites.tsv").read_text() == write_sites(made)
    assert read_sequences(out).labels.tolist() == made.labels.tolist()
    n_sites = sum(map(len, made.sites))
    assert f"30 sequences of 50 letters, 9 of label 1, with {n_sites} sites of CTCF, TP53, which {tmp_path}" in said.err


def test_defaults_are_those_of_the_paper(call: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def note(motifs: object, **options: object) -> None:
        seen.update(options)
        raise KeyboardInterrupt

    monkeypatch.setattr("epool_viz.app.commands.simulate.simulate", note)
    call("simulate", "CTCF")
    assert seen.pop("background").tolist() == [0.25] * 4
    assert seen == {
        "n": 6000, "length": 1000, "positive_fraction": 0.5, "n_sites": 1, "margin": None,
        "both_strands": False, "seed": 0,
    }  # fmt: skip


def test_without_a_file_the_sequences_are_printed(call: Here, tmp_path: Path) -> None:
    said = call("simulate", "CTCF", *SMALL, "--truth", tmp_path / "truth.tsv")
    assert len(parse_sequences(said.out)) == 30
    assert len((tmp_path / "truth.tsv").read_text().splitlines()) == 1 + 15


def test_fasta_has_the_truth_in_its_headers(call: Here, tmp_path: Path) -> None:
    assert call("simulate", "CTCF", *SMALL, "--out", tmp_path / "set.fa").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["set.fa"]
    headers = read_sequences(tmp_path / "set.fa").names
    assert sum("label=1 sites=CTCF:" in header for header in headers) == 15


def test_truth_lies_beside_a_packed_file(call: Here, tmp_path: Path) -> None:
    call("simulate", "CTCF", *SMALL, "--out", tmp_path / "set.v2.txt.gz")
    assert {path.name for path in tmp_path.iterdir()} == {"set.v2.txt.gz", "set.v2.sites.tsv"}


def test_every_motif_of_a_file_is_planted(call: Here, tmp_path: Path) -> None:
    path = tmp_path / "two.meme"
    write_meme([load_jaspar("CTCF"), load_jaspar("MA0106.3")], path)
    truth = tmp_path / "truth.tsv"
    call("simulate", path, *SMALL, "--truth", truth)
    assert {row.split("\t")[1] for row in truth.read_text().splitlines()[1:]} == {"CTCF", "TP53"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("nosuch.meme",),
            "`MOTIF` is 'nosuch.meme', which is no file; accepted: a file of motifs, or a name of JASPAR",
        ),
        (("a/CTCF",), "`MOTIF` is 'a/CTCF', which is no file"),
        (("CTFC",), "`MOTIF` is 'CTFC'; accepted: a JASPAR matrix ID"),
        (("CTCF", "--sites", "two"), "`--sites` is 'two'; accepted: a whole number, or a range such as 0-2"),
        (("CTCF", "--length", 12), "`--length` is 12 with a margin of 1: no place for 'CTCF'"),
        (("CTCF", "--background", "a,b"), "`--background` is 'a,b'"),
    ],
)
def test_mistake_is_one_line_and_exit_code_1(call: Here, arguments: tuple[object, ...], message: str) -> None:
    said = call("simulate", *arguments)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"epool-viz: {message}")
    assert said.err.count("\n") == 1
