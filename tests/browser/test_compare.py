"""The comparison in a real browser: a race is pressed, watched, stopped, and pressed again."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from epool_viz import load_example_race
from epool_viz.panels.registry import row_of
from epool_viz.panels.shared.links import fragment
from tests.browser.server import Server, wait_for
from tests.browser.test_e_step import ready as e_step_is_ready
from tests.browser.test_e_step import shown
from tests.browser.watch import Watch, watched
from tests.patience import allowed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SMALL = {"data": "simulated", "n": 200, "length": 60, "n_kernels": 2, "width": 8, "epochs": 2}


PATIENCE = 180  # seconds for what comes as fast as the machine allows, where nothing is said about how fast
VISIBLE = """() => {
    const isSeen = (box) => box.width > 1 && box.top < innerHeight && box.bottom > 0;
    const picture = document.querySelector(".ep-picture").getBoundingClientRect();
    const controls = [...document.querySelectorAll("#rendered_cells :is(button, input, select, textarea, a)")];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let characters = 0;
    while (walk.nextNode()) {
        const range = document.createRange();
        range.selectNode(walk.currentNode);
        const { parentElement } = walk.currentNode;
        const isText = parentElement.checkVisibility() && !/STYLE|SCRIPT/.test(parentElement.tagName);
        if (isText && isSeen(range.getBoundingClientRect())) characters += walk.currentNode.textContent.trim().length;
    }
    const head = document.querySelector("header").getBoundingClientRect().bottom;
    return {
        characters,
        controls: controls.filter((e) => e.checkVisibility() && isSeen(e.getBoundingClientRect())).length,
        top: picture.top,
        share: (Math.min(picture.bottom, innerHeight) - Math.max(picture.top, head)) / (innerHeight - head),
        sideways: document.documentElement.scrollWidth - innerWidth,
    };
}"""


def ready(page: Page) -> None:
    page.locator(".ec-race_picture li").first.wait_for(timeout=1000 * allowed(60))
    page.locator("#loading").wait_for(state="detached")


def load_charts(page: Page) -> None:
    """Go to the charts, which are loaded then, and back to the top."""
    page.locator(".ec-charts").scroll_into_view_if_needed()
    page.locator(".js-plotly-plot .js-line").first.wait_for(state="attached", timeout=1000 * allowed(30))
    page.evaluate("scrollTo(0, 0)")


def opened(browser: Browser, server: Server, depth: str) -> Iterator[Page]:
    """One page for all tests that leave it as it was; its complaints, and its kernel's, fail the last of them."""
    with watched(browser, server, Watch(), depth) as page:
        frames: list[int] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda payload: frames.append(len(payload))))
        page.goto(f"{server.address}/voila/render/compare.ipynb")
        ready(page)
        RECEIVED.append(sum(frames))
        if depth == "expert":
            load_charts(page)
        yield page


RECEIVED: list[int] = []  # bytes that each shared page was sent over its connection until it could be used


@pytest.fixture(scope="module")
def expert_page(browser: Browser, app_server: Server) -> Iterator[Page]:
    """Every control is there."""
    yield from opened(browser, app_server, "expert")


@pytest.fixture(scope="module")
def learner_page(browser: Browser, app_server: Server) -> Iterator[Page]:
    """What a newcomer meets."""
    yield from opened(browser, app_server, "learn")


@pytest.fixture
def looked_at(expert_page: Page) -> Page:
    """The shared page as it opened; a test may look at it and walk, and changes nothing else."""
    expert_page.set_viewport_size({"width": 1280, "height": 800})
    expert_page.evaluate("scrollTo(0, 0)")
    return expert_page


@pytest.fixture
def first_screen(learner_page: Page) -> Page:
    """The same at the default depth, at the end of the race."""
    learner_page.set_viewport_size({"width": 1280, "height": 800})
    learner_page.evaluate("scrollTo(0, 0)")
    return learner_page


@pytest.fixture
def dashboard(page: Page, app_url: str) -> Page:
    page.goto(f"{app_url}/voila/render/compare.ipynb")
    ready(page)
    return page


def lines(page: Page, panel: str) -> list[dict[str, Any]]:
    """What the page's figure holds of a panel."""
    found: list[dict[str, Any]] = page.evaluate(
        """panel => document.querySelector(".js-plotly-plot").data
            .filter(t => t.meta.startsWith(panel + "/"))
            .map(t => ({ name: t.name, x: Array.from(t.x), y: Array.from(t.y) }))""",
        panel,
    )
    return found


def race(page: Page) -> None:
    page.get_by_role("button", name="Race", exact=True).click()


def open_settings(page: Page) -> None:
    page.get_by_role("button", name="Race settings").click()
    page.locator(".ep-race-settings.is-open").wait_for()


