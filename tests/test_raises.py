"""Every public function of the lower rooms that raises says so in a Raises section of its docstring."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import epool_viz

PACKAGE = Path(epool_viz.__file__).parent
ROOMS = ("core", "data", "models", "analysis", "jobs")
FILES = sorted(path for room in ROOMS for path in (PACKAGE / room).rglob("[!_]*.py"))
_CHECK = re.compile(r"_?(require|check|checked)_\w+")  # helpers of ours that raise what they find
_SECTION = re.compile(r"^\s*Raises\n\s*-{6}$", re.M)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _inner(function: Function) -> Iterator[ast.AST]:
    """All nodes of a function, those of functions within it excepted."""
    left: list[ast.AST] = list(function.body)
    while left:
        node = left.pop()
        if isinstance(node, Function | ast.Lambda | ast.ClassDef):
            continue
        yield node
        left += ast.iter_child_nodes(node)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def raises(function: Function) -> bool:
    """Whether a function raises by itself, or by a check that it calls."""
    for node in _inner(function):
        if isinstance(node, ast.Raise) and node.exc is not None and "NotImplementedError" not in ast.unparse(node.exc):
            return True
        if isinstance(node, ast.Call) and _CHECK.fullmatch(_called(node)):
            return True
    return False


def public_functions(tree: ast.Module) -> Iterator[Function]:
    """Functions of a module and methods of its classes without a leading underscore."""
    for node in tree.body:
        held = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else [node]
        yield from (each for each in held if isinstance(each, Function) and not each.name.startswith("_"))


def silent(source: str) -> list[str]:
    """The public functions of a source that raise and do not say so."""
    return [
        each.name
        for each in public_functions(ast.parse(source))
        if raises(each) and not _SECTION.search(ast.get_docstring(each) or "")
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_public_function_that_raises_says_so(path: Path) -> None:
    assert silent(path.read_text()) == []


_SAYS = '    """Do it.\n\n    Raises\n    ------\n    ValueError\n        If not.\n    """\n'


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(x):\n    raise ValueError", ["f"]),
        ("def f(x):\n" + _SAYS + "    raise ValueError", []),
        ("def f(x):\n    '''It raises.'''\n    if x:\n        require_number(x, 'x')", ["f"]),
        ("class A:\n    def f(self):\n        return checked_scores(self.x)", ["f"]),
        ("class A:\n    async def f(self):\n        _require_room(self.x)", ["f"]),
        ("def _f(x):\n    raise ValueError", []),
        ("class _A:\n    def f(self):\n        raise ValueError", []),
        ("class A:\n    def f(self):\n        raise NotImplementedError", []),
        ("def f(x):\n    try:\n        g()\n    except ValueError:\n        raise", []),
        ("def f(x):\n    def g():\n        raise ValueError\n    return g", []),
    ],
)
def test_the_gate_can_go_red(source: str, found: list[str]) -> None:
    assert silent(source) == found
