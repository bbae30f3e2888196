"""A dashboard of one kernel on one sequence: where both come from, and how page and model keep each other in step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import ipywidgets as w
from markupsafe import Markup

from epool_viz.components.widgets import Opening
from epool_viz.data.examples import list_examples, list_models
from epool_viz.data.motifs.jaspar import jaspar_index
from epool_viz.panels.one_kernel.model import BOUNDS, LONGEST_TEXT, NETWORK, EStepModel
from epool_viz.panels.one_kernel.page_state import Memory
from epool_viz.panels.shared.dashboard import Dashboard, shown_if
from epool_viz.panels.shared.first_screen import question
from epool_viz.panels.shared.style import Html, at_depth, heading, part
from epool_viz.panels.shared.visitor_data import CHOICE, LABEL, MODEL, SEQUENCES

_CHOICES: dict[str, tuple[str, list[tuple[str, Any]]]] = {
    "sequence_source": (
        "Take the sequence from",
        [("a bundled set", "example"), ("my own: paste or upload", "pasted"), (LABEL, CHOICE)],
    ),
    "kernel_source": (
        "Take the kernel from",
        [
            ("JASPAR motifs", "jaspar"),
            ("a trained model", "trained"),
            ("numbers I type or drag", "typed"),
            ("a file", "file"),
            ("random numbers", "random"),
            (LABEL, CHOICE),
        ],
    ),
}


class KernelDashboard(Dashboard):
    """Chooses a sequence and a kernel; a subclass shows them.

    Beside what every dashboard says, a subclass says what the model makes of the page's wishes (`_follow`), makes the
    widgets with `_build_controls`, puts `_choices` somewhere and calls `_wire_choices`.

    Parameters
    ----------
    model : EStepModel
    """

    NAME: ClassVar[str]  # of the dashboard, as its row in the registry has it
    DEPTHS: ClassVar[Mapping[str, str]] = {}  # of the controls of a setting, by the name of its trait
    VISITOR_CHOICES: ClassVar = {"sequence_source": (CHOICE, SEQUENCES), "kernel_source": (CHOICE, MODEL)}

    def __init__(self, model: EStepModel) -> None:
        self.is_taking = False
        self.memory = Memory(type(model))
        super().__init__(model)

    def _follow(self, patch: dict[str, Any]) -> None:
        """Let the model follow what the page has changed."""
        raise NotImplementedError

    # --- widgets

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
        self.fasta = self.file_button(
            "Choose a sequence file",
            self.model.load_sequence_file,
            most=LONGEST_TEXT,
            note="FASTA, or a sequence a line",
        )
        self.upload = self.file_button(
            "Choose a kernel file",
            self.model.load_kernel_file,
            most=LONGEST_TEXT,
            note="MEME, JASPAR, TRANSFAC or a matrix as text",
        )
        self.motif_choice = w.Dropdown(description="Kernel or motif of the file")
        self.names = Html().add_class("ep-in-hand")
        self.choosing = w.ToggleButton(description="Choose sequence and kernel").add_class("ep-choosing")
        self.settings: dict[str, Any] = {}  # a box of the control of each, by its trait
        self.deep: list[tuple[Sequence[str], Any]] = []  # settings, and what is shown at each depth once one is in use

    def _choices(self) -> list[Any]:
        """The widgets that choose, under their headings."""
        c = self.controls
        return [
            heading("Sequence"),
            *(c["sequence_source"], c["example"], c["pasted"], self.fasta, self.number),
            heading("Kernel"),
            *(c["kernel_source"], c["jaspar"], c["trained"], self.kernel_choice),
            *(self.upload, self.motif_choice, c["width"], c["seed"]),
        ]

    def _lead(self) -> Any:
        """The question, what is in hand, and the way to other data."""
        return w.Box([question(self.NAME), self.names, part("data", self.choosing)]).add_class("ep-lead")

    def _chosen(self, data: Sequence[Any], groups: Mapping[str, Mapping[str, Any]]) -> Any:
        """What is chosen: the data, and the settings under their headings, by the name of the trait of each."""
        settings: list[Any] = []
        for title, controls in groups.items():
            for name, control in controls.items():
                # a component keeps the classes that it was drawn with; a box takes others on
                self.settings[name] = w.Box([control]).add_class("ep-setting")
                self._deepen(self.DEPTHS[name], [name], self.settings[name])
            names, above = list(controls), heading(title)
            depths = {self.DEPTHS[name] for name in names}
            self._deepen("explore" if "explore" in depths else "expert", names, above)
            settings += [above, *(self.settings[name] for name in names)]
        names = [name for controls in groups.values() for name in controls]
        reading = w.VBox(settings).add_class("ep-controls")
        self._deepen("explore", names, reading)
        chosen = w.VBox([part("data", w.VBox(list(data)).add_class("ep-controls")), part("reading", reading)])
        self._deepen("explore", names, chosen.add_class("ep-chosen"))
        self.chosen = chosen
        return chosen

    def _deepen(self, depth: str, names: Sequence[str], widget: Any) -> None:
        at_depth(depth, widget)
        self.deep.append((names, widget))

    def _opening(self, *opens: tuple[str, str]) -> Any:
        """What scrolls to what a button has opened: pairs of classes."""
        pairs = [("ep-choosing", "ep-chosen"), *opens]
        found = [{"button": f".{button}", "shows": f".{shows}"} for button, shows in pairs]
        return Opening(store=self.store, options={"opens": found})

    # --- ties

    def _wire_choices(self) -> None:
        model, wire = self.model, self.wiring
        for name, control in self.controls.items():
            # a link may name a set that there is not; the message says so, and none is chosen
            wire.both((model, name), (control, "value"), partial(_offered, control) if name == "example" else None)
        wire.follow((model, "sequences"), (self.number, "max"), len)
        wire.both((model, "index"), (self.number, "value"), _from_one, _from_zero)
        self._offer_motifs()
        wire.on(model, ("file_text", "which", "kernel_source", "visitor_data"), self._offer_motifs)
        wire.on(self.motif_choice, "value", self._take_motif)
        self._offer_kernels()
        wire.on(model, NETWORK, self._offer_kernels)
        wire.on(self.kernel_choice, "value", self._take_kernel)
        wire.on(model, (*EStepModel.LOOKING, *NETWORK, "trace", "kernel", "sequence_name", "message"), self._show)
        for widget, name, is_shown in self._conditions():
            wire.follow((model, name), (widget.layout, "display"), shown_if(is_shown))
        self._show_in_use()
        wire.on(model, tuple({name for names, _ in self.deep for name in names}), self._show_in_use)
        wire.on(self.choosing, "value", self._show_in_use)

    def _conditions(self) -> list[tuple[Any, str, Callable[[Any], bool]]]:
        """Controls that are on the page only while they do something."""
        c = self.controls
        return [
            (c["example"], "sequence_source", "example".__eq__),
            *((widget, "sequence_source", "pasted".__eq__) for widget in (c["pasted"], self.fasta)),
            (c["jaspar"], "kernel_source", "jaspar".__eq__),
            *((widget, "kernel_source", "trained".__eq__) for widget in (c["trained"], self.kernel_choice)),
            (self.upload, "kernel_source", "file".__eq__),
            (self.motif_choice, "kernel_source", ("file", CHOICE).__contains__),
            *((c[name], "kernel_source", "random".__eq__) for name in ("width", "seed")),
        ]

    # --- handlers

    def _take_patch(self, patch: dict[str, Any]) -> None:
        self.is_taking = True
        try:
            self._follow(patch)
        finally:
            self.is_taking = False
            self._show()

    def _show(self, _: Any = None) -> None:
        """Tell the page what it does not know yet; of a wish half taken over it is told nothing."""
        if self.is_taking:
            return
        self.memory.keep(self.model)
        names = (self.model.kernel.label, self.model.sequence_name)
        self.names.value = Markup("<p><b>{}</b> on <b>{}</b></p>").format(*names)
        super()._show()

    def _show_in_use(self, _: Any = None) -> None:
        """A setting that is not the first one is on the page at every depth."""
        first = self.model.traits()
        for names, widget in self.deep:
            in_use = any(getattr(self.model, name) != first[name].default_value for name in names)
            if widget is self.chosen:
                in_use = in_use or self.choosing.value
            (widget.add_class if in_use else widget.remove_class)("ep-in-use")

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


def _motif_options() -> list[str]:
    return [f"{record.name} ({record.accession})" for record in jaspar_index()]


def _last_of(place: int, names: tuple[str, ...]) -> int | None:
    """The place, or the last one there is; None where there is none."""
    return min(place, len(names) - 1) if names else None


def _offered(choice: w.Dropdown, value: str) -> str | None:
    """The value, where it is one of the choices."""
    return value if value in [each for _, each in choice.options] else None


def _from_one(place: int) -> int:
    """Places are counted from 0 in the model and from 1 on screen."""
    return place + 1


def _from_zero(number: int) -> int:
    return number - 1
