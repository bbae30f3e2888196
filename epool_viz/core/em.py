"""Motif discovery by expectation and maximisation: the E-step that pooling shares, and the M-step that it does not.

Every window of every sequence is a candidate. The E-step says how probable it is that the site starts there; the M-step
counts letters under these probabilities. The log evidence never falls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from epool_viz.core._arrays import as_float, background_like, is_torch, require_choice, require_number, require_shape
from epool_viz.core.alphabet import DNA, Alphabet, get_alphabet
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.posterior import OCCURRENCES
from epool_viz.errors import ArgumentError, ShapeError

Array = np.ndarray[Any, Any]

STARTS = ("random", "substrings")
_FIRST_LETTER = 0.7  # of a substring as a first PPM; the others share the rest


class Windows(NamedTuple):
    """Every whole window of known letters.

    Attributes
    ----------
    letters : shape (window, width), codes as the motif reads them
    sequence : shape (window,), place of the sequence
    start : shape (window,), first letter on the given strand, from 0
    is_reverse : shape (window,)
    first : shape (n_sequences,), place of each sequence's first window
    n_windows : shape (n_sequences,), how many each has; 0 for a sequence that takes no part
    """

    letters: Array
    sequence: Array
    start: Array
    is_reverse: Array
    first: Array
    n_windows: Array


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


def windows_of(
    sequences: Any,
    width: int,
    *,
    both_strands: bool = False,
    alphabet: str | Alphabet = "DNA",
    erased: Any = None,
    skip: bool = False,
) -> Windows:
    """List the windows of known letters.

    Parameters
    ----------
    sequences : SequenceSet, or strings, or int8 codes (-1 for an unknown letter)
    width : int
    both_strands : bool
        List each window as its reverse complement too.
    alphabet : for strings
    erased : sequence of boolean arrays, one a sequence, or None
        Letters that no window may touch: those of sites found before. A sequence that has no other window takes no
        part.
    skip : bool
        Whether a sequence without such a window takes no part, too, instead of being an error.

    Raises
    ------
    ArgumentError
        If a sequence, or with `erased` or `skip` every sequence, has no such window.
    """
    if isinstance(width, bool) or not isinstance(width, int) or width < 1:
        raise ArgumentError("width", repr(width), "a whole number >= 1")
    codes, letters = _codes_of(sequences, alphabet)
    if both_strands and letters.complement is None:
        raise ArgumentError("both_strands", f"True for {letters.name}", "DNA or RNA")
    parts, starts, reverse, owner, count = [], [], [], [], []
    for place, each in enumerate(codes):
        if len(each) < width:
            if skip:
                count.append(0)
                continue
            raise ArgumentError("sequences", f"number {place + 1} of {len(each)} letters", f"at least {width} letters")
        usable = each >= 0
        if erased is not None:
            usable = usable & ~np.asarray(erased[place], dtype=bool)
        seen = np.lib.stride_tricks.sliding_window_view(each, width)
        begin = np.flatnonzero(np.lib.stride_tricks.sliding_window_view(usable, width).all(axis=1))
        if not len(begin) and not skip and erased is None:
            accepted = f"{width} known letters in a row"
            raise ArgumentError("sequences", f"number {place + 1} without a window", accepted)
        found = seen[begin]
        parts.append(found)
        if both_strands:
            complement = np.array(letters.complement_codes, dtype=np.int8)
            parts.append(complement[found[:, ::-1]])
        strands = 2 if both_strands else 1
        starts.append(np.tile(begin, strands))
        reverse.append(np.repeat(np.arange(strands) == 1, len(begin)))
        owner.append(np.full(len(begin) * strands, place))
        count.append(len(begin) * strands)
    if not any(count):
        left = " that are not erased" if erased is not None else ""
        raise ArgumentError("sequences", "without a window", f"{width} known letters in a row{left}")
    counts = np.array(count)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return Windows(
        np.concatenate(parts), np.concatenate(owner), np.concatenate(starts), np.concatenate(reverse), first, counts
    )


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

    Source: Lawrence & Reilly, Proteins 7:41 (1990), for oops; Bailey & Elkan, ISMB 2:28 (1994), for zoops.
    """
    require_choice(occurrence, "occurrence", OCCURRENCES)
    ppm, q = _checked(ppm, windows, background)
    with np.errstate(divide="ignore"):
        log_odds = np.log(ppm) - np.log(q)[:, None]
    return _e_step(windows, log_odds, occurrence, site_rate)


