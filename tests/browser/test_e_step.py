"""The E-step in a real browser: every stage on a ChIP-seq peak, each number held to the library's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from epool_viz import e_step_trace, load_example, load_jaspar, pwm_to_kernel
from epool_viz.figures.svg import GLYPHS
from epool_viz.panels.e_step.steps import STEPS
from tests.browser.server import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from epool_viz import EStepTrace

WALK = [step.name for step in STEPS if step.name not in {"activated", "cells"}]
_BOX = "path => { const { x, y, width, height } = path.getBBox(); return { x, y, width, height }; }"


@pytest.fixture
def dashboard(page: Page, app_url: str) -> Page:
    page.goto(f"{app_url}/voila/render/e_step.ipynb")
    page.locator("section.ep-stage").wait_for()
    return page


@pytest.fixture(scope="module")
def trace() -> EStepTrace:
    """What the library says of the first state."""
    return peak_trace()


def peak_trace(**options: float) -> EStepTrace:
    motif = load_jaspar("CTCF")
    counts = motif.counts + 0.25
    return e_step_trace(load_example("ctcf_peaks")[0], pwm_to_kernel(counts / counts.sum(axis=0)), **options)


def shown(page: Page, name: str, within: str = ".ep-root") -> float:
    """A number on the page, to the last bit; shown twice, it must be the same twice."""
    values = page.locator(f'{within} [data-name="{name}"]').evaluate_all("ds => ds.map(d => d.dataset.value)")
    assert len(set(values)) == 1, f"{name} is shown as {values}"
    return float(values[0])


def wait_until(page: Page, name: str, value: float) -> None:
    wait_for(lambda: shown(page, name) == pytest.approx(value, rel=1e-12), seconds=10, what=f"{name} = {value}")


def current_step(page: Page) -> str:
    return page.locator("section.ep-stage").get_attribute("data-step") or ""


def go_to(page: Page, step: str) -> None:
    page.wait_for_function("step => document.querySelector('section.ep-stage').dataset.step === step", arg=step)


def wait_for_column(page: Page, name: str, expected: np.ndarray) -> None:
    """Poll until a column of the table is there, and hold it to the library's numbers."""
    cells: Locator = page.locator(f'.ep-windows tbody [data-name="{name}"]')
    wait_for(lambda: cells.count() == len(expected), seconds=10, what=f"the column {name}")
    values = [float(value) for value in cells.evaluate_all("ds => ds.map(d => d.dataset.value)")]
    np.testing.assert_allclose(values, expected, rtol=1e-12)


def test_every_stage_of_a_real_peak_shows_the_librarys_numbers(dashboard: Page, trace: EStepTrace) -> None:
    window = int(np.argmax(trace.posterior))
    order = np.argsort(-trace.posterior, kind="stable")[:8]
    in_hand = {
        "window": {"score": trace.scores, "bias": None},
        "scores": {"score": trace.scores, "log_ratio": trace.log_ratios, "offset": trace.offsets},
        "shifted": {"shifted": trace.shifted, "cell": trace.cells},
        "exponentials": {"exponential": trace.exponentials, "gate": trace.gate},
        "weights": {"weight": trace.weights},
        "posterior": {"bayes_posterior": trace.bayes_posterior, "weight": trace.weights},
        "weighted": {"weighted": trace.weighted},
    }
    for place, step in enumerate(WALK):
        assert current_step(dashboard) == step
        for name, values in in_hand.get(step, {}).items():
            expected = trace.bias if values is None else values[window]
            assert shown(dashboard, name, "section.ep-stage") == pytest.approx(float(expected), rel=1e-12, abs=1e-14)
        if step in {"scores", "shifted", "exponentials", "weights", "bayes_posterior", "weighted"}:
            wait_for_column(dashboard, step, getattr(trace, step)[order])
        if place + 1 < len(WALK):
            dashboard.get_by_role("button", name="Next").click()
            go_to(dashboard, WALK[place + 1])
    for name in ("pooled", "average", "maximum", "log_sum_exp", "entropy", "effective_windows"):
        assert shown(dashboard, name) == pytest.approx(float(getattr(trace, name)), rel=1e-12)
    for name in ("score", "posterior", "pooled"):
        assert 0 <= shown(dashboard, f"error_{name}") < 1e-12
    dashboard.get_by_role("button", name="Back").click()
    go_to(dashboard, WALK[-2])


def test_m_moves_by_the_keyboard_and_takes_pooled_value_and_logo_along(dashboard: Page, trace: EStepTrace) -> None:
    logo = dashboard.locator("svg.ep-logo").inner_html()
    handle = dashboard.locator(".ep-dial [role=slider]")
    handle.focus()
    handle.press("ArrowRight")
    wait_until(dashboard, "pooled", float(peak_trace(m=1.1).pooled))
    assert shown(dashboard, "m", ".ep-at-logo") == 1.1
    assert dashboard.locator("svg.ep-logo").inner_html() != logo
    handle.press("ArrowLeft")
    handle.press("ArrowLeft")
    wait_until(dashboard, "pooled", float(peak_trace(m=0.95).pooled))


def test_m_takes_any_number_in_its_field_and_keeps_to_its_bounds(dashboard: Page) -> None:
    field = dashboard.get_by_label("m, exactly")
    field.fill("2.37")
    field.press("Tab")
    wait_until(dashboard, "pooled", float(peak_trace(m=2.37).pooled))
    field.fill("400")
    field.press("Tab")
    wait_until(dashboard, "pooled", float(peak_trace(m=20.0).pooled))


