"""The same page through somebody's Jupyter server, as on Binder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.browser.server import Server, wait_for
from tests.browser.test_e_step import move_m, peak_trace, ready, wait_until_pooled
from tests.patience import allowed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.watch import Watch

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def extension_server(tmp_path: Path) -> Iterator[Server]:
    """`binder/start`, with the environment that runs the tests in place of the image's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        "--allow-root",
        "--no-browser",
        "--ServerApp.ip=127.0.0.1",
        "--IdentityProvider.token=",
        f"--port={port}",
    ]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    log = tmp_path / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            ["binder/start", sys.executable, "-m", "jupyter_server", *options],
            cwd=ROOT,
            env=os.environ | {"HOME": str(tmp_path), "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, log, f"http://127.0.0.1:{port}")
    try:
        wait_for(lambda: "is running at" in server.log or process.poll(), seconds=40, what="Jupyter's server")
        assert process.poll() is None, server.log
        wait_for(server.worker, seconds=10, what="the worker that binder/start starts")
        yield server
    finally:
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=allowed(30))
        _, alive = psutil.wait_procs(children, timeout=allowed(10))
    assert not alive, f"processes left behind: {alive}"


def test_dashboard_runs_behind_jupyters_own_server(browser: Browser, watch: Watch, extension_server: Server) -> None:
    watch.expected.append("answered 403: " + extension_server.address + "/voila/api/shutdown/")  # culled instead
    with browser.new_context() as context:
        context.add_init_script("try { localStorage.setItem('epool-depth', 'expert') } catch {}")
        page = context.new_page()
        watch.over(page)
        page.goto(f"{extension_server.address}/epool_viz")
        page.locator("[data-ep-landing] svg").wait_for()
        page.get_by_role("link", name="Where is the site").click()
        page.locator("#rendered_cells .jupyter-widgets").first.wait_for()
        assert page.title() == "One E-step · epool_viz"
        ready(page)
        page.locator("#loading").wait_for(state="detached")
        assert page.get_by_role("banner").get_by_role("button", name="Settings").is_visible()
        home = page.get_by_role("banner").get_by_role("link", name="epool_viz")
        assert home.evaluate("e => e.href") == f"{extension_server.address}/epool_viz", (
            "the name leads to the first page"
        )
        m = move_m(page, "PageUp")
        wait_until_pooled(page, float(peak_trace(m=m).pooled))
        page.get_by_role("button", name="Take away").click()
        with page.expect_download() as download:
            page.get_by_role("button", name="Every window, CSV").click()  # made by Python
        assert f"{float(peak_trace(m=m).weights.max())!r}" in download.value.path().read_text()
        page.goto("about:blank")
    watch.assert_calm()
