"""The reference's HDF5 layout, and files that claim what they do not hold."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from epool_viz.core.alphabet import DNA, PROTEIN, RNA, one_hot
from epool_viz.data.sequences import hdf5 as _hdf5
from epool_viz.data.sequences.reading import parse_sequences, read_sequences
from epool_viz.errors import FormatError

STRINGS = ["ACGTNAC", "GATTACA", "TTTNGCA"]
LAYOUT = "`sequences` (N, L, letter) of 0 and 1, with `labs` (N,) and `seq_idx` (N,) if there are any"


def layout(strings: list[str] = STRINGS) -> dict[str, Any]:
    return {
        "sequences": one_hot(strings).transpose(0, 2, 1),
        "labs": np.array([1.0, 0, 1]),
        "seq_idx": np.array([b"one", b"two", b"three"]),
    }


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write datasets, or whatever a function does to the open file."""

    def make(datasets: dict[str, Any], change: Callable[[h5py.File], object] = lambda file: None) -> Path:
        path = tmp_path / "s.h5"
        with h5py.File(path, "w") as file:
            for name, values in datasets.items():
                file[name] = values
            change(file)
        return path

    return make


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int8, np.uint8, np.bool_])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_hdf5_round_trip(write: Callable[..., Path], dtype: Any, packed: bool) -> None:
    path = write(layout() | {"sequences": layout()["sequences"].astype(dtype)})
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    s = read_sequences(path)
    assert list(s) == STRINGS
    assert s.names == ("one", "two", "three")
    assert s.labels.tolist() == [1, 0, 1]
    assert s.assumptions == ("The 4 columns of `sequences` are DNA in the order ACGT.",)
    assert list(parse_sequences(path.read_bytes(), format="hdf5")) == STRINGS


def test_hdf5_labels_and_names_may_be_missing(write: Callable[..., Path]) -> None:
    s = read_sequences(write({"sequences": layout()["sequences"]}))
    assert s.labels is None
    assert s.names == ("sequence 1", "sequence 2", "sequence 3")


def test_hdf5_labels_of_minus_one_are_zeros_and_said_to_be(write: Callable[..., Path]) -> None:
    s = read_sequences(write(layout() | {"labs": np.array([1, -1, -1])}))
    assert s.labels.tolist() == [1, 0, 0]
    assert s.assumptions[-1] == "The labels -1 and 1 are read as 0 and 1."


def test_hdf5_alphabet_is_told_by_the_number_of_columns(write: Callable[..., Path]) -> None:
    assert read_sequences(write(layout()), alphabet="RNA")[0] == "ACGUNAC"
    proteins = {"sequences": one_hot(["MKV", "LLX"], PROTEIN).transpose(0, 2, 1)}
    s = read_sequences(write(proteins))
    assert (s.alphabet, list(s)) == (PROTEIN, ["MKV", "LLX"])


