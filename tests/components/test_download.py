"""What a visitor takes along: asked for, saved, refused in words; and the pictures of the page as one picture."""

from __future__ import annotations

import json
import logging
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.download import Download
from epool_viz.errors import ArgumentError
from tests.components.conftest import importable, source_of, state_of
from tests.components.test_strip import settle

STATE = state_of(
    "ACGTTGCATCANGTTAGCATTAGACCATGACTTAGGC", np.random.default_rng(4).normal(size=(4, 5)), kernel_name="mine & <yours>"
)
ITEMS = [
    {"name": "csv", "label": "Table"},
    {"name": "lines", "label": "Python lines", "copy": True},
    {"name": "view.svg", "label": "View as SVG", "source": "view"},
    {"name": "view.png", "label": "View as PNG", "source": "view"},
]
HARNESS = """async ({ storeSource, modules, state, options }) => {
  const load = (text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  const { createStore, lib } = await load(storeSource);
  window.lib = lib;
  window.sent = [];
  window.store = createStore(state, (patch) => window.sent.push({ patch }), 5000);
  for (const [name, source] of Object.entries(modules)) {
    const { default: widget } = await load(source);
    const el = document.body.appendChild(document.createElement("div"));
    el.id = name;
    const traits = { store: "anywidget:store", options: name === "download" ? options : {} };
    const [on, send] = [(event, f) => (window.hear = f), (m) => window.sent.push(m)];
    const model = { get: (k) => traits[k], on, off() {}, send };
    const host = { getWidget: async () => ({ exports: { store: window.store, lib: window.lib } }) };
    await widget.render({ model, el, host, signal: new AbortController().signal });
  }
}"""
ANSWER = """([content, text]) => {
  const view = text === null ? null : new DataView(new TextEncoder().encode("xx" + text).buffer, 2);
  window.hear(content, view ? [view] : []);
}"""
CLIPBOARD = """(works) => Object.defineProperty(navigator, 'clipboard', {
  configurable: true, value: works ? { writeText: async (text) => { window.copied = text; } } : undefined,
})"""


@pytest.fixture
def download(bare_page):
    def render(*others, items=ITEMS, state=STATE, **options):
        modules = {name: module_text(name) for name in (*others, "download")}
        argument = {
            "storeSource": module_text("store"),
            "modules": modules,
            "state": state,
            "options": {"items": items} | options,
        }
        bare_page.evaluate(HARNESS, json.loads(json.dumps(argument)))
        return bare_page

    return render


def press(page, label):
    page.click(f"#download button:text-is('{label}')")


def answer(page, content, text=None):
    page.evaluate(ANSWER, [content, text])


def said(page):
    return page.inner_text("#download [role=status]")


def alert(page):
    return page.inner_text("#download [role=alert]")


def is_busy(page, name):
    return page.get_attribute(f"#download [data-item={name}]", "aria-busy") == "true"


def test_the_module_is_small():
    source = source_of("download")
    assert len(source.encode()) < 30_000
    assert "innerHTML" not in source


def test_a_file_is_asked_for_by_name_and_saved_as_it_came(download):
    page = download(note="All numbers to the last digit.")
    assert "All numbers to the last digit." in page.inner_text("#download")
    page.focus("#download button")
    page.keyboard.press("Enter")
    assert page.evaluate("window.sent") == [{"get": "csv"}]
    assert is_busy(page, "csv")
    page.keyboard.press("Enter")
    assert len(page.evaluate("window.sent")) == 1, "asked twice"
    with page.expect_download() as caught:
        answer(page, {"name": "csv", "file_name": "trace.csv", "mime": "text/csv"}, "a,b\n1,−2\n")
    assert caught.value.suggested_filename == "trace.csv"
    assert Path(caught.value.path()).read_text(encoding="utf-8") == "a,b\n1,−2\n"
    assert not is_busy(page, "csv")
    assert said(page) == "trace.csv is saved: 11 bytes."
    assert page.evaluate("document.activeElement.dataset.item") == "csv"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"name": "csv", "error": "The file is <b>too long</b>."}, "Table: The file is <b>too long</b>."),
        ({"name": "csv", "file_name": "a.csv", "mime": "text/csv"}, "Table: the answer holds no file. Try again."),
    ],
)
def test_an_error_is_told(download, content, words):
    page = download()
    press(page, "Table")
    answer(page, content)
    assert alert(page) == words
    assert not is_busy(page, "csv")
    press(page, "Table")
    assert alert(page) == ""


