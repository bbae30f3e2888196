"""Kernels and pages that are only names."""

from __future__ import annotations

from typing import Any


class FakeManager:
    """Kernels that are only names; each has pages, and a time since the last one went."""

    def __init__(self) -> None:
        self.away: dict[str, float] = {}
        self.ended: list[str] = []
        self.when_one_is_gone = lambda: None

    def __contains__(self, kernel_id: str) -> bool:
        return kernel_id in self.away

    def begin_page(self) -> FakePage:
        """Start a kernel, and a page with it."""
        kernel_id = f"kernel-{len(self.away) + len(self.ended)}"
        self.away[kernel_id] = 0.0
        return FakePage(kernel_id, self)

    def give_out(self, kernel_id: str) -> None:
        self.away[kernel_id] = 0.0

    def quiet_for(self, kernel_id: str) -> float:
        return self.away[kernel_id]

    async def shutdown_kernel(self, kernel_id: str) -> None:
        self.end_soon(kernel_id)

    def end_soon(self, kernel_id: str) -> None:
        del self.away[kernel_id]
        self.ended.append(kernel_id)
        self.when_one_is_gone()


class FakePage:
    """A page with a kernel of a `FakeManager`."""

    def __init__(self, kernel_id: str, manager: Any) -> None:
        self.kernel_id = kernel_id
        self.manager = manager
        self.has_died = False

    @property
    def is_over(self) -> bool:
        return self.has_died or self.kernel_id not in self.manager

    def abandon(self, *, is_restarting: bool = False) -> None:
        self.manager.end_soon(self.kernel_id)
