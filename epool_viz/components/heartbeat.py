"""Shows in the page that Python has stopped."""

from __future__ import annotations

from typing import Any

from epool_viz.components.base import Component


class Heartbeat(Component):
    """A banner for a page without Python or network, with a reload that keeps the state.

    Parameters
    ----------
    store : Store
    options : dict
        `every`, `patience` and `quiet`, in seconds, and `share`, the keys of the state that a reload keeps.
    """

    module = "heartbeat"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_msg(self._answer)

    def _answer(self, _: Any, content: Any, __: Any) -> None:
        """Send back the number of the request, if it is one."""
        count = content.get("ping") if isinstance(content, dict) else None
        if isinstance(count, int):
            self.send({"pong": count})
