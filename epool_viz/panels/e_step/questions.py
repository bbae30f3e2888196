"""What is asked before it is shown, as data; the answers are computed in the page, from the traces before and after."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

from epool_viz.core.alphabet import DNA

VEILS = ("posterior", "pooled", "logo")
"""What a question may hide."""

MEASURES = (
    "m",
    "pooled",
    "average",
    "maximum",
    "log_sum_exp",
    "entropy",
    "effective_windows",
    "windows",
    "offset",
    "information",
    "largest_posterior",
    "best_window",
    "site_probability",
    "below_average_weight",
    "average_gradient_windows",
    "gradient_windows",
    "max_gradient_windows",
    "negative_gradient_windows",
)
"""Numbers that answers and explanations may name; `measuresOf` in `predict.js` computes them."""


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes
    ----------
    id : str
        How the scores call it.
    text : str
    kind : "draw", "choice" or "number"
        Draw the posterior over the windows, choose one of `options`, or type a number above 0.
    answer : dict
        What the page computes: `{"series": "posterior"}` to draw; `{"number": name, "of": "after"}`; or, giving the
        value of an option, `{"compare": [name, "after", "before"]}` ("up", "down", "same"), `{"changed": "ppm"}` or
        `{"changed": "posterior"}` ("changed", "same"), `{"most": [names], "of": "after"}` (a name, "same" for a tie),
        `{"fate": name}` ("nothing", "up", "down", "same"). The names are `MEASURES`.
    explanation : str
        Plain text with `{before.name}` and `{after.name}`.
    setup : dict
        What of the page's state is set before it is asked. `{"add": x}` as a value is that much more than now; of the
        kernel every number, or with `column` (from 0) one column.
    action : dict
        What is set, likewise, to show the answer.
    hidden : tuple of str
        What is veiled meanwhile: of `VEILS`.
    options : tuple of (value, label)
    """

    id: str
    text: str
    kind: Literal["draw", "choice", "number"]
    answer: dict[str, Any]
    explanation: str
    setup: dict[str, Any] = field(default_factory=dict)
    action: dict[str, Any] = field(default_factory=dict)
    hidden: tuple[str, ...] = VEILS
    options: tuple[tuple[str, str], ...] = ()


SEQUENCE = "GCATATAAGCCGTATCAGGCTTAACGGCAT"
_LIKED = "TATAA"
_KERNEL = [[1.2 if letter == liked else -0.6 for liked in _LIKED] for letter in DNA.letters]
SCENE: dict[str, Any] = {
    "codes": DNA.encode(SEQUENCE).tolist(),
    "kernel": _KERNEL,
    "alphabet": DNA.letters,
    "complement": list(DNA.complement_codes),
    "sequence_name": "a sequence of 30 letters",
    "kernel_name": f"a kernel that likes {_LIKED}",
    "background": [0.25] * 4,
    "background_choice": "uniform",
    "bias": 0.0,
    "m": 1.0,
    "mode": 0,
    "local_window": 1,
    "activation": "identity",
    "padding": "valid",
    "both_strands": False,
    "occurrence": "oops",
    "site_rate": 0.5,
    "zoom": None,
    "cursor": 0,
}
"""The sequence and the kernel of these questions, small enough to reckon with by hand."""

_MOVES = (("up", "It rises."), ("same", "It stays as it is."), ("down", "It falls."))
_MUTATED = [3 if place == 6 else code for place, code in enumerate(SCENE["codes"])]

