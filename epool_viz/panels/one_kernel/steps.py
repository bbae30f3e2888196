"""The steps of the walk as data: what each is called, says, computes and draws.

Words and formulas live here and nowhere else; a formula is a template whose `{names}` are keys of `numbers`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup

from epool_viz.core.alphabet import reverse_complement
from epool_viz.core.trace import EStepTrace


@dataclass(frozen=True)
class Step:
    """One stop of the walk.

    Attributes
    ----------
    name : str
        How the state and the tests call it.
    short : str
        Its name on the line of all steps.
    title : str
    sentence : str
        What happens here, in plain words.
    formula : str
        HTML with `{names}` of `numbers`; `Markup` where it holds tags.
    picture : "letters", "window" or "tracks"
        The one-hot matrix; the letters against the kernel's columns; bars over the sequence.
    tracks : tuple of str
        Names of the stages to draw, the one that this step makes last.
    column : str
        The column that this step adds to the table, or "".
    rectified_sentence, rectified_formula : str
        What to say instead where a rectifier has made the plain words untrue; "" where they hold all the same.
    """

    name: str
    short: str
    title: str
    sentence: str
    formula: str
    picture: Literal["letters", "window", "tracks"] = "tracks"
    tracks: tuple[str, ...] = ()
    column: str = ""
    rectified_sentence: str = ""
    rectified_formula: str = ""


_X = Markup("x<sub>{window}</sub>")

STEPS = (
    Step(
        "onehot",
        "one-hot",
        "Letters become columns",
        "Each letter is a column with a single 1 in its row; an unknown letter is a column of zeros.",
        "X[a, j] = 1 where letter j is a, else 0: {n_letters} × {length} numbers, {n_known} of them 1.",
        picture="letters",
    ),
    Step(
        "window",
        "slide",
        "Slide the kernel",
        "The kernel lies on a window of the sequence and picks one of its numbers a letter; their sum is the score.",
        _X + Markup(" = bias + Σ<sub>j</sub> W[letter j, j] = {bias} + {letter_sum} = {score}"),
        picture="window",
    ),
    Step(
        "scores",
        "scores",
        "Scores of all windows",
        "Every window's score is the log odds of a motif, plus an offset that a strand's windows share: "
        "any kernel is a PWM.",
        _X
        + Markup(" = offset + log<sub>e<sup>m</sup></sub> P(window | PPM) / P(window | background) = {offset} + ")
        + "{log_ratio} = {reading}; the network says {score}, the difference is {residual}",
        tracks=("scores",),
        column="scores",
    ),
    Step(
        "activated",
        "rectify",
        "Rectify",
        "The published network bends scores below zero; from here on the numbers are no longer log odds.",
        "activation(" + _X + ") = activation({score}) = {activated}",
        tracks=("scores", "activated"),
        column="activated",
    ),
    Step(
        "cells",
        "local max",
        "Keep local winners",
        "Of every few neighbours only the best goes on; its weight will belong to the place it came from.",
        "best of the neighbours of window {window} = {cell}, from window {winner}; "
        "{n_windows} windows become {n_cells} cells",
        tracks=("scores", "cells"),
        column="cells",
    ),
    Step(
        "shifted",
        "shift",
        "Multiply by m, shift",
        "All scores are multiplied by m and lowered until the largest is 0: no exponential can overflow, and the shift "
        "cancels later.",
        "m (" + _X + Markup(" − x<sub>max</sub>) = {m} × ({cell} − {maximum}) = {shifted}"),
        tracks=("cells", "shifted"),
        column="shifted",
    ),
    Step(
        "exponentials",
        "exponentiate",
        "Exponentiate",
        "Differences become ratios: a window whose exponent lies one lower counts e times less.",
        Markup("gate × e<sup>m (x − max x)</sup> = {gate} × exp({shifted}) = {exponential}"),
        tracks=("shifted", "exponentials"),
        column="exponentials",
    ),
    Step(
        "weights",
        "normalise",
        "Normalise",
        "Divided by their sum, the exponentials become weights that add up to 1: a softmax.",
        Markup("weight<sub>{window}</sub> = {exponential} / Σ = {exponential} / {total} = {weight}"),
        tracks=("exponentials", "weights"),
        column="weights",
    ),
    Step(
        "posterior",
        "posterior",
        "The weights are a posterior",
        "A bar is the probability that the site starts there. Bayes' rule, without any softmax, gives the network's "
        "weights: this is the E-step.",
        "P(site at {window} | sequence) = exp(ln prior + m × log odds − log evidence) "
        "= exp({log_prior} + {m} × {log_ratio_cell} − {log_evidence}) = {bayes_posterior}; "
        "the network's weight is {weight}",
        tracks=("weights", "bayes_posterior"),
        column="bayes_posterior",
        rectified_sentence="Bayes' rule over the raw scores, beside the network's weights over the bent ones: with a "
        "rectifier they differ.",
    ),
    Step(
        "weighted",
        "weight × score",
        "Weight × score",
        "Each window contributes its score in proportion to its weight.",
        Markup("weight<sub>{window}</sub> × x<sub>{window}</sub> = {weight} × {cell} = {weighted}"),
        tracks=("bayes_posterior", "weighted"),
        column="weighted",
    ),
    Step(
        "pooled",
        "sum",
        "Sum: ePooling",
        "The sum is the expected score of the site. Less the offset, it is the expected log likelihood ratio that the "
        "E-step computes.",
        "ePool = Σ weight × score = {pooled}; E[log odds] + E[offset] = {expected_log_ratio} + {expected_offset}",
        tracks=("weighted",),
        rectified_sentence="The sum is the mean of the bent scores under the network's weights; with a rectifier it is "
        "no expected log likelihood ratio.",
        rectified_formula="ePool = Σ weight × score = {pooled}",
    ),
)

ZOOPS = "; times P(there is a site) = {site_probability} that makes {posterior}"
PARTIAL = (
    _X + " = {score} is a partial sum: window {window} overlaps the padding or an unknown letter. "
    "It means no log odds, and its weight is {weight}."
)
_LAST_OF_SCORES = [step.name for step in STEPS].index("cells")
ERRORS = {
    "score": "score = offset + log odds, in every whole window",
    "posterior": "weights = Bayes' posterior, in every window",
    "pooled": "ePool = expected log odds + expected offset",
}
SERIES = {
    "scores": "score",
    "activated": "rectified score",
    "cells": "pooled score",
    "shifted": "m (x − max x)",
    "exponentials": "exponential",
    "weights": "weight",
    "bayes_posterior": "posterior",
    "weighted": "weight × score",
}


def active_steps(activation: str, local_window: int) -> tuple[Step, ...]:
    """The steps of the walk under these options; what is switched off is not a step."""
    off = {name for name, is_off in (("activated", activation == "identity"), ("cells", local_window == 1)) if is_off}
    return tuple(step for step in STEPS if step.name not in off)


def sentence_of(step: Step, trace: EStepTrace) -> str:
    """What the step says of this trace."""
    return (step.rectified_sentence if trace.activation != "identity" else "") or step.sentence


def formula_of(step: Step, trace: EStepTrace, window: int) -> str:
    """The step's formula as far as it is true of the window in hand."""
    if step.name == "scores" and not trace.whole[window]:
        return PARTIAL
    if STEPS.index(step) > _LAST_OF_SCORES and step.name != "pooled" and not trace.taking_part[cell_of(trace, window)]:
        return PARTIAL
    formula = (step.rectified_formula if trace.activation != "identity" else "") or step.formula
    return formula + (ZOOPS if step.name == "posterior" and trace.occurrence == "zoops" else "")


