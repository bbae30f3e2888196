"""Starts of EM, recipes of found motifs, and the same motifs found again in the same sequences."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from epool_viz.core.alphabet import DNA
from epool_viz.core.choices import OCCURRENCES
from epool_viz.core.em import first_ppms, window_ppm
from epool_viz.core.em_path import MOST_ITERATIONS, Trail
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.types import Array
from epool_viz.core.windows import FoundSite, Windows, background_of, codes_of, windows_of
from epool_viz.data.examples import MODEL_NAMES, example_kernels
from epool_viz.data.kernel_sources import (
    jaspar_kernel,
    kernel_place,
    network_settings,
    own_kernel,
    require_usable,
    trained_kernel,
)
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.errors import ArgumentError

WINDOW = "window"  # a start: the letters of a window of the sequences
OWN = "yours"  # a start: an uploaded kernel
SEARCHED = ("random", "substrings")  # starts that are looked for among the windows of the sequences themselves
WIDEST = 60
MOST_FOUND = 50  # motifs, one after the other in the same sequences
_LONGEST_NAME = 200


class Recipe(NamedTuple):
    """Where EM began, how it was set, and how far it was walked.

    Attributes
    ----------
    start : "window", "jaspar", "trained" or "yours"
        Of a walk that is still to begin also one of `SEARCHED`.
    of : str
        Letters of the window, name of the motif, name of the network; nothing for an uploaded kernel.
    place : int
        Of the kernel: by rank in a network, from 0 among the uploaded ones.
    occurrence : "oops" or "zoops"
    both_strands : bool
    pseudocount : float
    at : int
        Place on the walk.
    """

    start: str
    of: str
    place: int
    occurrence: str
    both_strands: bool
    pseudocount: float
    at: int


class Start(NamedTuple):
    """Where EM begins.

    Attributes
    ----------
    name : str
    width : int
    ppm : shape (letter, width), or None while the best substring has still to be looked for
    kernel : shape (letter, width), or None
        Of a trained network, whose pooling reads it to the base `e^m`.
    m : float
    note : str
        A sentence about it.
    """

    name: str
    width: int
    ppm: Array | None
    kernel: Array | None = None
    m: float = 1.0
    note: str = ""


class FoundMotif(NamedTuple):
    """A motif that was found and whose sites are erased."""

    name: str
    ppm: Array
    sites: list[FoundSite]
    evidence: float
    background: Array
    recipe: Recipe


ToFind = tuple[Recipe, Start, Array]  # where EM begins, and against which background


class Walk(NamedTuple):
    """EM on a set of sequences, at a place of its walk.

    Attributes
    ----------
    windows : Windows
        Without those that reach into a site of `found`.
    background : shape (letter,)
    beginning : Start
        As it was chosen.
    trail : Trail or None
        None while the best substring has still to be looked for.
    at : int
        Place on the walk; 0 while there is no walk, or motifs before it are still to be found again.
    found : tuple of FoundMotif
        Motifs whose sites are erased, in the order found.
    to_find : list of (Recipe, Start, background)
        Motifs that are still to be found again.
    erased : list of bool arrays, shape (length,), or None
        Which letters of each sequence are erased; None for none.
    """

    windows: Windows
    background: Array
    beginning: Start
    trail: Trail | None
    at: int
    found: tuple[FoundMotif, ...]
    to_find: list[ToFind]
    erased: list[Array] | None


def recipes_of(value: Any) -> list[Recipe]:
    """The recipes in a state or a link.

    Parameters
    ----------
    value : list of dict
        With the names of `Recipe`.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    if not isinstance(value, list | tuple) or len(value) > MOST_FOUND:
        found = f"{len(value)} motifs" if isinstance(value, list | tuple) else repr(value)[:60]
        raise ArgumentError("found", found, f"a list of at most {MOST_FOUND} motifs, each as EMModel.state() gives it")
    return [_recipe(each) for each in value]


