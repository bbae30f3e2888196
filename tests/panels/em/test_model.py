"""The state of the EM panel: choices that follow, walks that can be gone back, messages instead of surprises."""

from __future__ import annotations

import json
import re
import threading

import numpy as np
import pytest

from epool_viz.core.em import posterior_ppm
from epool_viz.core.em_path import Trail
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.motifs import kl_divergence
from epool_viz.data.examples import load_example, load_example_model
from epool_viz.errors import ArgumentError
from epool_viz.panels.em.model import MOST_CELLS, MOST_SEQUENCES, EMModel
from epool_viz.panels.em.runner import Runner

FASTA = ">one\nACGTTGCATTACGG\n>two\nTTACGGA\n>three\nGATTACGGATTACAGAC\n"
OTHER = {
    "data": "simulated", "motif": "SP1", "n": 31, "length": 47, "site_share": 0.7, "data_seed": 5, "pasted": FASTA,
    "occurrence": "zoops", "both_strands": True, "pseudocount": 0.5, "start": "jaspar", "width": 9, "seed": 7,
    "jaspar": "GATA1", "trained": "ctcf_max", "rank": 2, "which": 1, "n_starts": 3,
}  # fmt: skip


def test_a_state_makes_the_same_model_again():
    model = EMModel(**OTHER, at=5, row=4, place=11, column=3)
    assert model.message == ""
    state = json.loads(json.dumps(model.state()))
    again = EMModel.from_state(state)
    assert again.state() == state
    assert state == OTHER | {"found": [], "begun": "", "at": 5, "row": 4, "place": 11, "column": 3}
    np.testing.assert_allclose(again.heat(), model.heat())
    np.testing.assert_allclose(again.trail.ppm(5), model.trail.ppm(5))


@pytest.mark.parametrize(
    ("state", "named"),
    [({"colour": 1}, "colour"), ({"data": "moon"}, "state"), ({"width": "wide"}, "state"), ({"at": "end"}, "state")],
)
def test_a_state_that_is_none_changes_nothing(state, named):
    model = EMModel(data="crp_sites", width=8)
    before = model.state()
    with pytest.raises(ArgumentError) as caught:
        model.restore({"width": 5} | state)
    assert caught.value.name == named
    assert model.state() == before


@pytest.mark.parametrize("name", ["n", "length", "site_share", "width", "pseudocount", "n_starts", "rank"])
def test_numbers_stay_within_their_bounds(name):
    from epool_viz.panels.em.model import BOUNDS

    low, high = BOUNDS[name]
    model = EMModel()
    for value, bound in ((high + 1e6, high), (low - 1e6, low)):
        setattr(model, name, type(low)(value))
        assert getattr(model, name) == bound
    assert EMModel(at=-3, row=10**6, place=10**6, column=10**6).state()["row"] == 17


def test_going_on_walks_and_going_back_remembers():
    model = EMModel()
    seen = []
    model.observe(lambda change: seen.append(change.new), "at")
    for at in (1, 2, 3):
        model.go(at)
    first = model.trail.ppm(2)
    model.go(0)
    assert (model.at, model.trail.end) == (0, 3)
    model.go(3)
    np.testing.assert_allclose(model.trail.ppm(2), first)
    assert seen == [1, 2, 3, 0, 3]
    model.go(10**6)
    assert model.trail.is_finished
    assert model.at == model.trail.end


def test_the_heat_is_the_posterior_at_each_start():
    for both in (False, True):
        model = EMModel(both_strands=both, width=20, at=1)
        values = model.heat()
        assert values.shape == (18, 105)
        assert np.isnan(values[:, 86:]).all()
        np.testing.assert_allclose(np.nansum(values, axis=1), 1, rtol=1e-9)
        posterior, windows = model.trail.posterior(1), model.windows
        for place in (0, 85, len(posterior) - 1):
            twins = (windows.sequence == windows.sequence[place]) & (windows.start == windows.start[place])
            assert twins.sum() == (2 if both else 1)
            expected = posterior[twins].sum()
            assert values[windows.sequence[place], windows.start[place]] == pytest.approx(expected, rel=1e-12)


