"""One training at a time writes to a place; whoever died there is in nobody's way."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from epool_viz.data.locking import locked
from epool_viz.errors import ArgumentError

HOLD = """
import sys
from epool_viz.data.locking import locked
with locked(sys.argv[1]):
    print('held', flush=True)
    input()
"""


@contextlib.contextmanager
def held_elsewhere(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process is in the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "held\n"
        yield process
        if process.poll() is None:
            process.stdin.write("\n")


def test_another_process_is_named_and_may_go_on_afterwards(tmp_path: Path) -> None:
    path, link = tmp_path / "m.unfinished", tmp_path / "link"
    link.symlink_to(path)
    with held_elsewhere(path) as process:
        for place in (path, link):
            message = rf"`--out` is '.*', to which another training writes \(process {process.pid}\)"
            with pytest.raises(ArgumentError, match=message), locked(place, name="--out"):
                pass
    with locked(path):
        assert (tmp_path / ".m.unfinished.lock").read_text() == f"{os.getpid()}\n"
    assert list(tmp_path.iterdir()) == [link]


def test_a_dead_process_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "m.unfinished"
    with held_elsewhere(path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert list(tmp_path.iterdir()), "the lock of the dead is there"
        with locked(path):
            pass
    assert not list(tmp_path.iterdir())


def test_the_same_thread_may_enter_again_and_another_may_not(tmp_path: Path) -> None:
    said: list[str] = []

    def enter() -> None:
        try:
            with locked(tmp_path / "m"):
                said.append("in")
        except ArgumentError as error:
            said.append(str(error))

    def elsewhere() -> None:
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()

    with locked(tmp_path / "m"):
        with locked(tmp_path / "m"):
            elsewhere()
        elsewhere()
        enter()
    elsewhere()
    assert ["another training" in each or each for each in said] == [True, True, "in", "in"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ArgumentError, match=r"nowhere/m', beside which nothing can be written"),
        locked(tmp_path / "nowhere" / "m"),
    ):
        pass


def test_an_error_within_lets_go(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "m"):
        raise ZeroDivisionError
    with locked(tmp_path / "m"):
        pass
