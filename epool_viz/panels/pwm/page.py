"""The data of the page: sliders, choices, words and the state of the model, as plain data. No widget."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from epool_viz.guides import explained
from epool_viz.panels.one_kernel import page_state as one_kernel
from epool_viz.panels.one_kernel.model import BOUNDS
from epool_viz.panels.pwm.model import PwmModel

BASE_SLIDER: dict[str, Any] = {
    "key": "m",
    "label": "base b",
    "power": True,
    "also": "m = ln b =",
    "min": BOUNDS["m"][0],
    "max": BOUNDS["m"][1],
    "scale": "cubic",
    "marks": [
        {"value": 0, "label": "1"},
        {"value": 1, "label": "e"},
        {"value": round(math.log(10), 9), "label": "10"},
        {"value": 5, "label": "e⁵"},
        {"value": 20, "label": "e²⁰"},
    ],
    "buttons": [
        {"label": "2", "value": round(math.log(2), 9)},
        {"label": "e", "value": 1},
        {"label": "10", "value": round(math.log(10), 9)},
        {"label": "maximum likelihood", "action": "ml"},
    ],
    "more": "explore",
    "help": "The kernel is read as logarithms to the base b. A larger b makes a sharper motif of the same numbers; m "
    "is the m of expectation pooling.",
}
FORM: dict[str, Any] = {
    "key": "form",
    "label": "In the sum Z, a letter counts",
    "choices": [
        {"value": "background", "label": "as often as in the background (q)"},
        {
            "value": "plain",
            "label": "once, as in Fig. 2B",
            "note": "These are the PPM and the offset of reading 3 without a background; with a uniform background the "
            "PPM is the same. The logo above stays with the background.",
        },
    ],
}
# of the controls of a setting, by its trait in the model; one that is not as it was first is shown at every depth
DEPTHS: dict[str, str] = {"background": "explore", "letter_shares": "explore", "bias": "expert"}
PARTS: tuple[dict[str, str], ...] = (
    {"name": "data", "label": "choice of sequence and kernel"},
    {"name": "reading", "label": "background and bias"},
    {"name": "base", "label": "slider of b"},
    {"name": "editor", "label": "kernel as bars"},
    {"name": "logo", "label": "logo"},
    {"name": "score", "label": "sequence and score of a window"},
    {"name": "pipeline", "label": "from kernel to logo"},
    {"name": "readings", "label": "readings of the score"},
    {"name": "moves", "label": "what changes the logo"},
    {"name": "tools", "label": "tools below"},
)
HELP: dict[str, Any] = {
    "goal": "A convolution kernel that scans DNA is a position weight matrix, whatever its numbers are: each score is "
    "the log odds of a motif, plus one constant. Here you take any kernel apart and see both.",
    "order": [
        "Drag a bar of the kernel: logo, score and readings follow.",
        "Walk from kernel to logo: bᵂ, the sum of each column, the division that makes probabilities.",
        "Look for a change that moves the offset and not the logo, then for one that moves the logo.",
        "Move b. The same kernel means a sharper or a flatter motif.",
        "Make a reading hold, and see which one still does when you drag a bar again.",
        "Bring your own kernel and sequence; take the motif away as MEME, JASPAR or a logo.",
    ],
    "terms": explained(["Kernel, W", "Score", "PPM", "PWM", "b, m", "Z", "Offset", "Log Bayes factor"]),
    "keys": [
        ["Tab", "from one control to the next"],
        ["↑ ↓", "on a bar of the kernel: 0.1 up and down, with Shift 1"],
        ["← →", "the column or the window before and after; elsewhere the step before and after"],
        ["Home End", "the first, the last"],
        ["A C G T N", "on the sequence: put this letter in place of the one in hand"],
        ["?", "this help"],
    ],
}
# what belongs to the page alone: the looks of a state
LOOKS: dict[str, Any] = {
    "logo_kind": "information",
    "logo_reverse": False,
    "column": 0,
    "form": "background",
    "zoom": [0, 40],
}


def page_state(model: PwmModel) -> dict[str, Any]:
    """The values of a model that the page needs."""
    return one_kernel.shown(model) | {"step": model.step}


def take(model: PwmModel, patch: Mapping[str, Any], memory: one_kernel.Memory | None = None) -> None:
    """Apply the page's changes to the model; names that are not the model's stay in the page.

    Raises
    ------
    ArgumentError
        For a value that no page sends.
    """
    one_kernel.take_choices(model, patch, memory)
    looking = {"step": "step", "window": "cursor"}
    model.restore({name: patch[key] for name, key in looking.items() if key in patch})
