"""A visitor's own kernel brings what its file tells of its network, and the screen says what holds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from epool_viz import import_kernels, kernel_to_pwm, reverse_complement
from epool_viz.data.examples import load_example_model
from epool_viz.data.networks.network_settings import WholeNetwork
from epool_viz.panels.one_kernel.model import EStepModel
from epool_viz.panels.pwm.model import PwmModel
from epool_viz.panels.shared.visitor_data import VisitorData

RNG = np.random.default_rng(sum(map(ord, "a kernel of yours")))
PLAIN = import_kernels({"c.weight": RNG.normal(size=(3, 4, 5)), "c.bias": np.array([0.25, -2.0, 1.5])})
KERAS = dataclasses.replace(PLAIN, activation="relu", pooling="max", padding="same")
TANH = dataclasses.replace(PLAIN, activation="tanh", pooling="max")
WHOLE = dataclasses.replace(
    PLAIN,
    output_weights=np.array([1.0, -0.5, 3.0]),
    whole=WholeNetwork("logsumexp", 1.75, 0, 2, "paper", "same", -0.75),
)
PUBLISHED = import_kernels(load_example_model("ctcf_paper").info.path)


def settings(model: EStepModel) -> tuple:
    return model.bias, model.activation, model.padding, model.m, model.local_window


def shown(kernels, **state) -> EStepModel:
    model = EStepModel()
    model.visitor_data = VisitorData({}).with_opened(kernels)
    model.restore({"kernel_source": "yours"} | state)
    return model


@pytest.mark.parametrize(
    ("kernels", "expected", "note"),
    [
        (PLAIN, (-2.0, "identity", "valid", 1.0, 1), "Set as in the file: its bias."),
        (KERAS, (-2.0, "relu", "same", 1.0, 1), "Set as in the file: its bias, ReLU, zeros at both ends."),
        (TANH, (-2.0, "identity", "valid", 1.0, 1), "its bias. Its activation (tanh) is none of the choices"),
        (WHOLE, (-2.0, "paper", "same", 1.75, 2), "whose gradient is the posterior shown here. It counts −0.5 times"),
    ],
    ids=["plain", "keras", "tanh", "whole"],
)
def test_a_kernel_of_yours_brings_what_its_file_tells(kernels, expected, note) -> None:
    model = shown(kernels, which=1)
    assert model.message == ""
    assert settings(model) == expected
    assert note in model.network_note
    assert model.network_note in model.notes


@pytest.mark.parametrize(
    ("kernels", "reading"),
    [
        (PLAIN, "network"),
        (WHOLE, "network"),
        (">m\nA [8 0 1 2]\nC [1 9 0 3]\nG [0 0 7 1]\nT [1 1 2 4]\n", "motif"),
        ("1.5 -2 0\n0 0.5 1\n-0.5 3 2\n0 1 -1\n", "motif"),
    ],
    ids=["arrays", "whole", "motifs", "a matrix of scores"],
)
def test_a_kernel_of_yours_reads_both_strands_as_what_it_is(kernels, reading, tmp_path) -> None:
    if isinstance(kernels, str):
        (tmp_path / "mine.txt").write_text(kernels)
        kernels = import_kernels(tmp_path / "mine.txt")
    skewed = {"both_strands": True, "background": "typed", "letter_shares": [0.4, 0.1, 0.2, 0.3]}
    model = shown(kernels, **skewed)
    assert (model.message, model.read_as, model.trace.strand_reading) == ("", reading, reading)


MEME = """MEME version 4

ALPHABET= ACGT

Background letter frequencies
A 0.3 C 0.15 G 0.25 T 0.3

MOTIF one
letter-probability matrix: alength= 4 w= 2 nsites= 9
0.1 0.7 0.1 0.1
0.2 0.2 0.5 0.1

