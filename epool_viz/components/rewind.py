"""Forwards and backwards through what has been recorded."""

from __future__ import annotations

from epool_viz.components.base import Component


class Rewind(Component):
    """First, back, play, next, last, and a slider, over the places of a recording.

    Parameters
    ----------
    store : Store
    options : dict
        `key` and `end`, names of the state; `label` of a place; `seconds` that one is shown while playing.
    """

    module = "rewind.js"
