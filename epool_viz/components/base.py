"""The base of every component."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from epool_viz.components._modules import module_text

_LONGEST_PAGE = 20  # characters of a page's name
_MOST_PAGES = 16


class Store(anywidget.AnyWidget):
    """The state that the components of one dashboard share; it has no picture of its own.

    Page and Python send only their own changes, so that neither undoes a change of the other.

    Parameters
    ----------
    state : dict
        Where to start: plain values, by the names of the arguments of `e_step_trace`, with `codes` for the sequence;
        see `web/lib/store.js`.
    on_patch : callable
        Called with a dict of what the page has changed.
    """

    _esm = module_text("store")
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, state: dict[str, Any], on_patch: Callable[[dict[str, Any]], None]) -> None:
        self.now = dict(state)
        self._on_patch = on_patch
        self._seen: dict[str, int] = {}  # page -> the number of its last patch
        super().__init__(state=state)
        self.on_msg(self._receive)

    def tell(self, patch: dict[str, Any]) -> None:
        """Change the page's state; only differences are sent."""
        changed = {name: value for name, value in patch.items() if name not in self.now or self.now[name] != value}
        if changed:
            self.now |= changed
            self._send_patch(changed)

    def _send_patch(self, patch: dict[str, Any]) -> None:
        """Send with the patches that each page knows to be received: it keeps what it has changed since."""
        self.send({"patch": patch, "seen": self._seen})

    def _receive(self, _: Any, content: Any, __: Any) -> None:
        if not isinstance(content, dict):
            return
        if content.get("ready") and self.now != self.state:
            self._send_patch(self.now)
        page, number, patch = content.get("page"), content.get("n"), content.get("patch")
        if isinstance(page, str) and len(page) <= _LONGEST_PAGE and isinstance(number, int):
            self._seen = dict([*self._seen.items()][-_MOST_PAGES:]) | {page: number}
        if isinstance(patch, dict):
            self.now |= patch
            self._on_patch(patch)


class Component(anywidget.AnyWidget):
    """A widget that draws a store.

    Parameters
    ----------
    store : Store
    options : dict
        What this widget draws; its module names them.
    """

    module: str
    store = anywidget.WidgetTrait().tag(sync=True)
    options = traitlets.Dict().tag(sync=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Load the module that a subclass names."""
        if "module" in cls.__dict__:
            cls._esm = module_text(cls.module)
        super().__init_subclass__(**kwargs)
