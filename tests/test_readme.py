"""What the README promises is run as it stands there."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return found[0]


def test_the_library_in_ten_lines_prints_what_the_readme_shows():
    code = block("python")
    lines = [line for line in code.splitlines() if line.strip() and not line.startswith("import")]
    assert len(lines) == 10
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})  # the README is ours
    assert printed.getvalue() == block("text")


def test_every_file_that_the_readme_points_to_is_there():
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", README) if not t.startswith("http")]
    assert len(targets) > 5
    assert [t for t in targets if not (ROOT / t).exists()] == []


def test_the_picture_is_a_real_screenshot():
    picture = (ROOT / "docs" / "e_step.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    width = int.from_bytes(picture[16:20], "big")
    assert width >= 1280
    assert len(picture) < 1_000_000


@pytest.mark.parametrize("command", ["make app", "make test"])
def test_the_two_commands_are_targets_of_the_makefile(command):
    assert re.search(rf"^{command}\b", README, flags=re.MULTILINE)
    assert re.search(rf"^{command.split()[1]}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


COMMANDS = re.findall(r"^(epool-viz .*?)(?: +#.*)?$", README, flags=re.MULTILINE)


def test_the_readme_shows_these_commands():
    assert {line.split()[1] for line in COMMANDS} == {"pwm", "read", "scan", "em", "simulate", "train", "race", "fetch"}


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_readme_has_the_options_it_is_given(line):
    import typer

    from epool_viz.app.cli import app

    command = typer.main.get_command(app)
    arguments = shlex.split(line.partition(" > ")[0])[1:]
    with command.make_context("epool-viz", arguments) as outer:
        name, found, rest = command.resolve_command(outer, arguments)
        with found.make_context(name, rest) as inner:  # parses, and does not run
            assert inner.params


def test_every_name_in_the_table_is_public():
    import epool_viz

    names = re.findall(r"`(\w+)`", README[README.index("| motifs |") : README.index("| dashboards in a notebook |")])
    assert len(names) > 20
    assert set(names) <= set(epool_viz.__all__)


def test_every_dashboard_is_told_of_by_its_title_and_by_its_function():
    from epool_viz import dashboards

    functions = {name for name, thing in vars(dashboards).items() if inspect.isfunction(thing)}
    assert set(re.findall(r"`dashboards\.(\w+)\(\)`", README)) == functions
    notebooks = [json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "notebooks").glob("*.ipynb")]
    untold = {each["metadata"]["title"] for each in notebooks if f"*{each['metadata']['title']}*" not in README}
    assert (len(notebooks), untold) == (len(functions), set())


def test_every_extra_but_the_developers_is_told_of():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    table = README[README.index("| extra | for |") : README.index("## The library in ten lines")]
    assert set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)) == set(extras) - {"dev", "docs"}


def test_every_room_is_told_to_whoever_takes_part():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)/", page, flags=re.MULTILINE)
    rooms = [path.parent.name for path in (ROOT / "epool_viz").glob("*/__init__.py")]
    assert set(told) == {*rooms, "web"}
    assert "docs/architecture.md" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
