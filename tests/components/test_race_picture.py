"""The picture of a race: the gradient that core computes, the site, and the logo, epoch by epoch."""

from __future__ import annotations

import numpy as np
import pytest

from epool_viz import load_example_race
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.pooling import pool_gradient
from epool_viz.core.trace import e_step_trace
from epool_viz.panels.compare.picture import Frames, race_state


@pytest.fixture(scope="module")
def record():
    return load_example_race("simulated")


def state_at(record, epoch):
    race = race_state(record)
    return {"race": race, "epoch": epoch, **Frames().of(record, race["kernel"])}


@pytest.fixture
def picture(show, record):
    return lambda epoch: show(state_at(record, epoch), "race_picture")


def gradient(record, place, epoch):
    """By core: the share of each window that takes part, and which lie on the site."""
    run, kernel = record.runs[place], race_state(record)["kernel"]
    snapshot = run.snapshots[min(epoch, len(run.snapshots)) - 1]
    pooling = run.settings["pooling"]
    window = pooling["local_window"]
    options = {"activation": "paper", "padding": "same", "local_window": window}
    trace = e_step_trace(record.example, snapshot.kernels[kernel], bias=float(snapshot.biases[kernel]), **options)
    cells = np.asarray(trace.cells)
    size = np.abs(pool_gradient(cells, method=run.method, m=pooling.get("m", 1.0)))
    starts = np.asarray(trace.starts)[np.asarray(trace.cell_windows)]
    ((first, stop),) = record.example_sites
    shared = np.minimum(starts + 15, stop) - np.maximum(starts, first)
    return size / size.sum(), 2 * shared >= stop - first


@pytest.mark.parametrize("epoch", [1, 9, 26])
def test_the_gradient_is_that_of_core(picture, record, epoch):
    page = picture(epoch)
    page.click("#race_picture summary")
    page.wait_for_selector("#race_picture tbody tr")
    rows = page.eval_on_selector_all(
        "#race_picture tbody tr", "rows => rows.map(r => Array.from(r.cells).map(c => c.textContent))"
    )
    assert [row[0] for row in rows] == ["max", "average", "log-sum-exp", "ePool"]
    for place, (row, track) in enumerate(zip(rows, page.locator("#race_picture li").all(), strict=True)):
        shares, on_site = gradient(record, place, epoch)
        half = 1 + int((np.sort(shares)[::-1].cumsum() < 0.5 - 1e-9).sum())
        assert row[1] == f"{half} of 300"
        assert float(row[2].removesuffix(" %")) == pytest.approx(100 * shares.max(), rel=0.2)
        assert float(row[3].removesuffix(" %")) == pytest.approx(100 * shares[on_site].sum(), rel=0.1, abs=0.5)
        assert f"half on {half} window{'' if half == 1 else 's'}" in track.inner_text()
        heights = bars(track)
        np.testing.assert_allclose(heights, np.sqrt(shares), atol=2e-3)


def bars(track):
    d = track.locator("path.ec-race_picture-bars").get_attribute("d")
    return [1 - float(bar.split("V")[1].split("H")[0]) / 100 for bar in d.split("Z") if bar]


def test_the_logo_is_that_of_the_kernel(picture, record):
    page = picture(26)
    labels = page.eval_on_selector_all("#race_picture li svg:last-child", "all => all.map(e => e.ariaLabel)")
    kernel = race_state(record)["kernel"]
    for run, label in zip(record.runs, labels, strict=True):
        ppm = kernel_to_pwm_at(run.snapshots[-1].kernels[kernel], log_base=1.0).ppm
        assert label.endswith("".join("ACGT"[i] for i in ppm.argmax(axis=0)))


def test_the_picture_follows_the_epoch_and_names_one(picture):
    page = picture(26)
    page.evaluate("window.store.set({ epoch: 4 })")
    page.wait_for_function("document.querySelector('#race_picture .ec-panel-title').textContent.endsWith('epoch 4')")
    first = page.locator("#race_picture li").first
    page.wait_for_function("document.querySelector('#race_picture li').textContent.includes('0 % on the site')")
    assert "half on 1 window" in first.inner_text()
    assert "stopped early" not in page.locator("#race_picture ul").inner_text()


def test_before_the_first_epoch_it_says_so(show, record):
    race = race_state(record) | {"epochs": 0}
    page = show({"race": race, "epoch": 0}, "race_picture")
    assert "The first epoch is running" in page.locator("#race_picture").inner_text()
    assert page.locator("#race_picture li").first.inner_text().endswith("after its first epoch")


def test_a_sequence_without_a_known_site_has_no_band(show):
    record = load_example_race("ctcf_peaks")
    page = show(state_at(record, 9), "race_picture")
    assert page.locator("#race_picture rect").count() == 0
    assert "site" not in page.locator("#race_picture ul").inner_text()
