"""What a fresh interpreter has loaded after some code."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def modules_after(code: str) -> set[str]:
    """Names of the modules that a new interpreter has loaded when `code` has run."""
    script = textwrap.dedent(code) + "\nimport sys; print('\\nmodules', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())
