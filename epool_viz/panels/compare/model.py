"""The state of the comparison: the settings of a race, and the race that is shown. No widget, and no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
from traitlets import Any as AnyTrait
from traitlets import Bool, Enum, Float, Int, TraitError, Unicode, validate

from epool_viz.analysis.races import race_standing
from epool_viz.core.choices import PRESETS
from epool_viz.core.poolings import METHODS, POOLING_METHODS, POOLING_NAMES
from epool_viz.core.scan import PADDINGS
from epool_viz.data.examples import load_example, load_example_race
from epool_viz.data.kernel_sources import scores_text
from epool_viz.data.limits import Limits
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.data.results.races import RaceRecord
from epool_viz.data.results.settings import RaceSettings
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import add_shuffled_negatives, simulate, split_sequences
from epool_viz.errors import ArgumentError
from epool_viz.panels.compare.charts import NAMES
from epool_viz.panels.shared.model import DashboardModel, Value
from epool_viz.panels.shared.opened_model import sequences_of_text
from epool_viz.panels.shared.state import counted, letters
from epool_viz.panels.shared.visitor_data import CHOICE, NotYetHere, sequences_of

DATA = ("simulated", "ctcf_peaks", "p73_peaks", "pasted", CHOICE)
STAGES = ("idle", "preparing", "racing", "stopping", "finished", "stopped", "failed")
# Hard caps, in one place: whatever a page sends, this is as far as it goes.
MOST_LETTERS = 6_000_000
OF_A_FILE = Limits(bytes=4 * 8_000_000, records=100_000, letters=MOST_LETTERS)
LONGEST_TEXT = 8_000_000  # characters; below what the page's connection takes in one message
BOUNDS: dict[str, tuple[int, int]] = {
    "n": (40, 6000),
    "length": (30, 1000),
    "n_kernels": (1, 64),
    "width": (4, 40),
    "n_seeds": (1, 5),
    "epochs": (1, 200),
    "seed": (0, 9999),
    "epoch": (0, 10_000),
}
TEST_SHARE = 0.2
_TITLES = {"ctcf_peaks": "CTCF ChIP-seq peaks and their shuffles", "p73_peaks": "p73 ChIP-seq peaks and their shuffles"}


class CompareModel(DashboardModel):
    """Choices in; a race is put in from outside by `Racer`, and looked at at `epoch`."""

    # the first choices are those of the race that ships: a live one gives the same numbers
    data = Enum(DATA, "simulated")
    motif = Unicode("STAT3", help="Planted in simulated sequences: a name or accession of JASPAR.")
    n = Int(1500, help="Simulated sequences, half of them with a site.")
    length = Int(300, help="Letters of each.")
    pasted = Unicode("", help="Sequences with labels, or FASTA of bound ones.")
    methods = Value(list(METHODS))
    learn_m = Bool(False, help="Of the poolings that have an m.")
    preset = Enum(PRESETS, "paper")
    n_kernels = Int(8)
    width = Int(15)
    n_seeds = Int(1)
    epochs = Int(30, help="At the most; patience ends most runs before.")
    seed = Int(0, help="Of the data's split and the first run.")

    epoch = Int(0, help="How far the race is shown; all of it follows the race.")
    follows = Bool(True, help="Whether `epoch` goes along with a race that runs.")
    record = AnyTrait(help="The RaceRecord shown.")
    stage = Enum(STAGES, "idle")
    share = Float(0.0, help="Of the race that is done, at least: patience may end it sooner.")
    said = Unicode("", help="What happens just now.")
    begun = Int(0, help="How many races have been begun.")

    CHOICES = (
        "data",
        "motif",
        "n",
        "length",
        "pasted",
        "methods",
        "learn_m",
        "preset",
        "n_kernels",
        "width",
        "n_seeds",
        "epochs",
        "seed",
    )

    BOUNDED = BOUNDS
    LONGEST: ClassVar[Mapping[str, int]] = {"pasted": LONGEST_TEXT}

    def __init__(self, **state: Any) -> None:
        self.record = RaceRecord()
        super().__init__(**state)

    @classmethod
    def opened(cls, **state: Any) -> Self:
        """A model that shows a finished race, so that there is something to see before anything is trained."""
        model = cls(**state)
        model.show(load_example_race("ctcf_peaks" if model.data == "ctcf_peaks" else "simulated"))
        return model

    @property
    def is_busy(self) -> bool:
        """Whether a race runs."""
        return self.stage in ("preparing", "racing", "stopping")

    @property
    def shown_epoch(self) -> int:
        """The epoch that is shown: no more than there are."""
        return min(self.epoch, self.record.n_epochs)

    def inputs(self) -> dict[str, Any]:
        """What `prepare` takes: the choices, and what of the visitor's own they mean."""
        return self.state() | {CHOICE: self.visitor_data}

    def begin(self) -> None:
        """A race begins, whatever epoch of another one is looked at: what is shown follows it."""
        self.begun += 1
        self.message = ""
        self.follows = True
        self.stage, self.share, self.said = "preparing", 0.0, "Preparing the sequences."

    def look_at(self, epoch: int) -> None:
        """Go to an epoch; a view of the last one follows a race, and one of the race before is over soon."""
        self.epoch = epoch
        self.follows = self.stage == "preparing" or self.epoch >= self.record.n_epochs

    def advance(self, record: RaceRecord) -> None:
        """Take over how far a race has come; a view of the last epoch goes along."""
        was_at_end = self.follows or self.epoch >= self.record.n_epochs
        with self.hold_trait_notifications():
            self.record = record
            if was_at_end:
                self.epoch = record.n_epochs

    def show(self, record: RaceRecord) -> None:
        """Put a race on the screen, whole."""
        self.record = record
        self.follows = True
        self.epoch = record.n_epochs

    @validate("methods")
    def _known_methods(self, proposal: Any) -> list[str]:
        chosen = proposal.value
        if not isinstance(chosen, list | tuple) or any(method not in POOLING_NAMES for method in chosen):
            raise TraitError(f"methods is {chosen!r}; accepted: some of {', '.join(POOLING_NAMES)}")
        return [method for method in POOLING_NAMES if method in chosen]


