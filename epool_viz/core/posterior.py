"""Where the site is: posteriors over window starts, the evidence, the free energy.

The scores of a kernel, times `m`, are log likelihood ratios of "the site starts here" up to the kernel's offset; the
E-step of the EM motif finder is their softmax.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from epool_viz.core._arrays import as_float, namespace, require_choice, require_number
from epool_viz.core._softmax import checked_scores, shifted_exponents
from epool_viz.core.choices import OCCURRENCES
from epool_viz.core.pooling import expectation_pool, logsumexp_pool
from epool_viz.core.types import AnyArray
from epool_viz.errors import ArgumentError


class FreeEnergy(NamedTuple):
    """The lower bound of EM at equality: `log_sum_exp = expected + entropy / m`.

    Attributes
    ----------
    log_sum_exp : shape (...)
        `(1/m) ln sum_i exp(m x_i)`: the log evidence of the sequence up to constants, and log-sum-exp pooling.
    expected : shape (...)
        `sum_i posterior_i x_i`: the expected log likelihood, and ePooling.
    entropy : shape (...), nats
        Of the posterior; its exponential is the effective number of windows.
    """

    log_sum_exp: AnyArray
    expected: AnyArray
    entropy: AnyArray


def site_posterior(
    scores: AnyArray,
    *,
    m: Any = 1.0,
    occurrence: str = "oops",
    site_rate: float = 0.5,
    offset: Any = None,
    mask: Any = None,
) -> AnyArray:
    """Probability that the site starts at each window: the E-step.

    Parameters
    ----------
    scores : shape (..., position)
        Window scores, to the base `e^m`.
    m : float >= 0, or an array that broadcasts to (..., 1)
    occurrence : "oops" or "zoops"
        Exactly one site a sequence, or at most one.
    site_rate : float in (0, 1), read only for zoops
        Prior probability that a sequence has a site.
    offset : float, or an array that broadcasts to `scores`; needed for zoops only
        What the scores have above the log odds; `kernel_to_pwm(...).offset`, or 0 for scores that are log odds.
    mask : booleans that broadcast to `scores`, or None
        True where a window may hold the site. The start is uniform over these.

    Returns
    -------
    Array, shape as `scores`; sums to 1 over positions (oops) or to the probability of a site (zoops).

    Raises
    ------
    ArgumentError
        If an option is none of the above, or `mask` leaves no window in a row.

    Source: Lawrence & Reilly, Proteins 7:41 (1990), for oops; Bailey & Elkan, ISMB 2:28 (1994), for zoops. Unlike oops,
    zoops depends on the kernel's offset.
    """
    scores, mask = checked_scores(scores, m, mask)
    require_choice(occurrence, "occurrence", OCCURRENCES)
    xp = namespace(scores)
    exponents, _ = shifted_exponents(scores, m, mask)
    powers = xp.exp(exponents)
    total = xp.sum(powers, axis=-1, keepdims=True)
    posterior = powers / total
    if occurrence == "oops":
        return posterior
    log_odds = _site_log_odds(scores, m, mask, site_rate, offset)
    # P(site | S) is the logistic of its log odds, written so that neither tail overflows
    small = xp.exp(-xp.abs(log_odds))
    return posterior * xp.where(log_odds >= 0, xp.ones_like(small), small) / (1 + small)


def _site_log_odds(scores: AnyArray, m: Any, mask: AnyArray | None, site_rate: float, offset: Any) -> AnyArray:
    """`ln (rate / (1 - rate)) + ln mean LR`: shape (..., 1)."""
    require_number(site_rate, "site_rate", above=0)
    if not float(site_rate) < 1:
        raise ArgumentError("site_rate", f"{float(site_rate):g}", "a number between 0 and 1")
    evidence = log_evidence(scores, m=m, offset=offset, mask=mask)[..., None]
    return evidence + math.log(site_rate) - math.log1p(-site_rate)


def log_evidence(scores: AnyArray, *, m: Any = 1.0, offset: Any = None, mask: Any = None) -> AnyArray:
    """`ln( (1/n) sum_i LR_i )`: how much likelier the sequence is with one site than without any.

    Parameters
    ----------
    scores, m, mask : as for `site_posterior`
    offset : float, or an array that broadcasts to `scores`
        Needed: the evidence depends on it.

    Returns
    -------
    Array, shape (...), nats.

    Raises
    ------
    ArgumentError
        If there is no `offset`, `m` is negative, or `mask` leaves no window in a row.

    Source: Lawrence & Reilly, Proteins 7:41 (1990).
    """
    scores, mask = checked_scores(scores, m, mask)
    if offset is None:
        raise ArgumentError(
            "offset",
            "None",
            "kernel_to_pwm(...).offset, or 0 for scores that are log odds (zoops and the evidence need it)",
        )
    xp = namespace(scores)
    ratios = scores - as_float(offset, "offset", like=scores)
    exponents, top = shifted_exponents(ratios, m, mask)
    n_windows = scores.shape[-1] if mask is None else xp.sum(xp.astype(mask, scores.dtype), axis=-1)
    mean = xp.sum(xp.exp(exponents), axis=-1) / n_windows
    return xp.log(mean) + (m * top)[..., 0]


def posterior_entropy(posterior: AnyArray) -> AnyArray:
    """`- sum p ln p` over the last axis, nats; 0 ln 0 is 0, in the value and in the gradient."""
    posterior = as_float(posterior, "posterior")
    xp = namespace(posterior)
    safe = xp.where(posterior > 0, posterior, xp.ones_like(posterior))
    return -xp.sum(posterior * xp.log(safe), axis=-1)


def free_energy(scores: AnyArray, *, m: float = 1.0, mask: Any = None) -> FreeEnergy:
    """Split the log evidence into expected log likelihood and entropy.

    Parameters
    ----------
    scores : shape (..., position)
    m : float > 0
    mask : booleans that broadcast to `scores`, or None

    Returns
    -------
    FreeEnergy
        Its `log_sum_exp` and `expected + entropy / m` are computed apart; they are equal.

    Source: Neal & Hinton, in *Learning in Graphical Models* (1998), 355-368.
    """
    return FreeEnergy(
        logsumexp_pool(scores, m=m, mask=mask),
        expectation_pool(scores, m=m, mask=mask),
        posterior_entropy(site_posterior(scores, m=m, mask=mask)),
    )
