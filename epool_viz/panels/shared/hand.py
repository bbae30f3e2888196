"""What a visitor has in hand from one dashboard to the next: a sequence, a kernel and `m`. Plain values, no widget.

A model says what it has in hand (`DashboardModel.in_hand`) and takes over what it can use of another's
(`take_in_hand`). The page keeps it for the tab, see `web/in_hand/index.js`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from epool_viz.data.examples import MODEL_NAMES, list_examples

LONGEST = 20_000  # characters of a sequence or a matrix
MOST_PLACES = 10**6
EXAMPLES = tuple(info.name for info in list_examples())


@dataclass(frozen=True)
class Hand:
    """The usable parts of what a page sends; None for a part that is missing or not usable.

    Attributes
    ----------
    sequence : dict or None
        `{"set": name of a bundled set, "index": place}`, `{"fasta": text}`, or `{"yours": place}` in the visitor's own.
        Letters that were changed stand in `edited`, the whole sequence.
    kernel : dict or None
        `{"motif": JASPAR name}`, `{"model": name, "place": place}`, `{"matrix": text}` or `{"yours": place}`. A `place`
        of None means the whole network.
    m : float or None
    """

    sequence: Mapping[str, Any] | None = None
    kernel: Mapping[str, Any] | None = None
    m: float | None = None


def fasta(name: str, letters: str) -> str:
    """One FASTA record on two lines."""
    return f">{' '.join(name.split())}\n{letters}\n"


def hand_of(sent: Any) -> Hand:
    """What of a value from the page can be used; everything else is left out."""
    if not isinstance(sent, Mapping):
        return Hand()
    return Hand(_sequence(sent.get("sequence")), _kernel(sent.get("kernel")), _number(sent.get("m")))


def _number(sent: Any) -> float | None:
    is_number = isinstance(sent, int | float) and not isinstance(sent, bool) and math.isfinite(sent)
    return float(sent) if is_number else None


def _sequence(sent: Any) -> dict[str, Any] | None:
    if not isinstance(sent, Mapping):
        return None
    index = sent.get("index", 0)
    edited = {"edited": sent["edited"]} if _is_text(sent.get("edited")) else {}
    if sent.get("set") in EXAMPLES and _is_place(index):
        return {"set": sent["set"], "index": index} | edited
    if _is_text(sent.get("fasta")):
        return {"fasta": sent["fasta"]}
    return {"yours": sent["yours"]} | edited if _is_place(sent.get("yours")) else None


def _kernel(sent: Any) -> dict[str, Any] | None:
    if not isinstance(sent, Mapping):
        return None
    place = sent.get("place")
    if sent.get("model") in MODEL_NAMES and (place is None or _is_place(place)):
        return {"model": sent["model"], "place": place}
    for name in ("motif", "matrix"):
        if _is_text(sent.get(name)):
            return {name: sent[name]}
    return {"yours": sent["yours"]} if _is_place(sent.get("yours")) else None


def _is_place(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST_PLACES


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST
