"""One of a few values of the state."""

from __future__ import annotations

from epool_viz.components.base import Component


class Choice(Component):
    """Radio buttons, a menu, or a checkbox.

    Parameters
    ----------
    store : Store
    options : dict
        `key`, `label`, `kind` ("radio", "select" or "checkbox"), `choices` (value, label, note), `help`, `when`.
    """

    module = "choice.js"
