"""The posterior track: every quantity as core gives it, in line with the letters, and the cursor that all share."""

from __future__ import annotations

import re

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.widgets import PosteriorTrack
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
    state,
    wait_for_sentence,
)

TEXT = "ACGTTGCATCANGTTAGCATTAGACCATGACTTAGGC"
LONG = "".join(np.random.default_rng(3).choice(list("ACGT"), 1000))
KERNEL = np.random.default_rng(4).normal(size=(4, 5))
QUANTITIES = ("scores", "activated", "cells", "shifted", "exponentials", "weights", "posterior", "weighted", "gradient")
PLOT = "#posterior_track [role=slider]"
OPTIONS = {
    "plain": {},
    "both strands, zoops": {"both_strands": True, "occurrence": "zoops", "site_rate": 0.3, "m": 0.4},
    "as published": {"activation": "paper", "local_window": 3, "padding": "same", "mode": 1},
}


@pytest.fixture
def track(show):
    def render(quantity="posterior", text=TEXT, kernel=KERNEL, modules=("posterior_track",), **changes):
        return show(state_of(text, kernel, **changes), *modules, options={"quantity": quantity})

    return render


def values_of(trace, name):
    """The quantity at every window; NaN where it has none."""
    values = np.asarray(getattr(trace, name), dtype=float)
    if name in ("scores", "activated", "posterior"):
        return values
    out = np.full(len(trace.starts), np.nan)
    out[np.asarray(trace.cell_windows)] = np.where(np.isfinite(values), values, np.nan)
    return out


def drawn_path(page, selector):
    return page.eval_on_selector_all(
        f"#posterior_track svg {selector}", "(all) => all.map((p) => p.getAttribute('d')).join(' ')"
    )


def bars(page, look=".ec-track-bars:not(.ec-track-partial)"):
    """The bars from left to right: columns x, y, width, height."""
    path = drawn_path(page, f"[data-name=bars] {look}")
    boxes = re.findall(r"M(-?[\d.]+) (-?[\d.]+)h(-?[\d.]+)v(-?[\d.]+)h", path)
    return np.array(boxes, dtype=float).reshape(-1, 4)


def columns(page, name):
    """How many windows are marked so."""
    path = drawn_path(page, f"[data-name=back] [data-name={name}]")
    return len(re.findall("M", path))


def point(page, window, share=0.5):
    """Where a window of the given strand starts, at that share of the height."""
    box = page.locator(f"{PLOT} > svg").bounding_box()
    first, last = page.evaluate("window.lib.cursor.inView(window.store.state)")
    start = page.evaluate(f"window.store.trace.starts[{window}]")
    left, right = 3.25 * 16, box["width"] - 8
    return box["x"] + left + (start + 0.5 - first) * (right - left) / (last - first), box["y"] + share * box["height"]


def test_the_widget_carries_its_module():
    widget = PosteriorTrack(store=Store(state=state_of(TEXT, KERNEL), on_patch=print), options={"quantity": "gradient"})
    assert widget._esm == module_text("posterior_track")


def test_the_module_is_small():
    assert len(source_of("posterior_track").encode()) < 30_000


@pytest.mark.parametrize("name", OPTIONS)
def test_the_numbers_are_those_of_core(track, name):
    options = OPTIONS[name]
    trace = e_step_trace(TEXT, KERNEL, **options)
    winner = int(trace.cell_windows[2])
    for quantity in QUANTITIES:
        page = track(quantity, cursor=winner, **options)
        reference = values_of(trace, quantity)
        open_table(page, "posterior_track")
        shown = numbers(page, "posterior_track")
        ours = np.array([shown.get(f"{quantity}-{i}", np.nan) for i in range(len(reference))])
        np.testing.assert_allclose(ours, reference, rtol=1e-11, atol=1e-12, err_msg=quantity)
        assert shown[quantity] == pytest.approx(reference[winner], rel=1e-11), quantity


def test_bars_are_as_high_as_their_values_and_stand_over_their_letters(track):
    page = track("weights", m=0.5, modules=("strip", "posterior_track"), zoom=[2, 34])
    values = values_of(e_step_trace(TEXT, KERNEL, m=0.5), "weights")[2:33]
    drawn = bars(page)
    present = values > 0
    assert len(drawn) == present.sum()
    ratio = drawn[:, 3] / values[present]
    np.testing.assert_allclose(drawn[:, 3], np.median(ratio) * values[present], atol=0.16)
    letters = page.eval_on_selector_all(
        "#strip [data-name=letters] text.is-letters",
        "(all) => all.flatMap((text) => text.getAttribute('x').split(' ').map(Number))",
    )
    np.testing.assert_allclose(drawn[:, 0] + drawn[:, 2] / 2, np.sort(letters)[:31][present], atol=0.2)


def test_on_the_log_scale_heights_follow_the_logarithm(track):
    page = track("weights", m=0.5)
    page.click("#posterior_track button:has-text('Log scale')")
    settle(page)
    assert state(page, "scale") == "log"
    assert page.get_attribute("#posterior_track button:has-text('Log scale')", "aria-pressed") == "true"
    values = values_of(e_step_trace(TEXT, KERNEL, m=0.5), "weights")
    logs, heights = np.log10(values[values > 0]), bars(page)[:, 3]
    slope, start = np.polyfit(logs, heights, 1)
    assert slope > 5
    np.testing.assert_allclose(heights, start + slope * logs, atol=0.2)
    page.click("#posterior_track button:has-text('Log scale')")
    assert state(page, "scale") == "linear"


@pytest.mark.parametrize(
    ("quantity", "has"), [("scores", False), ("shifted", False), ("posterior", True), ("gradient", True)]
)
def test_a_log_scale_is_offered_where_it_says_something(track, quantity, has):
    assert track(quantity).is_visible("#posterior_track button:has-text('Log scale')") is has


def test_the_other_strand_hangs_below_mirrored(track):
    page = track("posterior", both_strands=True, m=0.3)
    values = values_of(e_step_trace(TEXT, KERNEL, both_strands=True, m=0.3), "posterior")
    zero = page.evaluate("document.querySelector('#posterior_track .ec-track-zero').getBBox().y")
    drawn = bars(page)
    n = len(values) // 2
    up, down = drawn[drawn[:, 1] < zero - 0.2], drawn[np.abs(drawn[:, 1] - zero) <= 0.2]
    ratio = up[:, 3].max() / values[:n].max()
    np.testing.assert_allclose(np.sort(down[:, 3])[-3:], ratio * np.sort(values[n:])[-3:], atol=0.3)


def test_partial_windows_are_hatched_and_said(track):
    page = track("scores", cursor=9)
    assert columns(page, "partial") == 5
    assert "5 windows over padding or unknown letters: a partial sum, takes no part" in page.inner_text(
        "#posterior_track"
    )
    assert sentence(page, "posterior_track").endswith("It holds an unknown letter and takes no part.")
    set_state(page, padding="same", cursor=0)
    assert columns(page, "partial") == 9
    wait_for_sentence(
        page, "posterior_track", f"Window 1 scores {shown_number(page)}. It reaches over the padding and takes no part."
    )


def shown_number(page):
    return page.text_content("#posterior_track .ec-track-value data")


def test_windows_below_the_mean_are_marked_in_mode_1(track):
    page = track("posterior", mode=1)
    gate = np.asarray(e_step_trace(TEXT, KERNEL, mode=1).gate)
    whole = np.asarray(e_step_trace(TEXT, KERNEL).whole)
    absent = int(((gate == 0) & whole).sum())
    assert columns(page, "absent") == absent
    assert f"{absent} windows take no part: below the mean" in page.inner_text("#posterior_track")
    worst = int(np.argmin(np.where(whole, e_step_trace(TEXT, KERNEL).scores, np.inf)))
    set_state(page, cursor=worst)
    wait_for_sentence(
        page,
        "posterior_track",
        f"Window {worst + 1} holds 0 % of the posterior. It scores below the mean and takes no part in mode 1.",
    )


def test_a_window_that_is_no_local_winner_has_no_value(track):
    page = track("cells", local_window=3)
    winners = set(np.asarray(e_step_trace(TEXT, KERNEL, local_window=3).cell_windows).tolist())
    loser = next(i for i in range(33) if i not in winners)
    set_state(page, cursor=loser)
    wait_for_sentence(
        page, "posterior_track", f"Window {loser + 1} is not the best of its 3 neighbours and takes no part."
    )
    assert page.locator("#posterior_track .ec-track-value data").count() == 0


def test_the_sentence_says_the_share(track):
    page = track("posterior", kernel=KERNEL * 3)
    best = e_step_trace(TEXT, KERNEL * 3)
    i = int(np.argmax(best.posterior))
    page.click("#posterior_track button:has-text('Largest')")
    assert state(page, "cursor") == i
    share = f"{float(f'{100 * best.posterior[i]:.2g}'):g}"
    wait_for_sentence(page, "posterior_track", f"Window {i + 1} holds {share} % of the posterior.")
    assert page.get_attribute(PLOT, "aria-valuetext") == sentence(page, "posterior_track")


def test_hovering_takes_the_cursor_along_and_leaving_brings_it_back(track):
    page = track(cursor=3)
    page.mouse.move(*point(page, 20))
    assert state(page, "cursor") == 20
    page.mouse.move(*point(page, 32))
    assert state(page, "cursor") == 32
    page.mouse.move(5, 690)
    assert state(page, "cursor") == 3


def test_dragging_leaves_the_cursor_where_it_was_let_go(track):
    page = track(cursor=3)
    page.mouse.move(*point(page, 8))
    page.mouse.down()
    page.mouse.move(*point(page, 25), steps=3)
    page.mouse.up()
    page.mouse.move(5, 690)
    assert state(page, "cursor") == 25


def test_pointing_at_the_lower_half_takes_the_other_strand(track):
    page = track(both_strands=True)
    page.mouse.click(*point(page, 4, share=0.8))
    assert state(page, "cursor") == 33 + 4


def test_the_cursor_is_moved_by_the_keyboard(track):
    page = track(both_strands=True)
    page.focus(PLOT)
    press(page, "ArrowRight", "ArrowRight", "ArrowLeft")
    assert state(page, "cursor") == 1
    press(page, "ArrowDown")
    assert state(page, "cursor") == 34
    press(page, "End")
    assert state(page, "cursor") == 65, "stays on its strand"
    press(page, "PageDown", "ArrowUp")
    assert state(page, "cursor") == 22
    press(page, "Home", "ArrowLeft")
    assert state(page, "cursor") == 0
    assert page.get_attribute(PLOT, "aria-valuenow") == "1"
    press(page, "+", "0")
    assert state(page, "zoom") is None


def test_the_gradient_of_max_is_one_window_and_epools_is_spread(track):
    page = track("gradient", m=0.8)
    reference = e_step_trace(TEXT, KERNEL, m=0.8)
    assert page.locator("#posterior_track [data-name=max]").count() == 1
    gradient = values_of(reference, "gradient")
    shown = numbers(page, "posterior_track")
    assert shown["threshold"] == pytest.approx(reference.pooled - 1 / 0.8)
    below = (reference.scores < reference.pooled - 1 / 0.8) & reference.whole
    assert f"{(gradient < 0).sum()} of 28 windows" in page.inner_text("#posterior_track .ec-track-key")
    assert (gradient < 0).sum() == below.sum()
    best = int(np.argmax(reference.max_gradient))
    set_state(page, cursor=int(reference.cell_windows[best]))
    page.wait_for_function(
        "posterior_track.querySelector('[data-name=sentence]').textContent.endsWith('and all under max pooling.')"
    )
    open_table(page, "posterior_track")
    shown = numbers(page, "posterior_track")
    assert sum(v for name, v in shown.items() if name.startswith("max-gradient-")) == 1


