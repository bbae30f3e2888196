"""Long work beside the page: a thread or process computes, the page's own loop takes over what is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from epool_viz.panels.shared.handlers import Guard


class Follower:
    """Looks now and then what a job has come to, until there is no more.

    Parameters
    ----------
    pump : callable
        Takes over what is there; False once there will be no more.
    guard : Guard
        A defect in it is told.
    every : float, seconds
        Between two looks.
    """

    def __init__(self, pump: Callable[[], bool], guard: Guard, every: float) -> None:
        self._look = pump
        self._guard = guard
        self._every = every
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow what has just begun."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # without a page there is no loop: whoever holds the view calls `pump`
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._follow())

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    def pump(self) -> bool:
        """Look once; False once the job has ended."""
        is_on = False

        def look() -> None:
            nonlocal is_on
            is_on = self._look()

        self._guard(look)()
        return is_on

    async def _follow(self) -> None:
        is_on = True
        while is_on:
            await asyncio.sleep(self._every)
            is_on = self.pump()
