"""The controls that read a visitor's model file another way: which weight, which axes, which letters."""

from __future__ import annotations

from typing import Any

import ipywidgets as w
from markupsafe import Markup

from epool_viz.panels.shared.dashboard import shown_if
from epool_viz.panels.shared.handlers import Wiring
from epool_viz.panels.shared.html import around
from epool_viz.panels.shared.opened_model import OpenedModel, said_of
from epool_viz.panels.shared.style import Html, heading

_AUTO = "as the file says"
_FLIPS = [(_AUTO, ""), ("no", "no"), ("yes", "yes")]  # a menu shows nothing for the value None
_MEANS = {"": None, "no": False, "yes": True}
_SAYS = {meant: said for said, meant in _MEANS.items()}


class ReadAnotherWay(w.VBox):
    """Shown while there is a file whose axes, letters and direction are for the visitor to say.

    Parameters
    ----------
    opened_model : OpenedModel
    tells : bool
        Whether it shows why the file cannot be read this way, where the panel does not.
    """

    def __init__(self, opened_model: OpenedModel, *, tells: bool = False) -> None:
        self.opened_model, self.tells = opened_model, tells
        self.said = Html()
        self.layer = w.Dropdown(description="Convolution")
        self.axes = w.Dropdown(description="Axes of the stored weight")
        self.letters = w.Text(description="Order of the letters", placeholder="ACGT", continuous_update=False)
        self.flip = w.Dropdown(description="Turn the kernels round", options=_FLIPS)
        self.fold = w.Dropdown(description="Fold the batch-norm in", options=_FLIPS)
        super().__init__(
            [heading("Read it another way"), self.layer, self.axes, self.letters, self.flip, self.fold, self.said]
        )
        self.add_class("ep-controls")

    def wire(self, wiring: Wiring) -> None:
        """Tie the controls to what was brought."""
        self._wiring, self._is_wanted = wiring, True
        wiring.both((self.opened_model, "letters"), (self.letters, "value"))
        for name in ("flip", "fold"):
            wiring.both(
                (self.opened_model, name), (getattr(self, name), "value"), _SAYS.__getitem__, _MEANS.__getitem__
            )
        wiring.on(self.layer, "value", self._take_layer)
        wiring.on(self.axes, "value", self._take_axes)
        wiring.on(self.opened_model, ("kernels", "has_file"), self._offer)
        wiring.on(self.opened_model, ("model_problem", *OpenedModel.READING), self._tell)
        self._tell()
        self.show()

    def show(self, is_wanted: bool = True) -> None:
        """Offer what the file allows; nothing while something else than the file is shown."""
        self._is_wanted = is_wanted
        self._offer()

    def _offer(self, _: Any = None) -> None:
        opened_model = self.opened_model
        self.layout.display = shown_if(bool)(self._is_wanted and opened_model.can_be_read_otherwise)
        self.fold.layout.display = shown_if(bool)(opened_model.has_batch_norm)
        if not opened_model.can_be_read_otherwise:
            return
        kernels = opened_model.kernels
        names = [each.rpartition(" (")[0] for each in kernels.candidates]
        with self._wiring.quietly():
            self.layer.options = [
                (f"the first that fits ({kernels.layer})", ""),
                *zip(kernels.candidates, names, strict=True),
            ]
            self.layer.value = opened_model.layer if opened_model.layer in ("", *names) else ""
            self.axes.options = [(f"{_AUTO}: {kernels.axes}" if not opened_model.axes else _AUTO, ""),
                                 *((each, each) for each in kernels.possible_axes)]  # fmt: skip
            self.axes.value = opened_model.axes if opened_model.axes in ("", *kernels.possible_axes) else ""

    def _tell(self, _: Any = None) -> None:
        """A file that cannot be read this way stays as it was read before, and it is said why."""
        problem = self.opened_model.model_problem if self.tells and self.opened_model.options else None
        self.said.layout.display = shown_if(bool)(problem)
        said = "" if problem is None else said_of(self.opened_model.model_name, problem)
        self.said.value = around(Markup('<p class="ep-problem" role="alert">{}</p>'), said)

    def _take_layer(self, change: Any) -> None:
        if not self._wiring.is_quiet and change.new is not None:
            self.opened_model.axes = ""
            self.opened_model.layer = change.new

    def _take_axes(self, change: Any) -> None:
        if not self._wiring.is_quiet and change.new is not None:
            self.opened_model.axes = change.new
