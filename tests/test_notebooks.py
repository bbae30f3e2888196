"""Every notebook runs from top to bottom, is stripped of outputs, and only tells a story and calls public names."""

from __future__ import annotations

import ast
import copy
import warnings
from itertools import pairwise
from pathlib import Path

import pytest

import epool_viz
from epool_viz import lessons
from epool_viz.lessons.checking import OPEN
from epool_viz.panels import registry

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
LESSONS = sorted((FOLDER / "lessons").glob("*.ipynb"))
DASHBOARDS = sorted(FOLDER.glob("*.ipynb"))
NOTEBOOKS = DASHBOARDS + LESSONS
MOST_LINES = 8

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(FOLDER)))
every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.name)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def run(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy of the notebook with its outputs, from a kernel of its own."""
    filled = copy.deepcopy(notebook)
    NotebookClient(filled, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}).execute()
    return filled


def complaints(notebook: nbformat.NotebookNode) -> list[str]:
    """What is wrong with a notebook as it lies in the repository."""
    found = []
    for place, cell in enumerate(code_cells(notebook), start=1):
        if cell.outputs or cell.execution_count is not None:
            found.append(f"code cell {place} has outputs")
        tree = ast.parse(cell.source)
        if any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) for node in ast.walk(tree)):
            found.append(f"code cell {place} defines something")
        if len(cell.source.splitlines()) > MOST_LINES:
            found.append(f"code cell {place} has {len(cell.source.splitlines())} lines")
        found += [f"code cell {place} imports {name}" for name in foreign_imports(tree)]
    return found


def foreign_imports(tree: ast.AST) -> list[str]:
    """Imports that are neither NumPy nor a public name of ours."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name != "numpy"]
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            found += [f"{node.module}.{n}" for n in names if node.module != "epool_viz" or n not in epool_viz.__all__]
    return found


def test_the_notebooks_are_really_found():
    assert [path.name for path in DASHBOARDS] == sorted(row.notebook for row in registry.DASHBOARDS)
    assert len(DASHBOARDS) >= 7
    assert [path.stem for path in LESSONS] == sorted(lessons.titles())


@every_notebook
def test_a_notebook_is_stripped_short_and_public(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert complaints(notebook) == []
    assert notebook.metadata["title"]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("def f():\n    pass", "code cell 1 defines something"),
        ("class A:\n    pass", "code cell 1 defines something"),
        ("1\n" * 9, "code cell 1 has 9 lines"),
        ("import torch", "code cell 1 imports torch"),
        ("from epool_viz.core.scan import scan", "code cell 1 imports epool_viz.core.scan.scan"),
        ("from epool_viz import _secret", "code cell 1 imports epool_viz._secret"),
    ],
)
def test_the_check_of_the_form_can_go_red(source, complaint):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    assert complaints(notebook) == [complaint]


def test_the_check_of_outputs_can_go_red():
    cell = nbformat.v4.new_code_cell("1", execution_count=1)
    assert complaints(nbformat.v4.new_notebook(cells=[cell])) == ["code cell 1 has outputs"]


@every_lesson
def test_a_lesson_tells_before_it_shows(path):
    kinds = [cell.cell_type for cell in read(path).cells]
    assert kinds[0] == "markdown"
    assert ("code", "code") not in set(pairwise(kinds))


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_a_dashboard_is_one_cell_and_shows_its_widget(path):
    notebook = read(path)
    assert [cell.cell_type for cell in notebook.cells] == ["code"]
    (cell,) = run(notebook).cells
    (shown,) = [output for output in cell.outputs if output.output_type == "execute_result"]
    assert "application/vnd.jupyter.widget-view+json" in shown.data
    assert not [output for output in cell.outputs if output.output_type in {"error", "stream"}]


@every_lesson
def test_a_lesson_runs_and_every_cell_shows_something(path):
    for cell in code_cells(run(read(path))):
        kinds = [output.output_type for output in cell.outputs]
        assert kinds == ["execute_result"], f"{cell.source!r} shows {kinds}"
        shown = cell.outputs[0].data
        assert {"text/html", "application/vnd.jupyter.widget-view+json"} & set(shown), (
            f"{cell.source!r} shows text only"
        )
        if "answer = ..." in cell.source:
            assert shown["text/plain"] == OPEN


def test_running_a_notebook_that_fails_fails():
    broken = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        run(broken)
