"""Sphinx builds the documentation: `make docs` writes build/docs/index.html."""

from importlib.metadata import version as installed

project = "epool_viz"
author = "The epool_viz authors"
copyright = author  # noqa: A001
version = release = installed("epool-viz")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
html_theme = "furo"
html_title = "epool_viz"
html_static_path: list[str] = []

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
suppress_warnings = ["ref.python"]  # a word such as "width" in a docstring names an axis, no attribute

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings give shapes and units
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False

# `make docs-links` asks every address; the build itself needs no network.
linkcheck_timeout = 20
linkcheck_anchors = True
