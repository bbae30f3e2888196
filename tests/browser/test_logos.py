"""The logos in a real browser: one opening, walked through as a visitor would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from safetensors.numpy import save

from epool_viz.analysis.kernel_readings import bits_of
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.motifs import information_content
from epool_viz.data.motifs.reading import parse_motifs
from epool_viz.panels.logos.model import LogosModel
from epool_viz.panels.shared.links import fragment
from tests.browser.server import wait_for
from tests.patience import allowed

if TYPE_CHECKING:
    from playwright.sync_api import Page


def ready(page: Page) -> None:
    page.locator("svg[data-reading=posterior] path").first.wait_for(state="attached", timeout=1000 * allowed(60))
    page.locator("#loading").wait_for(state="detached")


def number(page: Page, name: str) -> float:
    return float(page.locator(f"[data-name={name}]").first.get_attribute("data-value") or "nan")


def findings(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [v["id"] for v in found]


def test_a_visitor_reads_kernels_and_takes_them_along(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/voila/render/logos.ipynb")
    ready(page)
    model = LogosModel()
    summary = page.locator(".ec-summary")
    assert summary.get_by_role("combobox").locator("option:checked").inner_text() == f"Kernel {model.place + 1}"
    assert np.isclose(number(page, "summary_bits"), bits_of(model.exact()[model.place]), rtol=1e-3)
    summary.get_by_role("button", name="weaker kernel").click()
    second = int(np.argsort(-model.kernels.output_weights)[1])
    page.get_by_text(f"Kernel {second + 1}, read three ways").wait_for()
    assert summary.get_by_role("status").inner_text() == "number 2 of 16 by strength"
    summary.get_by_role("button", name="stronger kernel").click()
    page.get_by_text(f"Kernel {model.place + 1}, read three ways").wait_for()
    assert page.locator(".ec-gallery-card").count() == 16
    assert page.locator("[data-name=kernel]").inner_text() == f"Kernel {model.place + 1}, read three ways"
    assert np.isclose(number(page, "at_sites_posterior"), model.detail().worth.at_sites["posterior"], rtol=1e-5)
    assert "CTCF" in page.locator("[data-row=known] h3").inner_text()

    # another kernel: Python answers with its posterior, its numbers and its map
    page.locator("[data-place='5'] button").click()
    model.place = 5
    wanted = model.detail().worth.at_sites["heuristic"]
    wait_for(lambda: np.isclose(number(page, "at_sites_heuristic"), wanted, rtol=1e-5), seconds=15, what="kernel 6")
    page.get_by_text("Kernel 6, m = 1; each row sums to 1.").wait_for()

    # the base: the page answers at once, for all kernels
    box = page.locator(".ec-slider .ec-box").first
    box.fill("2")
    box.press("Enter")
    bits = information_content(kernel_to_pwm_at(model.kernels.kernels[5], 2.0).ppm).sum()
    wait_for(lambda: np.isclose(number(page, "bits_exact"), bits, rtol=1e-3), seconds=15, what="the base e²")
    wait_for(
        lambda: "not compared" in page.locator("[data-name=matches_exact]").inner_text(), seconds=15, what="Python"
    )

    # the threshold: the heuristic alone
    exact = number(page, "bits_exact")
    page.get_by_role("radio", name="Basset (all windows)").check()
    wait_for(lambda: "Basset's rule" in page.locator("[data-row=heuristic] h3").inner_text(), seconds=15, what="Basset")
    assert number(page, "bits_exact") == exact

    # files
    page.get_by_role("searchbox").fill("ctcf")
    page.get_by_role("button", name="Take all along").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="MEME", exact=True).click()
    found = parse_motifs(download.value.path().read_bytes())
    assert found
    assert all(motif.name.endswith("_exact") for motif in found)

    # a model of the visitor's own, read another way; what is refused leaves it as it was
    kernels = np.random.default_rng(4).normal(size=(3, 4, 8)).astype("f4")
    file = {"name": "mine.safetensors", "mimeType": "application/octet-stream", "buffer": save({"c.weight": kernels})}
    page.locator(".ec-upload", has_text="Open a model file").locator("input").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_text("Without sequences there is the exact reading only.").wait_for()
    letters = page.get_by_label("Order of the letters")
    before = number(page, "bits_exact")
    letters.fill("AAAA")
    letters.press("Enter")
    page.get_by_text("mine.safetensors cannot be read: `letters` is 'AAAA'").wait_for()
    letters.fill("TGCA")
    letters.press("Enter")
    page.locator(".ep-problem").wait_for(state="detached")
    assert np.isclose(number(page, "bits_exact"), before, rtol=1e-3)
    chosen = page.get_by_label("Turn the kernels round").locator("option:checked")
    assert chosen.inner_text().replace("\xa0", " ") == "as the file says"

    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        assert findings(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_link_opens_the_same_view(page: Page, app_url: str) -> None:
    state = {"trained": "two_motifs_max", "m": 2.0, "place": 15, "rule": "basset", "threshold": 0.7, "chosen": [15]}
    page.goto(f"{app_url}/voila/render/logos.ipynb{fragment(state)}")
    ready(page)
    model = LogosModel(**state)
    wanted = model.detail().worth.at_sites
    for reading in ("exact", "heuristic", "posterior"):
        wait_for(
            lambda r=reading: np.isclose(number(page, f"at_sites_{r}"), wanted[r], rtol=1e-4), seconds=20, what=reading
        )
    assert page.get_by_text("1 taken along").count() == 1
    assert "known sites in held-out" in page.locator("[data-name=how]").inner_text()
