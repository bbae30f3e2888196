"""Lesson 1: a motif."""

from __future__ import annotations

from typing import Any

import numpy as np

from epool_viz.core.motifs import information_content, pfm_to_ppm, ppm_to_pwm
from epool_viz.core.types import Array
from epool_viz.data.examples import load_example
from epool_viz.lessons.checking import Column, Number, Slip
from epool_viz.lessons.content._values import bits_by_hand, direction, nearest
from epool_viz.lessons.lesson import Code, Exercise, Lesson, Notes, Option, Question, Statement, Text
from epool_viz.lessons.pictures import show_logo

_EVEN = np.full(4, 0.25)
_HALVES = np.array([0.5, 0.0, 0.0, 0.5])
_ALWAYS_A = np.array([1.0, 0.0, 0.0, 0.0])
_RICH = np.array([0.4, 0.1, 0.1, 0.4])  # a genome in which A and T are common
_COUNTS = np.array([5.0, 0.0, 1.0, 2.0])
_OF_TGT = np.array([0.8, 0.9, 0.7])
_MORE = 10


def _counts() -> Array:
    sites = np.array([list(site) for site in load_example("crp_sites")])
    return np.stack([(sites == letter).sum(axis=0) for letter in "ACGT"]).astype(float)


def _bits(column: Any, background: Any = None) -> float:
    return float(information_content(np.asarray(column)[:, None], background)[0])


def _total(counts: Any) -> float:
    return float(information_content(pfm_to_ppm(counts)).sum())


def _total_by_hand(counts: Any) -> float:
    return sum(bits_by_hand(column / column.sum()) for column in counts.T)


def _shares(counts: Any, pseudocount: float = 1.0) -> Array:
    return np.asarray(pfm_to_ppm(np.asarray(counts)[:, None], pseudocount=pseudocount))[:, 0]


def _log_odds() -> float:
    ppm = np.zeros((4, 3))
    for place, (row, p) in enumerate(zip((3, 2, 3), _OF_TGT, strict=True)):
        ppm[:, place] = (1 - p) / 3
        ppm[row, place] = p
    pwm = ppm_to_pwm(ppm)  # bits
    return float(pwm[3, 0] + pwm[2, 1] + pwm[3, 2])


QUESTIONS = (
    Question(
        "motif_even",
        "In a column all four letters stand equally often. How tall is it in the logo?",
        (
            Option(
                "0",
                "0 bits: nothing is drawn.",
                "Height is information, and equal shares tell nothing that one does not "
                "expect by chance: {even:.0f} bits.",
            ),
            Option(
                "1",
                "1 bit: four letters of a quarter each.",
                "The letters share the height of the column, and that "
                "is its information: {even:.0f} bits. 1 bit is a column of two letters, half each.",
            ),
            Option(
                "2",
                "2 bits: the column is full.",
                "2 bits are the most that a column can have: one letter, always. "
                "Where every letter is as likely the height is {even:.0f} bits.",
            ),
        ),
        lambda: nearest({"0": 0.0, "1": 1.0, "2": 2.0}, _bits(_EVEN)),
        lambda: nearest({"0": 0.0, "1": 1.0, "2": 2.0}, bits_by_hand(_EVEN)),
        lambda: {"even": _bits(_EVEN)},
    ),
    Question(
        "motif_half",
        "In another column stand A and T only, each half of the time. How tall is it?",
        (
            Option(
                "0.5",
                "0.5 bits.",
                "Count yes-or-no questions: with four letters two are open, here one is left. "
                "So 2 − 1 = {half:.0f} bit.",
            ),
            Option(
                "1", "1 bit.", "Of two yes-or-no questions one is answered: A or T, but not C or G: {half:.0f} bit."
            ),
            Option("2", "2 bits.", "2 bits would leave no question open. Here one is left, A or T: {half:.0f} bit."),
        ),
        lambda: nearest({"0.5": 0.5, "1": 1.0, "2": 2.0}, _bits(_HALVES)),
        lambda: nearest({"0.5": 0.5, "1": 1.0, "2": 2.0}, bits_by_hand(_HALVES)),
        lambda: {"half": _bits(_HALVES)},
    ),
    Question(
        "motif_more_sites",
        "Ten times as many sites are found, with the same shares of letters. What happens to the logo?",
        (
            Option(
                "up",
                "It gets taller: there is more evidence.",
                "Evidence makes us surer of the shares, not the shares "
                "steeper: {before:.1f} bits with 358 sites, {after:.1f} with 3,580.",
            ),
            Option(
                "same",
                "Nothing.",
                "The logo shows shares: {before:.1f} bits with 358 sites, {after:.1f} with 3,580. "
                "How sure we are of them, it does not show.",
            ),
            Option(
                "down",
                "It gets lower.",
                "Lower columns have letters that are more alike; the shares stay: "
                "{before:.1f} bits before, {after:.1f} after.",
            ),
        ),
        lambda: direction(_total(_counts()), _total(_MORE * _counts())),
        lambda: direction(_total_by_hand(_counts()), _total_by_hand(_MORE * _counts())),
        lambda: {"before": _total(_counts()), "after": _total(_MORE * _counts())},
    ),
    Question(
        "motif_background",
        "A column is always A. In a genome with 40 % A, 10 % C, 10 % G, 40 % T, how many bits is that?",
        (
            Option(
                "2",
                "2.0, as in every genome.",
                "2 bits hold where all letters are as common. Here A is what one "
                "expects anyway: log₂(1 / 0.4) = {rich:.1f} bits.",
            ),
            Option(
                "1.3",
                "1.3: A is no great surprise here.",
                "log₂(1 / 0.4) = {rich:.1f} bits. A column that is always C would have {rare:.1f}.",
            ),
            Option(
                "3.3",
                "3.3: A counts more where it is common.",
                "A common letter surprises less: {rich:.1f} bits. The "
                "{rare:.1f} are those of a column that is always C.",
            ),
        ),
        lambda: nearest({"2": 2.0, "1.3": 1.3, "3.3": 3.3}, _bits(_ALWAYS_A, _RICH)),
        lambda: nearest({"2": 2.0, "1.3": 1.3, "3.3": 3.3}, bits_by_hand(_ALWAYS_A, _RICH)),
        lambda: {"rich": _bits(_ALWAYS_A, _RICH), "rare": _bits(_ALWAYS_A[[1, 0, 2, 3]], _RICH)},
    ),
)

