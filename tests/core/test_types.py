"""Array types have their names in `epool_viz.core.types`, and nowhere else in the lower rooms."""

from __future__ import annotations

from pathlib import Path

import pytest

import epool_viz

PACKAGE = Path(epool_viz.__file__).parent
HOME = PACKAGE / "core" / "types.py"
ROOMS = ("core", "data", "models", "analysis", "figures")
FILES = sorted(path for room in ROOMS for path in (PACKAGE / room).rglob("*.py") if path != HOME)


def spelled_out(source: str) -> list[int]:
    """The lines that write an array's type out."""
    return [number for number, line in enumerate(source.splitlines(), 1) if "np.ndarray[" in line]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_an_array_is_named_by_its_alias(path: Path) -> None:
    assert spelled_out(path.read_text()) == []


def test_the_gate_can_go_red() -> None:
    assert spelled_out("import numpy as np\ndef f(x: np.ndarray[int, int]): ...") == [2]
    assert spelled_out(HOME.read_text())
