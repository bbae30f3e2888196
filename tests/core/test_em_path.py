"""The walk: half a step at a time it is EM, and every place that was passed can be looked at again."""

from __future__ import annotations

import numpy as np
import pytest

from epool_viz.core.em import e_step, fit_em, m_step, posterior_ppm
from epool_viz.core.em_path import TOLERANCE, Trail, bits_between, fixed_point_bits, n_at_known_sites, walk_em
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.motifs import kl_divergence
from epool_viz.core.windows import background_of, codes_of, windows_of
from epool_viz.data.examples import load_example
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.errors import ArgumentError, ShapeError

WIDTH = 9


@pytest.fixture(params=["oops", "zoops"])
def trail(request):
    crp0 = load_example("crp0")
    codes, letters = codes_of(crp0, "DNA")
    rng = np.random.default_rng(3)
    ppm = rng.dirichlet(np.ones(4), size=WIDTH).T
    q = background_of(codes, letters, False)
    return Trail(windows_of(crp0, WIDTH), ppm, background=q, occurrence=request.param, pseudocount=0.5, name="chance")


def walk(trail, n):
    for _ in range(n):
        trail.step()


def test_places_take_turns_and_each_is_the_step_of_core(trail):
    first = trail.ppms[0]
    assert trail.end == 0
    walk(trail, 1)
    options = {"background": trail.background, "occurrence": trail.occurrence}
    one = e_step(trail.windows, first, site_rate=0.5, **options)
    assert trail.end == 1
    np.testing.assert_allclose(trail.posterior(1), one.posterior, rtol=1e-12)
    walk(trail, 1)
    after = m_step(trail.windows, one.posterior, pseudocount=0.5, background=trail.background)
    np.testing.assert_allclose(trail.ppm(2), after, rtol=1e-12)
    np.testing.assert_allclose(trail.posterior(2), one.posterior, rtol=1e-12)
    walk(trail, 1)
    two = e_step(trail.windows, after, site_rate=trail.rate(3), **options)
    np.testing.assert_allclose(trail.posterior(3), two.posterior, rtol=1e-12)
    if trail.occurrence == "zoops":
        assert trail.rate(2) == pytest.approx(one.site_probability.mean(), rel=1e-12)
    np.testing.assert_allclose(trail.ppm(0), first)
    np.testing.assert_allclose(trail.posterior(1), one.posterior, rtol=1e-12, err_msg="looking back")


def test_before_the_first_step_every_window_is_alike(trail):
    sums = np.add.reduceat(trail.posterior(0), trail.windows.first)
    np.testing.assert_allclose(sums, 0.5 if trail.occurrence == "zoops" else 1.0)
    assert np.ptp(trail.posterior(0)[: trail.windows.n_windows[0]]) == 0
    assert trail.sites(0) == []


def test_it_ends_where_fit_em_ends(trail):
    while not trail.is_finished:
        trail.step()
    assert trail.end % 2 == 1
    assert np.all(np.diff(trail.objective) >= -1e-9)
    fitted = fit_em(
        load_example("crp0"),
        WIDTH,
        start=trail.ppms[0],
        occurrence=trail.occurrence,
        pseudocount=0.5,
        background=trail.background,
        tolerance=TOLERANCE,
        max_iterations=300,
    )
    assert trail.evidence[-1] == pytest.approx(fitted.evidence, abs=0.01)
    np.testing.assert_allclose(trail.ppm(trail.end), fitted.ppm, atol=0.01)
    before = trail.end
    trail.step()
    assert trail.end == before, "a walk that has ended goes no further"
    followed = trail.follow(fitted.history, "another")
    assert followed.is_finished
    assert followed.end == 2 * (len(fitted.history.evidence) - 1) + 1
    np.testing.assert_allclose(followed.ppm(followed.end), fitted.ppm)
    assert trail.name == "chance"


