"""What a visitor takes along from the E-step: its windows as a table, and the lines of Python that give the numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from epool_viz.panels.one_kernel.exports import (
    background_lines,
    kernel_lines,
    logo_file,
    matrix_text,
    set_lines,
    taken_from,
    trace_csv,
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
        f"trace = ev.e_step_trace(sequences[{model.index}], kernel{''.join(', ' + option for option in given)})",
        'print(f"ePool {trace.pooled:.6f}, average {trace.average:.6f}, max {trace.maximum:.6f}")',
        "best = int(trace.posterior.argmax())",
        'print(f"window {best + 1} holds {trace.posterior[best]:.1%} of the posterior")',
        'print(f"the two routes differ by {trace.identity_error:.0e}")',
    ]
    return "\n".join(lines) + "\n"


_OPTIONS = ("m", "mode", "bias", "both_strands", "occurrence", "site_rate", "activation", "local_window", "padding")


# --- the buttons

TAKE_AWAY: tuple[dict[str, Any], ...] = (
    {"name": "logo.svg", "label": "Logo, SVG"},
    {"name": "logo.png", "label": "Logo, PNG"},
    {"name": "logo.pdf", "label": "Logo, PDF"},
    {"name": "matrix.meme", "label": "Matrix, MEME"},
    {"name": "matrix.jaspar", "label": "Matrix, JASPAR"},
    {"name": "matrix.tsv", "label": "PPM, PWM and kernel, TSV"},
    {"name": "trace.csv", "label": "Every window, CSV"},
    {"name": "view.svg", "label": "This view, SVG", "source": "view"},
    {"name": "view.png", "label": "This view, PNG", "source": "view"},
    {"name": "e_step.py", "label": "Lines of Python that give these numbers", "copy": True},
)


def taken(model: EStepModel, name: str) -> File:
    """The file behind one of `TAKE_AWAY`: its name, its kind, what it holds."""
    return taken_from(TAKE_AWAY, _CONTENT, model, name)


_CONTENT: dict[str, Callable[[EStepModel, str], str | bytes]] = {
    "logo": logo_file,
    "matrix": lambda model, ending: matrix_text(model.trace, model.kernel.label, ending.upper()),
    "trace": lambda model, _: trace_csv(model.trace),
    "e_step": lambda model, _: python_lines(model),
}
