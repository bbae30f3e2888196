"""From the hand to the pixels in *A kernel is a PWM* and *EM, step by step*: `python benchmarks/bench_moves.py`.

A bar of a kernel, at the size that the page opens with and at 50 columns on 1,000 letters; an E-step and an M-step on
sets of growing size, which Python has to answer.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script sees only its own folder

from benchmarks import _page
from benchmarks._measure import Row, exit_status, table
from benchmarks.bench_dashboard import LONG, MEANT, WIDE, Move, app, circumstances, launched, move_row, settled
from epool_viz.core.alphabet import DNA
from epool_viz.panels.shared.links import fragment
from tests.browser.server import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BAR = Move(
    "a bar of the kernel",
    ".ec-editor-cell[data-at='0 2']",
    ("ArrowUp", "ArrowUp", "ArrowDown"),
    (".ec-editor", ".ec-logo svg", ".ec-pipeline"),
)
DRAWN_BY_EM = (".ec-heatmap", ".ec-logo svg", ".ec-stepper output")
EM_STEP = Move("an E-step or an M-step", ".ec-stepper-next", ("Enter",), DRAWN_BY_EM, budget=150)
EM_STEPS = 14  # before any of the sets has converged
SETS: dict[str, dict[str, Any]] = {
    "CRP0: 18 sequences of 105 letters": {"data": "crp0"},
    "200 peaks of 200 letters, both strands": {"data": "ctcf_peaks", "both_strands": True},
    "1,000 sequences of 200 letters": {"data": "simulated", "n": 1000, "length": 200},
}


def heavy_kernel() -> dict[str, Any]:
    """A wide kernel on a long sequence, as a link has them."""
    letters = "".join(np.random.default_rng(LONG).choice(list(DNA.letters), LONG))
    return {"kernel_source": "random", "width": WIDE, "sequence_source": "pasted", "pasted": f">long\n{letters}\n"}


def opened(page: Page, address: str, drawn: str) -> None:
    """Open a dashboard's page and wait for all of it."""
    page.goto("about:blank")
    page.goto(address)
    page.locator(drawn).first.wait_for()
    page.locator("#loading").wait_for(state="detached")


def pwm_rows(page: Page, server: Server) -> list[Row]:
    """A bar in both states."""
    address = f"{server.address}/voila/render/pwm.ipynb"
    opened(page, address, ".ec-editor-cell")
    settled(server, kernels=1, page=page)
    rows = [move_row(page, "", BAR)]
    opened(page, address + fragment({"link": heavy_kernel()}), f".ec-editor-cell[data-at='3 {WIDE - 1}']")
    settled(server, kernels=1, page=page)
    return [*rows, move_row(page, f", {LONG:,} letters and {WIDE} columns", BAR)]


def em_rows(page: Page, server: Server) -> list[Row]:
    """A step ahead on every set."""
    rows = []
    for name, state in SETS.items():
        link = fragment({"link": {"seed": 3, **state}})
        opened(page, f"{server.address}/voila/render/em.ipynb{link}", ".ec-heatmap canvas")
        settled(server, kernels=1, page=page)
        rows.append(move_row(page, f", {name}", EM_STEP, EM_STEPS))
    return rows


def measure(browser: Browser, folder: Path) -> list[Row]:
    """Every row of the table, each dashboard by a server that does nothing else."""
    rows: list[Row] = []
    for name, of_page in (("pwm", pwm_rows), ("em", em_rows)):
        with app(folder / name, "--pool-size", "0") as server, _page.visitor(browser) as page:
            rows += of_page(page, server)
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, and tell whether every budget is kept."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args(arguments)
    busy = [psutil.cpu_percent(interval=2)]
    with tempfile.TemporaryDirectory(prefix="epool_viz_bench_") as folder, launched() as browser:
        rows = [] if browser is None else measure(browser, Path(folder))
    busy.append(psutil.cpu_percent(interval=2))
    print(circumstances(busy), table(rows), MEANT.partition("\nvisitors")[0], sep="\n\n")
    return exit_status(rows)


if __name__ == "__main__":
    sys.exit(main())