def _recipe(value: Any) -> Recipe:
    if not (isinstance(value, Mapping) and set(value) == set(Recipe._fields)):
        raise ArgumentError("found", repr(value)[:80], f"motifs with {', '.join(Recipe._fields)}")
    recipe = Recipe(**value)
    is_right = {
        "start": recipe.start in (WINDOW, "jaspar", "trained", OWN),
        "of": isinstance(recipe.of, str) and len(recipe.of) <= _LONGEST_NAME,
        "place": _is_whole(recipe.place) and 0 <= recipe.place <= 10_000,
        "occurrence": recipe.occurrence in OCCURRENCES,
        "both_strands": isinstance(recipe.both_strands, bool),
        "pseudocount": _is_share(recipe.pseudocount),
        "at": _is_whole(recipe.at) and 1 <= recipe.at <= 2 * MOST_ITERATIONS + 2,
    }
    for name, is_so in is_right.items():
        if not is_so:
            raise ArgumentError("found", f"{name} = {getattr(recipe, name)!r}"[:80], "what EMModel.state() gives")
    if recipe.start == WINDOW:
        require_window(recipe.of)
    return recipe


def require_window(letters: Any) -> None:
    """Check the letters of a window.

    Raises
    ------
    ArgumentError
        For what cannot be the letters of a window.
    """
    if not (isinstance(letters, str) and 1 <= len(letters) <= WIDEST and set(letters) <= set(DNA.letters)):
        raise ArgumentError("window", repr(letters)[:60], f"1 to {WIDEST} of the letters A C G T")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 10


def begin_walk(
    sequences: SequenceSet,
    chosen: Recipe,
    *,
    width: int,
    seed: int = 0,
    begun: str = "",
    at: int = 0,
    found: tuple[FoundMotif, ...] = (),
    recipes: Sequence[Recipe] = (),
    own: Callable[[], ImportedKernels] | None = None,
    finds: bool = True,
) -> Walk:
    """Begin EM where it was chosen, after the motifs that come before it.

    Parameters
    ----------
    sequences : SequenceSet
    chosen : Recipe
        Where EM begins and how it is set.
    width : int
        Letters of the motif, where the start has no width of its own.
    seed : int
        Of the random window.
    begun : str
        Letters of the window with which a walk of `SEARCHED` begins, where it is known already; "" else.
    at : int
        Place to walk to.
    found : tuple of FoundMotif
        Motifs found before, whose sites are erased.
    recipes : sequence of Recipe
        Of motifs to find again after these.
    own : callable, or None
        Gives the uploaded kernels.
    finds : bool
        Whether the motifs of `recipes` are found now; else they are left in `to_find`.

    Returns
    -------
    Walk

    Raises
    ------
    EpoolError
        For a start that there is not, or sequences without a window for it.
    """
    codes, letters = codes_of(sequences, "DNA")
    strands = {chosen.both_strands, *(recipe.both_strands for recipe in recipes)}
    backgrounds = {both: background_of(codes, letters, both) for both in strands}
    to_find = [
        (recipe, start_of(recipe, backgrounds[recipe.both_strands], own), backgrounds[recipe.both_strands])
        for recipe in recipes
    ]
    while to_find and finds:
        found = (*found, found_again(*to_find.pop(0), sequences, found))
    erased = erased_letters(sequences, found)
    background = backgrounds[chosen.both_strands]
    is_searched = chosen.start in SEARCHED
    begin = Start("", width, None) if is_searched else start_of(chosen, background, own)
    windows = windows_of(sequences, begin.width, both_strands=chosen.both_strands, erased=erased)
    if chosen.start == "random":
        names, _ = first_ppms(windows, "random", seed=seed, background=background)
        begin = window_start(names[0].removeprefix("window "), background)
    first = window_start(begun, background) if begun and is_searched else begin
    if first.width != begin.width:
        raise ArgumentError("window", f"{begun!r}, {len(begun)} letters", f"{begin.width}, as the width is")
    trail = None if first.ppm is None else trail_from(first.name, first.ppm, windows, background, chosen)
    shown = 0 if trail is None or to_find else walk_to(trail, at)
    return Walk(windows, background, begin, trail, shown, found, to_find, erased)


def walk_to(trail: Trail, at: int, on_step: Callable[[int], object] | None = None) -> int:
    """Continue a walk; returns the place that it reached, `at` or its end.

    Parameters
    ----------
    trail : Trail
    at : int
    on_step : callable (place on the walk), or None
        What it raises ends the walk.
    """
    while trail.end < at and not trail.is_finished:
        trail.step()
        if on_step is not None:
            on_step(trail.end)
    return min(max(at, 0), trail.end)


