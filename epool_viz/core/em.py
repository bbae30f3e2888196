"""Motif discovery by expectation and maximisation: the E-step that pooling shares, and the M-step that it does not.

Every window of every sequence is a candidate. The E-step computes the probability of a site there; the M-step
counts letters under these probabilities. The log evidence never falls.

On both strands a window is held against the one background of the sequence, whichever way the motif reads it: a set and
its reverse complement, under the complement of the background, have the same sites. Imaginary letters, of pseudocounts
and of a start, are drawn from either strand alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from epool_viz.core._arrays import (
    as_float,
    background_like,
    is_torch,
    require_choice,
    require_number,
    require_shape,
    require_whole,
)
from epool_viz.core.alphabet import DNA, Alphabet, reverse_complement
from epool_viz.core.choices import OCCURRENCES, STARTS, STRAND_READINGS
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.strands import mean_of_strands, strand_log_odds
from epool_viz.core.types import Array
from epool_viz.core.windows import FoundSite, Windows, background_of, codes_of, sites_of, windows_of
from epool_viz.errors import ArgumentError, ShapeError

MOST_TRIALS = 500_000_000  # pairs of a substring and a window that "substrings" looks at: a few seconds
_FIRST_LETTER = 0.7  # of a substring as a first PPM; the others share the rest
_BATCH = 400_000  # windows, those of several starts together, of one E-step; more leave the cache


class Cancel(Protocol):
    """A request to stop, such as a `threading.Event`."""

    def is_set(self) -> bool:
        """Whether to stop."""
        ...


class EStep(NamedTuple):
    """What an E-step gives.

    Attributes
    ----------
    posterior : shape (window,)
        Probability that the site of its sequence starts there; for zoops it sums to the probability of a site.
    evidence : float
        Log evidence of all sequences against the background, nats.
    site_probability : shape (n_sequences,)
        1 for oops; 0 for a sequence without a window.
    """

    posterior: Array
    evidence: float
    site_probability: Array


@dataclass(frozen=True)
class EMHistory:
    """What each iteration came to.

    Attributes
    ----------
    evidence : shape (iteration,)
        Log evidence under the PPM that the iteration began with.
    objective : shape (iteration,)
        The same and the log prior of the pseudocounts: what never falls. Equal to `evidence` without pseudocounts.
    site_rate : shape (iteration,)
    ppm : shape (iteration, letter, width)
    """

    evidence: Array
    objective: Array
    site_rate: Array
    ppm: Array


@dataclass(frozen=True)
class EMResult:
    """What `fit_em` returns: the best of all starts.

    Attributes
    ----------
    ppm : shape (letter, width)
    site_rate : float
        1 for oops.
    evidence : float
        Log evidence of all sequences, nats.
    windows : Windows
    posterior : shape (window,)
    site_probability : shape (n_sequences,)
    history : EMHistory
    start : str
        What it began with.
    converged : bool
    n_starts : int
    """

    ppm: Array
    site_rate: float
    evidence: float
    windows: Windows
    posterior: Array
    site_probability: Array
    history: EMHistory
    start: str
    converged: bool
    n_starts: int

    def best_windows(self) -> Array:
        """Place of the most probable window of each sequence that has one; shape (n_sequences,)."""
        edges = zip(self.windows.first, self.windows.n_windows, strict=True)
        return np.array([first + int(np.argmax(self.posterior[first : first + n])) for first, n in edges if n])

    def sites(self, least: float = 0.0) -> list[FoundSite]:
        """The most probable window of each sequence, where its posterior is at least `least`.

        Parameters
        ----------
        least : float
            0 for every sequence, as oops has it; 0.5 for those that have a site rather than none.
        """
        return sites_of(self.windows, self.posterior, least)


def e_step(
    windows: Windows, ppm: Any, *, background: Any = None, occurrence: str = "oops", site_rate: float = 0.5
) -> EStep:
    """Say where the sites are, given the motif.

    Parameters
    ----------
    windows : Windows
    ppm : shape (letter, width)
    background : shape (letter,), or None for uniform
    occurrence : "oops" or "zoops"
    site_rate : float in (0, 1], read only for zoops
        Prior probability that a sequence has a site.

    Returns
    -------
    EStep

    Raises
    ------
    ArgumentError
        If `occurrence` is neither, or `site_rate` is not in (0, 1].

    Source: Lawrence & Reilly, Proteins 7:41 (1990), for oops; Bailey & Elkan, ISMB 2:28 (1994), for zoops.
    """
    require_choice(occurrence, "occurrence", OCCURRENCES)
    if occurrence == "zoops" and not 0 < site_rate <= 1:
        raise ArgumentError("site_rate", repr(site_rate), "a number in (0, 1]")
    ppm, q = _checked(ppm, windows, background)
    return _e_step(windows, _log_odds(ppm, q), occurrence, site_rate, _other_strand(windows, q))


def m_step(windows: Windows, posterior: Array, *, pseudocount: float = 0.0, background: Any = None) -> Array:
    """Count letters under the posterior.

    Parameters
    ----------
    windows : Windows
    posterior : shape (window,)
    pseudocount : float >= 0
        Imaginary sites, their letters drawn from the background, added to each column; where both strands are listed,
        half of them lie on either.
    background : shape (letter,), or None for uniform

    Returns
    -------
    array, shape (letter, width): the PPM

    Raises
    ------
    ArgumentError
        If the posterior is zero everywhere and there are no pseudocounts.
    """
    q = _as_either_strand(np.asarray(background_like(background, np.zeros(0), windows.n_letters)), windows)
    counts = expected_counts(windows, posterior) + pseudocount * q[:, None]
    total = counts.sum(axis=0)
    if not np.all(total > 0):
        raise ArgumentError("posterior", "zero everywhere", "some probability that there is a site, or pseudocounts")
    return np.asarray(counts / total)


def expected_counts(windows: Windows, posterior: Array) -> Array:
    """How often each letter stands in each column of the site, on average; shape (letter, width)."""
    counts = np.empty((windows.n_letters, windows.letters.shape[1]))
    for first, width, codes in windows.groups:
        together = np.bincount(codes, weights=posterior, minlength=windows.n_letters**width)
        cube = together.reshape((windows.n_letters,) * width)
        for j in range(width):
            counts[:, first + j] = cube.sum(axis=tuple(k for k in range(width) if k != j))
    return counts


def log_prior(ppm: Array, background: Array, pseudocount: float) -> Any:
    """Log density of a PPM among the imaginary sites of the pseudocounts, up to a constant, nats.

    Parameters
    ----------
    ppm : shape (..., letter, width)
    background : shape (letter,)
        That the imaginary sites are drawn from; on both strands the mean of it and its complement.
    pseudocount : float >= 0

    Returns
    -------
    float, or array of shape (...). With it added, the evidence never falls.
    """
    if not pseudocount:
        return np.zeros(ppm.shape[:-2])[()]
    with np.errstate(divide="ignore"):
        terms = background[:, None] * np.log(ppm)
    return pseudocount * terms.sum(axis=(-2, -1))


def posterior_ppm(
    sequences: Any,
    kernel: Any,
    *,
    bias: float = 0.0,
    m: float = 1.0,
    background: Any = None,
    both_strands: bool = False,
    strand_reading: str = "motif",
    occurrence: str = "oops",
    site_rate: float = 0.5,
    pseudocount: float = 0.0,
    alphabet: str | Alphabet = "DNA",
) -> Array:
    """What a kernel means to the sequences that it reads: one M-step with the kernel's own posterior.

    At a fixed point of EM it is the PPM that the kernel means by itself, `kernel_to_pwm_at(kernel, m).ppm`; their
    `kl_divergence`, column by column, is the distance from one.

    Parameters
    ----------
    sequences : SequenceSet, or strings, or int8 codes (-1 for an unknown letter)
        Of any lengths; one without a whole window of known letters takes no part.
    kernel : shape (letter, width)
    bias : float
        Of the kernel. It moves all scores alike, and so no posterior.
    m : float >= 0
        Of ePooling; 0 counts every window of a strand alike, but for the letters' shares on the other strand.
    background : shape (letter,), or None for uniform
    both_strands : bool
        Whether a window of the other strand may be the site; it is counted as the kernel reads it.
    strand_reading : "motif" or "network"
        As for `e_step_trace`, read only on both strands.
    occurrence : "oops" or "zoops"
    site_rate : float in (0, 1], read only for zoops
    pseudocount : float >= 0
        Imaginary sites a column, their letters drawn from the background.
    alphabet : for strings

    Returns
    -------
    array, shape (letter, width); every column sums to 1.

    Raises
    ------
    ArgumentError
        If no sequence has a window.
    ShapeError
        If the kernel is not one matrix with a row for each letter.

    Source: Lawrence & Reilly, Proteins 7:41 (1990); its E-step is ePooling's, Luo et al., Bioinformatics 36(5), 2020.
    """
    require_choice(occurrence, "occurrence", OCCURRENCES)
    require_choice(strand_reading, "strand_reading", STRAND_READINGS)
    require_number(pseudocount, "pseudocount", at_least=0)
    codes, letters = codes_of(sequences, alphabet)
    matrix = as_float(np.asarray(kernel.detach().cpu()) if is_torch(kernel) else kernel, "kernel").astype(float)
    require_shape(matrix, "kernel", at_least=2, accepted=f"({len(letters)}, width)")
    if matrix.ndim != 2 or matrix.shape[0] != len(letters):
        raise ShapeError("kernel", f"of shape {matrix.shape}", f"({len(letters)}, width)")
    read = kernel_to_pwm_at(matrix, m, bias=bias, background=background)
    windows = windows_of(codes, matrix.shape[1], both_strands=both_strands, alphabet=letters, skip=True)
    if strand_reading == "motif" or not both_strands:
        extra = _other_strand(windows, np.asarray(background_like(background, np.zeros(0), len(letters))))
    else:
        other = kernel_to_pwm_at(reverse_complement(matrix, letters), m, bias=bias, background=background)
        # scores have one offset a strand; the evidence is against the mean of both, as the prior that they imply has it
        extra = m * read.offset - np.logaddexp(m * read.offset, m * other.offset) + math.log(2)
    posterior = _e_step(windows, m * read.pwm, occurrence, site_rate, extra).posterior
    return m_step(windows, posterior, pseudocount=pseudocount, background=background)


def fit_em(
    sequences: Any,
    width: int,
    *,
    occurrence: str = "oops",
    n_starts: int = 10,
    start: Any = "random",
    seed: int = 0,
    both_strands: bool = False,
    pseudocount: float = 0.1,
    background: Any = None,
    max_iterations: int = 200,
    tolerance: float = 1e-6,
    erased: Any = None,
    alphabet: str | Alphabet = "DNA",
    on_iteration: Callable[[int, int, float], object] | None = None,
    on_trial: Callable[[int, int], object] | None = None,
    cancel: Cancel | None = None,
) -> EMResult:
    """Discover a motif.

    Parameters
    ----------
    sequences : SequenceSet, or strings, or int8 codes (-1 for an unknown letter)
        Of any lengths of at least `width`.
    width : int
    occurrence : "oops" or "zoops"
        Exactly one site a sequence, or at most one.
    n_starts : int
        The best evidence of so many starts wins; each begins with another window.
    start : "random", "substrings", or a PPM of shape (letter, width)
        "random" begins with windows drawn by `seed`. "substrings" tries every window for one iteration first and goes
        on with the best `n_starts`, as MEME does; for small sets. A PPM, such as that of a trained kernel, is the only
        start.
    both_strands : bool
        Whether a site may lie on the other strand; both are held against the one background.
    pseudocount : float >= 0
        Imaginary sites a column, their letters drawn from the background; on both strands half of them from either.
    background : shape (letter,), or None for the letters of the sequences, of both strands alike where both are read
    max_iterations : int
    tolerance : float
        It ends when an iteration adds less than this, in nats.
    erased : boolean arrays, one a sequence, or None
        Letters of sites that were found before; `erase` gives them.
    alphabet : for strings
    on_iteration : callable (start, iteration, objective), or None
        The starts climb side by side.
    on_trial : callable (done, total), or None
        Called with the number of substrings tried.
    cancel : object with `is_set()`, or None
        Once set, what has been found so far is returned.

    Returns
    -------
    EMResult

    Raises
    ------
    ArgumentError, ShapeError

    Source: Lawrence & Reilly, Proteins 7:41 (1990); Bailey & Elkan, ISMB 2:28 (1994), for zoops and the substrings.
    """
    require_choice(occurrence, "occurrence", OCCURRENCES)
    require_number(pseudocount, "pseudocount", at_least=0)
    for name, value in (("n_starts", n_starts), ("max_iterations", max_iterations)):
        require_whole(value, name, at_least=1)
    codes, letters = codes_of(sequences, alphabet)
    windows = windows_of(codes, width, both_strands=both_strands, alphabet=letters, erased=erased)
    q = background_of(codes, letters, both_strands) if background is None else background
    q = np.asarray(background_like(q, np.zeros(0), len(letters)))
    climber = _Climber(windows, letters, q, occurrence, pseudocount, max_iterations, tolerance, on_iteration, cancel)
    names, ppms = _first_ppms(climber, start, n_starts, seed, on_trial)
    fits = climber.climb(names, ppms)
    ppm, rate, history, name, converged = max(fits, key=lambda fit: fit[2].objective[-1])
    found = _e_step(windows, _log_odds(ppm, q), occurrence, rate, climber.other_strand)
    return EMResult(
        ppm,
        1.0 if occurrence == "oops" else rate,
        found.evidence,
        windows,
        found.posterior,
        found.site_probability,
        history,
        name,
        converged,
        len(fits),
    )


def first_ppms(
    windows: Windows,
    start: Any = "random",
    *,
    n_starts: int = 1,
    seed: int = 0,
    occurrence: str = "oops",
    pseudocount: float = 0.1,
    background: Any = None,
    alphabet: Alphabet = DNA,
    on_trial: Callable[[int, int], object] | None = None,
    cancel: Cancel | None = None,
) -> tuple[list[str], Array]:
    """Where `fit_em` would begin.

    Parameters
    ----------
    windows : Windows
    start, n_starts, seed, occurrence, pseudocount, background, alphabet, on_trial, cancel : as for `fit_em`

    Returns
    -------
    list of str, what each start is called; and array, shape (start, letter, width).
    """
    q = np.asarray(background_like(background, np.zeros(0), windows.n_letters))
    climber = _Climber(windows, alphabet, q, occurrence, pseudocount, 0, 0.0, None, cancel)
    return _first_ppms(climber, start, n_starts, seed, on_trial)


def window_ppm(letters: Array, background: Array) -> Array:
    """A window as a PPM: mostly its own letters, else the background's.

    Parameters
    ----------
    letters : shape (width,)
        Codes of its letters.
    background : shape (letter,)
        On both strands the mean of it and its complement.

    Returns
    -------
    Array, shape (letter, width). The start that `fit_em` makes of the window.
    """
    one_hot = np.eye(len(background))[letters].T
    return np.asarray(_FIRST_LETTER * one_hot + (1 - _FIRST_LETTER) * background[:, None])


def erase(sequences: Any, result: EMResult, *, least: float = 0.5, alphabet: str | Alphabet = "DNA") -> list[Array]:
    """The letters of the sites of a motif, so that the next one is looked for elsewhere.

    Parameters
    ----------
    sequences : those that the motif was found in
    result : EMResult
    least : float
        Posterior from which a window counts as a site.

    Returns
    -------
    list of boolean arrays, one a sequence
    """
    codes, _ = codes_of(sequences, alphabet)
    marked = [np.zeros(len(each), dtype=bool) for each in codes]
    width = result.windows.letters.shape[1]
    for place in np.flatnonzero(result.posterior >= least):
        begin = result.windows.start[place]
        marked[result.windows.sequence[place]][begin : begin + width] = True
    return marked


class _Climber:
    """Several starts side by side, each up to where it gains no more."""

    def __init__(
        self,
        windows: Windows,
        alphabet: Alphabet,
        background: Array,
        occurrence: str,
        pseudocount: float,
        max_iterations: int,
        tolerance: float,
        on_iteration: Callable[[int, int, float], object] | None,
        cancel: Cancel | None,
    ) -> None:
        self.windows = windows
        self.alphabet = alphabet
        self.q = background
        self.imaginary = _as_either_strand(background, windows)
        self.other_strand = _other_strand(windows, background)
        self.occurrence = occurrence
        self.pseudocount = pseudocount
        self.max_iterations = max_iterations
        self.tolerance = tolerance
        self.on_iteration = on_iteration
        self.cancel = cancel

    @property
    def is_cancelled(self) -> bool:
        return self.cancel is not None and self.cancel.is_set()

    def climb(self, names: list[str], ppms: Array) -> list[tuple[Array, float, EMHistory, str, bool]]:
        """PPM, site rate, history, name and convergence of each start; without those that a cancel leaves out."""
        fits: list[tuple[Array, float, EMHistory, str, bool]] = []
        for numbers in self.batches(len(ppms)):
            if fits and self.is_cancelled:
                break
            fits += self._side_by_side(numbers, [names[number] for number in numbers], ppms[numbers])
        return fits

    def batches(self, n: int) -> Iterator[Array]:
        """Places 0 to n - 1, as many at a time as go well together."""
        size = max(1, _BATCH // len(self.windows.sequence))
        for begin in range(0, n, size):
            yield np.arange(begin, min(begin + size, n))

    def _side_by_side(
        self, numbers: Array, names: list[str], ppms: Array
    ) -> list[tuple[Array, float, EMHistory, str, bool]]:
        ppms, rates = ppms.copy(), np.full(len(ppms), 0.5)
        steps: list[list[tuple[float, float, float, Array]]] = [[] for _ in numbers]
        converged = np.zeros(len(ppms), dtype=bool)
        climbing = np.arange(len(ppms))
        for iteration in range(self.max_iterations + 1):
            step = self.e_steps(ppms[climbing], rates[climbing])
            objective = step.evidence + log_prior(ppms[climbing], self.imaginary, self.pseudocount)
            for i, place in enumerate(climbing):
                steps[place].append((step.evidence[i], objective[i], rates[place], ppms[place].copy()))
                if self.on_iteration is not None:
                    self.on_iteration(int(numbers[place]), iteration, float(objective[i]))
                converged[place] = iteration > 0 and objective[i] - steps[place][-2][1] < self.tolerance
            goes_on = ~converged[climbing]
            if iteration == self.max_iterations or not goes_on.any() or self.is_cancelled:
                break
            climbing = climbing[goes_on]
            ppms[climbing] = self.m_steps(step.posterior[goes_on])
            if self.occurrence == "zoops":
                share = step.site_probability[goes_on][:, self.windows.n_windows > 0].mean(axis=1)
                rates[climbing] = np.clip(share, 1e-12, 1 - 1e-12)
        histories = [EMHistory(*(np.array(column) for column in zip(*each, strict=True))) for each in steps]
        return [(ppms[i], float(rates[i]), histories[i], names[i], bool(converged[i])) for i in range(len(histories))]

    def e_steps(self, ppms: Array, rates: Array) -> _ESteps:
        """The E-step of each PPM and site rate; shapes (start, letter, width) and (start,)."""
        return _e_steps(self.windows, _log_odds(ppms, self.q), self.occurrence, rates, self.other_strand)

    def m_steps(self, posteriors: Array, least: float = 0.0) -> Array:
        """A PPM for each posterior; shape (start, letter, width)."""
        pseudocount = max(self.pseudocount, least)
        steps = [m_step(self.windows, each, pseudocount=pseudocount, background=self.q) for each in posteriors]
        return np.array(steps)

    def evidence_after_one(self, ppms: Array) -> Array:
        """Log evidence that each start has after one iteration; shape (start,)."""
        rates = np.full(len(ppms), 0.5)
        after = self.m_steps(self.e_steps(ppms, rates).posterior, least=1e-3)
        return np.asarray(self.e_steps(after, rates).evidence)


class _ESteps(NamedTuple):
    """E-steps of several starts: shapes (start, window), (start,), (start, n_sequences)."""

    posterior: Array
    evidence: Array
    site_probability: Array


def _log_odds(ppm: Array, background: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(ppm) - np.log(background)[:, None])


def _other_strand(windows: Windows, background: Array) -> Array | None:
    """What a window of the other strand has above the log odds of the letters that the motif reads there, nats.

    The motif reads the complements, but the background of the sequence drew the letters themselves. Shape (window,), or
    None where that is the same.
    """
    log_odds = 0 * background if windows.complement is None else strand_log_odds(background, windows.complement)
    if not log_odds.any():
        return None
    table = np.repeat(-log_odds[:, None], windows.letters.shape[1], axis=1)
    return np.where(windows.is_reverse, _log_ratios(windows, table[None])[0], 0.0)


def _as_either_strand(background: Array, windows: Windows) -> Array:
    """The letters of an imaginary site as the motif reads them: where both strands are listed, half from either."""
    if windows.complement is None:
        return background
    return np.asarray(mean_of_strands(background, windows.complement))


def _e_step(
    windows: Windows, log_odds: Array, occurrence: str, site_rate: float, extra: Array | float | None = None
) -> EStep:
    """The E-step from the log odds of each letter in each column; shape (letter, width), nats."""
    found = _e_steps(windows, log_odds[None], occurrence, np.array([site_rate]), extra)
    return EStep(found.posterior[0], float(found.evidence[0]), found.site_probability[0])


def _log_ratios(windows: Windows, log_odds: Array) -> Array:
    """The sum of the log odds of each window's letters: (start, letter, width) -> (start, window)."""
    ratios = np.zeros((len(log_odds), len(windows.sequence)))
    part = np.empty_like(ratios)
    for first, width, codes in windows.groups:
        ratios += np.take(_table(log_odds[:, :, first : first + width]), codes, axis=1, out=part, mode="clip")
    return ratios


