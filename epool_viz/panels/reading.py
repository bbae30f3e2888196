"""The controls that read a visitor's model file another way: which weight, which axes, which letters."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from epool_viz.panels.brought import BroughtModel
from epool_viz.panels.dashboard import shown_if
from epool_viz.panels.guard import Wiring
from epool_viz.panels.look import heading

_AUTO = "as the file says"
_FLIPS = [(_AUTO, None), ("no", False), ("yes", True)]


class ReadAnotherWay(w.VBox):
    """Shown while there is a file whose axes, letters and direction are for the visitor to say.

    Parameters
    ----------
    brought : BroughtModel
    """

    def __init__(self, brought: BroughtModel) -> None:
        self.brought = brought
        self.layer = w.Dropdown(description="Convolution")
        self.axes = w.Dropdown(description="Axes of the stored weight")
        self.letters = w.Text(description="Order of the letters", placeholder="ACGT", continuous_update=False)
        self.flip = w.Dropdown(description="Turn the kernels round", options=_FLIPS)
        self.fold = w.Dropdown(description="Fold the batch-norm in", options=_FLIPS)
        super().__init__([heading("Read it another way"), self.layer, self.axes, self.letters, self.flip, self.fold])
        self.add_class("ep-controls")

    def wire(self, wiring: Wiring) -> None:
        """Tie the controls to what was brought."""
        self._wiring, self._is_wanted = wiring, True
        for name in ("letters", "flip", "fold"):
            wiring.both((self.brought, name), (getattr(self, name), "value"))
        wiring.on(self.layer, "value", self._take_layer)
        wiring.on(self.axes, "value", self._take_axes)
        wiring.on(self.brought, ("kernels", "has_file"), self._offer)
        self.show()

    def show(self, is_wanted: bool = True) -> None:
        """Offer what the file allows; nothing while something else than the file is shown."""
        self._is_wanted = is_wanted
        self._offer()

    def _offer(self, _: Any = None) -> None:
        brought = self.brought
        self.layout.display = shown_if(bool)(self._is_wanted and brought.can_be_read_otherwise)
        self.fold.layout.display = shown_if(bool)(brought.has_batch_norm)
        if not brought.can_be_read_otherwise:
            return
        kernels = brought.kernels
        names = [each.rpartition(" (")[0] for each in kernels.candidates]
        with self._wiring.quietly():
            self.layer.options = [
                (f"the first that fits ({kernels.layer})", ""),
                *zip(kernels.candidates, names, strict=True),
            ]
            self.layer.value = brought.layer if brought.layer in ("", *names) else ""
            self.axes.options = [(f"{_AUTO}: {kernels.axes}" if not brought.axes else _AUTO, ""),
                                 *((each, each) for each in kernels.possible_axes)]  # fmt: skip
            self.axes.value = brought.axes if brought.axes in ("", *kernels.possible_axes) else ""

    def _take_layer(self, change: Any) -> None:
        if not self._wiring.is_quiet and change.new is not None:
            self.brought.axes = ""
            self.brought.layer = change.new

    def _take_axes(self, change: Any) -> None:
        if not self._wiring.is_quiet and change.new is not None:
            self.brought.axes = change.new
