"""What a visitor can reach, and what the person who started the server sees."""

from __future__ import annotations

import asyncio
import http.client
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import urlsplit

import pytest
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError
from voila.handler import BaseVoilaHandler

from epool_viz.app.server import settings
from epool_viz.app.server.voila import DashboardHandler, DashboardServer
from epool_viz.errors import ArgumentError
from epool_viz.jobs.address import IS_POSSIBLE
from tests.app.notebook_files import BROKEN, BROKEN_HANDLER, write_notebook
from tests.app.visitor import kernel_of, value_of, visiting
from tests.browser.server import Server, command, serving, stop, wait_for

PAGE = "/voila/render/button.ipynb"
ELSEWHERE = re.compile(r"""(?:src|href|url)\s*[=(]\s*["']?\s*(?:https?:)?//[^"'\s)]+""")


def give_back(server: Server, page: str, **headers: str) -> int:
    return server.ask(f"/voila/api/shutdown/{kernel_of(page)}", "POST", headers).status


def test_page_carries_the_result_and_neither_source_nor_foreign_address(small_server: Server) -> None:
    page = small_server.ask(PAGE)
    assert page.status == 200
    assert "application/vnd.jupyter.widget-view+json" in page.text
    assert '<html lang="en">' in page.text
    assert "<title>The button · epool_viz</title>" in page.text
    assert '<main id="rendered_cells"' in page.text
    assert "on_click" not in page.text
    assert not ELSEWHERE.findall(page.text)
    assert give_back(small_server, page.text, Origin=small_server.address) == 204


def test_wait_screen_is_there_before_a_kernel_is(small_server: Server) -> None:
    small = small_server.ask(PAGE).text
    fork_server = small_server.fork_server()
    fork_server.suspend()  # no kernel can be had now
    try:
        connection = http.client.HTTPConnection(urlsplit(small_server.address).netloc, timeout=20)
        connection.request("GET", PAGE)
        answer = connection.getresponse()
        begun = b""
        while b'<main id="rendered_cells"' not in begun:
            begun += answer.read1()
        assert b"</svg>" in begun, "the picture of the wait screen"
        assert b"requestAnimationFrame" in begun, "and what moves it"
    finally:
        fork_server.resume()
    whole = (begun + answer.read()).decode()
    connection.close()
    for page in (small, whole):
        assert give_back(small_server, page, Origin=small_server.address) == 204
    small_server.assert_calm()
    assert re.sub(r"[0-9a-f]{8}-[-0-9a-f]{27}|[0-9a-f]{32}", "ID", whole) == re.sub(
        r"[0-9a-f]{8}-[-0-9a-f]{27}|[0-9a-f]{32}", "ID", small
    )
    for once in ("<!DOCTYPE html>", '<main id="rendered_cells"', 'id="jupyter-config-data"', "</html>"):
        assert whole.count(once) == 1


