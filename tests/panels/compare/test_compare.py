"""The comparison without a browser: choices, races in a thread, the screen's texts, what is taken along."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import threading
import time

import numpy as np
import pytest

from epool_viz import dashboards, load_example, load_example_race, parse_motifs
from epool_viz.core.kernels import kernel_to_pwm
from epool_viz.data.results.races import RaceRecord
from epool_viz.errors import ArgumentError
from epool_viz.panels.compare import exports as takeaway
from epool_viz.panels.compare import page
from epool_viz.panels.compare.charts import method_name, race_chart
from epool_viz.panels.compare.model import (
    BOUNDS,
    CompareModel,
    e_step_state,
    prepare,
    race_settings,
    settings_text,
    verdict,
)
from epool_viz.panels.compare.racer import Racer, progress_text
from epool_viz.panels.compare.view import CompareView, logos_html, table_html
from epool_viz.panels.one_kernel import page_state as bridge
from epool_viz.panels.one_kernel.model import EStepModel
from epool_viz.panels.shared.links import fragment
from epool_viz.panels.shared.state import counted
from tests.patience import allowed

TINY = {"data": "simulated", "n": 80, "length": 40, "n_kernels": 2, "width": 6, "epochs": 2, "preset": "exact"}


@pytest.fixture
def view():
    model = CompareModel(**TINY, methods=["max", "expectation"])
    shown = CompareView(model)
    yield shown
    shown.close()


def until(condition, racer, seconds=60):
    end = time.monotonic() + allowed(seconds)
    while not condition():
        assert time.monotonic() < end, "took too long"
        racer.pump()
        time.sleep(0.01)


# --- choices


def test_state_round_trips_through_json():
    state = {
        **TINY,
        "methods": ["max", "expectation_mode1"],
        "motif": "STAT3",
        "n_seeds": 3,
        "learn_m": True,
        "seed": 4,
    }
    model = CompareModel(**json.loads(json.dumps(state)))
    assert {name: getattr(model, name) for name in state} == state
    assert CompareModel(**model.state()).state() == model.state()


@pytest.mark.parametrize("name", [name for name in BOUNDS if name != "epoch"])
def test_numbers_beyond_their_bounds_are_moved_to_them(name):
    low, high = BOUNDS[name]
    assert getattr(CompareModel(**{name: low - 5}), name) == low
    assert getattr(CompareModel(**{name: high + 5}), name) == high


@pytest.mark.parametrize(
    "wrong", [{"colour": 1}, {"methods": ["best"]}, {"methods": "max"}, {"preset": "mine"}, {"n": "x"}]
)
def test_what_is_no_choice_is_refused_and_changes_nothing(wrong):
    model = CompareModel(**TINY)
    before = model.state()
    with pytest.raises(ArgumentError):
        model.restore({"epochs": 9} | wrong)
    assert model.state() == before


def test_settings_follow_the_choices():
    model = CompareModel(methods=["expectation", "max"], learn_m=True, n_seeds=2, seed=3)
    settings = race_settings(model.state())
    assert settings.methods == ("max", {"method": "expectation", "trainable": True})
    assert settings.seeds == (3, 4)


# --- data


def test_peaks_are_raced_against_their_shuffles():
    train, test, title = prepare(CompareModel(data="ctcf_peaks").state())
    assert len(train) + len(test) == 1000
    assert len(test) == pytest.approx(200, abs=2)
    assert test.labels.mean() == pytest.approx(0.5, abs=0.01)
    assert "CTCF" in title


def test_pasted_sequences_are_cut_to_one_length_around_their_middle():
    text = "".join(f">s{i}\n{'A' * i}CCGGT{'T' * i}\n" for i in range(20, 41))
    train, test, _ = prepare(CompareModel(data="pasted", pasted=text).state())
    assert set(train.lengths.tolist()) == {45}
    bound = [str(s) for part in (train, test) for s, label in zip(part, part.labels, strict=True) if label == 1]
    assert all("CCGGT" in s and s.index("CCGGT") == 20 for s in bound)


def test_labelled_sequences_keep_their_labels():
    peaks = load_example("ctcf_peaks")
    lines = [f"id{i} {peaks[i][:30]} {i % 2}" for i in range(60)]
    train, test, title = prepare(CompareModel(data="pasted", pasted="\n".join(lines)).state())
    assert len(train) + len(test) == 60
    assert "labelled" in title


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"methods": []}, "`methods` is empty"),
        ({"data": "pasted"}, "`sequences` is empty"),
        ({"data": "pasted", "pasted": ">a\nACGT\n"}, "only 1"),
        ({"data": "pasted", "pasted": "\n".join(f"id{i} ACGTACGTACGTACGTACGT 1" for i in range(30))}, "both 0 and 1"),
        ({"data": "simulated", "motif": "nosuchmotif"}, "nosuchmotif"),
        ({"data": "simulated", "motif": "CTCF", "length": 30, "width": 40}, "at least the kernels' width"),
    ],
)
def test_data_that_cannot_be_raced_are_explained(state, said):
    with pytest.raises(ArgumentError) as caught:
        prepare(CompareModel(**state).state())
    assert said in str(caught.value)


# --- races


def test_a_race_runs_beside_and_its_numbers_arrive(view):
    model, racer = view.model, view.racer
    view._begin(None)
    assert model.stage == "preparing"
    assert view.race_button.disabled
    assert not view.stop_button.disabled
    until(lambda: model.stage == "finished", racer)
    assert [run.method for run in model.record.runs] == ["max", "expectation"]
    assert all(len(run.epochs) == 2 and run.roc is not None for run in model.record.runs)
    assert model.share == 1.0
    assert model.epoch == 2
    assert not view.race_button.disabled
    assert view.charts.figure == race_chart(model.record)
    assert "Test AUC" in view.sentence.value
    assert view.table.value.count("<tr>") == 3


def test_a_race_is_stopped_and_another_one_begun(view):
    model, racer = view.model, view.racer
    model.restore({"epochs": 200, "n": 400})
    view._begin(None)
    until(lambda: model.record.runs and model.record.runs[0].epochs, racer)
    asked = time.monotonic()
    view._stop(None)
    assert model.stage == "stopping"
    assert time.monotonic() - asked < allowed(0.5)
    until(lambda: model.stage == "stopped", racer)
    assert model.record.runs[0].epochs, "what was learnt stays"
    model.epochs = 1
    view._begin(None)
    until(lambda: model.stage == "finished", racer)
    assert model.record.n_epochs == 1


def test_a_race_tells_of_no_time_that_is_over():
    for share in (0.5, 0.999999, 1.0):
        told = progress_text(share, 4.0)
        assert " 0 s" not in told
        assert told.startswith("The epochs are over" if share == 1 else "Racing. At most")
        assert "poch 1" not in told, "the epoch stands beside the slider, and nowhere else"
    assert progress_text(0.25, 10) == "Racing. At most 30 s left; patience may end it sooner."


@pytest.mark.parametrize("epoch", [0, 1, 5, 26])
@pytest.mark.parametrize("late", [None, 3])
def test_a_race_is_followed_from_its_start_wherever_the_one_before_was_looked_at(epoch, late):
    model, record = CompareModel(), load_example_race("simulated")
    model.show(record)
    model.look_at(epoch)
    model.begin()
    if late is not None:
        model.look_at(late)  # what the page sent before it heard of the race
    for n in (0, 1, 2):
        runs = [dataclasses.replace(run, epochs=run.epochs[:n], snapshots=run.snapshots[:n]) for run in record.runs]
        model.advance(dataclasses.replace(record, runs=runs))
        model.stage = "racing"
        assert (model.epoch, model.shown_epoch) == (n, n)
    model.look_at(1)
    model.advance(record)
    assert model.shown_epoch == 1, "whoever goes back during a race stays there"


def test_the_race_of_the_first_choices_is_the_one_that_ships():
    model, record = CompareModel.opened(), load_example_race("simulated")
    train, test, title = prepare(model.state())
    settings = race_settings(model.state())
    assert (title, len(train), len(test)) == (record.title, record.about["n_train"], record.about["n_test"])
    for run in record.runs:
        assert (settings.n_kernels, settings.width) == (run.settings["n_kernels"], run.settings["width"])
        assert (settings.preset, settings.seeds) == (run.settings["preset"], (run.seed,))
    place = next(i for i, label in enumerate(test.labels) if label == 1)
    assert str(test[place]) == record.example
    assert [(site.start, site.stop) for site in test.sites[place]] == record.example_sites


def test_a_choice_that_cannot_be_raced_is_told_on_the_page(view):
    view.model.restore({"data": "simulated", "motif": "<b>nothing</b>"})
    view._begin(None)
    until(lambda: view.model.stage == "failed", view.racer)
    assert "&lt;b&gt;nothing" in view.alert.value
    assert "<b>nothing" not in view.alert.value


def test_a_defect_is_told_with_an_id_and_logged(view, monkeypatch, swallowed_exceptions):
    def broken(*_):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("epool_viz.panels.compare.racer.prepare", broken)
    view._begin(None)
    until(lambda: view.model.stage == "failed", view.racer)
    assert "not your doing (error " in view.alert.value
    assert "secret" not in view.alert.value
    assert len(swallowed_exceptions) == 1
    swallowed_exceptions.clear()


def test_the_model_is_changed_by_the_pages_thread_only(monkeypatch):
    model = CompareModel(**TINY, methods=["max"])
    racer, threads = Racer(model), set()
    model.observe(lambda _: threads.add(threading.get_ident()))
    racer.start()
    until(lambda: model.stage == "finished", racer)
    assert threads == {threading.get_ident()}


def test_walking_back_stays_where_it_is_while_a_race_goes_on(view):
    model = view.model
    model.show(load_example_race("simulated"))
    view._take_patch({"epoch": 3})
    assert (model.epoch, model.follows) == (3, False)
    assert all(len(t["y"]) == 3 for t in view.charts.figure["data"] if t["meta"].startswith("val_auc/"))
    view._take_patch({"epoch": 10_000})
    assert model.follows
    assert view.store.now["epoch"] == model.record.n_epochs


# --- words


def test_the_verdict_is_about_the_numbers():
    record = load_example_race("ctcf_peaks")
    said = verdict(record)
    means = {m: np.mean([r.roc.area for r in record.runs if r.method == m]) for m in record.methods}
    first = max(means, key=means.get)
    assert said.startswith(f"Test AUC: {method_name(first)} {means[first]:.3f}")
    assert verdict(RaceRecord()) == "No race has been run yet."


@pytest.mark.parametrize("epoch", [1, 2, 9, 25])
def test_the_verdict_of_an_epoch_is_of_that_epoch(epoch):
    record = load_example_race("simulated")
    after = {run.method: run.epochs[: min(epoch, len(run.epochs))][-1]["val_auc"] for run in record.runs}
    first = max(after, key=after.get)
    assert verdict(record, epoch) == f"So far {method_name(first)} leads, with a validation AUC of {after[first]:.3f}."


def test_counts_and_nouns_agree():
    assert [counted(n, "epoch") for n in (0, 1, 2, 1200)] == ["0 epochs", "1 epoch", "2 epochs", "1,200 epochs"]
    run = load_example_race("simulated").runs[0]
    one = dataclasses.replace(run, settings=run.settings | {"n_kernels": 1})
    assert settings_text(RaceRecord(runs=[one])).startswith("1 kernel, 15 wide, network as published;")


def test_the_settings_stand_beside_the_numbers_that_come_of_them(view):
    view.model.show(load_example_race("ctcf_peaks"))
    told = (
        "8 kernels, 15 wide, network as published, each number the mean of 2 seeds; other settings give other numbers"
    )
    assert told in view.settings_said.value
    assert settings_text(RaceRecord()) == ""


def test_seconds_of_training_are_told_as_such(view):
    record = load_example_race("simulated")
    total = sum(epoch["seconds"] for run in record.runs for epoch in run.epochs)
    assert f"All networks together trained for {total:.1f} s" in table_html(record)
    assert '<th scope="col">training, s</th>' in table_html(record)


def test_one_epoch_is_named(view):
    view.model.show(load_example_race("simulated"))
    for epoch in (1, 13, 26):
        view._take_patch({"epoch": epoch})
        shown = (view.sentence.value, view.progress.value, view.logos.value, view.settings_said.value)
        named = {int(n) for html in shown for n in re.findall(r"epoch (\d+)", html)}
        assert named == {epoch}
        assert "epochs_done" in view.store.now


@pytest.mark.parametrize("epoch", [1, 11, 26])  # the first run ends after 12
def test_a_panel_without_a_line_says_when_it_has_one(view, epoch):
    view.model.show(load_example_race("simulated"))
    view._take_patch({"epoch": epoch})
    told = [note["text"] for note in view.charts.figure["layout"]["annotations"] if "drawn" in note["text"]]
    assert told == ([] if epoch == 26 else ["drawn at the last epoch"] * 4)


def test_a_choice_that_is_not_the_first_one_is_on_the_page_at_every_depth(view):
    first = CompareModel.first_screen()
    for name in ("motif", "n", "width", "n_seeds", "seed", "preset", "learn_m"):
        classes = view.controls[name]._dom_classes
        assert ("ep-in-use" in classes) == (getattr(view.model, name) != first[name]), name
    view.model.width = 11
    assert "ep-in-use" in view.controls["width"]._dom_classes
    view.model.width = first["width"]
    assert "ep-in-use" not in view.controls["width"]._dom_classes


def test_table_has_a_row_a_run_and_logos_a_figure_a_method():
    record = load_example_race("ctcf_peaks")
    assert table_html(record).count('<th scope="row">') == len(record.runs)
    assert f"{record.runs[0].roc.area:.3f}" in table_html(record)
    assert logos_html(record, 3).count("<figure>") == len(record.methods)
    assert "epoch 3" in logos_html(record, 3)


def test_every_part_that_can_be_hidden_is_on_the_page(view):
    def below(widget):
        yield widget
        for child in getattr(widget, "children", ()):
            yield from below(child)

    classes = {name for widget in below(view) for name in getattr(widget, "_dom_classes", ())}
    assert {name for name in classes if name.startswith("ep-part-")} == {f"ep-part-{p['name']}" for p in page.PARTS}


# --- links and files


def test_a_link_brings_the_choices_and_nothing_else(view):
    chosen = CompareModel(data="ctcf_peaks", motif="CTCF", methods=["max"]).linked()
    assert chosen == {"data": "ctcf_peaks", "motif": "CTCF", "methods": ["max"]}
    view._take_patch({"choices": chosen})
    assert view.model.linked() == chosen
    assert CompareModel(pasted="A" * 10_000).linked() == {}


@pytest.mark.parametrize("place", range(4))
def test_a_kernel_opens_in_the_e_step_view_as_the_network_computes_it(place):
    record = load_example_race("simulated")
    run = record.runs[place]
    kernel = run.strongest(count=1)[0]
    state = e_step_state(record, place, kernel)
    assert fragment(state).startswith("#state=")
    model = EStepModel()
    bridge.take(model, state)
    assert model.message == ""
    snapshot = run.snapshots[run.best_epoch - 1]
    np.testing.assert_allclose(model.trace.kernel, snapshot.kernels[kernel], rtol=1e-4, atol=1e-5)
    assert model.trace.sequence == record.example
    assert (model.padding, model.activation) == (run.settings["padding"], run.settings["activation"])
    assert model.m == {"max": 20.0, "average": 0.0}.get(run.method, run.settings["pooling"].get("m"))


def test_files_hold_the_race(view):
    record = load_example_race("simulated")
    view.model.show(record)
    _, _, content = view._make_download("results.csv")
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert [float(row["test_auc"]) for row in rows] == [run.roc.area for run in record.runs]
    _, _, content = view._make_download("history.csv")
    assert len(content.decode().splitlines()) == 1 + sum(len(run.epochs) for run in record.runs)
    view.network.value = 3
    name, _, content = view._make_download("model.safetensors")
    assert name == "expectation_seed0.safetensors"
    assert content == record.runs[3].model_file
    motifs = parse_motifs(view._make_download("kernels.meme")[2].decode())
    run = record.runs[3]
    first = run.snapshots[run.best_epoch - 1].kernels[run.strongest(count=1)[0]]
    np.testing.assert_allclose(motifs[0].ppm, kernel_to_pwm(first).ppm, atol=1e-5)
    assert len(view._make_download("race.safetensors")[2]) > 10_000
    assert set(takeaway.results(record)[0]) == set(takeaway.RESULT_COLUMNS)


def test_nothing_to_download_is_said(view):
    with pytest.raises(ArgumentError, match="not run yet"):
        view._make_download("results.csv")


def test_looking_loads_no_torch():
    import subprocess
    import sys

    code = "from epool_viz import dashboards; dashboards.compare(); import sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_dashboard_opens_with_a_finished_race():
    shown = dashboards.compare(motif="STAT3")
    assert shown.model.motif == "STAT3"
    assert shown.model.record.n_epochs > 10
    shown.close()


def test_table_says_how_often_a_planted_site_is_found():
    record = load_example_race("simulated")
    told = table_html(record)
    assert "best window on a site" in told
    assert "best window on a site" not in table_html(load_example_race("ctcf_peaks"))
    for run in record.runs:
        best = run.snapshots[run.best_epoch - 1]
        assert f"<td>{best.on_site:.3f}</td><td>{best.hits:.3f}</td>" in told
