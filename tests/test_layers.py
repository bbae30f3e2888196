"""Imports point one way, and looking never costs what only training needs."""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import epool_viz
from epool_viz.panels import registry

PACKAGE = Path(epool_viz.__file__).parent

# room -> the rooms it may import from, besides itself; a folder with rooms inside it is several rooms
DATA = {
    "data",
    *(f"data.{each}" for each in ["sequences", "motifs", "networks", "results", "examples", "kernel_sources"]),
}
DASHBOARDS = {f"panels.{row.name}" for row in registry.DASHBOARDS}
PANELS = {"panels.registry", "panels.shared", "panels.one_kernel", *DASHBOARDS}
BELOW = {"errors", "_writing"}
OF_A_PANEL = {"guides", "core", "analysis", "figures", "components", "models", "jobs", "errors", "_slow_imports", *DATA}
OF_A_DASHBOARD = {*OF_A_PANEL, "panels.registry", "panels.shared"}
OF_ONE_KERNEL = {*OF_A_DASHBOARD, "panels.one_kernel"}
ALLOWED = {
    "errors": set(),
    "_slow_imports": set(),
    "_writing": {"errors"},
    "core": {"errors"},
    "data": {"core", *BELOW},
    "data.motifs": {"core", "data", *BELOW},
    "data.sequences": {"core", "data", "data.motifs", *BELOW},
    "data.networks": {"core", "data", "data.motifs", "data.sequences", *BELOW},
    "data.results": {"core", "data", "data.networks", *BELOW},
    "data.examples": DATA - {"data.kernel_sources"} | {"core", *BELOW},
    "data.kernel_sources": DATA | {"core", *BELOW},
    "analysis": {"core", "errors", *DATA},
    "models": {"core", *DATA, *BELOW},
    "importing": {"models", "errors", *DATA},
    "figures": {"core", "errors", "_slow_imports", "_writing"},
    "components": {"core", "errors"},
    "jobs": {"core", "analysis", "models", "errors", *DATA},
    "guides": set(),
    "panels.registry": set(),
    "panels.shared": {*OF_A_PANEL, "panels.registry"},
    "panels.one_kernel": OF_A_DASHBOARD,
    **dict.fromkeys(DASHBOARDS, OF_A_DASHBOARD),
    **dict.fromkeys(["panels.e_step", "panels.pwm"], OF_ONE_KERNEL),
    "panels": set(),
    "dashboards": {"panels.registry"},
    "lessons": {"core", "analysis", "figures", "components", "panels.registry", "panels.shared", "errors", *DATA},
    "app": {
        "lessons",
        "components",  # the text of the landing page's module
        "core",
        "analysis",
        "models",
        "importing",
        "jobs",
        "figures",
        *PANELS,
        "dashboards",
        "guides",
        "errors",
        "_slow_imports",
        "_writing",
    }
    | DATA,
}
# room -> the rooms that it may import within a function only: torch is loaded where somebody trains
LATE = {"app": {"models"}, "panels": {"models"}, "jobs": {"models"}, "importing": {"models"}}


def room_of(module: str) -> str | None:
    """`epool_viz.core.scan` -> `core`, `epool_viz.data.motifs.meme` -> `data.motifs`; None for strangers."""
    parts = module.split(".")
    if parts[0] != "epool_viz" or len(parts) < 2 or parts[1].startswith("__"):
        return None
    inner = ".".join(parts[1:3])
    return inner if inner in ALLOWED else parts[1]


def outer(room: str) -> str:
    """`panels.shared` -> `panels`."""
    return room.split(".", 1)[0]


