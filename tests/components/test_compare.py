"""Compare: what is pinned, what differs, and every number on both sides as core says."""

from __future__ import annotations

import re

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.widgets import Compare
from epool_viz.core.alphabet import DNA
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.motifs import information_content
from epool_viz.core.trace import e_step_trace
from tests.components.conftest import source_of, state_of
from tests.components.test_strip import (
    assert_axe_is_content,
    assert_fits_a_phone,
    numbers,
    open_table,
    press,
    sentence,
    set_state,
    settle,
    state,
)

TEXT = "ACGTTGCATCANGTTAGCATTAGACCATGACTTAGGC"
MUTATED = TEXT[:20] + "G" + TEXT[21:]
Q = [0.1, 0.2, 0.3, 0.4]
PAPER = {"activation": "paper", "local_window": 3, "padding": "same"}
KERNEL = np.random.default_rng(4).normal(size=(4, 5))
OTHER = np.random.default_rng(5).normal(size=(4, 8))
NAMES = (
    "pooled",
    "average",
    "maximum",
    "logsumexp",
    "offset",
    "information",
    "effective",
    "posterior",
    "window",
    "site",
)


@pytest.fixture
def compare(show):
    return lambda **changes: show(state_of(TEXT, KERNEL, sequence_name="one", kernel_name="mine", **changes), "compare")


def pin(page):
    page.click("#compare button:has-text('Pin this state')")
    settle(page)


def numbers_of_core(text, kernel, m=1.0, **options):
    trace = e_step_trace(text, kernel, m=m, **options)
    bits = information_content(
        kernel_to_pwm_at(kernel, m, background=options.get("background")).ppm, options.get("background")
    )
    values = (
        trace.pooled, trace.average, trace.maximum, trace.log_sum_exp, trace.pwm.offset, bits.sum(),
        trace.effective_windows, trace.posterior.max(), trace.posterior.argmax() + 1, trace.site_probability,
    )  # fmt: skip
    return dict(zip(NAMES, map(float, values), strict=True))


def rows(page, table=0):
    cells = "(trs) => trs.map((tr) => [...tr.children].map((cell) => cell.textContent))"
    return page.eval_on_selector_all(f"#compare .ec-compare-main .ec-scroll:nth-child({table + 1}) tbody tr", cells)


def codes(text):
    return DNA.encode(text).tolist()


def heights(page, name):
    """How high the bars of a side are, from left to right, in pixels."""
    d = page.get_attribute(f"#compare [data-name={name}]", "d")
    return [abs(float(v)) for v in re.findall(r"M[-\d.]+ [-\d.]+v(-?[\d.]+)", d)]


def test_the_widget_carries_its_module():
    assert Compare(store=Store(state=state_of(TEXT, KERNEL), on_patch=lambda _: None))._esm == module_text("compare")


def test_the_module_is_small():
    source = source_of("compare")
    assert len(source.encode()) < 30_000
    assert "innerHTML" not in source


def test_nothing_is_compared_before_something_is_pinned(compare):
    page = compare()
    assert page.locator("#compare [role=slider]").is_visible() is False
    assert page.locator("#compare button:visible").all_inner_texts() == ["Pin this state"]
    assert sentence(page, "compare").startswith("Pin this state")


def test_pinning_keeps_the_inputs_and_the_names(compare):
    page = compare(m=1.3, background=[0.1, 0.2, 0.3, 0.4])
    pin(page)
    pinned = state(page, "pinned")
    expected = page.evaluate("window.store.state")
    assert pinned == {key: value for key, value in expected.items() if key not in ("cursor", "step", "zoom", "pinned")}
    assert page.evaluate("window.store.state.pinned.kernel !== window.store.state.kernel")
    assert "No choice differs" in page.inner_text("#compare")
    assert sentence(page, "compare").startswith("This state is pinned.") or page.wait_for_function(
        "document.querySelector('#compare [data-name=sentence]').textContent.startsWith('This state is pinned.')"
    )


