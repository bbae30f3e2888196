"""Exports of a dashboard."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any

from epool_viz.components.base import Component, Store
from epool_viz.errors import EpoolError

logger = logging.getLogger(__name__)


class Download(Component):
    """Buttons that save files, which Python makes on request.

    Parameters
    ----------
    store : Store
    make : callable
        `make(name)` gives the file's name, its MIME type and its bytes. An `EpoolError` is shown as it is; any other
        exception goes to the log, with the id that is shown.
    options : dict
        `items`, each name and label, and `note`; see `web/download/index.js`.
    """

    module = "download"

    def __init__(self, store: Store, make: Callable[[str], tuple[str, str, bytes]], options: dict[str, Any]) -> None:
        self.make = make
        super().__init__(store=store, options=options)
        self.on_msg(self._answer)

    def _answer(self, _: Any, content: Any, __: Any) -> None:
        """Make the requested item, if it is one that Python makes."""
        name = content.get("get") if isinstance(content, dict) else None
        if not isinstance(name, str):
            return
        known = [item["name"] for item in self.options.get("items", ()) if item.get("source") != "view"]
        if name not in known:
            self.send({"name": name, "error": f"There is nothing here called {name[:40]!r}."})
            return
        try:
            file_name, mime, data = self.make(name)
            answer = {"name": name, "file_name": str(file_name), "mime": str(mime)}
            buffer = bytes(data)
        except EpoolError as error:
            self.send({"name": name, "error": str(error)})
        except Exception:
            reference = secrets.token_hex(4)
            logger.exception("a download failed; the page shows error %s", reference)
            sentence = f"This file could not be made, and it is not your doing (error {reference})."
            self.send({"name": name, "error": sentence})
        else:
            self.send(answer, buffers=[buffer])
