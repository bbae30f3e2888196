"""The E-step panel on screen: components that draw one store in the page, and a few widgets that choose the data.

What follows the hand (`m`, the cursor, a letter, an entry of the kernel) is computed in the page; the model hears of it
and stays the authority for choices, exports and links.
"""

from __future__ import annotations

from typing import Any

import ipywidgets as w
from markupsafe import Markup

from epool_viz.components.cross_check import CrossCheck
from epool_viz.components.download import Download
from epool_viz.components.widgets import (
    Choice,
    Compare,
    KernelEditor,
    LetterShares,
    Logo,
    OneHot,
    PooledAxis,
    PosteriorTrack,
    Predict,
    SequenceStrip,
    Slider,
    StepPlayer,
    StepText,
    WindowFormula,
)
from epool_viz.panels.e_step import page
from epool_viz.panels.e_step.exports import TAKE_AWAY, taken
from epool_viz.panels.e_step.texts import QUESTIONS
from epool_viz.panels.one_kernel import page_state as bridge
from epool_viz.panels.one_kernel.dashboard import KernelDashboard
from epool_viz.panels.one_kernel.model import EStepModel
from epool_viz.panels.one_kernel.page import CURSOR_SLIDER, SHARES
from epool_viz.panels.one_kernel.questions import page_questions
from epool_viz.panels.shared.dashboard import shown_if
from epool_viz.panels.shared.html import notes_list
from epool_viz.panels.shared.links import anchor
from epool_viz.panels.shared.style import Html, card, heading, part

_FOLDS = {
    "editor": "Change the kernel",
    "compare": "Compare two states",
    "predict": "Predict, then see",
    "trust": "Check the numbers",
    "download": "Take away",
}