def test_a_copy_walks_on_alone(trail):
    walk(trail, 3)
    other = trail.copy()
    walk(other, 4)
    assert (trail.end, other.end) == (3, 7)
    np.testing.assert_allclose(other.ppm(2), trail.ppm(2))


def test_how_far_a_step_moved_is_the_divergence(trail):
    walk(trail, 4)
    np.testing.assert_allclose(trail.moved(4), kl_divergence(trail.ppm(4), trail.ppm(2)), rtol=1e-6)
    assert trail.moved(1).tolist() == [0.0] * WIDTH
    sure = np.eye(4)[[0, 1]].T
    assert np.isfinite(bits_between(np.full((4, 2), 0.25), sure)).all()


def test_a_walk_is_taken_to_its_end_or_as_far_as_it_is_asked(trail):
    crp0 = load_example("crp0")
    options = {"occurrence": trail.occurrence, "pseudocount": 0.5}
    some = walk_em(crp0, trail.ppms[0], half_steps=5, name="five", **options)
    assert (some.end, some.name) == (5, "five")
    walk(trail, 5)
    np.testing.assert_allclose(some.ppm(5), trail.ppm(5), rtol=1e-12)
    np.testing.assert_allclose(some.background, trail.background, rtol=1e-12)
    assert walk_em(crp0, trail.ppms[0], **options).is_finished


def test_each_option_of_a_walk_is_heard(trail):
    crp0 = load_example("crp0")
    plain = walk_em(crp0, trail.ppms[0], half_steps=2).ppm(2)
    for option in (
        {"background": [0.4, 0.1, 0.2, 0.3]},
        {"both_strands": True},
        {"pseudocount": 3.0},
        {"erased": [np.arange(length) < 40 for length in crp0.lengths]},
    ):
        assert not np.allclose(walk_em(crp0, trail.ppms[0], half_steps=2, **option).ppm(2), plain, atol=1e-4), option
    rna = walk_em([text.replace("T", "U") for text in crp0], trail.ppms[0], half_steps=2, alphabet="RNA").ppm(2)
    np.testing.assert_allclose(rna, plain, rtol=1e-12)


def test_a_walk_leaves_out_sequences_without_a_window_and_names_what_it_cannot_use(trail):
    crp0 = load_example("crp0")
    more = SequenceSet.from_strings([*crp0, "A" * (WIDTH - 1), "N" * 30])
    q = trail.background
    few = walk_em(crp0, trail.ppms[0], half_steps=3, background=q).ppm(3)
    np.testing.assert_array_equal(walk_em(more, trail.ppms[0], half_steps=3, background=q).ppm(3), few)
    for message, change in (
        ("occurrence", {"occurrence": "tcm"}),
        ("pseudocount", {"pseudocount": -1}),
        ("half_steps", {"half_steps": -2}),
        ("half_steps", {"half_steps": 1.5}),
        ("background", {"background": [1, 2, 3]}),
        ("without a window", {"erased": [np.ones(length, bool) for length in crp0.lengths]}),
    ):
        with pytest.raises(ArgumentError, match=message):
            walk_em(crp0, trail.ppms[0], **change)
    with pytest.raises(ShapeError, match=r"ppm.*\(4, width\)"):
        walk_em(crp0, np.full((20, 3), 0.05))


@pytest.mark.parametrize("both_strands", [False, True])
@pytest.mark.parametrize("occurrence", ["oops", "zoops"])
def test_on_a_background_that_is_not_its_own_complement_it_climbs_as_fit_em_does(both_strands, occurrence):
    crp0 = load_example("crp0")
    ppm = np.random.default_rng(3).dirichlet(np.ones(4), size=WIDTH).T
    options = {"background": [0.4, 0.1, 0.2, 0.3], "both_strands": both_strands, "occurrence": occurrence}
    walked = walk_em(crp0, ppm, **options)
    fitted = fit_em(crp0, WIDTH, start=ppm, tolerance=TOLERANCE, max_iterations=300, **options)
    assert len(walked.evidence) == len(fitted.history.evidence)
    np.testing.assert_allclose(walked.objective, fitted.history.objective, rtol=1e-4)
    assert np.all(np.diff(walked.objective) >= -1e-9)
    first, n = walked.windows.first[1], walked.windows.n_windows[1]
    share = np.exp(walked.log_ratios(5, np.arange(first, first + n)))
    posterior = walked.posterior(5)[first : first + n]
    np.testing.assert_allclose(posterior / posterior.sum(), share / share.sum(), rtol=1e-9)