@pytest.mark.parametrize(
    ("patch", "text", "kernel", "options"),
    [
        ({"m": 2.5}, TEXT, KERNEL, {"m": 2.5}),
        ({"codes": codes(MUTATED)}, MUTATED, KERNEL, {}),
        ({"kernel": OTHER.tolist()}, TEXT, OTHER, {}),
        ({"codes": codes(TEXT[3:])}, TEXT[3:], KERNEL, {}),
        ({"both_strands": True, "mode": 1, "m": 0.7}, TEXT, KERNEL, {"both_strands": True, "mode": 1, "m": 0.7}),
        ({"occurrence": "zoops", "site_rate": 0.3}, TEXT, KERNEL, {"occurrence": "zoops", "site_rate": 0.3}),
        ({"background": Q, "bias": 0.5}, TEXT, KERNEL, {"background": Q, "bias": 0.5}),
        (PAPER, TEXT, KERNEL, PAPER),
    ],
    ids=lambda x: "-".join(x) if isinstance(x, dict) else "",
)  # fmt: skip
def test_the_numbers_of_both_sides_are_those_of_core(compare, patch, text, kernel, options):
    page = compare()
    pin(page)
    set_state(page, **patch)
    then, now = numbers_of_core(TEXT, KERNEL), numbers_of_core(text, kernel, **options)
    shown = numbers(page, "compare")
    for name in NAMES:
        assert shown[f"pinned_{name}"] == pytest.approx(then[name], rel=1e-11)
        assert shown[f"present_{name}"] == pytest.approx(now[name], rel=1e-11)
        assert shown[f"difference_{name}"] == pytest.approx(now[name] - then[name], abs=1e-10)
    open_table(page, "compare")
    shown = numbers(page, "compare")
    for side, posterior in (
        ("pinned", e_step_trace(TEXT, KERNEL).posterior),
        ("present", e_step_trace(text, kernel, **options).posterior),
    ):
        found = [shown[f"{side}_posterior_{i + 1}"] for i in range(len(posterior))]
        np.testing.assert_allclose(found, np.asarray(posterior), rtol=1e-10, atol=1e-300)


def test_a_mutated_letter_is_named_in_table_and_sentence(compare):
    page = compare()
    pin(page)
    set_state(page, codes=codes(MUTATED))
    assert rows(page) == [["letter 21", "T", "G"]]
    page.wait_for_function(
        "document.querySelector('#compare [data-name=sentence]').textContent.startsWith('letter 21: T → G. ePool ')"
    )


def test_what_differs_is_listed_and_what_does_not_is_not(compare):
    page = compare()
    pin(page)
    moved = KERNEL + np.eye(4, 5) * [[1], [0], [-3], [0]]
    set_state(page, m=2, mode=1, kernel=moved.tolist(), kernel_name="yours", background=[0.1, 0.2, 0.3, 0.4])
    found = {row[0]: row[1:] for row in rows(page)}
    assert found["m"] == ["1", "2"]
    assert found["mode"] == ["0", "1"]
    assert found["background"] == ["uniform", "A 0.1, C 0.2, G 0.3, T 0.4"]
    assert found["kernel"] == ["mine, 5 columns", "yours, 5 columns"]
    label = next(row for row in found if row.startswith("kernel: "))
    assert label == "kernel: 2 of 20 numbers differ, most G in column 3"
    assert len(found) == 5


def test_many_letters_are_counted(compare):
    page = compare()
    pin(page)
    other = "".join(DNA.letters[(DNA.letters.find(a) + 1) % 4] for a in TEXT)
    set_state(page, codes=codes(other))
    assert len(rows(page)) == 9
    assert rows(page)[-1] == ["more letters that differ", "", str(len(TEXT) - 8)]


def test_both_logos_stand_on_one_scale(compare):
    page = compare()
    pin(page)
    set_state(page, m=2.0, kernel=OTHER.tolist(), background=[0.1, 0.2, 0.3, 0.4])
    most = -np.log2(0.1)
    boxes = page.eval_on_selector_all(
        "#compare .ec-compare-logos svg", "(all) => all.map((svg) => svg.viewBox.baseVal.width)"
    )
    assert boxes == [8, 8]
    drawn = page.eval_on_selector_all(
        "#compare .ec-compare-logos svg",
        r"""(all) => all.map((svg) => [...svg.querySelectorAll('path')].map((p) =>
        [p.dataset.letter, Number(p.dataset.column),
         100 * Number(p.getAttribute('transform').match(/,([-\d.e]+)\)$/)[1])]))""",
    )
    for found, kernel, m, q in zip(drawn, (KERNEL, OTHER), (1.0, 2.0), (None, [0.1, 0.2, 0.3, 0.4]), strict=True):
        ppm = np.asarray(kernel_to_pwm_at(kernel, m, background=q).ppm)
        expected = ppm * np.asarray(information_content(ppm, q)) / most
        heights = np.zeros(kernel.shape)
        for letter, column, height in found:
            heights["ACGT".index(letter), column] = height
        np.testing.assert_allclose(heights, expected, atol=2e-6)
    assert "both axes end at 3.32 bits" in page.inner_text("#compare")
    page.click("#compare button:has-text('Swap')")
    settle(page)
    assert "both axes end at 3.32 bits" in page.inner_text("#compare")


