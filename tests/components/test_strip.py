"""The sequence strip: what it draws, how the window follows the hand, how a letter is changed and changed back."""

from __future__ import annotations

import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.widgets import SequenceStrip
from epool_viz.core.alphabet import DNA
from tests.components.conftest import source_of, state_of

TEXT = "ACGTTGCATCANGTTAGCATTAGACCATGACTTAGGC"
LONG = "".join(np.random.default_rng(3).choice(list("ACGT"), 1000))
KERNEL = np.random.default_rng(4).normal(size=(4, 5))
STATE = "window.store.state"
PLOT = "#strip [role=slider][aria-label='Letter in hand']"


# what the tests of all pictures ask for ------------------------------------------------------------------------------


def settle(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def set_state(page, **patch):
    page.evaluate("(patch) => window.store.set(patch)", patch)
    settle(page)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    settle(page)


def state(page, key):
    return page.evaluate(f"{STATE}[{key!r}]")


def numbers(page, name):
    """Every number on the page of that component, by its name."""
    found = page.evaluate(
        f"[...document.querySelectorAll('#{name} data')].map((e) => [e.dataset.name, e.dataset.value])"
    )
    return {key: float(value.replace("Infinity", "inf")) for key, value in found}


def sentence(page, name):
    return page.text_content(f"#{name} [data-name=sentence]")


def wait_for_sentence(page, name, text):
    page.wait_for_function(
        "([name, text]) => document.querySelector(`#${name} [data-name=sentence]`).textContent === text",
        arg=[name, text],
    )


def open_table(page, name):
    page.evaluate(f"document.querySelector('#{name} details').open = true")
    page.wait_for_selector(f"#{name} details table")


def assert_axe_is_content(page, name, theme, *, has_table=True):
    page.evaluate("(theme) => (document.documentElement.style.colorScheme = theme)", theme)
    page.evaluate("document.body.style.background = 'var(--paper)'")
    if has_table:
        open_table(page, name)
    found = Axe().run(page, context=f"#{name}").response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []


def assert_fits_a_phone(page, name, *, has_table=True):
    page.set_viewport_size({"width": 360, "height": 700})
    settle(page)
    if has_table:
        open_table(page, name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


# the strip -----------------------------------------------------------------------------------------------------------


def letters_drawn(page, group="letters"):
    """[(y, x, letter), ...], row by row, from left to right."""
    texts = page.eval_on_selector_all(
        f"#strip [data-name={group}] text.is-letters",
        "(all) => all.map((text) => ['y', 'x'].map((name) => text.getAttribute(name)).concat(text.textContent))",
    )
    return sorted(
        (float(y), float(x), letter) for y, xs, letters in texts for x, letter in zip(xs.split(), letters, strict=True)
    )


def frame(page):
    """Its x, width and y."""
    return page.eval_on_selector(
        "#strip [data-name=frame]", "(f) => ['x', 'width', 'y'].map((name) => Number(f.getAttribute(name)))"
    )


def at_letter(page, letter, row=0.5):
    """The point of the page where a letter, from 0, is drawn; `row` 0.5 is the given strand, 1.5 the other."""
    box = page.locator(f"{PLOT} > svg").bounding_box()
    first, last = page.evaluate(f"window.lib.cursor.inView({STATE})")
    left, right = 3.25 * 16, box["width"] - 8
    x = box["x"] + left + (letter + 0.5 - first) * (right - left) / (last - first)
    return x, box["y"] + 0.6 * 16 + row * 28


def click_letter(page, letter, row=0.5):
    page.mouse.click(*at_letter(page, letter, row))
    settle(page)


@pytest.fixture
def strip(show):
    return lambda text=TEXT, kernel=KERNEL, **changes: show(state_of(text, kernel, **changes), "strip")


def test_the_widget_carries_its_module():
    store = Store(state=state_of(TEXT, KERNEL), on_patch=print)
    assert SequenceStrip(store=store).store is store
    assert SequenceStrip._esm == module_text("strip")


def test_the_module_is_small():
    assert len(source_of("strip").encode()) < 30_000


def test_every_letter_is_drawn_in_its_place(strip):
    page = strip()
    assert "".join(letter for _, _, letter in letters_drawn(page)) == TEXT
    places = [x for _, x, _ in letters_drawn(page)]
    np.testing.assert_allclose(np.diff(places), (1000 - 16 - 3.75 * 16) / len(TEXT), atol=0.11)


def test_the_other_strand_is_the_complement_letter_by_letter(strip):
    page = strip(both_strands=True)
    drawn = "".join(letter for _, _, letter in letters_drawn(page))
    pair = dict(zip("ACGTN", "TGCAN", strict=True))
    assert drawn == TEXT + "".join(pair[letter] for letter in TEXT)


@pytest.mark.parametrize("cursor", [0, 17, len(TEXT) - 5])
def test_the_window_under_the_cursor_is_framed(strip, cursor):
    page = strip(cursor=cursor)
    inside = letters_drawn(page, "window")
    assert "".join(letter for _, _, letter in inside) == TEXT[cursor : cursor + 5]
    x, width, _ = frame(page)
    unit = width / 5
    assert inside[0][1] - x == pytest.approx(unit / 2, abs=0.2)
    assert sentence(page, "strip").startswith(f"Window {cursor + 1}, letters {cursor + 1} to {cursor + 5}, reads")


def test_the_sentence_follows_and_does_not_chatter(strip):
    page = strip()
    page.evaluate(
        """() => {
        window.spoken = [];
        const region = document.querySelector('#strip [data-name=sentence]');
        new MutationObserver(() => window.spoken.push(1)).observe(region, { childList: true, subtree: true });
    }"""
    )
    for cursor in range(1, 20):
        set_state(page, cursor=cursor)
    wait_for_sentence(page, "strip", f"Window 20, letters 20 to 24, reads {TEXT[19:24]}.")
    assert page.evaluate("window.spoken.length") <= 2


def test_a_click_beside_the_window_moves_it_and_one_inside_takes_a_letter_in_hand(strip):
    page = strip()
    click_letter(page, 20)
    assert state(page, "cursor") == 20
    click_letter(page, 22)
    assert state(page, "cursor") == 20
    assert page.get_attribute(PLOT, "aria-valuenow") == "23"
    click_letter(page, len(TEXT) - 1)
    assert state(page, "cursor") == len(TEXT) - 5, "the last window is the nearest"


def test_the_window_can_be_dragged_by_any_of_its_letters(strip):
    page = strip(cursor=10)
    page.mouse.move(*at_letter(page, 12))
    page.mouse.down()
    page.mouse.move(*at_letter(page, 25), steps=5)
    page.mouse.up()
    settle(page)
    assert state(page, "cursor") == 23


def test_a_click_on_the_complement_takes_the_other_strand(strip):
    page = strip(both_strands=True)
    click_letter(page, 9, row=1.6)
    windows = len(TEXT) - 4
    assert state(page, "cursor") == windows + 9
    assert frame(page)[2] > 28
    read = TEXT[9:14][::-1].translate(str.maketrans("ACGT", "TGCA"))
    wait_for_sentence(
        page, "strip", f"Window 10 on the other strand, letters 14 to 10, reads {read} and holds an unknown letter."
    )
    page.focus(PLOT)
    press(page, "ArrowUp")
    assert state(page, "cursor") == 9
    press(page, "ArrowDown")
    assert state(page, "cursor") == windows + 9


def test_the_caret_takes_the_window_along_when_it_leaves_it(strip):
    page = strip()
    page.focus(PLOT)
    press(page, *["ArrowRight"] * 4)
    assert state(page, "cursor") == 0
    press(page, "ArrowRight")
    assert state(page, "cursor") == 1
    press(page, "End")
    assert state(page, "cursor") == len(TEXT) - 5
    press(page, "PageDown")
    assert page.get_attribute(PLOT, "aria-valuenow") == str(len(TEXT) - 10)
    press(page, "Home")
    assert state(page, "cursor") == 0


def test_a_letter_is_changed_marked_and_changed_back(strip):
    page = strip(cursor=2)
    before = state(page, "codes")
    page.focus(PLOT)
    press(page, "ArrowRight", "a")
    after = state(page, "codes")
    assert after == [*before[:3], 0, *before[4:]]
    assert page.get_attribute("#strip [data-name=changed]", "data-letters") == "4"
    assert "Letter 4 is A, it was T" in page.get_attribute(PLOT, "aria-valuetext")
    assert page.evaluate("window.store.trace.scores[3]") == pytest.approx(
        sum(KERNEL[after[3 + j], j] for j in range(5))
    )
    page.click("#strip button[aria-label='N, unknown']")
    settle(page)
    assert state(page, "codes")[3] == -1
    page.click("#strip button[aria-label='Undo the last change']")
    settle(page)
    assert state(page, "codes") == after
    page.focus(PLOT)
    press(page, "Control+z")
    assert state(page, "codes") == before
    assert page.get_attribute("#strip [data-name=changed]", "data-letters") == ""
    assert not page.is_visible("#strip button[aria-label='Undo the last change']")


def test_the_first_and_the_last_letter_can_be_changed(strip):
    page = strip()
    for key, letter in (("Home", 0), ("End", len(TEXT) - 1)):
        page.focus(PLOT)
        press(page, key, "t")
        assert TEXT[letter] != "T"
        assert state(page, "codes")[letter] == DNA.letters.index("T")


def test_a_letter_changed_to_itself_is_no_change(strip):
    page = strip()
    page.focus(PLOT)
    press(page, TEXT[0].lower())
    assert page.evaluate(f"{STATE}.mutations") is None
    press(page, "x", "Control+c")
    assert state(page, "codes") == DNA.encode(TEXT).tolist()


def test_another_sequence_ends_the_changes(strip):
    page = strip()
    page.focus(PLOT)
    press(page, "t")
    assert len(state(page, "mutations")) == 1
    page.wait_for_function("window.pushed.length === 1")
    page.evaluate("(codes) => window.store.receive({ codes })", DNA.encode(TEXT[::-1]).tolist())
    settle(page)
    assert state(page, "mutations") == []
    assert page.get_attribute("#strip [data-name=changed]", "data-letters") == ""


def test_zoom_goes_from_all_letters_to_thirty_and_back(strip):
    page = strip(LONG, cursor=500)
    assert letters_drawn(page) == []
    for _ in range(6):
        page.click("#strip button[aria-label='Zoom in']")
    settle(page)
    assert page.get_attribute("#strip button[aria-label='Zoom in']", "aria-disabled") == "true"
    first, last = state(page, "zoom")
    assert last - first == 30
    assert first <= 500 < last
    assert "".join(letter for _, _, letter in letters_drawn(page)) == LONG[first:last]
    page.focus(PLOT)
    press(page, "-")
    assert np.diff(state(page, "zoom")) == 60
    press(page, "+")
    assert np.diff(state(page, "zoom")) == 30
    press(page, "0")
    assert state(page, "zoom") is None


def test_the_wheel_zooms_about_the_pointer_only_with_ctrl(strip):
    page = strip(LONG, zoom=[400, 600])
    page.mouse.move(*at_letter(page, 450))
    page.mouse.wheel(0, -100)
    settle(page)
    assert state(page, "zoom") == [400, 600]
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    page.wait_for_function(f"{STATE}.zoom[1] - {STATE}.zoom[0] < 200")
    first, last = state(page, "zoom")
    assert (450 - first) / (last - first) == pytest.approx(0.25, abs=0.02)


def test_the_brush_is_dragged_widened_and_moved_by_keys(strip):
    page = strip(LONG, zoom=[400, 600])
    box = page.locator("#strip .ec-strip-brush").bounding_box()
    unit = page.locator("#strip [data-name=overview]").bounding_box()["width"] / 1000
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 100 * unit, middle[1], steps=4)
    page.mouse.up()
    settle(page)
    first, last = state(page, "zoom")
    assert last - first == 200
    assert abs(first - 500) <= 1
    page.mouse.move(box["x"] + box["width"] + 100 * unit - 1, middle[1])
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 200 * unit - 1, middle[1], steps=4)
    page.mouse.up()
    settle(page)
    assert state(page, "zoom")[0] == first
    assert abs(state(page, "zoom")[1] - last - 100) <= 1
    page.focus("#strip .ec-strip-brush")
    press(page, "Home")
    assert state(page, "zoom")[0] == 0
    assert page.get_attribute("#strip .ec-strip-brush", "aria-valuetext") == "letters 1 to 300 of 1000"
    press(page, "ArrowRight")
    assert state(page, "zoom")[0] == 30
    press(page, "End")
    assert state(page, "zoom")[1] == 1000


