"""EM from one start as far as it has been walked, half a step at a time: E, M, E, M ...

Place 0 is the start; place 2k + 1 is E-step k + 1, under the motif of place 2k; place 2k + 2 is the M-step after it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from epool_viz.core._arrays import background_like, require_choice, require_number, require_whole
from epool_viz.core.alphabet import Alphabet
from epool_viz.core.choices import OCCURRENCES
from epool_viz.core.em import EMHistory, EStep, e_step, expected_counts, log_prior, m_step, posterior_ppm
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.motifs import check_ppm, kl_divergence, smooth_ppm
from epool_viz.core.strands import complement_of, mean_of_strands
from epool_viz.core.types import Array
from epool_viz.core.windows import (
    FoundSite,
    Windows,
    background_of,
    codes_of,
    is_at_known_site,
    sites_of,
    windows_of,
)
from epool_viz.errors import ShapeError

TOLERANCE = 1e-4  # nats of evidence that an iteration has to add
MOST_ITERATIONS = 300
FIRST_RATE = 0.5


class Trail:
    """A climb that can be looked at from every place it has passed.

    Parameters
    ----------
    windows : Windows
    ppm : shape (letter, width)
        Where it begins.
    background : shape (letter,)
    occurrence : "oops" or "zoops"
    pseudocount : float
    name : str
        What the start is called.

    Attributes
    ----------
    ppms : list of arrays, shape (letter, width)
        The motif that each iteration began with, and the last one.
    rates : list of float
        The site rates that go with these; read only for zoops.
    evidence : list of float
        Log evidence of all sequences against the background at each E-step, nats.
    objective : list of float
        The same and the log prior of the pseudocounts: what never falls.
    """

    def __init__(
        self, windows: Windows, ppm: Array, *, background: Array, occurrence: str, pseudocount: float, name: str
    ) -> None:
        self.windows = windows
        self.background = background
        self.occurrence = occurrence
        self.pseudocount = pseudocount
        self.name = name
        self.ppms = [np.asarray(ppm, dtype=float)]
        self.rates = [FIRST_RATE]
        self.evidence: list[float] = []
        self.objective: list[float] = []
        self._kept: tuple[int, EStep] | None = None

    def copy(self) -> Trail:
        """Another that walks on alone."""
        made = Trail(
            self.windows,
            self.ppms[0],
            background=self.background,
            occurrence=self.occurrence,
            pseudocount=self.pseudocount,
            name=self.name,
        )
        made.ppms, made.rates = list(self.ppms), list(self.rates)
        made.evidence, made.objective = list(self.evidence), list(self.objective)
        return made

    def follow(self, history: EMHistory, name: str) -> Trail:
        """The same walk as `fit_em` took it."""
        made = self.copy()
        made.name = name
        made.ppms, made.rates = list(history.ppm), [float(rate) for rate in history.site_rate]
        made.evidence = [float(value) for value in history.evidence]
        made.objective = [float(value) for value in history.objective]
        return made

    @property
    def end(self) -> int:
        """The last place that has been walked to."""
        return len(self.evidence) + len(self.ppms) - 1

    @property
    def has_converged(self) -> bool:
        """Whether the last iteration added next to nothing."""
        return len(self.objective) > 1 and self.objective[-1] - self.objective[-2] < TOLERANCE

    @property
    def is_finished(self) -> bool:
        """Whether it goes no further: it ends with an E-step."""
        return self.end % 2 == 1 and (self.has_converged or len(self.evidence) > MOST_ITERATIONS)

    def step(self) -> None:
        """Walk half a step on."""
        if self.is_finished:
            return
        last = len(self.evidence) - 1
        if self.end % 2:
            found = self.e_step(last)
            self.ppms.append(
                m_step(self.windows, found.posterior, pseudocount=self.pseudocount, background=self.background)
            )
            present = self.windows.n_windows > 0
            self.rates.append(float(np.clip(found.site_probability[present].mean(), 1e-9, 1 - 1e-9)))
            return
        found = self.e_step(last + 1)
        self.evidence.append(found.evidence)
        complement = self.windows.complement
        imaginary = self.background if complement is None else mean_of_strands(self.background, complement)
        self.objective.append(found.evidence + float(log_prior(self.ppms[-1], imaginary, self.pseudocount)))

    def e_step(self, k: int) -> EStep:
        """The E-step under motif `k`."""
        if self._kept is None or self._kept[0] != k:
            found = e_step(
                self.windows,
                self.ppms[k],
                background=self.background,
                occurrence=self.occurrence,
                site_rate=self.rates[k],
            )
            self._kept = (k, found)
        return self._kept[1]

    # --- what is seen from a place

    def ppm(self, at: int) -> Array:
        """The motif at a place; shape (letter, width)."""
        return self.ppms[at // 2]

    def rate(self, at: int) -> float:
        """The site rate that goes with it."""
        return self.rates[at // 2]

    def posterior(self, at: int) -> Array:
        """The posterior of the last E-step, before the first one the prior; shape (window,)."""
        if at == 0:
            share = self.rates[0] if self.occurrence == "zoops" else 1.0
            each = share / np.maximum(self.windows.n_windows, 1)
            return np.asarray(np.repeat(each, self.windows.n_windows))
        return self.e_step((at - 1) // 2).posterior

    def site_probability(self, at: int) -> Array:
        """Of each sequence, at the last E-step; shape (n_sequences,)."""
        if at == 0:
            return np.where(self.windows.n_windows > 0, self.rates[0] if self.occurrence == "zoops" else 1.0, 0.0)
        return self.e_step((at - 1) // 2).site_probability

    def sites(self, at: int) -> list[FoundSite]:
        """The most probable window of each sequence that has a site rather than none; none before the first E-step."""
        return sites_of(self.windows, self.posterior(at), self.least) if at else []

    @property
    def least(self) -> float:
        """The posterior that a window needs to be a site."""
        return 0.5 if self.occurrence == "zoops" else 0.0

    def moved(self, at: int) -> Array:
        """How far the last M-step moved the motif: bits of each column, infinite for what was impossible before."""
        k = at // 2
        return bits_between(self.ppms[k], self.ppms[k - 1]) if k else np.zeros(self.ppms[0].shape[1])

    def log_ratios(self, at: int, places: Array) -> Array:
        """Log likelihood ratios of some windows under the motif of the last E-step, nats; shape (place,)."""
        with np.errstate(divide="ignore"):
            table = np.log(self.ppms[max(at - 1, 0) // 2])
        letters, complement = self.windows.letters[places], self.windows.complement
        drawn = self.background[letters]
        if complement is not None:  # the motif reads the complements there, the background drew the letters themselves
            other = complement_of(self.background, complement)[letters]
            drawn = np.where(self.windows.is_reverse[places][:, None], other, drawn)
        return np.asarray((table[letters, np.arange(letters.shape[1])] - np.log(drawn)).sum(axis=1))

    def counts(self, at: int) -> Array:
        """Expected letter counts under the posterior of the last E-step; shape (letter, width)."""
        return expected_counts(self.windows, self.posterior(at))

    def effective_windows(self, at: int) -> float:
        """How many windows of a sequence compete, on average: the exponential of the posterior's mean entropy."""
        posterior = self.posterior(at)
        safe = np.where(posterior > 0, posterior, 1.0)
        entropy = -np.add.reduceat(posterior * np.log(safe), self.windows.first[self.windows.n_windows > 0])
        return math.exp(float(entropy.mean()))


