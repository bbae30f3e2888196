"""One kernel read three ways: what the page draws is what core counts, and what it says is what it was told."""

from __future__ import annotations

import re

import numpy as np
import pytest

from epool_viz.core.em import posterior_ppm
from epool_viz.core.heuristics import heuristic_pfm
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.motifs import information_content, kl_divergence
from tests.components.conftest import state_of
from tests.components.test_strip import assert_axe_is_content, assert_fits_a_phone, settle

RNG = np.random.default_rng(2)
KERNELS = np.round(RNG.normal(size=(3, 4, 6)), 3)
TEXTS = ["".join(RNG.choice(list("ACGT"), size=40)) for _ in range(30)]
BACKGROUND = [0.3, 0.2, 0.15, 0.35]
STEPS = 10


def grid_of(place, rule="deepbind"):
    found = [heuristic_pfm(TEXTS, KERNELS[place], rule=rule, threshold=t / STEPS) for t in range(STEPS)]
    return {
        "place": place,
        "rule": rule,
        "pfm": [each.pfm.astype(int).tolist() for each in found],
        "n": [len(each.places) for each in found],
        "largest": found[0].largest,
    }


def detail_of(place, m=1.0, **changes):
    match = {"name": "CTCF", "accession": "MA0139.2", "e": 1e-4}
    known = RNG.dirichlet(np.ones(4), size=8).T
    told = {
        "place": place,
        "m": m,
        "posterior": posterior_ppm(TEXTS, KERNELS[place], m=m).tolist(),
        "residual": 2.5e-15,
        "windows": 18600,
        "n_sites": 30,
        "known": False,
        "at_sites": {"exact": 1.5, "heuristic": 2.25, "posterior": 2.0},
        "evidence": {"exact": 0.5, "heuristic": 0.25, "posterior": 0.75},
        "divergence": {"heuristic": 1.25, "posterior": 0.5},
        "matches": {"exact": [], "heuristic": [match, match], "posterior": [match]},
        "likeness": match
        | {
            "reading": "heuristic",
            "p": 1e-8,
            "letter_p": 1e-7,
            "offset": 3,
            "overlap": 5,
            "reverse": True,
            "width": 8,
            "n_known": 1019,
            "ppm": known.tolist(),
            "correlation": {"exact": 0.7, "heuristic": 0.9, "posterior": 0.8},
        },
    }
    return told | changes


def trio_state(place=1, **changes):
    own = {
        "kernels": KERNELS.tolist(),
        "names": ["Kernel 1", "Kernel 2", "Kernel 3"],
        "place": place,
        "m_pooling": 1.0,
        "m_likeliest": 2.5,
        "background": BACKGROUND,
        "logo_kind": "information",
        "rule": "deepbind",
        "threshold": 0.0,
        "has_sequences": True,
        "cannot_find": "",
        "finding": "",
        "look_up": 0,
        "stop_looking": 0,
        "grid": grid_of(place),
        "detail": detail_of(place),
    }
    return state_of("ACGTACGTACGT", KERNELS[0]) | own | changes


@pytest.fixture
def draw(show):
    return lambda place=1, **changes: show(trio_state(place, **changes), "three_readings")


def letters(page, reading):
    """Height of each letter in each column, as a share of the axis."""
    found = page.evaluate(
        """reading => [...document.querySelectorAll(`svg[data-reading=${reading}] path`)].map(path => {
            const [x, , , y] = path.getAttribute("transform").match(/[\\d.e-]+(?=[,)])/g).map(Number);
            return [path.dataset.letter, Math.floor(x), 100 * y];
        })""",
        reading,
    )
    shares = np.zeros((4, 6))
    for letter, column, height in found:
        shares["ACGT".index(letter), column] = height
    return shares


def assert_draws(page, reading, ppm):
    bits = information_content(ppm, BACKGROUND)
    top = -np.log2(min(BACKGROUND))
    np.testing.assert_allclose(letters(page, reading), ppm * bits / top, atol=3e-4)


@pytest.mark.parametrize("place", [0, 2])
def test_three_logos_are_cores(draw, place):
    page = draw(place)
    assert_draws(page, "exact", kernel_to_pwm_at(KERNELS[place], 1.0, background=BACKGROUND).ppm)
    assert_draws(page, "heuristic", heuristic_pfm(TEXTS, KERNELS[place]).ppm())
    assert_draws(page, "posterior", posterior_ppm(TEXTS, KERNELS[place]))
    assert page.locator("[data-name=kernel]").inner_text() == f"Kernel {place + 1}, read three ways"


def test_the_threshold_moves_the_heuristic_alone(draw):
    page = draw()
    exact, posterior = letters(page, "exact"), letters(page, "posterior")
    page.evaluate("store.set({ threshold: 0.6 })")
    settle(page)
    assert_draws(page, "heuristic", heuristic_pfm(TEXTS, KERNELS[1], threshold=0.6).ppm())
    np.testing.assert_array_equal(letters(page, "exact"), exact)
    np.testing.assert_array_equal(letters(page, "posterior"), posterior)
    n = len(heuristic_pfm(TEXTS, KERNELS[1], threshold=0.6).places)
    assert f"{n} windows" in page.locator("[data-row=heuristic] h3").inner_text()


def test_m_moves_the_exact_reading_at_once_and_the_posterior_waits(draw):
    page = draw()
    heuristic = letters(page, "heuristic")
    page.evaluate("store.set({ m: 2.5 })")
    settle(page)
    assert_draws(page, "exact", kernel_to_pwm_at(KERNELS[1], 2.5, background=BACKGROUND).ppm)
    np.testing.assert_array_equal(letters(page, "heuristic"), heuristic)
    assert page.locator("[data-row=posterior] .ec-trio-plot").get_attribute("aria-busy") == "true"
    page.evaluate("detail => store.receive({ detail })", detail_of(1, 2.5))
    settle(page)
    assert page.locator("[data-row=posterior] .ec-trio-plot").get_attribute("aria-busy") == "false"
    assert_draws(page, "posterior", posterior_ppm(TEXTS, KERNELS[1], m=2.5))


def test_the_bars_are_cores_divergence(draw):
    page = draw()
    exact = kernel_to_pwm_at(KERNELS[1], 1.0, background=BACKGROUND).ppm
    parted = {
        r: kl_divergence(p, exact)
        for r, p in (
            ("heuristic", heuristic_pfm(TEXTS, KERNELS[1]).ppm()),
            ("posterior", posterior_ppm(TEXTS, KERNELS[1])),
        )
    }
    top = float(page.locator("[data-row=heuristic] .ec-trio-gaphead").inner_text().split()[1])
    assert top >= max(map(np.max, parted.values()))
    for reading, each in parted.items():
        bars = page.eval_on_selector_all(
            f"[data-row={reading}] rect", "all => all.map(r => Number(r.getAttribute('height')))"
        )
        np.testing.assert_allclose(np.array(bars) * top, each, atol=1e-6)


def test_the_numbers_are_those_that_were_told_and_the_largest_is_marked(draw):
    page = draw()
    value = lambda name: float(page.locator(f"[data-name={name}]").first.get_attribute("data-value"))  # noqa: E731
    assert value("at_sites_heuristic") == 2.25
    assert value("evidence_posterior") == 0.75
    assert value("r_exact") == 0.7
    assert value("divergence_posterior") == 0.5
    best = page.eval_on_selector_all(".is-best data", "all => all.map(d => d.dataset.name)")
    assert best == ["at_sites_heuristic", "r_heuristic", "evidence_posterior"]
    verdict = page.locator("[data-name=verdict]").inner_text()
    assert re.search(r"on all 18.600 held-out windows they differ by 2.5×10⁻¹⁵", verdict)
    assert "Nearest to CTCF comes the heuristic reading: heuristic r = 0.9, posterior r = 0.8, exact r = 0.7" in verdict
    assert "30 best windows of held-out sequences" in page.locator("[data-name=how]").inner_text()


