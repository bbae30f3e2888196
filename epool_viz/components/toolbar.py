"""What the head of every dashboard holds."""

from __future__ import annotations

from epool_viz.components.base import Component


class Toolbar(Component):
    """Reset with a way back, text size, light or dark, what a teacher hides, help.

    Parameters
    ----------
    store : Store
    options : dict
        `first`: the state that Reset brings back; `parts`: what can be hidden; `help`: what `?` shows; `share`: keys of
        the state in the teacher's link; `slot`: place in the page's head.
    """

    module = "toolbar.js"