def test_no_answer_is_told_and_a_late_one_is_dropped(download):
    page = download(patience=0.2)
    press(page, "Table")
    page.wait_for_function("document.querySelector('#download [role=alert]').textContent !== ''")
    assert alert(page).startswith("Table: no answer within 0.2 seconds.")
    assert not is_busy(page, "csv")
    answer(page, {"name": "csv", "file_name": "a.csv", "mime": "text/csv"}, "late")
    assert "saved" not in said(page)
    assert "const { items = [], note, patience = 20 }" in source_of("download")


def test_a_text_is_copied_or_shown(download):
    page = download()
    page.evaluate(CLIPBOARD, True)
    press(page, "Python lines")
    answer(page, {"name": "lines", "file_name": "a.py", "mime": "text/x-python"}, "one\ntwo <b>\n")
    page.wait_for_function("window.copied === 'one\\ntwo <b>\\n'")
    assert said(page) == "Python lines: copied, 2 lines."
    assert page.locator("#download pre").is_visible() is False
    page.evaluate(CLIPBOARD, False)
    press(page, "Python lines")
    answer(page, {"name": "lines", "file_name": "a.py", "mime": "text/x-python"}, "one\ntwo <b>\n")
    page.wait_for_selector("#download pre")
    assert page.text_content("#download pre") == "one\ntwo <b>\n"
    assert page.evaluate("getSelection().toString().trim()") == "one\ntwo <b>"
    assert "does not let a page copy" in said(page)


def view(page, label):
    with page.expect_download() as caught:
        press(page, label)
    return caught.value.suggested_filename, Path(caught.value.path()).read_bytes()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_view_as_svg_stands_alone(download, theme):
    page = download("strip", "logo", "posterior_track", "axis")
    page.evaluate("(theme) => (document.documentElement.style.colorScheme = theme)", theme)
    settle(page)
    name, data = view(page, "View as SVG")
    assert name == "epool_viz_view.svg"
    root = ET.fromstring(data)
    text = data.decode()
    for foreign in ("var(", "color-mix", "light-dark", "color(", "class=", "<script", "currentcolor"):
        assert foreign not in text, foreign
    ns = "{http://www.w3.org/2000/svg}"
    words = " ".join("".join(t.itertext()) for t in root.iter(f"{ns}text"))
    for wanted in (
        "mine & <yours> · m = 1",
        "Posterior",
        "ePool",
        "bits in all",
        "entropy / m",
        "maximum 3.755; log-sum-exp is",
    ):
        assert wanted in words, wanted
    for unwanted in ("reverse complement", "The numbers as a table", "View as SVG"):
        assert unwanted not in words
    pictures = [svg for svg in root.iter(f"{ns}svg") if svg is not root]
    drawn = page.evaluate(
        "[...document.querySelectorAll('svg')].filter((s) => s.clientWidth && !s.closest('button')).length"
    )
    assert len(pictures) == drawn
    letter = next(path for path in root.iter(f"{ns}path") if path.get("data-letter") == "A")
    assert letter.get("fill") == {"light": "rgb(2, 121, 116)", "dark": "rgb(123, 232, 224)"}[theme]
    assert root.find(f"{ns}rect").get("fill") == {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 21, 28)"}[theme]
    for svg in pictures:
        assert float(svg.get("x")) + float(svg.get("width")) <= float(root.get("width")) + 1
        assert float(svg.get("y")) + float(svg.get("height")) <= float(root.get("height")) + 1


