"""The E-step dashboard against its budgets: `python benchmarks/bench_dashboard.py`.

A page is usable when its last component is on the screen and Python has answered the page's heartbeat. Everything runs
on this machine: server, kernels, browser and visitors share its cores.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script sees only its own folder

from benchmarks import _page, _visitors
from benchmarks._measure import (
    MB,
    Row,
    exit_status,
    family,
    has_torch,
    libraries,
    memory_of,
    percentile,
    spread,
    table,
)
from epool_viz.app.server import settings
from epool_viz.app.server.start import find_dashboards
from epool_viz.core.alphabet import DNA
from epool_viz.data.kernel_sources import scores_text
from epool_viz.panels.one_kernel import page_state as bridge
from epool_viz.panels.one_kernel.model import EStepModel
from epool_viz.panels.shared.hand import fasta
from epool_viz.panels.shared.links import fragment
from tests.browser import chromium
from tests.browser.server import Server, serving, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGE = "/voila/render/e_step.ipynb"
REPEATS = 3
SAMPLES = 40
VISITORS = 20
LONG, WIDE = 1_000, 50  # letters and columns of the heavy state
TOO_BUSY = 20  # percent
POOL_FOR_A_CLASS = 20  # what `epool-viz app --help` advises before one

MEANT = """\
usable: the pooled axis is seen and Python has answered the heartbeat; in a fresh browser context with an empty cache.
to pixels: from the key event's time stamp to the end of the frame in which all that follows the move has changed:
  script, style, layout and paint on the page's main thread. Raster and the screen come on top.
visitors without a screen: each reads the page and all its files, opens the kernel's WebSocket, gets the state of every
  widget and hears Python's heartbeat. They draw nothing; what a browser needs on its own machine comes on top.
