"""Lesson 4: between average and maximum."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from epool_viz.core.kernels import pwm_to_kernel
from epool_viz.core.pooling import average_pool, expectation_pool, logsumexp_pool, max_pool, pool_gradient, pool_weights
from epool_viz.core.trace import EStepTrace, e_step_trace
from epool_viz.core.types import Array
from epool_viz.data.examples import load_example
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.lessons.checking import Column, Number, Slip
from epool_viz.lessons.content._values import SAME, direction, nearest, softmax
from epool_viz.lessons.lesson import Code, Exercise, Lesson, Notes, Option, Question, Statement, Text
from epool_viz.lessons.pictures import show_bars

_SCORES = np.array([3.0, 1.0, 0.0, -2.0])
_M = 0.5
_METHODS = ("average", "expectation", "logsumexp", "max")


@cache
def _trace(m: float = 1.0) -> EStepTrace:
    motif = load_jaspar("CTCF")
    kernel = pwm_to_kernel(motif.ppm, pseudocount=1 / float(motif.n_sites or 1))
    return e_step_trace(load_example("ctcf_peaks")[0], kernel, m=m)


def _pooled(m: float) -> float:
    return float(_trace(m).pooled)


def _by_hand(scores: Any, m: float) -> float:
    return float((softmax(m * np.asarray(scores)) * scores).sum())


def _largest(values: dict[str, float]) -> str:
    return max(values, key=values.__getitem__)


def _poolings() -> dict[str, float]:
    t = _trace()
    return {
        "expectation": float(t.pooled),
        "logsumexp": float(logsumexp_pool(np.asarray(t.scores))),
        "max": float(t.maximum),
    }


def _poolings_by_hand() -> dict[str, float]:
    x = np.asarray(_trace().scores)
    return {"expectation": _by_hand(x, 1.0), "logsumexp": float(np.log(np.exp(x).sum())), "max": float(x.max())}


def _negative(gradients: dict[str, Array]) -> str:
    found = [method for method, gradient in gradients.items() if (np.asarray(gradient) < -SAME).any()]
    return found[0] if len(found) == 1 else "none"


def _slopes() -> dict[str, Array]:
    x = np.asarray(_trace().scores)
    return {method: np.asarray(pool_gradient(x, method=method)) for method in ("max", "logsumexp", "expectation")}


def _slopes_by_difference() -> dict[str, Array]:
    pools = {"max": max_pool, "logsumexp": logsumexp_pool, "expectation": expectation_pool}
    x, step = np.asarray(_trace().scores), 1e-5
    moved = x + step * np.eye(len(x))
    slopes = {
        name: np.asarray([float(pool(row)) - float(pool(x)) for row in moved]) / step for name, pool in pools.items()
    }
    return {name: np.where(np.abs(slope) < 1e-6, 0, slope) for name, slope in slopes.items()}


def _entropy_over_m(m: float = _M) -> float:
    return float(_trace(m).entropy) / m


def _variance(m: float = _M) -> float:
    t = _trace(m)
    weights, x = np.asarray(t.weights), np.asarray(t.scores)
    return float((weights * (x - t.pooled) ** 2).sum())


def _gap(m: float = _M) -> float:
    return float(logsumexp_pool(np.asarray(_trace(m).scores), m=m)) - _pooled(m)


def _gap_by_hand(m: float = _M) -> float:
    x = np.asarray(_trace(m).scores)
    return float(np.log(np.exp(m * x).sum()) / m) - _by_hand(x, m)


def _gaps() -> dict[str, float]:
    return {"zero": 0.0, "entropy": _entropy_over_m(), "variance": _variance()}


def _slope_by_hand() -> Array:
    weights = softmax(_M * _SCORES)
    return np.asarray(weights * (1 + _M * (_SCORES - _by_hand(_SCORES, _M))))


QUESTIONS = (
    Question(
        "between_m",
        "m goes from 0.3 to 1. Where does ePool of the peak go?",
        (
            Option(
                "up",
                "It rises.",
                "From {before:.2f} to {after:.2f}: more weight for the better windows. Its slope in m "
                "is the variance of the scores under the weights, never negative.",
            ),
            Option(
                "same",
                "It stays: weights always sum to 1.",
                "The sum of the weights stays, their distribution does not: "
                "better windows get more, and ePool goes from {before:.2f} to {after:.2f}.",
            ),
            Option(
                "down",
                "It falls: fewer windows add to it.",
                "It is a mean, not a sum: with fewer poor windows in it, it rises, from {before:.2f} to {after:.2f}.",
            ),
        ),
        lambda: direction(_pooled(0.3), _pooled(1.0)),
        lambda: direction(_by_hand(_trace().scores, 0.3), _by_hand(_trace().scores, 1.0)),
        lambda: {"before": _pooled(0.3), "after": _pooled(1.0)},
    ),
    Question(
        "between_largest",
        "ePool, log-sum-exp and maximum of the same scores, m = 1. Which is the largest?",
        (
            Option(
                "max",
                "The maximum: nothing is above it.",
                "No mean is above it. Log-sum-exp is no mean: it adds up all "
                "windows, and is {logsumexp:.2f} where the maximum is {max:.2f}.",
            ),
            Option(
                "logsumexp",
                "Log-sum-exp.",
                "{logsumexp:.2f}, then the maximum {max:.2f}, then ePool {expectation:.2f}: "
                "it counts what all windows add.",
            ),
            Option(
                "expectation",
                "ePool: it uses all windows.",
                "ePool is a weighted mean, {expectation:.2f}, and no mean is above the maximum, {max:.2f}.",
            ),
        ),
        lambda: _largest(_poolings()),
        lambda: _largest(_poolings_by_hand()),
        _poolings,
    ),
    Question(
        "between_negative",
        "In training the gradient says how the pooled number changes when a window's score rises. Under which "
        "pooling can it fall then?",
        (
            Option(
                "expectation",
                "ePooling.",
                "A window far below ePool − 1/m draws weight from better ones when it rises: "
                "on the peak the lowest slope is {lowest:.2f}.",
            ),
            Option(
                "logsumexp",
                "Log-sum-exp.",
                "Its slope at a window is the posterior, never negative. The lowest under ePooling is {lowest:.2f}.",
            ),
            Option(
                "max",
                "Max pooling.",
                "The best window has the slope 1, all others 0. The lowest under ePooling is {lowest:.2f}.",
            ),
            Option(
                "none",
                "Under none.",
                "So one would think of a mean; but the weights move as well. The lowest slope "
                "under ePooling is {lowest:.2f}.",
            ),
        ),
        lambda: _negative(_slopes()),
        lambda: _negative(_slopes_by_difference()),
        lambda: {"lowest": float(_slopes()["expectation"].min())},
    ),
    Question(
        "between_gap",
        "m is 0.5. By how much is log-sum-exp above ePool?",
        (
            Option(
                "zero",
                "Not at all: two names of one thing.",
                "They differ by {gap:.2f}, the entropy of the weights over "
                "m; only where one window has all the weight it is 0.",
            ),
            Option(
                "variance",
                "By the variance of the scores.",
                "The variance ({variance:.1f} here) is the slope of ePool in m. "
                "The gap is the entropy over m: {gap:.2f}.",
            ),
            Option(
                "entropy",
                "By the entropy of the weights, over m.",
                "{gap:.2f}: log evidence = expected log odds + entropy, the free energy of EM.",
            ),
        ),
        lambda: nearest(_gaps(), _gap()),
        lambda: nearest(_gaps(), _gap_by_hand()),
        lambda: {"gap": _gap(), "variance": _variance()},
    ),
)

POOL = Exercise(
    "between_pool",
    "Four windows score 3, 1, 0 and −2; m is 0.5. What is ePool?",
    Number(),
    lambda: float(expectation_pool(_SCORES, m=_M)),
    lambda: _by_hand(_SCORES, _M),
    (
        Slip(lambda: float(average_pool(_SCORES)), "This is the average: m would be 0."),
        Slip(lambda: float(max_pool(_SCORES)), "This is the maximum: m would be very large."),
        Slip(
            lambda: float(logsumexp_pool(_SCORES, m=_M)),
            "This is log-sum-exp; ePool is the weighted mean of the scores.",
        ),
        Slip(lambda: float(expectation_pool(_SCORES)), "You forgot m: the exponent is 0.5 times the score."),
        Slip(
            lambda: (np.exp(_M * _SCORES) * _SCORES).sum(),
            "The weights do not sum to 1 yet: divide by the sum of the exponentials.",
        ),
        Slip(lambda: _M * _by_hand(_SCORES, _M), "The scores themselves are averaged, not m times the scores."),
    ),
    "Between the average, 0.5, and the maximum, 3.",
    "weights = np.exp(0.5 * scores) / np.exp(0.5 * scores).sum()\n(weights * scores).sum()    # "
    "expectation_pool(scores, m=0.5)",
    "import numpy as np\n\nscores = np.array([3.0, 1.0, 0.0, -2.0])",
)

SLOPE = Exercise(
    "between_slope",
    "The same four windows, m = 0.5. What is the gradient: how much does ePool rise, a unit of each score?",
    Column(("window 1", "window 2", "window 3", "window 4"), is_shares=False),
    lambda: np.asarray(pool_gradient(_SCORES, m=_M)),
    _slope_by_hand,
    (
        Slip(
            lambda: softmax(_M * _SCORES),
            "These are the weights, the gradient of log-sum-exp. The weights move too: times 1 + m (score − ePool).",
        ),
        Slip(lambda: np.array([1.0, 0, 0, 0]), "This is the gradient of max pooling."),
        Slip(lambda: np.full(4, 0.25), "This is the gradient of average pooling."),
        Slip(
            lambda: softmax(_M * _SCORES) * (1 + _SCORES - _by_hand(_SCORES, _M)),
            "You forgot m in 1 + m (score − ePool).",
        ),
        Slip(lambda: np.asarray(pool_gradient(_SCORES)), "This is for m = 1."),
        Slip(
            lambda: softmax(_M * _SCORES) * (1 - _M * (_SCORES - _by_hand(_SCORES, _M))),
            "A sign: score − ePool is added, not subtracted.",
        ),
    ),
    "They sum to 1: where all scores rise by one, so does ePool.",
    "weights = np.exp(0.5 * scores) / np.exp(0.5 * scores).sum()\npooled = (weights * scores).sum()\n"
    "weights * (1 + 0.5 * (scores - pooled))    # pool_gradient(scores, m=0.5)",
    "import numpy as np\n\nscores = np.array([3.0, 1.0, 0.0, -2.0])",
)


def _learning() -> Any:
    effective = [
        _effective(np.asarray(pool_weights(np.asarray(_trace().scores), method=method))) for method in _METHODS
    ]
    return show_bars(effective, _METHODS, "Windows that the gradient reaches, CTCF on a peak", "by e to the entropy")


def _effective(weights: Array) -> float:
    weights = weights[weights > 0]
    return float(np.exp(-(weights * np.log(weights)).sum()))


LESSON = Lesson(
    "average_to_maximum",
    "Between average and maximum",
    "One family of poolings, what each learns from, and the free energy that joins them.",
    (
        "order average, ePool, maximum and log-sum-exp, and say what m does;",
        "say which windows learn under which pooling, and why that matters for overfitting;",
        "write log-sum-exp as ePool plus entropy.",
    ),
    (
        Statement(
            "ePool rises with m from the average to the maximum.",
            r"\frac{d\,\text{ePool}}{dm} = \operatorname{Var}_\pi(x) \ge 0",
        ),
        Statement(
            "What a window learns is its weight, corrected by where it stands.",
            r"\frac{\partial\,\text{ePool}}{\partial x_i} = \pi_i \bigl(1 + m (x_i - \text{ePool})\bigr)",
        ),
        Statement(
            "Log-sum-exp is ePool plus the entropy of the weights over m: the free energy.",
            r"\frac{1}{m} \ln \sum_i e^{m x_i} = \text{ePool} + \frac{H(\pi)}{m}",
        ),
    ),
    'lessons.panel("compare")',
    "The planted motif is known here. Move through the epochs: which windows get the gradient under each pooling, "
    "and whose logo forms?",
    _learning,
    (
        Text(
            "## One family\n\nThe peak and the kernel of the last lesson. Below, ePool for six values of *m*; the "
            "first is the average, the last all but the maximum."
        ),
        Code(
            "from epool_viz import e_step_trace, lessons, load_example, load_jaspar, pool_gradient, pwm_to_kernel\n\n"
            'motif = load_jaspar("CTCF")\nkernel = pwm_to_kernel(motif.ppm, pseudocount=1 / motif.n_sites)\n'
            'peak = load_example("ctcf_peaks")[0]\nms = (0, 0.1, 0.2, 0.3, 1, 20)\n'
            "pooled = [e_step_trace(peak, kernel, m=m).pooled for m in ms]\n"
            'lessons.show_table({"ePool": pooled}, [f"m = {m}" for m in ms], caption="Pooled scores of one peak, nats")'
        ),
        Text("## Predict, then see"),
        QUESTIONS[0],
        Text("A fourth pooling, log-sum-exp, adds up exponentials and takes the logarithm."),
        QUESTIONS[1],
        Text(
            "## Who learns?\n\nIn training, the gradient of the pooled number by each score says which windows "
            "change the kernel. Under max pooling it is one window a sequence: if that one is wrong, the kernel "
            "learns from noise, and nothing else pulls it back. That is how it overfits. Under average pooling all "
            "learn alike, and the site drowns."
        ),
        QUESTIONS[2],
        Text("The gradient on the peak: its largest value, its smallest, and how many windows exceed 0.01 either way."),
        Code(
            "trace = e_step_trace(peak, kernel)\n"
            'rows = {"ePooling": trace.gradient, "max pooling": pool_gradient(trace.scores, method="max")}\n'
            "told = {name: [x.max(), x.min(), int((abs(x) > 0.01).sum())] for name, x in rows.items()}\n"
            'lessons.show_table(told, ["largest", "smallest", "windows"], caption="Gradient by the scores")'
        ),
        Text("## Free energy"),
        QUESTIONS[3],
        Text(
            "Log-sum-exp is the log evidence of the sequence, up to constants: how well the motif explains it, "
            "summed over all places. EM splits it into what it expects (ePool) and how unsure it is (entropy). Any "
            "other weights in place of the posterior would give a smaller sum: that is the lower bound of EM, which "
            "the posterior reaches."
        ),
        POOL,
        SLOPE,
    ),
    "A network may learn *m*. On which data would it end small, and on which large? And what would that do to the "
    "logos?",
    "Large where one window decides, as with one strong site; small where many weak sites add up. A larger *m* "
    "means a larger base, so the same kernels are read as sharper motifs.",
    Notes(
        (
            (4, "goals, and the panel: epochs of the race"),
            (3, "the family; questions 1 and 2"),
            (4, "who learns; question 3"),
            (3, "free energy; question 4"),
            (4, "the two exercises"),
            (1, "open question in pairs"),
        ),
        (
            ("Weights sum to 1, so the pooled number stays.", "between_m"),
            ("Nothing is above the maximum.", "between_largest"),
            ("A mean never falls when one of its terms rises.", "between_negative"),
            ("ePool and log-sum-exp are the same.", "between_gap"),
        ),
        (
            "Which pooling would you take for one site a sequence? For ten weak ones?",
            "In the first epoch the kernel is noise. Which window does max pooling teach it?",
            "Where in the equation of the gradient do you see that a window can have a negative one?",
        ),
    ),
)
