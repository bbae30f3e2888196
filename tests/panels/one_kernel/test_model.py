"""The model: choices in, trace out; whatever cannot be used is explained and loses nothing."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epool_viz.core.trace import EStepTrace, e_step_trace
from epool_viz.data.examples import MODEL_NAMES, load_example, load_example_model
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.errors import ArgumentError
from epool_viz.panels.one_kernel.model import BOUNDS, LONGEST_TEXT, MOST_LETTERS, EStepModel, best_window
from tests.panels.conftest import SMALL

OTHER = {
    "index": 1,
    "bias": 0.5,
    "m": 0.7,
    "mode": 1,
    "both_strands": True,
    "background": "data",
    "occurrence": "zoops",
    "site_rate": 0.2,
    "activation": "paper",
    "local_window": 2,
    "padding": "same",
    "seed": 5,
    "width": 4,
    "step": 3,
    "window": 2,
}


def same_trace(a: EStepTrace, b: EStepTrace) -> bool:
    return a.sequence == b.sequence and np.array_equal(a.posterior, b.posterior) and a.pooled == b.pooled


def test_the_first_state_is_ctcf_on_its_first_peak():
    model = EStepModel()
    assert model.kernel.label.startswith("CTCF")
    assert model.trace.sequence == load_example("ctcf_peaks")[0]
    assert (model.trace.m, model.message, model.step) == (1.0, "", 0)
    assert model.window == best_window(model.trace) == int(np.argmax(model.trace.posterior))
    assert model.trace.exact
    # worth looking at: more than one window counts
    assert 1.5 < model.trace.effective_windows < 4


def test_trace_is_what_core_says_of_the_choices(small):
    kernel = np.array([[1.0, 0, 0], [0, 2, 0], [0, 0, 3], [0, 0, -1]])
    assert same_trace(small.trace, e_step_trace("ACGTACGTT", kernel))
    assert small.trace.scores[0] == 6
    assert small.sequence_name == "first"


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, value in OTHER.items() if name not in ("seed", "width", "step", "window", "index")],
)
def test_every_option_reaches_core(small, name, value):
    small.index = 1
    small.m = 0.9
    if name == "site_rate":
        small.occurrence = "zoops"
    setattr(small, name, value)
    assert small.message == ""
    options = {"m": 0.9, "occurrence": small.occurrence, name: value}
    if name == "background":
        options[name] = small.sequences.letter_frequencies()
    expected = e_step_trace("TTGNACA", small.kernel.matrix, **options)
    assert same_trace(small.trace, expected)
    assert getattr(small.trace, name) == value if name != "background" else True


def test_background_from_the_data_moves_a_jaspar_kernel():
    model = EStepModel.from_state({"background": "data", "example": "p73_peaks", "jaspar": "TP73"})
    q = load_example("p73_peaks").letter_frequencies()
    np.testing.assert_allclose(model.trace.background, q)
    motif = load_jaspar("TP73")
    expected = (motif.counts + q[:, None]) / (motif.counts.sum(axis=0) + 1)
    np.testing.assert_allclose(model.trace.pwm.ppm, expected, rtol=1e-10)


def test_random_kernel_follows_seed_and_width():
    model = EStepModel.from_state({"kernel_source": "random", "seed": 5, "width": 4})
    assert model.trace.width == 4
    before = model.trace.kernel
    model.seed = 6
    assert not np.array_equal(before, model.trace.kernel)


def test_state_round_trips_through_json():
    state = EStepModel.from_state({**SMALL, **OTHER}).state()
    again = EStepModel.from_state(json.loads(json.dumps(state)))
    assert again.state() == state
    assert {name: state[name] for name in OTHER} == OTHER
    assert set(state) == {*EStepModel.CHOICES, *EStepModel.LOOKING}


def test_state_of_a_choice_that_cannot_be_used_round_trips_too():
    model = EStepModel.from_state({"jaspar": "no such motif"})
    assert model.message
    again = EStepModel.from_state(model.state())
    assert again.message == model.message
    assert again.trace is not None


def test_restore_refuses_an_unknown_name_and_a_wrong_value(small):
    before = small.state()
    with pytest.raises(ArgumentError) as caught:
        small.restore({"m": 2.0, "colour": "red"})
    assert str(caught.value).startswith("`colour` is not part of the state; accepted: sequence_source, example, ")
    with pytest.raises(ArgumentError, match="`state` is not usable"):
        small.restore({"m": 2.0, "mode": 7})
    with pytest.raises(ArgumentError, match="`state` is not usable"):
        small.restore({"m": 2.0, "step": "last"})
    assert small.state() == before


def test_a_typed_background_is_scaled_and_used(small):
    small.restore({"background": "typed", "letter_shares": [4.0, 1.0, 2.0, 3.0]})
    assert small.letter_shares == [0.4, 0.1, 0.2, 0.3]
    np.testing.assert_allclose(small.trace.background, [0.4, 0.1, 0.2, 0.3], rtol=1e-12)
    typed = float(small.trace.log_evidence)
    small.background = "uniform"
    assert float(small.trace.log_evidence) != pytest.approx(typed, rel=1e-6)
    assert small.letter_shares == [0.4, 0.1, 0.2, 0.3], "kept for whoever goes back"


@pytest.mark.parametrize(
    "shares",
    [[0.5, 0.5], [1.0, 0.0, 1.0, 1.0], [1.0, float("nan"), 1.0, 1.0], ["a", 1, 1, 1], None, [-1.0, 1, 1, 1], [0] * 4],
)
def test_shares_that_are_no_background_are_refused(small, shares):
    before = small.state()
    with pytest.raises(ArgumentError, match=r"letter_shares is .*accepted: 4 shares of the sum, each at least 0\.0001"):
        small.restore({"letter_shares": shares})
    assert small.state() == before


@pytest.mark.parametrize("name", BOUNDS)
def test_numbers_beyond_their_bounds_are_moved_to_them(name):
    low, high = BOUNDS[name]
    model = EStepModel.from_state(SMALL)
    setattr(model, name, type(low)(high + 10**6) if name not in ("index", "which") else 10**400)
    assert getattr(model, name) == (1 if name == "index" else high)
    setattr(model, name, type(low)(low - 10**6))
    assert getattr(model, name) == low


@pytest.mark.parametrize("noise", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_changes_nothing(small, noise):
    before = small.trace
    small.m = noise
    assert small.m == 1.0
    assert small.trace is before


def test_float_noise_of_a_slider_is_no_change(small):
    before = small.trace
    small.m = 1.0000000000000002
    assert small.trace is before


@given(step=st.integers(-(10**9), 10**9), window=st.integers(-(10**9), 10**9))
@settings(max_examples=30, deadline=None)
def test_step_and_window_stay_on_the_page(step, window):
    model = EStepModel.from_state(SMALL)
    model.step, model.window = step, window
    assert 0 <= model.step <= 8
    assert 0 <= model.window <= 6
    assert model.step == min(max(step, 0), 8)
    assert model.window == min(max(window, 0), 6)


MISTAKES = [
    ({"jaspar": "CTFC", "kernel_source": "jaspar"}, "The JASPAR name is 'CTFC'; accepted: "),
    (
        {"jaspar": " ", "kernel_source": "jaspar"},
        "The JASPAR name is empty; accepted: a name or accession, such as CTCF.",
    ),
    ({"kernel_text": "1 2 x"}, "The typed matrix, line 1: found "),
    ({"kernel_text": ""}, "The kernel is empty; accepted: a matrix: four rows of numbers, A C G T."),
    ({"kernel_text": "1e9\n0\n0\n-1"}, "The kernel is a matrix with an entry of size 1e+09; accepted: at most 1e+06."),
    ({"kernel_source": "file"}, "The kernel is empty; accepted: a matrix: four rows of numbers, A C G T."),
    ({"pasted": "ACGTX"}, "The pasted text, line 1: found 'X'; accepted: DNA letters ACGT in either case"),
    ({"pasted": ""}, "The sequence is empty; accepted: letters A C G T and N, or FASTA."),
    (
        {"pasted": "AC"},
        "The sequence is 2 letters long; accepted: at least as many letters as the kernel has columns, 3.",
    ),
    ({"pasted": "ACNACNAC"}, "The sequence is without a window of known letters; accepted: 3 known letters in a row."),
    (
        {"pasted": "A" * (MOST_LETTERS + 1)},
        "The sequence is 10,001 letters long; accepted: at most 10,000 letters.",
    ),
    ({"example": "nothing", "sequence_source": "example"}, "The bundled set is 'nothing'; accepted: "),
    ({"local_window": 50}, "Local window is 50 for 7 windows; accepted: at most the number of windows."),
    ({"pasted": "AAAAACG", "background": "data"}, "Background is "),
]


@pytest.mark.parametrize(("choice", "message"), MISTAKES)
def test_a_mistake_is_explained_and_loses_nothing(small, choice, message):
    trace, kernel = small.trace, small.kernel
    small.restore(choice)
    assert small.message.startswith(message)
    assert small.trace is trace
    assert small.kernel is kernel
    for name, value in choice.items():
        assert getattr(small, name) == value
    small.restore({name: value for name, value in {**EStepModel().state(), **SMALL}.items() if name in choice})
    assert small.message == ""


def test_a_text_beyond_the_cap_is_refused_and_the_old_one_kept(small):
    small.pasted = "A" * (LONGEST_TEXT + 1)
    assert small.message == "The text has 1,000,001 characters; accepted: at most 1,000,000."
    assert small.pasted == SMALL["pasted"]


def test_sequences_of_the_cap_are_taken(small):
    small.pasted = "ACGT" * (MOST_LETTERS // 4)
    assert small.message == ""
    assert len(small.trace.sequence) == MOST_LETTERS


OF_A_NETWORK = ("bias", "m", "mode", "local_window", "activation", "padding", "both_strands")


def network_of(model):
    return {name: getattr(model, name) for name in OF_A_NETWORK}


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_a_trained_model_is_shown_as_it_computes(name):
    model = EStepModel(m=3.0, mode=1, both_strands=True, activation="relu", local_window=7, bias=4.0)
    model.kernel_source = "trained"
    model.trained = name
    stored, info = load_example_model(name)
    model.rank = 2
    place = np.argsort(-np.abs(stored.output_weights))[2]
    np.testing.assert_array_equal(model.trace.kernel, stored.kernels[place])
    paper = info.preset == "paper"
    assert network_of(model) == {
        "bias": round(float(stored.biases[place]), 9), "m": 1.0, "mode": 0, "both_strands": False,
        "local_window": 5 if paper else 1, "activation": "paper" if paper else "identity",
        "padding": "same" if paper else "valid",
    }  # fmt: skip
    assert model.message == ""
    assert model.trace.exact is not paper
    said = {"max": "“max”", "average": "“average”", "logsumexp": "“log-sum-exp”", "expectation": "ePool is the number"}
    assert said[info.pooling] in model.network_note
    assert model.network_note in model.notes
    assert f"{stored.output_weights[place]:.3g} times".replace("-", "−") in model.network_note
    assert model.kernel.label == f"{info.title}: {model.trained_kernels[2]}"
    assert model.trained_kernels[2].startswith(f"kernel {place + 1}, output weight ")


def test_another_kernel_of_a_model_brings_its_bias_alone():
    model = EStepModel(kernel_source="trained", m=2.0)
    first = model.bias
    model.rank = 1
    assert (model.m, model.bias != first) == (2.0, True)
    assert model.network_note == "Not what the network computes: it has m = 1."
    model.padding = "same"
    model.activation = "relu"
    assert model.network_note == "Not what the network computes: it has m = 1, no rectifier and no padding."
    model.restore({"mode": 1, "both_strands": True, "local_window": 2, "m": 1.0})
    assert "mode 0, no local maximum, no rectifier, no padding and one strand." in model.network_note
    model.trained = "ctcf_max"
    assert (model.m, model.padding, model.rank) == (1.0, "valid", 0)
    model.rank = 10**6
    assert model.trace.kernel.shape == (4, 15)
    assert model.kernel.label.endswith(model.trained_kernels[-1])


def test_what_a_state_names_is_not_brought_by_a_model():
    model = EStepModel(kernel_source="trained", trained="ctcf_paper", m=0.5, padding="valid")
    assert (model.m, model.padding, model.activation, model.local_window) == (0.5, "valid", "paper", 5)
    model.restore({"index": 3})
    assert (model.m, model.padding) == (0.5, "valid")
    assert model.network_note == "Not what the network computes: it has m = 1 and zeros at both ends."
    model.restore({"m": 1.0, "padding": "same", "activation": "relu", "local_window": 1, "bias": 9.0})
    bias = f"{load_example_model('ctcf_paper').model.biases[4]:.3g}".replace("-", "−")
    said = f"it has bias = {bias}, a local maximum over 5 windows and the published rectifier."
    assert model.network_note == f"Not what the network computes: {said}"


def test_leaving_a_trained_model_leaves_its_settings_and_editing_it_does_not():
    model = EStepModel(kernel_source="trained", trained="ctcf_paper", m=0.5)
    settings = network_of(model)
    model.restore({"kernel_source": "typed", "kernel_text": "A 1 2\nC 0 1\nG 1 0\nT 0 0\n"})  # as an edit does it
    assert network_of(model) == settings
    assert (model.network_note, model.trained_kernels) == ("", ())
    model.kernel_source = "trained"
    model.kernel_source = "jaspar"
    assert network_of(model) == network_of(EStepModel())
    model.trained = "p73_max"  # not in use
    assert network_of(model) == network_of(EStepModel())


def test_a_model_that_does_not_ship_is_refused(small):
    with pytest.raises(ArgumentError, match="`state` is not usable"):
        small.restore({"trained": "ctfc_max", "kernel_source": "trained"})
    assert small.kernel_source == "typed"


def test_an_uploaded_kernel_is_used_at_once(small):
    small.load_kernel_file("k.txt", b"\xef\xbb\xbf1 0\n0 1\n0 -2\n1 1\n")
    assert (small.kernel_source, small.file_name, small.trace.width, small.message) == ("file", "k.txt", 2, "")
    assert EStepModel.from_state(small.state()).trace.width == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"0" * (LONGEST_TEXT + 1), "The file k.txt is 1,000,001 bytes large; accepted: at most 1,000,000 bytes."),
        (
            b"\x89HDF\xff\xfe",
            "The file k.txt is not a text in UTF-8; accepted: a text: MEME, JASPAR, or rows of numbers.",
        ),
        (b"hello", "k.txt, line 1: found "),
        (b"1 " * 51 + b"\n" + b"0 " * 51 + b"\n" + b"-1 " * 51 + b"\n" + b"2 " * 51, "The kernel is 51 columns wide"),
    ],
    ids=["too large", "binary", "words", "too wide"],
)
def test_an_uploaded_file_that_cannot_be_used_is_explained_and_changes_nothing(small, content, message):
    before = small.state()
    small.load_kernel_file("k.txt", content)
    assert small.message.startswith(message)
    assert small.state() == before


def test_an_uploaded_motif_file_may_begin_with_a_byte_order_mark(small):
    small.load_kernel_file("m.jaspar", b"\xef\xbb\xbf>one\nA [1 2]\nC [3 4]\nG [5 6]\nT [7 8]\n")
    assert (small.message, small.kernel.label, small.file_motifs) == ("", "one", ("one",))


def test_another_set_starts_at_its_first_sequence(small):
    small.index = 1
    small.pasted = "ACGTT\nTTTTTT\nACACAC"
    assert (small.index, small.trace.sequence) == (0, "ACGTT")


@pytest.mark.parametrize("index", [2, 17])
def test_index_is_moved_into_a_set(small, index):
    small.index = index
    assert (small.index, small.trace.sequence) == (1, "TTGNACA")


def test_step_keeps_its_name_when_the_walk_changes(small):
    small.step = 4
    assert small.current_step.name == "exponentials"
    small.activation = "relu"
    assert small.current_step.name == "exponentials"
    small.local_window = 2
    assert (small.current_step.name, small.step) == ("exponentials", 6)
    small.step = 4
    assert small.current_step.name == "cells"
    small.local_window = 1
    assert small.step == 4
    assert [step.name for step in small.steps][:5] == ["onehot", "window", "scores", "activated", "shifted"]


def test_window_in_hand_stays_when_only_m_moves_and_goes_to_the_best_elsewhere(small):
    small.window = 2
    small.m = 3.0
    assert small.window == 2
    small.index = 1
    assert small.window == best_window(small.trace)
    assert best_window(small.trace) == int(np.argmax(small.trace.posterior))


@pytest.mark.parametrize(("letters", "best"), [("ACGTTTT", 0), ("TTACGTT", 2), ("TTTTACG", 4)])
def test_best_window_finds_the_site_first_middle_last(small, letters, best):
    small.pasted = letters
    assert small.window == best


@pytest.mark.parametrize("option", [{"both_strands": True}, {"padding": "same"}])
def test_window_in_hand_goes_to_the_best_where_windows_are_numbered_anew(small, option):
    small.window = 2
    small.restore(option)
    assert small.window == best_window(small.trace) != 2


def test_a_sequence_as_long_as_the_kernel_has_one_window(small):
    small.pasted = "ACG"
    assert (small.message, len(small.trace.starts), small.window) == ("", 1, 0)


def test_notes_tell_what_the_readers_took_for_granted(small):
    assert small.notes[0] == "The numbers as they are."
    small.pasted = "acgtacgt"
    assert any("Lower-case" in note for note in small.notes)


def test_one_change_computes_one_trace(small, monkeypatch):
    calls = []

    def counted(*args, **kwargs):
        calls.append(1)
        return e_step_trace(*args, **kwargs)

    monkeypatch.setattr("epool_viz.panels.one_kernel.model.e_step_trace", counted)
    small.m = 2.0
    small.pasted = "ACGTACG"
    small.restore({"m": 0.5, "mode": 1, "both_strands": True})
    small.step, small.window = 3, 1
    assert len(calls) == 3
    small.sequence_source = "example"
    small.kernel_source = "trained"
    small.trained = "ctcf_paper"
    small.rank = 4
    small.kernel_source = "jaspar"
    assert len(calls) == 8


def test_a_sentence_about_one_letter_or_about_many_sequences_is_english():
    model = EStepModel(sequence_source="pasted", pasted="A")
    assert model.message.startswith("The sequence is 1 letter long; accepted")
    model.pasted = "AC"
    assert model.message.startswith("The sequence is 2 letters long; accepted")
    model.sequence_source = "yours"
    model.visitor_data = model.visitor_data.with_stored({})
    assert model.message.startswith("Sequences are yours, and nothing of the kind"), model.message


def test_a_dashboard_opens_at_the_posterior_unless_a_step_is_named():
    assert EStepModel.opened().current_step.name == "posterior"
    assert EStepModel.opened(activation="relu", local_window=3).current_step.name == "posterior"
    assert EStepModel.opened(step=1).step == 1
    assert EStepModel().step == 0
