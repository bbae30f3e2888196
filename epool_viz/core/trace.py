"""One E-step, every stage of it kept: what the dashboards walk through.

The trace follows the network's route (scan, softmax, weighted mean) and, beside it, the statistician's (letter
probabilities, likelihood ratios, Bayes' rule, expectation); `identity_error` is what lies between the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from epool_viz.core._arrays import as_float, background_like, is_torch, namespace, require_choice, require_number
from epool_viz.core._softmax import logistic
from epool_viz.core.alphabet import DNA, UNKNOWN, Alphabet, get_alphabet, one_hot, reverse_complement
from epool_viz.core.choices import OCCURRENCES, STRAND_READINGS
from epool_viz.core.kernels import KernelPWM, kernel_to_pwm_at
from epool_viz.core.pooling import (
    activate,
    average_pool,
    expectation_pool,
    expectation_stages,
    local_max,
    logsumexp_pool,
    max_pool,
    pool_gradient,
)
from epool_viz.core.posterior import posterior_entropy
from epool_viz.core.scan import scan, whole_windows, window_starts
from epool_viz.core.strands import is_own_complement, other_strand_kernel, strand_log_odds
from epool_viz.core.types import AnyArray, Codes
from epool_viz.errors import ArgumentError, ShapeError

STAGES = (
    "onehot",
    "scores",
    "activated",
    "cells",
    "shifted",
    "exponentials",
    "total",
    "weights",
    "weighted",
    "pooled",
)


@dataclass(frozen=True, eq=False)
class EStepTrace:
    """A record of every intermediate of one E-step; nothing in it is computed twice elsewhere.

    "Window" runs over the window starts of one strand, or of both, the given strand first. "Cell" runs over what is
    pooled: the windows themselves or, with a local maximum, the winners. All arrays are of the kernel's kind.

    Attributes
    ----------
    sequence : str
        Unknown letters as N.
    alphabet : Alphabet
    kernel : shape (letter, width)
    bias, m : float
    mode, local_window : int
    activation, padding, occurrence : str
    both_strands : bool
    strand_reading : str
        "motif" or "network": what a score of the other strand is; of no consequence on one strand, or where the
        background is its own complement.
    site_rate : float
    background : shape (letter,)
    other_kernel : shape (letter, width), or None for one strand
        What scores the other strand, as it reads the letters of the given one; `other_strand_kernel` gives it.
    onehot : shape (letter, length)
    starts : tuple of int, a window
        The letter at which it starts, from 0; negative in the padding.
    strands : tuple of str, a window
        "+" or "-".
    whole : booleans, shape (window,)
        False where a window overlaps the padding or contains an unknown letter: its score is a partial sum.
    scores : shape (window,)
        `bias + sum_j kernel[S[i+j], j]`, in units of log base `e^m`; with `other_kernel` on the other strand.
    activated : shape (window,)
        After the rectifier.
    cells : shape (cell,)
        After the local maximum.
    cell_windows : integers, shape (cell,)
        The window each cell's value comes from.
    taking_part : booleans, shape (cell,)
        Which cells are pooled. Partial windows are not, unless there is a rectifier: the published network keeps them.
    gate : shape (cell,)
        1 where a cell takes part, 0 where not; in mode 1 one half at the mean and 0 below it.
    shifted : shape (cell,)
        `m (x - max x)`; minus infinity for a cell that takes no part.
    exponentials : shape (cell,)
        `gate * e^shifted`.
    total : shape ()
        Their sum.
    weights : shape (cell,)
        `exponentials / total`: the network's weights.
    weighted : shape (cell,)
        `weights * cells`.
    pooled : shape ()
        Their sum, ePool.
    maximum, average, log_sum_exp : shape ()
        The other poolings of the same cells. `log_sum_exp` is None at `m = 0`, where it is infinite.
    entropy : shape (), nats
        Of the weights.
    effective_windows : shape ()
        `e^entropy`.
    gradient, max_gradient : shape (cell,)
        The derivative by each cell, of `pooled` and of `maximum`.
    pwm : KernelPWM
        What the kernel means under the base `e^m`.
    log_ratios : shape (window,)
        `log_base(P(window | ppm) / P(window | background))`, looked up letter by letter; 0 where not whole.
    offsets : shape (window,)
        What a whole window's score has above its log ratio: for a motif one number, for a network one a strand.
    strand_prior : shape (strand,)
        The chance of each strand: equal for a motif; in proportion to `e^(m offset)` for a network, as one softmax over
        both strands takes it for granted.
    prior : shape (cell,)
        The chance that each cell is given beforehand: `gate` times the strand's, normalised.
    log_evidence : shape (), nats
        `ln sum prior * likelihood ratio`.
    bayes_posterior : shape (window,)
        `prior * likelihood ratio`, normalised: Bayes' rule, given that there is a site.
    expected_log_ratio, expected_offset : shape ()
        The means of `log_ratios` and of `offsets` under it; their sum is ePool.
    site_probability : shape ()
        That the sequence has a site, given the sequence; 1 under oops.
    posterior : shape (window,)
        The network's weights, each at its window, times `site_probability`.
    errors : dict of str to float
        The largest difference between the two routes for each statement that these options leave true ("score",
        "posterior", "pooled"); relative to the size of what is compared where that is above 1.
    """

    sequence: str
    alphabet: Alphabet
    kernel: AnyArray
    bias: float
    m: float
    mode: int
    local_window: int
    activation: str
    padding: str
    both_strands: bool
    strand_reading: str
    occurrence: str
    site_rate: float
    background: AnyArray
    other_kernel: AnyArray | None
    onehot: AnyArray
    starts: tuple[int, ...]
    strands: tuple[str, ...]
    whole: AnyArray
    scores: AnyArray
    activated: AnyArray
    cells: AnyArray
    cell_windows: AnyArray
    taking_part: AnyArray
    gate: AnyArray
    shifted: AnyArray
    exponentials: AnyArray
    total: AnyArray
    weights: AnyArray
    weighted: AnyArray
    pooled: AnyArray
    maximum: AnyArray
    average: AnyArray
    log_sum_exp: AnyArray | None
    entropy: AnyArray
    effective_windows: AnyArray
    gradient: AnyArray
    max_gradient: AnyArray
    pwm: KernelPWM
    log_ratios: AnyArray
    offsets: AnyArray
    strand_prior: AnyArray
    prior: AnyArray
    log_evidence: AnyArray
    bayes_posterior: AnyArray
    expected_log_ratio: AnyArray
    expected_offset: AnyArray
    site_probability: AnyArray
    posterior: AnyArray
    errors: dict[str, float]

    @property
    def width(self) -> int:
        """The kernel's width, in letters."""
        return int(self.kernel.shape[-1])

    @property
    def exact(self) -> bool:
        """Whether every statement holds: no rectifier and no local maximum."""
        return is_exact(self.activation, self.local_window)

    @property
    def identity_error(self) -> float:
        """The largest of `errors`."""
        return max(self.errors.values())

    @property
    def stages(self) -> dict[str, AnyArray]:
        """Every stage by its name, in the order in which it is computed."""
        return {name: getattr(self, name) for name in STAGES}

    @property
    def statement(self) -> str:
        """In one line: what this trace shows, and what still holds."""
        tells = self.both_strands and not is_own_complement(self.background, self.alphabet)
        prior = self.strand_prior.tolist() if tells and self.strand_reading == "network" else None
        return statement(
            self.activation, self.local_window, self.mode, self.occurrence, self.both_strands, strand_prior=prior
        )


