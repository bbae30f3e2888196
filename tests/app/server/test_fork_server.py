"""Kernels that are forks: each is its own, none outlives its server, and without a fork server all goes on."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import signal
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from epool_viz.app.server import fork_server
from tests.app.notebook_files import write_notebook
from tests.browser.server import Server, serving, wait_for

pytestmark = pytest.mark.skipif(not fork_server.CAN_FORK, reason="no fork to be had on this system")

PAGE = "/voila/render/tell.ipynb"
TELL = """\
import base64, json, os, random, sys, ipywidgets, numpy as np
from importlib.util import find_spec
said = {
    "pid": os.getpid(), "parent": os.getppid(), "session": os.getsid(0), "folder": os.getcwd(),
    "random": random.random(), "numpy": np.random.random(), "variable": os.environ.get("EPOOL_TEST"),
    "loaded": [name for name in ("epool_viz.panels.e_step.view", "torch") if name in sys.modules],
    "plotly": "plotly.offline" in sys.modules,
    "answered": sorted(get_ipython().kernel.comm_manager.targets),
    "shadow": find_spec("shadow") is not None, "threads_of_blas": os.environ.get("OPENBLAS_NUM_THREADS"),
}
print("SAID" + base64.b16encode(json.dumps(said).encode()).decode())
"""
BREAK = """\
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name in {names!r}:
            raise RuntimeError("it is broken")
sys.meta_path.insert(0, Finder())
"""
WIDGETS = ["jupyter.widget", "jupyter.widget.control"]  # what a page opens towards Python
STRANGE = "ä\n= \\"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("tell")
    (folder / "shadow.py").write_text("")  # of the folder where the server was started, from which no kernel imports
    write_notebook(folder / "notebooks" / "tell.ipynb", TELL)
    arguments = ("--notebooks", str(folder / "notebooks"), "--pool-size", "0")
    with serving(folder, *arguments, environment=os.environ | {"EPOOL_TEST": STRANGE}) as running:
        yield running


def told(server: Server) -> dict[str, Any]:
    page = server.ask(PAGE).text
    found = re.search("SAID([0-9A-F]+)", page)
    assert found, page
    said: dict[str, Any] = json.loads(base64.b16decode(found[1]))
    return said


def test_a_kernel_is_a_fork_that_has_the_views_and_no_torch(server: Server) -> None:
    said = told(server)
    assert said["parent"] == server.fork_server().pid
    assert said["loaded"] == ["epool_viz.panels.e_step.view"]
    assert said["session"] == said["pid"], "a signal to its group reaches nobody else"


def test_what_one_dashboard_needs_is_loaded_for_all_while_nobody_asks(server: Server) -> None:
    def plotly() -> bool:
        said = told(server)
        assert said["parent"] == server.fork_server().pid, "loading it ended the fork server"
        assert said["loaded"] == ["epool_viz.panels.e_step.view"]
        loaded: bool = said["plotly"]
        return loaded

    wait_for(plotly, seconds=30, what="the last of what is loaded later")
    assert server.fork_server().num_threads() == 1


def test_a_kernel_has_the_servers_environment_and_its_own_folder(server: Server) -> None:
    said = told(server)
    assert said["variable"] == STRANGE
    assert said["threads_of_blas"] == os.environ.get("OPENBLAS_NUM_THREADS")
    assert Path(said["folder"]).name.startswith("epool_viz_")
    assert not said["shadow"]


def test_a_kernel_answers_a_page_that_asks_for_its_widgets(server: Server) -> None:
    assert told(server)["answered"] == WIDGETS


def test_two_kernels_draw_different_numbers(server: Server) -> None:
    one, other = told(server), told(server)
    assert one["pid"] != other["pid"]
    assert one["random"] != other["random"]
    assert one["numpy"] != other["numpy"]


def test_the_fork_server_has_one_thread_and_reaps_its_dead(server: Server) -> None:
    victim = psutil.Process(told(server)["pid"])
    parent = server.fork_server()
    assert parent.num_threads() == 1
    victim.kill()
    wait_for(lambda: not victim.is_running(), seconds=10, what="the end of a killed kernel")


def test_kernels_and_fork_server_end_with_a_server_that_is_killed(tmp_path: Path) -> None:
    write_notebook(tmp_path / "notebooks" / "tell.ipynb", TELL)
    with serving(tmp_path, "--notebooks", str(tmp_path / "notebooks"), "--pool-size", "0", calm=False) as server:
        told(server)
        left = [server.fork_server(), *server.kernels()]
        assert len(left) == 2
        server.process.kill()
        server.process.wait()
        _, alive = psutil.wait_procs(left, timeout=20)
        assert not alive


def test_without_its_fork_server_a_server_starts_kernels_by_themselves(tmp_path: Path) -> None:
    write_notebook(tmp_path / "notebooks" / "tell.ipynb", TELL)
    with serving(tmp_path, "--notebooks", str(tmp_path / "notebooks"), "--pool-size", "0") as server:
        parent = server.fork_server()
        parent.kill()
        wait_for(lambda: not parent.is_running() or parent.status() == "zombie", seconds=10, what="its end")
        said = told(server)
        assert said["parent"] == server.process.pid
        assert said["answered"] == WIDGETS
        assert "a kernel is started by itself: the fork server is gone" in server.log


async def in_a_fork_server(question: Callable[[fork_server.ForkServer], Coroutine[Any, Any, Any]]) -> Any:
    asked = fork_server.ForkServer()
    asked.start()
    try:
        return await question(asked)
    finally:
        asked.stop()


async def until(condition: Callable[[], Any]) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("not within 20 s")


def test_a_fork_tells_how_it_ended(tmp_path: Path) -> None:
    async def status(asked: fork_server.ForkServer) -> int | None:
        forked = await asked.fork(["-f", str(tmp_path / "connection.json")], dict(os.environ), None)
        assert forked.poll() is None
        forked.kill()
        await until(lambda: forked.poll() is not None)
        forked.kill()  # of one that has ended: nothing
        return forked.wait()

    assert asyncio.run(in_a_fork_server(status)) == -signal.SIGKILL


def test_a_fork_that_nobody_waits_for_ends(tmp_path: Path) -> None:
    async def left(asked: fork_server.ForkServer) -> None:
        asking = asyncio.create_task(asked.fork(["-f", str(tmp_path / "connection.json")], dict(os.environ), None))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asking.cancel()
        await until(lambda: -signal.SIGKILL in asked._ended.values())

    asyncio.run(in_a_fork_server(left))


def test_what_cannot_be_imported_is_told_once_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = fork_server.PRELOADED[-1], fork_server.PRELOADED_LATER[1]
    (tmp_path / "sitecustomize.py").write_text(BREAK.format(names=broken))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    told = ""

    def are_told() -> bool:
        nonlocal told
        told += capfd.readouterr().err
        return all(name in told for name in broken)

    async def forked(asked: fork_server.ForkServer) -> None:
        await until(are_told)
        kernel = await asked.fork(["-f", str(tmp_path / "connection.json")], dict(os.environ), None)
        assert kernel.poll() is None
        kernel.kill()

    asyncio.run(in_a_fork_server(forked))
    are_told()
    lines = [line for line in told.splitlines() if line.startswith("epool_viz: ")]
    assert lines == [f"epool_viz: kernels begin without {name}: RuntimeError: it is broken" for name in broken]


def test_a_fork_server_that_is_gone_refuses() -> None:
    with pytest.raises(fork_server.ForkServerError, match="gone"):
        asyncio.run(fork_server.ForkServer().fork([], {}, None))
