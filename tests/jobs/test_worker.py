"""The worker as a process: it does jobs, keeps a line, and neither garbage nor anybody's death harms the next job."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
import pytest

from epool_viz.data.results.races import RaceRecord, extend, race_of
from epool_viz.data.sequences.set import sequence_arrays
from epool_viz.errors import ArgumentError, MissingExtraError
from epool_viz.jobs import client, process, worker
from epool_viz.jobs.address import VARIABLE, Address, known
from epool_viz.jobs.job import JobFailedError, WorkerLostError
from epool_viz.jobs.wire import Message, receive, send
from epool_viz.models.jobs import JOBS, race_job
from epool_viz.panels.compare.model import CompareModel, prepare, race_settings
from tests.browser.server import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="jobs are forks, which only Linux does safely")

TINY = {"data": "simulated", "n": 80, "length": 40, "n_kernels": 2, "width": 6, "epochs": 2, "preset": "exact"}


@pytest.fixture(scope="module")
def loaded() -> Iterator[process.WorkerProcess]:
    """A worker that has loaded."""
    started = process.WorkerProcess()
    started.keep()
    wait_for(lambda: answers(started.address), seconds=240, what="the worker, which may have to compile")
    yield started
    started.end()


@pytest.fixture
def running(loaded: process.WorkerProcess) -> process.WorkerProcess:
    """The worker, with no job of another test."""
    wait_for(lambda: not jobs(loaded), seconds=30, what="every job to end")
    return loaded


@pytest.fixture
def here(running: process.WorkerProcess, monkeypatch: pytest.MonkeyPatch) -> process.WorkerProcess:
    """The worker as the one of this process's server."""
    monkeypatch.setenv(VARIABLE, str(running.address))
    return running


def answers(where: Address) -> bool:
    try:
        with where.connect() as connection:
            connection.settimeout(240)
            send(connection, Message("hello", {"secret": where.secret}))
            send(connection, Message("job", {"job": "nothing"}))
            return receive(connection) is not None
    except OSError:
        return False


