"""A kernel read as a motif, on screen: everything that follows the hand is computed in the page.

The model hears of it, and stays the authority for choices, exports and links.
"""

from __future__ import annotations

from typing import Any

import ipywidgets as w
from markupsafe import Markup

from epool_viz.components.cross_check import CrossCheck
from epool_viz.components.download import Download
from epool_viz.components.widgets import (
    Choice,
    KernelEditor,
    KernelExperiments,
    LetterShares,
    Logo,
    OneHot,
    Pipeline,
    Predict,
    Readings,
    SequenceStrip,
    Slider,
    StepPlayer,
    WindowFormula,
)
from epool_viz.panels.one_kernel.dashboard import KernelDashboard
from epool_viz.panels.one_kernel.model import BOUNDS
from epool_viz.panels.one_kernel.page import BACKGROUND, BIAS_SLIDER, CURSOR_SLIDER, SHARES
from epool_viz.panels.one_kernel.page_state import link_to
from epool_viz.panels.one_kernel.questions import page_questions
from epool_viz.panels.pwm import page
from epool_viz.panels.pwm.exports import TAKE_AWAY, taken
from epool_viz.panels.pwm.model import PwmModel
from epool_viz.panels.pwm.texts import QUESTIONS, page_steps
from epool_viz.panels.shared.dashboard import shown_if
from epool_viz.panels.shared.html import notes_list
from epool_viz.panels.shared.links import anchor
from epool_viz.panels.shared.style import Html, at_depth, card, heading, panel_style, part

_FROM_EXPLORE = ("trust", "download")  # of the tools
_FOLDS = {"predict": "Predict, then see", "trust": "Check the numbers", "download": "Take away"}


