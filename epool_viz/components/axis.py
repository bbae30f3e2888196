"""The four poolings of a sequence on one axis."""

from __future__ import annotations

from epool_viz.components.base import Component


class PooledAxis(Component):
    """Average, ePool, max and log-sum-exp, and the entropy between them; see `axis.js` for its options."""

    module = "axis.js"
