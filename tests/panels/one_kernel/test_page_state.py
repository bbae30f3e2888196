"""Between page and model: what the page is told, and what the model makes of the page's wishes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from epool_viz.core.alphabet import DNA
from epool_viz.errors import ArgumentError
from epool_viz.panels.e_step.page import NETWORK_SLIDERS, READINGS, page_steps, quantities
from epool_viz.panels.one_kernel import page_state as bridge
from epool_viz.panels.one_kernel.model import WIDEST, EStepModel
from epool_viz.panels.one_kernel.steps import STEPS


@pytest.fixture
def model():
    return EStepModel(index=3, m=2.0, both_strands=True)


def test_the_page_is_told_the_trace_in_plain_values(model):
    state = bridge.page_state(model)
    assert json.loads(json.dumps(state)) == state
    assert DNA.decode(np.array(state["codes"], dtype=np.int8)) == model.trace.sequence
    np.testing.assert_array_equal(state["kernel"], model.trace.kernel)
    np.testing.assert_allclose(state["background"], model.trace.background)
    assert (state["m"], state["both_strands"], state["cursor"]) == (2.0, True, model.window)


def test_what_the_page_moves_the_model_follows(model):
    bridge.take(model, {"m": 0.5, "mode": 1, "both_strands": False, "background_choice": "data", "cursor": 7})
    assert (model.m, model.mode, model.both_strands, model.background, model.window) == (0.5, 1, False, "data", 7)


def test_steps_are_counted_over_all_of_them_on_the_page(model):
    names = [step.name for step in STEPS]
    bridge.take(model, {"step": names.index("weights")})
    assert model.current_step.name == "weights"
    assert bridge.page_state(model)["step"] == names.index("weights")
    bridge.take(model, {"activation": "paper", "step": names.index("activated")})
    assert model.current_step.name == "activated"
    bridge.take(model, {"step": 99})
    assert model.current_step.name == names[-1]


@pytest.mark.parametrize("place", [0, 57, -1])
def test_a_mutated_letter_becomes_a_sequence_of_the_users_own(model, place):
    codes = bridge.page_state(model)["codes"]
    codes[place] = (codes[place] + 1) % 4
    bridge.take(model, {"codes": codes})
    assert model.message == ""
    assert bridge.page_state(model)["codes"] == codes
    assert model.sequence_name.endswith("(edited)")
    codes[place] = -1
    bridge.take(model, {"codes": codes})
    assert model.sequence_name.count("(edited)") == 1
    assert model.trace.sequence[place] == "N"


def test_a_mutated_letter_keeps_the_window_the_set_and_the_background(model):
    model.background = "data"
    model.window = 149
    background = model.trace.background
    codes = bridge.page_state(model)["codes"]
    for place in (154, 155):
        codes[place] = 3 if codes[place] != 3 else 0
        bridge.take(model, {"codes": codes})
        state = bridge.page_state(model)
        assert (state["codes"], state["cursor"]) == (codes, 149)
        assert (model.sequence_source, model.example, model.index) == ("example", "ctcf_peaks", 3)
        np.testing.assert_array_equal(model.trace.background, background)


def test_an_edit_taken_back_is_no_edit(model):
    first = model.state()
    given = bridge.page_state(model)["codes"]
    codes = [*given]
    codes[154] = -1
    bridge.take(model, {"codes": codes})
    assert model.is_edited
    bridge.take(model, {"codes": given})
    assert model.state() == first
    assert not model.sequence_name.endswith("(edited)")


@pytest.mark.parametrize(
    "other", [{"index": 4}, {"example": "p73_peaks"}, {"sequence_source": "pasted", "pasted": "ACGT" * 9}]
)
@pytest.mark.parametrize("at_once", [True, False])
def test_another_sequence_has_no_letters_of_the_one_before(model, other, at_once):
    codes = bridge.page_state(model)["codes"]
    codes[154] = -1
    bridge.take(model, {"codes": codes})
    if at_once:
        model.restore(other)
    else:
        for name in reversed(other):
            setattr(model, name, other[name])
    assert (model.edited, model.message) == ("", "")
    assert model.trace.sequence == model.sequences[model.index]


@pytest.mark.parametrize("source", ["example", "pasted"])
def test_a_link_carries_an_edit(model, source):
    if source == "pasted":
        model.restore({"sequence_source": "pasted", "pasted": ">a\n" + "ACGT" * 8})
    codes = bridge.page_state(model)["codes"]
    codes[7] = -1
    bridge.take(model, {"codes": codes})
    other = EStepModel()
    bridge.take(other, {"link": json.loads(json.dumps(bridge.link_of(model)))})
    assert other.trace.sequence == model.trace.sequence
    assert other.sequence_name == model.sequence_name


def test_an_edited_kernel_becomes_a_typed_one_to_the_last_digit(model):
    kernel = np.array(bridge.page_state(model)["kernel"]) + np.pi
    bridge.take(model, {"kernel": kernel.tolist()})
    assert (model.kernel_source, model.message) == ("typed", "")
    np.testing.assert_array_equal(model.trace.kernel, kernel)


@pytest.mark.parametrize(
    "kernel",
    [np.eye(4), np.arange(8).reshape(4, 2) + 1, np.full((4, 3), 0.25), [[0.5, 1.0, 2.0]] * 2 + [[0.0, 0.0, 0.0]] * 2],
    ids=["columns that sum to 1", "whole numbers", "a PPM", "nearly a PPM"],
)
def test_an_edited_kernel_is_a_kernel_also_where_it_looks_like_a_motif(model, kernel):
    kernel = np.asarray(kernel, dtype=float)
    bridge.take(model, {"kernel": kernel.tolist()})
    assert model.message == ""
    np.testing.assert_array_equal(model.trace.kernel, kernel)
    other = EStepModel()
    bridge.take(other, {"link": json.loads(json.dumps(bridge.link_of(model)))})
    np.testing.assert_array_equal(other.trace.kernel, kernel)
    assert other.kernel.label == model.kernel.label == "CTCF (MA0139.2) (edited)"
    bridge.take(model, {"kernel": (kernel + 0.5).tolist()})
    assert model.kernel.label.count("(edited)") == 1


def test_what_the_page_already_knows_changes_nothing(model):
    before = model.state()
    bridge.take(model, {name: bridge.page_state(model)[name] for name in ("codes", "kernel", "link", "m", "step")})
    assert model.state() == before


@pytest.mark.parametrize(
    "patch",
    [
        {"codes": "ACGT"},
        {"codes": [0] * 10_001},
        {"kernel": [[1.0]]},
        {"kernel": [[0.0] * (WIDEST + 1)] * 4},
        {"zoom": [3, 9], "scale": "log"},
    ],
)
def test_what_no_page_of_ours_sends_is_left_alone(model, patch):
    before = model.state()
    bridge.take(model, patch)
    assert model.state() == before


def test_a_value_of_the_wrong_kind_is_an_error_and_changes_nothing(model):
    before = model.state()
    with pytest.raises(ArgumentError):
        bridge.take(model, {"mode": "fast"})
    assert model.state() == before


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"index": 4, "jaspar": "STAT3", "example": "p73_peaks", "background": "data"},
        {"kernel_source": "random", "seed": 5, "width": 7},
        {"sequence_source": "pasted", "pasted": ">a\nACGTTGCANACGTTAGCA\n>b\nGATTACAGATTACAGATTACA\n", "index": 1},
        {"kernel_source": "typed", "kernel_text": "A 1 0 2\nC 0 1 0\nG 0 0 1\nT 1 0 -1\n"},
        {"background": "typed", "letter_shares": [0.4, 0.1, 0.2, 0.3]},
        {"kernel_source": "trained", "trained": "p73_max", "rank": 2, "bias": 0.0},
        {
            "sequence_source": "pasted",
            "pasted": ">a\nACGTTGCACACGTTAGCA\n>b\nGATTACAGATTACAGAT\n",
            "background": "data",
        },
    ],
    ids=[
        "first screen",
        "named",
        "random",
        "pasted",
        "typed",
        "typed background",
        "trained",
        "background of a pasted set",
    ],
)
def test_a_link_opens_the_same_numbers(state):
    one = EStepModel(**state)
    link = json.loads(json.dumps(bridge.link_of(one)))
    other = EStepModel()
    bridge.take(other, {"link": link})
    assert float(other.trace.pooled) == float(one.trace.pooled)
    assert other.trace.sequence == one.trace.sequence
    assert bridge.link_of(other) == link


@pytest.mark.parametrize("bias", [None, 0.0])
def test_the_page_has_the_last_word_on_the_settings_of_a_trained_model(bias):
    """As a page that opens a link does it: it names what differs from the first screen, and nothing else."""
    one = EStepModel(kernel_source="trained", trained="ctcf_paper", rank=1)
    assert one.bias != 0
    if bias is not None:
        one.bias = bias
    first, now = bridge.page_state(EStepModel()), bridge.page_state(one)
    patch = {name: now[name] for name in ("link", *bridge.SHARED) if now[name] != first[name]}
    other = EStepModel()
    bridge.take(other, json.loads(json.dumps(patch)))
    assert {name: getattr(other, name) for name in bridge.SHARED} == {name: now[name] for name in bridge.SHARED}
    assert float(other.trace.pooled) == float(one.trace.pooled)


def test_going_back_from_a_trained_model_leaves_nothing_of_it(model):
    first = bridge.page_state(model)
    model.kernel_source = "trained"
    bridge.take(model, {name: first[name] for name in ("link", *bridge.SHARED)})
    assert bridge.page_state(model) == first


def test_a_link_of_an_uploaded_kernel_carries_its_numbers():
    one = EStepModel()
    one.load_kernel_file("k.txt", b"1 0 2\n0 1 0\n0 0 1\n1 0 -1\n")
    other = EStepModel()
    bridge.take(other, {"link": bridge.link_of(one)})
    np.testing.assert_array_equal(other.trace.kernel, one.trace.kernel)


def test_a_link_undoes_what_it_does_not_name():
    one = EStepModel(kernel_source="random", seed=5, index=3, m=2.0)
    bridge.take(one, {"link": {"jaspar": "STAT3"}})
    assert one.kernel.label.startswith("STAT3")
    assert (one.kernel_source, one.index, one.m) == ("jaspar", 0, 2.0)


def test_the_first_screen_needs_no_link():
    assert bridge.link_of(EStepModel()) == {}


def test_every_step_of_the_page_has_its_words_and_its_tracks():
    steps, (above, below) = page_steps(), quantities()
    assert [step["name"] for step in steps] == [step.name for step in STEPS]
    assert len(above) == len(below) == len(STEPS)
    assert below[[step.name for step in STEPS].index("posterior")] == "posterior"
    conditions = {step["name"]: step["when"] for step in steps if step["when"]}
    assert conditions == {
        "activated": {"key": "activation", "not": "identity"},
        "cells": {"key": "local_window", "not": 1},
    }


def test_every_control_of_the_page_is_bound_to_something_the_model_knows(model):
    known = set(bridge.page_state(model))
    assert {control["key"] for control in (*READINGS, *NETWORK_SLIDERS)} <= known


PASTED = {"sequence_source": "pasted", "pasted": ">a\nACGTTGCANACGTTAGCA\n>b\nGATTACAGATTACAGATTACA\n", "index": 1}


def test_going_back_to_a_link_of_this_visit_loses_no_pasted_sequence():
    model, memory = EStepModel(), bridge.Memory(most=2)
    memory.keep(model)
    model.restore(PASTED)
    memory.keep(model)
    mine = bridge.link_of(model)
    assert "GATTACA" in mine["pasted"]
    assert "ACGTTGCAN" not in mine["pasted"], "a link carries the one sequence on the screen"
    bridge.take(model, {"link": {}}, memory)
    assert model.sequence_source == "example"
    memory.keep(model)
    bridge.take(model, {"link": json.loads(json.dumps(mine))}, memory)
    assert {name: getattr(model, name) for name in PASTED} == PASTED


def test_the_first_state_is_never_forgotten_and_the_oldest_is():
    model, memory = EStepModel(**PASTED), bridge.Memory(most=2)
    memory.keep(model)
    first, links = bridge.link_of(model), []
    for seed in range(4):
        model.restore({"kernel_source": "random", "seed": seed, "sequence_source": "example"})
        memory.keep(model)
        links.append(bridge.link_of(model))
    assert memory.choices(first)["pasted"] == PASTED["pasted"]
    assert memory.choices(links[-1])["pasted"] == PASTED["pasted"]
    assert memory.choices(links[0])["pasted"] == "", "forgotten: only what the link says"


# --- both strands: of a motif, or of a network

SKEWED = {"both_strands": True, "background": "typed", "letter_shares": [0.4, 0.1, 0.2, 0.3]}
OWN_COMPLEMENT = {"both_strands": True, "background": "typed", "letter_shares": [0.3, 0.2, 0.2, 0.3]}
TRAINED = {"kernel_source": "trained", "trained": "p73_max", "rank": 1}


@pytest.mark.parametrize(
    ("kernel", "reading"),
    [
        ({"kernel_source": "jaspar"}, "motif"),
        ({"kernel_source": "typed"}, "motif"),
        ({"kernel_source": "random"}, "motif"),
        (TRAINED, "network"),
    ],
)
def test_the_kernel_in_hand_says_how_both_strands_are_read(kernel, reading):
    model = EStepModel(**kernel, **SKEWED)
    state = bridge.page_state(model)
    assert (state["strand_reading"], model.trace.strand_reading) == (reading, reading)
    assert ("start uniform" in model.trace.statement) == (reading == "motif")
    assert ("with the prior e^(m × offset) of its strand" in model.trace.statement) == (reading == "network")


def test_the_choice_is_offered_only_where_it_matters():
    choice = next(each for each in READINGS if each["key"] == "strand_reading")
    assert choice["when"] == {"key": "strands_differ", "is": True}
    differ = lambda **state: bridge.page_state(EStepModel(**state))["strands_differ"]  # noqa: E731
    assert differ(**SKEWED)
    assert not differ(**SKEWED | {"both_strands": False})
    assert not differ(**OWN_COMPLEMENT)
    assert not differ(both_strands=True)


def opened(one: EStepModel) -> EStepModel:
    """The dashboard that a link of another one opens."""
    first, now = bridge.page_state(EStepModel()), bridge.page_state(one)
    patch = {name: now[name] for name in ("link", *bridge.SHARED) if now[name] != first[name]}
    other = EStepModel()
    bridge.take(other, json.loads(json.dumps(patch)))
    return other


@pytest.mark.parametrize("kernel", [{"kernel_source": "jaspar"}, {"kernel_source": "typed"}, TRAINED])
@pytest.mark.parametrize("choice", ["kernel", "motif", "network"])
def test_a_link_carries_how_both_strands_are_read(kernel, choice):
    one = EStepModel(**kernel, **SKEWED, strand_reading=choice)
    other = opened(one)
    assert (other.strand_reading, other.read_as) == (choice, one.read_as)
    np.testing.assert_array_equal(other.trace.posterior, one.trace.posterior)


def test_a_link_from_before_there_was_a_choice_opens_as_the_kernel_in_hand_has_it():
    other = EStepModel()
    link = {"kernel_source": "trained", "trained": "p73_max", "background": "data"}
    bridge.take(other, {"link": link, "both_strands": True})
    assert (other.message, other.read_as, other.both_strands) == ("", "network", True)
    bridge.take(other, {"link": {"jaspar": "STAT3", "background": "data"}, "both_strands": True})
    assert (other.message, other.read_as, other.both_strands) == ("", "motif", True)


def test_the_kernel_of_a_network_stays_one_when_it_is_edited_and_linked():
    one = EStepModel(**TRAINED, **SKEWED)
    kernel = np.asarray(one.trace.kernel).tolist()
    kernel[2][-1] += 0.5
    bridge.take(one, {"kernel": kernel})
    assert (one.kernel_source, one.read_as) == ("typed", "network")
    assert one.kernel.label.endswith("(edited)")
    assert opened(one).read_as == "network"
    motif = EStepModel(**SKEWED)
    kernel = np.asarray(motif.trace.kernel).tolist()
    kernel[0][0] -= 0.5
    bridge.take(motif, {"kernel": kernel})
    assert (motif.kernel_source, motif.read_as) == ("typed", "motif")


def test_what_the_page_chooses_holds_until_another_kind_of_kernel_is_chosen():
    model = EStepModel(**SKEWED)
    bridge.take(model, {"strand_reading": "network"})
    assert (model.read_as, bridge.page_state(model)["strand_reading"]) == ("network", "network")
    model.jaspar = "STAT3"
    assert model.read_as == "network"
    model.kernel_source = "typed"
    assert model.read_as == "motif"
    bridge.take(model, {"strand_reading": "motif"})
    assert model.strand_reading == "kernel", "what it is anyway is no choice"


def test_a_motif_without_a_base_is_explained_and_a_network_is_the_way_out():
    model = EStepModel(**SKEWED)
    bridge.take(model, {"m": 1.5})
    before = bridge.page_state(model)
    bridge.take(model, {"m": 0.0})
    assert model.message == (
        "m is 0 for a motif on both strands of a background that is not its own complement; accepted: "
        "an m above 0, equal shares of A and T and of C and G, or the reading of a network. It is 1.5 now."
    )
    assert bridge.page_state(model) == before | {"message": model.message}, "nothing on the page is of another m"
    bridge.take(model, {"strand_reading": "network"})
    bridge.take(model, {"m": 0.0})
    assert (model.message, model.m, model.trace.m) == ("", 0.0, 0.0)
    bridge.take(model, {"strand_reading": "motif"})
    assert model.message.endswith("It is 1 now.")
    assert (model.m, model.trace.m, model.read_as) == (1.0, 1.0, "motif"), "the page shows what was chosen"


@pytest.mark.parametrize("last", ["both_strands", "background_choice", "letter_shares", "strand_reading", "m"])
def test_no_order_of_choices_leaves_a_motif_without_a_base_on_the_page(last):
    """Each choice as the last one, and all at once with a place to look at, as a link opens."""
    skewed = {
        "both_strands": True,
        "background_choice": "typed",
        "letter_shares": [0.4, 0.1, 0.2, 0.3],
        "strand_reading": "motif",
        "m": 0.0,
    }
    other = {
        "both_strands": False,
        "background_choice": "uniform",
        "letter_shares": [0.3, 0.2, 0.2, 0.3],
        "strand_reading": "network",
        "m": 1.0,
    }
    fitting, opened = EStepModel(), EStepModel()
    bridge.take(fitting, skewed | {last: other[last]})
    assert (fitting.message, fitting.trace.m) == ("", fitting.m)
    bridge.take(fitting, {last: skewed[last]})
    bridge.take(opened, skewed | {"step": 2, "cursor": 5})
    for model in (fitting, opened):
        assert (model.m, model.trace.m) == (1.0, 1.0)
        assert model.message.startswith("m is 0 for a motif on both strands")
        assert model.message.endswith("It is 1 now.")
        shown = bridge.page_state(model)
        wanted = skewed | {"m": 1.0}
        assert {name: shown[name] for name in wanted} == {
            **wanted,
            "letter_shares": pytest.approx(wanted["letter_shares"]),
        }
    bridge.take(opened, {"cursor": 6})
    opened.visitor_data = opened.visitor_data.with_stored({"model": {"n": 2}})
    assert opened.message, "looking elsewhere does not mend it"


def test_what_a_page_kept_is_no_edit_of_a_motif_on_both_strands():
    """The imaginary site of a motif is half of either strand, so its kernel follows the choice of strands."""
    one = EStepModel(**SKEWED)
    assert not np.array_equal(one.trace.kernel, EStepModel(**SKEWED | {"both_strands": False}).trace.kernel)
    now, other = bridge.page_state(one), EStepModel()
    bridge.take(other, {name: now[name] for name in ("link", "both_strands", "kernel", "codes")})
    assert (other.kernel_source, other.kernel.label) == ("jaspar", one.kernel.label)