def walk_em(
    sequences: Any,
    ppm: Any,
    *,
    occurrence: str = "oops",
    pseudocount: float = 0.1,
    background: Any = None,
    both_strands: bool = False,
    erased: Any = None,
    half_steps: int | None = None,
    name: str = "start",
    alphabet: str | Alphabet = "DNA",
) -> Trail:
    """Climb by EM from one motif, keeping every step: E, M, E, M ...

    Parameters
    ----------
    sequences : SequenceSet, strings, or int8 codes (-1 for an unknown letter)
        A sequence without a whole window of known letters takes no part.
    ppm : shape (letter, width)
        Where it begins; one with zeros is mixed with a millionth part of background.
    occurrence : "oops" or "zoops"
    pseudocount : float >= 0
        Imaginary sites a column, their letters drawn from the background.
    background : shape (letter,), or None for the letters of the sequences
    both_strands : bool
    erased : sequence of boolean arrays, one a sequence, or None
        Letters that no window may touch.
    half_steps : int or None
        How many E- and M-steps; None walks until an iteration adds less than `TOLERANCE` nats.
    name : str
    alphabet : for strings

    Returns
    -------
    Trail

    Raises
    ------
    ArgumentError
        For an option that is none of the above, or where no sequence has a window.
    ShapeError
        If the PPM is not one matrix with a row for each letter.

    Source: Lawrence & Reilly, Proteins 7:41 (1990), for oops; Bailey & Elkan, ISMB 2:28 (1994), for zoops. It is the
    climb of `fit_em` with one start.
    """
    require_choice(occurrence, "occurrence", OCCURRENCES)
    require_number(pseudocount, "pseudocount", at_least=0)
    if half_steps is not None:
        require_whole(half_steps, "half_steps", at_least=0)
    codes, letters = codes_of(sequences, alphabet)
    start = np.asarray(check_ppm(ppm), dtype=float)
    if start.ndim != 2 or start.shape[0] != len(letters):
        raise ShapeError("ppm", f"of shape {start.shape}", f"({len(letters)}, width)")
    windows = windows_of(codes, start.shape[1], both_strands=both_strands, alphabet=letters, erased=erased, skip=True)
    q = background_of(codes, letters, both_strands) if background is None else background
    q = np.asarray(background_like(q, start, len(letters)))
    if not start.all():
        start = np.asarray(smooth_ppm(start, pseudocount=1e-6, background=q))
    trail = Trail(windows, start, background=q, occurrence=occurrence, pseudocount=pseudocount, name=name)
    while not trail.is_finished and (half_steps is None or trail.end < half_steps):
        trail.step()
    return trail


