"""The palette keeps its letters and methods apart for every eye; the measure itself is held to published pairs."""

import numpy as np
import pytest

from epool_viz.core.alphabet import DNA, PROTEIN, RNA
from epool_viz.core.poolings import METHODS
from epool_viz.figures.palette import DARK, LIGHT, css_variables, letter_colours
from tests.figures.colour_difference import VISIONS, ciede2000, contrast, lab, smallest_difference

THEMES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
EYES = pytest.mark.parametrize("vision", VISIONS)
# green, blue, orange and red as logo programs have them
CLASSIC = ["#008000", "#0000FF", "#FFA500", "#FF0000"]


@EYES
@THEMES
def test_nucleotides_differ_by_27_6_for_every_eye(palette, vision):
    colours = [palette.nucleotides[letter] for letter in DNA.letters]
    assert smallest_difference(colours, vision) >= 27.6


@EYES
@THEMES
def test_methods_differ_by_16_for_every_eye(palette, vision):
    assert set(palette.methods) == set(METHODS)
    assert smallest_difference(list(palette.methods.values()), vision) >= 16


def test_the_measure_can_go_red():
    assert min(smallest_difference(CLASSIC, vision) for vision in VISIONS) < 20
    assert smallest_difference([LIGHT.nucleotides["A"], LIGHT.nucleotides["A"]], "normal") == 0


@THEMES
def test_text_and_marks_stand_out_from_the_ground(palette):
    for name in ("ink", "muted", "accent", "warning"):
        assert contrast(getattr(palette, name), palette.ground) >= 4.5, name
        assert contrast(getattr(palette, name), palette.panel) >= 4.5, name
    for colour in (*palette.nucleotides.values(), *palette.methods.values()):
        assert contrast(colour, palette.ground) >= 3, colour


# pairs 1, 4, 7, 17, 25 and 34 of Sharma, Wu, Dalal (2005), table 1, as "L a b", and their difference
@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000_agrees_with_the_published_pairs(first, second, difference):
    first, second = np.array(first, dtype=float), np.array(second, dtype=float)
    assert ciede2000(first, second) == pytest.approx(difference, abs=5e-5)
    assert ciede2000(second, first) == pytest.approx(difference, abs=5e-5)


def test_lab_of_white_and_red_are_the_standard_ones():
    np.testing.assert_allclose(lab("#FFFFFF"), [100, 0, 0], atol=0.01)
    np.testing.assert_allclose(lab("#FF0000"), [53.24, 80.09, 67.20], atol=0.02)
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


def test_letter_colours_reads_u_as_t_and_leaves_protein_in_ink():
    assert letter_colours(RNA)["U"] == letter_colours(DNA)["T"] == "#99020F"
    assert set(letter_colours(PROTEIN, DARK).values()) == {DARK.ink}
    assert list(letter_colours(PROTEIN)) == list(PROTEIN.letters)


def test_css_variables_hold_every_colour():
    rules = css_variables(DARK)
    assert "--ep-ink:#E8EDF2;" in rules
    assert "--ep-G:#F7DC4A;" in rules
    assert rules.count("--ep-") == 7 + len(DARK.nucleotides) + len(DARK.methods)
