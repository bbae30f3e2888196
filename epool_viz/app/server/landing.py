"""The landing page: what this is, a small E-step that moves, and the path through the dashboards. It starts no kernel.

The stand-alone server shows it at `/`. A Jupyter server shows it at `/epool_viz`, by the extension at the end.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jupyter_core.paths import jupyter_path

from epool_viz.app.server import settings
from epool_viz.components._modules import module_text

ADDRESS = "/epool_viz"  # on a Jupyter server


@cache
def landing_page(folder: str) -> str:
    """The page as HTML.

    Parameters
    ----------
    folder : str
        Address of the folder in which the dashboards lie, with its final slash; "" where they cannot be reached.
    """
    return templates().get_template("landing.html").render(folder=folder, script=module_text("landing"))


def templates() -> Environment:
    """The templates of pages that need no kernel."""
    known = settings.jupyter_data(settings.PACKAGE)
    folders = [str(known)] if known else jupyter_path()
    loader = FileSystemLoader([Path(each) / "voila" / "templates" / settings.TEMPLATE for each in folders])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined)


def dashboards_below(root: Path, notebooks: Path) -> str:
    """Address of the dashboards on a Jupyter server with Voilà that serves `root`; "" where they lie elsewhere."""
    try:
        inside = notebooks.resolve().relative_to(root.resolve())
    except ValueError:
        return ""
    return "/".join(["voila", "render", *map(quote, inside.parts), ""])


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "epool_viz.app.server.landing"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Add the page to a Jupyter server."""
    from tornado.web import authenticated

    from epool_viz.app.server.upstream import JupyterHandler, url_path_join

    base = server.web_app.settings["base_url"]
    below = dashboards_below(Path(server.root_dir), settings.notebooks_folder())

    class LandingHandler(JupyterHandler):
        @authenticated
        def get(self) -> None:
            self.write(landing_page(below and url_path_join(base, below)))

    server.web_app.add_handlers(".*$", [(url_path_join(base, ADDRESS) + "/?", LandingHandler)])