def said(page: Page) -> str:
    return page.locator(".ep-progress").inner_text()


def picture_epoch(page: Page) -> str:
    return page.locator(".ec-race_picture .ec-panel-title").inner_text()


# --- the first screen


def test_the_first_screen_is_one_question_one_verdict_and_one_picture(first_screen: Page) -> None:
    page = first_screen
    assert page.locator("#rendered_cells h2").first.inner_text() == row_of("compare").idea.question
    assert page.locator(".ep-sentence").inner_text().startswith("Test AUC: ePool 0.966, max 0.952")
    seen = page.evaluate(VISIBLE)
    assert seen["share"] >= 0.5, seen
    assert seen["characters"] <= 900, seen
    assert 3 <= seen["controls"] <= 7, seen
    assert page.locator(".ec-race_picture li").count() == 4
    assert page.locator(".ec-race_picture rect").count() == 4, "the planted site is marked in each row"


def test_a_phone_shows_the_picture_at_once(first_screen: Page) -> None:
    first_screen.set_viewport_size({"width": 360, "height": 740})
    wait_for(lambda: first_screen.evaluate(VISIBLE)["top"] < 260, seconds=PATIENCE, what="the picture's top edge")
    root = "document.querySelector('#rendered_cells').scrollWidth"
    assert first_screen.evaluate(root) <= 360
    play = first_screen.get_by_role("button", name="Play")
    play.click()
    wait_for(lambda: picture_epoch(first_screen).endswith("epoch 26"), seconds=PATIENCE, what="the last epoch")
    play.wait_for()
    assert first_screen.evaluate("scrollY") == 0
    assert first_screen.evaluate(VISIBLE)["share"] >= 0.5


def test_settings_that_open_are_in_view_and_have_the_focus(first_screen: Page) -> None:
    for size in ({"width": 1280, "height": 800}, {"width": 360, "height": 740}):
        first_screen.set_viewport_size(size)
        open_settings(first_screen)
        first_screen.wait_for_function("document.activeElement.closest('.ep-race-settings') !== null")
        box = first_screen.locator(".ep-race-settings").bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= size["height"] + 1
        assert first_screen.get_by_label("Kernels", exact=True).is_hidden()
        first_screen.get_by_role("button", name="Race settings").click()
        first_screen.locator(".ep-race-settings").wait_for(state="hidden")


# --- what is shown


def test_the_page_opens_with_a_finished_race(looked_at: Page) -> None:
    record = load_example_race("simulated")
    for run, line in zip(record.runs, lines(looked_at, "val_auc"), strict=True):
        np.testing.assert_allclose(line["y"], [epoch["val_auc"] for epoch in run.epochs], rtol=1e-12)
    assert looked_at.locator(".ep-table").first.get_by_role("row").count() == 1 + len(record.runs)
    assert looked_at.locator("header nav a").count() >= 2
    assert looked_at.locator(".js-plotly-plot").count() == 1


def test_walking_back_shows_what_was_known_then(looked_at: Page) -> None:
    looked_at.get_by_role("button", name="first epoch").click()
    for _ in range(2):
        looked_at.get_by_role("button", name="next epoch").click()
    wait_for(
        lambda: {len(line["x"]) for line in lines(looked_at, "val_auc")} == {3}, seconds=PATIENCE, what="three epochs"
    )
    assert lines(looked_at, "roc") == []
    assert picture_epoch(looked_at).endswith("epoch 3")
    notes = "document.querySelector('.js-plotly-plot').layout.annotations.map((note) => note.text)"
    wait_for(
        lambda: looked_at.evaluate(notes).count("drawn at the last epoch") == 4, seconds=PATIENCE, what="words for gaps"
    )
    looked_at.get_by_text("strongest kernels after epoch 3").wait_for()
    looked_at.get_by_role("button", name="last epoch").click()
    wait_for(lambda: len(lines(looked_at, "roc")) == 4, seconds=PATIENCE, what="the end")


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_never_scrolls_sideways(looked_at: Page, width: int) -> None:
    looked_at.set_viewport_size({"width": width, "height": 740})
    assert looked_at.evaluate("document.documentElement.scrollWidth") <= width


def test_page_stays_within_its_websocket(looked_at: Page) -> None:
    assert RECEIVED
    for sent in RECEIVED:
        assert 2e5 < sent < 1.2e6


# --- races


def has_torch(process: psutil.Process) -> bool:
    """Whether a process has loaded torch's library."""
    return any("libtorch" in part.path for part in process.memory_maps())


