"""The E-step panel on screen: components that draw one store in the page, and a few widgets that choose the data.

What follows the hand (`m`, the cursor, a letter, an entry of the kernel) is computed in the page; the model hears of it
and stays the authority for choices, exports and links.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from epool_viz.components.axis import PooledAxis
from epool_viz.components.choice import Choice
from epool_viz.components.compare import Compare
from epool_viz.components.download import Download
from epool_viz.components.editor import KernelEditor
from epool_viz.components.formula import WindowFormula
from epool_viz.components.logo import Logo
from epool_viz.components.onehot import OneHot
from epool_viz.components.player import StepPlayer
from epool_viz.components.predict import Predict
from epool_viz.components.shares import Shares
from epool_viz.components.slider import Slider
from epool_viz.components.steptext import StepText
from epool_viz.components.strip import SequenceStrip
from epool_viz.components.track import PosteriorTrack
from epool_viz.components.trust import TrustPanel
from epool_viz.data.gallery import list_examples, list_models
from epool_viz.data.jaspar import jaspar_index
from epool_viz.panels.dashboard import Dashboard, shown_if
from epool_viz.panels.e_step import bridge, page
from epool_viz.panels.e_step.model import BOUNDS, NETWORK, EStepModel
from epool_viz.panels.e_step.questions import page_questions
from epool_viz.panels.e_step.takeaway import TAKE_AWAY, taken
from epool_viz.panels.html import escape
from epool_viz.panels.look import card, heading, part

_CHOICES: dict[str, tuple[str, list[tuple[str, Any]]]] = {
    "sequence_source": (
        "Take the sequence from",
        [("a bundled set", "example"), ("my own: paste or upload", "pasted")],
    ),
    "kernel_source": (
        "Take the kernel from",
        [
            ("JASPAR motifs", "jaspar"),
            ("a trained model", "trained"),
            ("numbers I type or drag", "typed"),
            ("a file", "file"),
            ("random numbers", "random"),
        ],
    ),
}
_FOLDS = {
    "editor": "Change the kernel",
    "compare": "Compare two states",
    "predict": "Predict, then see",
    "trust": "Check the numbers",
    "download": "Take away",
}


class EStepView(Dashboard):
    """The panel. Shows a model and changes it; holds no number of its own.

    Parameters
    ----------
    model : EStepModel
    """

    PARTS, HELP, LOOKS = page.PARTS, page.HELP, bridge.LOOKS
    LINK = ("link", *bridge.SHARED, "step", "cursor")
    KEPT = ("codes", "kernel")

    def __init__(self, model: EStepModel) -> None:
        self.is_taking = False
        self.memory = bridge.Memory()
        super().__init__(model)

    def _page_state(self) -> dict[str, Any]:
        return bridge.page_state(self.model)

    # --- widgets

    def _build(self) -> None:
        self.source_note = w.HTML().add_class("ep-source")
        self._build_controls()
        self._build_components()

    def _build_controls(self) -> None:
        self.controls: dict[str, Any] = {
            name: w.Dropdown(description=label, options=choices) for name, (label, choices) in _CHOICES.items()
        }
        for name, label in (("seed", "Seed"), ("width", "Width")):
            low, high = BOUNDS[name]
            self.controls[name] = w.BoundedIntText(description=label, min=int(low), max=int(high), value=int(low))
        examples = [(f"{example.title} ({example.n})", example.name) for example in list_examples()]
        self.controls["example"] = w.Dropdown(description="Set", options=examples)
        self.controls["pasted"] = w.Textarea(
            description="Sequence, or FASTA", placeholder="ACGTTGCA…, or FASTA", rows=4
        )
        self.controls["jaspar"] = w.Combobox(
            description="Motif name", options=_motif_options(), continuous_update=False, placeholder="CTCF, MA0139 …"
        )
        models = [(f"{info.title} (test AUC {info.test_auc:.2f})", info.name) for info in list_models()]
        self.controls["trained"] = w.Dropdown(description="Model", options=models)
        self.kernel_choice = w.Dropdown(description="Kernel of the model")
        self.number = w.BoundedIntText(description="Number in the set", min=1, max=1, value=1)
        self.fasta = w.FileUpload(description="Choose a sequence file (up to 1 MB)", accept="", multiple=False)
        self.upload = w.FileUpload(description="Choose a kernel file (up to 1 MB)", accept="", multiple=False)
        self.motif_choice = w.Dropdown(description="Motif in the file")

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
        self.cursor = Slider(**on, options=page.CURSOR_SLIDER)
        self.formula = WindowFormula(**on, options={"live": False})
        self.logo = Logo(**on, options={"quiet": True})
        self.axis = PooledAxis(**on, options={"live": False})
        self.gradient = PosteriorTrack(**on, options={"quantity": "gradient", "height": 5, "live": False})
        self.readings = [Choice(**on, options=o) for o in page.READINGS]
        self.readings += [Slider(**on, options=o) for o in page.READING_SLIDERS]
        self.readings.insert(3, Shares(**on, options=page.SHARES))
        self.onehot = OneHot(**on, options=page.ONE_HOT)
        self.network = [Choice(**on, options=o) for o in page.NETWORK]
        self.network += [Slider(**on, options=o) for o in page.NETWORK_SLIDERS]
        self.trust = TrustPanel(**on)
        self.folds: dict[str, Any] = {
            "editor": KernelEditor(**on),
            "compare": Compare(**on),
            "predict": Predict(**on, options={"questions": page_questions()}),
            "trust": self.trust,
            "download": Download(self.store, self._make_download, options={"items": TAKE_AWAY}),
        }
        self.toggles = {
            name: w.ToggleButton(description=title, value=name == "trust") for name, title in _FOLDS.items()
        }

    def _arranged(self) -> list[Any]:
        c = self.controls
        data = w.VBox(
            [
                heading("Sequence"),
                *(c["sequence_source"], c["example"], c["pasted"], self.fasta, self.number),
                heading("Kernel"),
                *(c["kernel_source"], c["jaspar"], c["trained"], self.kernel_choice),
                *(self.upload, self.motif_choice, c["width"], c["seed"]),
                self.source_note,
            ]
        ).add_class("ep-controls")
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
        model, wire = self.model, self.wiring
        for name, control in self.controls.items():
            wire.both((model, name), (control, "value"))
        wire.follow((model, "sequences"), (self.number, "max"), len)
        wire.both((model, "index"), (self.number, "value"), _from_one, _from_zero)
        wire.on(self.upload, "value", self._take_file)
        wire.on(self.fasta, "value", self._take_fasta)
        self._offer_motifs()
        wire.on(model, ("file_text", "which"), self._offer_motifs)
        wire.on(self.motif_choice, "value", self._take_motif)
        self._offer_kernels()
        wire.on(model, NETWORK, self._offer_kernels)
        wire.on(self.kernel_choice, "value", self._take_kernel)
        wire.on(model, (*EStepModel.LOOKING, *NETWORK, "trace", "kernel", "sequence_name", "message"), self._show)
        for widget, name, is_shown in self._conditions():
            wire.follow((model, name), (widget.layout, "display"), shown_if(is_shown))
        for name, toggle in self.toggles.items():
            wire.follow((toggle, "value"), (self.fold_boxes[name].layout, "display"), shown_if(bool))
        wire.on(self.toggles["trust"], "value", self._show)
        wire.on(self.controls["kernel_source"], "value", self._offer_editor)

    def _conditions(self) -> list[tuple[Any, str, Callable[[Any], bool]]]:
        """Controls that are on the page only while they do something."""
        c = self.controls
        return [
            (c["example"], "sequence_source", "example".__eq__),
            *((widget, "sequence_source", "pasted".__eq__) for widget in (c["pasted"], self.fasta)),
            (c["jaspar"], "kernel_source", "jaspar".__eq__),
            *((widget, "kernel_source", "trained".__eq__) for widget in (c["trained"], self.kernel_choice)),
            *((widget, "kernel_source", "file".__eq__) for widget in (self.upload, self.motif_choice)),
            *((c[name], "kernel_source", "random".__eq__) for name in ("width", "seed")),
        ]

    # --- handlers

    def _take_patch(self, patch: dict[str, Any]) -> None:
        self.is_taking = True
        try:
            bridge.take(self.model, patch, self.memory)
        finally:
            self.is_taking = False
            self._show()

    def _show(self, _: Any = None) -> None:
        """Tell the page what it does not know yet; of a wish half taken over it is told nothing."""
        if self.is_taking:
            return
        self.memory.keep(self.model)
        super()._show()
        self.source_note.value = _notes_html(self.model)
        if self.toggles["trust"].value:
            self.trust.compare(self.store.now)

    def _offer_editor(self, change: Any) -> None:
        """Whoever wants to type a kernel is shown where."""
        if change.new == "typed":
            self.toggles["editor"].value = True

    def _take_file(self, change: Any) -> None:
        for file in change.new:
            self.model.load_kernel_file(file["name"], bytes(file["content"]))

    def _take_fasta(self, change: Any) -> None:
        for file in change.new:
            self.model.load_sequence_file(file["name"], bytes(file["content"]))

    def _offer_motifs(self, _: Any = None) -> None:
        names = self.model.file_motifs
        with self.wiring.quietly():
            self.motif_choice.options = [(name, place) for place, name in enumerate(names)]
            self.motif_choice.index = _last_of(self.model.which, names)

    def _take_motif(self, change: Any) -> None:
        if change.new is not None and not self.wiring.is_quiet:
            self.model.which = change.new

    def _offer_kernels(self, _: Any = None) -> None:
        names = self.model.trained_kernels
        with self.wiring.quietly():
            self.kernel_choice.options = [(name, rank) for rank, name in enumerate(names)]
            self.kernel_choice.index = _last_of(self.model.rank, names)

    def _take_kernel(self, change: Any) -> None:
        if change.new is not None and not self.wiring.is_quiet:
            self.model.rank = change.new

    def _make_download(self, name: str) -> tuple[str, str, bytes]:
        return taken(self.model, name)


def _notes_html(model: EStepModel) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in model.notes)
    at_one = "At m = 1 the logo is the motif itself; a" if model.kernel.is_motif else "The logo depends on m: a"
    return (
        f'<div class="ep-notes"><p><b>{escape(model.kernel.label)}</b> on <b>{escape(model.sequence_name)}</b>. '
        f"{at_one} larger m sharpens it, a smaller one flattens it.</p>"
        f"<p>{escape(model.trace.statement)}</p><ul>{notes}</ul></div>"
    )


def _motif_options() -> list[str]:
    return [f"{record.name} ({record.accession})" for record in jaspar_index()]


def _last_of(place: int, names: tuple[str, ...]) -> int | None:
    """The place, or the last one there is; None where there is none."""
    return min(place, len(names) - 1) if names else None


def _from_one(place: int) -> int:
    """Places are counted from 0 in the model and from 1 on screen."""
    return place + 1


def _from_zero(number: int) -> int:
    return number - 1
