"""The notebook's figure of an E-step: its data are the trace's."""

import numpy as np
import pytest

from epool_viz.core.trace import e_step_trace
from epool_viz.figures.charts import e_step_figure, stage_rows

SEQUENCE = "ACGTNACGGTACA"


@pytest.fixture
def kernel(rng):
    return rng.normal(size=(4, 3))


def test_e_step_figure_draws_every_stage_of_the_trace_in_order(kernel):
    trace = e_step_trace(SEQUENCE, kernel, m=0.7)
    figure = e_step_figure(trace)
    assert [bars.name for bars in figure.data] == ["scores", "shifted", "exponentials", "weights", "weighted"]
    for bars in figure.data:
        np.testing.assert_array_equal(bars.x, np.arange(1, 12))
        expected = np.asarray(trace.stages[bars.name], dtype=float)
        np.testing.assert_array_equal(bars.y, np.where(np.isfinite(expected), expected, np.nan))


def test_e_step_figure_shows_a_stage_only_where_it_does_something(kernel):
    trace = e_step_trace(SEQUENCE, kernel, activation="relu", local_window=2)
    rows = stage_rows(trace)
    np.testing.assert_array_equal(rows[1].values, trace.activated)
    assert [len(row.starts) for row in rows[:3]] == [11, 11, 5]
    names = [row.name for row in rows]
    assert names == ["scores", "activated", "cells", "shifted", "exponentials", "weights", "weighted"]


def test_stage_rows_put_a_local_winner_at_its_own_window(kernel):
    trace = e_step_trace("ACGTTACGGTACA", kernel, local_window=3)
    cells = next(row for row in stage_rows(trace) if row.name == "cells")
    np.testing.assert_array_equal(cells.values, trace.scores[cells.starts - 1])
    assert len(cells.starts) == 3


def test_stage_rows_leave_out_windows_that_take_no_part(kernel):
    trace = e_step_trace(SEQUENCE, kernel)
    shifted = next(row for row in stage_rows(trace) if row.name == "shifted")
    # the unknown letter is the fifth
    assert np.flatnonzero(np.isnan(shifted.values)).tolist() == [2, 3, 4]


def test_stage_rows_name_letters_and_strand(kernel):
    labels = stage_rows(e_step_trace("ACGTT", kernel, both_strands=True))[0].labels
    assert labels[0] == "letters 1 to 3, strand +"
    assert labels[-1] == "letters 3 to 5, strand -"


def test_e_step_figure_titles_give_the_sum_between_average_and_maximum(kernel):
    trace = e_step_trace(SEQUENCE, kernel, m=2.0)
    titles = [annotation.text for annotation in e_step_figure(trace).layout.annotations]
    assert titles[-1] == (
        f"weight × score; sum = ePool = {trace.pooled:.4g} (average {trace.average:.4g}, maximum {trace.maximum:.4g})"
    )
    assert e_step_figure(trace).layout.title.text == "One E-step, m = 2"
