"""Where kernels come from: motifs as log odds, numbers as they are."""

import numpy as np
import pytest

from epool_viz.core.kernels import kernel_to_pwm
from epool_viz.data import kernel_sources as kernels
from epool_viz.data.examples import load_example_model
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.data.motifs.motif import Motif
from epool_viz.errors import ArgumentError, FormatError

BACKGROUND = np.array([0.1, 0.2, 0.3, 0.4])
MEME = """MEME version 4

ALPHABET= ACGT

MOTIF one
letter-probability matrix: alength= 4 w= 2 nsites= 20
0.25 0.25 0.25 0.25
0.7 0.1 0.1 0.1

MOTIF two
letter-probability matrix: alength= 4 w= 3 nsites= 20
0.1 0.2 0.3 0.4
0.7 0.1 0.1 0.1
0.1 0.1 0.1 0.7
"""


@pytest.mark.parametrize("background", [None, BACKGROUND], ids=["uniform", "skewed"])
def test_a_jaspar_kernel_means_its_motif_again_at_m_1(background):
    motif = load_jaspar("CTCF")
    kernel = kernels.jaspar_kernel("CTCF", background)
    reading = kernel_to_pwm(kernel.matrix, background=background)
    q = np.full(4, 0.25) if background is None else background
    expected = (motif.counts + q[:, None]) / (motif.counts.sum(axis=0) + 1)
    np.testing.assert_allclose(reading.ppm, expected, rtol=1e-12)
    assert reading.offset == pytest.approx(0, abs=1e-12)
    assert kernel.label == motif.label
    assert kernel.is_motif
    assert kernel.reading == "Natural-log odds of the counts and one imaginary site against the background."


@pytest.mark.parametrize("query", [" ctcf ", "MA0139", "CTCF (MA0139.2)"])
def test_jaspar_kernel_takes_a_name_an_accession_or_both(query):
    assert kernels.jaspar_kernel(query, None).label == "CTCF (MA0139.2)"


def test_jaspar_kernel_refuses_an_empty_name():
    with pytest.raises(ArgumentError) as caught:
        kernels.jaspar_kernel("  ", None)
    assert str(caught.value) == "`query` is empty; accepted: a name or accession, such as CTCF"


@pytest.mark.parametrize(("sites", "parts"), [(20.0, 1 / 20), (None, 1 / 1000)])
def test_a_motif_without_counts_gets_one_site_among_its_own(sites, parts):
    ppm = np.array([[1.0], [0], [0], [0]])
    kernel = kernels.motif_kernel(Motif("x", "", ppm, n_sites=sites), BACKGROUND)
    expected = (ppm + parts * BACKGROUND[:, None]) / (1 + parts)
    np.testing.assert_allclose(kernel.matrix, np.log(expected / BACKGROUND[:, None]), rtol=1e-12)


def test_a_typed_kernel_of_scores_is_taken_as_it_is():
    kernel = kernels.text_kernel("1 -2\n0 0\n0.5 3\n0 1\n", "the typed matrix", 0, BACKGROUND)
    np.testing.assert_array_equal(kernel.matrix, [[1, -2], [0, 0], [0.5, 3], [0, 1]])
    assert kernel.reading == "The numbers as they are."
    assert not kernel.is_motif


def test_a_typed_kernel_of_counts_or_probabilities_is_a_motif():
    counts = kernels.text_kernel("A 8 0\nC 1 1\nG 1 7\nT 0 2\n", "t", 0, None)
    np.testing.assert_allclose(np.exp(counts.matrix[:, 0]) / 4, (np.array([8, 1, 1, 0]) + 0.25) / 11)
    skewed = kernels.text_kernel("A 8 0\nC 1 1\nG 1 7\nT 0 2\n", "t", 0, BACKGROUND)
    expected = (np.array([8, 1, 1, 0]) + BACKGROUND) / 11 / BACKGROUND
    np.testing.assert_allclose(np.exp(skewed.matrix[:, 0]), expected)
    shares = kernels.text_kernel("0.8 0.1\n0.1 0.1\n0.1 0.7\n0.0 0.1\n", "t", 0, None)
    np.testing.assert_allclose(np.exp(shares.matrix[:, 0]) / 4, (np.array([0.8, 0.1, 0.1, 0]) + 0.00025) / 1.001)


@pytest.mark.parametrize(("which", "width"), [(0, 2), (1, 3), (7, 3)])
def test_a_file_of_several_motifs_offers_each(which, width):
    assert kernels.text_kernel(MEME, "x.meme", which, None).matrix.shape == (4, width)
    assert kernels.motif_names(MEME, "x.meme") == ("one", "two")
    assert kernels.motif_names("1 2\n3 4\n5 6\n7 -8", "x.txt") == ("x.txt",)


def test_kernels_of_a_model_are_ranked_by_the_size_of_their_output_weight():
    stored, info = load_example_model("ctcf_expectation")
    labels = kernels.trained_kernels("ctcf_expectation")
    assert len(labels) == len(set(labels)) == 16
    weights = [float(label.rpartition(" ")[2].replace("−", "-")) for label in labels]
    assert min(weights) < 0 < max(weights)  # a minus sign is no hyphen
    assert weights == sorted(weights, key=abs, reverse=True)
    for rank in (0, 7, 15, 99):
        kernel = kernels.trained_kernel("ctcf_expectation", rank)
        place = int(labels[min(rank, 15)].split()[1].rstrip(",")) - 1
        assert place == kernels.kernel_place("ctcf_expectation", rank)
        np.testing.assert_array_equal(kernel.matrix, stored.kernels[place])
        assert kernel.matrix.dtype == np.float64
        assert round(float(stored.output_weights[place]), 2) == weights[min(rank, 15)]
        assert not kernel.is_motif
    assert f"{info.test_auc:.3f}" in kernel.reading


def test_random_kernel_depends_on_its_seed_alone():
    first, again, other = (kernels.random_kernel(5, seed).matrix for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (4, 5)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(first, first.round(2))


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.zeros((4, 51)), "`kernel` is 51 columns wide; accepted: at most 50 columns"),
        (np.zeros((20, 3)), "`kernel` is of 20 letters; accepted: DNA: four letters, A C G T"),
        (np.full((4, 2), 2e6), "`kernel` is a matrix with an entry of size 2e+06; accepted: at most 1e+06"),
    ],
)
def test_require_usable_says_what_is_wrong(matrix, message):
    with pytest.raises(ArgumentError) as caught:
        kernels.require_usable(kernels.Kernel(matrix, "", ""), 50)
    assert str(caught.value) == message


def test_text_kernel_says_what_is_wrong():
    with pytest.raises(ArgumentError) as caught:
        kernels.text_kernel(" \n", "the typed matrix", 0, None)
    assert str(caught.value) == "`kernel` is empty; accepted: a matrix: four rows of numbers, A C G T"
    with pytest.raises(FormatError, match=r"^the typed matrix"):
        kernels.text_kernel("hello there", "the typed matrix", 0, None)
