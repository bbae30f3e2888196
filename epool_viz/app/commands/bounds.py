"""Memory of this machine, estimated before anything is allocated."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from epool_viz.errors import ArgumentError

_GROUPS = Path("/sys/fs/cgroup")


def require_memory(argument: str, found: str, needed: float, accepted: str) -> None:
    """Raise an ArgumentError where more bytes are needed than can be had; the message names both."""
    free = free_memory()
    if needed > free:
        found = f"{found}, which needs about {_size(needed)} of memory"
        raise ArgumentError(argument, found, f"{accepted}; {_size(free)} are free")


def free_memory() -> float:
    """Bytes that this process may still allocate, by the machine, its group and its own limits."""
    return min(_of_machine(), _of_group(), _of_process())


def _of_machine() -> float:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return float("inf")


def _of_group() -> float:
    with contextlib.suppress(OSError, ValueError):
        most = int((_GROUPS / "memory.max").read_text(encoding="ascii"))
        return max(most - int((_GROUPS / "memory.current").read_text(encoding="ascii")), 0)
    return float("inf")


def _of_process() -> float:
    try:
        import resource
    except ImportError:
        return float("inf")
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most == resource.RLIM_INFINITY:
        return float("inf")
    held = 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return max(most - held, 0)


def _size(n_bytes: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= size:
            return f"{n_bytes / size:,.3g} {unit}" if n_bytes < 1000 * size else f"{n_bytes / size:,.0f} {unit}"
    return f"{n_bytes / 1e3:.3g} kB"
