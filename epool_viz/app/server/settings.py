"""Every setting of the server, once.

`VOILA` holds for both ways to serve: stand-alone (`epool-viz app`) and as an extension of a Jupyter server, as on
Binder. The first reads it from here, the second from `notebooks/voila.json`, which
`python -m epool_viz.app.server.settings` writes and a test compares. `STAND_ALONE` and `EXTENSION` are the settings of
one of them only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PORT = 8866
HOST = "127.0.0.1"
MAX_KERNELS = 32  # visitors at a time; at 40 MB a viewing kernel that is 1.3 GB
KERNEL_MEMORY = 1000  # megabytes of data a kernel, of which it has 180 to 260 when its page is drawn (VmData)
LEAST_KERNEL_MEMORY = 400
POOL_SIZE = 1  # kernels that wait, started and rendered, for the next visitors of the first dashboard
REFILL_AFTER = 8.0  # seconds until a kernel that was taken is replaced: a class that comes in goes first

TEMPLATE = "epool_viz"
PACKAGE = Path(__file__).resolve().parents[2]
# The template, laid out as Jupyter looks for one, in a checkout; a wheel puts it into the environment's share/jupyter.
JUPYTER_DATA = Path(__file__).resolve().parent / "jupyter"

VOILA: dict[str, Any] = {
    "VoilaConfiguration": {
        "template": TEMPLATE,
        # A query that chose either would bypass the waiting kernel, and let a link change what the page is.
        "allow_template_override": "NO",
        "allow_theme_override": "NO",
        "strip_sources": True,
        "show_tracebacks": False,
        "file_allowlist": [],
        "file_denylist": [".*"],
        "extension_denylist": [
            "jupyterlab-plotly",  # 4.7 MB on every page, and eight version warnings; `Charts` loads plotly.js
            "jupyterlab_pygments",  # colours for source, which is never shown
            "@voila-dashboards/jupyterlab-preview",
        ],
    },
    "VoilaExecutor": {
        # seconds that a cell's output may come later than its end; after Voilà's 4 a busy server sent a page without it
        "iopub_timeout": 60,
        "raise_on_iopub_timeout": True,
        "cell_error_instruction": "Reload the page. If it happens again, the log of the server has the reason.",
        "cell_timeout_instruction": "Reload the page.",
    },
}

STAND_ALONE: dict[str, Any] = {
    "VoilaConfiguration": {
        "multi_kernel_manager_class": "epool_viz.app.server.kernels.SeatedKernelManager",
        "kernel_spec_manager_class": "epool_viz.app.server.kernels.ThisPython",
        "resources": {"epool_alone": True},  # the landing page is at `/`; a Jupyter server has another there
    },
    "SeatedKernelManager": {
        "abandoned_after": 90,  # seconds without a page: a closed tab, a reload
        "cull_interval": 15,
        "cull_idle_timeout": 3600,  # a page that stays open and is not touched
        "cull_connected": True,
        "buffer_offline_messages": False,
    },
    "KernelManager": {"shutdown_wait_time": 1.0},
}

# Jupyter's own server refuses the farewell of a page that has never been to JupyterLab: what no page shows goes soon.
EXTENSION: dict[str, Any] = {
    "ServerApp": {"jpserver_extensions": {"epool_viz.app.server.landing": True}},
    "MappingKernelManager": {"cull_idle_timeout": 120, "cull_interval": 30, "cull_connected": False},
}


def jupyter_data(package: Path) -> Path | None:
    """Folder of Jupyter's data to which the template belongs, where Jupyter does not look by itself.

    Parameters
    ----------
    package : path
        The folder of `epool_viz`: in a checkout, or below what `pip install --target` was given.
    """
    folders = (package / JUPYTER_DATA.relative_to(PACKAGE), package.parent / "share" / "jupyter")
    return next((each for each in folders if (each / "voila" / "templates" / TEMPLATE).is_dir()), None)


def notebooks_folder() -> Path:
    """Folder of the dashboards: inside the installed package, else of the checkout."""
    installed = PACKAGE / "notebooks"
    return installed if installed.is_dir() else PACKAGE.parent / "notebooks"


def extension_files() -> dict[str, str]:
    """What the server-extension mode reads: name of the file in `notebooks/` -> its text."""
    return {
        "voila.json": json.dumps(VOILA, indent=2) + "\n",
        "jupyter_server_config.json": json.dumps(EXTENSION, indent=2) + "\n",
    }


if __name__ == "__main__":
    for name, text in extension_files().items():
        (notebooks_folder() / name).write_text(text, encoding="utf-8")