def is_exact(activation: str, local_window: int) -> bool:
    """Whether the weights are a posterior over all whole windows."""
    return activation == "identity" and local_window == 1


def statement(
    activation: str,
    local_window: int,
    mode: int,
    occurrence: str,
    both_strands: bool = False,
    *,
    strand_prior: Sequence[float] | None = None,
) -> str:
    """In one line: what an E-step with these options shows, and what still holds.

    Parameters
    ----------
    activation, local_window, mode, occurrence, both_strands : as for `e_step_trace`
    strand_prior : two floats, or None
        The chances of the strands where they follow from a network's offsets: under a background that is not its own
        complement.
    """
    if activation != "identity":
        what = "rectified scores" if local_window == 1 else f"local winners of {local_window} rectified scores"
        offset = "offset + log odds" if strand_prior is None else "the strand's offset + log odds"
        return (
            f"As published: the weights are a posterior over {what}. "
            f"Score = {offset} still holds for each whole window; the posterior is no longer Bayes' rule."
        )
    if local_window > 1:
        given = "" if strand_prior is None else f", each winner {_prior_text(strand_prior)}"
        return (
            f"Local winners: the weights are Bayes' rule over the best window of every {local_window}, "
            f"with no chance given to the others{given}; each score is still offset + log odds."
        )
    windows = "all whole windows" if mode == 0 else "the whole windows that score above the mean"
    windows = f"{windows} of both strands" if both_strands else windows
    is_oops = occurrence == "oops"
    weights = "the weights are the posterior of exactly one site" if is_oops else _AT_MOST_ONE
    if strand_prior is None:
        return f"Exact: {weights}, its start uniform over {windows}."
    return (
        f"Exact, as a network reads both strands with one kernel: {weights}, its start among {windows} "
        f"{_prior_text(strand_prior)}."
    )


