"""One state pinned, another beside it."""

from __future__ import annotations

from epool_viz.components.base import Component


class Compare(Component):
    """Pins a state and shows what differs in the present one; see `compare.js` for its options.

    Parameters
    ----------
    store : Store
        `pinned` is read and set: None, or the inputs of a trace as they were when they were pinned, with their names.
    options : dict
        `sentence` ("visible" or "hidden") and `live`.
    """

    module = "compare.js"
