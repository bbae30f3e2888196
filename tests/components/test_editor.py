"""The kernel editor: bars, keys, numbers, text; what a constant cannot change; nothing that cannot be undone."""

from __future__ import annotations

import numpy as np
import pytest

from epool_viz.core.kernels import kernel_to_pwm_at
from tests.components.conftest import state_of

KERNEL = np.random.default_rng(4).normal(size=(4, 5)).round(2)
TEXT = "ACGTTGCATCACGTTAGCATTAGACC"


@pytest.fixture
def editor(show):
    return show(state_of(TEXT, KERNEL), "editor", options={"label": "my kernel"})


def settle(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def kernel_of(page):
    settle(page)
    return np.array(page.evaluate("window.store.state.kernel"))


def cell(page, letter, column):
    return page.get_by_role("slider", name=f"{letter}, column {column}", exact=True)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    settle(page)


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def changed(letter, column, value, kernel=KERNEL):
    new = kernel.copy()
    new["ACGT".index(letter), column - 1] = value
    return new


def test_the_bars_are_the_kernel(editor):
    for a, letter in enumerate("ACGT"):
        for j in range(5):
            assert float(cell(editor, letter, j + 1).get_attribute("aria-valuenow")) == KERNEL[a, j]
    # one scale for all: signed lengths are proportional to the entries
    lengths = np.array(
        editor.evaluate(
            """() => [...document.querySelectorAll('.ec-editor-cell')].map((cell) => {
            const [bar, box] = [cell.firstChild.getBoundingClientRect(), cell.getBoundingClientRect()];
            const zero = parseFloat(getComputedStyle(cell, '::after').top) + box.top;
            return bar.top + bar.height / 2 < zero ? bar.height : -bar.height;
        })"""
        )
    ).reshape(4, 5)
    ratio = lengths[np.abs(KERNEL) > 0.1] / KERNEL[np.abs(KERNEL) > 0.1]
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=0.02)


def test_a_bar_follows_the_pointer_and_is_one_change(editor):
    box = cell(editor, "C", 3).bounding_box()
    said = editor.inner_text("#editor .ec-soft >> nth=0").replace("−", "-")
    low, high = (float(word) for word in said.split() if word.lstrip("-").replace(".", "").isdigit())
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    editor.mouse.move(x, y)
    editor.mouse.down()
    for up in (4, 9, 13):
        editor.mouse.move(x, y - up)
        expected = KERNEL[1, 2] + up * (high - low) / box["height"]
        assert kernel_of(editor)[1, 2] == pytest.approx(expected, abs=0.0051)
    editor.mouse.up()
    others = np.ones_like(KERNEL, bool)
    others[1, 2] = False
    assert (kernel_of(editor)[others] == KERNEL[others]).all()
    button(editor, "Undo").click()
    np.testing.assert_array_equal(kernel_of(editor), KERNEL)
    assert button(editor, "Redo").is_enabled()


def test_the_keys_change_the_bar_by_a_tenth_and_by_one(editor):
    cell(editor, "A", 1).focus()
    press(editor, "ArrowUp")
    np.testing.assert_allclose(kernel_of(editor), changed("A", 1, KERNEL[0, 0] + 0.1))
    press(editor, "Shift+ArrowDown")
    np.testing.assert_allclose(kernel_of(editor), changed("A", 1, KERNEL[0, 0] - 0.9))
    assert float(cell(editor, "A", 1).get_attribute("aria-valuenow")) == pytest.approx(KERNEL[0, 0] - 0.9)


def test_one_stop_of_tab_leads_in_and_the_keys_lead_around(editor):
    assert editor.locator(".ec-editor-cell[tabindex='0']").count() == 1
    focused = lambda: editor.evaluate("document.activeElement.getAttribute('aria-label')")  # noqa: E731
    cell(editor, "A", 1).focus()
    press(editor, "ArrowRight", "ArrowRight")
    assert focused() == "A, column 3"
    press(editor, "t")
    assert focused() == "T, column 3"
    press(editor, "PageUp", "End")
    assert focused() == "G, column 5"
    press(editor, "ArrowRight", "Home", "ArrowLeft")
    assert focused() == "G, column 1"
    assert editor.locator(".ec-editor-cell[tabindex='0']").count() == 1
    assert editor.inner_text("#editor h3") == "Column 1 of 5"