def race_settings(state: Mapping[str, Any]) -> RaceSettings:
    """The settings of the race that follow from the choices.

    Raises
    ------
    ArgumentError
        If no pooling is chosen.
    """
    learns = {method for method in state["methods"] if state["learn_m"] and POOLING_METHODS[method].has_m}
    return RaceSettings(
        methods=tuple({"method": m, "trainable": True} if m in learns else m for m in state["methods"]),
        preset=state["preset"],
        n_kernels=state["n_kernels"],
        width=state["width"],
        epochs=state["epochs"],
        seeds=tuple(range(state["seed"], state["seed"] + state["n_seeds"])),
    )


def prepare(state: Mapping[str, Any]) -> tuple[SequenceSet, SequenceSet, str]:
    """Training set, test set, and what they are, for `CompareModel.inputs()`.

    Raises
    ------
    EpoolError
        With a sentence for the person who chose.
    """
    if not state["methods"]:
        raise ArgumentError("methods", "empty", "at least one pooling")
    everything, title = _SOURCES.get(state["data"], _peaks)(state)
    if everything.lengths.min() < state["width"]:
        found = f"of {letters(int(everything.lengths.min()))}"
        raise ArgumentError("sequences", found, f"at least the kernels' width, {state['width']}")
    if int(everything.lengths.sum()) > MOST_LETTERS:
        found = f"of {int(everything.lengths.sum()):,} letters together"
        raise ArgumentError("sequences", found, f"at most {MOST_LETTERS:,} letters")
    train, test = split_sequences(everything, TEST_SHARE, seed=state["seed"])
    return train, test, title


def _peaks(state: Mapping[str, Any]) -> tuple[SequenceSet, str]:
    peaks = _one_length(load_example(state["data"]))
    return add_shuffled_negatives(peaks, seed=state["seed"]), _TITLES[state["data"]]


def _simulated(state: Mapping[str, Any]) -> tuple[SequenceSet, str]:
    motif = load_jaspar(state["motif"].strip() or "?")
    if motif.ppm.shape[1] > state["length"]:
        raise ArgumentError("length", str(state["length"]), f"at least the motif's width, {motif.ppm.shape[1]}")
    found = simulate(motif, n=state["n"], length=state["length"], seed=state["seed"])
    return found, f"{state['n']:,} simulated sequences of {state['length']} letters, {motif.label} planted in half"


def _pasted(state: Mapping[str, Any]) -> tuple[SequenceSet, str]:
    if not state["pasted"].strip():
        raise ArgumentError("sequences", "empty", "FASTA of bound sequences, or lines of sequence and label 0 or 1")
    return _own(sequences_of_text(state["pasted"], "the pasted text", OF_A_FILE), state)


def _kept(state: Mapping[str, Any]) -> tuple[SequenceSet, str]:
    try:
        return _own(sequences_of(state[CHOICE]), state)
    except NotYetHere:
        raise ArgumentError("sequences", "not here yet", "another try in a moment") from None


