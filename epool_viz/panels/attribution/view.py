"""Attribution beside the exact reading, on screen: tracks over one sequence, what they are worth, what captum says."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import ipywidgets as w
import numpy as np
from markupsafe import Markup

from epool_viz.components.download import Download
from epool_viz.components.letter_tracks import LetterTracks
from epool_viz.core.alphabet import one_hot
from epool_viz.core.attribution import COMPLETE, EXACT, METHODS, NAIVE
from epool_viz.core.poolings import POOLING_METHODS
from epool_viz.data.examples import list_examples, list_models
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.panels.attribution import exports as takeaway
from epool_viz.panels.attribution import page
from epool_viz.panels.attribution.asking import Asker
from epool_viz.panels.attribution.model import (
    LONGEST_TEXT,
    TITLES,
    AttributionModel,
    Peak,
    Reading,
    claim,
    peak_of,
    verdict,
)
from epool_viz.panels.shared.dashboard import Dashboard, shown_if
from epool_viz.panels.shared.first_screen import picture, question
from epool_viz.panels.shared.html import around, bullets, each, number, rounded, row, status, table
from epool_viz.panels.shared.opened_model import LARGEST_MODEL
from epool_viz.panels.shared.reading_controls import ReadAnotherWay
from epool_viz.panels.shared.style import Html, at_depth, card, heading, part
from epool_viz.panels.shared.visitor_data import CHOICE, LABEL, MODEL, SEQUENCES, packed_kernels

SEEN_EVERY = 0.25  # seconds between two looks whether captum has answered
DIGITS = 6  # of a score in a track


class AttributionView(Dashboard):
    """The panel. Shows a model and changes it; holds no number of its own.

    Parameters
    ----------
    model : AttributionModel
    """

    PARTS, HELP = page.PARTS, page.HELP
    LINK = ("choices",)
    LOOKS: ClassVar = {"cursor": 80, "zoom": None}  # in the first planted site
    VISITOR_CHOICES: ClassVar = {"source": (CHOICE, SEQUENCES), "network": (CHOICE, MODEL)}

    def __init__(self, model: AttributionModel) -> None:
        super().__init__(model)
        self.add_class("ep-attribution")

    def close(self) -> None:
        """Wait for no answer any more, undo every tie, and take the widgets off the page."""
        self.asker.close()
        super().close()

    def _page_state(self) -> dict[str, Any]:
        model = self.model
        return {
            "choices": model.linked(),
            "edits": model.edits,
            "sequence_name": model.reading.name,
            "kernel_name": model.reading.title,
        }

    def _first(self, state: dict[str, Any]) -> dict[str, Any]:
        return {name: state[name] for name in ("choices", *self.LOOKS)}

    def _take_patch(self, patch: dict[str, Any]) -> None:
        try:
            if isinstance(patch.get("choices"), dict):
                self.model.restore(self.model.first_screen() | patch["choices"])
            elif "edits" in patch:
                self.model.restore({"edits": patch["edits"]})
        finally:
            self._show()  # what is not taken over is taken back

    # --- widgets

    def _build(self) -> None:
        self.asker = Asker(self.model, self.guard, SEEN_EVERY)
        networks = [(f"{info.title} (test AUC {info.test_auc:.2f})", info.name) for info in list_models()]
        networks.append((LABEL, CHOICE))
        examples = [(f"{info.title} ({info.n})", info.name) for info in list_examples()]
        self.controls: dict[str, Any] = {
            "network": w.Dropdown(description="Trained network", options=networks),
            "source": w.Dropdown(description="Take the sequence from", options=page.SOURCES),
            "example": w.Dropdown(description="Set", options=examples),
            "pasted": w.Textarea(description="Sequence, or FASTA", placeholder="ACGTTGCA…, or FASTA", rows=4),
            "baseline": w.Dropdown(description="Compare with (baseline)", options=page.BASELINES),
            "smooth": w.Checkbox(description="average over the kernel's width", indent=False),
        }
        self.number = w.BoundedIntText(description="Number in the set", min=1, max=1, value=1)
        self.upload = self.file_button(
            "Choose a file", self.model.load_file, most=LONGEST_TEXT, note="FASTA, or a sequence a line"
        )
        self.model_file = self.file_button(
            "Open a model file", self.model.load_model, most=LARGEST_MODEL, note=page.MODEL_NOTE
        )
        self.own_kernel = w.Dropdown(description="Kernel of the model")
        self.own_said = Html().add_class("ep-own")
        self.another_way = ReadAnotherWay(self.model.opened_model, tells=True)
        self.claim = Html().add_class("ep-sentence")
        self.answer = Html().add_class("ep-sentence")
        self.tracks = LetterTracks(self.store, page.TRACKS, *tracks_of(self.model))
        self.scores, self.methods, self.captum = Html(), Html(), Html()
        self.ask_button = w.Button(description="Ask captum")
        self.download = Download(self.store, self._make_download, options={"items": list(page.DOWNLOADS)})

    def _arranged(self) -> list[Any]:
        c = self.controls
        network = [heading("Network"), c["network"], self.own_kernel, self.own_said, self.model_file, self.another_way]
        sequence = [heading("Sequence"), c["source"], c["example"], c["pasted"], self.upload]
        self.how = w.VBox([heading("Reading"), c["baseline"], c["smooth"]])
        at_depth("explore", self.how)
        choices = w.Box([w.VBox(network), w.VBox(sequence), self.how]).add_class("ep-controls")
        asked = w.VBox([heading("Check against captum"), self.captum, w.Box([self.ask_button]).add_class("ep-tools")])
        first = w.Box([question(__package__), self.number.add_class("ep-number-of")]).add_class("ep-first")
        shown = w.VBox(
            [
                self.claim,
                part("tracks", picture(card(self.tracks))),
                self.answer,
                part("choices", choices),
                part("scores", card(self.scores)),
                part("captum", card(asked.add_class("ep-captum"))),
                part("methods", card(self.methods)),
                part("tools", card(w.VBox([heading("Take away"), self.download]).add_class("ep-captum"))),
            ]
        ).add_class("ep-shown")
        return [first, shown]

    # --- ties

    def _wire(self) -> None:
        model, wire, c = self.model, self.wiring, self.controls
        for name, control in c.items():
            wire.both((model, name), (control, "value"))
        wire.follow((model, "sequences"), (self.number, "max"), len)
        wire.both((model, "index"), (self.number, "value"), lambda place: place + 1, lambda count: count - 1)
        self.another_way.wire(wire)
        wire.on(model.opened_model, "kernels", self._keep_model)
        wire.on(self.own_kernel, "value", self._take_kernel)
        wire.on(model, ("network", "visitor_data", "kernel"), self._show_own)
        self._show_own()
        wire.click(self.ask_button, self._ask)
        for widget, wanted in ((c["example"], "example"), (c["pasted"], "pasted"), (self.upload, "pasted")):
            wire.follow((model, "source"), (widget.layout, "display"), shown_if(wanted.__eq__))
        wire.follow((model, "stage"), (self.ask_button, "disabled"), lambda stage: stage in ("asking", "done"))
        wire.follow((model, "reading"), (self.ask_button.layout, "display"), shown_if(lambda reading: reading.is_whole))
        wire.follow((model, "reading"), (c["baseline"].layout, "display"), shown_if(lambda reading: reading.is_whole))
        wire.on(model, ("reading", "smooth"), self._draw)
        wire.on(model, AttributionModel.CHOICES, self._show)
        wire.on(model, ("captum", "stage", "said"), self._show_captum)
        wire.on(model, ("baseline", "smooth"), self._show_in_use)
        self._show_in_use()
        self._draw()

    # --- handlers

    def _show_in_use(self, _: Any = None) -> None:
        """How it is read belongs to a deeper view, unless it is not as it was."""
        is_changed = any(
            getattr(self.model, name) != self.model.trait_defaults(name) for name in ("baseline", "smooth")
        )
        (self.how.add_class if is_changed else self.how.remove_class)("ep-in-use")

    def _keep_model(self, _: Any) -> None:
        """A model that was opened here is there for the other dashboards too, and after a reload."""
        if self.model.opened_model.kernels is not None:
            self.keep.put(MODEL, *packed_kernels(self.model.opened_model.kernels))

    def _take_kernel(self, change: Any) -> None:
        if change.new is not None and not self.wiring.is_quiet:
            self.model.kernel = change.new

    def _show_own(self, _: Any = None) -> None:
        """What was brought, and which of its kernels is read where it is no whole network."""
        own = self.model.own
        names = () if own is None or own.whole else own.names
        with self.wiring.quietly():
            self.own_kernel.options = [(name, place) for place, name in enumerate(names)]
            self.own_kernel.index = min(self.model.kernel, len(names) - 1) if names else None
        self.own_kernel.layout.display = shown_if(bool)(names)
        self.another_way.show(own is not None and own is self.model.opened_model.kernels)
        self.own_said.layout.display = shown_if(bool)(own)
        self.own_said.value = Markup("") if own is None else own_html(own)

    def _ask(self, _: Any) -> None:
        self.asker.start()

    def pump(self) -> bool:
        """Take over captum's answer; False once there is nothing more to wait for."""
        return self.asker.pump()

    # --- drawing

    def _draw(self, _: Any = None) -> None:
        model = self.model
        letters, tracks = tracks_of(model)
        with self.tracks.hold_sync():
            self.tracks.letters, self.tracks.tracks = letters, tracks
        self.claim.value = around(Markup("<p>{}</p>"), claim(model))
        self.answer.value = answer_html(model)
        self.scores.value = scores_html(model)
        self.methods.value = methods_html(model)
        self._show_captum()
        self._show()

    def _show_captum(self, _: Any = None) -> None:
        self.captum.value = captum_html(self.model)

    def _make_download(self, name: str) -> tuple[str, str, bytes]:
        made = {
            "tracks.csv": lambda: ("text/csv", takeaway.tracks_csv(self.model)),
            "results.csv": lambda: ("text/csv", takeaway.results_csv()),
            "attribution.py": lambda: ("text/x-python", takeaway.python_lines(self.model)),
        }
        kind, text = made[name]()
        return f"epool_viz_{name}", kind, text.encode()


