"""The comparison's race against its budgets: `python benchmarks/bench_race.py`.

Four poolings on the bundled CTCF peaks, as the page offers them, pressed in Chromium as soon as the page is there: from
the click to the first losses drawn, and to the end. On a server that has just been started, whose worker still loads
torch, and on one that is up for a while; with what the worker takes, and what the kernel of a page that raced does.
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
from tests.browser.server import Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

# losses of the first epochs: the race before showed more
DRAWN = """() => {
  const lines = document.querySelector(".js-plotly-plot").data.filter(t => t.meta.startsWith("loss/"));
  const epochs = lines.flatMap(t => Array.from(t.x));
  return epochs.length > 0 && Math.max(...epochs) <= 5;
}"""


def opened(browser: Browser, address: str) -> tuple[Page, float]:
    """A page of the comparison with its charts, and the seconds until its picture was there."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    begun = time.perf_counter()
    page.goto(f"{address}/voila/render/compare.ipynb")
    page.locator(".ec-race_picture li").first.wait_for()
    seconds = time.perf_counter() - begun
    page.locator(".ec-charts").scroll_into_view_if_needed()
    page.locator(".js-plotly-plot .js-line").first.wait_for(state="attached")
    return page, seconds


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
        first = clicked(page)
        page.close()
        waited_for(lambda: not loads(worker_of(server)))
        memory = worker_of(server).memory_full_info().uss
        page, again = opened(browser, server.address)
        drawn = clicked(page)
        jobs = worker_of(server).children()
        begun = time.perf_counter()
        page.get_by_text("Finished after").wait_for(timeout=300_000)
        total = drawn + time.perf_counter() - begun
        kernel = max((kernel.memory_full_info().uss for kernel in server.kernels()), default=0)
        page.close()
    return [
        Row("page with its picture, usable", min(usable, again), 6, "s"),
        Row("Race pressed at once → first losses drawn", drawn, 2, "s", "on a fresh page"),
        Row("the same, on a server just started", first, None, "s", "its worker still loads torch"),
        Row("Race → four poolings finished", total, 60, "s"),
        Row("processes that race", len(jobs), None, ""),
        Row("memory of the worker", memory / 1e6, None, "MB USS"),
        Row("memory of the largest kernel, after the race", kernel / 1e6, 150, "MB USS", "torch alone would be 220"),
    ]


def worker_of(server: Server) -> psutil.Process:
    """The process that trains for a server."""
    found = server.worker()
    assert found is not None, "no worker"
    return found


def loads(worker: psutil.Process) -> bool:
    """Whether it is busy with anything but waiting."""
    return worker.cpu_percent(interval=0.5) > 5 or bool(worker.children())


def waited_for(question: Callable[[], bool]) -> None:
    """Ask until the answer is true."""
    while not question():
        time.sleep(0.1)


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