def asked(**choices: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    model = CompareModel(**TINY | {"methods": ["max", "expectation"]} | choices)
    train, test, title = prepare(model.state())
    about = {
        "settings": json.loads(json.dumps(race_settings(model.state()).plain)),
        "title": title,
        "facts": {"n": 3},
        "seed": 0,
    }
    return about, sequence_arrays(train, "train") | sequence_arrays(test, "test")


def opened(where: Address, *messages: Message, secret: str | None = None) -> socket.socket:
    connection = where.connect()
    connection.settimeout(30)
    send(connection, Message("hello", {"secret": where.secret if secret is None else secret}))
    for message in messages:
        send(connection, message)
    return connection


def endless() -> Message:
    about, arrays = asked(n=600, epochs=200)
    return Message("job", about | {"job": "race"}, arrays)


def said(connection: socket.socket) -> Message:
    message = receive(connection)
    assert message is not None, "the worker hung up"
    return message


def answered(connection: socket.socket) -> Message:
    """What the worker says once this one is out of the line, where it stands until a job before is reaped."""
    while (message := said(connection)).kind == "waiting":
        pass
    return message


def has_hung_up(connection: socket.socket) -> bool:
    """True once the worker's side has ended; what it still said is passed over."""
    try:
        while receive(connection) is not None:
            pass
    except ConnectionResetError:  # it left something unread
        pass
    return True


def jobs(of: process.WorkerProcess) -> list[psutil.Process]:
    return psutil.Process(of.pid).children()


def assert_still_works(of: process.WorkerProcess) -> None:
    wait_for(lambda: not jobs(of), seconds=30, what="every job to end")
    with opened(of.address, Message("job", {"job": "nothing"})) as connection:
        assert answered(connection).about["argument"][0] == "job"


# --- jobs


def test_a_race_gives_what_it_gives_without_a_worker(here: process.WorkerProcess) -> None:
    about, arrays = asked()
    there, alone = RaceRecord(), RaceRecord()
    client.do(
        "race", about, arrays, tell=lambda m: extend(there, race_of(m.arrays, m.about, "")), cancel=threading.Event()
    )
    race_job(
        Message("job", about, arrays),
        lambda _, header, blocks: extend(alone, race_of(blocks, header, "")),
        threading.Event(),
    )
    assert [run.method for run in there.runs] == ["max", "expectation"]
    assert there.example == alone.example != ""
    for run, other in zip(there.runs, alone.runs, strict=True):
        assert len(run.epochs) == len(run.snapshots) == 2
        assert run.first_losses == other.first_losses != []
        assert [epoch["val_loss"] for epoch in run.epochs] == [epoch["val_loss"] for epoch in other.epochs]
        assert run.snapshots[1].on_site == other.snapshots[1].on_site is not None
        np.testing.assert_array_equal(run.snapshots[1].kernels, other.snapshots[1].kernels)
        np.testing.assert_array_equal(run.roc.y, other.roc.y)  # type: ignore[union-attr]
        assert len(run.model_file) > 100


def test_this_process_never_needs_torch() -> None:
    code = """
import sys, threading
from epool_viz.panels.compare.model import CompareModel
from epool_viz.panels.compare.racer import Racer
from epool_viz.jobs import client
model = CompareModel(data="simulated", n=80, length=40, n_kernels=2, width=6, epochs=1, methods=["max"])
racer = Racer(model)
racer.start()
while racer.pump():
    threading.Event().wait(0.02)
print(model.stage, "torch" in sys.modules, client._own.pid)
"""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    stage, torch, pid = done.stdout.split()
    assert (stage, torch) == ("finished", "False")
    wait_for(lambda: not psutil.pid_exists(int(pid)), seconds=10, what="the worker of a process that has ended to end")


def test_jobs_share_what_the_worker_loaded(here: process.WorkerProcess) -> None:
    with opened(here.address, endless()) as connection:
        assert answered(connection).kind == "part"
        (job,) = jobs(here)
        parent = psutil.Process(here.pid)
        assert parent.num_threads() == 1, "a fork has one thread only"
        assert job.memory_full_info().uss < 0.3 * parent.memory_info().rss
    assert_still_works(here)


def test_a_mistake_is_told_as_it_was_raised(here: process.WorkerProcess) -> None:
    about, arrays = asked()
    about["settings"]["methods"] = ["max", "best"]
    with pytest.raises(ArgumentError) as caught:
        client.do("race", about, arrays, tell=lambda _: None, cancel=threading.Event())
    assert "best" in str(caught.value)
    about, arrays = asked()
    about["settings"]["device"] = "cuda"
    with pytest.raises(ArgumentError, match="`settings` is with 'device'"):
        client.do("race", about, arrays, tell=lambda _: None, cancel=threading.Event())
    del arrays["train.codes"]
    with pytest.raises(ArgumentError, match="`train` is no set of sequences"):
        client.do("race", asked()[0], arrays, tell=lambda _: None, cancel=threading.Event())


def test_a_defect_is_told_by_its_number(here: process.WorkerProcess) -> None:
    about, arrays = asked()
    del about["title"]
    with pytest.raises(JobFailedError, match=r"under [0-9a-f]{8}$"):
        client.do("race", about, arrays, tell=lambda _: None, cancel=threading.Event())
    assert_still_works(here)


@pytest.mark.parametrize("name", ["nothing", "os.system", "__class__", 3, None])
def test_only_our_own_jobs_are_done(running: process.WorkerProcess, name: Any) -> None:
    with opened(running.address, Message("job", {"job": name})) as connection:
        answer = answered(connection)
    assert answer.kind == "error"
    assert answer.about["argument"][0] == "job"
    assert answer.about["argument"][2] == f"one of {', '.join(JOBS)}"


# --- ends


def test_a_job_is_stopped_and_tells_what_it_learnt(here: process.WorkerProcess) -> None:
    about, arrays = asked(n=600, epochs=200)
    record, cancel = RaceRecord(), threading.Event()

    def tell(message: Message) -> None:
        extend(record, race_of(message.arrays, message.about, ""))
        if record.n_epochs:
            cancel.set()

    client.do("race", about, arrays, tell=tell, cancel=cancel)
    assert 0 < record.n_epochs < 200
    assert {run.stopped for run in record.runs} == {"cancelled"}
    assert record.runs[0].roc is not None
    assert_still_works(here)


def test_a_job_ends_with_its_client(running: process.WorkerProcess) -> None:
    with opened(running.address, endless()) as connection:
        assert answered(connection).kind == "part"
        (job,) = jobs(running)
    wait_for(lambda: not job.is_running(), seconds=10, what="the job of a client that went")
    assert_still_works(running)


def test_a_job_that_is_killed_is_lost_and_the_next_one_is_done(here: process.WorkerProcess) -> None:
    about, arrays = asked(n=600, epochs=200)

    def kill(_: Message) -> None:
        for job in jobs(here):
            job.kill()

    with pytest.raises(WorkerLostError):
        client.do("race", about, arrays, tell=kill, cancel=threading.Event())
    assert_still_works(here)


def test_it_ends_at_once_while_it_loads() -> None:
    own = process.WorkerProcess()
    own.keep()
    pid = own.pid
    wait_for(lambda: psutil.Process(pid).nice() == worker.NICE, seconds=30, what="the worker to begin")
    own.end()
    assert not psutil.pid_exists(pid)  # type: ignore[arg-type]


# --- the line


def test_who_comes_too_many_waits_and_is_told(running: process.WorkerProcess) -> None:
    with contextlib.ExitStack() as stack:
        first = [stack.enter_context(opened(running.address, endless())) for _ in range(worker.MOST_JOBS)]
        for connection in first:
            assert said(connection).kind == "part"
        second, third, fourth = (stack.enter_context(opened(running.address, endless())) for _ in range(3))
        assert [said(c).about["before"] for c in (second, third, fourth)] == [1, 2, 3]
        assert len(jobs(running)) == worker.MOST_JOBS
        third.close()  # it gave up
        assert said(fourth).about == {"before": 2}
        first[0].close()
        assert said(second).kind == "part"
        assert said(fourth).about == {"before": 1}
    assert_still_works(running)


def test_a_line_has_an_end() -> None:
    line = worker.Line(lambda _: 0, most_jobs=0, most_waiting=1)
    pairs = [socket.socketpair() for _ in range(2)]
    for ours, theirs in pairs:
        ours.settimeout(30)
        line.join(theirs)
    assert said(pairs[0][0]).about == {"before": 1}
    assert said(pairs[1][0]).about["argument"][0] == "jobs"
    for ours, theirs in pairs:
        ours.close()
        theirs.close()


def test_a_client_that_waits_is_taken_back_at_once(here: process.WorkerProcess) -> None:
    about, arrays = asked()
    with contextlib.ExitStack() as stack:
        for _ in range(worker.MOST_JOBS):
            assert said(stack.enter_context(opened(here.address, endless()))).kind == "part"
        cancel, told = threading.Event(), []

        def tell(message: Message) -> None:
            told.append(message.about)
            cancel.set()

        client.do("race", about, arrays, tell=tell, cancel=cancel)
        assert told == [{"before": 1}]
    assert_still_works(here)


# --- strangers


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"ep01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"ep01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00{}",
        b"\x80\x04\x95",
    ],
)
def test_garbage_is_answered_with_an_error_and_harms_nobody(running: process.WorkerProcess, raw: bytes) -> None:
    with running.address.connect() as connection:
        connection.settimeout(30)
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = answered(connection)
        assert answer.kind == "error"
        assert has_hung_up(connection)
    assert_still_works(running)


