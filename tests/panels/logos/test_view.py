"""The logos' view without a browser: what the page knows, and what its wishes come to."""

from __future__ import annotations

import asyncio
import io
import json
import pickle
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from epool_viz import dashboards
from epool_viz.analysis.known_motifs import Match
from epool_viz.panels.logos import exports as takeaway
from tests.panels.bringing import bring
from tests.panels.test_dashboards import from_page

MATCH = Match("MA0139.2", "CTCF", 1e-9, 1e-8, 1e-5, 0, 15, False)

FINDER = "epool_viz.panels.logos.finder"


@pytest.fixture
def view():
    shown = dashboards.logos(trained="ctcf_max")
    yield shown
    shown.close()


def answers(view, name):
    """What the download sends back."""
    sent = []
    view.download.send = lambda content, buffers=None: sent.append((content, buffers))
    view.download._answer(view.download, {"get": name}, [])
    return sent


def in_a_loop(work):
    """The browser tests of a run keep a loop of their own in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def test_the_page_knows_every_kernel_and_what_it_may_draw(view):
    now, model = view.store.now, view.model
    np.testing.assert_allclose(now["kernels"], model.kernels.kernels, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(now["weights"], model.kernels.output_weights, rtol=1e-4)
    np.testing.assert_allclose(now["use"], model.use, rtol=1e-4)
    assert now["names"][-1] == "Kernel 16"
    assert now["place"] == model.place
    assert [match is not None for match in now["matches"]] == [model.best_match(k) is not None for k in range(16)]
    assert now["m"] == model.log_base == now["m_likeliest"]
    assert now["m_pooling"] is None
    assert len(json.dumps(view.store.state)) < 150_000


def test_the_detail_is_of_the_kernel_that_is_shown(view):
    from_page(view, place=5)
    now, detail = view.store.now["detail"], view.model.detail()
    assert now["place"] == view.store.now["grid"]["place"] == 5
    np.testing.assert_allclose(now["posterior"], detail.motifs["posterior"][0], rtol=1e-4, atol=1e-8)
    assert now["at_sites"]["exact"] == pytest.approx(detail.worth.at_sites["exact"], rel=1e-5)
    assert now["evidence"]["heuristic"] == pytest.approx(detail.worth.evidence["heuristic"], rel=1e-5)
    assert now["residual"] == detail.residual < 1e-12
    assert now["windows"] == 100 * 186
    like = now["likeness"]
    assert like["name"] == "CTCF"
    assert len(like["ppm"][0]) == like["width"]
    assert like["n_known"] == 1019


def test_the_grid_is_what_the_threshold_counts(view):
    from_page(view, rule="basset")
    grid = view.store.now["grid"]
    assert grid["rule"] == "basset"
    assert view.store.now["threshold"] == 0.5
    found = view.model.motif("heuristic", view.model.place)
    assert grid["n"][50] == found[1]
    counted = np.array(grid["pfm"][50])
    np.testing.assert_allclose(counted / counted.sum(axis=0), found[0], rtol=1e-12)


def test_m_moves_posterior_map_and_what_is_known_of_motifs(view):
    before = view.heat.picture["cells"]
    posterior = view.store.now["detail"]["posterior"]
    from_page(view, m=0.5)
    assert view.model.m == 0.5
    assert view.store.now["detail"]["m"] == 0.5
    assert view.store.now["detail"]["posterior"] != posterior
    assert view.heat.picture["cells"] != before
    assert "m = 0.5" in view.heat.picture["caption"]
    assert view.store.now["detail"]["matches"]["exact"] is None


def test_another_model_brings_its_own_kernels_base_and_sequences(view):
    from_page(view, trained="two_motifs_expectation")
    now = view.store.now
    assert now["m"] == now["m_pooling"] == 1.0
    assert now["detail"]["known"] is True
    assert view.heat.labels["marks"]
    assert len(view.heat.labels["names"]) == len(view.model.samples.judging)


def test_what_is_out_of_bounds_comes_back_within_them(view):
    from_page(view, m=1e9, place=99.0, threshold=2, chosen=[3.0, 77])
    assert view.store.now["m"] == 20.0
    assert view.store.now["place"] == 15
    assert view.store.now["threshold"] == 0.99
    assert view.store.now["chosen"] == [3]


def test_what_makes_no_sense_is_told_and_changes_nothing(view):
    before = view.model.state()
    from_page(view, trained="../../etc/passwd")
    assert "not usable" in view.alert.value
    assert view.model.state() == before
    assert view.store.now["trained"] == before["trained"], "the page is told what still holds"
    from_page(view, m="much")
    assert view.model.state() == before


def test_the_page_asks_for_known_motifs_and_gets_them(view, monkeypatch):
    monkeypatch.setattr(f"{FINDER}.match_motifs_limited", lambda ppms, **_: [(MATCH,) for _ in ppms])
    from_page(view, m=1.5)
    assert view.store.now["detail"]["matches"]["exact"] is None
    from_page(view, look_up=1)
    assert "Comparing" in view.store.now["finding"]
    view.finder.join()
    assert view.pump() is False
    assert view.store.now["finding"] == ""
    assert view.store.now["detail"]["matches"]["exact"][0]["name"] == "CTCF"
    assert view.store.now["matches"][view.model.place]["e"] == MATCH.e_value


def test_what_a_look_up_finds_reaches_the_page_by_itself(view, monkeypatch):
    monkeypatch.setattr(f"{FINDER}.match_motifs_limited", lambda ppms, **_: [(MATCH,) for _ in ppms])

    async def page():
        from_page(view, look_up=1)
        while view.store.now["finding"]:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(page(), 20))
    assert view.store.now["detail"]["matches"]["exact"][0]["name"] == "CTCF"


def test_the_page_stops_a_look_up(view, monkeypatch):
    def wait(ppms, cancel, **_):
        cancel.wait(20)
        return [() for _ in ppms]

    monkeypatch.setattr(f"{FINDER}.match_motifs_limited", wait)
    from_page(view, look_up=1)
    from_page(view, stop_looking=1)
    view.finder.join()
    assert view.pump() is False
    assert view.store.now["finding"] == ""


def test_what_is_no_dna_is_not_compared_and_the_page_is_told_why(view):
    assert view.store.now["cannot_find"] == ""
    bring(
        view.upload,
        "rna.meme",
        b"MEME version 4\n\nALPHABET= ACGU\n\nMOTIF one\n"
        b"letter-probability matrix: alength= 4 w= 3\n0.1 0.2 0.3 0.4\n0.7 0.1 0.1 0.1\n0.1 0.1 0.1 0.7\n",
    )
    assert "motifs are of DNA" in view.store.now["cannot_find"]


def test_without_memelite_the_page_is_told(monkeypatch):
    monkeypatch.setattr("epool_viz.panels.logos.view.has_matching", lambda: False)
    view = dashboards.logos()
    assert 'pip install "epool-viz[motifs]"' in view.store.now["cannot_find"]
    view.close()


def test_it_says_who_is_nearest_to_the_database_and_what_that_does_not_mean(view):
    assert re.search(r"Of \d+ kernels of this model", view.tally.value)
    assert "Only the exact reading gives the network's scores back" in view.tally.value
    from_page(view, trained="ctcf_average")
    assert "No kernel of this model resembles" in view.tally.value


def test_each_button_gives_a_file(view):
    from_page(view, chosen=[4])
    for item in view.download.options["items"]:
        if item["name"] not in takeaway.SLOW:
            ((content, buffers),) = answers(view, item["name"])
            assert content["file_name"].endswith(item["name"])
            assert len(buffers[0]) > 100


def test_a_print_is_made_in_a_thread_and_tells_how_far_it_is(view, monkeypatch):
    told = []
    monkeypatch.setattr(view.download, "progress", lambda done, total: told.append((done, total)))

    def work(progress):
        progress(1, 2)
        return "a.pdf", "application/pdf", b"%PDF"

    monkeypatch.setattr(view.download, "begin", lambda name: work)

    async def press():
        sent = answers(view, "report.pdf")
        assert sent == []  # the page goes on
        while not sent:
            await asyncio.sleep(0.01)
        return sent

    ((content, buffers),) = in_a_loop(press())
    assert content["file_name"] == "a.pdf"
    assert buffers == [b"%PDF"]
    assert (1, 2) in told
    view._print_progress(1, 2)
    assert 'aria-valuenow="50"' in view.progress.value
    view._print_progress(0, 0)
    assert view.progress.value == ""


def test_a_print_that_fails_is_told_with_an_id(view, monkeypatch, swallowed_exceptions):
    monkeypatch.setattr(view.download, "begin", lambda name: lambda progress: 1 / 0)

    async def press():
        sent = answers(view, "report.pdf")
        while not sent:
            await asyncio.sleep(0.01)
        return sent

    ((content, _),) = in_a_loop(press())
    assert re.search(r"error [0-9a-f]{8}", content["error"])
    swallowed_exceptions.clear()
    monkeypatch.setattr(takeaway, "MOST_PRINTED", 3)
    monkeypatch.setattr(view.download, "begin", view._begin_print)
    ((content, _),) = answers(view, "report.pdf")
    assert "at most 3" in content["error"]


# --- a model that somebody brings


def model_file(n=3, width=7, seed=1):
    out = io.BytesIO()
    np.savez(out, kernels=np.random.default_rng(seed).normal(size=(n, 4, width)))
    return out.getvalue()


def fasta(n=20):
    rng = np.random.default_rng(3)
    return "".join(f">s{i}\n{''.join(rng.choice(list('ACGT'), 40 + i))}\n" for i in range(n)).encode()


def test_a_model_file_is_read_exactly_without_sequences_and_judged_with_them(view):
    bring(view.upload, "mine.npz", model_file())
    now = view.store.now
    assert (now["trained"], now["own_name"]) == ("yours", "mine.npz")
    assert len(now["kernels"]) == len(now["names"]) == 3
    assert now["has_sequences"] is False
    assert now["detail"] is None
    assert now["grid"] is None
    assert view.heat.layout.display == "none"
    assert "mine.npz" in view.own.value
    assert "3 kernels of 7 letters (DNA)" in view.own.value
    bring(view.fasta, "peaks.fa", fasta())
    assert view.store.now["has_sequences"] is True
    assert view.store.now["detail"]["n_sites"] == 4  # a fifth of 20
    assert view.sequences.value == "file"
    assert view.heat.layout.display == ""
    view.sequences.value = "p73"
    assert view.store.now["detail"]["n_sites"] == 200
    assert view.alert.value == ""


def test_a_model_that_ships_can_be_chosen_again(view):
    bring(view.upload, "mine.npz", model_file())
    from_page(view, trained="ctcf_max")  # it was shown before the file was
    assert view.store.now["trained"] == "ctcf_max"
    assert len(view.store.now["kernels"]) == 16
    assert view.store.now["detail"] is not None
    assert view.own.value == ""


@pytest.mark.parametrize("trained", ["own", "yours"])
def test_no_own_model_is_shown_before_one_is_open(view, trained):
    from_page(view, trained=trained, own_name="net <b>.h5")
    view.keep._receive(view.keep, {"kept": {}}, [])
    assert "nothing of the kind is kept in this browser" in view.alert.value
    assert "made with net &lt;b&gt;.h5: open that file here" in view.alert.value
    assert view.store.now["trained"] == "ctcf_max"
    bring(view.fasta, "peaks.fa", fasta())
    assert "a model file first" in view.alert.value


def kept_by(browser, view):
    """What the browser was given to keep, given back to another page."""
    about, data = browser["model"]
    view.keep._receive(view.keep, {"kept": {"model": about}}, [])
    view.keep._receive(view.keep, {"given": "model", "about": about}, [data])


def test_a_link_to_a_view_of_ones_own_model_opens_it_again_where_the_browser_keeps_it(view):
    browser = {}
    view.keep.send = lambda content, buffers=None: browser.update({content["put"]: (content["about"], buffers[0])})
    bring(view.upload, "mine.npz", model_file())
    from_page(view, place=2, m=0.5, chosen=[0, 2])
    link = {name: view.store.now[name] for name in view.LINK}
    other = dashboards.logos()
    from_page(other, **link)
    assert other.store.now["trained"] == "ctcf_expectation", "not here yet"
    kept_by(browser, other)
    assert {name: other.store.now[name] for name in view.LINK} == link
    assert "mine.npz" in other.own.value
    assert other.another_way.layout.display == "none", "the file itself is not here"
    assert other.alert.value == ""
    from_page(other, **link | {"place": 1})
    assert other.store.now["place"] == 1
    other.close()
    third = dashboards.logos()
    from_page(third, **link | {"own_name": "another.h5"})
    kept_by(browser, third)
    assert "made with another.h5; your browser keeps mine.npz, shown here" in third.alert.value
    third.close()


def test_axes_letters_and_direction_of_an_opened_model_can_be_changed(view):
    bring(view.upload, "mine.npz", model_file())
    from_page(view, place=2, m=0.5)
    before = np.array(view.store.now["kernels"])
    way = view.another_way
    assert way.layout.display == ""
    way.letters.value = "TGCA"
    np.testing.assert_array_equal(view.store.now["kernels"], before[:, ::-1])
    assert view.store.now["place"] == 2, "the kernel that was shown"
    way.flip.value = "yes"
    np.testing.assert_array_equal(view.store.now["kernels"], before[:, ::-1, ::-1])
    assert "turned round" in view.own.value
    way.letters.value = "AAAA"
    assert "mine.npz cannot be read" in way.said.value
    np.testing.assert_array_equal(view.store.now["kernels"], before[:, ::-1, ::-1])
    way.letters.value, way.flip.value = "", ""
    assert (way.flip.index, way.fold.index) == (0, 0), "a menu without a choice is empty"
    assert (view.store.now["kernels"], way.said.value) == (before.tolist(), "")
    from_page(view, trained="ctcf_max")
    assert way.layout.display == "none"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("bomb.pt", pickle.dumps({"weight": [1.0]}), "pickle"),
        ("huge.npz", bytes(8_000_001), "at most 8,000,000 bytes"),
        ("empty.npz", b"", "empty.npz"),
    ],
)
def test_a_bad_model_file_is_told_and_changes_nothing(view, name, content, told):
    before = view.store.now["kernels"]
    bring(view.upload, name, content)
    assert told in view.alert.value
    assert view.store.now["kernels"] == before
    assert not view.model.is_own


def test_bad_sequences_are_told_and_change_nothing(view):
    bring(view.upload, "mine.npz", model_file())
    bring(view.fasta, "few.fa", b">a\nACGTACGTACGT\n")
    assert "1 sequences" in view.alert.value
    bring(view.fasta, "odd.fa", b">a\nAC?T\n")
    assert "odd.fa" in view.alert.value
    assert view.store.now["has_sequences"] is False
    assert view.sequences.value == "none"


def test_sixty_four_kernels_open_at_once(view):
    bring(view.upload, "wide.npz", model_file(64, 19))
    view.sequences.value = "ctcf"
    assert len(view.store.now["use"] or view.store.now["names"]) == 64
    assert view.store.now["detail"]["residual"] < 1e-12
