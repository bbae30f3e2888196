"""The command line: answers at once, and says what went wrong in one line."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.app.fresh import modules_after
from tests.browser.server import command

HEAVY = {"numpy", "torch", "scipy", "matplotlib", "pandas", "plotly", "ipywidgets", "voila", "tornado", "jsonschema"}
COMMANDS = ["app", "pwm", "read", "scan", "em", "simulate", "train", "race", "fetch"]


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_each_command_does_and_takes(name: str) -> None:
    done = call(name, "--help")
    assert done.returncode == 0
    assert "Usage: " in done.stdout
    assert name in call("--help").stdout


def test_no_arguments_shows_the_commands() -> None:
    assert "app" in call().stdout


def test_version_is_that_of_the_package() -> None:
    from epool_viz import __version__

    assert call("--version").stdout.strip() == __version__


def test_wrong_option_ends_with_2() -> None:
    done = call("app", "--colour", "blue")
    assert done.returncode == 2
    assert "No such option" in done.stderr


def test_help_loads_nothing_heavy() -> None:
    loaded = modules_after("""
        from epool_viz.app.cli import app
        try:
            app(["app", "--help"])
        except SystemExit:
            pass
    """)
    assert "typer" in loaded
    assert not HEAVY & loaded


def test_heavy_check_can_go_red() -> None:
    assert HEAVY & modules_after("import numpy")


def test_importing_the_package_loads_nothing() -> None:
    extra = modules_after("import epool_viz") - modules_after(
        "from __future__ import annotations; import importlib, typing"
    )
    assert {name for name in extra if not name.startswith("epool_viz")} == set()


ENTRY = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["scripts"]["epool-viz"]


@pytest.mark.parametrize("module", ["typer", "epool_viz.errors", "numpy", "epool_viz.app.commands.scan"])
def test_ctrl_c_while_a_command_is_imported_is_a_quiet_130(module: str) -> None:
    where, _, name = ENTRY.partition(":")
    script = f"""
import sys
class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from {where} import {name}
{name}(["scan", "example:crp0", "--jaspar", "CTCF"])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_entry_point_itself_imports_nothing_that_takes_time() -> None:
    plain = modules_after("from __future__ import annotations; import importlib")
    extra = modules_after(f"import {ENTRY.partition(':')[0]}") - plain
    assert {name for name in extra if not name.startswith("epool_viz")} == set()
