"""One row a dashboard: its function, its notebook, its types and its place follow from the row."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import epool_viz
from epool_viz import dashboards
from epool_viz.panels import registry
from epool_viz.panels.registry import DASHBOARDS

PACKAGE = Path(epool_viz.__file__).parent
E_STEP = """One E-step of one kernel on one sequence, stage by stage.

    Parameters
    ----------
    **state
        Where to start: any of the names of `EStepModel.state()`, such as `jaspar="STAT3"`, `example="p73_peaks"`,
        `index=2`, `m=0.5`, `step=3`.

    Returns
    -------
    EStepView
        An ipywidgets widget; its `model` holds the state and the trace.

    Raises
    ------
    ArgumentError
        For a name that is no part of the state, or a value of the wrong kind.
    """

every_row = pytest.mark.parametrize("row", DASHBOARDS, ids=lambda row: row.name)


def test_every_folder_with_a_view_has_a_row() -> None:
    folders = {path.parent.name for path in (PACKAGE / "panels").glob("*/view.py")}
    assert folders == {row.name for row in DASHBOARDS}
    assert len(DASHBOARDS) == len(folders) >= 7
    assert sorted(row.order for row in DASHBOARDS) == list(range(1, len(DASHBOARDS) + 1))


@pytest.mark.parametrize("path", registry.files(), ids=lambda path: path.name)
def test_the_files_of_the_checkout_follow_from_the_rows(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == registry.files()[path], "run python -m epool_viz.panels.registry"


@every_row
def test_the_public_function_is_typed_and_documented(row: registry.Row) -> None:
    function = getattr(dashboards, row.name)
    view = row.view.partition(":")[2]
    assert inspect.isfunction(function)
    assert (function.__module__, function.__qualname__) == ("epool_viz.dashboards", row.name)
    assert str(inspect.signature(function)) == f"(**state: 'Any') -> '{view}'"
    assert f"\ndef {row.name}(**state: Any) -> {view}: ...\n" in registry.types_text()
    assert row.summary == function.__doc__.partition("\n")[0]
    assert f"`{row.model_class().__name__}.state()`" in function.__doc__
    assert all(len(line) <= 120 for line in function.__doc__.splitlines())


def test_the_documentation_of_a_function_is_whole() -> None:
    assert dashboards.e_step.__doc__ == E_STEP


def test_what_comes_first_is_loaded_once() -> None:
    first, later = registry.preloaded(first=True), registry.preloaded(first=False)
    assert first == ("epool_viz.panels.e_step.view",)
    assert {row.view_module for row in DASHBOARDS} <= {*first, *later}
    assert len({*first, *later}) == len(first) + len(later)


TINY = {
    "__init__.py": "",
    "style.css": "",
    "model.py": """
        from traitlets import Int
        from epool_viz.panels.shared.model import DashboardModel

        class TinyModel(DashboardModel):
            size = Int(1)
            CHOICES = ("size",)
            BOUNDED = {"size": (1, 9)}
        """,
    "view.py": """
        import ipywidgets as w
        from epool_viz.panels.shared.dashboard import Dashboard

        class TinyView(Dashboard):
            LINK = ("size",)

            def _build(self):
                self.size = w.IntText(description="Size")

            def _arranged(self):
                return [self.size]

            def _wire(self):
                self.wiring.both((self.model, "size"), (self.size, "value"))
                self.wiring.on(self.model, "size", self._show)

            def _page_state(self):
                return self.model.state()

            def _take_patch(self, patch):
                self.model.restore({name: patch[name] for name in ("size",) if name in patch})
        """,
}
ROW = """
    from epool_viz.panels import registry
    from epool_viz.panels.registry import Row

    registry.DASHBOARDS += (
        Row("tiny", order=8, title="Tiny", line="The smallest one.", model="tiny.model:TinyModel",
            view="tiny.view:TinyView", summary="The smallest dashboard.", such_as="`size=3`",
            visitor_choices={"size": 4}),
    )

    import json
    from epool_viz import dashboards
    from epool_viz.panels.shared.links import link
    from epool_viz.panels.your_data.page import LINKS

    view = dashboards.tiny(size=3)
    first = view.size.value
    view.store._receive(view.store, {"patch": {"size": 70}}, [])
    files = {path.name: text for path, text in registry.files().items()}
    print(json.dumps({
        "shown": [type(view).__name__, first, view.size.value, view.alert.value],
        "documented": dashboards.tiny.__doc__.splitlines()[0],
        "notebook": json.loads(files["tiny.ipynb"])["metadata"]["title"],
        "cell": json.loads(files["tiny.ipynb"])["cells"][0]["source"][-1],
        "typed": "def tiny(**state: Any) -> TinyView: ..." in files["dashboards.pyi"],
        "preloaded": "tiny.view" in registry.preloaded(first=False),
        "linked": LINKS[-1] == {"href": link("tiny", {"size": 4}), "label": "Tiny"},
    }))
    """


def test_a_new_dashboard_takes_one_folder_and_one_row(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    for name, text in TINY.items():
        (tmp_path / "tiny" / name).write_text(textwrap.dedent(text))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(ROW)], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert json.loads(done.stdout) == {
        "shown": ["TinyView", 3, 9, ""],
        "documented": "The smallest dashboard.",
        "notebook": "Tiny",
        "cell": "dashboards.tiny()",
        "typed": True,
        "preloaded": True,
        "linked": True,
    }
