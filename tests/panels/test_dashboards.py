"""What every dashboard owes its visitors, whichever it is: nothing unnamed, nothing unguarded, nothing left behind."""

from __future__ import annotations

import inspect
import json
import re
import time

import ipywidgets
import pytest
from ipywidgets.widgets.widget import _instances
from traitlets import Unicode

from epool_viz import dashboards
from epool_viz.components.upload import Upload
from epool_viz.errors import ArgumentError
from epool_viz.panels.shared.dashboard import TEACHING, Dashboard, descendants
from epool_viz.panels.shared.handlers import Guard
from tests.panels.bringing import bring

DASHBOARDS = [name for name, thing in vars(dashboards).items() if inspect.isfunction(thing)]


@pytest.fixture(params=DASHBOARDS)
def name(request):
    return request.param


@pytest.fixture
def view(name):
    shown = getattr(dashboards, name)()
    yield shown
    shown.close()


def interactive(view):
    """Every widget that a visitor can work with and that Python hears of."""
    kinds = (ipywidgets.ValueWidget, ipywidgets.Button, Upload)
    return [w for w in descendants(view) if isinstance(w, kinds) and not isinstance(w, ipywidgets.HTML)]


def poke(widget):
    """Change a widget as a browser would: through its state."""
    if isinstance(widget, ipywidgets.Button):
        widget.click()
    elif isinstance(widget, Upload):
        bring(widget, "k.txt", b"hi")
    elif hasattr(widget, "index") and len(widget.options) > 1:
        widget.index = ((widget.index or 0) + 1) % len(widget.options)
    elif isinstance(widget.value, bool):
        widget.value = not widget.value
    elif isinstance(widget.value, str):
        widget.value += " x"
    elif not hasattr(widget, "index"):
        widget.value = widget.max if widget.value < widget.max else widget.min


def is_tied(widget):
    """Whether a handler of ours hears of it."""
    handlers = [h for kinds in widget._trait_notifiers.values() for found in kinds.values() for h in found]
    if isinstance(widget, ipywidgets.Button):
        handlers += widget._click_handlers.callbacks
    if isinstance(widget, Upload):
        handlers.append(widget._on_file)
    return any(hasattr(handler, "__wrapped__") for handler in handlers)


def from_page(view, **patch):
    """A message of the page, as it arrives."""
    view.store._receive(view.store, {"patch": patch}, [])


def uploads(view):
    return [widget for widget in descendants(view) if isinstance(widget, Upload)]


def test_the_dashboards_are_really_found():
    assert {"e_step", "compare", "pwm"} <= set(DASHBOARDS)


def test_a_dashboard_is_one(view):
    assert isinstance(view, Dashboard)
    assert view.model.message == ""
    assert view.alert.value == ""


def test_a_state_of_another_dashboard_is_refused(name):
    with pytest.raises(ArgumentError, match="colour"):
        getattr(dashboards, name)(colour="red")


def test_the_page_starts_with_plain_values_and_a_link_carries_some_of_them(view):
    assert json.loads(json.dumps(view.store.state)) == view.store.state
    assert view.store.now == view.store.state, "what is told later costs a message more"
    shared = set(view.share.options["share"])
    assert set(TEACHING) < shared <= set(view.store.state)
    assert set(view.toolbar.options["first"]) <= set(view.store.state)


def test_what_the_page_tells_back_unchanged_changes_nothing(view):
    before = json.dumps(view.store.now)
    from_page(view, **json.loads(before))
    assert json.dumps(view.store.now) == before
    assert view.alert.value == ""


def test_every_part_that_can_be_hidden_is_on_the_page(view):
    classes = {name for widget in descendants(view) for name in getattr(widget, "_dom_classes", ())}
    assert {name for name in classes if name.startswith("ep-part-")} == {f"ep-part-{p['name']}" for p in view.PARTS}


def test_help_says_goal_order_terms_and_keys(view):
    assert set(view.HELP) == {"goal", "order", "terms", "keys"}
    assert all(view.HELP.values())


def test_every_control_has_a_name(view):
    for widget in interactive(view):
        name = widget.options["label"] if isinstance(widget, Upload) else widget.description
        assert name.strip(), widget


