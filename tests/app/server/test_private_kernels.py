"""Nobody else on this machine hears what a kernel tells its page, nor finds it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import zmq

from epool_viz.app.server import fork_server, kernels
from epool_viz.app.server.kernels import LONGEST_PATH, SeatedKernelManager, private_folder
from tests.app.notebook_files import write_notebook
from tests.browser.server import Server, serving, wait_for

PAGE = "/voila/render/tell.ipynb"
TELL = "import os; print('SAID', os.getpid())"
NOBODY = 65534
LISTEN = """\
import json, os, socket, sys
import zmq, zmq.utils.monitor
user, folder, paths = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
if user:
    os.setgroups([]), os.setgid(user), os.setuid(user)
def tried(act):
    try:
        return act() or "open"
    except OSError as error:
        return type(error).__name__
def read(path):
    with open(path) as file:
        file.read()
def join(path):
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(path)
def hear(path):
    with zmq.Context() as context, context.socket(zmq.SUB) as ear:
        ear.subscribe(b"")
        monitor = ear.get_monitor_socket(zmq.EVENT_CONNECTED | zmq.EVENT_CONNECT_RETRIED)
        ear.connect("ipc://" + path)
        event = zmq.utils.monitor.recv_monitor_message(monitor)["event"] if monitor.poll(5000) else 0
        ear.disable_monitor()
        return "heard" if event == zmq.EVENT_CONNECTED else "deaf"
files = [path for path in paths if path.endswith(".json")]
ends = [path for path in paths if not path.endswith(".json")]
print(json.dumps({
    "list": tried(lambda: os.listdir(folder) and None),
    "read": sorted({tried(lambda: read(path)) for path in files}),
    "join": sorted({tried(lambda: join(path)) for path in ends}),
    "hear": sorted({hear(path) for path in ends}),
}))
"""

pytestmark = pytest.mark.skipif(not zmq.has("ipc"), reason="this system has no sockets with a path")
as_another = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can try it as another user"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("private")
    write_notebook(folder / "notebooks" / "tell.ipynb", TELL)
    with serving(folder, "--notebooks", str(folder / "notebooks"), "--pool-size", "0") as running:
        yield running


def kernel_of(server: Server) -> tuple[psutil.Process, str, str]:
    """A new kernel: its process, its id, and the way to its sockets without their numbers."""
    page = server.ask(PAGE).text
    process = psutil.Process(int(re.search(r"SAID (\d+)", page)[1]))  # type: ignore[index]
    kernel_id = re.search(r'"kernelId": "([\w-]+)"', page)[1]  # type: ignore[index]
    (path,) = {each.laddr[:-2] for each in process.net_connections(kind="unix") if "kernel-" in str(each.laddr)}
    return process, kernel_id, path


def tried_by(user: int, path: str) -> dict[str, Any]:
    """What this user can do with the files of a kernel."""
    paths = [f"{path}.json", *(f"{path}-{number}" for number in range(1, 6))]
    command = [sys.executable, "-c", LISTEN, str(user), str(Path(path).parent), json.dumps(paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def end(process: psutil.Process) -> None:
    process.kill()
    wait_for(lambda: not process.is_running() or process.status() == "zombie", seconds=10, what="its end")


def ports_of(process: psutil.Process) -> list[int]:
    """The ports at which a process listens."""
    return [c.laddr.port for c in process.net_connections(kind="inet") if c.status == psutil.CONN_LISTEN]


def test_no_channel_of_a_kernel_is_a_port(server: Server) -> None:
    process, _, path = kernel_of(server)
    ears = [each.laddr for each in process.net_connections(kind="unix") if str(each.laddr).startswith(path)]
    assert set(ears) == {f"{path}-{number}" for number in range(1, 6)}
    assert len(ports_of(process)) <= 1, "ipykernel's own pipe, into which children of the kernel speak and none hears"
    assert json.loads(Path(f"{path}.json").read_text())["transport"] == "ipc"
    folder = Path(path).parent.stat()
    assert stat.S_IMODE(folder.st_mode) & 0o077 == 0
    assert folder.st_uid == os.getuid()
    assert stat.S_IMODE(Path(f"{path}.json").stat().st_mode) == 0o600


@as_another
def test_another_user_of_this_machine_hears_nothing(server: Server) -> None:
    _, _, path = kernel_of(server)
    assert tried_by(0, path) == {"list": "open", "read": ["open"], "join": ["open"], "hear": ["heard"]}
    shut = ["PermissionError"]
    assert tried_by(NOBODY, path) == {"list": shut[0], "read": shut, "join": shut, "hear": ["deaf"]}


@pytest.mark.skipif(not fork_server.CAN_FORK, reason="no fork to be had on this system")
def test_neither_a_fork_nor_a_kernel_started_by_itself_tells_its_id(tmp_path: Path) -> None:
    write_notebook(tmp_path / "notebooks" / "tell.ipynb", TELL)
    with serving(tmp_path, "--notebooks", str(tmp_path / "notebooks"), "--pool-size", "0") as server:
        ways = set()
        for is_gone in (False, True):
            if is_gone:
                end(server.fork_server())
            process, kernel_id, path = kernel_of(server)
            ways.add(process.ppid() == server.process.pid)
            assert len(ports_of(process)) <= 1
            seen = [*process.cmdline(), process.name(), path]
            assert not any(kernel_id in each for each in seen), "by its id alone anybody could speak with it"
            assert any(kernel_id[:8] in each for each in seen)
        assert ways == {False, True}


def test_sockets_go_with_their_kernel(server: Server) -> None:
    process, kernel_id, path = kernel_of(server)
    assert len(list(Path(path).parent.glob(f"{Path(path).name}*"))) == 6
    server.ask(f"/voila/api/shutdown/{kernel_id}", "POST", {"Origin": server.address})
    wait_for(lambda: not process.is_running(), seconds=10, what="the end of the kernel")
    wait_for(lambda: not list(Path(path).parent.glob(f"{Path(path).name}*")), seconds=10, what="its files to go")


def test_a_temporary_folder_with_a_long_name_is_passed_by(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert private_folder() == "/tmp"
    assert len(f"{private_folder()}/voila_12345678/kernel-12345678-1") <= LONGEST_PATH
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert private_folder() == str(long), "then its ports are encrypted"


@pytest.mark.skipif(not zmq.has("curve"), reason="this libzmq cannot encrypt")
def test_without_such_sockets_what_goes_through_ports_is_encrypted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kernels, "LONGEST_PATH", 3)

    async def story() -> dict[str, Any]:
        manager = SeatedKernelManager(connection_dir=str(tmp_path), kernel_spec_manager=kernels.ThisPython())
        kernel_id = await manager.start_kernel()
        told: dict[str, Any] = manager.get_kernel(kernel_id).get_connection_info()
        client = manager.get_kernel(kernel_id).client()
        client.start_channels()
        await client.wait_for_ready(timeout=60)
        client.stop_channels()
        await manager.shutdown_kernel(kernel_id)
        return told

    told = asyncio.run(story())
    assert told["transport"] == "tcp"
    assert len(told["curve_secretkey"]) == 40
