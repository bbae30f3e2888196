"""What goes along from one dashboard to the next."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from epool_viz.panels.registry import DASHBOARDS
from epool_viz.panels.shared.hand import LONGEST, Hand, hand_of

PEAK = {"set": "p73_peaks", "index": 3}
FASTA = {"fasta": ">mine\nACGTTGCANACGTTACGTTGCAAGGGGGGACACGTGGCA\n"}
JUNK: list[Any] = [
    None,
    7,
    [],
    {"sequence": 7, "kernel": [], "m": "1"},
    {"sequence": {"set": "nobody", "index": 0}, "kernel": {"model": "nobody", "place": 0}, "m": math.nan},
    {"sequence": {"set": "p73_peaks", "index": -1}, "kernel": {"model": "p73_max", "place": 1.5}, "m": True},
    {"sequence": {"set": ["p73_peaks"], "index": 1}, "kernel": {"model": {}, "place": 1}, "m": math.inf},
    {"sequence": {"fasta": "A" * (LONGEST + 1)}, "kernel": {"matrix": ""}},
    {"sequence": {"yours": True}, "kernel": {"yours": "0"}},
]


@pytest.mark.parametrize("sent", JUNK)
def test_what_no_dashboard_sends_is_left_out(sent: Any) -> None:
    assert hand_of(sent) == Hand()


def model_of(name: str) -> Any:
    return next(row for row in DASHBOARDS if row.name == name).model_class().opened()


@pytest.mark.parametrize("row", DASHBOARDS, ids=lambda row: row.name)
def test_taking_what_it_has_in_hand_changes_no_model(row: Any) -> None:
    model = row.model_class().opened()
    state, hand = model.state(), json.loads(json.dumps(model.in_hand()))
    assert hand_of(hand) == Hand(*(_without_label(hand.get(name)) for name in ("sequence", "kernel")), hand.get("m"))
    if row.name == "attribution":  # its simulated sequence goes along as text
        hand.pop("sequence")
    model.take_in_hand(hand_of(hand))
    after = model.state()
    if row.name == "logos":  # the base that it opens with, in figures
        state["m"] = after["m"]
    assert after == state


def _without_label(part: Any) -> Any:
    return part and {name: value for name, value in part.items() if name != "label"}


@pytest.mark.parametrize("sequence", [PEAK, FASTA])
@pytest.mark.parametrize("kernel", [{"motif": "GATA1"}, {"model": "p73_expectation", "place": 5}])
def test_one_e_step_hands_sequence_kernel_and_m_on_whole(sequence: dict[str, Any], kernel: dict[str, Any]) -> None:
    first, second = model_of("e_step"), model_of("pwm")
    first.take_in_hand(hand_of({"sequence": sequence, "kernel": kernel, "m": 0.75}))
    assert not first.message
    second.take_in_hand(hand_of(first.in_hand()))
    assert second.trace.sequence == first.trace.sequence != model_of("e_step").trace.sequence
    np.testing.assert_array_equal(second.trace.kernel, first.trace.kernel)
    assert second.m == first.m == 0.75
    assert second.in_hand() == first.in_hand()


def test_changed_letters_go_along() -> None:
    first, second, attribution = model_of("e_step"), model_of("pwm"), model_of("attribution")
    letters = first.trace.sequence
    changed = ("C" if letters[0] == "A" else "A") + letters[1:]
    first.restore({"edited": changed})
    for other in (second, attribution):
        other.take_in_hand(hand_of(first.in_hand()))
    assert second.trace.sequence == attribution.reading.sequence == changed
    assert (second.example, second.index, second.is_edited) == (first.example, first.index, True)


def test_numbers_that_were_typed_go_along_to_the_last_digit() -> None:
    first, second = model_of("e_step"), model_of("pwm")
    first.restore({"kernel_source": "random", "seed": 4, "width": 7})
    second.take_in_hand(hand_of(first.in_hand()))
    np.testing.assert_array_equal(second.trace.kernel, first.trace.kernel)


def test_a_kernel_of_a_network_goes_to_the_logos_and_back() -> None:
    logos = model_of("logos")
    logos.take_in_hand(hand_of({"kernel": {"model": "p73_average", "place": 3}, "m": 2.5}))
    assert (logos.trained, logos.place, logos.m) == ("p73_average", 3, 2.5)
    first = model_of("e_step")
    first.take_in_hand(hand_of(logos.in_hand()))
    np.testing.assert_allclose(first.trace.kernel, logos.kernels.kernels[3], rtol=0, atol=1e-12)
    assert first.m == 2.5
    assert first.in_hand()["kernel"]["place"] == 3


def test_logos_leave_a_motif_and_its_m_alone() -> None:
    logos = model_of("logos")
    before = logos.state()
    logos.take_in_hand(hand_of({"kernel": {"motif": "GATA1"}, "m": 0.5, "sequence": PEAK}))
    assert logos.state() == before


def test_em_walks_on_the_set_in_hand_and_offers_the_kernel_as_a_start() -> None:
    em = model_of("em")
    start = em.start
    em.take_in_hand(hand_of({"sequence": PEAK, "kernel": {"motif": "GATA1"}, "m": 0.5}))
    assert (em.data, em.row, em.jaspar, em.start) == ("p73_peaks", 3, "GATA1", start)
    assert em.in_hand()["sequence"] == PEAK | {"label": em.sequences.names[3]}


def test_attribution_reads_the_sequence_in_hand_with_the_network_of_its_kernel() -> None:
    attribution = model_of("attribution")
    attribution.take_in_hand(hand_of({"sequence": PEAK, "kernel": {"model": "p73_average", "place": 3}}))
    first = model_of("e_step")
    first.take_in_hand(hand_of({"sequence": PEAK}))
    assert attribution.network == "p73_average"
    assert attribution.reading.sequence == first.trace.sequence
