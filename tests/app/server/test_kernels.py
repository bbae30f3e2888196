"""The ends of kernels, with a clock of their own and no process."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from jupyter_client.kernelspec import KernelSpec, NoSuchKernel
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from tornado.web import HTTPError

from epool_viz.app.server import kernels, start
from epool_viz.app.server.kernels import ForkedProvisioner, SeatedKernelManager, ThisPython, has_provisioner
from tests.app.server.clock import Clock


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def manager(clock: Clock) -> SeatedKernelManager:
    """A real manager with one kernel that is only a name."""
    manager = SeatedKernelManager(clock=clock, abandoned_after=90)
    manager._kernels["k"] = ServerKernelManager()
    manager._kernel_connections["k"] = 0
    return manager


def test_waiting_kernel_is_never_abandoned(manager: SeatedKernelManager, clock: Clock) -> None:
    clock.now = 1e6
    assert manager.quiet_for("k") == 0.0


def test_kernel_is_quiet_from_its_last_page_on(manager: SeatedKernelManager, clock: Clock) -> None:
    manager.give_out("k")
    clock.now = 7.0
    assert manager.quiet_for("k") == 7.0  # sent, not yet connected
    manager.notify_connect("k")
    manager.notify_connect("k")
    clock.now = 50.0
    manager.notify_disconnect("k")
    clock.now = 60.0
    assert manager.quiet_for("k") == 0.0  # a second page still shows it
    manager.notify_disconnect("k")
    clock.now = 75.0
    assert manager.quiet_for("k") == 15.0


@pytest.mark.parametrize(("seconds", "ends"), [(90.0, False), (90.5, True)])
def test_abandoned_kernel_is_ended(
    manager: SeatedKernelManager, clock: Clock, monkeypatch: pytest.MonkeyPatch, seconds: float, ends: bool
) -> None:
    ended: list[str] = []

    async def shutdown_kernel(kernel_id: str) -> None:
        ended.append(kernel_id)

    monkeypatch.setattr(manager, "shutdown_kernel", shutdown_kernel)
    manager.give_out("k")
    clock.now = seconds
    run(manager.cull_kernel_if_idle("k"))
    assert ended == (["k"] if ends else [])


@pytest.mark.parametrize("idle", [1.0, 10_000.0])
def test_a_kernel_that_only_just_starts_is_not_idle(manager: SeatedKernelManager, idle: float) -> None:
    manager.cull_idle_timeout = 5
    starting, kernel = (ServerKernelManager() for _ in range(2))
    kernel.last_activity = datetime.now(UTC) - timedelta(seconds=idle)
    kernel.execution_state = "idle"
    manager._kernels |= {"starting": starting, "k": kernel}
    ended: list[str] = []

    async def shutdown_kernel(kernel_id: str) -> None:
        ended.append(kernel_id)

    manager.shutdown_kernel = shutdown_kernel  # type: ignore[method-assign, assignment]
    for kernel_id in ("starting", "k"):
        run(manager.cull_kernel_if_idle(kernel_id))
    assert ended == (["k"] if idle > 5 else [])


def test_kernel_that_is_asked_twice_ends_once(manager: SeatedKernelManager, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[tuple[str, bool]] = []

    async def shutdown(_: object, kernel_id: str, now: bool) -> None:
        await asyncio.sleep(0)
        ended.append((kernel_id, now))
        del manager._kernels[kernel_id]

    async def story() -> None:
        await asyncio.gather(manager.shutdown_kernel("k"), manager.shutdown_kernel("k", now=False))
        await manager.shutdown_kernel("k")  # gone: nothing to do

    monkeypatch.setattr(AsyncMappingKernelManager, "shutdown_kernel", shutdown)
    run(story())
    assert ended == [("k", True)]


def test_start_that_nobody_waits_for_ends_its_kernel(
    manager: SeatedKernelManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    async def story() -> None:
        begun, may_finish = asyncio.Event(), asyncio.Event()

        async def start(_: object, **kwargs: Any) -> str:
            begun.set()
            await may_finish.wait()
            return "k"

        monkeypatch.setattr(AsyncMappingKernelManager, "start_kernel", start)
        monkeypatch.setattr(manager, "end_soon", ended.append)
        visit = asyncio.ensure_future(manager.start_kernel())
        await begun.wait()
        visit.cancel()
        await asyncio.wait([visit])
        assert ended == []  # a start is never broken off
        may_finish.set()
        await asyncio.wait(manager._starting)
        await asyncio.sleep(0)

    run(story())
    assert ended == ["k"]


def test_closed_manager_starts_nothing() -> None:
    async def story() -> None:
        manager = SeatedKernelManager()
        await manager.close()
        with pytest.raises(HTTPError, match="the server is stopping"):
            await manager.start_kernel()

    run(story())


def test_kernel_is_this_python_whatever_is_installed() -> None:
    specs = ThisPython()
    assert has_provisioner(), "install the package again: its entry points have changed"
    assert list(specs.get_all_specs()) == ["python3"]
    assert specs.get_kernel_spec("python3").argv[0] == sys.executable
    with pytest.raises(NoSuchKernel):
        specs.get_kernel_spec("ir")


def test_no_kernel_is_interrupted_and_any_other_signal_arrives() -> None:
    provisioner = ForkedProvisioner(kernel_id="x", kernel_spec=KernelSpec())
    provisioner.process = Mock()
    run(provisioner.send_signal(signal.SIGINT))
    provisioner.process.send_signal.assert_not_called()
    run(provisioner.send_signal(signal.SIGTERM))
    provisioner.process.send_signal.assert_called_once_with(signal.SIGTERM)


def test_a_package_that_is_not_installed_starts_kernels_as_jupyter_does(monkeypatch: pytest.MonkeyPatch) -> None:
    by = [ThisPython().get_kernel_spec("python3").metadata.get("kernel_provisioner")]
    monkeypatch.setattr(kernels, "has_provisioner", lambda: False)
    by.append(ThisPython().get_kernel_spec("python3").metadata.get("kernel_provisioner"))
    assert by == [{"provisioner_name": "epool_viz"}, None]


def test_a_kernel_that_waits_is_not_culled(manager: SeatedKernelManager, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def cull(_: object, kernel_id: str) -> None:
        asked.append(kernel_id)

    monkeypatch.setattr(AsyncMappingKernelManager, "cull_kernel_if_idle", cull)
    manager.get_kernel("k").last_activity = datetime.now(UTC)
    manager.is_waiting = lambda kernel_id: kernel_id == "k"
    run(manager.cull_kernel_if_idle("k"))
    assert asked == []
    manager.is_waiting = lambda kernel_id: False
    run(manager.cull_kernel_if_idle("k"))
    assert asked == ["k"]


@pytest.mark.parametrize("is_restarted", [False, True])
def test_kernel_has_died_also_when_it_was_started_again(manager: SeatedKernelManager, is_restarted: bool) -> None:
    provisioner = Mock(pid=100)
    provisioner.process.poll.return_value = None
    manager.get_kernel("k").provisioner = provisioner
    assert not manager.has_died("k", 100)
    provisioner.pid += is_restarted
    provisioner.process.poll.return_value = None if is_restarted else -9
    assert manager.has_died("k", 100)
    provisioner.process = None
    assert manager.has_died("k", provisioner.pid)
    manager._ending["k"] = Mock()
    assert not manager.has_died("k", 100), "it was asked to end"
    assert not manager.has_died("another", 100)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_server_says_at_its_start_that_kernels_have_no_limit(monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    monkeypatch.setattr(kernels, "has_provisioner", lambda: is_there)
    said: list[str] = []
    start._announce("http://127.0.0.1:8866/", False, False, said.append)
    assert ("without a memory limit" in " ".join(said)) is not is_there
    assert said[-1].startswith("epool_viz: http://127.0.0.1:8866/")
