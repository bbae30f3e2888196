"""EM on screen: a walk, the posterior of all sequences as a heat map, the logo and the evidence that follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeGuard

import ipywidgets as w
import numpy as np
from markupsafe import Markup

from epool_viz.components.download import Download
from epool_viz.components.heatmap import HeatMap
from epool_viz.components.widgets import LineChart, Logo, Stepper
from epool_viz.core.alphabet import DNA
from epool_viz.core.kernels import pwm_to_kernel
from epool_viz.data.examples import list_models
from epool_viz.data.motifs.jaspar import jaspar_index
from epool_viz.errors import ArgumentError
from epool_viz.figures.svg import logo_svg
from epool_viz.panels.em import exports as takeaway
from epool_viz.panels.em import page, texts
from epool_viz.panels.em.model import BOUNDS, LONGEST_TEXT, EMModel
from epool_viz.panels.em.runner import Runner
from epool_viz.panels.em.texts import Question, open_question
from epool_viz.panels.shared.dashboard import Dashboard, shown_if
from epool_viz.panels.shared.first_screen import picture, question
from epool_viz.panels.shared.html import around, each, progress, rounded, status
from epool_viz.panels.shared.links import anchor, link
from epool_viz.panels.shared.style import Html, at_depth, card, heading, part
from epool_viz.panels.shared.visitor_data import CHOICE, MODEL, SEQUENCES

SEEN_EVERY = 0.1  # seconds between two looks at what runs
SMALLEST = 1e-6  # probability that the logo tells from none
_NUMBERS = (
    ("n", "Number of sequences"),
    ("length", "Letters of each"),
    ("site_share", "Share of them with a site"),
    ("data_seed", "Seed of the simulation"),
    ("width", "Width of the motif"),
    ("seed", "Seed of the random window"),
    ("pseudocount", "Pseudocount, imaginary sites"),
    ("n_starts", "Starts of a search"),
)
_DEEPER = ("occurrence", "both_strands", "pseudocount", "n_starts")


class EMView(Dashboard):
    """The panel. Shows a model and changes it; holds no number of its own.

    Parameters
    ----------
    model : EMModel
    """

    PARTS, HELP = page.PARTS, page.HELP
    LINK = ("choices", "found", "begun", "at", "heat", "column")
    VISITOR_CHOICES: ClassVar = {"data": (CHOICE, SEQUENCES), "start": (CHOICE, MODEL)}
    LOOKS: ClassVar = {"logo_kind": "information", "logo_reverse": False}

    def __init__(self, model: EMModel) -> None:
        model.finds_beside = True
        self._drawn: dict[str, Any] = {}
        self._asked: Question | None = None
        self._is_answered = False
        super().__init__(model)
        self.add_class("ep-em")

    def close(self) -> None:
        """Stop what runs, undo every tie, and take the widgets off the page."""
        self.runner.close()
        super().close()

    # --- widgets

    def _build(self) -> None:
        self.runner = Runner(self.model, self.guard, SEEN_EVERY)
        self._build_controls()
        on = {"store": self.store}
        self.stepper = Stepper(**on, options=page.STEPPER)
        self.heat = HeatMap(**on, options=page.HEAT)
        self.logo = Logo(**on, options=page.LOGO)
        self.curve = LineChart(**on, options=page.CURVE)
        self.download = Download(self.store, self._make_download, options={"items": list(page.TAKE_AWAY)})
        self.progress, self.step, self.standing = (Html() for _ in range(3))
        self.kernel_answer, self.sites, self.found, self.source, self.opening = (Html() for _ in range(5))
        self.step.add_class("ep-step")
        self.standing.add_class("ep-standing")
        self.question, self.result = Html(), Html()
        self.guess = w.RadioButtons(description="Your guess", options=["…"])
        self.reveal = w.Button(description="See")
        self.ask = w.Button(description="Another question")

    def _build_controls(self) -> None:
        models = [(f"{info.title} (test AUC {info.test_auc:.2f})", info.name) for info in list_models()]
        self.controls: dict[str, Any] = {
            "data": w.Dropdown(description="Take the sequences from", options=page.DATA),
            "motif": w.Combobox(description="Planted motif", options=_motif_names(), continuous_update=False),
            "pasted": w.Textarea(description="FASTA, or a sequence a line", rows=4, placeholder=">one\nACGT…"),
            "occurrence": w.Dropdown(description="Sites in a sequence", options=page.OCCURRENCE),
            "both_strands": w.Checkbox(description="on either strand", indent=False),
            "start": w.Dropdown(description="Begin with", options=page.STARTS),
            "jaspar": w.Combobox(description="Motif name", options=_motif_names(), continuous_update=False),
            "trained": w.Dropdown(description="Network", options=models),
        }
        for name, label in _NUMBERS:
            low, high = BOUNDS[name]
            kind = w.BoundedFloatText if isinstance(low, float) else w.BoundedIntText
            self.controls[name] = kind(description=label, min=low, max=high, value=low)
        self.kernel_choice = w.Dropdown(description="Kernel of the network")
        self.own_choice = w.Dropdown(description="Kernel of yours")
        self.column = w.BoundedIntText(description="Column in hand", min=1, max=1, value=1)
        self.upload = self.file_button("Choose a file", self.model.load_file, most=LONGEST_TEXT, note=page.FILE)
        self.converge = w.Button(description="Run to convergence")
        self.search = w.Button(description="Best of several starts")
        self.stop = w.Button(description="Stop")
        self.again = w.Button(description="Begin again")
        self.erase = w.Button(description="Erase these sites, find the next motif")
        self.forget = w.Button(description="Put erased letters back")

    def _arranged(self) -> list[Any]:
        c = self.controls
        of_data = ("data", "motif", "n", "length", "site_share", "data_seed", "pasted")
        self.looked_for = w.VBox(
            [
                heading("What it looks for"),
                *(c[name] for name in ("occurrence", "both_strands", "pseudocount", "n_starts")),
            ]
        )
        at_depth("explore", self.looked_for, self.column)
        starts = (c["start"], c["jaspar"], c["trained"], self.kernel_choice, self.own_choice, c["width"], c["seed"])
        choices = w.Box(
            [
                w.VBox([heading("Data"), *(c[name] for name in of_data), self.upload]),
                w.VBox([heading("Where EM begins"), *starts, self.source.add_class("ep-source")]),
                self.looked_for,
            ]
        ).add_class("ep-controls")
        runs = w.Box([self.converge, self.search, self.again, self.stop]).add_class("ep-tools")
        walk = [self.stepper, part("heat", picture(card(self.heat))), runs, self.progress]
        logo = card(w.VBox([self.logo, self.column.add_class("ep-labelled")]))
        self.kernel_card = card(self.kernel_answer)
        beside = [
            self.standing,
            part("logo", logo),
            part("text", self.step),
            part("curve", card(self.curve)),
            part("kernel", self.kernel_card),
        ]
        asking = [heading("Predict, then see"), self.question, self.guess, self.result]
        asking.append(w.Box([self.reveal, self.ask]).add_class("ep-tools"))
        next_motif = w.Box([self.erase, self.forget]).add_class("ep-tools")
        below = [
            part("sites", card(w.VBox([self.sites, next_motif, self.found]))),
            part("predict", card(w.VBox(asking))),
            part("download", card(w.VBox([self.opening, self.download]))),
        ]
        areas = [w.VBox(walk).add_class("ep-walk"), w.VBox(beside).add_class("ep-beside")]
        areas += [part("choices", choices), w.VBox(below).add_class("ep-below")]
        return [question(__package__), w.Box(areas).add_class("ep-body")]

    def _first(self, state: dict[str, Any]) -> dict[str, Any]:
        return {name: state[name] for name in (*self.LINK, *self.LOOKS)}

    # --- ties

    def _wire(self) -> None:
        model, wire, c = self.model, self.wiring, self.controls
        for name, control in c.items():
            wire.both((model, name), (control, "value"))
        for widget, name, is_shown in self._conditions():
            wire.follow((model, name), (widget.layout, "display"), shown_if(is_shown))
        wire.both((model, "column"), (self.column, "value"), _from_one, _from_zero)
        self._offer_kernels()
        wire.on(model, ("start", "trained", "rank"), self._offer_kernels)
        wire.on(self.kernel_choice, "value", self._take_kernel)
        wire.on(model, ("visitor_data", "which"), self._offer_kernels)
        wire.on(self.own_choice, "value", self._take_own)
        for button, act in (
            (self.converge, self._converge),
            (self.search, self._search),
            (self.again, self._again),
            (self.stop, self._stop),
            (self.erase, self._erase),
            (self.forget, self._forget),
            (self.reveal, self._reveal),
            (self.ask, self._ask),
        ):
            wire.click(button, act)
        wire.follow((model, "stage"), (self.stop.layout, "display"), shown_if("idle".__ne__))
        wire.follow((model, "n_starts"), (self.search, "description"), lambda n: f"Best of {n} starts")
        for button in (self.converge, self.search, self.again, self.erase):
            wire.follow((model, "stage"), (button, "disabled"), lambda _: model.is_busy)
        wire.follow((model, "found"), (self.forget.layout, "display"), shown_if(bool))
        wire.on(model, ("stage", "progress", "said"), self._show_progress)
        wire.on(model, "version", self._settle)
        wire.on(model, ("trail", "at", "row", "place", "column", "message"), self._show)
        wire.on(model, EMModel.CHOICES, self._show)
        wire.on(model, _DEEPER, self._show_in_use)
        self._show_in_use()
        wire.on(self.guess, "value", self._guessed)
        self._show_progress()
        self._ask()
        self._settle()

    def _show_in_use(self, _: Any = None) -> None:
        """What a deeper view shows is there at every depth while it is not as it was."""
        is_changed = any(getattr(self.model, name) != self.model.trait_defaults(name) for name in _DEEPER)
        (self.looked_for.add_class if is_changed else self.looked_for.remove_class)("ep-in-use")

    def _conditions(self) -> list[tuple[Any, str, Callable[[Any], bool]]]:
        """Controls that are on the page only while they do something."""
        c = self.controls
        searched = {"random", "substrings"}
        return [
            *((c[name], "data", "simulated".__eq__) for name in ("motif", "n", "length", "site_share", "data_seed")),
            *((widget, "data", "pasted".__eq__) for widget in (c["pasted"], self.upload)),
            (c["jaspar"], "start", "jaspar".__eq__),
            *((widget, "start", "trained".__eq__) for widget in (c["trained"], self.kernel_choice)),
            (self.own_choice, "start", CHOICE.__eq__),
            (c["width"], "start", searched.__contains__),
            (c["seed"], "start", "random".__eq__),
            *((widget, "start", searched.__contains__) for widget in (c["n_starts"], self.search)),
        ]

    # --- page and model

    def _page_state(self) -> dict[str, Any]:
        model = self.model
        trail, at = model.trail, model.at
        q = np.asarray(model.background)
        ppm = trail.ppm(at) if trail else np.repeat(q[:, None], model.beginning.width, axis=1)
        visible = np.maximum(ppm, SMALLEST)
        kernel = pwm_to_kernel(visible / visible.sum(axis=0), background=q)
        called = f"motif {len(model.found) + 1}" if model.found else "the motif"
        return {
            "choices": model.linked(),
            "found": [recipe._asdict() for recipe in model.recipes],
            "begun": model.begun,
            "at": model.wanted_at,
            "end": trail.end if trail else 0,
            "more": bool(trail) and not trail.is_finished,
            "here": texts.name_of(at),
            "next": texts.next_of(at),
            "heat": [model.row, model.place],
            "column": model.column,
            "evidence": [round(value, 6) for value in trail.evidence] if trail else [],
            "iteration": _iteration(at),
            "kernel": np.round(kernel, 9).tolist(),
            "m": 1.0,
            "bias": 0.0,
            "background": np.round(q, 12).tolist(),
            "alphabet": DNA.letters,
            "complement": list(DNA.complement_codes),
            "kernel_name": f"{called} at {texts.name_of(at)}",
        }

    def _take_patch(self, patch: dict[str, Any]) -> None:
        try:
            self._follow_page(patch)
        finally:
            self._show()  # also where a wish could not be met: the page takes it back

    def _follow_page(self, patch: dict[str, Any]) -> None:
        model = self.model
        if {"choices", "found", "begun"} & set(
            patch
        ):  # a link, or Reset: what it leaves as it is on the page holds too
            wish = {name: self.store.now[name] for name in self.LINK}
            state = {name: wish[name] for name in ("found", "begun")}
            if isinstance(wish["choices"], dict) and wish["choices"] != model.linked():
                state |= model.first_screen() | wish["choices"]
            model.restore(state)
            patch = wish | patch
        place = patch.get("at")
        if _is_number(place) and place != model.wanted_at:
            model.said = model.said if model.is_busy else ""
            model.go(int(place))
        chosen = patch.get("iteration")
        if _is_number(chosen) and chosen >= 0 and chosen != _iteration(model.at):
            model.said = model.said if model.is_busy else ""
            model.go(2 * int(chosen) + 1)
        cell = patch.get("heat")
        if isinstance(cell, list) and len(cell) == 2 and all(map(_is_number, cell)):
            with model.hold_trait_notifications():
                model.row, model.place = int(cell[0]), int(cell[1])
        if _is_number(patch.get("column")):
            model.column = int(patch["column"])

    def _settle(self, _: Any = None) -> None:
        """Other choices: what ran for the old ones is dropped, and a start is looked for where one is needed."""
        if self.runner.is_running or self.model.is_busy:
            self.runner.drop()
        if self.model.to_find:
            self._run(self.runner.find_again)
        elif self.model.needs_start:
            self._run(self.runner.find_start)

    # --- handlers

    def _offer_kernels(self, _: Any = None) -> None:
        names = self.model.trained_kernels
        with self.wiring.quietly():
            self.kernel_choice.options = [(name, rank) for rank, name in enumerate(names)]
            self.kernel_choice.index = min(self.model.rank, len(names) - 1) if names else None
            own = self.model.own_kernels
            self.own_choice.options = [(name, place) for place, name in enumerate(own)]
            self.own_choice.index = min(self.model.which, len(own) - 1) if own else None

    def _take_own(self, change: Any) -> None:
        if change.new is not None and not self.wiring.is_quiet:
            self.model.which = change.new

    def _take_kernel(self, change: Any) -> None:
        if change.new is not None and not self.wiring.is_quiet:
            self.model.rank = change.new

    def _converge(self, _: Any) -> None:
        self._require_trail()
        self._run(self.runner.converge)

    def _search(self, _: Any) -> None:
        self._run(self.runner.search)

    def _again(self, _: Any) -> None:
        self.model.restart()

    def _stop(self, _: Any) -> None:
        self.runner.stop()

    def _erase(self, _: Any) -> None:
        self.model.erase_and_go_on()

    def _forget(self, _: Any) -> None:
        self.model.forget_found()

    def _require_trail(self) -> None:
        if self.model.trail is None:
            raise ArgumentError("start", "still looked for", "a start")

    def _run(self, job: Callable[[], None]) -> None:
        if self.model.is_busy:
            return
        job()

    def pump(self) -> bool:
        """Take over what a run has come to; False once it has ended."""
        return self.runner.pump()

    # --- predict, then see

    def _ask(self, _: Any = None) -> None:
        self._asked, self._is_answered = open_question(self.model), False
        with self.wiring.quietly():
            if self._asked is None:
                self.question.value = Markup("<p>{}</p>").format(texts.NOTHING_TO_ASK)
                self.guess.layout.display = self.reveal.layout.display = "none"
            else:
                self.question.value = Markup("<p>{}</p>").format(self._asked.text)
                self.guess.options = list(self._asked.options)
                self.guess.value = None
                self.guess.layout.display = self.reveal.layout.display = ""
                self.guess.disabled = False
            self.result.value = Markup("")
            self.reveal.disabled = True

    def _guessed(self, _: Any) -> None:
        if not self.wiring.is_quiet:
            self.reveal.disabled = self.guess.value is None

    def _reveal(self, _: Any) -> None:
        asked, guess = self._asked, self.guess.value
        if asked is None or guess is None:
            return
        if not asked.is_open(self.model):
            self._ask()  # the walk has gone on meanwhile
            return
        self._is_answered = True  # first: what it does to the walk is no reason to ask something else
        answer = asked.answer(self.model)
        told = {value: label for label, value in asked.options}
        verdict = "Right" if answer.value == guess else f"Not quite: {told[answer.value]}"
        result = Markup('<div class="ep-result" role="status"><p><b>{}.</b> {}</p></div>')
        self.result.value = result.format(verdict, answer.explanation)
        self.guess.disabled = self.reveal.disabled = True

    # --- drawing

    def _show(self, _: Any = None) -> None:
        """Tell page and widgets what they do not know yet."""
        model = self.model
        if model.sequences is None:
            return
        super()._show()
        seen = (id(model.trail), model.at, model.version)
        cell = (model.row, model.place, model.column)
        if self._drawn.get("version") != model.version:
            self._draw_rows()
        if self._drawn.get("seen") != seen:
            self._draw_walk()
        if self._drawn.get("cell") != (seen, cell):
            said = texts.words_of(model)
            formula = around(Markup('<div class="ep-formula ep-from-explore">{}</div>'), said.formula)
            self.step.value = Markup("<h2>{}</h2><p>{}</p>{}").format(said.title, said.sentence, formula)
            self.opening.value = self._opening()
        self._drawn = {"version": model.version, "seen": seen, "cell": (seen, cell)}
        if not self._is_answered and (self._asked is None or not self._asked.is_open(model)):
            self._ask()  # what was asked is no longer to come

    def _draw_rows(self) -> None:
        """What stays while EM walks."""
        model = self.model
        known = model.sequences.sites or ()
        marks = [(row, site.start, site.stop) for row, sites in enumerate(known) for site in sites]
        self.heat.name_rows(model.sequences.names, marks=marks)
        with self.wiring.quietly():
            self.column.max = model.beginning.width
        self.source.value = self._source()
        found = []
        for motif in model.found:
            drawn = Markup(
                logo_svg(motif.ppm, title=motif.name, description="Information", background=motif.background, height=70)
            )
            found.append((motif.name, len(motif.sites), rounded(motif.evidence, 1), drawn))
        figure = Markup("<figure><figcaption><b>{}</b>, {:,} sites, log evidence {}</figcaption>{}</figure>")
        shown = Markup('<h2 class="ep-found-title">Found and erased</h2><div class="ep-found">{}</div>')
        self.found.value = around(shown, each(figure, found))

    def _draw_walk(self) -> None:
        model = self.model
        self.heat.show(model.heat(), largest=1.0, caption=self._caption())
        self.standing.value = texts.standing(model)
        answer = texts.fixed_point(model)
        self.kernel_answer.value = answer
        self.kernel_card.layout.display = "" if answer else "none"
        self.sites.value = texts.sites_table(model)

    def _caption(self) -> str:
        at = self.model.at
        if not at:
            return "Before the first E-step: every window of a sequence is as likely as the others."
        where = f"Posterior of the site's start, {texts.name_of(at if at % 2 else at - 1)}."
        return f"{where} Both strands together." if self.model.both_strands else where

    def _source(self) -> Markup:
        model = self.model
        notes = list(model.sequences.assumptions)
        if model.start == "trained":
            info = next(info for info in list_models() if info.name == model.trained)
            notes.append(f"{info.description} Ask on sequences like those it was trained on.")
        if model.beginning.note:
            notes.insert(0, model.beginning.note)
        return each(Markup("<p>{}</p>"), notes)

    def _show_progress(self, _: Any = None) -> None:
        model = self.model
        percent = round(100 * model.progress) or None
        self.progress.value = progress("EM", percent, model.said) if model.is_busy else status(model.said)

    def _opening(self) -> Markup:
        if self.model.trail is None:
            return Markup("")
        address = link("e_step", e_step_state(self.model))
        return Markup("<p>{}</p>").format(anchor(address, "Open this motif and this sequence in the E-step view"))

    def _make_download(self, name: str) -> tuple[str, str, bytes]:
        return takeaway.taken(self.model, name)


def e_step_state(model: EMModel) -> dict[str, Any]:
    """Motif and sequence in hand as the state that a link to the E-step view carries."""
    ppm = np.maximum(model.trail.ppm(model.at), SMALLEST)
    kernel = pwm_to_kernel(ppm / ppm.sum(axis=0), background=model.background)
    rows = zip(DNA.letters, kernel.tolist(), strict=True)
    text = "".join(f"{letter} {' '.join(f'{x:.6g}' for x in row)}\n" for letter, row in rows)
    name = " ".join(model.sequences.names[model.row].split())
    link = {
        "kernel_source": "typed",
        "kernel_text": text,
        "sequence_source": "pasted",
        "pasted": f">{name}\n{model.sequences[model.row]}\n",
        "background": "typed",
        "letter_shares": [round(float(x), 9) for x in model.background],
    }
    state = {"link": link, "m": 1.0, "both_strands": model.both_strands, "occurrence": model.occurrence}
    if model.occurrence == "zoops":
        state["site_rate"] = round(min(max(model.trail.rate(model.at), 0.001), 0.999), 6)
    return state


def _iteration(at: int) -> int:
    """Place, among the evidences, of the E-step that a place shows; -1 before the first."""
    return (at - 1) // 2 if at else -1


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _motif_names() -> list[str]:
    return [f"{record.name} ({record.accession})" for record in jaspar_index()]


def _from_one(place: int) -> int:
    """Places are counted from 0 in the model and from 1 on screen."""
    return place + 1


def _from_zero(number: int) -> int:
    return number - 1
