"""Words and choices of the comparison, as plain data."""

from __future__ import annotations

from typing import Any

from epool_viz.panels.shared.visitor_data import CHOICE, LABEL

PARTS: tuple[dict[str, str], ...] = (
    {"name": "choices", "label": "choice of data and networks"},
    {"name": "figure", "label": "curves"},
    {"name": "table", "label": "table of results"},
    {"name": "logos", "label": "strongest kernels as logos"},
    {"name": "models", "label": "trained networks"},
)
REWIND: dict[str, Any] = {"key": "epoch", "end": "epochs_done", "label": "epoch"}
HELP: dict[str, Any] = {
    "goal": "Does expectation pooling train better motif networks than max or average pooling? Run the same network "
    "with different poolings, on the same batches from the same first weights, and see.",
    "order": [
        "Look at the finished race: which pooling learns fastest, and which one keeps what it learnt on the test set?",
        "Walk back through the epochs and watch the logos form.",
        "Choose data and press Race. Planted motifs are the fairest test: the truth is known.",
        "Compare training and test AUC: the difference is what was learnt by heart.",
        "Open a trained network in the E-step view, one click, and read its kernel as a motif.",
    ],
    "terms": [
        ["AUC", "the chance that a bound sequence is ranked above an unbound one; 0.5 is guessing"],
        ["Share of the gradient", "max pooling teaches one window of a sequence, ePooling all that compete"],
        ["Weight on the planted sites", "how much of the pooling's weight lies on windows that overlap a planted site"],
        ["Interval", "95 % of test sets drawn again from this one fall into it"],
    ],
    "keys": [
        ["Tab", "from one control to the next"],
        ["← →", "on the slider: the epoch before and after"],
        ["?", "this help"],
    ],
}
DATA = [
    ("CTCF peaks and their shuffles", "ctcf_peaks"),
    ("p73 peaks and their shuffles", "p73_peaks"),
    ("simulated, a motif planted", "simulated"),
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
