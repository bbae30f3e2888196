"""What visitors do from end to end, and what must not go wrong on the way."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from epool_viz import e_step_trace, parse_motifs
from epool_viz.panels.e_step.exports import TAKE_AWAY
from epool_viz.panels.shared.links import fragment
from tests.browser.head import settings
from tests.browser.server import Server, serving, wait_for
from tests.browser.test_e_step import WALK, go_to, move_m, peak_trace, pooled, ready, wait_until_pooled
from tests.browser.watch import Watch, watched
from tests.patience import allowed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page


@pytest.fixture
def dashboard(page: Page, app_url: str) -> Page:
    page.goto(f"{app_url}/voila/render/e_step.ipynb{fragment({'step': 0})}")
    ready(page)
    page.locator("#loading").wait_for(state="detached")
    return page


def focused(page: Page) -> str:
    """Name and kind of what has the focus."""
    told = "e => `${e.tagName} ${e.getAttribute('aria-label') || e.textContent.trim().slice(0, 40)}`"
    return str(page.evaluate(f"({told})(document.activeElement)"))


def tab_to(page: Page, name: str) -> None:
    """Press Tab until something of that name has the focus."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if name in focused(page):
            return
    raise AssertionError(f"Tab never came to {name}; it is at {focused(page)}")


def test_everything_is_reached_and_done_by_keyboard(dashboard: Page) -> None:
    dashboard.keyboard.press("Tab")
    assert "Skip to the dashboard" in focused(dashboard)
    dashboard.keyboard.press("Enter")
    assert focused(dashboard).startswith("MAIN")
    tab_to(dashboard, "maximum likelihood")
    dashboard.keyboard.press("Enter")
    wait_for(lambda: pooled(dashboard) != pytest.approx(float(peak_trace().pooled)), seconds=5, what="m by its button")
    tab_to(dashboard, "Play")
    dashboard.keyboard.press("ArrowRight")
    go_to(dashboard, WALK[1])
    tab_to(dashboard, "Take away")
    dashboard.keyboard.press("Space")
    tab_to(dashboard, "Every window, CSV")
    with dashboard.expect_download() as download:
        dashboard.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".csv")
    dashboard.keyboard.press("?")
    dashboard.get_by_role("dialog").wait_for()
    dashboard.keyboard.press("Escape")
    assert dashboard.get_by_role("dialog").count() == 0


def test_at_400_per_cent_everything_is_there_without_scrolling_sideways(dashboard: Page) -> None:
    dashboard.set_viewport_size({"width": 320, "height": 256})  # 1280 x 1024 at 400 %
    for step in WALK[1:]:
        dashboard.get_by_role("button", name="next step").click()
        go_to(dashboard, step)
        assert dashboard.evaluate("document.documentElement.scrollWidth") <= 320, step
    for part in (".ec-logo", ".ec-axis", ".ec-formula", ".ep-chosen", ".ep-tools"):
        box = dashboard.locator(part).first.bounding_box()
        assert box is not None, part
        assert box["x"] >= 0, part
        assert box["x"] + box["width"] <= 321, part
        assert box["height"] > 20, part


def test_projector_size_keeps_the_page_in_its_width(dashboard: Page) -> None:
    dashboard.set_viewport_size({"width": 1920, "height": 1080})
    before = dashboard.locator(".ec-steptext").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    settings(dashboard)
    dashboard.get_by_label("Text size", exact=True).first.select_option("200 %")
    after = dashboard.locator(".ec-steptext").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert after == pytest.approx(2 * before)
    for step in WALK[1:]:
        dashboard.get_by_role("button", name="next step").click()
        go_to(dashboard, step)
        assert dashboard.evaluate("document.documentElement.scrollWidth") <= 1920, step


def test_a_letter_is_changed_by_the_pointer_at_projector_size(dashboard: Page) -> None:
    plot = dashboard.locator(".ec-strip-plot")
    height = plot.locator("svg").first.get_attribute("height")
    settings(dashboard)
    dashboard.get_by_label("Text size", exact=True).first.select_option("150 %")
    wait_for(lambda: plot.locator("svg").first.get_attribute("height") != height, seconds=15, what="larger letters")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    left, right = 3.25 * 24, box["width"] - 0.5 * 24  # the lane of the letters, in rem of 24 px
    plot.click(position={"x": left + (right - left) * (40.5 / 200), "y": 20})
    dashboard.locator(".ec-strip-edit").get_by_text("Letter 41 is").wait_for()


