"""The page's twin, function by function, against `core`; whatever the module exports has a case here."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import numpy as np
import pytest

from epool_viz.core import kernels, motifs, pooling, posterior, strands, trace
from epool_viz.core.alphabet import DNA, one_hot, reverse_complement
from epool_viz.core.scan import scan, whole_windows, window_starts
from tests.components.conftest import source_of

TEXT = "ACGTTGCANACGTTAGCATTAGACCATGN"
Q = [0.1, 0.2, 0.3, 0.4]
COMPLEMENT = list(DNA.complement_codes)
CODES = DNA.encode(TEXT).tolist()


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def plain(value: Any) -> Any:
    """What crosses to the page: lists and numbers."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, str | bool | int | float) else np.asarray(value).tolist()


@pytest.fixture(scope="module")
def examples() -> dict[str, list[tuple[list[Any], Any]]]:
    """For each function: arguments, and what `core` answers."""
    rng = np.random.default_rng(7)
    kernel, scores = rng.normal(size=(4, 5)) * 2, rng.normal(size=12) * 4
    mask = np.arange(12) % 3 != 1
    onehot = one_hot(TEXT)
    weights = pooling.pool_weights(scores, m=1.3)
    stages = ("gate", "shifted", "exponentials", "total", "weights")
    pool_options = [
        {"m": m, "mode": mode, "mask": k} for m, mode, k in itertools.product((0, 1.3, 20), (0, 1), (None, mask))
    ]

    def staged(options: dict[str, Any]) -> dict[str, Any]:
        result = pooling.expectation_stages(scores, **options)
        return {
            name: np.squeeze(getattr(result, name), -1) if name == "total" else getattr(result, name) for name in stages
        }

    return {
        "reverseComplement": [([kernel, COMPLEMENT], reverse_complement(kernel))],
        "strandLogOdds": [
            ([q, COMPLEMENT], strands.strand_log_odds(np.array(q), DNA.complement_codes))
            for q in (Q, [0.3, 0.2, 0.2, 0.3])
        ],
        "otherStrandKernel": [
            (
                [kernel, COMPLEMENT, {"strandReading": reading, "m": m, "background": q}],
                strands.other_strand_kernel(kernel, strand_reading=reading, m=m, background=q),
            )
            for reading, m, q in itertools.product(("motif", "network"), (1e-3, 1.3), (None, Q))
        ],
        "windowStarts": [
            ([29, w, p], list(window_starts(29 if p == "same" else 30 - w, w, p)))
            for w in (1, 4, 5)
            for p in ("valid", "same")
        ],
        "scan": [
            ([CODES, kernel, {"bias": 0.7, "padding": p}], scan(onehot, kernel, bias=0.7, padding=p))
            for p in ("valid", "same")
        ],
        "wholeWindows": [([CODES, 5, p], whole_windows(onehot, 5, padding=p)) for p in ("valid", "same")],
        "kernelToPwm": [
            (
                [kernel * scale, {"logBase": m, "bias": 0.7, "background": q}],
                kernels.kernel_to_pwm_at(kernel * scale, m, bias=0.7, background=q)._asdict(),
            )
            for m, q, scale in itertools.product((0.0, 1e-3, 1.3, 200.0), (None, Q), (1, 1e4))
        ],
        "kernelReadings": [
            (
                [kernel * scale, {"logBase": m, "bias": 0.7, "background": q}],
                kernels.kernel_readings_at(kernel * scale, m, bias=0.7, background=q)._asdict(),
            )
            for m, q, scale in itertools.product((0.0, 1e-3, 1.3, 200.0), (None, Q), (1, 1e4))
        ],
        "informationContent": [
            ([kernels.kernel_to_pwm(kernel).ppm, q], motifs.information_content(kernels.kernel_to_pwm(kernel).ppm, q))
            for q in (None, Q)
        ],
        "activate": [([scores * 3, name], pooling.activate(scores * 3, name)) for name in pooling.ACTIVATIONS],
        "localMax": [([scores, 5, k], pooling.local_max(scores, 5, mask=k)._asdict()) for k in (None, mask)],
        "expectationStages": [([scores, o], staged(o)) for o in pool_options],
        "expectationPool": [([scores, o], pooling.expectation_pool(scores, **o)) for o in pool_options],
        "otherPools": [
            (
                [scores, {"m": 1.3, "mask": k}],
                {
                    "maximum": pooling.max_pool(scores, mask=k),
                    "average": pooling.average_pool(scores, mask=k),
                    "logSumExp": pooling.logsumexp_pool(scores, m=1.3, mask=k),
                },
            )
            for k in (None, mask)
        ],
        "poolGradient": [
            ([scores, weights, pooling.expectation_pool(scores, m=1.3), 1.3], pooling.pool_gradient(scores, m=1.3))
        ],
        "entropy": [([w], posterior.posterior_entropy(w)) for w in (weights, np.eye(5)[2])],
        "estimateLogBase": [
            (
                [kernel, [DNA.encode(s).tolist() for s in ("ACGTTGCA", TEXT)]],
                {"m": math.log(kernels.estimate_base(kernel, ["ACGTTGCA", TEXT]))},
            )
        ],
    }


