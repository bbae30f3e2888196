"""The heuristic reading of a kernel: which windows it aligns, what it counts, and what a motif gives to others."""

from __future__ import annotations

import math

import numpy as np
import pytest

from epool_viz.core.alphabet import one_hot
from epool_viz.core.heuristics import best_windows, heuristic_pfm, log_ratios, on_sites, window_scores
from epool_viz.core.kernels import kernel_to_pwm, pwm_to_kernel
from epool_viz.core.motifs import pfm_to_ppm
from epool_viz.core.scan import scan
from epool_viz.core.windows import windows_of
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.data.sequences.set import Site
from epool_viz.data.sequences.simulate import simulate
from epool_viz.errors import ArgumentError, ShapeError

BACKGROUND = np.array([0.4, 0.1, 0.2, 0.3])
TEXTS = ["ACGTTGCANACG", "TTACGGA", "GATTACAGATTACAGAC", "ACGACG"]
RNG = np.random.default_rng(5)
KERNEL = RNG.normal(size=(4, 3))


def scanned(kernel, bias=0.0):
    """Scores of the whole windows by the other route, a sequence each; -inf where an N stands."""
    found = []
    for text in TEXTS:
        scores = scan(one_hot(text), kernel, bias=bias)
        holds_n = ["N" in text[i : i + kernel.shape[1]] for i in range(len(scores))]
        found.append(np.where(holds_n, -np.inf, scores))
    return found


def counted(words):
    return np.array([[sum(word[j] == letter for word in words) for j in range(len(words[0]))] for letter in "ACGT"])


# --- which windows


def test_scores_of_windows_are_those_of_the_scan():
    windows = windows_of(TEXTS, 3)
    expected = np.concatenate([row[np.isfinite(row)] for row in scanned(KERNEL, bias=-0.7)])
    np.testing.assert_allclose(window_scores(windows, KERNEL, bias=-0.7), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("bias", [0.0, -0.9, 0.4])
def test_deepbind_aligns_the_best_window_of_each_sequence_that_is_active(bias):
    best = [(text, int(np.argmax(row)), row.max()) for text, row in zip(TEXTS, scanned(KERNEL, bias), strict=True)]
    words = [text[at : at + 3] for text, at, score in best if score > 0]
    found = heuristic_pfm(TEXTS, KERNEL, bias=bias)
    np.testing.assert_array_equal(found.pfm, counted(words))
    assert found.cut == 0
    assert found.largest == pytest.approx(max(score for *_, score in best), rel=1e-12)


@pytest.mark.parametrize("threshold", [None, 0.2, 0.8])
def test_basset_aligns_every_window_above_its_share_of_the_largest(threshold):
    rows = scanned(KERNEL)
    cut = (0.5 if threshold is None else threshold) * max(row.max() for row in rows)
    words = [text[i : i + 3] for text, row in zip(TEXTS, rows, strict=True) for i in np.flatnonzero(row > cut)]
    found = heuristic_pfm(TEXTS, KERNEL, rule="basset", threshold=threshold)
    np.testing.assert_array_equal(found.pfm, counted(words))
    assert found.cut == pytest.approx(cut, rel=1e-12)
    assert np.all(found.activations > found.cut)


@pytest.mark.parametrize(("text", "start"), [("ACGTTTT", 0), ("TTACGTT", 2), ("TTTTACG", 4)])
def test_a_site_is_found_at_the_first_a_middle_and_the_last_window(text, start):
    found = heuristic_pfm([text], pwm_to_kernel(counted(["ACG"]) * 0.9 + 0.1 / 4))
    assert found.windows.start[found.places].tolist() == [start]


def test_of_equal_windows_the_first_is_the_best():
    found = heuristic_pfm(["TACGTACG"], pwm_to_kernel(counted(["ACG"]) * 0.9 + 0.1 / 4))
    assert found.windows.start[found.places].tolist() == [1]


def test_counts_fall_as_the_threshold_rises():
    for rule in ("deepbind", "basset"):
        sizes = [len(heuristic_pfm(TEXTS, KERNEL, rule=rule, threshold=t).places) for t in (0, 0.3, 0.6, 0.9, 0.999)]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] > sizes[-1] >= 1


def test_scale_of_the_kernel_and_a_shared_constant_change_nothing_but_the_exact_reading_knows_the_scale():
    small, large = (heuristic_pfm(TEXTS, s * KERNEL, rule="basset").pfm for s in (1, 7.5))
    np.testing.assert_array_equal(small, large)
    assert not np.allclose(kernel_to_pwm(KERNEL).ppm, kernel_to_pwm(7.5 * KERNEL).ppm, atol=0.05)
    # the bias moves the heuristic and leaves the exact reading
    assert len(heuristic_pfm(TEXTS, KERNEL, bias=-2.0).places) < len(heuristic_pfm(TEXTS, KERNEL).places)


def test_rectifiers_change_nothing_below_their_cap():
    plain = heuristic_pfm(TEXTS, KERNEL, bias=-0.4)
    for activation in ("relu", "paper"):
        np.testing.assert_array_equal(heuristic_pfm(TEXTS, KERNEL, bias=-0.4, activation=activation).pfm, plain.pfm)
    # beyond the cap all windows are equal, and the first is taken
    steep = 40 * pwm_to_kernel(counted(["ACG", "ACG", "ACT"]) / 3 * 0.9 + 0.1 / 4)
    assert heuristic_pfm(["ACTACG"], steep).windows.start[heuristic_pfm(["ACTACG"], steep).places].tolist() == [3]
    capped = heuristic_pfm(["ACTACG"], steep, activation="paper")
    assert capped.windows.start[capped.places].tolist() == [0]
    assert capped.largest == 10