def _e_step(windows: Windows, log_odds: Array, occurrence: str, site_rate: float) -> EStep:
    """The E-step from the log odds of each letter in each column; shape (letter, width), nats."""
    ratios = np.zeros(len(windows.sequence))
    for j in range(log_odds.shape[1]):
        ratios += log_odds[windows.letters[:, j], j]
    present = windows.n_windows > 0
    edges = windows.first[present]
    safe, total, with_site = (np.zeros(len(present)) for _ in range(3))
    most = np.maximum.reduceat(ratios, edges)
    safe[present] = np.where(np.isfinite(most), most, 0.0)
    powers = np.exp(ratios - safe[windows.sequence])
    total[present] = np.add.reduceat(powers, edges)
    with np.errstate(divide="ignore"):  # log evidence given a site
        with_site[present] = safe[present] + np.log(total[present]) - np.log(windows.n_windows[present])
    if occurrence == "oops":
        if not np.all(total[present] > 0):
            place = int(np.flatnonzero(present & (total == 0))[0]) + 1
            raise ArgumentError("ppm", f"impossible for sequence {place}", "a PPM without zeros, or pseudocounts")
        return EStep(powers / total[windows.sequence], float(with_site.sum()), present.astype(float))
    if not 0 < site_rate <= 1:
        raise ArgumentError("site_rate", repr(site_rate), "a number in (0, 1]")
    with np.errstate(divide="ignore"):
        has, none = math.log(site_rate) + with_site, np.log1p(-site_rate) if site_rate < 1 else -np.inf
        evidence = np.where(present, np.logaddexp(has, none), 0.0)
        share = np.where(present, np.exp(has - evidence), 0.0)
    within = np.divide(powers, total[windows.sequence], out=np.zeros_like(powers), where=total[windows.sequence] > 0)
    return EStep(share[windows.sequence] * within, float(evidence.sum()), share)


def m_step(
    windows: Windows, posterior: Array, *, n_letters: int = 4, pseudocount: float = 0.0, background: Any = None
) -> Array:
    """Count letters under the posterior.

    Parameters
    ----------
    windows : Windows
    posterior : shape (window,)
    n_letters : int
    pseudocount : float >= 0
        Imaginary sites, their letters drawn from the background, added to each column.
    background : shape (letter,), or None for uniform

    Returns
    -------
    array, shape (letter, width): the PPM
    """
    q = background_like(background, np.zeros(0), n_letters)
    width = windows.letters.shape[1]
    counts = np.empty((n_letters, width))
    for j in range(width):
        counts[:, j] = np.bincount(windows.letters[:, j], weights=posterior, minlength=n_letters)
    counts += pseudocount * np.asarray(q)[:, None]
    total = counts.sum(axis=0)
    if not np.all(total > 0):
        raise ArgumentError("posterior", "zero everywhere", "some probability that there is a site, or pseudocounts")
    return np.asarray(counts / total)


