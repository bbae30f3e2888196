"""The poolings by name, one row each: what a pooling has, what it is called, how it is drawn and described.

The rows hold no arithmetic: `epool_viz.core.pooling.FUNCTIONS` computes them, `epool_viz.models.pooling.POOLINGS`
trains them. Nothing but the standard library is imported, so that the command line can list the names at once.
"""

from __future__ import annotations

from typing import NamedTuple


class PoolingMethod(NamedTuple):
    """A pooling, by its name.

    Attributes
    ----------
    name : str
        In code, files and on the command line.
    short, title : str
        In a legend; in a sentence.
    light, dark : str
        Its colour as `#RRGGBB` on the light and on the dark ground; "" takes the ink.
    symbol : str
        Plotly's name of its mark.
    has_m : bool
        Whether it has the parameter `m`.
    has_posterior : bool
        Whether its weights, or its gradient, are the posterior over windows.
    of : str
        Of a variant, the pooling of which it is one; a variant has no arithmetic of its own.
    shown_m : float or None
        The `m` with which expectation pooling comes nearest to it; None for its own `m`.
    fact, claim : str
        What it does, and what that is of the E-step where the kernels read letters.
    passes_on : str
        What of the E-step view's axis the network passes on.
    nearest : str
        How the E-step view shows it.
    exactness : str
        What the exact attributions say of a network that pools so.
    remark : str
        The sentence for every example model with this pooling.
    """

    name: str
    short: str
    title: str
    light: str = ""
    dark: str = ""
    symbol: str = "circle"
    has_m: bool = False
    has_posterior: bool = False
    of: str = ""
    shown_m: float | None = None
    fact: str = ""
    claim: str = ""
    passes_on: str = ""
    nearest: str = ""
    exactness: str = ""
    remark: str = ""


POOLING_METHODS = {
    row.name: row
    for row in (
        PoolingMethod(
            "max",
            "max",
            "max pooling",
            light="#BB4F00",
            dark="#FFC04D",
            symbol="triangle-up",
            shown_m=20.0,
            fact="It pools the maximum",
            claim="the limit of the E-step for m → ∞, all weight on the best window",
            passes_on="The network passes on the largest score, “max” on the axis; posterior and ePool show what "
            "expectation pooling would make of the same scores.",
            nearest="with a large m, which comes near the maximum.",
            exactness="Max pooling: the network looks at one window a kernel, so the log odds are those of that "
            "window. Posterior coverage shows what expectation pooling with m = 1 would make of the same scores.",
        ),
        PoolingMethod(
            "average",
            "average",
            "average pooling",
            light="#6B7680",
            dark="#87919B",
            symbol="circle",
            shown_m=0.0,
            fact="It pools the mean",
            claim="the limit of the E-step for m → 0, the same weight for every window",
            passes_on="The network passes on the mean score, “average” on the axis; posterior and ePool show what "
            "expectation pooling would make of the same scores.",
            nearest="with m = 0, which is the average.",
            exactness="Average pooling: every window counts the same, so a letter is worth the same anywhere. "
            "Posterior coverage shows what expectation pooling with m = 1 would make of the same scores.",
            remark="The mean of raw scores counts letters, no more: where a shuffle keeps their number it learns "
            "nothing.",
        ),
        PoolingMethod(
            "logsumexp",
            "log-sum-exp",
            "log-sum-exp pooling",
            light="#8B00E0",
            dark="#BD5CFB",
            symbol="square",
            has_m=True,
            has_posterior=True,
            fact="It pools log-sum-exp",
            claim="the log evidence of the sequence, whose gradient is the posterior",
            passes_on="The network passes on “log-sum-exp” on the axis, whose gradient is the posterior shown here.",
            nearest="with the same m: log-sum-exp has the posterior of ePool.",
            exactness="Log-sum-exp pooling: the posterior is the exact gradient by the scores. The log odds leave out "
            "the entropy of the posterior, which no letter owns.",
        ),
        PoolingMethod(
            "expectation",
            "ePool",
            "expectation pooling",
            light="#003A70",
            dark="#8FDCFF",
            symbol="diamond",
            has_m=True,
            has_posterior=True,
            fact="It pools the expectation",
            claim="its weights are the posterior of the E-step, and e^m is its base",
            passes_on="As the network computes it: ePool is the number that it passes on.",
            exactness="Expectation pooling: the network's weights are the posterior, so both exact tracks read the "
            "network itself.",
        ),
        PoolingMethod(
            "expectation_mode1",
            "ePool, mode 1",
            "expectation pooling, mode 1",
            symbol="diamond-open",
            has_m=True,
            of="expectation",
        ),
    )
}
POOLING_NAMES = tuple(POOLING_METHODS)
METHODS = tuple(row.name for row in POOLING_METHODS.values() if not row.of)
WITH_M = tuple(row.name for row in POOLING_METHODS.values() if row.has_m and not row.of)  # the others have no m
