"""The logo: its letters are as tall as core says, it says what it draws, and it follows m."""

from __future__ import annotations

import re

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.core.alphabet import PROTEIN, reverse_complement
from epool_viz.core.choices import LOGO_KINDS
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.motifs import information_content
from epool_viz.core.strands import other_strand_kernel
from epool_viz.figures.heights import letter_heights
from epool_viz.figures.svg import stack_letters
from tests.components.conftest import importable, state_of

KERNEL = np.random.default_rng(4).normal(size=(4, 7)) * 1.5
TEXT = "ACGTTGCANACGTTAGCATTAGACC"
Q = [0.1, 0.2, 0.3, 0.4]
DRAWN = """() => {
  const svg = document.querySelector("#logo svg");
  const box = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("path")].map((path) => {
    const at = path.getBoundingClientRect();
    const column = ((at.left + at.width / 2 - box.left) / box.width) * svg.viewBox.baseVal.width;
    return [path.dataset.letter, Math.floor(column), at.height / box.height, (at.top - box.top) / box.height];
  });
}"""


def logo_state(**changes):
    return state_of(TEXT, KERNEL, logo_kind="information", logo_reverse=False, **changes)


def settle(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def heights_of_core(kind, m, background, kernel=KERNEL):
    ppm = kernel_to_pwm_at(kernel, m, background=background).ppm
    return letter_heights(kernel if kind == "kernel" else ppm, kind=kind, background=background)


def drawn_heights(page):
    """What the eye sees, as a share of the axis: shape (letter, position)."""
    found = np.full(KERNEL.shape, np.nan)
    for letter, column, height, _ in page.evaluate(DRAWN):
        found["ACGT".index(letter), column] = height
    return found


def axis_ends(page, kind, background):
    """Upper and lower end of the height axis; the printed one of information is rounded."""
    texts = page.locator("#logo .ec-logo-axis span").all_inner_texts()
    high, low = (float(text.replace("−", "-")) for text in (texts[0], texts[-1]))
    return (-np.log2(min(background)), 0.0) if kind == "information" and background else (high, low)


@pytest.mark.parametrize("kind", LOGO_KINDS)
@pytest.mark.parametrize(("m", "background"), [(1.0, None), (2.3, Q)])
def test_every_letter_is_as_tall_and_lies_where_core_says(show, kind, m, background):
    page = show(logo_state(m=m, background=background) | {"logo_kind": kind}, "logo")
    expected = heights_of_core(kind, m, background)
    high, low = axis_ends(page, kind, background)
    length = high - low
    np.testing.assert_allclose(drawn_heights(page) * length, np.abs(expected), atol=2e-4 * length)
    tops = {(letter, column): high - top * length for letter, column, _, top in page.evaluate(DRAWN)}
    for glyph in stack_letters(expected):
        assert tops[glyph.letter, glyph.position] == pytest.approx(glyph.top, abs=2e-4 * length), glyph


def test_the_logo_moves_with_m(show):
    page = show(logo_state(), "logo")
    before = drawn_heights(page)
    page.evaluate("window.store.set({ m: 3 })")
    settle(page)
    after = drawn_heights(page)
    assert np.abs(after - before).max() > 0.05
    np.testing.assert_allclose(after * 2, heights_of_core("information", 3.0, None), atol=5e-4)
    assert "m = 3" in page.inner_text(".ec-logo-label")


def test_a_constant_in_a_column_leaves_the_logo(show):
    page = show(logo_state(), "logo")
    before = page.evaluate(DRAWN)
    moved = KERNEL + np.array([0, 0, 5, 0, 0, -3, 0.0])
    page.evaluate("(kernel) => window.store.set({ kernel })", moved.tolist())
    settle(page)
    np.testing.assert_allclose(drawn_heights(page), [[h for *_, h, _ in before][a::4] for a in range(4)], atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("information", ("Information, in bits", "PPM", "base eᵐ = 7.389 (m = 2)", "A 0.1, C 0.2, G 0.3, T 0.4")),
        ("probability", ("Probability", "PPM", "base eᵐ = 7.389 (m = 2)", "A 0.1")),
        ("log odds", ("Log odds, in bits", "PPM", "base eᵐ = 7.389 (m = 2)", "A 0.1")),
        ("kernel", ("Raw kernel, in score units", "no base, no background")),
    ],
)
def test_the_label_says_matrix_unit_base_and_background(show, kind, words):
    page = show(logo_state(m=2.0, background=Q) | {"logo_kind": kind}, "logo", options={"label": "my kernel"})
    label = page.inner_text(".ec-logo-label")
    assert all(word in label for word in (*words, "my kernel")), label


