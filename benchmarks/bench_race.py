"""The comparison's race against its budgets: `python benchmarks/bench_race.py`.

Four poolings on the bundled CTCF peaks, as the page offers them, pressed in Chromium: from the click to the first
losses drawn, with torch loaded already (the pointer came near the controls before) and without, and to the end.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script sees only its own folder

from benchmarks._measure import Row, exit_status, table
from benchmarks.bench_dashboard import circumstances, launched
from tests.browser.server import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# losses of the first epochs: the race before showed more
DRAWN = """() => {
  const lines = document.querySelector(".js-plotly-plot").data.filter(t => t.meta.startsWith("loss/"));
  const epochs = lines.flatMap(t => Array.from(t.x));
  return epochs.length > 0 && Math.max(...epochs) <= 5;
}"""


def opened(browser: Browser, address: str) -> tuple[Page, float]:
    """A page of the comparison, and the seconds until its figure was there."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    begun = time.perf_counter()
    page.goto(f"{address}/voila/render/compare.ipynb")
    page.locator(".js-plotly-plot .js-line").first.wait_for(state="attached")
    return page, time.perf_counter() - begun


def clicked(page: Page) -> float:
    """Press Race; the seconds until the first losses are drawn."""
    begun = time.perf_counter()
    page.get_by_role("button", name="Race", exact=True).click()
    page.wait_for_function(DRAWN, timeout=60_000)
    return time.perf_counter() - begun


def measure(folder: Path) -> list[Row]:
    """Every row of the table."""
    with launched() as browser, serving(folder) as server:
        if browser is None:
            return []
        page, usable = opened(browser, server.address)
        cold = clicked(page)
        page.close()
        page, again = opened(browser, server.address)
        page.locator(".ep-controls").first.hover()
        page.wait_for_timeout(6000)  # somebody reads, and chooses
        warm = clicked(page)
        begun = time.perf_counter()
        page.get_by_text("Finished after").wait_for(timeout=300_000)
        total = warm + time.perf_counter() - begun
    return [
        Row("page with its figure, usable", min(usable, again), 6, "s"),
        Row("Race → first losses drawn, somebody came near the controls before", warm, 2, "s"),
        Row("Race → first losses drawn, at once", cold, None, "s", "torch has to be loaded first"),
        Row("Race → four poolings finished", total, 60, "s"),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, and tell whether every budget is kept."""
    argparse.ArgumentParser(description="The comparison's race against its budgets.").parse_args(arguments)
    busy = [psutil.cpu_percent(interval=2)]
    with tempfile.TemporaryDirectory(prefix="epool_viz_bench_") as folder:
        rows = measure(Path(folder))
    busy.append(psutil.cpu_percent(interval=2))
    print(circumstances(busy), table(rows), sep="\n\n")
    return exit_status(rows)


if __name__ == "__main__":
    sys.exit(main())
