"""A class of 100 phones: until each has the question, its guess is taken, the answer is there; and what it costs.

The phones are of this process and without a screen; the server listens as in a lecture hall, and compresses. Its
processor time is its own alone; kernels that it had ready before are not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._measure import MB, Row, exit_status, percentile, table
from benchmarks._phones import Phone, Room
from tests.browser.server import Server, serving

PHONES = 100
WITHIN = 5.0  # seconds in which all guess
LETTERS = "GCATATAAGCCGTATCAGGCTTAACG"  # 26 windows
QUESTION = {"text": "Draw the posterior.", "kind": "draw", "letters": LETTERS}
TRUTH = [1.0] + [0.0] * (len(LETTERS) - 1)
ANSWER_BUDGET = 0.5  # seconds, of 95 in 100 phones
CPU_BUDGET = 5.0  # seconds of one core, of the two that a small server has, for a whole question
MEMORY_BUDGET = 30.0  # megabytes


async def timed(begun: float, phone: Phone, test: Any) -> float:
    """Seconds from `begun` until a phone is shown what passes a test."""
    await phone.until(test)
    return time.perf_counter() - begun


async def guess_late(phone: Phone, wait: float) -> float:
    """Guess after a while; seconds until it is taken."""
    await asyncio.sleep(wait)
    begun = time.perf_counter()
    status = await phone.guess([random.random() for _ in LETTERS])
    if status != 200:
        raise RuntimeError(f"a guess was answered {status}")
    return time.perf_counter() - begun


async def lesson(address: str, server: psutil.Process, count: int) -> list[Row]:
    """One question from the first phone to the answer."""
    room = Room(address, most=4 * count)
    await room.open()
    phones = [Phone(room) for _ in range(count)]
    memory, used = server.memory_info().rss, cpu_of(server)
    begun = time.perf_counter()
    for phone in phones:
        phone.connect()
    joining = await asyncio.gather(*(timed(begun, phone, lambda seen: seen["turn"] == 0) for phone in phones))
    begun = time.perf_counter()
    await room.lecturer("ask", question=QUESTION)
    asking = await asyncio.gather(*(timed(begun, phone, lambda seen: seen["turn"] == 1) for phone in phones))
    chance = random.Random(1)
    taking = await asyncio.gather(*(guess_late(phone, chance.uniform(0, WITHIN)) for phone in phones))
    begun = time.perf_counter()
    shown = await room.lecturer("show", turn=1, truth=TRUTH, explanation="Because.")
    if len(shown["room"]["drawings"]) != count:
        raise RuntimeError(f"{len(shown['room']['drawings'])} of {count} guesses were counted")
    showing = await asyncio.gather(*(timed(begun, phone, lambda seen: seen["shown"]) for phone in phones))
    spent, grown = cpu_of(server) - used, (server.memory_info().rss - memory) / MB
    await room.lecturer("end")
    await asyncio.gather(*(phone.until_refused() for phone in phones))
    room.client.close()
    return [
        *latency("joining, all at once", joining, None),
        *latency("a question is on a phone", asking, ANSWER_BUDGET),
        *latency(f"a guess is taken, all within {WITHIN:g} s", taking, ANSWER_BUDGET),
        *latency("the answer is on a phone", showing, ANSWER_BUDGET),
        Row("processor time of the server, in all", spent, CPU_BUDGET, "s"),
        Row("memory of the server: growth", grown, MEMORY_BUDGET, "MB", f"{memory / MB:.0f} MB before"),
    ]


def cpu_of(process: psutil.Process) -> float:
    """Seconds of processor time that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def latency(what: str, seconds: Sequence[float], budget: float | None) -> list[Row]:
    """The median and the slowest but for five in a hundred."""
    return [
        Row(f"{what}: median", percentile(seconds, 0.5), None, "s"),
        Row(f"{what}: 95 %", percentile(seconds, 0.95), budget, "s"),
    ]


def measure(server: Server, count: int) -> list[Row]:
    """Every row of the table."""
    address = f"http://127.0.0.1:{urlsplit(server.address).port}"
    rows = asyncio.run(lesson(address, psutil.Process(server.process.pid), count))
    return [*rows, Row("kernels", len(server.kernels()), 0, "")]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, and tell whether every budget is kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--phones", type=int, default=PHONES)
    count = parser.parse_args(arguments).phones
    with (
        tempfile.TemporaryDirectory(prefix="epool_viz_bench_") as folder,
        serving(Path(folder), "--host", "0.0.0.0", "--pool-size", "0") as server,
    ):
        rows = measure(server, count)
    print(f"{count} phones, {psutil.cpu_count()} cores", table(rows), sep="\n\n")
    return exit_status(rows)


if __name__ == "__main__":
    sys.exit(main())
