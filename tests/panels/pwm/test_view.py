"""The view: shows the model and changes it, without a browser; what all dashboards owe is in `test_dashboards.py`."""

import pytest

from epool_viz import dashboards
from epool_viz.panels.pwm import page as bridge
from epool_viz.panels.pwm.model import PwmModel
from epool_viz.panels.pwm.view import PwmView
from epool_viz.panels.shared.dashboard import TEACHING
from tests.panels.e_step.test_view import loaded_by, megabytes
from tests.panels.pwm.conftest import SMALL
from tests.panels.test_dashboards import from_page


@pytest.fixture
def view(small):
    shown = PwmView(small)
    yield shown
    shown.close()


def test_the_page_starts_with_the_state_of_the_model(view, small):
    assert view.store.state == bridge.page_state(small) | bridge.LOOKS | TEACHING | {"hand": view._hand()}
    assert set(PwmView.LINK) <= set(view.store.state)


def test_the_page_is_told_what_the_model_changes_and_nothing_else(view, small, monkeypatch):
    sent = []
    monkeypatch.setattr(view.store, "send", lambda content, buffers=None: sent.append(content["patch"]))
    small.m = 3.0
    assert sent == [{"m": 3.0}]
    from_page(view, bias=1.5, step=2, cursor=3)
    assert (small.bias, small.step, small.window) == (1.5, 2, 3)
    assert len(sent) == 1


def test_a_random_kernel_is_drawn_again(view, small):
    assert view.another.layout.display == "none"
    view.controls["kernel_source"].value = "random"
    assert view.another.layout.display == ""
    before = small.trace.kernel
    view.another.click()
    assert small.seed == 2
    assert (small.trace.kernel != before).any()
    small.seed = 9999
    view.another.click()
    assert small.seed == 0


def test_the_e_step_is_one_link_away_and_the_link_follows(view, small):
    first = view.opening.value
    assert 'href="e_step.ipynb#state=' in first
    from_page(view, kernel=[[1.0], [0.0], [0.5], [0.0]])
    assert view.opening.value != first


def test_the_numbers_of_core_are_sent_when_they_are_looked_at(view, small):
    assert view.trust.core == {}
    view.toggles["trust"].value = True
    assert view.trust.core["offset"] == pytest.approx(float(small.readings.offset))
    from_page(view, m=2.0)
    assert view.trust.core["offset"] == pytest.approx(float(small.readings.offset))


def test_tools_open_and_close(view):
    for name, toggle in view.toggles.items():
        assert view.fold_boxes[name].layout.display == "none"
        toggle.value = True
        assert view.fold_boxes[name].layout.display == ""


def test_a_mistake_is_told_and_the_picture_stays(view, small):
    before = view.store.now["codes"]
    view.controls["pasted"].value = "ACG!"
    assert "line 1: found &#39;ACG!&#39;" in view.alert.value
    assert view.store.now["codes"] == before
    view.controls["pasted"].value = SMALL["pasted"]
    assert view.alert.value == ""


def test_a_question_hides_what_it_asks_about(view):
    hides = {name: list(view._veiled()[name]) for name in view._veiled()}
    assert view.logo in hides["logo"]
    for widget in hides["logo"]:
        assert "ep-shows-logo" in widget._dom_classes
    assert view.readings in hides["pooled"]
    assert view.editor not in hides["pooled"], "what is asked about can be seen"


def test_a_download_is_made_of_the_model(view, small):
    name, mime, held = view._make_download("matrix.meme")
    assert (name, mime) == ("epool_viz_matrix.meme", "text/plain")
    assert held.startswith(b"MEME version")


def test_dashboards_pwm_takes_a_state():
    view = dashboards.pwm(kernel_source="random", width=11, m=0.5, step=2)
    assert (view.model.trace.width, view.model.m, view.model.current_step.name) == (11, 0.5, "weighted")
    view.close()


BUILD = """
from epool_viz import dashboards
view = dashboards.pwm()
view.model.m = 3.0
view.model.kernel_source = "random"
view.model.kernel_source = "trained"
"""


def test_building_the_view_loads_nothing_heavy():
    assert loaded_by(BUILD) == []


def test_a_viewing_kernel_stays_within_its_memory():
    assert megabytes(BUILD) < 90


def test_the_model_opens_where_it_was_left():
    model = PwmModel(**SMALL | {"step": 1, "window": 4})
    assert (model.step, model.window) == (1, 4)
