"""`epool-viz scan`: the table holds the library's numbers."""

from __future__ import annotations

import csv
import io
import subprocess
from pathlib import Path

import numpy as np
import pytest

from epool_viz import SequenceSet, e_step_trace, load_example, load_jaspar, write_meme
from epool_viz.app.commands.scan import SUMMARY, WINDOWS
from epool_viz.core.alphabet import reverse_complement
from epool_viz.data.kernel_sources import jaspar_kernel
from tests.app.here import Here
from tests.browser.server import command

UNIFORM = np.full(4, 0.25)
KERNEL = "1.0 -0.5 0.25\n-1 2 0\n0.5 0.5 -2\n0 -1 1\n"


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    path = tmp_path / "reads.fa"
    path.write_text(">first one\nACGTACGGTTC\n>short\nAC\n>third\nNNNNTTACG\n")
    return path


@pytest.fixture
def kernel_file(tmp_path: Path) -> Path:
    path = tmp_path / "filter.txt"
    path.write_text(KERNEL)
    return path


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


def matrix() -> np.ndarray:
    return np.loadtxt(io.StringIO(KERNEL))


def test_summary_holds_the_pooled_values_and_the_best_window(call: Here, fasta: Path, kernel_file: Path) -> None:
    said = call("scan", fasta, kernel_file, "--m", 0.7, "--mode", 1)
    first, short, third = rows(said.out)
    assert list(first) == SUMMARY
    trace = e_step_trace("ACGTACGGTTC", matrix(), m=0.7, mode=1)
    assert (first["sequence"], first["motif"]) == ("first one", "filter")
    for column, value in [
        ("expectation", trace.pooled),
        ("maximum", trace.maximum),
        ("average", trace.average),
        ("log_sum_exp", trace.log_sum_exp),
        ("effective_windows", trace.effective_windows),
        ("posterior", trace.posterior.max()),
    ]:
        assert float(first[column]) == pytest.approx(float(value), rel=1e-9)
    best = int(trace.posterior.argmax())
    assert (int(first["start"]), int(first["stop"]), first["strand"]) == (best + 1, best + 3, "+")
    assert set(list(short.values())[2:]) == {""}
    assert int(third["start"]) > 4  # no window with unknown letters wins


def test_skipped_sequences_are_counted(call: Here, fasta: Path, kernel_file: Path) -> None:
    said = call("scan", fasta, kernel_file)
    assert "1 left empty; the first is 'short': " in said.err


def test_windows_hold_every_place_of_both_strands(call: Here, fasta: Path, kernel_file: Path) -> None:
    said = call("scan", fasta, kernel_file, "--windows", "--both-strands")
    table = [row for row in rows(said.out) if row["sequence"] == "first one"]
    assert list(table[0]) == WINDOWS
    trace = e_step_trace("ACGTACGGTTC", matrix(), both_strands=True)
    assert len(table) == 2 * 9
    np.testing.assert_allclose([float(row["score"]) for row in table], trace.scores, rtol=1e-9)
    np.testing.assert_allclose([float(row["posterior"]) for row in table], trace.posterior, rtol=1e-9)
    assert [row["word"] for row in table[:2]] == ["ACG", "CGT"]
    assert table[8]["stop"] == "11"  # the last window ends at the last letter
    assert {row["strand"] for row in table[9:]} == {"-"}
    unknown = [row for row in rows(said.out) if row["sequence"] == "third" and "N" in row["word"]]
    assert {row["whole"] for row in unknown} == {"0"}


def test_jaspar_motif_scans_an_example_as_the_dashboard_does(call: Here) -> None:
    said = call("scan", "example:crp0", "--jaspar", "CTCF", "--occurrence", "zoops", "--site-rate", 0.2)
    table = rows(said.out)
    sequences = load_example("crp0")
    assert [row["sequence"] for row in table] == list(sequences.names)
    kernel = jaspar_kernel("CTCF", UNIFORM).matrix
    trace = e_step_trace(sequences[3], kernel, occurrence="zoops", site_rate=0.2)
    assert float(table[3]["site_probability"]) == pytest.approx(float(trace.site_probability), rel=1e-9)
    assert table[0]["motif"].startswith("CTCF (MA0139")


def test_every_motif_of_a_file_gets_a_row(call: Here, fasta: Path, tmp_path: Path) -> None:
    motifs = tmp_path / "two.meme"
    write_meme([load_jaspar("FOS"), load_jaspar("MA0004")], motifs)
    said = call("scan", fasta, motifs)
    assert [row["motif"].split()[0] for row in rows(said.out)[:2]] == ["FOS", "Arnt"]


def test_background_of_the_sequences_is_theirs(call: Here, tmp_path: Path, fasta: Path) -> None:
    q = SequenceSet.from_strings(["ACGTACGGTTC", "AC", "NNNNTTACG"]).letter_frequencies()
    kernel = jaspar_kernel("MA0004", q).matrix
    said = call("scan", fasta, "--jaspar", "MA0004", "--background", "sequences")
    expected = e_step_trace("ACGTACGGTTC", kernel, background=q)
    assert float(rows(said.out)[0]["expectation"]) == pytest.approx(float(expected.pooled), rel=1e-9)


