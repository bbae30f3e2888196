"""The heat map: what the page draws, says and sorts is what Python was given."""

from __future__ import annotations

import base64
import time

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.heatmap import NO_VALUE, HeatMap, padded_rows, quantised
from epool_viz.errors import ArgumentError, ShapeError
from tests.components.conftest import source_of
from tests.components.test_strip import assert_axe_is_content, assert_fits_a_phone

HARNESS = """
async ({ storeSource, source, state, options, labels, picture }) => {
  const load = (text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  const { default: storeModule, createStore, lib } = await load(storeSource);
  window.lib = lib;
  window.store = createStore(state, () => {}, 20);
  const { default: widget } = await load(source);
  const el = document.createElement("div");
  el.id = "heatmap";
  document.body.replaceChildren(el);
  window.unpack = (p) => ({ ...p, cells: new DataView(Uint8Array.from(atob(p.cells), (c) => c.charCodeAt(0)).buffer) });
  const traits = { store: "anywidget:store", options, labels, picture: unpack(picture) };
  const listeners = {};
  const model = { get: (k) => traits[k], set() {}, save_changes() {}, on: (k, f) => (listeners[k] = f), off() {} };
  window.tell = (news) => {
    for (const [k, v] of Object.entries(news)) traits[k] = k === "picture" ? unpack(v) : v;
    for (const k of Object.keys(news)) listeners[`change:${k}`]?.();
  };
  const host = { getWidget: async () => ({ exports: { store: window.store, lib: window.lib } }) };
  await widget.render({ model, el, host, signal: new AbortController().signal });
}
"""
PLOT = "#heatmap [role=application]"
WORDS = {"row": "sequence", "rows": "sequences", "column": "start", "value": "posterior", "mark": "known site"}


def sent(widget):
    """What the page gets, in a form that a test can hand over."""
    picture = dict(widget.picture)
    picture["cells"] = base64.b64encode(picture["cells"]).decode()
    return {"labels": widget.labels, "picture": picture}


def heat_map(values, *, names=None, marks=(), first_column=1, **options):
    widget = HeatMap(store=Store(state={"heat": None}, on_patch=print), options=options)
    widget.name_rows(names or [f"s{i}" for i in range(len(values))], marks=marks, first_column=first_column)
    widget.show(values, largest=1.0, caption="Where the site may start.")
    return widget


@pytest.fixture
def draw(bare_page):
    def render(values, **options):
        widget = heat_map(values, **{"title": "Posterior", "words": WORDS, "cursor": "heat"} | options)
        argument = {"storeSource": module_text("store"), "source": module_text("heatmap"), "state": {"heat": None}}
        bare_page.evaluate(HARNESS, argument | {"options": widget.options} | sent(widget))
        return bare_page

    return render


def sentence(page):
    return page.text_content("#heatmap .ec-panel-said")


def cursor(page):
    return page.evaluate("window.store.state.heat")


def colour_at(page, row, column, rows, columns):
    """Red, green and blue in the middle of a cell, the rows counted from the top."""
    script = """([row, column, rows, columns]) => {
      const canvas = document.querySelector("#heatmap canvas");
      const plot = canvas.parentElement;
      const rem = 16, width = plot.clientWidth;
      const high = Math.min(1.15 * rem, (26 * rem) / rows);
      const left = (high >= 0.8 * rem ? (width < 30 * rem ? 4.5 : 7.5) : 2.75) * rem;
      const unit = (width - 0.5 * rem - left) / columns;
      const ratio = canvas.width / width;
      const at = [left + (column + 0.5) * unit, 2 + (row + 0.5) * high].map((x) => Math.floor(x * ratio));
      return [...canvas.getContext("2d").getImageData(...at, 1, 1).data].slice(0, 3);
    }"""
    return np.array(page.evaluate(script, [row, column, rows, columns]), dtype=float)


VALUES = np.array(
    [
        [0.0, 0.1, 0.0, 0.0, 0.9, 0.0, 0.0],
        [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.2, 0.2, 0.2, np.nan, np.nan],
        [0.0, 0.0, 0.0, 0.0, 0.3, 0.0, 0.7],
    ]
)


def test_the_module_is_small():
    assert len(source_of("heatmap").encode()) < 30_000


def test_a_byte_holds_a_value_to_within_half_a_step(rng):
    values = rng.random((5, 11)) ** 4
    values[2, 3] = np.nan
    found = quantised(values, 1.0)
    assert found[2, 3] == NO_VALUE
    known = ~np.isnan(values)
    back = (found[known] / 254.0) ** 2
    np.testing.assert_allclose(np.sqrt(back), np.sqrt(values[known]), atol=0.5 / 254 + 1e-12)
    assert np.abs(back - values[known]).max() < 0.004
    assert quantised(np.array([[0.0, 2.0, 4.0, 9.0]]), 4.0).tolist() == [[0, round(254 * 0.5**0.5), 254, 254]]


