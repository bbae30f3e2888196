"""The kernel under the hand."""

from __future__ import annotations

from epool_viz.components.base import Component


class KernelEditor(Component):
    """Edits `kernel` by bars, by numbers or as text, with undo.

    Parameters
    ----------
    store : Store
    options : dict
        `label` names the kernel; `widest` is the largest number of columns (default 50).
    """

    module = "editor.js"
