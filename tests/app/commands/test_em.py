"""`epool-viz em`: the files hold what the library finds."""

from __future__ import annotations

import csv
import signal
from pathlib import Path

import numpy as np
import pytest

from epool_viz import fit_em, load_example, load_jaspar, parse_motifs, read_motifs
from epool_viz.app.commands.progress import StopOnSignal
from tests.app.here import Here


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_files_hold_what_the_library_finds(call: Here, tmp_path: Path) -> None:
    out, sites = tmp_path / "found.meme", tmp_path / "sites.tsv"
    options = ("--occurrence", "zoops", "--both-strands", "--pseudocount", 0.5, "--starts", 3, "--seed", 4)
    said = call("em", "example:crp0", "--width", 16, *options, "--out", out, "--sites", sites)
    assert (said.code, said.out) == (0, "")
    found = fit_em(load_example("crp0"), 16, occurrence="zoops", both_strands=True, pseudocount=0.5, n_starts=3, seed=4)
    np.testing.assert_allclose(read_motifs(out)[0].ppm, found.ppm, atol=1e-5)
    rows = table(sites)
    assert [(int(row["start"]) - 1, row["strand"]) for row in rows] == [(s.start, s.strand) for s in found.sites(0.5)]
    assert f"motif 1: 16 letters, {len(rows)} sites" in said.err
    assert f"log evidence {found.evidence:.2f}, site rate {found.site_rate:.2f}; converged" in said.err


def test_crp0_is_solved(call: Here) -> None:
    said = call("em", "example:crp0", "--width", 22, "--start", "substrings", "--starts", 5)
    assert said.code == 0
    assert parse_motifs(said.out)[0].ppm.shape == (4, 22)
    assert int(said.err.split(" at known sites")[0].rsplit(" ", 1)[1]) >= 15


def test_the_next_motif_is_found_elsewhere(call: Here, tmp_path: Path) -> None:
    sites = tmp_path / "sites.tsv"
    said = call("em", "example:crp0", "--width", 10, "--motifs", 3, "--starts", 2, "--sites", sites)
    assert [motif.name for motif in parse_motifs(said.out)] == ["motif_1", "motif_2", "motif_3"]
    places: dict[str, list[range]] = {}
    sure = [row for row in table(sites) if float(row["posterior"]) >= 0.5]
    for row in sure:
        here = range(int(row["start"]), int(row["stop"]) + 1)
        assert not any(set(here) & set(other) for other in places.get(row["sequence"], []))
        places.setdefault(row["sequence"], []).append(here)


def test_it_begins_with_the_motif_that_is_given(call: Here, tmp_path: Path) -> None:
    said = call("em", "example:ctcf_peaks", "--init", "SP1", "--iterations", 1, "--background", "uniform")
    assert "the best of 1 start (the given motif)" in said.err
    assert "ended after 1 iteration," in said.err
    width = load_jaspar("SP1").width
    assert parse_motifs(said.out)[0].width == width
    assert call("em", "example:crp0", "--init", "SP1", "--width", width + 1).code == 1


@pytest.mark.parametrize("limit", [1, 3])
def test_it_says_no_more_iterations_than_were_asked_for(call: Here, limit: int) -> None:
    said = call("em", "example:crp0", "--width", 7, "--starts", 1, "--iterations", limit)
    assert f"ended after {limit} iteration{'s' if limit > 1 else ''}, the best of 1 start (" in said.err


def test_short_sequences_are_left_out_and_said(call: Here, tmp_path: Path) -> None:
    path = tmp_path / "some.fa"
    path.write_text(">a\nACGTACGGATTACA\n>b\nACG\n>c\nNNNNNNNNNNNN\n>d\nGGATTACATT\n")
    said = call("em", path, "--width", 7, "--motifs", 9)
    assert said.code == 0
    assert "1 sequence shorter than 7 letters is left out" in said.err
    assert "no window is left for motif" in said.err
    said = call("em", path, "--width", 20)
    assert (said.code, said.out) == (1, "")
    assert "`SEQUENCES` is at most 14 letters long" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("no_file.fa",), 1, "no_file.fa"),
        (("example:crp0", "--background", "1,2"), 1, "--background"),
        (("example:crp0", "--init", "nobody"), 1, "nobody"),
        (("example:ctcf_peaks", "--start", "substrings"), 1, "substrings"),
        (("example:crp0", "--occurrence", "many"), 2, "many"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(
    call: Here, arguments: tuple[str, ...], code: int, message: str
) -> None:
    said = call("em", *arguments)
    assert (said.code, said.out) == (code, "")
    assert message in said.err


def test_a_signal_keeps_what_was_found(call: Here, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = StopOnSignal.is_set
    times = []

    def is_set(self: StopOnSignal) -> bool:
        times.append(1)
        if len(times) == 4:
            signal.raise_signal(signal.SIGINT)
        return asked(self)

    monkeypatch.setattr(StopOnSignal, "is_set", is_set)
    out = tmp_path / "found.meme"
    said = call("em", "example:crp0", "--motifs", 5, "--out", out)
    assert said.code == 130
    assert "stopping" in said.err
    assert len(read_motifs(out)) == 1


def test_progress_is_shown_on_a_terminal_only(call: Here, capsys: pytest.CaptureFixture[str]) -> None:
    from epool_viz.app.commands.em import discover_to_files

    told: list[str] = []
    discover_to_files("example:crp0", width=6, start="substrings", show_progress=True, sink=told.append, n_starts=2)
    assert "trying windows" in capsys.readouterr().err
    assert len(told) == 1


def test_a_search_that_erases_nothing_ends(call: Here, tmp_path: Path) -> None:
    path = tmp_path / "same.fa"
    path.write_text("".join(f">s{i}\n{'ACGTTGCA' * 4}\n" for i in range(5)))  # four sites each, none of them sure
    said = call("em", path, "--width", 3, "--starts", 1, "--motifs", 1_000_000)
    assert said.code == 0
    assert "no site of motif 1 is sure enough to be erased: the next would be the same" in said.err
    assert len(parse_motifs(said.out)) == 1
