"""The stops of `m`: all of the range, dense where it matters, and the nearest one is the nearest."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from epool_viz.panels.e_step.model import BOUNDS
from epool_viz.panels.scale import M_STOPS, nearest_stop


def test_stops_cover_the_range_and_rise():
    assert (M_STOPS[0], M_STOPS[-1]) == BOUNDS["m"]
    assert all(a < b for a, b in pairwise(M_STOPS))
    assert {0.1, 0.5, 1.0, 2.0, 5.0, 10.0} <= set(M_STOPS)


def test_half_of_the_stops_lie_below_two():
    assert sum(m <= 2 for m in M_STOPS) >= len(M_STOPS) / 2


@given(st.floats(0, 20))
def test_nearest_stop_is_no_farther_than_any_other(m):
    assert abs(nearest_stop(m) - m) == min(abs(stop - m) for stop in M_STOPS)


@given(st.sampled_from(M_STOPS))
def test_nearest_stop_of_a_stop_is_itself(m):
    assert nearest_stop(m) == m
