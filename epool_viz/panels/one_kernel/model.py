"""The state of the E-step panel: the user's choices, and the trace that follows from them. No widget.

A choice that cannot be used is kept and explained in `message`; `trace` stays the last good one until the choice is
mended.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from traitlets import Any as AnyTrait
from traitlets import Bool, Enum, Float, Int, TraitError, Tuple, Unicode, observe, validate

from epool_viz.core.alphabet import DNA
from epool_viz.core.choices import OCCURRENCES, STRAND_READINGS
from epool_viz.core.pooling import ACTIVATIONS, MODES
from epool_viz.core.scan import PADDINGS
from epool_viz.core.trace import EStepTrace, e_step_trace
from epool_viz.data import kernel_sources as kernels
from epool_viz.data.examples import MODEL_NAMES, example_kernels, load_example
from epool_viz.data.limits import Limits
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.source import open_text
from epool_viz.errors import ArgumentError, EpoolError
from epool_viz.panels.one_kernel.steps import Step, active_steps
from epool_viz.panels.shared.hand import Hand, fasta
from epool_viz.panels.shared.model import DashboardModel, Value, bounded
from epool_viz.panels.shared.opened_model import sequences_of_text, text_of_file
from epool_viz.panels.shared.state import LONGEST_TEXT as LONGEST_IN_LINK
from epool_viz.panels.shared.state import friendly, letters, require_size
from epool_viz.panels.shared.visitor_data import (
    CHOICE,
    OF_A_FIELD,
    NotYetHere,
    kernel_names,
    kernels_of,
    sequences_of,
)

# Hard caps, in one place: whatever a page sends, this is as far as it goes.
MOST_LETTERS = 10_000
WIDEST = 50
LONGEST_MATRIX = LONGEST_IN_LINK  # characters of a typed kernel, which every link carries whole
LONGEST_TEXT = 1_000_000
BOUNDS: dict[str, tuple[float, float]] = {
    "m": (0.0, 20.0),
    "index": (0, 10**6),
    "which": (0, 10**4),
    "rank": (0, 10**4),
    "seed": (0, 9999),
    "width": (1, WIDEST),
    "bias": (-1000.0, 1000.0),
    "site_rate": (0.001, 0.999),
    "local_window": (1, 50),
}
DEFAULT_KERNEL = """A  1.0 -0.5  0.2 -1.0  0.8
C -0.7  1.2 -0.9  0.1 -0.4
G -0.2 -0.6  1.1 -0.8 -0.3
T -0.4 -0.3 -0.5  1.3 -0.2
"""
SEQUENCE_SOURCES = ("example", "pasted", CHOICE)
OF_A_SEQUENCE = ("sequence_source", "example", "pasted", "index")  # a change of these ends the edits of its letters
NETWORK = ("kernel_source", "trained", "rank")  # a change of these may change settings
STRAND_CHOICES = ("kernel", *STRAND_READINGS)  # "kernel": as the kernel in hand is one of a network or a motif
_OF_A_NETWORK = ("bias", "m", "mode", "local_window", "activation", "padding", "both_strands")
KERNEL_SOURCES = ("jaspar", "trained", "typed", "file", "random", CHOICE)
BACKGROUNDS = ("uniform", "data", "typed")
LEAST_SHARE = 1e-4
OPENING = "posterior"  # name of the step that answers the dashboard's question


class EStepModel(DashboardModel):
    """Choices in, trace out.

    Numbers beyond their bounds are moved to the bound, and every number is rounded to nine decimals, so that a slider's
    float noise is no change.
    """

    sequence_source = Enum(SEQUENCE_SOURCES, "example", help="A bundled set, or the user's own text.")
    example = Unicode("ctcf_peaks", help="Name of a bundled set, as `load_example` knows it.")
    pasted = Unicode("", help="FASTA, bare letters, or any text format the library reads.")
    index = Int(0, help="Place in the set, from 0.")
    edited = Unicode("", help="The letters of that sequence as the user changed them; empty while they are as given.")
    kernel_source = Enum(KERNEL_SOURCES, "jaspar")
    jaspar = Unicode("CTCF", help="Name or accession.")
    trained = Enum(MODEL_NAMES, MODEL_NAMES[0], help="A model that ships; it brings its settings along.")
    rank = Int(0, help="Place among its kernels by the size of the output weight, from 0.")
    kernel_text = Unicode(DEFAULT_KERNEL, help="A matrix as the user typed it.")
    file_name = Unicode("", help="Name of the uploaded kernel file.")
    file_text = Unicode("", help="What it holds.")
    which = Int(0, help="Place of the motif in the file, or among the visitor's own kernels, from 0.")
    seed = Int(1)
    width = Int(9, help="Of the random kernel.")
    bias = Float(0.0)
    m = Float(1.0)
    mode = Enum(MODES, 0)
    both_strands = Bool(False)
    strand_reading = Enum(STRAND_CHOICES, "kernel", help="What the kernel is on both strands.")
    background = Enum(BACKGROUNDS, "uniform")
    letter_shares = Value([0.25] * len(DNA), help="The typed background, a share a letter.")
    occurrence = Enum(OCCURRENCES, "oops")
    site_rate = Float(0.5)
    activation = Enum(ACTIVATIONS, "identity")
    local_window = Int(1)
    padding = Enum(PADDINGS, "valid")

    step = Int(0, help="Place in `steps`, from 0.")
    window = Int(0, help="Window in hand, from 0.")

    sequences = AnyTrait(help="The SequenceSet that is chosen from.")
    sequence_name = Unicode("", help="Name of the trace's sequence in its set.")
    kernel = AnyTrait(help="The Kernel in use.")
    trace = AnyTrait(help="The EStepTrace that follows.")
    steps = Tuple(help="The Steps of the walk.")

    CHOICES: ClassVar[tuple[str, ...]] = (
        "sequence_source",
        "example",
        "pasted",
        "index",
        "edited",
        "kernel_source",
        "jaspar",
        "trained",
        "rank",
        "kernel_text",
        "file_name",
        "file_text",
        "which",
        "seed",
        "width",
        "bias",
        "m",
        "mode",
        "both_strands",
        "strand_reading",
        "background",
        "letter_shares",
        "occurrence",
        "site_rate",
        "activation",
        "local_window",
        "padding",
    )
    LOOKING: ClassVar[tuple[str, ...]] = ("step", "window")

    BOUNDED = BOUNDS
    LONGEST: ClassVar[Mapping[str, int]] = {
        "pasted": LONGEST_TEXT,
        "edited": MOST_LETTERS,
        "kernel_text": LONGEST_MATRIX,
        "file_text": LONGEST_TEXT,
    }

    def __init__(self, **state: Any) -> None:
        self._named: frozenset[str] = frozenset()
        self._looked_at: tuple[Any, ...] = ()  # what the number of the window in hand depends on
        super().__init__(**state)

    def load_kernel_file(self, name: str, content: bytes) -> None:
        """Use an uploaded kernel; one that cannot be read is explained and changes nothing."""
        with self._explaining():
            text = _decoded(name, content)
            kernels.require_usable(kernels.text_kernel(text, name, 0, None), WIDEST)
            self.restore({"file_name": name, "file_text": text, "which": 0, "kernel_source": "file"})

    def load_sequence_file(self, name: str, content: bytes) -> None:
        """Use an uploaded file of sequences; one that cannot be read is explained and changes nothing."""
        with self._explaining():
            text = text_of_file(name, content, OF_A_FIELD, LONGEST_TEXT)
            self.restore({"pasted": text, "index": 0, "sequence_source": "pasted"})

    @classmethod
    def opened(cls, **state: Any) -> EStepModel:
        """The model that a dashboard opens with: at the posterior, where a state names no other step."""
        model = cls(**state)
        names = [step.name for step in model.steps]
        if "step" not in state and OPENING in names:
            model.step = names.index(OPENING)
        return model

    @property
    def current_step(self) -> Step:
        """The step shown."""
        return self.steps[self.step]

    @property
    def is_edited(self) -> bool:
        """Whether letters of the sequence are changed; those of another length are of another sequence."""
        return bool(self.edited) and len(self.edited) == len(self.sequences[self.index])

    @property
    def letters_in_hand(self) -> str:
        """The sequence as it is in its set, or as edited."""
        return self.edited if self.is_edited else str(self.sequences[self.index])

    @property
    def read_as(self) -> str:
        """What the kernel on both strands is, "motif" or "network"; as chosen, else as the kernel in hand has it."""
        return self._read_as(self.kernel)

    @property
    def file_motifs(self) -> tuple[str, ...]:
        """Names of the motifs in the uploaded file, or of the visitor's own kernels."""
        if self.kernel_source == CHOICE:
            return kernel_names(self.visitor_data)
        try:
            return kernels.motif_names(self.file_text, self.file_name)
        except EpoolError:
            return ()  # `message` has the reason, once the file is chosen

    @property
    def trained_kernels(self) -> tuple[str, ...]:
        """Labels of the trained model's kernels by rank; empty while the kernel is none of a model."""
        return kernels.trained_kernels(self.trained) if self.kernel_source == "trained" else ()

    @property
    def network_note(self) -> str:
        """What of the screen the model itself computes; empty while the kernel shown is none of a model."""
        if self.message:
            return ""
        network = self._network()
        return kernels.network_note(*network, self.choices()) if network else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the readers of sequence and kernel took for granted, a sentence each."""
        told = (self.kernel.reading, self.network_note, *self.kernel.assumptions, *self.sequences.assumptions)
        return tuple(filter(None, told))

    @validate("step")
    def _existing_step(self, proposal: Any) -> int:
        return int(bounded(proposal.value, 0, max(len(self.steps) - 1, 0)))

    @validate("window")
    def _existing_window(self, proposal: Any) -> int:
        return int(bounded(proposal.value, 0, len(self.trace.starts) - 1 if self.trace else 0))

    @validate("letter_shares")
    def _summing_to_one(self, proposal: Any) -> list[float]:
        accepted = f"{len(DNA)} shares of the sum, each at least {LEAST_SHARE:g}"
        try:
            shares = np.asarray(proposal.value, dtype=float)
        except (TypeError, ValueError):
            raise TraitError(f"letter_shares is {proposal.value!r}; accepted: {accepted}") from None
        total = shares.sum()
        if shares.shape != (len(DNA),) or not (math.isfinite(total) and shares.min() >= LEAST_SHARE * total > 0):
            raise TraitError(f"letter_shares is {proposal.value!r}; accepted: {accepted}")
        return (shares if math.isclose(total, 1, rel_tol=1e-12) else shares / total).tolist()

    @observe("which")
    def _another_of_the_file(self, _: Any) -> None:
        if not self._paused:
            own = self._settings() if self.kernel_source == CHOICE else {}
            self._take_over({"bias": own["bias"]} if own else {})

    @observe("visitor_data")
    def _follow_visitor_data(self, change: Any) -> None:
        """Take the settings of another uploaded model, but for those that were requested before it was here."""
        if self._paused or CHOICE not in (self.sequence_source, self.kernel_source):
            return
        is_another = change.new.model is not change.old.model
        own = self._settings() if is_another and self.kernel_source == CHOICE else {}
        named, self._named = self._named, frozenset() if own else self._named
        self._take_over({name: value for name, value in own.items() if name not in named})

    @observe("sequence_source", "example", "pasted")
    def _another_set(self, _: Any) -> None:
        if not self._paused:
            self._take_over({"index": 0, "edited": ""})

    @observe("index")
    def _another_sequence(self, _: Any) -> None:
        if not self._paused:
            self._take_over({"edited": ""})

    @observe(*NETWORK)
    def _another_network(self, change: Any) -> None:
        if self._paused:
            return
        before = self.choices() | {change.name: change.old}
        choices: dict[str, Any] = {"rank": 0} if change.name == "trained" else {}
        if change.name == "kernel_source" and change.old in (CHOICE, "trained"):
            uploaded = self._uploaded_settings(tuple(before[name] for name in NETWORK))
            left = [name for name in _OF_A_NETWORK if name not in uploaded]
            choices = {name: self.traits()[name].default_value for name in left}
        if change.name == "kernel_source":
            choices["strand_reading"] = "kernel"
        self._set(choices)
        self._follow(before, choices)

    @observe(*(name for name in CHOICES if name not in (*OF_A_SEQUENCE, "which", *NETWORK)))
    def _another_choice(self, _: Any) -> None:
        if not self._paused:
            self._refresh()

    def _follow(self, before: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """What follows from a choice and is not named: no edits of another sequence, the settings of a network."""
        if "edited" not in state and any(before[name] != getattr(self, name) for name in OF_A_SEQUENCE):
            self._set({"edited": ""})
        if state.get("kernel_source") == CHOICE and self.visitor_data.model is None:
            self._named = frozenset(state)
        uploaded = self._uploaded_settings(tuple(before[name] for name in NETWORK))
        self._set({name: value for name, value in uploaded.items() if name not in state})
        if not state or any(name in state for name in self.CHOICES):
            self._refresh()

    def _uploaded_settings(self, was: tuple[Any, ...]) -> dict[str, Any]:
        """The settings that come with a kernel of a model: all with another model, with another kernel its bias."""
        now = tuple(getattr(self, name) for name in NETWORK)
        settings = {} if now == was else self._settings()
        is_same_model = self.kernel_source == "trained" and now[:2] == was[:2]
        return {"bias": settings["bias"]} if settings and is_same_model else settings

    def in_hand(self) -> dict[str, Any]:
        """The sequence, the kernel and `m` that are shown."""
        sequences: dict[str, dict[str, Any]] = {
            "example": {"set": self.example, "index": self.index},
            "pasted": {"fasta": fasta(self.sequence_name, self.trace.sequence)},
            CHOICE: {"yours": self.index},
        }
        sequence = sequences[self.sequence_source]
        if self.is_edited and self.sequence_source != "pasted":
            sequence["edited"] = self.edited
        kernel: dict[str, Any]
        if self.kernel_source == "jaspar":
            kernel = {"motif": self.jaspar}
        elif self.kernel_source == "trained":
            kernel = {"model": self.trained, "place": kernels.kernel_place(self.trained, self.rank)}
        elif self.kernel_source == CHOICE:
            kernel = {"yours": self.which}
        else:
            text = kernels.scores_text(self.kernel.matrix, self.kernel.label, is_of_network=self.kernel.is_of_network)
            kernel = {"matrix": text}
        labels = {"label": self.sequence_name}, {"label": self.kernel.label}
        return {"sequence": sequence | labels[0], "kernel": kernel | labels[1], "m": self.m}

    def take_in_hand(self, hand: Hand) -> None:
        """Take over sequence, kernel and `m`."""
        state: dict[str, Any] = {} if hand.m is None else {"m": hand.m}
        if hand.sequence is not None:
            state["edited"] = hand.sequence.get("edited", "")
        match hand.sequence:
            case {"set": example, "index": index}:
                state |= {"sequence_source": "example", "example": example, "index": index}
            case {"fasta": text}:
                state |= {"sequence_source": "pasted", "pasted": text, "index": 0}
            case {"yours": index}:
                state |= {"sequence_source": CHOICE, "index": index}
        match hand.kernel:
            case {"motif": name}:
                state |= {"kernel_source": "jaspar", "jaspar": name}
            case {"model": name, "place": place}:
                state |= {"kernel_source": "trained", "trained": name, "rank": kernels.kernel_rank(name, place or 0)}
            case {"matrix": text}:
                state |= {"kernel_source": "typed", "kernel_text": text}
            case {"yours": which}:
                state |= {"kernel_source": CHOICE, "which": which}
        self.restore(state)

    def _network(self) -> tuple[ImportedKernels, int] | None:
        """The network that the kernel is of, and the kernel's place; None for a kernel of none, or one not here yet."""
        if self.kernel_source == "trained":
            return example_kernels(self.trained), kernels.kernel_place(self.trained, self.rank)
        own = self.visitor_data.model
        return None if self.kernel_source != CHOICE or own is None else (own, self.which)

    def _settings(self) -> dict[str, Any]:
        """The settings of the kernel's network."""
        network = self._network()
        return kernels.network_settings(*network) if network else {}

    def _refresh(self) -> None:
        """Follow the choices as far as they can be used."""
        try:
            sequences = self._chosen_set()
            if self.index >= len(sequences):
                self.index = len(sequences) - 1  # comes back here
                return
            self.sequences = sequences
            background = self._chosen_background(sequences)
            kernel = self._chosen_kernel(background)
            trace = self._trace(self.letters_in_hand, kernel, background)
        except NotYetHere:
            return  # what is on the screen stays until the page has answered
        except EpoolError as error:
            self._refuse(error)
            return
        self._show(kernel, trace)
        self.message = ""

    def _refuse(self, error: EpoolError) -> None:
        """Say what is wrong; an `m` that means nothing here goes back to the last good one."""
        good = self.trace.m if self.trace is not None and self.trace.m else self.traits()["m"].default_value
        is_refused = isinstance(error, ArgumentError) and error.name == "m" and self.m != good
        if is_refused:
            self.m = good  # recomputes what follows
        self.message = friendly(error) + (f" It is {good:g} now." if is_refused else "")

    def _chosen_set(self) -> SequenceSet:
        if self.sequence_source == "example":
            return _example(self.example)
        if self.sequence_source == CHOICE:
            return sequences_of(self.visitor_data)
        if not self.pasted.strip():
            raise ArgumentError("sequence", "empty", "letters A C G T and N, or FASTA")
        return sequences_of_text(self.pasted, "the pasted text", OF_A_FIELD)

    def _chosen_background(self, sequences: SequenceSet) -> Any:
        if self.background == "typed":
            return np.asarray(self.letter_shares)
        return sequences.letter_frequencies() if self.background == "data" else None

    def _chosen_kernel(self, background: Any) -> kernels.Kernel:
        if self.kernel_source == "jaspar":
            kernel = kernels.jaspar_kernel(self.jaspar, background, self.both_strands)
        elif self.kernel_source == "trained":
            kernel = kernels.trained_kernel(self.trained, self.rank)
        elif self.kernel_source == CHOICE:
            kernel = kernels.own_kernel(kernels_of(self.visitor_data), self.which, background)
        elif self.kernel_source == "random":
            kernel = kernels.random_kernel(self.width, self.seed)
        elif self.kernel_source == "file":
            name = self.file_name or "the file"
            kernel = kernels.text_kernel(self.file_text, name, self.which, background, self.both_strands)
        else:
            kernel = kernels.text_kernel(self.kernel_text, "the typed matrix", 0, background, self.both_strands)
        kernels.require_usable(kernel, WIDEST)
        return kernel

    def _trace(self, sequence: str, kernel: kernels.Kernel, background: Any) -> EStepTrace:
        width = kernel.matrix.shape[1]
        if len(sequence) > MOST_LETTERS:
            raise ArgumentError("sequence", f"{len(sequence):,} letters long", f"at most {MOST_LETTERS:,} letters")
        if len(sequence) < width:
            found = f"{letters(len(sequence))} long"
            raise ArgumentError("sequence", found, f"at least as many letters as the kernel has columns, {width}")
        options = {name: getattr(self, name) for name in _TRACE_OPTIONS}
        options["strand_reading"] = self._read_as(kernel)
        return e_step_trace(sequence, kernel.matrix, background=background, **options)

    def _read_as(self, kernel: kernels.Kernel) -> str:
        if self.strand_reading != "kernel":
            return str(self.strand_reading)
        return "network" if kernel.is_of_network else "motif"

    def _walk(self, trace: EStepTrace) -> tuple[Any, ...]:
        """The steps that apply, each with a `name`."""
        return active_steps(trace.activation, trace.local_window)

    def _show(self, kernel: kernels.Kernel, trace: EStepTrace) -> None:
        """Put the new trace in place, keeping the step by its name and the window where it still means the same."""
        steps = self._walk(trace)
        names = [step.name for step in steps]
        here = self.steps[self.step].name if self.steps else names[0]
        looked_at = (self.sequences[self.index], trace.width, trace.padding, trace.both_strands)
        is_elsewhere, self._looked_at = looked_at != self._looked_at, looked_at
        name = self.sequences.names[self.index]
        self.kernel, self.sequence_name = kernel, edited_name(name) if self.is_edited else name
        with self.hold_trait_notifications():
            self.steps = steps
            self.trace = trace
            self.step = names.index(here) if here in names else min(self.step, len(names) - 1)
            self.window = best_window(trace) if is_elsewhere else self.window


_TRACE_OPTIONS = (
    "bias",
    "m",
    "mode",
    "local_window",
    "activation",
    "padding",
    "both_strands",
    "occurrence",
    "site_rate",
)


def best_window(trace: EStepTrace) -> int:
    """The first window with the largest posterior."""
    return int(np.argmax(trace.posterior))


def edited_name(name: str) -> str:
    """What is called what it was, once a hand has changed it."""
    return name if name.endswith("(edited)") else f"{name} (edited)"


def _decoded(name: str, content: bytes) -> str:
    require_size(name, content, LONGEST_TEXT)
    try:
        return open_text(content, name, limits=Limits(bytes=LONGEST_TEXT)).read_all().decode("utf-8-sig")
    except UnicodeDecodeError:
        accepted = "a text: MEME, JASPAR, or rows of numbers"
        raise ArgumentError(f"the file {name}", "not a text in UTF-8", accepted) from None


@lru_cache(maxsize=8)
def _example(name: str) -> SequenceSet:
    return load_example(name)
