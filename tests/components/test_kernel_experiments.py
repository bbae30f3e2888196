"""What changes a logo and what cannot: each move, what it leaves, and that the words are of the numbers."""

from __future__ import annotations

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.widgets import KernelExperiments
from epool_viz.core.kernels import kernel_readings_at, kernel_to_pwm_at
from epool_viz.core.motifs import information_content
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
KERNEL = np.random.default_rng(4).normal(size=(4, 5)).round(2)
Q = np.array([0.1, 0.2, 0.3, 0.4])
M = 0.7


@pytest.fixture
def moves(show):
    def draw(kernel=KERNEL, **changes):
        changes = {"m": M, "background": Q.tolist(), "column": 2, "kernel_name": "mine"} | changes
        return show(state_of(TEXT, kernel, **changes), "kernel_experiments")

    return draw


def do(page, name):
    page.click(f"#kernel_experiments [data-move={name}]")
    settle(page)


def said(page):
    return page.inner_text("#kernel_experiments [data-name=said]").replace("−", "-")


def logo(page):
    return page.get_attribute("#kernel_experiments [data-name=said]", "data-logo")


def reading(kernel, m=M):
    return kernel_to_pwm_at(np.asarray(kernel), m, background=Q)


def bits(kernel, m=M):
    return float(information_content(reading(kernel, m).ppm, Q).sum())


def test_the_widget_carries_its_module_and_is_small():
    assert KernelExperiments(store=Store(state=state_of(TEXT, KERNEL), on_patch=print))._esm == module_text(
        "kernel_experiments"
    )
    assert len(source_of("kernel_experiments").encode()) < 30_000


def test_a_constant_stays_out_of_the_logo_and_is_the_offset_to_the_last_digit(moves):
    page = moves(cursor=3)
    assert said(page).startswith("Nothing has moved yet.")
    page.fill("#kernel_experiments input", "-2,5")
    do(page, "constant")
    expected = KERNEL + np.array([0, 0, -2.5, 0, 0])
    np.testing.assert_allclose(state(page, "kernel"), expected, rtol=1e-15)
    shown = numbers(page, "kernel_experiments")
    before, after = reading(KERNEL), reading(expected)
    assert logo(page) == "same"
    assert said(page).startswith("The logo stays: two kernels, one PPM.")
    assert shown["offset_before"] == shown["offset_old"] == pytest.approx(float(before.offset))
    assert shown["offset_after"] == shown["offset_new"] == pytest.approx(float(after.offset))
    assert shown["constants"] == pytest.approx(-2.5)
    assert abs(shown["residual"]) < 1e-14
    assert shown["ppm_change"] < 1e-15
    assert shown["score_change"] == pytest.approx(-2.5)
    assert shown["odds_change"] == pytest.approx(0, abs=1e-12)
    assert page.evaluate("window.store.state.kernel_by === window.store.state.kernel")


def test_a_constant_for_every_column_is_another_kernel_with_the_same_ppm(moves):
    page = moves()
    do(page, "constants")
    now = np.array(state(page, "kernel"))
    constants = now - KERNEL
    np.testing.assert_allclose(constants, np.repeat(constants[:1], 4, axis=0), atol=1e-12)
    assert logo(page) == "same"
    np.testing.assert_allclose(reading(now).ppm, reading(KERNEL).ppm, rtol=1e-11)
    assert numbers(page, "kernel_experiments")["constants"] == pytest.approx(constants[0].sum(), abs=1e-12)


@pytest.mark.parametrize(("name", "which"), [("log-odds", "shares"), ("log-ppm", "plain_shares")])
def test_every_column_can_be_made_to_sum_to_one(moves, name, which):
    page = moves()
    do(page, name)
    now = np.array(state(page, "kernel"))
    np.testing.assert_allclose(getattr(kernel_readings_at(now, M, background=Q), which), 0, atol=1e-14)
    assert logo(page) == "same"
    do(page, name)
    assert said(page) == "Every column sums to one already: there is nothing to move."
    np.testing.assert_array_equal(state(page, "kernel"), now)


def test_scaling_is_a_change_of_base_to_the_logo(moves):
    page = moves()
    do(page, "scale")
    np.testing.assert_allclose(state(page, "kernel"), 2 * KERNEL)
    assert logo(page) == "changed"
    shown = numbers(page, "kernel_experiments")
    assert shown["twin"] < 1e-14
    assert shown["bits_before"] == pytest.approx(bits(KERNEL))
    assert shown["bits_after"] == pytest.approx(bits(KERNEL, 2 * M)) == pytest.approx(bits(2 * KERNEL))
    assert f"the base {np.exp(2 * M):.4g}, b to the power of 2, would do" in said(page)


