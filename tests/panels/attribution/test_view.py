"""The attribution panel without a browser: what it shows is the model's, and what it is asked for is made."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import threading
import time

import numpy as np
import pytest

from epool_viz import dashboards
from epool_viz.analysis.attribution_truth import load_attribution_results
from epool_viz.core.attribution import HEURISTICS, METHODS
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.errors import MissingExtraError
from epool_viz.jobs.job import JobFailedError, WorkerLostError
from epool_viz.panels.attribution import page
from epool_viz.panels.attribution.asking import Asker, ask_captum
from epool_viz.panels.attribution.model import TITLES, AttributionModel
from epool_viz.panels.shared.visitor_data import CHOICE, packed_sequences
from tests.panels.shared.test_visitor_data import Browser
from tests.patience import allowed

SEQUENCE = "ACGTTGCAATTACGATCGATTACGGATTACAGGGACTTTCCACGT"  # 45 letters


@pytest.fixture
def view():
    shown = dashboards.attribution()
    yield shown
    shown.close()


def until(condition, pump, seconds=60):
    end = time.monotonic() + allowed(seconds)
    while not condition():
        assert time.monotonic() < end, "took too long"
        pump()
        time.sleep(0.01)


def numbers(html):
    return {name: float(x) for name, x in re.findall(r'data-name="(\w+)" data-value="([^"]+)"', html)}


def from_page(view, **patch):
    view.store._receive(view.store, {"patch": patch}, [])


def test_every_method_is_a_track_a_row_and_an_entry(view) -> None:
    assert [track["name"] for track in view.tracks.tracks] == list(METHODS)
    assert set(page.KNOWN) == set(METHODS) == set(TITLES)
    for method in METHODS:
        assert TITLES[method] in view.scores.value
        assert f"<dt>{TITLES[method]}</dt>" in view.methods.value
    assert {track["kind"] for track in view.tracks.tracks} == set(page.KINDS)


def test_tracks_and_numbers_follow_the_choices(view) -> None:
    model = view.model
    for change in ({}, {"index": 7}, {"network": "two_motifs_average"}, {"smooth": True}, {"baseline": "zeros"}):
        for name, value in change.items():
            setattr(model, name, value)
        assert view.tracks.letters["text"] == model.reading.sequence
        assert view.tracks.letters["sites"] == [list(site) for site in model.reading.sites]
        for track in view.tracks.tracks:
            np.testing.assert_allclose(track["values"], model.reading.scores(track["name"], model.width), rtol=1e-5)
            area = model.reading.precision(track["name"], model.width)
            peak = int(np.argmax(model.reading.scores(track["name"], model.width)))
            is_in = any(first <= peak < stop for first, stop, *_ in model.reading.sites)
            assert (track["peak"], track["finds"]) == (peak, is_in)
            assert track["note"].startswith("peaks in the site" if is_in else "misses the site by ")
            assert track["note"].endswith(f" · AUPRC {area:.2f}")
            assert numbers(view.scores.value)[f"auprc_{track['name']}"] == pytest.approx(area)
        assert numbers(view.answer.value)["output"] == model.reading.output
        laws = numbers(view.methods.value)
        assert laws["sum_deeplift"] == pytest.approx(model.reading.output - model.reading.reference)
        assert abs(laws["missing_deeplift"]) < 1e-9


def test_the_means_are_those_that_ship_and_say_of_which_network(view) -> None:
    rows = {(row["pooling"], row["method"]): row for row in load_attribution_results()["rows"]}
    for network, whose in (
        ("two_motifs_logsumexp", "This network on"),
        ("ctcf_logsumexp", "which has the same pooling"),
    ):
        view.model.network = network
        found = numbers(view.scores.value)
        assert {m: found[f"mean_{m}"] for m in METHODS} == {m: rows["logsumexp", m]["auprc"][0] for m in METHODS}
        assert whose in view.scores.value
    assert "auprc_posterior" not in found  # nothing is known of the peaks' sites
    assert all(track["note"] == "" for track in view.tracks.tracks)


@pytest.mark.parametrize(
    ("network", "told"),
    [
        ("two_motifs_expectation", "both exact tracks read the network itself"),
        ("two_motifs_logsumexp", "entropy"),
        ("two_motifs_max", "one window a kernel"),
        ("two_motifs_average", "every window counts the same"),
        ("ctcf_paper", "behind the rectifier"),
    ],
)
def test_the_page_says_where_the_reading_is_exact(view, network, told) -> None:
    view.model.network = network
    assert told in view.answer.value.replace("&#39;", "'")


def test_controls_and_model_follow_each_other(view) -> None:
    view.controls["network"].value = "two_motifs_max"
    view.number.value = 4
    assert (view.model.network, view.model.index) == ("two_motifs_max", 3)
    view.model.restore({"source": "pasted", "pasted": SEQUENCE})
    assert view.controls["source"].value == "pasted"
    assert view.number.max == 1
    assert view.controls["pasted"].layout.display == ""
    assert view.controls["example"].layout.display == "none"


def test_a_mistake_is_told_and_a_link_carries_choices(view) -> None:
    from_page(view, choices={"network": "two_motifs_max", "index": 5, "smooth": True})
    assert (view.model.network, view.model.index, view.model.smooth) == ("two_motifs_max", 5, True)
    assert view.store.now["choices"] == {"network": "two_motifs_max", "index": 5, "smooth": True}
    assert json.dumps(view.store.now)
    from_page(view, choices={"source": "pasted"})
    assert "The sequence is empty" in view.alert.value
    from_page(view, choices={})  # Reset
    assert view.store.now["choices"] == {}
    assert "ep-message" not in view.alert.value


def test_a_letter_typed_in_the_page_is_read_and_told(view) -> None:
    was = view.model.reading
    from_page(view, edits=[[80, "T"], [199, "N"]])
    assert view.tracks.letters["text"] == was.sequence[:80] + "T" + was.sequence[81:-1] + "N"
    assert view.tracks.letters["changed"] == [[80, was.sequence[80]], [199, was.sequence[199]]]
    assert numbers(view.answer.value)["output_before"] == was.output
    assert "2 letters" in view.answer.value
    assert view.store.now["choices"] == {"edits": [[80, "T"], [199, "N"]]}
    from_page(view, edits=[[80, "X"]])
    assert "not usable" in view.alert.value
    assert view.store.now["edits"] == [[80, "T"], [199, "N"]]
    from_page(view, edits=[])
    assert "output_before" not in numbers(view.answer.value)
    assert "ep-message" not in view.alert.value


def test_sequences_that_the_browser_keeps_are_read_once_they_are_chosen(view) -> None:
    browser = Browser(view)
    kept = SequenceSet.from_strings([SEQUENCE, SEQUENCE[::-1] + "ACG"], names=["one", "two"])
    browser.keeps(sequences=packed_sequences(kept))
    assert browser.asked == []
    view.controls["source"].value = CHOICE
    assert browser.asked == ["sequences"]
    assert (view.model.message, view.model.reading.sequence, view.number.max) == ("", SEQUENCE, 2)
    view.number.value = 2
    view.model.network = "ctcf_max"  # the visitor's own sequences stay
    assert (view.model.source, view.tracks.letters["text"]) == (CHOICE, SEQUENCE[::-1] + "ACG")
    browser.keeps()
    assert "nothing of the kind is kept in this browser" in view.alert.value
    assert view.tracks.letters["text"] == SEQUENCE[::-1] + "ACG"


def test_a_link_leaves_out_what_is_too_long_for_it() -> None:
    model = AttributionModel(source="pasted", pasted="ACGT" * (AttributionModel.LONGEST_LINKED // 8))
    assert model.linked()["source"] == "pasted"
    model.pasted = "\n".join(f">s{i}\n{SEQUENCE}" for i in range(AttributionModel.LONGEST_LINKED // 40))
    assert model.linked() == {}


# captum


def test_captum_is_asked_and_agrees(view) -> None:
    pytest.importorskip("captum")
    view.model.index = 9
    assert "not been put to captum" in view.captum.value
    assert not view.ask_button.disabled
    view.ask_button.click()
    assert view.ask_button.disabled
    assert "Captum is asked" in view.captum.value
    until(lambda: view.model.stage == "done", view.pump)
    found = numbers(view.captum.value)
    assert set(found) == {f"captum_{method}" for method in HEURISTICS}
    assert max(found.values()) < 1e-6
    assert not view.pump()


def test_captums_answer_reaches_the_page_by_itself(view) -> None:
    view.asker.ask = lambda *_: {}
    view.model.index = 9

    async def page() -> None:
        view.ask_button.click()
        while view.ask_button.disabled and view.model.stage == "asking":
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(page(), 20))
    assert view.model.stage == "done"


@pytest.mark.parametrize("baseline", ["zeros", "shuffles"])
def test_captum_answers_for_every_baseline(baseline) -> None:
    pytest.importorskip("captum")
    model = AttributionModel(network="ctcf_paper", index=2, baseline=baseline)
    model.take_captum(
        model.reading, ask_captum("ctcf_paper", model.reading.sequence, baseline, threading.Event(), print)
    )
    assert max(model.captum.values()) < 1e-5


def test_an_answer_to_what_is_no_longer_shown_is_dropped() -> None:
    gate = threading.Event()

    seen = []

    def slow(*asked):
        seen.append(asked)
        asked[-1]("Two jobs are before this one.")
        gate.wait(20)
        return {"deeplift": [0.0] * 200}

    model = AttributionModel(index=9)
    asker = Asker(model, ask=slow)
    asker.start()
    asker.start()  # one at a time
    until(lambda: model.said == "Two jobs are before this one.", asker.pump)
    model.index = 10
    assert model.stage == "idle"
    gate.set()
    asker.stop()
    ((network, sequence, baseline, cancel, _),) = seen
    assert (network, baseline, len(sequence)) == ("two_motifs_expectation", "uniform", 200)
    assert cancel.is_set()
    until(lambda: not asker.is_running, lambda: None)
    assert not asker.pump()
    assert (model.stage, model.captum) == ("idle", {})


def test_what_is_shown_now_is_asked_at_once_though_an_earlier_answer_is_due() -> None:
    gate = threading.Event()
    seen = []

    def slow_at_first(*asked):
        seen.append(asked)
        if len(seen) == 1:
            gate.wait(20)
        return {"deeplift": [0.0] * 200}

    model = AttributionModel(index=9)
    asker = Asker(model, ask=slow_at_first)
    asker.start()
    until(lambda: seen, asker.pump)
    model.index = 10
    asker.start()
    until(lambda: model.stage == "done", asker.pump)
    assert [asked[1] for asked in seen] == [AttributionModel(index=place).reading.sequence for place in (9, 10)]
    assert [asked[3].is_set() for asked in seen] == [True, False]
    gate.set()
    asker.close()


def test_a_missing_extra_and_a_defect_are_told(swallowed_exceptions) -> None:
    def missing(*_):
        raise MissingExtraError("captum", "train", "Attribution")

    def broken(*_):
        raise ZeroDivisionError("a defect")

    def failed(*_):
        raise JobFailedError("0badcafe")

    def lost(*_):
        raise WorkerLostError("The process that does the work has ended")

    asked = ((missing, 'pip install "epool-viz[train]"'), (failed, "(error 0badcafe)"), (lost, "Ask again"))
    for ask, told in (*asked, (broken, "not your doing (error ")):
        model = AttributionModel(index=9)
        asker = Asker(model, ask=ask)
        asker.start()
        until(lambda model=model: model.stage == "failed", asker.pump)
        assert told in model.said
    assert "captum could not be asked" in swallowed_exceptions[-1].getMessage()
    swallowed_exceptions.clear()


# taken along


def test_the_tracks_as_a_table_are_those_on_the_screen(view) -> None:
    view.model.smooth = True
    name, kind, data = view._make_download("tracks.csv")
    assert (name, kind) == ("epool_viz_tracks.csv", "text/csv")
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert "".join(row["letter"] for row in rows) == view.model.reading.sequence
    ((first, stop, motif),) = view.model.reading.sites
    assert [int(row["position"]) - 1 for row in rows if row["site"] == motif] == list(range(first, stop))
    for method in METHODS:
        np.testing.assert_array_equal([float(row[method]) for row in rows], view.model.reading.scores(method, 15))


def test_all_results_as_a_table(view) -> None:
    rows = list(csv.DictReader(io.StringIO(view._make_download("results.csv")[2].decode())))
    assert len(rows) == 4 * len(METHODS)
    for row in rows:
        assert float(row["auprc_low"]) < float(row["auprc"]) < float(row["auprc_high"])


@pytest.mark.parametrize(
    "state",
    [{}, {"smooth": True, "baseline": "zeros"}, {"baseline": "shuffles", "source": "pasted", "pasted": SEQUENCE}],
    ids=str,
)
def test_the_lines_of_python_give_the_numbers_on_the_screen(state, capsys) -> None:
    shown = dashboards.attribution(**state)
    namespace = {}
    exec(shown._make_download("attribution.py")[2].decode(), namespace)
    for method in METHODS:
        found = namespace["tracks"][method][0]
        np.testing.assert_allclose(found, shown.model.reading.scores(method, shown.model.width), rtol=1e-12)
    assert f"log odds {shown.model.reading.output:.6f}" in capsys.readouterr().out
    shown.close()
