"""Choices and words of the EM panel, as plain data."""

from __future__ import annotations

from typing import Any

from epool_viz.guides import explained
from epool_viz.panels.shared.visitor_data import CHOICE, LABEL

DATA = [
    ("CRP0: 18 × 105 letters, sites known", "crp0"),
    ("CRP sites: 358 × 26, aligned", "crp_sites"),
    ("simulated: a motif planted", "simulated"),
    ("CTCF peaks: the first 200 of 500", "ctcf_peaks"),
    ("p73 peaks: the first 200 of 1,000", "p73_peaks"),
    ("my own: paste or upload", "pasted"),
    (LABEL, CHOICE),
]
STARTS = [
    ("a random window", "random"),
    ("the best of all windows (as MEME)", "substrings"),
    ("a JASPAR motif", "jaspar"),
    ("a trained kernel", "trained"),
    ("a kernel of yours, from Your data", CHOICE),
]
FILE = "FASTA, or a sequence a line"
OCCURRENCE = [("exactly one (OOPS)", "oops"), ("at most one (ZOOPS)", "zoops")]
STEPPER: dict[str, Any] = {
    "key": "at",
    "end": "end",
    "more": "more",
    "here": "here",
    "next": "next",
    "label": "step",
    "seconds": 1.4,  # what changes moves for half of them
}
HEAT: dict[str, Any] = {
    "title": "Where each sequence has its site",
    "words": {
        "row": "sequence",
        "rows": "sequences",
        "column": "start",
        "value": "posterior",
        "mark": "known site",
    },
    "cursor": "heat",
    "height": 24,
    "guess": "likeliest site",
}
CURVE: dict[str, Any] = {
    "title": "Log evidence",
    "series": "evidence",
    "at": "iteration",
    "go": "iteration",
    "label": "iteration",
    "unit": "nats",
}
LOGO: dict[str, Any] = {"letters": False, "motif": True, "height": 8, "quiet": True}
PARTS: tuple[dict[str, str], ...] = (
    {"name": "choices", "label": "choice of data and start"},
    {"name": "text", "label": "sentence and formula of the step"},
    {"name": "heat", "label": "picture of all sequences"},
    {"name": "logo", "label": "logo"},
    {"name": "curve", "label": "log evidence"},
    {"name": "kernel", "label": "is the kernel a fixed point?"},
    {"name": "sites", "label": "table of sites"},
    {"name": "predict", "label": "predict, then see"},
    {"name": "download", "label": "take away"},
)
HELP: dict[str, Any] = {
    "goal": "Expectation pooling computes the E-step of a motif finder. Here is the whole finder: watch it guess a "
    "motif, find its sites, count their letters, and guess better, until nothing changes.",
    "order": [
        "Press “E-step”: the motif is compared with every window, and the picture says where the sites may be.",
        "Press “M-step”: letters are counted under these probabilities, and the logo changes.",
        "Press Play and watch the log evidence: it never falls.",
        "Begin from another random window. Does it end in the same place? Then let the best of ten starts decide.",
        "Begin from a trained kernel: if EM leaves it alone, the network has learnt a motif that EM would find.",
        "Erase the sites and look for the next motif; take the motifs and sites along.",
    ],
    "terms": explained(["E-step", "M-step", "Log evidence", "OOPS, ZOOPS", "Pseudocount", "Fixed point"]),
    "keys": [
        ["Tab", "from one control to the next"],
        ["← →", "step back and forward; on the picture: the cell before and after"],
        ["↑ ↓", "on the picture: the sequence above and below"],
        ["Home End", "on the picture: first and last position"],
        ["B", "on the picture: the strongest position of the sequence"],
        ["?", "this help"],
    ],
}
TAKE_AWAY: tuple[dict[str, Any], ...] = (
    {"name": "motif.meme", "label": "Motifs, MEME"},
    {"name": "motif.jaspar", "label": "Motifs, JASPAR"},
    {"name": "motif.transfac", "label": "Motifs, TRANSFAC"},
    {"name": "sites.tsv", "label": "Sites, TSV"},
    {"name": "sites.csv", "label": "Sites, CSV"},
    {"name": "sites.bed", "label": "Sites, BED"},
    {"name": "history.csv", "label": "Every iteration, CSV"},
    {"name": "logo.svg", "label": "Logo, SVG"},
    {"name": "em.py", "label": "Lines of Python to this step", "copy": True},
)
