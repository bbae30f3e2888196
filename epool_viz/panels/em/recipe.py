"""How a motif was found, as plain values: enough to find it again in the same sequences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from epool_viz.core.alphabet import DNA
from epool_viz.core.choices import OCCURRENCES
from epool_viz.core.em_path import MOST_ITERATIONS
from epool_viz.errors import ArgumentError
from epool_viz.panels.shared.visitor_data import CHOICE

WINDOW = "window"
MOST_FOUND = 50  # motifs, one after the other in the same sequences
_LONGEST_NAME = 200


class Recipe(NamedTuple):
    """Where EM began, how it was set, and how far it was walked.

    Attributes
    ----------
    start : "window", "jaspar", "trained" or "yours"
    of : str
        Letters of the window, name of the motif, name of the network; nothing for a kernel of the visitor's.
    place : int
        Of the kernel: by rank in a network, from 0 among the visitor's own.
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


def recipes_of(value: Any, widest: int) -> list[Recipe]:
    """What a state or a link says was found.

    Parameters
    ----------
    value : list of dict
        With the names of `Recipe`.
    widest : int
        Letters that a window may have.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    if not isinstance(value, list | tuple) or len(value) > MOST_FOUND:
        found = f"{len(value)} motifs" if isinstance(value, list | tuple) else repr(value)[:60]
        raise ArgumentError("found", found, f"a list of at most {MOST_FOUND} motifs, each as EMModel.state() gives it")
    return [_recipe(each, widest) for each in value]


def _recipe(value: Any, widest: int) -> Recipe:
    if not (isinstance(value, Mapping) and set(value) == set(Recipe._fields)):
        raise ArgumentError("found", repr(value)[:80], f"motifs with {', '.join(Recipe._fields)}")
    recipe = Recipe(**value)
    is_right = {
        "start": recipe.start in (WINDOW, "jaspar", "trained", CHOICE),
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
        require_window(recipe.of, widest)
    return recipe


def require_window(letters: Any, widest: int) -> None:
    """Raise an `ArgumentError` for what cannot be the letters of a window."""
    if not (isinstance(letters, str) and 1 <= len(letters) <= widest and set(letters) <= set(DNA.letters)):
        raise ArgumentError("window", repr(letters)[:60], f"1 to {widest} of the letters A C G T")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 10