def trail_from(name: str, ppm: Array, windows: Windows, background: Array, recipe: Recipe) -> Trail:
    """A walk from a PPM, shape (letter, width), as a recipe sets it."""
    return Trail(
        windows,
        np.asarray(ppm),
        background=background,
        occurrence=recipe.occurrence,
        pseudocount=recipe.pseudocount,
        name=name,
    )


def window_start(letters: str, background: Array) -> Start:
    """A window of the sequences as a start."""
    note = "A window of the sequences: its own letters with 70 %, the rest shared as the background has it."
    return Start(f"window {letters}", len(letters), window_ppm(DNA.encode(letters), background), note=note)


def start_of(recipe: Recipe, background: Array, own: Callable[[], ImportedKernels] | None = None) -> Start:
    """Where EM begins, by a recipe; `own` gives the uploaded kernels.

    Raises
    ------
    ArgumentError
        If the start cannot be used, such as a kernel that is too wide.
    """
    of, place = recipe.of, recipe.place
    if recipe.start == WINDOW:
        return window_start(of, background)
    if recipe.start == OWN and own is not None:
        kernel = own_kernel(own(), place, background)
        require_usable(kernel, WIDEST)
        ppm = np.asarray(kernel_to_pwm_at(kernel.matrix, 1.0, background=background).ppm)
        note = f"{kernel.reading} Its exact PPM, the numbers read to the base e."
        return Start(kernel.label, ppm.shape[1], ppm, None if kernel.is_motif else kernel.matrix, note=note)
    if recipe.start == "jaspar":
        kernel = jaspar_kernel(of, background)
        ppm = np.asarray(kernel_to_pwm_at(kernel.matrix, 1.0, background=background).ppm)
        return Start(kernel.label, ppm.shape[1], ppm, note="A published motif, with one imaginary site.")
    if of not in MODEL_NAMES:
        raise ArgumentError("network", repr(of), ", ".join(MODEL_NAMES))
    kernel = trained_kernel(of, place)
    m = float(network_settings(example_kernels(of), kernel_place(of, place))["m"])
    ppm = np.asarray(kernel_to_pwm_at(kernel.matrix, m, background=background).ppm)
    note = f"The exact PPM of the kernel: its numbers to the base e to the m, m = {m:g}."
    return Start(kernel.label, ppm.shape[1], ppm, kernel.matrix, m, note)


def found_again(
    recipe: Recipe,
    start: Start,
    background: Array,
    sequences: SequenceSet,
    found: tuple[FoundMotif, ...],
    on_step: Callable[[int], object] | None = None,
) -> FoundMotif:
    """The next motif of sequences in which others were found before.

    Parameters
    ----------
    recipe : Recipe
    start : Start
        Where it begins.
    background : shape (letter,)
    sequences : SequenceSet
    found : tuple of FoundMotif
    on_step : callable (place on the walk), or None
        What it raises ends the search.

    Returns
    -------
    FoundMotif
    """
    erased = erased_letters(sequences, found)
    windows = windows_of(sequences, start.width, both_strands=recipe.both_strands, erased=erased)
    trail = trail_from(start.name, np.asarray(start.ppm), windows, background, recipe)
    return motif_of(trail, recipe._replace(at=walk_to(trail, recipe.at, on_step)), len(found) + 1)


def motif_of(trail: Trail, recipe: Recipe, number: int) -> FoundMotif:
    """The motif at a walk's place, with the sites that are erased for the next one.

    Raises
    ------
    ArgumentError
        If no site has a posterior of one half.
    """
    sites = [site for site in trail.sites(recipe.at) if site.posterior >= 0.5]
    if not sites:
        raise ArgumentError("sites", "uncertain everywhere", "one at least with a posterior of 0.5")
    evidence = trail.evidence[(recipe.at - 1) // 2]
    return FoundMotif(f"motif {number}", trail.ppm(recipe.at), sites, evidence, trail.background, recipe)


def erased_letters(sequences: SequenceSet, found: Sequence[FoundMotif]) -> list[Array] | None:
    """Which letters of each sequence belong to sites that were found; None for none."""
    if not found:
        return None
    marked = [np.zeros(int(length), dtype=bool) for length in sequences.lengths]
    for motif in found:
        for site in motif.sites:
            marked[site.sequence][site.start : site.stop] = True
    return marked
