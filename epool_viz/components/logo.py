"""The logo that moves with `m`."""

from __future__ import annotations

from epool_viz.components.base import Component


class Logo(Component):
    """What the kernel means under the base `e^m`, as letters.

    Parameters
    ----------
    store : Store
        `logo_kind` ("information", "probability", "log odds" or "kernel") and `logo_reverse` (bool) are read and set.
    options : dict
        `kind` fixes the kind, `letters` (default True) shows the window under the cursor, `label` names the kernel,
        `height` is in rem, `quiet` says nothing aloud, `motif` speaks of a motif and not of the kernel that means it.
    """

    module = "logo.js"
