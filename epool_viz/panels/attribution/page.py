"""Words and choices of the attribution panel, as plain data."""

from __future__ import annotations

from typing import Any

from epool_viz.guides import explained
from epool_viz.panels.shared.visitor_data import CHOICE, LABEL

PARTS: tuple[dict[str, str], ...] = (
    {"name": "choices", "label": "choice of network and sequence"},
    {"name": "tracks", "label": "tracks"},
    {"name": "scores", "label": "table of AUPRC"},
    {"name": "methods", "label": "what each reading is"},
    {"name": "captum", "label": "check against captum"},
    {"name": "tools", "label": "downloads"},
)
HELP: dict[str, Any] = {
    "goal": "Which letters made the network say so? A motif network with expectation pooling can be read exactly; "
    "other networks are read with heuristics. Here both stand on one axis, with the true sites, to be compared.",
    "order": [
        "Look where each track is high. The planted site is marked: does the track find it?",
        "Press Site, or zoom in: letters stand as tall as their scores.",
        "Compare the AUPRC of this sequence with the mean over 600 of them.",
        "Choose the same network with another pooling, and see which reading it suits.",
        "Type another letter over one of the site: see which tracks fall, and what the network says then.",
        "Change the baseline: two of the heuristics follow it, the exact reading has none.",
        "Paste a sequence of your own, or open a network of your own.",
    ],
    "terms": explained(["Posterior coverage", "Log odds", "Baseline", "AUPRC", "Complete"]),
    "keys": [
        ["Tab", "from one control to the next"],
        ["← →", "on the tracks: the letter before and after"],
        ["Page↑ Page↓", "ten at a time"],
        ["Home End", "the first letter, the last"],
        ["+ − 0", "on the tracks: closer, wider, all letters"],
        ["A C G T N", "on the tracks: put this letter in place of the one in hand"],
        ["S", "on the tracks: to the next site"],
        ["?", "this help"],
    ],
}
SOURCES = [
    ("a simulation: the sites are known", "simulated"),
    ("a bundled set", "example"),
    ("my own: paste or upload", "pasted"),
    (LABEL, CHOICE),
]
BASELINES = [
    ("a quarter of each letter", "uniform"),
    ("nothing (zeros)", "zeros"),
    ("ten shuffles of the sequence", "shuffles"),
]
KERNELS_ALONE = {
    True: "Of this file there are kernels only: choose one, and it is read exactly.",
    None: "Of this file there are kernels only: choose one, and it is read exactly, if it reads letters, which is not "
    "known.",
    False: "Of this file there are kernels only, and they do not read letters: what is shown is of their numbers, and "
    "not of the network.",
}
WHOLE = "A whole network of epool_viz: everything on this page is computed from it."
KEPT_HERE = "It is kept in this browser as your model, for every dashboard; “Your data” forgets it."
EXACT_OF_KERNEL = (
    "Exact for the kernel's own scores: each window's score is an offset plus its log odds under the kernel's PWM. "
    "What the network makes of these scores is another matter; see what holds, beside."
)
NO_SITES = "No site of this sequence is known, so there is nothing to hold the tracks against."
NO_NETWORK = (
    "DeepLIFT, integrated gradients and saliency explain the answer of a whole network, and captum has to run it. Of "
    "this file there are the kernels only, or a form that is not run here, so you see what holds of a kernel by "
    "itself: the exact reading of its scores, with m = 1. A network that epool_viz saved (save_model, epool-viz train, "
    "or “This network, safetensors” of the comparison) is read in full."
)
OF_KERNEL = {  # what each track is where a kernel is read alone
    "posterior": "The kernel's posterior over windows (the E-step, m = 1), laid over the letters of each window. It "
    "says where a site is, not which of its letters count.",
    "log_odds": "Each letter's log odds under the kernel's PWM, weighted with the posterior of its windows. No "
    "baseline, and free of a constant added to a kernel's column.",
    "best_window": "As posterior coverage, but all of it on the best window, as max pooling has it.",
}
MODEL_NOTE = "A network of epool_viz in full; of safetensors, .npz, Keras, ONNX or motif files the kernels"
KINDS = {"exact": "exact reading", "naive": "its best window alone", "heuristic": "heuristic"}
TRACKS: dict[str, Any] = {"title": "Letter by letter", "kinds": KINDS, "edits": "edits"}
DOWNLOADS: tuple[dict[str, Any], ...] = (
    {"name": "tracks.csv", "label": "The tracks, CSV"},
    {"name": "results.csv", "label": "All results, CSV"},
    {"name": "view.svg", "label": "This view, SVG", "source": "view"},
    {"name": "view.png", "label": "This view, PNG", "source": "view"},
    {"name": "attribution.py", "label": "Lines of Python that give these numbers", "copy": True},
)
KNOWN = {  # of each method: what it is, and where it is exact
    "posterior": "For each kernel the posterior over windows (the E-step), laid over the letters of each window and "
    "counted with the kernel's output weight. It says where a site is, not which of its letters count.",
    "log_odds": "Each letter's log odds under the kernel's PWM, weighted with the network's own pooling weights. No "
    "baseline, and free of a constant added to a kernel's column.",
    "best_window": "As posterior coverage, but all of it on the best window of each kernel. For max pooling these are "
    "the weights of the network itself.",
    "deeplift": "Compares with the baseline and hands the difference back through every layer. Captum knows no rule "
    "for expectation or log-sum-exp pooling and would take the gradient there; here it has one, so that the sum holds.",
    "integrated_gradients": "The gradient, averaged over 50 steps on the straight way from the baseline, times what "
    "differs from it. The sum holds as far as the steps are fine enough.",
    "gradient_x_input": "The slope at the letter itself. It explains a small change, not the answer, and a constant in "
    "a kernel's column changes it although no answer changes.",
    "saliency": "The size of the largest slope among the four letters of a position: where a change would matter, "
    "not in which direction.",
}
RECTIFIED = (
    "As published: behind the rectifier the weights are a posterior over the best of every five rectified scores, and "
    "the log odds no longer sum to the network's number."
)
