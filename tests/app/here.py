"""Call the command line inside the test's own process."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import pytest
import typer.main

from epool_viz.app.cli import main

# the tree of commands follows from the signatures alone; built once, and not at each of a thousand calls
typer.main.get_command = functools.cache(typer.main.get_command)


class Said(NamedTuple):
    """What a call ended with and wrote."""

    code: int
    out: str
    err: str


@contextmanager
def standard_input(given: bytes) -> Iterator[None]:
    """Have this process's standard input be a pipe that holds a few bytes and has ended."""
    read, write = os.pipe()
    os.set_blocking(write, False)  # more than a pipe holds is an error, not a wait
    assert os.write(write, given) == len(given)
    os.close(write)
    held = os.dup(0)
    os.dup2(read, 0)
    os.close(read)
    try:
        yield
    finally:
        os.dup2(held, 0)
        os.close(held)


class Here:
    """`call("pwm", ...)` runs `epool-viz pwm ...`."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: object, given: bytes | None = None) -> Said:
        """Run it, `given` through a pipe as its standard input; output and error are those of this call alone."""
        self.capsys.readouterr()
        with standard_input(given) if given is not None else nullcontext(), pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        out, err = self.capsys.readouterr()
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, out, err)
