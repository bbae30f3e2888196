"""What the score of a window says."""

from __future__ import annotations

from epool_viz.components.base import Component


class Readings(Component):
    """The readings of a score, each by two routes, and which of them hold for this kernel.

    Parameters
    ----------
    store : Store
        `kernel` and `kernel_by` are set where a visitor asks that a reading hold.
    options : dict
        `level` of the heading; see `readings.js`.
    """

    module = "readings.js"
