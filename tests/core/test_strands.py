"""Two strands: a motif on both, held against one background, and a network that scans both with one kernel."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from epool_viz.core.alphabet import DNA, RNA, one_hot, reverse_complement
from epool_viz.core.em import e_step, fit_em, m_step, posterior_ppm
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.motifs import ppm_to_pwm
from epool_viz.core.pooling import expectation_pool
from epool_viz.core.posterior import site_posterior
from epool_viz.core.scan import scan, scan_both_strands
from epool_viz.core.strands import is_own_complement, other_strand_kernel
from epool_viz.core.trace import e_step_trace
from epool_viz.core.windows import windows_of
from epool_viz.errors import ArgumentError

SKEWED = np.array([0.4, 0.1, 0.2, 0.3])
OWN = np.array([0.3, 0.2, 0.2, 0.3])
COMPLEMENT = list(DNA.complement_codes)


def complement(background):
    return None if background is None else np.asarray(background)[COMPLEMENT]


def mirrored(values):
    """Values of the windows of two strands as the reverse complement lists them: places mirrored, strands exchanged."""
    return np.asarray(values)[::-1]


@st.composite
def backgrounds(draw):
    shares = np.array(draw(st.lists(st.floats(0.05, 1), min_size=4, max_size=4)))
    return shares / shares.sum()


@st.composite
def motifs(draw, most=6):
    width = draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    ppm = rng.dirichlet(np.full(4, draw(st.sampled_from((0.3, 1.0, 5.0)))), size=width).T + 1e-4
    return ppm / ppm.sum(axis=0)


@st.composite
def sequences(draw, width, at_least=1):
    """Letters with unknown ones among them, and a whole window at the first or the last place."""
    letters = st.text(alphabet="ACGTACGTACGTN", min_size=0, max_size=17)
    known = draw(st.text(alphabet="ACGT", min_size=width, max_size=width + 3))
    around = draw(letters)
    return known + around if draw(st.booleans()) else around + known


@st.composite
def scenes(draw):
    """A motif, a sequence, a background, and options of the E-step."""
    ppm = draw(motifs())
    options = {
        "m": draw(st.sampled_from((0.05, 0.7, 1.0, 3.0))),
        "mode": draw(st.sampled_from((0, 1))),
        "occurrence": draw(st.sampled_from(("oops", "zoops"))),
        "site_rate": draw(st.floats(0.05, 0.95)),
        "bias": draw(st.floats(-3, 3)),
        "both_strands": True,
    }
    return ppm, draw(sequences(ppm.shape[1])), draw(backgrounds()), options


def kernel_of(ppm, m, background):
    return ppm_to_pwm(ppm, base=math.exp(m), background=background)


def traces(ppm, sequence, background, options):
    """One trace of a sequence, and one of its reverse complement under the complement of the background."""
    given_, other = background, complement(background)
    one = e_step_trace(sequence, kernel_of(ppm, options["m"], given_), background=given_, **options)
    text = reverse_complement(sequence)
    return one, e_step_trace(text, kernel_of(ppm, options["m"], other), background=other, **options)


def assert_mirrored(one, other):
    for name in ("whole", "scores", "log_ratios", "posterior", "bayes_posterior"):
        kept = one.whole if name == "scores" else np.ones_like(one.whole)
        np.testing.assert_allclose(
            mirrored(getattr(one, name)[kept]), getattr(other, name)[mirrored(kept)], rtol=1e-7, atol=1e-9, err_msg=name
        )
    for name in ("pooled", "maximum", "average", "log_sum_exp", "log_evidence", "site_probability", "entropy"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-8, atol=1e-9, err_msg=name)


def assume_no_tie_with_the_mean(trace):
    """In mode 1 a score at the mean counts by half, and rounding decides whether it is there."""
    scores = trace.scores[trace.whole]
    assume(trace.mode == 0 or np.abs(scores - scores.mean()).min() > 1e-9)


# --- a motif


@given(scenes())
def test_a_sequence_and_its_reverse_complement_give_the_same_sites(scene):
    one, other = traces(*scene)
    assume_no_tie_with_the_mean(one)
    assert_mirrored(one, other)
    assert max(one.identity_error, other.identity_error) < 1e-11


@given(motifs(), st.data())
def test_it_is_so_as_well_with_the_background_estimated_from_each(ppm, data):
    sequence = data.draw(sequences(ppm.shape[1]))
    counts = lambda text: np.array([1 + text.count(letter) for letter in "ACGT"], float)  # noqa: E731
    text = reverse_complement(sequence)
    one, other = (
        e_step_trace(each, kernel_of(ppm, 1.0, q), background=q, both_strands=True)
        for each, q in (
            (sequence, counts(sequence) / counts(sequence).sum()),
            (text, counts(text) / counts(text).sum()),
        )
    )
    assert_mirrored(one, other)


def by_letters(sequence, ppm, background, site_rate=None):
    """Posterior of every (strand, start) and probability of a site, from P(sequence, site) letter by letter."""
    width = ppm.shape[1]
    places, joint = [], []
    for strand, start in itertools.product("+-", range(len(sequence) - width + 1)):
        motif = ppm if strand == "+" else ppm[::-1, ::-1]
        product = 1.0
        for i, letter in enumerate(sequence):
            at = i - start
            if letter in "ACGT":
                code = "ACGT".index(letter)
                product *= motif[code, at] if 0 <= at < width else background[code]
            elif 0 <= at < width:
                product = 0.0
        places.append((strand, start))
        joint.append(product)
    joint = np.array(joint)
    with_site = joint.sum() / np.count_nonzero(joint)
    none = np.prod([background["ACGT".index(letter)] for letter in sequence if letter in "ACGT"])
    share = 1.0 if site_rate is None else site_rate * with_site / (site_rate * with_site + (1 - site_rate) * none)
    return places, share * joint / joint.sum(), share


@given(scenes())
def test_the_posterior_is_bayes_rule_from_the_probabilities_of_whole_sequences(scene):
    ppm, sequence, background, options = scene
    options["mode"] = 0
    trace = e_step_trace(sequence, kernel_of(ppm, options["m"], background), background=background, **options)
    rate = options["site_rate"] if options["occurrence"] == "zoops" else None
    places, posterior, share = by_letters(sequence, ppm, background, rate)
    assert places == list(zip(trace.strands, trace.starts, strict=True))
    np.testing.assert_allclose(trace.posterior, posterior, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(trace.site_probability, share, rtol=1e-8)
    np.testing.assert_array_equal(trace.strand_prior, [0.5, 0.5])


def test_the_two_sites_of_a_skewed_background_are_told_apart():
    """CC at the last window, GG at the first: where C is rare and G is common, CC says more."""
    ppm = np.full((4, 2), 0.01)
    ppm[1] = 0.97
    trace = e_step_trace("GGNCC", kernel_of(ppm, 1.0, SKEWED), background=SKEWED, both_strands=True)
    best = dict(zip(zip(trace.strands, trace.starts, strict=True), trace.scores.tolist(), strict=True))
    assert best["+", 3] == pytest.approx(2 * math.log(0.97 / 0.1), rel=1e-12)
    assert best["-", 0] == pytest.approx(2 * math.log(0.97 / 0.2), rel=1e-12)
    assert trace.posterior[[3, 4]] == pytest.approx([0.80, 0.20], abs=0.005)


@pytest.mark.parametrize(
    "options", [{"padding": "same"}, {"local_window": 3}, {"local_window": 2, "mode": 1}, {"local_window": 12}]
)
def test_padding_and_local_winners_are_mirrored_where_the_windows_divide(rng, options):
    """The 12 windows of width 5 divide into groups of 2, 3 and 12, which lie the same from either end."""
    ppm = rng.dirichlet(np.ones(4), size=5).T
    one, other = traces(ppm, "ACGTTGCATTGACCAT", SKEWED, {"m": 1.0, "both_strands": True, **options})
    assert_mirrored(one, other)


@pytest.mark.parametrize("activation", ["relu", "paper"])
def test_the_rectified_scores_are_mirrored_too(rng, activation):
    ppm = rng.dirichlet(np.ones(4), size=5).T
    options = {"m": 0.9, "activation": activation, "padding": "same", "both_strands": True}
    one, other = traces(ppm, "ACGTTNCATTGACCAT", SKEWED, options)
    np.testing.assert_allclose(mirrored(one.posterior), other.posterior, rtol=1e-9)
    np.testing.assert_allclose(one.pooled, other.pooled, rtol=1e-9)
    assert one.errors["score"] < 1e-12


def test_the_other_kernel_means_the_motif_reversed_with_the_same_offset(rng):
    kernel = rng.normal(size=(3, 4, 5))
    given_ = kernel_to_pwm_at(kernel, 1.3, bias=0.4, background=SKEWED)
    other = other_strand_kernel(kernel, m=1.3, background=SKEWED)
    read = kernel_to_pwm_at(other, 1.3, bias=0.4, background=SKEWED)
    np.testing.assert_allclose(read.ppm, reverse_complement(given_.ppm), rtol=1e-12)
    np.testing.assert_allclose(read.offset, given_.offset, rtol=1e-12)
    back = other_strand_kernel(other, m=1.3, background=SKEWED)
    np.testing.assert_allclose(back, kernel, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("m", [0.0, 1e-320, 1e-308])
def test_a_motif_has_no_score_at_the_base_one_and_a_network_has(m):
    kernel = np.eye(4)[:, :3]
    message = f"`m` is {m:g} for a motif on both strands of a background that is not its own complement; accepted: an m"
    with pytest.raises(ArgumentError, match=re.escape(message)):
        e_step_trace("ACGTTGA", kernel, both_strands=True, background=SKEWED, m=m)
    for options in ({"strand_reading": "network", "background": SKEWED}, {"background": OWN}, {}):
        trace = e_step_trace("ACGTTGA", kernel, both_strands=True, m=0.0, **options)
        np.testing.assert_allclose(trace.posterior, np.full(10, 0.1), rtol=1e-12)


@pytest.mark.parametrize("m", [1e-300, 1e-6, 20.0, 1e6])
def test_the_score_is_finite_and_the_posterior_a_probability_for_every_other_m(rng, m):
    kernel = rng.normal(size=(4, 5))
    trace = e_step_trace("ACGTTGCATTGACCA", kernel, both_strands=True, background=SKEWED, m=m)
    for name in ("scores", "pooled", "log_evidence", "gradient"):
        assert np.isfinite(getattr(trace, name)).all(), name
    np.testing.assert_allclose(trace.posterior.sum(), 1, rtol=1e-12)


def test_near_the_base_one_the_motif_is_the_background_and_its_strands_still_differ(rng):
    """As m goes to 0 the PPM goes to q: the given strand says nothing, the other compares q reversed with q."""
    kernel, sequence = rng.normal(size=(4, 3)), "ACGTTGCAA"
    trace = e_step_trace(sequence, kernel, both_strands=True, background=SKEWED, m=1e-9)
    codes = DNA.encode(sequence)
    ratios = [np.prod(complement(SKEWED)[codes[i : i + 3]] / SKEWED[codes[i : i + 3]]) for i in range(7)]
    expected = np.concatenate([np.ones(7), ratios])
    np.testing.assert_allclose(trace.posterior, expected / expected.sum(), rtol=1e-6)


def test_the_slope_in_m_of_a_motif_on_two_strands_also_moves_the_scores(rng):
    """`m x` rises by the network's score, and x itself falls by the strand's log odds over m²: no variance."""
    kernel, sequence, m = rng.normal(size=(4, 5)), "ACGTTGCATTGACCA", 0.9
    options = {"both_strands": True, "background": SKEWED}
    pooled = lambda m: float(e_step_trace(sequence, kernel, m=m, **options).pooled)  # noqa: E731
    trace = e_step_trace(sequence, kernel, m=m, **options)
    network = e_step_trace(sequence, kernel, m=m, strand_reading="network", **options)
    mean = lambda x: float((trace.posterior * x).sum())  # noqa: E731
    covariance = mean(trace.scores * network.scores) - mean(trace.scores) * mean(network.scores)
    slope = covariance - mean(m * (trace.scores - network.scores)) / m**2
    assert (pooled(m + 1e-5) - pooled(m - 1e-5)) / 2e-5 == pytest.approx(slope, rel=1e-6)
    variance = mean(trace.scores**2) - mean(trace.scores) ** 2
    assert abs(slope - variance) > 0.01


def test_torch_and_its_gradient_follow(backend, rng):
    kernel = rng.normal(size=(4, 5))
    options = {"both_strands": True, "background": SKEWED, "m": 0.8}
    trace = e_step_trace("ACGTTGCATTGACCA", backend(kernel), **options)
    assert backend.is_mine(trace.other_kernel)
    loose = backend.dtype == "float32"
    np.testing.assert_allclose(
        trace.posterior, e_step_trace("ACGTTGCATTGACCA", kernel, **options).posterior, rtol=1e-4 if loose else 1e-10
    )
    tensor = torch.tensor(kernel, requires_grad=True)
    e_step_trace("ACGTTGCATTGACCA", tensor, **options).pooled.backward()
    step = 1e-6 * np.eye(20)[7].reshape(4, 5)
    up, down = (e_step_trace("ACGTTGCATTGACCA", k, **options).pooled for k in (kernel + step, kernel - step))
    np.testing.assert_allclose(tensor.grad.ravel()[7], (up - down) / 2e-6, rtol=1e-6)


def test_rna_is_read_as_dna_is(rng):
    kernel, options = rng.normal(size=(4, 3)), {"both_strands": True, "background": SKEWED}
    dna = e_step_trace("ACGTTGACCA", kernel, **options)
    rna = e_step_trace("ACGUUGACCA", kernel, alphabet=RNA, **options)
    np.testing.assert_array_equal(rna.posterior, dna.posterior)


# --- a network


@given(scenes())
def test_a_network_scans_either_strand_with_one_kernel(scene):
    ppm, sequence, background, options = scene
    options |= {"strand_reading": "network", "mode": 0, "occurrence": "oops"}
    kernel = kernel_of(ppm, options["m"], background)
    trace = e_step_trace(sequence, kernel, background=background, **options)
    onehot = one_hot(sequence)
    given_ = scan(onehot, kernel, bias=options["bias"])
    other = scan(np.asarray(one_hot(reverse_complement(sequence))), kernel, bias=options["bias"])[::-1]
    np.testing.assert_allclose(trace.scores, np.concatenate([given_, other]), rtol=1e-9, atol=1e-9)
    posterior = site_posterior(trace.scores, m=options["m"], mask=trace.whole)
    np.testing.assert_allclose(trace.posterior, posterior, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        trace.pooled, expectation_pool(trace.scores, m=options["m"], mask=trace.whole), rtol=1e-9, atol=1e-12
    )
    assert trace.identity_error < 1e-10
    backwards = e_step_trace(reverse_complement(sequence), kernel, background=background, **options)
    np.testing.assert_allclose(mirrored(trace.posterior), backwards.posterior, rtol=1e-7, atol=1e-12)


@given(scenes())
def test_the_prior_that_a_network_implies_is_e_to_the_m_offset_of_its_strand(scene):
    ppm, sequence, background, options = scene
    options |= {"strand_reading": "network"}
    kernel, m = kernel_of(ppm, options["m"], background), options["m"]
    trace = e_step_trace(sequence, kernel, background=background, **options)
    z = [np.log((background[:, None] * np.exp(m * k)).sum(axis=0)).sum() for k in (kernel, kernel[::-1, ::-1])]
    odds = math.exp(z[0] - z[1])
    np.testing.assert_allclose(trace.strand_prior, [odds / (1 + odds), 1 / (1 + odds)], rtol=1e-8, atol=1e-12)


@given(scenes(), st.sampled_from(("motif", "network")), st.booleans())
def test_the_statement_says_uniform_only_where_the_start_is(scene, reading, is_own):
    ppm, sequence, background, options = scene
    background = (background + complement(background)) / 2 if is_own else background
    kernel = kernel_of(ppm, 1.0, SKEWED)
    trace = e_step_trace(sequence, kernel, background=background, strand_reading=reading, **options)
    if "start uniform" in trace.statement:
        np.testing.assert_allclose(trace.strand_prior, [0.5, 0.5], rtol=1e-9)
        assert "both strands" in trace.statement
    else:
        assert (reading, is_own_complement(background)) == ("network", False)
        given_, other = (f"{chance:.3g}" for chance in trace.strand_prior)
        assert f"e^(m × offset) of its strand, + to − as {given_} to {other}" in trace.statement


@given(scenes())
def test_the_two_readings_agree_where_the_background_is_its_own_complement(scene):
    ppm, sequence, background, options = scene
    background = (background + complement(background)) / 2
    assert is_own_complement(background)
    kernel = kernel_of(ppm, options["m"], background)
    motif, network = (
        e_step_trace(sequence, kernel, background=background, strand_reading=reading, **options)
        for reading in ("motif", "network")
    )
    assume_no_tie_with_the_mean(motif)
    np.testing.assert_array_equal(motif.scores, network.scores)
    np.testing.assert_array_equal(motif.posterior, network.posterior) if options["occurrence"] == "oops" else None
    np.testing.assert_allclose(motif.site_probability, network.site_probability, rtol=1e-9)
    assert motif.statement == network.statement


@pytest.mark.parametrize(
    ("options", "statement"),
    [
        (
            {"strand_reading": "motif"},
            "Exact: the weights are the posterior of exactly one site, "
            "its start uniform over all whole windows of both strands.",
        ),
        (
            {"strand_reading": "network"},
            "Exact, as a network reads both strands with one kernel: the weights are the posterior of exactly one site"
            ", its start among all whole windows of both strands with the prior e^(m × offset) of its strand, "
            "+ to − as 0.429 to 0.571.",
        ),
        (
            {"strand_reading": "network", "local_window": 2},
            "Local winners: the weights are Bayes' rule over the best window of every 2, with no chance given to the "
            "others, each winner with the prior e^(m × offset) of its strand, + to − as 0.429 to 0.571; each score is "
            "still offset + log odds.",
        ),
        (
            {"strand_reading": "network", "activation": "relu"},
            "As published: the weights are a posterior over rectified scores. Score = the strand's offset + log odds "
            "still holds for each whole window; the posterior is no longer Bayes' rule.",
        ),
    ],
)
def test_the_statement_names_the_prior_of_the_strands(options, statement):
    """A kernel that gives ln 2 for A: the offset is ln(1 + q_A) on the given strand, ln(1 + q_T) on the other."""
    kernel = np.log(np.array([[2.0], [1.0], [1.0], [1.0]]))
    background = [0.2, 0.1, 0.1, 0.6]
    trace = e_step_trace("ACGTTA", kernel, both_strands=True, background=background, **options)
    assert trace.statement == statement
    expected = 1.2 / (1.2 + 1.6) if options["strand_reading"] == "network" else 0.5
    assert trace.strand_prior[0] == pytest.approx(expected, rel=1e-12)


def test_a_reading_that_is_none_is_named(rng):
    kernel = rng.normal(size=(4, 3))
    message = re.escape("`strand_reading` is 'both'; accepted: 'motif', 'network'")
    for call in (
        lambda: e_step_trace("ACGTA", kernel, strand_reading="both"),
        lambda: scan_both_strands(one_hot("ACGTA"), kernel, strand_reading="both"),
        lambda: posterior_ppm(["ACGTA"], kernel, strand_reading="both"),
    ):
        with pytest.raises(ArgumentError, match=message):
            call()


# --- motif discovery


SETS = st.lists(
    st.tuples(st.text(alphabet="ACGT", min_size=5, max_size=9), st.text(alphabet="ACGTN", max_size=6)),
    min_size=2,
    max_size=5,
).map(lambda pairs: [known + rest for known, rest in pairs])


def mirrored_sets(values, windows):
    """Values of the windows of a set as the set of the reverse complements lists them."""
    return np.concatenate([mirrored(values[a : a + n]) for a, n in zip(windows.first, windows.n_windows, strict=True)])


@given(SETS, motifs(4), backgrounds(), st.sampled_from(("oops", "zoops")), st.floats(0.1, 0.9), st.floats(0, 3))
def test_one_step_of_em_is_the_same_for_the_reverse_complements(texts, ppm, background, occurrence, rate, pseudocount):
    width, others = ppm.shape[1], [reverse_complement(text) for text in texts]
    given_, other = (windows_of(each, width, both_strands=True) for each in (texts, others))
    options = {"occurrence": occurrence, "site_rate": rate}
    one = e_step(given_, ppm, background=background, **options)
    two = e_step(other, ppm, background=complement(background), **options)
    np.testing.assert_allclose(mirrored_sets(one.posterior, given_), two.posterior, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(one.site_probability, two.site_probability, rtol=1e-8)
    assert one.evidence == pytest.approx(two.evidence, rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(
        m_step(given_, one.posterior, pseudocount=pseudocount, background=background),
        m_step(other, two.posterior, pseudocount=pseudocount, background=complement(background)),
        rtol=1e-8,
        atol=1e-12,
    )


@given(SETS, motifs(4), backgrounds(), st.sampled_from(("oops", "zoops")))
def test_em_and_the_trace_have_one_e_step(texts, ppm, background, occurrence):
    windows = windows_of(texts, ppm.shape[1], both_strands=True)
    step = e_step(windows, ppm, background=background, occurrence=occurrence, site_rate=0.3)
    kernel = kernel_of(ppm, 1.0, background)
    told = {"background": background, "occurrence": occurrence, "site_rate": 0.3, "both_strands": True}
    each = [e_step_trace(text, kernel, **told) for text in texts]
    posterior = np.concatenate([trace.posterior[trace.whole] for trace in each])
    np.testing.assert_allclose(step.posterior, posterior, rtol=1e-8, atol=1e-12)
    evidence = np.array([trace.log_evidence for trace in each])
    evidence = evidence if occurrence == "oops" else np.log(0.7 + 0.3 * np.exp(evidence))
    assert step.evidence == pytest.approx(evidence.sum(), rel=1e-8, abs=1e-9)


@settings(max_examples=30)
@given(
    SETS,
    motifs(3),
    st.one_of(st.none(), backgrounds()),
    st.sampled_from(("oops", "zoops")),
    st.sampled_from(("given", "random", "substrings")),
)
def test_discovery_finds_the_same_sites_in_the_reverse_complements(texts, ppm, background, occurrence, start):
    width, others = ppm.shape[1], [reverse_complement(text) for text in texts]
    options = {"occurrence": occurrence, "both_strands": True, "max_iterations": 4, "n_starts": 1, "seed": 3}
    options["start"] = ppm if start == "given" else start
    one = fit_em(texts, width, background=background, **options)
    other = fit_em(others, width, background=complement(background), **options)
    assume(one.start == other.start)  # of equally good substrings, rounding may choose either
    np.testing.assert_allclose(one.ppm, other.ppm, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(mirrored_sets(one.posterior, one.windows), other.posterior, rtol=1e-5, atol=1e-8)
    assert one.evidence == pytest.approx(other.evidence, rel=1e-7, abs=1e-7)
    assert one.site_rate == pytest.approx(other.site_rate, rel=1e-6)


def test_discovery_with_random_starts_mirrors_its_sites(rng):
    """A set with a planted motif, first and last windows among the sites, under a background of A and C."""
    q = np.array([0.45, 0.3, 0.15, 0.1])
    texts = []
    for place in (0, 25, 12, 7, 18, 3):
        letters = list("".join(rng.choice(list("ACGT"), size=32, p=q)))
        letters[place : place + 7] = "TTGACGT" if place % 2 else reverse_complement("TTGACGT")
        texts.append("".join(letters))
    others = [reverse_complement(text) for text in texts]
    one = fit_em(texts, 7, both_strands=True, background=q, n_starts=6, seed=5)
    other = fit_em(others, 7, both_strands=True, background=complement(q), n_starts=6, seed=5)
    assert one.start == other.start
    exchanged = {"+": "-", "-": "+"}
    for a, b in zip(one.sites(), other.sites(), strict=True):
        assert (a.start, a.strand) == (32 - b.stop, exchanged[b.strand])
        assert a.posterior == pytest.approx(b.posterior, rel=1e-6)


@pytest.mark.parametrize("occurrence", ["oops", "zoops"])
def test_the_objective_never_falls_under_a_skewed_background(rng, occurrence):
    texts = ["".join(rng.choice(list("ACGT"), size=n, p=SKEWED)) for n in (9, 14, 23, 17)]
    ppm = rng.dirichlet(np.ones(4), size=4).T
    found = fit_em(texts, 4, start=ppm, both_strands=True, background=SKEWED, occurrence=occurrence, pseudocount=0.7)
    assert len(found.history.objective) > 3
    assert np.diff(found.history.objective).min() > -1e-9


@given(SETS, motifs(4), backgrounds(), st.sampled_from(("oops", "zoops")), st.sampled_from((0.1, 0.6, 2.0)))
def test_the_posterior_ppm_is_the_same_for_the_reverse_complements(texts, ppm, background, occurrence, m):
    others = [reverse_complement(text) for text in texts]
    options = {"both_strands": True, "occurrence": occurrence, "site_rate": 0.4, "pseudocount": 0.5, "m": m}
    one, other = (
        posterior_ppm(each, kernel_of(ppm, m, q), background=q, **options)
        for each, q in ((texts, background), (others, complement(background)))
    )
    np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-10)


@given(SETS, motifs(4), backgrounds(), st.sampled_from(("oops", "zoops")), st.sampled_from(("motif", "network")))
def test_the_posterior_ppm_counts_under_the_posterior_of_the_trace(texts, ppm, background, occurrence, reading):
    kernel = kernel_of(ppm, 1.0, SKEWED)
    told = {"background": background, "both_strands": True, "strand_reading": reading, "occurrence": occurrence}
    told |= {"m": 0.8, "site_rate": 0.3}
    windows = windows_of(texts, ppm.shape[1], both_strands=True)
    each = [e_step_trace(text, kernel, **told) for text in texts]
    posterior = np.concatenate([trace.posterior[trace.whole] for trace in each])
    found = posterior_ppm(texts, kernel, **told)
    np.testing.assert_allclose(found, m_step(windows, posterior), rtol=1e-7, atol=1e-10)
