"""What the benchmarks print and decide, without measuring anything."""

from __future__ import annotations

import base64
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks import _page, _visitors, bench_dashboard
from benchmarks._measure import Row, exit_status, family, has_torch, memory_of, percentile, quantity, table
from epool_viz.panels.one_kernel import page_state as bridge
from epool_viz.panels.one_kernel.model import EStepModel

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(path.stem for path in (ROOT / "benchmarks").glob("bench_*.py"))

KEPT = Row("kept", 3.0, 3.0, "s", "median of 3")
MISSED = Row("missed", 3.1, 3.0, "s")
UNMEASURED = Row("unmeasured", None, 3.0, "s")
UNPROMISED = Row("unpromised", 1234.5, None, "MB")


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """This Python, elsewhere."""
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True)


@pytest.mark.parametrize("name", FILES)
def test_a_benchmark_is_imported_without_running(name: str) -> None:
    done = run("-c", f"import benchmarks.{name} as bench; assert callable(bench.main)", cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", FILES)
def test_a_benchmark_is_a_script_with_help(name: str, tmp_path: Path) -> None:
    done = run(str(ROOT / "benchmarks" / f"{name}.py"), "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage:")


def test_there_is_a_benchmark() -> None:
    assert FILES


@pytest.mark.parametrize(("row", "verdict"), [(KEPT, "yes"), (MISSED, "NO"), (UNMEASURED, "?"), (UNPROMISED, "-")])
def test_a_verdict_is_one_word(row: Row, verdict: str) -> None:
    assert row.verdict == verdict


@pytest.mark.parametrize("measured", [math.inf, math.nan])
def test_what_never_happened_is_not_within_a_budget(measured: float) -> None:
    assert Row("page", measured, 3.0, "s").verdict == "NO"


@pytest.mark.parametrize(("busy", "is_fair"), [((0.0, 20.0), True), ((21.0, 0.0), False), ((0.0, 99.0), False)])
def test_a_busy_machine_is_told(busy: tuple[float, float], is_fair: bool) -> None:
    text = bench_dashboard.circumstances(busy)
    assert f"{busy[0]:.0f} % busy before and {busy[1]:.0f} % after" in text
    assert ("Too busy to judge by" not in text) is is_fair


@pytest.mark.parametrize("name", ["~~~???", "~~~???~", "~~~???~?"])
def test_a_link_is_written_as_the_page_reads_it(name: str) -> None:
    model = EStepModel(sequence_source="pasted", pasted=f">{name}\n{'ACGTN' * 11}\n")
    start, _, text = bench_dashboard.state_in_link(model).partition("=")
    assert start == "#state"
    assert re.fullmatch(r"[\w-]+", text)
    assert json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) == {"link": bridge.link_of(model)}


def test_a_page_that_never_was_usable_misses_its_budget() -> None:
    usable, memory = bench_dashboard.crowd_rows("a crowd", [3.0, math.inf], [700.0, 900.0])
    assert usable.verdict == "NO"
    assert usable.note == "1 of 2 never"
    assert memory.measured == pytest.approx(0.9)
    assert bench_dashboard.crowd_rows("a crowd", [3.0, 4.0], [700.0])[0].verdict == "yes"


def test_a_kernel_and_its_heartbeat_are_found() -> None:
    assert _visitors.kernel_id('{"baseUrl": "/", "kernelId": "a-1"}') == "a-1"
    with pytest.raises(ValueError, match="the page names no kernel"):
        _visitors.kernel_id("<html>")
    states = {"x": {"state": {}}, "y": {"state": {"_anywidget_id": "epool_viz.components.heartbeat.Heartbeat"}}}
    assert _visitors.heartbeat_of(states) == "y"
    with pytest.raises(ValueError, match="none of 1 widgets is a heartbeat"):
        _visitors.heartbeat_of({"x": {"state": {}}})


def test_a_frame_is_counted_in_bytes_of_what_it_carries() -> None:
    assert _page.payload({"opcode": 1, "payloadData": "ePööl"}) == "ePööl".encode()
    assert _page.payload({"opcode": 2, "payloadData": "AAEC"}) == b"\x00\x01\x02"


def test_only_a_missed_budget_ends_with_1() -> None:
    kept = [KEPT, UNMEASURED, UNPROMISED]
    assert exit_status(kept) == 0
    assert exit_status([*kept, MISSED, KEPT]) == 1


def test_a_table_has_a_line_a_row_and_its_columns_stand_below_one_another() -> None:
    lines = table([KEPT, MISSED, UNMEASURED, UNPROMISED]).splitlines()
    assert [line.split("|")[0].strip() for line in lines] == [
        "what",
        "-" * 10,
        "kept",
        "missed",
        "unmeasured",
        "unpromised",
    ]
    bars = {tuple(place for place, sign in enumerate(line) if sign == "|") for line in lines}
    assert len(bars) == 1
    assert [cell.strip() for cell in lines[2].split("|")] == ["kept", "3 s (median of 3)", "3 s", "yes"]
    assert [cell.strip() for cell in lines[5].split("|")] == ["unpromised", "1,234 MB", "-", "-"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(None, "s", "-"), (0, "", "0"), (2.136, "s", "2.14 s"), (99.95, "ms", "100 ms"), (12345.6, "ms", "12,346 ms")],
)
def test_a_quantity_has_three_digits_and_its_unit(value: float | None, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


@pytest.mark.parametrize(
    ("share", "value"), [(0.01, 1.0), (0.2, 1.0), (0.21, 2.0), (0.5, 5.0), (0.81, 13.0), (0.95, 13.0), (1.0, 13.0)]
)
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert percentile([8.0, 2.0, 13.0, 1.0, 5.0], share) == value


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.5)])
def test_a_percentile_of_nothing_says_what_it_found(values: list[float], share: float) -> None:
    with pytest.raises(ValueError, match=f"found {len(values)} values and a share of {share}"):
        percentile(values, share)


def test_memory_is_added_up_and_what_is_shared_counts_once() -> None:
    own = psutil.Process()
    once, twice = memory_of([own]), memory_of([own, own])
    assert 0 < once.uss <= once.pss <= once.rss
    assert twice.uss == pytest.approx(2 * once.uss, rel=0.1)


def test_a_family_is_a_process_and_its_children() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert {process.pid for process in family(os.getpid())} >= {os.getpid(), child.pid}
    finally:
        child.communicate(b"\n")
    assert memory_of([psutil.Process(os.getpid())]).rss > 0


@pytest.mark.parametrize(
    ("path", "is_torch"),
    [
        ("/env/lib/python3.11/site-packages/torch/lib/libtorch_cpu.so", True),
        ("/env/lib/python3.11/site-packages/torch/_C.cpython-311-x86_64-linux-gnu.so", True),
        ("/env/lib/python3.11/site-packages/numpy/_core/_multiarray_umath.so", False),
        ("/home/torchbearer/lib/libc.so.6", False),
    ],
)
def test_torch_is_known_by_its_libraries(path: str, is_torch: bool) -> None:
    assert has_torch(["/lib/libc.so.6", path]) is is_torch
