"""Seats, and the pages that wait for those who take one; without a process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import pytest
from tornado.web import HTTPError

from epool_viz.app.server.kernel_pool import KernelPool
from epool_viz.app.server.seats import Seats
from tests.app.server.fakes import FakeManager, FakePage

LOG = logging.getLogger("a pool")


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def pool_of(manager: FakeManager, refill_after: float = 60.0, **sizes: int) -> KernelPool:
    async def prepare(name: str) -> Any:
        return manager.begin_page()

    return KernelPool(sizes, prepare, refill_after=refill_after, log=LOG)


def seats_of(manager: FakeManager, limit: int, *, patience: float = 20.0, **sizes: int) -> Seats:
    return Seats(manager, pool_of(manager, **sizes), limit, patience=patience)


async def visit(seats: Seats, name: str | None = None) -> str:
    """Take a seat, and a page that waits if a dashboard is named."""
    seat = await seats.take()
    page: Any = seats.manager.begin_page() if name is None else await seats.pool.take(name)
    return seat.take(page).kernel_id


def waiting_in(pool: KernelPool, name: str) -> int:
    return len(pool._waiting[name])


@pytest.mark.parametrize("pooled", [False, True])
def test_seats_give_so_many_and_no_more(pooled: bool) -> None:
    async def story() -> None:
        manager = FakeManager()
        seats = seats_of(manager, 3, x=3)
        if pooled:
            seats.pool.fill()
        for _ in range(3):
            await visit(seats, "x" if pooled else None)
        with pytest.raises(HTTPError, match="all 3 seats are taken") as refusal:
            await visit(seats)
        assert refusal.value.status_code == 503
        assert len(manager.away) == 3

    run(story())


def test_seat_counts_from_the_request_not_from_the_kernel() -> None:
    async def story() -> None:
        seats = seats_of(FakeManager(), 1)
        waiting = await seats.take()
        with pytest.raises(HTTPError):
            await seats.take()
        seats.leave(waiting)  # its visitor went before a kernel came
        assert await seats.take()

    run(story())


def test_seat_is_free_when_its_kernel_is_gone() -> None:
    async def story() -> None:
        manager = FakeManager()
        seats = seats_of(manager, 1)
        await manager.shutdown_kernel(await visit(seats))
        assert await visit(seats) == "kernel-1"

    run(story())


def test_a_visitor_who_goes_ends_their_kernel_and_has_a_page_that_may_die() -> None:
    async def story() -> None:
        manager = FakeManager()
        seat = await seats_of(manager, 1).take()
        assert not seat.has_died
        seat.abandon()  # before there is a page
        page: Any = manager.begin_page()
        seat.take(page)
        page.has_died = True
        assert seat.has_died
        seat.abandon()
        assert manager.ended == ["kernel-0"]
        assert not seat.is_taken

    run(story())


def test_reloads_do_not_shut_others_out() -> None:
    async def story() -> None:
        manager = FakeManager()
        seats = seats_of(manager, 3, patience=20)
        stays, long_gone, just_gone = [await visit(seats) for _ in range(3)]
        manager.away |= {stays: 0.0, long_gone: 300.0, just_gone: 19.0}
        await visit(seats)
        assert manager.ended == [long_gone]
        with pytest.raises(HTTPError):
            await visit(seats)

    run(story())


# --- pages that wait --------------------------------------------------------------------------------------------------


def test_no_more_kernels_wait_than_seats_are_free() -> None:
    async def story() -> None:
        manager = FakeManager()
        seats = seats_of(manager, 3, e_step=20, em=1)
        await visit(seats)
        await visit(seats)
        assert [seats.pool.size(name) for name in ("e_step", "em")] == [1, 1]
        manager.away.clear()
        await visit(seats)
        assert [seats.pool.size(name) for name in ("e_step", "em")] == [2, 1]

    run(story())
    pool = pool_of(FakeManager(), e_step=20, em=1)
    assert (pool.size("e_step"), pool.size("em")) == (20, 1), "before anybody has come"
    for visitors, first, other in ((12, 12, 1), (0, 0, 0), (29, 20, 1)):
        pool.expect(visitors)
        assert (pool.size("e_step"), pool.size("em")) == (first, other)
    pool.close()
    assert (pool.size("e_step"), pool.size("em")) == (0, 0)


def test_kernels_wait_again_once_a_full_house_empties() -> None:
    async def story() -> None:
        manager = FakeManager()
        seats = seats_of(manager, 3, x=3)
        visitors = [await visit(seats) for _ in range(3)]
        seats.pool.fill()
        assert waiting_in(seats.pool, "x") == 0
        for gone, kernel_id in enumerate(visitors, start=1):
            await manager.shutdown_kernel(kernel_id)
            assert waiting_in(seats.pool, "x") == gone

    run(story())


@pytest.fixture
def begun() -> list[str]:
    return []


@pytest.fixture
def pool(begun: list[str]) -> KernelPool:
    """Two dashboards; `begun` gets the name of each page that is begun."""
    manager = FakeManager()

    async def prepare(name: str) -> Any:
        begun.append(name)
        return manager.begin_page()

    return KernelPool({"e_step": 2, "em": 1}, prepare, refill_after=60.0, log=LOG)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_page_for_the_pool_is_put_off_until_a_visitor_comes_for_it(pool: KernelPool, begun: list[str]) -> None:
    async def story() -> None:
        pool.fill()
        await settled()
        assert begun == ["e_step", "e_step", "em"], "at once before anybody has come"
        pool.expect(9)
        first = await pool.take("e_step")
        assert first is not None
        await asyncio.sleep(0.05)
        assert len(begun) == 3
        assert await pool.take("e_step") not in {None, first}
        assert len(begun) == 3
        third = await asyncio.wait_for(pool.take("e_step"), 5)
        assert third is not None
        assert begun[3:] == ["e_step"], "the first of two that were put off; the other one still is"
        await asyncio.sleep(0.05)
        assert len(begun) == 4
        pool.refill_after = 0.01
        assert await pool.take("em") is not None
        await asyncio.sleep(0.1)
        assert begun[4:] == ["em"], "by itself"

    run(story())


def test_who_has_waited_longest_is_taken_and_none_where_none_waits() -> None:
    async def story() -> None:
        pool = pool_of(FakeManager(), x=2, y=0)
        pool.expect(5)
        pool.fill()
        taken = [await pool.take("x") for _ in range(3)]
        assert [page.kernel_id for page in taken if page] == ["kernel-0", "kernel-1", "kernel-2"]
        assert await pool.take("y") is None
        assert await pool.take("another dashboard") is None

    run(story())


def test_pool_is_filled_again_after_a_failure() -> None:
    asked: list[str] = []

    async def prepare(name: str) -> Any:
        asked.append(name)
        raise RuntimeError("no page")

    async def story() -> None:
        pool = KernelPool({"x": 1}, prepare, refill_after=0.0, log=LOG)
        pool.fill()
        with pytest.raises(RuntimeError, match="no page"):
            await pool.take("x")
        await settled()
        assert asked == ["x", "x"]

    run(story())


@pytest.mark.parametrize("at_the_last_moment", [False, True])
def test_a_visitor_who_goes_while_a_page_is_begun_leaves_it_to_the_next_one(at_the_last_moment: bool) -> None:
    async def story() -> None:
        may_begin = asyncio.Event()
        manager = FakeManager()

        async def prepare(name: str) -> Any:
            await may_begin.wait()
            if at_the_last_moment:
                gone.cancel()  # heard only after the page is there
            return manager.begin_page()

        pool = KernelPool({"x": 1}, prepare, refill_after=60.0, log=LOG)
        pool.fill()
        gone = asyncio.create_task(pool.take("x"))
        await settled()
        if at_the_last_moment:
            may_begin.set()
        else:
            gone.cancel()
        await asyncio.wait([gone])
        assert gone.cancelled()
        assert waiting_in(pool, "x") == 1
        may_begin.set()
        assert (await pool.take("x")).kernel_id == "kernel-0"  # type: ignore[union-attr]

    run(story())


def test_a_pool_is_filled_in_place_of_what_is_lost_and_never_while_the_server_stops() -> None:
    async def story() -> None:
        manager = FakeManager()
        fails = [True, False, False]

        async def prepare(name: str) -> Any:
            if fails.pop(0) if fails else False:
                raise RuntimeError("no kernel")
            return manager.begin_page()

        pool = KernelPool({"x": 2}, prepare, refill_after=60.0, log=LOG)
        pool.fill()
        await settled()
        assert len(manager.away) == 1
        pool.fill()
        await settled()
        assert len(manager.away) == waiting_in(pool, "x") == 2
        assert pool.holds("kernel-0")
        manager.when_one_is_gone = pool.fill
        pool.drop("kernel-0")  # it was started again by Jupyter: another one is made to wait
        pool.drop("a kernel of somebody")
        await settled()
        assert manager.ended == ["kernel-0"]
        assert len(manager.away) == waiting_in(pool, "x") == 2
        assert not pool.holds("kernel-0")
        pool.close()
        manager.end_soon("kernel-1")
        await settled()
        assert len(manager.away) == 1

    run(story())


def test_a_page_whose_kernel_has_ended_is_given_to_nobody() -> None:
    async def story() -> None:
        manager = FakeManager()
        pool = pool_of(manager, x=2)
        pool.fill()
        await settled()
        del manager.away["kernel-0"]
        assert (await pool.take("x")).kernel_id == "kernel-1"  # type: ignore[union-attr]
        assert waiting_in(pool, "x") == 2

    run(story())


def test_the_log_says_when_a_pool_is_full_and_when_a_page_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        pool = pool_of(FakeManager(), x=2)
        pool.fill()
        await settled()
        assert {record.getMessage() for record in caplog.records} == {"Kernel pool of x is filled with 2 kernel(s)"}
        await pool.take("x")
        assert caplog.records[-1].getMessage() == "Using pre-heated kernel: kernel-0 for x"

    with caplog.at_level(logging.INFO, LOG.name):
        run(story())


def test_the_fakes_are_what_they_stand_for() -> None:
    from epool_viz.app.server.page_rendering import Page

    missing = {name for name in vars(FakePage) if not name.startswith("_")} - set(dir(Page))
    assert not missing
