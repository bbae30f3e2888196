"""Charts of runs, drawn in the page by plotly.js."""

from __future__ import annotations

import gzip
import logging
import secrets
from collections.abc import Mapping
from functools import cache
from typing import Any

from epool_viz.components.base import Component, Store

logger = logging.getLogger(__name__)


class Charts(Component):
    """A figure of plotly's; the page loads plotly.js and the figure when the charts come near the screen.

    A `FigureWidget` sends the library with every page, before anything can be used, and changes of a figure one by one:
    one that is lost leaves the page with another figure than Python's. Here each message is the whole figure.

    Parameters
    ----------
    store : Store
    options : dict
        `label`, for screen readers, and `height` in pixels; see `web/charts/index.js`.
    figure : dict
        `data` and `layout`, plain values as plotly's JSON has them.
    """

    module = "charts"

    def __init__(self, store: Store, options: Mapping[str, Any], figure: Mapping[str, Any]) -> None:
        self.figure = figure
        self._is_near = False
        super().__init__(store=store, options=dict(options))
        self.on_msg(self._answer)

    def show(self, figure: Mapping[str, Any]) -> None:
        """Draw another figure."""
        self.figure = figure
        if self._is_near:
            self.send({"figure": figure})

    def _answer(self, _: Any, content: Any, __: Any) -> None:
        if not isinstance(content, dict) or content.get("get") != "charts":
            return
        try:
            library = packed_library()
        except Exception:
            reference = secrets.token_hex(4)
            logger.exception("plotly.js could not be read; the page shows error %s", reference)
            self.send({"error": f"it is not your doing (error {reference})."})
        else:
            self._is_near = True
            self.send({"figure": self.figure, "library": True}, buffers=[library])


@cache
def packed_library() -> bytes:
    """plotly.js, gzipped: 1.5 MB of 4.8."""
    from plotly.offline import get_plotlyjs  # without plotly's classes of traces and layouts

    return gzip.compress(get_plotlyjs().encode(), compresslevel=6)
