"""What the walk says: a title, a sentence and a formula for each place, with its numbers; and what is asked of it.

Each question is about the walk as it stands, and EM itself gives the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from epool_viz.core.alphabet import DNA, reverse_complement
from epool_viz.core.em import first_ppms
from epool_viz.core.em_path import Trail, bits_between
from epool_viz.core.pooling import logsumexp_pool
from epool_viz.core.types import Array
from epool_viz.core.windows import is_at_known_site
from epool_viz.panels.em.model import EMModel
from epool_viz.panels.shared.html import each, filled, number, rounded, row, table

FIXED = 0.01  # bits a column: below it a kernel is taken for a fixed point
NEAR = 0.1
SAME = 1e-3  # nats: below it the evidence has stayed
APART = 0.1  # nats: above it two walks have ended in different places
MOST_CLIMBED = 20_000  # windows of which another walk is climbed while the visitor waits
NOTHING_TO_ASK = "The walk is at its end. Press “Begin again” under the picture to predict from the start."


class Words(NamedTuple):
    """A title, a sentence and a formula; `Markup` where they hold tags."""

    title: str
    sentence: str
    formula: str = ""


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
        return Words("Looking for a start", "Every window is tried for one iteration; the best one is the start.")
    if not model.at:
        return _start(model)
    return _e_step(model) if model.at % 2 else _m_step(model)


def _start(model: EMModel) -> Words:
    n = int(model.windows.n_windows[model.row])
    sentence = Markup("It begins with <b>{}</b>. Nothing is known yet: each window of a sequence is as likely.").format(
        model.trail.name
    )
    rate = model.trail.rates[0] if model.occurrence == "zoops" else 1.0
    windows, prior = number("n_windows", n), number("prior", rate / max(n, 1), digits=4)
    formula = "P(site at i) = 1 / n = 1 / " + windows + " = " + prior
    if model.occurrence == "zoops":
        formula = "P(site at i) = γ / n = " + number("site_rate", rate) + " / " + windows + " = " + prior
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
    sentence = Markup(
        "Where is the site, if this is the motif? Every window's likelihood ratio, as a share of its sequence's sum. "
        "Log evidence of all {:,} sequences: {}"
    ).format(len(model.sequences), number("evidence", trail.evidence[k], digits=2))
    if k:
        rise = trail.objective[k] - trail.objective[k - 1]
        with_prior = ", the pseudocounts counted in" if model.pseudocount else ""
        sentence += ", " + number("rise", rise, digits=3) + " more than a step ago" + with_prior
    sentence += "."
    window = window_in_hand(model)
    title, name = f"E-step {k + 1}: where are the sites?", model.sequences.names[row]
    if window < 0:
        return Words(title, sentence, Markup("No window of <b>{}</b> starts at {}.").format(name, model.place + 1))
    first, n = int(model.windows.first[row]), int(model.windows.n_windows[row])
    ratios = trail.log_ratios(model.at, np.arange(first, first + n))
    here = float(ratios[window - first])
    values = {
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
    intro = Markup("<b>{}</b>, start {}{}, {}:<br>").format(name, model.place + 1, strand, word)
    if model.occurrence == "oops":
        text = "P(site at {start} | S) = LR / Σ LR = exp({log_ratio} − {log_sum}) = {posterior}"
    else:
        text = (
            "P(site at {start} | S) = γ LR / n / ((1 − γ) + γ Σ LR / n) = "
            "{site_rate} × exp({log_ratio}) / {n_windows} / "
            "({none} + {site_rate} × exp({log_sum}) / {n_windows}) = {posterior}; "
            "P(there is a site) = {site_probability}"
        )
    return Words(title, sentence, intro + filled(text, values))


def _m_step(model: EMModel) -> Words:
    trail, j = model.trail, model.column
    counts = trail.counts(model.at)[:, j]
    q, extra = model.background, model.pseudocount
    total = float(counts.sum())
    ppm = trail.ppm(model.at)[:, j]
    moved = trail.moved(model.at)
    sentence = Markup(
        "What does the motif look like, if the sites are there? Each window's letters count with its posterior. "
        "This moved the motif by {} bits a column"
    ).format(number("moved", float(moved.mean())))
    if model.occurrence == "zoops":
        sentence += "; the share of sequences with a site is now γ = " + number("site_rate", trail.rate(model.at))
    sentence += "."
    below = rounded(total, 2) if not extra else "(" + rounded(total, 2) + " + " + rounded(extra, 2) + ")"
    lines = []
    for a, letter in enumerate(DNA.letters):
        counted = number(f"count_{letter}", float(counts[a]), digits=2)
        imagined = " + " + rounded(extra, 2) + " × " + rounded(float(q[a]), 2)
        own = "(" + counted + imagined + ")" if extra else counted
        lines.append((letter, own, below, number(f"p_{letter}", float(ppm[a]))))
    title = f"M-step {model.at // 2}: what do they look like?"
    told = each(Markup("<span class=ep-line><b>{}</b> {} / {} = {}</span>"), lines)
    formula = Markup("Column {}, expected counts into probabilities:<br>{}").format(j + 1, told)
    return Words(title, sentence, formula)


def standing(model: EMModel) -> Markup:
    """How the walk stands: sites at known places, whether it has ended."""
    trail = model.trail
    if trail is None:
        return Markup("")
    told: list[str] = []
    hits = model.hits()
    if hits is not None:
        met, known = number("hits", hits[0]), number("known", hits[1])
        at_known = Markup("<b>{} of {}</b> sequences have their site at a known one").format(met, known)
        outlined = known + " sequences have sites that are known, outlined in the picture"
        told.append(at_known if model.at else outlined)
    if model.occurrence == "zoops" and model.at:
        n = len(trail.sites(model.at))
        told.append(number("with_site", n) + f" of {len(model.sequences):,} rather have a site than none")
    if model.at:
        effective = number("effective", trail.effective_windows(model.at), digits=2)
        told.append("On average " + effective + " windows of a sequence compete")
    if trail.is_finished and model.at == trail.end:
        n = len(trail.evidence)
        settled = f"EM has converged: another iteration adds next to nothing ({n} iterations)"
        told.append(settled if trail.has_converged else f"EM was ended after {n} iterations; it still climbs, slowly")
        if trail.has_converged and model.start == "random" and trail.name == model.beginning.name:
            told.append("It is the top of this hill; another start may climb a higher one")
    return each(Markup("<p>{}.</p>"), told)


def fixed_point(model: EMModel) -> Markup:
    """Whether the kernel is a fixed point of EM; nothing where the start is no kernel."""
    bits = model.kernel_bits()
    if bits is None:
        return Markup("")
    mean, worst = float(bits.mean()), int(bits.argmax())
    if mean < FIXED:
        answer = "Yes, as good as: on these sequences EM leaves it where it is"
    elif mean < NEAR:
        answer = "Nearly: EM would still turn it a little"
    else:
        answer = "No: EM would make another motif of it"
    away = ""
    if model.trail is not None and model.at > 1:
        far = float(bits_between(model.trail.ppm(model.at), model.beginning.ppm).mean())
        away = " The motif shown is " + number("away", far) + " bits a column from where the kernel began."
    moved, most = number("kernel_bits", mean), number("kernel_bits_most", float(bits[worst]))
    caption, label = "Divergence (KL) from the exact PPM, bits", "divergence of each column"
    cells = row("bits", (rounded(float(x), 2) for x in bits))
    columns = table(("column", *range(1, len(bits) + 1)), [cells], caption=caption, label=label)
    return Markup(
        "<h2>Is this kernel a fixed point of EM?</h2><p><b>{}.</b> One M-step with the kernel's own posterior moves it "
        "by {} bits a column; the most in column {}, by {}.{}</p>{}"
    ).format(answer, moved, worst + 1, most, away, columns)


SITES_SHOWN = 20


def sites_table(model: EMModel) -> Markup:
    """The sites of the last E-step, the surest first."""
    title = Markup("<h2>Sites</h2>")
    if model.trail is None or not model.at:
        return title + Markup("<p>After the first E-step they stand here.</p>")
    sites = sorted(model.trail.sites(model.at), key=lambda site: -site.posterior)
    known = model.sequences.sites
    rows = []
    for site in sites[:SITES_SHOWN]:
        letters = model.sequences[site.sequence][site.start : site.stop]
        shown = letters if site.strand == "+" else DNA.decode(_other(DNA.encode(letters)))
        cells = [site.start + 1, site.strand, Markup("<code>{}</code>").format(shown), rounded(site.posterior, 3)]
        if known is not None:
            cells.append("yes" if is_at_known_site(site, known[site.sequence]) else "–")
        rows.append(row(model.sequences.names[site.sequence], cells))
    head = ["sequence", "start", "strand", "as the motif reads it", "posterior"]
    head += ["known"] if known is not None else []
    more = f"The {SITES_SHOWN} surest of {len(sites):,}." if len(sites) > SITES_SHOWN else f"{len(sites):,} sites."
    return title + table(head, rows, caption=more, label="sites")


def _other(codes: Array) -> Array:
    return np.asarray(reverse_complement(codes))


# --- questions


@dataclass(frozen=True)
class Answer:
    """What came out: the value of the true option, and its explanation, `Markup` where it holds tags."""

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
    told = Markup(
        "It went from {} to {} nats. The M-step takes the best motif for the posterior at hand, so the evidence cannot "
        "fall."
    )
    return Answer(value, told.format(number("before", before, digits=3), number("after", after, digits=3)))


def _first(model: EMModel) -> Answer:
    model.go(1)
    posterior, windows = model.trail.posterior(1), model.windows
    tops = [
        float(posterior[a : a + n].max()) if n else 0.0 for a, n in zip(windows.first, windows.n_windows, strict=True)
    ]
    own = max(range(len(tops)), key=tops.__getitem__)
    sure = sum(top > 0.5 for top in tops)
    value = "most" if sure > len(tops) / 2 else "few"
    told = Markup(
        "{:,} of {:,} sequences have one window with more than half of the posterior. The surest is <b>{}</b>, with {}."
    )
    return Answer(value, told.format(sure, len(tops), model.sequences.names[own], number("largest", tops[own])))


def _kernel(model: EMModel) -> Answer:
    bits = model.kernel_bits()
    mean = 0.0 if bits is None else float(bits.mean())
    model.go(2)
    value = "fixed" if mean < FIXED else "near" if mean < NEAR else "moves"
    told = Markup(
        "One M-step moved it by {} bits a column. A network learns to tell bound sequences from unbound ones; EM "
        "learns to describe the sites. The two need not agree."
    )
    return Answer(value, told.format(number("bits", mean)))


def _can_climb_again(model: EMModel) -> bool:
    trail = model.trail
    if trail is None or not trail.is_finished or model.at < trail.end or model.start != "random":
        return False
    return len(model.windows.start) <= MOST_CLIMBED


def _another_start(model: EMModel) -> Answer:
    now, windows = model.trail, model.windows
    [name], [ppm] = first_ppms(windows, "random", seed=model.seed + 1, background=model.background)
    other = Trail(
        windows,
        ppm,
        background=model.background,
        occurrence=model.occurrence,
        pseudocount=model.pseudocount,
        name=name,
    )
    while not other.is_finished:
        other.step()
    here, there = now.objective[-1], other.objective[-1]
    value = "same" if abs(there - here) < APART else "higher" if there > here else "lower"
    told = Markup("From <b>{}</b> EM ends at {} nats; here it ended at {}. It climbs the hill that it starts on.")
    return Answer(value, told.format(name, number("there", there, digits=2), number("here", here, digits=2)))


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
    Question(
        "another start",
        "It has converged. From another random window, where will EM end?",
        (("at a higher log evidence", "higher"), ("in the same place", "same"), ("at a lower one", "lower")),
        _can_climb_again,
        _another_start,
    ),
)


def open_question(model: EMModel) -> Question | None:
    """The question that fits the walk as it stands; the kernel's first."""
    fitting = [question for question in QUESTIONS if question.is_open(model)]
    kernel = [question for question in fitting if question.id == "kernel"]
    return next(iter(kernel or fitting), None)
