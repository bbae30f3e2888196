"""A link from one dashboard to another."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from epool_viz.panels.registry import row_of


def link(dashboard: str, state: Mapping[str, Any]) -> str:
    """The address, from any dashboard's page, at which another one opens in a state."""
    return f"{row_of(dashboard).notebook}{fragment(state)}"


def anchor(address: str, text: str) -> Markup:
    """A link to another dashboard, as the page shows it."""
    return Markup('<a class="ep-open" href="{}">{}</a>').format(address, text)


def fragment(state: Mapping[str, Any]) -> str:
    """A state as the fragment of a link, as the page writes it."""
    text = base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")
    return f"#state={text}"
