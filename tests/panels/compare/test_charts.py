"""The figure of a race shows the race's numbers, as far as it is asked to."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import plotly.graph_objects as go
import pytest

from epool_viz.data.examples import load_example_race
from epool_viz.data.results.races import RaceRecord, RunRecord
from epool_viz.panels.compare.charts import (
    PANELS,
    line_values,
    method_name,
    panels_of,
    race_chart,
    race_layout,
    race_lines,
    waiting_notes,
)


@pytest.fixture(scope="module")
def record():
    return load_example_race("simulated")


def lines_of(record, panel, epoch=None):
    return [line for line in race_lines(record, epoch) if line.panel == panel]


def test_every_panel_shows_the_numbers_of_the_record(record):
    assert panels_of(record)[-1] == "sites"
    for run, line in zip(record.runs, lines_of(record, "val_auc"), strict=True):
        np.testing.assert_array_equal(line.y, [epoch["val_auc"] for epoch in run.epochs])
        np.testing.assert_array_equal(line.x, np.arange(1, len(run.epochs) + 1))
    for run, line in zip(record.runs, lines_of(record, "roc"), strict=True):
        np.testing.assert_array_equal(line.y, run.roc.y)
    for run, line in zip(record.runs, lines_of(record, "sites"), strict=True):
        np.testing.assert_array_equal(line.y, [s.on_site for s in run.snapshots])
    for line in lines_of(record, "test_auc"):
        run = next(run for run in record.runs if run.method == line.method)
        assert (line.y[0], line.low[0], line.high[0]) == (run.roc.area, run.roc.low, run.roc.high)
        values = line_values(line)["error_y"]
        assert values["array"][0] == pytest.approx(run.roc.high - run.roc.area)
        assert values["arrayminus"][0] == pytest.approx(run.roc.area - run.roc.low)
    for line in lines_of(record, "gap"):
        run = next(run for run in record.runs if run.method == line.method)
        assert line.y[0] == run.gap


@pytest.mark.parametrize("epoch", [0, 1, 5])
def test_an_earlier_epoch_shows_what_was_known_then(record, epoch):
    for line in lines_of(record, "val_auc", epoch):
        assert len(line.y) == epoch
    assert all(len(line.y) == 0 for line in lines_of(record, "roc", epoch))
    assert all(len(line.y) == 0 for line in lines_of(record, "test_auc", epoch))
    for run, line in zip(record.runs, lines_of(record, "gradient", epoch), strict=True):
        expected = run.snapshots[epoch - 1].gradient_shares if epoch else []
        np.testing.assert_array_equal(line.y, expected)


def test_lines_keep_their_keys_from_epoch_to_epoch(record):
    assert [line.key for line in race_lines(record, 2)] == [line.key for line in race_lines(record)]
    assert len({line.key for line in race_lines(record)}) == len(race_lines(record))


def test_the_first_epoch_shows_its_batches():
    run = RunRecord("max", 0, first_losses=[(0.25, 0.7), (0.5, 0.6)])
    (line,) = [line for line in race_lines(RaceRecord(runs=[run])) if line.key[-1] == "loss"]
    np.testing.assert_array_equal(line.x, [0.25, 0.5])
    np.testing.assert_array_equal(line.y, [0.7, 0.6])


def test_m_is_shown_where_it_is_learnt():
    def epochs(m):
        keys = ("loss", "auc", "val_loss", "val_auc", "val_auprc", "seconds")
        return [dict.fromkeys(keys, 0.5) | {"epoch": e, "m": m * e, "is_best": True} for e in (1, 2)]

    learnt = RaceRecord(runs=[RunRecord("expectation", 0, epochs=epochs(1.5))])
    fixed = RaceRecord(runs=[RunRecord("expectation", 0, epochs=epochs(0))])
    assert panels_of(learnt)[-1] == "m"
    assert "m" not in panels_of(fixed)
    (line,) = lines_of(learnt, "m")
    np.testing.assert_array_equal(line.y, [1.5, 3.0])


def test_figure_has_a_trace_a_line_and_one_legend_entry_a_method(record):
    figure = go.Figure(race_chart(record))  # which refuses a name that plotly does not know
    assert len(figure.data) == len(race_lines(record))
    assert sorted(t.name for t in figure.data if t.showlegend) == sorted(map(method_name, record.methods))
    assert figure.layout.height == race_layout(record, race_lines(record))["height"] > 500
    assert len(figure.layout.annotations) == len(panels_of(record)) <= len(PANELS)
    for trace, line in zip(figure.data, race_lines(record), strict=True):
        np.testing.assert_array_equal(trace.y, line.y)


def test_what_is_not_known_is_null_in_the_figure_and_the_rest_is_json(record):
    unknown = {"epochs": [epoch | {"val_auc": None} for epoch in record.runs[0].epochs[:2]]}
    chart = race_chart(RaceRecord(runs=[dataclasses.replace(record.runs[0], **unknown)]))
    (line,) = [trace for trace in chart["data"] if trace["meta"].startswith("val_auc/")]
    assert line["y"] == [None, None]
    assert json.loads(json.dumps(chart, allow_nan=False)) == chart


@pytest.mark.parametrize("epoch", [0, 1, 12, 26])
def test_a_line_without_a_point_is_not_in_the_figure(record, epoch):
    drawn = race_chart(record, epoch)["data"]
    assert all(line["x"] for line in drawn)
    assert len(drawn) == sum(len(line.x) > 0 for line in race_lines(record, epoch))


def test_an_empty_panel_has_a_word_and_a_full_one_has_none(record):
    assert waiting_notes(record, race_lines(record)) == {}
    early = waiting_notes(record, race_lines(record, 0))
    assert set(early) == set(panels_of(record))
    assert early["loss"] == "drawn after an epoch"
    assert early["roc"] == "drawn at the last epoch"


def test_an_empty_race_can_be_drawn():
    assert race_chart(RaceRecord())["data"] == []
