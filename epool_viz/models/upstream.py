"""The inner parts of numba that the fused scan uses, listed apart from the server's, since viewing loads no numba.

`REACHES` is as in `epool_viz.app.server.upstream`. Where a name is missing `engine` takes the plain way and warns once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numba.core.caching import NullCache
from numba.core.cgutils import create_struct_proxy
from numba.core.dispatcher import Dispatcher
from numba.core.event import Listener, install_listener

__all__ = ["Listener", "create_struct_proxy", "install_listener", "keep_nothing"]

REACHES = {
    "numba 0.68: a vector of sixteen numbers is loaded from an array's data; "
    "without it the plain engine replaces the fused one, which a warning shows, and test_engine": (
        "numba.core.cgutils.create_struct_proxy(fe_type)",
    ),
    "numba 0.68: a compilation is noticed and reported; "
    "without it the plain engine replaces the fused one, which a warning shows, and test_engine": (
        "numba.core.event.Listener",
        "numba.core.event.install_listener(kind, listener)",
    ),
    "numba 0.68: compiled code is kept nowhere once the disk is full; "
    "without it the plain engine replaces the fused one, which a warning shows, and test_engine": (
        "numba.core.caching.NullCache",
        "numba.core.dispatcher.Dispatcher._cache",
    ),
}


def keep_nothing(functions: Iterable[Any]) -> None:
    """Keep the compiled code of those that are compiled functions nowhere from now on."""
    for function in functions:
        if isinstance(function, Dispatcher):
            function._cache = NullCache()  # type: ignore[attr-defined]