class EStepView(KernelDashboard):
    """The panel. Shows a model and changes it; holds no number of its own.

    Parameters
    ----------
    model : EStepModel
    """

    PARTS, HELP, LOOKS = page.PARTS, page.HELP, bridge.LOOKS
    LINK = ("link", *bridge.SHARED, "step", "cursor")
    KEPT = ("codes", "kernel")

    def _page_state(self) -> dict[str, Any]:
        return bridge.page_state(self.model)

    def _follow(self, patch: dict[str, Any]) -> None:
        bridge.take(self.model, patch, self.memory)

    # --- widgets

    def _build(self) -> None:
        self.source_note = Html().add_class("ep-source")
        self._build_controls()
        self._build_components()

    def _build_components(self) -> None:
        # one voice: the step when it changes, then the lower track
        steps, (above, below) = page.page_steps(), page.quantities()
        on = {"store": self.store}
        self.player = StepPlayer(**on, options={"steps": steps})
        self.m_slider = Slider(**on, options=page.M_SLIDER)
        self.steptext = StepText(**on, options={"steps": steps, "level": 2})
        self.strip = SequenceStrip(**on, options={"sentence": "hidden"})
        self.track_before = PosteriorTrack(
            **on, options={"by_step": above, "height": 4, "sentence": "hidden", "live": False}
        )
        self.track_now = PosteriorTrack(**on, options={"by_step": below, "height": 7})
        self.cursor = Slider(**on, options=CURSOR_SLIDER)
        self.formula = WindowFormula(**on, options={"live": False})
        self.logo = Logo(**on, options={"quiet": True})
        self.axis = PooledAxis(**on, options={"live": False})
        self.gradient = PosteriorTrack(**on, options={"quantity": "gradient", "height": 5, "live": False})
        self.readings = [Choice(**on, options=o) for o in page.READINGS]
        self.readings += [Slider(**on, options=o) for o in page.READING_SLIDERS]
        self.readings.insert(3, LetterShares(**on, options=SHARES))
        self.onehot = OneHot(**on, options=page.ONE_HOT)
        self.network = [Choice(**on, options=o) for o in page.NETWORK]
        self.network += [Slider(**on, options=o) for o in page.NETWORK_SLIDERS]
        self.trust = CrossCheck(**on)
        self.folds: dict[str, Any] = {
            "editor": KernelEditor(**on),
            "compare": Compare(**on),
            "predict": Predict(**on, options={"questions": page_questions(QUESTIONS)}),
            "trust": self.trust,
            "download": Download(self.store, self._make_download, options={"items": TAKE_AWAY}),
        }
        self.toggles = {
            name: w.ToggleButton(description=title, value=name == "trust") for name, title in _FOLDS.items()
        }

    def _arranged(self) -> list[Any]:
        data = w.VBox([*self._choices(), self.source_note]).add_class("ep-controls")
        reading = w.VBox([heading("Reading"), *self.readings, heading("The network"), *self.network]).add_class(
            "ep-controls"
        )
        chosen = w.VBox([part("data", data), part("reading", reading)]).add_class("ep-chosen")
        picture = w.VBox([self.onehot, self.track_before, self.track_now, self.strip, self.cursor])
        walk = w.VBox(
            [
                w.VBox([self.player, part("m", self.m_slider)]).add_class("ep-top"),
                part("text", self.steptext),
                picture.add_class("ep-picture"),
            ]
        ).add_class("ep-walk")
        beside = w.VBox([part("logo", card(self.logo)), part("axis", card(self.axis))]).add_class("ep-beside")
        for name, widgets in self._veiled().items():
            for widget in widgets:
                widget.add_class(f"ep-shows-{name}")
        cards = [part("window", card(self.formula)), part("gradient", card(self.gradient))]
        self.fold_boxes = {name: card(fold) for name, fold in self.folds.items()}
        tools = [w.Box(list(self.toggles.values())).add_class("ep-tools"), *self.fold_boxes.values()]
        below = w.VBox([*cards, *(part("tools", tool) for tool in tools)]).add_class("ep-below")
        body = w.Box([walk, beside, below, chosen]).add_class("ep-body")
        return [body]

    def _veiled(self) -> dict[str, tuple[Any, ...]]:
        """What a question hides while it is open, by the names of `questions.VEILS`."""
        tracks = (self.track_before, self.track_now, self.gradient)
        return {"posterior": (*tracks, self.steptext), "pooled": (self.axis, self.steptext), "logo": (self.logo,)}

    # --- ties

    def _wire(self) -> None:
        wire = self.wiring
        self._wire_choices()
        for name, toggle in self.toggles.items():
            wire.follow((toggle, "value"), (self.fold_boxes[name].layout, "display"), shown_if(bool))
        wire.on(self.toggles["trust"], "value", self._show)
        wire.on(self.controls["kernel_source"], "value", self._offer_editor)

    # --- handlers

    def _show(self, _: Any = None) -> None:
        """Tell the page what it does not know yet; of a wish half taken over it is told nothing."""
        if self.is_taking:
            return
        super()._show()
        self.source_note.value = _notes_html(self.model)
        if self.toggles["trust"].value:
            self.trust.compare(self.store.now)

    def _offer_editor(self, change: Any) -> None:
        """Whoever wants to type a kernel is shown where."""
        if change.new == "typed":
            self.toggles["editor"].value = True

    def _make_download(self, name: str) -> tuple[str, str, bytes]:
        return taken(self.model, name)


def _notes_html(model: EStepModel) -> Markup:
    at_one = "At m = 1 the logo is the motif itself; a" if model.kernel.is_motif else "The logo depends on m: a"
    apart = anchor(bridge.link_to(model, "pwm"), "Take this kernel apart")
    return Markup(
        '<div class="ep-notes"><p><b>{}</b> on <b>{}</b>. {} larger m sharpens it, a smaller one flattens it.</p>'
        "<p>{}</p>{}<p>{}</p></div>"
    ).format(model.kernel.label, model.sequence_name, at_one, model.trace.statement, notes_list(model.notes), apart)