MOTIF two
letter-probability matrix: alength= 4 w= 3 nsites= 9
0.1 0.1 0.1 0.7
0.6 0.2 0.1 0.1
0.3 0.3 0.2 0.2
"""


@pytest.fixture
def motifs(tmp_path):
    (tmp_path / "two.meme").write_text(MEME)
    return import_kernels(tmp_path / "two.meme")


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("shares", [[0.25] * 4, [0.4, 0.1, 0.2, 0.3], [0.3, 0.15, 0.25, 0.3]])
def test_a_motif_of_yours_means_itself_against_the_background_on_the_screen(motifs, which, shares) -> None:
    model = shown(motifs, which=which, background="typed", letter_shares=shares)
    of_the_file = [0.3, 0.15, 0.25, 0.3]
    width = (2, 3)[which]
    expected = kernel_to_pwm(motifs.kernels[which], background=of_the_file).ppm[:, :width]
    np.testing.assert_allclose(model.trace.pwm.ppm[:, :width], expected, rtol=1e-12)
    assert float(model.trace.pwm.offset) == pytest.approx(0, abs=1e-12)
    assert not model.trace.kernel[:, width:].any(), "what only fills up adds nothing"
    told = " ".join(model.notes)
    assert ("a background of its own, which is not the one on the screen: A 0.3" in told) == (shares != of_the_file)
    assert ("The background is the file's" in told) == (shares == of_the_file)


def test_a_motif_of_yours_finds_the_same_site_on_the_other_strand(motifs) -> None:
    text, q = "ACCTTGACANACGGTTAAACC", [0.4, 0.1, 0.2, 0.3]
    given, other = (
        shown(
            motifs,
            which=1,
            both_strands=True,
            sequence_source="pasted",
            pasted=each,
            background="typed",
            letter_shares=s,
        ).trace
        for each, s in ((text, q), (reverse_complement(text), q[::-1]))
    )
    np.testing.assert_allclose(given.posterior[::-1], other.posterior, rtol=1e-9, atol=1e-12)
    assert float(given.pooled) == pytest.approx(float(other.pooled), rel=1e-10)


def test_a_published_network_of_yours_computes_what_the_same_one_that_ships_does() -> None:
    ours = EStepModel(kernel_source="trained", trained="ctcf_paper", rank=0)
    stored = load_example_model("ctcf_paper").model
    model = shown(PUBLISHED, which=int(np.argmax(np.abs(stored.output_weights))))
    assert settings(model) == settings(ours)
    assert model.trace.pooled == ours.trace.pooled
    assert model.network_note == ours.network_note


def test_another_kernel_of_the_file_brings_its_bias_alone_and_a_change_is_told() -> None:
    model = shown(KERAS)
    model.activation = "identity"
    model.which = 2
    assert settings(model) == (1.5, "identity", "same", 1.0, 1)
    assert model.network_note == "Not what the network computes: it has ReLU."


def test_from_a_trained_kernel_to_yours_and_back_each_has_its_own_settings() -> None:
    model = EStepModel(kernel_source="trained", trained="ctcf_paper")
    published = settings(model)
    model.visitor_data = VisitorData({}).with_opened(PLAIN)
    model.kernel_source = "yours"
    assert settings(model) == (0.25, "identity", "valid", 1.0, 1)
    model.kernel_source = "trained"
    assert settings(model) == published
    model.kernel_source = "yours"
    model.kernel_source = "jaspar"
    assert settings(model) == (0.0, "identity", "valid", 1.0, 1)


def test_what_a_link_asks_for_outlives_the_arrival_of_the_model_and_sequences_change_nothing() -> None:
    model = EStepModel(kernel_source="yours", activation="identity", m=0.5)
    model.visitor_data = VisitorData({}).with_opened(KERAS)
    assert settings(model) == (0.25, "identity", "same", 0.5, 1)
    model.padding = "valid"
    model.visitor_data = model.visitor_data.with_data("sequences", {}, b">a\nACGTACGTAC\n")
    assert model.padding == "valid"
    model.visitor_data = VisitorData({}).with_opened(WHOLE)
    assert settings(model) == (0.25, "paper", "same", 1.75, 2)


def test_the_motif_of_a_kernel_of_yours_takes_its_m_and_bias_and_nothing_that_is_not_on_its_screen() -> None:
    model = PwmModel()
    model.visitor_data = VisitorData({}).with_opened(WHOLE)
    model.kernel_source = "yours"
    assert settings(model) == (0.25, "identity", "valid", 1.75, 1)
    assert model.network_note == "The scores are those of the network's convolution, with its bias."


@pytest.mark.parametrize(
    ("about", "note"),
    [
        ({"reads_letters": False}, "Not what the network computes: these kernels do not read letters."),
        ({"reads_letters": True}, "Set as in the file: its bias."),
        ({"reads_letters": None}, "Set as in the file: its bias. Whether it reads letters is not known."),
        ({"reads_letters": True, "bias_is_known": False}, "Its bias is not known, and 0 is taken."),
    ],
)
def test_what_is_not_known_of_a_kernel_is_not_told_as_the_file_s(about, note) -> None:
    model = shown(dataclasses.replace(PLAIN, **about))
    assert model.network_note.endswith(note)


def test_a_kernel_that_does_not_read_letters_stands_under_no_claim() -> None:
    statement = "`lstm` (LSTM) stands before `c` and is not folded in."
    model = shown(dataclasses.replace(PLAIN, reads_letters=False, statements=(statement,), check="Not checked."))
    assert statement in model.kernel.reading
    assert not any("a PWM: the score" in each for each in model.notes)
    assert "Not checked." in model.notes
