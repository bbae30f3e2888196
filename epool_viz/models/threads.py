"""How many threads torch may use: the one place where that is chosen.

These networks are small, and torch's default, a thread a core, spends its time on waking and awaiting them. Measured
on a machine of 2 cores that had other work as well, the paper's network, 75 batches of 32 an epoch: 0.29 to 0.45 s an
epoch with one thread; with two, 0.25 to 5.5 s. An earlier measurement there gave 0.13 against 2.4 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

THREADS = 1


@contextmanager
def few_threads(n: int = THREADS) -> Iterator[None]:
    """Let torch use `n` threads inside, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
