"""The commands and the server are two rooms: neither imports the other, and only `cli` knows both."""

from __future__ import annotations

from pathlib import Path

import pytest

import epool_viz.app
from tests.test_layers import imports

APP = Path(epool_viz.app.__file__).parent
ROOMS = {"commands", "server"}


def rooms_of_app(source: str) -> set[str]:
    """The rooms of `app` that a source file imports from, anywhere."""
    parts = [name.split(".") for name in imports(source)]
    return {part[2] for part in parts if part[:2] == ["epool_viz", "app"] and len(part) > 2} & (ROOMS | {"cli"})


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_of_app_imports_no_other_one(room: str) -> None:
    files = sorted((APP / room).glob("*.py"))
    assert len(files) > 5
    found = {path.name: rooms_of_app(path.read_text()) - {room} for path in files}
    assert not any(found.values()), found


@pytest.mark.parametrize(
    "source",
    [
        "from epool_viz.app.server import settings",
        "def f():\n    from epool_viz.app import server",
        "import epool_viz.app.cli",
    ],
)
def test_the_check_of_the_rooms_of_app_can_go_red(source: str) -> None:
    assert rooms_of_app(source) - {"commands"}
