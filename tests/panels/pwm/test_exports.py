"""What is taken along: read back, it is the numbers on the screen."""

import contextlib
import csv
import io

import numpy as np
import pytest

from epool_viz.data.motifs.reading import parse_motifs
from epool_viz.errors import ArgumentError
from epool_viz.panels.pwm.exports import TAKE_AWAY, python_lines, taken
from epool_viz.panels.pwm.model import PwmModel
from tests.panels.pwm.test_model import STATES


@pytest.mark.parametrize("state", STATES)
def test_the_lines_of_python_give_the_numbers_on_the_screen(state):
    model = PwmModel(**state)
    space: dict = {}
    printed = io.StringIO()
    lines = python_lines(model)
    with contextlib.redirect_stdout(printed):
        exec(compile(lines, "lines", "exec"), space)  # our own lines
    np.testing.assert_allclose(space["reading"].ppm, model.readings.ppm, rtol=1e-9)
    np.testing.assert_allclose(space["scores"], model.trace.scores, rtol=1e-12, atol=1e-12)
    assert f"score {float(model.trace.scores[model.window]):.6f} = " in printed.getvalue()
    assert float(printed.getvalue().rsplit(" ", 1)[1]) < 1e-9
    assert len([line for line in lines.splitlines() if line]) <= 16


def test_there_are_no_lines_at_base_one():
    with pytest.raises(ArgumentError, match="to which there is no logarithm; accepted: a base above 1"):
        python_lines(PwmModel(m=0.0))


@pytest.mark.parametrize("ending", ["meme", "jaspar"])
def test_the_motif_reads_back(ending):
    model = PwmModel(kernel_source="random", width=6, background="data", m=0.8)
    name, _, held = taken(model, f"matrix.{ending}")
    assert name == f"epool_viz_matrix.{ending}"
    (motif,) = parse_motifs(held.decode())
    np.testing.assert_allclose(motif.ppm, model.readings.ppm, rtol=1e-9)


def test_the_windows_read_back():
    model = PwmModel(bias=0.5)
    rows = list(csv.DictReader(io.StringIO(taken(model, "windows.csv")[2].decode())))
    np.testing.assert_array_equal([float(row["score"]) for row in rows], model.trace.scores)


def test_a_logo_for_print_is_a_picture():
    name, mime, held = taken(PwmModel(), "logo.svg")
    assert (name, mime) == ("epool_viz_logo.svg", "image/svg+xml")
    assert b"<svg" in held


def test_every_button_of_python_s_has_a_file_and_no_other_name_has():
    model = PwmModel()
    for item in TAKE_AWAY:
        if item.get("source") != "view" and not item["name"].startswith("logo"):
            assert taken(model, item["name"])[2]
    with pytest.raises(ArgumentError, match=r"accepted: logo\.svg, "):
        taken(model, "view.svg")