@pytest.mark.parametrize(("quantity", "lines"), [("scores", 1), ("cells", 1), ("posterior", 0), ("weighted", 0)])
def test_epool_is_drawn_where_the_unit_is_the_score(track, quantity, lines):
    assert track(quantity).locator("#posterior_track .ec-track-pooled").count() == lines


def test_epool_is_no_score_of_the_raw_windows_behind_a_rectifier(track):
    assert track("scores", activation="paper").locator("#posterior_track .ec-track-pooled").count() == 0


@pytest.mark.parametrize("m", [0.0, 20.0])
def test_the_ends_of_m_are_drawn(track, m):
    for quantity in QUANTITIES:
        paths = drawn_path(track(quantity, m=m, scale="log", kernel=KERNEL * 10), "path")
        assert "NaN" not in paths, quantity
        assert "Infinity" not in paths, quantity


def test_thousands_of_letters_are_drawn_by_the_pixel_and_keep_their_peaks(track):
    text = "".join(np.random.default_rng(8).choice(list("ACGT"), 3000))
    page = track("scores", text=text)
    values = e_step_trace(text, KERNEL).scores
    drawn = bars(page)
    assert len(drawn) < 1600
    assert drawn[:, 3].max() / drawn[:, 3].min() > 1
    zero = page.evaluate("document.querySelector('#posterior_track .ec-track-zero').getBBox().y")
    up, down = zero - drawn[:, 1].min(), (drawn[:, 1] + drawn[:, 3]).max() - zero
    assert up / down == pytest.approx(values.max() / -values.min(), rel=0.02)


def test_an_error_leaves_the_last_track_and_says_so(track):
    page = track()
    before = bars(page)
    set_state(page, codes=[0, 1])
    assert "Shown is the last state that could be computed." in page.inner_text("#posterior_track .ec-panel-warning")
    assert len(bars(page)) <= len(before)


def test_a_first_state_that_cannot_be_computed_is_explained(track):
    page = track(text="ACG")
    page.evaluate("document.querySelector('#posterior_track details').open = true")
    page.focus(PLOT)
    press(page, "ArrowRight", "End")
    page.hover(PLOT, force=True)
    page.click("#posterior_track button:has-text('Largest')")
    assert state(page, "cursor") == 0
    assert "The sequence has 3 letters and the kernel 5 columns." in page.inner_text(
        "#posterior_track .ec-panel-warning"
    )
    set_state(page, kernel=KERNEL[:, :2].tolist())
    assert len(bars(page)) == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(track, theme):
    assert_axe_is_content(track("gradient", both_strands=True, padding="same", mode=1), "posterior_track", theme)


def test_a_phone_is_wide_enough(track):
    assert_fits_a_phone(track("gradient", text=LONG, padding="same", mode=1), "posterior_track")


def test_a_track_follows_the_step_and_hides_where_it_has_none(show):
    page = show(state_of(TEXT, KERNEL, step=0), "posterior_track", options={"by_step": [None, "scores", "posterior"]})
    track = page.locator("#posterior_track .ec-track")
    assert not track.is_visible()
    for step, title in ((1, "Scores"), (2, "Posterior"), (0, None)):
        page.evaluate("(step) => window.store.set({ step })", step)
        page.wait_for_function("(title) => document.querySelector('.ec-track').hidden === !title", arg=title)
        if title:
            page.wait_for_function(
                "(t) => document.querySelector('.ec-panel-title').textContent.startsWith(t)", arg=title[:5]
            )