def test_a_kernel_that_is_never_active_has_no_heuristic_motif():
    found = heuristic_pfm(TEXTS, KERNEL, bias=-1000.0, rule="basset")
    assert found.pfm.shape == (4, 3)
    assert found.pfm.sum() == 0
    assert len(found.places) == 0
    assert found.cut == 0
    with pytest.raises(ArgumentError, match=r"kernel.*largest activation is -99\d.*active in some window"):
        found.ppm(pseudocount=1.0)
    assert np.isfinite(kernel_to_pwm(KERNEL, bias=-1000.0).ppm).all()  # the exact one always exists


def test_the_heuristic_of_a_motifs_own_kernel_comes_near_the_motif():
    motif = load_jaspar("MA0105.4")
    ppm = pfm_to_ppm(motif.counts, pseudocount=1.0)
    planted = simulate([motif], n=600, length=60, seed=3)
    found = heuristic_pfm(planted[planted.labels == 1], pwm_to_kernel(ppm))
    assert np.corrcoef(found.ppm().ravel(), motif.ppm.ravel())[0, 1] > 0.97


def test_a_pseudocount_is_so_many_imaginary_sites():
    found = heuristic_pfm(TEXTS, KERNEL)
    n = len(found.places)
    expected = (found.pfm + 2 * BACKGROUND[:, None]) / (n + 2)
    np.testing.assert_allclose(found.ppm(pseudocount=2, background=BACKGROUND), expected, rtol=1e-12)


# --- what a motif gives to windows


def test_log_ratios_of_the_exact_motif_are_the_scores_less_the_offset():
    windows = windows_of(TEXTS, 3)
    reading = kernel_to_pwm(KERNEL, bias=0.3, base=2.5, background=BACKGROUND)
    expected = math.log(2.5) * (window_scores(windows, KERNEL, bias=0.3) - reading.offset)
    found = log_ratios(windows, reading.ppm, background=BACKGROUND)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


def test_log_ratios_ask_for_a_pseudocount_where_a_letter_never_stood():
    found = heuristic_pfm(TEXTS, KERNEL)
    with pytest.raises(ArgumentError, match="pseudocount"):
        log_ratios(found.windows, found.ppm())
    assert np.isfinite(log_ratios(found.windows, found.ppm(), pseudocount=0.1)).all()


def test_no_motif_gives_its_sites_more_than_their_own_letters_do():
    found = heuristic_pfm(TEXTS, KERNEL, rule="basset", threshold=0.1)
    own = found.ppm(pseudocount=1e-9)
    at_sites = log_ratios(found.windows, own)[found.places].mean()
    for seed in range(5):
        other = np.random.default_rng(seed).dirichlet(np.ones(4), size=3).T
        assert log_ratios(found.windows, other)[found.places].mean() < at_sites


# --- sites


def test_windows_lie_on_sites_that_share_enough_letters():
    windows = windows_of(["ACGTACGTAC", "ACGTAC"], 4)
    sites = ((Site(0, 5), Site(9, 10)), ())
    found = on_sites(windows, sites)
    # 4 letters against 5: half of 4 in common; of the site of one letter, half a letter
    assert windows.start[found].tolist() == [0, 1, 2, 3, 6]
    assert not found[windows.sequence == 1].any()
    assert windows.start[on_sites(windows, sites, share=1.0)].tolist() == [0, 1, 6]


def test_the_best_window_is_chosen_among_those_that_are_allowed():
    windows = windows_of(["ACGTACGTAC", "ACGTAC"], 4)
    scores = np.arange(len(windows.start), dtype=float)
    assert best_windows(windows, scores).tolist() == [6, 9]
    assert best_windows(windows, -scores).tolist() == [0, 7]
    only = np.isin(np.arange(10), [2, 4])
    assert best_windows(windows, scores, among=only).tolist() == [4]  # the second sequence has none


# --- what is refused


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rule": "basenji"}, r"rule.*'deepbind', 'basset'"),
        ({"threshold": 1.0}, r"threshold.*1.*a number in \[0, 1\)"),
        ({"threshold": -0.1}, r"threshold.*-0\.1.*>= 0"),
        ({"activation": "tanh"}, r"activation.*'relu'"),
        ({"bias": math.nan}, r"bias.*finite"),
    ],
)
def test_a_wrong_option_is_named(options, sentence):
    with pytest.raises(ArgumentError, match=sentence):
        heuristic_pfm(TEXTS, KERNEL, **options)


def test_a_sequence_without_a_whole_window_takes_no_part():
    both = heuristic_pfm([*TEXTS, "AC", "ANNNA"], KERNEL)
    np.testing.assert_array_equal(both.pfm, heuristic_pfm(TEXTS, KERNEL).pfm)
    with pytest.raises(ArgumentError, match=r"sequences.*3 known letters"):
        heuristic_pfm(["AC", "ANNNA"], KERNEL)


def test_a_kernel_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match="kernel"):
        heuristic_pfm(TEXTS, KERNEL[None])
    with pytest.raises(ShapeError, match=r"kernel.*\(4, 5\)"):
        window_scores(windows_of(TEXTS, 3), np.zeros((4, 5)))
    with pytest.raises(ArgumentError, match=r"kernel.*NaN"):
        heuristic_pfm(TEXTS, KERNEL * np.nan)
    windows = windows_of(TEXTS, 3)
    with pytest.raises(ArgumentError, match=r"sites.*of 1 sequences.*of 4"):
        on_sites(windows, [()])
    with pytest.raises(ArgumentError, match="share"):
        on_sites(windows, [()] * 4, share=0)