def assert_same(ours: Any, theirs: Any, where: str, rtol: float = 1e-11) -> None:
    """Equal to rounding, whatever the nesting; the page has no infinity in JSON, so it comes as text."""
    if isinstance(theirs, dict):
        for name, value in theirs.items():
            assert_same(ours[name], value, f"{where}.{name}", rtol)
        return
    if theirs is None or isinstance(theirs, str):
        assert ours == theirs, where
        return
    as_array = lambda x: np.array(x, dtype=float)  # noqa: E731
    np.testing.assert_allclose(as_array(ours), as_array(theirs), rtol=rtol, atol=1e-11, err_msg=where)


CALL = """([name, args]) => {
  const spell = (x) => {
    if (Array.isArray(x)) return x.map(spell);
    if (x && typeof x === "object") return Object.fromEntries(Object.entries(x).map(([k, v]) => [k, spell(v)]));
    return Number.isFinite(x) || typeof x !== "number" ? x : String(x).replace("Infinity", "inf");
  };
  return spell(window.lib.maths[name](...args));
}"""


@pytest.fixture
def twin(show):
    from tests.components.conftest import state_of

    page = show(state_of("ACGTACGT", np.eye(4)))
    return lambda name, *args: page.evaluate(CALL, [name, plain(list(args))])


def exported() -> set[str]:
    return set(re.findall(r"^export function (\w+)", source_of("lib/maths"), flags=re.MULTILINE))


def test_every_function_of_the_twin_has_examples(examples):
    assert exported() == set(examples) | {"eStepTrace"}


@pytest.mark.parametrize("name", sorted(exported() - {"eStepTrace"}))
def test_the_twin_answers_as_core_does(name, twin, examples):
    for args, expected in examples[name]:
        expected = {camel(k): v for k, v in expected.items()} if isinstance(expected, dict) else expected
        assert_same(twin(name, *args), plain(expected), f"{name}")


def test_the_twin_of_a_trace_is_the_trace_of_core_whatever_the_options(twin):
    kernel = np.random.default_rng(7).normal(size=(4, 5)) * 2
    fields = [f for f in trace.EStepTrace.__dataclass_fields__ if f not in UNSHARED]
    grid = itertools.product(
        (0.0, 1.3, 20.0),
        (0, 1),
        (1, 3),
        ("valid", "same"),
        (None, "motif", "network"),
        ("oops", "zoops"),
        ("identity", "paper"),
        (None, Q),
    )
    for m, mode, local_window, padding, reading, occurrence, activation, background in grid:
        if (m, reading, background) == (0.0, "motif", Q):
            continue  # has no score
        options = {"m": m, "mode": mode, "local_window": local_window, "padding": padding, "background": background}
        options |= {"occurrence": occurrence, "activation": activation, "site_rate": 0.3, "bias": 0.7}
        options |= {"both_strands": reading is not None, "strand_reading": reading or "motif"}
        reference = trace.e_step_trace(TEXT, kernel, **options)
        inputs = {camel(k): v for k, v in options.items()}
        ours = twin("eStepTrace", {**inputs, "codes": CODES, "kernel": kernel, "complement": COMPLEMENT})
        for field in fields:
            value = plain(getattr(reference, field))
            assert_same(ours[camel(field)], value, f"{options} {field}")
        assert ours["identityError"] < 1e-11
        assert ours["strands"] == list(reference.strands)


# given to the twin and not given back, or said by another name
UNSHARED = {
    "sequence", "alphabet", "kernel", "bias", "m", "mode", "local_window", "activation", "padding", "both_strands",
    "strand_reading", "occurrence", "site_rate", "background", "onehot", "pwm", "errors", "strands",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codes": [0, 1]}, "The sequence has 2 letters and the kernel 4 columns."),
        ({"codes": [0, 1, -1, 2, 3, 0]}, "The sequence has no 4 known letters in a row."),
        ({"local_window": 9}, "A local maximum over 9 needs at least as many windows; there are 5."),
        (
            {"both_strands": True, "background": Q, "m": 0},
            "m is 0. A motif on both strands of a background that is not its own complement needs an m above 0.",
        ),
    ],
)
def test_a_state_that_cannot_be_traced_is_an_error_that_can_be_shown(show, changes, message):
    from tests.components.conftest import state_of

    page = show(state_of("ACGTACGT", np.eye(4)))
    before = page.evaluate("window.store.trace.pooled")
    page.evaluate("(patch) => window.store.set(patch)", changes)
    assert page.evaluate("window.store.error") == message
    assert page.evaluate("window.store.trace.pooled") == before, "what the user had is lost"


def test_the_bounds_of_an_estimate_are_told_in_words(twin):
    kernel = [[-1, -1], [0, 0], [1, 1], [2, 2]]
    assert twin("estimateLogBase", kernel, [[0, 0]]) == {
        "reason": "the best windows score no better than the mean of each column"
    }
    assert twin("estimateLogBase", kernel, [[3, 3]]) == {
        "reason": "every best window has the best letter in every column"
    }