SHARES = Exercise(
    "motif_shares",
    "Of 8 sites a column has A 5, C 0, G 1, T 2. Add one imaginary site, shared out by a uniform background. Which "
    "letter probabilities result?",
    Column(),
    lambda: _shares(_COUNTS),
    lambda: (_COUNTS + 0.25) / 9,
    (
        Slip(lambda: _shares(_COUNTS, 0.0), "You forgot the imaginary site: C would be impossible for ever."),
        Slip(
            lambda: _shares(_COUNTS, 4.0),
            "That is one imaginary site a letter, four in all; one is asked for, a quarter a letter.",
        ),
        Slip(lambda: _COUNTS, "These are counts (PFM). Divide by the number of sites for probabilities (PPM)."),
        Slip(lambda: (_COUNTS + 0.25) / 8, "The imaginary site is in the counts, not in their number: divide by 9."),
        Slip(
            lambda: _COUNTS / 9, "The imaginary site is in the number of sites, not in the counts: add a quarter each."
        ),
    ),
    "C is unlikely now and not impossible.",
    "(counts + 1 * np.full(4, 0.25)) / (counts.sum() + 1)    # pfm_to_ppm(counts[:, None], pseudocount=1) gives the "
    "same",
    "import numpy as np\n\ncounts = np.array([5, 0, 1, 2])",
)

LOG_ODDS = Exercise(
    "motif_log_odds",
    "In a motif of three columns T has probability 0.8 in the first, G 0.9 in the second, T 0.7 in the third. What "
    "is the score (log odds) of the word TGT against a uniform background, in bits?",
    Number("bits"),
    _log_odds,
    lambda: float(np.log2(_OF_TGT.prod() / 0.25**3)),
    (
        Slip(lambda: np.log2(_OF_TGT.prod()), "You forgot the background: divide each probability by 0.25."),
        Slip(lambda: np.log2(_OF_TGT.prod() / 0.25), "The background counts for every letter: 0.25 three times."),
        Slip(lambda: _OF_TGT.prod() / 0.25**3, "This is the ratio of the probabilities; the score is its logarithm."),
        Slip(lambda: np.log2(_OF_TGT.sum() / 0.75), "Probabilities of letters in a row are multiplied, not added."),
        Slip(lambda: np.log10(_OF_TGT.prod() / 0.25**3), "This is the logarithm to base 10; bits are to base 2."),
    ),
    "TGT is 32 times likelier in a site than by chance.",
    "np.log2(np.array([0.8, 0.9, 0.7]) / 0.25).sum()",
    "import numpy as np",
)

