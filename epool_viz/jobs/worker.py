"""The process that runs long jobs for the pages of a server: `python -m epool_viz.jobs.worker`.

It loads torch and the training code once, and forks for each job. So a page never loads torch, a job begins in a tenth
of a second, twenty jobs share one torch, a job's memory is freed whole, and a crash ends one job only. `PRELOADED` and
`preload` list what every job finds loaded.

Its address is in the environment (see `address`). It runs while its standard input is open: the process that starts it
holds the other end, and the system closes it however that process ends. A job runs while both its client and the worker
run.

A fork takes the thread that calls it and no other, so nothing here may start a thread before a job is its own process.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import hmac
import importlib
import logging
import os
import secrets
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # an import changes nothing
    # before numpy is there: its threads would be lost in a fork, and one thread is fastest here (models/threads.py)
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    os.environ.setdefault("EPOOL_VIZ_THREADS", "1")  # as many jobs at once as there are cores

from epool_viz.errors import ArgumentError, EpoolError
from epool_viz.jobs.address import VARIABLE, Address
from epool_viz.jobs.wire import Message, receive, send

logger = logging.getLogger(__name__)

PRELOADED = ("epool_viz.models.jobs",)
NICE = 5  # pages come first
MOST_JOBS = max(1, min(4, len(os.sched_getaffinity(0)))) if hasattr(os, "sched_getaffinity") else 1
MOST_WAITING = 64
HEARD_WITHIN = 20.0  # seconds that a client may take to send its request
LOOK_EVERY = 0.1  # seconds between two looks at jobs that run
_ACCELERATORS = ("/dev/nvidiactl", "/dev/kfd")


def preload() -> None:
    """Load what jobs need, and run one step of torch, whose first step is slow; without a thread."""
    for name in PRELOADED:
        try:
            module = importlib.import_module(name)
        except EpoolError:
            return  # without the extra: each request gets an error
        if not any(map(os.path.exists, _ACCELERATORS)):  # there, a first step in this process would spoil its forks
            module.warm()


class Line:
    """Jobs that run, and clients that wait for one to end.

    Parameters
    ----------
    begin : callable (socket) -> int
        Starts the job of a client in a process of its own and returns its id.
    most_jobs, most_waiting : int
    """

    def __init__(self, begin: Callable[[socket.socket], int], most_jobs: int, most_waiting: int = MOST_WAITING) -> None:
        self.begin = begin
        self.most_jobs = most_jobs
        self.most_waiting = most_waiting
        self.running: set[int] = set()
        self.waiting: dict[socket.socket, int] = {}  # in their order: the last number sent of those before it

    def join(self, client: socket.socket) -> None:
        """Add a client to the line; it gets the number of those before it, or that there are too many."""
        if len(self.waiting) >= self.most_waiting:
            found = f"one more than {self.most_waiting} that wait"
            _say(client, Message("error", {"argument": ["jobs", found, "another try later"]}))
            client.close()
            return
        self.waiting[client] = 0
        self.advance()

    def leave(self, client: socket.socket) -> None:
        """A client left before its turn."""
        del self.waiting[client]
        client.close()
        self.advance()

    def reap(self) -> None:
        """Note the jobs that have ended."""
        while self.running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self.running.discard(pid)
            if os.WIFSIGNALED(status):
                logger.warning("a job was ended by signal %d", os.WTERMSIG(status))
            self.advance()

    def advance(self) -> None:
        """Start the next jobs, and send the others their place where it changed."""
        while self.waiting and len(self.running) < self.most_jobs:
            client = next(iter(self.waiting))
            del self.waiting[client]
            self.running.add(self.begin(client))
            client.close()  # the job has it
        for before, (client, told) in enumerate(self.waiting.items(), start=1):
            if before != told:
                self.waiting[client] = before
                _say(client, Message("waiting", {"before": before}))


def serve(address: Address, listener: socket.socket, lease: int, most_jobs: int = MOST_JOBS) -> None:
    """Run jobs until the lease ends.

    Parameters
    ----------
    address : Address
    listener : socket
        Of `address.listen()`.
    lease : int
        A file descriptor; at its end this function returns.
    most_jobs : int
        At once.
    """
    line = Line(lambda client: _forked(client, address, [listener.fileno(), lease]), most_jobs)
    while True:
        poll = select.poll()
        poll.register(lease, select.POLLIN)
        poll.register(listener, select.POLLIN)
        for client in line.waiting:
            poll.register(client, select.POLLRDHUP)
        ready = {number for number, _ in poll.poll(1000 * LOOK_EVERY if line.running else None)}
        if lease in ready and not os.read(lease, 1024):
            return
        for client in [client for client in line.waiting if client.fileno() in ready]:
            line.leave(client)
        if listener.fileno() in ready:
            client, _ = listener.accept()
            if _user_of(client) == os.getuid():
                line.join(client)
            else:
                client.close()
        line.reap()


def n_threads() -> int:
    """Threads of this process."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _user_of(client: socket.socket) -> int:
    """The user on the other side."""
    _, user, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(user)


