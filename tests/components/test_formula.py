"""The window formula: picked entries + bias and log-likelihood ratio + offset are one number, and both are core's."""

from __future__ import annotations

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.widgets import WindowFormula
from epool_viz.core.strands import other_strand_kernel
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
    state,
    wait_for_sentence,
)

TEXT = "ACGTTGCATCANGTTAGCATTAGACCATGACTTAGGC"
KERNEL = np.random.default_rng(4).normal(size=(4, 5))
Q = [0.1, 0.2, 0.3, 0.4]
STEPPER = "#formula [role=spinbutton]"
BOX = "#formula .ec-formula-box"


@pytest.fixture
def formula(show):
    return lambda text=TEXT, kernel=KERNEL, **changes: show(state_of(text, kernel, **changes), "formula")


def test_the_widget_carries_its_module():
    assert WindowFormula(store=Store(state=state_of(TEXT, KERNEL), on_patch=print))._esm == module_text("formula")


def test_the_module_is_small():
    assert len(source_of("formula").encode()) < 30_000


@pytest.mark.parametrize(
    ("strands", "m"),
    [(None, 0.0), (None, 0.7), (None, 20.0), ("motif", 0.7), ("motif", 20.0), ("network", 0.0), ("network", 0.7)],
)
@pytest.mark.parametrize("at", ["first", "middle", "last"])
def test_both_routes_reach_the_score_of_core(formula, strands, m, at):
    options = {
        "m": m,
        "bias": 0.4,
        "background": Q,
        "both_strands": bool(strands),
        "strand_reading": strands or "motif",
    }
    reference = e_step_trace(TEXT, KERNEL, **options)
    i = {"first": 0, "middle": 20, "last": len(reference.starts) - 1}[at]
    page = formula(cursor=i, **options)
    shown = numbers(page, "formula")
    score = float(reference.scores[i])
    assert shown["score"] == pytest.approx(score, rel=1e-12)
    assert shown["sum"] + shown["bias"] == pytest.approx(score, rel=1e-12)
    assert shown["log-ratio"] == pytest.approx(float(reference.log_ratios[i]), rel=1e-10, abs=1e-10)
    assert shown["offset"] == pytest.approx(float(reference.offsets[i]), rel=1e-11)
    assert shown["residual"] == abs(shown["score"] - shown["score-by-pwm"])
    assert shown["residual"] < 1e-12
    assert sum(shown[f"picked-{j}"] for j in range(5)) == pytest.approx(shown["sum"])
    assert sum(shown[f"log-ratio-{j}"] for j in range(5)) == pytest.approx(shown["log-ratio"], rel=1e-9, abs=1e-9)


def test_the_entry_of_each_letter_is_framed(formula):
    page = formula(cursor=3)
    framed = page.eval_on_selector_all(
        "#formula .is-picked data", "(all) => all.map((e) => [e.dataset.name, Number(e.dataset.value)])"
    )
    expected = {
        f"kernel-{'ACGT'.index(letter)}-{j}": KERNEL["ACGT".index(letter), j] for j, letter in enumerate(TEXT[3:8])
    }
    assert dict(framed) == pytest.approx(expected)
    shown = numbers(page, "formula")
    assert [shown[f"kernel-{a}-{j}"] for a in range(4) for j in range(5)] == pytest.approx(list(KERNEL.ravel()))


