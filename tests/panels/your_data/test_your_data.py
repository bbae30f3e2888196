"""The page "Your data": what is read, what is explained, what is kept; no browser here."""

from __future__ import annotations

import dataclasses
import gzip
import html
import re
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from epool_viz import dashboards, import_kernels
from epool_viz.panels.shared.opened_model import LARGEST_MODEL
from epool_viz.panels.shared.visitor_data import MOST_TEXT, packed_kernels, packed_sequences
from epool_viz.panels.your_data.model import YourDataModel, facts_of
from epool_viz.panels.your_data.view import kernels_html, logos_html

FASTA = b">one\nACGTTGCA\n>two <b>\nGGGCATN\n"
ARRAYS = {
    "a.weight": np.arange(40, dtype="f4").reshape(2, 4, 5) % 7,
    "a.bias": np.array([0.5, -1], "f4"),
    "b.running_mean": np.ones(2, "f4"),
    "b.running_var": np.full(2, 4, "f4"),
    "c.weight": np.ones((3, 4, 6), "f4"),
}
MODEL = save(ARRAYS)


@pytest.fixture(scope="module")
def read():
    """A page on which both were brought, and what it had the browser keep."""
    view = dashboards.your_data()
    view.kept = []
    view.keep.send = lambda content, buffers=None: view.kept.append((content, buffers))
    view.sequence_file._receive(None, {"file": {"name": "my.fa", "size": 1}}, [memoryview(FASTA)])
    view.model_file._receive(None, {"file": {"name": "my.safetensors", "size": 1}}, [memoryview(MODEL)])
    yield view
    view.close()