def test_python_gone_is_told_and_the_state_comes_back(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path, calm=False) as server, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{server.address}/voila/render/e_step.ipynb")
        ready(page)
        value = float(peak_trace(m=move_m(page, "PageUp")).pooled)
        assert value != pytest.approx(float(peak_trace().pooled))
        wait_until_pooled(page, value)
        mine = page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
        kernel = server.kernel(mine)
        kernel.send_signal(signal.SIGSTOP)  # neither answers nor is restarted
        banner = page.locator(".ec-heartbeat-banner")
        banner.get_by_text("Python no longer answers.").wait_for(timeout=1000 * allowed(45))
        page.get_by_role("slider", name="step", exact=True).press("Home")
        go_to(page, WALK[0])  # the picture still moves
        settings(page)
        page.get_by_role("button", name="Reset", exact=True).click()
        wait_until_pooled(page, float(peak_trace().pooled))
        settings(page)
        page.get_by_role("button", name="Undo reset").click()
        wait_until_pooled(page, value)
        banner.get_by_role("button", name="Reload with this state").click()
        page.wait_for_url("**#state=*")
        ready(page)
        wait_until_pooled(page, value)
        go_to(page, WALK[0])
        assert page.locator(".ec-heartbeat-banner").count() == 0
        page.goto("about:blank")
        with contextlib.suppress(psutil.NoSuchProcess):  # given back by the reload already
            kernel.send_signal(signal.SIGKILL)


def test_a_state_over_which_python_stops_does_not_come_back_by_itself(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path, calm=False) as server, browser.new_context() as context:
        address = f"{server.address}/voila/render/e_step.ipynb"
        value = float(peak_trace(m=2.25).pooled)
        for _ in range(5):  # until Python stops before it has answered a question that was put after the state
            page = context.new_page()
            page.goto(address + fragment({"m": 2.25}))
            page.locator("[data-state=well]").wait_for(state="attached")
            mine = page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
            kernel = server.kernel(mine)
            kernel.send_signal(signal.SIGSTOP)
            if page.evaluate("sessionStorage.getItem('epool-opening')"):
                break
            kernel.send_signal(signal.SIGKILL)
            page.close()
        ready(page)
        banner = page.locator(".ec-heartbeat-banner")
        banner.get_by_text("not since this address was opened").wait_for(timeout=1000 * allowed(45))
        banner.get_by_role("button", name="Reload with this state").click()
        banner.get_by_text("was not taken over").wait_for(timeout=1000 * allowed(45))
        ready(page)
        wait_until_pooled(page, float(peak_trace().pooled))
        banner.get_by_role("button", name="Take it over all the same").click()
        wait_until_pooled(page, value)
        assert banner.count() == 0
        page.goto("about:blank")
        with contextlib.suppress(psutil.NoSuchProcess):  # given back by the reload already
            kernel.send_signal(signal.SIGKILL)


def test_offline_is_told_and_taken_back(dashboard: Page, watch: Watch) -> None:
    watch.expected += ["ERR_INTERNET_DISCONNECTED", "WebSocket"]
    dashboard.context.set_offline(True)
    banner = dashboard.locator(".ec-heartbeat-banner")
    banner.get_by_text("You are offline.").wait_for()
    dashboard.get_by_role("slider", name="m", exact=True).press("ArrowRight")
    dashboard.context.set_offline(False)
    banner.wait_for(state="detached")


def test_a_teachers_link_hides_the_controls_and_everybody_can_show_them(
    dashboard: Page, page: Page, app_url: str
) -> None:
    settings(dashboard)
    dashboard.get_by_role("button", name="Teach").click()
    dialog = dashboard.get_by_role("dialog")
    for part in ("choice of sequence and kernel", "reading and network", "tools below"):
        dialog.get_by_label(part).uncheck()
    dialog.get_by_label("Text size").select_option("150 %")
    link = dialog.get_by_label("link for your class").input_value()
    page.goto("about:blank")
    page.goto(link)
    ready(page)
    page.get_by_role("button", name="Show all (3 hidden)").wait_for()
    assert page.get_by_label("Take the kernel from").is_hidden()
    assert page.get_by_role("button", name="Take away").is_hidden()
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "24px"
    walk, logo = page.locator(".ep-walk").bounding_box(), page.locator(".ec-logo").bounding_box()
    assert walk is not None
    assert logo is not None
    assert walk["x"] < 60, "the walk takes the place of what is hidden"
    page.get_by_role("button", name="Show all (3 hidden)").click()
    page.get_by_label("Take the kernel from").wait_for()