def test_the_cell_in_hand_stays_on_the_strongest_until_it_is_moved():
    model = EMModel(row=4)
    model.place = model.best_place(4)
    model.go(5)
    assert model.place == model.best_place(4) != 0
    model.place = (model.place + 3) % 80
    chosen = model.place
    model.go(9)
    assert model.place == chosen
    model.place = model.best_place(4)
    model.pseudocount = 0.7
    assert (model.at, model.place) == (0, model.best_place(4))
    model.go(3)
    assert model.place == model.best_place(4)


def test_the_default_start_ends_well():
    model = EMModel(at=10**6)
    assert model.hits() == (17, 18)


def test_crp0_is_solved_from_its_best_window():
    model = EMModel(start="substrings")
    assert model.needs_start
    assert model.trail is None
    model.go(3)  # a link that arrives before the start is there
    runner = Runner(model)
    runner.find_start()
    runner.join()
    assert (model.needs_start, model.at, model.stage) == (False, 3, "idle")
    runner.converge()
    runner.join()
    assert model.trail.has_converged
    assert "Converged after" in model.said
    alone = model.trail.objective[-1]
    runner.search()
    runner.join()
    assert model.trail.objective[-1] >= alone
    met, known = model.hits()
    assert (met >= 15, known) == (True, 18)


def test_the_best_of_several_starts_is_shown_with_its_history():
    model = EMModel(width=16, n_starts=4)
    runner = Runner(model)
    runner.search()
    runner.join()
    best = model.trail
    assert isinstance(best, Trail)
    assert model.at == best.end
    assert np.all(np.diff(best.objective) >= -1e-9)
    assert "best of 4 starts" in model.said
    for seed in range(3):
        model.seed = seed
        model.go(10**6)
        assert model.trail.ppm(0).shape == (4, 16)
    model.restart()
    assert (model.at, model.trail.end) == (0, 0)


def test_a_job_that_choices_have_overtaken_leaves_no_trace():
    model = EMModel()
    runner = Runner(model)
    runner.converge()
    runner.drop()
    model.width = 7
    runner.join()
    assert (model.at, model.trail.end, model.stage) == (0, 0, "idle")


def test_a_late_word_of_a_job_that_was_dropped_is_not_heard(monkeypatch):
    gate, started = threading.Event(), threading.Event()
    step = Trail.step

    def slow(trail):
        started.set()
        gate.wait(10)
        step(trail)

    model = EMModel()
    runner = Runner(model)
    with monkeypatch.context() as patched:
        patched.setattr(Trail, "step", slow)
        runner.converge()
        late = runner.job
        assert started.wait(10)
        runner.drop()
    model.width = 12
    runner.converge()
    runner.join()
    end, said = model.at, model.said
    gate.set()
    late.join(10)
    runner.join()
    assert model.trail.ppm(0).shape == (4, 12)
    assert (model.at, model.said) == (end, said)
    assert runner.job is None


def test_a_stop_keeps_what_was_found():
    model = EMModel(data="p73_peaks", width=20, n_starts=100)
    runner = Runner(model)
    runner.search()
    runner.stop()
    assert model.stage == "stopping"
    runner.join()
    assert model.stage == "idle"
    assert model.said.startswith("Stopped")
    assert model.at == model.trail.end


def test_a_defect_in_a_job_is_told_with_an_id(monkeypatch, swallowed_exceptions):
    model = EMModel()
    monkeypatch.setattr(Trail, "step", lambda self: 1 / 0)
    runner = Runner(model)
    runner.converge()
    runner.join()
    assert "not your doing (error" in model.message
    assert swallowed_exceptions.pop().exc_info
    assert model.stage == "idle"


def test_a_kernel_is_asked_whether_it_is_a_fixed_point():
    model = EMModel(data="ctcf_peaks", start="trained", trained="ctcf_expectation", rank=1, both_strands=True)
    trained, _ = load_example_model("ctcf_expectation")
    place = int(np.argsort(-np.abs(trained.output_weights), kind="stable")[1])
    kernel = trained.kernels[place].astype(float)
    m = float(trained.settings["pooling"]["m"])
    exact = np.asarray(kernel_to_pwm_at(kernel, m, background=model.background).ppm)
    after = posterior_ppm(model.sequences, kernel, m=m, background=model.background, both_strands=True, pseudocount=0.1)
    np.testing.assert_allclose(model.kernel_bits(), kl_divergence(after, exact), rtol=1e-6)
    model.go(2)
    np.testing.assert_allclose(model.trail.ppm(2), after, rtol=1e-9, err_msg="the walk's own M-step is the same")
    np.testing.assert_allclose(model.trail.moved(2), model.kernel_bits(), rtol=1e-6)
    assert EMModel().kernel_bits() is None