def _e_steps(
    windows: Windows, log_odds: Array, occurrence: str, site_rates: Array, extra: Array | float | None = None
) -> _ESteps:
    """E-steps from log odds of shape (start, letter, width); `extra` is what a window has above their sum."""
    ratios = _log_ratios(windows, log_odds)
    if extra is not None:
        ratios += extra
    present, each = windows.n_windows > 0, windows.n_windows
    edges = windows.first[present]
    safe, total, with_site = (np.zeros((len(log_odds), len(present))) for _ in range(3))
    most = np.maximum.reduceat(ratios, edges, axis=1)
    safe[:, present] = np.where(np.isfinite(most), most, 0.0)
    ratios -= np.repeat(safe, each, axis=1)
    powers = np.exp(ratios, out=ratios)
    total[:, present] = np.add.reduceat(powers, edges, axis=1)
    with np.errstate(divide="ignore"):  # log evidence given a site
        with_site[:, present] = safe[:, present] + np.log(total[:, present]) - np.log(each[present])
    if occurrence == "oops":
        if not np.all(total[:, present] > 0):
            place = int(np.flatnonzero(present & np.any(total == 0, axis=0))[0]) + 1
            raise ArgumentError("ppm", f"impossible for sequence {place}", "a PPM without zeros, or pseudocounts")
        evidence, share = with_site, np.broadcast_to(present.astype(float), total.shape)
    else:
        rates = site_rates[:, None]
        with np.errstate(divide="ignore"):
            evidence = np.where(present, np.logaddexp(np.log(rates) + with_site, np.log1p(-rates)), 0.0)
            share = np.where(present, np.exp(np.log(rates) + with_site - evidence), 0.0)
    factor = np.divide(share, total, out=np.zeros_like(total), where=total > 0)
    powers *= np.repeat(factor, each, axis=1)
    return _ESteps(powers, evidence.sum(axis=1), share)


