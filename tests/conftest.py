"""Fixtures that every test gets, and those that many ask for."""

from __future__ import annotations

import os

# before NumPy and torch are loaded: each process of the tests has a core, and threads that wait for a turn on another's
# take as long as the work; the servers and the workers of the package do the same
os.environ.setdefault("OMP_NUM_THREADS", "1")

import gc
import logging
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings

from epool_viz._slow_imports import defer_iri_parsers
from tests.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# images of containers ask for no bytecode: then each process that a test starts compiles the package anew, and pytest
# all assertions
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# a slow machine is no failure; and what a build checks must not depend on the day
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# before any test imports Keras: on torch, and without a file of settings in anybody's home
os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("KERAS_HOME", str(Path(tempfile.gettempdir(), "epool-viz-keras")))

# a shell that runs this in the background has SIGINT ignored, which our commands and their children would keep
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# as the package does: Plotly and Jupyter's server, which collecting imports, would compile parsers for seconds
defer_iri_parsers()

# what takes longest, by one process each; it begins first, lest one process is left with it
LONGEST = (
    "tests/border/test_networks.py",
    "tests/app/server/test_voila.py",
    "tests/test_packaging.py",
    "tests/border/test_time.py",
    "tests/app/server/test_malformed_requests.py",
    "tests/panels/test_dashboards.py",
    "tests/test_layers.py",
    "tests/test_fig4.py",
)

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


class _ExceptionRecorder(logging.Handler):
    """Keeps every log record that carries an exception."""

    def __init__(self) -> None:
        super().__init__(level=logging.NOTSET)
        self.caught: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[0] is not None:
            self.caught.append(record)


@pytest.fixture(autouse=True)
def swallowed_exceptions(request: pytest.FixtureRequest) -> Iterator[list[logging.LogRecord]]:
    """Fail the test when an exception was logged instead of raised, as ipywidgets does in its handlers.

    A test that means to provoke one clears the list.
    """
    recorder = _ExceptionRecorder()
    loggers = [logging.getLogger(), logging.getLogger("traitlets")]
    try:
        from traitlets import log as traitlets_log

        loggers.append(traitlets_log.get_logger())
    except ImportError:
        pass
    for logger in loggers:
        logger.addHandler(recorder)
    try:
        yield recorder.caught
    finally:
        for logger in loggers:
            logger.removeHandler(recorder)
    if recorder.caught:
        formatter = logging.Formatter()
        text = "\n".join(formatter.format(record) for record in recorder.caught)
        pytest.fail(f"an exception was logged and swallowed:\n{text}")


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator of its own for every test."""
    return np.random.default_rng(sum(map(ord, "expectation pooling is the E-step")))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that lies beside a checkout; skips visibly where it does not."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real data are not beside this checkout ({SHARED_DATA.parent.name}/{SHARED_DATA.name})")
    return SHARED_DATA


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests; without one they are skipped, and under CI they fail."""
    found = chromium.find(chromium.Machine(), install=False)
    if found.must_fail:
        pytest.fail(found.reason)
    if not found.found:
        pytest.skip(found.reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found.executable, args=chromium.arguments())
        yield launched
        launched.close()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect no garbage while tests are collected: modules and tests, all of which stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    rank = {ROOT / path: place for place, path in enumerate(LONGEST)}
    missing = [path.name for path in rank if not path.is_file()]
    if missing:
        raise pytest.UsageError(f"conftest.LONGEST names files that do not exist: {missing}")
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


def pytest_make_parametrize_id(val: object) -> str | None:
    """Sets in order: processes that collect the same tests call them alike."""
    return f"{{{', '.join(sorted(map(repr, val)))}}}" if isinstance(val, set | frozenset) else None
