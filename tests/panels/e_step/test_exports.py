from __future__ import annotations

import contextlib
import csv
import io

import numpy as np
import pytest

from epool_viz.core.trace import e_step_trace
from epool_viz.data.motifs.reading import parse_motifs
from epool_viz.panels.e_step.exports import python_lines
from epool_viz.panels.one_kernel.exports import MATRIX_FORMATS, matrix_text, trace_csv
from epool_viz.panels.one_kernel.model import EStepModel

TEXT = "ACGTTGCANACGTTAGC"


@pytest.fixture
def trace(rng):
    return e_step_trace(
        TEXT, rng.normal(size=(4, 5)), m=1.3, bias=0.2, both_strands=True, local_window=3, padding="same"
    )


def test_the_csv_holds_every_window_to_the_last_digit(trace):
    rows = list(csv.DictReader(io.StringIO(trace_csv(trace))))
    assert len(rows) == len(trace.scores) == 2 * len(TEXT)
    np.testing.assert_array_equal([float(row["score"]) for row in rows], trace.scores)
    np.testing.assert_array_equal([float(row["posterior"]) for row in rows], trace.posterior)
    np.testing.assert_array_equal([int(row["start"]) - 1 for row in rows], trace.starts)
    assert [row["strand"] for row in rows] == list(trace.strands)
    winners = {int(row["window"]) - 1: row for row in rows if row["weight"]}
    assert sorted(winners) == sorted(int(w) for w in trace.cell_windows)
    for cell, window in enumerate(trace.cell_windows):
        row = winners[int(window)]
        assert float(row["weight"]) == trace.weights[cell]
        assert float(row["weight_x_score"]) == trace.weighted[cell]
        assert float(row["gradient"]) == trace.gradient[cell]


def test_the_csv_writes_the_letters_of_the_first_and_the_last_window(trace):
    rows = list(csv.DictReader(io.StringIO(trace_csv(trace))))
    assert rows[0]["letters"] == "--ACG"
    assert rows[len(TEXT) - 1]["letters"] == "AGC--"
    assert rows[8]["letters"] == "CANAC"
    assert rows[8]["whole"] == "0"


@pytest.mark.parametrize("file_format", ["MEME", "JASPAR"])
def test_the_matrix_reads_back_as_the_ppm(trace, file_format):
    (motif,) = parse_motifs(matrix_text(trace, "my kernel", file_format))
    np.testing.assert_allclose(motif.ppm, trace.pwm.ppm, rtol=1e-12)


def test_the_tsv_holds_ppm_pwm_and_kernel(trace):
    rows = list(csv.DictReader(io.StringIO(matrix_text(trace, "k", "TSV")), delimiter="\t"))
    assert [row["position"] for row in rows] == ["1", "2", "3", "4", "5"]
    for name, matrix in (("ppm", trace.pwm.ppm), ("pwm", trace.pwm.pwm), ("kernel", trace.kernel)):
        np.testing.assert_array_equal([[float(row[f"{name}_{a}"]) for row in rows] for a in "ACGT"], matrix)
    assert MATRIX_FORMATS == ("MEME", "JASPAR", "TSV")


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"background": "typed", "letter_shares": [0.4, 0.1, 0.2, 0.3], "m": 0.7},
        {
            "sequence_source": "pasted",
            "pasted": ">one\nACGTTGCAGACGTTGATC\n>two\nGATTACAGATTACAGATT\n",
            "background": "data",
        },
        {"index": 3, "m": 2.5, "both_strands": True, "background": "data", "jaspar": "TP53", "example": "p73_peaks"},
        {"kernel_source": "random", "seed": 4, "width": 7, "mode": 1, "occurrence": "zoops", "site_rate": 0.2},
        {"kernel_source": "typed", "bias": 0.5, "activation": "paper", "local_window": 3, "padding": "same"},
        {"sequence_source": "pasted", "pasted": ">one\nACGTTGCANACGTT\n>two\nGATTACAGATTACAGATT\n", "index": 1},
        {"kernel_source": "trained", "trained": "p73_expectation", "rank": 3, "index": 2},
        {"kernel_source": "trained", "trained": "ctcf_paper", "m": 0.6},
        {"kernel_source": "trained", "trained": "p73_max", "both_strands": True, "background": "data", "m": 0.6},
        {"kernel_source": "typed", "both_strands": True, "strand_reading": "network", "background": "data"},
        {
            "sequence_source": "pasted",
            "pasted": ">one\nACGTTGCANACGTT\n",
            "kernel_source": "typed",
            "edited": "TCGTTGCAAACGTA",
            "background": "data",
        },
    ],
    ids=[
        "first screen",
        "typed background",
        "data background of a pasted set",
        "data background",
        "random",
        "typed",
        "pasted",
        "trained",
        "trained, as published",
        "trained, both strands",
        "typed, as a network reads both strands",
        "edited",
    ],
)
def test_the_lines_of_python_give_the_numbers_on_the_screen(state):
    model = EStepModel(**state)
    assert model.message == ""
    space: dict = {}
    printed = io.StringIO()
    lines = python_lines(model)
    with contextlib.redirect_stdout(printed):
        exec(compile(lines, "lines", "exec"), space)  # our own lines
    assert float(space["trace"].pooled) == float(model.trace.pooled)
    np.testing.assert_array_equal(space["trace"].posterior, model.trace.posterior)
    assert f"ePool {float(model.trace.pooled):.6f}" in printed.getvalue()
    assert len([line for line in lines.splitlines() if line]) <= 14
