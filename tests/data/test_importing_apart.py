"""A stranger's file in a process of its own: the same kernels, the same errors, and an end in any case."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from epool_viz import EpoolError, import_kernels
from epool_viz.data.importing import apart
from epool_viz.data.importing.kernels import Reading

KERAS = Path(__file__).parent / "keras_files"


def test_kernels_read_apart_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "keras", raising=False)  # the other process has none to run the model with
    raw = (KERAS / "sequential.keras").read_bytes()
    # no flip: where Keras is loaded it would be run here, and not there, and take the claims of such a reading back
    read = apart.read_apart(raw, name="m.keras", reading=Reading(letters="TGCA", axes="position, letter, kernel"))
    expected = import_kernels(raw, letters="TGCA", axes="position, letter, kernel")
    np.testing.assert_array_equal(read.kernels, expected.kernels)
    np.testing.assert_array_equal(read.output_weights, expected.output_weights)
    assert (read.assumptions, read.statements, read.source) == (expected.assumptions, expected.statements, "m.keras")


def test_an_error_comes_back_as_it_was() -> None:
    with pytest.raises(EpoolError, match=r"^m\.h5: found a file that begins with b'no h"):
        apart.read_apart(b"no hdf5", name="m.h5")


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
    monkeypatch.setattr(apart, "_COMMAND", [sys.executable, "-S", "-E", "-c", program])
    with pytest.raises(EpoolError, match=message):
        apart.read_apart(b"anything", name="m.h5", seconds=0.5 if "while" in program else 8)
