"""Tracks of letters: what is drawn, said and listed is what Python gave, under one cursor."""

from __future__ import annotations

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.letter_tracks import LetterTracks
from tests.components.conftest import importable, source_of
from tests.components.test_strip import assert_axe_is_content, assert_fits_a_phone

HARNESS = """
async ({ storeSource, source, state, options, letters, tracks }) => {
  const load = (text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  const { createStore, lib } = await load(storeSource);
  window.lib = lib;
  window.store = createStore(state, () => {}, 20);
  window.module = await load(source);
  const el = document.createElement("div");
  el.id = "tracks";
  document.body.replaceChildren(el);
  const traits = { store: "anywidget:store", options, letters, tracks };
  const listeners = {};
  const model = { get: (k) => traits[k], set() {}, save_changes() {}, on: (k, f) => (listeners[k] = f), off() {} };
  window.tell = (news) => {
    Object.assign(traits, news);
    for (const k of Object.keys(news)) listeners[`change:${k}`]?.();
  };
  const host = { getWidget: async () => ({ exports: { store: window.store, lib: window.lib } }) };
  await module.default.render({ model, el, host, signal: new AbortController().signal });
}
"""
RNG = np.random.default_rng(4)
LENGTH = 83
TEXT = "".join(RNG.choice(list("ACGTN"), LENGTH))
SITES = [[0, 6, "first"], [74, 83, "last"]]
VALUES = {"one": RNG.normal(size=LENGTH), "two": abs(RNG.normal(size=LENGTH)), "flat": np.zeros(LENGTH)}
PLOT = "#tracks [role=slider]"


def widget(text=TEXT, sites=SITES, values=VALUES) -> LetterTracks:
    kinds = dict(zip(values, ("exact", "heuristic", "heuristic"), strict=False))
    tracks = [
        {"name": name, "title": f"Track {name}", "kind": kinds[name], "values": list(map(float, v)), "note": f"{name}!"}
        for name, v in values.items()
    ]
    options = {
        "title": "Letter by letter",
        "edits": "edits",
        "kinds": {"exact": "exact reading", "heuristic": "heuristic"},
    }
    letters = {"text": text, "name": "a sequence", "sites": sites, "changed": []}
    return LetterTracks(Store(state={"cursor": 0, "zoom": None}, on_patch=print), options, letters, tracks)


@pytest.fixture
def draw(bare_page):
    def render(made=None, **state):
        made = made or widget()
        argument = {"storeSource": module_text("store"), "source": importable("letter_tracks")}
        argument |= {"state": {"cursor": 0, "zoom": None} | state, "letters": made.letters, "tracks": made.tracks}
        bare_page.evaluate(HARNESS, argument | {"options": made.options})
        return bare_page

    return render


def settle(page) -> None:
    page.evaluate("() => new Promise((f) => requestAnimationFrame(() => requestAnimationFrame(f)))")


def heard(page) -> str:
    return page.get_attribute(PLOT, "aria-valuetext")


def listed(page) -> dict[str, float]:
    page.locator("#tracks details summary").click()
    page.locator("#tracks details table").wait_for()
    numbers = "[...document.querySelectorAll('#tracks details data')].map((d) => [d.dataset.name, +d.value])"
    return dict(page.evaluate(numbers))


def test_the_table_lists_every_number_in_view_and_the_sites(draw) -> None:
    found = listed(draw())
    assert len(found) == 3 * LENGTH
    for name, values in VALUES.items():
        np.testing.assert_array_equal([found[f"{name}-{i + 1}"] for i in range(LENGTH)], values)


def test_the_cursor_tells_letter_site_and_ranks_from_the_first_to_the_last_letter(draw) -> None:
    page = draw()
    ranks = {name: np.argsort(np.argsort(-v, kind="stable"), kind="stable") + 1 for name, v in VALUES.items()}
    for i, where in ((0, "in the site first"), (40, "outside the sites"), (82, "in the site last")):
        page.evaluate(f"store.set({{ cursor: {i} }})")
        settle(page)
        said = ", ".join(f"Track {name} {1 if name == 'flat' else ranks[name][i]}" for name in VALUES)
        assert heard(page) == f"Letter {i + 1} is {TEXT[i]}, {where}. Its rank among 83: {said}."
        shown = page.locator("#tracks .ec-tracks-cursor").bounding_box()
        plot = page.locator(PLOT).bounding_box()
        unit = (plot["width"] - 3.75 * 16) / LENGTH
        assert shown["x"] == pytest.approx(plot["x"] + 3.25 * 16 + i * unit, abs=2)


def test_the_keyboard_moves_the_cursor_over_all_tracks(draw) -> None:
    page = draw()
    page.focus(PLOT)
    for key, expected in (("ArrowRight", 1), ("PageDown", None), ("End", 82), ("ArrowLeft", 81), ("Home", 0)):
        page.keyboard.press(key)
        if expected is not None:
            assert page.evaluate("store.state.cursor") == expected
    page.keyboard.press("+")
    first, last = page.evaluate("store.state.zoom")
    assert (first, last) == (0, 42)
    page.keyboard.press("End")  # the view comes along
    assert page.evaluate("store.state.zoom") == [LENGTH - 42, LENGTH]
    page.keyboard.press("0")
    assert page.evaluate("store.state.zoom") is None
    page.keyboard.press("s")  # to the first site after the cursor, here from the start again
    assert page.evaluate("store.state.cursor") == 0
    page.keyboard.press("s")
    assert page.evaluate("store.state.cursor") == 74
    assert page.evaluate("store.state.zoom") == [LENGTH - 60, LENGTH]