def test_a_walk_may_begin_at_a_motif_with_zeros(trail):
    crp0 = load_example("crp0")
    sure = np.eye(4)[np.arange(WIDTH) % 4].T
    walked = walk_em(crp0, sure, occurrence=trail.occurrence)
    np.testing.assert_allclose(walked.ppms[0], sure, atol=1e-6)
    fitted = fit_em(crp0, WIDTH, start=sure, occurrence=trail.occurrence, tolerance=TOLERANCE, max_iterations=300)
    assert walked.evidence[0] == pytest.approx(fitted.history.evidence[0], abs=1e-3)
    assert walked.evidence[-1] == pytest.approx(fitted.evidence, abs=0.01)


def test_what_is_seen_from_a_place_follows_from_its_posterior(trail):
    walk(trail, 5)
    posterior, windows = trail.posterior(5), trail.windows
    ratios = trail.log_ratios(5, np.arange(len(windows.letters)))
    if trail.occurrence == "oops":
        for first, n in ((windows.first[0], windows.n_windows[0]), (windows.first[-1], windows.n_windows[-1])):
            share = np.exp(ratios[first : first + n])
            np.testing.assert_allclose(posterior[first : first + n], share / share.sum(), rtol=1e-9)
    counts = trail.counts(5)
    np.testing.assert_allclose(counts.sum(axis=0), posterior.sum(), rtol=1e-12)
    effective = trail.effective_windows(5)
    assert 1 <= effective < trail.effective_windows(0) if trail.occurrence == "oops" else effective > 0
    if trail.occurrence == "oops":
        assert trail.effective_windows(0) == pytest.approx(np.exp(np.log(windows.n_windows).mean()))


def test_a_kernel_that_em_leaves_alone_has_no_bits():
    crp0 = load_example("crp0")
    q = np.array([0.3, 0.2, 0.2, 0.3])
    end = walk_em(crp0, np.random.default_rng(8).dirichlet(np.ones(4), size=WIDTH).T, background=q, pseudocount=1.0)
    for m in (1.0, 2.5):
        settled = np.log(end.ppms[-1] / q[:, None]) / m
        bits = fixed_point_bits(crp0, settled, m=m, background=q, pseudocount=1.0)
        assert bits.shape == (WIDTH,)
        assert bits.max() < 1e-4
        away = fixed_point_bits(crp0, settled[:, ::-1], m=m, background=q, pseudocount=1.0, occurrence="zoops")
        assert away.max() > 0.1
    kernel = np.random.default_rng(9).normal(size=(4, WIDTH))
    both = {"m": 1.7, "both_strands": True}
    expected = kl_divergence(posterior_ppm(crp0, kernel, **both), kernel_to_pwm_at(kernel, 1.7).ppm)
    np.testing.assert_allclose(fixed_point_bits(crp0, kernel, **both), expected, rtol=1e-6, atol=1e-12)


def test_sites_at_known_ones_are_counted_to_the_last(trail):
    known = load_example("crp0").sites
    walk(trail, 1)
    sites = trail.sites(1)
    assert n_at_known_sites(sites, known) == sum(n_at_known_sites([site], known) for site in sites)
    exact = [site._replace(start=known[site.sequence][-1].start, stop=known[site.sequence][-1].stop) for site in sites]
    assert n_at_known_sites(exact, known) == len(sites)
