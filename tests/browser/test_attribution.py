"""Attribution beside the exact reading, in a real browser: one opening, looked at, worked with, taken away."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from safetensors.numpy import save

from epool_viz.analysis.attribution_truth import site_sequences
from epool_viz.core.attribution import METHODS
from epool_viz.data.examples import load_example_model
from epool_viz.panels.attribution.model import AttributionModel
from tests.browser.head import settings
from tests.browser.server import wait_for
from tests.patience import allowed

if TYPE_CHECKING:
    from playwright.sync_api import Page


def ready(page: Page) -> None:
    """The tracks are drawn, and Python answers."""
    page.locator(".ec-tracks [data-name=tracks] path").first.wait_for(state="attached")
    page.locator("#loading").wait_for(state="detached")


def told(page: Page) -> str:
    return page.get_by_role("slider", name="Letter in hand").get_attribute("aria-valuetext") or ""


def shown(page: Page, name: str) -> float:
    return float(page.locator(f'[data-name="{name}"]').first.get_attribute("data-value") or "nan")


def test_a_network_is_read_letter_by_letter(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/voila/render/attribution.ipynb")
    ready(page)
    sequences = site_sequences()
    (site,) = sequences.sites[0]
    assert told(page).startswith(f"Letter 81 is {sequences[0][80]}, in the site {site.motif}. Its rank among 200: ")
    for method in METHODS:
        assert shown(page, f"auprc_{method}") == pytest.approx(AttributionModel().reading.precision(method))
    assert "not your doing" not in page.locator("body").inner_text()

    # the keyboard walks over all tracks at once
    slider = page.get_by_role("slider", name="Letter in hand")
    slider.press("End")
    wait_for(lambda: told(page).startswith("Letter 200 is "), seconds=5, what="the last letter")
    slider.press("s")
    wait_for(lambda: told(page).startswith(f"Letter {site.start + 1} is "), seconds=5, what="the site")
    assert page.locator(".ec-tracks .ec-tracks-bars").count() == 0  # letters now

    # a letter of the site is broken: Python reads the sequence anew
    slider.press("A" if sequences[0][site.start] != "A" else "C")
    model = AttributionModel(edits=[[site.start, "A" if sequences[0][site.start] != "A" else "C"]])
    wait_for(lambda: shown(page, "output") == pytest.approx(model.reading.output), seconds=10, what="a changed letter")
    slider.press("Control+z")

    # another network and another sequence
    page.get_by_label("Number in the set").fill("10")
    page.get_by_label("Number in the set").press("Enter")
    page.get_by_label("Trained network").select_option(label=_option(page, "two motifs, simulated, max"))
    expected = AttributionModel(network="two_motifs_max", index=9)
    wait_for(
        lambda: shown(page, "output") == pytest.approx(expected.reading.output), seconds=10, what="another network"
    )
    page.get_by_label("average over the kernel's width").check()
    area = expected.reading.precision("saliency", 15)
    wait_for(lambda: shown(page, "auprc_saliency") == pytest.approx(area), seconds=10, what="smoothed tracks")
    with page.expect_download(timeout=1000 * allowed(60)) as download:
        page.get_by_role("button", name="The tracks, CSV").click()
    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert float(rows[199]["deeplift"]) == pytest.approx(expected.reading.scores("deeplift", 15)[199])

    # a network of the visitor's own: kernels alone first, then a whole one; of the latter everything is shown
    strangers = save({"conv.weight": np.random.default_rng(4).normal(size=(3, 4, 8)).astype("f4")})
    bring(page, "strangers.safetensors", strangers)
    page.get_by_label("Kernel of the model").select_option("conv-2")
    wait_for(lambda: shown(page, "best_share") > 0, seconds=10, what="a kernel of a stranger's network")
    assert page.get_by_role("button", name="Ask captum").is_hidden()
    whole = load_example_model("two_motifs_max").info.path.read_bytes()
    bring(page, "mine.safetensors", whole)
    expected = AttributionModel(network="two_motifs_max", index=9)
    wait_for(
        lambda: (
            page.locator('[data-name="output"]').count()
            and shown(page, "output") == pytest.approx(expected.reading.output)
        ),
        seconds=30,
        what="the network that was brought",
    )
    page.get_by_text("A whole network of epool_viz").wait_for()
    assert page.get_by_role("button", name="Ask captum").is_enabled()

    for width in (360, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        wait_for(lambda w=width: page.evaluate("document.documentElement.scrollWidth") <= w, seconds=5, what=f"{width}")
    for theme in ("light", "dark"):
        settings(page)
        page.get_by_label("Colours", exact=True).first.select_option(theme)
        found = Axe().run(page)
        bad = found.response["violations"]
        assert [(v["id"], [n["target"] for n in v["nodes"]][:4]) for v in bad] == []


def bring(page: Page, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    page.locator(".ec-upload", has_text="Open a model file").locator("input").set_input_files(file)


def _option(page: Page, beginning: str) -> str:
    labels = page.get_by_label("Trained network").locator("option").all_text_contents()
    return next(label for label in labels if label.replace("\xa0", " ").startswith(beginning))