def test_hdf5_is_read_in_blocks_with_progress(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(layout())
    monkeypatch.setattr(_hdf5, "_BLOCK", 2 * 7 * 4 * 8)  # two sequences
    calls: list[tuple[int, int]] = []
    assert list(read_sequences(path, progress=lambda done, total: calls.append((done, total)))) == STRINGS
    assert calls == [(448, 672), (672, 672)]


def test_hdf5_progress_may_stop_the_reading(write: Callable[..., Path]) -> None:
    def stop(done: int, total: int) -> None:
        raise RuntimeError("stopped by the user")

    with pytest.raises(RuntimeError, match=r"^stopped by the user$"):
        read_sequences(write(layout()), progress=stop)


def test_hdf5_damaged_in_the_middle_is_a_format_error(write: Callable[..., Path]) -> None:
    path = write({}, lambda file: file.create_dataset("sequences", data=layout()["sequences"], compression="gzip"))
    data = path.read_bytes()
    stored = zlib.compress(layout()["sequences"].tobytes(), 4)
    assert stored in data
    path.write_bytes(data.replace(stored, bytes(len(stored))))
    with pytest.raises(FormatError, match="found damaged HDF5 data"):
        read_sequences(path)


def test_hdf5_of_the_reference(shared_data: Path) -> None:
    path = shared_data / "hdf5_layout" / "simulated_two_motif_test.hdf5.gz"
    s = read_sequences(path)
    assert (len(s), set(s.lengths), s.alphabet) == (300, {100}, DNA)
    with h5py.File(gzip.open(path)) as file:
        np.testing.assert_array_equal(s.one_hot().transpose(0, 2, 1), file["sequences"][:])
        np.testing.assert_array_equal(s.labels, file["labs"][:])


def _virtual(file: h5py.File) -> None:
    source = h5py.VirtualSource("elsewhere.h5", "data", shape=(3,))
    target = h5py.VirtualLayout(shape=(3,), dtype="f8")
    target[:] = source
    file.create_virtual_dataset("labs", target)


def _external(file: h5py.File) -> None:
    file.create_dataset("labs", (3,), dtype="f8", external=[("/etc/hostname", 0, 24)])


def _one_hot_twice(file: h5py.File) -> None:
    file["sequences"][1, 2] = [1, 0, 0, 1]


SEQUENCES = {"sequences": layout()["sequences"]}
ELSEWHERE = "accepted: datasets in the file itself"
PLAIN = "accepted: numbers, and strings of fixed length"


@pytest.mark.parametrize(
    ("datasets", "change", "message"),
    [
        ({"labs": [1.0]}, lambda file: None, f"found the datasets ['labs']; accepted: {LAYOUT}"),
        (
            {},
            lambda file: file.create_dataset("sequences", (10**6, 10**4, 4), "f8"),
            "found `sequences`, which claims 320,000,000,000 bytes in a file of {size:,}; "
            "accepted: at most 2,000 times the file, and 1,073,741,824 letters",
        ),
        (
            SEQUENCES,
            lambda file: file.create_dataset("seq_idx", (3,), "S900000000"),
            "found `seq_idx`, which claims 2,700,000,000 bytes in a file of {size:,}; "
            "accepted: at most 2,000 times the file, and 1,073,741,824 letters",
        ),
        (
            SEQUENCES,
            lambda file: file.create_dataset("labs", (3,), "f8", maxshape=(None,), chunks=(10**8,)),
            "found `labs`, which claims 800,000,000 bytes in a file of {size:,}; "
            "accepted: at most 2,000 times the file, and 1,073,741,824 letters",
        ),
        (
            SEQUENCES,
            lambda file: file.create_dataset("seq_idx", data=["a", "b", "c"]),
            f"found `seq_idx` of type object; {PLAIN}",
        ),
        (
            SEQUENCES,
            lambda file: file.create_dataset("labs", (3,), h5py.vlen_dtype(np.int32)),
            f"found `labs` of type object; {PLAIN}",
        ),
        (
            SEQUENCES,
            lambda file: file.create_dataset("labs", (3,), [("a", "i4")]),
            f"found `labs` of type [('a', '<i4')]; {PLAIN}",
        ),
        (
            SEQUENCES,
            lambda file: file.__setitem__("labs", h5py.ExternalLink("/etc/passwd", "x")),
            f"found `labs`, a link to elsewhere; {ELSEWHERE}",
        ),
        (
            SEQUENCES,
            lambda file: file.__setitem__("labs", h5py.SoftLink("/sequences")),
            f"found `labs`, a link to elsewhere; {ELSEWHERE}",
        ),
        (SEQUENCES, _virtual, f"found `labs`, whose values lie elsewhere; {ELSEWHERE}"),
        (SEQUENCES, _external, f"found `labs`, whose values lie elsewhere; {ELSEWHERE}"),
        (SEQUENCES, lambda file: file.create_group("labs"), f"found `labs`, which is no dataset; accepted: {LAYOUT}"),
        (SEQUENCES | {"labs": np.ones(4)}, lambda file: None, f"found `labs` of shape (4,); accepted: {LAYOUT}"),
        (
            SEQUENCES | {"labs": np.array([1, 0, np.nan])},
            lambda file: None,
            "found `labs` that are not whole; accepted: whole numbers, such as 0 and 1",
        ),
        ({"sequences": np.ones((3, 7))}, lambda file: None, f"found `sequences` of shape (3, 7); accepted: {LAYOUT}"),
        (
            {"sequences": np.ones((0, 7, 4))},
            lambda file: None,
            f"found `sequences` of shape (0, 7, 4); accepted: {LAYOUT}",
        ),
        (
            {"sequences": np.ones((3, 7, 5))},
            lambda file: None,
            "found 5 letters a position; accepted: 4 (DNA, RNA) or 20 (protein)",
        ),
        (
            SEQUENCES,
            _one_hot_twice,
            "found [1.0, 0.0, 0.0, 1.0] at letter 3 of record 2; "
            "accepted: one-hot rows: a single 1, or zeros for an unknown letter",
        ),
        (
            {"sequences": layout()["sequences"] * 0.5},
            lambda file: None,
            "found [0.5, 0.0, 0.0, 0.0] at letter 1 of record 1; "
            "accepted: one-hot rows: a single 1, or zeros for an unknown letter",
        ),
    ],
)
def test_hdf5_refuses_what_it_should_not_read(
    write: Callable[..., Path],
    datasets: dict[str, Any],
    change: Callable[[h5py.File], object],
    message: str,
    assert_refused: Callable[..., None],
) -> None:
    path = write(datasets, change)
    message = message.format(size=path.stat().st_size) if "{size" in message else message
    assert_refused(FormatError, f"{path}: {message}", read_sequences, path)


def test_hdf5_columns_must_be_the_alphabets(write: Callable[..., Path], assert_refused: Callable[..., None]) -> None:
    path = write(layout())
    message = f"{path}: found 4 letters a position; accepted: 20, for protein"
    assert_refused(FormatError, message, read_sequences, path, alphabet="protein")
    assert read_sequences(path, alphabet=RNA).alphabet is RNA


@pytest.mark.parametrize("keep", [9, 100, 1000, 2500])
def test_hdf5_that_breaks_off_is_a_format_error(write: Callable[..., Path], keep: int) -> None:
    path = write(layout())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FormatError) as caught:
        read_sequences(path)
    assert str(caught.value).startswith(f"{path}: found damaged HDF5 data (")
    assert str(caught.value).endswith(f"accepted: an HDF5 file with {LAYOUT}")
