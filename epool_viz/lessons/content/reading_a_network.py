"""Lesson 6: reading a trained network."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from epool_viz.core.heuristics import heuristic_pfm
from epool_viz.core.kernels import kernel_to_pwm
from epool_viz.core.motifs import consensus, kl_divergence
from epool_viz.core.pooling import expectation_pool
from epool_viz.core.trace import e_step_trace
from epool_viz.core.types import Array
from epool_viz.data.examples import example_log_base, load_example, load_example_model
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.lessons.checking import Letters, Number, Slip
from epool_viz.lessons.content._values import is_same
from epool_viz.lessons.lesson import Code, Exercise, Lesson, Notes, Option, Question, Statement, Text
from epool_viz.lessons.pictures import show_logo

NETWORK = "ctcf_expectation"
BASE = 27  # the likeliest base of its kernels, rounded
_STRONGEST, _AGAINST, _IDLE = 4, 3, 9  # places among its kernels
_P = np.array([0.05, 0.05, 0.85, 0.05])
_Q = np.array([0.10, 0.05, 0.70, 0.15])
_LEAST = 0.05  # of an output weight that counts


@cache
def _kernels() -> Array:
    return np.asarray(load_example_model(NETWORK).model.kernels, dtype=float)


@cache
def _weights() -> Array:
    return np.asarray(load_example_model(NETWORK).model.output_weights, dtype=float)


def likeliest_base() -> int:
    """Of the network's kernels on its peaks, rounded."""
    return round(math.exp(example_log_base(NETWORK)))


def _ppm(place: int) -> Array:
    return np.asarray(kernel_to_pwm(_kernels()[place], base=BASE).ppm)


def _word(place: int) -> str:
    return str(consensus(_ppm(place), "ACGT"))


def _turned(word: str) -> str:
    return word.translate(str.maketrans("ACGT", "TGCA"))[::-1]


def _agreement(a: str, b: str) -> int:
    """Letters in which two words agree, in their best alignment with at least ten columns."""
    found = []
    for shift in range(-len(b) + 10, len(a) - 9):
        pairs = [(a[i], b[i - shift]) for i in range(len(a)) if 0 <= i - shift < len(b)]
        found.append(sum(x == y for x, y in pairs))
    return max(found)


def _strand() -> str:
    known = str(consensus(load_jaspar("CTCF").ppm, "ACGT"))
    other, given = _agreement(_turned(_word(_STRONGEST)), known), _agreement(_word(_STRONGEST), known)
    return "other" if other > max(given, 8) else "wrong"


def _strand_by_score() -> str:
    """Which strand of JASPAR's motif the kernel itself scores higher, slid along it."""
    ppm = np.asarray(load_jaspar("CTCF").ppm)
    best = {}
    for name, motif in {"given": ppm, "other": ppm[::-1, ::-1]}.items():
        padded = np.pad(motif, ((0, 0), (5, 5)), constant_values=0.25)
        kernel = _kernels()[_STRONGEST]
        best[name] = max(
            float((padded[:, i : i + 15] * kernel).sum()) for i in range(padded.shape[1] - kernel.shape[1] + 1)
        )
    return "other" if best["other"] > best["given"] else "wrong"


def _moved_by_threshold() -> str:
    peaks, kernel = load_example("ctcf_peaks"), _kernels()[_STRONGEST]
    low, high = (np.asarray(heuristic_pfm(peaks, kernel, threshold=t).pfm) for t in (0.0, 0.5))
    exact = [kernel_to_pwm(kernel, base=BASE).ppm for _ in (0.0, 0.5)]
    moves = is_same(low / low.sum(0), high / high.sum(0)), is_same(*exact)
    return {("changed", "same"): "heuristic", ("changed", "changed"): "both"}.get(moves, "exact")


def _moved_by_hand() -> str:
    """Which peaks' best windows pass the threshold; no threshold is in the exact reading."""
    kernel = _kernels()[_STRONGEST]
    best = np.array(
        [float(np.max(e_step_trace(peak, kernel).scores)) for peak in list(load_example("ctcf_peaks"))[:100]]
    )
    passing = [int((best > t * best.max()).sum()) for t in (0.0, 0.5)]
    return "heuristic" if passing[0] != passing[1] else "exact"


def _used(threshold: float) -> int:
    found = heuristic_pfm(load_example("ctcf_peaks"), _kernels()[_STRONGEST], threshold=threshold)
    return round(float(np.asarray(found.pfm)[:, 0].sum()))