def own_html(own: ImportedKernels) -> Markup:
    """What was brought, whether it is a whole network, and what was taken for granted."""
    shape = f"{len(own):,} {'kernel' if len(own) == 1 else 'kernels'} of {own.width} letters"
    told = page.WHOLE if own.whole else page.KERNELS_ALONE[own.reads_letters]
    return Markup(
        "<p><b>{}</b>: {}. {}</p><details><summary>How it was read, and what holds</summary>{}</details>"
        '<p class="ep-note">{}</p>'
    ).format(own.source, shape, told, bullets(own.report), page.KEPT_HERE)


def tracks_of(model: AttributionModel) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the tracks are told: the sequence, and its scores by each method."""
    reading = model.reading
    letters = {
        "text": reading.sequence,
        "name": reading.name,
        "sites": [list(site) for site in reading.sites],
        "changed": [list(change) for change in reading.changed],
    }
    tracks = []
    for method in reading.methods:
        area = reading.precision(method, model.width)
        peak = peak_of(reading, method, model.width)
        tracks.append(
            {
                "name": method,
                "title": TITLES[method],
                "kind": kind_of(method),
                "values": [float(f"{x:.{DIGITS}g}") for x in reading.scores(method, model.width)],
                "peak": peak.letter,
                "finds": None if peak.away is None else peak.away == 0,
                "note": "" if area is None else f"{_found(peak)} · AUPRC {area:.2f}",
            }
        )
    return letters, tracks


def _found(peak: Peak) -> str:
    return f"misses the site by {peak.away}" if peak.away else "peaks in the site"


def kind_of(method: str) -> str:
    """A key of `page.KINDS`."""
    return "exact" if method in EXACT else "naive" if method in NAIVE else "heuristic"


def answer_html(model: AttributionModel) -> Markup:
    """What the network says of the sequence."""
    reading = model.reading
    if not reading.is_whole:
        return _kernel_html(reading)
    sure = reading.probability
    told = "bound" if sure > 0.5 else "not bound"
    percent = f"{100 * max(sure, 1 - sure):.3g} %" if 0.001 < sure < 0.999 else "more than 99.9 %"
    moved = ""
    if reading.changed:
        count = "one letter was" if len(reading.changed) == 1 else f"{len(reading.changed)} letters were"
        before = number("output_before", model.unchanged.output)
        moved = Markup(" Before {} changed they were {}.").format(count, before)
    known = "" if reading.sites or not reading.knows_sites else " It holds no known site."
    return Markup(
        '<p><b>{}</b>: the network says <b>{}</b>, {} sure, with log odds of {}.{}{}</p><p class="ep-note">{}</p>'
    ).format(reading.name, told, percent, number("output", reading.output), moved, known, _exactness(model))


def _kernel_html(reading: Reading) -> Markup:
    """What one kernel of somebody's network says of the sequence."""
    best = int(np.argmax(reading.scores("best_window")))
    share = float(reading.network.weights(one_hot([reading.sequence]))[0, 0].max())
    changed = "" if not reading.changed else " (as you have changed it)"
    begins, holds = number("best_start", best + 1), number("best_share", share)
    return Markup(
        "<p><b>{}</b> on <b>{}</b>{}: its best window begins at letter {} and has {} of the posterior.</p>"
        '<p class="ep-note">{}</p>'
    ).format(reading.title, reading.name, changed, begins, holds, page.EXACT_OF_KERNEL)