def test_the_base_changes_the_logo_and_no_score(moves):
    page = moves(cursor=3)
    do(page, "base")
    assert state(page, "m") == pytest.approx(2 * M)
    np.testing.assert_array_equal(state(page, "kernel"), KERNEL)
    assert logo(page) == "changed"
    assert f"read to the base {np.exp(2 * M):.4g} in place of {np.exp(M):.4g}" in said(page)
    shown = numbers(page, "kernel_experiments")
    assert shown["score_change"] == 0
    assert shown["bits_new"] == pytest.approx(bits(KERNEL, 2 * M))


def test_the_base_stays_below_its_bound(moves):
    page = moves(m=15.0)
    do(page, "base")
    assert state(page, "m") == 20


def test_one_entry_changes_the_logo(moves):
    page = moves()
    do(page, "entry")
    expected = KERNEL.copy()
    expected[0, 2] += 1
    np.testing.assert_allclose(state(page, "kernel"), expected)
    assert logo(page) == "changed"
    moved = np.abs(reading(expected).ppm - reading(KERNEL).ppm).max()
    assert numbers(page, "kernel_experiments")["moved"] == pytest.approx(moved)


def test_the_bias_moves_the_offset_alone(moves):
    page = moves()
    set_state(page, bias=3.0)
    assert logo(page) == "same"
    assert "the bias is part of it" in said(page)
    assert numbers(page, "kernel_experiments")["offset_change"] == pytest.approx(3)


def test_another_background_changes_the_logo_and_no_score(moves):
    page = moves(cursor=3)
    set_state(page, background=[0.25] * 4)
    assert logo(page) == "changed"
    assert "against another background" in said(page)
    shown = numbers(page, "kernel_experiments")
    assert shown["score_change"] == 0
    assert shown["offset_after"] == pytest.approx(float(kernel_to_pwm_at(KERNEL, M).offset))
    assert shown["offset_before"] == pytest.approx(float(reading(KERNEL).offset))


def test_a_background_that_changes_as_well_is_no_part_of_the_comparison(moves):
    page = moves()
    do(page, "scale")
    set_state(page, background=[0.25] * 4)
    shown = numbers(page, "kernel_experiments")
    assert shown["twin"] < 1e-14
    uniform = kernel_to_pwm_at(KERNEL, M).ppm
    assert shown["bits_before"] == pytest.approx(float(information_content(uniform).sum()))


def test_what_is_changed_elsewhere_is_compared_too(moves):
    page = moves()
    set_state(page, kernel=(KERNEL + 1).tolist())
    assert logo(page) == "same"
    assert numbers(page, "kernel_experiments")["constants"] == pytest.approx(5)
    set_state(page, kernel=KERNEL[:, :3].tolist())
    assert said(page).startswith("Another width, another logo.")
    assert logo(page) == "changed"


def test_another_motif_is_compared_with_nothing(moves):
    page = moves()
    set_state(page, kernel=(KERNEL**2).tolist(), kernel_name="another")
    assert said(page).startswith("Nothing has moved yet.")


def test_there_is_a_way_back_and_a_way_on(moves):
    page = moves()
    back = page.get_by_role("button", name="Back to the kernel before")
    assert not back.is_visible()
    do(page, "scale")
    back.click()
    settle(page)
    np.testing.assert_array_equal(state(page, "kernel"), KERNEL)
    do(page, "base")
    back.click()
    settle(page)
    assert state(page, "m") == M
    do(page, "entry")
    page.get_by_role("button", name="Compare from here on").click()
    settle(page)
    assert said(page).startswith("Nothing has moved yet.")


def test_what_is_no_constant_is_told_and_changes_nothing(moves):
    page = moves()
    page.fill("#kernel_experiments input", "much")
    press(page, "Enter")
    assert said(page) == "The constant: found “much”; accepted: a number such as -0.5, at most a million in size."
    np.testing.assert_array_equal(state(page, "kernel"), KERNEL)
    page.fill("#kernel_experiments input", "1")
    press(page, "Enter")
    assert logo(page) == "same"


def test_at_base_one_no_column_is_settled(moves):
    page = moves(m=0.0)
    do(page, "log-ppm")
    assert said(page) == "At b = 1 every power is 1; move b up first."
    np.testing.assert_array_equal(state(page, "kernel"), KERNEL)


def test_it_fits_a_phone(moves):
    page = moves()
    do(page, "constants")
    assert_fits_a_phone(page, "kernel_experiments", has_table=False)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(moves, theme):
    page = moves()
    do(page, "constants")
    assert_axe_is_content(page, "kernel_experiments", theme, has_table=False)