def test_the_view_as_png_is_twice_as_large(download):
    page = download("logo", "posterior_track")
    page.evaluate("posterior_track.insertAdjacentHTML('afterend', '<canvas width=40 height=30></canvas>')")
    _, svg = view(page, "View as SVG")
    assert b'href="data:image/png' in svg
    name, data = view(page, "View as PNG")
    assert (name, data[:8]) == ("epool_viz_view.png", b"\x89PNG\r\n\x1a\n")
    size = (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"))
    root = ET.fromstring(svg)
    assert size == (2 * int(root.get("width")), 2 * int(root.get("height")))


def test_only_the_dashboard_it_stands_in_is_drawn(download):
    page = download("logo", "posterior_track")
    page.evaluate("""const box = document.body.appendChild(document.createElement('div')); box.className = 'ep-root';
      box.append(document.querySelector('#posterior_track'), document.querySelector('#download'));""")
    _, svg = view(page, "View as SVG")
    assert b"data-letter" not in svg
    assert b"Posterior" in svg


def test_small_pictures_in_a_table_are_left_to_the_table(download):
    page = download("logo")
    page.evaluate("""document.body.insertAdjacentHTML('beforeend',
      '<table><tr><td><svg width=40 height=10><path id=tiny d="M0 0h9v9z"/></svg></td></tr></table>')""")
    _, svg = view(page, "View as SVG")
    assert b"tiny" not in svg
    assert b"path" in svg


def test_a_page_without_pictures_says_so(download):
    page = download()
    press(page, "View as PNG")
    page.wait_for_function("document.querySelector('#download [role=alert]').textContent !== ''")
    assert alert(page) == "View as PNG: the picture could not be made. There is no picture on this page to save."


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(download, theme):
    page = download(note="A note.")
    page.evaluate("(theme) => (document.documentElement.style.colorScheme = theme)", theme)
    page.evaluate("document.body.style.background = 'var(--paper)'")
    press(page, "Table")
    answer(page, {"name": "csv", "error": "No."})
    press(page, "Python lines")
    page.evaluate(CLIPBOARD, False)
    answer(page, {"name": "lines", "file_name": "a.py", "mime": "text/x-python"}, "x" * 300)
    page.wait_for_selector("#download pre")
    found = Axe().run(page, context="#download").response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


# Python's side --------------------------------------------------------------------------------------------------------


def make(name):
    if name == "lines":
        raise ArgumentError("m", "-1", "a number from 0")
    if name == "broken":
        raise RuntimeError("secret path")
    return "trace.csv", "text/csv", b"a,b\n"


@pytest.fixture
def sent(monkeypatch):
    items = [*ITEMS, {"name": "broken", "label": "Broken"}]
    widget = Download(Store(state=STATE, on_patch=lambda _: None), make, {"items": items})
    messages = []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: messages.append((content, buffers)))

    def ask(content):
        messages.clear()
        widget._handle_custom_msg(content, [])
        return messages

    return ask


def test_python_answers_with_name_type_and_bytes(sent):
    assert sent({"get": "csv"}) == [({"name": "csv", "file_name": "trace.csv", "mime": "text/csv"}, [b"a,b\n"])]


def test_a_mistake_is_answered_as_it_is(sent):
    assert sent({"get": "lines"}) == [({"name": "lines", "error": "`m` is -1; accepted: a number from 0"}, None)]


def test_a_defect_is_logged_under_the_id_that_is_shown(sent, caplog, swallowed_exceptions):
    with caplog.at_level(logging.ERROR):
        [(content, _)] = sent({"get": "broken"})
    assert "secret" not in content["error"]
    reference = content["error"].split("error ")[1][:8]
    assert reference in caplog.text
    assert "RuntimeError: secret path" in caplog.text
    swallowed_exceptions.clear()


@pytest.mark.parametrize("name", ["view.png", "other", ""])
def test_what_python_does_not_make_is_refused(sent, name):
    assert sent({"get": name}) == [({"name": name, "error": f"There is nothing here called {name!r}."}, None)]


@pytest.mark.parametrize("content", [None, [], "csv", {}, {"get": 3}, {"get": None}])
def test_a_message_that_no_page_of_ours_sends_is_ignored(sent, content):
    assert sent(content) == []


def test_a_line_that_breaks_at_a_hyphen_is_two_lines(bare_page):
    page = bare_page
    page.set_content(
        "<figure class=ec style='width: 6em; font: 16px monospace'>aa log-sum-exponent bb<canvas></canvas></figure>"
    )
    svg = page.evaluate(
        """async (source) => (await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" }))))
        .pictureOf(document.body, "t").svg""",
        importable("download"),
    )
    texts = [text.text for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert len(texts) > 3
    assert "".join(texts[1:]).replace(" ", "") == "aalog-sum-exponentbb"
    assert all(len(text) <= 12 for text in texts)


def test_python_hears_of_the_last_move_before_it_makes_a_file(download):
    page = download()
    page.evaluate("window.store.set({ m: 2.5 })")
    press(page, "Table")
    assert page.evaluate("window.sent") == [{"patch": {"m": 2.5}}, {"get": "csv"}]
    page.evaluate("window.store.flush()")
    assert len(page.evaluate("window.sent")) == 2, "told once"
