"""What a job comes to reaches the model by itself, until the job has ended or was dropped."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest

from epool_viz.errors import ArgumentError
from epool_viz.jobs.job import JobFailedError, WorkerLostError
from epool_viz.panels.shared.background_task import BackgroundJob
from epool_viz.panels.shared.handlers import Guard


class Answering(BackgroundJob):
    """A job that gives these answers; a look beyond the last one is a defect."""

    def __init__(self, answers, told):
        super().__init__(None, Guard(told.append), 0.001)
        self.left = list(answers)

    def _look(self):
        return self.left.pop(0)


def followed(answers, *, starts=1):
    """What was looked at and told."""
    told = []

    async def page():
        job = Answering(answers, told)
        for _ in range(starts):
            assert job.follow()
        while not job._task.done():
            await asyncio.sleep(0.001)
        return job.left

    return asyncio.run(page()), told


def test_a_job_is_followed_to_its_end_and_no_further():
    assert followed([True, True, False, "too far"]) == (["too far"], ["", "", ""])


def test_a_job_is_followed_once_however_often_it_is_begun():
    left, told = followed([True, False, True, True], starts=3)
    assert (left, len(told)) == ([True, True], 2)


def test_a_defect_ends_it_and_is_told(swallowed_exceptions):
    left, told = followed([True])
    assert left == []
    assert "not your doing" in told[-1]
    swallowed_exceptions.clear()


def test_without_a_page_whoever_holds_the_view_looks():
    job = Answering([False, True][::-1], [])
    assert not job.follow()
    assert [job.pump(), job.pump()] == [True, False]
    job.close()


# --- jobs and models


class Noting(BackgroundJob):
    STOPPING = "Stopping."
    LOST = "Again?"

    def __init__(self):
        super().__init__(SimpleNamespace(stage="idle", said="", n=0))
        self.ended = []

    def end(self, failure, error):
        self.ended.append((failure, type(error)))


@pytest.fixture
def gate():
    opened = threading.Event()
    yield opened
    opened.set()


def test_events_become_traits_and_the_end_comes_once():
    job = Noting()
    assert job.run(lambda tell, _: tell(n=3, said="three"))
    job.join()
    assert (job.model.n, job.model.said) == (3, "three")
    assert job.ended == [("", type(None))]
    assert job.pump() is False
    assert len(job.ended) == 1


def test_a_second_job_is_refused_until_the_first_is_taken_over(gate):
    job = Noting()
    assert job.run(lambda *_: gate.wait(20))
    assert not job.run(lambda tell, _: tell(n=2))
    assert job.pump() is True
    gate.set()
    job.join()
    assert job.run(lambda tell, _: tell(n=3))
    job.join()
    assert job.model.n == 3


def test_a_job_that_was_dropped_changes_nothing(gate):
    job, late = Noting(), []

    def work(tell, cancel):
        late.append(cancel)
        gate.wait(20)
        tell(n=1)

    job.run(work)
    first = job.job
    job.drop()
    assert not job.is_running
    assert job.run(lambda tell, _: tell(said="second"))
    job.join()
    gate.set()
    first.join(20)
    job.pump()
    assert late[0].is_set()
    assert (job.model.n, job.model.said) == (0, "second")
    assert len(job.ended) == 1


def test_a_job_that_is_stopped_keeps_what_it_found_and_says_no_more_of_its_progress(gate):
    job, told = Noting(), threading.Event()

    def work(tell, cancel):
        cancel.wait(20)
        tell(n=1, said="step 1", stage="working")
        told.set()
        gate.wait(20)
        tell(said="Stopped.", stage="idle")

    job.run(work)
    job.stop()
    assert told.wait(20)
    assert job.pump()
    assert (job.model.n, job.model.said, job.model.stage) == (1, "Stopping.", "stopping")
    gate.set()
    job.join()
    assert (job.model.said, job.model.stage) == ("Stopped.", "idle")


def test_the_last_word_of_a_job_that_is_stopped_is_kept_though_it_is_looked_at_before_the_job_has_ended(gate):
    job, told = Noting(), threading.Event()

    def work(tell, cancel):
        cancel.wait(20)
        tell(said="Stopped.", stage="idle")
        told.set()
        gate.wait(20)  # the thread has told all and still lives

    job.run(work)
    job.stop()
    assert told.wait(20)
    assert job.pump()
    assert (job.model.said, job.model.stage) == ("Stopping.", "stopping")
    gate.set()
    job.join()
    assert (job.model.said, job.model.stage) == ("Stopped.", "idle")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ArgumentError("n", "3", "4"), "`n` is 3; accepted: 4"),
        (WorkerLostError("It has ended"), "It has ended, perhaps for want of memory. Again?"),
        (JobFailedError("0badcafe"), "The work came to an end that is not your doing (error 0badcafe)."),
    ],
)
def test_what_ends_a_job_is_told_as_a_sentence(error, told):
    def work(tell, _):
        tell(n=7)
        raise error

    job = Noting()
    job.run(work)
    job.join()
    assert job.ended == [(told, type(error))]
    assert job.model.n == 7


def test_a_defect_in_taking_over_drops_the_job(gate):
    job = Noting()
    job.take = lambda events: 1 / 0
    job.run(lambda *_: gate.wait(20))
    with pytest.raises(ZeroDivisionError):
        job.pump()
    assert job.run(lambda *_: None)
