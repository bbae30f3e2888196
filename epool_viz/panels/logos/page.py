"""What the logos say: words and choices, as plain data."""

from __future__ import annotations

from typing import Any

from epool_viz.data.examples import list_models
from epool_viz.guides import explained
from epool_viz.panels.logos.model import BOUNDS
from epool_viz.panels.shared.visitor_data import CHOICE, LABEL

PARTS: tuple[dict[str, str], ...] = (
    {"name": "summary", "label": "one kernel and three numbers"},
    {"name": "choices", "label": "choice of the model and of its base"},
    {"name": "gallery", "label": "gallery of all kernels"},
    {"name": "readings", "label": "one kernel, read three ways"},
    {"name": "heat", "label": "map of posteriors"},
    {"name": "take", "label": "files to take along"},
)
HELP: dict[str, Any] = {
    "goal": "See what every kernel of a network means as a motif: exactly, by the two usual heuristics, and by one "
    "step of EM; and judge which of them to believe.",
    "order": [
        "Look through the gallery. Sort it by output weight: which kernels does the network listen to?",
        "Choose one. The exact logo follows from its numbers and the base; move m and watch it sharpen.",
        "Move the threshold: only the heuristic changes. Which threshold would you have published?",
        "Compare the numbers: what each reading gives to sequences that no reading has seen.",
        "See where in the held-out sequences the kernel reads: one row a sequence.",
        "Take kernels along as MEME, JASPAR or TRANSFAC, or as a report.",
    ],
    "terms": explained(
        [
            "Exact",
            "Heuristic",
            "Posterior reading",
            "Base",
            "At best windows, at known sites",
            "Evidence",
            "E",
            "Letters p",
            "Decides",
        ]
    ),
    "keys": [
        ["Tab", "from one control to the next; the gallery is one stop"],
        ["← → ↑ ↓", "in the gallery: the next card; on a slider: the next value; on the map: the next cell"],
        ["Enter", "show the kernel of this card"],
        ["x", "take the kernel of this card along, or not"],
        ["?", "this help"],
    ],
}
MODEL: dict[str, Any] = {
    "key": "trained",
    "label": "Model",
    "kind": "select",
    "choices": [
        *(
            {
                "value": info.name,
                "label": info.title,
                "note": f"{info.n_kernels} kernels of {info.width} letters: test AUC {info.test_auc:.2f}; a race with "
                "other settings ends elsewhere.",
            }
            for info in list_models()
        ),
        {"value": CHOICE, "label": LABEL},
    ],
}
KEPT_HERE = "It is kept in this browser as your model, for every dashboard; “Your data” forgets it."
SEQUENCES = [
    ("none: the exact reading alone", "none"),
    ("CTCF peaks", "ctcf"),
    ("p73 peaks", "p73"),
    ("two motifs, simulated", "two_motifs"),
    ("my own file", "file"),
    (LABEL, CHOICE),
]
M_SLIDER: dict[str, Any] = {
    "key": "m",
    "label": "m",
    "min": BOUNDS["m"][0],
    "max": BOUNDS["m"][1],
    "scale": "cubic",
    "help": "The base is eᵐ: exact and posterior.",
}
BACKGROUND: dict[str, Any] = {
    "key": "background_name",
    "label": "Background",
    "choices": [
        {"value": "uniform", "label": "uniform"},
        {"value": "sequences", "label": "letters of the sequences"},
    ],
}
KIND: dict[str, Any] = {
    "key": "logo_kind",
    "label": "Draw",
    "choices": [
        {"value": "information", "label": "information"},
        {"value": "probability", "label": "probability"},
    ],
}
RULE: dict[str, Any] = {
    "key": "rule",
    "label": "Heuristic of",
    "choices": [
        {"value": "deepbind", "label": "DeepBind (best windows)"},
        {"value": "basset", "label": "Basset (all windows)"},
    ],
}
THRESHOLD: dict[str, Any] = {
    "key": "threshold",
    "label": "threshold",
    "unit": "× largest",
    "min": BOUNDS["threshold"][0],
    "max": BOUNDS["threshold"][1],
    "step": 0.01,
    "digits": 2,
    "marks": [{"value": 0, "label": "DeepBind"}, {"value": 0.5, "label": "Basset"}],
    "help": "Moves the heuristic alone.",
}
TAKEN: dict[str, Any] = {
    "key": "reading",
    "label": "Which reading",
    "choices": [
        {"value": "exact", "label": "exact"},
        {"value": "heuristic", "label": "heuristic"},
        {"value": "posterior", "label": "posterior"},
    ],
}
HEAT: dict[str, Any] = {
    "title": "Where this kernel reads: posterior of each start, one row a sequence",
    "words": {
        "row": "sequence",
        "rows": "sequences",
        "column": "start",
        "value": "posterior",
        "mark": "known site",
    },
    "sort": "strength",
    "height": 22,
}
DOWNLOADS: tuple[dict[str, str], ...] = (
    {"name": "kernels.meme", "label": "MEME"},
    {"name": "kernels.jaspar", "label": "JASPAR"},
    {"name": "kernels.transfac", "label": "TRANSFAC"},
    {"name": "kernels.csv", "label": "CSV"},
    {"name": "logos.svg", "label": "Logos, SVG"},
    {"name": "report.html", "label": "Report, HTML"},
    {"name": "report.pdf", "label": "Report, PDF"},
    {"name": "logos.zip", "label": "Logos for print, PNG"},
)
