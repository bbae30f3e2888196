"""Starts a worker, and restarts it if it ends; it ends with the process that started it, however that ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib.util import find_spec

from epool_viz.jobs.address import IS_POSSIBLE, VARIABLE, Address

RESTED = 5.0  # seconds between two starts: a worker that fails at once is not restarted without a pause


class WorkerProcess:
    """A worker of this process.

    Parameters
    ----------
    address : Address or None
        Where it is to listen; None is a new one.
    """

    def __init__(self, address: Address | None = None) -> None:
        self.address = address or Address.new()
        self._process: subprocess.Popen[bytes] | None = None
        self._started = -RESTED

    @property
    def pid(self) -> int | None:
        """Of the process, if it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def keep(self) -> None:
        """Start it, or restart it; repeated calls have no effect."""
        if self.pid is not None or time.monotonic() - self._started < RESTED:
            return
        self._started = time.monotonic()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "epool_viz.jobs.worker"],
            stdin=subprocess.PIPE,  # its lease: never written to, and closed by the system when this process ends
            env=os.environ | {VARIABLE: str(self.address)},
            start_new_session=True,  # Ctrl-C in a terminal is not for it
        )

    def end(self) -> None:
        """End it and its jobs."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def is_wanted() -> bool:
    """Whether this machine can run a worker, and has the extra `train`."""
    return IS_POSSIBLE and missing_package() is None


def missing_package() -> str | None:
    """The first package of the extra `train` that is not installed."""
    needed = (("torch", "torch"), ("sklearn", "scikit-learn"))
    return next((package for module, package in needed if find_spec(module) is None), None)