def test_a_number_is_typed_straight_onto_a_bar(editor):
    cell(editor, "G", 2).focus()
    press(editor, "-", "1", ".", "2", "5", "Enter")
    np.testing.assert_array_equal(kernel_of(editor), changed("G", 2, -1.25))
    assert editor.evaluate("document.activeElement.getAttribute('aria-label')") == "G, column 2"


def test_escape_leaves_the_number_as_it_was(show):
    kernel = KERNEL + 1 / 3  # more digits than the box shows
    page = show(state_of(TEXT, kernel), "editor")
    cell(page, "G", 2).focus()
    press(page, "7", "5", "Escape")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "G, column 2"
    press(page, "Enter", "Tab")
    np.testing.assert_array_equal(kernel_of(page), kernel)
    assert page.input_value("[aria-label='value of the chosen bar']") == f"{kernel[2, 1]:.6g}".replace("-", "−")


def test_what_is_no_number_is_told_and_changes_nothing(editor):
    editor.fill("[aria-label='value of the chosen bar']", "much")
    press(editor, "Enter")
    assert "found “much”; accepted: a number such as -0.5" in editor.inner_text(".ec-editor-effect")
    np.testing.assert_array_equal(kernel_of(editor), KERNEL)


def test_a_constant_leaves_the_logo_and_moves_the_offset_and_both_are_shown(editor):
    cell(editor, "A", 4).focus()
    editor.fill("[aria-label='constant to add to the column']", "2,5")
    button(editor, "add the constant to the column").click()
    expected = KERNEL.copy()
    expected[:, 3] += 2.5
    np.testing.assert_allclose(kernel_of(editor), expected)
    value = lambda name: float(editor.get_attribute(f"#editor [data-name={name}]", "data-value"))  # noqa: E731
    before, after = kernel_to_pwm_at(KERNEL, 1.0), kernel_to_pwm_at(expected, 1.0)
    assert value("offset_before") == pytest.approx(float(before.offset))
    assert value("offset_after") == pytest.approx(float(after.offset))
    assert value("kernel_offset") == pytest.approx(float(before.offset) + 2.5)
    assert value("ppm_change") < 1e-15
    text = editor.inner_text(".ec-editor-effect")
    assert text.startswith("2.5 on column 4: the logo stays")
    for a, letter in enumerate("ACGT"):
        assert value(f"column_ppm_{letter}") == pytest.approx(float(after.ppm[a, 3]))


def test_scaling_multiplies_every_entry(editor):
    editor.fill("[aria-label='factor for all entries']", "0.5")
    button(editor, "scale all entries").click()
    np.testing.assert_allclose(kernel_of(editor), KERNEL * 0.5)
    assert "the same as 0.5 times m" in editor.inner_text(".ec-editor-effect")


def test_undo_and_redo_walk_through_every_kind_of_change(editor):
    made = [KERNEL]
    cell(editor, "A", 1).focus()
    press(editor, "ArrowUp")
    made.append(kernel_of(editor))
    button(editor, "scale all entries").click()
    made.append(kernel_of(editor))
    button(editor, "Add a column after it").click()
    made.append(kernel_of(editor))
    assert made[-1].shape == (4, 6)
    np.testing.assert_array_equal(made[-1][:, 1], 0)
    cell(editor, "A", 2).focus()
    button(editor, "Remove it").click()
    np.testing.assert_array_equal(kernel_of(editor), made[2])
    for expected in (made[3], *reversed(made[:3])):
        cell(editor, "A", 1).focus()
        press(editor, "Control+z")
        np.testing.assert_array_equal(kernel_of(editor), expected)
    np.testing.assert_array_equal(kernel_of(editor), KERNEL)
    for expected in made[1:]:
        press(editor, "Control+Shift+z")
        np.testing.assert_array_equal(kernel_of(editor), expected)
    press(editor, "Control+z")
    button(editor, "scale all entries").click()
    settle(editor)
    assert not button(editor, "Redo").is_enabled(), "a new change ends what could be done again"


def test_the_columns_have_bounds_and_say_so(show):
    page = show(state_of("ACGTACGT", np.eye(4)[:, :1]), "editor", options={"widest": 3})
    assert not button(page, "Remove it").is_enabled()
    button(page, "Add a column after it").click()
    button(page, "Add a column after it").click()
    settle(page)
    assert not button(page, "Add a column after it").is_enabled()
    assert "3 columns are the most." in page.inner_text("#editor section")
    page.evaluate("window.store.set({ codes: [0, 1] })")


