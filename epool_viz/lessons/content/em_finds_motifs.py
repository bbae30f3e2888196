"""Lesson 5: EM."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from epool_viz.core.em import first_ppms, fit_em, m_step
from epool_viz.core.em_path import Trail, walk_em
from epool_viz.core.motifs import information_content
from epool_viz.core.pooling import logsumexp_pool
from epool_viz.core.types import Array
from epool_viz.core.windows import windows_of
from epool_viz.data.examples import load_example
from epool_viz.lessons.checking import Column, Number, Slip
from epool_viz.lessons.content._values import bits_by_hand, nearest
from epool_viz.lessons.lesson import Code, Exercise, Lesson, Notes, Option, Question, Statement, Text
from epool_viz.lessons.pictures import show_logo

_WIDTH = 22
_GOOD, _POOR = 29, 1  # seeds of random windows
_WORDS = (("TATA", 0.7), ("CATA", 0.2), ("GGCC", 0.1), ("TACA", 0.5), ("AATA", 0.5))  # of two sequences
_RATIOS = np.array([4.0, 2.0, 0.5, 0.5])


@cache
def _walk(seed: int) -> Trail:
    windows = windows_of(load_example("crp0"), _WIDTH)
    [name], [ppm] = first_ppms(windows, "random", seed=seed)
    return walk_em(load_example("crp0"), ppm, name=name)


def _rises(objective: list[float]) -> str:
    steps = np.diff(objective)
    return "rises" if (steps >= -1e-9).all() and steps[0] > 0 else "falls"


def _fitted() -> list[float]:
    found = fit_em(load_example("crp0"), _WIDTH, n_starts=1, seed=_POOR)
    return [float(x) for x in found.history.objective]


def _uniform_motif() -> Array:
    windows = windows_of(load_example("crp0"), _WIDTH)
    return np.asarray(m_step(windows, np.repeat(1 / windows.n_windows, windows.n_windows)))


def _uniform_motif_by_hand() -> list[float]:
    """Bits of each column, if every window of a sequence counts alike."""
    texts = list(load_example("crp0"))
    bits = []
    for j in range(_WIDTH):
        column = np.zeros(4)
        for text in texts:
            part = text[j : len(text) - _WIDTH + 1 + j]
            column += np.array([part.count(letter) for letter in "ACGT"]) / len(part)
        bits.append(bits_by_hand(column / column.sum()))
    return bits


def _flatness(bits: float) -> str:
    return nearest({"flat": 0.0, "motif": 0.6}, bits)


def _share_of_a() -> float:
    """The motif's A in a set of one sequence, AC, with windows of one letter and the posteriors 0.6 and 0.4."""
    return float(m_step(windows_of(["AC"], 1), np.array([0.6, 0.4]))[0, 0])


_SHARES_OF_A = {"winner": 1.0, "both": 0.5, "shares": 0.6}


def _column(place: int, words: tuple[tuple[str, float], ...] = _WORDS) -> Array:
    counts = np.array([sum(p for word, p in words if word[place] == letter) for letter in "ACGT"])
    return np.asarray(counts / counts.sum())


def _column_by_m_step() -> Array:
    windows = windows_of([word for word, _ in _WORDS], 4)
    return np.asarray(m_step(windows, np.array([p for _, p in _WORDS])))[:, 0]


def _evidence() -> float:
    return float(logsumexp_pool(np.log(_RATIOS))) - math.log(len(_RATIOS))


