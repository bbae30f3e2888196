"""What a visitor takes along from the E-step: its windows as a table, and the lines of Python that give the numbers."""

from __future__ import annotations

from epool_viz.panels.one_kernel.exports import (
    background_lines,
    kernel_lines,
    sequence_lines,
    set_lines,
    take_away,
    taken_from,
)
from epool_viz.panels.one_kernel.model import EStepModel
from epool_viz.panels.shared.exports import File


def python_lines(model: EStepModel) -> str:
    """About ten lines of Python that give the numbers on the screen.

    The lines stand alone: what was typed, uploaded or edited is written out in them.
    """
    options = {name: getattr(model, name) for name in _OPTIONS}
    given = [f"{name}={value!r}" for name, value in options.items() if value != model.traits()[name].default_value]
    if model.both_strands and model.read_as == "network":
        given.append("strand_reading='network'")
    background = background_lines(model)
    if background:
        given.append("background=background")
    lines = [
        "import numpy as np",
        "import epool_viz as ev",
        "",
        *set_lines(model),
        *background,
        *kernel_lines(model),
        *sequence_lines(model),
        f"trace = ev.e_step_trace(sequence, kernel{''.join(', ' + option for option in given)})",
        'print(f"ePool {trace.pooled:.6f}, average {trace.average:.6f}, max {trace.maximum:.6f}")',
        "best = int(trace.posterior.argmax())",
        'print(f"window {best + 1} holds {trace.posterior[best]:.1%} of the posterior")',
        'print(f"the two routes differ by {trace.identity_error:.0e}")',
    ]
    return "\n".join(lines) + "\n"


_OPTIONS = ("m", "mode", "bias", "both_strands", "occurrence", "site_rate", "activation", "local_window", "padding")


TAKE_AWAY = take_away("Matrix", {"name": "trace.csv", "label": "Every window, CSV"}, "e_step.py")


def taken(model: EStepModel, name: str) -> File:
    """The file behind one of `TAKE_AWAY`."""
    return taken_from(TAKE_AWAY, python_lines, model, name)
