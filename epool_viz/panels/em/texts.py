"""What the walk says: a title, a sentence and a formula for each place, with its numbers; and what is asked of it.

Each question is about the walk as it stands, and EM itself gives the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from epool_viz.core.alphabet import DNA, reverse_complement
from epool_viz.core.em_path import bits_between
from epool_viz.core.pooling import logsumexp_pool
from epool_viz.core.types import Array
from epool_viz.core.windows import is_at_known_site
from epool_viz.panels.em.model import EMModel
from epool_viz.panels.shared.html import escape, filled, number, rounded

FIXED = 0.01  # bits a column: below it a kernel is taken for a fixed point
NEAR = 0.1
SAME = 1e-3  # nats: below it the evidence has stayed


class Words(NamedTuple):
    """Plain title, and HTML of a sentence and a formula."""

    title: str
    sentence: str
    formula: str


def name_of(at: int) -> str:
    """What a place is called."""
    if not at:
        return "start"
    return f"E-step {at // 2 + 1}" if at % 2 else f"M-step {at // 2}"


def next_of(at: int) -> str:
    """What the step after a place does, for a button."""
    return "M-step: count letters" if at % 2 else "E-step: find sites"


def words_of(model: EMModel) -> Words:
    """What is said at the present place."""
    if model.trail is None:
        return Words("Looking for a start", "Every window is tried for one iteration; the best one is the start.", "")
    if not model.at:
        return _start(model)
    return _e_step(model) if model.at % 2 else _m_step(model)


def _start(model: EMModel) -> Words:
    begin = model.beginning
    name = escape(model.trail.name)
    note = escape(begin.note or "The window that comes furthest in one iteration: 70 % its own letters.")
    n = int(model.windows.n_windows[model.row])
    sentence = f"It begins with <b>{name}</b>. {note} Nothing is known yet: each of a sequence's windows is as likely."
    formula = f"P(site at i) = 1 / n = 1 / {number('n_windows', n)} = {number('prior', 1 / max(n, 1), digits=4)}"
    if model.occurrence == "zoops":
        rate = model.trail.rates[0]
        formula = (
            f"P(site at i) = γ / n = {number('site_rate', rate)} / {number('n_windows', n)} = "
            f"{number('prior', rate / max(n, 1), digits=4)}"
        )
    return Words("The start: a guess", sentence, formula)


def window_in_hand(model: EMModel) -> int:
    """Place, among the windows, of the likelier of the windows that start at the cell in hand; -1 for none."""
    windows, row = model.windows, model.row
    first, n = int(windows.first[row]), int(windows.n_windows[row])
    here = first + np.flatnonzero(windows.start[first : first + n] == model.place)
    if not len(here):
        return -1
    return int(here[np.argmax(model.trail.posterior(model.at)[here])])


def _e_step(model: EMModel) -> Words:
    trail, row = model.trail, model.row
    k = model.at // 2
    sentence = (
        "Where is the site, if this is the motif? Every window's likelihood ratio, as a share of its sequence's sum. "
        f"Log evidence of all {len(model.sequences):,} sequences: {number('evidence', trail.evidence[k], digits=2)}"
    )
    if k:
        rise = trail.objective[k] - trail.objective[k - 1]
        with_prior = ", the pseudocounts counted in" if model.pseudocount else ""
        sentence += f", {number('rise', rise, digits=3)} more than a step ago{with_prior}"
    sentence += "."
    window = window_in_hand(model)
    name = escape(model.sequences.names[row])
    if window < 0:
        return Words(
            f"E-step {k + 1}: where are the sites?",
            sentence,
            f"No window of <b>{name}</b> starts at {model.place + 1}.",
        )
    first, n = int(model.windows.first[row]), int(model.windows.n_windows[row])
    ratios = trail.log_ratios(model.at, np.arange(first, first + n))
    here = float(ratios[window - first])
    values = {
        "name": model.sequences.names[row],
        "start": model.place + 1,
        "log_ratio": here,
        "log_sum": float(logsumexp_pool(ratios)),
        "n_windows": n,
        "posterior": float(trail.posterior(model.at)[window]),
        "site_rate": trail.rate(model.at),
        "none": 1 - trail.rate(model.at),
        "site_probability": float(trail.site_probability(model.at)[row]),
    }
    word = "".join(DNA.letters[code] for code in model.windows.letters[window])
    strand = ", other strand" if model.windows.is_reverse[window] else ""
    intro = f"<b>{name}</b>, start {model.place + 1}{strand}, {word}:<br>"
    if model.occurrence == "oops":
        text = "P(site at {start} | S) = LR / Σ LR = exp({log_ratio} − {log_sum}) = {posterior}"
    else:
        text = (
            "P(site at {start} | S) = γ LR / n / ((1 − γ) + γ Σ LR / n) = "
            "{site_rate} × exp({log_ratio}) / {n_windows} / "
            "({none} + {site_rate} × exp({log_sum}) / {n_windows}) = {posterior}; "
            "P(there is a site) = {site_probability}"
        )
    return Words(f"E-step {k + 1}: where are the sites?", sentence, intro + filled(text, values))


def _m_step(model: EMModel) -> Words:
    trail, j = model.trail, model.column
    counts = trail.counts(model.at)[:, j]
    q, extra = model.background, model.pseudocount
    total = float(counts.sum())
    ppm = trail.ppm(model.at)[:, j]
    moved = trail.moved(model.at)
    sentence = (
        "What does the motif look like, if the sites are there? Each window's letters count with its posterior. "
        f"This moved the motif by {number('moved', float(moved.mean()))} bits a column"
    )
    if model.occurrence == "zoops":
        sentence += f"; the share of sequences with a site is now γ = {number('site_rate', trail.rate(model.at))}"
    sentence += "."
    parts = []
    for a, letter in enumerate(DNA.letters):
        counted = number(f"count_{letter}", float(counts[a]), digits=2)
        own = f"({counted} + {rounded(extra, 2)} × {rounded(float(q[a]), 2)})" if extra else counted
        below = f"{rounded(total, 2)} + {rounded(extra, 2)}" if extra else rounded(total, 2)
        below = f"({below})" if extra else below
        parts.append(
            f"<span class=ep-line><b>{letter}</b> {own} / {below} = {number(f'p_{letter}', float(ppm[a]))}</span>"
        )
    title = f"M-step {model.at // 2}: what do they look like?"
    return Words(title, sentence, f"Column {j + 1}, expected counts into probabilities:<br>{''.join(parts)}")


def standing(model: EMModel) -> str:
    """HTML: how the walk stands: sites at known places, whether it has ended."""
    trail = model.trail
    if trail is None:
        return ""
    told = []
    hits = model.hits()
    if hits is not None and model.at:
        met, n = hits
        told.append(f"<b>{number('hits', met)} of {number('known', n)}</b> sequences have their site at a known one")
    elif hits is not None:
        told.append(f"{number('known', hits[1])} sequences have sites that are known, outlined in the picture")
    if model.occurrence == "zoops" and model.at:
        n = len(trail.sites(model.at))
        told.append(f"{number('with_site', n)} of {len(model.sequences):,} rather have a site than none")
    if model.at:
        effective = number("effective", trail.effective_windows(model.at), digits=2)
        told.append(f"On average {effective} windows of a sequence compete")
    if trail.is_finished and model.at == trail.end:
        n = len(trail.evidence)
        settled = f"EM has converged: another iteration adds next to nothing ({n} iterations)"
        told.append(settled if trail.has_converged else f"EM was ended after {n} iterations; it still climbs, slowly")
        if trail.has_converged and model.start == "random" and trail.name == model.beginning.name:
            told.append("It is the top of this hill; another start may climb a higher one")
    return "".join(f"<p>{each}.</p>" for each in told)


def fixed_point(model: EMModel) -> str:
    """HTML: whether the kernel is a fixed point of EM; "" where the start is no kernel."""
    bits = model.kernel_bits()
    if bits is None:
        return ""
    mean, worst = float(bits.mean()), int(bits.argmax())
    if mean < FIXED:
        answer = "Yes, as good as: on these sequences EM leaves it where it is"
    elif mean < NEAR:
        answer = "Nearly: EM would still turn it a little"
    else:
        answer = "No: EM would make another motif of it"
    cells = "".join(f"<td>{rounded(float(x), 2)}</td>" for x in bits)
    heads = "".join(f'<th scope="col">{j + 1}</th>' for j in range(len(bits)))
    away = ""
    if model.trail is not None and model.at > 1:
        far = float(bits_between(model.trail.ppm(model.at), model.beginning.ppm).mean())
        away = f" The motif shown is {number('away', far)} bits a column from where the kernel began."
    return (
        "<h2>Is this kernel a fixed point of EM?</h2>"
        f"<p><b>{answer}.</b> One M-step with the kernel's own posterior moves it by "
        f"{number('kernel_bits', mean)} bits a column; the most in column {worst + 1}, by "
        f"{number('kernel_bits_most', float(bits[worst]))}.{away}</p>"
        '<div class="ep-scroll" role="region" tabindex="0" aria-label="divergence of each column">'
        f'<table class="ep-table"><caption>Divergence (KL) from the exact PPM, bits</caption><thead><tr>'
        f'<th scope="col">column</th>{heads}</tr></thead><tbody><tr><th scope="row">bits</th>{cells}</tr></tbody>'
        "</table></div>"
    )


SITES_SHOWN = 20


def sites_table(model: EMModel) -> str:
    """HTML: the sites of the last E-step, the surest first."""
    if model.trail is None or not model.at:
        return "<h2>Sites</h2><p>After the first E-step they stand here.</p>"
    sites = sorted(model.trail.sites(model.at), key=lambda site: -site.posterior)
    known = model.sequences.sites
    rows = []
    for site in sites[:SITES_SHOWN]:
        letters = model.sequences[site.sequence][site.start : site.stop]
        shown = letters if site.strand == "+" else DNA.decode(_other(DNA.encode(letters)))
        cells = [str(site.start + 1), site.strand, f"<code>{escape(shown)}</code>", rounded(site.posterior, 3)]
        if known is not None:
            cells.append("yes" if is_at_known_site(site, known[site.sequence]) else "–")
        told = "".join(f"<td>{cell}</td>" for cell in cells)
        rows.append(f'<tr><th scope="row">{escape(model.sequences.names[site.sequence])}</th>{told}</tr>')
    head = [
        "sequence",
        "start",
        "strand",
        "as the motif reads it",
        "posterior",
        *(["known"] if known is not None else []),
    ]
    heads = "".join(f'<th scope="col">{text}</th>' for text in head)
    more = f"The {SITES_SHOWN} surest of {len(sites):,}." if len(sites) > SITES_SHOWN else f"{len(sites):,} sites."
    return (
        '<h2>Sites</h2><div class="ep-scroll" role="region" tabindex="0" aria-label="sites">'
        f'<table class="ep-table"><caption>{more}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _other(codes: Array) -> Array:
    return np.asarray(reverse_complement(codes))


# --- questions


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