def test_the_other_strand_shows_the_reverse_complement(formula):
    page = formula(both_strands=True, cursor=33)
    shown = numbers(page, "formula")
    assert [shown[f"kernel-{a}-{j}"] for a in range(4) for j in range(5)] == pytest.approx(
        list(KERNEL[::-1, ::-1].ravel())
    )
    assert "reverse complement" in page.inner_text("#formula")
    set_state(page, cursor=0)
    assert numbers(page, "formula")["kernel-0-0"] == KERNEL[0, 0]
    assert "reverse complement" not in page.inner_text("#formula")


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (
            "motif",
            "log (share of a letter's complement / its own share) is added, so that both strands are held against",
        ),
        (
            "network",
            "as the other strand reads it: one kernel of a network for both, with an offset of its own on either.",
        ),
    ],
)
def test_where_the_background_tells_strands_apart_the_table_says_what_it_is(formula, reading, words):
    page = formula(both_strands=True, cursor=33, background=Q, strand_reading=reading)
    assert words in page.inner_text("#formula")
    other = other_strand_kernel(KERNEL, strand_reading=reading, background=Q)
    shown = numbers(page, "formula")
    assert [shown[f"kernel-{a}-{j}"] for a in range(4) for j in range(5)] == pytest.approx(list(other.ravel()))
    set_state(page, background=[0.3, 0.2, 0.2, 0.3])
    told = page.inner_text("#formula")
    assert "as the other strand reads it." in told
    assert "both strands" not in told


def test_a_changed_kernel_letter_bias_or_m_changes_the_ledger(formula):
    page = formula()
    before = numbers(page, "formula")
    kernel = KERNEL + np.array([1.0, 0, 0, 0, 0])
    set_state(page, kernel=kernel.tolist())
    after = numbers(page, "formula")
    assert after["log-ratio"] == pytest.approx(before["log-ratio"]), "a constant in a column leaves the PWM"
    assert after["offset"] == pytest.approx(before["offset"] + 1)
    set_state(page, bias=2.5)
    assert numbers(page, "formula")["offset"] == pytest.approx(before["offset"] + 3.5)
    set_state(page, m=3.0)
    assert numbers(page, "formula")["offset"] == pytest.approx(
        float(e_step_trace(TEXT, kernel, bias=2.5, m=3.0).offsets[0])
    )
    set_state(page, codes=[3, *page.evaluate("window.store.state.codes.slice(1)")])
    assert numbers(page, "formula")["picked-0"] == kernel[3, 0]


def test_an_unknown_letter_picks_nothing_and_it_is_said(formula):
    page = formula(cursor=9)
    shown = numbers(page, "formula")
    assert "picked-2" not in shown
    assert "log-ratio" not in shown
    assert shown["score"] == pytest.approx(float(e_step_trace(TEXT, KERNEL).scores[9]))
    assert (
        "Where the window holds an unknown letter, nothing is picked: the score is a partial sum."
        in page.inner_text("#formula")
    )
    assert sentence(page, "formula").endswith("it holds an unknown letter, so this is a partial sum.")
    set_state(page, cursor=20)
    assert "partial" not in page.inner_text("#formula .ec-panel-said")
    assert not page.is_visible("#formula .ec-formula-box + p")
    assert "picked-2" in numbers(page, "formula")


@pytest.mark.parametrize("end", ["first", "last"])
def test_a_window_over_the_padding_is_a_partial_sum(formula, end):
    page = formula(padding="same", cursor=0 if end == "first" else len(TEXT) - 1)
    shown = numbers(page, "formula")
    absent = (0, 1) if end == "first" else (3, 4)
    assert [j for j in range(5) if f"picked-{j}" not in shown] == list(absent)
    assert "reaches over the padding" in sentence(page, "formula")
    trace = e_step_trace(TEXT, KERNEL, padding="same")
    assert shown["score"] == pytest.approx(float(trace.scores[0 if end == "first" else -1]))


@pytest.mark.parametrize("width", [1, 50])
def test_one_column_and_fifty_fit(formula, width):
    kernel = np.random.default_rng(width).normal(size=(4, width)) * 100
    page = formula(TEXT.replace("N", "A") * 3, kernel)
    shown = numbers(page, "formula")
    assert len([name for name in shown if name.startswith("picked-")]) == width
    assert shown["residual"] < 1e-10
    assert_fits_a_phone(page, "formula")
    inner, outer = page.evaluate(
        f"(() => {{ const b = document.querySelector('{BOX}'); return [b.scrollWidth, b.clientWidth]; }})()"
    )
    assert (inner > outer) is (width == 50), "it scrolls inside itself"