def _pooled(text: str, place: int) -> float:
    return float(e_step_trace(text, _kernels()[place]).pooled)


def _with_site(place: int) -> tuple[str, str]:
    peak = str(load_example("ctcf_peaks")[0])
    return peak, peak[:20] + _word(place) + peak[35:]


def _change(place: int) -> float:
    """Of the output, by this kernel alone, when its likeliest word is written into a peak."""
    before, after = _with_site(place)
    return float(_weights()[place]) * (_pooled(after, place) - _pooled(before, place))


def _change_by_hand(place: int) -> float:
    kernel = _kernels()[place]
    pooled = []
    for text in _with_site(place):
        codes = np.array(["ACGT".index(letter) for letter in text])
        scores = [sum(kernel[codes[i + j], j] for j in range(15)) for i in range(len(codes) - 14)]
        pooled.append(float(expectation_pool(np.array(scores))))
    return float(_weights()[place]) * (pooled[1] - pooled[0])


def _sign(change: float) -> str:
    return "against" if change < 0 else "for"


def _idle_error() -> str:
    return "exact" if e_step_trace(load_example("ctcf_peaks")[0], _kernels()[_IDLE]).errors["score"] < 1e-9 else "vague"


def _idle_error_by_hand() -> str:
    kernel = _kernels()[_IDLE]
    reading = kernel_to_pwm(kernel)
    log_odds = np.log(np.asarray(reading.ppm) / 0.25)
    word = np.arange(15) % 4
    score = float(kernel[word, np.arange(15)].sum())
    read = float(log_odds[word, np.arange(15)].sum()) + float(reading.offset)
    return "exact" if abs(score - read) < 1e-9 else "vague"


def _kl(p: Any, q: Any) -> float:
    return float(kl_divergence(np.asarray(p)[:, None], np.asarray(q)[:, None])[0])


QUESTIONS = (
    Question(
        "network_strand",
        "The strongest kernel of a network trained on CTCF peaks reads AGCGCCCTCTGGTGG. JASPAR's CTCF is "
        "GCCACCAGGGGGCGC. What has the network learnt?",
        (
            Option(
                "wrong",
                "Another motif.",
                "Read it from the other strand: {turned}. With JASPAR's it agrees in {agree} letters.",
            ),
            Option(
                "other",
                "CTCF, on the other strand.",
                "Its reverse complement is {turned}, which agrees with JASPAR's in "
                "{agree} letters. A network does not care on which strand it writes a motif down.",
            ),
            Option(
                "flip",
                "CTCF, but it has to be flipped: a convolution turns kernels.",
                "Backwards alone it is no CTCF, and "
                "networks do not flip. It is the other strand, backwards *and* complemented: {turned}.",
            ),
        ),
        _strand,
        _strand_by_score,
        lambda: {
            "turned": _turned(_word(_STRONGEST)),
            "agree": _agreement(_turned(_word(_STRONGEST)), str(consensus(load_jaspar("CTCF").ppm, "ACGT"))),
        },
    ),
    Question(
        "network_threshold",
        "The usual way to a kernel's logo aligns the windows whose score exceeds a threshold, and counts. The "
        "threshold goes from 0 to half of the best score. Which logo changes?",
        (
            Option(
                "heuristic",
                "The aligned one only.",
                "At 0 {low} windows are counted, at a half {high}. The exact reading "
                "has no threshold: it is computed from the kernel alone.",
            ),
            Option(
                "both",
                "Both: another threshold, another motif.",
                "The exact reading has no threshold, and needs no "
                "sequences. Only the aligned logo changes: {low} windows at 0, {high} at a half.",
            ),
            Option(
                "exact",
                "The exact one only.",
                "It is computed from the kernel alone; nothing of a threshold is in it. The "
                "aligned logo changes: {low} windows at 0, {high} at a half.",
            ),
        ),
        _moved_by_threshold,
        _moved_by_hand,
        lambda: {"low": _used(0.0), "high": _used(0.5)},
    ),
    Question(
        "network_against",
        "Kernel 4 has the output weight {w}. Its likeliest word is written into a peak. What does the network say "
        "then?",
        (
            Option(
                "against",
                "Rather *not bound*.",
                "Its pooled score rises, times a negative weight: the output changes by "
                "{change:.2f}. The motif speaks against binding.",
            ),
            Option(
                "for",
                "Rather *bound*: a motif is a motif.",
                "The kernel says how well its motif fits, the output weight "
                "whether that is good news. Here it is not: {change:.2f}.",
            ),
            Option(
                "nothing",
                "Nothing: a negative kernel is off.",
                "It is at work: its pooled score rises and the output changes by {change:.2f}. Off is a weight of 0.",
            ),
        ),
        lambda: _sign(_change(_AGAINST)),
        lambda: _sign(_change_by_hand(_AGAINST)),
        lambda: {"change": _change(_AGAINST), "w": f"{_weights()[_AGAINST]:.2f}"},
    ),
    Question(
        "network_idle",
        "{idle} of the 16 kernels have output weights below 0.05. What is true of their logos?",
        (
            Option(
                "exact",
                "They are exact, and count for next to nothing.",
                "Score is log odds plus offset for these as well, "
                "to rounding. What a kernel means and whether the network uses it are two questions.",
            ),
            Option(
                "vague",
                "They are vague: the reading fails for untrained kernels.",
                "The reading is algebra and cannot "
                "fail: to rounding, here too. It is the network that does not use them.",
            ),
            Option(
                "useful",
                "They show what else the network knows.",
                "They show where chance began: nothing in the output "
                "has taught them. Look at the output weight before you look at a logo.",
            ),
        ),
        _idle_error,
        _idle_error_by_hand,
        lambda: {"idle": int((np.abs(_weights()) < _LEAST).sum())},
    ),
)