def test_a_wrong_secret_opens_nothing(running: process.WorkerProcess) -> None:
    for wrong in ("", "é", running.address.secret[:-1]):
        with opened(running.address, secret=wrong) as connection:
            assert answered(connection).about["argument"] == ["secret", "another one", "that of this worker"]
    assert_still_works(running)


def test_a_hello_may_not_be_large(running: process.WorkerProcess) -> None:
    with opened(running.address, secret="x" * 5000) as connection:
        assert "at most 1,024 and 0" in answered(connection).about["said"]


def test_garbage_after_a_job_ends_that_job_alone(running: process.WorkerProcess) -> None:
    with opened(running.address, endless()) as connection:
        assert answered(connection).kind == "part"
        connection.sendall(b"nonsense that is no message")
        assert has_hung_up(connection)
    assert_still_works(running)


# --- addresses and extras


def test_an_address_round_trips_and_hides_its_secret() -> None:
    address = Address.new()
    assert Address.parse(str(address)) == address
    assert address.secret not in repr(address)
    assert Address.new() != address


@pytest.mark.parametrize("text", ["", "name", ":secret", "name:", "n" * 100 + ":s"])
def test_what_is_no_address_is_none(text: str) -> None:
    with pytest.raises(ArgumentError, match=VARIABLE):
        Address.parse(text)
    assert known({VARIABLE: text}) is None


def test_an_address_nobody_listens_at_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(Address.new()))
    monkeypatch.setattr(client, "ANSWERED_WITHIN", 0.1)
    monkeypatch.setattr(client, "_own", process.WorkerProcess())  # another test may have started this process's own
    kept = []
    monkeypatch.setattr(client, "_keep_own", lambda: kept.append(True))
    with pytest.raises(WorkerLostError, match="No process could be started"):
        client.do("race", *asked(), tell=lambda _: None, cancel=threading.Event())
    assert kept == [True]


def test_without_the_extra_it_is_said_and_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "missing_package", lambda: "torch")
    monkeypatch.setattr(client, "_keep_own", lambda: pytest.fail("a worker was started"))
    with pytest.raises(
        MissingExtraError, match=r'A race needs torch; install it with: pip install "epool-viz\[train\]"'
    ):
        client.do("race", {}, {}, tell=lambda _: None, cancel=threading.Event(), purpose="A race")
    with pytest.raises(MissingExtraError):
        client.prepare("A race")
    assert not process.is_wanted()


def test_where_no_fork_is_safe_a_job_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("epool_viz.jobs.address.IS_POSSIBLE", False)
    record = RaceRecord()
    take = lambda m: extend(record, race_of(m.arrays, m.about, ""))  # noqa: E731
    client.do("race", *asked(), tell=take, cancel=threading.Event())
    assert record.n_epochs == 2


def test_jobs_end_with_their_worker_and_it_is_started_again(
    running: process.WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last test of this file: it takes the others' worker away."""
    monkeypatch.setattr(process, "RESTED", 0.0)
    first = running.pid
    with opened(running.address, endless()) as connection:
        assert answered(connection).kind == "part"
        (job,) = jobs(running)
        os.kill(first, signal.SIGKILL)  # type: ignore[arg-type]
        wait_for(lambda: not job.is_running(), seconds=10, what="the job of a worker that was killed")
        assert has_hung_up(connection)
    wait_for(lambda: running.pid is None, seconds=10, what="the end")
    running.keep()
    assert running.pid not in (None, first)
    running.end()
    assert running.pid is None