memory: USS is what the end of a process would give back. PSS can be added up: server, kernels, kernels that wait."""


class Move(NamedTuple):
    """What a hand does: where the focus is, which keys in turn, and what must have changed for it to be seen."""

    name: str
    focus: str
    keys: tuple[str, ...]
    watched: tuple[str, ...]
    budget: float = 50  # milliseconds


M = Move(
    "m",
    ".ec-slider input[type=range][aria-valuetext^='m ']",
    ("ArrowRight",),
    (".ec-axis svg", ".ec-logo svg", ".ec-track svg"),
)
LETTER = Move("a letter", ".ec-strip-plot", tuple("acgt"), (".ec-strip-plot svg", ".ec-track svg", ".ec-axis"))
STEP = Move(
    "a step",
    ".ec-player button[aria-label='next step']",
    ("ArrowRight",) * 5 + ("ArrowLeft",) * 5,
    (".ec-player", ".ec-steptext"),
)
SEQUENCE = Move(
    "another sequence",
    ".ep-controls input[type=number]:visible",
    ("ArrowUp",),
    (".ec-strip-plot svg", ".ec-track svg", ".ec-axis"),
    budget=150,
)


# --- the page in Chromium ---------------------------------------------------------------------------------------------


def measure_page(browser: Browser, folder: Path) -> tuple[list[Row], list[str]]:
    """Every row that needs one page, and what such a page asks for over HTTP."""
    with app(folder / "cold", "--pool-size", "0") as server:
        rows = [opening_row(browser, server, "cold: no kernel waits", 6, waiting=0)]
        with _page.visitor(browser) as page:
            _, traffic = _page.seconds_to_usable(page, server.address + PAGE)
            settled(server, kernels=1, page=page)
            files = [path for path in traffic.paths if path != PAGE and not path.startswith("/api/")]
            rows += [*byte_rows(traffic), kernel_row(server, "just opened")]
            rows += move_rows(page, "", (SEQUENCE, M, LETTER, STEP))  # a changed letter ends the set
            open_heavy_state(page, server.address + PAGE)
            rows += move_rows(page, f", {LONG:,} letters and {WIDE} columns", (M, LETTER, STEP))
            settled(server, kernels=1, page=page)
            rows += [kernel_row(server, "after these moves"), torch_row(server)]
    with app(folder / "heated", "--pool-size", "1") as server:
        rows.insert(0, opening_row(browser, server, "pre-heated: a kernel waits", 3, waiting=waiting_in(1)))
    return rows, files


def opening_row(browser: Browser, server: Server, what: str, budget: float, *, waiting: int) -> Row:
    """Open a page a few times, each when the kernel of the one before is gone and so many wait."""
    times = []
    for _ in range(REPEATS):
        settled(server, kernels=waiting)
        with _page.visitor(browser) as page:
            times.append(_page.seconds_to_usable(page, server.address + PAGE)[0])
    note = f"median of {spread(times)}"
    return Row(f"page to usable, {what}", statistics.median(times), budget, "s", note)


def byte_rows(traffic: _page.Traffic) -> list[Row]:
    """What one page cost the network."""
    ways = f"{traffic.received / MB:.2f} in, {traffic.sent / MB:.3f} out"
    return [
        Row("bytes of a page, HTTP", traffic.http / MB, 6, "MB", f"{len(traffic.paths)} answers"),
        Row("bytes of a page, WebSocket", traffic.socket / MB, 1, "MB", ways),
    ]


def kernel_row(server: Server, when: str) -> Row:
    """What the one kernel of a server weighs."""
    (kernel,) = server.kernels()
    memory = memory_of([kernel])
    note = f"USS; PSS {memory.pss:.0f}, RSS {memory.rss:.0f}"
    return Row(f"viewing kernel, {when}", memory.uss, 90, "MB", note)


def torch_row(server: Server) -> Row:
    """Kernels of a server that have loaded torch."""
    loaded = [kernel for kernel in server.kernels() if has_torch(libraries(kernel))]
    return Row("viewing kernels with torch", len(loaded), 0, "")


def move_rows(page: Page, state: str, moves: Sequence[Move]) -> list[Row]:
    """Each move many times, in the state that the page is in."""
    return [move_row(page, state, move) for move in moves]


def move_row(page: Page, state: str, move: Move, samples: int = SAMPLES) -> Row:
    """One move many times, after two that warm up and are not counted."""
    page.locator(move.focus).first.focus()
    for key in move.keys[:2] * (2 if len(move.keys) == 1 else 1):
        page.keyboard.press(key)
    page.wait_for_timeout(1000)  # until Python has heard of it and nothing is left to draw
    times = _page.milliseconds_to_pixels(page, list(islice(cycle(move.keys), samples)), move.watched)
    note = f"median of {len(times)}; p95 {percentile(times, 0.95):.0f}"
    return Row(f"{move.name} → pixels{state}", statistics.median(times), move.budget, "ms", note)


def open_heavy_state(page: Page, address: str) -> None:
    """Open the link to a long sequence and a wide kernel; wait until the page shows what the library says of them."""
    rng = np.random.default_rng(LONG)
    letters = "".join(rng.choice(list(DNA.letters), LONG))
    kernel = rng.normal(0, 0.3, (len(DNA), WIDE)).round(3)
    model = EStepModel(
        sequence_source="pasted",
        pasted=fasta("long", letters),
        kernel_source="typed",
        kernel_text=scores_text(kernel, "wide"),
    )
    page.goto("about:blank")
    _, _ = _page.seconds_to_usable(page, address + state_in_link(model))
    shown = page.locator(".ec-axis [data-name=expectation]").first
    expected = float(model.trace.pooled)
    wait_for(
        lambda: abs(float(shown.get_attribute("data-value") or "nan") - expected) <= 1e-9 * abs(expected),
        seconds=_page.PATIENCE,
        what="the state of the link",
    )


def state_in_link(model: EStepModel) -> str:
    """The part of a link that opens a model's state."""
    return fragment({"link": bridge.link_of(model)})


# --- a crowd ----------------------------------------------------------------------------------------------------------


def measure_crowd(folder: Path, files: Sequence[str], pool_size: int) -> list[Row]:
    """Visitors without a screen, all at the same moment."""
    with app(folder / f"crowd_{pool_size}", "--pool-size", str(pool_size)) as server:
        settled(server, kernels=waiting_in(pool_size))
        memories: list[float] = []

        def weigh() -> None:
            memories.append(memory_of(family(server.process.pid)).pss)
            settled(server, kernels=VISITORS + waiting_in(pool_size, VISITORS))  # the pool is filled again
            memories.append(memory_of(family(server.process.pid)).pss)

        times = _visitors.seconds_together(server.address, PAGE, files, VISITORS, weigh)
    return crowd_rows(f"{VISITORS} visitors without a screen, pool of {pool_size}", times, memories)


