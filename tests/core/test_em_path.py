"""The walk: half a step at a time it is EM, and every place that was passed can be looked at again."""

from __future__ import annotations

import numpy as np
import pytest

from epool_viz.core.em import e_step, fit_em, m_step
from epool_viz.core.em_path import TOLERANCE, Trail, bits_between
from epool_viz.core.motifs import kl_divergence
from epool_viz.core.windows import background_of, codes_of, windows_of
from epool_viz.data.examples import load_example

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
