"""A trace as HTML: every picture with its words and its numbers. Pure functions, no widget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from epool_viz.core.motifs import information_content
from epool_viz.core.trace import EStepTrace
from epool_viz.figures.svg import bar_track_svg, logo_svg, sequence_band_svg, sequence_svg, value_limits
from epool_viz.panels.e_step import steps
from epool_viz.panels.e_step.steps import ERRORS, SERIES, Step
from epool_viz.panels.html import escape, filled, number, percent, rounded, table

FLANK = 6  # letters shown on either side of the window in hand
LOWEST_SHIFTED = -15.0  # e^-15 is 3e-7: bars below are cut off
TABLE_ROWS = 8
_LOGARITHMIC = ("scores", "activated", "cells", "shifted")  # drawn from the lowest up: only differences mean something
_BY_WINDOW = ("scores", "activated", "bayes_posterior")
_HEIGHTS = {(True, False): 84, (True, True): 50, (False, False): 48, (False, True): 32}  # by is_new, both_strands
_METHODS = (
    ("average", "average", "average", "■"),
    ("expectation", "pooled", "ePool", "●"),
    ("max", "maximum", "maximum", "▲"),
    ("logsumexp", "log_sum_exp", "log-sum-exp", "◆"),
)


def stage_text(trace: EStepTrace, walk: Sequence[Step], place: int, window: int) -> str:
    """Where on the walk this is; title, sentence and formula of the step, filled in for the window in hand."""
    step = walk[place]
    formula = filled(steps.formula_of(step, trace, window), steps.numbers(trace, window))
    return (
        f'<section class="ep-stage" data-step="{step.name}">{path(walk, place)}'
        f'<h2><span class="ep-count">{place + 1}/{len(walk)}</span> {escape(step.title)}</h2>'
        f'<p role="status">{escape(steps.sentence_of(step, trace))}</p>'
        f'<p class="ep-formula">{formula}</p></section>'
    )


def path(walk: Sequence[Step], place: int) -> str:
    """The whole walk in a line, the step shown marked."""
    here = ' aria-current="step"'
    items = "".join(f"<li{here if i == place else ''}>{escape(step.short)}</li>" for i, step in enumerate(walk))
    return f'<ol class="ep-path" aria-label="steps">{items}</ol>'


def picture(trace: EStepTrace, step: Step, window: int) -> str:
    """What the step draws."""
    if step.picture == "letters":
        return letters_picture(trace, window)
    if step.picture == "window":
        return window_picture(trace, window)
    return "".join(
        [
            '<div class="ep-tracks">',
            *(tracks(trace, name, window, is_new=name == step.tracks[-1]) for name in step.tracks),
            band(trace, window),
            "</div>",
            partial_note(trace),
        ]
    )


def letters_picture(trace: EStepTrace, window: int) -> str:
    """The letters around the window in hand, and their one-hot columns."""
    first, stop = _stretch(trace, window)
    svg = sequence_svg(
        trace.sequence[first:stop],
        title=f"Letters {first + 1} to {stop} and their one-hot columns",
        description=f"{trace.sequence[first:stop]}. The frame is the window in hand.",
        first=first,
        window=(trace.starts[window], trace.width),
        onehot=True,
        alphabet=trace.alphabet,
    )
    matrix = _scrolling(svg, "one-hot matrix around the window in hand")
    return f'{matrix}<div class="ep-tracks">{band(trace, window)}</div>'


def window_picture(trace: EStepTrace, window: int) -> str:
    """The letters under the kernel, its columns, the entry that each letter picks, and their running sum."""
    letters = steps.window_letters(trace, window)
    kernel = np.asarray(trace.kernel, dtype=float)
    terms = steps.kernel_terms(trace, window)
    rows = [
        [f'<b class="ep-{a}">{a}</b>', *(_entry(a, j, kernel[i, j], letters[j]) for j in range(trace.width))]
        for i, a in enumerate(trace.alphabet.letters)
    ]
    rows.append(["picked", *(number(f"term_{j + 1}", term, digits=2) for j, term in enumerate(terms))])
    rows.append(["sum so far", *(number(f"sum_{j + 1}", s, digits=2) for j, s in enumerate(_sums(trace.bias, terms)))])
    caption = (
        f"Kernel on {uncapitalised(window_name(trace, window))}: the entry that each letter picks, and the sum so far"
    )
    header = ["letter", *(f'<b class="ep-{escape(letter)}">{escape(letter)}</b>' for letter in letters)]
    ledger = table(header, rows, caption=caption, css_class="ep-ledger")
    return f'{ledger}<div class="ep-tracks">{band(trace, window)}</div>'


def tracks(trace: EStepTrace, name: str, window: int, *, is_new: bool) -> str:
    """One stage as bars over the letters, a row a strand."""
    values = by_window(trace, name)
    limits = track_limits(name, values)
    strands = ("+", "-") if trace.both_strands else ("+",)
    return "".join(_track_row(trace, name, strand, values, limits, window, is_new) for strand in strands)


def track_limits(name: str, values: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Ends of a track's value axis: with 0 in it where bars stand on 0, else from the lowest to the highest."""
    if name == "shifted":
        return LOWEST_SHIFTED, 0.0
    finite = values[np.isfinite(values)]
    if name not in _LOGARITHMIC or not len(finite):
        return value_limits(values)
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low - 1.0, low)


