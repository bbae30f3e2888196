"""The gallery: logos as tall as core says, drawn when they come into view, sorted, searched and chosen by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest

from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.motifs import information_content
from tests.components.conftest import state_of
from tests.components.test_strip import assert_axe_is_content, assert_fits_a_phone, settle

RNG = np.random.default_rng(8)
KERNELS = np.round(RNG.normal(scale=np.linspace(0.2, 2.5, 64)[:, None, None], size=(64, 4, 9)), 3)
WEIGHTS = np.round(RNG.normal(size=64), 3)
USE = np.round(RNG.dirichlet(np.ones(64)), 4)
CARD = "#logo_gallery .ec-gallery-card"


def gallery_state(**changes):
    matches = [None] * 64
    matches[7] = {"name": "CTCF", "accession": "MA0139.2", "e": 2e-7, "reading": "exact"}
    matches[40] = {"name": "SP1<b>", "accession": "MA0079.5", "e": 3e-3, "reading": "heuristic"}
    own = {
        "kernels": KERNELS.tolist(),
        "names": [f"Kernel {k + 1}" for k in range(64)],
        "weights": WEIGHTS.tolist(),
        "use": USE.tolist(),
        "matches": matches,
        "place": 0,
        "chosen": [],
        "sort": "model",
        "find": "",
        "logo_kind": "information",
        "stretch": False,
    }
    return state_of("ACGTACGTACGT", KERNELS[0]) | own | changes


@pytest.fixture
def draw(show):
    return lambda **changes: show(gallery_state(**changes), "logo_gallery", options={"label": "All"})


def places(page):
    """The kernels in the order of the cards."""
    settle(page)
    return page.eval_on_selector_all(CARD, "cards => cards.map(card => Number(card.dataset.place))")


def drawn(page):
    return page.eval_on_selector_all(
        CARD, "cards => cards.filter(c => c.querySelector('path')).map(c => Number(c.dataset.place))"
    )


def heights(page, place):
    """Height of each letter of a card as a share of the logo, by column and colour."""
    return page.evaluate(
        """place => [...document.querySelectorAll(`[data-place="${place}"] path`)].map(path => {
            const [x, , , height] = path.getAttribute("transform").match(/[\\d.e-]+(?=[,)])/g).map(Number);
            return { column: Math.floor(x), height: 100 * height, fill: path.getAttribute("fill") };
        })""",
        place,
    )


def seen(page, place):
    page.locator(f'[data-place="{place}"]').scroll_into_view_if_needed()
    page.wait_for_function(f"document.querySelector('[data-place=\"{place}\"] path')")


def expected(m, place):
    ppm = kernel_to_pwm_at(KERNELS[place], m).ppm
    return ppm * information_content(ppm)


@pytest.mark.parametrize("m", [1.0, 0.4])
def test_letters_are_as_tall_as_core_says_first_and_last(draw, m):
    page = draw(m=m)
    for place in (0, 63):
        seen(page, place)
        wanted = expected(m, place) / 2
        found = np.zeros_like(wanted)
        for letter in heights(page, place):
            a = "ACGT".index(re.search(r"letter-(\w)", letter["fill"])[1])
            found[a, letter["column"]] = letter["height"]
        np.testing.assert_allclose(found, wanted, atol=2e-4)


def test_cards_are_drawn_when_they_come_into_view(draw):
    page = draw()
    page.wait_for_function("document.querySelector('#logo_gallery path')")
    first = drawn(page)
    assert 0 in first
    assert len(places(page)) == 64
    assert len(first) < 50
    assert 63 not in first
    seen(page, 63)
    assert 63 in drawn(page)


def test_m_redraws_what_is_seen_and_what_comes_later(draw):
    page = draw()
    page.wait_for_function("document.querySelector('#logo_gallery path')")
    before = heights(page, 5)
    page.evaluate("store.set({ m: 2.5 })")
    bits = information_content(kernel_to_pwm_at(KERNELS[5], 2.5).ppm).sum()
    page.wait_for_function(
        "text => document.querySelector('[data-place=\"5\"]').textContent.includes(text)", arg=f"{bits:.3g} bits"
    )
    assert heights(page, 5) != before
    seen(page, 63)
    assert sum(letter["height"] for letter in heights(page, 63)) == pytest.approx(expected(2.5, 63).sum() / 2, abs=5e-3)
    assert "= 12.18" in page.locator("[data-name=drawn]").inner_text()


def test_probabilities_and_own_heights_fill_what_they_should(draw):
    page = draw(logo_kind="probability")
    seen(page, 0)
    assert sum(letter["height"] for letter in heights(page, 0)) == pytest.approx(9, abs=0.02)
    page.evaluate("store.set({ logo_kind: 'information', stretch: true })")
    page.wait_for_function("document.querySelector('[data-name=drawn]').textContent.includes('own height')")
    columns = np.zeros(9)
    for letter in heights(page, 0):
        columns[letter["column"]] += letter["height"]
    assert columns.max() == pytest.approx(1, abs=0.02)


def test_sorting_is_cores_order(draw):
    page = draw()
    bits = [information_content(kernel_to_pwm_at(kernel, 1.0).ppm).sum() for kernel in KERNELS]
    orders = {
        "bits": np.argsort(-np.array(bits), kind="stable"),
        "weight": np.argsort(-WEIGHTS, kind="stable"),
        "use": np.argsort(-USE, kind="stable"),
    }
    for sort, order in orders.items():
        page.locator("#logo_gallery select").select_option(sort)
        assert places(page) == order.tolist(), sort
    page.locator("#logo_gallery select").select_option("match")
    assert places(page)[:3] == [7, 40, 0]
    page.locator("#logo_gallery select").select_option("model")
    assert places(page) == list(range(64))


def test_what_a_model_does_not_know_cannot_be_sorted_by(draw):
    page = draw(weights=None, use=None)
    assert page.locator("#logo_gallery select option").count() == 3
    assert "weight" not in page.locator('[data-place="0"]').inner_text()


def test_search_finds_numbers_and_motifs_and_says_when_it_finds_none(draw):
    page = draw()
    page.get_by_role("searchbox").fill("ctcf")
    assert places(page) == [7]
    settle(page)
    assert "1 of 64 kernels" in page.locator("[data-name=count]").inner_text()
    page.get_by_role("searchbox").fill("kernel 64")
    assert places(page) == [63]
    page.get_by_role("searchbox").fill("nothing of the kind")
    assert places(page) == []
    assert page.get_by_text("No kernel fits").is_visible()


def test_what_was_not_compared_is_no_finding(draw):
    page = draw(compared=[False] + [True] * 63)
    assert "not compared with JASPAR" in page.locator('[data-place="0"]').inner_text()
    assert "no known motif" in page.locator('[data-place="1"]').inner_text()


def test_without_weights_the_strongest_is_the_kernel_that_tells_most(draw):
    page = draw(weights=None, sort="weight")
    bits = [information_content(kernel_to_pwm_at(kernel, 1.0).ppm).sum() for kernel in KERNELS]
    assert places(page) == np.argsort(-np.array(bits), kind="stable").tolist()
    assert page.locator("#logo_gallery select").input_value() == "bits"


def test_a_sort_that_this_model_does_not_know_is_its_own_order(draw):
    page = draw(use=None, sort="use")
    assert places(page) == list(range(64))
    assert page.locator("#logo_gallery select").input_value() == "model"


def test_names_are_text_never_markup(draw):
    page = draw()
    seen(page, 40)
    assert page.locator('[data-place="40"] .ec-gallery-match').inner_text().startswith("SP1<b> E 0.003")


def test_the_keyboard_walks_opens_and_takes_along(draw):
    page = draw()
    page.locator('[data-place="0"] button').focus()
    columns = page.evaluate(
        "getComputedStyle(document.querySelector('.ec-gallery-cards')).gridTemplateColumns.split(' ').length"
    )
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    at = page.evaluate("Number(document.activeElement.closest('li').dataset.place)")
    assert at == 1 + columns
    page.keyboard.press("Enter")
    settle(page)
    assert page.evaluate("store.state.place") == at
    assert page.locator("[aria-current=true]").count() == 1
    told = "const n = pushed.length; document.activeElement.click(); return pushed.slice(n)"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(f"(() => {{ {told} }})()") == [{"place": at + 1}], "Python is told at once"
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(f"(() => {{ {told} }})()") == [{"place": at}]
    page.keyboard.press("x")
    page.keyboard.press("End")
    assert page.evaluate("Number(document.activeElement.closest('li').dataset.place)") == 63
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.evaluate("store.state.chosen") == [at, 63]
    page.wait_for_function("pushed.some(p => p.chosen && p.chosen.length === 2)")
    assert page.locator("#logo_gallery [tabindex='0'].ec-gallery-open").count() == 1
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")  # there is none before the first
    assert page.evaluate("Number(document.activeElement.closest('li').dataset.place)") == 0


def test_all_are_taken_along_or_what_the_search_leaves(draw):
    page = draw(find="ctcf")

    def is_taken(places, told):
        page.wait_for_function(f"store.state.chosen.join() === '{places}'")
        page.wait_for_function(f"document.querySelector('[data-name=count]').textContent === '1 of 64 kernels.{told}'")

    page.get_by_role("button", name="Take all along").click()
    is_taken("7", " 1 taken along.")
    page.get_by_role("button", name="Take none along").click()
    is_taken("", "")
    page.get_by_role("checkbox", name="take Kernel 8 along").check()
    is_taken("7", " 1 taken along.")


def test_another_model_makes_other_cards(draw):
    page = draw()
    other = KERNELS[:3, :, :5]
    news = {
        "kernels": other.tolist(),
        "names": ["a", "b", "c"],
        "matches": [None] * 3,
        "weights": None,
        "use": None,
        "place": 2,
    }
    page.evaluate("news => store.receive(news)", news)
    page.wait_for_function("document.querySelectorAll('#logo_gallery li').length === 3")
    assert page.locator("[aria-current=true]").inner_text().startswith("c")


def test_the_table_says_the_same_as_the_cards(draw):
    page = draw(find="ctcf")
    page.get_by_text("The kernels as a table").click()
    row = page.locator("#logo_gallery tbody tr")
    bits = information_content(kernel_to_pwm_at(KERNELS[7], 1.0).ppm).sum()
    assert float(row.locator("data").first.get_attribute("data-value")) == pytest.approx(bits, rel=1e-9)
    assert "CTCF (MA0139.2), E 2.0×10⁻⁷, exact" in row.inner_text()


def test_axe_and_a_phone(draw):
    page = draw()
    page.wait_for_function("document.querySelector('#logo_gallery path')")
    for theme in ("light", "dark"):
        assert_axe_is_content(page, "logo_gallery", theme)
    assert_fits_a_phone(page, "logo_gallery")
