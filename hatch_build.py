"""Bundles the modules of the page before a wheel, a source distribution or an editable install is made.

A source distribution carries them, so that a build from it needs no Node.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
from scripts import web


class CustomBuildHook(BuildHookInterface[Any]):
    """Bundles `epool_viz/web` where that has not been done since its sources changed."""

    def dependencies(self) -> list[str]:
        """Node as a Python package, where there is none and one is needed."""
        needs_node = not web.modules.is_fresh() and web.installed_node() is None
        return [web.NODE_PACKAGE] if needs_node else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Bundle."""
        web.build()
