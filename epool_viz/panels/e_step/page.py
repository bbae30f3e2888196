"""Steps, sliders and choices of the E-step panel, as plain data."""

from __future__ import annotations

from typing import Any

from epool_viz.guides import explained
from epool_viz.panels.one_kernel import steps
from epool_viz.panels.one_kernel.model import BOUNDS, OPENING
from epool_viz.panels.one_kernel.page import BACKGROUND, BIAS_SLIDER
from epool_viz.panels.one_kernel.steps import Step

_WHEN = {"activated": {"key": "activation", "not": "identity"}, "cells": {"key": "local_window", "not": 1}}
_PARTIAL_CELL = {"when": {"key": "cell_takes_part", "is": False}, "formula": steps.PARTIAL}
_LATER: dict[str, list[dict[str, Any]]] = {
    "scores": [{"when": {"key": "window_is_whole", "is": False}, "formula": steps.PARTIAL}],
    "posterior": [{"when": {"key": "occurrence", "is": "zoops"}, "more": steps.ZOOPS}, _PARTIAL_CELL],
} | {name: [_PARTIAL_CELL] for name in ("shifted", "exponentials", "weights", "weighted")}

M_SLIDER: dict[str, Any] = {
    "key": "m",
    "label": "m",
    "min": BOUNDS["m"][0],
    "max": BOUNDS["m"][1],
    "scale": "cubic",
    "marks": [
        {"value": 0, "label": "average"},
        {"value": 1, "label": "1"},
        {"value": 5, "label": "5"},
        {"value": 20, "label": "nearly max"},
    ],
    "buttons": [{"label": "1", "value": 1}, {"label": "maximum likelihood", "action": "ml"}],
    "more": "explore",
    "help": "The kernel is read to the base e to the m: moving m moves the motif, the posterior and the pooled number.",
}
READINGS: tuple[dict[str, Any], ...] = (
    {
        "key": "mode",
        "label": "Windows that take part",
        "choices": [{"value": 0, "label": "all (mode 0)"}, {"value": 1, "label": "those above the mean (mode 1)"}],
    },
    {"key": "both_strands", "label": "Both strands", "kind": "checkbox"},
    BACKGROUND,
    {
        "key": "strand_reading",
        "label": "On the other strand",
        "choices": [
            {"value": "motif", "label": "the motif, against the same background"},
            {"value": "network", "label": "the same kernel, as a network scans"},
        ],
        "when": {"key": "strands_differ", "is": True},
    },
    {
        "key": "occurrence",
        "label": "Sites in a sequence",
        "choices": [
            {"value": "oops", "label": "exactly one (OOPS)"},
            {"value": "zoops", "label": "at most one (ZOOPS)"},
        ],
    },
)
READING_SLIDERS: tuple[dict[str, Any], ...] = (
    {
        "key": "site_rate",
        "label": "share of sequences with a site",
        "min": BOUNDS["site_rate"][0],
        "max": BOUNDS["site_rate"][1],
        "when": {"key": "occurrence", "is": "zoops"},
    },
)
NETWORK: tuple[dict[str, Any], ...] = (
    {
        "key": "activation",
        "label": "Rectifier",
        "choices": [
            {"value": "identity", "label": "none: exact"},
            {"value": "relu", "label": "ReLU"},
            {"value": "paper", "label": "as published"},
        ],
    },
    {
        "key": "padding",
        "label": "Padding",
        "choices": [
            {"value": "valid", "label": "none (valid)"},
            {"value": "same", "label": "zeros at both ends (same)"},
        ],
    },
)
NETWORK_SLIDERS: tuple[dict[str, Any], ...] = (
    {
        "key": "local_window",
        "label": "local maximum over",
        "unit": "windows",
        "min": 1,
        "max": 20,
        "digits": 0,
        "step": 1,
    },
    BIAS_SLIDER,
)
# of the controls of a setting, by its trait in the model; one that is not as it was first is shown at every depth
DEPTHS: dict[str, str] = {
    "mode": "explore",
    "both_strands": "explore",
    "background": "explore",
    "letter_shares": "explore",
    "strand_reading": "expert",
    "occurrence": "explore",
    "site_rate": "explore",
    "activation": "expert",
    "padding": "expert",
    "local_window": "expert",
    "bias": "expert",
}
OPENING_PLACE = [step.name for step in steps.STEPS].index(OPENING)  # of the step that the page opens with
_ONE_HOT, _SLIDE = ([step.name for step in steps.STEPS].index(name) for name in ("onehot", "window"))
ONE_HOT: dict[str, Any] = {
    "when": {"key": "step", "is": [_ONE_HOT, _SLIDE]},
    "kernel": {"key": "step", "is": _SLIDE},
    "narrow": {"key": "step", "is": _ONE_HOT},
}
# what the pictures do on the way to a step, where it is more than bars that change
_MOTIONS = {"onehot": "columns", "window": "slide"}

