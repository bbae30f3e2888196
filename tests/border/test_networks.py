"""Networks of many frameworks, forms and ways of keeping: no report claims more than is so.

`python -m pytest tests/border/test_networks.py -s` prints the table of what became of them.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from epool_viz import EpoolError, ImportedKernels, import_kernels
from epool_viz.data.networks.files import read_kernel_bytes
from epool_viz.data.networks.kernel_text import as_text, from_text
from epool_viz.data.networks.kernels import ImportOptions
from epool_viz.jobs.parsing import parse_kernels_limited
from tests.border.judge import VERDICTS, Verdict, examine, judge
from tests.border.networks import Example

pytest.importorskip("keras")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

LEAST = 200


class Case(NamedTuple):
    """An example, what it is read from, and what came of it."""

    example: Example
    source: Any
    verdict: Verdict
    report: ImportedKernels | None


@pytest.fixture(scope="module")
def cases(examples: list[Example], tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Each example read and judged."""
    root = tmp_path_factory.mktemp("networks")
    found = []
    for place, example in enumerate(examples):
        folder = root / str(place)
        folder.mkdir()
        source = example.make(folder)
        found.append(Case(example, source, *examine(example, source)))
    return found


def listed(lines: list[str]) -> str:
    return f"{len(lines)} of them:\n" + "\n".join(lines[:60])


def test_no_report_claims_more_than_is_so(cases: list[Case]) -> None:
    assert len(cases) >= LEAST
    assert len({case.example.id for case in cases}) == len(cases)
    print("\n" + table(cases))
    wrong = [f"{case.example.id}: {'; '.join(case.verdict.reasons)}" for case in cases if case.verdict.word == "wrong"]
    assert not wrong, listed(wrong)


def table(cases: list[Case]) -> str:
    """How many of each way and kind had which verdict."""
    lines = [f"{'':42}" + "".join(f"{word:>11}" for word in VERDICTS)]
    for key in ("way", "about"):
        for name in dict.fromkeys(getattr(case.example, key) for case in cases):
            counts = Counter(case.verdict.word for case in cases if getattr(case.example, key) == name)
            lines.append(f"{name:42}" + "".join(f"{counts[word]:11}" for word in VERDICTS))
    counts = Counter(case.verdict.word for case in cases)
    return "\n".join([*lines, f"{'all':42}" + "".join(f"{counts[word]:11}" for word in VERDICTS)])


def test_what_is_plain_is_claimed_and_what_is_whole_is_read(cases: list[Case]) -> None:
    short = []
    for example, _, verdict, report in cases:
        if example.must == "claimed" and verdict.word != "claimed":
            short.append(f"{example.id}: {verdict.word}, {'; '.join(verdict.reasons)}")
        if example.must in ("read", "bias") and report is None:
            short.append(f"{example.id}: {'; '.join(verdict.reasons)}")
        if example.must == "bias" and report is not None and not report.bias_is_known:
            short.append(f"{example.id}: its bias is not known")
    assert not short, listed(short)


@pytest.mark.parametrize(
    "way", ["torch module", "torch onnx", "torch onnx dynamo", "onnx, written by hand", "keras .keras", "keras .h5"]
)
def test_every_way_that_keeps_the_network_has_plain_ones_that_are_claimed(cases: list[Case], way: str) -> None:
    plain = [case for case in cases if case.example.way == way and case.example.must == "claimed"]
    assert len(plain) >= 3
    assert {case.verdict.word for case in plain} == {"claimed"}


def test_a_network_that_can_be_run_here_is_run(cases: list[Case]) -> None:
    """What torch and ONNX Runtime can run says how far the kernels are from it; all others say why it was not."""
    silent = [case.example.id for case in cases if case.report is not None and not case.report.check]
    assert not silent, listed(silent)
    runs = ("torch module", "torch onnx", "torch onnx dynamo", "onnx, written by hand")
    unrun = [
        f"{case.example.id}: {case.report.check}"
        for case in cases
        if case.example.way in runs
        and case.example.must == "claimed"
        and case.report is not None
        and case.report.difference is None
    ]
    assert not unrun, listed(unrun)


# what the dashboards read


def test_an_upload_is_read_as_the_library_reads_it(cases: list[Case]) -> None:
    apart, n = [], 0
    for example, path, _, report in cases:
        if not example.can_be_uploaded or example.options:
            continue
        n += 1
        try:
            sent = from_text(as_text(read_kernel_bytes(path.read_bytes(), name=str(path), reading=ImportOptions())))
        except EpoolError:
            sent = None
        apart += [f"{example.id}: {each}" for each in differences(report, sent)]
    assert n >= LEAST
    assert not apart, listed(apart)


