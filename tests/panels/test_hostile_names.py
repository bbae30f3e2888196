"""What a visitor names is text in every dashboard: it makes no tag, and it is escaped once."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

import ipywidgets
import pytest

from epool_viz import SequenceSet, dashboards, load_example_race
from epool_viz.panels.compare.charts import race_chart
from epool_viz.panels.compare.view import logos_html, table_html
from epool_viz.panels.logos import exports
from epool_viz.panels.shared.dashboard import descendants
from epool_viz.panels.shared.style import Html
from epool_viz.panels.shared.visitor_data import CHOICE, packed_kernels, packed_sequences
from tests.panels.bringing import bring
from tests.panels.shared.test_visitor_data import KERNELS, Browser
from tests.panels.test_dashboards import DASHBOARDS

NAME = "\"'><img src=x onerror=alert(1)>&amp;"
WORD = NAME.replace(" ", "/")  # the same to a browser, and one word to a motif file
FASTA = f">{NAME}\nACGTTGCAATTACGATCGATTACGG\n>b {NAME}\nGATTACAGGGACTTTCCACGT\n"
MATRIX = "letter-probability matrix: alength= 4 w= 3 nsites= 8\n 0.1 0.2 0.3 0.4\n 0.7 0.1 0.1 0.1\n 0.2 0.2 0.5 0.1\n"
MOTIFS = "".join(["MEME version 4\n\nALPHABET= ACGT\n", *(f"\nMOTIF {i}{WORD} {WORD}\n{MATRIX}" for i in "ab")])


class Parsed(HTMLParser):
    """The tags, the attributes and the text of HTML, as a browser finds them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), ""
        self.feed(str(markup))
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data):
        self.text += data


def assert_harmless(markup: str) -> str:
    """Return the text of HTML in which every name is text, escaped once."""
    found = Parsed(markup)
    assert not found.tags & {"img", "script"}
    assert not [name for name in found.attributes if name.startswith("on")]
    for twice in ("&lt;", "&gt;", "&#", "&quot;", "&amp;amp;"):
        assert twice not in found.text
    return found.text


def shown(view) -> str:
    """Return the text of a dashboard's HTML, which is harmless."""
    widgets = [widget for widget in descendants(view) if isinstance(widget, ipywidgets.HTML)]
    return "\n".join(assert_harmless(widget.value) for widget in widgets if not widget.value.startswith("<style>"))


def of_one_kernel(view):
    view.controls["sequence_source"].value = "pasted"
    view.controls["pasted"].value = FASTA
    view.model.load_kernel_file(NAME, b"1 0\n0 1\n0 -2\n1 1\n")
    assert view.model.message == ""
    assert shown(view).count(NAME) >= 2
    view.model.load_kernel_file(f"{NAME}.meme", MOTIFS.encode())
    assert WORD in shown(view)
    view.model.load_kernel_file(NAME, f"nothing {NAME}".encode())
    assert NAME in assert_harmless(view.alert.value)
    view.controls["pasted"].value = f">{NAME}\n"
    assert repr(NAME) in assert_harmless(view.alert.value)
    shown(view)


def of_attribution(view):
    view.model.restore({"source": "pasted", "pasted": FASTA})
    assert NAME in assert_harmless(view.answer.value)
    view.model.stage, view.model.said = "failed", NAME
    assert NAME in assert_harmless(view.captum.value)
    bring(view.model_file, f"{NAME}.meme", MOTIFS.encode())
    assert NAME in assert_harmless(view.own_said.value)
    assert WORD in assert_harmless(view.answer.value)
    shown(view)
    bring(view.model_file, f"{NAME}.npz", f"no model {NAME}".encode())
    assert NAME in assert_harmless(view.another_way.said.value + view.alert.value)
    shown(view)


def of_em(view):
    kernels = dataclasses.replace(KERNELS, names=(f"a {NAME}", f"b {NAME}"), source=NAME)
    browser = Browser(view)
    browser.keeps(model=packed_kernels(kernels))
    view.model.restore({"data": "pasted", "pasted": FASTA, "start": CHOICE, "at": 0})
    assert NAME in assert_harmless(view.step.value)
    view.guess.value = view.guess.options[0][1]
    view.reveal.click()
    assert NAME in assert_harmless(view.result.value)
    assert NAME in assert_harmless(view.step.value)
    assert NAME in assert_harmless(view.sites.value)
    view.model.go(2)
    shown(view)
    view.model.said = NAME
    assert NAME in assert_harmless(view.progress.value)
    view.controls["pasted"].value = f">{NAME}\n"
    assert repr(NAME) in assert_harmless(view.alert.value)
    shown(view)


def of_compare(view):
    record = load_example_race("simulated")
    view.model.show(dataclasses.replace(record, title=NAME))
    assert NAME in assert_harmless(view.settings_said.value)
    named = dataclasses.replace(record, runs=[dataclasses.replace(run, method=NAME) for run in record.runs])
    hovers = "".join({trace["hovertemplate"] for trace in race_chart(named)["data"]})
    for markup in (table_html(named), logos_html(named, 3), hovers):
        assert NAME in assert_harmless(markup)
    view.model.said = NAME
    assert NAME in assert_harmless(view.progress.value)
    shown(view)


def of_logos(view):
    bring(view.upload, f"{NAME}.meme", MOTIFS.encode())
    assert NAME in assert_harmless(view.own.value)
    bring(view.fasta, f"{NAME}.fa", FASTA.encode())
    shown(view)
    for name in ("report.html", "logos.svg"):
        assert WORD in assert_harmless(exports.made(view.model, name)[2].decode())
    bring(view.upload, f"{NAME}.npz", f"no model {NAME}".encode())
    assert NAME in assert_harmless(view.alert.value)
    shown(view)


def of_your_data(view):
    bring(view.sequence_file, f"{NAME}.fa", FASTA.encode())
    assert shown(view).count(NAME) >= 3
    bring(view.model_file, f"{NAME}.meme", MOTIFS.encode())
    assert NAME in assert_harmless(view.model_said.value)
    assert WORD in assert_harmless(view.logos.value)
    bring(view.sequence_file, f"{NAME}.fa", f">one\nACG{NAME}\n".encode())
    assert NAME in assert_harmless(view.sequence_said.value)
    bring(view.model_file, f"{NAME}.npz", f"no model {NAME}".encode())
    assert NAME in assert_harmless(view.model_said.value)
    browser = Browser(view)
    browser.keeps(sequences=packed_sequences(SequenceSet.from_strings(["ACGT"], names=[NAME])))
    shown(view)


WAYS = {
    "e_step": of_one_kernel,
    "pwm": of_one_kernel,
    "attribution": of_attribution,
    "em": of_em,
    "compare": of_compare,
    "logos": of_logos,
    "your_data": of_your_data,
}


def test_every_dashboard_is_asked():
    assert set(WAYS) == set(DASHBOARDS)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_what_a_visitor_names_is_text_escaped_once(name):
    view = getattr(dashboards, name)()
    try:
        WAYS[name](view)
    finally:
        view.close()


def test_the_widget_shows_a_string_as_text():
    widget = Html(NAME)
    assert assert_harmless(widget.value) == NAME
    widget.value = f"<b>{NAME}</b>"
    assert Parsed(widget.value).tags == set()


@pytest.mark.parametrize("markup", [f"<p>{NAME}</p>", '<p title="" onclick="x">', "&amp;lt;b&amp;gt;", "a &amp;#39; b"])
def test_the_check_can_go_red(markup):
    with pytest.raises(AssertionError):
        assert_harmless(markup)