def _exactness(model: AttributionModel) -> str:
    if model.arrays.activation != "identity":
        return page.RECTIFIED
    return POOLING_METHODS[model.arrays.pooling].exactness


def scores_html(model: AttributionModel) -> Markup:
    """The area of each method: of this sequence, and over the simulated ones, with intervals."""
    reading: Reading = model.reading
    if not reading.is_whole:
        return _areas_html(model)
    name = "smoothed" if model.smooth else "auprc"
    results = model.results
    rows = []
    bounds = [results[method][name] for method in METHODS]
    ends = (
        math.floor(10 * min(low for _, low, _ in bounds)) / 10,
        math.ceil(10 * max(high for *_, high in bounds)) / 10,
    )
    best = max(METHODS, key=lambda method: results[method][name][0])
    for method in METHODS:
        area = reading.precision(method, model.width)
        mean, low, high = results[method][name]
        lowest, highest = results[method][f"{name}_networks"]
        cells = [
            "–" if area is None else number(f"auprc_{method}", area),
            number(f"mean_{method}", mean) + (Markup(" <b>best</b>") if method == best else ""),
            f"{low:.3f} to {high:.3f}",
            _interval_svg(mean, low, high, *ends),
            f"{lowest:.3f} to {highest:.3f}",
        ]
        rows.append(_row(method, cells))
    scale = f"from {ends[0]:g} to {ends[1]:g}"
    head = ("reading", "this sequence", "mean of 600", "95 % interval", scale, "three networks")
    averaged = "each track averaged over the kernel's width; " if model.smooth else ""
    caption = f"Area under the precision-recall curve; {averaged}chance gets 0.055"
    return Markup('<h2>Which reading finds the letters of the site?</h2><p>{}</p>{}<p class="ep-note">{}</p>').format(
        verdict(model), table(head, rows, caption=caption, label="AUPRC of each reading"), _whose(model)
    )