def test_every_handler_of_the_view_is_guarded(view):
    for widget in [*descendants(view), view.model]:
        for by_kind in widget._trait_notifiers.values():
            for handlers in by_kind.values():
                ours = [h for h in handlers if getattr(h, "__module__", "").startswith("epool_viz.panels")]
                outside = [h for h in ours if not hasattr(h, "__wrapped__") and not hasattr(h, "__self__")]
                assert not outside, (widget, outside)
        if isinstance(widget, ipywidgets.Button):
            assert all(hasattr(handler, "__wrapped__") for handler in widget._click_handlers.callbacks)


def test_no_button_sends_a_file_before_its_size_was_looked_at(view):
    assert not [widget for widget in descendants(view) if isinstance(widget, ipywidgets.FileUpload)]


def test_a_file_beyond_the_limit_that_its_button_states_is_refused_here_too(view):
    for button in uploads(view):
        before, most = json.dumps(view.store.now), button.options["most"]
        assert f"up to {most // 10**6} MB" in button.options["note"]
        bring(button, "large.bin", bytes(most + 1))
        told = view.alert.value + "".join(html.value for html in descendants(view) if isinstance(html, ipywidgets.HTML))
        assert f"{most + 1:,} bytes" in told
        assert f"at most {most:,}" in told
        assert json.dumps(view.store.now) == before


def test_every_handler_that_raises_shows_a_message_with_an_id(name, monkeypatch, swallowed_exceptions):
    def break_all(guard, handler):
        def broken(*_, **__):
            raise ZeroDivisionError("a defect")

        return original(guard, broken)

    original = Guard.__call__
    with monkeypatch.context() as patched:
        patched.setattr(Guard, "__call__", break_all)
        view = getattr(dashboards, name)()
        for widget in [None, *filter(is_tied, interactive(view))]:
            if getattr(widget, "options", None) is not None and len(widget.options) < 2:
                continue  # nothing to choose from yet
            view._report("")
            if widget is None:
                from_page(view, m=2.0)
            else:
                poke(widget)
            found = re.search(r"error ([0-9a-f]{8})", view.alert.value)
            assert found, f"{widget}: nothing is told"
            assert found[1] in swallowed_exceptions[-1].getMessage()
        swallowed_exceptions.clear()
    view.close()


def test_close_frees_every_tie_and_every_widget(name):
    before = set(_instances)
    view = getattr(dashboards, name)()
    assert len(view.wiring) > 3
    view.close()
    assert len(view.wiring) == 0
    assert set(_instances) == before


def test_a_page_that_asks_for_too_much_is_told_and_nothing_changes(view):
    before = view.model.state()
    for patch in (
        {"choices": {"pasted": "A" * 60_000}},
        {"link": {"kernel_text": "1 " * 40_000}},
        {"x": [0] * 300_000},
    ):
        view.store._receive(None, {"patch": patch}, None)
        assert "accepted: at most" in view.alert.value
        assert view.model.state() == before
    view.store._receive(None, {"patch": {}}, None)
    assert view.fault == ""


def test_a_value_that_is_no_choice_is_told_and_the_dashboard_goes_on(view, swallowed_exceptions):
    whole = view.model.state()
    for name in whole:
        for value in ("zzz", 5, -1e300, [1, [2]], {"a": 1}, True, None):
            for outer in ("link", "choices"):
                view.store._receive(None, {"patch": {outer: {name: value}}}, None)
                defects = [record.getMessage() for record in swallowed_exceptions]
                assert not defects, (outer, name, value, defects)
        view.model.restore(whole)
        assert view.model.state() == whole, name


def test_no_link_keeps_its_dashboard_busy(view, swallowed_exceptions):
    """What a link may carry at most, of what takes readers longest; that some of it is no choice is not asked here."""
    names = [name for name, trait in view.model.traits().items() if isinstance(trait, Unicode) and name != "message"]
    for unit in ("A\n", ">\n", ">a\nA\n", "1 2\n", "MOTIF a\n", "a ACGT 1\n", "(" * 9, "e1" * 9):
        text = unit * (49_000 // len(unit))
        for name in names:
            for outer in ("link", "choices"):
                begun = time.process_time()
                view.store._receive(None, {"patch": {outer: {name: text}}}, None)
                assert time.process_time() - begun < 6, (name, unit)
    swallowed_exceptions.clear()
