"""Neither the server nor a kernel may compile the IRI parsers (1.2 s each time)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from epool_viz import _slow_imports
from tests.app.fresh import modules_after

PARSERS = "lark"  # the compiler of grammars that rfc3987_syntax runs on
DRAW = "import plotly.graph_objects; plotly.graph_objects.FigureWidget()"
DEFER = "from epool_viz._slow_imports import defer_iri_parsers; defer_iri_parsers()"


def test_server_starts_without_the_parsers(small_notebooks: Path) -> None:
    loaded = modules_after(f"""
        from pathlib import Path
        from epool_viz.app.server.start import serve

        def stop_when_ready(line):
            import tornado.ioloop
            tornado.ioloop.IOLoop.current().stop()

        serve(notebooks=Path({str(small_notebooks)!r}), open_browser=False, pool_size=0, sink=stop_when_ready)
    """)
    assert "voila.app" in loaded
    assert "jsonschema" in loaded
    assert PARSERS not in loaded


def test_plotly_draws_without_the_parsers() -> None:
    loaded = modules_after(f"{DEFER}\n{DRAW}")
    assert "jsonschema" in loaded
    assert PARSERS not in loaded


def test_check_can_go_red() -> None:
    assert PARSERS in modules_after(DRAW), "plotly no longer compiles them: epool_viz._slow_imports can go"


def test_deferred_check_answers_as_the_real_one() -> None:
    values = ["http://motif.example/é", "no iri: at all", "urn:ctcf"]
    verdicts = [
        modules_after(f"""
            {first}
            import jsonschema, sys, types
            conforms = jsonschema.Draft7Validator.FORMAT_CHECKER.conforms
            for value in {values!r}:
                name = f"verdict_{{conforms(value, 'iri')}}_{{{values!r}.index(value)}}"
                sys.modules[name] = types.ModuleType(name)
        """)
        for first in ("pass", DEFER)
    ]
    real, deferred = ({name for name in each if name.startswith("verdict")} for each in verdicts)
    assert real == deferred == {"verdict_True_0", "verdict_False_1", "verdict_True_2"}


def test_other_names_and_submodules_are_the_real_ones() -> None:
    loaded = modules_after(f"""
        {DEFER}
        import rfc3987_syntax.utils
        from rfc3987_syntax import parse
        assert parse("iri", "urn:ctcf")
    """)
    assert PARSERS in loaded


def test_nothing_happens_where_the_module_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_slow_imports, "_NAME", "no_such_module_anywhere")
    _slow_imports.defer_iri_parsers()
    assert "no_such_module_anywhere" not in sys.modules
