"""From kernel to logo: every cell is core's number, each step adds a matrix, the column in hand is worked out."""

from __future__ import annotations

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.widgets import Pipeline
from epool_viz.core.kernels import kernel_readings_at
from epool_viz.core.motifs import information_content
from epool_viz.panels.pwm.texts import STEPS, page_steps
from tests.components.conftest import source_of, state_of
from tests.components.test_strip import (
    assert_axe_is_content,
    assert_fits_a_phone,
    numbers,
    press,
    set_state,
    settle,
    state,
)

TEXT = "ACGTTGCATCACGTTAGCATTAGACC"
KERNEL = np.random.default_rng(4).normal(size=(4, 5)) * 2
Q = np.array([0.1, 0.2, 0.3, 0.4])
NAMES = [step.name for step in STEPS]
LAST = len(NAMES) - 1
BOX = "#pipeline .ec-pipeline-box"
LOOKS = {"column": 0, "form": "background"}


@pytest.fixture
def pipeline(show):
    def draw(kernel=KERNEL, text=TEXT, **changes):
        changes = LOOKS | {"step": LAST} | changes
        return show(state_of(text, kernel, **changes), "pipeline", options={"steps": page_steps()})

    return draw


def matrix(shown, name, width=5):
    return np.array([[shown[f"{name}_{a}_{j + 1}"] for j in range(width)] for a in "ACGT"])


def row(shown, name, width=5):
    return np.array([shown[f"{name}_{j + 1}"] for j in range(width)])


def worked_out(page):
    return page.inner_text("#pipeline [data-name=worked-out]").replace("−", "-")


def test_the_widget_carries_its_module_and_is_small():
    assert Pipeline(store=Store(state=state_of(TEXT, KERNEL), on_patch=print))._esm == module_text("pipeline")
    assert len(source_of("pipeline").encode()) < 30_000


