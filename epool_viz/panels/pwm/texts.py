"""The steps from a kernel to its logo, and their questions, as data; `pipeline.js` draws the steps by name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from epool_viz.panels.one_kernel.questions import COLUMN_CONSTANT, SCENE, Question


@dataclass(frozen=True)
class PwmStep:
    """One step from kernel to logo.

    Attributes
    ----------
    name : str
        How the page and the tests call it.
    short : str
        Its name on the line of all steps.
    title : str
    sentence : str
        What happens here, in plain words.
    plain : str
        What is said instead where no background is read, as in Fig. 2B of the paper; "" where the words hold all the
        same.
    when : dict or None
        What of the page's state the step asks for.
    """

    name: str
    short: str
    title: str
    sentence: str
    plain: str = ""
    when: dict[str, Any] | None = None


STEPS = (
    PwmStep(
        "kernel",
        "W",
        "The kernel",
        "A table of numbers: a row for each letter, a column for each place. A score adds up one number a column.",
    ),
    PwmStep(
        "powers",
        "bᵂ",
        "Raise b to each number",
        "Scores add up, probabilities multiply: b to the power of a sum is a product, one factor for each column.",
    ),
    PwmStep(
        "weighted",
        "× q",
        "Count letters as the background does",
        "Each factor is multiplied by the share q that its letter has in the background.",
        when={"key": "form", "is": "background"},
    ),
    PwmStep(
        "sums",
        "Z",
        "Add up each column",
        "The sum Z is all that keeps a column from being probabilities. Its logarithm is the column's share of the "
        "offset.",
    ),
    PwmStep(
        "ppm",
        "÷ Z",
        "Divide by the sum",
        "Now every column sums to one: a position probability matrix, the PPM.",
    ),
    PwmStep(
        "pwm",
        "PWM",
        "Take the logarithm again",
        "Log odds against the background: the PWM. It is the kernel, less each column's share of the offset.",
        plain="Logarithms of probabilities: the kernel, less each column's share of the offset.",
    ),
    PwmStep(
        "heights",
        "logo",
        "Draw the logo",
        "Each letter is as tall as its probability times the bits that its column tells.",
    ),
    PwmStep(
        "offset",
        "offset",
        "Keep the account",
        "Nothing is lost: what the columns were divided by is the offset, one number for all windows.",
    ),
)
FIRST_STEP = [step.name for step in STEPS].index("ppm")
"""Where the panel opens: with the whole way to the PPM on the screen."""


def page_steps() -> list[dict[str, Any]]:
    """The steps as the page reads them."""
    return [asdict(step) for step in STEPS]


# --- questions

KERNEL: list[list[float]] = SCENE["kernel"]
CONSTANTS = (0.0, 2.0, 0.0, -0.5, 0.0)
AT_RICH = [0.35, 0.15, 0.15, 0.35]
_LOGO = (
    ("same", "Nothing: every letter is as tall as before."),
    ("changed", "It changes."),
)


def _moved(change: Any) -> dict[str, Any]:
    return {"kernel": [[round(change(w, a), 9) for w in row] for a, row in enumerate(KERNEL)]}


QUESTIONS = (
    COLUMN_CONSTANT,
    Question(
        "offset_constant",
        "The offset of this kernel is about 1.08. In column 2 every number gets 2 more, in column 4 every number 0.5 "
        "less. What is the offset now?",
        "number",
        {"number": "offset", "of": "after"},
        "From {before.offset} to {after.offset}: by 2 and by −0.5, exactly. The powers of column 2 have all grown b² "
        "times, its sum with them, and the logarithm of that sum is the column's share of the offset.",
        setup=SCENE,
        action={"kernel": [[round(w + c, 9) for w, c in zip(row, CONSTANTS, strict=True)] for row in KERNEL]},
        hidden=("logo", "pooled"),
    ),
    Question(
        "row_constant",
        "Every number in the row of A gets 1 more, in all columns. What happens to the logo?",
        "choice",
        {"changed": "ppm"},
        "A has gained on the other letters of each column, and only differences within a column count: the motif told "
        "{before.information} bits before and tells {after.information} now.",
        setup=SCENE,
        action=_moved(lambda w, a: w + (a == 0)),
        hidden=("logo", "pooled"),
        options=_LOGO,
        because={
            "same": "That is so for a column; a letter that gets more in every column becomes likelier.",
        },
    ),
    Question(
        "scaled",
        "Every number of the kernel is doubled. How much does its motif tell?",
        "choice",
        {"compare": ["information", "after", "before"]},
        "From {before.information} bits to {after.information}: b to the power of 2 W is b squared to the power of W, "
        "so doubling the kernel is to the logo what squaring the base is.",
        setup=SCENE,
        action=_moved(lambda w, _: 2 * w),
        hidden=("logo", "pooled"),
        options=(
            ("up", "More bits: the letters get taller."),
            ("same", "As much as before."),
            ("down", "Fewer bits: the letters get lower."),
        ),
        because={
            "same": "A factor widens the differences within a column, and it is these that count.",
            "down": "That is so for a factor below 1: differences shrink.",
        },
    ),
    Question(
        "background",
        "The background is no longer uniform: A and T have 0.35 each, C and G 0.15. The kernel stays. What happens to "
        "the PPM that it means?",
        "choice",
        {"changed": "ppm"},
        "A letter's probability is q bᵂ, divided by the sum: more A and T in the background, more in the PPM. The "
        "scores stay, the best one is {before.maximum} before and {after.maximum} after; the offset goes from "
        "{before.offset} to {after.offset} to make up for it.",
        setup=SCENE | {"letter_shares": [0.25] * 4},
        action={"background": AT_RICH, "background_choice": "typed", "letter_shares": AT_RICH},
        hidden=("logo", "pooled"),
        options=(("same", "Nothing: it is the kernel's own."), ("changed", "It changes.")),
        because={
            "same": "The kernel is the log odds; the probabilities are those times the background.",
        },
    ),
)
