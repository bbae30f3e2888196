"""The steps from a kernel to its logo as data: what each is called and says; `pipeline.js` draws them by name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


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