def test_page_that_goes_while_its_connection_opens_is_no_exception(small_notebooks: Path, tmp_path: Path) -> None:
    with serving(tmp_path, "--notebooks", str(small_notebooks), "--pool-size", "0") as server:
        kernel_id = kernel_of(server.ask(PAGE).text)
        kernel = server.kernel(kernel_id)
        kernel.suspend()  # the server asks it who it is before it lets the page in
        host, port = urlsplit(server.address).netloc.split(":")
        asked = [
            f"GET /api/kernels/{kernel_id}/channels?session_id=x HTTP/1.1",
            f"Host: {host}:{port}",
            f"Origin: {server.address}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ]
        with socket.create_connection((host, int(port))) as page:
            page.sendall("\r\n".join([*asked, "", ""]).encode())
            page.settimeout(0.5)
            with pytest.raises(TimeoutError):
                page.recv(1)
        kernel.resume()
        assert server.ask(PAGE).status == 200, "and the server goes on"


def test_foreign_address_check_can_go_red() -> None:
    assert ELSEWHERE.findall('<link href="https://cdn.example/font.css"> <script src=//cdn.example/x.js></script>')
    assert not ELSEWHERE.findall('<link href="/voila/static/x.css"> <svg xmlns="http://www.w3.org/2000/svg">')


@pytest.mark.parametrize(
    "path",
    [
        "/voila/render/lessons/other.ipynb",
        "/voila/render/lessons/private.txt",
        "/voila/render/lessons/../private.txt",
        "/voila/render/first.ipynb",
        "/voila/render/private.txt",
        "/voila/render/../small/private.txt",
        "/voila/render/%2e%2e/private.txt",
        "/voila/render/",
        "/voila/files/private.txt",
        "/voila/files/picture.svg",
        "/voila/files/button.ipynb",
        "/voila/tree",
        "/voila/tree/lessons",
        "/voila/api/contents/",
        "/voila/templates/epool_viz",
        "/voila/templates/epool_viz/static/../index.html.j2",
        "/voila/templates/..%2f/static/x",
        "/voila/static/../app.py",
        "/api/kernels",
        "/api/contents",
        "/api/terminals",
        "/api/sessions",
        "/login",
        "/button.ipynb",
        "/nonsense",
    ],
)
def test_nothing_else_is_reachable(small_server: Server, path: str, small_notebooks: Path) -> None:
    answer = small_server.ask(path)
    assert answer.status in {403, 404}
    assert "private" not in answer.text
    assert str(small_notebooks) not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_no_other_method_makes_a_kernel(small_server: Server, method: str) -> None:
    assert small_server.ask("/api/kernels", method).status in {403, 404, 405}
    assert small_server.ask(PAGE, method).status in {403, 405}


def test_missing_page_says_what_to_do(small_server: Server) -> None:
    answer = small_server.ask("/nonsense")
    assert answer.status == 404
    assert "There is no page at this address" in answer.text
    assert '<a href="/">the dashboards</a>' in answer.text
    assert not ELSEWHERE.findall(answer.text)


def test_a_lesson_is_a_page_and_none_waits(small_server: Server) -> None:
    before = len(small_server.kernels())
    page = small_server.ask("/voila/render/lessons/first.ipynb")
    assert page.status == 200
    assert "<title>First · epool_viz</title>" in page.text
    assert len(small_server.kernels()) == before + 1
    give_back(small_server, page.text, Origin=small_server.address)


def test_list_names_the_dashboards_and_no_lesson(small_server: Server) -> None:
    answer = small_server.ask("/")
    assert '<a href="/voila/render/button.ipynb">The button</a>' in answer.text
    assert '<a href="/voila/render/second_one.ipynb">Second one</a>' in answer.text
    assert "first" not in answer.text


def test_query_chooses_neither_template_nor_theme(small_server: Server) -> None:
    page = small_server.ask(PAGE + "?template=reveal&theme=dark&voila-template=lab")
    assert "· epool_viz</title>" in page.text
    assert 'data-jp-theme-name="JupyterLab Light"' in page.text
    give_back(small_server, page.text, Origin=small_server.address)


def test_stranger_names_are_refused_on_loopback(small_server: Server) -> None:
    answer = small_server.ask("/", headers={"Host": "rebound.example"})
    assert answer.status == 403
    assert "This server answers only under its own address" in answer.text


def test_kernel_is_given_back_by_its_page_only(small_server: Server) -> None:
    page = small_server.ask(PAGE).text
    assert give_back(small_server, page) == 403
    assert give_back(small_server, page, Origin="http://stranger.example") in {403, 404}
    before = len(small_server.kernels())
    assert give_back(small_server, page, Origin=small_server.address) == 204
    wait_for(lambda: len(small_server.kernels()) < before, seconds=10, what="one kernel fewer")
    assert give_back(small_server, page, Origin=small_server.address) == 204


def test_browser_is_told_to_ask_nobody_else(small_server: Server) -> None:
    for path in ("/", "/nonsense"):
        policy = small_server.ask(path).headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "http" not in policy


def test_full_house_asks_to_wait_and_has_room_again(small_notebooks: Path, tmp_path: Path) -> None:
    arguments = ("--notebooks", str(small_notebooks), "--pool-size", "0", "--max-kernels", "1")
    with serving(tmp_path, *arguments) as server:
        first = server.ask(PAGE)
        full = server.ask(PAGE)
        assert (first.status, full.status) == (200, 503)
        assert "All seats are taken just now" in full.text
        assert full.headers["Retry-After"] == "15"
        assert len(server.kernels()) == 1
        give_back(server, first.text, Origin=server.address)
        assert server.ask(PAGE).status == 200


@pytest.mark.parametrize("pool_size", [0, 1])
def test_visitor_who_leaves_early_leaves_no_kernel(tmp_path: Path, pool_size: int) -> None:
    folder = tmp_path / "slow"
    write_notebook(folder / "slow.ipynb", "import time; time.sleep(60)")
    with serving(tmp_path, "--notebooks", str(folder), "--pool-size", str(pool_size)) as server:
        host, port = server.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as visitor:
            visitor.sendall(f"GET /voila/render/slow.ipynb HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            wait_for(lambda: len(server.kernels()) > pool_size, seconds=30, what="the visitor's kernel")
        wait_for(lambda: len(server.kernels()) <= pool_size, seconds=20, what="the visitor's kernel to end")


def test_waiting_kernel_is_used_whatever_the_query(small_notebooks: Path, tmp_path: Path) -> None:
    folder = tmp_path / "one"
    write_notebook(folder / "only.ipynb", "6 * 7")
    with serving(tmp_path, "--notebooks", str(folder), "--verbose") as server:
        wait_for(lambda: "pool of only.ipynb is filled" in server.log, seconds=30, what="a kernel that waits")
        assert server.ask("/").status == 302
        assert "42" in server.ask("/voila/render/only.ipynb?theme=dark&state=abc").text
        assert "Using pre-heated kernel" in server.log


def test_a_class_waits_for_the_first_dashboard_and_one_visitor_for_each_other(
    small_notebooks: Path, tmp_path: Path
) -> None:
    with serving(tmp_path, "--notebooks", str(small_notebooks), "--pool-size", "3", "--verbose") as server:
        for name in ("button", "second_one"):
            wait_for(
                lambda name=name: f"pool of {name}.ipynb is filled" in server.log, seconds=30, what=f"{name}'s pool"
            )
        assert len(server.kernels()) == 4


def test_kernels_wait_again_after_a_rush(small_notebooks: Path, tmp_path: Path) -> None:
    folder = tmp_path / "one"
    write_notebook(folder / "only.ipynb", "6 * 7")
    arguments = ("--notebooks", str(folder), "--pool-size", "1", "--max-kernels", "2", "--verbose")
    with serving(tmp_path, *arguments) as server:
        with ThreadPoolExecutor(4) as visitors:
            pages = list(visitors.map(lambda _: server.ask("/voila/render/only.ipynb"), range(4)))
        assert sorted(page.status for page in pages) == [200, 200, 503, 503]
        for page in pages:
            if page.status == 200:
                give_back(server, page.text, Origin=server.address)
        wait_for(lambda: len(server.kernels()) == 1, seconds=40, what="a kernel that waits again")
        used = server.log.count("Using pre-heated kernel")
        assert server.ask("/voila/render/only.ipynb").status == 200
        assert server.log.count("Using pre-heated kernel") == used + 1


@pytest.fixture(scope="module")
def broken_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Notebooks with defects, whose tracebacks stand in the log."""
    folder = tmp_path_factory.mktemp("defects")
    write_notebook(folder / "broken" / "broken.ipynb", BROKEN)
    write_notebook(folder / "broken" / "handler.ipynb", BROKEN_HANDLER)
    with serving(folder, "--notebooks", str(folder / "broken"), "--pool-size", "0", calm=False) as server:
        yield server


def test_broken_notebook_shows_no_traceback_and_logs_it(broken_server: Server) -> None:
    before = len(broken_server.log)
    page = broken_server.ask("/voila/render/broken.ipynb").text
    assert "Reload the page. If it happens again, the log of the server has the reason." in page
    assert "ZeroDivisionError" not in page
    assert "secret_of_the_author" not in page
    assert "ZeroDivisionError" in broken_server.log[before:]


def test_defect_in_a_handler_stands_in_the_log_under_the_number_that_the_page_shows(broken_server: Server) -> None:
    async def number() -> str:
        async with visiting(broken_server, path="/voila/render/handler.ipynb") as visitor:
            button, said = re.search(r"IDS (\w+) (\w+)", visitor.page).groups()  # type: ignore[union-attr]
            await visitor.press(button)
            sentence = await visitor.heard(value_of(said))
            return re.search(r"error (\w{8})", sentence)[1]  # type: ignore[index]

    before = len(broken_server.log)
    shown = asyncio.run(number())
    wait_for(lambda: "ZeroDivisionError" in broken_server.log[before:], seconds=10, what="the traceback")
    line = f"epool_viz kernel: a handler of a dashboard failed; the page shows error {shown}\n"
    assert line in broken_server.log[before:]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["at once", "with a kernel starting", "with a page being drawn"])
def test_end_is_clean_at_any_moment(tmp_path: Path, moment: str, by: signal.Signals) -> None:
    folder = tmp_path / "slow"
    write_notebook(folder / "slow.ipynb", "import time; time.sleep(60)")
    with serving(tmp_path, "--notebooks", str(folder), "--verbose") as server:
        if moment != "at once":
            wait_for(server.kernels, seconds=30, what="a kernel that waits")
        if moment == "with a page being drawn":
            wait_for(lambda: "pool of slow.ipynb is filled" in server.log, seconds=30, what="a kernel that waits")
        stop(server, by)


@pytest.mark.parametrize("seconds", [0.0, 1.0, 2.0])
def test_end_is_clean_while_a_page_of_every_dashboard_is_being_rendered(tmp_path: Path, seconds: float) -> None:
    with serving(tmp_path) as server:
        wait_for(lambda: len(server.kernels()) == 7, seconds=60, what="a kernel of each dashboard")
        time.sleep(seconds)
        stop(server)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.02])
def test_a_second_signal_changes_nothing(tmp_path: Path, seconds: float) -> None:
    """Such as `timeout` sends: to the process and to its group."""
    write_notebook(tmp_path / "slow" / "slow.ipynb", "import time; time.sleep(60)")
    with serving(tmp_path, "--notebooks", str(tmp_path / "slow")) as server:
        wait_for(server.kernels, seconds=30, what="a kernel that waits")
        server.process.send_signal(signal.SIGTERM)
        time.sleep(seconds)
        stop(server, signal.SIGTERM)


@pytest.mark.skipif(not IS_POSSIBLE, reason="there is no worker on this system")
def test_worker_is_started_again_and_ends_with_its_server(tmp_path: Path) -> None:
    with serving(tmp_path, "--pool-size", "0") as server:
        first = wait_for(server.worker, seconds=10, what="the worker")
        first.kill()
        second = wait_for(
            lambda: found if (found := server.worker()) != first else None, seconds=15, what="another worker"
        )
        stop(server)
        assert not second.is_running()


@pytest.mark.skipif(not IS_POSSIBLE, reason="there is no worker on this system")
def test_worker_ends_with_a_server_that_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path, "--pool-size", "0") as server:
        worker = wait_for(server.worker, seconds=10, what="the worker")
        server.process.kill()
        server.process.wait()
        wait_for(lambda: not worker.is_running(), seconds=5, what="the worker to end")


def test_dashboards_of_somebody_else_start_no_worker(small_server: Server) -> None:
    small_server.ask(PAGE)
    assert small_server.worker() is None


def test_prints_one_line_on_loopback_and_a_warning_elsewhere(small_notebooks: Path, tmp_path: Path) -> None:
    arguments = ("--notebooks", str(small_notebooks), "--pool-size", "0")
    with serving(tmp_path, *arguments) as server:
        assert re.fullmatch(r"epool_viz: http://127\.0\.0\.1:\d+/ \(Ctrl-C stops it\)\n", server.log)
    with serving(tmp_path, *arguments, "--host", "0.0.0.0") as server:
        assert server.log.startswith("Warning: everybody who can reach this machine")


def test_taken_port_is_said_in_one_line(small_notebooks: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        arguments = ("--no-browser", "--notebooks", str(small_notebooks), "--port", port)
        done = subprocess.run(command("app", *arguments), capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert done.stderr.startswith(f"epool-viz: `--port` is {port} (")
    assert done.stderr.count("\n") == 1


def test_any_free_port_serves_when_none_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from epool_viz.app.server.start import open_socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(settings, "PORT", taken.getsockname()[1])
        with open_socket("127.0.0.1", None) as opened:
            assert opened.getsockname()[1] not in {0, settings.PORT}


def test_unknown_host_is_named() -> None:
    from epool_viz.app.server.start import open_socket

    with pytest.raises(ArgumentError, match=r"`--host` is 203\.0\.113\.7 .*an address or name of this machine"):
        open_socket("203.0.113.7", None)


def test_folder_without_dashboards_is_named(tmp_path: Path) -> None:
    from epool_viz.app.server.start import serve

    with pytest.raises(ArgumentError, match=r"holds no notebook; accepted: a folder with \*\.ipynb files"):
        serve(notebooks=tmp_path)


@pytest.mark.parametrize(
    ("exception", "said"),
    [
        (WebSocketClosedError(), "a page closed while something was on its way to it"),
        (StreamClosedError(), "a page closed while something was on its way to it"),
        (asyncio.CancelledError(), "the server stopped, or a page went, while something was waited for"),
        (ZeroDivisionError("a defect"), None),
    ],
)
def test_a_page_that_closes_is_no_exception_and_a_defect_is_one(exception, said):
    server, loop = Mock(), Mock()
    DashboardServer._note_lost_exception(server, loop, {"exception": exception})
    assert [call.args[0] for call in server.log.info.call_args_list] == ([said] if said else [])
    assert loop.default_exception_handler.called == (said is None)


@pytest.mark.parametrize(("is_begun", "is_over"), [(True, False), (True, True), (False, False)])
def test_error_after_the_wait_screen_ends_the_page_and_says_nothing_twice(
    is_begun: bool, is_over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(BaseVoilaHandler, "send_error", lambda _, status, **__: sent.append(status))
    handler = DashboardHandler.__new__(DashboardHandler)
    handler.is_begun, handler.is_finished = is_begun, is_over
    monkeypatch.setattr(handler, "finish", lambda: sent.append(0))
    handler.send_error(500)
    assert sent == ([500] if not is_begun else [] if is_over else [0])


def test_a_waiting_kernel_that_dies_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    write_notebook(folder / "only.ipynb", "6 * 7")
    with serving(tmp_path, "--notebooks", str(folder), "--verbose") as server:
        (victim,) = wait_for(server.kernels, seconds=30, what="a kernel that waits")
        wait_for(lambda: "pool of only.ipynb is filled" in server.log, seconds=30, what="its page")
        dead = victim.name()  # a fork is called by the first letters of its kernel's id
        victim.kill()
        wait_for(
            lambda: server.log.count("pool of only.ipynb is filled") > 1, seconds=60, what="another one that waits"
        )
        page = server.ask("/voila/render/only.ipynb")
        assert "42" in page.text
        assert not f"kernel-{kernel_of(page.text)}".startswith(dead)