# what a teacher can leave out, by the names of the parts in the view
PARTS: tuple[dict[str, str], ...] = (
    {"name": "data", "label": "choice of sequence and kernel"},
    {"name": "reading", "label": "reading and network"},
    {"name": "m", "label": "slider of m"},
    {"name": "text", "label": "sentence and formula of the step"},
    {"name": "logo", "label": "logo"},
    {"name": "axis", "label": "pooled values"},
    {"name": "window", "label": "score of a window"},
    {"name": "gradient", "label": "gradient"},
    {"name": "tools", "label": "tools below"},
)
HELP: dict[str, Any] = {
    "goal": "A convolution kernel that scans DNA is a motif, and expectation pooling is the E-step of a motif finder. "
    "Here both statements are numbers that you can move and check.",
    "order": [
        "Walk through the nine steps: from letters to scores, to the posterior, to one number for the sequence.",
        "Move m. The kernel is read to the base e to the m: logo, posterior and pooled number move together.",
        "Change a letter, or an entry of the kernel, and see what follows.",
        "Guess first: “Predict, then see” asks, then shows your answer beside the true one.",
        "Bring your own sequence and motif, check the numbers, take them away.",
    ],
    "terms": explained(["Score", "Posterior", "ePool", "m", "OOPS, ZOOPS", "Gradient"]),
    "keys": [
        ["Tab", "from one control to the next"],
        ["← →", "step back and forward; on a picture: the window before and after"],
        ["Page↑ Page↓", "ten at a time"],
        ["Home End", "the first, the last"],
        ["A C G T N", "on the sequence: put this letter in place of the one in hand"],
        ["+ − 0", "on the sequence: closer, wider, all letters"],
        ["?", "this help"],
    ],
}


def trait_of(options: dict[str, Any]) -> str:
    """The trait of the model that a control sets."""
    return {"background_choice": "background"}.get(options["key"], options["key"])


def page_steps() -> list[dict[str, Any]]:
    """The steps as the player and the step's text take them."""
    return [_page_step(step) for step in steps.STEPS]


def quantities() -> tuple[list[str | None], list[str | None]]:
    """Which stage the upper and the lower track draw, for each step; None for no track."""
    drawn = [_drawn(step) for step in steps.STEPS]
    return [d[-2] if len(d) > 1 else None for d in drawn], [d[-1] if d else None for d in drawn]


def _drawn(step: Step) -> list[str]:
    if step.name == "window":
        return ["scores"]  # what the kernel drops on its way
    if step.name == "pooled":
        return ["weighted", "running"]
    return ["posterior" if name == "bayes_posterior" else name for name in step.tracks]


def _page_step(step: Step) -> dict[str, Any]:
    fields = {name: getattr(step, name) for name in ("name", "short", "title", "sentence", "formula")}
    told = {"sentence": step.rectified_sentence, "formula": step.rectified_formula}
    rectified = {name: text for name, text in told.items() if text}
    variants = [{"when": {"key": "activation", "not": "identity"}, **rectified}] if rectified else []
    fields["motion"] = _MOTIONS.get(step.name)
    return fields | {"when": _WHEN.get(step.name), "variants": [*variants, *_LATER.get(step.name, [])]}