def text_of(markup):
    return html.unescape(re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", markup)))


def test_sequences_are_read_and_summed_up(read):
    assert facts_of(read.model.sequences) == [
        ("Sequences", "2 of DNA"),
        ("Length", "7 to 8 letters"),
        ("Letters", "A 21.4%, C 21.4%, G 35.7%, T 21.4%"),
        ("G and C", "57.1%"),
        ("Unknown letters", "1"),
        ("Labels", "none"),
    ]
    said = read.sequence_said.value
    assert "two &lt;b&gt;" in said
    assert "two <b>" not in said
    labelled = YourDataModel()
    labelled.load_sequences("l.txt.gz", gzip.compress(b"a ACGT 1\nb GGCA 0\nc ACGT 1\n"))
    assert facts_of(labelled.sequences)[-1] == ("Labels", "1 with 0, 2 with 1")


def test_kernels_are_read_with_what_was_assumed_and_drawn(read):
    np.testing.assert_array_equal(read.model.kernels.kernels, ARRAYS["a.weight"])
    said = text_of(read.model_said.value)
    assert "`a` is taken, the first of 2 that could read the letters" in said
    assert "What follows the convolution is not in the file" in said
    assert read.logos.value.count("<figure>") == 2
    assert "base e" in text_of(read.logos.value)
    assert "each kernel to its own height" in text_of(read.logos.value)
    assert "Drawn: information, in bits" in logos_html(import_kernels(b"A 8 1\nC 1 7\nG 1 1\nT 0 1\n"))


def test_what_was_read_is_kept_by_the_browser_and_nothing_else(read):
    puts = {content["put"]: (content["about"], bytes(buffers[0])) for content, buffers in read.kept if "put" in content}
    assert puts["sequences"][1] == b">one\nACGTTGCA\n>two_<b>\nGGGCATN\n"
    assert puts["model"][1] == packed_kernels(read.model.kernels)[1]
    assert "running_mean" not in puts["model"][1].decode()
    assert read.store.now["choices"] == {}, "links tell nobody what was brought"


def test_the_reading_can_be_changed_and_changed_back():
    view = dashboards.your_data()
    view.keep.send = lambda *_, **__: None
    view.model.load_model("m.safetensors", MODEL)
    weight = ARRAYS["a.weight"]
    view.reading.letters.value = "TGCA"
    np.testing.assert_array_equal(view.model.kernels.kernels, weight[:, ::-1])
    view.reading.flip.value = "yes"
    np.testing.assert_array_equal(view.model.kernels.kernels, weight[:, ::-1, ::-1])
    view.reading.letters.value, view.reading.flip.value = "", ""
    view.reading.fold.value = "yes"
    np.testing.assert_allclose(view.model.kernels.bias, [-0.25, -1], rtol=1e-5)
    view.reading.fold.value = ""
    assert view.reading.axes.options[1:] == (("kernel, letter, position",) * 2, ("position, letter, kernel",) * 2)
    view.reading.axes.value = "position, letter, kernel"
    assert "a.bias (2); accepted: 5 numbers, one a kernel" in text_of(view.model_said.value), "so these axes are wrong"
    np.testing.assert_array_equal(view.model.kernels.kernels, weight)
    view.reading.axes.value = ""
    view.reading.layer.value = "c.weight"
    assert view.model.kernels.kernels.shape == (3, 4, 6)
    view.reading.letters.value = "AAAA"
    assert "`letters` is 'AAAA'" in text_of(view.model_said.value)
    assert view.model.kernels.kernels.shape == (3, 4, 6), "what was there stays"
    view.close()


def test_a_second_file_with_the_same_fault_is_refused_by_its_own_name():
    view = dashboards.your_data()
    pickle = b"\x80\x04\x95" + bytes(40)
    for said, load, content, names in (
        (view.model_said, view.model.load_model, pickle, ("pickle.pt", "evil.pt")),
        (view.model_said, view.model.load_model, b"\x89HDF\r\n\x1a\n junk", ("junk.h5", "more.h5")),
        (view.sequence_said, view.model.load_sequences, b"", ("empty.fa", "nothing.fa")),
        (view.sequence_said, view.model.load_sequences, b">one\nAC!T\n", ("odd.fa", "odder.fa")),
    ):
        for name in names:
            load(name, content)
            assert text_of(said.value).strip().startswith(f"{name} cannot be read"), name
    view.close()


def test_a_bad_file_is_explained_line_by_line_and_changes_nothing():
    view = dashboards.your_data(pasted=">good\nACGT\n")
    before = view.model.sequences
    view.model.load_sequences("bad <1>.fa", b">one\nAC<i>\n>two\n>three\nACGJ\n")
    said = view.sequence_said.value
    assert 'role="alert"' in said
    assert re.findall(r'<th scope="row">(\d+)</th>', said) == ["2", "5"]
    assert "bad &lt;1&gt;.fa" in said
    assert "AC&lt;i&gt;" in said
    assert "<i>" not in said
    assert view.model.sequences is before
    view.model.load_sequences("good.fa", b">x\nGGCA\n")
    assert 'role="alert"' not in view.sequence_said.value
    view.close()


def test_a_bad_model_is_explained_and_changes_nothing(tmp_path):
    model = YourDataModel(pasted_motif="A 1 -2\nC 0 1\nG 3 0\nT -1 0\n")
    before = model.kernels
    assert before.kernels.shape == (1, 4, 2)
    assert not model.can_be_read_otherwise
    for content, found in (
        (b"\x80\x04K\x01.", "a pickle, as torch.save writes it"),
        (b"", "no numbers"),
        (MODEL[:60], "a header that claims"),
    ):
        model.load_model("m.bin", content)
        assert found in model.model_problem.found
        assert model.kernels is before


def test_limits_hold_in_python_too():
    model = YourDataModel()
    model.load_model("large.npz", bytes(LARGEST_MODEL + 1))
    assert (model.model_problem.found, model.model_problem.accepted) == ("8,000,001 bytes", "at most 8,000,000")
    model.load_sequences("large.fa", bytes(MOST_TEXT + 1))
    assert model.sequence_problems[0].accepted == "at most 6,000,000"
    bomb = gzip.compress(b">a\n" + b"A" * (MOST_TEXT + 1))
    model.load_sequences("bomb.fa.gz", bomb)
    assert model.sequence_problems[0].found == "6,000,001 letters"
    model.pasted = "A" * 1_000_001
    assert "at most 1,000,000" in model.message
    model.load_model("many.npy", _npy(np.zeros((1025, 4, 1))))
    assert (model.model_problem.found, model.model_problem.accepted) == ("1,025 kernels", "at most 1,024")
    assert model.sequences is None
    assert model.kernels is None


def _npy(array):
    import io

    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def test_an_earlier_visit_is_taken_up_and_forgetting_leaves_nothing():
    earlier = YourDataModel()
    earlier.load_sequences("my.fa", FASTA)
    things = {
        "sequences": packed_sequences(earlier.sequences),
        "model": packed_kernels(import_kernels(ARRAYS)),
    }
    view = dashboards.your_data()
    messages = []
    view.keep.send = lambda content, buffers=None: messages.append(content)
    view.keep._receive(None, {"kept": {name: about for name, (about, _) in things.items()}}, [])
    assert messages == [{"want": ["sequences", "model"]}]
    for name, (about, data) in things.items():
        view.keep._receive(None, {"given": name, "about": about}, [data])
    assert list(view.model.sequences) == ["ACGTTGCA", "GGGCATN"]
    assert view.logos.value.count("<figure>") == 2
    assert view.reading.layout.display == "none", "the file itself is not here any more"
    assert not any("put" in message for message in messages), "it is kept already"
    view.keep._receive(None, {"forgotten": True}, [])
    assert (view.model.sequences, view.model.kernels) == (None, None)
    assert (view.sequence_said.value, view.logos.value) == ("", "")
    view.close()


@pytest.mark.parametrize(
    ("reads", "told", "drawn"),
    [
        (True, "<dt>Reads letters</dt><dd>yes</dd>", "how sure it is."),
        (None, "<dt>Reads letters</dt><dd>not known</dd>", "Motifs, if the kernels read letters."),
        (False, "<dt>Reads letters</dt><dd>no</dd>", "Of the numbers alone: no motifs."),
    ],
)
def test_whether_kernels_read_letters_and_agree_with_their_model_is_told(reads: Any, told: str, drawn: str) -> None:
    read = import_kernels({"c.weight": np.arange(60.0).reshape(3, 4, 5)})
    read = dataclasses.replace(read, reads_letters=reads, check="Checked <b>so</b>.", difference=0.5)
    html = kernels_html(read)
    assert told in html
    assert "<dt>Bias</dt><dd>not known, 0 is taken</dd>" in html
    assert "<p>Checked &lt;b&gt;so&lt;/b&gt;.</p>" in html
    assert ('class="ep-wrong"' in html) == (reads is False)
    assert drawn in logos_html(read)


def test_motifs_are_no_network_and_no_bias_of_theirs_is_missed() -> None:
    html = kernels_html(import_kernels(b"A 8 1\nC 1 7\nG 1 1\nT 0 1\n"))
    assert "Reads letters" not in html
    assert "Bias" not in html


def test_columns_that_only_fill_up_have_no_letter_under_their_logo():
    narrow = ">wide\nA [8 0 0 0 8 0 0 0]\nC [0 8 0 0 0 0 0 8]\nG [0 0 8 0 0 0 8 0]\nT [0 0 0 8 0 8 0 0]\n"
    narrow += ">short\nA [0 0 0 0 0 8]\nC [0 8 0 0 8 0]\nG [0 0 0 0 0 0]\nT [8 0 8 8 0 0]\n"
    shown = text_of(logos_html(import_kernels(narrow.encode())))
    assert re.search(r"TCTTCANN|NTCTTCAN|NNTCTTCA", shown), shown
    assert "ACGTATGC" in shown