def test_only_significant_motifs_are_named_and_each_once(draw):
    page = draw()
    assert page.locator("[data-name=matches_exact]").inner_text() == "No significant known motif."
    assert page.locator("[data-name=matches_heuristic]").inner_text() == "CTCF, E 1.0×10⁻⁴"


def test_the_known_motif_stands_where_it_aligns(draw):
    page = draw()
    detail = page.evaluate("store.state.detail.likeness")
    known = np.array(detail["ppm"])
    bits = information_content(known, BACKGROUND)
    shares = np.zeros((4, 6))
    shares[:, :5] = (known * bits)[:, 3:] / -np.log2(min(BACKGROUND))
    np.testing.assert_allclose(letters(page, "known"), shares, atol=3e-4)
    # reversed: its columns count down, from 5 of 8 at the kernel's first
    assert page.locator("[data-row=known] .ec-trio-places span").all_inner_texts() == ["5", "4", "3", "2", "1", ""]
    assert (
        "Columns 1–5 of the kernel on 5 of the motif's 8, reversed"
        in page.locator("[data-name=alignment]").inner_text()
    )


def test_where_nothing_is_active_the_heuristic_says_so(draw):
    grid = grid_of(1)
    grid["pfm"][0] = np.zeros((4, 6), int).tolist()
    grid["n"][0] = 0
    page = draw(grid=grid)
    row = page.locator("[data-row=heuristic]")
    assert row.get_by_text("No window is active").is_visible()
    assert not row.locator("svg").first.is_visible()
    page.evaluate("store.set({ threshold: 0.3 })")
    settle(page)
    assert row.locator("svg").first.is_visible()


def test_the_bases_are_a_press_away(draw):
    page = draw()
    page.get_by_role("button", name="likeliest: m = 2.5").click()
    assert page.evaluate("store.state.m") == 2.5
    settle(page)
    assert page.get_by_role("button", name="likeliest: m = 2.5").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="of the pooling: m = 1").click()
    assert page.evaluate("store.state.m") == 1


def test_what_was_not_compared_can_be_and_stopped(draw):
    page = draw(detail=detail_of(1, matches={"exact": None, "heuristic": [], "posterior": []}, likeness=None))
    assert page.locator("[data-name=matches_exact]").inner_text().startswith("Known motifs: not compared")
    page.get_by_role("button", name="Compare with JASPAR").click()
    page.wait_for_function("pushed.some(p => p.look_up === 1)")
    page.evaluate("store.receive({ finding: 'Comparing …' })")
    settle(page)
    assert page.get_by_role("button", name="Compare with JASPAR").is_disabled()
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("pushed.some(p => p.stop_looking === 1)")
    page.evaluate("store.receive({ finding: '', cannot_find: 'Comparing needs memelite' })")
    settle(page)
    assert page.get_by_text("Comparing needs memelite").is_visible()
    assert page.get_by_role("button", name="Compare with JASPAR").is_disabled()


def test_without_sequences_there_is_the_exact_reading_only(draw):
    page = draw(detail=None, grid=None, has_sequences=False)
    assert page.locator("[data-row]:visible").count() == 1
    assert "exact reading only" in page.locator("[data-name=verdict]").inner_text()


def test_the_matrices_are_a_click_away(draw):
    page = draw(2)
    page.get_by_text("The matrices behind these logos").click()
    exact = kernel_to_pwm_at(KERNELS[2], 1.0, background=BACKGROUND).ppm
    assert float(page.locator("[data-name=ppm_exact_T_6]").get_attribute("data-value")) == pytest.approx(
        exact[3, 5], rel=1e-9
    )
    assert page.locator("table").count() == 3


def test_axe_and_a_phone(draw):
    page = draw()
    for theme in ("light", "dark"):
        assert_axe_is_content(page, "three_readings", theme)
    assert_fits_a_phone(page, "three_readings")