def test_the_view_follows_a_window_that_leaves_it(strip):
    page = strip(LONG, zoom=[100, 150], cursor=120)
    set_state(page, cursor=700)
    first, last = state(page, "zoom")
    assert (last - first, first <= 700 < last) == (50, True)
    set_state(page, cursor=710)
    assert state(page, "zoom") == [first, last] or last <= 710


def test_padding_is_drawn_and_said(strip):
    page = strip(padding="same")
    assert page.locator("#strip [data-name=padding]").count() == 1
    text = sentence(page, "strip")
    assert text == f"Window 1, letters 1 to 3, reads \u00b7\u00b7{TEXT[:3]} and reaches over the padding."
    set_state(page, cursor=len(TEXT) - 1)
    n = len(TEXT)
    said = f"Window {n}, letters {n - 2} to {n}, reads {TEXT[-3:]}\u00b7\u00b7 and reaches over the padding."
    wait_for_sentence(page, "strip", said)
    set_state(page, both_strands=True, cursor=2 * n - 1)
    other = "".join(dict(zip("ACGTN", "TGCAN", strict=True))[letter] for letter in reversed(TEXT[-3:]))
    said = f"Window {n} on the other strand, letters {n} to {n - 2}, reads \u00b7\u00b7{other} and reaches over"
    wait_for_sentence(page, "strip", f"{said} the padding.")


