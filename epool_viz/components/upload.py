"""Upload of a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from epool_viz.components.base import Component, Store

_LONGEST_NAME = 200


class Upload(Component):
    """A button, and a place to drop a file; the page checks its size before it sends it, and Python does again.

    Parameters
    ----------
    store : Store
    on_file : callable
        Gets name and bytes.
    options : dict
        `label`, `note`, `most` (bytes) and `accept`; see `web/upload/index.js`.
    """

    module = "upload"

    def __init__(self, store: Store, on_file: Callable[[str, bytes], None], options: dict[str, Any]) -> None:
        self._on_file = on_file
        super().__init__(store=store, options=options)
        self.on_msg(self._receive)

    def _receive(self, _: Any, content: Any, buffers: Any) -> None:
        file = content.get("file") if isinstance(content, dict) else None
        if not isinstance(file, dict) or not buffers:
            return
        try:
            self._on_file(str(file.get("name", "the file"))[:_LONGEST_NAME], bytes(buffers[0]))
        finally:
            self.send({"done": True})
