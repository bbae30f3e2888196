"""The comparison on screen: choices, one figure fed in batches, its numbers as a table, the networks it leaves."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, ClassVar

import ipywidgets as w
from markupsafe import Markup

from epool_viz.components.charts import Charts
from epool_viz.components.download import Download
from epool_viz.components.widgets import Fold, PreloadOnApproach, RacePicture, Rewind
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.poolings import POOLING_METHODS
from epool_viz.data.motifs.jaspar import jaspar_index
from epool_viz.data.results.races import RaceRecord, RunRecord
from epool_viz.errors import ArgumentError, MissingExtraError
from epool_viz.figures.palette import LIGHT
from epool_viz.figures.svg import logo_svg
from epool_viz.jobs import client
from epool_viz.panels.compare import exports as takeaway
from epool_viz.panels.compare import page
from epool_viz.panels.compare.charts import (
    NAMES,
    method_name,
    race_chart,
)
from epool_viz.panels.compare.model import (
    BOUNDS,
    LONGEST_TEXT,
    OF_A_FILE,
    CompareModel,
    e_step_state,
    settings_text,
    verdict,
)
from epool_viz.panels.compare.picture import Frames, first_runs, m_at, race_state
from epool_viz.panels.compare.racer import Racer, training_seconds
from epool_viz.panels.shared.dashboard import Dashboard, shown_if
from epool_viz.panels.shared.first_screen import question
from epool_viz.panels.shared.html import around, each, progress, row, status, table
from epool_viz.panels.shared.links import anchor, link
from epool_viz.panels.shared.opened_model import text_of_file
from epool_viz.panels.shared.style import Html, at_depth, card, heading, part
from epool_viz.panels.shared.visitor_data import CHOICE, SEQUENCES

SEEN_EVERY = 0.25  # seconds between two looks at a race that runs
STILL = 0.5  # seconds that an epoch is shown for before what is below the picture follows: longer than a step of Play
LOGOS = 2  # a method
_NUMBERS = (
    ("n", "Sequences"),
    ("length", "Letters of each"),
    ("n_kernels", "Kernels"),
    ("width", "Width of a kernel"),
    ("epochs", "Epochs, at the most"),
    ("n_seeds", "Seeds"),
    ("seed", "First seed"),
)
# what only a deeper view shows, while it is as it was
_DEPTHS = {
    "motif": "explore",
    "n": "explore",
    "length": "explore",
    "n_kernels": "explore",
    "width": "explore",
    "n_seeds": "explore",
    "preset": "expert",
    "learn_m": "expert",
    "seed": "expert",
}


class CompareView(Dashboard):
    """The panel. Shows a model and changes it; holds no number of its own.

    Parameters
    ----------
    model : CompareModel
    """

    PARTS, HELP = page.PARTS, page.HELP
    LINK = ("choices", "epoch")
    VISITOR_CHOICES: ClassVar = {"data": (CHOICE, SEQUENCES)}
    PASSING: ClassVar = {"intends": False, "settings_open": False}

    def __init__(self, model: CompareModel) -> None:
        self._frames = Frames()
        self._later: asyncio.TimerHandle | None = None
        super().__init__(model)
        self.add_class("ep-compare")

    def close(self) -> None:
        """Stop the race, undo every tie, and take the widgets off the page."""
        self.racer.close()
        if self._later is not None:
            self._later.cancel()
        super().close()

    # --- widgets

    def _build(self) -> None:
        self.racer = Racer(self.model, self.guard, SEEN_EVERY)
        self._build_controls()
        self._build_page()

    def _build_controls(self) -> None:
        self.controls: dict[str, Any] = {
            "data": w.Dropdown(description="Race on", options=page.DATA),
            "motif": w.Combobox(
                description="Planted motif",
                options=[f"{record.name}" for record in jaspar_index()],
                continuous_update=False,
                placeholder="CTCF, MA0139 …",
            ),
            "pasted": w.Textarea(description="FASTA of bound sequences, or sequence and label", rows=4),
            "preset": w.Dropdown(description="Network", options=page.PRESETS),
        }
        for name, label in _NUMBERS:
            low, high = BOUNDS[name]
            self.controls[name] = w.BoundedIntText(description=label, min=low, max=high, value=low)
        self.controls["learn_m"] = w.Checkbox(description="learn m along with the weights", indent=False)
        self.upload = self.file_button(
            "Choose a file", self._take_file, most=LONGEST_TEXT, note="FASTA, or sequence and label"
        )
        self.boxes = {method: w.Checkbox(description=name, indent=False) for method, name in NAMES.items()}
        for name, depth in _DEPTHS.items():
            at_depth(depth, self.controls[name])
        at_depth("expert", self.boxes["expectation_mode1"])
        self.race_button = w.Button(description="Race", button_style="primary").add_class("ep-race")
        self.stop_button = w.Button(description="Stop")

    def _build_page(self) -> None:
        on = {"store": self.store}
        self.intent = PreloadOnApproach(**on, options={"key": "intends", "within": ".ep-drive, .ep-controls"})
        self.rewind = Rewind(**on, options=page.REWIND)
        self.settings = Fold(**on, options=page.SETTINGS)
        self.picture = RacePicture(**on)
        self.download = Download(self.store, self._make_download, options={"items": list(page.DOWNLOADS)})
        self.progress = Html().add_class("ep-progress")
        self.sentence = Html().add_class("ep-sentence")
        chart = race_chart(self.model.record, self.model.shown_epoch)
        self.charts = Charts(**on, options={"label": "Charts", "height": chart["layout"]["height"]}, figure=chart)
        self.settings_said, self.table, self.logos, self.opening = Html(), Html(), Html(), Html()
        self.network = w.Dropdown(description="Network")
        self.kernel = w.Dropdown(description="Kernel")

    def _arranged(self) -> list[Any]:
        c = self.controls
        data = [c[name] for name in ("data", "motif", "n", "length", "pasted")]
        networks = [c["preset"], *(c[name] for name, _ in _NUMBERS if name not in ("n", "length"))]
        columns = [
            w.VBox([heading("Data"), *data, self.upload]),
            w.VBox([heading("Poolings"), *self.boxes.values(), c["learn_m"]]),
            w.VBox([heading("Networks"), *networks]),
        ]
        settings = w.Box(columns).add_class("ep-controls").add_class("ep-race-settings")
        buttons = w.Box([part("choices", self.race_button), part("choices", self.stop_button)])
        drive = w.Box([buttons.add_class("ep-tools"), self.rewind])
        first = w.VBox(
            [
                question(__package__),
                self.sentence,
                drive.add_class("ep-drive"),
                part("choices", self.settings),
                self.progress,
                part("choices", settings),
                part("picture", w.Box([self.picture])).add_class("ep-picture"),
            ]
        ).add_class("ep-first")
        more = w.VBox(
            [
                heading("More about this race"),
                self.settings_said,
                part("figure", w.Box([self.charts]).add_class("ep-figure")),
                part("table", card(self.table)),
                part("logos", card(self.logos)),
                part("models", card(w.VBox([heading("A trained network"), self.network, self.kernel, self.opening]))),
                part("models", card(self.download)),
            ]
        ).add_class("ep-more")
        return [self.intent, first, more]

    def _first(self, state: dict[str, Any]) -> dict[str, Any]:
        return {"choices": state["choices"]}

    def _style(self) -> str:
        return super()._style() + _trace_colours()

    # --- ties

    def _wire(self) -> None:
        model, wire, c = self.model, self.wiring, self.controls
        for name, control in c.items():
            wire.both((model, name), (control, "value"))
        for method, box in self.boxes.items():
            wire.follow((model, "methods"), (box, "value"), _holds(method))
            wire.on(box, "value", self._take_methods)
        wire.click(self.race_button, self._begin)
        wire.click(self.stop_button, self._stop)
        for name in ("motif", "n", "length"):
            wire.follow((model, "data"), (c[name].layout, "display"), shown_if("simulated".__eq__))
        for widget in (c["pasted"], self.upload):
            wire.follow((model, "data"), (widget.layout, "display"), shown_if("pasted".__eq__))
        wire.follow((model, "stage"), (self.race_button, "disabled"), lambda _: model.is_busy)
        wire.follow((model, "stage"), (self.stop_button, "disabled"), lambda _: not model.is_busy)
        wire.follow((model, "stage"), (self.stop_button.layout, "display"), shown_if(lambda _: model.is_busy))
        wire.on(model, ("stage", "share", "said"), self._show_progress)
        wire.on(model, "record", self._draw)
        wire.on(model, "epoch", self._draw_epoch)
        wire.on(model, CompareModel.CHOICES, self._show)
        wire.on(model, CompareModel.CHOICES, self._mark_in_use)
        wire.on(self.network, "value", self._offer_kernels)
        wire.on(self.kernel, "value", self._show_opening)
        self._show_progress()
        self._mark_in_use()
        self._draw()

    # --- handlers

    def _take_patch(self, patch: dict[str, Any]) -> None:
        if isinstance(patch.get("choices"), dict):
            self.model.restore(self.model.first_screen() | patch["choices"])
        if isinstance(patch.get("epoch"), int | float):
            self.model.look_at(int(patch["epoch"]))
        if patch.get("intends") is True:
            self._come_near()
        self._show()

    def _come_near(self) -> None:
        with contextlib.suppress(MissingExtraError):  # whoever presses Race is told
            client.prepare("A race")

    def _page_state(self) -> dict[str, Any]:
        model, record = self.model, self.model.record
        race = race_state(record)
        shown = {"choices": model.linked(), "epoch": model.shown_epoch, "epochs_done": record.n_epochs}
        return shown | {"begun": model.begun, "race": race} | self._frames.of(record, race["kernel"])

    def _take_methods(self, _: Any) -> None:
        if not self.wiring.is_quiet:
            self.model.methods = [method for method, box in self.boxes.items() if box.value]

    def _take_file(self, name: str, content: bytes) -> None:
        self.model.pasted = text_of_file(name, content, OF_A_FILE, LONGEST_TEXT)

    def _begin(self, _: Any) -> None:
        self.racer.start()

    def _stop(self, _: Any) -> None:
        self.racer.stop()

    def pump(self) -> bool:
        """Take over what a race has come to; False once it has ended."""
        return self.racer.pump()

    # --- drawing

    def _mark_in_use(self, _: Any = None) -> None:
        """Choices that are not the first ones are on the page at every depth."""
        first = self.model.first_screen()
        for name in _DEPTHS:
            widget = self.controls[name]
            mark = widget.add_class if getattr(self.model, name) != first[name] else widget.remove_class
            mark("ep-in-use")
        mode1 = self.boxes["expectation_mode1"]
        (mode1.add_class if mode1.value else mode1.remove_class)("ep-in-use")

    def _show_progress(self, _: Any = None) -> None:
        model = self.model
        done = progress("race", round(100 * model.share), model.said) if model.is_busy else status(model.said)
        self.progress.value = done

    def _draw(self, _: Any = None) -> None:
        record = self.model.record
        title = around(Markup("<b>{}.</b> "), record.title)
        self.settings_said.value = Markup("<p>{}{}</p>").format(title, settings_text(record))
        self.table.value = table_html(record)
        self._offer_networks()
        self._draw_below()
        self._say()

    def _draw_epoch(self, _: Any = None) -> None:
        """Show another epoch: the picture at once, what is below it once the epoch stands still for a moment."""
        self._say()
        if self._later is not None:
            self._later.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._draw_below()
        else:
            self._later = loop.call_later(STILL, self.guard(self._draw_below))

    def _say(self) -> None:
        self.sentence.value = Markup("<p>{}</p>").format(verdict(self.model.record, self.model.shown_epoch))
        self._show()

    def _draw_below(self) -> None:
        record, epoch = self.model.record, self.model.shown_epoch
        self.charts.show(race_chart(record, epoch))
        self.logos.value = logos_html(record, epoch)

    def _offer_networks(self) -> None:
        kept = self.network.value
        options = [(f"{method_name(run.method)}, seed {run.seed}", place) for place, run in self._trained()]
        if options != list(self.network.options):
            with self.wiring.quietly():
                self.network.options = options
                places = [place for _, place in options]
                self.network.value = kept if kept in places else (places[-1] if places else None)
        self._offer_kernels()

    def _trained(self) -> list[tuple[int, RunRecord]]:
        return [(place, run) for place, run in enumerate(self.model.record.runs) if run.snapshots]

    def _offer_kernels(self, _: Any = None) -> None:
        run = self._chosen_run()
        options: list[tuple[str, int]] = []
        if run is not None:
            weights = run.snapshots[max(run.best_epoch, 1) - 1].output_weights
            ranked = run.strongest(count=len(weights))
            options = [(f"kernel {k + 1}, output weight {weights[k]:.2f}", k) for k in ranked]
        if options != list(self.kernel.options):
            with self.wiring.quietly():
                self.kernel.options = options
                self.kernel.value = options[0][1] if options else None
        self._show_opening()

    def _chosen_run(self) -> RunRecord | None:
        place = self.network.value
        return None if place is None else self.model.record.runs[place]

    def _show_opening(self, _: Any = None) -> None:
        if self.network.value is None or self.kernel.value is None:
            self.opening.value = Markup("<p>After the first epoch a network can be opened here.</p>")
            return
        state = e_step_state(self.model.record, self.network.value, self.kernel.value)
        run = self.model.record.runs[self.network.value]
        row = POOLING_METHODS.get(run.method)
        note = "" if row is None else row.nearest
        opens = anchor(link("e_step", state), "Open this kernel in the E-step view")
        self.opening.value = Markup("<p>{} {}</p>").format(opens, note)

    # --- what is taken along

    def _make_download(self, name: str) -> tuple[str, str, bytes]:
        record, run = self.model.record, self._chosen_run()
        if not record.runs or run is None:
            raise ArgumentError("race", "not run yet", "one that has finished an epoch")
        if name == "results.csv":
            return "epool_viz_results.csv", "text/csv", takeaway.results_csv(record).encode()
        if name == "history.csv":
            return "epool_viz_history.csv", "text/csv", takeaway.history_csv(record).encode()
        if name == "kernels.meme":
            return f"{run.method}_seed{run.seed}.meme", "text/plain", takeaway.kernels_meme(run).encode()
        if name == "race.safetensors":
            return "epool_viz_race.safetensors", "application/octet-stream", takeaway.race_file(record)
        if not run.model_file:
            raise ArgumentError("network", "not finished yet", "one whose race has ended")
        return f"{run.method}_seed{run.seed}.safetensors", "application/octet-stream", run.model_file


def table_html(record: RaceRecord) -> Markup:
    """The results in words and numbers: the figure's twin."""
    if not record.runs:
        return Markup("<p>The results will stand here.</p>")
    head = [
        "pooling",
        "seed",
        "epochs",
        "validation AUC",
        "test AUC",
        "95 % interval",
        "training − test",
        "training, s",
    ]
    head += ["weight on sites", "best window on a site"] if record.knows_sites else []
    rows = []
    for run in record.runs:
        last = run.epochs[-1]["val_auc"] if run.epochs else None
        interval = f"{run.roc.low:.3f} to {run.roc.high:.3f}" if run.roc else "–"
        cells = [
            str(run.seed),
            f"{len(run.epochs)}{f', best {run.best_epoch}' if run.best_epoch else ''}",
            _digits(last),
            _digits(run.roc.area if run.roc else None),
            interval,
            _digits(run.gap),
            f"{sum(epoch['seconds'] for epoch in run.epochs):.1f}",
        ]
        if record.knows_sites:
            best = run.snapshots[max(run.best_epoch, 1) - 1] if run.snapshots else None
            cells += [_digits(best.on_site), _digits(best.hits)] if best else ["–", "–"]
        rows.append(row(method_name(run.method), cells))
    caption = f"Results. All networks together trained for {training_seconds(record):.1f} s, side by side; loading, "
    return table(head, rows, caption=f"{caption}validation and test come on top.", label="results")


