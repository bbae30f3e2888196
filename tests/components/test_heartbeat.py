"""The heartbeat: quiet while all is well, plain words and a way back when Python or the network is gone."""

from __future__ import annotations

import json

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.heartbeat import Heartbeat
from epool_viz.core.trace import e_step_trace
from tests.components.conftest import state_of

HARNESS = """async ({ storeSource, source, state, options, hasPython }) => {
  const load = (text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  const { createStore, lib } = await load(storeSource);
  window.lib = lib;
  window.pushed = [];
  const push = (patch) => {
    if (window.python === "closed") throw new Error("the websocket is closed");
    window.pushed.push(patch);
  };
  window.store = createStore(state, push, 20);
  window.asked = [];
  window.python = options.pythonAtFirst ?? "answers";
  const { default: widget } = await load(source);
  const el = document.body.appendChild(document.createElement("div"));
  el.id = "heartbeat";
  let heard = () => {};
  const model = { get: (k) => ({ store: "anywidget:store", options })[k], on: (name, f) => (heard = f), off() {} };
  if (hasPython) model.send = ({ ping }) => {
    window.asked.push(ping);
    if (window.python === "closed") throw new Error("the websocket is closed");
    if (window.python === "answers") setTimeout(() => heard({ pong: ping }), 5);
  };
  const host = { getWidget: async () => ({ exports: { store: window.store, lib: window.lib } }) };
  window.stop = await widget.render({ model, el, host, signal: new AbortController().signal });
}"""
SHOWN = "document.querySelector('#heartbeat').dataset.state"


@pytest.fixture
def heartbeat(bare_page):
    def render(has_python=True, **options):
        state = state_of("ACGTACGTT", np.eye(4), m=1.5)
        argument = {"storeSource": module_text("store"), "source": module_text("heartbeat"), "state": state}
        argument |= {"options": {"every": 0.03, "patience": 0.15} | options, "hasPython": has_python}
        bare_page.evaluate(HARNESS, json.loads(json.dumps(argument)))
        return bare_page

    return render


def alert(page):
    return page.locator("#heartbeat [role=alert]")


def test_a_python_that_answers_is_not_spoken_of(heartbeat):
    page = heartbeat()
    page.wait_for_function("window.asked.length > 8")
    assert page.evaluate(SHOWN) == "well"
    assert alert(page).inner_text() == ""


def test_a_python_that_is_gone_is_told_in_plain_words_and_goes_on_when_it_is_back(heartbeat):
    page = heartbeat()
    page.evaluate("window.python = 'silent'")
    page.wait_for_function(f"{SHOWN} === 'python'")
    text = alert(page).inner_text()
    assert "Python no longer answers." in text
    assert "The picture still moves" in text
    page.evaluate("window.python = 'answers'")
    page.wait_for_function(f"{SHOWN} === 'well'")
    assert alert(page).inner_text() == ""
    page.wait_for_function("document.querySelector('#heartbeat .ec-say').textContent === 'The connection is back.'")


def test_a_closed_connection_is_noticed_at_once(heartbeat):
    page = heartbeat(patience=600)
    page.evaluate("window.python = 'closed'")
    page.wait_for_function(f"{SHOWN} === 'python'")


def test_a_hand_that_moves_on_a_closed_connection_meets_the_banner_and_no_error(heartbeat):
    page = heartbeat(patience=600)
    page.evaluate("window.python = 'closed'; window.store.set({ m: 2.5, cursor: 4 })")
    page.wait_for_function(f"{SHOWN} === 'python'")
    assert "Python no longer answers." in alert(page).inner_text()
    page.evaluate("window.store.set({ cursor: 3 }); window.store.flush()")
    assert page.evaluate("[store.state.m, store.state.cursor, pushed.length]") == [2.5, 3, 0]
    page.evaluate("window.python = 'answers'; window.store.flush()")
    assert page.evaluate("pushed") == [{"m": 2.5, "cursor": 3}]


