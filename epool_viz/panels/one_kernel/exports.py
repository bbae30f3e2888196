"""What a visitor takes along from a dashboard of one kernel: matrices, logos, lines of Python. Texts and files only."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from epool_viz.core.trace import EStepTrace
from epool_viz.data.kernel_sources import IMAGINARY_SITES, kernel_place
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.motifs.writing import write_jaspar, write_meme
from epool_viz.data.tables import table_text
from epool_viz.errors import ArgumentError
from epool_viz.panels.one_kernel.model import EStepModel
from epool_viz.panels.shared.exports import File, exact, kind_of

MATRIX_FORMATS = ("MEME", "JASPAR", "TSV")


def take_away(matrix: str, windows: Mapping[str, str], script: str) -> tuple[dict[str, Any], ...]:
    """The buttons of a dashboard of one kernel, by `name`; those with a `source` are made in the page.

    Parameters
    ----------
    matrix : str
        What the label of a motif file calls the matrix.
    windows : mapping of str to str
        The `name` and `label` of the table of windows.
    script : str
        The name of the lines of Python.
    """
    pictures = ("svg", "png")
    view = ({"name": f"view.{end}", "label": f"This view, {end.upper()}", "source": "view"} for end in pictures)
    return (
        *({"name": f"logo.{ending}", "label": f"Logo, {ending.upper()}"} for ending in (*pictures, "pdf")),
        *({"name": f"matrix.{ending}", "label": f"{matrix}, {ending.upper()}"} for ending in ("meme", "jaspar")),
        {"name": "matrix.tsv", "label": "PPM, PWM and kernel, TSV"},
        dict(windows),
        *view,
        {"name": script, "label": "Lines of Python that give these numbers", "copy": True},
    )


def taken_from(
    items: Sequence[Mapping[str, Any]], python_lines: Callable[[Any], str], model: EStepModel, name: str
) -> File:
    """The file behind a button of `take_away`: its name, its kind, what it holds.

    Parameters
    ----------
    items : sequence of dict
        As `take_away` gives them.
    python_lines : callable
        Gives the lines of Python of the model.
    model : EStepModel
    name : str

    Raises
    ------
    ArgumentError
        For a name that no button of Python's has.
    """
    known = [item["name"] for item in items if item.get("source") != "view"]
    if name not in known:
        raise ArgumentError("name", repr(name), ", ".join(known))
    stem, _, ending = name.partition(".")
    if stem == "logo":
        held = logo_file(model, ending)
    elif stem == "matrix":
        held = matrix_text(model.trace, model.kernel.label, ending.upper()).encode()
    else:
        held = (trace_csv(model.trace) if ending == "csv" else python_lines(model)).encode()
    return f"epool_viz_{name}", kind_of(name), held


def logo_file(model: EStepModel, ending: str) -> bytes:
    """The logo on the screen, for print."""
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


def _matrix_tsv(trace: EStepTrace) -> str:
    letters = trace.alphabet.letters
    groups = {"ppm": trace.pwm.ppm, "pwm": trace.pwm.pwm, "kernel": trace.kernel}
    columns = ("position", *(f"{name}_{letter}" for name in groups for letter in letters))
    rows = np.concatenate(list(groups.values())).T
    return table_text(columns, ([j, *map(exact, row)] for j, row in enumerate(rows, start=1)), "\t")


def trace_csv(trace: EStepTrace) -> str:
    """Every window of a trace, a row each, to the last digit.

    Windows are counted from 1, as on the screen. The columns of pooling are empty where a window is no local winner.
    """
    cell_of = {int(window): cell for cell, window in enumerate(trace.cell_windows)}
    rows = []
    for window, start in enumerate(trace.starts):
        cell = cell_of.get(window)
        stages = (
            [""] * len(_CELL_COLUMNS)
            if cell is None
            else [exact(getattr(trace, n)[cell]) for n in _CELL_COLUMNS.values()]
        )
        letters = "".join(_letter(trace.sequence, start + j) for j in range(trace.width))
        rows.append(
            (
                window + 1,
                start + 1,
                trace.strands[window],
                letters,
                int(trace.whole[window]),
                exact(trace.scores[window]),
                exact(trace.log_ratios[window]),
                *stages,
                exact(trace.posterior[window]),
            )
        )
    columns = ("window", "start", "strand", "letters", "whole", "score", "log_ratio", *_CELL_COLUMNS, "posterior")
    return table_text(columns, rows)


_CELL_COLUMNS = {"pooled_score": "cells", "shifted": "shifted", "exponential": "exponentials", "weight": "weights"}
_CELL_COLUMNS |= {"weight_x_score": "weighted", "gradient": "gradient"}


def _letter(sequence: str, place: int) -> str:
    return sequence[place] if 0 <= place < len(sequence) else "-"


def background_lines(model: EStepModel) -> list[str]:
    """Python that makes `background` out of `sequences`; none for the uniform one."""
    if model.background == "typed":
        return [f"background = np.array({model.letter_shares!r})"]
    return ["background = sequences.letter_frequencies()"] if model.background == "data" else []


def set_lines(model: EStepModel) -> list[str]:
    """Python that makes `sequences`."""
    if model.sequence_source == "example":
        return [f"sequences = ev.load_example({model.example!r})"]
    count = len(model.sequences) if model.background == "data" else model.index + 1
    strings = [model.sequences[i] for i in range(count)]
    return [f"sequences = ev.SequenceSet.from_strings({strings!r})"]


def sequence_lines(model: EStepModel) -> list[str]:
    """Python that makes `sequence`, the one in hand, out of `sequences`."""
    given = [f"sequence = sequences[{model.index}]"]
    if not model.is_edited:
        return given
    letters, was = model.letters_in_hand, model.sequences[model.index]
    changed = {place: letter for place, letter in enumerate(letters) if letter != was[place]}
    return [*given, f'sequence = "".join({changed!r}.get(i, letter) for i, letter in enumerate(sequence))']


def kernel_lines(model: EStepModel) -> list[str]:
    """Python that makes `kernel`, with `background` where there is one."""
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
        drawn = against
        if against and model.both_strands:  # half of the imaginary site from either strand
            drawn = ", background=(background + background[::-1]) / 2"
        accession = model.kernel.label.rpartition("(")[2].rstrip(")")
        return [
            f"motif = ev.load_jaspar({accession!r})",
            f"ppm = ev.pfm_to_ppm(motif.counts, pseudocount={IMAGINARY_SITES:g}{drawn})",
            f"kernel = ev.pwm_to_kernel(ppm{against})",
        ]
    return [f"kernel = np.array({np.asarray(model.kernel.matrix).tolist()!r})"]
