"""EM from one start as far as it has been walked, half a step at a time: E, M, E, M ...

Place 0 is the start; place 2k + 1 is E-step k + 1, under the motif of place 2k; place 2k + 2 is the M-step after it.
"""

from __future__ import annotations

import numpy as np

from epool_viz.core.em import EMHistory, EStep, e_step, log_prior, m_step
from epool_viz.core.motifs import kl_divergence
from epool_viz.core.types import Array
from epool_viz.core.windows import FoundSite, Windows, sites_of

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
        self.objective.append(found.evidence + float(log_prior(self.ppms[-1], self.background, self.pseudocount)))

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
        """The motif at a place."""
        return self.ppms[at // 2]

    def rate(self, at: int) -> float:
        """The site rate that goes with it."""
        return self.rates[at // 2]

    def posterior(self, at: int) -> Array:
        """The posterior of the last E-step; before the first one, the prior."""
        if at == 0:
            share = self.rates[0] if self.occurrence == "zoops" else 1.0
            each = share / np.maximum(self.windows.n_windows, 1)
            return np.asarray(np.repeat(each, self.windows.n_windows))
        return self.e_step((at - 1) // 2).posterior

    def site_probability(self, at: int) -> Array:
        """Of each sequence, at the last E-step."""
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


def bits_between(one: Array, other: Array) -> Array:
    """Divergence of each column of `one` from that of `other`, in bits; a probability of 0 counts as 1e-12."""
    smooth = [np.maximum(ppm, 1e-12) for ppm in (one, other)]
    return np.asarray(kl_divergence(*(ppm / ppm.sum(axis=0) for ppm in smooth)))
