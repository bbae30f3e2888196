"""The score of the window under the cursor, by both routes."""

from __future__ import annotations

from epool_viz.components.base import Component


class WindowFormula(Component):
    """Kernel columns with the picked entries, and the ledger of the identity; see `formula.js` for its options."""

    module = "formula.js"