def test_a_uniform_background_is_called_so(show):
    page = show(logo_state(), "logo")
    assert "against a uniform background (4 letters alike)" in page.inner_text(".ec-logo-label")


def test_the_logo_of_a_motif_speaks_of_no_kernel_and_no_base(show):
    for kind, words in {
        "information": "Information, in bits, of my motif, against the background A 0.1",
        "probability": "Probability in my motif.",
        "log odds": "Log odds, in bits, of my motif, against the background A 0.1",
    }.items():
        state = logo_state(m=1.0, background=Q) | {"logo_kind": kind, "kernel_name": "my motif"}
        page = show(state, "logo", options={"motif": True})
        assert page.inner_text(".ec-logo-label").startswith(words)
    assert page.locator("#logo input[value=kernel]").count() == 0
    assert (
        page.locator("#logo svg[role=img]")
        .first.get_attribute("aria-label")
        .startswith("Log odds logo. The motif tells")
    )


def test_the_matrix_is_one_click_away_and_full(show):
    page = show(logo_state(m=1.3, background=Q), "logo")
    assert page.locator("#logo [data-name]").count() == 0, "the table was built before anyone asked"
    page.click("#logo summary")
    page.wait_for_selector("#logo table")
    ppm = kernel_to_pwm_at(KERNEL, 1.3, background=Q).ppm
    values = {
        name: float(value)
        for name, value in page.eval_on_selector_all(
            "#logo table data", "(all) => all.map((d) => [d.dataset.name, d.dataset.value])"
        )
    }
    for a, letter in enumerate("ACGT"):
        for j in range(7):
            assert values[f"ppm_{letter}_{j + 1}"] == pytest.approx(ppm[a, j], rel=1e-12)
    bits = information_content(ppm, Q)
    assert [values[f"information_bits_{j + 1}"] for j in range(7)] == pytest.approx(list(bits), rel=1e-9)
    page.evaluate("window.store.set({ m: 2 })")
    settle(page)
    first = float(page.get_attribute("#logo [data-name=ppm_A_1]", "data-value"))
    assert first == pytest.approx(kernel_to_pwm_at(KERNEL, 2.0, background=Q).ppm[0, 0], rel=1e-12)


@pytest.mark.parametrize("reading", ["motif", "network"])
@pytest.mark.parametrize("m", [0.0, 1.3])
def test_the_other_strand_is_drawn_and_said(show, reading, m):
    page = show(logo_state(background=Q, strand_reading=reading, m=m), "logo")
    page.check("#logo input[type=checkbox]")
    settle(page)
    kernel = np.asarray(reverse_complement(KERNEL))
    expected = heights_of_core("information", m, Q, kernel=kernel)
    if reading == "motif":  # the same PPM, reversed
        ppm = np.asarray(reverse_complement(kernel_to_pwm_at(KERNEL, m, background=Q).ppm))
        expected = letter_heights(ppm, kind="information", background=Q)
    np.testing.assert_allclose(drawn_heights(page) * -np.log2(0.1), expected, atol=1e-3)
    assert "that the reverse complement of the kernel means" in page.inner_text(".ec-logo-label")
    assert page.evaluate("window.store.state.logo_reverse") is True


@pytest.mark.parametrize("reading", ["motif", "network"])
def test_the_log_odds_of_the_other_strand_are_against_the_background_as_it_is(show, reading):
    state = logo_state(background=Q, strand_reading=reading, m=0.8) | {"logo_reverse": True}
    page = show(state, "logo")
    heights = page.evaluate(
        """async ([source, state]) => {
          const logo = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
          return logo.heightsOf(state, "log odds").heights;
        }""",
        [importable("logo"), state],
    )
    kernel = other_strand_kernel(KERNEL, strand_reading=reading, m=0.8, background=Q)
    expected = 0.8 * kernel_to_pwm_at(kernel, 0.8, background=Q).pwm / np.log(2)
    np.testing.assert_allclose(heights, expected, rtol=1e-9, atol=1e-12)