def test_a_pointer_that_passes_brings_the_cursor_back_and_a_click_keeps_it(draw) -> None:
    page = draw(cursor=5)
    box = page.locator(PLOT).bounding_box()
    unit = (box["width"] - 3.75 * 16) / LENGTH
    at = lambda letter: (box["x"] + 3.25 * 16 + (letter + 0.5) * unit, box["y"] + 90)  # noqa: E731
    page.mouse.move(*at(30))
    assert page.evaluate("store.state.cursor") == 30
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] + 60)
    assert page.evaluate("store.state.cursor") == 5
    page.mouse.move(*at(82))
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(box["x"] + 40, box["y"] + box["height"] + 60)
    assert page.evaluate("store.state.cursor") == 82


def test_bars_become_letters_where_there_is_room_and_hang_below_zero(draw) -> None:
    page = draw()
    assert page.locator("#tracks .ec-tracks-bars").count() == 0  # 83 letters have room on 1000 pixels
    heights = page.evaluate(
        "[...document.querySelectorAll('#tracks [data-name=tracks] > path[class^=is-]')].map((p) => p.getBBox().height)"
    )
    assert max(heights) <= 2.75 * 16 + 0.2
    page.set_viewport_size({"width": 400, "height": 700})
    settle(page)
    page.locator("#tracks .ec-tracks-bars").nth(2).wait_for(state="attached")
    one, two, flat = (page.locator("#tracks .ec-tracks-bars").nth(k) for k in range(3))
    assert one.evaluate("e => e.getBBox().height") == pytest.approx(2.75 * 16, abs=0.3)  # both sides of zero
    assert two.evaluate("e => e.getBBox().height") == pytest.approx(2.75 * 16, abs=0.3)
    assert flat.get_attribute("d") == ""
    assert "is-first" in one.get_attribute("class")
    assert "is-second" in two.get_attribute("class")


def test_a_letter_is_put_in_place_of_another_and_taken_back(draw) -> None:
    page = draw(cursor=82, edits=[])
    page.focus(PLOT)
    first, other = ("a", "c") if TEXT[82] != "A" else ("c", "a")
    page.keyboard.press(first)
    page.keyboard.press(other)
    assert page.evaluate("store.state.edits") == [[82, other.upper()]]
    page.keyboard.press("Home")
    page.get_by_role("button", name="N, unknown").click()
    assert page.evaluate("store.state.edits") == [[82, other.upper()], [0, "N"]]
    changed = "N" + TEXT[1:-1] + other.upper()
    letters = widget(changed).letters | {"changed": [[82, TEXT[82]], [0, TEXT[0]]]}
    page.evaluate("(letters) => tell({ letters })", letters)
    settle(page)
    assert heard(page).startswith(f"Letter 1 is N, it was {TEXT[0]}, in the site first.")
    assert page.locator("#tracks [data-name=changed]").get_attribute("d").count("M") == 2
    assert page.locator("#tracks [data-letter=N]").get_attribute("aria-pressed") == "true"
    page.evaluate("store.set({ cursor: 40 })")
    page.focus(PLOT)
    page.keyboard.press("Control+z")  # goes to where it takes back
    assert page.evaluate("[store.state.edits, store.state.cursor]") == [[[82, other.upper()]], 0]
    page.get_by_role("button", name="Undo the last change").click()
    settle(page)
    assert page.evaluate("[store.state.edits, store.state.cursor]") == [[], 82]
    assert not page.get_by_role("button", name="Undo the last change").is_visible()


def test_without_a_place_to_keep_them_no_letter_can_be_changed(draw) -> None:
    made = widget()
    made.options = {name: value for name, value in made.options.items() if name != "edits"}
    page = draw(made, edits=[])
    page.focus(PLOT)
    page.keyboard.press("a")
    assert page.evaluate("store.state.edits") == []
    assert not page.locator("#tracks .ec-tracks-edit").is_visible()


def test_another_sequence_is_drawn_at_once_and_the_cursor_stays_inside(draw) -> None:
    page = draw(cursor=82)
    short = widget("ACGTA", [], {"one": np.arange(5.0)})
    page.evaluate("(news) => tell(news)", {"letters": short.letters, "tracks": short.tracks})
    settle(page)
    assert heard(page) == "Letter 5 is A. Its rank among 5: Track one 1."
    assert page.locator("#tracks [data-name=site]").count() == 0
    assert page.get_by_role("button", name="Go to the site").count() == 0
    assert page.locator("#tracks .ec-tracks-key").inner_text() == "exact reading"


def test_the_component_is_small_fits_a_phone_and_is_named(draw) -> None:
    assert len(source_of("letter_tracks").encode()) < 30_000
    page = draw()
    for theme in ("light", "dark"):
        assert_axe_is_content(page, "tracks", theme)
    assert_fits_a_phone(page, "tracks")
