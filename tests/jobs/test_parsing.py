"""An uploaded file in a limited process: the same kernels, the same errors, and an end in any case."""

from __future__ import annotations

import gzip
import io
import re
import struct
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from epool_viz import EpoolError, import_kernels, parse_sequences
from epool_viz.data.limits import Limits
from epool_viz.data.networks.kernels import ImportOptions
from epool_viz.jobs import limited
from epool_viz.jobs.parsing import BOUNDS, SMALL, parse_kernels_limited, parse_sequences_limited
from tests.patience import allowed

KERAS = Path(__file__).parents[1] / "data" / "networks" / "keras_files"


def test_kernels_parsed_in_a_limited_process_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "keras", raising=False)  # the other process has none to run the model with
    raw = (KERAS / "sequential.keras").read_bytes()
    # no flip: where Keras is loaded it would be run here, and not there, and take the claims of such a reading back
    read = parse_kernels_limited(
        raw, name="m.keras", reading=ImportOptions(letters="TGCA", axes="position, letter, kernel")
    )
    expected = import_kernels(raw, letters="TGCA", axes="position, letter, kernel")
    np.testing.assert_array_equal(read.kernels, expected.kernels)
    np.testing.assert_array_equal(read.output_weights, expected.output_weights)
    assert (read.assumptions, read.statements, read.source) == (expected.assumptions, expected.statements, "m.keras")


def test_an_error_comes_back_as_it_was() -> None:
    with pytest.raises(EpoolError, match=r"^m\.h5: found a file that begins with b'no h"):
        parse_kernels_limited(b"no hdf5", name="m.h5")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import os; os.abort()", "found a file that its reader does not survive"),
        ("while True: pass", "found a file that takes more than 0.5 s to read"),
    ],
)
def test_a_reader_that_dies_or_does_not_end_is_told(
    monkeypatch: pytest.MonkeyPatch, program: str, message: str
) -> None:
    monkeypatch.setattr(limited, "_COMMAND", [sys.executable, "-S", "-E", "-c", program])
    with pytest.raises(EpoolError, match=message):
        parse_kernels_limited(b"anything", name="m.h5", seconds=0.5 if "while" in program else 8)


# --- sequences

FASTA = b">first\nACGTNNAC\n>second one\nGGRCAT\n" + b"".join(b">s%d\nACGTTT\n" % i for i in range(2000))
TABLE = b"".join(b"s%d ACGT%s %d\n" % (i, b"A" * (i % 7), i % 2) for i in range(2500))
LIMITS = Limits(bytes=6_000_000, records=50_000, letters=6_000_000)


@pytest.mark.parametrize("raw", [FASTA, TABLE, FASTA[:60], FASTA.replace(b"T", b"U").replace(b"N", b"A")])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_sequences_parsed_in_a_limited_process_are_the_same(raw: bytes, pack: Callable[[bytes], bytes]) -> None:
    read = parse_sequences_limited(pack(raw), name="x.fa", limits=LIMITS)
    expected = parse_sequences(raw, source="x.fa")
    assert (read.problems, read.are_all) == ((), True)
    found = read.sequences
    assert found is not None
    np.testing.assert_array_equal(found.all_codes, expected.all_codes)
    np.testing.assert_array_equal(found.offsets, expected.offsets)
    assert (found.labels is None) == (expected.labels is None)
    if found.labels is not None:
        np.testing.assert_array_equal(found.labels, expected.labels)
    assert (found.names, found.source, found.alphabet) == (expected.names, "x.fa", expected.alphabet)
    assert found.assumptions == expected.assumptions


@pytest.mark.parametrize("n", [3, 5000])
def test_every_line_at_fault_is_told_wherever_the_text_is_read(n: int) -> None:
    text = b">a\nACJGT\n" + b">b\nACGT\n" * n + b">c\nAC1\n"
    assert (len(text) > SMALL) == (n == 5000)
    read = parse_sequences_limited(text, name="x.fa", alphabet="DNA", limits=LIMITS)
    assert read.sequences is None
    assert [problem.line for problem in read.problems] == [2, 2 * n + 4]
    assert read.are_all


