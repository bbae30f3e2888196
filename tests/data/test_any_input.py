"""Whatever comes in, the readers answer with data or with an EpoolError, and load nothing heavy on the way."""

from __future__ import annotations

import dataclasses
import gzip
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from epool_viz.data.motifs.matrix import parse_matrix
from epool_viz.data.motifs.reading import parse_motifs
from epool_viz.data.motifs.writing import write_jaspar, write_meme
from epool_viz.data.sequences.reading import parse_sequences
from epool_viz.errors import EpoolError, FormatError

WORDS = (
    *("\n", "\r\n", " ", "\t", ",", ">", "#", ";", "[", "]", "=", "-", ".", "\x00", "\ufeff", "é", "−"),
    *("A", "C", "G", "T", "ACGT", "acgtn", "0", "1", "0.5", "-2", "1e999", "nan", "inf", "1_0", "４"),
    *("MEME version 4", "MOTIF", "ALPHABET=", "ALPHABET", "letter-probability matrix:", "w= 2", "alength= 4"),
    *(
        "Background letter frequencies",
        "nsites= x",
        "FoldID\tEventID\tseq\tBound",
        "seq",
        ">a",
        "0.5 0.5 0 0",
        "1 2 3 4",
        "P0 A C G T\n",
        "01 1 2 3 4 T\n",
        "//\n",
    ),
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=30).map("".join))
READERS = [parse_sequences, parse_motifs, parse_matrix]


def assert_answers(reader: Callable[..., object], *args: object, **kwargs: object) -> None:
    """The reader returns something, or raises an error that says what it would have accepted."""
    try:
        answer = repr(reader(*args, **kwargs))
    except EpoolError as error:
        answer = str(error) if "accepted: " in str(error) else ""
    assert answer


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@given(text=TEXTS, alphabet=st.sampled_from([None, "DNA", "protein"]))
@settings(max_examples=300)
def test_any_text_gives_data_or_an_epool_error(reader: Callable[..., object], text: str, alphabet: str | None) -> None:
    assert_answers(reader, text, alphabet=alphabet)


@pytest.mark.parametrize(
    "kind", ["fasta", "encode", "deepbind", "lines", "meme", "jaspar", "transfac", "matrix", "hdf5"]
)
@given(text=TEXTS)
def test_any_text_in_any_format_gives_data_or_an_epool_error(kind: str, text: str) -> None:
    reader = parse_motifs if kind in ("meme", "jaspar", "transfac", "matrix") else parse_sequences
    assert_answers(reader, text, format=kind)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@given(head=st.sampled_from([b"", b"\x1f\x8b\x08", b"\x89HDF\r\n\x1a\n"]), data=st.binary(max_size=80))
def test_any_bytes_give_data_or_an_epool_error(reader: Callable[..., object], head: bytes, data: bytes) -> None:
    assert_answers(reader, head + data)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@given(place=st.integers(0, 200), byte=st.integers(0, 255))
def test_gzip_with_one_wrong_byte_is_refused_or_harmless(reader: Callable[..., object], place: int, byte: int) -> None:
    text = b">a\nACGTACGT\n>b\nGATTACA\n" if reader is parse_sequences else b"4 1 1\n2 8 1\n1 0 1\n1 0 1\n"
    packed = bytearray(gzip.compress(text, mtime=0))
    packed[place % len(packed)] = byte
    assert_answers(reader, bytes(packed))


def test_half_of_a_surrogate_pair_is_no_text(assert_refused: Callable[..., None]) -> None:
    message = "the pasted text, line 1: found the byte 0xed, which is not UTF-8; accepted: text in UTF-8"
    assert_refused(FormatError, message, parse_sequences, ">\ud800\nAC")


@given(TEXTS)
@example("\x00")
@example("\r")
def test_names_of_motifs_never_break_the_file(name: str) -> None:
    (motif,) = parse_motifs("A 1 2\nC 3 4\nG 5 6\nT 7 8")
    named = dataclasses.replace(motif, name=name, accession=name)
    for write in (write_meme, write_jaspar):
        back = parse_motifs(write([named, named]))
        assert [found.ppm.tolist() for found in back] == [motif.ppm.tolist()] * 2


def test_reading_text_loads_nothing_heavy() -> None:
    code = (
        "import sys, epool_viz.data.examples, epool_viz.data.motifs.jaspar as jaspar;"
        "jaspar.load_jaspar('CTCF'); epool_viz.data.examples.load_example('ctcf_peaks');"
        "heavy = {'h5py', 'torch', 'plotly', 'ipywidgets', 'logomaker', 'rich', 'pandas', 'pyjaspar'};"
        "print(*heavy & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert found == []
    heavy = code.replace("import sys,", "import h5py, sys,")
    seen = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True).stdout.split()
    assert seen == ["h5py"], "the check must be able to go red"
