"""What is taken along says what was on the screen."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from epool_viz import parse_motifs
from epool_viz.errors import ArgumentError
from epool_viz.panels.em.exports import taken
from epool_viz.panels.em.model import EMModel
from epool_viz.panels.em.page import TAKE_AWAY


@pytest.fixture(scope="module")
def model():
    return EMModel(occurrence="zoops", both_strands=True, width=11, at=9)


def text_of(model, name):
    return taken(model, name)[2].decode()


@pytest.mark.parametrize("name", ["motif.meme", "motif.jaspar", "motif.transfac"])
def test_motifs_come_back_from_their_files(model, name):
    found = parse_motifs(text_of(model, name))
    assert len(found) == 1
    np.testing.assert_allclose(found[0].ppm, model.trail.ppm(9), atol=5e-3)


def test_the_motifs_found_before_go_along():
    model = EMModel(width=9, at=7)
    model.erase_and_go_on()
    model.go(3)
    motifs = parse_motifs(text_of(model, "motif.meme"))
    assert [motif.name for motif in motifs] == ["motif_1", "motif_2"]
    np.testing.assert_allclose(motifs[0].ppm, model.found[0].ppm, atol=1e-5)
    names = {row["motif"] for row in csv.DictReader(io.StringIO(text_of(model, "sites.tsv")), delimiter="\t")}
    assert names == {"motif_1", "motif_2"}
    assert "erase" in text_of(model, "em.py")


def test_sites_are_where_they_say_and_read_as_the_motif_reads_them(model):
    rows = list(csv.DictReader(io.StringIO(text_of(model, "sites.tsv")), delimiter="\t"))
    bed = [line.split("\t") for line in text_of(model, "sites.bed").splitlines()]
    sites = model.trail.sites(9)
    assert len(rows) == len(bed) == len(sites) > 5
    assert {row["strand"] for row in rows} == {"+", "-"}
    assert list(csv.DictReader(io.StringIO(text_of(model, "sites.csv")))) == rows
    complement = str.maketrans("ACGT", "TGCA")
    for row, line, site in zip(rows, bed, sites, strict=True):
        letters = model.sequences[model.sequences.find(row["sequence"])][int(row["start"]) - 1 : int(row["stop"])]
        assert row["letters"] == (letters if row["strand"] == "+" else letters.translate(complement)[::-1])
        assert (int(line[1]), int(line[2]), line[5]) == (site.start, site.stop, site.strand)
        assert float(row["posterior"]) == pytest.approx(site.posterior, rel=1e-5)


def test_the_history_has_a_row_an_iteration(model):
    rows = list(csv.DictReader(io.StringIO(text_of(model, "history.csv"))))
    assert [int(row["iteration"]) for row in rows] == [1, 2, 3, 4, 5]
    assert [float(row["log_evidence"]) for row in rows] == model.trail.evidence
    assert [float(row["site_rate"]) for row in rows] == model.trail.rates


@pytest.mark.parametrize(
    "state",
    [
        {"data": "crp0", "occurrence": "zoops", "both_strands": True, "pseudocount": 0.4},
        {"data": "simulated", "motif": "SP1", "n": 20, "length": 40, "data_seed": 3},
        {"data": "ctcf_peaks"},
        {"data": "pasted", "pasted": ">a b\nACGTTGCATTACGG\n>c\nGATTACGGATTACAGAC\n"},
    ],
)
@pytest.mark.parametrize("at", [0, 1, 6, 7])
def test_the_lines_of_python_give_the_step_on_the_screen(state, at, capsys):
    model = EMModel(width=6, at=at, **state)
    made: dict[str, object] = {}
    exec(compile(text_of(model, "em.py"), "em.py", "exec"), made)
    said = capsys.readouterr().out.splitlines()
    np.testing.assert_allclose(made["ppm"], model.trail.ppm(at), rtol=0, atol=1e-9)
    assert len(said) - bool(at) == len(model.trail.sites(at))
    if at:
        assert float(said[0].rpartition(" ")[2]) == pytest.approx(model.trail.evidence[-1], abs=0.006)


@pytest.mark.parametrize("both_strands", [False, True])
def test_the_lines_of_python_erase_what_was_found_before(both_strands, capsys):
    model = EMModel(data="crp0", width=9, both_strands=both_strands, occurrence="zoops", pseudocount=0.3)
    model.go(10**6)
    model.erase_and_go_on()
    model.go(7)
    model.erase_and_go_on()  # two motifs, the second of a walk that was not at its end
    assert len(model.found) == 2
    model.go(5)
    made: dict[str, object] = {}
    exec(compile(text_of(model, "em.py"), "em.py", "exec"), made)
    capsys.readouterr()
    np.testing.assert_allclose(made["ppm"], model.trail.ppm(5), rtol=0, atol=1e-9)
    for row, gone in enumerate(made["erased"]):
        np.testing.assert_array_equal(gone, model.erased_letters(row))
    assert any(gone.any() for gone in made["erased"])


def test_every_button_gives_a_file_and_others_give_none(model):
    for item in TAKE_AWAY:
        name, kind, data = taken(model, item["name"])
        assert name.startswith("epool_viz_")
        assert kind
        assert data
    with pytest.raises(ArgumentError, match=r"accepted: motif\.meme"):
        taken(model, "passwords.txt")
    with pytest.raises(ArgumentError, match="still looked for"):
        taken(EMModel(start="substrings"), "sites.tsv")
