"""A question as data, and the state that it sets; the page computes the answers, from both traces."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
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
        The part of the page's state that is set before it. `{"add": x}` as a value is that much more than now; of the
        kernel every number, or with `column` (from 0) one column.
    action : dict
        What is set, likewise, to show the answer.
    hidden : tuple of str
        What is veiled meanwhile: of `VEILS`.
    options : tuple of (value, label)
    because : mapping
        Value of a wrong option -> why it is wrong; text like `explanation`, which follows it.
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
    because: Mapping[str, str] = field(default_factory=dict)


SEQUENCE = "GCATATAAGCCGTATCAGGCTTAACGGCAT"
LIKED = "TATAA"
_KERNEL = [[1.2 if letter == liked else -0.6 for liked in LIKED] for letter in DNA.letters]
SCENE: dict[str, Any] = {
    "codes": DNA.encode(SEQUENCE).tolist(),
    "kernel": _KERNEL,
    "alphabet": DNA.letters,
    "complement": list(DNA.complement_codes),
    "sequence_name": "a sequence of 30 letters",
    "kernel_name": f"a kernel that likes {LIKED}",
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

COLUMN_CONSTANT = Question(
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
    because={"changed": "A column is taller where its letters differ more; here all four got the same."},
)


def page_questions(questions: tuple[Question, ...]) -> list[dict[str, Any]]:
    """The questions as the page reads them; a lesson may pass its own."""
    return [_plain(question) for question in questions]


def _plain(question: Question) -> dict[str, Any]:
    plain = dataclasses.asdict(question)
    options = [
        {"value": value, "label": label, "because": question.because.get(value, "")}
        for value, label in question.options
    ]
    return plain | {"hidden": list(question.hidden), "options": options}
