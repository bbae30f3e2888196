"""The bundle of the page's modules: when it is made anew, and what it is made with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hatch_build
from epool_viz.components._modules import BUILT, DIGEST, WEB, is_fresh, sources_digest
from scripts import web as tool

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A few sources, as they lie in a checkout, and a bundle of them."""
    for name in ("build.js", "package-lock.json", "lib/maths.js", "strip/index.js", "strip/style.css"):
        (tmp_path / "web" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(WEB / name, tmp_path / "web" / name)
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / DIGEST).write_text(sources_digest(tmp_path / "web"))
    return tmp_path


@pytest.mark.parametrize("name", ["build.js", "package-lock.json", "lib/maths.js", "strip/index.js", "strip/style.css"])
def test_a_bundle_is_old_once_something_it_is_made_of_has_changed(sources: Path, name: str) -> None:
    assert is_fresh(sources / "web", sources / "built")
    with (sources / "web" / name).open("a") as file:
        file.write("\n")
    assert not is_fresh(sources / "web", sources / "built")


def test_a_new_component_makes_a_bundle_old_and_a_test_or_a_tool_does_not(sources: Path) -> None:
    for name in ("strip/index.test.js", "biome.json", "node_modules/x/index.js"):
        (sources / "web" / name).parent.mkdir(parents=True, exist_ok=True)
        (sources / "web" / name).write_text("//")
    assert is_fresh(sources / "web", sources / "built")
    (sources / "web" / "new").mkdir()
    (sources / "web" / "new" / "index.js").write_text("export default {};")
    assert not is_fresh(sources / "web", sources / "built")


def test_a_folder_without_a_bundle_has_no_fresh_one(sources: Path) -> None:
    assert not is_fresh(sources / "web", sources / "nothing")


def test_a_checkout_with_an_old_bundle_says_how_to_make_it_anew(tmp_path: Path) -> None:
    for name in ("components/__init__.py", "components/_modules.py", "web/build.js", "web/package-lock.json"):
        (tmp_path / "epool_viz" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "epool_viz" / name, tmp_path / "epool_viz" / name)
    (tmp_path / "epool_viz" / "__init__.py").touch()
    ask = "from epool_viz.components._modules import module_text; module_text('strip')"
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 1
    assert "are missing or older than" in done.stderr
    assert done.stderr.rstrip().endswith("Bundle them with: make web")


def test_every_component_is_bundled() -> None:
    folders = {path.parent.name for path in WEB.glob("*/index.js")} - {"lib"}
    assert {path.stem for path in BUILT.glob("*.js")} == folders


def fake_program(folder: Path, name: str, says: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho {says}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("node", "npm", "taken"), [("v20.1.0", True, True), ("v18.20.0", True, False), ("v24.0.0", False, False)]
)
def test_a_node_counts_if_it_is_new_enough_and_has_npm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: str, npm: bool, taken: bool
) -> None:
    fake_program(tmp_path / "bin", "node", node)
    if npm:
        fake_program(tmp_path / "bin", "npm", "10")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert (tool.installed_node() is not None) is taken


def test_without_node_it_is_said_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tool, "packaged_node", lambda: None)
    with pytest.raises(SystemExit, match="Node 20 or newer is missing"):
        tool.run_npm("--version")


@pytest.mark.parametrize(
    ("is_built", "has_node", "asks"), [(True, False, False), (False, True, False), (False, False, True)]
)
def test_a_build_asks_for_node_only_where_it_needs_it_and_has_none(
    monkeypatch: pytest.MonkeyPatch, is_built: bool, has_node: bool, asks: bool
) -> None:
    monkeypatch.setattr(hatch_build.web.modules, "is_fresh", lambda: is_built)
    monkeypatch.setattr(hatch_build.web, "installed_node", lambda: ("", []) if has_node else None)
    hook = hatch_build.CustomBuildHook.__new__(hatch_build.CustomBuildHook)
    assert bool(hook.dependencies()) is asks
