"""Charts by plotly.js: loaded when they come near, drawn whole each time, and a failure told."""

from __future__ import annotations

import base64
import json
import logging

import pytest

from epool_viz.components import charts
from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.charts import Charts, packed_library

FIGURE = {
    "data": [{"x": [1, 2, 3], "y": [0.5, None, 0.25], "meta": "a"}, {"x": [1], "y": [2], "meta": "b"}],
    "layout": {"height": 300},
}
OTHER = {
    "data": [{"x": [1, 2], "y": [0.125, 4], "meta": "c"}],
    "layout": {"height": 320, "annotations": [{"text": "later", "showarrow": False}]},
}
OPTIONS = {"label": "Charts", "height": 280}
HARNESS = """async ({ source, storeSource, options, packed, answers }) => {
  const load = (text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  const { createStore, lib } = await load(storeSource);
  const store = createStore({}, () => {});
  const host = { getWidget: async () => ({ exports: { store, lib } }) };
  document.body.innerHTML = "<div style='height: 4000px'></div><div id='charts'></div>";
  window.sent = [];
  const library = () => new DataView(Uint8Array.from(atob(packed), (c) => c.charCodeAt(0)).buffer);
  const send = (message) => { window.sent.push(message); window.hear(answers, answers.library ? [library()] : []); };
  const get = (name) => (name === "options" ? options : "anywidget:store");
  const model = { get, on: (_, f) => (window.hear = f), off() {}, send };
  const { default: widget } = await load(source);
  window.leave = new AbortController();
  await widget.render({ model, el: document.getElementById("charts"), host, signal: window.leave.signal });
}"""
LINES = "document.querySelector('.js-plotly-plot').data.map(({ x, y, meta }) => [meta, x, y])"


@pytest.fixture
def page(bare_page):
    def render(answers):
        sources = {"source": module_text("charts"), "storeSource": module_text("store")}
        packed = base64.b64encode(packed_library()).decode()
        bare_page.evaluate(HARNESS, {**sources, "options": OPTIONS, "packed": packed, "answers": answers})
        return bare_page

    return render


def near(page):
    page.evaluate("scrollTo(0, 3800)")


def test_nothing_is_asked_for_before_the_charts_are_near(page):
    page = page({"figure": FIGURE, "library": True})
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 200)))")
    assert page.evaluate("sent") == []
    assert page.locator("#charts").bounding_box()["height"] >= OPTIONS["height"], "their place is kept"
    near(page)
    page.locator(".js-line").first.wait_for(state="attached")
    assert page.evaluate("sent") == [{"get": "charts"}]


def test_each_message_is_the_whole_figure(page):
    page = page({"figure": FIGURE, "library": True})
    near(page)
    page.locator(".js-line").first.wait_for(state="attached")
    assert page.evaluate(LINES) == [[line["meta"], line["x"], line["y"]] for line in FIGURE["data"]]
    assert page.get_by_text("Loading the charts").count() == 0
    page.evaluate("(figure) => hear({ figure }, [])", OTHER)
    page.get_by_text("later").wait_for()
    assert page.evaluate(LINES) == [["c", [1, 2], [0.125, 4]]]
    offered = page.locator(".modebar-btn").evaluate_all("all => all.map((e) => e.dataset.title)")
    assert "Download plot as a PNG" in offered
    assert not [title for title in offered if "Share" in title or "Select" in title], "nothing is uploaded anywhere"
    page.evaluate("hear({ error: 'the second time' }, [])")
    page.get_by_text("could not be loaded: the second time").wait_for()
    page.evaluate("leave.abort()")
    page.wait_for_function("document.querySelector('.ec-charts').data === undefined")  # plotly lets go of it


def test_of_figures_that_come_before_the_library_the_last_one_is_drawn(page):
    page = page({"figure": FIGURE, "library": True})
    page.evaluate("(figure) => hear({ figure }, [])", OTHER)
    assert page.locator(".js-line").count() == 0
    near(page)
    page.evaluate("new Promise((done) => setTimeout(done, 0))")
    page.wait_for_function("sent.length === 1")
    page.evaluate("(figure) => hear({ figure }, [])", OTHER)
    page.get_by_text("later").wait_for()
    assert page.evaluate(LINES) == [["c", [1, 2], [0.125, 4]]]


def test_a_failure_is_told_in_the_place_of_the_charts(page):
    page = page({"error": "it is not your doing (error 0a1b)."})
    near(page)
    page.get_by_role("status").get_by_text(
        "The charts could not be loaded: it is not your doing (error 0a1b)."
    ).wait_for()


# --- Python's side


@pytest.fixture
def widget(monkeypatch):
    made = Charts(Store({}, lambda _: None), OPTIONS, FIGURE)
    made.sent = []
    monkeypatch.setattr(made, "send", lambda content, buffers=(): made.sent.append((content, list(buffers))))
    return made


def test_python_sends_the_figure_of_now_and_the_library_when_it_is_asked(widget):
    widget.show(OTHER)
    assert widget.sent == [], "who has not asked draws nothing"
    for junk in ({}, {"get": "a file"}, "charts", None):
        widget._answer(widget, junk, [])
    assert widget.sent == []
    widget._answer(widget, {"get": "charts"}, [])
    ((answer, (library,)),) = widget.sent
    assert answer == {"figure": OTHER, "library": True}
    assert library == packed_library()
    assert 1e6 < len(library) < 2e6
    widget.show(FIGURE)
    assert widget.sent[1:] == [({"figure": FIGURE}, [])]


def test_a_library_that_cannot_be_read_is_told_and_logged(widget, monkeypatch, caplog, swallowed_exceptions):
    def fail():
        raise OSError("no such file /home/somebody")

    monkeypatch.setattr(charts, "packed_library", fail)
    with caplog.at_level(logging.ERROR):
        widget._answer(widget, {"get": "charts"}, [])
    ((answer, _),) = widget.sent
    assert answer["error"].startswith("it is not your doing (error ")
    assert "somebody" not in json.dumps(answer)
    assert "no such file" in caplog.text
    swallowed_exceptions.clear()
