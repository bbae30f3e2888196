"""The sequence, letter by letter, with the window under the cursor."""

from __future__ import annotations

from epool_viz.components.base import Component


class SequenceStrip(Component):
    """Coloured letters that can be zoomed into, slid along and changed; see `strip.js` for its options."""

    module = "strip.js"
