"""Whatever a path stands for is read as a file would be, or refused soon; nothing hangs and nothing runs away."""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epool_viz import import_kernels, read_model, read_motifs, read_sequences
from epool_viz.data import opening
from epool_viz.data.networks.stored import write_arrays
from epool_viz.data.opening import open_input, read_input
from epool_viz.errors import ArgumentError, FormatError
from tests.patience import allowed

FASTA = b">one\nACGTACGGT\n>two\nTTAC\n"
JASPAR = b">M1 one\nA [1 2 0]\nC [3 0 1]\nG [0 2 1]\nT [0 0 2]\n"
KERNEL = b"1.5 -2\n-1 0.25\n0 0\n-3 1\n"


@contextlib.contextmanager
def descriptor(data: bytes) -> Iterator[str]:
    """The path of a pipe's end as a shell's process substitution gives it."""
    read, write = os.pipe()
    writer = threading.Thread(target=_feed, args=(write, data))
    writer.start()
    try:
        yield f"/dev/fd/{read}"
    finally:
        os.close(read)
        writer.join()


def _feed(write: int, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(write, "wb") as file:
        file.write(data)


@contextlib.contextmanager
def named_pipe(folder: Path, data: bytes, delay: threading.Event | None = None) -> Iterator[str]:
    """A FIFO to which a thread writes."""
    path = folder / "pipe"
    os.mkfifo(path)

    def write() -> None:
        with contextlib.suppress(BrokenPipeError), path.open("wb") as file:
            if delay is not None:
                delay.wait()
            file.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield str(path)
    finally:
        if delay is not None:
            delay.set()
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))  # a writer that nobody read from waits no longer
        writer.join()
        path.unlink()


READERS: list[tuple[Callable[[Any], Any], bytes, Callable[[Any], Any]]] = [
    (read_sequences, FASTA, list),
    (read_motifs, JASPAR, lambda motifs: motifs[0].ppm.tolist()),
    (import_kernels, KERNEL, lambda read: read.kernels.tolist()),
    (import_kernels, JASPAR, lambda read: read.kernels.tolist()),
]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("read", "data", "told"), READERS)
def test_a_pipe_reads_as_the_file_would(
    tmp_path: Path, read: Callable[[Any], Any], data: bytes, told: Callable[[Any], Any], packed: bool
) -> None:
    if packed:
        data = gzip.compress(data)
    path = tmp_path / "file"
    path.write_bytes(data)
    expected = told(read(path))
    with named_pipe(tmp_path, data) as pipe:
        assert told(read(pipe)) == expected
    with descriptor(data) as open_end:
        assert told(read(open_end)) == expected


def test_a_model_comes_through_a_pipe(tmp_path: Path) -> None:
    write_arrays(tmp_path / "x", {"a": np.arange(3.0)}, {}, kind="other")
    for means in (lambda data: named_pipe(tmp_path, data), descriptor):
        with means((tmp_path / "x").read_bytes()) as path, pytest.raises(FormatError, match="of the kind 'other'"):
            read_model(path)


def test_more_than_fits_into_a_pipe_arrives_whole(tmp_path: Path, rng: np.random.Generator) -> None:
    data = rng.bytes(3_000_001)
    for means in (named_pipe(tmp_path, data), descriptor(data)):
        with means as path:
            assert read_input(path) == data


def test_what_does_not_fit_into_memory_waits_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_IN_MEMORY", 1000)
    with descriptor(b"x" * 5000) as path, open_input(path) as file:
        assert file._rolled
        assert file.read() == b"x" * 5000


def test_a_pipe_whose_writer_thinks_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 60.0)
    delay = threading.Event()
    got: list[bytes] = []
    with named_pipe(tmp_path, FASTA, delay) as path:
        reader = threading.Thread(target=lambda: got.append(read_input(path)))
        reader.start()
        reader.join(timeout=0.2)
        assert reader.is_alive()
        monkeypatch.setattr(opening, "PATIENCE", 0.0)
        delay.set()
        reader.join()
    assert got == [FASTA]


def test_a_writer_that_says_nothing_is_an_empty_file(tmp_path: Path) -> None:
    with named_pipe(tmp_path, b"") as path, pytest.raises(FormatError, match="pipe: found no text"):
        read_sequences(path)
    with descriptor(b"") as path, pytest.raises(FormatError, match="found no text"):
        read_motifs(path)


@pytest.mark.parametrize("read", [read_sequences, read_motifs, read_model, import_kernels])
def test_a_pipe_without_a_writer_is_refused_soon(
    tmp_path: Path, read: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.1)
    os.mkfifo(tmp_path / "pipe")
    before = time.monotonic()
    with pytest.raises(ArgumentError, match="pipe', a pipe without a writer; accepted: "):
        read(tmp_path / "pipe")
    assert time.monotonic() - before < allowed(5)


@pytest.mark.parametrize("read", [read_sequences, read_motifs, read_model, import_kernels])
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/dev/zero", ", which is a device, and may never end"),
        ("/dev/urandom", ", which is a device, and may never end"),
        (".", r" \(Is a directory\)"),
        ("nowhere", r" \(No such file or directory\)"),
        ("file/inside", r" \(Not a directory\)"),
        ("loop", r" \(Too many levels of symbolic links\)"),
        ("socket", ", which is no file"),
        ("a\0b", ", which is no path"),
        ("/dev/fd/999", r" \(Bad file descriptor\)"),
        ("\udcff", r" \(No such file or directory\)"),
        ("x" * 300, r" \(File name too long\)"),
    ],
)
def test_what_is_no_file_is_refused_and_named(
    tmp_path: Path, read: Callable[[Any], Any], path: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises(ArgumentError, match=f"'{reason}; accepted: ") as caught:
            read(path)
    str(caught.value).encode()


def test_a_descriptor_of_a_device_is_refused(tmp_path: Path) -> None:
    with Path("/dev/zero").open("rb") as zeros, pytest.raises(ArgumentError, match="a device, and may never end"):
        read_sequences(f"/dev/fd/{zeros.fileno()}")
    assert read_input("/dev/null") == b""


def test_an_endless_pipe_ends_at_the_limit(tmp_path: Path) -> None:
    with descriptor(b"ACGT\n" * 100_000) as path, pytest.raises(FormatError, match="found more than 9,999 bytes"):
        read_input(path, most=9_999)
    (tmp_path / "large").write_bytes(b"x" * 101)
    with pytest.raises(FormatError, match="large: found 101 bytes; accepted: at most 100"):
        read_input(tmp_path / "large", most=100)


def test_no_descriptor_is_left_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.0)
    os.mkfifo(tmp_path / "pipe")
    before = len(list(Path("/dev/fd").iterdir()))
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero", "/dev/null", "nowhere"):
        with contextlib.suppress(ArgumentError):
            read_input(path)
    assert len(list(Path("/dev/fd").iterdir())) == before
