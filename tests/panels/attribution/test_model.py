"""The state of the attribution panel: choices, tracks and their laws, without a widget."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from epool_viz.analysis.attribution_truth import example_network, site_letters, site_sequences
from epool_viz.core.alphabet import one_hot
from epool_viz.core.attribution import METHODS, attribute_letters
from epool_viz.core.per_letter import smooth_letters
from epool_viz.data.examples import MODEL_NAMES, load_example
from epool_viz.errors import ArgumentError
from epool_viz.panels.attribution.model import MOST_LETTERS, AttributionModel, verdict

SEQUENCE = "ACGTTGCAATTACGATCGATTACGGATTACAGGGACTTTCCACGT"  # 45 letters


def test_state_round_trips_through_json() -> None:
    state = {
        "network": "two_motifs_max",
        "kernel": 2,
        "source": "pasted",
        "example": "p73_peaks",
        "pasted": SEQUENCE,
        "index": 0,
        "edits": [[44, "A"], [0, "N"]],
        "baseline": "shuffles",
        "smooth": True,
    }
    model = AttributionModel(**json.loads(json.dumps(state)))
    assert model.state() == state
    assert AttributionModel(**model.state()).state() == state
    assert set(state) == set(AttributionModel.CHOICES)
    assert model.reading.sequence == "N" + SEQUENCE[1:-1] + "A"


def test_a_state_is_read_once_however_much_it_names() -> None:
    model, readings = AttributionModel(index=3), []
    model.observe(lambda change: readings.append(change.new), names="reading")
    model.restore({"network": "p73_max", "index": 2, "edits": [[5, "A"], [7, "C"]], "baseline": "zeros"})
    assert readings == [model.reading]
    assert (model.source, model.example, model.index) == ("example", "p73_peaks", 2)
    with pytest.raises(ArgumentError):
        model.restore({"network": "ctcf_max", "baseline": "zeros", "smooth": "very"})
    assert readings == [model.reading]
    assert (model.network, model.index) == ("p73_max", 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": 1},
        {"network": "best"},
        {"baseline": "mean"},
        {"index": "x"},
        {"edits": [[3, "B"]]},
        {"edits": [[-1, "A"]]},
        {"edits": [["3", "A"]]},
        {"edits": 3},
        {"edits": [[i, "A"] for i in range(201)]},
    ],
)
def test_what_is_no_choice_is_refused_and_changes_nothing(wrong) -> None:
    model = AttributionModel(index=3)
    before, reading = model.state(), model.reading
    with pytest.raises(ArgumentError):
        model.restore({"smooth": True} | wrong)
    assert model.state() == before
    assert model.reading is reading


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("baseline", ["uniform", "zeros"])
def test_tracks_and_areas_are_those_of_the_library(smooth, baseline) -> None:
    model = AttributionModel(index=199, baseline=baseline, smooth=smooth)  # the last one
    sequences = site_sequences()
    expected = attribute_letters(
        example_network("two_motifs_expectation"), one_hot([sequences[199]]), baseline=baseline
    ).scores
    is_site = site_letters(sequences)[199]
    assert is_site.any()
    for method in METHODS:
        track = smooth_letters(expected[method][0], 15) if smooth else expected[method][0]
        np.testing.assert_array_equal(model.reading.scores(method, model.width), track)
        area = average_precision_score(is_site, track)
        assert model.reading.precision(method, model.width) == pytest.approx(area, rel=1e-12)


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_every_network_brings_its_data_and_keeps_its_laws(name) -> None:
    model = AttributionModel()
    model.network = name
    expected = {"ctcf": "ctcf_peaks", "p73": "p73_peaks"}.get(name.split("_")[0])
    if expected:
        assert (model.source, model.example) == ("example", expected)
        assert model.reading.precision("posterior") is None
    else:
        assert model.source == "simulated"
    assert model.message == ""
    for method in ("deeplift", "integrated_gradients"):
        assert abs(model.reading.missing(method)) < 0.05 * abs(model.reading.output - model.reading.reference)
    assert abs(model.reading.missing("deeplift")) < 1e-9
    assert (abs(model.reading.missing("log_odds")) < 1e-9) is model.arrays.is_exact


def test_networks_of_the_same_data_are_compared_on_the_same_sequence() -> None:
    model = AttributionModel(index=7)
    model.network = "two_motifs_max"
    assert model.index == 7
    model.network = "p73_max"
    assert (model.source, model.example, model.index) == ("example", "p73_peaks", 0)
    model.index = 7
    model.restore({"network": "p73_average"})
    assert model.index == 7


def test_a_link_that_names_network_and_source_has_the_last_word() -> None:
    model = AttributionModel(network="ctcf_max", source="simulated", index=2)
    assert (model.source, model.index) == ("simulated", 2)
    model.restore({"source": "pasted", "pasted": SEQUENCE})
    model.network = "p73_max"  # a sequence of the user's stays
    assert model.source == "pasted"


def test_a_number_beyond_the_set_is_its_last_one_and_another_set_begins_at_its_first() -> None:
    model = AttributionModel(index=10**9)
    assert model.index == 199
    model.source = "example"
    assert model.index == 0
    assert model.reading.sequence == load_example("ctcf_peaks")[0]


def test_known_sites_of_a_bundled_set_count_and_a_sequence_without_one_has_no_area() -> None:
    model = AttributionModel(source="example", example="crp0", index=1)
    assert model.reading.knows_sites
    assert model.reading.sites == tuple((s.start, s.stop, "site") for s in load_example("crp0").sites[1])
    assert 0 < model.reading.precision("deeplift") <= 1


@pytest.mark.parametrize(
    ("pasted", "told"),
    [
        ("", "The sequence is empty; accepted: letters A C G T"),
        ("ACGT", "The sequence is 4 letters long, without 15 known ones in a row; accepted: 15 known letters"),
        ("ACGTN" * 10, "without 15 known ones in a row"),
        ("A" * (MOST_LETTERS + 1), "The sequence is 3,001 letters long; accepted: at most 3,000 letters"),
        (f">x\n{SEQUENCE}!", "The pasted text, line 2: "),
    ],
)
def test_a_sequence_that_cannot_be_read_is_explained_and_the_last_reading_stays(pasted, told) -> None:
    model = AttributionModel()
    reading = model.reading
    model.restore({"source": "pasted", "pasted": pasted})
    assert told in model.message
    assert model.reading is reading
    model.pasted = SEQUENCE
    assert model.message == ""
    assert model.reading.sequence == SEQUENCE


def test_a_file_that_cannot_be_read_changes_nothing() -> None:
    model = AttributionModel()
    before = model.state()
    for content, told in (
        (b"\xff\xfe\x00", "not a text in UTF-8"),
        (b">x\nAC!GT\n", "'!'"),
        (b"A" * 1_000_001, "bytes"),
    ):
        model.load_file("mine.fa", content)
        assert told in model.message
        assert model.state() == before
    model.load_file("mine.fa", f">one\n{SEQUENCE}\n>two\n{SEQUENCE[::-1]}\n".encode())
    assert (model.source, len(model.sequences), model.message) == ("pasted", 2, "")


def test_a_changed_letter_changes_the_reading_and_the_unchanged_one_is_kept() -> None:
    model = AttributionModel()
    before = model.reading
    ((first, stop, _),) = before.sites
    for places in ([first], [0, 199], range(first, stop)):
        edits = [[i, "T" if before.sequence[i] != "T" else "A"] for i in places]
        model.edits = [[i, "N"] for i, _ in edits] + edits + [[5000, "A"]]  # the last one for a place holds
        expected = list(before.sequence)
        for i, letter in edits:
            expected[i] = letter
        assert model.reading.sequence == "".join(expected)
        assert dict(model.reading.changed) == {i: before.sequence[i] for i, _ in edits}
        assert model.unchanged.output == before.output
        direct = example_network(model.network).log_odds(one_hot([model.reading.sequence]))[0]
        assert model.reading.output == pytest.approx(direct)
    assert model.reading.output < before.output - 5  # the site is gone
    assert (model.stage, model.captum) == ("idle", {})
    model.network = "two_motifs_max"  # compared on the same changed sequence
    assert model.reading.changed
    model.index = 1
    assert model.edits == []
    model.edits = [[3, model.reading.sequence[3]]]  # no change
    assert model.reading.changed == ()


def test_captum_is_known_for_the_first_sequences_and_not_for_others() -> None:
    model = AttributionModel()
    assert model.stage == "done"
    assert set(model.captum) == {"deeplift", "integrated_gradients", "gradient_x_input", "saliency"}
    assert 0 < max(model.captum.values()) < 1e-5
    for change in ({"index": 4}, {"baseline": "zeros"}, {"source": "pasted", "pasted": SEQUENCE}):
        model.restore({"index": 0, "baseline": "uniform", "source": "simulated"})
        assert model.stage == "done"
        model.restore(change)
        assert (model.stage, model.captum) == ("idle", {})


def test_the_verdict_names_the_best_and_those_that_reach_into_its_interval() -> None:
    results = AttributionModel().results
    told = verdict(AttributionModel())
    best = max(METHODS, key=lambda method: results[method]["auprc"][0])
    assert f"{results[best]['auprc'][0]:.3f}" in told
    assert "do not tell them apart" in told
    alone = AttributionModel(network="two_motifs_max")
    assert verdict(alone).startswith("Posterior coverage ranks the letters of the sites best: 0.963")
    assert "reach" not in verdict(alone)
    assert verdict(AttributionModel(network="two_motifs_max", smooth=True)) != verdict(alone)
