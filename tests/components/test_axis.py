"""The pooled axis: four numbers of core in their order, the entropy between them, labels that keep their distance."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.widgets import PooledAxis
from epool_viz.core.trace import e_step_trace
from tests.components.conftest import source_of, state_of
from tests.components.test_strip import (
    assert_axe_is_content,
    assert_fits_a_phone,
    numbers,
    open_table,
    press,
    sentence,
    set_state,
    settle,
)

TEXT = "ACGTTGCATCANGTTAGCATTAGACCATGACTTAGGC"
KERNEL = np.random.default_rng(4).normal(size=(4, 5))
METHODS = ("average", "expectation", "max", "logsumexp")


@pytest.fixture
def axis(show):
    return lambda kernel=KERNEL, **changes: show(state_of(TEXT, kernel, **changes), "axis")


def places(page):
    """Where the marks are, by method."""
    found = page.evaluate(
        r"""[...document.querySelectorAll('#axis [data-method][transform]')]
        .map((e) => [e.dataset.method, Number(e.getAttribute('transform').match(/\((-?[\d.]+)/)[1])])"""
    )
    return dict(found)


def bracket(page):
    """The two ends of the bracket."""
    x, width = page.eval_on_selector("#axis [data-name=bracket]", "(e) => [e.getBBox().x, e.getBBox().width]")
    return x, x + width


def labels(page):
    """The boxes of the labels: left, top, right, bottom."""
    return page.eval_on_selector_all(
        "#axis .ec-axis-label:not([hidden])",
        "(all) => all.map((e) => e.getBoundingClientRect()).map((b) => [b.left, b.top, b.right, b.bottom])",
    )


def test_the_widget_carries_its_module():
    assert PooledAxis(store=Store(state=state_of(TEXT, KERNEL), on_patch=print))._esm == module_text("axis")


def test_the_module_is_small():
    assert len(source_of("axis").encode()) < 30_000


@pytest.mark.parametrize(
    "options",
    [
        {"m": 0.3},
        {"m": 5.0, "both_strands": True},
        {"m": 1.0, "activation": "paper", "local_window": 3},
        {"m": 2.0, "mode": 1},
    ],
)
def test_the_numbers_are_those_of_core(axis, options):
    page = axis(**options)
    trace = e_step_trace(TEXT, KERNEL, **options)
    open_table(page, "axis")
    shown = numbers(page, "axis")
    expected = {
        "average": trace.average,
        "expectation": trace.pooled,
        "max": trace.maximum,
        "logsumexp": trace.log_sum_exp,
    }
    for name, value in expected.items():
        assert shown[name] == pytest.approx(float(value), rel=1e-11)
        assert shown[f"full-{name}"] == shown[name]
    assert shown["effective"] == pytest.approx(float(trace.effective_windows), rel=1e-11)
    assert shown["full-share"] == pytest.approx(float(trace.entropy) / options["m"], rel=1e-11)
    order = [shown[name] for name in METHODS]
    assert order == sorted(order)


def test_marks_lie_where_their_values_are(axis):
    page = axis(m=1.5)
    shown, drawn = numbers(page, "axis"), places(page)
    values, xs = ([source[name] for name in METHODS] for source in (shown, drawn))
    slope, start = np.polyfit(values, xs, 1)
    assert slope > 10
    np.testing.assert_allclose(xs, start + slope * np.array(values), atol=0.2)


def test_the_bracket_is_the_entropy_and_ends_at_log_sum_exp(axis):
    page = axis(m=1.5)
    drawn = places(page)
    left, right = bracket(page)
    assert left == pytest.approx(drawn["expectation"], abs=0.2)
    assert right == pytest.approx(drawn["logsumexp"], abs=0.2)
    assert numbers(page, "axis")["residual"] < 1e-12
    trace = e_step_trace(TEXT, KERNEL, m=1.5)
    assert f"entropy / m = {float(f'{trace.entropy / 1.5:.4g}'):g}" in page.text_content(
        "#axis svg.ec-axis-shape ~ svg, #axis .ec-axis-plot > svg"
    )


def test_in_mode_1_the_bracket_ends_below_log_sum_exp(axis):
    page = axis(m=0.8, mode=1)
    shown = numbers(page, "axis")
    assert shown["bound"] < shown["logsumexp"] - 1e-3
    assert bracket(page)[1] < places(page)["logsumexp"] - 0.5
    assert "stays below log-sum-exp" in page.inner_text("#axis")


def test_at_m_0_log_sum_exp_is_infinite_and_it_is_said(axis):
    page = axis(m=0.0)
    assert "At m = 0 log-sum-exp is infinite" in page.inner_text("#axis")
    assert "log-sum-exp is infinite" in sentence(page, "axis")
    assert set(places(page)) == {"average", "expectation", "max"}
    assert places(page)["average"] == places(page)["expectation"]
    open_table(page, "axis")
    assert numbers(page, "axis")["full-logsumexp"] == np.inf
    set_state(page, m=1.0)
    assert set(places(page)) == set(METHODS)


def test_far_beyond_max_the_axis_is_broken_and_the_rest_keeps_its_room(axis):
    page = axis(m=0.01)
    drawn = places(page)
    assert drawn["max"] - drawn["average"] > 200
    assert drawn["logsumexp"] > drawn["max"] + 20
    assert page.locator("#axis .ec-axis-line").count() == 2


def test_labels_never_overlap(axis):
    page = axis()
    for width, m, mode in itertools.product((320, 360, 1280), (0, 0.001, 0.05, 0.3, 1, 3, 20), (0, 1)):
        page.set_viewport_size({"width": width, "height": 700})
        set_state(page, m=m, mode=mode)
        settle(page)
        for a, b in itertools.combinations(labels(page), 2):
            apart = a[2] <= b[0] + 0.5 or b[2] <= a[0] + 0.5 or a[3] <= b[1] + 0.5 or b[3] <= a[1] + 0.5
            assert apart, (width, m, mode, a, b)
        for left, _, right, _ in labels(page):
            assert left >= 0, (width, m, mode)
            assert right <= width, (width, m, mode)


@pytest.mark.parametrize("m", [0.0, 1.0, 20.0])
def test_equal_scores_are_drawn(axis, m):
    page = axis(kernel=np.zeros((4, 3)), m=m)
    shown = numbers(page, "axis")
    assert shown["average"] == shown["expectation"] == shown["max"] == 0
    path = page.evaluate("document.querySelector('#axis .ec-axis-plot > svg').innerHTML")
    assert "NaN" not in path
    assert "Infinity" not in path


def test_the_arrow_keys_go_from_value_to_value(axis):
    page = axis(m=1.5)
    page.keyboard.press("Tab")
    heard = "document.querySelector('#axis [data-name=sentence]').textContent.startsWith('{}')"
    page.wait_for_function(heard.format("ePool "))
    press(page, "ArrowRight")
    page.wait_for_function(heard.format("max "))
    press(page, "End")
    page.wait_for_function(heard.format("log-sum-exp "))
    press(page, "Home")
    page.wait_for_function(heard.format("average "))
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").endswith(
        "every window alike; ePool at m = 0"
    )
    page.keyboard.press("Tab")
    page.wait_for_function(heard.format("ePool is "))
    assert page.evaluate("document.querySelectorAll('#axis li[tabindex=\"0\"]').length") == 1


def test_at_m_0_the_keys_leave_out_what_is_not_drawn(axis):
    page = axis(m=0.0)
    page.keyboard.press("Tab")
    press(page, "End")
    assert page.evaluate("document.activeElement.dataset.method") == "max"


def test_a_move_of_the_cursor_redraws_nothing(axis):
    page = axis()
    page.evaluate("window.kept = document.querySelector('#axis [data-name=bracket]')")
    set_state(page, cursor=4)
    assert page.evaluate("window.kept.isConnected")
    set_state(page, m=2.0)
    assert not page.evaluate("window.kept.isConnected")


def test_a_first_state_that_cannot_be_computed_is_explained(show):
    page = show(state_of("ACG", KERNEL), "axis")
    page.evaluate("document.querySelector('#axis details').open = true")
    press(page, "Tab", "ArrowRight", "End")
    assert "The sequence has 3 letters and the kernel 5 columns." in page.inner_text("#axis .ec-panel-warning")
    set_state(page, kernel=KERNEL[:, :2].tolist())
    assert set(places(page)) == set(METHODS)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(axis, theme):
    assert_axe_is_content(axis(), "axis", theme)


def test_a_phone_is_wide_enough(axis):
    assert_fits_a_phone(axis(m=0.01), "axis")
