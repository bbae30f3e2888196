"""Lesson 3: pooling is the E-step."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from epool_viz.core.kernels import pwm_to_kernel
from epool_viz.core.posterior import site_posterior
from epool_viz.core.trace import EStepTrace, e_step_trace
from epool_viz.core.types import Array
from epool_viz.data.examples import load_example
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.data.sequences.simulate import shuffle_dinucleotides
from epool_viz.lessons.checking import Column, Place, Slip
from epool_viz.lessons.content._values import is_same, nearest, softmax
from epool_viz.lessons.lesson import Code, Exercise, Lesson, Notes, Option, Question, Statement, Text
from epool_viz.lessons.pictures import show_posterior

_SCORES = np.array([2.0, 1.0, 0.0, -1.0])
_M = 0.5
_SHORT = "GCATATAAGCCGTATCAGGCTTAACGGCAT"
_LIKED = "TATAA"
_LEAD = math.log(3)
_LEADS = {"1.1": _LEAD, "3": 3.0, "20": math.exp(3)}


@cache
def _kernel() -> Array:
    motif = load_jaspar("CTCF")
    return np.asarray(pwm_to_kernel(motif.ppm, pseudocount=1 / float(motif.n_sites or 1)))


@cache
def _trace(bias: float = 0.0) -> EStepTrace:
    return e_step_trace(load_example("ctcf_peaks")[0], _kernel(), bias=bias)


@cache
def _shuffled(occurrence: str = "oops") -> EStepTrace:
    return e_step_trace(shuffle_dinucleotides(load_example("ctcf_peaks"))[0], _kernel(), occurrence=occurrence)


def _ratio() -> float:
    a, b = np.asarray(site_posterior(np.array([_LEAD, 0.0])))
    return float(a / b)


def _bayes_by_hand() -> Array:
    """Of the whole sequence, for every start: the chance of all its letters, with the site there."""
    trace = _trace()
    codes = ["ACGT".index(letter) for letter in trace.sequence]
    log_p, log_q = np.log(np.asarray(trace.pwm.ppm)), math.log(0.25)
    width = log_p.shape[1]
    chance = [
        sum(log_p[codes[i + j], j] for j in range(width)) + (len(codes) - width) * log_q
        for i in range(len(codes) - width + 1)
    ]
    return softmax(chance)


def _liked(text: str) -> Array:
    kernel = np.array([[1.2 if letter == liked else -0.6 for liked in _LIKED] for letter in "ACGT"])
    return np.asarray(e_step_trace(text, kernel).posterior)


def _best_start(text: str) -> int:
    return int(_liked(text).argmax()) + 1


def _other_strand() -> str:
    return _SHORT.translate(str.maketrans("ACGT", "TGCA"))[::-1]


QUESTIONS = (
    Question(
        "pooling_lead",
        "With m = 1 one window scores 1.1 (ln 3) more than another. How many times as likely is the site there?",
        (
            Option(
                "1.1",
                "1.1 times.",
                "Scores are logarithms, so a difference of scores is a ratio of chances: e to the 1.1 is {ratio:.0f}.",
            ),
            Option("3", "3 times.", "e to the 1.1 is {ratio:.0f}: a difference of scores is a ratio of chances."),
            Option(
                "20",
                "About 20 times.",
                "That would be e to the 3. The difference is 1.1, and e to that is {ratio:.0f}.",
            ),
        ),
        lambda: nearest(_LEADS, _ratio()),
        lambda: nearest(_LEADS, math.exp(_LEAD) / math.exp(0)),
        lambda: {"ratio": _ratio()},
    ),
    Question(
        "pooling_constant",
        "All scores of the peak get 2 more, by the bias. What happens to the weights?",
        (
            Option(
                "same",
                "Nothing.",
                "Every exponential gets the same factor, e², and dividing by the sum takes it "
                "away: the largest weight is {before:.2f} and stays it.",
            ),
            Option(
                "best",
                "The best window gets more.",
                "It would if differences grew. They stay, and with them all ratios: {before:.2f} before and after.",
            ),
            Option(
                "even",
                "They become more alike.",
                "For that the differences would have to shrink, as with a smaller "
                "m. Here they stay: {before:.2f} before and after.",
            ),
        ),
        lambda: {"same": "same", "changed": "best"}[is_same(_trace().weights, _trace(2.0).weights)],
        lambda: {"same": "same", "changed": "best"}[is_same(softmax(_trace().scores), softmax(_trace(2.0).scores))],
        lambda: {"before": float(np.max(_trace().weights))},
    ),
    Question(
        "pooling_no_site",
        "The peak's letters are shuffled: no site is left. What do the weights sum to?",
        (
            Option(
                "0",
                "0: there is nothing to find.",
                "The model says that there is exactly one site, so the weights "
                "sum to 1 on any sequence; the best window of the shuffled one gets {best:.2f}.",
            ),
            Option(
                "1",
                "1, as always.",
                "The question was where the site is, not whether: the best window of the "
                "shuffled sequence gets {best:.2f}. With none or one site (ZOOPS) the sum is {zoops:.4f}.",
            ),
            Option(
                "some",
                "Something in between.",
                "So it is in a model with none or one site (ZOOPS): {zoops:.4f}. "
                "ePooling is the model with exactly one, whose weights sum to 1.",
            ),
        ),
        lambda: nearest({"0": 0.0, "1": 1.0, "some": 0.5}, np.sum(_shuffled().weights)),
        lambda: nearest({"0": 0.0, "1": 1.0, "some": 0.5}, softmax(_shuffled().scores).sum()),
        lambda: {
            "best": float(np.max(_shuffled().weights)),
            "zoops": float(np.sum(_shuffled("zoops").posterior)),
        },
    ),
    Question(
        "pooling_bayes",
        "A statistician takes the letter probabilities, a uniform prior over the starts and Bayes' rule. How far "
        "from the network's weights does she end?",
        (
            Option(
                "equal",
                "Nowhere: they are the same numbers.",
                "On all {windows} windows, to rounding. The letters "
                "outside of the site are background whatever the start, and cancel.",
            ),
            Option(
                "near",
                "Near: the softmax approximates it.",
                "There is no approximation in it: on all {windows} windows the two agree to rounding.",
            ),
            Option(
                "far",
                "Far: a network knows no statistics.",
                "It needs none: an exponential divided by a sum is "
                "Bayes' rule with a uniform prior. On all {windows} windows the two agree to rounding.",
            ),
        ),
        lambda: "equal" if _trace().errors["posterior"] < 1e-9 else "near",
        lambda: "equal" if np.abs(_bayes_by_hand() - _trace().weights).max() < 1e-9 else "near",
        lambda: {"windows": len(_trace().weights)},
    ),
)

WEIGHTS = Exercise(
    "pooling_weights",
    "Four windows score 2, 1, 0 and −1; m is 0.5. What are their weights?",
    Column(("window 1", "window 2", "window 3", "window 4")),
    lambda: np.asarray(site_posterior(_SCORES, m=_M)),
    lambda: softmax(_M * _SCORES),
    (
        Slip(lambda: softmax(_SCORES), "You forgot m: the exponent is 0.5 times the score."),
        Slip(lambda: np.exp(_M * _SCORES), "These are the exponentials; divide them by their sum."),
        Slip(
            lambda: _SCORES / _SCORES.sum(),
            "These are shares of the scores. Exponentiate first: a score may be negative, a probability not.",
        ),
        Slip(lambda: np.array([1.0, 0, 0, 0]), "This is max pooling: all weight to the best window."),
        Slip(lambda: np.full(4, 0.25), "This is average pooling: m would be 0."),
        Slip(lambda: softmax(_SCORES / _M), "You divided by m; multiply."),
    ),
    "From window to window the weight falls by the same factor, e to the 0.5.",
    "exponentials = np.exp(0.5 * scores)\nexponentials / exponentials.sum()    # site_posterior(scores, m=0.5)",
    "import numpy as np\n\nscores = np.array([2.0, 1.0, 0.0, -1.0])",
)

START = Exercise(
    "pooling_start",
    f"A kernel gives 1.2 for each letter that agrees with {_LIKED} and −0.6 for any other. At which letter of "
    f"`{_SHORT}` does its likeliest site start, counted from 1?",
    Place("the letter at which the window starts"),
    lambda: _best_start(_SHORT),
    lambda: _SHORT.index(_LIKED) + 1,
    (
        Slip(lambda: _best_start(_SHORT) - 1, "Off by one: Python counts from 0, here letters count from 1."),
        Slip(lambda: _best_start(_SHORT) + len(_LIKED) - 1, "That is the last letter of the site."),
        Slip(lambda: _best_start(_SHORT) + len(_LIKED) // 2, "That is the middle of the site."),
        Slip(lambda: _best_start(_other_strand()), "That is on the other strand; the kernel reads the given one."),
        Slip(lambda: len(_SHORT) - _best_start(_SHORT) + 1, "Counted from the other end."),
    ),
    "All five letters agree there; the next best window lacks one.",
    "from epool_viz import e_step_trace\n\nint(e_step_trace(sequence, kernel).posterior.argmax()) + 1",
    "import numpy as np\n\n"
    f'sequence = "{_SHORT}"\n'
    f'kernel = np.array([[1.2 if a == liked else -0.6 for liked in "{_LIKED}"] for a in "ACGT"])',
)

LESSON = Lesson(
    "pooling_is_the_e_step",
    "Pooling is the E-step",
    "The weights of expectation pooling are the chances that the site starts there, by Bayes' rule.",
    (
        "turn scores into weights, and say what m does to them;",
        "say why the weights are a posterior, of which model;",
        "say what the pooled number is an expectation of.",
    ),
    (
        Statement(
            "The weight of a window is its exponential over their sum.", r"\pi_i = \frac{e^{m x_i}}{\sum_k e^{m x_k}}"
        ),
        Statement(
            "With exactly one site, its start uniform, this is the posterior.",
            r"\pi_i = P(\text{the site starts at } i \mid S)",
        ),
        Statement(
            "The pooled number, less the offset, is the expected log odds of the windows w: what the E-step gives.",
            r"\text{ePool} = \text{offset} + \sum_i \pi_i \log_b \frac{P(w_i \mid p)}{P(w_i \mid q)}",
        ),
    ),
    'lessons.panel("e_step", jaspar="CTCF", example="ctcf_peaks", index=0)',
    "Press *Play*, then move *m* up and down. When does a single window hold everything, and what becomes of the logo?",
    lambda: show_posterior(_trace(), "CTCF on a ChIP-seq peak, m = 1"),
    (
        Text(
            "## Which window?\n\nA pooling layer makes one number of the scores of all windows. Max pooling trusts "
            "one window, average pooling all alike. Expectation pooling weighs each. The kernel below is CTCF's log "
            "odds, the sequence a ChIP-seq peak."
        ),
        Code(
            "from epool_viz import e_step_trace, lessons, load_example, load_jaspar, pwm_to_kernel\n\n"
            'motif = load_jaspar("CTCF")\nkernel = pwm_to_kernel(motif.ppm, pseudocount=1 / motif.n_sites)\n'
            'trace = e_step_trace(load_example("ctcf_peaks")[0], kernel)\nlessons.show_scores(trace)'
        ),
        Text("## Predict, then see\n\nScores are exponentiated, then divided by their sum."),
        QUESTIONS[0],
        Text("The scores from above, as weights:"),
        Code("lessons.show_posterior(trace)"),
        Text("Two windows compete, all others are out. Now the bias goes up."),
        QUESTIONS[1],
        Text(
            "## Whose probabilities?\n\nWeights that are positive and sum to 1 are not yet probabilities *of* "
            "something. The model behind them: exactly one site, at any window with the same chance, its letters "
            "drawn from the motif, all others from the background. It is the first model of EM for motifs (Lawrence "
            "and Reilly, 1990), by the name of OOPS."
        ),
        QUESTIONS[2],
        Text("And the same by the book:"),
        QUESTIONS[3],
        Text("Both routes, on the three best windows:"),
        Code(
            "best = trace.weights.argsort()[::-1][:3]\n"
            'rows = {"weight, by softmax": trace.weights[best], "posterior, by Bayes": trace.bayes_posterior[best]}\n'
            'lessons.show_table(rows, [f"start {i + 1}" for i in best], caption="Two routes", digits=3)'
        ),
        Text(
            "The published network bends negative scores and keeps only local winners before it pools. Then the "
            "weights are a posterior over something else, and the software says so."
        ),
        WEIGHTS,
        START,
    ),
    "*m* is often called a temperature. What does the logo in the panel say against that name?",
    "A temperature may be chosen freely. Here *m* fixes the base of the logarithm, e^m, and so the motif that the "
    "kernel means: moving *m* moves the logo. Given a motif, *m* is no longer free.",
    Notes(
        (
            (3, "goals, and the panel: Play, then m"),
            (3, "scores on a peak; question 1"),
            (3, "weights; question 2"),
            (4, "the model behind them; questions 3 and 4"),
            (4, "the two exercises"),
            (2, "open question in pairs"),
        ),
        (
            ("Twice the score is twice the weight.", "pooling_lead"),
            ("A larger bias makes the network surer of a place.", "pooling_constant"),
            ("A posterior of 0.9 says that there is a site.", "pooling_no_site"),
            ("Softmax is a trick that happens to look like a probability.", "pooling_bayes"),
        ),
        (
            "Before Play: where would you say the site is, and how sure are you?",
            "What does the network do on a sequence without a site?",
            "Which sentence of the model is wrong for real peaks, and what would change?",
        ),
    ),
)
