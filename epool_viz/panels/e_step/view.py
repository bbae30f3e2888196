"""The E-step panel on screen: components that draw one store in the page, and a few widgets that choose the data.

What follows the hand (`m`, the cursor, a letter, an entry of the kernel) is computed in the page; the model hears of it
and stays the authority for choices, exports and links.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

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
from epool_viz.panels.shared.style import Html, at_depth, card, part

_FOLDS = {
    "predict": "Predict, then see",
    "editor": "Change the kernel",
    "compare": "Compare two states",
    "trust": "Check the numbers",
    "download": "Take away",
}
_FROM_EXPLORE = ("compare", "trust", "download")  # of the tools


class EStepView(KernelDashboard):
    """The panel. Shows a model and changes it; holds no number of its own.

    Parameters
    ----------
    model : EStepModel
    """

    NAME = "e_step"
    PARTS, HELP, LOOKS, DEPTHS = page.PARTS, page.HELP, bridge.LOOKS, page.DEPTHS
    LINK = ("link", *bridge.SHARED, "step", "cursor")
    KEPT = ("codes", "kernel")
    STAGES: ClassVar[Mapping[str, Sequence[str]]] = {"step": bridge.STEP_NAMES}

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
        self.player = StepPlayer(**on, options={"steps": steps, "opening": page.OPENING_PLACE})
        self.m_slider = Slider(**on, options=page.M_SLIDER)
        self.steptext = StepText(**on, options={"steps": steps, "level": 2})
        self.strip = SequenceStrip(**on, options={"sentence": "hidden"})
        self.track_before = PosteriorTrack(
            **on, options={"by_step": above, "height": 4, "sentence": "hidden", "live": False}
        )
        self.track_now = PosteriorTrack(**on, options={"by_step": below, "height": 11, "narrow": 7})
        self.cursor = Slider(**on, options=CURSOR_SLIDER)
        self.formula = WindowFormula(**on, options={"live": False})
        self.logo = Logo(**on, options={"quiet": True, "brief": True})
        self.axis = PooledAxis(**on, options={"live": False})
        self.gradient = PosteriorTrack(**on, options={"quantity": "gradient", "height": 5, "live": False})
        self.onehot = OneHot(**on, options=page.ONE_HOT)
        self.reading = {page.trait_of(o): Choice(**on, options=o) for o in page.READINGS}
        self.reading["letter_shares"] = LetterShares(**on, options=SHARES)
        self.reading |= {page.trait_of(o): Slider(**on, options=o) for o in page.READING_SLIDERS}
        self.network = {page.trait_of(o): Choice(**on, options=o) for o in page.NETWORK}
        self.network |= {page.trait_of(o): Slider(**on, options=o) for o in page.NETWORK_SLIDERS}
        self.trust = CrossCheck(**on)
        self.folds: dict[str, Any] = {
            "predict": Predict(**on, options={"questions": page_questions(QUESTIONS)}),
            "editor": KernelEditor(**on),
            "compare": Compare(**on),
            "trust": self.trust,
            "download": Download(self.store, self._make_download, options={"items": TAKE_AWAY}),
        }
        self.toggles = {name: w.ToggleButton(description=title, value=False) for name, title in _FOLDS.items()}

    def _arranged(self) -> list[Any]:
        chosen = self._chosen(
            [*self._choices(), self.source_note], {"Reading": self.reading, "The network": self.network}
        )
        at_depth("explore", self.track_before, self.cursor, self.source_note)
        at_depth("explore", *(self.toggles[name] for name in _FROM_EXPLORE))
        tracks = w.VBox([self.onehot, self.track_before, self.track_now, self.strip, self.cursor])
        picture = w.Box([tracks.add_class("ep-tracks"), part("logo", w.Box([self.logo]).add_class("ep-logo"))])
        moved = w.Box([part("m", self.m_slider), self.player]).add_class("ep-top")
        text = part("text", self.steptext).add_class("ep-text")
        walk = w.Box([self._lead(), text, picture.add_class("ep-picture"), moved]).add_class("ep-walk")
        for name, widgets in self._veiled().items():
            for widget in widgets:
                widget.add_class(f"ep-shows-{name}")
        cards = [("axis", self.axis), ("window", self.formula), ("gradient", self.gradient)]
        self.fold_boxes = {name: card(fold).add_class(f"ep-fold-{name}") for name, fold in self.folds.items()}
        for name, toggle in self.toggles.items():
            toggle.add_class(f"ep-opens-{name}")
        tools = [w.Box(list(self.toggles.values())).add_class("ep-tools"), *self.fold_boxes.values()]
        shown = [*(part("tools", tool) for tool in tools), *(part(name, card(widget)) for name, widget in cards)]
        below = w.VBox(shown).add_class("ep-below")
        opening = self._opening(*((f"ep-opens-{name}", f"ep-fold-{name}") for name in self.folds))
        return [opening, w.Box([chosen, walk, below]).add_class("ep-body")]

    def _veiled(self) -> dict[str, tuple[Any, ...]]:
        """What a question hides while it is open, by the names of `questions.VEILS`."""
        tracks = (self.track_before, self.track_now, self.gradient)
        answers = (self.steptext, self.folds["compare"], self.trust)
        return {"posterior": (*tracks, *answers), "pooled": (self.axis, *answers), "logo": (self.logo,)}

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
        """Whoever wants to type a kernel is shown where; a kernel that a question or a link types opens nothing."""
        if change.new == "typed" and not self.wiring.is_quiet:
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
