"""Seconds that a test lets pass."""

from __future__ import annotations


class Clock:
    """Gives `now`, which a test sets."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