def test_bars_are_as_tall_as_the_posteriors_on_one_scale(compare):
    page = compare(m=0.2)
    pin(page)
    set_state(page, m=0.4)
    then, now = (np.asarray(e_step_trace(TEXT, KERNEL, m=m).posterior) for m in (0.2, 0.4))
    for name, posterior in (("then", then), ("now", now)):
        expected = posterior / max(then.max(), now.max()) * 72
        np.testing.assert_allclose(heights(page, name), expected[expected > 0.05], atol=0.06)
    assert "window by window" in page.inner_text("#compare [data-name=aligned]")


def test_windows_that_are_not_the_same_are_aligned_from_the_left_and_it_is_said(compare):
    page = compare()
    pin(page)
    set_state(page, codes=codes(TEXT[:-10]))
    words = page.inner_text("#compare [data-name=aligned]")
    assert words.startswith("The windows are not the same: 33 pinned, 23 now.")
    assert "from the left" in words


def test_swapping_exchanges_the_two_and_twice_is_nothing(compare):
    page = compare()
    pin(page)
    set_state(page, m=2.5, codes=codes(MUTATED), sequence_name="other", mutations=[[20, 3, 2]])
    page.click("#compare button:has-text('Swap')")
    settle(page)
    assert (state(page, "m"), state(page, "codes"), state(page, "sequence_name")) == (1, codes(TEXT), "one")
    assert state(page, "mutations") == []
    assert state(page, "pinned")["m"] == 2.5
    shown = numbers(page, "compare")
    assert shown["present_pooled"] == pytest.approx(float(e_step_trace(TEXT, KERNEL).pooled))
    assert shown["pinned_pooled"] == pytest.approx(float(e_step_trace(MUTATED, KERNEL, m=2.5).pooled))
    page.click("#compare button:has-text('Swap')")
    settle(page)
    assert (state(page, "m"), state(page, "codes"), state(page, "mutations")) == (2.5, codes(MUTATED), [[20, 3, 2]])
    assert state(page, "pinned")["m"] == 1


def test_unpinning_leaves_the_present_and_keeps_the_focus(compare):
    page = compare(m=1.5)
    pin(page)
    page.focus("#compare button:has-text('Unpin')")
    press(page, "Enter")
    assert state(page, "pinned") is None
    assert state(page, "m") == 1.5
    assert page.evaluate("document.activeElement.textContent") == "Pin this state"
    assert page.locator("#compare table").first.is_visible() is False


