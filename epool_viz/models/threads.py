"""The number of threads for computations, chosen in one place.

The fused engine takes every core that this process may run on, or a given number: by `set_threads`, by
`use_threads` for a while, or by the environment's `EPOOL_VIZ_THREADS`. It needs neither OpenMP nor a threading layer
of numba, both of which end a process that was forked from one that used them: a few threads of Python call compiled
code that holds no lock. Its numbers do not depend on how many there are.

Torch gets one. These networks are small, and torch's default, a thread a core, spends its time on waking and awaiting
them. Measured on a machine of 2 cores that had other work as well, the paper's network, 75 batches of 32 an epoch:
0.29 to 0.45 s an epoch with one thread; with two, 0.25 to 5.5 s. An earlier measurement there gave 0.13 against 2.4 s.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch

from epool_viz.errors import ArgumentError

THREADS = 1
VARIABLE = "EPOOL_VIZ_THREADS"

_chosen: int | None = None
_pool: ThreadPoolExecutor | None = None
_pool_threads = 0


def n_threads() -> int:
    """Threads of the fused engine: the number that was set, else `EPOOL_VIZ_THREADS`, else the number of cores."""
    if _chosen is not None:
        return _chosen
    said = os.environ.get(VARIABLE, "").strip()
    return _checked(said, VARIABLE) if said else cores()


def set_threads(n: int | None) -> None:
    """Let the fused engine use `n` threads from now on in this process; None for the default again.

    One is right where several processes train side by side, such as the workers of a study.
    """
    global _chosen
    _chosen = None if n is None else _checked(n, "n")


@contextmanager
def use_threads(n: int | None) -> Iterator[None]:
    """Let the fused engine use `n` threads inside, and as many as before afterwards."""
    before = _chosen
    set_threads(n)
    try:
        yield
    finally:
        set_threads(before)


@contextmanager
def few_threads(n: int = THREADS) -> Iterator[None]:
    """Let torch use `n` threads inside, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def cores() -> int:
    """The cores that this process may use; a container's share, rounded up, if it is less."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:  # noqa: PTH123 - once a step: no Path
            quota, period = file.read().split()
        count = min(count, -(-int(quota) // int(period)))
    except (OSError, ValueError):  # no such file, or "max"
        pass
    return max(count, 1)


def for_each(work: Callable[[int], object], n: int) -> None:
    """Call `work(0)` to `work(n - 1)`, on several threads at once where there are; the first error is raised."""
    threads = min(n_threads(), n)
    if threads <= 1:
        for i in range(n):
            work(i)
        return
    left = itertools.count()

    def take() -> None:
        while (i := next(left)) < n:
            work(i)

    others = [_workers(threads - 1).submit(take) for _ in range(threads - 1)]
    try:
        take()
    finally:
        for other in others:
            other.exception()  # none works on when this returns
    for other in others:
        other.result()


def _workers(least: int) -> ThreadPoolExecutor:
    global _pool, _pool_threads
    if _pool is None or _pool_threads < least:
        _pool = ThreadPoolExecutor(least, thread_name_prefix="epool_viz")
        _pool_threads = least
    return _pool


def _forget() -> None:
    """A forked process has no threads but its own."""
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _checked(n: int | str, name: str) -> int:
    try:
        number = int(n)
    except (TypeError, ValueError):
        number = 0
    if isinstance(n, bool | float) or number < 1:
        raise ArgumentError(name, repr(n), "a whole number >= 1")
    return number
