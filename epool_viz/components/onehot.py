"""The letters as columns of a matrix."""

from __future__ import annotations

from epool_viz.components.base import Component


class OneHot(Component):
    """The one-hot matrix of the letters in view, under the strip and as wide.

    Parameters
    ----------
    store : Store
    options : dict
        `when` it is shown.
    """

    module = "onehot.js"