def _row(method: str, cells: list[Any]) -> Markup:
    return row(TITLES[method], cells, css_class=f"is-{kind_of(method)}")


def _areas_html(model: AttributionModel) -> Markup:
    """The areas of one kernel's tracks on this sequence; there are no 600 to hold them against."""
    reading: Reading = model.reading
    head = Markup("<h2>Does the kernel find the letters of the site?</h2>")
    if not reading.sites:
        return head + Markup("<p>{}</p>").format(page.NO_SITES)
    rows = [
        _row(method, [number(f"auprc_{method}", reading.precision(method, model.width) or 0.0)])
        for method in reading.methods
    ]
    return head + table(("reading", "this sequence"), rows, caption="Area under the precision-recall curve")


def _whose(model: AttributionModel) -> str:
    network = f"two_motifs_{model.arrays.pooling}"
    info = next(info for info in list_models() if info.name == network)
    whose = "This network" if model.network == network else f"The network “{info.title}”, which has the same pooling,"
    return (
        f"{whose} on 600 simulated sequences of 200 letters with one planted site each, which it has not seen; "
        "intervals by drawing the sequences again. Beside it the lowest and the highest mean of three networks from "
        "different seeds."
    )


def _interval_svg(mean: float, low: float, high: float, start: float, end: float) -> Markup:
    """A mean and its interval on a scale; the numbers stand beside it."""
    x, a, b = (f"{4 + 152 * (value - start) / (end - start):.1f}" for value in (mean, low, high))
    return Markup(
        '<svg viewBox="0 0 160 16" aria-hidden="true" class="ep-dot"><path d="M4 8H156" class="ep-dot-scale"/>'
        '<path d="M{a} 8H{b}M{a} 4v8M{b} 4v8" class="ep-dot-line"/><circle cx="{x}" cy="8" r="3.5"/></svg>'
    ).format(a=a, b=b, x=x)