def _track_row(
    trace: EStepTrace, name: str, strand: str, values: Any, limits: tuple[float, float], window: int, is_new: bool
) -> str:
    places = [i for i, s in enumerate(trace.strands) if s == strand]
    in_hand = trace.strands[window] == strand
    label = steps.series_name(trace, name) + (f", {_strand(strand)} strand" if trace.both_strands else "")
    svg = bar_track_svg(
        values[places],
        title=f"{label} of each window",
        description=f"From {limits[0]:.3g} to {limits[1]:.3g}. " + top_windows(trace, values, label),
        starts=[trace.starts[i] for i in places],
        extent=_extent(trace),
        limits=limits,
        foot=limits[0] if name in _LOGARITHMIC else 0.0,
        cursor=(trace.starts[window], trace.width) if in_hand else None,
        marked=[trace.starts[i] for i in places if not trace.whole[i]],
        colour="expectation" if is_new else "average",
        height=_HEIGHTS[is_new, trace.both_strands],
    )
    ends = f"{rounded(limits[0], 2)} … {rounded(limits[1], 2)}"
    state = "ep-new" if is_new else "ep-old"
    return (
        f'<div class="ep-row {state}"><div class="ep-label">{escape(label)}<small>{ends}</small></div>'
        f'<div class="ep-box">{svg}</div></div>'
    )


def band(trace: EStepTrace, window: int) -> str:
    """The whole sequence as a band of colours, the window in hand framed."""
    svg = sequence_band_svg(
        trace.sequence,
        title=f"The sequence, {len(trace.sequence)} letters",
        description="A band with one stripe a letter.",
        extent=_extent(trace),
        cursor=(trace.starts[window], trace.width),
    )
    legend = " ".join(f'<b class="ep-{a}">{a}</b>' for a in trace.alphabet.letters)
    return (
        f'<div class="ep-row"><div class="ep-label">letters<small>{legend}</small></div><div class="ep-box">{svg}'
        f'<div class="ep-ends"><span>1</span><span>{len(trace.sequence)}</span></div></div></div>'
    )


def partial_note(trace: EStepTrace) -> str:
    """What the grey ground means, if there is one."""
    n_partial = int(np.count_nonzero(~np.asarray(trace.whole)))
    if not n_partial:
        return ""
    part = "take no part" if trace.activation == "identity" else "take part all the same, as published"
    return (
        f'<p class="ep-note"><span class="ep-swatch"></span> Grey: {number("n_partial", n_partial)} windows overlap '
        f"the padding or an unknown letter, so their score is a partial sum; they {part}.</p>"
    )


def posterior_sentence(trace: EStepTrace) -> str:
    """The picture in a sentence: which windows hold the posterior."""
    is_posterior = trace.activation == "identity"
    shares = np.asarray(trace.posterior) if is_posterior else np.nan_to_num(by_window(trace, "weights"))
    first, second = (int(i) for i in np.argsort(-np.append(shares, 0.0), kind="stable")[:2])
    share = percent("top_posterior", float(shares[first]))
    text = f"{window_name(trace, first)} holds {share} of the {'posterior' if is_posterior else 'weight'}"
    if second < len(shares) and shares[second] > 0.005:
        share = percent("second_posterior", float(shares[second]))
        text += f", {uncapitalised(window_name(trace, second))} another {share}"
    if trace.occurrence == "zoops":
        probability = percent("site_probability", float(trace.site_probability))
        text += f"; the sequence has a site with probability {probability}"
    effective = number("effective_windows", float(trace.effective_windows), digits=2)
    return f'<p class="ep-sentence" role="status">{text}. Effectively {effective} windows share the weight.</p>'


