"""Stores a visitor's uploads in the browser, and sends them to Python on request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from epool_viz.components.base import Component, Store

ITEMS = (("sequences", "sequences"), ("model", "kernels"))
HOURS = 12
LARGEST = 8_000_000  # bytes of one message; the page's connection takes ten million


class BrowserStore(Component):
    """The browser's store of a visitor's uploads.

    Parameters
    ----------
    store : Store
    on_kept : callable
        Gets what is kept, name to a small dict about it, whenever that changes.
    on_given : callable
        Gets name, metadata and the requested bytes; None for what is not stored.
    on_forgotten : callable
        Called when the visitor has it forgotten.
    options : dict
        `bar` and `links`; see `web/browser_store/index.js`.
    """

    module = "browser_store"

    def __init__(
        self,
        store: Store,
        on_kept: Callable[[dict[str, Any]], None],
        on_given: Callable[[str, dict[str, Any], bytes | None], None],
        on_forgotten: Callable[[], None] = lambda: None,
        options: Mapping[str, Any] = {},
    ) -> None:
        self._on_kept, self._on_given, self._on_forgotten = on_kept, on_given, on_forgotten
        items = [{"name": name, "label": label} for name, label in ITEMS]
        super().__init__(store=store, options={"hours": HOURS, "items": items, **options})
        self.on_msg(self._receive)

    def want(self, *names: str) -> None:
        """Request from the page what is stored under these names."""
        self.send({"want": list(names)})

    def put(self, name: str, about: Mapping[str, Any], data: bytes) -> None:
        """Store bytes in the page."""
        self.send({"put": name, "about": dict(about)}, buffers=[data])

    def forget(self) -> None:
        """Delete everything that is stored."""
        self.send({"forget": True})

    def _receive(self, _: Any, content: Any, buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        known = {name for name, _ in ITEMS}
        if isinstance(content.get("kept"), dict):
            self._on_kept(
                {name: about for name, about in content["kept"].items() if name in known and _is_about(about)}
            )
        if content.get("forgotten") is True:
            self._on_forgotten()
        name, about = content.get("given"), content.get("about")
        if name in known:
            is_modest = buffers and len(buffers[0]) <= LARGEST
            data = bytes(buffers[0]) if is_modest else None
            self._on_given(name, about if isinstance(about, dict) and _is_about(about) else {}, data)


def _is_about(value: Any) -> bool:
    return isinstance(value, dict) and len(value) < 20 and len(str(value)) < 4000
