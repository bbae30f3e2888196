"""The view: shows the model, changes it, survives any handler, lets everything go. No browser."""

import subprocess
import sys
import textwrap

import pytest

from epool_viz import dashboards
from epool_viz.data.examples import list_models
from epool_viz.errors import ArgumentError
from epool_viz.panels.e_step.view import EStepView
from epool_viz.panels.one_kernel import page_state as bridge
from epool_viz.panels.shared.dashboard import TEACHING
from tests.panels.bringing import bring
from tests.panels.conftest import SMALL


@pytest.fixture
def view(small):
    shown = EStepView(small)
    yield shown
    shown.close()


def from_page(view, **patch):
    """A message of the page, as it arrives."""
    view.store._receive(view.store, {"patch": patch}, [])


def test_the_page_starts_with_the_state_of_the_model(view, small):
    assert view.store.state == bridge.page_state(small) | bridge.LOOKS | TEACHING | {"hand": view._hand()}
    assert set(view.share.options["share"]) <= set(view.store.state), (
        "a link carries only what the page knows from the start"
    )


def test_the_page_is_told_what_the_model_changes_and_nothing_else(view, small, monkeypatch):
    sent = []
    monkeypatch.setattr(view.store, "send", lambda content, buffers=None: sent.append(content["patch"]))
    small.m = 3.0
    assert sent == [{"m": 3.0}]
    small.kernel_source = "random"
    told = set().union(*sent)
    assert {"kernel", "kernel_name", "link"} <= told
    assert not {"codes", "alphabet", "mode"} & told


def test_an_m_that_means_nothing_goes_back_on_the_page_however_often_it_is_sent(view, small):
    skewed = {"both_strands": True, "background_choice": "typed", "letter_shares": [0.4, 0.1, 0.2, 0.3]}
    from_page(view, m=1.5, strand_reading="motif", **skewed)
    assert view.alert.value == ""
    for _ in range(2):
        from_page(view, m=0.0)
        assert (view.store.now["m"], small.trace.m) == (1.5, 1.5)
        assert "m is 0 for a motif" in view.alert.value


def test_what_the_page_moves_is_not_sent_back(view, small, monkeypatch):
    sent = []
    monkeypatch.setattr(view.store, "send", lambda content, buffers=None: sent.append(content["patch"]))
    from_page(view, m=2.5, cursor=1)
    assert (small.m, small.window) == (2.5, 1)
    assert sent == []


def test_a_wish_beyond_the_bounds_is_corrected_on_the_page(view, small, monkeypatch):
    sent = []
    monkeypatch.setattr(view.store, "send", lambda content, buffers=None: sent.append(content["patch"]))
    from_page(view, m=400.0)
    assert small.m == 20.0
    assert sent == [{"m": 20.0}]


def test_a_wish_of_the_wrong_kind_is_told_and_changes_nothing(view, small):
    before = small.state()
    from_page(view, mode="fast")
    assert "not usable" in view.alert.value
    assert small.state() == before


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
        ({"kernel_source": "jaspar"}, "jaspar", "seed"),
        ({"kernel_source": "random"}, "width", "jaspar"),
        ({"kernel_source": "trained"}, "trained", "jaspar"),
        ({"kernel_source": "typed"}, "pasted", "trained"),
    ],
)
def test_a_control_is_there_only_while_it_does_something(view, small, choice, shown, hidden):
    small.restore(choice)
    assert view.controls[shown].layout.display == ""
    assert view.controls[hidden].layout.display == "none"


def test_tools_open_and_close(view):
    for name, toggle in view.toggles.items():
        for is_open in (True, False, True):
            toggle.value = is_open
            assert view.fold_boxes[name].layout.display == ("" if is_open else "none")


def test_every_tool_waits_until_it_is_opened(view):
    assert not any(toggle.value for toggle in view.toggles.values())
    assert view.trust.core == {}


def test_choosing_to_type_a_kernel_opens_the_editor(view):
    view.controls["kernel_source"].value = "random"
    assert not view.toggles["editor"].value
    view.controls["kernel_source"].value = "typed"
    assert view.fold_boxes["editor"].layout.display == ""


def test_a_kernel_that_a_question_types_opens_no_editor(view):
    from_page(view, kernel=[[1.0, 2.0], [0.5, 0.25], [0.0, 1.0], [2.0, 0.0]])
    assert view.model.kernel_source == "typed"
    assert not view.toggles["editor"].value


@pytest.mark.parametrize(
    ("choice", "control", "group"),
    [
        ({"mode": 1}, "mode", "reading"),
        ({"background": "data"}, "background", "reading"),
        ({"occurrence": "zoops"}, "occurrence", "reading"),
        ({"padding": "same"}, "padding", "network"),
        ({"bias": 0.5}, "bias", "network"),
    ],
)
def test_a_setting_that_is_not_the_first_one_is_in_use(view, small, choice, control, group):
    first = {name: small.traits()[name].default_value for name in choice}
    widget = view.settings[control]
    assert widget.children == (getattr(view, group)[control],)
    others = [each for name, each in view.settings.items() if name != control]
    for state, in_use in ((choice, True), (first, False)):
        small.restore(state)
        assert ("ep-in-use" in widget._dom_classes) == in_use
        assert ("ep-in-use" in view.chosen._dom_classes) == in_use, "what it stands in is shown with it"
        assert not any("ep-in-use" in each._dom_classes for each in others)


