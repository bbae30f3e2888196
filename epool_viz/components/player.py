"""The walk through the steps."""

from __future__ import annotations

from epool_viz.components.base import Component


class StepPlayer(Component):
    """Back, play, next, a slider, and the names of all steps.

    Parameters
    ----------
    store : Store
        `step` is read and set: a place in `options["steps"]`, counted over all steps, those that do not apply as well.
    options : dict
        `steps`: name, short and `when` of each; `seconds` a step is shown for while playing.
    """

    module = "player.js"
