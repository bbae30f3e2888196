"""Each reach into parts of other libraries that may change: its name is there, and all stand in one table."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import epool_viz
from tests.test_packaging import bounds_of, requirements

PACKAGE = Path(epool_viz.__file__).parent
TABLE = PACKAGE.parent / "docs" / "upstream.md"
MODULES = (
    "epool_viz.app.server.upstream",
    "epool_viz.models.upstream",
    "epool_viz.components.upstream",
    "epool_viz._slow_imports",
)


def reaches() -> Iterator[tuple[str, str, str]]:
    """Module, sentence and name of each reach."""
    for module in MODULES:
        for sentence, names in importlib.import_module(module).REACHES.items():
            yield from ((module, sentence, name) for name in names)


def found(name: str) -> Any:
    """What a name of a reach stands for.

    Raises
    ------
    LookupError
        If there is none, or it does not have the parameters that the name lists.
    """
    path, _, told = name.partition(": ")
    if told:
        return text_with(path, told)
    path, _, parameters = name.rstrip(")").partition("(")
    value, owner = resolved(path), path.rpartition(".")[0]
    if value is None and not is_set_by(resolved(owner), path.rpartition(".")[2]):
        raise LookupError(path)
    known = inspect.signature(value).parameters if parameters else {}
    takes_any = any(each.kind is each.VAR_KEYWORD for each in dict(known).values())
    if not takes_any and not set(filter(None, parameters.split(", "))) <= set(known):
        raise LookupError(name)
    return value


def resolved(path: str) -> Any:
    """The module, class or attribute of a dotted name; None where there is none."""
    parts = path.split(".")
    for n in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        for part in parts[n:]:
            value = getattr(value, part, None)
        return value
    return None


def is_set_by(owner: Any, attribute: str) -> bool:
    """Whether a class sets an attribute of its instances somewhere."""
    return inspect.isclass(owner) and any(
        re.search(rf"\bself\.{attribute}\b[^=\n]*=[^=]", inspect.getsource(each))
        for each in inspect.getmro(owner)
        if each.__module__.partition(".")[0] not in {"builtins", "typing"} and hasattr(each, "__dict__")
    )


def text_with(path: str, told: str) -> str:
    """The text of a file of a package or of `share`, which must hold what is told of it."""
    places = [Path(sys.prefix) / path, *(Path(entry) / path for entry in sys.path if entry)]
    text = next((place.read_text(encoding="utf-8") for place in places if place.is_file()), "")
    if told not in text:
        raise LookupError(f"{path}: {told}")
    return text


def check(sentence: str, name: str) -> None:
    """Fail with a reach's sentence where its name is gone."""
    try:
        found(name)
    except (LookupError, ImportError, AttributeError):
        pytest.fail(f"{name} is gone. {sentence}")


ALL = list(reaches())


@pytest.mark.parametrize(("sentence", "name"), [each[1:] for each in ALL], ids=[each[2] for each in ALL])
def test_each_name_that_is_reached_for_is_there(sentence: str, name: str) -> None:
    check(sentence, name)


@pytest.mark.parametrize(("sentence", "name"), [each[1:] for each in ALL], ids=[each[2] for each in ALL])
def test_a_name_that_is_gone_is_told_with_what_breaks(
    sentence: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ": " in name:
        monkeypatch.setattr(Path, "read_text", lambda *_, **__: "a file of another version")
    else:
        parts = name.partition("(")[0].split(".")
        n = next(n for n in range(len(parts) - 1, 0, -1) if _is_module(parts[:n]))
        module = importlib.import_module(".".join(parts[:n]))
        monkeypatch.setattr(module, parts[n], Another if len(parts) > n + 1 else None)
    with pytest.raises(pytest.fail.Exception, match=re.escape(f"{name} is gone. {sentence}")):
        check(sentence, name)


class Another:
    """What a class is in another version."""


def _is_module(parts: list[str]) -> bool:
    try:
        importlib.import_module(".".join(parts))
    except ModuleNotFoundError:
        return False
    return True


def test_a_parameter_that_is_gone_is_told() -> None:
    check("", "tests.test_upstream.check(sentence, name)")
    with pytest.raises(pytest.fail.Exception, match="is gone"):
        check("", "tests.test_upstream.check(sentence, title)")


@pytest.mark.parametrize("sentence", dict.fromkeys(each[1] for each in ALL))
def test_each_sentence_names_versions_use_damage_and_sign(sentence: str) -> None:
    assert re.match(r"(\w+ \d+(\.\d+)*(, )?)+: ", sentence)
    for name, version in re.findall(r"(\w+) (\d+(?:\.\d+)*)", sentence.partition(": ")[0]):
        assert f"{importlib.metadata.version(name)}.".startswith(f"{version}."), f"{name} was tried in another version"
    assert "; without it" in sentence or "; under " in sentence or "; without the" in sentence
    assert re.search(r"\bwhich\b.*\bshows?\b|\bwhich a warning says\b|\bwhich its time shows\b", sentence)


# one place a room

OURS = {"voila", "jupyter_server", "jupyter_client", "ipykernel", "nbconvert"}


def imported(path: Path) -> set[str]:
    """The modules of other packages that a file imports, with the names taken from them."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_jupyter_and_voila_are_imported_in_one_module() -> None:
    importers = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if {name.partition(".")[0] for name in imported(path)} & OURS
    }
    assert importers == {"app/server/upstream.py"}


def test_nothing_private_of_another_library_is_imported_elsewhere() -> None:
    private = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in PACKAGE.rglob("*.py")
        for name in imported(path)
        if not name.startswith(("epool_viz", "__future__"))
        and (re.search(r"\._(?!_)", name) or name.startswith("numba.core"))
        and path.name != "upstream.py"
    }
    assert private == set()


# the table

HEAD = """\
# Parts of other libraries that may change

Each name here is private, young, or not documented for use. One module a room imports them; a test looks each one up
and fails with its sentence. *Accepted* is the range in `pyproject.toml`: tested versions only.

| where | names | tested with: use; what breaks without it, and what shows it | accepted |
|---|---|---|---|
"""


def table() -> str:
    """The table of all reaches."""
    bounds = {name.replace("-", "_"): bounds_of(each) for name, each in requirements("train").items()}
    rows = []
    for module in MODULES:
        for sentence, names in importlib.import_module(module).REACHES.items():
            libraries = re.findall(r"(\w+) \d", sentence.partition(": ")[0])
            accepted = ", ".join(f"{name}{bounds[name]}" for name in libraries if name in bounds)
            listed = "<br>".join(f"`{name}`" for name in names)
            where = f"`{module.removeprefix('epool_viz.').replace('.', '/')}.py`"
            rows.append(f"| {where} | {listed} | {sentence} | {accepted or 'as the others require'} |")
    return HEAD + "\n".join(rows) + "\n"


def test_the_table_is_that_of_the_modules() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "run: python -m tests.test_upstream"


def test_each_library_that_is_reached_for_has_a_ceiling_above_what_was_tried() -> None:
    asked = requirements("train")
    for name in ("voila", "jupyter-server", "jupyter-client", "ipykernel", "nbconvert", "anywidget", "captum", "numba"):
        specifier = asked[name].specifier
        assert any(each.operator == "<" for each in specifier), f"{name} has no upper bound"
        assert specifier.contains(importlib.metadata.version(name)), f"{name} is tested outside {specifier}"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
