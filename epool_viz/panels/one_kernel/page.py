"""The controls that every dashboard of one kernel has, as plain data for the page."""

from __future__ import annotations

from typing import Any

CURSOR_SLIDER: dict[str, Any] = {
    "key": "cursor",
    "label": "window",
    "min": 0,
    "max": "windows",
    "digits": 0,
    "first": 1,
}
BACKGROUND: dict[str, Any] = {
    "key": "background_choice",
    "label": "Background",
    "choices": [
        {"value": "uniform", "label": "uniform"},
        {"value": "data", "label": "from the sequences"},
        {"value": "typed", "label": "typed"},
    ],
}
SHARES: dict[str, Any] = {
    "key": "letter_shares",
    "label": "Share of each letter",
    "when": {"key": "background_choice", "is": "typed"},
}
BIAS_SLIDER: dict[str, Any] = {"key": "bias", "label": "bias", "min": -20, "max": 20}
