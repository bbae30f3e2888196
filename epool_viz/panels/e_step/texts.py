"""Questions about a step, shown before it."""

from __future__ import annotations

from epool_viz.panels.one_kernel.questions import COLUMN_CONSTANT, LIKED, SCENE, SEQUENCE, Question

_MOVES = (("up", "It rises."), ("same", "It stays as it is."), ("down", "It falls."))
_MUTATED = [3 if place == 6 else code for place, code in enumerate(SCENE["codes"])]

QUESTIONS = (
    Question(
        "draw_posterior",
        f"Exactly one site starts somewhere in {SEQUENCE}. The kernel gives 1.2 for every letter that agrees with "
        f"{LIKED} and −0.6 for every other one; m is 1. Draw where the site starts: the posterior of the 26 "
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
        because={
            "same": "The weights still sum to 1, but they go to better windows.",
            "down": "Fewer windows count, but it is the poor ones that are left out; ePool is a mean, no sum.",
        },
    ),
    COLUMN_CONSTANT,
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
        because={
            "changed": "That takes larger differences between scores; these stay as they are.",
        },
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
        because={
            "max_gradient_windows": "The maximum is one window's score; it does not move while another one's does.",
            "same": "That holds for max pooling only.",
        },
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
        because={
            "up": "Weights above the mean grow, since the others are left out.",
            "same": "In mode 0 it would; mode 1 leaves these windows out.",
            "down": "A steeper m would leave something; mode 1 leaves them out.",
        },
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
        because={
            "up": "The new letter does not agree with the kernel.",
            "same": "The window's score has changed, and with it its share.",
        },
    ),
)
