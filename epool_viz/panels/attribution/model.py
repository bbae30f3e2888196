"""The state of the attribution panel: a network, a sequence, and what each letter has to do with its answer.

No widget, and no torch: every track follows in closed form. A choice that cannot be used is kept and explained in
`message`; `reading` stays the last good one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import numpy as np
from traitlets import Any as AnyTrait
from traitlets import Bool, Dict, Enum, Int, TraitError, Unicode, observe, validate

from epool_viz.analysis.attribution_truth import (
    example_network,
    largest_difference,
    load_attribution_results,
    load_captum_tracks,
    rank_methods,
    site_sequences,
    track_precision,
    unexplained,
    uploaded_network,
)
from epool_viz.core.alphabet import one_hot
from epool_viz.core.attribution import (
    EXACT,
    HEURISTICS,
    METHODS,
    NAIVE,
    LetterScores,
    MotifNetwork,
    attribute_letters,
)
from epool_viz.core.per_letter import smooth_letters
from epool_viz.core.types import Array
from epool_viz.data.examples import MODEL_NAMES, list_examples, list_models, load_example
from epool_viz.data.kernel_sources import LARGEST_ENTRY
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import shuffle_known_letters
from epool_viz.errors import ArgumentError, EpoolError
from epool_viz.panels.shared.hand import Hand, fasta
from epool_viz.panels.shared.model import DashboardModel, Value
from epool_viz.panels.shared.opened_model import OpenedModel, said_of, sequences_of_text, text_of_file
from epool_viz.panels.shared.state import friendly, letters
from epool_viz.panels.shared.visitor_data import CHOICE, OF_A_FIELD, NotYetHere, kernels_of, sequences_of

NETWORKS = (*MODEL_NAMES, CHOICE)
SOURCES = ("simulated", "example", "pasted", CHOICE)
BASELINES = ("uniform", "zeros", "shuffles")
EXAMPLES = tuple(info.name for info in list_examples())
# Hard caps, in one place: whatever a page sends, this is as far as it goes.
MOST_LETTERS = 3_000
MOST_EDITS = 200
LONGEST_TEXT = 1_000_000
MOST_NUMBERS = 200_000  # kernels times letters: a second
BOUNDS = {"index": (0, 10**6), "kernel": (0, 10**4)}
SHUFFLES = 10
WITHOUT_NETWORK = (*EXACT, *NAIVE)  # the methods for kernels alone
STAGES = ("idle", "asking", "done", "failed")
_OWN = {"ctcf": ("example", "ctcf_peaks"), "p73": ("example", "p73_peaks"), "two_motifs": ("simulated", None)}


@dataclass(frozen=True, eq=False)
class Reading:
    """What each letter of one sequence has to do with a network's answer.

    Attributes
    ----------
    network : MotifNetwork
    title : str
        Of the network.
    is_whole : bool
        Whether it is a network, and not one kernel of an upload.
    sequence, name : str
    sites : tuple of (first letter, one past the last, name)
        Known ones; empty where none is known.
    knows_sites : bool
        Whether the places of its sites are known.
    letters : LetterScores
        Of a batch of this one sequence.
    changed : tuple of (letter, what it was)
        Which letters the user has changed.
    """

    network: MotifNetwork
    title: str
    is_whole: bool
    sequence: str
    name: str
    sites: tuple[tuple[int, int, str], ...]
    knows_sites: bool
    letters: LetterScores
    changed: tuple[tuple[int, str], ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        """Those that were computed, in the order of `METHODS`."""
        return tuple(self.letters.scores)

    @property
    def constant(self) -> float:
        """The output of the network for a sequence whose windows are as likely under motif as under background."""
        return self.network.constant

    @property
    def output(self) -> float:
        """The network's log odds."""
        return float(self.letters.output[0])

    @property
    def reference(self) -> float:
        """Those of the baseline."""
        return float(self.letters.reference[0])

    @property
    def probability(self) -> float:
        """The network's probability that the sequence is bound."""
        return float(self.letters.probability[0])

    def scores(self, method: str, width: int = 1) -> Array:
        """A track; shape (length,). With a width averaged over so many letters."""
        track = self.letters.scores[method][0]
        return track if width == 1 else smooth_letters(track, width)

    def precision(self, method: str, width: int = 1) -> float | None:
        """The area under the precision-recall curve for the letters of the sites; None where none is known."""
        if not self.sites:
            return None
        return track_precision(self.scores(method, width), [(first, stop) for first, stop, _ in self.sites])

    def missing(self, method: str) -> float:
        """What the letters' sum lacks of `output - reference`, or for the log odds of `output - constant`."""
        return float(unexplained(self.network, self.letters, method)[0])


