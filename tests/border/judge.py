"""Holds a report of kernels against what the framework computes; nothing here asks how the report came about."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from epool_viz import EpoolError, ImportedKernels, import_kernels
from tests.border.networks import Array, Behind, Example, Stage, slid

CLOSE = 1e-5
HALF = 1e-2  # of what computes in half precision and says so
VERDICTS = ("claimed", "not known", "refused", "wrong")

_erf = np.vectorize(math.erf, otypes=[float])
FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "paper": lambda x: np.minimum(np.where(x > 0, x, x / 2), 10),
    "exponential": np.exp,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softplus": lambda x: np.logaddexp(0, x),
    "gelu": lambda x: x * (1 + _erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x / (1 + np.exp(-x)),
}
# functions with numbers of their own, which are taken from what they give
FAMILIES: dict[str, Callable[[Array, Array], Array]] = {
    "clip": lambda x, y: np.clip(x, y.min(), y.max()),
    "leaky relu": lambda x, y: np.where(x < 0, x * _slope(x, y), x),
    "elu": lambda x, y: np.where(x < 0, np.expm1(np.minimum(x, 0)) * _slope(np.expm1(x), y), x),
}


def _slope(x: Array, y: Array) -> float:
    is_below = x < 0
    return float((x * y)[is_below].sum() / (x * x)[is_below].sum()) if is_below.any() else 0.0


# what a report says where it knows that the kernels are laid on the letters
_UNCONDITIONAL = re.compile(r"^(Each kernel|The kernel|A kernel)\b.* is a PWM\b.*\bexactly\b")
# and where it is known that what is pooled are the raw scores
_RAW = re.compile(r"^It pools [^:]*: (its weights are the posterior|the log evidence)")


@dataclass(frozen=True)
class Verdict:
    """What became of an example.

    Parameters
    ----------
    word : one of VERDICTS
    reasons : tuple of str
        What is wrong, a sentence each; else the message of a refusal.
    """

    word: str
    reasons: tuple[str, ...] = ()


def examine(example: Example, source: Any) -> tuple[Verdict, ImportedKernels | None]:
    """Read what an example made and judge the report, or how it was refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            report = import_kernels(source, **example.options)
    except EpoolError as error:
        return _refusal(str(error), example), None
    except Exception as error:  # noqa: BLE001 - a traceback of any other kind is what is looked for
        return Verdict("wrong", (f"{type(error).__name__}: {error}",)), None
    return judge(report, example), report


def _refusal(message: str, example: Example) -> Verdict:
    if not re.search(r"; accepted: \S|; install it with: ", message):
        return Verdict("wrong", (f"a refusal that names no remedy: {message}",))
    if example.has_convolution and "found no convolution;" in message:
        return Verdict("wrong", (f"a refusal that names no cause: {message}",))
    return Verdict("refused", (message,))


def claims_letters(report: ImportedKernels) -> bool:
    """Whether the report says without a condition that the kernels are laid on the letters."""
    return report.reads_letters is True or any(_UNCONDITIONAL.search(each) for each in report.statements)


def judge(report: ImportedKernels, example: Example) -> Verdict:
    """Every claim of a report against the example's arrays."""
    reasons = tuple(_faults(report, example))
    if reasons:
        return Verdict("wrong", reasons)
    return Verdict("claimed" if claims_letters(report) else "not known")


def _faults(report: ImportedKernels, example: Example) -> Iterator[str]:
    text = " ".join((*report.assumptions, *report.statements, *report.candidates, report.layer))
    yield from (f"{name} is not named" for name in example.named if name not in text)
    if report.kernels.shape[1] != example.onehot.shape[1]:
        yield f"kernels of {report.kernels.shape[1]} letters for an input of {example.onehot.shape[1]}"
        return
    if report.width > example.onehot.shape[2]:
        yield f"kernels of {report.width} positions for an input of {example.onehot.shape[2]}"
        return
    scores = slid(example.onehot, report.kernels)
    is_claim = claims_letters(report)
    shown = [(stage, gap) for stage in example.stages if (gap := _gap(report, scores, stage, is_claim)) is not None]
    if not shown and not is_claim and example.axes and any(example.axes in each for each in report.assumptions):
        return  # the question is asked
    if not shown:
        yield (
            "it is said that the kernels are laid on the letters, and the network's scores are others"
            if is_claim
            else "the kernels are no layer's of the network"
        )
        return
    told = [list(_of_stage(report, example, stage, gap, scores, is_claim)) for stage, gap in shown]
    yield from min(told, key=len)  # two layers of a network may be one
    is_half = "the rounding of half precision" in report.check and "precision" in example.id
    most = HALF if is_half else example.rounding
    if is_claim and report.difference is not None and not report.difference <= most:
        yield f"it claims to read the letters and differs from the model by {report.difference}"


def _of_stage(
    report: ImportedKernels, example: Example, stage: Stage, gap: Array, scores: Array, is_claim: bool
) -> Iterator[str]:
    if not stage.may_be_first and not example.options.get("layer"):
        yield f"{stage.layer!r} is taken for the first layer"
    if stage.layer and report.layer and not _is_named(stage.layer, report.layer):
        yield f"the kernels of {stage.layer!r} are called {report.layer!r}"
    if any(_says_first(each) for each in report.assumptions) and not stage.reads_input:
        yield "a layer that does not read the input is said to"
    yield from _bias_faults(report, gap)
    yield from _padding_faults(report, stage, scores + np.asarray(report.bias)[:, None], is_claim)
    if stage.behind is not None:
        yield from _behind_faults(report, stage, stage.behind)


def _is_named(layer: str, told: str) -> bool:
    told = told.replace("/", ".").strip(".")
    return layer.endswith(told) or layer in told


