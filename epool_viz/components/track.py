"""One quantity of an E-step over the window starts, in line with the sequence strip."""

from __future__ import annotations

from epool_viz.components.base import Component


class PosteriorTrack(Component):
    """Scores, posterior, gradient or another stage of the trace, as bars; see `track.js` for its options."""

    module = "track.js"