def test_a_kernel_never_outgrows_its_sequence(show):
    page = show(state_of("ACGTA", KERNEL), "editor")
    assert not button(page, "Add a column after it").is_enabled()
    assert "as wide as the sequence" in page.inner_text("#editor section")


def test_the_cursor_stays_on_a_window(show):
    page = show(state_of(TEXT, KERNEL, cursor=21), "editor")
    button(page, "Add a column after it").click()
    assert page.evaluate("[store.state.cursor, store.trace.starts.length]") == [20, 21]


def test_reset_returns_to_the_given_kernel(editor):
    assert not button(editor, "Reset").is_enabled()
    button(editor, "scale all entries").click()
    button(editor, "Add a column after it").click()
    button(editor, "Reset").click()
    np.testing.assert_array_equal(kernel_of(editor), KERNEL)
    button(editor, "Undo").click()
    assert kernel_of(editor).shape == (4, 6)


def test_a_kernel_from_elsewhere_is_the_new_given_one(editor):
    button(editor, "scale all entries").click()
    editor.wait_for_function("window.pushed.length > 0")
    editor.evaluate("(kernel) => window.store.receive({ kernel })", np.eye(4).tolist())
    settle(editor)
    assert not button(editor, "Undo").is_enabled()
    assert not button(editor, "Reset").is_enabled()
    assert cell(editor, "C", 2).get_attribute("aria-valuenow") == "1"
    assert editor.locator(".ec-editor-cell").count() == 16


def test_a_kernel_that_another_component_made_can_be_taken_back(editor):
    button(editor, "scale all entries").click()
    editor.evaluate("(kernel) => window.store.set({ kernel, kernel_by: kernel })", (KERNEL + 1).tolist())
    settle(editor)
    button(editor, "Undo").click()
    np.testing.assert_allclose(kernel_of(editor), KERNEL * 2)
    button(editor, "Redo").click()
    np.testing.assert_allclose(kernel_of(editor), KERNEL + 1)
    button(editor, "Reset").click()
    np.testing.assert_array_equal(kernel_of(editor), KERNEL)
    editor.evaluate("(kernel) => window.store.receive({ kernel })", np.eye(4).tolist())
    settle(editor)
    assert not button(editor, "Undo").is_enabled(), "what Python brings is another kernel"


def test_the_column_in_hand_is_the_dashboards(show):
    page = show(state_of(TEXT, KERNEL, column=1), "editor")
    assert page.inner_text("#editor h3") == "Column 2 of 5"
    cell(page, "G", 4).focus()
    settle(page)
    assert page.evaluate("window.store.state.column") == 3
    page.evaluate("window.store.set({ column: 2 })")
    settle(page)
    assert page.inner_text("#editor h3") == "Column 3 of 5"
    assert page.locator(".ec-editor-cell[tabindex='0']").get_attribute("aria-label") == "G, column 3"
    button(page, "Add a column after it").click()
    settle(page)
    assert page.evaluate("window.store.state.column") == 3
    button(page, "Remove it").click()
    settle(page)
    np.testing.assert_array_equal(kernel_of(page), KERNEL)


def test_an_echo_with_rounding_is_no_kernel_from_elsewhere(editor):
    button(editor, "scale all entries").click()
    editor.wait_for_function("window.pushed.length > 0")
    editor.evaluate("(kernel) => window.store.receive({ kernel })", (KERNEL * 2 + 1e-10).tolist())
    settle(editor)
    assert button(editor, "Undo").is_enabled()


@pytest.fixture
def typing(editor):
    editor.click("text=Type or paste the matrix")
    return editor


def type_text(page, text):
    page.fill("#editor textarea", text)
    settle(page)


A_NUMBER = "accepted: a number such as -0.5, at most a million in size."
A_LETTER = "accepted: a letter before every row, or before none."
MATRIX = "A 1 2\nC 3 4\nG 5 6\nT -7 8"


def test_the_text_is_the_kernel(typing):
    rows = [line.split() for line in typing.input_value("#editor textarea").splitlines()]
    assert [row[0] for row in rows] == list("ACGT")
    np.testing.assert_array_equal(np.array([row[1:] for row in rows], float), KERNEL)