def test_found_sites_are_erased_and_the_next_motif_is_elsewhere():
    model = EMModel(data="simulated", motif="CTCF", n=30, length=80, width=15, seed=3)
    with pytest.raises(ArgumentError, match="not looked for yet"):
        model.erase_and_go_on()
    model.go(10**6)
    sites = model.trail.sites(model.at)
    model.erase_and_go_on()
    assert (len(model.found), model.at) == (1, 0)
    for site in sites:
        if site.posterior >= 0.5:
            assert model.erased_letters(site.sequence)[site.start : site.stop].all()
            assert np.isnan(model.heat()[site.sequence, site.start])
    model.pseudocount = 0.3
    assert len(model.found) == 1, "another setting keeps what is erased"
    model.forget_found()
    assert model.found == ()
    assert not model.erased_letters(0).any()
    model.go(10**6)
    model.erase_and_go_on()
    model.n = 20
    assert model.found == (), "other sequences have nothing erased"


def searched(model):
    """The same after a search for the best of its starts."""
    runner = Runner(model)
    runner.search()
    runner.join()
    assert model.message == ""
    return model


def assert_same(again, model):
    assert again.message == ""
    assert again.state() == model.state()
    assert again.sequences.names == model.sequences.names
    for row in range(len(model.sequences)):
        np.testing.assert_array_equal(again.erased_letters(row), model.erased_letters(row))
    for one, other in zip(again.found, model.found, strict=True):
        assert one.name == other.name
        assert [site[:4] for site in one.sites] == [site[:4] for site in other.sites]
        np.testing.assert_allclose(one.ppm, other.ppm, rtol=0, atol=1e-9)
        assert one.evidence == pytest.approx(other.evidence, rel=1e-9)
    np.testing.assert_allclose(again.heat(), model.heat(), rtol=0, atol=1e-9)


def test_a_state_finds_the_same_motifs_again_each_in_its_own_way_and_the_walk_of_a_search():
    model = searched(EMModel(data="simulated", motif="CTCF", n=37, length=83, width=15, seed=3, n_starts=4))
    model.erase_and_go_on()
    model.restore({"start": "jaspar", "jaspar": "SP1", "occurrence": "zoops", "both_strands": True})
    model.go(6)
    model.erase_and_go_on()
    model.restore({"start": "trained", "trained": "ctcf_max", "rank": 2, "occurrence": "oops", "pseudocount": 0.7})
    model.go(5)
    model.erase_and_go_on()
    searched(model).restore({"start": "random", "width": 11})
    searched(model).go(8)
    assert (len(model.found), len(model.begun)) == (3, 11)
    assert [motif.recipe.start for motif in model.found] == ["window", "jaspar", "trained"]
    assert [motif.recipe.both_strands for motif in model.found] == [False, True, True]
    again = EMModel.from_state(json.loads(json.dumps(model.state())))
    assert_same(again, model)
    again.restore({"at": 3})
    assert again.begun == model.begun, "looking elsewhere begins nothing anew"
    again.restore({"begun": ""})
    assert again.trail.name == again.beginning.name
    kept = model.found[:2]
    model.restore({"found": [motif.recipe._asdict() for motif in kept]})
    assert model.found == kept, "what is there already is not looked for again"


def test_the_best_substring_is_not_looked_for_again():
    model = EMModel(data="crp0", start="substrings", width=9)
    runner = Runner(model)
    runner.find_start()
    runner.join()
    again = EMModel.from_state(model.state())
    assert (again.needs_start, again.trail.name) == (False, model.trail.name)
    np.testing.assert_array_equal(again.trail.ppms[0], model.trail.ppms[0])