def _says_first(sentence: str) -> bool:
    return "is the convolution that reads the input" in sentence


def _gap(report: ImportedKernels, scores: Array, stage: Stage, is_claim: bool) -> Array | None:
    """The constant between each kernel's scores and the stage's, shape (kernel,); None where it is no constant."""
    ways = [(stage.through, stage.starts if stage.through_starts is None else stage.through_starts)]
    if not is_claim:
        ways.append((stage.alone, stage.starts))
    gaps = [gap for values, starts in ways if (gap := _constant(scores, values, starts)) is not None]
    return min(gaps, key=lambda gap: float(np.abs(gap - report.bias).max()), default=None)


def _constant(scores: Array, values: Array | None, starts: Array) -> Array | None:
    if values is None or values.shape[1] != scores.shape[1]:
        return None
    whole = (starts >= 0) & (starts < scores.shape[2])
    if not whole.any():
        return None
    differences = values[:, :, whole] - scores[:, :, starts[whole]]
    constant = differences.mean(axis=(0, 2))
    return constant if np.abs(differences - constant[:, None]).max() <= _tolerance(values) else None


def _tolerance(values: Array) -> float:
    return CLOSE * max(1.0, float(np.abs(values).max()))


def _bias_faults(report: ImportedKernels, gap: Array) -> Iterator[str]:
    off = float(np.abs(gap - report.bias).max())
    said = [each for each in report.assumptions if "bias" in each.lower()]
    if off <= CLOSE * max(1.0, float(np.abs(gap).max())):
        return
    if report.bias_is_known:
        yield f"the bias is said to be known and is off by {off:.3g}"
    if any(re.search(r"so it is 0|has no bias|[Nn]o bias is stored[,.]", each) for each in said):
        yield f"it says {said[0]!r} and the bias is off by {off:.3g}"
    if not said:
        yield f"the bias is off by {off:.3g} without a word"


def _padding_faults(report: ImportedKernels, stage: Stage, scores: Array, is_claim: bool) -> Iterator[str]:
    if report.reads_letters is False:  # of a layer behind others: its own, whatever these padded
        return
    last = scores.shape[2] - 1
    starts = stage.through_starts if is_claim and stage.through_starts is not None else stage.starts
    is_padded = bool((starts < 0).any() or (starts > last).any())
    if report.padding == "valid" and is_padded:
        yield "its padding is said to be valid, and windows reach over the ends"
    if report.padding == "same" and report.width > 1:
        stride = int(starts[1] - starts[0]) if len(starts) > 1 else 1
        if not is_padded or len(starts) != -(-(last + report.width) // stride):
            yield "its padding is said to be same, and there are not as many windows as letters"


def _behind_faults(report: ImportedKernels, stage: Stage, behind: Behind) -> Iterator[str]:
    scores = stage.alone if stage.through is None else stage.through
    name = report.activation
    if name in behind.begins:
        if report.pooling is not None:
            yield f"the activation is called {name!r}, which is not all, and a pooling is named"
    elif name is not None and name not in behind.names:
        target = behind.activated
        given = None if target is None or target.shape != scores.shape else _applied(name, scores, target)
        if given is None or target is None:
            yield f"the activation is called {name!r}"
        elif np.abs(given - target).max() > _tolerance(target):
            yield f"the activation is called {name!r} and is not"
    yield from _pooling_faults(report, behind)
    if any(_RAW.search(each) for each in report.statements):
        raw = stage.through
        if (
            raw is None
            or behind.activated is None
            or behind.activated.shape != raw.shape
            or np.abs(behind.activated - raw).max() > _tolerance(raw)
        ):
            yield "the posterior of raw scores is claimed, and these are not what is pooled"
    weights = report.output_weights
    if weights is not None:
        if behind.pooled is None or behind.output is None:
            yield "output weights are told where no unit reads the pooled values alone"
        else:
            rest = behind.output - behind.pooled @ np.asarray(weights, dtype=np.float64)
            if np.ptp(rest) > 10 * _tolerance(behind.output):
                yield "the output weights are not the network's"


def _applied(name: str, scores: Array, target: Array) -> Array | None:
    """What functions of these names give one after another; None where one is not known."""
    for each in name.split(", "):
        sharp = re.fullmatch(r"softplus of beta ([\d.]+)", each)
        if sharp:
            scores = np.logaddexp(0, float(sharp[1]) * scores) / float(sharp[1])
        elif each in FUNCTIONS:
            scores = FUNCTIONS[each](scores)
        elif each in FAMILIES:
            scores = FAMILIES[each](scores, target)
        else:
            return None
    return scores


def _pooling_faults(report: ImportedKernels, behind: Behind) -> Iterator[str]:
    says_none = any(each.startswith("No pooling") for each in report.statements)
    if says_none and behind.pools:
        yield "it says that no pooling follows, and one does"
    if report.pooling is None or report.pooling in behind.pool_names:
        return
    named = report.pooling.split(", ")
    base = behind.activated
    if named[0].startswith("local") and behind.local is not None:
        base = behind.local
        if named[0] != f"local {behind.local_kind}":
            yield f"the pooling is called {named[0]!r}"
        named = named[1:]
    for each in named:  # a stretch may be all there is
        function = {"max": np.max, "average": np.mean, "logsumexp": _logsumexp}.get(each.removeprefix("local "))
        if function is None or base is None or behind.pooled is None:
            yield f"the pooling is called {each!r}"
        elif np.abs(function(base, axis=2) - behind.pooled).max() > _tolerance(behind.pooled):
            yield f"the pooling is called {each!r} and is not"


def _logsumexp(values: Array, axis: int) -> Any:
    return np.logaddexp.reduce(values, axis=axis)