def posterior_ppm(
    sequences: Any,
    kernel: Any,
    *,
    bias: float = 0.0,
    m: float = 1.0,
    background: Any = None,
    both_strands: bool = False,
    occurrence: str = "oops",
    site_rate: float = 0.5,
    pseudocount: float = 0.0,
    alphabet: str | Alphabet = "DNA",
) -> Array:
    """What a kernel means to the sequences that it reads: one M-step with the kernel's own posterior.

    At a fixed point of EM it is the PPM that the kernel means by itself, `kernel_to_pwm_at(kernel, m).ppm`; their
    `kl_divergence`, column by column, says how far from one the kernel is.

    Parameters
    ----------
    sequences : SequenceSet, or strings, or int8 codes (-1 for an unknown letter)
        Of any lengths; one without a whole window of known letters takes no part.
    kernel : shape (letter, width)
    bias : float
        Of the kernel. It moves all scores alike, and so no posterior.
    m : float >= 0
        Of ePooling; 0 counts every window alike.
    background : shape (letter,), or None for uniform
    both_strands : bool
        Whether a window of the other strand may be the site; it is counted as the kernel reads it.
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
    require_number(pseudocount, "pseudocount", at_least=0)
    codes, letters = _codes_of(sequences, alphabet)
    matrix = as_float(np.asarray(kernel.detach().cpu()) if is_torch(kernel) else kernel, "kernel").astype(float)
    require_shape(matrix, "kernel", at_least=2, accepted=f"({len(letters)}, width)")
    if matrix.ndim != 2 or matrix.shape[0] != len(letters):
        raise ShapeError("kernel", f"of shape {matrix.shape}", f"({len(letters)}, width)")
    read = kernel_to_pwm_at(matrix, m, bias=bias, background=background)
    windows = windows_of(codes, matrix.shape[1], both_strands=both_strands, alphabet=letters, skip=True)
    posterior = _e_step(windows, m * read.pwm, occurrence, site_rate).posterior
    return m_step(windows, posterior, n_letters=len(letters), pseudocount=pseudocount, background=background)


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
    pseudocount : float >= 0
        Imaginary sites a column, their letters drawn from the background.
    background : shape (letter,), or None for the letters of the sequences
    max_iterations : int
    tolerance : float
        It ends when an iteration adds less than this, in nats.
    erased : boolean arrays, one a sequence, or None
        Letters of sites that were found before; `erase` gives them.
    alphabet : for strings
    on_iteration : callable (start, iteration, objective), or None

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
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ArgumentError(name, repr(value), "a whole number >= 1")
    codes, letters = _codes_of(sequences, alphabet)
    windows = windows_of(codes, width, both_strands=both_strands, alphabet=letters, erased=erased)
    q = _letters_of(codes, letters, both_strands) if background is None else background
    q = np.asarray(background_like(q, np.zeros(0), len(letters)))
    options: dict[str, Any] = {"occurrence": occurrence, "background": q}
    fits = []
    for number, (name, ppm) in enumerate(_first_ppms(windows, start, n_starts, seed, q, options, pseudocount)):
        fits.append(_climb(windows, ppm, name, number, options, pseudocount, max_iterations, tolerance, on_iteration))
    ppm, rate, history, name, converged = max(fits, key=lambda fit: fit[2].objective[-1])
    found = e_step(windows, ppm, site_rate=rate, **options)
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
    codes, _ = _codes_of(sequences, alphabet)
    marked = [np.zeros(len(each), dtype=bool) for each in codes]
    width = result.windows.letters.shape[1]
    for place in np.flatnonzero(result.posterior >= least):
        begin = result.windows.start[place]
        marked[result.windows.sequence[place]][begin : begin + width] = True
    return marked


def _climb(
    windows: Windows,
    ppm: Array,
    name: str,
    number: int,
    options: dict[str, Any],
    pseudocount: float,
    max_iterations: int,
    tolerance: float,
    on_iteration: Callable[[int, int, float], object] | None,
) -> tuple[Array, float, EMHistory, str, bool]:
    """One start, up to where it gains no more."""
    q = options["background"]
    rate = 0.5
    steps: list[tuple[float, float, float, Array]] = []
    converged = False
    for iteration in range(max_iterations + 1):
        step = e_step(windows, ppm, site_rate=rate, **options)
        objective = step.evidence + _log_prior(ppm, q, pseudocount)
        steps.append((step.evidence, objective, rate, ppm))
        if on_iteration is not None:
            on_iteration(number, iteration, objective)
        converged = iteration > 0 and objective - steps[-2][1] < tolerance
        if converged or iteration == max_iterations:
            break
        ppm = m_step(windows, step.posterior, n_letters=len(q), pseudocount=pseudocount, background=q)
        if options["occurrence"] == "zoops":
            share = step.site_probability[windows.n_windows > 0].mean()
            rate = float(np.clip(share, 1e-12, 1 - 1e-12))
    history = EMHistory(*(np.array(column) for column in zip(*steps, strict=True)))
    return ppm, rate, history, name, bool(converged)


def _log_prior(ppm: Array, q: Array, pseudocount: float) -> float:
    """Of the imaginary sites, up to a constant."""
    if not pseudocount:
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(q[:, None] > 0, q[:, None] * np.log(ppm), 0.0)
    return float(pseudocount * terms.sum())


def _first_ppms(
    windows: Windows, start: Any, n_starts: int, seed: int, q: Array, options: dict[str, Any], pseudocount: float
) -> Iterable[tuple[str, Array]]:
    if not isinstance(start, str):
        ppm, _ = _checked(start, windows, q)
        smooth = ppm + 1e-6 * q[:, None]
        return [("the given motif", smooth / smooth.sum(axis=0))]
    require_choice(start, "start", STARTS)
    unique = np.unique(windows.letters, axis=0)
    if start == "random":
        drawn = np.random.default_rng(seed).permutation(len(unique))[:n_starts]
        return [(_called(unique[place]), _substring_ppm(unique[place], q)) for place in drawn]
    tried = []
    for letters in unique:
        ppm = _substring_ppm(letters, q)
        step = e_step(windows, ppm, **options)
        after = m_step(windows, step.posterior, n_letters=len(q), pseudocount=max(pseudocount, 1e-3), background=q)
        tried.append(e_step(windows, after, **options).evidence)
    best = np.argsort(-np.array(tried), kind="stable")[:n_starts]
    return [(_called(unique[place]), _substring_ppm(unique[place], q)) for place in best]


def _substring_ppm(letters: Array, q: Array) -> Array:
    """A window as a PPM: mostly its own letters, else the background's."""
    one_hot = np.eye(len(q))[letters].T
    return np.asarray(_FIRST_LETTER * one_hot + (1 - _FIRST_LETTER) * q[:, None])


