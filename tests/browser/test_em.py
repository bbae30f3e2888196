"""EM in a real browser: walked by hand, played, run, asked about a kernel, taken along. One opening for most of it."""

from __future__ import annotations

import base64
import csv
import io
import json
import time
from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe

from epool_viz.panels.em.model import EMModel
from epool_viz.panels.shared.html import rounded
from epool_viz.panels.shared.links import fragment
from tests.browser.head import settings
from tests.browser.server import wait_for
from tests.patience import allowed

if TYPE_CHECKING:
    from playwright.sync_api import Page


def opened(page: Page, app_url: str, **state: object) -> Page:
    page.goto(f"{app_url}/voila/render/em.ipynb{fragment(state) if state else ''}")
    page.locator(".ec-heatmap canvas").wait_for(timeout=1000 * allowed(60))
    page.locator("#loading").wait_for(state="detached")
    return page


def where(page: Page) -> str:
    return page.locator(".ec-stepper output").inner_text()


def is_at(page: Page, place: str) -> None:
    wait_for(lambda: where(page) == place, seconds=20, what=place)


def go_on(page: Page) -> None:
    page.locator(".ec-stepper-next").click()


def test_em_is_walked_played_run_and_taken_along(page: Page, app_url: str) -> None:
    opened(page, app_url)
    assert where(page) == "start"
    times = []
    for place in ("E-step 1", "M-step 1", "E-step 2", "M-step 2"):
        begun = time.monotonic()
        go_on(page)
        is_at(page, place)
        times.append(time.monotonic() - begun)
    assert sorted(times)[1] < allowed(1), "0.1 s were measured"
    page.get_by_role("heading", name="M-step 2: what do they look like?").wait_for()
    page.keyboard.press("ArrowLeft")
    is_at(page, "E-step 2")
    page.get_by_role("button", name="first step").click()
    is_at(page, "start")
    page.get_by_role("button", name="Play").click()
    is_at(page, "E-step 3")  # beyond what had been walked
    page.get_by_role("button", name="Pause").click()

    plot = page.locator(".ec-heatmap [role=application]")
    plot.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("b")
    cell = page.locator(".ec-heatmap .ec-panel-said").inner_text()
    assert cell.startswith("ara, start ")
    number = cell.split("start ")[1].split(":")[0]
    page.locator(".ep-formula", has_text=f"ara, start {number}, ").wait_for()

    page.get_by_role("button", name="Run to convergence").click()
    page.get_by_text("Converged after").wait_for()
    page.get_by_text("EM has converged").wait_for()
    assert "17 of 18" in page.locator(".ep-standing").inner_text()
    page.get_by_text("From another random window, where will EM end?").wait_for()
    assert page.locator(".ec-stepper-next").get_attribute("aria-disabled") == "true"
    page.get_by_role("button", name="Best of 10 starts").click()
    page.get_by_text("the best of 10 starts").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Sites, TSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text()), delimiter="\t"))
    assert len(rows) == 18
    assert all(len(row["letters"]) == 22 for row in rows)

    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
    page.set_viewport_size({"width": 360, "height": 740})
    wait_for(
        lambda: page.evaluate("document.documentElement.scrollWidth") <= 360, seconds=5, what="no scrolling sideways"
    )


def test_a_link_finds_a_motif_again_and_asks_whether_a_kernel_is_a_fixed_point(page: Page, app_url: str) -> None:
    choices = {"data": "ctcf_peaks", "start": "trained", "both_strands": True}
    found = {
        "start": "jaspar", "of": "CTCF", "place": 0, "occurrence": "zoops", "both_strands": True, "pseudocount": 0.1,
        "at": 6,
    }  # fmt: skip
    model = EMModel(data="ctcf_peaks", found=[found])
    opened(page, app_url, choices=choices, found=[found], at=2, heat=[5, 90], column=3)
    is_at(page, "M-step 1")
    kept = page.locator(".ep-found figcaption")
    assert kept.all_inner_texts() == [
        f"motif 1, {len(model.found[0].sites)} sites, log evidence {rounded(model.found[0].evidence, 1)}"
    ]
    page.get_by_role("button", name="Share").click()
    field = page.get_by_label("link to this state")
    wait_for(lambda: "#state=" in field.input_value(), seconds=5, what="the link")
    text = field.input_value().partition("#state=")[2]
    assert json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))["found"] == [found]
    page.get_by_role("heading", name="Is this kernel a fixed point of EM?").wait_for()
    page.get_by_text("One M-step with the kernel's own posterior moves it by").wait_for()
    page.locator(".ep-formula", has_text="Column 4, expected counts").wait_for()
    settings(page)
    page.get_by_role("button", name="Reset").click()
    is_at(page, "start")
    kept.wait_for(state="detached")
    page.get_by_label("Take the sequences from").select_option("my own: paste or upload")
    page.locator(".ep-alert [role=alert]", has_text="Sequences are empty").wait_for()