def exactness(trace: EStepTrace) -> str:
    """The one line that says what is shown and what still holds, and how far the two routes lie apart."""
    rows = [[escape(ERRORS[name]), number(f"error_{name}", error)] for name, error in trace.errors.items()]
    badge = "exact" if trace.exact else "not exact"
    errors = table(["statement", "largest difference"], rows, caption="The two routes, compared")
    return (
        f'<section class="ep-card" data-exact="{str(trace.exact).lower()}"><h3>What holds here</h3>'
        f'<p class="ep-statement"><span class="ep-badge">{badge}</span> {escape(trace.statement)}</p>{errors}</section>'
    )


def logo_card(trace: EStepTrace, label: str) -> str:
    """The logo of the PPM that the kernel means under the base e^m."""
    information = information_content(trace.pwm.ppm, trace.background)
    consensus = "".join(trace.alphabet.letters[i] for i in np.asarray(trace.pwm.ppm).argmax(axis=0))
    total = number("information", float(np.sum(information)), digits=2)
    most = -math.log2(float(np.min(trace.background)))
    svg = logo_svg(
        trace.pwm.ppm,
        title=f"Logo of the PPM that the kernel means to the base e to the {trace.m:g}",
        description=f"Consensus {consensus}, {float(np.sum(information)):.1f} bits in all. "
        f"Letter heights are information in bits, the axis ends at {most:.2f}.",
        background=trace.background,
        alphabet=trace.alphabet,
    )
    ticks = "".join(f"<span>{j}</span>" for j in range(1, trace.width + 1)) if trace.width <= 25 else ""
    base = number("base", math.exp(trace.m), digits=2)
    return (
        f'<section class="ep-card"><h3>What the kernel means at m = {number("m", trace.m, digits=2)}</h3>'
        f'<p class="ep-note">{escape(label)} to the base e<sup>m</sup> = {base}: information, 0 to {most:.2f} bits. '
        f"Consensus {escape(consensus)}, {total} bits; offset {number('kernel_offset', float(trace.pwm.offset))}.</p>"
        f'<div class="ep-logo-box">{svg}<div class="ep-ticks">{ticks}</div></div></section>'
    )


def pooling_card(trace: EStepTrace) -> str:
    """Average, ePool, maximum and log-sum-exp on one axis, and the entropy that lies between the last two."""
    values = pooled_values(trace)
    low, high = axis_ends(values)
    marks, entries = [], []
    for method, name, called, mark in _METHODS:
        value = values[name]
        beyond = "ep-beyond" if value > high else ""
        left = 100 * axis_fraction(value, low, high)
        style = f'style="left:{left:.2f}%;color:var(--ep-{method})"'
        marks.append(f'<span class="ep-mark {beyond}" {style} aria-hidden="true">{"▶" if beyond else mark}</span>')
        entries.append(
            f'<li><span style="color:var(--ep-{method})" aria-hidden="true">{mark}</span> '
            f"{called} {number(name, value)}</li>"
        )
    ends = f"<span>{rounded(low, 2)}</span><span>{rounded(high, 2)}</span>"
    return (
        '<section class="ep-card"><h3>Four poolings of the same scores</h3>'
        f'<div class="ep-axis" role="img" aria-label="{escape(axis_sentence(trace))}">{"".join(marks)}</div>'
        f'<div class="ep-ends">{ends}</div><ul class="ep-legend">{"".join(entries)}</ul>'
        f'<p class="ep-note">{free_energy_line(trace)}</p></section>'
    )


def free_energy_line(trace: EStepTrace) -> str:
    """How ePool and log-sum-exp hang together, where they do."""
    entropy = f"entropy {number('entropy', float(trace.entropy))} nats"
    if trace.m == 0:
        return f"m = 0: ePool is the average, log-sum-exp is infinite; {entropy}."
    if trace.mode == 1:
        return f"Mode 1 weighs only windows above the mean, so ePool + entropy / m is not log-sum-exp; {entropy}."
    bridge = number("entropy_over_m", float(trace.entropy) / trace.m)
    return f"log-sum-exp = ePool + entropy / m: {entropy}, {bridge} apart (free energy)."


def axis_sentence(trace: EStepTrace) -> str:
    """The axis in words."""
    values = pooled_values(trace)
    return ", ".join(f"{called} {values[name]:.3f}" for _, name, called, _ in _METHODS)


def pooled_values(trace: EStepTrace) -> dict[str, float]:
    """The four pooled values by their names in the trace."""
    log_sum_exp = math.inf if trace.log_sum_exp is None else float(trace.log_sum_exp)
    return {
        "average": float(trace.average),
        "pooled": float(trace.pooled),
        "maximum": float(trace.maximum),
        "log_sum_exp": log_sum_exp,
    }


