"""Numbers keep their full value beside the rounded one; foreign text stays text."""

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epool_viz.panels.html import filled, number, percent, rounded, table


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


@pytest.mark.parametrize(
    ("share", "shown"), [(0.83, "83"), (0.0, "0"), (0.001, "<1"), (1.0, "100"), (0.9999, ">99.9"), (0.997, "99.7")]
)
def test_percent_never_claims_what_is_not_so(share, shown):
    text = percent("p", share)
    assert f">{shown}\u00a0%<" in text
    assert f'data-value="{share!r}"' in text


def test_filled_puts_numbers_and_escaped_words_into_a_template():
    text = filled("x<sub>{window}</sub> = {score} {name}", {"window": 3, "score": 0.5, "name": "<b>"})
    assert text == (
        'x<sub><data class="ep-number" data-name="window" data-value="3">3</data></sub> = '
        '<data class="ep-number" data-name="score" data-value="0.5">0.500</data> &lt;b&gt;'
    )


def test_filled_needs_every_number():
    with pytest.raises(KeyError, match="score"):
        filled("{score}", {})


def test_table_is_named_reachable_and_its_caption_escaped():
    root = ElementTree.fromstring(f"<div>{table(['a', 'b'], [['1', '2'], ['3', '4']], caption='<x y=1>')}</div>")
    box = root.find("div")
    assert (box.get("tabindex"), box.get("role"), box.get("aria-label")) == ("0", "region", "<x y=1>")
    assert root.find("p").text == box.find("table").get("aria-label") == "<x y=1>"
    assert [cell.text for cell in root.iter("th")] == ["a", "b", "1", "3"]
    assert [cell.get("scope") for cell in root.iter("th")] == ["col", "col", "row", "row"]