def _table(log_odds: Array) -> Array:
    """The sum over a group's columns, whichever letters stand there: (start, letter, column) -> (start, code)."""
    sums = log_odds[:, :, 0]
    for j in range(1, log_odds.shape[2]):
        sums = (sums[:, :, None] + log_odds[:, None, :, j]).reshape(len(log_odds), -1)
    return np.ascontiguousarray(sums)


def _first_ppms(
    climber: _Climber, start: Any, n_starts: int, seed: int, on_trial: Callable[[int, int], object] | None
) -> tuple[list[str], Array]:
    """What each start is called, and its PPM; shape (start, letter, width)."""
    windows, q = climber.windows, climber.imaginary
    if not isinstance(start, str):
        ppm, _ = _checked(start, windows, q)
        smooth = ppm + 1e-6 * q[:, None]
        return ["the given motif"], (smooth / smooth.sum(axis=0))[None]
    require_choice(start, "start", STARTS)
    if start == "random":
        chosen = _random_windows(windows, n_starts, seed)
    else:
        chosen = _best_substrings(climber, np.unique(windows.letters, axis=0), n_starts, on_trial)
    names = [f"window {climber.alphabet.decode(letters)}" for letters in chosen]
    return names, np.array([window_ppm(letters, q) for letters in chosen])