def _own(sequences: SequenceSet, state: Mapping[str, Any]) -> tuple[SequenceSet, str]:
    found = _one_length(sequences)
    if found.labels is None:
        if len(found) < 20:
            raise ArgumentError("sequences", f"only {len(found)}", "at least 20 bound sequences")
        return add_shuffled_negatives(
            found, seed=state["seed"]
        ), f"{len(found):,} sequences of yours and their shuffles"
    if set(np.unique(found.labels).tolist()) != {0, 1}:
        raise ArgumentError("labels", f"{sorted(set(found.labels.tolist()))}", "both 0 and 1")
    return found, f"{len(found):,} labelled sequences of yours"


_SOURCES: dict[str, Callable[[Mapping[str, Any]], tuple[SequenceSet, str]]] = {
    "simulated": _simulated,
    "pasted": _pasted,
    CHOICE: _kept,
}


def _one_length(sequences: SequenceSet) -> SequenceSet:
    """Sequences cut to the shortest one, around their middles: a network takes one length."""
    shortest = int(sequences.lengths.min())
    if shortest == int(sequences.lengths.max()):
        return sequences
    starts = (sequences.lengths - shortest) // 2
    texts = [text[start : start + shortest] for text, start in zip(sequences, starts, strict=True)]
    return SequenceSet.from_strings(texts, names=sequences.names, labels=sequences.labels, alphabet=sequences.alphabet)


def verdict(record: RaceRecord, epoch: int | None = None) -> str:
    """One sentence on how a race stands after an epoch, or how it ended."""
    upto = record.n_epochs if epoch is None else min(max(epoch, 1), record.n_epochs)
    test_auc, is_told_apart, leading = race_standing(record, upto)
    if not test_auc or upto < record.n_epochs:
        if leading is None:
            return "No epoch is over yet." if record.runs else "No race has been run yet."
        method, auc = leading
        # the epoch stands beside the slider, once a page: the page is there before this sentence is
        return f"So far {NAMES[method]} leads, with a validation AUC of {auc:.3f}."
    told = ", ".join(f"{NAMES[method]} {area:.3f}" for method, area in test_auc.items())
    within = "" if is_told_apart else _NOT_TOLD_APART
    return f"Test AUC: {told}; 0.5 is guessing.{within}"


def settings_text(record: RaceRecord) -> str:
    """With which settings a race was run: other ones give other numbers."""
    if not record.runs:
        return ""
    settings = record.runs[0].settings
    seeds = len({run.seed for run in record.runs})
    mean = f", each number the mean of {counted(seeds, 'seed')}" if seeds > 1 else ""
    network = _NETWORKS.get(str(settings.get("preset")), "")
    n, width = int(settings.get("n_kernels", 0)), int(settings.get("width", 0))
    return f"{counted(n, 'kernel')}, {width} wide{network}{mean}; other settings give other numbers."


_NETWORKS = {
    "paper": ", network as published",
    "demo": ", the published notebook's network",
    "exact": ", exact network",
}
_NOT_TOLD_APART = " This test set does not tell the first two apart."


def e_step_state(record: RaceRecord, place: int, kernel: int) -> dict[str, Any]:
    """A kernel of a run as the state that a link to the E-step view carries.

    Max pooling is shown with a large `m`, average pooling with 0; log-sum-exp has ePool's posterior.
    """
    run = record.runs[place]
    snapshot = run.snapshots[max(run.best_epoch, 1) - 1]
    settings = run.settings
    pooling = settings["pooling"]
    row = POOLING_METHODS.get(run.method)
    m = float(pooling.get("m", 1.0)) if row is None or row.shown_m is None else row.shown_m
    name = f"{NAMES[run.method]}, seed {run.seed}, kernel {kernel + 1}"
    text = scores_text(snapshot.kernels[kernel], name, digits=6, is_of_network=True)
    link = {"kernel_source": "typed", "kernel_text": text}
    if record.example:
        link |= {"sequence_source": "pasted", "pasted": f">test sequence\n{record.example}\n"}
    return {
        "link": link,
        "m": m,
        "mode": int(pooling.get("mode", 0)),
        "bias": round(float(snapshot.biases[kernel]), 6),
        "activation": {"identity": "identity", "relu": "relu"}.get(settings["activation"], settings["activation"]),
        "padding": settings["padding"] if settings["padding"] in PADDINGS else "valid",
        "local_window": int(pooling.get("local_window", 1)),
    }
