"""The view: shows the model, changes it, survives any handler, lets everything go. No browser."""

import asyncio
import re
import subprocess
import sys
import textwrap

import ipywidgets
import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances

from epool_viz import dashboards
from epool_viz.errors import ArgumentError
from epool_viz.panels.e_step import view as view_module
from epool_viz.panels.e_step.model import EStepModel
from epool_viz.panels.e_step.view import EStepView, _descendants
from epool_viz.panels.guard import Guard
from tests.panels.e_step.conftest import SMALL


@pytest.fixture
def view(small):
    shown = EStepView(small)
    yield shown
    shown.close()


def number(view, name):
    """A number on the page, from all sections together."""
    text = "".join(section.value for section in view.sections.values())
    values = {float(v) for v in re.findall(rf'data-name="{name}" data-value="([^"]+)"', text)}
    assert len(values) == 1, f"{name} is shown as {values}"
    return values.pop()


def interactive(view):
    """Every widget that a visitor can work with."""
    kinds = (ipywidgets.ValueWidget, ipywidgets.Button, ipywidgets.DOMWidget)
    passive = (ipywidgets.HTML, ipywidgets.Box, ipywidgets.Layout)
    widgets = [w for w in _descendants(view) if isinstance(w, kinds) and not isinstance(w, passive)]
    assert len(widgets) > 30
    return widgets


def poke(widget):
    """Change a widget as a browser would: through its state."""
    if isinstance(widget, ipywidgets.Button):
        widget.click()
        return
    if isinstance(widget, ipywidgets.FileUpload):
        widget.value = ({"name": "k.txt", "type": "", "size": 2, "content": memoryview(b"hi"), "last_modified": NOW},)
    elif hasattr(widget, "index") and len(widget.options) > 1:
        widget.index = (widget.index + 1) % len(widget.options)
    elif isinstance(widget.value, bool):
        widget.value = not widget.value
    elif isinstance(widget.value, str):
        widget.value += " x"
    elif not hasattr(widget, "index"):
        widget.value = widget.max if widget.value < widget.max else widget.min


NOW = __import__("datetime").datetime(2020, 1, 1, tzinfo=__import__("datetime").UTC)


def test_view_shows_the_numbers_of_the_trace(view, small):
    trace = small.trace
    for name in ("pooled", "average", "maximum", "entropy", "effective_windows"):
        assert number(view, name) == float(getattr(trace, name))
    assert number(view, "error_score") == trace.errors["score"]


def test_view_follows_m_with_pooled_value_and_logo(view, small):
    before = {name: section.value for name, section in view.sections.items()}
    small.m = 3.0
    assert number(view, "pooled") == float(small.trace.pooled)
    assert number(view, "base") == np.exp(3.0)
    assert before["logo"] != view.sections["logo"].value
    assert (view.m_slider.value, view.m_number.value) == (3.0, 3.0)


def test_m_by_slider_and_by_number(view, small):
    view.m_slider.value = 0.35
    assert small.m == view.m_number.value == 0.35
    view.m_number.value = 1.03
    assert small.m == 1.03
    assert view.m_slider.value == 1.0
    view.m_slider.index = len(view.m_slider.options) - 1
    assert small.m == 20.0


def test_walk_by_buttons_and_slider(view, small):
    view.next.click()
    view.next.click()
    assert (small.step, view.step_slider.value) == (2, 3)
    assert 'data-step="scores"' in view.sections["stage"].value
    view.back.click()
    assert small.step == 1
    view.step_slider.value = 9
    assert small.current_step.name == "pooled"
    view.next.click()
    assert small.step == 8
    small.step = 0
    view.back.click()
    assert small.step == 0


@pytest.mark.parametrize("step", range(9))
def test_every_step_is_drawn(view, small, step):
    small.step = step
    assert f'data-step="{small.current_step.name}"' in view.sections["stage"].value
    assert "<svg" in view.sections["picture"].value


def test_moving_the_step_or_the_window_redraws_only_what_depends_on_it(view, small, monkeypatch):
    drawn = []
    counted = {
        name: lambda model, name=name, draw=draw: drawn.append(name) or draw(model)
        for name, draw in view_module._SECTIONS_HTML.items()
    }
    monkeypatch.setattr(view_module, "_SECTIONS_HTML", counted)
    small.step = 3
    small.window = 2
    assert drawn == ["stage", "picture", "table"] * 2
    drawn.clear()
    small.m = 2.0
    assert sorted(drawn) == sorted(counted)


def test_window_slider_and_number_go_together_from_one(view, small):
    view.window_number.value = 7
    assert (small.window, view.window_slider.value) == (6, 7)
    view.window_slider.value = 1
    assert (small.window, view.window_number.value) == (0, 1)
    view.best.click()
    assert small.window == int(np.argmax(small.trace.posterior))


def test_a_shorter_sequence_keeps_the_best_window_in_hand(view, small):
    small.window = 6
    small.pasted = "ACGTT"
    assert small.window == 0
    assert (view.window_slider.max, view.window_slider.value, view.window_number.value) == (3, 1, 1)