@pytest.mark.parametrize("m", [0.7, 1.0])
@pytest.mark.parametrize("form", ["background", "plain"])
def test_every_cell_is_the_number_of_core(pipeline, form, m):
    page = pipeline(form=form, m=m, bias=0.4, background=Q.tolist())
    shown = numbers(page, "pipeline")
    found = kernel_readings_at(KERNEL, m, bias=0.4, background=Q)
    plain = form == "plain"
    ppm, shares, offset = (
        (found.plain_ppm, found.plain_shares, found.plain_offset) if plain else (found.ppm, found.shares, found.offset)
    )
    powers = np.exp(m * KERNEL)
    weighted = powers if plain else Q[:, None] * powers
    bits = information_content(ppm, None if plain else Q)
    np.testing.assert_allclose(matrix(shown, "kernel"), KERNEL, rtol=1e-12)
    np.testing.assert_allclose(matrix(shown, "powers"), powers, rtol=1e-12)
    np.testing.assert_allclose(row(shown, "z"), weighted.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(row(shown, "share"), shares, rtol=1e-11)
    np.testing.assert_allclose(matrix(shown, "ppm"), weighted / weighted.sum(axis=0), rtol=1e-11)
    pwm = np.log(ppm / (1 if plain else Q[:, None])) / m
    np.testing.assert_allclose(matrix(shown, "pwm"), pwm, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(matrix(shown, "heights"), ppm * bits, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(row(shown, "bits"), bits, rtol=1e-10, atol=1e-12)
    assert shown["offset"] == pytest.approx(float(offset), rel=1e-11)
    assert shown["column_share"] == pytest.approx(float(shares[0]), rel=1e-11)
    if plain:
        assert "weighted_A_1" not in shown
    else:
        np.testing.assert_allclose(matrix(shown, "weighted"), weighted, rtol=1e-12)
        assert shown["plain_offset"] == pytest.approx(float(found.plain_offset), rel=1e-11)


def test_each_step_adds_its_matrix(pipeline):
    page = pipeline(step=0)
    visible = "(all) => all.filter((e) => !e.hidden).map((e) => e.dataset.name)"
    for place, name in enumerate(NAMES):
        set_state(page, step=place)
        assert page.get_attribute("#pipeline", "data-step") == name
        blocks = page.eval_on_selector_all("#pipeline tbody", visible)
        assert blocks == [n for n in NAMES[: place + 1] if n != "offset"]
        assert page.inner_text("#pipeline .ec-pipeline-count") == f"{place + 1}/{len(NAMES)}"
        now = page.eval_on_selector_all("#pipeline tbody.is-now", "(all) => all.map((e) => e.dataset.name)")
        assert now == ["sums" if name == "offset" else name]
    set_state(page, form="plain", step=NAMES.index("weighted"))
    assert page.get_attribute("#pipeline", "data-step") == "sums", "without a background nothing is weighted"
    assert page.inner_text("#pipeline .ec-pipeline-count") == f"3/{len(NAMES) - 1}"


@pytest.mark.parametrize("column", [0, 2, 4])
def test_the_column_in_hand_is_worked_out(pipeline, column):
    page = pipeline(column=column, m=0.7, background=Q.tolist())
    found = kernel_readings_at(KERNEL, 0.7, background=Q)
    by_step = {
        "kernel": ("w_{}", KERNEL),
        "powers": ("power_{}", np.exp(0.7 * KERNEL)),
        "weighted": ("weighted_{}", Q[:, None] * np.exp(0.7 * KERNEL)),
        "ppm": ("p_{}", found.ppm),
        "pwm": ("pwm_by_ppm_{}", KERNEL - found.shares),
    }
    for name, (pattern, values) in by_step.items():
        set_state(page, step=NAMES.index(name))
        shown = numbers(page, "pipeline")
        for a, letter in enumerate("ACGT"):
            assert shown[pattern.format(letter)] == pytest.approx(float(values[a, column]), rel=1e-9, abs=1e-12)
    set_state(page, step=NAMES.index("sums"))
    shown = numbers(page, "pipeline")
    assert shown["column_share"] == pytest.approx(float(found.shares[column]))
    assert shown["column_z"] == pytest.approx(float(np.exp(0.7 * found.shares[column])))
    assert f"Z of column {column + 1}" in worked_out(page)


def test_a_constant_moves_z_and_its_share_and_no_probability(pipeline):
    page = pipeline(column=3)
    before = numbers(page, "pipeline")
    moved = KERNEL + np.array([0, 0, 0, 2.0, 0])
    set_state(page, kernel=moved.tolist())
    after = numbers(page, "pipeline")
    np.testing.assert_allclose(matrix(after, "ppm"), matrix(before, "ppm"), rtol=1e-12)
    np.testing.assert_allclose(row(after, "share") - row(before, "share"), [0, 0, 0, 2, 0], atol=1e-12)
    assert after["offset"] - before["offset"] == pytest.approx(2)
    assert after["z_4"] / before["z_4"] == pytest.approx(np.exp(2))


def test_a_column_that_sums_to_one_says_so(pipeline):
    shares = kernel_readings_at(KERNEL, 1.0).shares
    page = pipeline(KERNEL - shares, step=NAMES.index("sums"))
    assert "sums to one already, and adds nothing to the offset" in worked_out(page)
    set_state(page, kernel=KERNEL.tolist())
    assert "already" not in worked_out(page)


def test_columns_are_taken_by_keys_buttons_and_pointer(pipeline):
    page = pipeline()
    page.focus(BOX)
    press(page, "ArrowRight", "ArrowRight")
    assert state(page, "column") == 2
    press(page, "End", "ArrowRight")
    assert state(page, "column") == 4
    page.click("#pipeline button[aria-label='The column before']")
    assert state(page, "column") == 3
    page.click("#pipeline tbody[data-name=ppm] tr:nth-child(3) td:nth-of-type(2)")
    settle(page)
    assert state(page, "column") == 1
    stepper = page.locator("#pipeline [role=spinbutton]")
    assert stepper.get_attribute("aria-valuenow") == "2"
    marked = page.eval_on_selector_all("#pipeline .is-hand", "(all) => [...new Set(all.map((e) => e.dataset.column))]")
    assert marked == ["1"]
    set_state(page, kernel=KERNEL[:, :1].tolist())
    assert stepper.inner_text() == "column 1 of 1"


@pytest.mark.parametrize("size", [1e-6, 500.0, 1e6])
def test_powers_beyond_floats_are_still_told(pipeline, size):
    page = pipeline(np.array([[1.0, -1], [0.5, 0], [0, 1], [-1, 0.2]]) * size, step=NAMES.index("ppm"))
    cells = page.locator("#pipeline tbody[data-name=powers] td").all_inner_texts()
    assert len(cells) == 8
    assert not [text for text in cells if "∞" in text or text in {"0", "–", "NaN"}], cells
    if size == 1e6:
        assert cells[0] == "3×10⁴³⁴²⁹⁴"
    np.testing.assert_allclose(matrix(numbers(page, "pipeline"), "ppm", 2).sum(axis=0), 1, rtol=1e-12)


def test_at_base_one_everything_is_the_background(pipeline):
    page = pipeline(m=0.0, background=Q.tolist())
    shown = numbers(page, "pipeline")
    np.testing.assert_allclose(matrix(shown, "ppm"), np.repeat(Q[:, None], 5, axis=1), rtol=1e-12)
    np.testing.assert_allclose(row(shown, "z"), 1, rtol=1e-12)
    set_state(page, form="plain")
    shown = numbers(page, "pipeline")
    np.testing.assert_allclose(row(shown, "z"), 4, rtol=1e-12)
    assert np.isinf(shown["offset"])


def test_fifty_columns_fit_a_phone_and_a_move_writes_one_of_them(pipeline):
    kernel = np.random.default_rng(5).normal(size=(4, 50))
    page = pipeline(kernel, TEXT * 40)
    assert len(numbers(page, "pipeline")) > 50 * 25
    written = page.evaluate(
        """async () => {
            let count = 0;
            const cells = document.querySelector(".ec-pipeline-table");
            const observer = new MutationObserver((all) => (count += all.length));
            observer.observe(cells, { subtree: true, childList: true, characterData: true });
            const { kernel } = window.store.state;
            window.store.set({ kernel: kernel.map((row, a) => row.map((w, j) => (a === 1 && j === 7 ? w + 1 : w))) });
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            return count;
        }"""
    )
    assert 10 < written < 40, "one entry is one column of cells, not the whole table"
    assert_fits_a_phone(page, "pipeline", has_table=False)
    page.focus(BOX)
    press(page, "End")
    assert page.evaluate(f"document.querySelector('{BOX}').scrollLeft") > 500


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(pipeline, theme):
    page = pipeline(column=2)
    assert_axe_is_content(page, "pipeline", theme, has_table=False)
