"""Start `epool-viz app` as a process of its own, wait for it by asking, stop it as Ctrl-C does."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import psutil

from tests.patience import allowed

T = TypeVar("T")


def wait_for(question: Callable[[], T], *, seconds: float, what: str) -> T:
    """Ask until the answer is true; fail with `what` after so many seconds, of a machine that is not busy."""
    seconds = allowed(seconds)
    end = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds:g} s")
        time.sleep(0.05)
    return answer


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    text: str
    headers: dict[str, str]


@dataclass
class Server:
    """A running `epool-viz app`."""

    process: subprocess.Popen[bytes]
    log_path: Path
    address: str = ""

    @property
    def log(self) -> str:
        """All that it has written."""
        return self.log_path.read_text(encoding="utf-8")

    def kernels(self) -> list[psutil.Process]:
        """Processes of the kernels that run under it."""
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return [child for child in children if _is_kernel(child)]

    def kernel(self, kernel_id: str) -> psutil.Process:
        """The process of one kernel, whichever way it was started."""
        name = f"kernel-{kernel_id}"[:15]
        (found,) = (k for k in self.kernels() if k.name() == name or name in str(k.cmdline()))
        return found

    def fork_server(self) -> psutil.Process:
        """The process that its kernels are forked from."""
        (found,) = (c for c in psutil.Process(self.process.pid).children() if FORK_SERVER in c.cmdline())
        return found

    def worker(self) -> psutil.Process | None:
        """The process that trains for its pages, if it runs."""
        found = (c for c in psutil.Process(self.process.pid).children() if WORKER in _command_of(c))
        return next(found, None)

    def ask(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        """Send one request and read the whole answer; the path goes out as it is, dots included."""
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=allowed(60))
        with contextlib.closing(connection):
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.read().decode("utf-8", "replace"), dict(response.getheaders()))

    def assert_calm(self) -> None:
        """Fail when its log holds an exception."""
        assert "Traceback" not in self.log, self.log
        assert " ERROR " not in self.log, self.log


FORK_SERVER = "epool_viz.app.server.fork_server"
WORKER = "epool_viz.jobs.worker"


def _command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _is_kernel(process: psutil.Process) -> bool:
    """Whether a process is a kernel: started by itself, or a fork, which has the command of the fork server."""
    try:
        command, parent = process.cmdline(), process.parent()
        return "ipykernel_launcher" in command or (
            parent is not None and FORK_SERVER in command and FORK_SERVER in parent.cmdline()
        )
    except psutil.Error:
        return False


def command(*arguments: str) -> list[str]:
    """`epool-viz` with these arguments, by this interpreter."""
    return [sys.executable, "-m", "epool_viz.app", *arguments]


@contextlib.contextmanager
def serving(
    folder: Path,
    *arguments: str,
    python: str = sys.executable,
    environment: Mapping[str, str] = os.environ,
    calm: bool = True,
) -> Iterator[Server]:
    """Run the app until the block ends; then Ctrl-C must end it with 0, no kernel left and (if `calm`) no traceback."""
    log_path = folder / "server.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [python, *command("app", "--no-browser", *arguments)[1:]],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    server = Server(process, log_path)
    try:
        server.address = wait_for(lambda: _address(server), seconds=60, what="the address of the server")
        yield server
        stop(server)
        if calm:
            server.assert_calm()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def stop(server: Server, by: int = signal.SIGINT) -> None:
    """End the server with a signal, if it runs, and hold it to a clean exit."""
    if server.process.poll() is not None:
        return
    children = psutil.Process(server.process.pid).children(recursive=True)
    server.process.send_signal(by)
    assert server.process.wait(timeout=allowed(30)) == 0, server.log
    _, alive = psutil.wait_procs(children, timeout=allowed(10))
    assert not alive, f"processes left behind: {alive}"


def _address(server: Server) -> str:
    if server.process.poll() is not None:
        raise AssertionError(f"the server ended with {server.process.returncode}:\n{server.log}")
    found = re.search(r"epool_viz: (http://\S+)/ ", server.log)
    return found[1] if found else ""