def differences(
    one: ImportedKernels | None, other: ImportedKernels | None, aside: tuple[str, ...] = ("source",)
) -> Iterator[str]:
    """The fields of two reports that are not the same."""
    if one is None or other is None:
        if one is not other:
            yield "read by one and refused by the other"
        return
    for field in dataclasses.fields(ImportedKernels):
        a, b = getattr(one, field.name), getattr(other, field.name)
        same = np.array_equal(a, b) if isinstance(a, np.ndarray) and b is not None else a == b
        if not same and field.name not in aside:
            yield f"{field.name} is {a!r:.80} here and {b!r:.80} there"


@pytest.mark.parametrize(
    "id",
    [
        "safetensors: conv, batch norm, relu, max",
        "safetensors: weight norm, old, dim 1",
        "npz: conv, relu, max, dense",
        "torch onnx: conv, batch norm, relu, max",
        "onnx, written by hand: batch norm",
        "onnx, written by hand: LSTM",
        "keras .keras: batch norm",
        "keras .h5: conv, batch norm, relu, max",
        "keras .weights.h5: conv, relu, max, dense",
    ],
)
def test_a_process_apart_gives_the_same_report(cases: list[Case], id: str) -> None:  # noqa: A002
    case = next(case for case in cases if case.example.id == id)
    read = parse_kernels_limited(case.source.read_bytes(), name=case.source.name)
    assert list(differences(case.report, read, ("source", "check", "difference"))) == []  # what runs it differs
    assert read.check
    if read.difference is not None:
        assert read.difference <= case.example.rounding


# the judge itself


def doctored(report: ImportedKernels, **changes: object) -> ImportedKernels:
    return dataclasses.replace(report, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def plain(examples: list[Example], tmp_path_factory: pytest.TempPathFactory) -> tuple[Example, ImportedKernels]:
    example = next(each for each in examples if each.id == "onnx, written by hand: plain")
    report = import_kernels(example.make(tmp_path_factory.mktemp("plain")))
    assert judge(report, example).word == "claimed"
    return example, report


LIES = {
    "letters in another order": lambda r: {"kernels": r.kernels[:, [1, 0, 2, 3]]},
    "kernels in another order": lambda r: {"kernels": r.kernels[[1, 0, 2]]},
    "turned round": lambda r: {"kernels": r.kernels[:, :, ::-1]},
    "a little off": lambda r: {"kernels": r.kernels * 1.0001},
    "one number off": lambda r: {
        "kernels": r.kernels + 0.001 * (np.arange(r.kernels.size) == 7).reshape(r.kernels.shape)
    },
    "cut short": lambda r: {"kernels": r.kernels[:, :, :-1]},
    "bias off": lambda r: {"bias": r.bias + 0.001},
    "another activation": lambda r: {"activation": "identity"},
    "an unknown activation": lambda r: {"activation": "snake"},
    "another pooling": lambda r: {"pooling": "average"},
    "a local pooling before": lambda r: {"pooling": "local max, average"},
    "another padding": lambda r: {"padding": "same"},
    "other output weights": lambda r: {"output_weights": r.output_weights[::-1]},
    "no pooling": lambda r: {"statements": (*r.statements, "No pooling over the whole sequence follows.")},
    "a posterior behind the rectifier": lambda r: {
        "statements": (*r.statements, "It pools the expectation: its weights are the posterior of the E-step.")
    },
    "a difference that is large": lambda r: {"difference": 0.5},
    "another layer's name": lambda r: {"layer": "dense"},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_report_that_is_doctored_is_called_wrong(plain: tuple[Example, ImportedKernels], lie: str) -> None:
    example, report = plain
    example = dataclasses.replace(
        example, stages=tuple(dataclasses.replace(each, layer="conv") for each in example.stages)
    )
    told = doctored(report, layer="node/conv")
    assert judge(told, example).word == "claimed"
    assert judge(doctored(told, **LIES[lie](told)), example).word == "wrong"


@pytest.mark.parametrize(
    "id", ["keras .keras: LSTM", "torch module: LSTM", "onnx, written by hand: LSTM", "torch .pt: a quarter taken off"]
)
def test_a_claim_over_what_is_not_known_is_called_wrong(cases: list[Case], id: str) -> None:  # noqa: A002
    case = next(case for case in cases if case.example.id == id)
    assert case.verdict.word == "not known"
    assert case.report is not None
    claim = doctored(case.report, reads_letters=True, bias_is_known=True)
    assert judge(claim, case.example).word == "wrong"
    sentence = "Each kernel is a PWM: the score of a window is an offset plus its log odds, exactly."
    told = doctored(case.report, statements=(sentence,), bias_is_known=True)
    assert judge(told, case.example).word == "wrong"
