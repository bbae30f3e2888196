"""The EM panel without a browser: what the page wishes is done, what the model is stands on the screen."""

from __future__ import annotations

import re
import threading
import zlib

import numpy as np
import pytest

from epool_viz import SequenceSet, dashboards
from epool_viz.core.em import expected_counts
from epool_viz.core.em_path import Trail
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.panels.em.model import EMModel
from epool_viz.panels.em.view import e_step_state
from epool_viz.panels.shared.visitor_data import packed_kernels, packed_sequences
from tests.browser.server import wait_for
from tests.panels.shared.test_visitor_data import KERNELS, Browser
from tests.panels.test_dashboards import from_page


@pytest.fixture
def view():
    shown = dashboards.em()
    yield shown
    shown.close()


def numbers(html):
    """The exact numbers that a text carries, by their names."""
    return {name: float(value) for name, value in re.findall(r'data-name="(\w+)" data-value="([^"]+)"', html)}


def drawn(view):
    picture = view.heat.picture
    cells = np.frombuffer(zlib.decompress(picture["cells"]), np.uint8).reshape(picture["rows"], picture["columns"])
    return np.where(cells == 255, np.nan, (cells / 254.0) ** 2)


def test_a_step_is_told_drawn_and_can_be_taken_back(view):
    model = view.model
    assert "The start: a guess" in view.step.value
    assert (view.store.now["at"], view.store.now["end"], view.store.now["more"]) == (0, 0, True)
    from_page(view, at=1)
    assert "E-step 1: where are the sites?" in view.step.value
    np.testing.assert_allclose(drawn(view), model.heat(), atol=0.005)
    before = view.store.now["kernel"]
    from_page(view, at=2)
    assert "M-step 1: what do they look like?" in view.step.value
    assert view.store.now["kernel"] != before
    assert view.store.now["next"].startswith("E-step")
    from_page(view, at=0)
    assert (view.store.now["at"], view.store.now["end"]) == (0, 2)
    assert view.store.now["kernel"] == before


LEFT = {
    "erase": lambda view: view.erase.click(),
    "another start": lambda view: view.again.click(),
    "another place": lambda view: from_page(view, at=2),
    "another iteration": lambda view: from_page(view, iteration=1),
    "other sequences": lambda view: view.model.restore({"data": "pasted", "pasted": f"{13 * 'AC'}\n{9 * 'GATT'}"}),
    "another width": lambda view: view.controls["width"].set_trait("value", 9),
    "Reset": lambda view: from_page(view, choices={}, found=[], begun="", at=0),
}


@pytest.mark.parametrize("way", LEFT)
def test_what_a_search_came_to_is_not_said_of_another_walk(view, way):
    view.model.n_starts = 3
    view.search.click()
    view.runner.join()
    assert "Done: the best of 3 starts" in view.progress.value
    LEFT[way](view)
    assert view.alert.value == ""
    view.runner.join()
    assert "best of" not in view.progress.value


def test_a_wish_beyond_the_end_is_taken_back(view):
    view.model.go(10**6)
    end = view.model.trail.end
    view.store.now["at"] = end + 1  # as the page has it by then
    from_page(view, at=end + 1)
    assert (view.store.now["at"], view.store.now["more"]) == (end, False)


@pytest.mark.parametrize("occurrence", ["oops", "zoops"])
def test_the_formula_of_the_e_step_gives_its_own_result(view, occurrence):
    view.model.occurrence = occurrence
    from_page(view, at=3, heat=[4, 20])
    told = numbers(view.step.value)
    if occurrence == "oops":
        result = np.exp(told["log_ratio"] - told["log_sum"])
    else:
        rate, n = told["site_rate"], told["n_windows"]
        ratio, total = np.exp(told["log_ratio"]), np.exp(told["log_sum"])
        result = rate * ratio / n / (told["none"] + rate * total / n)
    assert told["posterior"] == pytest.approx(result, rel=1e-9)
    assert told["posterior"] == pytest.approx(view.model.heat()[4, 20], rel=1e-9)
    assert told["evidence"] == view.model.trail.evidence[1]
    assert told["rise"] > 0