def test_the_walk_goes_by_keyboard_alone(dashboard: Page) -> None:
    following = dashboard.get_by_role("button", name="Next")
    following.focus()
    following.press("Enter")
    go_to(dashboard, WALK[1])
    following.press("Space")
    go_to(dashboard, WALK[2])
    handle = dashboard.locator(".ep-player [role=slider]")
    handle.focus()
    handle.press("End")
    go_to(dashboard, WALK[-1])
    handle.press("ArrowLeft")
    go_to(dashboard, WALK[-2])


def test_play_goes_on_by_itself_and_pauses(dashboard: Page) -> None:
    dashboard.get_by_role("button", name="Play").click()
    dashboard.get_by_role("button", name="Pause").wait_for()
    go_to(dashboard, WALK[1])
    dashboard.get_by_role("button", name="Pause").click()
    dashboard.get_by_role("button", name="Play").wait_for()


def test_a_typed_kernel_is_used_and_a_mistake_in_it_loses_nothing(dashboard: Page) -> None:
    dashboard.get_by_label("Take").nth(1).select_option("numbers I type")
    field = dashboard.get_by_label("Matrix, four rows A C G T")
    field.fill("A 1 0 0\nC 0 2 0\nG 0 0 3\nT 0 0 -1\n")
    kernel = np.array([[1.0, 0, 0], [0, 2, 0], [0, 0, 3], [0, 0, -1]])
    expected = e_step_trace(load_example("ctcf_peaks")[0], kernel)
    wait_until(dashboard, "pooled", float(expected.pooled))
    field.fill("A 1 0 0\nC 0 2 zero\n")
    message = dashboard.get_by_role("alert")
    message.wait_for()
    assert re.match(r"The typed matrix, line 2: found .*; accepted: ", message.inner_text())
    assert shown(dashboard, "pooled") == pytest.approx(float(expected.pooled), rel=1e-12)
    assert field.input_value() == "A 1 0 0\nC 0 2 zero\n"
    field.fill("A 1 0 0\nC 0 2 0\nG 0 0 3\nT 0 0 -2\n")
    message.wait_for(state="detached")
    kernel[3, 2] = -2
    wait_until(dashboard, "pooled", float(e_step_trace(load_example("ctcf_peaks")[0], kernel).pooled))


def test_a_pasted_sequence_is_walked_and_a_mistake_in_it_is_told(dashboard: Page) -> None:
    dashboard.get_by_label("Take").first.select_option("my own, pasted")
    dashboard.get_by_role("alert").wait_for()
    assert dashboard.get_by_role("alert").inner_text().startswith("The sequence is empty")
    field = dashboard.get_by_label("Sequence, or FASTA")
    sequence = "TTTTGGCCACCAGGGGGCGCTATTTTNTTTT"
    field.fill(f">mine\n{sequence}")
    dashboard.get_by_role("alert").wait_for(state="detached")
    expected = e_step_trace(sequence, peak_trace().kernel)
    wait_until(dashboard, "pooled", float(expected.pooled))
    field.fill(f">mine\n{sequence}!")
    dashboard.get_by_role("alert").wait_for()
    assert "line 2: found '!'" in dashboard.get_by_role("alert").inner_text()
    assert shown(dashboard, "pooled") == pytest.approx(float(expected.pooled), rel=1e-12)


def test_a_kernel_file_is_uploaded(dashboard: Page) -> None:
    dashboard.get_by_label("Take").nth(1).select_option("a file")
    content = b">x\nA [1 2 5]\nC [3 4 1]\nG [5 6 1]\nT [7 8 1]\n"
    with dashboard.expect_file_chooser() as chooser:
        dashboard.get_by_role("button", name="Choose a kernel file").click()
    chooser.value.set_files({"name": "x.jaspar", "mimeType": "text/plain", "buffer": content})
    wait_for(lambda: "x" in dashboard.locator(".ep-notes b").first.inner_text(), seconds=10, what="the file's motif")
    counts = np.array([[1.0, 2, 5], [3, 4, 1], [5, 6, 1], [7, 8, 1]]) + 0.25
    expected = e_step_trace(load_example("ctcf_peaks")[0], pwm_to_kernel(counts / counts.sum(axis=0)))
    wait_until(dashboard, "pooled", float(expected.pooled))


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_never_scrolls_sideways(dashboard: Page, width: int) -> None:
    dashboard.set_viewport_size({"width": width, "height": 740})
    for step in WALK[1:]:
        assert dashboard.evaluate("document.documentElement.scrollWidth") <= width
        dashboard.get_by_role("button", name="Next").click()
        go_to(dashboard, step)


def test_every_glyph_is_as_tall_as_its_box(page: Page) -> None:
    paths = "".join(f'<path id="{letter}" d="{outline}"/>' for letter, outline in GLYPHS.items())
    page.set_content(f'<svg viewBox="0 0 100 100">{paths}</svg>')
    for letter in GLYPHS:
        box = page.locator(f"#{letter}").evaluate(_BOX)
        assert box["y"] == pytest.approx(0, abs=0.5), letter
        assert box["height"] == pytest.approx(100, abs=0.5), letter
        assert box["x"] >= -0.5, letter
        assert 90 < box["x"] + box["width"] <= 100.5, letter