def _digits(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".replace("-", "−")


def logos_html(record: RaceRecord, epoch: int) -> Markup:
    """The strongest kernels of each method's first run after an epoch, read to the pooling's own base."""
    shown = []
    upto = min(max(epoch, 1), record.n_epochs)
    for run in first_runs(record):
        if not run.snapshots:
            continue
        at = min(upto, len(run.snapshots))
        snapshot, m = run.snapshots[at - 1], m_at(run, at) or 1.0
        pictures = []
        for k in run.strongest(at, LOGOS):
            name = f"{method_name(run.method)}, kernel {k + 1}"
            ppm = kernel_to_pwm_at(snapshot.kernels[k], log_base=m).ppm
            words = "Each letter as tall as its probability"
            pictures.append(Markup(logo_svg(ppm, title=name, description=words, kind="probability", height=70)))
        ended = " (trained no further)" if run.stopped and at < upto else ""
        shown.append((method_name(run.method), ended, m, each(Markup("<div>{}</div>"), pictures)))
    if not shown:
        return Markup("<h2>The strongest kernels</h2><p>After the first epoch they are drawn here.</p>")
    title = Markup("<h2>The strongest kernels after epoch {}; each letter as tall as its probability</h2>").format(upto)
    figure = Markup("<figure><figcaption><b>{}</b>{}, base e<sup>{:.3g}</sup></figcaption>{}</figure>")
    return title + Markup('<div class="ep-logos">{}</div>').format(each(figure, shown))


def _trace_colours() -> str:
    """Plotly writes a colour on each line; the page's theme has the last word."""
    rules = []
    for method, colour in LIGHT.methods.items():
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        found = f'[style*="rgb({red}, {green}, {blue})"]'
        rules.append(f".ep-root .js-plotly-plot path.js-line{found}{{stroke:var(--method-{method})!important}}")
        rules.append(f".ep-root .js-plotly-plot path.yerror{found}{{stroke:var(--method-{method})!important}}")
        rules.append(
            f".ep-root .js-plotly-plot path.point{found}"
            f"{{fill:var(--method-{method})!important;stroke:var(--method-{method})!important}}"
        )
    return "".join(rules)


def _holds(name: str) -> Any:
    return lambda names: name in names