def test_the_formula_of_the_m_step_gives_its_own_result(view):
    from_page(view, at=4, column=3)
    told = numbers(view.step.value)
    model = view.model
    counts = expected_counts(model.windows, model.trail.posterior(3))[:, 3]
    for a, letter in enumerate("ACGT"):
        assert told[f"count_{letter}"] == pytest.approx(counts[a], rel=1e-12)
        by_hand = (told[f"count_{letter}"] + 0.1 * model.background[a]) / (18 + 0.1)
        assert told[f"p_{letter}"] == pytest.approx(by_hand, rel=1e-9)
    assert view.column.value == 4
    view.column.value = 22
    assert model.column == 21
    assert "Column 22" in view.step.value


def test_a_click_on_the_evidence_goes_to_its_e_step(view):
    view.model.go(9)
    assert len(view.store.now["evidence"]) == 5
    from_page(view, iteration=1)
    assert (view.model.at, view.store.now["iteration"]) == (3, 1)


def test_known_sites_are_marked_and_counted(view):
    assert len(view.heat.labels["marks"]) == 24
    from_page(view, at=1)
    assert numbers(view.standing.value)["hits"] == view.model.hits()[0]
    view.model.data = "ctcf_peaks"
    from_page(view, at=1)
    assert view.heat.labels["marks"] == []
    assert "hits" not in numbers(view.standing.value)


def test_a_link_opens_the_same_place(view):
    view.model.restore({"data": "simulated", "n": 25, "start": "jaspar", "jaspar": "SP1"})
    from_page(view, at=5, heat=[3, 17], column=2)
    link = {name: view.store.now[name] for name in view.LINK}
    other = dashboards.em()
    from_page(other, **link)
    assert other.model.state() == view.model.state()
    assert other.store.now == view.store.now
    view.erase.click()
    view.controls["start"].value = "random"
    view.search.click()
    view.runner.join()
    from_page(view, at=3)
    assert (len(view.store.now["found"]), len(view.store.now["begun"])) == (1, 22)
    link = {name: view.store.now[name] for name in view.LINK}
    from_page(other, **{name: value for name, value in link.items() if other.store.now[name] != value})
    assert other.store.now["found"] == link["found"], "while they are looked for, a link names them too"
    other.runner.join()
    assert other.model.state() == view.model.state()
    assert other.store.now["at"] == 3
    assert other.found.value == view.found.value != ""
    from_page(other, found=[{"start": "<img>"}])
    assert "motifs with start, of" in other.alert.value
    assert other.store.now["found"] == link["found"]
    from_page(other, choices={}, found=[], begun="", at=0, heat=[0, 0], column=0)
    assert other.found.value == ""
    assert other.model.linked() == {}
    assert other.model.at == 0
    other.close()


def test_buttons_run_what_they_say(view):
    view.converge.click()
    assert view.stop.layout.display == ""
    assert "progressbar" in view.progress.value
    view.runner.join()
    assert view.model.trail.has_converged
    assert view.stop.layout.display == "none"
    assert "Converged after" in view.progress.value
    view.again.click()
    assert view.model.trail.end == 0
    view.controls["n_starts"].value = 3
    assert view.search.description == "Best of 3 starts"
    view.search.click()
    view.runner.join()
    assert "best of 3 starts" in view.progress.value
    view.erase.click()
    assert view.found.value.count("<figure>") == 1
    assert view.forget.layout.display == ""
    view.forget.click()
    assert view.found.value == ""


def test_the_best_substring_is_looked_for_by_itself(view):
    view.controls["start"].value = "substrings"
    assert view.model.is_busy
    assert "Looking for a start" in view.step.value
    view.converge.click()
    view.runner.join()
    assert view.model.trail is not None
    assert "The best window to begin with" in view.progress.value
    view.controls["start"].value = "random"
    assert not view.model.is_busy