def test_the_window_under_the_cursor_is_written_below_as_the_kernel_reads_it(show):
    page = show(logo_state(), "logo")
    letters = lambda: page.inner_text(".ec-logo-window").replace("\n", "")  # noqa: E731
    assert letters() == TEXT[:7]
    page.evaluate("window.store.set({ cursor: 3 })")
    settle(page)
    assert letters() == TEXT[3:10]
    page.evaluate("window.store.set({ both_strands: true, cursor: 19 })")  # the first window of the other strand
    settle(page)
    complement = dict(zip("ACGTN", "TGCAN", strict=True))
    assert letters() == "".join(complement[a] for a in reversed(TEXT[:7]))
    page.evaluate("window.store.set({ both_strands: false, padding: 'same', cursor: 0 })")
    settle(page)
    assert letters() == "···" + TEXT[:4]


def test_the_kind_is_chosen_by_the_keyboard(show):
    page = show(logo_state(), "logo")
    page.focus("#logo input[value=information]")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.store.state.logo_kind") == "probability"
    settle(page)
    assert page.inner_text(".ec-logo-label").startswith("Probability")


def test_the_sentence_follows_and_is_spoken_once_at_rest(show):
    page = show(logo_state(), "logo")
    page.evaluate("for (const m of [1.5, 2, 2.5]) window.store.set({ m })")
    page.wait_for_function("document.querySelector('#logo [role=status]').textContent.includes('m = 2.5')")
    ppm = kernel_to_pwm_at(KERNEL, 2.5).ppm
    bits = information_content(ppm)
    best = int(np.argmax(bits))
    spoken = page.inner_text("#logo [role=status]")
    total = float(re.search(r"tells ([\d.]+) bits", spoken)[1])
    assert total == pytest.approx(bits.sum(), rel=5e-3)
    assert f"column is {best + 1}, where {'ACGT'[int(ppm[:, best].argmax())]} has" in spoken
    assert spoken in page.get_attribute("#logo svg", "aria-label")


def test_a_protein_kernel_has_its_own_letters_and_no_other_strand(show):
    kernel = np.random.default_rng(1).normal(size=(20, 3))
    protein = {
        "codes": PROTEIN.encode("ACDEFGHIKLMNPQRSTVWY").tolist(),
        "alphabet": PROTEIN.letters,
        "complement": None,
        "background": None,
    }
    page = show(logo_state() | protein | {"kernel": kernel.tolist()}, "logo")
    assert {letter for letter, *_ in page.evaluate(DRAWN)} == set(PROTEIN.letters)
    assert not page.is_visible("#logo input[type=checkbox]")
    assert (
        page.eval_on_selector_all(
            "#logo path", "(all) => [...new Set(all.map((p) => getComputedStyle(p).fill))].length"
        )
        == 1
    )


def test_every_outline_fills_its_box(bare_page):
    boxes = bare_page.evaluate(
        """async (source) => {
        const { lib } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
        const { GLYPHS } = lib.glyphs;
        const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        document.body.append(svg);
        return Object.fromEntries(Object.entries(GLYPHS).map(([letter, d]) => {
          const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
          path.setAttribute("d", d);
          svg.append(path);
          const { x, y, width, height } = path.getBBox();
          return [letter, [x, y, width, height]];
        }));
    }""",
        module_text("store"),
    )
    assert set(boxes) == set(PROTEIN.letters) | set("ACGTU")
    for letter, box in boxes.items():
        assert box == pytest.approx([0, 0, 100, 100], abs=0.05), letter


@pytest.mark.parametrize("background", [None, Q])
def test_a_column_that_tells_nothing_has_no_letter(show, background):
    kernel = KERNEL.copy()
    kernel[:, [0, -1]] = 0.5
    state = state_of(TEXT, kernel, logo_kind="information", logo_reverse=False, background=background)
    page = show(state, "logo")
    settle(page)
    text = page.locator("#logo").inner_text()
    assert re.search(r"consensus N[ACGT]{5}N\.", text), text
    page = show(state | {"m": 0.0}, "logo")
    settle(page)
    assert "0 bits in all; consensus NNNNNNN." in page.locator("#logo").inner_text()
