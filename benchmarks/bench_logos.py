"""The gallery of logos against its budgets: `python benchmarks/bench_logos.py`.

A model file of 64 kernels of 19 letters is opened in Chromium, beside the CTCF peaks: from the file to the first logos,
the frames of a scroll through all of them, a move of m and of the threshold to their pixels, and what Python needs to
answer a move. At last the kernel's memory.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script sees only its own folder

from benchmarks._measure import Row, exit_status, percentile, table
from benchmarks._page import milliseconds_to_pixels
from benchmarks.bench_dashboard import circumstances, launched, settled, waiting_in
from epool_viz.app.server import settings
from tests.browser.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

KERNELS, WIDTH = 64, 19
MOVES = 21
DRAWN = (
    "() => document.querySelectorAll('.ec-gallery-card').length === 64 && document.querySelector('.ec-gallery path')"
)
# milliseconds between the frames of a scroll through the whole gallery, and the logos drawn at its end
SCROLL = """() => new Promise((done) => {
  const box = document.querySelector(".ec-gallery-box");
  const frames = [];
  let last = performance.now();
  const step = (now) => {
    frames.push(now - last);
    last = now;
    const drawn = () => document.querySelectorAll(".ec-gallery-card:has(path)").length;
    const before = box.scrollTop;
    box.scrollTop += 60;
    if (box.scrollTop > before) return requestAnimationFrame(step);
    setTimeout(() => done({ frames: frames.slice(1), drawn: drawn() }), 300);
  };
  requestAnimationFrame(step);
})"""


def model_file() -> bytes:
    """Kernels that a network of 64 might have."""
    out = io.BytesIO()
    np.savez(out, kernels=np.random.default_rng(0).normal(size=(KERNELS, 4, WIDTH)))
    return out.getvalue()


def chosen(page: Page, path: Path) -> float:
    """Open a model file; the seconds until its first logos are drawn."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Open a model file").click()
    begun = time.perf_counter()
    chooser.value.set_files(path)
    page.wait_for_function(DRAWN, timeout=60_000)
    return time.perf_counter() - begun


def answered(page: Page) -> float:
    """Show another kernel; the seconds until Python has answered with its posterior and its numbers."""
    places = page.locator(".ec-gallery-open")
    times = []
    for place in range(1, 8):
        begun = time.perf_counter()
        places.nth(place).click()
        page.wait_for_function(
            """() => {
              const plots = [...document.querySelectorAll(".ec-trio-plot")];
              return plots.every((plot) => plot.getAttribute("aria-busy") !== "true");
            }"""
        )
        times.append(time.perf_counter() - begun)
    return percentile(times, 0.5)


def measure(folder: Path) -> list[Row]:
    """Every row of the table."""
    path = folder / "wide.npz"
    path.write_bytes(model_file())
    with launched() as browser, serving(folder) as server:
        if browser is None:
            return []
        settled(server, kernels=waiting_in(settings.POOL_SIZE))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        begun = time.perf_counter()
        page.goto(f"{server.address}/voila/render/logos.ipynb")
        page.locator("svg[data-reading=posterior] path").first.wait_for(state="attached", timeout=60_000)
        page.locator("#loading").wait_for(state="detached")
        usable = time.perf_counter() - begun
        opened = chosen(page, path)
        page.get_by_label("Sequences for it").select_option(label="CTCF peaks")
        page.locator("[data-name=at_sites_exact]").wait_for()
        scrolled = page.evaluate(SCROLL)
        answer = answered(page)
        keys = ["ArrowRight", "ArrowLeft"] * (MOVES // 2)
        page.get_by_role("slider", name="m", exact=True).focus()
        m = milliseconds_to_pixels(page, keys, [".ec-gallery", "svg[data-reading=exact]"])
        page.get_by_role("slider", name="threshold").focus()
        threshold = milliseconds_to_pixels(page, keys, ["svg[data-reading=heuristic]"])
        memory = max(kernel.memory_full_info().uss for kernel in server.kernels())
        page.close()
    frames = scrolled["frames"]
    note = f"{len(frames)} frames, {scrolled['drawn']} logos drawn at the end"
    return [
        Row("page with 16 kernels, usable", usable, 6, "s"),
        Row("a file of 64 kernels → its first logos", opened, 2, "s"),
        Row("frame of a scroll through 64, median", percentile(frames, 0.5), 34, "ms", note),
        Row("the same, 95 of 100", percentile(frames, 0.95), 50, "ms"),
        Row("a move of m → all logos in view", percentile(m, 0.5), 50, "ms"),
        Row("a move of the threshold → its logo", percentile(threshold, 0.5), 50, "ms"),
        Row("another kernel → what Python says of it", 1000 * answer, 300, "ms"),
        Row("memory of the kernel", memory / 1e6, 90, "MB USS"),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, say whether the budgets were kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args(arguments)
    busy = [psutil.cpu_percent(interval=2)]
    with tempfile.TemporaryDirectory(prefix="epool_viz_bench_") as folder:
        rows = measure(Path(folder))
    busy.append(psutil.cpu_percent(interval=2))
    print(circumstances(busy), table(rows), sep="\n\n")
    return exit_status(rows)


if __name__ == "__main__":
    sys.exit(main())
