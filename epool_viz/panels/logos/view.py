"""The logos on screen: a gallery of all kernels, one of them read three ways, where it reads, what is taken along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import ipywidgets as w
import numpy as np
from markupsafe import Markup

from epool_viz.analysis.kernel_readings import READINGS
from epool_viz.analysis.known_motifs import Match, has_matching
from epool_viz.components.heatmap import HeatMap
from epool_viz.components.widgets import Choice, KernelSummary, LogoGallery, Slider, ThreeReadings
from epool_viz.data.examples import MODEL_NAMES
from epool_viz.data.motifs.jaspar import jaspar_index, load_jaspar
from epool_viz.panels.logos import exports as takeaway
from epool_viz.panels.logos import page
from epool_viz.panels.logos.finder import Finder
from epool_viz.panels.logos.model import LARGEST_FILE, OLD_OWN, LogosModel
from epool_viz.panels.logos.prints import Prints
from epool_viz.panels.shared.dashboard import Dashboard
from epool_viz.panels.shared.first_screen import picture, question
from epool_viz.panels.shared.html import bullets, progress
from epool_viz.panels.shared.reading_controls import ReadAnotherWay
from epool_viz.panels.shared.style import Html, at_depth, card, heading, part
from epool_viz.panels.shared.visitor_data import CHOICE, MODEL, packed_kernels
from epool_viz.panels.shared.visitor_data import SEQUENCES as YOUR_SEQUENCES

SEEN_EVERY = 0.25  # seconds between two looks at a look-up that runs
_LONGEST_NAME = 200  # of a file
_DIGITS = 5  # significant ones of a number in the page: a logo shows two
_PAGE_NAMES = {"background_name": "background"}  # where the page's state uses another word than the model's
_FOLLOWS = ("background",)  # the letters' probabilities, in the page


class LogosView(Dashboard):
    """The panel. Shows a model and changes it; holds no number of its own.

    Parameters
    ----------
    model : LogosModel
    """

    PARTS, HELP = page.PARTS, page.HELP
    LINK = ("trained", "m", "background_name", "rule", "threshold", "place", "chosen", "reading", "own_name")
    LOOKS: ClassVar = {"sort": "weight", "find": "", "logo_kind": "information", "stretch": False}
    VISITOR_CHOICES: ClassVar = {"sequences": (CHOICE, YOUR_SEQUENCES), "opens": (CHOICE, MODEL)}
    PASSING: ClassVar = {"look_up": 0, "stop_looking": 0, "cell": None}

    def __init__(self, model: LogosModel) -> None:
        self._heated: Any = None
        self._is_taking = False
        super().__init__(model)
        self.add_class("ep-logos")

    def close(self) -> None:
        """Stop looking, undo every tie, and take the widgets off the page."""
        self.finder.close()
        super().close()

    # --- widgets

    def _build(self) -> None:
        self.finder = Finder(self.model, self.guard, SEEN_EVERY)
        on = {"store": self.store}
        self.choices = [Choice(**on, options=o) for o in (page.MODEL, page.BACKGROUND, page.KIND)]
        self.choices.insert(1, Slider(**on, options=page.M_SLIDER))
        self.upload = self.file_button(
            "Open a model file",
            self.model.open_model,
            most=LARGEST_FILE,
            note="safetensors, .npz, Keras, ONNX, MEME, JASPAR, TRANSFAC or a matrix as text",
        )
        self.sequences = w.Dropdown(description="Sequences for it", options=page.SEQUENCES)
        self.fasta = self.file_button(
            "Open sequences",
            self.model.open_sequences,
            most=LARGEST_FILE,
            note="FASTA, or lines of name, sequence and label",
        )
        self.own = Html().add_class("ep-own")
        self.another_way = ReadAnotherWay(self.model.opened_model, tells=True)
        self.summary = KernelSummary(**on)
        self.gallery = LogoGallery(**on, options={"label": "All kernels"})
        self.readings = ThreeReadings(**on)
        self.heuristics = [Choice(**on, options=page.RULE), Slider(**on, options=page.THRESHOLD)]
        self.tally = Html()
        self.heat = HeatMap(**on, options=page.HEAT | {"cursor": "cell"})
        self.taken = Choice(**on, options=page.TAKEN)
        self.download = Prints(
            self.store,
            lambda name: takeaway.made(self.model, name),
            {"items": list(page.DOWNLOADS), "patience": 180},
            begin=self._begin_print,
            progress=self._print_progress,
        )
        self.progress = Html().add_class("ep-progress")
        self.heat_card = card(self.heat)
        self._show_heat()

    def _arranged(self) -> list[Any]:
        model, m, background, kind = self.choices
        at_depth("explore", background, kind, *self.heuristics)
        first = w.Box([question(__package__), model]).add_class("ep-first")
        judged = w.VBox([self.sequences, self.fasta]).add_class("ep-logos-judged")
        self.opened_model = w.Box([self.own, self.another_way, judged]).add_class("ep-logos-brought")
        groups = [self.upload, w.VBox([m]), w.VBox([background, kind]), w.VBox(self.heuristics), self.opened_model]
        choices = w.Box(groups).add_class("ep-controls").add_class("ep-logos-choices")
        three = w.VBox([self.readings, self.tally])
        take = w.VBox([heading("Take along"), self.taken, self.download, self.progress])
        beside = w.VBox(
            [part("readings", card(three)), part("heat", self.heat_card), part("take", card(take))]
        ).add_class("ep-shown")
        left = w.VBox([part("gallery", card(self.gallery))]).add_class("ep-left")
        one = picture(card(self.summary))
        return [first, part("summary", one), part("choices", choices), w.Box([left, beside]).add_class("ep-body")]

    def _first(self, state: dict[str, Any]) -> dict[str, Any]:
        kept = (*self.LINK, *self.LOOKS)
        return {name: state[name] for name in kept}

    # --- ties

    def _wire(self) -> None:
        model, wire = self.model, self.wiring
        wire.on(model, LogosModel.CHOICES, self._show)
        wire.on(model, ("found", "said", "taken"), self._show)
        wire.both((model, "sequences"), (self.sequences, "value"))
        wire.follow((model, "taken"), (self.own, "value"), lambda _: self._own_html())
        for widget in (self.sequences, self.fasta, self.own, self.opened_model):
            wire.follow((model, "taken"), (widget.layout, "display"), lambda _: "" if model.is_own else "none")
        self.another_way.wire(wire)
        wire.on(model, ("taken", "trained"), self._show_another_way)
        wire.on(model.opened_model, "kernels", self._keep_model)
        self._show_another_way()
        wire.follow((model, "found"), (self.tally, "value"), lambda _: self._tally_html())
        wire.follow((model, "taken"), (self.tally, "value"), lambda _: self._tally_html())
        wire.follow((model, "trained"), (self.tally, "value"), lambda _: self._tally_html())
        wire.follow((model, "rule"), (self.tally, "value"), lambda _: self._tally_html())

    # --- what the page knows

    def _page_state(self) -> dict[str, Any]:
        model = self.model
        kernels = model.kernels
        weights, use = kernels.output_weights, model.use
        best = [model.best_match(place) for place in range(len(kernels))]
        return {
            "trained": CHOICE if model.is_own else model.trained,
            "own_name": model.own_name,
            "m": model.log_base,
            "background_name": model.background,
            "rule": model.rule,
            "threshold": model.threshold,
            "place": model.place,
            "chosen": list(model.chosen),
            "reading": model.reading,
            # and what follows from these
            "kernels": _plain(kernels.kernels),
            "names": [takeaway.kernel_name(place, kernels.names) for place in range(len(kernels))],
            "alphabet": kernels.alphabet.letters,
            "complement": list(kernels.alphabet.complement_codes) if kernels.alphabet.complement else None,
            "weights": None if weights is None else _plain(weights),
            "use": None if use is None else _plain(use),
            "matches": [None if pair is None else _match_row(pair[1]) | {"reading": pair[0]} for pair in best],
            "compared": [any(model.matches(r, k) is not None for r in READINGS) for k in range(len(kernels))],
            "m_pooling": kernels.m,
            "m_likeliest": model.likeliest_m,
            "background": _plain(model.letters),
            "has_sequences": model.samples is not None,
            "cannot_find": self._why_not_found(),
            "finding": model.said,
            "grid": self._grid(),
            "detail": self._detail(),
        }

    def _why_not_found(self) -> str:
        """What is in the way of a comparison with JASPAR, and what to do about it; "" where nothing is."""
        if self.model.kernels.alphabet.name != "DNA":
            return "JASPAR's motifs are of DNA: it is compared with kernels that read DNA."
        if not has_matching():
            return 'Comparing needs memelite, on the computer that runs this page: pip install "epool-viz[motifs]"'
        return ""

    def _grid(self) -> dict[str, Any] | None:
        model = self.model
        found = model.thresholds()
        if found is None:
            return None
        numbers = found.pfm.astype(int).tolist(), found.n_windows.tolist(), found.largest
        return {"place": model.place, "rule": model.rule} | dict(zip(("pfm", "n", "largest"), numbers, strict=True))

    def _detail(self) -> dict[str, Any] | None:
        model = self.model
        found = model.detail()
        if found is None:
            return None
        readings = list(found.motifs)
        matches = {reading: model.matches(reading, model.place) for reading in readings}
        return {
            "place": model.place,
            "m": model.log_base,
            "posterior": _plain(found.motifs["posterior"][0]),
            "residual": found.residual,
            "windows": int(model.samples.windows("judging", model.kernels.width).n_windows.sum()),
            "n_sites": found.worth.n_sites,
            "known": found.worth.known,
            "at_sites": {r: _short(value) for r, value in found.worth.at_sites.items()},
            "evidence": {r: _short(value) for r, value in found.worth.evidence.items()},
            "divergence": {r: _short(float(value.sum())) for r, value in found.divergence.items()},
            "matches": {r: None if each is None else [_match_row(m) for m in each] for r, each in matches.items()},
            "likeness": self._likeness(),
        }

    def _likeness(self) -> dict[str, Any] | None:
        found = self.model.likeness()
        if found is None:
            return None
        match = found.match
        known = load_jaspar(match.accession).ppm
        turned = known[::-1, ::-1] if match.is_reverse else known
        return _match_row(match) | {
            "reading": found.reading,
            "p": match.p_value,
            "letter_p": match.letter_p,
            "offset": match.offset,
            "overlap": match.overlap,
            "reverse": match.is_reverse,
            "width": known.shape[1],
            "n_known": len(jaspar_index()),
            "ppm": _plain(turned),
            "correlation": {reading: _short(value) for reading, value in found.correlation.items()},
        }

    def _show(self, change: Any = None) -> None:
        if self._is_taking:
            return
        super()._show(change)
        self._show_heat()

    def _show_heat(self) -> None:
        model = self.model
        key = ((model.kernels.title, model.taken, model.sequences), model.place, model.log_base)
        if key == self._heated:
            return
        found = model.heat()
        for widget in (self.heat, self.heat_card):  # no empty frame
            widget.layout.display = "none" if found is None else ""
        if found is not None:
            rows, names, marks = found
            if self._heated is None or self._heated[0] != key[0]:
                self.heat.name_rows(names, marks=marks)
            whose = takeaway.kernel_name(model.place, model.kernels.names)
            said = f"{whose}, m = {model.log_base:.3g}; each row sums to 1. Rows: {model.samples.judged_by}."
            self.heat.show(rows, largest=1.0, caption=said)
        self._heated = key

    def _tally_html(self) -> Markup:
        if self.model.is_own:
            return Markup("")  # not looked up for all of its kernels
        wins = self.model.tally()
        total = sum(wins.values())
        if not total:
            return Markup(
                "<p>No kernel of this model resembles a motif of JASPAR significantly, however it is read.</p>"
            )
        told = ", ".join(f"{name} {count}" for name, count in wins.items())
        return Markup(
            "<p><b>Who is nearest to the biologists' matrices?</b> Of {} kernels of this model with a known "
            "motif, the smallest TOMTOM p-value belongs to: {}. Only the exact reading gives the network's scores "
            "back; likeness to a database is another question.</p>"
        ).format(total, told)

    # --- handlers

    def _take_patch(self, patch: dict[str, Any]) -> None:
        wanted = {_PAGE_NAMES.get(name, name): value for name, value in patch.items() if name not in _FOLLOWS}
        state = {name: wanted[name] for name in LogosModel.CHOICES if name in wanted}
        if isinstance(state.get("place"), float):
            state["place"] = int(state["place"])
        if isinstance(state.get("threshold"), int):
            state["threshold"] = float(state["threshold"])
        if isinstance(state.get("chosen"), list):
            state["chosen"] = [int(each) for each in state["chosen"] if isinstance(each, int | float)]
        self._is_taking = True  # shown once, when all of it is taken
        try:
            self._choose_model(state, str(patch.get("own_name", ""))[:_LONGEST_NAME])
            self.model.restore(state)
            if patch.get("stop_looking"):
                self.finder.stop()
            if patch.get("look_up"):
                self._look_up()
        finally:
            self._is_taking = False
            self._show()  # also where something was refused: the page hears what still holds

    def _choose_model(self, state: dict[str, Any], named: str) -> None:
        """A model that does not ship is kept until one that ships is chosen."""
        if state.get("trained") in (CHOICE, OLD_OWN):
            del state["trained"]
            wanted = dict(state)
            state.clear()
            self.model.open_stored(wanted, named)
        elif (self.model.is_own or self.model.message) and state.get("trained") in MODEL_NAMES:
            self.model.leave(state["trained"])

    def _show_another_way(self, _: Any = None) -> None:
        self.another_way.show(self.model.is_uploaded)

    def _keep_model(self, _: Any) -> None:
        """A model that was opened here is there for the other dashboards too, and for a link to this view."""
        if self.model.opened_model.kernels is not None:
            self.keep.put(MODEL, *packed_kernels(self.model.opened_model.kernels))

    def _own_html(self) -> Markup:
        kernels = self.model.kernels
        if not self.model.is_own:
            return Markup("")
        shape = f"{len(kernels)} kernels of {kernels.width} letters ({kernels.alphabet.name})"
        return Markup(
            "<p><b>{}</b>: {}.</p><details><summary>How it was read, and where it is kept</summary>{}"
            '<p class="ep-note">{}</p></details>'
        ).format(kernels.title, shape, bullets((*kernels.notes, *kernels.checks)), page.KEPT_HERE)

    def _look_up(self) -> None:
        self.finder.start()

    def pump(self) -> bool:
        """Take over what a look-up has come to; False once it has ended."""
        return self.finder.pump()

    # --- what is taken along

    def _begin_print(self, name: str) -> Callable[[takeaway.Progress], takeaway.File] | None:
        return takeaway.prints(self.model, name) if name in takeaway.SLOW else None

    def _print_progress(self, done: int, total: int) -> None:
        said = f"Drawing logo {min(done + 1, total)} of {total}."
        self.progress.value = progress("printing", round(100 * done / total), said) if total else Markup("")


def _plain(values: Any) -> Any:
    """Numbers as the page gets them."""
    return _rounded(np.asarray(values, dtype=float).tolist())


def _rounded(values: Any) -> Any:
    return [_rounded(each) for each in values] if isinstance(values, list) else float(f"{values:.{_DIGITS}g}")


def _short(value: float) -> float | None:
    return float(f"{value:.{_DIGITS + 1}g}") if np.isfinite(value) else None


def _match_row(match: Match) -> dict[str, Any]:
    return {"name": match.name, "accession": match.accession, "e": match.e_value}
