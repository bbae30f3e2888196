"""The settings are written once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from epool_viz.app.server import settings

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"


@pytest.mark.parametrize("name", list(settings.extension_files()))
def test_file_for_the_extension_equals_the_settings(name: str) -> None:
    written = (NOTEBOOKS / name).read_text(encoding="utf-8")
    assert written == settings.extension_files()[name], "run: python -m epool_viz.app.server.settings"


def test_every_setting_is_one_that_its_class_knows() -> None:
    from jupyter_client.manager import KernelManager
    from jupyter_server.serverapp import ServerApp
    from jupyter_server.services.kernels.kernelmanager import MappingKernelManager
    from voila.configuration import VoilaConfiguration
    from voila.execute import VoilaExecutor

    from epool_viz.app.server.kernels import SeatedKernelManager

    known = (ServerApp, VoilaConfiguration, VoilaExecutor, SeatedKernelManager, MappingKernelManager, KernelManager)
    classes = {each.__name__: each for each in known}
    for sections in (settings.VOILA, settings.STAND_ALONE, settings.EXTENSION):
        for section, values in sections.items():
            assert values.keys() <= set(classes[section].class_trait_names(config=True)), section


def test_template_lies_where_jupyter_is_told_to_look() -> None:
    folder = settings.JUPYTER_DATA / "voila" / "templates" / settings.TEMPLATE
    assert json.loads((folder / "conf.json").read_text()) == {"base_template": "lab"}
    assert {"index.html.j2", "404.html", "503.html", "error.html"} <= {path.name for path in folder.iterdir()}


def test_template_is_found_below_any_folder_that_a_wheel_was_unpacked_into(tmp_path: Path) -> None:
    package = tmp_path / "epool_viz"
    assert settings.jupyter_data(package) is None  # in an environment of its own: Jupyter looks there by itself
    (tmp_path / "share" / "jupyter" / "voila" / "templates" / settings.TEMPLATE).mkdir(parents=True)
    assert settings.jupyter_data(package) == tmp_path / "share" / "jupyter"
    assert settings.jupyter_data(settings.PACKAGE) == settings.JUPYTER_DATA


def test_notebooks_are_those_of_the_checkout() -> None:
    assert settings.notebooks_folder() == NOTEBOOKS
