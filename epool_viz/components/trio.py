"""One kernel, read three ways."""

from __future__ import annotations

from epool_viz.components.base import Component


class Trio(Component):
    """The exact, the heuristic and the posterior reading of a kernel above one another, and the nearest known motif.

    Parameters
    ----------
    store : Store
        Of the state, `m` is set by the buttons of the base, `look_up` and `stop_looking` are counted up.
    options : dict
        `glyphs`, the outlines of the letters; `height` of a logo in rem. See `trio.js`.
    """

    module = "trio.js"
