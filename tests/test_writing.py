"""Files are written whole or not at all, whatever goes wrong, and by whichever writer."""

from __future__ import annotations

import contextlib
import gzip
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epool_viz import _writing, load_jaspar, simulate, write_meme
from epool_viz._writing import replacing, replacing_text, write_file
from epool_viz.data.motifs.writing import write_jaspar, write_transfac
from epool_viz.data.networks.stored import write_arrays
from epool_viz.data.sequences.writing import write_sequences, write_sites
from epool_viz.errors import ArgumentError
from epool_viz.figures.logo import logo_figure, save_logo


def _made() -> Any:
    return simulate([load_jaspar("CTCF")], n=60, length=90, seed=3)


WRITERS: dict[str, Callable[[Path], object]] = {
    "meme": lambda path: write_meme([load_jaspar("CTCF")] * 7, path),
    "jaspar": lambda path: write_jaspar([load_jaspar("CTCF")] * 7, path),
    "transfac": lambda path: write_transfac([load_jaspar("CTCF")] * 7, path),
    "sequences": lambda path: write_sequences(_made(), path),
    "sites": lambda path: write_sites(_made(), path),
    "arrays": lambda path: write_arrays(path, {"x": np.arange(900.0)}, {}, kind="test"),
    "logo.svg": lambda path: save_logo(logo_figure(load_jaspar("CTCF").ppm), path),
    "logo.png": lambda path: save_logo(logo_figure(load_jaspar("CTCF").ppm), path),
    "logo.pdf": lambda path: save_logo(logo_figure(load_jaspar("CTCF").ppm), path),
    "bytes": lambda path: write_file(path, b"x" * 5000),
}


@contextlib.contextmanager
def largest_file(n_bytes: int) -> Iterator[None]:
    """Within the block the system refuses to let a file grow beyond this."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("ending", WRITERS)
def test_a_file_that_cannot_grow_is_named_and_the_old_one_stays(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out.{ending}"
    path.write_bytes(b"what was there")
    with largest_file(500), pytest.raises(ArgumentError, match=rf"out\.{ending}', which cannot be written \(File too"):
        WRITERS[ending](path)
    assert path.read_bytes() == b"what was there"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", WRITERS)
def test_what_is_written_is_whole(tmp_path: Path, ending: str) -> None:
    new, old = tmp_path / f"new.{ending}", tmp_path / f"old.{ending}"
    old.write_bytes(b"x" * 1_000_000)
    for path in (new, old):
        WRITERS[ending](path)
    assert 500 < old.stat().st_size < 1_000_000
    if not ending.startswith("logo"):  # which hold the hour
        assert new.read_bytes() == old.read_bytes()
    assert sorted(tmp_path.iterdir()) == [new, old]


def test_full_disk_keeps_the_old_file_and_nothing_half(small_disk: Path) -> None:
    path = small_disk / "out.txt"
    write_file(path, "a" * 20_000)
    with pytest.raises(ArgumentError, match=r"out\.txt', which cannot be written \(No space left on device\)"):
        write_file(path, "b" * 60_000)
    assert path.read_text() == "a" * 20_000
    assert list(small_disk.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, MemoryError, SystemExit])
def test_whatever_ends_the_block_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "out.txt.gz"
    write_file(path, "old")

    def fail() -> None:
        with replacing_text(path) as file:
            file.write("half")
            raise error

    with pytest.raises(error):
        fail()
    assert gzip.decompress(path.read_bytes()) == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_until_the_end_readers_see_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    write_file(path, b"old")
    with replacing(path) as file:
        file.write(b"new and longer")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new and longer"


def test_links_rights_and_umask_are_kept(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_file(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "fresh.txt", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "fresh.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["x" * 250, "\udcff.txt", "β ü\n.txt", "-"])
def test_names_may_be_long_and_odd(tmp_path: Path, name: str) -> None:
    write_file(tmp_path / name, "new")
    assert (tmp_path / name).read_text() == "new"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (".", "Is a directory"),
        ("nowhere/out.txt", "No such file or directory"),
        ("file/out.txt", "Not a directory"),
        ("\udcff/out.txt", "No such file"),
        ("x" * 300, "File name too long"),
        ("loop", "symbolic links"),
    ],
)
def test_places_that_are_none_are_named(tmp_path: Path, place: str, reason: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ArgumentError, match=rf"`--out` is '.*', which cannot be written \(.*{reason}") as caught:
        write_file(tmp_path / place, "x", name="--out")
    str(caught.value).encode()  # whatever the name holds, it can be printed
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda place, mode: False)  # root may write all
    with pytest.raises(ArgumentError, match=r"cannot be written \(Permission denied\)"):
        write_file(path, "new")
    assert path.read_text() == "old"


def test_devices_and_pipes_are_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_file("/dev/null", "gone")
    with pytest.raises(ArgumentError, match=r"'/dev/full', which cannot be written \(No space left on device\)"):
        write_file("/dev/full", "x")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write_file(pipe, "through")
    reader.join()
    assert got == ["through"]
    monkeypatch.setattr(_writing, "PIPE_PATIENCE", 0.1)
    with pytest.raises(ArgumentError, match=r"pipe', which cannot be written \(a pipe without a reader\)"):
        write_file(pipe, "x")
    read, write = os.pipe()
    write_file(f"/dev/fd/{write}", "there")
    os.close(write)
    assert os.read(read, 99) == b"there"
    os.close(read)


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 sites are"), (1, "1 site is"), (2, "2 sites are"), (1200, "1,200 sites are")]
)
def test_counts_and_nouns_agree(n: int, said: str) -> None:
    from epool_viz._writing import are, how_many

    assert f"{how_many(n, 'site')} {are(n)}" == said