@pytest.mark.parametrize(
    "text",
    [
        MATRIX,
        "1,2\n3;4\n5\t6\n−7 8.0",
        "# mine\n\nT: [-7 8]\nG: [5 6]\nC: [3 4]\nA: [1 2]\n",
        "a 1 2\nc 3 4\ng 5 6e0\nt -7 8",
    ],
)
def test_a_typed_matrix_is_taken_at_once(typing, text):
    type_text(typing, text)
    np.testing.assert_array_equal(kernel_of(typing), [[1, 2], [3, 4], [5, 6], [-7, 8]])
    assert "Taken over: 2 columns." in typing.inner_text("#editor details")
    assert typing.input_value("#editor textarea") == text, "the text under the hand was written over"


def test_rows_that_are_columns_are_turned_and_this_is_said(typing):
    type_text(typing, "1 2 3 4\n5 6 7 8\n0 0 0 1")
    np.testing.assert_array_equal(kernel_of(typing), [[1, 5, 0], [2, 6, 0], [3, 7, 0], [4, 8, 1]])
    assert "Each row was read as a column of the kernel, its numbers as A, C, G, T." in typing.inner_text(
        "#editor details"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Found no numbers; accepted: 4 rows of numbers, one each for A, C, G, T."),
        ("A 1 2\nC 3 x\nG 5 6\nT 7 8", f"Line 2: found “x”; {A_NUMBER}"),
        ("1 2\n3 4\n5 6\n7 1e7", f"Line 4: found “1e7”; {A_NUMBER}"),
        ("A 1 2\nC 3 4 5\nG 5 6\nT 7 8", "Line 2: found 3 numbers; accepted: 2, as in line 1."),
        ("A 1 2\nN 3 4\nG 5 6\nT 7 8", "Line 2: found the letter N; accepted: A, C, G, T."),
        ("A 1 2\n\nC\nG 5 6\nT 7 8", "Line 3: found the letter C without numbers; accepted: one number a column."),
        ("A 1 2\nA 3 4\nG 5 6\nT 7 8", "Line 2: found the letter A a second time; accepted: each letter once."),
        ("A 1 2\n3 4\nG 5 6", f"Line 2: found a row without a letter; {A_LETTER}"),
        ("A 1 2\nC 3 4", "Found no row for G, T; accepted: 4 rows of numbers, one each for A, C, G, T."),
        ("1 2\n3 4\n5 6", "Found 3 rows; accepted: 4 rows of numbers, one each for A, C, G, T."),
        ("\n".join([" 1" * 51] * 4), "Found 51 columns; accepted: 1 to 50."),
        ("1 nan\n1 1\n1 1\n1 1", f"Line 1: found “nan”; {A_NUMBER}"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_matrix_is_told_and_loses_nothing(typing, text, message):
    type_text(typing, text)
    assert f"{message} The kernel stays as it is." in typing.inner_text("#editor details")
    assert typing.get_attribute("#editor textarea", "aria-invalid") == "true"
    np.testing.assert_array_equal(kernel_of(typing), KERNEL)
    cell(typing, "A", 1).focus()
    press(typing, "ArrowUp")
    assert typing.input_value("#editor textarea") == text, "the text to be mended is gone"
    button(typing, "Take the kernel above instead").click()
    assert float(typing.input_value("#editor textarea").split()[1]) == pytest.approx(KERNEL[0, 0] + 0.1)
    assert typing.get_attribute("#editor textarea", "aria-invalid") == "false"


def test_typing_is_one_change(typing):
    for text in (MATRIX, MATRIX + "0", MATRIX + "01"):
        type_text(typing, text)
    typing.focus("[aria-label='factor for all entries']")
    button(typing, "Undo").click()
    np.testing.assert_array_equal(kernel_of(typing), KERNEL)


def test_the_table_holds_the_full_numbers_once_asked_for(editor):
    assert editor.locator("[data-name^=kernel_A]").count() == 0
    editor.click("text=The kernel as a table")
    assert float(editor.get_attribute("#editor [data-name=kernel_G_5]", "data-value")) == KERNEL[2, 4]


def test_a_change_is_spoken_with_what_it_moved(editor):
    cell(editor, "T", 2).focus()
    press(editor, "ArrowUp")
    value = KERNEL[3, 1] + 0.1
    offset = float(kernel_to_pwm_at(changed("T", 2, value), 1.0).offset)
    editor.wait_for_function("document.querySelector('#editor > .ec-say').textContent !== ''")
    spoken = editor.inner_text("#editor > .ec-say").replace("−", "-")
    assert spoken == f"T, column 2: {value:.4g}. Offset {offset:.4g}."
