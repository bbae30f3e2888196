"""Starts the server: its notebooks, its address, and the messages on the terminal.

A temporary folder holds copies of the dashboards and lessons and nothing else. The server serves only this folder,
which is also the working folder of the kernels.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import shutil
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from epool_viz._slow_imports import defer_iri_parsers
from epool_viz.app.server import settings
from epool_viz.app.server.fork_server import CAN_FORK, ForkServer
from epool_viz.errors import ArgumentError
from epool_viz.jobs.address import VARIABLE
from epool_viz.jobs.process import WorkerProcess, is_wanted

LESSONS = "lessons"


def find_dashboards(folder: Path) -> dict[str, str]:
    """Notebooks that lie in `folder` itself: name of the file -> title, in the order of their metadata."""
    found = sorted(folder.glob("*.ipynb"), key=lambda path: (metadata_of(path).get("order", 100), path.name))
    return {path.name: _title(path) for path in found}


def find_lessons(folder: Path) -> dict[str, str]:
    """Notebooks in `folder/lessons`: address below that of the dashboards -> title, in the order of their metadata."""
    return {f"{LESSONS}/{name}": title for name, title in find_dashboards(folder / LESSONS).items()}


def metadata_of(path: Path) -> dict[str, Any]:
    """Metadata of a notebook: `title`, `description`, `order` among the dashboards."""
    return dict(json.loads(path.read_text(encoding="utf-8")).get("metadata", {}))


def _title(path: Path) -> str:
    return str(metadata_of(path).get("title") or path.stem.replace("_", " ").capitalize())


def open_socket(host: str, port: int | None) -> socket.socket:
    """A socket on `port`, or on 8866 or any free port where none is given.

    Raises
    ------
    ArgumentError
        If the given port is in use, or `host` is no address of this machine.
    """
    for candidate in (settings.PORT, 0) if port is None else (port,):
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            opened = socket.create_server((host, candidate), family=family, backlog=128)
        except OSError as error:
            reason = error.strerror or str(error)
        else:
            opened.setblocking(False)
            return opened
    if port is None:
        raise ArgumentError("--host", f"{host} ({reason})", "an address or name of this machine")
    raise ArgumentError("--port", f"{port} ({reason})", "a free port; leave it out to take any")


def is_loopback(opened: socket.socket) -> bool:
    """True when only programs of this machine can reach the socket."""
    return ipaddress.ip_address(opened.getsockname()[0]).is_loopback


def address_of(host: str, opened: socket.socket) -> str:
    """What to type into a browser."""
    port = opened.getsockname()[1]
    name = socket.gethostname() if host in {"", "0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A temporary folder with the dashboards and lessons of `folder` and nothing else."""
    with tempfile.TemporaryDirectory(prefix="epool_viz_") as name:
        (Path(name) / LESSONS).mkdir()
        for notebook in (*find_dashboards(folder), *find_lessons(folder)):
            shutil.copy(folder / notebook, Path(name) / notebook)
        yield Path(name)


def serve(
    *,
    host: str = settings.HOST,
    port: int | None = None,
    open_browser: bool = True,
    max_kernels: int = settings.MAX_KERNELS,
    pool_size: int = settings.POOL_SIZE,
    kernel_memory: int = settings.KERNEL_MEMORY,
    verbose: bool = False,
    notebooks: Path | None = None,
    sink: Callable[[str], None] = print,
) -> None:
    """Serve the dashboards until Ctrl-C.

    Parameters
    ----------
    host, port : str, int or None
        Where to listen; a port of None tries 8866, then any free one.
    open_browser : bool
        Show the first page in the visitor's browser.
    max_kernels : int
        Visitors at a time; the next one gets a page that says to wait.
    pool_size : int
        Kernels that wait for the first dashboard; for each of the others one does, or none where this is 0.
    kernel_memory : int, megabytes
        Data that each kernel may have, on Linux; 0 is as much as it likes.
    verbose : bool
        Log what the server does.
    notebooks : path or None
        Folder of the dashboards; None is the package's.
    sink : callable
        Gets each line that is for the person who started the server.

    Raises
    ------
    ArgumentError
        If the port is taken, the host unknown, the folder without a dashboard, or the memory too little for any.
    """
    if kernel_memory and kernel_memory < settings.LEAST_KERNEL_MEMORY:
        accepted = f"at least {settings.LEAST_KERNEL_MEMORY} megabytes, or 0 for no limit"
        raise ArgumentError("--kernel-memory", str(kernel_memory), accepted)
    folder = notebooks or settings.notebooks_folder()
    dashboards = find_dashboards(folder)
    if not dashboards:
        raise ArgumentError("notebooks", f"{folder}, which holds no notebook", "a folder with *.ipynb files")
    opened = open_socket(host, port)
    address = address_of(host, opened)
    worker = planned_worker() if notebooks is None else None
    fork_server = started_fork_server()
    defer_iri_parsers()
    from epool_viz.app.server.upstream import find_template_in
    from epool_viz.app.server.voila import DashboardServer, traits_of

    data = settings.jupyter_data(settings.PACKAGE)
    if data is not None:
        find_template_in(data)
    with staged(folder) as root:
        server = DashboardServer.instance(config=traits_of(root, kernel_memory=kernel_memory, verbose=verbose))
        first = next(iter(dashboards))
        server.pool_sizes = {name: pool_size if name == first else min(pool_size, 1) for name in dashboards}
        server.opened, server.dashboards, server.seat_limit = opened, dashboards, max_kernels
        server.lessons = find_lessons(folder)
        server.is_remote, server.fork_server, server.worker = not is_loopback(opened), fork_server, worker
        server.on_ready = lambda: _announce(address, server.is_remote, open_browser, sink)
        try:
            server.initialize([])
            server.start()
        finally:
            DashboardServer.clear_instance()
            if fork_server is not None:
                fork_server.stop()
            if worker is not None:
                worker.end()


def started_fork_server() -> ForkServer | None:
    """The fork server of the kernels; it loads beside the server. None where forks are impossible."""
    if not CAN_FORK:
        return None
    fork_server = ForkServer()
    fork_server.start()
    return fork_server


def planned_worker() -> WorkerProcess | None:
    """The worker that trains for the pages of this server, with its address; None where it cannot run."""
    os.environ.pop(VARIABLE, None)
    if not is_wanted():
        return None
    worker = WorkerProcess()
    os.environ[VARIABLE] = str(worker.address)
    return worker


def _announce(address: str, is_remote: bool, open_browser: bool, sink: Callable[[str], None]) -> None:
    from epool_viz.app.server.kernels import has_provisioner

    if is_remote:
        sink("Warning: everybody who can reach this machine can open the dashboards; there is no password.")
    if not has_provisioner():
        sink("Warning: kernels start slowly and without a memory limit, since epool_viz was installed before it named")
        sink("how they start. Install it again: `make`, or `pip install --editable .`")
    sink(f"epool_viz: {address} (Ctrl-C stops it)")
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
