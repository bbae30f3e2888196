"""The one-hot matrix: each letter one filled cell in its row, none for an unknown letter."""

from __future__ import annotations

import numpy as np
import pytest

from epool_viz.core.alphabet import one_hot
from tests.components.conftest import state_of

KERNEL = np.random.default_rng(7).normal(size=(4, 5))
TEXT = "ACGTTGCANACGTTAGCATTAGACCTTGACNACGTA"


@pytest.fixture
def onehot(show):
    def render(**changes):
        state = state_of(TEXT, KERNEL, **changes)
        return show(state, "onehot", options={"when": {"key": "step", "is": 0}})

    return render


def counts(page):
    found = page.locator("#onehot path[data-letter]").evaluate_all(
        "ps => ps.map(p => [p.dataset.letter, +p.dataset.count])"
    )
    return dict(found)


def test_rows_hold_as_many_ones_as_core_says(onehot):
    page = onehot()
    assert counts(page) == dict(zip("ACGT", one_hot(TEXT).sum(axis=1).astype(int).tolist(), strict=True))
    assert sum(counts(page).values()) == len(TEXT) - TEXT.count("N")


@pytest.mark.parametrize("zoom", [[0, 30], [len(TEXT) - 30, len(TEXT)]])
def test_it_shows_the_letters_in_view_with_their_digits(onehot, zoom):
    page = onehot(zoom=zoom)
    seen = one_hot(TEXT)[:, zoom[0] : zoom[1]]
    assert counts(page) == dict(zip("ACGT", seen.sum(axis=1).astype(int).tolist(), strict=True))
    digits = page.locator("#onehot .ec-onehot-zero").all_text_contents()
    assert digits.count("1") == int(seen.sum())
    assert len(digits) == seen.size
    label = page.locator("#onehot svg").get_attribute("aria-label")
    assert f"letters {zoom[0] + 1} to {zoom[1]}" in label


def test_the_window_is_framed_first_and_last(onehot):
    page = onehot(cursor=0)
    frame = page.locator("#onehot .ec-onehot-frame")
    first = frame.bounding_box()
    page.evaluate(f"window.store.set({{ cursor: {len(TEXT) - 5} }})")
    page.wait_for_function(f"document.querySelector('.ec-onehot-frame').getBoundingClientRect().x > {first['x'] + 9}")
    last, svg = frame.bounding_box(), page.locator("#onehot svg").bounding_box()
    assert last["width"] == pytest.approx(first["width"], abs=1)
    assert last["x"] + last["width"] == pytest.approx(svg["x"] + svg["width"] - 8, abs=3)


def test_it_leaves_the_page_with_its_step(onehot):
    page = onehot()
    page.evaluate("window.store.set({ step: 1 })")
    page.locator("#onehot").wait_for(state="hidden")
    page.evaluate("window.store.set({ step: 0 })")
    page.locator("#onehot").wait_for()
