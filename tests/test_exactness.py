"""The table of what is exact when names tests that exist and are run."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "docs" / "exactness.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py::\w+|epool_viz/web/[\w/]+\.test\.js::[\w ]+)`")
COLUMNS = (
    "Input",
    "Before the convolution",
    "Activation, local maximum",
    "Pooling, sites",
    "Strands",
    "Background",
    "What holds, in what sense",
    "Held by",
)


def rows() -> list[list[str]]:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def missing(names: list[str]) -> list[str]:
    """Those that are not there: no such file, no such test, or a file that pytest does not look into."""
    return [name for name in names if not is_test(name) and not is_test_of_the_page(name)]


def is_test(name: str) -> bool:
    """Whether a file of tests holds a test function of this name; read, for to collect them would import everything."""
    path, _, function = name.partition("::")
    is_file_of_tests = path.startswith("tests/") and Path(path).name.startswith("test_") and (ROOT / path).is_file()
    return is_file_of_tests and function.startswith("test_") and function in functions(path)


@cache
def functions(path: str) -> set[str]:
    """Names of the functions of a module."""
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    return {each.name for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}


def is_test_of_the_page(name: str) -> bool:
    """Whether a test file of JavaScript holds a test of this title, or of one that goes on after a colon."""
    path, _, title = name.partition("::")
    is_there = path.endswith(".test.js") and (ROOT / path).is_file()
    return is_there and re.search(rf'^test\b.*\("{title}[":]', (ROOT / path).read_text(), re.MULTILINE) is not None


def test_every_test_that_the_table_names_is_collected():
    names = sorted(set(NAMED.findall(TABLE.read_text(encoding="utf-8"))))
    assert len(names) > 50
    assert missing(names) == []


def test_a_test_that_is_not_there_is_noticed():
    first = "tests/core/test_strands.py::test_rna_is_read_as_dna_is"
    none = [
        "tests/core/test_strands.py::test_rna_is",
        "tests/test_exactness.py::functions",
        "tests/border/judge.py::test_networks",
        "tests/core/test_nothing.py::test_rna_is_read_as_dna_is",
        "epool_viz/web/lib/maths.test.js::the twin",
        "epool_viz/web/lib/none.test.js::the twin answers as core does",
    ]
    assert missing([first, *none]) == none


@pytest.mark.parametrize("row", rows()[2:], ids=lambda row: row[0])
def test_every_row_of_the_table_says_what_holds_it(row):
    assert len(row) == len(COLUMNS)
    if row[0].startswith("**"):
        assert not any(row[1:]), "a heading"
    else:
        assert all(row)
        assert NAMED.sub("", row[-1]).replace("<br>", "").strip() == ""


def test_the_columns_are_those_that_exactness_depends_on():
    assert tuple(rows()[0]) == COLUMNS


def test_the_readme_leads_to_the_table():
    assert "(docs/exactness.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
