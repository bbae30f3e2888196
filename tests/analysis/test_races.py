"""How a race stands follows from its runs, to the last one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from epool_viz.analysis.races import race_standing
from epool_viz.data.examples import load_example_race
from epool_viz.data.results.races import RaceRecord


@pytest.fixture(scope="module")
def record():
    return load_example_race("ctcf_peaks")


def with_area(run, area, low):
    return dataclasses.replace(run, roc=dataclasses.replace(run.roc, area=area, low=low))


def test_methods_rank_by_the_mean_of_all_their_runs(record):
    found = race_standing(record)
    assert set(found.test_auc) == set(record.methods)
    assert list(found.test_auc.values()) == sorted(found.test_auc.values(), reverse=True)
    for method, mean in found.test_auc.items():
        areas = [run.roc.area for run in record.runs if run.method == method]
        assert mean == pytest.approx(np.mean(areas), rel=1e-12)
    last = record.runs[-1]
    raised = dataclasses.replace(record, runs=[*record.runs[:-1], with_area(last, 2.0, 1.9)])
    assert race_standing(raised).test_auc[last.method] > found.test_auc[last.method]


def test_the_second_is_told_apart_where_it_lies_below_the_interval_of_the_first(record):
    first, second = (next(run for run in record.runs if run.method == method) for method in record.methods[:2])
    for area, is_told_apart in ((0.79, True), (0.8, False), (0.85, False)):
        runs = [with_area(first, 0.9, 0.8), with_area(second, area, 0.5)]
        assert race_standing(RaceRecord(runs=runs)).is_told_apart is is_told_apart
    assert race_standing(RaceRecord(runs=[first])).is_told_apart


def test_before_the_end_the_highest_validation_leads(record):
    runs = [dataclasses.replace(run, roc=None) for run in record.runs]
    found = race_standing(RaceRecord(runs=runs))
    assert found.test_auc == {}
    assert found.leading is not None
    assert found.leading[1] == max(run.epochs[-1]["val_auc"] for run in runs)
    assert race_standing(RaceRecord()).leading is None
