"""Call the command line inside the test's own process."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from epool_viz.app.cli import main


class Said(NamedTuple):
    """What a call ended with and wrote."""

    code: int
    out: str
    err: str


class Here:
    """`call("pwm", ...)` runs `epool-viz pwm ...`."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: object) -> Said:
        """Run it; standard output and error are those of this call alone."""
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        out, err = self.capsys.readouterr()
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, out, err)