_AT_MOST_ONE = "times the chance of a site, the weights are the posterior of at most one site"


def _prior_text(strand_prior: Sequence[float]) -> str:
    """The prior that a network's offsets imply, in words."""
    given, other = (f"{chance:.3g}" for chance in strand_prior)
    return f"with the prior e^(m × offset) of its strand, + to − as {given} to {other}"


def e_step_trace(
    sequence: Any,
    kernel: AnyArray,
    *,
    bias: float = 0.0,
    m: float = 1.0,
    mode: int = 0,
    local_window: int = 1,
    activation: str = "identity",
    padding: str = "valid",
    both_strands: bool = False,
    strand_reading: str = "motif",
    occurrence: str = "oops",
    site_rate: float = 0.5,
    background: Any = None,
    alphabet: str | Alphabet = DNA,
) -> EStepTrace:
    """Run one E-step of one kernel on one sequence and keep every stage.

    Parameters
    ----------
    sequence : str, int8 codes, or one-hot array of shape (letter, length)
    kernel : shape (letter, width)
    bias : float
    m : float >= 0
        ePooling's parameter; the kernel is read to the base `e^m`.
    mode : 0 or 1
        As for `expectation_pool`.
    local_window : int >= 1
        Pool only the best of every so many windows; 1 is exact.
    activation : "identity", "relu" or "paper"
        As for `activate`; "identity" is exact.
    padding : "valid" or "same"
    both_strands : bool
        Let a site lie on either strand.
    strand_reading : "motif" or "network", read only on both strands
        "motif": a window of either strand is held against the one background of the sequence, and the start is uniform
        over both. "network": the kernel reads the reverse complement as it reads the sequence, and one softmax over
        both implies a prior in proportion to `e^(m offset)` of each strand. They agree where the background is its own
        complement.
    occurrence : "oops" or "zoops"
    site_rate : float in (0, 1), read only for zoops
    background : shape (letter,), or None for uniform
    alphabet : Alphabet or its name

    Returns
    -------
    EStepTrace

    Raises
    ------
    ArgumentError, ShapeError
        For an option that is none of the above, or a sequence without a single whole window; for `m = 0` where a motif
        is read on both strands of a background that is not its own complement.

    Source: Luo et al., Bioinformatics 36(5), 2020, eq. 4-8; Lawrence & Reilly, Proteins 7:41 (1990).
    """
    alphabet = get_alphabet(alphabet)
    kernel = as_float(kernel, "kernel")
    if kernel.ndim != 2:
        raise ShapeError("kernel", f"of shape {tuple(kernel.shape)}", f"({len(alphabet)}, width): one kernel")
    require_number(m, "m", at_least=0)
    require_number(site_rate, "site_rate", above=0)
    require_choice(occurrence, "occurrence", OCCURRENCES)
    require_choice(strand_reading, "strand_reading", STRAND_READINGS)
    if not site_rate < 1:
        raise ArgumentError("site_rate", f"{site_rate:g}", "a number between 0 and 1")
    options: dict[str, Any] = {
        "bias": float(bias),
        "m": float(m),
        "mode": mode,
        "local_window": local_window,
        "activation": activation,
    }
    options |= {"padding": padding, "both_strands": both_strands, "occurrence": occurrence, "site_rate": site_rate}
    options["strand_reading"] = strand_reading
    q = background_like(background, kernel, len(alphabet))
    codes, onehot = _read(sequence, alphabet, kernel)
    strands = {"strand_reading": strand_reading, "m": m, "background": q, "alphabet": alphabet}
    other_kernel = other_strand_kernel(kernel, **strands) if both_strands else None
    network = _network_route(onehot, kernel, other_kernel, options)
    reading = _statistical_route(codes, kernel, alphabet, q, network, options)
    return EStepTrace(
        sequence=alphabet.decode(codes),
        alphabet=alphabet,
        kernel=kernel,
        background=q,
        other_kernel=other_kernel,
        onehot=onehot,
        errors=_errors(network, reading, activation),
        **options,
        **network,
        **reading,
    )


