"""Defers one import that takes a second and that is never used here.

`plotly` and every Jupyter server import `jsonschema`, which imports `rfc3987_syntax` to check the format "iri"; that
module compiles some 35 Earley parsers while it is imported (1.2 s here). No schema of Jupyter, nbformat or plotly has
that format. Nothing may be left out, so the import is put off: `jsonschema` gets a function that imports the parsers
when it is called.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

_NAME = "rfc3987_syntax"

# as in `epool_viz.app.server.upstream`
REACHES = {
    "jsonschema 4.26: it imports `rfc3987_syntax` and takes one function of it, which is put off; "
    "under another name the import is not put off and takes a second, which test_slow_imports shows": (
        "rfc3987_syntax.is_valid_syntax(term, value)",
        "jsonschema/_format.py: rfc3987_syntax",
    ),
}


class _Deferred(ModuleType):
    """Stands for `rfc3987_syntax` until something of it is used."""

    def is_valid_syntax(self, term: str, value: str) -> bool:
        """Check `value` with the real module; the one name that `jsonschema` takes."""
        return bool(_real().is_valid_syntax(term, value))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # a look-up by the import system is no use
            raise AttributeError(name)
        return getattr(_real(), name)


def _real() -> ModuleType:
    if isinstance(sys.modules.get(_NAME), _Deferred):
        del sys.modules[_NAME]
    return importlib.import_module(_NAME)


def defer_iri_parsers() -> None:
    """Put off the compiling of the IRI parsers until a schema uses one.

    To be called before the first import of `jsonschema`, `plotly` or a Jupyter server. Does nothing where the module is
    absent or has been imported already.
    """
    spec = None if _NAME in sys.modules else importlib.util.find_spec(_NAME)
    if spec is not None:
        module = _Deferred(_NAME)
        module.__spec__, module.__path__ = spec, spec.submodule_search_locations or []
        sys.modules[_NAME] = module
