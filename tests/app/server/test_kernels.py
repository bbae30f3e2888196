"""Seats and the ends of kernels, with a clock of their own and no process."""

from __future__ import annotations

import asyncio
import logging
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
from voila.utils import ENV_VARIABLE

from epool_viz.app.server.kernels import ForkedProvisioner, SeatedKernelManager, Seats, ThisPython
from epool_viz.app.server.voila import in_one_line


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FakeKernel:
    def __init__(self) -> None:
        self.provisioner = Mock(pid=100)
        self.lives = True

    async def is_alive(self) -> bool:
        return self.lives


class FakeManager:
    """Kernels that are only names; each has pages, and a time since the last one went."""

    def __init__(self) -> None:
        self.away: dict[str, float] = {}
        self.kernels: dict[str, FakeKernel] = {}
        self.ended: list[str] = []
        self.when_one_is_gone = lambda: None

    def __contains__(self, kernel_id: str) -> bool:
        return kernel_id in self.away

    async def start_kernel(self, **_: Any) -> str:
        kernel_id = f"kernel-{len(self.away) + len(self.ended)}"
        self.away[kernel_id] = 0.0
        return kernel_id

    async def get_rendered_notebook(self, **_: Any) -> tuple[str, str, str]:
        return "task", "cache", await self.start_kernel()

    def expect(self, visitors: int) -> None:
        self.expected = visitors

    def fill(self) -> None:
        self.filled = self.expected

    def hurry(self, name: str) -> None:
        self.hurried = name

    def get_kernel(self, kernel_id: str) -> Any:
        return self.kernels.setdefault(kernel_id, FakeKernel())

    def is_ending(self, kernel_id: str) -> bool:
        return False

    def give_out(self, kernel_id: str) -> None:
        self.away[kernel_id] = 0.0

    def quiet_for(self, kernel_id: str) -> float:
        return self.away[kernel_id]

    async def shutdown_kernel(self, kernel_id: str) -> None:
        del self.away[kernel_id]
        self.ended.append(kernel_id)
        self.when_one_is_gone()


async def visit(seats: Seats, *, pooled: bool = False) -> str:
    seat = await seats.take()
    if pooled:
        return (await seat.get_rendered_notebook(notebook_name="x"))[2]
    return await seat.start_kernel()


@pytest.mark.parametrize("pooled", [False, True])
def test_seats_give_so_many_and_no_more(pooled: bool) -> None:
    async def story() -> None:
        manager = FakeManager()
        seats = Seats(manager, 3)
        for _ in range(3):
            await visit(seats, pooled=pooled)
        with pytest.raises(HTTPError, match="all 3 seats are taken") as refusal:
            await visit(seats, pooled=pooled)
        assert refusal.value.status_code == 503
        assert len(manager.away) == 3

    run(story())


def test_seat_counts_from_the_request_not_from_the_kernel() -> None:
    async def story() -> None:
        seats = Seats(FakeManager(), 1)
        waiting = await seats.take()
        with pytest.raises(HTTPError):
            await seats.take()
        seats.leave(waiting)  # its visitor went before a kernel came
        assert await seats.take()

    run(story())


@pytest.mark.parametrize("is_restarted", [False, True])
def test_kernel_has_died_also_when_it_was_started_again(is_restarted: bool) -> None:
    async def story() -> None:
        manager = FakeManager()
        seat = await Seats(manager, 1).take()
        assert not await seat.dies()
        kernel = manager.get_kernel(await seat.start_kernel())
        assert not await seat.dies()
        kernel.lives = is_restarted
        kernel.provisioner.pid += is_restarted
        assert await seat.dies()

    run(story())


def test_seat_is_free_when_its_kernel_is_gone() -> None:
    async def story() -> None:
        manager = FakeManager()
        seats = Seats(manager, 1)
        await manager.shutdown_kernel(await visit(seats))
        assert await visit(seats) == "kernel-1"

    run(story())


def test_no_more_kernels_wait_than_seats_are_free(manager: SeatedKernelManager) -> None:
    async def story() -> None:
        fake = FakeManager()
        seats = Seats(fake, 3)
        await visit(seats)
        await visit(seats)
        assert fake.expected == 1
        fake.away.clear()
        await visit(seats)
        assert fake.expected == 2

    run(story())
    wanted = {"default": {"pool_size": 1}, "e_step.ipynb": {"pool_size": 20}}
    manager.kernel_pools_config = dict(wanted)  # type: ignore[attr-defined] # Voilà's subclass has it
    for visitors, first, others in ((12, 12, 1), (0, 0, 0), (29, 20, 1)):
        manager.expect(visitors)
        sizes = {name: settings["pool_size"] for name, settings in manager.kernel_pools_config.items()}  # type: ignore[attr-defined]
        assert sizes == {"default": others, "e_step.ipynb": first}
    assert wanted["e_step.ipynb"] == {"pool_size": 20}, "what was asked for is not forgotten"