def _called(letters: Sequence[int]) -> str:
    return "window " + "".join(DNA.letters[code] if len(DNA.letters) > code else "?" for code in letters)


def _letters_of(codes: list[Array], alphabet: Alphabet, both_strands: bool) -> Array:
    counts = np.zeros(len(alphabet))
    for each in codes:
        counts += np.bincount(each[each >= 0], minlength=len(alphabet))
    if both_strands and alphabet.complement_codes is not None:
        counts = counts + counts[list(alphabet.complement_codes)]
    counts += 1e-3 * max(counts.sum(), 1)  # a letter that never occurs has no finite log
    return np.asarray(counts / counts.sum())


def _checked(ppm: Any, windows: Windows, background: Any) -> tuple[Array, Array]:
    found = np.asarray(ppm, dtype=float)
    width = windows.letters.shape[1]
    if found.ndim != 2 or found.shape[1] != width or windows.letters.max() >= found.shape[0]:
        raise ShapeError("ppm", f"of shape {found.shape}", f"(letter, {width})")
    if not (np.all(found >= 0) and np.allclose(found.sum(axis=0), 1, atol=1e-6)):
        raise ArgumentError("ppm", "with columns that are no probabilities", "columns that sum to 1")
    return found, np.asarray(background_like(background, np.zeros(0), found.shape[0]))


def _codes_of(sequences: Any, alphabet: str | Alphabet) -> tuple[list[Array], Alphabet]:
    """Letter codes of each sequence, and their alphabet."""
    if hasattr(sequences, "all_codes") and hasattr(sequences, "offsets"):
        codes, offsets = np.asarray(sequences.all_codes), sequences.offsets
        return [codes[a:b] for a, b in pairwise(offsets)], sequences.alphabet
    letters = get_alphabet(alphabet)
    found = [letters.encode(each) if isinstance(each, str) else np.asarray(each, dtype=np.int8) for each in sequences]
    if not found:
        raise ArgumentError("sequences", "empty", "at least one sequence")
    return found, letters