def test_all_of_it_is_done_by_the_keyboard(compare):
    page = compare()
    page.keyboard.press("Tab")
    press(page, "Enter")
    set_state(page, m=2)
    press(page, "Tab", "Tab", "Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "slider"
    press(page, "ArrowRight", "ArrowRight", "PageUp")
    assert state(page, "cursor") == 12
    share = 100 * float(e_step_trace(TEXT, KERNEL, m=2).posterior[12])
    words = page.get_attribute("#compare [role=slider]", "aria-valuetext")
    assert words.startswith("Window 13: ")
    assert share > 0
    assert "of the present posterior, pinned" in words
    press(page, "End")
    assert state(page, "cursor") == 32


WRONG = [
    {"codes": "ACGT"},
    {"codes": [0.5] * 9},
    {"codes": [4] * 9},
    {"kernel": [[1], [1, 2], [1], [1]]},
    {"kernel": [[]] * 4},
    {"kernel": [["<b>"]] * 4},
    {"m": -1},
    {"m": "1"},
    {"background": [0.5, 0.5]},
    {"both_strands": True, "complement": [0]},
    {"alphabet": "AC"},
    {"local_window": 0},
]
DAMAGED = ["text", 3, [], {}, {"codes": [0, 1]}, *(state_of(TEXT, KERNEL) | wrong for wrong in WRONG)]


@pytest.mark.parametrize("pinned", DAMAGED, ids=lambda x: str(x)[:12])
def test_a_damaged_pin_from_a_link_is_told_and_not_drawn(compare, pinned):
    page = compare(pinned=pinned)
    assert page.inner_text("#compare [role=alert]") == "The pinned state is damaged and is not shown; pin another one."
    assert page.locator("#compare [role=slider]").is_visible() is False
    pin(page)
    assert page.inner_text("#compare [role=alert]") == ""
    assert page.locator("#compare [role=slider]").is_visible()


def test_a_pin_that_cannot_be_traced_says_why(compare):
    page = compare(pinned=state_of("ACG", KERNEL))
    assert (
        "The pinned state cannot be computed. The sequence has 3 letters and the kernel 5 columns."
        in page.inner_text("#compare [role=alert]")
    )


def test_a_present_state_that_cannot_be_traced_keeps_the_last_and_cannot_be_pinned(compare):
    page = compare()
    pin(page)
    set_state(page, codes=[0, 1])
    assert "Shown is the last state that could be computed." in page.inner_text("#compare [role=alert]")
    page.click("#compare button:has-text('Pin this state')")
    settle(page)
    assert "cannot be pinned. The sequence has 2 letters" in page.inner_text("#compare [role=alert]")
    assert state(page, "pinned")["codes"] == codes(TEXT)
    set_state(page, codes=codes(TEXT))
    assert page.inner_text("#compare [role=alert]") == ""


def test_names_are_text_and_never_html(compare):
    page = compare(pinned=state_of(TEXT, OTHER, kernel_name="<img src=x onerror=alert(1)>", sequence_name="<i>s</i>"))
    set_state(page, codes=codes(MUTATED))
    assert "<img src=x" in page.inner_text("#compare .ec-compare-logos")
    assert page.locator("#compare :is(img, i)").count() == 0


def test_while_a_question_is_open_it_gives_nothing_away(compare):
    page = compare()
    pin(page)
    set_state(page, hidden=["pooled"])
    assert page.locator("#compare [role=slider]").is_visible() is False
    set_state(page, m=3, hidden=[])
    assert page.locator("#compare [role=slider]").is_visible()
    assert numbers(page, "compare")["present_pooled"] == pytest.approx(float(e_step_trace(TEXT, KERNEL, m=3).pooled))


def test_a_thousand_letters_are_one_bar_a_pixel_at_most(show):
    text = "".join(np.random.default_rng(3).choice(list("ACGT"), 3000))
    page = show(state_of(text, KERNEL, m=0.1), "compare")
    pin(page)
    assert 300 < len(heights(page, "now")) <= 1000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(compare, theme):
    page = compare()
    pin(page)
    set_state(page, m=2, codes=codes(MUTATED))
    assert_axe_is_content(page, "compare", theme)


def test_a_phone_scrolls_no_page_sideways(compare):
    page = compare()
    pin(page)
    set_state(page, m=2, kernel=OTHER.tolist(), codes=codes(MUTATED))
    assert_fits_a_phone(page, "compare")


def test_two_readings_of_two_strands_are_compared_each_as_it_is(compare):
    """A state that was pinned before there was a choice reads a motif."""
    q = [0.1, 0.2, 0.3, 0.4]
    page = compare(both_strands=True, background=q, strand_reading="network")
    pin(page)
    page.evaluate("window.store.set({ strand_reading: 'motif' })")
    settle(page)
    assert ["both strands read by", "a network", "a motif"] in rows(page)
    for side, reading in (("pinned", "network"), ("present", "motif")):
        core = numbers_of_core(TEXT, KERNEL, both_strands=True, background=q, strand_reading=reading)
        shown = float(page.get_attribute(f"#compare [data-name={side}_pooled]", "data-value"))
        assert shown == pytest.approx(core["pooled"], rel=1e-9)
    page.evaluate("""() => {
      const { strand_reading, ...old } = window.store.state.pinned;
      window.store.set({ pinned: old });
    }""")
    settle(page)
    assert not any(row[0] == "both strands read by" for row in rows(page))