def methods_html(model: AttributionModel) -> Markup:
    """What each method is, and its law with the numbers of this sequence."""
    known = page.KNOWN if model.reading.is_whole else page.OF_KERNEL
    law = Markup('<p class="ep-law">{}</p>')
    methods = [(kind_of(m), TITLES[m], known[m], around(law, _law(model, m))) for m in model.reading.methods]
    items = each(Markup('<div class="is-{}"><dt>{}</dt><dd><p>{}</p>{}</dd></div>'), methods)
    return Markup('<h2>What each reading is, and where it is exact</h2><dl class="ep-methods">{}</dl>').format(items)


def _law(model: AttributionModel, method: str) -> Markup:
    reading, arrays = model.reading, model.arrays
    total = number(f"sum_{method}", float(reading.scores(method).sum()))
    if method in ("log_odds", *COMPLETE):
        whole, rest = ("network's number", "its constant") if reading.is_whole else ("kernel's ePool", "its offset")
        rest, off = ("that of the baseline", reading.reference) if method in COMPLETE else (rest, reading.constant)
        law = Markup("Its letters sum to {}; the {} less {} is {}. Missing: {}.")
        missing = number(f"missing_{method}", reading.missing(method))
        return law.format(total, whole, rest, _less(reading.output, off), missing)
    if method not in ("posterior", "best_window") or arrays.padding != "valid":
        return Markup("")
    if not reading.is_whole:
        return Markup("Its letters sum to {}: the width of the kernel, {}.").format(total, arrays.width)
    law = Markup("Its letters sum to {}: the width {} times the sum of the output weights, {}.")
    return law.format(total, arrays.width, rounded(float(arrays.output_weights.sum())))


def _less(a: float, b: float) -> Markup:
    """A difference as it is written; a negative number is put in brackets."""
    return rounded(a) + " − " + (rounded(b) if b >= 0 else "(" + rounded(b) + ")")


def captum_html(model: AttributionModel) -> Markup:
    """How far captum lies from what is shown."""
    if not model.reading.is_whole:
        return Markup("<p>{}</p>").format(page.NO_NETWORK)
    intro = Markup(
        "<p>The page computes these tracks in closed form. Captum, the library that people use, gets there by "
        "automatic differentiation (DeepLIFT by tangermeme, with captum's rules): two routes to the same numbers.</p>"
    )
    if model.stage == "done":
        rows = [row(TITLES[method], [number(f"captum_{method}", error)]) for method, error in model.captum.items()]
        caption = "Largest difference between captum and this page, as a share of the largest letter"
        return intro + table(("reading", "difference"), rows, caption=caption)
    return intro + status("This sequence has not been put to captum yet." if model.stage == "idle" else model.said)