def test_number_in_the_set_counts_from_one_and_follows_the_set(view, small):
    assert (view.number.value, view.number.max) == (1, 2)
    view.number.value = 2
    assert small.index == 1
    small.sequence_source = "example"
    assert (view.number.value, view.number.max) == (1, 500)


@pytest.mark.parametrize(
    ("choice", "shown", "hidden"),
    [
        ({"sequence_source": "example"}, "example", "pasted"),
        ({"sequence_source": "pasted"}, "pasted", "example"),
        ({"kernel_source": "jaspar"}, "jaspar", "kernel_text"),
        ({"kernel_source": "typed"}, "kernel_text", "seed"),
        ({"kernel_source": "random"}, "seed", "jaspar"),
        ({"kernel_source": "random"}, "width", "jaspar"),
        ({"occurrence": "zoops"}, "site_rate", "example"),
        ({"occurrence": "oops"}, "pasted", "site_rate"),
    ],
)
def test_a_control_is_there_only_while_it_does_something(view, small, choice, shown, hidden):
    small.restore(choice)
    assert view.controls[shown].layout.display == ""
    assert view.controls[hidden].layout.display == "none"


def test_more_options_open_and_close(view):
    assert view.options_box.layout.display == "none"
    view.more.value = True
    assert view.options_box.layout.display == ""


def test_a_mistake_is_told_and_the_picture_stays(view, small):
    before = view.sections["pooling"].value
    view.controls["kernel_text"].value = "1 2 <b>"
    assert "The typed matrix, line 1" in view.alert.value
    assert "<b>" not in view.alert.value.replace("<b></b>", "")
    assert 'role="alert"' in view.alert.value
    assert view.sections["pooling"].value == before
    assert view.controls["kernel_text"].value == "1 2 <b>"
    view.controls["kernel_text"].value = SMALL["kernel_text"]
    assert view.alert.value == ""


def test_text_of_the_user_never_becomes_markup(view, small):
    nasty = "<img src=x onerror=alert(1)>"
    small.pasted = f">{nasty}\nACGTACG\n"
    small.load_kernel_file(nasty, b"1 0\n0 1\n0 -2\n1 1\n")
    assert small.message == ""
    page = "".join(w.value for w in _descendants(view) if isinstance(w, ipywidgets.HTML))
    assert nasty not in page
    assert "&lt;img" in page
    small.load_kernel_file(nasty, b"nothing")
    assert nasty not in view.alert.value


def test_an_upload_offers_the_motifs_of_its_file(view, small):
    text = b">a one\nA [1 2]\nC [3 4]\nG [5 6]\nT [7 8]\n>b two\nA [9 1 2]\nC [0 1 2]\nG [0 1 2]\nT [0 1 2]\n"
    view.upload.value = (
        {"name": "m.jaspar", "type": "", "size": len(text), "content": memoryview(text), "last_modified": NOW},
    )
    assert small.trace.width == 2
    assert len(view.motif_choice.options) == 2
    view.motif_choice.index = 1
    assert (small.which, small.trace.width) == (1, 3)
    small.file_text = small.file_text.replace("one", "first")
    assert (small.which, view.motif_choice.index, view.motif_choice.options[0][0]) == (1, 1, "first (a)")
    again = EStepView(EStepModel.from_state(small.state()))
    assert (again.model.which, again.motif_choice.index) == (1, 1)
    again.close()


def test_reset_returns_to_the_first_state(view, small):
    view.reset.click()
    assert small.state() == EStepModel().state()
    assert number(view, "pooled") == float(small.trace.pooled)


def test_every_handler_of_the_view_is_guarded(view):
    for widget in [*_descendants(view), view.model]:
        for by_kind in widget._trait_notifiers.values():
            for handlers in by_kind.values():
                ours = [h for h in handlers if getattr(h, "__module__", "").startswith("epool_viz.panels")]
                for handler in ours:
                    own = getattr(handler, "__self__", None) is widget or not callable(handler)
                    assert own or hasattr(handler, "__wrapped__"), handler
        if isinstance(widget, ipywidgets.Button):
            assert widget._click_handlers.callbacks
            assert all(hasattr(handler, "__wrapped__") for handler in widget._click_handlers.callbacks)


def test_every_handler_that_raises_shows_a_message_with_an_id(small, monkeypatch, swallowed_exceptions):
    def break_all(guard, handler):
        def broken(*_, **__):
            raise ZeroDivisionError("a defect")

        return original(guard, broken)

    original = Guard.__call__
    monkeypatch.setattr(Guard, "__call__", break_all)
    view = EStepView(small)
    widgets = interactive(view)
    seen = set()
    for widget in widgets:
        view._report("")
        poke(widget)
        if isinstance(widget, ipywidgets.Dropdown) and len(widget.options) < 2:
            continue  # no motif to choose before there is a file
        found = re.search(r"error ([0-9a-f]{8})", view.alert.value)
        assert found, f"{widget.description}: nothing is told"
        seen.add(found[1])
        assert found[1] in swallowed_exceptions[-1].getMessage()
    assert len(seen) >= len(widgets) - 1
    for name in ("trace", "steps", "message"):
        view._report("")
        small.notify_change({"name": name, "old": None, "new": None, "owner": small, "type": "change"})
        assert "error" in view.alert.value, name
    swallowed_exceptions.clear()
    view.close()


