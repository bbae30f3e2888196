"""A link from one dashboard to another."""

from __future__ import annotations

import base64
import json
from typing import Any


def fragment(state: dict[str, Any]) -> str:
    """A state as the fragment of a link, as the page writes it."""
    text = base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")
    return f"#state={text}"