def test_a_kernel_is_answered_for(view):
    assert view.kernel_card.layout.display == "none"
    view.model.restore({"data": "ctcf_peaks", "start": "trained"})
    assert view.kernel_card.layout.display == ""
    bits = view.model.kernel_bits()
    assert numbers(view.kernel_answer.value)["kernel_bits"] == pytest.approx(bits.mean(), rel=1e-9)
    assert view.kernel_answer.value.count("<td>") == len(bits)
    assert len(view.kernel_choice.options) == 16
    view.kernel_choice.index = 3
    assert view.model.rank == 3
    view.model.go(10**6)
    kernel = view.model.trail.ppm(view.model.at)
    assert numbers(view.kernel_answer.value)["away"] > 0
    assert kernel.shape == (4, 15)


def test_a_question_is_asked_guessed_and_answered_by_em(view):
    assert "one clear favourite" in view.question.value
    view.guess.value = "few"
    view.reveal.click()
    assert view.model.at == 1
    tops = np.nanmax(view.model.heat(), axis=1)
    expected = "most" if (tops > 0.5).sum() > 9 else "few"
    assert ("Right" in view.result.value) == (expected == "few")
    assert view.reveal.disabled
    assert "one clear favourite" in view.question.value, "the answer stands under its own question"
    view.ask.click()
    assert "log evidence" in view.question.value
    assert view.reveal.disabled
    view.guess.value = "down"
    before = view.model.trail.objective[-1]
    view.reveal.click()
    assert "Not quite: rise" in view.result.value
    assert "One more iteration" in view.question.value
    assert numbers(view.result.value)["after"] > numbers(view.result.value)["before"] == before
    view.model.restore({"data": "ctcf_peaks", "start": "trained"})
    view.ask.click()
    assert "What will one M-step make of it?" in view.question.value
    mean = view.model.kernel_bits().mean()
    view.guess.value = "fixed" if mean < 0.01 else "near" if mean < 0.1 else "moves"
    view.reveal.click()
    assert "Right" in view.result.value


def test_em_works_on_what_the_browser_keeps(view):
    browser, model = Browser(view), view.model
    own = SequenceSet.from_strings(["ACGTTGCAGGATTACA", "TTGGATTACAGGTT", "GATTACATTTGACCA"], names=["a", "b", "c"])
    view.model.restore({"width": 6})
    before = model.trail
    view.controls["data"].value = view.controls["start"].value = "yours"
    from_page(view, at=3)
    assert (model.message, model.trail) == ("", before), "what is on the screen stays until the page has answered"
    browser.keeps()
    assert "nothing of the kind is kept in this browser" in model.message
    browser.keeps(sequences=packed_sequences(own), model=packed_kernels(KERNELS))
    assert sorted(browser.asked) == ["model", "sequences"]
    assert (model.message, model.sequences.names, model.beginning.width) == ("", ("a", "b", "c"), 5)
    exact = kernel_to_pwm_at(KERNELS.kernels[0], 1.0, background=model.background).ppm
    np.testing.assert_allclose(model.trail.ppm(0), exact, rtol=1e-9)
    assert view.kernel_card.layout.display == ""
    view.own_choice.index = 1
    assert model.which == 1
    assert model.beginning.name == "c-1"
    assert view.store.now["choices"] == {"data": "yours", "start": "yours", "which": 1, "width": 6}
    view.controls["start"].value = "random"
    assert model.beginning.width == 6