class PwmView(KernelDashboard):
    """The panel. Shows a model and changes it; holds no number of its own.

    Parameters
    ----------
    model : PwmModel
    """

    NAME = "pwm"
    PARTS, HELP, LOOKS, DEPTHS = page.PARTS, page.HELP, page.LOOKS, page.DEPTHS
    LINK = ("link", "m", "bias", "step", "cursor")
    KEPT = ("codes", "kernel")

    def _page_state(self) -> dict[str, Any]:
        return page.page_state(self.model)

    def _follow(self, patch: dict[str, Any]) -> None:
        page.take(self.model, patch, self.memory)

    # --- widgets

    def _build(self) -> None:
        self.source_note = Html().add_class("ep-source")
        self.another = w.Button(description="Draw another one")
        self.opening = Html().add_class("ep-opening")
        self._build_controls()
        on, steps = {"store": self.store}, page_steps()
        self.base = Slider(**on, options=page.BASE_SLIDER)
        self.editor = KernelEditor(**on)
        self.logo = Logo(**on, options={"quiet": True, "brief": True, "height": 14})
        self.onehot = OneHot(**on)
        self.strip = SequenceStrip(**on, options={"sentence": "hidden", "live": False, "reveal": True})
        self.cursor = Slider(**on, options=CURSOR_SLIDER)
        self.formula = WindowFormula(**on)
        self.player = StepPlayer(**on, options={"steps": steps})
        self.form = Choice(**on, options=page.FORM)
        self.pipeline = Pipeline(**on, options={"steps": steps})
        self.readings = Readings(**on, options={"level": 2})
        self.moves = KernelExperiments(**on, options={"most": BOUNDS["m"][1], "level": 2})
        self.background = {
            "background": Choice(**on, options=BACKGROUND),
            "letter_shares": LetterShares(**on, options=SHARES),
        }
        self.bias = Slider(**on, options=BIAS_SLIDER)
        self.trust = CrossCheck(**on)
        self.folds: dict[str, Any] = {
            "predict": Predict(**on, options={"questions": page_questions(QUESTIONS)}),
            "trust": self.trust,
            "download": Download(self.store, self._make_download, options={"items": TAKE_AWAY}),
        }
        self.toggles = {name: w.ToggleButton(description=title, value=False) for name, title in _FOLDS.items()}

    def _arranged(self) -> list[Any]:
        chosen = self._chosen(
            [*self._choices(), self.another, self.source_note, self.opening],
            {"Reading": self.background, "The network": {"bias": self.bias}},
        )
        at_depth("explore", self.source_note, self.cursor, self.form)
        at_depth("explore", *(self.toggles[name] for name in _FROM_EXPLORE))
        bars = part("editor", w.Box([self.editor]).add_class("ep-bars"))
        picture = w.Box([bars, part("logo", w.Box([self.logo]).add_class("ep-logo"))]).add_class("ep-picture")
        hand = w.Box([self._lead(), picture, part("base", self.base)]).add_class("ep-hand")
        slide = w.VBox([heading("Slide it along a sequence"), self.onehot, self.strip, self.cursor, card(self.formula)])
        walk = w.VBox([heading("From kernel to logo"), self.player, self.form, self.pipeline])
        questions, *tools = self._tools()
        below = w.VBox(
            [
                part("tools", questions),
                part("moves", card(self.moves)),
                part("score", slide.add_class("ep-slide")),
                part("pipeline", card(walk.add_class("ep-walk"))),
                part("readings", card(self.readings)),
                *(part("tools", tool) for tool in tools),
            ]
        ).add_class("ep-below")
        for name, widgets in self._veiled().items():
            for widget in widgets:
                widget.add_class(f"ep-shows-{name}")
        opening = self._opening(*((f"ep-opens-{name}", f"ep-fold-{name}") for name in self.folds))
        return [opening, w.Box([chosen, hand, below]).add_class("ep-body")]

    def _tools(self) -> list[Any]:
        """The questions, near the logo that they ask about; then the other tools."""
        self.fold_boxes = {name: card(fold).add_class(f"ep-fold-{name}") for name, fold in self.folds.items()}
        for name, toggle in self.toggles.items():
            toggle.add_class(f"ep-opens-{name}")
        asking, *others = self.toggles.values()
        questions, *boxes = self.fold_boxes.values()
        return [
            w.VBox([w.Box([asking]).add_class("ep-tools"), questions]).add_class("ep-asking"),
            w.Box(others).add_class("ep-tools"),
            *boxes,
        ]

    def _veiled(self) -> dict[str, tuple[Any, ...]]:
        """What a question hides while it is open, by the names of `questions.VEILS`."""
        # of the editor and the formula the numbers alone, by `style.css`
        return {"logo": (self.logo, self.pipeline, self.moves), "pooled": (self.pipeline, self.readings, self.moves)}

    def _style(self) -> str:
        return panel_style(__package__)

    # --- ties

    def _wire(self) -> None:
        model, wire = self.model, self.wiring
        self._wire_choices()
        wire.click(self.another, self._draw_another)
        wire.follow((model, "kernel_source"), (self.another.layout, "display"), shown_if("random".__eq__))
        for name, toggle in self.toggles.items():
            wire.follow((toggle, "value"), (self.fold_boxes[name].layout, "display"), shown_if(bool))
        wire.on(self.toggles["trust"], "value", self._show)

    def _draw_another(self, _: Any) -> None:
        low, high = BOUNDS["seed"]
        self.model.seed = int(low if self.model.seed >= high else self.model.seed + 1)

    def _show(self, _: Any = None) -> None:
        if self.is_taking:
            return
        super()._show()
        self.source_note.value = _notes_html(self.model)
        opens = anchor(link_to(self.model, "e_step"), "Open this kernel in the E-step view")
        self.opening.value = Markup("<p>{}</p>").format(opens)
        if self.toggles["trust"].value:
            self.trust.compare(self.store.now)

    def _make_download(self, name: str) -> tuple[str, str, bytes]:
        return taken(self.model, name)


def _notes_html(model: PwmModel) -> Markup:
    notes = Markup('<div class="ep-notes"><p><b>{}</b> on <b>{}</b>.</p>{}</div>')
    return notes.format(model.kernel.label, model.sequence_name, notes_list(model.notes))
