"""What is taken along is what is on the screen, and is read back."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import xml.etree.ElementTree as ET
import zipfile

import numpy as np
import pytest

from epool_viz.data.motifs.reading import parse_motifs
from epool_viz.errors import ArgumentError
from epool_viz.panels.logos import exports as takeaway
from epool_viz.panels.logos.model import LogosModel


@pytest.fixture
def model():
    return LogosModel(trained="two_motifs_max", place=12, chosen=[12, 15])


@pytest.mark.parametrize("ending", ["meme", "jaspar", "transfac"])
@pytest.mark.parametrize("reading", ["exact", "heuristic", "posterior"])
def test_motif_files_hold_the_reading_that_is_chosen(model, ending, reading):
    model.reading = reading
    name, kind, data = takeaway.made(model, f"kernels.{ending}")
    assert name == f"epool_viz_two_motifs_max_kernels.{ending}"
    assert kind == "text/plain"
    found = parse_motifs(data, format=ending)
    assert [motif.name for motif in found] == [f"two_motifs_max_kernel_{k}_{reading}" for k in (13, 16)]
    for motif, place in zip(found, (12, 15), strict=True):
        np.testing.assert_allclose(motif.ppm, model.motif(reading, place)[0], rtol=0, atol=1e-9)
    if reading == "heuristic" and ending != "meme":
        assert np.all(found[0].counts == np.round(found[0].counts))
        assert found[0].counts[:, 0].sum() == model.motif(reading, 12)[1]


def test_without_a_choice_all_are_taken(model):
    model.chosen = []
    assert len(parse_motifs(takeaway.made(model, "kernels.meme")[2])) == 16


def test_kernels_without_a_heuristic_are_left_out():
    model = LogosModel(trained="two_motifs_logsumexp", reading="heuristic")
    with_one = [k for k in range(16) if model.motif("heuristic", k) is not None]
    assert [place for place, _ in takeaway.motifs(model)] == with_one
    model.chosen = [next(k for k in range(16) if k not in with_one)]
    with pytest.raises(ArgumentError, match=r"reading.*heuristic.*none of these"):
        takeaway.made(model, "kernels.meme")


def test_csv_holds_every_reading_and_the_kernel_itself(model):
    rows = list(csv.DictReader(io.StringIO(takeaway.made(model, "kernels.csv")[2].decode())))
    assert len(rows) == 2 * 3 * 4 * 15
    assert {row["kernel"] for row in rows} == {"13", "16"}
    last = rows[-1]
    assert (last["reading"], last["position"], last["letter"]) == ("posterior", "15", "T")
    assert float(last["probability"]) == model.motif("posterior", 15)[0][3, 14]
    assert float(last["kernel_entry"]) == model.kernels.kernels[15, 3, 14]
    assert float(last["m"]) == model.log_base
    assert {row["sites"] for row in rows if row["reading"] == "exact"} == {""}


def test_svg_is_one_sound_picture_that_says_what_it_draws(model):
    root = ET.fromstring(takeaway.made(model, "logos.svg")[2])
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}svg")) == 2
    texts = [text.text for text in root.findall(f"{space}text")]
    assert texts[0].startswith("Kernel 13: information (bits), exact, base e^3.347")
    assert "--letter-A" in root.find(f"{space}style").text or "A:" in root.find(f"{space}style").text


def test_report_stands_alone_and_escapes_names(model):
    text = takeaway.made(model, "report.html")[2].decode()
    assert text.count("<section>") == 2
    assert text.count('<svg class="ep-logo"') == 6
    assert not re.search(r'(?:src|href)="', text)
    assert "NFKB1" in text
    assert "The matrices" in text
    hostile = dataclasses.replace(model.kernels, example="", source="<script>alert(1)</script>")
    model.take(hostile, None)
    text = takeaway.made(model, "report.html")[2].decode()
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_report_leaves_the_screen_as_it_is(model):
    seen = []
    model.observe(lambda change: seen.append(change.name))
    takeaway.made(model, "report.html")
    assert seen == []


def test_prints_are_made_without_asking_the_model_again(model):
    make = takeaway.prints(model, "logos.zip")
    model.trained = "p73_max"
    done = []
    name, kind, data = make(lambda k, n: done.append((k, n)))
    assert (name, kind) == ("epool_viz_two_motifs_max_logos.zip", "application/zip")
    assert done == [(0, 2), (1, 2), (2, 2)]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == [f"two_motifs_max_kernel_{k}_exact.png" for k in (13, 16)]
        assert archive.read(archive.namelist()[-1]).startswith(b"\x89PNG")


def test_pdf_has_a_page_a_kernel(model):
    name, kind, data = takeaway.prints(model, "report.pdf")(lambda *_: None)
    assert (name, kind) == ("epool_viz_two_motifs_max_report.pdf", "application/pdf")
    assert data.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b(?!s)", data)) == 2


def test_too_much_to_print_and_unknown_names_are_refused(model, monkeypatch):
    monkeypatch.setattr(takeaway, "MOST_PRINTED", 1)
    with pytest.raises(ArgumentError, match=r"2 to print.*at most 1"):
        takeaway.prints(model, "report.pdf")
    with pytest.raises(ArgumentError, match=r"name.*'kernels.meme'|kernels.meme"):
        takeaway.made(model, "kernels.exe")
