"""The page "Your data" on screen: two files in, what they hold, and what the browser keeps of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import ipywidgets as w
import numpy as np
from markupsafe import Markup

from epool_viz.components.upload import Upload
from epool_viz.core.kernels import kernel_to_pwm
from epool_viz.core.motifs import consensus, information_content
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.data.sequences.problems import Problem
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.figures.svg import logo_svg
from epool_viz.panels.shared.dashboard import Dashboard
from epool_viz.panels.shared.first_screen import picture, question
from epool_viz.panels.shared.html import around, bullets, each, row, table
from epool_viz.panels.shared.reading_controls import ReadAnotherWay
from epool_viz.panels.shared.style import Html, heading, part
from epool_viz.panels.shared.visitor_data import packed_kernels, packed_sequences
from epool_viz.panels.your_data import page
from epool_viz.panels.your_data.model import YourDataModel, facts_of

LOGOS = 24
FIRST = 3  # sequences shown
_LETTERS_SHOWN = 60


class YourDataView(Dashboard):
    """The panel. Shows a model and changes it; holds no number of its own.

    Parameters
    ----------
    model : YourDataModel
    """

    PARTS, HELP = page.PARTS, page.HELP
    LINK = ("choices",)
    KEEPING: ClassVar = {"bar": True, "links": list(page.LINKS)}

    def __init__(self, model: YourDataModel) -> None:
        super().__init__(model)
        self.add_class("ep-your-data")

    def _page_state(self) -> dict[str, Any]:
        return {"choices": self.model.linked()}

    def _first(self, state: dict[str, Any]) -> dict[str, Any]:
        return {"choices": state["choices"]}

    def _take_patch(self, patch: dict[str, Any]) -> None:
        if isinstance(patch.get("choices"), dict):
            self.model.restore(self.model.first_screen() | patch["choices"])
        self._show()

    # --- widgets

    def _build(self) -> None:
        load = self.guard
        self.sequence_file = Upload(self.store, load(self.model.load_sequences), page.SEQUENCES)
        self.model_file = Upload(self.store, load(self.model.load_model), page.MODEL)
        texts: dict[str, Any] = {"continuous_update": False, "rows": 4}
        self.pasted = w.Textarea(description="Or paste sequences", placeholder=">name\nACGTTGCA…", **texts)
        self.pasted_motif = w.Textarea(
            description="Or paste a motif or a kernel", placeholder="A 0.1 0.9 0.2\nC …", **texts
        )
        self.sequence_sample = w.Button(description=page.SAMPLES["sequences"])
        self.model_sample = w.Button(description=page.SAMPLES["model"])
        self.sequence_said, self.model_said, self.logos = (Html() for _ in range(3))
        self.reading = ReadAnotherWay(self.model)

    def _arranged(self) -> list[Any]:
        sequences = w.VBox(
            [heading("Sequences"), self.sequence_file, self.sequence_sample, self.sequence_said, self.pasted]
        )
        told = [self.model_said, self.logos, self.reading, self.pasted_motif]
        kernels = w.VBox([heading("Model or motifs"), self.model_file, self.model_sample, *told])
        for box in (sequences, kernels):
            box.add_class("ep-brought").add_class("ep-card")
        fold = Markup('<p class="ep-privacy">{}</p><details><summary>More about privacy</summary>{}</details>')
        more = each(Markup("<p>{}</p>"), (page.MORE_PRIVACY, page.SHARED))
        both = w.Box([part("sequences", sequences), part("model", kernels)]).add_class("ep-body")
        return [question(__package__), picture(both), part("kept", Html(fold.format(page.PRIVACY, more)))]

    # --- ties

    def _wire(self) -> None:
        model, wire = self.model, self.wiring
        for name in ("pasted", "pasted_motif"):
            wire.both((model, name), (getattr(self, name), "value"))
        self.reading.wire(wire)
        wire.click(self.sequence_sample, lambda _: model.load_sample_sequences())
        wire.click(self.model_sample, lambda _: model.load_sample_model())
        wire.on(model, ("sequences", "sequence_problems"), self._show_sequences)
        wire.on(model, ("kernels", "model_problem"), self._show_kernels)
        wire.on(model, "sequences", self._keep_sequences)
        wire.on(model, "kernels", self._keep_kernels)
        wire.on(model, YourDataModel.CHOICES, self._show)
        self._show_sequences()
        self._show_kernels()

    # --- handlers

    def _hear_kept(self, kept: dict[str, Any]) -> None:
        """Show what an earlier visit to this page has left, unless there is something newer."""
        model = self.model
        model.visitor_data = model.visitor_data.with_stored(kept)
        wanted = [
            what
            for what, here in (("sequences", model.sequences), ("model", model.kernels))
            if here is None and what in kept
        ]
        if wanted:
            self.keep.want(*wanted)

    def _take_given(self, name: str, about: dict[str, Any], data: bytes | None) -> None:
        model = self.model
        model.visitor_data = model.visitor_data.with_data(name, about, data)
        if name == "sequences" and model.sequences is None:
            model.sequences = model.visitor_data.sequences
        if name == "model" and model.kernels is None:
            model.kernels = model.visitor_data.kernels

    def _forgotten(self) -> None:
        self.model.forget()

    def _keep_sequences(self, _: Any) -> None:
        sequences = self.model.sequences
        if sequences is not None and sequences is not self.model.visitor_data.sequences:
            self.keep.put("sequences", *packed_sequences(sequences))

    def _keep_kernels(self, _: Any) -> None:
        kernels = self.model.kernels
        if kernels is not None and kernels is not self.model.visitor_data.kernels:
            self.keep.put("model", *packed_kernels(kernels))

    def _show_sequences(self, _: Any = None) -> None:
        model = self.model
        wrong = problems_html("sequences", model.sequence_name, model.sequence_problems, model.are_all_problems)
        self.sequence_said.value = wrong if model.sequences is None else wrong + sequences_html(model.sequences)

    def _show_kernels(self, _: Any = None) -> None:
        model = self.model
        problems = () if model.model_problem is None else (model.model_problem,)
        wrong = problems_html("model", model.model_name, problems, True)
        self.model_said.value = wrong if model.kernels is None else wrong + kernels_html(model.kernels)
        self.logos.value = Markup("") if model.kernels is None else logos_html(model.kernels)


def problems_html(what: str, name: str, problems: Sequence[Problem], are_all: bool) -> Markup:
    """What is wrong, a row a line."""
    if not problems:
        return Markup("")
    wrong = Markup('<div class="ep-wrong" role="alert" tabindex="-1"><p><b>{}</b> cannot be read: {}</p>{}{}</div>')
    first, n = problems[0], len(problems)
    if first.line is None:
        accepted = f"; accepted: {first.accepted}" if first.accepted else ""
        return wrong.format(name, f"{first.found}{accepted}.", "", "")
    said = f"{'1 line is' if n == 1 else f'{n} lines are'} at fault. What was here before is still here."
    rows = table(
        ("Line", "It begins", "Found", "Accepted"), map(_problem_row, problems), label=f"{what}: lines at fault"
    )
    more = "" if are_all else Markup("<p>There may be more; these are the first.</p>")
    return wrong.format(name, said, rows, more)


def _problem_row(problem: Problem) -> Markup:
    line = "–" if problem.line is None else f"{problem.line:,}"
    return row(line, (Markup("<code>{}</code>").format(problem.text), problem.found, problem.accepted))


def _first_row(name: str, text: str) -> Markup:
    more = "…" if len(text) > _LETTERS_SHOWN else ""
    return Markup("<li><b>{}</b> <code>{}{}</code></li>").format(name[:40], text[:_LETTERS_SHOWN], more)


def _facts(facts: Iterable[tuple[str, object]]) -> Markup:
    return Markup('<dl class="ep-facts">{}</dl>').format(each(Markup("<dt>{}</dt><dd>{}</dd>"), facts))


def sequences_html(sequences: SequenceSet) -> Markup:
    """A summary, the first few, and what was taken for granted."""
    first = Markup("").join(
        _first_row(name, text) for name, text, _ in zip(sequences.names, sequences, range(FIRST), strict=False)
    )
    return Markup(
        '<p class="ep-good">Read: <b>{}</b></p>{}<ul class="ep-first" aria-label="the first sequences">{}</ul>{}'
    ).format(sequences.source, _facts(facts_of(sequences)), first, _notes("Assumed", sequences.assumptions))


_READS = {True: "yes", False: "no", None: "not known"}


def kernels_html(kernels: ImportedKernels) -> Markup:
    """What was read, what was taken for granted, what holds."""
    n, are_motifs = len(kernels), kernels.format in ("motifs", "matrix")
    facts = [
        ("Kernels", f"{n:,}, {kernels.width} letters wide, {kernels.alphabet.name}"),
        ("Kind of file", kernels.format),
        ("Layer", kernels.layer),
        ("Reads letters", "" if are_motifs else _READS[kernels.reads_letters]),
        ("Bias", "" if are_motifs or kernels.bias_is_known else "not known, 0 is taken"),
        ("Activation", {"identity": "none"}.get(str(kernels.activation), kernels.activation)),
        ("Pooling", kernels.pooling),
    ]
    # a reading that does not agree with the model is no good one
    kind = "ep-wrong" if kernels.difference is not None and kernels.reads_letters is False else "ep-good"
    read = Markup('<p class="{}">Read: <b>{}</b></p>{}{}').format(
        kind, kernels.source, _facts(fact for fact in facts if fact[1]), around(Markup("<p>{}</p>"), kernels.check)
    )
    return read + _notes("Assumed", kernels.assumptions) + _notes("What holds", kernels.statements)


def logos_html(kernels: ImportedKernels) -> Markup:
    """The kernels as small logos, each with its consensus in words."""
    if len(kernels.alphabet) != 4:
        return Markup("<p>Logos are drawn for DNA and RNA.</p>")
    ppms = np.asarray(kernel_to_pwm(np.asarray(kernels.kernels[:LOGOS], float)).ppm)
    shown = Markup("").join(_logo(name, ppm, kernels) for name, ppm in zip(kernels.names, ppms, strict=False))
    more = len(kernels) - len(ppms)
    rest = around(Markup("<p>… and {:,} more.</p>"), more)
    drawn = (
        "Drawn: information, in bits."
        if _kind_of(kernels) == "information"
        else "Drawn: log odds against four letters alike, each kernel to its own height. The bits say how sure it is."
    )
    meant = {True: "", None: " Motifs, if the kernels read letters.", False: " Of the numbers alone: no motifs."}
    page = Markup('<p>{}{}</p><div class="ep-logos">{}</div>{}')
    return page.format(drawn, meant[kernels.reads_letters], shown, rest)


def _kind_of(kernels: ImportedKernels) -> str:
    """What is drawn: most kernels of a network hold too little information to the base e to be seen."""
    return "information" if kernels.format == "motifs" else "log odds"


def _logo(name: str, ppm: Any, kernels: ImportedKernels) -> Markup:
    bits = float(information_content(ppm).sum())
    words = f"{consensus(ppm, kernels.alphabet.letters)}, {bits:.1f} bits, base e"
    title, kind = f"{name}: {words}", _kind_of(kernels)
    drawn = Markup(logo_svg(ppm, title=title, kind=kind, alphabet=kernels.alphabet, height=60))
    caption = Markup("<figcaption>{} <span>{}</span></figcaption>").format(name, words)
    return Markup("<figure>{}{}</figure>").format(drawn, caption)


def _notes(title: str, notes: Sequence[str]) -> Markup:
    return Markup("<p><b>{}</b></p>{}").format(title, bullets(notes)) if notes else Markup("")
