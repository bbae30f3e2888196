"""A function called in a limited process: its answer, its errors, its bounds, and what it does not load."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import pytest

from epool_viz.errors import EpoolError, FormatError
from epool_viz.jobs.limited import Answer, Bounds, LimitError, call
from tests.patience import allowed

BOUNDS = Bounds(60.0)  # of time: a machine that tests may be busy
needs_resource = pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the address space")


def turned(about: dict[str, Any], block: bytes) -> Answer:
    return {"words": about["words"][::-1], "modules": sorted(sys.modules)}, block[::-1]


def at_fault(about: dict[str, Any], _: bytes) -> Answer:
    raise FormatError("x.fa", 3, "'J'", "letters") if about["has_line"] else EpoolError("no such thing")


def broken(*_: Any) -> Answer:
    raise ZeroDivisionError("a defect")


def greedy(*_: Any) -> Answer:
    return {}, bytes(3 << 30)


def endless(*_: Any) -> Answer:
    while True:
        pass


def lengthy(about: dict[str, Any], _: bytes) -> Answer:
    return {}, bytes(about["n"])


def limits(*_: Any) -> Answer:
    import resource

    names = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_CORE")
    return {name: resource.getrlimit(getattr(resource, name)) for name in names}, b""


def test_a_function_answers_with_values_and_bytes_and_loads_no_torch_and_no_widget() -> None:
    block = bytes(range(256)) * 5000
    said, answered = call(turned, {"words": ["ü", None, 1.5]}, block, bounds=BOUNDS)
    assert said["words"] == [1.5, None, "ü"]
    assert answered == block[::-1]
    assert not {"torch", "ipywidgets", "numba", "pandas", "voila"} & set(said["modules"])


def test_what_it_raises_is_raised() -> None:
    with pytest.raises(FormatError) as caught:
        call(at_fault, {"has_line": True}, bounds=BOUNDS)
    assert (caught.value.source, caught.value.line, caught.value.found) == ("x.fa", 3, "'J'")
    with pytest.raises(EpoolError, match=r"^no such thing$"):
        call(at_fault, {"has_line": False}, bounds=BOUNDS)
    with pytest.raises(LimitError) as lost:
        call(broken, {}, bounds=BOUNDS)
    assert (lost.value.limit, lost.value.said) == ("lost", "ZeroDivisionError: a defect")


@needs_resource
def test_memory_is_bounded_and_the_bounds_hold_before_the_function_begins() -> None:
    import resource

    with pytest.raises(LimitError) as caught:
        call(greedy, {}, bounds=BOUNDS)
    assert caught.value.limit == "memory"
    said, _ = call(limits, {}, bounds=Bounds(9.5, memory=1 << 30))
    assert said == {"RLIMIT_AS": [1 << 30] * 2, "RLIMIT_CPU": [11, 11], "RLIMIT_CORE": [0, 0]}
    said, _ = call(limits, {}, bounds=Bounds(9.5, memory=None))
    assert said["RLIMIT_AS"] == list(resource.getrlimit(resource.RLIMIT_AS))


def test_time_is_bounded_and_a_cancel_is_seen() -> None:
    begun = time.monotonic()
    with pytest.raises(LimitError) as caught:
        call(endless, {}, bounds=Bounds(0.5))
    assert caught.value.limit == "time"
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    with pytest.raises(LimitError) as caught:
        call(endless, {}, bounds=Bounds(60.0), cancel=cancel)
    assert caught.value.limit == "cancelled"
    assert time.monotonic() - begun < allowed(10)


def test_the_size_of_an_answer_is_bounded() -> None:
    bounds = Bounds(60.0, answer=100_000)
    assert len(call(lengthy, {"n": 99_000}, bounds=bounds)[1]) == 99_000
    with pytest.raises(LimitError) as caught:
        call(lengthy, {"n": 100_001}, bounds=bounds)
    assert caught.value.limit == "lost"