QUESTIONS = (
    Question(
        "em_uniform",
        "Nothing is known: every window of a sequence gets the same posterior. What does the M-step make of it?",
        (
            Option(
                "flat",
                "A flat motif: every column like the sequences' letters.",
                "Every letter counts in every column, "
                "so all columns look like the whole: {bits:.2f} bits a column. EM needs a start that prefers "
                "something.",
            ),
            Option(
                "motif",
                "The motif, faintly: sites are in there.",
                "Sites are in there, but each letter of a site is "
                "counted in every column as well: {bits:.2f} bits a column.",
            ),
            Option(
                "random",
                "A random motif.",
                "There is no chance in it: it counts every letter everywhere, and gets "
                "{bits:.2f} bits a column, every time.",
            ),
        ),
        lambda: _flatness(float(information_content(_uniform_motif()).mean())),
        lambda: _flatness(float(np.mean(_uniform_motif_by_hand()))),
        lambda: {"bits": float(information_content(_uniform_motif()).mean())},
    ),
    Question(
        "em_shares",
        "The E-step gives a window 0.6 and another one 0.4. How do their letters count in the M-step?",
        (
            Option(
                "winner",
                "Only those of the better window.",
                "That would be hard EM, and a wrong early guess would "
                "stay for good. Letters count with the posterior: {share:.1f} and 0.4.",
            ),
            Option(
                "both",
                "Those of both, fully.",
                "Then a sequence with many candidates would count more than one with "
                "a clear site. Each counts 1 in all: {share:.1f} and 0.4.",
            ),
            Option(
                "shares",
                "As 0.6 and 0.4 of a letter.",
                "Expected counts: {share:.1f} and 0.4, in all one site a sequence.",
            ),
        ),
        lambda: nearest(_SHARES_OF_A, _share_of_a()),
        lambda: nearest(_SHARES_OF_A, 0.6 * 1 + 0.4 * 0),
        lambda: {"share": _share_of_a()},
    ),
    Question(
        "em_evidence",
        "E-step, M-step, and again: what does the log evidence (with pseudocounts) of all sequences do?",
        (
            Option(
                "rises",
                "It rises, or stays.",
                "From {first:.1f} to {last:.1f} nats in {n} iterations, and never "
                "down: the M-step takes the best motif for the posterior at hand.",
            ),
            Option(
                "falls",
                "It may fall now and then.",
                "Never: the M-step takes the best motif for the posterior at hand. "
                "From {first:.1f} to {last:.1f} nats in {n} iterations. A fall would be a bug.",
            ),
            Option(
                "jumps",
                "It goes up and down and settles.",
                "Methods with chance in them do that, such as Gibbs "
                "sampling. EM has none: from {first:.1f} to {last:.1f} nats, never down.",
            ),
        ),
        lambda: _rises(_walk(_POOR).objective),
        lambda: _rises(_fitted()),
        lambda: {
            "first": _walk(_POOR).objective[0],
            "last": _walk(_POOR).objective[-1],
            "n": len(_walk(_POOR).objective),
        },
    ),
    Question(
        "em_start",
        "Two people start from different random windows. Where do they end?",
        (
            Option(
                "same",
                "In the same place: evidence only rises.",
                "It rises to the top of the hill that one starts on: "
                "{good:.1f} nats from one window, {poor:.1f} from another.",
            ),
            Option(
                "differ",
                "Perhaps in different places.",
                "{good:.1f} nats from one window, {poor:.1f} from another: "
                "hence several starts, of which the best evidence wins.",
            ),
            Option(
                "never",
                "Nowhere: it does not end.",
                "The evidence rises and has a bound, so steps become tiny: "
                "after {n_good} and {n_poor} iterations another one adds next to nothing.",
            ),
        ),
        lambda: "same" if abs(_walk(_GOOD).evidence[-1] - _walk(_POOR).evidence[-1]) < 0.1 else "differ",
        lambda: "same" if np.allclose(_walk(_GOOD).ppms[-1], _walk(_POOR).ppms[-1], atol=0.05) else "differ",
        lambda: {
            "good": _walk(_GOOD).evidence[-1],
            "poor": _walk(_POOR).evidence[-1],
            "n_good": len(_walk(_GOOD).evidence),
            "n_poor": len(_walk(_POOR).evidence),
        },
    ),
)

M_STEP = Exercise(
    "em_m_step",
    "Two sequences. In the first the E-step gives TATA 0.7, CATA 0.2, GGCC 0.1; in the second TACA 0.5, AATA 0.5. "
    "Which letter probabilities does the M-step give to the **first** column, without pseudocounts?",
    Column(),
    _column_by_m_step,
    lambda: _column(0),
    (
        Slip(lambda: 2 * _column(0), "These are expected counts: divide by the number of sequences, 2."),
        Slip(
            lambda: _column(0, tuple((word, 1.0) for word, _ in _WORDS)),
            "You counted every window fully: weigh each by its posterior.",
        ),
        Slip(lambda: np.array([0.0, 0, 0, 1]), "You counted only the best window of each sequence: that is hard EM."),
        Slip(lambda: _column(3), "This is the last column."),
        Slip(lambda: _column(0, _WORDS[:3]), "This is the first sequence only."),
        Slip(lambda: (2 * _column(0) + 0.25) / 3, "Without pseudocounts, this time."),
    ),
    "T leads, and the second sequence's doubt is in it.",
    'counts = {letter: sum(p for word, p in sites if word[0] == letter) for letter in "ACGT"}\n'
    "np.array(list(counts.values())) / sum(counts.values())",
    'import numpy as np\n\nsites = [("TATA", 0.7), ("CATA", 0.2), ("GGCC", 0.1), ("TACA", 0.5), ("AATA", 0.5)]',
)