def test_a_defect_in_the_computation_is_told_and_the_last_good_state_stays(
    view, small, monkeypatch, swallowed_exceptions
):
    before = view.sections["pooling"].value

    def defect(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("epool_viz.panels.e_step.model.e_step_trace", defect)
    view.m_slider.value = 2.0
    assert "Something went wrong here" in view.alert.value
    assert view.sections["pooling"].value == before
    monkeypatch.undo()
    view.m_slider.value = 3.0
    assert view.alert.value == ""
    assert number(view, "pooled") == float(small.trace.pooled)
    swallowed_exceptions.clear()


def test_play_walks_to_the_end_and_starts_again_from_there(view, small, monkeypatch):
    monkeypatch.setattr(view_module, "SECONDS_A_STEP", 0.001)

    async def play():
        view.play.click()
        assert view.play.description == "Pause"
        await asyncio.wait_for(view.playing, timeout=10)

    small.step = 6
    asyncio.run(play())
    assert (small.step, view.play.description, view.playing) == (8, "Play", None)
    steps = []
    small.observe(lambda change: steps.append(change.new), "step")
    asyncio.run(play())
    assert steps == list(range(9))


def test_play_pauses(view, small, monkeypatch):
    async def play_and_pause():
        view.play.click()
        await asyncio.sleep(0)
        task = view.playing
        view.play.click()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(play_and_pause())
    assert (small.step, view.play.description, view.playing) == (0, "Play", None)


def test_play_tells_a_defect(view, small, monkeypatch, swallowed_exceptions):
    monkeypatch.setattr(view_module, "SECONDS_A_STEP", 0)

    def defect(_):
        raise ZeroDivisionError

    monkeypatch.setattr(view, "_go_on", defect)

    async def play():
        view.play.click()
        await view.playing

    asyncio.run(play())
    assert "error" in view.alert.value
    assert view.playing is None
    swallowed_exceptions.clear()


def test_close_frees_every_tie_and_every_widget(small):
    before = set(_instances)
    view = EStepView(small)
    assert len(view.wiring) > 50
    slider, number_box = view.m_slider, view.m_number
    view.close()
    assert len(view.wiring) == 0
    assert set(_instances) == before
    small.m = 7.0
    assert number_box.value == 1.0
    slider.value = 0.5
    assert small.m == 7.0


def test_notes_promise_the_motif_itself_only_for_a_motif(view, small):
    assert "The logo depends on m: a larger m sharpens it" in view.source_note.value
    small.restore({"kernel_source": "jaspar", "sequence_source": "example"})
    assert "At m = 1 the logo is the motif itself; a larger m" in view.source_note.value


def test_two_views_of_one_model_agree(small):
    first, second = EStepView(small), EStepView(small)
    first.m_slider.value = 2.0
    assert second.m_number.value == 2.0
    first.close()
    second.m_slider.value = 0.5
    assert (small.m, first.m_number.value) == (0.5, 2.0)
    second.close()


def test_every_control_has_a_name(view):
    for widget in interactive(view):
        assert widget.description.strip(), widget


def test_dashboards_e_step_takes_a_state():
    view = dashboards.e_step(jaspar="STAT3", m=0.5, step=2)
    assert (view.model.kernel.label[:5], view.model.trace.m, view.model.current_step.name) == ("STAT3", 0.5, "scores")
    view.close()
    with pytest.raises(ArgumentError, match="`colour` is not part of the state"):
        dashboards.e_step(colour="red")


HEAVY = ("torch", "plotly", "matplotlib", "pandas", "logomaker", "scipy", "h5py")


def loaded_by(code):
    """Which heavy modules a fresh interpreter has after running the code."""
    report = f"\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code) + report],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


BUILD = """
from epool_viz import dashboards
view = dashboards.e_step()
for step in range(9):
    view.model.step = step
view.model.m = 3.0
view.model.kernel_source = "random"
view.model.both_strands = True
"""


def test_building_and_walking_the_view_loads_nothing_heavy():
    assert loaded_by(BUILD) == []


MEMORY = "\nimport psutil\nprint(psutil.Process().memory_info().rss)"


def megabytes(code):
    """Resident memory of a fresh interpreter that has run the code, a kernel's own modules included."""
    text = "import ipykernel.kernelapp\n" + code + MEMORY
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", text], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1e6


def test_a_viewing_kernel_stays_within_its_memory():
    assert megabytes(BUILD) < 90


def test_the_check_of_memory_can_go_red():
    assert megabytes("import pandas, matplotlib.pyplot" + BUILD) > 90


@pytest.mark.parametrize("name", ["torch", "plotly", "matplotlib", "pandas"])
def test_the_check_of_what_is_loaded_can_go_red(name):
    assert name in loaded_by(f"import {name}" + BUILD)
