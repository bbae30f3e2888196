"""A walk of which more is made as one goes on."""

from __future__ import annotations

from epool_viz.components.base import Component


class Stepper(Component):
    """Forward, back and by itself along places; a step beyond the last one asks Python for another.

    Parameters
    ----------
    store : Store
    options : dict
        Names of the state: `key` (the place), `end` (the last one there is), `more` (whether there can be another),
        `here` and `next` (what the place is called, and what going on does); `label`, and `seconds` while playing.
    """

    module = "stepper.js"
