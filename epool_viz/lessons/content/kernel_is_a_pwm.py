"""Lesson 2: a kernel is a PWM."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from epool_viz.core.kernels import kernel_to_pwm
from epool_viz.core.motifs import information_content
from epool_viz.core.trace import e_step_trace
from epool_viz.data.examples import load_example
from epool_viz.lessons.checking import Column, Number, Slip
from epool_viz.lessons.lesson import Code, Exercise, Lesson, Notes, Option, Question, Statement, Text
from epool_viz.lessons.pictures import show_logo

_RANDOM = np.random.default_rng(7).normal(size=(4, 9))
_COLUMN = np.array([1.0, 0.0, 0.0, -1.0])  # a column of a kernel: A, C, G, T
_SKEWED = np.array([0.3, 0.2, 0.2, 0.3])
_KERNEL = np.array([[1.0, -0.5, 0.2], [0.0, 1.0, 0.2], [0.0, -0.5, 0.2], [-1.0, 0.0, 0.2]])
_BIAS = 0.5
_MOVED = 5.0


def _peak() -> Any:
    return load_example("ctcf_peaks")[0]


def _moved(kernel: Any) -> Any:
    kernel = kernel.copy()
    kernel[:, 3] += _MOVED
    return kernel


def _is_same(a: Any, b: Any) -> str:
    return "same" if np.allclose(a, b, atol=1e-12) else "changed"


def _random_means() -> str:
    return "yes" if e_step_trace(_peak(), _RANDOM).errors["score"] < 1e-9 else "no"


def _random_means_by_hand() -> str:
    """Each window looked up letter by letter, in the probabilities that the kernel means."""
    codes = ["ACGT".index(letter) for letter in _peak()]
    weights = np.exp(_RANDOM) / 4
    total = weights.sum(0)
    log_ratios = np.log(4 * weights / total)
    for i in range(len(codes) - 8):
        window = codes[i : i + 9]
        score = sum(_RANDOM[a, j] for j, a in enumerate(window))
        read = sum(log_ratios[a, j] for j, a in enumerate(window)) + np.log(total).sum()
        if abs(score - read) > 1e-9:
            return "no"
    return "yes"


def _rise() -> float:
    before, after = (kernel_to_pwm(kernel).offset for kernel in (_RANDOM, _moved(_RANDOM)))
    return float(after - before)


def _rise_of_scores() -> float:
    before, after = (np.asarray(e_step_trace(_peak(), kernel).scores) for kernel in (_RANDOM, _moved(_RANDOM)))
    return float((after - before).mean())


def _rise_named(rise: float) -> str:
    return min({"none": 0.0, "shared": _MOVED / 9, "all": _MOVED}.items(), key=lambda item: abs(item[1] - rise))[0]


def _bits(kernel: Any, m: float = 1.0) -> float:
    return float(information_content(kernel_to_pwm(kernel, base=math.exp(m)).ppm).sum())


def _softmax_bits(kernel: Any) -> float:
    weights = np.exp(kernel - kernel.max(0))
    p = weights / weights.sum(0)
    return float((2 + (p * np.log2(p)).sum(0)).sum())


def _compared(before: float, after: float) -> str:
    return "sharper" if after > before + 1e-9 else "blunter" if after < before - 1e-9 else "same"


def _of_column(q: Any, base: float = math.e) -> Any:
    return np.asarray(kernel_to_pwm(_COLUMN[:, None], background=q, base=base).ppm)[:, 0]


def _by_hand(column: Any, q: Any) -> Any:
    weights = np.asarray(q) * np.exp(column)
    return weights / weights.sum()


def _offset(bias: float = _BIAS) -> float:
    return float(kernel_to_pwm(_KERNEL, bias=bias).offset)


def _offset_by_hand() -> float:
    return _BIAS + sum(math.log(sum(math.exp(w) for w in column) / 4) for column in _KERNEL.T.tolist())


QUESTIONS = (
    Question(
        "kernel_random",
        "The numbers of this kernel were drawn at random. Does it mean a motif?",
        (
            Option(
                "yes",
                "Yes, exactly one.",
                "On all {windows} windows of the peak the score is log odds plus offset: the two routes agree to "
                "rounding. The motif is a poor one, {bits:.1f} bits, but it is there.",
            ),
            Option(
                "trained",
                "Only after training.",
                "Training chooses which motif it is. The identity is algebra and holds for any numbers, on all "
                "{windows} windows of this peak.",
            ),
            Option(
                "no",
                "No: its columns do not sum to 0.",
                "Nothing has to sum to anything: what the columns are above log odds goes into the offset, "
                "here {offset:.2f} nats.",
            ),
        ),
        _random_means,
        _random_means_by_hand,
        lambda: {
            "windows": len(e_step_trace(_peak(), _RANDOM).scores),
            "bits": _bits(_RANDOM),
            "offset": float(kernel_to_pwm(_RANDOM).offset),
        },
    ),
    Question(
        "kernel_constant",
        "Every number in column 4 gets 5 more. What happens to the logo?",
        (
            Option(
                "same",
                "Nothing.",
                "Probabilities come from differences within a column, and those stay: {bits:.1f} bits before and "
                "after.",
            ),
            Option(
                "changed",
                "Column 4 gets taller.",
                "Taller means larger differences between its four letters. All four got the same 5, so it stays: "
                "{bits:.1f} bits before and after.",
            ),
            Option(
                "others",
                "The other columns get lower.",
                "Columns do not compete: each has its own four letters, whose probabilities sum to 1 by themselves.",
            ),
        ),
        lambda: _is_same(kernel_to_pwm(_RANDOM).ppm, kernel_to_pwm(_moved(_RANDOM)).ppm),
        lambda: _is_same(_softmax_bits(_RANDOM), _softmax_bits(_moved(_RANDOM))),
        lambda: {"bits": _bits(_RANDOM)},
    ),
    Question(
        "kernel_offset",
        "And where have the 5 gone?",
        (
            Option(
                "none",
                "Nowhere: dividing by the sum removes them.",
                "Dividing removes them from the probabilities. The scores still have them: each window has exactly one "
                "letter in column 4, so each score rose by {rise:.0f}.",
            ),
            Option(
                "all",
                "Into the offset: it and every score rise by 5.",
                "Each window has one letter in column 4, so each score rose by {rise:.0f}, and so did the offset.",
            ),
            Option(
                "shared",
                "Each score rises by 5 divided by the 9 columns.",
                "A score is a sum over columns, not a mean: each window picks one number of column 4, and that is "
                "{rise:.0f} larger.",
            ),
        ),
        lambda: _rise_named(_rise()),
        lambda: _rise_named(_rise_of_scores()),
        lambda: {"rise": _rise()},
    ),
    Question(
        "kernel_doubled",
        "All numbers of the kernel are doubled. What happens to the logo?",
        (
            Option(
                "same",
                "Nothing: a scale is only a unit.",
                "It would be, if the root of the base were taken as well. With the base kept, ratios of "
                "probabilities are squared: {before:.1f} bits become {after:.1f}.",
            ),
            Option(
                "sharper",
                "It gets taller: the motif is sharper.",
                "Differences double, so ratios of probabilities are squared: {before:.1f} bits become {after:.1f}. "
                "Doubling m does the same.",
            ),
            Option(
                "blunter",
                "It gets lower: the motif is blunter.",
                "Larger differences make the likely letter likelier: {before:.1f} bits become {after:.1f}. Halving the "
                "kernel would make it blunter.",
            ),
        ),
        lambda: _compared(_bits(_RANDOM), _bits(2 * _RANDOM)),
        lambda: _compared(_softmax_bits(_RANDOM), _softmax_bits(2 * _RANDOM)),
        lambda: {"before": _bits(_RANDOM), "after": _bits(2 * _RANDOM)},
    ),
)

COLUMN = Exercise(
    "kernel_column",
    "A column of a kernel holds A 1, C 0, G 0, T −1. The background is A 0.3, C 0.2, G 0.2, T 0.3, the base e. Which "
    "letter probabilities does it mean?",
    Column(),
    lambda: _of_column(_SKEWED),
    lambda: _by_hand(_COLUMN, _SKEWED),
    (
        Slip(lambda: _of_column(None), "You forgot the background: multiply by q before you divide by the sum."),
        Slip(lambda: np.exp(_COLUMN), "These are the exponentials. Multiply by the background, divide by the sum."),
        Slip(lambda: _SKEWED * np.exp(_COLUMN), "You forgot to divide by the sum."),
        Slip(lambda: _of_column(_SKEWED, base=2.0), "The base is e here; this is base 2."),
        Slip(lambda: _of_column(_SKEWED, base=10.0), "The base is e here; this is base 10."),
        Slip(
            lambda: _by_hand(-_COLUMN, _SKEWED),
            "The sign of the exponent is turned: a large number is a likely letter.",
        ),
        Slip(lambda: _COLUMN, "This is the kernel itself; probabilities need the exponential."),
    ),
    "Likely letters are those with a large number and a large background.",
    "q = np.array([0.3, 0.2, 0.2, 0.3])\n"
    "weights = q * np.exp(column)\n"
    "weights / weights.sum()    # kernel_to_pwm(column[:, None], background=q).ppm gives the same",
    "import numpy as np\n\ncolumn = np.array([1.0, 0.0, 0.0, -1.0])",
)

OFFSET = Exercise(
    "kernel_offset_of",
    "A kernel of three columns: (1, 0, 0, −1), (−0.5, 1, −0.5, 0), (0.2, 0.2, 0.2, 0.2), each for A, C, G, T. Its "
    "bias is 0.5, the background uniform, the base e. What is its offset, in nats?",
    Number("nats"),
    _offset,
    _offset_by_hand,
    (
        Slip(lambda: _offset(0.0), "You forgot the bias."),
        Slip(
            lambda: _offset() + 3 * math.log(4),
            "You forgot the background: each letter's exponential counts with q = 1/4.",
        ),
        Slip(
            lambda: _BIAS + float(_KERNEL.mean(0).sum()),
            "This adds the means of the columns; it is the logarithm of the mean of the exponentials that counts.",
        ),
        Slip(lambda: _BIAS - (_offset(0.0)), "The logarithms are subtracted; they are added to the bias."),
        Slip(
            lambda: _BIAS + float(np.log((np.exp(_KERNEL) / 4).sum(0))[0]),
            "This is the first column only: sum over columns.",
        ),
        Slip(lambda: _BIAS + float(np.exp(_KERNEL).mean(0).sum()), "You forgot the logarithms."),
    ),
    "The third column adds 0.2 and means nothing: a constant.",
    "bias + np.log((np.exp(kernel) / 4).sum(axis=0)).sum()",
    "kernel = np.array([[1, -0.5, 0.2], [0, 1, 0.2], [0, -0.5, 0.2], [-1, 0, 0.2]])\nbias = 0.5",
)

LESSON = Lesson(
    "kernel_is_a_pwm",
    "A kernel is a PWM",
    "Whatever numbers a kernel has, its scores are the log odds of one motif, plus one constant.",
    (
        "read any kernel as a motif and an offset;",
        "say which changes of a kernel change the motif, and which do not;",
        "say what the base of the logarithm does.",
    ),
    (
        Statement(
            "A window's score adds up one number of the kernel a letter.",
            r"x_i = c + \sum_j W[S_{i+j},\, j]",
        ),
        Statement(
            "The kernel means these letter probabilities, under background q and base b.",
            r"p[a,j] = \frac{q_a\, b^{W[a,j]}}{\sum_{a'} q_{a'}\, b^{W[a',j]}}",
        ),
        Statement(
            "Every score is the log odds of the window w plus one offset, exactly.",
            r"x_i = \text{offset} + \log_b \frac{P(w_i \mid p)}{P(w_i \mid q)}",
        ),
    ),
    'lessons.panel("pwm", kernel_source="random", width=9, seed=7)',
    "Drag a bar. Then move the base. Which of the two lets the offset move and keeps the logo?",
    lambda: show_logo(kernel_to_pwm(_RANDOM).ppm, "The motif of a random kernel, base e"),
    (
        Text(
            "## Slide it along a real sequence\n\nA convolution layer lays the kernel on every window and adds up "
            "one number a letter. The sequence is a ChIP-seq peak of CTCF, the kernel is of random numbers, as in a "
            "network before training. Networks do not flip the kernel, so neither do we."
        ),
        Code(
            "import numpy as np\n\nfrom epool_viz import e_step_trace, kernel_to_pwm, lessons, load_example\n\n"
            "kernel = np.random.default_rng(7).normal(size=(4, 9))\n"
            'trace = e_step_trace(load_example("ctcf_peaks")[0], kernel)\nlessons.show_scores(trace)'
        ),
        Text("## Predict, then see"),
        QUESTIONS[0],
        Text(
            "## Read it as a motif\n\nRaise the base to each number, multiply by the background, divide each column "
            "by its sum. What is divided away is not lost: the logarithms of the sums, added up with the bias, are "
            "the offset."
        ),
        Code('reading = kernel_to_pwm(kernel)\nlessons.show_logo(reading.ppm, "What the random kernel means")'),
        Text(
            "Both routes side by side: *score* is what the network computes, *log odds* is looked up in the letter "
            "probabilities."
        ),
        Code(
            'rows = {"score": trace.scores[:4], "log odds": trace.log_ratios[:4], "offset": trace.offsets[:4]}\n'
            'lessons.show_table(rows, ["window 1", "2", "3", "4"], caption="The first four windows, nats")'
        ),
        Text("## What changes the motif, and what does not\n\nAdd a constant to a whole column."),
        QUESTIONS[1],
        Text("The constant is somewhere."),
        QUESTIONS[2],
        Text("Now a factor in place of a constant."),
        QUESTIONS[3],
        Text(
            "So a kernel has no unit of its own. ePooling with parameter *m* reads scores to the base $e^m$: a "
            "larger *m* means a sharper motif, out of the same kernel. A logo of a kernel is drawn under some base, "
            "said or not. Below, the bits of the whole motif under four of them."
        ),
        Code(
            "from epool_viz import information_content\n\nms = (0.5, 1.0, 2.0, 4.0)\n"
            "bits = [information_content(kernel_to_pwm(kernel, base=np.exp(m)).ppm).sum() for m in ms]\n"
            'lessons.show_bars(bits, [f"m = {m:g}" for m in ms], "Information of the random kernel", "bits")'
        ),
        COLUMN,
        OFFSET,
    ),
    "Two kernels of one network have the same logo, and one scores 3 higher everywhere. Can the network tell them "
    "apart? What would the layer after the pooling have to do?",
    "The pooled values differ by 3, so the next layer's bias can take it back: the two networks compute the same. A "
    "rectifier before the pooling can tell them apart, and so can a model with at most one site (ZOOPS), which "
    "reads the offset.",
    Notes(
        (
            (2, "goals, and the panel: drag a bar, move the base"),
            (3, "scores on a peak; question 1"),
            (4, "the reading; table of two routes; questions 2 and 3"),
            (2, "question 4 and the base"),
            (5, "the two exercises"),
            (2, "open question in pairs"),
        ),
        (
            ("A kernel becomes a motif by training.", "kernel_random"),
            ("A kernel is a PWM only if its columns are normalised.", "kernel_random"),
            ("Large numbers make a tall logo; it is differences within a column.", "kernel_constant"),
            ("What normalising removes has no effect on the network.", "kernel_offset"),
            ("The scale of a kernel is a mere unit.", "kernel_doubled"),
        ),
        (
            "Point at a tall letter in the logo: which number of the kernel makes it tall?",
            "Which number of the kernel can I change without anyone seeing it in the logo?",
            "Two papers show different logos of one kernel. Who is right?",
        ),
    ),
)