def test_every_setting_has_its_depth(view):
    assert set(view.DEPTHS) == set(view.settings)
    for name, widget in view.settings.items():
        assert f"ep-from-{view.DEPTHS[name]}" in widget._dom_classes


def test_the_choice_of_data_opens_and_shuts(view):
    for is_open in (True, False):
        view.choosing.value = is_open
        assert ("ep-in-use" in view.chosen._dom_classes) == is_open


def test_the_numbers_of_core_are_sent_when_they_are_looked_at(view, small):
    view.toggles["trust"].value = True
    assert view.trust.core["pooled"] == float(small.trace.pooled)
    view.toggles["trust"].value = False
    from_page(view, m=1.7)
    assert view.trust.core["pooled"] != float(small.trace.pooled)
    view.toggles["trust"].value = True
    assert view.trust.core["pooled"] == float(small.trace.pooled)
    from_page(view, m=2.5)
    assert view.trust.core["pooled"] == float(small.trace.pooled)


def test_a_mistake_is_told_and_the_picture_stays(view, small):
    before = view.store.now["codes"]
    view.controls["pasted"].value = ">x\nACG<b>"
    assert "line 2" in view.alert.value
    assert "<b>" not in view.alert.value
    assert 'role="alert"' in view.alert.value
    assert view.store.now["codes"] == before
    assert view.controls["pasted"].value == ">x\nACG<b>"
    view.controls["pasted"].value = SMALL["pasted"]
    assert view.alert.value == ""


def test_an_upload_offers_the_motifs_of_its_file(view, small):
    text = b">a one\nA [1 2]\nC [3 4]\nG [5 6]\nT [7 8]\n>b two\nA [9 1 2]\nC [0 1 2]\nG [0 1 2]\nT [0 1 2]\n"
    bring(view.upload, "m.jaspar", text)
    assert small.trace.width == 2
    assert len(view.motif_choice.options) == 2
    view.motif_choice.index = 1
    assert (small.which, small.trace.width) == (1, 3)


def test_a_trained_model_offers_its_kernels_and_brings_its_settings(view, small):
    assert view.kernel_choice.options == ()
    assert view.kernel_choice.layout.display == "none"
    view.controls["kernel_source"].value = "trained"
    assert view.kernel_choice.layout.display == ""
    assert [label for label, _ in view.kernel_choice.options] == list(small.trained_kernels)
    view.controls["trained"].value = "p73_max"
    view.kernel_choice.index = 3
    assert (small.trained, small.rank) == ("p73_max", 3)
    assert view.kernel_choice.label == small.trained_kernels[3]
    assert small.message.startswith("The sequence is 9 letters long")
    assert "network" not in view.source_note.value  # the old kernel is still there
    assert view.store.now["bias"] == small.bias != 0
    small.sequence_source = "example"
    assert view.store.now["bias"] == small.bias
    assert view.store.now["kernel_name"] == f"p73 peaks, max pooling: {small.trained_kernels[3]}"
    assert "The network passes on the largest score" in view.source_note.value
    small.restore({"trained": "ctcf_paper", "rank": 99})
    assert view.kernel_choice.index == 15
    assert view.store.now["activation"] == "paper"
    assert view.fault == ""
    titles = [label for label, _ in view.controls["trained"].options]
    assert titles[0] == f"CTCF peaks, expectation pooling (test AUC {list_models()[0].test_auc:.2f})"


def test_a_file_of_sequences_is_used_and_a_bad_one_explained(view, small):
    bring(view.fasta, "s.fa", b">one\nACGTTGCA\n>two\nGATTACA\n")
    assert (len(small.sequences), small.trace.sequence) == (2, "ACGTTGCA")
    bring(view.fasta, "bad.fa", b">one\nACG!\n")
    assert "bad.fa, line 2" in view.alert.value
    assert small.trace.sequence == "ACGTTGCA"


def test_what_reset_brings_back_is_the_state_at_the_start(view, small):
    before, first = small.state(), view.toolbar.options["first"]
    from_page(view, m=3.5, step=4, background_choice="typed", letter_shares=[0.4, 0.1, 0.2, 0.3], without=["logo"])
    small.kernel_source = "random"
    assert small.state() != before
    from_page(view, **{name: value for name, value in first.items() if view.store.now[name] != value})
    assert small.state() == before
    assert {name: view.store.now[name] for name in first} == first
    assert view.store.now["without"] == ["logo"], "what a teacher hides is no part of the state that is reset"


def test_a_download_is_made_of_the_model(view, small):
    name, mime, held = view._make_download("trace.csv")
    assert (name, mime) == ("epool_viz_trace.csv", "text/csv")
    assert held.decode().count("\n") == len(small.trace.scores) + 1


def test_notes_promise_the_motif_itself_only_for_a_motif(view, small):
    assert "The logo depends on m: a larger m sharpens it" in view.source_note.value
    small.restore({"kernel_source": "jaspar", "sequence_source": "example"})
    assert "At m = 1 the logo is the motif itself; a larger m" in view.source_note.value
    assert small.trace.statement in view.source_note.value


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
view.model.kernel_source = "trained"
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
