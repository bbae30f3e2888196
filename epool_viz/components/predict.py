"""Questions that are asked before the answer is shown."""

from __future__ import annotations

from epool_viz.components.base import Component


class Predict(Component):
    """Predict, then see: asks, veils, shows both, and scores; see `predict.js` for its options.

    Parameters
    ----------
    store : Store
        `predict` and `hidden` are set; what a question sets up goes back to what it was when the visitor leaves.
    options : dict
        `questions`: list of dict, as `page_questions` of a dashboard gives them. `title`, `live`.
    """

    module = "predict.js"