QUESTIONS = (
    Question(
        "draw_posterior",
        f"Exactly one site starts somewhere in {SEQUENCE}. The kernel gives 1.2 for every letter that agrees with "
        f"{_LIKED} and −0.6 for every other one; m is 1. Draw where the site starts: the posterior of the 26 "
        "windows.",
        "draw",
        {"series": "posterior"},
        "Window {after.best_window} agrees in all five letters and holds {after.largest_posterior} of the "
        "posterior. A window that agrees in one letter less scores 1.8 lower and is e to the 1.8, about 6 times, "
        "less probable. About {after.effective_windows} windows count.",
        setup=SCENE,
        hidden=("posterior", "pooled"),
    ),
    Question(
        "m_rises",
        "m goes from 1 to 3. Where does ePool go?",
        "choice",
        {"compare": ["pooled", "after", "before"]},
        "From {before.pooled} to {after.pooled}. A larger m gives the best windows more of the weight, so that "
        "ePool rises towards the maximum, {after.maximum}: its slope in m is the variance of the scores under the "
        "posterior, which is never negative.",
        setup=SCENE,
        action={"m": 3.0},
        hidden=("pooled", "posterior"),
        options=_MOVES,
    ),
    Question(
        "column_constant",
        "Every number in column 3 of the kernel gets 2 more. What happens to the logo?",
        "choice",
        {"changed": "ppm"},
        "Probabilities come from differences within a column, and those have not changed: the motif tells "
        "{before.information} bits before and {after.information} after. The constant goes into the offset, from "
        "{before.offset} to {after.offset}, and with it into every score.",
        setup=SCENE,
        action={"kernel": {"add": 2.0, "column": 2}},
        hidden=("logo", "pooled"),
        options=(
            ("same", "Nothing: every letter is as tall as before."),
            ("changed", "It changes: column 3 gets taller or lower."),
        ),
    ),
    Question(
        "score_constant",
        "All scores get 2 more, by the bias. What happens to the posterior?",
        "choice",
        {"changed": "posterior"},
        "A constant cancels where the exponentials are divided by their sum; the largest posterior is "
        "{after.largest_posterior} before and after. ePool does move, from {before.pooled} to {after.pooled}: by the "
        "constant, no more.",
        setup=SCENE,
        action={"bias": {"add": 2.0}},
        hidden=("posterior", "pooled"),
        options=(
            ("same", "Nothing: it stays as it is."),
            ("changed", "It changes: the good windows get more of it."),
        ),
    ),
    Question(
        "who_learns",
        "In training the gradient flows back from the pooled number to the windows. Under which pooling does more "
        "than one window get some of it?",
        "choice",
        {"most": ["gradient_windows", "max_gradient_windows"], "of": "after"},
        "Under max pooling {after.max_gradient_windows} window learns and the others of {after.windows} do not. "
        "Under ePool {after.gradient_windows} windows get more than 0.01 of the slope, each its posterior times 1 "
        "+ m (score − ePool); where the score lies below ePool − 1/m, in {after.negative_gradient_windows} "
        "windows, the slope is negative.",
        setup=SCENE | {"m": 0.5},
        hidden=("posterior",),
        options=(
            ("max_gradient_windows", "Under max pooling."),
            ("gradient_windows", "Under ePooling."),
            ("same", "Under neither: only the best window learns."),
        ),
    ),
    Question(
        "below_average",
        "Mode 1 is switched on. What becomes of the weight of the windows that score below the average?",
        "choice",
        {"fate": "below_average_weight"},
        "In mode 1 only windows above the mean take part; one exactly at the mean counts half. Those below it held "
        "{before.below_average_weight} of the weight and now hold {after.below_average_weight}. It is the "
        "posterior under a prior that rules them out.",
        setup=SCENE | {"m": 0.5},
        action={"mode": 1},
        hidden=("posterior", "pooled"),
        options=(
            ("up", "It grows."),
            ("same", "It stays as it is."),
            ("down", "It shrinks, and something is left."),
            ("nothing", "Nothing is left."),
        ),
    ),
    Question(
        "effective_windows",
        "m is 0.6. By e to the entropy of the posterior, how many of the 26 windows count?",
        "number",
        {"number": "effective_windows", "of": "after"},
        "About {after.effective_windows} of {after.windows}: the entropy is {after.entropy} nats. With m = 0 it "
        "would be all of them, with a very large m one.",
        setup=SCENE | {"m": 0.6},
        hidden=("posterior", "pooled"),
    ),
    Question(
        "mutated_letter",
        "Letter 7, an A in the middle of the best window, becomes a T. What happens to the largest posterior?",
        "choice",
        {"compare": ["largest_posterior", "after", "before"]},
        "The best window loses 1.8 of its score, and with it most of its lead: the largest posterior goes from "
        "{before.largest_posterior} to {after.largest_posterior}. What one window loses the others share: about "
        "{after.effective_windows} windows count now, {before.effective_windows} before.",
        setup=SCENE,
        action={"codes": _MUTATED},
        hidden=("posterior", "pooled"),
        options=_MOVES,
    ),
)


def page_questions(questions: tuple[Question, ...] = QUESTIONS) -> list[dict[str, Any]]:
    """The questions as the page reads them; a lesson may pass its own."""
    return [_plain(question) for question in questions]


def _plain(question: Question) -> dict[str, Any]:
    plain = dataclasses.asdict(question)
    options = [{"value": value, "label": label} for value, label in question.options]
    return plain | {"hidden": list(question.hidden), "options": options}
