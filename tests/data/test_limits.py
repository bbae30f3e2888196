"""How much the readers take in: a limit is looked at while the text is unpacked, not after it."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from epool_viz.data import source as _source
from epool_viz.data.limits import Limits
from epool_viz.data.motifs.matrix import parse_matrix
from epool_viz.data.motifs.reading import parse_motifs, read_motifs
from epool_viz.data.networks.kernels import ImportOptions
from epool_viz.data.networks.motif_kernels import read_motif_kernels
from epool_viz.data.sequences.problems import sequence_problems
from epool_viz.data.sequences.reading import parse_sequences, read_sequences
from epool_viz.errors import ArgumentError, FormatError

Refused = Callable[..., None]

SEQUENCES = {
    "fasta": ">a\nACGT\nAC\n>b\nGATTACA\n>c\nTT\n",
    "encode": "a ACGTAC 1\nb GATTACA 0\nc TT 1\n",
    "deepbind": "id\tseq\na\tACGTAC\nb\tGATTACA\nc\tTT\n",
    "lines": "ACGTAC\nGATTACA\nTT\n",
}
N_RECORDS, N_LETTERS = 3, 15
MOTIFS = {
    "meme": "MEME version 4\nMOTIF a\nletter-probability matrix:\n.5 .25 .125 .125\n0 1 0 0\n"
    "MOTIF b\nletter-probability matrix:\n.1 .2 .3 .4\n",
    "jaspar": ">a\nA 4 0\nC 2 8\nG 1 0\nT 1 0\n>b\nA 1\nC 2\nG 3\nT 4\n",
    "transfac": "ID a\nP0 A C G T\n1 4 2 1 1\n2 0 8 0 0\n//\nID b\nP0 A C G T\n1 1 2 3 4\n//\n",
}
N_MOTIFS, N_NUMBERS = 2, 12


@contextmanager
def piped(text: str) -> Iterator[str]:
    """The path of a pipe that holds a short text."""
    end, start = os.pipe()
    try:
        os.write(start, text.encode())
        os.close(start)
        yield f"/dev/fd/{end}"
    finally:
        os.close(end)


def hdf5(n: int, length: int, **about: object) -> bytes:
    import h5py

    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        one_hot = np.zeros((n, length, 4), dtype=about.pop("dtype", np.int8))
        one_hot[..., 2] = 1
        file.create_dataset("sequences", data=one_hot, **about)
    return data.getvalue()


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in SEQUENCES.items()])
def test_sequences_are_read_up_to_each_limit_and_refused_above_it(text: str, assert_refused: Refused) -> None:
    limits = Limits(bytes=len(text), records=N_RECORDS, letters=N_LETTERS)
    assert len(parse_sequences(text, limits=limits)) == N_RECORDS
    tight = {"bytes": len(text) - 1, "records": N_RECORDS - 1, "letters": N_LETTERS - 1}
    called = {"bytes": "bytes of text", "records": "sequences", "letters": "letters"}
    last = text.count("\n")
    lines = {"bytes": "", "records": f", line {last - (text[0] == '>')}", "letters": f", line {last}"}
    for name, most in tight.items():
        message = f"s{lines[name]}: found more than {most} {called[name]}; accepted: at most {most} {called[name]}"
        assert_refused(FormatError, message, parse_sequences, text, source="s", limits=Limits(**{name: most}))


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in MOTIFS.items()])
def test_motifs_are_read_up_to_each_limit_and_refused_above_it(text: str, assert_refused: Refused) -> None:
    limits = Limits(bytes=len(text), records=N_MOTIFS, letters=N_NUMBERS)
    assert len(parse_motifs(text, limits=limits)) == N_MOTIFS
    for name, most, called in (
        ("bytes", len(text) - 1, "bytes of text"),
        ("records", N_MOTIFS - 1, "motifs"),
        ("letters", N_NUMBERS - 1, "numbers"),
    ):
        message = f"m: found more than {most} {called}; accepted: at most {most} {called}"
        assert_refused(FormatError, message, parse_motifs, text, source="m", limits=Limits(**{name: most}))


def test_matrices_kernels_and_problems_keep_to_the_limits(assert_refused: Refused) -> None:
    text = "A 1 2\nC 3 4\nG 5 6\nT 7 8.5\n"
    message = "m: found more than 9 bytes of text; accepted: at most 9 bytes of text"
    few = Limits(bytes=9)
    assert_refused(FormatError, message, parse_matrix, text, source="m", limits=few)
    assert_refused(FormatError, message, read_motif_kernels, text.encode(), "m", ImportOptions(), limits=few)
    ((problem,), _) = sequence_problems(SEQUENCES["fasta"], limits=few)
    assert problem.found == "more than 9 bytes of text"


@pytest.mark.parametrize("reader", [parse_sequences, parse_motifs, parse_matrix], ids=lambda reader: reader.__name__)
def test_what_is_packed_is_unpacked_no_further_than_the_limit(
    reader: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked = []
    whole = gzip.GzipFile.read

    def counted(self: gzip.GzipFile, *size: int) -> bytes:
        found = whole(self, *size)
        unpacked.append(len(found))
        return found

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    packed = gzip.compress(b">a\n1 2 3 4\n" + b"\n" * 30_000_000)
    assert len(packed) < 50_000
    with pytest.raises(FormatError, match="more than 1,000,000 bytes of text"):
        reader(packed, limits=Limits(bytes=1_000_000))
    assert 1_000_000 < sum(unpacked) < 2_000_000


@pytest.mark.parametrize("blank", ["\n", " \t\n", "\r\n", "\r"], ids=repr)
def test_line_numbers_hold_behind_any_number_of_blank_lines(blank: str) -> None:
    text = ">a\nAC\n" + blank * 400_000 + ">b\nA!\n"
    with pytest.raises(FormatError, match=r"^s, line 400004: found '!'"):
        parse_sequences(text, source="s")
    with pytest.raises(FormatError, match=r"^m, line 400004: found 'A!'"):
        parse_motifs("\n" * 2 + blank * 400_000 + ">b\nA!\n", source="m")


def test_a_text_of_motifs_has_no_millions_of_lines(monkeypatch: pytest.MonkeyPatch, assert_refused: Refused) -> None:
    monkeypatch.setattr(_source, "_MOST_LINES", 8)
    message = "m, line 9: found more than 8 lines; accepted: at most 8"
    assert_refused(FormatError, message, parse_motifs, MOTIFS["jaspar"], source="m")


def test_files_and_pipes_keep_to_the_limits(tmp_path: Path, assert_refused: Refused) -> None:
    for reader, text in ((read_sequences, SEQUENCES["fasta"]), (read_motifs, MOTIFS["jaspar"])):
        path = tmp_path / reader.__name__
        path.write_text(text)
        most = len(text) - 1
        message = f"{path}: found more than {most} bytes of text; accepted: at most {most} bytes of text"
        assert_refused(FormatError, message, reader, path, limits=Limits(bytes=most))
        with piped(text) as pipe:
            assert len(reader(pipe)) == len(reader(path))
        with piped(text) as pipe, pytest.raises(FormatError, match=f"{pipe}: found more than {most} bytes"):
            reader(pipe, limits=Limits(bytes=most))


def test_hdf5_is_refused_before_it_is_unpacked(assert_refused: Refused) -> None:
    raw = hdf5(50, 7)
    assert len(parse_sequences(raw, limits=Limits(letters=350, records=50))) == 50
    message = "h: found more than 49 sequences; accepted: at most 49 sequences"
    assert_refused(FormatError, message, parse_sequences, raw, source="h", limits=Limits(records=49))
    with pytest.raises(FormatError, match="at most 2,000 times the file, and 349 letters"):
        parse_sequences(raw, limits=Limits(letters=349))
    vast = hdf5(3, 5, maxshape=(None, 5, 4), chunks=(900, 5, 4), compression="gzip")
    with pytest.raises(FormatError, match="claims 18,000 bytes; accepted: at most 480 bytes unpacked"):
        parse_sequences(vast, limits=Limits(letters=15, bytes=99))


def test_hdf5_unpacks_each_piece_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from epool_viz.data.sequences import hdf5 as _hdf5

    monkeypatch.setattr(_hdf5, "_BLOCK", 90)
    raw = hdf5(50, 7, chunks=(20, 7, 4), compression="gzip")
    calls: list[tuple[int, int]] = []
    found = parse_sequences(raw, progress=lambda done, total: calls.append((done, total)))
    assert list(found) == ["GGGGGGG"] * 50
    assert [done for done, _ in calls] == [20 * 28, 40 * 28, 50 * 28]


def test_limits_refuse_what_is_no_limit(assert_refused: Refused) -> None:
    message = "`records` is 0; accepted: a limit of 1 or more"
    assert_refused(ArgumentError, message, lambda: Limits(records=0))
