"""Pictures with their words: what the HTML says is what the trace holds."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epool_viz.core.trace import e_step_trace
from epool_viz.panels.e_step import render
from epool_viz.panels.e_step.steps import STEPS, active_steps

SEQUENCE = "ACGTTACGGTNACA"
VARIANTS = [
    {},
    {"both_strands": True, "m": 3.0},
    {"padding": "same", "activation": "paper", "local_window": 2},
    {"mode": 1, "occurrence": "zoops", "site_rate": 0.1, "background": [0.1, 0.2, 0.3, 0.4]},
    {"m": 0.0},
    {"m": 20.0, "local_window": 3},
]


@pytest.fixture
def kernel(rng):
    return rng.normal(size=(4, 3))


@pytest.fixture(params=VARIANTS, ids=lambda options: " ".join(map(str, options)) or "plain")
def trace(request, kernel):
    return e_step_trace(SEQUENCE, kernel, **request.param)


def root(text):
    """The HTML as a tree; it must be well formed."""
    return ElementTree.fromstring(f"<div>{text}</div>".replace("&nbsp;", " "))


def shown(text):
    """name -> value of every number in the HTML."""
    return {d.get("data-name"): float(d.get("data-value")) for d in root(text).iter("data")}


def words(text):
    return " ".join("".join(root(text).itertext()).split())


def every_picture(trace):
    walk = active_steps(trace.activation, trace.local_window)
    for place, step in enumerate(walk):
        for window in (0, 5, len(trace.starts) - 1):
            yield render.stage_text(trace, walk, place, window)
            yield render.picture(trace, step, window)
            yield render.window_table(trace, walk, place, window)
    yield render.posterior_sentence(trace)
    yield render.logo_card(trace, "a <kernel> & more")
    yield render.pooling_card(trace)
    yield render.exactness(trace)


def test_every_picture_of_every_variant_is_well_formed_and_named(trace):
    for text in every_picture(trace):
        tree = root(text)
        for picture in tree.iter("svg"):
            assert picture.get("role") == "img"
            assert picture.find("title").text
            assert picture.find("desc").text
        for box in tree.iter("table"):
            assert box.get("aria-label")


def test_every_shown_pooled_value_is_the_traces(trace):
    values = shown(render.pooling_card(trace))
    for name in ("average", "pooled", "maximum"):
        assert values[name] == float(getattr(trace, name))
    assert values["log_sum_exp"] == (np.inf if trace.log_sum_exp is None else float(trace.log_sum_exp))
    assert values["entropy"] == float(trace.entropy)


def test_exactness_shows_every_error_and_the_statement(trace):
    text = render.exactness(trace)
    assert {name.removeprefix("error_"): value for name, value in shown(text).items()} == trace.errors
    assert trace.statement in words(text)
    assert f'data-exact="{str(trace.exact).lower()}"' in text
    assert ("not exact" in words(text)) is not trace.exact


def test_the_axis_keeps_the_order_of_the_poolings(trace):
    values = render.pooled_values(trace)
    low, high = render.axis_ends(values)
    places = [render.axis_fraction(values[n], low, high) for n in ("average", "pooled", "maximum", "log_sum_exp")]
    assert places == sorted(places)
    assert places[0] == 0
    assert all(0 <= place <= 1 for place in places)
    assert ("ep-beyond" in render.pooling_card(trace)) == (values["log_sum_exp"] > high)


@given(st.floats(-1e3, 1e3), st.floats(0, 1e3), st.floats(0, 1e4))
def test_axis_ends_hold_average_and_maximum(low, spread, beyond):
    values = {"average": low, "maximum": low + spread, "log_sum_exp": low + spread + beyond}
    first, last = render.axis_ends(values)
    assert first == low
    assert last >= values["maximum"]
    assert render.axis_fraction(values["maximum"], first, last) >= (0.76 if spread > 1e-6 else 0)


def test_free_energy_line_says_what_holds(kernel):
    plain, mode_1, flat = (e_step_trace(SEQUENCE, kernel, **o) for o in ({"m": 0.5}, {"mode": 1}, {"m": 0.0}))
    bridge = shown(render.free_energy_line(plain))["entropy_over_m"]
    assert float(plain.pooled) + bridge == pytest.approx(float(plain.log_sum_exp), rel=1e-12)
    assert "is not log-sum-exp" in render.free_energy_line(mode_1)
    assert "m = 0: ePool is the average, log-sum-exp is infinite" in render.free_energy_line(flat)


def test_posterior_sentence_names_the_best_windows(kernel):
    trace = e_step_trace("ACGTTACGG", np.array([[9.0, 0, 0], [0, 9, 0], [0, 0, 9], [0, 0, 0]]))
    text = render.posterior_sentence(trace)
    expected = "Window 1 holds 50 % of the posterior, window 6 another 50 %. Effectively 2.00 windows share the weight."
    assert words(text) == expected
    assert shown(text)["top_posterior"] == trace.posterior[0]


def test_posterior_sentence_leaves_out_a_second_window_without_a_share():
    trace = e_step_trace("TTACGTT", np.array([[30.0, 0, 0], [0, 30, 0], [0, 0, 30], [0, 0, 0]]), both_strands=True)
    text = words(render.posterior_sentence(trace))
    expected = (
        "Window 3 (+ strand, letters 3–5) holds 50 % of the posterior, "
        "window 9 (− strand, letters 4–6) another 50 %. Effectively 2.00 windows share the weight."
    )
    assert text == expected
    rows = render.window_table(trace, active_steps("identity", 1), 8, 0)
    assert "3 +ACG" in words(rows)
    assert "9 −ACG" in words(rows)
    one = words(render.posterior_sentence(e_step_trace("TTACGTT", trace.kernel)))
    assert "another" not in one


def test_posterior_sentence_of_a_rectified_trace_speaks_of_weight(kernel):
    trace = e_step_trace(SEQUENCE, kernel, activation="paper", occurrence="zoops", local_window=2)
    text = render.posterior_sentence(trace)
    assert " % of the weight" in words(text)
    assert shown(text)["top_posterior"] == trace.weights.max()


def test_posterior_sentence_of_a_single_window(kernel):
    text = words(render.posterior_sentence(e_step_trace("ACG", kernel)))
    assert text == "Window 1 holds 100 % of the posterior. Effectively 1.00 windows share the weight."


def test_posterior_sentence_of_zoops_tells_whether_there_is_a_site(kernel):
    trace = e_step_trace(SEQUENCE, kernel, occurrence="zoops", site_rate=0.1)
    values = shown(render.posterior_sentence(trace))
    assert values["site_probability"] == float(trace.site_probability)


def test_window_picture_picks_one_entry_a_letter_and_ends_at_the_score(kernel):
    trace = e_step_trace(SEQUENCE, kernel, bias=0.25)
    for window in (0, 4, 11):
        values = shown(render.window_picture(trace, window))
        assert values["sum_3"] == pytest.approx(float(trace.scores[window]), rel=1e-12)
        picked = root(render.window_picture(trace, window)).findall(".//span[@class]")
        on = [span for span in picked if "ep-picked" in span.get("class")]
        assert len(on) == sum(letter != "N" for letter in SEQUENCE[window : window + 3])
    assert values["kernel_A1"] == kernel[0, 0]


def test_letters_picture_shows_the_stretch_around_the_window(kernel):
    trace = e_step_trace("ACGTTACGGTTACAGGTCA", kernel)
    for window, first, stop in ((0, 1, 9), (9, 4, 18), (16, 11, 19)):
        assert f"Letters {first} to {stop} and their one-hot columns" in render.letters_picture(trace, window)


def test_tracks_mark_partial_windows_and_say_so(kernel):
    trace = e_step_trace(SEQUENCE, kernel)
    scores = next(step for step in STEPS if step.name == "scores")
    assert render.picture(trace, scores, 0).count("ep-partial") == 1
    assert shown(render.partial_note(trace)) == {"n_partial": 3.0}
    assert "they take no part" in words(render.partial_note(trace))
    bent = e_step_trace(SEQUENCE, kernel, activation="relu")
    assert "take part all the same" in words(render.partial_note(bent))
    assert render.partial_note(e_step_trace("ACGTT", kernel)) == ""


def test_tracks_of_both_strands_are_two_and_the_cursor_is_on_its_own(kernel):
    trace = e_step_trace(SEQUENCE, kernel, both_strands=True)
    text = render.tracks(trace, "scores", 15, is_new=True)
    assert re.findall(r"score, ([+−]) strand of each window", text) == ["+", "−"]
    plus, minus = text.split("− strand of each window")
    assert "ep-cursor-bar" not in plus
    assert "ep-cursor-bar" in minus


@pytest.mark.parametrize("name", ["scores", "activated", "cells"])
def test_tracks_of_scores_reach_from_the_lowest_to_the_highest(kernel, name):
    trace = e_step_trace("ACGTTACGGTTACA", kernel - 20, activation="paper", local_window=2)
    values = render.by_window(trace, name)
    drawn = re.findall(r"M\d+ ([\d.]+)h1v([\d.]+)h-1z", render.tracks(trace, name, 0, is_new=True).split("<path")[1])
    assert {float(top) + float(height) for top, height in drawn} == {100}
    assert max(float(height) for _, height in drawn) == 100
    # the lowest has no height and is left out
    assert len(drawn) == np.isfinite(values).sum() - 1


def test_track_limits_are_apart_and_hold_zero_where_bars_stand_on_it():
    some, same = np.array([-9.0, np.nan, -4.0]), np.array([-3.0, -3.0])
    assert render.track_limits("scores", some) == (-9, -4)
    assert render.track_limits("scores", same) == (-4, -3)
    assert render.track_limits("cells", np.array([np.nan])) == (0, 1)
    assert render.track_limits("weighted", some) == (-9, 0)
    assert render.track_limits("shifted", some) == (-15, 0)


def test_tracks_of_what_has_a_sign_start_at_zero(kernel):
    text = render.tracks(e_step_trace("ACGTTACGGTTACA", kernel * 3 - 20, m=0.01), "weighted", 0, is_new=False)
    # all are below 0, so they hang from the upper end
    assert set(re.findall(r"M\d+ ([\d.]+)h1", text)) == {"0"}


def test_by_window_puts_local_winners_where_they_come_from(kernel):
    trace = e_step_trace("ACGTTACGG", kernel, local_window=3)
    weights = render.by_window(trace, "weights")
    assert np.flatnonzero(np.isfinite(weights)).tolist() == list(trace.cell_windows)
    assert np.nansum(weights) == pytest.approx(1)
    np.testing.assert_array_equal(render.by_window(trace, "scores"), trace.scores)


def test_by_window_leaves_out_windows_that_take_no_part(kernel):
    trace = e_step_trace(SEQUENCE, kernel)
    assert np.flatnonzero(np.isnan(render.by_window(trace, "weights"))).tolist() == [8, 9, 10]
    walk = active_steps("identity", 1)
    assert "–" in words(render.window_table(trace, walk, 8, 9))
    assert "9 partial" not in words(render.window_table(trace, walk, 8, 0))
    assert "▸ 10 partial" in words(render.window_table(trace, walk, 8, 9))


def test_window_table_grows_with_the_walk_and_holds_the_traces_numbers(kernel):
    trace = e_step_trace("ACGTTACGGTTACAGG", kernel, m=0.4)
    walk = active_steps("identity", 1)
    headers = [
        [
            cell.text
            for cell in root(render.window_table(trace, walk, place, 0)).iter("th")
            if cell.get("scope") == "col"
        ]
        for place in range(len(walk))
    ]
    assert headers[0] == headers[1] == ["window", "letters"]
    assert headers[2] == ["window", "letters", "score"]
    assert headers[-1] == [
        "window",
        "letters",
        "score",
        "m (x − max x)",
        "exponential",
        "weight",
        "posterior",
        "weight × score",
    ]
    assert all(a == b[: len(a)] for a, b in pairwise(headers))
    rows = root(render.window_table(trace, walk, 8, 0)).findall(".//tbody/tr")
    order = np.argsort(-trace.posterior, kind="stable")[:8]
    for row, window in zip(rows, order, strict=False):
        assert row.find(".//code").text == trace.sequence[window : window + 3]
        values = {d.get("data-name"): float(d.get("data-value")) for d in row.iter("data")}
        assert values["weights"] == trace.weights[window]
        assert values["weighted"] == trace.weighted[window]


def test_window_table_always_has_the_window_in_hand(kernel):
    trace = e_step_trace("ACGTTACGGTTACAGG", kernel)
    walk = active_steps("identity", 1)
    worst, best = int(np.argmin(trace.posterior)), int(np.argmax(trace.posterior))
    assert len(root(render.window_table(trace, walk, 3, worst)).findall(".//tbody/tr")) == 9
    assert len(root(render.window_table(trace, walk, 3, best)).findall(".//tbody/tr")) == 8
    assert f"▸ {worst + 1}" in words(render.window_table(trace, walk, 3, worst))


def test_logo_card_is_of_the_base_that_m_means(kernel):
    flat, sharp = (render.logo_card(e_step_trace(SEQUENCE, kernel, m=m), "<k>") for m in (0.1, 4.0))
    assert shown(flat)["information"] < shown(sharp)["information"]
    assert shown(sharp)["base"] == np.exp(4.0)
    skewed = e_step_trace(SEQUENCE, kernel, background=[0.1, 0.2, 0.3, 0.4])
    expected = (skewed.pwm.ppm * np.log2(skewed.pwm.ppm / skewed.background[:, None])).sum()
    assert shown(render.logo_card(skewed, "k"))["information"] == pytest.approx(expected, rel=1e-12)
    assert "&lt;k&gt;" in flat
    assert render.logo_card(e_step_trace(SEQUENCE, kernel, m=0.0), "k").count("transform=") == 0


def test_logo_card_ends_its_axis_where_the_background_does(kernel):
    text = render.logo_card(e_step_trace(SEQUENCE, kernel, background=[0.1, 0.2, 0.3, 0.4]), "k")
    assert "information, 0 to 3.32 bits" in words(text)
