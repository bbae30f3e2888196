"""The address of a server's worker, and its secret."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass, field

from epool_viz.errors import ArgumentError

VARIABLE = "EPOOL_VIZ_WORKER"  # of the environment: how kernels learn of their server's worker
# A job is a fork. Elsewhere the system's own libraries do not survive one (macOS), or there is none (Windows).
IS_POSSIBLE = sys.platform == "linux"


@dataclass(frozen=True)
class Address:
    """A name in Linux's abstract namespace, which leaves no file however its owner ends, and a secret."""

    name: str
    secret: str = field(repr=False)

    @classmethod
    def new(cls) -> Address:
        """A new address that cannot be guessed."""
        return cls(f"epool_viz_{secrets.token_hex(8)}", secrets.token_hex(16))

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read what `str()` wrote; ArgumentError for anything else.

        Raises
        ------
        ArgumentError
            If it is anything else.
        """
        name, found, secret = text.partition(":")
        if not (name and found and secret and len(name) < 90):
            raise ArgumentError(VARIABLE, "not usable", "NAME:SECRET, as epool-viz sets it")
        return cls(name, secret)

    def __str__(self) -> str:
        return f"{self.name}:{self.secret}"

    def listen(self) -> socket.socket:
        """A socket on which the worker listens for clients."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(f"\0{self.name}")
        listener.listen(64)
        return listener

    def connect(self) -> socket.socket:
        """A connection to the worker; OSError where there is none."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(f"\0{self.name}")
        except OSError:
            connection.close()
            raise
        return connection


def known(environment: MutableMapping[str, str] = os.environ) -> Address | None:
    """The address in the environment; None where there is none, or an invalid one."""
    try:
        return Address.parse(environment[VARIABLE]) if IS_POSSIBLE and VARIABLE in environment else None
    except ArgumentError:
        return None


if __name__ == "__main__":  # for a script that starts the worker itself
    sys.stdout.write(f"{Address.new()}\n")
