"""A server with a small notebook, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.here import Here
from tests.app.notebook_files import BUTTON, write_notebook
from tests.browser.server import Server, serving


@pytest.fixture(scope="session")
def small_notebooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two dashboards, and things that nobody may read."""
    folder = tmp_path_factory.mktemp("small")
    write_notebook(folder / "button.ipynb", BUTTON, title="The button")
    write_notebook(folder / "second_one.ipynb", "1 + 1")
    write_notebook(folder / "lessons" / "first.ipynb", "1 + 1")
    (folder / "private.txt").write_text("private")
    (folder / "lessons" / "private.txt").write_text("private")
    (folder / "picture.svg").write_text("<svg/>")
    return folder


@pytest.fixture(scope="session")
def small_server(small_notebooks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The notebooks served, with nothing waiting, so that the machine does no more than it is asked."""
    folder = tmp_path_factory.mktemp("small_server")
    with serving(folder, "--notebooks", str(small_notebooks), "--pool-size", "0") as server:
        yield server


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Here:
    """Calls the command line in this process."""
    return Here(capsys)
