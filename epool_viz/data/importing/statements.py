"""Which statements hold of kernels in their network."""

from __future__ import annotations

from collections.abc import Iterable

from epool_viz.data.importing.network import Convolution, Step

_WORDS = {
    "relu": "the rectifier",
    "paper": "the published rectifier",
    "exponential": "the exponential",
}


def statements(
    conv: Convolution, after: tuple[Step, ...] | None, activation: str | None, pooling: str | None
) -> tuple[str, ...]:
    """What holds, a sentence each; `after` is None where the file does not say what follows."""
    return (
        "Each kernel is a PWM: the score of a window is an offset plus its log odds, exactly, against any background.",
        *_about_windows(conv),
        *(_about_the_rest(activation, pooling) if after is not None else (_UNKNOWN_REST,)),
    )


_UNKNOWN_REST = (
    "What follows the convolution is not in the file: the posterior is exact for the raw scores, and what the network "
    "makes of them is not known."
)


def _about_windows(conv: Convolution) -> Iterable[str]:
    if conv.stride > 1:
        yield f"The network looks at every {nth(conv.stride)} window; a posterior over all windows is not its own."
    if conv.padding == "same":
        yield "It pads the ends: the scores of windows that overlap the padding are partial sums, no log odds."


def _about_the_rest(activation: str | None, pooling: str | None) -> Iterable[str]:
    if activation == "exponential":
        yield (
            "The exponential of a score is the likelihood ratio of its window up to one factor (m = 1), so what is "
            "pooled is proportional to the posterior."
        )
        return
    if activation not in (None, "identity"):
        words = _WORDS.get(str(activation), f"the activation {activation}")
        yield f"The posterior is exact for the raw scores; behind {words} the network's weights are not a posterior."
    if pooling is None:
        yield _NO_POOLING
        return
    for each in pooling.split(", "):
        yield _POOLINGS.get(each, f"It pools in a way of its own ({each}).")


_POOLINGS = {
    "max": "It pools the maximum: the limit of the E-step for m → ∞, all weight on the best window.",
    "average": "It pools the mean: the limit of the E-step for m → 0, the same weight for every window.",
    "expectation": "It pools the expectation: its weights are the posterior of the E-step, and e^m is its base.",
    "logsumexp": "It pools log-sum-exp: the log evidence of the sequence, whose gradient is the posterior.",
    "local max": "It keeps the best of each stretch of windows: a posterior here would be over these local winners.",
    "local average": "It averages stretches of windows: the E-step is a reading of the raw scores before that.",
}
_NO_POOLING = (
    "No pooling over the whole sequence follows: the E-step is a reading of its raw scores, not what it computes."
)


def nth(number: int) -> str:
    """An ordinal, as in "2nd"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