LESSON = Lesson(
    "motif",
    "A motif",
    "From aligned sites to counts, probabilities, a logo and a score.",
    (
        "turn counts of letters into probabilities and log odds;",
        "read heights in a logo;",
        "say what the background does.",
    ),
    (
        Statement(
            "Counts become probabilities; k imaginary sites keep a letter that was never seen possible.",
            r"p[a,j] = \frac{n[a,j] + k\, q_a}{\sum_{a'} n[a',j] + k}",
        ),
        Statement(
            "The height of a column is its information against the background.",
            r"I_j = \sum_a p[a,j]\, \log_2 \frac{p[a,j]}{q_a}",
        ),
        Statement(
            "The score of a word is its log odds: motif against background.",
            r"\text{score} = \log_2 \frac{P(\text{word} \mid p)}{P(\text{word} \mid q)}",
        ),
    ),
    'lessons.panel("pwm", jaspar="GATA1")',
    "GATA1 binds where this motif fits. The bars on the left are log odds: above the line a letter is commoner in "
    "sites than by chance. Which column is the surest, in the bars and in the logo?",
    lambda: show_logo(pfm_to_ppm(_counts()), "CRP, 358 sites of E. coli"),
    (
        Text(
            "## Count\n\nCRP switches genes of *E. coli*. RegulonDB has 358 of its sites, already aligned. Counting "
            "the letters of each column gives a position frequency matrix, PFM."
        ),
        Code(
            "import numpy as np\n\nfrom epool_viz import lessons, load_example, pfm_to_ppm\n\n"
            'sites = np.array([list(site) for site in load_example("crp_sites")])\n'
            'counts = np.stack([(sites == letter).sum(axis=0) for letter in "ACGT"])\n'
            'rows = dict(zip("ACGT", counts[:, 5:11], strict=True))\n'
            'lessons.show_table(rows, [f"{j}" for j in range(6, 12)], caption="Letters of columns 6 to 11")'
        ),
        Text("## Predict, then see\n\nA logo draws each column as tall as what it tells, in bits."),
        QUESTIONS[0],
        Text("And between nothing and everything?"),
        QUESTIONS[1],
        Text(
            "## The logo\n\nDivided by the number of sites the counts are probabilities, a PPM. Two stretches are "
            "tall, TGTGA and TCACA, and each is the other read on the other strand."
        ),
        Code('ppm = pfm_to_ppm(counts)\nlessons.show_logo(ppm, "CRP, 358 sites")'),
        Text("Someone sequences more."),
        QUESTIONS[2],
        Text(
            "## Against what?\n\nA letter is a surprise, or none, against a background: how common the letters are "
            "outside of sites. So far all four were as common. *E. coli* is nearly like that; many genomes are not."
        ),
        QUESTIONS[3],
        Text(
            "A motif has three matrices, and the words are often mixed up: PFM for counts, PPM for probabilities, "
            "PWM for log odds. The last one scores: lay it on a word, add up one number a letter. A score above 0 "
            "says that the word is likelier in a site than by chance, one of 3 bits that it is 8 times as likely. "
            "Some papers say PWM for probabilities; look whether the columns sum to 1."
        ),
        SHARES,
        LOG_ODDS,
    ),
    "CRP's two tall stretches are each other's reverse complement. What does that say about the protein, and about "
    "searching on two strands?",
    "CRP binds as a pair of equal halves, turned against each other, so a site reads the same on both strands. A "
    "search on two strands finds each site twice, at the same place.",
    Notes(
        (
            (3, "goals, and the panel: the surest column"),
            (3, "counts of CRP; questions 1 and 2"),
            (4, "the logo; question 3"),
            (3, "background; question 4"),
            (4, "the two exercises"),
            (2, "open question in pairs"),
        ),
        (
            ("A tall stack means that all letters are there.", "motif_even"),
            ("Bits are shares: half and half is half a bit.", "motif_half"),
            ("More sites make a taller logo.", "motif_more_sites"),
            ("Two bits are the most, whatever the genome.", "motif_background"),
        ),
        (
            "Which column of the logo would you mutate to kill the site?",
            "A letter was seen in no site of eight. Is it impossible?",
            "Where does the background come from: the genome, the promoters, the peaks?",
        ),
    ),
)
