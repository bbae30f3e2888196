"""A kernel read as a motif, in a real browser: the numbers are the library's, and Python follows the hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from epool_viz import kernel_to_pwm, load_example, load_jaspar, one_hot, pwm_to_kernel, scan
from epool_viz.panels.shared.links import fragment
from tests.browser.server import wait_for
from tests.browser.test_e_step import ready as e_step_is_ready
from tests.browser.test_e_step import shown

if TYPE_CHECKING:
    from playwright.sync_api import Page

SEQUENCE = load_example("p73_peaks")[28]


def ready(page: Page) -> None:
    """Every component is drawn, and Python answers."""
    for component in ("editor", "logo", "moves", "strip", "formula", "pipeline", "readings"):
        page.locator(f".ec-{component}:not([hidden])").first.wait_for()
    page.locator("#loading").wait_for(state="detached")


def tbp() -> np.ndarray:
    counts = load_jaspar("TBP").counts + 0.25
    return np.asarray(pwm_to_kernel(counts / counts.sum(axis=0)))


def test_a_kernel_is_taken_apart_and_python_follows(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/voila/render/pwm.ipynb")
    ready(page)
    kernel = tbp()
    scores = np.asarray(scan(one_hot(SEQUENCE), kernel))
    best = int(scores.argmax())
    assert shown(page, "score", ".ec-readings") == pytest.approx(float(scores[best]), rel=1e-12)
    assert "readings 2 and 3 hold" in page.locator(".ec-readings-verdict").inner_text()

    page.locator("[data-move=constant]").click()  # 1 more in column 1
    said = page.locator(".ec-moves-said")
    wait_for(lambda: said.get_attribute("data-logo") == "same", seconds=5, what="the comparison")
    kernel[:, 0] += 1
    assert shown(page, "offset_after", ".ec-moves") == pytest.approx(1, abs=1e-12)
    assert "only reading 3 holds" in page.locator(".ec-readings-verdict").inner_text()

    page.get_by_role("slider", name="G, column 3", exact=True).press("Shift+ArrowUp")
    kernel[2, 2] += 1
    page.get_by_label("base b, typed").fill("2")
    page.get_by_label("base b, typed").press("Enter")
    reading = kernel_to_pwm(kernel, base=2.0)
    page.get_by_role("button", name="offset", exact=True).click()
    worked_out = ".ec-pipeline-out"
    wait_for(
        lambda: shown(page, "offset", worked_out) == pytest.approx(float(reading.offset), abs=1e-6),
        seconds=5,
        what="the offset to the base 2",
    )
    for a, letter in enumerate("ACGT"):
        cell = shown(page, f"ppm_{letter}_3", ".ec-pipeline")
        assert cell == pytest.approx(float(reading.ppm[a, 2]), abs=1e-7)
    page.get_by_role("button", name="Check the numbers").click()
    verdict = page.locator(".ec-trust-verdict")
    wait_for(lambda: verdict.get_attribute("data-agrees") == "true", seconds=15, what="Python's agreement")
    page.get_by_role("button", name="Take away").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="PPM, PWM and kernel, TSV").click()
    rows = [line.split("\t") for line in download.value.path().read_text().splitlines()]
    column = rows[0].index("ppm_G")
    assert float(rows[3][column]) == pytest.approx(float(reading.ppm[2, 2]), abs=1e-7)

    link = page.get_by_role("link", name="Open this kernel in the E-step view")
    wait_for(
        lambda: page.locator(".ep-notes").inner_text().startswith("TBP (MA0108.3) (edited)"), seconds=15, what="Python"
    )
    link.click()
    e_step_is_ready(page)
    offset = float(kernel_to_pwm(kernel, base=2.0).offset)
    wait_for(
        lambda: shown(page, "offset", ".ec-formula") == pytest.approx(offset, abs=1e-6),
        seconds=15,
        what="the kernel in the E-step view",
    )
    assert page.get_by_role("link", name="Take this kernel apart").count() == 1


def test_a_wide_kernel_on_a_long_sequence_fits_every_screen(page: Page, app_url: str) -> None:
    rng = np.random.default_rng(5)
    letters = "".join(rng.choice(list("ACGT"), 1000))
    state = {
        "link": {"kernel_source": "random", "width": 50, "sequence_source": "pasted", "pasted": f">x\n{letters}\n"}
    }
    page.goto(f"{app_url}/voila/render/pwm.ipynb{fragment(state)}")
    ready(page)
    wait_for(lambda: page.locator(".ec-editor-cell").count() == 200, seconds=15, what="fifty columns")
    assert page.get_by_role("button", name="Draw another one").is_visible()
    for width in (360, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
