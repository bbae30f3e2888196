"""The package outside its checkout: the wheel, Binder's image, conda's environment, make."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import tomllib
import urllib.request
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.browser.server import serving, wait_for
from tests.patience import allowed
from tests.scratch import Scratch

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"torch": "pytorch-cpu", "jupyter-server": "jupyter_server", "jupyter-client": "jupyter_client"}
IMAGE_ONLY = {"hatchling>=1.26", "nodejs>=20"}
FROM_PIP = "tangermeme"  # of the extra train


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, as a clone would be."""
    copy = tmp_path_factory.mktemp("clone") / "epool_viz"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(tree)], check=True, stdin=subprocess.DEVNULL)
    (built,) = folder.glob("*.whl")
    return built


def requirements(*extras: str) -> dict[str, Requirement]:
    lines = [*PROJECT["dependencies"], *(line for each in extras for line in PROJECT["optional-dependencies"][each])]
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(each.name): each for each in found if canonicalize_name(each.name) != "epool-viz"}


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def bounds_of(requirement: Requirement) -> str:
    """Its bounds as they are written, the lower one first."""
    return ",".join(sorted(map(str, requirement.specifier), reverse=True))


def by_pip() -> str:
    return f"{FROM_PIP}{bounds_of(requirements('train')[FROM_PIP])}"


def environment(path: str) -> dict:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


# constraints.txt


def test_constraints_pin_each_requirement_within_its_bounds() -> None:
    pinned = pins()
    for name, requirement in requirements("train", "lab", "motifs", "onnx", "dev").items():
        assert name in pinned, f"constraints.txt lacks {name}"
        assert requirement.specifier.contains(pinned[name]), f"{name}=={pinned[name]} is outside {requirement}"


def test_constraints_are_what_the_tests_run_with() -> None:
    from importlib.metadata import version

    wrong = {
        name: version(name)
        for name in requirements("train", "lab", "motifs", "onnx", "dev")
        if version(name).split("+")[0] != pins()[name]
    }
    assert not wrong, f"constraints.txt says otherwise: {wrong}"


def test_constraints_name_neither_host_nor_path() -> None:
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"#.*|[a-z0-9-]+==[0-9][0-9a-z.]*", line), line
        assert "://" not in line


def test_security_floors_hold() -> None:
    floors = {"voila": "0.5.12", "jupyter-server": "2.20", "torch": "2.10"}
    for name, floor in floors.items():
        floors_asked = [each.version for each in requirements("train")[name].specifier if each.operator == ">="]
        assert floors_asked == [floor]


# environment.yml and binder/


@pytest.mark.parametrize("path", ["environment.yml", "binder/environment.yml"])
def test_conda_asks_for_what_pyproject_asks_for(path: str) -> None:
    asked = environment(path)
    assert asked["channels"] == ["conda-forge", "nodefaults"]
    plain = {line for line in asked["dependencies"] if isinstance(line, str)}
    expected = {
        f"{CONDA_NAMES.get(name, name)}{bounds_of(each)}"
        for name, each in requirements("train", "lab", "onnx").items()
        if name != FROM_PIP
    }
    assert plain - {"pip", "python>=3.11", "python=3.11"} - IMAGE_ONLY == expected


def test_conda_and_the_image_take_a_python_that_the_package_takes() -> None:
    assert PROJECT["requires-python"] == ">=3.11"
    assert "python>=3.11" in environment("environment.yml")["dependencies"]
    assert "python=3.11" in environment("binder/environment.yml")["dependencies"]


def test_conda_installs_the_checkout_itself() -> None:
    assert environment("environment.yml")["dependencies"][-1] == {"pip": ["-e .[motifs]", by_pip()]}


def test_the_image_gets_from_pip_what_conda_forge_lacks() -> None:
    asked = PROJECT["optional-dependencies"]["motifs"]
    assert environment("binder/environment.yml")["dependencies"][-1] == {"pip": [*asked, by_pip()]}
    assert "numba" in requirements("train"), "else it is 200 MB, and not for everybody"


