"""Forks kernels from a preloaded process: it imports what every dashboard needs, and each kernel is a fork of it.

Python and the imports of a dashboard take half a second and 50 MB for each visitor; a fork shares both. Where a fork
is unsafe (macOS's frameworks) or impossible (Windows), and where the fork server has ended, a kernel is started as
Jupyter starts it.

Server and fork server exchange lines of JSON over two sockets: `{"ask", "arguments", "environment", "folder"}` one way,
`{"ask", "pid"}` and `{"ended", "status"}` the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from epool_viz.panels.registry import preloaded

LAUNCHER = ["-m", "ipykernel_launcher"]  # what follows the name of the interpreter in a kernel's command
NEEDED = ("ipykernel.ipkernel", "ipykernel.kernelapp")  # no kernel does without them
PRELOADED = preloaded(first=True)
PRELOADED_LATER = (  # while idle: a kernel of these dashboards also works without it, slower and larger
    "numpy.random",
    "numpy.ma",
    *preloaded(first=False),
)
QUIET = 0.3  # seconds without a question before one more is loaded
CAN_FORK = sys.platform == "linux"
PATIENCE = 20.0  # seconds for a fork; the first one waits for the imports


class ForkServerError(Exception):
    """The fork server cannot fork a kernel."""


class Forked:
    """A forked kernel, with the methods of `subprocess.Popen` that Jupyter calls.

    Parameters
    ----------
    fork_server : ForkServer
        Its parent, which alone learns of its end.
    pid : int
    """

    stdin = stdout = stderr = None

    def __init__(self, fork_server: ForkServer, pid: int) -> None:
        self.fork_server = fork_server
        self.pid = pid

    def poll(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        return self.fork_server.status_of(self.pid)

    wait = poll  # called only for a kernel that has ended

    def send_signal(self, number: int) -> None:
        """Signal it, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Send it SIGTERM."""
        self.send_signal(signal.SIGTERM)


class ForkServer:
    """The server's side: starts the process, requests forks, receives their exit status. All in one event loop."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked: dict[int, asyncio.Future[int]] = {}
        self._numbers = itertools.count()
        self._sending = asyncio.Lock()
        self._heard = b""
        self._ended: dict[int, int] = {}

    @property
    def is_alive(self) -> bool:
        """Whether a fork can be requested."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process; it loads while the server runs."""
        self._control, theirs = socket.socketpair()
        self._control.setblocking(False)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter and this module
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                # a thread of another library would not survive a fork, and what a page computes is small
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )

    async def fork(self, arguments: Sequence[str], environment: Mapping[str, str], folder: str | None) -> Forked:
        """A kernel that has everything loaded.

        Parameters
        ----------
        arguments : sequence of str
            Of `ipykernel_launcher`.
        environment : mapping
            Its whole environment.
        folder : str or None
            Its working folder.

        Raises
        ------
        ForkServerError
            If there is no fork server, or it does not answer.
        """
        if not self.is_alive or self._control is None:
            raise ForkServerError("the fork server is gone")
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
            loop.add_reader(self._control, self._listen, self._control)
        number = next(self._numbers)
        answer = self._asked[number] = loop.create_future()
        asked = {"ask": number, "arguments": list(arguments), "environment": dict(environment), "folder": folder}
        try:
            async with self._sending:
                await loop.sock_sendall(self._control, json.dumps(asked).encode() + b"\n")
            return Forked(self, await asyncio.wait_for(answer, PATIENCE))
        except (OSError, TimeoutError) as error:
            raise ForkServerError("the fork server does not answer") from error
        finally:
            del self._asked[number]

    def _listen(self, control: socket.socket) -> None:
        try:
            received = control.recv(1 << 16)
        except OSError:
            received = b""
        if not received:
            self._hang_up()
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(ForkServerError("the fork server is gone"))
            return
        *lines, self._heard = (self._heard + received).split(b"\n")
        for line in lines:
            said = json.loads(line)
            if "ended" in said:
                self._ended[said["ended"]] = said["status"]
                continue
            self._ended.pop(said["pid"], None)  # a number that the system gives again
            waiting = self._asked.get(said["ask"])
            if waiting is not None and not waiting.done():
                waiting.set_result(said["pid"])
            else:  # the request was cancelled
                Forked(self, said["pid"]).kill()

    def _hang_up(self) -> None:
        if self._loop is not None and not self._loop.is_closed() and self._control is not None:
            self._loop.remove_reader(self._control)

    def status_of(self, pid: int) -> int | None:
        """Exit status of a kernel; None while it runs: without the fork server, while the system lists its process."""
        if pid in self._ended or self.is_alive:
            return self._ended.get(pid)
        try:
            os.kill(pid, 0)
        except OSError:
            return -signal.SIGKILL
        return None

    def stop(self) -> None:
        """End the process; the kernels are the server's to end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._control is not None:
            self._hang_up()
            self._control.close()


# --- the other end ----------------------------------------------------------------------------------------------------


def main(descriptor: int) -> None:
    """Load, then fork at each request of the server; end with the server."""
    del sys.path[0]  # the folder where the server was started, from which no kernel may import
    for name in NEEDED:
        importlib.import_module(name)
    _load(*PRELOADED)
    later = list(PRELOADED_LATER)
    heard, woken = socket.socketpair()
    for end in (heard, woken):
        end.setblocking(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno())
    with socket.socket(fileno=descriptor) as control:
        rest = b""
        while True:
            ready, _, _ = select.select([control, heard], [], [], QUIET if later else None)
            if not ready and later:
                _load(later.pop(0))
            if heard in ready:
                heard.recv(4096)
                _tell_ends(control)
            if control in ready:
                received = control.recv(1 << 16)
                if not received:
                    return
                *lines, rest = (rest + received).split(b"\n")
                for line in lines:
                    asked = json.loads(line)
                    pid = os.fork()
                    if pid == 0:
                        for inherited in (control, heard, woken):
                            inherited.close()
                        _become_a_kernel(asked)
                    _say(control, ask=asked["ask"], pid=pid)


def _load(*names: str) -> None:
    """Import what can be imported; a kernel that needs the rest shows the error in its own page."""
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a module may raise whatever it likes
            sys.stderr.write(f"epool_viz: kernels begin without {name}: {type(error).__name__}: {error}\n")
    gc.collect()
    gc.freeze()  # a collection would write to, and so copy, every page that is shared


def _tell_ends(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _say(control, ended=pid, status=os.waitstatus_to_exitcode(status))


def _say(control: socket.socket, **said: int) -> None:
    control.sendall(json.dumps(said).encode() + b"\n")


def _become_a_kernel(asked: dict[str, Any]) -> NoReturn:
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        if asked["folder"]:
            os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        _name_in_lists(asked["arguments"])
        _seed_anew()
        sys.argv = ["ipykernel_launcher", *asked["arguments"], *_of_a_fork()]
        kernelapp = importlib.import_module("ipykernel.kernelapp")
        kernelapp.launch_new_instance()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001 - the last stop of this process
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _of_a_fork() -> list[str]:
    """Settings of a fork that a kernel would make by itself when it imports its modules."""
    return [
        f"--IPKernelApp.parent_handle={os.getppid()}",  # it ends with its parent
        "--IPKernelApp.extra_extensions=ipywidgets",  # it answers a request for the states of all widgets
    ]


def _name_in_lists(arguments: Sequence[str]) -> None:
    """Call the process by its connection file, `kernel-` and half the kernel's id: its command is the fork server's."""
    files = [Path(word).stem for word in arguments if word.endswith(".json")]
    for name in files:
        with contextlib.suppress(OSError):
            Path("/proc/self/comm").write_text(name[:15])  # all that Linux keeps


def _seed_anew() -> None:
    import random

    import numpy as np

    random.seed()
    np.random.seed()


if __name__ == "__main__":
    main(int(sys.argv[1]))
