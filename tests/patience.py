"""How long a test waits: limits are those of a machine with nothing else to do."""

from __future__ import annotations

import os


def allowed(seconds: float) -> float:
    """As many seconds, and on a busy machine as many times more as each core has processes that want to run."""
    waiting = os.getloadavg()[0] if hasattr(os, "getloadavg") else 1.0
    return seconds * max(1.0, waiting / (os.cpu_count() or 1))