def test_a_link_to_what_the_browser_keeps_waits_for_it():
    view = dashboards.em(data="yours", width=6, seed=1, at=4)
    own = SequenceSet.from_strings(["ACGTTGCAGGATTACA", "TTGGATTACAGGTT"], names=["a", "b"])
    Browser(view).keeps(sequences=packed_sequences(own))
    assert (len(view.model.sequences), view.model.at) == (2, 4)
    view.model.erase_and_go_on()
    view.model.go(3)
    state = view.model.state()
    view.close()
    view = dashboards.em(**state)
    view.model.n_starts = 4
    Browser(view).keeps(sequences=packed_sequences(own))
    view.runner.join()
    assert view.model.state() == state | {"n_starts": 4}
    assert len(view.model.found) == 1
    view.close()
    kernel = {"start": "yours", "of": "", "place": 2, "occurrence": "zoops", "both_strands": True, "pseudocount": 0.5}
    found = [*state["found"], kernel | {"at": 3}]
    view = dashboards.em(**state | {"found": found})
    browser = Browser(view)
    view.model.start = "yours"
    browser.keeps(sequences=packed_sequences(own), model=packed_kernels(KERNELS))
    assert view.model.message == ""
    assert view.model.state()["found"] == found
    view.runner.join()
    assert view.model.state()["found"] == found
    assert len(view.model.found) == 2
    view.close()


