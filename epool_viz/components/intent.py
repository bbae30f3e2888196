"""Somebody comes near the controls."""

from __future__ import annotations

from epool_viz.components.base import Component


class Intent(Component):
    """Sets a name of the state to True once the pointer or the focus is within a part of the page.

    Parameters
    ----------
    store : Store
    options : dict
        `key` of the state, and `within`, a CSS selector.
    """

    module = "intent.js"
