"""The first screen of the logos, as a newcomer meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save

from epool_viz.panels.registry import DASHBOARDS
from tests.browser.first_screen import assert_one_question_one_picture
from tests.browser.test_logos import ready

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def depth() -> str:
    return "learn"


def test_one_logo_and_three_numbers_are_the_first_screen(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/voila/render/logos.ipynb")
    ready(page)
    facts = page.locator(".ec-summary-facts").inner_text()
    assert "bits" in facts
    assert "%" in facts
    assert "CTCF" in facts
    assert not page.get_by_role("radio", name="letters of the sequences").is_visible(), "of a deeper view"
    [row] = [row for row in DASHBOARDS if row.name == "logos"]
    assert_one_question_one_picture(page, row.idea.question)


def test_the_logo_of_an_opened_model_is_in_the_first_screen(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/voila/render/logos.ipynb")
    ready(page)
    kernels = np.random.default_rng(4).normal(size=(3, 4, 8)).astype("f4")
    kernels[1] *= 4
    file = {"name": "mine.safetensors", "mimeType": "application/octet-stream", "buffer": save({"c.weight": kernels})}
    page.locator(".ec-upload", has_text="Open a model file").locator("input").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_text("Without sequences there is the exact reading only.").wait_for()
    page.evaluate("scrollTo(0, 0)")
    box = page.locator("svg[data-name=summary]").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 800
    assert page.locator(".ec-summary select option:checked").inner_text() == "c-1", "the strongest first"