def test_no_weight_has_no_log_sum_exp(call: Here, fasta: Path, kernel_file: Path) -> None:
    assert rows(call("scan", fasta, kernel_file, "--m", 0).out)[0]["log_sum_exp"] == "inf"


def test_out_writes_the_same_table(call: Here, fasta: Path, kernel_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.tsv"
    assert call("scan", fasta, kernel_file, "--out", out).out == ""
    assert out.read_text() == call("scan", fasta, kernel_file).out


# --- both strands


SHARES = [0.4, 0.1, 0.2, 0.3]
MOTIF = """MEME version 4

ALPHABET= ACGT

MOTIF cc
letter-probability matrix: alength= 4 w= 3 nsites= 7
0.01 0.97 0.01 0.01
0.01 0.77 0.21 0.01
0.31 0.37 0.01 0.31
"""


def scanned(call: Here, tmp_path: Path, sequences: list[str], *options: object) -> list[dict[str, str]]:
    (tmp_path / "motif.meme").write_text(MOTIF)
    (tmp_path / "set.fa").write_text("".join(f">s{i}\n{text}\n" for i, text in enumerate(sequences)))
    said = call("scan", tmp_path / "set.fa", tmp_path / "motif.meme", "--both-strands", *options)
    assert said.code == 0, said.err
    return rows(said.out)


def test_each_strand_is_held_against_the_one_background(call: Here, tmp_path: Path) -> None:
    """CC where C is rare says more than GG, its other strand, where G is common."""
    matrix = MOTIF.replace("nsites= 7", "nsites= 100000").replace("w= 3", "w= 2")
    lines = matrix.splitlines()[:-3]
    (tmp_path / "cc.meme").write_text("\n".join([*lines, "0.01 0.97 0.01 0.01", "0.01 0.97 0.01 0.01"]) + "\n")
    (tmp_path / "s.fa").write_text(">s\nGGNCC\n")
    options = ("--both-strands", "--windows", "--background", "0.4,0.1,0.2,0.3")
    table = rows(call("scan", tmp_path / "s.fa", tmp_path / "cc.meme", *options).out)
    found = {(row["strand"], row["start"]): (float(row["score"]), float(row["posterior"])) for row in table}
    assert found["-", "1"] == pytest.approx((2 * np.log(0.97 / 0.2), 0.20), abs=1e-3)
    assert found["+", "4"] == pytest.approx((2 * np.log(0.97 / 0.1), 0.80), abs=1e-3)


@pytest.mark.parametrize("shares", ["0.4,0.1,0.2,0.3", "sequences"])
@pytest.mark.parametrize("options", [(), ("--occurrence", "zoops", "--site-rate", 0.3), ("--mode", 1)])
def test_a_set_and_its_reverse_complement_give_one_table(
    call: Here, tmp_path: Path, shares: str, options: tuple[object, ...]
) -> None:
    texts = ["ACCTTGACANACGGTTAAACC", "GGGAATTCAACATA", "TCCATTAAAGGN"]
    mirror = ",".join(reversed(shares.split(",")))
    one = scanned(call, tmp_path, texts, "--background", shares, *options)
    other = scanned(call, tmp_path, list(map(reverse_complement, texts)), "--background", mirror, *options)
    for text, a, b in zip(texts, one, other, strict=True):
        for column in ("expectation", "maximum", "average", "log_sum_exp", "site_probability", "score", "posterior"):
            assert float(a[column]) == pytest.approx(float(b[column]), rel=1e-8), column
        assert (int(a["start"]), a["strand"]) == (len(text) + 1 - int(b["stop"]), {"+": "-", "-": "+"}[b["strand"]])


def test_a_network_that_scans_both_strands_is_asked_for_by_name(call: Here, tmp_path: Path, kernel_file: Path) -> None:
    (tmp_path / "s.fa").write_text(">s\nACGTACGGTTC\n")
    options = ("--both-strands", "--windows", "--background", "0.4,0.1,0.2,0.3", "--strand-reading")
    for reading in ("motif", "network"):
        table = rows(call("scan", tmp_path / "s.fa", kernel_file, *options, reading).out)
        given = {"both_strands": True, "strand_reading": reading, "background": SHARES}
        trace = e_step_trace("ACGTACGGTTC", matrix(), **given)
        np.testing.assert_allclose([float(row["posterior"]) for row in table], trace.posterior, rtol=1e-9)


@pytest.mark.parametrize(
    ("head", "background", "words"),
    [
        ("", "0.4,0.1,0.2,0.3", "Both strands read a motif, against the one background"),
        (
            "# scores of a network: conv\n",
            "0.4,0.1,0.2,0.3",
            "Both strands read one kernel, as a network scans, each with",
        ),
        ("", "0.3,0.2,0.2,0.3", ""),
    ],
)
def test_what_both_strands_read_is_said_where_it_matters(
    call: Here, tmp_path: Path, fasta: Path, head: str, background: str, words: str
) -> None:
    kernel = tmp_path / "kernel.txt"
    kernel.write_text(head + KERNEL)
    said = call("scan", fasta, kernel, "--both-strands", "--background", background)
    assert words in said.err
    assert ("Both strands read" in said.err) == bool(words)
    assert "Both strands read" not in call("scan", fasta, kernel, "--background", background).err


def test_the_imaginary_site_of_a_motif_is_said_once(call: Here, tmp_path: Path, fasta: Path, kernel_file: Path) -> None:
    motif = tmp_path / "motif.meme"
    motif.write_text(MOTIF)
    said = call("scan", fasta, motif).err
    reading = "Natural-log odds of the probabilities and one imaginary site in 7 against the background."
    assert said.count(reading) == 1
    assert "both strands" not in said
    assert "one imaginary site" in call("scan", "example:crp0", "--jaspar", "CTCF").err
    assert "imaginary" not in call("scan", fasta, kernel_file).err
    assert "one imaginary site" in " ".join(call("scan", "--help").out.split())


def test_whence_the_imaginary_site_is_drawn_is_said_on_both_strands(call: Here, tmp_path: Path, fasta: Path) -> None:
    motif = tmp_path / "motif.meme"
    motif.write_text(MOTIF)
    words = "The imaginary site is drawn from the background's mean over both strands."
    said = {q: call("scan", fasta, motif, "--both-strands", "--background", q).err for q in (".4,.1,.2,.3", "uniform")}
    assert (words in said[".4,.1,.2,.3"], words in said["uniform"]) == (True, False)


def test_motifs_of_many_numbers_of_sites_are_told_in_a_few_lines(call: Here, tmp_path: Path, fasta: Path) -> None:
    motif = tmp_path / "motifs.meme"
    head, _, body = MOTIF.partition("MOTIF")
    motif.write_text(head + "\n".join(f"MOTIF{body}".replace("nsites= 7", f"nsites= {n}") for n in range(7, 27)))
    said = call("scan", fasta, motif).err
    assert said.count("one imaginary site in") == 3
    assert "The other motifs likewise, with 17 other numbers of sites." in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.fa", "{kernel}"], "'missing.fa'"),
        (["{fasta}", "missing.meme"], "`MOTIF` is 'missing.meme', which is no file"),
        (["{fasta}", "--jaspar", "CTCG"], "near: 'CTCF'"),
        (["{fasta}", "{kernel}", "--m", "-1"], "`--m` is -1"),
        (["{fasta}", "{kernel}", "--mode", "2"], "`--mode` is 2"),
        (["{fasta}", "{kernel}", "--occurrence", "zoops", "--site-rate", "1"], "`--site-rate` is 1"),
        (
            ["{fasta}", "{kernel}", "--m", "0", "--both-strands", "--background", ".4,.1,.2,.3"],
            "`--m` is 0 for a motif on both strands of a background that is not its own complement",
        ),
        (["{fasta}", "{kernel}", "--background", "a,b"], '"uniform", "sequences", or 4 positive numbers'),
        (["{short}", "{kernel}"], "`SEQUENCES` is without a whole window"),
    ],
)
def test_mistakes_end_with_1_and_one_line(
    call: Here, fasta: Path, kernel_file: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    short = tmp_path / "short.fa"
    short.write_text(">a\nAC\n")
    places = {"{fasta}": str(fasta), "{kernel}": str(kernel_file), "{short}": str(short)}
    said = call("scan", *(places.get(each, each) for each in arguments))
    assert said.code == 1
    assert said.err.startswith("epool-viz: ")
    assert said.err.count("\n") == 1
    assert message in said.err


def test_one_motif_is_needed_and_no_more(call: Here, fasta: Path, kernel_file: Path) -> None:
    for arguments in ([], [kernel_file, "--jaspar", "CTCF"]):
        said = call("scan", fasta, *arguments)
        assert said.code == 2
        assert "give a motif file or --jaspar NAME" in said.err


def test_reader_that_has_seen_enough_is_no_error() -> None:
    scan = subprocess.Popen(
        command("scan", "example:ctcf_peaks", "--jaspar", "CTCF", "--windows"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert scan.stdout is not None
    assert scan.stderr is not None
    with scan.stdout, scan.stderr:
        assert scan.stdout.readline().startswith("sequence\t")
        scan.stdout.close()
        assert scan.wait(timeout=60) == 0
        assert "Error" not in scan.stderr.read()


def test_progress_goes_to_standard_error(call: Here, capsys: pytest.CaptureFixture[str], fasta: Path) -> None:
    from epool_viz.app.commands.scan import scan_to_table

    scan_to_table(str(fasta), jaspar="MA0004", show_progress=True, sink=lambda _: None)
    said = capsys.readouterr()
    assert "scanning" not in said.out
    assert "scanning" in said.err
