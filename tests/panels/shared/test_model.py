"""What every model of a dashboard inherits: a state taken over whole or not at all, bounds, messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from traitlets import Enum, Float, Int, TraitError, Unicode, observe, validate

from epool_viz.errors import ArgumentError, FormatError
from epool_viz.panels.shared.model import DashboardModel, Value, bounded
from epool_viz.panels.shared.state import friendly, sentence_of


class Small(DashboardModel):
    """Counts how often it follows."""

    colour = Enum(("red", "green"), "red")
    size = Float(1.0)
    n = Int(2)
    pasted = Unicode("")
    pair = Value([1, 2])
    place = Int(0)

    CHOICES = ("colour", "size", "n", "pasted", "pair")
    LOOKING = ("place",)
    BOUNDED: ClassVar[Mapping[str, tuple[float, float]]] = {"size": (0.0, 10.0), "n": (1, 5)}
    LONGEST: ClassVar[Mapping[str, int]] = {"pasted": 5000}

    def __init__(self, **state: Any) -> None:
        self.followed: list[tuple[Any, ...]] = []
        super().__init__(**state)

    @validate("pair")
    def _two(self, proposal: Any) -> list[int]:
        if not isinstance(proposal.value, list) or len(proposal.value) != 2:
            raise TraitError(f"pair is {proposal.value!r}; accepted: two numbers")
        return list(proposal.value)

    @observe("colour", "size", "n")
    def _another(self, change: Any) -> None:
        if not self._paused:
            self._take_over({change.name: change.new})

    def _follow(self, before: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        self.followed.append((before["n"], self.n, self.place))


class Smaller(Small):
    """Narrower bounds; the others stay."""

    BOUNDED: ClassVar[Mapping[str, tuple[float, float]]] = {"n": (1, 3)}


def test_a_state_is_followed_once_and_then_looked_at() -> None:
    model = Small()
    model.restore({"place": 4, "n": 3, "size": 2.0, "colour": "green"})
    assert model.followed == [(2, 3, 0)]
    assert model.state() == {"colour": "green", "size": 2.0, "n": 3, "pasted": "", "pair": [1, 2], "place": 4}
    assert Small.from_state(model.state()).state() == model.state()
    model.n = 5
    assert model.followed[1:] == [(5, 5, 4)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "blue"},
        {"size": "x"},
        {"n": None},
        {"pair": [1]},
        {"pair": None},
        {"place": "end"},
        {"place": None},
        {"place": True},
    ],
)
def test_a_value_of_the_wrong_kind_changes_nothing(wrong: dict[str, Any]) -> None:
    model = Small(n=4, place=1)
    before, followed = model.state(), list(model.followed)
    with pytest.raises(ArgumentError, match="`state` is not usable") as caught:
        model.restore({"n": 3, "size": 2.0} | wrong)
    assert caught.value.accepted == "what Small.state() returns"
    assert (model.state(), model.followed) == (before, followed)


def test_an_unknown_name_is_told_with_all_that_there_are() -> None:
    with pytest.raises(ArgumentError) as caught:
        Small(n=3, zoom=2)
    assert str(caught.value) == "`zoom` is not part of the state; accepted: colour, size, n, pasted, pair, place"


@pytest.mark.parametrize(
    ("value", "kept"), [(7, 5), (-3, 1), (3, 3), (True, 1), (10**30, 5)], ids=["above", "below", "in", "bool", "huge"]
)
def test_a_number_stays_within_its_bounds(value: int, kept: int) -> None:
    model = Small(n=value)
    assert model.n == kept
    assert type(model.n) is int


def test_a_number_that_is_not_finite_is_no_change_and_float_noise_is_none() -> None:
    model = Small(size=3.0)
    for value in (float("nan"), float("inf"), 3.0 + 1e-12):
        model.size = value
        assert model.size == 3.0
    assert bounded(0.1 + 0.2, 0.0, 1.0) == 0.3


def test_a_subclass_has_bounds_of_its_own_and_the_longest_texts_of_its_parent() -> None:
    model = Smaller(n=9, size=99.0)
    assert (model.n, model.size) == (3, 99.0)
    model.pasted = "A" * 5001
    assert model.pasted == ""
    assert model.message == "The text has 5,001 characters; accepted: at most 5,000."


def test_a_link_carries_what_differs_and_no_long_text() -> None:
    assert Small().linked() == {}
    assert Small(n=3, pasted="A" * 4000, place=2).linked() == {"n": 3, "pasted": "A" * 4000}
    assert Small(n=3, pasted="A" * 4001).linked() == {"n": 3}
    assert Small.first_screen() == {"colour": "red", "size": 1.0, "n": 2, "pair": [1, 2]}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ArgumentError("sequences", "2,001 letters", "at most 9"), "Sequences: 2,001 letters; accepted: at most 9."),
        (ArgumentError("sequences", "empty", "FASTA"), "Sequences are empty; accepted: FASTA."),
        (ArgumentError("sequence", "empty", "FASTA"), "The sequence is empty; accepted: FASTA."),
        (ArgumentError("m", "0", "above 0"), "m is 0; accepted: above 0."),
        (ArgumentError("site_rate", "odd", "even"), "Site rate is odd; accepted: even."),
        (ArgumentError("the file mine.fas", "no text", "a text"), "The file mine.fas is no text; accepted: a text."),
        (FormatError("the pasted text", 3, "'!'", "A C G T"), "The pasted text"),
    ],
)
def test_an_error_is_told_as_a_sentence(error: Any, told: str) -> None:
    assert friendly(error).startswith(told)
    assert sentence_of("Bias", ArgumentError("bias", "odd", "even")) == "Bias is odd; accepted: even."
