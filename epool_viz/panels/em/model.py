"""The state of the EM panel: the user's choices, and the walk that follows from them. No widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from traitlets import Any as AnyTrait
from traitlets import Bool, Enum, Float, Int, Tuple, Unicode, observe, validate

from epool_viz.analysis.em_walks import (
    MOST_FOUND,
    SEARCHED,
    WINDOW,
    FoundMotif,
    Recipe,
    ToFind,
    Walk,
    begin_walk,
    motif_of,
    recipes_of,
    require_window,
    trail_from,
    walk_to,
)
from epool_viz.core.choices import OCCURRENCES
from epool_viz.core.em_path import Trail, fixed_point_bits, n_at_known_sites
from epool_viz.core.types import Array
from epool_viz.core.windows import Windows, codes_of
from epool_viz.data.examples import MODEL_NAMES, load_example
from epool_viz.data.kernel_sources import kernel_rank, trained_kernels
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import simulate
from epool_viz.errors import ArgumentError, EpoolError
from epool_viz.panels.shared.hand import EXAMPLES, Hand
from epool_viz.panels.shared.model import DashboardModel
from epool_viz.panels.shared.opened_model import sequences_of_text, text_of_file
from epool_viz.panels.shared.state import friendly
from epool_viz.panels.shared.visitor_data import (
    CHOICE,
    OF_A_FIELD,
    NotYetHere,
    kernel_names,
    kernels_of,
    sequences_of,
)

DATA = ("crp0", "crp_sites", "simulated", "ctcf_peaks", "p73_peaks", "pasted", CHOICE)
STARTS = (*SEARCHED, "jaspar", "trained", CHOICE)
STAGES = ("idle", "working", "stopping")
PEAKS = 200  # of a bundled set of peaks, the first ones
# Hard caps, in one place: whatever a page sends, this is as far as it goes.
MOST_SEQUENCES = 2000
MOST_LETTERS = 400_000
MOST_CELLS = 1_000_000  # of the heat map: sequences times letters of the longest
LONGEST_TEXT = 1_000_000
BOUNDS: dict[str, tuple[float, float]] = {
    "n": (2, 1000),
    "length": (10, 400),
    "site_share": (0.1, 1.0),
    "data_seed": (0, 9999),
    "seed": (0, 9999),
    "width": (3, 40),
    "pseudocount": (0.0, 10.0),
    "n_starts": (1, 100),
    "rank": (0, 10_000),
    "which": (0, 10_000),
}


class EMModel(DashboardModel):
    """Choices in, a walk out.

    The recipes of `found` and `begun` are part of the state.
    """

    data = Enum(DATA, "crp0")
    motif = Unicode("STAT3", help="Planted in simulated sequences: a name or accession of JASPAR.")
    n = Int(60, help="Simulated sequences.")
    length = Int(100, help="Letters of each.")
    site_share = Float(1.0, help="Of the simulated sequences that have a site.")
    data_seed = Int(0)
    pasted = Unicode("", help="FASTA, bare letters, or any text format the library reads.")
    occurrence = Enum(OCCURRENCES, "oops")
    both_strands = Bool(False)
    pseudocount = Float(0.1, help="Imaginary sites a column.")
    start = Enum(STARTS, "random")
    width = Int(22, help="Of the motif, where the start does not bring its own.")
    seed = Int(29, help="Of the random window; from this one EM finds 17 of the 18 known sites of CRP0.")
    jaspar = Unicode("CTCF", help="Name or accession.")
    trained = Enum(MODEL_NAMES, MODEL_NAMES[0])
    rank = Int(0, help="Place among its kernels by the size of the output weight, from 0.")
    which = Int(0, help="Place among the visitor's own kernels, from 0.")
    n_starts = Int(10, help="Of a search for the best.")

    at = Int(0, help="Place on the walk.")
    row = Int(0, help="Sequence in hand, from 0.")
    place = Int(0, help="Position in hand, from 0.")
    column = Int(0, help="Column of the motif in hand, from 0.")

    windows: Windows
    background: Array
    stage = Enum(STAGES, "idle")
    progress = Float(0.0, help="Of what runs, where that can be known.")
    said = Unicode("", help="What happens just now, or has just happened.")
    sequences = AnyTrait(help="The SequenceSet.")
    beginning = AnyTrait(help="The Start in use.")
    trail = AnyTrait(None, help="The Trail, or None while its start is looked for.")
    found = Tuple(help="The Motifs whose sites are erased, in the order found.")
    version = Int(0, help="Of what a walk depends on; another one ends what runs.")

    CHOICES = (
        "data",
        "motif",
        "n",
        "length",
        "site_share",
        "data_seed",
        "pasted",
        "occurrence",
        "both_strands",
        "pseudocount",
        "start",
        "width",
        "seed",
        "jaspar",
        "trained",
        "rank",
        "which",
        "n_starts",
    )
    LOOKING = ("at", "row", "place", "column")
    BOUNDED = BOUNDS
    LONGEST: ClassVar[Mapping[str, int]] = {"pasted": LONGEST_TEXT}
    OF_DATA = ("data", "motif", "n", "length", "site_share", "data_seed", "pasted")

    def __init__(self, **state: Any) -> None:
        self._wanted = 0  # the place to walk to once there is a start
        self._is_waiting = False  # for what the visitor keeps in the browser
        self._later: tuple[list[Recipe], str] = ([], "")  # what is found again, and begun with, once it is here
        self.finds_beside = False  # whether a background job finds `to_find` again, and calls `take_found`
        self.to_find: list[ToFind] = []
        self._erased: list[Array] | None = None
        self._bits: Array | None = None
        super().__init__(**state)

    def state(self) -> dict[str, Any]:
        """All that the user chose and found, as plain values; JSON can hold it."""
        return super().state() | {"found": [recipe._asdict() for recipe in self.recipes], "begun": self.begun}

    @property
    def recipes(self) -> list[Recipe]:
        """Of the motifs that are found, and of those that are still to be found again."""
        return [*(motif.recipe for motif in self.found), *(recipe for recipe, *_ in self.to_find)]

    def _require(self, state: Mapping[str, Any]) -> None:
        recipes_of(state.get("found", ()))
        if state.get("begun") not in (None, ""):
            require_window(state["begun"])

    def _follow(self, before: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        changed = {name for name, value in before.items() if getattr(self, name) != value}
        recipes = recipes_of(state["found"]) if "found" in state else None
        begun = state.get("begun")
        is_found_otherwise = recipes is not None and recipes != self.recipes
        if changed or is_found_otherwise or (begun is not None and begun != self.begun):
            self._again(changed, recipes, begun or "", int(state.get("at", 0)))

    def _look(self, places: Mapping[str, Any]) -> None:
        if places.get("at", self.at) != self.at:
            self.go(int(places["at"]))
        super()._look({name: place for name, place in places.items() if name != "at"})

    def in_hand(self) -> dict[str, Any]:
        """The sequence that is shown, where it is one of a bundled set or of the visitor's own."""
        sequence: dict[str, Any]
        if self.data == CHOICE:
            sequence = {"yours": self.row}
        elif self.data in EXAMPLES:
            sequence = {"set": self.data, "index": self.row}
        else:
            return {}
        return {"sequence": sequence | {"label": self.sequences.names[self.row]}} if self.sequences else {}

    def take_in_hand(self, hand: Hand) -> None:
        """Take over a set of sequences; the kernel becomes one of the starts on offer."""
        state: dict[str, Any] = {}
        match hand.sequence:
            case {"set": name, "index": index} if name in DATA:
                state |= {"data": name, "row": index}
            case {"yours": index}:
                state |= {"data": CHOICE, "row": index}
        match hand.kernel:
            case {"motif": name}:
                state |= {"jaspar": name}
            case {"model": name, "place": place}:
                state |= {"trained": name, "rank": kernel_rank(name, place or 0)}
            case {"yours": which}:
                state |= {"which": which}
        self.restore(state)

    # --- the walk

    @property
    def is_busy(self) -> bool:
        """Whether something runs."""
        return self.stage != "idle"

    @property
    def wanted_at(self) -> int:
        """The place that is shown, or that will be once the start, or the motifs before it, are here."""
        is_later = self.trail is None or self._is_waiting or bool(self.to_find)
        return self._wanted if is_later else self.at

    @property
    def needs_start(self) -> bool:
        """Whether the best substring has still to be looked for."""
        return self.trail is None and self.beginning is not None and not self.message

    def go(self, at: int) -> None:
        """Show a place of the walk; walk on where it has not been yet."""
        if self.trail is None or self._is_waiting or self.to_find:
            self._wanted = at
            return
        self._show_place(self.trail, walk_to(self.trail, at))

    def _show_place(self, trail: Trail, at: int) -> None:
        """Put a place on the screen; a cell in hand that is the strongest of its sequence stays the strongest."""
        was_strongest = self.place == self.best_place(self.row)
        with self.hold_trait_notifications():
            self.trail, self.at = trail, at
            if was_strongest:
                self.place = self.best_place(self.row)

    def take_over(self, trail: Trail, at: int | None = None) -> None:
        """Show another walk over the same windows, from its end or from `at`."""
        self._show_place(trail, walk_to(trail, trail.end if at is None else at))

    def begin(self, name: str, ppm: Array) -> None:
        """Begin a walk."""
        wanted, self._wanted = self._wanted, 0
        self.take_over(trail_from(name, ppm, self.windows, self.background, self._recipe()), wanted)

    def restart(self) -> None:
        """Back to the start that was chosen; what has been walked is forgotten."""
        self.said = ""
        if self.beginning.ppm is not None:
            self.begin(self.beginning.name, self.beginning.ppm)
        elif self.trail is not None:
            self.begin(self.trail.name, self.trail.ppms[0])

    def erase_and_go_on(self) -> None:
        """Keep the motif, erase its sites, and look for the next one elsewhere.

        Raises
        ------
        ArgumentError
            Before the first E-step, while no window has a posterior of one half, or with more motifs than a link takes.
        """
        if self.trail is None or not self.at:
            raise ArgumentError("sites", "not looked for yet", "at least one E-step")
        if len(self.found) == MOST_FOUND:
            raise ArgumentError("motifs", f"{MOST_FOUND} found already", "to put erased letters back first")
        self._refresh((*self.found, motif_of(self.trail, self._recipe_shown(), len(self.found) + 1)))

    def _recipe(self) -> Recipe:
        """Where EM begins and how it is set, as chosen."""
        of = {"jaspar": self.jaspar, "trained": self.trained}.get(self.start, "")
        place = {"trained": self.rank, CHOICE: self.which}.get(self.start, 0)
        return Recipe(self.start, of, place, self.occurrence, self.both_strands, self.pseudocount, self.at)

    def _recipe_shown(self) -> Recipe:
        """How the motif shown is found again."""
        recipe = self._recipe()
        if self.start not in SEARCHED:
            return recipe
        return recipe._replace(start=WINDOW, of=self.trail.name.removeprefix("window "))

    def take_found(self, found: tuple[FoundMotif, ...]) -> None:
        """Continue with the motifs that were found again; the others of `to_find` are dropped."""
        wanted, begun, self.to_find = self._wanted, self._later[1], []  # also where no window is left for the next one
        self._refresh(found, begun=begun, at=wanted)

    def forget_found(self) -> None:
        """Put the erased letters back."""
        self._refresh()

    # --- what is seen

    @property
    def begun(self) -> str:
        """Letters of the window that the walk begins with, where a search and not the choices alone led to it."""
        if self.trail is None or self.trail.name == self.beginning.name:
            return ""
        return str(self.trail.name.removeprefix("window "))

    @property
    def is_about_kernel(self) -> bool:
        """Whether the start is a kernel of a trained network."""
        return self.beginning is not None and self.beginning.kernel is not None

    def erased_letters(self, row: int) -> Array:
        """Which letters of a sequence are erased."""
        return self._erased[row] if self._erased else np.zeros(int(self.sequences.lengths[row]), dtype=bool)

    def heat(self) -> Array:
        """Posterior of a start at each letter, both strands together; shape (sequence, letter), NaN for no window."""
        columns = int(self.sequences.lengths.max())
        flat = self.windows.sequence * columns + self.windows.start
        size = len(self.sequences) * columns
        posterior = self.trail.posterior(self.at) if self.trail else self._prior()
        values = np.bincount(flat, weights=posterior, minlength=size)
        values[np.bincount(flat, minlength=size) == 0] = np.nan
        return values.reshape(len(self.sequences), columns)

    def _prior(self) -> Array:
        return np.repeat(1 / np.maximum(self.windows.n_windows, 1), self.windows.n_windows)

    def best_place(self, row: int) -> int:
        """The most probable start in a sequence, or 0."""
        first, n = int(self.windows.first[row]), int(self.windows.n_windows[row])
        if self.trail is None or not n:
            return 0
        return int(self.windows.start[first + int(np.argmax(self.trail.posterior(self.at)[first : first + n]))])

    def hits(self) -> tuple[int, int] | None:
        """Sequences whose site is at a known one, and sequences that have a known one; None where none are known."""
        known = self.sequences.sites
        if known is None or self.trail is None:
            return None
        return n_at_known_sites(self.trail.sites(self.at), known), sum(map(bool, known))

    def kernel_bits(self) -> Array | None:
        """Bits of each column from the kernel's exact PPM to the one that one M-step makes; None without a kernel."""
        start = self.beginning
        if start is None or start.kernel is None or start.ppm is None:
            return None
        if self._bits is not None:
            return self._bits
        self._bits = fixed_point_bits(
            self.codes_left(),
            start.kernel,
            m=start.m,
            background=self.background,
            both_strands=self.both_strands,
            occurrence=self.occurrence,
            pseudocount=self.pseudocount,
        )
        return self._bits

    def codes_left(self) -> list[Array]:
        """Letter codes of the sequences, the erased ones unknown."""
        codes, _ = codes_of(self.sequences, "DNA")
        if not self._erased:
            return codes
        return [np.where(gone, -1, each).astype(np.int8) for each, gone in zip(codes, self._erased, strict=True)]

    @property
    def own_kernels(self) -> tuple[str, ...]:
        """Names of the visitor's own kernels; empty while the start is none of them, or they are not here."""
        return kernel_names(self.visitor_data) if self.start == CHOICE else ()

    @property
    def trained_kernels(self) -> tuple[str, ...]:
        """Labels of the trained model's kernels by rank; empty while the start is none of a model."""
        return trained_kernels(self.trained) if self.start == "trained" else ()

    # --- following the choices

    @validate("row")
    def _existing_row(self, proposal: Any) -> int:
        return min(max(proposal.value, 0), max(len(self.sequences) - 1, 0) if self.sequences is not None else 0)

    @validate("place")
    def _existing_place(self, proposal: Any) -> int:
        most = int(self.sequences.lengths[self.row]) - 1 if self.sequences is not None else 0
        return min(max(proposal.value, 0), most)

    @validate("column")
    def _existing_column(self, proposal: Any) -> int:
        return min(max(proposal.value, 0), self.beginning.width - 1 if self.beginning is not None else 0)

    @observe(*CHOICES)
    def _another_choice(self, change: Any) -> None:
        if not self._paused and change.name != "n_starts":
            self._again({change.name})

    @observe("visitor_data")
    def _follow_visitor_data(self, _: Any) -> None:
        if CHOICE not in (self.data, self.start):
            return
        recipes, begun = self._later
        self._again({"data"} if self.data == CHOICE else set(), recipes or None, begun, self._wanted)

    def _refresh(
        self, found: tuple[FoundMotif, ...] = (), recipes: Sequence[Recipe] = (), begun: str = "", at: int = 0
    ) -> None:
        """Follow the choices as far as they can be used; after `found`, the motifs of `recipes` are found again."""
        chosen = self._recipe()
        later = [*(motif.recipe for motif in found), *recipes]
        try:
            sequences = self._chosen_set()
            require_small(sequences)
            walk = begin_walk(
                sequences,
                chosen,
                width=self.width,
                seed=self.seed,
                begun=begun,
                at=at,
                found=found,
                recipes=recipes,
                own=lambda: kernels_of(self.visitor_data),
                finds=not self.finds_beside,
            )
        except NotYetHere:
            self._is_waiting, self._later, self._wanted = True, (later, begun), at
            return  # what is on the screen stays until the page has answered
        except EpoolError as error:
            self._is_waiting = False
            self.message = friendly(error)
            return
        self._is_waiting, self._later = False, ([], begun if walk.to_find else "")
        self._wanted = 0 if walk.trail is not None and not walk.to_find else at
        self._show(sequences, walk)

    def _show(self, sequences: SequenceSet, walk: Walk) -> None:
        """Put a walk in place."""
        with self.hold_trait_notifications():  # observers see all of it
            is_other = self.sequences is not sequences
            was_strongest = is_other or self.place == self.best_place(self.row)
            self._erased, self.windows, self.background = walk.erased, walk.windows, walk.background
            self.sequences, self.beginning = sequences, walk.beginning
            self.found, self.to_find = walk.found, walk.to_find
            self.message, self.said, self._bits = "", "", None  # the message is of another walk
            self.version += 1
            self.at, self.trail = walk.at, walk.trail
            self.row = 0 if is_other else min(self.row, len(sequences) - 1)
            last = int(sequences.lengths[self.row]) - 1
            self.place = self.best_place(self.row) if was_strongest else min(self.place, last)
            self.column = min(self.column, walk.beginning.width - 1)

    def _again(self, changed: set[str], recipes: list[Recipe] | None = None, begun: str = "", at: int = 0) -> None:
        """Follow; other sequences have nothing erased, unless `recipes` say so."""
        has_other_data = bool(changed & set(self.OF_DATA))
        found = () if has_other_data else self.found
        if recipes is None and not has_other_data and (self._is_waiting or self.to_find):
            recipes, begun = (self._later[0] if self._is_waiting else self.recipes), self._later[1]
        if recipes is None:
            self._refresh(found, begun=begun, at=at)
            return
        same = [motif for motif, recipe in zip(found, recipes, strict=False) if motif.recipe == recipe]
        if len(same) < min(len(found), len(recipes)):
            same = []  # another one came first
        self._refresh(tuple(same), recipes[len(same) :], begun, at)

    def _chosen_set(self) -> SequenceSet:
        if self.data == CHOICE:
            return sequences_of(self.visitor_data)
        return _set_of({name: getattr(self, name) for name in self.OF_DATA})

    def load_file(self, name: str, content: bytes) -> None:
        """Use an uploaded file of sequences; one that cannot be read is explained and changes nothing."""
        with self._explaining():
            text = text_of_file(name, content, OF_A_FIELD, LONGEST_TEXT)
            require_small(sequences_of_text(text, name, OF_A_FIELD))
            self.restore({"data": "pasted", "pasted": text})


