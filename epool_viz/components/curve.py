"""One number an iteration."""

from __future__ import annotations

from epool_viz.components.base import Component


class Curve(Component):
    """A line with points, the present one marked.

    Parameters
    ----------
    store : Store
    options : dict
        `series` and `at` name the state's numbers and the place among them; `title`, `label`, `unit`, `height` in rem;
        `go` names what a click sets. See `curve.js`.
    """

    module = "curve.js"