WINDOW = {
    "start": "window", "of": "ACGTACGTA", "place": 0, "occurrence": "oops", "both_strands": False, "pseudocount": 0.1,
    "at": 5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"found": 3}, "a list of at most 50 motifs"),
        ({"found": [WINDOW] * 51}, "51 motifs"),
        ({"found": [{"start": "window"}]}, "motifs with start, of, place"),
        ({"found": [WINDOW | {"start": "moon"}]}, "start = 'moon'"),
        ({"found": [WINDOW | {"of": "ACGN"}]}, "letters A C G T"),
        ({"found": [WINDOW | {"of": "A" * 61}]}, "1 to 60"),
        ({"found": [WINDOW | {"at": 0}]}, "at = 0"),
        ({"found": [WINDOW | {"at": 10**9}]}, "at = 1000000000"),
        ({"found": [WINDOW | {"pseudocount": float("nan")}]}, "pseudocount = nan"),
        ({"found": [WINDOW | {"both_strands": 1}]}, "both_strands = 1"),
        ({"begun": 4}, "letters A C G T"),
        ({"begun": 0}, "letters A C G T"),
        ({"begun": []}, "letters A C G T"),
        ({"begun": "<b>"}, "letters A C G T"),
    ],
)
def test_a_damaged_recipe_is_told_and_changes_nothing(wrong, told):
    model = EMModel(at=3)
    before = model.state()
    with pytest.raises(ArgumentError, match=re.escape(told)):
        model.restore({"width": 9} | wrong)
    assert model.state() == before


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"begun": "ACGT"}, "accepted: 22"),
        ({"found": [WINDOW | {"start": "trained", "of": "moon"}]}, "Network is 'moon'"),
        ({"found": [WINDOW | {"at": 1, "of": "A"}]}, "uncertain everywhere"),
    ],
)
def test_what_cannot_be_found_again_is_explained_and_the_last_walk_stays(state, told):
    model = EMModel(at=3)
    trail = model.trail
    model.restore(state)
    assert told in model.message
    assert (model.trail, model.found) == (trail, ())


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"data": "pasted"}, "Sequences are empty; accepted: FASTA"),
        ({"data": "pasted", "pasted": ">a\nACGTX!\n"}, "line 2"),
        (
            {"data": "pasted", "pasted": FASTA, "width": 8},
            "Sequences: number 2 of 7 letters; accepted: at least 8 letters",
        ),
        (
            {"data": "pasted", "pasted": ">a\nACGTACGT\n>b\nC\n", "width": 8},
            "Sequences: number 2 of 1 letter; accepted",
        ),
        ({"data": "simulated", "motif": "no such"}, "no such"),
        ({"data": "simulated", "motif": "CTCF", "length": 10}, "Length is 10; accepted: at least the width of CTCF"),
        ({"start": "jaspar", "jaspar": ""}, "such as CTCF"),
        (
            {"data": "pasted", "pasted": "ACGTACGTAC\n" * (MOST_SEQUENCES + 1)},
            "Sequences: 2,001 sequences; accepted: at most 2,000",
        ),
        ({"data": "pasted", "pasted": f">a\n{'A' * 200_000}\n" + ">b\nACGTACGTACGTACGTACGTACGT\n" * 9}, "cells of the"),
    ],
)
def test_what_cannot_be_used_is_explained_and_the_last_walk_stays(state, message):
    assert MOST_CELLS < 10 * 200_000
    model = EMModel(at=2)
    trail = model.trail
    model.restore(state)
    assert message in model.message
    assert model.trail is trail
    assert model.at == 2
    model.restore({"data": "crp_sites", "start": "random", "width": 8, "motif": "SP1", "length": 50})
    assert model.message == ""
    assert model.sequences is load_example("crp_sites")


def test_a_file_is_read_and_a_bad_one_changes_nothing():
    model = EMModel(width=5)
    model.load_file("mine.fa", FASTA.encode())
    assert (model.data, model.sequences.names) == ("pasted", ("one", "two", "three"))
    before = model.state()
    for content, message in ((b"\xff\xfe\x00", "not a text in UTF-8"), (b"A" * 1_000_001, "at most 1,000,000")):
        model.load_file("bad.bin", content)
        assert message in model.message
        assert model.state() == before
