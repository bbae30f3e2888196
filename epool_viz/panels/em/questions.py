"""What is asked before it is shown. Each question is about the walk as it stands, and EM itself gives the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from epool_viz.panels.em.model import EMModel
from epool_viz.panels.em.words import FIXED, NEAR
from epool_viz.panels.shared.html import escape, number

SAME = 1e-3  # nats


@dataclass(frozen=True)
class Answer:
    """What came out: the value of the true option, and HTML that explains it."""

    value: str
    explanation: str


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes
    ----------
    id : str
    text : str
    options : tuple of (label, value)
    is_open : callable
        Whether it can be asked of the walk as it stands.
    answer : callable
        Does on the model what the question is about, and says what came out.
    """

    id: str
    text: str
    options: tuple[tuple[str, str], ...]
    is_open: Callable[[EMModel], bool]
    answer: Callable[[EMModel], Answer]


def _evidence(model: EMModel) -> Answer:
    trail = model.trail
    k = (model.at + 1) // 2
    while trail.end < 2 * k + 1 and not trail.is_finished:
        trail.step()
    before, after = trail.objective[k - 1], trail.objective[min(k, len(trail.objective) - 1)]
    model.go(2 * k + 1)
    value = "same" if abs(after - before) < SAME else "up" if after > before else "down"
    told = f"from {number('before', before, digits=3)} to {number('after', after, digits=3)} nats"
    why = "The M-step takes the best motif for the posterior at hand, so the evidence cannot fall."
    return Answer(value, f"It went {told}. {why}")


def _first(model: EMModel) -> Answer:
    model.go(1)
    posterior, windows = model.trail.posterior(1), model.windows
    tops = [
        float(posterior[a : a + n].max()) if n else 0.0 for a, n in zip(windows.first, windows.n_windows, strict=True)
    ]
    own = max(range(len(tops)), key=tops.__getitem__)
    sure = sum(top > 0.5 for top in tops)
    value = "most" if sure > len(tops) / 2 else "few"
    name = model.sequences.names[own]
    return Answer(
        value,
        f"{sure:,} of {len(tops):,} sequences have one window with more than half of the posterior. "
        f"The surest is <b>{escape(name)}</b>, with {number('largest', tops[own])}.",
    )


def _kernel(model: EMModel) -> Answer:
    bits = model.kernel_bits()
    mean = 0.0 if bits is None else float(bits.mean())
    model.go(2)
    value = "fixed" if mean < FIXED else "near" if mean < NEAR else "moves"
    return Answer(
        value,
        f"One M-step moved it by {number('bits', mean)} bits a column. A network learns to tell bound sequences from "
        "unbound ones; EM learns to describe the sites. The two need not agree.",
    )


QUESTIONS: tuple[Question, ...] = (
    Question(
        "first",
        "The motif is only a guess. After the first E-step, how many sequences will have one clear favourite, "
        "a window with more than half of the posterior?",
        (("most of them", "most"), ("half of them or fewer", "few")),
        lambda model: model.trail is not None and model.at == 0,
        _first,
    ),
    Question(
        "kernel",
        "The start is a trained kernel. What will one M-step make of it?",
        (
            (f"leave it: less than {FIXED} bits a column", "fixed"),
            (f"turn it a little: up to {NEAR} bits a column", "near"),
            ("another motif: more than that", "moves"),
        ),
        lambda model: model.trail is not None and model.is_about_kernel and model.at < 2,
        _kernel,
    ),
    Question(
        "evidence",
        "One more iteration: what will the log evidence do, pseudocounts counted in?",
        (("rise", "up"), ("stay as it is", "same"), ("fall", "down")),
        lambda model: (
            model.trail is not None and model.at > 0 and (model.at < model.trail.end or not model.trail.is_finished)
        ),
        _evidence,
    ),
)


def open_question(model: EMModel) -> Question | None:
    """The question that fits the walk as it stands; the kernel's first."""
    fitting = [question for question in QUESTIONS if question.is_open(model)]
    kernel = [question for question in fitting if question.id == "kernel"]
    return next(iter(kernel or fitting), None)