def test_kernel_for_the_pool_is_put_off_until_a_visitor_comes_for_it(
    manager: SeatedKernelManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    async def start(self: Any, **kwargs: Any) -> str:
        begun.append(kwargs["path"])
        return "k"

    def fill(name: str) -> asyncio.Task[str]:
        return asyncio.create_task(manager.start_kernel(path=name, env={ENV_VARIABLE.VOILA_PREHEAT: "True"}))

    async def story() -> None:
        manager.refill_after = 60.0
        await asyncio.wait_for(fill("before anybody has come"), 5)
        manager.kernel_pools_config = {"default": {"pool_size": 1}}  # type: ignore[attr-defined]
        seat = await Seats(manager, 5).take()
        own = {"path": "the visitor's own", "env": {ENV_VARIABLE.VOILA_PREHEAT: "False"}}
        await asyncio.wait_for(seat.start_kernel(**own), 5)
        assert begun == ["before anybody has come", "the visitor's own"]
        other, first, second = fill("other"), fill("first"), fill("second")
        manager._pools = {"e_step": [first, second], "em": [other]}  # type: ignore[attr-defined] # as Voilà's subclass has
        manager.hurry("pwm")
        await asyncio.wait([first, second, other], timeout=0.05)
        assert len(begun) == 2
        with pytest.raises(AttributeError, match="fill_if_needed"):  # only Voilà's subclass has it
            await seat.get_rendered_notebook(notebook_name="e_step")
        await asyncio.wait_for(first, 5)
        assert begun[2:] == ["first"]
        manager.hurry("e_step")
        assert not second.done()
        manager._pools["e_step"].pop(0)  # type: ignore[attr-defined]
        manager.hurry("e_step")
        await asyncio.wait_for(second, 5)
        assert begun[3:] == ["second"]
        manager.refill_after = 0.01
        await asyncio.wait_for(fill("by itself"), 5)
        assert begun[4:] == ["by itself"]
        late = fill("hurried before it began")
        manager.refill_after = 60.0
        manager._pools["em"] = [late]  # type: ignore[attr-defined]
        manager.hurry("em")
        await asyncio.wait_for(late, 5)
        other.cancel()

    monkeypatch.setattr(AsyncMappingKernelManager, "start_kernel", start)
    run(story())


def test_reloads_do_not_shut_others_out() -> None:
    async def story() -> None:
        manager = FakeManager()
        seats = Seats(manager, 3, patience=20)
        stays, long_gone, just_gone = [await visit(seats) for _ in range(3)]
        manager.away |= {stays: 0.0, long_gone: 300.0, just_gone: 19.0}
        await visit(seats)
        assert manager.ended == [long_gone]
        with pytest.raises(HTTPError):
            await visit(seats)

    run(story())


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


def test_pool_is_filled_again_after_a_failure() -> None:
    filled: list[str] = []

    class Failing(FakeManager):
        async def get_rendered_notebook(self, **_: Any) -> tuple[str, str, str]:
            raise RuntimeError("no page")

        def fill_if_needed(self, *, notebook_name: str) -> None:
            filled.append(notebook_name)

    async def story() -> None:
        with pytest.raises(RuntimeError, match="no page"):
            await visit(Seats(Failing(), 1), pooled=True)

    run(story())
    assert filled == ["x"]


def test_kernels_wait_again_once_a_full_house_empties() -> None:
    async def story() -> None:
        manager = FakeManager()
        seats = Seats(manager, 3)
        visitors = [await visit(seats) for _ in range(3)]
        assert manager.expected == 0
        for gone, kernel_id in enumerate(visitors, start=1):
            await manager.shutdown_kernel(kernel_id)
            assert manager.filled == gone

    run(story())


def test_a_pool_is_filled_in_place_of_starts_that_failed_and_never_while_the_server_stops(
    manager: SeatedKernelManager,
) -> None:
    filled: list[str] = []
    manager.fill_if_needed = lambda *, notebook_name: filled.append(notebook_name)  # type: ignore[attr-defined]

    async def story() -> None:
        async def failed() -> None:
            raise RuntimeError("no kernel")

        waiting = asyncio.create_task(asyncio.sleep(60))
        pool = [asyncio.create_task(failed()), asyncio.create_task(asyncio.sleep(0)), waiting]
        await asyncio.wait(pool[:2])
        manager._pools = {"em": pool, "pwm": []}  # type: ignore[attr-defined]
        ready = pool[1]
        manager.remove_kernel("k")
        assert filled == []
        Seats(manager, 3)
        manager._kernels["k"] = ServerKernelManager()
        manager.remove_kernel("k")
        assert filled == ["em", "pwm"]
        assert pool == [ready, waiting]
        manager._is_closing = True
        manager.fill()
        assert filled == ["em", "pwm"]
        waiting.cancel()

    run(story())


@pytest.mark.parametrize(
    ("error", "lines"),
    [(RuntimeError("Kernel died before replying"), 0), (RuntimeError("another"), 1), (KeyError("Kernel died"), 1)],
)
def test_only_a_dead_kernel_is_logged_without_traceback(error: Exception, lines: int) -> None:
    record = logging.LogRecord("server", logging.ERROR, "here.py", 1, "failed", (), (type(error), error, None))
    passes = in_one_line(record)
    assert passes is bool(lines)
    assert (record.exc_info is None) is not bool(lines)


@pytest.mark.parametrize(
    ("message", "passes"),
    [
        ("Kernel died while waiting for execute reply.", False),
        ("Error occurred while starting new kernel client for kernel 5: Kernel died before replying", False),
        ("x", True),
    ],
)
def test_end_of_a_kernel_is_no_error_of_the_server(message: str, passes: bool) -> None:
    record = logging.LogRecord("a logger that shows warnings", logging.ERROR, "here.py", 1, message, (), None)
    assert in_one_line(record) is passes


def test_closed_manager_starts_nothing() -> None:
    async def story() -> None:
        manager = SeatedKernelManager()
        await manager.close()
        with pytest.raises(HTTPError, match="the server is stopping"):
            await manager.start_kernel()

    run(story())


def test_kernel_is_this_python_whatever_is_installed() -> None:
    specs = ThisPython()
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