def test_repo2docker_takes_the_folder_for_a_conda_image(tree: Path) -> None:
    script = """
        from repo2docker.app import Repo2Docker
        from repo2docker.buildpacks import CondaBuildPack
        pack = CondaBuildPack(Repo2Docker().base_image)
        pack.platform = "linux/amd64"
        assert pack.detect()
        print(pack.python_version)
        print(pack.render(build_args={}))
    """
    lines = "\n".join(line.strip() for line in script.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", lines], cwd=tree, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3.11\n")
    for step in (
        'env update -p ${NB_PYTHON_PREFIX} --file "binder/environment.yml"',
        "RUN ./binder/postBuild",
        'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"',
    ):
        assert step in done.stdout


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_image_builds_and_starts_into_the_dashboard(tree: Path, tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "image")
    scratch.run("binder/postBuild", cwd=tree)
    port = free_port()
    log = tmp_path / "log"
    options = ["--allow-root", "--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0"]
    options += [f"--port={port}", "--IdentityProvider.token="]  # a Binder has a token; here it would be in the way
    with log.open("wb") as stream:
        server = subprocess.Popen(
            ["binder/start", "python", "-m", "jupyter_server", *options],
            cwd=tree,
            env={**scratch.environment, "HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: _listens(port) or server.poll() is not None, seconds=40, what="Jupyter's server")
        assert server.poll() is None, log.read_text()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/voila/render/notebooks/e_step.ipynb") as answer:
            page = answer.read().decode()
    finally:
        server.terminate()
        server.wait(timeout=allowed(30))
    assert "<title>One E-step · epool_viz</title>" in page  # our template
    assert "application/vnd.jupyter.widget-view+json" in page
    assert "dashboards.e_step" not in page  # no source
    assert "jupyterlab-plotly" not in page  # our denylist
    assert "Culling kernels with idle durations > 120 seconds" in log.read_text()


def _listens(port: int) -> bool:
    with socket.socket() as question:
        return question.connect_ex(("127.0.0.1", port)) == 0


# the wheel


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_wheel_carries_notebooks_template_and_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "epool_viz/notebooks/e_step.ipynb" in names
    template = ROOT / "epool_viz" / "app" / "server" / "jupyter"
    shared = {f"epool_viz-{PROJECT['version']}.data/data/share/jupyter/{path}" for path in files_of(template)}
    assert any(name.endswith("/share/jupyter/voila/templates/epool_viz/index.html.j2") for name in shared)
    assert shared <= set(names), "where Jupyter looks for templates"
    assert "epool_viz/py.typed" in names
    package = ROOT / "epool_viz"
    left_out = {"__pycache__", "web"}
    ours = {f"epool_viz/{path}" for path in files_of(package) if not (package / path).is_relative_to(template)}
    missing = {name for name in ours if not left_out & set(name.split("/"))} - set(names)
    assert not missing
    assert "epool_viz/components/built/posterior_track.js" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "epool_viz/web/"))]


def test_a_build_from_the_source_distribution_needs_no_node(wheel: Path, tree: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build"]
    subprocess.run([*build, "-t", "sdist", "-d", str(tmp_path)], cwd=tree, check=True, stdin=subprocess.DEVNULL)
    (packed,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    assert not list(source.rglob("node_modules"))
    nothing = tmp_path / "no programs"
    nothing.mkdir()
    subprocess.run(
        [*build, "-t", "wheel", "-d", str(tmp_path)],
        cwd=source,
        env={"PATH": str(nothing)},
        check=True,
        stdin=subprocess.DEVNULL,
    )
    (built,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(built) as ours, zipfile.ZipFile(wheel) as theirs:
        assert set(ours.namelist()) == set(theirs.namelist())


def test_installed_wheel_serves_the_dashboard_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "environment")
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    scratch.run(str(scratch.python), *install, cwd=tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    where = scratch.run(str(scratch.python), "-c", "import epool_viz; print(epool_viz.__file__)", cwd=empty)
    assert Path(where.strip()).is_relative_to(scratch.packages)
    options = {"python": str(scratch.python), "environment": scratch.environment}
    with serving(empty, "--pool-size", "0", **options) as server:
        page = server.ask("/voila/render/e_step.ipynb")
        assert page.status == 200
        assert "<title>One E-step · epool_viz</title>" in page.text
        assert "application/vnd.jupyter.widget-view+json" in page.text
        assert {path.name for path in empty.iterdir()} == {"server.log"}


# make


def make(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = ["make", "-f", str(ROOT / "Makefile"), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def fake_python(folder: Path, *, version_ok: bool = True, venv_ok: bool = True) -> Path:
    """A Python that only answers whether it is new enough and has a venv module."""
    path = folder / "python"
    answers = {"version_info": version_ok, "ensurepip": venv_ok}
    tests = "\n".join(f'case "$*" in *{word}*) exit {0 if ok else 1};; esac' for word, ok in answers.items())
    path.write_text(f"#!/bin/sh\n{tests}\nexit 1\n")
    path.chmod(0o755)
    return path


def test_make_names_its_targets() -> None:
    said = make(cwd=ROOT).stdout
    for target in ("make app", "make web", "make test", "make lint", "make bench", "make clean"):
        assert target in said


def test_make_refuses_an_old_python(tmp_path: Path) -> None:
    old = fake_python(tmp_path, version_ok=False)
    done = make(".venv/bin/python", f"PYTHON={old}", cwd=tmp_path)
    assert done.returncode != 0
    assert f"epool_viz needs Python 3.11 or newer; PYTHON={old} is not." in done.stderr


def test_make_says_which_package_brings_venv(tmp_path: Path) -> None:
    done = make(".venv/bin/python", f"PYTHON={fake_python(tmp_path, venv_ok=False)}", cwd=tmp_path)
    assert done.returncode != 0
    assert "has no venv module. On Debian and Ubuntu: apt-get install python3-venv" in done.stderr


def test_make_does_nothing_where_all_is_installed(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).touch()
    bin_folder = tmp_path / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", tmp_path)
    for stamp in (bin_folder / "python", tmp_path / ".venv" / ".dev"):
        stamp.touch()
    assert "is up to date" in make(".venv/.dev", cwd=tmp_path).stdout


def test_ci_script_is_sound_and_ends_with_the_tests() -> None:
    path = ROOT / ".ci" / "run"
    assert os.access(path, os.X_OK)
    subprocess.run(["bash", "-n", str(path)], check=True, stdin=subprocess.DEVNULL)
    assert path.read_text(encoding="utf-8").rstrip().endswith("exec make test")


def test_extension_settings_are_json(tree: Path) -> None:
    for name in ("voila.json", "jupyter_server_config.json"):
        json.loads((tree / "notebooks" / name).read_text(encoding="utf-8"))
