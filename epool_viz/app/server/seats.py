"""Seats: the limit of visitors at a time, each with a kernel of their own.

A visitor takes a *seat* before a kernel, and the seat is free again once that kernel is gone. Kernels that wait in the
pool have no seat; each dashboard has at most as many waiting kernels as there are free seats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tornado.web import HTTPError

from epool_viz.app.server.kernel_pool import KernelPool
from epool_viz.app.server.page_rendering import Page


class Seat:
    """A visitor's place.

    Parameters
    ----------
    manager : SeatedKernelManager
        Whose kernel the visitor gets.
    """

    def __init__(self, manager: Any) -> None:
        self.manager = manager
        self.page: Page | None = None

    @property
    def kernel_id(self) -> str | None:
        """The visitor's kernel; None while they wait for one."""
        return None if self.page is None else self.page.kernel_id

    def take(self, page: Page) -> Page:
        """Note the page that the visitor gets."""
        self.page = page
        self.manager.give_out(page.kernel_id)
        return page

    @property
    def has_died(self) -> bool:
        """Whether the visitor's kernel has ended without a request, even if it was restarted."""
        return self.page is not None and self.page.has_died

    def abandon(self) -> None:
        """Note that the visitor left before the page was complete."""
        if self.page is not None:
            self.page.abandon()

    @property
    def is_taken(self) -> bool:
        """True while a visitor waits for a kernel or has one."""
        return self.kernel_id is None or self.kernel_id in self.manager


class Seats:
    """The visitors of a server, up to a limit.

    Parameters
    ----------
    manager : SeatedKernelManager
        Whose kernels they get.
    pool : KernelPool
        Where kernels wait for them.
    limit : int
        Visitors at a time.
    patience : float
        Seconds without a connection before a page loses its seat to a waiting visitor, when all seats are taken.
    """

    def __init__(self, manager: Any, pool: KernelPool, limit: int, *, patience: float = 20.0) -> None:
        self.manager = manager
        self.pool = pool
        self.limit = limit
        self.patience = patience
        self._seats: list[Seat] = []
        manager.when_one_is_gone = self._refill

    def __len__(self) -> int:
        self._seats = [seat for seat in self._seats if seat.is_taken]
        return len(self._seats)

    async def take(self) -> Seat:
        """Give a seat; when all are taken, that of a page which has disconnected.

        Raises
        ------
        HTTPError
            503 when every seat has a page.
        """
        if len(self) >= self.limit:
            await self._reclaim()
        if len(self) >= self.limit:
            raise HTTPError(503, "all %d seats are taken", self.limit)
        seat = Seat(self.manager)
        self._seats.append(seat)
        self.pool.expect(self.limit - len(self))
        return seat

    def _refill(self) -> None:
        """Start waiting kernels for the free seats; while all seats were taken there were none."""
        self.pool.expect(self.limit - len(self))
        self.pool.fill()

    def leave(self, seat: Seat) -> None:
        """Give back a seat whose visitor got no kernel."""
        if seat in self._seats and seat.kernel_id is None:
            self._seats.remove(seat)

    async def _reclaim(self) -> None:
        away: Callable[[Seat], float] = lambda seat: (  # noqa: E731 - a key, used twice
            self.manager.quiet_for(seat.kernel_id) if seat.kernel_id else 0.0
        )
        longest = max(self._seats, key=away, default=None)
        if longest is not None and longest.kernel_id and away(longest) > self.patience:
            await self.manager.shutdown_kernel(longest.kernel_id)