class Held:
    """Holds the thread at each step of a walk until the test lets it go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may, self.steps = threading.Semaphore(0), 0
        step = Trail.step

        def held(trail):
            if threading.current_thread() is not threading.main_thread():
                assert self.may.acquire(timeout=20)
                self.steps += 1
            step(trail)

        monkeypatch.setattr(Trail, "step", held)

    def go(self, steps: int) -> None:
        for _ in range(steps):
            self.may.release()


@pytest.fixture
def three_found():
    model = EMModel(width=8)
    for at in (5, 3, 7):
        model.go(at)
        model.erase_and_go_on()
    model.go(4)
    return model


def looked_for(view, state, held, *, steps):
    """Open a state in a page, and let the search for its motifs make so many steps."""
    from_page(view, choices={"width": 8}, found=state["found"], at=state["at"])
    held.go(steps)
    wait_for(lambda: held.steps == steps and view.model.is_busy, seconds=10, what="the steps")


def test_motifs_of_a_link_are_found_beside_the_page(three_found, monkeypatch):
    held, view = Held(monkeypatch), dashboards.em()
    state = three_found.state()
    looked_for(view, state, held, steps=6)  # the second one has begun
    view.runner.pump()
    assert "motif 2 of 3" in view.model.said
    assert 1 / 3 < view.model.progress < 2 / 3
    assert view.model.found == ()
    assert view.model.state()["found"] == state["found"]
    view.model.go(2)  # somebody is impatient: the place is kept for later
    assert view.model.at == 0
    held.go(99)
    view.runner.join()
    assert [each.evidence for each in view.model.found] == [each.evidence for each in three_found.found]
    assert view.model.at == 2
    assert not view.model.is_busy
    assert "3 of 3" in view.model.said
    view.close()


def test_a_search_for_motifs_that_is_stopped_keeps_what_it_found(three_found, monkeypatch):
    held, view = Held(monkeypatch), dashboards.em()
    looked_for(view, three_found.state(), held, steps=6)
    view.stop.click()
    held.go(99)
    view.runner.join()
    assert [each.evidence for each in view.model.found] == [three_found.found[0].evidence]
    assert view.model.state()["found"] == three_found.state()["found"][:1]
    assert view.model.at == 4
    assert "1 of 3" in view.model.said
    view.close()


@pytest.mark.parametrize("other", ["reset", "data", "forget"])
def test_another_wish_ends_the_search_for_motifs(three_found, other, monkeypatch):
    held, view = Held(monkeypatch), dashboards.em()
    looked_for(view, three_found.state(), held, steps=6)
    if other == "reset":
        from_page(view, choices={}, found=[], begun="", at=0, heat=[0, 0], column=0)
    elif other == "data":
        view.controls["data"].value = "crp_sites"
    else:
        view.model.forget_found()
    held.go(99)
    view.runner.join()
    assert view.model.found == ()
    assert view.model.state()["found"] == []
    assert not view.model.is_busy
    view.close()


@pytest.mark.parametrize("second", [{"at": 0}, {"at": 2}, {"found": 1, "at": 3}, {"found": 0, "at": 0}])
def test_the_last_link_wins_while_the_motifs_of_another_are_searched(three_found, second, monkeypatch):
    held, view = Held(monkeypatch), dashboards.em()
    state = three_found.state()
    looked_for(view, state, held, steps=6)
    link = {"choices": {"width": 8}, "found": state["found"][: second.get("found", 3)], "at": second["at"]}
    from_page(view, **{name: value for name, value in link.items() if view.store.now[name] != value})
    held.go(199)
    wait_for(lambda: not view.runner.pump() and not view.model.to_find, seconds=10, what="the motifs")
    assert view.model.state()["found"] == link["found"]
    assert view.model.at == link["at"] == view.store.now["at"]
    view.close()


def test_after_convergence_another_start_is_asked_about(view):
    view.model.go(10**6)
    assert "From another random window, where will EM end?" in view.question.value
    other = EMModel(seed=view.model.seed + 1, at=10**6)
    view.guess.value = "higher" if other.trail.objective[-1] > view.model.trail.objective[-1] else "lower"
    view.reveal.click()
    assert "Right" in view.result.value
    assert numbers(view.result.value)["there"] == pytest.approx(other.trail.objective[-1])
    view.model.restore({"start": "substrings", "begun": "GTGATTCGATTCACATTTAAAC"})
    view.model.go(10**6)
    view.ask.click()
    assert "Press “Begin again” under the picture" in view.question.value


def test_what_a_deeper_view_shows_stays_while_it_is_in_use(view):
    assert "ep-from-explore" in view.looked_for._dom_classes
    assert "ep-in-use" not in view.looked_for._dom_classes
    view.model.both_strands = True
    assert "ep-in-use" in view.looked_for._dom_classes
    view.model.both_strands = False
    assert "ep-in-use" not in view.looked_for._dom_classes


def test_another_choice_goes_on_with_the_search_for_motifs(three_found, monkeypatch):
    held, view = Held(monkeypatch), dashboards.em()
    looked_for(view, three_found.state(), held, steps=6)
    view.controls["width"].value = 6
    held.go(199)
    wait_for(lambda: not view.runner.pump() and not view.model.to_find, seconds=10, what="the motifs")
    assert [each.ppm.shape[1] for each in view.model.found] == [8, 8, 8]
    assert view.model.beginning.width == 6
    view.close()


def test_motifs_that_leave_no_window_are_told_and_the_walk_goes_on():
    letters = ">one\nACGTTGCAGG\n>two\nTTGGATTACA\n"
    recipe = {"start": "window", "of": "TTGCAG", "place": 0, "occurrence": "oops", "both_strands": False}
    view = dashboards.em(data="pasted", pasted=letters, width=6)
    from_page(view, found=[recipe | {"pseudocount": 0.1, "at": 3}])
    view.runner.join()
    assert "6 known letters in a row that are not erased" in view.alert.value
    assert view.model.to_find == []
    assert view.model.state()["found"] == []
    view.model.go(1)
    assert view.model.at == 1
    view.close()


def test_a_motif_that_is_not_found_again_is_told(three_found):
    view = dashboards.em()
    state = three_found.state()
    state["found"][1]["at"] = 1  # no window of one letter is a site after one E-step
    state["found"][1]["of"] = "A"
    from_page(view, choices={"width": 8}, found=state["found"])
    view.runner.join()
    assert len(view.model.found) == 1
    assert "with a posterior of 0.5" in view.alert.value
    view.close()


def test_the_e_step_view_opens_with_the_same_posterior(view):
    from epool_viz.panels.one_kernel.model import EStepModel
    from epool_viz.panels.one_kernel.page_state import Memory, take

    view.model.restore({"occurrence": "zoops", "both_strands": True, "width": 12})
    view.model.go(7)
    view.model.row = 6
    other = EStepModel()
    take(other, e_step_state(view.model), Memory())
    assert other.message == ""
    posterior = np.asarray(other.trace.posterior).reshape(2, -1).sum(axis=0)
    row = view.model.heat()[6]
    np.testing.assert_allclose(posterior, row[~np.isnan(row)], atol=2e-4)