STRAND = Exercise(
    "network_other_strand",
    "The strongest kernel reads AGCGCCCTCTGGTGG. Write the same site as the other strand has it, to compare it with "
    "JASPAR's.",
    Letters(15),
    lambda: _turned(_word(_STRONGEST)),
    lambda: "".join({"A": "T", "C": "G", "G": "C", "T": "A"}[letter] for letter in reversed("AGCGCCCTCTGGTGG")),
    (
        Slip(lambda: _word(_STRONGEST), "This is the strand that is given."),
        Slip(lambda: _word(_STRONGEST)[::-1], "Read backwards, but not complemented: A pairs with T, C with G."),
        Slip(
            lambda: _turned(_word(_STRONGEST))[::-1],
            "Complemented, but not read backwards: the other strand runs the other way.",
        ),
        Slip(lambda: _turned(_word(_STRONGEST))[1:], "A letter is missing at the beginning."),
        Slip(lambda: _turned(_word(_STRONGEST))[:-1], "A letter is missing at the end."),
    ),
    "CCACCAG, then GGGCGC: CTCF as everyone knows it.",
    'word.translate(str.maketrans("ACGT", "TGCA"))[::-1]',
    'word = "AGCGCCCTCTGGTGG"',
)

DIVERGENCE = Exercise(
    "network_divergence",
    "A column of a kernel means A 0.05, C 0.05, G 0.85, T 0.05; one M-step of EM on the peaks makes A 0.10, C 0.05, "
    "G 0.70, T 0.15 of it. How far is the exact column from the one of EM, by the divergence (KL) of the first from "
    "the second, in bits?",
    Number("bits"),
    lambda: _kl(_P, _Q),
    lambda: float(sum(p * math.log2(p / q) for p, q in zip(_P.tolist(), _Q.tolist(), strict=True))),
    (
        Slip(lambda: _kl(_Q, _P), "This is the divergence of the second from the first; it is not symmetric."),
        Slip(
            lambda: np.abs(_P - _Q).sum(),
            "These are differences of probabilities; take logarithms of ratios, weighed by the first.",
        ),
        Slip(lambda: np.log2(_P / _Q).sum(), "You forgot to weigh each logarithm by its probability."),
        Slip(lambda: np.log2(_P / _Q).mean(), "Weigh by the probabilities of the first column, not by a quarter each."),
        Slip(lambda: 0.85 * math.log2(0.85 / 0.70), "This is the letter G alone; add the other three."),
    ),
    "Small: the kernel is near a fixed point of EM here.",
    "(p * np.log2(p / q)).sum()    # kl_divergence(p[:, None], q[:, None])",
    "import numpy as np\n\np = np.array([0.05, 0.05, 0.85, 0.05])\nq = np.array([0.10, 0.05, 0.70, 0.15])",
)