def test_what_is_no_picture_is_refused():
    widget = heat_map(VALUES)
    before = widget.picture
    for values, error, message in (
        (np.zeros(3), ShapeError, r"\(row, column\)"),
        (np.zeros((0, 4)), ShapeError, "neither empty"),
        (np.array([[0.5, -0.1]]), ArgumentError, "negative"),
    ):
        with pytest.raises(error, match=message):
            widget.show(values)
    with pytest.raises(ArgumentError, match="`largest` is 0"):
        widget.show(VALUES, largest=0)
    assert widget.picture is before


def test_values_alone_say_what_is_full_colour():
    widget = heat_map(VALUES)
    widget.show(VALUES * 7)
    assert widget.picture["max"] == pytest.approx(7.0)
    widget.show(np.zeros((2, 3)))
    assert widget.picture["max"] == 1.0


def test_rows_of_different_lengths_end_in_nothing():
    found = padded_rows([np.arange(3.0), np.arange(5.0), np.arange(1.0)])
    np.testing.assert_array_equal(np.isnan(found).sum(axis=1), [2, 0, 4])
    np.testing.assert_array_equal(found[1], np.arange(5.0))


def test_a_posterior_travels_small():
    """1 000 × 400 cells of a settled posterior: a few kilobytes."""
    values = np.full((1000, 400), 1e-9)
    values[np.arange(1000), np.arange(1000) % 400] = 1.0
    assert len(heat_map(values).picture["cells"]) < 12_000


def test_colours_stand_where_the_values_are(draw):
    page = draw(VALUES)
    white = colour_at(page, 0, 0, 4, 7)
    full = colour_at(page, 1, 0, 4, 7)
    np.testing.assert_allclose(white, [255, 255, 255], atol=1)
    np.testing.assert_allclose(full, [0, 58, 112], atol=1)
    for row, column in ((0, 4), (2, 3), (3, 6), (0, 1)):
        expected = white + (full - white) * np.sqrt(VALUES[row, column])
        np.testing.assert_allclose(colour_at(page, row, column, 4, 7), expected, atol=2)
    nothing = colour_at(page, 2, 6, 4, 7)
    assert np.abs(nothing - white).max() > 10
    assert np.ptp(nothing) < 16, "a grey"


def test_the_cursor_says_its_cell_from_the_first_to_the_last(draw):
    page = draw(VALUES, names=["one", "two", "<b>three</b>", "four"], marks=[(0, 4, 7), (3, 0, 2)], first_column=5)
    assert sentence(page) == "one, start 9: posterior 0.9. The strongest of this sequence. In a known site."
    page.focus(PLOT)
    page.keyboard.press("Home")
    assert cursor(page) == [0, 0]
    assert sentence(page) == "one, start 5: posterior 0. Its strongest is 9, with 0.9."
    page.keyboard.press("PageDown")
    page.keyboard.press("End")
    assert cursor(page) == [3, 6]
    assert sentence(page) == "four, start 11: posterior 0.7. The strongest of this sequence."
    page.keyboard.press("ArrowRight")
    assert cursor(page) == [3, 6]
    page.keyboard.press("ArrowUp")
    assert sentence(page) == "<b>three</b>, start 11: no start here. Its strongest is 7, with 0.2."
    page.keyboard.press("b")
    assert cursor(page) == [2, 2]
    page.evaluate("window.store.set({ heat: [99, -3] })")
    page.wait_for_function("document.querySelector('#heatmap .ec-panel-said').textContent.startsWith('four, start 5')")
    assert sentence(page).endswith("In a known site.")


def test_rows_are_sorted_as_is_chosen_and_the_cursor_stays_on_its_own(draw):
    page = draw(VALUES)
    page.focus(PLOT)
    page.evaluate("window.store.set({ heat: [3, 6] })")
    orders = {"given": [0, 1, 2, 3], "position": [1, 2, 0, 3], "strength": [1, 0, 3, 2]}
    for sort, order in orders.items():
        page.select_option("#heatmap select", sort)
        assert cursor(page) == [3, 6]
        for place, row in enumerate(order):
            best = int(np.nanargmax(VALUES[row]))
            drawn = colour_at(page, place, best, 4, 7)
            share = np.sqrt(VALUES[row, best])
            np.testing.assert_allclose(drawn, 255 + (np.array([0, 58, 112]) - 255) * share, atol=2)
    page.focus(PLOT)
    page.keyboard.press("ArrowUp")
    assert cursor(page) == [0, 6], "up from the third of four, in the order of strength"


