"""What the step says."""

from __future__ import annotations

from epool_viz.components.base import Component


class StepText(Component):
    """Title, sentence and formula of the step, the numbers filled in by the page.

    Parameters
    ----------
    store : Store
    options : dict
        `steps`: name, title, sentence, formula, `when` and `variants` of each, as `steptext.js` says; `level` of the
        heading.
    """

    module = "steptext.js"