def _set_of(state: Mapping[str, Any]) -> SequenceSet:
    return _SOURCES.get(state["data"], _example)(state)


def _example(state: Mapping[str, Any]) -> SequenceSet:
    found = load_example(state["data"])
    return found[:PEAKS] if state["data"].endswith("_peaks") else found


def _simulated(state: Mapping[str, Any]) -> SequenceSet:
    return _simulation(*(state[name] for name in ("motif", "n", "length", "site_share", "data_seed")))


@lru_cache(maxsize=4)
def _simulation(query: str, n: int, length: int, share: float, seed: int) -> SequenceSet:
    motif = load_jaspar(query.strip() or "?")
    if motif.width > length:
        raise ArgumentError("length", str(length), f"at least the width of {motif.label}, {motif.width}")
    return simulate(motif, n=n, length=length, positive_fraction=share, margin=0, seed=seed)


def _pasted(state: Mapping[str, Any]) -> SequenceSet:
    if not state["pasted"].strip():
        raise ArgumentError("sequences", "empty", "FASTA, or letters A C G T and N, one sequence a line")
    return sequences_of_text(state["pasted"], "the pasted text", OF_A_FIELD)


_SOURCES: dict[str, Callable[[Mapping[str, Any]], SequenceSet]] = {"simulated": _simulated, "pasted": _pasted}


def require_small(sequences: SequenceSet) -> None:
    """Raise an `ArgumentError` for a set that cannot be walked through at a hand's pace."""
    n, letters = len(sequences), int(sequences.lengths.sum())
    longest = int(sequences.lengths.max())
    for found, most, what in (
        (n, MOST_SEQUENCES, "sequences"),
        (letters, MOST_LETTERS, "letters together"),
        (n * longest, MOST_CELLS, "cells of the picture, sequences times letters of the longest"),
    ):
        if found > most:
            raise ArgumentError("sequences", f"{found:,} {what}", f"at most {most:,}; `epool-viz em` takes more")