class AttributionModel(DashboardModel):
    """Choices in, tracks out."""

    network = Enum(NETWORKS, "two_motifs_expectation", help="A model that ships, with its data; or the visitor's own.")
    kernel = Int(0, help="Place among the visitor's own kernels, from 0, where these are no whole network.")
    source = Enum(SOURCES, "simulated", help="Sequences with planted sites, a bundled set, or the user's own text.")
    example = Enum(EXAMPLES, "ctcf_peaks")
    pasted = Unicode("", help="FASTA, bare letters, or any text format the library reads.")
    index = Int(0, help="Place in the set, from 0.")
    baseline = Enum(BASELINES, "uniform", help="What DeepLIFT and integrated gradients compare with.")
    edits = Value([], help="Letters put in place of others, [place from 0, letter] each, in order.")
    smooth = Bool(False, help="Average each track over the kernel's width.")

    sequences = AnyTrait(help="The SequenceSet that is chosen from.")
    reading = AnyTrait(help="The Reading that follows.")
    captum = Dict(help="How far captum's track lies from the one shown, by method; empty where it was not asked.")
    stage = Enum(STAGES, "idle", help="Of the question to captum.")
    said = Unicode("", help="What became of it.")

    CHOICES = ("network", "kernel", "source", "example", "pasted", "index", "edits", "baseline", "smooth")
    BOUNDED = BOUNDS
    LONGEST: ClassVar[Mapping[str, int]] = {"pasted": LONGEST_TEXT}

    def __init__(self, **state: Any) -> None:
        self._own: tuple[Any, int, MotifNetwork] | None = None
        self.opened_model = OpenedModel()
        self.opened_model.observe(self._show_opened, names="kernels")
        super().__init__(**state)

    def linked(self) -> dict[str, Any]:
        """The choices that differ from the first ones; a link without the text does not ask for it."""
        found = super().linked()
        if self.source == "pasted" and len(self.pasted) > self.LONGEST_LINKED:
            found.pop("source", None)
        return found

    def in_hand(self) -> dict[str, Any]:
        """The sequence and the network that are shown."""
        reading = self.reading
        sequence: dict[str, Any] = {"fasta": fasta(reading.name, reading.sequence)}
        if self.source == CHOICE and not self.edits:
            sequence = {"yours": self.index}
        elif self.source == "example" and not self.edits:
            sequence = {"set": self.example, "index": self.index}
        kernel = {"yours": self.kernel} if self.network == CHOICE else {"model": self.network, "place": None}
        return {"sequence": sequence | {"label": reading.name}, "kernel": kernel | {"label": reading.title}}

    def take_in_hand(self, hand: Hand) -> None:
        """Take over the sequence, and the network."""
        state: dict[str, Any] = {}
        match hand.sequence:
            case {"edited": text}:
                state |= {"source": "pasted", "pasted": text, "index": 0}
            case {"set": name, "index": index}:
                state |= {"source": "example", "example": name, "index": index}
            case {"fasta": text}:
                state |= {"source": "pasted", "pasted": text, "index": 0}
            case {"yours": index}:
                state |= {"source": CHOICE, "index": index}
        match hand.kernel:
            case {"model": name}:
                state |= {"network": name}
            case {"yours": place}:
                state |= {"network": CHOICE, "kernel": place}
        self.restore(state)

    def load_file(self, name: str, content: bytes) -> None:
        """Use an uploaded file of sequences; one that cannot be read is explained and changes nothing."""
        with self._explaining():
            text = text_of_file(name, content, OF_A_FIELD, LONGEST_TEXT)
            self.restore({"pasted": text, "index": 0, "source": "pasted"})

    def load_model(self, name: str, content: bytes) -> None:
        """Use an uploaded network; one that cannot be read is explained and changes nothing."""
        self.opened_model.load_model(name, content)
        problem = self.opened_model.model_problem
        if problem is not None:
            self.message = said_of(name, problem)

    @property
    def own(self) -> ImportedKernels | None:
        """The uploaded network, while it is chosen and here."""
        return self.visitor_data.model if self.network == CHOICE else None

    @property
    def arrays(self) -> MotifNetwork:
        """The network that is read, as arrays."""
        return self.reading.network

    @property
    def width(self) -> int:
        """Over how many letters the tracks shown are averaged."""
        return self.arrays.width if self.smooth else 1

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """How well each method finds planted sites with a network of this pooling, by method."""
        rows = load_attribution_results()["rows"]
        return {row["method"]: row for row in rows if row["pooling"] == self.arrays.pooling}

    @validate("edits")
    def _letters(self, proposal: Any) -> list[list[Any]]:
        """The last letter for each place, in the order in which they were changed."""
        accepted = f"at most {MOST_EDITS} pairs of a place, from 0, and a letter A C G T N"
        found: dict[int, str] = {}
        try:
            for place, letter in proposal.value:
                if type(place) is not int or place < 0 or not isinstance(letter, str) or letter not in set("ACGTN"):
                    raise ValueError
                found.pop(place, None)
                found[place] = letter
        except (TypeError, ValueError):
            raise TraitError(f"edits is {proposal.value!r}; accepted: {accepted}") from None
        if len(found) > MOST_EDITS:
            raise TraitError(f"edits holds {len(found)} letters; accepted: {accepted}")
        return [[place, letter] for place, letter in found.items()]

    def _show_opened(self, _: Any) -> None:
        """Show what was opened on this page, or the same file read another way."""
        kernels = self.opened_model.kernels
        if kernels is not None:
            self._paused = True
            self.visitor_data = self.visitor_data.with_opened(kernels)
            self._paused = False
            self._take_over({"network": CHOICE} | ({} if self.network == CHOICE else {"kernel": 0}))

    @observe("network")
    def _another_network(self, change: Any) -> None:
        if not self._paused:
            self._take_over(self._uploaded_settings(change.old))

    @observe("source", "example", "pasted")
    def _another_set(self, _: Any) -> None:
        if not self._paused:
            self._take_over({"index": 0, "edits": []})

    @observe("index")
    def _another_sequence(self, _: Any) -> None:
        if not self._paused:
            self._take_over({"edits": []})

    @observe("visitor_data")
    def _follow_visitor_data(self, _: Any) -> None:
        if not self._paused and CHOICE in (self.source, self.network):
            self._refresh()

    @observe("edits", "baseline", "kernel")
    def _another_choice(self, _: Any) -> None:
        if not self._paused:
            self._refresh()

    def _uploaded_settings(self, was: str) -> dict[str, Any]:
        """What comes with the network: its own data, unless they are there already or the sequence is the user's."""
        data = {info.name: info.data for info in list_models()}
        if self.network == CHOICE or self.source in ("pasted", CHOICE) or data[self.network] == data.get(was):
            return {}
        source, example = _OWN[data[self.network]]
        return {"source": source, "index": 0, "edits": []} | ({"example": example} if example else {})

    def _follow(self, before: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """The data of another network, where the state names none."""
        if "source" not in state:
            uploaded = self._uploaded_settings(before["network"])
            self._set({name: value for name, value in uploaded.items() if name not in state})
        self._refresh()

    def _refresh(self) -> None:
        """Follow the choices as far as they can be used."""
        try:
            sequences = self._chosen_set()
            if self.index >= len(sequences):
                self.index = len(sequences) - 1  # comes back here
                return
            network, title, is_whole = self._chosen_network()
            one = _one(sequences, self.index, self._edits(), network.width)
            _require_modest(network, one[0])
            reading = _read(network, title, is_whole, self.baseline, *one)
        except NotYetHere:
            return  # what is on the screen stays until the page has answered
        except EpoolError as error:
            self.message = friendly(error)
            return
        self.sequences = sequences
        self._look_up(reading)
        self.reading = reading
        self.message = ""

    def _look_up(self, reading: Reading) -> None:
        """Captum's tracks of the first sequences ship: the difference is known at once."""
        tracks = load_captum_tracks().get(self.network)
        is_shipped = self.source == "simulated" and self.baseline == "uniform" and tracks is not None
        is_shipped = is_shipped and not reading.changed
        if is_shipped and self.index < tracks.shape[1]:  # type: ignore[union-attr]
            known = dict(zip(HEURISTICS, tracks[:, self.index], strict=True))  # type: ignore[index]
            self.take_captum(reading, known)
            return
        self.captum, self.stage, self.said = {}, "idle", ""

    def _edits(self) -> tuple[tuple[int, str], ...]:
        return tuple((place, letter) for place, letter in self.edits)

    @property
    def unchanged(self) -> Reading:
        """The reading of the sequence as it was before any letter was changed."""
        if not self.reading.changed:
            return self.reading
        now = self.reading
        one = _one(self.sequences, self.index, (), now.network.width)
        return _read(now.network, now.title, now.is_whole, self.baseline, *one)

    def take_captum(self, reading: Reading, tracks: Mapping[str, Any]) -> None:
        """Take over captum's tracks of a reading: how far they lie from those shown, of the largest letter."""
        found = {method: largest_difference(track, reading.scores(method)) for method, track in tracks.items()}
        self.captum, self.stage, self.said = found, "done", ""

    def _chosen_network(self) -> tuple[MotifNetwork, str, bool]:
        """The network, what it is called, and whether it is whole."""
        if self.network != CHOICE:
            return example_network(self.network), _TITLES[self.network], True
        found = kernels_of(self.visitor_data)
        place = 0 if found.whole else min(self.kernel, len(found) - 1)
        if self._own is None or self._own[:2] != (found, place):
            largest = max(float(np.abs(each).max()) for each in (found.kernels, found.bias))
            if not largest <= LARGEST_ENTRY:
                raise ArgumentError("network", f"one with a number of size {largest:g}", f"at most {LARGEST_ENTRY:g}")
            self._own = (found, place, uploaded_network(found, place))
        title = found.source if found.whole else f"{found.names[place]} of {found.source}"
        return self._own[2], title, found.whole is not None

    def _chosen_set(self) -> SequenceSet:
        if self.source == "simulated":
            return site_sequences()
        if self.source == "example":
            return load_example(self.example)
        if self.source == CHOICE:
            return sequences_of(self.visitor_data)
        if not self.pasted.strip():
            raise ArgumentError("sequence", "empty", "letters A C G T and N, or FASTA")
        return sequences_of_text(self.pasted, "the pasted text", OF_A_FIELD)


def references(onehot: Array, baseline: str) -> Any:
    """The baseline of a name as `attribute_letters` takes it."""
    return shuffle_known_letters(onehot, SHUFFLES, seed=0) if baseline == "shuffles" else baseline


def verdict(model: AttributionModel) -> str:
    """Which reading finds the sites best, as far as the numbers show; a sentence or two."""
    results = model.results
    name = "smoothed" if model.smooth else "auprc"
    ranked, equal = rank_methods(model.arrays.pooling, name)
    best, (mean, low, high) = ranked[0], results[ranked[0]][name]
    told = f"{TITLES[best]} ranks the letters of the sites best: {mean:.3f} (95 % interval {low:.3f} to {high:.3f})."
    if equal:
        others = [TITLES[m] for m in equal]
        listed = f"{', '.join(others[:-1])} and {others[-1]}" if others[1:] else others[0]
        verb = "reach" if others[1:] else "reaches"
        told += f" {listed} {verb} into that interval: these sequences do not tell them apart."
    return told


class Peak(NamedTuple):
    """The letter that a reading ranks first.

    Attributes
    ----------
    letter : int
        From 0; the first one of several alike.
    away : int or None
        Letters to the nearest known site, 0 within one; None where no site is known.
    """

    letter: int
    away: int | None


def peak_of(reading: Reading, method: str, width: int) -> Peak:
    """Where a reading is highest, and how far that is from a known site."""
    letter = int(np.argmax(reading.scores(method, width)))
    away = [max(first - letter, letter - stop + 1, 0) for first, stop, *_ in reading.sites]
    return Peak(letter, min(away, default=None))


def claim(model: AttributionModel) -> str:
    """Whose peak lies in the true site; "" where no site is known."""
    reading = model.reading
    if not reading.sites:
        return ""
    peaks = {method: peak_of(reading, method, model.width) for method in reading.methods}
    missed = [f"{TITLES[method]} by {peak.away}" for method, peak in peaks.items() if peak.away]
    n = len(peaks)
    if not missed:
        return f"All {n} readings peak in the true site."
    told = f"{n - len(missed)} of {n} readings {'peaks' if n - len(missed) == 1 else 'peak'} in the true site"
    return f"{told}; missed, in letters: {', '.join(missed)}."


TITLES = {
    "posterior": "Posterior coverage",
    "log_odds": "Letter log odds",
    "best_window": "Best window",
    "deeplift": "DeepLIFT",
    "integrated_gradients": "Integrated gradients",
    "gradient_x_input": "Gradient × input",
    "saliency": "Saliency",
}


_TITLES = {info.name: info.title for info in list_models()}
_Known = tuple[tuple[int, int, str], ...]
_Changed = tuple[tuple[int, str], ...]


def _one(
    sequences: SequenceSet, index: int, edits: tuple[tuple[int, str], ...], width: int
) -> tuple[str, str, _Known, bool, _Changed]:
    """A sequence with its letters changed, its name and sites; or an error with the reason."""
    was = sequences[index]
    if len(was) > MOST_LETTERS:
        raise ArgumentError("sequence", f"{len(was):,} letters long", f"at most {MOST_LETTERS:,} letters")
    kept = {place: letter for place, letter in edits if place < len(was) and letter != was[place]}
    sequence = "".join(kept.get(place, letter) for place, letter in enumerate(was))
    if max(map(len, sequence.split("N"))) < width:
        raise ArgumentError(
            "sequence",
            f"{letters(len(sequence))} long, without {width} known ones in a row",
            f"{width} known letters in a row, as many as a kernel has columns",
        )
    sites = () if sequences.sites is None else sequences.sites[index]
    told = tuple((site.start, site.stop, getattr(site, "motif", "site")) for site in sites)
    changed = tuple((place, was[place]) for place in kept)
    return sequence, sequences.names[index], told, sequences.sites is not None, changed


def _require_modest(network: MotifNetwork, sequence: str) -> None:
    n_kernels, length = len(network.kernels), len(sequence)
    if n_kernels * length > MOST_NUMBERS:
        most = MOST_NUMBERS // n_kernels
        raise ArgumentError("sequence", f"{length:,} letters long", f"at most {most:,} with {n_kernels:,} kernels")


@lru_cache(maxsize=64)
def _read(
    network: MotifNetwork,
    title: str,
    is_whole: bool,
    baseline: str,
    sequence: str,
    name: str,
    sites: _Known,
    knows_sites: bool,
    changed: _Changed,
) -> Reading:
    onehot = one_hot([sequence])
    methods = METHODS if is_whole else WITHOUT_NETWORK
    letters = attribute_letters(network, onehot, methods=methods, baseline=references(onehot, baseline))
    return Reading(network, title, is_whole, sequence, name, sites, knows_sites, letters, changed)
