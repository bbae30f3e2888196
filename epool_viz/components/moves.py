"""What changes a logo, and what cannot."""

from __future__ import annotations

from epool_viz.components.base import Component


class Moves(Component):
    """Changes of a kernel to try, and what they leave as it was: the kernel before and after, compared.

    Parameters
    ----------
    store : Store
        `kernel`, `kernel_by` and `m` are set.
    options : dict
        `most`, the largest `m` that may be set; see `moves.js`.
    """

    module = "moves.js"