def _read(sequence: Any, alphabet: Alphabet, kernel: AnyArray) -> tuple[Codes, AnyArray]:
    """The sequence as codes, and as a one-hot array of the kernel's kind."""
    if isinstance(sequence, str):
        codes = alphabet.encode(sequence)
    elif isinstance(sequence, np.ndarray) and sequence.dtype == np.int8 and sequence.ndim == 1:
        codes = sequence
    else:
        matrix = np.asarray(sequence.detach().cpu() if is_torch(sequence) else sequence)
        if matrix.ndim != 2 or matrix.shape[0] != len(alphabet):
            raise ShapeError("sequence", f"of shape {matrix.shape}", f"a string, or one-hot ({len(alphabet)}, length)")
        codes = np.where(matrix.any(axis=0), matrix.argmax(axis=0), UNKNOWN).astype(np.int8)
        if not np.array_equal(one_hot(codes, alphabet), matrix):
            raise ArgumentError("sequence", "not one-hot", "columns with a single 1, or all 0 for an unknown letter")
    if codes.size == 0:
        raise ArgumentError("sequence", "empty", f"at least {kernel.shape[-1]} letters")
    return codes, as_float(one_hot(codes, alphabet), "sequence", like=kernel)


def _network_route(
    onehot: AnyArray, kernel: AnyArray, other_kernel: AnyArray | None, options: dict[str, Any]
) -> dict[str, Any]:
    """Scan, rectify, take local winners, softmax, weighted mean; and the other poolings of the same cells."""
    xp = namespace(kernel)
    width, padding, m = kernel.shape[-1], options["padding"], options["m"]
    whole = whole_windows(onehot, width, padding=padding)
    n_windows = whole.shape[-1]
    starts = tuple(window_starts(n_windows, width, padding))
    kernels = [kernel] if other_kernel is None else [kernel, other_kernel]
    n_strands = len(kernels)
    scores = xp.concat([scan(onehot, each, bias=options["bias"], padding=padding) for each in kernels])
    whole = xp.concat([whole] * n_strands)
    if not bool(xp.any(whole)):
        raise ArgumentError("sequence", "without a window of known letters", f"{width} known letters in a row")
    activated = activate(scores, options["activation"])
    # the published network pools partial windows too; a posterior has no place for them
    candidates = whole if options["activation"] == "identity" else xp.ones_like(whole)
    cells, cell_windows = _winners(activated, candidates, options["local_window"], n_strands)
    taking_part = xp.take(candidates, cell_windows)
    stages = expectation_stages(cells, m=m, mode=options["mode"], mask=taking_part)
    pooling: dict[str, Any] = {"m": m, "mode": options["mode"], "mask": taking_part}
    entropy = posterior_entropy(stages.weights)
    return {
        "starts": starts * n_strands,
        "strands": ("+",) * n_windows + ("-",) * (n_windows * (n_strands - 1)),
        "whole": whole,
        "scores": scores,
        "activated": activated,
        "cells": cells,
        "cell_windows": cell_windows,
        "taking_part": taking_part,
        "gate": stages.gate,
        "shifted": stages.shifted,
        "exponentials": stages.exponentials,
        "total": stages.total[0],
        "weights": stages.weights,
        "weighted": stages.weights * cells,
        "pooled": expectation_pool(cells, **pooling),
        "maximum": max_pool(cells, mask=taking_part),
        "average": average_pool(cells, mask=taking_part),
        "log_sum_exp": logsumexp_pool(cells, m=m, mask=taking_part) if m > 0 else None,
        "entropy": entropy,
        "effective_windows": xp.exp(entropy),
        "gradient": pool_gradient(cells, **pooling),
        "max_gradient": pool_gradient(cells, method="max", mask=taking_part),
    }


