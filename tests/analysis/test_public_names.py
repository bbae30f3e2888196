"""The names that the room offers: each is there, documented, and loaded only when it is used."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from epool_viz import analysis
from tests.app.fresh import modules_after


@pytest.mark.parametrize("name", analysis.__all__)
def test_a_name_is_there_and_says_what_it_raises(name):
    value = getattr(analysis, name)
    assert name in dir(analysis)
    told = inspect.getdoc(value) or ""
    assert told
    if inspect.isfunction(value) and " raise " in f" {inspect.getsource(value)} ".replace("\n", " "):
        assert "Raises\n------" in told or "Raise a" in told


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"module 'epool_viz\.analysis' has no attribute 'guess'"):
        analysis.guess  # noqa: B018


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(analysis.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    declared = {
        alias.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module.startswith("epool_viz.")
        for alias in node.names
    }
    assert set(declared) == set(analysis.__all__)
    for name, module in declared.items():
        assert getattr(importlib.import_module(module), name) is getattr(analysis, name)


def test_the_room_itself_loads_nothing_and_reading_a_network_neither_torch_nor_a_widget():
    assert "numpy" not in modules_after("import epool_viz.analysis")
    loaded = modules_after("from epool_viz.analysis import read_network, walk_em, site_precisions, sites_table")
    assert "numpy" in loaded
    assert not loaded & {"torch", "traitlets", "ipywidgets", "memelite", "numba", "scipy", "sklearn", "h5py"}