def _random_windows(windows: Windows, n_starts: int, seed: int) -> Array:
    """Windows whose letters differ, at most `n_starts`.

    On both strands they are drawn from the windows in the order of their letters, whichever strand is the given one.
    """
    drawn: dict[bytes, int] = {}
    places = np.random.default_rng(seed).permutation(len(windows.letters))
    if windows.complement is not None:
        places = np.lexsort(windows.letters.T)[places]
    for place in places:
        drawn.setdefault(windows.letters[place].tobytes(), int(place))
        if len(drawn) == n_starts:
            break
    return np.asarray(windows.letters[list(drawn.values())])


def _best_substrings(
    climber: _Climber, unique: Array, n_starts: int, on_trial: Callable[[int, int], object] | None
) -> Array:
    """The windows that come furthest in one iteration."""
    pairs = len(unique) * len(climber.windows.sequence)
    if pairs > MOST_TRIALS:
        found = f"'substrings', {len(unique):,} of them in {len(climber.windows.sequence):,} windows"
        raise ArgumentError("start", found, f"a set of at most {math.isqrt(MOST_TRIALS):,} windows, or 'random'")
    tried: list[float] = []
    for places in climber.batches(len(unique)):
        if tried and climber.is_cancelled:
            break
        ppms = np.array([window_ppm(letters, climber.imaginary) for letters in unique[places]])
        tried += climber.evidence_after_one(ppms).tolist()
        if on_trial is not None:
            on_trial(len(tried), len(unique))
    return np.asarray(unique[np.argsort(-np.array(tried), kind="stable")[:n_starts]])


def _checked(ppm: Any, windows: Windows, background: Any) -> tuple[Array, Array]:
    found = np.asarray(ppm, dtype=float)
    width = windows.letters.shape[1]
    if found.ndim != 2 or found.shape[1] != width or windows.letters.max() >= found.shape[0]:
        raise ShapeError("ppm", f"of shape {found.shape}", f"(letter, {width})")
    if not (np.all(found >= 0) and np.allclose(found.sum(axis=0), 1, atol=1e-6)):
        raise ArgumentError("ppm", "with columns that are no probabilities", "columns that sum to 1")
    return found, np.asarray(background_like(background, np.zeros(0), found.shape[0]))
