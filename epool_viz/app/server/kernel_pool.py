"""Pages that wait for their visitors, each rendered with a kernel of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from epool_viz.app.server.page_rendering import Page


@dataclass
class _Waiting:
    """A page that waits, or is being made."""

    page: asyncio.Task[Page]
    is_needed: asyncio.Event

    @property
    def ready(self) -> Page | None:
        """The page, if it is begun."""
        is_begun = self.page.done() and not self.page.cancelled() and self.page.exception() is None
        return self.page.result() if is_begun else None

    @property
    def is_lost(self) -> bool:
        """True when the page failed or has ended."""
        return self.page.done() and (self.ready is None or self.ready.is_over)


class KernelPool:
    """A number of waiting pages of each dashboard, replaced once they are taken.

    Parameters
    ----------
    sizes : mapping
        Name of a dashboard -> how many pages wait for it.
    prepare : callable
        Gets such a name, starts a kernel and begins a page.
    refill_after : float
        Seconds before a page that was taken is replaced, unless a visitor requests it: requests of visitors are
        served first. Before the first visitor there is no delay.
    log : Logger
    """

    def __init__(
        self,
        sizes: Mapping[str, int],
        prepare: Callable[[str], Awaitable[Page]],
        *,
        refill_after: float,
        log: logging.Logger,
    ) -> None:
        self.sizes = sizes
        self.prepare = prepare
        self.refill_after = refill_after
        self.log = log
        self._visitors: int | None = None
        self._waiting: dict[str, list[_Waiting]] = {name: [] for name in sizes}

    def expect(self, visitors: int) -> None:
        """Limit the waiting pages of a dashboard to the visitors who can still take one, from the next filling on."""
        self._visitors = visitors

    def size(self, name: str) -> int:
        """How many pages of a dashboard should wait now."""
        return self.sizes[name] if self._visitors is None else min(self.sizes[name], self._visitors)

    def fill(self) -> None:
        """Start pages for every dashboard that has too few waiting."""
        for name in self.sizes:
            self._fill(name)

    def _fill(self, name: str) -> None:
        waiting = self._waiting[name]
        waiting[:] = [each for each in waiting if not each.is_lost]
        while len(waiting) < self.size(name):
            is_needed = asyncio.Event()
            task = asyncio.create_task(self._prepare(name, is_needed))
            waiting.append(_Waiting(task, is_needed))
            task.add_done_callback(lambda _: self._tell(name))

    async def _prepare(self, name: str, is_needed: asyncio.Event) -> Page:
        if self._visitors is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(is_needed.wait(), self.refill_after)
        return await self.prepare(name)

    def _tell(self, name: str) -> None:
        ready = sum(each.ready is not None for each in self._waiting[name])
        if ready and ready == self.size(name):
            self.log.info("Kernel pool of %s is filled with %d kernel(s)", name, ready)

    async def take(self, name: str) -> Page | None:
        """The page that has waited longest, once it is begun; None where none waits.

        Raises
        ------
        Exception
            The error that stopped the page; another page replaces it.
        """
        waiting = self._waiting.get(name, [])
        while waiting:
            first = waiting.pop(0)
            first.is_needed.set()
            try:
                page = await asyncio.shield(first.page)
            except BaseException:
                if not first.is_lost:  # the visitor has gone before they had it
                    waiting.insert(0, first)
                self._fill(name)
                raise
            if not page.is_over:
                self.log.info("Using pre-heated kernel: %s for %s", page.kernel_id, name)
                self._fill(name)
                return page
        if name in self.sizes:
            self._fill(name)
        return None

    def holds(self, kernel_id: str) -> bool:
        """Whether a kernel waits here with its page."""
        return self._find(kernel_id) is not None

    def drop(self, kernel_id: str) -> None:
        """Take out the page of a kernel that ended and that Jupyter restarts without its page; refill."""
        found = self._find(kernel_id)
        if found is not None:
            found.abandon(is_restarting=True)
            for name, waiting in self._waiting.items():
                waiting[:] = [each for each in waiting if each.ready is not found]
                self._fill(name)

    def close(self) -> None:
        """Cancel all waiting pages."""
        self.sizes = dict.fromkeys(self.sizes, 0)

    def _find(self, kernel_id: str) -> Page | None:
        pages = (each.ready for waiting in self._waiting.values() for each in waiting)
        return next((page for page in pages if page is not None and page.kernel_id == kernel_id), None)