def axis_ends(values: dict[str, float]) -> tuple[float, float]:
    """From the average to a little beyond the maximum; log-sum-exp may lie far out, and is then an arrow at the end."""
    low, top = values["average"], values["maximum"]
    room = 0.3 * (top - low) or 1.0
    return low, max(top, min(values["log_sum_exp"], top + room))


def axis_fraction(value: float, low: float, high: float) -> float:
    """Place on the axis, 0 to 1."""
    return min(max((value - low) / (high - low), 0.0), 1.0) if high > low else 0.0


def window_table(trace: EStepTrace, active: Sequence[Step], place: int, window: int) -> str:
    """The best windows and the one in hand, with every column that the walk has reached."""
    columns = [step.column for step in active[: place + 1] if step.column]
    order = np.argsort(-np.asarray(trace.posterior), kind="stable")[:TABLE_ROWS]
    chosen = [int(i) for i in order]
    chosen += [] if window in chosen else [window]
    values = {name: by_window(trace, name) for name in columns}
    rows = [
        [
            _row_name(trace, i, window),
            f"<code>{escape(steps.window_letters(trace, i))}</code>",
            *(_cell(name, values[name][i]) for name in columns),
        ]
        for i in chosen
    ]
    besides = " and the window in hand" if len(chosen) > len(order) else ""
    caption = f"The {len(order)} most probable windows{besides}"
    header = ["window", "letters", *(SERIES[name] for name in columns)]
    return table(header, rows, caption=caption, css_class="ep-windows")


def by_window(trace: EStepTrace, name: str) -> np.ndarray[Any, Any]:
    """A stage with one number a window: what takes no part, or has lost to a neighbour, is NaN."""
    values = np.asarray(getattr(trace, name), dtype=float)
    if name in _BY_WINDOW:
        return values
    placed = np.full(len(trace.starts), np.nan)
    placed[np.asarray(trace.cell_windows)] = np.where(np.asarray(trace.taking_part), values, np.nan)
    return placed


def top_windows(trace: EStepTrace, values: np.ndarray[Any, Any], label: str) -> str:
    """Where a track is highest, in words."""
    if not np.isfinite(values).any():
        return "No window takes part."
    best = int(np.nanargmax(np.where(np.isfinite(values), values, np.nan)))
    return f"The largest {label} is {values[best]:.3g}, {uncapitalised(window_name(trace, best))}."


def window_name(trace: EStepTrace, window: int) -> str:
    """How a window is called on screen: counted from 1, those of the other strand after those of the given one."""
    if not trace.both_strands:
        return f"Window {window + 1}"
    first = trace.starts[window] + 1
    return f"Window {window + 1} ({_strand(trace.strands[window])} strand, letters {first}–{first + trace.width - 1})"


def uncapitalised(text: str) -> str:
    """A name in the middle of a sentence."""
    return text[:1].lower() + text[1:]


def _row_name(trace: EStepTrace, window: int, in_hand: int) -> str:
    name = f"{window + 1} {_strand(trace.strands[window])}" if trace.both_strands else f"{window + 1}"
    partial = "" if trace.whole[window] else " <small>partial</small>"
    mark = f'<span class="ep-here" title="window in hand">▸ {name}</span>' if window == in_hand else name
    return mark + partial


def _cell(name: str, value: float) -> str:
    return "–" if math.isnan(value) else number(name, float(value))


def _entry(letter: str, column: int, value: float, picked: str) -> str:
    css_class = f"ep-picked ep-on-{letter}" if letter == picked else "ep-unpicked"
    return f'<span class="{css_class}">{number(f"kernel_{letter}{column + 1}", float(value), digits=2)}</span>'


def _sums(bias: float, terms: Sequence[float]) -> list[float]:
    return [math.fsum([bias, *terms[: j + 1]]) for j in range(len(terms))]


def _stretch(trace: EStepTrace, window: int) -> tuple[int, int]:
    """The letters to show around a window."""
    start = trace.starts[window]
    return max(start - FLANK, 0), min(start + trace.width + FLANK, len(trace.sequence))


def _extent(trace: EStepTrace) -> tuple[int, int]:
    """The letters that all tracks share; with padding there are windows that start before the first one."""
    return min(0, trace.starts[0]), max(len(trace.sequence), trace.starts[-1] + trace.width)


def _strand(strand: str) -> str:
    return "−" if strand == "-" else "+"


def _scrolling(svg: str, label: str) -> str:
    return f'<div class="ep-scroll" tabindex="0" role="region" aria-label="{escape(label)}">{svg}</div>'
