"""The state of the logos: the model, its settings, and the readings of its kernels. No widget."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from traitlets import Any as AnyTrait
from traitlets import Enum, Float, Int, List, TraitError, Unicode, observe, validate

from epool_viz.analysis import kernel_readings as r
from epool_viz.analysis.known_motifs import (
    Likeness,
    Match,
    best_match,
    likeness,
    nearest_reading,
)
from epool_viz.analysis.network_readings import shipped_matches
from epool_viz.core.heuristics import RULES, Alignment
from epool_viz.core.types import Array
from epool_viz.data.examples import MODEL_NAMES, example_kernels, load_example_model
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.errors import ArgumentError, EpoolError
from epool_viz.panels.shared.hand import Hand
from epool_viz.panels.shared.model import DashboardModel
from epool_viz.panels.shared.opened_model import OpenedModel, sequences_of_file
from epool_viz.panels.shared.state import friendly, require_size
from epool_viz.panels.shared.visitor_data import CHOICE, LIMITS, NotYetHere, kernels_of, sequences_of
from epool_viz.panels.shared.visitor_data import SEQUENCES as YOUR_SEQUENCES

LARGEST_FILE = 8_000_000  # bytes; below what the page's connection takes in one message
# Hard caps, in one place: whatever a page sends, this is as far as it goes.
BOUNDS = {"m": (0.0, 20.0), "threshold": (0.0, 0.99)}
OLD_OWN = "own"  # what links of before called a model that does not ship
SEQUENCES = ("none", "ctcf", "p73", "two_motifs", "file", CHOICE)
_KEPT = 24  # details in memory
_LOOKED_UP = ("exact", "heuristic", "posterior")


class LogosModel(DashboardModel):
    """Choices in, readings out; what a page shows is computed at the first use and cached."""

    trained = Enum(MODEL_NAMES, "ctcf_expectation", help="A model that ships.")
    m = AnyTrait(None, help="Logarithm of the base; None is the one that the model opens with.")
    background = Enum(("uniform", "sequences"), "uniform")
    rule = Enum(tuple(RULES), "deepbind", help="Of the heuristic.")
    threshold = Float(0.0, help="Share of the largest activation that a window has to exceed.")
    place = Int(0, help="The kernel that is shown.")
    chosen = List(Int(), help="The kernels that are taken along; none means all.")
    reading = Enum(r.READINGS, "exact", help="What is taken along.")
    sequences = Enum(SEQUENCES, "none", help="For a model that does not ship.")
    taken = Int(0, help="How often a model that does not ship was opened or left.")
    opens = Enum(("", CHOICE), "", help="Whether the visitor's own kernels are on their way from the browser.")
    found = Int(0, help="How many look-ups have ended.")
    said = Unicode("", help="What happens just now.")

    # the model first: its change takes back what belongs to the old one
    CHOICES = ("trained", "m", "background", "rule", "threshold", "place", "chosen", "reading")

    def __init__(self, **state: Any) -> None:
        self._own: tuple[ImportedKernels, r.Samples | None] | None = None
        self._wanted: dict[str, Any] = {}  # what a link asks for of the visitor's model, before that is here
        self.named = ""  # what a link calls that model
        self.opened_model = OpenedModel(r.MOST_KERNELS)
        self.opened_model.observe(self._show_opened, names="kernels")
        self._sequences_file: tuple[str, bytes] | None = None
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        self._found: dict[Any, tuple[Match, ...]] = {}
        self.place = self.strongest()
        super().__init__(**state)

    # --- the state

    @validate("m")
    def _m_within(self, proposal: Any) -> float | None:
        if proposal.value is None:
            return None
        try:
            value = float(proposal.value)
        except (TypeError, ValueError):
            raise TraitError(f"m is {proposal.value!r}, not a number") from None
        if not np.isfinite(value):
            raise TraitError(f"m is {value}, not a finite number")
        low, high = BOUNDS["m"]
        return min(max(value, low), high)

    @validate("threshold")
    def _threshold_within(self, proposal: Any) -> float:
        low, high = BOUNDS["threshold"]
        return round(min(max(proposal.value, low), high) * r.STEPS) / r.STEPS

    @validate("place")
    def _place_within(self, proposal: Any) -> int:
        return min(max(proposal.value, 0), len(self.kernels) - 1)

    @validate("chosen")
    def _chosen_within(self, proposal: Any) -> list[int]:
        return sorted({place for place in proposal.value if 0 <= place < len(self.kernels)})

    @observe("trained")
    def _begin_anew(self, _: Any) -> None:
        self._own = None
        self._kept.clear()
        with self.hold_trait_notifications():
            self.m = None
            self.chosen = []
            self.place = self.strongest()

    @observe("rule")
    def _rules_own_threshold(self, change: Any) -> None:
        self.threshold = RULES[change.new]

    def in_hand(self) -> dict[str, Any]:
        """The kernel that is shown, and the logarithm of the base."""
        kernel = {"yours": self.place} if self.is_own else {"model": self.trained, "place": self.place}
        return {"kernel": kernel | {"label": f"kernel {self.place + 1} of {self.kernels.title}"}, "m": self.log_base}

    def take_in_hand(self, hand: Hand) -> None:
        """Take over a kernel of a network, and with it `m`."""
        state: dict[str, Any] = {} if hand.m is None else {"m": hand.m}
        match hand.kernel:
            case {"model": name, "place": place}:
                self.restore({"trained": name} | state | ({} if place is None else {"place": place}))
            case {"yours": place}:
                self.open_stored(state | {"place": place}, "")

    # --- the model and its sequences

    def take(self, kernels: ImportedKernels, samples: r.Samples | None) -> None:
        """Show the kernels of a model that does not ship."""
        if not 1 <= len(kernels) <= r.MOST_KERNELS:
            raise ArgumentError("kernels", f"{len(kernels)} kernels", f"1 to {r.MOST_KERNELS}")
        self._own = (kernels, samples)
        self._kept.clear()
        with self.hold_trait_notifications():
            self.m = None
            self.chosen = []
            self.place = self.strongest()
        self.taken += 1

    def open_model(self, name: str, raw: bytes) -> None:
        """Show the kernels of a file, with the sequences that were chosen for it.

        Raises
        ------
        FormatError, ArgumentError
            If it cannot be read; nothing is changed then.
        """
        self.opened_model.load_model(name, raw)
        if self.opened_model.error is not None:
            raise self.opened_model.error

    def open_sequences(self, name: str, raw: bytes) -> None:
        """Take the sequences of a file for the model that was opened.

        Raises
        ------
        FormatError, ArgumentError
            If it cannot be read; nothing is changed then.
        """
        if self._own is None:
            raise ArgumentError("sequences", "a file, while a model that ships is shown", "a model file first")
        self._sequences_file = (name, raw)
        try:
            samples = samples_of_file(name, raw, self._own[0])
        except EpoolError:
            self._sequences_file = None
            raise
        self.sequences = "file"
        self.take(self._own[0], samples)

    def leave(self, trained: str) -> None:
        """Go back from an opened model to one that ships."""
        self._own = None
        self.message, self.opens = "", ""
        if self.trained == trained:
            self._begin_anew(None)
            self.taken += 1
        self.trained = trained

    def open_stored(self, wanted: Mapping[str, Any], named: str = "") -> None:
        """Show the visitor's own kernels, now or once they are here, and then what else is asked for of them."""
        if self._own is not None and self._own[0] is self.visitor_data.model:
            self.restore(wanted)
            return
        self._wanted, self.named = dict(wanted), named
        self.opens = CHOICE

    def _show_opened(self, change: Any) -> None:
        """Show what was opened here, or the same file read another way: then at the kernel that was shown."""
        found = self.opened_model.kernels
        if found is None:
            return
        was, place = change.old, self.place
        is_shown = was is not None and self._own is not None and was is self._own[0]
        is_the_same = is_shown and (was.source, len(was)) == (found.source, len(found))
        self.opens = ""
        self.visitor_data = self.visitor_data.with_opened(found)
        self.message = ""
        self._wanted, self.named = {}, ""
        self.take(found, self._chosen_samples(found))
        if is_the_same:
            self.place = place

    @property
    def is_uploaded(self) -> bool:
        """Whether the file that was opened here is what is shown."""
        return self._own is not None and self._own[0] is self.opened_model.kernels

    @property
    def own_name(self) -> str:
        """The file of the visitor's model, while it is shown."""
        return "" if self._own is None else self._own[0].source

    @property
    def is_own(self) -> bool:
        """Whether the kernels are of a model that does not ship."""
        return self._own is not None

    @observe("opens", "visitor_data")
    def _open_stored(self, change: Any) -> None:
        """Show the kernels that the browser keeps, once they are here; sequences that come later join them."""
        if self.opens == CHOICE:
            self.message = ""
            if self.visitor_data.keeps(YOUR_SEQUENCES):
                self.sequences = CHOICE
            try:
                found = r.require_few(kernels_of(self.visitor_data, None))
                samples = self._chosen_samples(found)
            except NotYetHere:
                return
            except EpoolError as error:
                asked = f" This link was made with {self.named}: open that file here." if self.named else ""
                self.message, self.opens = friendly(error) + asked, ""
                return
            self.take(found, samples)
            self.opens = ""
            wanted, self._wanted = self._wanted, {}
            self.restore(wanted)
            if self.named not in ("", found.source):
                self.message = f"This link was made with {self.named}; your browser keeps {found.source}, shown here."
        elif change.name == "visitor_data" and self.sequences == CHOICE and self._own is not None:
            self._take_other_samples(None)

    @observe("sequences")
    def _take_other_samples(self, _: Any) -> None:
        if self._own is not None:
            kernels = self._own[0]
            samples = self._chosen_samples(kernels)
            if samples is not self._own[1]:
                self.take(kernels, samples)

    def _chosen_samples(self, kernels: ImportedKernels) -> r.Samples | None:
        if self.sequences == "none" or (kernels.alphabet.name != "DNA" and self.sequences not in ("file", CHOICE)):
            return None
        if self.sequences == CHOICE:
            return self._own_samples(kernels)
        if self.sequences != "file":
            return r.example_samples(self.sequences)
        if self._sequences_file is None:
            return None
        if self._own is not None and self._own[1] is not None and self._own[0] is kernels:
            return self._own[1]
        return samples_of_file(*self._sequences_file, kernels)

    def _own_samples(self, kernels: ImportedKernels) -> r.Samples | None:
        """The visitor's own sequences; None while they are on their way, or where they cannot be used."""
        try:
            found = sequences_of(self.visitor_data, kernels.alphabet)
            samples = r.samples_of_set(found, found.source)
        except NotYetHere:
            return None
        except EpoolError as error:
            self.message = friendly(error)
            return None
        self.message = ""
        return samples

    @property
    def kernels(self) -> ImportedKernels:
        """The kernels shown."""
        return self._own[0] if self._own else example_kernels(self.trained)

    @property
    def samples(self) -> r.Samples | None:
        """What the heuristics count and what all readings are judged by; None where there are no sequences."""
        return self._own[1] if self._own else r.example_samples(load_example_model(self.trained).info.data)

    def strongest(self) -> int:
        """The kernel with the largest output weight, or that tells most where there are no weights."""
        weights = self.kernels.output_weights
        return int(np.argmax(r.bits_of(self.exact(), self.letters) if weights is None else weights))

    @property
    def opening_m(self) -> float:
        """The `m` that the model is first read with; see `kernel_readings.opening_m`."""
        return r.opening_m(self.kernels, None if self.kernels.m is not None else self.likeliest_m)

    @property
    def likeliest_m(self) -> float | None:
        """The logarithm of the maximum-likelihood base; None where there is none."""
        return self._once(("likeliest",), self._likeliest)

    def _likeliest(self) -> float | None:
        found = None if self.samples is None else r.likeliest_m_or_none(self.kernels, self.samples)
        return None if found is None else min(found, BOUNDS["m"][1])

    @property
    def log_base(self) -> float:
        """The `m` that the kernels are read with."""
        return self.opening_m if self.m is None else float(self.m)

    @property
    def letters(self) -> Array:
        """The background, shape (letter,)."""
        n = len(self.kernels.alphabet)
        if self.background == "uniform" or self.samples is None:
            return np.full(n, 1 / n)
        return np.asarray(self._once(("letters",), self.samples.making.letter_frequencies))

    # --- what is found out

    @property
    def use(self) -> Array | None:
        """How often each kernel decides; see `decision_shares`."""
        samples = self.samples
        return None if samples is None else self._once(("use",), lambda: r.decision_shares(self.kernels, samples))

    def exact(self) -> Array:
        """What all kernels mean by themselves; shape (kernel, letter, width)."""
        return r.exact_ppms(self.kernels, self.log_base, self.letters)

    def thresholds(self) -> r.Thresholds | None:
        """The heuristic of the shown kernel at every threshold."""
        samples = self.samples
        if samples is None:
            return None
        key = ("thresholds", self.place, self.rule)
        return self._once(key, lambda: r.all_thresholds(self.kernels, self.place, samples, self.rule))

    def motif(self, reading: str, place: int) -> tuple[Array, float] | None:
        """A reading of a kernel as it is set now, and its number of sites; None where there is none."""
        if reading != "heuristic":
            return self._once(self._key(reading, place), lambda: self._motif(reading, place))
        if self.samples is None:
            return None
        found = self._heuristic(self.samples, place)
        return (found.ppm(), float(len(found.places))) if len(found.places) else None

    def _heuristic(self, samples: r.Samples, place: int) -> Alignment:
        key = ("aligned", place, self.rule, self.threshold)
        return self._once(key, lambda: r.heuristic(self.kernels, place, samples, self.rule, self.threshold))

    def _motif(self, reading: str, place: int) -> tuple[Array, float] | None:
        return r.motif_of(reading, self.kernels, place, self.samples, self.log_base, self.letters)

    def detail(self, place: int | None = None) -> r.KernelReading | None:
        """A kernel, or the one that is shown, read three ways; None without sequences."""
        samples, at = self.samples, self.place if place is None else place
        if samples is None:
            return None
        key = ("detail", at, self.log_base, self.background, self.rule, self.threshold)
        return self._once(key, lambda: self._detail(samples, at))

    def _detail(self, samples: r.Samples, place: int) -> r.KernelReading:
        found = {reading: self.motif(reading, place) for reading in ("exact", "posterior")}
        return r.read_kernel(
            self.kernels,
            place,
            samples,
            self.log_base,
            background=self.letters,
            alignment=self._heuristic(samples, place),
            motifs={reading: motif for reading, motif in found.items() if motif is not None},
        )

    def heat(self) -> tuple[Array, list[str], list[tuple[int, int, int]]] | None:
        """The posterior of the shown kernel in each held-out sequence, their names, and the known sites in them.

        Returns
        -------
        (array of shape (sequence, start) with NaN where no window is, names, (row, start, stop) of each site)
        """
        samples = self.samples
        if samples is None:
            return None
        windows, weights = r.posterior(self.kernels, self.place, samples, self.log_base, "judging")
        rows = np.full((len(samples.judging), int(samples.judging.lengths.max()) - self.kernels.width + 1), np.nan)
        rows[windows.sequence, windows.start] = weights
        sites = samples.judging.sites or ()
        marks = [(row, site.start, site.stop) for row, known in enumerate(sites) for site in known]
        return rows, list(samples.judging.names), marks

    # --- known motifs

    def matches(self, reading: str, place: int) -> tuple[Match, ...] | None:
        """The known motifs that a reading resembles; None where that was not looked up for it as it is set now."""
        key = self._key(reading, place)
        if key in self._found:
            return self._found[key]
        if self._own:
            return None
        how: dict[str, Any] = {"background": self.letters, "rule": self.rule, "threshold": self.threshold}
        return shipped_matches(self.kernels, self.samples, place, reading, self.log_base, **how)

    def _matches_of(self, place: int) -> dict[str, tuple[Match, ...] | None]:
        return {reading: self.matches(reading, place) for reading in r.READINGS}

    def best_match(self, place: int) -> tuple[str, Match] | None:
        """The most significant match of a kernel and whose it is, of the readings that were looked up."""
        return best_match(self._matches_of(place))

    def likeness(self) -> Likeness | None:
        """How near the readings of the shown kernel come to the motif that one of them resembles most."""
        matches = self._matches_of(self.place)
        if best_match(matches) is None:
            return None
        found = {reading: self.motif(reading, self.place) for reading in r.READINGS}
        return likeness(matches, {reading: motif[0] for reading, motif in found.items() if motif is not None})

    def asked(self) -> dict[Any, Array]:
        """What is to be looked up for the shown kernel: matrices by the key that `learn` takes."""
        found = {reading: self.motif(reading, self.place) for reading in _LOOKED_UP}
        return {self._key(reading, self.place): motif[0] for reading, motif in found.items() if motif is not None}

    def learn(self, matches: Mapping[Any, tuple[Match, ...]]) -> None:
        """Take over what was looked up."""
        self._found |= matches
        self.found += 1

    def tally(self) -> dict[str, int]:
        """For how many kernels each reading is the one that resembles a known motif most, by TOMTOM's p-value."""
        wins = dict.fromkeys(r.READINGS, 0)
        for place in range(len(self.kernels)):
            nearest = nearest_reading(self._matches_of(place))
            if nearest is not None:
                wins[nearest] += 1
        return wins

    def _key(self, reading: str, place: int) -> tuple[Any, ...]:
        whose = (self.kernels.title, self.taken) if self._own else self.trained
        if reading == "heuristic":
            return (whose, place, reading, self.rule, self.threshold)
        if reading == "exact":
            return (whose, place, reading, self.log_base, self.background)
        return (whose, place, reading, self.log_base)

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._kept:
            self._kept[key] = make()
            while len(self._kept) > _KEPT * len(r.READINGS):
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def samples_of_file(name: str, raw: bytes, kernels: ImportedKernels) -> r.Samples:
    """Sequences of an uploaded file, a fifth of them set aside to judge by.

    Raises
    ------
    FormatError, ArgumentError
    """
    require_size(name, raw, LARGEST_FILE)
    return r.samples_of_set(sequences_of_file(name, raw, LIMITS, kernels.alphabet.name), name)