@functools.cache
def imports(source: str, *, at_once: bool = False) -> frozenset[str]:
    """Every module that a source file imports, except for type checking; with `at_once` not inside functions."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
        if at_once and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = []
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def breaches(room: str, source: str) -> set[str]:
    """The rooms that a file of `room` imports from and may not, or not there."""
    too_early = {r for r in map(room_of, imports(source, at_once=True)) if r} & LATE.get(outer(room), set())
    others = {r for r in map(room_of, imports(source)) if r} - {room}
    return others - ALLOWED[room] | too_early


FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    """The dotted name of a file of the package."""
    return ".".join(("epool_viz", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def circles(needs: dict[str, set[str]]) -> list[set[str]]:
    """The groups of modules that each lead back to themselves."""
    reached = {}
    for start in needs:
        seen, ahead = set(), [start]
        while ahead:
            ahead += [module for module in needs.get(ahead.pop(), ()) if module not in seen and not seen.add(module)]
        reached[start] = seen
    return [
        {m for m in reached if start in reached[m] and m in reached[start]}
        for start in needs
        if start in reached[start]
    ]


def test_no_module_leads_back_to_itself_not_even_within_functions():
    modules = {module_of(path) for path in FILES}
    needs = {}
    for path in FILES:
        named = imports(path.read_text())
        needs[module_of(path)] = {
            m if m in modules else m.rpartition(".")[0] for m in named if m.startswith("epool_viz.")
        }
    assert circles(needs) == []


def test_the_check_of_circles_can_go_red():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [{"b", "c"}, {"b", "c"}]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_from_the_rooms_below_it(path):
    place = path.relative_to(PACKAGE)
    if place.name == "__init__.py" and len(place.parts) == 1:
        assert not {r for r in map(room_of, imports(path.read_text())) if r}, "the package itself loads nothing"
        return
    room = room_of(".".join(("epool_viz", *place.with_suffix("").parts)).replace(".__init__", ".x"))
    assert room in ALLOWED, f"{room} is a new room: say in this table what it may import"
    assert breaches(room, path.read_text()) == set()


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("core", "from epool_viz.data.sequences.set import SequenceSet"),
        ("core", "def f():\n    import epool_viz.figures.svg"),
        ("figures", "from epool_viz import data"),
        ("data", "from epool_viz.panels.one_kernel.model import EStepModel"),
        ("app", "from epool_viz.models.training import race"),
        ("app", "class A:\n    import epool_viz.models"),
        ("panels.compare", "from epool_viz.models.training import race"),
        ("panels.em", "class C:\n    from epool_viz.models import training"),
        ("components", "def f():\n    from epool_viz.models.training import race"),
        ("models", "def f():\n    from epool_viz.jobs.wire import send"),
        ("jobs", "from epool_viz.models.jobs import JOBS"),
        ("importing", "from epool_viz.models.importing import read_torch_bytes"),
        ("panels.em", "from epool_viz.panels.logos.model import LogosModel"),
        ("panels.em", "from epool_viz.panels.one_kernel.model import EStepModel"),
        ("panels.e_step", "def f():\n    from epool_viz.panels.pwm.model import PwmModel"),
        ("panels.pwm", "from epool_viz.panels.e_step.texts import QUESTIONS"),
        ("panels.registry", "from epool_viz.panels.shared.links import link"),
        ("dashboards", "def f():\n    from epool_viz.panels.em.view import EMView"),
        ("panels.shared", "def f():\n    from epool_viz.panels.em.view import EMView"),
        ("data.motifs", "from epool_viz.data.sequences.set import SequenceSet"),
        ("analysis", "from epool_viz.models.training import race"),
    ],
)
def test_the_check_of_the_layers_can_go_red(room, source):
    assert breaches(room, source)


def test_a_function_of_the_command_line_may_train():
    assert breaches("app", "def f():\n    from epool_viz.models.training import race") == set()


def loaded_after(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter has after a statement."""
    code = textwrap.dedent(statement) + "\nimport sys; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