def test_what_python_could_not_be_told_it_is_told_when_it_is_heard_again(heartbeat):
    page = heartbeat()
    page.evaluate("window.python = 'closed'; window.store.set({ m: 2.5 }); window.store.flush()")
    page.evaluate("window.python = 'answers'; window.store.receive({ m: 1, cursor: 6 })")
    page.wait_for_function("pushed.length")
    assert page.evaluate("[pushed, store.state.m, store.state.cursor]") == [[{"m": 2.5}], 2.5, 6]


def test_a_store_begins_where_python_is_gone_already(bare_page):
    begin = """async ([source, state]) => {
      const { default: widget } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
      const send = () => { throw new Error("Cannot send"); };
      const { store } = widget.initialize({ model: { get: () => state, on() {}, send } });
      store.set({ m: 2.5 });
      return store.trace.pooled;
    }"""
    state = json.loads(json.dumps(state_of("ACGTACGTT", np.eye(4), m=1.5)))
    found = bare_page.evaluate(begin, [module_text("store"), state])
    expected = e_step_trace("ACGTACGTT", np.eye(4), m=2.5).pooled
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


def test_a_short_silence_is_no_alarm(heartbeat):
    page = heartbeat(patience=600)
    page.evaluate("window.python = 'silent'")
    page.wait_for_function("window.asked.length > 10")
    assert page.evaluate(SHOWN) == "well"


def test_the_network_that_is_gone_has_its_own_words(heartbeat):
    page = heartbeat()
    page.context.set_offline(True)
    try:
        page.wait_for_function(f"{SHOWN} === 'network'")
        assert "You are offline." in alert(page).inner_text()
    finally:
        page.context.set_offline(False)
    page.wait_for_function(f"{SHOWN} === 'well'")


def test_the_way_back_keeps_the_state(heartbeat):
    page = heartbeat(share=["m", "codes", "cursor"])
    page.evaluate("window.python = 'silent'; window.store.set({ m: 3.25, cursor: 2 })")
    with page.expect_navigation():
        page.get_by_role("button", name="Reload with this state").click()
    assert page.evaluate("document.querySelector('#heartbeat')") is None, "the page was not loaded anew"
    fragment = page.evaluate("location.hash")
    read = """async ([source, state]) => {
      const { lib } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
      return lib.link.fromFragment(location.hash, state);
    }"""
    state = state_of("ACGTACGTA", np.eye(4))
    found = page.evaluate(read, [module_text("store"), json.loads(json.dumps(state))])
    assert found == {"m": 3.25, "cursor": 2, "codes": [0, 1, 2, 3, 0, 1, 2, 3, 3]}
    assert len(fragment) < 120


def test_a_page_that_nobody_touches_stops_asking_and_a_touch_wakes_it(heartbeat):
    page = heartbeat(quiet=0.2)
    page.evaluate("new Promise((done) => { let last = -1; const look = () => { if (asked.length === last) return done(); last = asked.length; setTimeout(look, 150); }; look(); })")  # fmt: skip  # noqa: E501
    before = page.evaluate("asked.length")
    assert before > 0
    page.mouse.move(5, 5)
    page.mouse.down()
    page.mouse.up()
    page.wait_for_function(f"asked.length > {before}")
    assert page.evaluate(SHOWN) == "well"


def test_a_page_without_python_only_watches_the_network(heartbeat):
    page = heartbeat(has_python=False)
    page.evaluate("new Promise((done) => setTimeout(done, 300))")
    assert page.evaluate(SHOWN) == "well"


def test_stopping_ends_the_questions(heartbeat):
    page = heartbeat()
    page.wait_for_function("asked.length > 1")
    assert page.evaluate(
        "(async () => { window.stop(); const n = asked.length; await new Promise((d) => setTimeout(d, 150)); return asked.length - n; })()"  # noqa: E501
    ) == 0  # fmt: skip