def series_name(trace: EStepTrace, name: str) -> str:
    """What a stage is called on screen; where nothing lies between scan and pooling, what is pooled is the score."""
    return SERIES["scores" if name == "cells" and trace.exact else name]


def cell_of(trace: EStepTrace, window: int) -> int:
    """The cell that a window belongs to: itself, or its group of the local maximum (a dropped window: the last one)."""
    n_strands = 2 if trace.both_strands else 1
    n_windows, n_cells = len(trace.starts) // n_strands, len(trace.cell_windows) // n_strands
    strand, place = divmod(window, n_windows)
    return int(strand * n_cells + min(place // trace.local_window, n_cells - 1))


def window_letters(trace: EStepTrace, window: int) -> str:
    """The letters under the kernel, on the window's own strand; "·" in the padding."""
    start, stop = trace.starts[window], trace.starts[window] + trace.width
    inside = trace.sequence[max(start, 0) : max(stop, 0)]
    if trace.strands[window] == "-":
        inside = reverse_complement(inside, trace.alphabet)
    left, right = "·" * max(-start, 0), "·" * max(stop - len(trace.sequence), 0)
    return right + inside + left if trace.strands[window] == "-" else left + inside + right


def kernel_terms(trace: EStepTrace, window: int) -> list[float]:
    """What each column of the strand's kernel adds to the window's score; 0 for an unknown letter."""
    is_other = trace.strands[window] == "-"
    kernel = reverse_complement(trace.other_kernel, trace.alphabet) if is_other else trace.kernel
    letters = trace.alphabet.letters
    return [
        float(kernel[letters.index(letter), j]) if letter in letters else 0.0
        for j, letter in enumerate(window_letters(trace, window))
    ]


def numbers(trace: EStepTrace, window: int) -> dict[str, Any]:
    """Every number that a formula or the summary may show.

    Parameters
    ----------
    trace : EStepTrace
    window : int
        The window in hand, from 0; shown from 1.

    Returns
    -------
    dict of str to float, int or str
        Names of the trace's attributes for its own numbers; in the singular for the value at the window or its cell.
    """
    cell = cell_of(trace, window)
    winner = int(trace.cell_windows[cell])
    prior = float(trace.prior[cell])
    score, offset, log_ratio = (float(x[window]) for x in (trace.scores, trace.offsets, trace.log_ratios))
    whole = {name: float(getattr(trace, name)) for name in _WHOLE}
    at_window = {"score": score, "offset": offset, "log_ratio": log_ratio, "activated": float(trace.activated[window])}
    at_cell = {name: float(getattr(trace, series)[cell]) for name, series in _AT_CELL.items()}
    return {
        **whole,
        **at_window,
        **at_cell,
        "bias": trace.bias,
        "m": trace.m,
        "log_sum_exp": math.inf if trace.log_sum_exp is None else float(trace.log_sum_exp),
        "letter_sum": math.fsum(kernel_terms(trace, window)),
        "reading": offset + log_ratio,
        "residual": score - (offset + log_ratio) if trace.whole[window] else math.nan,
        "log_ratio_cell": float(trace.log_ratios[winner]),
        "log_prior": math.log(prior) if prior > 0 else -math.inf,
        "bayes_posterior": float(trace.bayes_posterior[winner]),
        "posterior": float(trace.posterior[winner]),
        "window": window + 1,
        "winner": winner + 1,
        "n_letters": len(trace.alphabet),
        "length": len(trace.sequence),
        "n_known": int(trace.onehot.sum()),
        "n_windows": len(trace.starts),
        "n_cells": len(trace.cell_windows),
    }


_WHOLE = (
    "pooled",
    "average",
    "maximum",
    "entropy",
    "effective_windows",
    "total",
    "log_evidence",
    "expected_log_ratio",
    "expected_offset",
    "site_probability",
)
_AT_CELL = {
    "cell": "cells",
    "gate": "gate",
    "shifted": "shifted",
    "exponential": "exponentials",
    "weight": "weights",
    "weighted": "weighted",
    "gradient": "gradient",
}
