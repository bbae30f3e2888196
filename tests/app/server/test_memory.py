"""What a kernel may have of the machine's memory, and what its visitor sees when that is not enough."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from epool_viz.app.server.start import serve
from epool_viz.errors import ArgumentError
from epool_viz.panels.shared.handlers import TOO_LARGE
from tests.app.notebook_files import write_notebook
from tests.app.visitor import value_of, visiting
from tests.browser.server import Server, serving, wait_for

PAGE = "/voila/render/hungry.ipynb"
HUNGRY = """\
import os, ipywidgets, numpy as np
from epool_viz.panels.shared.handlers import Guard
said, done = ipywidgets.Label(), ipywidgets.Label()
guard = Guard(lambda sentence: setattr(said, "value", sentence or "well"))
take, small = ipywidgets.Button(), ipywidgets.Button()
take.on_click(guard(lambda _: np.ones(100_000_000)))
small.on_click(guard(lambda _: setattr(done, "value", f"{np.ones(10_000_000).sum():.0f}")))
print("TAKE", take.model_id, "SMALL", small.model_id, "SAID", said.model_id, "DONE", done.model_id, "PID", os.getpid())
"""
MEMORY = 500  # megabytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of another process")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("hungry")
    write_notebook(folder / "notebooks" / "hungry.ipynb", HUNGRY)
    arguments = ("--notebooks", str(folder / "notebooks"), "--pool-size", "0", "--kernel-memory", str(MEMORY))
    with serving(folder, *arguments) as running:
        yield running


def named(page: str, name: str) -> str:
    found = re.search(rf"{name} (\w+)", page)
    assert found, page
    return found[1]


def test_a_handler_that_wants_too_much_is_told_and_the_kernel_lives(server: Server) -> None:
    async def story() -> None:
        async with visiting(server, path=PAGE) as visitor:
            take, small, said, done = (named(visitor.page, name) for name in ("TAKE", "SMALL", "SAID", "DONE"))
            await visitor.press(take)
            assert await visitor.heard(value_of(said)) == TOO_LARGE
            await visitor.press(small)
            assert await visitor.heard(value_of(done)) == "10000000"
            assert await visitor.heard(value_of(said)) == "well"

    asyncio.run(story())
    assert "wanted more memory than its kernel may have" in server.log


def limit_of(page: str) -> int:
    return int(psutil.Process(int(named(page, "PID"))).rlimit(psutil.RLIMIT_DATA)[0])


def test_every_kernel_is_limited_whichever_way_it_was_started(server: Server) -> None:
    assert limit_of(server.ask(PAGE).text) == MEMORY * 10**6
    fork_server = server.fork_server()
    fork_server.kill()
    wait_for(lambda: not fork_server.is_running() or fork_server.status() == "zombie", seconds=10, what="its end")
    page = server.ask(PAGE).text
    assert psutil.Process(int(named(page, "PID"))).ppid() == server.process.pid
    assert limit_of(page) == MEMORY * 10**6


def test_no_limit_is_none(tmp_path: Path) -> None:
    write_notebook(tmp_path / "notebooks" / "hungry.ipynb", HUNGRY)
    arguments = ("--notebooks", str(tmp_path / "notebooks"), "--pool-size", "0", "--kernel-memory", "0")
    with serving(tmp_path, *arguments) as server:
        before = psutil.Process().rlimit(psutil.RLIMIT_DATA)[0]
        assert psutil.Process(int(named(server.ask(PAGE).text, "PID"))).rlimit(psutil.RLIMIT_DATA)[0] == before


@pytest.mark.parametrize("memory", [1, 399])
def test_less_memory_than_any_dashboard_needs_is_refused(memory: int) -> None:
    with pytest.raises(ArgumentError, match=rf"`--kernel-memory` is {memory}; accepted: at least 400 megabytes"):
        serve(kernel_memory=memory, open_browser=False)


def test_binder_limits_what_it_starts() -> None:
    root = Path(__file__).resolve().parents[3]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(root)}
    for given, expected in (({}, "1000000"), ({"EPOOL_VIZ_KERNEL_MEMORY": "700"}, "700000")):
        asked = ["bash", str(root / "binder" / "start"), "bash", "-c", "ulimit -S -d; ulimit -H -d"]
        done = subprocess.run(asked, capture_output=True, text=True, check=True, env=environment | given, timeout=60)
        soft, hard = done.stdout.split()
        assert soft == expected, "kilobytes"
        plain = subprocess.run(["bash", "-c", "ulimit -H -d"], capture_output=True, text=True, check=True)
        assert hard == plain.stdout.strip(), "so that what trains can take the limit back"


def test_what_trains_takes_the_limit_of_its_kernel_back() -> None:
    program = """\
import resource
from epool_viz.jobs.worker import _take_all_memory
first = resource.getrlimit(resource.RLIMIT_DATA)
resource.setrlimit(resource.RLIMIT_DATA, (400_000_000, first[1]))
_take_all_memory()
print(resource.getrlimit(resource.RLIMIT_DATA) == (first[1], first[1]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "True"
