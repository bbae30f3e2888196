"""The dashboard's pictures, read back from their SVG."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from epool_viz.core.alphabet import PROTEIN, RNA
from epool_viz.errors import ArgumentError, ShapeError
from epool_viz.figures import svg
from epool_viz.figures.heights import letter_heights

NASTY = "a\"<b>&'</title><script>alert(1)</script>"
BACKGROUND = [0.1, 0.2, 0.3, 0.4]
WEB = Path(svg.__file__).parents[1] / "web"


def parsed(text):
    return ElementTree.fromstring(text)


def placed_letters(logo, rows):
    """(letter, column, top, height) of each letter drawn, in hundredths of the picture."""
    outlines = {outline: letter for letter, outline in svg.GLYPHS.items()}
    found = []
    for path in parsed(logo).iter("path"):
        place = re.fullmatch(
            r"translate\(([-\d.]+),([-\d.]+)\) scale\(([-\d.]+),([-\d.]+)\)", path.get("transform", "")
        )
        if place:
            x, y, _, tall = map(float, place.groups())
            found.append((outlines[path.get("d")], int(x), y, tall * 100))
    assert {letter for letter, *_ in found} <= set(rows)
    return found


@pytest.fixture
def ppm(rng):
    return rng.dirichlet(np.ones(4), size=7).T


@pytest.mark.parametrize("background", [None, BACKGROUND], ids=["uniform", "skewed"])
def test_logo_svg_letters_are_as_tall_as_their_information(ppm, background):
    heights = letter_heights(ppm, background=background)
    high = -np.log2(min(background or [0.25]))
    letters = placed_letters(svg.logo_svg(ppm, title="t", background=background), "ACGT")
    assert len(letters) == 4 * 7
    for letter, column, _, height in letters:
        assert height / 100 * high == pytest.approx(heights["ACGT".index(letter), column], abs=2e-4)


def test_logo_svg_stacks_letters_without_gap_the_largest_on_top(ppm):
    letters = placed_letters(svg.logo_svg(ppm, title="t", kind="probability"), "ACGT")
    for column in range(7):
        stack = sorted((top, height, letter) for letter, c, top, height in letters if c == column)
        assert stack[0][0] == pytest.approx(0, abs=1e-3)
        assert "ACGT"[ppm[:, column].argmax()] == stack[0][2]
        for (top, height, _), (below, *_) in pairwise(stack):
            assert top + height == pytest.approx(below, abs=2e-3)
        assert sum(stack[-1][:2]) == pytest.approx(100, abs=2e-3)


def test_logo_svg_hangs_negative_letters_below_the_line():
    kernel = np.array([[2.0, -1], [-1, 0], [0, 0], [-0.5, 3]])
    letters = placed_letters(svg.logo_svg(kernel, title="t", kind="kernel"), "ACGT")
    # the axis runs from -1.5 to 3, so 0 lies at 3 / 4.5
    line = 100 * 3 / 4.5
    assert {letter for letter, _, top, _ in letters if top >= line - 1e-3} == {"C", "T", "A"}
    assert ("A", 0, pytest.approx(100 / 4.5, abs=1e-3), pytest.approx(200 / 4.5, abs=1e-3)) in letters
    # the larger of two negative letters hangs lower
    tops = {letter: top for letter, column, top, _ in letters if column == 0}
    assert tops["C"] > tops["T"]


def test_logo_svg_draws_rna_and_refuses_protein(ppm):
    assert "var(--ep-U," in svg.logo_svg(ppm, title="t", alphabet=RNA)
    with pytest.raises(ArgumentError) as caught:
        svg.logo_svg(np.full((20, 2), 0.05), title="t", alphabet=PROTEIN)
    assert str(caught.value) == "`alphabet` is protein; accepted: DNA or RNA; logo_figure draws the others"


@pytest.mark.parametrize(
    "draw",
    [
        lambda text: svg.logo_svg(np.full((4, 2), 0.25), title=text, description=text),
        lambda text: svg.bar_track_svg([1.0, 2.0], title=text, description=text),
        lambda text: svg.sequence_band_svg("ACGTN", title=text, description=text),
        lambda text: svg.sequence_svg("ACGTN", title=text, description=text),
    ],
    ids=["logo", "bars", "band", "letters"],
)
def test_every_picture_is_named_and_escaped(draw):
    text = draw(NASTY)
    root = parsed(text)
    assert root.get("role") == "img"
    assert [child.tag for child in root][:2] == ["title", "desc"]
    assert root.find("title").text == root.find("desc").text == NASTY
    assert "<script" not in text


def test_sequence_pictures_escape_letters_that_are_none():
    for text in (svg.sequence_svg("A<C", title="t"), svg.sequence_band_svg("A<C", title="t")):
        parsed(text)
        assert text.count("var(--ep-N,") == 1


def test_bar_geometry_rises_and_hangs_from_zero():
    bars = svg.bar_geometry(np.array([3.0, -1.0, 0.0]), [4, 5, 9], (-1.0, 3.0))
    np.testing.assert_array_equal(bars.left, [4, 5, 9])
    np.testing.assert_allclose(bars.top, [0, 75, 75])
    np.testing.assert_allclose(bars.height, [75, 25, 0])


def test_bar_geometry_rises_from_another_foot():
    bars = svg.bar_geometry(np.array([-4.0, -3.0, 0.0, -9.0]), [0, 1, 2, 3], (-4.0, 0.0), -4.0)
    np.testing.assert_allclose(bars.top, [100, 75, 0, 100])
    np.testing.assert_allclose(bars.height, [0, 25, 100, 0])
    many = svg.bar_geometry(np.r_[np.full(2999, -3.0), -0.5], list(range(3000)), (-4.0, 0.0), -4.0)
    assert many.height[-1] == pytest.approx(87.5)


def test_bar_geometry_cuts_off_and_leaves_out():
    bars = svg.bar_geometry(np.array([-np.inf, -40.0, np.nan, -3.0]), [0, 1, 2, 3], (-15.0, 0.0))
    np.testing.assert_array_equal(bars.left, [1, 3])
    np.testing.assert_allclose(bars.height, [100, 20])


@pytest.mark.parametrize("peak", [0, 1234, 4999], ids=["first", "middle", "last"])
def test_bar_geometry_of_many_windows_keeps_the_extremes(peak):
    values = np.full(5000, 0.1)
    values[peak] = -7.0
    bars = svg.bar_geometry(values, list(range(5000)), (-7.0, 1.0))
    assert len(bars.left) <= svg.MOST_BARS
    tallest = int(np.argmax(bars.height))
    assert bars.height[tallest] == pytest.approx(87.5)
    assert bars.left[tallest] <= peak < bars.left[tallest] + bars.width[tallest]


def test_bar_track_svg_draws_a_bar_a_value_over_its_letter():
    text = svg.bar_track_svg([1.0, 0.0, 2.0], title="t", starts=[-1, 0, 1], extent=(-1, 4), colour="max")
    root = parsed(text)
    assert root.get("viewBox") == "-1 0 5 100"
    bars = next(path for path in root.iter("path") if "--ep-max" in path.get("fill"))
    assert re.findall(r"M(-?\d+) ([\d.]+)h1v([\d.]+)", bars.get("d")) == [("-1", "50", "50"), ("1", "0", "100")]


def test_bar_track_svg_marks_cursor_and_partial_windows():
    text = svg.bar_track_svg([1.0] * 8, title="t", cursor=(5, 3), marked=[1, 2, 6])
    rectangles = [(r.get("class"), r.get("x"), r.get("width")) for r in parsed(text).iter("rect")]
    assert rectangles == [("ep-partial", "1", "2"), ("ep-partial", "6", "1"), ("ep-cursor", "5", "3")]
    assert 'class="ep-cursor-bar" d="M5 0h1' in text


def test_bar_track_svg_draws_every_bar_and_the_one_in_hand_from_the_foot():
    text = svg.bar_track_svg([-3.0, -1.0], title="t", limits=(-4.0, 0.0), foot=-4.0, cursor=(1, 1))
    drawn = [path.get("d") for path in parsed(text).iter("path")]
    assert drawn == ["M0 75h1v25h-1zM1 25h1v75h-1z", "M1 25h1v75h-1z", "M0 100H2"]
    # 0 has a line of its own where it lies inside
    text = svg.bar_track_svg([-3.0, 1.0], title="t", limits=(-3.0, 1.0), foot=-3.0)
    assert [path.get("d") for path in parsed(text).iter("path")][1:] == ["M0 100H2", "M0 25H2"]


def test_bar_track_svg_of_zeros_and_of_nothing_finite_is_empty_and_valid():
    for values in ([0.0, 0.0], [np.nan, -np.inf]):
        root = parsed(svg.bar_track_svg(values, title="t"))
        assert root.find("path").get("d") == ""


def test_bar_track_svg_says_what_is_wrong():
    with pytest.raises(ShapeError) as caught:
        svg.bar_track_svg([1.0, 2.0], title="t", starts=[0])
    assert str(caught.value) == "`values` is of shape (2,) with 1 starts; accepted: one number a start"


def test_value_limits_hold_zero_and_every_finite_value():
    assert svg.value_limits(np.array([-3.0, -1.0])) == (-3.0, 0.0)
    assert svg.value_limits(np.array([2.0, np.inf, np.nan])) == (0.0, 2.0)
    assert svg.value_limits(np.array([0.0])) == (0.0, 1.0)


def test_sequence_band_svg_covers_every_letter_once():
    sequence = "AACGTTTNA"
    stripes = re.findall(r"M(\d+) 0h(\d+)", svg.sequence_band_svg(sequence, title="t", cursor=(3, 4)))
    covered = sorted(place for start, n in stripes for place in range(int(start), int(start) + int(n)))
    assert covered == list(range(9))


def test_sequence_band_svg_veils_what_is_not_in_hand():
    root = parsed(svg.sequence_band_svg("ACGTACGTA", title="t", cursor=(3, 4)))
    assert [(r.get("x"), r.get("width")) for r in root.iter("rect")] == [("0", "3"), ("7", "2")]


def test_sequence_svg_draws_letters_their_columns_and_the_window():
    root = parsed(svg.sequence_svg("ACN", title="t", first=8, window=(9, 2), onehot=True, cell=20))
    rectangles = list(root.iter("rect"))
    filled = [r for r in rectangles if r.get("fill").startswith("var")]
    # A in the first row of the first column, C in the second row of the second; N has none
    assert [(r.get("x"), r.get("y")) for r in filled] == [("22", "44"), ("42", "64")]
    assert len(rectangles) == 3 * 4 + 1
    assert (rectangles[-1].get("x"), rectangles[-1].get("width")) == ("40", "40")
    # the second of the three letters is the tenth of the sequence
    assert [(t.text, t.get("x")) for t in root.iter("text")] == [("10", "50")]


def test_numbers_are_short_and_never_minus_zero():
    assert [svg._number(value) for value in (-0.001, 0.5, 12.0, 1 / 3)] == ["0", "0.5", "12", "0.33"]


def test_letters_have_the_outlines_that_the_page_draws():
    drawn = dict(
        re.findall(r'^  (\w): "([^"]+)"', (WEB / "lib" / "glyphs.js").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert len(drawn) == 21
    assert {letter: drawn[letter] for letter in svg.GLYPHS} == svg.GLYPHS