def bomb(unit: bytes, n: int) -> bytes:
    """Packed lines, many times as long unpacked; never held whole."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = unit * (1_000_000 // len(unit))
    return b"".join([packer.compress(block) for _ in range(n // len(block))]) + packer.flush()


def many_chunks() -> bytes:
    """0.9 MB that hold three million letters, each in a chunk of its own, of which none was written."""
    stored = io.BytesIO()
    with h5py.File(stored, "w") as file:
        file.create_dataset("sequences", shape=(3000, 1000, 4), dtype="u1", chunks=(1, 1, 4))
        file.create_dataset("padding", data=np.zeros(900_000, "u1"))
    return stored.getvalue()


HOSTILE = {
    "an HDF5 file of a chunk a letter": (many_chunks, "HDF5|takes more than"),
    "a bomb of letters": (lambda: bomb(b"ACGT" * 250_000, 900_000_000), "more than 6,000,000 bytes of text"),
    "a bomb of blank lines": (lambda: bomb(b"\n", 900_000_000), "bytes of text|no text"),
    "a crowd of short records": (lambda: b">a\nA\n" * 260_000, "more than 50,000 sequences"),
    "a crowd of names": (lambda: b">\n" * 650_000, "without letters|more than 50,000"),
    "a crowd of faults": (lambda: b">a\nA1\n" * 49_000, "'1'"),
    "an HDF5 file that is none": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(900_000), "HDF5|damaged"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_a_stranger_sends_ends_within_seconds_in_a_message(what: str) -> None:
    make, message = HOSTILE[what]
    raw = make()
    begun = time.monotonic()
    read = parse_sequences_limited(raw, name="x", limits=LIMITS)
    assert time.monotonic() - begun < BOUNDS.seconds + allowed(3)
    assert read.sequences is None
    assert re.search(message, read.problems[0].found), read.problems


def answering(text: bytes, block: bytes = b"") -> str:
    """A program that answers this."""
    answer = struct.pack("!4sIQ", b"ep01", len(text), len(block)) + text + block
    return f"import sys; sys.stdout.buffer.write({answer!r})"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import os; os.abort()", "a file that its reader does not survive"),
        ("while True: pass", "a file that takes more than 0.5 s to read"),
        ("import sys; sys.stdout.buffer.write(bytes(1000))", "a file that its reader does not survive"),
        (f"import sys; sys.stdout.buffer.write(bytes({1 << 27}))", "a file that its reader does not survive"),
        (answering(b'{"value": {"alphabet": "DNA"}}'), "a file that its reader does not survive"),
        (answering(b'{"value": {"alphabet": "DNA"}}', b"\x80\x04"), "a file that its reader does not survive"),
        (answering(b'{"value": 3}'), "a file that its reader does not survive"),
        (answering(b"no json"), "a file that its reader does not survive"),
    ],
)
def test_a_reader_of_sequences_that_goes_astray_is_told(
    monkeypatch: pytest.MonkeyPatch, program: str, message: str
) -> None:
    monkeypatch.setattr(limited, "_COMMAND", [sys.executable, "-S", "-E", "-c", program])
    seconds = 0.5 if "while" in program else 8
    begun = time.monotonic()
    read = parse_sequences_limited(FASTA, name="x.fa", seconds=seconds)
    assert time.monotonic() - begun < seconds + allowed(3)
    assert read.sequences is None
    assert [problem.found for problem in read.problems] == [message]


def test_a_reader_without_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "from epool_viz.data.sequences import uploaded; "
        "from epool_viz.jobs.limited import answer; "
        "uploaded.parse_sequences = lambda *_, **__: bytes(1 << 40); "
    )
    monkeypatch.setattr(limited, "_COMMAND", [sys.executable, "-P", "-c", program + "answer()"])
    read = parse_sequences_limited(FASTA, name="x.fa")
    assert read.problems[0].found == "a file that takes more than 2,048 MiB to read"
