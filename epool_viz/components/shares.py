"""Letter shares typed by hand."""

from __future__ import annotations

from epool_viz.components.base import Component


class Shares(Component):
    """One number a letter, scaled to the sum 1; what cannot be used is explained where it is typed.

    Parameters
    ----------
    store : Store
    options : dict
        `key` of the state, `label`, and `when` it is shown.
    """

    module = "shares.js"
