"""Letter heights: what logomaker computes, and what the axis promises."""

import math
import warnings

import numpy as np
import pytest

from epool_viz.core.alphabet import PROTEIN
from epool_viz.core.choices import LOGO_KINDS
from epool_viz.core.kernels import kernel_to_pwm
from epool_viz.errors import ArgumentError, ShapeError
from epool_viz.figures.heights import AXIS_LABELS, height_limits, letter_heights

BACKGROUND = [0.1, 0.2, 0.3, 0.4]


@pytest.fixture
def ppm(rng):
    return rng.dirichlet(np.ones(4), size=7).T


def by_logomaker(ppm, to_type, background):
    """The same heights by logomaker, which wants (position, letter)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import logomaker
        import pandas as pd

        frame = pd.DataFrame(ppm.T, columns=list("ACGT"))
        table = logomaker.transform_matrix(
            frame, from_type="probability", to_type=to_type, background=np.array(background), pseudocount=0
        )
    return table.to_numpy().T


@pytest.mark.parametrize(("kind", "to_type"), [("information", "information"), ("log odds", "weight")])
@pytest.mark.parametrize("background", [[0.25] * 4, BACKGROUND], ids=["uniform", "skewed"])
def test_letter_heights_are_logomakers(ppm, kind, to_type, background):
    ours = letter_heights(ppm, kind=kind, background=background)
    np.testing.assert_allclose(ours, by_logomaker(ppm, to_type, background), rtol=1e-9, atol=1e-12)


def test_letter_heights_of_probability_and_kernel_are_the_matrix_itself(ppm, rng):
    kernel = rng.normal(size=(4, 5))
    np.testing.assert_array_equal(letter_heights(ppm, kind="probability"), ppm)
    np.testing.assert_array_equal(letter_heights(kernel, kind="kernel"), kernel)


def test_letter_heights_of_a_certain_letter_reach_the_end_of_the_axis():
    ppm = np.array([[1.0, 0], [0, 0], [0, 0], [0, 1.0]])
    heights = letter_heights(ppm, background=BACKGROUND)
    assert heights[0, 0] == pytest.approx(-math.log2(0.1))
    assert heights[3, 1] == pytest.approx(-math.log2(0.4))
    assert height_limits(heights, background=BACKGROUND) == (0.0, pytest.approx(-math.log2(0.1)))


def test_height_limits_of_signed_heights_hold_every_stack(rng):
    kernel = rng.normal(size=(4, 6))
    low, high = height_limits(kernel, kind="kernel")
    assert high == pytest.approx(np.clip(kernel, 0, None).sum(axis=0).max())
    assert low == pytest.approx(np.clip(kernel, None, 0).sum(axis=0).min())
    assert height_limits(np.zeros((4, 2)), kind="kernel") == (0.0, 1.0)
    assert height_limits(kernel, kind="probability") == (0.0, 1.0)


def test_every_kind_has_an_axis_label_with_its_unit():
    assert set(AXIS_LABELS) == set(LOGO_KINDS)
    assert [label for label in AXIS_LABELS.values() if "bits" in label] == [
        "information (bits)",
        "log odds against the background (bits)",
    ]


def test_letter_heights_works_for_protein(rng):
    ppm = rng.dirichlet(np.ones(20), size=3).T
    assert letter_heights(ppm, alphabet=PROTEIN).shape == (20, 3)


@pytest.mark.parametrize(
    ("matrix", "options", "error", "message"),
    [
        (np.ones((3, 5)), {}, ShapeError, "`matrix` is of shape (3, 5); accepted: (4, position): one row a letter"),
        (np.ones((4, 0)), {}, ShapeError, "`matrix` is of shape (4, 0); accepted: (4, position): one row a letter"),
        (
            np.ones((4, 2)),
            {"kind": "bits"},
            ArgumentError,
            "`kind` is 'bits'; accepted: 'information', 'probability', 'log odds', 'kernel'",
        ),
        (
            np.ones((4, 2)),
            {"kind": "probability"},
            ArgumentError,
            "`matrix` is a matrix whose columns sum to 4 ... 4; accepted: probabilities: every column >= 0, sum 1",
        ),
        (
            np.full((4, 2), np.nan),
            {"kind": "kernel"},
            ArgumentError,
            "`matrix` is an array with NaN or infinity in it; accepted: finite numbers",
        ),
    ],
)
def test_letter_heights_says_what_is_wrong(matrix, options, error, message):
    with pytest.raises(error) as caught:
        letter_heights(matrix, **options)
    assert str(caught.value) == message


def test_letter_heights_of_a_kernels_ppm_survive_any_base(rng):
    kernel = rng.normal(size=(4, 3)) * 50
    assert np.isfinite(letter_heights(kernel_to_pwm(kernel, base=1e6).ppm)).all()