HEAVY = {
    "torch",
    "plotly",
    "matplotlib",
    "pandas",
    "logomaker",
    "ipywidgets",
    "voila",
    "scipy",
    "h5py",
    "array_api_compat",
    "sklearn",
    "safetensors",
    "pooch",
    "captum",
    "numba",
}
TRAINING = {"torch", "sklearn", "scipy", "pandas", "array_api_compat", "safetensors"}  # scikit-learn brings pandas
ROOMS = {
    "epool_viz": HEAVY | {"numpy"},
    "epool_viz.core.trace": HEAVY,
    "epool_viz.data.examples": HEAVY,
    "epool_viz.data.motifs.reading": HEAVY,
    "epool_viz.data.sequences.simulate": HEAVY,
    "epool_viz.data.sequences.chipseq": HEAVY,
    "epool_viz.data.networks.stored": HEAVY,
    "epool_viz.importing": HEAVY,
    "epool_viz.panels.your_data.model": HEAVY,
    "epool_viz.data.networks.motif_kernels": HEAVY,
    "epool_viz.models.training": HEAVY - TRAINING,
    "epool_viz.jobs.client": HEAVY,
    "epool_viz.jobs.process": HEAVY | {"numpy"},
    "epool_viz.jobs.job": HEAVY | {"numpy"},
    "epool_viz.jobs.limited": HEAVY,
    "epool_viz.jobs.parsing": HEAVY,
    "epool_viz.jobs.matching": HEAVY,
    "epool_viz.jobs.worker": HEAVY,
    "epool_viz.figures.svg": HEAVY,
    "epool_viz.figures.logo": HEAVY,
    "epool_viz.dashboards": HEAVY,
    "epool_viz.lessons": HEAVY,
    "epool_viz.lessons.printing": HEAVY,
    "epool_viz.lessons.content": HEAVY,
    "epool_viz.lessons.asking": HEAVY - {"ipywidgets"},
    "epool_viz.panels.one_kernel.model": HEAVY,
    "epool_viz.panels.e_step.view": HEAVY - {"ipywidgets"},
    "epool_viz.panels.pwm.model": HEAVY,
    "epool_viz.panels.pwm.view": HEAVY - {"ipywidgets"},
    "epool_viz.app.cli": HEAVY | {"numpy"},
    "epool_viz.app.commands.train": HEAVY,
    "epool_viz.app.commands.simulate": HEAVY,
    "epool_viz.app.commands.fetch": HEAVY,
    "epool_viz.panels.compare.model": HEAVY,
    "epool_viz.panels.compare.view": HEAVY - {"ipywidgets"},
    "epool_viz.panels.attribution.model": HEAVY,
    "epool_viz.panels.attribution.view": HEAVY - {"ipywidgets"},
}


@pytest.mark.parametrize(("module", "unwanted"), ROOMS.items(), ids=ROOMS)
def test_importing_a_room_does_not_load_what_it_does_not_need(module, unwanted):
    loaded = loaded_after(f"import {module}")
    assert "epool_viz" in loaded
    assert loaded & unwanted == set()


@pytest.fixture(scope="module")
def each_loaded():
    """What an interpreter that has epool_viz has loaded after each of `HEAVY`, loaded one after the other."""
    code = f"""
        import contextlib, importlib, json, sys, warnings
        warnings.simplefilter("ignore")
        import epool_viz
        after = {{"": sorted(sys.modules)}}
        for name in {sorted(HEAVY)!r}:
            with contextlib.suppress(ModuleNotFoundError):
                importlib.import_module(name)
            after[name] = sorted(sys.modules)
        print("\\n" + json.dumps(after))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", sorted(HEAVY))
def test_the_check_of_what_is_loaded_can_go_red(name, each_loaded):
    if name == "voila" and importlib.util.find_spec("voila") is None:
        pytest.skip("there is no voila")
    assert name not in each_loaded[""]
    assert name in each_loaded[name]


def test_reading_kernels_of_numpy_arrays_never_imports_torch():
    loaded = loaded_after(
        """
        import epool_viz
        trace = epool_viz.e_step_trace("ACGTTGCA", [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]])
        assert trace.identity_error < 1e-12
        """
    )
    assert "numpy" in loaded
    assert not loaded & {"torch", "array_api_compat"}


@pytest.mark.parametrize("name", epool_viz.__all__)
def test_every_public_name_can_be_imported_and_is_documented(name):
    value = getattr(epool_viz, name)
    assert name in dir(epool_viz)
    assert (value.__doc__ or "").strip()


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'epool_viz' has no attribute 'no_such_name'"):
        epool_viz.no_such_name  # noqa: B018


def test_the_type_checker_sees_the_same_public_names():
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    block = next(n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")
    imports_ = [node for node in block.body if isinstance(node, ast.ImportFrom) and room_of(f"{node.module}.x")]
    declared = {alias.asname: node.module for node in imports_ for alias in node.names}
    assert set(declared) == set(epool_viz.__all__)
    for name, module in declared.items():
        value = getattr(epool_viz, name)
        assert value is getattr(importlib.import_module(module), name)


def test_importing_the_package_takes_less_than_50_ms_over_bare_python():
    code = "import time; t = time.process_time(); import epool_viz; print(time.process_time() - t)"
    seconds = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    assert min(seconds) < 0.05
