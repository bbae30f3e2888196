"""Logos for print: what they draw, what they say, and what they leave alone."""

import warnings

import numpy as np
import pytest

from epool_viz.core.alphabet import PROTEIN
from epool_viz.core.choices import LOGO_KINDS
from epool_viz.errors import ArgumentError
from epool_viz.figures.heights import AXIS_LABELS, letter_heights
from epool_viz.figures.logo import logo_figure, save_logo
from epool_viz.figures.palette import LIGHT


@pytest.fixture(autouse=True)
def only_our_own_warnings():
    """matplotlib and its parsers warn on import; that is theirs to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import logomaker  # noqa: F401


@pytest.fixture
def ppm(rng):
    return rng.dirichlet(np.ones(4), size=7).T


def tops_of_stacks(figure):
    """Upper edge of the tallest glyph of each position, positions counted from 1."""
    boxes = [patch.get_path().get_extents(patch.get_patch_transform()) for patch in figure.axes[0].patches]
    tops = {}
    for box in boxes:
        position = round((box.x0 + box.x1) / 2)
        tops[position] = max(tops.get(position, 0), box.y1)
    assert sorted(tops) == list(range(1, len(tops) + 1))
    return [tops[position] for position in sorted(tops)]


def test_logo_figure_stacks_reach_the_information_of_their_column(ppm):
    background = [0.1, 0.2, 0.3, 0.4]
    figure = logo_figure(ppm, background=background)
    expected = letter_heights(ppm, background=background).sum(axis=0)
    np.testing.assert_allclose(tops_of_stacks(figure), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", LOGO_KINDS)
def test_logo_figure_says_what_it_draws(ppm, kind):
    axes = logo_figure(ppm, kind=kind, title="CTCF").axes[0]
    assert axes.get_ylabel() == AXIS_LABELS[kind]
    assert axes.get_xlabel() == "position"
    assert axes.get_title() == "CTCF"
    assert logo_figure(ppm, kind=kind).axes[0].get_title() == f"{kind} logo"


def test_logo_figure_counts_positions_from_one(ppm):
    axes = logo_figure(ppm).axes[0]
    assert list(axes.get_xticks()) == [1, 2, 3, 4, 5, 6, 7]
    wide = logo_figure(np.full((4, 33), 0.25), kind="probability").axes[0]
    assert list(wide.get_xticks()) == [5, 10, 15, 20, 25, 30]


def test_logo_figure_uses_our_palette(ppm):
    from matplotlib.colors import to_hex

    colours = {to_hex(patch.get_facecolor()).upper() for patch in logo_figure(ppm).axes[0].patches}
    assert {LIGHT.nucleotides[letter] for letter in "ACGT"} <= colours


def test_logo_figure_draws_protein(rng):
    figure = logo_figure(rng.dirichlet(np.ones(20), size=2).T, alphabet=PROTEIN)
    assert len(tops_of_stacks(figure)) == 2


def test_logo_figure_leaves_pyplot_and_its_argument_alone(ppm):
    import matplotlib.pyplot as plt

    before, settings, matrix = plt.get_fignums(), dict(plt.rcParams), ppm.copy()
    logo_figure(ppm, title="t")
    assert plt.get_fignums() == before
    assert dict(plt.rcParams) == settings
    np.testing.assert_array_equal(ppm, matrix)


@pytest.mark.parametrize(("ending", "magic"), [("svg", b"<?xml"), ("PNG", b"\x89PNG"), ("pdf", b"%PDF")])
def test_save_logo_writes_the_format_that_the_name_asks_for(ppm, tmp_path, ending, magic):
    path = save_logo(logo_figure(ppm), tmp_path / f"ctcf.{ending}")
    assert path.read_bytes().startswith(magic)


def test_save_logo_refuses_another_format(ppm, tmp_path):
    with pytest.raises(ArgumentError) as caught:
        save_logo(logo_figure(ppm), tmp_path / "ctcf.gif")
    assert str(caught.value) == "`path` is 'ctcf.gif'; accepted: a name that ends in .svg, .png or .pdf"
