"""Numbers keep their full value beside the rounded one; foreign text stays text."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from epool_viz.panels.shared.html import filled, notes_list, number, rounded


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_carries_its_value_to_the_last_bit(value):
    found = re.search(r'data-value="([^"]+)"', number("x", value))[1]
    assert float(found) == value
    assert math.copysign(1, float(found)) == math.copysign(1, value)


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (0.0, 3, "0.000"),
        (-1.23456, 3, "−1.235"),
        (12345.678, 2, "12345.68"),
        (0.0004, 3, "4.0×10<sup>−4</sup>"),
        (-2.5e7, 3, "−2.5×10<sup>7</sup>"),
        (-math.inf, 3, "−∞"),
        (math.inf, 3, "∞"),
        (math.nan, 3, "–"),
        (12345, 3, "12\u202f345"),
        (-7, 3, "−7"),
    ],
)
def test_rounded_is_short_and_typographic(value, digits, shown):
    assert rounded(value, digits) == shown


def test_filled_puts_numbers_and_escaped_words_into_a_template():
    text = filled(Markup("x<sub>{window}</sub> = {score} {name}"), {"window": 3, "score": 0.5, "name": "<b>"})
    assert text == (
        'x<sub><data class="ep-number" data-name="window" data-value="3">3</data></sub> = '
        '<data class="ep-number" data-name="score" data-value="0.5">0.500</data> &lt;b&gt;'
    )


def test_what_a_plain_template_holds_is_text():
    assert filled("<b> {word}", {"word": "<i>"}) == "&lt;b&gt; &lt;i&gt;"


def test_filled_needs_every_number():
    with pytest.raises(KeyError, match="score"):
        filled("{score}", {})


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
def test_long_lists_of_notes_are_folded_and_lose_none(count):
    notes = [f"note {i} <b>" for i in range(count)]
    drawn = notes_list(notes)
    assert re.findall(r"<li>(.*?)</li>", drawn) == [f"note {i} &lt;b&gt;" for i in range(count)]
    seen = drawn.partition("<details>")[0].count("<li>")
    assert seen == (count if count <= 3 else 2)
    assert (f"{count - 2} more lines" in drawn) is (count > 3)
