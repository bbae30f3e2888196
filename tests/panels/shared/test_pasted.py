"""A long text is parsed in a limited process, whichever dashboard it is pasted or uploaded to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from epool_viz.jobs import limited
from epool_viz.jobs.parsing import SMALL
from epool_viz.panels.attribution.model import AttributionModel
from epool_viz.panels.compare import model as compare
from epool_viz.panels.compare.model import CompareModel
from epool_viz.panels.em.model import EMModel
from epool_viz.panels.one_kernel.model import EStepModel
from epool_viz.panels.shared import opened_model as uploaded
from epool_viz.panels.shared.visitor_data import SEQUENCES, VisitorData


def _e_step(text: str) -> int:
    model = EStepModel()
    model.load_sequence_file("a.fa", text.encode())
    return len(model.sequences)


def _em(text: str) -> int:
    model = EMModel()
    model.load_file("a.fa", text.encode())
    return len(model.sequences)


def _attribution(text: str) -> int:
    model = AttributionModel()
    model.load_file("a.fa", text.encode())
    return len(model.sequences)


def _compare(text: str) -> int:
    train, test, _ = compare.prepare({**CompareModel().inputs(), "data": "pasted", "pasted": text})
    return sum(train.labels) + sum(test.labels)


def _kept(text: str) -> int:
    return len(VisitorData().with_data(SEQUENCES, {"name": "a.fa"}, text.encode()).sequences or ())


@pytest.mark.parametrize("count", [_e_step, _em, _attribution, _compare, _kept], ids=lambda each: each.__name__[1:])
def test_a_long_text_is_read_by_another_process(monkeypatch: pytest.MonkeyPatch, count: Callable[[str], int]) -> None:
    asked = []
    exchange = limited._exchange
    monkeypatch.setattr(limited, "_exchange", lambda *args: (asked.append(1), exchange(*args))[1])
    uploaded.sequences_of_text.cache_clear()
    text = "".join(f">s{i}\n{'ACGTTGCATTACGGATCCAG' * 5}\n" for i in range(SMALL // 100))
    assert count(text) == SMALL // 100
    assert asked
