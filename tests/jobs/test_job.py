"""A job: its events arrive, the latest of each name, and what ends it is an error or the log's."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from epool_viz.errors import ArgumentError
from epool_viz.jobs.job import Job, JobFailedError, Work, WorkerLostError


def done(work: Work) -> Job:
    job = Job(work, "a walk failed")
    job.start()
    job.join(20)
    assert not job.is_running
    return job


def test_the_latest_event_of_each_name_is_there_once() -> None:
    def work(tell: Any, _: Any) -> None:
        for n in range(1000):
            tell(n=n, said=f"{n}")
        tell(found="it")

    job = done(work)
    assert job.events() == {"n": 999, "said": "999", "found": "it"}
    assert job.events() == {}
    assert job.error is None


def test_a_cancel_is_seen_by_the_work() -> None:
    begun = threading.Event()

    def work(tell: Any, cancel: threading.Event) -> None:
        begun.set()
        assert cancel.wait(20)
        tell(ended=True)

    job = Job(work)
    assert not job.is_running
    job.start()
    assert begun.wait(20)
    assert (job.is_running, job.is_cancelled) == (True, False)
    job.cancel()
    job.join(20)
    assert (job.is_running, job.is_cancelled, job.events()) == (False, True, {"ended": True})


@pytest.mark.parametrize(
    "error", [ArgumentError("n", "3", "4"), WorkerLostError("it has ended"), JobFailedError("0badcafe")]
)
def test_what_the_work_raises_is_its_error(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    def work(tell: Any, _: Any) -> None:
        tell(n=1)
        raise error

    job = done(work)
    assert job.error is error
    assert job.events() == {"n": 1}, "what it had come to stays"
    warned = ["a walk failed: it has ended"] if isinstance(error, WorkerLostError) else []
    assert [record.getMessage() for record in caplog.records] == warned


def test_a_defect_goes_to_the_log_under_a_reference(swallowed_exceptions: list[logging.LogRecord]) -> None:
    job = done(lambda *_: 1 / 0)  # type: ignore[arg-type, return-value]
    assert isinstance(job.error, JobFailedError)
    (record,) = swallowed_exceptions
    assert record.getMessage() == f"a walk failed; the page shows error {job.error.reference}"
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError
    swallowed_exceptions.clear()