def _say(client: socket.socket, message: Message) -> None:
    """Send a small message to a client that may have closed."""
    with contextlib.suppress(OSError):
        client.settimeout(0.5)
        send(client, message)


def _forked(client: socket.socket, address: Address, unneeded: list[int]) -> int:
    worker = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        for number in unneeded:
            os.close(number)
        with contextlib.suppress(OSError):  # where memory runs out, a job goes before the server does
            Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
        _do_job(client, address, worker)
    finally:
        os._exit(0)  # nothing of the worker's own is to be tidied up here


def _do_job(client: socket.socket, address: Address, worker: int) -> None:
    """Receive a client's request, run it, and send the results; in the job's own process."""
    try:
        client.settimeout(HEARD_WITHIN)
        _let_in(client, address)
        asked = receive(client)
        if asked is None:
            return
        client.settimeout(None)
        cancel = threading.Event()
        threading.Thread(target=_listen, args=(client, cancel, worker), daemon=True).start()
        _job_of(asked)(asked, lambda *said: send(client, Message(*said)), cancel)
        send(client, Message("done"))
    except OSError:
        return  # the client has gone
    except ArgumentError as error:
        _say(client, Message("error", {"argument": [error.name, error.found, error.accepted]}))
    except EpoolError as error:
        _say(client, Message("error", {"said": str(error)}))
    except Exception:
        reference = secrets.token_hex(4)
        logger.exception("a job failed; its page shows error %s", reference)
        _say(client, Message("defect", {"reference": reference}))


def _let_in(client: socket.socket, address: Address) -> None:
    """Receive the secret before anything else."""
    hello = receive(client, most_json=1024, most_arrays=0)
    told = "" if hello is None else str(hello.about.get("secret"))
    if hello is None or hello.kind != "hello" or not hmac.compare_digest(told.encode(), address.secret.encode()):
        raise ArgumentError("secret", "another one", "that of this worker")


def _job_of(asked: Message) -> Callable[..., None]:
    from epool_viz.models.jobs import JOBS

    name = asked.about.get("job")
    if asked.kind != "job" or name not in JOBS:
        raise ArgumentError("job", repr(name), f"one of {', '.join(JOBS)}")
    return JOBS[name]


def _listen(client: socket.socket, cancel: threading.Event, worker: int) -> None:
    """Receive "stop"; end this process once the client or the worker has ended."""
    while os.getppid() == worker:
        if not select.select([client], [], [], 0.5)[0]:
            continue
        try:
            message = receive(client, most_json=1024, most_arrays=0)
        except (OSError, EpoolError):
            message = None
        if message is None:
            break
        cancel.set()
    os._exit(0)


def _end_with(lease: int) -> None:
    """Let the system end this process with its lease at any moment: loading torch takes seconds."""
    fcntl.fcntl(lease, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lease, fcntl.F_SETFL, fcntl.fcntl(lease, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lease], [], [], 0)[0]:
        sys.exit(0)


def _take_all_memory() -> None:
    """Lift the memory limit of the kernel that started this process, if one did: training needs more than a page."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def main() -> Any:
    """Listen, load, and serve."""
    _take_all_memory()
    logging.basicConfig(format="epool_viz worker: %(message)s")
    lease = sys.stdin.fileno()
    address = Address.parse(os.environ.pop(VARIABLE, ""))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes the lease
    _end_with(lease)
    os.nice(NICE)
    listener = address.listen()  # a client that connects while torch is loading waits
    begun = time.monotonic()
    preload()
    if n_threads() > 1:
        logger.warning("%d threads after loading: jobs may fail", n_threads())
    logger.info("ready after %.1f s", time.monotonic() - begun)
    gc.collect()
    gc.freeze()  # else every job's first collection would copy what it shares
    serve(address, listener, lease)


if __name__ == "__main__":
    main()