def test_the_sentence_is_the_ledger(formula):
    page = formula(kernel=[[1, 0], [0, 2], [0, 0], [0, 0]], bias=0.5)
    assert sentence(page, "formula").startswith("Window 1, AC: 3 + bias 0.5 = 3.5; log-likelihood ratio ")
    set_state(page, cursor=1)
    wait_for_sentence(page, "formula", page.get_attribute(STEPPER, "aria-valuetext"))
    assert sentence(page, "formula").startswith("Window 2, CG: 0 + bias 0.5 = 0.5;")


def test_the_window_is_stepped_by_keys_and_buttons(formula):
    page = formula()
    page.focus(STEPPER)
    press(page, "ArrowRight", "ArrowUp")
    assert state(page, "cursor") == 2
    press(page, "End")
    assert state(page, "cursor") == len(TEXT) - 5
    page.click("#formula button[aria-label='The next window']")
    assert state(page, "cursor") == len(TEXT) - 5
    page.click("#formula button[aria-label='The window before']")
    assert state(page, "cursor") == len(TEXT) - 6
    press(page, "ArrowRight")
    assert page.get_attribute(STEPPER, "aria-valuemax") == str(len(TEXT) - 4)


def test_a_column_is_taken_in_hand_and_scrolled_to(formula):
    page = formula(TEXT.replace("N", "A") * 3, np.random.default_rng(1).normal(size=(4, 50)))
    page.focus(BOX)
    press(page, "ArrowRight", "ArrowRight")
    page.wait_for_function(
        "document.querySelector('#formula [data-name=sentence]').textContent.startsWith('Column 2: C picks')"
    )
    press(page, "End")
    page.wait_for_function(
        "document.querySelector('#formula [data-name=sentence]').textContent.startsWith('Column 50:')"
    )
    assert page.evaluate(f"document.querySelector('{BOX}').scrollLeft") > 500
    press(page, "Home")
    assert page.evaluate(f"document.querySelector('{BOX}').scrollLeft") == 0
    page.focus(STEPPER)
    page.wait_for_function(
        "document.querySelector('#formula [data-name=sentence]').textContent.startsWith('Window 1,')"
    )


def test_the_table_holds_every_number_in_full(formula):
    page = formula(cursor=2)
    assert page.locator("#formula details table").count() == 0
    open_table(page, "formula")
    shown = numbers(page, "formula")
    for name in ("sum", "bias", "log-ratio", "offset", "score", "residual"):
        assert shown[f"full-{name}"] == shown[name]


def test_a_first_state_that_cannot_be_computed_is_explained(formula):
    page = formula("ACG")
    page.evaluate("document.querySelector('#formula details').open = true")
    page.focus(STEPPER)
    press(page, "ArrowRight", "End")
    page.click("#formula button[aria-label='The next window']")
    page.focus(BOX)
    press(page, "ArrowRight")
    assert state(page, "cursor") == 0
    assert "The sequence has 3 letters and the kernel 5 columns." in page.inner_text("#formula .ec-panel-warning")
    set_state(page, kernel=KERNEL[:, :2].tolist())
    assert numbers(page, "formula")["residual"] < 1e-12


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(formula, theme):
    assert_axe_is_content(formula(cursor=9, both_strands=True), "formula", theme)


@pytest.mark.parametrize(
    ("scale", "m"), [(1e-4, 1), (0.01, 1), (0.3, 1), (1, 1), (40, 1), (3e4, 1), (0.3, 20), (1, 20), (40, 20)]
)
def test_every_number_has_room_in_its_cell(formula, scale, m):
    page = formula(kernel=np.round(KERNEL * scale, 9), m=m)
    too_wide = page.eval_on_selector_all(
        "#formula td:has(data)",
        """(cells) => cells.filter((cell) => {
          const range = document.createRange();
          range.selectNodeContents(cell);
          return range.getBoundingClientRect().width > cell.clientWidth;
        }).map((cell) => cell.textContent)""",
    )
    assert too_wide == []