LESSON = Lesson(
    "reading_a_network",
    "Reading a trained network",
    "What each kernel of a network means exactly, what the usual logos add to that, and what counts.",
    (
        "read a kernel of a trained network, strand and base included;",
        "tell an exact logo from an aligned one;",
        "say which kernels count, for and against.",
    ),
    (
        Statement(
            "The exact motif needs the kernel alone.",
            r"p[a,j] = \frac{q_a\, b^{W[a,j]}}{\sum_{a'} q_{a'}\, b^{W[a',j]}}",
        ),
        Statement(
            "The aligned logo counts the windows above a threshold t of the best score.",
            r"n[a,j] = \sum_{i:\, x_i > t\, x_{\max}} X[a, i+j]",
        ),
        Statement(
            "What is said of the sequence adds up over the kernels.",
            r"\text{output} = \sum_k w_k\, \text{ePool}_k + w_0",
        ),
    ),
    f'lessons.panel("logos", trained="{NETWORK}", m={math.log(BASE):.3f})',
    "A network with expectation pooling, trained to tell CTCF peaks from shuffled ones. Go on with →, "
    "strongest first. Which numbers say that a kernel matters?",
    lambda: show_logo(_ppm(_STRONGEST), f"The strongest kernel of a CTCF network, base {BASE}"),
    (
        Text(
            "## The strongest kernel\n\nIts numbers are read to a base. Kernels have no unit of their own; 27 is "
            "the base under which this network's best windows are likeliest, and `estimate_base` finds it."
        ),
        Code(
            "from epool_viz import kernel_to_pwm, lessons, load_example_model\n\n"
            f'network = load_example_model("{NETWORK}").model\n'
            "strongest = int(network.output_weights.argmax())\n"
            f"reading = kernel_to_pwm(network.kernels[strongest], base={BASE})\n"
            'lessons.show_logo(reading.ppm, f"Kernel {strongest + 1}, base 27")'
        ),
        Text("## Predict, then see"),
        QUESTIONS[0],
        Text(
            "## The usual logo\n\nMost papers draw a kernel by the windows that it likes: take those above a "
            "threshold, align, count. It looks like a motif of the kernel; it is a motif of the kernel *and* the "
            "sequences."
        ),
        QUESTIONS[1],
        Text("The aligned logo at half of the best score:"),
        Code(
            "from epool_viz import heuristic_pfm, load_example, pfm_to_ppm\n\n"
            'peaks = load_example("ctcf_peaks")\n'
            "aligned = heuristic_pfm(peaks, network.kernels[strongest], threshold=0.5)\n"
            'lessons.show_logo(pfm_to_ppm(aligned.pfm), "Aligned windows above half of the best score")'
        ),
        Text("## Which kernels count?\n\nBehind the pooling each kernel has one output weight."),
        Code(
            "order = abs(network.output_weights).argsort()[::-1][:8]\n"
            'lessons.show_bars(network.output_weights[order], [f"{k + 1}" for k in order], "Output weight, by kernel")'
        ),
        Text("A weight may be negative."),
        QUESTIONS[2],
        Text("And the others?"),
        QUESTIONS[3],
        Text(
            "So a kernel is read in this order: its output weight, its strand, its base, then the logo. And one "
            "logo is one kernel: what two of them say together, only the sum over the kernels shows."
        ),
        STRAND,
        DIVERGENCE,
    ),
    "Two kernels of the network read CTCF, one on each strand. Why did training not merge them? Would you?",
    "Each scans the given strand only, so two are needed to find sites on both. A network that scans both strands "
    "with one kernel needs one. Merging them by hand changes the output unless the strand is scanned as well.",
    Notes(
        (
            (4, "goals, and the panel: kernels, strongest first"),
            (3, "the strongest kernel; question 1"),
            (4, "the usual logo; question 2"),
            (3, "output weights; questions 3 and 4"),
            (4, "the two exercises"),
            (1, "open question in pairs"),
        ),
        (
            ("What is not in the database as it stands is new.", "network_strand"),
            ("A logo of a kernel is a property of the kernel.", "network_threshold"),
            ("A motif that a network has learnt speaks for binding.", "network_against"),
            ("Every kernel of a trained network is trained.", "network_idle"),
        ),
        (
            "Which kernel would you show in a paper, and what would the caption have to say?",
            "Two groups draw different logos of the same kernel. What do you ask first?",
            "How would you find out whether two kernels work together?",
        ),
    ),
)
