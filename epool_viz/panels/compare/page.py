"""Words and choices of the comparison, as plain data."""

from __future__ import annotations

from typing import Any

from epool_viz.guides import explained
from epool_viz.panels.shared.visitor_data import CHOICE, LABEL

PARTS: tuple[dict[str, str], ...] = (
    {"name": "choices", "label": "choice of data and networks"},
    {"name": "picture", "label": "gradient and logos"},
    {"name": "figure", "label": "curves"},
    {"name": "table", "label": "table of results"},
    {"name": "logos", "label": "strongest kernels as logos"},
    {"name": "models", "label": "trained networks"},
)
REWIND: dict[str, Any] = {"key": "epoch", "end": "epochs_done", "first": 1, "until": "begun", "label": "epoch"}
SETTINGS: dict[str, Any] = {"label": "Race settings", "opens": ".ep-race-settings", "key": "settings_open"}
HELP: dict[str, Any] = {
    "goal": "Which windows does a pooling learn from? The same network with different poolings, on the same batches "
    "from the same first weights.",
    "order": [
        "Press Play: which windows get the gradient, and what logo forms?",
        "Press Race to train it anew. Where a motif is planted, the truth is known.",
        "Scroll down: which pooling learns fastest, and keeps what it learnt on the test set?",
        "Compare training and test AUC: the difference is what was learnt by heart.",
        "Open a trained network in the E-step view, one click, and read its kernel as a motif.",
    ],
    "terms": explained(["AUC", "Gradient of a window", "Weight on the planted sites", "Interval"]),
    "keys": [
        ["Tab", "from one control to the next"],
        ["← →", "on the slider: the epoch before and after"],
        ["?", "this help"],
    ],
}
DATA = [
    ("planted motifs, simulated", "simulated"),
    ("CTCF peaks and their shuffles", "ctcf_peaks"),
    ("p73 peaks and their shuffles", "p73_peaks"),
    ("my own: paste or upload", "pasted"),
    (LABEL, CHOICE),
]
PRESETS = [
    ("as published", "paper"),
    ("the published notebook's", "demo"),
    ("exact: every statement holds", "exact"),
]
DOWNLOADS: tuple[dict[str, str], ...] = (
    {"name": "results.csv", "label": "Results, CSV"},
    {"name": "history.csv", "label": "Every epoch, CSV"},
    {"name": "model.safetensors", "label": "This network, safetensors"},
    {"name": "kernels.meme", "label": "Its kernels, MEME"},
    {"name": "race.safetensors", "label": "The whole race"},
)
