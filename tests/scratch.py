"""A virtual environment of a second: empty, and looking through to the packages of this one."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

OUTER = Path(sysconfig.get_path("purelib"))


class Scratch:
    """An environment in `folder`.

    What is installed in it comes first; all else, pip included, is found in the environment that runs the tests.
    """

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=True)
        self.python = folder / "bin" / "python"
        (inner,) = folder.glob("lib/python*/site-packages")
        self.packages = inner
        (inner / "outer.pth").write_text(f"{OUTER}\n")
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}},
            "PATH": os.pathsep.join([str(folder / "bin"), os.environ["PATH"]]),
            "VIRTUAL_ENV": str(folder),
            "JUPYTER_PATH": str(Path(sys.prefix) / "share" / "jupyter"),
            "JUPYTER_CONFIG_PATH": str(Path(sys.prefix) / "etc" / "jupyter"),
        }

    def run(self, *command: str, cwd: Path) -> str:
        """Run a command in the environment; its output, or a failure that shows it."""
        done = subprocess.run(
            command, cwd=cwd, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout
