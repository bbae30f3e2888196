"""EM: each step by two routes, evidence that never falls, motifs that are known."""

from __future__ import annotations

import re
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epool_viz.core.em import e_step, erase, expected_counts, first_ppms, fit_em, log_prior, m_step, posterior_ppm
from epool_viz.core.kernels import kernel_to_pwm_at, pwm_to_kernel
from epool_viz.core.motifs import kl_divergence
from epool_viz.core.posterior import log_evidence, site_posterior
from epool_viz.core.scan import scan
from epool_viz.core.windows import FoundSite, background_of, is_at_known_site, sites_of, windows_of
from epool_viz.data.examples import load_example
from epool_viz.data.motifs.reading import parse_motifs
from epool_viz.data.sequences.set import Site
from epool_viz.data.sequences.simulate import simulate
from epool_viz.errors import ArgumentError, ShapeError

BACKGROUND = np.array([0.4, 0.1, 0.2, 0.3])
TEXTS = ["ACGTTGCANACG", "TTACGGA", "GATTACAGATTACAGAC"]


def random_ppm(rng, width):
    ppm = rng.random((4, width)) + 0.05
    return ppm / ppm.sum(axis=0)


def encoded(texts):
    return [np.array(["ACGTN".index(letter) if letter != "N" else -1 for letter in text], np.int8) for text in texts]


# --- windows


def test_windows_are_those_of_known_letters_first_and_last():
    windows = windows_of(TEXTS, 4)
    starts = [windows.start[windows.sequence == s].tolist() for s in range(3)]
    assert starts == [[0, 1, 2, 3, 4], [0, 1, 2, 3], list(range(14))]  # the N of the first reaches over 5 to 8
    assert windows.n_windows.tolist() == [5, 4, 14]
    assert windows.first.tolist() == [0, 5, 9]
    assert "".join("ACGT"[c] for c in windows.letters[-1]) == "AGAC"
    assert not windows.is_reverse.any()


def test_the_other_strand_reads_the_reverse_complement():
    windows = windows_of(["ACGGT"], 3, both_strands=True)
    assert ["".join("ACGT"[c] for c in w) for w in windows.letters] == ["ACG", "CGG", "GGT", "CGT", "CCG", "ACC"]
    assert windows.start.tolist() == [0, 1, 2, 0, 1, 2]
    assert windows.is_reverse.tolist() == [False] * 3 + [True] * 3


def test_codes_strings_and_sets_are_the_same():
    peaks = load_example("crp0")
    one = windows_of(peaks, 9)
    two = windows_of(list(peaks), 9)
    three = windows_of(encoded(list(peaks)), 9)
    np.testing.assert_array_equal(one.letters, two.letters)
    np.testing.assert_array_equal(one.letters, three.letters)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: windows_of(TEXTS, 0), "`width` is 0"),
        (lambda: windows_of(TEXTS, True), "`width` is True"),
        (lambda: windows_of(TEXTS, 8), "number 2 of 7 letters; accepted: at least 8 letters"),
        (lambda: windows_of(["ACGNACG"], 4), "number 1 without a window"),
        (lambda: windows_of([], 4), "`sequences` is empty"),
        (lambda: windows_of(["MKV"], 2, alphabet="protein", both_strands=True), "`both_strands`"),
        (lambda: fit_em(TEXTS, 4, start="best"), "`start` is 'best'"),
        (lambda: fit_em(TEXTS, 4, n_starts=0), "`n_starts` is 0"),
        (lambda: fit_em(TEXTS, 4, occurrence="some"), "`occurrence` is 'some'"),
        (lambda: fit_em(TEXTS, 4, pseudocount=-1), "`pseudocount`"),
        (lambda: e_step(windows_of(TEXTS, 4), np.ones((4, 4))), "columns that sum to 1"),
        (lambda: e_step(windows_of(TEXTS, 4), np.full((4, 4), 0.25), occurrence="zoops", site_rate=0), "`site_rate`"),
    ],
)
def test_what_cannot_be_is_named(call, message):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert message in str(caught.value)


def test_a_ppm_of_another_width_is_refused():
    with pytest.raises(ShapeError, match=r"\(letter, 4\)"):
        e_step(windows_of(TEXTS, 4), np.full((4, 5), 0.25))


# --- the two steps, by the routes that pooling takes


@pytest.mark.parametrize("occurrence", ["oops", "zoops"])
@pytest.mark.parametrize("both_strands", [False, True])
def test_e_step_is_the_posterior_of_the_scan(rng, occurrence, both_strands):
    peaks = load_example("crp0")[:5]
    ppm = random_ppm(rng, 7)
    q = BACKGROUND
    windows = windows_of(peaks, 7, both_strands=both_strands)
    step = e_step(windows, ppm, background=q, occurrence=occurrence, site_rate=0.3)
    kernel = pwm_to_kernel(ppm, background=q)
    other = np.log(ppm[::-1, ::-1] / q[:, None])  # the motif reversed, against the background as it is
    kernels = [kernel, other] if both_strands else [kernel]
    onehot = peaks.one_hot()
    scores = np.concatenate([scan(onehot, k[None])[:, 0] for k in kernels], axis=-1)  # log odds
    expected = site_posterior(scores, occurrence=occurrence, site_rate=0.3, offset=0.0)
    np.testing.assert_allclose(step.posterior, np.asarray(expected).ravel(), rtol=1e-9, atol=1e-14)
    evidence = np.asarray(log_evidence(scores, offset=0.0))
    if occurrence == "zoops":
        evidence = np.log(0.7 + 0.3 * np.exp(evidence))
    assert step.evidence == pytest.approx(float(evidence.sum()), rel=1e-9)


def test_m_step_counts_by_hand(rng):
    windows = windows_of(TEXTS, 4)
    posterior = rng.random(len(windows.sequence))
    counts = np.zeros((4, 4))
    for w, p in zip(windows.letters, posterior, strict=True):
        for j, code in enumerate(w):
            counts[code, j] += p
    np.testing.assert_allclose(m_step(windows, posterior), counts / counts.sum(0), rtol=1e-12)
    smooth = counts + 3 * BACKGROUND[:, None]
    found = m_step(windows, posterior, pseudocount=3, background=BACKGROUND)
    np.testing.assert_allclose(found, smooth / smooth.sum(0), rtol=1e-12)


def test_the_m_step_is_the_best_ppm_for_its_posterior(rng):
    """No PPM near it gives a larger expected log likelihood."""
    windows = windows_of(TEXTS, 3)
    posterior = e_step(windows, random_ppm(rng, 3)).posterior
    best = m_step(windows, posterior)

    def expected(ppm):
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.nansum(posterior[:, None] * np.log(ppm)[windows.letters, np.arange(3)]))

    for _ in range(30):
        other = 0.9 * best + 0.1 * random_ppm(rng, 3)
        assert expected(other) <= expected(best) + 1e-12


# --- the climb


@given(
    seed=st.integers(0, 10**6),
    width=st.integers(1, 6),
    occurrence=st.sampled_from(["oops", "zoops"]),
    pseudocount=st.sampled_from([0.0, 0.1, 2.0]),
    both_strands=st.booleans(),
)
def test_the_objective_never_falls(seed, width, occurrence, pseudocount, both_strands):
    generator = np.random.default_rng(seed)
    codes = [generator.integers(-1, 4, size=n).astype(np.int8) for n in generator.integers(30, 45, size=4)]
    for each in codes:
        each[:6] = generator.integers(0, 4, size=6)  # at least one window
    found = fit_em(
        codes,
        width,
        occurrence=occurrence,
        pseudocount=pseudocount,
        both_strands=both_strands,
        n_starts=2,
        seed=seed,
        max_iterations=15,
    )
    assert np.all(np.diff(found.history.objective) >= -1e-9 * np.abs(found.history.objective[1:]) - 1e-9)
    if not pseudocount:
        np.testing.assert_array_equal(found.history.evidence, found.history.objective)
    sums = np.add.reduceat(found.posterior, found.windows.first)
    np.testing.assert_allclose(sums, found.site_probability, rtol=1e-9)
    assert found.evidence == pytest.approx(found.history.evidence[-1], rel=1e-12)
    np.testing.assert_allclose(found.ppm.sum(axis=0), 1, rtol=1e-12)


def test_crp_sites_are_found_where_they_are_known():
    crp0 = load_example("crp0")
    found = fit_em(crp0, 22, start="substrings", n_starts=5)
    starts = found.windows.start[found.best_windows()]
    hits = sum(any(abs(a - site.start) <= 3 for site in sites) for a, sites in zip(starts, crp0.sites, strict=True))
    assert hits >= 15
    assert sum(is_at_known_site(site, crp0.sites[site.sequence]) for site in found.sites()) >= hits
    assert found.converged
    assert found.n_starts == 5


def test_memes_published_motif_is_found_column_by_column(shared_data):
    """MEME's first motif of CRP0 (ZOOPS, every substring a start): the same sites, the same columns."""
    text = (shared_data / "crp0" / "crp0.meme-4.10.1.zoops.txt").read_text()
    theirs = parse_motifs(text)[0].ppm
    listed = re.findall(r"^(\w+) +(\d+) +\d\.\d+e-\d+ +[ACGT]+ [ACGT]{19} ", text, flags=re.MULTILINE)
    crp0 = load_example("crp0")
    own = fit_em(crp0, theirs.shape[1], occurrence="zoops", start="substrings", n_starts=5, pseudocount=0.1)
    found = {(crp0.names[site.sequence], site.start + 1) for site in own.sites(0.5)}
    published = {(name, int(start)) for name, start in listed[:17]}
    assert len(published) == 17
    assert len(found & published) >= 15, found ^ published
    smooth = [(ppm + 0.005) / 1.02 for ppm in (theirs, own.ppm)]
    bits = np.asarray(kl_divergence(*smooth))  # no shift: position by position
    assert bits.mean() < 0.05
    assert bits.max() < 0.2
    assert np.corrcoef(theirs.ravel(), own.ppm.ravel())[0, 1] > 0.98


@pytest.mark.parametrize("occurrence", ["oops", "zoops"])
def test_planted_motifs_are_recovered(occurrence):
    motif = np.array([[0.9, 0.03, 0.03, 0.04], [0.04, 0.9, 0.03, 0.03], [0.03, 0.03, 0.9, 0.04]] * 2 + [[0.25] * 4]).T
    motif = motif / motif.sum(axis=0)
    recovered = 0
    for seed in range(6):
        share = 1.0 if occurrence == "oops" else 0.6
        data = simulate(motif, n=120, length=60, positive_fraction=share, margin=0, seed=seed)
        found = fit_em(data, 7, occurrence=occurrence, start="random", n_starts=8, seed=seed)
        starts = found.windows.start[found.best_windows()]
        known = [(a, sites[0].start) for a, sites in zip(starts, data.sites, strict=True) if sites]
        recovered += np.mean([abs(a - b) <= 1 for a, b in known]) > 0.6
        if occurrence == "zoops":
            assert found.site_rate == pytest.approx(found.site_probability.mean(), abs=1e-3), "the rate is learnt"
            assert found.site_rate == pytest.approx(0.6, abs=0.25)
    assert recovered >= 5


def test_a_motif_that_is_given_is_the_only_start(rng):
    ppm = random_ppm(rng, 5)
    found = fit_em(TEXTS, 5, start=ppm, max_iterations=1, n_starts=9)
    assert (found.start, found.n_starts) == ("the given motif", 1)
    np.testing.assert_allclose(found.history.ppm[0], ppm, atol=1e-5)


@pytest.mark.parametrize("start", ["random", "substrings"])
def test_the_first_ppms_are_those_that_fit_em_begins_with(start):
    crp0 = load_example("crp0")
    windows = windows_of(crp0, 8)
    options = {"n_starts": 1, "seed": 3, "background": BACKGROUND}
    names, ppms = first_ppms(windows, start, **options)
    found = fit_em(crp0, 8, start=start, max_iterations=2, **options)
    assert names == [found.start]
    np.testing.assert_allclose(ppms[0], found.history.ppm[0], rtol=1e-12)
    if start == "random":
        names, ppms = first_ppms(windows, start, n_starts=7, seed=3, background=BACKGROUND)
        assert len(set(names)) == len(ppms) == 7


def test_seeds_repeat_and_the_best_start_wins():
    crp0 = load_example("crp0")
    one, two = (fit_em(crp0, 12, n_starts=6, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.ppm, two.ppm)
    told = []
    fit_em(crp0, 12, n_starts=6, seed=3, on_iteration=lambda start, i, value: told.append((start, i, value)))
    last = {start: value for start, _, value in told}
    assert one.history.objective[-1] == max(last.values())
    assert set(last) == set(range(6))


def test_the_next_motif_is_found_elsewhere():
    crp0 = load_example("crp0")
    first = fit_em(crp0, 15, start="substrings", n_starts=2)
    gone = erase(crp0, first)
    second = fit_em(crp0, 15, start="random", n_starts=4, erased=gone)
    for place, start in zip(second.windows.sequence, second.windows.start, strict=True):
        assert not gone[place][start : start + 15].any()
    assert second.evidence < first.evidence


# --- a kernel meets EM


@pytest.mark.parametrize("m", [0.0, 0.7, 3.0])
@pytest.mark.parametrize("strands", [None, "motif", "network"])
def test_posterior_ppm_counts_letters_under_the_poolings_own_weights(rng, m, strands):
    kernel = rng.normal(size=(4, 5))
    peaks = load_example("crp0")[:7]
    onehot = peaks.one_hot()
    kernels = [kernel, kernel[::-1, ::-1]] if strands else [kernel]
    logits = m * np.concatenate([scan(onehot, k[None])[:, 0] for k in kernels], axis=-1)
    if strands == "motif":  # against the one background: what its letters have over their complements
        odds = np.log(BACKGROUND[::-1] / BACKGROUND)
        logits += np.concatenate([scan(onehot, odds[None, :, None] * np.full(5, t))[:, 0] for t in (0, 1)], axis=-1)
    posterior = np.asarray(site_posterior(logits)).reshape(len(peaks), len(kernels), -1)
    counts = np.zeros((4, 5))
    for j in range(5):
        given = onehot[:, :, j : j + posterior.shape[-1]]
        counts[:, j] += np.einsum("nap,np->a", given, posterior[:, 0])
        if strands:
            other = onehot[:, ::-1, 4 - j : 4 - j + posterior.shape[-1]]
            counts[:, j] += np.einsum("nap,np->a", other, posterior[:, 1])
    options = {"m": m, "background": BACKGROUND, "both_strands": bool(strands), "strand_reading": strands or "motif"}
    found = posterior_ppm(peaks, kernel, **options)
    np.testing.assert_allclose(found, counts / counts.sum(axis=0), rtol=1e-9)
    with_bias = posterior_ppm(peaks, kernel, bias=-7.5, **options)
    np.testing.assert_allclose(with_bias, found, rtol=1e-9)
    smooth = posterior_ppm(peaks, kernel, pseudocount=3, **options)
    imaginary = (BACKGROUND + BACKGROUND[::-1]) / 2 if strands else BACKGROUND
    expected = (counts + 3 * imaginary[:, None]) / (counts.sum(axis=0) + 3)
    np.testing.assert_allclose(smooth, expected, rtol=1e-9)


def test_posterior_ppm_of_zoops_leaves_out_who_has_no_site(rng):
    """A set of which half the sequences cannot hold the motif: their windows count for nothing."""
    with_site = ["TTTTACGCATTTT", "TTACGCATTTTTT", "TTTTTTTACGCA"]
    without = ["TTTTTTTTTTTTT", "TTTTTTTTTT"]
    kernel = pwm_to_kernel(np.where(np.eye(4)[[0, 1, 2, 1, 0]].T == 1, 0.97, 0.01))
    one = posterior_ppm(with_site, kernel)
    two = posterior_ppm(with_site + without, kernel, occurrence="zoops", site_rate=0.5)
    oops = posterior_ppm(with_site + without, kernel)
    assert np.abs(one - two).max() < 0.02
    assert np.abs(one - oops).max() > 0.3


def test_a_kernel_at_a_fixed_point_of_em_is_where_the_m_step_leaves_it():
    crp0 = load_example("crp0")
    found = fit_em(crp0, 12, start="substrings", n_starts=2, pseudocount=0.5, tolerance=1e-10)
    q = BACKGROUND
    kernel = pwm_to_kernel(found.ppm, background=q)
    settled = fit_em(crp0, 12, start=found.ppm, pseudocount=0.5, background=q, max_iterations=400, tolerance=1e-12)
    kernel = pwm_to_kernel(settled.ppm, background=q)
    again = posterior_ppm(crp0, kernel, background=q, pseudocount=0.5)
    exact = kernel_to_pwm_at(kernel, 1.0, background=q).ppm
    assert float(kl_divergence(again, exact).max()) < 1e-6
    far = posterior_ppm(crp0, 3 * kernel, background=q, pseudocount=0.5)
    assert float(kl_divergence(far, kernel_to_pwm_at(3 * kernel, 1.0, background=q).ppm).mean()) > 0.05


def test_posterior_ppm_reads_what_has_a_window_and_refuses_what_has_none():
    kernel = np.random.default_rng(4).normal(size=(4, 6))
    some = posterior_ppm(["ACGTTGCA", "ACGNT", "AC", "TTGCAATN"], kernel)
    np.testing.assert_allclose(some, posterior_ppm(["ACGTTGCA", "TTGCAAT"], kernel), rtol=1e-12)
    with pytest.raises(ArgumentError, match="`sequences` is without a window; accepted: 6 known letters in a row"):
        posterior_ppm(["ACGNT", "AC"], kernel)
    with pytest.raises(ShapeError, match=r"`kernel` is of shape \(2, 4, 6\)"):
        posterior_ppm(["ACGTTGCA"], np.stack([kernel, kernel]))
    with pytest.raises(ArgumentError, match="`pseudocount`"):
        posterior_ppm(["ACGTTGCA"], kernel, pseudocount=-1)


def test_a_kernel_of_huge_numbers_still_has_a_posterior():
    kernel = np.zeros((4, 3))
    kernel[0] = 4000.0
    np.testing.assert_allclose(posterior_ppm(["CCAAAG", "TAAACC"], kernel), np.eye(4)[[0, 0, 0]].T, atol=1e-12)


def test_a_sequence_that_is_all_erased_takes_no_part():
    texts = ["ACGTACGT", "TTGACCATG"]
    gone = [np.ones(8, dtype=bool), np.zeros(9, dtype=bool)]
    for occurrence in ("oops", "zoops"):
        found = fit_em(texts, 4, erased=gone, occurrence=occurrence, n_starts=2)
        alone = fit_em(texts[1:], 4, occurrence=occurrence, n_starts=2, background=_letters(texts))
        np.testing.assert_allclose(found.ppm, alone.ppm, rtol=1e-9)
        assert found.evidence == pytest.approx(alone.evidence, rel=1e-9)
        assert found.site_probability[0] == 0
        assert len(found.best_windows()) == 1
    with pytest.raises(ArgumentError, match="not erased"):
        fit_em(texts, 4, erased=[np.ones(8, dtype=bool), np.ones(9, dtype=bool)])


def _letters(texts):
    counts = np.array([sum(text.count(letter) for text in texts) for letter in "ACGT"], dtype=float)
    counts += 1e-3 * counts.sum()
    return counts / counts.sum()


# --- many at once, and what a watcher needs


@pytest.mark.parametrize("width", [1, 5, 6, 11])
def test_columns_looked_up_together_are_the_columns(rng, width):
    """Widths below, at and above that of a group, and its multiple."""
    windows = windows_of(["".join(rng.choice(list("ACGT"), size=30)) for _ in range(3)], width)
    assert [group.first for group in windows.groups] == list(range(0, width, 5))
    weights = rng.random(len(windows.sequence))
    counts = np.zeros((4, width))
    for letters, weight in zip(windows.letters, weights, strict=True):
        counts[letters, np.arange(width)] += weight
    np.testing.assert_allclose(expected_counts(windows, weights), counts, rtol=1e-12)


def test_proteins_have_motifs_too():
    texts = ["MKVWWPAHHG", "AAWWPAKVLL", "GHWWPAGG"]
    found = fit_em(texts, 4, alphabet="protein", n_starts=20)
    assert [site.start for site in found.sites()] == [3, 2, 2]
    assert found.ppm.shape == (20, 4)
    assert set(found.start.removeprefix("window ")) <= set("ACDEFGHIKLMNPQRSTVWY")


def test_starts_side_by_side_are_the_starts_alone(monkeypatch):
    crp0 = load_example("crp0")

    def fit(told):
        def hear(*news):
            told[news[:2]] = news[2]

        return fit_em(crp0, 9, occurrence="zoops", n_starts=5, seed=2, on_iteration=hear)

    told, alone = {}, {}
    together = fit(told)
    monkeypatch.setattr("epool_viz.core.em._BATCH", 1)
    one_by_one = fit(alone)
    assert told.keys() == alone.keys()
    np.testing.assert_allclose([told[key] for key in alone], list(alone.values()), rtol=1e-9)
    np.testing.assert_allclose(together.ppm, one_by_one.ppm, rtol=1e-9)
    assert together.site_rate == pytest.approx(one_by_one.site_rate, rel=1e-9)


def test_a_cancel_gives_what_is_found_so_far(monkeypatch):
    monkeypatch.setattr("epool_viz.core.em._BATCH", 1)
    crp0, cancel = load_example("crp0"), threading.Event()

    def enough(start, iteration, _):
        if (start, iteration) == (0, 2):
            cancel.set()

    found = fit_em(crp0, 12, n_starts=3, cancel=cancel, on_iteration=enough)
    assert len(found.history.evidence) == 3
    assert (found.converged, found.n_starts) == (False, 1)
    trials = []
    cancel.set()
    found = fit_em(crp0, 12, start="substrings", n_starts=2, cancel=cancel, on_trial=lambda *news: trials.append(news))
    assert len(found.history.evidence) == 1
    assert len(trials) == 1
    assert trials[0][0] < trials[0][1]


def test_all_substrings_are_for_small_sets(monkeypatch):
    monkeypatch.setattr("epool_viz.core.em.MOST_TRIALS", 100)
    with pytest.raises(ArgumentError, match=r"'substrings', 16 of them in 23 windows; accepted: .* at most 10 windows"):
        fit_em(TEXTS, 4, start="substrings")


def test_the_penalty_is_the_log_density_of_the_imaginary_sites(rng):
    ppms = np.stack([random_ppm(rng, 3) for _ in range(2)])
    by_hand = [sum(1.5 * BACKGROUND[a] * np.log(p[a, j]) for a in range(4) for j in range(3)) for p in ppms]
    np.testing.assert_allclose(log_prior(ppms, BACKGROUND, 1.5), by_hand, rtol=1e-12)
    assert log_prior(ppms, BACKGROUND, 0.0).tolist() == [0.0, 0.0]


def test_sites_are_told_with_their_strand_and_only_where_there_is_one():
    site, other = "ACGGTTTA", "TAAACCGT"
    texts = [f"{site}CTCTGAGACT", f"TCGATCAG{other}", "GATCTCGAGACTCTAG"]
    ppm = np.where(np.eye(4)[["ACGT".index(c) for c in site]].T == 1, 0.97, 0.01)
    windows = windows_of(texts, 8, both_strands=True)
    posterior = e_step(windows, ppm, occurrence="zoops").posterior
    found = sites_of(windows, posterior, 0.5)
    assert [tuple(s)[:4] for s in found] == [(0, 0, 8, "+"), (1, 8, 16, "-")]
    assert all(0.5 <= s.posterior <= 1 for s in found)
    assert [s.sequence for s in sites_of(windows, posterior)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [(10, 18, True), (6, 14, True), (5, 13, False), (14, 22, True), (15, 23, False), (0, 100, True), (30, 38, False)],
)
def test_a_known_site_is_met_by_half_of_the_shorter_one(start, stop, expected):
    known = [Site(10, 18), Site(90, 98)]
    assert is_at_known_site(FoundSite(0, start, stop, "+", 1.0), known) is expected
    assert not is_at_known_site(FoundSite(0, start, stop, "+", 1.0), [])


def test_the_background_reads_both_strands_where_the_motif_does():
    codes = encoded(["AACN", "A"])
    dna = load_example("crp0").alphabet
    one, both = (background_of(codes, dna, strands) for strands in (False, True))
    np.testing.assert_allclose(one, (np.array([3, 1, 0, 0]) + 0.004) / 4.016, rtol=1e-12)
    np.testing.assert_allclose(both, both[::-1], rtol=1e-12)