def fixed_point_bits(
    sequences: Any,
    kernel: Any,
    *,
    m: float = 1.0,
    background: Any = None,
    both_strands: bool = False,
    occurrence: str = "oops",
    pseudocount: float = 0.0,
    alphabet: str | Alphabet = "DNA",
) -> Array:
    """How far one M-step with a kernel's own posterior moves what the kernel means: 0 at a fixed point of EM.

    Parameters
    ----------
    sequences, kernel, m, background, both_strands, occurrence, pseudocount, alphabet : as for `posterior_ppm`

    Returns
    -------
    array of shape (width,), bits
        Divergence (Kullback-Leibler) of each column after the step from the exact PPM, `kernel_to_pwm_at(kernel, m)`.

    Raises
    ------
    ArgumentError, ShapeError
        As `posterior_ppm`.

    Source: Luo et al., Bioinformatics 36(5), 2020, for the kernel's posterior; Ding et al., bioRxiv 163220, theorem 1,
    for its PPM.
    """
    after = posterior_ppm(
        sequences,
        kernel,
        m=m,
        background=background,
        both_strands=both_strands,
        occurrence=occurrence,
        pseudocount=pseudocount,
        alphabet=alphabet,
    )
    return bits_between(after, np.asarray(kernel_to_pwm_at(np.asarray(kernel, float), m, background=background).ppm))


def n_at_known_sites(sites: Iterable[FoundSite], known: Sequence[Any]) -> int:
    """How many of some sites overlap a known one of their sequence by half of the shorter.

    Parameters
    ----------
    sites : iterable of FoundSite
    known : for each sequence its known sites, as `SequenceSet.sites`
    """
    return sum(is_at_known_site(site, known[site.sequence]) for site in sites)


def bits_between(one: Array, other: Array) -> Array:
    """Divergence of each column of `one` from that of `other`, in bits; a probability of 0 counts as 1e-12."""
    smooth = [np.maximum(ppm, 1e-12) for ppm in (one, other)]
    return np.asarray(kl_divergence(*(ppm / ppm.sum(axis=0) for ppm in smooth)))