def test_new_values_are_drawn_and_late_ones_do_not_undo_them(draw):
    page = draw(VALUES)
    one, two = heat_map(np.roll(VALUES, 1, axis=0)), heat_map(1 - np.nan_to_num(VALUES)[:, :5])
    script = """async ([a, b]) => {
      const [unpacked, rest] = [Response.prototype.arrayBuffer, () => new Promise((done) => setTimeout(done))];
      const label = () => document.querySelector("#heatmap [role=application]").ariaLabel;
      let [n, release] = [0, null];
      const gate = new Promise((done) => (release = done));
      Response.prototype.arrayBuffer = async function () {
        const isFirst = n++ === 0;
        const bytes = await unpacked.call(this);
        if (isFirst) await gate; // what came first is unpacked last
        return bytes;
      };
      window.tell(a);
      await rest();
      window.tell(b);
      while (!label().includes("5 columns")) await rest();
      release();
      for (let i = 0; i < 5; i++) await rest();
      Response.prototype.arrayBuffer = unpacked;
    }"""
    page.evaluate(script, [sent(one), sent(two)])
    assert "5 columns" in page.get_attribute(PLOT, "aria-label")
    np.testing.assert_allclose(colour_at(page, 3, 0, 4, 5), [0, 58, 112], atol=1)


def test_the_pointer_finds_the_strongest_cell_of_what_it_is_on(draw):
    """1 000 rows on 416 pixels: a lone strong cell is seen, and found, among its faint neighbours."""
    values = np.full((1000, 400), 1e-4)
    values[501, 200] = 1.0
    page = draw(values)
    box = page.locator(PLOT).bounding_box()
    left, unit = 2.75 * 16, (box["width"] - 3.25 * 16) / 400
    x, y = box["x"] + left + 200.5 * unit, box["y"] + 2 + 500.5 * 0.416  # on the row above, and the same pixel
    page.mouse.move(x, y)
    assert sentence(page).startswith("s501, start 201: posterior 1.")
    assert cursor(page) is None, "looking is not choosing"
    page.mouse.click(x, y)
    assert cursor(page) == [501, 200]
    page.mouse.move(x, y + 100)
    assert not sentence(page).startswith("s501")
    page.mouse.move(box["x"] + 5, box["y"] - 20)
    assert sentence(page).startswith("s501, start 201")


def test_a_thousand_rows_are_drawn_at_once(draw):
    """Time to draw 1 000 × 400 cells again; 9 ms were measured."""
    values = np.random.default_rng(5).random((1000, 400)) ** 6
    page = draw(values)
    script = """async () => {
      const choose = document.querySelector("#heatmap select");
      const times = [];
      for (const sort of ["strength", "position", "given", "strength", "position"]) {
        const start = performance.now();
        choose.value = sort;
        choose.dispatchEvent(new Event("change"));
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b)[2];
    }"""
    assert page.evaluate(script) < 150


def test_the_table_tells_the_same(draw):
    page = draw(VALUES, marks=[(3, 4, 7)])
    page.click("#heatmap summary")
    page.locator("#heatmap tbody tr").first.wait_for()  # filled once it is open
    cells = page.eval_on_selector_all(
        "#heatmap tbody tr", "(all) => all.map((r) => [...r.cells].map((c) => c.textContent))"
    )
    assert [row[0] for row in cells] == ["s1", "s0", "s3", "s2"]
    assert [row[1] for row in cells] == ["1", "5", "7", "3"]
    assert [row[3] for row in cells] == ["–", "–", "5–7", "–"]
    values = page.eval_on_selector_all("#heatmap tbody data[data-name^=value]", "(all) => all.map((d) => +d.value)")
    np.testing.assert_allclose(values, [1.0, 0.9, 0.7, 0.2], atol=0.004)


def test_light_and_dark_have_their_own_ground(draw):
    page = draw(VALUES)
    page.emulate_media(color_scheme="dark")
    page.evaluate("document.body.setAttribute('style', 'color-scheme: dark')")
    deadline = time.monotonic() + 5
    while colour_at(page, 0, 0, 4, 7).max() > 60 and time.monotonic() < deadline:
        page.evaluate("new Promise(requestAnimationFrame)")
    np.testing.assert_allclose(colour_at(page, 0, 0, 4, 7), [17, 21, 28], atol=2)
    np.testing.assert_allclose(colour_at(page, 1, 0, 4, 7), [143, 220, 255], atol=2)
    page.evaluate("document.body.removeAttribute('style')")


def test_it_is_for_everybody(draw):
    page = draw(
        VALUES, marks=[(3, 4, 7)], names=["a name much longer than the room that is left for it", "b", "c", "d"]
    )
    for theme in ("light", "dark"):
        assert_axe_is_content(page, "heatmap", theme)
    assert_fits_a_phone(page, "heatmap")
    page.evaluate("document.documentElement.removeAttribute('style')")
