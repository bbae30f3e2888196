"""Plain ES modules joined into one text, since the page receives each widget's module as a text without neighbours."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_IMPORT = re.compile(r'^import \* as (\w+) from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*? |const |class )(\w+))", re.MULTILINE)


@cache
def bundle(name: str) -> str:
    """The module `name`, each `import * as x from "./x.js"` in it replaced by the module itself."""
    source = source_of(name)
    parts = [_as_constant(alias, target) for alias, target in _IMPORT.findall(source)]
    return "".join(parts) + _IMPORT.sub("", source)


def source_of(name: str) -> str:
    """The text of a module of this folder."""
    return (files(__package__) / name).read_text(encoding="utf-8")


def _as_constant(alias: str, name: str) -> str:
    source = source_of(name)
    if _IMPORT.search(source):
        raise ValueError(f"{name} imports another module; only the outermost may")
    names = _EXPORT.findall(source)
    return f"const {alias} = (() => {{\n{_EXPORT.sub('', source)}\nreturn {{ {', '.join(names)} }};\n}})();\n"
