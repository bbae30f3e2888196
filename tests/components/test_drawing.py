"""What components ask of the page, and what they leave alone."""

from __future__ import annotations

import numpy as np

from tests.components.conftest import state_of
from tests.components.test_strip import set_state, settle

TEXT = "ACGTTGCATCANGTTAGCATTAG"
KERNEL = np.random.default_rng(4).normal(size=(4, 5))


def measured(page, change=""):
    """Width that is given and the true one, and the size of text likewise, in the frame after a change."""
    return page.evaluate(
        """(change) => new Promise((done) => {
          new Function(change)();
          const { widthOf, remOf } = window.lib.drawing;
          const box = document.getElementById("strip");
          requestAnimationFrame(() => setTimeout(() => done([
            widthOf(box), box.clientWidth,
            remOf(), parseFloat(getComputedStyle(document.documentElement).fontSize),
          ])));
        })""",
        change,
    )


def test_widths_and_sizes_that_are_kept_are_those_of_the_page(show):
    page = show(state_of(TEXT, KERNEL), "strip")
    widths = set()
    for change in (
        "",
        "document.getElementById('strip').style.width = '333px'",
        "document.documentElement.style.fontSize = '150%'",
        "document.getElementById('strip').hidden = true",
        "document.getElementById('strip').hidden = false; document.documentElement.style.fontSize = '17.6px'",
        "document.documentElement.style.fontSize = ''",
    ):
        width, is_wide, rem, is_large = measured(page, change)
        assert width == is_wide, change
        np.testing.assert_allclose(rem, is_large, rtol=0, atol=0.01, err_msg=change)
        widths.add((width, rem))
    assert len(widths) == 5
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_formula_writes_again_only_what_changed(show):
    page = show(state_of(TEXT, KERNEL), "formula")
    settle(page)
    page.evaluate("""() => {
      window.written = new Set();
      const cellOf = (node) => (node.closest ? node : node.parentElement)?.closest("td");
      const note = ({ target }) => cellOf(target) && window.written.add(cellOf(target));
      new MutationObserver((records) => records.forEach(note)).observe(
        document.querySelector(".ec-formula-table"), { childList: true, characterData: true, subtree: true });
    }""")
    kernel = KERNEL.copy()
    kernel[2, 4] += 0.01  # the last column, and not the largest entry
    assert abs(kernel[2, 4]) < np.abs(kernel).max()
    set_state(page, kernel=kernel.tolist())
    settle(page)
    entries = page.evaluate("[...window.written].filter((cell) => cell.matches('.is-heat')).length")
    assert entries == 1
    shown = page.locator(".ec-formula-table td.is-heat data").evaluate_all("all => all.map((e) => Number(e.value))")
    np.testing.assert_allclose(np.reshape(shown, KERNEL.shape), kernel, rtol=1e-12, atol=0)