def test_a_race_is_watched_stopped_and_run_again(page: Page, app_server: Server) -> None:
    asked = time.monotonic()
    page.goto(f"{app_server.address}/voila/render/compare.ipynb{fragment({'choices': SMALL | {'epochs': 200}})}")
    ready(page)
    opening = time.monotonic() - asked
    load_charts(page)
    before = lines(page, "loss")
    page.get_by_role("button", name="Play").click()
    wait_for(lambda: not picture_epoch(page).endswith("epoch 26"), seconds=PATIENCE, what="another epoch")
    pressed = time.monotonic()
    race(page)  # while an earlier race is played, and nobody has come near the controls before
    page.get_by_role("progressbar").wait_for(timeout=1000 * PATIENCE)
    wait_for(
        lambda: lines(page, "loss") != before and any(line["x"] for line in lines(page, "loss")),
        seconds=PATIENCE,
        what="the first losses",
    )
    # 2 s on a quiet machine, of which benchmarks/bench_race.py keeps the record; a busy one opens the page slowly too
    assert time.monotonic() - pressed < max(allowed(60), 10 * opening)
    wait_for(lambda: len(lines(page, "val_auc")) == 4, seconds=PATIENCE, what="the first lines of four poolings")
    wait_for(lambda: any(len(line["x"]) >= 2 for line in lines(page, "val_auc")), seconds=PATIENCE, what="two epochs")
    assert page.get_by_role("button", name="Play").is_visible(), "what was played is over"
    page.get_by_role("button", name="previous epoch").click()  # the page answers meanwhile
    asked = time.monotonic()
    page.get_by_role("button", name="Stop").click()
    wait_for(lambda: "Stop" in said(page), seconds=PATIENCE, what="an answer")
    assert time.monotonic() - asked < max(allowed(10), 2 * opening), "answered at once"
    page.get_by_text("Stopped after").wait_for(timeout=1000 * PATIENCE)
    open_settings(page)
    epochs = page.get_by_label("Epochs, at the most")
    epochs.fill("2")
    epochs.press("Tab")
    page.get_by_role("button", name="first epoch").click()
    race(page)  # from the first epoch of the race before
    page.get_by_text("Finished after").wait_for(timeout=1000 * PATIENCE)
    wait_for(lambda: len(lines(page, "roc")) == 4, seconds=PATIENCE, what="ROC curves")
    assert [len(line["x"]) for line in lines(page, "val_auc")] == [2] * 4
    wait_for(lambda: picture_epoch(page).endswith("epoch 2"), seconds=PATIENCE, what="the last epoch in the picture")
    page.locator(".ep-sentence").get_by_text("Test AUC").wait_for()
    assert "s of them training" in said(page)
    assert len(lines(page, "sites")) == 4
    with page.expect_download() as download:
        page.get_by_role("button", name="Results, CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [row["method"] for row in rows] == ["max", "average", "logsumexp", "expectation"]
    assert all(0 <= float(row["test_auc"]) <= 1 for row in rows)
    mine = page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
    assert not has_torch(app_server.kernel(mine)), "looking never loads torch, and racing neither"
    worker = app_server.worker()
    if worker is not None:  # on Linux
        assert has_torch(worker)
        assert not worker.children()


def test_data_that_cannot_be_raced_are_told(dashboard: Page) -> None:
    open_settings(dashboard)
    dashboard.get_by_label("Race on").select_option("my own: paste or upload")
    dashboard.get_by_label("FASTA of bound sequences").fill(">a\nACGTACGTACGTACGTACGT\n")
    dashboard.get_by_label("FASTA of bound sequences").press("Tab")
    race(dashboard)
    alert = dashboard.locator(".ep-alert [role=alert]")
    alert.wait_for()
    assert "at least 20 bound sequences" in alert.inner_text()


def test_a_kernel_is_opened_in_the_e_step_view(dashboard: Page) -> None:
    record = load_example_race("simulated")
    run = record.runs[-1]
    kernel = run.strongest(count=1)[0]
    dashboard.get_by_role("link", name="Open this kernel in the E-step view").click()
    e_step_is_ready(dashboard)
    dashboard.locator("#loading").wait_for(state="detached")
    notes = dashboard.locator(".ep-notes")
    wait_for(lambda: "test sequence" in notes.inner_text(), seconds=PATIENCE, what="the network's sequence")
    from epool_viz import e_step_trace
    from epool_viz.panels.compare.model import e_step_state

    state = e_step_state(record, len(record.runs) - 1, kernel)
    snapshot = run.snapshots[run.best_epoch - 1]
    options = {name: state[name] for name in ("m", "mode", "bias", "activation", "padding", "local_window")}
    expected = float(e_step_trace(record.example, snapshot.kernels[kernel], **options).pooled)
    wait_for(
        lambda: shown(dashboard, "expectation", ".ec-axis") == pytest.approx(expected, rel=1e-3, abs=1e-3),
        seconds=PATIENCE,
        what=f"ePool = {expected}",
    )
