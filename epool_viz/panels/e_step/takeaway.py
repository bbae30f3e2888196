"""What a visitor takes along: tables, matrices, and the lines of Python that give the same numbers. Texts only."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from epool_viz.core.trace import EStepTrace
from epool_viz.data.motif_files import Motif, write_jaspar, write_meme
from epool_viz.errors import ArgumentError
from epool_viz.panels.e_step.kernels import IMAGINARY_SITES, kernel_place
from epool_viz.panels.e_step.model import EStepModel

MATRIX_FORMATS = ("MEME", "JASPAR", "TSV")


def trace_csv(trace: EStepTrace) -> str:
    """Every window of a trace, a row each, to the last digit.

    Windows are counted from 1, as on the screen. The columns of pooling are empty where a window is no local winner.
    """
    cell_of = {int(window): cell for cell, window in enumerate(trace.cell_windows)}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("window", "start", "strand", "letters", "whole", "score", "log_ratio", *_CELL_COLUMNS, "posterior"))
    for window, start in enumerate(trace.starts):
        cell = cell_of.get(window)
        stages = (
            [""] * len(_CELL_COLUMNS)
            if cell is None
            else [_exact(getattr(trace, n)[cell]) for n in _CELL_COLUMNS.values()]
        )
        letters = "".join(_letter(trace.sequence, start + j) for j in range(trace.width))
        table.writerow(
            (
                window + 1,
                start + 1,
                trace.strands[window],
                letters,
                int(trace.whole[window]),
                _exact(trace.scores[window]),
                _exact(trace.log_ratios[window]),
                *stages,
                _exact(trace.posterior[window]),
            )
        )
    return text.getvalue()


_CELL_COLUMNS = {"pooled_score": "cells", "shifted": "shifted", "exponential": "exponentials", "weight": "weights"}
_CELL_COLUMNS |= {"weight_x_score": "weighted", "gradient": "gradient"}


def matrix_text(trace: EStepTrace, label: str, file_format: str) -> str:
    """The kernel's PPM under the base `e^m` as MEME or JASPAR; or PPM, PWM and kernel side by side as TSV.

    Parameters
    ----------
    trace : EStepTrace
    label : str
        The kernel's name.
    file_format : "MEME", "JASPAR" or "TSV"
    """
    if file_format == "TSV":
        return _matrix_tsv(trace)
    motif = Motif(
        label, "", np.asarray(trace.pwm.ppm), background=np.asarray(trace.background), alphabet=trace.alphabet
    )
    return (write_meme if file_format == "MEME" else write_jaspar)(motif)


def python_lines(model: EStepModel) -> str:
    """About ten lines of Python that give the numbers on the screen.

    The lines stand alone: what was typed, uploaded or edited is written out in them.
    """
    options = {name: getattr(model, name) for name in _OPTIONS}
    given = [f"{name}={value!r}" for name, value in options.items() if value != model.traits()[name].default_value]
    set_lines = _set_lines(model)
    background = _background_lines(model)
    if background:
        given.append("background=background")
    lines = [
        "import numpy as np",
        "import epool_viz as ev",
        "",
        *set_lines,
        *background,
        *_kernel_lines(model),
        f"trace = ev.e_step_trace(sequences[{model.index}], kernel{''.join(', ' + option for option in given)})",
        'print(f"ePool {trace.pooled:.6f}, average {trace.average:.6f}, max {trace.maximum:.6f}")',
        "best = int(trace.posterior.argmax())",
        'print(f"window {best + 1} holds {trace.posterior[best]:.1%} of the posterior")',
        'print(f"the two routes differ by {trace.identity_error:.0e}")',
    ]
    return "\n".join(lines) + "\n"


_OPTIONS = ("m", "mode", "bias", "both_strands", "occurrence", "site_rate", "activation", "local_window", "padding")


def _background_lines(model: EStepModel) -> list[str]:
    if model.background == "typed":
        return [f"background = np.array({model.letter_shares!r})"]
    return ["background = sequences.letter_frequencies()"] if model.background == "data" else []


def _set_lines(model: EStepModel) -> list[str]:
    if model.sequence_source == "example":
        return [f"sequences = ev.load_example({model.example!r})"]
    count = len(model.sequences) if model.background == "data" else model.index + 1
    strings = [model.sequences[i] for i in range(count)]
    return [f"sequences = ev.SequenceSet.from_strings({strings!r})"]


def _kernel_lines(model: EStepModel) -> list[str]:
    against = ", background=background" if model.background != "uniform" else ""
    if model.kernel_source == "random":
        return [f"kernel = np.round(np.random.default_rng({model.seed}).normal(size=(4, {model.width})), 2)"]
    if model.kernel_source == "trained":
        place = kernel_place(model.trained, model.rank)
        return [
            f"model, info = ev.load_example_model({model.trained!r})",
            f"kernel = model.kernels[{place}].astype(float)  # output weight {model.kernel.label.rpartition(' ')[2]}",
        ]
    if model.kernel_source == "jaspar":
        accession = model.kernel.label.rpartition("(")[2].rstrip(")")
        return [
            f"motif = ev.load_jaspar({accession!r})",
            f"ppm = ev.pfm_to_ppm(motif.counts, pseudocount={IMAGINARY_SITES:g}{against})",
            f"kernel = ev.pwm_to_kernel(ppm{against})",
        ]
    return [f"kernel = np.array({np.asarray(model.kernel.matrix).tolist()!r})"]


def _matrix_tsv(trace: EStepTrace) -> str:
    text = io.StringIO()
    table = csv.writer(text, delimiter="\t", lineterminator="\n")
    letters = trace.alphabet.letters
    groups = {"ppm": trace.pwm.ppm, "pwm": trace.pwm.pwm, "kernel": trace.kernel}
    table.writerow(("position", *(f"{name}_{letter}" for name in groups for letter in letters)))
    for j in range(trace.width):
        table.writerow((j + 1, *(_exact(matrix[a, j]) for matrix in groups.values() for a in range(len(letters)))))
    return text.getvalue()


def _letter(sequence: str, place: int) -> str:
    return sequence[place] if 0 <= place < len(sequence) else "-"


def _exact(number: Any) -> str:
    return repr(float(number))


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
_MIME = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "py": "text/x-python",
}


def taken(model: EStepModel, name: str) -> tuple[str, str, bytes]:
    """The file behind a button: its name, its kind, what it holds.

    Parameters
    ----------
    model : EStepModel
    name : str
        One of `TAKE_AWAY`.

    Raises
    ------
    ArgumentError
        For another name.
    """
    known = [item["name"] for item in TAKE_AWAY if item.get("source") != "view"]
    if name not in known:
        raise ArgumentError("name", repr(name), ", ".join(known))
    stem, _, ending = name.partition(".")
    content = _CONTENT[stem](model, ending)
    held = content if isinstance(content, bytes) else content.encode()
    return f"epool_viz_{name}", _MIME.get(ending, "text/plain"), held


def _logo(model: EStepModel, ending: str) -> bytes:
    from epool_viz.figures.logo import logo_figure, save_logo

    figure = logo_figure(
        np.asarray(model.trace.pwm.ppm),
        background=np.asarray(model.trace.background),
        title=f"{model.kernel.label}, m = {model.m:g}",
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"logo.{ending}"
        save_logo(figure, path)
        return path.read_bytes()


_CONTENT: dict[str, Callable[[EStepModel, str], str | bytes]] = {
    "logo": _logo,
    "matrix": lambda model, ending: matrix_text(model.trace, model.kernel.label, ending.upper()),
    "trace": lambda model, _: trace_csv(model.trace),
    "e_step": lambda model, _: python_lines(model),
}
