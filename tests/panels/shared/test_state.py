"""A state is taken over whole or not at all, whatever the order of its names, by every model of a dashboard."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from epool_viz.errors import ArgumentError
from epool_viz.panels.attribution.model import AttributionModel
from epool_viz.panels.compare.model import CompareModel
from epool_viz.panels.em.model import EMModel
from epool_viz.panels.logos.model import LogosModel
from epool_viz.panels.one_kernel.model import LONGEST_MATRIX, EStepModel
from epool_viz.panels.pwm.model import PwmModel
from epool_viz.panels.shared.state import LONGEST_TEXT, require_modest
from epool_viz.panels.your_data.model import YourDataModel
from tests.components.conftest import source_of

MOTIF = "A 3 1 0 2\nC 0 5 1 2\nG 1 0 6 1\nT 2 1 0 4\n"
FASTA = ">one\nACGTTGCATTACGG\n>two\nTTACGGA\n>three\nGATTACGGATTACAGAC\n"
# what is set late takes back, or bounds, what was set before it
STATES = [
    (LogosModel, {"trained": "p73_max", "rule": "basset", "threshold": 0.2, "place": 15, "chosen": [1, 15]}),
    (AttributionModel, {"network": "p73_max", "source": "pasted", "pasted": FASTA, "index": 2, "edits": [[3, "A"]]}),
    (CompareModel, {"data": "pasted", "pasted": FASTA, "methods": ["max", "expectation"], "n": 400, "epochs": 3}),
    (YourDataModel, {"pasted": FASTA, "pasted_motif": MOTIF, "letters": "ACTG", "flip": True}),
    (EMModel, {"data": "pasted", "pasted": FASTA, "width": 5, "at": 3, "row": 2, "place": 11, "column": 4}),
    (EStepModel, {"pasted": FASTA, "sequence_source": "pasted", "index": 2, "m": 2.5, "step": 2, "window": 1}),
    (PwmModel, {"pasted": FASTA, "sequence_source": "pasted", "index": 2, "m": 2.5, "step": 2, "window": 1}),
]
every_model = pytest.mark.parametrize(("kind", "state"), STATES, ids=[kind.__name__ for kind, _ in STATES])


@every_model
def test_a_state_comes_back_whole_in_whatever_order_it_is_named(kind, state):
    plain = json.loads(json.dumps(state))
    backwards = dict(reversed(plain.items()))
    for order in (plain, backwards):
        model = kind(**order)
        assert {name: model.state()[name] for name in state} == state
        whole = json.loads(json.dumps(model.state()))
        again = kind(**whole)
        assert again.state() == model.state()
        assert again.message == model.message == ""


@every_model
def test_what_is_no_state_changes_nothing_and_says_what_is_accepted(kind, state):
    model = kind(**state)
    before = model.state()
    other = {name: value for name, value in kind().state().items() if name in state}  # to be taken back again
    last = kind.CHOICES[-1]
    for wrong, named, accepted in (
        ("colour", "colour", ", ".join(before)),
        (last, "state", f"what {kind.__name__}.state() returns"),
    ):
        with pytest.raises(ArgumentError) as caught:
            model.restore(other | {wrong: object()})
        assert model.state() == before
        assert (caught.value.name, caught.value.accepted) == (named, accepted)


# --- how much a state may carry


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ({"kernel_text": "1" * 50_001}, "with a text of 50,001 characters"),
        ({"link": {"x": ["a", "1" * 60_000]}}, "with a text of 60,000 characters"),
        ({"codes": [1] * 200_001}, "of more than 200,000"),
        ({"codes": ["x" * 40_000] * 6}, "of more than 200,000"),
        ({f"{i}": i for i in range(120_000)}, "of more than 200,000"),
        ({"x" * 50_001: 1}, "with a text of 50,001 characters"),
        ({"x": [[[[[[[[[[[[[]]]]]]]]]]]]]}, "nested deeper than 12 times"),
    ],
)
def test_a_state_that_carries_too_much_is_refused(state: dict[str, Any], found: str) -> None:
    with pytest.raises(ArgumentError, match=f"`state` is {found}"):
        require_modest(state)


def test_all_that_our_links_carry_is_modest() -> None:
    require_modest({"codes": [3] * 10_000, "kernel": [[0.1] * 60] * 4, "link": {"pasted": "A" * 10_020}, "m": None})
    require_modest({"choices": {"pasted": "A" * 4000, "found": [{"jaspar": "CTCF", "place": 0}] * 50}})


def test_page_and_python_bound_one_text_of_a_link_alike() -> None:
    (most,) = re.findall(r"MOST_TEXT = ([\d_]+);", source_of("lib/link"))
    assert int(most) == LONGEST_TEXT == LONGEST_MATRIX


@pytest.mark.parametrize("state", [[1] * 1_000_000, ["x" * 1000] * 1000, {"x": "y" * 1_000_000}])
def test_looking_at_a_state_takes_no_time(state: Any) -> None:
    begun = time.process_time()
    with pytest.raises(ArgumentError):
        require_modest(state)
    assert time.process_time() - begun < 1