EVIDENCE = Exercise(
    "em_evidence_of",
    "The four windows of a sequence have the likelihood ratios 4, 2, 0.5 and 0.5; each start is as likely. What is "
    "the log evidence of the sequence against the background, in nats?",
    Number("nats"),
    _evidence,
    lambda: math.log(float(_RATIOS.mean())),
    (
        Slip(lambda: math.log(float(_RATIOS.sum())), "You forgot the prior: each start has the chance 1/4."),
        Slip(
            lambda: float(np.log(_RATIOS).mean()),
            "This is the mean of the logarithms; it is the logarithm of the mean.",
        ),
        Slip(lambda: float(_RATIOS.mean()), "You forgot the logarithm."),
        Slip(lambda: math.log(4.0), "This is the best window alone; all of them count."),
        Slip(lambda: math.log(4.0 / 4), "This is the best window alone, with its prior; all of them count."),
    ),
    "A little above 0: the sequence is a little likelier with a site than without.",
    "np.log(ratios.mean())",
    "import numpy as np\n\nratios = np.array([4, 2, 0.5, 0.5])",
)

LESSON = Lesson(
    "em_finds_motifs",
    "EM finds motifs",
    "A guess, the sites that fit it, the motif of these sites, and again: how a motif is found that nobody has seen.",
    (
        "do an E-step and an M-step by hand;",
        "say what rises in each iteration, and why the start matters;",
        "say what a pooling layer and EM have in common, and what not.",
    ),
    (
        Statement(
            "E-step: where is the site, if this is the motif?",
            r"\pi_{s,i} = \frac{r_{s,i}}{\sum_k r_{s,k}}, \quad r_{s,i} = \frac{P(w_{s,i} \mid p)}{P(w_{s,i} \mid q)}",
        ),
        Statement(
            "M-step: what is the motif, if the sites are there?",
            r"p[a,j] \propto \sum_s \sum_i \pi_{s,i}\, X_s[a, i+j]",
        ),
        Statement(
            "The log evidence never falls.",
            r"\sum_s \ln \Bigl( \frac{1}{n_s} \sum_i r_{s,i} \Bigr)",
        ),
    ),
    'lessons.panel("em", data="crp0", start="random", seed=29)',
    "18 stretches of *E. coli*, the data that EM for motifs began with; known sites are outlined. Press the button "
    "above the picture, step by step. When do the sites appear, and what does the logo do meanwhile?",
    lambda: show_logo(_walk(_GOOD).ppms[-1], "What EM found in CRP0"),
    (
        Text("## Predict, then see\n\nA start is needed. Why not an honest one, that knows nothing?"),
        QUESTIONS[0],
        Text("So EM starts from a window, taken for a motif, and looks where else it fits."),
        QUESTIONS[1],
        Text(
            "## Walk\n\nThe same as in the panel, from the word of 22 letters that seed 29 draws. The first logo is "
            "that word with some doubt in every letter, the second what EM ends with."
        ),
        Code(
            "import numpy as np\n\nfrom epool_viz import lessons, load_example, walk_em\n\n"
            'word = np.array(list("GTGATTCGATTCACATTTAAAC"))\n'
            'start = 0.1 + 0.6 * (word == np.array(list("ACGT"))[:, None])\n'
            'walk = walk_em(load_example("crp0"), start)\nlessons.show_logo(walk.ppms[0], "The start")'
        ),
        Text("And at the end:"),
        Code('lessons.show_logo(walk.ppms[-1], f"After {len(walk.ppms) - 1} iterations")'),
        Text(
            "## Up, and up only?\n\nThe log evidence says how much likelier all sequences are with sites of this motif."
        ),
        QUESTIONS[2],
        Text("And in the end?"),
        QUESTIONS[3],
        Text("Log evidence of the walk above, iteration by iteration:"),
        Code(
            "rounds = range(1, 1 + min(6, len(walk.evidence)))\n"
            'lessons.show_bars(walk.evidence[: len(rounds)], [f"{k}" for k in rounds], "Log evidence", "nats")'
        ),
        Text(
            "A network with expectation pooling does the E-step in every forward pass. Its other half is no M-step "
            "but gradient descent, on whether the *label* is right: it learns what tells bound from unbound, EM "
            "what the sites look like. Often that is the same motif, and not always."
        ),
        M_STEP,
        EVIDENCE,
    ),
    "EM found a motif with one column more on the left than the known sites, and one fewer on the right. Is that "
    "wrong? Why does EM not mend it?",
    "A shifted motif is nearly as good and a hill of its own: to move by one column EM would have to move all sites "
    "at once, through motifs with less evidence. Programs try shifted starts, or several.",
    Notes(
        (
            (4, "goals, and the panel: step by step"),
            (3, "questions 1 and 2"),
            (3, "the walk: two logos"),
            (3, "questions 3 and 4"),
            (4, "the two exercises"),
            (2, "open question in pairs"),
        ),
        (
            ("An open mind is the best start.", "em_uniform"),
            ("The E-step picks a site.", "em_shares"),
            ("EM wanders until it finds something.", "em_evidence"),
            ("What always rises ends at the top.", "em_start"),
        ),
        (
            "Before the first E-step: how many sequences will have one clear favourite?",
            "You ran EM once. What do you report?",
            "What would EM find in sequences without any site?",
        ),
    ),
)
