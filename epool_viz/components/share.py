"""A link that opens this state."""

from __future__ import annotations

from epool_viz.components.base import Component


class Share(Component):
    """Copies the link, and takes over the state of the page's own address at the start.

    Parameters
    ----------
    store : Store
    options : dict
        `share`: keys of the state that go into the link; `live`: the address follows the state; `label` of the button.
    """

    module = "share.js"
