"""What a visitor takes along: the motif in the usual formats, its logo, and the lines of Python behind the screen."""

from __future__ import annotations

from epool_viz.errors import ArgumentError
from epool_viz.panels.one_kernel.exports import (
    background_lines,
    kernel_lines,
    sequence_lines,
    set_lines,
    take_away,
    taken_from,
)
from epool_viz.panels.pwm.model import PwmModel
from epool_viz.panels.shared.exports import File

TAKE_AWAY = take_away("PPM", {"name": "windows.csv", "label": "Score of every window, CSV"}, "pwm.py")


def python_lines(model: PwmModel) -> str:
    """About a dozen lines of Python that give the numbers on the screen, by public names alone.

    Raises
    ------
    ArgumentError
        At base 1, to which there is no logarithm.
    """
    if model.m == 0:
        raise ArgumentError("b", "1, to which there is no logarithm", "a base above 1")
    reading = [
        *([f"bias={model.bias!r}"] if model.bias else []),
        *([f"base=np.exp({model.m!r})"] if model.m != 1 else []),
        *(["background=background"] if model.background != "uniform" else []),
    ]
    bias = f", bias={model.bias!r}" if model.bias else ""
    lines = [
        "import numpy as np",
        "import epool_viz as ev",
        "",
        *set_lines(model),
        *background_lines(model),
        *kernel_lines(model),
        f"reading = ev.kernel_to_pwm({', '.join(['kernel', *reading])})",
        *sequence_lines(model),
        "onehot = ev.one_hot(sequence)",
        f"scores = ev.scan(onehot, kernel{bias})",
        "log_odds = ev.scan(onehot, reading.pwm)",
        "whole = ev.whole_windows(onehot, kernel.shape[1])",
        f"window = {model.window}",
        'print(f"score {scores[window]:.6f} = offset {reading.offset:.6f} + log odds {log_odds[window]:.6f}")',
        'print(f"the two routes differ by {abs(scores - (reading.offset + log_odds))[whole].max():.0e}")',
    ]
    return "\n".join(lines) + "\n"


def taken(model: PwmModel, name: str) -> File:
    """The file behind one of `TAKE_AWAY`."""
    return taken_from(TAKE_AWAY, python_lines, model, name)
