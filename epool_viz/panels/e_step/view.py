"""The E-step panel on screen: widgets built once, tied to an `EStepModel`; every picture is a string of `render`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import ipywidgets as w

from epool_viz.data.gallery import list_examples
from epool_viz.data.jaspar import jaspar_index
from epool_viz.figures.palette import DARK, LIGHT, css_variables
from epool_viz.panels.e_step import render
from epool_viz.panels.e_step.model import BOUNDS, EStepModel
from epool_viz.panels.guard import Guard, Wiring
from epool_viz.panels.html import escape
from epool_viz.panels.scale import M_STOPS, nearest_stop

SECONDS_A_STEP = 2.5
_CHOICES: dict[str, list[tuple[str, Any]]] = {
    "sequence_source": [("a bundled set", "example"), ("my own, pasted", "pasted")],
    "kernel_source": [
        ("a JASPAR motif", "jaspar"),
        ("numbers I type", "typed"),
        ("a file", "file"),
        ("random numbers", "random"),
    ],
    "mode": [("0: all windows", 0), ("1: only those above the mean", 1)],
    "background": [("uniform", "uniform"), ("from the sequences", "data")],
    "occurrence": [("exactly one (OOPS)", "oops"), ("at most one (ZOOPS)", "zoops")],
    "activation": [("none: exact", "identity"), ("ReLU", "relu"), ("as published", "paper")],
    "padding": [("valid: none", "valid"), ("same: zeros at both ends", "same")],
}


class EStepView(w.VBox):
    """The panel. Shows a model and changes it; holds no number of its own.

    Parameters
    ----------
    model : EStepModel
    """

    def __init__(self, model: EStepModel) -> None:
        self.model = model
        self.fault = ""
        self.guard = Guard(self._report)
        self.wiring = Wiring(self.guard)
        self.playing: asyncio.Task[None] | None = None
        self.sections = {name: w.HTML().add_class(f"ep-at-{name}") for name in _SECTIONS}
        self.alert = w.HTML().add_class("ep-alert")
        self.source_note = w.HTML().add_class("ep-source")
        self._build_controls()
        super().__init__(self._arranged())
        self.add_class("ep-root")
        self._wire()
        self._draw(_SECTIONS)

    def close(self) -> None:
        """Stop playing, undo every tie, and take the widgets off the page."""
        self._stop()
        self.wiring.close()
        below = _descendants(self)
        self.layout.close()
        super().close()
        for widget in below:
            widget.close()

    # --- widgets

    def _build_controls(self) -> None:
        model = self.model
        self.controls: dict[str, Any] = {name: _dropdown(name, choices) for name, choices in _CHOICES.items()}
        for name in ("seed", "width", "local_window"):
            self.controls[name] = _whole(_LABELS[name], *BOUNDS[name], step=1)
        for name, step in (("bias", 0.5), ("site_rate", 0.05)):
            low, high = BOUNDS[name]
            self.controls[name] = w.BoundedFloatText(description=_LABELS[name], min=low, max=high, step=step)
        self.controls["both_strands"] = w.Checkbox(description=_LABELS["both_strands"], indent=False)
        examples = [(f"{example.title} ({example.n})", example.name) for example in list_examples()]
        self.controls["example"] = w.Dropdown(description="Set", options=examples)
        self.controls["pasted"] = w.Textarea(
            description="Sequence, or FASTA", placeholder="ACGTTGCA…, or FASTA", rows=5
        )
        self.controls["jaspar"] = w.Combobox(
            description="Motif name", options=_motif_options(), continuous_update=False, placeholder="CTCF, MA0139 …"
        )
        self.controls["kernel_text"] = w.Textarea(description="Matrix, four rows A C G T", rows=6)
        self.number = _whole("Number in the set", 1, 1, step=1)
        self.upload = w.FileUpload(description="Choose a kernel file (up to 1 MB)", accept="", multiple=False)
        self.motif_choice = w.Dropdown(description="Motif in the file")
        self.m_slider = w.SelectionSlider(
            description="m", options=[(f"{m:g}", m) for m in M_STOPS], continuous_update=True, readout=False
        )
        self.m_number = w.BoundedFloatText(
            description="m, exactly", min=BOUNDS["m"][0], max=BOUNDS["m"][1], step=0.1
        ).add_class("ep-twin")
        self.back, self.play, self.next = (w.Button(description=text) for text in ("◂ Back", "Play", "Next ▸"))
        self.reset = w.Button(description="Reset", tooltip="Back to the first state")
        self.step_slider = w.IntSlider(description="Step", min=1, max=max(len(model.steps), 1), readout=False)
        self.window_slider = w.IntSlider(description="Window in hand", min=1, max=1, readout=False)
        self.window_number = _whole("Number of the window in hand", 1, 1, step=1).add_class("ep-twin")
        self.best = w.Button(description="Best window")
        self.more = w.ToggleButton(description="More options", value=False)

    def _arranged(self) -> list[Any]:
        c = self.controls
        self.options_box = w.VBox(
            [c[name] for name in ("occurrence", "site_rate", "activation", "local_window", "padding", "bias")]
        )
        controls = w.VBox(
            [
                _heading("Sequence"),
                *(c["sequence_source"], c["example"], c["pasted"], self.number),
                _heading("Kernel"),
                *(c["kernel_source"], c["jaspar"], c["kernel_text"], self.upload, self.motif_choice),
                *(c["width"], c["seed"]),
                _heading("Reading"),
                *(c["mode"], c["background"], c["both_strands"], self.more, self.options_box),
                self.reset,
                self.source_note,
            ]
        ).add_class("ep-controls")
        player = w.Box([self.back, self.play, self.next, self.step_slider]).add_class("ep-player")
        dial = w.Box([self.m_slider, self.m_number]).add_class("ep-dial")
        cursor = w.Box([self.window_slider, self.window_number, self.best]).add_class("ep-hand")
        s = self.sections
        cards = w.Box([s["logo"], s["pooling"], s["exactness"]]).add_class("ep-cards")
        top = w.Box([player, dial]).add_class("ep-top")
        main = w.VBox([top, s["stage"], s["picture"], cursor, s["sentence"], cards, s["table"]]).add_class("ep-main")
        return [w.HTML(f"<style>{_style()}</style>"), self.alert, w.Box([controls, main]).add_class("ep-body")]

    # --- ties

    def _wire(self) -> None:
        model, wire = self.model, self.wiring
        for name, control in self.controls.items():
            wire.both((model, name), (control, "value"))
        wire.follow((model, "sequences"), (self.number, "max"), len)
        wire.both((model, "index"), (self.number, "value"), _from_one, _from_zero)
        wire.both((model, "m"), (self.m_number, "value"))
        wire.follow((model, "m"), (self.m_slider, "value"), nearest_stop)
        wire.on(self.m_slider, "value", self._take_stop)
        wire.follow((model, "steps"), (self.step_slider, "max"), len)
        wire.both((model, "step"), (self.step_slider, "value"), _from_one, _from_zero)
        for widget in (self.window_slider, self.window_number):
            wire.follow((model, "trace"), (widget, "max"), _n_windows)
            wire.both((model, "window"), (widget, "value"), _from_one, _from_zero)
        wire.click(self.back, self._go_back)
        wire.click(self.next, self._go_on)
        wire.click(self.play, self._toggle_play)
        wire.click(self.best, self._go_to_best)
        wire.click(self.reset, self._reset)
        wire.on(self.upload, "value", self._take_file)
        self._offer_motifs()
        wire.on(model, ("file_text", "which"), self._offer_motifs)
        wire.on(self.motif_choice, "value", self._take_motif)
        wire.follow((model, "message"), (self.alert, "value"), self._alert_html)
        for names, sections in _DEPENDS:
            wire.on(model, names, self._drawer(sections))
        for widget, name, is_shown in self._conditions():
            source = self.more if name == "more" else model
            trait = "value" if name == "more" else name
            wire.follow((source, trait), (widget.layout, "display"), _shown_if(is_shown))

    def _conditions(self) -> list[tuple[Any, str, Callable[[Any], bool]]]:
        """Controls that are on the page only while they do something."""
        c = self.controls
        on_file = [(widget, "kernel_source", "file".__eq__) for widget in (self.upload, self.motif_choice)]
        on_random = [(c[name], "kernel_source", "random".__eq__) for name in ("width", "seed")]
        return [
            (c["example"], "sequence_source", "example".__eq__),
            (c["pasted"], "sequence_source", "pasted".__eq__),
            (c["jaspar"], "kernel_source", "jaspar".__eq__),
            (c["kernel_text"], "kernel_source", "typed".__eq__),
            *on_file,
            *on_random,
            (c["site_rate"], "occurrence", "zoops".__eq__),
            (self.options_box, "more", bool),
        ]

    # --- handlers

    def _drawer(self, names: tuple[str, ...]) -> Callable[[Any], None]:
        def draw(_: Any) -> None:
            self._draw(names)

        return draw

    def _draw(self, names: tuple[str, ...]) -> None:
        """Render sections; a value that stays the same is not sent."""
        for name in names:
            self.sections[name].value = _SECTIONS_HTML[name](self.model)
        if "sentence" in names:
            self.source_note.value = _notes_html(self.model)

    def _take_stop(self, change: Any) -> None:
        if nearest_stop(self.model.m) != change.new:
            self.model.m = change.new

    def _go_back(self, _: Any) -> None:
        self.model.step = _before(self.model.step)

    def _go_on(self, _: Any) -> None:
        self.model.step = _after(self.model.step)

    def _go_to_best(self, _: Any) -> None:
        self.model.go_to_best_window()

    def _reset(self, _: Any) -> None:
        self._stop()
        self.model.reset()

    def _take_file(self, change: Any) -> None:
        for file in change.new:
            self.model.load_kernel_file(file["name"], bytes(file["content"]))

    def _offer_motifs(self, _: Any = None) -> None:
        names = self.model.file_motifs
        with self.wiring.quietly():
            self.motif_choice.options = [(name, place) for place, name in enumerate(names)]
            self.motif_choice.index = _last_of(self.model.which, names)

    def _take_motif(self, change: Any) -> None:
        if change.new is not None and not self.wiring.is_quiet:
            self.model.which = change.new

    def _toggle_play(self, _: Any) -> None:
        if self.playing is None:
            self.playing = asyncio.get_running_loop().create_task(self._walk())
            self.play.description = "Pause"
        else:
            self._stop()

    def _stop(self) -> None:
        if self.playing is not None:
            self.playing.cancel()
        self.playing = None
        self.play.description = "Play"

    async def _walk(self) -> None:
        """Go on by itself to the last step; from there, start again at the first."""
        last = len(self.model.steps) - 1
        try:
            if self.model.step == last:
                self.model.step = 0
            while self.model.step < last:
                await asyncio.sleep(SECONDS_A_STEP)
                self._go_on(None)
        except Exception:  # noqa: BLE001 - a task's exception would otherwise be lost; `fail` logs it
            self.guard.fail()
        self.playing = None
        self.play.description = "Play"

    # --- messages

    def _report(self, sentence: str) -> None:
        self.fault = sentence
        self.alert.value = self._alert_html(self.model.message)

    def _alert_html(self, message: str) -> str:
        sentences = [text for text in (self.fault, message) if text]
        said = "".join(f"<p>{escape(text)}</p>" for text in sentences)
        return f'<div class="ep-message" role="alert">{said}</div>' if said else ""


def _stage(model: EStepModel) -> str:
    return render.stage_text(model.trace, model.steps, model.step, model.window)


def _picture(model: EStepModel) -> str:
    return render.picture(model.trace, model.current_step, model.window)


def _sentence(model: EStepModel) -> str:
    return render.posterior_sentence(model.trace)


def _logo(model: EStepModel) -> str:
    return render.logo_card(model.trace, model.kernel.label)


def _pooling(model: EStepModel) -> str:
    return render.pooling_card(model.trace)


def _exactness(model: EStepModel) -> str:
    return render.exactness(model.trace)


def _table(model: EStepModel) -> str:
    return render.window_table(model.trace, model.steps, model.step, model.window)


_SECTIONS_HTML: dict[str, Callable[[EStepModel], str]] = {
    "stage": _stage,
    "picture": _picture,
    "sentence": _sentence,
    "logo": _logo,
    "pooling": _pooling,
    "exactness": _exactness,
    "table": _table,
}
_SECTIONS = tuple(_SECTIONS_HTML)
_DEPENDS = (
    ("trace", _SECTIONS),
    (("step", "window"), ("stage", "picture", "table")),
)
_LABELS = {
    "sequence_source": "Take",
    "kernel_source": "Take",
    "mode": "Mode",
    "background": "Background",
    "occurrence": "Sites a sequence",
    "activation": "Rectifier",
    "padding": "Padding",
    "seed": "Seed",
    "width": "Width",
    "local_window": "Local max over",
    "bias": "Bias",
    "site_rate": "Share with a site",
    "both_strands": "Both strands",
}


def _notes_html(model: EStepModel) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in model.notes)
    at_one = "At m = 1 the logo is the motif itself; a" if model.kernel.is_motif else "The logo depends on m: a"
    return (
        f'<div class="ep-notes"><p><b>{escape(model.kernel.label)}</b> on <b>{escape(model.sequence_name)}</b>. '
        f"{at_one} larger m sharpens it, a smaller one flattens it.</p>"
        f"<ul>{notes}</ul></div>"
    )


def _style() -> str:
    rules = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    dark = f'[data-jp-theme-light="false"] .ep-root{{{css_variables(DARK)}}}'
    return f".ep-root{{{css_variables(LIGHT)}}}{dark}{rules}"


def _dropdown(name: str, choices: list[tuple[str, Any]]) -> Any:
    return w.Dropdown(description=_LABELS[name], options=choices)


def _whole(label: str, low: float, high: float, *, step: int) -> Any:
    return w.BoundedIntText(description=label, min=int(low), max=int(high), value=int(low), step=step)


def _heading(text: str) -> Any:
    return w.HTML(f"<h2>{escape(text)}</h2>").add_class("ep-heading")


def _motif_options() -> list[str]:
    return [f"{record.name} ({record.accession})" for record in jaspar_index()]


def _last_of(place: int, names: tuple[str, ...]) -> int | None:
    """The place, or the last one there is; None where there is none."""
    return min(place, len(names) - 1) if names else None


def _n_windows(trace: Any) -> int:
    return len(trace.starts)


def _from_one(place: int) -> int:
    """Places are counted from 0 in the model and from 1 on screen."""
    return place + 1


def _from_zero(number: int) -> int:
    return number - 1


_after, _before = _from_one, _from_zero


def _shown_if(condition: Callable[[Any], bool]) -> Callable[[Any], str]:
    def display(value: Any) -> str:
        return "" if condition(value) else "none"

    return display


def _descendants(widget: Any) -> list[Any]:
    """Every widget below this one, their layouts and styles included."""
    below = []
    for child in getattr(widget, "children", ()):
        below += [child, child.layout, *_descendants(child)]
        below += [child.style] if child.has_trait("style") else []
    return below
