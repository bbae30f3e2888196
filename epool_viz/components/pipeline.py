"""From a kernel to its PPM, cell by cell."""

from __future__ import annotations

from epool_viz.components.base import Component


class Pipeline(Component):
    """The matrices between kernel and logo under one another, a number in every cell, as far as the walk has come.

    Parameters
    ----------
    store : Store
        `step` is the place in `steps`; `column` (from 0) is read and set; `form` is "background" or "plain".
    options : dict
        `steps`: list of dict, each name, title and sentence; `level` of the heading. See `pipeline.js`.
    """

    module = "pipeline.js"