def measure_crowd_of_browsers(browser: Browser, folder: Path, pool_size: int) -> list[Row]:
    """The same in as many pages of one Chromium, which needs the cores more than the server does."""
    with app(folder / f"browsers_{pool_size}", "--pool-size", str(pool_size)) as server:
        settled(server, kernels=waiting_in(pool_size))
        memories: list[float] = []
        times = _page.seconds_together(
            browser,
            server.address + PAGE,
            VISITORS,
            at_the_end=lambda: memories.append(memory_of(family(server.process.pid)).pss),
        )
    return crowd_rows(f"{VISITORS} pages of one Chromium, pool of {pool_size}", times, memories)


def crowd_rows(what: str, times: Sequence[float], memories: Sequence[float]) -> list[Row]:
    """How long the last one waited, and the most memory that was seen."""
    late = sum(map(math.isinf, times))
    median = f"{late} of {len(times)} never" if late else f"the last; median {statistics.median(times):.1f}"
    moments = f"{memories[0] / 1000:.2f} when all are usable" if len(memories) > 1 else "at the end"
    return [
        Row(f"{what}: usable", max(times), 15, "s", median),
        Row(f"{what}: memory", max(memories) / 1000, 2.5, "GB", f"PSS; {moments}"),
    ]


# --- what all of them need --------------------------------------------------------------------------------------------


def waiting_in(pool_size: int, visitors: int = 0) -> int:
    """How many kernels wait at a server with this pool.

    For the first dashboard all of it, as far as there are seats for more visitors; one for each other dashboard.
    """
    others = len(find_dashboards(settings.notebooks_folder())) - 1
    return min(pool_size, settings.MAX_KERNELS - visitors) + min(pool_size, 1) * others


@contextmanager
def app(folder: Path, *options: str) -> Iterator[Server]:
    """`epool-viz app` in a folder of its own."""
    folder.mkdir()
    with serving(folder, *options) as server:
        yield server


def settled(server: Server, *, kernels: int, page: Page | None = None) -> None:
    """Wait until the server has exactly so many kernels and nobody has computed anything for a second."""

    def pause() -> None:
        if page is None:
            time.sleep(1)
        else:
            page.wait_for_timeout(1000)

    def is_still() -> bool:
        before = seconds_computed(server)
        pause()
        return len(server.kernels()) == kernels and seconds_computed(server) - before < 0.1

    wait_for(is_still, seconds=120, what=f"{kernels} kernels at rest")


def seconds_computed(server: Server) -> float:
    """Processor time of the server and its kernels so far."""
    total = 0.0
    for process in family(server.process.pid):
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:2])
    return total


@contextmanager
def launched() -> Iterator[Browser | None]:
    """Chromium, or None where there is none."""
    found = chromium.find(chromium.Machine(), install=False)
    if not found.found:
        say(found.reason)
        yield None
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found.executable, args=chromium.arguments())
        yield browser
        browser.close()


def say(line: str) -> None:
    """Tell what goes on, beside the table."""
    print(line, file=sys.stderr, flush=True)


def circumstances(busy: Sequence[float]) -> str:
    """The machine, and how busy others kept it before and after, in percent of all cores."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    others = f"{machine}; others kept it {busy[0]:.0f} % busy before and {busy[-1]:.0f} % after"
    return f"{others}\nToo busy to judge by: every time below is too long." if max(busy) > TOO_BUSY else others


def measure(folder: Path, *, in_browsers: bool) -> list[Row]:
    """Every row of the table."""
    rows: list[Row] = []
    files: list[str] = []
    with launched() as browser:
        if browser is not None:
            say("one page in Chromium ...")
            rows, files = measure_page(browser, folder)
            if in_browsers:
                say(f"{VISITORS} pages of Chromium ...")
                rows += measure_crowd_of_browsers(browser, folder, settings.POOL_SIZE)
    for pool_size in (settings.POOL_SIZE, POOL_FOR_A_CLASS):  # only now: Playwright had an event loop running
        say(f"{VISITORS} visitors, a pool of {pool_size} ...")
        rows += measure_crowd(folder, files, pool_size)
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, and tell whether every budget is kept."""
    parser = argparse.ArgumentParser(description="The E-step dashboard against its budgets.")
    parser.add_argument("--browsers", action="store_true", help=f"also {VISITORS} real pages at once; wants memory")
    options = parser.parse_args(arguments)
    busy = [psutil.cpu_percent(interval=2)]
    with tempfile.TemporaryDirectory(prefix="epool_viz_bench_") as folder:
        rows = measure(Path(folder), in_browsers=options.browsers)
    busy.append(psutil.cpu_percent(interval=2))
    print(circumstances(busy), table(rows), MEANT, sep="\n\n")
    return exit_status(rows)


if __name__ == "__main__":
    sys.exit(main())