def _winners(activated: AnyArray, candidates: AnyArray, window: int, n_strands: int) -> tuple[AnyArray, AnyArray]:
    """The cells of each strand one after the other, and the window each comes from."""
    xp = namespace(activated)
    # (window,) -> (strand, window of the strand)
    by_strand = xp.reshape(activated, (n_strands, -1))
    winners = local_max(by_strand, window, mask=xp.reshape(candidates, (n_strands, -1)))
    device = activated.device if is_torch(activated) else None
    firsts = xp.arange(n_strands, device=device)[:, None] * by_strand.shape[-1]
    return xp.reshape(winners.values, (-1,)), xp.reshape(winners.positions + firsts, (-1,))


def _statistical_route(
    codes: Codes, kernel: AnyArray, alphabet: Alphabet, q: AnyArray, network: dict[str, Any], options: dict[str, Any]
) -> dict[str, Any]:
    """Letter probabilities, likelihood ratios, Bayes' rule, expectation: no scan, no softmax."""
    xp = namespace(kernel)
    m, whole, cell_windows = options["m"], network["whole"], network["cell_windows"]
    readings = _readings(kernel, alphabet, q, options)
    n_windows = whole.shape[0] // len(readings)
    letters = _padded(codes, kernel.shape[-1], options["padding"], kernel)
    log_ratios = xp.concat([_log_ratios(letters, reading, q, m, n_windows) for reading in readings])
    log_ratios = xp.where(whole, log_ratios, xp.zeros_like(log_ratios))
    offsets = xp.stack([reading.offset for reading in readings])
    window_offsets = xp.concat([xp.zeros_like(log_ratios[:n_windows]) + offset for offset in offsets])
    # a strand whose offset is larger is taken to be likelier beforehand; a motif has one offset
    strand_prior = xp.exp(m * (offsets - xp.max(offsets)))
    strand_prior = strand_prior / xp.sum(strand_prior)
    cell_strand = cell_windows // n_windows
    prior = network["gate"] * xp.take(strand_prior, cell_strand)
    prior = prior / xp.sum(prior)
    log_joint = m * xp.take(log_ratios, cell_windows) + xp.log(xp.where(prior > 0, prior, xp.ones_like(prior)))
    log_joint = xp.where(prior > 0, log_joint, xp.full_like(log_joint, -math.inf))
    top = xp.max(log_joint)
    joint = xp.exp(log_joint - top)
    evidence = xp.sum(joint)
    bayes = joint / evidence
    log_evidence = xp.log(evidence) + top
    site_probability = xp.ones_like(evidence)
    if options["occurrence"] == "zoops":
        site_probability = logistic(log_evidence + math.log(options["site_rate"] / (1 - options["site_rate"])))
    bayes_posterior = _at_windows(bayes, cell_windows, whole.shape[0])
    return {
        "pwm": readings[0],
        "log_ratios": log_ratios,
        "offsets": window_offsets,
        "strand_prior": strand_prior,
        "prior": prior,
        "log_evidence": log_evidence,
        "bayes_posterior": bayes_posterior,
        "expected_log_ratio": xp.sum(bayes_posterior * log_ratios),
        "expected_offset": xp.sum(bayes_posterior * window_offsets),
        "site_probability": site_probability,
        "posterior": _at_windows(network["weights"], cell_windows, whole.shape[0]) * site_probability,
    }