def test_a_sequence_too_short_for_the_kernel_breaks_nothing(strip):
    page = strip()
    set_state(page, codes=[0, 1])
    assert page.evaluate("window.store.error") is not None
    page.focus(PLOT)
    press(page, "ArrowRight", "t")
    assert state(page, "codes") == [0, 3]


def test_the_table_is_made_when_it_is_opened_and_follows(strip):
    page = strip()
    assert page.locator("#strip table").count() == 0
    open_table(page, "strip")
    shown = numbers(page, "strip")
    assert [shown[f"letter-{i + 1}"] for i in range(len(TEXT))] == DNA.encode(TEXT).tolist()
    page.focus(PLOT)
    press(page, "t")
    page.wait_for_function("document.querySelector('#strip [data-name=letter-1]').dataset.value === '3'")
    assert re.search(r"1\s*T\s*A", page.inner_text("#strip tbody tr:first-child"))


def test_a_first_state_that_cannot_be_computed_can_still_be_edited(strip):
    page = strip("ACG", both_strands=True)
    open_table(page, "strip")
    page.focus(PLOT)
    press(page, "ArrowRight", "t", "End", "ArrowDown")
    assert state(page, "codes") == [0, 3, 2]
    assert state(page, "cursor") == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(strip, theme):
    assert_axe_is_content(strip(both_strands=True, cursor=3, mutations=[[3, 0, 3]]), "strip", theme)


def test_a_phone_is_wide_enough(strip):
    assert_fits_a_phone(strip(LONG, np.ones((4, 50)), padding="same"), "strip")


@pytest.mark.parametrize("reveal", [False, True])
def test_the_window_under_the_cursor_is_in_view_from_the_start_where_it_is_asked_for(show, reveal):
    page = show(state_of(LONG, KERNEL, zoom=[0, 40], cursor=472), "strip", options={"reveal": reveal})
    settle(page)
    first, last = state(page, "zoom")
    assert last - first == 40
    assert (first <= 472 < last) is reveal
