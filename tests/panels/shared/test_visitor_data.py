"""What the visitor keeps in the browser, in every dashboard that offers it; no browser here: its messages by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from epool_viz import SequenceSet, dashboards, import_kernels
from epool_viz.core.alphabet import DNA
from epool_viz.data.networks.kernel_text import from_text
from epool_viz.errors import ArgumentError, FormatError
from epool_viz.panels.compare.model import prepare
from epool_viz.panels.shared.visitor_data import (
    NotYetHere,
    VisitorData,
    kernels_of,
    packed_kernels,
    packed_sequences,
    sequences_of,
)

KERNELS = import_kernels({"c.weight": np.arange(40.0).reshape(2, 4, 5) / 7, "c.bias": np.array([0.25, -2.0])})
SEQUENCES = SequenceSet.from_strings(["ACGTTGCA" * 2, "GGGCATCNAG"], names=["first", "second one"])
OFFERING = {"e_step": ("sequence_source", "kernel_source"), "pwm": ("sequence_source", "kernel_source")}


class Browser:
    """What `keep.js` does, by hand."""

    def __init__(self, view):
        self.view, self.things, self.asked = view, {}, []
        view.keep.send = self.hear

    def hear(self, content, buffers=None):
        for name in content.get("want", ()):
            self.asked.append(name)
            about, data = self.things.get(name, (None, None))
            message = {"given": name} | ({"about": about} if about else {})
            self.view.keep._receive(self.view.keep, message, [data] if data is not None else [])

    def keeps(self, **things):
        self.things = things
        self.view.keep._receive(self.view.keep, {"kept": {name: about for name, (about, _) in things.items()}}, [])


def test_sequences_and_kernels_come_back_as_they_were():
    about, text = packed_sequences(SEQUENCES)
    assert about["says"] == "strings, 2 sequences of DNA, 26 letters"
    visitor_data = VisitorData({"sequences": about, "model": {}}).with_data("sequences", about, text)
    assert list(sequences_of(visitor_data)) == list(SEQUENCES)
    labelled = SequenceSet.from_strings(["ACGT", "GGCA"], labels=[1, 0])
    read = VisitorData({}).with_data("sequences", *packed_sequences(labelled)).sequences
    assert (list(read), read.labels.tolist()) == (["ACGT", "GGCA"], [1, 0])
    about, text = packed_kernels(KERNELS)
    assert about["says"] == "the arrays, 2 kernels of c, 5 letters wide"
    kept = kernels_of(visitor_data.with_data("model", about, text))
    for name in ("kernels", "bias"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(KERNELS, name))
    for name in ("names", "axes", "assumptions", "statements", "layer", "possible_axes", "flip", "alphabet"):
        assert getattr(kept, name) == getattr(KERNELS, name)


@pytest.mark.parametrize("shares", [None, [0.3, 0.15, 0.25, 0.3]])
def test_the_background_of_motifs_is_kept(shares):
    motifs = dataclasses.replace(KERNELS, background=shares)
    _, text = packed_kernels(motifs)
    kept = from_text(text)
    if shares is None:
        assert kept.background is None
        return
    np.testing.assert_array_equal(kept.background, shares)
    for wrong in ([0.3, 0.15, 0.25, 0.4], [0.5, 0.5], [0.0, 0.5, 0.25, 0.25]):
        _, text = packed_kernels(dataclasses.replace(KERNELS, background=wrong))
        with pytest.raises(FormatError, match="accepted: kernels as this package keeps them"):
            from_text(text)


@pytest.mark.parametrize(
    "spoilt",
    ["", "[]", '{"alphabet": "DNA"}', "[" * 50_000, '{"alphabet": 3}'],
    ids=["empty", "list", "part", "deep", "odd"],
)
def test_what_the_browser_says_is_not_trusted(spoilt):
    with pytest.raises(FormatError, match="accepted: kernels as this package keeps them"):
        from_text(spoilt)
    visitor_data = VisitorData({"model": {}}).with_data("model", {}, spoilt.encode())
    with pytest.raises(ArgumentError, match="yours, which cannot be used"):
        kernels_of(visitor_data)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"shape": [2, 4, 5]', '"shape": [4, 2, 5]'), ('"shape": [2, 4, 5]', '"shape": [2, 4, 500000000000]'),
     ('"shape": [2]', '"shape": [1, 2]'), ('"float64"', '"object"'), ('["c-0", "c-1"]', '["c-0"]')],
)  # fmt: skip
def test_kernels_that_were_changed_are_refused(old, new):
    _, text = packed_kernels(KERNELS)
    assert old in text.decode()
    with pytest.raises(FormatError):
        from_text(text.decode().replace(old, new))


def test_until_the_page_has_answered_nothing_is_an_error():
    for visitor_data in (VisitorData(), VisitorData({"sequences": {}})):
        with pytest.raises(NotYetHere):
            sequences_of(visitor_data)
    with pytest.raises(ArgumentError, match="nothing of the kind is kept in this browser"):
        sequences_of(VisitorData({}))
    protein = SequenceSet.from_strings(["MKV"], alphabet="protein")
    visitor_data = VisitorData({}).with_data("sequences", *packed_sequences(protein))
    with pytest.raises(ArgumentError, match="yours, of protein; accepted: DNA in this dashboard"):
        sequences_of(visitor_data, DNA)
    assert sequences_of(visitor_data, None).alphabet.name == "protein"


def test_other_data_under_the_same_name_are_asked_for_anew():
    visitor_data = VisitorData({"sequences": {"until": 1}}).with_data("sequences", {}, b">a\nACGT\n")
    assert visitor_data.with_stored({"sequences": {"until": 1}}).has("sequences")
    assert not visitor_data.with_stored({"sequences": {"until": 2}}).has("sequences")
    assert not visitor_data.with_stored({}).keeps("sequences")


@pytest.mark.parametrize("name", OFFERING)
def test_a_dashboard_works_on_what_the_browser_keeps(name):
    view = getattr(dashboards, name)()
    browser, model = Browser(view), view.model
    browser.keeps(sequences=packed_sequences(SEQUENCES), model=packed_kernels(KERNELS))
    assert browser.asked == [], "asked for only when it is chosen"
    view.controls["sequence_source"].value = "yours"
    view.controls["kernel_source"].value = "yours"
    assert browser.asked == ["sequences", "model"]
    assert (model.message, model.trace.sequence) == ("", SEQUENCES[0])
    np.testing.assert_array_equal(model.trace.kernel, KERNELS.kernels[0])
    assert model.bias == 0.25
    assert [label for label, _ in view.motif_choice.options] == ["c-0", "c-1"]
    view.motif_choice.value = 1
    np.testing.assert_array_equal(model.trace.kernel, KERNELS.kernels[1])
    assert model.bias == -2.0
    assert view.motif_choice.layout.display == ""
    view.number.value = 2
    assert view.store.now["sequence_name"] == "second_one"
    assert any("The axes of c.weight" in note for note in model.notes)
    # a link stands for itself, wherever it is opened
    link = view.store.now["link"]
    assert link["pasted"] == ">second_one\nGGGCATCNAG\n"
    assert "yours" not in link.values()
    view.controls["kernel_source"].value = "jaspar"
    assert model.bias == 0.0
    view.close()


@pytest.mark.parametrize("name", OFFERING)
def test_a_dashboard_says_when_nothing_is_kept_and_stays_as_it_was(name):
    view = getattr(dashboards, name)(**dict.fromkeys(OFFERING[name], "yours"), index=0)
    browser, before = Browser(view), view.model.trace
    assert view.model.message == ""
    browser.keeps()
    assert "nothing of the kind is kept in this browser" in view.model.message
    assert "on the page “Your data”" in view.model.message
    assert view.model.trace is before
    browser.keeps(sequences=packed_sequences(SEQUENCES), model=packed_kernels(KERNELS))
    assert (view.model.message, view.model.trace.sequence) == ("", SEQUENCES[0])
    browser.keeps()
    assert "nothing of the kind is kept" in view.model.message
    view.close()


def test_a_race_is_run_on_what_the_browser_keeps():
    strings = ["".join(letters) for letters in np.random.default_rng(3).choice(list("ACGT"), (24, 31))]
    kept = SequenceSet.from_strings(strings, labels=[1, 0] * 12)
    view = dashboards.compare()
    browser, model = Browser(view), view.model
    view.controls["data"].value = "yours"
    with pytest.raises(ArgumentError, match="not here yet"):
        prepare(model.inputs())
    browser.keeps(sequences=packed_sequences(kept))
    train, test, title = prepare(model.inputs())
    assert (len(train) + len(test), title) == (24, "24 labelled sequences of yours")
    assert view.store.now["choices"] == {"data": "yours"}
    browser.keeps()
    with pytest.raises(ArgumentError, match="nothing of the kind is kept in this browser"):
        prepare(model.inputs())
    view.close()


def test_every_dashboard_can_hear_what_the_browser_keeps():
    for name in (*OFFERING, "compare", "logos", "em", "attribution"):
        view = getattr(dashboards, name)()
        assert view.VISITOR_CHOICES
        assert set(view.VISITOR_CHOICES) <= set(view.model.trait_names())
        assert view.keep in view.children
        view.close()


def test_logos_show_the_kernels_and_count_in_the_sequences_that_the_browser_keeps():
    strings = ["".join(letters) for letters in np.random.default_rng(3).choice(list("ACGT"), (40, 31))]
    view = dashboards.logos()
    browser, model = Browser(view), view.model
    view.store._receive(
        view.store, {"patch": {"trained": "yours"}}, []
    )  # as a link does, before the browser has spoken
    assert not model.is_own
    browser.keeps(sequences=packed_sequences(SequenceSet.from_strings(strings)), model=packed_kernels(KERNELS))
    assert sorted(browser.asked) == ["model", "sequences"]
    assert (model.message, model.is_own, view.store.now["trained"]) == ("", True, "yours")
    np.testing.assert_array_equal(model.kernels.kernels, KERNELS.kernels)
    assert len(model.samples.making) + len(model.samples.judging) == 40
    browser.keeps()
    view.sequences.value = "none"
    assert model.samples is None
    view.store._receive(view.store, {"patch": {"trained": "ctcf_max"}}, [])
    view.store._receive(view.store, {"patch": {"trained": "yours"}}, [])
    assert "nothing of the kind is kept in this browser" in view.alert.value
    view.store._receive(view.store, {"patch": {"trained": "ctcf_max"}}, [])
    assert (model.message, model.is_own) == ("", False)
    view.close()