def _readings(kernel: AnyArray, alphabet: Alphabet, q: AnyArray, options: dict[str, Any]) -> list[KernelPWM]:
    """What the kernel means on each strand, as the letters of the given strand read it."""
    m, bias = options["m"], options["bias"]
    given = kernel_to_pwm_at(kernel, m, bias=bias, background=q)
    if not options["both_strands"]:
        return [given]
    if options["strand_reading"] == "network":
        return [given, kernel_to_pwm_at(reverse_complement(kernel, alphabet), m, bias=bias, background=q)]
    odds = strand_log_odds(q, alphabet.complement_codes)
    ppm, pwm = (reverse_complement(matrix, alphabet) for matrix in (given.ppm, given.pwm))
    return [given, KernelPWM(ppm, pwm + (odds / (m or 1.0))[:, None], given.offset)]  # at m = 0 the odds are 0


def _padded(codes: Codes, width: int, padding: str, kernel: AnyArray) -> AnyArray:
    sides = ((width - 1) // 2, width // 2) if padding == "same" else (0, 0)
    letters = np.pad(codes.astype(np.int64), sides, constant_values=UNKNOWN)
    return namespace(kernel).asarray(letters, device=kernel.device) if is_torch(kernel) else letters


def _log_ratios(letters: AnyArray, reading: KernelPWM, q: AnyArray, m: float, n_windows: int) -> AnyArray:
    """`log_base(P(window | ppm) / P(window | q))`, each letter looked up; unknown letters add nothing."""
    xp = namespace(q)
    table = reading.pwm
    if m > 0:
        # from the probabilities themselves, except where they are too small for a float to hold with full precision
        whole = reading.ppm > xp.finfo(q.dtype).smallest_normal
        safe = xp.where(whole, reading.ppm, xp.ones_like(reading.ppm))
        table = xp.where(whole, (xp.log(safe) - xp.log(q)[:, None]) / m, table)
    known = letters >= 0
    rows = xp.where(known, letters, xp.zeros_like(letters))
    total = xp.zeros_like(table[0, :1])
    for j in range(table.shape[-1]):
        term = xp.take(table[:, j], rows[j : j + n_windows])
        total = total + xp.where(known[j : j + n_windows], term, xp.zeros_like(term))
    return total


def _at_windows(values: AnyArray, cell_windows: AnyArray, n_windows: int) -> AnyArray:
    """Put each cell's value at its window: (cell,) -> (window,), 0 elsewhere."""
    xp = namespace(values)
    places = xp.arange(n_windows, device=values.device if is_torch(values) else None)
    if tuple(cell_windows.shape) == (n_windows,):
        return values
    return xp.sum(xp.where(cell_windows[:, None] == places, values[:, None], xp.zeros_like(values)[:, None]), axis=0)


def _errors(network: dict[str, Any], reading: dict[str, Any], activation: str) -> dict[str, float]:
    """How far the two routes lie apart in each statement that the options leave true."""
    xp = namespace(network["scores"])
    nothing = xp.zeros_like(network["scores"])
    by_pwm = reading["log_ratios"] + reading["offsets"]
    errors = {"score": _difference(*(xp.where(network["whole"], x, nothing) for x in (network["scores"], by_pwm)))}
    if activation == "identity":
        weights = _at_windows(network["weights"], network["cell_windows"], nothing.shape[0])
        errors["posterior"] = _difference(weights, reading["bayes_posterior"])
        expected = reading["expected_log_ratio"] + reading["expected_offset"]
        errors["pooled"] = _difference(network["pooled"], expected)
    return errors


def _difference(a: AnyArray, b: AnyArray) -> float:
    a, b = (x.detach() if is_torch(x) else x for x in (a, b))
    return float(abs(a - b).max()) / max(1.0, float(abs(a).max()))