def test_reset_and_undo_keep_every_pasted_sequence(dashboard: Page) -> None:
    dashboard.get_by_label("Take the sequence from").select_option("my own: paste or upload")
    text = ">one\nTTTTGGCCACCAGGGGGCGCTATTTTNTTTT\n>two\nACGTGGCCACTAGGGGGCGCTACGT"
    dashboard.get_by_label("Sequence, or FASTA").fill(text)
    kernel = peak_trace().kernel
    mine = float(e_step_trace("TTTTGGCCACCAGGGGGCGCTATTTTNTTTT", kernel).pooled)
    wait_until_pooled(dashboard, mine)
    settings(dashboard)
    dashboard.get_by_role("button", name="Reset", exact=True).click()
    wait_until_pooled(dashboard, float(peak_trace().pooled))
    source = dashboard.get_by_label("Take the sequence from")
    wait_for(lambda: source.evaluate("e => e.selectedIndex") == 0, seconds=15, what="the set")
    settings(dashboard)
    dashboard.get_by_role("button", name="Undo reset").click()
    wait_until_pooled(dashboard, mine)
    field = dashboard.get_by_label("Sequence, or FASTA")
    wait_for(lambda: field.is_visible() and ">two" in field.input_value(), seconds=15, what="the second sequence")


def is_svg(content: bytes) -> None:
    text = content.decode()
    assert text.lstrip().startswith(("<?xml", "<svg"))
    assert "</svg>" in text


def is_png(content: bytes) -> None:
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(content) > 5_000


def is_pdf(content: bytes) -> None:
    assert content.startswith(b"%PDF-")
    assert b"%%EOF" in content[-32:]


def is_motif(content: bytes) -> None:
    (motif,) = parse_motifs(content.decode())
    np.testing.assert_allclose(motif.ppm, peak_trace().pwm.ppm, rtol=1e-10)


def is_matrix(content: bytes) -> None:
    rows = list(csv.DictReader(io.StringIO(content.decode()), delimiter="\t"))
    np.testing.assert_array_equal([[float(r[f"ppm_{a}"]) for r in rows] for a in "ACGT"], peak_trace().pwm.ppm)


def is_trace(content: bytes) -> None:
    scores = [float(row["score"]) for row in csv.DictReader(io.StringIO(content.decode()))]
    np.testing.assert_array_equal(scores, peak_trace().scores)


def is_python(content: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-c", content.decode()], capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    assert f"ePool {float(peak_trace().pooled):.6f}" in done.stdout


def copied(page: Page) -> str:
    """What lies in the clipboard."""
    return str(page.evaluate("navigator.clipboard.readText()"))


KINDS: dict[str, Callable[[bytes], None]] = {
    "svg": is_svg,
    "png": is_png,
    "pdf": is_pdf,
    "meme": is_motif,
    "jaspar": is_motif,
    "tsv": is_matrix,
    "csv": is_trace,
}


@pytest.fixture(scope="module")
def taking_away(browser: Browser, app_server: Server) -> Iterator[Page]:
    """One page for all downloads, none of which changes it."""
    with watched(browser, app_server, Watch(), "expert") as page:
        page.goto(f"{app_server.address}/voila/render/e_step.ipynb{fragment({'step': 0})}")
        ready(page)
        page.locator("#loading").wait_for(state="detached")
        page.get_by_role("button", name="Take away").click()
        yield page


@pytest.mark.parametrize("item", TAKE_AWAY, ids=lambda item: item["label"])
def test_every_download_is_opened_and_read(taking_away: Page, item: dict[str, object], tmp_path: Path) -> None:
    dashboard = taking_away
    button: Locator = dashboard.locator(".ec-download").get_by_role("button", name=str(item["label"]), exact=True)
    if item.get("copy"):
        dashboard.context.grant_permissions(["clipboard-read", "clipboard-write"])
        button.click()
        wait_for(lambda: "import epool_viz" in copied(dashboard), seconds=30, what="the lines")
        is_python(copied(dashboard).encode())
        return
    with dashboard.expect_download(timeout=1000 * allowed(60)) as download:
        button.click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    KINDS[path.suffix.removeprefix(".")](path.read_bytes())