def test_python_answers_a_question_and_nothing_else(monkeypatch):
    widget = Heartbeat(store=Store(state={}, on_patch=lambda _: None))
    sent = []
    monkeypatch.setattr(widget, "send", sent.append)
    for content in ({"ping": 7}, {"ping": "x" * 10}, {"other": 1}, "ping", None):
        widget._handle_custom_msg(content, [])
    assert sent == [{"pong": 7}]


# --- a state that Python cannot manage

ADDRESS = "http://127.0.0.1:9/page"  # which the test itself answers
OPENED = "#state=eyJtIjoyLjV9"  # {"m": 2.5}


@pytest.fixture
def opened(bare_page, heartbeat):
    """A page whose address brought a state, and whose Python answers, or does not."""

    def open_with(fragment, python="answers"):
        bare_page.goto("about:blank")
        bare_page.goto(ADDRESS + fragment)
        return heartbeat(pythonAtFirst=python)

    empty = "<!DOCTYPE html><title>here</title>"
    bare_page.route(ADDRESS, lambda route: route.fulfill(body=empty, content_type="text/html"))
    bare_page.goto(ADDRESS)
    bare_page.evaluate("sessionStorage.clear()")
    yield open_with
    bare_page.unroute(ADDRESS)


def tries(page):
    return page.evaluate("JSON.parse(sessionStorage.getItem('epool-opening') ?? '{}').tries ?? 0")


def refused(page):
    return page.evaluate("window.lib.opening.openingOf(location.hash)?.isRefused ?? null")


def test_a_state_that_python_answers_after_is_forgotten(opened):
    page = opened(OPENED)
    assert tries(page) == 1
    page.wait_for_function("sessionStorage.getItem('epool-opening') === null", timeout=5000)
    assert refused(page) is False


def test_a_state_over_which_python_stops_is_not_taken_over_again(opened):
    page = opened(OPENED, "is silent")
    page.wait_for_function(f"{SHOWN} === 'opening'")
    assert "not since this address was opened" in alert(page).inner_text()
    labels = alert(page).get_by_role("button").all_inner_texts()
    assert labels == ["Start afresh", "Reload with this state"]
    assert tries(page) == 3
    page = opened(OPENED)
    assert refused(page) is True
    page.wait_for_function(f"{SHOWN} === 'refused'")
    assert alert(page).get_by_role("button").all_inner_texts() == ["Leave it out", "Take it over all the same"]


def test_what_was_not_taken_over_is_left_out_or_taken_over_after_all(opened):
    opened(OPENED, "is silent").wait_for_function(f"{SHOWN} === 'opening'")
    page = opened(OPENED)
    page.evaluate("window.heard = 0; window.addEventListener('hashchange', () => { window.heard += 1; })")
    page.get_by_role("button", name="Take it over all the same").click()
    assert page.evaluate("window.heard") == 1
    assert refused(page) is False
    opened(OPENED, "is silent").wait_for_function(f"{SHOWN} === 'opening'")
    page = opened(OPENED)
    page.get_by_role("button", name="Leave it out").click()
    assert page.evaluate("location.hash") == ""
    assert tries(page) == 0
    page.wait_for_function(f"{SHOWN} === 'well'")


def test_a_page_that_is_reloaded_before_python_could_answer_is_not_suspected_at_once(opened):
    assert [refused(opened(OPENED, "is silent")) for _ in range(4)] == [False, False, False, True]
    assert refused(opened("#state=eyJtIjozfQ")) is False, "another state is another matter"


def test_a_state_that_is_written_anew_is_the_same_state(opened):
    page = opened(OPENED, "is silent")
    page.wait_for_function(f"{SHOWN} === 'opening'")
    page.evaluate("window.lib.opening.handOver(location.hash, '#state=eyJtIjozfQ')")
    assert refused(opened("#state=eyJtIjozfQ")) is True


def test_python_that_stops_later_offers_to_start_afresh(opened):
    page = opened("")
    page.evaluate("window.python = 'is silent'")
    page.wait_for_function(f"{SHOWN} === 'python'")
    labels = alert(page).get_by_role("button").all_inner_texts()
    assert labels == ["Reload with this state", "Start afresh", "Keep the state in the address"]
